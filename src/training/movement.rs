//! How far a run moved the weights of every layer: the proof that what was frozen stayed.

use tch::{Device, Kind, Tensor};

use super::error::TrainingError;
use super::network::Network;
use super::snapshot::copy_of;

/// What one leaf layer's tensors did from the loaded weights to the kept ones: weights, biases and,
/// of a BatchNorm, the running mean and variance (its counter of batches is left out).
#[derive(Debug, Clone, PartialEq)]
pub struct Movement {
    /// In the layer tree.
    pub path: String,
    /// The Euclidean norm of all its numbers before training.
    pub initial_l2: f64,
    /// The Euclidean norm of after - before; exactly 0 when no number changed.
    pub distance_l2: f64,
}

impl Movement {
    /// |after - before| / |before|: see [`relative_l2`].
    pub fn relative_l2(&self) -> f64 {
        relative_l2([self])
    }
}

/// |after - before| / |before| of several layers taken together. Exactly 0 when nothing moved,
/// infinite when zeros did.
pub fn relative_l2<'a>(layers: impl IntoIterator<Item = &'a Movement>) -> f64 {
    let (mut distance, mut initial) = (0.0_f64, 0.0_f64);
    for layer in layers {
        distance = distance.hypot(layer.distance_l2);
        initial = initial.hypot(layer.initial_l2);
    }
    if distance == 0.0 {
        0.0
    } else {
        distance / initial
    }
}

/// The backbone's tensors as they were loaded. Those of frozen layers are kept as well, so that
/// "has not moved" is measured and not assumed.
pub(super) struct Origin {
    /// A copy of each of [`Network::base_entries`], on the CPU: memory of a device is for training.
    copies: Vec<Option<Tensor>>,
}

impl Origin {
    /// Copies the present values.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn take(network: &Network) -> Result<Self, TrainingError> {
        let _guard = tch::no_grad_guard();
        let copies = network
            .base_entries()
            .map(|entry| {
                // Counters are whole numbers: they count batches and say nothing of weights.
                if !entry.tensor.is_floating_point() {
                    return Ok(None);
                }
                let tensor = entry.tensor.f_detach()?;
                Ok(Some(if tensor.device() == Device::Cpu {
                    copy_of(&tensor)?
                } else {
                    tensor.f_to(Device::Cpu)?
                }))
            })
            .collect::<Result<_, TrainingError>>()?;
        Ok(Self { copies })
    }

    /// Compares with the network's present values; one entry for every leaf that has tensors, in
    /// the order of the tree.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn measure(&self, network: &Network) -> Result<Vec<Movement>, TrainingError> {
        let _guard = tch::no_grad_guard();
        let leaves = network.tree.leaves();
        let mut norms: Vec<Option<(f64, f64)>> = vec![None; leaves.len()];
        for (entry, before) in network.base_entries().zip(&self.copies) {
            let (Some(before), Some(norm)) = (before, norms.get_mut(entry.leaf)) else {
                continue;
            };
            let after = entry.tensor.f_detach()?.f_to(Device::Cpu)?;
            let (initial, distance) = norm.unwrap_or((0.0, 0.0));
            *norm = Some((
                initial.hypot(l2(before)?),
                distance.hypot(l2(&after.f_sub(before)?)?),
            ));
        }
        let moved = leaves.iter().zip(norms).filter_map(|(leaf, norm)| {
            let (initial_l2, distance_l2) = norm?;
            Some(Movement {
                path: leaf.path.clone(),
                initial_l2,
                distance_l2,
            })
        });
        Ok(moved.collect())
    }
}

/// The Euclidean norm, added up in double precision.
fn l2(tensor: &Tensor) -> Result<f64, TrainingError> {
    let squares = tensor.f_to_kind(Kind::Double)?.f_square()?;
    Ok(squares.f_sum(Kind::Double)?.f_double_value(&[])?.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(initial_l2: f64, distance_l2: f64) -> Movement {
        Movement {
            path: "layer".into(),
            initial_l2,
            distance_l2,
        }
    }

    #[test]
    fn layers_together_move_by_their_common_norm() {
        assert_eq!(layer(5.0, 0.0).relative_l2(), 0.0);
        assert_eq!(layer(4.0, 1.0).relative_l2(), 0.25);
        assert_eq!(relative_l2(&[layer(3.0, 1.5), layer(4.0, 2.0)]), 0.5);
        assert_eq!(layer(0.0, 0.0).relative_l2(), 0.0);
        assert_eq!(layer(0.0, 1.0).relative_l2(), f64::INFINITY);
        assert_eq!(relative_l2(&[]), 0.0);
    }
}
