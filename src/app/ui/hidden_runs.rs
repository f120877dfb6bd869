//! Runs that could be drawn, offered where nothing is.

use eframe::egui;

use super::{tokens, widgets};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::format;

/// What an empty view says while there are runs.
pub const NONE_SHOWN: &str = "No run is shown that has something to show here. Click a run in the list of runs, or the dot \
    before its name; Ctrl+Shift+R opens the list where it is not in sight.";

/// Title and text of a view of one run where all runs are of other pictures than those in front.
pub const OTHER_PICTURES: (&str, &str) = (
    "No run has been trained on these pictures yet",
    "Train the experiment, or choose a run of other pictures above.",
);

/// More curves than this are a tangle.
const SHOWN_AT_ONCE: usize = 4;

/// Tested runs that are not drawn, by their ids, latest first.
pub fn hidden(state: &State) -> Vec<String> {
    let mut found: Vec<(u64, String)> = (state.runs.iter())
        .filter(|run| !run.shown && !run.is_live() && !run.listed.annotations.archived)
        .filter_map(|run| {
            let summary = run.summary.as_ref()?;
            summary.test.as_ref()?;
            Some((summary.started, run.id.clone()))
        })
        .collect();
    found.sort_by_key(|(started, _)| std::cmp::Reverse(*started));
    found.truncate(SHOWN_AT_ONCE);
    found.into_iter().map(|(_, id)| id).collect()
}

/// The button of an empty view that draws the latest tested runs.
pub fn show_hidden_ui(ui: &mut egui::Ui, hidden: &[String], out: &mut Vec<Command>) {
    let text = match hidden.len() {
        0 => return,
        1 => "Show the latest run".to_owned(),
        number => format!(
            "Show the latest {}",
            format::plural(number as u64, "run", "runs")
        ),
    };
    let tooltip =
        "Show the latest tested runs, as the dots before their names in the list of runs do";
    if widgets::primary_button(ui, &text, tooltip).clicked() {
        let shown = |id: &String| Command::ShowRun(id.clone(), true);
        out.extend(hidden.iter().map(shown));
    }
    ui.add_space(tokens::SPACE_S);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;

    #[test]
    fn an_empty_view_shows_the_latest_tested_runs() {
        let mut state = fakes::state();
        assert!(hidden(&state).len() < state.runs.len());
        for run in &mut state.runs {
            run.shown = false;
        }
        assert_eq!(hidden(&state), ["b", "a", "c", "d"], "tested, latest first");
    }
}
