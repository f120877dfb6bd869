//! Questions to the networks of runs: class activation maps, and training pictures that are alike.
//! Tensors stay on this thread.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Receiver;
use sha2::{Digest, Sha256};

use super::super::lane::waiting;
use super::super::messages::{
    Answer, Failure, GalleryAnswer, GalleryQuestion, NeighbourPicture, Question,
};
use super::super::pending::{Pending, Step};
use super::Say;
use crate::analysis::gallery::{SplitPicture, split_pictures};
use crate::analysis::{evaluate, novelty};
use crate::data::contents::Stamp;
use crate::data::{PictureSource, Split, StopFlag, decode};
use crate::evaluation::neighbours::FeatureIndex;
use crate::ordinary_file::{self, Links};
use crate::paths;
use crate::runs::cross_validation::fold_folder;
use crate::runs::{RunError, answers, atomic, files, members, store};
use crate::training::inference::Classifier;
use crate::training::leave_cores;

/// Networks in memory at once: the run that is shown, and the one it is compared with.
const NETWORKS: usize = 2;
/// Pictures whose features are computed between two checks of what is asked.
const AT_ONCE: usize = 16;
/// More than the features of a million pictures take.
const LARGEST_BYTES: u64 = 8_000_000_000;

/// What is asked and not answered yet.
#[derive(Default)]
struct Work {
    /// About one picture and class of each run.
    explain: BTreeMap<PathBuf, Pending>,
    neighbours: Option<Pending>,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.explain.is_empty() && self.neighbours.is_none()
    }

    fn add(&mut self, pending: Pending) {
        match pending.question() {
            Question::Gallery(GalleryQuestion::Explain { folder, .. }) => {
                self.explain.insert(folder.clone(), pending);
            }
            Question::Gallery(GalleryQuestion::Neighbours { .. }) => {
                self.neighbours = Some(pending)
            }
            Question::Gallery(GalleryQuestion::StopNeighbours) => self.neighbours = None,
            // Of other threads.
            _ => {}
        }
    }
}

/// Whose training pictures that are alike are wanted.
struct Wanted<'a> {
    folder: &'a Path,
    name: &'a str,
    source: &'a PictureSource,
    count: usize,
}

/// The features of a run's training pictures, as far as they are computed.
struct Features {
    pictures: Vec<SplitPicture>,
    /// How many of them have been looked at; some may not be readable.
    done: usize,
    index: FeatureIndex,
}

/// What this thread keeps.
#[derive(Default)]
struct Memory {
    /// The one used last stands last.
    networks: VecDeque<(PathBuf, Classifier)>,
    features: BTreeMap<PathBuf, Features>,
    /// The weights that both are of.
    weights: BTreeMap<PathBuf, Stamp>,
    /// Of cross-validated runs, the run of the fold that each picture was the test of.
    folds: BTreeMap<PathBuf, HashMap<PictureSource, PathBuf>>,
}

impl Memory {
    /// The run whose network answered for this picture: of a cross-validation, that of the fold that had not seen it.
    fn run_of(&mut self, folder: &Path, source: &PictureSource, stop: &StopFlag) -> PathBuf {
        if !self.folds.contains_key(folder) {
            let found = match store::read_summary(folder).map(|summary| summary.folds) {
                Ok(Some(number)) => folds_of_pictures(folder, number, stop).ok(),
                _ => Some(HashMap::new()),
            };
            // One that was stopped is looked for again.
            if let Some(found) = found {
                self.folds.insert(folder.to_path_buf(), found);
            }
        }
        let known = self.folds.get(folder).and_then(|folds| folds.get(source));
        known.cloned().unwrap_or_else(|| folder.to_path_buf())
    }

    /// Forgets what is of earlier weights: a run that was gone on with has others.
    fn forget_earlier(&mut self, folder: &Path) {
        let Ok(now) = Stamp::of(&folder.join(files::WEIGHTS)) else {
            return;
        };
        if self.weights.insert(folder.to_path_buf(), now) != Some(now) {
            self.networks.retain(|(other, _)| other != folder);
            self.features.remove(folder);
        }
    }
}

