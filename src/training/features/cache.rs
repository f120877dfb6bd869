//! The features that are kept, by split and depth.

use std::ops::Range;
use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use super::disk::{Disk, RowsOnDisk};
use super::resident::{Resident, Residents};
use super::room::Room;
use super::selection::Selection;
use crate::data::Split;
use crate::libtorch::cuda;
use crate::training::error::TrainingError;

/// The features of one split of pictures at one depth.
struct Block {
    split: Split,
    depth: usize,
    rows: FeatureRows,
}

pub(super) enum FeatureRows {
    /// `[rows, F]` for pooled features, `[rows, H, W, C]` for a grid: rows of channels-last grids lie together in
    /// memory, so that picking some of them is one copy.
    Memory(Resident),
    Disk(RowsOnDisk),
}

impl Block {
    fn device(&self) -> Device {
        match &self.rows {
            FeatureRows::Memory(rows) => rows.device(),
            FeatureRows::Disk(_) => Device::Cpu,
        }
    }

    fn bytes(&self) -> u64 {
        match &self.rows {
            FeatureRows::Memory(rows) => rows.bytes(),
            FeatureRows::Disk(_) => 0,
        }
    }
}

/// All features that are kept.
pub(in crate::training) struct FeatureCache {
    blocks: Vec<Block>,
    /// Their rows in memory, and those of a pass that goes on.
    pub(super) residents: Arc<Residents>,
    room: Room,
    pub(super) disk: Option<Disk>,
}

impl FeatureCache {
    pub fn new(room: Room, disk: Option<Disk>) -> Self {
        Self {
            blocks: Vec::new(),
            residents: Arc::new(Residents::new(room.host)),
            room,
            disk,
        }
    }

    /// What can leave a graphics card where its memory runs short.
    pub fn residents(&self) -> &Arc<Residents> {
        &self.residents
    }

    pub fn holds(&self, split: Split, depth: usize) -> bool {
        self.block(split, depth).is_some()
    }

    /// `frozen_depth` where rows of `split` are kept there, else 0: where a pass begins.
    pub fn kept_depth(&self, split: Split, frozen_depth: usize) -> usize {
        if self.holds(split, frozen_depth) {
            frozen_depth
        } else {
            0
        }
    }

    /// Forgets features beyond `depth`, because what computes them has changed.
    pub fn forget_beyond(&mut self, depth: usize) {
        self.blocks.retain(|block| block.depth <= depth);
        if let Some(disk) = &mut self.disk {
            disk.forget_beyond(depth);
        }
    }

    /// Features of these pictures must not be kept on disk, because they could not be read.
    pub fn forget_pictures(&mut self, pictures: &[usize]) {
        if let Some(disk) = &mut self.disk {
            for &picture in pictures {
                disk.forget_picture(picture);
            }
        }
    }

    /// Gives the memory back; what is on disk stays there.
    pub fn release(&mut self) {
        self.blocks.clear();
    }

    /// The rows `range` of `rows`, `[N, F]` or `[N, C, H, W]` in single precision, as the network's next segment (or the head) takes them.
    ///
    /// # Errors
    /// When none are kept for `split` at `depth` or the disk refuses them, and libtorch's own.
    pub fn pick(
        &self,
        split: Split,
        depth: usize,
        rows: &Selection,
        range: Range<usize>,
    ) -> Result<Tensor, TrainingError> {
        let block = self.block(split, depth).ok_or_else(|| {
            TrainingError::Experiment(format!("no features are kept at depth {depth}"))
        })?;
        let picked = match &block.rows {
            FeatureRows::Memory(all) => {
                let all = all.tensor();
                let picked = all.f_index_select(0, &rows.on(all.device(), range)?)?;
                cuda::tensor_to(&picked, self.room.device)?
            }
            FeatureRows::Disk(found) => {
                cuda::tensor_to(&found.read(&rows.numbers()[range])?, self.room.device)?
            }
        };
        let picked = picked.f_to_kind(Kind::Float)?;
        Ok(if picked.dim() == 4 {
            picked.f_permute([0i64, 3, 1, 2])?
        } else {
            picked
        })
    }

    /// What memory is left.
    pub(super) fn room(&self) -> Room {
        let mut room = self.room;
        if self.residents.has_left() {
            room.card = 0;
        }
        self.blocks.iter().fold(room, |room, block| {
            room.without(block.device(), block.bytes())
        })
    }

    pub(super) fn deepest_before(&self, split: Split, depth: usize) -> usize {
        self.blocks
            .iter()
            .filter(|block| block.split == split && block.depth < depth)
            .map(|block| block.depth)
            .max()
            .unwrap_or(0)
    }

    pub(super) fn keep(&mut self, split: Split, depth: usize, rows: FeatureRows) {
        self.blocks.push(Block { split, depth, rows });
    }

    fn block(&self, split: Split, depth: usize) -> Option<&Block> {
        self.blocks
            .iter()
            .find(|block| block.split == split && block.depth == depth)
    }
}
