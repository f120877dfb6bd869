//! Measures the window's own work per frame, for `graft --frame-times FILE`: the window trains the
//! open experiments, goes through all views while both the training and the scrolling go on, writes
//! what each frame took, and closes.
//!
//! A frame's work is everything that the interface thread does for it: taking in what the threads
//! say, building and drawing all panels, and turning shapes into triangles. What the graphics card
//! or the screen then take is no part of it. A window answers at 60 frames a second as long as this
//! stays well below [`BUDGET_MS`].

use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui;
use serde::Serialize;

use crate::app::core::command::Command;
use crate::app::core::state::{Scan, State, Tree};
use crate::app::features::VIEWS;
use crate::app::shell::{Closing, Graft};
use crate::runs::atomic;
use crate::training::events::Activity;

/// Of a screen with 60 frames a second, in milliseconds.
pub const BUDGET_MS: f64 = 1000.0 / 60.0;
/// Frames of each view that are not counted: its textures are made, its layout finds its size.
const WARM_UP: usize = 30;
/// Frames of each view that are counted.
const FRAMES: usize = 240;
/// Pictures, layers and training have to be there by then.
const PATIENCE: Duration = Duration::from_secs(300);
/// Of one turn of the wheel per frame, in points; it turns back halfway.
const SCROLL: f32 = 60.0;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the report goes, as JSON.
    pub file: PathBuf,
    /// Whether the open experiments are trained meanwhile.
    pub trains: bool,
}

/// The frames of one view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    view: &'static str,
    frames: usize,
    /// Of the frames, in milliseconds of the interface thread's time by the clock.
    median_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// Share of frames above a sixtieth of a second.
    late: f64,
    /// Whether a run was training from the first to the last of these frames.
    training: bool,
}

pub(in crate::app) struct FrameTimes {
    request: Request,
    stage: Stage,
    since: Instant,
    /// When this frame's work began.
    frame_began: Option<Instant>,
    times_ms: Vec<f64>,
    training: bool,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For pictures and layers.
    WaitForData,
    WaitForTraining,
    /// The view's index, and its frames so far.
    View(usize, usize),
    Done,
}

impl FrameTimes {
    pub fn new(request: Request) -> Self {
        Self {
            request,
            stage: Stage::WaitForData,
            since: Instant::now(),
            frame_began: None,
            times_ms: Vec::new(),
            training: true,
            rows: Vec::new(),
        }
    }

    /// A frame begins.
    pub fn begin(&mut self) {
        self.frame_began = Some(Instant::now());
    }

    /// The pointer rests in the middle and the wheel turns down, then up.
    pub fn scroll(&self, input: &mut egui::RawInput) {
        let Stage::View(_, frame) = self.stage else {
            return;
        };
        let Some(rect) = input.screen_rect else {
            return;
        };
        let down = (frame / 60).is_multiple_of(2);
        input.events.push(egui::Event::PointerMoved(rect.center()));
        input.events.push(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, if down { -SCROLL } else { SCROLL }),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: egui::Modifiers::NONE,
        });
    }

    /// A frame has ended, whose triangles took `tessellation_ms`; what the window should do next.
    fn end(&mut self, state: &State, tessellation_ms: f64) -> Vec<Command> {
        let Some(began) = self.frame_began.take() else {
            return Vec::new();
        };
        let took_ms = began.elapsed().as_secs_f64() * 1000.0 + tessellation_ms;
        match self.stage {
            Stage::WaitForData => {
                let is_ready =
                    matches!(state.scan, Scan::Done { .. }) && matches!(state.tree, Tree::Ready(_));
                if is_ready || self.since.elapsed() > PATIENCE {
                    if self.request.trains {
                        self.stage = Stage::WaitForTraining;
                        return vec![Command::Train];
                    }
                    return self.next_view(0);
                }
            }
            Stage::WaitForTraining => {
                if is_training(state) || self.since.elapsed() > PATIENCE {
                    return self.next_view(0);
                }
            }
            Stage::View(view_index, frame) => {
                if frame >= WARM_UP {
                    self.times_ms.push(took_ms);
                    self.training &= is_training(state);
                }
                if frame + 1 < WARM_UP + FRAMES {
                    self.stage = Stage::View(view_index, frame + 1);
                } else {
                    self.rows.push(row(
                        VIEWS[view_index].info().title,
                        &mut self.times_ms,
                        self.training,
                    ));
                    return self.next_view(view_index + 1);
                }
            }
            Stage::Done => {}
        }
        Vec::new()
    }

    fn next_view(&mut self, view_index: usize) -> Vec<Command> {
        self.times_ms.clear();
        self.training = true;
        match VIEWS.get(view_index) {
            Some(view) => {
                self.stage = Stage::View(view_index, 0);
                vec![Command::ShowView(view.info().id)]
            }
            None => {
                self.stage = Stage::Done;
                vec![Command::StopAll]
            }
        }
    }
}

