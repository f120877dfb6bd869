//! Steps over all parameters in one kernel each: SGD, Adam and AdamW as `torch.optim` has them with `fused=True`; RMSprop in
//! a dozen (`foreach=True`). A step is done or not: whatever needs memory comes before anything changes.

use tch::{Kind, TchError, Tensor};

use super::rmsprop::RmsProp;
use super::{Buffers, Slot, is_lost};
use crate::experiment::Optimizer as Rule;
use crate::libtorch::lists;
use crate::libtorch::numbers::full;
use crate::libtorch::optimizer::{Adam, Sgd, adam, sgd};
use crate::training::loss_scale::Unless;

/// What one call takes: parameters with the same rate, as old as each other.
#[derive(Default)]
struct Batch {
    rate: f64,
    steps: u64,
    parameters: Vec<Tensor>,
    gradients: Vec<Tensor>,
    momentum: Vec<Tensor>,
    square: Vec<Tensor>,
    /// RMSprop's, of the parameters' shapes.
    work: Vec<Tensor>,
    /// Adam's count of steps, a scalar on the device.
    counted: Option<Tensor>,
}

/// One update of every slot from its gradient.
pub(super) fn step(
    rule: &Rule,
    learning: &mut [(&mut Slot, &Tensor)],
    learning_rate: f64,
    unless: Option<&Unless>,
) -> Result<(), TchError> {
    // RMSprop has no kernel that leaves a step out.
    if matches!(rule, Rule::RmsProp { .. }) && is_lost(unless)? {
        return Ok(());
    }
    let mut batches: Vec<Batch> = Vec::new();
    for (slot, gradient) in &mut *learning {
        let steps = slot.steps + 1;
        let rate = learning_rate * slot.parameter.rate_factor;
        let is_its = |batch: &Batch| batch.rate == rate && batch.steps == steps;
        let place = batches.iter().position(is_its).unwrap_or_else(|| {
            batches.push(Batch {
                rate,
                steps,
                ..Batch::default()
            });
            batches.len() - 1
        });
        batches[place].take(rule, slot, gradient)?;
    }
    for batch in &mut batches {
        batch.count(rule, unless)?;
    }
    for batch in &batches {
        batch.update(rule, unless)?;
    }
    for (slot, _) in learning {
        slot.steps += 1;
    }
    Ok(())
}

impl Batch {
    fn take(&mut self, rule: &Rule, slot: &mut Slot, gradient: &Tensor) -> Result<(), TchError> {
        let parameter = slot.parameter.tensor.shallow_clone();
        let buffers = &mut slot.buffers;
        let mut momentum = || Buffers::ensure(&mut buffers.momentum, &parameter);
        let mut own = None;
        match rule {
            Rule::Sgd {
                momentum: share, ..
            } => {
                if *share != 0.0 {
                    self.momentum.push(momentum()?);
                }
            }
            Rule::Adam { .. } | Rule::AdamW { .. } => {
                self.momentum.push(momentum()?);
                let square = Buffers::ensure(&mut buffers.square, &parameter)?;
                self.square.push(square);
            }
            Rule::RmsProp { .. } => {
                let rule = RmsProp::of(rule);
                if rule.momentum > 0.0 {
                    self.momentum.push(momentum()?);
                }
                let square = Buffers::ensure(&mut buffers.square, &parameter)?;
                self.square.push(square);
                self.work.push(parameter.f_empty_like()?);
                own = Some(rule.own_gradient(gradient, &parameter)?);
            }
            Rule::LogisticRegression { .. } => {}
        }
        self.gradients.push(match own {
            Some(own) => own,
            None => laid_out_as(gradient, &parameter)?,
        });
        self.parameters.push(parameter);
        Ok(())
    }

    fn count(&mut self, rule: &Rule, unless: Option<&Unless>) -> Result<(), TchError> {
        if matches!(rule, Rule::Adam { .. } | Rule::AdamW { .. }) {
            let device = self.parameters[0].device();
            let steps = self.steps as f64;
            let mut counted = full(&[], steps, (Kind::Float, device))?;
            if let Some(unless) = unless {
                counted = counted.f_sub_(&unless.skipped)?;
            }
            self.counted = Some(counted);
        }
        Ok(())
    }

    fn update(&self, rule: &Rule, unless: Option<&Unless>) -> Result<(), TchError> {
        let rate = self.rate;
        let found = unless.map(|unless| &unless.found);
        let (parameters, gradients) = (&self.parameters, &self.gradients);
        match *rule {
            Rule::Sgd {
                momentum,
                nesterov,
                weight_decay,
            } => {
                let what = Sgd {
                    rate,
                    momentum,
                    weight_decay,
                    nesterov,
                    // The first buffer is the first gradient itself, not a share of it.
                    is_first: self.steps == 1,
                };
                sgd(&what, parameters, gradients, &self.momentum, found)
            }
            Rule::Adam {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            }
            | Rule::AdamW {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => {
                let what = Adam {
                    rate,
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                    is_decoupled: matches!(rule, Rule::AdamW { .. }),
                };
                let Some(steps) = &self.counted else {
                    return Ok(());
                };
                let (first, second) = (&self.momentum, &self.square);
                adam(&what, parameters, gradients, first, second, steps, found)
            }
            Rule::RmsProp { .. } => lists::rmsprop(
                &RmsProp::of(rule).constants(rate),
                parameters,
                gradients,
                &self.square,
                &self.momentum,
                &self.work,
            ),
            Rule::LogisticRegression { .. } => Ok(()),
        }
    }
}

/// The kernels go through memory from one end to the other: a gradient that lies in memory in another order than its
/// parameter (a convolution's may, after pictures with channels last) is copied into the parameter's order.
fn laid_out_as(gradient: &Tensor, parameter: &Tensor) -> Result<Tensor, TchError> {
    if gradient.stride() == parameter.stride() {
        return Ok(gradient.shallow_clone());
    }
    let mut ordered = parameter.f_empty_like()?;
    ordered.f_copy_(gradient)?;
    Ok(ordered)
}
