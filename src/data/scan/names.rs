//! Names as people read them: from bytes in whatever encoding, equal where they look equal.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;
use unicode_normalization::UnicodeNormalization;

/// How the names below a folder are made readable.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Names {
    /// Of the names that are no UTF-8; `None` while there are none.
    encoding: Option<&'static Encoding>,
}

impl Names {
    /// Guesses the encoding of those names that are no UTF-8, from all of them together.
    pub fn detect<'a>(paths: impl Iterator<Item = &'a Path>) -> Self {
        let mut detector = None;
        for path in paths {
            // Most paths are UTF-8 whole.
            if path.to_str().is_some() {
                continue;
            }
            for part in path.iter().filter(|part| part.to_str().is_none()) {
                let detector =
                    detector.get_or_insert_with(|| EncodingDetector::new(Iso2022JpDetection::Deny));
                detector.feed(part.as_encoded_bytes(), false);
                detector.feed(b"\n", false);
            }
        }
        Self {
            encoding: detector.map(|mut detector| {
                detector.feed(b"", true);
                detector.guess(None, Utf8Detection::Deny)
            }),
        }
    }

    /// The encoding that was guessed, as people call it.
    pub fn encoding(&self) -> Option<&'static str> {
        self.encoding.map(|encoding| match encoding.name() {
            "windows-1252" => "Windows-1252 (Latin-1)",
            "GBK" => "GBK",
            name => name,
        })
    }

    /// A name of one part. What the encoding does not know is written as `\xE9`, so that two names stay two.
    pub fn readable<'a>(&self, name: &'a OsStr) -> Cow<'a, str> {
        if let Some(name) = name.to_str() {
            return Cow::Borrowed(name);
        }
        let bytes = name.as_encoded_bytes();
        self.encoding
            .and_then(|encoding| {
                encoding.decode_without_bom_handling_and_without_replacement(bytes)
            })
            // A name with control characters was taken for another encoding than it is in.
            .filter(|text| !text.chars().any(char::is_control))
            .unwrap_or_else(|| Cow::Owned(escaped(bytes)))
    }

    /// `path` below `root`, with `/`.
    pub fn relative(&self, path: &Path, root: &Path) -> String {
        let relative = path.strip_prefix(root).unwrap_or(path);
        let parts: Vec<_> = relative.iter().map(|part| self.readable(part)).collect();
        parts.join("/")
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string can't fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// Equal for names that look the same: accents in one letter or two (NFC, NFD), spaces around.
pub(super) fn spelling(name: &str) -> String {
    name.trim().nfc().collect()
}
