use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::experiment::*;

fn fault(text: &str) -> String {
    parse(text, Path::new("mine.ron")).unwrap_err().to_string()
}

#[test]
fn every_message_names_file_line_field_and_what_is_allowed() {
    for (text, expected) in [
        (
            "(\n  version: 1,\n  sed: 7,\n)",
            "mine.ron:3:3: there is no field “sed”, did you mean “seed”?; allowed are name, notes, seed, data",
        ),
        (
            "(\n  version: 1,\n  seed: \"x\",\n)",
            "mine.ron:3:9: seed must be a whole number",
        ),
        (
            "(version: 1, training: (batch_size: 0))",
            "mine.ron:1:25: training.batch_size is 0, allowed is 1 to 4096",
        ),
        (
            "(\n  version: 1,\n  head: (\n    layers: [BatchNorm, Dropout(3.0)],\n  ),\n)",
            "mine.ron:4:25: head.layers[1] is 3, allowed is 0 to 0.95",
        ),
        (
            "(\n version: 1,\n phases: [\n  (freeze: Backbon),\n ],\n)",
            "mine.ron:4:12: phases[0].freeze is “Backbon”, did you mean “Backbone”?; allowed are Backbone, Nothing, AllButLast, Below, Custom",
        ),
        (
            "(\n version: 1,\n phases: [(learning_rate: 100.0)],\n)",
            "mine.ron:3:12: phases[0].learning_rate is 100, allowed is 0.00000001 to 10",
        ),
        (
            "(version: 1, phases: [])",
            "mine.ron:1:14: phases is empty, at least one phase is needed",
        ),
        (
            "(version: 9)",
            "mine.ron:1:2: version is 9, but this Graft knows presets up to version 1: use a newer Graft",
        ),
        (
            "(seed: 1)",
            "mine.ron:1:1: this preset does not say its version: add “version: 1,” as its first line",
        ),
        ("(version: 1, seed: 1", "mine.ron:1:"),
        ("(version: 1, data: (fit: 3))", "data.fit"),
        (
            "(version: 1, phases: [(epochs: 2, warmup_epochs: 5.0)])",
            "phases[0].warmup_epochs is 5, allowed is 0 to 2",
        ),
    ] {
        let fault = fault(text);
        assert!(
            fault.contains(expected),
            "for {text}\n   got {fault}\n  want {expected}"
        );
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let experiment = parse("(version: 1, data: (limit: 1000))", Path::new("x")).unwrap();
    assert_eq!(experiment.data.limit, Some(1000));
    assert_eq!(experiment.phases, vec![Phase::default()]);
}

#[test]
fn shipped_presets_can_run_and_say_what_they_promise() {
    let load = |name: &str| {
        let (_, text) = shipped().iter().find(|(file, _)| *file == name).unwrap();
        parse(text, Path::new(name)).unwrap()
    };
    for (name, text) in shipped() {
        let experiment = parse(text, Path::new(name)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(experiment.check(), vec![], "{name}");
        assert!(text.starts_with("//"), "{name} does not explain itself");
    }
    let lesson = load("lesson-feature-extraction.ron");
    assert_eq!(lesson.head, HeadConfig::default());
    assert_eq!(
        (
            lesson.epochs(),
            lesson.training.batch_size,
            lesson.data.split.validation
        ),
        (10, 32, 0.2)
    );
    assert_eq!(
        (lesson.phases[0].learning_rate, &lesson.phases[0].optimizer),
        (1e-3, &Optimizer::default())
    );
    let tuned = load("lesson-fine-tuning.ron");
    assert_eq!((tuned.phases[0].epochs, tuned.phases[1].epochs), (5, 10));
    assert_eq!(
        (&tuned.phases[1].freeze, tuned.phases[1].learning_rate),
        (&FreezePlan::AllButLast(20), 1e-4)
    );
    assert_eq!(
        (&lesson.head, &lesson.data),
        (&tuned.head, &tuned.data),
        "the pair shares head and data"
    );
    let (one, other) = (
        load("solar-feature-extraction.ron"),
        load("solar-fine-tuning.ron"),
    );
    assert_eq!(
        (one.data, one.seed),
        (other.data, other.seed),
        "the pair shares its split"
    );
    assert_eq!(
        load("from-scratch.ron").backbone.weights,
        WeightsSource::Random
    );
}

#[test]
fn saving_and_loading_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/mine.ron");
    let mut experiment = Experiment {
        name: "“quoted” \"name\"\nof two lines".into(),
        ..Experiment::default()
    };
    experiment.head.layers.push(HeadLayer::BatchNorm);
    save(&experiment, &path).unwrap();
    assert_eq!(load(&path).unwrap(), experiment);
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "no temporary file is left"
    );
    assert!(
        load(folder.path())
            .unwrap_err()
            .message
            .contains("can't be read")
    );
}

