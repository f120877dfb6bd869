//! Rows that a run looks for on disk: where they stand, and reading them.

use std::io;
use std::sync::Arc;

use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::pack::{Layout, Pack, RowKey, RowKind};
use super::resident::Resident;
use super::shelf::{RowPosition, Shelf};
use crate::libtorch::cuda;
use crate::training::error::TrainingError;
use crate::training::micro_batch::MicroBatch;

/// What of some rows is on disk.
pub(in crate::training) struct RowsOnDisk {
    packs: Vec<Arc<Pack>>,
    /// The first so many of `packs` are in this machine's own folder.
    near: usize,
    /// Rows that are told by their batch, and computed by it; 1 where each stands alone.
    together: usize,
    positions: Vec<Option<RowPosition>>,
}

impl RowsOnDisk {
    /// None of so many rows.
    pub fn nothing(rows: usize, together: usize) -> Self {
        Self {
            packs: Vec::new(),
            near: 0,
            together: together.max(1),
            positions: vec![None; rows],
        }
    }

    /// [`Self::add`] of this machine's own folder; before all others.
    pub(super) fn add_near(&mut self, shelf: &Shelf, keys: &[Option<RowKey>]) {
        self.add(shelf, keys);
        self.near = self.packs.len();
    }

    /// Rows that are told by their batch are there together, or not at all.
    pub(super) fn keep_whole_batches(&mut self) {
        for batch in self.positions.chunks_mut(self.together) {
            if batch.iter().any(Option::is_none) {
                batch.fill(None);
            }
        }
    }

    /// Takes in what `shelf` has of those of `keys` that are missing.
    pub(super) fn add(&mut self, shelf: &Shelf, keys: &[Option<RowKey>]) {
        let before = self.packs.len();
        let is_alike =
            |pack: &Arc<Pack>| self.packs.first().is_none_or(|a| a.layout == pack.layout);
        if !shelf.packs().first().is_some_and(is_alike) {
            return;
        }
        self.packs.extend(shelf.packs().iter().cloned());
        for (position, key) in self.positions.iter_mut().zip(keys) {
            if position.is_none() {
                let found = key.as_ref().and_then(|key| shelf.find(key));
                *position = found.map(|found| RowPosition {
                    pack: before + found.pack,
                    ..found
                });
            }
        }
    }

    /// The rows that stand on the shared disk alone.
    pub(super) fn far(&self) -> Vec<usize> {
        let is_far = |position: &RowPosition| position.pack >= self.near;
        let positions = self.positions.iter().enumerate();
        positions
            .filter(|(_, position)| position.as_ref().is_some_and(is_far))
            .map(|(row, _)| row)
            .collect()
    }

    /// Reads a row that is there into `out`.
    ///
    /// # Errors
    /// `NotFound` where it is not, else those of [`Pack::read`].
    pub(super) fn read_row(&self, row: usize, out: &mut [u8]) -> io::Result<()> {
        match self.positions.get(row).copied().flatten() {
            Some(position) => self.packs[position.pack].read(position.row, out),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Reads each of these rows into its part of `bytes`, which is made as long as they are; how each went.
    pub(super) fn read_each(
        &self,
        rows: &[usize],
        layout: &Layout,
        bytes: &mut Vec<u8>,
    ) -> Vec<io::Result<()>> {
        let length = layout.row_bytes() as usize;
        bytes.resize(length * rows.len(), 0);
        bytes
            .par_chunks_mut(length)
            .zip(rows)
            .map(|(out, &row)| self.read_row(row, out))
            .collect()
    }

    /// In which file a row stands, and where there: what is read in this order is read from the beginning of each to its end.
    pub(super) fn place(&self, row: usize) -> Option<(usize, usize)> {
        let position = (*self.positions.get(row)?)?;
        Some((position.pack, position.row))
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
        self.packs.first().map(|pack| &pack.layout)
    }

    /// Copies the rows that are there into `target`. Gives those that turned out to be damaged or gone, with the rest of their
    /// batch where they are told by it.
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
        let rows: Vec<usize> = (0..self.positions.len())
            .filter(|&row| self.positions[row].is_some())
            .collect();
        let mut damaged = Vec::new();
        let mut bytes = Vec::new();
        for part in rows.chunks(LOADED_AT_ONCE) {
            let outcomes = self.read_each(part, layout, &mut bytes);
            damaged.extend(
                part.iter()
                    .zip(outcomes)
                    .filter(|(_, outcome)| outcome.is_err())
                    .map(|(row, _)| *row),
            );
            let loaded = tensor_of(&bytes, layout, part.len())?;
            let indices: Vec<i64> = part.iter().map(|&row| row as i64).collect();
            micro_batch.again(|| -> Result<(), TrainingError> {
                let mut target = target.tensor();
                let loaded = loaded.f_to(target.device())?;
                let indices = cuda::numbers_to(&indices, target.device())?;
                let _ = target.f_index_copy_(0, &indices, &loaded)?;
                Ok(())
            })?;
        }
        self.touch();
        let mut again: Vec<usize> = damaged
            .into_iter()
            .flat_map(|row| {
                let first = row / self.together * self.together;
                first..(first + self.together).min(self.positions.len())
            })
            .collect();
        again.sort_unstable();
        again.dedup();
        Ok(again)
    }

    /// The rows at `rows`, read from disk, `[N, …]`, in the machine's memory; else why one of them is not there any more:
    /// somebody removed its file, or it is damaged.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn read(&self, rows: &[i64]) -> Result<Result<Tensor, io::Error>, TrainingError> {
        let Some(layout) = self.layout() else {
            return Ok(Err(io::ErrorKind::NotFound.into()));
        };
        let length = layout.row_bytes() as usize;
        let mut bytes = vec![0; length * rows.len()];
        let read = bytes
            .par_chunks_mut(length)
            .zip(rows)
            .try_for_each(|(out, &row)| self.read_row(row as usize, out));
        match read {
            Ok(()) => Ok(Ok(tensor_of(&bytes, layout, rows.len())?)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Notes that these rows were of use.
    pub fn touch(&self) {
        let mut used = vec![false; self.packs.len()];
        for position in self.positions.iter().flatten() {
            used[position.pack] = true;
        }
        for (pack, _) in self.packs.iter().zip(used).filter(|(_, used)| *used) {
            pack.touch();
        }
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
