//! One panel a file: plain view data first (`…View::build`), then the function that draws it (`…_ui`).

pub mod advice;
pub mod augmentation;
pub mod augmentation_view;
mod axes;
pub mod backbone;
mod backbones_scatter;
pub mod backbones_view;
mod callout;
pub mod compare;
pub mod curves;
pub mod data;
mod data_group;
mod data_table;
pub mod data_view;
pub mod diagnosis;
pub mod editor;
pub mod effect;
pub mod evaluation;
pub mod feature_cache;
pub mod forecast;
pub mod format;
pub mod gallery;
pub mod head;
mod head_stages;
pub mod layer_plan;
pub mod layers;
pub mod log;
pub mod matrix;
mod phase_rules;
pub mod phases;
pub mod results;
mod results_verdict;
pub mod runs;
pub mod table_preview;
pub mod textures;
pub mod training;
pub mod weights;
pub mod widgets;

#[cfg(test)]
pub(in crate::app) mod fakes;
#[cfg(test)]
mod tests;
