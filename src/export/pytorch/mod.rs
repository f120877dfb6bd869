//! A run as a folder for PyTorch: its weights, and a script that builds the network in torchvision or timm and answers.

mod architecture;
mod script;

use std::fs;
use std::path::{Path, PathBuf};

use super::described::Described;
use super::weights::Weights;
use super::{ExportError, check_stop, write_file};
use crate::data::StopFlag;
use crate::ordinary_file::{self, Links};

use architecture::{Architecture, Library};

/// The script.
pub const SCRIPT: &str = "predict.py";
/// What it loads.
pub const WEIGHTS: &str = "weights.safetensors";
/// What it needs.
pub const REQUIREMENTS: &str = "requirements.txt";

/// What the script was tried with; of torchvision and timm, the one that it takes.
const VERSIONS: [(&str, &str); 6] = [
    ("torch", "2.11.0"),
    ("torchvision", "0.26.0"),
    ("timm", "1.0.31"),
    ("safetensors", "0.8.0"),
    ("numpy", "2.4.6"),
    ("pillow", "13.0.0"),
];

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub files: Vec<PathBuf>,
    pub bytes: u64,
    /// `torchvision` or `timm`.
    pub library: &'static str,
}

/// Writes weights, script and requirements of `described` into `folder`, which is made where it is not there.
///
/// # Errors
/// When the run kept no weights, or a file can't be written; [`ExportError::Stopped`].
pub fn write(
    described: &Described,
    folder: &Path,
    stop: &StopFlag,
) -> Result<Written, ExportError> {
    let weights = Weights::read(described)?;
    check_stop(stop)?;
    let architecture = Architecture::of(&weights.tree);
    let library = architecture.library;
    let tensors = weights.to_safetensors(described.metadata())?;
    let script = script::script(described, &weights.tree, &architecture);
    check_stop(stop)?;
    let is_new = !folder.exists();
    fs::create_dir_all(folder).map_err(|error| {
        ExportError::file(folder, format!("the folder can't be made ({error})"))
    })?;
    let files = [
        (WEIGHTS, tensors),
        (REQUIREMENTS, requirements(library).into_bytes()),
        // Last: whoever finds it finds all that it needs.
        (SCRIPT, script.into_bytes()),
    ];
    let mut written = Written {
        files: Vec::new(),
        bytes: 0,
        library: library.name(),
    };
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Err(error) = write_file(&path, &bytes) {
            // Half of them would be taken for all.
            for file in written.files.iter().filter(|_| is_new) {
                let _ = fs::remove_file(file);
            }
            if is_new {
                let _ = fs::remove_dir(folder);
            }
            return Err(error);
        }
        written.bytes += bytes.len() as u64;
        written.files.push(path);
    }
    Ok(written)
}

fn requirements(library: Library) -> String {
    let other = match library {
        Library::Torchvision => "timm",
        // Whose preprocessing the script takes in any case.
        Library::Timm => "",
    };
    let mut text = String::from("# Tried with these versions.\n");
    for (name, version) in VERSIONS.iter().filter(|(name, _)| *name != other) {
        text.push_str(&format!("{name}=={version}\n"));
    }
    text
}

/// Whether an export to PyTorch may be written into `folder`: it is not there, empty, or an earlier one filled it.
pub fn may_fill(folder: &Path) -> bool {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    let script = ordinary_file::read_to_string(&folder.join(SCRIPT), 1 << 24, Links::Refused);
    is_empty || script.is_ok_and(|text| text.starts_with(script::MARK))
}
