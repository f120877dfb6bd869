//! How well probabilities sort pictures: ROC and precision-recall curves, one class against the rest.

mod steps;

use serde::Serialize;

use super::bootstrap;
use super::{Predictions, Score};
pub(super) use steps::Order;
use steps::{Step, average_precision, roc_area};

/// Steps that the bootstrap of the areas may cost: beyond, fewer samples are drawn …
const BUDGET: usize = 100_000_000;
/// … but not fewer than this; and none at all where pictures times classes are more than
const FEWEST_RESAMPLES: u32 = 100;
/// this, for which the sorted lists would take 160 MB.
const MOST_CELLS: usize = 40_000_000;

/// The curves of every class, and their averages. They do not depend on any threshold.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Ranking {
    /// One per class, in their order.
    pub classes: Vec<ClassRanking>,
    /// scikit-learn's `roc_auc_score(multi_class="ovr", average="macro")`: the mean over the classes
    /// that have an area. `None` where none has.
    pub roc_auc: Option<Score>,
    /// scikit-learn's `average_precision_score(average="macro")` on one-hot labels.
    pub average_precision: Option<Score>,
}

/// One class against the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassRanking {
    pub class: u32,
    /// Pictures of the class.
    pub positives: u64,
    pub roc: RocCurve,
    pub precision_recall: PrecisionRecallCurve,
}

/// scikit-learn's `roc_curve`: both rates rise from 0 to 1 while the threshold falls. Steps between
/// two others on one line are left out. Empty where the class has no pictures, or all.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RocCurve {
    pub false_positive_rate: Vec<f64>,
    pub true_positive_rate: Vec<f64>,
    /// A picture is taken for the class from this probability on; the first is infinite.
    pub thresholds: Vec<f64>,
    /// The area under the curve, 0 to 1: how often a picture of the class gets a higher probability
    /// than one of another (Hanley and McNeil 1982).
    pub area: Option<f64>,
}

/// scikit-learn's `precision_recall_curve`: recall falls from 1 to 0 while the threshold rises; the
/// last point, precision 1 at recall 0, has no threshold. Empty where the class has no pictures.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PrecisionRecallCurve {
    pub precision: Vec<f64>,
    pub recall: Vec<f64>,
    pub thresholds: Vec<f64>,
    /// scikit-learn's `average_precision_score`: precision weighted by the step in recall.
    pub average_precision: Option<f64>,
    /// scikit-learn's `auc(recall, precision)`, by trapezoids: a little optimistic (Davis and
    /// Goadrich 2006).
    pub area: Option<f64>,
}

impl Ranking {
    /// The curves and areas, without intervals.
    pub fn new(predictions: &Predictions) -> Self {
        let classes: Vec<ClassRanking> = (0..predictions.classes.len() as u32)
            .map(|class| ClassRanking::new(predictions, class))
            .collect();
        let mean = |value: fn(&ClassRanking) -> Option<f64>| {
            mean(classes.iter().map(value)).map(Score::bare)
        };
        let (roc_auc, average_precision) = (
            mean(|class| class.roc.area),
            mean(|class| class.precision_recall.average_precision),
        );
        Self {
            classes,
            roc_auc,
            average_precision,
        }
    }

    /// How many samples the bootstrap of the averages draws for so many pictures and classes.
    pub fn resamples(pictures: usize, classes: usize) -> u32 {
        let cells = pictures.saturating_mul(classes);
        if cells == 0 || cells > MOST_CELLS {
            return 0;
        }
        ((BUDGET / cells) as u32).clamp(FEWEST_RESAMPLES, bootstrap::RESAMPLES)
    }

    /// With at most `points` points a curve, evenly over them, first and last kept; the areas stay
    /// those of the whole curves. For files and drawings.
    pub fn thinned(&self, points: usize) -> Self {
        let mut thinned = self.clone();
        for class in &mut thinned.classes {
            let roc = &mut class.roc;
            for column in [
                &mut roc.false_positive_rate,
                &mut roc.true_positive_rate,
                &mut roc.thresholds,
            ] {
                thin(column, points);
            }
            let curve = &mut class.precision_recall;
            // The last point has no threshold: it is thinned as if it had one, and cut off again.
            curve.thresholds.extend(curve.thresholds.last().copied());
            for column in [
                &mut curve.precision,
                &mut curve.recall,
                &mut curve.thresholds,
            ] {
                thin(column, points);
            }
            curve.thresholds.pop();
        }
        thinned
    }

