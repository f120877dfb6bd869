//! Checks against scikit-learn's, SciPy's and statsmodels' own values (`tests/record_evaluation.py`).

use serde::Deserialize;

use super::paired::{mcnemar_exact, newcombe};
use super::*;

#[derive(Deserialize)]
struct Golden {
    reports: Vec<Case>,
    wilson: Vec<(u64, u64, f64, f64)>,
    temperatures: Vec<TemperatureCase>,
    pairs: Vec<PairCase>,
    spreads: Vec<SpreadCase>,
    bootstrap: BootstrapCase,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    classes: Vec<String>,
    truth: Vec<u32>,
    /// One list per picture.
    probabilities: Vec<Vec<f32>>,
    predicted: Vec<u32>,
    confusion: Vec<Vec<u64>>,
    per_class: Vec<ClassReport>,
    accuracy: f64,
    macro_average: ClassReport,
    weighted_average: ClassReport,
    macro_f1: f64,
    log_loss: f64,
    text_2: String,
    text_4: String,
    weighted_f1: f64,
    balanced_accuracy: f64,
    cohen_kappa: Option<f64>,
    matthews_correlation: f64,
    brier_score: f64,
    top_k: Vec<(usize, f64)>,
    normalized: NormalizedCase,
    rankings: Vec<RankingCase>,
    roc_auc: Option<f64>,
    roc_auc_ovr: Option<f64>,
    average_precision: f64,
    /// Of the bins of ten that hold pictures.
    reliability_true: Vec<f64>,
    reliability_mean: Vec<f64>,
    expected_error: f64,
    maximum_error: f64,
}

