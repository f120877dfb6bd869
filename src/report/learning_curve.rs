//! What more pictures would bring, in sentences and as a figure; the command line's and the window's.

use crate::evaluation::learning_curve::{
    CurveFit, CurveScore, CurveVerdict, LearningCurve, MULTIPLE,
};
use crate::experiment::Experiment;
use crate::figures::{LearningCurveBand, LearningCurveDots, LearningCurveFigure, palette};
use crate::format;
use crate::training::learning_curve::{Asked, MeasuredCurve};

/// A learning curve with what it was measured with.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurveReport {
    pub backbone: String,
    pub classes: usize,
    pub curve: LearningCurve,
    pub asked: Asked,
    pub unreadable: usize,
    pub from_disk: usize,
    pub computed: usize,
    pub feature_seconds: f64,
    pub head_seconds: f64,
}

impl LearningCurveReport {
    pub fn new(experiment: &Experiment, measured: &MeasuredCurve, score: CurveScore) -> Self {
        Self {
            backbone: crate::training::backbone_title(&experiment.backbone.name),
            classes: measured.answers.classes,
            curve: LearningCurve::new(&measured.answers, score),
            asked: measured.asked,
            unreadable: measured.unreadable,
            from_disk: measured.from_disk,
            computed: measured.computed,
            feature_seconds: measured.feature_seconds,
            head_seconds: measured.head_seconds,
        }
    }

    /// The answer, first: what twice as many pictures would bring, or why that can't be told.
    pub fn answer(&self) -> String {
        let Some(fit) = &self.curve.fit else {
            return "There are too few pictures to tell what more of them would bring.".into();
        };
        let now = self.now();
        let later = pictures(MULTIPLE * self.curve.now);
        let band = format::percent_interval(fit.forecast_interval.low, fit.forecast_interval.high);
        let gain = format!(
            "{} to {} percentage points",
            points(fit.gain_interval.low),
            points(fit.gain_interval.high)
        );
        match self.curve.verdict {
            CurveVerdict::Helps => format!(
                "With twice as many pictures ({later}): {} ({band}), {now}. That is {gain} more.",
                format::percent(fit.forecast),
            ),
            CurveVerdict::Flat => format!(
                "The curve is flat: twice as many pictures of this kind ({later}) would bring {gain}, {now}."
            ),
            CurveVerdict::Unclear | CurveVerdict::TooFew => format!(
                "It can’t be told: twice as many pictures ({later}) would bring anything from {gain}, {now}. The curve varies too much from draw to draw, or too few pictures were asked."
            ),
        }
    }

    /// `now 91.0 % with 1,574`.
    fn now(&self) -> String {
        let mean = self
            .curve
            .points
            .last()
            .map_or(f64::NAN, |point| point.mean);
        format!(
            "now {} with {}",
            format::percent(mean),
            pictures(self.curve.now)
        )
    }

    /// How it was measured, and what it does not say.
    pub fn details(&self) -> String {
        let asked = format::thousands(self.curve.asked as u64);
        let asked = match self.asked {
            Asked::Validation => format!("{asked} validation pictures"),
            Asked::Folds(folds) => format!(
                "{asked} training and validation pictures, each asked after learning from the other {} of {folds} folds",
                folds.saturating_sub(1)
            ),
        };
        let unreadable = match self.unreadable {
            0 => String::new(),
            some => format!(
                " {} could not be read.",
                format::count(some, "picture", "pictures")
            ),
        };
        format!(
            "{} of linear heads on the frozen features of {}, on {asked}; test pictures take no part.{unreadable} It holds for pictures like these, and for feature extraction: fine-tuning has a curve of its own, which is often steeper.",
            self.curve.score.title(),
            self.backbone
        )
    }

    /// What the axis says.
    fn axis(&self) -> String {
        let score = match self.curve.score {
            CurveScore::Accuracy => "accuracy",
            CurveScore::MacroF1 => "macro-F1",
        };
        match self.asked {
            Asked::Validation => format!("Validation {score}"),
            Asked::Folds(_) => format!("Cross-validated {score}"),
        }
    }

