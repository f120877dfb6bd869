//! How long a run will still take: the multiply-adds that are left, times the seconds that a
//! multiply-add has taken so far.

use std::time::Duration;

/// Work whose seconds per multiply-add differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Without gradients.
    Forward,
    /// Forward, backward and update.
    Training,
}

/// A picture's share of a step's fixed costs, in multiply-adds. Matters where only a small head is
/// trained on cached features.
const OVERHEAD: f64 = 2e6;

/// The least time that a rate is trusted after.
const TRUSTED: Duration = Duration::from_millis(300);

/// Multiply-adds left and the rates seen.
#[derive(Debug, Clone, Default)]
pub struct Forecast {
    forward: Rate,
    training: Rate,
}

#[derive(Debug, Clone, Default)]
struct Rate {
    left: f64,
    done: f64,
    seconds: f64,
}

impl Forecast {
    /// Adds work to come: `pictures`, each with `multiply_adds`.
    pub fn plan(&mut self, work: Work, pictures: usize, multiply_adds: f64) {
        self.rate(work).left += pictures as f64 * (multiply_adds + OVERHEAD);
    }

    /// Work that will not be done after all, because a phase ended early.
    pub fn cancel(&mut self, work: Work, pictures: usize, multiply_adds: f64) {
        let rate = self.rate(work);
        rate.left = (rate.left - pictures as f64 * (multiply_adds + OVERHEAD)).max(0.0);
    }

    /// Work done, and how long it took.
    pub fn done(&mut self, work: Work, pictures: usize, multiply_adds: f64, took: Duration) {
        let amount = pictures as f64 * (multiply_adds + OVERHEAD);
        let rate = self.rate(work);
        rate.left = (rate.left - amount).max(0.0);
        // Older work counts less: a cached epoch says little about one that is not.
        rate.done = rate.done * 0.98 + amount;
        rate.seconds = rate.seconds * 0.98 + took.as_secs_f64();
    }

    /// `None` until enough has been measured.
    pub fn remaining_seconds(&self) -> Option<f64> {
        let known = |rate: &Rate| {
            (rate.seconds >= TRUSTED.as_secs_f64() && rate.done > 0.0)
                .then(|| rate.seconds / rate.done)
        };
        let (forward, training) = (known(&self.forward), known(&self.training));
        // What has not been seen yet is taken to be as quick as the other.
        let forward_rate = forward.or(training)?;
        let training_rate = training.or(forward)?;
        Some(self.forward.left * forward_rate + self.training.left * training_rate)
    }

    fn rate(&mut self, work: Work) -> &mut Rate {
        match work {
            Work::Forward => &mut self.forward,
            Work::Training => &mut self.training,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forecast_is_exact_for_steady_work() {
        let mut forecast = Forecast::default();
        forecast.plan(Work::Training, 1000, 1e9);
        assert_eq!(forecast.remaining_seconds(), None);
        forecast.done(Work::Training, 250, 1e9, Duration::from_secs(10));
        let remaining = forecast.remaining_seconds().unwrap_or(0.0);
        assert!((remaining - 30.0).abs() < 1e-6, "{remaining}");
        forecast.cancel(Work::Training, 2000, 1e9);
        assert_eq!(forecast.remaining_seconds(), Some(0.0));
    }

    #[test]
    fn work_not_seen_yet_is_told_from_the_other_kind() {
        let mut forecast = Forecast::default();
        forecast.plan(Work::Forward, 100, 1e9);
        forecast.plan(Work::Training, 100, 3e9);
        forecast.done(Work::Forward, 100, 1e9, Duration::from_secs(5));
        let remaining = forecast.remaining_seconds().unwrap_or(0.0);
        assert!((remaining - 15.0).abs() < 0.1, "{remaining}");
    }
}
