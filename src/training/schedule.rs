//! The learning rate of every step, as a pure function: a window can draw it, a resumed run can
//! continue it.

use std::f64::consts::PI;

use crate::experiment::{Phase, Schedule};

/// The learning rate of `step`, counted from 0 within the phase, when an epoch has
/// `steps_per_epoch` steps.
///
/// Warm-up is torch's `LinearLR` from `1 / (n + 1)` over its n steps; the schedule itself then has
/// the steps that are left and equals torch's scheduler of the same name, stepped after every
/// batch (`StepLR`: after every epoch).
pub fn learning_rate(phase: &Phase, step: u64, steps_per_epoch: u64) -> f64 {
    let total = u64::from(phase.epochs) * steps_per_epoch;
    let warmup = warmup_steps(phase, steps_per_epoch);
    if step < warmup {
        return phase.learning_rate * (step + 1) as f64 / (warmup + 1) as f64;
    }
    let step = step - warmup;
    let total = total.saturating_sub(warmup).max(1);
    phase.learning_rate * factor(&phase.schedule, step, total, steps_per_epoch)
}

/// Steps of the warm-up, never more than the phase has.
fn warmup_steps(phase: &Phase, steps_per_epoch: u64) -> u64 {
    let steps = (phase.warmup_epochs.max(0.0) * steps_per_epoch as f64).round() as u64;
    steps.min(u64::from(phase.epochs) * steps_per_epoch)
}

/// The schedule's share of the phase's rate at `step` of `total`.
fn factor(schedule: &Schedule, step: u64, total: u64, steps_per_epoch: u64) -> f64 {
    match *schedule {
        Schedule::Constant => 1.0,
        Schedule::Step {
            every_epochs,
            factor,
        } => {
            let period = (u64::from(every_epochs) * steps_per_epoch).max(1);
            factor.powf((step / period) as f64)
        }
        Schedule::Cosine { final_factor } => {
            let done = step as f64 / total as f64;
            final_factor + (1.0 - final_factor) * (1.0 + (PI * done).cos()) / 2.0
        }
        Schedule::OneCycle {
            rise,
            start_divisor,
            final_divisor,
        } => {
            let start = 1.0 / start_divisor;
            let end = start / final_divisor;
            // The two phases end on these steps; the first may end between two.
            let top = rise * total as f64 - 1.0;
            let last = total as f64 - 1.0;
            let step = step as f64;
            if step <= top && step < last {
                anneal(start, 1.0, share(step, 0.0, top))
            } else {
                anneal(1.0, end, share(step, top, last))
            }
        }
    }
}

/// Where `step` stands between `from` and `to`, as a share.
fn share(step: f64, from: f64, to: f64) -> f64 {
    if to > from {
        ((step - from) / (to - from)).clamp(0.0, 1.0)
    } else {
        1.0
    }
}

/// Along half a cosine from `start` to `end`.
fn anneal(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + (PI * share).cos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::golden;

    #[test]
    fn every_schedule_equals_torch() {
        let cases = golden::cases("schedules");
        assert!(cases.len() >= 8, "{} recorded schedules", cases.len());
        for case in cases {
            let schedule: Schedule =
                ron::from_str(case["schedule"].as_str().unwrap()).expect("a schedule");
            let phase = Phase {
                epochs: case["epochs"].as_u64().unwrap() as u32,
                learning_rate: case["learning_rate"].as_f64().unwrap(),
                warmup_epochs: case["warmup_epochs"].as_f64().unwrap(),
                schedule,
                ..Phase::default()
            };
            let steps_per_epoch = case["steps_per_epoch"].as_u64().unwrap();
            let expected = golden::numbers(&case["rates"]);
            assert_eq!(
                expected.len() as u64,
                u64::from(phase.epochs) * steps_per_epoch
            );
            for (step, expected) in expected.iter().enumerate() {
                let rate = learning_rate(&phase, step as u64, steps_per_epoch);
                assert!(
                    (rate - expected).abs() <= 1e-9 * phase.learning_rate,
                    "{:?}, step {step}: {rate}, torch {expected}",
                    phase.schedule
                );
            }
        }
    }

    #[test]
    fn a_rate_is_finite_and_not_negative_whatever_the_numbers() {
        for schedule in [
            Schedule::Constant,
            Schedule::Step {
                every_epochs: 0,
                factor: 0.5,
            },
            Schedule::Cosine { final_factor: 0.0 },
            Schedule::one_cycle(),
            Schedule::OneCycle {
                rise: 0.0,
                start_divisor: 1.0,
                final_divisor: 1.0,
            },
            Schedule::OneCycle {
                rise: 1.0,
                start_divisor: 1.0,
                final_divisor: 1.0,
            },
        ] {
            for (epochs, steps_per_epoch, warmup_epochs) in [
                (1, 1, 0.0),
                (1, 1, 5.0),
                (3, 2, 0.5),
                (1, 3, 1.0),
                (2, 0, 1.0),
            ] {
                let phase = Phase {
                    epochs,
                    schedule: schedule.clone(),
                    warmup_epochs,
                    ..Phase::default()
                };
                for step in 0..8 {
                    let rate = learning_rate(&phase, step, steps_per_epoch);
                    assert!(
                        rate.is_finite() && rate >= 0.0,
                        "{phase:?} step {step}: {rate}"
                    );
                }
            }
        }
    }
}
