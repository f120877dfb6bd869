//! Weight files: found or downloaded, read as data, their names mapped, and copied into a backbone.

mod caches;
mod called;
mod choose;
mod collect;
mod dialect;
mod examine;
mod fetch;
mod fit;
mod foreign;
mod health;
mod leftover;
mod listings;
mod locate;
mod misfit;
mod outline;
mod preprocessing;
mod report;
mod resolve;
mod safetensors_file;
mod sandboxed_reader;
mod tensors;
mod torch_file;
mod weight_file;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod resolve_tests;

use std::path::Path;

use tch::{Tensor, no_grad_guard};

pub use super::download::{DownloadError, DownloadProgress};
pub(super) use caches::sha256;
pub use choose::chosen;
pub use examine::{Examined, examine};
pub use fetch::{Mirrors, fetch, origin};
pub use locate::{Obtaining, fingerprint, locate, obtain, on_this_machine};
pub use preprocessing::{input_size, numbers, preprocessing, preprocessing_line, settle};
pub use report::LoadReport;
pub use sandboxed_reader::{listing, read_apart};

use self::called::Called;
use self::dialect::Dialect;
use self::outline::Outline;
use self::resolve::{Reading, Taken, resolve};
use self::tensors::{FileTensor, Values};
use super::parameters::{OUTSIDE_TREE, ParameterEntry};
use super::{Backbone, ModelError};
use crate::pickle;

/// Reads `file` and copies it into `backbone`: all or nothing.
///
/// # Errors
/// When the file can't be read, holds the network several times, or a layer of the base (not of the classifier) is missing, of
/// another shape, not finite, or one too many.
pub fn load(backbone: &mut dyn Backbone, file: &Path) -> Result<LoadReport, ModelError> {
    load_part(backbone, file, None)
}

/// As [`load`], of the network that stands under `key` in the file.
///
/// # Errors
/// As [`load`], and when there is none under that key.
pub fn load_part(
    backbone: &mut dyn Backbone,
    file: &Path,
    key: Option<&str>,
) -> Result<LoadReport, ModelError> {
    let matched = Match::new(backbone, file, key)?;
    if let Some(reason) = matched.refusal {
        return Err(ModelError::Weights {
            reason,
            path: file.to_path_buf(),
        });
    }
    let _guard = no_grad_guard();
    for copied in matched.copies {
        let entry = &backbone.parameters().entries[copied.entry];
        let source = to_tensor(copied, entry, matched.dialect, file)?;
        let mut target = entry.tensor.shallow_clone();
        if is_position_embedding(&entry.name) && source.size() != target.size() {
            // Learned at another picture size; the network brings it to any grid. Every handle on the
            // tensor sees the new shape.
            target.f_set_data(&source.f_to(target.device())?)?;
        } else {
            target.f_copy_(&source)?;
        }
    }
    Ok(matched.report)
}

/// What [`load_part`] would do with `file`, and why it would refuse it, if it would. Changes nothing.
///
/// # Errors
/// When the file can't be read at all.
pub fn check(
    backbone: &dyn Backbone,
    file: &Path,
    key: Option<&str>,
) -> Result<(LoadReport, Option<String>), ModelError> {
    let matched = Match::new(backbone, file, key)?;
    Ok((matched.report, matched.refusal))
}

/// How the file at `path` is written, by its first bytes.
pub fn format(path: &Path) -> &'static str {
    tensors::format(path)
}

/// A file's tensors beside a network's.
struct Match {
    report: LoadReport,
    dialect: Dialect,
    /// Why the file can't be used for this network.
    refusal: Option<String>,
    copies: Vec<Copied>,
}

/// What belongs into an entry of the network.
struct Copied {
    /// Its index.
    entry: usize,
    tensor: FileTensor,
    /// Its numbers, where the whole file's are held.
    values: Option<Values>,
}

impl Match {
    fn new(backbone: &dyn Backbone, file: &Path, key: Option<&str>) -> Result<Self, ModelError> {
        let info = backbone.info();
        let entries = &backbone.parameters().entries;
        let found = tensors::read(file)?;
        let outline = Outline::of(backbone);
        let reading = Reading::new(&found);
        let (taken, refusal) = match resolve(&outline, &reading, key) {
            Ok(taken) => (Some(taken), None),
            Err(refused) => {
                let reason = refused.reason.unwrap_or_else(|| {
                    misfit::describe(&outline, &reading, refused.fit.as_ref(), file)
                });
                let taken = refused.fit.map(|fit| Taken {
                    fit,
                    others: Vec::new(),
                    convention: None,
                });
                (taken, Some(reason))
            }
        };
        let Some(taken) = taken else {
            return Ok(Self {
                report: LoadReport::default(),
                dialect: dialect::native(info.name),
                refusal,
                copies: Vec::new(),
            });
        };
        let mut report = LoadReport::new(&taken, &outline, &found);
        let dialect = taken.fit.dialect;
        let called = Called::new(file, found.architecture.as_deref());
        let mut copies: Vec<Copied> = taken
            .fit
            .copies
            .iter()
            // Half a classifier is none.
            .filter(|(entry, _)| report.classifier || entries[*entry].leaf != OUTSIDE_TREE)
            .map(|&(entry, tensor)| Copied {
                entry,
                tensor: found.tensors[tensor].clone(),
                values: None,
            })
            .collect();
        report.loaded = copies.len();
        report.stamp = copies.first().map(|copied| copied.tensor.numbers.stamp());
        let refusal = match refusal {
            Some(reason) => Some(reason),
            None => match called.doubts(info, dialect) {
                Ok(doubts) => {
                    report.remarks.extend(doubts);
                    let health = health::check(&mut copies, entries, file)?;
                    report.remarks.extend(health.remark);
                    health.refusal
                }
                Err(reason) => Some(reason),
            },
        };
        Ok(Self {
            report,
            dialect,
            refusal,
            copies,
        })
    }
}

fn is_count(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

/// What a vision transformer adds to its tokens, by torchvision's or timm's name.
fn is_position_embedding(name: &str) -> bool {
    matches!(name, "encoder.pos_embedding" | "pos_embed")
}

fn values(tensor: &FileTensor, file: &Path) -> Result<Values, ModelError> {
    tensor.numbers.read().map_err(|reason| ModelError::Weights {
        reason: format!("“{}” can't be read: {reason}", tensor.name),
        path: file.to_path_buf(),
    })
}

fn to_tensor(
    copied: Copied,
    entry: &ParameterEntry,
    dialect: Dialect,
    file: &Path,
) -> Result<Tensor, ModelError> {
    let tensor = &copied.tensor;
    let read = match copied.values {
        Some(read) => read,
        None => values(tensor, file)?,
    };
    let flat = match read {
        Values::Real(mut values) => {
            if dialect.variance_shift != 0.0 && entry.name.ends_with("running_var") {
                for value in &mut values {
                    *value = (f64::from(*value) + dialect.variance_shift) as f32;
                }
            }
            Tensor::f_from_slice(&values)?
        }
        Values::Whole(values) => Tensor::f_from_slice(&values)?,
    };
    // Numbers that another library shapes otherwise take the network's shape.
    let own = entry.tensor.size();
    let count = |shape: &[i64]| shape.iter().try_fold(1i64, |n, side| n.checked_mul(*side));
    let is_same_count = count(&own) == count(&tensor.shape);
    let shape = if is_same_count { &own } else { &tensor.shape };
    Ok(flat.f_view(shape.as_slice())?)
}
