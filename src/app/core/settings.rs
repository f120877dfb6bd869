//! What the window remembers between two starts: what a person has set, arrangement, size, recent files, open experiments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::last_session::OpenExperiment;
use super::sweep::KeptSweep;
use super::view_id::ViewId;
use crate::evaluation::novelty::{USUAL_RATE, check_rate};
use crate::models::speed::Measured;
use crate::ordinary_file::{self, Links};
use crate::runs::atomic;

/// How many files each recent list keeps.
pub const RECENT: usize = 10;
/// Changes are written after this much rest, so that a dragged divider is one write.
const REST: Duration = Duration::from_millis(800);
/// Far more than any settings take.
const LARGEST_BYTES: u64 = 4_000_000;

/// The settings file. What is missing or not understood takes its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The colours that are shown.
    pub dark: bool,
    /// Whether they follow the desktop's.
    pub follows_system_theme: bool,
    /// How large everything is drawn: 1 as the desktop says.
    pub interface_size: f32,
    /// The most processor threads that a training computes with; absent, one for each core.
    pub threads: Option<u32>,
    /// Whether the desktop tells when training has ended.
    pub notifications: bool,
    /// Whether the sides are shown where there is room for both.
    pub experiment_side: bool,
    pub runs_side: bool,
    /// Inner size in the desktop's points, whatever the interface's size.
    pub window: [f32; 2],
    pub maximized: bool,
    pub recent_presets: Vec<PathBuf>,
    pub recent_pictures: Vec<PathBuf>,
    pub device: Option<String>,
    /// How the views of the middle are arranged.
    pub views: Option<egui_tiles::Tree<ViewId>>,
    /// Where runs are listed and made; in Graft's own folder where none was chosen.
    pub runs_folder: Option<PathBuf>,
    /// Columns of the table of runs that a person hid, by their titles.
    pub hidden_columns: BTreeSet<String>,
    /// Listed too: runs, and folders of runs, that were dropped on the window.
    pub runs_elsewhere: Vec<PathBuf>,
    /// The share of a run's own pictures that may be refused as none of its classes.
    pub novelty_rate: f64,
    /// What was opened or saved last: a file, or a folder.
    pub last_folder: Option<PathBuf>,
    /// What the folder of the last export stands in.
    pub last_figures: Option<PathBuf>,
    /// What the file of the last exported network stands in.
    pub last_network: Option<PathBuf>,
    /// Speeds measured on the processor that `measured_on` names, by backbone.
    pub speeds: BTreeMap<String, Measured>,
    pub measured_on: String,
    /// Sweeps that were open, most recent first.
    pub recent_sweeps: Vec<KeptSweep>,
    /// The experiments that were open last.
    pub last_session: Vec<OpenExperiment>,
}

/// The smallest window in which everything fits, in points.
pub const LEAST_WINDOW: [f32; 2] = [680.0, 560.0];

/// The sizes of the interface that a person can choose from: 1 as the desktop says.
pub const INTERFACE_SIZES: [f32; 9] = [0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5];

/// The size that is one step larger or smaller; the same at either end.
pub fn next_interface_size(size: f32, larger: bool) -> f32 {
    let mut sizes = INTERFACE_SIZES.iter().copied();
    let next = if larger {
        sizes.find(|next| *next > size + 0.01)
    } else {
        sizes.rev().find(|next| *next < size - 0.01)
    };
    next.unwrap_or(size)
}

/// Which colours the window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThemeChoice {
    System,
    Light,
    Dark,
}

/// One change of what a person has set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingChange {
    Theme(ThemeChoice),
    InterfaceSize(f32),
    /// One step larger, or smaller.
    InterfaceStep {
        larger: bool,
    },
    /// At most so many; `None` for one for each core.
    Threads(Option<u32>),
    Notifications(bool),
    /// The share of a run's own pictures that may be refused as none of its classes.
    NoveltyRate(f64),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dark: true,
            follows_system_theme: false,
            interface_size: 1.0,
            threads: None,
            notifications: true,
            experiment_side: true,
            runs_side: true,
            window: [1280.0, 800.0],
            maximized: false,
            recent_presets: Vec::new(),
            recent_pictures: Vec::new(),
            device: None,
            views: None,
            runs_folder: None,
            hidden_columns: BTreeSet::new(),
            runs_elsewhere: Vec::new(),
            novelty_rate: USUAL_RATE,
            last_folder: None,
            last_figures: None,
            last_network: None,
            speeds: BTreeMap::new(),
            measured_on: String::new(),
            recent_sweeps: Vec::new(),
            last_session: Vec::new(),
        }
    }
}

impl Settings {
    /// The usual rate where the file holds none that can be.
    pub fn novelty_rate(&self) -> f64 {
        check_rate(self.novelty_rate).map_or(USUAL_RATE, |()| self.novelty_rate)
    }

