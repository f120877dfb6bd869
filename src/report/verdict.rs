//! What a comparison comes to, in words.

use crate::evaluation::{PairedComparison, Verdict};
use crate::format;

use super::comparison::{ComparedRun, Comparison, Tested};

/// The verdict's sentences, the main one first; none for runs that were not tested on the same
/// pictures. Of several runs the best is set against the next, and named as the best of all only
/// where it is.
pub(super) fn sentences(comparison: &Comparison) -> Vec<String> {
    if comparison.obstacle.is_some() {
        return Vec::new();
    }
    let mut tested = comparison.tested();
    // The best last: a verdict goes from the first run to the second.
    tested.sort_by_key(|(_, tested)| tested.confusion.correct());
    match tested.as_slice() {
        [] => Vec::new(),
        [(run, only)] => alone(run, only),
        [.., (first_run, first), (second_run, second)] => {
            let paired = match PairedComparison::new(&first.predictions, &second.predictions) {
                Ok(paired) => paired,
                Err(error) => return vec![error.to_string()],
            };
            let verdict = Verdict::new(&first_run.name, &second_run.name, &paired);
            let mut sentences = vec![format!("{}: {}.", verdict.headline, verdict.evidence)];
            if tested.len() > 2 {
                sentences.push(format!(
                    "Of {} runs these two are ahead: {} and {}.",
                    tested.len(),
                    second_run.name,
                    first_run.name
                ));
            }
            sentences.push(format!(
                "From {} to {}, {} fixed and {} broken; both right on {}, both wrong on {}. The interval is \
                 Newcombe's for paired shares, p is of McNemar's exact test.",
                first_run.name,
                second_run.name,
                format::count(paired.fixed.len(), "picture is", "pictures are"),
                format::thousands(paired.broken.len() as u64),
                format::thousands(paired.both_right),
                format::thousands(paired.both_wrong),
            ));
            sentences
        }
    }
}

fn alone(run: &ComparedRun, tested: &Tested) -> Vec<String> {
    vec![format!(
        "{}: {} right, macro-F1 {:.3}.",
        run.name,
        super::figures::accuracy(&tested.confusion),
        tested.confusion.macro_f1()
    )]
}
