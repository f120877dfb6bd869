//! What a phase will need, told from the layer tree alone: memory and the cost of an epoch. Plain
//! numbers for people who decide what to freeze; the trainer itself measures.

use serde::{Deserialize, Serialize};

use super::logistic::MOST_FEATURES_TOGETHER;
use super::micro_batch::{CARD_FORWARD_BATCH, CPU_FORWARD_BATCH};
use super::prefetch::AHEAD;
use super::preprocessing::square_bytes;
use super::sample::kept_views;
use crate::data::decode::decoding_bytes;
use crate::data::{Dataset, SplitIndices};
use crate::experiment::{Experiment, NormPolicy, Optimizer, Phase};
use crate::models::fold::piece;
use crate::models::head::pooled_width;
use crate::models::tree::{LayerNode, LayerTree};

/// Bytes of a number in single precision.
const NUMBER: u64 = 4;
/// Of one in bf16.
const ROUNDED_NUMBER: u64 = 2;
/// Libtorch, its libraries and the program itself, before any network stands.
pub const PROGRAM: u64 = 260_000_000;
/// Decoded pictures on their way through the frozen part: one batch that passes, two that wait, one that is made ready.
const PASSING: usize = (AHEAD + 2) * CPU_FORWARD_BATCH;
/// What the backward pass needs beside the outputs that are kept for it, in tensors as large as the largest of them:
/// gradients, and copies in the layout that a kernel wants. Measured when all of ResNet-18 and -50, MobileNetV2,
/// EfficientNet-Lite0 and -B0 learns: 3 to 11.
const BACKWARD_TENSORS: u64 = 6;
/// Backward costs about twice the forward pass: once for the layer's input, once for its weights.
const BACKWARD: f64 = 2.0;

/// A phase over a tree.
pub struct EstimateInput<'a> {
    pub experiment: &'a Experiment,
    pub phase: &'a Phase,
    pub tree: &'a LayerTree,
    /// For each leaf, as `models::freeze::frozen_leaves` gives it.
    pub frozen: &'a [bool],
    pub head_parameters: u64,
    /// What trains computes in bf16.
    pub is_mixed: bool,
    /// As far as they are known.
    pub pictures: Option<PictureCounts>,
}

/// The pictures of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PictureCounts {
    pub train: usize,
    pub validation: usize,
    pub test: usize,
    /// Of the largest one, which takes memory while it is decoded.
    pub largest_pixels: u64,
}

impl PictureCounts {
    pub fn new(dataset: &Dataset, split: &SplitIndices) -> Self {
        Self {
            train: split.train.len(),
            validation: split.validation.len(),
            test: split.test.len(),
            largest_pixels: dataset.largest_pixels(),
        }
    }

    pub fn all(self) -> usize {
        self.train + self.validation + self.test
    }
}

/// Memory in bytes by what it is for, and the cost of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// The weights, and the copies that are kept to return to and to compare with.
    pub weights: u64,
    pub gradients: u64,
    /// Moments of the optimizer; of logistic regression, its rows.
    pub optimizer: u64,
    /// Outputs of one batch (of one micro-batch, where there is one) that the backward pass needs, and what it makes of
    /// them; or outputs of the frozen part's largest layers, which run before: whichever is more.
    pub activations: u64,
    /// Outputs of the frozen part's largest layers, of one picture.
    pub frozen_picture: u64,
    /// Outputs of the other part's largest layers, of one picture, where nothing learns: in validation and test.
    pub evaluated_picture: u64,
    /// The frozen part's kept output for every picture.
    pub features: u64,
    /// The decoded pictures that stand in memory.
    pub pictures: u64,
    /// What the largest pictures take while they are decoded.
    pub decoding: u64,
    /// Of a forward pass, what comes before the first layer that changes, 0 to 1.
    pub frozen_share: f64,
    /// Against an epoch in which everything learns, 0 to 1; after the first epoch where the frozen
    /// part is computed once.
    pub epoch_cost: f64,
    /// The frozen part is computed once and kept.
    pub keeps_features: bool,
    /// What trains computes in bf16.
    pub is_mixed: bool,
}

