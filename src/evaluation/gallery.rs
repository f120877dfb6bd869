//! Predictions picture by picture: what a gallery sorts, filters and counts.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::{Predictions, cross_entropy, margin};
use crate::data::Split;

/// At least this sure is called confident …
pub const CONFIDENT: f32 = 0.9;
/// … and below this uncertain, as the lesson has it.
pub const UNCERTAIN: f32 = 0.6;

/// One prediction with what follows from its probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    pub split: Split,
    /// Which of [`Predicted::parts`], and which row of it.
    pub part: u32,
    pub row: u32,
    pub truth: u32,
    pub predicted: u32,
    /// The probability of the predicted class.
    pub confidence: f32,
    /// The probability of the predicted class less that of the second.
    pub margin: f32,
    /// Cross-entropy in nats, of a probability kept above the precision of its kind as
    /// [`super::log_loss`] does.
    pub loss: f32,
    /// How far its features are from those of the training pictures, where that is known.
    pub distance: Option<f32>,
}

impl Entry {
    pub fn is_right(&self) -> bool {
        self.truth == self.predicted
    }
}

/// Everything that a run predicted, split by split.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predicted {
    pub classes: Vec<String>,
    pub parts: Vec<(Split, Predictions)>,
    /// In the order of parts and rows.
    pub entries: Vec<Entry>,
}

impl Predicted {
    /// Parts whose classes differ from those of the first are left out: a run has one list of classes.
    pub fn new(mut parts: Vec<(Split, Predictions)>) -> Self {
        let classes = parts
            .first()
            .map(|(_, predictions)| predictions.classes.clone())
            .unwrap_or_default();
        parts.retain(|(_, predictions)| predictions.classes == classes);
        let mut entries = Vec::new();
        for (part, (split, predictions)) in parts.iter().enumerate() {
            for (row, prediction) in predictions.rows.iter().enumerate() {
                let predicted = prediction.predicted();
                let probability = |class: u32| {
                    prediction
                        .probabilities
                        .get(class as usize)
                        .copied()
                        .unwrap_or(0.0)
                };
                entries.push(Entry {
                    split: *split,
                    part: part as u32,
                    row: row as u32,
                    truth: prediction.truth,
                    predicted,
                    confidence: probability(predicted),
                    margin: margin(&prediction.probabilities),
                    loss: cross_entropy(probability(prediction.truth)) as f32,
                    distance: None,
                });
            }
        }
        Self {
            classes,
            parts,
            entries,
        }
    }

    /// With the distance that `of` knows of each file.
    pub fn with_distances(mut self, of: impl Fn(&str) -> Option<f32>) -> Self {
        let distances: Vec<Option<f32>> = (self.entries.iter())
            .map(|entry| of(self.file(entry)))
            .collect();
        for (entry, distance) in self.entries.iter_mut().zip(distances) {
            entry.distance = distance;
        }
        self
    }

    pub fn file(&self, entry: &Entry) -> &str {
        self.row(entry).map_or("", |row| row.file.as_str())
    }

    /// One per class.
    pub fn probabilities(&self, entry: &Entry) -> &[f32] {
        self.row(entry)
            .map_or(&[], |row| row.probabilities.as_slice())
    }

    fn row(&self, entry: &Entry) -> Option<&super::Prediction> {
        let (_, predictions) = self.parts.get(entry.part as usize)?;
        predictions.rows.get(entry.row as usize)
    }

