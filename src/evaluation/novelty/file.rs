//! The file of what distances are measured to: written whole, read as far as is needed.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use half::f16;
use safetensors::tensor::{Dtype, Metadata, TensorInfo, TensorView};

use super::NEIGHBOURS;
use super::known::KnownNovelty;
use super::reference::{Distances, NoveltyReference};
use crate::evaluation::neighbours::FeatureIndex;
use crate::sorted_metadata;

/// What a file calls its parts.
const FEATURES: &str = "features";
const VALIDATION: &str = "validation_distances";
const TEST: &str = "test_distances";
const NAMES: &str = "names";
const VALIDATION_NAMES: &str = "validation_names";
const TEST_NAMES: &str = "test_names";
const VERSION: &str = "version";
const CHECKPOINT: &str = "checkpoint";
const NEIGHBOUR: &str = "neighbour";
const TRAINING_PICTURES: &str = "training_pictures";
/// Of the file's layout.
const THIS_VERSION: &str = "1";
/// Bytes that say how long the header is.
const LENGTH: u64 = 8;

impl NoveltyReference {
    /// A safetensors file: `features` `[N, F]` in half precision, distances in single precision, and the names in its metadata.
    /// Equal references have equal files. `checkpoint`: SHA-256 of the weights that gave them.
    ///
    /// # Errors
    /// A sentence, when it can't be written.
    pub fn to_bytes(&self, checkpoint: &str) -> Result<Vec<u8>, String> {
        let rows: Vec<u8> = (self.index.rows().iter())
            .flat_map(|&value| f16::from_f32(value).to_le_bytes())
            .collect();
        let bytes = |distances: &Distances| -> Vec<u8> {
            let values = distances.values.iter();
            values.flat_map(|value| value.to_le_bytes()).collect()
        };
        let (validation, test) = (bytes(&self.validation), bytes(&self.test));
        let view = |dtype, shape: Vec<usize>, bytes| {
            TensorView::new(dtype, shape, bytes).map_err(|error| error.to_string())
        };
        let tensors = [
            (
                FEATURES,
                view(
                    Dtype::F16,
                    vec![self.index.len(), self.index.width()],
                    &rows,
                )?,
            ),
            (
                VALIDATION,
                view(Dtype::F32, vec![self.validation.values.len()], &validation)?,
            ),
            (TEST, view(Dtype::F32, vec![self.test.values.len()], &test)?),
        ];
        let list =
            |names: &[String]| serde_json::to_string(names).map_err(|error| error.to_string());
        let metadata = BTreeMap::from([
            (VERSION.to_owned(), THIS_VERSION.to_owned()),
            (CHECKPOINT.to_owned(), checkpoint.to_owned()),
            (NEIGHBOUR.to_owned(), NEIGHBOURS.to_string()),
            (
                TRAINING_PICTURES.to_owned(),
                self.training_pictures.to_string(),
            ),
            (NAMES.to_owned(), list(self.index.names())?),
            (VALIDATION_NAMES.to_owned(), list(&self.validation.names)?),
            (TEST_NAMES.to_owned(), list(&self.test.names)?),
        ]);
        sorted_metadata::serialize(tensors, metadata).map_err(|error| error.to_string())
    }
}

/// A file that [`NoveltyReference::to_bytes`] wrote, of which the header has been read.
#[derive(Debug)]
pub struct NoveltyFile<R> {
    source: R,
    header: Metadata,
    /// Where the tensors begin.
    begin: u64,
}