impl Estimate {
    /// Lays the phase over the tree. Up to the first layer that changes, a forward pass costs 1 per
    /// multiply-add, or nothing once its output is kept; behind the first layer that learns, a
    /// frozen layer costs 2, because gradients pass through it, and one that learns 3.
    pub fn new(input: &EstimateInput<'_>) -> Self {
        let EstimateInput {
            experiment,
            phase,
            tree,
            frozen,
            ..
        } = input;
        let leaves = tree.leaves();
        let is_norm = |leaf: &LayerNode| leaf.kind.starts_with("BatchNorm");
        let policy = experiment.backbone.frozen_norm;
        let learns: Vec<bool> = leaves
            .iter()
            .zip(*frozen)
            .map(|(leaf, frozen)| !frozen || is_norm(leaf) && policy == NormPolicy::Train)
            .collect();
        let changes = |index: usize| {
            learns[index]
                || is_norm(leaves[index]) && frozen[index] && policy == NormPolicy::AdaptStatistics
        };
        let count = learns.len();
        let steady = (0..count).find(|&index| changes(index)).unwrap_or(count);
        let first_learning = learns.iter().position(|&learns| learns).unwrap_or(count);
        let views = kept_views(&experiment.augmentation);
        let keeps_features = steady > 0 && views.is_some();

        let mut cost = 0.0;
        let mut whole = 0.0;
        let mut trainable = input.head_parameters;
        let mut all = input.head_parameters;
        let head = &experiment.head;
        let pooled = |channels: i64| pooled_width(head, channels).unsigned_abs();
        let all_pooled = pooled(tree.head_features(head.stages));
        let (mut outputs, mut largest) = (all_pooled, 0);
        // In front of the first layer that changes: a layer's input and output stand side by side.
        let (mut frozen, mut frozen_outputs, mut before) = (0.0, 0, 0);
        let mut evaluated_outputs = 0;
        for (index, leaf) in leaves.iter().take(count).enumerate() {
            let forward = leaf.multiply_adds as f64;
            whole += forward * (1.0 + BACKWARD);
            let side_by_side = before + numbers(leaf);
            before = numbers(leaf);
            if index < steady {
                frozen += forward;
                frozen_outputs = frozen_outputs.max(side_by_side);
            } else {
                evaluated_outputs = evaluated_outputs.max(side_by_side);
            }
            cost += forward
                * match index {
                    _ if index < steady && keeps_features => 0.0,
                    _ if index < first_learning => 1.0,
                    _ if learns[index] => 1.0 + BACKWARD,
                    _ => BACKWARD,
                };
            all += leaf.parameters;
            if learns[index] {
                trainable += leaf.parameters;
            }
            if index >= first_learning {
                outputs += numbers(leaf);
                largest = largest.max(numbers(leaf));
            }
        }
        let training = &experiment.training;
        let micro_batch = u64::from(training.micro_batch.unwrap_or(training.batch_size));
        let learned_number = if input.is_mixed {
            ROUNDED_NUMBER
        } else {
            NUMBER
        };
        // A dense head has about one multiply-add for each parameter.
        let head_cost = input.head_parameters as f64 * (1.0 + BACKWARD);
        let kept = 1 + u64::from(experiment.training.weight_averaging.is_some());
        let features = match input.pictures {
            Some(PictureCounts {
                train, validation, ..
            }) if keeps_features => {
                let of_one = if steady == count {
                    all_pooled
                } else {
                    let stages = tree.earlier_stages(head.stages).into_iter();
                    let passed = stages.filter(|stage| stage.end <= steady);
                    let earlier = pooled(passed.map(|stage| stage.features).sum());
                    ending_at(&tree.root, steady, &mut 0).map_or(0, numbers) + earlier
                };
                let rows = train * views.unwrap_or(1) as usize + validation;
                rows as u64 * of_one * NUMBER
            }
            _ => 0,
        };
        Self {
            weights: (2 * all + kept * trainable) * NUMBER,
            gradients: trainable * NUMBER,
            optimizer: NUMBER
                * match phase.optimizer {
                    Optimizer::LogisticRegression { .. } => {
                        let train = input.pictures.map_or(0, |pictures| pictures.train);
                        solver_numbers(train as u64 * u64::from(views.unwrap_or(1)), all_pooled)
                    }
                    _ => trainable * moments(&phase.optimizer),
                },
            activations: ((outputs + BACKWARD_TENSORS * largest) * micro_batch * learned_number)
                .max(frozen_outputs * piece(tree.input_size) as u64 * NUMBER),
            frozen_picture: frozen_outputs * NUMBER,
            evaluated_picture: evaluated_outputs * NUMBER,
            features,
            pictures: input.pictures.map_or(0, |pictures| {
                let seen = match (keeps_features, steady > 0) {
                    // Decoded when the network comes to them: some batches of them at a time.
                    (true, _) => pictures.all().min(PASSING),
                    // Every epoch sees them anew; of the others, features are kept.
                    (false, true) => pictures.train + PASSING,
                    (false, false) => pictures.all(),
                };
                square_bytes(tree.input_size, seen)
            }),
            decoding: input.pictures.map_or(0, |pictures| {
                decoding_bytes(pictures.largest_pixels, rayon::current_num_threads())
            }),
            frozen_share: if whole > 0.0 {
                frozen / (whole / (1.0 + BACKWARD))
            } else {
                0.0
            },
            epoch_cost: if whole + head_cost > 0.0 {
                (cost + head_cost) / (whole + head_cost)
            } else {
                0.0
            },
            keeps_features,
            is_mixed: input.is_mixed,
        }
    }

