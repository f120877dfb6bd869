//! Features of several stages at once: what a head takes beside the last stage's features.
//!
//! Later layers of a pre-trained network speak of ImageNet's things, earlier ones of edges and textures. Pictures that
//! are unlike ImageNet's are often told apart by the latter: Evci et al., “Head2Toe: Utilizing Intermediate
//! Representations for Better Transfer Learning”, ICML 2022 (arXiv 2201.03529).
//!
//! Between two segments travels one tensor. Where pooled features of earlier stages must travel along, it is `[N, F]`:
//! the segment's output, the channels of one position side by side, then the pooled features, earliest stage first.
//! Whoever keeps or picks rows of it needs to know nothing of that.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::error::TrainingError;
use crate::models::head::Head;
use crate::models::layers::Pass;
use crate::models::tokens::TokenLayout;
use crate::models::tree::LayerTree;
use crate::models::{Backbone, ModelError};

/// Which segments end a stage whose pooled features go to the head. Without any, everything below passes its input on.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// After which segments features are pooled, ascending; never the last one.
    taps: Vec<usize>,
    /// The output of every segment for one picture, `[C, H, W]` or `[tokens, C]`; empty without taps.
    shapes: Vec<Vec<i64>>,
    /// What the output is made of, where it is tokens.
    tokens: Option<TokenLayout>,
}

/// A segment's input and the pooled features of the stages before it.
pub(super) struct Flow {
    pub x: Tensor,
    pooled: Vec<Tensor>,
}

