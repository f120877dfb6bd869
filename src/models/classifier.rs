//! The original classifiers for ImageNet's 1000 classes, which a head replaces. They are only ever
//! run as inference, so their dropout is left out.

use tch::Tensor;

use super::ModelError;
use super::layers::{ActivationKind, Block, Builder, Context, ConvNormAct, LayerNorm, Linear};

/// What stands between the features and the logits, in order.
pub(super) struct Classifier {
    pub steps: Vec<ClassifierStep>,
}

pub(super) enum ClassifierStep {
    /// A grid `[N, C, H, W]` to means over this many positions a side, flattened: `[N, C side²]`.
    /// What is pooled already, `[N, C]`, stays.
    Pool(i64),
    Norm(LayerNorm),
    Linear(Linear),
    /// Of pooled features `[N, C]`: a convolution of 1 × 1 with its normalisation, at the one place that there is.
    ConvNorm(Box<ConvNormAct>),
    Activation(ActivationKind),
}

impl Classifier {
    /// The mean of every channel and one fully connected layer at `path` (`fc`, `classifier.1`).
    ///
    /// # Errors
    /// libtorch's own.
    pub fn pooled_linear(
        builder: &mut Builder,
        path: &str,
        features: i64,
    ) -> Result<Self, ModelError> {
        let linear = linear(builder, path, features, 1000)?;
        Ok(Self {
            steps: vec![ClassifierStep::Pool(1), linear],
        })
    }

    /// Of a network that was trained without classes. What is asked of it fails before it comes here
    /// ([`ModelError::NoClassifier`]).
    pub fn none() -> Self {
        Self { steps: Vec::new() }
    }

    /// The features to `[N, 1000]`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, features: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mut x = features.shallow_clone();
        for step in &self.steps {
            x = match step {
                ClassifierStep::Pool(_) if x.dim() == 2 => x,
                ClassifierStep::Pool(side) => {
                    x.f_adaptive_avg_pool2d([*side, *side])?.f_flatten(1, -1)?
                }
                ClassifierStep::Norm(norm) => norm.forward(&x, context)?,
                ClassifierStep::Linear(linear) => linear.forward(&x, context)?,
                ClassifierStep::ConvNorm(layer) => {
                    let (pictures, channels) = x.size2()?;
                    let place = x.f_reshape([pictures, channels, 1, 1])?;
                    layer.forward(&place, context)?.f_flatten(1, -1)?
                }
                ClassifierStep::Activation(kind) => kind.apply(x)?,
            };
        }
        Ok(x)
    }
}

/// A grid of features `[N, C, H, W]` to the means of its channels, `[N, C]`; what is pooled already stays.
///
/// # Errors
/// libtorch's own.
pub fn mean_over_places(features: &Tensor) -> Result<Tensor, ModelError> {
    match features.dim() {
        2 => Ok(features.shallow_clone()),
        _ => Ok(features.f_adaptive_avg_pool2d([1, 1])?.f_flatten(1, -1)?),
    }
}

/// A fully connected layer of the classifier at `path`.
pub(super) fn linear(
    builder: &mut Builder,
    path: &str,
    inputs: i64,
    outputs: i64,
) -> Result<ClassifierStep, ModelError> {
    builder.classifier(|builder| {
        Ok(ClassifierStep::Linear(
            builder.linear(path, inputs, outputs)?,
        ))
    })
}
