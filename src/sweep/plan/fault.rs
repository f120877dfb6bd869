//! What is wrong with a plan, and where its file says so.

use std::path::Path;

use crate::experiment::preset::syntax::line_and_column;
use crate::sweep::error::SweepError;
use crate::sweep::file::{self, Sweep, place_of_field, place_of_value};

/// Something that can't be trained, and where the sweep's file says so.
pub(super) struct Fault {
    pub place: Option<Place>,
    pub message: String,
}

/// A part of the sweep's file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The entry of `vary`, and which of its fields.
    Field(usize, usize),
    /// The entry of `vary`, and which of its values.
    Value(usize, usize),
}

impl Fault {
    pub fn whole(message: String) -> Self {
        Self {
            place: None,
            message,
        }
    }

    pub fn of_cell(self, name: &str) -> Self {
        Self {
            message: format!("the cell {name} can’t be trained: {}", self.message),
            ..self
        }
    }
}

/// With line and column, where the file holds the sweep that is planned.
pub(super) fn located(fault: Fault, sweep: &Sweep, path: &Path) -> SweepError {
    let place = fault.place.and_then(|place| {
        let text = file::text_of(path).ok()?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if Sweep::parse(text, path).ok()? != *sweep {
            return None;
        }
        let at = match place {
            Place::Field(varied, field) => place_of_field(text, varied, field),
            Place::Value(varied, value) => place_of_value(text, varied, value),
        }?;
        Some(line_and_column(text, at))
    });
    match place {
        Some((line, column)) => SweepError::File {
            path: path.into(),
            line,
            column,
            message: fault.message,
        },
        None => SweepError::Plan(fault.message),
    }
}
