//! A run that was really trained, evaluated on its splits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{EvaluateRequest, Pictures, evaluate_run, open_classifier, stored};
use crate::analysis::gallery;
use crate::data::{PictureSource, Split, StopFlag, decode, scan, split};
use crate::experiment::{DataSource, Experiment, HeadConfig, Phase, Precision, WeightsSource};
use crate::runs::digests::Digests;
use crate::runs::{RunError, RunRecorder, RunState, answers, files, folder, members, store};
use crate::training::PauseFlag;
use crate::training::{TrainingRequest, train};

/// Trains for a moment on squares in `root/pictures`, dark and bright; gives the run's folder.
pub fn finished_run(root: &Path) -> PathBuf {
    // The same on every machine.
    finished_run_in(root, Precision::Fp32)
}

/// The same, whose frozen layers compute in `precision`.
pub fn finished_run_in(root: &Path, precision: Precision) -> PathBuf {
    let pictures = root.join("pictures");
    for (class, base) in [("bright", 180u8), ("dark", 30)] {
        std::fs::create_dir_all(pictures.join(class)).unwrap();
        for index in 0..8u8 {
            image::RgbImage::from_fn(36, 32, |x, y| {
                let value = base + (x as u8 ^ y as u8) % 16 + index;
                image::Rgb([value, value / 2, value])
            })
            .save(pictures.join(class).join(format!("{index}.png")))
            .unwrap();
        }
    }
    let mut experiment = Experiment {
        head: HeadConfig {
            layers: Vec::new(),
            ..HeadConfig::default()
        },
        phases: vec![Phase {
            epochs: 1,
            ..Phase::default()
        }],
        ..Experiment::default()
    };
    experiment.backbone.weights = WeightsSource::Random;
    experiment.backbone.input_size = Some(32);
    experiment.data.source = DataSource::ClassFolders { path: pictures };
    experiment.data.split.test = 0.25;
    experiment.data.split.validation = 0.25;
    experiment.training.precision = precision;
    let stop = StopFlag::default();
    let dataset = Arc::new(scan::scan(&experiment.data, None, &|_, _| {}, &stop).unwrap());
    let split = split::split(&dataset, &experiment).unwrap();
    let mut recorder =
        RunRecorder::create(&root.join("runs"), &experiment, None, &dataset, &split).unwrap();
    let folder = recorder.folder().to_path_buf();
    let request = TrainingRequest {
        experiment,
        dataset,
        split,
        base: None,
        device: Some(tch::Device::Cpu),
        stop,
        pause: PauseFlag::default(),
        resume: None,
        until_epoch: None,
        withholds_test: false,
    };
    let outcome = train(request, &mut recorder).unwrap();
    recorder.finish(&outcome).unwrap();
    folder
}

pub fn request(folder: &Path, pictures: Pictures) -> EvaluateRequest {
    EvaluateRequest {
        folder: folder.to_path_buf(),
        pictures,
        data: None,
        device: tch::Device::Cpu,
        as_tested: false,
        precision: Precision::Auto,
    }
}

