//! An experiment as text that a person likes to read and edit: every field is there, what fits on
//! a line stands on one line.

use std::path::PathBuf;

use super::VERSION;
use super::explain::options;
use super::reader::parse;
use super::syntax::{Kind, Node, Step};
use crate::experiment::Experiment;

/// Longer values are broken into lines.
const WIDTH: usize = 96;
const INDENT: &str = "    ";

/// The preset's text: a comment that says what it is, the version, and every field.
pub fn to_text(experiment: &Experiment) -> String {
    let plain = fields_text(experiment);
    let mut text = format!(
        "// A Graft preset, written by Graft {}. A field that is left out has its default.\n(\n{INDENT}version: {VERSION},\n",
        env!("CARGO_PKG_VERSION"),
    );
    match parse(&plain).map(|node| node.kind) {
        Ok(Kind::Struct { fields, .. }) => {
            for field in fields {
                text.push_str(&format!("{INDENT}{}: ", field.name));
                lay_out(&plain, &field.value, 1, &field.name, &mut text);
                text.push_str(",\n");
            }
        }
        other => unreachable!("an experiment is written as a struct, not as {other:?}"),
    }
    text.push_str(")\n");
    text
}

/// All fields on one line, as ron writes them.
fn fields_text(experiment: &Experiment) -> String {
    match options().to_string(&with_unicode_paths(experiment)) {
        Ok(text) => rename_weights(text, "Part", "File"),
        Err(error) => unreachable!("plain data with Unicode paths is always written: {error}"),
    }
}

/// A file of weights with a key is another variant than one without, which a preset need not know: both are called
/// `File`. The two names are equally long, so that nothing else in the text moves.
pub(super) fn rename_weights(text: String, from: &str, to: &str) -> String {
    let steps = [Step::Name("backbone".into()), Step::Name("weights".into())];
    let place = parse(&text).ok().and_then(|tree| {
        let (node, taken) = tree.find(&steps);
        let is_it = matches!(&node.kind, Kind::Struct { name, .. } if name == from);
        (taken == steps.len() && is_it).then_some(node.start)
    });
    match place.and_then(|start| Some((text.get(..start)?, text.get(start..)?.strip_prefix(from)?)))
    {
        Some((before, after)) if from.len() == to.len() => format!("{before}{to}{after}"),
        _ => text,
    }
}

/// RON is Unicode text; a path that is not is written as nearly as possible, so that saving never
/// fails and loading then names the path that is missing.
fn with_unicode_paths(experiment: &Experiment) -> Experiment {
    fn make_unicode(path: &mut PathBuf) {
        if path.to_str().is_none() {
            *path = path.to_string_lossy().into_owned().into();
        }
    }
    let mut experiment = experiment.clone();
    if let Some(path) = experiment.backbone.weights.file_mut() {
        make_unicode(path);
    }
    if let Some(path) = experiment.data.source.path_mut() {
        make_unicode(path);
    }
    experiment
}

/// `before` stands on the same line already, `depth` levels in.
fn lay_out(source: &str, node: &Node, depth: usize, before: &str, out: &mut String) {
    let line = one_line(source, node);
    let room = WIDTH.saturating_sub(depth * INDENT.len() + before.len() + 3);
    // The sections of the experiment, and each phase, read as a list of settings.
    let is_section = matches!(&node.kind, Kind::Struct { name, .. } if name.is_empty() && depth <= 2)
        && (depth == 1 || before.is_empty());
    if (!is_section || line == "()") && line.chars().count() <= room && !holds_sections(node, depth)
    {
        out.push_str(&line);
        return;
    }
    let inner = INDENT.repeat(depth + 1);
    let (open, close) = match &node.kind {
        Kind::Scalar | Kind::Map => {
            out.push_str(&line);
            return;
        }
        Kind::Struct { name, fields } => {
            out.push_str(&format!("{name}(\n"));
            for field in fields {
                out.push_str(&format!("{inner}{}: ", field.name));
                lay_out(source, &field.value, depth + 1, &field.name, out);
                out.push_str(",\n");
            }
            out.push_str(&format!("{})", INDENT.repeat(depth)));
            return;
        }
        // `Custom([...])`: the list is broken, its parentheses stay beside it.
        Kind::Tuple { name, items } if items.len() == 1 => {
            out.push_str(&format!("{name}("));
            lay_out(source, &items[0], depth, name, out);
            out.push(')');
            return;
        }
        Kind::Tuple { name, .. } => (format!("{name}("), ')'),
        Kind::List { .. } => ("[".to_owned(), ']'),
    };
    let (Kind::Tuple { items, .. } | Kind::List { items }) = &node.kind else {
        return;
    };
    out.push_str(&format!("{open}\n"));
    for item in items {
        out.push_str(&inner);
        lay_out(source, item, depth + 1, "", out);
        out.push_str(",\n");
    }
    out.push_str(&format!("{}{close}", INDENT.repeat(depth)));
}

/// Whether this is the list of phases.
fn holds_sections(node: &Node, depth: usize) -> bool {
    depth == 1
        && matches!(&node.kind, Kind::List { items }
            if items.iter().any(|item| matches!(item.kind, Kind::Struct { .. })))
}

pub(crate) fn one_line(source: &str, node: &Node) -> String {
    let join = |items: &[Node]| {
        items
            .iter()
            .map(|item| one_line(source, item))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match &node.kind {
        Kind::Scalar | Kind::Map => node.source(source).to_owned(),
        Kind::Struct { name, fields } => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name, one_line(source, &field.value)))
                .collect();
            format!("{name}({})", fields.join(", "))
        }
        Kind::Tuple { name, items } => format!("{name}({})", join(items)),
        Kind::List { items } => format!("[{}]", join(items)),
    }
}
