//! How a new network begins: PyTorch's default, and what torchvision's and timm's networks do in their
//! `__init__`, drawn with libtorch's own generator.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::Tensor;

use super::ModelError;
use crate::libtorch::numbers::WithNumber;

/// How the weights of a layer begin. Fan in is inputs / groups times the window, fan out is outputs
/// times the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WeightInit {
    /// `kaiming_uniform_(a=sqrt(5))`: `reset_parameters` of `torch.nn.Conv2d` and `torch.nn.Linear`.
    KaimingUniform,
    /// `kaiming_normal_(mode="fan_out", nonlinearity="relu")` (He et al. 2015).
    KaimingFanOut,
    /// [`Self::KaimingFanOut`] by the outputs of one of so many groups: timm's mobile networks and RegNets. The builder says
    /// how many there are ([`Init::grouped`]).
    KaimingFanOutOfGroup(i64),
    /// `kaiming_normal_()`, which goes by fan in.
    KaimingFanIn,
    /// `xavier_uniform_()` (Glorot and Bengio 2010).
    XavierUniform,
    /// Normal with this deviation.
    Normal(f64),
    /// `trunc_normal_` with this deviation, cut at -2 and 2.
    TruncatedNormal(f64),
    /// Uniform within 1 / sqrt(outputs).
    UniformByOutputs,
    Constant(f64),
}

/// How the bias of a layer begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BiasInit {
    /// Uniform within 1 / sqrt(fan in), PyTorch's default.
    UniformByFanIn,
    /// Normal with this deviation.
    Normal(f64),
    Zero,
}

/// How a convolution or a fully connected layer begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Init {
    pub weight: WeightInit,
    pub bias: BiasInit,
}

impl Init {
    /// `reset_parameters` of `torch.nn.Conv2d` and `torch.nn.Linear`.
    pub const PYTORCH: Self = Self {
        weight: WeightInit::KaimingUniform,
        bias: BiasInit::UniformByFanIn,
    };

    /// These weights; the bias as PyTorch has it.
    pub const fn default_bias(weight: WeightInit) -> Self {
        Self {
            weight,
            bias: BiasInit::UniformByFanIn,
        }
    }

    /// These weights; no bias at first.
    pub const fn zero_bias(weight: WeightInit) -> Self {
        Self {
            weight,
            bias: BiasInit::Zero,
        }
    }

    /// The same for a convolution of so many groups.
    pub const fn grouped(self, groups: i64) -> Self {
        match self.weight {
            WeightInit::KaimingFanOutOfGroup(_) => Self {
                weight: WeightInit::KaimingFanOutOfGroup(groups),
                ..self
            },
            _ => self,
        }
    }

    /// Fills `[outputs, inputs / groups, …]` and `[outputs]`.
    /// Draws the values of `weight`, `[outputs, inputs / groups, …]`, in place, from libtorch's generator.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn fill(self, weight: &mut Tensor, bias: Option<&mut Tensor>) -> Result<(), ModelError> {
        self.weight.fill(weight)?;
        let Some(bias) = bias else { return Ok(()) };
        match self.bias {
            BiasInit::UniformByFanIn => uniform_by_fan(bias, fan_in(weight))?,
            BiasInit::Normal(deviation) => drop(bias.f_normal_(0.0, deviation)?),
            BiasInit::Zero => drop(bias.f_zero_()?),
        }
        Ok(())
    }
}

impl WeightInit {
    /// Draws `weight`, of any shape, in place.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn fill(self, weight: &mut Tensor) -> Result<(), ModelError> {
        match self {
            Self::KaimingUniform => kaiming_uniform(weight)?,
            Self::KaimingFanOut => {
                let deviation = (2.0 / fan_out(weight) as f64).sqrt();
                drop(weight.f_normal_(0.0, deviation)?);
            }
            Self::KaimingFanOutOfGroup(groups) => {
                let deviation = (2.0 * groups as f64 / fan_out(weight) as f64).sqrt();
                drop(weight.f_normal_(0.0, deviation)?);
            }
            Self::KaimingFanIn => {
                let deviation = (2.0 / fan_in(weight) as f64).sqrt();
                drop(weight.f_normal_(0.0, deviation)?);
            }
            Self::XavierUniform => {
                let fans = (fan_in(weight) + fan_out(weight)) as f64;
                let bound = 3.0f64.sqrt() * (2.0 / fans).sqrt();
                drop(weight.f_uniform_(-bound, bound)?);
            }
            Self::Normal(deviation) => drop(weight.f_normal_(0.0, deviation)?),
            Self::TruncatedNormal(deviation) => truncated_normal(weight, deviation)?,
            Self::UniformByOutputs => uniform_by_fan(weight, weight.size()[0])?,
            Self::Constant(value) => drop(weight.f_fill_number_(value)?),
        }
        Ok(())
    }
}

