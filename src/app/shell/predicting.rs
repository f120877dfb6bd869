//! What is asked of the predictions, and what is dropped on their view.

use std::path::PathBuf;

use eframe::egui;

use super::dialogs::Purpose;
use crate::app::core::command::Command;
use crate::app::core::prediction::{PredictAction, PredictPurpose, predicting_run};
use crate::app::core::sources;
use crate::app::core::view_id::ViewId;
use crate::app::features::predict::requests::table_name;
use crate::app::shell::Graft;

impl Graft {
    pub(in crate::app) fn predict(&mut self, action: PredictAction, ctx: &egui::Context) {
        let (session, predict) = (&mut self.session, &mut self.requests.predict);
        match action {
            PredictAction::Paths(paths) => predict.predict(session, paths),
            PredictAction::PasteText(text) => predict.paste_text(session, &text),
            PredictAction::PasteImage(image) => predict.paste_image(session, image, ctx),
            PredictAction::Dialog(purpose) => {
                let name = match purpose {
                    PredictPurpose::Save(_) => table_name(session),
                    _ => String::new(),
                };
                let folder = match purpose {
                    PredictPurpose::Save(_) | PredictPurpose::Place(_) => {
                        Some(predict.folder_to_write(session))
                    }
                    _ => {
                        (session.settings.last_folder.clone()).or_else(|| session.pictures_folder())
                    }
                };
                let purpose = Purpose::Predict { purpose, name };
                self.files.ask(purpose, folder, ctx);
            }
            PredictAction::UseRun(id) => predict.use_run(session, id),
            PredictAction::Stop => predict.stop(session),
            PredictAction::Watch(folder) => predict.watch(session, folder),
            PredictAction::StopWatching => predict.stop_watching(session),
            PredictAction::Clear => drop(predict.clear(session)),
            PredictAction::Save(chosen, path) => predict.save(session, &chosen, path, ctx),
            PredictAction::Plan(chosen, root) => self.placing.plan(session, chosen, root, ctx),
            PredictAction::Place => self.placing.place(ctx),
            PredictAction::StopPlacing => self.placing.stop(),
            PredictAction::TakeBack(root) => self.placing.take_back(root, ctx),
        }
    }

    /// Whether what is dropped is answered: the view of the predictions is in front, and a run can.
    pub(in crate::app) fn predicts_drops(&self) -> bool {
        let is_it = |tile: &_| matches!(tile, egui_tiles::Tile::Pane(ViewId::PREDICT));
        let mut active = self.views.active_tiles().into_iter();
        active.any(|tile| self.views.tiles.get(tile).is_some_and(is_it))
            && predicting_run(&self.session.state).is_some()
    }

    /// What was dropped on the window, as commands: pictures together.
    pub(in crate::app) fn take_drops(&self, paths: Vec<PathBuf>, out: &mut Vec<Command>) {
        if paths.is_empty() {
            return;
        }
        let (pictures, others): (Vec<_>, Vec<_>) = match self.predicts_drops() {
            true => paths
                .into_iter()
                .partition(|path| sources::is_picture(path)),
            false => (Vec::new(), paths),
        };
        if !pictures.is_empty() {
            out.push(Command::Predict(PredictAction::Paths(pictures)));
        }
        out.extend(others.into_iter().map(Command::Dropped));
    }
}
