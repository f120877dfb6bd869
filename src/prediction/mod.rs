//! A run, used: answers on any number of pictures, as a stream in bounded memory.
//!
//! Everything that leaves here is plain data; no tensor leaves the thread that the [`Predictor`] was opened on or sent to.

mod answer;
mod novelty;
pub mod placement;
mod predictor;
mod rows;
mod sources;
mod stamp;
mod stream;
mod watch;

pub use crate::evaluation::novelty::Novelty;
pub use answer::{AnsweredPicture, Assigned, Picture, PictureOutcome, Totals};
pub use novelty::NoveltyJudge;
pub use predictor::Predictor;
pub use rows::{AnswerFile, Format, Guess, Row, Rows, is_answer_file, ranked};
pub use sources::{Finder, Found};
pub use stream::predict_stream;
pub use watch::FolderWatch;
