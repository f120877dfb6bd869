//! Mixup and CutMix on whole batches of pictures. Targets are those of [`crate::training::loss::Loss::mixed_mean`].
//!
//! Each picture is mixed with the one before it in the batch, whose order every epoch draws anew; the whole batch is mixed before
//! it is divided into parts, so that a step is the same however many pictures are computed at once. Pictures are mixed, and never
//! features: what is frozen computes mixed pictures, which no other epoch sees again.

use tch::{TchError, Tensor};

use super::seeds::{self, Purpose};
use crate::data::augment::Mixing;
use crate::experiment::Experiment;
use crate::libtorch::numbers::WithNumber;

/// How batch `batch` of `epoch`, both of the whole epoch, is mixed. `side`: of its squares.
pub(super) fn mixing_of(
    experiment: &Experiment,
    epoch: u32,
    batch: usize,
    side: u32,
) -> Option<Mixing> {
    let seed = seeds::mix(
        experiment.seed,
        Purpose::Mixing,
        u64::from(epoch),
        batch as u64,
    );
    Mixing::drawn(&experiment.augmentation, seed, (side, side))
}

/// The partners of a batch's rows `[N, …]`: those before them.
pub(super) fn partners(rows: &Tensor) -> Result<Tensor, TchError> {
    rows.f_roll([1i64].as_slice(), [0i64].as_slice())
}

/// `pictures`, `[N, C, H, W]`, mixed as `mixing` says: a new tensor.
pub(super) fn mixed(pictures: &Tensor, mixing: &Mixing) -> Result<Tensor, TchError> {
    let Some(pasted) = mixing.pasted else {
        return partners(pictures)?.f_lerp_number_(pictures, mixing.own_share);
    };
    let mut mixed = pictures.f_empty_like()?;
    mixed.f_copy_(pictures)?;
    if pasted.width > 0 && pasted.height > 0 {
        let rectangle = |pictures: &Tensor| {
            pictures
                .f_narrow(2, pasted.top as i64, pasted.height as i64)?
                .f_narrow(3, pasted.left as i64, pasted.width as i64)
        };
        rectangle(&mixed)?.f_copy_(&partners(&rectangle(pictures)?)?)?;
    }
    Ok(mixed)
}

