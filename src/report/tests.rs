//! Runs on disk become files that other programs read.

use std::path::{Path, PathBuf};

use super::*;
use crate::data::StopFlag;
use crate::evaluation::{Prediction, Predictions};
use crate::experiment::{DataSource, Experiment, FreezePlan, Phase, preset};
use crate::figures::{Size, palette};
use crate::runs::{RunState, RunSummary, files};
use crate::training::EpochMetrics;
use crate::training::events::TestMetrics;
use crate::training::movement::Movement;

const CLASSES: [&str; 2] = ["<b>crack & co</b>", "plain"];

/// A folder with pictures, and runs on them.
struct Workspace(tempfile::TempDir);

impl Workspace {
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        for (class, base) in [("crack", 40), ("plain", 180)] {
            let folder = workspace.pictures().join(class);
            std::fs::create_dir_all(&folder).unwrap();
            for index in 0..8u8 {
                image::RgbImage::from_fn(48, 40, |x, y| {
                    image::Rgb([base + (x as u8 ^ y as u8) % 32, base + index, base])
                })
                .save(folder.join(format!("{index}.png")))
                .unwrap();
            }
        }
        workspace
    }

    fn pictures(&self) -> PathBuf {
        self.0.path().join("pictures")
    }

    /// A finished run that takes every `wrong`th test picture for the other class.
    fn run(&self, id: &str, name: &str, wrong: usize, rate: f64) -> PathBuf {
        let folder = self.0.path().join(id);
        std::fs::create_dir_all(&folder).unwrap();
        let mut experiment = Experiment {
            name: name.into(),
            ..Experiment::default()
        };
        experiment.data.source = DataSource::ClassFolders {
            path: self.pictures(),
        };
        experiment.augmentation.horizontal_flip = true;
        experiment.phases[0].epochs = 2;
        experiment.phases.push(Phase {
            name: "Fine-tuning".into(),
            epochs: 2,
            freeze: FreezePlan::AllButLast(20),
            learning_rate: rate,
            ..Phase::default()
        });
        let write = |file: &str, bytes: &[u8]| std::fs::write(folder.join(file), bytes).unwrap();
        write(files::PRESET, preset::to_text(&experiment).as_bytes());
        let mut split = String::from("file,class,split\n");
        let mut rows = Vec::new();
        for (label, class) in ["crack", "plain"].into_iter().enumerate() {
            for index in 0..8 {
                let part = ["train", "train", "validation", "test"][index % 4];
                let file = format!("{class}/{index}.png");
                split.push_str(&format!("{file},\"{}\",{part}\n", CLASSES[label]));
                if part == "test" {
                    let is_wrong = rows.len() % wrong == wrong - 1;
                    let sure = if is_wrong { 0.3 } else { 0.95 };
                    let mut probabilities = vec![1.0 - sure, 1.0 - sure];
                    probabilities[label] = sure;
                    rows.push(Prediction {
                        file,
                        truth: label as u32,
                        probabilities,
                    });
                }
            }
        }
        write(files::SPLIT, split.as_bytes());
        let metrics: Vec<EpochMetrics> = (1..=4)
            .map(|epoch| EpochMetrics {
                epoch,
                phase: usize::from(epoch > 2),
                learning_rate: rate,
                train_loss: 1.0 / f64::from(epoch),
                train_accuracy: 0.5 + 0.1 * f64::from(epoch),
                validation_loss: Some(1.2 / f64::from(epoch)),
                validation_accuracy: Some(0.5 + 0.08 * f64::from(epoch)),
                validation_macro_f1: Some(0.5),
                seconds: 2.0,
            })
            .collect();
        write(files::METRICS, &files::metrics(&metrics).unwrap());
        let predictions = Predictions {
            classes: CLASSES.map(str::to_owned).to_vec(),
            rows,
            ..Predictions::default()
        };
        let right = predictions
            .rows
            .iter()
            .filter(|row| row.predicted() == row.truth)
            .count();
        let n = predictions.rows.len();
        write(
            files::PREDICTIONS,
            &files::predictions(&predictions).unwrap(),
        );
        let movement: Vec<Movement> = ["_conv_stem", "_blocks.0._bn0", "_conv_head"]
            .into_iter()
            .enumerate()
            .map(|(index, path)| Movement {
                path: path.into(),
                initial_l2: 2.0,
                distance_l2: 0.1 * index as f64,
            })
            .collect();
        write(files::MOVEMENT, &files::movement(&movement).unwrap());
        let summary = RunSummary {
            id: id.into(),
            experiment: name.into(),
            backbone: "efficientnet_lite0".into(),
            started: 1_700_000_000,
            state: RunState::Finished,
            classes: predictions.classes.clone(),
            train_pictures: 8,
            validation_pictures: 4,
            test_pictures: n,
            test_split: "the same".into(),
            trainable_parameters: 1_000,
            frozen_parameters: 2_000,
            best_epoch: 3,
            epochs_planned: 4,
            seconds_total: 12.0,
            test: Some(TestMetrics {
                loss: 0.4,
                accuracy: right as f64 / n as f64,
                macro_f1: 0.5,
                n,
            }),
            device: "CPU".into(),
            graft_version: "0.1.0".into(),
            seed: Some(42),
            peak_memory_bytes: Some(512_000_000),
            peak_card_memory_bytes: Some(3_000_000_000),
            ..RunSummary::default()
        };
        write(files::SUMMARY, &files::summary(&summary).unwrap());
        folder
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }
}

