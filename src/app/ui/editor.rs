//! What every editing panel starts from: the experiment as it is, and what is wrong with it.

use super::effect::{Control, Situation};
use crate::app::core::command::Command;
use crate::app::core::state::{Document, DocumentId, State};
use crate::experiment::{Experiment, FieldProblem};

/// The plain data behind an editing panel.
#[derive(Debug, Clone, PartialEq)]
pub struct EditorView {
    pub document: DocumentId,
    pub experiment: Experiment,
    pub problems: Vec<FieldProblem>,
    /// Decides which controls do anything.
    pub situation: Situation,
}

impl EditorView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let Document {
            id,
            experiment,
            problems,
            ..
        } = state.active_document()?;
        Some(Self {
            document: *id,
            experiment: experiment.clone(),
            problems: problems.iter().map(sentence).collect(),
            situation: Situation::build(state),
        })
    }

    /// The one command that makes this experiment of what was drawn.
    pub fn edit(&self, experiment: Experiment, merge: &'static str) -> Command {
        Command::Edit {
            document: self.document,
            before: Box::new(self.experiment.clone()),
            experiment: Box::new(experiment),
            merge,
        }
    }

    pub fn draft(&self) -> Draft<'_> {
        Draft {
            document: self.document,
            before: &self.experiment,
            experiment: self.experiment.clone(),
            problems: &self.problems,
            situation: &self.situation,
            merge: "",
        }
    }
}

/// A problem as it stands under its control: “This is 3, allowed is above 0.” in place of a field's name with a
/// predicate.
fn sentence(problem: &FieldProblem) -> FieldProblem {
    FieldProblem {
        field: problem.field.clone(),
        message: format!("This {}.", problem.message),
    }
}

/// A copy of the experiment that widgets change while they draw; [`Draft::finish`] turns a change into one command.
pub struct Draft<'a> {
    document: DocumentId,
    before: &'a Experiment,
    pub experiment: Experiment,
    pub problems: &'a [FieldProblem],
    situation: &'a Situation,
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

    /// Why a control changes nothing as things are.
    pub fn why_idle(&self, control: Control) -> Option<String> {
        self.situation.why_idle(control, &self.experiment)
    }

    /// The same, but nothing for a control that is set to what does not work: it can be taken back.
    pub fn why_idle_unless(&self, is_set: bool, control: Control) -> Option<String> {
        self.why_idle(control).filter(|_| !is_set)
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
                document: self.document,
                before: Box::new(self.before.clone()),
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
            document: DocumentId::unused(),
            experiment: Experiment::default(),
            problems: Vec::new(),
            situation: Situation::default(),
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
