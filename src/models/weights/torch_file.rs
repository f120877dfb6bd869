//! The two layouts of `torch.save`: a zip archive (since torch 1.6) and the legacy sequence of pickles.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use super::collect::collect;
use super::foreign;
use super::pickle::{self, Pickle, Storage, Value};
use super::tensors::FoundTensors;
use super::weight_file::WeightFile;

/// What the legacy layout's first pickle holds.
const LEGACY_MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const LEGACY_PROTOCOL: i128 = 1001;

const NEITHER: &str = "not a file of torch.save, nor one of safetensors; download or copy it again, or save the network \
                       anew: torch.save(model.state_dict(), …)";
const BIG_ENDIAN: &str = "the file was written on a big-endian machine; load it in Python and save it as safetensors, which \
                          have one order: safetensors.torch.save_file(…)";

/// Where every storage's numbers begin in the file.
pub(super) type Storages = HashMap<String, (Storage, u64)>;

/// Lists every tensor of the state_dict in `file`.
pub(super) fn read(file: &Arc<WeightFile>) -> Result<FoundTensors, String> {
    let start = file.read(0, file.length().min(2))?;
    let (pickle, storages) = if start == b"PK" {
        let length = file.length();
        file.with_file(|file| read_zip(file, length))?
    } else {
        read_legacy(file)?
    };
    collect(file, &pickle, &storages)
}

fn read_zip(file: &mut File, length: u64) -> Result<(Pickle, Storages), String> {
    let mut archive = zip::ZipArchive::new(file).map_err(|error| {
        format!("not a whole zip archive: its end is missing or damaged, as after a download or copy that broke off ({error})")
    })?;
    let names: Vec<String> = archive.file_names().map(str::to_string).collect();
    let root = names
        .iter()
        .find_map(|name| name.strip_suffix("data.pkl"))
        .filter(|root| root.is_empty() || root.ends_with('/'));
    let root = match root {
        Some(root) => root.to_string(),
        None => return Err(foreign::archive(&names)),
    };
    let is_script = |name: &String| {
        name.strip_prefix(&root)
            .is_some_and(|inside| inside == "constants.pkl" || inside.starts_with("code/"))
    };
    if names.iter().any(is_script) {
        return Err(
            "the file is TorchScript, which is code and not weights; in Python, save a state_dict instead: \
             torch.save(torch.jit.load(…).state_dict(), …)"
                .into(),
        );
    }
    if names.contains(&format!("{root}byteorder")) {
        let (_, order) = zip_entry(&mut archive, &format!("{root}byteorder"), 16)?;
        if order != b"little" {
            return Err(BIG_ENDIAN.into());
        }
    }
    let (_, bytes) = zip_entry(
        &mut archive,
        &format!("{root}data.pkl"),
        pickle::MAX_PICKLE_BYTES,
    )?;
    let pickle = pickle::read(&bytes)?;
    let mut storages = Storages::new();
    let mut left = length;
    for storage in storages_of(&pickle)? {
        let name = format!("{root}data/{}", storage.key);
        let size = storage_bytes(&storage)?;
        // Entries that overlap would be read again and again.
        left = left
            .checked_sub(size)
            .ok_or("its storages together are larger than the file")?;
        let start = zip_storage(&mut archive, &name, size)?;
        storages.insert(storage.key.clone(), (storage, start));
    }
    Ok((pickle, storages))
}

/// Where the entry's bytes begin, and the bytes: at most `limit` of them.
fn zip_entry(
    archive: &mut zip::ZipArchive<&mut File>,
    name: &str,
    limit: u64,
) -> Result<(u64, Vec<u8>), String> {
    let entry = stored_entry(archive, name)?;
    if entry.size() > limit {
        return Err(format!(
            "“{name}” in the archive is larger than it should be"
        ));
    }
    let start = entry.data_start();
    let mut bytes = Vec::new();
    entry
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("“{name}” is damaged ({error})"))?;
    Ok((start, bytes))
}

/// Where a storage of `size` bytes begins. Reads it through once, which compares its checksum.
fn zip_storage(
    archive: &mut zip::ZipArchive<&mut File>,
    name: &str,
    size: u64,
) -> Result<u64, String> {
    let mut entry = stored_entry(archive, name)?;
    if entry.size() != size {
        return Err(format!("“{name}” is not as long as its tensors say"));
    }
    let start = entry.data_start();
    let read = std::io::copy(&mut entry, &mut std::io::sink())
        .map_err(|error| format!("“{name}” is damaged ({error})"))?;
    if read != size {
        return Err(format!("“{name}” is cut off"));
    }
    Ok(start)
}