/// Answers until the other side hangs up. Maps come first: whoever leafs through pictures waits for them.
pub(super) fn answer_questions(questions: &Receiver<Pending>, say: &Say) {
    let (mut work, mut memory) = (Work::default(), Memory::default());
    while let Some(new) = waiting(questions, work.is_empty()) {
        new.into_iter().for_each(|question| work.add(question));
        let explain = work.explain.pop_first().map(|(_, pending)| pending);
        if let Some(pending) = explain.or_else(|| work.neighbours.take()) {
            match pending.step(|question, stop| memory.answer(question, say, stop)) {
                Step::Pending(pending) => work.neighbours = Some(pending),
                Step::Answered => {}
                Step::Crashed => memory = Memory::default(),
            }
        }
        if work.is_empty() {
            leave_cores();
        }
    }
}

impl Memory {
    /// Nothing while features have to be computed first.
    fn answer(&mut self, question: &Question, say: &Say, stop: &StopFlag) -> Option<Answer> {
        let Question::Gallery(question) = question else {
            return None;
        };
        match question {
            GalleryQuestion::Explain {
                folder,
                source,
                class,
            } => {
                let run = self.run_of(folder, source, stop);
                self.forget_earlier(&run);
                let result = self.network(&run).and_then(|network| {
                    let pixels = decode::decode(source)?;
                    network.explain(&pixels, *class).map_err(Failure::failed)
                });
                Some(Answer::Gallery(GalleryAnswer::Explained {
                    folder: folder.clone(),
                    source: source.clone(),
                    class: *class,
                    result: result.map(Arc::new),
                }))
            }
            GalleryQuestion::Neighbours {
                folder,
                name,
                source,
                count,
            } => {
                let run = self.run_of(folder, source, stop);
                self.forget_earlier(&run);
                let computed = self.compute_some(&run, stop);
                if let Ok((done, total)) = computed
                    && done < total
                {
                    let folder = folder.clone();
                    say(GalleryAnswer::FeaturesProgress {
                        folder,
                        done,
                        total,
                    });
                    return None;
                }
                let wanted = Wanted {
                    folder: &run,
                    name,
                    source,
                    count: *count,
                };
                let result = computed.and_then(|_| self.nearest(&wanted));
                Some(Answer::Gallery(GalleryAnswer::Neighbours {
                    folder: folder.clone(),
                    name: name.clone(),
                    result,
                }))
            }
            _ => None,
        }
    }

    fn network(&mut self, folder: &Path) -> Result<&Classifier, Failure> {
        let known = self.networks.iter().position(|(path, _)| path == folder);
        let network = match known.and_then(|index| self.networks.remove(index)) {
            Some((_, network)) => network,
            None => {
                while self.networks.len() >= NETWORKS {
                    self.networks.pop_front();
                }
                open(folder)?
            }
        };
        self.networks.push_back((folder.to_path_buf(), network));
        self.networks
            .back()
            .map(|(_, network)| network)
            .ok_or_else(|| "no network is kept".into())
    }

    /// Computes the features of a few more training pictures; how many are done, and of how many.
    fn compute_some(&mut self, folder: &Path, stop: &StopFlag) -> Result<(usize, usize), Failure> {
        if !self.features.contains_key(folder) {
            let mut pictures = split_pictures(folder, stop)?;
            pictures.retain(|picture| picture.split == Split::Train);
            if pictures.is_empty() {
                return Err("none of the run's training pictures is there any more".into());
            }
            let stored = kept_features(folder, &pictures).or_else(|| read_features(folder));
            let features = Features {
                done: stored.as_ref().map_or(0, |_| pictures.len()),
                index: stored.unwrap_or_default(),
                pictures,
            };
            self.features.insert(folder.to_path_buf(), features);
        }
        let Some(mut features) = self.features.remove(folder) else {
            return Ok((0, 0));
        };
        if features.done == features.pictures.len() {
            let progress = (features.done, features.done);
            self.features.insert(folder.to_path_buf(), features);
            return Ok(progress);
        }
        let end = (features.done + AT_ONCE).min(features.pictures.len());
        let some = &features.pictures[features.done..end];
        let sources: Vec<PictureSource> =
            some.iter().map(|picture| picture.source.clone()).collect();
        // One that can't be read any more is nobody's neighbour.
        let readable: Vec<_> = some
            .iter()
            .zip(decode::decode_all(&sources))
            .filter_map(|(picture, pixels)| Some((picture.name.clone(), pixels.ok()?)))
            .collect();
        let (names, pixels): (Vec<String>, Vec<_>) = readable.into_iter().unzip();
        if !pixels.is_empty() {
            let rows = self
                .network(folder)?
                .features(&pixels)
                .map_err(Failure::failed)?;
            for (name, row) in names.iter().zip(rows) {
                features.index.add(name, &row);
            }
        }
        features.done = end;
        if end == features.pictures.len() {
            write_features(folder, &features.index);
        }
        let progress = (end, features.pictures.len());
        self.features.insert(folder.to_path_buf(), features);
        Ok(progress)
    }

