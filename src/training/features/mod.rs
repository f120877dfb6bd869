//! Outputs of the frozen leading part of the network, computed once per picture (or per cached view of it) and kept
//! for all epochs that they hold for, and on disk for all runs that they hold for.
//!
//! | where the rows are | when |
//! | --- | --- |
//! | in a graphics card's memory | it computes, and they fit into it |
//! | in memory | they fit into it |
//! | on disk, read batch by batch | they don't, and reading is quicker than computing |
//! | nowhere: computed in every epoch | neither |

pub mod about;
mod cache_policy;
mod disk;
mod key;
mod pack;
mod recorder;
mod resident;
mod selection;
pub mod store;
mod writer;

use std::collections::HashSet;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::TrainingError;
use super::forecast::Work;
use super::network::Network;
use super::pictures::{Pictures, Shot};
use super::reporter::Reporter;
use super::shortage::out_of_memory;
use crate::libtorch::cuda;
pub(super) use disk::Disk;
use disk::{Found, kind_of, shape_of};
use key::stands_alone;
pub(super) use key::{SegmentDigests, Surroundings, weights_name};
use pack::RowKey;
use recorder::{FirstBatch, Recorder, Sink};
use resident::Resident;
pub(super) use resident::Residents;
pub(super) use selection::Selection;

/// Pictures per forward pass on the processor.
pub(super) const BATCH: usize = 32;
/// On a graphics card, whose kernels take as long for a few pictures as for many.
pub(super) const CARD_BATCH: usize = 128;

/// Pictures per forward pass without gradients.
pub(super) const fn batch(device: Device) -> usize {
    match device {
        Device::Cpu => BATCH,
        _ => CARD_BATCH,
    }
}

/// Whose features they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Train,
    Validation,
    Test,
}

/// The features of one group of pictures at one depth.
struct Block {
    group: Group,
    depth: usize,
    rows: Rows,
}

enum Rows {
    /// `[rows, F]` for pooled features, `[rows, H, W, C]` for a grid: rows of channels-last grids lie together in
    /// memory, so that picking some of them is one copy.
    Memory(Resident),
    Disk(Found),
}

impl Block {
    fn place(&self) -> Device {
        match &self.rows {
            Rows::Memory(rows) => rows.device(),
            Rows::Disk(_) => Device::Cpu,
        }
    }

    fn bytes(&self) -> u64 {
        match &self.rows {
            Rows::Memory(rows) => rows.bytes(),
            Rows::Disk(_) => 0,
        }
    }
}

/// Bytes that features may take in memory, and whose memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Where the network computes.
    device: Device,
    /// The machine's memory.
    host: u64,
    /// A graphics card's own.
    card: u64,
}

impl Room {
    /// `card` counts where `device` is a graphics card.
    pub fn new(device: Device, host: u64, card: u64) -> Self {
        let card = if device == Device::Cpu { 0 } else { card };
        Self { device, host, card }
    }

    /// Takes room for `bytes` and says where it is: beside the network, else in the machine's memory; `None` when neither
    /// has it.
    fn take(&mut self, bytes: u64) -> Option<Device> {
        let (room, place) = if self.device != Device::Cpu && bytes <= self.card {
            (&mut self.card, self.device)
        } else {
            (&mut self.host, Device::Cpu)
        };
        *room = room.checked_sub(bytes)?;
        Some(place)
    }

    /// A tensor in the place that [`Self::take`] finds; in the machine's memory where a graphics card has less than it said.
    fn tensor(&mut self, shape: &[i64], kind: Kind) -> Result<Option<Tensor>, TrainingError> {
        let numbers: i64 = shape.iter().product();
        let bytes = numbers.unsigned_abs() * kind.elt_size_in_bytes() as u64;
        let Some(place) = self.take(bytes) else {
            return Ok(None);
        };
        let made = Tensor::f_empty(shape, (kind, place)).map_err(TrainingError::from);
        match made {
            Err(error) if place != Device::Cpu && out_of_memory(&error).is_some() => {
                cuda::empty_cache(place);
                self.card = 0;
                self.tensor(shape, kind)
            }
            made => made.map(Some),
        }
    }

    /// What is left after `bytes` in the memory of `place`.
    fn without(mut self, place: Device, bytes: u64) -> Self {
        let room = match place {
            Device::Cpu => &mut self.host,
            _ => &mut self.card,
        };
        *room = room.saturating_sub(bytes);
        self
    }
}

/// All features that are kept.
pub(super) struct FeatureCache {
    blocks: Vec<Block>,
    /// Their rows in memory, and those of a pass that goes on.
    residents: Arc<Residents>,
    room: Room,
    disk: Option<Disk>,
}

/// What is asked of [`FeatureCache::compute`].
pub(super) struct Wanted<'a> {
    pub group: Group,
    /// One row of the result each.
    pub shots: &'a [Shot],
    /// Where the features are needed now.
    pub depth: usize,
    /// Depths that a later phase will need and that no phase until then changes; recorded on the
    /// way where there is room.
    pub later: &'a [usize],
}

