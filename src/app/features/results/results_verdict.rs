//! Which of the experiments is ahead, in a sentence.

use super::view::GroupRow;
use crate::analysis::better::{self, Side};
use crate::format;
use crate::runs::RunSummary;

/// What the two best of `experiments`, best first, say of each other, by the rule of the comparison; of one that was
/// trained with several seeds, what these say. Nothing of a single run.
pub fn verdict(experiments: &[(GroupRow, Vec<&RunSummary>)]) -> Option<String> {
    let (first, runs) = experiments.first()?;
    let Some((second, other_runs)) = experiments.get(1) else {
        return alone(first);
    };
    let named = |row: &GroupRow| match first.name == second.name {
        true => format!("{} ({})", row.name, row.backbone),
        false => row.name.clone(),
    };
    let (name, other) = (named(first), named(second));
    let verdict = better::verdict(
        &Side {
            name: &other,
            runs: other_runs.clone(),
        },
        &Side {
            name: &name,
            runs: runs.clone(),
        },
    );
    Some(match verdict {
        Ok(verdict) => verdict.text(),
        Err(reason) => format!("{reason}."),
    })
}

fn alone(row: &GroupRow) -> Option<String> {
    let next = "Train another experiment on the same pictures to see which is better.";
    match (row.accuracy.seeds, row.repeats) {
        (0 | 1, 0) => None,
        (0 | 1, repeats) => Some(format!(
            "{} was trained {} times with one seed. Repeats give the same numbers and say nothing about chance: train it \
             with other seeds. {next}",
            row.name,
            repeats + 1
        )),
        (seeds, _) => Some(format!(
            "{}: {} over {}. {next}",
            row.name,
            format::percent_spread(row.accuracy.mean.value, row.accuracy.standard_deviation),
            format::plural(seeds as u64, "seed", "seeds")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;
    use crate::evaluation::Spread;

    fn row(name: &str, accuracies: &[f64], repeats: usize) -> GroupRow {
        let spread = Spread::new(accuracies).expect("there are seeds");
        GroupRow {
            name: name.into(),
            backbone: "resnet18".into(),
            n: 656,
            accuracy: spread,
            macro_f1: spread,
            repeats,
        }
    }

    #[test]
    fn two_experiments_are_judged_as_in_the_comparison() {
        let runs = fakes::runs();
        let summary = |name: &str, seed| {
            let run = runs.iter().find(|run| run.name == name);
            let mut summary = run
                .and_then(|run| run.summary.clone())
                .expect("it was tested");
            summary.seed = Some(seed);
            summary
        };
        let (fine, frozen) = (summary("Fine-tuning", 1), summary("Feature extraction", 1));
        let groups = [
            (row("Fine-tuning", &[0.912], 0), vec![&fine]),
            (row("Feature extraction", &[0.861], 0), vec![&frozen]),
        ];
        let found = verdict(&groups).unwrap_or_default();
        assert!(
            found.starts_with(
                "Fine-tuning is better than Feature extraction: 91.2 % against 86.1 %"
            ),
            "{found}"
        );
        let mut silent = frozen.clone();
        silent.right = None;
        let groups = [
            (row("Fine-tuning", &[0.912], 0), vec![&fine]),
            (row("Feature extraction", &[0.861], 0), vec![&silent]),
        ];
        let found = verdict(&groups).unwrap_or_default();
        assert!(found.contains("can't be compared here"), "{found}");
    }

    #[test]
    fn seeds_of_one_experiment_are_one_side() {
        let alone = verdict(&[(row("Frozen", &[0.84, 0.85, 0.86], 1), Vec::new())]);
        let alone = alone.unwrap_or_default();
        assert!(
            alone.starts_with("Frozen: 85.0 ± 1.0 % over 3 seeds."),
            "{alone}"
        );
        let repeated = verdict(&[(row("Fine", &[0.91], 3), Vec::new())]).unwrap_or_default();
        assert!(
            repeated.starts_with("Fine was trained 4 times with one seed."),
            "{repeated}"
        );
        assert_eq!(verdict(&[(row("Fine", &[0.91], 0), Vec::new())]), None);
        assert_eq!(verdict(&[]), None);
    }
}
