//! What listeners hear before the first epoch.

use std::path::Path;

use super::fitting::MemoryPlan;
use super::session::Session;
use crate::data::{RemarkKind, Split, SplitIndices, problems, split};
use crate::experiment::{ClassWeights, Monitor};
use crate::format;
use crate::libtorch::cuda;
use crate::models::origin::Origin;
use crate::training::error::TrainingError;
use crate::training::events::TrainingEvent;
use crate::training::mixing::mixing_line;
use crate::training::sample::test_views_line;

/// Problems of the data set that the log names.
const NAMED_PROBLEMS: usize = 5;

impl Session<'_> {
    /// Reports what was prepared, from what, and what looks wrong about it. `weights`: the line of what was loaded.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn announce_run(
        &mut self,
        device: String,
        weights: String,
        memory: MemoryPlan,
        indices: &SplitIndices,
    ) -> Result<(), TrainingError> {
        self.reporter.event(&TrainingEvent::Prepared {
            train: self.train.len(),
            validation: self.validation.len(),
            test: self.test.len(),
            device,
            weights,
        })?;
        // Binds whoever uses what is trained here, and a download may be years ago or another person's.
        if let Some(restriction) = Origin::of(&self.experiment.backbone)?.warning() {
            self.reporter.warn(restriction)?;
        }
        self.announce_memory(memory)?;
        self.announce_data(indices)?;
        if let Some(line) = mixing_line(self.experiment) {
            self.reporter.note(line)?;
        }
        if let Some(line) = test_views_line(self.experiment) {
            self.reporter.note(line)?;
        }
        for warning in self.warnings() {
            self.reporter.warn(warning)?;
        }
        if self.withholds_test {
            self.reporter
                .note("The test pictures are withheld: this run is not tested at its end".into())?;
        }
        Ok(())
    }

    fn announce_memory(&mut self, plan: MemoryPlan) -> Result<(), TrainingError> {
        let Some(most) = plan.most else {
            return Ok(());
        };
        self.reporter.event(&TrainingEvent::MemoryForecast(most))?;
        let Some(memory) = cuda::memory(self.network.device) else {
            return Ok(());
        };
        self.reporter.note(format!(
            "Of the graphics card's {}, {} are free; training takes about {} there, and features stay there while they fit",
            format::bytes(memory.total),
            format::bytes(memory.available()),
            format::bytes(plan.on_device),
        ))
    }

    /// What a person should know of the pictures and their split.
    fn announce_data(&mut self, indices: &SplitIndices) -> Result<(), TrainingError> {
        let (dataset, experiment) = (self.dataset, self.experiment);
        let remarks = dataset.remarks.iter().cloned();
        for remark in remarks
            .chain([split::rule(dataset, experiment)])
            .chain(split::remarks(dataset, indices, experiment))
        {
            match remark.kind {
                RemarkKind::Taken => self.reporter.note(remark.with_field())?,
                RemarkKind::Warning => self.reporter.warn(remark.with_field())?,
            }
        }
        if dataset.problems.is_empty() {
            return Ok(());
        }
        let lines = problems::lines(&dataset.problems, Path::new(""), NAMED_PROBLEMS);
        let number = dataset.problems.len();
        self.reporter
            .note(format!("Skipped ({number} in all): {}", lines.join("; ")))
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let training = &self.experiment.training;
        let classes = &self.dataset.classes;
        let counts = self.train.class_counts(classes.len());
        let [train, validation, test] =
            [Split::Train, Split::Validation, Split::Test].map(|split| self.members(split).len());
        if validation == 0 {
            warnings.push(format!(
                "There are no validation pictures: the last epoch's weights are kept{}.",
                if training.early_stopping.is_some() {
                    " and no phase ends early"
                } else {
                    ""
                }
            ));
        }
        if test == 0 && !self.withholds_test {
            warnings.push("There are no test pictures: the run will have no test metrics.".into());
        }
        let batch = training.batch_size as usize;
        if batch > train {
            warnings.push(format!(
                "The batch size of {batch} is larger than the training set of {}: every epoch is one step.",
                format::count(train, "picture", "pictures")
            ));
        }
        for (class, &count) in classes.iter().zip(&counts) {
            if count == 0 {
                warnings.push(format!("The class “{class}” has no training picture."));
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        let least = counts
            .iter()
            .copied()
            .filter(|&count| count > 0)
            .min()
            .unwrap_or(0);
        if training.class_weights == ClassWeights::Equal && most > 10 * least && least > 0 {
            warnings.push(format!(
                "The largest class has {most} training pictures, the smallest {least}: balanced class weights may help."
            ));
        }
        if validation == 0 && training.monitor != Monitor::default() {
            warnings.push("The monitor has no effect without validation pictures.".into());
        }
        warnings
    }
}