    /// Places in [`Predicted::entries`] by file.
    pub fn by_file(&self) -> HashMap<&str, usize> {
        self.entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (self.file(entry), place))
            .collect()
    }

    /// Which entries pass `filter`, in their order. `other` is another run with what [`disagreement`]
    /// gave for it: without it, nothing passes a filter that asks for its answers. `beyond`: the distance beyond which a
    /// picture is none of the classes.
    pub fn filtered(
        &self,
        filter: &Filter,
        other: Option<(&Self, &Disagreement)>,
        beyond: Option<f32>,
    ) -> Vec<u32> {
        let is_beyond = |entry: &Entry| match (beyond, entry.distance) {
            (Some(beyond), Some(distance)) => distance > beyond,
            _ => false,
        };
        let needle = filter.file.trim().to_lowercase();
        let passes_there = |place: u32| {
            filter.other_right.is_none_or(|wanted| {
                let entry =
                    other.and_then(|(other, against)| other.entries.get(against.other(place)?));
                entry.is_some_and(|entry| entry.is_right() == wanted)
            })
        };
        (0u32..)
            .zip(&self.entries)
            .filter(|(place, entry)| {
                filter.passes(entry)
                    && (!filter.none_of_these || is_beyond(entry))
                    && passes_there(*place)
                    && (needle.is_empty() || self.file(entry).to_lowercase().contains(&needle))
            })
            .map(|(place, _)| place)
            .collect()
    }

    /// Sorts places in [`Predicted::entries`]; equals stay in the order of their files' names. `against`
    /// is what [`disagreement`] gave; pictures that the other run has not seen come last.
    pub fn sort(
        &self,
        places: &mut [u32],
        by: SortBy,
        largest_first: bool,
        against: &Disagreement,
    ) {
        let compare = |a: &u32, b: &u32| {
            let (first, second) = (&self.entries[*a as usize], &self.entries[*b as usize]);
            let turned = |order: Ordering| {
                if largest_first {
                    order.reverse()
                } else {
                    order
                }
            };
            let known_first = |first: Option<f32>, second: Option<f32>| match (first, second) {
                (Some(first), Some(second)) => turned(first.total_cmp(&second)),
                (first, second) => first.is_none().cmp(&second.is_none()),
            };
            let by_name = || self.file(first).cmp(self.file(second));
            let order = match by {
                SortBy::Confidence => turned(first.confidence.total_cmp(&second.confidence)),
                SortBy::Loss => turned(first.loss.total_cmp(&second.loss)),
                SortBy::Margin => turned(first.margin.total_cmp(&second.margin)),
                SortBy::Disagreement => known_first(against.at(*a), against.at(*b)),
                SortBy::Distance => known_first(first.distance, second.distance),
                SortBy::File => turned(by_name()),
            };
            order.then_with(by_name)
        };
        places.sort_by(compare);
    }

    /// Counts of the entries at `places`.
    pub fn summary(&self, places: &[u32]) -> Summary {
        let mut summary = Summary::default();
        for entry in places.iter().map(|&place| &self.entries[place as usize]) {
            let right = usize::from(entry.is_right());
            summary.all += 1;
            summary.right += right;
            if entry.confidence > CONFIDENT {
                summary.confident += 1;
                summary.confident_right += right;
            }
            if entry.confidence < UNCERTAIN {
                summary.uncertain += 1;
                summary.uncertain_right += right;
            }
        }
        summary
    }
}

/// How many, how many of them right, how many over 90 % and under 60 % sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    pub all: usize,
    pub right: usize,
    pub confident: usize,
    pub confident_right: usize,
    pub uncertain: usize,
    pub uncertain_right: usize,
}

/// What entries are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SortBy {
    Confidence,
    /// Cross-entropy: the worst mistakes and the surest answers at the ends.
    #[default]
    Loss,
    Margin,
    /// How far another run's probabilities are away.
    Disagreement,
    /// How unlike the training pictures: what is not known comes last.
    Distance,
    File,
}

/// Which entries are shown. Classes are indices into [`Predicted::classes`].
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub truth: Option<u32>,
    pub predicted: Option<u32>,
    /// `true` for right ones only.
    pub right: Option<bool>,
    /// Whether the run that this one is compared with is right about them.
    pub other_right: Option<bool>,
    pub split: Option<Split>,
    /// Least and largest confidence, both included.
    pub confidence: (f32, f32),
    /// Part of the file's name, in any case.
    pub file: String,
    /// Only pictures that are none of the classes.
    pub none_of_these: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            truth: None,
            predicted: None,
            right: None,
            other_right: None,
            split: None,
            confidence: (0.0, 1.0),
            file: String::new(),
            none_of_these: false,
        }
    }
}

impl Filter {
    /// Everything but the file's name and the other run.
    fn passes(&self, entry: &Entry) -> bool {
        let is = |wanted: Option<u32>, found| wanted.is_none_or(|wanted| wanted == found);
        is(self.truth, entry.truth)
            && is(self.predicted, entry.predicted)
            && self.right.is_none_or(|right| right == entry.is_right())
            && self.split.is_none_or(|split| split == entry.split)
            && (self.confidence.0..=self.confidence.1).contains(&entry.confidence)
    }
}

/// How far the probabilities of another run are away, entry by entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Disagreement {
    /// Total variation distance, 0 to 1; NaN where the other run has no answer.
    distances: Vec<f32>,
    /// The other run's entry for each; `u32::MAX` where it has none.
    others: Vec<u32>,
}

