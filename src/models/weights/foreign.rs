//! Files of other kinds that people take for weight files, by name, each with what to do.

use std::path::Path;

/// What helps wherever another library's file is given.
const TAKE_PYTORCHS: &str =
    "take the same network's file for PyTorch (.safetensors or .pth, from torchvision or timm)";

/// How a file begins, or what its name ends with; what it then is; whether only PyTorch's file helps.
struct ForeignKind {
    start: &'static [u8],
    endings: &'static [&'static str],
    is: &'static str,
    remedy: &'static str,
}

/// Beginnings that no weight file has. Names count only for files without such a beginning.
const KINDS: &[ForeignKind] = &[
    ForeignKind {
        start: b"\x89HDF\r\n\x1a\n",
        endings: &["h5", "hdf5"],
        is: "an HDF5 file, as Keras writes",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"GGUF",
        endings: &["gguf", "ggml"],
        is: "a GGUF file, in which llama.cpp keeps quantised networks",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"\x93NUMPY",
        endings: &["npy"],
        is: "one NumPy array",
        remedy: "in Python, save all of the network's arrays by their names: safetensors.numpy.save_file({…}, …)",
    },
    ForeignKind {
        start: b"\x1f\x8b",
        endings: &["gz", "tgz"],
        is: "compressed with gzip",
        remedy: "unpack it first",
    },
    ForeignKind {
        start: b"\xfd7zXZ\0",
        endings: &["xz"],
        is: "compressed with xz",
        remedy: "unpack it first",
    },
    ForeignKind {
        start: b"BZh",
        endings: &["bz2"],
        is: "compressed with bzip2",
        remedy: "unpack it first",
    },
    ForeignKind {
        start: b"\x28\xb5\x2f\xfd",
        endings: &["zst"],
        is: "compressed with Zstandard",
        remedy: "unpack it first",
    },
    ForeignKind {
        start: b"7z\xbc\xaf\x27\x1c",
        endings: &["7z"],
        is: "a 7-Zip archive",
        remedy: "unpack it first",
    },
    ForeignKind {
        start: b"Rar!",
        endings: &["rar"],
        is: "a RAR archive",
        remedy: "unpack it first",
    },
    ForeignKind {
        start: b"\x89PNG",
        endings: &["png"],
        is: "a picture",
        remedy: "name the weight file",
    },
    ForeignKind {
        start: b"\xff\xd8\xff",
        endings: &["jpg", "jpeg"],
        is: "a picture",
        remedy: "name the weight file",
    },
    ForeignKind {
        start: b"%PDF",
        endings: &["pdf"],
        is: "a PDF document",
        remedy: "name the weight file",
    },
];

/// Told by the name only: these begin as anything may.
const BY_NAME: &[ForeignKind] = &[
    ForeignKind {
        start: b"",
        endings: &["onnx"],
        is: "an ONNX file, which describes a network's computation and names its numbers otherwise",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"",
        endings: &["pb", "pbtxt", "ckpt.index", "ckpt.meta"],
        is: "a file of TensorFlow",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"",
        endings: &["msgpack"],
        is: "a file of Flax",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"",
        endings: &["mlmodel", "mlpackage"],
        is: "a file of Core ML",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"",
        endings: &["caffemodel"],
        is: "a file of Caffe",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"",
        endings: &["pdparams", "pdopt"],
        is: "a file of PaddlePaddle",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"",
        endings: &["engine", "trt", "plan"],
        is: "a file of TensorRT",
        remedy: TAKE_PYTORCHS,
    },
    ForeignKind {
        start: b"",
        endings: &["pte", "ptl", "xml", "mnn", "param"],
        is: "a network made for running elsewhere, and no weights by name",
        remedy: TAKE_PYTORCHS,
    },
];

