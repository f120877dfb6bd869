//! Left side: the random changes to training pictures.

pub mod augmentation_view;
pub mod requests;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{Document, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::editor::EditorView;
use crate::app::ui::effect::Control;
use crate::app::ui::forecast;
use crate::app::ui::layer_plan::PhaseLocks;
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::data::augment::flip_views;
use crate::experiment::{Augmentation, FreezePlan, Views, bounds};
use crate::format;
use crate::training::time_estimate::RunEstimate;

/// Which changes are drawn.
pub struct AugmentationSection;

impl Section for AugmentationSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Augmentation",
            icon: icon::MAGIC_WAND,
            tooltip: "Random changes to training pictures, so that the network sees more variety",
            fields: &["augmentation"],
            starts_open: false,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let plans = context.layer_plans();
        let phases = plans.as_deref().map(|plans| &plans.phases[..]);
        if let Some(view) = AugmentationEditorView::build(context.state, phases) {
            augmentation_ui(ui, &view, out);
        }
    }

    fn summary(&self, document: &Document, _context: &mut ViewContext<'_>) -> String {
        let augmentation = &document.experiment.augmentation;
        let is_on = augmentation.is_active() || augmentation.is_mixing();
        String::from(if is_on { "on" } else { "off" })
    }
}

/// Plain data of the augmentation editor.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentationEditorView {
    pub editor: EditorView,
    /// What the choice of views costs, in a sentence.
    pub cost: String,
    /// What both choices cost on these pictures and this machine; nothing until that is known.
    pub choice: Option<Choice>,
}

/// Changes drawn anew in every epoch, against some versions that are drawn once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    pub fresh: RunEstimate,
    pub cached: RunEstimate,
    /// How many versions.
    pub views: u32,
}

impl AugmentationEditorView {
    /// Nothing when no experiment is open.
    /// `layers` of the same experiment.
    pub fn build(state: &State, layers: Option<&[PhaseLocks]>) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let experiment = &editor.experiment;
        let frozen_epochs: u32 = experiment
            .phases
            .iter()
            .filter(|phase| phase.freeze != FreezePlan::Nothing)
            .map(|phase| phase.epochs)
            .sum();
        let cost = cost(&experiment.augmentation, frozen_epochs);
        let choice = layers
            .filter(|_| experiment.augmentation.is_active() && frozen_epochs > 0)
            // Nothing is kept of either.
            .filter(|_| !experiment.augmentation.is_mixing())
            .and_then(|layers| Choice::new(state, layers, &experiment.augmentation));
        Some(Self {
            editor,
            cost,
            choice,
        })
    }
}

impl Choice {
    fn new(state: &State, layers: &[PhaseLocks], augmentation: &Augmentation) -> Option<Self> {
        let views = match augmentation.views {
            Views::Cached(views) => views,
            Views::Fresh => usual_views(augmentation),
        };
        Some(Self {
            fresh: forecast::with_views(state, layers, Views::Fresh)?,
            cached: forecast::with_views(state, layers, Views::Cached(views))?,
            views,
        })
    }

    /// A line for each.
    fn lines(&self) -> [String; 2] {
        let seconds = format::estimate;
        [
            format!(
                "Every epoch: {} per epoch, {} in all",
                seconds(self.fresh.epoch_seconds),
                seconds(self.fresh.seconds())
            ),
            format!(
                "Cached, {}: {} once and {} of features, then {} per epoch, {} in all",
                format::plural(self.views.into(), "version", "versions"),
                seconds(self.cached.once_seconds),
                crate::format::bytes(self.cached.features),
                seconds(self.cached.epoch_seconds),
                seconds(self.cached.seconds())
            ),
        ]
    }
}

/// Versions that are kept unless a person says otherwise.
fn usual_views(augmentation: &Augmentation) -> u32 {
    if augmentation.has_continuous_changes() {
        8
    } else {
        flip_views(augmentation).max(2)
    }
}

fn cost(augmentation: &Augmentation, frozen_epochs: u32) -> String {
    if augmentation.is_mixing() {
        return match frozen_epochs {
            0 => "Nothing is frozen: new versions and mixed pictures cost no extra time.".into(),
            _ => format!(
                "Every epoch mixes pictures otherwise, so nothing is cached: the frozen layers compute every picture again in each of {}.",
                format::plural(frozen_epochs.into(), "epoch", "epochs")
            ),
        };
    }
    if !augmentation.is_active() {
        return "No augmentation: the frozen layers compute every picture once.".into();
    }
    if frozen_epochs == 0 {
        return "Nothing is frozen: new versions cost no extra time.".into();
    }
    match augmentation.views {
        Views::Fresh => format!(
            "The frozen layers compute every picture again in each of {}.",
            format::plural(frozen_epochs.into(), "epoch", "epochs")
        ),
        Views::Cached(views) => format!(
            "The frozen layers compute every picture {}, however many epochs follow.",
            format::plural(views.into(), "time", "times")
        ),
    }
}

