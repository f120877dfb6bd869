//! Networks against the best of them, on the same pictures.

use super::pictures::ShootoutPictures;
use super::report::{ComparisonToBest, ShootoutMetric};
use crate::evaluation::{
    IntervalMethod, PairedComparison, Score, Tally,
    bootstrap::{self, RESAMPLES},
    by_group, groups,
};

/// Draws every sample.
const SEED: u64 = 0x7368_6f6f_7400;

/// How `own` answers stand against the `best` ones: on `pictures` that both answered. `None` where there is none.
pub(super) fn to_best(
    pictures: &ShootoutPictures,
    best: &[Option<u32>],
    own: &[Option<u32>],
    metric: ShootoutMetric,
) -> Option<ComparisonToBest> {
    let mut both = Both::default();
    let mut names = Vec::new();
    let answers = best.iter().zip(own);
    for ((&truth, name), answers) in pictures.labels.iter().zip(&pictures.names).zip(answers) {
        let (&Some(best), &Some(own)) = answers else {
            continue;
        };
        both.rows.push((truth, best, own));
        names.push(name.as_str());
    }
    both.groups = pictures.groups.numbers(names);
    match metric {
        ShootoutMetric::Accuracy => of_accuracy(&both),
        ShootoutMetric::MacroF1 => of_macro_f1(&both, pictures.class_names.len()),
    }
}

/// What both networks answered.
#[derive(Default)]
struct Both {
    /// Truth, the best one's answer and the other's.
    rows: Vec<(u32, u32, u32)>,
    /// The group of each row, where pictures have groups.
    groups: Option<Vec<u32>>,
}

fn of_accuracy(both: &Both) -> Option<ComparisonToBest> {
    let right = |answer: fn(&(u32, u32, u32)) -> u32| -> Vec<bool> {
        both.rows.iter().map(|row| answer(row) == row.0).collect()
    };
    let (best, own) = (right(|row| row.1), right(|row| row.2));
    let paired = PairedComparison::from_rightness(&best, &own)
        .ok()?
        .with_groups(&best, &own, both.groups.as_deref());
    Some(ComparisonToBest {
        difference: paired.difference,
        p_value: Some(paired.p_value),
        is_worse: paired.is_significant() && paired.difference.value < 0.0,
        is_borderline: paired.is_borderline() && paired.difference.value < 0.0,
    })
}

