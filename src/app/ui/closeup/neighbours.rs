//! The training pictures that a network finds most alike to the one that is looked at.

use std::path::Path;

use eframe::egui::{self, Align2, FontId, Rect, Sense, pos2, vec2};

use super::CloseupLocal;
use crate::app::core::command::Command;
use crate::app::core::gallery::GalleryAction;
use crate::app::core::state::State;
use crate::app::ui::picture_grid::{GridLocal, thumbnail_ui};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::PictureSource;
use crate::evaluation::novelty::distance_text;
use crate::format;
use crate::worker::messages::NeighbourPicture;

const SIDE: f32 = 84.0;

/// Whose training pictures are wanted, and the picture that they are to be like.
#[derive(Debug, Clone, Copy)]
pub struct NeighboursOf<'a> {
    /// The run's.
    pub folder: &'a Path,
    /// The picture's name in the run's data; any other for a picture that is not part of them.
    pub name: &'a str,
    pub source: Option<&'a PictureSource>,
    /// The class that neighbours agree with, or do not; nothing for a picture of none.
    pub class: Option<&'a str>,
    /// What they tell, while nobody has asked for them.
    pub note: &'a str,
}

pub fn neighbours_ui(
    ui: &mut egui::Ui,
    of: NeighboursOf<'_>,
    state: &State,
    grid: &mut GridLocal,
    closeup: &mut CloseupLocal,
    out: &mut Vec<Command>,
) {
    widgets::heading(ui, "Most similar training pictures");
    let Some(source) = of.source else {
        return;
    };
    if !closeup.neighbours {
        widgets::note(ui, of.note);
        let tooltip = "Compute the features of the run's training pictures once, then compare them by cosine similarity";
        if ui
            .button("Find similar pictures")
            .on_hover_text(tooltip)
            .clicked()
        {
            closeup.neighbours = true;
        }
        return;
    }
    let wanted = (of.folder.to_path_buf(), of.name.to_owned(), source.clone());
    grid.requests.neighbours = Some(wanted);
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
            closeup.neighbours = false;
            out.push(Command::Gallery(GalleryAction::StopNeighbours));
        }
        return;
    }
    let current = state
        .gallery
        .neighbours
        .as_ref()
        .filter(|found| found.folder == of.folder && found.name == of.name);
    match current.map(|found| &found.result) {
        None => {
            ui.label(tokens(ui).small("Looking for similar pictures…"));
        }
        Some(Err(reason)) => widgets::problem(ui, Some(reason)),
        Some(Ok(found)) => {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_S);
                for neighbour in found.iter() {
                    neighbour_ui(ui, neighbour, of.class, state, grid);
                }
            });
        }
    }
}

fn neighbour_ui(
    ui: &mut egui::Ui,
    neighbour: &NeighbourPicture,
    class: Option<&str>,
    state: &State,
    grid: &mut GridLocal,
) {
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE + 30.0), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return;
    }
    let picture = Rect::from_min_size(rect.min, vec2(SIDE, SIDE));
    let known = &neighbour.picture;
    thumbnail_ui(ui, picture, Some(&known.source), state, grid);
    let mark = Rect::from_min_max(
        pos2(picture.left(), picture.bottom() - 3.0),
        picture.right_bottom(),
    );
    let color = match class {
        None => colors.outline_strong,
        Some(class) if class == known.class => colors.success,
        Some(_) => colors.warning,
    };
    ui.painter().rect_filled(mark, 1.0, color);
    let line = Rect::from_min_size(pos2(rect.left(), picture.bottom() + 1.0), vec2(SIDE, 15.0));
    let distance = distance_text(1.0 - neighbour.similarity);
    let small = FontId::proportional(tokens::TEXT_SMALL);
    widgets::elided(ui, line, &known.class, small.clone(), colors.text);
    ui.painter().text(
        pos2(rect.left(), line.bottom() + 6.0),
        Align2::LEFT_CENTER,
        format!("distance {distance}"),
        small,
        colors.text_muted,
    );
    let text = format!(
        "{}, class {}, distance {distance} (1 minus the cosine similarity; 0: the same features)",
        known.name, known.class
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &text));
    response.on_hover_text(&text);
}
