//! A file browser for desktops whose own dialog does not answer. Everything that asks the disk runs on threads of its own.

mod listing;
mod places;
mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eframe::egui;

use self::listing::{Counted, Entry, Found, Listing, Order};
use self::places::{Place, home};
use super::dialogs::Purpose;
use crate::app::core::request::{Request, RequestStep};
use crate::shown;
use crate::worker::messages::Failure;

/// What the person did with the browser in this frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Browsed {
    Open,
    Cancelled,
    Picked(PathBuf),
}

/// A folder rests for this long before its pictures are counted.
const REST: Duration = Duration::from_millis(250);

/// What is being looked at before it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Check {
    /// A path that was typed and ended with Enter: to go there.
    Typed(PathBuf),
    /// What the button chooses.
    Chosen(PathBuf),
    /// A file is to be written there, in a folder that has to be there.
    Saved(PathBuf),
}

/// One open browser.
pub struct FileBrowser {
    pub purpose: Purpose,
    /// The folder that is listed.
    folder: PathBuf,
    /// What the path field holds: what the button chooses, typed or selected.
    path: String,
    /// The file name of a save.
    name: String,
    entries: Vec<Entry>,
    /// Which of them are shown, in their order.
    shown: Vec<usize>,
    order: Order,
    with_hidden: bool,
    /// Its place in `shown`.
    selected: Option<usize>,
    /// The selection has moved by a key and may be out of sight.
    reveals: bool,
    error: Option<String>,
    overwrite: Option<PathBuf>,
    /// The name of a folder that is to be made.
    new_folder: Option<String>,
    /// Letters that were typed one after the other, and when: they lead to a name.
    search: (String, Option<Instant>),
    places: Vec<Place>,
    listing: Request<PathBuf, Listing>,
    checking: Request<Check, (Found, Found)>,
    counting: Request<PathBuf, Counted>,
    counted: Option<Counted>,
    stop_counting: Arc<AtomicBool>,
    making: Request<PathBuf, PathBuf>,
    finding_places: Request<(), Vec<Place>>,
}

impl FileBrowser {
    /// `folder`: where it begins, or the nearest folder that is there; at home without. It may be a file's path.
    pub fn new(purpose: Purpose, folder: Option<PathBuf>) -> Self {
        let name = match &purpose {
            Purpose::Save { name, .. }
            | Purpose::Network { name, .. }
            | Purpose::Predict { name, .. } => name.clone(),
            _ => String::new(),
        };
        let mut browser = Self {
            purpose,
            folder: PathBuf::new(),
            path: String::new(),
            name,
            entries: Vec::new(),
            shown: Vec::new(),
            order: Order::default(),
            with_hidden: false,
            selected: None,
            reveals: false,
            error: None,
            overwrite: None,
            new_folder: None,
            search: (String::new(), None),
            places: Vec::new(),
            listing: Request::default(),
            checking: Request::default(),
            counting: Request::resting(REST),
            counted: None,
            stop_counting: Arc::default(),
            making: Request::default(),
            finding_places: Request::default(),
        };
        browser
            .finding_places
            .start("graft-places", (), || {}, || Ok(places::of_machine()));
        browser.read(folder.unwrap_or_else(home), true);
        browser
    }

    /// Shows another folder.
    fn go(&mut self, folder: PathBuf) {
        self.read(folder, false);
    }

    fn read(&mut self, folder: PathBuf, to_nearest: bool) {
        self.path = shown::path(&folder);
        self.folder = folder.clone();
        self.selected = None;
        self.entries.clear();
        self.shown.clear();
        self.error = None;
        self.overwrite = None;
        self.new_folder = None;
        self.checking.forget();
        let extensions = self.purpose.extensions();
        self.listing.start(
            "graft-listing",
            folder.clone(),
            || {},
            move || listing::list(&folder, extensions, to_nearest).map_err(Failure::from),
        );
    }

