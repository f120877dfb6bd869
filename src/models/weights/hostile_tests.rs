//! Weight files as torch writes them, and as someone who means harm would.

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
        ("checkpoint.pth", "state_dict.module."),
    ] {
        let found = tensors::read(&golden(name)).unwrap();
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
        (b"(S'ls'\nios\nsystem\n.", "os.system"),
        (b"(cos\nsystem\nS'ls'\no.", "os.system"),
        (b"(i", "does not end"),
        (b"P1\n.", "0x50"),
        (b"\x82\x01.", "0x82"),
        (b"\x8c\x05torch\x8c\x04load\x93.", "torch.load"),
        (b"\x8c\x06pickle\x8c\x05loads\x93.", "pickle.loads"),
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
        for offset in 0..whole.len() {
            for value in [0u8, 0x4a, 0xff] {
                let mut changed = whole.clone();
                changed[offset] = value;
                let _ = read_bytes(&changed);
            }
        }
    }
}

#[test]
fn a_damaged_number_in_a_zip_is_found_by_its_checksum() {
    let whole = std::fs::read(golden("zip.pth")).unwrap();
    // 0.125, the second number of the tensor that most others share.
    let offset = whole
        .windows(8)
        .position(|bytes| bytes == [0, 0, 0, 0, 0, 0, 0, 0x3e])
        .unwrap();
    let mut changed = whole;
    changed[offset + 6] ^= 1;
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
    assert!(error.contains("pack it without compression"), "{error}");
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
            b"\x80\x02K\x01.\x00\xff\xfe\x01\x02",
            "nor one of safetensors; download or copy it again",
        ),
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
fn what_training_scripts_leave_beside_their_weights_is_passed_over() {
    for name in ["odd_values.pth", "odd_values_4.pth"] {
        let found = tensors::read(&golden(name)).unwrap();
        let read: Vec<(&str, &[i64], Vec<f64>)> = found
            .tensors
            .iter()
            .filter(|tensor| tensor.name.starts_with("state_dict."))
            .map(|tensor| {
                let values = reals(&tensor.numbers.read().unwrap());
                (tensor.name.as_str(), tensor.shape.as_slice(), values)
            })
            .collect();
        let expected: [(&str, &[i64], Vec<f64>); 2] = [
            (
                "state_dict.conv.weight",
                &[3, 4],
                (0..12).map(f64::from).collect(),
            ),
            (
                "state_dict.conv.bias",
                &[3],
                (0..3).map(f64::from).collect(),
            ),
        ];
        assert_eq!(read, expected, "{name}");
        assert_eq!(found.architecture.as_deref(), Some("resnet18"));
        let curve = found
            .unread
            .iter()
            .find(|unread| unread.name == "curve")
            .unwrap();
        assert!(
            curve.why.contains("numpy") && !curve.is_tensor,
            "{}",
            curve.why
        );
    }
}

#[test]
fn blanks_before_a_header_of_safetensors_change_nothing() {
    let whole = std::fs::read(golden("tiny.safetensors")).unwrap();
    let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) + 3;
    let blanks = [&length.to_le_bytes()[..], b" \n ", &whole[8..]].concat();
    let (read, expected) = (read_bytes(&blanks).unwrap(), read_bytes(&whole).unwrap());
    assert_eq!(read.tensors.len(), expected.tensors.len());
    for (read, expected) in read.tensors.iter().zip(&expected.tensors) {
        assert_eq!(read.name, expected.name);
        assert_eq!(
            read.numbers.read().unwrap(),
            expected.numbers.read().unwrap()
        );
    }
}

#[test]
fn networks_under_numbers_are_found_and_an_optimizers_state_is_not() {
    let found = tensors::read(&golden("folds.pth")).unwrap();
    let names: Vec<&str> = found
        .tensors
        .iter()
        .map(|tensor| tensor.name.as_str())
        .collect();
    assert_eq!(names, ["0.conv.weight", "1.model.conv.weight"]);
    assert_eq!(found.architecture.as_deref(), Some("tf_efficientnet_b0"));
}

