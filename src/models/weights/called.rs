//! What a network is called, beside its tensors: in the file itself, by the hub's folder, by the file's name. Networks of the
//! same names and shapes that compute otherwise are told by nothing else.

use std::path::{Component, Path};

use super::dialect::Dialect;
use crate::models::ArchitectureInfo;
use crate::models::catalogue::timm::{self, TimmWeights};
use crate::models::tokens::TokenLayout;

/// Names under which the hub and its tools keep every network's file.
const NAMELESS: [&str; 3] = ["model", "pytorch_model", "open_clip_pytorch_model"];

/// timm's networks that blur before they halve a picture, without weights of their own for it: how the names of backbones
/// begin that have such twins, and theirs.
const BLURRED: [(&str, &[&str]); 2] = [
    ("resnet", &["resnetblur", "resnetaa"]),
    (
        "mobilenetv4_conv_medium",
        &["mobilenetv4_conv_aa", "mobilenetv4_conv_blur"],
    ),
];

/// On what data timm's weights were trained: the end of a tag that timm gives.
const DATA: [&str; 10] = [
    "in1k", "in12k", "in21k", "in22k", "in22ft1k", "lvd142m", "lvd1689m", "yfcc100m", "ig1b",
    "webli",
];

/// Ways to train a vision transformer whose pictures are prepared otherwise than for the usual weights.
const METHODS: [&str; 8] = [
    "deit", "dino", "mae", "moco", "mocov3", "ibot", "msn", "clip",
];

/// All that says so, the most reliable first.
#[derive(Debug, Default)]
pub(super) struct Called {
    sayings: Vec<Saying>,
}

#[derive(Debug)]
struct Saying {
    name: String,
    by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Written in the file.
    File,
    /// The hub's folder in a cache.
    Hub,
    /// timm's folder there.
    TimmsHub,
    /// The folder of a file that is called as all are.
    Folder,
    FileName,
}

impl By {
    fn sentence(self, name: &str) -> String {
        match self {
            Self::File => format!("the file calls its network “{name}”"),
            Self::Hub | Self::TimmsHub | Self::Folder => {
                format!("the file's folder calls its network “{name}”")
            }
            Self::FileName => format!("the file is called “{name}”"),
        }
    }
}

/// timm's `tf_` networks and its own have the same names and shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twin {
    Tf,
    Plain,
}

impl Called {
    /// Of the file at `path`, which calls its network `architecture`.
    pub fn new(path: &Path, architecture: Option<&str>) -> Self {
        let mut sayings = Vec::new();
        let mut say = |name: &str, by| {
            sayings.push(Saying {
                name: name.to_owned(),
                by,
            });
        };
        if let Some(name) = architecture {
            say(name, By::File);
        }
        let parts: Vec<&str> = path
            .components()
            .filter_map(|part| match part {
                Component::Normal(part) => part.to_str(),
                _ => None,
            })
            .collect();
        for part in &parts {
            if let Some((organisation, name)) = part
                .strip_prefix("models--")
                .and_then(|rest| rest.rsplit_once("--"))
            {
                let is_timms = organisation == "timm";
                say(name, if is_timms { By::TimmsHub } else { By::Hub });
            }
        }
        if let Some((file, folders)) = parts.split_last() {
            let stem = file.split('.').next().unwrap_or_default();
            match folders.last() {
                Some(folder) if NAMELESS.contains(&stem) => say(folder, By::Folder),
                _ => say(file, By::FileName),
            }
        }
        Self { sayings }
    }

