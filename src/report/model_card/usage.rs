//! How a run's network is used: the snippets of a card, which are the very files that the tests run.

use std::path::{Path, PathBuf};

use super::Block;
use crate::export::described::Described;
use crate::export::read_picture::{READ_OTHERWISE, with_read_picture};
use crate::export::rounding;
use crate::paths;
use crate::runs::{StoredRun, annotations};

/// What stands beside a card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    pub what: What,
    /// What was found when it was read back, and what a person should know of it, in whole sentences.
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

pub(super) fn blocks(described: &Described, exported: &Exported) -> Vec<Block> {
    let run = run_argument(&described.run);
    let mut usage = Usage(vec![Block::Heading("How to use it")]);
    usage.text(
        "In Graft: the view Predict answers pictures with this run; so does the command line:",
    );
    usage.code("sh", format!("graft predict {run} picture.png"));
    match &exported.what {
        What::Nothing => {
            usage.text(
                "In other programs: choose “Export the network…” in the menu of the run, or write one of these:",
            );
            usage.code(
                "sh",
                format!(
                    "graft export {run} --out {NETWORK}\ngraft export {run} --format pytorch --out pytorch\ngraft export {run} --out {WEIGHTS}"
                ),
            );
            usage.python(IN_PYTHON.to_owned());
            usage.text("In Python with PyTorch, from the folder that was written for it:");
            usage.code("python", IN_PYTORCH.to_owned());
            usage.rust(IN_RUST.to_owned());
            let remark = rounding::remark(&described.run, rounding::SINGLE_PRECISION, None);
            usage.0.extend(remark.map(Block::Text));
        }
        What::Onnx(file) => {
            usage.python(named(IN_PYTHON, NETWORK, file));
            usage.rust(named(IN_RUST, NETWORK, file));
        }
        What::OnnxOfTensors(file) => usage.0.push(Block::Text(format!(
            "{} takes squares that are resized and normalised already, float32 [N, 3, S, S]; its metadata “preprocessing” says \
             how. A file that takes pictures does that itself.",
            name(file)
        ))),
        What::Safetensors(file) => {
            usage.text("In Python, the tensors and what is said of them:");
            usage.code("sh", "pip install safetensors numpy".to_owned());
            usage.code("python", named(TENSORS, WEIGHTS, file));
        }
        What::PyTorch(_) => {
            usage.text("At a terminal, in this folder:");
            usage.code(
                "sh",
                "pip install -r requirements.txt\npython predict.py picture.png".to_owned(),
            );
            usage.text("In a program in Python:");
            usage.code("python", IN_PYTORCH.to_owned());
            usage.text(READ_OTHERWISE);
        }
    }
    usage
        .0
        .extend(exported.checked.iter().cloned().map(Block::Text));
    usage.0
}

/// The parts, as they are written one after the other.
struct Usage(Vec<Block>);

impl Usage {
    fn text(&mut self, sentences: &str) {
        self.0.push(Block::Text(sentences.to_owned()));
    }

    fn code(&mut self, language: &'static str, text: String) {
        self.0.push(Block::Code { language, text });
    }

    /// With the ONNX file.
    fn python(&mut self, program: String) {
        self.text("In Python, from the ONNX file:");
        self.code(
            "sh",
            "pip install onnxruntime numpy \"pillow>=10.1\"".to_owned(),
        );
        self.code("python", with_read_picture(&program));
        self.text(READ_OTHERWISE);
    }

    fn rust(&mut self, program: String) {
        self.text(
            "In Rust, from the ONNX file, with the crates image and tract-onnx, a runtime for ONNX. Of a JPEG, levels may differ \
             a little from Graft’s, because image decodes it by other arithmetic:",
        );
        self.code("rust", program);
    }
}

/// How a command names the run: by its number where it is one of the usual folder, else by its folder's name, which may stand in
/// front of it as a path.
fn run_argument(run: &StoredRun) -> String {
    let is_usual = std::path::absolute(&run.folder)
        .is_ok_and(|folder| folder.parent() == Some(paths::runs().as_path()));
    let said = annotations::read(&run.folder).ok();
    match said.and_then(|said| said.number).filter(|_| is_usual) {
        Some(number) => number.to_string(),
        None => word(&run.summary.id),
    }
}

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
