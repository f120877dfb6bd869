//! The window: state, commands, tokens, one panel a file.
//!
//! Panels are functions of plain data: `xxx_ui(ui, &XxxView, &mut XxxLocal, &mut Vec<Command>)`. They never
//! train, read files or block; what they want done they say in [`command::Command`]s, which
//! `carry_out.rs` carries out between frames. `logic.rs` and `answers.rs` take what the threads say into
//! [`state::State`].

pub mod actions;
pub mod command;
pub mod panels;
pub mod settings;
pub mod shell;
pub mod state;
pub mod theme;
pub mod tokens;
pub mod workers;

mod answers;
mod carry_out;
mod clock;
mod comparing;
mod dialogs;
mod documents;
mod evaluating;
mod experiments;
mod export_dialog;
mod feature_cache;
mod figures;
mod file_browser;
mod follow;
mod frame;
pub mod frame_times;
pub mod gallery;
mod logic;
mod logo;
mod middle;
mod notices;
mod palette;
mod previews;
mod queue;
mod resume;
mod run_bar;
mod side;
mod sources;
#[cfg(test)]
mod tests;
mod top_bar;
mod views;
mod welcome;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui;

use settings::Settings;
use shell::{Graft, Places};
use workers::Threads;

use crate::worker::trainer::{News, Notify};

/// The smallest window in which everything fits, in points.
const LEAST_SIZE: [f32; 2] = [1000.0, 640.0];

/// Opens the window with these presets, and returns when it is closed; `measure` has it work by
/// itself and measure its frames. Tries the graphics card's
/// modern interface (wgpu) first, OpenGL second.
///
/// # Errors
/// When neither can open a window; the text says what to do.
pub fn run(presets: Vec<PathBuf>, measure: Option<&frame_times::Request>) -> anyhow::Result<()> {
    // Relative paths mean the folder that Graft was started in, whatever later changes it.
    let presets: Vec<PathBuf> = presets
        .iter()
        .map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
        .collect();
    let mut problems = Vec::new();
    for renderer in [eframe::Renderer::Wgpu, eframe::Renderer::Glow] {
        let opened = Rc::new(Cell::new(false));
        match open(renderer, &presets, measure, opened.clone()) {
            Ok(()) => return Ok(()),
            Err(error) if opened.get() => {
                return Err(anyhow::anyhow!("the window was lost: {error}"));
            }
            Err(error) => {
                log::warn!("{renderer} can't open a window: {error}");
                problems.push(format!("{renderer}: {error}"));
            }
        }
    }
    anyhow::bail!(
        "no window can be opened here ({}). `graft run PRESET.ron` trains without one.",
        problems.join("; ")
    )
}

fn open(
    renderer: eframe::Renderer,
    presets: &[PathBuf],
    measure: Option<&frame_times::Request>,
    opened: Rc<Cell<bool>>,
) -> Result<(), eframe::Error> {
    let places = Places::of_user();
    let settings = Settings::load(&places.settings);
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Graft")
            .with_app_id("graft")
            .with_inner_size(settings.window)
            .with_min_inner_size(LEAST_SIZE)
            .with_maximized(settings.maximized)
            .with_icon(logo::icon()),
        renderer,
        ..eframe::NativeOptions::default()
    };
    let presets = presets.to_vec();
    let measure = measure.cloned();
    eframe::run_native(
        "graft",
        options,
        Box::new(move |creation| {
            opened.set(true);
            let ctx = creation.egui_ctx.clone();
            let progress = if draws_with_the_processor(creation) {
                SLOW_PROGRESS
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
            let mut graft = Graft::new(&creation.egui_ctx, Box::new(threads), places, &presets);
            graft.frame_times = measure.map(frame_times::FrameTimes::new);
            Ok(Box::new(graft))
        }),
    )
}

/// Events within this time share one frame.
const FRAME: Duration = Duration::from_millis(33);

/// Where the processor draws, a frame takes the cores from the training for a tenth of a second: progress alone is drawn
/// this seldom. (Fine-tuning EfficientNet-Lite0 on two cores took twice as long with ten frames a second.)
const SLOW_PROGRESS: Duration = Duration::from_secs(2);

/// Whether no graphics card does.
fn draws_with_the_processor(creation: &eframe::CreationContext<'_>) -> bool {
    creation
        .wgpu_render_state
        .as_ref()
        .is_some_and(|state| state.adapter.get_info().device_type == eframe::wgpu::DeviceType::Cpu)
}
