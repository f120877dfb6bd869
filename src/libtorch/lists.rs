//! Operations over many tensors at once (`torch._foreach_*`): on a graphics card a kernel or two for all of them.

use std::ffi::c_void;

use tch::{TchError, Tensor};

use super::numbers::WithNumber;
use super::{Reason, attempt, bindings, pointer, pointers};

/// Constants of a step of RMSprop: `GraftRmsProp` in lists.cpp.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RmsProp {
    pub rate: f64,
    pub alpha: f64,
    pub epsilon: f64,
    /// Without one, there are no buffers.
    pub momentum: f64,
}

bindings! {
    fn graft_copy_all(
        targets: *const *const c_void,
        sources: *const *const c_void,
        count: usize,
        error: Reason
    ) -> bool = false;
    fn graft_lerp_all(
        targets: *const *const c_void,
        others: *const *const c_void,
        count: usize,
        weight: f64,
        error: Reason
    ) -> bool = false;
    fn graft_rmsprop(
        what: *const RmsProp,
        parameters: *const *const c_void,
        gradients: *const *const c_void,
        squares: *const *const c_void,
        buffers: *const *const c_void,
        work: *const *const c_void,
        count: usize,
        error: Reason
    ) -> bool = false;
    fn graft_unscale(
        gradients: *const *const c_void,
        count: usize,
        found: *const c_void,
        inverse: *const c_void,
        error: Reason
    ) -> bool = false;
    fn graft_update_scale(
        scale: *const c_void,
        growth: *const c_void,
        found: *const c_void,
        error: Reason
    ) -> bool = false;
}

fn check_lengths(lists: &[&[Tensor]]) -> Result<usize, TchError> {
    let count = lists.first().map_or(0, |list| list.len());
    if lists.iter().any(|list| list.len() != count) {
        return Err(TchError::Shape("lists of tensors differ in length".into()));
    }
    Ok(count)
}

/// Copies every source into its target, of the same shape; one after the other where the C++ file is not there.
///
/// # Errors
/// What libtorch says, for instance of shapes that do not fit.
pub fn copy_all(targets: &[Tensor], sources: &[Tensor]) -> Result<(), TchError> {
    let count = check_lengths(&[targets, sources])?;
    if count == 0 {
        return Ok(());
    }
    if !super::IS_THERE {
        let _guard = tch::no_grad_guard();
        let pairs = targets.iter().zip(sources);
        return pairs
            .into_iter()
            .try_for_each(|(target, source)| target.shallow_clone().f_copy_(source));
    }
    attempt(|reason| {
        // SAFETY: lists of as many tensors as the call is told, which outlive it; the reason is written within its bounds.
        unsafe {
            graft_copy_all(
                pointers(targets).as_ptr(),
                pointers(sources).as_ptr(),
                count,
                reason,
            )
        }
        .then_some(())
    })
}

/// Moves every target by `weight` of the way to its other tensor, in place; one after the other where the C++ file is not
/// there.
///
/// # Errors
/// What libtorch says, for instance of shapes that do not fit.
pub fn lerp_all(targets: &[Tensor], others: &[Tensor], weight: f64) -> Result<(), TchError> {
    let count = check_lengths(&[targets, others])?;
    if count == 0 {
        return Ok(());
    }
    if !super::IS_THERE {
        let _guard = tch::no_grad_guard();
        for (target, other) in targets.iter().zip(others) {
            let _ = target.shallow_clone().f_lerp_number_(other, weight)?;
        }
        return Ok(());
    }
    attempt(|reason| {
        // SAFETY: as in `copy_all`.
        unsafe {
            graft_lerp_all(
                pointers(targets).as_ptr(),
                pointers(others).as_ptr(),
                count,
                weight,
                reason,
            )
        }
        .then_some(())
    })
}

/// Updates `parameters` and their averages in place. `gradients`, decay included, and `work`, of the same shapes, are used
/// up; `buffers` are empty without momentum. Nothing is allocated: a step is done or not.
///
/// # Errors
/// Lists of another length; what libtorch says.
pub fn rmsprop(
    what: &RmsProp,
    parameters: &[Tensor],
    gradients: &[Tensor],
    squares: &[Tensor],
    buffers: &[Tensor],
    work: &[Tensor],
) -> Result<(), TchError> {
    let count = check_lengths(&[parameters, gradients, squares, work])?;
    if what.momentum > 0.0 {
        check_lengths(&[parameters, buffers])?;
    }
    let buffers = pointers(buffers);
    let buffers = if what.momentum > 0.0 {
        buffers.as_ptr()
    } else {
        std::ptr::null()
    };
    attempt(|reason| {
        // SAFETY: as in `copy_all`; `buffers` is null where it is not looked at.
        unsafe {
            graft_rmsprop(
                what,
                pointers(parameters).as_ptr(),
                pointers(gradients).as_ptr(),
                pointers(squares).as_ptr(),
                buffers,
                pointers(work).as_ptr(),
                count,
                reason,
            )
        }
        .then_some(())
    })
}

/// Multiplies `gradients` by `inverse`, in place; `found` becomes 1 where one of them is no number. Both are float scalars on
/// the gradients' device (`torch.amp.GradScaler`).
///
/// # Errors
/// What libtorch says.
pub fn unscale(gradients: &[Tensor], found: &Tensor, inverse: &Tensor) -> Result<(), TchError> {
    if gradients.is_empty() {
        return Ok(());
    }
    attempt(|reason| {
        // SAFETY: as in `copy_all`; the scalars outlive the call, too.
        unsafe {
            graft_unscale(
                pointers(gradients).as_ptr(),
                gradients.len(),
                pointer(Some(found)),
                pointer(Some(inverse)),
                reason,
            )
        }
        .then_some(())
    })
}

/// After a step: halves `scale` where `found` is 1, doubles it after 2000 steps where it was not. `growth`: those steps, an
/// int32 scalar.
///
/// # Errors
/// What libtorch says.
pub fn update_scale(scale: &Tensor, growth: &Tensor, found: &Tensor) -> Result<(), TchError> {
    attempt(|reason| {
        // SAFETY: the scalars outlive the call, which changes the first two; the reason is written within its bounds.
        unsafe {
            graft_update_scale(
                pointer(Some(scale)),
                pointer(Some(growth)),
                pointer(Some(found)),
                reason,
            )
        }
        .then_some(())
    })
}
