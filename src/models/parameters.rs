//! Named tensors of a network, in state_dict order.

use tch::Tensor;

/// Whether an entry is learned or only carried along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Parameter,
    /// Running statistics: saved, never learned.
    Buffer,
}

/// One tensor of a network.
#[derive(Debug)]
pub struct Entry {
    /// `layer1.0.conv1.weight`.
    pub name: String,
    pub tensor: Tensor,
    pub role: Role,
    /// Index of the leaf layer that it belongs to, into `LayerTree::leaves` (beyond the last leaf: the classifier or head).
    pub leaf: usize,
}

/// Named tensors in state_dict order.
#[derive(Debug, Default)]
pub struct ParameterStore {
    pub entries: Vec<Entry>,
}

impl ParameterStore {
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}
