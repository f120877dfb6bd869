//! Where a process keeps things, and how it moves what an older version left: in processes of their own, because each
//! asks once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A person's folders, as the system names them.
struct Person {
    home: tempfile::TempDir,
}

impl Person {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.home.path().join(inside)
    }

    fn graft(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graft"));
        command
            .args(arguments)
            .env("HOME", self.home.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env_remove("GRAFT_HOME")
            .env_remove("GRAFT_CACHE");
        command
    }

    /// The folder of kept features that a process uses.
    fn features(output: &Output) -> PathBuf {
        assert!(output.status.success(), "{output:?}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        document["folder"].as_str().unwrap().into()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn kept_features_are_moved_once_by_whichever_process_comes_first() {
    let person = Person::new();
    write(&person.path("data/graft/cache/frozen/limit"), "12345\n");
    write(&person.path("data/graft/cache/contents/a"), "a");
    write(&person.path("cache/graft/other"), "of another program");
    let processes: Vec<_> = (0..4)
        .map(|_| {
            let mut command = person.graft(&["cache", "--json"]);
            command.stdout(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert_eq!(Person::features(&output), person.path("cache/graft/frozen"));
    }
    let read = |inside: &str| fs::read_to_string(person.path(inside)).unwrap();
    assert_eq!(read("cache/graft/frozen/limit"), "12345\n");
    assert_eq!(read("cache/graft/contents/a"), "a");
    assert_eq!(read("cache/graft/other"), "of another program");
    assert!(!person.path("data/graft/cache").exists());
}

#[test]
fn features_that_cannot_be_moved_are_used_where_they_are() {
    let person = Person::new();
    write(&person.path("data/graft/cache/frozen/limit"), "12345\n");
    // No folder can be made in it.
    write(&person.path("cache"), "");
    let output = person.graft(&["cache", "--json"]).output().unwrap();
    assert_eq!(
        Person::features(&output),
        person.path("data/graft/cache/frozen")
    );
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["limit_bytes"], 12345);
}

#[test]
fn one_folder_that_the_person_names_holds_everything() {
    let person = Person::new();
    write(&person.path("data/graft/cache/frozen/limit"), "12345\n");
    let mut command = person.graft(&["cache", "--json"]);
    let output = command
        .env("GRAFT_HOME", person.path("mine"))
        .output()
        .unwrap();
    assert_eq!(Person::features(&output), person.path("mine/cache/frozen"));
    assert!(person.path("data/graft/cache/frozen/limit").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_unpacked_program_puts_itself_into_the_menu_and_takes_itself_out() {
    let person = Person::new();
    let run = |arguments: &[&str]| {
        let output = person.graft(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    let entry = person.path("data/applications/graft.desktop");
    let icon = person.path("data/icons/hicolor/scalable/apps/graft.svg");
    assert!(
        run(&["--remove-desktop-entry"]).0,
        "nothing to remove is no failure"
    );
    for _ in 0..2 {
        let (succeeds, said) = run(&["--install-desktop-entry"]);
        assert!(succeeds, "{said}");
    }
    let text = fs::read_to_string(&entry).unwrap();
    assert!(
        text.contains(env!("CARGO_BIN_EXE_graft")) && icon.is_file(),
        "{text}"
    );
    assert!(person.path("data/mime/packages/graft.xml").is_file());
    let checked = Command::new("desktop-file-validate").arg(&entry).output();
    if let Ok(checked) = checked {
        assert!(checked.status.success(), "{checked:?}");
    }
    assert!(run(&["--remove-desktop-entry"]).0);
    assert!(!entry.exists() && !icon.exists());
    // One that a person wrote is neither replaced nor removed.
    fs::write(&entry, "[Desktop Entry]\nName=Mine\n").unwrap();
    for argument in ["--install-desktop-entry", "--remove-desktop-entry"] {
        let (succeeds, said) = run(&[argument]);
        assert!(!succeeds && said.contains("graft.desktop"), "{said}");
    }
    assert_eq!(
        fs::read_to_string(&entry).unwrap(),
        "[Desktop Entry]\nName=Mine\n"
    );
}

#[test]
fn completions_and_manual_pages_are_of_every_command() {
    let person = Person::new();
    for shell in ["bash", "fish", "zsh"] {
        let output = person.graft(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            script.contains("predict") && script.contains("cuda"),
            "{shell}"
        );
    }
    let pages = person.path("pages");
    fs::create_dir(&pages).unwrap();
    let output = person
        .graft(&["manual-pages", pages.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let page = fs::read_to_string(pages.join("graft-predict.1")).unwrap();
    assert!(page.contains("What a finished run sees"), "{page}");
    assert!(pages.join("graft.1").is_file());
    // What Graft starts itself is for nobody else.
    assert!(!pages.join("graft-list-tensors.1").exists());
}
