//! What every editing panel starts from: the experiment as it is, and what is wrong with it.

use crate::app::command::Command;
use crate::app::state::{Document, State};
use crate::experiment::{Experiment, FieldProblem};

/// The plain data behind an editing panel.
#[derive(Debug, Clone, PartialEq)]
pub struct EditorView {
    pub experiment: Experiment,
    pub problems: Vec<FieldProblem>,
}

impl EditorView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let Document {
            experiment,
            problems,
            ..
        } = state.active_document()?;
        Some(Self {
            experiment: experiment.clone(),
            problems: problems.clone(),
        })
    }

    pub fn draft(&self) -> Draft<'_> {
        Draft {
            before: &self.experiment,
            experiment: self.experiment.clone(),
            problems: &self.problems,
            merge: "",
        }
    }
}

/// A copy of the experiment that widgets change while they draw; [`Draft::finish`] turns a change into one command.
pub struct Draft<'a> {
    before: &'a Experiment,
    pub experiment: Experiment,
    pub problems: &'a [FieldProblem],
    merge: &'static str,
}

impl Draft<'_> {
    /// Names the control that a change comes from: consecutive changes of one control are one step of undo.
    pub fn touched(&mut self, changed: bool, control: &'static str) {
        if changed {
            self.merge = control;
        }
    }

    /// Like [`Draft::touched`], for a control that exists once per phase or layer.
    pub fn touched_at(&mut self, changed: bool, control: &'static str, place: usize) {
        if changed {
            self.merge = merge_name(control, place);
        }
    }

    /// What is wrong with `field`, if anything.
    pub fn problem(&self, field: &str) -> Option<&str> {
        self.problems
            .iter()
            .find(|problem| problem.field == field)
            .map(|problem| problem.message.as_str())
    }

    pub fn finish(self, out: &mut Vec<Command>) {
        if self.experiment != *self.before {
            out.push(Command::Edit {
                experiment: Box::new(self.experiment),
                merge: self.merge,
            });
        }
    }
}

/// One name per control and place, alive as long as the program. The set is as small as the
/// number of controls that were ever used.
fn merge_name(control: &'static str, place: usize) -> &'static str {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};
    static NAMES: Mutex<BTreeMap<(&'static str, usize), &'static str>> =
        Mutex::new(BTreeMap::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names
        .entry((control, place))
        .or_insert_with(|| Box::leak(format!("{control} {place}").into_boxed_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_sent_only_when_something_changed() {
        let view = EditorView {
            experiment: Experiment::default(),
            problems: Vec::new(),
        };
        let mut out = Vec::new();
        view.draft().finish(&mut out);
        assert!(out.is_empty());

        let mut draft = view.draft();
        draft.experiment.seed += 1;
        draft.touched_at(true, "seed", 3);
        draft.finish(&mut out);
        assert!(matches!(
            &out[..],
            [Command::Edit {
                merge: "seed 3",
                ..
            }]
        ));
    }
}
