//! Middle: every backbone beside the others, with its speed on this machine and what that means for
//! the pictures at hand; and what the chosen one, untouched, sees in one of them.

use std::sync::Arc;

use eframe::egui::{self, Sense, vec2};
use egui_extras::{Column, TableBuilder};

use super::backbones_scatter::scatter_ui;
use crate::app::core::command::Command;
use crate::app::core::state::{MeasuredNow, Scan, Seen, State, Tree};
use crate::app::core::view_id::ViewId;
use crate::app::features::backbone::{accuracy_text, choose, per_second};
use crate::app::ui::editor::EditorView;
use crate::app::ui::table::next_order;
use crate::app::ui::textures::{TextureCache, TextureKey};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo, no_experiment_ui};
use crate::app::ui::widgets;
use crate::data::{PictureSource, Pixels};
use crate::experiment::{BackboneConfig, WeightsSource};
use crate::format;
use crate::models::catalogue::{self, ArchitectureInfo};
use crate::models::speed::Taken;
use crate::training::is_mixed_here;
use crate::training::time_estimate::{TimeEstimate, Ways, picture_seconds};

/// All networks side by side.
pub struct BackbonesTab;

impl View for BackbonesTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::BACKBONES,
            title: "Backbones",
            icon: icon::STACK,
            action: "Show backbones",
            tooltip: "The networks to start from: accuracy, size, and speed on this machine",
            figure: None,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let local = context.panels.of_window::<BackbonesLocal>();
        match BackbonesView::build(context.state, local) {
            Some(view) => backbones_view_ui(ui, &view, local, out),
            None => no_experiment_ui(ui, out),
        }
    }
}

/// Plain data of the backbones view.
#[derive(Debug, Clone)]
pub struct BackbonesView {
    pub editor: EditorView,
    pub rows: Vec<BackboneRow>,
    /// The one that is being measured.
    pub measuring: Option<MeasuredNow>,
    /// Backbones whose speed is still to be measured.
    pub unmeasured: usize,
    /// Backbones that were measured beside other programs.
    pub hasty: usize,
    pub sample: Option<Sample>,
}

#[derive(Debug, Clone)]
pub struct BackboneRow {
    pub info: &'static ArchitectureInfo,
    pub chosen: bool,
    /// Whether the default weights stand on this machine.
    pub stored: bool,
    pub pictures_per_second: Option<f64>,
    /// When and beside what that was measured.
    pub taken: Option<Taken>,
    /// For the pictures at hand; none while they are not known.
    pub estimate: Option<TimeEstimate>,
}

/// The picture that the untouched network is shown.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Among how many.
    pub pictures: usize,
    pub index: usize,
    pub source: PictureSource,
    pub name: String,
    pub class: String,
    pub pixels: Option<Result<Arc<Pixels>, String>>,
    /// Of this picture and the chosen backbone.
    pub seen: Option<Seen>,
    /// Why the network can't be asked.
    pub obstacle: Option<&'static str>,
    pub generation: u64,
}

impl BackbonesView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State, local: &BackbonesLocal) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let backbone = &editor.experiment.backbone;
        let counts = state.scan.counts();
        let rows: Vec<BackboneRow> = catalogue::architectures()
            .iter()
            .map(|info| {
                let measured = state.speeds.get(info.name);
                let weights = info.default_weights().name.to_owned();
                BackboneRow {
                    info,
                    chosen: info.name == backbone.name,
                    stored: state
                        .stored_weights
                        .contains(&(info.name.to_owned(), weights)),
                    pictures_per_second: measured.map(|measured| measured.pictures_per_second),
                    taken: measured.and_then(|measured| measured.taken),
                    estimate: measured.zip(counts).map(|(measured, pictures)| {
                        let is_chosen = info.name == backbone.name;
                        // What of the chosen one is kept is known, and at which size it is used.
                        let cache_coverage = state.features.cache_coverage.as_deref();
                        let side = match &state.tree {
                            Tree::Ready(tree) if is_chosen => tree.input_size,
                            _ => info.default_weights().input_size,
                        };
                        TimeEstimate::new(&Ways {
                            experiment: &editor.experiment,
                            measured,
                            pictures,
                            picture_seconds: picture_seconds(measured, info, side),
                            kept: cache_coverage
                                .filter(|_| is_chosen)
                                .map(|cache_coverage| cache_coverage.backbone),
                            is_mixed: is_mixed_here(&editor.experiment),
                        })
                    }),
                }
            })
            .collect();
        let sample = match &state.scan {
            Scan::Done { dataset, .. } if !dataset.pictures.is_empty() => {
                let index = local.picture.min(dataset.pictures.len() - 1);
                let picture = &dataset.pictures[index];
                let class = dataset.classes.get(picture.label as usize);
                let seen = (state.seen.clone())
                    .filter(|seen| seen.is_of(&picture.source, &editor.experiment.backbone));
                let obstacle = obstacle(state, &editor.experiment.backbone);
                Some(Sample {
                    pictures: dataset.pictures.len(),
                    index,
                    source: picture.source.clone(),
                    name: picture.name.clone(),
                    class: class.cloned().unwrap_or_default(),
                    pixels: state.thumbnails.get(&index).cloned(),
                    seen,
                    obstacle,
                    generation: Arc::as_ptr(dataset) as usize as u64,
                })
            }
            _ => None,
        };
        Some(Self {
            measuring: state.measuring.clone().map(|now| MeasuredNow {
                backbone: catalogue::title(&now.backbone),
                ..now
            }),
            unmeasured: rows
                .iter()
                .filter(|row| row.pictures_per_second.is_none())
                .count(),
            hasty: rows
                .iter()
                .filter(|row| row.taken.is_some_and(|taken| !taken.is_calm()))
                .count(),
            rows,
            sample,
            editor,
        })
    }
}