    pub fn theme(&self) -> ThemeChoice {
        match (self.follows_system_theme, self.dark) {
            (true, _) => ThemeChoice::System,
            (false, true) => ThemeChoice::Dark,
            (false, false) => ThemeChoice::Light,
        }
    }

    pub fn set_theme(&mut self, theme: ThemeChoice) {
        self.follows_system_theme = theme == ThemeChoice::System;
        match theme {
            // Stays as it is until the desktop says what it has.
            ThemeChoice::System => {}
            ThemeChoice::Light => self.dark = false,
            ThemeChoice::Dark => self.dark = true,
        }
    }

    /// Reads the file; a damaged one counts as absent, because a window that opens matters more. So does one that names
    /// another view than `views`, which are all that there are.
    pub fn load(path: &Path, views: &[ViewId]) -> Self {
        // A link is followed: people keep such files elsewhere and link to them.
        let text = match ordinary_file::read_to_string(path, LARGEST_BYTES, Links::Followed) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    log::warn!(
                        "settings are not readable ({error}), starting with the defaults: {}",
                        path.display()
                    );
                }
                return Self::default();
            }
        };
        match ron::from_str::<Self>(&text) {
            Ok(settings) => settings.checked(views),
            Err(error) => {
                log::warn!(
                    "settings are not readable ({error}), starting with the defaults: {}",
                    path.display()
                );
                Self::default()
            }
        }
    }

    /// `views`: those that there are.
    fn checked(mut self, views: &[ViewId]) -> Self {
        let [width, height] = self.window;
        if !(width.is_finite() && height.is_finite()) {
            self.window = Self::default().window;
        }
        self.window = [
            self.window[0].clamp(LEAST_WINDOW[0], 16_000.0),
            self.window[1].clamp(LEAST_WINDOW[1], 16_000.0),
        ];
        let [smallest, .., largest] = INTERFACE_SIZES;
        self.interface_size = if self.interface_size.is_finite() {
            self.interface_size.clamp(smallest, largest)
        } else {
            1.0
        };
        self.threads = self.threads.filter(|threads| *threads > 0);
        // What earlier versions measured lacks the features of earlier stages.
        self.speeds
            .retain(|_, measured| !measured.stage_features.is_empty());
        self.recent_presets.truncate(RECENT);
        self.recent_pictures.truncate(RECENT);
        self.recent_sweeps.truncate(RECENT);
        // An arrangement of another version's views is no reason to forget everything else.
        let is_known = |tile: &egui_tiles::Tile<ViewId>| match tile {
            egui_tiles::Tile::Pane(view) => views.contains(view),
            egui_tiles::Tile::Container(_) => true,
        };
        let holds_every_view = |tree: &egui_tiles::Tree<ViewId>| {
            tree.root().is_some()
                && tree.tiles.tiles().all(is_known)
                && (views.iter()).all(|view| tree.tiles.find_pane(view).is_some())
        };
        self.views = self.views.filter(holds_every_view);
        self
    }

    fn to_text(&self) -> Option<String> {
        // The file is text: a path that is none would keep everything else from being written.
        let mut settings = self.clone();
        let is_text = |path: &PathBuf| path.to_str().is_some();
        settings.recent_presets.retain(is_text);
        settings.recent_pictures.retain(is_text);
        settings.last_session.retain(OpenExperiment::is_text);
        settings.recent_sweeps.retain(KeptSweep::is_text);
        settings.last_folder = settings.last_folder.filter(is_text);
        settings.runs_folder = settings.runs_folder.filter(is_text);
        settings.runs_elsewhere.retain(is_text);
        ron::ser::to_string_pretty(&settings, ron::ser::PrettyConfig::default())
            .map_err(|error| log::warn!("settings can't be written: {error}"))
            .ok()
    }
}

/// The arrangement of a new installation: all views as tabs.
pub fn default_views(views: &[ViewId]) -> egui_tiles::Tree<ViewId> {
    egui_tiles::Tree::new_tabs(eframe::egui::Id::unique("views"), views.to_vec())
}

/// Puts `path` in front of a recent list.
pub fn remember(list: &mut Vec<PathBuf>, path: &Path) {
    list.retain(|known| known != path);
    list.insert(0, path.to_path_buf());
    list.truncate(RECENT);
}

