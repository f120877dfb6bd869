//! From text to an [`Experiment`], and from serde's errors to sentences that name the field and
//! what is allowed.

use ron::extensions::Extensions;
use serde::Deserialize;
use serde_path_to_error::Segment;

use super::layout::rename_weights;
use super::syntax::{Kind, Node, Step, path_text};
use crate::experiment::Experiment;

/// One reason why a text is no experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// In bytes from the start of the text.
    pub at: usize,
    /// Empty when it is about the whole text.
    pub field: String,
    /// A whole sentence, the field's name included.
    pub message: String,
}

/// How Graft reads and writes RON: `limit: 1000` instead of `limit: Some(1000)`.
///
/// `UNWRAP_VARIANT_NEWTYPES` is left off: no variant here wraps a struct, and with it
/// `Some((patience: 3))` would be refused.
pub(super) fn options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

/// Reads an experiment; `tree` is the shape of the same text. Ranges are not checked here.
pub(super) fn read(text: &str, tree: &Node) -> Result<Experiment, Fault> {
    let text = &rename_weights(text.to_owned(), "File", "Part");
    let mut source = match ron::Deserializer::from_str_with_options(text, &options()) {
        Ok(source) => source,
        Err(error) => return Err(explain(text, tree, &[], &error)),
    };
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut source, &mut track);
    match Experiment::deserialize(tracked) {
        Ok(experiment) => match source.end() {
            Ok(()) => Ok(experiment),
            Err(error) => Err(explain(text, tree, &[], &source.span_error(error))),
        },
        Err(error) => {
            let steps: Vec<Step> = track
                .path()
                .iter()
                .filter_map(|segment| match segment {
                    Segment::Seq { index } => Some(Step::Index(*index)),
                    Segment::Map { key } => Some(Step::Name(key.clone())),
                    // A variant's name is no step of the path that a person writes.
                    Segment::Enum { .. } | Segment::Unknown => None,
                })
                .collect();
            Err(explain(text, tree, &steps, &source.span_error(error)))
        }
    }
}

