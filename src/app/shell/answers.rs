//! What the threads say is handed to whom it is for.

use eframe::egui;

use crate::app::core::state::NoticeKind;
use crate::app::shell::Graft;
use crate::training::TrainingEvent;
use crate::worker::messages::{Answer, RunEvent, RunId};

impl Graft {
    /// Takes everything that has happened. Never waits.
    pub(in crate::app) fn drain_workers(&mut self, ctx: &egui::Context) {
        let events = self.session.workers.events();
        let answers = self.session.workers.answers();
        if events.is_empty() && answers.is_empty() {
            return;
        }
        let is_progress = |(_, event): &(RunId, RunEvent)| {
            matches!(event, RunEvent::Training(TrainingEvent::Progress(_)))
        };
        // What else happens may ask for a view that only the next frame can show.
        if !answers.is_empty() || !events.iter().all(is_progress) {
            ctx.request_repaint();
        }
        for (run, event) in events {
            self.requests.runs.run_event(&mut self.session, run, event);
        }
        for answer in answers {
            self.answer(answer, ctx);
        }
    }

    fn answer(&mut self, answer: Answer, ctx: &egui::Context) {
        let (session, asked) = (&mut self.session, &mut self.requests);
        match answer {
            Answer::Devices(Ok(devices)) => session.take_devices(devices),
            Answer::Devices(Err(failure)) => session.log(
                NoticeKind::Error,
                format!("which devices there are is not known: {failure}"),
            ),
            Answer::Recognised { path, source } => asked.data.use_pictures(session, &path, source),
            Answer::TablePreviewed {
                source,
                base,
                result,
            } => asked.data.table_previewed(session, source, base, result),
            Answer::Thumbnail {
                name,
                index,
                pixels,
            } => asked.data.take_thumbnail(session, &name, index, pixels),
            Answer::ScanProgress { done, total } => session.scan_progress(done, total),
            Answer::Scanned { data, seed, result } => session.scanned(data, seed, result),
            Answer::LayerTree {
                backbone,
                input_size,
                tree,
            } => (asked.backbone).take_tree(session, &backbone, input_size, tree),
            Answer::StoredWeights(stored) => asked.backbone.take_stored_weights(session, stored),
            Answer::WeightsExamined { backbone, result } => {
                asked.backbone.weights_examined(session, *backbone, result);
            }
            Answer::Speed { backbone, result } => {
                asked.backbone.speeds.take(session, backbone, result);
            }
            Answer::Classified {
                source,
                backbone,
                result,
            } => asked.backbone.classified(session, source, backbone, result),
            Answer::Augmented {
                index,
                augmentation,
                result,
            } => (asked.augmentation).augmented(session, index, *augmentation, result),
            Answer::Runs(result) => asked.runs.runs_listed(session, result),
            Answer::RunsChanged { action, results } => {
                asked.runs.changed(session, &action, results);
            }
            Answer::RunsFound { folder, result } => asked.runs.found(session, &folder, result),
            Answer::Run { folder, result } => asked.runs.run_opened(session, folder, result),
            Answer::Compared { folders, result } => {
                asked.compare.compared(session, &folders, result);
            }
            Answer::Diagnosed { folder, result, .. } => {
                asked.evaluation.take_diagnosis(session, folder, result);
            }
            Answer::EvaluationProgress {
                folder,
                split,
                done,
                total,
            } => (asked.evaluation).progress(session, &(folder, split), done, total),
            Answer::RunEvaluated {
                folder,
                split,
                result,
            } => (asked.evaluation).evaluated(session, folder, split, result, ctx),
            Answer::Gallery(answer) => session.state.gallery.take(answer),
            Answer::Prediction(answer) => asked.predict.answer(session, answer),
            Answer::Shootout(answer) => asked.shootout.answer(session, answer),
            Answer::Sweep(answer) => asked.sweep.answer(session, answer),
            Answer::Features(answer) => asked.feature_cache.answer(session, answer),
        }
    }
}