fn load(folders: &[&Path]) -> Comparison {
    let folders: Vec<_> = folders
        .iter()
        .enumerate()
        .map(|(index, folder)| (folder.to_path_buf(), palette::run_color(index)))
        .collect();
    Comparison::load(&folders).unwrap()
}

fn small() -> Options {
    Options {
        size: Size {
            width: 480,
            height: 300,
        },
        dpi: 300,
        ..Options::default()
    }
}

fn written(comparison: &Comparison, options: &Options, out: &Path) -> Written {
    write(comparison, options, out, &|_, _| {}, &StopFlag::default()).unwrap()
}

fn names(written: &Written, out: &Path) -> Vec<String> {
    let mut names: Vec<String> = written
        .files
        .iter()
        .map(|file| {
            let file = file.strip_prefix(out).unwrap();
            file.display().to_string()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn two_runs_become_every_figure_table_and_report() {
    let workspace = Workspace::new();
    let (first, second) = (
        workspace.run("a", "Feature extraction", 2, 1e-3),
        workspace.run("b", "Fine-tuning <script>alert(1)</script>", 4, 1e-4),
    );
    let comparison = load(&[&first, &second]);
    comparison.check_tested().unwrap();
    let out = workspace.out();
    let written = written(&comparison, &small(), &out);
    assert_eq!(written.notes, Vec::<String>::new());
    let names = names(&written, &out);
    for stem in [
        "curves",
        "curves-1-feature-extraction",
        "curves-2-fine-tuning-script-alert-1-script",
        "results",
        "roc",
        "reliability",
        "confusion-1-feature-extraction",
        "confusion-normalised-1-feature-extraction",
        "confusion-difference",
        "gallery-1-feature-extraction",
        "freeze-1-feature-extraction",
        "movement-1-feature-extraction",
        "class-counts",
        "dataset",
        "augmentation",
    ] {
        for ending in ["png", "svg"] {
            let name = format!("{stem}.{ending}");
            assert!(names.contains(&name), "{name} is not in {names:?}");
        }
    }
    for name in &names {
        let bytes = std::fs::read(out.join(name)).unwrap();
        if name.ends_with(".png") {
            let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
            assert_eq!(picture.dimensions(), (480, 300), "{name}");
            assert!(bytes.windows(4).any(|four| four == b"pHYs"), "{name}");
            let colors: std::collections::HashSet<_> = picture.pixels().map(|p| p.0).collect();
            assert!(colors.len() > 3, "{name} is empty");
        }
    }
    // The pictures themselves stand in the gallery and in the grid.
    for name in [
        "gallery-1-feature-extraction.svg",
        "dataset.svg",
        "augmentation.svg",
    ] {
        let svg = std::fs::read_to_string(out.join(name)).unwrap();
        assert!(svg.contains("<image ") && svg.contains("base64,"), "{name}");
    }
    let report = std::fs::read_to_string(out.join("report.txt")).unwrap();
    assert!(report.contains("Phase 2, learning rate") && report.contains("weighted avg"));
}

#[test]
fn the_report_is_one_file_without_scripts_or_foreign_parts() {
    let workspace = Workspace::new();
    let (first, second) = (
        workspace.run("a", "Feature extraction", 2, 1e-3),
        workspace.run("b", "Fine-tuning <script>alert(1)</script>", 4, 1e-4),
    );
    let out = workspace.out();
    written(&load(&[&first, &second]), &small(), &out);
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    for foreign in [
        "<script",
        "<link",
        "<iframe",
        "src=\"http",
        "href=\"http",
        "url(",
        "@import",
        "onload=",
    ] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    for text in [
        "prefers-color-scheme",
        "Fine-tuning &lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;b&gt;crack &amp; co&lt;/b&gt;",
        "class=\"verdict\"",
        "Phase 2, learning rate",
        "weighted avg",
        "data:image/jpeg;base64,",
        "data:image/png;base64,",
        "role=\"img\" aria-label=\"Test accuracy\"",
    ] {
        assert!(html.contains(text), "{text}");
    }
    let figures = html.matches("<figure>").count();
    assert!(figures >= 15);
    assert_eq!(html.matches("<svg ").count(), figures);
    // No figure stayed light: each uses the variable of the ground.
    assert!(html.matches("var(--fffffff171a1f)").count() >= figures);
}

#[test]
fn the_report_fits_a_phone() {
    let workspace = Workspace::new();
    let (first, second) = (
        workspace.run("a", "Feature extraction", 2, 1e-3),
        workspace.run("b", "Fine-tuning", 4, 1e-4),
    );
    let out = workspace.out();
    written(&load(&[&first, &second]), &small(), &out);
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        html.contains("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
    );
    // Every table scrolls by itself, and so does every figure at a size that can be read.
    let tables = html.matches("<table>").count();
    assert!(tables >= 4);
    assert_eq!(html.matches("<div class=\"table\"><table>").count(), tables);
    let style = &html[html.find("<style>").unwrap()..html.find("</style>").unwrap()];
    let phone = style.find("@media screen and (max-width: 720px)").unwrap();
    let phone = &style[phone..style.find("@media print {\n  body").unwrap()];
    assert!(style.contains(".table { overflow-x: auto;"));
    assert!(
        phone.contains("figure { overflow-x: auto;")
            && phone.contains("figure svg { width: auto; min-width: 960px;")
    );
    // Nothing else asks for more room than a phone has.
    let widths = style.replace(phone, "");
    for rule in widths.split(';').filter(|rule| rule.contains("min-width:")) {
        let width: f64 = rule
            .rsplit("min-width:")
            .next()
            .unwrap()
            .trim()
            .trim_end_matches("px")
            .parse()
            .unwrap();
        assert!(width <= 200.0, "{rule}");
    }
    assert!(widths.contains("minmax(min(420px, 100%), 1fr)"));
}

#[test]
fn a_network_that_is_never_confident_is_said_to_be_so() {
    let workspace = Workspace::new();
    let folder = workspace.run("a", "Feature extraction", 3, 1e-3);
    let comparison = load(&[&folder]);
    let figure = |sure: f32| {
        let mut run = comparison.runs[0].clone();
        let tested = run.tested.as_mut().unwrap();
        for row in &mut tested.predictions.rows {
            let predicted = row.predicted() as usize;
            row.probabilities = vec![1.0 - sure; 2];
            row.probabilities[predicted] = sure;
        }
        pictures::gallery(&run, run.tested.as_ref().unwrap(), None)
    };
    let modest = figure(0.7);
    assert_eq!(modest.rows[0].title, "Right, the most confident");
    assert!(
        modest.rows[0]
            .remark
            .starts_with("none is over 90 % confident")
    );
    assert_eq!(modest.rows[1].title, "Right, the least confident");
    assert!(!modest.rows[0].pictures.is_empty());
    let sure = figure(0.95);
    assert_eq!(sure.rows[0].title, "Right and confident (over 90 %)");
    assert!(
        sure.rows[0]
            .pictures
            .iter()
            .all(|picture| picture.confidence > 0.9)
    );
}

#[test]
fn one_run_is_reported_too() {
    let workspace = Workspace::new();
    let run = workspace.run("a", "Feature extraction", 2, 1e-3);
    let out = workspace.out();
    let options = Options {
        format: Format::Png,
        ..small()
    };
    let written = written(&load(&[&run]), &options, &out);
    let names = names(&written, &out);
    assert!(names.contains(&"curves.png".to_owned()) && names.contains(&"report.html".to_owned()));
    for absent in ["confusion-difference.png", "settings.csv", "curves.svg"] {
        assert!(!names.contains(&absent.to_owned()), "{absent}");
    }
}

#[test]
fn files_that_no_comparison_wrote_are_not_replaced() {
    let workspace = Workspace::new();
    let folder = workspace.run("a", "One", 2, 1e-4);
    let comparison = load(&[&folder]);
    let options = Options {
        format: Format::Svg,
        kinds: vec![FigureKind::Curves],
        parts: Parts {
            html: false,
            tables: true,
            tensorboard: false,
        },
        ..small()
    };
    let into = |out: &Path| {
        let stop = StopFlag::default();
        write(&comparison, &options, out, &|_, _| {}, &stop).map_err(|error| error.to_string())
    };
    let predictions = std::fs::read(folder.join(files::PREDICTIONS)).unwrap();
    let message = into(&folder).unwrap_err();
    assert!(message.contains("it is a run's folder"), "{message}");
    assert_eq!(
        std::fs::read(folder.join(files::PREDICTIONS)).unwrap(),
        predictions
    );
    for name in ["metrics.csv", "curves.svg"] {
        let out = workspace.0.path().join(format!("with-{name}"));
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join(name), "somebody's").unwrap();
        let message = into(&out).unwrap_err();
        assert!(
            message.contains("would be replaced") && message.ends_with(name),
            "{message}"
        );
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
    }
    // Into a new folder, into one that was filled before, and into one beside other files.
    let out = workspace.out();
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("notes.txt"), "somebody's").unwrap();
    into(&out).unwrap();
    into(&out).unwrap();
    // A run's folder has room within it.
    into(&folder.join("figures")).unwrap();
}

#[test]
fn one_run_twice_a_repeat_and_a_failed_run_are_told() {
    let workspace = Workspace::new();
    let (one, two) = (
        workspace.run("a", "One", 2, 1e-4),
        workspace.run("b", "Two", 3, 1e-3),
    );
    assert_eq!(load(&[&one, &two]).remarks(), Vec::<String>::new());
    let twice = load(&[&one, &one]).remarks();
    assert!(
        twice.len() == 1 && twice[0].contains("are one run"),
        "{twice:?}"
    );
    let change = |folder: &Path, change: &dyn Fn(&mut RunSummary)| {
        let mut summary = crate::runs::store::open(folder).unwrap().summary;
        change(&mut summary);
        let bytes = files::summary(&summary).unwrap();
        std::fs::write(folder.join(files::SUMMARY), bytes).unwrap();
    };
    for folder in [&one, &two] {
        change(folder, &|summary| summary.recipe = Some("the same".into()));
    }
    let repeats = load(&[&one, &two]).remarks();
    assert!(
        repeats.len() == 1 && repeats[0].contains("are repeats"),
        "{repeats:?}"
    );
    change(&two, &|summary| {
        summary.seed = Some(7);
        summary.best_epoch = 0;
        summary.state = RunState::Failed("the disk is full".into());
    });
    let comparison = load(&[&one, &two]);
    let failed = comparison.remarks();
    assert!(
        failed.len() == 1 && failed[0].contains("the disk is full"),
        "{failed:?}"
    );
    // No epoch was chosen for good.
    let text = results_text(&comparison);
    let line = text.lines().find(|line| line.starts_with("Two ")).unwrap();
    assert!(line.contains(" – "), "{line}");
}

#[test]
fn pictures_that_are_gone_are_told_and_the_rest_is_written() {
    let workspace = Workspace::new();
    let run = workspace.run("a", "Feature extraction", 2, 1e-3);
    std::fs::remove_dir_all(workspace.pictures()).unwrap();
    let out = workspace.out();
    let written = written(&load(&[&run]), &small(), &out);
    assert_eq!(written.notes.len(), 1);
    assert!(
        written.notes[0].starts_with("Pictures are missing: "),
        "{:?}",
        written.notes
    );
    let names = names(&written, &out);
    assert!(names.contains(&"class-counts.png".to_owned()));
    assert!(names.contains(&"gallery-1-feature-extraction.png".to_owned()));
    assert!(!names.contains(&"dataset.png".to_owned()));
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("Pictures are missing"));
}

