//! Middle: two or more runs on the same test pictures, side by side.

mod chooser;
mod pictures;
pub mod requests;
mod rows;
mod tables;
mod verdict;
pub mod view;

use eframe::egui::{self, vec2};

use crate::app::core::command::{Command, GalleryFilter};
use crate::app::core::gallery::{GalleryRequests, Thumbnails};
use crate::app::core::view_id::ViewId;
use crate::app::ui::callout::verdict_ui;
use crate::app::ui::curves::{CurvesLocal, overlay_ui};
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::matrix::{self, MatrixLocal};
use crate::app::ui::textures::TextureCache;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::data::PictureSource;
use crate::format;
use crate::report::FigureKind;
use view::{CompareBody, CompareView, ShownRuns, pictures_folder};

pub use view::CompareCache;

/// Runs laid side by side.
pub struct CompareTab;

impl View for CompareTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::COMPARE,
            title: "Compare",
            icon: icon::GIT_DIFF,
            action: "Show comparison",
            tooltip: "Two or more runs on the same test pictures, side by side, with a verdict",
            figure: Some(FigureKind::ConfusionDifference),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let state = context.state;
        let local = context.panels.of_window::<CompareLocal>();
        let before = (local.pair, local.clustered);
        let cache = context.panels.of_window::<CompareCache>();
        let view = CompareView::build(state, cache.body(state, before.0, before.1));
        let local = context.panels.of_window::<CompareLocal>();
        compare_ui(ui, &view, &state.gallery.thumbnails, local, out);
        if (local.pair, local.clustered) != before {
            ui.ctx().request_repaint();
        }
        if let Some(folder) = pictures_folder(state) {
            out.push(Command::RequestGallery(Box::new(GalleryRequests {
                runs: vec![folder],
                thumbnails: local.wanted.clone(),
                ..GalleryRequests::default()
            })));
        }
    }
}

/// Height of the curves, in points.
const CURVES: f32 = 240.0;

/// What the comparison remembers between frames.
#[derive(Default)]
pub struct CompareLocal {
    /// The pair that is looked at closely, once it was chosen.
    pub pair: (usize, usize),
    pub clustered: bool,
    curves: CurvesLocal,
    matrices: [MatrixLocal; 3],
    cell: f32,
    textures: TextureCache,
    /// Pictures that are on screen.
    pub wanted: Vec<PictureSource>,
}

pub fn compare_ui(
    ui: &mut egui::Ui,
    view: &CompareView,
    thumbnails: &Thumbnails,
    local: &mut CompareLocal,
    out: &mut Vec<Command>,
) {
    local.wanted.clear();
    if view.chosen.is_empty() {
        nothing_chosen_ui(ui, view, out);
        return;
    }
    chooser::chooser_ui(ui, view, out);
    let Some(body) = &view.body else {
        waiting_ui(ui, view);
        return;
    };
    ui.add_space(tokens::SPACE_S);
    egui::ScrollArea::vertical()
        .id_salt("compare")
        .auto_shrink(false)
        .show(ui, |ui| body_ui(ui, view, body, thumbnails, local, out));
}

fn nothing_chosen_ui(ui: &mut egui::Ui, view: &CompareView, out: &mut Vec<Command>) {
    let text = if view.any_tested {
        "Choose two or more runs that were tested on the same pictures. Here you see their settings, \
         curves, confusion matrices, and the pictures that only one of them classifies correctly."
    } else {
        "Compare feature extraction with fine-tuning on your pictures: both are trained on the same split with the \
         same seed, tested on the same pictures and laid side by side here."
    };
    widgets::empty_state(ui, icon::GIT_DIFF, "Nothing to compare yet", text, |ui| {
        if view.any_tested {
            // Whoever shows runs means those.
            let shown = &view.shown;
            let (name, tooltip, fitting) = if shown.ids.len() >= 2 {
                let tooltip = "Compare the runs that are shown in the list of runs";
                let (fitting, others) = (shown.ids.len(), shown.left_out.len());
                let name = match others {
                    0 => format!("Compare the {fitting} shown runs"),
                    _ => format!("Compare {fitting} of the {} shown runs", fitting + others),
                };
                (name, tooltip, shown.ids.clone())
            } else {
                let latest = chooser::latest(view);
                let tooltip = "Compare the latest runs that were tested on the same pictures";
                (
                    format!("Compare the latest {}", latest.len()),
                    tooltip,
                    latest,
                )
            };
            if fitting.len() >= 2 && widgets::primary_button(ui, &name, tooltip).clicked() {
                out.push(Command::CompareRuns(fitting));
            }
            left_out_ui(ui, shown);
            ui.add_space(tokens::SPACE_S);
            chooser::add_menu_ui(ui, view, "Choose a run", out);
        }
        if view.can_train {
            ui.add_space(tokens::SPACE_S);
            let tooltip = "Make the pair of experiments from these pictures, train both, and open the comparison";
            let button = if view.any_tested {
                ui.button("Compare feature extraction with fine-tuning")
                    .on_hover_text(tooltip)
            } else {
                widgets::primary_button(ui, "Compare feature extraction with fine-tuning", tooltip)
            };
            if button.clicked() {
                out.push(Command::CompareBothWays);
            }
        }
    });
}

