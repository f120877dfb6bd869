//! Writes the outputs of one pass over pictures: into memory, to the disk, or both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tch::{Device, Tensor};

use super::cache_policy::Costs;
use super::disk::Disk;
use super::key::bytes_of;
use super::pack::{Layout, RowKey};
use super::resident::{Resident, Residents};
use super::room::Room;
use super::rows_on_disk::{kind_of, layout_of, shape_of};
use super::writer::RowWriter;
use crate::libtorch::cuda;
use crate::models::fold::{filled_up, piece};
use crate::training::error::TrainingError;
use crate::training::micro_batch::CPU_FORWARD_BATCH;
use crate::training::network::{FrozenPart, Network};
use crate::training::snapshot::copy_of;

/// Where the rows of one depth go.
pub(super) struct RowSink {
    pub depth: usize,
    /// All rows of the split.
    pub memory: Option<Resident>,
    /// The rows of this pass.
    pub pack: Option<RowWriter>,
}

/// The first batch pays for what is done once (threads, memory, a graphics card's kernels), so the second one tells whether
/// rows are worth room on the disk.
pub(super) enum FirstBatch {
    ToCome,
    /// Waits for the second one.
    Held(HeldBatch),
    Judged,
}

/// A batch that may go to the disk later.
pub(super) struct HeldBatch {
    keys: Vec<Option<RowKey>>,
    /// Depth, layout and bytes.
    rows: Vec<(usize, Layout, Vec<u8>)>,
    took: Duration,
}

/// One pass.
pub(super) struct Recorder<'a> {
    pub network: &'a Network,
    /// The depth where the pass begins.
    pub start: usize,
    /// The parts that lead from depth to depth, ascending; the last depth is the one that must be recorded.
    pub parts: Vec<(usize, FrozenPart)>,
    /// Rows of the split, and how many of them this pass computes.
    pub rows: usize,
    pub computed: usize,
    /// Memory that may be taken.
    pub room: Room,
    pub residents: Arc<Residents>,
    pub sinks: Vec<RowSink>,
    /// What the disk said when something could not be written.
    pub trouble: Option<std::io::Error>,
    /// What was decided about the disk, for the log.
    pub notes: Vec<String>,
    pub first: FirstBatch,
}

