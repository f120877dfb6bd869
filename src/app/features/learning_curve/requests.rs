//! A learning curve, measured on a thread of its own. The command line's is the same function.

use std::sync::Arc;

use eframe::egui;

use super::{HEADS, rows};
use crate::app::core::background::Work;
use crate::app::core::command::Command;
use crate::app::core::job::{Job, JobListener};
use crate::app::core::learning_curve::{CurveKey, FoundCurve, LearningCurveAction};
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind, Scan, State};
use crate::evaluation::CurveScore;
use crate::figures::{Figure, Raster, Size, Theme, to_raster, to_svg};
use crate::format;
use crate::models::device;
use crate::report::LearningCurveReport;
use crate::training::TrainingRequest;
use crate::training::events::{Activity, Progress};
use crate::training::learning_curve::measure_learning_curve;
use crate::worker::messages::Failure;

/// What is measured at the moment, and what is being drawn for the clipboard.
#[derive(Default)]
pub struct LearningCurves {
    job: Job<FoundCurve>,
    copying: Request<(), Raster>,
}

impl LearningCurves {
    pub fn carry_out(
        &mut self,
        session: &mut Session,
        action: LearningCurveAction,
        ctx: &egui::Context,
    ) {
        match action {
            LearningCurveAction::Measure => self.start(session, ctx),
            LearningCurveAction::Stop => self.job.stop(),
            LearningCurveAction::Show(score) => session.state.learning_curve.score = score,
            LearningCurveAction::CopyFigure => self.copy_figure(session, ctx),
            LearningCurveAction::CopyTable => {
                let curve = &session.state.learning_curve;
                if let Some(found) = &curve.found {
                    ctx.copy_text(as_table(found.by(curve.score)));
                }
            }
        }
        self.tell(session);
    }

    fn start(&mut self, session: &mut Session, ctx: &egui::Context) {
        if self.job.is_working() || obstacle(&session.state).is_some() {
            return;
        }
        let (Some(document), Scan::Done { dataset, split, .. }) =
            (session.state.active_document(), &session.state.scan)
        else {
            return;
        };
        let experiment = document.experiment.clone();
        let key = CurveKey::new(&experiment, document.base());
        let mut split = split.as_ref().clone();
        // Not looked at.
        split.test.clear();
        let mut request = TrainingRequest {
            base: document.base(),
            withholds_test: true,
            ..TrainingRequest::new(experiment.clone(), dataset.clone(), split)
        };
        let device = session.state.device.clone();
        session.state.learning_curve.failure = None;
        let ctx = ctx.clone();
        let notify = move || ctx.request_repaint();
        self.job
            .start("graft-learning-curve", notify, move |told, stop| {
                request.stop = stop;
                let device = device.as_deref().map(device::parse).transpose();
                request.device = device.map_err(Failure::failed)?;
                let mut listener = JobListener {
                    told,
                    text: words,
                    warnings: Vec::new(),
                };
                let mut heads = |done, total| told.tell("Learning from parts", done, total);
                let measured = measure_learning_curve(&request, &mut listener, &mut heads)?;
                let by = |score| LearningCurveReport::new(&experiment, &measured, score);
                Ok(FoundCurve {
                    key,
                    accuracy: by(CurveScore::Accuracy),
                    macro_f1: by(CurveScore::MacroF1),
                    warnings: listener.warnings,
                })
            });
    }

    fn copy_figure(&mut self, session: &Session, ctx: &egui::Context) {
        let curve = &session.state.learning_curve;
        let (Some(found), false) = (&curve.found, self.copying.is_pending()) else {
            return;
        };
        let figure = found.by(curve.score).figure();
        let theme = match session.settings.dark {
            true => Theme::DARK,
            false => Theme::LIGHT,
        };
        let ctx = ctx.clone();
        let notify = move || ctx.request_repaint();
        self.copying.start("graft-figure", (), notify, move || {
            let svg = to_svg(&figure as &dyn Figure, Size::default(), theme);
            to_raster(&svg, 1.0).map_err(Failure::failed)
        });
    }

    pub fn is_working(&self) -> bool {
        self.job.is_working()
    }

    pub fn stop(&mut self) {
        self.job.stop();
    }

    /// What is measured now, for the foot of the window.
    pub fn work(&self) -> Option<Work> {
        let doing = self.job.doing()?;
        let work = Work::new("Measuring the learning curve").at(doing.done, doing.total);
        Some(work.stopped_by(Command::LearningCurve(LearningCurveAction::Stop)))
    }

    /// Takes what has happened since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session, ctx: &egui::Context) {
        if let Some(outcome) = self.job.poll() {
            let failure = match outcome {
                Ok(found) => {
                    let answer = found.by(session.state.learning_curve.score).answer();
                    session.log(NoticeKind::Info, format!("learning curve: {answer}"));
                    session.state.learning_curve.found = Some(Arc::new(found));
                    None
                }
                Err(Failure::Stopped) => None,
                Err(failure) => {
                    Some(failure.text("it ended early; features that were computed are kept"))
                }
            };
            session.state.learning_curve.failure = failure;
        }
        self.tell(session);
        match self.copying.poll() {
            None => {}
            Some(Ok(raster)) => {
                let size = [raster.width as usize, raster.height as usize];
                ctx.copy_image(egui::ColorImage::from_rgb(size, &raster.rgb));
                let text = format!("The learning curve, {} × {} pixels", size[0], size[1]);
                let title = "Copied as an image".to_owned();
                session.notice_about(NoticeKind::Info, Some(Cause::Copying), title, text);
            }
            Some(Err(failure)) => session.error_about(
                Cause::Copying,
                "The figure is not copied",
                failure.text("drawing it ended early"),
            ),
        }
    }

    fn tell(&self, session: &mut Session) {
        session.state.learning_curve.doing = self.job.doing();
    }
}

fn words(progress: &Progress) -> (String, usize, usize) {
    let text = match progress.activity {
        Activity::DownloadingWeights => "Downloading weights",
        Activity::CheckingPictures => "Checking pictures",
        Activity::ReadingPictures => "Reading pictures",
        _ => "Computing features",
    };
    (text.into(), progress.done, progress.total)
}

/// Why nothing can be measured now, in a sentence.
pub(super) fn obstacle(state: &State) -> Option<String> {
    if state.is_training() {
        return Some("A run trains: both would take twice as long. Wait for its end.".into());
    }
    let problems = (state.active_document()).map_or(0, |document| document.problems.len());
    match &state.scan {
        Scan::Done { .. } if problems > 0 => {
            let fields = format::count(problems, "field is", "fields are");
            Some(format!(
                "{fields} out of range, marked in red at the left: mend that first."
            ))
        }
        Scan::Done { .. } => None,
        Scan::Running { .. } => {
            Some("The pictures are being looked through: wait a moment.".into())
        }
        Scan::None | Scan::Failed(_) => Some("Open pictures first.".into()),
    }
}

/// The points with tabs between them, as spreadsheets take them.
fn as_table(report: &LearningCurveReport) -> String {
    let mut text = HEADS.join("\t") + "\n";
    for row in rows(report) {
        text += &(row.join("\t") + "\n");
    }
    text
}
