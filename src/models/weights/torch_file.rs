//! The two layouts of `torch.save`: a zip archive (since torch 1.6) and the legacy sequence of pickles.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::pickle::{self, ElementType, Pickle, Storage, TensorView, Value};
use super::tensors::{FileTensor, Values};

/// What the legacy layout's first pickle holds.
const LEGACY_MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const LEGACY_PROTOCOL: i128 = 1001;

/// Reads every tensor of the state_dict in `file`, which is `length` bytes long.
pub(super) fn read(file: &mut File, length: u64) -> Result<Vec<FileTensor>, String> {
    let mut start = [0; 4];
    let found = read_up_to(file, &mut start)?;
    file.seek(SeekFrom::Start(0))
        .map_err(|error| error.to_string())?;
    if start[..found].starts_with(b"PK") {
        read_zip(file)
    } else {
        read_legacy(file, length)
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> Result<usize, String> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file
            .read(&mut buffer[filled..])
            .map_err(|error| error.to_string())?
        {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn read_zip(file: &mut File) -> Result<Vec<FileTensor>, String> {
    let mut archive =
        zip::ZipArchive::new(file).map_err(|error| format!("not a whole zip archive ({error})"))?;
    let names: Vec<String> = archive.file_names().map(str::to_string).collect();
    let root = names.iter().find_map(|name| name.strip_suffix("data.pkl"));
    let root = root
        .ok_or("the archive holds no data.pkl: not a file of torch.save")?
        .to_string();
    if names.iter().any(|name| name.ends_with("constants.pkl")) {
        return Err(
            "the file is TorchScript, which is code and not weights; save a state_dict instead"
                .into(),
        );
    }
    if names.contains(&format!("{root}byteorder")) {
        let order = zip_entry(&mut archive, &format!("{root}byteorder"), 16)?;
        if order != b"little" {
            return Err("the file was written on a big-endian machine".into());
        }
    }
    let bytes = zip_entry(
        &mut archive,
        &format!("{root}data.pkl"),
        pickle::MAX_PICKLE_BYTES,
    )?;
    let pickle = pickle::read(&bytes)?;
    let mut storages = Storages::default();
    for storage in wanted(&pickle) {
        let size = storage_bytes(&storage)?;
        let bytes = zip_entry(&mut archive, &format!("{root}data/{}", storage.key), size)?;
        storages.insert(storage, bytes)?;
    }
    collect(&pickle, &storages)
}

/// The bytes of entry `name`, at most `limit` of them.
fn zip_entry(
    archive: &mut zip::ZipArchive<&mut File>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, String> {
    let entry = archive
        .by_name(name)
        .map_err(|error| format!("the archive lacks “{name}” ({error})"))?;
    if entry.size() > limit {
        return Err(format!(
            "“{name}” in the archive is larger than it should be"
        ));
    }
    let mut bytes = Vec::new();
    entry
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("“{name}” is damaged ({error})"))?;
    if bytes.len() as u64 > limit {
        return Err(format!(
            "“{name}” in the archive is larger than it should be"
        ));
    }
    Ok(bytes)
}

/// Four pickles (magic number, protocol, system, state_dict), the keys of the storages, and the
/// storages: a count of eight bytes and the numbers.
fn read_legacy(file: &mut File, length: u64) -> Result<Vec<FileTensor>, String> {
    let mut bytes = Vec::new();
    file.take(length)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    let mut position = 0;
    let magic = next_pickle(&bytes, &mut position).map_err(|_| "not a file of torch.save")?;
    if *magic.root() != Value::Int(LEGACY_MAGIC) {
        return Err("not a file of torch.save".into());
    }
    if *next_pickle(&bytes, &mut position)?.root() != Value::Int(LEGACY_PROTOCOL) {
        return Err("the file's protocol is not known".into());
    }
    let system = next_pickle(&bytes, &mut position)?;
    let big_endian = entries(&system)
        .into_iter()
        .any(|(key, value)| key == "little_endian" && *system.value(value) == Value::Bool(false));
    if big_endian {
        return Err("the file was written on a big-endian machine".into());
    }
    let state = next_pickle(&bytes, &mut position)?;
    let keys = next_pickle(&bytes, &mut position)?;
    let Value::List(keys_in_order) = keys.root() else {
        return Err("the list of storages is missing".into());
    };
    let known: HashMap<String, Storage> = wanted(&state)
        .into_iter()
        .map(|storage| (storage.key.clone(), storage))
        .collect();
    let mut storages = Storages::default();
    for key in keys_in_order {
        let Value::Text(key) = keys.value(*key) else {
            return Err("a storage's key is no text".into());
        };
        // Without its type nobody knows where a storage ends.
        let storage = known
            .get(key)
            .ok_or("a storage belongs to no tensor")?
            .clone();
        let count = bytes
            .get(position..position + 8)
            .and_then(|count| count.try_into().ok());
        if count.map(u64::from_le_bytes) != Some(storage.length) {
            return Err(
                "the file is cut off, or a storage is not as long as its tensors say".into(),
            );
        }
        position += 8;
        let end = usize::try_from(storage_bytes(&storage)?)
            .ok()
            .and_then(|size| position.checked_add(size));
        let end = end
            .filter(|end| *end <= bytes.len())
            .ok_or("the file is cut off")?;
        storages.insert(storage, bytes[position..end].to_vec())?;
        position = end;
    }
    collect(&state, &storages)
}

fn next_pickle(bytes: &[u8], position: &mut usize) -> Result<Pickle, String> {
    let rest = bytes.get(*position..).unwrap_or_default();
    let longest = rest
        .len()
        .min(usize::try_from(pickle::MAX_PICKLE_BYTES).unwrap_or(usize::MAX));
    let pickle = pickle::read(&rest[..longest])?;
    *position += pickle.end;
    Ok(pickle)
}

fn storage_bytes(storage: &Storage) -> Result<u64, String> {
    let size = storage.length.checked_mul(storage.element.bytes() as u64);
    size.ok_or_else(|| "a storage's length is out of range".into())
}

/// Text keys and values of the pickle's topmost dictionary.
fn entries(pickle: &Pickle) -> Vec<(&str, pickle::Id)> {
    dictionary(pickle, pickle.root)
}

fn dictionary(pickle: &Pickle, id: pickle::Id) -> Vec<(&str, pickle::Id)> {
    let Value::Dict(pairs) = pickle.value(id) else {
        return Vec::new();
    };
    let text = |id: pickle::Id| match pickle.value(id) {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    };
    pairs
        .iter()
        .filter_map(|(key, value)| Some((text(*key)?, *value)))
        .collect()
}

/// Every storage that a value of the pickle names, once.
fn wanted(pickle: &Pickle) -> Vec<Storage> {
    let mut seen = std::collections::HashSet::new();
    let mut storages = Vec::new();
    for value in &pickle.values {
        if let Value::Storage(storage) = value
            && seen.insert(storage.key.clone())
        {
            storages.push(storage.clone());
        }
    }
    storages
}

/// The tensors of the state_dict, which stands on top or, in a checkpoint, under a usual name.
fn collect(pickle: &Pickle, storages: &Storages) -> Result<Vec<FileTensor>, String> {
    let top = entries(pickle);
    let inner = ["state_dict", "model", "model_state_dict", "net", "network"]
        .into_iter()
        .find_map(|name| {
            let (_, id) = top.iter().find(|(key, _)| *key == name)?;
            matches!(pickle.value(*id), Value::Dict(_)).then(|| dictionary(pickle, *id))
        });
    let mut tensors = Vec::new();
    let mut budget = storages.elements;
    for (name, id) in inner.unwrap_or(top) {
        if let Value::Tensor(view) = pickle.value(id) {
            let values = storages
                .gather(view, &mut budget)
                .map_err(|reason| format!("“{name}”: {reason}"))?;
            let shape = view.shape.iter().map(|side| side.cast_signed()).collect();
            tensors.push(FileTensor {
                name: name.to_string(),
                shape,
                values,
            });
        }
    }
    if tensors.is_empty() {
        return Err("the file holds no state_dict (a dictionary of tensors)".into());
    }
    Ok(tensors)
}

/// The file's blocks of numbers, by key.
#[derive(Default)]
struct Storages {
    by_key: HashMap<String, (ElementType, Vec<u8>)>,
    /// Numbers that tensors may hold together: tensors may share storages, but four times over says
    /// that the file means harm.
    elements: u64,
}

impl Storages {
    fn insert(&mut self, storage: Storage, bytes: Vec<u8>) -> Result<(), String> {
        if bytes.len() as u64 != storage_bytes(&storage)? {
            return Err(format!(
                "storage “{}” is not as long as its tensors say",
                storage.key
            ));
        }
        self.elements = self
            .elements
            .saturating_add(storage.length.saturating_mul(4))
            .saturating_add(64);
        self.by_key.insert(storage.key, (storage.element, bytes));
        Ok(())
    }

    /// The numbers of `view` in row-major order.
    fn gather(&self, view: &TensorView, budget: &mut u64) -> Result<Values, String> {
        let (element, bytes) = self
            .by_key
            .get(&view.storage.key)
            .ok_or("its numbers are missing")?;
        if *element != view.storage.element {
            return Err("its storage has two types".into());
        }
        let count = view
            .shape
            .iter()
            .try_fold(1u64, |count, side| count.checked_mul(*side));
        let count = count
            .filter(|count| count <= budget)
            .ok_or("its shape is larger than the file's numbers")?;
        *budget -= count;
        let mut last = view.offset;
        for (side, stride) in view.shape.iter().zip(&view.strides) {
            let reach = side
                .saturating_sub(1)
                .checked_mul(*stride)
                .and_then(|reach| last.checked_add(reach));
            last = reach.ok_or("its strides are out of range")?;
        }
        if count > 0 && last >= (bytes.len() / element.bytes()) as u64 {
            return Err("it reaches beyond its storage".into());
        }
        let places = Places::new(view, count);
        Ok(Values::decode(*element, bytes, places))
    }
}

/// Indices into a storage in row-major order of the tensor.
struct Places<'a> {
    view: &'a TensorView,
    index: Vec<u64>,
    left: u64,
}

impl<'a> Places<'a> {
    fn new(view: &'a TensorView, count: u64) -> Self {
        Self {
            view,
            index: vec![0; view.shape.len()],
            left: count,
        }
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let steps: u64 = self
            .index
            .iter()
            .zip(&self.view.strides)
            .map(|(index, stride)| index * stride)
            .sum();
        for axis in (0..self.index.len()).rev() {
            self.index[axis] += 1;
            if self.index[axis] < self.view.shape[axis] {
                break;
            }
            self.index[axis] = 0;
        }
        usize::try_from(self.view.offset + steps).ok()
    }
}
