//! What is computed once, before a phase: the frozen part's output, from the disk where an earlier run left it.

use tch::Device;

use super::batches::shots;
use super::phase::Session;
use super::workload;
use super::{Environment, TrainingRequest};
use crate::data::contents::KnownContents;
use crate::data::square::SquareSpec;
use crate::models::catalogue;
use crate::training::TrainingError;
use crate::training::events::{Activity, TrainingEvent};
use crate::training::features::{Disk, Group, SegmentDigests, Surroundings, Wanted};
use crate::training::network::Network;
use crate::training::pictures::Shot;
use crate::training::reporter::Reporter;

/// The features on disk, where they may be kept. Reads the pictures' files that no run has read before, or that have
/// changed since, to know them again.
pub(super) fn open_disk(
    request: &TrainingRequest,
    network: &Network,
    spec: &SquareSpec,
    environment: &Environment<'_>,
    digests: SegmentDigests,
    reporter: &mut Reporter<'_>,
) -> Result<Option<Disk>, TrainingError> {
    let Some(cache) = environment.cache.as_deref() else {
        return Ok(None);
    };
    let experiment = &request.experiment;
    let surroundings = Surroundings::of(network, experiment, spec, network.device);
    let augmentation = &experiment.augmentation;
    let Some(mut disk) = Disk::open(
        cache,
        surroundings,
        augmentation,
        &request.dataset,
        network.device,
        digests,
    ) else {
        return Ok(None);
    };
    let pictures = request.split.all();
    let known = KnownContents::new(cache);
    let remembered = known.remembered(&request.dataset, &pictures);
    let new: Vec<usize> = pictures
        .iter()
        .zip(&remembered)
        .filter(|(_, contents)| contents.is_none())
        .map(|(&picture, _)| picture)
        .collect();
    disk.tell(&pictures, remembered);
    if !new.is_empty() {
        reporter.begin(Activity::CheckingPictures, new.len())?;
        let stop = reporter.stop_flag().clone();
        let dataset = &*request.dataset;
        let contents = reporter.watch("graft-check", |read| {
            Ok(known.of(dataset, &new, read, &stop)?)
        })?;
        disk.tell(&new, contents);
    }
    Ok(Some(disk))
}

impl Session<'_> {
    /// Decodes the pictures that epochs see again and again. Those of which only features are needed are decoded beside
    /// the network when it comes to them.
    pub fn read_pictures(&mut self) -> Result<(), TrainingError> {
        let mut needed = Vec::new();
        for group in [Group::Train, Group::Validation, Group::Test] {
            if workload::sees_pictures(self.experiment, &self.plans, group) {
                needed.extend(self.members(group));
            }
        }
        let unreadable = self.pictures.ensure(&needed, &mut self.reporter)?;
        self.cache.forget_pictures(&unreadable);
        Ok(())
    }

    /// Computes what phase `index` can keep of its frozen part, unless an earlier phase has.
    pub fn prepare_features(&mut self, index: usize) -> Result<(), TrainingError> {
        let changed = self.plans[..index].iter().map(|plan| plan.cut).min();
        if let Some(changed) = changed {
            self.cache.forget_beyond(changed);
        }
        let depth = self.plans[index].cut;
        if depth == 0 {
            return Ok(());
        }
        let mut groups = Vec::new();
        for group in [Group::Train, Group::Validation] {
            if let Some(shots) = self.shots(group)
                && !self.cache.holds(group, depth)
            {
                groups.push((group, shots));
            }
        }
        let later = workload::later_depths(&self.plans, index);
        let total = groups.iter().map(|(_, shots)| shots.len()).sum();
        if total > 0 {
            self.reporter.begin(Activity::ComputingFeatures, total)?;
        }
        for (group, shots) in groups {
            let wanted = Wanted {
                group,
                shots: &shots,
                depth,
                later: &later,
            };
            if !self.compute(&wanted)? {
                let whose = match group {
                    Group::Train => "training",
                    Group::Validation | Group::Test => "validation",
                };
                self.reporter.warn(format!(
                    "The frozen part's output for the {whose} pictures does not fit into memory and is computed in every epoch: freeze more layers, or choose fewer views or a smaller backbone.input_size."
                ))?;
                workload::plan_without_cache(self, index, group);
            }
        }
        // Without work there is only an earlier activity's pace.
        if total > 0 {
            self.tell_speed()?;
        }
        Ok(())
    }

    /// What the activity that has just ended says of the backbone's speed on this processor.
    fn tell_speed(&mut self) -> Result<(), TrainingError> {
        let name = &self.experiment.backbone.name;
        let (Device::Cpu, Some(pace), Some(info)) = (
            self.network.device,
            self.reporter.pace(),
            catalogue::find(name),
        ) else {
            return Ok(());
        };
        let seconds = pace * info.gflops * 1e9;
        if !(seconds.is_finite() && seconds > 0.0) {
            return Ok(());
        }
        self.reporter.event(&TrainingEvent::Speed {
            backbone: name.clone(),
            pictures_per_second: 1.0 / seconds,
        })
    }

    /// Computes the output of the segments that no phase has changed for the test pictures; gives their number, 0
    /// where the pictures themselves must be taken.
    pub fn prepare_test_features(&mut self, shots: &[Shot]) -> Result<usize, TrainingError> {
        // What was trained on is not needed any more.
        self.cache.release();
        let depth = self.unchanged();
        self.cache.forget_beyond(depth);
        if depth == 0 {
            self.need(Group::Test)?;
            return Ok(0);
        }
        self.reporter
            .begin(Activity::ComputingFeatures, shots.len())?;
        let wanted = Wanted {
            group: Group::Test,
            shots,
            depth,
            later: &[],
        };
        Ok(if self.compute(&wanted)? { depth } else { 0 })
    }

    /// Gives whether there is room for what is wanted; where there is none, its pictures are decoded.
    fn compute(&mut self, wanted: &Wanted<'_>) -> Result<bool, TrainingError> {
        let fits = self.cache.compute(
            wanted,
            &self.network,
            &mut self.pictures,
            &mut self.reporter,
        )?;
        if !fits {
            self.need(wanted.group)?;
        }
        Ok(fits)
    }

    /// Decodes the pictures of `group`.
    fn need(&mut self, group: Group) -> Result<(), TrainingError> {
        let members = match group {
            Group::Train => &self.train,
            Group::Validation => &self.validation,
            Group::Test => &self.test,
        };
        let unreadable = self
            .pictures
            .ensure(&members.pictures, &mut self.reporter)?;
        self.cache.forget_pictures(&unreadable);
        Ok(())
    }

    /// How the pictures of `group` are seen, one row of features each; `None` where every epoch sees them anew, or
    /// where there are none.
    fn shots(&self, group: Group) -> Option<Vec<Shot>> {
        shots(self.experiment, group, self.members(group))
    }

    /// Every test picture in every view, view by view.
    pub fn test_shots(&self) -> Vec<Shot> {
        shots(self.experiment, Group::Test, &self.test.pictures).unwrap_or_default()
    }

    /// The number of leading segments that no phase changes.
    pub fn unchanged(&self) -> usize {
        self.plans.iter().map(|plan| plan.cut).min().unwrap_or(0)
    }

    fn members(&self, group: Group) -> &[usize] {
        match group {
            Group::Train => &self.train.pictures,
            Group::Validation => &self.validation.pictures,
            Group::Test => &self.test.pictures,
        }
    }
}
