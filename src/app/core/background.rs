//! What is worked on beside training, in words: the foot of the window says it.

use std::path::Path;

use super::command::Command;
use super::evaluation::Part;
use super::gallery::{GalleryAction, SearchState};
use super::prediction::PredictAction;
use super::shootout::{Computing, ShootoutAction};
use super::state::{Scan, State};
use super::sweep::{SweepAction, Testing};
use crate::data::Split;
use crate::models::catalogue;
use crate::shootout::{EntryState, ShootoutEntry};
use crate::{format, shown};

/// Something that is worked on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Work {
    /// `Checking the pictures of “flowers”`.
    pub text: String,
    /// `1,200 of 5,000`; nothing where that is not known.
    pub detail: String,
    /// From 0 to 1, where that is known.
    pub share: Option<f32>,
    /// What ends it, where it can be ended.
    pub stop: Option<Command>,
}

impl Work {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// With how far it is; a total of 0 is not known yet.
    pub fn at(self, done: usize, total: usize) -> Self {
        if total == 0 {
            return self;
        }
        let number = |number: usize| format::thousands(number as u64);
        Self {
            detail: format!("{} of {}", number(done), number(total)),
            share: Some(done as f32 / total as f32),
            ..self
        }
    }

    pub fn stopped_by(self, command: Command) -> Self {
        Self {
            stop: Some(command),
            ..self
        }
    }
}

/// Everything that the threads work on for a while, what a person waits for first.
pub fn works(state: &State) -> Vec<Work> {
    let mut works = Vec::new();
    for path in &state.reading {
        works.push(Work::new(format!("Reading {}", shown::path(path))));
    }
    works.extend(scan(state));
    for ((folder, split), part) in &state.evaluation.parts {
        if let Part::Working { done, total } = part {
            let work = evaluating(state, folder, *split).at(*done, *total);
            works.push(work.stopped_by(Command::StopEvaluation));
        }
    }
    let gallery = &state.gallery;
    for (folder, split) in &gallery.answering {
        let is_said = matches!(
            state.evaluation.parts.get(&(folder.clone(), *split)),
            Some(Part::Working { .. })
        );
        if !is_said {
            works.push(evaluating(state, folder, *split));
        }
    }
    if let Some((done, total)) = gallery.features {
        let work = Work::new("Computing features of the training pictures").at(done, total);
        works.push(work.stopped_by(Command::Gallery(GalleryAction::StopNeighbours)));
    }
    for (folder, search) in &gallery.duplicates {
        if let SearchState::Running { done, total } = search {
            let text = format!(
                "Looking for duplicate pictures of {}",
                called(state, folder)
            );
            let stop = Command::Gallery(GalleryAction::StopDuplicates);
            works.push(Work::new(text).at(*done, *total).stopped_by(stop));
        }
    }
    for (folder, search) in &gallery.out_of_fold {
        if let SearchState::Running { done, total } = search {
            let name = called(state, folder);
            let text = format!("Cross-validating the training pictures of {name}");
            let stop = Command::Gallery(GalleryAction::StopCrossValidation);
            works.push(Work::new(text).at(*done, *total).stopped_by(stop));
        }
    }
    works.extend(predicting(state));
    works.extend(comparing_networks(state));
    works.extend(sweeping(state));
    if state.comparison.waiting {
        works.push(Work::new("Reading the runs that are compared"));
    }
    if let Some((done, total)) = state.features.clearing {
        works.push(Work::new("Removing kept features").at(done, total));
    }
    works.extend(measuring(state));
    works
}

fn scan(state: &State) -> Option<Work> {
    let Scan::Running { done, total } = state.scan else {
        return None;
    };
    let source = &state.active_document()?.experiment.data.source;
    let name = source.path().and_then(Path::file_name);
    let of = name.map_or_else(String::new, |name| {
        format!(" of “{}”", shown::line(&name.to_string_lossy()))
    });
    let work = match (total, done) {
        (0, 0) => Work::new(format!("Looking for the pictures{of}")),
        (0, done) => Work {
            detail: format!("{} found so far", format::thousands(done as u64)),
            ..Work::new(format!("Looking for the pictures{of}"))
        },
        _ => Work::new(format!("Checking the pictures{of}")).at(done, total),
    };
    Some(work.stopped_by(Command::StopScan))
}

/// Pictures that are answered, and a folder that is watched.
fn predicting(state: &State) -> Vec<Work> {
    let mut works = Vec::new();
    if let Some(work) = &state.prediction.work {
        let (done, total) = work
            .comparing
            .unwrap_or((work.done, work.total.unwrap_or(0)));
        let said = match work.comparing {
            Some(_) => Work::new("Comparing the run's own pictures, to tell what is none of them"),
            None => Work::new("Predicting pictures"),
        };
        let stop = Command::Predict(PredictAction::Stop);
        works.push(said.at(done, total).stopped_by(stop));
    }
    if let Some(watched) = &state.prediction.watched {
        let name = watched.folder.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let work = Work {
            detail: match watched.done {
                0 => String::new(),
                done => format::count(done, "picture", "pictures"),
            },
            ..Work::new(format!("Watching “{}”", shown::line(&name)))
        };
        works.push(work.stopped_by(Command::Predict(PredictAction::StopWatching)));
    }
    works
}

