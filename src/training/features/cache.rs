//! The features that are kept, by split and depth.

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use super::disk::Disk;
use super::resident::{Resident, Residents};
use super::room::Room;
use super::rows_on_disk::RowsOnDisk;
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
    pub disk: Option<Disk>,
    /// Rows that were asked for, and those of them that came from the disk; since somebody asked.
    pub(super) counts: RowOrigins,
    /// Rows on disk that could not be read, since somebody asked.
    lost: RefCell<Vec<LostRows>>,
    /// Pictures whose rows are those of plain grey, since somebody asked.
    unreadable: Vec<usize>,
}

/// Where the rows come from that a run needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::training) struct RowOrigins {
    pub all: usize,
    pub from_disk: usize,
}

/// Rows that an earlier look at the disk found, and that are not there any more.
#[derive(Debug)]
pub(in crate::training) struct LostRows {
    pub split: Split,
    pub depth: usize,
    pub error: io::Error,
}

impl FeatureCache {
    pub fn new(room: Room, disk: Option<Disk>) -> Self {
        Self {
            blocks: Vec::new(),
            residents: Arc::new(Residents::new(room.host)),
            room,
            disk,
            counts: RowOrigins::default(),
            lost: RefCell::default(),
            unreadable: Vec::new(),
        }
    }

    /// Keeps nothing in memory from now on: rows go to the disk alone.
    pub fn leave_memory(&mut self) {
        self.room = Room::new(self.room.device, 0, 0);
    }

    /// Where the rows came from that were asked for since the last call.
    pub fn take_origins(&mut self) -> RowOrigins {
        std::mem::take(&mut self.counts)
    }

    /// What could not be read since the last call, by split and depth; those rows are not kept any more, and are to be got anew.
    pub fn take_lost(&mut self) -> Vec<LostRows> {
        let lost = self.lost.take();
        self.blocks.retain(|block| {
            let is_it = |lost: &LostRows| (lost.split, lost.depth) == (block.split, block.depth);
            !lost.iter().any(is_it)
        });
        lost
    }

    /// Pictures that could not be read since the last call: their rows are those of plain grey.
    pub fn take_unreadable(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.unreadable)
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
        self.unreadable.extend(pictures);
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

    /// The rows `range` of `rows`, `[N, F]` or `[N, C, H, W]` in single precision, as the network's next segment (or the head)
    /// takes them; `None` where the disk does not have one of them any more, which [`Self::take_lost`] tells.
    ///
    /// # Errors
    /// When none are kept for `split` at `depth`, and libtorch's own.
    pub fn pick(
        &self,
        split: Split,
        depth: usize,
        rows: &Selection,
        range: Range<usize>,
    ) -> Result<Option<Tensor>, TrainingError> {
        let block = self.block(split, depth).ok_or_else(|| {
            TrainingError::Experiment(format!("no features are kept at depth {depth}"))
        })?;
        let picked = match &block.rows {
            FeatureRows::Memory(all) => {
                let all = all.tensor();
                let picked = all.f_index_select(0, &rows.on(all.device(), range)?)?;
                cuda::tensor_to(&picked, self.room.device)?
            }
            FeatureRows::Disk(found) => match found.read(&rows.numbers()[range])? {
                Ok(read) => cuda::tensor_to(&read, self.room.device)?,
                Err(error) => {
                    let mut all = self.lost.borrow_mut();
                    // The first of them says enough.
                    if !all
                        .iter()
                        .any(|lost| (lost.split, lost.depth) == (split, depth))
                    {
                        all.push(LostRows {
                            split,
                            depth,
                            error,
                        });
                    }
                    return Ok(None);
                }
            },
        };
        let picked = picked.f_to_kind(Kind::Float)?;
        Ok(Some(if picked.dim() == 4 {
            picked.f_permute([0i64, 3, 1, 2])?
        } else {
            picked
        }))
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
