use std::path::Path;

use super::*;
use crate::sweep::{Strategy, Sweep, Values, Varied};
use crate::training::EpochMetrics;

fn plan(strategy: Strategy, seeds: u32, metric: Monitor) -> Plan {
    let list = |items: &[&str]| Values::List(items.iter().map(|item| (*item).into()).collect());
    let varied = |field: &str, values| Varied {
        fields: vec![field.into()],
        values,
    };
    let sweep = Sweep {
        name: "Test".into(),
        base: "lesson-feature-extraction.ron".into(),
        set: Vec::new(),
        vary: vec![
            varied("training.batch_size", list(&["16", "32"])),
            varied("training.label_smoothing", list(&["0.0", "0.1"])),
        ],
        strategy,
        seeds,
        goal: Goal { metric },
    };
    Plan::new(&sweep, Path::new("none"), None).unwrap()
}

fn epoch(epoch: u32, accuracy: f64) -> EpochMetrics {
    EpochMetrics {
        epoch,
        phase: 0,
        learning_rate: 0.001,
        train_loss: 1.0,
        train_accuracy: 0.5,
        validation_loss: Some(1.0 - accuracy),
        validation_accuracy: Some(accuracy),
        validation_macro_f1: Some(accuracy),
        seconds: 2.0,
    }
}

/// Cells that came to their end with this value each; `None`: not begun.
fn finished(plan: &Plan, values: &[Option<f64>], pictures: usize) -> Vec<CellStatus> {
    std::iter::zip(&plan.cells, values)
        .map(|(cell, value)| CellStatus {
            state: match value {
                Some(_) => CellState::Finished,
                None => CellState::Missing,
            },
            folder: cell.name.clone().into(),
            epochs_done: u32::from(value.is_some()) * 2,
            epochs_planned: 2,
            epochs_wanted: 2,
            goal: value.map(|value| match plan.sweep.goal.metric {
                Monitor::ValidationLoss => 1.0 - value,
                _ => value,
            }),
            best_epoch: value.map(|_| 2),
            seconds: 4.0,
            tries: 1,
            validation_pictures: pictures,
            metrics: value
                .map(|value| vec![epoch(1, value - 0.1), epoch(2, value)])
                .unwrap_or_default(),
        })
        .collect()
}

#[test]
fn one_seed_is_judged_by_its_pictures() {
    let plan = plan(Strategy::Grid, 1, Monitor::ValidationAccuracy);
    let cells = finished(&plan, &[Some(0.90), Some(0.88), Some(0.5), None], 200);
    let results = Results::new(&plan, &cells);
    assert_eq!(results.best, Some(0));
    assert_eq!(results.not_distinguishable, [1]);
    assert_eq!(results.ranked(plan.sweep.goal), [0, 1, 2, 3]);
    let score = results.rows[0].score.unwrap();
    assert_eq!(score.method, IntervalMethod::Wilson);
    // scipy.stats.binomtest(180, 200).proportion_ci(method="wilson")
    let interval = score.interval.unwrap();
    assert!(
        (interval.low - 0.850_64).abs() < 1e-4 && (interval.high - 0.934_31).abs() < 1e-4,
        "{interval:?}"
    );
    assert!(results.method.contains("Newcombe"));
    assert!(!results.rows[3].is_complete && results.rows[3].score.is_none());
}

#[test]
fn three_seeds_are_judged_by_their_differences() {
    let plan = plan(Strategy::Grid, 3, Monitor::ValidationAccuracy);
    let values = [
        // The best; as good with luck; worse with every seed, by 0.02 and 0.03: told apart although 100 pictures would not.
        [0.90, 0.91, 0.89],
        [0.92, 0.86, 0.90],
        [0.88, 0.885, 0.867],
        [0.2, 0.3, 0.1],
    ];
    let values: Vec<Option<f64>> = values.concat().into_iter().map(Some).collect();
    let results = Results::new(&plan, &finished(&plan, &values, 100));
    assert_eq!(results.best, Some(0));
    assert_eq!(results.not_distinguishable, [1]);
    let score = results.rows[0].score.unwrap();
    assert_eq!(score.method, IntervalMethod::StudentT);
    assert!((score.value - 0.9).abs() < 1e-12);
    assert!(results.method.contains("Student") && !results.method.contains("Newcombe"));
}

#[test]
fn seeds_that_were_not_begun_count_no_epochs() {
    let plan = plan(Strategy::Grid, 2, Monitor::ValidationAccuracy);
    let values = [Some(0.9), None, None, None, Some(0.8), Some(0.7)];
    let results = Results::new(
        &plan,
        &finished(&plan, &[&values[..], &[None; 2]].concat(), 100),
    );
    let rows = results.rows.iter();
    let epochs: Vec<(u32, usize, bool)> = rows
        .map(|row| (row.epochs, row.seeds, row.is_complete))
        .collect();
    assert_eq!(
        epochs,
        [(2, 1, false), (0, 0, false), (2, 2, true), (0, 0, false)]
    );
}

