//! What a command writes must not become part of the pictures that the next one reads.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::output;
use crate::data::below::{pictures_around, takes_what_appears};
use crate::data::scan::is_picture_name;
use crate::experiment::DataSource;
use crate::ordinary_file::{self, Links};
use crate::report::is_comparison;
use crate::runs::files;

/// Refuses to write pictures at `out` where the next scan of `source` would take them in; warns where they would only
/// lie among the others.
///
/// # Errors
/// One sentence with the folder and the remedy.
pub fn refuse_among_pictures(
    out: &Path,
    source: &DataSource,
    base: Option<&Path>,
) -> anyhow::Result<()> {
    refuse_among_pictures_with("--out", out, source, base)
}

/// [`refuse_among_pictures`], where another `option` says where to write.
///
/// # Errors
/// Those of [`refuse_among_pictures`].
pub fn refuse_among_pictures_with(
    option: &str,
    out: &Path,
    source: &DataSource,
    base: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(root) = pictures_around(out, source, base) else {
        return Ok(());
    };
    if !takes_what_appears(source) {
        warn_among_pictures_with(option, out, source, base);
        return Ok(());
    }
    bail!(
        "nothing is written to {}: it lies below the pictures of {}, and what is drawn there would be taken for \
         pictures, its folder for a class. Choose a folder elsewhere with {option}",
        out.display(),
        root.display()
    );
}

/// Warns that `out` lies among the pictures of `source`.
pub fn warn_among_pictures(out: &Path, source: &DataSource, base: Option<&Path>) {
    warn_among_pictures_with("--out", out, source, base);
}

fn warn_among_pictures_with(option: &str, out: &Path, source: &DataSource, base: Option<&Path>) {
    if let Some(root) = pictures_around(out, source, base) {
        output::warn(&format!(
            "warning: {} lies below the pictures of {}; {option} with a folder elsewhere keeps them apart",
            out.display(),
            root.display()
        ));
    }
}

/// Refuses to write a file at `out` where it would replace one of `inputs`, one of a run, or any other that this command
/// did not write, which `is_ours` tells; `ours` names those that it did.
///
/// # Errors
/// One sentence with the file and the remedy.
pub fn refuse_to_replace(
    out: &Path,
    inputs: &[&Path],
    ours: &str,
    is_ours: &dyn Fn(File) -> bool,
) -> anyhow::Result<()> {
    refuse_to_replace_with("--out", out, inputs, ours, is_ours)
}

/// [`refuse_to_replace`], where another `option` says where to write.
///
/// # Errors
/// Those of [`refuse_to_replace`].
pub fn refuse_to_replace_with(
    option: &str,
    out: &Path,
    inputs: &[&Path],
    ours: &str,
    is_ours: &dyn Fn(File) -> bool,
) -> anyhow::Result<()> {
    let remedy = format!("choose another name with {option}");
    let folder = out.parent().unwrap_or(Path::new(""));
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    if files::is_of_run(&name) && folder.join(files::SUMMARY).exists() {
        bail!(
            "a run's own files have this name: {remedy}: {}",
            out.display()
        );
    }
    if !ordinary_file::is_there(out) {
        return Ok(());
    }
    if out.is_dir() {
        bail!(
            "this is a folder, and a file is to be written: {remedy}: {}",
            out.display()
        );
    }
    let real = |path: &Path| fs::canonicalize(path).ok();
    let target = real(out);
    if target.is_some() && inputs.iter().any(|input| real(input) == target) {
        bail!(
            "this file is read, and would be replaced: {remedy}: {}",
            out.display()
        );
    }
    match ordinary_file::open(out, Links::Followed).is_ok_and(is_ours) {
        true => Ok(()),
        false => bail!(
            "there is a file of this name, and it is no {ours}: {remedy}, or remove it first: {}",
            out.display()
        ),
    }
}

