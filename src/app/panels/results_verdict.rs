//! Which of the experiments is ahead, in a sentence.

use super::format;
use super::results::{GroupRow, accuracy_interval, spread_text};

/// What the two best of `experiments`, best first, say of each other; of one that was trained with
/// several seeds, what these say. Nothing of a single run.
pub fn verdict(experiments: &[GroupRow]) -> Option<String> {
    let first = experiments.first()?;
    let Some(second) = experiments.get(1) else {
        return (first.accuracy.seeds > 1).then(|| {
            format!(
                "{}: {} over {} seeds. Train another experiment on the same pictures to see which is better.",
                first.name,
                spread_text(&first.accuracy),
                first.accuracy.seeds
            )
        });
    };
    let (name, other) = if first.name == second.name {
        (
            format!("{} ({})", first.name, first.backbone),
            format!("{} ({})", second.name, second.backbone),
        )
    } else {
        (first.name.clone(), second.name.clone())
    };
    let [best, next] = [first, second].map(|row| row.accuracy.mean.value);
    let points = (best - next) * 100.0;
    if points < 0.05 {
        let best = value(first);
        return Some(format!("{name} and {other} are level at {best}."));
    }
    // A difference that either interval bridges may be chance.
    let (low, _) = accuracy_interval(best, first.n);
    let (_, high) = accuracy_interval(next, second.n);
    let (best_text, next_text) = (value(first), value(second));
    Some(if next >= low || best <= high {
        format!(
            "{name} is slightly ahead of {other}: {best_text} against {next_text}, +{points:.1} points. That is a small \
             difference: {} test pictures can't rule out chance.",
            format::count(first.n as u64)
        )
    } else {
        format!("{name} is ahead of {other}: {best_text} against {next_text}, +{points:.1} points.")
    })
}

/// The accuracy, and over how many seeds it is a mean.
fn value(row: &GroupRow) -> String {
    let mean = format::percent(row.accuracy.mean.value);
    match row.accuracy.seeds {
        1 => mean,
        seeds => format!("{mean} (mean of {seeds} seeds)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Spread;

    fn row(name: &str, accuracies: &[f64]) -> GroupRow {
        let spread = Spread::new(accuracies).expect("there are seeds");
        GroupRow {
            name: name.into(),
            backbone: "resnet18".into(),
            n: 656,
            accuracy: spread,
            macro_f1: spread,
        }
    }

    #[test]
    fn seeds_of_one_experiment_are_one_side() {
        let (fine, frozen) = (row("Fine", &[0.91]), row("Frozen", &[0.84, 0.85, 0.86]));
        assert_eq!(
            verdict(&[fine.clone(), frozen.clone()]).as_deref(),
            Some("Fine is ahead of Frozen: 91.0 % against 85.0 % (mean of 3 seeds), +6.0 points.")
        );
        let alone = verdict(&[frozen]).unwrap_or_default();
        assert!(
            alone.starts_with("Frozen: 85.0 ± 1.0 % over 3 seeds."),
            "{alone}"
        );
        assert_eq!(verdict(&[fine]), None);
        assert_eq!(verdict(&[]), None);
    }
}
