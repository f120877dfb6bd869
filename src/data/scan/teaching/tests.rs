//! Small sets in every layout, against what NumPy makes of them (`tests/record_sets.py`).

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::super::super::{DataError, Dataset, StopFlag, contents, decode};
use super::super::{recognise, scan};
use super::*;
use crate::experiment::DataConfig;

#[derive(Deserialize)]
struct Expected {
    read: BTreeMap<String, Set>,
    refused: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Set {
    kind: String,
    pictures: Vec<Picture>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Picture {
    name: String,
    class: String,
    split: Option<String>,
    size: (u32, u32),
    sha256: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sets")
}

fn expected() -> Expected {
    serde_json::from_slice(&std::fs::read(root().join("expected.json")).unwrap()).unwrap()
}

fn scanned(source: DataSource) -> Result<Dataset, DataError> {
    let config = DataConfig {
        source,
        ..DataConfig::default()
    };
    scan(&config, None, &|_, _| (), &StopFlag::default())
}

fn told(dataset: &Dataset) -> Vec<Picture> {
    let describe = |picture: &super::super::super::Picture| Picture {
        name: picture.name.clone(),
        class: dataset.classes[picture.label as usize].clone(),
        split: picture.split.map(|split| split.name().to_owned()),
        size: picture.size,
        sha256: hex::encode(Sha256::digest(
            &decode::decode(&picture.source).unwrap().rgb,
        )),
    };
    dataset.pictures.iter().map(describe).collect()
}

fn by_name(mut pictures: Vec<Picture>) -> Vec<Picture> {
    pictures.sort_by(|a, b| a.name.cmp(&b.name));
    pictures
}

#[test]
fn every_set_is_recognised_and_read_as_numpy_reads_it() {
    for (path, set) in expected().read {
        let source = recognise(&root().join(&path)).unwrap();
        assert!(
            format!("{source:?}").starts_with(&set.kind),
            "{path}: {source:?}"
        );
        let dataset = scanned(source).unwrap();
        assert_eq!(by_name(told(&dataset)), by_name(set.pictures), "{path}");
    }
}

#[test]
fn what_can_not_be_read_is_refused_with_its_reason() {
    for (path, message) in expected().refused {
        let outcome = recognise(&root().join(&path)).and_then(scanned);
        let error = outcome.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(&message), "{path}: {error}");
    }
    assert!(
        !Path::new("owned").exists(),
        "something in a pickle was run"
    );
}

#[test]
fn coarse_labels_are_a_choice() {
    for version in ["cifar-100-python", "cifar-100-binary"] {
        let source = DataSource::Cifar100 {
            path: root().join(version),
            labels: CifarLabels::Coarse,
        };
        let dataset = scanned(source).unwrap();
        assert_eq!(dataset.classes, ["coarse 0", "coarse 19"], "{version}");
    }
}

#[test]
fn a_file_of_a_set_stands_for_the_set_and_an_archive_has_to_be_unpacked() {
    for (file, kind) in [
        ("cifar-10-batches-py/data_batch_1", "Cifar10"),
        ("cifar-10-batches-py/batches.meta", "Cifar10"),
        ("cifar-100-python/train", "Cifar100"),
        ("cifar-100-binary/train.bin", "Cifar100"),
        ("MNIST/raw/t10k-images-idx3-ubyte", "Idx"),
        ("FashionMNIST/train-labels.idx1-ubyte.gz", "Idx"),
        ("npy/x_train.npy", "Arrays"),
    ] {
        let source = recognise(&root().join(file)).unwrap();
        assert!(
            format!("{source:?}").starts_with(kind),
            "{file}: {source:?}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("cifar-10-python.tar.gz");
    std::fs::write(&archive, [0x1f, 0x8b, 8, 0]).unwrap();
    for path in [archive.as_path(), folder.path()] {
        let error = recognise(path).unwrap_err().to_string();
        assert!(error.contains("unpack it first"), "{error}");
    }
    // What it unpacks to, beside the archive.
    let inner = folder.path().join("cifar-10-batches-py");
    std::fs::create_dir(&inner).unwrap();
    for file in ["data_batch_1", "test_batch"] {
        std::fs::copy(
            root().join("cifar-10-batches-py").join(file),
            inner.join(file),
        )
        .unwrap();
    }
    let source = recognise(folder.path()).unwrap();
    assert_eq!(
        source,
        DataSource::Cifar10 {
            path: folder.path().into()
        }
    );
    assert_eq!(scanned(source).unwrap().pictures.len(), 5);
}

#[test]
fn remarks_say_what_was_taken() {
    let remarks = |path: &str| -> Vec<String> {
        let dataset = scanned(recognise(&root().join(path)).unwrap()).unwrap();
        dataset
            .remarks
            .into_iter()
            .map(|remark| remark.text)
            .collect()
    };
    let has = |path: &str, text: &str| {
        let remarks = remarks(path);
        assert!(
            remarks.iter().any(|remark| remark.contains(text)),
            "{path}: {remarks:?}"
        );
    };
    has("FashionMNIST", "called as in FashionMNIST");
    has(
        "EMNIST/emnist-letters-train-images-idx3-ubyte",
        "on their side",
    );
    has("cifar-100-python", "100 fine labels");
    has("one-hot.npz", "read as one class each");
    has("mnist.npz", "the array “x_train” of shape (3, 5, 4)");
}

#[test]
fn pictures_of_a_set_are_told_apart_by_content() {
    let dataset = scanned(recognise(&root().join("pathmnist.npz")).unwrap()).unwrap();
    let contents = contents::Contents {
        stamp: contents::Stamp::of(&root().join("pathmnist.npz")).unwrap(),
        sha256: [7; 32],
        size: None,
        notes: Default::default(),
    };
    let mut identities: Vec<[u8; 32]> = dataset
        .pictures
        .iter()
        .map(|picture| contents::identity(&picture.source, &contents))
        .collect();
    identities.sort_unstable();
    identities.dedup();
    assert_eq!(identities.len(), dataset.pictures.len());
}

/// Damaged copies: no byte makes the reader fall, or hold more than the file.
#[test]
fn damaged_sets_are_refused_or_read_but_nothing_falls() {
    let files = [
        "pathmnist.npz",
        "plain.npz",
        "cifar-10-batches-py/data_batch_1",
        "cifar-10-protocol-2/data_batch_1",
        "cifar-10-protocol-5/data_batch_1",
        "MNIST/raw/train-images-idx3-ubyte",
        "FashionMNIST/train-images.idx3-ubyte.gz",
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(200));
    let damage = (
        0..files.len(),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        prop::option::of(any::<prop::sample::Index>()),
        any::<bool>(),
    );
    runner
        .run(&damage, |(file, bytes, cut, at_the_start)| {
            let file = Path::new(files[file]);
            let mut content = std::fs::read(root().join(file)).unwrap();
            let reach = if at_the_start {
                content.len().min(200)
            } else {
                content.len()
            };
            for (position, byte) in bytes {
                content[position.index(reach)] = byte;
            }
            if let Some(cut) = cut {
                content.truncate(cut.index(content.len()));
            }
            let name = file.file_name().unwrap();
            let damaged = folder.path().join(name);
            std::fs::write(&damaged, content).unwrap();
            if name.to_string_lossy().contains("images") {
                let labels = name.to_string_lossy().replace("images", "labels");
                let labels = labels.replace("idx3", "idx1");
                let from = root().join(file).with_file_name(&labels);
                std::fs::copy(from, folder.path().join(labels)).unwrap();
            }
            let read = recognise(&damaged).and_then(scanned);
            if let Ok(dataset) = read {
                for picture in &dataset.pictures {
                    let _ = decode::decode(&picture.source);
                }
            }
            for entry in std::fs::read_dir(folder.path()).unwrap() {
                std::fs::remove_file(entry.unwrap().path()).unwrap();
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_batch_that_is_missing_is_told_and_a_copy_is_none() {
    let root = tempfile::tempdir().unwrap();
    let batch = |class: u8| [vec![class], vec![class; 3072]].concat();
    for (name, class) in [
        ("data_batch_1.bin", 3),
        ("data_batch_1 (1).bin", 3),
        ("data_batch_2.bin", 5),
        ("data_batch_4.bin", 5),
        ("data_batch_5.bin", 3),
        ("test_batch.bin", 5),
    ] {
        std::fs::write(
            root.path().join(name),
            [batch(class), batch(8 - class)].concat(),
        )
        .unwrap();
    }
    let dataset = scanned(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(dataset.pictures.len(), 10);
    assert!(
        dataset.remarks.iter().any(|remark| remark.text.starts_with(
            "data_batch_3.bin is not in this folder, or can't be read as such, so that training lacks its pictures"
        )),
        "{:?}",
        dataset.remarks
    );
    assert!(
        dataset
            .problems
            .iter()
            .any(|problem| problem.path.ends_with("data_batch_1 (1).bin"))
    );
}
