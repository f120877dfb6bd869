//! What the curves say about a training: underfitting, overfitting, a good fit, diverging, not
//! learning. Each with the numbers that show it and what to do.
//!
//! Judged within the phase of the last epoch: a new phase begins with another network and another
//! rate. Training numbers are measured as the network trains, with dropout and augmentation, so a
//! healthy run may look better on validation pictures than on those it learns from.

mod fit;
mod remedy;

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::events::EpochMetrics;
use crate::evaluation::{Interval, wilson};
use crate::experiment::Experiment;
use crate::format;

pub use fit::Fit;
pub use remedy::Remedy;
use remedy::RemedyContext;

/// Epochs of the last phase below which nothing is said, except that it diverges …
const FEWEST_EPOCHS: usize = 3;
/// … and below which what is said may still turn, and no fit is called good.
const FIRM_EPOCHS: usize = 5;
/// Epochs at the end that are averaged.
const WINDOW: usize = 3;
/// A loss this many times its lowest has got away.
const DIVERGED: f64 = 1.5;
/// A loss that fell by less than this share has not moved …
const STILL: f64 = 0.05;
/// … and an accuracy within this distance of always naming the most frequent class shows nothing.
const CHANCE_MARGIN: f64 = 0.05;
/// A validation loss this share above its lowest has turned round …
const TURNED: f64 = 0.1;
/// … if it is more than so many nats.
const TURNED_NATS: f64 = 0.02;
/// Training accuracy above validation accuracy, beyond what the number of validation pictures explains.
const GAP: f64 = 0.08;
/// Of the errors that always naming the most frequent class would make, the share that is left when
/// a network has learned too little.
const MOST_ERRORS_LEFT: f64 = 0.5;
/// A loss that still falls by this share per epoch at the end has not arrived.
const IMPROVING: f64 = 0.02;

/// A finding with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    pub fit: Fit,
    /// Few epochs, or more to come: it may still turn.
    pub is_tentative: bool,
    /// The numbers that show it, in a sentence.
    pub reason: String,
    /// What the lesson says about it, in a sentence.
    pub advice: String,
    /// What can be done, most promising first; empty for a good fit that has arrived.
    pub remedies: Vec<Remedy>,
}

/// What is known of a training beside its curves.
#[derive(Debug, Clone, Copy)]
pub struct DiagnosisInput<'a> {
    pub experiment: &'a Experiment,
    pub classes: usize,
    /// Share of the most frequent class among the training pictures, 0 to 1; 1 / classes where it is
    /// not known.
    pub majority: Option<f64>,
    /// 0 where it is not known.
    pub validation_pictures: usize,
    /// Whether no further epoch comes.
    pub is_over: bool,
    /// Whether it ended because the loss was no number any more.
    pub has_diverged: bool,
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    #[error("three epochs of a phase are needed before its curves say anything")]
    TooFewEpochs,
    #[error("logistic regression leaves no curve: its one epoch ends at the solution")]
    Solved,
    #[error(
        "so far both curves go together: five epochs of a phase are needed to call that a good fit"
    )]
    TooEarly,
    #[error("without validation pictures, overfitting can't be seen: set a validation share")]
    NoValidation,
    #[error("{0}")]
    TooFewPictures(Unsure),
}

/// What so few validation pictures leave open, with shares in thousandths, so that it can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsure {
    pub pictures: usize,
    pub train: u16,
    pub validation: u16,
    /// The 95 % interval of the accuracy on validation pictures.
    pub low: u16,
    pub high: u16,
}

impl std::fmt::Display for Unsure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |thousandths: u16| format::percent(f64::from(thousandths) / 1000.0);
        write!(
            f,
            "{} validation pictures can't tell whether it overfits: {} of them right may be anything from {} to {}, and {} of \
             the training pictures are right",
            self.pictures,
            share(self.validation),
            share(self.low),
            share(self.high),
            share(self.train)
        )
    }
}

