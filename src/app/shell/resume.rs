//! Going on with a run that was interrupted or stopped.

use std::path::Path;

use crate::app::core::state::{Cause, RecordState};
use crate::app::core::view_id::ViewId;
use crate::app::shell::Graft;
use crate::experiment::preset;
use crate::worker::messages::{RunId, StartRun, TrainingCommand};

impl Graft {
    /// Queues the run in `folder` again, from where it stands.
    pub(in crate::app) fn resume_run(&mut self, folder: &Path) {
        let place = self
            .state
            .runs
            .iter()
            .position(|record| record.folder.as_deref() == Some(folder) && record.can_resume());
        let Some(place) = place else {
            self.error_about(
                Cause::RunFolder(folder.to_path_buf()),
                "This run can't be resumed",
                "it is trained already, has come to its end, or nothing of it was saved",
            );
            return;
        };
        let experiment = match preset::load(&folder.join("preset.ron")) {
            Ok(experiment) => experiment,
            Err(problem) => {
                let cause = Cause::RunFolder(folder.to_path_buf());
                self.error_about(cause, "This run can't be resumed", problem.to_string());
                return;
            }
        };
        let run = RunId(self.next_run);
        self.next_run += 1;
        let start = StartRun {
            run,
            experiment,
            base: None,
            dataset: None,
            runs: self.paths.runs.clone(),
            resume: Some(folder.to_path_buf()),
            device: self.state.device.clone(),
        };
        if let Err(reason) = self.workers.send(TrainingCommand::Start(Box::new(start))) {
            self.error_about(Cause::Trainer, "This run is not queued", reason);
            return;
        }
        self.has_gone(&Cause::Trainer);
        self.has_gone(&Cause::RunFolder(folder.to_path_buf()));
        let record = &mut self.state.runs[place];
        record.run = Some(run);
        record.state = RecordState::Queued;
        record.shown = true;
        self.show_view(ViewId::CURVES);
    }
}
