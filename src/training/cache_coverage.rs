//! How much of an experiment's frozen work stands on disk already, told before anything is trained.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tch::Device;

use super::cores::use_all_cores;
use super::error::TrainingError;
use super::features::cache_policy::READING_BYTES_PER_SECOND;
use super::features::disk::Disk;
use super::features::key::{SegmentDigests, Surroundings};
use super::network::{Network, build_backbone};
use super::precision;
use super::preprocessing::{input_side, square_spec};
use super::sample::{Sample, samples};
use crate::data::contents::KnownContents;
use crate::data::{Dataset, Split, SplitIndices};
use crate::experiment::{Experiment, Phase, TrainingConfig, WeightsSource};
use crate::models::weights;

/// An experiment on its pictures.
#[derive(Debug, Clone)]
pub struct CoverageInput {
    pub experiment: Experiment,
    pub dataset: Arc<Dataset>,
    pub split: Arc<SplitIndices>,
    /// The preset's folder, for relative weight paths.
    pub base: Option<PathBuf>,
}

/// Rows of features: a picture in one view each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowCounts {
    pub all: usize,
    /// Those that must be computed.
    pub missing: usize,
}

/// What stands on disk, phase by phase.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheCoverage {
    /// Rows of training and validation pictures that leave the frozen part of each phase; none where nothing is
    /// frozen. Training pictures that every epoch sees anew have no rows.
    pub phases: Vec<RowCounts>,
    /// Of the test pictures, behind what no phase changes.
    pub test: RowCounts,
    /// Of every picture as it is, behind the whole backbone: what a new head would take.
    pub backbone: RowCounts,
}

impl CoverageInput {
    /// The experiment without everything that features do not depend on: two with the same rest find the same.
    pub fn essence(experiment: &Experiment) -> Experiment {
        let mut rest = experiment.clone();
        rest.name.clear();
        rest.notes.clear();
        rest.head.layers.clear();
        rest.training = TrainingConfig {
            test_views: rest.training.test_views,
            precision: rest.training.precision,
            tf32: rest.training.tf32,
            ..TrainingConfig::default()
        };
        for phase in &mut rest.phases {
            *phase = Phase {
                freeze: phase.freeze.clone(),
                ..Phase::default()
            };
        }
        rest
    }

    /// Looks into the features of `cache`. Builds the network and reads its weights, but no picture; weights that are
    /// not on this machine are not fetched, because then nothing is kept either.
    ///
    /// # Errors
    /// When the experiment names no network, its plans do not fit it, or libtorch has no memory for it.
    pub fn cache_coverage(
        &self,
        cache: &Path,
        device: Device,
    ) -> Result<CacheCoverage, TrainingError> {
        use_all_cores();
        let SplitIndices {
            train,
            validation,
            test,
        } = &*self.split;
        let of = |split, pictures: &[usize]| samples(&self.experiment, split, pictures);
        // Apart, as a run computes them: on a graphics card a row is named by the batch that it was computed in.
        let kept = [
            of(Split::Train, train).unwrap_or_default(),
            of(Split::Validation, validation).unwrap_or_default(),
        ];
        let tested = of(Split::Test, test).unwrap_or_default();
        let everything = self.split.all();
        // Seen once each, whatever the augmentation.
        let plain = of(Split::Validation, &everything).unwrap_or_default();

        let mut lookup = CoverageLookup::new(self, cache, device, &everything)?;
        let depth = lookup.network.depth();
        let mut unchanged = depth;
        let mut phases = Vec::new();
        for frozen_depth in lookup.network.frozen_depths(&self.experiment)? {
            // Beyond what an earlier phase changes, nothing can be known yet.
            let is_known = frozen_depth <= unchanged;
            let mut rows = RowCounts::default();
            for samples in &kept {
                let of_split = lookup.rows(frozen_depth, samples, is_known)?;
                rows.all += of_split.all;
                rows.missing += of_split.missing;
            }
            phases.push(rows);
            unchanged = unchanged.min(frozen_depth);
        }
        Ok(CacheCoverage {
            phases,
            test: lookup.rows(unchanged, &tested, true)?,
            backbone: lookup.rows(depth, &plain, true)?,
        })
    }
}

