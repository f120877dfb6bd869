//! Presets: an experiment in a versioned RON file that a person can read and edit.

mod explain;
mod locate;
mod shipped;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use ron::extensions::Extensions;

use super::Experiment;

pub use shipped::shipped;

/// The version that this Graft writes; older ones are migrated.
pub const VERSION: u32 = 1;

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
    /// Names the field, what is wrong with it and what is allowed.
    pub message: String,
}

/// Reads and checks a preset.
///
/// # Errors
/// When the file can't be read, or for the first thing in it that can't be used.
pub fn load(path: &Path) -> Result<Experiment, PresetError> {
    let text = std::fs::read_to_string(path).map_err(|error| PresetError {
        path: path.to_path_buf(),
        line: 1,
        column: 1,
        field: String::new(),
        message: match error.kind() {
            std::io::ErrorKind::InvalidData => {
                "this is not a text file, so it is no preset".to_owned()
            }
            _ => format!("the preset can't be read ({error})"),
        },
    })?;
    parse(&text, path)
}

/// Reads and checks a preset's text; `path` is for messages.
///
/// # Errors
/// For the first thing in it that can't be used.
pub fn parse(text: &str, path: &Path) -> Result<Experiment, PresetError> {
    let fields = locate::fields(text);
    let fail = |offset: usize, field: &str, message: String| {
        let (line, column) = locate::position(text, offset);
        PresetError {
            path: path.to_path_buf(),
            line,
            column,
            field: field.to_owned(),
            message,
        }
    };
    let body =
        migrate(text, &fields).map_err(|(offset, message)| fail(offset, "version", message))?;
    let experiment: Experiment = options().from_str(&body).map_err(|error| {
        let offset = locate::offset(text, error.span.start.line, error.span.start.col);
        let field = locate::at(&fields, offset);
        let (offset, path) = explain::place(&error.code, text, offset, field);
        fail(offset, &path, explain::message(&error.code, &path))
    })?;
    if let Some(problem) = experiment.check().into_iter().next() {
        // A field that was left out has no place of its own; what holds it has.
        let mut place = problem.field.as_str();
        let offset = loop {
            if let Some(found) = fields.iter().find(|field| field.path == place) {
                break found.start;
            }
            match place.rfind(['.', '[']) {
                Some(end) => place = &place[..end],
                None => break 0,
            }
        };
        return Err(fail(
            offset,
            &problem.field,
            format!("{} {}", problem.field, problem.message),
        ));
    }
    Ok(experiment)
}

/// The preset's text: every field, so that a person sees what can be changed.
pub fn to_text(experiment: &Experiment) -> String {
    let pretty = ron::ser::PrettyConfig::new()
        .indentor("    ")
        .struct_names(false)
        .separate_tuple_members(false)
        .compact_arrays(false);
    // Plain data has no value that RON could refuse.
    let body = options()
        .to_string_pretty(experiment, pretty)
        .unwrap_or_default();
    let inside = body.strip_prefix('(').unwrap_or(&body);
    format!(
        "// A preset of Graft, a workbench for transfer learning on images. Any field may be left out.\n(\n    version: {VERSION},{inside}\n"
    )
}

/// Writes a preset whole or not at all.
///
/// # Errors
/// When the folder or the file can't be written.
pub fn save(experiment: &Experiment, path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(to_text(experiment).as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()
}

/// Sets one field by its path, as `graft run --set phases[0].learning_rate=1e-4` does. The value is
/// RON; text needs no quotation marks.
///
/// # Errors
/// When there is no such field, or the value does not fit it; the experiment then stays as it was.
pub fn set_field(experiment: &mut Experiment, assignment: &str) -> Result<(), String> {
    let Some((path, value)) = assignment.split_once('=') else {
        return Err(format!(
            "“{assignment}” is no setting: write FIELD=VALUE, as in seed=7"
        ));
    };
    let (path, value) = (path.trim(), value.trim());
    let text = to_text(experiment);
    let fields = locate::fields(&text);
    let Some(field) = fields
        .iter()
        .find(|field| field.path == path && path != "version")
    else {
        return Err(explain::unknown_path(
            path,
            fields.iter().map(|field| field.path.as_str()),
        ));
    };
    let with = |value: &str| {
        let mut changed = text.clone();
        changed.replace_range(field.value.clone(), value);
        parse(&changed, Path::new("--set"))
    };
    let quoted = || with(&format!("{value:?}"));
    match with(value) {
        Ok(changed) => *experiment = changed,
        Err(error) => match quoted() {
            Ok(changed) => *experiment = changed,
            Err(_) => return Err(format!("{path}={value}: {}", error.message)),
        },
    }
    Ok(())
}

/// The text as the current version would have it, the version itself blanked out so that every other
/// place stays where it was. Older versions are rewritten here, one step at a time.
fn migrate(text: &str, fields: &[locate::Field]) -> Result<String, (usize, String)> {
    let Some(field) = fields.iter().find(|field| field.path == "version") else {
        return Err((
            0,
            format!(
                "this preset does not say its version: add “version: {VERSION},” as its first line"
            ),
        ));
    };
    let value = &text[field.value.clone()];
    match value.trim().parse::<u32>() {
        Ok(VERSION) => {}
        Ok(newer) if newer > VERSION => {
            return Err((
                field.start,
                format!(
                    "version is {newer}, but this Graft knows presets up to version {VERSION}: use a newer Graft"
                ),
            ));
        }
        // Version 1 is the first.
        _ => {
            return Err((
                field.start,
                format!("version is {value}, allowed is a whole number from 1 to {VERSION}"),
            ));
        }
    }
    let mut body = text.to_owned();
    let end = body[field.value.end..]
        .find(|c: char| !c.is_whitespace())
        .map(|blank| field.value.end + blank)
        .filter(|&at| body.as_bytes()[at] == b',')
        .map_or(field.value.end, |comma| comma + 1);
    // A line break inside stays one, all else becomes a blank of the same width.
    let blank: String = body[field.start..end]
        .chars()
        .map(|c| if c == '\n' { '\n' } else { ' ' })
        .collect();
    body.replace_range(field.start..end, &blank);
    Ok(body)
}

fn options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
