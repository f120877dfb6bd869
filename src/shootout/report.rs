//! What a shoot-out has found so far, as plain data: what its folder keeps, and what window and command line show.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::cost::{self, ShootoutCost};
use crate::evaluation::Score;
use crate::experiment::WeightsSource;

/// Of the file's layout. A later one is not understood.
pub(super) const VERSION: u32 = 1;

/// By what networks are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShootoutMetric {
    /// The share of pictures that is right.
    #[default]
    Accuracy,
    /// The mean F1 of the classes, so that a rare class counts as much as a frequent one.
    MacroF1,
}

impl ShootoutMetric {
    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro-F1",
        }
    }
}

/// How far a shoot-out is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShootoutState {
    Running,
    /// Everything that was to be found is there.
    Finished,
    /// A person stopped it: the same command goes on.
    Stopped,
    /// What ended all of it; a network that fails fails alone.
    Failed {
        reason: String,
    },
}

/// Where a network stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    Waiting,
    /// Its weights come from their server.
    Downloading {
        done: u64,
        total: u64,
    },
    /// Pictures pass the frozen network.
    Computing {
        done: usize,
        total: usize,
    },
    /// Heads are fitted to what it gave.
    Heads,
    Done,
    /// Its weights are not on this machine; `command` fetches them, where a server has them.
    NotHere {
        reason: String,
        command: Option<String>,
    },
    /// It does not fit into the budget.
    LeftOut {
        reason: String,
    },
    Failed {
        reason: String,
    },
}

/// One network with one file of weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShootoutEntry {
    /// A name from `graft backbones`.
    pub backbone: String,
    /// For people: `ResNet-50`.
    pub title: String,
    /// For people: `IMAGENET1K_V1`, a file's name, or `random`.
    pub weights: String,
    pub source: WeightsSource,
    pub licence: String,
    /// Where the licence forbids commercial use: the whole sentence.
    pub restriction: Option<String>,
    /// In per cent, of its publisher.
    pub imagenet_top1: Option<f64>,
    /// Without the classifier.
    pub parameters: u64,
    /// Multiply-adds of one picture, in billions.
    pub gflops: f64,
    /// The side of the square that it is given, in pixels.
    pub input_size: u32,
    /// Of its file of weights: measured where it is here, else the publisher's figure.
    pub file_bytes: Option<u64>,
    /// What it was taken to need, before it began.
    pub estimated_seconds: Option<f64>,
    pub state: EntryState,
    /// There where the state is [`EntryState::Done`].
    pub outcome: Option<EntryOutcome>,
    /// Against the best of those that are done; `None` for the best itself.
    pub comparison: Option<ComparisonToBest>,
}

/// What was found of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryOutcome {
    /// Of answers on pictures that the head had not seen, all folds together, with a 95 % interval.
    pub accuracy: Score,
    pub macro_f1: Score,
    pub pictures: usize,
    /// Numbers that it makes of a picture.
    pub features: u32,
    /// That the pass over the pictures took, decoding included; little where features were kept before.
    pub feature_seconds: f64,
    /// Pictures that the network computed, and those whose features were kept before.
    pub computed: usize,
    pub from_disk: usize,
    /// That all heads of all folds took.
    pub head_seconds: f64,
    /// Through the frozen network, decoding included.
    pub pictures_per_second: Option<f64>,
    /// The most memory that this process took for it, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// scikit-learn's `C` of each fold, chosen inside it.
    pub strengths: Vec<f64>,
    /// The same of the head that learns from all pictures.
    pub strength: f64,
    /// What a person should know of it, in whole sentences.
    pub remarks: Vec<String>,
}

/// A network against the best one, on the same pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ComparisonToBest {
    /// Its score less the best one's, -1 to 1, with an interval for pairs: of accuracies Newcombe's, of macro-F1 the bootstrap's;
    /// of groups where pictures have some.
    pub difference: Score,
    /// Of accuracies: McNemar's exact test, or the sign-flip test of groups.
    pub p_value: Option<f64>,
    /// Whether it is worse than the best one, beyond luck.
    pub is_worse: bool,
    /// Whether test and interval disagree: it may be worse.
    pub is_borderline: bool,
}

