//! A run's answers in other numbers than those that its frozen layers computed in: how many are another class.
//!
//! A head that learned on features in bf16 is as accurate as one that learned on exact ones, but used on exact ones it gives
//! some pictures another class. Whoever uses the run so is told how many.

use std::collections::HashMap;
use std::path::Path;

use crate::evaluation::Predictions;
use crate::experiment::Precision;
use crate::format;
use crate::runs::{StoredRun, answers, files, folder};
use crate::training::{FrozenPrecision, Use};

/// A run in use, in what is asked for.
pub(super) fn using(run: &StoredRun, asked: Precision) -> Use {
    Use {
        own: run.summary.own_precision(),
        asked,
    }
}

/// What the answers in `file` of the run's folder were computed in.
pub(super) fn of_stored(run: &StoredRun, file: &str) -> FrozenPrecision {
    answers::precision(&run.folder, file).unwrap_or_else(|| run.summary.own_precision())
}

/// How many pictures have another class in `other`; nothing where it is not of the same pictures.
pub(super) fn count(stored: &Predictions, other: &Predictions) -> Option<usize> {
    let before: HashMap<&str, u32> = stored
        .rows
        .iter()
        .map(|row| (row.file.as_str(), row.predicted()))
        .collect();
    let mut count = 0;
    for row in &other.rows {
        count += usize::from(*before.get(row.file.as_str())? != row.predicted());
    }
    (before.len() == other.rows.len()).then_some(count)
}

/// Keeps a [`count`] for next time, as long as the run's weights are those of `checkpoint`.
pub(super) fn keep_count(
    folder: &Path,
    file: &str,
    precision: FrozenPrecision,
    count: usize,
    checkpoint: Option<&str>,
) {
    let keep = || {
        let _lock = folder::lock(folder)?;
        match answers::checkpoint(folder)?.as_deref() == checkpoint {
            true => answers::note_differing(folder, file, precision, count),
            false => Ok(()),
        }
    };
    if let Err(error) = keep() {
        log::info!("how many answers differ is not kept for next time: {error}");
    }
}

/// `3 of 656 answers differ in fp32 from the run's own, which was computed in bf16.`
pub(super) fn remark(
    count: usize,
    pictures: usize,
    now: FrozenPrecision,
    stored: FrozenPrecision,
) -> String {
    format!(
        "{} of {} in {} from the run's own, which were computed in {}.",
        format::thousands(count as u64),
        format::count(pictures, "answer differs", "answers differ"),
        now.name(),
        stored.name()
    )
}