    /// Reads the folder again.
    fn refresh(&mut self) {
        self.go(self.folder.clone());
    }

    fn up(&mut self) {
        if let Some(parent) = self.folder.parent() {
            self.go(parent.to_path_buf());
        }
    }

    /// Takes what the threads have found since the last frame. Never waits.
    fn poll(&mut self, ctx: &egui::Context) -> Browsed {
        match self.listing.poll() {
            Some(Ok(Listing { folder, entries })) => {
                if folder != self.folder {
                    self.path = shown::path(&folder);
                    self.folder = folder;
                }
                self.entries = entries;
                self.arrange();
            }
            Some(Err(failure)) => self.error = Some(failure.to_string()),
            None => {}
        }
        if let Some(Ok(places)) = self.finding_places.poll() {
            self.places = places;
        }
        match self.making.poll() {
            Some(Ok(made)) => self.go(made),
            Some(Err(failure)) => self.error = Some(failure.to_string()),
            None => {}
        }
        if let Some(Ok(counted)) = self.counting.poll() {
            self.counted = Some(counted);
        }
        self.follow_count(ctx);
        let checked = self.checking.poll();
        let browsed = match (checked, self.checking.key().cloned()) {
            (Some(Ok((found, around))), Some(check)) => self.checked(check, found, around),
            (Some(Err(failure)), _) => {
                self.error = Some(failure.to_string());
                Browsed::Open
            }
            _ => Browsed::Open,
        };
        if self.is_waiting() {
            ctx.request_repaint_after(Duration::from_millis(30));
        }
        browsed
    }

    fn is_waiting(&self) -> bool {
        self.listing.is_pending()
            || self.checking.is_pending()
            || self.counting.is_pending()
            || self.making.is_pending()
            || self.finding_places.is_pending()
    }

    /// Counts the pictures of the folder that the button would choose.
    fn follow_count(&mut self, ctx: &egui::Context) {
        if !self.purpose.picks_pictures() {
            return;
        }
        let folder = self.chosen_folder();
        if self.counting.key() != Some(&folder) {
            self.counted = None;
            self.stop_counting.store(true, Ordering::Relaxed);
        }
        match self.counting.next_step(&folder, Instant::now()) {
            RequestStep::Ask => {
                let stop: Arc<AtomicBool> = Arc::default();
                self.stop_counting = Arc::clone(&stop);
                self.counting.start(
                    "graft-counting",
                    folder.clone(),
                    || {},
                    move || Ok(listing::count(&folder, &stop)),
                );
            }
            RequestStep::Rest(left) => ctx.request_repaint_after(left),
            RequestStep::Wait => {}
        }
    }

    /// The folder that is selected, or else the one that is shown.
    fn chosen_folder(&self) -> PathBuf {
        match self.selected_entry() {
            Some(entry) if !entry.is_file => self.folder.join(&entry.name),
            _ => self.folder.clone(),
        }
    }

    fn selected_entry(&self) -> Option<&Entry> {
        self.entries.get(*self.shown.get(self.selected?)?)
    }

    /// Sorts and hides anew; what is selected stays selected.
    fn arrange(&mut self) {
        let selected = self
            .selected
            .and_then(|place| self.shown.get(place))
            .copied();
        self.shown = listing::arranged(&self.entries, self.order, self.with_hidden);
        self.selected = selected.and_then(|entry| self.shown.iter().position(|&at| at == entry));
    }

    /// Selects a line: the path says what the button then chooses.
    fn select(&mut self, place: usize) {
        self.selected = Some(place);
        self.overwrite = None;
        self.error = None;
        let Some(entry) = self.selected_entry() else {
            return;
        };
        let saves = self.purpose.saves();
        if entry.is_file && saves {
            // Its name is taken; it is saved in the folder that is shown.
            self.name = entry.text();
            self.path = shown::path(&self.folder);
        } else {
            self.path = shown::path(&self.folder.join(&entry.name));
        }
    }

