//! One file of feature rows. It gets its name only when it is whole, and never changes afterwards, so that any number
//! of runs may read and write at once.
//!
//! ```text
//! header   64 bytes    magic, version, kind of the numbers, shape of a row
//! rows                 one after the other, little-endian
//! keys     32 bytes each, in the rows' order; zeros: the row is void
//! checks   4 bytes each: CRC-32 of the row
//! tail     48 bytes    number of rows, SHA-256 of header, keys and checks, magic
//! ```
//!
//! Nothing is flushed to a disk of this machine on purpose: after a power cut the digest and the checks tell what is whole, and
//! what is not is computed again. Rows are read with ordinary reads rather than through a map, because a file that
//! another program cuts short is then an error and not the end of the process; the system keeps them in memory as
//! it would the pages of a map.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::shared_disk;
use crate::data::replace::UNFINISHED;
use crate::ordinary_file::{self, Links};

/// Raised whenever the file's layout changes.
pub(super) const VERSION: u32 = 1;
/// How finished files end.
pub(super) const EXTENSION: &str = "features";

const MAGIC: &[u8; 8] = b"GRAFTFEA";
const HEADER_BYTES: u64 = 64;
const TAIL_BYTES: u64 = 48;
/// A row has at most this many sides.
const SIDES: usize = 3;
/// A larger row than any network gives is no row.
const MAX_ROW_BYTES: u64 = 1 << 32;

/// Names one row: what it was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(pub [u8; 32]);

impl RowKey {
    /// The key of a row that must not be found.
    const VOID: Self = Self([0; 32]);
}

/// How the numbers of a row are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    Float32,
    BFloat16,
    /// IEEE's 16 bits; earlier versions pass such files over.
    Float16,
}

impl RowKind {
    pub fn bytes(self) -> u64 {
        match self {
            Self::Float32 => 4,
            Self::BFloat16 | Self::Float16 => 2,
        }
    }
}

/// Kind and shape of every row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub kind: RowKind,
    /// `[F]`, or `[H, W, C]`.
    pub shape: Vec<u32>,
}

impl Layout {
    pub fn row_bytes(&self) -> u64 {
        let values = self.shape.iter().map(|&side| u64::from(side));
        values.fold(self.kind.bytes(), u64::saturating_mul)
    }

    fn header(&self) -> io::Result<[u8; HEADER_BYTES as usize]> {
        if self.shape.is_empty() || self.shape.len() > SIDES {
            return Err(invalid("rows of this shape can't be kept"));
        }
        let kind = match self.kind {
            RowKind::Float32 => 1,
            RowKind::BFloat16 => 2,
            RowKind::Float16 => 3,
        };
        let mut header = [0; HEADER_BYTES as usize];
        header[..8].copy_from_slice(MAGIC);
        let sides = self.shape.len() as u32;
        let numbers = [VERSION, kind, sides];
        for (index, number) in numbers.iter().chain(&self.shape).enumerate() {
            header[8 + 4 * index..][..4].copy_from_slice(&number.to_le_bytes());
        }
        Ok(header)
    }

    fn parse(header: &[u8; HEADER_BYTES as usize]) -> io::Result<Self> {
        let number = |index: usize| u32_at(header, 8 + 4 * index);
        if &header[..8] != MAGIC || number(0) != VERSION {
            return Err(invalid("no features of this version"));
        }
        let kind = match number(1) {
            1 => RowKind::Float32,
            2 => RowKind::BFloat16,
            3 => RowKind::Float16,
            _ => return Err(invalid("unknown kind of numbers")),
        };
        let sides = number(2) as usize;
        if !(1..=SIDES).contains(&sides) {
            return Err(invalid("unknown shape"));
        }
        let shape = (0..sides).map(|side| number(3 + side)).collect();
        let layout = Self { kind, shape };
        if layout.row_bytes() == 0 || layout.row_bytes() > MAX_ROW_BYTES {
            return Err(invalid("unknown shape"));
        }
        Ok(layout)
    }
}

