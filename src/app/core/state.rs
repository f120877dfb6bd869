//! What the window knows, as plain data. Nothing here draws.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::feature_cache::FeatureCacheState;
use super::gallery::GalleryState;
use super::learning_curve::LearningCurveState;
use super::prediction::PredictionState;
use super::shootout::ShootoutState;
use super::sweep::SweepState;
use crate::analysis::Comparison;
use crate::app::core::evaluation::EvaluationState;
use crate::data::scan::TablePreview;
use crate::data::{Dataset, PictureSource, Pixels, Split, SplitIndices};
use crate::experiment::{
    Augmentation, BackboneConfig, DataConfig, DataSource, Experiment, FieldProblem, WeightsSource,
};
use crate::models::device::Devices;
use crate::models::speed::{Measured, Taken};
use crate::models::tree::LayerTree;
use crate::models::weights::Examined;
use crate::runs::{Listed, RunSummary};
use crate::training::EpochMetrics;
use crate::training::estimate::PictureCounts;
use crate::training::events::Progress;
use crate::training::movement::Movement;
use crate::training::pretrained::RankedClass;
use crate::worker::messages::{AugmentedVersion, RunId};

/// Tells open experiments apart for as long as the window lives: their indices in the list change when one is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(u64);

impl DocumentId {
    /// One that no other document has had.
    pub fn unused() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One open experiment: what a text editor would call a document.
#[derive(Debug, Clone)]
pub struct Document {
    /// What an edit, an answer of a dialog and a half-typed text say whom they are for.
    pub id: DocumentId,
    pub experiment: Experiment,
    /// As last saved or loaded: what [`Document::is_changed`] compares with.
    pub saved: Experiment,
    pub file: Option<PathBuf>,
    /// Where relative paths start while there is no file: a copy's original folder.
    pub origin: Option<PathBuf>,
    /// Whether `Train` includes it.
    pub included: bool,
    pub undo: Vec<Experiment>,
    pub redo: Vec<Experiment>,
    /// The control that made the last edit, so that a dragged slider is one step.
    pub last_edit: Option<&'static str>,
    /// Out-of-range fields, kept up to date after every edit.
    pub problems: Vec<FieldProblem>,
}

impl Document {
    pub fn is_changed(&self) -> bool {
        self.experiment != self.saved
    }
}

/// What is known of the active experiment's pictures.
#[derive(Debug, Clone, Default)]
pub enum Scan {
    #[default]
    None,
    Running {
        done: usize,
        total: usize,
    },
    Done {
        data: Box<DataConfig>,
        seed: u64,
        dataset: Arc<Dataset>,
        split: Arc<SplitIndices>,
    },
    Failed(String),
}

impl Scan {
    /// Nothing until the pictures have been looked through.
    pub fn dataset(&self) -> Option<&Arc<Dataset>> {
        match self {
            Self::Done { dataset, .. } => Some(dataset),
            _ => None,
        }
    }

    /// How many pictures each part of the split has.
    pub fn counts(&self) -> Option<PictureCounts> {
        match self {
            Self::Done { dataset, split, .. } => Some(PictureCounts::new(dataset, split)),
            _ => None,
        }
    }
}

/// A layer tree, or why there is none.
#[derive(Debug, Clone, Default)]
pub enum Tree {
    #[default]
    None,
    Loading,
    Ready(Arc<LayerTree>),
    Failed(String),
}

/// A run of this session or an earlier one, as the views show it.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// The folder's name; before the folder stands, a placeholder.
    pub id: String,
    pub run: Option<RunId>,
    pub folder: Option<PathBuf>,
    pub name: String,
    pub state: RecordState,
    pub metrics: Vec<EpochMetrics>,
    /// Epoch at which each later phase began (counted from 1), and its name.
    pub phase_starts: Vec<(u32, String)>,
    pub epochs_planned: u32,
    pub progress: Option<Progress>,
    /// Where several graphics cards train, the index of the one that trains it.
    pub card: Option<usize>,
    /// Held by itself, whatever the others do.
    pub paused: bool,
    /// Of a cross-validation that is being trained: which fold, of how many. Fold 0 is all of them.
    pub fold: Option<(u32, u32)>,
    pub summary: Option<RunSummary>,
    /// Index into the run colours: a run keeps its colour in every view.
    pub color: usize,
    /// Whether its curves are drawn.
    pub shown: bool,
    pub warnings: Vec<String>,
    /// How far each layer moved, once the folder has been read.
    pub movement: Arc<Vec<Movement>>,
    /// Its number, what a person says of it, its settings and its size on disk.
    pub listed: Listed,
    /// What it is called: see [`super::run_names`], which keeps it up to date.
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordState {
    Queued,
    Running,
    Finished,
    Stopped,
    Failed(String),
    /// Another window or a command trains it now.
    Elsewhere,
    /// Its process ended without a word; the folder says how far it came.
    Interrupted,
}

/// A message in the window that stays until it is dismissed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: u64,
    pub kind: NoticeKind,
    pub title: String,
    pub text: String,
    /// What it is about: when that has gone, so has the notice.
    pub cause: Option<Cause>,
}

