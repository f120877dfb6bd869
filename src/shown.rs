//! Text from outside (names of classes, files and tensors, addresses, paths), as a person is shown it: what would steer a
//! terminal, turn the direction of writing or feign a line of its own stands there as its number, and secrets don't.

use std::borrow::Cow;
use std::path::Path;

use serde::{Serialize, Serializer};

/// For one line: `cat\u{1b}[2J`, `a\nb`. Ordinary text, of any script, is as it was.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| is_unsafe(letter) || letter == '\n')
}

/// For text of several lines, which has ends of lines and tabs of its own.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| is_unsafe(letter) && letter != '\t')
}

/// Controls but the end of a line; marks that change the direction of what stands behind them; separators of lines and
/// paragraphs; letters without any shape, but for those that join others or keep them apart, which scripts and emoji need.
fn is_unsafe(letter: char) -> bool {
    is_steering(letter) || is_invisible(letter) || (letter.is_control() && letter != '\n')
}

fn is_steering(letter: char) -> bool {
    matches!(letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}')
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_escaped(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// A JSON document that can be looked at in a terminal: outside its texts there is nothing to escape, and inside of them
/// `\u009b` means the same.
pub fn json(document: &str) -> Cow<'_, str> {
    let is_escaped = |letter: char| is_unsafe(letter) && !letter.is_ascii_whitespace();
    if !document.contains(is_escaped) {
        return Cow::Borrowed(document);
    }
    let mut shown = String::with_capacity(document.len() + 16);
    for letter in document.chars() {
        if is_escaped(letter) {
            shown.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// A path as text: bytes that are no UTF-8 as `\xE9`, so that two paths never look the same.
pub fn path(path: &Path) -> String {
    if let Some(text) = path.to_str() {
        return text.to_owned();
    }
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    text
}

/// For JSON, which holds text only: see [`path()`].
pub fn serialize_path<S: Serializer>(
    path: impl AsRef<Path>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    self::path(path.as_ref()).serialize(serializer)
}

/// For lists of paths.
pub fn serialize_paths<S: Serializer, P: AsRef<Path>>(
    paths: impl AsRef<[P]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.as_ref().iter().map(|path| self::path(path.as_ref())))
}

/// Text with the user names, passwords and queries of the addresses in it left out:
/// `https://user:secret@host/a?token=b` is `https://…@host/a?…`.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    const MARK: &str = "://";
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        let (before, address) = rest.split_at(at + MARK.len());
        shown.push_str(before);
        let ends = |letter: char| letter.is_whitespace() || "\"<>“”".contains(letter);
        let (address, after) = address.split_at(address.find(ends).unwrap_or(address.len()));
        shown.push_str(&redacted(address));
        rest = after;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// One whole address, also one without a scheme, by [`without_secrets`]' rule.
pub fn address(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", redacted(rest)),
        None => redacted(address),
    }
}

/// An address without what stands before its host and behind its path. A password may hold any letter, so the last `@`
/// counts; none of ours has one in its path.
fn redacted(address: &str) -> String {
    let (start, host) = match address.rsplit_once('@') {
        Some((_, host)) => ("…@", host),
        None => ("", address),
    };
    match host.split_once('?') {
        Some((place, _)) => format!("{start}{place}?…"),
        None => format!("{start}{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_and_text_of_any_script_stays() {
        for (text, expected) in [
            ("cat", "cat"),
            (
                "\u{1b}[2J\u{1b}]0;title\u{7}",
                "\\u{1b}[2J\\u{1b}]0;title\\u{7}",
            ),
            ("a\u{9b}31m", "a\\u{9b}31m"),
            ("a\u{202e}gnp.exe", "a\\u{202e}gnp.exe"),
            ("a\nTest accuracy 100 %\r", "a\\nTest accuracy 100 %\\r"),
            ("a\tb\u{7f}\0", "a\\tb\\u{7f}\\u{0}"),
            ("a\u{200b}b\u{ad}\u{feff}", "a\\u{200b}b\\u{ad}\\u{feff}"),
            ("Prüfung 猫 שלום نیم‌فاصله 👩‍🔬", "Prüfung 猫 שלום نیم‌فاصله 👩‍🔬"),
        ] {
            assert_eq!(line(text), expected);
        }
        assert_eq!(lines("a\n\tb\r\u{1b}"), "a\n\tb\\r\\u{1b}");
        let name = "a\u{1b}\u{9b}\u{7f}\u{202e}猫";
        let document = serde_json::json!({ "name": name }).to_string();
        let shown = json(&document);
        assert_eq!(shown, r#"{"name":"a\u001b\u009b\u007f\u202e猫"}"#);
        let back: serde_json::Value = serde_json::from_str(&shown).unwrap_or_default();
        assert_eq!(back["name"], name);
    }

    #[test]
    fn secrets_of_addresses_are_left_out() {
        for (text, expected) in [
            ("no address", "no address"),
            ("https://host/a", "https://host/a"),
            ("https://user:secret@host:8/a", "https://…@host:8/a"),
            ("https://token@host", "https://…@host"),
            (
                "can't reach “http://u:p/@s?s@h/a?sig=x”, not https://o:q@p; try",
                "can't reach “http://…@h/a?…”, not https://…@p; try",
            ),
            ("ftp://a b://c@d", "ftp://a b://…@d"),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
        assert_eq!(address("user:se cret@host/a"), "…@host/a");
        assert_eq!(address("http://user:se cret@host/a?b"), "http://…@host/a?…");
        assert_eq!(address("https://host/a"), "https://host/a");
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_no_text_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let of = |bytes: &[u8]| path(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        assert_eq!(of("a/Prüfung".as_bytes()), "a/Prüfung");
        assert_eq!(of(b"caf\xe9.jpg"), "caf\\xE9.jpg");
        assert_ne!(of(b"\xe9"), of(b"\xe8"));
    }
}
