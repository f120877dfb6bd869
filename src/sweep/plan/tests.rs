use std::path::Path;

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::names::{cell_name, labels};
use super::*;
use crate::sweep::{Strategy, Values, Varied};

/// A sweep of the lesson's fine-tuning.
fn sweep(vary: &[(&str, Values)], strategy: Strategy) -> Sweep {
    Sweep {
        name: "Test".into(),
        base: "lesson-fine-tuning.ron".into(),
        // The epoch that is best by the goal is kept.
        set: vec!["training.monitor=ValidationAccuracy".into()],
        vary: (vary.iter())
            .map(|(field, values)| Varied {
                fields: vec![(*field).into()],
                values: values.clone(),
            })
            .collect(),
        strategy,
        seeds: 1,
        goal: crate::sweep::Goal::default(),
    }
}

fn list(items: &[&str]) -> Values {
    Values::List(items.iter().map(|item| (*item).into()).collect())
}

fn plan(sweep: &Sweep) -> Plan {
    Plan::new(sweep, Path::new("none.sweep.ron"), None).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(sweep: &Sweep) -> String {
    Plan::new(sweep, Path::new("none.sweep.ron"), None)
        .unwrap_err()
        .to_string()
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.cells.iter().map(|cell| cell.name.as_str()).collect()
}

const RATE: &str = "phases[1].learning_rate";

#[test]
fn a_grid_has_every_combination_under_every_seed() {
    let mut sweep = sweep(
        &[
            (
                RATE,
                Values::Logarithmic {
                    from: 1e-5,
                    to: 1e-3,
                    steps: 3,
                },
            ),
            ("training.batch_size", list(&["16", "32"])),
        ],
        Strategy::Grid,
    );
    let plan_of_one = plan(&sweep);
    assert_eq!(
        names(&plan_of_one),
        [
            "learning_rate=1e-5,batch_size=16,seed=42",
            "learning_rate=1e-5,batch_size=32,seed=42",
            "learning_rate=0.0001,batch_size=16,seed=42",
            "learning_rate=0.0001,batch_size=32,seed=42",
            "learning_rate=0.001,batch_size=16,seed=42",
            "learning_rate=0.001,batch_size=32,seed=42",
        ]
    );
    let third = &plan_of_one.cells[2];
    assert_eq!(third.settings, ["0.0001", "16"]);
    assert_eq!(third.experiment.phases[1].learning_rate, 1e-4);
    assert_eq!(third.experiment.training.batch_size, 16);
    // One split whatever the number of seeds.
    assert_eq!(third.experiment.data.split.seed, Some(42));

    sweep.seeds = 2;
    let plan_of_two = plan(&sweep);
    assert_eq!(plan_of_two.cells.len(), 12);
    assert_eq!(plan_of_two.groups(), 6);
    let group: Vec<&Cell> = plan_of_two
        .of_group(2)
        .map(|index| &plan_of_two.cells[index])
        .collect();
    assert!(group.iter().all(|cell| cell.group == 2));
    assert_eq!((group[0].seed, group[1].seed), (42, 43));
    // More seeds leave the cells that there are as they are.
    for cell in &plan_of_one.cells {
        let same = plan_of_two
            .cells
            .iter()
            .find(|other| other.name == cell.name);
        assert_eq!(same.unwrap().experiment, cell.experiment);
    }
}

#[test]
fn a_cell_is_called_the_same_whatever_other_cells_there_are() {
    let small = sweep(
        &[("training.batch_size", list(&["16", "32"]))],
        Strategy::Grid,
    );
    let large = sweep(
        &[("training.batch_size", list(&["8", "32", "16", "64"]))],
        Strategy::Grid,
    );
    let (small, large) = (plan(&small), plan(&large));
    for cell in &small.cells {
        let same = large.cells.iter().find(|other| other.name == cell.name);
        assert_eq!(same.unwrap().experiment, cell.experiment);
    }
}

#[test]
fn one_value_written_twice_is_told() {
    let sweep = sweep(&[(RATE, list(&["0.001", "1e-3"]))], Strategy::Grid);
    assert_eq!(
        refused(&sweep),
        "“phases[1].learning_rate” has the value 0.001 twice"
    );
}

#[test]
fn ranges_over_whole_numbers_take_whole_numbers() {
    let batch = |values| sweep(&[("training.batch_size", values)], Strategy::Grid);
    let logarithmic = Values::Logarithmic {
        from: 8.0,
        to: 64.0,
        steps: 4,
    };
    let sizes: Vec<u32> = (plan(&batch(logarithmic)).cells.iter())
        .map(|cell| cell.experiment.training.batch_size)
        .collect();
    assert_eq!(sizes, [8, 16, 32, 64]);
    let linear = Values::Linear {
        from: 8.0,
        to: 15.0,
        steps: 3,
    };
    let plan = plan(&batch(linear));
    assert_eq!(plan.cells[1].experiment.training.batch_size, 12);
    let crowded = Values::Linear {
        from: 8.0,
        to: 9.0,
        steps: 5,
    };
    assert!(refused(&batch(crowded)).contains("twice"));
}

#[test]
fn what_can_t_be_trained_is_named_with_cell_and_value() {
    let dropout = sweep(
        &[("head.layers[1]", list(&["Dropout(0.5)", "Dropout(1.5)"]))],
        Strategy::Grid,
    );
    let error = refused(&dropout);
    assert!(
        error.contains("layers1=Dropout-1.5,seed=42") && error.contains("is 1.5, allowed is"),
        "{error}"
    );
    let unknown = sweep(&[("phases[1].learning_rat", list(&["1"]))], Strategy::Grid);
    let error = refused(&unknown);
    assert!(
        error.starts_with("“phases[1].learning_rat” is not a field: did you mean “learning_rate”?"),
        "{error}"
    );
    let seed = sweep(&[("seed", list(&["1"]))], Strategy::Grid);
    assert!(refused(&seed).contains("“seeds” says how many"));
    let mut no_base = sweep(&[], Strategy::Grid);
    no_base.base = "nowhere.ron".into();
    assert!(refused(&no_base).contains("lesson-fine-tuning.ron"));
    let mut folds = sweep(&[], Strategy::Grid);
    folds.set = vec!["data.split.folds=5".into()];
    assert!(refused(&folds).contains("a cross-validation, which a sweep can’t be judged by"));
    let mut wrong_set = sweep(&[], Strategy::Grid);
    wrong_set.set = vec!["phases[0].epochs=-1".into()];
    assert!(refused(&wrong_set).contains("phases[0].epochs=-1"));
}

#[test]
fn mistakes_are_placed_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sweep.ron");
    let text = "(version: 1, base: \"lesson-fine-tuning.ron\", vary: [\n  (field: \"training.batch_sise\", values: List([1])),\n])";
    std::fs::write(&path, text).unwrap();
    let sweep = Sweep::load(&path).unwrap();
    let error = Plan::new(&sweep, &path, None).unwrap_err().to_string();
    assert!(
        error.contains("s.sweep.ron:2:11: “training.batch_sise” is not a field"),
        "{error}"
    );
    let text = text
        .replace("batch_sise", "batch_size")
        .replace("[1]", "[16, -3]");
    std::fs::write(&path, &text).unwrap();
    let sweep = Sweep::load(&path).unwrap();
    let error = Plan::new(&sweep, &path, None).unwrap_err().to_string();
    assert!(
        error.contains("s.sweep.ron:2:52: “training.batch_size” is -3"),
        "{error}"
    );
    // A sweep that was changed since is not the file's.
    let mut other = sweep.clone();
    other.name = "Edited".into();
    let error = Plan::new(&other, &path, None).unwrap_err().to_string();
    assert!(error.starts_with("“training.batch_size” is -3"), "{error}");
}

