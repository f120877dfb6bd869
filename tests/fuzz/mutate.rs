//! Damage that knows the structure: numbers of a text become extreme ones, names become hostile ones, sizes in a header and
//! checksums stay right, files become links, pipes and folders.

use std::os::unix::fs::symlink;
use std::path::Path;

use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// Where arithmetic goes wrong.
const NUMBERS: [&str; 26] = [
    "0",
    "-0",
    "1",
    "-1",
    "127",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "-1e308",
    "1e999",
    "NaN",
    "inf",
    "1e-320",
    "0.1",
];

/// What must not reach a terminal, a spreadsheet, a page or a path.
const NAMES: [&str; 16] = [
    "",
    " ",
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "a\\nb",
    "a\nerror: forged",
    "\u{202e}gnp",
    "\u{9b}31m",
    "=1+1",
    "-1+cmd|x",
    "@SUM(A1)",
    "</script><script>alert(1)</script>",
    "' onload='x",
    "../../../../etc/passwd",
    "/dev/zero",
    "\u{feff}",
    "猫",
];

const BYTES: [&[u8]; 8] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x80\0\0\0",
    b"\0\0\0\0\0\0\0\0",
    b"((((((((((",
    b"\xc3\x28",
    b"\"",
];

/// One change, or a few.
pub fn mutate(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    for _ in 0..*[1, 1, 1, 2, 4].choose(rng).unwrap() {
        if bytes.starts_with(b"\x89PNG") && rng.random_bool(0.8) {
            png(bytes, rng);
        } else if bytes.starts_with(b"PK\x03\x04") && rng.random_bool(0.8) {
            zip(bytes, rng);
        } else if bytes.get(8) == Some(&b'{') && rng.random_bool(0.8) {
            safetensors(bytes, rng);
        } else if std::str::from_utf8(bytes).is_ok() && rng.random_bool(0.9) {
            text(bytes, rng);
        } else {
            binary(bytes, rng);
        }
    }
}

fn binary(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let length = bytes.len();
    let at = rng.random_range(0..=length);
    // Formats say at their beginning what is in them.
    let at = if rng.random_bool(0.5) {
        at.min(rng.random_range(0..=64))
    } else {
        at
    };
    match rng.random_range(0..6) {
        0 => bytes.truncate(at),
        1 if at < length => bytes[at] ^= 1 << rng.random_range(0..8),
        2 if at < length => {
            let end = (at + rng.random_range(1..64)).min(length);
            drop(bytes.drain(at..end));
        }
        3 => {
            let piece = bytes[at..(at + 32).min(length)].to_vec();
            drop(bytes.splice(at..at, piece));
        }
        4 => drop(bytes.splice(at..at, BYTES.choose(rng).unwrap().iter().copied())),
        _ => {
            for (place, byte) in BYTES.choose(rng).unwrap().iter().enumerate() {
                if let Some(target) = bytes.get_mut(at + place) {
                    *target = *byte;
                }
            }
        }
    }
}

fn text(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let text = String::from_utf8(bytes.clone()).unwrap();
    let changed = match rng.random_range(0..8) {
        0..=2 => replace(&text, &numbers(&text), NUMBERS.choose(rng).unwrap(), rng),
        3 | 4 => {
            let name = if rng.random_bool(0.1) {
                "x".repeat(100_000)
            } else {
                NAMES.choose(rng).unwrap().to_string()
            };
            replace(&text, &words(&text), &name, rng)
        }
        5 => lines(&text, rng),
        6 => {
            let nested = ["(", "[", "{", "[[{(", "\"", "Some("]
                .choose(rng)
                .unwrap()
                .repeat(*[1, 200, 20_000].choose(rng).unwrap());
            replace(&text, &words(&text), &nested, rng)
        }
        _ => return binary(bytes, rng),
    };
    *bytes = changed.into_bytes();
}

/// Begin and end of each run of letters that `is_part` takes.
fn pieces(text: &str, is_part: impl Fn(char) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut begin = None;
    for (at, letter) in text.char_indices().chain([(text.len(), '\n')]) {
        match (is_part(letter), begin) {
            (true, None) => begin = Some(at),
            (false, Some(start)) => {
                found.push((start, at));
                begin = None;
            }
            _ => {}
        }
    }
    found
}