/// What a notice is about. A new one about the same thing takes the place of the old one, and when the thing goes well
/// the notice goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// What was to be opened as pictures.
    Pictures,
    /// A file that was to be opened as a preset.
    Preset(PathBuf),
    /// A document that was to be saved.
    Saving(DocumentId),
    /// A document that was to be trained.
    Training(DocumentId),
    /// No experiment is open that could take what was given.
    NoDocument,
    /// A field holds what is no number.
    RefusedNumber,
    /// The trainer does not answer.
    Trainer,
    /// A run of this experiment's name failed.
    Run(String),
    /// The folder of a run that was to be read.
    RunFolder(PathBuf),
    /// The folder that runs are listed from.
    RunsFolder,
    /// What is said of runs was to be changed, or they were to be put away.
    ChangingRuns,
    /// Runs were moved to the trash, from these folders: they can be put back.
    Trashed(Vec<PathBuf>),
    /// A figure that was to be copied.
    Copying,
    /// Figures that were to be written.
    Export,
    /// Answers that were to be saved as a table.
    SavingAnswers,
    /// Pictures that were placed by class, or taken back.
    Placing,
    /// A run's network that was to be written.
    NetworkExport,
    /// A sweep that was to be opened, saved or trained.
    Sweep,
    /// Networks that were to be compared on the pictures at hand.
    Shootout,
    /// A learning rate that was to be found.
    RateFinder,
    /// Libtorch's CUDA part, which was to be installed.
    CudaInstallation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    Info,
    Warning,
    Error,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Local time of day, `10:15:03`.
    pub time: String,
    pub kind: NoticeKind,
    pub text: String,
}

/// The augmented versions of the previewed picture.
#[derive(Debug, Clone)]
pub struct Preview {
    pub index: usize,
    pub augmentation: Augmentation,
    pub original: Pixels,
    pub versions: Vec<AugmentedVersion>,
}

/// The answer of the untouched network to one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub backbone: String,
    /// Whose weights answered: another experiment's may be others.
    pub weights: WeightsSource,
    pub source: PictureSource,
    /// ImageNet's most probable classes, or why there is no answer.
    pub result: Result<Vec<RankedClass>, String>,
}

impl Seen {
    /// Whether this is what the network of `backbone` sees in the picture.
    pub fn is_of(&self, source: &PictureSource, backbone: &BackboneConfig) -> bool {
        self.source == *source && self.backbone == backbone.name && self.weights == backbone.weights
    }
}

/// Runs laid side by side, by the ids of their folders.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// In the order of their columns.
    pub chosen: Vec<String>,
    /// Their folders: what was asked for.
    pub folders: Vec<PathBuf>,
    /// Names of runs that were to be compared too, where they were too many.
    pub left_out: Vec<String>,
    /// Whether they are being read.
    pub waiting: bool,
    /// What was read last, or why nothing can be compared.
    pub result: Option<Result<Arc<Comparison>, String>>,
}

/// The first rows of a table.
#[derive(Debug, Clone)]
pub struct PreviewedTable {
    /// The source that named the table.
    pub source: DataSource,
    pub result: Result<Arc<TablePreview>, String>,
}

