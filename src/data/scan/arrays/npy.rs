//! The header of an `.npy` file (NumPy enhancement proposal 1), which stands before every array of an `.npz` file too.

use std::io::Read;

use crate::pickle::numpy::{Dtype, dtype};

/// NumPy's own are padded to a multiple of 64 and rarely longer than 128 bytes.
const MAX_HEADER_BYTES: u64 = 64 << 10;
/// NumPy's own arrays have at most as many.
const MAX_DIMENSIONS: usize = 64;

/// What an array's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub dtype: Dtype,
    pub by_columns: bool,
    pub shape: Vec<u64>,
    /// Of the header itself, in bytes: the numbers begin after it.
    pub length: u64,
}

impl Header {
    /// Bytes of all numbers; nothing when no file is as long.
    pub fn data_bytes(&self) -> Option<u64> {
        self.shape
            .iter()
            .try_fold(self.dtype.bytes as u64, |all, side| all.checked_mul(*side))
    }

    /// `(60000, 28, 28)`.
    pub fn shape_text(&self) -> String {
        let sides: Vec<String> = self.shape.iter().map(u64::to_string).collect();
        match sides.as_slice() {
            [one] => format!("({one},)"),
            all => format!("({})", all.join(", ")),
        }
    }

    /// `float32`.
    pub fn dtype_name(&self) -> String {
        let bits = self.dtype.bytes.saturating_mul(8);
        match self.dtype.kind {
            b'u' => format!("uint{bits}"),
            b'i' => format!("int{bits}"),
            b'f' => format!("float{bits}"),
            b'c' => format!("complex{bits}"),
            b'b' => "bool".into(),
            b'U' | b'S' => "text".into(),
            other => format!("kind “{}”", char::from(other).escape_default()),
        }
    }
}

/// Reads the header that `reader` begins with.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(reader: &mut impl Read) -> Result<Header, String> {
    let cut = |_| "is cut off within its header".to_owned();
    let mut start = [0; 8];
    reader.read_exact(&mut start).map_err(cut)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err("is no array of NumPy's".into());
    }
    let (before, text_bytes) = match start[6] {
        1 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length).map_err(cut)?;
            (10, u64::from(u16::from_le_bytes(length)))
        }
        2 | 3 => {
            let mut length = [0; 4];
            reader.read_exact(&mut length).map_err(cut)?;
            (12, u64::from(u32::from_le_bytes(length)))
        }
        version => return Err(format!("is of version {version}, which is not known")),
    };
    if text_bytes > MAX_HEADER_BYTES {
        return Err(format!(
            "has a header of {text_bytes} bytes; at most {MAX_HEADER_BYTES} are read"
        ));
    }
    let mut text = Vec::new();
    reader
        .take(text_bytes)
        .read_to_end(&mut text)
        .map_err(|error| format!("can't be read ({error})"))?;
    if text.len() as u64 != text_bytes {
        return Err("is cut off within its header".into());
    }
    let text = std::str::from_utf8(&text).map_err(|_| "has a header that is no text")?;
    let mut parser = Parser { rest: text };
    let mut header = parser.header()?;
    header.length = before + text_bytes;
    Ok(header)
}

/// A reader of the one kind of Python literal that stands there:
/// `{'descr': '|u1', 'fortran_order': False, 'shape': (2, 28, 28), }`.
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn header(&mut self) -> Result<Header, String> {
        let (mut element, mut by_columns, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.take('}') {
            match self.quoted()?.as_str() {
                "descr" => {
                    self.expect(':')?;
                    if self.peek() == Some('[') {
                        return Err(
                            "holds elements of several fields: only plain numbers are read".into(),
                        );
                    }
                    element = Some(dtype(&self.quoted()?)?);
                }
                "fortran_order" => {
                    self.expect(':')?;
                    by_columns = Some(self.truth()?);
                }
                "shape" => {
                    self.expect(':')?;
                    shape = Some(self.shape()?);
                }
                _ => return Err(damaged()),
            }
            if !self.take(',') {
                self.expect('}')?;
                break;
            }
        }
        match (element, by_columns, shape) {
            (Some(dtype), Some(by_columns), Some(shape)) => Ok(Header {
                dtype,
                by_columns,
                shape,
                length: 0,
            }),
            _ => Err(damaged()),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        is_next
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(damaged())
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self
            .peek()
            .filter(|quote| ['\'', '"'].contains(quote))
            .ok_or_else(damaged)?;
        let (text, rest) = self.rest[1..].split_once(quote).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(text.to_owned())
    }

    fn truth(&mut self) -> Result<bool, String> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(damaged())
    }

    fn shape(&mut self) -> Result<Vec<u64>, String> {
        self.expect('(')?;
        let mut shape = Vec::new();
        while !self.take(')') {
            if self.peek() == Some('-') {
                return Err("has a negative side: it is damaged".into());
            }
            let digits = self
                .rest
                .find(|character: char| !character.is_ascii_digit())
                .unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(digits);
            let side = number.parse().map_err(|_| damaged())?;
            // Python 2 marks its long numbers.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            shape.push(side);
            if shape.len() > MAX_DIMENSIONS {
                return Err(damaged());
            }
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

fn damaged() -> String {
    "has a header that NumPy does not write: it is damaged".into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(version: u8, text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        if version == 1 {
            bytes.extend((text.len() as u16).to_le_bytes());
        } else {
            bytes.extend((text.len() as u32).to_le_bytes());
        }
        bytes.extend(text.as_bytes());
        bytes
    }

    fn error(text: &str) -> String {
        read(&mut file(1, text).as_slice()).unwrap_err()
    }

    #[test]
    fn headers_of_every_version_are_read() {
        for (version, text, shape) in [
            (
                1,
                "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 28, 28), }   \n",
                vec![2, 28, 28],
            ),
            (
                2,
                "{'descr': '<i8', 'fortran_order': True, 'shape': (7,), }\n",
                vec![7],
            ),
            (
                3,
                "{\"descr\": \">f4\", \"shape\": (), \"fortran_order\": False}",
                vec![],
            ),
            (
                1,
                "{'descr': '|u1', 'fortran_order': False, 'shape': (10000L, 3L), }",
                vec![10000, 3],
            ),
        ] {
            let bytes = file(version, text);
            let header = read(&mut bytes.as_slice()).unwrap();
            assert_eq!(header.shape, shape);
            assert_eq!(header.length, bytes.len() as u64);
        }
    }

    #[test]
    fn what_is_no_plain_array_is_refused_by_name() {
        for (text, expect) in [
            (
                "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
                "Python's objects",
            ),
            (
                "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }",
                "several fields",
            ),
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, 4), }",
                "negative side",
            ),
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
                "damaged",
            ),
            ("{'descr': '|u1', 'fortran_order': False}", "damaged"),
            ("__import__('os').system('true')", "damaged"),
        ] {
            assert!(error(text).contains(expect), "{text}: {}", error(text));
        }
        let long = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes()].concat();
        assert!(read(&mut long.as_slice()).unwrap_err().contains("at most"));
    }

    #[test]
    fn a_size_beyond_all_numbers_is_none() {
        let text = format!(
            "{{'descr': '<f8', 'fortran_order': False, 'shape': ({0}, {0}), }}",
            u64::MAX / 2
        );
        let header = read(&mut file(1, &text).as_slice()).unwrap();
        assert_eq!(header.data_bytes(), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fall(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[{}()'\", a-zA-Z0-9:|<\\-\\[\\]é]{0,80}") {
            let _ = read(&mut bytes.as_slice());
            let _ = read(&mut file(1, &text).as_slice());
        }
    }
}