/// The first and the last number under each name of a text: that of the column in a table, else the word before it.
pub fn named_numbers(text: &str, is_table: bool) -> Vec<(usize, usize)> {
    let mut by_name = std::collections::BTreeMap::new();
    for (start, end) in numbers(text) {
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let name = if is_table {
            text[line..start].matches(',').count().to_string()
        } else {
            let before = &text[..start];
            let is_letter = |letter: char| letter.is_alphabetic() || letter == '_';
            let word = before.trim_end_matches(|letter| !is_letter(letter));
            let word = word.rsplit(|letter| !is_letter(letter)).next();
            word.unwrap_or_default().to_owned()
        };
        let (_, last) = by_name.entry(name).or_insert(((start, end), (start, end)));
        *last = (start, end);
    }
    let mut found: Vec<_> = by_name.into_values().flat_map(|(a, b)| [a, b]).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn numbers(text: &str) -> Vec<(usize, usize)> {
    let mut found = pieces(text, |letter| letter.is_ascii_digit() || letter == '.');
    found.retain(|(start, end)| text[*start..*end].bytes().any(|byte| byte.is_ascii_digit()));
    found
}

fn words(text: &str) -> Vec<(usize, usize)> {
    pieces(text, |letter| {
        letter.is_alphanumeric() || "_-./ ".contains(letter)
    })
}

fn replace(text: &str, pieces: &[(usize, usize)], with: &str, rng: &mut ChaCha8Rng) -> String {
    match pieces.choose(rng) {
        Some((start, end)) => format!("{}{with}{}", &text[..*start], &text[*end..]),
        None => with.to_owned(),
    }
}

fn lines(text: &str, rng: &mut ChaCha8Rng) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "\n".into();
    }
    let (one, other) = (
        rng.random_range(0..lines.len()),
        rng.random_range(0..lines.len()),
    );
    match rng.random_range(0..4) {
        0 => drop(lines.remove(one)),
        1 => lines.swap(one, other),
        2 => lines.insert(other, lines[one]),
        _ => lines.truncate(one),
    }
    lines.join(["\n", "\r\n", "\r", "\n\n"].choose(rng).unwrap())
}

/// A chunk changes, and its checksum with it.
fn png(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let mut chunks = Vec::new();
    let mut at = 8;
    while let Some(length) = bytes
        .get(at..at + 4)
        .map(|size| u32::from_be_bytes(size.try_into().unwrap()) as usize)
    {
        let Some(end) = at
            .checked_add(length)
            .and_then(|end| end.checked_add(12))
            .filter(|end| *end <= bytes.len())
        else {
            break;
        };
        chunks.push((at, length));
        at = end;
    }
    let Some(&(at, length)) = chunks.choose(rng) else {
        return binary(bytes, rng);
    };
    let mut data = bytes[at + 4..at + 8 + length].to_vec();
    let mut content = data.split_off(4);
    binary(&mut content, rng);
    data.extend(content);
    let mut chunk = ((data.len() - 4) as u32).to_be_bytes().to_vec();
    chunk.extend(&data);
    chunk.extend(crc32fast::hash(&data).to_be_bytes());
    drop(bytes.splice(at..at + 12 + length, chunk));
}

/// One entry changes, and the archive is whole again.
fn zip(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    use std::io::{Cursor, Read as _, Write as _};
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes.clone())) else {
        return binary(bytes, rng);
    };
    let changed = rng.random_range(0..archive.len().max(1));
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(index) else {
            return binary(bytes, rng);
        };
        let name = entry.name().to_owned();
        let mut content = Vec::new();
        if entry.read_to_end(&mut content).is_err() {
            return binary(bytes, rng);
        }
        // Most of what can go wrong stands in the pickle.
        if index == changed || (name.ends_with("data.pkl") && rng.random_bool(0.7)) {
            binary(&mut content, rng);
        }
        if writer
            .start_file(name, options)
            .and_then(|()| Ok(writer.write_all(&content)?))
            .is_err()
        {
            return;
        }
    }
    if let Ok(whole) = writer.finish() {
        *bytes = whole.into_inner();
    }
}

/// The header's text changes, and its length with it.
fn safetensors(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let Some(end) = usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_add(8))
        .filter(|end| *end <= bytes.len())
    else {
        return binary(bytes, rng);
    };
    let mut header = bytes[8..end].to_vec();
    if std::str::from_utf8(&header).is_ok() {
        text(&mut header, rng);
    } else {
        binary(&mut header, rng);
    }
    let mut start = (header.len() as u64).to_le_bytes().to_vec();
    start.extend(header);
    drop(bytes.splice(..end, start));
}

/// What stands at `path` becomes something else. `secret` is a file outside that nobody may read or write through it.
pub fn replace_file(path: &Path, secret: &Path, rng: &mut ChaCha8Rng) {
    if path.is_dir() {
        drop(std::fs::remove_dir_all(path));
    } else {
        drop(std::fs::remove_file(path));
    }
    match rng.random_range(0..9) {
        0 => {}
        1 => std::fs::write(path, "").unwrap(),
        2 => std::fs::create_dir(path).unwrap(),
        3 => symlink(secret, path).unwrap(),
        4 => symlink("/dev/zero", path).unwrap(),
        5 => symlink(path, path).unwrap(),
        6 => symlink("nowhere", path).unwrap(),
        7 => std::fs::File::create(path)
            .unwrap()
            .set_len(1 << 41)
            .unwrap(),
        _ => super::fork::make_pipe(path),
    }
}
