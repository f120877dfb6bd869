//! A sweep as it stands half-way, and what is written of it.

use super::*;
use crate::evaluation::{Interval, IntervalMethod, Score};
use crate::experiment::{Experiment, Phase, preset};
use crate::sweep::{Cell, CellState, Row, Strategy, Sweep, Values, Varied};

/// A sweep of learning rates, frozen layers and batch sizes under two seeds: so many settings, the first `done` of which are
/// trained. One failed, one is being trained.
pub struct Sample {
    pub plan: Plan,
    pub cells: Vec<CellStatus>,
    pub results: Results,
}

const RATES: [&str; 5] = ["1e-5", "0.0001", "0.001", "0.003", "0.01"];
const PLANS: [&str; 3] = ["Backbone", "Below(\"blocks.4\")", "Nothing"];

pub fn sample(settings: usize, done: usize) -> Sample {
    let fields = [
        "phases[1].learning_rate",
        "phases[1].freeze",
        "training.batch_size",
    ];
    let mut base = Experiment {
        name: "Fine-tuning".into(),
        ..Experiment::default()
    };
    base.phases.push(Phase::default());
    let cells: Vec<Cell> = (0..2 * settings)
        .map(|index| {
            let group = index / 2;
            let values = [
                RATES[group % 5].to_owned(),
                PLANS[group / 5 % 3].to_owned(),
                format!("{}", 8 + group / 15),
            ];
            let mut experiment = base.clone();
            for (field, value) in fields.iter().zip(&values) {
                preset::set_field(&mut experiment, &format!("{field}={value}")).unwrap();
            }
            experiment.seed = 42 + (index % 2) as u64;
            Cell {
                name: format!(
                    "learning_rate={},group={group},seed={}",
                    values[0], experiment.seed
                ),
                settings: values.to_vec(),
                seed: experiment.seed,
                group,
                experiment,
            }
        })
        .collect();
    let plan = Plan {
        sweep: Sweep {
            name: "Learning rate and frozen layers".into(),
            base: "fine-tuning.ron".into(),
            set: Vec::new(),
            vary: vec![Varied {
                fields: vec![fields[0].into()],
                values: Values::List(RATES.map(str::to_owned).to_vec()),
            }],
            strategy: Strategy::Grid,
            seeds: 2,
            goal: Goal::default(),
        },
        base,
        base_folder: None,
        cells,
        fields: fields.map(str::to_owned).to_vec(),
        labels: ["learning_rate", "freeze", "batch_size"]
            .map(str::to_owned)
            .to_vec(),
        remarks: Vec::new(),
    };
    let statuses: Vec<CellStatus> = (plan.cells.iter()).map(|cell| status(cell, done)).collect();
    let results = results(&plan, &statuses);
    Sample {
        plan,
        cells: statuses,
        results,
    }
}

fn status(cell: &Cell, done: usize) -> CellStatus {
    let group = cell.group;
    let is_first = cell.seed == 42;
    let state = match group {
        _ if group < done => CellState::Finished,
        _ if group == done && is_first => CellState::Running,
        _ if group == done + 1 && is_first => {
            CellState::Failed("the loss became NaN in epoch 2: lower the learning rate".into())
        }
        _ => CellState::Missing,
    };
    let luck = 0.004 * ((group * 31 + cell.seed as usize * 17) % 7) as f64;
    let goal = 0.78 + 0.03 * (group % 5) as f64 - 0.012 * (group / 5 % 3) as f64 + luck;
    let is_begun = !matches!(state, CellState::Missing);
    CellStatus {
        epochs_done: match state {
            CellState::Finished => 20,
            CellState::Missing => 0,
            _ => 7,
        },
        epochs_planned: 20,
        epochs_wanted: 20,
        goal: is_begun
            .then_some(goal)
            .filter(|_| !matches!(state, CellState::Failed(_))),
        best_epoch: is_begun.then_some(5),
        seconds: if is_begun { 64.0 } else { 0.0 },
        tries: u32::from(is_begun),
        validation_pictures: 320,
        metrics: Vec::new(),
        folder: format!("/sweeps/rates/{}", cell.name).into(),
        state,
    }
}

