//! `resume.safetensors`: what it takes to go on with a run that was interrupted.
//!
//! It is written after epochs while a run trains, whole or not at all, and is gone once the run has
//! come to its end. It holds the weights that change, their averages, the kept weights where they
//! are of an earlier epoch, and what the optimizer remembers: with Adam about five times the
//! trained weights at most, 0.1 MB for a head on EfficientNet-Lite0, 65 MB for all of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, SafeTensors, View};
use tch::{Device, Kind, Tensor};

use super::{RunError, atomic, files};
use crate::experiment::Experiment;
use crate::ordinary_file::{self, Links};
use crate::training::ResumePoint;
use crate::training::monitor::Watched;

/// The layout of the file, among its metadata.
const VERSION: &str = "1";
/// A line for each tensor of the largest network and its optimizer takes less than a hundredth of this.
const MOST_HEADER_BYTES: u64 = 20_000_000;
/// Of one that stands within an epoch, which earlier versions would take for the end of one.
const WITHIN: &str = "2";

/// Writes `point` into a run's folder, one tensor in memory at a time.
///
/// # Errors
/// When the file can't be written.
pub(super) fn write(folder: &Path, point: &ResumePoint) -> Result<(), RunError> {
    let path = folder.join(files::RESUME);
    let failed = |reason: String| files::problem(&path, format!("can't be written ({reason})"));
    let mut views = Vec::with_capacity(point.tensors.len());
    for (name, tensor) in &point.tensors {
        let view =
            StoredTensor::new(tensor).map_err(|reason| failed(format!("{name}: {reason}")))?;
        views.push((name.as_str(), view));
    }
    let standing =
        serde_json::to_string(&point.standing).map_err(|error| failed(error.to_string()))?;
    let metadata = HashMap::from([
        (
            "graft_resume".to_owned(),
            match point.standing.partial {
                None => VERSION.to_owned(),
                Some(_) => WITHIN.to_owned(),
            },
        ),
        ("standing".to_owned(), standing),
    ]);
    atomic::write_by(&path, |file| {
        safetensors::serialize_to_file(views, Some(metadata), file).map_err(std::io::Error::other)
    })
    .map_err(|error| failed(error.to_string()))
}

/// What a run's folder holds to go on with; nothing before its first epoch has ended.
///
/// # Errors
/// When the file is there and can't be used.
pub(super) fn read(folder: &Path) -> Result<Option<ResumePoint>, RunError> {
    read_file(&folder.join(files::RESUME))
}

/// What a finished run's folder holds to train more epochs with, and the file that it was in.
///
/// # Errors
/// When the file can't be used, or there is none.
pub(super) fn read_end(folder: &Path) -> Result<(Option<ResumePoint>, &'static str), RunError> {
    // A run that was killed on its way from one to the other has the former.
    for name in [files::END, files::RESUME] {
        if let Some(point) = read_file(&folder.join(name))? {
            return Ok((Some(point), name));
        }
    }
    Err(files::problem(
        folder,
        format!(
            "this run can't train more epochs: it has no {}, which holds what its optimizer remembers. Runs of earlier versions \
             of Graft did not keep it; otherwise it was removed. Train anew with more epochs",
            files::END
        ),
    ))
}

/// Turns the standing at the end of a run into one from which its last phase, as `experiment` has it, goes on for `more`
/// epochs beyond those that were trained. Patience starts anew: it had ended the phase, or would at once.
///
/// # Errors
/// Saying why the run can't be trained for more epochs.
pub(super) fn extend(
    point: &mut ResumePoint,
    experiment: &mut Experiment,
    more: u32,
) -> Result<(), String> {
    let standing = &mut point.standing;
    let last = experiment.phases.len().checked_sub(1);
    let Some(phase) = last.filter(|last| *last == standing.phase) else {
        return Err(
            "this run has not trained its last phase, so there is no end to go on from: resume it first".to_owned(),
        );
    };
    if experiment.phases[phase].optimizer.is_solver() {
        return Err(
            "its last phase was solved by logistic regression, which further epochs would not change: add a phase that fine-tunes to its preset, and train anew"
                .to_owned(),
        );
    }
    experiment.phases[phase].epochs = standing
        .done_in_phase
        .checked_add(more)
        .ok_or("so many epochs can't be counted")?;
    standing.phase_is_over = false;
    standing.patience = standing.patience.map(Watched::from_now);
    let problems = experiment.check();
    match problems.first() {
        None => Ok(()),
        Some(problem) => Err(format!("{} {}", problem.field, problem.message)),
    }
}