impl Disagreement {
    /// 0 for the same probabilities, 1 for two sure and different answers.
    pub fn at(&self, place: u32) -> Option<f32> {
        let distance = self.distances.get(place as usize).copied()?;
        (!distance.is_nan()).then_some(distance)
    }

    /// The place of the same picture among the other run's entries.
    pub fn other(&self, place: u32) -> Option<usize> {
        let other = self.others.get(place as usize).copied()?;
        (other != u32::MAX).then_some(other as usize)
    }

    /// Pictures that both have answered.
    pub fn shared(&self) -> usize {
        self.others
            .iter()
            .filter(|other| **other != u32::MAX)
            .count()
    }
}

/// Half the sum of the absolute differences of two runs' probabilities (total variation distance)
/// for each of `ours`, pictures matched by file and classes by name.
///
/// # Errors
/// A sentence, when the runs tell other classes apart or share no picture.
pub fn disagreement(ours: &Predicted, theirs: &Predicted) -> Result<Disagreement, String> {
    let order: Option<Vec<usize>> = ours
        .classes
        .iter()
        .map(|class| theirs.classes.iter().position(|other| other == class))
        .collect();
    let Some(order) = order.filter(|order| order.len() == theirs.classes.len()) else {
        return Err(format!(
            "the other run tells other classes apart ({})",
            theirs.classes.join(", ")
        ));
    };
    let by_file = theirs.by_file();
    let mut found = Disagreement::default();
    for entry in &ours.entries {
        let other = by_file.get(ours.file(entry)).copied();
        let distance = other.map_or(f32::NAN, |other| {
            let other = theirs.probabilities(&theirs.entries[other]);
            let sum: f32 = ours
                .probabilities(entry)
                .iter()
                .zip(&order)
                .map(|(mine, &class)| (mine - other.get(class).copied().unwrap_or(0.0)).abs())
                .sum();
            sum / 2.0
        });
        found.distances.push(distance);
        found
            .others
            .push(other.map_or(u32::MAX, |place| place as u32));
    }
    if found.shared() == 0 {
        return Err("the runs share no picture that both have answered".to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::Prediction;
    use super::*;

    fn predictions(classes: &[&str], rows: &[(&str, u32, &[f32])]) -> Predictions {
        Predictions {
            classes: classes.iter().map(|class| (*class).to_owned()).collect(),
            rows: rows
                .iter()
                .map(|(file, truth, probabilities)| Prediction {
                    file: (*file).to_owned(),
                    truth: *truth,
                    probabilities: probabilities.to_vec(),
                })
                .collect(),
            ..Predictions::default()
        }
    }

    fn run() -> Predicted {
        let test = predictions(
            &["cat", "dog", "owl"],
            &[
                ("a/1.png", 0, &[0.95, 0.03, 0.02]),
                ("a/2.png", 0, &[0.3, 0.45, 0.25]),
                ("b/3.png", 1, &[0.0, 0.55, 0.45]),
                ("b/4.png", 1, &[1.0, 0.0, 0.0]),
            ],
        );
        let train = predictions(&["cat", "dog", "owl"], &[("c/5.png", 2, &[0.1, 0.1, 0.8])]);
        Predicted::new(vec![(Split::Test, test), (Split::Train, train)])
    }

    #[test]
    fn what_follows_from_the_probabilities() {
        let run = run();
        let [first, second, _, fourth, _] = run.entries[..] else {
            panic!("five entries");
        };
        assert!(first.is_right() && !second.is_right());
        assert!((first.margin - 0.92).abs() < 1e-6 && (second.margin - 0.15).abs() < 1e-6);
        assert!((first.loss - 0.051_293_3).abs() < 1e-6);
        // A sure mistake costs what the precision of its probability allows, as in scikit-learn.
        assert!((fourth.loss - -f32::EPSILON.ln()).abs() < 1e-5);
        let all: Vec<u32> = (0..5).collect();
        assert_eq!(
            run.summary(&all),
            Summary {
                all: 5,
                right: 3,
                confident: 2,
                confident_right: 1,
                uncertain: 2,
                uncertain_right: 1
            }
        );
    }

    #[test]
    fn what_is_beyond_the_threshold_is_shown_and_the_strangest_comes_first() {
        let distances = [("a/1.png", 0.1), ("a/2.png", 0.7), ("b/3.png", 0.4)];
        let of = |file: &str| {
            let found = distances.iter().find(|(name, _)| *name == file);
            found.map(|(_, distance)| *distance)
        };
        let run = run().with_distances(of);
        let filter = Filter {
            none_of_these: true,
            ..Filter::default()
        };
        assert_eq!(run.filtered(&filter, None, Some(0.3)), [1, 2]);
        assert_eq!(run.filtered(&filter, None, Some(0.4)), [1]);
        assert!(run.filtered(&filter, None, None).is_empty());
        assert_eq!(run.filtered(&Filter::default(), None, Some(0.3)).len(), 5);
        let mut places = [0, 1, 2, 3, 4];
        run.sort(
            &mut places,
            SortBy::Distance,
            true,
            &Disagreement::default(),
        );
        assert_eq!(places[..3], [1, 2, 0], "what is not known comes last");
    }

    #[test]
    fn the_losses_are_those_of_the_log_loss() {
        let run = run();
        let (_, test) = &run.parts[0];
        let mean = run.entries[..4]
            .iter()
            .map(|entry| f64::from(entry.loss))
            .sum::<f64>()
            / 4.0;
        assert!((mean - super::super::log_loss(test)).abs() < 1e-6);
    }

    #[test]
    fn filters_meet() {
        let run = run();
        let filter = |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            run.filtered(&filter, None, None)
        };
        assert_eq!(filter(|_| ()), [0, 1, 2, 3, 4]);
        assert_eq!(filter(|f| f.truth = Some(1)), [2, 3]);
        assert_eq!(filter(|f| f.predicted = Some(0)), [0, 3]);
        assert_eq!(filter(|f| f.right = Some(false)), [1, 3]);
        assert_eq!(filter(|f| f.split = Some(Split::Train)), [4]);
        assert_eq!(filter(|f| f.confidence = (0.5, 0.95)), [0, 2, 4]);
        assert_eq!(filter(|f| f.file = " B/".into()), [2, 3]);
        assert_eq!(
            filter(|f| {
                f.truth = Some(1);
                f.right = Some(true);
            }),
            [2]
        );
    }

    #[test]
    fn sorting_is_total_and_equals_stand_by_name() {
        let run = run();
        let sorted = |by, largest_first, against: &Disagreement| {
            let mut places: Vec<u32> = (0..5).collect();
            run.sort(&mut places, by, largest_first, against);
            places
        };
        let none = Disagreement::default();
        assert_eq!(sorted(SortBy::Confidence, true, &none), [3, 0, 4, 2, 1]);
        assert_eq!(sorted(SortBy::Loss, true, &none), [3, 1, 2, 4, 0]);
        assert_eq!(sorted(SortBy::Margin, false, &none), [2, 1, 4, 0, 3]);
        assert_eq!(sorted(SortBy::File, true, &none), [4, 3, 2, 1, 0]);
        // Nothing is known of the other run: by name.
        assert_eq!(sorted(SortBy::Disagreement, true, &none), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn disagreement_is_the_total_variation_distance() {
        let ours = run();
        // The same classes in another order, and one picture that ours does not have.
        let theirs = Predicted::new(vec![(
            Split::Test,
            predictions(
                &["owl", "cat", "dog"],
                &[
                    ("b/4.png", 2, &[0.0, 0.0, 1.0]),
                    ("a/1.png", 1, &[0.02, 0.95, 0.03]),
                    ("z.png", 1, &[0.0, 1.0, 0.0]),
                ],
            ),
        )]);
        let found = disagreement(&ours, &theirs).unwrap();
        assert!((found.at(3).unwrap() - 1.0).abs() < 1e-6);
        assert!(found.at(0).unwrap().abs() < 1e-6);
        assert_eq!((found.at(1), found.other(1)), (None, None));
        // Both are right about the first; theirs alone is about the fourth, and has not seen others.
        let there = |right, other_right| {
            let filter = Filter {
                right,
                other_right: Some(other_right),
                ..Filter::default()
            };
            ours.filtered(&filter, Some((&theirs, &found)), None)
        };
        assert_eq!(there(None, true), [0, 3]);
        assert_eq!(there(Some(false), true), [3]);
        assert!(there(None, false).is_empty());
        assert_eq!((found.other(3), found.shared()), (Some(0), 2));
        let mut places: Vec<u32> = (0..5).collect();
        ours.sort(&mut places, SortBy::Disagreement, true, &found);
        assert_eq!(places, [3, 0, 1, 2, 4]);

        let strangers = Predicted::new(vec![(
            Split::Test,
            predictions(&["cat", "dog"], &[("a/1.png", 0, &[1.0, 0.0])]),
        )]);
        assert!(
            disagreement(&ours, &strangers)
                .unwrap_err()
                .contains("cat, dog")
        );
    }
}
