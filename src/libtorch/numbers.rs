//! Operations of a tensor and a number.
//!
//! tch's own (`f_add_scalar` and all others that take a `Scalar`) free their number before they look at what libtorch
//! said, and panic where the operation has failed: memory that runs out would end a run instead of making its pieces
//! smaller. `tests/tidy.rs` holds that nothing else uses those.

use std::ffi::c_void;

use tch::{Device, Kind, Scalar, TchError, Tensor};

use super::{IS_THERE, Reason, attempt, bindings, made, pointer};

/// A number that keeps its kind: a whole one leaves a tensor of whole numbers what it is. `GraftNumber` in numbers.cpp.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Number {
    is_whole: bool,
    whole: i64,
    real: f64,
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self {
            is_whole: true,
            whole,
            real: 0.0,
        }
    }
}

impl From<f64> for Number {
    fn from(real: f64) -> Self {
        Self {
            is_whole: false,
            whole: 0,
            real,
        }
    }
}

/// `GraftWithNumber` in numbers.cpp, in the same order.
#[repr(i32)]
#[derive(Debug, Clone, Copy)]
enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    Greater,
    AddTo,
    MulTo,
    DivTo,
    Fill,
    Arange,
}

bindings! {
    fn graft_with_number(
        operation: i32,
        tensor: *const c_void,
        number: Number,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
    fn graft_clamp(
        tensor: *const c_void,
        low: f64,
        high: f64,
        is_in_place: bool,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
    fn graft_lerp(
        tensor: *const c_void,
        other: *const c_void,
        weight: f64,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
}

fn with_number(
    operation: Operation,
    tensor: &Tensor,
    number: impl Into<Number>,
) -> Result<Tensor, TchError> {
    let number = number.into();
    if !IS_THERE {
        return without_bindings(operation, &mut tensor.shallow_clone(), number);
    }
    attempt(|reason| {
        // SAFETY: the tensor outlives the call, and the number is plain data.
        made(unsafe { graft_with_number(operation as i32, pointer(Some(tensor)), number, reason) })
    })
}

/// The same by tch, which panics where the operation fails.
fn without_bindings(
    operation: Operation,
    tensor: &mut Tensor,
    number: Number,
) -> Result<Tensor, TchError> {
    let scalar = if number.is_whole {
        Scalar::int(number.whole)
    } else {
        Scalar::float(number.real)
    };
    match operation {
        Operation::Add => tensor.f_add_scalar(scalar),
        Operation::Sub => tensor.f_sub_scalar(scalar),
        Operation::Mul => tensor.f_mul_scalar(scalar),
        Operation::Div => tensor.f_div_scalar(scalar),
        Operation::Greater => tensor.f_gt(scalar),
        Operation::AddTo => tensor.f_add_scalar_(scalar),
        Operation::MulTo => tensor.f_mul_scalar_(scalar),
        Operation::DivTo => tensor.f_div_scalar_(scalar),
        Operation::Fill => tensor.f_fill_(scalar),
        Operation::Arange => Tensor::f_arange(scalar, (tensor.kind(), tensor.device())),
    }
}

/// Operations of a tensor and a number, in libtorch's arithmetic; those whose names end with `_` change the tensor.
/// Gradients flow through them.
///
/// # Errors
/// What libtorch says, for instance that there is no memory.
pub trait WithNumber {
    fn f_add_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    fn f_sub_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    fn f_mul_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    fn f_div_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    /// Where the tensor is greater.
    fn f_gt_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    /// Held between `low` and `high`.
    fn f_clamp_numbers(&self, low: f64, high: f64) -> Result<Tensor, TchError>;
    fn f_add_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    fn f_mul_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    fn f_div_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    fn f_fill_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError>;
    fn f_clamp_numbers_(&mut self, low: f64, high: f64) -> Result<Tensor, TchError>;
    /// Moves by `weight` of the way to `other`.
    fn f_lerp_number_(&mut self, other: &Tensor, weight: f64) -> Result<Tensor, TchError>;
}

impl WithNumber for Tensor {
    fn f_add_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::Add, self, number)
    }

    fn f_sub_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::Sub, self, number)
    }

    fn f_mul_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::Mul, self, number)
    }

    fn f_div_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::Div, self, number)
    }

    fn f_gt_number(&self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::Greater, self, number)
    }

    fn f_clamp_numbers(&self, low: f64, high: f64) -> Result<Tensor, TchError> {
        clamp(self, low, high, false)
    }

    fn f_add_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::AddTo, self, number)
    }

    fn f_mul_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::MulTo, self, number)
    }

    fn f_div_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::DivTo, self, number)
    }

    fn f_fill_number_(&mut self, number: impl Into<Number>) -> Result<Tensor, TchError> {
        with_number(Operation::Fill, self, number)
    }

    fn f_clamp_numbers_(&mut self, low: f64, high: f64) -> Result<Tensor, TchError> {
        clamp(self, low, high, true)
    }

    fn f_lerp_number_(&mut self, other: &Tensor, weight: f64) -> Result<Tensor, TchError> {
        if !IS_THERE {
            return self.f_lerp_(other, weight);
        }
        attempt(|reason| {
            // SAFETY: both tensors outlive the call.
            made(unsafe { graft_lerp(pointer(Some(self)), pointer(Some(other)), weight, reason) })
        })
    }
}

