//! The batches of an epoch: which picture in which version, in which order.

use crate::training::sample::Variation;
use crate::training::seeds;

/// One picture of a batch: its index among the training pictures, and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchItem {
    pub index: usize,
    pub view: u32,
}

/// The number of batches of an epoch. The last one may be smaller, but not a single picture where a
/// BatchNorm would have to normalise by it.
pub(super) fn batch_count(pictures: usize, batch_size: usize, normalizes_by_batch: bool) -> usize {
    let count = pictures.div_ceil(batch_size);
    let single_rest = batch_size > 1 && pictures % batch_size == 1;
    if normalizes_by_batch && single_rest {
        count - 1
    } else {
        count
    }
}

/// The shuffled batches of `epoch`, counted from 1 over all phases.
pub(super) fn epoch_batches(
    pictures: usize,
    batch_size: usize,
    normalizes_by_batch: bool,
    variation: Variation,
    seed: u64,
    epoch: u32,
) -> Vec<Vec<BatchItem>> {
    let count = batch_count(pictures, batch_size, normalizes_by_batch);
    let item = |&index: &usize| match variation {
        Variation::Cached(views) => BatchItem {
            index,
            view: seeds::view(views, seed, epoch, index),
        },
        Variation::None | Variation::Fresh => BatchItem { index, view: 0 },
    };
    seeds::order(pictures, seed, epoch)
        .chunks(batch_size)
        .take(count)
        .map(|batch| batch.iter().map(item).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_picture_is_left_out_only_where_it_would_be_normalised_by_itself() {
        let check = |pictures, size, by_batch, expect: &[usize]| {
            let batches = epoch_batches(pictures, size, by_batch, Variation::None, 1, 1);
            let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
            assert_eq!(sizes, expect, "{pictures} by {size}, by batch {by_batch}");
        };
        check(9, 4, false, &[4, 4, 1]);
        check(9, 4, true, &[4, 4]);
        check(10, 4, true, &[4, 4, 2]);
        check(1, 4, true, &[]);
        check(2, 1, false, &[1, 1]);
    }
}
