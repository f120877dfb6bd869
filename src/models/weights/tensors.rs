//! The tensors of a weight file: their names and shapes at once, their numbers when asked for.

use std::path::Path;
use std::sync::Arc;

use super::pickle::{ElementType, TensorView};
use super::weight_file::WeightFile;
use super::{foreign, safetensors_file, sandboxed_reader};
use crate::data::contents::Stamp;
use crate::models::ModelError;

/// One tensor of a file.
#[derive(Debug, Clone)]
pub(super) struct FileTensor {
    /// With the path of its dictionary: `state_dict.module.conv1.weight`.
    pub name: String,
    /// Index into [`FoundTensors::dictionaries`].
    pub dictionary: usize,
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
    /// `view` of a storage of `length` elements that begins at byte `start`, all of it inside `file`; the view says the shape.
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
        // A side of 0 makes nothing of all others, however long they are.
        let count = match view.shape.contains(&0) {
            true => Some(0),
            false => view
                .shape
                .iter()
                .try_fold(1u64, |count, side| count.checked_mul(*side)),
        };
        // Expanded tensors repeat numbers, but four times over is no weight file.
        let most = length.saturating_mul(4).saturating_add(64);
        let count = count
            .filter(|count| *count <= most)
            .ok_or("its shape is larger than the file's numbers")?;
        let mut last = view.offset;
        let sides = view.shape.iter().zip(&view.strides);
        for (side, stride) in sides.filter(|_| count > 0) {
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

    /// Of their file, when it was opened.
    pub fn stamp(&self) -> Stamp {
        self.file.stamp()
    }

    /// The numbers in row-major order of the tensor.
    ///
    /// # Errors
    /// A clause: the tensor lies outside its file, or the file can't be read.
    pub fn read(&self) -> Result<Values, String> {
        let size = self.element.bytes() as u64;
        // Of nothing, the offset may be any number.
        let range = || {
            let start = self.offset.checked_mul(size)?.checked_add(self.start)?;
            Some((start, self.span.checked_mul(size)?))
        };
        let bytes = match self.span {
            0 => Vec::new(),
            _ => {
                let (start, length) = range().ok_or("it lies outside the file")?;
                self.file.read(start, length)?
            }
        };
        let stored = Values::decode(self.element, &bytes);
        Ok(match stored {
            stored if self.is_contiguous() => stored,
            Values::Real(stored) => Values::Real(self.in_order(&stored)),
            Values::Whole(stored) => Values::Whole(self.in_order(&stored)),
        })
    }

    /// The elements of the view in row-major order of the tensor, from those of its storage.
    fn in_order<T: Copy>(&self, stored: &[T]) -> Vec<T> {
        // Sides of 1 change nothing; without them the innermost loop is long.
        let sides = self.shape.iter().zip(&self.strides);
        let mut axes: Vec<(usize, usize)> = sides
            .filter(|(side, _)| **side != 1)
            .map(|(&side, &stride)| (side as usize, stride as usize))
            .collect();
        let (length, step) = axes.pop().unwrap_or((1, 1));
        let mut values = Vec::with_capacity(self.count as usize);
        let mut index = vec![0; axes.len()];
        while values.len() < self.count as usize {
            let begin: usize = index
                .iter()
                .zip(&axes)
                .map(|(index, (_, stride))| index * stride)
                .sum();
            // Checked when the view was made: all of it lies inside.
            let Some(row) = stored.get(begin..) else {
                break;
            };
            if step == 0 {
                values.extend(row.first().into_iter().cycle().take(length));
            } else {
                values.extend(row.iter().step_by(step).take(length));
            }
            for (index, (side, _)) in index.iter_mut().zip(&axes).rev() {
                *index += 1;
                if *index < *side {
                    break;
                }
                *index = 0;
            }
        }
        values
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (side, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *side != 1 && *stride != expected {
                return self.count == 0;
            }
            expected = expected.saturating_mul(*side);
        }
        self.span == self.count
    }
}

impl Values {
    /// All elements of `bytes`, little-endian.
    fn decode(element: ElementType, bytes: &[u8]) -> Self {
        fn each<const N: usize, T>(bytes: &[u8], convert: impl Fn([u8; N]) -> T) -> Vec<T> {
            let (elements, _) = bytes.as_chunks::<N>();
            elements.iter().map(|element| convert(*element)).collect()
        }
        match element {
            ElementType::Float => Self::Real(each(bytes, f32::from_le_bytes)),
            ElementType::Double => Self::Real(each(bytes, |b| f64::from_le_bytes(b) as f32)),
            ElementType::Half => Self::Real(each(bytes, |b| half::f16::from_le_bytes(b).to_f32())),
            ElementType::BFloat16 => {
                Self::Real(each(bytes, |b| half::bf16::from_le_bytes(b).to_f32()))
            }
            ElementType::Long => Self::Whole(each(bytes, i64::from_le_bytes)),
            ElementType::Int => Self::Whole(each(bytes, |b| i32::from_le_bytes(b).into())),
            ElementType::Short => Self::Whole(each(bytes, |b| i16::from_le_bytes(b).into())),
            ElementType::Char => Self::Whole(each(bytes, |b| i8::from_le_bytes(b).into())),
            ElementType::Byte | ElementType::Bool => {
                Self::Whole(each(bytes, |b: [u8; 1]| b[0].into()))
            }
        }
    }

