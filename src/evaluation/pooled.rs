//! The answers of all folds of a cross-validation as one result.
//!
//! An interval says what these networks would score on other pictures of the same kind: of groups, where pictures have any
//! (`by_group`), and of pictures where they have none. Networks that learned from other pictures are not drawn, so that it
//! says nothing of them; the spread over the folds shows that part, and no formula is right about both (Bengio and
//! Grandvalet 2004; Bates, Hastie and Tibshirani 2024).

use serde::{Deserialize, Serialize};

use super::{Decision, Evaluation, Predictions, Score};

/// What all answers together are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PooledScores {
    pub pictures: u64,
    pub accuracy: Score,
    pub balanced_accuracy: Score,
    pub macro_f1: Score,
    /// In nats per picture.
    pub log_loss: Score,
}

impl PooledScores {
    pub fn new(predictions: &Predictions) -> Self {
        let evaluation = Evaluation::new(predictions, &Decision::default());
        Self {
            pictures: evaluation.pictures,
            accuracy: evaluation.answers.accuracy,
            balanced_accuracy: evaluation.answers.balanced_accuracy,
            macro_f1: evaluation.answers.macro_f1,
            log_loss: evaluation.probabilities.log_loss,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Groups, IntervalMethod, Prediction};

    /// Two classes in turns by patient, of `pictures` each, all of which are right or wrong together; every fifth patient
    /// is wrong.
    fn patients(number: usize, pictures: usize) -> Predictions {
        let mut rows = Vec::new();
        let mut named = Vec::new();
        for patient in 0..number {
            let truth = (patient % 2) as u32;
            let right = if patient % 5 == 0 { 0.2 } else { 0.8 };
            let probabilities = match truth {
                0 => vec![right, 1.0 - right],
                _ => vec![1.0 - right, right],
            };
            for picture in 0..pictures {
                rows.push(Prediction {
                    file: format!("{patient}/{picture}.png"),
                    truth,
                    probabilities: probabilities.clone(),
                });
                let name: std::sync::Arc<str> = patient.to_string().into();
                named.push((format!("{patient}/{picture}.png"), name));
            }
        }
        let classes = vec!["a".into(), "b".into()];
        Predictions {
            classes,
            rows,
            groups: Groups::new(named),
        }
    }

    fn by_picture(predictions: &Predictions) -> PooledScores {
        PooledScores::new(&Predictions {
            groups: Groups::default(),
            ..predictions.clone()
        })
    }

    #[test]
    fn pictures_that_are_right_together_count_once() {
        let predictions = patients(60, 10);
        let by_group = PooledScores::new(&predictions);
        let by_picture = by_picture(&predictions);
        assert_eq!(by_group.accuracy.value, 0.8);
        assert_eq!(by_picture.accuracy.value, 0.8);
        let width = |scores: &PooledScores| {
            let interval = scores.accuracy.interval.unwrap();
            assert!(interval.contains(0.8));
            interval.high - interval.low
        };
        // 60 patients: 2 * 1.96 * sqrt(0.8 * 0.2 / 60) = 0.202; of 600 pictures it would be 0.064.
        assert!((width(&by_group) - 0.202).abs() < 0.03, "{by_group:?}");
        assert!((width(&by_picture) - 0.064).abs() < 0.01, "{by_picture:?}");
        assert_eq!(
            by_group.accuracy.method,
            IntervalMethod::GroupBootstrap {
                resamples: 1000,
                groups: 60
            }
        );
        for score in [
            by_group.macro_f1,
            by_group.balanced_accuracy,
            by_group.log_loss,
        ] {
            assert!(score.interval.unwrap().contains(score.value), "{score:?}");
        }
    }

    #[test]
    fn groups_of_one_picture_are_pictures() {
        let predictions = patients(300, 1);
        let by_group = PooledScores::new(&predictions);
        let by_picture = by_picture(&predictions);
        let ends = |scores: &PooledScores| {
            let interval = scores.accuracy.interval.unwrap();
            (interval.low, interval.high)
        };
        let (one, two) = (ends(&by_group), ends(&by_picture));
        assert!(
            (one.0 - two.0).abs() < 0.015 && (one.1 - two.1).abs() < 0.015,
            "{one:?} {two:?}"
        );
    }

    #[test]
    fn few_groups_have_no_interval_and_say_why() {
        let predictions = patients(4, 50);
        let scores = PooledScores::new(&predictions);
        assert_eq!(scores.accuracy.interval, None);
        assert!(
            scores
                .accuracy
                .why_no_interval()
                .unwrap()
                .contains("groups"),
            "{scores:?}"
        );
        // All of a class in one group: a mean over classes can't be resampled.
        let mut predictions = patients(12, 5);
        for row in &mut predictions.rows {
            row.truth = u32::from(row.file.starts_with("3/"));
        }
        let scores = PooledScores::new(&predictions);
        assert!(scores.accuracy.interval.is_some());
        assert_eq!(scores.macro_f1.method, IntervalMethod::TooFewGroups);
    }

    #[test]
    fn without_a_mistake_the_groups_are_what_is_counted() {
        let mut predictions = patients(24, 10);
        for row in &mut predictions.rows {
            row.truth = row.predicted();
        }
        let scores = PooledScores::new(&predictions);
        // Clopper and Pearson's bound of 24 of 24, not of 240 of 240.
        let low = scores.accuracy.interval.unwrap().low;
        assert!((0.83..0.87).contains(&low), "{low}");
        // As many patients have pictures of both classes: one that is right is not two.
        let mut predictions = patients(24, 10);
        for (place, row) in predictions.rows.iter_mut().enumerate() {
            row.truth = (place % 2) as u32;
            row.probabilities = vec![0.8, 0.2];
            row.probabilities.rotate_right(place % 2);
        }
        let scores = PooledScores::new(&predictions);
        assert_eq!(scores.accuracy.method, IntervalMethod::Exact);
        let low = scores.accuracy.interval.unwrap().low;
        assert!((0.83..0.87).contains(&low), "{low}");
    }

    #[test]
    fn groups_of_other_pictures_take_no_interval_away() {
        // As where pictures that look alike are kept together, and none of them is a test picture.
        let mut predictions = patients(40, 1);
        predictions.groups = Groups::new([("train.png".into(), "alike".into())]);
        assert_eq!(predictions.accuracy(), by_picture(&predictions).accuracy);
        assert_eq!(predictions.accuracy().method, IntervalMethod::Wilson);
        assert_eq!(PooledScores::new(&predictions), by_picture(&predictions));
    }
}
