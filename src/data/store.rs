//! All pictures of a run, decoded and brought to size once.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::decode::decode_then;
use super::mapped::MappedFile;
use super::square::{SquareSpec, to_square};
use super::{DataError, Dataset, Pixels, Problem, StopFlag};

/// Stands for a picture that no longer decodes.
const MID_GREY: u8 = 127;

/// Pictures between two reports of progress.
const REPORT_EVERY: usize = 32;

/// Squares held in memory at a time on their way to the temporary file, in bytes.
const BLOCK_BYTES: usize = 64 << 20;

/// In [`PictureStore::slots`]: this picture was not loaded.
const NOT_LOADED: u32 = u32::MAX;

/// Squares of every picture of a data set: in memory within a budget, else in a memory-mapped
/// temporary file.
pub struct PictureStore {
    side: u32,
    /// Which square belongs to which picture of the data set.
    slots: Vec<u32>,
    squares: Squares,
}

enum Squares {
    Memory(Vec<u8>),
    Mapped(MappedFile),
}

impl PictureStore {
    /// Decodes `indices` of `dataset` on all cores. A picture that decoded while scanning but no
    /// longer does is reported in the second value and stands as mid-grey.
    ///
    /// # Errors
    /// [`DataError::Stopped`], or [`DataError::Source`] when the temporary file can't be written.
    ///
    /// # Panics
    /// When an index is not of the data set: a programming error.
    pub fn load(
        dataset: &Dataset,
        indices: &[usize],
        spec: &SquareSpec,
        memory_budget_bytes: u64,
        progress: &(dyn Fn(usize, usize) + Sync),
        stop: &StopFlag,
    ) -> Result<(Self, Vec<Problem>), DataError> {
        let mut slots = vec![NOT_LOADED; dataset.pictures.len()];
        for (slot, &index) in indices.iter().enumerate() {
            slots[index] = slot as u32;
        }
        let loading = Loading {
            dataset,
            spec,
            progress,
            stop,
            done: AtomicUsize::new(0),
            total: indices.len(),
        };
        progress(0, indices.len());
        let needed_bytes = loading.square_bytes() as u64 * indices.len() as u64;
        let (squares, problems) = if needed_bytes <= memory_budget_bytes {
            let mut bytes = vec![0; needed_bytes as usize];
            let problems = loading.fill(&mut bytes, indices)?;
            (Squares::Memory(bytes), problems)
        } else {
            let (file, problems) = loading.write_to_temporary_file(indices)?;
            let mapped = MappedFile::new(file).map_err(|error| temporary_file_error(&error))?;
            (Squares::Mapped(mapped), problems)
        };
        progress(indices.len(), indices.len());
        Ok((
            Self {
                side: spec.side,
                slots,
                squares,
            },
            problems,
        ))
    }

    /// The side of every square.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Whether picture `index` was loaded.
    pub fn holds(&self, index: usize) -> bool {
        self.slots
            .get(index)
            .is_some_and(|&slot| slot != NOT_LOADED)
    }

    /// The square of picture `index` (an index into the data set); `side * side * 3` bytes.
    ///
    /// # Panics
    /// When `index` was not among those loaded: a programming error.
    pub fn rgb(&self, index: usize) -> &[u8] {
        let slot = self.slots[index];
        assert!(slot != NOT_LOADED, "picture {index} was not loaded");
        let length = self.side as usize * self.side as usize * 3;
        let bytes = match &self.squares {
            Squares::Memory(bytes) => bytes.as_slice(),
            Squares::Mapped(file) => file.bytes(),
        };
        &bytes[slot as usize * length..][..length]
    }

    /// A copy of the square of picture `index`.
    pub fn pixels(&self, index: usize) -> Pixels {
        Pixels {
            width: self.side(),
            height: self.side(),
            rgb: self.rgb(index).to_vec(),
        }
    }
}

/// What all parts of one load share.
struct Loading<'a> {
    dataset: &'a Dataset,
    spec: &'a SquareSpec,
    progress: &'a (dyn Fn(usize, usize) + Sync),
    stop: &'a StopFlag,
    done: AtomicUsize,
    total: usize,
}

