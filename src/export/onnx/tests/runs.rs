//! Runs that were really trained, as files.

use std::path::Path;

use prost::Message as _;
use tract_onnx::pb::ModelProto;

use crate::analysis::evaluate::tests::{finished_run, finished_run_in};
use crate::data::StopFlag;
use crate::evaluation::{Decision, Threshold};
use crate::experiment::Precision;
use crate::export::ExportError;
use crate::export::described::Described;
use crate::export::onnx::read_back::{ReadBack, run_whole};
use crate::export::onnx::{Input, Numbers, Options, Written, write};
use crate::runs::files;

fn written(run: &Path, out: &Path, options: &Options) -> Result<Written, ExportError> {
    let described = Described::open(run, Decision::default())?;
    tried(&described, out, options, &StopFlag::default())
}

fn tried(
    described: &Described,
    out: &Path,
    options: &Options,
    stop: &StopFlag,
) -> Result<Written, ExportError> {
    write(described, out, options, &mut |_, _, _| {}, stop)
}

fn said(file: &Path) -> std::collections::BTreeMap<String, String> {
    let model = ModelProto::decode(std::fs::read(file).unwrap().as_slice()).unwrap();
    let entries = model.metadata_props.into_iter();
    entries.map(|entry| (entry.key, entry.value)).collect()
}

