//! Writes the outputs of one pass over pictures: into memory, to the disk, or both.

use std::time::{Duration, Instant};

use tch::{Device, Tensor};

use super::disk::{Disk, kind_of, layout_of, shape_of};
use super::key::bytes_of;
use super::pack::{Layout, PackWriter, RowKey};
use super::worth::{self, Costs};
use super::{BATCH, Room};
use crate::libtorch::cuda;
use crate::models::fold::{filled_up, piece};
use crate::training::TrainingError;
use crate::training::network::{FrozenPart, Network};
use crate::training::snapshot::copy_of;

/// Unit tests keep every row: whether keeping pays is measured, and no test may depend on how quick a machine is.
const READING: f64 = if cfg!(test) {
    f64::INFINITY
} else {
    worth::READING
};

/// Where the rows of one depth go.
pub(super) struct Sink {
    pub depth: usize,
    /// All rows of the group.
    pub memory: Option<Tensor>,
    /// The rows of this pass.
    pub pack: Option<PackWriter>,
}

/// One pass.
pub(super) struct Recorder<'a> {
    pub network: &'a Network,
    /// The depth where the pass begins.
    pub start: usize,
    /// The parts that lead from depth to depth, ascending; the last depth is the one that must be recorded.
    pub parts: Vec<(usize, FrozenPart)>,
    /// Rows of the group, and how many of them this pass computes.
    pub rows: usize,
    pub computed: usize,
    /// Memory that may be taken.
    pub room: Room,
    pub sinks: Vec<Sink>,
    /// What the disk said when something could not be written.
    pub trouble: Option<std::io::Error>,
    /// What was decided about the disk, for the log.
    pub notes: Vec<String>,
    pub is_first: bool,
}

impl Recorder<'_> {
    /// Runs one batch, which gives the group's `rows`. Gives whether there is room.
    pub fn record(
        &mut self,
        input: &Tensor,
        rows: &[usize],
        keys: &[Option<RowKey>],
        disk: Option<&mut Disk>,
    ) -> Result<bool, TrainingError> {
        let _guard = tch::no_grad_guard();
        // As many pictures pass together every time, because libtorch may choose another way of computing for another
        // number.
        let began = Instant::now();
        let mut x = filled_up(input, self.together())?;
        let mut outputs = Vec::new();
        for (place, (depth, part)) in self.parts.iter().enumerate() {
            x = part.advance(self.network, &x)?;
            // The next part may work in place.
            let output = if place + 1 < self.parts.len() {
                copy_of(&x)?
            } else {
                x.shallow_clone()
            };
            let output = if output.dim() == 4 {
                output.f_permute([0i64, 2, 3, 1])?
            } else {
                output
            };
            outputs.push((*depth, output.f_narrow(0, 0, rows.len() as i64)?));
        }
        // Fewer pictures at once may be computed in another way, whose last bits differ.
        if self.network.at_once.most() < self.together() {
            self.sinks.iter_mut().for_each(|sink| sink.pack = None);
        }
        if self.is_first {
            self.is_first = false;
            let pass = (rows.len(), began.elapsed());
            if !self.make_room(&outputs, disk, pass)? {
                return Ok(false);
            }
        }
        let places: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        for sink in &mut self.sinks {
            let Some((_, rows)) = outputs.iter().find(|(depth, _)| *depth == sink.depth) else {
                continue;
            };
            if let Some(memory) = &mut sink.memory {
                let place = memory.device();
                let places = cuda::numbers_to(&places, place)?;
                let _ = memory.f_index_copy_(0, &places, &rows.f_to(place)?)?;
            }
            if let Some(pack) = &mut sink.pack
                && let Err(error) = pack.push(keys, &bytes_of(rows)?)
            {
                sink.pack = None;
                self.trouble = Some(error);
            }
        }
        Ok(self.has_deepest())
    }

    /// Pictures that pass at once.
    fn together(&self) -> usize {
        match self.network.device {
            Device::Cpu => piece(self.network.side),
            _ => BATCH,
        }
    }

    /// Whether the depth that is needed now goes somewhere.
    fn has_deepest(&self) -> bool {
        let deepest = self.parts.last().map(|(depth, _)| *depth);
        self.sinks.iter().any(|sink| {
            Some(sink.depth) == deepest && (sink.memory.is_some() || sink.pack.is_some())
        })
    }

    /// Room for all rows, once the first batch has told their shape: first for the depth that is needed now, then
    /// for those of later phases.
    fn make_room(
        &mut self,
        outputs: &[(usize, Tensor)],
        mut disk: Option<&mut Disk>,
        pass: (usize, Duration),
    ) -> Result<bool, TrainingError> {
        for (depth, rows) in outputs.iter().rev() {
            let Some(layout) = layout_of(rows) else {
                continue;
            };
            let pack = match disk.as_deref_mut() {
                Some(disk) => self.start_pack(*depth, &layout, disk, pass)?,
                None => None,
            };
            // Some of its rows may have come from the disk.
            if let Some(sink) = self.sinks.iter_mut().find(|sink| sink.depth == *depth) {
                sink.pack = pack;
                continue;
            }
            let shape = shape_of(&layout, self.rows);
            let memory = self.room.tensor(&shape, kind_of(&layout))?;
            if memory.is_some() || pack.is_some() {
                let depth = *depth;
                self.sinks.push(Sink {
                    depth,
                    memory,
                    pack,
                });
            }
        }
        Ok(self.has_deepest())
    }

    fn start_pack(
        &mut self,
        depth: usize,
        layout: &Layout,
        disk: &mut Disk,
        (rows, took): (usize, Duration),
    ) -> Result<Option<PackWriter>, TrainingError> {
        if self.network.at_once.most() < self.together() {
            return Ok(None);
        }
        // The pass began where features stood already; the first batch is slower than those that follow, which costs
        // little where it decides wrongly.
        let network = self.network;
        let passed = self.parts.last().map_or(depth, |(deepest, _)| *deepest);
        let share = network.cost(0..depth) / network.cost(self.start..passed).max(1.0);
        let costs = Costs::measured(layout.row_bytes(), share, rows, took, READING);
        self.notes.push(costs.line());
        if !costs.is_worth_keeping() {
            return Ok(None);
        }
        Ok(
            match disk.writer(self.network, depth, layout.clone(), self.computed)? {
                Some(Ok(writer)) => Some(writer),
                Some(Err(error)) => {
                    self.trouble = Some(error);
                    None
                }
                None => None,
            },
        )
    }
}
