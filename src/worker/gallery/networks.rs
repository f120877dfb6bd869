//! Questions to the networks of runs: class activation maps, and training pictures that are alike.
//! Tensors stay on this thread.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Receiver;
use sha2::{Digest, Sha256};

use super::super::messages::{GalleryAnswer, GalleryQuestion, NeighbourPicture};
use super::{Say, waiting};
use crate::analysis::evaluate;
use crate::analysis::gallery::{SplitPicture, split_pictures};
use crate::data::contents::Stamp;
use crate::data::{PictureSource, Split, StopFlag, decode};
use crate::evaluation::neighbours::FeatureIndex;
use crate::ordinary_file::{self, Links};
use crate::paths;
use crate::runs::{answers, atomic, files};
use crate::training::inference::Classifier;
use crate::training::leave_cores;

/// Networks in memory at once: the run that is shown, and the one it is compared with.
const NETWORKS: usize = 2;
/// Pictures whose features are computed between two looks at what is asked.
const AT_ONCE: usize = 16;
/// More than the features of a million pictures take.
const LARGEST_BYTES: u64 = 8_000_000_000;

/// What is asked and not answered yet.
#[derive(Default)]
struct Work {
    /// Picture and class, by run.
    explain: BTreeMap<PathBuf, (PictureSource, Option<u32>)>,
    neighbours: Option<Wanted>,
}

struct Wanted {
    folder: PathBuf,
    name: String,
    source: PictureSource,
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
}

impl Memory {
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
pub(super) fn answer_questions(questions: &Receiver<GalleryQuestion>, say: &Say, stop: &StopFlag) {
    let (mut work, mut memory) = (Work::default(), Memory::default());
    while let Some(new) = waiting(
        questions,
        work.explain.is_empty() && work.neighbours.is_none(),
    ) {
        for question in new {
            match question {
                GalleryQuestion::Explain {
                    folder,
                    source,
                    class,
                } => {
                    work.explain.insert(folder, (source, class));
                }
                GalleryQuestion::Neighbours {
                    folder,
                    name,
                    source,
                    count,
                } => {
                    work.neighbours = Some(Wanted {
                        folder,
                        name,
                        source,
                        count,
                    });
                }
                GalleryQuestion::StopNeighbours => {
                    if let Some(Wanted { folder, .. }) = work.neighbours.take() {
                        say(GalleryAnswer::FeaturesStopped { folder });
                    }
                }
                _ => {}
            }
        }
        let stepped = catch_unwind(AssertUnwindSafe(|| step(&mut work, &mut memory, say, stop)));
        if stepped.is_err() {
            log::error!("a network could not answer a question");
            (work, memory) = (Work::default(), Memory::default());
        }
        if work.explain.is_empty() && work.neighbours.is_none() {
            leave_cores();
        }
    }
}

fn step(work: &mut Work, memory: &mut Memory, say: &Say, stop: &StopFlag) {
    if let Some((folder, (source, class))) = work.explain.pop_first() {
        memory.forget_earlier(&folder);
        let result = memory
            .network(&folder)
            .and_then(|network| {
                let pixels = decode::decode(&source).map_err(|error| error.to_string())?;
                network
                    .explain(&pixels, class)
                    .map_err(|error| error.to_string())
            })
            .map(Arc::new);
        say(GalleryAnswer::Explained {
            folder,
            source,
            class,
            result,
        });
        return;
    }
    let Some(wanted) = &work.neighbours else {
        return;
    };
    memory.forget_earlier(&wanted.folder);
    match memory.compute_some(&wanted.folder, stop) {
        Ok((done, total)) if done < total => say(GalleryAnswer::FeaturesProgress {
            folder: wanted.folder.clone(),
            done,
            total,
        }),
        outcome => {
            let result = outcome.and_then(|_| memory.nearest(wanted));
            if let Some(Wanted { folder, name, .. }) = work.neighbours.take() {
                say(GalleryAnswer::Neighbours {
                    folder,
                    name,
                    result,
                });
            }
        }
    }
}

impl Memory {
    fn network(&mut self, folder: &Path) -> Result<&Classifier, String> {
        let known = self.networks.iter().position(|(path, _)| path == folder);
        let network = match known.and_then(|place| self.networks.remove(place)) {
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
            .ok_or_else(|| "no network is kept".to_owned())
    }

    /// Computes the features of a few more training pictures; how many are done, and of how many.
    fn compute_some(&mut self, folder: &Path, stop: &StopFlag) -> Result<(usize, usize), String> {
        if !self.features.contains_key(folder) {
            let mut pictures = split_pictures(folder, stop).map_err(|error| error.to_string())?;
            pictures.retain(|picture| picture.split == Split::Train);
            if pictures.is_empty() {
                return Err("none of the run's training pictures is there any more".to_owned());
            }
            let stored = read_features(folder);
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
                .map_err(|error| error.to_string())?;
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

    fn nearest(&mut self, wanted: &Wanted) -> Result<Vec<NeighbourPicture>, String> {
        let pixels = decode::decode(&wanted.source).map_err(|error| error.to_string())?;
        let rows = self
            .network(&wanted.folder)?
            .features(&[pixels])
            .map_err(|error| error.to_string())?;
        let (Some(row), Some(features)) = (rows.first(), self.features.get(&wanted.folder)) else {
            return Ok(Vec::new());
        };
        let found = features.index.nearest(row, wanted.count, &wanted.name);
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

/// Where the features of a run's training pictures are kept: named by its folder and its weights.
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
    Some(paths::cache().join("features").join(file))
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
fn open(folder: &Path) -> Result<Classifier, String> {
    evaluate::open_classifier(folder, tch::Device::Cpu).map_err(|error| error.to_string())
}
