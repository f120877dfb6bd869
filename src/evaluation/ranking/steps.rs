//! Pictures sorted by one class's probability, and what every threshold takes for the class.

use crate::evaluation::Predictions;

/// What is taken for the class when the threshold stands at one of its pictures' probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    pub threshold: f64,
    pub true_positives: u64,
    pub false_positives: u64,
}

/// The pictures by falling probability of one class.
pub struct Order {
    /// Whether each is of the class, and its place among the pictures.
    pictures: Vec<(bool, u32)>,
    /// One behind the last picture of every run of equal probabilities.
    ends: Vec<u32>,
    probabilities: Vec<f32>,
}

impl Order {
    pub fn new(predictions: &Predictions, class: u32) -> Self {
        let probability = |place: u32| {
            predictions.rows[place as usize]
                .probabilities
                .get(class as usize)
                .copied()
                .unwrap_or(0.0)
        };
        let mut places: Vec<u32> = (0..predictions.rows.len() as u32).collect();
        places.sort_by(|&a, &b| probability(b).total_cmp(&probability(a)));
        let (mut ends, mut probabilities) = (Vec::new(), Vec::new());
        for (index, &place) in places.iter().enumerate() {
            let next = places.get(index + 1).map(|&next| probability(next));
            if next != Some(probability(place)) {
                ends.push(index as u32 + 1);
                probabilities.push(probability(place));
            }
        }
        let pictures = places
            .into_iter()
            .map(|place| (predictions.rows[place as usize].truth == class, place))
            .collect();
        Self {
            pictures,
            ends,
            probabilities,
        }
    }

    /// Cumulative counts at every distinct probability; each picture counts as often as `weights`
    /// says, once without.
    pub fn steps(&self, weights: Option<&[u32]>) -> Vec<Step> {
        let mut steps = Vec::with_capacity(self.ends.len());
        self.walk(weights, |threshold, true_positives, false_positives| {
            steps.push(Step {
                threshold: f64::from(threshold),
                true_positives,
                false_positives,
            });
        });
        steps
    }

    fn walk(&self, weights: Option<&[u32]>, mut each: impl FnMut(f32, u64, u64)) {
        let (mut counts, mut begin) = ([0u64; 2], 0);
        for (&end, &threshold) in self.ends.iter().zip(&self.probabilities) {
            for &(is_positive, place) in &self.pictures[begin..end as usize] {
                let weight = weights.map_or(1, |weights| weights[place as usize]);
                counts[usize::from(is_positive)] += u64::from(weight);
            }
            begin = end as usize;
            each(threshold, counts[1], counts[0]);
        }
    }

    /// The area under the ROC curve and the average precision of a weighted sample.
    pub fn areas(&self, weights: &[u32]) -> (Option<f64>, Option<f64>) {
        let (mut before, mut doubled, mut weighted) = ((0, 0), 0.0, 0.0);
        self.walk(Some(weights), |_, right, wrong| {
            doubled += (wrong - before.1) as f64 * (right + before.0) as f64;
            if right > before.0 {
                weighted += (right - before.0) as f64 * right as f64 / (right + wrong) as f64;
            }
            before = (right, wrong);
        });
        let (positives, negatives) = before;
        let area = (positives > 0 && negatives > 0)
            .then(|| doubled / 2.0 / positives as f64 / negatives as f64);
        let precision = (positives > 0).then(|| weighted / positives as f64);
        (area, precision)
    }
}

pub fn roc_area(steps: &[Step]) -> Option<f64> {
    let last = steps.last()?;
    let (mut before, mut doubled) = ((0, 0), 0.0);
    for step in steps {
        doubled +=
            (step.false_positives - before.1) as f64 * (step.true_positives + before.0) as f64;
        before = (step.true_positives, step.false_positives);
    }
    let whole = last.true_positives as f64 * last.false_positives as f64;
    (whole > 0.0).then(|| doubled / 2.0 / whole)
}

pub fn average_precision(steps: &[Step]) -> Option<f64> {
    let positives = steps.last()?.true_positives;
    if positives == 0 {
        return None;
    }
    let mut before = 0;
    // Divided once, at the end, so that rounding makes it no more than 1.
    let mut sum = 0.0;
    for step in steps {
        let precision =
            step.true_positives as f64 / (step.true_positives + step.false_positives) as f64;
        sum += (step.true_positives - before) as f64 * precision;
        before = step.true_positives;
    }
    Some(sum / positives as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_all_right_has_an_average_precision_of_exactly_1() {
        for positives in 1..200 {
            let step = |true_positives| Step {
                threshold: 0.5,
                true_positives,
                false_positives: 0,
            };
            let steps: Vec<Step> = (1..=positives).map(step).collect();
            assert_eq!(average_precision(&steps), Some(1.0), "{positives}");
        }
    }
}