/// Why a file that begins with `start` is none that weights are read from; `None` where it may be.
pub(super) fn named(start: &[u8], path: &Path) -> Option<String> {
    if start.is_empty() {
        return Some(
            "it is empty, and so not a file of torch.save; download or copy it again".into(),
        );
    }
    if start.iter().all(|byte| *byte == 0) {
        return Some(
            "it begins with zeros only, as a download does that broke off; download it again"
                .into(),
        );
    }
    let sentence = |kind: &ForeignKind| format!("it is {}; {}", kind.is, kind.remedy);
    if let Some(kind) = KINDS.iter().find(|kind| start.starts_with(kind.start)) {
        return Some(sentence(kind));
    }
    if start.get(4..8) == Some(b"TFL3") {
        return Some(format!("it is a TensorFlow Lite file; {TAKE_PYTORCHS}"));
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some(
            "it is a tar archive: unpack it, or, if it is a weight file of 2016, load it in Python and save it again with \
             torch.save"
                .into(),
        );
    }
    if start.starts_with(b"version https://git-lfs") || start.starts_with(b"version https") {
        return Some(
            "it is a pointer of git-lfs and not the file itself; run “git lfs pull”".into(),
        );
    }
    let is_text = start
        .iter()
        .all(|byte| (0x20..0x7f).contains(byte) || byte.is_ascii_whitespace() || *byte >= 0x80);
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'<') {
        return Some(
            "it is a web page, which a server sent in place of the file; download it again".into(),
        );
    }
    if is_text && matches!(first, Some(b'{' | b'[')) {
        return Some(json(start, path));
    }
    if is_onnx(start) {
        return Some(sentence(&BY_NAME[0]));
    }
    if is_text && !start.starts_with(b"PK") && start.len() >= 4 && !is_old_pickle(start) {
        let line = String::from_utf8_lossy(start);
        let line: String = line
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(60)
            .collect();
        return Some(format!(
            "it is text, which begins “{line}”; download or choose the file again"
        ));
    }
    None
}

/// What the name says of a file that could not be read.
pub(super) fn by_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let kinds = KINDS.iter().chain(BY_NAME);
    let kind = kinds.into_iter().find(|kind| {
        kind.endings.iter().any(|ending| {
            name.strip_suffix(ending)
                .is_some_and(|stem| stem.ends_with('.'))
        })
    })?;
    Some(format!("by its name, it is {}; {}", kind.is, kind.remedy))
}

/// Names of files that something is still writing.
pub(super) fn unfinished(path: &Path) -> Option<String> {
    const ENDINGS: [&str; 6] = [
        "crdownload",
        "part",
        "partial",
        "download",
        "aria2",
        "incomplete",
    ];
    let ending = path.extension()?.to_str()?.to_lowercase();
    ENDINGS.contains(&ending.as_str()).then(|| {
        format!(" (a name that ends in .{ending} is of a download that has not come to its end)")
    })
}

/// Of one file among several that hold a network together, by its name: `model-00001-of-00002.safetensors`.
pub(super) fn part_of_several(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let (before, after) = name.rsplit_once("of")?;
    let number = |text: &str| text.parse::<u32>().ok();
    let separator = ['-', '_', '.'];
    let this = before.trim_end_matches(separator).rsplit(separator).next();
    let digits = after.trim_start_matches(separator);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let (this, all) = (number(this?)?, number(&digits[..end])?);
    (before.ends_with(separator) && after.starts_with(separator) && all > 1 && this <= all).then(
        || {
            format!(
                "by its name it is one of {all} files that hold the network together: {JOIN_THEM}"
            )
        },
    )
}

/// What helps where a network is kept in several files.
const JOIN_THEM: &str = "in Python, read all of them and save them as one: \
                         safetensors.torch.save_file({**part1, **part2}, …)";

/// What an archive without a pickle of torch's is.
pub(super) fn archive(names: &[String]) -> String {
    let has = |ending: &str| names.iter().any(|name| name.ends_with(ending));
    if has("model.weights.h5") || (has("config.json") && has("metadata.json")) {
        format!("it is a .keras archive, as Keras writes; {TAKE_PYTORCHS}")
    } else if has(".npy") {
        format!("it is an archive of NumPy arrays (.npz), as JAX and NumPy write; {TAKE_PYTORCHS}")
    } else if has(".mlmodel") || has("Manifest.json") {
        format!("it is a Core ML package; {TAKE_PYTORCHS}")
    } else {
        let inside = names.iter().find(|name| {
            [".pth", ".pt", ".bin", ".ckpt", ".safetensors"]
                .iter()
                .any(|ending| name.ends_with(ending))
        });
        match inside {
            Some(name) => format!("it is an archive with “{name}” in it; unpack it first"),
            None => "the archive holds no data.pkl: not a file of torch.save".into(),
        }
    }
}

/// Text in braces: the list of a network's parts, or what a server answers.
fn json(start: &[u8], path: &Path) -> String {
    let text = String::from_utf8_lossy(start);
    let is_index = text.contains("weight_map")
        || path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().ends_with(".index.json"));
    if is_index {
        format!(
            "it is the index of a network that is kept in several files, and holds no weights itself; {JOIN_THEM}"
        )
    } else {
        "it is text (JSON) and no weights; name the .safetensors or .pth file that belongs to it"
            .into()
    }
}