/// Why a backbone can't be asked what it sees before it is trained.
pub fn obstacle(state: &State, backbone: &BackboneConfig) -> Option<&'static str> {
    let is_stored = || {
        catalogue::find(&backbone.name).is_some_and(|info| {
            let weights = info.default_weights().name.to_owned();
            let named = (info.name.to_owned(), weights);
            state.stored_weights.contains(&named)
        })
    };
    if catalogue::find(&backbone.name).is_some_and(|info| !info.has_classifier()) {
        return Some(
            "It learned without ImageNet’s classes and has no classifier, so it names nothing before a head is trained.",
        );
    }
    match &backbone.weights {
        WeightsSource::Random => Some("Random weights predict nothing useful before training."),
        WeightsSource::Pretrained if !is_stored() => {
            Some("Its weights are not on this machine yet; the first training downloads them.")
        }
        _ => None,
    }
}

/// A column of the table, by which it can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableColumn {
    Name,
    Accuracy,
    Parameters,
    Work,
    Speed,
    FeatureExtraction,
    FineTuning,
    Weights,
}

/// The column that the table is sorted by, and whether the worst stand first; the recommended order without.
type Sorting = Option<(TableColumn, bool)>;

/// What the backbones view remembers between frames.
#[derive(Default)]
pub struct BackbonesLocal {
    sorting: Sorting,
    picture: usize,
    textures: TextureCache,
}

const HEADERS: [(TableColumn, &str, &str); 8] = [
    (TableColumn::Name, "Backbone", "The network's name"),
    (
        TableColumn::Accuracy,
        "ImageNet",
        "Top-1 accuracy of the pre-trained weights on ImageNet",
    ),
    (
        TableColumn::Parameters,
        "Parameters",
        "Parameters of the backbone without its ImageNet classifier, which the new head replaces",
    ),
    (
        TableColumn::Work,
        "GFLOPs",
        "Billions of multiply-adds per picture",
    ),
    (
        TableColumn::Speed,
        "Pictures/s",
        "Pictures per second on this machine, with every layer frozen",
    ),
    (
        TableColumn::FeatureExtraction,
        "Extraction",
        "Estimated time of feature extraction on these pictures with these settings: 10 epochs of a new head on the frozen backbone, and the test",
    ),
    (
        TableColumn::FineTuning,
        "Fine-tuning",
        "Estimated time of fine-tuning on these pictures with these settings: 5 epochs of a new head, 10 epochs in which the last 20 layers are trained too, and the test",
    ),
    (
        TableColumn::Weights,
        "Weights",
        "Whether the pre-trained weights are on this machine",
    ),
];