impl Loading<'_> {
    fn square_bytes(&self) -> usize {
        self.spec.side as usize * self.spec.side as usize * 3
    }

    /// Writes the squares of `indices` one after the other into `target`.
    fn fill(&self, target: &mut [u8], indices: &[usize]) -> Result<Vec<Problem>, DataError> {
        let problems: Vec<Option<Problem>> = target
            .par_chunks_mut(self.square_bytes().max(1))
            .zip(indices)
            .map(|(square, &index)| {
                if self.stop.is_stopped() {
                    return Err(DataError::Stopped);
                }
                let problem = self.fill_square(square, index);
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                if done.is_multiple_of(REPORT_EVERY) {
                    (self.progress)(done, self.total);
                }
                Ok(problem)
            })
            .collect::<Result<_, _>>()?;
        Ok(problems.into_iter().flatten().collect())
    }

    fn fill_square(&self, square: &mut [u8], index: usize) -> Option<Problem> {
        let (pixels, problem) = read_square(self.dataset, index, self.spec);
        square.copy_from_slice(&pixels.rgb);
        problem
    }

    /// Goes through ordinary writes rather than a writable map: on a full disk a write returns an
    /// error, where a map would end the process.
    fn write_to_temporary_file(
        &self,
        indices: &[usize],
    ) -> Result<(File, Vec<Problem>), DataError> {
        let mut file = tempfile::tempfile().map_err(|error| temporary_file_error(&error))?;
        let square_bytes = self.square_bytes().max(1);
        let mut problems = Vec::new();
        let mut block = Vec::new();
        for part in indices.chunks((BLOCK_BYTES / square_bytes).max(1)) {
            block.resize(part.len() * square_bytes, 0);
            problems.extend(self.fill(&mut block, part)?);
            file.write_all(&block)
                .map_err(|error| temporary_file_error(&error))?;
        }
        Ok((file, problems))
    }
}

/// The square of picture `index`; where it no longer decodes, mid-grey and what is wrong with it.
pub fn read_square(
    dataset: &Dataset,
    index: usize,
    spec: &SquareSpec,
) -> (Pixels, Option<Problem>) {
    let source = &dataset.pictures[index].source;
    match decode_then(source, |picture, _| to_square(&picture, spec)) {
        Ok(square) => (square, None),
        Err(error) => (
            Pixels::filled(spec.side, spec.side, [MID_GREY; 3]),
            Some(error.into_problem(source.path())),
        ),
    }
}

fn temporary_file_error(error: &io::Error) -> DataError {
    DataError::Source {
        reason: format!(
            "the pictures do not fit into memory, and their temporary file can't be written ({error}); \
             free some space there, or train on fewer pictures or at a smaller size"
        ),
        path: std::env::temp_dir(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::square::Interpolation;
    use super::super::{Picture, PictureSource};
    use super::*;
    use crate::experiment::Fit;

    fn dataset(folder: &std::path::Path, count: u8) -> Dataset {
        let pictures = (0..count)
            .map(|n| {
                let path = folder.join(format!("{n}.png"));
                image::RgbImage::from_pixel(5, 5, image::Rgb([n, 2 * n, 200]))
                    .save(&path)
                    .unwrap();
                Picture {
                    source: PictureSource::File(path),
                    name: format!("{n}.png"),
                    label: 0,
                    size: (5, 5),
                    split: None,
                    group: None,
                }
            })
            .collect();
        Dataset {
            classes: vec!["one".into()],
            pictures,
            problems: Vec::new(),
            excluded: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn spec() -> SquareSpec {
        SquareSpec {
            side: 4,
            resize: 4,
            interpolation: Interpolation::Bilinear,
            fit: Fit::Squash,
            background: [0; 3],
        }
    }

    #[test]
    fn memory_and_file_hold_the_same_squares() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = dataset(folder.path(), 9);
        let indices = [7, 1, 4];
        for budget in [u64::MAX, 0] {
            let (store, problems) = PictureStore::load(
                &dataset,
                &indices,
                &spec(),
                budget,
                &|_, _| (),
                &StopFlag::default(),
            )
            .unwrap();
            assert!(problems.is_empty());
            assert_eq!(matches!(store.squares, Squares::Mapped(_)), budget == 0);
            for &index in &indices {
                let n = index as u8;
                assert_eq!(store.pixels(index), Pixels::filled(4, 4, [n, 2 * n, 200]));
            }
        }
    }

    #[test]
    fn a_picture_that_is_gone_is_reported_and_grey() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = dataset(folder.path(), 3);
        std::fs::remove_file(folder.path().join("1.png")).unwrap();
        let (store, problems) = PictureStore::load(
            &dataset,
            &[0, 1, 2],
            &spec(),
            u64::MAX,
            &|_, _| (),
            &StopFlag::default(),
        )
        .unwrap();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, folder.path().join("1.png"));
        assert_eq!(store.pixels(1), Pixels::filled(4, 4, [MID_GREY; 3]));
    }

    #[test]
    fn a_stopped_load_ends() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = dataset(folder.path(), 3);
        let stop = StopFlag::default();
        stop.stop();
        let result = PictureStore::load(&dataset, &[0, 1, 2], &spec(), 0, &|_, _| (), &stop);
        assert!(matches!(result, Err(DataError::Stopped)));
    }
}
