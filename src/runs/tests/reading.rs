//! Folders that are read back: of other test pictures, of earlier versions, broken.

use super::*;

#[test]
fn runs_on_other_test_pictures_are_refused() {
    let runs = tempfile::tempdir().unwrap();
    let open = |split: &SplitIndices, dataset: &Dataset| {
        let recorder =
            RunRecorder::create(runs.path(), &experiment(), None, dataset, split).unwrap();
        store::open(&runs.path().join(recorder.finish(&outcome()).unwrap().id)).unwrap()
    };
    let (dataset, split) = dataset();
    let first = open(&split, &dataset);
    let again = open(
        &SplitIndices {
            train: vec![1],
            ..split.clone()
        },
        &dataset,
    );
    assert!(
        store::check_comparable(&[first.clone(), again]).is_ok(),
        "training pictures may differ"
    );
    let other = open(
        &SplitIndices {
            test: vec![3, 4],
            ..split.clone()
        },
        &dataset,
    );
    let fewer = open(
        &SplitIndices {
            test: vec![4],
            ..split.clone()
        },
        &dataset,
    );
    let renamed = open(
        &split,
        &Dataset {
            classes: vec!["cat".into(), "wolf".into()],
            ..dataset.clone()
        },
    );
    for (run, expected) in [
        (other, "tested on different pictures"),
        (fewer, "on 2 pictures, the other on 1"),
        (renamed, "wolf"),
    ] {
        let message = store::check_comparable(&[first.clone(), run])
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert!(store::check_comparable(&[]).is_err());
}

#[test]
fn a_summary_of_a_version_that_knew_less_is_read() {
    let runs = tempfile::tempdir().unwrap();
    let id = recorder(runs.path()).finish(&outcome()).unwrap().id;
    let path = runs.path().join(id).join(files::SUMMARY);
    let mut summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for later in ["seed", "recipe", "peak_memory_bytes"] {
        assert!(summary.as_object_mut().unwrap().remove(later).is_some());
    }
    std::fs::write(&path, summary.to_string()).unwrap();
    let summary = store::open(path.parent().unwrap()).unwrap().summary;
    assert_eq!(summary.state, RunState::Finished);
    assert_eq!((summary.seed, summary.peak_memory_bytes), (None, None));
}

#[test]
fn what_is_missing_is_named() {
    let runs = tempfile::tempdir().unwrap();
    let missing = runs.path().join("absent");
    let message = store::open(&missing).unwrap_err().to_string();
    assert!(
        message.starts_with("there is no run of this number or name") && message.contains("absent"),
        "{message}"
    );
    let id = recorder(runs.path()).stop().unwrap().id;
    let folder = runs.path().join(id);
    assert!(
        store::predictions(&folder)
            .unwrap_err()
            .to_string()
            .contains("has no predictions")
    );
    std::fs::write(folder.join(files::METRICS), "epoch,phase\nx,0\n").unwrap();
    let message = store::open(&folder).unwrap_err().to_string();
    assert!(message.ends_with("metrics.csv"), "{message}");
}
