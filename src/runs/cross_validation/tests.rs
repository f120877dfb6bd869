//! Cross-validations with a stand-in for the trainer, and what is left in their folders.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use super::*;
use crate::data::{Dataset, Picture, PictureSource, Split, StopFlag};
use crate::evaluation::{Prediction, Predictions};
use crate::experiment::DataSource;
use crate::runs::lifecycle::{self, RunListener, RunRequest, RunTerms};
use crate::runs::tests::{epoch, experiment};
use crate::runs::{Continuation, PhaseSummary, RunRecorder, members};
use crate::training::{
    Outcome, PauseFlag, ResumePoint, TrainingError, TrainingEvent, TrainingListener,
    TrainingRequest, metrics_of,
};

/// 30 pictures of 10 patients, of two classes.
fn dataset() -> Arc<Dataset> {
    let pictures = (0..30u32)
        .map(|index| Picture {
            source: PictureSource::File(format!("{index}.png").into()),
            name: format!("{index}.png"),
            label: index / 3 % 2,
            size: (8, 8),
            split: None,
            group: Some(Arc::from(format!("p{}", index / 3))),
        })
        .collect();
    Arc::new(Dataset {
        classes: vec!["cat".into(), "dog".into()],
        pictures,
        ..Dataset::default()
    })
}

fn cross_validated() -> Experiment {
    let mut experiment = experiment();
    experiment.data.split.folds = Some(5);
    experiment
}

fn request(runs: &Path) -> RunRequest {
    RunRequest {
        experiment: cross_validated(),
        base: None,
        dataset: dataset(),
        runs: runs.to_path_buf(),
        resumed: None,
        continuation: Continuation::default(),
        device: None,
        stop: StopFlag::default(),
        pause: PauseFlag::default(),
        terms: RunTerms::default(),
    }
}

fn refitting() -> RunTerms {
    RunTerms {
        refit: true,
        ..RunTerms::default()
    }
}

/// Says of every test picture what is right, but of those whose number ends in 7 the opposite.
fn answers(request: &TrainingRequest) -> Outcome {
    let rows = request.split.test.iter().map(|&index| {
        let picture = &request.dataset.pictures[index];
        let is_wrong = picture.name.trim_end_matches(".png").ends_with('7');
        let class = picture.label as usize ^ usize::from(is_wrong);
        let mut probabilities = vec![0.1, 0.1];
        probabilities[class] = 0.9;
        Prediction {
            file: picture.name.clone(),
            truth: picture.label,
            probabilities,
        }
    });
    let predictions = Predictions {
        classes: request.dataset.classes.clone(),
        rows: rows.collect(),
        ..Predictions::default()
    };
    let is_tested = !predictions.rows.is_empty();
    Outcome {
        test: is_tested.then(|| metrics_of(&predictions)),
        predictions: is_tested.then_some(predictions),
        phases: vec![PhaseSummary {
            name: "Warm-up".into(),
            epochs: 2,
            seconds: 2.0,
        }],
        seconds_total: 4.0,
        best_epoch: 2,
        movement: Vec::new(),
        novelty: None,
    }
}

/// Trains two epochs; counts which folds were begun.
fn trainer(
    begun: Arc<Mutex<Vec<Option<u32>>>>,
    fails: impl Fn(u32) -> Option<TrainingError> + Send + Sync,
) -> impl Fn(TrainingRequest, &mut dyn TrainingListener) -> Result<Outcome, TrainingError> + Send + Sync
{
    move |request, listener| {
        let fold = request.experiment.data.split.fold;
        begun.lock().unwrap().push(fold);
        for number in 1..=2 {
            let mut epoch = epoch(number, 0);
            epoch.train_loss = f64::from(fold.unwrap_or_default());
            listener.event(&TrainingEvent::EpochFinished(epoch))?;
        }
        match fails(fold.unwrap_or_default()) {
            Some(error) => Err(error),
            None => Ok(answers(&request)),
        }
    }
}

/// Titles of what it heard of.
#[derive(Default)]
struct Heard(Vec<String>);

impl TrainingListener for Heard {
    fn event(&mut self, _event: &TrainingEvent) -> Result<(), TrainingError> {
        Ok(())
    }
}