/// A file that grows. Dropped before [`PackWriter::finish`], it is gone.
#[derive(Debug)]
pub struct PackWriter {
    file: BufWriter<NamedTempFile>,
    folder: PathBuf,
    layout: Layout,
    keys: Vec<RowKey>,
    checks: Vec<u32>,
}

impl PackWriter {
    /// An unfinished file in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(folder: &Path, layout: Layout) -> io::Result<Self> {
        let mut file = BufWriter::new(unfinished(folder)?);
        file.write_all(&layout.header()?)?;
        Ok(Self {
            file,
            folder: folder.to_path_buf(),
            layout,
            keys: Vec::new(),
            checks: Vec::new(),
        })
    }

    /// Appends one row for each of `keys`; `None` is written but will not be found.
    ///
    /// # Errors
    /// `InvalidData` where `rows` are not as long as `keys` are many, else what the disk says.
    pub fn push(&mut self, keys: &[Option<RowKey>], rows: &[u8]) -> io::Result<()> {
        let length = self.layout.row_bytes() as usize;
        if rows.len() != keys.len() * length {
            return Err(invalid("rows and keys do not match"));
        }
        self.file.write_all(rows)?;
        self.checks
            .extend(rows.chunks_exact(length).map(crc32fast::hash));
        self.keys
            .extend(keys.iter().map(|key| key.unwrap_or(RowKey::VOID)));
        Ok(())
    }

    /// Gives the file its name, without the rows that `is_valid` rejects by their key. `None` when no row remains.
    ///
    /// # Errors
    /// What the disk says; the unfinished file is removed then.
    pub fn finish(mut self, is_valid: impl Fn(&RowKey) -> bool) -> io::Result<Option<PathBuf>> {
        for key in &mut self.keys {
            if *key != RowKey::VOID && !is_valid(key) {
                *key = RowKey::VOID;
            }
        }
        if self.keys.iter().all(|key| *key == RowKey::VOID) {
            return Ok(None);
        }
        let mut table = Vec::with_capacity(self.keys.len() * 36);
        table.extend(self.keys.iter().flat_map(|key| key.0));
        table.extend(self.checks.iter().flat_map(|check| check.to_le_bytes()));
        let digest = table_digest(&self.layout.header()?, &table);
        self.file.write_all(&table)?;
        self.file
            .write_all(&(self.keys.len() as u64).to_le_bytes())?;
        self.file.write_all(&digest)?;
        self.file.write_all(MAGIC)?;
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        shared_disk::arrive(file.as_file())?;
        let name = hex::encode(&digest[..12]);
        let path = self.folder.join(name).with_extension(EXTENSION);
        file.persist(&path).map_err(|error| error.error)?;
        Ok(Some(path))
    }
}

/// A file of `folder` that is not whole yet. Another process may remove the folder while it is empty, and so just now.
pub(super) fn unfinished(folder: &Path) -> io::Result<NamedTempFile> {
    const TRIES: usize = 5;
    let mut tried = 0;
    loop {
        std::fs::create_dir_all(folder)?;
        tried += 1;
        let made = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(folder);
        match made {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tried < TRIES => {}
            made => return made,
        }
    }
}

/// A finished file. While it is held open it can be read on after this machine has removed it from its folder.
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    /// `None` where it is opened for each row.
    file: Option<File>,
    pub layout: Layout,
    pub keys: Vec<RowKey>,
    checks: Vec<u32>,
    /// Rows that could not be read.
    lost: Mutex<HashSet<usize>>,
}