/// Looks at the curves of one run, in the order of their epochs.
///
/// # Errors
/// Saying what is missing.
pub fn diagnose(
    epochs: &[EpochMetrics],
    situation: &DiagnosisInput<'_>,
) -> Result<Diagnosis, Undecided> {
    let phase = epochs.last().map_or(0, |epoch| epoch.phase);
    let first = epochs
        .iter()
        .rposition(|epoch| epoch.phase != phase)
        .map_or(0, |index| index + 1);
    let curves = &epochs[first..];
    let finding = if let Some(reason) = diverging(curves, situation) {
        (Fit::Diverging, reason)
    } else if curves.len() < FEWEST_EPOCHS {
        // The experiment may have been edited since.
        let phase = situation.experiment.phases.get(phase);
        return Err(match phase {
            Some(phase) if phase.optimizer.is_solver() => Undecided::Solved,
            _ => Undecided::TooFewEpochs,
        });
    } else if let Some(reason) = not_learning(epochs, situation) {
        (Fit::NotLearning, reason)
    } else {
        let ends = Ends::of(curves).ok_or(Undecided::NoValidation)?;
        let finding = judge(curves, &ends, situation)?;
        if finding.0 == Fit::Good && curves.len() < FIRM_EPOCHS {
            return Err(Undecided::TooEarly);
        }
        finding
    };
    let (fit, reason) = finding;
    let falls = |loss: &dyn Fn(&EpochMetrics) -> Option<f64>| {
        improvement(curves, loss).is_some_and(|by| by > IMPROVING)
    };
    let course = Course {
        is_over: situation.is_over,
        validation_falls: falls(&|epoch| epoch.validation_loss),
        train_falls: falls(&|epoch| Some(epoch.train_loss)),
    };
    let is_improving = course.is_over && course.validation_falls;
    Ok(Diagnosis {
        fit,
        is_tentative: curves.len() < FIRM_EPOCHS || !situation.is_over,
        reason,
        advice: advice(fit, course).to_owned(),
        remedies: remedy::remedies(fit, is_improving, phase, &remedy_context(curves, situation)),
    })
}

fn remedy_context<'a>(
    curves: &[EpochMetrics],
    situation: &DiagnosisInput<'a>,
) -> RemedyContext<'a> {
    let ends = Ends::of(curves);
    RemedyContext {
        experiment: situation.experiment,
        is_held_back: ends
            .as_ref()
            .is_some_and(|ends| ends.validation_accuracy > ends.train_accuracy + CHANCE_MARGIN),
        has_validation: ends.is_some(),
    }
}

/// Means over the last epochs.
struct Ends {
    train_accuracy: f64,
    validation_accuracy: f64,
}

impl Ends {
    /// `None` without validation.
    fn of(curves: &[EpochMetrics]) -> Option<Self> {
        let last = &curves[curves.len().saturating_sub(WINDOW)..];
        let validation: Vec<f64> = last
            .iter()
            .filter_map(|epoch| epoch.validation_accuracy)
            .collect();
        if validation.is_empty() || validation.len() != last.len() {
            return None;
        }
        Some(Self {
            train_accuracy: mean(last.iter().map(|epoch| epoch.train_accuracy)),
            validation_accuracy: mean(validation.into_iter()),
        })
    }
}

/// A loss that grows instead of falling.
fn diverging(curves: &[EpochMetrics], situation: &DiagnosisInput<'_>) -> Option<String> {
    let last = curves.last();
    if situation.has_diverged {
        return Some(match last {
            Some(last) => format!(
                "The loss stopped being a number after epoch {}, at a learning rate of {}.",
                last.epoch,
                format::rate(last.learning_rate)
            ),
            None => "The loss stopped being a number in the first epoch.".to_owned(),
        });
    }
    let last = last?;
    if !last.train_loss.is_finite() {
        return Some(format!(
            "The training loss of epoch {} is no number.",
            last.epoch
        ));
    }
    let (before, lowest) = (
        curves.get(curves.len().checked_sub(2)?)?,
        curves
            .iter()
            .min_by(|a, b| a.train_loss.total_cmp(&b.train_loss))?,
    );
    // One epoch that leaps may come back.
    let rises = last.train_loss > before.train_loss && before.train_loss > lowest.train_loss;
    let got_away = last.train_loss > DIVERGED * lowest.train_loss
        && last.train_loss > lowest.train_loss + TURNED_NATS;
    // A cached or memorised phase may sit near 0, where any step looks large.
    let is_bad = last.train_loss > 0.5 * (situation.classes.max(2) as f64).ln();
    (rises && got_away && is_bad).then(|| {
        format!(
            "The training loss rises: {} in epoch {}, its lowest, and {} in epoch {}.",
            loss(lowest.train_loss),
            lowest.epoch,
            loss(last.train_loss),
            last.epoch
        )
    })
}

