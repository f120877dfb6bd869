//! The shoot-out of networks: how it stands is read on one thread, the process that computes it is waited for on another, and
//! weights are downloaded on a third.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::child_process::{Control, Order, begin};
use super::lane::{Lane, answer_in_turn};
use super::messages::{
    Answer, Failure, Question, ShootoutAnswer, ShootoutProcess, ShootoutQuestion,
};
use super::pending::{Pending, Report};
use crate::data::StopFlag;
use crate::experiment::{WeightsSource, preset};
use crate::models::ModelError;
use crate::models::weights::{self, DownloadError, Obtaining};
use crate::runs::atomic;
use crate::shootout::{self, ShootoutMetric};

/// Questions that may wait for a thread; further ones are refused.
const QUESTIONS: usize = 64;
/// The experiment whose pictures are looked at, beside the results.
const EXPERIMENT: &str = "experiment.ron";

/// Handle of the threads. Dropping it stops and joins them; a process that computes keeps what it has found and ends.
pub(super) struct Shootouts {
    reading: Lane,
    computing: Lane,
    downloads: Lane,
    control: Arc<Control>,
    /// Ends the downloads that were asked for since the last stop.
    stop: Mutex<StopFlag>,
}

impl Shootouts {
    /// `program`: what computes, called as `graft` is.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(program: PathBuf, report: Report) -> std::io::Result<Self> {
        let control = Arc::new(Control::default());
        Ok(Self {
            reading: Lane::spawn("graft-shootout", QUESTIONS, |questions| {
                answer_in_turn::<()>(questions, |question, _, ()| read(question), || {});
            })?,
            computing: Lane::spawn("graft-shootout-run", QUESTIONS, {
                let control = control.clone();
                move |questions| {
                    answer_in_turn::<()>(
                        questions,
                        |question, closing, ()| compute(question, &program, &control, closing),
                        || {},
                    );
                }
            })?,
            downloads: Lane::spawn("graft-weights", QUESTIONS, move |questions| {
                answer_in_turn::<()>(
                    questions,
                    |question, stop, ()| download(question, &report, stop),
                    || {},
                );
            })?,
            control,
            stop: Mutex::default(),
        })
    }

    pub fn ask(&self, mut pending: Pending) {
        let Question::Shootout(question) = pending.question() else {
            return;
        };
        match question {
            ShootoutQuestion::Read { .. } => self.reading.ask(pending),
            ShootoutQuestion::Run(_) => {
                self.control.begin();
                self.computing.ask(pending);
            }
            ShootoutQuestion::EndRun => self.control.give(Order::Stop),
            ShootoutQuestion::Download { .. } => {
                pending.stop = self.stop().clone();
                if let Err(pending) = self.downloads.try_ask(pending) {
                    let reason = "too many downloads wait already: let some of them end";
                    pending.refuse(reason.into());
                }
            }
            ShootoutQuestion::StopDownloads => {
                // What is asked for from now on is not stopped.
                std::mem::take(&mut *self.stop()).stop();
            }
        }
    }

    /// Asks the threads to end soon, without waiting for them.
    pub fn close(&mut self) {
        self.stop().stop();
        for lane in [&mut self.reading, &mut self.computing, &mut self.downloads] {
            lane.close();
        }
    }

    fn stop(&self) -> MutexGuard<'_, StopFlag> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shootouts {
    fn drop(&mut self) {
        self.close();
    }
}

fn read(question: &Question) -> Option<Answer> {
    let Question::Shootout(ShootoutQuestion::Read { out }) = question else {
        return None;
    };
    let found = shootout::read(out).map_err(Failure::failed);
    Some(Answer::Shootout(ShootoutAnswer::Read {
        out: out.clone(),
        result: found.map(|report| report.map(Arc::new)),
    }))
}

/// Computes what is missing; returns when the process has ended.
fn compute(
    question: &Question,
    program: &Path,
    control: &Control,
    closing: &StopFlag,
) -> Option<Answer> {
    let Question::Shootout(ShootoutQuestion::Run(process)) = question else {
        return None;
    };
    let result = prepare(process)
        .and_then(|()| {
            begin(
                program,
                &arguments(process),
                &process.out.join("logs"),
                Stdio::piped(),
            )
        })
        .and_then(|begun| begun.follow(control, closing));
    Some(Answer::Shootout(ShootoutAnswer::Ended {
        out: process.out.clone(),
        result,
    }))
}

