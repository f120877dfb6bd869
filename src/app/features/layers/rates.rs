//! Learning-rate factors layer by layer: what every node has, and the fewest names that say it.

use std::ops::Range;

use crate::app::ui::layer_plan::FlatNode;
use crate::experiment::LayerRates;
use crate::models::tree::{LayerNode, LayerTree};

/// A node's share of the learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// The lowest and highest factor of the leaves with parameters inside it.
    pub lowest: f64,
    pub highest: f64,
    /// It has no factor of its own: it follows a node above it or a rule.
    pub inherited: bool,
}

impl Rate {
    /// Of the node at `path` with these `leaves`; nothing where there is nothing to learn.
    /// `factors` are every leaf's, `weighted` says which leaves have parameters.
    pub fn of(
        path: &str,
        leaves: Range<usize>,
        rates: &LayerRates,
        factors: &[f64],
        weighted: &[bool],
    ) -> Option<Self> {
        let mut own = leaves
            .filter(|&leaf| weighted.get(leaf) == Some(&true))
            .filter_map(|leaf| factors.get(leaf).copied());
        let first = own.next()?;
        let (lowest, highest) = own.fold((first, first), |(low, high), factor| {
            (low.min(factor), high.max(factor))
        });
        let named = match rates {
            LayerRates::Custom(named) => named.iter().any(|(name, _)| name == path),
            _ => false,
        };
        Some(Self {
            lowest,
            highest,
            inherited: !named,
        })
    }
}

