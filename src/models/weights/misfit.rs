//! Why a file does not fit a network, in sentences that help: what is missing or too many, what kind of file it is, and which
//! network of the catalogue it does fit.

use std::path::Path;

use super::fit::Fit;
use super::outline::{Outline, Part};
use super::resolve::Reading;
use super::{dialect, foreign, leftover};

/// Of the nearest reading of the file at `path` for a network.
pub(super) fn describe(
    outline: &Outline,
    reading: &Reading<'_>,
    nearest: Option<&Fit>,
    path: &Path,
) -> String {
    let title = outline.info.title;
    let Some(fit) = nearest.filter(|_| !reading.found.tensors.is_empty()) else {
        return "the file holds no tensors that are read here".into();
    };
    let found = reading.found;
    let mut refusals = Vec::new();
    let is_base = |entry: usize| outline.entries[entry].part == Part::Base;
    let name = |entry: usize| &outline.entries[entry].name;
    for missing in fit.missing.iter().filter(|missing| is_base(missing.entry)) {
        refusals.push(match &missing.instead {
            None => format!("{} is missing", name(missing.entry)),
            Some(instead) => format!("{} {instead}", name(missing.entry)),
        });
    }
    for &(entry, tensor) in fit.mismatched.iter().filter(|(entry, _)| is_base(*entry)) {
        let (own, other) = (&outline.entries[entry].shape, &found.tensors[tensor].shape);
        refusals.push(format!("{} is {other:?} and not {own:?}", name(entry)));
    }
    for &(entry, tensor) in fit
        .whole_numbers
        .iter()
        .filter(|(entry, _)| is_base(*entry))
    {
        let bits = 8 * found.tensors[tensor].numbers.element.bytes();
        refusals.push(format!(
            "{} holds whole numbers of {bits} bits",
            name(entry)
        ));
    }
    let others = refusals.len().saturating_sub(3);
    refusals.truncate(3);
    if others > 0 {
        refusals.push(format!("and {others} more"));
    }
    let surplus = fit.surplus.len();
    if surplus > 0 && (fit.is_complete() || refusals.is_empty()) {
        let first: Vec<String> = fit
            .surplus
            .iter()
            .take(3)
            .map(|name| format!("“{name}”"))
            .collect();
        let more = if surplus > 3 { ", …" } else { "" };
        refusals.push(format!(
            "{surplus} of their tensors {} to layers that it lacks ({}{more})",
            if surplus == 1 { "belongs" } else { "belong" },
            first.join(", ")
        ));
    }
    let mut text = format!("these weights do not fit {title}: {}", joined(&refusals));
    let names: Vec<&str> = (0..found.tensors.len())
        .map(|tensor| reading.name_of(tensor))
        .collect();
    // One remedy, the one that helps most.
    let hint = leftover::hint(&names).map(str::to_owned);
    let fitting = fitting(outline, reading);
    if !fitting.is_empty() {
        text.push_str(&format!(
            "; they fit {}: choose that backbone",
            fitting.join(" and ")
        ));
    } else if let Some(hint) = hint.or_else(|| foreign::part_of_several(path)) {
        text.push_str(&format!("; {hint}"));
    } else if fit.hits() == 0
        && let Some(first) = names.first()
    {
        text.push_str(&format!(
            "; none of its names is one of {title}’s, the first is “{first}”: take a file of this network, from {}",
            dialect::libraries(outline.info.name)
        ));
    } else {
        text.push_str("; no other backbone here fits them: take a file of this network");
    }
    text
}

/// With semicolons, but for what only counts the rest.
fn joined(refusals: &[String]) -> String {
    let mut text = String::new();
    for refusal in refusals {
        if !text.is_empty() {
            text.push_str(if refusal.starts_with("and ") {
                ", "
            } else {
                "; "
            });
        }
        text.push_str(refusal);
    }
    text
}

/// The catalogue's other networks that the file fits, `ResNet-34 (resnet34)`.
pub(super) fn fitting(outline: &Outline, reading: &Reading<'_>) -> Vec<String> {
    Outline::all()
        .iter()
        .filter(|other| other.info.name != outline.info.name && reading.may_fit(other))
        .filter(|other| reading.fits(other).first().is_some_and(Fit::is_fit))
        .map(|other| format!("{} ({})", other.info.title, other.info.name))
        .collect()
}
