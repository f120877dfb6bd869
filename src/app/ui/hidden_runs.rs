//! Runs that could be drawn, offered where nothing is.

use std::path::PathBuf;

use eframe::egui;

use super::{tokens, widgets};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::format;

/// A tested run that is not drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct HiddenRun {
    pub id: String,
    /// Its folder, where its curves have not been read yet.
    pub unread: Option<PathBuf>,
}

/// More curves than this are a tangle.
const SHOWN_AT_ONCE: usize = 4;

/// Tested runs that are not drawn, latest first.
pub fn hidden(state: &State) -> Vec<HiddenRun> {
    let mut found: Vec<(u64, HiddenRun)> = (state.runs.iter())
        .filter(|run| !run.shown && !run.is_live() && !run.listed.annotations.archived)
        .filter_map(|run| {
            let summary = run.summary.as_ref()?;
            summary.test.as_ref()?;
            let hidden = HiddenRun {
                id: run.id.clone(),
                unread: run.folder.clone().filter(|_| run.metrics.is_empty()),
            };
            Some((summary.started, hidden))
        })
        .collect();
    found.sort_by_key(|(started, _)| std::cmp::Reverse(*started));
    found.truncate(SHOWN_AT_ONCE);
    found.into_iter().map(|(_, run)| run).collect()
}

/// The button of an empty view that draws the latest tested runs.
pub fn show_hidden_ui(ui: &mut egui::Ui, hidden: &[HiddenRun], out: &mut Vec<Command>) {
    let text = match hidden.len() {
        0 => return,
        1 => "Show the latest run".to_owned(),
        number => format!(
            "Show the latest {}",
            format::plural(number as u64, "run", "runs")
        ),
    };
    let tooltip = "Show the latest tested runs, as a click on them in the list at the right does";
    if widgets::primary_button(ui, &text, tooltip).clicked() {
        for run in hidden {
            out.extend(run.unread.clone().map(Command::OpenRun));
            out.push(Command::ShowRun(run.id.clone(), true));
        }
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
        let ids: Vec<String> = hidden(&state).into_iter().map(|run| run.id).collect();
        assert_eq!(ids, ["b", "a", "c", "d"], "tested, latest first");
    }
}