impl RunListener for Heard {
    fn opened(
        &mut self,
        recorder: &RunRecorder,
        _point: Option<&ResumePoint>,
    ) -> Result<(), RunError> {
        self.0.push(recorder.summary().experiment.clone());
        Ok(())
    }
}

impl CrossValidationListener for Heard {
    fn cross_validation(&mut self, recorder: &RunRecorder) -> Result<(), RunError> {
        self.0.push(recorder.summary().experiment.clone());
        Ok(())
    }

    fn fold(&mut self, fold: &FoldStart) {
        let state = if fold.is_finished {
            "finished"
        } else {
            "begins"
        };
        self.0.push(format!("{} {state}", fold.title()));
    }
}

#[test]
fn all_folds_are_one_run_and_each_is_an_ordinary_one() {
    let runs = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let train = trainer(Arc::clone(&begun), |_| None);
    let mut heard = Heard::default();
    let ended = carry_out(request(runs.path()), &train, &mut heard).unwrap();
    let (outcome, result) = ended.result.unwrap();
    assert_eq!(*begun.lock().unwrap(), [1, 2, 3, 4, 5].map(Some));
    assert_eq!(
        heard.0[..4],
        [
            "Two phases",
            "fold 1 of 5 begins",
            "Two phases, fold 1 of 5",
            "fold 2 of 5 begins"
        ]
    );

    // One run among all, of which every picture is a test picture with an answer.
    let listed = store::list(runs.path());
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].folds, &listed[0].state),
        (Some(5), &RunState::Finished)
    );
    assert_eq!((listed[0].test_pictures, listed[0].train_pictures), (30, 0));
    let predictions = store::predictions(&ended.folder).unwrap();
    assert_eq!(outcome.predictions.as_ref(), Some(&predictions));
    let files: Vec<&str> = predictions
        .rows
        .iter()
        .map(|row| row.file.as_str())
        .collect();
    let members = members::read(&ended.folder).unwrap();
    let in_split: Vec<&str> = members.iter().map(|member| member.file.as_str()).collect();
    assert_eq!(files, in_split);
    assert!(members.iter().all(|member| member.split == Split::Test));
    // 7, 17 and 27 are wrong.
    assert_eq!(outcome.test.as_ref().unwrap().accuracy, 0.9);
    assert_eq!(listed[0].test.as_ref().unwrap().accuracy, 0.9);
    // The interval is of the ten patients wherever it stands.
    let by_group = listed[0].accuracy().unwrap();
    assert_eq!(
        by_group.method,
        crate::evaluation::IntervalMethod::GroupBootstrap {
            resamples: 1000,
            groups: 10
        }
    );
    assert_eq!(predictions.accuracy(), result.scores.accuracy);
    assert!(
        (by_group.interval.unwrap().low - result.scores.accuracy.interval.unwrap().low).abs()
            < 1e-12
    );
    assert!((result.scores.accuracy.value - 0.9).abs() < 1e-12);
    // What is read back differs in the last digit of its numbers at most.
    let read = read(&ended.folder).unwrap();
    assert_eq!((read.groups, read.folds.len()), (result.groups, 5));
    let ends = |scores: &crate::evaluation::PooledScores| scores.accuracy.interval.unwrap();
    assert!((ends(&read.scores).low - ends(&result.scores).low).abs() < 1e-12);
    assert_eq!(read.scores.accuracy.method, result.scores.accuracy.method);
    assert_eq!(
        result.groups.map(|proof| proof.text()).unwrap(),
        "0 of 10 groups stand in two folds"
    );
    let log = std::fs::read_to_string(ended.folder.join(files::LOG)).unwrap();
    assert!(log.contains("Trained: fold 2 of 5, 2 epochs in "), "{log}");
    assert!(
        log.contains("accuracy 90.0 %") && log.contains("0 of 10 groups stand in two folds"),
        "{log}"
    );

    // Curves are means over the folds: of 1 to 5.
    let run = store::open(&ended.folder).unwrap();
    assert_eq!(
        run.metrics
            .iter()
            .map(|epoch| epoch.train_loss)
            .collect::<Vec<_>>(),
        [3.0, 3.0]
    );
    assert_eq!(run.summary.seconds_total, 20.0);

    // Each fold is a run by itself, on six pictures that no other tests.
    let mut tested = Vec::new();
    for fold in 1..=5 {
        let own = fold_folder(&ended.folder, fold);
        let one = store::open(&own).unwrap();
        assert_eq!((one.summary.folds, one.summary.test_pictures), (None, 6));
        assert_eq!(store::experiment(&own).unwrap().data.split.fold, Some(fold));
        tested.extend(members::of_split(members::read(&own).unwrap(), Split::Test));
    }
    tested.sort_by(|a, b| a.file.cmp(&b.file));
    tested.dedup();
    assert_eq!(tested.len(), 30);
}