/// For the log: what is mixed, and what becomes of targets and of the accuracy.
pub(super) fn mixing_line(experiment: &Experiment) -> Option<String> {
    let augmentation = &experiment.augmentation;
    let (mixup, cutmix) = (augmentation.mixup, augmentation.cutmix);
    let how = match (mixup > 0.0, cutmix > 0.0) {
        (false, false) => return None,
        (true, false) => format!("by mixup (alpha {mixup})"),
        (false, true) => format!("by CutMix (alpha {cutmix})"),
        (true, true) => {
            format!("by mixup (alpha {mixup}) or CutMix (alpha {cutmix}), drawn for each batch")
        }
    };
    Some(format!(
        "The pictures of each batch are mixed with each other {how}: the training loss counts both classes by their shares, the training accuracy the class with the larger share. What is frozen computes mixed pictures in every epoch"
    ))
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::data::augment::Rectangle;
    use crate::experiment::OutputLayer;
    use crate::models::device::tests_card;
    use crate::training::golden;
    use crate::training::loss::{Labels, Loss};

    /// The pictures of `tests/record_augmentation.py`.
    fn batch() -> Tensor {
        let values: Vec<f32> = (0..5 * 3 * 6 * 8)
            .map(|place| (0.37 * f64::from(place)).sin() as f32)
            .collect();
        Tensor::from_slice(&values).reshape([5, 3, 6, 8])
    }

    #[test]
    fn a_step_on_mixed_pictures_is_torchvision_s() {
        let text = include_str!("../../tests/golden/augmentation.json");
        let recorded: serde_json::Value = serde_json::from_str(text).unwrap();
        let cases = recorded["mixings"].as_array().unwrap();
        assert_eq!(cases.len(), 16);
        let labels = [0i64, 2, 1, 3, 2];
        for case in cases {
            let own_share = case["own_share"].as_f64().unwrap();
            let corners: Vec<usize> = match &case["box"] {
                serde_json::Value::Null => Vec::new(),
                corners => golden::numbers(corners)
                    .iter()
                    .map(|&corner| corner as usize)
                    .collect(),
            };
            let mixing = Mixing {
                own_share,
                pasted: match corners[..] {
                    [left, top, right, bottom] => Some(Rectangle {
                        left,
                        top,
                        width: right - left,
                        height: bottom - top,
                    }),
                    _ => None,
                },
            };
            let pictures = mixed(&batch(), &mixing).unwrap();
            let row = pictures.narrow(1, 1, 1).narrow(2, 2, 1);
            golden::assert_close(&row, &golden::numbers(&case["mixed"]), "mixed");

            let start: Vec<f32> = (0..4 * 3 * 6 * 8)
                .map(|place| (0.1 * (0.23 * f64::from(place)).cos()) as f32)
                .collect();
            let weights = Tensor::from_slice(&start)
                .reshape([4, 144])
                .set_requires_grad(true);
            let logits = pictures.reshape([5, 144]).matmul(&weights.tr());
            let class_weights =
                (!case["class_weights"].is_null()).then(|| golden::numbers(&case["class_weights"]));
            let smoothing = case["label_smoothing"].as_f64().unwrap();
            let loss = Loss::new(
                OutputLayer::Softmax,
                smoothing,
                class_weights.as_deref(),
                Device::Cpu,
            )
            .unwrap();
            let own = Tensor::from_slice(&labels);
            let partner = partners(&own).unwrap();
            let partner_labels = [2i64, 0, 2, 1, 3];
            // All at once, and in two parts.
            for ends in [&[0, 5usize][..], &[0, 2, 5]] {
                let mut sum = Tensor::zeros([], (Kind::Float, Device::Cpu));
                for ends in ends.windows(2) {
                    let part = ends[0]..ends[1];
                    let narrow =
                        |tensor: &Tensor| tensor.narrow(0, part.start as i64, part.len() as i64);
                    let numbers = (&labels[part.clone()], &partner_labels[part.clone()]);
                    let weight = loss.mixed_weight(numbers.0, numbers.1, own_share);
                    let all = loss.mixed_weight(&labels, &partner_labels, own_share);
                    let of = |there, numbers| Labels { there, numbers };
                    let (own, partner) = (narrow(&own), narrow(&partner));
                    let (own, partner) = (of(&own, numbers.0), of(&partner, numbers.1));
                    let value = loss.mixed_mean(&narrow(&logits), own, partner, own_share);
                    sum += value.unwrap() * (weight / all);
                }
                golden::assert_close(&sum.reshape([1]), &[case["loss"].as_f64().unwrap()], "loss");
                let gradient = Tensor::run_backward(&[&sum], &[&weights], true, false);
                let every = Tensor::arange_start_step(0, 144, 29, (Kind::Int64, Device::Cpu));
                golden::assert_close(
                    &gradient[0].index_select(1, &every),
                    &golden::numbers(&case["gradient"]),
                    "gradient",
                );
            }
        }
    }

    #[test]
    fn pictures_on_a_card_too_keep_their_place_in_memory() {
        for device in [Some(Device::Cpu), tests_card()].into_iter().flatten() {
            // As they come from bytes: channels last.
            let pictures = batch()
                .permute([0, 2, 3, 1])
                .contiguous()
                .to(device)
                .permute([0, 3, 1, 2]);
            let before = pictures.copy();
            for pasted in [
                None,
                Some(Rectangle {
                    left: 1,
                    top: 0,
                    width: 3,
                    height: 2,
                }),
            ] {
                let mixing = Mixing {
                    own_share: 0.4,
                    pasted,
                };
                let mixed = mixed(&pictures, &mixing).unwrap();
                assert_eq!(mixed.stride(), pictures.stride());
                assert_eq!(pictures, before);
                // A batch of one has no partner but itself.
                let alone = pictures.narrow(0, 0, 1);
                let same = super::mixed(&alone, &mixing).unwrap();
                assert!((same - alone).abs().max().double_value(&[]) < 1e-6);
            }
        }
    }

    #[test]
    fn draws_depend_on_seed_epoch_and_batch() {
        let mut experiment = Experiment::default();
        experiment.augmentation.mixup = 0.4;
        let first = mixing_of(&experiment, 1, 0, 224);
        assert_eq!(first, mixing_of(&experiment, 1, 0, 224));
        assert_ne!(first, mixing_of(&experiment, 2, 0, 224));
        assert_ne!(first, mixing_of(&experiment, 1, 1, 224));
        experiment.seed += 1;
        assert_ne!(first, mixing_of(&experiment, 1, 0, 224));
        experiment.augmentation.mixup = 0.0;
        assert_eq!(mixing_of(&experiment, 1, 0, 224), None);
    }
}
