//! Which runs a list shows, and in what order.

use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::runs::names::without_number;

/// What a person asks the list for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Words that must stand somewhere in a run's name, experiment, backbone, note or tags.
    pub search: String,
    pub sort: Sort,
    pub state: StateFilter,
    /// Only runs with this tag.
    pub tag: Option<String>,
    /// Whether archived runs are shown too.
    pub with_archived: bool,
    /// Whether runs of one experiment stand together under its name.
    pub grouped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Latest,
    Oldest,
    Name,
    Accuracy,
    Loss,
    Seconds,
    Size,
}

impl Sort {
    pub const ALL: [(Self, &str, &str); 7] = [
        (Self::Latest, "Latest first", "By the time when they began"),
        (Self::Oldest, "Oldest first", "By the time when they began"),
        (
            Self::Name,
            "Name",
            "In the order of the alphabet, without their numbers",
        ),
        (
            Self::Accuracy,
            "Accuracy",
            "The most test pictures right first",
        ),
        (
            Self::Loss,
            "Loss",
            "The lowest loss on the test pictures first",
        ),
        (Self::Seconds, "Time", "The shortest training first"),
        (Self::Size, "Size on disk", "The largest folder first"),
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StateFilter {
    #[default]
    All,
    Finished,
    Training,
    Unfinished,
}

impl StateFilter {
    pub const ALL: [(Self, &str, &str); 4] = [
        (Self::All, "All states", "Runs in any state"),
        (Self::Finished, "Finished", "Runs that came to their end"),
        (
            Self::Training,
            "Training",
            "Runs that train or wait, also in other windows and commands",
        ),
        (
            Self::Unfinished,
            "Unfinished",
            "Runs that were stopped or interrupted, or failed",
        ),
    ];

    fn passes(self, state: &RecordState) -> bool {
        let is_training = matches!(
            state,
            RecordState::Running | RecordState::Queued | RecordState::Elsewhere
        );
        match self {
            Self::All => true,
            Self::Finished => *state == RecordState::Finished,
            Self::Training => is_training,
            Self::Unfinished => !is_training && *state != RecordState::Finished,
        }
    }
}

impl Filter {
    /// Whether it leaves runs out beside those in the archive.
    pub fn is_active(&self) -> bool {
        !self.search.trim().is_empty() || self.state != StateFilter::All || self.tag.is_some()
    }

    /// The same order, with every run.
    pub fn without_conditions(&self) -> Self {
        Self {
            with_archived: true,
            sort: self.sort,
            grouped: self.grouped,
            ..Self::default()
        }
    }

    /// The runs that are listed: running, waiting in the order of the queue, pinned, the others.
    pub fn apply<'a>(&self, state: &'a State) -> Vec<&'a RunRecord> {
        let words: Vec<String> = self
            .search
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let mut runs: Vec<(usize, &RunRecord)> = (state.runs.iter().enumerate())
            .filter(|(_, run)| self.passes(run, &words, state))
            .collect();
        let started = |run: &RunRecord| run.summary.as_ref().map_or(0, |summary| summary.started);
        // As they come to be where nothing else is said.
        runs.sort_by_key(|(index, run)| (u64::MAX - started(run), *index));
        let test = |run: &RunRecord, of: fn(&crate::training::events::TestMetrics) -> f64| {
            let summary = run.summary.as_ref();
            summary.and_then(|summary| summary.test.as_ref()).map(of)
        };
        match self.sort {
            Sort::Latest => {}
            Sort::Oldest => runs.reverse(),
            Sort::Name => runs.sort_by_cached_key(|(_, run)| {
                without_number(&told_apart(run, state)).to_lowercase()
            }),
            Sort::Accuracy => runs.sort_by(|(_, a), (_, b)| {
                let accuracy = |run: &RunRecord| test(run, |test| test.accuracy).unwrap_or(-1.0);
                accuracy(b).total_cmp(&accuracy(a))
            }),
            Sort::Loss => runs.sort_by(|(_, a), (_, b)| {
                let loss = |run: &RunRecord| test(run, |test| test.loss).unwrap_or(f64::MAX);
                loss(a).total_cmp(&loss(b))
            }),
            Sort::Seconds => runs.sort_by(|(_, a), (_, b)| {
                let seconds = |run: &RunRecord| {
                    run.summary
                        .as_ref()
                        .map_or(f64::MAX, |summary| summary.seconds_total)
                };
                seconds(a).total_cmp(&seconds(b))
            }),
            Sort::Size => runs.sort_by_key(|(_, run)| std::cmp::Reverse(run.listed.bytes)),
        }
        runs.sort_by_key(|(index, run)| match run.state {
            RecordState::Running => (0, 0),
            RecordState::Queued => (1, *index),
            _ if run.listed.annotations.pinned => (2, 0),
            _ => (3, 0),
        });
        runs.into_iter().map(|(_, run)| run).collect()
    }

