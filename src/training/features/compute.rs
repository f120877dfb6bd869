//! Computing what is kept: one pass through the frozen part, from the disk where an earlier run left it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::cache::{FeatureCache, FeatureRows};
use super::disk::Disk;
use super::key::stands_alone;
use super::pack::RowKey;
use super::recorder::{FirstBatch, Recorder, RowSink};
use super::resident::{Resident, Residents};
use super::room::Room;
use super::rows_on_disk::{RowsOnDisk, kind_of, shape_of};
use crate::data::Split;
use crate::training::error::TrainingError;
use crate::training::forecast::Work;
use crate::training::micro_batch::forward_batch;
use crate::training::network::{FrozenPart, Network};
use crate::training::pictures::Pictures;
use crate::training::prefetch::ranges;
use crate::training::reporter::Reporter;
use crate::training::sample::Sample;
use crate::training::sample_pass::{Batches, SamplePass};

/// What is asked of [`FeatureCache::compute`].
pub(in crate::training) struct FeatureRequest<'a> {
    pub split: Split,
    /// One row of the result each.
    pub samples: &'a [Sample],
    /// Where the features are needed now.
    pub depth: usize,
    /// Depths that a later phase will need and that no phase until then changes; recorded on the
    /// way where there is room.
    pub later: &'a [usize],
}

/// One pass over the rows that are `missing`.
struct Recording<'a> {
    request: &'a FeatureRequest<'a>,
    /// The depth where it begins.
    start: usize,
    missing: &'a [usize],
    /// Of all rows.
    keys: &'a [Option<RowKey>],
    /// For what it leaves.
    room: Room,
}

impl FeatureRequest<'_> {
    /// Whether some picture has more than one row.
    fn has_versions(&self) -> bool {
        let mut seen = HashSet::new();
        !self
            .samples
            .iter()
            .all(|sample| seen.insert(sample.picture))
    }
}

impl FeatureCache {
    /// Gets what is wanted from the disk, else computes it, from the deepest features that are kept or from the
    /// pictures, and keeps it. Gives whether there is room; when there is none, nothing is kept.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], those of the listener, and libtorch's own.
    pub(in crate::training) fn compute(
        &mut self,
        request: &FeatureRequest<'_>,
        network: &Network,
        pictures: &mut Pictures,
        reporter: &mut Reporter<'_>,
    ) -> Result<bool, TrainingError> {
        let rows = request.samples.len();
        let start = self.deepest_before(request.split, request.depth);
        let cost = network.cost(start..request.depth);
        let mut keys = vec![None; rows];
        let mut found = RowsOnDisk::nothing(rows, 1);
        if let Some(disk) = &mut self.disk {
            keys = disk.keys(request.samples);
            found = disk.find(network, request.depth, &keys)?;
            let stop = reporter.stop_flag().clone();
            let trouble = disk.bring_near(network, request.depth, &keys, &mut found, &stop)?;
            if let Some(trouble) = trouble {
                reporter.warn(trouble)?;
            }
        }
        let mut room = self.room();
        let mut missing = found.missing();
        let mut loaded = None;
        if let Some(layout) = found.layout()
            && missing.len() < rows
            && let Some(target) = room.tensor(&shape_of(layout, rows), kind_of(layout))?
        {
            let target = self.residents.keep(target);
            missing.extend(found.load(&target, &network.micro_batch)?);
            missing.sort_unstable();
            loaded = Some(target);
        }
        self.counts.all += rows;
        self.counts.from_disk += rows - missing.len();
        if missing.len() < rows {
            reporter.skip(Work::Forward, rows - missing.len(), cost)?;
        }
        if missing.is_empty() {
            let kept = match loaded {
                Some(rows) => FeatureRows::Memory(rows),
                None => FeatureRows::Disk(found),
            };
            self.keep(request.split, request.depth, kept);
            return Ok(true);
        }

        if start == 0 {
            if stands_alone(network.device) {
                // All versions of a picture one after the other: it is decoded once.
                missing.sort_by_key(|&row| request.samples[row].picture);
            } else if request.has_versions() {
                let needed: Vec<usize> = missing
                    .iter()
                    .map(|&row| request.samples[row].picture)
                    .collect();
                let unreadable = pictures.ensure(&needed, reporter)?;
                self.forget_pictures(&unreadable);
                if let Some(disk) = &self.disk {
                    keys = disk.keys(request.samples);
                }
            }
        }
        let pass = Recording {
            request,
            start,
            missing: &missing,
            keys: &keys,
            room,
        };
        let sinks = self.record(&pass, loaded, network, pictures, reporter)?;
        let mut fits = false;
        for sink in sinks {
            let kept = match sink.memory {
                Some(rows) => Some(FeatureRows::Memory(rows)),
                None => self.all_on_disk(network, sink.depth, &keys)?,
            };
            if let Some(kept) = kept {
                fits |= sink.depth == request.depth;
                self.keep(request.split, sink.depth, kept);
            }
        }
        Ok(fits)
    }