    /// Bytes of a graphics card's memory that training takes, but for features, which are kept there while they fit. More
    /// pictures pass its frozen part at once.
    pub fn on_device(&self) -> u64 {
        let frozen = self.frozen_picture.max(self.evaluated_picture) * CARD_FORWARD_BATCH as u64;
        self.weights + self.gradients + self.optimizer + self.activations.max(frozen)
    }

    /// Bytes in all.
    pub fn memory(&self) -> u64 {
        self.parts().iter().map(|(_, bytes)| bytes).sum()
    }

    /// Outputs of layers while a batch is learned from, or while pictures are validated: whichever is more.
    fn outputs(&self) -> u64 {
        self.activations
            .max(self.evaluated_picture * CPU_FORWARD_BATCH as u64)
    }

    /// Bytes of the process's own where `room` bytes may hold features, and pictures beyond a budget are kept in a file,
    /// while validation and test take `evaluated` pictures at once.
    pub fn memory_within(&self, room: u64, evaluated: u64) -> u64 {
        let outputs = self.activations.max(self.evaluated_picture * evaluated);
        let kept = (self.features + self.pictures).min(room);
        PROGRAM + self.weights + self.gradients + self.optimizer + outputs + kept + self.decoding
    }

    /// What it is made of, a line each.
    pub fn parts(&self) -> [(&'static str, u64); 8] {
        [
            ("Program and libtorch", PROGRAM),
            ("Weights and their copies", self.weights),
            ("Gradients", self.gradients),
            ("Optimizer", self.optimizer),
            ("Outputs of one batch", self.outputs()),
            ("Kept features", self.features),
            ("Decoded pictures", self.pictures),
            ("Decoding", self.decoding),
        ]
    }
}

/// The outermost module whose last leaf is the one before leaf `end`: its output is what the next
/// layer sees, while the leaf itself may be one that is used repeatedly. `first` is the number of
/// leaves before `node`, and is moved behind it.
fn ending_at<'a>(node: &'a LayerNode, end: usize, first: &mut usize) -> Option<&'a LayerNode> {
    let before = *first;
    *first += leaf_count(node);
    if *first == end {
        return Some(node);
    }
    if *first < end {
        return None;
    }
    let mut next = before;
    node.children
        .iter()
        .find_map(|child| ending_at(child, end, &mut next))
}

