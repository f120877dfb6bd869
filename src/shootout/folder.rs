//! What a shoot-out keeps, and where.
//!
//! ```text
//! OUT/
//!     shootout.json         the report (`ShootoutReport`): written whole at every change
//!     results/<key>.json    what was found of one network, for good: named by all that it depends on
//!     lock                  held by the one process that works on it
//! ```

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::ShootoutError;
use super::report::{
    EntryOutcome, EntryState, ShootoutEntry, ShootoutReport, ShootoutState, VERSION,
};
use crate::data::hash::sha256_of_pairs;
use crate::experiment::{DataConfig, Experiment};
use crate::ordinary_file::{self, Links, LockFile};
use crate::paths;
use crate::runs::{atomic, slug};

const REPORT: &str = "shootout.json";
const RESULTS: &str = "results";
const LOCK: &str = "lock";

/// Who merely looks whether the lock is held has it for a moment.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// More than any report takes: 100 networks on ten million pictures.
const LARGEST_BYTES: u64 = 1 << 30;

/// What was found of one network, with its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredResult {
    version: u32,
    /// Pictures, folds and everything else but the network: results of equal ones can be compared.
    pub settings: String,
    /// What computed it.
    device: String,
    /// As it was when it was done.
    pub entry: ShootoutEntry,
    /// The class that was answered for each picture, in the data set's order; `None` for one that can't be read.
    pub answers: Vec<Option<u32>>,
}

impl StoredResult {
    pub fn new(
        settings: &str,
        device: &str,
        entry: ShootoutEntry,
        answers: Vec<Option<u32>>,
    ) -> Self {
        Self {
            version: VERSION,
            settings: settings.to_owned(),
            device: device.to_owned(),
            entry,
            answers,
        }
    }

    pub fn outcome(&self) -> Option<&EntryOutcome> {
        self.entry.outcome.as_ref()
    }
}

/// A shoot-out's folder, in which this process alone works.
#[derive(Debug)]
pub(super) struct ShootoutFolder {
    path: PathBuf,
    _lock: LockFile,
}

impl ShootoutFolder {
    /// Makes what is missing of it.
    ///
    /// # Errors
    /// When another process works in it, when it holds a report that is none of ours, and what the disk says.
    pub fn open(path: &Path) -> Result<Self, ShootoutError> {
        // It would be replaced.
        read(path)?;
        let results = path.join(RESULTS);
        fs::create_dir_all(&results).map_err(|error| {
            ShootoutError::folder(format!("the folder can't be made ({error})"), &results)
        })?;
        let lock = path.join(LOCK);
        let file = LockFile::open(&lock).map_err(|error| {
            ShootoutError::folder(format!("the lock can't be opened ({error})"), &lock)
        })?;
        let mut attempts = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempts < LOCK_ATTEMPTS => {
                    attempts += 1;
                    std::thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(ShootoutError::folder(
                        "another process works on this shoot-out: wait for it, or choose another folder with --out",
                        path,
                    ));
                }
                // A file system without locks: whoever starts two of them there sees the later one's report.
                Err(TryLockError::Error(error)) => {
                    log::info!("no lock: {error}");
                    break;
                }
            }
        }
        Ok(Self {
            path: path.to_path_buf(),
            _lock: file,
        })
    }

    /// The results whose settings are these.
    pub fn results(&self, settings: &str) -> Vec<StoredResult> {
        let mut results = self.all_results();
        results.retain(|result| result.settings == settings);
        results
    }

    /// Pictures a second of a network at this side, where an earlier start has measured them on this device.
    pub fn speed(&self, backbone: &str, side: u32, device: &str) -> Option<f64> {
        let results = self.all_results().into_iter();
        let of_network = results.filter(|result| {
            let entry = &result.entry;
            (
                entry.backbone.as_str(),
                entry.input_size,
                result.device.as_str(),
            ) == (backbone, side, device)
        });
        // Whatever else the machine does makes a pass longer, never shorter.
        of_network
            .filter_map(|result| result.outcome()?.pictures_per_second)
            .reduce(f64::max)
    }

    fn all_results(&self) -> Vec<StoredResult> {
        let folder = self.path.join(RESULTS);
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        files.sort();
        files
            .into_iter()
            .filter_map(|path| read_result(&path))
            .collect()
    }

    /// What was found under `key`, whose parts are these settings and a network.
    pub fn result(&self, key: &str, settings: &str) -> Option<StoredResult> {
        let result = read_result(&self.result_path(key))?;
        (result.settings == settings).then_some(result)
    }

    /// Keeps what was found.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&self, key: &str, result: &StoredResult) -> Result<(), ShootoutError> {
        write(&self.result_path(key), result)
    }

    /// Keeps how far it is.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, report: &ShootoutReport) -> Result<(), ShootoutError> {
        write(&self.path.join(REPORT), report)
    }

    fn result_path(&self, key: &str) -> PathBuf {
        self.path.join(RESULTS).join(format!("{key}.json"))
    }
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), ShootoutError> {
    let failed = |error: &dyn std::fmt::Display| {
        ShootoutError::folder(format!("can't be written ({error})"), path)
    };
    let mut bytes = serde_json::to_vec(value).map_err(|error| failed(&error))?;
    bytes.push(b'\n');
    atomic::write(path, &bytes).map_err(|error| failed(&error))
}