#[test]
fn tensors_of_other_kinds_are_named_and_never_missing_silently() {
    let found = tensors::read(&golden("unreadable.pth")).unwrap();
    let read: Vec<&str> = found
        .tensors
        .iter()
        .map(|tensor| tensor.name.as_str())
        .collect();
    assert_eq!(read, ["plain", "subclass"]);
    let unread: Vec<(&str, bool)> = found
        .unread
        .iter()
        .map(|unread| (unread.name.as_str(), unread.is_tensor))
        .collect();
    assert_eq!(
        unread,
        [
            ("quantised", true),
            ("bytes", true),
            ("sparse", true),
            ("array", false)
        ]
    );
    assert!(
        found.unread[0]
            .why
            .contains("torch._utils._rebuild_qtensor")
    );
    assert!(found.unread[1].why.contains("torch.QInt8Storage"));
}

/// A file of `torch.save` around this pickle.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("archive/data.pkl", options).unwrap();
    archive.write_all(pickle).unwrap();
    archive.finish().unwrap().into_inner()
}

#[test]
fn whole_networks_are_refused_by_their_class() {
    // torchvision's ResNet, made by NEWOBJ, with its layers as attributes.
    let module = b"\x80\x02ctorchvision.models.resnet\nResNet\n)\x81}X\x08\x00\x00\x00_modules}sb.";
    let error = read_bytes(&archive(module)).unwrap_err();
    assert!(
        error.contains("“torchvision.models.resnet.ResNet”")
            && error.contains("torch.save(model.state_dict()"),
        "{error}"
    );
    // Beside other things in a checkpoint.
    let checkpoint = [
        &b"\x80\x02}X\x05\x00\x00\x00model"[..],
        &module[2..module.len() - 1],
        b"s.",
    ]
    .concat();
    let error = read_bytes(&archive(&checkpoint)).unwrap_err();
    assert!(error.contains("ResNet"), "{error}");
    let attack = b"\x80\x02}X\x01\x00\x00\x00acos\nsystem\nX\x02\x00\x00\x00ls\x85Rs.";
    let error = read_bytes(&archive(attack)).unwrap_err();
    assert!(
        error.contains("“os.system”") && error.contains("may run code"),
        "{error}"
    );
    let error = read_bytes(b"cos\nsystem\n(S'ls'\ntR.").unwrap_err();
    assert!(error.contains("“os.system”"), "in whatever file: {error}");
    let error = read_bytes(b"\x80\x02}X\x01\x00\x00\x00aK\x01s.").unwrap_err();
    assert!(error.contains("plain pickle"), "{error}");
}

#[test]
fn an_empty_tensor_may_have_sides_beyond_all_bounds() {
    let header =
        br#"{"a":{"dtype":"F32","shape":[0,1099511627776,1099511627776],"data_offsets":[0,0]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    let found = read_bytes(&bytes).unwrap();
    assert_eq!(found.tensors[0].numbers.count(), 0);
    // As torch.save would have it.
    let pickle = b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n\
        X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x00tQ\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00K\x00\
        \x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x86K\x01K\x01\x86tRs.";
    let _ = read_bytes(&archive(pickle));
}

