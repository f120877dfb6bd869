//! Pictures: found, split, decoded, brought to size, augmented and handed out in batches.
//! Plain pixels and numbers; tensors are made from them in `training/`.

pub mod augment;
pub mod below;
pub mod contents;
pub mod decode;
pub(crate) mod disjoint;
pub mod duplicates;
pub mod folds;
pub mod hash;
pub mod hashed_once;
mod mapped;
pub mod nested;
pub mod problems;
mod random;
pub mod records;
pub mod replace;
pub mod scan;
pub mod speed;
pub mod split;
pub mod split_names;
pub mod square;
pub mod store;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use self::records::RecordFile;

/// A labelled set of pictures, as a scan found it. Cheap to clone behind an `Arc`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dataset {
    /// In the order of their labels: alphabetical, unless the experiment names them.
    pub classes: Vec<String>,
    pub pictures: Vec<Picture>,
    /// What was skipped, with the reason.
    pub problems: Vec<Problem>,
    /// Usable pictures that the experiment leaves out, in the order of the source.
    pub excluded: Vec<Excluded>,
    /// What was taken where the source left a choice, and what of it deserves a look.
    pub remarks: Vec<Remark>,
}

impl Dataset {
    /// Of the largest picture.
    pub fn largest_pixels(&self) -> u64 {
        let sizes = self.pictures.iter().map(|picture| picture.size);
        let pixels = sizes.map(|(width, height)| u64::from(width) * u64::from(height));
        pixels.max().unwrap_or(0)
    }
}

/// What a person should know about a source that was read: shown where they see the data, and in a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    pub kind: RemarkKind,
    /// A whole sentence: "The classes are in column “dx”, because of its name." A remedy names the window's control.
    pub text: String,
    /// The preset's field that changes what was taken, for those who work without the window: `data.source.label_column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemarkKind {
    /// What was read, by which rule, where there was a choice.
    Taken,
    /// What is probably not what the person wants.
    Warning,
}

impl Remark {
    pub fn taken(text: impl Into<String>) -> Self {
        Self {
            kind: RemarkKind::Taken,
            text: text.into(),
            field: None,
        }
    }

    pub fn warning(text: impl Into<String>) -> Self {
        Self {
            kind: RemarkKind::Warning,
            text: text.into(),
            field: None,
        }
    }

    /// With the preset's field that changes what was taken.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The setting that keeps pictures of one thing together, where that is what the remark is about.
    pub fn proposed_group(&self) -> Option<&str> {
        let field = self.field.as_deref()?;
        field.starts_with("data.split.group=").then_some(field)
    }

    /// As logs and the command line say it: the preset's field follows the window's words.
    pub fn with_field(&self) -> String {
        match &self.field {
            Some(field) => format!("{} (In a preset: {field}.)", self.text),
            None => self.text.clone(),
        }
    }
}

/// A picture that the experiment leaves out. It takes part in the draw of the split, so that the others
/// stay where they are without it, and in nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Excluded {
    pub picture: Picture,
    /// How many of [`Dataset::pictures`] stand before it in the source.
    pub before: usize,
}

/// One usable picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub source: PictureSource,
    /// Relative to the data's root, with `/`: what predictions and splits call it. Unique.
    pub name: String,
    /// Index into [`Dataset::classes`].
    pub label: u32,
    /// Width and height in pixels, after any EXIF rotation.
    pub size: (u32, u32),
    /// Set when the source itself assigns it.
    pub split: Option<Split>,
    /// The patient, cell or video that it belongs to: pictures of one group stay in one part of the split.
    pub group: Option<Arc<str>>,
}

/// Where a picture's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PictureSource {
    File(PathBuf),
    /// The nth picture of a file that holds many.
    Record {
        file: Arc<RecordFile>,
        index: u64,
    },
}

/// What was skipped while scanning, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    #[serde(serialize_with = "crate::shown::serialize_path")]
    pub path: PathBuf,
    /// A sentence for the person: "cut off: the JPEG has no end marker".
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    Train,
    Validation,
    Test,
}

impl Split {
    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// Understands what people call it, such as `training`, `val` or `Test set`; see [`split_names`]. An evaluation is
    /// a test; whoever sees all names at once asks [`split_names::assign`].
    pub fn from_name(name: &str) -> Option<Self> {
        let word = split_names::split_word(name)?;
        split_names::assign(&[word]).into_iter().next().flatten()
    }
}

/// Which picture belongs where: indices into [`Dataset::pictures`], each ascending, disjoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SplitIndices {
    pub train: Vec<usize>,
    pub validation: Vec<usize>,
    pub test: Vec<usize>,
}

impl SplitIndices {
    /// Every picture that is used: training, validation, test.
    pub fn all(&self) -> Vec<usize> {
        [&self.train[..], &self.validation, &self.test].concat()
    }
}

/// An RGB picture, 8 bits a channel, rows from the top, no padding: `width * height * 3` bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

impl Pixels {
    /// A picture of one colour.
    pub fn filled(width: u32, height: u32, color: [u8; 3]) -> Self {
        let count = width as usize * height as usize;
        Self {
            width,
            height,
            rgb: color.iter().copied().cycle().take(count * 3).collect(),
        }
    }
}

impl std::fmt::Debug for Pixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pixels({} x {})", self.width, self.height)
    }
}

/// Asks a long piece of work to end soon; clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What can go wrong with pictures. Messages end with the path.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("stopped")]
    Stopped,
    #[error(
        "no pictures are chosen yet: open a folder of pictures sorted by class, or a table of paths and labels"
    )]
    NoSource,
    /// The source as a whole is unusable; the text says what to do.
    #[error("{reason}: {path}")]
    Source { reason: String, path: PathBuf },
    /// One picture is unusable.
    #[error("{reason}: {path}")]
    Picture { reason: String, path: PathBuf },
    /// The pictures can't be split as asked; the text says what to do.
    #[error("{0}")]
    Split(String),
}

/// A picture is skipped beyond this many pixels a side …
pub const MAX_SIDE: u32 = 16_384;
/// … or this many in all.
pub const MAX_PIXELS: u64 = 100_000_000;

impl PictureSource {
    /// The file that holds the picture.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Record { file, .. } => file.path(),
        }
    }
}

impl DataError {
    /// The same as an entry of [`Dataset::problems`].
    pub fn into_problem(self, path: &Path) -> Problem {
        let reason = match self {
            Self::Source { reason, .. } | Self::Picture { reason, .. } => reason,
            other => other.to_string(),
        };
        Problem {
            path: path.to_path_buf(),
            reason,
        }
    }
}
