//! The features of a part of a run's pictures, put on the disk before the run begins: by the run's own network, precision, batches
//! and keys, so that it finds them.

use std::time::{Duration, Instant};

use super::environment::Environment;
use super::missing_memory::{BEFORE_PICTURES, clarify};
use super::prepare::prepare_session;
use super::run::{choose_device, hold_card, stopped};
use super::session::Session;
use super::workload;
use crate::data::Split;
use crate::format::{self, count};
use crate::training::cores::use_all_cores;
use crate::training::error::TrainingError;
use crate::training::events::{Activity, TrainingListener};
use crate::training::features::compute::FeatureRequest;
use crate::training::forecast::Work;
use crate::training::request::TrainingRequest;
use crate::training::sample::Sample;
use crate::training::shards::{Shard, batch_of, depths_of, known_phases, portions, rows_of};

/// Rows that are computed in one go at first, into a file of their own: what is there when a part is stopped stays.
const ROWS_AT_ONCE: usize = 2_048;
/// Later in as large portions as take about so long, because a run opens every file.
const PORTION: Duration = Duration::from_secs(600);

/// What came of a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComputedShard {
    /// Of the data set, by index, ascending.
    pub pictures: Vec<usize>,
    /// At how many depths the run's phases need rows; 0 where nothing is frozen from the beginning on, and nothing was computed.
    pub depths: usize,
    /// Of these pictures, at all depths.
    pub rows: usize,
    /// Those that were there already.
    pub from_disk: usize,
    /// Those of pictures that can't be read, or that changed meanwhile.
    pub unreadable: usize,
    /// Those that the disk did not take.
    pub left: usize,
    /// What the rows of all parts take on the disk.
    pub bytes_of_all: u64,
}

impl ComputedShard {
    /// Counts those of another run's `other` too; pictures, which may be the same, are left as they are.
    pub fn add(&mut self, other: &Self) {
        self.depths = self.depths.max(other.depths);
        self.rows += other.rows;
        self.from_disk += other.from_disk;
        self.unreadable += other.unreadable;
        self.left += other.left;
        self.bytes_of_all = self.bytes_of_all.saturating_add(other.bytes_of_all);
    }
}

/// Computes what a run of `request` needs of the frozen part's output for the pictures of `shard`, and keeps it on the disk. Test
/// pictures are among them where the request's split has some.
///
/// # Errors
/// [`TrainingError::Stopped`], after which everything but the last portion is kept; [`TrainingError::Experiment`] where nothing may
/// be kept, or too little; those of a run.
pub fn compute_shard(
    request: &TrainingRequest,
    shard: Shard,
    listener: &mut dyn TrainingListener,
) -> Result<ComputedShard, TrainingError> {
    let mut environment = Environment::of_process();
    // Whoever asks for them wants all of them, and on the disk that others read.
    environment.reading_bytes_per_second = f64::INFINITY;
    environment.scratch = Ok(None);
    compute_shard_with(request, shard, listener, &environment)
}

