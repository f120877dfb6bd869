//! What becomes of what the threads say.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::{PredictionState, Took, Watched};
use crate::prediction::{AnsweredPicture, Picture, PictureOutcome};
use crate::worker::messages::{Failure, PredictionAnswer, PredictionQuestion};

impl PredictionState {
    /// Takes what the threads say; the next question, where paths wait for their turn. `run`: the folder of the run
    /// that answers.
    pub(in crate::app) fn take(
        &mut self,
        answer: PredictionAnswer,
        run: Option<&Path>,
        now: Instant,
    ) -> Option<PredictionQuestion> {
        match answer {
            PredictionAnswer::Comparing {
                number,
                done,
                total,
            } => {
                if let Some(work) = self.work_of(number) {
                    work.comparing = Some((done, total));
                }
            }
            PredictionAnswer::Opened {
                number,
                classes,
                remarks,
                validation_distances,
            } => {
                if self.is_known(number) {
                    self.tally.classes.resize(classes.len(), 0);
                    self.classes = classes;
                    self.remarks = remarks;
                    // Where a later question could not find them out, they hold on.
                    if !validation_distances.is_empty() {
                        self.validation_distances = validation_distances;
                    }
                    self.judge_anew();
                    self.version += 1;
                }
            }
            PredictionAnswer::Found {
                number,
                pictures,
                lost,
                passed_over,
            } => {
                if !self.is_known(number) {
                    return None;
                }
                if let Some(work) = self.work_of(number) {
                    work.comparing = None;
                    work.total = Some(pictures);
                    work.since = Some(now);
                } else if let Some(watched) = &mut self.watched {
                    watched.is_ready = true;
                    watched.found = pictures;
                }
                for problem in passed_over {
                    self.passed_over.insert(problem.path, problem.reason);
                }
                let lost = lost.into_iter().map(|problem| PictureOutcome::Unreadable {
                    picture: Picture::file(problem.path),
                    reason: problem.reason,
                });
                self.take_outcomes(lost);
                self.version += 1;
            }
            PredictionAnswer::Some { number, outcomes } => {
                if !self.is_known(number) {
                    return None;
                }
                match self.work_of(number) {
                    Some(work) => work.done += outcomes.len(),
                    None => {
                        if let Some(watched) = &mut self.watched {
                            watched.done += outcomes.len();
                        }
                    }
                }
                self.take_outcomes(outcomes);
                self.version += 1;
            }
            PredictionAnswer::Ended { number, result } => {
                if self.work_of(number).is_some()
                    && let Some(work) = self.work.take()
                {
                    let was_stopped = work.is_stopping;
                    self.left = work.total.unwrap_or(0).saturating_sub(work.done);
                    self.took = work.since.map(|since| Took {
                        pictures: work.done,
                        time: now.duration_since(since),
                        was_stopped,
                    });
                    self.note_failure(result.err(), was_stopped);
                    return self.next_question(run?);
                }
                let is_watched = |watched: &&Watched| watched.number == number;
                if let Some(watched) = self.watched.as_ref().filter(is_watched) {
                    let was_stopped = watched.is_stopping;
                    self.watched = None;
                    self.note_failure(result.err(), was_stopped);
                }
            }
        }
        None
    }

    fn note_failure(&mut self, failure: Option<Failure>, was_stopped: bool) {
        self.failure = match failure {
            None => None,
            Some(Failure::Stopped) if was_stopped => None,
            Some(failure) => {
                let crashed = "an error inside Graft ended it; what was answered before stays";
                Some(failure.text(crashed))
            }
        };
    }

    fn take_outcomes(&mut self, outcomes: impl IntoIterator<Item = PictureOutcome>) {
        let mut gone = Vec::new();
        for outcome in outcomes {
            match outcome {
                PictureOutcome::Unreadable { picture, reason } => {
                    // What was answered of it is of other bytes.
                    gone.extend(self.positions.remove(&picture.source));
                    self.unread
                        .insert(picture.source.path().to_path_buf(), reason);
                }
                PictureOutcome::Answered(answer) => self.take_answer(answer),
            }
        }
        self.remove_answers(gone);
    }

    fn take_answer(&mut self, mut answer: AnsweredPicture) {
        // What was asked with another rate follows the one that holds now.
        if let (Some(limit), Some(known)) = (self.limit, answer.novelty) {
            answer.novelty = Some(limit.of(known.distance));
        }
        self.unread.remove(answer.picture.source.path());
        *self.tally.count_mut(answer.assigned()) += 1;
        let source = answer.picture.source.clone();
        let next = self.answers.len() as u32;
        // The same picture again, which may have changed, keeps its place.
        let index = *self.positions.entry(source).or_insert(next);
        let answer = Arc::new(answer);
        match self.answers.get_mut(index as usize) {
            Some(before) => {
                let before = std::mem::replace(before, answer);
                *self.tally.count_mut(before.assigned()) -= 1;
            }
            None => self.answers.push(answer),
        }
    }

    /// Takes answers out whose positions are forgotten; those behind them move up.
    fn remove_answers(&mut self, mut gone: Vec<u32>) {
        if gone.is_empty() {
            return;
        }
        gone.sort_unstable();
        let tally = &mut self.tally;
        let mut index = 0;
        self.answers.retain(|answer| {
            let is_gone = gone.binary_search(&index).is_ok();
            index += 1;
            if is_gone {
                *tally.count_mut(answer.assigned()) -= 1;
            }
            !is_gone
        });
        for position in self.positions.values_mut() {
            let gone_before = gone.partition_point(|other| *other < *position);
            *position -= gone_before as u32;
        }
    }
}
