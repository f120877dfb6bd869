//! Middle: every backbone beside the others, with its speed on this machine and what that means for
//! the pictures at hand; and what the chosen one, untouched, sees in one of them.

use std::sync::Arc;

use eframe::egui::{self, Sense, vec2};
use egui_extras::{Column, TableBuilder};

use super::backbones_scatter::scatter_ui;
use crate::app::core::command::Command;
use crate::app::core::state::{Scan, Seen, State, Tree};
use crate::app::core::view_id::ViewId;
use crate::app::features::backbone::{by_accuracy, choose};
use crate::app::ui::editor::EditorView;
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
    match &backbone.weights {
        WeightsSource::Random => Some("Random weights recognise nothing yet."),
        WeightsSource::Pretrained if !is_stored() => {
            Some("Its weights are not on this machine yet; training fetches them.")
        }
        _ => None,
    }
}

/// What the table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Catalogue,
    Name,
    Accuracy,
    Parameters,
    Work,
    Speed,
    FeatureExtraction,
    FineTuning,
}

/// What the backbones view remembers between frames.
#[derive(Default)]
pub struct BackbonesLocal {
    order: Order,
    picture: usize,
    textures: TextureCache,
}

const HEADERS: [(Order, &str, &str); 7] = [
    (Order::Name, "Backbone", "The network's name"),
    (
        Order::Accuracy,
        "ImageNet",
        "Top-1 accuracy of the weights on ImageNet, best first",
    ),
    (
        Order::Parameters,
        "Parameters",
        "Of the backbone, without its own classifier, which a new head takes the place of; fewest first",
    ),
    (
        Order::Work,
        "GFLOPs",
        "Billions of multiply-adds per picture, least first",
    ),
    (
        Order::Speed,
        "Pictures/s",
        "As a frozen network, measured on this machine, quickest first",
    ),
    (
        Order::FeatureExtraction,
        "Extraction",
        "Feature extraction on the pictures at hand with these settings: 10 epochs of a new head on a frozen network, and the test",
    ),
    (
        Order::FineTuning,
        "Fine-tuning",
        "Fine-tuning on the pictures at hand with these settings: 5 epochs of a new head, 10 in which the last 20 layers learn too, and the test",
    ),
];

fn sorted(rows: &[BackboneRow], order: Order) -> Vec<&BackboneRow> {
    let mut rows: Vec<&BackboneRow> = rows.iter().collect();
    // What is not known stands last.
    let seconds =
        |row: &BackboneRow, of: fn(TimeEstimate) -> f64| row.estimate.map_or(f64::MAX, of);
    match order {
        Order::Catalogue => {}
        Order::Name => rows.sort_by_key(|row| row.info.title),
        Order::Accuracy => rows.sort_by(|a, b| by_accuracy(a.info, b.info)),
        Order::Parameters => rows.sort_by_key(|row| row.info.backbone_parameters),
        Order::Work => rows.sort_by(|a, b| a.info.gflops.total_cmp(&b.info.gflops)),
        Order::Speed => rows.sort_by(|a, b| {
            let rate = |row: &BackboneRow| row.pictures_per_second.unwrap_or(0.0);
            rate(b).total_cmp(&rate(a))
        }),
        Order::FeatureExtraction => rows.sort_by(|a, b| {
            seconds(a, |estimate| estimate.feature_extraction)
                .total_cmp(&seconds(b, |estimate| estimate.feature_extraction))
        }),
        Order::FineTuning => rows.sort_by(|a, b| {
            seconds(a, |estimate| estimate.fine_tuning)
                .total_cmp(&seconds(b, |estimate| estimate.fine_tuning))
        }),
    }
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
            let tooltip = "Forget the speeds and measure every backbone anew, in the background, while nothing \
                           trains: of use when other programs were at work while they were taken";
            let text = format!("{} Measure again", icon::ARROW_CLOCKWISE);
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
        if view.unmeasured > 0 {
            let number = format::plural(view.unmeasured as u64, "backbone", "backbones");
            ui.label(tokens(ui).small(format!(
                "{number} still to be measured, in the background, while nothing trains"
            )));
        }
        if view.hasty > 0 {
            let number = format::plural(view.hasty as u64, "speed was", "speeds were");
            ui.label(tokens(ui).small(format!(
                "{number} measured beside other programs and may be too low: measured again when the machine is quiet"
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
    ui.label(tokens::semibold("What it sees, untouched"));
    let key = TextureKey {
        generation: sample.generation,
        index: sample.index,
    };
    let side = 96.0;
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
                let previous = "Show the network the previous picture";
                if widgets::icon_button(ui, icon::ARROW_LEFT, "Previous sample", previous).clicked()
                {
                    local.picture = (sample.index + sample.pictures - 1) % sample.pictures;
                }
                let next = "Show the network the next picture";
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
                ui.label(colors.small("Asking the network"));
            });
            out.push(Command::RequestSeen(sample.source.clone()));
        }
        (None, Some(seen)) => match &seen.result {
            Ok(ranked) => {
                ui.spacing_mut().item_spacing.y = 2.0;
                for class in ranked {
                    ui.horizontal(|ui| {
                        ui.label(colors.small(format::percent(class.probability)));
                        ui.add(egui::Label::new(colors.small(&class.class)).truncate());
                    });
                    let share = class.probability as f32;
                    widgets::bar(ui, share, colors.accent, &class.class);
                }
            }
            Err(reason) => {
                ui.add(egui::Label::new(colors.small(reason)).wrap());
            }
        },
    }
}