#[test]
fn every_split_is_worked_out_once_and_kept() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    let stop = StopFlag::default();
    let evaluate = |request: &EvaluateRequest| {
        let mut heard = Vec::new();
        let found = evaluate_run(request, &mut |done, total| heard.push((done, total)), &stop);
        (found.unwrap(), heard)
    };

    // The test pictures were answered by the training itself.
    let (test, _) = evaluate(&request(&folder, Pictures::Of(Split::Test)));
    assert!(test.is_stored);
    assert_eq!(test.predictions, store::predictions(&folder).unwrap());

    assert_eq!(stored(&folder, Split::Validation).unwrap(), None);
    let validation = request(&folder, Pictures::Of(Split::Validation));
    let (first, heard) = evaluate(&validation);
    assert_eq!(
        (first.is_stored, first.not_stored.as_deref()),
        (false, None)
    );
    assert_eq!(
        (heard.first(), heard.last()),
        (Some(&(0, 3)), Some(&(3, 3)))
    );
    assert!(first.problems.is_empty() && first.changed.is_empty());
    let (again, _) = evaluate(&validation);
    assert!(again.is_stored);
    assert_eq!(again.predictions, first.predictions);
    assert_eq!(
        stored(&folder, Split::Validation).unwrap().as_ref(),
        Some(&first.predictions)
    );
    let (train, _) = evaluate(&request(&folder, Pictures::Of(Split::Train)));
    assert_eq!(train.predictions.rows.len(), 9);

    // The network gives the same answers on the test pictures as while it trained.
    let elsewhere = EvaluateRequest {
        data: Some(root.path().join("pictures")),
        ..request(&folder, Pictures::Of(Split::Test))
    };
    let (recomputed, _) = evaluate(&elsewhere);
    assert!(!recomputed.is_stored);
    for (row, expected) in recomputed
        .predictions
        .rows
        .iter()
        .zip(&test.predictions.rows)
    {
        assert_eq!((&row.file, row.truth), (&expected.file, expected.truth));
        let distance = (row.probabilities[0] - expected.probabilities[0]).abs();
        assert!(distance < 1e-5, "{row:?} {expected:?}");
        let path = root.path().join("pictures").join(&row.file);
        let picture = decode::decode(&PictureSource::File(path)).unwrap();
        let classifier = open_classifier(&folder, tch::Device::Cpu).unwrap();
        let single = classifier.predict(&[picture]).unwrap();
        assert!((single[0][0] as f32 - row.probabilities[0]).abs() < 1e-5);
    }
    let all = EvaluateRequest {
        pictures: Pictures::All,
        ..elsewhere
    };
    assert_eq!(evaluate(&all).0.predictions.rows.len(), 16);

    // Answers of other weights do not count, whatever the dates of the files are; the same weights written anew are the same.
    let weights = folder.join(files::WEIGHTS);
    let bytes = std::fs::read(&weights).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(&weights, &bytes).unwrap();
    for split in [Split::Train, Split::Validation, Split::Test] {
        assert!(stored(&folder, split).unwrap().is_some());
    }
    let mut other = bytes.clone();
    let last = other.len() - 2;
    other[last] ^= 1;
    std::fs::write(&weights, other).unwrap();
    for split in [Split::Train, Split::Validation, Split::Test] {
        assert_eq!(stored(&folder, split).unwrap(), None);
    }
    let message = store::predictions(&folder).unwrap_err().to_string();
    assert!(
        message.contains("of other weights than it has now"),
        "{message}"
    );
    let (anew, _) = evaluate(&request(&folder, Pictures::Of(Split::Test)));
    assert!(!anew.is_stored && anew.remarks[0].contains("worked out anew"));
    assert!(stored(&folder, Split::Test).unwrap().is_some());

    // A run of a version that did not say whose answers they are is judged by dates, and that is said.
    std::fs::remove_file(folder.join(answers::FILE)).unwrap();
    let (assumed, _) = evaluate(&request(&folder, Pictures::Of(Split::Test)));
    assert!(assumed.is_stored && assumed.remarks[0].contains("are taken for those"));
    let mut summary = store::open(&folder).unwrap().summary;
    summary.state = RunState::Stopped;
    std::fs::write(
        folder.join(files::SUMMARY),
        files::summary(&summary).unwrap(),
    )
    .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(&weights, &bytes).unwrap();
    assert_eq!(stored(&folder, Split::Test).unwrap(), None);
}

/// Writes the digests that a run's pictures have now, as a training does when it begins.
fn keep_digests(folder: &Path) {
    let stop = StopFlag::default();
    let experiment = store::experiment(folder).unwrap();
    let dataset = scan::scan(&experiment.data, None, &|_, _| {}, &stop).unwrap();
    let split = split::split(&dataset, &experiment).unwrap();
    let digests = Digests::take(&dataset, &split, &experiment, None, &stop).unwrap();
    assert_eq!(digests.pictures.len(), 16);
    digests.write(folder).unwrap();
    assert_eq!(Digests::read(folder).unwrap(), digests);
}

#[test]
fn pictures_that_hold_something_else_are_noticed_and_trained_ones_counted() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    let stop = StopFlag::default();
    let evaluate =
        |request: &EvaluateRequest| evaluate_run(request, &mut |_, _| {}, &stop).unwrap();
    let all = EvaluateRequest {
        data: Some(root.path().join("pictures")),
        ..request(&folder, Pictures::All)
    };
    // By place at first, because the run does not know what its pictures held.
    let found = evaluate(&all);
    assert_eq!((found.trained_on, found.validated_on), (9, 3));
    keep_digests(&folder);
    let found = evaluate(&all);
    assert_eq!((found.trained_on, found.validated_on), (9, 3));

    let members = members::read(&folder).unwrap();
    let of = |split| {
        let member = members.iter().find(|member| member.split == split).unwrap();
        root.path().join("pictures").join(&member.file)
    };
    // Touched, but the same.
    let validated = of(Split::Validation);
    let bytes = std::fs::read(&validated).unwrap();
    std::fs::write(&validated, &bytes).unwrap();
    let validation = request(&folder, Pictures::Of(Split::Validation));
    assert!(evaluate(&validation).changed.is_empty());
    image::RgbImage::from_pixel(36, 32, image::Rgb([9, 9, 9]))
        .save(&validated)
        .unwrap();
    image::RgbImage::from_pixel(36, 32, image::Rgb([9, 9, 9]))
        .save(of(Split::Train))
        .unwrap();
    let found = evaluate(&validation);
    assert!(found.is_stored);
    assert_eq!(found.changed, [validated]);
    let found = evaluate(&all);
    assert_eq!((found.trained_on, found.validated_on), (8, 2));
}