/// Everything that panels are built from.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub documents: Vec<Document>,
    pub active: usize,
    pub scan: Scan,
    pub tree: Tree,
    /// The table that the active experiment names, as it was looked at last.
    pub table: Option<PreviewedTable>,
    /// Thumbnails by picture index of the scanned data set.
    pub thumbnails: BTreeMap<usize, Result<Arc<Pixels>, String>>,
    pub preview: Option<Arc<Preview>>,
    /// What the untouched network sees in a picture.
    pub seen: Option<Seen>,
    /// Measured on this machine, by backbone.
    pub speeds: BTreeMap<String, Measured>,
    /// The backbone that is being measured, while one is.
    pub measuring: Option<MeasuredNow>,
    /// Backbone and name of the published weights that stand on this machine.
    pub stored_weights: BTreeSet<(String, String)>,
    /// What is in the file that a backbone's weights are read from, of the backbone that was looked at last.
    pub examined_weights: Option<(BackboneConfig, Arc<Examined>)>,
    pub devices: Option<Devices>,
    /// "cpu", "cuda:0"; `None` for the best there is, and for a run on each card where there are several.
    pub device: Option<String>,
    pub runs: Vec<RunRecord>,
    /// Whether the folder of runs has been looked at: before, none are known although there may be some.
    pub runs_listed: bool,
    /// Names what the runs' titles were made of.
    pub titles_of: u64,
    /// Where runs are listed and made.
    pub runs_folder: PathBuf,
    /// Columns of the table of runs that a person hid, by their titles.
    pub hidden_columns: BTreeSet<String>,
    /// Runs that were moved to the trash last, by the folders in which they stood.
    pub trashed: Vec<PathBuf>,
    /// Those of the trash that were shown, and are again once they are back.
    pub shown_in_trash: BTreeSet<PathBuf>,
    /// The run that the results view looks at closely: the last that finished, or was chosen.
    pub selected_run: Option<String>,
    /// The runs that a person selected together, it among them; another one that ended since is selected alone.
    pub selected_with: BTreeSet<String>,
    /// What was opened or dropped on the window and is being read.
    pub reading: Vec<PathBuf>,
    /// The part of a run's pictures that the evaluation shows; the test pictures at first.
    pub shown_split: Option<Split>,
    pub evaluation: EvaluationState,
    /// Runs laid side by side.
    pub comparison: Compared,
    /// How many seeds `Extraction vs. fine-tuning` trains each way with; 0 counts as 1.
    pub compare_seeds: u32,
    pub gallery: GalleryState,
    /// Pictures beside the runs' own, answered.
    pub prediction: PredictionState,
    /// Features of frozen layers that are kept on disk.
    pub features: FeatureCacheState,
    /// Networks measured on the pictures at hand.
    pub shootout: ShootoutState,
    pub sweep: SweepState,
    /// What more pictures would bring.
    pub learning_curve: LearningCurveState,
    /// Everything that trains is held, and so is what begins.
    pub paused: bool,
    pub notices: Vec<Notice>,
    pub log: Vec<LogLine>,
    /// Most recent first.
    pub recent_presets: Vec<PathBuf>,
    /// Folders and tables of pictures, most recent first.
    pub recent_pictures: Vec<PathBuf>,
}

impl State {
    pub fn active_document(&self) -> Option<&Document> {
        self.documents.get(self.active)
    }

    /// Where a document stands in the list, while it is open.
    pub fn position(&self, id: DocumentId) -> Option<usize> {
        self.documents.iter().position(|document| document.id == id)
    }

    /// Whether the active experiment says where its pictures are.
    pub fn has_pictures(&self) -> bool {
        self.active_document()
            .is_some_and(|document| document.experiment.data.source != DataSource::Unset)
    }

    /// Whether a run trains or waits.
    pub fn is_training(&self) -> bool {
        self.runs.iter().any(RunRecord::is_live)
    }

    /// The runs that are selected: the one that is looked at closely, and those that were selected together with it.
    pub fn selected(&self) -> Vec<&RunRecord> {
        (self.runs.iter())
            .filter(|run| self.is_selected(&run.id))
            .collect()
    }

    pub fn is_selected(&self, id: &str) -> bool {
        let Some(main) = &self.selected_run else {
            return false;
        };
        main == id || (self.selected_with.contains(main) && self.selected_with.contains(id))
    }

