//! The text of `predict.py`: what builds a run's network in PyTorch, and prepares its pictures.

use std::fmt::Write as _;

use crate::data::square::Interpolation;
use crate::experiment::{Activation, Fit, HeadConfig, HeadLayer, OutputLayer, Pooling};
use crate::models::head::pooled_width;
use crate::models::tree::LayerTree;
use crate::shown;

use super::super::described::Described;
use super::super::read_picture::READ_PICTURE;
use super::architecture::{Architecture, Library};

/// How the script's first line begins.
pub(super) const MARK: &str = "# Written by Graft";

/// The whole script.
pub(super) fn script(
    described: &Described,
    tree: &LayerTree,
    architecture: &Architecture,
) -> String {
    let head = &described.experiment.head;
    let mut text = opening(described, architecture);
    text.push_str(&preparation(described, architecture));
    text.push_str(&network(described, tree, architecture, head));
    text.push_str(USE);
    text
}

fn opening(described: &Described, architecture: &Architecture) -> String {
    // A name is a person's, and a comment ends with its line.
    let name = shown::line(&described.name).into_owned();
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "{MARK} {version}: what the run “{name}” sees in pictures.\n\
         #\n\
         #   pip install -r requirements.txt\n\
         #   python predict.py PICTURE...\n\
         #\n\
         # {}\n",
        shown::line(&described.origin.beginning())
    );
    if let Some(warning) = described.origin.warning() {
        let _ = writeln!(text, "# {}", shown::line(&warning));
    }
    let (timm, torchvision) = match architecture.library {
        Library::Timm => ("import timm\n", ""),
        Library::Torchvision => ("", "import torchvision\n"),
    };
    let _ = write!(
        text,
        "import sys\n\
         from collections import OrderedDict\n\
         from pathlib import Path\n\n\
         import numpy\n{timm}import torch\n{torchvision}\
         from PIL import Image, ImageOps\n\
         from safetensors.torch import load_file\n\
         from torch import nn\n\
         from torchvision import transforms\n\n"
    );
    let classes: Vec<String> = described
        .classes()
        .iter()
        .map(|class| quoted(class))
        .collect();
    let _ = writeln!(text, "CLASSES = [{}]\n", classes.join(", "));
    text
}

/// Pictures to normalised squares.
fn preparation(described: &Described, architecture: &Architecture) -> String {
    let square = &described.square;
    let side = square.side;
    let filter = match square.interpolation {
        Interpolation::Bilinear => "BILINEAR",
        Interpolation::Bicubic => "BICUBIC",
    };
    let mut steps = vec![match square.fit {
        Fit::CenterCrop => format!("shorter_side,\n    transforms.CenterCrop({side})"),
        Fit::Squash => format!("lambda picture: resize(picture, {side}, {side})"),
        Fit::Pad => "fit_within".to_owned(),
    }];
    steps.push("transforms.ToTensor()".to_owned());
    steps.push(format!(
        "transforms.Normalize({}, {})",
        numbers(described.pretrained.mean),
        numbers(described.pretrained.std)
    ));
    if architecture.filled_up > 0 {
        // As the network itself does where its patches don't fit.
        steps.push(format!(
            "transforms.Pad((0, 0, {0}, {0}))",
            architecture.filled_up
        ));
    }
    // Each pass by itself, because which one Pillow makes first depends on its version and on the picture.
    let mut text = format!(
        "\n\
         def resize(picture, width, height):\n    \
         \"\"\"Width before height, as in Graft: Pillow 13 turns that round for some pictures.\"\"\"\n    \
         for size in ((width, picture.height), (width, height)):\n        \
         picture = picture.resize(size, Image.Resampling.{filter})\n    \
         return picture\n\n\n"
    );
    match square.fit {
        Fit::CenterCrop => {
            let _ = write!(
                text,
                "def shorter_side(picture):\n    \
                 \"\"\"The shorter side {0} pixels long, the other in proportion, rounded down.\"\"\"\n    \
                 width, height = ({0} * length // min(picture.size) for length in picture.size)\n    \
                 return resize(picture, width, height)\n\n\n",
                square.resize
            );
        }
        Fit::Squash => {}
        Fit::Pad => {
            let [red, green, blue] = square.background;
            let _ = write!(
                text,
                "def fit_within(picture):\n    \
                 \"\"\"The whole picture in the middle of a square of {side} pixels.\"\"\"\n    \
                 size = [max(1, min({side}, int(length * {side} / max(picture.size) + 0.5))) for length in picture.size]\n    \
                 square = Image.new(\"RGB\", ({side}, {side}), ({red}, {green}, {blue}))\n    \
                 square.paste(resize(picture, *size), (({side} - size[0]) // 2, ({side} - size[1]) // 2))\n    \
                 return square\n\n\n"
            );
        }
    }
    let _ = writeln!(text, "preprocess = transforms.Compose([");
    for step in steps {
        let _ = writeln!(text, "    {step},");
    }
    let _ = writeln!(text, "])\n\n\n{READ_PICTURE}");
    text
}