fn sorted(rows: &[BackboneRow], sorting: Sorting) -> Vec<&BackboneRow> {
    let mut rows: Vec<&BackboneRow> = rows.iter().collect();
    let Some((column, is_reversed)) = sorting else {
        return rows;
    };
    // The least is the best; nothing where it is not known.
    let number = |row: &BackboneRow| match column {
        TableColumn::Name => Some(0.0),
        TableColumn::Accuracy => row.info.default_weights().accuracy().map(|top1| -top1),
        TableColumn::Parameters => Some(row.info.backbone_parameters as f64),
        TableColumn::Work => Some(row.info.gflops),
        TableColumn::Speed => row.pictures_per_second.map(|rate| -rate),
        TableColumn::FeatureExtraction => row.estimate.map(|known| known.feature_extraction),
        TableColumn::FineTuning => row.estimate.map(|known| known.fine_tuning),
        TableColumn::Weights => Some(if row.stored { 0.0 } else { 1.0 }),
    };
    rows.sort_by(|a, b| {
        let order = match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            // What is not known stands last, whichever way.
            (a, b) => return b.is_some().cmp(&a.is_some()),
        };
        let order = match column {
            TableColumn::Name => a.info.title.cmp(b.info.title),
            _ => order,
        };
        if is_reversed { order.reverse() } else { order }
    });
    rows
}

pub fn backbones_view_ui(
    ui: &mut egui::Ui,
    view: &BackbonesView,
    local: &mut BackbonesLocal,
    out: &mut Vec<Command>,
) {
    let mut picked = None;
    let wide = ui.available_width() > 620.0;
    let top = (ui.available_height() * 0.42).clamp(180.0, 420.0);
    let sample_width = if wide && view.sample.is_some() {
        250.0
    } else {
        0.0
    };
    ui.horizontal_top(|ui| {
        let width = ui.available_width() - sample_width;
        ui.allocate_ui(vec2(width, top), |ui| {
            scatter_ui(ui, view, top, &mut picked)
        });
        if let Some(sample) = view.sample.as_ref().filter(|_| sample_width > 0.0) {
            ui.allocate_ui(vec2(ui.available_width(), top), |ui| {
                ui.vertical(|ui| sample_ui(ui, sample, local, out));
            });
        }
    });
    speeds_ui(ui, view, out);
    ui.add_space(tokens::SPACE_XS);
    table_ui(ui, view, local, &mut picked);
    if let Some(name) = picked {
        let mut draft = view.editor.draft();
        choose(&mut draft, name);
        draft.finish(out);
    }
}

/// How far measuring is, and the button that begins it anew.
fn speeds_ui(ui: &mut egui::Ui, view: &BackbonesView, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        if view.unmeasured < view.rows.len() {
            let tooltip = "Measure the speed of every backbone again, in the background, while nothing is training: \
                           useful if other programs were running at the time";
            let text = format!("{} Measure again", icon::ARROWS_CLOCKWISE);
            let text = egui::RichText::new(text).size(tokens::TEXT_SMALL);
            if ui
                .button(text)
                .accessible_name("Measure speeds again")
                .on_hover_text(tooltip)
                .clicked()
            {
                out.push(Command::MeasureAgain);
            }
        }
        if let Some(now) = &view.measuring {
            let left = match now.left {
                0 => String::new(),
                left => format!(", {} left", format::thousands(left as u64)),
            };
            ui.label(tokens(ui).small(format!("Measuring {}{left}", now.backbone)));
            if ui
                .button(egui::RichText::new("Stop").size(tokens::TEXT_SMALL))
                .accessible_name("Stop measuring")
                .on_hover_text("Measure no more until you ask for it")
                .clicked()
            {
                out.push(Command::StopMeasuring);
            }
        } else if view.unmeasured > 0 {
            let number = format::plural(view.unmeasured as u64, "backbone", "backbones");
            let text = format!("Measure {number}");
            if ui
                .button(egui::RichText::new(text).size(tokens::TEXT_SMALL))
                .accessible_name("Measure speeds")
                .on_hover_text(
                    "Takes some seconds of all cores for each. Without asking, it is done when nobody has touched the \
                     window for a minute, on mains power, and never beside a training",
                )
                .clicked()
            {
                out.push(Command::MeasureSpeeds);
            }
        }
        if view.hasty > 0 {
            let number = format::plural(view.hasty as u64, "speed was", "speeds were");
            ui.label(tokens(ui).small(format!(
                "{number} measured while other programs were running and may be too low. They are measured again when the machine is idle."
            )));
        }
    });
}