/// Writes the settings away from the frame, once they have rested.
pub struct Saver {
    path: PathBuf,
    written: Settings,
    changed: Option<(Settings, Instant)>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Saver {
    pub fn new(path: PathBuf, settings: Settings) -> Self {
        Self {
            path,
            written: settings,
            changed: None,
            thread: None,
        }
    }

    /// Takes note of the current settings; asks for a later frame while something is unwritten.
    pub fn update(&mut self, settings: Settings, ctx: &egui::Context) {
        if self
            .changed
            .as_ref()
            .is_some_and(|(pending, _)| *pending == settings)
        {
            let rested = self
                .changed
                .as_ref()
                .is_some_and(|(_, since)| since.elapsed() >= REST);
            if rested
                && self
                    .thread
                    .as_ref()
                    .is_none_or(std::thread::JoinHandle::is_finished)
            {
                self.write_in_background();
            } else {
                ctx.request_repaint_after(REST);
            }
        } else if settings == self.written {
            self.changed = None;
        } else {
            self.changed = Some((settings, Instant::now()));
            ctx.request_repaint_after(REST);
        }
    }

    fn write_in_background(&mut self) {
        let Some((settings, _)) = self.changed.take() else {
            return;
        };
        let Some(text) = settings.to_text() else {
            return;
        };
        let path = self.path.clone();
        self.written = settings;
        let spawned = std::thread::Builder::new()
            .name("graft-settings".into())
            .spawn(move || write(&path, &text));
        match spawned {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => log::warn!("settings are not saved: {error}"),
        }
    }

    /// Writes what is unwritten; for the end.
    pub fn finish(&mut self, settings: &Settings) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        if *settings != self.written
            && let Some(text) = settings.to_text()
        {
            write(&self.path, &text);
            self.written = settings.clone();
        }
    }
}

fn write(path: &Path, text: &str) {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    if let Err(error) = made.and_then(|()| atomic::write(path, text.as_bytes())) {
        log::warn!("settings are not saved ({error}): {}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEWS: [ViewId; 3] = [ViewId::DATA, ViewId::CURVES, ViewId::new("Log")];

    #[test]
    fn damaged_settings_count_as_absent_and_impossible_values_are_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.ron");
        assert_eq!(Settings::load(&path, &VIEWS), Settings::default());
        for damaged in ["", "(dark: 3", "\u{0}\u{1}", "(dark: maybe)"] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(
                Settings::load(&path, &VIEWS),
                Settings::default(),
                "{damaged:?}"
            );
        }
        std::fs::write(
            &path,
            "(dark: false, window: (3.0, 1e9), from_the_future: 1)",
        )
        .unwrap();
        let settings = Settings::load(&path, &VIEWS);
        assert!(!settings.dark);
        assert_eq!(settings.window, [LEAST_WINDOW[0], 16_000.0]);
    }

    #[test]
    fn the_arrangement_survives() {
        let settings = Settings {
            dark: false,
            views: Some(default_views(&VIEWS)),
            ..Settings::default()
        };
        let text = settings.to_text().unwrap();
        let back: Settings = ron::from_str(&text).unwrap();
        assert_eq!(back.checked(&VIEWS), settings);

        // A view that the file does not know of is given its place by a new arrangement …
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.ron");
        std::fs::write(&path, text).unwrap();
        let more = [&VIEWS[..], &[ViewId::GALLERY]].concat();
        let without = Settings {
            views: None,
            ..settings
        };
        assert_eq!(Settings::load(&path, &more), without);
        // … and so is everything where the file knows one that is not known here, as after going back to an earlier version.
        assert_eq!(Settings::load(&path, &VIEWS[..2]), without);
    }

    #[test]
    fn the_latest_file_is_first_and_stands_once() {
        let mut list = vec![PathBuf::from("a"), PathBuf::from("b")];
        remember(&mut list, Path::new("b"));
        assert_eq!(list, [PathBuf::from("b"), PathBuf::from("a")]);
        for index in 0..20 {
            remember(&mut list, Path::new(&index.to_string()));
        }
        assert_eq!(list.len(), RECENT);
    }

    #[test]
    fn what_earlier_versions_wrote_is_read_and_odd_values_are_mended() {
        let before: Settings = ron::from_str("(dark: false, window: (1280.0, 800.0))").unwrap();
        assert_eq!(before.theme(), ThemeChoice::Light);
        assert!(before.notifications && before.runs_side);
        assert_eq!((before.interface_size, before.threads), (1.0, None));
        for (written, expected) in [("0.1", 0.8), ("9.0", 2.5), ("NaN", 1.0), ("1.25", 1.25)] {
            let text = format!("(interface_size: {written}, threads: Some(0))");
            let settings = ron::from_str::<Settings>(&text).unwrap().checked(&VIEWS);
            assert_eq!(
                (settings.interface_size, settings.threads),
                (expected, None)
            );
        }
    }

    #[test]
    fn the_interface_grows_and_shrinks_by_steps_and_stays_within_them() {
        assert_eq!(next_interface_size(1.0, true), 1.1);
        assert_eq!(next_interface_size(1.0, false), 0.9);
        assert_eq!(next_interface_size(1.3, false), 1.25);
        assert_eq!(next_interface_size(2.5, true), 2.5);
        assert_eq!(next_interface_size(0.8, false), 0.8);
    }
}
