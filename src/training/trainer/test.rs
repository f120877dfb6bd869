//! The kept weights on the test pictures.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use tch::Tensor;

use super::phase::Session;
use crate::evaluation::{Prediction, Predictions};
use crate::training::TrainingError;
use crate::training::events::{Activity, TestMetrics, TrainingEvent};
use crate::training::features::{Group, Selection, batch};
use crate::training::forecast::Work;
use crate::training::inference::{ProbabilitySum, test_metrics};
use crate::training::pictures::Shot;

impl Session<'_> {
    /// Test metrics and every test picture's probabilities, averaged over the views that the
    /// experiment asks for; `None` when there are no test pictures.
    pub fn test(&mut self) -> Result<Option<(TestMetrics, Predictions)>, TrainingError> {
        if self.test.len() == 0 {
            return Ok(None);
        }
        let shots = self.test_shots();
        let depth = self.prepare_test_features(&shots)?;
        let unchanged = self.unchanged();
        self.reporter.begin(Activity::Testing, shots.len())?;

        let mut sum = ProbabilitySum::new(self.test.len(), self.dataset.classes.len());
        let cost = self.network.cost(depth..self.network.depth());
        let at_once = &self.network.at_once;
        let rest = at_once.again(|| self.network.frozen(unchanged..self.network.depth()))?;
        let size = batch(self.network.device);
        let batches: Vec<Range<usize>> = (0..shots.len())
            .step_by(size)
            .map(|start| start..(start + size).min(shots.len()))
            .collect();
        let mut began = Instant::now();
        let mut judge = |input: &dyn Fn() -> Result<Tensor, TrainingError>,
                         rows: &Range<usize>|
         -> Result<(), TrainingError> {
            self.reporter.checkpoint()?;
            let places: Vec<usize> = rows.clone().map(|row| row % self.test.len()).collect();
            at_once.again(|| -> Result<(), TrainingError> {
                let logits = self.network.logits(&input()?, &rest)?;
                sum.add(&places, &self.network, &logits)
            })?;
            self.reporter
                .advance(Work::Forward, rows.len(), cost, began.elapsed())?;
            began = Instant::now();
            Ok(())
        };
        if depth > 0 {
            let all = Selection::new(0..shots.len() as i64);
            for rows in &batches {
                let pick = || self.cache.pick(Group::Test, depth, &all, rows.clone());
                judge(&pick, rows)?;
            }
        } else {
            let prefix = at_once.again(|| self.network.prefix(0..unchanged))?;
            let shots: Vec<Vec<Shot>> = shots.chunks(size).map(<[Shot]>::to_vec).collect();
            self.pictures.for_each(&shots, at_once, |place, pictures| {
                judge(
                    &|| prefix.advance(&self.network, &pictures),
                    &batches[place],
                )?;
                Ok(ControlFlow::Continue(()))
            })?;
        }

        self.tell_shortage()?;
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
