//! The bridge to the panels: which sections and views there are, and what each remembers.

use std::collections::BTreeMap;

use eframe::egui;

use crate::app::core::command::{Command, View};
use crate::app::core::evaluation::{self, Part};
use crate::app::core::gallery::GalleryWants;
use crate::app::core::state::{DocumentId, Scan, State};
use crate::app::features::augmentation::augmentation_view::{
    AugmentationPreviewLocal, AugmentationPreviewView, augmentation_view_ui,
};
use crate::app::features::augmentation::{
    AugmentationEditorView, AugmentationLocal, augmentation_ui,
};
use crate::app::features::backbone::backbones_view::{
    BackbonesLocal, BackbonesView, backbones_view_ui,
};
use crate::app::features::backbone::{BackboneLocal, BackboneView, backbone_ui};
use crate::app::features::compare::view::{CompareView, pictures_folder};
use crate::app::features::compare::{CompareCache, CompareLocal, compare_ui};
use crate::app::features::curves::curves_ui;
use crate::app::features::data::data_view::{DataViewCache, DataViewLocal, data_view_ui};
use crate::app::features::data::table_preview::TableView;
use crate::app::features::data::{DataEditorLocal, DataEditorView, data_editor_ui};
use crate::app::features::evaluation::cache::EvaluationCache;
use crate::app::features::evaluation::view::EvaluationView;
use crate::app::features::evaluation::{EvaluationLocal, evaluation_ui};
use crate::app::features::feature_cache::{FeatureCacheLocal, FeatureCacheView, feature_cache_ui};
use crate::app::features::gallery::{GalleryLocal, gallery_ui};
use crate::app::features::head::{HeadLocal, HeadView, head_ui};
use crate::app::features::layers::{LayersCache, LayersLocal, layers_summary_ui, layers_ui};
use crate::app::features::log::{LogLocal, LogView, log_ui};
use crate::app::features::results::{ResultsLocal, ResultsView, results_ui};
use crate::app::features::runs::{RunsLocal, RunsView, runs_ui};
use crate::app::features::training;
use crate::app::features::training::advice::{AdviceLocal, AdviceView, advice_ui};
use crate::app::features::training::forecast::{ForecastView, forecast_ui};
use crate::app::features::training::phases::{PhasesLocal, PhasesView, phases_ui};
use crate::app::features::training::{TrainingLocal, training_ui};
use crate::app::shell::Graft;
use crate::app::ui::curves::{CurvesLocal, CurvesView};
use crate::app::ui::format;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::data::Split;
use crate::models::tree::LayerTree;

/// What the panels that edit an experiment remember of it between frames: half-typed texts, what is searched, folded and
/// selected. One for each open experiment, so that nothing of one is shown or written in another.
#[derive(Default)]
struct DocumentPanelState {
    data: DataEditorLocal,
    advice: AdviceLocal,
    backbone: BackboneLocal,
    layers: LayersLocal,
    head: HeadLocal,
    augmentation: AugmentationLocal,
    phases: PhasesLocal,
    training: TrainingLocal,
}

/// What the panels remember between frames.
#[derive(Default)]
pub struct PanelState {
    documents: BTreeMap<DocumentId, DocumentPanelState>,
    /// Shown at three places in every frame, built when something has changed.
    layers_view: LayersCache,
    data_view: DataViewLocal,
    data_cache: DataViewCache,
    preview: AugmentationPreviewLocal,
    backbones: BackbonesLocal,
    curves: CurvesLocal,
    results: ResultsLocal,
    evaluation: EvaluationLocal,
    evaluation_view: EvaluationCache,
    compare: CompareLocal,
    compare_view: CompareCache,
    gallery: GalleryLocal,
    log: LogLocal,
    runs: RunsLocal,
    feature_cache: FeatureCacheLocal,
}

/// A part of the left side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Data,
    Advice,
    Backbone,
    Layers,
    Head,
    Augmentation,
    Phases,
    Training,
    FeatureCache,
}

