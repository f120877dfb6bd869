//! The original classifiers for ImageNet's 1000 classes, which a head replaces. They are only ever
//! run as inference, so their dropout is left out.

use tch::Tensor;

use super::ModelError;
use super::layers::{ActivationKind, Builder, Context, LayerNorm, Linear};

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
                ClassifierStep::Activation(kind) => kind.apply(x)?,
            };
        }
        Ok(x)
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