fn sample_ui(
    ui: &mut egui::Ui,
    sample: &Sample,
    local: &mut BackbonesLocal,
    out: &mut Vec<Command>,
) {
    let colors = tokens(ui);
    ui.label(tokens::semibold("ImageNet predictions")).on_hover_text(
        "What the pre-trained network predicts for one of your pictures before any training, among ImageNet's 1,000 classes",
    );
    let key = TextureKey {
        generation: sample.generation,
        index: sample.index,
    };
    let side = 64.0;
    ui.horizontal(|ui| {
        match &sample.pixels {
            Some(Ok(pixels)) => {
                if let Some(texture) = local.textures.get(ui.ctx(), key, pixels) {
                    let image = egui::Image::new(&texture)
                        .max_size(vec2(side, side))
                        .maintain_aspect_ratio(true)
                        .corner_radius(tokens::RADIUS_S);
                    ui.add(image);
                }
            }
            Some(Err(reason)) => {
                ui.label(colors.small(reason));
            }
            None => {
                ui.allocate_exact_size(vec2(side, side), Sense::hover());
                out.push(Command::RequestThumbnails(vec![sample.index]));
            }
        }
        ui.vertical(|ui| {
            ui.add(egui::Label::new(tokens::medium(&sample.class)).truncate());
            ui.add(egui::Label::new(colors.small(&sample.name)).truncate())
                .on_hover_text(&sample.name);
            ui.horizontal(|ui| {
                let previous = "Predict the previous picture";
                if widgets::icon_button(ui, icon::ARROW_LEFT, "Previous sample", previous).clicked()
                {
                    local.picture = (sample.index + sample.pictures - 1) % sample.pictures;
                }
                let next = "Predict the next picture";
                if widgets::icon_button(ui, icon::ARROW_RIGHT, "Next sample", next).clicked() {
                    local.picture = (sample.index + 1) % sample.pictures;
                }
            });
        });
    });
    match (&sample.obstacle, &sample.seen) {
        (Some(obstacle), _) => {
            ui.add(egui::Label::new(colors.small(*obstacle)).wrap());
        }
        (None, None) => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(colors.small("Predicting"));
            });
            out.push(Command::RequestSeen(sample.source.clone()));
        }
        (None, Some(seen)) => match &seen.result {
            Ok(ranked) => {
                ui.spacing_mut().item_spacing.y = 2.0;
                for class in ranked {
                    class_ui(ui, &class.class, class.probability);
                }
            }
            Err(reason) => {
                ui.add(egui::Label::new(colors.small(reason)).wrap());
            }
        },
    }
}