/// The rates that give the node at `path` the factor `value` and leave every other layer its own.
/// `factors` are every leaf's before.
pub fn with_rate(
    tree: &LayerTree,
    nodes: &[FlatNode<'_>],
    factors: &[f64],
    path: &str,
    value: f64,
) -> LayerRates {
    let mut factors = factors.to_vec();
    if let Some(node) = nodes.iter().find(|node| node.node.path == path) {
        for leaf in node.leaves.clone() {
            if let Some(factor) = factors.get_mut(leaf) {
                *factor = value;
            }
        }
    }
    simplest(tree, &factors)
}

/// Uniform, one factor for the whole backbone, or else the fewest named factors. Layers without
/// parameters may have any.
pub fn simplest(tree: &LayerTree, factors: &[f64]) -> LayerRates {
    let leaves = tree.leaves();
    let mut values = vec![1.0];
    for (leaf, factor) in leaves.iter().zip(factors) {
        if leaf.parameters > 0 && !values.contains(factor) {
            values.push(*factor);
        }
    }
    let all_same = |value: f64| {
        leaves
            .iter()
            .zip(factors)
            .all(|(leaf, factor)| leaf.parameters == 0 || *factor == value)
    };
    if all_same(1.0) {
        return LayerRates::Uniform;
    }
    if let Some(&value) = values.iter().find(|&&value| all_same(value)) {
        return LayerRates::Backbone(value);
    }
    let mut next_leaf = 0;
    let costs = Costs::of(&tree.root, &values, factors, &mut next_leaf);
    let mut named = Vec::new();
    // The root has no name: what it hands down is 1.
    for (child, costs) in tree.root.children.iter().zip(&costs.children) {
        name(child, costs, 0, &values, &mut named);
    }
    LayerRates::Custom(named)
}

/// For a node and each possible factor: how many names are needed when the nodes inside it inherit
/// that factor, without naming the node itself.
struct Costs {
    inside: Vec<Option<usize>>,
    children: Vec<Costs>,
}

impl Costs {
    fn of(node: &LayerNode, values: &[f64], factors: &[f64], next_leaf: &mut usize) -> Self {
        if node.children.is_empty() {
            let factor = factors.get(*next_leaf).copied().unwrap_or(1.0);
            *next_leaf += 1;
            let fits = |value: &f64| (node.parameters == 0 || *value == factor).then_some(0);
            return Self {
                inside: values.iter().map(fits).collect(),
                children: Vec::new(),
            };
        }
        let children: Vec<Self> = node
            .children
            .iter()
            .map(|child| Self::of(child, values, factors, next_leaf))
            .collect();
        let inside = (0..values.len())
            .map(|value| children.iter().map(|child| child.inherited(value)).sum())
            .collect();
        Self { inside, children }
    }

    /// The names needed when the node is handed down `value`: it may keep it, or be named itself.
    fn inherited(&self, value: usize) -> Option<usize> {
        let named = self.inside.iter().flatten().min().map(|names| names + 1);
        match (self.inside[value], named) {
            (Some(kept), Some(named)) => Some(kept.min(named)),
            (kept, named) => kept.or(named),
        }
    }
}

/// Adds the names that `node` needs when it is handed down `value`.
fn name(
    node: &LayerNode,
    costs: &Costs,
    value: usize,
    values: &[f64],
    named: &mut Vec<(String, f64)>,
) {
    let keeps = costs.inside[value].is_some() && costs.inside[value] == costs.inherited(value);
    let own = if keeps {
        value
    } else {
        (0..values.len())
            .filter(|&other| costs.inside[other].is_some())
            .min_by_key(|&other| costs.inside[other])
            .unwrap_or(value)
    };
    if own != value {
        named.push((node.path.clone(), values[own]));
    }
    for (child, costs) in node.children.iter().zip(&costs.children) {
        name(child, costs, own, values, named);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;
    use crate::app::ui::layer_plan::flatten;
    use crate::training::rate_factors;

    /// Sets each of `edits` in turn, checks that every leaf has what was asked for, and gives the
    /// rates.
    fn set(before: LayerRates, edits: &[(&str, f64)]) -> LayerRates {
        let tree = fakes::tree();
        let leaves = tree.leaves();
        let nodes = flatten(&tree);
        let frozen = vec![false; leaves.len()];
        let mut rates = before;
        for (path, value) in edits {
            let factors = rate_factors(&rates, &frozen, &tree);
            rates = with_rate(&tree, &nodes, &factors, path, *value);
            let after = rate_factors(&rates, &frozen, &tree);
            for (index, leaf) in leaves.iter().enumerate() {
                let inside = leaf
                    .path
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
                let expected = if inside { *value } else { factors[index] };
                if leaf.parameters > 0 {
                    assert_eq!(after[index], expected, "{} after {path}", leaf.path);
                }
            }
        }
        rates
    }

    fn custom(named: &[(&str, f64)]) -> LayerRates {
        LayerRates::Custom(
            named
                .iter()
                .map(|(path, factor)| ((*path).to_owned(), *factor))
                .collect(),
        )
    }

    #[test]
    fn the_fewest_names_say_the_factors() {
        let cases: [(&[(&str, f64)], LayerRates); 5] = [
            (&[("layer4", 0.1)], custom(&[("layer4", 0.1)])),
            (&[("layer4", 0.1), ("layer4", 1.0)], LayerRates::Uniform),
            (
                &[("layer4", 0.1), ("layer4.1.conv2", 0.5)],
                custom(&[("layer4", 0.1), ("layer4.1.conv2", 0.5)]),
            ),
            (
                &[("layer4.0", 0.1), ("layer4.1", 0.1)],
                custom(&[("layer4", 0.1)]),
            ),
            (
                &[
                    ("conv1", 0.1),
                    ("bn1", 0.1),
                    ("layer1", 0.1),
                    ("layer2", 0.1),
                    ("layer3", 0.1),
                    ("layer4", 0.1),
                ],
                LayerRates::Backbone(0.1),
            ),
        ];
        for (edits, expected) in cases {
            assert_eq!(set(LayerRates::Uniform, edits), expected);
        }
    }

    #[test]
    fn a_rule_becomes_names_that_say_the_same() {
        let rates = set(LayerRates::Backbone(0.5), &[("layer4", 0.1)]);
        let LayerRates::Custom(named) = rates else {
            panic!("layers by name");
        };
        // conv1, bn1, layer1 to layer3 at 0.5 and layer4 at 0.1: nothing less says it.
        assert_eq!(named.len(), 6);
        let rates = set(LayerRates::ByDepth { lowest: 0.01 }, &[("layer2.0", 1.0)]);
        assert!(matches!(rates, LayerRates::Custom(_)));
    }

    #[test]
    fn a_node_shows_its_own_or_what_it_inherits() {
        let tree = fakes::tree();
        let rates = custom(&[("layer4", 0.1), ("layer4.1.conv2", 0.5)]);
        let leaves = tree.leaves();
        let factors = rate_factors(&rates, &vec![false; leaves.len()], &tree);
        let weighted: Vec<bool> = leaves.iter().map(|leaf| leaf.parameters > 0).collect();
        let of = |path: &str| {
            let node = flatten(&tree)
                .into_iter()
                .find(|node| node.node.path == path)?;
            Rate::of(path, node.leaves, &rates, &factors, &weighted)
        };
        let rate = |lowest, highest, inherited| {
            Some(Rate {
                lowest,
                highest,
                inherited,
            })
        };
        assert_eq!(of("layer4"), rate(0.1, 0.5, false));
        assert_eq!(of("layer4.0"), rate(0.1, 0.1, true));
        assert_eq!(of("layer4.1.conv2"), rate(0.5, 0.5, false));
        assert_eq!(of("layer1"), rate(1.0, 1.0, true));
        assert_eq!(of("relu"), None, "nothing learns in it");
    }
}