#[derive(Deserialize)]
struct NormalizedCase {
    r#true: Vec<Vec<f64>>,
    pred: Vec<Vec<f64>>,
    all: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct RankingCase {
    roc: Option<RocCase>,
    precision_recall: Option<PrecisionRecallCase>,
}

#[derive(Deserialize)]
struct RocCase {
    false_positive_rate: Vec<f64>,
    true_positive_rate: Vec<f64>,
    /// Without the first, which is infinite.
    thresholds: Vec<f64>,
    area: f64,
}

#[derive(Deserialize)]
struct PrecisionRecallCase {
    precision: Vec<f64>,
    recall: Vec<f64>,
    thresholds: Vec<f64>,
    average_precision: f64,
    area: f64,
}

#[derive(Deserialize)]
struct TemperatureCase {
    truth: Vec<u32>,
    probabilities: Vec<Vec<f32>>,
    temperature: f64,
    before: f64,
    after: f64,
}

#[derive(Deserialize)]
struct PairCase {
    /// Right in both, in the first only, in the second only, in neither.
    table: [u64; 4],
    p_value: f64,
    newcombe: (f64, f64),
}

#[derive(Deserialize)]
struct SpreadCase {
    first: Vec<f64>,
    second: Vec<f64>,
    /// Mean, standard deviation, low and high of first, second and their difference.
    spreads: Vec<(f64, f64, f64, f64)>,
    p_value: f64,
}

#[derive(Deserialize)]
struct BootstrapCase {
    truth: Vec<u32>,
    probabilities: Vec<Vec<f32>>,
    macro_f1: (f64, f64),
    cohen_kappa: (f64, f64),
    log_loss: (f64, f64),
    roc_auc: (f64, f64),
}

fn predictions(classes: &[String], truth: &[u32], probabilities: &[Vec<f32>]) -> Predictions {
    let rows = std::iter::zip(truth, probabilities)
        .enumerate()
        .map(|(index, (&truth, probabilities))| Prediction {
            file: index.to_string(),
            truth,
            probabilities: probabilities.clone(),
        })
        .collect();
    Predictions {
        classes: classes.to_vec(),
        rows,
        ..Predictions::default()
    }
}

/// Classes without names of their own.
fn unnamed(truth: &[u32], probabilities: &[Vec<f32>]) -> Predictions {
    let classes: Vec<String> = (0..probabilities[0].len()).map(|c| c.to_string()).collect();
    predictions(&classes, truth, probabilities)
}

fn assert_close(what: &str, got: &[f64], expected: &[f64], tolerance: f64) {
    let agree = got.len() == expected.len()
        && std::iter::zip(got, expected).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(agree, "{what}: {got:?} is not {expected:?}");
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/evaluation.json")).unwrap()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

fn check_line(case: &str, got: &ClassReport, expected: &ClassReport) {
    assert_eq!(
        (&got.name, got.support),
        (&expected.name, expected.support),
        "{case}"
    );
    for (a, b) in [
        (got.precision, expected.precision),
        (got.recall, expected.recall),
        (got.f1, expected.f1),
    ] {
        assert!(close(a, b, 1e-12), "{case}, {}: {a} is not {b}", got.name);
    }
}

#[test]
fn reports_equal_scikit_learns() {
    let cases = golden().reports;
    assert!(cases.len() >= 6);
    for case in cases {
        let predictions = predictions(&case.classes, &case.truth, &case.probabilities);
        let predicted: Vec<u32> = predictions.rows.iter().map(Prediction::predicted).collect();
        assert_eq!(predicted, case.predicted, "{}", case.name);
        let confusion = ConfusionMatrix::new(&predictions);
        assert_eq!(confusion.counts, case.confusion, "{}", case.name);
        let report = ClassificationReport::new(&confusion);
        assert_eq!(report.classes.len(), case.per_class.len(), "{}", case.name);
        for (got, expected) in report.classes.iter().zip(&case.per_class) {
            check_line(&case.name, got, expected);
        }
        check_line(&case.name, &report.macro_average, &case.macro_average);
        check_line(&case.name, &report.weighted_average, &case.weighted_average);
        assert!(
            close(report.accuracy, case.accuracy, 1e-12),
            "{}",
            case.name
        );
        assert!(
            close(confusion.macro_f1(), case.macro_f1, 1e-12),
            "{}",
            case.name
        );
        let loss = log_loss(&predictions);
        assert!(
            close(loss, case.log_loss, 1e-6 * case.log_loss.max(1.0)),
            "{}: {loss} is not {}",
            case.name,
            case.log_loss
        );
        assert_eq!(report.to_text(2), case.text_2, "{}", case.name);
        assert_eq!(report.to_text(4), case.text_4, "{}", case.name);
    }
}

#[test]
fn scores_equal_scikit_learns() {
    for case in golden().reports {
        let predictions = predictions(&case.classes, &case.truth, &case.probabilities);
        let found = Evaluation::without_bootstrap(&predictions, &Decision::default());
        let (answers, name) = (&found.answers, &case.name);
        for (what, got, expected) in [
            ("accuracy", answers.accuracy, case.accuracy),
            ("macro F1", answers.macro_f1, case.macro_f1),
            ("weighted F1", answers.weighted_f1, case.weighted_f1),
            (
                "balanced",
                answers.balanced_accuracy,
                case.balanced_accuracy,
            ),
            // Where scikit-learn has no number, ours is 0.
            (
                "kappa",
                answers.cohen_kappa,
                case.cohen_kappa.unwrap_or(0.0),
            ),
            (
                "Matthews",
                answers.matthews_correlation,
                case.matthews_correlation,
            ),
            ("Brier", found.probabilities.brier_score, case.brier_score),
        ] {
            assert_close(&format!("{name}, {what}"), &[got.value], &[expected], 1e-12);
        }
        for (k, expected) in case.top_k {
            let got = found.probabilities.top_k.iter().find(|top| top.k == k);
            let got = got.unwrap().accuracy.value;
            assert_close(&format!("{name}, top {k}"), &[got], &[expected], 1e-12);
        }
        for (by, expected) in [
            (Normalization::Truth, case.normalized.r#true),
            (Normalization::Prediction, case.normalized.pred),
            (Normalization::All, case.normalized.all),
        ] {
            let got = answers.confusion.normalized(by);
            for (truth, (got, expected)) in std::iter::zip(got, expected).enumerate() {
                assert_close(&format!("{name}, {by:?}"), &got, &expected, 1e-12);
                for (predicted, &cell) in got.iter().enumerate() {
                    assert_eq!(cell, answers.confusion.cell(truth, predicted, by));
                }
            }
        }
    }
}

#[test]
fn curves_equal_scikit_learns() {
    for case in golden().reports {
        let predictions = predictions(&case.classes, &case.truth, &case.probabilities);
        let found = Ranking::new(&predictions);
        for (got, expected) in std::iter::zip(&found.classes, &case.rankings) {
            let name = format!("{}, {}", case.name, case.classes[got.class as usize]);
            let roc = &got.roc;
            assert_eq!(roc.area.is_some(), expected.roc.is_some(), "{name}");
            if let Some(expected) = &expected.roc {
                let tolerance = 1e-12;
                assert_close(
                    &name,
                    &roc.false_positive_rate,
                    &expected.false_positive_rate,
                    tolerance,
                );
                assert_close(
                    &name,
                    &roc.true_positive_rate,
                    &expected.true_positive_rate,
                    tolerance,
                );
                assert_eq!(roc.thresholds[0], f64::INFINITY);
                assert_close(&name, &roc.thresholds[1..], &expected.thresholds, tolerance);
                assert_close(&name, &[roc.area.unwrap()], &[expected.area], tolerance);
            }
            let curve = &got.precision_recall;
            assert_eq!(
                curve.area.is_some(),
                expected.precision_recall.is_some(),
                "{name}"
            );
            if let Some(expected) = &expected.precision_recall {
                assert_close(&name, &curve.precision, &expected.precision, 1e-12);
                assert_close(&name, &curve.recall, &expected.recall, 1e-12);
                assert_close(&name, &curve.thresholds, &expected.thresholds, 1e-12);
                let areas = [curve.average_precision.unwrap(), curve.area.unwrap()];
                assert_close(
                    &name,
                    &areas,
                    &[expected.average_precision, expected.area],
                    1e-12,
                );
            }
        }
        let value = |score: Option<Score>| score.map_or(-1.0, |score| score.value);
        let areas = [value(found.roc_auc), value(found.average_precision)];
        let expected = [case.roc_auc.unwrap_or(-1.0), case.average_precision];
        assert_close(&case.name, &areas, &expected, 1e-12);
        if let Some(own) = case.roc_auc_ovr {
            assert_close(&case.name, &areas[..1], &[own], 1e-12);
        }
    }
}

#[test]
fn reliability_equals_scikit_learns() {
    for case in golden().reports {
        let predictions = predictions(&case.classes, &case.truth, &case.probabilities);
        let found = Reliability::new(&predictions, 1.0, 10);
        let filled: Vec<&ReliabilityBin> = found.bins.iter().filter(|bin| bin.count > 0).collect();
        let column = |value: fn(&ReliabilityBin) -> f64| -> Vec<f64> {
            filled.iter().map(|bin| value(bin)).collect()
        };
        assert_close(
            &case.name,
            &column(|bin| bin.accuracy),
            &case.reliability_true,
            1e-12,
        );
        assert_close(
            &case.name,
            &column(|bin| bin.confidence),
            &case.reliability_mean,
            1e-12,
        );
        let errors = [found.expected_error, found.maximum_error];
        assert_close(
            &case.name,
            &errors,
            &[case.expected_error, case.maximum_error],
            1e-12,
        );
        assert!((found.accuracy - case.accuracy).abs() < 1e-12);
    }
}

#[test]
fn temperatures_equal_scipys() {
    for case in golden().temperatures {
        let predictions = unnamed(&case.truth, &case.probabilities);
        let found = TemperatureFit::new(&predictions).unwrap();
        assert!(!found.is_at_bound);
        assert_close(
            "temperature",
            &[found.temperature],
            &[case.temperature],
            1e-6,
        );
        let losses = [found.log_loss_before, found.log_loss_after];
        assert_close("losses", &losses, &[case.before, case.after], 1e-9);
        let tempered = log_loss(&predictions.at_temperature(found.temperature));
        assert_close("tempered", &[tempered], &[case.after], 1e-6);
        assert_close(
            "scores",
            &[CalibrationScores::new(&predictions, found.temperature).log_loss],
            &[case.after],
            1e-6,
        );
    }
}

#[test]
fn paired_tests_equal_statsmodels() {
    for case in golden().pairs {
        let [both, first, second, neither] = case.table;
        let p = mcnemar_exact(first, second);
        assert!(
            (p - case.p_value).abs() <= 1e-9 * p.max(1e-3),
            "{:?}: {p}",
            case.table
        );
        let interval = newcombe(both, first, second, neither);
        let (low, high) = case.newcombe;
        assert_close(
            "Newcombe",
            &[interval.low, interval.high],
            &[low, high],
            1e-12,
        );
    }
    // Bentur et al. (2009) as Fagerland, Lydersen and Laake (2017) have it in their chapter on paired tables:
    // the exact test gives 0.0703.
    assert!((mcnemar_exact(1, 7) - 0.070_312_5).abs() < 1e-12);
}

#[test]
fn spreads_equal_scipys() {
    for case in golden().spreads {
        let pairs: Vec<(f64, f64)> = std::iter::zip(case.first, case.second).collect();
        let found = SeedComparison::new(&pairs).unwrap();
        for (got, expected) in [found.first, found.second, found.difference]
            .iter()
            .zip(case.spreads)
        {
            let interval = got.mean.interval.unwrap();
            assert_close(
                "spread",
                &[
                    got.mean.value,
                    got.standard_deviation,
                    interval.low,
                    interval.high,
                ],
                &[expected.0, expected.1, expected.2, expected.3],
                1e-8,
            );
        }
        assert_close("p", &[found.p_value.unwrap()], &[case.p_value], 1e-9);
    }
    let one = SeedComparison::new(&[(0.5, 0.75)]).unwrap();
    assert_eq!((one.difference.mean.value, one.better), (0.25, 1));
    assert_eq!((one.p_value, one.first.mean.interval), (None, None));
}

#[test]
fn bootstraps_agree_with_scipys() {
    let case = golden().bootstrap;
    let found = Evaluation::new(
        &unnamed(&case.truth, &case.probabilities),
        &Decision::default(),
    );
    for (what, score, expected) in [
        ("macro F1", found.answers.macro_f1, case.macro_f1),
        ("kappa", found.answers.cohen_kappa, case.cohen_kappa),
        ("log loss", found.probabilities.log_loss, case.log_loss),
        ("ROC", found.ranking.roc_auc.unwrap(), case.roc_auc),
    ] {
        let interval = score.interval.unwrap();
        let tolerance = 0.12 * (expected.1 - expected.0);
        assert_close(
            what,
            &[interval.low, interval.high],
            &[expected.0, expected.1],
            tolerance,
        );
        assert_eq!(score.method, IntervalMethod::Bootstrap { resamples: 1000 });
    }
}

#[test]
fn wilson_equals_scipys() {
    for (successes, trials, low, high) in golden().wilson {
        let got = wilson(successes, trials);
        assert!(
            close(got.low, low, 1e-12) && close(got.high, high, 1e-12),
            "{successes}/{trials}: {got:?}"
        );
    }
    assert_eq!(
        wilson(0, 0),
        Interval {
            low: 0.0,
            high: 1.0
        }
    );
}

#[test]
fn nothing_to_evaluate_is_no_panic() {
    let none = Predictions {
        classes: vec!["cat".into(), "dog".into()],
        rows: Vec::new(),
        ..Predictions::default()
    };
    let confusion = ConfusionMatrix::new(&none);
    assert_eq!(
        (confusion.accuracy(), confusion.macro_f1(), log_loss(&none)),
        (0.0, 0.0, 0.0)
    );
    assert!(ClassificationReport::new(&confusion).classes.is_empty());
    let found = Evaluation::new(&none, &Decision::default());
    assert_eq!(
        (found.ranking.roc_auc, found.probabilities.log_loss.value),
        (None, 0.0)
    );
    assert!(TemperatureFit::new(&none).is_none());
    assert!(PairedComparison::new(&none, &none).is_err());
    assert!(serde_json::to_string(&found).is_ok());
    let curve = ThresholdCurve::new(&none, 1, 1.0).unwrap();
    assert!(curve.best(ThresholdGoal::F1).is_none());
    let curve = RejectionCurve::new(&none, &Decision::default());
    assert!(curve.points(10).is_empty() && curve.at_coverage(0.5).is_none());
    assert_eq!(curve.at(0.5).kept, 0);
}
