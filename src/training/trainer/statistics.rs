//! Running statistics of normalisations that move while a phase trains: once per step, as the whole batch has it, however
//! many parts it is computed in and however often it is tried.

use tch::{TchError, Tensor};

use crate::libtorch::lists::{copy_all, lerp_all};
use crate::libtorch::numbers::WithNumber;
use crate::training::snapshot::copy_of;

/// Tensors of one kind, which libtorch copies at once.
#[derive(Debug, Default)]
struct Copies {
    /// Share their storage with the network.
    live: Vec<Tensor>,
    /// As they were before the step.
    before: Vec<Tensor>,
}

impl Copies {
    fn of(live: Vec<Tensor>) -> Result<Self, TchError> {
        let before = live.iter().map(copy_of).collect::<Result<_, _>>()?;
        Ok(Self { live, before })
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct RunningStatistics {
    means: Copies,
    /// Batches that were seen.
    counters: Copies,
    /// The mean over the parts so far, made for the first batch in parts.
    over_parts: Vec<Tensor>,
    /// The share of the batch in it.
    share: f64,
}

impl RunningStatistics {
    /// `live` share their storage with the network.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(live: impl Iterator<Item = Tensor>) -> Result<Self, TchError> {
        let (means, counters) = live.partition(Tensor::is_floating_point);
        Ok(Self {
            means: Copies::of(means)?,
            counters: Copies::of(counters)?,
            over_parts: Vec::new(),
            share: 0.0,
        })
    }

    fn all(&self) -> [&Copies; 2] {
        [&self.means, &self.counters]
    }

    /// Before a step: what it begins with.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn remember(&mut self) -> Result<(), TchError> {
        self.share = 0.0;
        let mut all = self.all().into_iter();
        all.try_for_each(|copies| copy_all(&copies.before, &copies.live))
    }

    /// Back to before the step.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn restore(&mut self) -> Result<(), TchError> {
        self.share = 0.0;
        self.go_back()
    }

    fn go_back(&self) -> Result<(), TchError> {
        let mut all = self.all().into_iter();
        all.try_for_each(|copies| copy_all(&copies.live, &copies.before))
    }

    /// After a part, which is `share` of the batch: the next one begins as this one did.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn part_done(&mut self, share: f64) -> Result<(), TchError> {
        if self.over_parts.len() != self.means.live.len() {
            let copies = self.means.live.iter().map(copy_of);
            self.over_parts = copies.collect::<Result<_, _>>()?;
        }
        self.share += share;
        if self.share <= share {
            copy_all(&self.over_parts, &self.means.live)?;
        } else {
            lerp_all(&self.over_parts, &self.means.live, share / self.share)?;
        }
        self.go_back()
    }

    /// After the last part: the mean over all of them, and one batch more.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn parts_done(&mut self) -> Result<(), TchError> {
        let _guard = tch::no_grad_guard();
        copy_all(&self.means.live, &self.over_parts)?;
        for counter in &mut self.counters.live {
            let _ = counter.f_add_number_(1_i64)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_move_them_as_the_whole_batch_does() {
        let (mean, count) = (Tensor::from_slice(&[1.0f32]), Tensor::from_slice(&[7i64]));
        let live = [mean.shallow_clone(), count.shallow_clone()];
        let mut statistics = RunningStatistics::new(live.into_iter()).unwrap();
        // As a BatchNorm does with a momentum of 0.1.
        let see = |value: f32| {
            let value = Tensor::from_slice(&[value]);
            let _ = mean.shallow_clone().f_lerp_number_(&value, 0.1).unwrap();
            let _ = count.shallow_clone().f_add_number_(1_i64).unwrap();
        };
        let now = || (mean.double_value(&[0]), count.int64_value(&[0]));
        for _ in 0..2 {
            statistics.remember().unwrap();
            see(100.0);
            statistics.restore().unwrap();
            assert_eq!(now(), (1.0, 7));
        }
        // Three parts of 2, 2 and 1 pictures with means of 2, 4 and 8: 4 over all.
        for (value, share) in [(2.0, 0.4), (4.0, 0.4), (8.0, 0.2)] {
            see(value);
            statistics.part_done(share).unwrap();
            assert_eq!(now(), (1.0, 7));
        }
        statistics.parts_done().unwrap();
        let (mean, count) = now();
        assert!((mean - 1.3).abs() < 1e-6 && count == 8, "{mean} {count}");
    }
}
