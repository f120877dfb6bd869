//! A picture that was dropped on the window: what the untouched network sees in it, and what the runs that are switched
//! on make of it and where they look.

use std::path::{Path, PathBuf};

use eframe::egui::{self, vec2};

use crate::app::core::command::Command;
use crate::app::core::gallery::GalleryRequests;
use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RecordState, RunRecord, Seen, State};
use crate::app::features::backbone::backbones_view::obstacle;
use crate::app::shell::Graft;
use crate::app::ui::closeup::heat::HeatCache;
use crate::app::ui::names::shown_name;
use crate::app::ui::theme::dialog;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::data::PictureSource;
use crate::format;
use crate::training::explain::Explanation;
use crate::training::pretrained::RankedClass;

/// Runs whose answers fit beside each other.
const MOST_RUNS: usize = 3;
/// Classes of each answer.
const TOP: usize = 4;
/// The side of a picture with its map, in points.
const SIDE: f32 = 190.0;

/// The picture and what is kept for drawing it.
pub struct Dropped {
    path: PathBuf,
    heat: HeatCache,
}

/// Plain data of the dialog.
pub struct DroppedView {
    name: String,
    source: PictureSource,
    /// The folder of folders that the picture's own stands in, where there is one.
    around: Option<PathBuf>,
    answers: Vec<RunAnswer>,
    untouched: Option<Untouched>,
}

struct RunAnswer {
    folder: PathBuf,
    name: String,
    color: usize,
    classes: Vec<String>,
    found: Option<Result<std::sync::Arc<Explanation>, String>>,
}

struct Untouched {
    name: String,
    obstacle: Option<&'static str>,
    seen: Option<Seen>,
}

impl DroppedView {
    fn build(state: &State, path: &Path) -> Self {
        let source = PictureSource::File(path.to_path_buf());
        let answers = asked_runs(state)
            .into_iter()
            .filter_map(|run| {
                let folder = run.folder.clone()?;
                let found = state
                    .gallery
                    .explained
                    .get(&folder)
                    .filter(|found| found.source == source && found.class.is_none())
                    .map(|found| found.result.clone());
                Some(RunAnswer {
                    name: told_apart(run, state),
                    color: run.color,
                    classes: run.summary.as_ref()?.classes.clone(),
                    folder,
                    found,
                })
            })
            .collect();
        let untouched = state.active_document().map(|document| {
            let backbone = &document.experiment.backbone;
            Untouched {
                name: crate::models::catalogue::title(&backbone.name),
                obstacle: obstacle(state, backbone),
                seen: (state.seen.clone()).filter(|seen| seen.is_of(&source, backbone)),
            }
        });
        let around = path.parent().and_then(Path::parent);
        Self {
            name: crate::app::core::documents::file_title(path),
            around: around.map(Path::to_path_buf),
            source,
            answers,
            untouched,
        }
    }

    /// Asks the threads for what it shows, every frame that it is shown.
    fn push_requests(&self, out: &mut Vec<Command>) {
        let explain = self.answers.iter();
        let explain = explain.map(|answer| (answer.folder.clone(), self.source.clone(), None));
        out.push(Command::RequestGallery(Box::new(GalleryRequests {
            explain: explain.collect(),
            ..GalleryRequests::default()
        })));
        if let Some(untouched) = &self.untouched
            && untouched.obstacle.is_none()
            && untouched.seen.is_none()
        {
            out.push(Command::RequestSeen(self.source.clone()));
        }
    }
}

/// The run that is looked at closely, and others that are shown, as long as they have a network.
fn asked_runs(state: &State) -> Vec<&RunRecord> {
    let has_network = |run: &&RunRecord| {
        run.folder.is_some()
            && run.summary.is_some()
            && matches!(run.state, RecordState::Finished | RecordState::Stopped)
    };
    let is_chosen = |run: &RunRecord| state.selected_run.as_ref() == Some(&run.id);
    let mut runs: Vec<&RunRecord> = state
        .runs
        .iter()
        .filter(has_network)
        .filter(|run| run.shown || is_chosen(run))
        .collect();
    runs.sort_by_key(|run| !is_chosen(run));
    runs.truncate(MOST_RUNS);
    runs
}

impl Graft {
    /// Shows a picture that was dropped.
    pub(in crate::app) fn look_at(&mut self, path: PathBuf) {
        self.dropped = Some(Dropped {
            path,
            heat: HeatCache::default(),
        });
    }

