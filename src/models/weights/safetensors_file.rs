//! The safetensors format: the length of a header, the header as JSON, the numbers.

use std::sync::Arc;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::pickle::{ElementType, Storage, TensorView};
use super::tensors::{FileTensor, Numbers};
use super::weight_file::WeightFile;

/// The limit of the format's own library.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Whether a file that begins with `start` says that it is in this format.
pub(super) fn begins_like(start: &[u8]) -> bool {
    start.get(8) == Some(&b'{')
}

/// Every tensor, by name. The header must describe the whole rest of the file, without gaps.
pub(super) fn read(file: &Arc<WeightFile>) -> Result<Vec<FileTensor>, String> {
    let length: [u8; 8] = file
        .read(0, 8)?
        .try_into()
        .map_err(|_| "the file is cut off")?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER_BYTES || length > file.length().saturating_sub(8) {
        return Err("its header is longer than the file".into());
    }
    let header = file.read(8, length)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| format!("its header is damaged ({error})"))?;
    let begin = 8 + length;
    if (metadata.data_len() as u64).checked_add(begin) != Some(file.length()) {
        return Err("the file is cut off, or longer than its header says".into());
    }
    let mut tensors = Vec::new();
    for (name, info) in metadata.tensors() {
        let element = element(info.dtype).ok_or_else(|| {
            format!(
                "“{name}” holds numbers of type {:?}, which no weights here have",
                info.dtype
            )
        })?;
        let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let shape: Vec<u64> = info.shape.iter().map(|side| *side as u64).collect();
        let size = element.bytes() as u64;
        let count = shape.iter().try_fold(1u64, |n, side| n.checked_mul(*side));
        let fits = count
            .and_then(|count| count.checked_mul(size))
            .is_some_and(|bytes| from.checked_add(bytes) == Some(to))
            && to <= metadata.data_len() as u64;
        if !fits {
            return Err(format!("“{name}” is not as long as its shape says"));
        }
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis].max(1);
        }
        let length = (to - from) / size;
        let view = TensorView {
            storage: Storage {
                element,
                key: String::new(),
                length,
            },
            offset: 0,
            shape,
            strides,
        };
        tensors.push(FileTensor {
            shape: view.shape.iter().map(|side| side.cast_signed()).collect(),
            numbers: Numbers::new(file, begin + from, length, &view)
                .map_err(|reason| format!("“{name}”: {reason}"))?,
            name,
        });
    }
    tensors.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(tensors)
}

fn element(dtype: Dtype) -> Option<ElementType> {
    Some(match dtype {
        Dtype::F32 => ElementType::Float,
        Dtype::F64 => ElementType::Double,
        Dtype::F16 => ElementType::Half,
        Dtype::BF16 => ElementType::BFloat16,
        Dtype::I64 => ElementType::Long,
        Dtype::I32 => ElementType::Int,
        Dtype::I16 => ElementType::Short,
        Dtype::I8 => ElementType::Char,
        Dtype::U8 => ElementType::Byte,
        Dtype::BOOL => ElementType::Bool,
        _ => return None,
    })
}
