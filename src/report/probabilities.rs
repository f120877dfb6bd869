//! How good a run's probabilities are: how they sort pictures, and whether they can be believed.

use crate::analysis::evaluate;
use crate::data::Split;
use crate::evaluation::calibration::BINS;
use crate::evaluation::{ClassRanking, Ranking, Reliability, TemperatureFit, positive_class};
use crate::figures::{
    ReliabilityBin, ReliabilityFigure, ReliabilitySeries, Rgb, RocFigure, RocSeries, palette,
};
use crate::format;

use super::comparison::{ComparedRun, Tested};

/// Points of an average curve.
const POINTS: usize = 401;
/// A single run of up to this many classes gets a curve of each.
const FEW_CLASSES: usize = 8;

/// ROC and precision-recall curves. Of two classes the rarer one is the positive one, as what is
/// looked for usually is; of more classes, one run's are drawn one by one while they are few, and
/// averaged where they are many or runs are compared.
pub(super) fn roc(tested: &[(&ComparedRun, &Tested)]) -> Option<RocFigure> {
    let (_, first) = tested.first()?;
    let classes = &first.predictions.classes;
    let pictures = first.predictions.rows.len() as u64;
    if let [one, other] = [first.confusion.truths(0), *truths(first).get(1)?]
        && classes.len() == 2
    {
        let positive = positive_class(one, other);
        let number = one.min(other);
        let series = tested
            .iter()
            .map(|(run, tested)| {
                let ranking = &tested.evaluation.ranking;
                of_class(&run.name, run.color, &ranking.classes[positive])
            })
            .collect();
        return Some(RocFigure {
            title: "ROC, and precision against recall".to_owned(),
            remark: format!(
                "positive: {} ({} of {}); dashed: guessing",
                classes[positive],
                format::thousands(number),
                format::count(pictures as usize, "test picture", "test pictures"),
            ),
            series,
            positive_share: Some(number as f64 / pictures.max(1) as f64),
        });
    }
    if let [(run, only)] = tested
        && classes.len() <= FEW_CLASSES
    {
        let series = only
            .evaluation
            .ranking
            .classes
            .iter()
            .map(|class| {
                let index = class.class as usize;
                of_class(&classes[index], palette::run_color(index), class)
            })
            .collect();
        return Some(RocFigure {
            title: format!("ROC, and precision against recall: {}", run.name),
            remark: format!(
                "each class against the others, {}; dashed: guessing",
                format::count(pictures as usize, "test picture", "test pictures")
            ),
            series,
            positive_share: None,
        });
    }
    let series = tested
        .iter()
        .map(|(run, tested)| average(run, &tested.evaluation.ranking))
        .collect();
    Some(RocFigure {
        title: "ROC, and precision against recall".to_owned(),
        remark: format!(
            "mean over {} classes, each against the others, {}; dashed: guessing",
            classes.len(),
            format::count(pictures as usize, "test picture", "test pictures")
        ),
        series,
        positive_share: None,
    })
}

fn truths(tested: &Tested) -> Vec<u64> {
    (0..tested.confusion.classes.len())
        .map(|class| tested.confusion.truths(class))
        .collect()
}

fn of_class(name: &str, color: Rgb, class: &ClassRanking) -> RocSeries {
    let (roc, curve) = (&class.roc, &class.precision_recall);
    RocSeries {
        name: name.to_owned(),
        color,
        roc: roc
            .false_positive_rate
            .iter()
            .copied()
            .zip(roc.true_positive_rate.iter().copied())
            .collect(),
        roc_area: roc.area.unwrap_or(f64::NAN),
        // The curve is kept from recall 1 down; it is drawn from 0 up.
        precision_recall: curve
            .recall
            .iter()
            .copied()
            .zip(curve.precision.iter().copied())
            .rev()
            .collect(),
        average_precision: curve.average_precision.unwrap_or(f64::NAN),
    }
}

