//! `graft --install-desktop-entry`: into the person's menu, for a program that was unpacked and not installed.
//!
//! The same files as a package's (`packaging/linux`), in the person's data folder, with the program's own path; but for the entry
//! that opens folders: a person's own entries come before the system's, and it would take the file manager's place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use super::output;
use crate::data::replace::replace;
use crate::ordinary_file::{self, Links};
use crate::shown;

const ENTRY: &str = include_str!("../../packaging/linux/graft.desktop");
const ICON: &str = include_str!("../../packaging/linux/graft.svg");
const MIME: &str = include_str!("../../packaging/linux/graft-mime.xml");
/// Where each of them belongs below a data folder.
const ENTRY_PATH: &str = "applications/graft.desktop";
const ICON_PATH: &str = "icons/hicolor/scalable/apps/graft.svg";
const MIME_PATH: &str = "mime/packages/graft.xml";
/// What the packaged entry starts, by a name that is looked for in PATH.
const PACKAGED_EXEC: &str = "Exec=graft open";
/// What an entry of ours says, so that no other is replaced or removed.
const MARK: &str = "X-Graft-Installed=true";

/// Puts entry, icon and type into the person's data folder, or brings them up to date.
pub fn install() -> anyhow::Result<()> {
    let folder = data_folder()?;
    let program = std::env::current_exe()
        .and_then(|program| program.canonicalize())
        .context("the path of this program can't be found out")?;
    let entry = folder.join(ENTRY_PATH);
    ensure!(
        is_ours_or_missing(&entry),
        "a desktop entry of the same name, which Graft has not made, stands there: rename it, and try again: {}",
        entry.display()
    );
    let text = entry_for(&program)?;
    for (path, text) in [(ICON_PATH, ICON), (MIME_PATH, MIME), (ENTRY_PATH, &text)] {
        write(&folder.join(path), text)?;
    }
    update_databases(&folder);
    output::print(&format!(
        "Graft is in the menu now. It starts {}; after moving that folder, do this once more. “graft --remove-desktop-entry” takes it out again.\n",
        program.display()
    ))
}

/// Takes out what [`install`] has put there.
pub fn remove() -> anyhow::Result<()> {
    let folder = data_folder()?;
    let entry = folder.join(ENTRY_PATH);
    if !entry.exists() {
        return output::print("There is no desktop entry of Graft in this person’s data folder.\n");
    }
    ensure!(
        is_ours_or_missing(&entry),
        "this desktop entry was not made by “graft --install-desktop-entry”, and stays: {}",
        entry.display()
    );
    // The entry last: as long as it stands, removing can be tried again.
    for path in [ICON_PATH, MIME_PATH, ENTRY_PATH].map(|path| folder.join(path)) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("can't be removed: {}", path.display()));
            }
            _ => {}
        }
    }
    update_databases(&folder);
    output::print(
        "Graft is not in the menu any more. Runs, weights and settings stay where they are.\n",
    )
}

fn data_folder() -> anyhow::Result<PathBuf> {
    if !cfg!(target_os = "linux") {
        bail!("desktop entries are for Linux desktops");
    }
    let folders = directories::BaseDirs::new().context("this person has no home folder (HOME)")?;
    Ok(folders.data_dir().to_path_buf())
}

fn is_ours_or_missing(entry: &Path) -> bool {
    fs::symlink_metadata(entry).is_err()
        || ordinary_file::read_to_string(entry, 100_000, Links::Followed)
            .is_ok_and(|text| text.lines().any(|line| line == MARK))
}

/// The packaged entry, with the path of this program.
fn entry_for(program: &Path) -> anyhow::Result<String> {
    let path = program
        .to_str()
        .filter(|path| !path.contains(['=', '\n', '\r', '\t']))
        .with_context(|| {
            format!(
                "a desktop entry can't start a program whose path has an equals sign, a line end or letters that are not Unicode: move the folder and try again: {}",
                shown::path(program)
            )
        })?;
    let exec = format!(
        "TryExec={}\nExec={} open",
        escaped(path),
        escaped(&quoted(path))
    );
    ensure!(
        ENTRY.contains(PACKAGED_EXEC),
        "the packaged desktop entry starts something else"
    );
    Ok(format!("{}{MARK}\n", ENTRY.replace(PACKAGED_EXEC, &exec)))
}

/// As one argument of an `Exec` line.
fn quoted(argument: &str) -> String {
    let mut text = String::from("\"");
    for c in argument.chars() {
        match c {
            '"' | '`' | '$' | '\\' => text.extend(['\\', c]),
            '%' => text.push_str("%%"),
            c => text.push(c),
        }
    }
    text + "\""
}

/// As the value of a key.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\")
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let cant = || format!("can't be written: {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(path)).with_context(cant)?;
    replace(path, text.as_bytes()).with_context(cant)
}

/// Desktops look at the folders themselves, too; these make it sooner. Where they are not installed, nothing needs them.
fn update_databases(folder: &Path) {
    for (program, inside) in [
        ("update-desktop-database", "applications"),
        ("update-mime-database", "mime"),
    ] {
        let updated = Command::new(program)
            .arg(folder.join(inside))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if let Err(error) = updated {
            log::info!("{program} was not started: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_and_escaped_as_the_specification_says() {
        for (path, exec, try_exec) in [
            ("/opt/graft", r#""/opt/graft""#, "/opt/graft"),
            ("/a b/graft", r#""/a b/graft""#, "/a b/graft"),
            ("/100%/é", r#""/100%%/é""#, "/100%/é"),
            (r#"/a"$b`c"#, r#""/a\\"\\$b\\`c""#, r#"/a"$b`c"#),
            (r"/a\b", r#""/a\\\\b""#, r"/a\\b"),
        ] {
            let entry = entry_for(Path::new(path)).unwrap();
            let has = |line: String| entry.lines().any(|found| found == line);
            assert!(has(format!("Exec={exec} open %F")), "{entry}");
            assert!(has(format!("TryExec={try_exec}")), "{entry}");
            assert!(has(MARK.into()), "{entry}");
        }
        for path in ["/a=b/graft", "/a\nb"] {
            assert!(entry_for(Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn an_entry_that_a_person_wrote_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let entry = folder.path().join("graft.desktop");
        assert!(is_ours_or_missing(&entry));
        fs::write(&entry, ENTRY).unwrap();
        assert!(!is_ours_or_missing(&entry));
        fs::write(&entry, entry_for(Path::new("/opt/graft")).unwrap()).unwrap();
        assert!(is_ours_or_missing(&entry));
    }
}
