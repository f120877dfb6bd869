//! `graft runs`: the runs of this machine as things one owns, listed, named, tagged, put away.

mod list;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, bail};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::json;

use super::output;
use crate::app::core::settings::Settings;
use crate::runs::annotations::{self, Change};
use crate::runs::find::{self, Found};
use crate::runs::{listing, store, trash};
use crate::{format, paths, shown};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of runs, in place of the one that the window shows
    #[arg(long = "runs", value_name = "DIR", global = true)]
    runs_folder: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the runs, the latest first
    List(list::Arguments),
    /// Give a run a name of its own; without a name, back to the one that is made of its experiment
    Rename {
        /// #12, 12, its name, or its folder
        #[arg(value_name = "RUN")]
        run: OsString,
        name: Option<String>,
    },
    /// Keep a note with a run; without a text, the note is shown
    Note {
        /// #12, 12, its name, or its folder
        #[arg(value_name = "RUN")]
        run: OsString,
        text: Option<String>,
        /// Remove the note
        #[arg(long, conflicts_with = "text")]
        clear: bool,
    },
    /// Add tags (+paper) and remove them (-draft): graft runs tag 12 13 +paper -draft
    Tag {
        /// Runs (#12, 12, a name or a folder), then tags with + or - before them
        #[arg(
            value_name = "RUN|+TAG|-TAG",
            required = true,
            allow_hyphen_values = true
        )]
        words: Vec<OsString>,
    },
    /// Have runs stand before the others in lists
    Pin {
        /// #12, 12, a name, or a folder
        #[arg(value_name = "RUN", required = true)]
        runs: Vec<OsString>,
        /// Among the others again
        #[arg(long)]
        off: bool,
    },
    /// Leave runs out of lists unless all are asked for
    Archive {
        /// #12, 12, a name, or a folder
        #[arg(value_name = "RUN", required = true)]
        runs: Vec<OsString>,
        /// In lists again
        #[arg(long)]
        off: bool,
    },
    /// Move runs to the system's trash
    Trash {
        /// #12, 12, a name, or a folder
        #[arg(value_name = "RUN", required = true)]
        runs: Vec<OsString>,
    },
    /// Put runs back from the system's trash; without a name, list those that are there
    Restore {
        /// The names or paths of the folders in which they stood
        #[arg(value_name = "FOLDER")]
        folders: Vec<PathBuf>,
    },
}

pub fn runs(arguments: &Arguments) -> anyhow::Result<()> {
    let runs = arguments.runs_folder.clone().unwrap_or_else(folder);
    let runs = std::path::absolute(&runs).unwrap_or(runs);
    let json = arguments.json;
    let change = |words: &[OsString], changes: &[Change]| change(&runs, words, changes, json);
    match &arguments.command {
        Command::List(wanted) => list::list(&runs, wanted, json),
        Command::Rename { run, name } => {
            change(std::slice::from_ref(run), &[Change::Name(name.clone())])
        }
        Command::Note { run, text, clear } => match (text, clear) {
            (None, false) => show_note(&runs, run, json),
            _ => {
                let text = text.clone().unwrap_or_default();
                change(std::slice::from_ref(run), &[Change::Note(text)])
            }
        },
        Command::Tag { words } => {
            let (words, changes) = tag_words(words)?;
            change(&words, &changes)
        }
        Command::Pin { runs, off } => change(runs, &[Change::Pin(!off)]),
        Command::Archive { runs, off } => change(runs, &[Change::Archive(!off)]),
        Command::Trash { runs: words } => to_trash(&runs, words, json),
        Command::Restore { folders } => restore(&runs, folders, json),
    }
}

/// The folder of runs that the window shows: the one that was chosen there, or `runs` in Graft's own folder.
pub fn folder() -> PathBuf {
    let settings = paths::settings();
    let chosen = settings
        .is_file()
        .then(|| Settings::load(&settings, &[]).runs_folder);
    chosen.flatten().unwrap_or_else(paths::runs)
}

/// A command's argument that names a run: a folder, or `#12`, `12`, or a name among the runs of the window's folder.
pub fn argument() -> impl TypedValueParser<Value = PathBuf> {
    // Listed once, however many runs are named.
    let listed = Arc::new(OnceLock::new());
    OsStringValueParser::new().try_map(move |text| -> Result<PathBuf, String> {
        let path = PathBuf::from(&text);
        if path.symlink_metadata().is_ok() {
            return Ok(path);
        }
        let listed = listed.get_or_init(|| store::list(&folder()));
        match find::among(listed, &text.to_string_lossy()) {
            Found::Run(folder) => Ok(folder),
            // Whoever opens it says that it is not there.
            Found::Nothing => Ok(path),
            Found::Several(names) => Err(several(&text.to_string_lossy(), &names)),
        }
    })
}

/// The run of this number, where the text is one and no file has that name.
pub fn of_number(text: &Path) -> Option<PathBuf> {
    let digits = text.to_str()?;
    let is_number = digits
        .strip_prefix('#')
        .unwrap_or(digits)
        .parse::<u32>()
        .is_ok();
    if !is_number || text.symlink_metadata().is_ok() {
        return None;
    }
    match find::among(&store::list(&folder()), digits) {
        Found::Run(folder) => Some(folder),
        Found::Nothing | Found::Several(_) => None,
    }
}

fn several(text: &str, names: &[String]) -> String {
    format!(
        "{text} can mean {}, so say its number: {}",
        format::count(names.len(), "run", "runs"),
        names.join("; ")
    )
}

