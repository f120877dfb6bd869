//! Compressed pictures, and pictures stored by columns, brought into a temporary file once per process.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::super::contents::Stamp;
use super::{Layout, Packing};
use crate::ordinary_file::{self, Links};
use crate::paths;

/// Pictures turned from columns to rows at once, in bytes.
const BLOCK_BYTES: u64 = 64 << 20;

/// Pictures one after the other in a file without a name.
#[derive(Debug)]
pub(super) struct Unpacked {
    file: Mutex<File>,
    start: u64,
    stride: u64,
}

impl Unpacked {
    pub fn read(&self, index: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut file = lock(&self.file);
        file.seek(SeekFrom::Start(self.start + index * self.stride))?;
        file.read_exact(bytes)
    }
}

/// What an unpacked file depends on.
#[derive(PartialEq)]
struct Key {
    path: PathBuf,
    stamp: Stamp,
    packing: Packing,
    layout: Layout,
}

/// What this process has unpacked and still uses: several scans of the same pictures share it.
static SHARED: Mutex<Vec<(Key, Weak<Unpacked>)>> = Mutex::new(Vec::new());

/// The unpacked pictures of a file.
///
/// # Errors
/// What is wrong with the file, and what to do.
pub(super) fn shared(
    path: &Path,
    packing: &Packing,
    layout: &Layout,
) -> Result<Arc<Unpacked>, String> {
    let stamp = Stamp::of(path).map_err(|error| unreadable(&error))?;
    let key = Key {
        path: path.to_path_buf(),
        stamp,
        packing: packing.clone(),
        layout: layout.clone(),
    };
    // Held while it unpacks: whoever wants the same meanwhile shall not unpack it a second time.
    let mut known = lock(&SHARED);
    known.retain(|(_, unpacked)| unpacked.strong_count() > 0);
    let found = known.iter().find(|(other, _)| *other == key);
    if let Some(unpacked) = found.and_then(|(_, unpacked)| unpacked.upgrade()) {
        return Ok(unpacked);
    }
    let unpacked = Arc::new(unpack(path, packing, layout)?);
    known.push((key, Arc::downgrade(&unpacked)));
    Ok(unpacked)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unpack(path: &Path, packing: &Packing, layout: &Layout) -> Result<Unpacked, String> {
    layout.check()?;
    let end = layout
        .end()
        .ok_or("announces more pictures than any file holds: it is damaged")?;
    let plain = match packing {
        Packing::Plain => {
            ordinary_file::open(path, Links::Followed).map_err(|error| unreadable(&error))?
        }
        Packing::Gzip => {
            let file =
                ordinary_file::open(path, Links::Followed).map_err(|error| unreadable(&error))?;
            let mut reader = flate2::bufread::MultiGzDecoder::new(BufReader::new(file));
            copy(&mut reader, end)?
        }
        Packing::Member(name) => {
            let file =
                ordinary_file::open(path, Links::Followed).map_err(|error| unreadable(&error))?;
            let mut archive =
                zip::ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
            let mut member = archive.by_name(name).map_err(|error| damaged(&error))?;
            copy(&mut member, end)?
        }
        Packing::Latin1 { start, length } => {
            let mut file =
                ordinary_file::open(path, Links::Followed).map_err(|error| unreadable(&error))?;
            file.seek(SeekFrom::Start(*start))
                .map_err(|error| unreadable(&error))?;
            let mut reader = Latin1 {
                inner: BufReader::new(file).take(*length),
            };
            copy(&mut reader, end)?
        }
    };
    if layout.by_columns {
        return by_rows(plain, layout);
    }
    Ok(Unpacked {
        file: Mutex::new(plain),
        start: layout.start,
        stride: layout.stride,
    })
}

/// All of `reader`, which must give exactly `length` bytes, in a temporary file.
fn copy(reader: &mut dyn Read, length: u64) -> Result<File, String> {
    let mut writer = BufWriter::with_capacity(1 << 20, temporary()?);
    let mut buffer = vec![0; 1 << 20];
    let mut copied = 0u64;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(&error)),
        };
        copied += read as u64;
        if copied > length {
            return Err("holds more than its header announces: download or copy it again".into());
        }
        writer
            .write_all(&buffer[..read])
            .map_err(|error| unwritable(&error))?;
    }
    if copied < length {
        return Err("is cut off: download or copy it again".into());
    }
    writer
        .into_inner()
        .map_err(|error| unwritable(error.error()))
}

