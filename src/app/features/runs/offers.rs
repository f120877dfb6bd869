//! What can be done with the selected runs, by name: the command palette finds it.

use super::RunRow;
use super::menu::{MENU, MenuAction};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::format;
use crate::runs::annotations::Change;

/// Something that can be done with the selected runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub icon: &'static str,
    /// With the name of the run: `Move #12 Fine-tuning to the trash`.
    pub text: String,
    pub tooltip: &'static str,
    /// Other words that people look for it by.
    pub words: &'static str,
    pub commands: Vec<Command>,
    /// Why it can't be done now.
    pub obstacle: Option<&'static str>,
}

/// Why nothing can be done with a run.
const NONE_SELECTED: &str = "No run is selected: click one in the list of runs";

/// What can be done with the selected runs; nothing as long as there is no run at all. Where none is selected, all of it,
/// with what is missing.
pub fn offers(state: &State, now: u64) -> Vec<Offer> {
    if state.runs.is_empty() {
        return Vec::new();
    }
    let rows: Vec<RunRow> = (state.selected().into_iter())
        .map(|run| RunRow::build(run, state, now))
        .collect();
    let actions = MENU.into_iter().flatten().copied();
    if rows.is_empty() {
        let blank = RunRow::build(&state.runs[0], state, now);
        return actions
            .map(|action| offer(action, &blank, "the selected run", false, Vec::new()))
            .map(|offer| Offer {
                obstacle: Some(NONE_SELECTED),
                ..offer
            })
            .collect();
    }
    actions
        .filter_map(|action| of_rows(action, &rows))
        .collect()
}

fn of_rows(action: MenuAction, rows: &[RunRow]) -> Option<Offer> {
    let fitting: Vec<&RunRow> = rows.iter().filter(|row| action.applies(row)).collect();
    let first = *fitting.first()?;
    let is_on = |of: fn(&RunRow) -> bool| fitting.iter().all(|row| of(row));
    let ids = || fitting.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
    let change = |change| vec![Command::ChangeRuns(ids(), vec![change])];
    if rows.len() == 1 {
        let commands = match action.edits() {
            Some(what) => vec![Command::EditRun(first.id.clone(), what)],
            None => action.commands(first),
        };
        let is_on = match action {
            MenuAction::Show => first.shown,
            MenuAction::Pin => first.pinned,
            MenuAction::Archive => first.archived,
            MenuAction::Pause => first.paused,
            _ => false,
        };
        return Some(offer(action, first, &first.name, is_on, commands));
    }
    let (is_on, commands) = match action {
        MenuAction::Show => {
            let shown = is_on(|row| row.shown);
            let show = |id| Command::ShowRun(id, !shown);
            (shown, ids().into_iter().map(show).collect())
        }
        MenuAction::Compare => (false, vec![Command::CompareRuns(ids())]),
        MenuAction::Pause => {
            let paused = is_on(|row| row.paused);
            let pause = |row: &&RunRow| Some(Command::PauseRun(row.run?, !paused));
            (paused, fitting.iter().filter_map(pause).collect())
        }
        MenuAction::Stop => {
            let stop = |row: &&RunRow| row.run.map(Command::StopRun);
            (false, fitting.iter().filter_map(stop).collect())
        }
        MenuAction::Pin => {
            let pinned = is_on(|row| row.pinned);
            (pinned, change(Change::Pin(!pinned)))
        }
        MenuAction::Archive => {
            let archived = is_on(|row| row.archived);
            (archived, change(Change::Archive(!archived)))
        }
        MenuAction::Trash => (false, vec![Command::TrashRuns(ids())]),
        // Of one run alone.
        _ => return None,
    };
    let name = format::count(fitting.len(), "selected run", "selected runs");
    Some(offer(action, first, &name, is_on, commands))
}