#[test]
fn a_run_s_file_answers_as_the_run_does_and_says_what_it_is() {
    let root = tempfile::tempdir().unwrap();
    let run = finished_run(root.path());
    let out = root.path().join("run.onnx");
    let mut stages = Vec::new();
    let options = Options::default();
    let stop = StopFlag::default();
    let mut hear = |stage: &str, done, total| stages.push((stage.to_owned(), done, total));
    let described = Described::open(&run, Decision::default()).unwrap();
    let found = write(&described, &out, &options, &mut hear, &stop).unwrap();
    assert_eq!(found.bytes, std::fs::metadata(&out).unwrap().len());
    let parity = &found.parity;
    assert_eq!((parity.pictures, parity.are_own), (4, true));
    assert_eq!(
        (parity.network.equal_answers, parity.whole.equal_answers),
        (4, 4)
    );
    assert!(parity.network.largest_difference < 1e-5, "{parity:?}");
    assert_eq!(
        parity.whole.largest_difference,
        parity.network.largest_difference
    );
    assert_eq!(parity.equal_pixels, Some(1.0));
    let (before, after) = parity.accuracy.unwrap();
    assert_eq!(before, after);
    assert!(found.remarks.is_empty(), "{:?}", found.remarks);
    assert!(
        stages.contains(&("Trying the file".into(), 4, 4)),
        "{stages:?}"
    );

    let said = said(&out);
    assert_eq!(said, found.metadata);
    assert_eq!(said["classes"], r#"["bright","dark"]"#);
    assert_eq!(said["run"], run.file_name().unwrap().to_str().unwrap());
    for (key, part) in [
        ("preprocessing", r#""side":32"#),
        ("input", "images: uint8"),
        ("output", r#""mean_of_views":1"#),
        ("numbers", "float32"),
        ("test", r#""accuracy""#),
        ("test_accuracy_interval_95", "["),
        ("parity", r#""are_the_run_s_test_pictures":true"#),
        ("licence", ""),
    ] {
        assert!(said[key].contains(part), "{key}: {}", said[key]);
    }
    assert_eq!(said["run_weights_sha256"].len(), 64);
}

#[test]
fn a_run_in_fewer_bits_says_how_far_the_file_is_from_its_own_answers() {
    let root = tempfile::tempdir().unwrap();
    let run = finished_run_in(root.path(), Precision::Bf16);
    // Of so small a network, bf16 moves little: one answer becomes another in the folder.
    let mut own = crate::runs::store::predictions(&run).unwrap();
    own.rows[0].probabilities.reverse();
    let bytes = files::predictions(&own).unwrap();
    std::fs::write(run.join(files::PREDICTIONS), bytes).unwrap();
    let out = root.path().join("run.onnx");
    let found = written(&run, &out, &Options::default()).unwrap();
    assert_eq!(found.parity.whole.equal_answers, 4);
    let rounding = found.parity.rounding.unwrap();
    assert_eq!(
        (rounding.pictures, rounding.agreement.equal_answers),
        (4, 3)
    );
    let remark = &found.remarks[0];
    assert!(
        remark.contains("compute in bf16") && remark.contains("3 of 4 answers are the same"),
        "{remark}"
    );
    assert!(said(&out)["parity"].contains("file_beside_the_run_s_own_answers"));
    let half = Options {
        numbers: Numbers::Float16,
        ..Options::default()
    };
    let found = written(&run, &out, &half).unwrap();
    assert!(
        found.remarks[0].contains("half precision"),
        "{:?}",
        found.remarks
    );
}

#[test]
fn squares_halves_and_bytes() {
    let root = tempfile::tempdir().unwrap();
    let run = finished_run(root.path());
    let out = root.path().join("run.onnx");
    let decision = Decision {
        temperature: 2.0,
        threshold: Some(Threshold {
            positive: 1,
            at_least: 0.3,
        }),
        reject_below: 0.6,
    };
    let described = Described::open(&run, decision).unwrap();
    let mut size = u64::MAX;
    for numbers in [Numbers::Float32, Numbers::Float16, Numbers::Int8Weights] {
        let options = Options {
            input: Input::Tensor,
            numbers,
            ..Options::default()
        };
        let found = tried(&described, &out, &options, &StopFlag::default()).unwrap();
        assert!(found.bytes < size, "{numbers:?}");
        size = found.bytes;
        assert_eq!(found.parity.equal_pixels, None);
        assert!(found.parity.accuracy.is_some());
        let output = &found.metadata["output"];
        assert!(output.contains(r#""temperature":2.0"#), "{output}");
        let decision = &found.metadata["decision"];
        assert!(decision.contains(r#""at_least":0.3"#), "{decision}");
    }
}

/// As processors compute a file in half precision: close to what tract makes of it in sums of 16 bits, and rounded.
#[test]
fn half_precision_is_computed_as_processors_do() {
    let root = tempfile::tempdir().unwrap();
    let run = finished_run(root.path());
    let out = root.path().join("run.onnx");
    let shape = [1, 3, 32, 32];
    let values: Vec<f32> = (0..3 * 32 * 32)
        .map(|index| (index as f32 * 0.37).sin() * 2.0)
        .collect();
    let mut answers = Vec::new();
    for numbers in [Numbers::Float32, Numbers::Float16] {
        let options = Options {
            input: Input::Tensor,
            numbers,
            ..Options::default()
        };
        let found = written(&run, &out, &options).unwrap();
        let is_half = numbers == Numbers::Float16;
        assert_eq!(found.metadata["parity"].contains("rounded"), is_half);
        let bytes = std::fs::read(&out).unwrap();
        let own = ReadBack::new(&bytes, 32).unwrap().answer(&values).unwrap();
        let as_it_is = run_whole(&bytes, &shape, &values).unwrap();
        answers.push((own, as_it_is));
    }
    let furthest = |one: &[f32], other: &[f32]| -> f32 {
        let apart = one.iter().zip(other).map(|(a, b)| (a - b).abs());
        apart.fold(0.0, f32::max)
    };
    let [(single, single_again), (half, half_again)] = answers.try_into().unwrap();
    assert_eq!(single, single_again, "nothing is to be changed in it");
    assert!(
        furthest(&half, &half_again) < 1e-2,
        "{half:?} {half_again:?}"
    );
    let rounding = furthest(&half, &single);
    assert!(rounding > 0.0 && rounding < 1e-2, "{half:?} {single:?}");
}

#[test]
fn without_its_pictures_a_run_is_tried_on_made_ones() {
    let root = tempfile::tempdir().unwrap();
    let run = finished_run(root.path());
    std::fs::rename(root.path().join("pictures"), root.path().join("elsewhere")).unwrap();
    let found = written(&run, &root.path().join("run.onnx"), &Options::default()).unwrap();
    assert!(
        !found.parity.are_own && found.parity.pictures == 8,
        "{:?}",
        found.parity
    );
    assert_eq!(found.parity.accuracy, None);
    assert_eq!(found.parity.equal_pixels, Some(1.0));
    assert!(
        found.remarks[0].contains("made for it") && !found.remarks[0].contains("accuracy"),
        "{:?}",
        found.remarks
    );
    let small = Options {
        numbers: Numbers::Int8Weights,
        ..Options::default()
    };
    let found = written(&run, &root.path().join("small.onnx"), &small).unwrap();
    assert!(
        found.remarks[0].ends_with("cost in accuracy is therefore not known."),
        "{:?}",
        found.remarks
    );
}

#[test]
fn what_fails_leaves_what_was_there() {
    let root = tempfile::tempdir().unwrap();
    let run = finished_run(root.path());
    let out = root.path().join("run.onnx");
    std::fs::write(&out, "before").unwrap();
    let stop = StopFlag::default();
    stop.stop();
    let described = Described::open(&run, Decision::default()).unwrap();
    let error = tried(&described, &out, &Options::default(), &stop).unwrap_err();
    assert!(matches!(error, ExportError::Stopped), "{error}");
    assert_eq!(std::fs::read(&out).unwrap(), b"before");
    let nowhere = root.path().join("missing/run.onnx");
    let error = written(&run, &nowhere, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("missing/run.onnx"), "{error}");
    let error = written(root.path(), &out, &Options::default()).unwrap_err();
    assert!(matches!(error, ExportError::Run(_)), "{error}");
    assert_eq!(std::fs::read(&out).unwrap(), b"before");
}

#[test]
fn a_loss_of_accuracy_by_smaller_weights_is_a_remark() {
    use crate::export::onnx::Parity;
    let parity = |run, file| Parity {
        pictures: 1_200,
        are_own: true,
        accuracy: Some((run, file)),
        ..Parity::default()
    };
    let loss = parity(0.93, 0.81).loss(Numbers::Int8Weights).unwrap();
    assert!(
        loss.contains(
            "of 1,200 of the run's test pictures the run has 93.0 % right, the file 81.0 %"
        ),
        "{loss}"
    );
    assert_eq!(parity(0.93, 0.925).loss(Numbers::Float16), None);
    // One of four pictures is luck.
    let few = Parity {
        pictures: 4,
        ..parity(0.75, 0.5)
    };
    assert_eq!(few.loss(Numbers::Float16), None);
    assert_eq!(parity(0.93, 0.95).loss(Numbers::Int8Weights), None);
    // In single precision it is another picture's answer, of which the verdict knows.
    assert_eq!(parity(0.93, 0.81).loss(Numbers::Float32), None);
    assert_eq!(Parity::default().loss(Numbers::Int8Weights), None);
}

/// A file whose answers are others than the run's is not written.
#[test]
fn a_difference_is_an_error() {
    use crate::export::onnx::{Agreement, Parity};
    let parity = |network, whole, equal| Parity {
        pictures: 100,
        network: Agreement {
            largest_difference: network,
            equal_answers: 100,
        },
        whole: Agreement {
            largest_difference: whole,
            equal_answers: equal,
        },
        ..Parity::default()
    };
    assert!(parity(1e-4, 1e-4, 100).verdict(Numbers::Float32).is_ok());
    let error = parity(2e-3, 1e-4, 100)
        .verdict(Numbers::Float32)
        .unwrap_err();
    assert!(error.to_string().contains("was not written"), "{error}");
    assert!(parity(1e-4, 2e-3, 99).verdict(Numbers::Float32).is_err());
    assert!(parity(1e-4, 2e-3, 100).verdict(Numbers::Float32).is_ok());
    assert!(parity(2e-3, 2e-3, 99).verdict(Numbers::Float16).is_ok());
    let said = |numbers| {
        let found = parity(f64::INFINITY, 1e-4, 99).verdict(numbers);
        found.unwrap_err().to_string()
    };
    // What half precision can't hold is no error of Graft.
    let beyond = said(Numbers::Float16);
    assert!(
        beyond.contains("65,504") && beyond.ends_with("full weights (float32)"),
        "{beyond}"
    );
    assert!(said(Numbers::Int8Weights).contains("error of Graft"));
}
