//! Where each field of a preset stands in its text.
//!
//! serde tells a place or a value, never both; this reads the text's outline (names, brackets, strings,
//! comments) so that a message can name field, line and column.

/// A field found in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// `phases[1].learning_rate`.
    pub path: String,
    /// Byte offsets of the field's name (of the element itself, in a list).
    pub start: usize,
    /// Byte offsets of its value.
    pub value: std::ops::Range<usize>,
}

/// One open bracket.
struct Frame {
    close: u8,
    /// The path of the value that this bracket is.
    path: String,
    /// In a list: the index of the element that comes next or is being read.
    index: Option<usize>,
    /// The field or element being read, as a place in `fields`.
    current: Option<usize>,
}

/// Every field and list element, in the order of the text. Never fails: of a broken text, what can be told.
pub(super) fn fields(text: &str) -> Vec<Field> {
    let bytes = text.as_bytes();
    let mut fields: Vec<Field> = Vec::new();
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(end) = skip_blank(bytes, at) {
            at = end;
            continue;
        }
        // `#![enable(…)]` is about the file, no field.
        if frames.is_empty() && bytes[at] == b'#' {
            at = bytes[at..]
                .iter()
                .position(|&b| b == b'\n')
                .map_or(bytes.len(), |line| at + line);
            continue;
        }
        begin_element(&mut frames, &mut fields, at, bytes[at]);
        match bytes[at] {
            open @ (b'(' | b'[' | b'{') => {
                let path = frames.last().map_or_else(String::new, |frame| {
                    frame
                        .current
                        .map_or_else(|| frame.path.clone(), |field| fields[field].path.clone())
                });
                let (close, index) = match open {
                    b'(' => (b')', None),
                    b'[' => (b']', Some(0)),
                    _ => (b'}', None),
                };
                frames.push(Frame {
                    close,
                    path,
                    index,
                    current: None,
                });
                at += 1;
            }
            close @ (b')' | b']' | b'}') => {
                if frames.last().is_some_and(|frame| frame.close == close) {
                    frames.pop();
                }
                at += 1;
                extend(&frames, &mut fields, at);
            }
            b',' => {
                if let Some(frame) = frames.last_mut() {
                    frame.current = None;
                    if let Some(index) = &mut frame.index {
                        *index += 1;
                    }
                }
                at += 1;
            }
            _ => {
                let end = token_end(bytes, at);
                let after = skip_all_blank(bytes, end);
                let is_name = bytes[at].is_ascii_alphabetic() || bytes[at] == b'_';
                let names_field = is_name && bytes.get(after) == Some(&b':');
                if names_field && let Some(frame) = frames.last_mut() {
                    let name = text.get(at..end).unwrap_or_default();
                    let path = if frame.path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{}.{name}", frame.path)
                    };
                    let value = skip_all_blank(bytes, after + 1);
                    frame.current = Some(fields.len());
                    fields.push(Field {
                        path,
                        start: at,
                        value: value..value,
                    });
                    at = after + 1;
                } else {
                    at = end;
                    extend(&frames, &mut fields, at);
                }
            }
        }
    }
    fields
}

/// The field whose text holds `offset`: the last one that begins at or before it.
pub(super) fn at(fields: &[Field], offset: usize) -> Option<&Field> {
    fields
        .iter()
        .rfind(|field| field.start <= offset && offset <= field.value.end.max(field.start))
        .or_else(|| fields.iter().rfind(|field| field.start <= offset))
}

/// Line and column, counted from 1, of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let line_start = before
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |at| at + 1);
    (
        line,
        String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count()
            + 1,
    )
}

/// The byte offset of a line and column, both counted from 1.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or_default();
    start
        + rest
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum::<usize>()
}

