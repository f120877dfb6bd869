//! Whether a file's numbers may be those of a trained network.

use std::path::Path;

use rayon::prelude::*;

use super::{Copied, values};
use crate::models::ModelError;
use crate::models::parameters::ParameterEntry;

/// A file that has no more numbers than this (64 MB in single precision) is read once and held; a larger one is read to be
/// checked and again, one tensor at a time, to be copied.
const HELD: u64 = 16 << 20;

/// What is wrong with all of them.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Why they can't be used.
    pub refusal: Option<String>,
    /// What a person should know.
    pub remark: Option<String>,
}

/// What a tensor is to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A normalisation's.
    Variance,
    /// The weights of a layer of the base.
    Layer,
    Other,
}

impl Kind {
    fn of(copied: &Copied, entries: &[ParameterEntry]) -> Self {
        let entry = &entries[copied.entry];
        if entry.name.ends_with("running_var") {
            Self::Variance
        } else if entry.is_in_base()
            && entry.name.ends_with("weight")
            && copied.tensor.shape.len() > 1
        {
            Self::Layer
        } else {
            Self::Other
        }
    }
}

/// What is wrong with those of one tensor.
enum Finding {
    Nothing,
    NotFinite,
    NegativeVariance,
    /// A layer all of whose weights are this number.
    OneNumber(f32),
}

/// Reads every tensor that is to be copied, so that a damaged file changes nothing.
pub(super) fn check(
    copies: &mut [Copied],
    entries: &[ParameterEntry],
    file: &Path,
) -> Result<Health, ModelError> {
    let numbers = |copied: &Copied| copied.tensor.numbers.count();
    let is_held = copies.iter().map(numbers).fold(0, u64::saturating_add) <= HELD;
    // A network's own tensors stay on this thread.
    let kinds: Vec<Kind> = copies
        .iter()
        .map(|copied| Kind::of(copied, entries))
        .collect();
    let check = |(copied, kind): (&mut Copied, &Kind)| -> Result<Finding, ModelError> {
        let values = values(&copied.tensor, file)?;
        let finding = if !values.all_finite() {
            Finding::NotFinite
        } else if *kind == Kind::Variance && values.any_negative() {
            Finding::NegativeVariance
        } else if let Some(number) = values.only_number().filter(|_| *kind == Kind::Layer) {
            Finding::OneNumber(number)
        } else {
            Finding::Nothing
        };
        copied.values = is_held.then_some(values);
        Ok(finding)
    };
    // The first problem in the network's order, however many threads look for it.
    let found: Vec<Result<Finding, ModelError>> = if is_held {
        copies.par_iter_mut().zip(&kinds).map(check).collect()
    } else {
        copies.iter_mut().zip(&kinds).map(check).collect()
    };
    let mut alike = Vec::new();
    for (copied, finding) in copies.iter().zip(found) {
        let name = &entries[copied.entry].name;
        let refusal = match finding? {
            Finding::Nothing => continue,
            Finding::OneNumber(number) => {
                alike.push((name, number));
                continue;
            }
            Finding::NotFinite => format!("“{name}” holds values that are not finite"),
            Finding::NegativeVariance => format!(
                "“{name}” holds negative variances, which no training gives: the file is damaged, or its numbers were \
                 changed; take it anew"
            ),
        };
        return Ok(Health {
            refusal: Some(refusal),
            ..Health::default()
        });
    }
    let remark = alike.first().map(|(name, number)| {
        let more = match alike.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more layers are alike"),
        };
        format!("all weights of “{name}” are {number}{more}: nothing was trained there")
    });
    Ok(Health {
        refusal: None,
        remark,
    })
}