/// The loss stays where a network begins that knows nothing.
fn not_learning(epochs: &[EpochMetrics], situation: &DiagnosisInput<'_>) -> Option<String> {
    let (first, last) = (epochs.first()?, epochs.last()?);
    let baseline = baseline(situation);
    let best = epochs
        .iter()
        .map(|epoch| {
            epoch
                .train_accuracy
                .max(epoch.validation_accuracy.unwrap_or(0.0))
        })
        .fold(0.0, f64::max);
    let lowest = epochs
        .iter()
        .map(|epoch| epoch.train_loss)
        .fold(f64::INFINITY, f64::min);
    let is_still = lowest > first.train_loss * (1.0 - STILL);
    (is_still && best <= baseline + CHANCE_MARGIN).then(|| {
        format!(
            "The training loss went from {} to {} in {}, and the best accuracy is {}: always predicting the most \
             frequent class gives {}.",
            loss(first.train_loss),
            loss(last.train_loss),
            format::count(epochs.len(), "epoch", "epochs"),
            format::percent(best),
            format::percent(baseline)
        )
    })
}

/// Overfitting, underfitting or neither. Judged by means over the last epochs, told by the last epoch's numbers, which are
/// those that are drawn.
fn judge(
    curves: &[EpochMetrics],
    ends: &Ends,
    situation: &DiagnosisInput<'_>,
) -> Result<(Fit, String), Undecided> {
    let Ends {
        train_accuracy,
        validation_accuracy,
    } = *ends;
    let pictures = situation.validation_pictures;
    // What the true accuracy may be after so few validation pictures; where their number is not known, the very value.
    let interval = interval(validation_accuracy, pictures);
    let turned = turned(curves);
    let gap = train_accuracy - validation_accuracy;
    let is_beyond_chance =
        train_accuracy > interval.high && gap > (interval.high - interval.low) / 2.0;
    let is_apart = gap > GAP && is_beyond_chance;
    let both = drawn(curves, pictures);
    if is_apart || turned.is_some() && gap > 0.0 && is_beyond_chance {
        let mut reason = both;
        if is_apart {
            reason.push_str(&format!(
                ", on average {:.1} points apart over the last {WINDOW} epochs",
                gap * 100.0
            ));
        }
        if let Some(turn) = turned {
            reason.push_str(&format!(
                "; the validation loss was lowest in epoch {} ({}) and is {} in epoch {}",
                turn.epoch,
                loss(turn.lowest),
                loss(turn.now),
                turn.last
            ));
        }
        return Ok((Fit::Overfitting, reason + "."));
    }
    if gap > GAP || turned.is_some() && gap > 0.0 {
        return Err(too_few_pictures(ends, interval, pictures));
    }
    let baseline = baseline(situation);
    let level = train_accuracy.max(validation_accuracy);
    let errors_left = (1.0 - level) / (1.0 - baseline).max(1e-9);
    if errors_left > MOST_ERRORS_LEFT {
        let reason = format!(
            "{both}; {} of the errors of always predicting the most frequent class ({} right) are left.",
            format::whole_percent(errors_left.min(1.0)),
            format::percent(baseline)
        );
        return Ok((Fit::Underfitting, reason));
    }
    let mut reason = both;
    if situation.is_over
        && let Some(by) =
            improvement(curves, &|epoch| epoch.validation_loss).filter(|by| *by > IMPROVING)
    {
        reason.push_str(&format!(
            "; the validation loss still fell by {} an epoch at the end",
            format::whole_percent(by)
        ));
    }
    Ok((Fit::Good, reason + "."))
}

/// Where the accuracy of all pictures may lie when so many validation pictures show `accuracy`.
fn interval(accuracy: f64, pictures: usize) -> Interval {
    let right = (accuracy * pictures as f64).round() as u64;
    match pictures as u64 {
        0 => Interval {
            low: accuracy,
            high: accuracy,
        },
        pictures => wilson(right.min(pictures), pictures),
    }
}

/// What the curves show at their end: `In epoch 8, 99.0 % of the training and 80.3 % of the validation pictures are right
/// (95 % interval 77.7 to 82.6 %, 1,000 pictures)`.
fn drawn(curves: &[EpochMetrics], pictures: usize) -> String {
    let Some(last) = curves.last() else {
        return String::new();
    };
    let validation = last.validation_accuracy.unwrap_or_default();
    let mut text = format!(
        "In epoch {}, {} of the training and {} of the validation pictures are right",
        last.epoch,
        format::percent(last.train_accuracy),
        format::percent(validation)
    );
    if pictures > 0 {
        let interval = interval(validation, pictures);
        text.push_str(&format!(
            " (95 % interval {}, {})",
            format::percent_interval(interval.low, interval.high),
            format::count(pictures, "picture", "pictures")
        ));
    }
    text
}