#[test]
fn answers_on_pictures_that_are_gone_say_so() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    keep_digests(&folder);
    let stop = StopFlag::default();
    let test = request(&folder, Pictures::Of(Split::Test));
    let remarks = || evaluate_run(&test, &mut |_, _| {}, &stop).unwrap().remarks;
    assert_eq!(remarks(), Vec::<String>::new());
    let members = members::read(&folder).unwrap();
    let member = members
        .iter()
        .find(|member| member.split == Split::Test)
        .unwrap();
    std::fs::remove_file(root.path().join("pictures").join(&member.file)).unwrap();
    assert!(
        remarks()[0].contains("1 of these pictures is not as the run had them"),
        "{:?}",
        remarks()
    );
    std::fs::rename(root.path().join("pictures"), root.path().join("moved")).unwrap();
    assert!(
        remarks()[0].contains("can't be looked at any more"),
        "{:?}",
        remarks()
    );
}

#[test]
fn pictures_that_a_run_does_not_know_are_named() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    let stop = StopFlag::default();
    let three = root.path().join("three");
    for class in ["x", "y"] {
        std::fs::create_dir_all(three.join(class)).unwrap();
        image::RgbImage::new(8, 8)
            .save(three.join(class).join("0.png"))
            .unwrap();
    }
    let all = EvaluateRequest {
        data: Some(three),
        ..request(&folder, Pictures::All)
    };
    let message = evaluate_run(&all, &mut |_, _| {}, &stop)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("it knows bright, dark, and these are of x (1), y (1)"),
        "{message}"
    );
    let lost = [PathBuf::from("nosuch.png")];
    let message = gallery::find_pictures(&folder, &lost, &stop)
        .unwrap_err()
        .to_string();
    assert!(message.contains("there is no such file"), "{message}");
    let known = [PathBuf::from("dark/0.png")];
    assert!(gallery::find_pictures(&folder, &known, &stop).is_ok());
}

#[test]
fn what_is_in_the_way_is_said() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    let stop = StopFlag::default();
    let validation = request(&folder, Pictures::Of(Split::Validation));
    let members = members::read(&folder).unwrap();
    let file = |split| {
        let member = members.iter().find(|member| member.split == split).unwrap();
        root.path().join("pictures").join(&member.file)
    };

    let stopped = StopFlag::default();
    stopped.stop();
    let result = evaluate_run(&validation, &mut |_, _| {}, &stopped);
    assert!(matches!(result, Err(RunError::Stopped)));

    // Gone, or no picture any more: listed, left out, and not kept.
    let gone = file(Split::Validation);
    std::fs::remove_file(&gone).unwrap();
    let found = evaluate_run(&validation, &mut |_, _| {}, &stop).unwrap();
    assert_eq!(found.predictions.rows.len(), 2);
    assert_eq!(found.problems[0].path, gone);
    assert!(
        found.problems[0]
            .reason
            .starts_with("is not there any more")
    );
    std::fs::write(&gone, "no picture").unwrap();
    let found = evaluate_run(&validation, &mut |_, _| {}, &stop).unwrap();
    assert_eq!((found.predictions.rows.len(), found.problems.len()), (2, 1));
    assert_eq!(stored(&folder, Split::Validation).unwrap(), None);

    // Nobody looks at a run while it trains.
    let mut summary = store::open(&folder).unwrap().summary;
    summary.state = RunState::Running;
    let finished = std::fs::read(folder.join(files::SUMMARY)).unwrap();
    std::fs::write(
        folder.join(files::SUMMARY),
        files::summary(&summary).unwrap(),
    )
    .unwrap();
    let lock = folder::lock(&folder).unwrap();
    let result = evaluate_run(&validation, &mut |_, _| {}, &stop);
    assert!(matches!(result, Err(RunError::Locked(_))));
    drop(lock);
    std::fs::write(folder.join(files::SUMMARY), finished).unwrap();

    std::fs::rename(root.path().join("pictures"), root.path().join("moved")).unwrap();
    let message = evaluate_run(&validation, &mut |_, _| {}, &stop)
        .unwrap_err()
        .to_string();
    assert!(message.contains("pictures"), "{message}");
    let moved = EvaluateRequest {
        data: Some(root.path().join("moved")),
        ..validation.clone()
    };
    let found = evaluate_run(&moved, &mut |_, _| {}, &stop).unwrap();
    assert_eq!(found.predictions.rows.len(), 2);

    std::fs::remove_file(folder.join(files::WEIGHTS)).unwrap();
    let message = evaluate_run(&moved, &mut |_, _| {}, &stop)
        .unwrap_err()
        .to_string();
    assert!(message.contains("has no weights.safetensors"), "{message}");
}