/// Warns where the figures in `out` would look like another class, or like pictures of one: other folders with pictures
/// stand in or beside it. Whose they are is not known here, so it is no more than a warning.
pub fn warn_among_classes(out: &Path) {
    let out = std::path::absolute(out).unwrap_or_else(|_| out.to_path_buf());
    let classes = [out.as_path(), out.parent().unwrap_or(&out)]
        .into_iter()
        .map(|folder| (folder, folders_of_pictures(folder, &out)))
        .find(|(_, classes)| classes.len() > 1);
    if let Some((folder, classes)) = classes {
        let names: Vec<String> = classes
            .iter()
            .map(|class| {
                class
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        output::warn(&format!(
            "warning: {} holds folders of pictures ({}); if they are classes, the figures are taken for another one. --out \
             with a folder elsewhere keeps them apart",
            folder.display(),
            names.join(", ")
        ));
    }
}

/// The first folders in `folder` that hold pictures, without `out` and comparisons.
fn folders_of_pictures(folder: &Path, out: &Path) -> Vec<PathBuf> {
    /// Entries that are looked at, and folders that are told.
    const LOOKED_AT: usize = 200;
    const TOLD: usize = 3;
    let entries = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.take(LOOKED_AT).map(|entry| entry.path())
    };
    let has_pictures = |folder: &PathBuf| {
        entries(folder).any(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            is_picture_name(&name)
        })
    };
    let mut found: Vec<PathBuf> = entries(folder)
        .filter(|path| path != out && path.is_dir() && !is_comparison(path))
        .filter(has_pictures)
        .take(TOLD)
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_reads_and_what_it_did_not_write_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, name).unwrap();
            path
        };
        let (input, other, ours) = (write("x.png"), write("y.png"), write("ours.png"));
        let check = |out: &Path| {
            let is_ours = |file: File| file.metadata().unwrap().len() == 8;
            refuse_to_replace(out, &[&input, &ours], "map", &is_ours)
                .map_err(|error| error.to_string())
        };
        assert!(check(&folder.path().join("new.png")).is_ok());
        for (out, expected) in [
            (&input, "this file is read"),
            (&folder.path().join("./x.png"), "this file is read"),
            // Also where this command wrote it before.
            (&ours, "this file is read"),
            (&other, "it is no map"),
            (&folder.path().to_path_buf(), "this is a folder"),
        ] {
            let message = check(out).unwrap_err();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("--out"), "{message}");
        }
        assert!(refuse_to_replace(&ours, &[], "map", &|_| true).is_ok());
        write(files::SUMMARY);
        let message = check(&folder.path().join(files::WEIGHTS)).unwrap_err();
        assert!(message.contains("a run's own files"), "{message}");
        assert!(check(&folder.path().join("map.png")).is_ok());
    }

    #[test]
    fn folders_beside_that_hold_pictures_are_found_and_comparisons_are_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "cats/a.png",
            "dogs/b.jpg",
            "texts/c.txt",
            "cmp/curves.png",
            "out/d.png",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "only its name matters").unwrap();
        }
        let report = "Results on 6 test pictures, best first\n";
        fs::write(folder.path().join("cmp/report.txt"), report).unwrap();
        let found = folders_of_pictures(folder.path(), &folder.path().join("out"));
        assert_eq!(
            found,
            [folder.path().join("cats"), folder.path().join("dogs")]
        );
    }

    #[test]
    fn pictures_are_not_written_among_classes_and_may_stand_beside_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let folders = DataSource::ClassFolders {
            path: folder.path().to_path_buf(),
        };
        let out = folder.path().join("figures");
        let refused = refuse_among_pictures(&out, &folders, None).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("figures") && text.contains("--out"), "{text}");
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(refuse_among_pictures(elsewhere.path(), &folders, None).is_ok());
        let table = DataSource::table(folder.path().join("labels.csv"));
        assert!(refuse_among_pictures(&out, &table, None).is_ok());
    }
}
