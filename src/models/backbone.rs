//! The staged backbone: what training, classification and embedding use of a network.

use tch::{Device, Tensor};

use super::ModelError;
use super::layers::Pass;
use super::parameters::ParameterStore;
use super::tree::LayerTree;
use super::catalogue::ArchitectureInfo;

/// A convolutional or transformer base with its own ImageNet classifier, cut into segments that
/// follow each other: the output of one is all that the next one needs. Segments are as fine as the
/// architecture allows (one per residual block), so that a frozen prefix can be cached right up to
/// the first layer that learns.
pub trait Backbone: Send {
    fn info(&self) -> &'static ArchitectureInfo;

    /// The number of segments.
    fn segments(&self) -> usize;

    /// The leaf layers of segment `index`, as a range into [`LayerTree::leaves`]. Ranges follow
    /// each other without a gap.
    fn segment_leaves(&self, index: usize) -> std::ops::Range<usize>;

    /// Runs one segment. Segment 0 takes normalised pictures `[N, 3, S, S]`, the last one gives
    /// the feature grid `[N, C, H, W]` (or `[N, C]` for a transformer).
    fn forward_segment(&self, index: usize, input: &Tensor, pass: &Pass) -> Result<Tensor, ModelError>;

    /// The features `[N, F]` or the feature grid to ImageNet's 1000 logits, with the original classifier.
    fn classify(&self, features: &Tensor, pass: &Pass) -> Result<Tensor, ModelError>;

    /// Every parameter and buffer under its state_dict name, the classifier included.
    fn parameters(&self) -> &ParameterStore;

    fn parameters_mut(&mut self) -> &mut ParameterStore;

    /// The layer tree at input side `input_size`.
    fn tree(&self, input_size: u32) -> Result<LayerTree, ModelError>;

    /// Length of the pooled feature vector.
    fn features(&self) -> i64;

    /// Runs all segments.
    fn forward_features(&self, input: &Tensor, pass: &Pass) -> Result<Tensor, ModelError> {
        let mut x = self.forward_segment(0, input, pass)?;
        for index in 1..self.segments() {
            x = self.forward_segment(index, &x, pass)?;
        }
        Ok(x)
    }
}

/// Builds backbone `name` with PyTorch's default initialisation drawn from `seed`.
pub fn build(name: &str, seed: u64, device: Device) -> Result<Box<dyn Backbone>, ModelError> {
    let _ = (name, seed, device);
    unimplemented!()
}
