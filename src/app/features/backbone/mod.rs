//! Left side: which network, with which weights, at which size, and what its normalisation does.

pub mod backbones_scatter;
pub mod backbones_view;
pub mod requests;
pub mod speeds;
pub mod weights_panel;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{self, Align2, Sense, vec2};

use crate::app::core::command::Command;
use crate::app::core::shootout::{BackbonesPage, ShootoutAction};
use crate::app::core::state::{Document, State};
use crate::app::ui::disclosure::disclosure;
use crate::app::ui::editor::{Draft, EditorView};
use crate::app::ui::effect::Control;
use crate::app::ui::number_field::NumberField;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::experiment::{NormPolicy, Preprocessing, TrainedNorm, WeightsSource};
use crate::format;
use crate::models::catalogue::{self, ArchitectureInfo, WeightsInfo};
use crate::models::weights::{self, Examined};
use weights_panel::weights_ui;

/// The network and its weights.
pub struct BackboneSection;

impl Section for BackboneSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Backbone",
            icon: icon::STACK,
            tooltip: "The pre-trained network and its weights",
            fields: &["backbone"],
            starts_open: false,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        if let Some(view) = BackboneView::build(context.state) {
            let local = context.panels.of_document(view.editor.document);
            backbone_ui(ui, &view, local, out);
        }
    }

    fn summary(&self, document: &Document, _context: &mut ViewContext<'_>) -> String {
        catalogue::title(&document.experiment.backbone.name)
    }
}

/// Plain data of the backbone editor.
#[derive(Debug, Clone, PartialEq)]
pub struct BackboneView {
    pub editor: EditorView,
    /// Pictures per second on this machine, of those that have been measured.
    pub speeds: BTreeMap<&'static str, f64>,
    /// What is in the person's own file of weights, once that is known.
    pub examined: Option<Arc<Examined>>,
}

/// "3.37 M parameters · 41 pictures/s"
fn line(info: &ArchitectureInfo, speed: Option<f64>) -> String {
    let parameters = format::magnitude(info.backbone_parameters);
    let speed = speed.map_or_else(
        || format!("{:.2} GFLOPs", info.gflops),
        |speed| format!("{} pictures/s", per_second(speed)),
    );
    format!("{parameters} parameters · {speed}")
}

/// `41`, `7.3`.
pub(in crate::app) fn per_second(speed: f64) -> String {
    if speed < 9.95 {
        format!("{speed:.1}")
    } else {
        format!("{speed:.0}")
    }
}

/// `82.5 %`, or a dash where the backbone has no classifier to be right with.
pub(in crate::app) fn accuracy_text(weights: &WeightsInfo) -> String {
    let known = weights.accuracy();
    known.map_or_else(|| "–".to_owned(), |top1| format!("{top1:.1} %"))
}

/// The most accurate on ImageNet first.
pub(in crate::app) fn by_accuracy(a: &ArchitectureInfo, b: &ArchitectureInfo) -> Ordering {
    // Those of which none is known stand last.
    let top1 = |info: &ArchitectureInfo| info.default_weights().accuracy().unwrap_or(0.0);
    top1(b).total_cmp(&top1(a))
}

impl BackboneView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let speeds = catalogue::architectures().iter().filter_map(|info| {
            let measured = state.speeds.get(info.name)?;
            Some((info.name, measured.pictures_per_second))
        });
        let editor = EditorView::build(state)?;
        let examined = state
            .examined_weights
            .as_ref()
            .filter(|(backbone, _)| *backbone == editor.experiment.backbone)
            .map(|(_, examined)| Arc::clone(examined));
        Some(Self {
            editor,
            speeds: speeds.collect(),
            examined,
        })
    }

    pub fn chosen(&self) -> Option<&'static ArchitectureInfo> {
        catalogue::find(&self.editor.experiment.backbone.name)
    }
}

/// Every backbone in the order that the person asked for.
fn sorted(by: SortBy, speeds: &BTreeMap<&'static str, f64>) -> Vec<&'static ArchitectureInfo> {
    let mut all: Vec<&ArchitectureInfo> = catalogue::architectures().iter().collect();
    let speed = |info: &ArchitectureInfo| speeds.get(info.name).copied().unwrap_or(0.0);
    match by {
        // Until all are measured, the work that they do tells more than what some of them reached.
        SortBy::Speed if speeds.len() == all.len() => {
            all.sort_by(|a, b| speed(b).total_cmp(&speed(a)));
        }
        SortBy::Catalogue => {}
        SortBy::Parameters => all.sort_by_key(|info| info.backbone_parameters),
        SortBy::Speed => all.sort_by(|a, b| a.gflops.total_cmp(&b.gflops)),
        SortBy::Accuracy => all.sort_by(|a, b| by_accuracy(a, b)),
    }
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    #[default]
    Catalogue,
    /// Fewest first.
    Parameters,
    /// Quickest first.
    Speed,
    /// Best first.
    Accuracy,
}

const SORTS: [(SortBy, &str, &str); 4] = [
    (
        SortBy::Catalogue,
        "Recommended",
        "Recommended order: small and quick first",
    ),
    (SortBy::Accuracy, "Accuracy", "Best on ImageNet first"),
    (
        SortBy::Speed,
        "Speed",
        "Quickest on this machine first; until all are measured, least work per picture",
    ),
    (SortBy::Parameters, "Size", "Fewest parameters first"),
];

/// What the backbone editor remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct BackboneLocal {
    pub sort: SortBy,
    /// Whether a weight file is wanted and none is named yet.
    pub(in crate::app) wants_file: bool,
}

