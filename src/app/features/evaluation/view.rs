//! What the evaluation shows, as plain data.

use std::sync::Arc;

use super::refit::RefitView;
use crate::app::core::evaluation::{self, Part};
use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RunRecord, State};
use crate::app::ui::diagnosis::DiagnosisView;
use crate::app::ui::matrix::MatrixView;
use crate::data::Split;
use crate::evaluation::novelty::{KnownNovelty, NoveltyLimit, distance_text, held_rate, rate_text};
use crate::format;

/// Plain data of the whole view.
#[derive(Debug, Clone)]
pub struct EvaluationView {
    /// Runs that can be evaluated, latest first.
    pub runs: Vec<RunChoice>,
    /// The one that is shown.
    pub run: Option<RunChoice>,
    pub split: Split,
    /// Pictures of training, validation and test of the shown run.
    pub pictures: [usize; 3],
    pub status: Status,
    /// Whether its test pictures are not to be looked at yet: it is a cell of a sweep whose setting is not chosen.
    pub test_is_withheld: bool,
    pub body: Option<Arc<EvaluationBody>>,
    pub diagnosis: Option<DiagnosisView>,
    /// What a person should know of the answers: pictures that are gone or have changed.
    pub remark: Option<String>,
    /// Whether a temperature could be fitted, or how far that is.
    pub temperature: Status,
    pub can_train: bool,
    /// Pictures that are none of the classes; nothing where the run can't tell them.
    pub novelty: Option<NoveltyView>,
    /// Of a cross-validation, the network that is trained on all its folds.
    pub refit: Option<RefitView>,
}

/// What is said of pictures that are none of the classes.
#[derive(Debug, Clone, PartialEq)]
pub struct NoveltyView {
    /// The share of one's own pictures that may be refused, as it holds.
    pub rate: f64,
    /// Shares that can be chosen, falling: those that the run's validation pictures can tell, `rate` among them.
    pub rates: Vec<f64>,
    /// "None of these: beyond a distance of 0.431, as 1 in 100 of your own may be; …"
    pub sentence: String,
}

impl NoveltyView {
    /// `rate`: as it was asked for.
    pub fn build(known: &KnownNovelty, rate: f64) -> Option<Self> {
        let limit = known.limit(rate)?;
        let mut sentence = format!(
            "None of these: beyond a distance of {}, as {} of your own pictures may be",
            distance_text(limit.threshold),
            rate_text(limit.rate)
        );
        if let Some(refused) = known.refused(&limit) {
            sentence += &format!(
                "; of the test pictures, {} are",
                format::percent(refused.value)
            );
            if let Some(interval) = refused.interval {
                let range = format::percent_interval(interval.low, interval.high);
                sentence += &format!(" ({range})");
            }
        }
        if let Some(remark) = limit.remark() {
            sentence += &format!(". {remark}");
        }
        Some(Self {
            rate: limit.rate,
            rates: rates(&limit),
            sentence,
        })
    }
}

/// Of one's own pictures, the shares that can be chosen to be refused, and the limit's own. What few pictures can't tell stands
/// there as the least that they can: a list never names another rate than the sentence below it.
fn rates(limit: &NoveltyLimit) -> Vec<f64> {
    const USUAL: [f64; 6] = [0.1, 0.05, 0.02, 0.01, 0.005, 0.001];
    let held = |asked: &f64| held_rate(*asked, limit.validation_pictures);
    let mut rates: Vec<f64> = USUAL.iter().map(held).chain([limit.rate]).collect();
    rates.sort_by(|a, b| b.total_cmp(a));
    rates.dedup();
    rates
}