/// Turns `plain`, in which the same byte of all pictures stands together, into one picture after the other.
fn by_rows(mut plain: File, layout: &Layout) -> Result<Unpacked, String> {
    let picture = layout.picture_bytes();
    let mut writer = BufWriter::with_capacity(1 << 20, temporary()?);
    let targets = offsets_by_columns(layout);
    let block = (BLOCK_BYTES / picture.max(1)).clamp(1, layout.count.max(1));
    let mut first = 0;
    while first < layout.count {
        let pictures = block.min(layout.count - first);
        let mut rows = vec![0; (pictures * picture) as usize];
        let mut column = vec![0; pictures as usize];
        for (plane, &target) in targets.iter().enumerate() {
            plain
                .seek(SeekFrom::Start(
                    layout.start + plane as u64 * layout.count + first,
                ))
                .and_then(|_| plain.read_exact(&mut column))
                .map_err(|error| damaged(&error))?;
            for (row, &byte) in rows.chunks_exact_mut(picture as usize).zip(&column) {
                row[target] = byte;
            }
        }
        writer
            .write_all(&rows)
            .map_err(|error| unwritable(&error))?;
        first += pictures;
    }
    let file = writer
        .into_inner()
        .map_err(|error| unwritable(error.error()))?;
    Ok(Unpacked {
        file: Mutex::new(file),
        start: 0,
        stride: picture,
    })
}

/// Where in a picture the bytes belong that stand one after the other by columns, where the first axis varies fastest.
fn offsets_by_columns(layout: &Layout) -> Vec<usize> {
    let (width, height) = (layout.width as usize, layout.height as usize);
    let axes = match layout.channels {
        super::Channels::Grey => [1, height, width],
        super::Channels::Interleaved => [height, width, 3],
        super::Channels::Planar => [3, height, width],
    };
    let [a, b, c] = axes;
    let mut offsets = Vec::with_capacity(a * b * c);
    for k in 0..c {
        for j in 0..b {
            offsets.extend((0..a).map(|i| (i * b + j) * c + k));
        }
    }
    offsets
}

/// Turns UTF-8 of the first 256 characters into the bytes that they stand for.
struct Latin1<R> {
    inner: R,
}

impl<R: io::BufRead> Read for Latin1<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let mut byte = [0];
            if self.inner.read(&mut byte)? == 0 {
                break;
            }
            let first = byte[0];
            buffer[filled] = if first < 0x80 {
                first
            } else {
                self.inner.read_exact(&mut byte)?;
                let second = byte[0];
                if !matches!(first, 0xc2 | 0xc3) || second & 0xc0 != 0x80 {
                    return Err(io::Error::other("a character that stands for no byte"));
                }
                (first & 0x03) << 6 | (second & 0x3f)
            };
            filled += 1;
        }
        Ok(filled)
    }
}

/// In the cache's folder, because a system's temporary folder may be memory.
fn temporary() -> Result<File, String> {
    let in_cache = paths::shared_cache().and_then(|cache| {
        std::fs::create_dir_all(&cache)
            .and_then(|()| tempfile::tempfile_in(&cache))
            .ok()
    });
    in_cache
        .map_or_else(tempfile::tempfile, Ok)
        .map_err(|error| unwritable(&error))
}

fn unreadable(error: &io::Error) -> String {
    format!("can't be read ({error}): check the disk, or copy the file again")
}

fn damaged(error: &dyn std::fmt::Display) -> String {
    format!("is damaged or cut off ({error}): download or copy it again")
}

fn unwritable(error: &io::Error) -> String {
    format!(
        "has to be unpacked into a temporary file, which can't be written ({error}): free some space where Graft's \
         cache is, or unpack the file yourself"
    )
}
