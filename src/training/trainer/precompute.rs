//! What is computed once, before a phase: the frozen part's output, from the disk where an earlier run left it.

use tch::Device;

use super::session::Session;
use super::workload;
use crate::data::Split;
use crate::format::{self, count};
use crate::models::catalogue;
use crate::training::error::TrainingError;
use crate::training::events::{Activity, TrainingEvent};
use crate::training::features::cache::{LostRows, RowOrigins};
use crate::training::features::compute::FeatureRequest;
use crate::training::features::key::stands_alone;
use crate::training::sample::{Sample, samples};

/// "training", before "pictures".
fn whose(split: Split) -> &'static str {
    match split {
        Split::Train => "training",
        Split::Validation => "validation",
        Split::Test => "test",
    }
}

impl Session<'_> {
    /// Decodes the pictures that epochs see again and again. Those of which only features are needed are decoded beside
    /// the network when it comes to them.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], and those of the listener.
    pub fn read_pictures(&mut self) -> Result<(), TrainingError> {
        let mut needed = Vec::new();
        for split in [Split::Train, Split::Validation, Split::Test] {
            if workload::sees_pictures(self.experiment, &self.plans, split) {
                needed.extend(&self.members(split).pictures);
            }
        }
        let unreadable = self.pictures.ensure(&needed, &mut self.reporter)?;
        self.cache.forget_pictures(&unreadable);
        Ok(())
    }

    /// Computes what phase `index` can keep of its frozen part, unless an earlier phase has.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], those of the listener, and libtorch's own.
    pub fn prepare_features(&mut self, index: usize) -> Result<(), TrainingError> {
        let changed = self.plans[..index].iter().map(|plan| plan.cut).min();
        if let Some(changed) = changed {
            self.cache.forget_beyond(changed);
        }
        let depth = self.plans[index].cut;
        if depth == 0 {
            return Ok(());
        }
        let mut splits = Vec::new();
        for split in [Split::Train, Split::Validation] {
            if let Some(samples) = self.samples(split)
                && !self.cache.holds(split, depth)
            {
                splits.push((split, samples));
            }
        }
        let later = workload::later_depths(&self.plans, index);
        let total = splits.iter().map(|(_, samples)| samples.len()).sum();
        if total > 0 {
            self.reporter.begin(Activity::ComputingFeatures, total)?;
        }
        for (split, samples) in splits {
            let request = FeatureRequest {
                split,
                samples: &samples,
                depth,
                later: &later,
            };
            if !self.compute(&request)? {
                self.reporter.warn(format!(
                    "The frozen part's output for the {} pictures does not fit into memory and is computed in every epoch: freeze more layers, or choose fewer views or a smaller backbone.input_size.",
                    whose(split)
                ))?;
                workload::plan_without_cache(self, index, split);
            }
        }
        self.report_origins()?;
        // Without work there is only an earlier activity's pace.
        if total > 0 {
            self.report_speed()?;
        }
        Ok(())
    }

    /// Says how much of what was asked for came from the disk.
    fn report_origins(&mut self) -> Result<(), TrainingError> {
        let RowOrigins { all, from_disk } = self.cache.take_origins();
        if from_disk == 0 {
            return Ok(());
        }
        let rows = |rows: usize| count(rows, "row", "rows");
        self.reporter.note(if from_disk == all {
            format!(
                "The frozen part’s output comes from the disk: {}, and none is computed",
                rows(all)
            )
        } else {
            format!(
                "Of the frozen part’s output, {} of {} from the disk; the rest is computed",
                format::thousands(from_disk as u64),
                rows(all)
            )
        })
    }

    /// Says which kept rows could not be read since the last call, whose pictures were taken instead. Gives whether there were any.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn report_lost_features(&mut self) -> Result<bool, TrainingError> {
        let lost = self.cache.take_lost();
        for LostRows { split, error, .. } in &lost {
            let same = if stands_alone(self.network.device) {
                "the same"
            } else {
                "the same but for rounding"
            };
            self.reporter.warn(format!(
                "Kept features of the {} pictures can’t be read any more ({error}), and are computed again; results are {same}.",
                whose(*split)
            ))?;
        }
        Ok(!lost.is_empty())
    }

    /// Gets anew what the disk has lost since phase `index` began.
    ///
    /// # Errors
    /// Those of [`Self::prepare_features`].
    pub fn renew_features(&mut self, index: usize) -> Result<(), TrainingError> {
        if self.report_lost_features()? {
            self.prepare_features(index)?;
        }
        Ok(())
    }

    /// What the activity that has just ended says of the backbone's speed on this processor.
    fn report_speed(&mut self) -> Result<(), TrainingError> {
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
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], those of the listener, and libtorch's own.
    pub fn prepare_test_features(&mut self, samples: &[Sample]) -> Result<usize, TrainingError> {
        // What was trained on is not needed any more.
        self.cache.release();
        let depth = self.unchanged();
        self.cache.forget_beyond(depth);
        if depth == 0 {
            self.need(Split::Test)?;
            return Ok(0);
        }
        self.reporter
            .begin(Activity::ComputingFeatures, samples.len())?;
        let request = FeatureRequest {
            split: Split::Test,
            samples,
            depth,
            later: &[],
        };
        let fits = self.compute(&request)?;
        self.report_origins()?;
        Ok(if fits { depth } else { 0 })
    }

    /// Gives whether there is room for `request`; where there is none, its pictures are decoded.
    fn compute(&mut self, request: &FeatureRequest<'_>) -> Result<bool, TrainingError> {
        let fits = self.cache.compute(
            request,
            &self.network,
            &mut self.pictures,
            &mut self.reporter,
        )?;
        if !fits {
            self.need(request.split)?;
        }
        Ok(fits)
    }

    /// Decodes the pictures of `split`.
    fn need(&mut self, split: Split) -> Result<(), TrainingError> {
        let needed = self.members(split).pictures.clone();
        let unreadable = self.pictures.ensure(&needed, &mut self.reporter)?;
        self.cache.forget_pictures(&unreadable);
        Ok(())
    }

    /// How the pictures of `split` are seen, one row of features each; `None` where every epoch sees them anew, or
    /// where there are none.
    fn samples(&self, split: Split) -> Option<Vec<Sample>> {
        samples(self.experiment, split, &self.members(split).pictures)
    }

    /// Every test picture in every view, view by view.
    pub fn test_samples(&self) -> Vec<Sample> {
        samples(self.experiment, Split::Test, &self.test.pictures).unwrap_or_default()
    }

    /// The number of leading segments that no phase changes.
    pub fn unchanged(&self) -> usize {
        self.plans.iter().map(|plan| plan.cut).min().unwrap_or(0)
    }
}
