//! Pipes, sockets, devices and links: listed, never opened.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo");
}

fn reason(dataset: &Dataset, name: &str) -> String {
    let mut problems = dataset.problems.iter();
    problems
        .find(|problem| problem.path.ends_with(name))
        .map_or_else(String::new, |problem| problem.reason.clone())
}

#[test]
fn special_files_are_passed_over_at_once() {
    let root = folder(&["cat/1.png", "dog/2.png"]);
    let at = |name: &str| root.path().join(name);
    pipe(&at("cat/pipe.jpg"));
    pipe(&at("cat/pipe"));
    pipe(&at("beside.png"));
    let _socket = UnixListener::bind(at("dog/socket.png")).unwrap();
    symlink("/dev/zero", at("dog/zero.png")).unwrap();
    symlink("/dev/zero", at("dog/zero")).unwrap();
    symlink(at("dog/around.png"), at("dog/around.png")).unwrap();
    symlink(at("nowhere"), at("dog/broken.png")).unwrap();
    symlink(at("nowhere"), at("broken class")).unwrap();
    symlink("..", at("cat/up")).unwrap();
    symlink(root.path(), at("whole")).unwrap();
    symlink(at("dog"), at("cat/dog")).unwrap();
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert_eq!(
        listing(&dataset),
        ["cat/1.png cat", "cat/dog/2.png cat", "dog/2.png dog"]
    );
    for (name, expect) in [
        ("cat/pipe.jpg", "is a named pipe and no ordinary file"),
        ("cat/pipe", "is a named pipe and no ordinary file"),
        ("beside.png", "is a named pipe and no ordinary file"),
        ("dog/socket.png", "is a socket and no ordinary file"),
        ("dog/zero.png", "is a device and no ordinary file"),
        ("dog/zero", "is a device and no ordinary file"),
        ("dog/around.png", "is a link that can't be followed"),
        ("dog/broken.png", "is a link to something that is not there"),
        ("broken class", "is a link to something that is not there"),
        ("cat/up", "is a link to a folder that it lies in"),
        ("whole", "is a link to a folder that it lies in"),
    ] {
        let reason = reason(&dataset, name);
        assert!(reason.starts_with(expect), "{name}: {reason}");
    }
    assert!(
        dataset
            .remarks
            .iter()
            .any(|remark| remark.text.contains("hold the same folder, by a link")),
        "{:?}",
        dataset.remarks
    );
}

#[test]
fn a_root_that_is_no_folder_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data.png");
    pipe(&path);
    for error in [
        recognise(&path).unwrap_err(),
        scan_source(class_folders(&path)).unwrap_err(),
    ] {
        assert!(
            error.to_string().starts_with("this is a named pipe"),
            "{error}"
        );
    }
    let device = recognise(Path::new("/dev/zero")).unwrap_err().to_string();
    assert!(device.starts_with("this is a device"), "{device}");
}