fn table_ui(
    ui: &mut egui::Ui,
    view: &BackbonesView,
    local: &mut BackbonesLocal,
    picked: &mut Option<&'static str>,
) {
    let rows = sorted(&view.rows, local.order);
    // In a narrow middle, only what one chooses by.
    let is_wide = ui.available_width() >= 620.0;
    let shown =
        |order: Order| is_wide || matches!(order, Order::Name | Order::Accuracy | Order::Speed);
    let columns = HEADERS.iter().filter(|(order, ..)| shown(*order)).count();
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
        .columns(
            Column::auto().at_least(58.0).clip(true),
            usize::from(is_wide),
        )
        .header(height, |mut header| {
            for (order, title, tooltip) in HEADERS {
                if !shown(order) {
                    continue;
                }
                header.col(|ui| {
                    let text = egui::RichText::new(title).size(tokens::TEXT_SMALL);
                    let label = egui::Button::selectable(local.order == order, text);
                    // The name's column reads from the left, numbers end at the right.
                    let layout = match order {
                        Order::Name => egui::Layout::left_to_right(egui::Align::Center),
                        _ => right,
                    };
                    if ui
                        .with_layout(layout, |ui| ui.add(label))
                        .inner
                        .on_hover_text(tooltip)
                        .clicked()
                    {
                        local.order = if local.order == order {
                            Order::Catalogue
                        } else {
                            order
                        };
                    }
                });
            }
            if is_wide {
                header.col(|ui| {
                    ui.label(colors.small("Weights")).on_hover_text(
                        "Whether the weights are on this machine, and their licence",
                    );
                });
            }
        })
        .body(|body| {
            body.rows(height, rows.len(), |mut line| {
                let row = rows[line.index()];
                line.set_selected(row.chosen);
                let weights = row.info.default_weights();
                line.col(|ui| {
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
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
                    (Order::Accuracy, format!("{:.1} %", weights.imagenet_top1)),
                    (
                        Order::Parameters,
                        format::magnitude(row.info.backbone_parameters),
                    ),
                    (Order::Work, format!("{:.2}", row.info.gflops)),
                    (
                        Order::Speed,
                        row.pictures_per_second.map_or_else(unknown, rate_text),
                    ),
                    (
                        Order::FeatureExtraction,
                        estimate(|estimate| estimate.feature_extraction),
                    ),
                    (Order::FineTuning, estimate(|estimate| estimate.fine_tuning)),
                ];
                for (_, cell) in cells.into_iter().filter(|(order, _)| shown(*order)) {
                    line.col(|ui| {
                        ui.add(egui::Label::new(cell).selectable(false));
                    });
                }
                if is_wide {
                    line.col(|ui| {
                        let text = if row.stored { "here" } else { "to fetch" };
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

/// "2.3", "87": a slow network is not one that stands still.
fn rate_text(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

/// "Feature extraction about 40 s, fine-tuning about 6 min; 12 MB of cached features"
fn sentence(estimate: &TimeEstimate) -> String {
    format!(
        "Feature extraction {}, fine-tuning {}; {} of cached features{}",
        format::estimate(estimate.feature_extraction),
        format::estimate(estimate.fine_tuning),
        crate::format::bytes(estimate.cached_bytes),
        if estimate.is_warm {
            ", all there already"
        } else {
            ""
        }
    )
}
