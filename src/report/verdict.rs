//! What a comparison comes to, in words.

use crate::format;

use super::comparison::Comparison;

/// The verdict's sentences, the main one first; none for runs that were not tested on the same pictures.
pub(super) fn sentences(comparison: &Comparison) -> Vec<String> {
    let mut tested = comparison.tested();
    if comparison.obstacle.is_some() {
        return Vec::new();
    }
    tested.sort_by_key(|(_, tested)| std::cmp::Reverse(tested.confusion.correct()));
    match tested.as_slice() {
        [] => Vec::new(),
        [(run, only)] => vec![format!(
            "{}: {} right, macro-F1 {:.3}.",
            run.name,
            super::figures::accuracy(&only.confusion),
            only.confusion.macro_f1()
        )],
        [(first, best), (second, next), ..] => {
            let points = (best.confusion.accuracy() - next.confusion.accuracy()) * 100.0;
            vec![format!(
                "{} {} against {} {}: {points:+.1} points.",
                first.name,
                format::percent(best.confusion.accuracy()),
                second.name,
                format::percent(next.confusion.accuracy()),
            )]
        }
    }
}