fn average(run: &ComparedRun, ranking: &Ranking) -> RocSeries {
    let value = |score: &Option<crate::evaluation::Score>| {
        score.as_ref().map_or(f64::NAN, |score| score.value)
    };
    RocSeries {
        name: run.name.clone(),
        color: run.color,
        roc: ranking.macro_roc(POINTS),
        roc_area: value(&ranking.roc_auc),
        precision_recall: average_precision_recall(ranking),
        average_precision: value(&ranking.average_precision),
    }
}

/// The mean of the classes' precisions at evenly spaced recalls, each the precision that the average
/// precision counts there, so that the area below is the mean of the classes' average precisions.
fn average_precision_recall(ranking: &Ranking) -> Vec<(f64, f64)> {
    let curves: Vec<Vec<(f64, f64)>> = ranking
        .classes
        .iter()
        .filter(|class| class.positives > 0)
        .map(|class| of_class("", (0, 0, 0), class).precision_recall)
        .collect();
    if curves.is_empty() {
        return Vec::new();
    }
    (0..POINTS)
        .map(|point| {
            let recall = point as f64 / (POINTS - 1) as f64;
            let sum: f64 = curves
                .iter()
                .map(|curve| {
                    let index = curve.partition_point(|(at, _)| *at < recall - 1e-12);
                    curve
                        .get(index)
                        .or(curve.last())
                        .map_or(0.0, |point| point.1)
                })
                .sum();
            (recall, sum / curves.len() as f64)
        })
        .collect()
}

/// The temperature that fits the validation pictures best, and the calibration error on the test
/// pictures with it; nothing while the run has not been evaluated on its validation pictures. At the end of its range it is
/// none, as wherever it would be used.
fn cooled(run: &ComparedRun, tested: &Tested) -> Vec<(String, String)> {
    let validation = evaluate::stored_as_tested(&run.run.folder, Split::Validation);
    let Some(fit) = validation
        .ok()
        .flatten()
        .and_then(|validation| TemperatureFit::new(&validation))
    else {
        return Vec::new();
    };
    let name = "Best temperature".to_owned();
    if fit.is_at_bound {
        return vec![(
            name,
            "none: too few validation pictures, or none wrong".to_owned(),
        )];
    }
    let with = Reliability::new(&tested.predictions, fit.temperature, BINS);
    vec![
        (name, format!("{:.2}", fit.temperature)),
        (
            "Calibration error with it".to_owned(),
            format::percent(with.expected_error),
        ),
    ]
}

/// Accuracy against confidence of every run.
pub(super) fn reliability(tested: &[(&ComparedRun, &Tested)]) -> Option<ReliabilityFigure> {
    let (first_run, first) = tested.first()?;
    let series = tested
        .iter()
        .map(|(run, tested)| {
            let reliability = &tested.evaluation.reliability;
            ReliabilitySeries {
                name: run.name.clone(),
                color: run.color,
                error: reliability.expected_error,
                facts: [
                    (
                        "Largest error of a bin".to_owned(),
                        format::percent(reliability.maximum_error),
                    ),
                    (
                        "Mean confidence".to_owned(),
                        format::percent(reliability.mean_confidence),
                    ),
                    ("Accuracy".to_owned(), format::percent(reliability.accuracy)),
                ]
                .into_iter()
                .chain(cooled(run, tested))
                .collect(),
                bins: reliability
                    .bins
                    .iter()
                    .map(|bin| ReliabilityBin {
                        low: bin.low,
                        high: bin.high,
                        pictures: bin.count,
                        confidence: bin.confidence,
                        accuracy: bin.accuracy,
                        interval: bin.interval,
                    })
                    .collect(),
            }
        })
        .collect();
    let pictures = first.predictions.rows.len();
    Some(ReliabilityFigure {
        title: if tested.len() == 1 {
            format!("Reliability: {}", first_run.name)
        } else {
            "Reliability".to_owned()
        },
        remark: format!(
            "whether “90 % sure” is right nine times in ten, on {}",
            format::count(pictures, "test picture", "test pictures")
        ),
        series,
    })
}
