//! The stratified, seeded split, and its file.

use super::{DataError, Dataset, SplitIndices};
use crate::experiment::Experiment;

/// Splits by class with the experiment's seed and shares; what the source assigned stays. Applies
/// `data.limit` to the training pictures.
pub fn split(dataset: &Dataset, experiment: &Experiment) -> Result<SplitIndices, DataError> {
    let _ = (dataset, experiment);
    unimplemented!()
}
