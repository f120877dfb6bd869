//! A reader of the pickles that `torch.save` writes, and of those that hold NumPy's arrays (`numpy.rs`). Nothing is ever executed: opcodes build plain values in an arena, a
//! few globals are known by name, objects of all other classes are remembered by their class's name and nothing else, and a
//! name that attacks are made of refuses the file.
//!
//! Every opcode makes at most one value, values refer to each other by index, and nothing here
//! recurses: memory is bounded by the length of the pickle whatever it says, and depth costs nothing.

mod calls;
mod globals;
mod machine;
pub(super) mod numpy;

use std::sync::Arc;

use self::machine::Machine;
use self::numpy::{Array, Dtype, Span};

/// A pickle longer than this describes no state_dict.
pub(super) const MAX_PICKLE_BYTES: u64 = 64 << 20;
/// Values that one pickle may make, at fewer than a hundred bytes each: a tensor of a state_dict takes
/// some twenty.
const MAX_VALUES: usize = 1 << 20;
/// libtorch's own shapes have fewer.
pub(super) const MAX_DIMENSIONS: usize = 16;
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
    /// A class or function that is not known, by its whole name: nothing is done with it.
    Class(Arc<str>),
    /// What such a class or function would have made.
    Object(Object),
    Storage(Storage),
    Tensor(TensorView),
    /// Text or bytes where they stand; only in pickles of arrays.
    Span(Span),
    Dtype(Dtype),
    Array(Array),
}

/// Something that is no tensor and no plain value: never made, only remembered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Object {
    /// The whole name of its class, or of the function that would have made it.
    pub class: Arc<str>,
    /// Of a class that is a kind of dictionary.
    pub items: Vec<(Id, Id)>,
    /// Its attributes, where they are a dictionary.
    pub state: Option<Id>,
}

impl Object {
    fn new(class: &Arc<str>) -> Self {
        Self {
            class: Arc::clone(class),
            items: Vec::new(),
            state: None,
        }
    }

    fn named(class: &str) -> Value {
        Value::Object(Self::new(&Arc::from(class)))
    }
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
    /// A tensor of a class of its own: the function that makes it is an argument.
    RebuildFromType,
    /// Makes an object of the class that is its argument.
    Reconstructor,
    Storage(ElementType),
    /// Only in pickles of arrays.
    Numpy(numpy::Function),
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

/// What a pickle is expected to hold, which decides what it may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of weights: whatever is no attack may be named, and is passed over.
    Weights,
    /// Of plain values and NumPy's arrays: nothing else may be named.
    Arrays,
}

/// Reads the pickle that `bytes` begin with. The error says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, String> {
    run(bytes, Kind::Weights)
}

/// Reads a pickle of plain values and NumPy's arrays, such as CIFAR's batches are: texts and bytes stay where they
/// stand. The error says what is wrong with it.
pub(super) fn read_arrays(bytes: &[u8]) -> Result<Pickle, String> {
    run(bytes, Kind::Arrays)
}

fn run(bytes: &[u8], kind: Kind) -> Result<Pickle, String> {
    let mut machine = Machine::new(bytes, kind);
    loop {
        if let Some(root) = machine.step()? {
            let (values, end) = machine.finish();
            return Ok(Pickle { values, root, end });
        }
    }
}