/// The bootstrap's interval of the difference: the same pictures are drawn for both, class by class, or the same groups.
fn of_macro_f1(both: &Both, classes: usize) -> Option<ComparisonToBest> {
    let rows = &both.rows;
    let mut of_class = vec![Vec::new(); classes];
    for (index, row) in rows.iter().enumerate() {
        of_class.get_mut(row.0 as usize)?.push(index as u32);
    }
    let (mut one, mut other) = (Tally::empty(classes), Tally::empty(classes));
    let mut difference = |count: &dyn Fn(usize) -> u64| {
        one.clear();
        other.clear();
        for (index, &(truth, best, own)) in rows.iter().enumerate() {
            one.add(truth, best, count(index));
            other.add(truth, own, count(index));
        }
        other.macro_f1() - one.macro_f1()
    };
    let value = (!rows.is_empty()).then(|| difference(&|_| 1))?;
    let resamples = RESAMPLES;
    let (draws, drawn) = match &both.groups {
        Some(numbers) => {
            let groups = u32::try_from(groups::count(numbers)).unwrap_or(u32::MAX);
            let drawn = IntervalMethod::GroupBootstrap { resamples, groups };
            (
                by_group::macro_f1_differences(rows, classes, numbers),
                drawn,
            )
        }
        None => {
            let sizes: Vec<u64> = of_class.iter().map(|class| class.len() as u64).collect();
            let mut draws = Vec::new();
            if bootstrap::too_rare(&sizes).is_none() {
                bootstrap::resample_within(&of_class, rows.len(), resamples, SEED, |_, counts| {
                    draws.push(difference(&|index| u64::from(counts[index])));
                });
            }
            (Ok(draws), IntervalMethod::Bootstrap { resamples })
        }
    };
    let (interval, why_none) = match draws {
        Ok(mut draws) => (
            bootstrap::percentiles(&mut draws),
            IntervalMethod::TooFewPictures,
        ),
        Err(why) => (None, why),
    };
    Some(ComparisonToBest {
        difference: Score {
            value,
            interval,
            method: if interval.is_some() { drawn } else { why_none },
        },
        p_value: None,
        is_worse: interval.is_some_and(|interval| interval.high < 0.0),
        is_borderline: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::SplitIndices;
    use crate::evaluation::Groups;

    /// Of two classes; `group`: the name of each picture's.
    fn pictures(truths: &[u32], group: impl Fn(usize) -> Option<String>) -> ShootoutPictures {
        let names: Vec<String> = (0..truths.len())
            .map(|index| format!("{index}.png"))
            .collect();
        let of_group = |(index, name): (usize, &String)| Some((name.clone(), group(index)?.into()));
        ShootoutPictures {
            split: SplitIndices::default(),
            split_test: 0,
            members: (0..truths.len()).collect(),
            groups: Groups::new(names.iter().enumerate().filter_map(of_group)),
            names,
            labels: truths.to_vec(),
            folds: vec![0; truths.len()],
            fold_count: 3,
            class_names: vec!["a".into(), "b".into()],
            digest: String::new(),
            remarks: Vec::new(),
        }
    }

    #[test]
    fn what_groups_gain_together_is_luck_sooner() {
        // The other is wrong on all pictures of two groups of six, of both classes.
        let truths: Vec<u32> = (0..60).map(|index| index % 2).collect();
        let own: Vec<Option<u32>> = (truths.iter().enumerate())
            .map(|(index, &truth)| Some(if index < 12 { 1 - truth } else { truth }))
            .collect();
        let best: Vec<Option<u32>> = truths.iter().copied().map(Some).collect();
        let alone = pictures(&truths, |_| None);
        let grouped = pictures(&truths, |index| Some(format!("cell {}", index / 6)));
        for metric in [ShootoutMetric::Accuracy, ShootoutMetric::MacroF1] {
            let by_picture = to_best(&alone, &best, &own, metric).unwrap();
            let by_group = to_best(&grouped, &best, &own, metric).unwrap();
            assert_eq!(by_picture.difference.value, by_group.difference.value);
            assert!(
                by_picture.is_worse && !by_group.is_worse,
                "{metric:?}: {by_group:?}"
            );
            let method = by_group.difference.method;
            assert!(
                matches!(method, IntervalMethod::GroupBootstrap { groups: 10, .. }),
                "{method:?}"
            );
        }
        let few = pictures(&truths, |index| Some(format!("cell {}", index / 30)));
        for metric in [ShootoutMetric::Accuracy, ShootoutMetric::MacroF1] {
            let compared = to_best(&few, &best, &own, metric).unwrap();
            assert_eq!(compared.difference.method, IntervalMethod::TooFewGroups);
            assert!(!compared.is_worse, "{compared:?}");
        }
    }

    #[test]
    fn fewer_right_on_the_same_pictures_is_worse_and_a_few_are_luck() {
        let truths: Vec<u32> = (0..60).map(|index| index % 2).collect();
        let answers = |wrong: usize| -> Vec<Option<u32>> {
            let answer = |(index, &truth): (usize, &u32)| {
                Some(if index < wrong { 1 - truth } else { truth })
            };
            truths.iter().enumerate().map(answer).collect()
        };
        let best = answers(2);
        let pictures = pictures(&truths, |_| None);
        for metric in [ShootoutMetric::Accuracy, ShootoutMetric::MacroF1] {
            let worse = to_best(&pictures, &best, &answers(20), metric).unwrap();
            assert!(worse.is_worse && worse.difference.value < -0.2, "{worse:?}");
            let interval = worse.difference.interval.unwrap();
            assert!(interval.contains(worse.difference.value) && interval.high < 0.0);
            let same = to_best(&pictures, &best, &best, metric).unwrap();
            assert!(!same.is_worse && same.difference.value == 0.0, "{same:?}");
        }
        let luck = to_best(&pictures, &best, &answers(4), ShootoutMetric::Accuracy).unwrap();
        assert!(!luck.is_worse && luck.p_value.unwrap() > 0.05, "{luck:?}");
    }

    #[test]
    fn pictures_that_one_could_not_read_count_for_neither() {
        let pictures = pictures(&[0, 1, 0, 1], |_| None);
        let best = [Some(0), Some(1), None, Some(1)];
        let own = [Some(0), None, Some(1), Some(1)];
        let compared = to_best(&pictures, &best, &own, ShootoutMetric::Accuracy).unwrap();
        assert_eq!(compared.difference.value, 0.0);
        assert!(to_best(&pictures, &[None; 4], &own, ShootoutMetric::MacroF1).is_none());
    }
}
