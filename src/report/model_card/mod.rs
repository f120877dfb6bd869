//! A run's model card: what its network is, what it learned from, how good it is, where it fails, and how it is used. After
//! Mitchell et al., “Model Cards for Model Reporting”, 2019 (arXiv 1810.03993).

mod content;
mod html;
mod markdown;
mod usage;

use crate::export::described::Described;
use crate::format::Align;
use crate::runs::RunError;

use super::comparison::Tested;

pub use usage::{Exported, What};

/// Whether a file holds a card that Graft wrote, by its beginning.
pub fn is_card(head: &[u8]) -> bool {
    head.starts_with(markdown::MARK.as_bytes())
}

/// A part of a card.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    Heading(&'static str),
    Text(String),
    /// What nobody may overlook.
    Warning(String),
    Table {
        header: Vec<(&'static str, Align)>,
        rows: Vec<Vec<String>>,
    },
    Code {
        language: &'static str,
        text: String,
    },
}

/// The card of one run, as plain data: a Markdown file, a part of an HTML document, or drawn in the window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelCard {
    title: String,
    blocks: Vec<Block>,
}

impl ModelCard {
    /// Of a run; `tested` are its answers on its test pictures, `described` is what its exported files say of it, `exported` the
    /// one that stands beside the card.
    pub fn new(tested: Option<&Tested>, described: &Described, exported: &Exported) -> Self {
        Self {
            title: described.name.clone(),
            blocks: content::blocks(tested, described, exported),
        }
    }

    /// The same, with the answers that stand in the run's folder.
    ///
    /// # Errors
    /// Naming the file that is missing or broken.
    pub fn of(described: &Described, exported: &Exported) -> Result<Self, RunError> {
        let tested = Tested::of(&described.run)?;
        Ok(Self::new(tested.as_ref(), described, exported))
    }

    /// What the run is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What stands in it, from top to bottom.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// A Markdown document.
    pub fn markdown(&self) -> String {
        markdown::document(&self.title, &self.blocks)
    }

    /// What stands in an HTML document, without a title.
    pub(super) fn html(&self) -> String {
        html::section(&self.blocks)
    }
}
