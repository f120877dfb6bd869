//! Held against scikit-learn's answers, which `tests/record_logistic.py` recorded.

use serde_json::Value;

use super::*;
use crate::data::folds::stratified;
use crate::training::error::TrainingError;
use crate::training::golden::numbers;

fn recorded() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/logistic.json")).unwrap()
}

/// Rows of a recorded case.
struct Case {
    values: Vec<f32>,
    labels: Vec<u32>,
    weights: Option<Vec<f64>>,
    features: usize,
    classes: usize,
}

impl Case {
    fn new(case: &Value) -> Self {
        let whole = |name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
        let weights = case.get("weights").filter(|weights| !weights.is_null());
        Self {
            values: numbers(&case["values"])
                .iter()
                .map(|&value| value as f32)
                .collect(),
            labels: numbers(&case["labels"])
                .iter()
                .map(|&label| label as u32)
                .collect(),
            weights: weights.map(numbers),
            features: whole("features"),
            classes: whole("classes"),
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            values: &self.values,
            features: self.features,
            labels: &self.labels,
            classes: self.classes,
            weights: self.weights.as_deref(),
        }
    }
}

fn unwatched(_: &Iteration) -> Result<(), TrainingError> {
    Ok(())
}

fn farthest(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let apart = got
        .iter()
        .zip(expected)
        .map(|(got, expected)| (f64::from(*got) - expected).abs());
    apart.fold(0.0, f64::max)
}

#[test]
fn solutions_equal_scikit_learn() {
    for case in recorded()["solutions"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (rows, c) = (Case::new(case), case["c"].as_f64().unwrap());
        let solved = fit(&rows.rows(), c, &Settings::default(), &mut unwatched).unwrap();
        assert!(solved.converged, "{name}");
        let expected = |field: &str| case[field].as_f64().unwrap();
        let apart = (solved.loss - expected("loss")).abs();
        assert!(
            apart < 1e-4,
            "{name}: loss {}, recorded {}",
            solved.loss,
            expected("loss")
        );
        let apart = (solved.objective - expected("objective")).abs();
        assert!(
            apart < 1e-6,
            "{name}: {}, recorded {}",
            solved.objective,
            expected("objective")
        );
        // What the linear layer says of the features as they came.
        let probabilities = solved.classifier.probabilities(&rows.values).unwrap();
        let apart = farthest(&probabilities, &numbers(&case["probabilities"]));
        assert!(apart < 1e-3, "{name}: a probability is {apart} away");
    }
}

#[test]
fn strengths_are_chosen_as_scikit_learn_s_losses_say() {
    let recorded = recorded();
    let case = &recorded["cross_validation"];
    let rows = Case::new(case);
    let folds: Vec<usize> = numbers(&case["folds"])
        .iter()
        .map(|&fold| fold as usize)
        .collect();
    let settings = Settings::default();
    let found = cross_validated(&rows.rows(), &folds, &settings, &mut unwatched).unwrap();
    assert!(found.converged);
    let grid = numbers(&case["grid"]);
    assert!(
        GRID.iter()
            .zip(&grid)
            .all(|(own, grid)| (own / grid - 1.0).abs() < 1e-12)
    );
    // What is weaker is left out once it is clear that it is worse, for all rows and for each fold.
    assert_eq!(found.scores.len(), 7);
    for ((c, loss), (grid, expected)) in found
        .scores
        .iter()
        .zip(grid.iter().zip(numbers(&case["scores"])))
    {
        assert!(
            (c / grid - 1.0).abs() < 1e-12 && (loss - expected).abs() < 1e-3,
            "{c}: {loss}, recorded {expected}"
        );
    }
    let same = |own: f64, expected: f64| (own / expected - 1.0).abs() < 1e-9;
    assert!(
        same(found.solved.c, case["c"].as_f64().unwrap()),
        "{}",
        found.solved.c
    );
    let expected = numbers(&case["fold_c"]);
    assert!(
        found
            .fold_c
            .iter()
            .zip(&expected)
            .all(|(own, expected)| same(*own, *expected)),
        "{:?}, recorded {expected:?}",
        found.fold_c
    );
    let apart = farthest(&found.probabilities, &numbers(&case["probabilities"]));
    assert!(apart < 1e-3, "a probability is {apart} away");

    // Without the answers it comes to the same.
    let alone = fit_on_folds(&rows.rows(), &folds, &settings, &mut unwatched).unwrap();
    assert_eq!(alone.c, found.solved.c);
    assert!((alone.objective - found.solved.objective).abs() < 1e-7);
    let directly = fit(&rows.rows(), alone.c, &settings, &mut unwatched).unwrap();
    assert!((alone.objective - directly.objective).abs() < 1e-7);
}

/// Three classes of two features, some rows each.
fn three_classes(counts: [usize; 3]) -> (Vec<f32>, Vec<u32>) {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (class, count) in counts.into_iter().enumerate() {
        for row in 0..count {
            let noise = (row * 37 % 11) as f32 / 11.0;
            values.extend([class as f32 + noise, noise - 2.0 * class as f32]);
            labels.push(class as u32);
        }
    }
    (values, labels)
}