    /// What the button would choose.
    fn choice(&self) -> Option<PathBuf> {
        let path = self.path_of_field()?;
        if !self.purpose.saves() {
            return Some(path);
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
        meant.or_else(|| (!typed.is_empty()).then(|| resolved(typed)))
    }

    /// Looks at `check` on a thread; [`FileBrowser::poll`] goes on with what is found.
    fn look_at(&mut self, check: Check) {
        self.error = None;
        let path = match &check {
            Check::Typed(path) | Check::Chosen(path) | Check::Saved(path) => path.clone(),
        };
        self.checking.start(
            "graft-looking",
            check,
            || {},
            move || {
                let around = path.parent().map_or(Found::Nothing, listing::look_at);
                Ok((listing::look_at(&path), around))
            },
        );
    }

    /// The button that agrees.
    fn agree(&mut self) -> Browsed {
        let Some(path) = self.choice() else {
            return Browsed::Open;
        };
        if !self.purpose.saves() {
            self.look_at(Check::Chosen(path));
        } else if self.overwrite.as_ref() == Some(&path) {
            return Browsed::Picked(path);
        } else {
            self.look_at(Check::Saved(path));
        }
        Browsed::Open
    }

    /// `found`: what `check` leads to; `around`: what stands around it.
    fn checked(&mut self, check: Check, found: Found, around: Found) -> Browsed {
        let picks_folder = self.purpose.picks_folder();
        let takes_files = !self.purpose.extensions().is_empty();
        match (check, found) {
            (Check::Saved(path), Found::File) => self.overwrite = Some(path),
            (Check::Saved(path), Found::Folder) => {
                self.error = Some(format!(
                    "A folder has this name. Choose another one: {}",
                    shown::path(&path)
                ));
            }
            (Check::Saved(path), Found::Nothing) => {
                if around == Found::Folder {
                    return Browsed::Picked(path);
                }
                self.error = Some(nothing_at(path.parent().unwrap_or(&path)));
            }
            (Check::Chosen(path) | Check::Typed(path), Found::Nothing) => {
                self.error = Some(nothing_at(&path));
            }
            (Check::Chosen(path), Found::Folder) if picks_folder => return Browsed::Picked(path),
            (Check::Chosen(path) | Check::Typed(path), Found::Folder) => self.go(path),
            (Check::Typed(path), Found::File) if self.purpose.saves() => {
                self.error = Some(format!(
                    "This is a file. Choose a folder to save in: {}",
                    shown::path(&path)
                ));
            }
            (Check::Chosen(path) | Check::Typed(path), Found::File) if takes_files => {
                return Browsed::Picked(path);
            }
            (Check::Chosen(path) | Check::Typed(path), Found::File) => {
                self.error = Some(format!(
                    "This is a file. Choose a folder: {}",
                    shown::path(&path)
                ));
            }
        }
        Browsed::Open
    }

    /// Enter or a double click: into a folder, or this file.
    fn open_selected(&mut self) -> Browsed {
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

    fn make_folder(&mut self) {
        let Some(name) = self.new_folder.clone() else {
            return;
        };
        self.error = None;
        let parent = self.folder.clone();
        self.making.start(
            "graft-new-folder",
            parent.clone(),
            || {},
            move || listing::make_folder(&parent, &name).map_err(Failure::from),
        );
    }
}

impl Drop for FileBrowser {
    fn drop(&mut self) {
        self.stop_counting.store(true, Ordering::Relaxed);
    }
}

fn nothing_at(path: &Path) -> String {
    format!("There is nothing there: {}", shown::path(path))
}

/// A path as a person types it.
fn resolved(typed: &str) -> PathBuf {
    match typed.strip_prefix("~/") {
        Some(rest) => home().join(rest),
        None if typed == "~" => home(),
        None => PathBuf::from(typed),
    }
}

#[cfg(test)]
mod tests;
