//! The words that people read: no mark-up, no tool of the developers, and numbers with the noun that goes with them.

use std::path::Path;

use super::modules::rust_files;

/// Nouns that are counted: with a number before them they stand in singular or plural, which `format::plural` knows.
const COUNTED: [&str; 19] = [
    "backbones",
    "batches",
    "classes",
    "columns",
    "days",
    "epochs",
    "experiments",
    "files",
    "hours",
    "images",
    "layers",
    "lines",
    "months",
    "pictures",
    "runs",
    "seeds",
    "stages",
    "steps",
    "versions",
];

/// Mark-up, or a tool of the developers, in a text that is shown.
fn markup_fault(text: &str) -> Option<String> {
    if text.contains('`') {
        return Some("a backtick: quotes are “ and ”".into());
    }
    let is_developers = |word: &str| matches!(word, "cargo" | "xtask" | "rustc");
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words
        .any(is_developers)
        .then(|| "a tool of the developers, which nobody else has".into())
}

/// A number with a noun that is always in the plural.
fn count_fault(text: &str) -> Option<String> {
    // A number, which stands in braces, and behind it a noun in the plural. A part of the split is a word.
    let text = text.replace("{part} ", "");
    let behind = text.split('}').skip(1);
    let mut nouns = behind.filter_map(|rest| {
        let rest = rest.strip_prefix(' ')?;
        let word = rest.split(|c: char| !c.is_alphabetic()).next()?;
        // "41 pictures/s": a rate, and no number of pictures.
        let is_rate =
            rest[word.len()..].starts_with('/') || rest[word.len()..].starts_with(" per ");
        (COUNTED.contains(&word) && !is_rate).then_some(word)
    });
    let noun = nouns.next()?;
    Some(format!(
        "a number with “{noun}”: format::plural has the singular too"
    ))
}

/// The texts of a source with the lines that they begin in, without those of its tests and comments.
pub fn texts(source: &str) -> Vec<(usize, String)> {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap();
    // What an attribute says (`must_use`, `reason`) is for developers.
    let shown = |line: &str| !line.trim_start().starts_with("#[");
    let lines = source
        .split('\n')
        .map(|line| if shown(line) { line } else { "" });
    let letters: Vec<char> = lines.collect::<Vec<_>>().join("\n").chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        match letter {
            '\n' => line += 1,
            '/' if next == Some('/') => {
                while letters.get(at + 1).is_some_and(|&c| c != '\n') {
                    at += 1;
                }
            }
            // A letter in single quotes, which may be a double one; a lifetime has no second quote.
            '\'' if next == Some('\\') => at += 3,
            '\'' if letters.get(at + 2) == Some(&'\'') => at += 2,
            'r' if next == Some('"') || next == Some('#') && letters.get(at + 2) == Some(&'"') => {
                let hash = next == Some('#');
                at += if hash { 3 } else { 2 };
                let start = at;
                while letters
                    .get(at)
                    .is_some_and(|&c| c != '"' || hash && letters.get(at + 1) != Some(&'#'))
                {
                    at += 1;
                }
                found.push((line, letters[start..at.min(letters.len())].iter().collect()));
                line += letters[start..at].iter().filter(|&&c| c == '\n').count();
            }
            '"' => {
                let (start, first) = (at + 1, line);
                at += 1;
                while letters.get(at).is_some_and(|&c| c != '"') {
                    let length = usize::from(letters[at] == '\\') + 1;
                    let read = letters.iter().skip(at).take(length);
                    line += read.filter(|&&c| c == '\n').count();
                    at += length;
                }
                found.push((
                    first,
                    letters[start..at.min(letters.len())].iter().collect(),
                ));
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// How many files of `folder` are no tests, and what `fault` finds in their texts.
fn faults(folder: &str, fault: fn(&str) -> Option<String>) -> (usize, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut seen, mut found) = (0, Vec::new());
    for file in rust_files(&root.join(folder)) {
        let name = file.strip_prefix(root).unwrap().display().to_string();
        if name.contains("test") || name.contains("fakes") {
            continue;
        }
        seen += 1;
        for (line, text) in texts(&std::fs::read_to_string(&file).unwrap()) {
            if let Some(fault) = fault(&text) {
                found.push(format!("{name}:{line}: {fault}: {text}"));
            }
        }
    }
    (seen, found)
}

#[test]
fn messages_have_no_markup_and_name_no_developers_tool() {
    let (seen, found) = faults("src", markup_fault);
    assert!(seen > 400, "only {seen} files were looked at");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_window_counts_in_singular_and_plural() {
    let (seen, found) = faults("src/app", count_fault);
    assert!(seen > 100, "only {seen} files were looked at");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_fault_is_found_and_a_comment_is_none() {
    assert!(count_fault("{} epochs in all").is_some());
    assert!(markup_fault("run “cargo xtask setup”").is_some());
    assert!(markup_fault("the field `name`").is_some());
    assert_eq!(count_fault("Epochs: {}, “{name}” of {} in all"), None);
    assert_eq!(count_fault("{} epoch"), None);
    assert_eq!(count_fault("{speed} pictures/s on {part} pictures"), None);
    let source = "// `a`\nlet quote = '\"'; let lines = \"b\n\\\"c\"; x(r#\"d\"e\"#);\n#[must_use = \"`g`\"]\n#[cfg(test)]\nmod tests { \"f\" }";
    let found = texts(source);
    let expected = [(2, "b\n\\\"c".to_owned()), (3, "d\"e".to_owned())];
    assert_eq!(found, expected);
}
