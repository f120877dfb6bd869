//! Which parts of a run's pictures have their features on disk: see [`super::shards`].

use std::collections::BTreeSet;
use std::path::Path;

use tch::Device;

use super::cache_coverage::{CoverageInput, CoverageLookup};
use super::cores::use_all_cores;
use super::error::TrainingError;
use super::shards::{Shard, batch_of, depths_of, portions, rows_of};

/// What of one part is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShardCoverage {
    /// Of the data set, by index.
    pub pictures: BTreeSet<usize>,
    /// Those of them that miss a feature which the run needs.
    pub missing: BTreeSet<usize>,
}

impl CoverageInput {
    /// Looks for the features of every one of `of` parts in `cache`; reads no picture. Where nothing is frozen from the beginning
    /// on, nothing is missing.
    ///
    /// # Errors
    /// As [`CoverageInput::cache_coverage`].
    pub fn shard_coverage(
        &self,
        cache: &Path,
        device: Device,
        of: usize,
    ) -> Result<Vec<ShardCoverage>, TrainingError> {
        use_all_cores();
        let batch = batch_of(device);
        let mut lookup = CoverageLookup::new(self, cache, device, &self.split.all())?;
        let frozen_depths = lookup.network.frozen_depths(&self.experiment)?;
        let mut parts = vec![ShardCoverage::default(); of];
        for (split, rows, pictures) in rows_of(&self.experiment, &self.split) {
            let mut is_missing = vec![false; rows.len()];
            let keys = lookup.disk.as_ref().map(|disk| disk.keys(&rows));
            for depth in depths_of(split, &frozen_depths) {
                let missing = match (&mut lookup.disk, &keys) {
                    (Some(disk), Some(keys)) => disk.find(&lookup.network, depth, keys)?.missing(),
                    _ => (0..rows.len()).collect(),
                };
                missing.into_iter().for_each(|row| is_missing[row] = true);
            }
            for (shard, part) in Shard::all(of).zip(&mut parts) {
                let own = portions(shard, rows.len(), pictures, batch, usize::MAX);
                for row in own.into_iter().flatten() {
                    let picture = rows[row].picture;
                    part.pictures.insert(picture);
                    if is_missing[row] {
                        part.missing.insert(picture);
                    }
                }
            }
        }
        Ok(parts)
    }
}