#[test]
fn a_fold_does_not_go_to_the_trash_alone() {
    let runs = tempfile::tempdir().unwrap();
    let train = trainer(Arc::default(), |_| None);
    let ended = carry_out(request(runs.path()), &train, &mut Heard::default()).unwrap();
    let own = fold_folder(&ended.folder, 2);
    let error = crate::runs::trash::trash(&own).unwrap_err().to_string();
    assert!(
        error.contains("is fold 2 of a cross-validation")
            && error.contains(&format!(
                "graft runs trash \"{}\"",
                ended.folder.canonicalize().unwrap().display()
            )),
        "{error}"
    );
    assert!(own.join(files::SUMMARY).is_file());
    // A run of the same name that belongs to no cross-validation is one by itself, and so is the whole.
    assert_eq!(whole_of_fold(&ended.folder), None);
    let alone = runs.path().join("fold-2");
    std::fs::create_dir(&alone).unwrap();
    assert_eq!(whole_of_fold(&alone), None);
}

#[test]
fn only_what_is_missing_is_trained_after_a_stop_and_after_a_failure() {
    let runs = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let stopping = trainer(Arc::clone(&begun), |fold| {
        (fold == 3).then_some(TrainingError::Stopped)
    });
    let ended = carry_out(request(runs.path()), &stopping, &mut Heard::default()).unwrap();
    assert!(matches!(ended.result, Err(TrainingError::Stopped)));
    assert_eq!(ended.summary.state, RunState::Stopped);
    let again = || RunRequest {
        resumed: Some(ended.folder.clone()),
        experiment: store::experiment(&ended.folder).unwrap(),
        ..request(runs.path())
    };
    // A process that was killed had begun to fill the next fold's folder.
    let half_made = fold_folder(&ended.folder, 4);
    std::fs::create_dir(&half_made).unwrap();
    std::fs::write(half_made.join(files::PRESET), "(").unwrap();

    let failing = trainer(Arc::clone(&begun), |fold| {
        (fold == 4).then(|| TrainingError::Listener("the disk is full".into()))
    });
    let failed = carry_out(again(), &failing, &mut Heard::default()).unwrap();
    assert_eq!(
        failed.summary.state,
        RunState::Failed("fold 4 of 5: the disk is full".into())
    );
    let train = trainer(Arc::clone(&begun), |_| None);
    let mut heard = Heard::default();
    let finished = carry_out(again(), &train, &mut heard).unwrap();
    assert_eq!(finished.summary.state, RunState::Finished);
    assert_eq!(*begun.lock().unwrap(), [1, 2, 3, 3, 4, 4, 5].map(Some));
    assert!(
        heard.0.contains(&"fold 2 of 5 finished".to_owned()),
        "{:?}",
        heard.0
    );
    assert_eq!(finished.summary.test.unwrap().n, 30);

    // What has come to its end is not trained again.
    let error = carry_out(again(), &train, &mut Heard::default())
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with("this cross-validation has come to its end"),
        "{error}"
    );
    assert_eq!(begun.lock().unwrap().len(), 7);
}