#[test]
fn a_header_that_fills_its_limit_costs_no_more_than_reading_it() {
    let mut header = String::from("{");
    for number in 0..super::collect::MAX_TENSORS + 1 {
        header.push_str(&format!(
            r#""{number}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}},"#
        ));
    }
    header.pop();
    header.push('}');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    let error = read_bytes(&bytes).unwrap_err();
    assert!(
        error.contains("more tensors than any network has"),
        "{error}"
    );
    let sides = "1,".repeat(1 << 20);
    let header = format!(r#"{{"a":{{"dtype":"F32","shape":[{sides}1],"data_offsets":[0,0]}}}}"#);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    let error = read_bytes(&bytes).unwrap_err();
    assert!(error.contains("too many sides"), "{error}");
    for (header, reason) in [
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            "does not begin",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
            "does not begin",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
            "twice",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,0]}}"#,
            "not as long",
        ),
    ] {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + 8 * usize::from(header.contains('8')), 0);
        let error = read_bytes(&bytes).unwrap_err();
        assert!(error.contains(reason), "{header}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_folders_are_refused_without_opening_them() {
    let folder = tempfile::tempdir().unwrap();
    let error = tensors::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("folder"), "{error}");
    let pipe = folder.path().join("weights.pth");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let error = tensors::read(&pipe).unwrap_err().to_string();
    assert!(
        error.contains("pipe") && error.ends_with("weights.pth"),
        "{error}"
    );
    let error = tensors::read(std::path::Path::new("/dev/zero"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("device"), "{error}");
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
    let fits = super::fit::is_grid_of_positions;
    assert!(
        fits(&[1, 197, 768], &[1, 577, 768]),
        "384 pixels in patches of 16"
    );
    assert!(!fits(&[1, 197, 768], &[1, 577, 192]), "another width");
    assert!(!fits(&[1, 197, 768], &[1, 578, 768]), "no square");
    assert!(!fits(&[1, 197, 768], &[577, 768]));
    // DINOv2 has positions for its patches alone, and no others' fit it.
    assert!(fits(&[1, 1369, 384], &[1, 256, 384]));
    assert!(!fits(&[1, 1369, 384], &[1, 257, 384]) && !fits(&[1, 197, 384], &[1, 256, 384]));
    assert!(!fits(&[1, 1369, 384], &[1, 0, 384]) && !fits(&[1, 197, 384], &[1, i64::MIN, 384]));
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
        let (_, refusal) = check(backbone.as_ref(), &file, None).unwrap();
        assert!(refusal.unwrap().contains(expected));
    }
}

#[test]
fn numbers_that_no_training_gives_are_refused_or_remarked() {
    let folder = tempfile::tempdir().unwrap();
    let mut backbone = build("resnet18", 1, tch::Device::Cpu).unwrap();
    let with = |changed: &str, value: f64| -> Vec<(String, tch::Tensor)> {
        let change = |(name, tensor): (String, tch::Tensor)| match name.ends_with(changed) {
            true => (name, tensor.full_like(value)),
            false => (name, tensor),
        };
        resnet18().into_iter().map(change).collect()
    };
    let negative = with("layer2.0.bn1.running_var", -1.0);
    let file = state_dict(folder.path(), "negative.safetensors", &negative);
    let error = load(backbone.as_mut(), &file).unwrap_err().to_string();
    assert!(
        error.contains("“layer2.0.bn1.running_var” holds negative variances"),
        "{error}"
    );
    for (changed, value, expected) in [
        (
            "conv1.weight",
            0.0,
            Some("“conv1.weight” are 0, and 8 more layers"),
        ),
        (
            "layer3.0.conv1.weight",
            0.5,
            Some("“layer3.0.conv1.weight” are 0.5: nothing"),
        ),
        // As networks begin: of shifts, of the last scale in a block, and of a classifier.
        ("bias", 0.0, None),
        ("bn2.weight", 0.0, None),
        ("fc.weight", 0.0, None),
    ] {
        let file = state_dict(folder.path(), "one.safetensors", &with(changed, value));
        let remarks = load(backbone.as_mut(), &file).unwrap().remarks.join("; ");
        match expected {
            Some(expected) => assert!(remarks.contains(expected), "{changed}: {remarks}"),
            None => assert_eq!(remarks, "", "{changed}"),
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
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn changed_and_cut_files_are_read_without_panic(
        file in proptest::sample::select(vec!["zip.pth", "legacy.pth", "checkpoint.pth", "tiny.safetensors"]),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        end in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut bytes = std::fs::read(golden(file)).unwrap();
        for (index, value) in changes {
            let offset = index.index(bytes.len());
            bytes[offset] = value;
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
                b"ccollections\nOrderedDict\n", b"ctorch\nFloatStorage\n", b"\x94", b"cmy\nClass\n", b"\x81", b"\x92",
                b"o", b"imy\nClass\n", b"0", b"1", b"2", b"l", b"d", b"\x8f", b"\x90", b"\x91", b"C\x01a", b"\x8b\x01\0\0\0a",
                b"ctorch._tensor\n_rebuild_from_type_v2\n", b"ccopyreg\n_reconstructor\n", b"I01\n", b"L1L\n", b"S'a'\n", b"p1\n",
                b"g1\n", b"\x88", b"\x87",
            ]),
            0..200,
        )
    ) {
        let _ = pickle::read(&parts.concat());
    }
}