fn network(
    described: &Described,
    tree: &LayerTree,
    architecture: &Architecture,
    head: &HeadConfig,
) -> String {
    let is_hooked = head.stages > 1 || head.pooling != Pooling::Average;
    let mut text = String::from(
        "\nclass Network(nn.Module):\n    def __init__(self):\n        super().__init__()\n",
    );
    let _ = writeln!(text, "        self.backbone = {}", architecture.constructor);
    for line in &architecture.prepared {
        let _ = writeln!(text, "        {line}");
    }
    if is_hooked {
        let hooks: Vec<String> = architecture
            .hooks(head.stages)
            .iter()
            .map(|hook| quoted(hook))
            .collect();
        if let Some(line) = &architecture.hooked {
            let _ = writeln!(text, "        {line}");
        }
        let _ = write!(
            text,
            "        self.pooled = []\n        \
             for stage in [{}]:\n            \
             module = self.backbone.get_submodule(stage)\n            \
             module.register_forward_hook(lambda _module, _input, output: self.pooled.append(pool(output)))\n",
            hooks.join(", ")
        );
    }
    text.push_str("        self.head = nn.Sequential(OrderedDict([\n");
    let width = pooled_width(head, tree.head_features(head.stages));
    for (name, module) in head_modules(head, width, described.classes().len()) {
        let _ = writeln!(text, "            ({}, {module}),", quoted(&name));
    }
    text.push_str("        ]))\n\n");
    let side = described.square.side + architecture.filled_up;
    let _ = write!(
        text,
        "    def forward(self, pictures):\n        \
         \"\"\"Normalised pictures [N, 3, {side}, {side}] to the probabilities of CLASSES [N, {}].\"\"\"\n",
        described.classes().len()
    );
    if is_hooked {
        text.push_str(
            "        self.pooled.clear()\n        \
             self.backbone(pictures)\n        \
             logits = self.head(torch.cat(self.pooled, dim=1))\n",
        );
    } else {
        text.push_str("        logits = self.head(self.backbone(pictures))\n");
    }
    let temperature = described.decision.temperature;
    if temperature != 1.0 {
        let _ = writeln!(
            text,
            "        logits = logits / {temperature:?}  # the temperature that calibrates it"
        );
    }
    text.push_str(match head.output {
        OutputLayer::Softmax => "        return torch.softmax(logits, dim=1)\n",
        OutputLayer::Sigmoid => {
            "        return torch.cat([torch.sigmoid(-logits), torch.sigmoid(logits)], dim=1)\n"
        }
    });
    if is_hooked {
        match architecture.tokens {
            Some(tokens) if tokens.is_averaged => {
                text.push_str(&pool_patches(head.pooling, tokens.own_tokens));
            }
            _ => text.push_str(pool(head.pooling)),
        }
    }
    text
}