    /// timm's weights for `info` that a file in these names is taken for.
    pub fn timm(&self, info: &ArchitectureInfo, dialect: Dialect) -> Option<&'static TimmWeights> {
        self.named(info, dialect)
            // The names of the layers tell timm's networks from torchvision's.
            .or_else(|| {
                (dialect.foreign && dialect.name == "timm").then(|| timm::of(info).next())?
            })
    }

    /// The same, where it is named.
    fn named(&self, info: &ArchitectureInfo, dialect: Dialect) -> Option<&'static TimmWeights> {
        let is_said = |name: &str| self.sayings.iter().any(|saying| says(&saying.name, name));
        // A name with its tag is nobody's but timm's, and so is what timm called it before.
        let mut tagged: Vec<(&str, &TimmWeights)> = timm::of(info)
            .flat_map(|weights| {
                let others = weights.other_names.iter().copied();
                others
                    .chain([weights.name])
                    .map(move |name| (name, weights))
            })
            .filter(|(name, _)| is_said(name))
            .collect();
        // `in12k_ft_in1k_384` and not the `in12k_ft_in1k` in it.
        tagged.sort_by_key(|(name, _)| name.len());
        if let Some((_, weights)) = tagged.pop() {
            return Some(weights);
        }
        // Without a tag: of the network's names in timm, those that the backbone has not.
        timm::of(info).find(|weights| {
            dialect.name == "timm" && weights.network() != info.name && is_said(weights.network())
        })
    }

    /// What is doubtful about a file that fits `info` by names and shapes.
    ///
    /// # Errors
    /// When it is said to be another network, of the same names and shapes.
    pub fn doubts(&self, info: &ArchitectureInfo, dialect: Dialect) -> Result<Vec<String>, String> {
        let mut doubts: Vec<String> = Vec::new();
        doubts.extend(self.twin(info, dialect)?);
        self.blurred(info)?;
        let other = self
            .sayings
            .iter()
            .filter(|saying| matches!(saying.by, By::File | By::Hub | By::TimmsHub))
            .find(|saying| !is_own(info, &saying.name));
        if let Some(saying) = other {
            doubts.push(format!(
                "{}, which is no name of {} known here: be sure that it computes the same",
                saying.by.sentence(&saying.name),
                info.title
            ));
        }
        doubts.extend(self.preprocessing_in_doubt(info, dialect));
        Ok(doubts)
    }

    /// timm has two networks of the same names and shapes: its own, and `tf_…`, which pads as TensorFlow does.
    fn twin(&self, info: &ArchitectureInfo, dialect: Dialect) -> Result<Option<String>, String> {
        let is_lite = info.name.starts_with("efficientnet_lite");
        let has_twin = is_lite
            || info.name.starts_with("efficientnet_b")
            || info.name.starts_with("mobilenet_v3");
        if dialect.name != "timm" || !has_twin {
            return Ok(None);
        }
        let told = self.sayings.iter().find_map(|saying| {
            let twin = told_twin(info, saying)?;
            Some((twin, saying.by.sentence(&saying.name)))
        });
        match told {
            Some((Twin::Tf, said)) if !is_lite => Err(format!(
                "{said}, a tf_ network of timm, which pads its pictures as TensorFlow does; its names are the same but this \
                 backbone would compute something else: take timm's file without tf_"
            )),
            Some((Twin::Plain, said)) if is_lite => Err(format!(
                "{said}, timm's own network, but EfficientNet-Lite here pads as TensorFlow does; its names are the same but \
                 it would compute something else: take timm's file that begins with tf_"
            )),
            Some(_) => Ok(None),
            None => Ok(Some(format!(
                "timm's tf_ networks have the same names and shapes but other padding, and this file does not say which it \
                 is: be sure that these weights are of the {} one",
                if is_lite { "tf_" } else { "plain" }
            ))),
        }
    }

    fn blurred(&self, info: &ArchitectureInfo) -> Result<(), String> {
        let twins = BLURRED.iter().find(|(own, _)| info.name.starts_with(own));
        let Some((_, twins)) = twins else {
            return Ok(());
        };
        for saying in &self.sayings {
            if twins.iter().any(|blurred| holds(&saying.name, blurred)) {
                return Err(format!(
                    "{}, a network of timm that blurs before it halves its pictures; its names and shapes are the same but \
                     {} would compute something else: take a file of the plain network",
                    saying.by.sentence(&saying.name),
                    info.title
                ));
            }
            if is_own(info, &saying.name) {
                break;
            }
        }
        Ok(())
    }

    /// Whose pictures are known to be prepared in a way of their own, and nothing here says in which.
    fn preprocessing_in_doubt(&self, info: &ArchitectureInfo, dialect: Dialect) -> Option<String> {
        if self.named(info, dialect).is_some() {
            return None;
        }
        let is_transformer = TokenLayout::of(info.name).is_some();
        let saying = self.sayings.iter().find(|saying| {
            let name = saying.name.to_ascii_lowercase();
            let is_published = info
                .weights
                .iter()
                .any(|weights| weights.file_name == saying.name);
            let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
            !is_published
                && (saying.by == By::TimmsHub
                    || words.any(|word| {
                        DATA.contains(&word) || is_transformer && METHODS.contains(&word)
                    }))
        })?;
        Some(format!(
            "{}, and how the pictures of those weights are prepared is not recorded here: what is taken is a guess, which \
             backbone.preprocessing in a preset replaces",
            saying.by.sentence(&saying.name)
        ))
    }
}

