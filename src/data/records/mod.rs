//! Pictures that stand in one file, one after the other: CIFAR's batches, MNIST's idx files, NumPy's arrays.
//!
//! A picture that lies in its file as it is, is read from there by its offset; memory never holds more of the file. What
//! is compressed, or stored by columns, is unpacked once per process into a temporary file without a name, which nobody
//! else can open and which vanishes with the process.

mod unpack;

use std::hash::{Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::{MAX_PIXELS, MAX_SIDE, Pixels};
use crate::ordinary_file::{self, Links};
use unpack::Unpacked;

/// A file of many pictures, and how they lie in it. Equal when it is the same file, read in the same way.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    packing: Packing,
    layout: Layout,
    unpacked: OnceLock<Result<Arc<Unpacked>, String>>,
}

/// What stands between the file's bytes and the pictures' bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Nothing.
    Plain,
    /// The whole file is gzipped.
    Gzip,
    /// The pictures are a compressed member of a zip archive.
    Member(String),
    /// Python 3 wrote the bytes as text for Python 2: these bytes of the file.
    Latin1 { start: u64, length: u64 },
}

/// How the pictures lie in what is unpacked: rows of bytes, each a picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Where the first picture begins, in bytes.
    pub start: u64,
    /// From one picture to the next, in bytes.
    pub stride: u64,
    pub count: u64,
    pub width: u32,
    pub height: u32,
    pub channels: Channels,
    /// Fortran's order: the same byte of all pictures stands together.
    pub by_columns: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    Grey,
    /// Red, green and blue of each pixel side by side.
    Interleaved,
    /// All red, then all green, then all blue.
    Planar,
}

impl Layout {
    /// Bytes of one picture.
    pub fn picture_bytes(&self) -> u64 {
        let channels = match self.channels {
            Channels::Grey => 1,
            Channels::Interleaved | Channels::Planar => 3,
        };
        u64::from(self.width) * u64::from(self.height) * channels
    }

    /// Where the last picture ends; nothing when no file is as long.
    pub fn end(&self) -> Option<u64> {
        if self.by_columns {
            let all = self.count.checked_mul(self.picture_bytes())?;
            return self.start.checked_add(all);
        }
        let last = self.count.checked_sub(1).map_or(Some(0), |before| {
            before
                .checked_mul(self.stride)?
                .checked_add(self.picture_bytes())
        })?;
        self.start.checked_add(last)
    }

    /// Refuses sides that no picture has.
    ///
    /// # Errors
    /// A sentence about the pictures.
    pub fn check(&self) -> Result<(), String> {
        let (width, height) = (self.width, self.height);
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
            return Err(format!(
                "holds pictures of {width} x {height} pixels; allowed are 1 to {MAX_SIDE} a side and {} million in all",
                MAX_PIXELS / 1_000_000
            ));
        }
        if self.end().is_none() {
            return Err("announces more pictures than any file holds: it is damaged".into());
        }
        Ok(())
    }

    /// The layout of CIFAR-10's binary version, whose pictures were told apart in a way of their own before others
    /// were read.
    fn is_cifar10(&self) -> bool {
        (self.start, self.stride, self.channels) == (1, 3073, Channels::Planar)
            && (self.width, self.height) == (32, 32)
            && !self.by_columns
    }
}

impl RecordFile {
    pub fn new(path: PathBuf, packing: Packing, layout: Layout) -> Self {
        Self {
            path,
            packing,
            layout,
            unpacked: OnceLock::new(),
        }
    }

    /// The file that a person knows.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Width and height of every picture.
    pub fn size(&self) -> (u32, u32) {
        (self.layout.width, self.layout.height)
    }

    /// Unpacks what has to be, to its end, so that damage is found before the pictures are used.
    ///
    /// # Errors
    /// What is wrong with the file, and what to do.
    pub fn check(&self) -> Result<(), String> {
        if self.is_direct() {
            return Ok(());
        }
        self.unpacked().map(drop)
    }

    /// The nth picture.
    ///
    /// # Errors
    /// What is wrong with the file, and what to do.
    pub fn decode(&self, index: u64) -> Result<Pixels, String> {
        let gone = |error: io::Error| {
            format!("has no readable picture {index} ({error}): download or copy the file again")
        };
        self.layout.check()?;
        if index >= self.layout.count {
            return Err(format!(
                "has no picture {index}: it ends before; download or copy the file again"
            ));
        }
        let mut bytes = vec![0; self.layout.picture_bytes() as usize];
        if self.is_direct() {
            let at = self.layout.start + index * self.layout.stride;
            read_at(&self.path, at, &mut bytes).map_err(gone)?;
        } else {
            self.unpacked()?.read(index, &mut bytes).map_err(gone)?;
        }
        Ok(Pixels {
            width: self.layout.width,
            height: self.layout.height,
            rgb: self.rgb(bytes),
        })
    }

    fn rgb(&self, bytes: Vec<u8>) -> Vec<u8> {
        match self.layout.channels {
            Channels::Interleaved => bytes,
            Channels::Grey => bytes.iter().flat_map(|&grey| [grey; 3]).collect(),
            Channels::Planar => {
                let (red, rest) = bytes.split_at(bytes.len() / 3);
                let (green, blue) = rest.split_at(red.len());
                red.iter()
                    .zip(green)
                    .zip(blue)
                    .flat_map(|((&red, &green), &blue)| [red, green, blue])
                    .collect()
            }
        }
    }

    fn is_direct(&self) -> bool {
        self.packing == Packing::Plain && !self.layout.by_columns
    }

    fn unpacked(&self) -> Result<&Unpacked, String> {
        let unpacked = self
            .unpacked
            .get_or_init(|| unpack::shared(&self.path, &self.packing, &self.layout));
        match unpacked {
            Ok(unpacked) => Ok(unpacked),
            Err(reason) => Err(reason.clone()),
        }
    }

    /// Tells the nth picture from all others, by the SHA-256 of the file.
    pub fn identity(&self, index: u64, file: &[u8; 32]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        if self.packing == Packing::Plain && self.layout.is_cifar10() {
            hasher.update(b"cifar10 record");
        } else {
            // What else decides which bytes are the picture, and how they are read.
            hasher.update(format!("record of {:?}, {:?}", self.packing, self.layout));
        }
        hasher.update(index.to_le_bytes());
        hasher.update(file);
        hasher.finalize().into()
    }
}

impl PartialEq for RecordFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.packing, &self.layout) == (&other.path, &other.packing, &other.layout)
    }
}

impl Eq for RecordFile {}

impl Hash for RecordFile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.path, &self.packing, &self.layout).hash(state);
    }
}

fn read_at(path: &Path, at: u64, bytes: &mut [u8]) -> io::Result<()> {
    let mut file = ordinary_file::open(path, Links::Followed)?;
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}

#[cfg(test)]
mod tests;