impl<R: Read + Seek> NoveltyFile<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// Saying what the file is not.
    pub fn open(mut source: R) -> Result<Self, String> {
        let length = source.seek(SeekFrom::End(0)).map_err(unreadable)?;
        source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut said = [0; LENGTH as usize];
        source.read_exact(&mut said).map_err(unreadable)?;
        let said = u64::from_le_bytes(said);
        let cut = || "it is damaged (it is shorter or longer than it says)".to_owned();
        let begin = said
            .checked_add(LENGTH)
            .filter(|begin| *begin <= length)
            .ok_or_else(cut)?;
        let text = read_exactly(&mut source, said)?;
        let header: Metadata = serde_json::from_slice(&text).map_err(damaged)?;
        if begin.checked_add(header.data_len() as u64) != Some(length) {
            return Err(cut());
        }
        let file = Self {
            source,
            header,
            begin,
        };
        let neighbour = file.text(NEIGHBOUR)?;
        if file.text(VERSION)? != THIS_VERSION || neighbour != NEIGHBOURS.to_string() {
            return Err("another version of Graft wrote it".to_owned());
        }
        Ok(file)
    }

    /// SHA-256 of the weights that it is of.
    ///
    /// # Errors
    /// When the file does not say it.
    pub fn checkpoint(&self) -> Result<&str, String> {
        self.text(CHECKPOINT)
    }

    /// Training pictures whose features it holds.
    ///
    /// # Errors
    /// Saying what the file is not.
    pub fn kept_pictures(&self) -> Result<usize, String> {
        self.matrix().map(|(count, _)| count)
    }

    /// All but the features, which are nearly all of the file.
    ///
    /// # Errors
    /// Saying what the file is not, and what the disk says.
    pub fn known(&mut self) -> Result<KnownNovelty, String> {
        let (validation, test) = self.distances()?;
        Ok(KnownNovelty::new(
            self.kept_pictures()?,
            self.training_pictures()?,
            &validation,
            &test,
        ))
    }

    /// Everything.
    ///
    /// # Errors
    /// Saying what the file is not, and what the disk says.
    pub fn reference(&mut self) -> Result<NoveltyReference, String> {
        let (count, width) = self.matrix()?;
        let names = self.names(NAMES)?;
        if names.len() != count {
            return Err("it has more features than names, or fewer".to_owned());
        }
        let bytes = self.tensor(FEATURES)?;
        let (pairs, _) = bytes.as_chunks::<2>();
        let halves = pairs.iter().map(|pair| f16::from_le_bytes(*pair));
        if !halves.clone().all(f16::is_finite) {
            return Err("its features hold what is no number".to_owned());
        }
        let (validation, test) = self.distances()?;
        Ok(NoveltyReference {
            index: FeatureIndex::from_halves(names, width, halves),
            training_pictures: self.training_pictures()?,
            validation,
            test,
        })
    }

    fn text(&self, key: &str) -> Result<&str, String> {
        let said = self.header.metadata().as_ref();
        let found = said.and_then(|said| said.get(key));
        let found = found.ok_or_else(|| format!("it does not say its {key}"))?;
        Ok(found)
    }

    fn names(&self, key: &str) -> Result<Vec<String>, String> {
        serde_json::from_str(self.text(key)?)
            .map_err(|error| format!("its {key} are damaged ({error})"))
    }

    fn training_pictures(&self) -> Result<usize, String> {
        let number = self.text(TRAINING_PICTURES)?.parse();
        number.map_err(|_| "it does not say of how many pictures it is".to_owned())
    }

    fn info(&self, tensor: &str) -> Result<&TensorInfo, String> {
        let info = self.header.info(tensor);
        info.ok_or_else(|| format!("it is damaged (it has no {tensor})"))
    }

    /// Rows and columns of the features.
    fn matrix(&self) -> Result<(usize, usize), String> {
        let info = self.info(FEATURES)?;
        match (info.shape.as_slice(), info.dtype) {
            (&[0, _] | &[_, 0], _) => Err("it has no features".to_owned()),
            (&[count, width], Dtype::F16) => Ok((count, width)),
            _ => Err("its features are no matrix in half precision".to_owned()),
        }
    }

    /// Of validation and of test pictures.
    fn distances(&mut self) -> Result<(Distances, Distances), String> {
        let mut of = |tensor: &str, key: &str| {
            let is_single = self.info(tensor)?.dtype == Dtype::F32;
            let bytes = self.tensor(tensor)?;
            let (quads, _) = bytes.as_chunks::<4>();
            let values: Vec<f32> = quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect();
            let names = self.names(key)?;
            let is_whole = is_single
                && names.len() == values.len()
                && values.iter().all(|value| value.is_finite());
            match is_whole {
                true => Ok(Distances { names, values }),
                false => Err(format!("its {tensor} are damaged")),
            }
        };
        Ok((of(VALIDATION, VALIDATION_NAMES)?, of(TEST, TEST_NAMES)?))
    }

    fn tensor(&mut self, name: &str) -> Result<Vec<u8>, String> {
        // Within the file, as `open` has seen.
        let (begin, end) = self.info(name)?.data_offsets;
        let (begin, count) = (self.begin + begin as u64, (end - begin) as u64);
        self.source
            .seek(SeekFrom::Start(begin))
            .map_err(unreadable)?;
        read_exactly(&mut self.source, count)
    }
}

fn read_exactly(source: &mut impl Read, count: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    source
        .take(count)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    match bytes.len() as u64 == count {
        true => Ok(bytes),
        false => Err("it is damaged (it ends in the middle)".to_owned()),
    }
}

fn damaged(error: serde_json::Error) -> String {
    format!("it is damaged ({error})")
}

fn unreadable(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is damaged (it ends in the middle)".to_owned(),
        _ => format!("it can't be read ({error})"),
    }
}