    fn nearest(&mut self, wanted: &Wanted) -> Result<Vec<NeighbourPicture>, Failure> {
        let pixels = decode::decode(wanted.source)?;
        let rows = self
            .network(wanted.folder)?
            .features(&[pixels])
            .map_err(Failure::failed)?;
        let (Some(row), Some(features)) = (rows.first(), self.features.get(wanted.folder)) else {
            return Ok(Vec::new());
        };
        let found = features.index.nearest(row, wanted.count, wanted.name);
        Ok(found
            .into_iter()
            .filter_map(|found| {
                let picture = features
                    .pictures
                    .iter()
                    .find(|picture| picture.name == found.name)?;
                Some(NeighbourPicture {
                    picture: picture.clone(),
                    similarity: found.similarity,
                })
            })
            .collect())
    }
}

/// The run of the fold that each picture of a cross-validation was the test of.
///
/// # Errors
/// When the splits can't be read, or when it was stopped.
fn folds_of_pictures(
    folder: &Path,
    number: u32,
    stop: &StopFlag,
) -> Result<HashMap<PictureSource, PathBuf>, RunError> {
    let mut by_name = HashMap::new();
    for fold in 1..=number {
        let own = fold_folder(folder, fold);
        for member in members::of_split(members::read(&own)?, Split::Test) {
            by_name.insert(member.file, own.clone());
        }
    }
    let pictures = split_pictures(folder, stop)?.into_iter();
    Ok(pictures
        .filter_map(|picture| Some((picture.source, by_name.remove(&picture.name)?)))
        .collect())
}

/// Those that the run itself keeps, where it keeps them of all its training pictures.
fn kept_features(folder: &Path, pictures: &[SplitPicture]) -> Option<FeatureIndex> {
    let is_whole = novelty::known(folder)?.kept_pictures >= pictures.len();
    is_whole.then(|| Some(novelty::stored(folder)?.index))?
}

/// Where the features of a run's training pictures are kept otherwise: named by its folder and its weights.
fn features_file(folder: &Path) -> Option<PathBuf> {
    let checkpoint = answers::checkpoint(folder).ok()??;
    let mut hash = Sha256::new();
    hash.update(folder.as_os_str().as_encoded_bytes());
    hash.update(checkpoint.as_bytes());
    let name: String = hash.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let file = format!("{name}.safetensors");
    Some(paths::shared_cache()?.join("features").join(file))
}

fn read_features(folder: &Path) -> Option<FeatureIndex> {
    let file = features_file(folder)?;
    let bytes = ordinary_file::read(&file, LARGEST_BYTES, Links::Refused).ok()?;
    FeatureIndex::from_bytes(&bytes)
}

/// A file that can't be written is no loss: the features are computed again next time.
fn write_features(folder: &Path, index: &FeatureIndex) {
    let Some(file) = features_file(folder) else {
        return;
    };
    let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = index.to_bytes().and_then(|bytes| {
        made.and_then(|()| atomic::write(&file, &bytes))
            .map_err(|error| error.to_string())
    });
    if let Err(reason) = written {
        log::warn!("features are not kept ({reason}): {}", file.display());
    }
}

/// The network of a run, on the processor: a graphics card may be busy with training.
fn open(folder: &Path) -> Result<Classifier, Failure> {
    evaluate::open_classifier(folder, tch::Device::Cpu).map_err(Failure::from)
}
