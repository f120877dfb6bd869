//! Which of libtorch's operations a forward pass calls, with what: a network as a list, whatever it computes.
//!
//! Libtorch tells observers of every operation that it runs (`at::RecordFunction`). Only those that the network calls itself
//! are written down, not those that they are made of.

use std::ffi::{CStr, c_char, c_void};

use serde::Deserialize;
use tch::{TchError, Tensor};

use super::{Reason, attempt, bindings, made, pointer};

bindings! {
    fn graft_recording_begin(input: *const c_void, error: Reason) -> *mut c_void = std::ptr::null_mut();
    fn graft_recording_end(
        recording: *mut c_void,
        output: *const c_void,
        error: Reason
    ) -> *const c_char = std::ptr::null();
    fn graft_recording_constant(
        recording: *const c_void,
        index: usize,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
    fn graft_recording_free(recording: *mut c_void) -> () = ();
}

/// A pass, from its input to its output.
#[derive(Debug)]
pub struct Recording {
    /// In the order in which they ran. What is made of constants alone is among them.
    pub operations: Vec<Operation>,
    /// Everything that is read or made.
    pub values: Vec<Value>,
    /// Index of the input into `values`.
    pub input: usize,
    pub output: usize,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Operation {
    /// `aten::conv2d`.
    pub name: String,
    /// `Tensor` of `aten::add.Tensor`; often empty.
    pub overload: String,
    /// All of its schema, defaults among them.
    pub arguments: Vec<Argument>,
    /// Indices into [`Recording::values`]. One that was there before is an argument that was given back as it is.
    pub outputs: Vec<Option<usize>>,
}

/// An argument; tensors as indices into [`Recording::values`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Argument {
    None(()),
    Tensor(usize),
    Tensors(Vec<Option<usize>>),
    Bool(bool),
    /// Numbers of kinds and of orders in memory are such too.
    Int(i64),
    Float(Number),
    Ints(Vec<i64>),
    Floats(Vec<Number>),
    Text(String),
    /// Of this kind, which is not written down.
    Other(String),
}

/// A number as JSON can hold it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Number {
    Finite(f64),
    /// `inf`, `-inf`, `nan`.
    Word(String),
}

impl Number {
    pub fn value(&self) -> f64 {
        match self {
            Self::Finite(value) => *value,
            Self::Word(word) => word.parse().unwrap_or(f64::NAN),
        }
    }
}

/// What a tensor held. One that is changed in place is another value afterwards.
#[derive(Debug)]
pub struct Value {
    pub shape: Vec<i64>,
    /// libtorch's word: `Float`, `Long`.
    pub kind: String,
    /// What does not depend on the pass's input: a weight, or made of weights alone.
    pub constant: Option<Tensor>,
}

#[derive(Deserialize)]
struct Text {
    input: usize,
    output: usize,
    operations: Vec<Operation>,
    values: Vec<Shape>,
}

#[derive(Deserialize)]
struct Shape {
    shape: Vec<i64>,
    kind: String,
    depends: bool,
}

/// Of the C++ file; ends and frees the recording.
struct Handle(*mut c_void);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by graft_recording_begin on this thread (a pointer is not `Send`), and freed once.
        unsafe { graft_recording_free(self.0) }
    }
}

/// Runs `forward` on `input` and writes down what it calls on this thread.
///
/// # Errors
/// Those of `forward`; libtorch's own; and where values are changed behind a recording's back, such as a constant that is
/// written to after it was used.
pub fn record<E: From<TchError>>(
    input: &Tensor,
    forward: impl FnOnce(&Tensor) -> Result<Tensor, E>,
) -> Result<Recording, E> {
    let handle = attempt(|reason| {
        // SAFETY: the tensor outlives the call; the reason is written within its bounds.
        let handle = unsafe { graft_recording_begin(pointer(Some(input)), reason) };
        (!handle.is_null()).then(|| Handle(handle))
    })?;
    let output = forward(input)?;
    let text = attempt(|reason| {
        // SAFETY: as above; the text lives as long as the handle, and is copied.
        let text = unsafe { graft_recording_end(handle.0, pointer(Some(&output)), reason) };
        (!text.is_null()).then(|| {
            // SAFETY: not null, and ended by a zero byte.
            unsafe { CStr::from_ptr(text) }
                .to_string_lossy()
                .into_owned()
        })
    })?;
    let text: Text = serde_json::from_str(&text)
        .map_err(|error| TchError::Torch(format!("a recording that can't be read ({error})")))?;
    let values = text.values.into_iter().enumerate();
    let values = values
        .map(|(index, value)| {
            let constant = match value.depends {
                true => None,
                false => Some(constant(&handle, index)?),
            };
            Ok(Value {
                shape: value.shape,
                kind: value.kind,
                constant,
            })
        })
        .collect::<Result<Vec<Value>, TchError>>()?;
    Ok(Recording {
        operations: text.operations,
        values,
        input: text.input,
        output: text.output,
    })
}

