//! Any number of pictures through a [`Predictor`], in bounded memory.

use std::ops::ControlFlow;

use super::answer::{Picture, PictureOutcome, Totals};
use super::predictor::Predictor;
use crate::data::{DataError, PictureSource, StopFlag};
use crate::runs::RunError;
use crate::training::TrainingError;

/// Pictures that are asked of the iterator at once; only their names are in memory. At the end of a block the network waits
/// for the first pictures of the next.
const BLOCK: usize = 8192;

/// Answers `pictures` in their order and hands each to `deliver`, until it breaks off. They are decoded by all cores while
/// the network computes, and a few batches of pixels are in memory at a time. A picture that can't be read is delivered as
/// such, counted and passed over.
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
        totals += answer_block(predictor, block, deliver, stop)?;
        if totals.is_stopped {
            return Ok(totals);
        }
    }
}

fn answer_block(
    predictor: &Predictor,
    block: Vec<Picture>,
    deliver: &mut dyn FnMut(PictureOutcome) -> ControlFlow<()>,
    stop: &StopFlag,
) -> Result<Totals, RunError> {
    let mut totals = Totals::default();
    let sources: Vec<PictureSource> = block.iter().map(|picture| picture.source.clone()).collect();
    let mut pictures = block.into_iter();
    let mut failure: Option<TrainingError> = None;
    let ended = predictor.classifier().answer_each(
        &sources,
        predictor.knows_novelty(),
        stop,
        &mut |_, answered| {
            let novelties = match predictor.novelties(&answered) {
                Ok(novelties) => novelties,
                Err(error) => {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            };
            // In this order, a batch takes no picture of the next.
            let answered = answered.into_iter().zip(novelties);
            for ((answered, novelty), picture) in answered.zip(pictures.by_ref()) {
                let outcome = match answered {
                    Ok(answered) => {
                        totals.answered += 1;
                        PictureOutcome::Answered(predictor.answer(picture, &answered, novelty))
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
