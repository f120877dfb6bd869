//! What runs are called in every row, menu and legend: see [`crate::runs::names`].

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::state::{RunRecord, State};
use crate::runs::names::{Nameable, names};
use crate::shown;

/// A run's name, which no other run of the window has: "#12 Fine-tuning, last 20, seed 2".
pub fn told_apart(run: &RunRecord, state: &State) -> String {
    if !run.title.is_empty() {
        return run.title.clone();
    }
    let position = state.runs.iter().position(|other| other.id == run.id);
    let titles = titles(&state.runs);
    position.map_or_else(|| run.name.clone(), |index| titles[index].clone())
}

/// Makes the runs' titles anew where something has changed that they are made of. Cheap where nothing has: call it in every
/// frame.
pub fn keep_titles(state: &mut State) {
    if fingerprint(&state.runs) == state.titles_of {
        return;
    }
    let titles = titles(&state.runs);
    for (run, title) in state.runs.iter_mut().zip(titles) {
        run.title = title;
    }
    // With the titles that there are now.
    state.titles_of = fingerprint(&state.runs);
}

fn titles(runs: &[RunRecord]) -> Vec<String> {
    let runs: Vec<Nameable<'_>> = runs.iter().map(nameable).collect();
    // Given by a person, or read from a folder that anybody may have written.
    let names = names(&runs).into_iter();
    names.map(|name| shown::line(&name).into_owned()).collect()
}

fn nameable(run: &RunRecord) -> Nameable<'_> {
    let summary = run.summary.as_ref();
    let planned = || {
        let mut settings = run.listed.settings.iter();
        let seed = settings.find(|setting| setting.field == "seed")?;
        seed.value.parse().ok()
    };
    Nameable {
        number: run.listed.annotations.number,
        given: run.listed.annotations.name.as_deref(),
        experiment: &run.name,
        seed: (summary.and_then(|summary| summary.seed)).or_else(planned),
        // One that has not begun comes after those that have.
        started: summary.map_or(u64::MAX, |summary| summary.started),
        settings: &run.listed.settings,
    }
}

fn fingerprint(runs: &[RunRecord]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for run in runs {
        run.id.hash(&mut hasher);
        let run_now = nameable(run);
        (run_now.number, run_now.given, run_now.seed, run_now.started).hash(&mut hasher);
        run_now.experiment.hash(&mut hasher);
        Arc::as_ptr(&run.listed.settings).hash(&mut hasher);
        // A run that is new has no title yet.
        run.title.is_empty().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;

    #[test]
    fn titles_follow_what_they_are_made_of_and_no_two_are_alike() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            run.name = "Fine-tuning".into();
        }
        keep_titles(&mut state);
        keep_titles(&mut state);
        let titles = |state: &State| -> Vec<String> {
            state
                .runs
                .iter()
                .map(|run| told_apart(run, state))
                .collect()
        };
        let mut first = titles(&state);
        assert!(
            first.iter().all(|title| title.starts_with("Fine-tuning")),
            "{first:?}"
        );
        first.sort();
        first.dedup();
        assert_eq!(first.len(), state.runs.len());
        state.runs[2].listed.annotations.number = Some(12);
        state.runs[2].listed.annotations.name = Some("The best".into());
        keep_titles(&mut state);
        assert_eq!(titles(&state)[2], "#12 The best");
        // No name turns the writing of its neighbours around, begins a line or looks like another.
        state.runs[2].listed.annotations.name = Some("The\nbest\u{202e}\u{200b}".into());
        keep_titles(&mut state);
        assert_eq!(titles(&state)[2], "#12 The best\\u{202e}\\u{200b}");
    }
}
