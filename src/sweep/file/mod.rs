//! The sweep's file (`*.sweep.ron`).
//!
//! ```ron
//! (
//!     version: 1,
//!     name: "Learning rate and frozen layers",
//!     base: "lesson-fine-tuning.ron",
//!     vary: [
//!         (field: "phases[1].learning_rate", values: Logarithmic(from: 1e-5, to: 1e-3, steps: 3)),
//!         (field: "phases[1].freeze", values: List([AllButLast(20), Nothing])),
//!     ],
//!     strategy: Grid,
//!     seeds: 2,
//!     goal: (metric: ValidationAccuracy),
//! )
//! ```

mod nodes;
mod places;
mod read;
mod read_values;
mod values;
mod write;

use std::io;
use std::path::Path;

use super::error::SweepError;
use super::goal::Goal;
use super::strategy::Strategy;
use crate::experiment::preset::syntax::line_and_column;
use crate::ordinary_file::{self, Links};
use crate::runs::atomic;

pub(super) use places::{place_of_field, place_of_value};
pub(super) use values::{number_text, rounded};

/// How the names of sweeps' files end, which tells them from presets.
pub const ENDING: &str = ".sweep.ron";

/// The version that this Graft writes.
pub(super) const VERSION: u32 = 1;

/// Far more than any sweep: a larger file is something else, opened by mistake.
const LARGEST_BYTES: u64 = 1 << 20;

/// What stands in a sweep's file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// What it is called.
    pub name: String,
    /// A preset's file, relative to the sweep's, or the name of a preset that comes with Graft.
    pub base: String,
    /// Further changes of the base, as `graft run --set` takes them.
    pub set: Vec<String>,
    pub vary: Vec<Varied>,
    pub strategy: Strategy,
    /// How often each setting is trained: with the base's own seed and the numbers after it. At least 1.
    pub seeds: u32,
    pub goal: Goal,
}

/// One field that varies, or several that go together.
#[derive(Debug, Clone, PartialEq)]
pub struct Varied {
    /// Paths such as `phases[0].learning_rate`; several with [`Values::Together`] alone.
    pub fields: Vec<String>,
    pub values: Values,
}

/// What a field takes. Numbers of ranges are rounded to four digits, and to whole numbers where the field takes nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// RON texts, as a preset has them.
    List(Vec<String>),
    /// For several fields at once: one value for each.
    Together(Vec<Vec<String>>),
    /// `steps` values at equal distances, both ends included.
    Linear { from: f64, to: f64, steps: u32 },
    /// `steps` values at equal ratios, both ends included.
    Logarithmic { from: f64, to: f64, steps: u32 },
    /// Drawn, every number as likely.
    Uniform { from: f64, to: f64 },
    /// Drawn, every order of magnitude as likely.
    LogUniform { from: f64, to: f64 },
}

impl Sweep {
    /// Reads a sweep's file. The base preset is not looked at: see [`super::Plan::new`].
    ///
    /// # Errors
    /// When it can't be read, and [`SweepError::File`] for the first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, SweepError> {
        Self::parse(&text_of(path)?, path)
    }

    /// Reads a sweep's text; `path` is for messages.
    ///
    /// # Errors
    /// [`SweepError::File`] for the first thing that is wrong: punctuation, version, an unknown field or variant, a value of
    /// the wrong type or out of range.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SweepError> {
        // Windows editors write a byte-order mark, which no column should count.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        read::read(text).map_err(|fault| {
            let (line, column) = line_and_column(text, fault.at);
            SweepError::File {
                path: path.into(),
                line,
                column,
                message: fault.message,
            }
        })
    }

    /// The text of its file.
    pub fn to_text(&self) -> String {
        write::text(self)
    }

    /// Writes its file whole or not at all; a link is followed.
    ///
    /// # Errors
    /// What the disk says.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        // `canonicalize` fails for a file that is yet to be written, which then is no link either.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        atomic::write(&target, self.to_text().as_bytes())
    }
}

/// What stands in the file at `path`.
pub(super) fn text_of(path: &Path) -> Result<String, SweepError> {
    ordinary_file::read_to_string(path, LARGEST_BYTES, Links::Followed).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::FileTooLarge => "is no sweep: it is larger than 1 MB".to_owned(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                format!("is no sweep: {error}")
            }
            _ => format!("can't be read ({error})"),
        };
        SweepError::Folder {
            reason: format!("the sweep’s file {reason}"),
            path: path.into(),
        }
    })
}

#[cfg(test)]
mod tests;