#[test]
fn values_may_go_together() {
    let mut sweep = sweep(&[], Strategy::Grid);
    sweep.vary = vec![Varied {
        fields: vec!["backbone.name".into(), "backbone.input_size".into()],
        values: Values::Together(vec![
            vec!["\"resnet18\"".into(), "224".into()],
            vec!["\"resnet50\"".into(), "160".into()],
        ]),
    }];
    let plan = plan(&sweep);
    assert_eq!(
        names(&plan),
        [
            "name=resnet18,input_size=224,seed=42",
            "name=resnet50,input_size=160,seed=42"
        ]
    );
    assert_eq!(plan.fields, ["backbone.name", "backbone.input_size"]);
    assert_eq!(plan.cells[1].experiment.backbone.input_size, Some(160));
}

#[test]
fn drawn_settings_are_the_same_again_and_grow_by_more() {
    let vary = [
        (
            RATE,
            Values::LogUniform {
                from: 1e-5,
                to: 1e-2,
            },
        ),
        (
            "training.batch_size",
            Values::Uniform {
                from: 8.0,
                to: 64.0,
            },
        ),
        ("training.label_smoothing", list(&["0.0", "0.1"])),
    ];
    let drawn = |cells, seed| plan(&sweep(&vary, Strategy::Random { cells, seed }));
    let (few, many) = (drawn(10, 1), drawn(30, 1));
    assert_eq!(few.cells.len(), 10);
    assert_eq!(names(&few), names(&many)[..10]);
    assert_ne!(names(&few), names(&drawn(10, 2)));
    for cell in &many.cells {
        let rate = cell.experiment.phases[1].learning_rate;
        assert!((1e-5..=1e-2).contains(&rate));
        assert!((8..=64).contains(&cell.experiment.training.batch_size));
    }
    let low = (many.cells.iter())
        .filter(|cell| cell.experiment.phases[1].learning_rate < 10_f64.powf(-3.5))
        .count();
    assert!((8..=22).contains(&low), "{low} of 30 in the lower half");
    assert_eq!(
        many.cells[0].name,
        "learning_rate=3.366e-5,batch_size=18,label_smoothing=0.1,seed=42"
    );
}