/// A stage's output to one vector a picture.
fn pool(pooling: Pooling) -> &'static str {
    match pooling {
        Pooling::Average => {
            r#"

def pool(output):
    """The class token of a transformer, else the mean over all places."""
    return output[:, 0] if output.dim() == 3 else output.mean(dim=(2, 3))
"#
        }
        Pooling::Max => {
            r#"

def pool(output):
    """The class token of a transformer, else the largest value over all places."""
    return output[:, 0] if output.dim() == 3 else output.amax(dim=(2, 3))
"#
        }
        Pooling::AverageMax => {
            r#"

def pool(output):
    """The largest value over all places and the mean; of a transformer the class token, twice."""
    if output.dim() == 3:
        return torch.cat([output[:, 0], output[:, 0]], dim=1)
    return torch.cat([output.amax(dim=(2, 3)), output.mean(dim=(2, 3))], dim=1)
"#
        }
    }
}

/// The same for a transformer whose features are the mean of its patches, which stand behind `own` other tokens.
fn pool_patches(pooling: Pooling, own: i64) -> String {
    let (twice, pooled) = match pooling {
        Pooling::Average | Pooling::Max => ("", "output"),
        Pooling::AverageMax => (", twice", "torch.cat([output, output], dim=1)"),
    };
    format!(
        r#"

def pool(output):
    """The mean of the patches of a transformer, or what is pooled already{twice}."""
    if output.dim() == 3:
        output = output[:, {own}:].mean(dim=1)
    return {pooled}
"#
    )
}

/// Name and module of each part of the head that takes `width` values.
fn head_modules(head: &HeadConfig, mut width: i64, classes: usize) -> Vec<(String, String)> {
    let mut modules = Vec::new();
    for (index, layer) in head.layers.iter().enumerate() {
        let name = index.to_string();
        match layer {
            HeadLayer::Dense { units, activation } => {
                modules.push((name, format!("nn.Linear({width}, {units})")));
                width = i64::from(*units);
                let activation = match activation {
                    Activation::Relu => "ReLU",
                    Activation::Gelu => "GELU",
                    Activation::Silu => "SiLU",
                    Activation::Tanh => "Tanh",
                    Activation::Linear => continue,
                };
                let name = format!("{index}_{}", activation.to_lowercase());
                modules.push((name, format!("nn.{activation}()")));
            }
            HeadLayer::BatchNorm => modules.push((name, format!("nn.BatchNorm1d({width})"))),
            HeadLayer::Dropout(share) => modules.push((name, format!("nn.Dropout({share:?})"))),
        }
    }
    let outputs = match head.output {
        OutputLayer::Softmax => classes,
        OutputLayer::Sigmoid => 1,
    };
    modules.push((
        "output".to_owned(),
        format!("nn.Linear({width}, {outputs})"),
    ));
    modules
}

const USE: &str = r#"

def load(folder=Path(__file__).parent):
    """The network with the weights in a folder, ready to answer."""
    weights = load_file(Path(folder) / "weights.safetensors")
    head = {name.removeprefix("head."): weights.pop(name) for name in list(weights) if name.startswith("head.")}
    network = Network()
    network.backbone.load_state_dict(weights)
    network.head.load_state_dict(head)
    return network.eval()


@torch.inference_mode()
def predict(network, paths):
    """The probabilities of CLASSES for each of these files [N, classes]."""
    return network(torch.stack([preprocess(read_picture(path)) for path in paths]))


if __name__ == "__main__":
    network = load()
    for path in sys.argv[1:]:
        print(path)
        probabilities = predict(network, [path])[0].tolist()
        for probability, name in sorted(zip(probabilities, CLASSES), key=lambda pair: -pair[0]):
            print(f"  {probability:.6f}  {name}")
"#;

/// A text as Python writes it: JSON's strings are Python's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `[0.485, 0.456, 0.406]`
fn numbers(values: [f64; 3]) -> String {
    format!("{values:?}")
}