    pub(in crate::app) fn dropped_ui(&mut self, ctx: &egui::Context, out: &mut Vec<Command>) {
        let Some(dropped) = &mut self.dropped else {
            return;
        };
        let view = DroppedView::build(&self.session.state, &dropped.path);
        // What the views behind it ask for waits: one picture at a time is shown to a network.
        out.retain(|command| {
            !matches!(
                command,
                Command::RequestSeen(_) | Command::RequestGallery(_)
            )
        });
        view.push_requests(out);
        let columns = view.answers.len() + usize::from(view.untouched.is_some());
        let width = (columns.max(2) as f32 * (SIDE + tokens::SPACE_L)).min(900.0);
        let title = format!("Predictions for {}", shown_name(&view.name));
        let (is_open, is_closed) = dialog(ctx, "dropped picture", &title, width, |ui| {
            dropped_ui(ui, &view, &mut dropped.heat, out)
        });
        if !is_open || is_closed {
            self.dropped = None;
        }
    }
}

/// False when it was closed.
fn dropped_ui(
    ui: &mut egui::Ui,
    view: &DroppedView,
    heat: &mut HeatCache,
    out: &mut Vec<Command>,
) -> bool {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_L;
        for answer in &view.answers {
            column_ui(ui, |ui| answer_ui(ui, answer, heat));
        }
        if let Some(untouched) = &view.untouched {
            column_ui(ui, |ui| untouched_ui(ui, untouched));
        }
    });
    if view.answers.is_empty() {
        widgets::note(
            ui,
            "No trained run is shown. Train one, or click the dot before the name of one in the list of runs: its prediction then \
             appears here, with a map of what it is based on (Grad-CAM).",
        );
    }
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let size = vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        if crate::app::ui::theme::primary_button(ui, "Close", true, egui::Vec2::ZERO).clicked() {
            is_open = false;
        }
        if let Some(around) = &view.around
            && ui
                .button("Open the pictures around it")
                .on_hover_text(format!(
                    "Open {} as pictures sorted by class",
                    around.display()
                ))
                .clicked()
        {
            out.push(Command::OpenPictures(around.clone()));
            is_open = false;
        }
    });
    is_open
}

fn column_ui(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui)) {
    let layout = egui::Layout::top_down(egui::Align::Min);
    ui.allocate_ui_with_layout(vec2(SIDE, 0.0), layout, |ui| {
        ui.set_width(SIDE);
        ui.spacing_mut().item_spacing.y = 3.0;
        add(ui);
    });
}

fn answer_ui(ui: &mut egui::Ui, answer: &RunAnswer, heat: &mut HeatCache) {
    let colors = tokens(ui);
    widgets::run_mark(ui, tokens::run_color(answer.color), &answer.name);
    match &answer.found {
        None => waiting_ui(ui),
        Some(Err(reason)) => widgets::problem(ui, Some(reason)),
        Some(Ok(found)) => {
            let textures = heat.get(ui.ctx(), found);
            let (rect, _) = ui.allocate_exact_size(vec2(SIDE, SIDE), egui::Sense::hover());
            for (texture, opacity) in [(&textures.square, 1.0), (&textures.heat, 0.45)] {
                egui::Image::new(texture)
                    .corner_radius(tokens::RADIUS_M)
                    .tint(egui::Color32::WHITE.gamma_multiply(opacity))
                    .paint_at(ui, rect);
            }
            let mut ranked: Vec<(f64, &str)> = found
                .probabilities
                .iter()
                .zip(&answer.classes)
                .map(|(probability, class)| (f64::from(*probability), class.as_str()))
                .collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (probability, class) in ranked.into_iter().take(TOP) {
                line_ui(ui, probability, class, colors.accent);
            }
            ui.label(colors.small("Warm colours: evidence for the prediction (Grad-CAM)"));
        }
    }
}

fn untouched_ui(ui: &mut egui::Ui, untouched: &Untouched) {
    let colors = tokens(ui);
    let title = format!("{}, pre-trained only", untouched.name);
    ui.add(egui::Label::new(tokens::medium(title)).truncate());
    match (untouched.obstacle, &untouched.seen) {
        (Some(obstacle), _) => widgets::note(ui, obstacle),
        (None, None) => waiting_ui(ui),
        (None, Some(seen)) => match &seen.result {
            Err(reason) => widgets::problem(ui, Some(reason)),
            Ok(ranked) => {
                for RankedClass {
                    class, probability, ..
                } in ranked.iter().take(TOP)
                {
                    line_ui(ui, *probability, class, colors.text_faint);
                }
                ui.label(colors.small("ImageNet classes"));
            }
        },
    }
}

fn waiting_ui(ui: &mut egui::Ui) {
    ui.horizontal(|ui| {
        ui.spinner();
        ui.label(tokens(ui).small("Asking the network"));
    });
}

fn line_ui(ui: &mut egui::Ui, probability: f64, class: &str, color: egui::Color32) {
    ui.horizontal(|ui| {
        ui.label(tokens(ui).small(format::percent(probability)));
        ui.add(egui::Label::new(shown_name(class)).truncate());
    });
    widgets::bar(ui, probability as f32, color, class);
}