fn clamp(tensor: &Tensor, low: f64, high: f64, is_in_place: bool) -> Result<Tensor, TchError> {
    if !IS_THERE {
        return match is_in_place {
            true => tensor.shallow_clone().f_clamp_(low, high),
            false => tensor.f_clamp(low, high),
        };
    }
    attempt(|reason| {
        // SAFETY: the tensor outlives the call.
        made(unsafe { graft_clamp(pointer(Some(tensor)), low, high, is_in_place, reason) })
    })
}

/// `[size…]`, filled with one number.
///
/// # Errors
/// What libtorch says, for instance that there is no memory.
pub fn full(size: &[i64], number: f64, options: (Kind, Device)) -> Result<Tensor, TchError> {
    Tensor::f_empty(size, options)?.f_fill_number_(number)
}

/// `[end]`: 0, 1, … `end - 1`.
///
/// # Errors
/// What libtorch says, for instance that there is no memory.
pub fn arange(end: i64, options: (Kind, Device)) -> Result<Tensor, TchError> {
    with_number(Operation::Arange, &Tensor::f_empty([end], options)?, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(tensor: &Tensor) -> Vec<f64> {
        Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
    }

    #[test]
    fn numbers_do_what_tch_does_and_keep_the_kind() {
        let x = Tensor::from_slice(&[-1.5_f32, 0.1, 4.0]);
        let n = 0.3;
        for (ours, usual) in [
            (x.f_add_number(n), x.g_add_scalar(n)),
            (x.f_sub_number(n), x.g_sub_scalar(n)),
            (x.f_mul_number(n), x.g_mul_scalar(n)),
            (x.f_div_number(n), x.g_div_scalar(n)),
            (x.f_gt_number(n), x.gt(n)),
            (x.f_clamp_numbers(-1.0, 1.0), x.clamp(-1.0, 1.0)),
            (x.copy().f_add_number_(n), x.g_add_scalar(n)),
            (x.copy().f_mul_number_(n), x.g_mul_scalar(n)),
            (x.copy().f_div_number_(n), x.g_div_scalar(n)),
            (x.copy().f_fill_number_(n), x.full_like(n)),
            (x.copy().f_clamp_numbers_(-1.0, 1.0), x.clamp(-1.0, 1.0)),
            (
                x.copy().f_lerp_number_(&x.square(), n),
                x.lerp(&x.square(), n),
            ),
        ] {
            let ours = ours.unwrap();
            assert_eq!((ours.kind(), values(&ours)), (usual.kind(), values(&usual)));
        }
        let mut counter = Tensor::from(7_i64);
        let same = counter.f_add_number_(1_i64).unwrap();
        assert_eq!((values(&counter), same.kind()), (vec![8.0], Kind::Int64));
        let options = (Kind::Float, Device::Cpu);
        assert_eq!(values(&arange(3, options).unwrap()), [0.0, 1.0, 2.0]);
        assert_eq!(values(&full(&[2], 0.5, options).unwrap()), [0.5, 0.5]);
    }

    #[test]
    fn gradients_flow_through_numbers() {
        let x = Tensor::from_slice(&[1.0_f32, 2.0]).set_requires_grad(true);
        let y = x.f_mul_number(3.0).unwrap().f_add_number(1.0).unwrap();
        y.f_clamp_numbers(0.0, 5.0)
            .unwrap()
            .sum(Kind::Float)
            .backward();
        assert_eq!(values(&x.grad()), [3.0, 0.0]);
    }

    #[test]
    fn what_fails_is_an_error_and_no_panic() {
        let whole = Tensor::from_slice(&[1_i64]);
        let error = whole.shallow_clone().f_add_number_(0.5).unwrap_err();
        assert!(error.to_string().contains("cast"), "{error}");
        assert!(
            whole
                .shallow_clone()
                .f_lerp_number_(&whole.unsqueeze(0), 0.5)
                .is_err()
        );
        assert_eq!(values(&whole), [1.0]);
    }
}
