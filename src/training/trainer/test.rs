//! The kept weights on the test pictures.

use std::ops::ControlFlow;
use std::time::Instant;

use super::phase::Session;
use super::workload::test_views;
use crate::evaluation::{Prediction, Predictions};
use crate::training::TrainingError;
use crate::training::events::{Activity, TestMetrics, TrainingEvent};
use crate::training::features::BATCH;
use crate::training::forecast::Work;
use crate::training::inference::{ProbabilitySum, test_metrics};
use crate::training::pictures::{Look, Shot};

impl Session<'_> {
    /// Test metrics and every test picture's probabilities, averaged over the views that the
    /// experiment asks for; `None` when there are no test pictures.
    pub fn test(&mut self) -> Result<Option<(TestMetrics, Predictions)>, TrainingError> {
        if self.test.len() == 0 {
            return Ok(None);
        }
        let views = test_views(self.experiment);
        let places: Vec<usize> = (0..self.test.len()).collect();
        let mut batches: Vec<(&[usize], Vec<Shot>)> = Vec::new();
        for view in 0..views {
            for places in places.chunks(BATCH) {
                let shot = |&place: &usize| Shot {
                    picture: self.test.pictures[place],
                    look: Look::Flip(view),
                };
                batches.push((places, places.iter().map(shot).collect()));
            }
        }
        let (members, shots): (Vec<&[usize]>, Vec<Vec<Shot>>) = batches.into_iter().unzip();
        self.reporter
            .begin(Activity::Testing, self.test.len() * views as usize)?;

        let mut sum = ProbabilitySum::new(self.test.len(), self.dataset.classes.len());
        let cost = self.network.cost(0..self.network.depth());
        let whole = self.network.frozen(0..self.network.depth())?;
        let mut began = Instant::now();
        self.pictures.for_each(&shots, |place, pictures| {
            self.reporter.checkpoint()?;
            sum.add(
                members[place],
                &self.network,
                &self.network.logits(&pictures, &whole)?,
            )?;
            self.reporter
                .advance(Work::Forward, shots[place].len(), cost, began.elapsed())?;
            began = Instant::now();
            Ok(ControlFlow::Continue(()))
        })?;

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
        };
        self.reporter
            .event(&TrainingEvent::Tested(metrics.clone()))?;
        Ok(Some((metrics, predictions)))
    }
}