    pub fn all_finite(&self) -> bool {
        match self {
            Self::Real(values) => values.iter().all(|value| value.is_finite()),
            Self::Whole(_) => true,
        }
    }

    pub fn any_negative(&self) -> bool {
        match self {
            Self::Real(values) => values.iter().any(|value| *value < 0.0),
            Self::Whole(values) => values.iter().any(|value| *value < 0),
        }
    }

    /// The number that all of them are, if they are several.
    pub fn only_number(&self) -> Option<f32> {
        match self {
            Self::Real(values) => {
                let (first, rest) = values.split_first()?;
                (!rest.is_empty() && rest.iter().all(|value| value == first)).then_some(*first)
            }
            Self::Whole(_) => None,
        }
    }
}

/// Something that stands where tensors do and is none, or can't be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Unread {
    /// As a tensor's.
    pub name: String,
    /// How a sentence about it goes on: `is of “numpy.ndarray” and no tensor`.
    pub why: String,
    /// Whether it is a tensor, of a kind that is not read.
    pub is_tensor: bool,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct FoundTensors {
    pub tensors: Vec<FileTensor>,
    /// Paths of a checkpoint's dictionaries, `state_dict`; empty for the topmost, and for files that have none.
    pub dictionaries: Vec<String>,
    pub unread: Vec<Unread>,
    /// What the file calls its network.
    pub architecture: Option<String>,
}

/// Lists every tensor of `path`: safetensors, or either layout of `torch.save`. What the file is,
/// its first bytes say, not its name.
pub(super) fn read(path: &Path) -> Result<FoundTensors, ModelError> {
    let fail = |reason: String| ModelError::Weights {
        reason,
        path: path.to_path_buf(),
    };
    let file = Arc::new(WeightFile::open(path).map_err(fail)?);
    let start = file.read(0, file.length().min(512)).map_err(fail)?;
    let found = match foreign::named(&start, path) {
        Some(reason) => Err(reason),
        None if safetensors_file::begins_like(&start) => safetensors_file::read(&file),
        None => {
            sandboxed_reader::read(path, &file).map_err(|reason| match foreign::by_name(path) {
                Some(named) => format!("{reason}; {named}"),
                None => reason,
            })
        }
    };
    found.map_err(|reason| {
        let unfinished = foreign::unfinished(path).unwrap_or_default();
        fail(format!(
            "the weight file can't be used: {reason}{unfinished}"
        ))
    })
}

/// The format of a file that can be read.
pub(super) fn format(path: &Path) -> &'static str {
    let start = WeightFile::open(path).and_then(|file| file.read(0, file.length().min(512)));
    match start {
        Ok(start) if safetensors_file::begins_like(&start) => "safetensors",
        Ok(start) if start.starts_with(b"PK") => "torch.save",
        Ok(_) => "torch.save as before torch 1.6",
        Err(_) => "unknown",
    }
}
