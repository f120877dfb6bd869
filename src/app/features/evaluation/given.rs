//! Scores and curves of the pictures whose answer is given, as far as they are known.

use crate::app::core::prepared_answers::Choices;
use crate::app::core::prepared_answers::PreparedAnswers;
use crate::evaluation::{ClassRanking, Decision, Evaluation, Prediction, Predictions, Ranking};

/// Up to so many pictures times classes all classes are ranked while a slider moves; beyond, the
/// chosen one alone is, until the slider rests.
const MOST_CELLS: usize = 1_000_000;

pub(super) enum Given<'a> {
    /// With the intervals that came with the run, or were worked out when the slider rested.
    Known(&'a Evaluation),
    Live(Box<Evaluation>),
    /// The curves of the class that is looked at.
    One(Vec<ClassRanking>),
}

impl<'a> Given<'a> {
    /// `intervals` are those of the moment's decision, once they are there.
    pub fn new(
        source: &PreparedAnswers,
        choices: &Choices,
        intervals: Option<&'a Evaluation>,
        decision: &Decision,
    ) -> Self {
        if let Some(known) = intervals {
            return Self::Known(known);
        }
        let predictions = source.probabilities(choices);
        let given = decision.given(predictions);
        if given.rows.len() * given.classes.len() <= MOST_CELLS {
            return Self::Live(Box::new(Evaluation::without_bootstrap(&given, decision)));
        }
        Self::One(one_against_rest(&given, source.class(choices)))
    }

    pub fn evaluation(&self) -> Option<&Evaluation> {
        match self {
            Self::Known(evaluation) => Some(evaluation),
            Self::Live(evaluation) => Some(evaluation),
            Self::One(_) => None,
        }
    }

    /// Once they are there.
    pub fn with_intervals(&self) -> Option<&Evaluation> {
        match self {
            Self::Known(evaluation) => Some(evaluation),
            Self::Live(_) | Self::One(_) => None,
        }
    }

    /// Curves of as many classes as are known, that of the choice among them.
    pub fn ranking(&self) -> &[ClassRanking] {
        match self {
            Self::One(classes) => classes,
            Self::Known(Evaluation { ranking, .. }) => &ranking.classes,
            Self::Live(evaluation) => &evaluation.ranking.classes,
        }
    }
}

fn one_against_rest(predictions: &Predictions, class: usize) -> Vec<ClassRanking> {
    let rows = (predictions.rows.iter())
        .map(|row| {
            let probability = row.probabilities.get(class).copied().unwrap_or(0.0);
            Prediction {
                file: String::new(),
                truth: u32::from(row.truth as usize != class),
                probabilities: vec![probability, 1.0 - probability],
            }
        })
        .collect();
    let one = Predictions {
        classes: vec!["class".into(), "rest".into()],
        rows,
        ..Predictions::default()
    };
    let first = Ranking::new(&one).classes.into_iter().next();
    (first.into_iter())
        .map(|ranking| ClassRanking {
            class: class as u32,
            ..ranking
        })
        .collect()
}
