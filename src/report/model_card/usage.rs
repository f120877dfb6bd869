//! How a run's network is used: the snippets of a card, which are the very files that the tests run.

use std::path::{Path, PathBuf};

use super::Block;
use crate::runs::StoredRun;

/// What stands beside a card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    pub what: What,
    /// What was found when it was read back, in whole sentences.
    pub checked: Vec<String>,
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum What {
    /// Nothing: the card says how it is done.
    #[default]
    Nothing,
    /// An ONNX file that takes decoded pictures.
    Onnx(PathBuf),
    /// An ONNX file that takes normalised squares.
    OnnxOfTensors(PathBuf),
    Safetensors(PathBuf),
    /// A folder with a script for PyTorch.
    PyTorch(PathBuf),
}

const IN_PYTHON: &str = include_str!("../../../assets/model_card/with_onnxruntime.py");
const IN_PYTORCH: &str = include_str!("../../../assets/model_card/with_pytorch.py");
const IN_RUST: &str = include_str!("../../../assets/model_card/with_tract.rs");
const TENSORS: &str = include_str!("../../../assets/model_card/with_safetensors.py");
/// What the ONNX file is called in the snippets.
const NETWORK: &str = "network.onnx";
const WEIGHTS: &str = "network.safetensors";

pub(super) fn blocks(run: &StoredRun, exported: &Exported) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("How to use it")];
    let mut code = |text: &str, language, code: String| {
        blocks.push(Block::Text(text.to_owned()));
        blocks.push(Block::Code {
            language,
            text: code,
        });
    };
    let id = &run.summary.id;
    code(
        "On the command line, where the run is:",
        "sh",
        format!("graft predict {} picture.png", word(id)),
    );
    match &exported.what {
        What::Nothing => {
            code(
                "Elsewhere, after one of these:",
                "sh",
                format!(
                    "graft export {0} --out {NETWORK}\ngraft export {0} --format pytorch --out pytorch\ngraft export {0} --out {WEIGHTS}",
                    word(id)
                ),
            );
            code(PYTHON, "python", IN_PYTHON.to_owned());
            code(PYTORCH, "python", IN_PYTORCH.to_owned());
            code(RUST, "rust", IN_RUST.to_owned());
        }
        What::Onnx(file) => {
            code(PYTHON, "python", named(IN_PYTHON, NETWORK, file));
            code(RUST, "rust", named(IN_RUST, NETWORK, file));
        }
        What::OnnxOfTensors(file) => blocks.push(Block::Text(format!(
            "{} takes squares that are resized and normalised already, float32 [N, 3, S, S]; its metadata “preprocessing” says \
             how. graft export --input pictures writes a file that does that itself.",
            name(file)
        ))),
        What::Safetensors(file) => code(
            "In Python, the tensors and what is said of them:",
            "python",
            named(TENSORS, WEIGHTS, file),
        ),
        What::PyTorch(_) => {
            code(
                "At a terminal, in this folder:",
                "sh",
                "pip install -r requirements.txt\npython predict.py picture.png".to_owned(),
            );
            code(PYTORCH, "python", IN_PYTORCH.to_owned());
        }
    }
    blocks.extend(exported.checked.iter().cloned().map(Block::Text));
    blocks
}

const PYTHON: &str = "In Python, with onnxruntime, NumPy and Pillow, from the ONNX file:";
const PYTORCH: &str = "In Python, with PyTorch, from the folder that was written for it:";
const RUST: &str = "In Rust, with the crates tract-onnx and image, from the ONNX file:";

/// The snippet with the file's own name, which its quotes keep a name.
fn named(snippet: &str, usual: &str, file: &Path) -> String {
    let quoted = serde_json::to_string(&name(file)).unwrap_or_default();
    snippet.replace(&format!("\"{usual}\""), &quoted)
}

fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into_owned()
}

/// A word of a shell's command line.
fn word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
