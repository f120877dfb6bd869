//! What a training can look like.

use serde::{Deserialize, Serialize};

/// What a training looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    Underfitting,
    Overfitting,
    Good,
    Diverging,
    NotLearning,
}

impl Fit {
    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Underfitting => "Underfitting",
            Self::Overfitting => "Overfitting",
            Self::Good => "Good fit",
            Self::Diverging => "Diverging",
            Self::NotLearning => "Not learning",
        }
    }
}