/// Names more than these only in the tooltip.
const MOST_NAMED: usize = 4;

/// Which of the shown runs are not compared, and why.
fn left_out_ui(ui: &mut egui::Ui, shown: &ShownRuns) {
    if shown.ids.len() < 2 || shown.left_out.is_empty() {
        return;
    }
    let line = |(name, why): &(String, &str)| format!("{name} ({why})");
    let mut lines: Vec<String> = shown.left_out.iter().map(line).collect();
    let all = lines.join("\n");
    if lines.len() > MOST_NAMED {
        let others = lines.split_off(MOST_NAMED).len();
        lines.push(format::count(others, "other run", "other runs"));
    }
    let text = format!("Left out: {}", lines.join("; "));
    ui.label(tokens(ui).small(text)).on_hover_text(all);
}

fn waiting_ui(ui: &mut egui::Ui, view: &CompareView) {
    if let Some(reason) = &view.failed {
        widgets::empty_state(
            ui,
            icon::WARNING_CIRCLE,
            "These runs can't be compared",
            reason,
            |_| {},
        );
    } else if view.waiting {
        ui.vertical_centered(|ui| {
            ui.add_space(tokens::SPACE_XXL);
            ui.spinner();
            ui.label(tokens(ui).muted("Reading the runs"));
        });
    }
}

fn body_ui(
    ui: &mut egui::Ui,
    view: &CompareView,
    body: &CompareBody,
    thumbnails: &Thumbnails,
    local: &mut CompareLocal,
    out: &mut Vec<Command>,
) {
    if let Some((from, to)) = body.pair {
        pair_ui(ui, body, (from, to), local);
        if let Some(verdict) = &body.verdict {
            verdict_ui(ui, icon::SCALES, &verdict.sentence, &verdict.evidence);
        }
    } else {
        let text = "One run alone. Add another that was tested on the same pictures, above.";
        widgets::note(ui, text);
    }
    section(ui, "Results", |ui| tables::results_ui(ui, body));
    section(ui, "Curves", |ui| {
        overlay_ui(ui, &body.curves, &mut local.curves, Some(CURVES));
    });
    if let Some((from, to)) = body.pair {
        section(ui, "Confusion matrices", |ui| {
            matrices_ui(ui, body, (from, to), local, out);
        });
        section(ui, "Pictures with a different result", |ui| {
            pictures::pictures_ui(ui, body, (from, to), thumbnails, local, out);
        });
    }
    section(ui, "Settings that differ", |ui| {
        tables::settings_ui(ui, body)
    });
    section(ui, "Classification reports", |ui| {
        tables::report_ui(ui, body)
    });
    if view.waiting {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(tokens(ui).muted("Reading the runs"));
        });
    }
}

fn section(ui: &mut egui::Ui, title: &str, add: impl FnOnce(&mut egui::Ui)) {
    ui.add_space(tokens::SPACE_M);
    widgets::card(ui, |ui| {
        ui.label(tokens::semibold(title).size(tokens::TEXT_LARGE));
        ui.add_space(tokens::SPACE_XS);
        ui.push_id(title, add);
    });
}

/// Which two runs are looked at closely, and in which direction.
fn pair_ui(ui: &mut egui::Ui, body: &CompareBody, pair: (usize, usize), local: &mut CompareLocal) {
    let (mut from, mut to) = pair;
    ui.horizontal_wrapped(|ui| {
        ui.label(tokens(ui).muted("From"));
        run_choice_ui(ui, body, "From", &mut from);
        let tooltip = "Compare in the other direction";
        if widgets::icon_button(ui, icon::ARROWS_LEFT_RIGHT, "Swap the two runs", tooltip).clicked()
        {
            std::mem::swap(&mut from, &mut to);
        }
        ui.label(tokens(ui).muted("to"));
        run_choice_ui(ui, body, "To", &mut to);
    });
    if (from, to) != pair {
        // The same run on both sides would say nothing: the other one takes its place.
        if from == to {
            (from, to) = if from == pair.0 {
                (pair.1, to)
            } else {
                (from, pair.0)
            };
        }
        local.pair = (from, to);
    }
    ui.add_space(tokens::SPACE_XS);
}