#[test]
fn runs_on_other_pictures_are_refused_with_the_reason() {
    let workspace = Workspace::new();
    let (first, second) = (
        workspace.run("a", "First", 2, 1e-3),
        workspace.run("b", "Second", 2, 1e-3),
    );
    let path = second.join(files::SUMMARY);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("the same", "another")).unwrap();
    let comparison = load(&[&first, &second]);
    let message = comparison.check_tested().unwrap_err().to_string();
    assert!(
        message.contains("tested on different pictures"),
        "{message}"
    );
    // Each still has figures of its own, but nothing sets the two against each other.
    let files: Vec<String> = figures(&comparison, &FigureKind::ALL, None)
        .into_iter()
        .map(|named| named.file)
        .collect();
    assert!(files.contains(&"confusion-2-second".to_owned()));
    assert!(
        !files.contains(&"results".to_owned())
            && !files.contains(&"confusion-difference".to_owned())
    );
}

#[test]
fn a_stop_ends_the_export_soon() {
    let workspace = Workspace::new();
    let run = workspace.run("a", "Feature extraction", 2, 1e-3);
    let stop = StopFlag::default();
    let out = workspace.out();
    let ended = write(&load(&[&run]), &small(), &out, &|_, _| stop.stop(), &stop);
    assert!(matches!(ended, Err(ReportError::Stopped { files: 2 })));
    // What it left is told from an empty folder, and the next export is offered another.
    assert!(is_filled(&out) && !is_comparison(&out));
    let next = out.with_file_name(format!("{}-2", out.file_name().unwrap().to_str().unwrap()));
    assert_eq!(free_folder(&out), next);
    std::fs::create_dir(&next).unwrap();
    assert_eq!(free_folder(&out), next, "an empty folder is free");
    assert!(!is_filled(&next));
    assert_eq!(
        std::fs::read_dir(&out).unwrap().count(),
        2,
        "one figure, twice"
    );
}

