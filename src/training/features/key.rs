//! What features depend on, as names that change when any of it changes.
//!
//! A [`Recipe`] is everything but the picture: network, weights, depth, preprocessing, precision, machine. A
//! [`RowKey`] is the picture's bytes and how it is seen. Both are SHA-256 over parts that are each preceded by
//! their length, so that no two lists of parts read the same.

use std::ops::Range;

use sha2::{Digest, Sha256};
use tch::{Device, Tensor};

use super::pack::{RowKey, VERSION};
use crate::data::augment::{Orientation, flips, only_flips};
use crate::data::decode::DECODER_VERSION;
use crate::data::square::SquareSpec;
use crate::experiment::{Augmentation, Experiment, Pooling};
use crate::models::ModelError;
use crate::models::device::discover;
use crate::models::fold::way;
use crate::models::parameters::ParameterEntry;
use crate::training::network::Network;
use crate::training::precision::of_run::FrozenPrecision;
use crate::training::sample::Transform;

/// Everything that features depend on but the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::training) struct Recipe([u8; 32]);

impl Recipe {
    /// The name of its folder.
    pub fn name(&self) -> String {
        hex::encode(self.0)
    }

    #[cfg(test)]
    pub fn for_tests(number: u8) -> Self {
        Self([number; 32])
    }
}

/// What does not change within a run.
#[derive(Debug, Clone)]
pub(in crate::training) struct Surroundings {
    pub backbone: String,
    pub spec: SquareSpec,
    /// Whose mean and deviation pictures get.
    pub mean: [f64; 3],
    pub deviation: [f64; 3],
    pub precision: &'static str,
    /// Of the head, which pools the last segment's output.
    pub pooling: Pooling,
    /// Stages whose pooled features the head takes: those of earlier ones stand beside the grid.
    pub stages: u32,
    /// What computes, and with what.
    pub machine: String,
}

impl Surroundings {
    /// Of the frozen part of `network`, which sees squares of `spec`, when `device` computes it. The network may stand
    /// elsewhere.
    pub fn of(
        network: &Network,
        experiment: &Experiment,
        spec: &SquareSpec,
        device: Device,
    ) -> Self {
        let head = &experiment.head;
        Self {
            backbone: experiment.backbone.name.clone(),
            spec: *spec,
            mean: network.pretrained.mean,
            deviation: network.pretrained.std,
            precision: FrozenPrecision::of(network.frozen_kind).name(),
            pooling: head.pooling,
            stages: head.stages,
            machine: match device {
                Device::Cpu => machine(device),
                device => format!("{}, TF32 {}", machine(device), experiment.training.tf32),
            },
        }
    }

    /// The recipe of the features after the segments whose weights are `segments`; `is_pooled` after the last one.
    pub fn recipe(&self, segments: &[[u8; 32]], is_pooled: bool) -> Recipe {
        let mut hash = Hash::new("features");
        hash.number(u64::from(VERSION));
        // Another version may compute otherwise.
        hash.text(env!("CARGO_PKG_VERSION"));
        // Another decoder sees other pixels.
        hash.number(u64::from(DECODER_VERSION));
        hash.text(&self.machine);
        hash.text(&self.backbone);
        hash.text(self.precision);
        hash.text(&way(self.spec.side));
        // All fields, also those that are added later.
        hash.text(&format!("{:?}", self.spec));
        for value in self.mean.iter().chain(&self.deviation) {
            hash.number(value.to_bits());
        }
        hash.text(&match (is_pooled, self.stages) {
            (true, 1) => format!("pooled {:?}", self.pooling),
            (false, 1) => "grid".into(),
            (is_pooled, stages) => {
                format!("{:?} of {stages} stages, end {is_pooled}", self.pooling)
            }
        });
        hash.number(segments.len() as u64);
        for segment in segments {
            hash.part(segment);
        }
        Recipe(hash.finish())
    }
}

/// The processor, because another one adds up in another order; the threads, because they decide where
/// vectors end.
fn machine(device: Device) -> String {
    let devices = discover();
    let threads = tch::get_num_threads();
    match device {
        // Pictures are augmented there.
        Device::Cuda(index) => format!("{:?}, augmented there", devices.cuda.get(index)),
        _ => format!("{}, {threads} at work", devices.cpu),
    }
}