#[test]
fn of_few_combinations_all_are_drawn_and_that_is_said() {
    let vary = [("training.batch_size", list(&["8", "16"]))];
    let plan = plan(&sweep(&vary, Strategy::Random { cells: 5, seed: 1 }));
    assert_eq!(plan.cells.len(), 2);
    assert_eq!(plan.remarks.len(), 1, "{:?}", plan.remarks);
    assert!(plan.remarks[0].contains("all of them are trained"));
}

#[test]
fn too_many_cells_are_refused_before_they_are_made() {
    let range = |steps| Values::Linear {
        from: 0.0001,
        to: 0.5,
        steps,
    };
    let sweep = sweep(
        &[
            (RATE, range(100)),
            ("phases[0].learning_rate", range(100)),
            ("training.label_smoothing", range(100)),
        ],
        Strategy::Grid,
    );
    assert!(refused(&sweep).contains("1000000 settings"));
}

#[test]
fn a_rung_before_the_phase_that_varies_is_told() {
    let halving = |first_epochs| Strategy::SuccessiveHalving {
        cells: None,
        seed: 1,
        first_epochs,
        keep: 3,
        waits: true,
    };
    let vary = [(RATE, list(&["0.001", "0.01", "0.1"]))];
    // The lesson's second phase begins with epoch 6.
    let early = plan(&sweep(&vary, halving(2)));
    assert!(
        early.remarks[0].contains("acts from epoch 6 on"),
        "{:?}",
        early.remarks
    );
    assert_eq!(plan(&sweep(&vary, halving(6))).remarks, [""; 0]);
    let late = plan(&sweep(&vary, halving(15)));
    assert!(late.remarks[0].contains("decides nothing"));
}

#[test]
fn an_epoch_that_is_kept_by_another_measure_than_the_goal_is_told() {
    let vary = [("training.batch_size", list(&["8", "16"]))];
    let mut sweep = sweep(&vary, Strategy::Grid);
    assert_eq!(plan(&sweep).remarks, [""; 0]);
    sweep.set.clear();
    let remarks = plan(&sweep).remarks;
    assert_eq!(remarks.len(), 1);
    assert!(
        remarks[0]
            .contains("best validation loss, and what is compared is its validation accuracy")
            && remarks[0].contains("training.monitor=ValidationAccuracy"),
        "{remarks:?}"
    );
    sweep.set.push("training.keep=Last".into());
    assert_eq!(plan(&sweep).remarks, [""; 0]);
}

#[test]
fn labels_are_as_short_as_they_can_be() {
    let labels = |fields: &[&str]| {
        let fields: Vec<String> = fields.iter().map(|field| (*field).into()).collect();
        labels(&fields)
    };
    assert_eq!(labels(&["phases[1].learning_rate"]), ["learning_rate"]);
    assert_eq!(
        labels(&["phases[0].learning_rate", "phases[1].learning_rate", "seed"]),
        ["phases0.learning_rate", "phases1.learning_rate", "seed"]
    );
    assert_eq!(
        labels(&[
            "phases[0].optimizer.weight_decay",
            "phases[1].optimizer.weight_decay"
        ]),
        [
            "phases0.optimizer.weight_decay",
            "phases1.optimizer.weight_decay"
        ]
    );
}