impl Pack {
    /// `stays_open`: for who has few of them; a process may hold some hundred files.
    ///
    /// # Errors
    /// `InvalidData` for a file that is not whole or of another version, else what the disk says.
    pub fn open(path: &Path, stays_open: bool) -> io::Result<Self> {
        let mut file = ordinary_file::open(path, Links::Refused)?;
        let length = file.metadata()?.len();
        if length < HEADER_BYTES + TAIL_BYTES {
            return Err(invalid("too short"));
        }
        let mut header = [0; HEADER_BYTES as usize];
        file.read_exact(&mut header)?;
        let layout = Layout::parse(&header)?;
        file.seek(SeekFrom::Start(length - TAIL_BYTES))?;
        let mut tail = [0; TAIL_BYTES as usize];
        file.read_exact(&mut tail)?;
        let mut count = [0; 8];
        count.copy_from_slice(&tail[..8]);
        let count = u64::from_le_bytes(count);
        let expected = (layout.row_bytes() + 36)
            .checked_mul(count)
            .and_then(|rows| rows.checked_add(HEADER_BYTES + TAIL_BYTES));
        if &tail[40..] != MAGIC || expected != Some(length) {
            return Err(invalid("not whole"));
        }
        // Bounded by the file's own length, which has just been compared.
        let mut table = vec![0; count as usize * 36];
        file.seek(SeekFrom::Start(HEADER_BYTES + layout.row_bytes() * count))?;
        file.read_exact(&mut table)?;
        if table_digest(&header, &table) != tail[8..40] {
            return Err(invalid("damaged"));
        }
        let (keys, checks) = table.split_at(count as usize * 32);
        let key = |bytes: &[u8]| {
            let mut key = [0; 32];
            key.copy_from_slice(bytes);
            RowKey(key)
        };
        Ok(Self {
            keys: keys.chunks_exact(32).map(key).collect(),
            checks: (0..count as usize)
                .map(|row| u32_at(checks, 4 * row))
                .collect(),
            path: path.to_path_buf(),
            file: stays_open.then_some(file),
            layout,
            lost: Mutex::default(),
        })
    }

    /// The rows that can be found, with their keys.
    pub fn rows(&self) -> impl Iterator<Item = (usize, RowKey)> {
        let keys = self.keys.iter().copied().enumerate();
        keys.filter(|(_, key)| *key != RowKey::VOID)
    }

    /// Reads one row into `out`. What can't be read is lost for as long as the file is known here.
    ///
    /// # Errors
    /// `InvalidData` when the row is not what was written, else what the disk says: the file may be gone, or be cut short.
    pub fn read(&self, row: usize, out: &mut [u8]) -> io::Result<()> {
        let outcome = self.try_read(row, out);
        if outcome.is_err() {
            self.lost().insert(row);
        }
        outcome
    }

    /// Whether a row could not be read.
    pub fn is_lost(&self, row: usize) -> bool {
        self.lost().contains(&row)
    }

    fn lost(&self) -> std::sync::MutexGuard<'_, HashSet<usize>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_read(&self, row: usize, out: &mut [u8]) -> io::Result<()> {
        let length = self.layout.row_bytes();
        let check = self.checks.get(row).copied();
        if out.len() as u64 != length {
            return Err(invalid("no such row"));
        }
        self.with_file(|file| read_exact_at(file, out, HEADER_BYTES + length * row as u64))?;
        if check != Some(crc32fast::hash(out)) {
            return Err(invalid("damaged"));
        }
        Ok(())
    }

    fn with_file<T>(&self, work: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        match &self.file {
            Some(file) => work(file),
            None => work(&ordinary_file::open(&self.path, Links::Refused)?),
        }
    }

    /// Notes that it was of use now, so that others are removed before it.
    pub fn touch(&self) {
        let touched = self.with_file(|file| {
            shared_disk::touch(file);
            Ok(())
        });
        // It may be gone.
        drop(touched);
    }
}

fn table_digest(header: &[u8], table: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(header);
    hasher.update(table);
    hasher.finalize().into()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(unix)]
fn read_exact_at(file: &File, out: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, at)
}