#[test]
fn one_network_on_all_folds_is_trained_once_and_changes_no_answer() {
    let runs = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let train = trainer(Arc::clone(&begun), |_| None);
    let ended = carry_out(request(runs.path()), &train, &mut Heard::default()).unwrap();
    let before = store::predictions(&ended.folder).unwrap();
    let reason = why_no_weights(&ended.folder).unwrap();
    assert!(reason.contains("--refit"), "{reason}");
    for _ in 0..2 {
        let again = RunRequest {
            resumed: Some(ended.folder.clone()),
            terms: refitting(),
            ..request(runs.path())
        };
        let refitted = carry_out(again, &train, &mut Heard::default()).unwrap();
        let (outcome, _) = refitted.result.unwrap();
        assert_eq!(outcome.predictions, Some(before.clone()));
    }
    assert_eq!(begun.lock().unwrap()[5..], [Some(0)]);
    let refit = fold_folder(&ended.folder, 0);
    let run = store::open(&refit).unwrap();
    assert_eq!((run.summary.test, run.summary.test_pictures), (None, 0));
    assert_eq!(
        run.summary.train_pictures + run.summary.validation_pictures,
        30
    );
    assert_eq!(run.summary.experiment, "Two phases, refitted on 5 folds");
    let figures = figures_of_refit(&refit).unwrap();
    assert!(
        figures.contains("were right on 90.0 % of 30 pictures"),
        "{figures}"
    );
    assert_eq!(figures_of_refit(&fold_folder(&ended.folder, 1)), None);
    assert_eq!(refitted(&ended.folder), Some(refit.clone()));
    let remark = remark(&ended.folder).unwrap();
    assert!(
        remark.contains("the answers of 5 folds") && !remark.contains("By groups"),
        "{remark}"
    );
    // A version that did not write the groups down said so in its remark, and in its summary nothing.
    std::fs::remove_file(ended.folder.join(groups::FILE)).unwrap();
    assert!(super::remark(&ended.folder).unwrap().contains("By groups"));
    let reason = why_no_weights(&ended.folder).unwrap();
    assert!(reason.ends_with(&refit.display().to_string()), "{reason}");
    assert_eq!(store::list(runs.path()).len(), 1);

    // Trained on by itself, it is no longer what the figures are of.
    let mut longer = store::experiment(&refit).unwrap();
    longer.phases[0].epochs += 5;
    let text = crate::experiment::preset::to_text(&longer);
    std::fs::write(refit.join(files::PRESET), text).unwrap();
    let figures = figures_of_refit(&refit).unwrap();
    assert!(
        figures.contains("phases[0].epochs is ") && !figures.contains("90.0 %"),
        "{figures}"
    );
    // One that has not come to its end is none.
    std::fs::remove_file(refit.join(files::SUMMARY)).unwrap();
    assert_eq!(refitted(&ended.folder), None);
}

#[test]
fn with_refit_from_the_beginning_it_is_trained_last() {
    let runs = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let train = trainer(Arc::clone(&begun), |_| None);
    let with_refit = RunRequest {
        terms: refitting(),
        ..request(runs.path())
    };
    let ended = carry_out(with_refit, &train, &mut Heard::default()).unwrap();
    assert_eq!(*begun.lock().unwrap(), [1, 2, 3, 4, 5, 0].map(Some));
    assert_eq!(ended.summary.state, RunState::Finished);
    assert_eq!(ended.result.unwrap().0.test.unwrap().n, 30);
    // The curves are means over the folds alone.
    let metrics = store::open(&ended.folder).unwrap().metrics;
    assert_eq!(metrics[0].train_loss, 3.0);
}

#[test]
fn a_whole_cross_validation_is_not_one_training() {
    let runs = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let train = trainer(Arc::clone(&begun), |_| None);
    let error = lifecycle::carry_out(request(runs.path()), &train, &mut Heard::default())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("a cross-validation of 5 folds"), "{error}");
    assert!(begun.lock().unwrap().is_empty() && store::list(runs.path()).is_empty());
    // Too many folds are refused before a folder is made.
    let mut many = super::tests::request(runs.path());
    many.experiment.data.split.folds = Some(11);
    let error = carry_out(many, &train, &mut Heard::default())
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("10 groups can't be divided into 11 folds"),
        "{error}"
    );
    assert!(store::list(runs.path()).is_empty());
}