impl Section {
    pub const ALL: [Self; 9] = [
        Self::Data,
        Self::Advice,
        Self::Backbone,
        Self::Layers,
        Self::Head,
        Self::Augmentation,
        Self::Phases,
        Self::Training,
        Self::FeatureCache,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Advice => "Advice",
            Self::Backbone => "Backbone",
            Self::Layers => "Layers",
            Self::Head => "Head",
            Self::Augmentation => "Augmentation",
            Self::Phases => "Phases",
            Self::Training => "Training",
            Self::FeatureCache => "Feature cache",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            Self::Data => icon::IMAGES,
            Self::Advice => icon::LIGHTBULB,
            Self::Backbone => icon::STACK,
            Self::Layers => icon::SNOWFLAKE,
            Self::Head => icon::GRAPH,
            Self::Augmentation => icon::MAGIC_WAND,
            Self::Phases => icon::LIST_BULLETS,
            Self::Training => icon::SLIDERS_HORIZONTAL,
            Self::FeatureCache => icon::DATABASE,
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Data => "Which pictures, how they are split, how one becomes a square",
            Self::Advice => "What the number of pictures says about how to train",
            Self::Backbone => "The pre-trained network and its weights",
            Self::Layers => "What of the backbone stays frozen in each phase",
            Self::Head => "The new layers on top of the backbone",
            Self::Augmentation => "Random changes to training pictures",
            Self::Phases => "Epochs, learning rates and optimizers, phase by phase",
            Self::Training => "What holds for all phases: batches, loss, which weights are kept",
            Self::FeatureCache => {
                "Outputs of frozen layers, kept on disk for the next run: how much, where, at most"
            }
        }
    }

    pub fn starts_open(self) -> bool {
        matches!(self, Self::Data | Self::Layers)
    }

    /// The beginnings of its fields' names in a preset.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Data => &["data"],
            Self::Backbone => &["backbone"],
            Self::Advice | Self::Layers | Self::FeatureCache => &[],
            Self::Head => &["head"],
            Self::Augmentation => &["augmentation"],
            Self::Phases => &["phases"],
            Self::Training => &["training", "seed", "name"],
        }
    }
}

impl Graft {
    pub(in crate::app) fn section_ui(
        &mut self,
        ui: &mut egui::Ui,
        section: Section,
        out: &mut Vec<Command>,
    ) {
        let state = &self.session.state;
        let locals = &mut self.locals;
        let Some(document) = state.active_document().map(|document| document.id) else {
            return;
        };
        let own = locals.documents.entry(document).or_default();
        // What egui itself keeps by a control's name (a half-typed number, the focus, a drag) is the document's too.
        ui.push_id(document, |ui| match section {
            Section::Data => {
                if let Some(view) = DataEditorView::build(state) {
                    data_editor_ui(ui, &view, &mut own.data, out);
                }
            }
            Section::Advice => match AdviceView::build(state) {
                Some(view) => advice_ui(ui, &view, &mut own.advice, out),
                None => {
                    ui.label(
                        tokens(ui)
                            .small("Advice follows once the pictures have been looked through."),
                    );
                }
            },
            Section::Backbone => {
                if let Some(view) = BackboneView::build(state) {
                    backbone_ui(ui, &view, &mut own.backbone, out);
                }
            }
            Section::Layers => {
                if let Some(view) = locals.layers_view.view(state) {
                    layers_summary_ui(ui, &view, &mut own.layers, out);
                }
            }
            Section::Head => {
                if let Some(view) = HeadView::build(state) {
                    head_ui(ui, &view, &mut own.head, out);
                }
            }
            Section::Augmentation => {
                let layers = locals.layers_view.view(state);
                if let Some(view) = AugmentationEditorView::build(
                    state,
                    layers.as_deref().map(|layers| &layers.phases[..]),
                ) {
                    augmentation_ui(ui, &view, &mut own.augmentation, out);
                }
            }
            Section::Phases => {
                if let Some(view) = PhasesView::build(state) {
                    phases_ui(ui, &view, &mut own.phases, out);
                }
            }
            Section::Training => {
                if let Some(view) = training::build(state) {
                    training_ui(ui, &view, &mut own.training, out);
                }
            }
            Section::FeatureCache => {
                let view = FeatureCacheView::build(state, crate::app::core::clock::now());
                feature_cache_ui(ui, &view, &mut locals.feature_cache, out);
            }
        });
    }

