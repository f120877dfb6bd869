//! What a pickle of NumPy's arrays may hold beyond plain values: texts and bytes, which stay where they stand in
//! the pickle, element types, arrays and single numbers. Nothing of NumPy runs; an array is its shape and the offset
//! of its bytes.

use std::borrow::Cow;

use super::machine::Machine;
use super::{Id, MAX_DIMENSIONS, Pickle, Value};

/// What such a pickle may call, worked out as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// `numpy.core.multiarray._reconstruct`: an array before it is filled.
    Reconstruct,
    NdArray,
    Dtype,
    /// A single number.
    Scalar,
    /// `numpy.core.numeric._frombuffer`, of pickle protocol 5.
    FromBuffer,
    /// `_codecs.encode`: how Python 3 writes bytes for Python 2.
    Encode,
}

/// How the content of a [`Span`] is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Bytes, or what Python 2 calls a text.
    Bytes,
    /// UTF-8.
    Text,
    /// Bytes, each written as the character of its number, in UTF-8.
    Latin1,
}

/// Where a text or bytes stand in the pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
    pub writing: Writing,
}

/// The type of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    /// NumPy's letter: `u`, `i`, `f`, `b` …
    pub kind: u8,
    /// Of one element.
    pub bytes: usize,
    pub big_endian: bool,
}

/// An array: what it looks like, and where its bytes are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub shape: Vec<u64>,
    /// Nothing before it is filled.
    pub dtype: Option<Dtype>,
    /// Stored by columns (Fortran's order).
    pub by_columns: bool,
    pub data: Option<Span>,
}

impl Pickle {
    /// A text, or bytes that are one; `bytes` are those that the pickle was read from.
    pub(crate) fn text<'a>(&'a self, bytes: &'a [u8], id: Id) -> Option<&'a str> {
        match self.value(id) {
            Value::Text(text) => Some(text),
            Value::Span(span) => span.text(bytes),
            _ => None,
        }
    }

    /// The value of `key` in the dictionary on top; keys may be texts or bytes.
    pub(crate) fn entry<'a>(&'a self, bytes: &'a [u8], key: &str) -> Option<&'a Value> {
        let Value::Dict(pairs) = self.root() else {
            return None;
        };
        // The last one counts, as in Python.
        let found = pairs
            .iter()
            .rev()
            .find(|(name, _)| self.text(bytes, *name) == Some(key));
        found.map(|(_, value)| self.value(*value))
    }
}

impl Span {
    fn text<'a>(&self, pickle: &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(pickle.get(self.start..self.end)?).ok()
    }

    /// The bytes themselves.
    pub(crate) fn bytes<'a>(&self, pickle: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        let written = pickle
            .get(self.start..self.end)
            .ok_or("the pickle is cut off")?;
        match self.writing {
            Writing::Bytes => Ok(Cow::Borrowed(written)),
            Writing::Text => Err("a text stands where bytes belong".into()),
            Writing::Latin1 => from_latin1(written).map(Cow::Owned),
        }
    }
}

/// The bytes that UTF-8 text of the first 256 characters stands for.
pub(crate) fn from_latin1(written: &[u8]) -> Result<Vec<u8>, String> {
    std::str::from_utf8(written)
        .map_err(|_| "a text is not UTF-8")?
        .chars()
        .map(|character| u8::try_from(u32::from(character)))
        .collect::<Result<_, _>>()
        .map_err(|_| "a text that stands for bytes holds other characters".into())
}

/// What may be named. Everything else could run code.
pub(super) fn global(module: &str, name: &str) -> Result<Function, String> {
    match (module, name) {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
            Ok(Function::Reconstruct)
        }
        ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Ok(Function::Scalar),
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Ok(Function::FromBuffer),
        ("numpy", "ndarray") => Ok(Function::NdArray),
        ("numpy", "dtype") => Ok(Function::Dtype),
        ("_codecs", "encode") => Ok(Function::Encode),
        _ => Err(format!(
            "the file names “{module}.{name}”, which no file of pictures needs and which may run code: take the \
             original file from its publisher"
        )),
    }
}