fn constant(handle: &Handle, index: usize) -> Result<Tensor, TchError> {
    attempt(|reason| {
        // SAFETY: the handle is alive; the index is checked on the other side.
        made(unsafe { graft_recording_constant(handle.0, index, reason) })
    })
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::libtorch::numbers::WithNumber;

    fn names(recording: &Recording) -> Vec<&str> {
        let operations = recording.operations.iter();
        operations
            .map(|operation| operation.name.as_str())
            .collect()
    }

    fn ones(shape: &[i64]) -> Tensor {
        Tensor::ones(shape, (Kind::Float, Device::Cpu))
    }

    #[test]
    fn a_pass_is_what_it_calls_and_not_what_that_is_made_of() {
        let (weight, bias) = (ones(&[4, 3, 3, 3]), ones(&[4]));
        let recording = record(&ones(&[2, 3, 8, 8]), |x| -> Result<Tensor, TchError> {
            let mut y = x.f_conv2d(&weight, Some(&bias), [2, 2], [1, 1], [1, 1], 1)?;
            y.f_relu_()?.f_mean_dim([2i64, 3].as_slice(), false, None)
        });
        let recording = recording.unwrap();
        assert_eq!(
            names(&recording),
            ["aten::conv2d", "aten::relu_", "aten::mean"]
        );
        let [conv, relu, mean] = recording.operations.as_slice() else {
            panic!("three operations");
        };
        assert_eq!(conv.arguments[0], Argument::Tensor(recording.input));
        assert_eq!(conv.arguments[3], Argument::Ints(vec![2, 2]));
        assert_eq!(conv.arguments[6], Argument::Int(1));
        let Argument::Tensor(found) = conv.arguments[1] else {
            panic!("a weight");
        };
        let constant = recording.values[found].constant.as_ref().unwrap();
        assert_eq!(constant.data_ptr(), weight.data_ptr());
        // What is changed in place is another value afterwards, and the next operation reads that.
        assert_ne!(relu.outputs, conv.outputs);
        assert_eq!(
            mean.arguments[0],
            Argument::Tensor(relu.outputs[0].unwrap())
        );
        assert_eq!(
            (mean.overload.as_str(), &mean.arguments[3]),
            ("dim", &Argument::None(()))
        );
        assert_eq!(mean.outputs, [Some(recording.output)]);
        assert_eq!(recording.values[recording.output].shape, [2, 4]);
        assert!(recording.values[recording.output].constant.is_none());
    }

    #[test]
    fn what_is_made_of_constants_is_one_and_what_gives_its_argument_back_makes_nothing() {
        let weight = ones(&[3, 2]);
        let recording = record(&ones(&[5, 3]), |x| -> Result<Tensor, TchError> {
            let turned = weight.f_transpose(0, 1)?.f_mul_number(2.0)?;
            x.f_contiguous()?.f_linear(&turned, None::<&Tensor>)
        });
        let recording = recording.unwrap();
        let linear = recording.operations.last().unwrap();
        assert_eq!(linear.arguments[0], Argument::Tensor(recording.input));
        let Argument::Tensor(weight) = linear.arguments[1] else {
            panic!("a weight");
        };
        let made = recording.values[weight].constant.as_ref().unwrap();
        assert!(made.equal(&ones(&[2, 3]).g_mul_scalar(2.0)));
    }

    #[test]
    fn what_changes_behind_its_back_is_an_error() {
        let weight = ones(&[3]);
        let changed = record(&ones(&[3]), |x| -> Result<Tensor, TchError> {
            let y = x.f_add(&weight)?;
            let _ = weight.shallow_clone().f_add_number_(1_i64)?;
            Ok(y)
        });
        let error = changed.unwrap_err().to_string();
        assert!(error.contains("a constant was changed"), "{error}");
        // A pass that fails is over, and the next one is recorded.
        let failed = record(&ones(&[3]), |_| Err(TchError::Torch("no".into())));
        assert!(failed.unwrap_err().to_string().contains("no"));
        let next = record(&ones(&[3]), |x| x.f_neg()).unwrap();
        assert_eq!(names(&next), ["aten::neg"]);
        let none = record(&ones(&[3]), |x| -> Result<Tensor, TchError> {
            record(x, |x| x.f_neg()).map(|_| x.shallow_clone())
        });
        assert!(none.unwrap_err().to_string().contains("recorded already"));
    }
}
