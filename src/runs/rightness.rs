//! Which test pictures a run had right, as a line of its summary: two runs are compared by it without their answers.

use super::RunSummary;
use crate::evaluation::Predictions;

/// Which test pictures were right, in the order of their names, as a summary keeps it: a bit for each, four to a
/// hexadecimal digit, the first picture's highest.
pub fn encode(predictions: &Predictions) -> String {
    let mut rows: Vec<(&str, bool)> = predictions
        .rows
        .iter()
        .map(|row| (row.file.as_str(), row.is_correct()))
        .collect();
    rows.sort_unstable();
    rows.chunks(4)
        .filter_map(|four| {
            let digit = (0..4).fold(0, |digit, bit| {
                digit << 1 | u32::from(four.get(bit).is_some_and(|row| row.1))
            });
            char::from_digit(digit, 16)
        })
        .collect()
}

/// What [`encode`] wrote for a run; nothing where it does not fit the run's test pictures.
pub fn decode(run: &RunSummary) -> Option<Vec<bool>> {
    let text = run.right.as_deref()?;
    let count = run.test.as_ref()?.n;
    if text.len() != count.div_ceil(4) {
        return None;
    }
    let mut right = Vec::with_capacity(count + 3);
    for digit in text.chars() {
        let digit = digit.to_digit(16)?;
        right.extend((0..4).map(|bit| digit >> (3 - bit) & 1 == 1));
    }
    right.truncate(count);
    Some(right)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::evaluation::Prediction;
    use crate::training::events::TestMetrics;

    fn predictions(right: &[bool]) -> Predictions {
        Predictions {
            classes: vec!["a".into(), "b".into()],
            rows: right
                .iter()
                .enumerate()
                .rev()
                .map(|(index, &right)| Prediction {
                    file: format!("{index:04}"),
                    truth: 0,
                    probabilities: if right {
                        vec![1.0, 0.0]
                    } else {
                        vec![0.0, 1.0]
                    },
                })
                .collect(),
            ..Predictions::default()
        }
    }

    /// A tested run, right where `right` says so.
    pub fn run(name: &str, seed: u64, right: &[bool]) -> RunSummary {
        let predictions = predictions(right);
        let share = right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
        RunSummary {
            experiment: name.into(),
            seed: Some(seed),
            test_pictures: right.len(),
            test: Some(TestMetrics {
                loss: 0.5,
                accuracy: share,
                macro_f1: share,
                n: right.len(),
            }),
            right: Some(encode(&predictions)),
            ..RunSummary::default()
        }
    }

    #[test]
    fn what_was_right_comes_back_whatever_the_order_and_the_number() {
        for count in [1, 3, 4, 5, 31] {
            let pattern: Vec<bool> = (0..count).map(|index| index % 3 != 1).collect();
            assert_eq!(decode(&run("x", 1, &pattern)).unwrap(), pattern);
        }
        let mut broken = run("x", 1, &[true; 9]);
        broken.right = Some("f".into());
        assert_eq!(decode(&broken), None);
        broken.right = Some("xyz".into());
        assert_eq!(decode(&broken), None);
    }
}
