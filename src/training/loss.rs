//! The losses that a head is trained on, and the plain one that it is judged by.

use tch::{Device, Kind, Reduction, TchError, Tensor};

use crate::experiment::{ClassWeights, OutputLayer};
use crate::libtorch::numbers::WithNumber;

/// Cross-entropy of a head's logits, with label smoothing and class weights, as PyTorch has it.
#[derive(Debug)]
pub struct Loss {
    output: OutputLayer,
    label_smoothing: f64,
    /// One per class, `[classes]`.
    class_weights: Option<Tensor>,
    /// The same where nobody waits for a device.
    given: Option<Vec<f64>>,
}

impl Loss {
    /// `class_weights` as [`class_weights`] gives them.
    pub fn new(
        output: OutputLayer,
        label_smoothing: f64,
        class_weights: Option<&[f64]>,
        device: Device,
    ) -> Result<Self, TchError> {
        let there = match class_weights {
            Some(weights) => Some(
                Tensor::f_from_slice(weights)?
                    .f_to_kind(Kind::Float)?
                    .f_to(device)?,
            ),
            None => None,
        };
        Ok(Self {
            output,
            label_smoothing,
            class_weights: there,
            given: class_weights.map(<[f64]>::to_vec),
        })
    }

    /// What each class counts, where that differs.
    pub fn class_weights(&self) -> Option<&[f64]> {
        self.given.as_deref()
    }

    /// What the mean divides by: the number of pictures, or the sum of their classes' weights. A batch's mean is the
    /// mean over its parts, each counted by this.
    pub fn weight(&self, labels: &[i64]) -> f64 {
        let Some(weights) = &self.given else {
            return labels.len() as f64;
        };
        let of = |&label: &i64| {
            usize::try_from(label)
                .ok()
                .and_then(|label| weights.get(label))
        };
        // As they are counted in the mean.
        let weights = labels.iter().filter_map(of);
        weights.map(|&weight| f64::from(weight as f32)).sum()
    }

    /// The loss to minimise, a scalar. `logits`: `[N, classes]`, or `[N, 1]` for a sigmoid;
    /// `labels`: `[N]`, int64.
    ///
    /// With class weights it is the weighted mean, as `torch.nn.CrossEntropyLoss` has it; a
    /// sigmoid's target is drawn towards a half by the smoothing and weighs as its class does.
    pub fn mean(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor, TchError> {
        let weights = self.class_weights.as_ref();
        match self.output {
            OutputLayer::Softmax => logits.f_cross_entropy_loss(
                labels,
                weights,
                Reduction::Mean,
                -100,
                self.label_smoothing,
            ),
            OutputLayer::Sigmoid => {
                let target = labels
                    .f_to_kind(logits.f_kind()?)?
                    .f_mul_number_(1.0 - self.label_smoothing)?
                    .f_add_number_(self.label_smoothing / 2.0)?;
                let logits = logits.f_reshape([-1i64])?;
                let Some(weights) = weights else {
                    return logits.f_binary_cross_entropy_with_logits(
                        &target,
                        None::<&Tensor>,
                        None::<&Tensor>,
                        Reduction::Mean,
                    );
                };
                let weights = weights.f_index_select(0, labels)?;
                let sum = logits.f_binary_cross_entropy_with_logits(
                    &target,
                    Some(&weights),
                    None,
                    Reduction::Sum,
                )?;
                sum.f_div(&weights.f_sum(Kind::Float)?)
            }
        }
    }
}

/// The classes of some pictures.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// `[N]`, int64, where the network computes.
    pub there: &'a Tensor,
    /// The same where nobody waits for a device.
    pub numbers: &'a [i64],
}

impl Loss {
    /// [`Self::weight`] of pictures that are mixed with others.
    pub fn mixed_weight(&self, own: &[i64], partners: &[i64], own_share: f64) -> f64 {
        own_share * self.weight(own) + (1.0 - own_share) * self.weight(partners)
    }

    /// [`Self::mean`] of pictures that are mixed with others, as the authors of mixup compute it: the losses of both classes,
    /// by their shares. Without class weights this is the cross-entropy of the mixed targets, label smoothing included
    /// (PyTorch's and timm's soft targets); with class weights, each class's loss weighs as its class does, and so it does in
    /// what the mean divides by.
    pub fn mixed_mean(
        &self,
        logits: &Tensor,
        own: Labels<'_>,
        partners: Labels<'_>,
        own_share: f64,
    ) -> Result<Tensor, TchError> {
        let all = self.mixed_weight(own.numbers, partners.numbers, own_share);
        let part = |labels: Labels<'_>, share: f64| {
            let counts = share * self.weight(labels.numbers) / all;
            self.mean(logits, labels.there)?.f_mul_number(counts)
        };
        part(own, own_share)?.f_add(&part(partners, 1.0 - own_share)?)
    }
}