/// A class with its probability, over a bar of that length.
fn class_ui(ui: &mut egui::Ui, class: &str, probability: f64) {
    let colors = tokens(ui);
    let size = vec2(ui.available_width(), tokens::TEXT_SMALL + 9.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let mut bar = rect;
    bar.set_width(rect.width() * (probability as f32).clamp(0.0, 1.0));
    let painter = ui.painter();
    painter.rect_filled(rect, tokens::RADIUS_S, colors.sunken);
    painter.rect_filled(bar, tokens::RADIUS_S, colors.accent_faint);
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let share = format::percent(probability);
    let inner = rect.shrink2(vec2(6.0, 0.0));
    let number = painter.text(
        inner.right_center(),
        egui::Align2::RIGHT_CENTER,
        &share,
        font.clone(),
        colors.text,
    );
    let mut name = inner;
    name.set_right(number.left() - tokens::SPACE_S);
    widgets::elided(ui, name, class, font, colors.text);
    let text = format!("{class}, {share}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &text));
    response.on_hover_text(text);
}

fn table_ui(
    ui: &mut egui::Ui,
    view: &BackbonesView,
    local: &mut BackbonesLocal,
    picked: &mut Option<&'static str>,
) {
    let rows = sorted(&view.rows, local.sorting);
    // In a narrow middle, only what one chooses by.
    let is_wide = ui.available_width() >= 620.0;
    let shown = |column: TableColumn| {
        use TableColumn::{Accuracy, Name, Speed};
        is_wide || matches!(column, Name | Accuracy | Speed)
    };
    let columns = HEADERS.iter().filter(|(column, ..)| shown(*column)).count();
    let height = ui.spacing().interact_size.y;
    let colors = tokens(ui);
    let right = egui::Layout::right_to_left(egui::Align::Center);
    TableBuilder::new(ui)
        .id_salt("backbones table")
        .striped(true)
        .sense(Sense::click())
        .cell_layout(right)
        .column(Column::remainder().at_least(110.0).clip(true))
        .columns(Column::auto().at_least(58.0), columns - 1)
        .header(height, |mut header| {
            for (column, title, tooltip) in HEADERS {
                if shown(column) {
                    let sorted = local.sorting.filter(|(by, _)| *by == column);
                    let (_, response) = header.col(|ui| head_ui(ui, column, title, sorted));
                    let name = format!("Sort by {title}");
                    response.widget_info(|| {
                        let is_sorted = sorted.is_some();
                        egui::WidgetInfo::selected(egui::Role::Button, true, is_sorted, &name)
                    });
                    let tooltip = format!(
                        "{tooltip}. Click to sort: best first, worst first, recommended order"
                    );
                    if response.on_hover_text(tooltip).clicked() {
                        local.sorting = next_order(local.sorting, column, false);
                    }
                }
            }
        })
        .body(|body| {
            body.rows(height, rows.len(), |mut line| {
                let row = rows[line.index()];
                line.set_selected(row.chosen);
                let weights = row.info.default_weights();
                line.col(|ui| {
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        ui.add_space(CELL_PADDING);
                        let title = egui::Label::new(row.info.title)
                            .truncate()
                            .selectable(false);
                        ui.add(title).on_hover_text(row.info.paper);
                    });
                });
                let unknown = || "–".to_owned();
                let estimate = |of: fn(TimeEstimate) -> f64| {
                    row.estimate
                        .map_or_else(unknown, |estimate| format::remaining(of(estimate)))
                };
                let cells = [
                    (TableColumn::Accuracy, accuracy_text(weights)),
                    (
                        TableColumn::Parameters,
                        format::magnitude(row.info.backbone_parameters),
                    ),
                    (TableColumn::Work, format!("{:.2}", row.info.gflops)),
                    (
                        TableColumn::Speed,
                        row.pictures_per_second.map_or_else(unknown, per_second),
                    ),
                    (
                        TableColumn::FeatureExtraction,
                        estimate(|estimate| estimate.feature_extraction),
                    ),
                    (
                        TableColumn::FineTuning,
                        estimate(|estimate| estimate.fine_tuning),
                    ),
                ];
                for (_, cell) in cells.into_iter().filter(|(column, _)| shown(*column)) {
                    line.col(|ui| {
                        ui.add_space(CELL_PADDING);
                        ui.add(egui::Label::new(cell).selectable(false));
                    });
                }
                if shown(TableColumn::Weights) {
                    line.col(|ui| {
                        ui.add_space(CELL_PADDING);
                        let text = if row.stored { "here" } else { "download" };
                        let label = egui::Label::new(colors.small(text)).selectable(false);
                        ui.add(label).on_hover_text(format!(
                            "{}, {:.0} MB, {}, {}",
                            weights.name,
                            weights.file_mb,
                            weights.licence,
                            weights.origin()
                        ));
                    });
                }
                let response = line.response();
                response.widget_info(|| {
                    egui::WidgetInfo::selected(
                        egui::accesskit::Role::RadioButton,
                        true,
                        row.chosen,
                        format!("Use {}", row.info.title),
                    )
                });
                let response = match row.estimate {
                    Some(estimate) => response.on_hover_text(sentence(&estimate)),
                    None => response,
                };
                if response.clicked() && !row.chosen {
                    *picked = Some(row.info.name);
                }
            });
        });
}

/// Room at the sides of a cell, and of its head: numbers end below the last letter of the head.
const CELL_PADDING: f32 = 6.0;

/// The head of a column, with the direction that the table is sorted in by it. Clicks are the whole cell's, which lies
/// above what stands in it.
fn head_ui(ui: &mut egui::Ui, column: TableColumn, title: &str, sorted: Sorting) {
    let arrow = match sorted {
        None => "",
        Some((_, false)) => icon::CARET_DOWN,
        Some((_, true)) => icon::CARET_UP,
    };
    // The name's column reads from the left; numbers end at the right.
    let (text, layout) = match column {
        TableColumn::Name => (
            format!("{title} {arrow}"),
            egui::Layout::left_to_right(egui::Align::Center),
        ),
        _ => (
            format!("{arrow} {title}"),
            egui::Layout::right_to_left(egui::Align::Center),
        ),
    };
    let colors = tokens(ui);
    let color = if sorted.is_some() {
        colors.text
    } else {
        colors.text_muted
    };
    let text = egui::RichText::new(text.trim())
        .size(tokens::TEXT_SMALL)
        .color(color);
    ui.with_layout(layout, |ui| {
        ui.add_space(CELL_PADDING);
        ui.add(egui::Label::new(text).selectable(false).extend());
    });
}

/// "Feature extraction takes about 40 s, fine-tuning about 6 min; 12 MB of cached features"
fn sentence(estimate: &TimeEstimate) -> String {
    format!(
        "Feature extraction takes {}, fine-tuning {}; {} of cached features{}",
        format::estimate(estimate.feature_extraction),
        format::estimate(estimate.fine_tuning),
        crate::format::bytes(estimate.cached_bytes),
        if estimate.is_warm {
            ", all of them there already"
        } else {
            ""
        }
    )
}