/// One pass over the rows that are `missing`.
struct Recording<'a> {
    wanted: &'a Wanted<'a>,
    /// The depth where it begins.
    start: usize,
    missing: &'a [usize],
    /// Of all rows.
    keys: &'a [Option<RowKey>],
    /// For what it leaves.
    room: Room,
}

impl Wanted<'_> {
    /// Whether some picture has more than one row.
    fn has_versions(&self) -> bool {
        let mut seen = HashSet::new();
        !self.shots.iter().all(|shot| seen.insert(shot.picture))
    }
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

    pub fn holds(&self, group: Group, depth: usize) -> bool {
        self.block(group, depth).is_some()
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

    /// The rows `range` of `rows`, as the network's next segment (or the head) takes them.
    pub fn pick(
        &self,
        group: Group,
        depth: usize,
        rows: &Selection,
        range: Range<usize>,
    ) -> Result<Tensor, TrainingError> {
        let block = self.block(group, depth).ok_or_else(|| {
            TrainingError::Experiment(format!("no features are kept at depth {depth}"))
        })?;
        let picked = match &block.rows {
            Rows::Memory(all) => {
                let all = all.tensor();
                let picked = all.f_index_select(0, &rows.on(all.device(), range)?)?;
                cuda::tensor_to(&picked, self.room.device)?
            }
            Rows::Disk(found) => {
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

    /// Gets what is wanted from the disk, else computes it, from the deepest features that are kept or from the
    /// pictures, and keeps it. Gives whether there is room; when there is none, nothing is kept.
    pub fn compute(
        &mut self,
        wanted: &Wanted<'_>,
        network: &Network,
        pictures: &mut Pictures,
        reporter: &mut Reporter<'_>,
    ) -> Result<bool, TrainingError> {
        let rows = wanted.shots.len();
        let start = self.deepest_before(wanted.group, wanted.depth);
        let cost = network.cost(start..wanted.depth);
        let mut keys = vec![None; rows];
        let mut found = Found::nothing(rows);
        if let Some(disk) = &mut self.disk {
            keys = disk.keys(wanted.shots);
            found = disk.find(network, wanted.depth, &keys)?;
        }
        let mut room = self.room();
        let mut missing = found.missing();
        let mut loaded = None;
        if let Some(layout) = found.layout()
            && missing.len() < rows
            && let Some(target) = room.tensor(&shape_of(layout, rows), kind_of(layout))?
        {
            let target = self.residents.keep(target);
            missing.extend(found.load(&target, &network.at_once)?);
            missing.sort_unstable();
            loaded = Some(target);
        }
        if missing.len() < rows {
            reporter.skip(Work::Forward, rows - missing.len(), cost)?;
        }
        if missing.is_empty() {
            let kept = match loaded {
                Some(rows) => Rows::Memory(rows),
                None => Rows::Disk(found),
            };
            self.keep(wanted.group, wanted.depth, kept);
            return Ok(true);
        }

        if start == 0 {
            if stands_alone(network.device) {
                // All versions of a picture one after the other: it is decoded once.
                missing.sort_by_key(|&row| wanted.shots[row].picture);
            } else if wanted.has_versions() {
                let needed: Vec<usize> = missing
                    .iter()
                    .map(|&row| wanted.shots[row].picture)
                    .collect();
                let unreadable = pictures.ensure(&needed, reporter)?;
                self.forget_pictures(&unreadable);
                if let Some(disk) = &self.disk {
                    keys = disk.keys(wanted.shots);
                }
            }
        }
        let pass = Recording {
            wanted,
            start,
            missing: &missing,
            keys: &keys,
            room,
        };
        let sinks = self.record(&pass, loaded, network, pictures, reporter)?;
        let mut fits = false;
        for sink in sinks {
            let kept = match sink.memory {
                Some(rows) => Some(Rows::Memory(rows)),
                None => self.all_on_disk(network, sink.depth, &keys)?,
            };
            if let Some(kept) = kept {
                fits |= sink.depth == wanted.depth;
                self.keep(wanted.group, sink.depth, kept);
            }
        }
        Ok(fits)
    }

    /// One pass over the `missing` rows. Gives what was recorded, finished files included; nothing when the depth
    /// that is wanted finds no room.
    fn record(
        &mut self,
        pass: &Recording<'_>,
        loaded: Option<Resident>,
        network: &Network,
        pictures: &Pictures,
        reporter: &mut Reporter<'_>,
    ) -> Result<Vec<Sink>, TrainingError> {
        let &Recording {
            wanted,
            start,
            missing,
            keys,
            room,
        } = pass;
        let is_whole = missing.len() == wanted.shots.len();
        let mut depths: Vec<usize> = if is_whole {
            wanted.later.to_vec()
        } else {
            Vec::new()
        };
        depths.push(wanted.depth);
        depths.retain(|&depth| depth > start && depth <= wanted.depth);
        depths.sort_unstable();
        depths.dedup();
        let mut from = start;
        let mut parts = Vec::new();
        for depth in depths {
            let depths = std::mem::replace(&mut from, depth)..depth;
            let part = network.at_once.again(|| network.prefix(depths.clone()))?;
            parts.push((depth, part));
        }
        let mut recorder = Recorder {
            network,
            start,
            parts,
            rows: wanted.shots.len(),
            computed: missing.len(),
            room,
            residents: self.residents.clone(),
            sinks: Vec::new(),
            trouble: None,
            notes: Vec::new(),
            first: FirstBatch::ToCome,
        };
        if loaded.is_some() {
            recorder.sinks.push(Sink {
                depth: wanted.depth,
                memory: loaded,
                pack: None,
            });
        }
        let cost = network.cost(start..wanted.depth);
        let batches: Vec<&[usize]> = missing.chunks(batch(network.device)).collect();
        let batch_keys =
            |rows: &[usize]| -> Vec<Option<RowKey>> { rows.iter().map(|&row| keys[row]).collect() };
        let mut fits = true;
        let mut began = Instant::now();
        let mut disk = self.disk.take();
        let mut step = |input: &Tensor, rows: &[usize]| -> Result<bool, TrainingError> {
            reporter.checkpoint()?;
            if !recorder.record(input, rows, &batch_keys(rows), disk.as_mut())? {
                return Ok(false);
            }
            reporter.advance(Work::Forward, rows.len(), cost, began.elapsed())?;
            began = Instant::now();
            Ok(true)
        };
        if start > 0 {
            let places = Selection::new(missing.iter().map(|&row| row as i64));
            let mut done = 0;
            for rows in batches {
                let range = done..done + rows.len();
                done = range.end;
                let pick = || self.pick(wanted.group, start, &places, range.clone());
                if !step(&network.at_once.again(pick)?, rows)? {
                    fits = false;
                    break;
                }
            }
        } else {
            let shots: Vec<Vec<Shot>> = batches
                .iter()
                .map(|rows| rows.iter().map(|&row| wanted.shots[row]).collect())
                .collect();
            pictures.for_each(&shots, &network.at_once, |place, input| {
                if fits {
                    fits = step(&input, batches[place])?;
                }
                Ok(if fits {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            })?;
        }
        fits = fits && recorder.end(disk.as_mut())?;
        let Recorder {
            mut sinks,
            mut trouble,
            notes,
            ..
        } = recorder;
        if !fits {
            sinks.clear();
        }
        let unreadable: HashSet<usize> = pictures.take_unreadable(reporter)?.into_iter().collect();
        if let Some(disk) = &mut disk {
            let mut stale = disk.stale(wanted.shots, keys);
            for (shot, key) in wanted.shots.iter().zip(keys) {
                if unreadable.contains(&shot.picture) {
                    disk.forget_picture(shot.picture);
                    stale.extend(key);
                }
            }
            for sink in &mut sinks {
                if let Some(pack) = sink.pack.take()
                    && let Err(error) = pack.finish(|key| !stale.contains(key))
                {
                    trouble = Some(error);
                }
            }
            disk.prune();
        }
        self.disk = disk;
        // The other groups’ rows are of the same kind.
        if wanted.group == Group::Train {
            for note in notes {
                reporter.note(note)?;
            }
        }
        if let Some(error) = trouble {
            reporter.warn(format!(
                "The frozen part's output is not kept for the next run: the disk says “{error}”."
            ))?;
        }
        Ok(sinks)
    }

    fn all_on_disk(
        &mut self,
        network: &Network,
        depth: usize,
        keys: &[Option<RowKey>],
    ) -> Result<Option<Rows>, TrainingError> {
        let Some(disk) = &mut self.disk else {
            return Ok(None);
        };
        let found = disk.find(network, depth, keys)?;
        Ok(found.missing().is_empty().then_some(Rows::Disk(found)))
    }

    /// What memory is left.
    fn room(&self) -> Room {
        let mut room = self.room;
        if self.residents.has_left() {
            room.card = 0;
        }
        self.blocks.iter().fold(room, |room, block| {
            room.without(block.place(), block.bytes())
        })
    }

    fn deepest_before(&self, group: Group, depth: usize) -> usize {
        self.blocks
            .iter()
            .filter(|block| block.group == group && block.depth < depth)
            .map(|block| block.depth)
            .max()
            .unwrap_or(0)
    }

    fn keep(&mut self, group: Group, depth: usize, rows: Rows) {
        self.blocks.push(Block { group, depth, rows });
    }

    fn block(&self, group: Group, depth: usize) -> Option<&Block> {
        self.blocks
            .iter()
            .find(|block| block.group == group && block.depth == depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_stand_beside_the_network_while_there_is_room() {
        let card = Device::Cuda(0);
        let mut room = Room::new(card, 100, 50);
        assert_eq!(room.take(40), Some(card));
        assert_eq!(room.take(40), Some(Device::Cpu));
        assert_eq!(room.take(10), Some(card));
        assert_eq!(room.take(61), None);
        assert_eq!(room.take(60), Some(Device::Cpu));
        assert_eq!(room.without(card, 5), Room::new(card, 0, 0));
        // The processor has no card's memory, whatever is said of it.
        let mut room = Room::new(Device::Cpu, 10, 1_000);
        assert_eq!(room.take(11), None);
        assert_eq!(room.take(10), Some(Device::Cpu));
    }
}
