//! Presets as a person meets them: shipped files, mistakes, saving, and setting single fields.

use std::path::Path;

use graft::experiment::{
    Activation, Augmentation, Column, DataSource, Experiment, FreezePlan, GroupBy, HeadLayer,
    LayerRates, NormPolicy, Optimizer, OutputLayer, Phase, Pooling, Preprocessing, Schedule,
    Threshold, TrainedNorm, Views, WeightsSource, preset,
};
use proptest::prelude::*;

mod arbitrary;

use arbitrary::any_experiment;

fn shipped(name: &str) -> Experiment {
    let (_, text) = preset::shipped()
        .iter()
        .find(|(file, _)| *file == name)
        .unwrap();
    preset::parse(text, Path::new(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// What parsing `text` answers, without the file's name.
fn error(text: &str) -> String {
    let error = preset::parse(text, Path::new("p.ron"))
        .expect_err(text)
        .to_string();
    error.strip_prefix("p.ron:").unwrap().to_owned()
}

#[test]
fn every_file_of_the_folder_is_shipped_and_reads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // Sweeps are no presets: tests/sweep.rs.
        .filter(|name| !name.ends_with(".sweep.ron"))
        .collect();
    let mut names: Vec<&str> = preset::shipped().iter().map(|(name, _)| *name).collect();
    files.sort();
    names.sort_unstable();
    assert_eq!(files, names);
    let mut titles: Vec<String> = names.iter().map(|name| shipped(name).name).collect();
    titles.sort();
    titles.dedup();
    assert_eq!(
        titles.len(),
        names.len(),
        "two shipped presets share a name"
    );
}

#[test]
fn every_shipped_preset_says_what_it_is() {
    for (name, text) in preset::shipped() {
        let description = preset::description(text);
        assert!(
            description.len() > 60 && description.ends_with('.'),
            "{name}: {description}"
        );
    }
    assert_eq!(preset::description("(version: 1)"), "");
}

#[test]
fn every_shipped_preset_survives_saving() {
    for (name, _) in preset::shipped() {
        let experiment = shipped(name);
        let text = preset::to_text(&experiment);
        assert_eq!(
            preset::parse(&text, Path::new(name)).unwrap(),
            experiment,
            "{text}"
        );
    }
}

#[test]
fn the_lesson_is_the_lesson() {
    let extraction = shipped("lesson-feature-extraction.ron");
    let defaults = Experiment {
        name: extraction.name.clone(),
        seed: 42,
        phases: vec![Phase {
            name: "Feature extraction".into(),
            epochs: 10,
            freeze: FreezePlan::Backbone,
            optimizer: Optimizer::default(),
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            warmup_epochs: 0.0,
            layer_rates: LayerRates::Uniform,
        }],
        ..Experiment::default()
    };
    assert_eq!(extraction, defaults);
    assert_eq!(
        extraction.head.layers,
        [
            HeadLayer::Dense {
                units: 128,
                activation: Activation::Relu
            },
            HeadLayer::Dropout(0.5)
        ]
    );
    assert_eq!(extraction.head.pooling, Pooling::Average);
    assert_eq!(
        (
            extraction.training.batch_size,
            extraction.data.split.validation
        ),
        (32, 0.2)
    );
    assert!(!extraction.augmentation.is_active());

    let tuning = shipped("lesson-fine-tuning.ron");
    let phases: Vec<_> = tuning
        .phases
        .iter()
        .map(|phase| (phase.epochs, phase.freeze.clone(), phase.learning_rate))
        .collect();
    assert_eq!(
        phases,
        [
            (5, FreezePlan::Backbone, 1e-3),
            (10, FreezePlan::AllButLast(20), 1e-4)
        ]
    );
    assert!(
        tuning
            .phases
            .iter()
            .all(|phase| phase.optimizer == Optimizer::default())
    );
    // Comparable: all but the phases is the same.
    assert_eq!(
        Experiment {
            name: String::new(),
            phases: vec![],
            ..extraction
        },
        Experiment {
            name: String::new(),
            phases: vec![],
            ..tuning
        }
    );
}

#[test]
fn from_scratch_starts_with_nothing() {
    let scratch = shipped("from-scratch.ron");
    assert_eq!(scratch.backbone.weights, WeightsSource::Random);
    assert_eq!(scratch.phases.len(), 1);
    assert_eq!(scratch.phases[0].freeze, FreezePlan::Nothing);
    assert_eq!(scratch.phases[0].epochs, 30);
    assert_eq!(
        scratch.phases[0].schedule,
        Schedule::Cosine { final_factor: 0.0 }
    );
    assert!(scratch.training.early_stopping.is_some());
    assert_eq!(
        scratch.augmentation,
        Augmentation {
            horizontal_flip: true,
            rotation: 36.0,
            zoom: 0.1,
            contrast: 0.1,
            ..Augmentation::default()
        }
    );
}

#[test]
fn the_keras_guide_keeps_inference_mode() {
    let guide = shipped("keras-guide.ron");
    assert_eq!(guide.backbone.frozen_norm, NormPolicy::Inference);
    assert_eq!(guide.backbone.trained_norm, TrainedNorm::Inference);
    assert_eq!(guide.head.layers, [HeadLayer::Dropout(0.2)]);
    assert_eq!(guide.head.output, OutputLayer::Sigmoid);
    let phases: Vec<_> = guide
        .phases
        .iter()
        .map(|phase| (phase.epochs, phase.freeze.clone(), phase.learning_rate))
        .collect();
    assert_eq!(
        phases,
        [
            (20, FreezePlan::Backbone, 1e-3),
            (10, FreezePlan::Nothing, 1e-5)
        ]
    );
}

#[test]
fn fastai_cycles_once_a_phase() {
    let fastai = shipped("fastai-fine-tune.ron");
    assert_eq!(fastai.head.pooling, Pooling::AverageMax);
    assert_eq!(fastai.backbone.frozen_norm, NormPolicy::Train);
    let adam = Optimizer::AdamW {
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-5,
        weight_decay: 0.01,
    };
    assert!(fastai.phases.iter().all(|phase| phase.optimizer == adam));
    let [frozen, free] = &fastai.phases[..] else {
        panic!("two phases")
    };
    assert_eq!((frozen.epochs, frozen.learning_rate), (1, 2e-3));
    assert_eq!(
        (free.epochs, free.learning_rate),
        (3, frozen.learning_rate / 2.0)
    );
    assert_eq!(free.layer_rates, LayerRates::ByDepth { lowest: 0.01 });
    // fastai's last rate is the highest divided by 1e5, whatever the first.
    for (phase, expect) in [(frozen, (0.99, 25.0)), (free, (0.3, 5.0))] {
        let Schedule::OneCycle {
            rise,
            start_divisor,
            final_divisor,
        } = phase.schedule
        else {
            panic!("{:?}", phase.schedule)
        };
        assert_eq!((rise, start_divisor), expect);
        assert_eq!(start_divisor * final_divisor, 1e5);
    }
}

#[test]
fn the_solar_pair_shares_its_split() {
    let extraction = shipped("solar-feature-extraction.ron");
    let tuning = shipped("solar-fine-tuning.ron");
    assert_eq!(extraction.data, tuning.data);
    assert_eq!(extraction.seed, tuning.seed);
    // A quarter of 2,624 is the published test's 656.
    assert_eq!(2624.0 * extraction.data.split.test, 656.0);
    assert_eq!(
        extraction.data.source,
        DataSource::Table {
            file: "$GRAFT_DATA/elpv/labels.csv".into(),
            path_column: Column::Index(0),
            label_column: Column::Index(1),
            split_column: None,
            threshold: Some(Threshold {
                at_least: 0.5,
                above: "defective".into(),
                below: "functional".into()
            }),
            one_hot: Vec::new(),
            split_values: Vec::new(),
            validation_table: None,
            test_table: None,
            encoding: None,
            split_from_folders: false,
        }
    );
    assert!(
        extraction
            .phases
            .iter()
            .all(|phase| phase.freeze == FreezePlan::Backbone)
    );
    // Fine-tuning goes on where feature extraction ends, so its features are there already.
    assert_eq!(extraction.head, tuning.head);
    assert_eq!(extraction.augmentation, tuning.augmentation);
    assert_eq!(extraction.phases[0], tuning.phases[0]);
    assert_eq!(
        tuning.phases[1].freeze,
        FreezePlan::Below("_blocks.9".into())
    );
}

#[test]
fn mistakes_are_named_with_line_field_and_what_is_allowed() {
    let mut unexpected = Vec::new();
    for (text, expect) in [
        (
            "(name: \"x\")",
            "1:1: the version is missing: write “version: 1,” as the first field",
        ),
        (
            "()",
            "1:1: the version is missing: write “version: 1,” as the first field",
        ),
        (
            "(version: 2)",
            "1:11: “version” is 2, written by a newer Graft: this one reads up to version 1. \
             Update Graft, or open the preset where it was written",
        ),
        (
            "(version: 0)",
            "1:11: “version” is 0, which no Graft has written: allowed is 1",
        ),
        ("(version: one)", "1:11: “version” is one, allowed is 1"),
        (
            "[1]",
            "1:1: is no preset: allowed are fields in parentheses, such as (version: 1, name: \
             \"Cats and dogs\")",
        ),
        (
            "(version: 1, name: \"x)",
            "1:20: this text has no closing quote",
        ),
        (
            "(\n  version: 1\n  seed: 4)",
            "2:13: a comma or “)” is expected here",
        ),
        (
            "(version: 1, sed: 4)",
            "1:14: “sed” is not a field: did you mean “seed”? (allowed are version, name, notes, \
             seed, data, backbone, head, augmentation, training and phases)",
        ),
        (
            "(version: 1,\n phases: [\n (epochs: 1),\n (learning_rat: 1)])",
            "4:3: “phases[1].learning_rat” is not a field: did you mean “learning_rate”? (allowed \
             are name, epochs, freeze, optimizer, learning_rate, schedule, warmup_epochs and \
             layer_rates)",
        ),
        (
            "(version: 1, phases: [(optimizer: Adam(momentum: 1))])",
            "1:40: “phases[0].optimizer.momentum” is not a field: allowed are beta1, beta2, \
             epsilon and weight_decay",
        ),
        (
            "(version: 1,\n data: (\n  limit: \"many\"))",
            "3:10: “data.limit” is \"many\", allowed is a whole number, 0 or more",
        ),
        (
            "(version: 1, phases: [(epochs: 10.5)])",
            "1:32: “phases[0].epochs” is 10.5, allowed is a whole number, 0 or more",
        ),
        (
            "(version: 1, phases: [(epochs: -1)])",
            "1:32: “phases[0].epochs” is -1, allowed is a whole number, 0 or more",
        ),
        (
            "(version: 1, phases: [(epochs: 99999999999)])",
            "1:32: “phases[0].epochs” is 99999999999, allowed is a smaller whole number, 0 or more",
        ),
        (
            "(version: 1, name: x)",
            "1:20: “name” is x, allowed is a text in double quotes",
        ),
        (
            "(version: 1, phases: (epochs: 1))",
            "1:22: “phases” is (epochs: 1), allowed is a list in square brackets",
        ),
        (
            "(version: 1, augmentation: (horizontal_flip: yes))",
            "1:46: “augmentation.horizontal_flip” is yes, allowed is true or false",
        ),
        (
            "(version: 1, augmentation: (zoom: \"a\"))",
            "1:35: “augmentation.zoom” is \"a\", allowed is a number",
        ),
        (
            "(version: 1, data: (fit: Squosh))",
            "1:26: “data.fit” is Squosh: did you mean “Squash”? (allowed are CenterCrop, Squash \
             and Pad)",
        ),
        (
            "(version: 1, data: (fit: \"Squash\"))",
            "1:26: “data.fit” is \"Squash\": did you mean “Squash”? (allowed are CenterCrop, \
             Squash and Pad)",
        ),
        (
            "(version: 1, head: (layers: [Dropout]))",
            "1:30: “head.layers[0]” is Dropout, allowed is Dropout(…), with its value in \
             parentheses",
        ),
        (
            "(version: 1, head: (layers: [Dense(units: 8)]))",
            "1:30: “head.layers[0]” is Dense(units: 8), which lacks the field “activation”",
        ),
        (
            "(version: 1, head: (layers: [BatchNorm(2)]))",
            "1:30: “head.layers[0]” is BatchNorm(2), allowed is BatchNorm without parentheses",
        ),
        (
            "(version: 1, head: (layers: [Dropout(0.5, 0.6)]))",
            "1:30: “head.layers[0]” is Dropout(0.5, 0.6), which holds too many values",
        ),
        (
            "(version: 1, augmentation: (views: Cached(4.5)))",
            "1:43: “augmentation.views” is 4.5, allowed is a whole number, 0 or more",
        ),
        (
            "(version: 1, training: (class_weights: Custom([(\"cat\", 1.0, 2.0)])))",
            "1:48: “training.class_weights[0]” is (\"cat\", 1.0, 2.0), which holds too many values",
        ),
        (
            "(version: 1, training: (class_weights: Custom([(\"cat\", \"a\")])))",
            "1:56: “training.class_weights[0][1]” is \"a\", allowed is a number",
        ),
        (
            "(version: 1, head: (layers: [\n  Dropout(3)]))",
            "2:11: “head.layers[0]” is 3, allowed is 0 to 0.95",
        ),
        (
            "(version: 1, seed: 1, seed: 2)",
            "1:23: “seed” stands here for the second time: remove one of them",
        ),
        (
            "(version: 1,\n training: (\n  early_stopping: (patience: 0)))",
            "3:30: “training.early_stopping.patience” is 0, allowed is 1 to 10000",
        ),
    ] {
        let answer = error(text);
        if answer != expect {
            unexpected.push(format!("{text}\n  answer {answer}\n  expect {expect}"));
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}

#[test]
fn what_may_be_left_out_or_written_differently() {
    let parse = |text: &str| preset::parse(text, Path::new("p.ron")).unwrap();
    assert_eq!(parse("(version: 1)"), Experiment::default());
    assert_eq!(
        parse("\u{feff}// a comment\n(version /* x */ : 1 /* y */, )"),
        Experiment::default()
    );
    assert_eq!(
        parse("Experiment(name: \"Feature extraction\", version: 1)"),
        Experiment::default()
    );
    for written in ["(patience: 3)", "Some((patience: 3))"] {
        let experiment = parse(&format!(
            "(version: 1, training: (early_stopping: {written}))"
        ));
        assert_eq!(experiment.training.early_stopping.unwrap().patience, 3);
    }
}

#[test]
fn the_text_is_pleasant_to_read() {
    let text = preset::to_text(&Experiment::default());
    let expect = "(
    version: 1,
    name: \"Feature extraction\",
    notes: \"\",
    seed: 42,
    data: (
        source: Unset,
        classes: [],
        split: (validation: 0.2, test: 0.2, seed: None, group: None),
        limit: None,
        exclude: [],
        fit: CenterCrop,
    ),
";
    let (comment, rest) = text.split_once('\n').unwrap();
    assert!(comment.starts_with("// A Graft preset"), "{comment}");
    assert!(rest.starts_with(expect), "{text}");
    assert!(
        rest.contains("        layers: [Dense(units: 128, activation: Relu), Dropout(0.5)],\n")
    );
    assert!(
        rest.contains("            learning_rate: 0.001,\n"),
        "{text}"
    );
    assert!(
        rest.contains(
            "optimizer: Adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0),"
        ),
        "{text}"
    );
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
}

#[test]
fn saving_replaces_the_whole_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.ron");
    std::fs::write(&path, "x".repeat(100_000)).unwrap();
    assert!(preset::load(&path).is_err());
    let experiment = shipped("fastai-fine-tune.ron");
    preset::save(&experiment, &path).unwrap();
    assert_eq!(preset::load(&path).unwrap(), experiment);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(preset::save(&experiment, &folder.path().join("no/such/folder.ron")).is_err());
    let missing = preset::load(&folder.path().join("missing.ron")).unwrap_err();
    assert!(missing.message.starts_with("can't be read"), "{missing}");
}

#[cfg(unix)]
#[test]
fn saving_keeps_links_and_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (
        folder.path().join("file.ron"),
        folder.path().join("link.ron"),
    );
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    preset::save(&Experiment::default(), &link).unwrap();
    assert!(link.symlink_metadata().unwrap().file_type().is_symlink());
    assert_eq!(preset::load(&file).unwrap(), Experiment::default());
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn single_fields_are_set_by_path() {
    let mut experiment = shipped("lesson-fine-tuning.ron");
    for assignment in [
        "phases[1].learning_rate=1e-5",
        "phases[0].optimizer.weight_decay = 0.1",
        "phases[0].freeze=Below(\"layer4\")",
        "name=Cats, dogs (and cows)",
        "notes=42",
        "data.classes=[cat, 'dog', \"cow\"]",
        "data.source=ClassFolders(path: \"a\")",
        "data.source.path=/pictures/of my cats",
        "data.limit=1000",
        "data.split.group=Pattern(r\"^(p\\d+)_\")",
        "training.early_stopping=(patience: 3)",
        "training.early_stopping.patience=4",
        "head.layers[1]=Dropout(0.25)",
        "augmentation.views=Cached(4)",
        "backbone.weights=File(path: \"a.pth\", key: Some(\"teacher.backbone\"))",
        "backbone.weights=File(path: \"b.pth\", key: \"student\")",
        "backbone.weights.key=encoder_q",
        "backbone.weights=Named(\"IMAGENET1K_V1\")",
        "backbone.preprocessing=Published",
        "backbone.preprocessing=Timm(\"mobilenetv2_100\")",
        "seed=7",
    ] {
        preset::set_field(&mut experiment, assignment)
            .unwrap_or_else(|e| panic!("{assignment}: {e}"));
    }
    assert_eq!(experiment.phases[1].learning_rate, 1e-5);
    assert_eq!(
        experiment.phases[0].optimizer,
        Optimizer::Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.1
        }
    );
    assert_eq!(
        experiment.phases[0].freeze,
        FreezePlan::Below("layer4".into())
    );
    assert_eq!(experiment.name, "Cats, dogs (and cows)");
    assert_eq!(experiment.notes, "42");
    assert_eq!(
        experiment.data.source,
        DataSource::ClassFolders {
            path: "/pictures/of my cats".into()
        }
    );
    assert_eq!(experiment.data.limit, Some(1000));
    assert_eq!(
        experiment.data.split.group,
        Some(GroupBy::Pattern(r"^(p\d+)_".into()))
    );
    assert_eq!(
        experiment
            .training
            .early_stopping
            .as_ref()
            .unwrap()
            .patience,
        4
    );
    assert_eq!(experiment.head.layers[1], HeadLayer::Dropout(0.25));
    assert_eq!(experiment.augmentation.views, Views::Cached(4));
    assert_eq!(experiment.seed, 7);
    assert_eq!(
        experiment.backbone.weights,
        WeightsSource::Named("IMAGENET1K_V1".into())
    );

    assert_eq!(
        experiment.backbone.preprocessing,
        Preprocessing::Timm("mobilenetv2_100".into())
    );

    preset::set_field(&mut experiment, "data.limit=None").unwrap();
    assert_eq!(experiment.data.limit, None);

    // Which is not in a text where nothing is kept together.
    let together = "data.split.together";
    assert_eq!(preset::field_text(&experiment, together).unwrap(), "[]");
    preset::set_field(
        &mut experiment,
        &format!("{together}=[[\"a, b.png\", \"c.png\"]]"),
    )
    .unwrap();
    assert_eq!(experiment.data.split.together, [["a, b.png", "c.png"]]);
    preset::set_field(&mut experiment, &format!("{together}=[]")).unwrap();
    assert!(experiment.data.split.together.is_empty());
}

/// An experiment may name each of very many pictures that look alike.
#[test]
fn a_preset_with_a_hundred_thousand_names_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("video.ron");
    let mut experiment = Experiment::default();
    experiment.data.split.together = (0..5_000)
        .map(|set| {
            let names = (0..20).map(|frame| format!("videos/{set:05}/frame-{frame:05}.png"));
            names.collect()
        })
        .collect();
    preset::save(&experiment, &path).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 3_000_000);
    assert_eq!(preset::load(&path).unwrap(), experiment);
}

