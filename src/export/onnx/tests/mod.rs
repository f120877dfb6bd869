//! Networks and pictures as ONNX, computed by tract.

mod backbones;
mod heads;
mod pixels;
mod python;
mod runs;

use tch::Tensor;

use super::answers::Answers;
use super::assemble::{Whole, assemble};
use super::graph::{Graph, Port};
use super::preprocessing::Preprocessing;
use super::read_back::run_whole;
use super::simplify::{fold_norms, simplify};
use super::translate::{self, WeightNames};
use super::{INPUT, Numbers};
use crate::data::augment::Orientation;
use crate::experiment::{HeadConfig, OutputLayer, Pooling};
use crate::models::head::Head;
use crate::models::layers::Pass;
use crate::models::{Backbone, parity};
use crate::training::TrainingError;

/// Classes of the heads.
const CLASSES: usize = 5;

/// A backbone and a head whose weights and running statistics are all different from those of a new network.
struct Made {
    backbone: Box<dyn Backbone>,
    head: Head,
    side: u32,
    output: OutputLayer,
}

/// A head that is only the last layer.
fn plain_head() -> HeadConfig {
    HeadConfig {
        pooling: Pooling::Average,
        layers: Vec::new(),
        ..HeadConfig::default()
    }
}

impl Made {
    fn new(name: &str, config: &HeadConfig, side: u32) -> Self {
        let backbone = parity::filled(name, tch::Device::Cpu).unwrap();
        let classes = match config.output {
            OutputLayer::Softmax => CLASSES,
            OutputLayer::Sigmoid => 2,
        };
        let features = backbone.features();
        let head = Head::new(config, features, classes as i64, 3, tch::Device::Cpu).unwrap();
        let _guard = tch::no_grad_guard();
        for entry in &head.parameters().entries {
            let mut tensor = entry.tensor.set_requires_grad(false);
            if entry.name.contains("running_var") {
                let _ = tensor.uniform_(0.5, 2.0);
            } else if entry.name.contains("running_mean") {
                let _ = tensor.uniform_(-0.5, 0.5);
            }
        }
        for entry in &backbone.parameters().entries {
            let _ = entry.tensor.set_requires_grad(false);
        }
        Self {
            backbone,
            head,
            side,
            output: config.output,
        }
    }

    fn classes(&self) -> usize {
        match self.output {
            OutputLayer::Softmax => CLASSES,
            OutputLayer::Sigmoid => 2,
        }
    }

    fn logits(&self, input: &Tensor) -> Result<Tensor, TrainingError> {
        let _guard = tch::no_grad_guard();
        let grid = self.backbone.forward_features(input, &Pass::inference())?;
        Ok(self.head.forward(&self.head.pool(&grid)?, false)?)
    }

    fn probabilities(&self, input: &Tensor) -> Vec<f32> {
        let logits = self.logits(input).unwrap();
        floats(&self.head.probabilities(&logits).unwrap())
    }

    fn names(&self) -> WeightNames {
        let entries = self.backbone.parameters().entries.iter();
        let all = entries.chain(&self.head.parameters().entries);
        WeightNames::new(all.map(|entry| (entry.name.as_str(), &entry.tensor)))
    }

    /// The network alone, whose last operator gives logits.
    fn network(&self, keep_batch_norm: bool) -> Graph {
        let mut graph = Graph::default();
        graph.fresh(INPUT);
        let forward = |input: &Tensor| self.logits(input);
        let names = self.names();
        let logits = translate::network(&mut graph, INPUT, self.side, &names, &forward).unwrap();
        simplify(&mut graph, &logits);
        if !keep_batch_norm {
            fold_norms(&mut graph, &logits);
        }
        assert_eq!(graph.nodes.last().unwrap().output, logits);
        graph
    }

    /// The whole file.
    fn file(&self, numbers: Numbers, preprocessing: Option<Preprocessing>) -> Vec<u8> {
        self.file_with(numbers, preprocessing, &[Orientation::PLAIN], 1.0)
    }

    fn file_with(
        &self,
        numbers: Numbers,
        preprocessing: Option<Preprocessing>,
        views: &[Orientation],
        temperature: f64,
    ) -> Vec<u8> {
        let whole = Whole {
            side: self.side,
            names: self.names(),
            forward: &|input| self.logits(input),
            preprocessing,
            answers: Answers {
                output: self.output,
                views: views.to_vec(),
                temperature,
                classes: self.classes(),
            },
            numbers,
            keep_batch_norm: false,
        };
        let (graph, input, output) = assemble(&whole).unwrap();
        let none = std::collections::BTreeMap::new();
        graph.into_bytes(vec![input], vec![output], &none).unwrap()
    }

    fn pictures(&self, count: i64) -> Tensor {
        parity::pictures(count, i64::from(self.side)).unwrap()
    }

    fn shape(&self, count: usize) -> [usize; 4] {
        let side = self.side as usize;
        [count, 3, side, side]
    }
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.contiguous().reshape([-1i64])).unwrap()
}

/// `graph` as a file from normalised squares to `output`.
fn logits_file(graph: Graph, side: u32) -> Vec<u8> {
    let output = graph.nodes.last().unwrap().output.clone();
    let input = Port::floats(INPUT, &[3, side.into(), side.into()]);
    let output = Port::floats(&output, &[CLASSES as i64]);
    let none = std::collections::BTreeMap::new();
    graph.into_bytes(vec![input], vec![output], &none).unwrap()
}

/// The largest difference as a share of the largest value.
fn difference(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected
        .iter()
        .fold(0f32, |most, value| most.max(value.abs()));
    let apart = found.iter().zip(expected);
    let apart = apart.map(|(found, expected)| f64::from((found - expected).abs()));
    apart.fold(0.0, |most: f64, value| {
        assert!(!value.is_nan());
        most.max(value)
    }) / f64::from(largest)
}
