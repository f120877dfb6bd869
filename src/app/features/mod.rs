//! One folder a feature: plain view data first (`…View::build`), then the function that draws it (`…_ui`).

pub mod augmentation;
pub mod backbone;
pub mod compare;
pub mod curves;
pub mod data;
pub mod evaluation;
pub mod export;
pub mod feature_cache;
pub mod gallery;
pub mod head;
pub mod layers;
pub mod log;
pub mod results;
pub mod runs;
pub mod training;

#[cfg(test)]
pub(in crate::app) mod fakes;
#[cfg(test)]
mod tests;