    /// What a closed section says on its line.
    pub(in crate::app) fn section_summary(&self, section: Section) -> String {
        let Some(document) = self.session.state.active_document() else {
            return String::new();
        };
        let experiment = &document.experiment;
        match section {
            Section::Data => match &self.session.state.scan {
                Scan::Done { dataset, .. } => {
                    format::plural(dataset.pictures.len() as u64, "picture", "pictures")
                }
                _ => String::new(),
            },
            Section::Advice => match self.locals.advice_pieces(&self.session.state) {
                None => String::new(),
                Some(0) => "all followed".into(),
                Some(number) => format::plural(number as u64, "hint", "hints"),
            },
            Section::Backbone => crate::models::catalogue::find(&experiment.backbone.name)
                .map_or_else(
                    || experiment.backbone.name.clone(),
                    |info| info.title.to_owned(),
                ),
            Section::Layers | Section::Training => String::new(),
            Section::FeatureCache => match &self.session.state.features.usage {
                Some(usage) => crate::format::bytes(usage.bytes),
                None => String::new(),
            },
            Section::Head => {
                format::plural(experiment.head.layers.len() as u64 + 1, "layer", "layers")
            }
            Section::Augmentation => if experiment.augmentation.is_active() {
                "on"
            } else {
                "off"
            }
            .into(),
            Section::Phases => format::plural(u64::from(experiment.epochs()), "epoch", "epochs"),
        }
    }

    /// The foot of the left side: how much of the network learns in the end.
    pub(in crate::app) fn totals_ui(&mut self, ui: &mut egui::Ui) {
        let t = tokens(ui);
        let layers = self.locals.layers_view.view(&self.session.state);
        let totals = layers.as_ref().and_then(|view| {
            view.phases
                .iter()
                .filter_map(|phase| phase.totals)
                .max_by_key(|totals| totals.trainable)
        });
        let Some(totals) = totals else {
            ui.label(t.small("Trainable parameters are counted once the layers are known"));
            return;
        };
        ui.horizontal(|ui| {
            let share = format::percent_of(totals.trainable, totals.all());
            ui.label(tokens::semibold(share).color(t.trainable));
            ui.label(t.muted("trainable"));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let text = format!(
                    "{} of {}",
                    format::compact(totals.trainable),
                    format::compact(totals.all())
                );
                ui.label(t.muted(text))
                    .on_hover_text("Parameters that learn in the phase that frees most, of all");
            });
        });
        let share = totals.trainable as f32 / totals.all().max(1) as f32;
        crate::app::ui::widgets::bar(ui, share, t.trainable, "Share of parameters that learn");
        if let Some(layers) = layers {
            forecast_ui(
                ui,
                &ForecastView::build(&self.session.state, &layers.phases),
            );
        }
    }

    pub(in crate::app) fn runs_side_ui(&mut self, ui: &mut egui::Ui, out: &mut Vec<Command>) {
        runs_ui(
            ui,
            &RunsView::build(&self.session.state, crate::app::core::clock::now()),
            &mut self.locals.runs,
            out,
        );
    }
}

impl PanelState {
    /// Opens every node of the layer view's tree.
    pub(in crate::app) fn expand_all_layers(&mut self, document: DocumentId, tree: &LayerTree) {
        let own = self.documents.entry(document).or_default();
        own.layers.expand_all(tree);
    }

    /// After a document was closed: what was typed there goes with it.
    pub(in crate::app) fn forget(&mut self, document: DocumentId) {
        self.documents.remove(&document);
    }

    fn advice_pieces(&self, state: &State) -> Option<usize> {
        let document = state.active_document()?;
        match self.documents.get(&document.id) {
            Some(own) => own.advice.pieces(state),
            None => AdviceLocal::default().pieces(state),
        }
    }

