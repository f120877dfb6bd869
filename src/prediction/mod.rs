//! A run, used: answers on any number of pictures, as a stream in bounded memory.
//!
//! Everything that leaves here is plain data; no tensor leaves the thread that the [`Predictor`] was opened on or sent to.

mod answer;
mod predictor;
mod sources;
mod stream;

pub use answer::{AnsweredPicture, Assigned, Novelty, Picture, PictureOutcome, Totals};
pub use predictor::Predictor;
pub use sources::{Finder, Found};
pub use stream::predict_stream;
