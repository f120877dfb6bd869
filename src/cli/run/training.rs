//! One run of the command line, and what the terminal hears of it.

use std::path::Path;

use anyhow::bail;

use super::Planned;
use super::result::Trained;
use crate::cli::progress::TerminalProgress;
use crate::cli::{output, resume};
use crate::runs::lifecycle::{self, EndedRun, RunListener, RunRequest};
use crate::runs::{Digests, RunError, RunRecorder, RunState, store};
use crate::training::{ResumePoint, TrainingError, TrainingEvent, TrainingListener, train};

pub(super) fn train_one(planned: &Planned, request: RunRequest) -> anyhow::Result<Trained> {
    let runs = request.runs.clone();
    let mut listener = Listener {
        planned,
        runs: &runs,
        progress: None,
    };
    let ended = lifecycle::carry_out(request, &train, &mut listener);
    // The bar goes before anything else is said.
    drop(listener);
    let EndedRun {
        folder,
        summary,
        epochs,
        result,
    } = match ended {
        Err(RunError::Stopped) => bail!("stopped before the training began"),
        ended => ended?,
    };
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(TrainingError::Stopped) => {
            bail!(output::Lines(resume::after_stop(&folder, &summary, epochs)));
        }
        Err(error) => {
            let failed = match summary.state {
                RunState::Finished => "no further epoch was trained, and the run is as it was",
                _ => "the training failed",
            };
            return Err(
                anyhow::Error::new(error).context(format!("{failed} ({})", folder.display()))
            );
        }
    };
    Ok(Trained {
        // With paths that hold from anywhere, so that a run that went on and a new one are told to be of one experiment.
        experiment: store::experiment(&folder)?,
        folder,
        memory: summary.memory_use(),
        test_split: summary.test_split,
        outcome,
        cross_validation: None,
        is_earlier: false,
    })
}

/// Tells the person at the terminal what a run begins from, and then how it goes.
struct Listener<'a> {
    planned: &'a Planned,
    runs: &'a Path,
    /// Once there is something to tell.
    progress: Option<TerminalProgress>,
}

impl TrainingListener for Listener<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        match &mut self.progress {
            Some(progress) => progress.event(event),
            None => Ok(()),
        }
    }
}

impl RunListener for Listener<'_> {
    fn opened(
        &mut self,
        recorder: &RunRecorder,
        point: Option<&ResumePoint>,
    ) -> Result<(), RunError> {
        let Planned {
            experiment,
            base,
            resumed,
            continuation,
            ..
        } = self.planned;
        if resumed.is_some() {
            output::warn(&resume::line(recorder, point));
            if continuation.experiment.is_some() && Digests::read(recorder.folder()).is_none() {
                output::warn(
                    "warning: this run did not keep what its pictures held; that these are the same is taken from their names",
                );
            }
        } else if let Some((_, folder)) =
            store::repeats(self.runs, experiment, base.as_deref()).first()
        {
            output::warn(&format!(
                "warning: these settings were trained with the seed {} before, and give the same numbers again: {}. \
                 Other seeds show how much results vary by chance: --seeds N, or --set seed=…",
                experiment.seed,
                folder.display()
            ));
        }
        self.progress = Some(TerminalProgress::new(recorder.summary().epochs_planned));
        Ok(())
    }
}
