//! What can be said of a run's own pictures without its network.

use std::collections::{BTreeMap, HashMap};

use super::limit::rate_text;
use super::reference::Distances;
use super::{NEIGHBOURS, NoveltyLimit};
use crate::evaluation::Score;

/// How far a run's validation and test pictures are from its training pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnownNovelty {
    /// Training pictures whose features are kept.
    pub kept_pictures: usize,
    /// Training pictures in all.
    pub training_pictures: usize,
    /// Rising.
    validation: Vec<f32>,
    test: Vec<f32>,
    by_name: HashMap<String, f32>,
}

impl KnownNovelty {
    pub(super) fn new(
        kept_pictures: usize,
        training_pictures: usize,
        validation: &Distances,
        test: &Distances,
    ) -> Self {
        let named = |distances: &Distances| -> Vec<(String, f32)> {
            let names = distances.names.iter().cloned();
            names.zip(distances.values.iter().copied()).collect()
        };
        let by_name = [named(validation), named(test)].into_iter().flatten();
        let mut rising = validation.values.clone();
        rising.sort_unstable_by(f32::total_cmp);
        Self {
            kept_pictures,
            training_pictures,
            validation: rising,
            test: test.values.clone(),
            by_name: by_name.collect(),
        }
    }

    /// The threshold for a rate of false alarms; `None` where no rate can be stated.
    pub fn limit(&self, rate: f64) -> Option<NoveltyLimit> {
        NoveltyLimit::of_sorted(&self.validation, rate)
    }

    /// Validation pictures, by which thresholds are set.
    pub fn validation_pictures(&self) -> usize {
        self.validation.len()
    }

    /// Nothing of training pictures, which distances are measured to.
    pub fn distance(&self, name: &str) -> Option<f32> {
        self.by_name.get(name).copied()
    }

    /// The share of the test pictures that is refused; `None` without any.
    pub fn refused(&self, limit: &NoveltyLimit) -> Option<Score> {
        (!self.test.is_empty()).then(|| limit.refused(&self.test))
    }

    /// What an exported network and a model card say of it, in the field's words.
    pub fn description(&self, limit: &NoveltyLimit) -> BTreeMap<String, String> {
        let mut lines = BTreeMap::new();
        let mut say = |key: &str, text: String| {
            lines.insert(format!("novelty.{key}"), text);
        };
        say(
            "method",
            format!(
                "distance = 1 - cosine similarity of the head's input to that of the nearest training picture (k = {NEIGHBOURS}; Sun et al. 2022); none of these above the threshold"
            ),
        );
        say("neighbour", NEIGHBOURS.to_string());
        say("threshold", limit.threshold.to_string());
        say("false_alarm_rate", limit.rate.to_string());
        say(
            "false_alarms",
            format!(
                "{} of the run's own pictures at most is refused",
                rate_text(limit.rate)
            ),
        );
        say("training_pictures", self.kept_pictures.to_string());
        say("validation_pictures", limit.validation_pictures.to_string());
        if let Some(refused) = self.refused(limit) {
            say("refused_on_test", refused.value.to_string());
            say("test_pictures", self.test.len().to_string());
        }
        lines
    }
}