    /// What trains now: one run, or one on each of several cards.
    pub fn all_running(&self) -> impl Iterator<Item = &RunRecord> {
        (self.runs.iter()).filter(|run| run.state == RecordState::Running)
    }

    /// The run that trains; of several, the one that is looked at closely, else the first.
    pub fn running(&self) -> Option<&RunRecord> {
        let is_selected = |run: &&RunRecord| self.selected_run.as_ref() == Some(&run.id);
        self.all_running()
            .find(is_selected)
            .or_else(|| self.all_running().next())
    }

    /// Whether a run that trains is held, by itself or with all others.
    pub fn is_held(&self, run: &RunRecord) -> bool {
        self.paused || run.paused
    }

    /// Whether everything that trains is held.
    pub fn is_all_held(&self) -> bool {
        self.paused
            || (self.all_running().next().is_some() && self.all_running().all(|run| run.paused))
    }

    /// How many graphics cards train a run each, as the device is chosen; 1 where one device trains one run after the other.
    pub fn cards_at_once(&self) -> usize {
        match (&self.devices, &self.device) {
            (Some(devices), None) => devices.usable().len().max(1),
            _ => 1,
        }
    }

    /// Runs that wait for what trains them.
    pub fn queued(&self) -> usize {
        self.runs.iter().filter(|run| run.waits()).count()
    }

    /// What trains, or has its card and begins.
    pub fn under_way(&self) -> impl Iterator<Item = &RunRecord> {
        (self.runs.iter()).filter(|run| run.is_live() && !run.waits())
    }

    /// The run of this session that the trainer knows by this name.
    pub fn live_run(&mut self, run: RunId) -> Option<&mut RunRecord> {
        self.runs.iter_mut().find(|record| record.run == Some(run))
    }

    /// Drops what is shown of a run's answers: it has other weights now, or soon will have.
    pub fn forget_answers(&mut self, folder: &Path) {
        self.evaluation.forget(folder);
        self.gallery.forget(folder);
    }

    /// A training has passed pictures through the frozen network. It waits for its pictures, too: only a quicker number
    /// puts right what was measured.
    pub fn note_speed(&mut self, backbone: &str, pictures_per_second: f64) {
        let Some(known) = self.speeds.get_mut(backbone) else {
            return;
        };
        if pictures_per_second > known.pictures_per_second {
            known.pictures_per_second = pictures_per_second;
            known.taken = Some(Taken::now(None, true));
        }
    }
}

/// A backbone whose speed is being measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredNow {
    pub backbone: String,
    /// Backbones that are still to be measured after it.
    pub left: usize,
}

impl RunRecord {
    /// What it is called, in a sentence or beside others: its title once it has one.
    pub fn called(&self) -> &str {
        if self.title.is_empty() {
            &self.name
        } else {
            &self.title
        }
    }

    /// "fold 2 of 5" of a cross-validation that is being trained.
    pub fn fold_text(&self) -> Option<String> {
        self.fold.map(|(fold, folds)| match fold {
            0 => format!("all {folds} folds"),
            fold => format!("fold {fold} of {folds}"),
        })
    }

    /// Whether it trains or waits.
    pub fn is_live(&self) -> bool {
        matches!(self.state, RecordState::Running | RecordState::Queued)
    }

    /// Whether it waits for what trains it; one that has its card already does not.
    pub fn waits(&self) -> bool {
        self.state == RecordState::Queued && self.card.is_none()
    }

    /// Whether it ended too early and its folder holds what it takes to go on.
    pub fn can_resume(&self) -> bool {
        let ended_early = matches!(
            self.state,
            RecordState::Stopped | RecordState::Interrupted | RecordState::Failed(_)
        );
        ended_early
            && self.folder.is_some()
            && self
                .summary
                .as_ref()
                .is_some_and(|summary| summary.can_resume)
    }

    /// Whether it is a cross-validation that came to its end, without a network that was trained on all folds.
    pub fn can_refit(&self) -> bool {
        self.state == RecordState::Finished
            && self.folder.is_some()
            && self.listed.refit.is_none()
            && (self.summary.as_ref()).is_some_and(|summary| summary.folds.is_some())
    }
}
