//! The way between a run and the features on disk: which rows are there, reading them, and writing new ones.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::about::{About, folder_of};
use super::key::{Recipe, SegmentDigests, Surroundings, row_keys, seen, stands_alone};
use super::pack::{Layout, PackWriter, RowKey, RowKind};
use super::resident::Resident;
use super::store::{FeatureStore, RowPosition, Shelf};
use crate::data::Dataset;
use crate::data::contents::{Contents, Stamp, identity};
use crate::experiment::Augmentation;
use crate::libtorch::cuda;
use crate::training::error::TrainingError;
use crate::training::micro_batch::{MicroBatch, forward_batch};
use crate::training::network::Network;
use crate::training::sample::Sample;

/// The features on disk, as one run sees them.
pub(in crate::training) struct Disk {
    store: FeatureStore,
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
        let shelf = self.store.shelf(&recipe);
        let find = |key: &Option<RowKey>| key.as_ref().and_then(|key| shelf.find(key));
        let mut positions: Vec<Option<RowPosition>> = keys.iter().map(find).collect();
        // Rows that are told by their batch are computed by the batch.
        if !self.is_alone {
            for batch in positions.chunks_mut(self.batch) {
                if batch.iter().any(Option::is_none) {
                    batch.fill(None);
                }
            }
        }
        // Rows of earlier versions have no name yet.
        if positions.iter().any(Option::is_some) {
            self.describe(&recipe, network, depth);
        }
        Ok(RowsOnDisk { shelf, positions })
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

/// What of some rows is on disk.
pub(in crate::training) struct RowsOnDisk {
    shelf: Shelf,
    positions: Vec<Option<RowPosition>>,
}

impl RowsOnDisk {
    /// For runs that keep nothing on disk.
    pub fn nothing(rows: usize) -> Self {
        Self {
            shelf: Shelf::default(),
            positions: vec![None; rows],
        }
    }

    /// The rows that are not there.
    pub fn missing(&self) -> Vec<usize> {
        let positions = self.positions.iter().enumerate();
        positions
            .filter(|(_, position)| position.is_none())
            .map(|(row, _)| row)
            .collect()
    }

    /// Of every row; `None` when there is none.
    pub fn layout(&self) -> Option<&Layout> {
        self.shelf.layout()
    }

    /// Copies the rows that are there into `target`. Gives those that turned out to be damaged.
    ///
    /// # Errors
    /// libtorch's own, memory that ran out on the device of `target` among them.
    pub fn load(
        &self,
        target: &Resident,
        micro_batch: &MicroBatch,
    ) -> Result<Vec<usize>, TrainingError> {
        let Some(layout) = self.layout() else {
            return Ok(Vec::new());
        };
        let _guard = tch::no_grad_guard();
        let rows: Vec<(usize, RowPosition)> = self
            .positions
            .iter()
            .enumerate()
            .filter_map(|(row, position)| Some((row, (*position)?)))
            .collect();
        let mut damaged = Vec::new();
        let mut bytes = Vec::new();
        for part in rows.chunks(LOADED_AT_ONCE) {
            let length = layout.row_bytes() as usize;
            bytes.resize(length * part.len(), 0);
            let outcomes: Vec<io::Result<()>> = bytes
                .par_chunks_mut(length)
                .zip(part)
                .map(|(out, (_, position))| self.shelf.read(*position, out))
                .collect();
            damaged.extend(
                part.iter()
                    .zip(outcomes)
                    .filter(|(_, outcome)| outcome.is_err())
                    .map(|((row, _), _)| *row),
            );
            let loaded = tensor_of(&bytes, layout, part.len())?;
            let indices: Vec<i64> = part.iter().map(|(row, _)| *row as i64).collect();
            micro_batch.again(|| -> Result<(), TrainingError> {
                let mut target = target.tensor();
                let loaded = loaded.f_to(target.device())?;
                let indices = cuda::numbers_to(&indices, target.device())?;
                let _ = target.f_index_copy_(0, &indices, &loaded)?;
                Ok(())
            })?;
        }
        self.touch();
        Ok(damaged)
    }

    /// The rows at `rows`, read from disk, `[N, …]`, in the machine's memory; all of them must be there.
    ///
    /// # Errors
    /// [`TrainingError::Experiment`] with the remedy where a row is gone or damaged, and libtorch's own.
    pub fn read(&self, rows: &[i64]) -> Result<Tensor, TrainingError> {
        let gone = |error: &dyn std::fmt::Display| {
            TrainingError::Experiment(format!(
                "kept features can't be read any more ({error}): run “graft cache --clear” and train again"
            ))
        };
        let layout = self.layout().ok_or_else(|| gone(&"they are not there"))?;
        let length = layout.row_bytes() as usize;
        let mut bytes = vec![0; length * rows.len()];
        bytes
            .par_chunks_mut(length)
            .zip(rows)
            .try_for_each(|(out, &row)| match self.positions[row as usize] {
                Some(position) => self.shelf.read(position, out),
                None => Err(io::ErrorKind::NotFound.into()),
            })
            .map_err(|error| gone(&error))?;
        tensor_of(&bytes, layout, rows.len())
    }

    /// Notes that these rows were of use.
    pub fn touch(&self) {
        self.shelf.touch(self.positions.iter().copied().flatten());
    }
}

/// Rows that are read at a time on their way into memory.
const LOADED_AT_ONCE: usize = 64;

/// The layout of `rows`, `[N, …]`; `None` for numbers that are not kept.
pub(super) fn layout_of(rows: &Tensor) -> Option<Layout> {
    let kind = match rows.kind() {
        Kind::Float => RowKind::Float32,
        Kind::BFloat16 => RowKind::BFloat16,
        Kind::Half => RowKind::Float16,
        _ => return None,
    };
    let sides = rows.size();
    let shape = sides.iter().skip(1).map(|&side| u32::try_from(side).ok());
    Some(Layout {
        kind,
        shape: shape.collect::<Option<_>>()?,
    })
}

/// Libtorch's name of the numbers.
pub(super) fn kind_of(layout: &Layout) -> Kind {
    match layout.kind {
        RowKind::Float32 => Kind::Float,
        RowKind::BFloat16 => Kind::BFloat16,
        RowKind::Float16 => Kind::Half,
    }
}

/// `[rows, …]`
pub(super) fn shape_of(layout: &Layout, rows: usize) -> Vec<i64> {
    let sides = layout.shape.iter().map(|&side| i64::from(side));
    std::iter::once(rows as i64).chain(sides).collect()
}

fn tensor_of(bytes: &[u8], layout: &Layout, rows: usize) -> Result<Tensor, TrainingError> {
    let shape = shape_of(layout, rows);
    Ok(Tensor::f_from_data_size(bytes, &shape, kind_of(layout))?)
}
