//! The stratified, seeded split.

mod folded;
mod grouped;
mod remarks;
mod suggest;

use super::random::{RandomSource, hash_text, mix};
use super::{DataError, Dataset, Picture, Split, SplitIndices};
use crate::experiment::Experiment;

pub use folded::folds;
pub use remarks::{remarks, rule};
pub use suggest::by_pairs as groups_of_pairs;

/// Splits by class with the experiment's seed and shares; what the source assigned stays. Applies
/// `data.limit` to the training pictures.
///
/// Test pictures are drawn first, validation pictures from the rest. Totals are the rounded share
/// of all pictures; each class gets its own share of them within one picture, and keeps at least
/// one picture to train on. Where the source assigns some pictures to test, no others are drawn for
/// it, and likewise for validation; where it assigns only training pictures, the missing parts are
/// drawn from these.
///
/// Every class is drawn by its own name and the seed, so the order of classes, and which others
/// there are, change nothing. Pictures that the experiment leaves out are drawn too, and then dropped:
/// the others stay where they were.
///
/// Where pictures have groups, these stay together, and the shares are met as far as that allows.
///
/// Of a cross-validation, a fold is the test: see [`folds`].
///
/// # Errors
/// [`DataError::Split`] when there is nothing to train on, or a class has no training picture.
pub fn split(dataset: &Dataset, experiment: &Experiment) -> Result<SplitIndices, DataError> {
    match experiment.data.split.folds {
        Some(_) => folded::split(dataset, experiment),
        None => of_shares(dataset, experiment),
    }
}

/// Test and validation by their shares, where the source does not assign them.
fn of_shares(dataset: &Dataset, experiment: &Experiment) -> Result<SplitIndices, DataError> {
    let config = &experiment.data;
    let seed = config.split.seed.unwrap_or(experiment.seed);
    let test_share = allowed_share("test", config.split.test)?;
    let validation_share = allowed_share("validation", config.split.validation)?;
    let assigned = |split| {
        everything(dataset)
            .iter()
            .any(|(_, picture)| picture.split == Some(split))
    };

    let has_groups = everything(dataset)
        .iter()
        .any(|(_, picture)| picture.group.is_some());
    let (mut pools, mut test, mut validation);
    if has_groups {
        let test_share = (!assigned(Split::Test)).then_some(test_share);
        let validation_share = (!assigned(Split::Validation)).then_some(validation_share);
        let drawn = grouped::draw(dataset, seed, test_share, validation_share);
        (pools, test, validation) = (drawn.pools, drawn.test, drawn.validation);
    } else {
        pools = shuffled_pools(dataset, seed);
        test = indices_assigned(dataset, Split::Test);
        if !assigned(Split::Test) {
            test = draw(&mut pools, test_share);
        }
        validation = indices_assigned(dataset, Split::Validation);
        if !assigned(Split::Validation) {
            validation = draw(&mut pools, validation_share);
        }
    }
    for part in pools.iter_mut().chain([&mut test, &mut validation]) {
        part.retain(|&index| index != LEFT_OUT);
    }

    check_training_pictures(dataset, &pools)?;
    if let Some(limit) = config.limit {
        apply_limit(&mut pools, limit)?;
    }
    let mut train = pools.concat();
    train.sort_unstable();
    test.sort_unstable();
    validation.sort_unstable();
    Ok(SplitIndices {
        train,
        validation,
        test,
    })
}

fn allowed_share(name: &str, share: f64) -> Result<f64, DataError> {
    if (0.0..=0.9).contains(&share) {
        return Ok(share);
    }
    Err(DataError::Split(format!(
        "the {name} share is {share}, allowed is 0 to 0.9"
    )))
}

fn indices_assigned(dataset: &Dataset, split: Split) -> Vec<usize> {
    (0..dataset.pictures.len())
        .filter(|&index| dataset.pictures[index].split == Some(split))
        .collect()
}

/// Stands for a picture that the experiment leaves out.
const LEFT_OUT: usize = usize::MAX;

/// Every picture with its index, those that are left out among them, in the order of the source.
fn everything(dataset: &Dataset) -> Vec<(usize, &Picture)> {
    let mut all = Vec::with_capacity(dataset.pictures.len() + dataset.excluded.len());
    let mut excluded = dataset.excluded.iter().peekable();
    for (index, picture) in dataset.pictures.iter().enumerate() {
        while let Some(left_out) = excluded.next_if(|left_out| left_out.before <= index) {
            all.push((LEFT_OUT, &left_out.picture));
        }
        all.push((index, picture));
    }
    all.extend(excluded.map(|left_out| (LEFT_OUT, &left_out.picture)));
    all
}