fn results(plan: &Plan, cells: &[CellStatus]) -> Results {
    let rows: Vec<Row> = (0..plan.groups())
        .map(|group| {
            let of: Vec<usize> = vec![2 * group, 2 * group + 1];
            let goals: Vec<f64> = of.iter().filter_map(|&cell| cells[cell].goal).collect();
            let mean = goals.iter().sum::<f64>() / goals.len().max(1) as f64;
            Row {
                group,
                settings: plan.cells[2 * group].settings.clone(),
                seeds: goals.len(),
                score: (!goals.is_empty()).then_some(Score {
                    value: mean,
                    interval: Some(Interval {
                        low: mean - 0.03,
                        high: (mean + 0.03).min(1.0),
                    }),
                    method: IntervalMethod::Wilson,
                }),
                is_complete: of
                    .iter()
                    .all(|&cell| cells[cell].state == CellState::Finished),
                epochs: of
                    .iter()
                    .map(|&cell| cells[cell].epochs_done)
                    .min()
                    .unwrap_or(0),
                seconds: of.iter().map(|&cell| cells[cell].seconds).sum(),
                cells: of,
            }
        })
        .collect();
    let value = |index: usize| {
        rows[index]
            .score
            .map_or(f64::NEG_INFINITY, |score| score.value)
    };
    let best = (0..rows.len())
        .filter(|&index| rows[index].score.is_some())
        .max_by(|&a, &b| value(a).total_cmp(&value(b)));
    let near = |index: &usize| {
        best.is_some_and(|best| best != *index && value(*index) > value(best) - 0.02)
    };
    Results {
        not_distinguishable: (0..rows.len()).filter(near).collect(),
        best,
        method: "Settings are compared by the pictures that both got right.".into(),
        effects: Vec::new(),
        pairs: Vec::new(),
        compared: (rows.iter())
            .map(|row| {
                row.score
                    .filter(|_| row.is_complete)
                    .map(|score| score.value)
            })
            .collect(),
        effects_basis: "Means over the settings that have come to their end.".into(),
        rows,
    }
}

impl Sample {
    pub fn report(&self) -> SweepReport<'_> {
        SweepReport {
            plan: &self.plan,
            cells: &self.cells,
            results: &self.results,
        }
    }
}

#[test]
fn everything_is_written_and_an_earlier_report_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let sample = sample(30, 20);
    let written = write_sweep(&sample.report(), &out).unwrap();
    assert_eq!(written.files.len(), FILES.len());
    assert!(FILES.iter().all(|name| out.join(name).is_file()));
    let page = fs::read_to_string(out.join("sweep.html")).unwrap();
    for text in [
        "Best so far: Phase 2, learning rate",
        "can't be told from it beyond luck",
        "The test pictures are looked at once",
        "the loss became NaN in epoch 2",
        "Frozen below blocks.4",
    ] {
        assert!(page.contains(text), "{text}");
    }
    for foreign in ["<script", "http:", "url("] {
        assert!(
            !page.replace("http://www.w3.org", "").contains(foreign),
            "{foreign}"
        );
    }
    let table = fs::read_to_string(out.join("cells.csv")).unwrap();
    assert_eq!(table.lines().count(), 61);
    assert!(table.starts_with("cell,phases[1].learning_rate,phases[1].freeze,training.batch_size,seed,state,validation_accuracy,"));
    let settings = fs::read_to_string(out.join("settings.csv")).unwrap();
    assert_eq!(settings.lines().count(), 31);
    write_sweep(&sample.report(), &out).unwrap();

    // What somebody else put there stays.
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("cells.csv"), "mine").unwrap();
    let refused = write_sweep(&sample.report(), &other)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("cells.csv"), "{refused}");
    assert_eq!(fs::read_to_string(other.join("cells.csv")).unwrap(), "mine");
}

#[test]
fn effects_find_what_matters() {
    let sample = sample(30, 30);
    let texts = SettingTexts::of(&sample.plan);
    let figure = effects(&sample.plan, &texts, &sample.results);
    let names: Vec<&str> = figure
        .settings
        .iter()
        .map(|setting| setting.name.as_str())
        .collect();
    assert_eq!(names[0], "Phase 2, learning rate");
    assert_eq!(names.len(), 3);
    assert!(
        figure.settings[0].explained > Some(0.7),
        "{:?}",
        figure.settings[0].explained
    );
    assert_eq!(figure.pairs.len(), 3);
    let values: Vec<&str> = figure.settings[0]
        .values
        .iter()
        .map(|value| value.text.as_str())
        .collect();
    assert_eq!(values, ["1e-5", "0.0001", "0.001", "0.003", "0.01"]);
    let frozen = figure
        .settings
        .iter()
        .find(|setting| setting.name == "Phase 2, frozen")
        .unwrap();
    assert_eq!(frozen.values[1].text, "Frozen below blocks.4");
    let nothing = Results {
        rows: Vec::new(),
        ..sample.results.clone()
    };
    let figure = effects(&sample.plan, &texts, &nothing);
    assert!(figure.settings.is_empty() && figure.range().is_none());
}

#[test]
fn lines_cross_the_axes_where_their_values_stand() {
    let sample = sample(30, 20);
    let figure = parallel(&sample.report(), &SettingTexts::of(&sample.plan));
    assert_eq!(figure.axes.len(), 4);
    // Twenty that are trained, and one that is being trained.
    assert_eq!(figure.lines.len(), 21);
    let best = figure
        .lines
        .iter()
        .max_by(|a, b| a.score.unwrap().total_cmp(&b.score.unwrap()));
    assert_eq!(best.unwrap().score, Some(1.0));
    assert!(
        figure
            .lines
            .iter()
            .all(|line| line.shares.iter().all(Option::is_some))
    );
}
