//! A strict reader of the pickles that `torch.save` writes. Nothing is ever executed: a few
//! opcodes build plain values in an arena, a few globals are known by name, all else is refused.
//!
//! Every opcode makes at most one value, values refer to each other by index, and nothing here
//! recurses: memory is bounded by the length of the pickle whatever it says, and depth costs nothing.

use std::collections::HashMap;

/// A pickle longer than this describes no state_dict.
pub(super) const MAX_PICKLE_BYTES: u64 = 64 << 20;
/// Values that one pickle may make, at fewer than a hundred bytes each: a tensor of a state_dict takes
/// some twenty.
const MAX_VALUES: usize = 1 << 20;
/// libtorch's own shapes have fewer.
const MAX_DIMENSIONS: usize = 16;
/// The name of a storage is a small number.
const MAX_KEY_BYTES: usize = 64;

/// Index into [`Pickle`]'s arena.
pub(super) type Id = usize;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Storage),
    Tensor(TensorView),
}

/// What a pickle may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    Size,
    /// What `argparse` made of a training script's options. Checkpoints carry it, nothing reads it.
    Namespace,
    RebuildTensor,
    RebuildParameter,
    Storage(ElementType),
}

/// How numbers stand in a storage, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum ElementType {
    Float,
    Double,
    Half,
    BFloat16,
    Long,
    Int,
    Short,
    Char,
    Byte,
    Bool,
}

impl ElementType {
    pub fn bytes(self) -> usize {
        match self {
            Self::Double | Self::Long => 8,
            Self::Float | Self::Int => 4,
            Self::Half | Self::BFloat16 | Self::Short => 2,
            Self::Char | Self::Byte | Self::Bool => 1,
        }
    }
}

/// A block of numbers elsewhere in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub element: ElementType,
    pub key: String,
    /// In elements.
    pub length: u64,
}

/// Part of a storage seen as a tensor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorView {
    pub storage: Storage,
    pub offset: u64,
    pub shape: Vec<u64>,
    pub strides: Vec<u64>,
}

/// One finished pickle.
#[derive(Debug)]
pub(super) struct Pickle {
    pub values: Vec<Value>,
    pub root: Id,
    /// Where the next pickle begins.
    pub end: usize,
}

impl Pickle {
    /// The value at `id`, which this pickle made.
    pub fn value(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::None)
    }

    pub fn root(&self) -> &Value {
        self.value(self.root)
    }
}