impl Recorder<'_> {
    /// Runs one batch, which gives the split’s `rows`. Gives whether there is room.
    ///
    /// # Errors
    /// libtorch's own, memory that ran out where not even one picture fits among them. What the disk says is kept in
    /// `trouble`.
    pub fn record(
        &mut self,
        input: &Tensor,
        rows: &[usize],
        keys: &[Option<RowKey>],
        disk: Option<&mut Disk>,
    ) -> Result<bool, TrainingError> {
        let _guard = tch::no_grad_guard();
        let device = self.network.device;
        if !matches!(self.first, FirstBatch::Judged) {
            // What was asked of a graphics card before is not this batch's.
            cuda::synchronize(device)?;
        }
        let began = Instant::now();
        let micro_batch = &self.network.micro_batch;
        let (filled, outputs) = micro_batch.again(|| self.outputs(input, rows.len()))?;
        // Fewer pictures at once may be computed in another way, whose last bits differ.
        if self.is_short(filled) {
            self.sinks.iter_mut().for_each(|sink| sink.pack = None);
        }
        match std::mem::replace(&mut self.first, FirstBatch::Judged) {
            FirstBatch::ToCome => {
                cuda::synchronize(device)?;
                let took = began.elapsed();
                self.make_room(&outputs, disk.is_some())?;
                if disk.is_some() && !self.is_short(filled) {
                    self.first = FirstBatch::Held(HeldBatch {
                        keys: keys.to_vec(),
                        rows: micro_batch.again(|| laid_out(&outputs))?,
                        took,
                    });
                }
            }
            FirstBatch::Held(held) => {
                cuda::synchronize(device)?;
                let pass = (rows.len(), began.elapsed());
                if !self.is_short(filled) {
                    self.judge(held, disk, pass)?;
                }
            }
            FirstBatch::Judged => {}
        }
        self.write(&outputs, rows, keys)?;
        Ok(self.has_deepest())
    }

    /// Sends what a batch gives at each depth to its sink: the split's `rows`.
    fn write(
        &mut self,
        outputs: &[(usize, Tensor)],
        rows: &[usize],
        keys: &[Option<RowKey>],
    ) -> Result<(), TrainingError> {
        let micro_batch = &self.network.micro_batch;
        let indices: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        for sink in &mut self.sinks {
            let Some((_, rows)) = outputs.iter().find(|(depth, _)| *depth == sink.depth) else {
                continue;
            };
            if let Some(memory) = &sink.memory {
                micro_batch.again(|| -> Result<(), TrainingError> {
                    let mut memory = memory.tensor();
                    let device = memory.device();
                    let indices = cuda::numbers_to(&indices, device)?;
                    let _ = memory.f_index_copy_(0, &indices, &rows.f_to(device)?)?;
                    Ok(())
                })?;
            }
            if let Some(pack) = &mut sink.pack {
                let bytes = micro_batch.again(|| bytes_of(rows))?;
                if let Err(error) = pack.push(keys, bytes) {
                    sink.pack = None;
                    self.trouble = Some(error);
                }
            }
        }
        Ok(())
    }

    /// After the last batch: where there was no second one, the first one tells. Gives whether there was room.
    ///
    /// # Errors
    /// libtorch's own. What the disk says is kept in `trouble`.
    pub fn end(&mut self, disk: Option<&mut Disk>) -> Result<bool, TrainingError> {
        if let FirstBatch::Held(held) = std::mem::replace(&mut self.first, FirstBatch::Judged) {
            let pass = (held.keys.len(), held.took);
            self.judge(held, disk, pass)?;
        }
        Ok(self.has_deepest())
    }

    /// The pictures that pass, and what they give at every depth: `count` rows each.
    fn outputs(
        &self,
        input: &Tensor,
        count: usize,
    ) -> Result<(usize, Vec<(usize, Tensor)>), TrainingError> {
        // As many pictures pass together every time, because libtorch may choose another way of computing for another
        // number.
        let mut x = filled_up(input, self.together())?;
        let filled = x.size().first().map_or(0, |&filled| filled as usize);
        let mut outputs = Vec::new();
        for (index, (depth, part)) in self.parts.iter().enumerate() {
            x = part.advance(self.network, &x)?;
            // The next part may work in place.
            let output = if index + 1 < self.parts.len() {
                copy_of(&x)?
            } else {
                x.shallow_clone()
            };
            let output = if output.dim() == 4 {
                output.f_permute([0i64, 2, 3, 1])?
            } else {
                output
            };
            outputs.push((*depth, output.f_narrow(0, 0, count as i64)?));
        }
        Ok((filled, outputs))
    }

    /// A whole number of these passes at once.
    fn together(&self) -> usize {
        match self.network.device {
            Device::Cpu => piece(self.network.side),
            _ => CPU_FORWARD_BATCH,
        }
    }

    /// Whether fewer pictures than usual are computed at once, of `filled` that pass.
    fn is_short(&self, filled: usize) -> bool {
        let usual = match self.network.device {
            Device::Cpu => self.together(),
            _ => filled,
        };
        self.network.micro_batch.most() < usual
    }

    /// Whether the depth that is needed now goes somewhere, or may yet.
    fn has_deepest(&self) -> bool {
        let deepest = self.parts.last().map(|(depth, _)| *depth);
        let may_yet = matches!(self.first, FirstBatch::Held(_));
        self.sinks.iter().any(|sink| {
            Some(sink.depth) == deepest && (may_yet || sink.memory.is_some() || sink.pack.is_some())
        })
    }

    /// Memory for all rows, once the first batch has told their shape: first for the depth that is needed now, then for
    /// those of later phases.
    fn make_room(
        &mut self,
        outputs: &[(usize, Tensor)],
        has_disk: bool,
    ) -> Result<(), TrainingError> {
        for (depth, rows) in outputs.iter().rev() {
            let Some(layout) = layout_of(rows) else {
                continue;
            };
            // Some of its rows may have come from the disk.
            if self.sinks.iter().any(|sink| sink.depth == *depth) {
                continue;
            }
            let shape = shape_of(&layout, self.rows);
            let memory = self.room.tensor(&shape, kind_of(&layout))?;
            if memory.is_some() || has_disk {
                self.sinks.push(RowSink {
                    depth: *depth,
                    memory: memory.map(|rows| self.residents.keep(rows)),
                    pack: None,
                });
            }
        }
        Ok(())
    }

    /// Decides what goes to the disk, and sends the first batch there.
    fn judge(
        &mut self,
        held: HeldBatch,
        disk: Option<&mut Disk>,
        pass: (usize, Duration),
    ) -> Result<(), TrainingError> {
        let Some(disk) = disk else { return Ok(()) };
        for (depth, layout, bytes) in held.rows.into_iter().rev() {
            let Some(mut pack) = self.start_pack(depth, &layout, disk, pass)? else {
                continue;
            };
            match pack.push(&held.keys, bytes) {
                Ok(()) => {
                    if let Some(sink) = self.sinks.iter_mut().find(|sink| sink.depth == depth) {
                        sink.pack = Some(pack);
                    }
                }
                Err(error) => self.trouble = Some(error),
            }
        }
        Ok(())
    }

    fn start_pack(
        &mut self,
        depth: usize,
        layout: &Layout,
        disk: &mut Disk,
        (rows, took): (usize, Duration),
    ) -> Result<Option<RowWriter>, TrainingError> {
        // The pass began where features stood already.
        let network = self.network;
        let passed = self.parts.last().map_or(depth, |(deepest, _)| *deepest);
        let share = network.cost(0..depth) / network.cost(self.start..passed).max(1.0);
        let reading = disk.reading_bytes_per_second();
        let costs = Costs::measured(layout.row_bytes(), share, rows, took, reading);
        self.notes.push(costs.line());
        if !costs.is_worth_keeping() {
            return Ok(None);
        }
        let writer = disk.writer(self.network, depth, layout.clone(), self.computed)?;
        Ok(match writer.map(|pack| pack.and_then(RowWriter::start)) {
            Some(Ok(writer)) => Some(writer),
            Some(Err(error)) => {
                self.trouble = Some(error);
                None
            }
            None => None,
        })
    }
}

/// Layout and bytes of what a batch gives, as far as it can be kept.
fn laid_out(outputs: &[(usize, Tensor)]) -> Result<Vec<(usize, Layout, Vec<u8>)>, TrainingError> {
    let mut rows = Vec::new();
    for (depth, output) in outputs {
        if let Some(layout) = layout_of(output) {
            rows.push((*depth, layout, bytes_of(output)?));
        }
    }
    Ok(rows)
}