impl Machine<'_> {
    pub(super) fn text_of(&self, id: Id) -> Option<&str> {
        match self.value(id) {
            Value::Text(text) => Some(text),
            Value::Span(span) => span.text(self.bytes),
            _ => None,
        }
    }

    /// Text or bytes, whose length stands before them in one, four or eight bytes.
    pub(super) fn length_prefixed(&mut self, opcode: u8) -> Result<(), String> {
        let length = match opcode {
            b'C' | b'U' | 0x8c => u64::from(self.byte()?),
            b'B' | b'T' | b'X' => u64::from(u32::from_le_bytes(self.array()?)),
            _ => u64::from_le_bytes(self.array()?),
        };
        let length = usize::try_from(length).map_err(|_| "the pickle is cut off")?;
        let written = self.take(length)?;
        let writing = match opcode {
            b'X' | 0x8c | 0x8d => {
                std::str::from_utf8(written).map_err(|_| "a text is not UTF-8")?;
                Writing::Text
            }
            _ => Writing::Bytes,
        };
        self.push_span(length, writing)
    }

    /// What was just taken.
    fn push_span(&mut self, length: usize, writing: Writing) -> Result<(), String> {
        let end = self.position;
        let start = end.saturating_sub(length);
        self.push(Value::Span(Span {
            start,
            end,
            writing,
        }))
    }

    pub(super) fn call_numpy(&self, function: Function, arguments: &[Id]) -> Result<Value, String> {
        let empty = |shape| Array {
            shape,
            dtype: None,
            by_columns: false,
            data: None,
        };
        match (function, arguments) {
            (Function::Reconstruct, [_, _, _]) => Ok(Value::Array(empty(Vec::new()))),
            (Function::Dtype, [name, ..]) => {
                let name = self.text_of(*name).ok_or("an element type has no name")?;
                dtype(name).map(Value::Dtype)
            }
            (Function::Encode, [text, rest @ ..]) => {
                let as_latin1 = match rest {
                    [encoding] => matches!(
                        self.text_of(*encoding),
                        Some("latin1" | "latin-1" | "iso-8859-1" | "iso8859-1")
                    ),
                    _ => false,
                };
                match self.value(*text) {
                    Value::Span(span) if as_latin1 && span.writing == Writing::Text => {
                        Ok(Value::Span(Span {
                            writing: Writing::Latin1,
                            ..*span
                        }))
                    }
                    _ => Err("bytes are written in a way that is not known".into()),
                }
            }
            (Function::Scalar, [element, bytes]) => self.scalar(*element, *bytes),
            (Function::FromBuffer, [bytes, element, shape, rest @ ..]) => {
                let (Value::Dtype(element), Value::Span(span)) =
                    (self.value(*element), self.value(*bytes))
                else {
                    return Err("an array is made of something that is no bytes".into());
                };
                let by_columns = rest
                    .first()
                    .is_some_and(|order| self.text_of(*order) == Some("F"));
                Ok(Value::Array(Array {
                    dtype: Some(*element),
                    by_columns,
                    data: Some(*span),
                    ..empty(self.shape(*shape)?)
                }))
            }
            (function, arguments) => Err(format!(
                "{function:?} is called with {} arguments",
                arguments.len()
            )),
        }
    }

    /// Fills what stands on top of the stack with `state`: an array, or an element type's order of bytes.
    pub(super) fn build_numpy(&mut self, state: Id) -> Result<(), String> {
        let target = *self.stack.last().ok_or("the stack is too short")?;
        let Value::Tuple(items) = self.value(state) else {
            return Err("attributes are set by something that is no tuple".into());
        };
        let field = |index: usize| items.get(index).map(|id| self.value(*id));
        let built = match self.value(target) {
            Value::Dtype(dtype) => {
                let order = items.get(1).and_then(|id| self.text_of(*id));
                if !matches!(field(3), None | Some(Value::None)) {
                    return Err(
                        "an array's elements have fields: only plain numbers are read".into(),
                    );
                }
                Value::Dtype(Dtype {
                    big_endian: order == Some(">"),
                    ..*dtype
                })
            }
            Value::Array(array) if array.data.is_none() => {
                let (Some(shape), Some(Value::Dtype(dtype)), Some(Value::Bool(by_columns))) =
                    (items.get(1), field(2), field(3))
                else {
                    return Err("an array is described in a way that is not known".into());
                };
                let Some(Value::Span(span)) = field(4) else {
                    return Err(
                        "an array holds Python's objects instead of numbers, which is not read"
                            .into(),
                    );
                };
                Value::Array(Array {
                    shape: self.shape(*shape)?,
                    dtype: Some(*dtype),
                    by_columns: *by_columns,
                    data: Some(*span),
                })
            }
            _ => return Err("attributes are set on something that is no array".into()),
        };
        if let Some(value) = self.values.get_mut(target) {
            *value = built;
        }
        Ok(())
    }

    fn shape(&self, id: Id) -> Result<Vec<u64>, String> {
        match self.value(id) {
            Value::Int(side) => u64::try_from(*side)
                .map(|side| vec![side])
                .map_err(|_| "a size is out of range".into()),
            Value::Tuple(items) if items.len() <= MAX_DIMENSIONS => self.naturals(id),
            _ => Err("a shape is no short tuple".into()),
        }
    }

    /// A whole number of NumPy's.
    fn scalar(&self, element: Id, bytes: Id) -> Result<Value, String> {
        let (Value::Dtype(dtype), Value::Span(span)) = (self.value(element), self.value(bytes))
        else {
            return Err("a number is made of something that is no bytes".into());
        };
        let bytes = span.bytes(self.bytes)?;
        dtype
            .integer(&bytes)
            .map(Value::Int)
            .ok_or_else(|| "a number is of a type that is not read".into())
    }
}