/// `is_on`: whether it is shown, held, pinned or archived already, which it takes back.
fn offer(
    action: MenuAction,
    row: &RunRow,
    name: &str,
    is_on: bool,
    commands: Vec<Command>,
) -> Offer {
    let (icon, _, tooltip, _) = action.words(row);
    let (text, words) = match action {
        MenuAction::Open => (format!("Open {name}"), "results select show view run"),
        MenuAction::Show if is_on => (
            format!("Hide {name} in curves and results"),
            "show display visible toggle run",
        ),
        MenuAction::Show => (
            format!("Show {name} in curves and results"),
            "hide display visible toggle run",
        ),
        MenuAction::Evaluate => (
            format!("Evaluate {name}"),
            "test confusion matrix metrics calibration run",
        ),
        MenuAction::Compare => (
            format!("Add {name} to the comparison"),
            "compare versus against difference run",
        ),
        MenuAction::Resume => (format!("Resume {name}"), "continue go on train run"),
        MenuAction::Refit => (
            format!("Train {name} on all folds"),
            "refit retrain final network cross-validation use deploy run",
        ),
        MenuAction::Pause if is_on => (
            format!("Let {name} go on"),
            "pause continue unpause hold run",
        ),
        MenuAction::Pause => (format!("Pause {name}"), "hold wait halt run"),
        MenuAction::Stop => (format!("Stop {name}"), "cancel abort end interrupt run"),
        MenuAction::Rename => (format!("Rename {name}…"), "name title call run"),
        MenuAction::Tags => (
            format!("Change the tags of {name}…"),
            "tag label keyword run",
        ),
        MenuAction::Note => (
            format!("Write a note on {name}…"),
            "notes comment remark describe description run",
        ),
        MenuAction::Pin if is_on => (format!("Unpin {name}"), "pin favourite favorite star run"),
        MenuAction::Pin => (
            format!("Pin {name}"),
            "favourite favorite star top first run",
        ),
        MenuAction::Archive if is_on => (
            format!("Take {name} out of the archive"),
            "unarchive restore run",
        ),
        MenuAction::Archive => (format!("Archive {name}"), "hide put away run"),
        MenuAction::ExportNetwork => (
            format!("Export the network of {name}…"),
            "onnx pytorch torch safetensors model card deploy save weights run",
        ),
        MenuAction::UseExperiment => (
            format!("Open the experiment of {name}"),
            "preset settings reproduce repeat run",
        ),
        MenuAction::OpenFolder => (
            format!("Show the folder of {name}"),
            "directory files disk location open reveal run",
        ),
        MenuAction::Unlist => (
            format!("Take {name} out of the list"),
            "remove forget unlist run",
        ),
        MenuAction::Trash => (
            format!("Move {name} to the trash"),
            "delete remove erase bin run",
        ),
    };
    Offer {
        icon,
        text,
        tooltip,
        words,
        commands,
        obstacle: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fakes;
    use super::*;

    fn texts(state: &State) -> Vec<String> {
        let offers = offers(state, fakes::NOW).into_iter();
        offers.map(|offer| offer.text).collect()
    }

    #[test]
    fn what_is_selected_is_named_and_what_does_not_fit_is_not_offered() {
        let mut state = fakes::state();
        state.selected_run = Some("b".into());
        let found = texts(&state);
        for text in [
            "Move Fine-tuning to the trash",
            "Rename Fine-tuning…",
            "Pin Fine-tuning",
            "Show the folder of Fine-tuning",
        ] {
            assert!(found.iter().any(|found| found == text), "{text}: {found:?}");
        }
        assert!(
            !found.iter().any(|text| text.starts_with("Resume")),
            "{found:?}"
        );
        // Several are acted on together, by what fits several.
        state.selected_with = ["a", "b"].map(str::to_owned).into();
        let found = texts(&state);
        assert!(
            found.contains(&"Move 2 selected runs to the trash".to_owned()),
            "{found:?}"
        );
        assert!(
            !found.iter().any(|text| text.starts_with("Rename")),
            "{found:?}"
        );
        let mut all = offers(&state, fakes::NOW).into_iter();
        let trash = all.rfind(|offer| offer.text.ends_with("to the trash"));
        assert_eq!(
            trash.map(|offer| offer.commands),
            Some(vec![Command::TrashRuns(vec!["a".into(), "b".into()])])
        );
    }

    #[test]
    fn without_a_selected_run_it_is_said_what_is_missing() {
        let mut state = fakes::state();
        state.selected_run = None;
        let found = offers(&state, fakes::NOW);
        assert!(
            (found.iter()).all(|offer| offer.obstacle.is_some() && offer.commands.is_empty()),
            "{found:?}"
        );
        state.runs.clear();
        assert!(offers(&state, fakes::NOW).is_empty());
    }
}
