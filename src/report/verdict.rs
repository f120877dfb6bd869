//! What a comparison comes to, in words.

use crate::analysis::better;
use crate::evaluation::PairedComparison;
use crate::evaluation::paired::common_groups;
use crate::format;

use super::comparison::{ComparedRun, Comparison, Tested};

/// The verdict's sentences, the main one first; none for runs that were not tested on the same
/// pictures. Of several runs the best is set against the next, and named as the best of all only
/// where it is.
pub fn sentences(comparison: &Comparison) -> Vec<String> {
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
            let rights = match PairedComparison::rights(&first.predictions, &second.predictions) {
                Ok(rights) => rights,
                Err(error) => return vec![error.to_string()],
            };
            let files = (first.predictions.rows.iter()).map(|row| row.file.as_str());
            let groups = common_groups(files, [&first.predictions, &second.predictions]);
            let judged = better::judge(
                (&first_run.name, &rights.0),
                (&second_run.name, &rights.1),
                groups.as_deref(),
                (&first_run.name, &second_run.name),
                &[],
            );
            let (paired, verdict) = match judged {
                Ok(judged) => judged,
                Err(reason) => return vec![format!("{reason}.")],
            };
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
                "From {} to {}, {} fixed and {} broken; both right on {}, both wrong on {}. How this \
                 is computed: {}.",
                first_run.name,
                second_run.name,
                format::count(paired.only_second_right as usize, "picture is", "pictures are"),
                format::thousands(paired.only_first_right),
                format::thousands(paired.both_right),
                format::thousands(paired.both_wrong),
                paired.how(),
            ));
            sentences
        }
    }
}

fn alone(run: &ComparedRun, tested: &Tested) -> Vec<String> {
    vec![format!(
        "{}: {} right, macro-F1 {}.",
        run.name,
        super::figures::accuracy(tested),
        format::score(tested.confusion.macro_f1())
    )]
}