    /// The mean of the classes' ROC curves at `points` evenly spaced false positive rates, linear
    /// between their points, as scikit-learn's documentation averages them. Pairs of false and true
    /// positive rate; empty where no class has a curve.
    pub fn macro_roc(&self, points: usize) -> Vec<(f64, f64)> {
        let curves: Vec<&RocCurve> = self
            .classes
            .iter()
            .map(|class| &class.roc)
            .filter(|curve| curve.area.is_some())
            .collect();
        if curves.is_empty() || points < 2 {
            return Vec::new();
        }
        (0..points)
            .map(|point| {
                let at = point as f64 / (points - 1) as f64;
                let sum: f64 = curves.iter().map(|curve| curve.at(at)).sum();
                (at, sum / curves.len() as f64)
            })
            .collect()
    }
}

impl ClassRanking {
    fn new(predictions: &Predictions, class: u32) -> Self {
        let order = Order::new(predictions, class);
        let steps = order.steps(None);
        Self {
            class,
            positives: steps.last().map_or(0, |step| step.true_positives),
            roc: RocCurve::new(&steps),
            precision_recall: PrecisionRecallCurve::new(&steps),
        }
    }
}

impl RocCurve {
    fn new(steps: &[Step]) -> Self {
        let Some(last) = steps.last() else {
            return Self::default();
        };
        let (positives, negatives) = (last.true_positives, last.false_positives);
        if positives == 0 || negatives == 0 {
            return Self::default();
        }
        // scikit-learn's `drop_intermediate`: corners only, and the first and last step.
        let is_corner = |place: usize| {
            if place == 0 || place + 1 == steps.len() {
                return true;
            }
            let [before, here, after] = [steps[place - 1], steps[place], steps[place + 1]];
            here.true_positives - before.true_positives
                != after.true_positives - here.true_positives
                || here.false_positives - before.false_positives
                    != after.false_positives - here.false_positives
        };
        let start = Step {
            threshold: f64::INFINITY,
            true_positives: 0,
            false_positives: 0,
        };
        let corners = (0..steps.len()).filter(|&place| is_corner(place));
        let kept: Vec<Step> = std::iter::once(start)
            .chain(corners.map(|place| steps[place]))
            .collect();
        let share = |count: u64, of: u64| count as f64 / of as f64;
        Self {
            false_positive_rate: kept
                .iter()
                .map(|step| share(step.false_positives, negatives))
                .collect(),
            true_positive_rate: kept
                .iter()
                .map(|step| share(step.true_positives, positives))
                .collect(),
            thresholds: kept.iter().map(|step| step.threshold).collect(),
            area: roc_area(steps),
        }
    }

    /// The true positive rate at a false positive rate, linear between points; the highest where the
    /// curve rises straight up. 0 for an empty curve.
    pub fn at(&self, false_positive_rate: f64) -> f64 {
        let (x, y) = (&self.false_positive_rate, &self.true_positive_rate);
        // The last point that is not to the right.
        let right = x.partition_point(|&value| value <= false_positive_rate);
        match (right.checked_sub(1), x.get(right)) {
            (None, _) => 0.0,
            (Some(left), None) => y[left],
            (Some(left), Some(&next)) => {
                let part = (false_positive_rate - x[left]) / (next - x[left]);
                y[left] + (y[right] - y[left]) * part
            }
        }
    }
}

impl PrecisionRecallCurve {
    fn new(steps: &[Step]) -> Self {
        let positives = steps.last().map_or(0, |step| step.true_positives);
        if positives == 0 {
            return Self::default();
        }
        let precision = |step: &Step| {
            step.true_positives as f64 / (step.true_positives + step.false_positives) as f64
        };
        let recall = |step: &Step| step.true_positives as f64 / positives as f64;
        let mut curve = Self {
            precision: steps.iter().rev().map(precision).collect(),
            recall: steps.iter().rev().map(recall).collect(),
            thresholds: steps.iter().rev().map(|step| step.threshold).collect(),
            average_precision: average_precision(steps),
            area: None,
        };
        curve.precision.push(1.0);
        curve.recall.push(0.0);
        let trapezoids: f64 = curve
            .recall
            .windows(2)
            .zip(curve.precision.windows(2))
            .map(|(recall, precision)| {
                (recall[0] - recall[1]) * (precision[0] + precision[1]) / 2.0
            })
            .sum();
        // Rounding may add a little.
        curve.area = Some(trapezoids.min(1.0));
        curve
    }
}

/// Keeps `points` values at most, at least the first and the last.
fn thin(values: &mut Vec<f64>, points: usize) {
    let (last, points) = (values.len().saturating_sub(1), points.max(2));
    if values.len() > points {
        *values = (0..points)
            .map(|point| values[point * last / (points - 1)])
            .collect();
    }
}

/// The mean of what is there.
pub(super) fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0u32);
    for value in values.flatten() {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}
