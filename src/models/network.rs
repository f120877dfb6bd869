//! One type for every backbone: segments, classifier and registered layers.

use std::cell::RefCell;
use std::ops::Range;

use tch::{Device, Kind, Tensor, no_grad_guard};

use super::classifier::Classifier;
use super::fold::FoldedWeights;
use super::layers::{Block, Blueprint, Builder, Context, ModuleRecord, Pass, Trace};
use super::parameters::{OUTSIDE_TREE, ParameterStore, Role};
use super::tree::{LayerNode, LayerTree, StageSummary};
use super::{ArchitectureInfo, Backbone, ModelError};

/// A part of the network that runs as one, and its leaves.
pub(super) struct Segment {
    pub block: Box<dyn Block>,
    pub leaves: Range<usize>,
}

impl Segment {
    /// Builds a block with `build` and notes which leaves came of it.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn build<B: Block + 'static>(
        builder: &mut Builder,
        build: impl FnOnce(&mut Builder) -> Result<B, ModelError>,
    ) -> Result<Self, ModelError> {
        let start = builder.leaves();
        let block = Box::new(build(builder)?);
        Ok(Self {
            block,
            leaves: start..builder.leaves(),
        })
    }
}

/// Title and topmost module paths of one box of the stage diagram.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub title: String,
    pub paths: Vec<String>,
}

impl Stage {
    pub fn new(
        title: impl Into<String>,
        paths: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            title: title.into(),
            paths: paths.into_iter().map(Into::into).collect(),
        }
    }
}

/// What an architecture's file makes.
pub(super) struct Parts {
    /// The class name of the whole: `ResNet`.
    pub kind: &'static str,
    pub segments: Vec<Segment>,
    pub stages: Vec<Stage>,
    pub classifier: Classifier,
    pub features: i64,
}

/// A backbone made of [`Parts`].
pub(super) struct StagedNetwork {
    info: &'static ArchitectureInfo,
    parts: Parts,
    blueprint: Blueprint,
}

impl StagedNetwork {
    pub fn new(info: &'static ArchitectureInfo, parts: Parts, blueprint: Blueprint) -> Self {
        Self {
            info,
            parts,
            blueprint,
        }
    }

    fn segment(&self, index: usize) -> Result<&Segment, ModelError> {
        let count = self.parts.segments.len();
        self.parts
            .segments
            .get(index)
            .ok_or_else(|| ModelError::UnknownLayer {
                path: format!("segment {index}"),
                backbone: self.info.name.into(),
                hint: format!("; it has {count} segments"),
            })
    }

    fn device(&self) -> Device {
        self.blueprint
            .store
            .entries
            .first()
            .map_or(Device::Cpu, |entry| entry.tensor.device())
    }
}