impl EvaluationView {
    /// Everything but the body, which [`super::cache::EvaluationCache`] keeps.
    pub fn build(state: &State, body: Option<Arc<EvaluationBody>>) -> Self {
        let mut runs: Vec<&RunRecord> = state
            .runs
            .iter()
            .filter(|run| evaluation::can_be_evaluated(run))
            .collect();
        runs.sort_by_key(|run| {
            std::cmp::Reverse(run.summary.as_ref().map(|summary| summary.started))
        });
        let shown = evaluation::shown(state);
        let split = state.shown_split.unwrap_or(Split::Test);
        let part = |split| {
            let folder = shown?.folder.clone()?;
            state.evaluation.parts.get(&(folder, split))
        };
        let status = |part: Option<&Part>| match part {
            None | Some(Part::NotKept) => Status::Idle,
            Some(Part::Working { done, total }) => Status::Working {
                done: *done,
                total: *total,
            },
            Some(Part::Failed(reason)) => Status::Failed(reason.clone()),
            Some(Part::Ready(_)) => Status::Ready,
        };
        let summary = shown.and_then(|run| run.summary.as_ref());
        Self {
            runs: (runs.into_iter())
                .map(|run| RunChoice::build(run, state))
                .collect(),
            run: shown.map(|run| RunChoice::build(run, state)),
            split,
            pictures: summary.map_or([0; 3], |summary| {
                [
                    summary.train_pictures,
                    summary.validation_pictures,
                    summary.test_pictures,
                ]
            }),
            status: status(part(split)),
            test_is_withheld: summary.is_some_and(|summary| summary.test_is_withheld),
            body,
            diagnosis: shown.and_then(|run| DiagnosisView::of(state, run)),
            remark: match part(split) {
                Some(Part::Ready(answers)) => answers.remark.clone(),
                _ => None,
            },
            temperature: status(part(Split::Validation)),
            can_train: state.has_pictures(),
            novelty: match part(split) {
                Some(Part::Ready(answers)) => answers
                    .novelty
                    .as_ref()
                    .and_then(|known| NoveltyView::build(known, state.evaluation.novelty_rate)),
                _ => None,
            },
            refit: shown.and_then(RefitView::build),
        }
    }
}

impl RunChoice {
    fn build(run: &RunRecord, state: &State) -> Self {
        let test = run
            .summary
            .as_ref()
            .and_then(|summary| summary.test.as_ref());
        Self {
            id: run.id.clone(),
            name: told_apart(run, state),
            color: run.color,
            detail: test.map_or_else(String::new, |test| format::percent(test.accuracy)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunChoice {
    pub id: String,
    pub name: String,
    pub color: usize,
    pub detail: String,
}

/// How far the shown part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nothing has been asked.
    Idle,
    Working {
        done: usize,
        total: usize,
    },
    Failed(String),
    Ready,
}

/// A number with its interval, for a card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    pub label: String,
    pub value: String,
    /// "87.9 – 92.4 %"
    pub interval: String,
    pub tooltip: String,
}

impl Card {
    /// As it is read aloud.
    pub fn spoken(&self) -> String {
        format!("{} {}, {}", self.label, self.value, self.interval)
    }
}

/// How good, how sure, and where it fails.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Headline {
    pub accuracy: Card,
    /// The accuracy and its interval as shares, for their bar; nothing of no pictures.
    pub shares: Option<[f64; 3]>,
    /// Where pictures belong to groups, how many: the intervals are of these.
    pub groups: Option<usize>,
    /// Of the pictures that are classified.
    pub correct: u64,
    /// “the largest class (functional)”, and the share of pictures that always predicting it would get right.
    pub baseline: Option<(String, f64)>,
    pub macro_f1: Card,
    /// The class with the lowest F1, unless all are perfect.
    pub worst: Option<WorstClass>,
}

/// The class with the lowest F1 among those that have pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorstClass {
    pub name: String,
    /// Further classes with the same F1.
    pub others: usize,
    /// "0.842"
    pub f1: String,
    pub found: u64,
    pub support: u64,
}

