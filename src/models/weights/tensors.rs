//! The tensors of a weight file as plain numbers.

use std::fs::File;
use std::path::Path;

use super::pickle::ElementType;
use super::torch_file;
use crate::models::ModelError;

/// One tensor of a file, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FileTensor {
    pub name: String,
    pub shape: Vec<i64>,
    pub values: Values,
}

/// Every kind of real number as f32, every kind of whole number as i64.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Real(Vec<f32>),
    Whole(Vec<i64>),
}

impl Values {
    /// The elements of `bytes` (little-endian) at `places`, which lie inside.
    pub fn decode(element: ElementType, bytes: &[u8], places: impl Iterator<Item = usize>) -> Self {
        fn each<const N: usize, T>(
            bytes: &[u8],
            places: impl Iterator<Item = usize>,
            convert: impl Fn([u8; N]) -> T,
        ) -> Vec<T> {
            let element = |place: usize| {
                let mut one = [0; N];
                if let Some(found) = bytes.get(place * N..place * N + N) {
                    one.copy_from_slice(found);
                }
                one
            };
            places.map(|place| convert(element(place))).collect()
        }
        match element {
            ElementType::Float => Self::Real(each(bytes, places, f32::from_le_bytes)),
            ElementType::Double => {
                Self::Real(each(bytes, places, |b| f64::from_le_bytes(b) as f32))
            }
            ElementType::Half => Self::Real(each(bytes, places, |b| {
                half::f16::from_le_bytes(b).to_f32()
            })),
            ElementType::BFloat16 => Self::Real(each(bytes, places, |b| {
                half::bf16::from_le_bytes(b).to_f32()
            })),
            ElementType::Long => Self::Whole(each(bytes, places, i64::from_le_bytes)),
            ElementType::Int => Self::Whole(each(bytes, places, |b| i32::from_le_bytes(b).into())),
            ElementType::Short => {
                Self::Whole(each(bytes, places, |b| i16::from_le_bytes(b).into()))
            }
            ElementType::Char => Self::Whole(each(bytes, places, |b| i8::from_le_bytes(b).into())),
            ElementType::Byte | ElementType::Bool => {
                Self::Whole(each(bytes, places, |b: [u8; 1]| b[0].into()))
            }
        }
    }

    pub fn all_finite(&self) -> bool {
        match self {
            Self::Real(values) => values.iter().all(|value| value.is_finite()),
            Self::Whole(_) => true,
        }
    }
}

/// Reads every tensor of `path`: `.safetensors`, or either layout of `torch.save`. What the file
/// is, its first bytes say, not its name.
pub(super) fn read(path: &Path) -> Result<Vec<FileTensor>, ModelError> {
    let fail = |reason: String| ModelError::Weights {
        reason,
        path: path.to_path_buf(),
    };
    let mut file = File::open(path)
        .map_err(|error| fail(format!("the weight file can't be opened ({error})")))?;
    let metadata = file
        .metadata()
        .map_err(|error| fail(format!("the weight file can't be read ({error})")))?;
    if !metadata.is_file() {
        return Err(fail("this is no file".into()));
    }
    let is_safetensors = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"));
    let tensors = if is_safetensors {
        std::fs::read(path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| read_safetensors(&bytes))
    } else {
        torch_file::read(&mut file, metadata.len())
    };
    tensors.map_err(|reason| fail(format!("the weight file can't be used: {reason}")))
}

pub(super) fn read_safetensors(bytes: &[u8]) -> Result<Vec<FileTensor>, String> {
    use safetensors::Dtype;
    let file = safetensors::SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut tensors = Vec::new();
    for (name, view) in file.tensors() {
        let element = match view.dtype() {
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
            other => {
                return Err(format!(
                    "“{name}” holds numbers of type {other:?}, which no weights here have"
                ));
            }
        };
        let count = view.data().len() / element.bytes();
        let values = Values::decode(element, view.data(), 0..count);
        let shape = view
            .shape()
            .iter()
            .map(|side| (*side).cast_signed() as i64)
            .collect();
        tensors.push(FileTensor {
            name,
            shape,
            values,
        });
    }
    tensors.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(tensors)
}