#[test]
fn seeds_that_agree_to_the_digit_say_nothing_of_luck() {
    let plan = plan(Strategy::Grid, 3, Monitor::ValidationAccuracy);
    let values: Vec<Option<f64>> = [[0.9; 3], [0.89; 3], [0.4; 3], [0.4; 3]]
        .concat()
        .into_iter()
        .map(Some)
        .collect();
    let results = Results::new(&plan, &finished(&plan, &values, 100));
    assert_eq!(
        results.rows[0].score.unwrap().method,
        IntervalMethod::Wilson
    );
    assert_eq!(results.not_distinguishable, [1]);
}

#[test]
fn a_loss_is_better_when_it_is_lower_and_needs_three_seeds() {
    let plan = plan(Strategy::Grid, 1, Monitor::ValidationLoss);
    let cells = finished(&plan, &[Some(0.1), Some(0.9), Some(0.5), Some(0.2)], 100);
    let results = Results::new(&plan, &cells);
    assert_eq!(results.best, Some(1));
    assert_eq!(results.ranked(plan.sweep.goal), [1, 2, 3, 0]);
    assert_eq!(results.not_distinguishable, [0, 2, 3]);
    assert!(results.method.contains("counts as not distinguishable"));
    assert_eq!(results.rows[1].score.unwrap().interval, None);
}

#[test]
fn effects_are_means_over_settings_that_share_a_value() {
    let plan = plan(Strategy::Grid, 1, Monitor::ValidationAccuracy);
    let cells = finished(&plan, &[Some(0.9), Some(0.7), Some(0.5), None], 100);
    let results = Results::new(&plan, &cells);
    let text = |effect: &Effect| -> Vec<String> {
        (effect.values.iter())
            .map(|(value, mean, count)| format!("{value}: {mean:.2} of {count}"))
            .collect()
    };
    assert_eq!(
        text(&results.effects[0]),
        ["16: 0.80 of 2", "32: 0.50 of 1"]
    );
    assert_eq!(
        text(&results.effects[1]),
        ["0.0: 0.70 of 2", "0.1: 0.70 of 1"]
    );
    let pair = &results.pairs[0];
    assert_eq!(pair.fields, (0, 1));
    assert_eq!(pair.means, [[Some(0.9), Some(0.7)], [Some(0.5), None]]);
}

#[test]
fn effects_of_halving_are_of_the_epochs_that_all_have() {
    let strategy = Strategy::SuccessiveHalving {
        cells: None,
        seed: 1,
        first_epochs: 1,
        keep: 2,
        waits: true,
    };
    let plan = plan(strategy, 1, Monitor::ValidationAccuracy);
    let mut cells = finished(&plan, &[Some(0.9), Some(0.7), Some(0.5), Some(0.4)], 100);
    for cell in &mut cells[2..] {
        cell.state = CellState::Pruned;
        cell.metrics.truncate(1);
        cell.epochs_done = 1;
        cell.goal = cell.goal.map(|goal| goal - 0.1);
    }
    let results = Results::new(&plan, &cells);
    assert_eq!(results.best, Some(0));
    let (_, mean, count) = &results.effects[0].values[0];
    assert!((mean - 0.7).abs() < 1e-12 && *count == 2, "after one epoch");
    // Those that were trained for less are not compared with the best.
    assert!(results.not_distinguishable.iter().all(|&row| row == 1));
}

#[test]
fn a_table_for_other_programs_has_a_line_for_each_setting() {
    let plan = plan(Strategy::Grid, 1, Monitor::ValidationAccuracy);
    let cells = finished(&plan, &[Some(0.9), Some(0.7), Some(0.5), None], 100);
    let results = Results::new(&plan, &cells);
    let text = String::from_utf8(results.to_csv(&plan).unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "training.batch_size,training.label_smoothing,validation_accuracy,low,high,interval,seeds,complete,epochs,seconds,best,not_distinguishable_from_best,folders"
    );
    assert_eq!(lines.len(), 5);
    assert!(lines[1].starts_with("16,0.0,0.9,0.8"), "{}", lines[1]);
    assert!(
        lines[1].ends_with(
            ",Wilson,1,true,2,4.000,true,false,\"batch_size=16,label_smoothing=0.0,seed=42\""
        ),
        "{}",
        lines[1]
    );
    assert!(lines[4].starts_with("32,0.1,,,,,0,false,0"), "{}", lines[4]);
}

#[test]
fn nothing_measured_is_nothing_said() {
    let plan = plan(Strategy::Grid, 2, Monitor::ValidationAccuracy);
    let results = Results::new(&plan, &finished(&plan, &[None; 8], 0));
    assert_eq!((results.best, results.rows.len()), (None, 4));
    assert!(results.not_distinguishable.is_empty());
}