/// Writes down whose pictures are looked at.
fn prepare(process: &ShootoutProcess) -> Result<(), Failure> {
    let failed = |error: std::io::Error, path: &Path| {
        Failure::failed(format!("can't be written ({error}): {}", path.display()))
    };
    fs::create_dir_all(&process.out).map_err(|error| failed(error, &process.out))?;
    let file = process.out.join(EXPERIMENT);
    atomic::write(&file, preset::to_text(&process.experiment).as_bytes())
        .map_err(|error| failed(error, &file))
}

fn arguments(process: &ShootoutProcess) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["shootout".into()];
    arguments.push(process.out.join(EXPERIMENT).into());
    arguments.extend(["--out".into(), process.out.clone().into()]);
    arguments.extend(["--backbones".into(), process.networks.join(",").into()]);
    let metric = match process.metric {
        ShootoutMetric::Accuracy => "accuracy",
        ShootoutMetric::MacroF1 => "macro-f1",
    };
    arguments.extend(["--metric".into(), metric.into()]);
    arguments.extend(["--folds".into(), process.folds.to_string().into()]);
    if let Some(seconds) = process.budget_seconds {
        arguments.extend(["--budget".into(), format!("{seconds}s").into()]);
    }
    if let Some(device) = &process.device {
        arguments.extend(["--device".into(), device.into()]);
    }
    if process.downloads {
        arguments.push("--download".into());
    }
    arguments.push("--until-stdin-closes".into());
    arguments
}

