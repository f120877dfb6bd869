//! Weight files: found or downloaded, read as data, their names mapped, and copied into a backbone.

mod apart;
mod caches;
mod choose;
mod dialect;
mod download;
mod fetch;
mod listings;
mod locate;
mod pickle;
mod report;
mod safetensors_file;
mod tensors;
mod torch_file;
mod weight_file;

#[cfg(test)]
mod hostile_tests;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rayon::prelude::*;
use tch::{Tensor, no_grad_guard};

pub use apart::{listing, read_apart};
pub use choose::{chosen, input_size};
pub use download::{DownloadError, DownloadProgress};
pub use fetch::{Mirrors, fetch, origin};
pub use locate::{Obtaining, locate, obtain, on_this_machine};
pub use report::LoadReport;

use self::dialect::Dialect;
use self::tensors::{FileTensor, Values};
use super::parameters::{Entry, OUTSIDE_TREE};
use super::{Backbone, ModelError};

/// Reads `file` and copies it into `backbone`: all or nothing.
///
/// # Errors
/// When the file can't be read, or a layer of the base (not of the classifier) is missing, of another
/// shape or not finite.
pub fn load(backbone: &mut dyn Backbone, file: &Path) -> Result<LoadReport, ModelError> {
    let matched = Match::new(backbone, file)?;
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

/// What [`load`] would do with `file`, and why it would refuse it, if it would. Changes nothing.
///
/// # Errors
/// When the file can't be read at all.
pub fn check(
    backbone: &dyn Backbone,
    file: &Path,
) -> Result<(LoadReport, Option<String>), ModelError> {
    let matched = Match::new(backbone, file)?;
    Ok((matched.report, matched.refusal))
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

/// A file that has no more numbers than this (64 MB in single precision) is read once and held; a larger one is read to be
/// checked and again, one tensor at a time, to be copied.
const HELD: u64 = 16 << 20;

impl Match {
    fn new(backbone: &dyn Backbone, file: &Path) -> Result<Self, ModelError> {
        let info = backbone.info();
        let entries = &backbone.parameters().entries;
        let mut found = tensors::read(file)?;
        let own: HashSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let names: Vec<&str> = found.tensors.iter().map(|t| t.name.as_str()).collect();
        let (dialect, names) = dialect::translate(info.name, &own, &names);
        for (tensor, name) in found.tensors.iter_mut().zip(names) {
            tensor.name = name;
        }
        let mut report = LoadReport::new(dialect.name, &found);
        let mut refusals = Vec::new();
        let mut copies = Vec::new();
        let mut by_name: HashMap<&str, &FileTensor> = found
            .tensors
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor))
            .collect();
        for (index, entry) in entries.iter().enumerate() {
            let in_base = entry.is_in_base();
            let Some(tensor) = by_name.remove(entry.name.as_str()) else {
                // Files from before torch 0.4.1 do not count batches, and nothing here asks for the
                // count, nor for what only helped the training on ImageNet.
                if !is_count(&entry.name) && !entry.is_auxiliary() {
                    report.lacks(entry);
                    if in_base {
                        refusals.push(format!("{} is missing", entry.name));
                    }
                }
                continue;
            };
            if entry.is_auxiliary() {
                report.auxiliary.push(entry.name.clone());
                continue;
            }
            let shape = entry.tensor.size();
            let is_other_grid =
                is_position_embedding(&entry.name) && is_grid_of_positions(&shape, &tensor.shape);
            if !fits(&shape, &tensor.shape, dialect) && !is_other_grid {
                report.differs(entry, &tensor.shape);
                if in_base {
                    let other = &tensor.shape;
                    refusals.push(format!("{} is {other:?} and not {shape:?}", entry.name));
                }
                continue;
            }
            copies.push(Copied {
                entry: index,
                tensor: tensor.clone(),
                values: None,
            });
        }
        report.leaves_over(by_name.into_keys());
        // Half a classifier is none.
        if !report.classifier {
            copies.retain(|copied| entries[copied.entry].leaf != OUTSIDE_TREE);
        }
        report.loaded = copies.len();
        let refusal = if refusals.is_empty() {
            match dialect::same_names_other_network(info.name, dialect, file) {
                Ok(remark) => {
                    report.remarks.extend(remark);
                    not_finite(&mut copies, entries, file)?
                }
                Err(reason) => Some(reason),
            }
        } else {
            Some(misfit(info.title, refusals))
        };
        Ok(Self {
            report,
            dialect,
            refusal,
            copies,
        })
    }
}