    /// One pass over the `missing` rows. Gives what was recorded, finished files included; nothing when the depth
    /// that is wanted finds no room.
    fn record(
        &mut self,
        recording: &Recording<'_>,
        loaded: Option<Resident>,
        network: &Network,
        pictures: &Pictures,
        reporter: &mut Reporter<'_>,
    ) -> Result<Vec<RowSink>, TrainingError> {
        let residents = self.residents.clone();
        let mut recorder = recording.recorder(loaded, network, residents)?;
        let mut disk = self.disk.take();
        let pass = recording.pass(self, network, pictures);
        let has_room = recording.run(&pass, &mut recorder, disk.as_mut(), reporter)?;
        if !has_room {
            recorder.sinks.clear();
        }
        let unreadable = pictures.take_unreadable(reporter)?;
        self.forget_pictures(&unreadable);
        if let Some(disk) = &mut disk {
            let finished = recording.finish_packs(&mut recorder.sinks, disk, &unreadable);
            match finished {
                Ok(Some(warning)) => reporter.warn(warning)?,
                Ok(None) => {}
                Err(error) => recorder.trouble = Some(error),
            }
        }
        self.disk = disk;
        recording.report(&mut recorder, reporter)?;
        Ok(recorder.sinks)
    }

    fn all_on_disk(
        &mut self,
        network: &Network,
        depth: usize,
        keys: &[Option<RowKey>],
    ) -> Result<Option<FeatureRows>, TrainingError> {
        let Some(disk) = &mut self.disk else {
            return Ok(None);
        };
        let found = disk.find(network, depth, keys)?;
        Ok(found
            .missing()
            .is_empty()
            .then_some(FeatureRows::Disk(found)))
    }
}

