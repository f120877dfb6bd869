//! The new layers on top of the backbone.

use serde::{Deserialize, Serialize};

/// Pooling, hidden layers and output that replace the backbone's own classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadConfig {
    pub pooling: Pooling,
    /// Features of the backbone's last so many stages, each pooled, one after the other; 1 is the last stage alone, and
    /// more than the backbone has are all of them. Earlier stages see textures, later ones ImageNet's things (Head2Toe,
    /// arXiv 2201.03529).
    pub stages: u32,
    /// From the pooled features to the output layer, in order; may be empty.
    pub layers: Vec<HeadLayer>,
    pub output: OutputLayer,
}

impl Default for HeadConfig {
    fn default() -> Self {
        Self {
            pooling: Pooling::Average,
            stages: 1,
            layers: vec![
                HeadLayer::Dense {
                    units: 128,
                    activation: Activation::Relu,
                },
                HeadLayer::Dropout(0.5),
            ],
            output: OutputLayer::Softmax,
        }
    }
}

/// How a grid of features becomes one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Pooling {
    /// The mean over all places.
    #[default]
    Average,
    /// The largest value over all places.
    Max,
    /// Both, one after the other (twice the features), as fastai's head has it: maximum first.
    AverageMax,
}

/// One layer of the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum HeadLayer {
    /// A fully connected layer and its activation.
    Dense {
        units: u32,
        activation: Activation,
    },
    BatchNorm,
    /// The share of values that is set to zero while training, 0 to 0.95.
    Dropout(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Activation {
    #[default]
    Relu,
    Gelu,
    Silu,
    Tanh,
    /// None: the layer is linear.
    Linear,
}

/// The last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum OutputLayer {
    /// One output per class, softmax, categorical cross-entropy.
    #[default]
    Softmax,
    /// One output for two classes, sigmoid, binary cross-entropy.
    Sigmoid,
}
