//! What a reader of a message needs to know: the field, what is wrong, what is allowed.

use ron::error::Error;

use super::locate::Field;

/// Where the fault is: its byte offset and field path, from where the reader stopped and the field there.
pub(super) fn place(
    error: &Error,
    text: &str,
    offset: usize,
    field: Option<&Field>,
) -> (usize, String) {
    let here = field.map_or_else(String::new, |field| field.path.clone());
    match error {
        // The reader stops behind the name: what is meant is the name itself.
        Error::NoSuchStructField { found, .. } => {
            let start = text[..offset.min(text.len())]
                .rfind(found.as_str())
                .unwrap_or(offset);
            let parent = here.rsplit_once('.').map_or("", |(parent, last)| {
                if last == found { parent } else { here.as_str() }
            });
            let path = if parent.is_empty() || here == *found {
                found.clone()
            } else {
                format!("{parent}.{found}")
            };
            (start, path)
        }
        Error::NoSuchEnumVariant { found, .. } => (
            text[..offset.min(text.len())]
                .rfind(found.as_str())
                .unwrap_or(offset),
            here,
        ),
        _ => (field.map_or(offset, |field| field.value.start), here),
    }
}

/// One sentence.
pub(super) fn message(error: &Error, path: &str) -> String {
    let subject = if path.is_empty() {
        "the preset".to_owned()
    } else {
        path.to_owned()
    };
    match error {
        Error::NoSuchStructField {
            expected, found, ..
        } => {
            let allowed: Vec<&str> = expected.to_vec();
            format!(
                "there is no field “{found}”{}; allowed are {}",
                suggestion(found, &allowed),
                allowed.join(", ")
            )
        }
        Error::NoSuchEnumVariant {
            expected, found, ..
        } => {
            let allowed: Vec<&str> = expected.to_vec();
            format!(
                "{subject} is “{found}”{}; allowed are {}",
                suggestion(found, &allowed),
                allowed.join(", ")
            )
        }
        Error::MissingStructField { field, .. } => format!("{subject} lacks the field “{field}”"),
        Error::DuplicateStructField { field, .. } => {
            format!("the field “{field}” stands here twice: keep one")
        }
        Error::InvalidValueForType { expected, found } => {
            format!("{subject} is {found}, allowed is {expected}")
        }
        Error::ExpectedInteger => format!("{subject} must be a whole number"),
        Error::IntegerOutOfBounds => {
            format!("{subject} is too large, or negative, for a whole number from 0 on")
        }
        Error::ExpectedFloat => format!("{subject} must be a number"),
        Error::ExpectedBoolean => format!("{subject} must be true or false"),
        Error::ExpectedString => format!("{subject} must be text in quotation marks"),
        Error::ExpectedArray => format!("{subject} must be a list in square brackets"),
        Error::ExpectedArrayEnd => format!("{subject}: the list lacks a “,” or its closing “]”"),
        Error::ExpectedStructLike | Error::ExpectedNamedStructLike(_) | Error::ExpectedMap => {
            format!("{subject} must be a group of fields in round brackets")
        }
        Error::ExpectedStructLikeEnd => format!("{subject}: a “,” or a closing “)” is missing"),
        Error::ExpectedComma => format!("{subject}: a “,” is missing"),
        Error::ExpectedMapColon => {
            format!("{subject}: a “:” is missing between the field's name and its value")
        }
        Error::ExpectedOption | Error::ExpectedOptionEnd => {
            format!("{subject} must be None or a value")
        }
        Error::ExpectedIdentifier => format!("{subject} must be a name without quotation marks"),
        Error::ExpectedDifferentLength { expected, found } => {
            format!("{subject} has {found} values instead of {expected}")
        }
        Error::ExpectedStringEnd => format!("{subject}: the text lacks its closing quotation mark"),
        Error::TrailingCharacters => {
            "there is something behind the end of the preset: is a bracket closed too early?"
                .to_owned()
        }
        Error::Eof => {
            "the preset ends too early: is a bracket or a quotation mark not closed?".to_owned()
        }
        other => format!("{subject}: {other}"),
    }
}

/// For a path that no field has.
pub(super) fn unknown_path<'a>(path: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.filter(|known| *known != "version").collect();
    let parent = path.rfind(['.', '[']).map_or("", |end| &path[..end]);
    let siblings: Vec<&str> = known
        .iter()
        .copied()
        .filter(|known| known.rfind(['.', '[']).map_or("", |end| &known[..end]) == parent)
        .collect();
    let (scope, allowed) = if siblings.is_empty() {
        (
            "",
            known
                .iter()
                .copied()
                .filter(|known| !known.contains(['.', '[']))
                .collect::<Vec<_>>(),
        )
    } else {
        (parent, siblings)
    };
    let inside = if scope.is_empty() {
        String::new()
    } else {
        format!(" in {scope}")
    };
    format!(
        "there is no field “{path}”{}; allowed{inside} are {}",
        suggestion(path, &known),
        allowed.join(", ")
    )
}

/// “, did you mean …?” when something similar is allowed.
fn suggestion(found: &str, allowed: &[&str]) -> String {
    allowed
        .iter()
        .map(|candidate| (distance(found, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= found.chars().count().div_ceil(3))
        .map_or_else(String::new, |(_, candidate)| {
            format!(", did you mean “{candidate}”?")
        })
}

/// Levenshtein's distance, case ignored.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
