//! The colours of runs: a run keeps its own, and of those that are drawn no two share one while another is free.

use std::collections::BTreeSet;

use super::state::{RunRecord, State};
use crate::figures::palette::RUN_COLORS;

/// Runs that are drawn, by their ids: who was there first keeps its colour.
#[derive(Debug, Default)]
pub struct DrawnRuns(BTreeSet<String>);

impl DrawnRuns {
    /// Gives another colour to runs that have come to be drawn since the last call and whose own is taken.
    pub fn keep_colors_apart(&mut self, state: &mut State) {
        let compared: BTreeSet<&str> =
            (state.comparison.chosen.iter().map(String::as_str)).collect();
        let is_drawn = |run: &RunRecord| run.shown || compared.contains(run.id.as_str());
        let drawn: BTreeSet<&str> = (state.runs.iter())
            .filter(|run| is_drawn(run))
            .map(|run| run.id.as_str())
            .collect();
        self.0.retain(|id| drawn.contains(id.as_str()));
        let mut uses = [0usize; RUN_COLORS.len()];
        for run in state.runs.iter().filter(|run| self.0.contains(&run.id)) {
            uses[run.color % RUN_COLORS.len()] += 1;
        }
        for run in &mut state.runs {
            if !is_drawn(run) || self.0.contains(&run.id) {
                continue;
            }
            let own = run.color % RUN_COLORS.len();
            let least = uses.iter().min().copied().unwrap_or(0);
            if uses[own] > least {
                let free = uses.iter().position(|&uses| uses == least);
                run.color = free.unwrap_or(own);
            }
            uses[run.color % RUN_COLORS.len()] += 1;
            self.0.insert(run.id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;

    /// The colours of the drawn runs, as they are seen.
    fn drawn(state: &State) -> Vec<usize> {
        let drawn = state.runs.iter().filter(|run| run.shown);
        drawn.map(|run| run.color % RUN_COLORS.len()).collect()
    }

    fn many(count: usize) -> State {
        let mut state = fakes::state();
        let model = state.runs[0].clone();
        state.runs = (0..count)
            .map(|index| {
                let mut run = model.clone();
                run.id = format!("run-{index}");
                run.color = index;
                run.shown = false;
                run
            })
            .collect();
        state
    }

    #[test]
    fn drawn_runs_share_no_colour_while_one_is_free_and_keep_theirs() {
        let colors = RUN_COLORS.len();
        let mut state = many(300);
        let mut apart = DrawnRuns::default();
        // All of these would have the first colour.
        for index in 0..colors {
            let before = state.runs[0].color;
            state.runs[index * colors].shown = true;
            apart.keep_colors_apart(&mut state);
            let seen: BTreeSet<usize> = drawn(&state).into_iter().collect();
            assert_eq!(seen.len(), index + 1, "{:?}", drawn(&state));
            assert_eq!(
                state.runs[0].color, before,
                "who was there first keeps its colour"
            );
        }
        // One more must share; compared ones count as drawn.
        state.comparison.chosen = vec!["run-1".into()];
        apart.keep_colors_apart(&mut state);
        let before: Vec<usize> = drawn(&state);
        apart.keep_colors_apart(&mut state);
        assert_eq!(drawn(&state), before);
        // A colour that becomes free goes to the next.
        for run in &mut state.runs {
            run.shown = false;
        }
        state.comparison.chosen.clear();
        apart.keep_colors_apart(&mut state);
        state.runs[8].shown = true;
        apart.keep_colors_apart(&mut state);
        assert_eq!(drawn(&state).len(), 1);
    }

    #[test]
    fn a_run_that_was_drawn_alone_keeps_its_own_colour() {
        let mut state = many(20);
        state.runs[13].shown = true;
        let own = state.runs[13].color;
        DrawnRuns::default().keep_colors_apart(&mut state);
        assert_eq!(state.runs[13].color, own);
    }
}
