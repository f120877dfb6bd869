//! The tensors of a checkpoint, in whatever dictionaries it keeps them.

use std::collections::HashSet;
use std::sync::Arc;

use super::leftover::is_optimizers;
use super::pickle::{Id, Object, Pickle, Value};
use super::tensors::{FileTensor, FoundTensors, Numbers, Unread};
use super::torch_file::Storages;
use super::weight_file::WeightFile;

/// Dictionaries inside dictionaries: `checkpoint["models"]["teacher"]["state_dict"]` is three deep.
const DEEPEST: usize = 6;
/// Tensors of the largest networks are counted in thousands.
pub(super) const MAX_TENSORS: usize = 100_000;
/// A person can read no more.
const MAX_NAME_BYTES: usize = 512;

/// Lists every tensor under its path, `state_dict.layer1.0.conv1.weight`, and what stands there that is no tensor.
pub(super) fn collect(
    file: &Arc<WeightFile>,
    pickle: &Pickle,
    storages: &Storages,
) -> Result<FoundTensors, String> {
    let mut walk = Walk {
        file,
        pickle,
        storages,
        found: FoundTensors::default(),
        seen: HashSet::new(),
        module: None,
    };
    walk.container(pickle.root, "", 0)?;
    let Walk { found, module, .. } = walk;
    if found.tensors.is_empty() {
        return Err(match module {
            Some(class) => format!(
                "it holds a whole network as an object of “{class}”, which only running that class's code could make; in \
                 Python, where that class is, save its weights alone: torch.save(model.state_dict(), …)"
            ),
            None if !found.unread.is_empty() => {
                let Unread { name, why, .. } = &found.unread[0];
                format!("the file holds no state_dict (a dictionary of tensors): “{name}” {why}")
            }
            None => "the file holds no state_dict (a dictionary of tensors)".into(),
        });
    }
    // Tensors may share storages, but not without end.
    let all = storages
        .values()
        .fold(0u64, |all, (storage, _)| all.saturating_add(storage.length));
    let budget = all
        .saturating_mul(4)
        .saturating_add(64 * found.tensors.len() as u64);
    let numbers = found.tensors.iter().fold(0u64, |sum, tensor| {
        sum.saturating_add(tensor.numbers.count())
    });
    if numbers > budget {
        return Err("its tensors together are far larger than the file".into());
    }
    Ok(found)
}

struct Walk<'a> {
    file: &'a Arc<WeightFile>,
    pickle: &'a Pickle,
    storages: &'a Storages,
    found: FoundTensors,
    /// What was looked into: what two keys share is listed under the first.
    seen: HashSet<Id>,
    /// The class of a whole network, which is an object and no dictionary of tensors.
    module: Option<Arc<str>>,
}