impl Dtype {
    /// The whole number that `bytes` hold, if elements are such.
    pub(crate) fn integer(&self, bytes: &[u8]) -> Option<i128> {
        if bytes.len() != self.bytes || self.bytes > 8 || self.bytes == 0 {
            return None;
        }
        let negative = match (self.kind, self.big_endian) {
            (b'i', true) => bytes.first()? & 0x80 != 0,
            (b'i', false) => bytes.last()? & 0x80 != 0,
            (b'u' | b'b', _) => false,
            _ => return None,
        };
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        for (index, byte) in bytes.iter().enumerate() {
            let index = if self.big_endian {
                bytes.len() - 1 - index
            } else {
                index
            };
            wide[index] = *byte;
        }
        Some(i128::from_le_bytes(wide))
    }
}

/// From NumPy's short name: `u1`, `<i8`, `|b1`, `f4` …
pub(crate) fn dtype(name: &str) -> Result<Dtype, String> {
    let unknown = || format!("elements of type “{name}” are not read: only plain numbers are");
    let (big_endian, plain) = match name.as_bytes() {
        [b'>', ..] => (true, &name[1..]),
        [b'<' | b'|' | b'=', ..] => (false, &name[1..]),
        _ => (false, name),
    };
    let kind = *plain.as_bytes().first().ok_or_else(unknown)?;
    if !kind.is_ascii_alphabetic() {
        return Err(unknown());
    }
    if kind == b'O' {
        return Err(
            "it holds Python's objects instead of numbers, which may run code and are not read"
                .into(),
        );
    }
    let size: usize = plain[1..].parse().map_err(|_| unknown())?;
    // A text's size is told in characters, of four bytes each.
    let factor = if kind == b'U' { 4 } else { 1 };
    let bytes = size.checked_mul(factor).ok_or_else(unknown)?;
    Ok(Dtype {
        kind,
        bytes,
        big_endian,
    })
}
