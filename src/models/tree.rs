//! The layer tree as plain data: what the window and `graft layers` show.

use serde::Serialize;

/// A named module of a backbone: a leaf layer, or a container of others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerNode {
    /// torchvision's path, `layer3.0.conv1`; empty for the root.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// `Conv2d`, `BatchNorm2d`, `ReLU6`, `Bottleneck`, …
    pub kind: String,
    /// `3 × 3, 64 → 128, stride 2`; empty where there is nothing to add.
    pub detail: String,
    /// Of one picture: channels, height, width (or features); of the last call where a module is used repeatedly.
    pub output_shape: Vec<i64>,
    /// Weights and biases of this module and all inside it.
    pub parameters: u64,
    /// Multiply-adds for one picture of this module and all inside it.
    pub multiply_adds: u64,
    pub children: Vec<LayerNode>,
}

/// The tree of one backbone at one input size, without its classifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerTree {
    pub backbone: String,
    pub input_size: u32,
    pub root: LayerNode,
    /// The coarse parts of the stage diagram, from the input to the features.
    pub stages: Vec<StageSummary>,
    /// The classifier that a head replaces, for information.
    pub classifier_parameters: u64,
    /// Length of the pooled feature vector.
    pub features: i64,
}

/// One box of the stage diagram: consecutive layers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageSummary {
    /// `Stem`, `Stage 1`, `layer3`, …
    pub title: String,
    /// Paths of the top-most modules in it, in order.
    pub paths: Vec<String>,
    pub output_shape: Vec<i64>,
    pub parameters: u64,
}

/// A stage before the last one, as a head over several stages sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierStage {
    /// The number of leaves up to its end.
    pub end: usize,
    /// Channels of its output.
    pub features: i64,
}

impl LayerTree {
    /// The leaf layers in order: what `AllButLast(n)` counts.
    pub fn leaves(&self) -> Vec<&LayerNode> {
        fn collect<'a>(node: &'a LayerNode, out: &mut Vec<&'a LayerNode>) {
            if node.children.is_empty() {
                out.push(node);
            }
            for child in &node.children {
                collect(child, out);
            }
        }
        let mut leaves = Vec::new();
        collect(&self.root, &mut leaves);
        leaves
    }

    /// The stages whose pooled features a head over the last `count` stages takes beside those of the last one, in
    /// order. More than there are means all of them, the stem included.
    pub fn earlier_stages(&self, count: u32) -> Vec<EarlierStage> {
        let leaves = self.leaves();
        let before = self.stages.len().saturating_sub(1);
        let taken = (count.max(1) as usize - 1).min(before);
        self.stages[before - taken..before]
            .iter()
            .filter_map(|stage| {
                let is_in = |path: &str| stage.paths.iter().any(|outer| is_inside(path, outer));
                let last = leaves.iter().rposition(|leaf| is_in(&leaf.path))?;
                // A grid `[C, H, W]`, or tokens `[N, C]`.
                let features = match stage.output_shape.as_slice() {
                    [channels, _, _] => *channels,
                    shape => shape.last().copied()?,
                };
                Some(EarlierStage {
                    end: last + 1,
                    features,
                })
            })
            .collect()
    }

    /// Features, before pooling doubles them, that a head over the last `count` stages takes.
    pub fn head_features(&self, count: u32) -> i64 {
        let earlier = self.earlier_stages(count);
        earlier.iter().map(|stage| stage.features).sum::<i64>() + self.features
    }

    /// The module at `path`; the root for an empty path.
    pub fn find(&self, path: &str) -> Option<&LayerNode> {
        let mut node = &self.root;
        while node.path != path {
            node = node
                .children
                .iter()
                .find(|child| is_inside(path, &child.path))?;
        }
        Some(node)
    }
}

/// Whether `path` is `ancestor` or lies inside it.
pub fn is_inside(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
