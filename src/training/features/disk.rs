//! The way between a run and the features on disk: which rows are there, and writing new ones.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use tch::Device;

use super::about::{About, folder_of};
use super::key::{Recipe, SegmentDigests, Surroundings, row_keys, seen, stands_alone};
use super::pack::{Layout, PackWriter, RowKey};
use super::rows_on_disk::RowsOnDisk;
use super::scratch::Scratch;
use super::shelf::Shelf;
use super::store::FeatureStore;
use crate::data::contents::{Contents, Stamp, identity};
use crate::data::{Dataset, StopFlag};
use crate::experiment::Augmentation;
use crate::training::error::TrainingError;
use crate::training::micro_batch::forward_batch;
use crate::training::network::Network;
use crate::training::sample::Sample;

/// The features on disk, as one run sees them.
pub(in crate::training) struct Disk {
    store: FeatureStore,
    /// What was found there, by the recipe's name.
    shelves: HashMap<String, Shelf>,
    /// This machine's own, in front of it.
    scratch: Option<Scratch>,
    reading_bytes_per_second: f64,
    limit: u64,
    surroundings: Surroundings,
    augmentation: Augmentation,
    dataset: Arc<Dataset>,
    /// Of every picture of the data set that the run uses.
    contents: Vec<Option<Contents>>,
    is_alone: bool,
    /// Pictures that are computed together.
    batch: usize,
    digests: SegmentDigests,
}

impl Disk {
    /// `None` where nothing may be kept. No picture is known yet: see [`Self::set_contents`]. `reading_bytes_per_second`: what
    /// rows are taken to come back with. `digests`: those of the network that are known already.
    pub fn open(
        cache: &Path,
        reading_bytes_per_second: f64,
        surroundings: Surroundings,
        augmentation: &Augmentation,
        dataset: &Arc<Dataset>,
        device: Device,
        digests: SegmentDigests,
    ) -> Option<Self> {
        let store = FeatureStore::new(cache);
        let limit = store.limit();
        if limit == 0 {
            return None;
        }
        Some(Self {
            store,
            shelves: HashMap::new(),
            scratch: None,
            reading_bytes_per_second,
            limit,
            surroundings,
            augmentation: augmentation.clone(),
            dataset: dataset.clone(),
            contents: vec![None; dataset.pictures.len()],
            is_alone: stands_alone(device),
            batch: forward_batch(device),
            digests,
        })
    }

    /// The same with a folder of this machine in front, where one is set.
    pub fn behind(mut self, scratch: Option<Scratch>) -> Self {
        self.scratch = scratch;
        self
    }

    /// What the files of `pictures` hold; a picture that is not known is neither looked for nor kept.
    pub fn set_contents(&mut self, pictures: &[usize], contents: Vec<Option<Contents>>) {
        for (&picture, found) in pictures.iter().zip(contents) {
            self.contents[picture] = found;
        }
    }

    /// How quickly rows are taken to come back.
    pub fn reading_bytes_per_second(&self) -> f64 {
        self.reading_bytes_per_second
    }

    /// Weights beyond `depth` have changed.
    pub fn forget_beyond(&mut self, depth: usize) {
        self.digests.forget_beyond(depth);
        self.shelves.clear();
    }

    /// Features of this picture must not be kept, because it could not be read.
    pub fn forget_picture(&mut self, picture: usize) {
        self.contents[picture] = None;
    }

    /// The keys of samples that are computed in this order.
    pub fn keys(&self, samples: &[Sample]) -> Vec<Option<RowKey>> {
        let pictures: Vec<Option<[u8; 32]>> = samples
            .iter()
            .map(|sample| {
                let contents = self.contents[sample.picture].as_ref()?;
                let identity = identity(&self.dataset.pictures[sample.picture].source, contents);
                Some(seen(&identity, sample.transform, &self.augmentation))
            })
            .collect();
        row_keys(&pictures, (!self.is_alone).then_some(self.batch))
    }

    /// Which of these rows are there at `depth`.
    ///
    /// # Errors
    /// libtorch's own, where the network's weights are looked at for the first time.
    pub fn find(
        &mut self,
        network: &Network,
        depth: usize,
        keys: &[Option<RowKey>],
    ) -> Result<RowsOnDisk, TrainingError> {
        let recipe = self.recipe(network, depth)?;
        let together = if self.is_alone { 1 } else { self.batch };
        let mut found = RowsOnDisk::nothing(keys.len(), together);
        if let Some(scratch) = &mut self.scratch {
            found.add_near(scratch.shelf(&recipe), keys);
        }
        let shelf = self.shelves.entry(recipe.name()).or_default();
        let is_first = shelf.packs().is_empty();
        self.store.shelf(&recipe, shelf);
        found.add(shelf, keys);
        found.keep_whole_batches();
        // Rows of earlier versions have no name yet.
        if is_first && found.missing().len() < keys.len() {
            self.describe(&recipe, network, depth);
        }
        Ok(found)
    }

