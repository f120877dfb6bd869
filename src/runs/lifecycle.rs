//! One run from its pictures to its end: its folder is made or taken up again, the trainer trains, and what came of it is
//! kept. The window and the command line both train through [`carry_out`]; they hear of it as [`RunListener`]s.

use std::path::PathBuf;
use std::sync::Arc;

use super::recorder::{Continuation, RunRecorder};
use super::{Digests, RunError, RunSummary, Tee, cross_validation, store};
use crate::data::{DataError, Dataset, StopFlag, split};
use crate::experiment::Experiment;
use crate::training::PauseFlag;
use crate::training::{Outcome, ResumePoint, TrainingError, TrainingListener, TrainingRequest};

/// What trains: [`crate::training::train`], or what a test puts in its place.
pub type Train = dyn Fn(TrainingRequest, &mut dyn TrainingListener) -> Result<Outcome, TrainingError>
    + Send
    + Sync;

/// A run that is to be trained, or a cross-validation, which is a run of several trainings.
pub struct RunRequest {
    /// Of a run that is gone on with, what its folder says counts, which differs in paths at most.
    pub experiment: Experiment,
    /// The preset's folder, for relative paths.
    pub base: Option<PathBuf>,
    pub dataset: Arc<Dataset>,
    /// Where a new run's folder is made.
    pub runs: PathBuf,
    /// The folder of a run to go on with.
    pub resumed: Option<PathBuf>,
    /// How that one goes on otherwise than it began.
    pub continuation: Continuation,
    /// `None` chooses CUDA where it is usable.
    pub device: Option<tch::Device>,
    pub stop: StopFlag,
    pub pause: PauseFlag,
    pub terms: RunTerms,
}

/// How a run is carried out that is one of many; the default is that of a run by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunTerms {
    /// What a new run's folder is called; by the time and the experiment where nothing is said.
    pub folder_name: Option<String>,
    /// The training ends after this epoch as if it had been stopped, with the next one to go on from.
    pub until_epoch: Option<u32>,
    /// The training does not look at the test pictures, which stay those of the run.
    pub withholds_test: bool,
    /// Of a cross-validation, one more network is trained on all folds.
    pub refit: bool,
}

/// Hears of a run on the thread that trains it, always after the run's folder has: what it shows is on disk.
pub trait RunListener: TrainingListener {
    /// The run's folder stands, and the training begins. `point`: from where a run goes on that is taken up again.
    ///
    /// # Errors
    /// What keeps the run from being trained.
    fn opened(
        &mut self,
        recorder: &RunRecorder,
        point: Option<&ResumePoint>,
    ) -> Result<(), RunError>;
}

/// What came of a run, as its folder has it.
pub struct EndedRun {
    pub folder: PathBuf,
    pub summary: RunSummary,
    /// That were trained, in all.
    pub epochs: usize,
    /// A stop is [`TrainingError::Stopped`], however it was noticed.
    pub result: Result<Outcome, TrainingError>,
}

/// Carries out one run. That its training failed or was stopped is a result, which is recorded.
///
/// # Errors
/// [`RunError::Stopped`] when it was stopped before its folder was made or changed; and what keeps its folder from being
/// made, taken up again or brought to its end.
pub fn carry_out(
    request: RunRequest,
    train: &Train,
    listener: &mut dyn RunListener,
) -> Result<EndedRun, RunError> {
    let RunRequest {
        mut experiment,
        base,
        dataset,
        runs,
        resumed,
        continuation,
        device,
        stop,
        pause,
        terms,
    } = request;
    cross_validation::refuse(&experiment, resumed.as_deref().unwrap_or(&runs))?;
    let mut split = split::split(&dataset, &experiment)?;
    let digests = Digests::take(&dataset, &split, &experiment, base.as_deref(), &stop)?;
    let (mut recorder, resume) = match resumed {
        Some(folder) => {
            let opened = RunRecorder::reopen_with(&folder, &continuation, |recorder| {
                recorder.check_split(&dataset, &split)?;
                recorder.check_digests(&digests)
            })?;
            opened.0.keep_groups(&dataset, &split)?;
            // With the epochs that were added.
            experiment = store::experiment(&folder)?;
            opened
        }
        None => {
            let base = base.as_deref();
            let name = terms.folder_name.as_deref();
            let mut recorder =
                RunRecorder::create_named(&runs, name, &experiment, base, &dataset, &split)?;
            recorder.keep_digests(&digests, &dataset, &split)?;
            if terms.withholds_test {
                recorder.withhold_test()?;
            }
            (recorder, None)
        }
    };
    listener.opened(&recorder, resume.as_ref())?;
    if terms.withholds_test {
        split.test.clear();
    }
    let request = TrainingRequest {
        experiment,
        dataset,
        split,
        base,
        device,
        stop,
        pause,
        resume,
        until_epoch: terms.until_epoch,
        withholds_test: terms.withholds_test,
    };
    let result = train(request, &mut Tee(vec![&mut recorder, listener])).map_err(stop_is_stop);
    let folder = recorder.folder().to_path_buf();
    let epochs = recorder.metrics().len();
    let summary = match &result {
        Ok(outcome) => recorder.finish(outcome),
        Err(TrainingError::Stopped) => recorder.stop(),
        Err(error) => recorder.fail(&error.to_string()),
    }?;
    Ok(EndedRun {
        folder,
        summary,
        epochs,
        result,
    })
}

fn stop_is_stop(error: TrainingError) -> TrainingError {
    match error {
        TrainingError::Data(DataError::Stopped) => TrainingError::Stopped,
        error => error,
    }
}
