//! The files of a wheel that are needed, from its zip archive.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use zip::ZipArchive;

use super::InstallError;
use crate::data::StopFlag;
use crate::models::device::cuda_packages::needed_path;

/// Between two looks at whether it was stopped.
const PIECE: usize = 1 << 20;

/// Writes what is needed of `wheel` below `folder`, over what an earlier attempt left; `written` hears how many bytes
/// there are so far.
pub(super) fn unpack(
    wheel: &Path,
    folder: &Path,
    stop: &StopFlag,
    written: &mut dyn FnMut(u64),
) -> Result<(), InstallError> {
    let damaged = |error: zip::result::ZipError| InstallError::Disk {
        path: wheel.to_path_buf(),
        error: error.into(),
    };
    let file = File::open(wheel).map_err(|error| InstallError::disk(wheel, error))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut done = 0;
    let mut buffer = vec![0; PIECE];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        // A name that would leave the folder has none.
        let name = entry.enclosed_name();
        let inside = name.and_then(|name| needed_path(&name.to_string_lossy()));
        let Some(path) = inside
            .filter(|_| entry.is_file())
            .map(|inside| folder.join(inside))
        else {
            continue;
        };
        let disk = |error| InstallError::disk(&path, error);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(disk)?;
        let mut out = File::create(&path).map_err(disk)?;
        loop {
            if stop.is_stopped() {
                return Err(InstallError::Stopped);
            }
            match entry.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    out.write_all(&buffer[..count]).map_err(disk)?;
                    done += count as u64;
                    written(done);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(InstallError::disk(wheel, error)),
            }
        }
        out.sync_all().map_err(disk)?;
    }
    Ok(())
}