/// What can't be read, or is of another version, counts as not there: it is found out again.
fn read_result(path: &Path) -> Option<StoredResult> {
    let bytes = ordinary_file::read(path, LARGEST_BYTES, Links::Refused).ok()?;
    let result: StoredResult = serde_json::from_slice(&bytes).ok()?;
    (result.version == VERSION && result.outcome().is_some()).then_some(result)
}

/// How far the shoot-out in `folder` is; `None` where there is none. One whose process has died is stopped.
///
/// # Errors
/// When its report is there and can't be read.
pub fn read(folder: &Path) -> Result<Option<ShootoutReport>, ShootoutError> {
    let path = folder.join(REPORT);
    if !ordinary_file::is_there(&path) {
        return Ok(None);
    }
    let bytes = ordinary_file::read(&path, LARGEST_BYTES, Links::Refused)
        .map_err(|error| ShootoutError::folder(format!("can't be read ({error})"), &path))?;
    let mut report: ShootoutReport = serde_json::from_slice(&bytes).map_err(|error| {
        ShootoutError::folder(
            format!(
                "is no report of a shoot-out ({error}): choose another folder with --out, or remove it"
            ),
            &path,
        )
    })?;
    if report.version != VERSION {
        return Err(ShootoutError::folder(
            "is of another version of Graft: choose another folder with --out",
            &path,
        ));
    }
    if report.state == ShootoutState::Running && !LockFile::is_held(&folder.join(LOCK)) {
        report.state = ShootoutState::Stopped;
    }
    if report.is_done() {
        report.entries.iter_mut().for_each(|entry| {
            if is_under_way(&entry.state) {
                entry.state = EntryState::Waiting;
            }
        });
        report.sort();
    }
    Ok(Some(report))
}

pub(super) fn is_under_way(state: &EntryState) -> bool {
    matches!(
        state,
        EntryState::Downloading { .. } | EntryState::Computing { .. } | EntryState::Heads
    )
}

/// Where the shoot-out on the pictures of `experiment` is kept unless a person says otherwise: below the folder of runs, by its
/// pictures and seed, and by nothing that a shoot-out chooses. `base`: what the experiment's paths start from.
pub fn default_out(runs: &Path, experiment: &Experiment, base: Option<&Path>) -> PathBuf {
    let data = absolute(&experiment.data, base);
    let path = data.source.path().map(Path::to_path_buf);
    let name = path.as_deref().and_then(|path| match data.source.path() {
        // A table is called after its folder: "labels.csv" says little.
        Some(file) if file.extension().is_some() => file.parent()?.file_name(),
        _ => path.file_name(),
    });
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let text = format!("{data:?}");
    let seed = experiment.seed.to_string();
    let digest = hex::encode(sha256_of_pairs([("data", text.as_str()), ("seed", &seed)]));
    runs.join("shootouts")
        .join(format!("{}-{}", slug(&name), &digest[..8]))
}

/// The same data whatever folder it is named from.
pub(super) fn absolute(data: &DataConfig, base: Option<&Path>) -> DataConfig {
    let mut data = data.clone();
    if let Some(path) = data.source.path_mut() {
        let expanded = paths::expand(path, base);
        *path = std::path::absolute(&expanded).unwrap_or(expanded);
    }
    data
}
