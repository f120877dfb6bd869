//! Layers as plain structs over tensors, and the pass that tells them how to behave.

mod attention;
mod blocks;
mod builder;
mod conv;
mod inverted_residual;
mod modules;
mod norm;
mod patches;
mod rotary;

use std::cell::RefCell;

use tch::Tensor;

pub(super) use attention::{MultiheadAttention, attend, attention_work};
pub(super) use blocks::{
    ConvNormAct, ConvNormActivation, PooledStem, SqueezeExcitation, divisible_by_8,
};
pub(super) use builder::{Blueprint, Builder, Filling, ModuleRecord};
pub(super) use conv::{Conv2d, ConvNorm, ConvSpec};
pub(super) use inverted_residual::{InvertedResidual, Projection};
pub(super) use modules::{
    Activation, ActivationKind, AvgPool2d, Dropout, Linear, Marker, MaxPool2d, StochasticDepth,
    drop_rows,
};
pub(super) use norm::{BatchNorm, LayerNorm, LayerScale, NormSpec};
pub(super) use patches::{Patches, Positions, resampled_positions};
pub(super) use rotary::{Rotary, RotaryKind};

use super::ModelError;
use super::fold::FoldedWeights;
use super::parameters::OUTSIDE_TREE;

/// What one leaf layer does in the current pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeafMode {
    /// BatchNorm normalises by the batch and moves its statistics.
    pub batch_statistics: bool,
    /// BatchNorm only: normalises by its running statistics, yet moves them by the batch
    /// (`AdaptStatistics`).
    pub adapt_statistics: bool,
    /// Dropout and stochastic depth are on.
    pub dropout: bool,
}

/// How every leaf behaves in one forward pass; without modes (`Pass::inference()`), all are in
/// inference mode.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    pub modes: Vec<LeafMode>,
}

impl Pass {
    pub fn inference() -> Self {
        Self::default()
    }

    /// The mode of leaf `index`; inference for a leaf that the pass does not name.
    pub fn mode(&self, index: usize) -> LeafMode {
        self.modes.get(index).copied().unwrap_or_default()
    }
}

/// What layers see of one pass: the modes, folded weights to use instead of their own, and where
/// to write shapes and multiply-adds down.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub pass: &'a Pass,
    pub folded: Option<&'a FoldedWeights>,
    pub trace: Option<&'a RefCell<Trace>>,
}

impl<'a> Context<'a> {
    pub fn new(pass: &'a Pass) -> Self {
        Self {
            pass,
            folded: None,
            trace: None,
        }
    }

    /// Writes the shape of module `module`'s output down, and `multiply_adds` for one picture; what
    /// stands outside the tree is not written down.
    ///
    /// # Errors
    /// None by now: it has a forward pass's result, so that one can end in it.
    pub fn record(
        &self,
        module: usize,
        output: &Tensor,
        multiply_adds: u64,
    ) -> Result<(), ModelError> {
        if let Some(trace) = self.trace.filter(|_| module != OUTSIDE_TREE) {
            let shape = output.size().into_iter().skip(1).collect();
            trace.borrow_mut().record(module, shape, multiply_adds);
        }
        Ok(())
    }
}

/// Output shapes and multiply-adds of one picture, by module.
#[derive(Debug, Default)]
pub(super) struct Trace {
    records: Vec<Option<(Vec<i64>, u64)>>,
}

impl Trace {
    /// The shape of the last call and the multiply-adds of all.
    pub fn get(&self, module: usize) -> Option<&(Vec<i64>, u64)> {
        self.records.get(module).and_then(Option::as_ref)
    }

    fn record(&mut self, module: usize, shape: Vec<i64>, multiply_adds: u64) {
        if self.records.len() <= module {
            self.records.resize(module + 1, None);
        }
        let before = self.records[module].as_ref().map_or(0, |(_, count)| *count);
        self.records[module] = Some((shape, before + multiply_adds));
    }
}

/// Part of a network that runs as one: what a segment is made of.
pub(super) trait Block: Send {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError>;

    /// Every convolution with the BatchNorm that directly follows it, to be folded for inference.
    fn conv_norms(&self) -> Vec<&ConvNorm> {
        Vec::new()
    }
}