/// Everything that a shoot-out has found so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShootoutReport {
    pub(super) version: u32,
    /// What was looked at: a path.
    pub data: String,
    /// Training and validation pictures; those of the test are not looked at.
    pub pictures: usize,
    pub classes: Vec<String>,
    /// Test pictures, which are not looked at.
    pub withheld_test: usize,
    /// Pictures that can't be read; they count for no network.
    pub unreadable: usize,
    pub folds: usize,
    pub metric: ShootoutMetric,
    /// Stages whose pooled features heads take.
    pub stages: u32,
    pub seed: u64,
    pub budget_seconds: Option<f64>,
    pub used_seconds: f64,
    pub device: String,
    pub state: ShootoutState,
    /// The best first; then those that are under way, that wait, that were left out, that are not here, and that failed.
    pub entries: Vec<ShootoutEntry>,
    /// What a person should know of all of it, in whole sentences.
    pub remarks: Vec<String>,
}

impl ShootoutEntry {
    /// What ranks it.
    pub fn score(&self, metric: ShootoutMetric) -> Option<Score> {
        let outcome = self.outcome.as_ref()?;
        Some(match metric {
            ShootoutMetric::Accuracy => outcome.accuracy,
            ShootoutMetric::MacroF1 => outcome.macro_f1,
        })
    }

    /// By score; of two that are as good, the quicker one is the greater.
    pub(super) fn compare(&self, other: &Self, metric: ShootoutMetric) -> Ordering {
        let score = |entry: &Self| {
            entry
                .score(metric)
                .map_or(f64::NEG_INFINITY, |score| score.value)
        };
        let rate = |entry: &Self| {
            entry
                .outcome
                .as_ref()
                .and_then(|outcome| outcome.pictures_per_second)
        };
        let by_score = score(self).total_cmp(&score(other));
        by_score.then_with(|| {
            rate(self)
                .unwrap_or(0.0)
                .total_cmp(&rate(other).unwrap_or(0.0))
        })
    }

    /// What it costs.
    pub fn cost(&self, cost: ShootoutCost) -> Option<f64> {
        cost::of(self, cost)
    }

    /// `ResNet-50`, with the weights' name where it is not the only one of its network.
    pub fn called(&self) -> String {
        match self.source {
            WeightsSource::Pretrained => self.title.clone(),
            _ => format!("{} ({})", self.title, self.weights),
        }
    }
}

impl ShootoutReport {
    /// The best of those that are done.
    pub fn best(&self) -> Option<&ShootoutEntry> {
        self.entries.first().filter(|entry| entry.outcome.is_some())
    }

    /// Of those that are done, the ones that no other is both as cheap as and better than: by their place in `entries`, cheapest
    /// first.
    pub fn frontier(&self, by: ShootoutCost) -> Vec<usize> {
        cost::frontier(&self.entries, self.metric, by)
    }

    /// Whether nothing more will come by itself.
    pub fn is_done(&self) -> bool {
        self.state != ShootoutState::Running
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        let is_done = |entry: &&ShootoutEntry| entry.outcome.is_some();
        self.entries.iter().filter(is_done).count()
    }

    /// Puts the entries in order: see [`Self::entries`].
    pub(super) fn sort(&mut self) {
        let metric = self.metric;
        // Stable: what is equal stays in the order in which it was planned.
        self.entries.sort_by(|a, b| {
            let by_state = place(&a.state).cmp(&place(&b.state));
            by_state.then_with(|| b.compare(a, metric))
        });
    }
}

fn place(state: &EntryState) -> u8 {
    match state {
        EntryState::Done => 0,
        EntryState::Downloading { .. } | EntryState::Computing { .. } | EntryState::Heads => 1,
        EntryState::Waiting => 2,
        EntryState::LeftOut { .. } => 3,
        EntryState::NotHere { .. } => 4,
        EntryState::Failed { .. } => 5,
    }
}
