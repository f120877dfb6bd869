//! A run, used: answers on any number of pictures, as a stream in bounded memory.
//!
//! Everything that leaves here is plain data; no tensor leaves the thread that the [`Predictor`] was opened on or sent to.

mod answer;
mod answer_file;
mod counts;
mod novelty;
mod own_pictures;
pub mod placement;
mod predictor;
mod rows;
mod sources;
mod stamp;
mod stream;
mod tally;
mod watch;

pub use crate::evaluation::novelty::{Novelty, false_alarms_reason, false_alarms_sentence};
pub use answer::{AnsweredPicture, Assigned, Picture, PictureOutcome, Totals};
pub use answer_file::{AnswerFile, is_answer_file};
pub use counts::Counts;
pub use novelty::{NoveltyJudge, novelty_untold};
pub use own_pictures::OwnCounts;
pub use predictor::Predictor;
pub use rows::{Format, Guess, Row, Rows, ranked};
pub use sources::{Finder, Found};
pub use stream::predict_stream;
pub use tally::Tally;
pub use watch::FolderWatch;
