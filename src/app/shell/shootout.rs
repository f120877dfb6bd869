//! What is asked of the shoot-out.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::shootout::ShootoutAction;
use crate::app::shell::Graft;
use crate::app::shell::dialogs::Purpose;

impl Graft {
    pub(in crate::app) fn shootout(&mut self, action: ShootoutAction, ctx: &egui::Context) {
        let (session, shootout) = (&mut self.session, &mut self.requests.shootout);
        match action {
            ShootoutAction::Show(page) => shootout.show(session, page),
            ShootoutAction::Follow => shootout.page_is_shown(),
            ShootoutAction::Choose(choice) => shootout.choose(session, *choice),
            ShootoutAction::Start { networks } => shootout.start(session, networks),
            ShootoutAction::Stop => shootout.stop(session),
            ShootoutAction::Take(entry) => shootout.take(session, entry),
            ShootoutAction::Download(network) => shootout.download(session, network),
            ShootoutAction::StopDownloads => shootout.stop_downloads(session),
            ShootoutAction::ExportDialog(cost) => {
                // Not where the pictures were opened last.
                let folder = (session.settings.last_figures.clone())
                    .unwrap_or_else(|| session.paths.documents.clone());
                self.files.ask(Purpose::Shootout(cost), Some(folder), ctx);
            }
            ShootoutAction::Export(cost, folder) => shootout.export(session, cost, folder, ctx),
            ShootoutAction::Copy => {
                if let Some(text) = shootout.csv(session) {
                    self.carry_out(Command::CopyText(text), ctx);
                }
            }
        }
    }
}