impl Walk<'_> {
    /// Everything in the container `id`, whose path is `path`.
    fn container(&mut self, id: Id, path: &str, depth: usize) -> Result<(), String> {
        if depth > DEEPEST || !self.seen.insert(id) {
            return Ok(());
        }
        let pickle = self.pickle;
        match pickle.value(id) {
            Value::Dict(pairs) => self.pairs(pairs, path, depth),
            Value::Object(object) => {
                if is_module(pickle, object) {
                    self.module.get_or_insert_with(|| Arc::clone(&object.class));
                    return Ok(());
                }
                self.pairs(&object.items, path, depth)?;
                match object.state {
                    Some(state) => self.container(state, path, depth + 1),
                    None => Ok(()),
                }
            }
            Value::List(items) | Value::Tuple(items) => {
                // A few dictionaries in a row; long lists are numbers.
                for (index, item) in items.iter().enumerate().take(64) {
                    if let Value::Dict(_) | Value::Object(_) = pickle.value(*item) {
                        self.container(*item, &joined(path, &index.to_string()), depth + 1)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn pairs(&mut self, pairs: &[(Id, Id)], path: &str, depth: usize) -> Result<(), String> {
        let pickle = self.pickle;
        let dictionary = self.found.dictionaries.len();
        self.found.dictionaries.push(path.to_owned());
        // An optimizer numbers what it remembers of the weights, which are none themselves.
        let takes_numbers = !is_optimizers(path);
        for (key, value) in pairs {
            let key = match pickle.value(*key) {
                Value::Text(key) if key.len() <= MAX_NAME_BYTES => key.clone(),
                // Folds, seeds and members of an ensemble are kept by their numbers.
                Value::Int(number) if takes_numbers => number.to_string(),
                _ => continue,
            };
            let key = key.as_str();
            let name = joined(path, key);
            match pickle.value(*value) {
                Value::Tensor(view) => {
                    if self.found.tensors.len() >= MAX_TENSORS {
                        return Err("it holds more tensors than any network has".into());
                    }
                    let tensor = self.storages.get(&view.storage.key).map_or_else(
                        || Err("has no numbers in this file".to_owned()),
                        |(storage, start)| {
                            let shape = view.shape.iter().map(|side| i64::try_from(*side).ok());
                            let shape: Option<Vec<i64>> = shape.collect();
                            let numbers = Numbers::new(self.file, *start, storage.length, view)
                                .map_err(|reason| format!("can't be read: {reason}"))?;
                            let shape = shape.ok_or("is too large")?;
                            Ok((shape, numbers))
                        },
                    );
                    match tensor {
                        Ok((shape, numbers)) => self.found.tensors.push(FileTensor {
                            name,
                            dictionary,
                            shape,
                            numbers,
                        }),
                        Err(why) => self.unread(name, why, true),
                    }
                }
                Value::Object(object) => {
                    let class = Arc::clone(&object.class);
                    self.container(*value, &name, depth + 1)?;
                    // A tensor of another kind, such as a quantised one, is made by another function or on another storage.
                    let is_tensor = class.contains("_rebuild_") || class.ends_with("Storage");
                    let why = if is_tensor {
                        format!("is a tensor made by “{class}”, which is not read here")
                    } else if class.starts_with("numpy") {
                        format!(
                            "is of “{class}” and no tensor: in Python, save torch.as_tensor of it"
                        )
                    } else {
                        format!("is of “{class}” and no tensor")
                    };
                    self.unread(name, why, is_tensor);
                }
                Value::Dict(_) | Value::List(_) | Value::Tuple(_) => {
                    self.container(*value, &name, depth + 1)?;
                }
                _ => self.note_architecture(path, key, *value),
            }
        }
        Ok(())
    }

    fn unread(&mut self, name: String, why: String, is_tensor: bool) {
        if self.found.unread.len() < MAX_TENSORS {
            self.found.unread.push(Unread {
                name,
                why,
                is_tensor,
            });
        }
    }

    /// Training scripts of timm and others say what they trained, on top or among their settings.
    fn note_architecture(&mut self, path: &str, key: &str, value: Id) {
        let is_asked = match (path, key) {
            (_, "arch" | "architecture" | "model_name") => path.is_empty() || is_settings(path),
            (_, "model") => is_settings(path),
            _ => false,
        };
        if let Value::Text(text) = self.pickle.value(value)
            && is_asked
            && text.len() <= MAX_NAME_BYTES
            // What stands on top comes before all settings.
            && (path.is_empty() || self.found.architecture.is_none())
        {
            self.found.architecture = Some(text.clone());
        }
    }
}

/// Whether a dictionary of this path holds what a training script was started with.
fn is_settings(path: &str) -> bool {
    matches!(
        path,
        "args" | "hyper_parameters" | "hparams" | "config" | "cfg"
    )
}

/// Whether `object` is a network of torch's, with its layers as attributes.
fn is_module(pickle: &Pickle, object: &Object) -> bool {
    let Some(Value::Dict(state)) = object.state.map(|state| pickle.value(state)) else {
        return false;
    };
    state.iter().any(|(key, _)| {
        matches!(pickle.value(*key), Value::Text(key) if key == "_modules" || key == "_parameters")
    })
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
