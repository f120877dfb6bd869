//! What is asked of a run's network on pictures of any kind, and what it says.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Answer, Failure};
use crate::data::Problem;
use crate::prediction::{PictureOutcome, Totals};

/// To the threads that predict. `number` tells one question from the next in what is said before its answer.
#[derive(Debug, Clone, PartialEq)]
pub enum PredictionQuestion {
    /// Answers every picture that the paths lead to, by the network of the run in `folder`. What is answered is said as it
    /// comes; the question before it is stopped.
    Predict {
        number: u64,
        folder: PathBuf,
        paths: Vec<PathBuf>,
        /// The share of the run's own pictures that may be told as none of its classes.
        novelty_rate: f64,
    },
    StopPredicting,
    /// Answers the pictures in a folder, and those that come into it, until it is stopped or another folder takes its place.
    Watch {
        number: u64,
        folder: PathBuf,
        watched: PathBuf,
        novelty_rate: f64,
    },
    StopWatching,
}

impl PredictionQuestion {
    /// As [`Question::unanswered`](super::Question::unanswered).
    pub(super) fn unanswered(self, failure: Failure) -> Vec<Answer> {
        match self {
            Self::StopPredicting | Self::StopWatching => Vec::new(),
            Self::Predict { number, .. } | Self::Watch { number, .. } => {
                let result = Err(failure);
                vec![Answer::Prediction(PredictionAnswer::Ended {
                    number,
                    result,
                })]
            }
        }
    }
}

/// From the threads that predict.
#[derive(Debug, Clone)]
pub enum PredictionAnswer {
    /// The run is asked for its own pictures, to tell later which are unlike all of them: how many it has looked at.
    Comparing {
        number: u64,
        done: usize,
        total: usize,
    },
    /// The network is ready. Its classes in the order of their labels, and what whoever uses its answers must know.
    Opened {
        number: u64,
        classes: Arc<Vec<String>>,
        remarks: Vec<String>,
        /// Of the run's validation pictures from those that it learned from: a limit for any rate of false alarms follows from
        /// them. Empty where the run does not know them.
        validation_distances: Arc<[f32]>,
    },
    /// How many pictures there are to answer.
    Found {
        number: u64,
        pictures: usize,
        /// Pictures that are not read, and paths that lead to nothing.
        lost: Vec<Problem>,
        /// Files of folders that are no pictures.
        passed_over: Vec<Problem>,
    },
    /// A few more pictures are answered, in their order.
    Some {
        number: u64,
        outcomes: Vec<PictureOutcome>,
    },
    /// The answer to the question: nothing more comes.
    Ended {
        number: u64,
        result: Result<Totals, Failure>,
    },
}