impl Recording<'_> {
    /// What takes the rows of this pass; `loaded` has those that were kept already.
    fn recorder<'n>(
        &self,
        loaded: Option<Resident>,
        network: &'n Network,
        residents: Arc<Residents>,
    ) -> Result<Recorder<'n>, TrainingError> {
        let loaded = loaded.map(|rows| RowSink {
            depth: self.request.depth,
            memory: Some(rows),
            pack: None,
        });
        Ok(Recorder {
            network,
            start: self.start,
            parts: self.parts(network)?,
            rows: self.request.samples.len(),
            computed: self.missing.len(),
            room: self.room,
            residents,
            sinks: loaded.into_iter().collect(),
            trouble: None,
            notes: Vec::new(),
            first: FirstBatch::ToCome,
        })
    }

    fn pass<'n>(
        &self,
        cache: &'n FeatureCache,
        network: &'n Network,
        pictures: &'n Pictures,
    ) -> SamplePass<'n> {
        SamplePass {
            network,
            cache,
            pictures,
            micro_batch: &network.micro_batch,
            split: self.request.split,
            depth: self.start,
            prefix: None,
            work: Work::Forward,
            cost: network.cost(self.start..self.request.depth),
            mixing: None,
        }
    }

    /// Has `recorder` record batch by batch. Gives whether there was room.
    fn run(
        &self,
        pass: &SamplePass<'_>,
        recorder: &mut Recorder<'_>,
        mut disk: Option<&mut Disk>,
        reporter: &mut Reporter<'_>,
    ) -> Result<bool, TrainingError> {
        let missing = self.missing;
        let batches = Batches {
            ranges: ranges(missing.len(), forward_batch(pass.network.device)),
            row: &|position| missing[position] as i64,
            sample: &|position| self.request.samples[missing[position]],
        };
        let mut has_room = true;
        pass.for_each(&batches, reporter, |_, input, positions| {
            let rows = &missing[positions.clone()];
            let row_keys: Vec<_> = rows.iter().map(|&row| self.keys[row]).collect();
            let input = pass.micro_batch.again(input)?;
            has_room = recorder.record(&input, rows, &row_keys, disk.as_deref_mut())?;
            Ok(match has_room {
                true => ControlFlow::Continue(rows.len()),
                false => ControlFlow::Break(()),
            })
        })?;
        Ok(has_room && recorder.end(disk)?)
    }

    /// Says what was decided about the disk, and what the disk refused.
    fn report(
        &self,
        recorder: &mut Recorder<'_>,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), TrainingError> {
        // The other splits’ rows are of the same kind.
        if self.request.split == Split::Train {
            for note in recorder.notes.drain(..) {
                reporter.note(note)?;
            }
        }
        if let Some(error) = &recorder.trouble {
            reporter.warn(format!(
                "The frozen part's output is not kept for the next run: the disk says “{error}”."
            ))?;
        }
        Ok(())
    }

    /// The frozen parts from depth to depth, ascending, whose outputs are recorded.
    fn parts(&self, network: &Network) -> Result<Vec<(usize, FrozenPart)>, TrainingError> {
        let is_whole = self.missing.len() == self.request.samples.len();
        let later = if is_whole { self.request.later } else { &[] };
        let mut depths = [later, &[self.request.depth]].concat();
        depths.retain(|&depth| depth > self.start && depth <= self.request.depth);
        depths.sort_unstable();
        depths.dedup();
        let mut from = self.start;
        let mut parts = Vec::new();
        for depth in depths {
            let depths = std::mem::replace(&mut from, depth)..depth;
            let part = network
                .micro_batch
                .again(|| network.prefix(depths.clone()))?;
            parts.push((depth, part));
        }
        Ok(parts)
    }

    /// Gives the files of `sinks` their names, without the rows whose pictures could not be read or have changed. What there is
    /// to say of this machine's own folder.
    ///
    /// # Errors
    /// What the disk said when it refused, last.
    fn finish_packs(
        &self,
        sinks: &mut [RowSink],
        disk: &mut Disk,
        unreadable: &[usize],
    ) -> std::io::Result<Option<String>> {
        let unreadable: HashSet<usize> = unreadable.iter().copied().collect();
        let mut stale = disk.stale(self.request.samples, self.keys);
        for (sample, key) in self.request.samples.iter().zip(self.keys) {
            if unreadable.contains(&sample.picture) {
                disk.forget_picture(sample.picture);
                stale.extend(key);
            }
        }
        let (mut trouble, mut warning) = (None, None);
        for sink in sinks {
            let Some(pack) = sink.pack.take() else {
                continue;
            };
            match pack.finish(|key| !stale.contains(key)) {
                Ok(Some(path)) => warning = warning.or(disk.wrote(&path)),
                Ok(None) => {}
                Err(error) => trouble = Some(error),
            }
        }
        disk.prune();
        trouble.map_or(Ok(warning), Err)
    }
}
