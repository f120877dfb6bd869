//! Which tasks are submitted: parts of a sweep that have something left to train, as arrays that the cluster allows.

use std::collections::{BTreeMap, BTreeSet};

use crate::sweep::Plan;

/// A part of a sweep, which one task trains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Among all parts, counted from 0.
    pub index: u32,
    /// What is left of it; nothing where a task takes whatever cell there is.
    pub cells: BTreeSet<String>,
}

/// One array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Array {
    /// The part of index 0.
    pub first: u32,
    /// The cells of each index.
    pub tasks: BTreeMap<u32, BTreeSet<String>>,
}

/// The parts that have something left, and how many parts there are in all.
///
/// `open`: whether each cell of the plan is left to train. The parts of a sweep are the same however often it is
/// submitted, so that a part is one task's alone.
pub(super) fn parts(plan: &Plan, open: &[bool], cells_per_task: u32) -> (u32, Vec<Part>) {
    let per_task = usize::try_from(cells_per_task.max(1)).unwrap_or(usize::MAX);
    let of = plan.cells.len().div_ceil(per_task);
    let parts = (0..of).filter_map(|index| {
        let left = plan.part(index, of).into_iter();
        let cells: BTreeSet<String> = left
            .filter(|cell| open.get(*cell).copied().unwrap_or(false))
            .map(|cell| plan.cells[cell].name.clone())
            .collect();
        let index = u32::try_from(index).ok()?;
        (!cells.is_empty()).then_some(Part { index, cells })
    });
    let parts = parts.collect();
    (u32::try_from(of).unwrap_or(u32::MAX), parts)
}

/// So many tasks that take whatever cell there is.
pub(super) fn any_parts(count: u32) -> Vec<Part> {
    let part = |index| Part {
        index,
        cells: BTreeSet::new(),
    };
    (0..count).map(part).collect()
}

/// Arrays with these parts whose indices are below `size`, the cluster's `MaxArraySize`.
pub(super) fn arrays(parts: Vec<Part>, size: u32) -> Vec<Array> {
    let size = size.max(1);
    let mut arrays: Vec<Array> = Vec::new();
    for part in parts {
        let index = part.index % size;
        let first = part.index - index;
        match arrays.last_mut() {
            Some(array) if array.first == first => {
                array.tasks.insert(index, part.cells);
            }
            _ => arrays.push(Array {
                first,
                tasks: BTreeMap::from([(index, part.cells)]),
            }),
        }
    }
    arrays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_stay_below_what_the_cluster_allows() {
        let parts: Vec<Part> = any_parts(25)
            .into_iter()
            .filter(|part| part.index % 5 != 0)
            .collect();
        let arrays = arrays(parts, 10);
        let indices: Vec<(u32, Vec<u32>)> = arrays
            .iter()
            .map(|array| (array.first, array.tasks.keys().copied().collect()))
            .collect();
        assert_eq!(
            indices,
            [
                (0, vec![1, 2, 3, 4, 6, 7, 8, 9]),
                (10, vec![1, 2, 3, 4, 6, 7, 8, 9]),
                (20, vec![1, 2, 3, 4]),
            ]
        );
    }
}
