//! Layers as plain structs over tensors, and the pass that tells them how to behave.

/// What one leaf layer does in the current pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafMode {
    /// BatchNorm normalises by the batch and moves its statistics.
    pub batch_statistics: bool,
    /// BatchNorm only: normalises by its running statistics, yet moves them by the batch
    /// (`AdaptStatistics`).
    pub adapt_statistics: bool,
    /// Dropout and stochastic depth are on.
    pub dropout: bool,
}

/// How every leaf behaves in one forward pass; without modes (`Pass::inference()`), all are in inference mode.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    pub modes: Vec<LeafMode>,
}

impl Pass {
    pub fn inference() -> Self {
        Self::default()
    }
}