#[test]
fn predictions_and_metrics_are_tables_of_all_runs() {
    let workspace = Workspace::new();
    let (first, second) = (
        workspace.run("a", "Twice", 2, 1e-3),
        workspace.run("b", "Twice", 4, 1e-3),
    );
    let out = workspace.out();
    written(&load(&[&first, &second]), &small(), &out);
    let read = |name: &str| -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(out.join(name)).unwrap();
        let records: Result<Vec<_>, _> = reader.records().collect();
        records.unwrap()
    };
    let predictions = read("predictions.csv");
    assert_eq!(predictions.len(), 8);
    let right = |run: &str| {
        let of_run = predictions.iter().filter(|line| &line[0] == run);
        of_run.filter(|line| &line[6] == "true").count()
    };
    assert_eq!((right("a"), right("b")), (2, 3));
    // Two runs of one experiment are told apart.
    assert_eq!(&predictions[0][1], "Twice");
    assert_eq!(read("metrics.csv").len(), 8);
    assert_eq!(read("comparison.csv").len(), 2);
    let scores = read("scores.csv");
    let score = |run: &str, name: &str| -> f64 {
        let mut lines = scores.iter();
        let line = lines.find(|line| &line[0] == run && &line[2] == name);
        line.unwrap()[3].parse().unwrap()
    };
    assert_eq!(score("a", "accuracy"), 0.5);
    assert_eq!(score("b", "accuracy"), 0.75);
    assert_eq!((score("a", "roc_auc"), score("b", "roc_auc")), (0.75, 1.0));
    let settings = std::fs::read_to_string(out.join("settings.csv")).unwrap();
    assert_eq!(settings, "setting,Twice,Twice (2)\n");
}