/// A protocol buffer that begins with a version and a producer's name.
fn is_onnx(start: &[u8]) -> bool {
    match start {
        [0x08, 1..=30, 0x12, length, rest @ ..] => rest
            .get(..usize::from(*length))
            .is_some_and(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic)),
        _ => false,
    }
}

/// Pickles of protocol 0 are text, too: their reader says what is in them.
fn is_old_pickle(start: &[u8]) -> bool {
    matches!(start, [b'(' | b'c' | b'}' | b']' | b'I' | b'L', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_libraries_are_called_what_they_are() {
        for (start, name, expected) in [
            (&b"\x89HDF\r\n\x1a\n\0\0"[..], "model.weights.h5", "Keras"),
            (
                b"\x08\x09\x12\x07pytorch\x1a\x052.5.1",
                "model.onnx",
                "ONNX",
            ),
            (b"\x08\x07\x12\x0cskl2onnx1234", "renamed.pth", "ONNX"),
            (b"\x1c\0\0\0TFL3\x14\0", "m.tflite", "TensorFlow Lite"),
            (b"GGUF\x03\0\0\0", "m.gguf", "GGUF"),
            (
                b"{\n  \"metadata\": {},\n  \"weight_map\": {",
                "x.json",
                "several files",
            ),
            (
                b"{\"metadata\": {\"total_size\": 1",
                "pytorch_model.bin.index.json",
                "several files",
            ),
            (
                b"{\"error\":\"Repository not found\"}",
                "model.safetensors",
                "JSON",
            ),
            (
                b"Entry not found",
                "model.safetensors",
                "begins “Entry not found”",
            ),
            (b"\n<!DOCTYPE html>", "x.pth", "web page"),
            (
                b"version https://git-lfs.github.com/spec/v1",
                "x.pth",
                "git lfs pull",
            ),
            (b"\x1f\x8b\x08", "x.pth", "unpack it"),
            (b"\0\0\0\0\0\0\0\0\0\0", "x.pth", "zeros"),
            (b"", "x.pth", "empty"),
            (b"\x93NUMPY\x01", "x.npy", "NumPy"),
        ] {
            let reason = named(start, Path::new(name)).unwrap();
            assert!(reason.contains(expected), "{name}: {reason}");
            assert!(reason.contains("; "), "with a remedy: {reason}");
        }
        for (start, name) in [
            (&b"PK\x03\x04"[..], "x.pth"),
            (b"\x80\x02\x8a\x0al\xfc", "x.pth"),
            (b"\x40\0\0\0\0\0\0\0{\"a\":", "x.safetensors"),
            // Its length happens to be that of a brace.
            (b"{\0\0\0\0\0\0\0{\"a\":", "x.safetensors"),
            (b"cos\nsystem\n", "x.pth"),
        ] {
            assert_eq!(named(start, Path::new(name)), None, "{name}");
        }
        assert!(
            by_name(Path::new("/x/model.ckpt.index"))
                .unwrap()
                .contains("TensorFlow")
        );
        assert!(
            by_name(Path::new("/x/saved_model.pb"))
                .unwrap()
                .contains("TensorFlow")
        );
        assert_eq!(by_name(Path::new("/x/model.pth")), None);
        assert!(unfinished(Path::new("w.pth.crdownload")).is_some());
    }

    #[test]
    fn one_of_several_files_is_told_by_its_name() {
        for (name, all) in [
            ("model-00001-of-00002.safetensors", "2 files"),
            ("pytorch_model-00003-of-00003.bin", "3 files"),
            ("w.1-of-4.pth", "4 files"),
        ] {
            let said = part_of_several(Path::new(name)).unwrap();
            assert!(said.contains(all) && said.contains("save_file"), "{said}");
        }
        for name in [
            "model.safetensors",
            "best-of-3.pth",
            "2of3.pth",
            "end_of_1.pth",
            "3-of-2.pth",
            "of.pth",
        ] {
            assert_eq!(part_of_several(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn archives_are_told_by_what_is_in_them() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let keras = archive(&names(&[
            "metadata.json",
            "config.json",
            "model.weights.h5",
        ]));
        assert!(keras.contains(".keras"), "{keras}");
        assert!(archive(&names(&["Transformer/x.npy"])).contains(".npz"));
        assert!(archive(&names(&["a/resnet.pth"])).contains("unpack"));
        assert!(archive(&names(&["a.txt"])).contains("no data.pkl"));
    }
}