    /// Copies to this machine's own folder, where one is set, those of the rows that stand elsewhere. What can't be read is
    /// missing from then on. Gives what there is to say where that folder does not serve.
    ///
    /// # Errors
    /// libtorch's own, and [`TrainingError::Stopped`].
    pub fn bring_near(
        &mut self,
        network: &Network,
        depth: usize,
        keys: &[Option<RowKey>],
        found: &mut RowsOnDisk,
        stop: &StopFlag,
    ) -> Result<Option<String>, TrainingError> {
        if self.scratch.is_none() || found.far().is_empty() {
            return Ok(None);
        }
        let recipe = self.recipe(network, depth)?;
        let Some(scratch) = &mut self.scratch else {
            return Ok(None);
        };
        let was_read = scratch.copy_rows(&recipe, keys, found, stop);
        if stop.is_stopped() {
            return Err(TrainingError::Stopped);
        }
        let trouble = scratch.take_trouble();
        if was_read {
            *found = self.find(network, depth, keys)?;
        }
        Ok(trouble)
    }

    /// Takes note of a file that was written just now, and copies it to this machine's own folder, where one is set; what there
    /// is to say where that does not serve.
    pub fn wrote(&mut self, path: &Path) -> Option<String> {
        // What is computed again gets the name that it had.
        self.shelves
            .values_mut()
            .for_each(|shelf| shelf.forget(path));
        let scratch = self.scratch.as_mut()?;
        scratch.copy_file(path);
        scratch.take_trouble()
    }

    /// A file for `rows` rows at `depth`; `None` when they are more than may be kept.
    ///
    /// # Errors
    /// libtorch's own, where the network's weights are looked at for the first time; inside, what the disk says.
    pub fn writer(
        &mut self,
        network: &Network,
        depth: usize,
        layout: Layout,
        rows: usize,
    ) -> Result<Option<io::Result<PackWriter>>, TrainingError> {
        if layout.row_bytes().saturating_mul(rows as u64) > self.limit {
            return Ok(None);
        }
        let recipe = self.recipe(network, depth)?;
        let writer = self.store.writer(&recipe, layout);
        if writer.is_ok() {
            self.describe(&recipe, network, depth);
        }
        Ok(Some(writer))
    }

    /// Bytes that may be kept.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// What one row takes at `depth`, where some are there.
    ///
    /// # Errors
    /// libtorch's own, where the network's weights are looked at for the first time.
    pub fn row_bytes(
        &mut self,
        network: &Network,
        depth: usize,
    ) -> Result<Option<u64>, TrainingError> {
        let found = self.find(network, depth, &[])?;
        Ok(found.layout().map(Layout::row_bytes))
    }

    /// Says for people what the rows of `recipe` are.
    fn describe(&self, recipe: &Recipe, network: &Network, depth: usize) {
        let about = About {
            backbone: self.surroundings.backbone.clone(),
            side: self.surroundings.spec.side,
            depth,
            segments: network.depth(),
            pictures: folder_of(&self.dataset).into_iter().collect(),
        };
        self.store.describe(recipe, about);
    }

    /// Of `samples` with their `keys`: those whose file is no longer what it was when its contents were looked at.
    pub fn stale(&self, samples: &[Sample], keys: &[Option<RowKey>]) -> HashSet<RowKey> {
        let is_stale = |(sample, key): (&Sample, &Option<RowKey>)| {
            let key = (*key)?;
            let stamp = self.contents[sample.picture].map(|contents| contents.stamp);
            let path = self.dataset.pictures[sample.picture].source.path();
            (Stamp::of(path).ok() != stamp).then_some(key)
        };
        samples
            .par_iter()
            .zip(keys.par_iter())
            .filter_map(is_stale)
            .collect()
    }

    /// Keeps to the limit, after something was written.
    pub fn prune(&self) {
        self.store.prune();
    }

    fn recipe(&mut self, network: &Network, depth: usize) -> Result<Recipe, TrainingError> {
        let is_pooled = depth == network.depth();
        let digests = self.digests.of(network, depth)?;
        Ok(self.surroundings.recipe(digests, is_pooled))
    }
}