#[test]
fn the_network_on_all_folds_gets_the_pictures_that_the_folds_had() {
    let runs = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let train = trainer(Arc::clone(&begun), |_| None);
    let ended = carry_out(request(runs.path()), &train, &mut Heard::default()).unwrap();
    let refit = |dataset| RunRequest {
        resumed: Some(ended.folder.clone()),
        terms: refitting(),
        dataset,
        ..request(runs.path())
    };
    let mut fewer = (*dataset()).clone();
    fewer.pictures.pop();
    // A column that was changed makes other groups, and other folds.
    let mut regrouped = (*dataset()).clone();
    for (index, picture) in regrouped.pictures.iter_mut().enumerate() {
        picture.group = Some(Arc::from(format!("q{}", index % 10)));
    }
    for (dataset, reason) in [(fewer, "29.png is missing"), (regrouped, " was for ")] {
        let error = carry_out(refit(Arc::new(dataset)), &train, &mut Heard::default())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(begun.lock().unwrap().len(), 5);

    // Where they stand now is what the network's own preset says, and folds need not be kept for it.
    std::fs::remove_dir_all(fold_folder(&ended.folder, 2)).unwrap();
    let mut experiment = store::experiment(&ended.folder).unwrap();
    experiment.data.source = DataSource::ClassFolders {
        path: runs.path().join("elsewhere"),
    };
    let moved = RunRequest {
        experiment: experiment.clone(),
        continuation: Continuation {
            experiment: Some(experiment.clone()),
            more_epochs: None,
        },
        ..refit(dataset())
    };
    let (outcome, result) = carry_out(moved, &train, &mut Heard::default())
        .unwrap()
        .result
        .unwrap();
    assert_eq!(
        (outcome.test.unwrap().n, result.scores.pictures as usize),
        (30, 30)
    );
    let own = store::experiment(&fold_folder(&ended.folder, 0)).unwrap();
    assert_eq!(own.data.source, experiment.data.source);
}

#[test]
fn what_is_no_fold_of_it_is_not_taken_for_one() {
    let runs = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let stopping = trainer(Arc::clone(&begun), |fold| {
        (fold == 3).then_some(TrainingError::Stopped)
    });
    let folder = carry_out(request(runs.path()), &stopping, &mut Heard::default())
        .unwrap()
        .folder;
    let train = trainer(Arc::clone(&begun), |_| None);
    let go_on = || {
        let again = RunRequest {
            resumed: Some(folder.clone()),
            ..request(runs.path())
        };
        match carry_out(again, &train, &mut Heard::default()) {
            Ok(ended) => ended.result.map(|_| ()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    };
    let second = fold_folder(&folder, 2);
    let kept = |name: &str| std::fs::read(second.join(name)).unwrap();

    // A copy of the first.
    let preset = kept(files::PRESET);
    std::fs::copy(
        fold_folder(&folder, 1).join(files::PRESET),
        second.join(files::PRESET),
    )
    .unwrap();
    let error = go_on().unwrap_err();
    assert!(
        error.contains("another training than fold 2 of 5 (data.split.fold is 1 and not 2)"),
        "{error}"
    );
    std::fs::write(second.join(files::PRESET), preset).unwrap();

    // Of other pictures.
    let split = kept(files::SPLIT);
    std::fs::copy(
        fold_folder(&folder, 1).join(files::SPLIT),
        second.join(files::SPLIT),
    )
    .unwrap();
    let error = go_on().unwrap_err();
    assert!(error.contains(" was for "), "{error}");
    std::fs::write(second.join(files::SPLIT), split).unwrap();

    // Answers that were cut off, and those of another fold.
    let answers = String::from_utf8(kept(files::PREDICTIONS)).unwrap();
    let cut: Vec<&str> = answers.lines().take(4).collect();
    std::fs::write(second.join(files::PREDICTIONS), cut.join("\n")).unwrap();
    let error = go_on().unwrap_err();
    assert!(
        error.contains("it was tested on 6 pictures, and its answers are of 3"),
        "{error}"
    );
    std::fs::copy(
        fold_folder(&folder, 1).join(files::PREDICTIONS),
        second.join(files::PREDICTIONS),
    )
    .unwrap();
    let error = go_on().unwrap_err();
    assert!(error.contains("is answered by fold 1 too"), "{error}");
    std::fs::write(second.join(files::PREDICTIONS), answers).unwrap();

    go_on().unwrap();
    assert_eq!(read(&folder).unwrap().scores.pictures, 30);
}
