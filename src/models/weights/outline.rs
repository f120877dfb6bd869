//! What a network asks of a file of weights: names and shapes, without its numbers.

use std::collections::HashSet;
use std::sync::LazyLock;

use tch::{Device, Kind};

use super::is_count;
use crate::models::parameters::{OUTSIDE_TREE, ParameterEntry};
use crate::models::{ArchitectureInfo, Backbone, backbone, catalogue};

/// One tensor of the network.
#[derive(Debug)]
pub(super) struct ExpectedTensor {
    pub name: String,
    pub shape: Vec<i64>,
    pub part: Part,
    /// Not a count.
    pub is_float: bool,
}

/// Which part of the network a tensor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Base,
    /// ImageNet's 1000 classes.
    Classifier,
    /// A classifier half-way, which only training uses.
    Auxiliary,
}

/// All of them, in the order of the network's entries.
#[derive(Debug)]
pub(super) struct Outline {
    pub info: &'static ArchitectureInfo,
    pub entries: Vec<ExpectedTensor>,
}

impl Outline {
    pub fn of(backbone: &dyn Backbone) -> Self {
        let entries = &backbone.parameters().entries;
        Self {
            info: backbone.info(),
            entries: entries.iter().map(expected_tensor).collect(),
        }
    }

    /// Of the network of that name; nothing where this machine has no memory for it.
    pub fn named(info: &ArchitectureInfo) -> Option<Self> {
        let network = backbone::unfilled(info.name, Device::Cpu).ok()?;
        Some(Self::of(&network))
    }

    /// Of every network in the catalogue; those that this machine has no memory for are left out.
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Outline>> = LazyLock::new(|| {
            catalogue::architectures()
                .iter()
                .filter_map(Outline::named)
                .collect()
        });
        &ALL
    }

    pub fn names(&self) -> HashSet<&str> {
        self.entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect()
    }

    /// The least number of tensors that a file for it has: counts may be missing.
    pub fn least(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.part == Part::Base && !is_count(&entry.name))
            .count()
    }
}

fn expected_tensor(entry: &ParameterEntry) -> ExpectedTensor {
    let part = if entry.is_in_base() {
        Part::Base
    } else if entry.leaf == OUTSIDE_TREE {
        Part::Classifier
    } else {
        Part::Auxiliary
    };
    ExpectedTensor {
        name: entry.name.clone(),
        shape: entry.tensor.size(),
        part,
        is_float: matches!(
            entry.tensor.kind(),
            Kind::Float | Kind::Double | Kind::Half | Kind::BFloat16
        ),
    }
}