fn leaf_count(node: &LayerNode) -> usize {
    match node.children.as_slice() {
        [] => 1,
        children => children.iter().map(leaf_count).sum(),
    }
}

/// Numbers in a module's output for one picture.
fn numbers(node: &LayerNode) -> u64 {
    node.output_shape
        .iter()
        .map(|side| side.unsigned_abs())
        .product()
}

/// Numbers that an optimizer remembers for every one that learns.
fn moments(optimizer: &Optimizer) -> u64 {
    match optimizer {
        Optimizer::Sgd { momentum, .. } => u64::from(*momentum > 0.0),
        Optimizer::Adam { .. } | Optimizer::AdamW { .. } => 2,
        Optimizer::RmsProp { momentum, .. } => 1 + u64::from(*momentum > 0.0),
        Optimizer::LogisticRegression { .. } => 0,
    }
}

/// Numbers in single precision that logistic regression holds at most: its rows as they came, standardised and as a tensor, and
/// products of its features, three times in double precision.
fn solver_numbers(rows: u64, features: u64) -> u64 {
    const COPIES: u64 = 3;
    let products = match features <= MOST_FEATURES_TOGETHER as u64 {
        true => 2 * COPIES * features * features,
        false => 0,
    };
    (COPIES * rows * features).saturating_add(products)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{FreezePlan, Views};
    use crate::models::freeze::frozen_leaves;
    use crate::models::outline;

    fn estimate(freeze: FreezePlan, change: impl Fn(&mut Experiment)) -> Estimate {
        let tree = outline("resnet18", 224).unwrap();
        let mut experiment = Experiment::default();
        experiment.augmentation.horizontal_flip = true;
        experiment.augmentation.views = Views::Cached(2);
        experiment.training.batch_size = 32;
        change(&mut experiment);
        Estimate::new(&EstimateInput {
            experiment: &experiment,
            phase: &Phase::default(),
            tree: &tree,
            frozen: &frozen_leaves(&freeze, &tree).unwrap(),
            head_parameters: 1_026,
            is_mixed: false,
            pictures: Some(PictureCounts {
                train: 1_000,
                validation: 200,
                test: 100,
                largest_pixels: 0,
            }),
        })
    }

    #[test]
    fn a_head_that_is_solved_holds_its_rows() {
        let of = |optimizer: Optimizer| {
            let tree = outline("resnet18", 224).unwrap();
            let mut experiment = Experiment::default();
            experiment.phases[0].optimizer = optimizer;
            experiment.fit_to_solver(0);
            let pictures = PictureCounts {
                train: 1000,
                ..PictureCounts::default()
            };
            Estimate::new(&EstimateInput {
                experiment: &experiment,
                phase: &experiment.phases[0],
                tree: &tree,
                frozen: &vec![true; tree.leaves().len()],
                head_parameters: 1000,
                is_mixed: false,
                pictures: Some(pictures),
            })
            .optimizer
        };
        let rows = of(Optimizer::LogisticRegression { c: None });
        assert_eq!(rows, 4 * (3 * 1000 * 512 + 6 * 512 * 512));
        assert_eq!(of(Optimizer::sgd()), 4 * 1000);
    }

    #[test]
    fn a_frozen_backbone_costs_nothing_once_its_features_are_kept() {
        let whole = estimate(FreezePlan::Nothing, |_| ());
        assert_eq!(whole.epoch_cost, 1.0);
        assert_eq!((whole.features, whole.keeps_features), (0, false));
        let kept = estimate(FreezePlan::Backbone, |_| ());
        assert!(kept.epoch_cost > 0.0 && kept.epoch_cost < 1e-5);
        // 512 features of two views of each training and one of each validation picture.
        assert_eq!(kept.features, (2 * 1_000 + 200) * 512 * 4);
        let fresh = estimate(FreezePlan::Backbone, |experiment| {
            experiment.augmentation.views = Views::Fresh;
        });
        assert!((fresh.epoch_cost - 1.0 / 3.0).abs() < 1e-4);
        assert_eq!(fresh.features, 0);
        // Statistics that move forbid keeping anything behind the first of them.
        let adapting = estimate(FreezePlan::Backbone, |experiment| {
            experiment.backbone.frozen_norm = NormPolicy::AdaptStatistics;
        });
        assert!((0.2..0.33).contains(&adapting.epoch_cost));
    }

    #[test]
    fn what_is_kept_is_the_output_of_the_frozen_blocks() {
        // The last leaf of an EfficientNet-Lite block is the activation it shares, which is as
        // wide as the block is inside; what is kept is the block's own output, 40 x 28 x 28.
        let tree = outline("efficientnet_lite0", 224).unwrap();
        let plan = FreezePlan::Below("_blocks.5".into());
        let estimate = Estimate::new(&EstimateInput {
            experiment: &Experiment::default(),
            phase: &Phase::default(),
            tree: &tree,
            frozen: &frozen_leaves(&plan, &tree).unwrap(),
            head_parameters: 0,
            is_mixed: false,
            pictures: Some(PictureCounts {
                train: 10,
                ..PictureCounts::default()
            }),
        });
        assert_eq!(estimate.features, 10 * 40 * 28 * 28 * 4);
    }

    #[test]
    fn memory_counts_what_learns() {
        let tree = outline("resnet18", 224).unwrap();
        let last = estimate(FreezePlan::Below("layer4".into()), |_| ());
        let learns = tree.find("layer4").unwrap().parameters + 1_026;
        assert_eq!(last.gradients, 4 * learns);
        assert_eq!(last.optimizer, 8 * learns, "Adam has two moments");
        assert_eq!(
            last.weights,
            4 * (2 * (tree.root.parameters + 1_026) + learns)
        );
        // layer4 has 12 leaves of 512 x 7 x 7, six more of which the backward pass needs, and 512 pooled features. Of the
        // frozen stem, the first BatchNorm's input and output are 64 x 112 x 112.
        let learning = 32 * 4 * (18 * 512 * 49 + 512);
        assert_eq!(last.activations, learning);
        let small = estimate(FreezePlan::Below("layer4".into()), |experiment| {
            experiment.training.batch_size = 16;
        });
        assert_eq!(
            small.activations,
            piece(224) as u64 * 4 * 2 * 64 * 112 * 112
        );
        assert!(small.activations > learning / 2);
        let large = estimate(FreezePlan::Below("layer4".into()), |experiment| {
            experiment.training.batch_size = 320;
        });
        assert_eq!(large.activations, 10 * learning);
        let split = estimate(FreezePlan::Below("layer4".into()), |experiment| {
            experiment.training.batch_size = 320;
            experiment.training.micro_batch = Some(256);
        });
        assert_eq!(split.activations, 8 * learning);
        assert_eq!(last.pictures, square_bytes(224, PASSING));
        let parts: u64 = last.parts().iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(parts, last.memory());
        let all = estimate(FreezePlan::Nothing, |_| ());
        assert_eq!(all.pictures, 1_300 * 224 * 224 * 3);
        assert!(all.activations > 10 * learning);
        assert_eq!((all.frozen_share, last.frozen_share > 0.5), (0.0, true));
        assert!(all.epoch_cost > last.epoch_cost);
        // A hole: gradients pass through what is frozen behind the first layer that learns.
        let hole = estimate(FreezePlan::Custom(vec!["layer3".into()]), |_| ());
        let (share, whole) = (
            tree.find("layer3").unwrap().multiply_adds as f64,
            tree.root.multiply_adds as f64,
        );
        assert!((hole.epoch_cost - (1.0 - share / whole / 3.0)).abs() < 1e-4);
    }
}
