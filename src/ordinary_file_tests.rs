#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use super::*;

/// Paths that are no ordinary files, each with the word that names it.
fn others(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let pipe = folder.join("pipe");
    make_pipe(&pipe);
    let socket = folder.join("socket");
    drop(UnixListener::bind(&socket).unwrap());
    vec![
        (pipe, "a named pipe"),
        (socket, "a socket"),
        ("/dev/zero".into(), "a device"),
        (folder.to_path_buf(), "a folder"),
    ]
}

/// Without unsafe code, and without another feature of a crate: the program stands in every Unix.
fn make_pipe(path: &Path) {
    assert!(
        std::process::Command::new("mkfifo")
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn what_is_no_ordinary_file_is_refused_by_its_name_and_nothing_blocks() {
    let folder = tempfile::tempdir().unwrap();
    for (path, word) in others(folder.path()) {
        for links in [Links::Followed, Links::Refused] {
            let error = read(&path, 1 << 20, links).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path:?}");
            assert_eq!(
                error.to_string(),
                format!("it is {word} and no ordinary file")
            );
        }
        assert!(LockFile::open(&path).is_err(), "{path:?}");
        assert!(!LockFile::is_held(&path), "{path:?}");
        let link = folder.path().join(format!("link to {word}"));
        symlink(&path, &link).unwrap();
        assert!(
            read(&link, 10, Links::Followed)
                .unwrap_err()
                .to_string()
                .contains(word)
        );
    }
}

#[test]
fn a_link_is_followed_only_where_the_person_named_it() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "text").unwrap();
    let link = folder.path().join("lock");
    symlink(&secret, &link).unwrap();
    assert_eq!(read(&link, 4, Links::Followed).unwrap(), b"text");
    for error in [
        read(&link, 4, Links::Refused).unwrap_err(),
        LockFile::open(&link).unwrap_err(),
        check_there(&link, 4, Links::Refused).unwrap_err(),
    ] {
        assert_eq!(
            error.to_string(),
            "it is a link to another place, which is not followed here: put the file itself there"
        );
    }
    assert_eq!(
        std::fs::read(&secret).unwrap(),
        b"text",
        "nothing is emptied"
    );
    // One that leads nowhere makes no file there.
    let nowhere = folder.path().join("nowhere");
    symlink(folder.path().join("missing"), &nowhere).unwrap();
    assert!(is_there(&nowhere) && LockFile::open(&nowhere).is_err());
    assert!(!folder.path().join("missing").exists());
}

#[test]
fn a_lock_keeps_what_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    assert!(!LockFile::is_held(&path) && !path.exists());
    std::fs::write(&path, "text").unwrap();
    let file = LockFile::open(&path).unwrap();
    file.try_lock().unwrap();
    assert!(LockFile::is_held(&path));
    drop(file);
    assert!(!LockFile::is_held(&path));
    assert_eq!(std::fs::read(&path).unwrap(), b"text");
}

#[test]
fn a_child_that_shares_the_open_file_does_not_keep_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let file = LockFile::open(&path).unwrap();
    file.try_lock().unwrap();
    // What a child holds until its own program runs.
    let shared = file.try_clone().unwrap();
    assert!(LockFile::is_held(&path));
    drop(file);
    assert!(!LockFile::is_held(&path));
    drop(shared);
}

#[test]
fn a_larger_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = read(&path, 1_000_000, Links::Followed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    assert_eq!(error.to_string(), "it is larger than 1.00 MB");
    std::fs::write(&path, b"\xff").unwrap();
    assert_eq!(read(&path, 1, Links::Followed).unwrap(), [255]);
    assert!(read_to_string(&path, 1, Links::Followed).is_err());
}
