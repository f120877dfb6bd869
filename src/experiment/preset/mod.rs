//! Presets: an experiment in a versioned RON file that a person can read and edit.
//!
//! ```ron
//! (
//!     version: 1,
//!     name: "Cats and dogs",
//!     phases: [(epochs: 10, learning_rate: 1e-3)],
//! )
//! ```
//!
//! The version stands beside the experiment's own fields, each of which may be left out.

pub(crate) mod explain;
mod fields;
pub(crate) mod layout;
pub(crate) mod reader;
mod set_field;
pub(crate) mod syntax;

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Experiment, FieldProblem};
use crate::ordinary_file::{self, Links};
use explain::Fault;
use syntax::{Kind, Node};

pub use fields::{PresetField, fields};
pub use layout::to_text;
pub use set_field::{SetFault, Template, assign, field_text, set_field, set_fields};

/// The version that this Graft writes; older ones are migrated.
pub const VERSION: u32 = 1;

/// More than any preset, also one that names a hundred thousand pictures that are left out or kept together: a larger file is
/// something else, opened by mistake.
pub const LARGEST_BYTES: u64 = 16 << 20;

/// Why a preset can't be used. Names file, line, field and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}:{column}: {message}", path = path.display())]
pub struct PresetError {
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
    pub column: usize,
    /// `phases[0].learning_rate`; empty when it is about the whole file.
    pub field: String,
    pub message: String,
}

/// Reads and checks a preset.
///
/// # Errors
/// When the file can't be read, or as [`parse`].
pub fn load(path: &Path) -> Result<Experiment, PresetError> {
    let failed = |message: String| PresetError {
        path: path.into(),
        line: 1,
        column: 1,
        field: String::new(),
        message,
    };
    let bytes = ordinary_file::read(path, LARGEST_BYTES, Links::Followed).map_err(|error| {
        failed(match error.kind() {
            io::ErrorKind::FileTooLarge => "is no preset: it is larger than 16 MB".into(),
            io::ErrorKind::InvalidInput => format!("is no preset: {error}"),
            _ => format!("can't be read: {error}"),
        })
    })?;
    from_bytes(bytes, path)
}

/// Reads and checks what stands in a preset's file; `path` is for messages.
///
/// # Errors
/// When it is not text, or as [`parse`].
pub fn from_bytes(bytes: Vec<u8>, path: &Path) -> Result<Experiment, PresetError> {
    let text = String::from_utf8(bytes).map_err(|_| PresetError {
        path: path.into(),
        line: 1,
        column: 1,
        field: String::new(),
        message: "is no preset: it is not text in UTF-8".into(),
    })?;
    parse(&text, path)
}

/// Reads and checks a preset's text; `path` is for messages.
///
/// # Errors
/// The first thing that is wrong: punctuation, version, an unknown field or variant, a value of
/// the wrong type or out of range.
pub fn parse(text: &str, path: &Path) -> Result<Experiment, PresetError> {
    // Windows editors write a byte-order mark, which no column should count.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    read_checked(text).map_err(|fault| {
        let (line, column) = syntax::line_and_column(text, fault.at);
        PresetError {
            path: path.into(),
            line,
            column,
            field: fault.field,
            message: fault.message,
        }
    })
}

/// Writes a preset whole or not at all: a new file beside it, fsync, rename, fsync of the folder.
/// A link is followed. The error does not name the path.
///
/// # Errors
/// When the folder does not exist, can't be written to, or is full.
pub fn save(experiment: &Experiment, path: &Path) -> io::Result<()> {
    // `canonicalize` fails for a file that is yet to be written, which then is no link either.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".preset-").suffix(".tmp");
    // A temporary file is its owner's alone; a preset is an ordinary file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    if let Ok(existing) = std::fs::metadata(&target) {
        file.as_file().set_permissions(existing.permissions())?;
    }
    file.write_all(to_text(experiment).as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// The presets that come with Graft: file name and text, the solar cells first.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    macro_rules! presets {
        ($($name:literal),* $(,)?) => {
            &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/presets/", $name)))),*]
        };
    }
    presets![
        "solar-feature-extraction.ron",
        "solar-fine-tuning.ron",
        "lesson-feature-extraction.ron",
        "lesson-fine-tuning.ron",
        "from-scratch.ron",
        "keras-guide.ron",
        "fastai-fine-tune.ron",
    ]
}

