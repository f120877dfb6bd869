//! PyTorch's default initialisation, and torchvision's for whole networks, drawn with libtorch's
//! own generator.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::Tensor;

use super::ModelError;

/// How convolutions of a new network begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvInit {
    /// `torch.nn.Conv2d.reset_parameters`: `kaiming_uniform_(a=sqrt(5))`, bias within 1 / sqrt(fan in).
    PyTorch,
    /// `kaiming_normal_(mode="fan_out", nonlinearity="relu")` and a zero bias: what torchvision's
    /// ResNet, MobileNetV2 and EfficientNet do (He et al. 2015).
    KaimingFanOut,
}

/// How fully connected layers of a new network begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LinearInit {
    /// `torch.nn.Linear.reset_parameters`.
    PyTorch,
    /// Normal with this deviation, zero bias: torchvision's MobileNetV2 (0.01).
    Normal(f64),
    /// Uniform within 1 / sqrt(outputs), zero bias: torchvision's EfficientNet.
    UniformByOutputs,
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

/// Fills `[outputs, inputs / groups, kernel, kernel]`.
pub fn fill_conv(weight: &mut Tensor, init: ConvInit) -> Result<(), ModelError> {
    let size = weight.size();
    let window: i64 = size[2..].iter().product();
    match init {
        ConvInit::PyTorch => kaiming_uniform(weight, size[1] * window)?,
        ConvInit::KaimingFanOut => {
            let fan_out = (size[0] * window) as f64;
            let _ = weight.f_normal_(0.0, (2.0 / fan_out).sqrt())?;
        }
    }
    Ok(())
}

/// Fills a convolution's bias; `fan_in` is inputs / groups times the window.
pub fn fill_conv_bias(bias: &mut Tensor, fan_in: i64, init: ConvInit) -> Result<(), ModelError> {
    match init {
        ConvInit::PyTorch => uniform_by_fan(bias, fan_in),
        ConvInit::KaimingFanOut => Ok(bias.f_zero_().map(drop)?),
    }
}

/// Fills `[outputs, inputs]` and `[outputs]`.
pub fn fill_linear(
    weight: &mut Tensor,
    bias: &mut Tensor,
    init: LinearInit,
) -> Result<(), ModelError> {
    let size = weight.size();
    match init {
        LinearInit::PyTorch => {
            kaiming_uniform(weight, size[1])?;
            return uniform_by_fan(bias, size[1]);
        }
        LinearInit::Normal(deviation) => drop(weight.f_normal_(0.0, deviation)?),
        LinearInit::UniformByOutputs => uniform_by_fan(weight, size[0])?,
    }
    drop(bias.f_zero_()?);
    Ok(())
}

/// `kaiming_uniform_(a=sqrt(5))`: the bound is sqrt(3) * sqrt(2 / (1 + 5)) / sqrt(fan in), in the
/// order in which `torch.nn.init` works it out, to the last bit.
fn kaiming_uniform(weight: &mut Tensor, fan_in: i64) -> Result<(), ModelError> {
    let negative_slope = 5.0f64.sqrt();
    let gain = (2.0 / (1.0 + negative_slope * negative_slope)).sqrt();
    let bound = 3.0f64.sqrt() * (gain / (fan_in as f64).sqrt());
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
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
            fill_linear(&mut linear.0, &mut linear.1, LinearInit::PyTorch).unwrap();
            fill_conv(&mut conv.0, ConvInit::PyTorch).unwrap();
            fill_conv_bias(&mut conv.1, 27, ConvInit::PyTorch).unwrap();
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
