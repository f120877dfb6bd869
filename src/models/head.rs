//! The new head on a backbone's features.

use tch::{Device, Kind, Tensor};

use super::ModelError;
use super::init;
use super::layers::{BatchNorm, Builder, Filling, Linear, NormSpec};
use super::parameters::{ParameterStore, Role};
use crate::experiment::{Activation, HeadConfig, HeadLayer, OutputLayer, Pooling};

/// Pooling, hidden layers and output. Parameters are named `head.0.weight`, … (index in the
/// sequence) and `head.output.weight`.
pub struct Head {
    pooling: Pooling,
    layers: Vec<Layer>,
    output: Linear,
    kind: OutputLayer,
    store: ParameterStore,
}

enum Layer {
    Dense(Linear, Activation),
    Norm(BatchNorm),
    Dropout(f64),
}

impl Head {
    /// PyTorch's default initialisation drawn from `seed`. `features` is the count of the stages that
    /// it takes ([`super::tree::LayerTree::head_features`]), before pooling doubles it. Every parameter asks for gradients.
    ///
    /// # Errors
    /// libtorch's own, where there is no memory for it.
    pub fn new(
        config: &HeadConfig,
        features: i64,
        classes: i64,
        seed: u64,
        device: Device,
    ) -> Result<Self, ModelError> {
        let _generator = init::seeded(seed);
        let initialise = true;
        Self::build(config, features, classes, Filling { initialise, device })
    }

    /// Like [`Head::new`], with zeros in place of what training begins with: for weights that are
    /// loaded next. It draws no random numbers, so it waits for no training in the same process.
    ///
    /// # Errors
    /// libtorch's own, where there is no memory for it.
    pub fn blank(
        config: &HeadConfig,
        features: i64,
        classes: i64,
        device: Device,
    ) -> Result<Self, ModelError> {
        let initialise = false;
        let head = Self::build(config, features, classes, Filling { initialise, device })?;
        let _guard = tch::no_grad_guard();
        for entry in &head.store.entries {
            if entry.role == Role::Parameter {
                let _ = entry.tensor.shallow_clone().f_zero_()?;
            }
        }
        Ok(head)
    }

    fn build(
        config: &HeadConfig,
        features: i64,
        classes: i64,
        filling: Filling,
    ) -> Result<Self, ModelError> {
        let mut builder = Builder::new(filling);
        let mut width = pooled_width(config, features);
        let build = |builder: &mut Builder, _| {
            let mut layers = Vec::new();
            for (index, layer) in config.layers.iter().enumerate() {
                let name = index.to_string();
                layers.push(match layer {
                    HeadLayer::Dense { units, activation } => {
                        let inputs = std::mem::replace(&mut width, i64::from(*units));
                        Layer::Dense(builder.linear(&name, inputs, width)?, *activation)
                    }
                    HeadLayer::BatchNorm => Layer::Norm(builder.norm(&name, norm_spec(width))?),
                    HeadLayer::Dropout(share) => Layer::Dropout(*share),
                });
            }
            let output = builder.linear("output", width, outputs(config, classes))?;
            Ok((layers, output))
        };
        let (layers, output) =
            builder.classifier(|builder| builder.container("head", "Sequential", build))?;
        let store = builder.finish().store;
        for entry in &store.entries {
            if entry.role == Role::Parameter {
                let _ = entry.tensor.f_set_requires_grad(true)?;
            }
        }
        Ok(Self {
            pooling: config.pooling,
            layers,
            output,
            kind: config.output,
            store,
        })
    }

