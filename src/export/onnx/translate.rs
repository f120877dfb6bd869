//! A recorded pass as ONNX's operators.
//!
//! The pass is recorded with two and with three pictures: a number that differs between the two depends on how many there are,
//! and the graph leaves it free.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use super::graph::{Constant, Data, Graph};
use super::operators;
use crate::export::ExportError;
use crate::libtorch::recording::{Argument, Operation, Recording, record};
use crate::training::TrainingError;

/// A side or another number of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Fixed(i64),
    /// This many for each picture.
    Pictures(i64),
}

/// Names of weights by where their numbers stand in memory.
#[derive(Debug, Default)]
pub(super) struct WeightNames(HashMap<usize, (String, Vec<i64>)>);

impl WeightNames {
    /// Of every entry of a state_dict.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, &'a Tensor)>) -> Self {
        let named = |(name, tensor): (&str, &Tensor)| {
            let shape = tensor.size();
            (tensor.data_ptr() as usize, (name.to_owned(), shape))
        };
        Self(entries.into_iter().map(named).collect())
    }

    fn of(&self, tensor: &Tensor) -> Option<&str> {
        let (name, shape) = self.0.get(&(tensor.data_ptr() as usize))?;
        (*shape == tensor.size()).then_some(name.as_str())
    }
}

/// Adds to `graph` what `forward` computes of `[N, 3, side, side]`, which is called `input` there; gives the name of the result.
/// `forward` is run three times, in inference and without gradients, on the processor.
///
/// # Errors
/// Those of `forward`, and naming the operation that ONNX has no words for here.
pub(super) fn network(
    graph: &mut Graph,
    input: &str,
    side: u32,
    names: &WeightNames,
    forward: &dyn Fn(&Tensor) -> Result<Tensor, TrainingError>,
) -> Result<String, ExportError> {
    let side = i64::from(side);
    let recorded = |pictures: i64| -> Result<Recording, TrainingError> {
        let _guard = tch::no_grad_guard();
        let input = Tensor::f_zeros([pictures, 3, side, side], (Kind::Float, Device::Cpu))?;
        record(&input, forward)
    };
    // Once before, because what a network works out for a grid and keeps would be made in the first pass alone.
    drop(recorded(2)?);
    let (two, three) = (recorded(2)?, recorded(3)?);
    Translator::new(graph, input, names, &two, &three)?.run()
}

/// What is said of an operation that can't be written.
pub(super) fn refused(name: &str, why: &str) -> ExportError {
    ExportError::Refused(format!("{name} can't be written as ONNX: {why}"))
}

pub(super) struct Translator<'a> {
    pub graph: &'a mut Graph,
    names: &'a WeightNames,
    two: &'a Recording,
    three: &'a Recording,
    /// What the graph calls each value of the recording, once it is there.
    known: Vec<Option<String>>,
    /// Whether a value depends on the input, or on how many pictures there are.
    free: Vec<bool>,
    /// The input's name.
    pub input: String,
}

impl<'a> Translator<'a> {
    fn new(
        graph: &'a mut Graph,
        input: &str,
        names: &'a WeightNames,
        two: &'a Recording,
        three: &'a Recording,
    ) -> Result<Self, ExportError> {
        let is_same = |(one, other): (&Operation, &Operation)| {
            (&one.name, &one.overload, &one.outputs)
                == (&other.name, &other.overload, &other.outputs)
                && one.arguments.len() == other.arguments.len()
        };
        if two.operations.len() != three.operations.len()
            || two.values.len() != three.values.len()
            || !two.operations.iter().zip(&three.operations).all(is_same)
        {
            return Err(ExportError::Refused(
                "the network computes two pictures otherwise than three, which ONNX has no words for".into(),
            ));
        }
        let mut known = vec![None; two.values.len()];
        known[two.input] = Some(input.to_owned());
        let free = two
            .values
            .iter()
            .map(|value| value.constant.is_none())
            .collect();
        Ok(Self {
            graph,
            names,
            two,
            three,
            known,
            free,
            input: input.to_owned(),
        })
    }

