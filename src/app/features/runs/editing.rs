//! A name, tags or a note of a run, while a person types it in place.

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};

use super::RunRow;
use crate::app::core::command::{Command, RunText};
use crate::runs::annotations::{Change, checked_tag};

/// What is typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Editing {
    /// The run's id.
    pub id: String,
    pub what: RunText,
    text: String,
    has_focus: bool,
}

impl Editing {
    /// Begins with what is there.
    pub fn of(row: &RunRow, what: RunText) -> Self {
        Self {
            id: row.id.clone(),
            what,
            text: match what {
                // What it is called now, so that a word of it can be changed.
                RunText::Name => row
                    .given
                    .clone()
                    .unwrap_or_else(|| row.automatic().to_owned()),
                RunText::Tags => row.tags.join(", "),
                RunText::Note => row.note.clone(),
            },
            has_focus: false,
        }
    }
}

/// The field of what is typed of `row`; nothing where something else is. Enter takes it over, Escape leaves it as it was.
pub fn field_ui(
    ui: &mut egui::Ui,
    row: &RunRow,
    editing: &mut Option<Editing>,
    out: &mut Vec<Command>,
) {
    let Some(typed) = editing.as_mut().filter(|typed| typed.id == row.id) else {
        return;
    };
    let (label, hint, tooltip) = match typed.what {
        RunText::Name => (
            "Name",
            row.experiment.as_str(),
            "What this run is called; empty, it is called after its experiment and what differs. Enter keeps it, Esc leaves it",
        ),
        RunText::Tags => (
            "Tags",
            "tags, with commas between them",
            "Words that runs are found and filtered by. Enter keeps them, Esc leaves them",
        ),
        RunText::Note => (
            "Note",
            "what to remember of this run",
            "Enter keeps it, Shift+Enter begins a line, Esc leaves it",
        ),
    };
    let field = match typed.what {
        RunText::Note => egui::TextEdit::multiline(&mut typed.text)
            .desired_rows(1)
            .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter)),
        RunText::Name | RunText::Tags => egui::TextEdit::singleline(&mut typed.text),
    };
    let response = ui
        .add(field.hint_text(hint).desired_width(f32::INFINITY))
        .accessible_name(format!("{label} of {}", row.name))
        .on_hover_text(tooltip);
    if !typed.has_focus {
        typed.has_focus = true;
        response.request_focus();
        if typed.what == RunText::Name {
            select_all(ui.ctx(), response.id, &typed.text);
        }
        return;
    }
    let (left, entered) = ui.input(|input| {
        (
            input.key_pressed(Key::Escape),
            input.key_pressed(Key::Enter) && !input.modifiers.shift,
        )
    });
    if left {
        *editing = None;
    } else if response.lost_focus() || (entered && response.has_focus()) {
        let changes = changes(row, typed);
        if !changes.is_empty() {
            out.push(Command::ChangeRuns(vec![row.id.clone()], changes));
        }
        *editing = None;
    }
}

/// Typing then replaces the text, and an arrow key changes it.
fn select_all(ctx: &egui::Context, field: egui::Id, text: &str) {
    let mut state = egui::TextEdit::load_state(ctx, field).unwrap_or_default();
    let whole = CCursorRange::two(CCursor::default(), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(whole));
    state.store(ctx, field);
}

/// What was typed, as changes of what is there.
fn changes(row: &RunRow, typed: &Editing) -> Vec<Change> {
    match typed.what {
        RunText::Name => {
            let name = Some(typed.text.trim().to_owned()).filter(|name| !name.is_empty());
            let is_untouched = row.given.is_none() && name.as_deref() == Some(row.automatic());
            if name == row.given || is_untouched {
                Vec::new()
            } else {
                vec![Change::Name(name)]
            }
        }
        RunText::Note if typed.text.trim() == row.note => Vec::new(),
        RunText::Note => vec![Change::Note(typed.text.clone())],
        RunText::Tags => {
            let tags: Vec<&str> = (typed.text.split(','))
                .map(str::trim)
                .filter(|tag| !tag.is_empty())
                .collect();
            let is_kept = |tag: &&String| {
                tags.iter()
                    .any(|typed| checked_tag(typed).as_ref() == Ok(*tag))
            };
            let removed = row.tags.iter().filter(|tag| !is_kept(tag));
            let removed = removed.cloned().map(Change::RemoveTag);
            let added = tags
                .iter()
                .filter(|tag| !row.tags.iter().any(|own| own == *tag));
            let added = added.map(|tag| Change::AddTag((*tag).to_owned()));
            removed.chain(added).collect()
        }
    }
}
