//! Paths that are named on standard input, as they come.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::cli::output;
use crate::data::StopFlag;

/// Paths that are taken at once.
const GROUP: usize = 8192;
/// No path is longer on any system.
const LONGEST: u64 = 1 << 16;
/// Stands before texts of some programs on Windows.
const MARK_OF_UTF8: &[u8] = b"\xef\xbb\xbf";
/// What such a text of UTF-16 begins with, by the order of its bytes.
const MARKS_OF_UTF16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// A stop is looked at so often.
const TICK: Duration = Duration::from_millis(200);

/// Reads on a thread of its own, so that the first names are answered while others are still to come.
pub struct Names(Receiver<anyhow::Result<PathBuf>>);

impl Names {
    /// # Errors
    /// When the system gives no thread.
    pub fn read(end_with_nul: bool) -> anyhow::Result<Self> {
        if io::stdin().is_terminal() {
            output::warn("Paths of pictures, one a line; Ctrl-D ends them.");
        }
        let (sender, receiver) = sync_channel(GROUP);
        std::thread::Builder::new()
            .name("graft-names".into())
            .spawn(move || {
                if let Err(error) = read_all(io::stdin().lock(), end_with_nul, &sender) {
                    // Nobody listens once a stop was asked for.
                    drop(sender.send(Err(error)));
                }
            })
            .context("can't start a thread")?;
        Ok(Self(receiver))
    }

    /// Those that came meanwhile, after at least one has come; `None` after the last one, or a stop.
    ///
    /// # Errors
    /// When standard input can't be read, or holds no paths.
    pub fn next(&self, stop: &StopFlag) -> anyhow::Result<Option<Vec<PathBuf>>> {
        loop {
            if stop.is_stopped() {
                return Ok(None);
            }
            match self.0.recv_timeout(TICK) {
                Ok(first) => {
                    let mut paths = vec![first?];
                    while paths.len() < GROUP
                        && let Ok(next) = self.0.try_recv()
                    {
                        paths.push(next?);
                    }
                    return Ok(Some(paths));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }
}

fn read_all(
    mut input: impl BufRead,
    end_with_nul: bool,
    sender: &SyncSender<anyhow::Result<PathBuf>>,
) -> anyhow::Result<()> {
    let end = if end_with_nul { 0 } else { b'\n' };
    let mut is_first = true;
    loop {
        let mut name = Vec::new();
        let read = input.by_ref().take(LONGEST).read_until(end, &mut name);
        if read.context("standard input can't be read")? == 0 {
            return Ok(());
        }
        if name.last() == Some(&end) {
            name.pop();
        } else if name.len() as u64 == LONGEST {
            bail!(
                "standard input holds no paths of pictures, one a line: a line of it is longer than any path"
            );
        }
        if std::mem::take(&mut is_first) && !end_with_nul {
            if MARKS_OF_UTF16.iter().any(|mark| name.starts_with(mark)) {
                bail!("the paths on standard input are in UTF-16: write the list in UTF-8");
            }
            if name.starts_with(MARK_OF_UTF8) {
                name.drain(..MARK_OF_UTF8.len());
            }
        }
        // Lists that were written on Windows.
        if !end_with_nul && name.last() == Some(&b'\r') {
            name.pop();
        }
        if name.is_empty() {
            continue;
        }
        if !end_with_nul && name.contains(&0) {
            bail!("the paths on standard input end with NUL bytes: add --null");
        }
        if sender.send(Ok(path(name)?)).is_err() {
            return Ok(());
        }
    }
}

#[cfg(unix)]
fn path(name: Vec<u8>) -> anyhow::Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Ok(OsString::from_vec(name).into())
}

#[cfg(not(unix))]
fn path(name: Vec<u8>) -> anyhow::Result<PathBuf> {
    let name = String::from_utf8(name).context("a path on standard input is not in UTF-8")?;
    Ok(OsString::from(name).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(input: &[u8], end_with_nul: bool) -> anyhow::Result<Vec<PathBuf>> {
        let (sender, receiver) = sync_channel(GROUP);
        read_all(input, end_with_nul, &sender)?;
        drop(sender);
        receiver.into_iter().collect()
    }

    #[test]
    fn a_path_a_line_or_between_nul_bytes() {
        let plain = names(b"a.png\n\nb c.png\r\nlast", false).unwrap();
        assert_eq!(plain, ["a.png", "b c.png", "last"].map(PathBuf::from));
        let odd = names(b"a\nb.png\0c\r\0", true).unwrap();
        assert_eq!(odd, ["a\nb.png", "c\r"].map(PathBuf::from));
        assert!(names(b"", false).unwrap().is_empty());
        let marked = names(b"\xef\xbb\xbfa.png\r\n\r\nb.png\r\n", false).unwrap();
        assert_eq!(marked, ["a.png", "b.png"].map(PathBuf::from));
        let error = names(b"\xff\xfea\0\n\0", false).unwrap_err().to_string();
        assert!(error.contains("UTF-16"), "{error}");
        let error = names(b"a\0b\0", false).unwrap_err().to_string();
        assert!(error.contains("--null"), "{error}");
        let error = names(&vec![b'x'; 100_000], false).unwrap_err().to_string();
        assert!(error.contains("no paths"), "{error}");
    }
}