#[test]
fn a_class_without_rows_is_unlikely_and_finite() {
    let (values, labels) = three_classes([20, 0, 20]);
    let rows = Rows {
        values: &values,
        features: 2,
        labels: &labels,
        classes: 3,
        weights: None,
    };
    let solved = fit(&rows, 1.0, &Settings::default(), &mut unwatched).unwrap();
    assert!(solved.converged && solved.loss.is_finite());
    let probabilities = solved.classifier.probabilities(&values).unwrap();
    for row in probabilities.chunks(3) {
        assert!(row[1] > 0.0 && row[1] < 0.025, "{row:?}");
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    // The one row of a class is in a fold of its own, whose regression has never seen the class.
    let (values, labels) = three_classes([20, 1, 20]);
    let rows = Rows {
        values: &values,
        labels: &labels,
        ..rows
    };
    let folds = stratified(&labels, 4, 1);
    let found = cross_validated(&rows, &folds, &Settings::default(), &mut unwatched).unwrap();
    assert!(
        found
            .probabilities
            .iter()
            .all(|value| value.is_finite() && *value > 0.0)
    );
    assert!(found.scores.iter().all(|(_, loss)| loss.is_finite()));
    // One row among all and one more at most, also between the others.
    let of_unseen = found.probabilities[20 * 3 + 1];
    assert!(of_unseen < 1.0 / 31.0, "{of_unseen}");
}

/// In single precision, the products of such features are no curvature any more: some directions come out below 0.
#[test]
fn features_that_all_say_the_same_are_solved() {
    let (count, features, classes) = (900, 260, 12);
    let labels: Vec<u32> = (0..count).map(|row| row * 53 % classes).collect();
    let values: Vec<f32> = (0..count)
        .flat_map(|row| {
            let said = (row * 37 % 101) as f32 / 101.0;
            (0..features).map(move |feature| said * (1.0 + feature as f32 / 7.0) + 5.0)
        })
        .collect();
    let rows = Rows {
        values: &values,
        features,
        labels: &labels,
        classes: classes as usize,
        weights: None,
    };
    let solved = fit(&rows, 1e6, &Settings::default(), &mut unwatched).unwrap();
    let chance = f64::from(classes).ln();
    assert!(solved.converged, "{} iterations", solved.iterations);
    assert!(
        solved.loss < chance && solved.loss > 0.95 * chance,
        "{}",
        solved.loss
    );
}

#[test]
fn what_can_t_be_learned_from_is_refused_with_the_reason() {
    let (values, labels) = three_classes([10, 10, 10]);
    let rows = Rows {
        values: &values,
        features: 2,
        labels: &labels,
        classes: 3,
        weights: None,
    };
    let text = |rows: &Rows<'_>, c: f64| {
        fit(rows, c, &Settings::default(), &mut unwatched)
            .unwrap_err()
            .to_string()
    };
    let one = vec![0; 30];
    assert!(
        text(
            &Rows {
                labels: &one,
                ..rows
            },
            1.0
        )
        .contains("at least two classes")
    );
    let mut odd = values.clone();
    odd[13] = f32::NAN;
    assert!(
        text(
            &Rows {
                values: &odd,
                ..rows
            },
            1.0
        )
        .contains("row 7 of 30")
    );
    assert!(
        text(
            &Rows {
                features: 3,
                ..rows
            },
            1.0
        )
        .contains("do not fit together")
    );
    assert!(text(&Rows { classes: 2, ..rows }, 1.0).contains("do not fit together"));
    assert!(text(&rows, 0.0).contains("above 0"));
    let negative = vec![-1.0; 30];
    assert!(
        text(
            &Rows {
                weights: Some(&negative),
                ..rows
            },
            1.0
        )
        .contains("negative")
    );
    let folds = vec![0; 30];
    let few = fit_on_folds(&rows, &folds, &Settings::default(), &mut unwatched).unwrap_err();
    assert!(few.to_string().contains("2 or more"), "{few}");
}

#[test]
fn a_stop_ends_it_at_once_and_too_few_iterations_are_told() {
    let (values, labels) = three_classes([30, 30, 30]);
    let rows = Rows {
        values: &values,
        features: 2,
        labels: &labels,
        classes: 3,
        weights: None,
    };
    let mut seen = 0;
    let mut stop = |_: &Iteration| {
        seen += 1;
        match seen {
            3 => Err(TrainingError::Stopped),
            _ => Ok(()),
        }
    };
    let stopped = fit(&rows, 1e4, &Settings::default(), &mut stop);
    assert!(matches!(stopped, Err(TrainingError::Stopped)));
    assert_eq!(seen, 3);
    let settings = Settings {
        most_iterations: 2,
        ..Settings::default()
    };
    let short = fit(&rows, 1e4, &settings, &mut unwatched).unwrap();
    assert!(!short.converged && short.iterations == 2, "{short:?}");
}

#[test]
fn the_same_rows_give_the_same_bits() {
    let (values, labels) = three_classes([30, 25, 20]);
    let rows = Rows {
        values: &values,
        features: 2,
        labels: &labels,
        classes: 3,
        weights: None,
    };
    let folds = stratified(&labels, 3, 4);
    let solve = || cross_validated(&rows, &folds, &Settings::default(), &mut unwatched).unwrap();
    assert_eq!(solve(), solve());
}
