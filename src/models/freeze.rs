//! A freeze plan laid over a layer tree. Plain data in, plain data out; no tensors.

use super::ModelError;
use super::tree::{LayerNode, LayerTree, is_inside};
use crate::experiment::FreezePlan;

/// For each leaf of `tree` (in the order of [`LayerTree::leaves`]) whether it is frozen.
///
/// # Errors
/// [`ModelError::UnknownLayer`] when the plan names a path that the tree does not have.
pub fn frozen_leaves(plan: &FreezePlan, tree: &LayerTree) -> Result<Vec<bool>, ModelError> {
    let leaves = tree.leaves();
    let count = leaves.len();
    let first_trainable = match plan {
        FreezePlan::Backbone => count,
        FreezePlan::Nothing => 0,
        FreezePlan::AllButLast(last) => count.saturating_sub(*last),
        FreezePlan::Below(path) => leaves
            .iter()
            .position(|leaf| is_inside(&leaf.path, path))
            .ok_or_else(|| unknown(path, tree))?,
        FreezePlan::Custom(paths) => {
            if let Some(path) = paths
                .iter()
                .find(|path| path.is_empty() || tree.find(path).is_none())
            {
                return Err(unknown(path, tree));
            }
            let named = |leaf: &&LayerNode| paths.iter().any(|path| is_inside(&leaf.path, path));
            return Ok(leaves.iter().map(named).collect());
        }
    };
    Ok((0..count).map(|leaf| leaf < first_trainable).collect())
}

/// Parameters that learn and that stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub trainable: u64,
    pub frozen: u64,
}

impl Totals {
    /// With those of a head, which always learns.
    pub fn with_head(self, parameters: u64) -> Self {
        Self {
            trainable: self.trainable + parameters,
            ..self
        }
    }

    pub fn all(self) -> u64 {
        self.trainable + self.frozen
    }

    /// The share of all that learns, 0 to 1.
    pub fn trainable_share(self) -> f64 {
        self.trainable as f64 / self.all().max(1) as f64
    }
}

/// Counts the parameters of the backbone `tree`; `frozen` is what [`frozen_leaves`] gave for it.
pub fn totals(tree: &LayerTree, frozen: &[bool]) -> Totals {
    let mut totals = Totals::default();
    for (index, leaf) in tree.leaves().into_iter().enumerate() {
        if frozen.get(index).copied().unwrap_or(false) {
            totals.frozen += leaf.parameters;
        } else {
            totals.trainable += leaf.parameters;
        }
    }
    totals
}

fn unknown(path: &str, tree: &LayerTree) -> ModelError {
    let nearest = paths(&tree.root)
        .into_iter()
        .map(|known| (edit_distance(path, known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= (known.len() / 2).max(2));
    let hint = match nearest {
        Some((_, known)) => format!("; did you mean “{known}”?"),
        None => format!("; “graft layers {}” lists them", tree.backbone),
    };
    ModelError::UnknownLayer {
        path: path.into(),
        backbone: tree.backbone.clone(),
        hint,
    }
}

fn paths(node: &LayerNode) -> Vec<&str> {
    let own = (!node.path.is_empty()).then_some(node.path.as_str());
    own.into_iter()
        .chain(node.children.iter().flat_map(paths))
        .collect()
}

/// Levenshtein's: letters to insert, remove or change.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::outline;

    fn frozen_count(plan: FreezePlan) -> usize {
        let tree = outline("resnet18", 224).unwrap();
        frozen_leaves(&plan, &tree)
            .unwrap()
            .into_iter()
            .filter(|frozen| *frozen)
            .count()
    }

    #[test]
    fn plans_over_resnet18() {
        // Stem 4; layer1 2 x 5; layer2 to layer4 7 + 5 each.
        let cases = [
            (FreezePlan::Backbone, 50),
            (FreezePlan::Nothing, 0),
            (FreezePlan::AllButLast(0), 50),
            (FreezePlan::AllButLast(20), 30),
            (FreezePlan::AllButLast(5000), 0),
            (FreezePlan::Below("layer4".into()), 38),
            (FreezePlan::Below("conv1".into()), 0),
            (FreezePlan::Below("layer4.0.downsample".into()), 43),
            (
                FreezePlan::Custom(vec!["layer1".into(), "layer4.1.bn2".into()]),
                11,
            ),
            (FreezePlan::Custom(vec![]), 0),
        ];
        for (plan, expected) in cases {
            assert_eq!(frozen_count(plan.clone()), expected, "{plan:?}");
        }
    }

    #[test]
    fn a_wrong_path_is_named_with_the_nearest_one() {
        let tree = outline("resnet18", 224).unwrap();
        for plan in [
            FreezePlan::Below("layr4".into()),
            FreezePlan::Custom(vec!["layr4".into()]),
        ] {
            let message = frozen_leaves(&plan, &tree).unwrap_err().to_string();
            assert!(
                message.contains("“layr4”") && message.contains("did you mean “layer4”?"),
                "{message}"
            );
        }
    }

    #[test]
    fn totals_add_up_to_the_backbone() {
        let tree = outline("resnet18", 224).unwrap();
        let frozen = frozen_leaves(&FreezePlan::Below("layer4".into()), &tree).unwrap();
        let totals = totals(&tree, &frozen);
        assert_eq!(totals.trainable, 8_393_728);
        assert_eq!(totals.trainable + totals.frozen, 11_689_512 - 513_000);
        assert_eq!(totals.trainable + totals.frozen, tree.root.parameters);
    }
}
