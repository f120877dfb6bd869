//! A file browser for desktops whose own dialog does not answer. Everything that asks the disk runs on threads of its own.

mod choosing;
mod counting;
mod folders;
mod foot;
mod list;
mod listing;
mod places;
mod selection;
mod view;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eframe::egui;

use self::choosing::{Again, Check, Making};
use self::counting::Counted;
use self::folders::Found;
use self::listing::{Entry, Listing, Order, PassedOver};
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
    /// One path, or several files.
    Picked(Vec<PathBuf>),
}

/// A folder rests for this long before its pictures are counted.
const REST: Duration = Duration::from_millis(250);

/// One open browser.
pub struct FileBrowser {
    pub purpose: Purpose,
    /// The folder that is listed.
    folder: PathBuf,
    /// What the path field holds: what the button chooses, typed or selected.
    path: String,
    /// The file name of a save.
    name: String,
    /// Whether the name has been selected, to be typed over.
    name_is_offered: bool,
    entries: Vec<Entry>,
    passed_over: PassedOver,
    /// Which of them are shown, in their order.
    shown: Vec<usize>,
    order: Order,
    with_hidden: bool,
    /// Its place in `shown`.
    selected: Option<usize>,
    /// Files that are selected, by their places in `entries`; more than one only where the purpose takes several.
    marked: BTreeSet<usize>,
    /// The line that a range of them begins at.
    anchor: Option<usize>,
    /// The selection has moved by a key and may be out of sight.
    reveals: bool,
    /// Why the folder can't be read.
    error: Option<String>,
    /// Why the choice can't be taken.
    problem: Option<String>,
    /// What a second press of the button does.
    again: Option<Again>,
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
    /// The folder, or what is chosen once it is there.
    making: Request<Making, PathBuf>,
    finding_places: Request<(), Vec<Place>>,
}

impl FileBrowser {
    /// `folder`: where it begins, or the nearest folder that is there; at home without. It may be a file's path.
    pub fn new(purpose: Purpose, folder: Option<PathBuf>) -> Self {
        let name = match &purpose {
            Purpose::Save { name, .. }
            | Purpose::Network { name, .. }
            | Purpose::Predict { name, .. }
            | Purpose::Sweep { name, .. } => name.clone(),
            _ => String::new(),
        };
        let mut browser = Self {
            purpose,
            folder: PathBuf::new(),
            path: String::new(),
            name,
            name_is_offered: false,
            entries: Vec::new(),
            passed_over: PassedOver::default(),
            shown: Vec::new(),
            order: Order::default(),
            with_hidden: false,
            selected: None,
            marked: BTreeSet::new(),
            anchor: None,
            reveals: false,
            error: None,
            problem: None,
            again: None,
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
        self.marked.clear();
        self.anchor = None;
        self.entries.clear();
        self.passed_over = PassedOver::default();
        self.shown.clear();
        self.error = None;
        self.forget_problem();
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
            Some(Ok(listing)) => {
                let Listing {
                    folder,
                    entries,
                    passed_over,
                } = listing;
                if folder != self.folder {
                    self.path = shown::path(&folder);
                    self.folder = folder;
                }
                self.entries = entries;
                self.passed_over = passed_over;
                self.arrange();
            }
            Some(Err(failure)) => self.error = Some(failure.to_string()),
            None => {}
        }
        if let Some(Ok(places)) = self.finding_places.poll() {
            self.places = places;
        }
        let mut browsed = Browsed::Open;
        match (self.making.poll(), self.making.key().cloned()) {
            (Some(Ok(chosen)), Some(Making::For(_))) => browsed = Browsed::Picked(vec![chosen]),
            (Some(Ok(made)), _) => self.go(made),
            (Some(Err(failure)), _) => self.problem = Some(failure.to_string()),
            (None, _) => {}
        }
        if let Some(Ok(counted)) = self.counting.poll() {
            self.counted = Some(counted);
        }
        self.follow_count(ctx);
        match (self.checking.poll(), self.checking.key().cloned()) {
            (Some(Ok((found, around))), Some(check)) => {
                browsed = self.checked(check, found, around);
            }
            (Some(Err(failure)), _) => self.problem = Some(failure.to_string()),
            _ => {}
        }
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
                    move || Ok(counting::count(&folder, &stop)),
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
}

impl Drop for FileBrowser {
    fn drop(&mut self) {
        self.stop_counting.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
