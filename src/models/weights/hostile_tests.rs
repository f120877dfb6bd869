//! Weight files as torch writes them, and as someone who means harm would.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;

use super::tensors::{self, FoundTensors, Values};
use super::{check, load, pickle};
use crate::models::build;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// Reads a file of these bytes with all its numbers, which are never many more than it is long.
fn read_bytes(bytes: &[u8]) -> Result<FoundTensors, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let found = tensors::read(file.path()).map_err(|error| error.to_string())?;
    let numbers: u64 = found
        .tensors
        .iter()
        .map(|tensor| tensor.numbers.count())
        .sum();
    let most = 4 * bytes.len() as u64 + 64 * found.tensors.len() as u64;
    assert!(
        numbers <= most,
        "{numbers} numbers in {} bytes",
        bytes.len()
    );
    for tensor in &found.tensors {
        tensor.numbers.read()?;
    }
    Ok(found)
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
        let inside = (name == "checkpoint.pth").then(|| "state_dict".to_string());
        assert_eq!(found.inside, inside, "{name}");
        let found = found.tensors;
        assert_eq!(found.len(), expected.as_object().unwrap().len(), "{name}");
        for tensor in found {
            let recorded = &expected[tensor.name.strip_prefix(prefix).unwrap()];
            let label = format!("{name}: {}", tensor.name);
            assert_eq!(
                serde_json::json!([tensor.shape, reals(&tensor.numbers.read().unwrap())]),
                *recorded,
                "{label}"
            );
        }
    }
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    for name in ["zip.pth", "legacy.pth", "tiny.safetensors"] {
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
fn every_byte_changed_gives_tensors_or_a_reason() {
    for name in ["zip.pth", "legacy.pth", "tiny.safetensors"] {
        let whole = std::fs::read(golden(name)).unwrap();
        // Every byte in turn: an error or other values, never a panic or a huge allocation.
        for place in 0..whole.len() {
            for value in [0u8, 0x4a, 0xff] {
                let mut changed = whole.clone();
                changed[place] = value;
                let _ = read_bytes(&changed);
            }
        }
    }
}

#[test]
fn a_damaged_number_in_a_zip_is_found_by_its_checksum() {
    let whole = std::fs::read(golden("zip.pth")).unwrap();
    // 0.125, the second number of the tensor that most others share.
    let place = whole
        .windows(8)
        .position(|bytes| bytes == [0, 0, 0, 0, 0, 0, 0, 0x3e])
        .unwrap();
    let mut changed = whole;
    changed[place + 6] ^= 1;
    let error = read_bytes(&changed).unwrap_err();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn compressed_archives_are_refused_before_they_grow() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    archive.start_file("bomb/data.pkl", options).unwrap();
    archive.write_all(&vec![b'N'; 10_000_000]).unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    assert!(bytes.len() < 100_000);
    let error = read_bytes(&bytes).unwrap_err();
    assert!(error.contains("compressed"), "{error}");
}

#[test]
fn what_is_no_weight_file_is_called_what_it_is() {
    for (bytes, reason) in [
        (&b"<!DOCTYPE html><html>log in</html>"[..], "web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "git-lfs",
        ),
        (b"", "not a file of torch.save"),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\x7f{}",
            "longer than the file",
        ),
        (b"\x02\0\0\0\0\0\0\0{}trailing", "longer than its header"),
    ] {
        let error = read_bytes(bytes).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn options_of_a_training_script_are_data_too() {
    // argparse.Namespace(lr=1), as protocol 2 writes it, beside no tensors.
    let namespace = b"\x80\x02cargparse\nNamespace\n)\x81}X\x02\x00\x00\x00lrK\x01sb.";
    assert!(pickle::read(namespace).is_ok());
    let object = b"\x80\x02ccollections\nOrderedDict\n(K\x01t\x81.";
    assert!(pickle::read(object).is_err(), "no arguments are known");
}

/// A state_dict of `values` as safetensors, in a file of that name.
fn state_dict(folder: &std::path::Path, name: &str, values: &[(String, tch::Tensor)]) -> PathBuf {
    let path = folder.join(name);
    tch::Tensor::write_safetensors(values, &path).unwrap();
    path
}

/// ResNet-18's own random values.
fn resnet18() -> Vec<(String, tch::Tensor)> {
    let backbone = build("resnet18", 3, tch::Device::Cpu).unwrap();
    let entries = &backbone.parameters().entries;
    entries
        .iter()
        .map(|entry| (entry.name.clone(), entry.tensor.copy()))
        .collect()
}

#[test]
fn the_report_tells_base_and_classifier_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut backbone = build("resnet18", 1, tch::Device::Cpu).unwrap();
    let whole = resnet18();
    let is_head = |name: &str| name.starts_with("fc.");

    let file = state_dict(folder.path(), "whole.safetensors", &whole);
    let report = load(backbone.as_mut(), &file).unwrap();
    assert_eq!(
        (report.classifier, report.classes, report.loaded),
        (true, Some(1000), whole.len())
    );
    assert_eq!(report.why_no_classes(), None);
    let entry = backbone.parameters().get("layer1.0.conv1.weight").unwrap();
    let expected = whole.iter().find(|(name, _)| *name == entry.name).unwrap();
    assert!(entry.tensor.equal(&expected.1));

    let base: Vec<_> = whole
        .iter()
        .filter(|(name, _)| !is_head(name))
        .map(|(name, tensor)| (format!("model.{name}"), tensor.shallow_clone()))
        .chain([(
            "aux1.fc.weight".into(),
            tch::Tensor::zeros([2], tch::kind::FLOAT_CPU),
        )])
        .chain([(
            "criterion.weight".into(),
            tch::Tensor::zeros([2], tch::kind::FLOAT_CPU),
        )])
        .collect();
    let file = state_dict(folder.path(), "base.safetensors", &base);
    let report = load(backbone.as_mut(), &file).unwrap();
    assert_eq!((report.classifier, report.classes), (false, None));
    assert_eq!(report.missing, ["fc.weight", "fc.bias"]);
    assert_eq!(report.auxiliary, ["aux1.fc.weight"]);
    assert_eq!(report.unexpected, ["criterion.weight"]);
    assert!(
        report
            .why_no_classes()
            .unwrap()
            .contains("without the 1000-class classifier")
    );

    let ten: Vec<_> = whole
        .iter()
        .map(|(name, tensor)| match is_head(name) {
            true => (name.clone(), tensor.narrow(0, 0, 10).contiguous()),
            false => (name.clone(), tensor.shallow_clone()),
        })
        .collect();
    let file = state_dict(folder.path(), "ten.safetensors", &ten);
    let report = load(backbone.as_mut(), &file).unwrap();
    assert_eq!((report.classifier, report.classes), (false, Some(10)));
    assert!(report.why_no_classes().unwrap().contains("10 classes"));
}

#[test]
fn positions_learned_on_another_grid_fit() {
    let fits = super::is_grid_of_positions;
    assert!(
        fits(&[1, 197, 768], &[1, 577, 768]),
        "384 pixels in patches of 16"
    );
    assert!(!fits(&[1, 197, 768], &[1, 577, 192]), "another width");
    assert!(!fits(&[1, 197, 768], &[1, 578, 768]), "no square");
    assert!(!fits(&[1, 197, 768], &[577, 768]));
}

#[test]
fn values_that_are_not_finite_or_missing_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut backbone = build("resnet18", 1, tch::Device::Cpu).unwrap();
    let before = backbone.parameters().entries[0].tensor.copy();
    for (name, last, expected) in [
        ("nan.safetensors", Some(f64::NAN), "not finite"),
        (
            "missing.safetensors",
            None,
            "layer4.1.bn2.weight is missing",
        ),
    ] {
        let values: Vec<_> = resnet18()
            .into_iter()
            .filter_map(|(name, tensor)| match name == "layer4.1.bn2.weight" {
                true => last.map(|value| (name, tensor.full_like(value))),
                false => Some((name, tensor)),
            })
            .collect();
        let file = state_dict(folder.path(), name, &values);
        let error = load(backbone.as_mut(), &file).unwrap_err().to_string();
        assert!(error.contains(expected) && error.ends_with(name), "{error}");
        assert!(
            backbone.parameters().entries[0].tensor.equal(&before),
            "all or nothing"
        );
        let (_, refusal) = check(backbone.as_ref(), &file).unwrap();
        assert!(refusal.unwrap().contains(expected));
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
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn changed_and_cut_files_are_read_without_panic(
        file in proptest::sample::select(vec!["zip.pth", "legacy.pth", "checkpoint.pth", "tiny.safetensors"]),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        end in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut bytes = std::fs::read(golden(file)).unwrap();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = read_bytes(&bytes);
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
