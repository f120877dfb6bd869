//! Processes of this program that work on a sweep: one that trains what is missing, until its standard input is closed, and
//! one that tests the chosen setting.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::data::StopFlag;
use crate::sweep::OWN_FOLDER;
use crate::worker::child_process::{Control, begin};
use crate::worker::messages::{Answer, Question, SweepAnswer, SweepProcess, SweepQuestion};

/// Trains what is missing; returns when the process has ended, or goes on without the window.
pub(super) fn train(
    question: &Question,
    program: &Path,
    control: &Control,
    closing: &StopFlag,
) -> Option<Answer> {
    let Question::Sweep(SweepQuestion::Train(process)) = question else {
        return None;
    };
    let result = begin(
        program,
        &run_arguments(process),
        &logs(process),
        Stdio::piped(),
    )
    .and_then(|begun| begun.follow(control, closing));
    Some(Answer::Sweep(SweepAnswer::TrainingEnded(result)))
}

/// Tests the chosen setting; returns when the process has ended.
pub(super) fn test(question: &Question, program: &Path, closing: &StopFlag) -> Option<Answer> {
    let Question::Sweep(SweepQuestion::Test { process, cell }) = question else {
        return None;
    };
    let result = begin(
        program,
        &test_arguments(process, cell),
        &logs(process),
        Stdio::null(),
    )
    .and_then(|begun| begun.finish(closing));
    Some(Answer::Sweep(SweepAnswer::Tested(result)))
}

/// Where its processes put what they say.
fn logs(process: &SweepProcess) -> PathBuf {
    process.out.join(OWN_FOLDER).join("logs")
}

fn run_arguments(process: &SweepProcess) -> Vec<OsString> {
    let mut arguments = arguments(process, "run");
    if let Some(data) = &process.data {
        arguments.extend(["--data".into(), data.clone().into()]);
    }
    if process.again {
        arguments.push("--again".into());
    }
    if process.all_cards {
        arguments.extend(["--devices".into(), "all".into()]);
    } else if let Some(device) = &process.device {
        arguments.extend(["--device".into(), device.into()]);
    }
    arguments.push("--until-stdin-closes".into());
    arguments
}

/// The runs themselves know their pictures.
fn test_arguments(process: &SweepProcess, cell: &str) -> Vec<OsString> {
    let mut arguments = arguments(process, "best");
    arguments.extend([format!("--cell={cell}").into(), "--test".into()]);
    if let Some(device) = &process.device {
        arguments.extend(["--device".into(), device.into()]);
    }
    arguments
}

fn arguments(process: &SweepProcess, command: &str) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["sweep".into(), command.into()];
    arguments.push(process.file.clone().into());
    arguments.extend(["--out".into(), process.out.clone().into()]);
    arguments
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use super::*;
    use crate::worker::child_process::Order;
    use crate::worker::messages::{Failure, ProcessEnd};

    /// A program that does what a script says, and a sweep's folder beside it.
    fn program(script: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graft");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        (folder, file)
    }

    fn question(out: &Path) -> Question {
        Question::Sweep(SweepQuestion::Train(SweepProcess {
            file: "a.sweep.ron".into(),
            data: Some("pictures".into()),
            out: out.to_path_buf(),
            device: Some("cpu".into()),
            all_cards: false,
            again: true,
        }))
    }

    #[test]
    fn the_setting_that_was_chosen_is_tested_and_no_other() {
        let (folder, file) = program("echo \"$@\" >\"$(dirname \"$0\")/called\"");
        let out = folder.path().join("out");
        let Question::Sweep(SweepQuestion::Train(process)) = question(&out) else {
            panic!("a training is asked for");
        };
        let cell = "learning_rate=0.001,seed=42".to_owned();
        let question = Question::Sweep(SweepQuestion::Test { process, cell });
        let tested = test(&question, &file, &StopFlag::default());
        assert!(
            matches!(tested, Some(Answer::Sweep(SweepAnswer::Tested(Ok(()))))),
            "{tested:?}"
        );
        let called = fs::read_to_string(folder.path().join("called")).unwrap();
        let expected = format!(
            "sweep best a.sweep.ron --out {} --cell=learning_rate=0.001,seed=42 --test --device cpu\n",
            out.display()
        );
        assert_eq!(called, expected);
    }

    fn outcome(answer: Option<Answer>) -> Result<ProcessEnd, Failure> {
        match answer {
            Some(Answer::Sweep(SweepAnswer::TrainingEnded(result))) => result,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_called_with_what_a_person_chose_and_its_reason_is_told() {
        let (folder, file) = program(
            "echo \"$@\" >\"$(dirname \"$0\")/called\"; echo 'error: no room left' >&2; exit 1",
        );
        let out = folder.path().join("out");
        let control = Control::default();
        let ended = train(&question(&out), &file, &control, &StopFlag::default());
        assert_eq!(outcome(ended), Err(Failure::Failed("no room left".into())));
        let called = fs::read_to_string(folder.path().join("called")).unwrap();
        let expected = format!(
            "sweep run a.sweep.ron --out {} --data pictures --again --device cpu --until-stdin-closes\n",
            out.display()
        );
        assert_eq!(called, expected);
    }

    #[test]
    fn a_stop_closes_its_input_and_waits_for_its_end() {
        let (folder, file) = program("cat >/dev/null; echo saved >\"$(dirname \"$0\")/saved\"");
        let control = Arc::new(Control::default());
        control.give(Order::Stop);
        let ended = train(
            &question(folder.path()),
            &file,
            &control,
            &StopFlag::default(),
        );
        assert_eq!(outcome(ended), Ok(ProcessEnd::Stopped));
        assert!(folder.path().join("saved").exists());
    }

    #[test]
    fn one_that_is_let_go_is_told_so_and_not_waited_for() {
        let (folder, file) = program("head -n 1 >\"$(dirname \"$0\")/told\"");
        let control = Control::default();
        control.give(Order::Stay);
        let ended = train(
            &question(folder.path()),
            &file,
            &control,
            &StopFlag::default(),
        );
        assert_eq!(outcome(ended), Ok(ProcessEnd::LetGo));
        let told = folder.path().join("told");
        while fs::read_to_string(&told).unwrap_or_default() != "stay\n" {
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_ends_well_is_done() {
        let (folder, file) = program("exit 0");
        let control = Control::default();
        let ended = train(
            &question(folder.path()),
            &file,
            &control,
            &StopFlag::default(),
        );
        assert_eq!(outcome(ended), Ok(ProcessEnd::Done));
        let missing = folder.path().join("nothing");
        let ended = train(
            &question(folder.path()),
            &missing,
            &control,
            &StopFlag::default(),
        );
        assert!(matches!(outcome(ended), Err(Failure::Failed(_))));
    }
}