fn too_few_pictures(ends: &Ends, interval: Interval, pictures: usize) -> Undecided {
    let in_thousandths = |share: f64| (share.clamp(0.0, 1.0) * 1000.0).round() as u16;
    Undecided::TooFewPictures(Unsure {
        pictures,
        train: in_thousandths(ends.train_accuracy),
        validation: in_thousandths(ends.validation_accuracy),
        low: in_thousandths(interval.low),
        high: in_thousandths(interval.high),
    })
}

/// Where a validation loss turned round, and what it is in the last epoch.
#[derive(Clone, Copy)]
struct Turn {
    epoch: u32,
    lowest: f64,
    last: u32,
    now: f64,
}

/// Where the validation loss turned round while the training loss went on falling.
fn turned(curves: &[EpochMetrics]) -> Option<Turn> {
    let losses: Vec<(u32, f64, f64)> = curves
        .iter()
        .filter_map(|epoch| Some((epoch.epoch, epoch.validation_loss?, epoch.train_loss)))
        .collect();
    let &(epoch, lowest, train_then) = losses.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let index = losses.iter().position(|loss| loss.0 == epoch)?;
    // Two epochs behind the turn at least: one may be chance.
    let after = losses.get(index + 1..).filter(|after| after.len() >= 2)?;
    let recent = &after[after.len().saturating_sub(WINDOW)..];
    let (now, train_now) = (
        mean(recent.iter().map(|loss| loss.1)),
        mean(recent.iter().map(|loss| loss.2)),
    );
    let has_turned = now > lowest * (1.0 + TURNED) && now > lowest + TURNED_NATS;
    let &(last, drawn, _) = losses.last()?;
    (has_turned && train_now < train_then).then_some(Turn {
        epoch,
        lowest,
        last,
        now: drawn,
    })
}

/// Where the curves go at their end.
#[derive(Clone, Copy)]
struct Course {
    /// Whether no further epoch comes.
    is_over: bool,
    validation_falls: bool,
    train_falls: bool,
}

/// The share by which a loss fell per epoch over the last ones; `None` where epochs lack it, or with too few epochs.
fn improvement(
    curves: &[EpochMetrics],
    loss: &dyn Fn(&EpochMetrics) -> Option<f64>,
) -> Option<f64> {
    let losses: Vec<f64> = curves.iter().filter_map(loss).collect();
    let last = losses.get(losses.len().checked_sub(WINDOW + 1)?..)?;
    let (before, now) = (*last.first()?, *last.last()?);
    if !(before > 0.0 && now > 0.0) {
        return None;
    }
    Some(1.0 - (now / before).powf(1.0 / WINDOW as f64))
}

/// What the lesson says.
fn advice(fit: Fit, course: Course) -> &'static str {
    let Course {
        is_over,
        validation_falls,
        train_falls,
    } = course;
    match fit {
        Fit::Underfitting if validation_falls && !is_over => {
            "It has not converged yet: let it go on, or train more layers."
        }
        Fit::Underfitting if validation_falls => {
            "It has not converged yet: train longer, or train more layers."
        }
        Fit::Underfitting => {
            "Too few layers are trained, or they are regularised too much: train more layers, train longer, or remove \
             dropout and augmentation."
        }
        Fit::Overfitting => {
            "It memorises the training pictures: more dropout, more augmentation, fewer trainable layers, earlier stopping \
             or more pictures help."
        }
        Fit::Good if validation_falls && !is_over => {
            "Both curves fall together and still improve: let it go on."
        }
        Fit::Good if validation_falls => {
            "Both curves fall together and have not converged: a few more epochs may help."
        }
        Fit::Good if train_falls => {
            "The validation loss has converged while the training loss still falls: more epochs would overfit. Look at its test \
             results, and compare it with other runs."
        }
        Fit::Good => {
            "Both curves fell together and have converged: look at its test results, and compare it with other runs."
        }
        Fit::Diverging => {
            "The steps are too large: lower the learning rate, or let it rise slowly at the start."
        }
        Fit::NotLearning => {
            "Nothing is learned: try another learning rate, pre-trained weights or more trainable layers, and check that the \
             pictures are in the right classes."
        }
    }
}

/// The accuracy of always naming the most frequent class.
fn baseline(situation: &DiagnosisInput<'_>) -> f64 {
    situation
        .majority
        .unwrap_or(1.0 / situation.classes.max(1) as f64)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    if count == 0 {
        return 0.0;
    }
    values.sum::<f64>() / count as f64
}

fn loss(loss: f64) -> String {
    format!("{loss:.3}")
}
