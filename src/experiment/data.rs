//! Where the pictures come from, how they are split, and how one becomes a square.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Experiment;
use super::training::ClassWeights;

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

impl DataConfig {
    /// Other pictures; what was chosen among the old ones (classes, pictures to leave out, what belongs together) does not
    /// hold for them.
    pub fn take_source(&mut self, source: DataSource) {
        if self.source == source {
            return;
        }
        self.source = source;
        self.classes.clear();
        self.exclude.clear();
        self.split.group = None;
        self.split.together.clear();
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
    /// CIFAR-10's folder, of its binary version (`data_batch_1.bin` to `_5.bin`, `test_batch.bin`) or its
    /// Python version (the same without `.bin`).
    Cifar10 { path: PathBuf },
    /// CIFAR-100's folder, of its binary version (`train.bin`, `test.bin`) or its Python version (`train`,
    /// `test`, `meta`).
    Cifar100 {
        path: PathBuf,
        #[serde(default)]
        labels: CifarLabels,
    },
    /// A folder of MNIST's files, gzipped or not: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-…`; or one of those files where several sets share a folder, as EMNIST's do.
    Idx { path: PathBuf },
    /// NumPy's arrays: an `.npz` file, or a folder of `.npy` files, with pictures and labels by MedMNIST's or
    /// Keras' names: `train_images`, `train_labels`, `val_…`, `test_…`; `x_train`, `y_train`; `images`, `labels`.
    Arrays { path: PathBuf },
}

impl DataSource {
    /// The folder or file that it names.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unset => None,
            Self::ClassFolders { path }
            | Self::SplitFolders { path }
            | Self::Cifar10 { path }
            | Self::Cifar100 { path, .. }
            | Self::Idx { path }
            | Self::Arrays { path }
            | Self::Table { file: path, .. } => Some(path),
        }
    }

    pub fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Unset => None,
            Self::ClassFolders { path }
            | Self::SplitFolders { path }
            | Self::Cifar10 { path }
            | Self::Cifar100 { path, .. }
            | Self::Idx { path }
            | Self::Arrays { path }
            | Self::Table { file: path, .. } => Some(path),
        }
    }
}

/// Which of CIFAR-100's two labels are the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum CifarLabels {
    /// The 100 classes.
    #[default]
    Fine,
    /// The 20 superclasses.
    Coarse,
}

impl DataSource {
    /// The folder that its pictures stand in: a table's own. As it is written; nothing where nothing is chosen.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Unset => None,
            Self::Table { file, .. } => file.parent(),
            other => other.path(),
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
        Self::new(0.5)
    }
}

impl Threshold {
    /// Classes whose names say the limit.
    pub fn new(at_least: f64) -> Self {
        Self {
            at_least,
            above: format!("{at_least} and above"),
            below: format!("below {at_least}"),
        }
    }

    /// The same after its limit was `limit`: a name that said so says the new one, a person's own stays.
    fn following(&self, limit: f64) -> Self {
        let (said, now) = (Self::new(limit), Self::new(self.at_least));
        let name = |name: &String, said, now| if *name == said { now } else { name.clone() };
        Self {
            at_least: self.at_least,
            above: name(&self.above, said.above, now.above),
            below: name(&self.below, said.below, now.below),
        }
    }
}

impl Experiment {
    /// After the limit of its threshold was `limit`: names of classes that said so say the new one, wherever they stand.
    pub fn follow_threshold(&mut self, limit: f64) {
        let DataSource::Table {
            threshold: Some(threshold),
            ..
        } = &mut self.data.source
        else {
            return;
        };
        let following = threshold.following(limit);
        let before = std::mem::replace(threshold, following.clone());
        let mut classes: Vec<&mut String> = self.data.classes.iter_mut().collect();
        if let ClassWeights::Custom(weights) = &mut self.training.class_weights {
            classes.extend(weights.iter_mut().map(|(class, _)| class));
        }
        for class in classes {
            if *class == before.above {
                class.clone_from(&following.above);
            } else if *class == before.below {
                class.clone_from(&following.below);
            }
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
    /// What must not stand on two sides of the split: pictures of one patient, cell or video stay together.
    pub group: Option<GroupBy>,
    /// Further pictures that stay together, by their names, a list for each set: such as those that look alike. Whoever has
    /// a group with one of them goes with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<Vec<String>>,
    /// Cross-validation: into how many folds the pictures are divided, 2 to 20. One network is trained for each, and
    /// tested on it; together they are one result. The share `test` is not used then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<u32>,
    /// Of a cross-validation, the fold that this one network is tested on, 1 to `folds`; 0 for the network that is
    /// trained on all folds and tested on none. Absent: the whole cross-validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<u32>,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            validation: 0.2,
            test: 0.2,
            seed: None,
            group: None,
            together: Vec::new(),
            folds: None,
            fold: None,
        }
    }
}