/// Which of the two networks a name means, if it does.
fn told_twin(info: &ArchitectureInfo, saying: &Saying) -> Option<Twin> {
    let name = saying.name.to_ascii_lowercase();
    // `timm/tf_efficientnet_b0`
    let last = name.rsplit(['/', ':']).next().unwrap_or_default();
    let begins = |starts: [&str; 2]| match saying.by {
        By::FileName => starts.iter().any(|start| holds(last, start)),
        _ => starts.iter().any(|start| last.starts_with(start)),
    };
    if begins(["tf_efficientnet", "tf_mobilenet"]) {
        return Some(Twin::Tf);
    }
    // A person may well call a file after the backbone; what timm wrote, and a tag, say more.
    let is_tagged = timm::of(info).any(|weights| says(&name, weights.name));
    let is_timms = match saying.by {
        By::File | By::TimmsHub => begins(["efficientnet_", "mobilenetv3_"]),
        By::Hub | By::Folder | By::FileName => is_tagged,
    };
    is_timms.then_some(Twin::Plain)
}

/// Whether `name` may be one of `info`: whole, without its tag, or a beginning of it (`vit_small`, `resnet`).
fn is_own(info: &ArchitectureInfo, name: &str) -> bool {
    let last = name.rsplit(['/', ':']).next().unwrap_or_default();
    let untagged = last.split('.').next().unwrap_or_default();
    let timms = timm::of(info).flat_map(|weights| {
        let others = weights.other_names.iter().copied();
        others.chain([weights.network()])
    });
    let mut own = timms.chain([info.name, info.title]);
    let said = [name, last, untagged].map(plain);
    own.any(|own| {
        let is_beginning = |said: &String| said.len() > 2 && plain(own).starts_with(said.as_str());
        says(last, own) || said.iter().any(is_beginning)
    }) || info.name.starts_with("vit_") && said.iter().any(|said| said == "visiontransformer")
}

/// Letters and digits only.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether `text` names `name`, with whatever separators, and not a longer name that begins or ends with it.
fn says(text: &str, name: &str) -> bool {
    let even = |text: &str| text.to_ascii_lowercase().replace(['.', '-', ' '], "_");
    let (text, wanted) = (text.to_ascii_lowercase(), even(name));
    even(&text).match_indices(&wanted).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + wanted.len()..]);
        let is_inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        // `tf_efficientnet_b0` is another network than `efficientnet_b0`.
        let is_longer = before.ends_with('_') && !before.ends_with("timm_");
        !is_inside(before.chars().next_back()) && !is_longer && !is_inside(after.chars().next())
    })
}

/// Whether a word of `text` begins with `start`.
fn holds(text: &str, start: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut found = text.match_indices(start);
    found.any(|(offset, _)| !text[..offset].ends_with(|c: char| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
#[path = "called_tests.rs"]
mod tests;