/// The first few of what does not fit, in one sentence.
fn misfit(title: &str, mut refusals: Vec<String>) -> String {
    let others = refusals.len().saturating_sub(3);
    refusals.truncate(3);
    let more = if others > 0 {
        format!(", and {others} more")
    } else {
        String::new()
    };
    format!(
        "these weights do not fit {title}: {}{more}",
        refusals.join("; ")
    )
}

fn is_count(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

/// Other libraries hold a linear layer as a convolution, or a scale without the picture's two axes:
/// the same numbers in the same order.
fn fits(own: &[i64], other: &[i64], dialect: Dialect) -> bool {
    let flattened = || {
        own.len() != other.len()
            && own.first() == other.first()
            && own.iter().product::<i64>() == other.iter().product::<i64>()
    };
    own == other || (dialect.foreign && flattened())
}

/// What a vision transformer adds to its tokens, by torchvision's or timm's name.
fn is_position_embedding(name: &str) -> bool {
    matches!(name, "encoder.pos_embedding" | "pos_embed")
}

/// Whether both are `[1, 1 + G², C]`, of one C and any G.
fn is_grid_of_positions(own: &[i64], other: &[i64]) -> bool {
    let is_grid = |tokens: i64| tokens > 1 && (tokens - 1).isqrt().pow(2) == tokens - 1;
    match (own, other) {
        ([1, _, own], [1, tokens, other]) => own == other && is_grid(*tokens),
        _ => false,
    }
}

/// Reads every tensor that is to be copied, so that a damaged file changes nothing. Gives why they can't be used.
fn not_finite(
    copies: &mut [Copied],
    entries: &[Entry],
    file: &Path,
) -> Result<Option<String>, ModelError> {
    let numbers = |copied: &Copied| copied.tensor.numbers.count();
    let is_held = copies.iter().map(numbers).fold(0, u64::saturating_add) <= HELD;
    // Whether its numbers are finite.
    let check = |copied: &mut Copied| -> Result<bool, ModelError> {
        let values = values(&copied.tensor, file)?;
        let is_finite = values.all_finite();
        copied.values = is_held.then_some(values);
        Ok(is_finite)
    };
    // The first problem in the network's order, however many threads look for it.
    let found: Vec<Result<bool, ModelError>> = if is_held {
        copies.par_iter_mut().map(check).collect()
    } else {
        copies.iter_mut().map(check).collect()
    };
    for (copied, is_finite) in copies.iter().zip(found) {
        if !is_finite? {
            let name = &entries[copied.entry].name;
            return Ok(Some(format!("“{name}” holds values that are not finite")));
        }
    }
    Ok(None)
}

fn values(tensor: &FileTensor, file: &Path) -> Result<Values, ModelError> {
    tensor.numbers.read().map_err(|reason| ModelError::Weights {
        reason: format!("“{}” can't be read: {reason}", tensor.name),
        path: file.to_path_buf(),
    })
}

fn to_tensor(
    copied: Copied,
    entry: &Entry,
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
    let is_same_count = own.iter().product::<i64>() == tensor.shape.iter().product::<i64>();
    let shape = if is_same_count { &own } else { &tensor.shape };
    Ok(flat.f_view(shape.as_slice())?)
}