    fn passes(&self, run: &RunRecord, words: &[String], state: &State) -> bool {
        let said = &run.listed.annotations;
        if said.archived && !self.with_archived && !run.is_live() {
            return false;
        }
        if !self.state.passes(&run.state) {
            return false;
        }
        if self
            .tag
            .as_ref()
            .is_some_and(|tag| !said.tags.contains(tag))
        {
            return false;
        }
        if words.is_empty() {
            return true;
        }
        let backbone = run
            .summary
            .as_ref()
            .map_or("", |summary| summary.backbone.as_str());
        let text = format!(
            "{} {} {backbone} {} {}",
            told_apart(run, state),
            run.name,
            said.note,
            said.tags.join(" ")
        );
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fakes;
    use super::*;

    fn ids(filter: &Filter, state: &State) -> String {
        let runs = filter.apply(state);
        runs.iter()
            .map(|run| run.id.as_str())
            .collect::<Vec<_>>()
            .join("")
    }

    #[test]
    fn runs_are_sorted_and_live_ones_stand_first() {
        let mut state = fakes::state();
        let sorted = |sort, state: &State| {
            let filter = Filter {
                sort,
                ..Filter::default()
            };
            ids(&filter, state)
        };
        assert_eq!(sorted(Sort::Latest, &state), "efbacdg");
        assert_eq!(sorted(Sort::Oldest, &state), "efgdcab");
        assert_eq!(sorted(Sort::Accuracy, &state), "efbdacg");
        assert_eq!(sorted(Sort::Name, &state), "efgabcd");
        state.runs[2].listed.annotations.pinned = true;
        assert_eq!(sorted(Sort::Accuracy, &state), "efcbdag");
    }

    #[test]
    fn what_is_searched_filtered_or_archived_is_all_that_is_shown() {
        let mut state = fakes::state();
        state.runs[0].listed.annotations.tags = vec!["paper".into()];
        state.runs[1].listed.annotations.note = "Lamp replaced".into();
        state.runs[2].listed.annotations.archived = true;
        let shown = |change: fn(&mut Filter), state: &State| {
            let mut filter = Filter::default();
            change(&mut filter);
            ids(&filter, state)
        };
        assert_eq!(shown(|_| {}, &state), "efbadg");
        assert_eq!(
            shown(|filter| filter.with_archived = true, &state),
            "efbacdg"
        );
        assert_eq!(shown(|filter| filter.search = "PAPER".into(), &state), "a");
        assert_eq!(
            shown(|filter| filter.search = "lamp fine".into(), &state),
            "b"
        );
        assert_eq!(
            shown(|filter| filter.search = "lamp coarse".into(), &state),
            ""
        );
        assert_eq!(
            shown(|filter| filter.tag = Some("paper".into()), &state),
            "a"
        );
        assert_eq!(
            shown(|filter| filter.state = StateFilter::Training, &state),
            "ef"
        );
        assert_eq!(
            shown(|filter| filter.state = StateFilter::Unfinished, &state),
            "g"
        );
    }
}