/// What mixing does to the targets and to what is reported.
fn mixing_note(augmentation: &Augmentation) -> Option<&'static str> {
    let both = augmentation.mixup > 0.0 && augmentation.cutmix > 0.0;
    match (augmentation.is_mixing(), both) {
        (false, _) => None,
        (true, true) => Some(
            "Each batch draws one of both. The training loss counts both classes of a picture by their shares, the training accuracy the larger one: both look worse than on whole pictures.",
        ),
        (true, false) => Some(
            "The training loss counts both classes of a picture by their shares, the training accuracy the larger one: both look worse than on whole pictures.",
        ),
    }
}

pub fn augmentation_ui(ui: &mut egui::Ui, view: &AugmentationEditorView, out: &mut Vec<Command>) {
    let mut draft = view.editor.draft();
    let changes = &mut draft.experiment.augmentation;
    let mut touched = None;

    let tooltip =
        "Mirror left and right, with probability 50 %: for objects that look the same mirrored";
    if widgets::toggle(ui, "Horizontal flip", tooltip, &mut changes.horizontal_flip) {
        touched = Some("");
    }
    let tooltip = "Mirror top and bottom, with probability 50 %: for pictures taken from above, or of flat objects";
    if widgets::toggle(ui, "Vertical flip", tooltip, &mut changes.vertical_flip) {
        touched = Some("");
    }
    let tooltip = "Rotate at random by up to this angle in either direction";
    if widgets::slider(
        ui,
        "Rotation",
        tooltip,
        &mut changes.rotation,
        0.0..=180.0,
        1.0,
        "°",
    ) {
        touched = Some("rotation");
    }
    let shares: [(&str, &str, &str, &mut f64, f64, &'static str); 7] = [
        (
            "Zoom",
            "zoom",
            "Zoom in or out at random by up to this factor",
            &mut changes.zoom,
            0.9,
            "zoom",
        ),
        (
            "Translation",
            "translation",
            "Shift at random by up to this share of the side, horizontally and vertically",
            &mut changes.translation,
            0.9,
            "translation",
        ),
        (
            "Crop",
            "crop",
            "Random resized crop: the largest share of the area that may be cut away",
            &mut changes.crop,
            0.95,
            "crop",
        ),
        (
            "Contrast",
            "contrast",
            "Change the contrast at random by up to this share",
            &mut changes.contrast,
            1.0,
            "contrast",
        ),
        (
            "Brightness",
            "brightness",
            "Change the brightness at random by up to this share of the full range",
            &mut changes.brightness,
            1.0,
            "brightness",
        ),
        (
            "Colour jitter",
            "color_jitter",
            "Change saturation at random by up to this share, and hue by up to a tenth of it",
            &mut changes.color_jitter,
            1.0,
            "colour jitter",
        ),
        (
            "Cutout",
            "cutout",
            "Cover a random square, with a side of up to this share of the picture's",
            &mut changes.cutout,
            0.9,
            "cutout",
        ),
    ];
    for (label, field, tooltip, value, most, merge) in shares {
        if widgets::share_slider(ui, label, tooltip, value, most) {
            touched = Some(merge);
        }
        let field = format!("augmentation.{field}");
        let problem = view
            .editor
            .problems
            .iter()
            .find(|problem| problem.field == field);
        widgets::problem(ui, problem.map(|problem| problem.message.as_str()));
    }
    widgets::problem(ui, view.editor.draft().problem("augmentation.rotation"));
    let tooltip = "One of 14 operations for each picture, at a random strength: shear, shift, rotation, brightness, colour, contrast, sharpness, posterize, solarize, auto-contrast, equalize or none (TrivialAugmentWide). Needs no tuning, and goes with flips and crop";
    if widgets::toggle(ui, "TrivialAugment", tooltip, &mut changes.trivial_augment) {
        touched = Some("");
    }

    widgets::heading(ui, "Mixed pictures");
    let idle = (view.editor.situation).why_idle(Control::Mixing, &view.editor.experiment);
    let alphas = [
        (
            "Mixup, alpha",
            "augmentation.mixup",
            "Blend every picture with another of its batch, and their classes by the same share, drawn from Beta(alpha, alpha): 0 is off, 0.2 usual, 1 blends evenly",
            &mut changes.mixup,
            "mixup",
        ),
        (
            "CutMix, alpha",
            "augmentation.cutmix",
            "Paste a rectangle of another picture of the batch into every picture, and count its class by the rectangle's area, drawn from Beta(alpha, alpha): 0 is off, 1 usual",
            &mut changes.cutmix,
            "CutMix",
        ),
    ];
    widgets::idle_if(ui, idle, |ui| {
        for (label, field, tooltip, alpha, merge) in alphas {
            if widgets::slider(ui, label, tooltip, alpha, bounds::MIXING_ALPHA, 0.05, "") {
                touched = Some(merge);
            }
            widgets::problem(ui, view.editor.draft().problem(field));
        }
    });
    if let Some(text) = mixing_note(changes) {
        widgets::note(ui, text);
    }

    widgets::heading(ui, "Versions of a picture");
    #[derive(Clone, PartialEq)]
    enum Kind {
        Fresh,
        Cached,
    }
    let options = [
        (
            Kind::Fresh,
            "Every epoch",
            "New random changes for every picture in every epoch: no version is ever seen twice",
        ),
        (
            Kind::Cached,
            "Cached",
            "A few versions of each picture are made once and their features cached: epochs are then quick",
        ),
    ];
    let mut kind = if changes.views == Views::Fresh {
        Kind::Fresh
    } else {
        Kind::Cached
    };
    let tooltip = "Whether every epoch makes new versions, for which the frozen layers have to compute them all again";
    let idle = (view.editor.situation).why_idle(Control::Versions, &view.editor.experiment);
    let chosen = widgets::idle_if(ui, idle, |ui| {
        widgets::segmented_row(ui, "Versions", tooltip, &mut kind, &options)
    });
    if chosen {
        changes.views = match kind {
            Kind::Fresh => Views::Fresh,
            Kind::Cached => Views::Cached(usual_views(changes)),
        };
        touched = Some("");
    }
    if let Views::Cached(views) = &mut changes.views {
        let unit = format::unit((*views).into(), " version", " versions");
        let tooltip = "Number of versions of each picture; with flips alone, each combination once";
        if widgets::number(ui, "Per picture", tooltip, views, 1..=64, unit) {
            touched = Some("cached views");
        }
    }
    widgets::note(ui, &view.cost);
    if let Some(choice) = &view.choice {
        for line in choice.lines() {
            widgets::note(ui, &line);
        }
    }
    draft.touched(touched.is_some(), touched.unwrap_or_default());
    widgets::problem(ui, draft.problem("augmentation.views"));

    ui.add_space(tokens::SPACE_XS);
    ui.horizontal_wrapped(|ui| {
        let preview = ui.button(format!("{} Preview", icon::MAGIC_WAND));
        if preview
            .on_hover_text("See random versions of a training picture in the Augmentation view")
            .clicked()
        {
            out.push(Command::ShowView(ViewId::AUGMENTATION));
        }
        let augmentation = &draft.experiment.augmentation;
        let is_on = augmentation.is_active() || augmentation.is_mixing();
        ui.add_enabled_ui(is_on, |ui| {
            let none = ui
                .button("Switch all off")
                .on_hover_text("Switch every random change off: train on the pictures as they are");
            if none.clicked() {
                draft.experiment.augmentation = Augmentation::default();
                draft.touched(true, "");
            }
        });
    });
    draft.finish(out);
}

#[cfg(test)]
mod tests {
    use super::super::fakes;
    use super::*;
    use crate::app::ui::layer_plan::LayerPlans;
    use crate::training::cache_coverage::RowCounts;

    #[test]
    fn both_choices_are_said_with_what_they_cost() {
        let estimate = |once_seconds, epoch_seconds, features| RunEstimate {
            once_seconds,
            epochs_seconds: 10.0 * epoch_seconds,
            epoch_seconds,
            features,
            rows: RowCounts::default(),
        };
        let choice = Choice {
            fresh: estimate(3.0, 40.0, 0),
            cached: estimate(160.0, 1.0, 48_000_000),
            views: 4,
        };
        assert_eq!(
            choice.lines(),
            [
                "Every epoch: about 40 s per epoch, about 7 min in all",
                "Cached, 4 versions: about 3 min once and 48.0 MB of features, then about 1 s per epoch, about 3 min in all",
            ]
        );
    }

    #[test]
    fn keeping_versions_pays_where_epochs_repeat_the_frozen_work() {
        let mut state = fakes::state();
        let document = &mut state.documents[0];
        document.experiment.augmentation.rotation = 10.0;
        document.experiment.augmentation.views = Views::Cached(2);
        let layers = LayerPlans::build(&state).unwrap();
        let view = AugmentationEditorView::build(&state, Some(&layers.phases)).unwrap();
        let choice = view.choice.unwrap();
        assert_eq!(choice.views, 2);
        assert!(
            choice.fresh.epoch_seconds > choice.cached.epoch_seconds,
            "{choice:?}"
        );
        assert!(choice.cached.once_seconds > choice.fresh.once_seconds);
        assert!(choice.cached.features > choice.fresh.features);
        assert!(
            AugmentationEditorView::build(&state, None)
                .unwrap()
                .choice
                .is_none()
        );
    }

    #[test]
    fn the_cost_of_views_is_said() {
        let mut changes = Augmentation::default();
        assert!(cost(&changes, 10).starts_with("No augmentation"));
        changes.horizontal_flip = true;
        assert!(cost(&changes, 10).contains("each of 10 epochs"));
        changes.views = Views::Cached(2);
        assert!(cost(&changes, 10).contains("2 times"));
        assert!(cost(&changes, 0).starts_with("Nothing is frozen"));
        changes.mixup = 0.2;
        assert!(
            cost(&changes, 10).contains("nothing is cached")
                && cost(&changes, 10).contains("10 epochs")
        );
        assert!(cost(&changes, 0).starts_with("Nothing is frozen"));
    }
}