/// Whether a run keeps the processor busy now.
fn is_training(state: &State) -> bool {
    state.running().is_some_and(|run| {
        run.progress.as_ref().is_some_and(|progress| {
            matches!(
                progress.activity,
                Activity::ComputingFeatures
                    | Activity::Training
                    | Activity::Validating
                    | Activity::Testing
            )
        })
    })
}

fn row(view: &'static str, times_ms: &mut [f64], training: bool) -> Row {
    times_ms.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = (share * times_ms.len() as f64).ceil() as usize;
        let rank = rank.clamp(1, times_ms.len().max(1)) - 1;
        times_ms.get(rank).copied().unwrap_or(f64::NAN)
    };
    let late = times_ms.iter().filter(|ms| **ms > BUDGET_MS).count();
    Row {
        view,
        frames: times_ms.len(),
        median_ms: at(0.5),
        p99_ms: at(0.99),
        max_ms: at(1.0),
        late: late as f64 / times_ms.len().max(1) as f64,
        training,
    }
}

impl Graft {
    /// Counts the frame that has just been drawn, where that is asked for.
    pub(in crate::app) fn count_frame(&mut self, ctx: &egui::Context, out: &mut Vec<Command>) {
        let Some(times) = &mut self.frame_times else {
            return;
        };
        // Shapes become triangles after this, on the same thread; it is done once more to be seen.
        let preparing = Instant::now();
        let layers: Vec<egui::LayerId> = ctx.memory(|memory| memory.layer_ids().collect());
        let shapes: Vec<egui::epaint::ClippedShape> = ctx.graphics(|graphics| {
            let lists = layers.iter().filter_map(|layer| graphics.get(*layer));
            lists.flat_map(|list| list.all_entries().cloned()).collect()
        });
        let began = Instant::now();
        drop(ctx.tessellate(shapes, ctx.pixels_per_point()));
        let tessellation_ms = began.elapsed().as_secs_f64() * 1000.0;
        // What was measured on top is not counted twice.
        if let Some(frame_began) = &mut times.frame_began {
            *frame_began += preparing.elapsed();
        }
        let before = times.stage;
        out.extend(times.end(&self.session.state, tessellation_ms));
        let times_stage = times.stage;
        if let Stage::View(view_index, WARM_UP_HALF) = times_stage {
            VIEWS[view_index].unfold(&mut self.view_context());
        }
        if times_stage == Stage::Done && before != Stage::Done {
            self.report_frames();
        }
        // Without a graphics card drawing takes the cores that training should have.
        ctx.request_repaint_after(match times_stage {
            Stage::View(..) => Duration::from_millis(16),
            _ => Duration::from_millis(200),
        });
    }

    fn report_frames(&mut self) {
        let Some(times) = &self.frame_times else {
            return;
        };
        let text = serde_json::to_string_pretty(&times.rows).unwrap_or_default() + "\n";
        let file = times.request.file.clone();
        if let Err(error) = atomic::write(&file, text.as_bytes()) {
            log::error!(
                "the frame times can't be written ({error}): {}",
                file.display()
            );
        }
        // Nothing is asked: whoever measures has said what becomes of the window.
        self.closing = Closing::Stopping;
    }
}

/// When what is folded is opened: after the view was first shown, before its frames count.
const WARM_UP_HALF: usize = WARM_UP / 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rows_percentiles_are_those_of_its_frames() {
        let mut times: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        let row = row("Data", &mut times, true);
        assert_eq!(
            (row.frames, row.median_ms, row.p99_ms, row.max_ms),
            (200, 100.0, 198.0, 200.0)
        );
        assert!((row.late - 184.0 / 200.0).abs() < 1e-12, "{}", row.late);
        let empty = super::row("Data", &mut [], false);
        assert!(empty.median_ms.is_nan() && empty.late == 0.0);
    }
}