fn read_file(path: &Path) -> Result<Option<ResumePoint>, RunError> {
    let path = path.to_path_buf();
    if !ordinary_file::is_there(&path) {
        return Ok(None);
    }
    let damaged = |reason: String| files::problem(&path, format!("is damaged ({reason})"));
    check_length(&path).map_err(damaged)?;
    let bytes = files::read(&path)?;
    let (_, metadata) =
        SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
    let entry = |name: &str| {
        let entries = metadata.metadata().as_ref()?;
        entries.get(name).map(String::as_str)
    };
    match entry("graft_resume") {
        Some(VERSION | WITHIN) => {}
        other => {
            let other = other.unwrap_or("unknown");
            return Err(files::problem(
                &path,
                format!(
                    "was written by another version of Graft (layout {other}, this one reads {VERSION})"
                ),
            ));
        }
    }
    let standing = serde_json::from_str(entry("standing").unwrap_or_default())
        .map_err(|error| damaged(error.to_string()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
    let tensors = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let kind = KINDS
                .iter()
                .find(|(_, dtype)| *dtype == view.dtype())
                .map(|(kind, _)| *kind)
                .ok_or_else(|| damaged(format!("{name} is of type {:?}", view.dtype())))?;
            let shape =
                shape(view.shape()).ok_or_else(|| damaged(format!("{name} has no such shape")))?;
            let tensor = Tensor::f_from_data_size(view.data(), &shape, kind)
                .map_err(|error| damaged(error.to_string()))?;
            Ok((name, tensor))
        })
        .collect::<Result<_, RunError>>()?;
    Ok(Some(ResumePoint { standing, tensors }))
}

/// Whether the file is as long as its header says, before all of it is read into memory.
fn check_length(path: &Path) -> Result<(), String> {
    let mut file = ordinary_file::open(path, Links::Refused).map_err(|error| error.to_string())?;
    let whole = file.metadata().map_err(|error| error.to_string())?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length)
        .map_err(|error| error.to_string())?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER_BYTES || length > whole {
        return Err("its header is longer than any".into());
    }
    let mut header = Vec::new();
    file.take(length)
        .read_to_end(&mut header)
        .map_err(|error| error.to_string())?;
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|error| format!("its header: {error}"))?;
    let says = u64::try_from(metadata.data_len()).ok();
    if says.and_then(|bytes| bytes.checked_add(8 + length)) != Some(whole) {
        return Err("it is not as long as its header says".into());
    }
    Ok(())
}

/// As libtorch takes it, whose strides of an empty tensor overflow where another side is huge.
fn shape(sides: &[usize]) -> Option<Vec<i64>> {
    let sides: Vec<i64> = sides
        .iter()
        .map(|&side| i64::try_from(side).ok())
        .collect::<Option<_>>()?;
    sides
        .iter()
        .try_fold(1i64, |all, &side| all.checked_mul(side.max(1)))?;
    Some(sides)
}

/// Kinds of numbers as libtorch and safetensors call them. libtorch counts a loss scale's growth in 32 bits.
const KINDS: [(Kind, Dtype); 6] = [
    (Kind::Float, Dtype::F32),
    (Kind::Int64, Dtype::I64),
    (Kind::Int, Dtype::I32),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Double, Dtype::F64),
];

