//! The crate's one place with a memory map: a temporary file, seen as bytes.
#![allow(
    unsafe_code,
    reason = "mapping a file is unsafe in memmap2, because others could change the file"
)]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// A read-only view of a whole file.
pub(super) struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Maps a file that was made by `tempfile::tempfile` and is not written any more.
    pub fn new(file: File) -> io::Result<Self> {
        // SAFETY: the file has no name (`tempfile::tempfile` unlinks it, or opens it exclusively
        // where it can't), so no other process can open it to cut or change it; this function takes
        // the only handle and drops it, so this process can't either while the map lives.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self { map })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.map
    }
}
