use std::fs::{self, File};
use std::io::Write as _;

use super::*;

/// Longer than any of these waits on a machine that does something else at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

struct Watched {
    folder: tempfile::TempDir,
    watch: FolderWatch,
}

impl Watched {
    fn new(list_every: Option<Duration>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("there.png"), "a picture").unwrap();
        let watched = [folder.path().to_path_buf()];
        let mut watch = FolderWatch::new(&watched, list_every).unwrap();
        make_old(&folder.path().join("there.png"));
        let mut there = vec![Picture::file(folder.path().join("there.png"))];
        watch.take_whole(&mut there);
        assert_eq!(there.len(), 1);
        Self { folder, watch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The next pictures that are whole, by their names.
    fn next(&mut self) -> Vec<String> {
        let pictures = self.watch.next(PATIENCE, &StopFlag::default());
        pictures
            .iter()
            .map(|picture| {
                let below = picture.name().strip_prefix(self.folder.path());
                below.unwrap().display().to_string()
            })
            .collect()
    }

    /// Makes a picture whose arrival says that everything before was looked at.
    fn next_after(&mut self, name: &str) -> Vec<String> {
        fs::write(self.path(name), "the last").unwrap();
        let mut found = Vec::new();
        while found.last().is_none_or(|last| last != name) {
            let next = self.next();
            assert!(!next.is_empty(), "{name} never came; there were {found:?}");
            found.extend(next);
        }
        found
    }
}

/// As if it had been there for a while.
fn make_old(path: &Path) {
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(60);
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(long_ago).unwrap();
}

fn ways() -> [Option<Duration>; 2] {
    [None, Some(Duration::from_millis(50))]
}

#[test]
fn a_file_that_is_still_written_is_waited_for() {
    for way in ways() {
        let mut watched = Watched::new(way);
        let mut file = File::create(watched.path("slow.png")).unwrap();
        for part in 0..4 {
            file.write_all(b"part").unwrap();
            // Nothing is whole meanwhile.
            let found = watched
                .watch
                .next(Duration::from_millis(400), &StopFlag::default());
            assert!(found.is_empty(), "after part {part}: {found:?}");
        }
        drop(file);
        assert_eq!(watched.next(), ["slow.png"]);
    }
}

#[test]
fn what_is_being_written_when_the_watch_begins_is_waited_for() {
    for way in ways() {
        let mut watched = Watched::new(way);
        let (old, young) = (watched.path("old.png"), watched.path("young.png"));
        fs::write(&old, "whole").unwrap();
        make_old(&old);
        // Begun before the watch was, so that nobody tells of it: only its date does.
        fs::write(&young, "half").unwrap();
        while watched.watch.changes.try_recv().is_ok() {}
        let elsewhere = tempfile::tempdir().unwrap();
        let named = elsewhere.path().join("named.png");
        fs::write(&named, "one that is not watched").unwrap();
        let mut there: Vec<Picture> = [&old, &young, &named].map(Picture::file).into();
        watched.watch.take_whole(&mut there);
        let kept: Vec<&Path> = there.iter().map(Picture::name).collect();
        assert_eq!(kept, [old.as_path(), named.as_path()]);
        fs::write(&young, "now it is whole").unwrap();
        assert_eq!(watched.next(), ["young.png"]);
    }
}

#[test]
fn what_is_moved_there_replaced_or_in_new_folders_is_seen_and_nothing_else() {
    for way in ways() {
        let mut watched = Watched::new(way);
        fs::write(watched.path(".new.png.x1"), "whole").unwrap();
        fs::rename(watched.path(".new.png.x1"), watched.path("new.png")).unwrap();
        assert_eq!(watched.next(), ["new.png"]);

        fs::create_dir_all(watched.path("deep/er")).unwrap();
        fs::write(watched.path("deep/er/b.jpg"), "whole").unwrap();
        assert_eq!(watched.next(), ["deep/er/b.jpg"]);

        fs::write(watched.path("there.png"), "another picture").unwrap();
        assert_eq!(watched.next(), ["there.png"]);

        // What is gone again, hidden, no picture or not finished does no harm; a format that is not read is told.
        fs::remove_file(watched.path("new.png")).unwrap();
        fs::remove_dir_all(watched.path("deep")).unwrap();
        for name in [
            ".hidden.png",
            "notes.txt",
            "load.png.part",
            "later.crdownload",
        ] {
            fs::write(watched.path(name), "x").unwrap();
        }
        fs::write(watched.path("gone.png"), "x").unwrap();
        fs::remove_file(watched.path("gone.png")).unwrap();
        fs::write(watched.path("a.heic"), "x").unwrap();
        let mut found = watched.next_after("zz.png");
        found.sort();
        assert_eq!(found, ["a.heic", "zz.png"]);

        // It comes back as another.
        fs::write(watched.path("new.png"), "once more").unwrap();
        assert_eq!(watched.next(), ["new.png"]);
    }
}

#[test]
fn when_changes_were_lost_the_folder_is_listed() {
    let mut watched = Watched::new(None);
    // As if the system had told nothing of it.
    fs::write(watched.path("unseen.png"), "whole").unwrap();
    while watched
        .watch
        .changes
        .recv_timeout(Duration::from_millis(500))
        .is_ok()
    {}
    watched.watch.is_incomplete.store(true, Ordering::Relaxed);
    assert_eq!(watched.next(), ["unseen.png"]);
}

#[test]
fn a_stop_ends_the_wait() {
    let mut watched = Watched::new(None);
    let stop = StopFlag::default();
    stop.stop();
    assert!(watched.watch.next(PATIENCE, &stop).is_empty());
    let file = watched.path("there.png");
    assert!(FolderWatch::new(&[file], None).is_err());
}
