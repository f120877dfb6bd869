//! The window: state, commands, tokens, one panel a file.
//!
//! Uses run one way: `shell` (the frame around everything, and all that happens between frames), `features` (one folder a
//! feature), `ui` (what all of them are drawn with), `core` (what the window knows and can be asked to do, as plain data).
//!
//! Panels are functions of plain data: `xxx_ui(ui, &XxxView, &mut XxxLocal, &mut Vec<Command>)`. They never
//! train, read files or block; what they want done they say in [`core::command::Command`]s, which
//! `shell/carry_out.rs` carries out between frames. `shell/answers.rs` hands what the threads say to the feature that it is for;
//! what features do with it, they do to a [`core::session::Session`]. Which views and sections there are says
//! `features/mod.rs`, and nothing else.

pub mod core;
pub mod features;
pub mod shell;
pub mod ui;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui;

use core::session::AppPaths;
use core::settings::{LEAST_WINDOW, Settings};
use core::workers::Threads;
use shell::drawing::{self, Way};
use shell::{Graft, frame_times, logo};

use crate::worker::trainer::{News, Notify};

/// Opens the window with these presets and pictures, and returns when it is closed; `measure` has it work by
/// itself and measure its frames. Tries one way of drawing after the other.
///
/// # Errors
/// When neither can open a window; the text says what to do.
pub fn run(paths: Vec<PathBuf>, measure: Option<&frame_times::Request>) -> anyhow::Result<()> {
    // Relative paths mean the folder that Graft was started in, whatever later changes it.
    let paths: Vec<PathBuf> = paths
        .iter()
        .map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
        .collect();
    let mut problems = Vec::new();
    for way in Way::ALL {
        let opened = Rc::new(Cell::new(false));
        match open(way, &paths, measure, opened.clone()) {
            Ok(()) => return Ok(()),
            Err(error) if opened.get() => {
                return Err(anyhow::anyhow!("the window was lost: {error}"));
            }
            Err(error) => {
                log::warn!("{way} can't open a window: {error}");
                problems.push(format!("{way}: {error}"));
            }
        }
    }
    anyhow::bail!(
        "no window can be opened here ({}). “graft run PRESET.ron” trains without one.",
        problems.join("; ")
    )
}

fn open(
    way: Way,
    paths_to_open: &[PathBuf],
    measure: Option<&frame_times::Request>,
    opened: Rc<Cell<bool>>,
) -> Result<(), eframe::Error> {
    let paths = AppPaths::of_user();
    let settings = Settings::load(&paths.settings, &features::view_ids());
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Graft")
            .with_app_id("graft")
            .with_inner_size(settings.window)
            .with_min_inner_size(LEAST_WINDOW)
            .with_maximized(settings.maximized)
            .with_icon(logo::icon()),
        ..way.options()
    };
    let paths_to_open = paths_to_open.to_vec();
    let measure = measure.cloned();
    eframe::run_native(
        "graft",
        options,
        Box::new(move |creation| {
            opened.set(true);
            let ctx = creation.egui_ctx.clone();
            let progress = if drawing::is_by_the_processor(creation) {
                drawing::SLOW_PROGRESS
            } else {
                FRAME
            };
            let notify: Notify = Arc::new(move |news| {
                ctx.request_repaint_after(match news {
                    News::Progress => progress,
                    News::Event => FRAME,
                });
            });
            let threads = Threads::spawn(&notify)?;
            let mut graft =
                Graft::new(&creation.egui_ctx, Box::new(threads), paths, &paths_to_open);
            graft.frame_times = measure.map(frame_times::FrameTimes::new);
            Ok(Box::new(graft))
        }),
    )
}

/// Events within this time share one frame.
const FRAME: Duration = Duration::from_millis(33);