/// Whether a picture's features are the same, bit for bit, whatever other pictures are in its batch.
///
/// Pictures pass by [`crate::models::fold::piece`]. libtorch hands their values to threads in equal shares; with 1, 2 or 4
/// threads each share is a whole number of vectors, so that every value is computed by the same instructions
/// wherever its picture stands. Otherwise, and on other devices, a picture is only looked for in the very batch that
/// it was computed in.
pub(in crate::training) fn stands_alone(device: Device) -> bool {
    device == Device::Cpu && [1, 2, 4].contains(&tch::get_num_threads())
}

/// The keys of rows that are computed in batches in this order. `pictures`: what each is and how it is seen, `None`
/// for one that must not be kept. `batch`: how many are computed together, where that matters.
pub(super) fn row_keys(pictures: &[Option<[u8; 32]>], batch: Option<usize>) -> Vec<Option<RowKey>> {
    let Some(batch) = batch else {
        return pictures.iter().map(|key| key.map(RowKey)).collect();
    };
    let mut keys = Vec::with_capacity(pictures.len());
    for batch in pictures.chunks(batch.max(1)) {
        let whole: Option<Vec<[u8; 32]>> = batch.iter().copied().collect();
        for position in 0..batch.len() {
            keys.push(whole.as_ref().map(|whole| {
                let mut hash = Hash::new("row of a batch");
                hash.number(position as u64);
                for key in whole {
                    hash.part(key);
                }
                RowKey(hash.finish())
            }));
        }
    }
    keys
}

/// What a picture is and how it is seen, in one.
pub(super) fn seen(
    identity: &[u8; 32],
    transform: Transform,
    augmentation: &Augmentation,
) -> [u8; 32] {
    let mut hash = Hash::new("picture");
    hash.part(identity);
    let orientation = match transform {
        Transform::Plain => Some(Orientation::PLAIN),
        Transform::Oriented(orientation) => Some(orientation),
        Transform::Augmented { view, .. } => only_flips(augmentation, view).map(|view| {
            let (horizontally, vertically) = flips(augmentation, view);
            Orientation {
                transposed: false,
                horizontally,
                vertically,
            }
        }),
    };
    match (orientation, transform) {
        (Some(orientation), _) => {
            hash.text(match orientation.transposed {
                true => "transposed",
                false => "flipped",
            });
            hash.number(u64::from(orientation.horizontally));
            hash.number(u64::from(orientation.vertically));
        }
        (None, Transform::Augmented { seed, view }) => {
            hash.text("augmented");
            hash.number(seed);
            hash.number(u64::from(view));
            hash.text(&changes_text(augmentation));
        }
        // The two before hold for all others.
        (None, transform) => hash.text(&format!("{transform:?}")),
    }
    hash.finish()
}

/// All that decides what is drawn for a picture: neither how many versions there are, nor what pictures are mixed with. What
/// was added later stands in it only where it is on, so that earlier versions' features are found.
fn changes_text(augmentation: &Augmentation) -> String {
    let Augmentation {
        views: _,
        horizontal_flip,
        vertical_flip,
        rotation,
        zoom,
        translation,
        crop,
        contrast,
        brightness,
        color_jitter,
        cutout,
        trivial_augment,
        mixup: _,
        cutmix: _,
    } = augmentation;
    let mut text = format!(
        "Augmentation {{ views: Fresh, horizontal_flip: {horizontal_flip:?}, vertical_flip: {vertical_flip:?}, rotation: {rotation:?}, zoom: {zoom:?}, translation: {translation:?}, crop: {crop:?}, contrast: {contrast:?}, brightness: {brightness:?}, color_jitter: {color_jitter:?}, cutout: {cutout:?}"
    );
    if *trivial_augment {
        text.push_str(", trivial_augment: true");
    }
    text.push_str(" }");
    text
}

/// A name for the first `segments` segments of `network` with their weights, and for the device that computes them.
pub(in crate::training) fn weights_name(
    network: &Network,
    segments: usize,
    device: Device,
    digests: &mut SegmentDigests,
) -> Result<String, ModelError> {
    let mut hash = Hash::new("weights");
    hash.text(env!("CARGO_PKG_VERSION"));
    hash.text(&machine(device));
    hash.text(&way(network.side));
    hash.number(u64::from(network.side));
    for digest in digests.of(network, segments)? {
        hash.part(digest);
    }
    Ok(hex::encode(hash.finish()))
}

/// Digests of the leading segments' weights, each computed when it is asked for first.
#[derive(Debug, Default)]
pub(in crate::training) struct SegmentDigests(Vec<[u8; 32]>);

