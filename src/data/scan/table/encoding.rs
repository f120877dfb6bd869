//! A table's bytes to text: in which encoding it was written.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874};

/// So much of a table is looked at to guess its encoding.
const SAMPLE_BYTES: usize = 4 << 20;

/// The remedy of every encoding that can't be told.
const REMEDY: &str = "save it as UTF-8 (spreadsheets call it “CSV UTF-8”), or choose its “Encoding” in the Data view (data.source.encoding in a preset)";

/// A table as text.
#[derive(Debug)]
pub struct Decoded<'a> {
    pub text: Cow<'a, str>,
    /// As the WHATWG calls it: `UTF-8`, `windows-1252`, `GBK`.
    pub encoding: &'static str,
    /// Whether its bytes only suggest it: neither a byte order mark nor valid UTF-8 says so.
    pub guessed: bool,
}

/// Decodes a whole table, in the encoding called `asked` or in the one that it seems to have. No
/// character is replaced: what can't be decoded is refused, so that two names never become one.
pub fn decode<'a>(bytes: &'a [u8], asked: Option<&str>) -> Result<Decoded<'a>, String> {
    if let Some(label) = asked {
        let encoding =
            Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
                format!(
                    "there is no encoding called {label}: write UTF-8, windows-1252, GBK, Shift_JIS, UTF-16LE or another of the web's encodings"
                )
            })?;
        let start = match Encoding::for_bom(bytes) {
            Some((marked, length)) if marked == encoding => length,
            _ => 0,
        };
        return whole(encoding, &bytes[start..], false);
    }
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        return Err(format!(
            "the table is UTF-32, which can't be read: {REMEDY}"
        ));
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return whole(encoding, &bytes[length..], false);
    }
    if let Some(encoding) = utf_16_without_mark(bytes) {
        return whole(encoding, bytes, true);
    }
    // Japanese mail's encoding is ASCII but for its escapes.
    let escapes = bytes.windows(2).any(|pair| pair == b"\x1b$");
    if !escapes && let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Decoded {
            text: text.into(),
            encoding: UTF_8.name(),
            guessed: false,
        });
    }
    guess(bytes)
}

fn guess(bytes: &[u8]) -> Result<Decoded<'_>, String> {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, sample.len() == bytes.len());
    let encoding = detector.guess(None, Utf8Detection::Deny);
    if encoding != ISO_2022_JP
        && let Some(line) = line_of_another_encoding(bytes, encoding)
    {
        return Err(format!(
            "some lines of the table are UTF-8, and others, such as line {line}, are not: {REMEDY}"
        ));
    }
    let decoded = whole(encoding, bytes, true)?;
    if let Some(at) = implausible(&decoded.text) {
        let line = decoded.text[..at].matches('\n').count() + 1;
        return Err(format!(
            "the encoding of the table can't be told from line {line}: {REMEDY}"
        ));
    }
    Ok(decoded)
}

/// Where a text reads as one does that was decoded wrongly: control characters, capitals or signs within words, letters
/// of two scripts in one word.
fn implausible(text: &str) -> Option<usize> {
    let is_sign = |letter: char| {
        !letter.is_ascii()
            && !letter.is_alphanumeric()
            && !letter.is_whitespace()
            && !('\u{300}'..='\u{36f}').contains(&letter)
            && !"’‘·–—-‐\u{ad}".contains(letter)
    };
    let is_wide = |letter: char| letter >= '\u{2e80}';
    let mut before: Option<char> = None;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let between =
            before.is_some_and(char::is_alphabetic) && next.is_some_and(char::is_alphabetic);
        let is_wrong = ('\u{80}'..='\u{9f}').contains(&letter)
            || between && is_sign(letter) && !is_wide(letter) && !next.is_some_and(is_wide)
            || between
                && !letter.is_ascii()
                && letter.is_uppercase()
                && next.is_some_and(char::is_lowercase)
            || before.is_some_and(|before| {
                script(before).is_some_and(|of| script(letter).is_some_and(|other| of != other))
            });
        if is_wrong {
            return Some(at);
        }
        before = Some(letter);
    }
    None
}

/// Latin, Greek, Cyrillic or Hebrew, of which words hold one.
fn script(letter: char) -> Option<u8> {
    match letter {
        'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' => letter.is_alphabetic().then_some(0),
        '\u{370}'..='\u{3ff}' => letter.is_alphabetic().then_some(1),
        '\u{400}'..='\u{52f}' => letter.is_alphabetic().then_some(2),
        '\u{590}'..='\u{5ff}' => letter.is_alphabetic().then_some(3),
        _ => None,
    }
}

fn whole<'a>(
    encoding: &'static Encoding,
    bytes: &'a [u8],
    guessed: bool,
) -> Result<Decoded<'a>, String> {
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(Decoded {
            text,
            encoding: encoding.name(),
            guessed,
        }),
        None => {
            let line_hint = match std::str::from_utf8(bytes) {
                Err(error) if encoding == UTF_8 => {
                    let read = &bytes[..error.valid_up_to()];
                    let line = read.iter().filter(|&&byte| byte == b'\n').count() + 1;
                    format!(", see line {line}")
                }
                _ => String::new(),
            };
            Err(format!(
                "the table is not {} throughout{line_hint}: {REMEDY}",
                encoding.name()
            ))
        }
    }
}

/// UTF-16 of mostly western text has a zero in every second byte.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(1 << 16)];
    let pairs = sample.len() / 2;
    let zeros = |offset: usize| {
        sample
            .chunks_exact(2)
            .filter(|pair| pair[offset] == 0)
            .count()
    };
    let (high_first, low_first) = (zeros(0), zeros(1));
    let is_most = |these: usize, others: usize| these * 5 >= pairs && others * 10 <= these;
    if pairs < 2 {
        None
    } else if is_most(low_first, high_first) {
        Some(UTF_16LE)
    } else if is_most(high_first, low_first) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// The first line that is no UTF-8 where too many others are for `encoding` to be that of the whole.
/// In a text of one byte a letter, no line is UTF-8 by accident; in Chinese some are.
fn line_of_another_encoding(bytes: &[u8], encoding: &'static Encoding) -> Option<usize> {
    let (mut utf_8, mut others, mut first) = (0, 0, None);
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.is_ascii() {
            continue;
        }
        if std::str::from_utf8(line).is_ok() {
            utf_8 += 1;
        } else {
            others += 1;
            first = first.or(Some(index + 1));
        }
    }
    let one_byte_a_letter = encoding.is_single_byte() && encoding != WINDOWS_874;
    let mixed = if one_byte_a_letter {
        utf_8 > 0
    } else {
        utf_8 >= others
    };
    first.filter(|_| mixed)
}

#[cfg(test)]
mod tests;
