//! The pooled features of pictures as they are, behind a frozen backbone: what linear heads learn from. They come from the disk
//! where a run left them, and stay there for the runs that come: by their own network, precision, batches and keys.

use std::time::{Duration, Instant};

use super::environment::Environment;
use super::missing_memory::{BEFORE_PICTURES, clarify};
use super::prepare::prepare_session;
use super::run::{choose_device, hold_card, stopped};
use super::session::Session;
use super::shard::pictures_of;
use crate::data::Split;
use crate::data::contents::Stamp;
use crate::experiment::{Augmentation, Experiment, FreezePlan, NormPolicy, Phase};
use crate::training::cores::use_all_cores;
use crate::training::error::TrainingError;
use crate::training::events::{Activity, TrainingListener};
use crate::training::features::compute::FeatureRequest;
use crate::training::features::selection::Selection;
use crate::training::forecast::Work;
use crate::training::request::TrainingRequest;
use crate::training::sample::{Sample, samples};
use crate::training::shards::{Shard, batch_of, portions};

/// Rows that are computed in one go at first: what is there when the work is stopped stays.
const ROWS_AT_ONCE: usize = 256;
/// Later in as large portions as take about so long.
const PORTION: Duration = Duration::from_secs(20);
/// A file of rows that vanishes while it is read is computed again; one that vanishes again and again is a fault of the disk.
const TRIES: usize = 3;
/// What the backbone must have computed before its pace says anything.
const TELLING_ROWS: usize = 16;

/// The pooled features of some splits.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledFeatures {
    /// In the order in which they were asked for.
    pub parts: Vec<PooledRows>,
    /// Numbers of a row: those of all stages that the head takes.
    pub features: usize,
    /// Rows that the backbone computed, and those that were kept before.
    pub computed: usize,
    pub from_disk: usize,
    /// That the rows took, without building the network and loading its weights.
    pub seconds: f64,
    /// Of what was computed, decoding included; `None` where that was too little to say.
    pub pictures_per_second: Option<f64>,
    /// Of the weight file that was opened for them ([`crate::models::weights::fingerprint`]); `None` for random weights.
    pub weights_stamp: Option<Stamp>,
}

/// The pooled features of one split's pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledRows {
    pub split: Split,
    /// Of the data set, by index: one for each row.
    pub pictures: Vec<usize>,
    pub labels: Vec<u32>,
    /// `[rows, features]`, one row after the other, in single precision.
    pub rows: Vec<f32>,
    /// Pictures that can't be read, which have no row.
    pub unreadable: Vec<usize>,
}

/// The features of the pictures of `splits` behind the whole backbone of `request`, which is frozen, in the order of the request's
/// split. Pictures are seen as they are, whatever the request says of augmentation and phases; the head's pooling and stages
/// count.
///
/// # Errors
/// [`TrainingError::Stopped`], after which everything but the last portion is kept; [`TrainingError::Experiment`] where neither
/// memory nor disk has room; those of a run.
pub fn pooled_rows(
    request: &TrainingRequest,
    splits: &[Split],
    listener: &mut dyn TrainingListener,
) -> Result<PooledFeatures, TrainingError> {
    let mut environment = Environment::of_process();
    // Whoever asks for them asks again: with other folds, or for a run.
    environment.reading_bytes_per_second = f64::INFINITY;
    pooled_rows_with(request, splits, listener, &environment)
}