/// The folders of the runs that are named.
fn folders_of(runs: &Path, words: &[OsString]) -> anyhow::Result<Vec<PathBuf>> {
    let mut listed = None;
    let mut folders = Vec::new();
    for word in words {
        let path = Path::new(word);
        let folder = if find::is_run(path) {
            std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
        } else {
            let listed = listed.get_or_insert_with(|| store::list(runs));
            match find::among(listed, &word.to_string_lossy()) {
                Found::Run(folder) => folder,
                Found::Several(names) => bail!("{}", several(&word.to_string_lossy(), &names)),
                Found::Nothing => bail!(
                    "there is no run {} (graft runs list --all shows those that there are): {}",
                    word.to_string_lossy(),
                    runs.display()
                ),
            }
        };
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// Makes `changes` in every run that is named.
fn change(runs: &Path, words: &[OsString], changes: &[Change], json: bool) -> anyhow::Result<()> {
    let folders = folders_of(runs, words)?;
    let said = (folders.iter())
        .map(|folder| annotations::change(folder, changes))
        .collect::<Result<Vec<_>, _>>()?;
    let names = listing::names_among_all(&folders);
    if json {
        let runs: Vec<_> = (folders.iter().zip(&names).zip(&said))
            .map(|((folder, name), said)| {
                json!({
                    "run": shown::path(folder),
                    "name": name,
                    "number": said.number,
                    "given_name": said.name,
                    "note": said.note,
                    "tags": said.tags,
                    "pinned": said.pinned,
                    "archived": said.archived,
                })
            })
            .collect();
        return output::print_json(&json!({ "runs": runs }));
    }
    let mut text = String::new();
    for (name, said) in names.iter().zip(&said) {
        let tags = Some(said.tags.join(", ")).filter(|tags| !tags.is_empty());
        let details: Vec<String> = [
            said.pinned.then(|| "pinned".to_owned()),
            said.archived.then(|| "archived".to_owned()),
            tags.map(|tags| format!("tags: {tags}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        text += name;
        if !details.is_empty() {
            text += &format!(" ({})", details.join("; "));
        }
        text.push('\n');
    }
    output::print(&text)
}

fn show_note(runs: &Path, run: &OsString, json: bool) -> anyhow::Result<()> {
    let folders = folders_of(runs, std::slice::from_ref(run))?;
    let note = match folders.first() {
        Some(folder) => annotations::read(folder)?.note,
        None => String::new(),
    };
    if json {
        return output::print_json(&json!({ "note": note }));
    }
    output::print(&format!("{note}\n"))
}

/// Runs, and what is to be done with their tags.
fn tag_words(words: &[OsString]) -> anyhow::Result<(Vec<OsString>, Vec<Change>)> {
    let mut runs = Vec::new();
    let mut changes = Vec::new();
    for word in words {
        let text = word.to_string_lossy();
        if let Some(tag) = text.strip_prefix('+') {
            changes.push(Change::AddTag(tag.to_owned()));
        } else if let Some(tag) = text.strip_prefix('-') {
            changes.push(Change::RemoveTag(tag.to_owned()));
        } else {
            runs.push(word.clone());
        }
    }
    if runs.is_empty() || changes.is_empty() {
        bail!("say which runs, and which tags: graft runs tag 12 +paper -draft");
    }
    Ok((runs, changes))
}

fn to_trash(runs: &Path, words: &[OsString], json: bool) -> anyhow::Result<()> {
    let folders = folders_of(runs, words)?;
    let names = listing::names_among_all(&folders);
    let mut moved = Vec::new();
    let mut failure = None;
    for (folder, name) in folders.iter().zip(&names) {
        match trash::trash(folder) {
            Ok(()) => moved.push((folder, name)),
            Err(error) => {
                failure = Some(anyhow::Error::from(error).context(format!("{name} stays")));
                break;
            }
        }
    }
    if json {
        let moved: Vec<_> = (moved.iter())
            .map(|(folder, name)| json!({ "run": shown::path(folder), "name": name }))
            .collect();
        if failure.is_none() {
            output::print_json(&json!({ "moved_to_trash": moved }))?;
        }
    } else {
        for (folder, name) in &moved {
            output::print(&format!(
                "Moved {name} to the trash; back with: graft runs restore \"{}\"\n",
                folder.display()
            ))?;
        }
    }
    failure.map_or(Ok(()), Err)
}

fn restore(runs: &Path, folders: &[PathBuf], json: bool) -> anyhow::Result<()> {
    if folders.is_empty() {
        let trashed = trash::trashed(runs)?;
        if json {
            let trashed: Vec<_> = trashed.iter().map(|folder| shown::path(folder)).collect();
            return output::print_json(&json!({ "in_trash": trashed }));
        }
        let lines = trashed
            .iter()
            .map(|folder| format!("{}\n", folder.display()));
        return output::print(&match lines.collect::<String>() {
            none if none.is_empty() => "No run of this folder is in the trash\n".to_owned(),
            lines => lines,
        });
    }
    let mut restored = Vec::new();
    for folder in folders {
        let folder = if folder.components().count() > 1 {
            std::path::absolute(folder).unwrap_or_else(|_| folder.clone())
        } else {
            runs.join(folder)
        };
        trash::restore(&folder).with_context(|| {
            format!(
                "{} stays in the trash",
                folder.file_name().unwrap_or_default().to_string_lossy()
            )
        })?;
        restored.push(folder);
    }
    let names = listing::names_among_all(&restored);
    if json {
        let restored: Vec<_> = (restored.iter().zip(&names))
            .map(|(folder, name)| json!({ "run": shown::path(folder), "name": name }))
            .collect();
        return output::print_json(&json!({ "restored": restored }));
    }
    let lines = names.iter().map(|name| format!("Put back {name}\n"));
    output::print(&lines.collect::<String>())
}
