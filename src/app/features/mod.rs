//! One folder a feature: its views and sections, their plain data (`…View::build`), then the functions that draw it (`…_ui`).
//! Which views and sections there are is said here alone.

pub mod augmentation;
pub mod backbone;
pub mod compare;
pub mod curves;
pub mod data;
pub mod evaluation;
pub mod export;
pub mod feature_cache;
pub mod gallery;
pub mod graphics_card;
pub mod head;
pub mod layers;
pub mod learning_curve;
pub mod log;
pub mod manual;
pub mod network_export;
pub mod predict;
pub mod rate_finder;
pub mod results;
pub mod runs;
pub mod shootout;
pub mod sweep;
pub mod training;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::shootout::BackbonesPage;
use crate::app::core::view_id::ViewId;
use crate::app::ui::view::{Section, View, ViewContext, ViewInfo};

/// The tabs of the middle, in their order at first and that of their shortcuts.
pub const VIEWS: &[&dyn View] = &[
    &data::data_view::DataTab,
    &layers::LayersTab,
    &augmentation::augmentation_view::AugmentationTab,
    &BackbonesTab,
    &curves::CurvesTab,
    &runs::table::RunsTab,
    &results::ResultsTab,
    &evaluation::EvaluationTab,
    &compare::CompareTab,
    &sweep::SweepTab,
    &gallery::GalleryTab,
    &predict::PredictTab,
    &learning_curve::LearningCurveTab,
    &log::LogTab,
];

/// The parts of the left side, in their order.
pub const SECTIONS: &[&dyn Section] = &[
    &data::DataSection,
    &training::advice::AdviceSection,
    &backbone::BackboneSection,
    &layers::LayersSection,
    &head::HeadSection,
    &augmentation::AugmentationSection,
    &training::phases::PhasesSection,
    &training::TrainingSection,
    &feature_cache::FeatureCacheSection,
];

/// The networks: what is known of them, and what they do on the pictures at hand. Two features, one tab.
struct BackbonesTab;

impl View for BackbonesTab {
    fn info(&self) -> ViewInfo {
        backbone::backbones_view::BackbonesTab.info()
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let page = context.state.shootout.page;
        shootout::pages_ui(ui, page, out);
        match page {
            BackbonesPage::Catalogue => {
                backbone::backbones_view::BackbonesTab.ui(ui, context, out);
            }
            BackbonesPage::OnPictures => {
                let local = context.panels.of_window();
                shootout::shootout_ui(ui, context.state, local, out);
            }
        }
    }
}

/// The names of all views.
pub fn view_ids() -> Vec<ViewId> {
    VIEWS.iter().map(|view| view.info().id).collect()
}

/// The view of that name.
pub fn view(id: ViewId) -> Option<&'static dyn View> {
    VIEWS.iter().copied().find(|view| view.info().id == id)
}

#[cfg(test)]
pub(in crate::app) mod fakes;
#[cfg(test)]
mod tests;
