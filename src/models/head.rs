//! The new head on a backbone's features.

use tch::{Device, Tensor};

use super::ModelError;
use super::parameters::ParameterStore;
use crate::experiment::HeadConfig;

/// Pooling, hidden layers and output. Parameters are named `head.0.weight`, … (place in the sequence) and `head.output.weight`.
pub struct Head {
    _private: (),
}

impl Head {
    /// PyTorch's default initialisation drawn from `seed`. `features` is the backbone's own count before pooling doubles it.
    pub fn new(config: &HeadConfig, features: i64, classes: i64, seed: u64, device: Device) -> Result<Self, ModelError> {
        let _ = (config, features, classes, seed, device);
        unimplemented!()
    }

    /// Feature grid `[N, C, H, W]` (or already `[N, C]`) to pooled features `[N, F]`.
    pub fn pool(&self, features: &Tensor) -> Result<Tensor, ModelError> {
        let _ = features;
        unimplemented!()
    }

    /// Pooled features `[N, F]` to logits: `[N, classes]`, or `[N, 1]` for a sigmoid.
    pub fn forward(&self, pooled: &Tensor, training: bool) -> Result<Tensor, ModelError> {
        let _ = (pooled, training);
        unimplemented!()
    }

    /// Logits to probabilities `[N, classes]`; a sigmoid's is that of class 1.
    pub fn probabilities(&self, logits: &Tensor) -> Result<Tensor, ModelError> {
        let _ = logits;
        unimplemented!()
    }

    pub fn parameters(&self) -> &ParameterStore {
        unimplemented!()
    }
}