#[test]
fn fields_are_set_by_their_path() {
    let mut experiment = Experiment::default();
    for assignment in [
        "seed=7",
        "name=Two words",
        "phases[0].learning_rate=1e-4",
        "phases[0].freeze=Below(\"layer4\")",
        "data.source=ClassFolders(path: \"/tmp/x\")",
        "data.limit=50",
        "head.layers=[Dropout(0.1)]",
        "training.early_stopping=(patience: 3)",
    ] {
        set_field(&mut experiment, assignment)
            .unwrap_or_else(|error| panic!("{assignment}: {error}"));
    }
    assert_eq!(
        (
            experiment.seed,
            experiment.name.as_str(),
            experiment.data.limit
        ),
        (7, "Two words", Some(50))
    );
    assert_eq!(experiment.phases[0].learning_rate, 1e-4);
    assert_eq!(
        experiment.phases[0].freeze,
        FreezePlan::Below("layer4".into())
    );
    let before = experiment.clone();
    for (assignment, expected) in [
        (
            "phases[0].lerning_rate=1",
            "did you mean “phases[0].learning_rate”?",
        ),
        ("sed=1", "allowed are name, notes, seed"),
        ("seed", "FIELD=VALUE"),
        ("training.batch_size=0", "allowed is 1 to 4096"),
        ("version=3", "there is no field “version”"),
        ("data.fit=Stretch", "allowed are CenterCrop, Squash, Pad"),
    ] {
        let error = set_field(&mut experiment, assignment).unwrap_err();
        assert!(error.contains(expected), "{assignment}: {error}");
        assert_eq!(experiment, before);
    }
}

fn experiments() -> impl Strategy<Value = Experiment> {
    let layer = prop_oneof![
        (1u32..2000).prop_map(|units| HeadLayer::Dense {
            units,
            activation: Activation::Gelu
        }),
        Just(HeadLayer::BatchNorm),
        (0.0..0.95f64).prop_map(HeadLayer::Dropout),
    ];
    let freeze = prop_oneof![
        Just(FreezePlan::Backbone),
        Just(FreezePlan::Nothing),
        (0usize..300).prop_map(FreezePlan::AllButLast),
        "[a-z_.0-9]{1,12}".prop_map(FreezePlan::Below),
        proptest::collection::vec("[a-z_.0-9]{1,12}", 0..4).prop_map(FreezePlan::Custom),
    ];
    let optimizer = prop_oneof![
        (0.0..0.99f64, 0.0..1.0f64).prop_map(|(momentum, weight_decay)| Optimizer::Sgd {
            momentum,
            nesterov: false,
            weight_decay
        }),
        Just(Optimizer::adam_w()),
        Just(Optimizer::rms_prop()),
    ];
    let schedule = prop_oneof![
        Just(Schedule::Constant),
        (1u32..9, 0.01..1.0f64).prop_map(|(every_epochs, factor)| Schedule::Step {
            every_epochs,
            factor
        }),
        Just(Schedule::one_cycle()),
        (0.0..1.0f64).prop_map(|final_factor| Schedule::Cosine { final_factor }),
    ];
    let phase = (
        1u32..100,
        1e-7..1.0f64,
        freeze,
        optimizer,
        schedule,
        ".{0,12}",
    )
        .prop_map(
            |(epochs, learning_rate, freeze, optimizer, schedule, name)| Phase {
                name,
                epochs,
                freeze,
                optimizer,
                learning_rate,
                schedule,
                ..Phase::default()
            },
        );
    (
        any::<String>(),
        any::<u64>(),
        proptest::collection::vec(phase, 1..4),
        proptest::collection::vec(layer, 0..4),
        proptest::option::of(2usize..100_000),
        (0.0..180.0f64, any::<bool>(), 1u32..64),
    )
        .prop_map(
            |(name, seed, phases, layers, limit, (rotation, horizontal_flip, views))| {
                let mut experiment = Experiment {
                    name,
                    seed,
                    phases,
                    ..Experiment::default()
                };
                experiment.head.layers = layers;
                experiment.data.limit = limit;
                experiment.augmentation.rotation = rotation;
                experiment.augmentation.horizontal_flip = horizontal_flip;
                experiment.augmentation.views = Views::Cached(views);
                experiment
            },
        )
}

proptest! {
    #[test]
    fn text_and_back_is_the_same(experiment in experiments()) {
        let text = to_text(&experiment);
        prop_assert_eq!(parse(&text, Path::new("x")).map_err(|error| format!("{error}\n{text}"))?, experiment);
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse(&text, Path::new("x"));
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0usize..4000, length in 0usize..40, with in "[(){}\\[\\],:\"/*a1\u{e4}]{0,3}") {
        let mut text = shipped()[0].1.to_owned();
        let floor = |mut at: usize| { at = at.min(text.len()); while !text.is_char_boundary(at) { at -= 1; } at };
        let range = floor(at)..floor(at + length);
        text.replace_range(range, &with);
        if let Err(error) = parse(&text, Path::new("x")) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1);
            prop_assert!(!error.message.is_empty());
        }
    }
}
