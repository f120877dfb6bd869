//! The opcodes: a stack of values, a memo, and marks.

use std::collections::HashMap;

use super::globals::named;
use super::{Global, Id, Kind, MAX_VALUES, Object, Value, numpy};

/// A name longer than this is none of a class.
const MAX_LINE_BYTES: usize = 4096;

pub(super) struct Machine<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) kind: Kind,
    pub(super) position: usize,
    pub(super) values: Vec<Value>,
    pub(super) stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// Items copied out of other values so far: what could grow faster than the pickle is long.
    pub(super) copied: usize,
}

impl<'a> Machine<'a> {
    pub fn new(bytes: &'a [u8], kind: Kind) -> Self {
        Self {
            bytes,
            kind,
            position: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            copied: 0,
        }
    }

    /// Every value, and where the next pickle begins.
    pub fn finish(self) -> (Vec<Value>, usize) {
        (self.values, self.position)
    }
}

impl Machine<'_> {
    /// Carries out one opcode; the result when it was the last.
    pub fn step(&mut self) -> Result<Option<Id>, String> {
        let opcode = self.byte()?;
        match opcode {
            0x80 => {
                let version = self.byte()?;
                if version > 5 {
                    return Err(format!("pickle protocol {version} is not known"));
                }
            }
            0x95 => drop(self.take(8)?),
            b'.' => {
                let root = self.pop()?;
                return Ok(Some(root));
            }
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                if self.stack.len() > self.floor() {
                    self.pop()?;
                } else {
                    self.pop_to_mark()?;
                }
            }
            b'1' => drop(self.pop_to_mark()?),
            b'2' => {
                let top = self.pop()?;
                self.stack.extend([top, top]);
            }
            b'}' | b']' | b')' | b't' | b'l' | b'd' | 0x85..=0x87 | 0x8f..=0x91 => {
                self.container(opcode)?;
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' | b'M' | b'J' | b'I' | b'L' | b'F' | b'G' | 0x8a | 0x8b => self.number(opcode)?,
            b'X' | b'U' | b'T' | b'B' | b'C' | 0x8c..=0x8e | 0x96 if self.kind == Kind::Arrays => {
                self.length_prefixed(opcode)?;
            }
            b'X' | b'V' | b'S' | b'U' | b'T' | b'B' | b'C' | 0x8c..=0x8e | 0x96 => {
                self.text(opcode)?
            }
            b'q' | b'r' | b'p' | 0x94 => {
                let slot = self.slot(opcode)?;
                let top = *self.stack.last().ok_or("the stack is too short")?;
                self.memo.insert(slot, top);
            }
            b'h' | b'j' | b'g' => {
                let slot = self.slot(opcode)?;
                let known = self.memo.get(&slot);
                let id = *known.ok_or("the memo does not hold what is asked of it")?;
                self.stack.push(id);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let known = self.global(&module, &name)?;
                self.push(known)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Some(module), Some(name)) = (self.text_of(module), self.text_of(name)) else {
                    return Err("a global is not named by text".into());
                };
                let known = self.global(module, name)?;
                self.push(known)?;
            }
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                let class = self.global(&module, &name)?;
                self.pop_to_mark()?;
                self.instance(&class)?;
            }
            b'o' => {
                let items = self.pop_to_mark()?;
                let class = *items.first().ok_or("an object has no class")?;
                let class = self.value(class).clone();
                self.instance(&class)?;
            }
            b'Q' => self.persistent()?,
            b'R' => self.reduce()?,
            0x81 => self.new_object()?,
            0x92 => {
                // Named arguments, which no class here takes.
                self.pop()?;
                self.new_object()?;
            }
            b'b' => self.build()?,
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(&items)?;
            }
            other => {
                let holds = match self.kind {
                    Kind::Weights => "in a weight file",
                    Kind::Arrays => "in a file of arrays",
                };
                return Err(format!(
                    "pickle opcode 0x{other:02x} is not allowed {holds}"
                ));
            }
        }
        Ok(None)
    }

    fn global(&self, module: &str, name: &str) -> Result<Value, String> {
        match self.kind {
            Kind::Weights => named(module, name),
            Kind::Arrays => {
                numpy::global(module, name).map(|known| Value::Global(Global::Numpy(known)))
            }
        }
    }

    fn container(&mut self, opcode: u8) -> Result<(), String> {
        let made = match opcode {
            b'}' => Value::Dict(Vec::new()),
            b']' => Value::List(Vec::new()),
            b')' => Value::Tuple(Vec::new()),
            b't' => Value::Tuple(self.pop_to_mark()?),
            b'l' => Value::List(self.pop_to_mark()?),
            b'd' => Value::Dict(in_pairs(&self.pop_to_mark()?)?),
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let start = self
                    .stack
                    .len()
                    .checked_sub(count)
                    .filter(|start| *start >= self.floor());
                Value::Tuple(self.stack.split_off(start.ok_or("the stack is too short")?))
            }
            0x8f => Object::named("builtins.set"),
            0x91 => {
                self.pop_to_mark()?;
                Object::named("builtins.frozenset")
            }
            // Items for a set, of which nobody asks.
            _ => {
                self.pop_to_mark()?;
                return match self.stack.last().map(|id| self.value(*id)) {
                    Some(Value::Object(_)) => Ok(()),
                    _ => Err("items are added to something that is no set".into()),
                };
            }
        };
        self.push(made)
    }

    fn number(&mut self, opcode: u8) -> Result<(), String> {
        let whole = |text: &str| text.trim().trim_end_matches('L').parse::<i128>().ok();
        let value = match opcode {
            b'K' => Value::Int(self.byte()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(self.array()?).into()),
            b'J' => Value::Int(i32::from_le_bytes(self.array()?).into()),
            b'G' => Value::Float(f64::from_be_bytes(self.array()?)),
            b'I' | b'L' => match self.line()?.as_str() {
                "00" => Value::Bool(false),
                "01" => Value::Bool(true),
                text => whole(text).map_or_else(|| Object::named("builtins.int"), Value::Int),
            },
            b'F' => Value::Float(
                self.line()?
                    .trim()
                    .parse()
                    .map_err(|_| "a number is none")?,
            ),
            0x8a => {
                let length = usize::from(self.byte()?);
                self.long(length)?
            }
            _ => {
                let length = i32::from_le_bytes(self.array()?);
                self.long(usize::try_from(length).map_err(|_| "a whole number is damaged")?)?
            }
        };
        self.push(value)
    }

    /// A whole number of any length: sixteen bytes are more than any size has.
    fn long(&mut self, length: usize) -> Result<Value, String> {
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        Ok(match wide.get_mut(..length) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i128::from_le_bytes(wide))
            }
            None => Object::named("builtins.int"),
        })
    }

    /// Text, and bytes that nobody reads.
    fn text(&mut self, opcode: u8) -> Result<(), String> {
        let is_line = matches!(opcode, b'V' | b'S');
        let length = match opcode {
            b'V' | b'S' => self.line_length(usize::MAX)?,
            b'U' | b'C' | 0x8c => usize::from(self.byte()?),
            b'X' | b'B' | b'T' => u32::from_le_bytes(self.array()?) as usize,
            _ => usize::try_from(u64::from_le_bytes(self.array()?))
                .map_err(|_| "the pickle is cut off")?,
        };
        let is_bytes = matches!(opcode, b'B' | b'C' | 0x8e | 0x96);
        let bytes = self.take(length)?;
        let value = match std::str::from_utf8(bytes) {
            Ok(text) if !is_bytes => {
                // Written by Python's `repr`, in quotes.
                let quotes = ['\'', '"'];
                let text = if opcode == b'S' {
                    text.trim().trim_matches(quotes)
                } else {
                    text
                };
                Value::Text(text.to_owned())
            }
            // Python writes lone surrogates, and version 2 bytes of any encoding: no tensor is called so.
            _ => Object::named("builtins.bytes"),
        };
        if is_line {
            self.take(1)?;
        }
        self.push(value)
    }

    /// Which index of the memo is meant.
    fn slot(&mut self, opcode: u8) -> Result<u32, String> {
        Ok(match opcode {
            b'q' | b'h' => self.byte()?.into(),
            b'r' | b'j' => u32::from_le_bytes(self.array()?),
            b'p' | b'g' => self
                .line()?
                .trim()
                .parse()
                .map_err(|_| "a place of the memo is no number")?,
            _ => u32::try_from(self.memo.len()).map_err(|_| "the memo is too large")?,
        })
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), String> {
        let items = in_pairs(items)?;
        let target = *self.stack.last().ok_or("the stack is too short")?;
        match self.values.get_mut(target) {
            Some(Value::Dict(pairs) | Value::Object(Object { items: pairs, .. })) => {
                pairs.extend(items);
                Ok(())
            }
            _ => Err("items are set on something that is no dictionary".into()),
        }
    }

    fn append(&mut self, items: &[Id]) -> Result<(), String> {
        let target = *self.stack.last().ok_or("the stack is too short")?;
        match self.values.get_mut(target) {
            Some(Value::List(list)) => {
                list.extend_from_slice(items);
                Ok(())
            }
            Some(Value::Object(_)) => Ok(()),
            _ => Err("items are appended to something that is no list".into()),
        }
    }

    pub(super) fn value(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::None)
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), String> {
        if self.values.len() >= MAX_VALUES {
            return Err("the pickle makes too many values".into());
        }
        self.values.push(value);
        self.stack.push(self.values.len() - 1);
        Ok(())
    }

    /// Values below the last mark are out of reach.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Result<Id, String> {
        if self.stack.len() <= self.floor() {
            return Err("the stack is too short".into());
        }
        self.stack
            .pop()
            .ok_or_else(|| "the stack is too short".into())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or("a mark is missing")?;
        if mark > self.stack.len() {
            return Err("a mark is missing".into());
        }
        Ok(self.stack.split_off(mark))
    }

    fn line(&mut self) -> Result<String, String> {
        let length = self.line_length(MAX_LINE_BYTES)?;
        let line = std::str::from_utf8(self.take(length)?)
            .map_err(|_| "a name is not UTF-8")?
            .to_string();
        self.take(1)?;
        Ok(line)
    }

    /// Up to the next line's end.
    fn line_length(&self, most: usize) -> Result<usize, String> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        rest.iter()
            .take(most)
            .position(|byte| *byte == b'\n')
            .ok_or_else(|| "a name does not end".into())
    }

    pub(super) fn byte(&mut self) -> Result<u8, String> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?
            .try_into()
            .map_err(|_| "the pickle is cut off".into())
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&[u8], String> {
        let end = self.position.checked_add(length);
        let (bytes, position) = (self.bytes, self.position);
        let taken = end.and_then(|end| bytes.get(position..end));
        let taken = taken.ok_or("the pickle is cut off")?;
        self.position += length;
        Ok(taken)
    }
}

fn in_pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, String> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("a key has no value".into());
    }
    Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
}
