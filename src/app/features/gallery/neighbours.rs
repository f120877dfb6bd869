//! The training pictures that a network finds most alike to the one that is looked at.

use eframe::egui::{self, Align2, FontId, Rect, Sense, pos2, vec2};

use super::GalleryLocal;
use super::card::thumbnail_ui;
use super::view::ReadyView;
use crate::app::core::command::Command;
use crate::app::core::gallery::GalleryAction;
use crate::app::core::state::State;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::worker::messages::NeighbourPicture;

const SIDE: f32 = 84.0;

pub fn neighbours_ui(
    ui: &mut egui::Ui,
    ready: &ReadyView,
    picture_index: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    widgets::heading(ui, "Similar training pictures");
    let Some(source) = ready.source(picture_index) else {
        return;
    };
    if !local.closeup.neighbours {
        widgets::note(
            ui,
            "The training pictures whose features are most similar to this one's: often the reason for a wrong prediction.",
        );
        let tooltip = "Compute the features of the run's training pictures once, then compare them by cosine similarity";
        if ui
            .button("Find similar pictures")
            .on_hover_text(tooltip)
            .clicked()
        {
            local.closeup.neighbours = true;
        }
        return;
    }
    let name = ready.file(picture_index).to_owned();
    local.requests.neighbours = Some((ready.run.folder.clone(), name.clone(), source.clone()));
    if let Some((done, total)) = state.gallery.features {
        let text = format!(
            "{} of {} training pictures done",
            format::thousands(done as u64),
            format::thousands(total as u64)
        );
        widgets::note(ui, &text);
        let share = done as f32 / total.max(1) as f32;
        let color = tokens(ui).accent_fill;
        widgets::bar(ui, share, color, "Features of the training pictures");
        let stop = ui.button(format!("{} Stop", icon::STOP));
        if stop
            .on_hover_text("Stop; what is computed is kept for the next time")
            .clicked()
        {
            local.closeup.neighbours = false;
            out.push(Command::Gallery(GalleryAction::StopNeighbours));
        }
        return;
    }
    let current = state
        .gallery
        .neighbours
        .as_ref()
        .filter(|found| found.folder == ready.run.folder && found.name == name);
    match current.map(|found| &found.result) {
        None => {
            ui.label(tokens(ui).small("Looking for similar pictures…"));
        }
        Some(Err(reason)) => widgets::problem(ui, Some(reason)),
        Some(Ok(found)) => {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_S);
                for neighbour in found.iter() {
                    neighbour_ui(ui, neighbour, ready, picture_index, state, local);
                }
            });
        }
    }
}

fn neighbour_ui(
    ui: &mut egui::Ui,
    neighbour: &NeighbourPicture,
    ready: &ReadyView,
    picture_index: u32,
    state: &State,
    local: &mut GalleryLocal,
) {
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE + 30.0), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return;
    }
    let picture = Rect::from_min_size(rect.min, vec2(SIDE, SIDE));
    let known = &neighbour.picture;
    thumbnail_ui(ui, picture, Some(&known.source), state, local);
    let agrees = known.class == ready.class(ready.entry(picture_index).truth);
    let mark = Rect::from_min_max(
        pos2(picture.left(), picture.bottom() - 3.0),
        picture.right_bottom(),
    );
    let color = if agrees {
        colors.success
    } else {
        colors.warning
    };
    ui.painter().rect_filled(mark, 1.0, color);
    let line = Rect::from_min_size(pos2(rect.left(), picture.bottom() + 1.0), vec2(SIDE, 15.0));
    let small = FontId::proportional(tokens::TEXT_SMALL);
    widgets::elided(ui, line, &known.class, small.clone(), colors.text);
    ui.painter().text(
        pos2(rect.left(), line.bottom() + 6.0),
        Align2::LEFT_CENTER,
        format!("similarity {:.3}", neighbour.similarity),
        small,
        colors.text_muted,
    );
    let text = format!(
        "{}, class {}, cosine similarity {:.3} (1: the same features)",
        known.name, known.class, neighbour.similarity
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &text));
    response.on_hover_text(&text);
}
