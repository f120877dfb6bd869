//! The draw of a split that keeps groups together, stratified by class as far as the groups allow.

use std::collections::BTreeMap;

use super::super::random::{RandomSource, hash_text, mix};
use super::super::{Dataset, Picture, Split};
use super::everything;

/// Orders in which the groups are tried; the draw that comes nearest to the shares is taken.
const TRIES: usize = 16;
/// Passes over the groups that may better a draw; each is kept only if it does.
const PASSES: usize = 16;
/// Pairs of groups of which one may take the other's place.
const MOST_SWAPS: usize = 20_000;
/// Less is no gain but rounding.
const LEAST_GAIN: f64 = 1e-9;

/// Where every picture goes; those that are left out of the experiment stand there too, by one common number.
pub(super) struct Parts {
    /// Training pictures of each class, in random order.
    pub pools: Vec<Vec<usize>>,
    pub validation: Vec<usize>,
    pub test: Vec<usize>,
}

/// Pictures that stay together.
struct Group<'a> {
    members: Vec<(usize, &'a Picture)>,
    /// How many of each class, for those that it has.
    counts: Vec<(usize, f64)>,
    total: f64,
}

impl<'a> Group<'a> {
    fn new(members: Vec<(usize, &'a Picture)>) -> Self {
        let mut by_class: BTreeMap<usize, f64> = BTreeMap::new();
        for (_, picture) in &members {
            *by_class.entry(picture.label as usize).or_default() += 1.0;
        }
        Self {
            total: members.len() as f64,
            counts: by_class.into_iter().collect(),
            members,
        }
    }

    fn indices(&self) -> impl Iterator<Item = usize> {
        self.members.iter().map(|(index, _)| *index)
    }
}

/// Draws test and validation; a share is nothing where the source itself assigns the part. Whatever the source leaves
/// open follows the pictures of its group that the source assigns; only what the source tears apart stays so.
///
/// Groups are told apart by name, and a picture without a group by its own, so that the order of pictures changes
/// nothing.
pub(super) fn draw(
    dataset: &Dataset,
    seed: u64,
    test_share: Option<f64>,
    validation_share: Option<f64>,
) -> Parts {
    let mut by_name: BTreeMap<(bool, &str), Vec<(usize, &Picture)>> = BTreeMap::new();
    for (index, picture) in everything(dataset) {
        let name = match &picture.group {
            Some(group) => (true, group.as_ref()),
            None => (false, picture.name.as_str()),
        };
        by_name.entry(name).or_default().push((index, picture));
    }
    let (mut test, mut validation) = (Vec::new(), Vec::new());
    // Training pictures of groups that the source has torn apart.
    let mut stuck: Vec<(usize, &Picture)> = Vec::new();
    let mut groups = Vec::new();
    for members in by_name.into_values() {
        let holds = |part| {
            members
                .iter()
                .any(|(_, picture)| picture.split == Some(part))
        };
        let home = if holds(Split::Test) {
            Split::Test
        } else if holds(Split::Validation) {
            Split::Validation
        } else {
            groups.push(Group::new(members));
            continue;
        };
        for (index, picture) in members {
            match picture.split.unwrap_or(home) {
                Split::Test => test.push(index),
                Split::Validation => validation.push(index),
                Split::Train => stuck.push((index, picture)),
            }
        }
    }
    let mut totals = vec![0.0; dataset.classes.len()];
    for (_, picture) in &stuck {
        totals[picture.label as usize] += 1.0;
    }
    for (part, share, name) in [
        (&mut test, test_share, "grouped test"),
        (&mut validation, validation_share, "grouped validation"),
    ] {
        let Some(share) = share else {
            continue;
        };
        let mut left = totals.clone();
        for (class, count) in groups.iter().flat_map(|group| &group.counts) {
            left[*class] += count;
        }
        let random = RandomSource::new(mix(seed) ^ hash_text(name));
        let chosen = choose(&groups, share, &left, random);
        let mut chosen = chosen.into_iter();
        groups.retain(|group| {
            let is_chosen = chosen.next().unwrap_or(false);
            if is_chosen {
                part.extend(group.indices());
            }
            !is_chosen
        });
    }
    let mut training: Vec<(usize, &Picture)> = stuck;
    training.extend(groups.into_iter().flat_map(|group| group.members));
    training.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let mut pools = vec![Vec::new(); dataset.classes.len()];
    for (index, picture) in training {
        pools[picture.label as usize].push(index);
    }
    for (pool, class) in pools.iter_mut().zip(&dataset.classes) {
        RandomSource::new(mix(seed) ^ hash_text(class)).shuffle(pool);
    }
    Parts {
        pools,
        validation,
        test,
    }
}

/// Which groups to take for a part of `share`; `left` is how many pictures of each class there are to take from, of
/// which at least one stays.
fn choose(groups: &[Group<'_>], share: f64, left: &[f64], mut random: RandomSource) -> Vec<bool> {
    let mut best: Option<(f64, Vec<bool>)> = None;
    let mut order: Vec<usize> = (0..groups.len()).collect();
    for _ in 0..TRIES {
        random.shuffle(&mut order);
        let mut taken = Taken::new(groups, share, left);
        for &group in &order {
            taken.flip_if_better(group);
        }
        for _ in 0..PASSES {
            let mut has_changed = false;
            for &group in &order {
                has_changed |= taken.flip_if_better(group);
            }
            has_changed |= taken.swap_if_better(&order);
            if !has_changed {
                break;
            }
        }
        let cost = taken.cost();
        if best
            .as_ref()
            .is_none_or(|(least, _)| cost < least - LEAST_GAIN)
        {
            best = Some((cost, taken.is_taken));
        }
    }
    best.map_or_else(|| vec![false; groups.len()], |(_, chosen)| chosen)
}

/// Groups that are taken so far, and how far they are from the shares.
struct Taken<'a> {
    groups: &'a [Group<'a>],
    left: &'a [f64],
    is_taken: Vec<bool>,
    /// Pictures of each class that are taken.
    have: Vec<f64>,
    /// Above (or below) the share, for each class and in all.
    excess: Vec<f64>,
    excess_total: f64,
    total: f64,
    classes: f64,
}