/// Networks that are compared, and weights that are downloaded for that.
fn comparing_networks(state: &State) -> Vec<Work> {
    let shootout = &state.shootout;
    let mut works = Vec::new();
    if let Some(out) = shootout.computing.out() {
        let found = shootout.found.as_ref().filter(|(of, _)| of == out);
        let work = match found {
            Some((_, report)) => {
                let is_wanted = |entry: &&ShootoutEntry| {
                    let state = &entry.state;
                    !matches!(
                        state,
                        EntryState::LeftOut { .. } | EntryState::NotHere { .. }
                    )
                };
                let all = report.entries.iter().filter(is_wanted).count();
                Work::new("Comparing networks").at(report.done(), all)
            }
            None => Work::new("Comparing networks"),
        };
        works.push(match shootout.computing {
            Computing::Running(_) => work.stopped_by(Command::Shootout(ShootoutAction::Stop)),
            _ => work,
        });
    }
    for (network, progress) in &shootout.downloads {
        let name = network.split(':').next().unwrap_or(network);
        let work = Work::new(format!(
            "Downloading the weights of {}",
            catalogue::title(name)
        ));
        let detail = match progress {
            Some(progress) => match progress.total {
                Some(total) => format!(
                    "{} of {}",
                    format::bytes(progress.done),
                    format::bytes(total)
                ),
                None => format::bytes(progress.done),
            },
            None => String::new(),
        };
        let share = progress.and_then(|progress| {
            let total = progress.total.filter(|total| *total > 0)?;
            Some((progress.done as f64 / total as f64).min(1.0) as f32)
        });
        let work = Work {
            detail,
            share,
            ..work
        };
        works.push(work.stopped_by(Command::Shootout(ShootoutAction::StopDownloads)));
    }
    works
}

/// A sweep that this window trains or tests.
fn sweeping(state: &State) -> Vec<Work> {
    let Some(open) = &state.sweep.open else {
        return Vec::new();
    };
    let name = &open.document.draft.sweep.name;
    let mut works = Vec::new();
    if open.training.is_live() {
        let cells = open
            .current_status()
            .map_or(&[][..], |status| &status.cells);
        let done = cells.iter().filter(|cell| cell.state.is_done()).count();
        let work = Work::new(format!("Training the sweep “{}”", shown::line(name)));
        let work = Work {
            detail: String::new(),
            ..work.at(done, cells.len())
        };
        let detail = match cells.len() {
            0 => String::new(),
            all => format!("{done} of {}", format::count(all, "cell", "cells")),
        };
        works.push(Work { detail, ..work }.stopped_by(Command::Sweep(SweepAction::Stop)));
    }
    if open.testing == Testing::Running {
        works.push(Work::new(format!(
            "Testing the chosen setting of “{}”",
            shown::line(name)
        )));
    }
    works
}

fn evaluating(state: &State, folder: &Path, split: Split) -> Work {
    let pictures = match split {
        Split::Train => "training pictures",
        Split::Validation => "validation pictures",
        Split::Test => "test pictures",
    };
    let name = called(state, folder);
    Work::new(format!("Evaluating {name} on its {pictures}"))
}

fn measuring(state: &State) -> Option<Work> {
    let now = state.measuring.as_ref()?;
    let detail = match now.left {
        0 => "how fast it is on this machine".into(),
        left => format!("how fast it is on this machine; {left} left"),
    };
    let work = Work {
        detail,
        ..Work::new(format!("Measuring {}", catalogue::title(&now.backbone)))
    };
    Some(work.stopped_by(Command::StopMeasuring))
}

/// The run in `folder`, by its name.
fn called<'a>(state: &'a State, folder: &Path) -> &'a str {
    let mut runs = state.runs.iter();
    let run = runs.find(|run| run.folder.as_deref() == Some(folder));
    run.map_or("a run", |run| run.called())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::core::state::MeasuredNow;
    use crate::app::features::fakes;
    use crate::experiment::DataSource;

    #[test]
    fn everything_that_works_is_said_with_how_far_it_is() {
        let mut state = fakes::state();
        state.scan = Scan::None;
        let lines = |state: &State| -> Vec<String> {
            let line = |work: Work| format!("{} | {}", work.text, work.detail);
            works(state).into_iter().map(line).collect()
        };
        assert_eq!(lines(&state), [""; 0]);
        let path = "/pictures/flowers".into();
        state.documents[0].experiment.data.source = DataSource::ClassFolders { path };
        state.active = 0;
        state.scan = Scan::Running { done: 7, total: 0 };
        assert_eq!(
            lines(&state),
            ["Looking for the pictures of “flowers” | 7 found so far"]
        );
        state.scan = Scan::Running {
            done: 1_200,
            total: 5_000,
        };
        let tested = state.runs.iter().find(|run| run.id == "b");
        let folder = tested.and_then(|run| run.folder.clone()).unwrap();
        let key = (folder.clone(), Split::Validation);
        let working = Part::Working { done: 1, total: 4 };
        state.evaluation.parts.insert(key.clone(), working);
        // The gallery waits for the same.
        state.gallery.answering.insert(key);
        state.gallery.features = Some((3, 10));
        let searching = SearchState::Running { done: 0, total: 0 };
        state
            .gallery
            .duplicates
            .insert(folder.clone(), searching.clone());
        state.gallery.out_of_fold.insert(folder, searching);
        state.features.clearing = Some((2, 8));
        state.measuring = Some(MeasuredNow {
            backbone: "resnet18".into(),
            left: 5,
        });
        assert_eq!(
            lines(&state),
            [
                "Checking the pictures of “flowers” | 1,200 of 5,000",
                "Evaluating Fine-tuning on its validation pictures | 1 of 4",
                "Computing features of the training pictures | 3 of 10",
                "Looking for duplicate pictures of Fine-tuning | ",
                "Cross-validating the training pictures of Fine-tuning | ",
                "Removing kept features | 2 of 8",
                "Measuring ResNet-18 | how fast it is on this machine; 5 left",
            ]
        );
    }
}
