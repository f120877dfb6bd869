//! Small files that can be made again: written whole or not at all, and not waited for.

use std::io::{self, Write as _};
use std::path::Path;

/// How the names of files begin that are not whole yet.
pub const UNFINISHED: &str = ".writing-";

/// Replaces `path` by `bytes`; its folder is made where it is missing. A reader sees the old file or the new one. Nothing
/// waits for the drive: after a power cut, the file may be neither.
///
/// # Errors
/// Whatever the disk says; the file at `path` is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
