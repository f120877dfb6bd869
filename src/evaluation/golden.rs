//! Checks against scikit-learn's and SciPy's own values (`tests/record_evaluation.py`).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    reports: Vec<Case>,
    wilson: Vec<(u64, u64, f64, f64)>,
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
        let rows = std::iter::zip(&case.truth, &case.probabilities)
            .enumerate()
            .map(|(index, (&truth, probabilities))| Prediction {
                file: index.to_string(),
                truth,
                probabilities: probabilities.clone(),
            })
            .collect();
        let predictions = Predictions {
            classes: case.classes.clone(),
            rows,
        };
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
    };
    let confusion = ConfusionMatrix::new(&none);
    assert_eq!(
        (confusion.accuracy(), confusion.macro_f1(), log_loss(&none)),
        (0.0, 0.0, 0.0)
    );
    assert!(ClassificationReport::new(&confusion).classes.is_empty());
}