/// What whoever uses a run's network in other numbers must know.
pub fn remark_elsewhere(run: &StoredRun, used: FrozenPrecision) -> Option<String> {
    let own = run.summary.own_precision();
    if used == own {
        return None;
    }
    let known = answers::differing(&run.folder, files::PREDICTIONS, used);
    let change = match known {
        Some(count) => format!(
            "{} of its {} differ",
            format::thousands(count as u64),
            format::count(run.summary.test_pictures, "test answer", "test answers")
        ),
        None => format!(
            "how many of its test answers that changes, graft evaluate --precision {} says",
            used.name()
        ),
    };
    Some(format!(
        "The run computed in {}, and this is computed in {}: {change}.",
        own.name(),
        used.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::evaluate::Pictures;
    use crate::analysis::evaluate::tests::{finished_run_in, request};
    use crate::analysis::{EvaluateRequest, EvaluatedRun, evaluate_run};
    use crate::data::{Split, StopFlag};
    use crate::evaluation::Prediction;
    use crate::runs::store;

    fn evaluate(folder: &Path, precision: Precision) -> EvaluatedRun {
        let request = EvaluateRequest {
            precision,
            ..request(folder, Pictures::Of(Split::Test))
        };
        evaluate_run(&request, &mut |_, _| {}, &StopFlag::default()).unwrap()
    }

    /// Has the run's folder say `to` where it says that the answers were computed in bf16.
    fn rewrite(folder: &Path, to: &str) {
        for name in [files::SUMMARY, answers::FILE] {
            let file = folder.join(name);
            let text = std::fs::read_to_string(&file).unwrap();
            let from = r#""precision": "bf16""#;
            assert!(text.contains(from), "{name}: {text}");
            std::fs::write(&file, text.replace(from, to)).unwrap();
        }
    }

    /// A run in bf16 whose first answer is turned round in the folder, and no other is another class in single precision.
    fn run_with_one_other_answer(root: &Path) -> std::path::PathBuf {
        let folder = finished_run_in(root, Precision::Bf16);
        let mut answers = evaluate(&folder, Precision::Fp32).predictions;
        answers.rows[0].probabilities.reverse();
        let bytes = files::predictions(&answers).unwrap();
        std::fs::write(folder.join(files::PREDICTIONS), bytes).unwrap();
        folder
    }

    #[test]
    fn a_run_says_what_its_answers_were_computed_in() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run_in(root.path(), Precision::Bf16);
        let run = store::open(&folder).unwrap();
        assert_eq!(run.summary.precision, Some(FrozenPrecision::Bf16));
        assert_eq!(
            answers::precision(&folder, files::PREDICTIONS),
            Some(FrozenPrecision::Bf16)
        );
        let log = std::fs::read_to_string(folder.join(files::LOG)).unwrap();
        assert!(
            log.contains("These answers were computed in bf16. How many"),
            "{log}"
        );
        // Asked for the run's own numbers, its own answers are told.
        let own = evaluate(&folder, Precision::Bf16);
        assert!(own.is_stored && own.remarks.is_empty(), "{:?}", own.remarks);
        assert_eq!(own.predictions, store::predictions(&folder).unwrap());
    }

    #[test]
    fn other_numbers_say_how_many_answers_differ() {
        let root = tempfile::tempdir().unwrap();
        let folder = run_with_one_other_answer(root.path());
        let own = store::predictions(&folder).unwrap();
        let exact = evaluate(&folder, Precision::Fp32);
        assert!(!exact.is_stored && exact.not_stored.is_none());
        assert_eq!(
            exact.remarks,
            ["1 of 4 answers differ in fp32 from the run's own, which were computed in bf16."]
        );
        assert_eq!(
            store::predictions(&folder).unwrap(),
            own,
            "the run's own stay"
        );
        // Whoever uses the run in other numbers is told the same.
        let run = store::open(&folder).unwrap();
        assert_eq!(remark_elsewhere(&run, FrozenPrecision::Bf16), None);
        assert_eq!(
            remark_elsewhere(&run, FrozenPrecision::Fp32).unwrap(),
            "The run computed in bf16, and this is computed in fp32: 1 of its 4 test answers differ."
        );
        let unknown = remark_elsewhere(&run, FrozenPrecision::Fp16).unwrap();
        assert!(
            unknown.contains("graft evaluate --precision fp16 says"),
            "{unknown}"
        );
    }

    /// As on a machine without units for what the run computed in.
    #[test]
    fn a_device_without_the_runs_numbers_counts_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = run_with_one_other_answer(root.path());
        rewrite(&folder, r#""precision": "fp16""#);
        let said = "1 of 4 answers differ in fp32 from the run's own, which were computed in fp16.";
        let own = store::predictions(&folder).unwrap();
        let known = answers::differing(&folder, files::PREDICTIONS, FrozenPrecision::Fp32);
        // It was found out above, of the answers before they were changed.
        let known = known.unwrap();
        let text = std::fs::read_to_string(folder.join(answers::FILE)).unwrap();
        let counted = format!(r#""fp32": {known}"#);
        assert!(text.contains(&counted), "{text}");
        std::fs::write(
            folder.join(answers::FILE),
            text.replace(&counted, r#""bf16": 0"#),
        )
        .unwrap();

        let moved = root.path().join("moved");
        std::fs::rename(root.path().join("pictures"), &moved).unwrap();
        let without = evaluate(&folder, Precision::Auto);
        assert!(without.is_stored);
        assert!(
            without.remarks[0].contains("how many that changes could not be worked out"),
            "{:?}",
            without.remarks
        );
        std::fs::rename(&moved, root.path().join("pictures")).unwrap();

        let first = evaluate(&folder, Precision::Auto);
        assert!(!first.is_stored);
        assert_eq!(first.remarks, [said]);
        let again = evaluate(&folder, Precision::Auto);
        assert!(again.is_stored);
        assert_eq!(again.remarks, [said]);
        assert_eq!(again.predictions, own);
    }

    #[test]
    fn runs_of_versions_that_did_not_say_computed_in_single_precision() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run_in(root.path(), Precision::Bf16);
        rewrite(&folder, r#""precision": null"#);
        let own = evaluate(&folder, Precision::Auto);
        assert!(own.is_stored && own.remarks.is_empty(), "{:?}", own.remarks);
        let opened = crate::analysis::evaluate::open_classifier(&folder, tch::Device::Cpu).unwrap();
        assert_eq!(opened.precision(), FrozenPrecision::Fp32);
    }

    fn predictions(predicted: &[u32]) -> Predictions {
        let rows = predicted
            .iter()
            .enumerate()
            .map(|(number, &class)| Prediction {
                file: format!("{number}.png"),
                truth: 0,
                probabilities: match class {
                    0 => vec![0.75, 0.25],
                    _ => vec![0.25, 0.75],
                },
            });
        Predictions {
            classes: vec!["a".into(), "b".into()],
            rows: rows.collect(),
            ..Predictions::default()
        }
    }

    #[test]
    fn answers_are_counted_by_their_pictures() {
        let stored = predictions(&[0, 1, 1]);
        let mut other = predictions(&[1, 1, 0]);
        other.rows.reverse();
        assert_eq!(count(&stored, &stored), Some(0));
        assert_eq!(count(&stored, &other), Some(2));
        // Of other pictures nothing is said.
        other.rows.truncate(2);
        assert_eq!(count(&stored, &other), None);
        assert_eq!(count(&stored, &predictions(&[0, 1, 1, 1])), None);
        assert_eq!(
            remark(3, 656, FrozenPrecision::Fp32, FrozenPrecision::Bf16),
            "3 of 656 answers differ in fp32 from the run's own, which were computed in bf16."
        );
    }
}