    fn run(mut self) -> Result<String, ExportError> {
        let (two, three) = (self.two, self.three);
        for (operation, other) in two.operations.iter().zip(&three.operations) {
            let reads_free = operation.arguments.iter().any(|argument| match argument {
                Argument::Tensor(index) => self.free[*index],
                Argument::Tensors(all) => all.iter().flatten().any(|&index| self.free[index]),
                _ => false,
            });
            // What is made of constants alone is one.
            if !reads_free && operation.arguments == other.arguments {
                continue;
            }
            let made: Vec<usize> = operation.outputs.iter().copied().flatten().collect();
            for &index in &made {
                self.free[index] = true;
            }
            // What gives its argument back makes nothing.
            if made.iter().all(|&index| self.known[index].is_some()) {
                continue;
            }
            let call = Call { operation, other };
            let [output] = made[..] else {
                return Err(refused(&operation.name, "it gives more than one tensor"));
            };
            let name = operators::write(&mut self, &call, output)?;
            self.known[output] = Some(name);
        }
        let output = two.output;
        if !self.free[output] {
            return Err(refused(
                "the network",
                "its output does not depend on the picture",
            ));
        }
        self.value(output)
    }

    /// The shape of a value.
    pub fn shape(&self, index: usize) -> Result<Vec<Size>, ExportError> {
        sizes(
            &self.two.values[index].shape,
            &self.three.values[index].shape,
        )
    }

    /// libtorch's word for the kind of its numbers.
    pub fn kind(&self, index: usize) -> &str {
        &self.two.values[index].kind
    }

    pub fn rank(&self, index: usize) -> usize {
        self.two.values[index].shape.len()
    }

    /// Sides that stand fast, from `from` on.
    pub fn fixed_sides(&self, index: usize, from: usize) -> Result<Vec<i64>, ExportError> {
        let sides = self.shape(index)?;
        sides[from.min(sides.len())..]
            .iter()
            .map(|side| match side {
                Size::Fixed(side) => Ok(*side),
                Size::Pictures(_) => Err(refused(
                    "a layer",
                    "the size of its grid depends on how many pictures there are",
                )),
            })
            .collect()
    }

    /// What the graph calls a value; a constant is written into it when it is asked for.
    pub fn value(&mut self, index: usize) -> Result<String, ExportError> {
        if let Some(name) = &self.known[index] {
            return Ok(name.clone());
        }
        let tensor = self.constant_tensor(index)?;
        let wanted = self.names.of(tensor).unwrap_or("constant").to_owned();
        let constant = constant(tensor)?;
        let name = self.graph.constant(&wanted, constant);
        self.known[index] = Some(name.clone());
        Ok(name)
    }

    /// Whether it is the same whatever the picture.
    pub fn is_constant(&self, index: usize) -> bool {
        !self.free[index]
    }

    /// A constant with its last two axes swapped, `[inputs, outputs]` of a weight `[outputs, inputs]`.
    pub fn transposed(&mut self, index: usize) -> Result<String, ExportError> {
        let tensor = self.constant_tensor(index)?;
        let name = self.names.of(tensor).unwrap_or("constant");
        let wanted = format!("{name}.transposed");
        let turned = tensor.f_transpose(-2, -1).map_err(TrainingError::from)?;
        let constant = constant(&turned)?;
        Ok(self.graph.constant(&wanted, constant))
    }

    fn constant_tensor(&self, index: usize) -> Result<&'a Tensor, ExportError> {
        let value = &self.two.values[index];
        match (&value.constant, self.free[index]) {
            (Some(tensor), false) => Ok(tensor),
            _ => Err(refused(
                "a value",
                "it was made by an operation that was not seen",
            )),
        }
    }
}

/// The numbers of a tensor.
fn constant(tensor: &Tensor) -> Result<Constant, ExportError> {
    let read = || -> Result<Option<Data>, TrainingError> {
        let _guard = tch::no_grad_guard();
        let flat = tensor.f_detach()?.f_contiguous()?.f_reshape([-1i64])?;
        Ok(match tensor.kind() {
            Kind::Float => Some(Data::Float(Vec::try_from(&flat)?)),
            Kind::Int64 => Some(Data::Int64(Vec::try_from(&flat)?)),
            _ => None,
        })
    };
    match read()? {
        Some(data) => Ok(Constant::new(&tensor.size(), data)),
        None => Err(refused(
            "a constant",
            &format!("its numbers are of the kind {:?}", tensor.kind()),
        )),
    }
}