pub fn backbone_ui(
    ui: &mut egui::Ui,
    view: &BackboneView,
    local: &mut BackboneLocal,
    out: &mut Vec<Command>,
) {
    let mut draft = view.editor.draft();
    cards_ui(ui, view, local, &mut draft);
    widgets::problem(ui, draft.problem("backbone.name"));
    compare_ui(ui, out);
    weights_ui(ui, view, local, &mut draft, out);
    input_ui(ui, &mut draft);
    norm_ui(ui, &mut draft);
    draft.finish(out);
}

/// The way to the page that measures networks on the pictures at hand.
fn compare_ui(ui: &mut egui::Ui, out: &mut Vec<Command>) {
    ui.add_space(tokens::SPACE_XS);
    let tooltip = "Measure which network is best on your pictures, and at what cost";
    let button = ui.button("Compare networks on these pictures…");
    if button.on_hover_text(tooltip).clicked() {
        let page = BackbonesPage::OnPictures;
        out.push(Command::Shootout(ShootoutAction::Show(page)));
    }
}

fn cards_ui(
    ui: &mut egui::Ui,
    view: &BackboneView,
    local: &mut BackboneLocal,
    draft: &mut Draft<'_>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 6.0;
        for (sort, title, tooltip) in SORTS {
            let text = egui::RichText::new(title).size(tokens::TEXT_SMALL);
            if ui
                .selectable_label(local.sort == sort, text)
                .on_hover_text(tooltip)
                .clicked()
            {
                local.sort = sort;
            }
        }
    });
    // The first few and the chosen one; the others where one asks for them, in the scroll area of the whole side.
    let (first, others): (Vec<_>, Vec<_>) = sorted(local.sort, &view.speeds)
        .into_iter()
        .enumerate()
        .partition(|(index, info)| {
            *index < FIRST_CARDS || info.name == view.editor.experiment.backbone.name
        });
    let mut cards_ui = |ui: &mut egui::Ui, cards: &[(usize, &'static ArchitectureInfo)]| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for (_, info) in cards {
            let selected = info.name == draft.experiment.backbone.name;
            let speed = view.speeds.get(info.name).copied();
            if card_ui(ui, info, speed, selected, CARD_HEIGHT) && !selected {
                choose(draft, info.name);
                local.wants_file = false;
            }
        }
    };
    ui.scope(|ui| cards_ui(ui, &first));
    if others.is_empty() {
        return;
    }
    let title = format!(
        "{} more",
        format::plural(others.len() as u64, "backbone", "backbones")
    );
    let tooltip = "Show the other backbones; the Backbones view compares all of them in a table";
    disclosure(ui, "more backbones", &title, tooltip, |ui| {
        cards_ui(ui, &others)
    });
}

/// Backbones that are shown at once.
const FIRST_CARDS: usize = 5;
const CARD_HEIGHT: f32 = 44.0;

/// Takes another backbone, and forgets what was said of the one before.
pub(in crate::app) fn choose(draft: &mut Draft<'_>, name: &str) {
    let backbone = &mut draft.experiment.backbone;
    backbone.name = name.into();
    // A size or a file that was chosen for another network means nothing to this one.
    backbone.input_size = None;
    if matches!(
        backbone.weights,
        WeightsSource::File(_) | WeightsSource::Part { .. } | WeightsSource::Named(_)
    ) {
        backbone.weights = WeightsSource::Pretrained;
    }
    backbone.preprocessing = Preprocessing::Auto;
    // So do the names of another network's layers.
    for phase in &mut draft.experiment.phases {
        crate::app::ui::layer_plan::forget_names(phase);
    }
    draft.touched(true, "");
}