#[test]
fn names_of_cells_are_names_of_folders() {
    let name = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| (*text).into()).collect();
        let labels: Vec<String> = (0..texts.len()).map(|index| format!("f{index}")).collect();
        cell_name(&labels, &texts, 7)
    };
    assert_eq!(name(&[]), "seed=7");
    assert_eq!(
        name(&[
            "0.001",
            "\"resnet18\"",
            "Below(\"layer4\")",
            "AllButLast(20)",
            "-0.5"
        ]),
        "f0=0.001,f1=resnet18,f2=Below-layer4,f3=AllButLast-20,f4=-0.5,seed=7"
    );
    // What loses something gets a hash of the whole.
    assert_eq!(name(&["[Dropout(0.5)]"]), "f0=Dropout-0.5~ff9c91e6,seed=7");
    assert_ne!(name(&["\"a b\""]), name(&["\"a-b\""]));
    assert_ne!(name(&["\"a b\""]), name(&["\"a/b\""]));
    let long: Vec<String> = (0..30)
        .map(|index| format!("Below(\"layer{index}\")"))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let name = name(&long);
    assert!(name.len() <= 120 && name.ends_with(",seed=7"), "{name}");
}

#[test]
fn parts_are_even_and_together_all() {
    let range = Values::Linear {
        from: 0.001,
        to: 0.01,
        steps: 10,
    };
    let plan = plan(&sweep(&[(RATE, range)], Strategy::Grid));
    for of in 1..14 {
        let parts: Vec<Vec<usize>> = (0..of).map(|index| plan.part(index, of)).collect();
        assert_eq!(parts.concat(), (0..10).collect::<Vec<_>>());
        let sizes = parts.iter().map(Vec::len);
        assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
    }
    assert!(plan.part(5, 5).is_empty());
}

#[test]
fn every_shipped_sweep_can_be_trained_and_is_small() {
    for (name, text) in crate::sweep::shipped() {
        let sweep = Sweep::parse(text, Path::new(name)).unwrap_or_else(|error| panic!("{error}"));
        let plan = Plan::new(&sweep, Path::new(name), None).unwrap();
        assert!(plan.cells.len() >= 4 && plan.remarks.is_empty(), "{name}");
        assert!(name.ends_with(".sweep.ron") && text.starts_with("// "));
        assert_eq!(Sweep::find(Path::new(name)).unwrap(), sweep);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_value_has_a_name_that_every_file_system_takes(texts in proptest::collection::vec("\\PC{0,60}", 0..6), seed in any::<u64>()) {
        let labels: Vec<String> = (0..texts.len()).map(|index| format!("field{index}")).collect();
        let name = cell_name(&labels, &texts, seed);
        let end = format!("seed={seed}");
        prop_assert!(name.len() <= 120 && name.ends_with(&end), "{}", name);
        prop_assert!(name.chars().all(|sign| sign.is_ascii_alphanumeric() || "._+-=,~".contains(sign)), "{}", name);
        prop_assert_eq!(cell_name(&labels, &texts, seed), name);
    }

    #[test]
    fn different_values_have_different_names(a in "\\PC{0,20}", b in "\\PC{0,20}") {
        let name = |text: &str| cell_name(&["f".into()], &[text.to_owned()], 1);
        // A text and the word itself are never values of one field.
        if a.trim_matches('"') != b.trim_matches('"') && !a.contains('(') && !b.contains('(') {
            prop_assert!(name(&a) != name(&b), "{} {}", a, b);
        }
    }
}

#[test]
fn drawn_numbers_stand_as_a_preset_has_them() {
    let vary = [
        (
            RATE,
            Values::LogUniform {
                from: 1e-7,
                to: 1.0,
            },
        ),
        (
            "training.batch_size",
            Values::Uniform {
                from: 1.0,
                to: 64.0,
            },
        ),
        (
            "data.limit",
            Values::Uniform {
                from: 5.0,
                to: 500.0,
            },
        ),
        (
            "training.weight_averaging",
            Values::Uniform {
                from: 0.9,
                to: 0.999,
            },
        ),
    ];
    let plan = plan(&sweep(&vary, Strategy::Random { cells: 50, seed: 3 }));
    for cell in &plan.cells {
        for (field, text) in std::iter::zip(&plan.fields, &cell.settings) {
            let written = crate::experiment::preset::field_text(&cell.experiment, field);
            assert_eq!(written.as_ref(), Ok(text), "{field}");
        }
    }
}
