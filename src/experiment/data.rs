//! Where the pictures come from, how they are split, and how one becomes a square.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The pictures of an experiment and their split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    pub source: DataSource,
    /// The classes to keep, by name; empty keeps all.
    pub classes: Vec<String>,
    pub split: SplitConfig,
    /// Train on at most this many pictures (stratified, seeded); validation and test stay whole.
    pub limit: Option<usize>,
    /// Names of pictures to leave out, as scans, splits and predictions call them. Their files are never
    /// touched, and the other pictures stay in the split where they were.
    pub exclude: Vec<String>,
    pub fit: Fit,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: DataSource::Unset,
            classes: Vec::new(),
            split: SplitConfig::default(),
            limit: None,
            exclude: Vec::new(),
            fit: Fit::CenterCrop,
        }
    }
}

/// A set of labelled pictures on disk. Paths may start with `$GRAFT_DATA/`, the folder that holds
/// what `cargo xtask setup` fetched, or be relative to the preset's own folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::large_enum_variant,
    reason = "an experiment has one, so that its size is no matter"
)]
pub enum DataSource {
    /// Nothing chosen yet.
    #[default]
    Unset,
    /// One folder per class: `DIR/cat/*.jpg`, `DIR/dog/*.jpg`.
    ClassFolders { path: PathBuf },
    /// `DIR/train/CLASS`, `DIR/validation/CLASS` (or `val`, `valid`), `DIR/test/CLASS`.
    SplitFolders { path: PathBuf },
    /// A comma-, semicolon-, tab- or whitespace-separated table; picture paths are relative to it.
    Table {
        file: PathBuf,
        #[serde(default)]
        path_column: Column,
        #[serde(default = "Column::second")]
        label_column: Column,
        /// Holds `train`, `validation` or `test`, or other values that `split_values` tells.
        #[serde(default)]
        split_column: Option<Column>,
        /// Turns a number in the label column into two classes.
        #[serde(default)]
        threshold: Option<Threshold>,
        /// One column for each class, with a 1 for the picture's class and a 0 for the others: takes the place of
        /// the label column, and gives the classes their names.
        #[serde(default)]
        one_hot: Vec<Column>,
        /// What the values of the split column mean, such as folds: `[("0", Test), ("1", Train)]`. Empty: they are
        /// understood by their words.
        #[serde(default)]
        split_values: Vec<(String, SplitPart)>,
        /// Another table with the same columns, of validation pictures; its path starts from this table's folder.
        /// Then this table's pictures are for training.
        #[serde(default)]
        validation_table: Option<String>,
        /// Likewise, of test pictures.
        #[serde(default)]
        test_table: Option<String>,
        /// `windows-1252`, `GBK` or another of the web's encodings; told from the table's bytes when absent.
        #[serde(default)]
        encoding: Option<String>,
        /// Pictures in folders called `train`, `validation`, `test` or alike belong there, unless a column says
        /// otherwise.
        #[serde(default)]
        split_from_folders: bool,
    },
    /// The CIFAR-10 binary version's folder: `data_batch_1.bin` to `_5.bin`, `test_batch.bin`.
    Cifar10 { path: PathBuf },
}

impl DataSource {
    /// The folder that its pictures stand in: a table's own. As it is written; nothing where nothing is chosen.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Unset => None,
            Self::ClassFolders { path } | Self::SplitFolders { path } | Self::Cifar10 { path } => {
                Some(path)
            }
            Self::Table { file, .. } => file.parent(),
        }
    }

    /// A table whose first column holds paths and whose second holds labels.
    pub fn table(file: impl Into<PathBuf>) -> Self {
        Self::Table {
            file: file.into(),
            path_column: Column::default(),
            label_column: Column::second(),
            split_column: None,
            threshold: None,
            one_hot: Vec::new(),
            split_values: Vec::new(),
            validation_table: None,
            test_table: None,
            encoding: None,
            split_from_folders: false,
        }
    }
}

/// A column of a table, by its header's name or by its place, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Column {
    Name(String),
    Index(usize),
}

impl Default for Column {
    fn default() -> Self {
        Self::Index(0)
    }
}

impl Column {
    fn second() -> Self {
        Self::Index(1)
    }
}

/// What a value of a table's split column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SplitPart {
    Train,
    Validation,
    Test,
    /// Pictures that take no part.
    Unused,
}

/// Two classes from one number: at or above the limit, or below it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    pub at_least: f64,
    /// The name of the class at or above the limit.
    pub above: String,
    /// The name of the class below the limit.
    pub below: String,
}

impl Default for Threshold {
    /// Halves what is a share.
    fn default() -> Self {
        Self {
            at_least: 0.5,
            above: "0.5 and above".into(),
            below: "below 0.5".into(),
        }
    }
}

/// Shares of all pictures, stratified by class and drawn by the experiment's seed. Pictures that
/// the source itself assigns to a split stay there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Share of the pictures that are not test, 0 to 0.9.
    pub validation: f64,
    /// Share of all pictures, 0 to 0.9.
    pub test: f64,
    /// Draws the split; the experiment's seed when absent, so that several seeds can share a split.
    pub seed: Option<u64>,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            validation: 0.2,
            test: 0.2,
            seed: None,
        }
    }
}

/// How a picture becomes the network's square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Fit {
    /// Resize the shorter side, cut the middle: as the weights were evaluated.
    #[default]
    CenterCrop,
    /// The whole picture, its sides stretched: for defects that sit at borders.
    Squash,
    /// The whole picture with its proportions, on a background of the mean colour.
    Pad,
}