/// A file with a key is called as one without, and what has neither is written as it always was.
#[test]
fn one_of_several_networks_in_a_file_is_chosen_by_its_key() {
    let parsed = |text: &str| preset::parse(text, Path::new("x.ron")).unwrap();
    let experiment =
        parsed("(version: 1, backbone: (weights: File(path: \"w.pth\", key: Some(\"teacher\"))))");
    let weights = &experiment.backbone.weights;
    assert_eq!(
        (weights.file(), weights.key()),
        (Some(Path::new("w.pth")), Some("teacher"))
    );
    let text = preset::to_text(&experiment);
    assert!(
        text.contains("weights: File(path: \"w.pth\", key: \"teacher\")"),
        "{text}"
    );
    assert!(!text.contains("preprocessing"), "{text}");
    assert_eq!(parsed(&text), experiment);
    let plain = parsed("(version: 1, backbone: (weights: File(\"w.pth\")))");
    assert_eq!(plain.backbone.weights, WeightsSource::File("w.pth".into()));
    assert!(preset::to_text(&plain).contains("weights: File(\"w.pth\"),"));
    let without = parsed("(version: 1, backbone: (weights: File(path: \"w.pth\")))");
    assert_eq!(
        (
            without.backbone.weights.file(),
            without.backbone.weights.key()
        ),
        (Some(Path::new("w.pth")), None)
    );
    for (text, expected) in [
        (
            "(version: 1, backbone: (weights: File(path: \"w.pth\", keys: \"a\")))",
            "1:54: “backbone.weights.keys” is not a field: did you mean “key”? (allowed are path and key)",
        ),
        (
            "(version: 1, backbone: (weights: Fil(\"w.pth\")))",
            "“backbone.weights” is Fil: did you mean “File”? (allowed are Pretrained, Named, File and Random)",
        ),
        (
            "(version: 1, backbone: (preprocessing: Custom(input_size: 224, resize: 200, filter: Bicubic, mean: (0, 0, 0), std: (1, 1, 1))))",
            "“backbone.preprocessing” resizes the shorter side to 200, allowed is 224 to 2048",
        ),
    ] {
        let error = preset::parse(text, Path::new("x.ron"))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_field_that_can_not_be_set_says_why() {
    for (assignment, expect) in [
        (
            "seed",
            "“seed” sets nothing: write FIELD=VALUE, such as seed=7",
        ),
        (
            "phases[0].lr=1",
            "“phases[0].lr” is not a field: allowed are name, epochs, freeze, optimizer, \
             learning_rate, schedule, warmup_epochs and layer_rates",
        ),
        (
            "phases[3].epochs=1",
            "“phases[3]” does not exist: “phases” goes from 0 to 0",
        ),
        (
            "phases[x]=1",
            "“phases[x]” is no field's path: write it like phases[0].epochs",
        ),
        (
            "training.early_stopping.patience=3",
            "“training.early_stopping” is None, which has no field “patience”: set \
             “training.early_stopping” as a whole first",
        ),
        (
            "seed=1, name: \"x\"",
            "“seed” is \"1, name: \\\"x\\\"\", allowed is a whole number, 0 or more",
        ),
        (
            "seed=-1",
            "“seed” is -1, allowed is a whole number, 0 or more",
        ),
        (
            "phases[0].epochs=0",
            "“phases[0].epochs” is 0, allowed is 1 to 10000",
        ),
        (
            "data.fit=Sqash",
            "“data.fit” is Sqash: did you mean “Squash”? (allowed are CenterCrop, Squash and Pad)",
        ),
    ] {
        let mut experiment = Experiment::default();
        let error = preset::set_field(&mut experiment, assignment).unwrap_err();
        assert_eq!(error, expect, "{assignment}");
        assert_eq!(experiment, Experiment::default());
    }
}

/// A solver and its epochs fit only together, whichever is named first.
#[test]
fn several_fields_are_set_before_they_are_checked() {
    let lines = |lines: &[&str]| -> Vec<String> { lines.iter().map(ToString::to_string).collect() };
    let solver = [
        "phases[0].optimizer=LogisticRegression(c: None)",
        "phases[0].freeze=Backbone",
        "phases[0].epochs=1",
        "head.layers=[]",
    ];
    let mut one_by_one = Experiment::default();
    assert!(
        (solver.iter()).any(|line| preset::set_field(&mut one_by_one, line).is_err()),
        "in this order, each alone does not fit"
    );
    let backwards: Vec<&str> = solver.iter().copied().rev().collect();
    let mut experiments = [solver.to_vec(), backwards].map(|order| {
        let mut experiment = Experiment::default();
        assert_eq!(preset::set_fields(&mut experiment, &lines(&order)), []);
        assert_eq!(experiment.check(), []);
        experiment
    });
    let [first, second] = &mut experiments;
    assert_eq!(first, second);

    // What does not fit in the end is told of the line that brings it, and what is no field, of its own.
    let mut experiment = Experiment::default();
    let wrong = lines(&["seed=3", "phases[0].epochs=0", "seeed=1", "notes=x"]);
    let faults = preset::set_fields(&mut experiment, &wrong);
    let mut places: Vec<usize> = faults.iter().map(|fault| fault.index).collect();
    places.sort_unstable();
    assert_eq!(places, [1, 2], "{faults:?}");
    assert!(
        (faults.iter())
            .any(|fault| fault.reason == "“phases[0].epochs” is 0, allowed is 1 to 10000"),
        "{faults:?}"
    );
    assert_eq!((experiment.seed, experiment.notes.as_str()), (3, "x"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_experiment_survives_saving(experiment in any_experiment()) {
        let text = preset::to_text(&experiment);
        let read = preset::parse(&text, Path::new("p.ron"));
        prop_assert_eq!(read.as_ref(), Ok(&experiment), "{}", text);
    }

    /// Whatever a person types, the answer is an experiment or an error with a place in the file.
    #[test]
    fn any_damage_is_answered_with_a_place(
        which in 0..preset::shipped().len(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..20,
        insert in prop_oneof!["\\PC{0,8}", "[\\(\\)\\[\\]{}:,\"'#r/*0-9.e\\\\ \n-]{0,8}"],
    ) {
        let (_, text) = preset::shipped()[which];
        let characters: Vec<char> = text.chars().collect();
        let start = at.index(characters.len());
        let end = (start + length).min(characters.len());
        let damaged: String =
            characters[..start].iter().copied().chain(insert.chars()).chain(characters[end..].iter().copied()).collect();
        if let Err(error) = preset::parse(&damaged, Path::new("p.ron")) {
            prop_assert!(!error.message.is_empty());
            prop_assert!((1..=damaged.lines().count() + 1).contains(&error.line), "{}", error);
            prop_assert!(error.column >= 1);
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}", assignment in "[a-z\\[\\]0-9.=(),\"]{0,30}") {
        let _ = preset::parse(&text, Path::new("p.ron"));
        let mut experiment = Experiment::default();
        let before = experiment.clone();
        if preset::set_field(&mut experiment, &assignment).is_err() {
            prop_assert_eq!(experiment, before);
        }
    }
}