/// A tensor whose bytes are made when they are asked for.
struct StoredTensor {
    tensor: Tensor,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl StoredTensor {
    fn new(tensor: &Tensor) -> Result<Self, String> {
        let kind = tensor.f_kind().map_err(|error| error.to_string())?;
        let dtype = KINDS
            .iter()
            .find(|(known, _)| *known == kind)
            .map(|(_, dtype)| *dtype)
            .ok_or_else(|| format!("numbers of kind {kind:?} can't be stored"))?;
        Ok(Self {
            shape: tensor.size().iter().map(|&side| side as usize).collect(),
            tensor: tensor.shallow_clone(),
            dtype,
        })
    }

    fn bytes(&self) -> Result<Vec<u8>, tch::TchError> {
        let tensor = self
            .tensor
            .f_detach()?
            .f_to_device(Device::Cpu)?
            .f_contiguous()?;
        let mut bytes = vec![0; self.data_len()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        Ok(bytes)
    }
}

impl View for StoredTensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        // The trait knows no failure. Too few bytes make a file that is refused when it is read,
        // and libtorch has no reason to fail here but memory, of which one tensor is asked for.
        let bytes = self.bytes().unwrap_or_else(|error| {
            log::error!("a tensor can't be stored: {error}");
            Vec::new()
        });
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.dtype.bitsize() / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Optimizer;
    use crate::training::PhaseSummary;
    use crate::training::metrics::Metrics;
    use crate::training::monitor::{Best, Patience};
    use crate::training::resume::Partial;
    use crate::training::resume::{KeptWeights, Standing};

    fn point() -> ResumePoint {
        let metric =
            crate::training::metrics::monitored(crate::experiment::Monitor::ValidationLoss);
        let mut best = Best::new(metric);
        best.is_new_best(3, f64::NAN);
        let mut patience = Patience::new(metric, crate::experiment::EarlyStopping::default());
        patience.is_exhausted(0.1 + 0.2);
        patience.is_exhausted(0.5);
        ResumePoint {
            standing: Standing {
                epoch: 3,
                phase: 1,
                done_in_phase: 2,
                phase_is_over: false,
                phase_seconds: 1.5,
                finished: vec![PhaseSummary {
                    name: "Warm-up".into(),
                    epochs: 1,
                    seconds: 0.5,
                }],
                seconds: 2.25,
                averaged_steps: Some(7),
                patience: Some(patience.watched()),
                best: best.watched(),
                kept: KeptWeights::Own,
                precision: None,
                partial: None,
            },
            tensors: vec![
                (
                    "network/layer.weight".into(),
                    Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0])
                        .view([2, 2])
                        .tr(),
                ),
                (
                    "network/count".into(),
                    Tensor::from_slice(&[i64::MAX]).view([]),
                ),
                (
                    "optimizer/empty/momentum".into(),
                    Tensor::zeros([0], (Kind::Float, Device::Cpu)),
                ),
            ]
            .into_iter()
            .chain(KINDS.map(|(kind, dtype)| {
                let numbers = Tensor::from_slice(&[1i64, -3, 700]).to_kind(kind);
                (format!("kind/{dtype:?}"), numbers)
            }))
            .collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_back_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_none());
        let point = point();
        write(folder.path(), &point).unwrap();
        write(folder.path(), &point).unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [files::RESUME], "nothing else is left");
        let back = read(folder.path()).unwrap().unwrap();
        assert_eq!(back.standing, point.standing);
        assert_eq!(back.tensors.len(), point.tensors.len());
        for (name, tensor) in &point.tensors {
            let (_, other) = back
                .tensors
                .iter()
                .find(|(other, _)| other == name)
                .unwrap();
            assert_eq!(other, tensor, "{name}");
            assert_eq!(other.size(), tensor.size(), "{name}");
        }
    }

    #[test]
    fn a_standing_within_an_epoch_is_one_that_earlier_versions_refuse() {
        let folder = tempfile::tempdir().unwrap();
        let mut point = point();
        point.standing.partial = Some(Partial {
            batches: 2,
            counted: Metrics::new(3).counted(),
            rate: 0.1f64.to_bits(),
            seconds: 0.25,
        });
        write(folder.path(), &point).unwrap();
        let text = std::fs::read(folder.path().join(files::RESUME)).unwrap();
        assert!(String::from_utf8_lossy(&text).contains(r#""graft_resume":"2""#));
        let back = read(folder.path()).unwrap().unwrap();
        assert_eq!(back.standing, point.standing);
    }

    #[test]
    fn more_epochs_follow_those_that_were_trained() {
        let mut experiment = Experiment {
            phases: vec![Default::default(), Default::default()],
            ..Experiment::default()
        };
        experiment.phases[1].epochs = 20;
        let mut ended = point();
        ended.standing.phase_is_over = true;
        // Early stopping had ended it after its second epoch.
        extend(&mut ended, &mut experiment, 10).unwrap();
        assert_eq!(experiment.phases[1].epochs, 12);
        assert!(!ended.standing.phase_is_over);
        assert_ne!(ended.standing.patience, point().standing.patience);
        experiment.phases.push(Default::default());
        assert!(extend(&mut ended, &mut experiment, 1).is_err());
        experiment.phases.pop();
        experiment.phases[1].optimizer = Optimizer::LogisticRegression { c: None };
        let reason = extend(&mut ended, &mut experiment, 1).unwrap_err();
        assert!(reason.contains("logistic regression"), "{reason}");
        let folder = tempfile::tempdir().unwrap();
        let reason = read_end(folder.path()).unwrap_err().to_string();
        assert!(reason.contains("has no end.safetensors"), "{reason}");
    }

    #[test]
    fn a_damaged_or_foreign_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(files::RESUME);
        write(folder.path(), &point()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 4, 100, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = read(folder.path()).unwrap_err().to_string();
            assert!(error.contains("is damaged"), "{length}: {error}");
        }
        let text = String::from_utf8_lossy(&whole).into_owned();
        assert!(text.contains(r#""graft_resume":"1""#));
        let offset = whole
            .windows(18)
            .position(|bytes| bytes == br#""graft_resume":"1""#)
            .unwrap();
        let mut other = whole.clone();
        other[offset + 16] = b'9';
        std::fs::write(&path, other).unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("another version of Graft (layout 9"),
            "{error}"
        );
    }
}
