//! What was asked, and what came of it, as plain data.

use std::path::{Path, PathBuf};

use crate::data::{PictureSource, Split};
use crate::evaluation::Decision;
use crate::evaluation::gallery::UNCERTAIN;
use crate::evaluation::novelty::Novelty;

/// A picture that is to be answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Picture {
    pub source: PictureSource,
    /// What the run calls one of its own pictures, such as `test/00012`; nothing for a file, which is called by its path.
    pub named: Option<String>,
}

impl Picture {
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            source: PictureSource::File(path.into()),
            named: None,
        }
    }

    /// What tables and lists call it: the path as it was given, or the name within the run.
    pub fn name(&self) -> &Path {
        match &self.named {
            Some(name) => Path::new(name),
            None => self.source.path(),
        }
    }
}

/// A network's answer on one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct AnsweredPicture {
    pub picture: Picture,
    /// Of every class, in the order of [`super::Predictor::classes`], at the decision's temperature; they add up to 1.
    pub probabilities: Vec<f32>,
    /// By the decision; `None` where it is less sure than the decision asks for.
    pub class: Option<u32>,
    /// The probability of the class that is answered, or would be: with a threshold it may be below a half.
    pub confidence: f32,
    /// How unlike the run's own pictures it is; `None` where the run does not know.
    pub novelty: Option<Novelty>,
    /// What it was for the run, where it is known to be one of its own pictures: how well that is answered says nothing of new
    /// ones. By what it holds, also where a copy of it stands elsewhere.
    pub part: Option<Split>,
}

/// What an answer amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Assigned {
    Class(u32),
    /// Less sure than the decision asks for.
    Undecided,
    /// Too unlike all that the run learned from.
    NoneOfThese,
}

impl Assigned {
    /// What stands in tables: `class` where there is one, else the words for what there is in its place.
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Class(_) => "class",
            Self::Undecided => "undecided",
            Self::NoneOfThese => "none of these",
        }
    }
}

impl AnsweredPicture {
    /// None of these comes first: how sure a network is of what it has never seen means nothing.
    pub fn assigned(&self) -> Assigned {
        match (self.novelty, self.class) {
            (Some(novelty), _) if novelty.is_none_of_these() => Assigned::NoneOfThese,
            (_, Some(class)) => Assigned::Class(class),
            (_, None) => Assigned::Undecided,
        }
    }

    /// Whether it is a class, or would be, with less confidence than [`UNCERTAIN`]. What is none of these is no class, however
    /// sure.
    pub fn is_unsure(&self) -> bool {
        self.assigned() != Assigned::NoneOfThese && self.confidence < UNCERTAIN
    }

    /// The class with the greatest probability, whatever was decided; the first of several.
    pub fn most_probable(&self) -> u32 {
        Decision::default().answer(&self.probabilities).class
    }
}

/// What came of one picture.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureOutcome {
    Answered(AnsweredPicture),
    /// It could not be read. The reason is a sentence for the person, without the path.
    Unreadable {
        picture: Picture,
        reason: String,
    },
}

impl PictureOutcome {
    pub fn picture(&self) -> &Picture {
        match self {
            Self::Answered(answer) => &answer.picture,
            Self::Unreadable { picture, .. } => picture,
        }
    }
}

/// How far a stream came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub answered: usize,
    pub unreadable: usize,
    /// Whether the stop flag, or whoever was delivered to, ended it.
    pub is_stopped: bool,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.answered += other.answered;
        self.unreadable += other.unreadable;
        self.is_stopped |= other.is_stopped;
    }
}