/// The first paragraph of the comment at the head of a preset; empty without one.
pub fn description(text: &str) -> String {
    let words: Vec<&str> = text
        .lines()
        .map_while(|line| line.trim_start().strip_prefix("//"))
        .take_while(|line| !line.trim().is_empty())
        .flat_map(str::split_whitespace)
        .collect();
    words.join(" ")
}

fn read_checked(text: &str) -> Result<Experiment, Fault> {
    let tree = shape(text)?;
    let (version, at) = version(text, &tree)?;
    let text = without_version(text);
    let text = migrate(version, &text).map_err(|message| Fault {
        at,
        field: "version".into(),
        message,
    })?;
    let tree = shape(&text)?;
    let experiment = explain::read(&text, &tree)?;
    match experiment.check().into_iter().next() {
        None => Ok(experiment),
        Some(FieldProblem { field, message }) => {
            // A field that the file leaves out is placed where its section begins.
            let steps = syntax::parse_path(&field).unwrap_or_default();
            let at = tree.find(&steps).0.unwrapped().start;
            Err(Fault {
                at,
                message: format!("“{field}” {message}"),
                field,
            })
        }
    }
}

fn shape(text: &str) -> Result<Node, Fault> {
    reader::parse(text).map_err(|error| Fault {
        at: error.at,
        field: String::new(),
        message: error.message,
    })
}

/// What the file says its version is, and where.
fn version(text: &str, tree: &Node) -> Result<(u32, usize), Fault> {
    let fault = |at, message| {
        Err(Fault {
            at,
            field: "version".into(),
            message,
        })
    };
    let found = match &tree.kind {
        Kind::Struct { fields, .. } => fields.iter().find(|field| field.name == "version"),
        Kind::Tuple { items, .. } if items.is_empty() => None,
        _ => {
            return Err(Fault {
                at: tree.start,
                field: String::new(),
                message: "is no preset: allowed are fields in parentheses, such as (version: 1, \
                          name: \"Cats and dogs\")"
                    .into(),
            });
        }
    };
    let Some(found) = found else {
        let message =
            format!("the version is missing: write “version: {VERSION},” as the first field");
        return fault(tree.start, message);
    };
    let written = found.value.source(text);
    match written.parse() {
        Ok(version) => Ok((version, found.value.start)),
        Err(_) => fault(
            found.value.start,
            format!(
                "“version” is {}, allowed is {VERSION}",
                explain::shown(written)
            ),
        ),
    }
}

/// Brings the text of an older version to this one's fields. Each version that is left behind gets
/// its own arm here, which renames or rewrites what changed.
fn migrate(version: u32, text: &str) -> Result<Cow<'_, str>, String> {
    match version {
        VERSION => Ok(Cow::Borrowed(text)),
        0 => Err(format!(
            "“version” is 0, which no Graft has written: allowed is {VERSION}"
        )),
        newer => Err(format!(
            "“version” is {newer}, written by a newer Graft: this one reads up to version \
             {VERSION}. Update Graft, or open the preset where it was written"
        )),
    }
}

/// The text with blanks in place of the version, so that what remains are the experiment's own
/// fields at their own places.
fn without_version(text: &str) -> String {
    let blanked = reader::parse(text).ok().and_then(|tree| {
        let Kind::Struct { fields, .. } = &tree.kind else {
            return None;
        };
        let index = fields.iter().position(|field| field.name == "version")?;
        // Up to the next field, or the closing parenthesis: with the comma and its comments.
        let end = fields
            .get(index + 1)
            .map_or(tree.end - 1, |next| next.start);
        let start = fields[index].start;
        let gone: String = text
            .get(start..end)?
            .chars()
            .flat_map(|c| std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, c.len_utf8()))
            .collect();
        Some(format!("{}{gone}{}", text.get(..start)?, text.get(end..)?))
    });
    blanked.unwrap_or_else(|| text.to_owned())
}
