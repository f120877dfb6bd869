//! The installation of libtorch's CUDA part, on a thread of its own. The command line's is the same function.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eframe::egui;

use super::{GraphicsCardView, Stage, modal_ui};
use crate::app::core::command::Command;
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind};
use crate::data::StopFlag;
use crate::models::device::cuda_install::{self, InstallError, InstallProgress};
use crate::worker::messages::Failure;

/// What installs: from the package index of this person, or from where a caller says.
pub type Installer =
    dyn Fn(&mut dyn FnMut(InstallProgress), &StopFlag) -> Result<(), InstallError> + Send + Sync;

/// Progress is drawn at most this often.
const FRAME: Duration = Duration::from_millis(100);

/// The dialog, and what is under way.
pub struct CudaInstallation {
    pub open: bool,
    pub stage: Stage,
    installer: Arc<Installer>,
    installing: Request<(), ()>,
    progress: Arc<Mutex<Option<InstallProgress>>>,
    stop: StopFlag,
}

impl Default for CudaInstallation {
    fn default() -> Self {
        Self::new(Arc::new(|notify, stop| {
            cuda_install::install(None, notify, stop)
        }))
    }
}

impl CudaInstallation {
    pub fn new(installer: Arc<Installer>) -> Self {
        Self {
            open: false,
            stage: Stage::default(),
            installer,
            installing: Request::default(),
            progress: Arc::default(),
            stop: StopFlag::default(),
        }
    }

    pub fn ui(&mut self, session: &Session, ctx: &egui::Context, out: &mut Vec<Command>) {
        if !self.open {
            return;
        }
        let view = GraphicsCardView::build(session.state.devices.as_ref(), &self.stage);
        self.open = modal_ui(ctx, &view, out);
    }

    /// Begins, or goes on where an earlier attempt ended.
    pub fn install(&mut self, session: &mut Session, ctx: &egui::Context) {
        if self.installing.is_pending() {
            return;
        }
        session.has_gone(&Cause::CudaInstallation);
        let (stop, progress) = (StopFlag::default(), Arc::<Mutex<_>>::default());
        self.stop = stop.clone();
        self.progress = Arc::clone(&progress);
        self.stage = Stage::Working(None);
        let installer = Arc::clone(&self.installer);
        let (ended, ctx) = (ctx.clone(), ctx.clone());
        let notify = move || ended.request_repaint();
        (self.installing).start("graft-cuda", (), notify, move || {
            let mut notify = |now| {
                *lock(&progress) = Some(now);
                ctx.request_repaint_after(FRAME);
            };
            installer(&mut notify, &stop).map_err(|error| match error {
                InstallError::Stopped => Failure::Stopped,
                other => Failure::failed(other),
            })
        });
    }

    pub fn is_installing(&self) -> bool {
        self.installing.is_pending()
    }

    pub fn stop(&mut self) {
        if self.installing.is_pending() {
            self.stop.stop();
            self.installing.stop();
            self.stage = Stage::Stopping;
        }
    }

    /// Takes what has happened since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session) {
        if let Stage::Working(now) = &mut self.stage {
            *now = *lock(&self.progress);
        }
        let Some(outcome) = self.installing.poll() else {
            return;
        };
        self.stage = match outcome {
            Ok(()) => Stage::Done,
            Err(Failure::Stopped) => Stage::Stopped,
            Err(failure) => {
                Stage::Failed(failure.text("it ended early; what was downloaded is kept"))
            }
        };
        match &self.stage {
            Stage::Done if self.open => session.log(NoticeKind::Info, "the CUDA part is installed"),
            Stage::Done => session.notice(
                NoticeKind::Info,
                "The CUDA part is installed",
                "Start Graft again to train on the graphics card.",
            ),
            Stage::Failed(reason) if !self.open => session.error_about(
                Cause::CudaInstallation,
                "The CUDA part is not installed",
                reason.clone(),
            ),
            _ => {}
        }
    }
}

fn lock(progress: &Mutex<Option<InstallProgress>>) -> MutexGuard<'_, Option<InstallProgress>> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