fn run_choice_ui(ui: &mut egui::Ui, body: &CompareBody, label: &str, chosen: &mut usize) {
    let width = ((ui.max_rect().width() - 140.0) / 2.0).clamp(120.0, 320.0);
    let item = |run: &view::Named| Item::of_run(&run.name, tokens::run_color(run.color));
    let labels = (
        label,
        "Verdict, confusion matrices and changed pictures are about these two runs",
    );
    let shown = body.runs.get(*chosen).map(item).unwrap_or_default();
    let items = || body.runs.iter().map(item).collect();
    if let Some(index) = drop_down(ui, labels, width, Some(*chosen), &shown, items) {
        *chosen = index;
    }
}

/// The pair's confusion matrices and their difference, side by side where there is room.
fn matrices_ui(
    ui: &mut egui::Ui,
    body: &CompareBody,
    (from, to): (usize, usize),
    local: &mut CompareLocal,
    out: &mut Vec<Command>,
) {
    let Some(matrices) = &body.matrices else {
        return;
    };
    ui.horizontal(|ui| {
        ui.checkbox(&mut local.clustered, "Order classes by confusion")
            .on_hover_text("Classes that are confused with one another stand beside each other");
        if matrices[0].len() > 8 {
            let [first, others @ ..] = &mut local.matrices;
            matrix::zoom_ui(ui, first, local.cell);
            // All three show the same part.
            for other in others {
                other.follow(first);
            }
        }
    });
    ui.add_space(tokens::SPACE_XS);
    let gap = tokens::SPACE_L;
    let width = ui.available_width();
    // Two classes need less room than two hundred.
    let least = if matrices[0].len() <= 4 { 200.0 } else { 250.0 };
    let columns = if width >= 3.0 * least {
        3
    } else if width >= 2.0 * least {
        2
    } else {
        1
    };
    let side = (width - gap * (columns - 1) as f32) / columns as f32;
    let size = vec2(side, side.min(420.0));
    let titles = [
        (body.runs[from].name.clone(), Some(body.runs[from].color)),
        (body.runs[to].name.clone(), Some(body.runs[to].color)),
        ("Change".to_owned(), None),
    ];
    let mut moved = None;
    egui::Grid::new("matrices")
        .spacing(vec2(gap, tokens::SPACE_M))
        .min_col_width(0.0)
        .show(ui, |ui| {
            for (index, (name, color)) in titles.iter().enumerate() {
                ui.vertical(|ui| {
                    ui.set_width(side);
                    match color {
                        Some(color) => widgets::run_mark(ui, tokens::run_color(*color), name),
                        None => ui
                            .label(tokens::medium(name.as_str()))
                            .on_hover_text("The second run's counts minus the first's"),
                    };
                    let before = local.matrices[index].seen();
                    let (chosen, cell) = matrix::matrix_ui(
                        ui,
                        &matrices[index],
                        &mut local.matrices[index],
                        size,
                        name,
                    );
                    if local.matrices[index].seen() != before {
                        moved = Some(index);
                    }
                    if index == 0 {
                        local.cell = cell;
                    }
                    if let Some((row, column)) = chosen {
                        let run = if index == 0 { from } else { to };
                        out.push(Command::ShowGallery(GalleryFilter {
                            run: Some(body.runs[run].id.clone()),
                            true_class: Some(matrices[index].classes[row].clone()),
                            predicted_class: Some(matrices[index].classes[column].clone()),
                            split: Some(crate::data::Split::Test),
                            ..GalleryFilter::default()
                        }));
                    }
                });
                if (index + 1) % columns == 0 {
                    ui.end_row();
                }
            }
        });
    widgets::note(
        ui,
        "Change: blue with a triangle that points up is better, orange with a triangle that points down is worse.",
    );
    if let Some(index) = moved {
        for other in 0..local.matrices.len() {
            if other != index {
                let (a, b) = if index < other {
                    let (left, right) = local.matrices.split_at_mut(other);
                    (&left[index], &mut right[0])
                } else {
                    let (left, right) = local.matrices.split_at_mut(index);
                    (&right[0], &mut left[other])
                };
                b.follow(a);
            }
        }
    }
}
