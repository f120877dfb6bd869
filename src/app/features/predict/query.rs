//! Which answers a person has chosen to see, and in which order.

use std::borrow::Cow;

use super::view::{AnswersView, path_of};
use crate::app::ui::names::shown_name;
use crate::data::Split;
use crate::format;
use crate::prediction::{AnsweredPicture, Assigned};

/// What answers are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// The order in which they came.
    #[default]
    Arrival,
    Confidence,
    /// How far a picture is from those that the run learned from.
    Distance,
    /// The file's name, then its folder.
    Name,
}

/// Which answers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    #[default]
    All,
    Only(Assigned),
    /// [`AnsweredPicture::is_unsure`], whatever the class.
    Unsure,
}

impl Shown {
    /// As lists, bars and chips call it.
    pub fn title(self, view: &AnswersView) -> Cow<'_, str> {
        match self {
            Self::All => "Any answer".into(),
            Self::Only(Assigned::Class(class)) => shown_name(view.class(class)),
            Self::Only(Assigned::Undecided) => "Undecided".into(),
            Self::Only(Assigned::NoneOfThese) => "None of these".into(),
            Self::Unsure => UNSURE.into(),
        }
    }
}

/// What [`AnsweredPicture::is_unsure`] is called.
pub const UNSURE: &str = "Unsure (under 60 %)";

/// What pictures that the run learned from are called.
pub const TRAINING_PICTURES: &str = "Training pictures";

/// What a person has chosen to see.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub shown: Shown,
    /// Pictures of this part of the run's own split alone.
    pub part: Option<Split>,
    /// Least and largest confidence, both included.
    pub confidence: (f32, f32),
    /// Part of a path, in any case.
    pub file: String,
    pub sort: SortBy,
    pub largest_first: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            shown: Shown::All,
            part: None,
            confidence: (0.0, 1.0),
            file: String::new(),
            sort: SortBy::Arrival,
            largest_first: false,
        }
    }
}

/// One of the filters that can be active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    Answer,
    Part,
    Confidence,
    File,
}

impl Query {
    /// Those that leave something out, or may, in words.
    pub fn filters(&self, view: &AnswersView) -> Vec<(Filter, String)> {
        let all = Self::default();
        let mut filters = Vec::new();
        if self.shown != all.shown {
            filters.push((Filter::Answer, self.shown.title(view).into_owned()));
        }
        if let Some(part) = self.part {
            filters.push((Filter::Part, part_title(part).to_owned()));
        }
        if self.confidence != all.confidence {
            let (low, high) = self.confidence;
            let interval = format::percent_interval(f64::from(low), f64::from(high));
            filters.push((Filter::Confidence, format!("Confidence {interval}")));
        }
        if !self.file.is_empty() {
            filters.push((Filter::File, format!("File name “{}”", self.file)));
        }
        filters
    }

    /// Takes one filter away.
    pub fn remove(&mut self, filter: Filter) {
        let all = Self::default();
        match filter {
            Filter::Answer => self.shown = all.shown,
            Filter::Part => self.part = all.part,
            Filter::Confidence => self.confidence = all.confidence,
            Filter::File => self.file = all.file,
        }
    }

    /// Shows everything, in the order as it is.
    pub fn show_all(&mut self) {
        *self = Self {
            sort: self.sort,
            largest_first: self.largest_first,
            ..Self::default()
        };
    }

    /// `file`: the part of a path that is looked for, in small letters.
    pub(super) fn takes(&self, answer: &AnsweredPicture, file: &str) -> bool {
        let (low, high) = self.confidence;
        let is_shown = match self.shown {
            Shown::All => true,
            Shown::Only(assigned) => answer.assigned() == assigned,
            Shown::Unsure => answer.is_unsure(),
        };
        is_shown
            && self.part.is_none_or(|part| answer.part == Some(part))
            && (low..=high).contains(&answer.confidence)
            && (file.is_empty() || path_of(answer).to_lowercase().contains(file))
    }
}

/// Whether the run learned from the picture.
pub fn is_training(answer: &AnsweredPicture) -> bool {
    answer.part == Some(Split::Train)
}

/// Pictures of a part of the run's split.
pub fn part_title(part: Split) -> &'static str {
    match part {
        Split::Train => TRAINING_PICTURES,
        Split::Validation => "Validation pictures",
        Split::Test => "Test pictures",
    }
}

/// What it means that a picture is of this part of the run's own split, as a whole sentence.
pub fn part_sentence(part: Split) -> &'static str {
    match part {
        Split::Train => {
            "One of the run's training pictures, which it answers better than new ones."
        }
        Split::Validation => {
            "One of the run's validation pictures, by which its best epoch was chosen."
        }
        Split::Test => "One of the run's test pictures.",
    }
}
