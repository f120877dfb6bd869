//! Files as other programs read them: `onnx` checks them and `onnxruntime` computes them (`tests/onnx_check.py`).

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Made, floats, plain_head};
use crate::analysis::evaluate::open_in_single_precision;
use crate::analysis::evaluate::tests::finished_run;
use crate::data::{PictureSource, StopFlag, decode};
use crate::evaluation::Decision;
use crate::export::described::Described;
use crate::export::onnx::{Input, Numbers, Options, write};
use crate::export::read_picture::READ_PICTURE;
use crate::models::catalogue;
use crate::models::device::tests_skipped;

/// A Python with onnx, onnxruntime, numpy and Pillow; `None` where nobody names one, and the test is skipped.
fn python() -> Option<String> {
    let named = |name| std::env::var(name).ok();
    let python = named("GRAFT_ONNX_PYTHON").or_else(|| named("GRAFT_PYTHON"));
    if python.is_none() {
        tests_skipped("GRAFT_ONNX_PYTHON names no Python with onnx and onnxruntime");
    }
    python
}

/// What `tests/onnx_check.py` says of each entry.
fn checked(python: &str, folder: &Path, entries: &[Value]) -> Vec<Value> {
    let check = folder.join("check.json");
    std::fs::write(&check, json!(entries).to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_check.py");
    let output = Command::new(python)
        .args([&script, &check])
        // What this program computes with is not Python's.
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap();
    let (said, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{errors}");
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Photographs in little: of several sizes and shapes, as PNG and as JPEG.
fn pictures(folder: &Path) -> Vec<String> {
    let sizes = [(36, 32), (300, 200), (200, 300), (31, 90), (64, 64)];
    let mut names = Vec::new();
    for (index, (width, height)) in sizes.into_iter().enumerate() {
        let shift = 40.0 * index as f64;
        let picture = image::RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            let wave =
                |scale: f64| (127.0 + 100.0 * (x / scale + shift).sin() * (y / 9.0).cos()) as u8;
            image::Rgb([wave(7.0), wave(11.0), wave(5.0)])
        });
        for kind in ["png", "jpg"] {
            let name = format!("{index}.{kind}");
            picture.save(folder.join(&name)).unwrap();
            names.push(name);
        }
    }
    names
}

/// Pictures of every odd kind: their names, and where they were put.
fn odd_pictures(folder: &Path) -> Vec<String> {
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(pictures).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".json") {
            continue;
        }
        if !name.ends_with(".zip") {
            std::fs::copy(&path, folder.join(&name)).unwrap();
            names.push(name);
            continue;
        }
        let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let name = file.name().to_owned();
            if name.ends_with(".rgb") || name.ends_with(".json") {
                continue;
            }
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
            std::fs::write(folder.join(&name), bytes).unwrap();
            names.push(name);
        }
    }
    names
}

#[test]
fn pictures_are_read_in_python_as_graft_reads_them() {
    /// How far levels differ where Pillow has lost what Graft still knows.
    const APART: [(&str, u8); 6] = [
        ("rgb_16.", 1),
        ("alpha_16.", 2),
        ("_associated.", 1),
        ("_ycbcr.", 1),
        ("_555.", 1),
        ("_565.", 1),
    ];
    /// Read otherwise; `READ_OTHERWISE` says so.
    const OTHERWISE: [&str; 3] = ["_part.gif", "_local.gif", "_thumbnail.tif"];
    /// Refused, by Pillow or by the function.
    const REFUSED: [&str; 8] = [
        "_half.",
        "_float.",
        "_float_255.",
        "_float_rgb.",
        "_uint32.",
        "_bits_12.",
        "_big.",
        "_webp.tif",
    ];
    let Some(python) = python() else { return };
    let root = tempfile::tempdir().unwrap();
    let names = odd_pictures(root.path());
    assert!(names.len() > 600, "{}", names.len());
    let script = format!(
        "import sys\n\nimport numpy\nfrom PIL import Image, ImageOps\n\n\n{READ_PICTURE}\n\n\
         for path in open(\"names.txt\").read().split(\"\\n\"):\n    \
         try:\n        picture = read_picture(path)\n    \
         except Exception:\n        continue\n    \
         open(path + \".rgb\", \"wb\").write(picture.tobytes())\n"
    );
    std::fs::write(root.path().join("names.txt"), names.join("\n")).unwrap();
    std::fs::write(root.path().join("read.py"), script).unwrap();
    let output = Command::new(&python)
        .arg("read.py")
        .current_dir(root.path())
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let is_of = |name: &str, kinds: &[&str]| kinds.iter().any(|kind| name.contains(kind));
    let (mut equal, mut wrong) = (0, Vec::new());
    for name in &names {
        let own = decode::decode(&PictureSource::File(root.path().join(name))).unwrap();
        let Ok(found) = std::fs::read(root.path().join(format!("{name}.rgb"))) else {
            if !is_of(name, &REFUSED) {
                wrong.push(format!("{name} is refused"));
            }
            continue;
        };
        if is_of(name, &OTHERWISE) {
            continue;
        }
        let pairs = found.iter().zip(&own.rgb);
        let worst = pairs.map(|(found, own)| found.abs_diff(*own)).max();
        let worst = worst.unwrap_or(u8::MAX);
        let most = APART.iter().find(|(kind, _)| name.contains(kind));
        let most = most.map_or(0, |(_, most)| *most);
        if found.len() != own.rgb.len() || worst > most {
            wrong.push(format!("{name}: {worst}"));
        }
        equal += usize::from(worst == 0);
    }
    println!("{equal} of {} equal", names.len());
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(equal > 500, "{equal}");
}

