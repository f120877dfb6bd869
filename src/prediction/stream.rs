//! Any number of pictures through a [`Predictor`], in bounded memory.

use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

use super::answer::{Picture, PictureOutcome, Totals};
use super::predictor::Predictor;
use crate::data::{DataError, Split, StopFlag};
use crate::runs::RunError;
use crate::training::TrainingError;

/// Pictures that are asked of the iterator at once; only their names are in memory. At the end of a block the network waits
/// for the first pictures of the next.
const BLOCK: usize = 8192;

/// Answers `pictures` in their order and hands each to `deliver`, until it breaks off. They are decoded by all cores while
/// the network computes, and a few batches of pixels are in memory at a time. A picture that can't be read is delivered as
/// such, and counted.
///
/// # Errors
/// When the network itself fails. The stop flag ends it within one batch, which is no error.
pub fn predict_stream(
    predictor: &Predictor,
    pictures: impl IntoIterator<Item = Picture>,
    deliver: &mut dyn FnMut(PictureOutcome) -> ControlFlow<()>,
    stop: &StopFlag,
) -> Result<Totals, RunError> {
    let mut pictures = pictures.into_iter();
    let mut totals = Totals::default();
    loop {
        let block: Vec<Picture> = pictures.by_ref().take(BLOCK).collect();
        if block.is_empty() {
            return Ok(totals);
        }
        totals += answer_block(predictor, &block, deliver, stop)?;
        if totals.is_stopped {
            return Ok(totals);
        }
    }
}

fn answer_block(
    predictor: &Predictor,
    block: &[Picture],
    deliver: &mut dyn FnMut(PictureOutcome) -> ControlFlow<()>,
    stop: &StopFlag,
) -> Result<Totals, RunError> {
    let mut totals = Totals::default();
    let mut failure: Option<TrainingError> = None;
    let (classifier, own) = (predictor.classifier(), predictor.own());
    let square_of = classifier.square_reader();
    // What each was for the run.
    let parts: Vec<OnceLock<Option<Split>>> = vec![OnceLock::new(); block.len()];
    let read = |position: usize| {
        let picture = &block[position];
        let square = square_of(&picture.source)?;
        // Here, where many cores read, and the file was read just now.
        parts[position].get_or_init(|| own.part(picture));
        Ok(square)
    };
    let with_features = predictor.knows_novelty();
    let ended = classifier.answer_read(
        block.len(),
        &read,
        with_features,
        stop,
        &mut |positions: Range<usize>, answered| {
            let novelties = match predictor.novelties(&answered) {
                Ok(novelties) => novelties,
                Err(error) => {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            };
            let answered = answered.into_iter().zip(novelties);
            for (position, (answered, novelty)) in positions.zip(answered) {
                let picture = block[position].clone();
                let outcome = match answered {
                    Ok(answered) => {
                        totals.answered += 1;
                        let part = parts[position].get().copied().flatten();
                        let answer = predictor.answer(picture, &answered, novelty, part);
                        PictureOutcome::Answered(answer)
                    }
                    Err(error) => {
                        totals.unreadable += 1;
                        PictureOutcome::Unreadable {
                            reason: error.into_problem(picture.source.path()).reason,
                            picture,
                        }
                    }
                };
                if deliver(outcome).is_break() {
                    totals.is_stopped = true;
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        },
    );
    match failure.map_or(ended, Err) {
        Ok(()) => {}
        Err(TrainingError::Stopped | TrainingError::Data(DataError::Stopped)) => {
            totals.is_stopped = true;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(totals)
}