/// Everything that is shown of one part of a run's pictures.
#[derive(Debug, Clone, Default)]
pub struct EvaluationBody {
    pub total: usize,
    /// Pictures whose prediction is not rejected.
    pub kept: usize,
    /// What is said first.
    pub headline: Headline,
    /// Further scores.
    pub cards: Vec<Card>,
    pub matrix: MatrixView,
    pub confusions: Vec<TopConfusion>,
    pub report: Vec<ReportLine>,
    pub averages: Vec<ReportLine>,
    /// Classes in the order of the run, for the choice of the class that curves are about.
    pub classes: Vec<String>,
    /// Which of `classes` the curves are about.
    pub class: usize,
    pub roc: Curve,
    pub precision_recall: Curve,
    pub reliability: Reliability,
    pub coverage: Coverage,
    pub temperature: Option<Temperature>,
    pub decision: DecisionView,
}

/// What the sliders say, in words and numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DecisionView {
    /// For two classes: the positive class.
    pub positive: Option<String>,
    /// Lowest confidence that any answer can have: one in the number of classes.
    pub least: f64,
    /// "All 656 pictures classified, 93.4 % of them correctly"
    pub sentence: String,
}

/// A pair of classes that is confused often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopConfusion {
    pub truth: String,
    pub predicted: String,
    pub count: u64,
    /// Of the true class's pictures: "11.5 %"
    pub share: String,
    pub sentence: String,
    /// Share of the largest of them, in per mille: for its bar.
    pub weight: u32,
}

/// A line of the classification report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportLine {
    pub name: String,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub support: u64,
}

/// One curve in the unit square.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    pub points: Vec<[f64; 2]>,
    /// The curves of other classes, faint.
    pub others: Vec<(String, Vec<[f64; 2]>)>,
    /// "AUC 0.953"
    pub area: String,
    pub area_tooltip: String,
    /// Where the threshold stands.
    pub at: Option<[f64; 2]>,
    /// What guessing would give: the diagonal, or a level.
    pub chance: Vec<[f64; 2]>,
    /// Why there is no curve.
    pub absent: Option<String>,
}

/// Confidence against accuracy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reliability {
    pub bins: Vec<Bin>,
    /// Before the temperature, for comparison.
    pub before: Option<Vec<Bin>>,
    /// The expected calibration error: "3.1 %"
    pub error: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    pub low: f64,
    pub high: f64,
    /// Mean confidence and share of right answers.
    pub confidence: f64,
    pub accuracy: f64,
    pub count: u64,
}

/// On which side of the diagonal of a reliability diagram predictions lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaning {
    /// Less often correct than their confidence says.
    Overconfident,
    /// At least as often correct as their confidence says.
    Underconfident,
}

impl Bin {
    pub fn leaning(&self) -> Leaning {
        if self.accuracy < self.confidence {
            Leaning::Overconfident
        } else {
            Leaning::Underconfident
        }
    }
}

/// How many pictures are answered against how many of these answers are right.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Coverage {
    /// Coverage, accuracy.
    pub points: Vec<[f64; 2]>,
    pub at: [f64; 2],
}

/// The temperature that was fitted on validation, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Temperature {
    /// "1.42"
    pub value: String,
    /// "Calibration error 5.3 → 1.9 %, log loss 0.312 → 0.287"
    pub effect: String,
    pub applied: bool,
}

impl EvaluationBody {
    /// The body as lines of text, for tests.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{} of {} classified", self.kept, self.total)];
        let first = [&self.headline.accuracy, &self.headline.macro_f1];
        for card in first.into_iter().chain(&self.cards) {
            lines.push(format!(
                "{}: {} ({})",
                card.label, card.value, card.interval
            ));
        }
        lines.push(self.matrix.lines());
        for line in self.report.iter().chain(&self.averages) {
            lines.push(format!(
                "{}: {:.3} {:.3} {:.3} {}",
                line.name, line.precision, line.recall, line.f1, line.support
            ));
        }
        for confusion in &self.confusions {
            lines.push(confusion.sentence.clone());
        }
        lines.push(self.decision.sentence.clone());
        lines.join("\n")
    }
}