fn card_ui(
    ui: &mut egui::Ui,
    info: &ArchitectureInfo,
    speed: Option<f64>,
    selected: bool,
    height: f32,
) -> bool {
    let colors = tokens(ui);
    let weights = info.default_weights();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let fill = match (selected, response.hovered()) {
        (true, _) => colors.accent_faint,
        (false, true) => colors.raised_hover,
        (false, false) => colors.faint,
    };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, tokens::RADIUS_M, fill);
    if selected || response.has_focus() {
        let stroke = egui::Stroke::new(tokens::STROKE_THIN, colors.accent);
        painter.rect_stroke(rect, tokens::RADIUS_M, stroke, egui::StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(tokens::SPACE_S, 6.0));
    painter.text(
        inner.left_top(),
        Align2::LEFT_TOP,
        info.title,
        tokens::medium_font(tokens::TEXT_BODY),
        colors.text,
    );
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    painter.text(
        inner.left_bottom(),
        Align2::LEFT_BOTTOM,
        line(info, speed),
        small.clone(),
        colors.text_muted,
    );
    let accuracy = accuracy_text(weights);
    let font = tokens::medium_font(tokens::TEXT_BODY);
    painter.text(
        inner.right_top(),
        Align2::RIGHT_TOP,
        accuracy,
        font,
        colors.text,
    );
    painter.text(
        inner.right_bottom(),
        Align2::RIGHT_BOTTOM,
        "ImageNet",
        small,
        colors.text_faint,
    );
    response.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::accesskit::Role::RadioButton,
            true,
            selected,
            info.title,
        )
    });
    let speed = speed.map_or_else(
        || "Its speed on this machine has not been measured yet".to_owned(),
        |speed| {
            let speed = per_second(speed);
            format!("{speed} pictures per second on this machine, with every layer frozen")
        },
    );
    let parameters = format::thousands(info.backbone_parameters);
    let parameters = match info.has_classifier() {
        true => format!(
            "{parameters} parameters without its ImageNet classifier, which the new head replaces; {} with it",
            format::thousands(info.parameters)
        ),
        false => {
            format!("{parameters} parameters; it learned without classes and has no classifier")
        }
    };
    let accuracy = weights.accuracy().map_or_else(
        || format!("No accuracy on ImageNet is published for {}", weights.name),
        |top1| {
            format!(
                "{top1:.1} % top-1 accuracy on ImageNet with {}",
                weights.name
            )
        },
    );
    let text = format!(
        "{}\n{}\n{parameters}\n\
         {:.2} billion multiply-adds (GFLOPs) per picture of {} pixels\n{speed}\n\
         {accuracy}\nWeights: {:.0} MB, {}; {}",
        info.title,
        info.paper,
        info.gflops,
        weights.input_size,
        weights.file_mb,
        weights.licence,
        weights.origin(),
    );
    response.on_hover_text(text).clicked()
}

fn input_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let backbone = &draft.experiment.backbone;
    let (own, (least, most)) = catalogue::find(&backbone.name).map_or((224, (32, 1024)), |info| {
        let own = weights::input_size(info, backbone);
        (own, info.input_range)
    });
    let tooltip = "Side of the square input of the network. A larger one shows finer detail; time and memory grow with its square";
    let mut changed = false;
    widgets::heading(ui, "Input");
    widgets::row(ui, "Input size", tooltip, |ui| {
        let size = &mut draft.experiment.backbone.input_size;
        let mut side = size.unwrap_or(own);
        let field = NumberField::new("Input size", &mut side, least..=most)
            .speed(1.0)
            .unit(" px")
            .tooltip(tooltip);
        if ui.add(field).changed() {
            *size = (side != own).then_some(side);
            changed = true;
        }
        if size.is_some() {
            let reset = widgets::icon_button(
                ui,
                icon::ARROW_COUNTER_CLOCKWISE,
                "Use the weights' default input size",
                "Back to the input size that the weights were trained with",
            );
            if reset.clicked() {
                *size = None;
                changed = true;
            }
        } else {
            ui.add(egui::Label::new(tokens(ui).small("the weights' default")).truncate());
        }
    });
    draft.touched(changed, "input size");
    widgets::problem(ui, draft.problem("backbone.input_size"));
}

const FROZEN_NORMS: [(NormPolicy, &str, &str); 3] = [
    (
        NormPolicy::Inference,
        "Inference",
        "Uses its running statistics and does not change them, as in Keras: nothing frozen changes",
    ),
    (
        NormPolicy::AdaptStatistics,
        "Adapt statistics",
        "Scale and offset stay frozen; the running statistics adapt to the new pictures",
    ),
    (
        NormPolicy::Train,
        "Train",
        "Scale, offset and statistics are trained although the layer is frozen, as in fastai",
    ),
];

const TRAINED_NORMS: [(TrainedNorm, &str, &str); 2] = [
    (
        TrainedNorm::Train,
        "Train",
        "Normalises by each batch and updates its running statistics, as in PyTorch",
    ),
    (
        TrainedNorm::Inference,
        "Inference",
        "Trains scale and offset, but normalises by its running statistics and without the backbone's own dropout, as the Keras guide recommends: safer with small batches",
    ),
];

fn norm_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    widgets::heading(ui, "Batch normalisation");
    let tooltip = "What a frozen BatchNorm layer does while training";
    let is_set = draft.experiment.backbone.frozen_norm != NormPolicy::Inference;
    let idle = draft.why_idle_unless(is_set, Control::FrozenNorm);
    let norm = &mut draft.experiment.backbone.frozen_norm;
    let frozen = widgets::idle_if(ui, idle, |ui| {
        widgets::choice(ui, "Frozen layers", tooltip, norm, &FROZEN_NORMS)
    });
    let tooltip = "What a trainable BatchNorm layer does while training";
    let idle = draft.why_idle(Control::TrainedNorm);
    let norm = &mut draft.experiment.backbone.trained_norm;
    let trained = widgets::idle_if(ui, idle, |ui| {
        widgets::choice(ui, "Trainable layers", tooltip, norm, &TRAINED_NORMS)
    });
    draft.touched(frozen || trained, "");
}