/// "did you mean `epochs`? Allowed are epochs, freeze and name".
pub(crate) fn suggest<'a>(found: &str, allowed: &[&'a str]) -> String {
    // What a preset calls `File` with fields.
    let allowed: Vec<&'a str> = allowed
        .iter()
        .copied()
        .filter(|name| *name != "Part")
        .collect();
    let allowed = allowed.as_slice();
    let nearest: Option<&'a str> = allowed
        .iter()
        .map(|&name| (distance(&found.to_lowercase(), &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name);
    let list = match allowed {
        [] => "none are allowed here".into(),
        [one] => format!("allowed is {one}"),
        [first @ .., last] => format!("allowed are {} and {last}", first.join(", ")),
    };
    match nearest {
        Some(name) => format!("did you mean “{name}”? ({list})"),
        None => list,
    }
}

/// The text of a value as a message shows it: one line, not endless.
pub(crate) fn shown(source: &str) -> String {
    const LONGEST: usize = 40;
    let line = source.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        line
    } else {
        line.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}

fn explain(text: &str, tree: &Node, steps: &[Step], error: &ron::error::SpannedError) -> Fault {
    // The path of an unknown field ends with its name; here it ends with the struct that lacks it.
    let steps = match (&error.code, steps) {
        (ron::Error::NoSuchStructField { found, .. }, [parent @ .., Step::Name(name)])
            if name == found =>
        {
            parent
        }
        _ => steps,
    };
    let (mut node, taken) = tree.find(steps);
    let mut steps = steps[..taken].to_vec();
    // ron notices that a value goes on (`10.5` for a whole number, `Squash(1)`) only at the comma
    // that it misses, when the path has already left the value.
    if matches!(
        error.code,
        ron::Error::ExpectedComma | ron::Error::TrailingCharacters
    ) {
        let place = place_of(text, error.span.start);
        (steps, node) = tree.at(place);
        // `BatchNorm(2)`: the number is well formed, its place is not.
        if node.source(text).parse::<u64>().is_ok() {
            node = tree.find(&steps).0;
        }
    }
    let node = match error.code {
        ron::Error::NoSuchStructField { .. }
        | ron::Error::DuplicateStructField { .. }
        | ron::Error::NoSuchEnumVariant { .. }
        | ron::Error::ExpectedComma
        | ron::Error::TrailingCharacters => node,
        _ => node.unwrapped(),
    };
    let field = path_text(&steps);
    let value = shown(node.source(text));
    let subject = if field.is_empty() {
        "the preset".into()
    } else {
        format!("“{field}”")
    };
    let wrong = |expected: &str| format!("{subject} is {value}, allowed is {expected}");
    let mut fault = Fault {
        at: node.start,
        field: field.clone(),
        message: String::new(),
    };

    fault.message = match &error.code {
        ron::Error::NoSuchStructField {
            expected, found, ..
        } => {
            let mut allowed = expected.to_vec();
            if field.is_empty() {
                allowed.insert(0, "version");
            }
            name_child(&mut fault, node, found, false);
            format!(
                "“{}” is not a field: {}",
                fault.field,
                suggest(found, &allowed)
            )
        }
        ron::Error::DuplicateStructField { field: name, .. } => {
            name_child(&mut fault, node, name, true);
            format!(
                "“{}” stands here for the second time: remove one of them",
                fault.field
            )
        }
        ron::Error::MissingStructField { field: name, .. } => {
            format!("{subject} is {value}, which lacks the field “{name}”")
        }
        ron::Error::NoSuchEnumVariant {
            expected, found, ..
        } => {
            format!("{subject} is {found}: {}", suggest(found, expected))
        }
        ron::Error::ExpectedIdentifier => match variants_at(text, node) {
            Some(allowed) => {
                format!(
                    "{subject} is {value}: {}",
                    suggest(value.trim_matches('"'), allowed)
                )
            }
            None => wrong("a name without quotes"),
        },
        ron::Error::ExpectedInteger
        | ron::Error::InvalidIntegerDigit { .. }
        | ron::Error::UnderscoreAtBeginning => wrong("a whole number, 0 or more"),
        ron::Error::IntegerOutOfBounds if value.starts_with('-') => {
            wrong("a whole number, 0 or more")
        }
        ron::Error::IntegerOutOfBounds => wrong("a smaller whole number, 0 or more"),
        ron::Error::ExpectedFloat | ron::Error::FloatUnderscore => wrong("a number"),
        ron::Error::ExpectedBoolean => wrong("true or false"),
        ron::Error::ExpectedString => wrong("a text in double quotes"),
        ron::Error::ExpectedArray => wrong("a list in square brackets"),
        ron::Error::ExpectedOption => wrong("None or a value"),
        ron::Error::ExpectedStructLike
        | ron::Error::ExpectedNamedStructLike(_)
        | ron::Error::ExpectedDifferentStructName { .. } => match node.kind {
            // `Dropout` or `Dense`, a variant whose value was forgotten.
            Kind::Scalar if value.starts_with(char::is_uppercase) => {
                wrong(&format!("{value}(…), with its value in parentheses"))
            }
            _ => wrong("fields in parentheses, such as (name: value)"),
        },
        ron::Error::ExpectedComma
        | ron::Error::TrailingCharacters
        | ron::Error::ExpectedStructLikeEnd => match &node.kind {
            // ron reads the 10 of 10.5 and then misses the comma or the parenthesis.
            Kind::Scalar if value.parse::<f64>().is_ok() && value.parse::<u64>().is_err() => {
                wrong("a whole number, 0 or more")
            }
            Kind::Tuple { name, items } if items.len() == 1 => {
                wrong(&format!("{name} without parentheses"))
            }
            Kind::Tuple { .. } => format!("{subject} is {value}, which holds too many values"),
            _ => format!("{subject} is {value}, which does not belong here"),
        },
        ron::Error::ExpectedDifferentLength { expected, found } => {
            format!("{subject} is {value} with {found} values, allowed is {expected}")
        }
        ron::Error::InvalidValueForType { expected, .. } => wrong(expected),
        other => {
            let (line, column) = (error.span.start.line, error.span.start.col);
            fault.at = place_of(text, error.span.start);
            format!("{subject}: {other} (line {line}, column {column})")
        }
    };
    fault
}

/// Moves the fault to the named field of `node`: its first or its last occurrence.
fn name_child(fault: &mut Fault, node: &Node, name: &str, last: bool) {
    if !fault.field.is_empty() {
        fault.field.push('.');
    }
    fault.field.push_str(name);
    if let Kind::Struct { fields, .. } = &node.unwrapped().kind {
        let mut named = fields.iter().filter(|field| field.name == name);
        let field = if last {
            named.next_back()
        } else {
            named.next()
        };
        if let Some(field) = field {
            fault.at = field.start;
        }
    }
}

/// The variants that may stand in place of `node`, as serde lists them for a name that none has.
fn variants_at(text: &str, node: &Node) -> Option<&'static [&'static str]> {
    let probe = format!(
        "{}__none__{}",
        text.get(..node.start)?,
        text.get(node.end..)?
    );
    match options().from_str::<Experiment>(&probe).err()?.code {
        ron::Error::NoSuchEnumVariant { expected, .. } => Some(expected),
        _ => None,
    }
}

/// ron's line and column (in characters) in bytes.
fn place_of(text: &str, position: ron::error::Position) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(position.line.saturating_sub(1))
        .map(str::len)
        .sum();
    let line = text.get(line_start..).unwrap_or_default();
    line_start
        + line
            .char_indices()
            .nth(position.col.saturating_sub(1))
            .map_or(line.len(), |(at, _)| at)
}

/// Levenshtein's distance: how many characters to insert, remove or replace.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
