//! What the button chooses, and what it takes first: a look at the path, a second press, a folder that is made.

use std::path::{Path, PathBuf};

use super::folders::{self, Found};
use super::places::home;
use super::{Browsed, FileBrowser};
use crate::app::core::request::Request;
use crate::shown;
use crate::worker::messages::Failure;

/// What is being looked at before it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// A path that was typed and ended with Enter: to go there.
    Typed(PathBuf),
    /// What the button chooses.
    Chosen(PathBuf),
    /// A file is to be written there, in a folder that has to be there.
    Saved(PathBuf),
}

/// A folder that is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Making {
    /// In this one, to go into it.
    In(PathBuf),
    /// For what is chosen then.
    For(PathBuf),
}

/// What the button does when it is pressed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// Overwrites the file.
    Replace(PathBuf),
    /// Makes the folder, and chooses what was to be chosen.
    Make { folder: PathBuf, chosen: PathBuf },
}

impl Again {
    /// What was to be chosen.
    fn chosen(&self) -> &Path {
        match self {
            Self::Replace(path) | Self::Make { chosen: path, .. } => path,
        }
    }
}

impl FileBrowser {
    /// What the button would choose, where it is one thing.
    pub(super) fn choice(&self) -> Option<PathBuf> {
        let path = self.path_of_field()?;
        if !self.purpose.saves() {
            // Of a file, the folder that is listed is no choice.
            let is_choice = self.purpose.picks_folder() || path != self.folder;
            return is_choice.then_some(path);
        }
        let name = self.name.trim();
        let is_name =
            !name.is_empty() && !name.contains(['/', '\\']) && name != "." && name != "..";
        is_name.then(|| {
            let file = path.join(name);
            match file.extension() {
                None => match self.purpose.extensions() {
                    [ending, ..] => file.with_extension(ending),
                    [] => file,
                },
                Some(_) => file,
            }
        })
    }

    /// The path in the field. What was selected keeps bytes that are no text.
    fn path_of_field(&self) -> Option<PathBuf> {
        let typed = self.path.trim();
        let selected = self
            .selected_entry()
            .map(|entry| self.folder.join(&entry.name));
        let meant = [Some(self.folder.clone()), selected];
        let meant = meant
            .into_iter()
            .flatten()
            .find(|path| shown::path(path) == typed);
        meant.or_else(|| (!typed.is_empty()).then(|| self.resolved(typed)))
    }

    /// A path as a person types it: a name alone is meant in the folder that is listed.
    fn resolved(&self, typed: &str) -> PathBuf {
        match typed.strip_prefix("~/") {
            Some(rest) => home().join(rest),
            None if typed == "~" => home(),
            None => self.folder.join(typed),
        }
    }

    /// Goes to the path in the field.
    pub(super) fn go_to_typed(&mut self) {
        let path = self.resolved(self.path.trim());
        self.look_at(Check::Typed(path));
    }

    /// Looks at `check` on a thread; [`FileBrowser::poll`] goes on with what is found.
    fn look_at(&mut self, check: Check) {
        self.forget_problem();
        let path = match &check {
            Check::Typed(path) | Check::Chosen(path) | Check::Saved(path) => path.clone(),
        };
        self.checking.start(
            "graft-looking",
            check,
            || {},
            move || {
                let around = path.parent().map_or(Found::Nothing, folders::look_at);
                Ok((folders::look_at(&path), around))
            },
        );
    }

    /// The button that agrees.
    pub(super) fn agree(&mut self) -> Browsed {
        let several = self.marked_files();
        if several.len() > 1 {
            return Browsed::Picked(several);
        }
        let Some(path) = self.choice() else {
            return Browsed::Open;
        };
        let again = self.again.take().filter(|again| again.chosen() == path);
        match again {
            Some(Again::Replace(path)) => return Browsed::Picked(vec![path]),
            Some(Again::Make { folder, chosen }) => self.make_missing(folder, chosen),
            None if self.purpose.saves() => self.look_at(Check::Saved(path)),
            None => self.look_at(Check::Chosen(path)),
        }
        Browsed::Open
    }

    /// `found`: what `check` leads to; `around`: what stands around it.
    pub(super) fn checked(&mut self, check: Check, found: Found, around: Found) -> Browsed {
        let picks_folder = self.purpose.picks_folder();
        let takes_files = !self.purpose.extensions().is_empty();
        match (check, found) {
            (Check::Saved(path), Found::File) => self.again = Some(Again::Replace(path)),
            (Check::Saved(path), Found::Folder) => {
                self.say("A folder has this name. Choose another one", &path);
            }
            (Check::Saved(path), Found::Nothing) => {
                if around == Found::Folder {
                    return Browsed::Picked(vec![path]);
                }
                let folder = path.parent().unwrap_or(&path).to_path_buf();
                self.missing(folder, path);
            }
            (Check::Typed(path), Found::Nothing) if self.purpose.saves() => {
                let chosen = self.choice().unwrap_or_else(|| path.clone());
                self.missing(path, chosen);
            }
            (Check::Chosen(path) | Check::Typed(path), Found::Nothing) => {
                self.missing(path.clone(), path);
            }
            (Check::Chosen(path), Found::Folder) if picks_folder => {
                return Browsed::Picked(vec![path]);
            }
            (Check::Chosen(path) | Check::Typed(path), Found::Folder) => self.go(path),
            (Check::Typed(path), Found::File) if self.purpose.saves() => {
                self.say("This is a file. Choose a folder to save in", &path);
            }
            (Check::Chosen(path) | Check::Typed(path), Found::File) if takes_files => {
                return Browsed::Picked(vec![path]);
            }
            (Check::Chosen(path) | Check::Typed(path), Found::File) => {
                self.say("This is a file. Choose a folder", &path);
            }
        }
        Browsed::Open
    }

    /// Where `folder` is not there: it can be made by a second press where something is written, and is told to be missing
    /// where something is read.
    fn missing(&mut self, folder: PathBuf, chosen: PathBuf) {
        if self.purpose.writes() {
            self.again = Some(Again::Make { folder, chosen });
        } else if self.purpose.picks_folder() {
            self.say(
                "There is no such folder. Mind the spelling, or choose one in the list",
                &folder,
            );
        } else {
            self.say(
                "There is no such file. Mind the spelling, or choose one in the list",
                &folder,
            );
        }
    }

    fn say(&mut self, what: &str, path: &Path) {
        self.problem = Some(format!("{what}: {}", shown::path(path)));
    }

    /// What was said of a choice that has changed.
    pub(super) fn forget_problem(&mut self) {
        self.problem = None;
        self.again = None;
    }

    /// Makes the folder whose name was typed.
    pub(super) fn make_named(&mut self) {
        let Some(name) = self.new_folder.clone() else {
            return;
        };
        self.forget_problem();
        let parent = self.folder.clone();
        let work = move || folders::make_folder(&parent, &name).map_err(Failure::from);
        let key = Making::In(self.folder.clone());
        start(&mut self.making, key, work);
    }

    fn make_missing(&mut self, folder: PathBuf, chosen: PathBuf) {
        self.forget_problem();
        let key = Making::For(chosen.clone());
        let work = move || {
            folders::make_folders(&folder)?;
            Ok(chosen)
        };
        start(&mut self.making, key, work);
    }
}

fn start(
    making: &mut Request<Making, PathBuf>,
    key: Making,
    work: impl FnOnce() -> Result<PathBuf, Failure> + Send + 'static,
) {
    making.start("graft-new-folder", key, || {}, work);
}