    /// Feature grid `[N, C, H, W]` (or already `[N, C]`) to pooled features `[N, F]`. Vectors have
    /// one position only: their mean and their largest value are they themselves.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn pool(&self, features: &Tensor) -> Result<Tensor, ModelError> {
        let average = || -> Result<Tensor, ModelError> {
            if features.dim() == 2 {
                return Ok(features.shallow_clone());
            }
            // Not as adaptive_avg_pool2d, whose gradient loses the order in memory that the grid has, for which the
            // layer before it then takes several times as long.
            let channels_last = features.f_permute([0, 2, 3, 1])?;
            Ok(channels_last.f_mean_dim([1i64, 2].as_slice(), false, None)?)
        };
        let largest = || -> Result<Tensor, ModelError> {
            if features.dim() == 2 {
                return Ok(features.shallow_clone());
            }
            Ok(features.f_amax([2, 3], false)?)
        };
        match self.pooling {
            Pooling::Average => average(),
            Pooling::Max => largest(),
            Pooling::AverageMax => Ok(Tensor::f_cat(&[largest()?, average()?], 1)?),
        }
    }

    /// Pooled features `[N, F]` to logits: `[N, classes]`, or `[N, 1]` for a sigmoid. Dropout draws
    /// from libtorch's generator.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, pooled: &Tensor, training: bool) -> Result<Tensor, ModelError> {
        let mut x = pooled.shallow_clone();
        for layer in &self.layers {
            x = match layer {
                Layer::Dense(linear, activation) => activate(&linear.apply(&x)?, *activation)?,
                Layer::Norm(norm) => norm.normalise(&x, training, false)?,
                Layer::Dropout(share) => x.f_dropout(*share, training)?,
            };
        }
        self.output.apply(&x)
    }

    /// Logits to probabilities `[N, classes]`; a sigmoid's is that of class 1.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn probabilities(&self, logits: &Tensor) -> Result<Tensor, ModelError> {
        match self.kind {
            OutputLayer::Softmax => Ok(logits.f_softmax(-1, Kind::Float)?),
            OutputLayer::Sigmoid => {
                let second = logits.f_to_kind(Kind::Float)?;
                // sigmoid(-x), and not 1 - sigmoid(x), keeps the digits of a small probability.
                Ok(Tensor::f_cat(
                    &[second.f_neg()?.f_sigmoid()?, second.f_sigmoid()?],
                    1,
                )?)
            }
        }
    }

    pub fn parameters(&self) -> &ParameterStore {
        &self.store
    }
}

/// Weights and biases of a head without building it.
pub fn head_parameters(config: &HeadConfig, features: i64, classes: i64) -> u64 {
    let mut width = pooled_width(config, features);
    let mut count = 0;
    for layer in &config.layers {
        match layer {
            HeadLayer::Dense { units, .. } => {
                count += (width + 1) * i64::from(*units);
                width = i64::from(*units);
            }
            HeadLayer::BatchNorm => count += 2 * width,
            HeadLayer::Dropout(_) => {}
        }
    }
    (count + (width + 1) * outputs(config, classes)).max(0) as u64
}

/// PyTorch's `BatchNorm1d` over this many values.
fn norm_spec(features: i64) -> NormSpec {
    NormSpec {
        features,
        eps: 1e-5,
    }
}

/// Pooled features: [`Pooling::AverageMax`] doubles them.
pub fn pooled_width(config: &HeadConfig, features: i64) -> i64 {
    if config.pooling == Pooling::AverageMax {
        2 * features
    } else {
        features
    }
}

fn outputs(config: &HeadConfig, classes: i64) -> i64 {
    if config.output == OutputLayer::Sigmoid {
        1
    } else {
        classes
    }
}

