//! Names of files as cells of tables write them.

use std::path::{Component, Path};

use unicode_normalization::UnicodeNormalization;

use crate::escapes;

/// Equal for names that differ in case or in how accents are written.
pub fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect()
}

pub fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

pub fn whole_number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// The folders and the name in a path of whatever system, or in an address.
pub fn parts(cell: &str) -> Vec<String> {
    let path = cell.trim().replace('\\', "/");
    let path = match path.split_once("://") {
        Some(("file", rest)) => rest.to_owned(),
        Some(("http" | "https" | "s3" | "gs", rest)) => {
            let rest = rest.split(['?', '#']).next().unwrap_or(rest);
            rest.split_once('/')
                .map_or(rest, |(_, path)| path)
                .to_owned()
        }
        _ => path,
    };
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            drive if drive.len() == 2 && drive.ends_with(':') => {}
            part => parts.push(part.to_owned()),
        }
    }
    parts
}

/// `%20` is a space; nothing where there is no such code.
pub fn percent_decoded(cell: &str) -> Option<String> {
    let bytes = escapes::decoded(cell, b'%', 2, 16);
    // Every code is longer than what it stands for.
    let has_code = bytes.len() < cell.len();
    has_code.then(|| String::from_utf8(bytes).ok()).flatten()
}

/// `path` as it stands in a data set: with `/`, below `root`, without `.` parts.
pub fn tidy_name(path: &str) -> String {
    let path = path.replace('\\', "/");
    let parts: Vec<_> = Path::new(&path)
        .components()
        .filter(|part| !matches!(part, Component::CurDir | Component::RootDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    if path.starts_with('/') {
        format!("/{}", parts.join("/"))
    } else {
        parts.join("/")
    }
}
