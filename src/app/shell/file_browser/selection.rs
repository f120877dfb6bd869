//! Which lines of the list are selected: one, or several files where the purpose takes them.

use std::path::PathBuf;

use super::listing::{self, Entry};
use super::{Browsed, FileBrowser};
use crate::shown;

impl FileBrowser {
    pub(super) fn selected_entry(&self) -> Option<&Entry> {
        self.entries.get(*self.shown.get(self.selected?)?)
    }

    /// Whether the line at `place` is selected, alone or among others.
    pub(super) fn is_selected(&self, place: usize) -> bool {
        self.selected == Some(place)
            || self.marked.len() > 1 && self.marked.contains(&self.shown[place])
    }

    /// Sorts and hides anew; what is selected stays selected.
    pub(super) fn arrange(&mut self) {
        let selected = self
            .selected
            .and_then(|place| self.shown.get(place))
            .copied();
        self.shown = listing::arranged(&self.entries, self.order, self.with_hidden);
        self.selected = selected.and_then(|entry| self.shown.iter().position(|&at| at == entry));
        self.marked.retain(|entry| self.shown.contains(entry));
        self.anchor = self.selected;
    }

    /// Selects a line: the path says what the button then chooses.
    pub(super) fn select(&mut self, place: usize) {
        self.marked.clear();
        self.anchor = Some(place);
        self.move_to(place);
    }

    /// Selects a file beside those that are selected, or takes it out of them.
    pub(super) fn toggle(&mut self, place: usize) {
        let is_file = |at: &usize| self.entries[*at].is_file;
        let Some(&entry) = self.shown.get(place) else {
            return;
        };
        if !self.purpose.takes_several() || !is_file(&entry) {
            self.select(place);
            return;
        }
        self.anchor = Some(place);
        if !self.marked.remove(&entry) {
            self.move_to(place);
            return;
        }
        // One of the others is the one that the keys go on from.
        let left = self.shown.iter().position(|at| self.marked.contains(at));
        self.selected = None;
        self.path = shown::path(&self.folder);
        if let Some(place) = left {
            self.move_to(place);
        }
    }

    /// Selects the files from where the selection began to `place`.
    pub(super) fn extend_to(&mut self, place: usize) {
        let from = self.anchor.unwrap_or(place);
        if !self.purpose.takes_several() {
            self.select(place);
            return;
        }
        let range = from.min(place)..=from.max(place);
        let entries = self.shown.get(range).unwrap_or_default();
        self.marked = (entries.iter().copied())
            .filter(|&entry| self.entries[entry].is_file)
            .collect();
        self.move_to(place);
        self.anchor = Some(from);
    }

    pub(super) fn select_all(&mut self) {
        let files = |entry: &&usize| self.entries[**entry].is_file;
        let Some(first) = self.shown.iter().position(|entry| files(&entry)) else {
            return;
        };
        self.anchor = Some(first);
        self.extend_to(self.shown.len() - 1);
    }

    /// The line at `place` is the one that the keys go on from.
    fn move_to(&mut self, place: usize) {
        self.selected = Some(place);
        self.forget_problem();
        self.error = None;
        let Some(entry) = self.selected_entry() else {
            return;
        };
        let (is_file, name, path) = (entry.is_file, entry.text(), self.folder.join(&entry.name));
        if is_file {
            self.marked.insert(self.shown[place]);
        }
        if self.marked.len() > 1 || is_file && self.purpose.saves() {
            // Several are chosen by themselves; a file that is saved takes its name, in the folder that is shown.
            self.path = shown::path(&self.folder);
        } else {
            self.path = shown::path(&path);
        }
        if is_file && self.purpose.saves() {
            self.name = name;
        }
    }

    /// The files that are selected, in the order of the list.
    pub(super) fn marked_files(&self) -> Vec<PathBuf> {
        let marked = self
            .shown
            .iter()
            .filter(|entry| self.marked.contains(entry));
        marked
            .map(|&entry| self.folder.join(&self.entries[entry].name))
            .collect()
    }

    /// Enter or a double click: into a folder, or this file.
    pub(super) fn open_selected(&mut self) -> Browsed {
        let Some(entry) = self.selected_entry() else {
            return Browsed::Open;
        };
        if entry.is_file {
            return self.agree();
        }
        let folder = self.folder.join(&entry.name);
        self.go(folder);
        Browsed::Open
    }
}