    pub fn figure(&self) -> LearningCurveFigure {
        let curve = &self.curve;
        let dots = |point: &crate::evaluation::learning_curve::LearningPoint| LearningCurveDots {
            pictures: point.pictures,
            scores: point.scores.clone(),
            mean: point.mean,
        };
        let band = |fit: &CurveFit| {
            let at = |at: &crate::evaluation::learning_curve::BandPoint| LearningCurveBand {
                pictures: at.pictures,
                value: at.value,
                low: at.interval.low,
                high: at.interval.high,
            };
            fit.band.iter().map(at).collect()
        };
        LearningCurveFigure {
            title: "What twice as many pictures would bring".into(),
            remark: format!(
                "{}, linear heads on frozen features; {} asked",
                self.backbone,
                format::count(curve.asked, "picture", "pictures"),
            ),
            score: self.axis(),
            color: palette::run_color(0),
            points: curve.points.iter().map(dots).collect(),
            band: curve.fit.as_ref().map(band).unwrap_or_default(),
            now: curve.now,
        }
    }
}

/// A number of pictures, which is none in folds of different sizes.
fn pictures(number: f64) -> String {
    format::thousands(number.max(0.0).round() as u64)
}

/// Hundredths, with one digit behind the point.
fn points(share: f64) -> String {
    format!("{:.1}", (share * 100.0).max(0.0))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::evaluation::learning_curve::{AnswersOfSize, CurveAnswers};

    /// Of `asked` pictures, those are right whose number is below a share that grows with the pictures that were learned from.
    pub fn measured(asked: usize, right: impl Fn(f64) -> f64) -> MeasuredCurve {
        let truth: Vec<u32> = (0..asked as u32).map(|index| index % 2).collect();
        let size = |&pictures: &f64| {
            let draw = |shift: f64| {
                let share = right(pictures) + shift;
                let hard = |index: usize| (index as f64 * 0.618_034).fract();
                let each = truth.iter().enumerate();
                each.map(|(index, &truth)| {
                    if hard(index) < share {
                        truth
                    } else {
                        1 - truth
                    }
                })
                .collect()
            };
            let draws = match pictures == 1_000.0 {
                true => vec![draw(0.0)],
                false => [-0.003, 0.0, 0.003].map(draw).to_vec(),
            };
            AnswersOfSize {
                pictures,
                share: pictures / 1_000.0,
                draws,
            }
        };
        let answers = CurveAnswers {
            classes: 2,
            sizes: [100.0, 150.0, 300.0, 450.0, 1_000.0]
                .iter()
                .map(size)
                .collect(),
            truth,
        };
        MeasuredCurve {
            answers,
            asked: Asked::Validation,
            unreadable: 2,
            from_disk: 10,
            computed: 0,
            feature_seconds: 0.1,
            head_seconds: 0.1,
        }
    }

    fn report(asked: usize, right: impl Fn(f64) -> f64) -> LearningCurveReport {
        let measured = measured(asked, right);
        LearningCurveReport::new(&Experiment::default(), &measured, CurveScore::Accuracy)
    }

    #[test]
    fn the_answer_names_both_numbers_of_pictures_and_the_band() {
        let helps = report(2_000, |pictures| 0.95 - 2.0 * pictures.powf(-0.5));
        let answer = helps.answer();
        assert!(
            answer.starts_with("With twice as many pictures (2,000): ")
                && answer.contains(" with 1,000")
                && answer.contains("percentage points more"),
            "{answer}"
        );
        assert!(helps.details().contains("2,000 validation pictures"));
        assert!(helps.details().contains("2 pictures could not be read"));
        let figure = helps.figure();
        assert_eq!(figure.points.len(), 5);
        assert_eq!(figure.band.last().map(|at| at.pictures), Some(2_000.0));
        assert_eq!(figure.score, "Validation accuracy");
    }

    #[test]
    fn what_can_t_be_told_is_said() {
        let flat = report(4_000, |_| 0.9).answer();
        assert!(flat.starts_with("The curve is flat"), "{flat}");
        let few = report(10, |_| 0.9);
        assert!(few.answer().contains("too few"), "{}", few.answer());
        assert!(few.figure().band.is_empty());
    }
}