impl<'a> Taken<'a> {
    fn new(groups: &'a [Group<'a>], share: f64, left: &'a [f64]) -> Self {
        let total: f64 = left.iter().sum();
        Self {
            groups,
            left,
            is_taken: vec![false; groups.len()],
            have: vec![0.0; left.len()],
            excess: left.iter().map(|count| -share * count).collect(),
            excess_total: -share * total,
            total: total.max(1.0),
            classes: left.iter().filter(|count| **count > 0.0).count() as f64,
        }
    }

    /// Squares of what is too much or too little, each over what there is: as in a chi-squared test. The total weighs
    /// as much as all classes, so that many small classes don't round it away.
    fn cost(&self) -> f64 {
        let of_classes: f64 = self
            .excess
            .iter()
            .zip(self.left)
            .filter(|(_, left)| **left > 0.0)
            .map(|(excess, left)| excess * excess / left)
            .sum();
        of_classes + self.classes * self.excess_total * self.excess_total / self.total
    }

    /// What taking a group (sign 1) or giving it back (-1) adds to the cost.
    fn change(&self, group: usize, sign: f64) -> f64 {
        let group = &self.groups[group];
        let of_classes: f64 = group
            .counts
            .iter()
            .map(|&(class, count)| {
                count * (2.0 * sign * self.excess[class] + count) / self.left[class].max(1.0)
            })
            .sum();
        let total = group.total * (2.0 * sign * self.excess_total + group.total) / self.total;
        of_classes + self.classes * total
    }

    fn apply(&mut self, group: usize, sign: f64) {
        for &(class, count) in &self.groups[group].counts {
            self.have[class] += sign * count;
            self.excess[class] += sign * count;
        }
        self.excess_total += sign * self.groups[group].total;
        self.is_taken[group] = sign > 0.0;
    }

    /// Whether every class keeps a picture when the group is taken.
    fn may_take(&self, group: usize) -> bool {
        self.groups[group]
            .counts
            .iter()
            .all(|&(class, count)| self.left[class] - self.have[class] - count >= 1.0)
    }

    fn flip_if_better(&mut self, group: usize) -> bool {
        let sign = if self.is_taken[group] { -1.0 } else { 1.0 };
        if sign > 0.0 && !self.may_take(group) {
            return false;
        }
        let is_better = self.change(group, sign) < -LEAST_GAIN;
        if is_better {
            self.apply(group, sign);
        }
        is_better
    }

    /// Lets groups take each other's place, where there are few enough to try them all.
    fn swap_if_better(&mut self, order: &[usize]) -> bool {
        let taken: Vec<usize> = order
            .iter()
            .copied()
            .filter(|&group| self.is_taken[group])
            .collect();
        let others = order.len() - taken.len();
        if taken.len().saturating_mul(others) > MOST_SWAPS {
            return false;
        }
        let mut has_changed = false;
        for out in taken {
            let before = self.change(out, -1.0);
            self.apply(out, -1.0);
            let better = order.iter().copied().find(|&other| {
                other != out
                    && !self.is_taken[other]
                    && before + self.change(other, 1.0) < -LEAST_GAIN
                    && self.may_take(other)
            });
            has_changed |= better.is_some();
            self.apply(better.unwrap_or(out), 1.0);
        }
        has_changed
    }
}

#[cfg(test)]
pub(super) mod tests;