#[test]
fn a_run_s_files_in_python() {
    let Some(python) = python() else { return };
    let root = tempfile::tempdir().unwrap();
    let run = finished_run(root.path());
    let names = pictures(root.path());
    let sources: Vec<PictureSource> = names
        .iter()
        .map(|name| PictureSource::File(root.path().join(name)))
        .collect();
    let decoded = decode::decode_all_alone(&sources).into_iter();
    let decoded: Vec<_> = decoded.map(Result::unwrap).collect();
    let described = Described::open(&run, Decision::default()).unwrap();
    let classifier = open_in_single_precision(&described.run).unwrap();
    let expected = classifier.predict(&decoded).unwrap();
    let spec = classifier.square_spec();
    let squares: Vec<_> = decoded
        .iter()
        .map(|picture| crate::data::square::to_square(picture, spec))
        .collect();
    let normalised = classifier.normalised(&squares).unwrap();
    write_floats(&root.path().join("squares.bin"), &normalised);
    let mut entries = Vec::new();
    for (numbers, most) in [
        (Numbers::Float32, 1e-4),
        (Numbers::Float16, 0.01),
        (Numbers::Int8Weights, 0.1),
    ] {
        for input in [Input::Pictures, Input::Tensor] {
            let name = format!("{numbers:?}-{input:?}.onnx");
            let options = Options {
                input,
                numbers,
                ..Options::default()
            };
            let out = root.path().join(&name);
            let stop = StopFlag::default();
            write(&described, &out, &options, &mut |_, _, _| {}, &stop).unwrap();
            let mut entry = json!({ "onnx": name, "expected": expected, "most": most });
            match input {
                Input::Pictures => entry["pictures"] = json!(names),
                Input::Tensor => {
                    let shape = [names.len() as u32, 3, spec.side, spec.side];
                    entry["tensor"] = json!({ "file": "squares.bin", "shape": shape });
                }
            }
            entries.push(entry);
        }
    }
    for said in checked(&python, root.path(), &entries) {
        assert_eq!(said["classes"], json!(["bright", "dark"]), "{said}");
        println!("{said}");
    }
}

#[test]
fn networks_with_attention_and_with_odd_layers_in_python() {
    let Some(python) = python() else { return };
    let root = tempfile::tempdir().unwrap();
    let entries: Vec<Value> = [
        "vit_tiny_patch16_224",
        "googlenet",
        "densenet121",
        "mobilenet_v3_small",
    ]
    .into_iter()
    .map(|name| written(name, 64, root.path()))
    .collect();
    checked(&python, root.path(), &entries);
}

/// A backbone's file, what it is given and what it has to answer, in `folder`.
fn written(name: &str, side: u32, folder: &Path) -> Value {
    let made = Made::new(name, &plain_head(), side);
    let input = made.pictures(2);
    let values = floats(&input);
    write_floats(&folder.join(format!("{name}.bin")), &values);
    let file = made.file(Numbers::Float32, None);
    let found = super::run_whole(&file, &made.shape(2), &values).unwrap();
    let expected = made.probabilities(&input);
    let apart = found.iter().zip(&expected);
    let apart = apart.map(|(found, expected)| (found - expected).abs());
    println!("{name} {side} tract {:e}", apart.fold(0f32, f32::max));
    std::fs::write(folder.join(format!("{name}.onnx")), file).unwrap();
    json!({
        "onnx": format!("{name}.onnx"),
        "tensor": { "file": format!("{name}.bin"), "shape": [2, 3, side, side] },
        "expected": expected.chunks(made.classes()).collect::<Vec<_>>(),
        "most": 1e-4,
    })
}

fn write_floats(path: &Path, values: &[f32]) {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    std::fs::write(path, bytes).unwrap();
}

/// All backbones at their own size, by tract and by onnxruntime:
/// GRAFT_ONNX_PYTHON=python3 cargo test -p graft all_backbones_at_their_own_size -- --ignored --nocapture
/// (`GRAFT_ONNX_BACKBONES=name,name` for some of them).
#[test]
#[ignore = "a measurement"]
fn all_backbones_at_their_own_size() {
    let Some(python) = python() else { return };
    let wanted = std::env::var("GRAFT_ONNX_BACKBONES").ok();
    let is_wanted = |name: &str| {
        let names = wanted.as_deref();
        names.is_none_or(|names| names.split(',').any(|wanted| wanted == name))
    };
    for info in catalogue::architectures() {
        if !is_wanted(info.name) {
            continue;
        }
        let root = tempfile::tempdir().unwrap();
        let entry = written(info.name, info.default_weights().input_size, root.path());
        for said in checked(&python, root.path(), &[entry]) {
            println!("{} onnxruntime {said}", info.name);
        }
    }
}