/// For each class, in random order, what may be drawn from: pictures that the source assigns
/// nowhere, or to training.
fn shuffled_pools(dataset: &Dataset, seed: u64) -> Vec<Vec<usize>> {
    let mut pools = vec![Vec::new(); dataset.classes.len()];
    for (index, picture) in everything(dataset) {
        if matches!(picture.split, None | Some(Split::Train)) {
            pools[picture.label as usize].push(index);
        }
    }
    for (pool, class) in pools.iter_mut().zip(&dataset.classes) {
        RandomSource::new(mix(seed) ^ hash_text(class)).shuffle(pool);
    }
    pools
}

/// Takes `share` of all pools from their ends, leaving at least one picture in each.
fn draw(pools: &mut [Vec<usize>], share: f64) -> Vec<usize> {
    let sizes: Vec<usize> = pools.iter().map(Vec::len).collect();
    let total = (share * sizes.iter().sum::<usize>() as f64).round() as usize;
    let most: Vec<usize> = sizes.iter().map(|size| size.saturating_sub(1)).collect();
    let counts = apportion(&sizes, total, &most);
    pools
        .iter_mut()
        .zip(counts)
        .flat_map(|(pool, count)| pool.split_off(pool.len() - count))
        .collect()
}

/// Divides `total` in proportion to `sizes` by largest remainders, no part above its `most`. A part
/// is its exact share rounded down or up, or its `most`.
fn apportion(sizes: &[usize], total: usize, most: &[usize]) -> Vec<usize> {
    let all = sizes.iter().sum::<usize>().max(1) as u128;
    // Exact: whole part and remainder of size * total / all.
    let exact: Vec<(usize, u128)> = sizes
        .iter()
        .map(|&size| {
            let product = size as u128 * total as u128;
            ((product / all) as usize, product % all)
        })
        .collect();
    let mut counts: Vec<usize> = exact
        .iter()
        .zip(most)
        .map(|(&(whole, _), &most)| whole.min(most))
        .collect();
    let missing = total.saturating_sub(exact.iter().map(|(whole, _)| whole).sum());
    let mut order: Vec<usize> = (0..sizes.len())
        .filter(|&part| counts[part] < most[part])
        .collect();
    // The sort is stable: among equals the larger, then the earlier part comes first.
    order.sort_by_key(|&part| std::cmp::Reverse((exact[part].1, sizes[part])));
    for &part in order
        .iter()
        .filter(|&&part| exact[part].1 > 0)
        .take(missing)
    {
        counts[part] += 1;
    }
    counts
}

fn check_training_pictures(dataset: &Dataset, pools: &[Vec<usize>]) -> Result<(), DataError> {
    if pools.iter().all(Vec::is_empty) {
        return Err(DataError::Split(
            "no picture is left to train on: the source assigns all of them to validation or test"
                .into(),
        ));
    }
    let without: Vec<&str> = pools
        .iter()
        .zip(&dataset.classes)
        .filter_map(|(pool, class)| pool.is_empty().then_some(class.as_str()))
        .collect();
    if without.is_empty() {
        return Ok(());
    }
    let follows = if dataset
        .pictures
        .iter()
        .any(|picture| picture.group.is_some())
    {
        " or groups that it puts there"
    } else {
        ""
    };
    Err(DataError::Split(format!(
        "no training picture for {}: the source assigns all of them to validation or test{follows}; add some to train, or \
         leave the class out",
        without.join(", ")
    )))
}

/// Keeps `limit` training pictures, in proportion to the classes and at least one of each.
fn apply_limit(pools: &mut [Vec<usize>], limit: usize) -> Result<(), DataError> {
    if limit < pools.len() {
        return Err(DataError::Split(format!(
            "a limit of {limit} training pictures leaves classes without any: allow at least {}, one of each class",
            pools.len()
        )));
    }
    let sizes: Vec<usize> = pools.iter().map(Vec::len).collect();
    if limit >= sizes.iter().sum() {
        return Ok(());
    }
    let mut counts = apportion(&sizes, limit, &sizes);
    // A class whose share rounds to nothing takes a picture from the one that has most.
    while let Some(empty) = counts.iter().position(|&count| count == 0) {
        let Some(largest) = (0..counts.len()).max_by_key(|&class| counts[class]) else {
            break;
        };
        counts[largest] -= 1;
        counts[empty] += 1;
    }
    for (pool, count) in pools.iter_mut().zip(counts) {
        pool.truncate(count);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
