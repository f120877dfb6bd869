//! What a person opens or drops on the window is looked at on threads of its own: a path may lead to a network folder whose
//! server is gone.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::dialogs::Confirmation;
use crate::app::core::request::Request;
use crate::app::core::sources::{self, DroppedKind};
use crate::app::core::state::Cause;
use crate::app::shell::Graft;
use crate::experiment::{Experiment, preset};
use crate::worker::messages::Failure;

/// What a path leads to.
#[derive(Debug)]
enum Opened {
    Preset(Box<Result<Experiment, preset::PresetError>>),
    Other(DroppedKind),
}

/// Paths that are being looked at.
#[derive(Default)]
pub(in crate::app) struct Opening {
    requests: Vec<Request<PathBuf, Opened>>,
}

impl Opening {
    /// `kind`: what it is, where that is known.
    fn look_at(&mut self, path: PathBuf, kind: Option<DroppedKind>, ctx: &egui::Context) {
        let mut request = Request::default();
        let ctx = ctx.clone();
        request.start(
            "graft-opening",
            path.clone(),
            move || ctx.request_repaint(),
            move || {
                Ok(match kind.unwrap_or_else(|| sources::kind(&path)) {
                    DroppedKind::Preset => Opened::Preset(Box::new(preset::load(&path))),
                    other => Opened::Other(other),
                })
            },
        );
        self.requests.push(request);
    }

    /// What is being looked at.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.requests
            .iter()
            .filter_map(|request| request.key().map(PathBuf::as_path))
    }

    /// What has been found since the last frame, in the order in which it was opened. Never waits.
    fn poll(&mut self) -> Vec<(PathBuf, Result<Opened, Failure>)> {
        let mut found = Vec::new();
        self.requests.retain_mut(|request| {
            let (Some(outcome), Some(path)) = (request.poll(), request.key()) else {
                return true;
            };
            found.push((path.clone(), outcome));
            false
        });
        found
    }
}

impl Graft {
    /// Opens what was dropped on the window, as soon as it is known what it is.
    pub(in crate::app) fn open_dropped(&mut self, path: PathBuf, ctx: &egui::Context) {
        self.opening.look_at(path, None, ctx);
    }

    /// Opens a preset, or shows the one that is open already.
    pub(in crate::app) fn open_preset(&mut self, path: PathBuf, ctx: &egui::Context) {
        if !self.session.show_open_preset(&path) {
            self.opening.look_at(path, Some(DroppedKind::Preset), ctx);
        }
    }

    /// Goes on with what has been looked at.
    pub(in crate::app) fn follow_opening(&mut self, ctx: &egui::Context) {
        for (path, outcome) in self.opening.poll() {
            match outcome {
                Ok(Opened::Preset(read)) => self.session.take_preset(&path, *read),
                Ok(Opened::Other(kind)) => self.dropped(kind, path, ctx),
                Err(failure) => {
                    let title = "This can't be opened";
                    let text = format!("{failure}: {}", path.display());
                    self.session.error_about(Cause::Pictures, title, text);
                }
            }
        }
        let reading = &mut self.session.state.reading;
        if !reading
            .iter()
            .map(PathBuf::as_path)
            .eq(self.opening.paths())
        {
            *reading = self.opening.paths().map(Path::to_path_buf).collect();
        }
        if self.question.is_none()
            && let Some((folder, runs)) = self.requests.runs.offered.take()
        {
            self.question = Some(Confirmation::UseRuns { folder, runs });
        }
    }
}