fn download(question: &Question, report: &Report, stop: &StopFlag) -> Option<Answer> {
    let Question::Shootout(ShootoutQuestion::Download { network }) = question else {
        return None;
    };
    let (backbone, source) = match network.split_once(':') {
        Some((backbone, weights)) => (backbone, WeightsSource::Named(weights.to_owned())),
        None => (network.as_str(), WeightsSource::Pretrained),
    };
    let mut notify = |step| {
        if let Obtaining::Progress(progress) = step {
            report(Answer::Shootout(ShootoutAnswer::Downloading {
                network: network.clone(),
                progress,
            }));
        }
    };
    let result = match stop.is_stopped() {
        true => Err(Failure::Stopped),
        false => match weights::obtain(&source, backbone, None, &mut notify, stop) {
            Ok(_) => Ok(()),
            Err(ModelError::Download(DownloadError::Stopped)) => Err(Failure::Stopped),
            Err(error) => Err(Failure::failed(error)),
        },
    };
    Some(Answer::Shootout(ShootoutAnswer::Downloaded {
        network: network.clone(),
        result,
    }))
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::experiment::{DataSource, Experiment};
    use crate::shootout::ShootoutState;
    use crate::worker::messages::ProcessEnd;

    /// A program that does what a script says.
    fn program(folder: &Path, script: &str) -> PathBuf {
        let file = folder.join("graft");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    fn process(out: &Path) -> ShootoutProcess {
        let mut experiment = Experiment::default();
        experiment.data.source = DataSource::ClassFolders {
            path: "/pictures/flowers".into(),
        };
        ShootoutProcess {
            experiment,
            out: out.to_path_buf(),
            networks: vec!["resnet18".into(), "resnet50:IMAGENET1K_V1".into()],
            metric: ShootoutMetric::MacroF1,
            folds: 4,
            budget_seconds: Some(300.0),
            device: Some("cpu".into()),
            downloads: true,
        }
    }

    fn question(process: ShootoutProcess) -> Question {
        Question::Shootout(ShootoutQuestion::Run(Box::new(process)))
    }

    fn outcome(answer: Option<Answer>) -> Result<ProcessEnd, Failure> {
        match answer {
            Some(Answer::Shootout(ShootoutAnswer::Ended { result, .. })) => result,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_called_with_what_a_person_chose_on_the_pictures_at_hand() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo \"$@\" >\"$(dirname \"$0\")/called\"; exit 0";
        let file = program(folder.path(), script);
        let out = folder.path().join("out");
        let question = question(process(&out));
        let ended = compute(&question, &file, &Control::default(), &StopFlag::default());
        assert_eq!(outcome(ended), Ok(ProcessEnd::Done));
        let called = fs::read_to_string(folder.path().join("called")).unwrap();
        let expected = format!(
            "shootout {out}/experiment.ron --out {out} --backbones resnet18,resnet50:IMAGENET1K_V1 --metric macro-f1 --folds 4 \
             --budget 300s --device cpu --download --until-stdin-closes\n",
            out = out.display()
        );
        assert_eq!(called, expected);
        let written = preset::load(&out.join(EXPERIMENT)).unwrap();
        assert_eq!(written, process(&out).experiment);
    }

    #[test]
    fn without_a_limit_it_is_given_no_budget_and_says_why_it_failed() {
        let folder = tempfile::tempdir().unwrap();
        let script = "case \"$*\" in *--budget*|*--download*) exit 0;; esac; echo 'error: no pictures' >&2; exit 1";
        let file = program(folder.path(), script);
        let process = ShootoutProcess {
            budget_seconds: None,
            downloads: false,
            ..process(&folder.path().join("out"))
        };
        let question = question(process);
        let ended = compute(&question, &file, &Control::default(), &StopFlag::default());
        assert_eq!(outcome(ended), Err(Failure::Failed("no pictures".into())));
    }

    #[test]
    fn a_stop_closes_its_input_and_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let script = "cat >/dev/null; echo kept >\"$(dirname \"$0\")/kept\"";
        let file = program(folder.path(), script);
        let control = Control::default();
        control.give(Order::Stop);
        let question = question(process(&folder.path().join("out")));
        let ended = compute(&question, &file, &control, &StopFlag::default());
        assert_eq!(outcome(ended), Ok(ProcessEnd::Stopped));
        assert!(folder.path().join("kept").exists());
    }

    #[test]
    fn what_was_found_is_read_from_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_path_buf();
        let found = || match read(&Question::Shootout(ShootoutQuestion::Read {
            out: out.clone(),
        })) {
            Some(Answer::Shootout(ShootoutAnswer::Read { result, .. })) => result,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(), Ok(None));
        let report = r#"{"version": 1, "data": "/pictures", "pictures": 40, "classes": ["a", "b"], "withheld_test": 10,
            "unreadable": 0, "folds": 5, "metric": "accuracy", "stages": 1, "seed": 42, "budget_seconds": null,
            "used_seconds": 3.5, "device": "cpu", "state": "running", "entries": [], "remarks": []}"#;
        fs::write(out.join("shootout.json"), report).unwrap();
        let found = found().unwrap().unwrap();
        // Nobody works on it any more.
        assert_eq!(found.state, ShootoutState::Stopped);
        assert_eq!((found.pictures, found.used_seconds), (40, 3.5));
    }

    /// Stopped ones are answered too, and what is asked for afterwards is not stopped.
    #[test]
    fn every_download_is_answered_and_says_what_is_wrong() {
        let answers: Arc<Mutex<Vec<Answer>>> = Arc::default();
        let report: Report = {
            let answers = answers.clone();
            Arc::new(move |answer| answers.lock().unwrap().push(answer))
        };
        let shootouts = Shootouts::spawn("graft".into(), report.clone()).unwrap();
        let ask = |question| {
            shootouts.ask(Pending::new(Question::Shootout(question), &report));
        };
        ask(ShootoutQuestion::StopDownloads);
        ask(ShootoutQuestion::Download {
            network: "resnet17".into(),
        });
        let begun = Instant::now();
        loop {
            let answers = answers.lock().unwrap();
            if let Some(answer) = answers.first() {
                let Answer::Shootout(ShootoutAnswer::Downloaded { network, result }) = answer
                else {
                    panic!("{answer:?}");
                };
                assert_eq!(network, "resnet17");
                let reason = result.as_ref().unwrap_err().to_string();
                assert!(reason.contains("resnet17"), "{reason}");
                break;
            }
            drop(answers);
            assert!(begun.elapsed() < Duration::from_secs(60), "no answer");
            std::thread::yield_now();
        }
    }
}