/// Reads the pickle that `bytes` begin with. The error says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, String> {
    let mut machine = Machine {
        bytes,
        position: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        copied: 0,
    };
    loop {
        if let Some(root) = machine.step()? {
            return Ok(Pickle {
                values: machine.values,
                root,
                end: machine.position,
            });
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// Items copied out of other values so far: what could grow faster than the pickle is long.
    copied: usize,
}

impl Machine<'_> {
    /// Carries out one opcode; the result when it was the last.
    fn step(&mut self) -> Result<Option<Id>, String> {
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
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b']' => self.push(Value::List(Vec::new()))?,
            b')' => self.push(Value::Tuple(Vec::new()))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items))?;
            }
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let start = self
                    .stack
                    .len()
                    .checked_sub(count)
                    .filter(|start| *start >= self.floor());
                let items = self.stack.split_off(start.ok_or("the stack is too short")?);
                self.push(Value::Tuple(items))?;
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' => {
                let value = self.byte()?;
                self.push(Value::Int(value.into()))?;
            }
            b'M' => {
                let value = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()))?;
            }
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()))?;
            }
            0x8a => {
                let value = self.long()?;
                self.push(Value::Int(value))?;
            }
            b'G' => {
                let value = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(value))?;
            }
            b'X' => {
                let length = u32::from_le_bytes(self.array()?) as usize;
                self.text(length)?;
            }
            0x8d => {
                let length = u64::from_le_bytes(self.array()?);
                self.text(usize::try_from(length).map_err(|_| "the pickle is cut off")?)?;
            }
            0x8c | b'U' => {
                let length = usize::from(self.byte()?);
                self.text(length)?;
            }
            b'q' => {
                let slot = self.byte()?;
                self.remember(slot.into())?;
            }
            b'r' => {
                let slot = u32::from_le_bytes(self.array()?);
                self.remember(slot)?;
            }
            0x94 => {
                self.remember(u32::try_from(self.memo.len()).map_err(|_| "the memo is too large")?)?
            }
            b'h' => {
                let slot = self.byte()?;
                self.recall(slot.into())?;
            }
            b'j' => {
                let slot = u32::from_le_bytes(self.array()?);
                self.recall(slot)?;
            }
            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.push(Value::Global(global(&module, &name)?))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) =
                    (self.value(module), self.value(name))
                else {
                    return Err("a global is not named by text".into());
                };
                let known = global(module, name)?;
                self.push(Value::Global(known))?;
            }
            b'Q' => self.persistent()?,
            b'R' => self.reduce()?,
            0x81 => self.new_object()?,
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
                return Err(format!(
                    "pickle opcode 0x{other:02x} is not allowed in a weight file"
                ));
            }
        }
        Ok(None)
    }

    /// A storage, named by ('storage', type, key, location, length).
    fn persistent(&mut self) -> Result<(), String> {
        let id = self.pop()?;
        let Value::Tuple(items) = self.value(id) else {
            return Err("a persistent identifier is no tuple".into());
        };
        let field = |index: usize| items.get(index).map(|id| self.value(*id));
        let (
            Some(Value::Text(tag)),
            Some(Value::Global(Global::Storage(element))),
            Some(Value::Text(key)),
        ) = (field(0), field(1), field(2))
        else {
            return Err("a persistent identifier names no storage".into());
        };
        let Some(Value::Int(length)) = field(4) else {
            return Err("a storage has no length".into());
        };
        if tag != "storage"
            || key.len() > MAX_KEY_BYTES
            || !matches!(field(5), None | Some(Value::None))
        {
            return Err("a storage is described in a way that is not known".into());
        }
        let length = u64::try_from(*length).map_err(|_| "a storage's length is out of range")?;
        let storage = Storage {
            element: *element,
            key: key.clone(),
            length,
        };
        self.push(Value::Storage(storage))
    }

    /// Calls of the few known functions, worked out as data.
    fn reduce(&mut self) -> Result<(), String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Global(function), Value::Tuple(arguments)) =
            (self.value(function), self.value(arguments))
        else {
            return Err("something that is no known function is called".into());
        };
        let mut copied = 0;
        let made = match (function, arguments.as_slice()) {
            (Global::OrderedDict, []) => Value::Dict(Vec::new()),
            (Global::OrderedDict, [pairs]) => {
                let pairs = self.pairs(*pairs)?;
                copied += pairs.len();
                Value::Dict(pairs)
            }
            (Global::Size, [sizes]) => match self.value(*sizes) {
                Value::Tuple(sizes) | Value::List(sizes) if sizes.len() <= MAX_DIMENSIONS => {
                    Value::Tuple(sizes.clone())
                }
                _ => return Err("torch.Size of something that is no short list".into()),
            },
            (Global::RebuildTensor, [storage, offset, shape, strides, ..]) => {
                let Value::Storage(storage) = self.value(*storage) else {
                    return Err("a tensor is built on something that is no storage".into());
                };
                let offset = self.natural(*offset)?;
                let (shape, strides) = (self.naturals(*shape)?, self.naturals(*strides)?);
                if shape.len() != strides.len() {
                    return Err("a tensor's shape and strides do not match".into());
                }
                Value::Tensor(TensorView {
                    storage: storage.clone(),
                    offset,
                    shape,
                    strides,
                })
            }
            (Global::RebuildParameter, [tensor, ..]) => match self.value(*tensor) {
                Value::Tensor(view) => Value::Tensor(view.clone()),
                _ => return Err("a parameter is built on something that is no tensor".into()),
            },
            (function, arguments) => {
                return Err(format!(
                    "{function:?} is called with {} arguments",
                    arguments.len()
                ));
            }
        };
        self.copied += copied;
        if self.copied > MAX_VALUES {
            return Err("the pickle makes too many values".into());
        }
        self.push(made)
    }

    /// `cls.__new__(cls)` of the two classes that are dictionaries to us.
    fn new_object(&mut self) -> Result<(), String> {
        let (arguments, class) = (self.pop()?, self.pop()?);
        match (self.value(class), self.value(arguments)) {
            (Value::Global(Global::OrderedDict | Global::Namespace), Value::Tuple(arguments))
                if arguments.is_empty() =>
            {
                self.push(Value::Dict(Vec::new()))
            }
            _ => Err("an object of a class that is not known is made".into()),
        }
    }

    /// Python sets attributes; of those a state_dict has only `_metadata`, which says nothing of weights.
    fn build(&mut self) -> Result<(), String> {
        self.pop()?;
        match self.stack.last().map(|id| self.value(*id)) {
            Some(Value::Dict(_)) => Ok(()),
            _ => Err("attributes are set on something that is no dictionary".into()),
        }
    }

    fn pairs(&self, id: Id) -> Result<Vec<(Id, Id)>, String> {
        let (Value::List(items) | Value::Tuple(items)) = self.value(id) else {
            return Err("OrderedDict of something that is no list".into());
        };
        let pair = |id: &Id| match self.value(*id) {
            Value::Tuple(pair) | Value::List(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
            _ => Err("OrderedDict of something that is no list of pairs".to_string()),
        };
        items.iter().map(pair).collect()
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), String> {
        if !items.len().is_multiple_of(2) {
            return Err("a key has no value".into());
        }
        let target = *self.stack.last().ok_or("the stack is too short")?;
        match self.values.get_mut(target) {
            Some(Value::Dict(pairs)) => {
                pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
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
            _ => Err("items are appended to something that is no list".into()),
        }
    }

    fn natural(&self, id: Id) -> Result<u64, String> {
        match self.value(id) {
            Value::Int(value) => u64::try_from(*value).map_err(|_| "a size is out of range".into()),
            _ => Err("a size is no number".into()),
        }
    }

    fn naturals(&self, id: Id) -> Result<Vec<u64>, String> {
        match self.value(id) {
            Value::Tuple(items) | Value::List(items) if items.len() <= MAX_DIMENSIONS => {
                items.iter().map(|id| self.natural(*id)).collect()
            }
            _ => Err("a shape is no short tuple".into()),
        }
    }

    fn value(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::None)
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
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

    fn pop(&mut self) -> Result<Id, String> {
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

    fn remember(&mut self, slot: u32) -> Result<(), String> {
        let top = *self.stack.last().ok_or("the stack is too short")?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, slot: u32) -> Result<(), String> {
        let id = *self
            .memo
            .get(&slot)
            .ok_or("the memo does not hold what is asked of it")?;
        self.stack.push(id);
        Ok(())
    }

    fn text(&mut self, length: usize) -> Result<(), String> {
        let text = std::str::from_utf8(self.take(length)?)
            .map_err(|_| "a text is not UTF-8")?
            .to_string();
        self.push(Value::Text(text))
    }

    fn long(&mut self) -> Result<i128, String> {
        let length = usize::from(self.byte()?);
        let bytes = self.take(length)?;
        if length > 16 {
            return Err("a whole number is too long".into());
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        wide[..length].copy_from_slice(bytes);
        Ok(i128::from_le_bytes(wide))
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.position..];
        let length = rest
            .iter()
            .take(256)
            .position(|byte| *byte == b'\n')
            .ok_or("a name does not end")?;
        let line = std::str::from_utf8(&rest[..length])
            .map_err(|_| "a name is not UTF-8")?
            .to_string();
        self.position += length + 1;
        Ok(line)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?
            .try_into()
            .map_err(|_| "the pickle is cut off".into())
    }

    fn take(&mut self, length: usize) -> Result<&[u8], String> {
        let end = self
            .position
            .checked_add(length)
            .filter(|end| *end <= self.bytes.len());
        let end = end.ok_or("the pickle is cut off")?;
        let taken = &self.bytes[self.position..end];
        self.position = end;
        Ok(taken)
    }
}

fn global(module: &str, name: &str) -> Result<Global, String> {
    let element = match (module, name) {
        ("collections", "OrderedDict") => return Ok(Global::OrderedDict),
        ("argparse", "Namespace") => return Ok(Global::Namespace),
        ("torch", "Size") => return Ok(Global::Size),
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
            return Ok(Global::RebuildTensor);
        }
        ("torch._utils", "_rebuild_parameter") => return Ok(Global::RebuildParameter),
        ("torch", "FloatStorage") => ElementType::Float,
        ("torch", "DoubleStorage") => ElementType::Double,
        ("torch", "HalfStorage") => ElementType::Half,
        ("torch", "BFloat16Storage") => ElementType::BFloat16,
        ("torch", "LongStorage") => ElementType::Long,
        ("torch", "IntStorage") => ElementType::Int,
        ("torch", "ShortStorage") => ElementType::Short,
        ("torch", "CharStorage") => ElementType::Char,
        ("torch", "ByteStorage") => ElementType::Byte,
        ("torch", "BoolStorage") => ElementType::Bool,
        _ => {
            return Err(format!(
                "the file names “{module}.{name}”, which no weight file needs and which may run code; save \
                 the state_dict alone: torch.save(model.state_dict(), …)"
            ));
        }
    };
    Ok(Global::Storage(element))
}
