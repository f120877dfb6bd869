//! Named tensors of a network, in state_dict order.

use tch::Tensor;

/// [`ParameterEntry::leaf`] of what stands in no layer tree: the original classifier, or a head.
pub const OUTSIDE_TREE: usize = usize::MAX;

/// [`ParameterEntry::leaf`] of a second classifier half-way, which only the training on ImageNet used
/// (GoogLeNet, InceptionV3): its names belong to the state_dict, it is never run here, and a file
/// of weights may come without it.
pub const AUXILIARY: usize = usize::MAX - 1;

/// Whether an entry is learned or only carried along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Parameter,
    /// Running statistics: saved, never learned.
    Buffer,
}

/// One tensor of a network. The layers hold handles on the same values: change them in place
/// (`copy_`, `set_requires_grad`), do not put another tensor here.
#[derive(Debug)]
pub struct ParameterEntry {
    /// `layer1.0.conv1.weight`.
    pub name: String,
    pub tensor: Tensor,
    pub role: Role,
    /// Index of the leaf layer that it belongs to, into `LayerTree::leaves` (beyond the last leaf,
    /// [`OUTSIDE_TREE`]: the classifier or head; [`AUXILIARY`]: a classifier half-way).
    pub leaf: usize,
}

impl ParameterEntry {
    /// Whether it belongs to the base: neither to a classifier or head nor to an auxiliary one.
    pub fn is_in_base(&self) -> bool {
        self.leaf < AUXILIARY
    }

    /// Whether it belongs to a classifier half-way, which files of weights may leave out.
    pub fn is_auxiliary(&self) -> bool {
        self.leaf == AUXILIARY
    }
}

/// Named tensors in state_dict order.
#[derive(Debug, Default)]
pub struct ParameterStore {
    pub entries: Vec<ParameterEntry>,
}

impl ParameterStore {
    pub fn get(&self, name: &str) -> Option<&ParameterEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// All that is learned, counted in numbers.
    pub fn parameters(&self) -> u64 {
        let learned = self
            .entries
            .iter()
            .filter(|entry| entry.role == Role::Parameter);
        learned.map(|entry| entry.tensor.numel() as u64).sum()
    }
}