impl SegmentDigests {
    /// Of the first `segments` segments of `network`, always the same one.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn of(&mut self, network: &Network, segments: usize) -> Result<&[[u8; 32]], ModelError> {
        while self.0.len() < segments {
            let leaves = network.segment_leaves(self.0.len());
            self.0
                .push(segment_digest(network.base_entries(), &leaves)?);
        }
        Ok(&self.0[..segments])
    }

    /// Weights beyond `depth` have changed.
    pub fn forget_beyond(&mut self, depth: usize) {
        self.0.truncate(depth);
    }
}

/// The weights of one segment: names, shapes and values.
fn segment_digest<'a>(
    entries: impl Iterator<Item = &'a ParameterEntry>,
    leaves: &Range<usize>,
) -> Result<[u8; 32], ModelError> {
    let mut hash = Hash::new("segment");
    for entry in entries.filter(|entry| leaves.contains(&entry.leaf)) {
        hash.text(&entry.name);
        hash.text(&format!(
            "{:?} {:?}",
            entry.tensor.kind(),
            entry.tensor.size()
        ));
        hash.part(&bytes_of(&entry.tensor)?);
    }
    Ok(hash.finish())
}

/// The values of a tensor as they lie in memory, in the order of its indices.
pub(super) fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>, tch::TchError> {
    let tensor = tensor.f_detach()?.f_to(Device::Cpu)?.f_contiguous()?;
    let count = tensor.numel();
    let mut bytes = vec![0; count * tensor.f_kind()?.elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, count)?;
    Ok(bytes)
}

/// SHA-256 over parts that can't run into each other.
struct Hash(Sha256);

