//! Which of two tested runs is better: one rule for the window's results and its comparison, the report and the command
//! line.
//!
//! Two runs are set against each other on the same test pictures, by McNemar's exact test and Newcombe's interval for
//! pairs, or by the groups that the pictures are of (`evaluation::paired`); experiments that were trained with several
//! seeds also by their means. Where the pictures are not the same, or nobody knows which of them were right, there is no
//! verdict but the reason.

use crate::evaluation::groups;
use crate::evaluation::{PairedComparison, SeedComparison, Verdict};
use crate::runs::{RunSummary, rightness, seeds, store};

/// An experiment: its name and its runs, one of each seed.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    pub name: &'a str,
    pub runs: Vec<&'a RunSummary>,
}

/// The verdict on two experiments, from what their summaries say: on a run of each with the same seed where there are
/// such, else on the first of each.
///
/// # Errors
/// Saying why they can't be compared.
pub fn verdict(first: &Side<'_>, second: &Side<'_>) -> Result<Verdict, String> {
    let nothing = || "there is no tested run to compare".to_owned();
    let pairs = seed_pairs(first, second);
    let (one, two) = match pairs.first() {
        Some(pair) => *pair,
        None => (
            *first.runs.first().ok_or_else(nothing)?,
            *second.runs.first().ok_or_else(nothing)?,
        ),
    };
    store::same_test(one, two).map_err(|reason| {
        format!(
            "{} and {} can't be compared: {reason}",
            first.name, second.name
        )
    })?;
    let right = |run: &RunSummary| {
        rightness::decode(run).ok_or_else(|| {
            format!(
                "{} and {} can't be compared here, because it is not known which pictures {} had right: evaluate it on \
                 its test pictures",
                first.name, second.name, run.experiment
            )
        })
    };
    let accuracies: Vec<(f64, f64)> = pairs
        .iter()
        .filter_map(|(one, two)| Some((one.test.as_ref()?.accuracy, two.test.as_ref()?.accuracy)))
        .collect();
    let groups = [one, two].into_iter().filter_map(|run| {
        let groups = run.test_groups.as_ref()?;
        groups.numbers(run.test.as_ref()?.n)
    });
    let groups = groups.min_by_key(|numbers| groups::count(numbers));
    let (_, verdict) = judge(
        (first.name, &right(one)?),
        (second.name, &right(two)?),
        groups.as_deref(),
        (seeds::base_name(first.name), seeds::base_name(second.name)),
        &accuracies,
    )?;
    Ok(verdict)
}

/// The verdict on two named runs, from what each had right, picture by picture in the same order. `groups`: that of each
/// picture, where they have any (`evaluation::Groups::numbers`). `accuracies`: of their two experiments, a pair for each
/// seed.
///
/// # Errors
/// Saying why they can't be compared.
pub fn judge(
    first: (&str, &[bool]),
    second: (&str, &[bool]),
    groups: Option<&[u32]>,
    experiments: (&str, &str),
    accuracies: &[(f64, f64)],
) -> Result<(PairedComparison, Verdict), String> {
    let paired = PairedComparison::from_rightness(first.1, second.1)
        .map_err(|error| format!("{} and {} can't be compared: {error}", first.0, second.0))?
        .with_groups(first.1, second.1, groups);
    let mut verdict = Verdict::new(first.0, second.0, &paired);
    if let Some(seeds) = SeedComparison::new(accuracies) {
        verdict = verdict.with_seeds(experiments.0, experiments.1, &seeds);
    }
    Ok((paired, verdict))
}

/// Runs of both under the same seed, in the order of the first's.
fn seed_pairs<'a>(first: &Side<'a>, second: &Side<'a>) -> Vec<(&'a RunSummary, &'a RunSummary)> {
    let with_seed = |one: &&'a RunSummary| {
        let seed = one.seed?;
        let two = second.runs.iter().find(|two| two.seed == Some(seed))?;
        Some((*one, *two))
    };
    first.runs.iter().filter_map(with_seed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Better;
    use crate::runs::rightness::tests::run;

    #[test]
    fn the_rule_is_mcnemars_on_the_same_pictures() {
        // 40 pictures: the second has 12 more right, and 1 of them wrong.
        let first: Vec<bool> = (0..40).map(|index| index < 20).collect();
        let second: Vec<bool> = (0..40).map(|index| index < 32 && index != 0).collect();
        let (one, two) = (run("One", 1, &first), run("Two", 1, &second));
        let side = |name, runs: Vec<_>| Side { name, runs };
        let found = verdict(&side("One", vec![&one]), &side("Two", vec![&two])).unwrap();
        assert_eq!(found.better, Better::Second);
        assert_eq!(found.headline, "Two is better than One");
        assert!(
            found.evidence.contains("77.5 % against 50.0 %"),
            "{}",
            found.evidence
        );
        // Three pictures more can be chance.
        let third: Vec<bool> = (0..40).map(|index| index < 23).collect();
        let three = run("Three", 1, &third);
        let found = verdict(&side("One", vec![&one]), &side("Three", vec![&three])).unwrap();
        assert_eq!(found.better, Better::Neither);
        // The same seed is looked for.
        let other = run("Two", 2, &first);
        let found = verdict(&side("One", vec![&one]), &side("Two", vec![&other, &two])).unwrap();
        assert_eq!(found.better, Better::Second);
    }

    #[test]
    fn pictures_of_one_patient_count_together() {
        let first: Vec<bool> = (0..40).map(|index| index < 20).collect();
        let second: Vec<bool> = (0..40).map(|index| index < 32).collect();
        let (one, two) = (run("One", 1, &first), run("Two", 1, &second));
        let side = |name, run| Side {
            name,
            runs: vec![run],
        };
        let by_picture = verdict(&side("One", &one), &side("Two", &two)).unwrap();
        assert_eq!(by_picture.better, Better::Second);
        let accuracy = one.accuracy().unwrap();
        // The twelve that are gained are of two patients, whichever run knows it.
        let knowing = RunSummary {
            test_groups: Some(crate::runs::groups::TestGroups {
                accuracy,
                numbers: "0x8,1x8,2x8,3x8,4x8".into(),
            }),
            ..one.clone()
        };
        for (first, second) in [(&knowing, &two), (&two, &knowing)] {
            let found = verdict(&side("A", first), &side("B", second)).unwrap();
            assert_eq!(found.better, Better::Neither);
            assert!(
                found
                    .headline
                    .ends_with("that 40 pictures of 5 groups could show"),
                "{found:?}"
            );
            assert!(found.evidence.ends_with("p = 0.50 by group"), "{found:?}");
        }
    }

    #[test]
    fn what_can_t_be_compared_says_why() {
        let one = run("One", 1, &[true, false]);
        let mut two = run("Two", 1, &[true, true]);
        two.right = None;
        let side = |name, run| Side {
            name,
            runs: vec![run],
        };
        let reason = verdict(&side("One", &one), &side("Two", &two)).unwrap_err();
        assert!(
            reason.contains("not known which pictures Two had right"),
            "{reason}"
        );
        let mut two = run("Two", 1, &[true, true]);
        two.test_split = "other".into();
        let reason = verdict(&side("One", &one), &side("Two", &two)).unwrap_err();
        assert!(reason.contains("tested on different pictures"), "{reason}");
    }
}