#[test]
fn event_files_hold_whole_records() {
    let workspace = Workspace::new();
    let run = workspace.run("a", "Feature extraction", 2, 1e-3);
    let out = workspace.out();
    written(&load(&[&run]), &small(), &out);
    let folder = out.join("tensorboard/1-feature-extraction");
    for (part, records) in [("train", 17), ("validation", 13), ("test", 4)] {
        let file = std::fs::read_dir(folder.join(part))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert!(file.file_name().to_string_lossy().contains("tfevents"));
        let bytes = std::fs::read(file.path()).unwrap();
        let (mut at, mut count) = (0, 0);
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            at += 8 + 4 + length + 4;
            count += 1;
        }
        assert_eq!((at, count), (bytes.len(), records), "{part}");
    }
}

#[test]
fn the_freeze_diagram_counts_every_parameter_once() {
    let workspace = Workspace::new();
    let run = workspace.run("a", "Feature extraction", 2, 1e-3);
    let comparison = load(&[&run]);
    let experiment = &comparison.runs[0].experiment;
    let tree = learning::tree(experiment).unwrap();
    let figure = freeze_figure(&tree, experiment, 2).unwrap();
    let head = crate::models::head::head_parameters(&experiment.head, tree.features, 2);
    for phase in &figure.phases {
        assert_eq!(
            phase.totals().all(),
            tree.root.parameters + head,
            "{}",
            phase.name
        );
    }
    assert_eq!(figure.phases[0].totals().trainable, head);
    assert!(figure.phases[1].totals().trainable > head);
}

#[test]
fn what_the_answers_of_folds_are_is_told_beside_their_intervals() {
    let workspace = Workspace::new();
    let (one, two) = (
        workspace.run("a", "One", 2, 1e-4),
        workspace.run("b", "Two", 3, 1e-3),
    );
    let predictions = crate::runs::store::predictions(&one).unwrap();
    let scores = crate::evaluation::PooledScores::new(&predictions);
    let spread =
        serde_json::json!({"mean": 0.5, "standard_deviation": 0.1, "lowest": 0.4, "highest": 0.6});
    let document = serde_json::json!({
        "version": 1,
        "scores": scores,
        "spread": {"accuracy": spread, "macro_f1": spread, "loss": spread},
        "folds": [],
        "groups": {"groups": 10, "in_two_folds": 0},
    });
    std::fs::write(
        one.join(crate::runs::cross_validation::FILE),
        document.to_string(),
    )
    .unwrap();
    let remarks = super::scores::interval_remarks(&load(&[&one, &two]));
    let told: Vec<&String> = remarks
        .iter()
        .filter(|remark| remark.contains("0 of 10 groups stand in two folds"))
        .collect();
    assert!(
        told.len() == 1 && told[0].contains("By groups"),
        "{remarks:?}"
    );
}
