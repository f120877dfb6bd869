//! Labels in an array: whole numbers, texts, or one column per class.

use super::npy::Header;

/// One label for every picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Labels {
    Numbers(Vec<i64>),
    Texts(Vec<String>),
}

impl Labels {
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(all) => all.len(),
            Self::Texts(all) => all.len(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub labels: Labels,
    /// The array has one column per class.
    pub is_one_hot: bool,
}

/// The label of every picture in an array of `(count,)`, `(count, 1)` or `(count, classes)`; `data` are its bytes, as
/// many as the header says.
///
/// # Errors
/// What the labels are instead.
pub(super) fn labels(header: &Header, data: &[u8]) -> Result<Read, String> {
    let columns = match *header.shape.as_slice() {
        [_] | [_, 1] => 1,
        [_, columns] => columns,
        _ => {
            return Err(format!(
                "has the shape {}: labels have one side, or a second one of 1",
                header.shape_text()
            ));
        }
    };
    if columns == 1 && matches!(header.dtype.kind, b'U' | b'S') {
        return Ok(Read {
            labels: Labels::Texts(texts(header, data)?),
            is_one_hot: false,
        });
    }
    let numbers = numbers(header, data)?;
    if columns == 1 {
        return Ok(Read {
            labels: Labels::Numbers(numbers),
            is_one_hot: false,
        });
    }
    let columns = usize::try_from(columns).map_err(|_| "has too many columns")?;
    let rows = numbers.len().checked_div(columns).unwrap_or(0);
    let at = |row: usize, column: usize| {
        let index = if header.by_columns {
            column * rows + row
        } else {
            row * columns + column
        };
        numbers.get(index).copied().unwrap_or_default()
    };
    let one_hot = (0..rows)
        .map(|row| {
            let mut found = (0..columns).filter(|&column| at(row, column) != 0);
            let column = found.next().filter(|&column| at(row, column) == 1)?;
            found.next().is_none().then_some(column as i64)
        })
        .collect::<Option<Vec<i64>>>();
    match one_hot {
        Some(labels) => Ok(Read {
            labels: Labels::Numbers(labels),
            is_one_hot: true,
        }),
        None => Err(format!(
            "has the shape {}, several labels for a picture, which is multi-label: Graft gives every picture one class; \
             keep one column",
            header.shape_text()
        )),
    }
}

fn numbers(header: &Header, data: &[u8]) -> Result<Vec<i64>, String> {
    let dtype = header.dtype;
    let refuse = || {
        format!(
            "is of {}, but labels are whole numbers or texts: write it as whole numbers",
            header.dtype_name()
        )
    };
    if dtype.bytes == 0 {
        return Err(refuse());
    }
    data.chunks_exact(dtype.bytes)
        .map(|bytes| match dtype.kind {
            // One-hot columns, and labels that went through a table, are often of such.
            b'f' => whole(bytes, dtype.big_endian).ok_or_else(refuse),
            _ => {
                let number = dtype.integer(bytes).ok_or_else(refuse)?;
                i64::try_from(number).map_err(|_| format!("holds the label {number}"))
            }
        })
        .collect()
}

/// The whole number that a floating-point number of 4 or 8 bytes is.
fn whole(bytes: &[u8], big_endian: bool) -> Option<i64> {
    let mut little = bytes.to_vec();
    if big_endian {
        little.reverse();
    }
    let number = match little.len() {
        4 => f64::from(f32::from_le_bytes(little.try_into().ok()?)),
        8 => f64::from_le_bytes(little.try_into().ok()?),
        _ => return None,
    };
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

/// An array of texts: NumPy's `U` of four bytes a character, or `S` of one, both filled up with zeros.
pub(super) fn texts(header: &Header, data: &[u8]) -> Result<Vec<String>, String> {
    let dtype = header.dtype;
    if dtype.bytes == 0 {
        return Err("holds empty texts".into());
    }
    data.chunks_exact(dtype.bytes)
        .map(|text| match dtype.kind {
            b'S' => {
                let end = text
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |at| at + 1);
                std::str::from_utf8(&text[..end])
                    .map(str::to_owned)
                    .map_err(|_| "holds a text that is not UTF-8".to_owned())
            }
            b'U' => {
                let characters: Vec<u32> = text
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|&four| {
                        if dtype.big_endian {
                            u32::from_be_bytes(four)
                        } else {
                            u32::from_le_bytes(four)
                        }
                    })
                    .collect();
                let end = characters
                    .iter()
                    .rposition(|character| *character != 0)
                    .map_or(0, |at| at + 1);
                characters[..end]
                    .iter()
                    .map(|&character| char::from_u32(character))
                    .collect::<Option<String>>()
                    .ok_or_else(|| "holds a text with characters that do not exist".to_owned())
            }
            _ => Err("holds no texts".into()),
        })
        .collect()
}