/// Numbers of two and of three pictures as one.
fn sizes(two: &[i64], three: &[i64]) -> Result<Vec<Size>, ExportError> {
    let one = |(&two, &three): (&i64, &i64)| match two {
        _ if two == three => Ok(Size::Fixed(two)),
        _ if two % 2 == 0 && three == two / 2 * 3 => Ok(Size::Pictures(two / 2)),
        _ => Err(ExportError::Refused(format!(
            "a number of the network is {two} for two pictures and {three} for three, which ONNX has no words for"
        ))),
    };
    if two.len() != three.len() {
        return Err(ExportError::Refused(
            "a tensor has more axes for some pictures than for others".into(),
        ));
    }
    two.iter().zip(three).map(one).collect()
}

/// One operation with its arguments, by their place in its schema.
pub(super) struct Call<'a> {
    pub operation: &'a Operation,
    /// The same with three pictures.
    other: &'a Operation,
}

impl Call<'_> {
    pub fn refused(&self, why: &str) -> ExportError {
        refused(&self.operation.name, why)
    }

    fn argument(&self, at: usize) -> Result<&Argument, ExportError> {
        let (own, other) = (&self.operation.arguments, &self.other.arguments);
        match own.get(at) {
            Some(argument) if other.get(at) == Some(argument) => Ok(argument),
            Some(_) => Err(self.refused("a setting of it depends on how many pictures there are")),
            None => Err(self.refused("it has fewer arguments than expected")),
        }
    }

    fn unexpected(&self, at: usize) -> ExportError {
        self.refused(&format!("its argument {at} is not of the expected kind"))
    }

    pub fn tensor(&self, at: usize) -> Result<usize, ExportError> {
        match self.argument(at)? {
            Argument::Tensor(index) => Ok(*index),
            _ => Err(self.unexpected(at)),
        }
    }

    pub fn tensor_or_none(&self, at: usize) -> Result<Option<usize>, ExportError> {
        match self.argument(at)? {
            Argument::Tensor(index) => Ok(Some(*index)),
            Argument::None(()) => Ok(None),
            _ => Err(self.unexpected(at)),
        }
    }

    pub fn tensors(&self, at: usize) -> Result<Vec<usize>, ExportError> {
        match self.argument(at)? {
            Argument::Tensors(all) => Ok(all.iter().copied().flatten().collect()),
            _ => Err(self.unexpected(at)),
        }
    }

    pub fn is_none(&self, at: usize) -> Result<bool, ExportError> {
        Ok(matches!(self.argument(at)?, Argument::None(())))
    }

    pub fn is_true(&self, at: usize) -> Result<bool, ExportError> {
        match self.argument(at)? {
            Argument::Bool(value) => Ok(*value),
            _ => Err(self.unexpected(at)),
        }
    }

    pub fn int(&self, at: usize) -> Result<i64, ExportError> {
        match self.argument(at)? {
            Argument::Int(value) => Ok(*value),
            _ => Err(self.unexpected(at)),
        }
    }

    /// An axis, counted from the first.
    pub fn axis(&self, at: usize, rank: usize) -> Result<i64, ExportError> {
        Ok(from_first(self.int(at)?, rank))
    }

    pub fn float(&self, at: usize) -> Result<f64, ExportError> {
        match self.argument(at)? {
            Argument::Float(value) => Ok(value.value()),
            Argument::Int(value) => Ok(*value as f64),
            _ => Err(self.unexpected(at)),
        }
    }

    pub fn ints(&self, at: usize) -> Result<Vec<i64>, ExportError> {
        match self.argument(at)? {
            Argument::Ints(values) => Ok(values.clone()),
            _ => Err(self.unexpected(at)),
        }
    }

    /// Height and width; one number means both.
    pub fn pair(&self, at: usize) -> Result<[i64; 2], ExportError> {
        match self.ints(at)?[..] {
            [both] => Ok([both, both]),
            [height, width] => Ok([height, width]),
            _ => Err(self.unexpected(at)),
        }
    }

    pub fn text(&self, at: usize) -> Result<&str, ExportError> {
        match self.argument(at)? {
            Argument::Text(text) => Ok(text),
            _ => Err(self.unexpected(at)),
        }
    }
}

/// An axis that may be counted from the last.
pub(super) fn from_first(axis: i64, rank: usize) -> i64 {
    if axis < 0 { axis + rank as i64 } else { axis }
}