#[cfg(not(unix))]
fn read_exact_at(file: &File, out: &mut [u8], at: u64) -> io::Result<()> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u8) -> RowKey {
        RowKey([number; 32])
    }

    fn write(folder: &Path, rows: &[(Option<RowKey>, [u8; 8])]) -> PathBuf {
        let layout = Layout {
            kind: RowKind::BFloat16,
            shape: vec![2, 1, 2],
        };
        let mut writer = PackWriter::create(folder, layout).unwrap();
        for (key, row) in rows {
            writer.push(&[*key], row).unwrap();
        }
        writer.finish(|key| key.0[0] != 66).unwrap().unwrap()
    }

    fn rows_of(pack: &Pack) -> Vec<(RowKey, Vec<u8>)> {
        let length = pack.layout.row_bytes() as usize;
        pack.rows()
            .filter_map(|(row, key)| {
                let mut out = vec![0; length];
                pack.read(row, &mut out).ok().map(|()| (key, out))
            })
            .collect()
    }

    #[test]
    fn rows_come_back_without_those_that_must_not_be_found() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [
            (Some(key(1)), [1; 8]),
            (None, [2; 8]),
            (Some(key(66)), [3; 8]),
            (Some(key(4)), [4; 8]),
        ];
        let pack = Pack::open(&write(folder.path(), &rows), true).unwrap();
        let expected = vec![(key(1), vec![1; 8]), (key(4), vec![4; 8])];
        assert_eq!(rows_of(&pack), expected);
        // Removed by another process, it can still be read.
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(rows_of(&pack), expected);
    }

    #[test]
    fn what_was_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout {
            kind: RowKind::Float32,
            shape: vec![1],
        };
        let mut writer = PackWriter::create(folder.path(), layout.clone()).unwrap();
        writer.push(&[Some(key(1))], &[0; 4]).unwrap();
        assert!(writer.push(&[Some(key(1))], &[0; 5]).is_err());
        drop(writer);
        let mut writer = PackWriter::create(folder.path(), layout).unwrap();
        writer.push(&[None], &[0; 4]).unwrap();
        assert_eq!(writer.finish(|_| true).unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// Cut short or gone after it was opened: an error for each row that is not there, and the end of nothing else.
    #[test]
    fn rows_that_vanish_are_lost_and_the_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<_> = (1..6u8).map(|row| (Some(key(row)), [row; 8])).collect();
        let path = write(folder.path(), &rows);
        let mut out = [0; 8];
        for stays_open in [true, false] {
            let pack = Pack::open(&path, stays_open).unwrap();
            let whole = std::fs::read(&path).unwrap();
            // Three rows and half of the next one.
            std::fs::write(&path, &whole[..HEADER_BYTES as usize + 28]).unwrap();
            let read: Vec<bool> = (0..5).map(|row| pack.read(row, &mut out).is_ok()).collect();
            assert_eq!(read, [true, true, true, false, false]);
            assert_eq!([2, 3].map(|row| pack.is_lost(row)), [false, true]);
            assert!(pack.read(9, &mut out).is_err());
            std::fs::write(&path, whole).unwrap();
        }
        let pack = Pack::open(&path, false).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = pack.read(0, &mut out).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(pack.is_lost(0) && !pack.is_lost(1));
        pack.touch();
    }

    proptest! {
        /// Whatever happens to the file, a row that is given is the row that was written.
        #[test]
        fn a_damaged_file_gives_no_wrong_row(at in any::<prop::sample::Index>(), bit in 0..8u8, cut in any::<bool>()) {
            let folder = tempfile::tempdir().unwrap();
            let written: Vec<_> = (1..6u8).map(|row| (Some(key(row)), [row; 8])).collect();
            let path = write(folder.path(), &written);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << bit;
            }
            std::fs::write(&path, bytes).unwrap();
            if let Ok(pack) = Pack::open(&path, true) {
                for (key, row) in rows_of(&pack) {
                    prop_assert_eq!(row, vec![key.0[0]; 8]);
                }
            }
        }
    }
}