/// A network with its weights, and the features on disk.
pub(super) struct CoverageLookup {
    pub network: Network,
    pub disk: Option<Disk>,
}

impl CoverageLookup {
    /// Of `pictures`, the contents that are remembered.
    pub fn new(
        input: &CoverageInput,
        cache: &Path,
        device: Device,
        pictures: &[usize],
    ) -> Result<Self, TrainingError> {
        let CoverageInput {
            experiment,
            dataset,
            base,
            ..
        } = input;
        let classes = dataset.classes.len();
        let config = &experiment.backbone;
        // On the processor, whatever computes later: a question takes nothing from a graphics card that trains.
        let mut network = match config.weights {
            WeightsSource::Random => {
                Network::new(experiment, classes, Device::Cpu, &build_backbone)?
            }
            _ => Network::blank(experiment, classes, Device::Cpu)?,
        };
        let file = weights::locate(&config.weights, &config.name, base.as_deref());
        let info = &network.pretrained;
        let spec = square_spec(experiment, info, input_side(experiment, info));
        let mut disk = None;
        // Weights that are not here have left no features.
        if let Ok(file) = file {
            if let Some(file) = file {
                weights::load_part(network.backbone.as_mut(), &file, config.weights.key())?;
            }
            let frozen_depths = network.frozen_depths(experiment)?;
            let asked = precision::AskedPrecision::new(experiment.training.precision, None);
            let mut digests = SegmentDigests::default();
            let memory = precision::MeasurementCache {
                cache,
                digests: &mut digests,
            };
            precision::choose_by_frozen_depths(
                &mut network,
                asked,
                &frozen_depths,
                device,
                Some(memory),
            )?;
            let surroundings = Surroundings::of(&network, experiment, &spec, device);
            let augmentation = &experiment.augmentation;
            disk = Disk::open(
                cache,
                READING_BYTES_PER_SECOND,
                surroundings,
                augmentation,
                dataset,
                device,
                digests,
            );
        }
        if let Some(disk) = &mut disk {
            let known = KnownContents::new(cache);
            disk.set_contents(pictures, known.remembered(dataset, pictures));
        }
        Ok(Self { network, disk })
    }

    /// Of `samples` at `depth`; all of them are missing unless `is_known`.
    fn rows(
        &mut self,
        depth: usize,
        samples: &[Sample],
        is_known: bool,
    ) -> Result<RowCounts, TrainingError> {
        if depth == 0 {
            return Ok(RowCounts::default());
        }
        let all = samples.len();
        let missing = match &mut self.disk {
            Some(disk) if is_known => {
                let keys = disk.keys(samples);
                disk.find(&self.network, depth, &keys)?.missing().len()
            }
            _ => all,
        };
        Ok(RowCounts { all, missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::FreezePlan;

    #[test]
    fn what_features_do_not_depend_on_is_left_out() {
        let experiment = Experiment {
            phases: vec![Phase::default()],
            ..Experiment::default()
        };
        let essence = CoverageInput::essence(&experiment);
        let mut other = experiment.clone();
        other.name = "Other".into();
        other.phases[0].learning_rate = 0.5;
        other.phases[0].epochs += 1;
        other.head.layers.clear();
        other.training.batch_size = 7;
        assert_eq!(CoverageInput::essence(&other), essence);
        other.phases[0].freeze = FreezePlan::Nothing;
        assert_ne!(CoverageInput::essence(&other), essence);
        let mut other = experiment.clone();
        other.head.stages += 1;
        assert_ne!(CoverageInput::essence(&other), essence);
        other = experiment;
        other.augmentation.rotation = 5.0;
        assert_ne!(CoverageInput::essence(&other), essence);
    }
}