/// In a list, something that is not a separator begins an element.
fn begin_element(frames: &mut [Frame], fields: &mut Vec<Field>, at: usize, byte: u8) {
    let Some(frame) = frames.last_mut() else {
        return;
    };
    let Some(index) = frame.index else { return };
    if frame.current.is_none() && !matches!(byte, b',' | b']' | b')' | b'}') {
        frame.current = Some(fields.len());
        fields.push(Field {
            path: format!("{}[{index}]", frame.path),
            start: at,
            value: at..at,
        });
    }
}

/// The values of all fields being read reach to `end` at least.
fn extend(frames: &[Frame], fields: &mut [Field], end: usize) {
    for frame in frames {
        if let Some(field) = frame.current {
            fields[field].value.end = end.max(fields[field].value.start);
        }
    }
}

/// The end of the white space or comment at `at`, if there is one.
fn skip_blank(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..)? {
        [b, ..] if b.is_ascii_whitespace() => Some(at + 1),
        [b'/', b'/', ..] => Some(
            bytes[at..]
                .iter()
                .position(|&b| b == b'\n')
                .map_or(bytes.len(), |line| at + line),
        ),
        [b'/', b'*', ..] => {
            let (mut depth, mut end) = (0usize, at);
            while end < bytes.len() {
                match &bytes[end..] {
                    [b'/', b'*', ..] => (depth, end) = (depth + 1, end + 2),
                    [b'*', b'/', ..] => (depth, end) = (depth - 1, end + 2),
                    _ => end += 1,
                }
                if depth == 0 {
                    break;
                }
            }
            Some(end)
        }
        _ => None,
    }
}

fn skip_all_blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(end) = skip_blank(bytes, at) {
        at = end;
    }
    at
}

/// The end of the string, name or number that begins at `at`; beyond `at` in any case.
fn token_end(bytes: &[u8], at: usize) -> usize {
    match &bytes[at..] {
        [b'"', ..] => string_end(bytes, at + 1),
        [b'r', b'"' | b'#', ..] => raw_string_end(bytes, at),
        _ => {
            let is_part = |b: &u8| {
                b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'+') || !b.is_ascii()
            };
            let length = bytes[at..].iter().take_while(|b| is_part(b)).count();
            at + length.max(1)
        }
    }
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn raw_string_end(bytes: &[u8], at: usize) -> usize {
    let hashes = bytes[at + 1..].iter().take_while(|&&b| b == b'#').count();
    if bytes.get(at + 1 + hashes) != Some(&b'"') {
        return at + 1;
    }
    let mut closing = vec![b'"'];
    closing.extend(std::iter::repeat_n(b'#', hashes));
    let body = at + 2 + hashes;
    bytes[body..]
        .windows(closing.len())
        .position(|window| window == closing)
        .map_or(bytes.len(), |end| body + end + closing.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn fields_have_paths_and_places() {
        let text = "// a preset\n(\n  version: 1,\n  name: \"a, b: (c\", /* x: 2 */\n  phases: [\n    (epochs: 3),\n    (freeze: Below(\"layer4\"), rates: Custom([(\"a\", 1.0)])),\n  ],\n)";
        let found = fields(text);
        let shown: Vec<(String, usize, &str)> = found
            .iter()
            .map(|f| {
                (
                    f.path.clone(),
                    position(text, f.start).0,
                    &text[f.value.clone()],
                )
            })
            .collect();
        assert_eq!(shown[0], ("version".into(), 3, "1"));
        assert_eq!(shown[1], ("name".into(), 4, "\"a, b: (c\""));
        assert_eq!(shown[2].0, "phases");
        assert_eq!(shown[3], ("phases[0]".into(), 6, "(epochs: 3)"));
        assert_eq!(shown[4], ("phases[0].epochs".into(), 6, "3"));
        assert_eq!(
            shown[6],
            ("phases[1].freeze".into(), 7, "Below(\"layer4\")")
        );
    }

    #[test]
    fn offsets_and_positions_are_inverse() {
        let text = "ä\nbö: 1\n";
        for line in 1..=2 {
            for column in 1..=2 {
                assert_eq!(position(text, offset(text, line, column)), (line, column));
            }
        }
    }
}
