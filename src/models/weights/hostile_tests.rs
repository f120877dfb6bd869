//! Weight files as torch writes them, and as someone who means harm would.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;

use super::tensors::{self, FileTensor, Values};
use super::{load, pickle};
use crate::models::build;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn read_bytes(bytes: &[u8]) -> Result<Vec<FileTensor>, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    tensors::read(file.path()).map_err(|error| error.to_string())
}

fn reals(values: &Values) -> Vec<f64> {
    match values {
        Values::Real(values) => values.iter().map(|value| f64::from(*value)).collect(),
        Values::Whole(values) => values.iter().map(|value| *value as f64).collect(),
    }
}

#[test]
fn every_layout_gives_the_recorded_tensors() {
    let expected: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/golden/tensors.json")).unwrap();
    for (name, prefix) in [
        ("zip.pth", ""),
        ("legacy.pth", ""),
        ("tiny.safetensors", ""),
        ("checkpoint.pth", "module."),
    ] {
        let found = tensors::read(&golden(name)).unwrap();
        assert_eq!(found.len(), expected.as_object().unwrap().len(), "{name}");
        for tensor in found {
            let recorded = &expected[tensor.name.strip_prefix(prefix).unwrap()];
            let label = format!("{name}: {}", tensor.name);
            assert_eq!(
                serde_json::json!([tensor.shape, reals(&tensor.values)]),
                *recorded,
                "{label}"
            );
        }
    }
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    for name in ["zip.pth", "legacy.pth"] {
        let whole = std::fs::read(golden(name)).unwrap();
        for length in 0..whole.len() {
            assert!(
                read_bytes(&whole[..length]).is_err(),
                "{name} cut at {length}"
            );
        }
    }
}

#[test]
fn crafted_pickles_are_refused_by_name() {
    let deep = [b"]".repeat(1_000_000), b"a".repeat(999_999), b".".to_vec()].concat();
    // A list that doubles itself by reference: small, and it stays so.
    let mut bomb = b"]q\x00".to_vec();
    bomb.extend(b"(h\x00h\x00e".repeat(40));
    bomb.push(b'.');
    assert!(
        pickle::read(&deep).is_ok() && pickle::read(&bomb).is_ok(),
        "harmless as data"
    );
    for (bytes, reason) in [
        (
            &b"cposix\nsystem\nX\x02\x00\x00\x00ls\x85R."[..],
            "posix.system",
        ),
        (b"cbuiltins\neval\n.", "builtins.eval"),
        (b"(i", "0x69"),
        (b"\x85.", "stack is too short"),
        (b"t.", "mark is missing"),
        (b"X\xff\xff\xff\xffa.", "cut off"),
        (b"h\x07.", "memo"),
        (b"NNR.", "no known function"),
        (b"N)b.", "no dictionary"),
        (b"\x80\x09.", "protocol 9"),
        (b"", "cut off"),
        (b"NQ.", "no tuple"),
    ] {
        let error = pickle::read(bytes).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
    // One long list copied again and again would grow with the square of the file.
    let head = b"]q\x00(".to_vec();
    let mut copies = [head, b"NN\x86".repeat(50_000), b"e".to_vec()].concat();
    copies.extend(b"ccollections\nOrderedDict\nh\x00\x85R".repeat(1000));
    copies.push(b'.');
    assert!(pickle::read(&copies).unwrap_err().contains("too many"));
}

#[test]
fn tensors_that_lie_about_their_storage_are_refused() {
    let whole = std::fs::read(golden("legacy.pth")).unwrap();
    // Every byte of the description in turn: an error or other values, never a panic or a huge allocation.
    for place in 0..whole.len() {
        for value in [0u8, 0x4a, 0xff] {
            let mut changed = whole.clone();
            changed[place] = value;
            let _ = read_bytes(&changed);
        }
    }
}

#[test]
fn a_file_that_does_not_fit_changes_nothing() {
    let mut backbone = build("efficientnet_lite0", 1, tch::Device::Cpu).unwrap();
    let before = backbone.parameters().entries[0].tensor.copy();
    let error = load(backbone.as_mut(), &golden("zip.pth"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("_conv_stem.weight is missing") && error.ends_with("zip.pth"),
        "{error}"
    );
    assert!(backbone.parameters().entries[0].tensor.equal(&before));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = pickle::read(&bytes);
        let _ = tensors::read_safetensors(&bytes);
    }

    #[test]
    fn any_opcodes_are_read_without_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                &b"("[..], b"]", b"}", b")", b"t", b"\x85", b"\x86", b"N", b"K\x01", b"q\x00", b"h\x00", b"e", b"u", b"s",
                b"a", b"R", b"b", b"Q", b"X\x01\x00\x00\x00a", b"ctorch._utils\n_rebuild_tensor_v2\n",
                b"ccollections\nOrderedDict\n", b"ctorch\nFloatStorage\n", b"\x94",
            ]),
            0..200,
        )
    ) {
        let _ = pickle::read(&parts.concat());
    }
}
