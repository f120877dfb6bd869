//! What a learning-rate range test says of a phase, in sentences and as a figure; the command line's and the window's.

use crate::experiment::Experiment;
use crate::figures::{RateCurveFigure, RateCurvePoint, palette};
use crate::format;
use crate::training::rate_finder::{
    LAST_RATE, RangeEnd, RateCurve, RateSuggestion, STEPS, two_digits,
};

/// A range test with what it was done with.
#[derive(Debug, Clone, PartialEq)]
pub struct RateReport {
    /// Counted from 0.
    pub phase: usize,
    pub phase_name: String,
    pub optimizer: &'static str,
    /// The phase's own rate.
    pub present: f64,
    /// Epochs of the phases before it, which were trained.
    pub epochs_before: u32,
    pub backbone: String,
    pub train_pictures: usize,
    pub batch_size: u32,
    pub curve: RateCurve,
    /// Or why there is none, in a sentence.
    pub suggestion: Result<RateSuggestion, String>,
}

impl RateReport {
    /// `train_pictures`: of the experiment's split.
    pub fn new(
        experiment: &Experiment,
        phase: usize,
        train_pictures: usize,
        curve: RateCurve,
    ) -> Self {
        let before = experiment.phases.iter().take(phase);
        let tested = experiment.phases.get(phase).cloned().unwrap_or_default();
        Self {
            phase,
            optimizer: tested.optimizer.title(),
            present: tested.learning_rate,
            epochs_before: before.map(|phase| phase.epochs).sum(),
            backbone: crate::training::backbone_title(&experiment.backbone.name),
            train_pictures,
            batch_size: experiment.training.batch_size,
            suggestion: curve.suggestion(),
            curve,
            phase_name: tested.name,
        }
    }

    /// The rate to take, as it is typed.
    pub fn rate_to_take(&self) -> Option<f64> {
        let suggestion = self.suggestion.as_ref().ok();
        suggestion.map(|suggestion| two_digits(suggestion.valley))
    }

    /// `Phase 1, Feature extraction`.
    pub fn phase_title(&self) -> String {
        match self.phase_name.trim() {
            "" => format!("Phase {}", self.phase + 1),
            name => format!("Phase {}, {name}", self.phase + 1),
        }
    }

    /// The answer, first.
    pub fn answer(&self) -> String {
        match &self.suggestion {
            Ok(suggestion) => format!(
                "{}: a learning rate of {} with {}. {}The experiment has {}.",
                self.phase_title(),
                format::rate(two_digits(suggestion.valley)),
                self.optimizer,
                self.steepest(suggestion),
                format::rate(self.present),
            ),
            Err(reason) => format!("{}: no rate is suggested. {reason}", self.phase_title()),
        }
    }

    /// Where the loss falls most quickly. A dip behind the lowest loss, where it jumps already, is no rate for anybody.
    fn steepest(&self, suggestion: &RateSuggestion) -> String {
        let lowest = (self.curve.considered().iter())
            .min_by(|one, other| one.smoothed.total_cmp(&other.smoothed));
        match lowest {
            Some(lowest) if suggestion.steepest < lowest.rate => format!(
                "The loss falls most quickly at {}. ",
                format::rate(two_digits(suggestion.steepest))
            ),
            _ => String::new(),
        }
    }

    /// What it began with, and why it ended.
    pub fn details(&self) -> String {
        let began = match (self.phase, self.epochs_before) {
            (0, _) => "It began as a run does, with a new head on the backbone’s weights".into(),
            (_, epochs) => format!(
                "It began where {} of the phases before leave the network",
                format::plural(epochs.into(), "epoch", "epochs")
            ),
        };
        let steps = self.curve.points.len();
        let ended = match self.curve.end {
            RangeEnd::Diverged => format!(
                "it ended after {} of {STEPS}, where the loss had grown to four times its lowest",
                format::count(steps, "step", "steps")
            ),
            RangeEnd::AllSteps => format!(
                "the loss did not grow to four times its lowest up to a rate of {}",
                format::rate(LAST_RATE)
            ),
        };
        format!("{began}; {ended}. What it learned is thrown away.")
    }

    pub fn figure(&self) -> RateCurveFigure {
        let taken = self.suggestion.as_ref().ok().and_then(|suggestion| {
            let at = |rate: f64| self.curve.points.iter().find(|point| point.rate >= rate);
            at(suggestion.valley).map(|point| (two_digits(point.rate), point.smoothed))
        });
        let point = |point: &crate::training::rate_finder::RatePoint| RateCurvePoint {
            rate: point.rate,
            loss: point.loss,
            smoothed: point.smoothed,
        };
        RateCurveFigure {
            title: format!("Learning rates of {}", lower_first(&self.phase_title())),
            remark: format!(
                "{} with {}, {} in batches of {}",
                self.backbone,
                self.optimizer,
                format::count(self.train_pictures, "training picture", "training pictures"),
                self.batch_size
            ),
            color: palette::run_color(0),
            points: self.curve.points.iter().map(point).collect(),
            suggested: taken,
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::rate_finder::RangeTest;

    fn report(phase: usize, loss: impl Fn(f64) -> f64) -> RateReport {
        let mut test = RangeTest::default();
        while !test.is_over() {
            test.add(loss(RangeTest::rate(test.steps())));
        }
        let mut experiment = Experiment::default();
        experiment.phases = vec![experiment.phases[0].clone(); 2];
        RateReport::new(&experiment, phase, 1_200, test.into_curve())
    }

    #[test]
    fn the_answer_comes_first_and_says_what_is_not_known() {
        let falls = report(0, |rate| {
            0.3 + 1.3 / (1.0 + rate / 1e-3) + (rate / 0.5).powi(2)
        });
        let taken = falls.rate_to_take().unwrap();
        assert_eq!(taken, two_digits(taken));
        let answer = falls.answer();
        assert!(
            answer.starts_with("Phase 1, ") && answer.contains(&format::rate(taken)),
            "{answer}"
        );
        assert!(falls.details().contains("new head"), "{}", falls.details());
        let figure = falls.figure();
        assert_eq!(figure.suggested.map(|(rate, _)| rate), Some(taken));
        assert!(figure.remark.contains("1,200 training pictures"));
        let flat = report(1, |_| 0.5);
        assert_eq!(flat.rate_to_take(), None);
        assert!(flat.answer().contains("no rate is suggested"));
        assert!(flat.details().contains("epochs of the phases before"));
        assert_eq!(flat.figure().suggested, None);
    }
}