pub(super) fn pooled_rows_with(
    request: &TrainingRequest,
    splits: &[Split],
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<PooledFeatures, TrainingError> {
    stopped(compute(
        &frozen_request(request),
        splits,
        listener,
        environment,
    ))
}

/// The same pictures and network with nothing to train but a linear head.
fn frozen_request(request: &TrainingRequest) -> TrainingRequest {
    let mut experiment: Experiment = request.experiment.clone();
    experiment.augmentation = Augmentation::default();
    experiment.backbone.frozen_norm = NormPolicy::Inference;
    experiment.head.layers.clear();
    experiment.phases = vec![Phase {
        freeze: FreezePlan::Backbone,
        epochs: 1,
        ..Phase::default()
    }];
    TrainingRequest {
        base: request.base.clone(),
        device: request.device,
        stop: request.stop.clone(),
        pause: request.pause.clone(),
        withholds_test: request.withholds_test,
        ..TrainingRequest::new(experiment, request.dataset.clone(), request.split.clone())
    }
}

fn compute(
    request: &TrainingRequest,
    splits: &[Split],
    listener: &mut dyn TrainingListener,
    environment: &Environment<'_>,
) -> Result<PooledFeatures, TrainingError> {
    let (device, _) = choose_device(request.device)?;
    let _card = hold_card(request, device)?;
    // Whether rows stand alone depends on the threads.
    use_all_cores();
    let batch = batch_of(device);
    let mut wanted: Vec<(Split, Vec<Sample>)> = Vec::new();
    for &split in splits {
        let pictures = match split {
            Split::Train => &request.split.train,
            Split::Validation => &request.split.validation,
            Split::Test => &request.split.test,
        };
        let rows = samples(&request.experiment, split, pictures);
        wanted.push((split, rows.unwrap_or_default()));
    }
    let pictures = pictures_of(wanted.iter().flat_map(|(_, rows)| rows));
    let prepared = prepare_session(
        request,
        listener,
        environment,
        device,
        (Instant::now(), &pictures),
    )
    .map_err(|error| clarify(error, &BEFORE_PICTURES))?;
    let mut session = prepared.session;
    let depth = session.network.depth();
    let total = wanted.iter().map(|(_, rows)| rows.len()).sum();
    let cost = session.network.cost(0..depth);
    let reporter = &mut session.reporter;
    reporter.forecast.plan(Work::Forward, total, cost);
    reporter.begin(Activity::ComputingFeatures, total)?;
    let mut found = PooledFeatures {
        parts: Vec::new(),
        features: 0,
        computed: 0,
        from_disk: 0,
        seconds: 0.0,
        pictures_per_second: None,
        weights_stamp: session.network.weights_stamp,
    };
    let mut computing = (0, 0.0);
    let mut done = 0;
    for (split, rows) in wanted {
        let mut part = PooledRows {
            split,
            pictures: Vec::with_capacity(rows.len()),
            labels: Vec::with_capacity(rows.len()),
            rows: Vec::new(),
            unreadable: Vec::new(),
        };
        let portions = portions(Shard::WHOLE, rows.len(), rows.len(), batch, ROWS_AT_ONCE);
        let mut waiting = portions.as_slice();
        let mut at_once = 1;
        while !waiting.is_empty() {
            let (some, rest) = waiting.split_at(at_once.min(waiting.len()));
            waiting = rest;
            let began = Instant::now();
            let own: Vec<Sample> = some.iter().flatten().map(|&row| rows[row]).collect();
            let computed = session.pool_portion(depth, &own, &mut part, &mut found)?;
            let seconds = began.elapsed().as_secs_f64();
            if computed > 0 {
                computing.0 += computed;
                computing.1 += seconds;
            }
            found.seconds += seconds;
            done += own.len();
            session.reporter.set_done(done)?;
            let each = seconds / some.len() as f64;
            at_once = (PORTION.as_secs_f64() / each.max(0.001)).clamp(1.0, 1e3) as usize;
        }
        found.parts.push(part);
    }
    if computing.0 >= TELLING_ROWS && computing.1 > 0.0 {
        found.pictures_per_second = Some(computing.0 as f64 / computing.1);
    }
    Ok(found)
}

impl Session<'_> {
    /// Adds the features of `samples` to `part`. Gives how many of them were computed.
    fn pool_portion(
        &mut self,
        depth: usize,
        samples: &[Sample],
        part: &mut PooledRows,
        found: &mut PooledFeatures,
    ) -> Result<usize, TrainingError> {
        let request = FeatureRequest {
            split: part.split,
            samples,
            depth,
            later: &[],
        };
        let rows = Selection::new(0..samples.len() as i64);
        let mut computed = 0;
        for _ in 0..TRIES {
            let fits = self.cache.compute(
                &request,
                &self.network,
                &mut self.pictures,
                &mut self.reporter,
            )?;
            if !fits {
                return Err(TrainingError::Experiment(
                    "neither memory nor disk has room for the backbone's features: close other programs, allow more on the disk with “graft cache --limit”, or choose a smaller backbone".into(),
                ));
            }
            let origins = self.cache.take_origins();
            computed += origins.all - origins.from_disk;
            found.from_disk += origins.from_disk;
            let picked = self
                .cache
                .pick(part.split, depth, &rows, 0..samples.len())?;
            let Some(picked) = picked else {
                // The file of some rows has gone since it was found.
                drop(self.cache.take_lost());
                found.from_disk -= origins.from_disk;
                continue;
            };
            let unreadable = self.cache.take_unreadable();
            let width = picked.size().last().copied().unwrap_or(0).max(0) as usize;
            found.features = width;
            found.computed += computed;
            let flat = picked
                .f_to(tch::Device::Cpu)?
                .f_contiguous()?
                .f_view([-1])?;
            let flat: Vec<f32> = Vec::try_from(&flat)?;
            for (sample, row) in samples.iter().zip(flat.chunks(width.max(1))) {
                // They stood as plain grey.
                if unreadable.contains(&sample.picture) {
                    part.unreadable.push(sample.picture);
                    continue;
                }
                part.pictures.push(sample.picture);
                part.labels
                    .push(self.dataset.pictures[sample.picture].label);
                part.rows.extend_from_slice(row);
            }
            self.cache.release();
            self.pictures.release();
            self.report_missing_memory()?;
            return Ok(computed);
        }
        Err(TrainingError::Experiment(
            "kept features vanish from the disk while they are read: start again once nothing else clears Graft's cache".into(),
        ))
    }
}
