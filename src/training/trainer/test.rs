//! The kept weights on the test pictures.

use std::ops::ControlFlow;

use tch::Tensor;

use super::reference::add;
use super::session::Session;
use crate::data::Split;
use crate::evaluation::neighbours::FeatureIndex;
use crate::evaluation::{Groups, Prediction, Predictions};
use crate::training::error::TrainingError;
use crate::training::events::{Activity, TestMetrics, TrainingEvent};
use crate::training::forecast::Work;
use crate::training::micro_batch::forward_batch;
use crate::training::prefetch::ranges;
use crate::training::probabilities::{ProbabilitySum, rows_of, test_metrics};
use crate::training::sample_pass::{Batches, SamplePass};

impl Session<'_> {
    /// Test metrics and every test picture's probabilities, averaged over the views that the
    /// experiment asks for; `None` when there are no test pictures. `features` gets those of the pictures as they are,
    /// where the listener keeps them.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], those of the listener, and libtorch's own.
    pub fn test(
        &mut self,
        features: &mut FeatureIndex,
    ) -> Result<Option<(TestMetrics, Predictions)>, TrainingError> {
        let count = self.test.len();
        if count == 0 {
            return Ok(None);
        }
        let samples = self.test_samples();
        let depth = self.prepare_test_features(&samples)?;
        let unchanged = self.unchanged();
        self.reporter.begin(Activity::Testing, samples.len())?;

        let wants_features = self.reporter.wants_novelty();
        let (dataset, pictures) = (self.dataset, &self.test.pictures);
        let network = &self.network;
        let micro_batch = &network.micro_batch;
        let mut sum = ProbabilitySum::new(count, self.dataset.classes.len());
        let rest = micro_batch.again(|| network.frozen(unchanged..network.depth()))?;
        let pass = SamplePass {
            network,
            cache: &self.cache,
            pictures: &self.pictures,
            micro_batch,
            split: Split::Test,
            depth,
            prefix: match depth {
                0 => Some(micro_batch.again(|| network.prefix(0..unchanged))?),
                _ => None,
            },
            work: Work::Forward,
            cost: network.cost(depth..network.depth()),
            mixing: None,
        };
        let batches = Batches {
            ranges: ranges(samples.len(), forward_batch(network.device)),
            row: &|position| position as i64,
            sample: &|position| samples[position],
        };
        pass.for_each(&batches, &mut self.reporter, |_, input, positions| {
            // View by view, every picture once.
            let indices: Vec<usize> = positions.clone().map(|position| position % count).collect();
            let pooled = micro_batch.again(|| -> Result<Tensor, TrainingError> {
                let pooled = rest.advance(network, &input()?)?;
                sum.add(&indices, network.output, &network.answers(&pooled)?)?;
                Ok(pooled)
            })?;
            if wants_features && positions.start < count {
                for (position, row) in positions.clone().zip(rows_of(&pooled)?) {
                    // Another view of the first pictures may begin within the batch.
                    if let Some(&picture) = pictures.get(position) {
                        add(features, &dataset.pictures[picture].name, &row);
                    }
                }
            }
            Ok(ControlFlow::Continue(positions.len()))
        })?;

        self.report_missing_memory()?;
        self.report_lost_features()?;
        let probabilities = sum.mean();
        let metrics = test_metrics(&probabilities, &self.test.labels);
        let rows = self
            .test
            .pictures
            .iter()
            .zip(&self.test.labels)
            .zip(&probabilities)
            .map(|((&picture, &truth), row)| Prediction {
                file: self.dataset.pictures[picture].name.clone(),
                truth,
                probabilities: row.iter().map(|&probability| probability as f32).collect(),
            })
            .collect();
        let predictions = Predictions {
            classes: self.dataset.classes.clone(),
            rows,
            groups: Groups::of_pictures(
                (self.test.pictures.iter()).map(|&picture| &self.dataset.pictures[picture]),
            ),
        };
        self.reporter
            .event(&TrainingEvent::Tested(metrics.clone()))?;
        Ok(Some((metrics, predictions)))
    }
}