/// The plain loss of every picture `[N]`, without smoothing and weights: what validation reports.
pub fn per_picture(
    output: OutputLayer,
    logits: &Tensor,
    labels: &Tensor,
) -> Result<Tensor, TchError> {
    match output {
        OutputLayer::Softmax => {
            logits.f_cross_entropy_loss(labels, None::<&Tensor>, Reduction::None, -100, 0.0)
        }
        OutputLayer::Sigmoid => logits
            .f_reshape([-1i64])?
            .f_binary_cross_entropy_with_logits(
                &labels.f_to_kind(logits.f_kind()?)?,
                None::<&Tensor>,
                None::<&Tensor>,
                Reduction::None,
            ),
    }
}

/// The weight of every class: `None` when all count the same. `counts` are the training pictures
/// of each class.
///
/// # Errors
/// A sentence, when a weight is given for a class that the data does not have.
pub fn class_weights(
    config: &ClassWeights,
    classes: &[String],
    counts: &[usize],
) -> Result<Option<Vec<f64>>, String> {
    match config {
        ClassWeights::Equal => Ok(None),
        ClassWeights::Balanced => {
            let total: usize = counts.iter().sum();
            let weight = |&count: &usize| match count {
                // No picture of the class is trained on, so its weight is never used.
                0 => 1.0,
                count => total as f64 / (classes.len() * count) as f64,
            };
            Ok(Some(counts.iter().map(weight).collect()))
        }
        ClassWeights::Custom(named) => {
            let mut weights = vec![1.0; classes.len()];
            for (name, weight) in named {
                let place = classes.iter().position(|class| class == name).ok_or_else(|| {
                    format!(
                        "training.class_weights names the class “{name}”, which the data does not have; it has {}",
                        classes.join(", ")
                    )
                })?;
                weights[place] = *weight;
            }
            Ok(Some(weights))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::golden;

    #[test]
    fn losses_and_their_gradients_equal_torch() {
        let cases = golden::cases("losses");
        assert!(cases.len() >= 8);
        for case in cases {
            let output = match case["output"].as_str().unwrap() {
                "softmax" => OutputLayer::Softmax,
                _ => OutputLayer::Sigmoid,
            };
            let logits = golden::tensor(&case["logits"]).set_requires_grad(true);
            let labels: Vec<i64> = golden::numbers(&case["labels"])
                .iter()
                .map(|&label| label as i64)
                .collect();
            let labels = Tensor::from_slice(&labels);
            let weights =
                (!case["class_weights"].is_null()).then(|| golden::numbers(&case["class_weights"]));
            let loss = Loss::new(
                output,
                case["label_smoothing"].as_f64().unwrap(),
                weights.as_deref(),
                Device::Cpu,
            )
            .unwrap();
            let value = loss.mean(&logits, &labels).unwrap();
            golden::assert_close(
                &value.reshape([1]),
                &[case["loss"].as_f64().unwrap()],
                "loss",
            );
            value.backward();
            golden::assert_close(
                &logits.grad(),
                &golden::numbers(&case["gradient"]),
                "gradient",
            );
            if weights.is_none() && case["label_smoothing"].as_f64() == Some(0.0) {
                let mean = per_picture(output, &logits, &labels)
                    .unwrap()
                    .mean(Kind::Float);
                golden::assert_close(
                    &mean.reshape([1]),
                    &[case["loss"].as_f64().unwrap()],
                    "plain",
                );
            }
        }
    }

    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        let classes = ["a".to_string(), "b".to_string(), "c".to_string()];
        let weights = class_weights(&ClassWeights::Balanced, &classes, &[6, 3, 1])
            .unwrap()
            .unwrap();
        let expected = [10.0 / 18.0, 10.0 / 9.0, 10.0 / 3.0];
        assert!(
            weights
                .iter()
                .zip(expected)
                .all(|(got, want)| (got - want).abs() < 1e-12)
        );
    }

    #[test]
    fn a_weight_for_an_unknown_class_is_refused_by_name() {
        let custom = ClassWeights::Custom(vec![("d".into(), 2.0)]);
        let error =
            class_weights(&custom, &["a".to_string(), "b".to_string()], &[1, 1]).unwrap_err();
        assert!(error.contains("“d”") && error.contains("a, b"), "{error}");
        let custom = ClassWeights::Custom(vec![("b".into(), 2.0)]);
        let weights = class_weights(&custom, &["a".to_string(), "b".to_string()], &[1, 1]);
        assert_eq!(weights, Ok(Some(vec![1.0, 2.0])));
    }
}