/// libtorch has one generator for all threads of the process; who seeds it and draws holds this.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Seeds libtorch's generator and holds others that initialise off until the guard is dropped.
pub fn seeded(seed: u64) -> MutexGuard<'static, ()> {
    let guard = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    // The bits are what counts: torch.manual_seed takes the same unsigned reading.
    tch::manual_seed(seed.cast_signed());
    guard
}

fn fan_in(weight: &Tensor) -> i64 {
    weight.size().iter().skip(1).product()
}

fn fan_out(weight: &Tensor) -> i64 {
    let size = weight.size();
    size[0] * size.iter().skip(2).product::<i64>()
}

/// `kaiming_uniform_(a=sqrt(5))`: the bound is sqrt(3) * sqrt(2 / (1 + 5)) / sqrt(fan in), in the
/// order in which `torch.nn.init` works it out, to the last bit.
fn kaiming_uniform(weight: &mut Tensor) -> Result<(), ModelError> {
    let negative_slope = 5.0f64.sqrt();
    let gain = (2.0 / (1.0 + negative_slope * negative_slope)).sqrt();
    let bound = 3.0f64.sqrt() * (gain / (fan_in(weight) as f64).sqrt());
    drop(weight.f_uniform_(-bound, bound)?);
    Ok(())
}

/// Uniform within 1 / sqrt(fan).
fn uniform_by_fan(tensor: &mut Tensor, fan: i64) -> Result<(), ModelError> {
    let bound = if fan > 0 {
        1.0 / (fan as f64).sqrt()
    } else {
        0.0
    };
    drop(tensor.f_uniform_(-bound, bound)?);
    Ok(())
}

/// `trunc_normal_(std=deviation, a=-2, b=2)`: a normal one drawn anew beyond -2 and 2. All
/// deviations here are so small (0.1 at most) that this happens once in 10⁸⁸ draws.
fn truncated_normal(weight: &mut Tensor, deviation: f64) -> Result<(), ModelError> {
    let _ = weight.f_normal_(0.0, deviation)?;
    drop(weight.f_clamp_numbers_(-2.0, 2.0)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    /// Recorded by tests/record_torch_files.py: `torch.manual_seed(0)`, then Linear(8, 4), then Conv2d(3, 2, 3).
    #[test]
    fn equals_torch_for_the_same_seed_and_order() {
        let recorded: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/initialisation.json")).unwrap();
        let options = (Kind::Float, Device::Cpu);
        let mut linear = (Tensor::empty([4, 8], options), Tensor::empty([4], options));
        let mut conv = (
            Tensor::empty([2, 3, 3, 3], options),
            Tensor::empty([2], options),
        );
        {
            let _generator = seeded(0);
            Init::PYTORCH
                .fill(&mut linear.0, Some(&mut linear.1))
                .unwrap();
            Init::PYTORCH.fill(&mut conv.0, Some(&mut conv.1)).unwrap();
        }
        let tensors = [
            ("linear.weight", linear.0),
            ("linear.bias", linear.1),
            ("conv.weight", conv.0),
            ("conv.bias", conv.1),
        ];
        for (name, tensor) in tensors {
            let values = Vec::<f32>::try_from(tensor.flatten(0, -1)).unwrap();
            let expected: Vec<f32> = recorded[name]
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_f64().unwrap() as f32)
                .collect();
            assert_eq!(values, expected, "{name}");
        }
    }
}
