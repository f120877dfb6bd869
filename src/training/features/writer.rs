//! Rows on their way to the disk, on a thread of their own: neither the network nor a graphics card waits for checks and
//! writes.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::pack::{PackWriter, RowKey};

/// Batches that wait for the disk at most.
const AHEAD: usize = 2;

/// Rows with their keys.
type Rows = (Vec<Option<RowKey>>, Vec<u8>);

/// A file that grows beside the computation. Dropped before [`Self::finish`], it is gone.
#[derive(Debug)]
pub(super) struct RowWriter {
    /// Gone when the thread is to end.
    rows: Option<SyncSender<Rows>>,
    thread: Option<JoinHandle<io::Result<PackWriter>>>,
}

impl RowWriter {
    /// # Errors
    /// When the system gives no thread.
    pub fn start(mut pack: PackWriter) -> io::Result<Self> {
        let (sender, coming) = sync_channel::<Rows>(AHEAD);
        let write = move || {
            for (keys, rows) in coming {
                pack.push(&keys, &rows)?;
            }
            Ok(pack)
        };
        let thread = std::thread::Builder::new()
            .name("graft-writing".into())
            .spawn(write)?;
        Ok(Self {
            rows: Some(sender),
            thread: Some(thread),
        })
    }

    /// Hands over one row for each of `keys`.
    ///
    /// # Errors
    /// What the disk said about rows that were handed over before; nothing can be kept then.
    pub fn push(&mut self, keys: &[Option<RowKey>], rows: Vec<u8>) -> io::Result<()> {
        let sent = match &self.rows {
            Some(sender) => sender.send((keys.to_vec(), rows)).is_ok(),
            None => false,
        };
        if sent {
            return Ok(());
        }
        // Only a failure ends the thread before its sender.
        self.end().map(drop)
    }

    /// Gives the file its name: see [`PackWriter::finish`].
    ///
    /// # Errors
    /// What the disk said, of rows that were handed over before too.
    pub fn finish(mut self, is_valid: impl Fn(&RowKey) -> bool) -> io::Result<Option<PathBuf>> {
        self.end()?.finish(is_valid)
    }

    fn end(&mut self) -> io::Result<PackWriter> {
        self.rows = None;
        let ended = || io::Error::other("the thread that writes has ended");
        let thread = self.thread.take().ok_or_else(ended)?;
        thread.join().unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        if self.thread.is_some() {
            drop(self.end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack::{Layout, Pack, RowKind};
    use super::*;

    fn pack(folder: &std::path::Path) -> PackWriter {
        let layout = Layout {
            kind: RowKind::Float16,
            shape: vec![4],
        };
        PackWriter::create(folder, layout).unwrap()
    }

    #[test]
    fn rows_arrive_in_order_and_what_is_dropped_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let key = |number: u8| Some(RowKey([number; 32]));
        let mut writer = RowWriter::start(pack(folder.path())).unwrap();
        for number in 1..20 {
            writer.push(&[key(number)], vec![number; 8]).unwrap();
        }
        let path = writer.finish(|_| true).unwrap().unwrap();
        let pack_read = Pack::open(&path, true).unwrap();
        for (row, found) in pack_read.rows() {
            let mut out = vec![0; 8];
            pack_read.read(row, &mut out).unwrap();
            assert_eq!((found.0[0], out[7]), (row as u8 + 1, row as u8 + 1));
        }
        assert_eq!(pack_read.rows().count(), 19);
        std::fs::remove_file(path).unwrap();
        let mut writer = RowWriter::start(pack(folder.path())).unwrap();
        writer.push(&[key(1)], vec![1; 8]).unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_fails_there_is_told_here() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RowWriter::start(pack(folder.path())).unwrap();
        // Rows of another length are refused by the file, which nobody waits for.
        writer.push(&[None], vec![0; 3]).unwrap();
        let failed = (0..10).find_map(|_| writer.push(&[None], vec![0; 3]).err());
        let failed = failed.unwrap_or_else(|| writer.finish(|_| true).unwrap_err());
        assert_eq!(failed.kind(), io::ErrorKind::InvalidData);
    }
}