/// torch never compresses, and what is not compressed can't grow while it is read.
fn stored_entry<'a, 'b>(
    archive: &'a mut zip::ZipArchive<&'b mut File>,
    name: &str,
) -> Result<zip::read::ZipFile<'a, &'b mut File>, String> {
    let entry = archive
        .by_name(name)
        .map_err(|error| format!("the archive lacks “{name}” ({error})"))?;
    if entry.compression() != zip::CompressionMethod::Stored
        || entry.compressed_size() != entry.size()
    {
        return Err(format!(
            "“{name}” in the archive is compressed, which torch.save never does and packing the file anew does; download \
             it again, or unpack it and pack it without compression (zip -0 -r)"
        ));
    }
    Ok(entry)
}

/// Four pickles (magic number, protocol, system, state_dict), the keys of the storages, and the
/// storages: a count of eight bytes and the numbers.
fn read_legacy(file: &WeightFile) -> Result<(Pickle, Storages), String> {
    let longest = file.length().min(pickle::MAX_PICKLE_BYTES);
    let bytes = file.read(0, longest)?;
    let mut position = 0;
    let magic = match next_pickle(&bytes, &mut position) {
        Ok(magic) => magic,
        // Whatever the file is: an attack is named.
        Err(reason) if reason.contains("may run code") => return Err(reason),
        Err(_) => return Err(NEITHER.into()),
    };
    match magic.root() {
        Value::Int(LEGACY_MAGIC) => {}
        Value::Dict(_) | Value::Object(_) | Value::List(_) | Value::Tuple(_) => {
            return Err(
                "it is a plain pickle, as pickle.dump writes, and not a file of torch.save; load it in Python and save its \
                 numbers as tensors: torch.save({name: torch.as_tensor(value) for name, value in …}, …)"
                    .into(),
            );
        }
        _ => return Err(NEITHER.into()),
    }
    if *next_pickle(&bytes, &mut position)?.root() != Value::Int(LEGACY_PROTOCOL) {
        return Err("the file's protocol is not known".into());
    }
    let system = next_pickle(&bytes, &mut position)?;
    let big_endian = match system.root() {
        Value::Dict(pairs) => pairs.iter().any(|(key, value)| {
            *system.value(*key) == Value::Text("little_endian".into())
                && *system.value(*value) == Value::Bool(false)
        }),
        _ => false,
    };
    if big_endian {
        return Err(BIG_ENDIAN.into());
    }
    let state = next_pickle(&bytes, &mut position)?;
    let keys = next_pickle(&bytes, &mut position)?;
    let Value::List(keys_in_order) = keys.root() else {
        return Err("the list of storages is missing".into());
    };
    let known: HashMap<String, Storage> = storages_of(&state)?
        .into_iter()
        .map(|storage| (storage.key.clone(), storage))
        .collect();
    let mut storages = Storages::new();
    let mut position = position as u64;
    for key in keys_in_order {
        let Value::Text(key) = keys.value(*key) else {
            return Err("a storage's key is no text".into());
        };
        // Without its type nobody knows where a storage ends.
        let storage = known
            .get(key)
            .ok_or("a storage belongs to no tensor")?
            .clone();
        let count: [u8; 8] = file
            .read(position, 8)?
            .try_into()
            .map_err(|_| "the file is cut off")?;
        if u64::from_le_bytes(count) != storage.length {
            return Err(
                "the file is cut off, or a storage is not as long as its tensors say".into(),
            );
        }
        let start = position + 8;
        position = start
            .checked_add(storage_bytes(&storage)?)
            .filter(|end| *end <= file.length())
            .ok_or("the file is cut off")?;
        storages.insert(key.clone(), (storage, start));
    }
    Ok((state, storages))
}

fn next_pickle(bytes: &[u8], position: &mut usize) -> Result<Pickle, String> {
    let pickle = pickle::read(bytes.get(*position..).unwrap_or_default())?;
    *position += pickle.end;
    Ok(pickle)
}

fn storage_bytes(storage: &Storage) -> Result<u64, String> {
    let size = storage.length.checked_mul(storage.element.bytes() as u64);
    size.ok_or_else(|| "a storage's length is out of range".into())
}

/// Every storage that a value of the pickle names, once.
///
/// # Errors
/// When two tensors say different things of one storage.
fn storages_of(pickle: &Pickle) -> Result<Vec<Storage>, String> {
    let mut seen: HashMap<&str, &Storage> = HashMap::new();
    let mut storages = Vec::new();
    for value in &pickle.values {
        let Value::Storage(storage) = value else {
            continue;
        };
        match seen.insert(&storage.key, storage) {
            None => storages.push(storage.clone()),
            Some(other) if other == storage => {}
            Some(_) => {
                return Err(format!(
                    "storage “{}” has two types or lengths",
                    storage.key
                ));
            }
        }
    }
    Ok(storages)
}