impl Stages {
    /// The last `count` stages of `backbone`, whose leaves lie in `segments`; more than it has means all of them.
    /// `side`: of the input square.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(
        count: u32,
        backbone: &dyn Backbone,
        tree: &LayerTree,
        segments: &[Range<usize>],
        side: u32,
        device: Device,
    ) -> Result<Self, TrainingError> {
        let ends = tree.earlier_stages(count);
        if ends.is_empty() {
            return Ok(Self::default());
        }
        let taps = ends
            .iter()
            .filter_map(|stage| segments.iter().position(|leaves| leaves.end >= stage.end))
            .collect();
        let _guard = tch::no_grad_guard();
        let side = i64::from(side);
        let mut x = Tensor::f_zeros([1, 3, side, side], (Kind::Float, device))?;
        let mut shapes = Vec::new();
        for segment in 0..segments.len() {
            x = backbone.forward_segment(segment, &x, &Pass::inference())?;
            shapes.push(x.size()[1..].to_vec());
        }
        let tokens = TokenLayout::of(backbone.info().name);
        Ok(Self {
            taps,
            shapes,
            tokens,
        })
    }

    /// What arrives at `depth`, taken apart: `[N, C, H, W]` or `[N, tokens, C]`, and `[N, F]` of each stage before. `input` is
    /// `[N, F]` where a stage has ended before, else the segment's own output.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn enter(&self, input: &Tensor, depth: usize) -> Result<Flow, TrainingError> {
        let plain = || Flow {
            x: input.shallow_clone(),
            pooled: Vec::new(),
        };
        if !self.taps.iter().any(|&tap| tap < depth) {
            return Ok(plain());
        }
        let Some(shape) = depth.checked_sub(1).and_then(|last| self.shapes.get(last)) else {
            return Ok(plain());
        };
        let (pictures, width) = input.size2()?;
        let own: i64 = shape.iter().product();
        let flat = input.f_narrow(1, 0, own)?;
        let x = match *shape.as_slice() {
            [channels, height, width] => flat
                .f_reshape([pictures, height, width, channels])?
                .f_permute([0i64, 3, 1, 2])?,
            _ => flat.f_reshape([&[pictures], shape.as_slice()].concat())?,
        };
        let pooled = vec![input.f_narrow(1, own, width - own)?];
        Ok(Flow { x, pooled })
    }

    /// After segment `segment` gave `flow.x`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn pass(&self, segment: usize, flow: &mut Flow, head: &Head) -> Result<(), ModelError> {
        if self.taps.contains(&segment) {
            flow.pooled.push(self.pool(&flow.x, head)?);
        }
        Ok(())
    }

    /// What leaves at `depth`, in one tensor, `[N, F]` unless nothing was pooled; after the last segment, with the pooled features of the last stage at
    /// its end.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn leave(&self, flow: Flow, is_end: bool, head: &Head) -> Result<Tensor, TrainingError> {
        let Flow { x, mut pooled } = flow;
        let last = match (is_end, pooled.is_empty()) {
            (true, _) => self.pool(&x, head)?,
            (false, true) => return Ok(x),
            (false, false) => {
                let x = x.f_to_kind(Kind::Float)?;
                let x = if x.dim() == 4 {
                    x.f_permute([0i64, 2, 3, 1])?
                } else {
                    x
                };
                x.f_contiguous()?.f_flatten(1, -1)?
            }
        };
        if pooled.is_empty() {
            return Ok(last);
        }
        if is_end {
            pooled.push(last);
        } else {
            pooled.insert(0, last);
        }
        Ok(Tensor::f_cat(&pooled, 1)?)
    }

    /// In single precision, whatever the grid was computed in: a mean of many numbers must not be rounded as they are.
    fn pool(&self, x: &Tensor, head: &Head) -> Result<Tensor, ModelError> {
        let x = x.f_to_kind(Kind::Float)?;
        match self.tokens {
            Some(layout) if x.dim() == 3 => head.pool(&layout.pool(&x)?),
            _ => head.pool(&x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, Pooling, WeightsSource};
    use crate::models;
    use crate::training::network::Network;
    use crate::training::network::build_backbone;

    fn network(backbone: &str, stages: u32, pooling: Pooling, side: u32) -> Network {
        let mut experiment = Experiment::default();
        experiment.backbone.name = backbone.into();
        experiment.backbone.weights = WeightsSource::Random;
        experiment.backbone.input_size = Some(side);
        experiment.head.stages = stages;
        experiment.head.pooling = pooling;
        Network::new(&experiment, 3, Device::Cpu, &build_backbone).unwrap()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
        assert_eq!(a.size(), b.size());
        (a - b).abs().max().double_value(&[])
    }

    /// Of several families, divided at several depths: as training and as folded inference, the same features arrive as in one go.
    #[test]
    fn it_does_not_matter_where_a_pass_is_cut() {
        let _guard = tch::no_grad_guard();
        for name in [
            "resnet18",
            "mobilenet_v2",
            "efficientnet_lite0",
            "densenet121",
            "vit_tiny_patch16_224",
        ] {
            let side = if name.starts_with("vit") { 224 } else { 64 };
            let network = network(name, 3, Pooling::AverageMax, side);
            let side = i64::from(side);
            let input = Tensor::randn([2, 3, side, side], (Kind::Float, Device::Cpu));
            let pass = Pass::inference();
            let depth = network.depth();
            let whole = network.advance(&input, 0..depth, &pass).unwrap();
            let scale = whole.abs().max().double_value(&[]);
            for frozen_depth in (0..=depth).step_by(depth.div_ceil(5)) {
                let half = network.advance(&input, 0..frozen_depth, &pass).unwrap();
                let rest = if frozen_depth == depth {
                    half
                } else {
                    network.advance(&half, frozen_depth..depth, &pass).unwrap()
                };
                assert!(
                    largest_difference(&rest, &whole) <= 1e-5 * scale,
                    "{name}, {frozen_depth}"
                );
                let half = network
                    .frozen(0..frozen_depth)
                    .unwrap()
                    .advance(&network, &input);
                let rest = network.frozen(frozen_depth..depth).unwrap();
                let rest = rest.advance(&network, &half.unwrap()).unwrap();
                assert!(
                    largest_difference(&rest, &whole) <= 1e-4 * scale,
                    "{name}, {frozen_depth}"
                );
            }
        }
    }

    #[test]
    fn features_of_stages_are_their_pooled_outputs_in_order() {
        let _guard = tch::no_grad_guard();
        let network = network("resnet18", 3, Pooling::Average, 64);
        let input = Tensor::randn([1, 3, 64, 64], (Kind::Float, Device::Cpu));
        let all = network
            .advance(&input, 0..network.depth(), &Pass::inference())
            .unwrap();
        // layer2, layer3, layer4: two blocks each, after the stem and layer1.
        let mut x = input;
        let mut expected = Vec::new();
        for segment in 0..network.depth() {
            x = network
                .backbone
                .forward_segment(segment, &x, &Pass::inference())
                .unwrap();
            if [128, 256, 512].contains(&x.size()[1]) {
                expected.push(x.mean_dim([2i64, 3].as_slice(), false, Kind::Float));
            }
        }
        let last_of_each = [&expected[1], &expected[3], &expected[5]];
        let expected = Tensor::cat(&last_of_each, 1);
        assert_eq!(expected.size(), [1, 128 + 256 + 512]);
        assert!(largest_difference(&all, &expected) < 1e-5);
    }

    #[test]
    fn the_tree_tells_how_many_features_every_backbone_gives() {
        let _guard = tch::no_grad_guard();
        for info in models::catalogue::architectures() {
            // The least that all but the vision transformers take.
            let side = if info.name.starts_with("vit") {
                224
            } else {
                96
            };
            let backbone = models::build_blank(info.name, Device::Cpu).unwrap();
            let tree = backbone.tree(side).unwrap();
            let segments: Vec<_> = (0..backbone.segments())
                .map(|index| backbone.segment_leaves(index))
                .collect();
            let count = tree.stages.len() as u32;
            let backbone = backbone.as_ref();
            let stages = Stages::new(count, backbone, &tree, &segments, side, Device::Cpu).unwrap();
            assert_eq!(stages.taps.len() + 1, tree.stages.len(), "{}", info.name);
            assert!(stages.taps.is_sorted_by(|a, b| a < b), "{}", info.name);
            let width = |tap: &usize| match stages.shapes[*tap].as_slice() {
                [channels, _, _] => *channels,
                shape => shape[shape.len() - 1],
            };
            let expected = tree.features + stages.taps.iter().map(width).sum::<i64>();
            assert_eq!(tree.head_features(count), expected, "{}", info.name);
            assert_eq!(tree.head_features(99), expected, "{}", info.name);
            assert_eq!(tree.head_features(1), tree.features, "{}", info.name);
        }
    }
}