impl Hash {
    fn new(what: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.text(what);
        hash
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.part(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.part(&number.to_le_bytes());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::data::Pixels;
    use crate::data::augment::augment;
    use crate::data::square::Interpolation;
    use crate::experiment::Fit;
    use crate::experiment::Views;
    use crate::models::parameters::Role;
    use crate::training::micro_batch::CPU_FORWARD_BATCH as BATCH;

    fn surroundings() -> Surroundings {
        Surroundings {
            backbone: "resnet18".into(),
            spec: SquareSpec {
                side: 224,
                resize: 256,
                interpolation: Interpolation::Bilinear,
                fit: Fit::CenterCrop,
                background: [1, 2, 3],
            },
            mean: [0.5, 0.4, 0.3],
            deviation: [0.2; 3],
            precision: "fp32",
            pooling: Pooling::Average,
            stages: 1,
            machine: "CPU".into(),
        }
    }

    #[test]
    fn a_recipe_changes_with_everything_that_features_depend_on() {
        let recipe = |change: &dyn Fn(&mut Surroundings)| {
            let mut changed = surroundings();
            change(&mut changed);
            changed.recipe(&[[1; 32], [2; 32]], true)
        };
        let same = recipe(&|_| ());
        assert_eq!(same, recipe(&|_| ()));
        let others = [
            recipe(&|s| s.backbone = "resnet34".into()),
            recipe(&|s| s.spec.side = 225),
            recipe(&|s| s.spec.resize = 232),
            recipe(&|s| s.spec.interpolation = Interpolation::Bicubic),
            recipe(&|s| s.spec.fit = Fit::Pad),
            recipe(&|s| s.spec.background[2] = 4),
            recipe(&|s| s.mean[1] = 0.41),
            recipe(&|s| s.deviation[2] = 0.21),
            recipe(&|s| s.precision = "bf16"),
            recipe(&|s| s.pooling = Pooling::Max),
            recipe(&|s| s.stages = 2),
            recipe(&|s| (s.stages, s.pooling) = (2, Pooling::Max)),
            recipe(&|s| s.machine = "another".into()),
            surroundings().recipe(&[[1; 32], [3; 32]], true),
            surroundings().recipe(&[[1; 32]], true),
            surroundings().recipe(&[[1; 32], [2; 32]], false),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(*other, same, "{index}");
            assert!(!others[index + 1..].contains(other), "{index}");
        }
        // Pooling comes after the grid.
        let grid = |pooling| {
            let changed = Surroundings {
                pooling,
                ..surroundings()
            };
            changed.recipe(&[[1; 32]], false)
        };
        assert_eq!(grid(Pooling::Average), grid(Pooling::Max));
        // But that of earlier stages stands beside it.
        let beside = |pooling| {
            let changed = Surroundings {
                pooling,
                stages: 2,
                ..surroundings()
            };
            changed.recipe(&[[1; 32]], false)
        };
        assert_ne!(beside(Pooling::Average), beside(Pooling::Max));
    }

    #[test]
    fn weights_are_told_by_every_value() {
        let entry = |name: &str, values: &[f32], leaf| ParameterEntry {
            name: name.into(),
            tensor: Tensor::from_slice(values),
            role: Role::Parameter,
            leaf,
        };
        let digest = |entries: &[ParameterEntry]| segment_digest(entries.iter(), &(0..2)).unwrap();
        let same = digest(&[entry("a", &[1.0, 2.0], 0), entry("b", &[3.0], 1)]);
        assert_eq!(
            digest(&[
                entry("a", &[1.0, 2.0], 0),
                entry("b", &[3.0], 1),
                entry("c", &[9.0], 2)
            ]),
            same,
            "of another segment"
        );
        for other in [
            digest(&[entry("a", &[1.0, 2.0], 0), entry("b", &[3.0000002], 1)]),
            digest(&[entry("a", &[1.0], 0), entry("b", &[2.0, 3.0], 1)]),
            digest(&[entry("a", &[1.0, 2.0], 0), entry("d", &[3.0], 1)]),
        ] {
            assert_ne!(other, same);
        }
    }

    #[test]
    fn a_row_of_a_batch_is_told_by_the_whole_batch() {
        let pictures: Vec<_> = (0..40u8).map(|number| Some([number; 32])).collect();
        let keys = row_keys(&pictures, Some(BATCH));
        let mut swapped = pictures.clone();
        swapped.swap(0, 1);
        let others = row_keys(&swapped, Some(BATCH));
        assert!(keys.iter().zip(&others).take(BATCH).all(|(a, b)| a != b));
        assert_eq!(keys[BATCH..], others[BATCH..]);
        assert_eq!(row_keys(&pictures, None)[3], Some(RowKey([3; 32])));
        let mut unknown = pictures;
        unknown[2] = None;
        let keys = row_keys(&unknown, Some(BATCH));
        assert!(keys[..BATCH].iter().all(Option::is_none) && keys[BATCH].is_some());
    }

    /// What an earlier version wrote, so that its features are found.
    #[test]
    fn what_is_drawn_is_named_as_ever() {
        let mut augmentation = Augmentation {
            horizontal_flip: true,
            rotation: 20.0,
            zoom: 0.15,
            views: Views::Cached(4),
            ..Augmentation::default()
        };
        let known = "Augmentation { views: Fresh, horizontal_flip: true, vertical_flip: false, rotation: 20.0, zoom: 0.15, translation: 0.0, crop: 0.0, contrast: 0.0, brightness: 0.0, color_jitter: 0.0, cutout: 0.0 }";
        assert_eq!(changes_text(&augmentation), known);
        augmentation.mixup = 0.2;
        augmentation.cutmix = 1.0;
        assert_eq!(changes_text(&augmentation), known);
        augmentation.trivial_augment = true;
        assert_ne!(changes_text(&augmentation), known);
    }

    fn augmentations() -> impl Strategy<Value = Augmentation> {
        (any::<[bool; 3]>(), 0..3u8, 0..2u8, 1..5u32).prop_map(
            |([horizontal_flip, vertical_flip, trivial_augment], rotation, brightness, views)| {
                Augmentation {
                    views: Views::Cached(views),
                    horizontal_flip,
                    vertical_flip,
                    trivial_augment,
                    rotation: f64::from(rotation) * 20.0,
                    brightness: f64::from(brightness) * 0.3,
                    ..Augmentation::default()
                }
            },
        )
    }

    proptest! {
        /// Two views with one key are one picture, whatever the augmentation.
        #[test]
        fn equal_keys_are_equal_pictures(
            views in prop::collection::vec((augmentations(), 0..2u64, 0..5u32, any::<bool>()), 2..12),
        ) {
            let rgb = (0..8 * 8 * 3).map(|value| (value * 37 % 251) as u8).collect();
            let picture = Pixels { width: 8, height: 8, rgb };
            let mut by_key: HashMap<[u8; 32], Pixels> = HashMap::new();
            for (augmentation, seed, view, is_plain) in views {
                let (transform, pixels) = if is_plain {
                    (Transform::Plain, picture.clone())
                } else {
                    (Transform::Augmented { seed, view }, augment(&picture, &augmentation, seed, view))
                };
                let known = by_key.entry(seen(&[7; 32], transform, &augmentation)).or_insert_with(|| pixels.clone());
                prop_assert_eq!(&*known, &pixels);
            }
        }
    }
}
