//! How much of an experiment's frozen work stands on disk already, told before anything is trained.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tch::Device;

use super::TrainingError;
use super::features::{Disk, Group, SegmentDigests, Surroundings};
use super::network::{Network, build_backbone, input_side};
use super::pictures::Shot;
use super::precision;
use super::trainer::{shots, square_spec, use_all_cores};
use crate::data::contents::KnownContents;
use crate::data::{Dataset, SplitIndices};
use crate::experiment::{Experiment, Phase, TrainingConfig, WeightsSource};
use crate::models::weights;

/// An experiment on its pictures.
#[derive(Debug, Clone)]
pub struct Situation {
    pub experiment: Experiment,
    pub dataset: Arc<Dataset>,
    pub split: Arc<SplitIndices>,
    /// The preset's folder, for relative weight paths.
    pub base: Option<PathBuf>,
}

/// Rows of features: a picture in one view each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rows {
    pub all: usize,
    /// Those that must be computed.
    pub missing: usize,
}

/// What stands on disk, phase by phase.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheCoverage {
    /// Rows of training and validation pictures that leave the frozen part of each phase; none where nothing is
    /// frozen. Training pictures that every epoch sees anew have no rows.
    pub phases: Vec<Rows>,
    /// Of the test pictures, behind what no phase changes.
    pub test: Rows,
    /// Of every picture as it is, behind the whole backbone: what a new head would take.
    pub backbone: Rows,
}

impl Situation {
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
        let of = |group, pictures: &[usize]| shots(&self.experiment, group, pictures);
        // Apart, as a run computes them: on a graphics card a row is named by the batch that it was computed in.
        let kept = [
            of(Group::Train, train).unwrap_or_default(),
            of(Group::Validation, validation).unwrap_or_default(),
        ];
        let tested = of(Group::Test, test).unwrap_or_default();
        let everything = self.split.all();
        // Seen once each, whatever the augmentation.
        let plain = of(Group::Validation, &everything).unwrap_or_default();

        let mut look = Look::new(self, cache, device, &everything)?;
        let depth = look.network.depth();
        let mut unchanged = depth;
        let mut phases = Vec::new();
        for cut in look.network.cuts(&self.experiment)? {
            // Beyond what an earlier phase changes, nothing can be known yet.
            let is_known = cut <= unchanged;
            let mut rows = Rows::default();
            for shots in &kept {
                let group = look.rows(cut, shots, is_known)?;
                rows.all += group.all;
                rows.missing += group.missing;
            }
            phases.push(rows);
            unchanged = unchanged.min(cut);
        }
        Ok(CacheCoverage {
            phases,
            test: look.rows(unchanged, &tested, true)?,
            backbone: look.rows(depth, &plain, true)?,
        })
    }
}

/// A network with its weights, and the features on disk.
struct Look {
    network: Network,
    disk: Option<Disk>,
}

impl Look {
    fn new(
        situation: &Situation,
        cache: &Path,
        device: Device,
        pictures: &[usize],
    ) -> Result<Self, TrainingError> {
        let Situation {
            experiment,
            dataset,
            base,
            ..
        } = situation;
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
            let cuts = network.cuts(experiment)?;
            let asked = precision::Asked::new(experiment.training.precision, None);
            let mut digests = SegmentDigests::default();
            let memory = precision::Memory {
                cache,
                digests: &mut digests,
            };
            precision::choose_by_cuts(&mut network, asked, &cuts, device, Some(memory))?;
            let surroundings = Surroundings::of(&network, experiment, &spec, device);
            let augmentation = &experiment.augmentation;
            disk = Disk::open(cache, surroundings, augmentation, dataset, device, digests);
        }
        if let Some(disk) = &mut disk {
            let known = KnownContents::new(cache);
            disk.tell(pictures, known.remembered(dataset, pictures));
        }
        Ok(Self { network, disk })
    }

    /// Of `shots` at `depth`; all of them are missing unless `is_known`.
    fn rows(
        &mut self,
        depth: usize,
        shots: &[Shot],
        is_known: bool,
    ) -> Result<Rows, TrainingError> {
        if depth == 0 {
            return Ok(Rows::default());
        }
        let all = shots.len();
        let missing = match &mut self.disk {
            Some(disk) if is_known => {
                let keys = disk.keys(shots);
                disk.find(&self.network, depth, &keys)?.missing().len()
            }
            _ => all,
        };
        Ok(Rows { all, missing })
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
        let essence = Situation::essence(&experiment);
        let mut other = experiment.clone();
        other.name = "Other".into();
        other.phases[0].learning_rate = 0.5;
        other.phases[0].epochs += 1;
        other.head.layers.clear();
        other.training.batch_size = 7;
        assert_eq!(Situation::essence(&other), essence);
        other.phases[0].freeze = FreezePlan::Nothing;
        assert_ne!(Situation::essence(&other), essence);
        let mut other = experiment.clone();
        other.head.stages += 1;
        assert_ne!(Situation::essence(&other), essence);
        other = experiment;
        other.augmentation.rotation = 5.0;
        assert_ne!(Situation::essence(&other), essence);
    }
}