pub(super) fn compute_shard_with(
    request: &TrainingRequest,
    shard: Shard,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<ComputedShard, TrainingError> {
    stopped(compute(request, shard, listener, environment))
}

fn compute(
    request: &TrainingRequest,
    shard: Shard,
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<ComputedShard, TrainingError> {
    let (device, _) = choose_device(request.device)?;
    let _card = hold_card(request, device)?;
    // Whether rows stand alone depends on the threads.
    use_all_cores();
    let batch = batch_of(device);
    let experiment = &request.experiment;
    let mut parts: Vec<(Split, Vec<Vec<Sample>>)> = Vec::new();
    let mut all = 0;
    for (split, rows, pictures) in rows_of(experiment, &request.split) {
        all += rows.len();
        let portions = portions(shard, rows.len(), pictures, batch, ROWS_AT_ONCE);
        let of_portion = |numbers: Vec<usize>| numbers.into_iter().map(|row| rows[row]).collect();
        parts.push((split, portions.into_iter().map(of_portion).collect()));
    }
    let pictures = pictures_of(
        parts
            .iter()
            .flat_map(|(_, portions)| portions.iter().flatten()),
    );
    let prepared = prepare_session(
        request,
        listener,
        environment,
        device,
        (Instant::now(), &pictures),
    )
    .map_err(|error| clarify(error, &BEFORE_PICTURES))?;
    let mut session = prepared.session;
    session.cache.leave_memory();
    let depths = session.known_depths();
    let Some(&deepest) = depths.last() else {
        return Ok(ComputedShard::default());
    };
    if session.cache.disk.is_none() {
        return Err(TrainingError::Experiment(
            "features may not be kept on the disk, whose limit is 0: allow some room with “graft cache --limit 50GB”".into(),
        ));
    }
    let mut computed = ComputedShard {
        pictures: pictures.clone(),
        depths: depths.len(),
        ..ComputedShard::default()
    };
    let own: usize = parts
        .iter()
        .flat_map(|(_, portions)| portions)
        .map(Vec::len)
        .sum();
    let cost = session.network.cost(0..deepest);
    let reporter = &mut session.reporter;
    reporter.forecast.plan(Work::Forward, own, cost);
    reporter.begin(Activity::ComputingFeatures, own)?;
    let mut done = 0;
    for (split, portions) in &parts {
        let mut waiting = portions.as_slice();
        let mut at_once = 1;
        while !waiting.is_empty() {
            let (some, rest) = waiting.split_at(at_once.min(waiting.len()));
            waiting = rest;
            let began = Instant::now();
            let rows = some.concat();
            session.compute_portion(*split, &rows, &mut computed)?;
            done += rows.len();
            session.reporter.set_done(done)?;
            computed.bytes_of_all = session.check_limit(all)?;
            let each = began.elapsed().as_secs_f64() / some.len() as f64;
            at_once = (PORTION.as_secs_f64() / each.max(0.001)).clamp(1.0, 1e3) as usize;
        }
    }
    Ok(computed)
}

impl Session<'_> {
    fn frozen_depths(&self) -> Vec<usize> {
        self.plans.iter().map(|plan| plan.cut).collect()
    }

    /// The depths of training and validation rows.
    fn known_depths(&self) -> Vec<usize> {
        depths_of(Split::Train, &self.frozen_depths())
    }

    /// Of these rows of `split`, what every phase (or the test) needs.
    fn compute_portion(
        &mut self,
        split: Split,
        rows: &[Sample],
        computed: &mut ComputedShard,
    ) -> Result<(), TrainingError> {
        let wanted: Vec<(usize, Vec<usize>)> = match split {
            Split::Test => vec![(self.unchanged(), Vec::new())],
            Split::Train | Split::Validation => known_phases(&self.frozen_depths())
                .into_iter()
                .map(|(index, depth)| (depth, workload::later_depths(&self.plans, index)))
                .collect(),
        };
        for (depth, later) in &wanted {
            if *depth == 0 || self.cache.holds(split, *depth) {
                continue;
            }
            let request = FeatureRequest {
                split,
                samples: rows,
                depth: *depth,
                later,
            };
            self.cache.compute(
                &request,
                &self.network,
                &mut self.pictures,
                &mut self.reporter,
            )?;
        }
        computed.from_disk += self.cache.take_origins().from_disk;
        let depths = depths_of(split, &self.frozen_depths());
        computed.rows += rows.len() * depths.len();
        if let Some(disk) = &mut self.cache.disk {
            let keys = disk.keys(rows);
            for depth in depths {
                let missing = disk.find(&self.network, depth, &keys)?.missing();
                let unreadable = missing.iter().filter(|&&row| keys[row].is_none()).count();
                computed.unreadable += unreadable;
                computed.left += missing.len() - unreadable;
            }
        }
        self.cache.release();
        self.pictures.release();
        self.report_missing_memory()
    }

    /// What the rows of all parts take, `rows` at each depth. Refuses to go on where that is more than may be kept: parts would
    /// remove each other.
    fn check_limit(&mut self, rows: usize) -> Result<u64, TrainingError> {
        let depths = self.known_depths();
        let Some(disk) = &mut self.cache.disk else {
            return Ok(0);
        };
        let mut bytes = 0u64;
        for depth in depths {
            let row = disk.row_bytes(&self.network, depth)?.unwrap_or(0);
            bytes = bytes.saturating_add(row.saturating_mul(rows as u64));
        }
        let limit = disk.limit();
        if bytes <= limit {
            return Ok(bytes);
        }
        Err(TrainingError::Experiment(format!(
            "the features of all parts ({}) take {}, and {} may be kept: allow more with “graft cache --limit”, and start again",
            count(rows, "row", "rows"),
            format::bytes(bytes),
            format::bytes(limit)
        )))
    }
}

/// Every picture of these rows, once, ascending.
pub(super) fn pictures_of<'s>(rows: impl Iterator<Item = &'s Sample>) -> Vec<usize> {
    let mut pictures: Vec<usize> = rows.map(|row| row.picture).collect();
    pictures.sort_unstable();
    pictures.dedup();
    pictures
}