    pub(in crate::app) fn view_ui(
        &mut self,
        ui: &mut egui::Ui,
        view: View,
        state: &State,
        out: &mut Vec<Command>,
    ) {
        match view {
            View::Data => {
                let data = self.data_cache.view(state);
                let table = TableView::build(state);
                data_view_ui(ui, &data, table.as_ref(), &mut self.data_view, out);
                if !self.data_view.wanted.is_empty() {
                    out.push(Command::WantThumbnails(self.data_view.wanted.clone()));
                }
            }
            View::Layers => match (state.active_document(), self.layers_view.view(state)) {
                (Some(document), Some(view)) => {
                    let own = self.documents.entry(document.id).or_default();
                    ui.push_id(document.id, |ui| {
                        layers_ui(ui, &view, &mut own.layers, out);
                    });
                }
                _ => no_experiment_ui(ui, out),
            },
            View::Augmentation => match AugmentationPreviewView::build(state) {
                Some(view) => {
                    augmentation_view_ui(ui, &view, &mut self.preview, out);
                    if let Some((index, seed, count)) = self.preview.wanted {
                        out.push(Command::WantPreview { index, seed, count });
                    }
                }
                None => no_experiment_ui(ui, out),
            },
            View::Backbones => match BackbonesView::build(state, &self.backbones) {
                Some(view) => backbones_view_ui(ui, &view, &mut self.backbones, out),
                None => no_experiment_ui(ui, out),
            },
            View::Curves => curves_ui(ui, &CurvesView::build(state), &mut self.curves, out),
            View::Results => results_ui(ui, &ResultsView::build(state), &mut self.results, out),
            View::Evaluation => {
                let local = &mut self.evaluation;
                let split = state.shown_split.unwrap_or(Split::Test);
                let run = evaluation::shown(state);
                let part = run
                    .and_then(|run| run.folder.clone())
                    .and_then(|folder| state.evaluation.parts.get(&(folder, split)));
                let mut body = None;
                if let Some(Part::Ready(answers)) = part
                    && let Some(source) = &answers.source
                {
                    let intervals = state.evaluation.intervals.as_ref();
                    let intervals = intervals.map(|(key, evaluation)| (key, evaluation));
                    local.keep_to(&source.predictions().classes);
                    let choices = &local.choices;
                    let (built, wanted) =
                        self.evaluation_view
                            .body(source, choices, intervals, ui.ctx());
                    body = built;
                    out.extend(wanted.map(Command::WantIntervals));
                }
                // A run's answers on its test pictures stand in its folder as a rule.
                if let Some(run) = run
                    && part.is_none()
                    && split == Split::Test
                    && run
                        .summary
                        .as_ref()
                        .is_some_and(|summary| summary.test.is_some())
                {
                    out.push(Command::WantEvaluation(run.id.clone(), split));
                }
                let view = EvaluationView::build(state, body);
                let before = local.choices;
                evaluation_ui(ui, &view, local, out);
                if local.choices != before {
                    // What was drawn stands for the choices before.
                    ui.ctx().request_repaint();
                }
            }
            View::Compare => {
                let local = &mut self.compare;
                let body = self.compare_view.body(state, local.pair, local.clustered);
                let view = CompareView::build(state, body);
                let before = (local.pair, local.clustered);
                compare_ui(ui, &view, &state.gallery.thumbnails, local, out);
                if (local.pair, local.clustered) != before {
                    ui.ctx().request_repaint();
                }
                if let Some(folder) = pictures_folder(state) {
                    out.push(Command::WantGallery(Box::new(GalleryWants {
                        runs: vec![folder],
                        thumbnails: local.wanted.clone(),
                        ..GalleryWants::default()
                    })));
                }
            }
            View::Gallery => {
                let view = self.gallery.view(state);
                gallery_ui(ui, &view, state, &mut self.gallery, out);
            }
            View::Log => log_ui(ui, &LogView::build(state), &mut self.log, out),
        }
    }
}

fn no_experiment_ui(ui: &mut egui::Ui, out: &mut Vec<Command>) {
    ui.vertical_centered(|ui| {
        ui.add_space(tokens::SPACE_XXL);
        ui.label(tokens(ui).muted("No experiment is open"));
        if ui
            .button("Open pictures…")
            .on_hover_text("Begin with a folder of pictures sorted by class")
            .clicked()
        {
            out.push(Command::OpenPicturesDialog);
        }
    });
}