impl Backbone for StagedNetwork {
    fn info(&self) -> &'static ArchitectureInfo {
        self.info
    }

    fn segments(&self) -> usize {
        self.parts.segments.len()
    }

    fn segment_leaves(&self, index: usize) -> Range<usize> {
        let end = self.blueprint.leaves;
        self.parts
            .segments
            .get(index)
            .map_or(end..end, |segment| segment.leaves.clone())
    }

    fn forward_segment(
        &self,
        index: usize,
        input: &Tensor,
        pass: &Pass,
    ) -> Result<Tensor, ModelError> {
        self.segment(index)?
            .block
            .forward(input, &Context::new(pass))
    }

    fn classify(&self, features: &Tensor, pass: &Pass) -> Result<Tensor, ModelError> {
        if !self.info.has_classifier() {
            return Err(ModelError::NoClassifier(self.info.title.to_owned()));
        }
        self.parts.classifier.forward(features, &Context::new(pass))
    }

    fn parameters(&self) -> &ParameterStore {
        &self.blueprint.store
    }

    fn parameters_mut(&mut self) -> &mut ParameterStore {
        &mut self.blueprint.store
    }

    fn tree(&self, input_size: u32) -> Result<LayerTree, ModelError> {
        let (least, most) = self.info.input_range;
        if !(least..=most).contains(&input_size) {
            let backbone = self.info.title.into();
            return Err(ModelError::InputSize {
                backbone,
                asked: input_size,
                least,
                most,
            });
        }
        let _guard = no_grad_guard();
        let side = i64::from(input_size);
        // A batch of no pictures: every layer works out its shape and none has anything to compute.
        let mut x = Tensor::f_zeros([0, 3, side, side], (Kind::Float, self.device()))?;
        let pass = Pass::inference();
        let trace = RefCell::new(Trace::default());
        let context = Context {
            trace: Some(&trace),
            ..Context::new(&pass)
        };
        for segment in &self.parts.segments {
            x = segment.block.forward(&x, &context)?;
        }
        let trace = trace.into_inner();
        let mut children = children_of("", &self.blueprint.modules, &mut 0, &trace);
        let mut root = LayerNode {
            path: String::new(),
            name: String::new(),
            kind: self.parts.kind.into(),
            detail: String::new(),
            output_shape: x.size().into_iter().skip(1).collect(),
            parameters: children.iter().map(|child| child.parameters).sum(),
            multiply_adds: children.iter().map(|child| child.multiply_adds).sum(),
            children: Vec::new(),
        };
        root.children.append(&mut children);
        let classifier = self
            .blueprint
            .store
            .entries
            .iter()
            .filter(|entry| entry.leaf == OUTSIDE_TREE && entry.role == Role::Parameter);
        let mut tree = LayerTree {
            backbone: self.info.name.into(),
            input_size,
            root,
            stages: Vec::new(),
            classifier_parameters: classifier.map(|entry| entry.tensor.numel() as u64).sum(),
            features: self.parts.features,
        };
        tree.stages = self
            .parts
            .stages
            .iter()
            .map(|stage| summary(stage, &tree))
            .collect();
        Ok(tree)
    }

    fn features(&self) -> i64 {
        self.parts.features
    }

    fn fold(&self, segments: Range<usize>) -> Result<FoldedWeights, ModelError> {
        let mut folded = FoldedWeights::default();
        for index in segments {
            for pair in self.segment(index)?.block.conv_norms() {
                folded.fold(pair)?;
            }
        }
        Ok(folded)
    }

    fn forward_folded(
        &self,
        index: usize,
        input: &Tensor,
        folded: &FoldedWeights,
    ) -> Result<Tensor, ModelError> {
        let pass = Pass::inference();
        let context = Context {
            folded: Some(folded),
            ..Context::new(&pass)
        };
        self.segment(index)?.block.forward(input, &context)
    }
}

/// The nodes directly inside `parent`, from `records[*next]` on; records stand parents first.
fn children_of(
    parent: &str,
    records: &[ModuleRecord],
    next: &mut usize,
    trace: &Trace,
) -> Vec<LayerNode> {
    let mut nodes: Vec<LayerNode> = Vec::new();
    while let Some(record) = records.get(*next) {
        let inside = if parent.is_empty() {
            Some(record.path.as_str())
        } else {
            record
                .path
                .strip_prefix(parent)
                .and_then(|rest| rest.strip_prefix('.'))
        };
        let Some(name) = inside else { break };
        let module = *next;
        *next += 1;
        let children = if record.is_leaf {
            Vec::new()
        } else {
            children_of(&record.path, records, next, trace)
        };
        let (shape, own) = trace.get(module).cloned().unwrap_or_default();
        let last_shape = children
            .last()
            .map(|child| child.output_shape.clone())
            .unwrap_or_default();
        nodes.push(LayerNode {
            path: record.path.clone(),
            name: name.to_string(),
            kind: record.kind.clone(),
            detail: record.detail.clone(),
            output_shape: if shape.is_empty() { last_shape } else { shape },
            parameters: record.parameters
                + children.iter().map(|child| child.parameters).sum::<u64>(),
            multiply_adds: own
                + children
                    .iter()
                    .map(|child| child.multiply_adds)
                    .sum::<u64>(),
            children,
        });
    }
    nodes
}

fn summary(stage: &Stage, tree: &LayerTree) -> StageSummary {
    let nodes: Vec<&LayerNode> = stage
        .paths
        .iter()
        .filter_map(|path| tree.find(path))
        .collect();
    StageSummary {
        title: stage.title.clone(),
        paths: stage.paths.clone(),
        output_shape: nodes
            .last()
            .map(|node| node.output_shape.clone())
            .unwrap_or_default(),
        parameters: nodes.iter().map(|node| node.parameters).sum(),
    }
}