impl SplitConfig {
    /// The number of folds of a whole cross-validation, which is several trainings; nothing where the split is one
    /// training's.
    pub fn cross_validation(&self) -> Option<u32> {
        self.folds.filter(|_| self.fold.is_none())
    }
}

/// What tells which pictures belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupBy {
    /// A table's column: `Column(Name("patient_id"))`.
    Column(Column),
    /// A folder's name: 1 is the folder that holds the picture, 2 the one above it.
    Folder(usize),
    /// A regular expression on the picture's file name, or on its whole name if it holds a `/`: what its first
    /// group matches, or all that it matches. `Pattern("^(p\\d+)_")` makes `p012` of `p012_03.jpg`.
    Pattern(String),
}

impl FromStr for GroupBy {
    type Err = String;

    /// As the command line has it: `folder`, `folder:2`, `column:patient_id`, `column:3` (counted from 1),
    /// `pattern:^(p\d+)_`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match (kind.trim(), rest) {
            ("folder", "") => Ok(Self::Folder(1)),
            ("folder", level) => level.trim().parse().map(Self::Folder).map_err(|_| {
                format!("the folder's level is {level:?}: write folder:1 for the folder that holds a picture")
            }),
            ("column", name) if !name.trim().is_empty() => {
                Ok(Self::Column(match name.trim().parse::<usize>() {
                    Ok(place @ 1..) => Column::Index(place - 1),
                    _ => Column::Name(name.trim().to_owned()),
                }))
            }
            ("pattern", pattern) if !pattern.is_empty() => Ok(Self::Pattern(pattern.to_owned())),
            _ => Err(format!(
                "{text:?} tells no groups: write folder:1, column:NAME or pattern:REGEX"
            )),
        }
    }
}

impl fmt::Display for GroupBy {
    /// The inverse of [`GroupBy::from_str`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(Column::Name(name)) => write!(f, "column:{name}"),
            Self::Column(Column::Index(index)) => write!(f, "column:{}", index.saturating_add(1)),
            Self::Folder(level) => write!(f, "folder:{level}"),
            Self::Pattern(pattern) => write!(f, "pattern:{pattern}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::preset::set_field;

    #[test]
    fn names_that_say_the_threshold_follow_it_and_a_persons_own_stay() {
        let mut experiment = Experiment::default();
        experiment.data.source = DataSource::table("/pictures/labels.csv");
        if let DataSource::Table { threshold, .. } = &mut experiment.data.source {
            *threshold = Some(Threshold::default());
        }
        experiment.data.classes = vec!["below 0.5".into(), "0.5 and above".into()];
        experiment.training.class_weights =
            ClassWeights::Custom(vec![("0.5 and above".into(), 2.0)]);
        let names = |experiment: &Experiment| match &experiment.data.source {
            DataSource::Table {
                threshold: Some(threshold),
                ..
            } => (threshold.above.clone(), threshold.below.clone()),
            other => panic!("{other:?}"),
        };
        set_field(&mut experiment, "data.source.threshold.at_least=0.002").unwrap();
        assert_eq!(
            names(&experiment),
            ("0.002 and above".into(), "below 0.002".into())
        );
        assert_eq!(experiment.data.classes, ["below 0.002", "0.002 and above"]);
        assert_eq!(
            experiment.training.class_weights,
            ClassWeights::Custom(vec![("0.002 and above".into(), 2.0)])
        );
        set_field(&mut experiment, "data.source.threshold.above=defective").unwrap();
        experiment.data.classes.clear();
        experiment.training.class_weights = ClassWeights::Equal;
        set_field(&mut experiment, "data.source.threshold.at_least=1").unwrap();
        assert_eq!(names(&experiment), ("defective".into(), "below 1".into()));
    }
}
