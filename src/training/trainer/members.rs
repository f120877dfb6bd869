//! The pictures of one split of a run.

use crate::data::Dataset;

/// Pictures that are used together, with their true classes.
pub(super) struct Members {
    /// Indices into the data set.
    pub pictures: Vec<usize>,
    pub labels: Vec<u32>,
}

impl Members {
    pub fn new(dataset: &Dataset, indices: &[usize]) -> Self {
        let labels = indices
            .iter()
            .map(|&index| dataset.pictures[index].label)
            .collect();
        Self {
            pictures: indices.to_vec(),
            labels,
        }
    }

    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// How many there are of each class.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
        counts
    }
}
