//! Every backbone against its reference without a download: weights filled by a formula of their
//! names, and the logits that torchvision, timm or efficientnet-lite-pytorch gave under the same
//! (tests/record_backbones.py).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rayon::prelude::*;
use serde::Deserialize;
use tch::{Device, Kind, Tensor, no_grad_guard};

use super::layers::Pass;
use super::{Backbone, ModelError, backbone, mean_over_places};

/// The reference's answer to two pictures of noise at the weights' own size.
#[derive(Debug, Clone, Deserialize)]
pub struct Reference {
    /// The side of the pictures.
    pub input_size: i64,
    #[serde(flatten)]
    pub logits: ReferenceLogits,
}

/// What is kept of logits `[N, 1000]`, or of the pooled features `[N, F]` of a network without a classifier.
#[derive(Debug, Clone, Deserialize)]
pub struct ReferenceLogits {
    /// The first few of every picture.
    pub logits: Vec<Vec<f64>>,
    /// The length of all of them.
    #[serde(rename = "logits_l2")]
    pub lengths: Vec<f64>,
}

impl ReferenceLogits {
    /// The largest difference from `found`, as a share of the largest logit; or of the length of
    /// all, where that differs more.
    ///
    /// # Errors
    /// libtorch's own, when `found` has another shape.
    pub fn error(&self, found: &Tensor) -> Result<f64, ModelError> {
        let found = found.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
        let largest = found.f_abs()?.f_max()?.f_double_value(&[])?;
        let mut error: f64 = 0.0;
        for (picture, (row, length)) in (0i64..).zip(self.logits.iter().zip(&self.lengths)) {
            for (class, expected) in (0i64..).zip(row) {
                let value = found.f_double_value(&[picture, class])?;
                error = worse(error, (value - expected).abs() / largest);
            }
            let found_length = found.f_get(picture)?.f_norm()?.f_double_value(&[])?;
            error = worse(error, (found_length / length - 1.0).abs());
        }
        Ok(error)
    }
}

/// The larger; NaN is worst.
fn worse(left: f64, right: f64) -> f64 {
    if left.is_nan() || left > right {
        left
    } else {
        right
    }
}

/// The error that counts as equal.
pub const TOLERANCE: f64 = 1e-4;

/// The reference's answer for backbone `name`.
pub fn reference(name: &str) -> Option<&'static Reference> {
    static REFERENCES: LazyLock<BTreeMap<String, Reference>> = LazyLock::new(|| {
        // What is compiled in is read in a test too, so that this can't come as a surprise.
        serde_json::from_str(include_str!("../../assets/backbone_logits.json")).unwrap_or_default()
    });
    REFERENCES.get(name)
}

/// Backbone `name` with weights by the formula.
///
/// # Errors
/// [`ModelError::UnknownBackbone`], or libtorch's own (no memory on the device).
pub fn filled(name: &str, device: Device) -> Result<Box<dyn Backbone>, ModelError> {
    let mut network = backbone::unfilled(name, device)?;
    fill(&mut network)?;
    Ok(Box::new(network))
}

/// Pictures of noise `[count, 3, side, side]`.
///
/// # Errors
/// libtorch's own (no memory).
pub fn pictures(count: i64, side: i64) -> Result<Tensor, ModelError> {
    noise("input", &[count, 3, side, side])
}

/// Values from -1 to 1 by name and index, of the given shape.
///
/// # Errors
/// libtorch's own (no memory).
pub fn noise(name: &str, shape: &[i64]) -> Result<Tensor, ModelError> {
    tensor(name, shape, |r| r)
}

/// What `backbone` gives as inference, and its reference too: of `[N, 3, H, W]` the logits `[N, 1000]`, or the pooled features
/// `[N, F]` where there is no classifier.
///
/// # Errors
/// libtorch's own.
pub fn logits(backbone: &dyn Backbone, pictures: &Tensor) -> Result<Tensor, ModelError> {
    let _guard = no_grad_guard();
    let pass = Pass::inference();
    answers(
        backbone,
        &backbone.forward_features(pictures, &pass)?,
        &pass,
    )
}

/// The same of features, `[N, C, H, W]` or `[N, F]`.
///
/// # Errors
/// libtorch's own.
pub(super) fn answers(
    backbone: &dyn Backbone,
    features: &Tensor,
    pass: &Pass,
) -> Result<Tensor, ModelError> {
    match backbone.info().has_classifier() {
        true => backbone.classify(features, pass),
        false => mean_over_places(features),
    }
}

/// How much narrower weights of more than one dimension are. The branches of EfficientNetV2's fused blocks have nothing to
/// damp them, and without this their sums grow until single precision tells nothing.
fn gain(name: &str) -> f64 {
    match name {
        "efficientnet_v2_s" => 0.9,
        _ => 1.0,
    }
}

/// The formula: weights as wide as their fan in asks for, normalisations near the identity.
fn fill(network: &mut dyn Backbone) -> Result<(), ModelError> {
    let _guard = no_grad_guard();
    let gain = gain(network.info().name);
    for entry in &mut network.parameters_mut().entries {
        let (name, shape) = (&entry.name, entry.tensor.size());
        if name.ends_with("num_batches_tracked") {
            let _ = entry.tensor.f_zero_()?;
            continue;
        }
        let fan_in: i64 = shape.iter().skip(1).product();
        let width = gain * (6.0 / fan_in as f64).sqrt();
        let values = if name.ends_with("running_var") {
            tensor(name, &shape, |r| 1.0 + 0.5 * r.abs())?
        } else if name.ends_with("running_mean") {
            tensor(name, &shape, |r| 0.1 * r)?
        } else if shape.len() >= 2 {
            tensor(name, &shape, |r| r * width)?
        } else if name.ends_with("weight") {
            tensor(name, &shape, |r| 1.0 + 0.1 * r)?
        } else {
            tensor(name, &shape, |r| 0.1 * r)?
        };
        entry.tensor.f_copy_(&values)?;
    }
    Ok(())
}

fn tensor(
    name: &str,
    shape: &[i64],
    value: impl Fn(f64) -> f64 + Sync,
) -> Result<Tensor, ModelError> {
    // FNV-1a.
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let count = shape.iter().product::<i64>().max(0) as usize;
    let values: Vec<f32> = (0..count)
        .into_par_iter()
        .with_min_len(1 << 14)
        .map(|index| {
            let share = splitmix64(seed.wrapping_add(index as u64)) as f64 / 2f64.powi(64);
            value(2.0 * share - 1.0) as f32
        })
        .collect();
    Ok(Tensor::f_from_slice(&values)?.f_view(shape)?)
}

fn splitmix64(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
