//! The safetensors format: the length of a header, the header as JSON, the numbers.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::collect::MAX_TENSORS;
use super::pickle::{ElementType, MAX_DIMENSIONS, Storage, TensorView};
use super::tensors::{FileTensor, FoundTensors, Numbers, Unread};
use super::weight_file::WeightFile;

/// The limit of the format's own library.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Whether a file that begins with `start` says that it is in this format.
pub(super) fn begins_like(start: &[u8]) -> bool {
    let header = start.get(8..).unwrap_or_default();
    header.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// A tensor as the header describes it.
#[derive(Deserialize)]
struct Described {
    dtype: String,
    #[serde(deserialize_with = "few")]
    shape: Vec<u64>,
    /// From the header's end.
    data_offsets: (u64, u64),
}

/// The sides of a shape, which are few: a list that fills the header would fill the memory eight times over.
fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    struct Sides;
    impl<'de> Visitor<'de> for Sides {
        type Value = Vec<u64>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a shape")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<u64>, A::Error> {
            let mut sides = Vec::new();
            while let Some(side) = sequence.next_element()? {
                if sides.len() == MAX_DIMENSIONS {
                    return Err(A::Error::custom("a shape of too many sides"));
                }
                sides.push(side);
            }
            Ok(sides)
        }
    }
    deserializer.deserialize_seq(Sides)
}

/// The header: read in one go, and no further than a network's has entries.
#[derive(Default)]
struct Header {
    tensors: Vec<(String, Described)>,
    metadata: HashMap<String, String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("tensors by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        header.metadata = map.next_value()?;
                    } else if header.tensors.len() < MAX_TENSORS {
                        header.tensors.push((name, map.next_value()?));
                    } else {
                        return Err(A::Error::custom("more tensors than any network has"));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Every tensor, by name. The header must describe the whole rest of the file, without gaps.
pub(super) fn read(file: &Arc<WeightFile>) -> Result<FoundTensors, String> {
    let length: [u8; 8] = file
        .read(0, 8)?
        .try_into()
        .map_err(|_| "the file is cut off")?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER_BYTES || length > file.length().saturating_sub(8) {
        return Err("its header is longer than the file".into());
    }
    let header = file.read(8, length)?;
    let Header {
        mut tensors,
        metadata,
    } = serde_json::from_slice(&header)
        .map_err(|error| format!("its header is damaged ({error})"))?;
    drop(header);
    let begin = 8 + length;
    without_gaps(&mut tensors, file.length() - begin)?;
    tensors.sort_by(|(left, _), (right, _)| left.cmp(right));
    let mut found = FoundTensors {
        dictionaries: vec![String::new()],
        architecture: ["architecture", "arch", "model_name"]
            .into_iter()
            .find_map(|key| metadata.get(key).cloned()),
        ..FoundTensors::default()
    };
    let mut before = None;
    for (name, described) in tensors {
        if before.as_ref() == Some(&name) {
            return Err(format!(
                "its header is damaged (“{name}” stands in it twice)"
            ));
        }
        before = Some(name.clone());
        let Some(element) = element(&described.dtype) else {
            let why = format!(
                "holds numbers of type {}, which are no weights without what unpacks them; take the file in single or \
                 half precision",
                described.dtype.chars().take(20).collect::<String>()
            );
            found.unread.push(Unread {
                name,
                why,
                is_tensor: true,
            });
            continue;
        };
        let (shape, numbers) = placed(file, begin, element, &described)
            .map_err(|reason| format!("“{name}” {reason}"))?;
        found.tensors.push(FileTensor {
            name,
            dictionary: 0,
            shape,
            numbers,
        });
    }
    Ok(found)
}

/// Whether the tensors' numbers follow each other from the header's end to the file's, which has `length` bytes more.
fn without_gaps(tensors: &mut [(String, Described)], length: u64) -> Result<(), String> {
    tensors.sort_by_key(|(_, described)| described.data_offsets);
    let mut end = 0;
    for (name, described) in tensors {
        let (from, to) = described.data_offsets;
        if from != end || to < from {
            return Err(format!(
                "its header is damaged (“{name}” does not begin where the tensor before it ends)"
            ));
        }
        end = to;
    }
    if end == length {
        Ok(())
    } else {
        Err("the file is cut off, or longer than its header says".into())
    }
}

/// Where the numbers stand; else how a sentence about the tensor goes on.
fn placed(
    file: &Arc<WeightFile>,
    begin: u64,
    element: ElementType,
    described: &Described,
) -> Result<(Vec<i64>, Numbers), String> {
    let (from, to) = described.data_offsets;
    let shape = &described.shape;
    let size = element.bytes() as u64;
    // A side of 0 makes nothing of all others, however long they are.
    let count = match shape.contains(&0) {
        true => Some(0),
        false => shape.iter().try_fold(1u64, |n, side| n.checked_mul(*side)),
    };
    let bytes = count.and_then(|count| count.checked_mul(size));
    if bytes != Some(to - from) {
        return Err("is not as long as its shape says".into());
    }
    let sides: Option<Vec<i64>> = shape.iter().map(|side| i64::try_from(*side).ok()).collect();
    let sides = sides.ok_or("is too large")?;
    // In an empty tensor they may be beyond all bounds, and nobody follows them.
    let mut strides = vec![1u64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis].max(1));
    }
    let length = (to - from) / size;
    let view = TensorView {
        storage: Storage {
            element,
            key: String::new(),
            length,
        },
        offset: 0,
        shape: shape.clone(),
        strides,
    };
    let numbers = Numbers::new(file, begin + from, length, &view)
        .map_err(|reason| format!("can't be read: {reason}"))?;
    Ok((sides, numbers))
}

fn element(dtype: &str) -> Option<ElementType> {
    Some(match dtype {
        "F32" => ElementType::Float,
        "F64" => ElementType::Double,
        "F16" => ElementType::Half,
        "BF16" => ElementType::BFloat16,
        "I64" => ElementType::Long,
        "I32" => ElementType::Int,
        "I16" => ElementType::Short,
        "I8" => ElementType::Char,
        "U8" => ElementType::Byte,
        "BOOL" => ElementType::Bool,
        _ => return None,
    })
}