fn activate(x: &Tensor, activation: Activation) -> Result<Tensor, ModelError> {
    Ok(match activation {
        Activation::Relu => x.f_relu()?,
        Activation::Gelu => x.f_gelu("none")?,
        Activation::Silu => x.f_silu()?,
        Activation::Tanh => x.f_tanh()?,
        Activation::Linear => x.shallow_clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(tensor: &Tensor) -> Vec<f32> {
        Vec::<f32>::try_from(tensor.flatten(0, -1)).unwrap()
    }

    fn head(pooling: Pooling, layers: Vec<HeadLayer>, output: OutputLayer) -> (Head, HeadConfig) {
        let config = HeadConfig {
            pooling,
            stages: 1,
            layers,
            output,
        };
        (Head::new(&config, 2, 2, 7, Device::Cpu).unwrap(), config)
    }

    #[test]
    fn pools_maximum_before_mean() {
        let grid = Tensor::from_slice(&[1f32, 2., 3., 6., -1., -1., -1., -5.]).view([1, 2, 2, 2]);
        let cases = [
            (Pooling::Average, vec![3., -2.]),
            (Pooling::Max, vec![6., -1.]),
            (Pooling::AverageMax, vec![6., -1., 3., -2.]),
        ];
        for (pooling, expected) in cases {
            let (head, _) = head(pooling, vec![], OutputLayer::Softmax);
            assert_eq!(values(&head.pool(&grid).unwrap()), expected, "{pooling:?}");
        }
    }

    #[test]
    fn names_and_counts_match_what_is_built() {
        let dense = HeadLayer::Dense {
            units: 5,
            activation: Activation::Gelu,
        };
        let layers = vec![HeadLayer::BatchNorm, HeadLayer::Dropout(0.5), dense];
        let (head, config) = head(Pooling::AverageMax, layers, OutputLayer::Sigmoid);
        let names: Vec<&str> = head
            .parameters()
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names[..2], ["head.0.weight", "head.0.bias"]);
        assert_eq!(
            names[names.len() - 4..],
            [
                "head.2.weight",
                "head.2.bias",
                "head.output.weight",
                "head.output.bias"
            ]
        );
        assert_eq!(
            head.parameters().parameters(),
            head_parameters(&config, 2, 2)
        );
        assert_eq!(head_parameters(&config, 2, 2), 8 + 25 + 6);
    }

    #[test]
    fn both_outputs_give_one_probability_per_class() {
        for output in [OutputLayer::Softmax, OutputLayer::Sigmoid] {
            let (head, _) = head(Pooling::Average, vec![], output);
            let logits = head
                .forward(&Tensor::from_slice(&[0.5f32, -2.]).view([1, 2]), false)
                .unwrap();
            let probabilities = head.probabilities(&logits).unwrap();
            assert_eq!(probabilities.size(), [1, 2]);
            assert!((values(&probabilities).iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
        let (head, _) = head(Pooling::Average, vec![], OutputLayer::Sigmoid);
        let sure = head
            .probabilities(&Tensor::from_slice(&[30f32]).view([1, 1]))
            .unwrap();
        assert!(values(&sure)[1] > 0.999, "a high logit means class 1");
    }

    #[test]
    fn dropout_works_in_training_only_and_norm_moves_its_statistics() {
        let layers = vec![HeadLayer::BatchNorm, HeadLayer::Dropout(0.9)];
        let (head, _) = head(Pooling::Average, layers, OutputLayer::Softmax);
        let x = Tensor::arange(64, (Kind::Float, Device::Cpu)).view([32, 2]);
        let first = head.forward(&x, false).unwrap();
        assert_eq!(values(&first), values(&head.forward(&x, false).unwrap()));
        let _ = head.forward(&x, true).unwrap();
        let mean = &head.parameters().get("head.0.running_mean").unwrap().tensor;
        assert!(values(mean)[0] > 3.0);
        let one = x.narrow(0, 0, 1);
        assert!(
            values(&head.forward(&one, true).unwrap())
                .iter()
                .all(|value| value.is_finite())
        );
    }

    #[test]
    fn the_seed_decides_the_weights() {
        let config = HeadConfig::default();
        let weights = |seed| {
            let head = Head::new(&config, 8, 3, seed, Device::Cpu).unwrap();
            values(&head.parameters().get("head.0.weight").unwrap().tensor)
        };
        assert_eq!(weights(1), weights(1));
        assert_ne!(weights(1), weights(2));
    }
}
