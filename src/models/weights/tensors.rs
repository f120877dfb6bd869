//! The tensors of a weight file: their names and shapes at once, their numbers when asked for.

use std::path::Path;
use std::sync::Arc;

use super::pickle::{ElementType, TensorView};
use super::weight_file::WeightFile;
use super::{apart, safetensors_file};
use crate::models::ModelError;

/// One tensor of a file.
#[derive(Debug, Clone)]
pub(super) struct FileTensor {
    pub name: String,
    pub shape: Vec<i64>,
    pub numbers: Numbers,
}

/// Where a tensor's numbers stand: inside its file, which was checked before this was made.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    file: Arc<WeightFile>,
    pub element: ElementType,
    /// Bytes from the file's beginning to the storage's.
    pub start: u64,
    /// Of the storage, in elements, as are offset and strides.
    pub length: u64,
    pub offset: u64,
    pub shape: Vec<u64>,
    pub strides: Vec<u64>,
    count: u64,
    /// The storage's elements from `offset` to the last one used.
    span: u64,
}

/// Every kind of real number as f32, every kind of whole number as i64.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Real(Vec<f32>),
    Whole(Vec<i64>),
}

impl Numbers {
    /// `view` of a storage of `length` elements that begins at byte `start`, all of it inside `file`.
    ///
    /// # Errors
    /// What is wrong with the view: it reaches beyond its storage, or repeats numbers so often that
    /// the file must mean harm.
    pub fn new(
        file: &Arc<WeightFile>,
        start: u64,
        length: u64,
        view: &TensorView,
    ) -> Result<Self, String> {
        let count = view
            .shape
            .iter()
            .try_fold(1u64, |count, side| count.checked_mul(*side));
        // Expanded tensors repeat numbers, but four times over is no weight file.
        let most = length.saturating_mul(4).saturating_add(64);
        let count = count
            .filter(|count| *count <= most)
            .ok_or("its shape is larger than the file's numbers")?;
        let mut last = view.offset;
        for (side, stride) in view.shape.iter().zip(&view.strides) {
            let reach = side
                .saturating_sub(1)
                .checked_mul(*stride)
                .and_then(|reach| last.checked_add(reach));
            last = reach.ok_or("its strides are out of range")?;
        }
        if count > 0 && last >= length {
            return Err("it reaches beyond its storage".into());
        }
        let span = if count > 0 { last - view.offset + 1 } else { 0 };
        Ok(Self {
            file: Arc::clone(file),
            element: view.storage.element,
            start,
            length,
            offset: view.offset,
            shape: view.shape.clone(),
            strides: view.strides.clone(),
            count,
            span,
        })
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The numbers in row-major order of the tensor.
    pub fn read(&self) -> Result<Values, String> {
        let size = self.element.bytes() as u64;
        let bytes = self
            .file
            .read(self.start + self.offset * size, self.span * size)?;
        Ok(if self.is_contiguous() {
            Values::decode(self.element, &bytes, 0..self.span as usize)
        } else {
            Values::decode(self.element, &bytes, Places::new(self))
        })
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (side, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *side != 1 && *stride != expected {
                return false;
            }
            expected = expected.saturating_mul(*side);
        }
        self.span == self.count
    }
}

impl Values {
    /// The elements of `bytes` (little-endian) at `places`, which lie inside.
    fn decode(element: ElementType, bytes: &[u8], places: impl Iterator<Item = usize>) -> Self {
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

/// Indices into the bytes of a view in row-major order of the tensor.
struct Places<'a> {
    numbers: &'a Numbers,
    index: Vec<u64>,
    left: u64,
}

impl<'a> Places<'a> {
    fn new(numbers: &'a Numbers) -> Self {
        Self {
            numbers,
            index: vec![0; numbers.shape.len()],
            left: numbers.count,
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
        let place: u64 = self
            .index
            .iter()
            .zip(&self.numbers.strides)
            .map(|(index, stride)| index * stride)
            .sum();
        for axis in (0..self.index.len()).rev() {
            self.index[axis] += 1;
            if self.index[axis] < self.numbers.shape[axis] {
                break;
            }
            self.index[axis] = 0;
        }
        usize::try_from(place).ok()
    }
}

/// The state_dict of a file.
#[derive(Debug, Default)]
pub(super) struct FoundTensors {
    pub tensors: Vec<FileTensor>,
    /// The keys of a checkpoint inside which the state_dict stood: `state_dict`.
    pub inside: Option<String>,
    /// Keys of the checkpoint that hold further state_dicts: `model_ema`.
    pub others: Vec<String>,
}

/// Lists every tensor of `path`: safetensors, or either layout of `torch.save`. What the file is,
/// its first bytes say, not its name.
pub(super) fn read(path: &Path) -> Result<FoundTensors, ModelError> {
    let fail = |reason: String| ModelError::Weights {
        reason,
        path: path.to_path_buf(),
    };
    let file = Arc::new(WeightFile::open(path).map_err(fail)?);
    let start = file.read(0, file.length().min(16)).map_err(fail)?;
    let found = if safetensors_file::begins_like(&start) {
        safetensors_file::read(&file).map(|tensors| FoundTensors {
            tensors,
            ..FoundTensors::default()
        })
    } else if start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') {
        Err("it is a web page, which a server sent in place of the file; download it again".into())
    } else if start.starts_with(b"version https") {
        Err("it is a pointer of git-lfs and not the file itself; run “git lfs pull”".into())
    } else {
        apart::read(path, &file)
    };
    found.map_err(|reason| fail(format!("the weight file can't be used: {reason}")))
}
