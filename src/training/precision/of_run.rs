//! What a run's frozen layers computed in, which its folder keeps, and what they compute in when the run is used.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind};

use crate::experiment::Precision;
use crate::models::device::bf16_units;

/// The numbers that frozen layers computed with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "lowercase")]
pub enum FrozenPrecision {
    /// Also where no layer is frozen.
    #[default]
    Fp32,
    Bf16,
    Fp16,
}

impl FrozenPrecision {
    /// As kept features, logs and messages have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
        }
    }

    pub(in crate::training) fn of(kind: Kind) -> Self {
        match kind {
            Kind::BFloat16 => Self::Bf16,
            Kind::Half => Self::Fp16,
            _ => Self::Fp32,
        }
    }

    pub(in crate::training) fn kind(self) -> Kind {
        match self {
            Self::Fp32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
            Self::Fp16 => Kind::Half,
        }
    }

    /// Whether `device` computes in it at all: fp16 only graphics cards do.
    pub(super) fn is_of(self, device: Device) -> bool {
        match self {
            Self::Fp32 => true,
            Self::Bf16 => device == Device::Cpu || bf16_units(device),
            Self::Fp16 => device.is_cuda(),
        }
    }
}

/// A finished run in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Use {
    /// What the run's own answers were computed in.
    pub own: FrozenPrecision,
    /// What a person asks for now.
    pub asked: Precision,
}

impl Use {
    /// What `device` computes in: the run's own numbers where it has units for them, else single precision, unless something
    /// else is asked for.
    pub fn on(self, device: Device) -> FrozenPrecision {
        match (self.asked, self.own) {
            (Precision::Fp32, _) => FrozenPrecision::Fp32,
            (Precision::Bf16, _) if FrozenPrecision::Bf16.is_of(device) => FrozenPrecision::Bf16,
            (Precision::Bf16, _) => FrozenPrecision::Fp16,
            (Precision::Auto, FrozenPrecision::Bf16) if !bf16_units(device) => {
                FrozenPrecision::Fp32
            }
            (Precision::Auto, own) if own.is_of(device) => own,
            (Precision::Auto, _) => FrozenPrecision::Fp32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_used_in_its_own_numbers_where_there_are_units() {
        let on = |own, asked| Use { own, asked }.on(Device::Cpu);
        let bf16_here = match bf16_units(Device::Cpu) {
            true => FrozenPrecision::Bf16,
            false => FrozenPrecision::Fp32,
        };
        for (own, asked, expected) in [
            (
                FrozenPrecision::Fp32,
                Precision::Auto,
                FrozenPrecision::Fp32,
            ),
            (FrozenPrecision::Bf16, Precision::Auto, bf16_here),
            // The processor has no units for it.
            (
                FrozenPrecision::Fp16,
                Precision::Auto,
                FrozenPrecision::Fp32,
            ),
            (
                FrozenPrecision::Bf16,
                Precision::Fp32,
                FrozenPrecision::Fp32,
            ),
            (
                FrozenPrecision::Fp32,
                Precision::Bf16,
                FrozenPrecision::Bf16,
            ),
        ] {
            assert_eq!(on(own, asked), expected, "{own:?} {asked:?}");
        }
        // A card that is not there has no units.
        let fp16 = Use {
            own: FrozenPrecision::Fp16,
            asked: Precision::Auto,
        };
        assert_eq!(fp16.on(Device::Cuda(99)), FrozenPrecision::Fp16);
        let bf16 = Use {
            own: FrozenPrecision::Bf16,
            asked: Precision::Auto,
        };
        assert_eq!(bf16.on(Device::Cuda(99)), FrozenPrecision::Fp32);
    }

    #[test]
    fn names_are_those_of_the_folder() {
        for precision in [
            FrozenPrecision::Fp32,
            FrozenPrecision::Bf16,
            FrozenPrecision::Fp16,
        ] {
            let text = serde_json::to_string(&precision).unwrap();
            assert_eq!(text, format!("{:?}", precision.name()));
            assert_eq!(FrozenPrecision::of(precision.kind()), precision);
        }
    }
}
