//! How many pictures the device computes at once: learning, forward passes, and what happens when memory runs out. Kept
//! features leave a graphics card, then fewer pictures are computed at once, and the result is the same.
//!
//! | pictures at once | where |
//! | --- | --- |
//! | `training.batch_size`, or less by `training.micro_batch` or [`MicroBatch`] | learning; gradients add up to the batch |
//! | [`forward_batch`], or less by [`MicroBatch`] | frozen part, validation, test, answers |
//! | [`POOLED_FORWARD_BATCH`] | pooled features through the head |
//! | [`crate::models::fold::piece`] | within a forward pass on the processor: the bits of features depend on it |

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use tch::{Device, Tensor};

use super::error::TrainingError;
use super::features::resident::Residents;
use super::out_of_memory::{give_back, out_of_memory};

/// Pictures per forward pass on the processor.
pub(super) const CPU_FORWARD_BATCH: usize = 32;
/// On a graphics card, whose kernels take as long for a few pictures as for many.
pub(super) const CARD_FORWARD_BATCH: usize = 128;
/// Rows of pooled features per pass through the head.
pub(super) const POOLED_FORWARD_BATCH: usize = 512;

/// Pictures per forward pass without gradients.
pub(super) const fn forward_batch(device: Device) -> usize {
    match device {
        Device::Cpu => CPU_FORWARD_BATCH,
        _ => CARD_FORWARD_BATCH,
    }
}

/// What was done so that work may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryRemedy {
    /// Kept features have left the graphics card.
    FeaturesMoved,
    /// So many pictures at once from now on.
    Fewer(usize),
    /// What libtorch kept for later went back.
    Emptied,
}

/// What one piece of work has tried that is tried only once.
#[derive(Debug, Default)]
pub struct Tries {
    was_emptied: bool,
}

/// How many pictures are computed at once. Halved when memory runs out, and never raised again: memory that was not
/// there once may be missing again.
#[derive(Debug)]
pub struct MicroBatch {
    /// Whose memory it is about.
    device: Device,
    most: Cell<usize>,
    is_news: Cell<bool>,
    /// Features that leave the graphics card before pictures become fewer.
    residents: OnceCell<Arc<Residents>>,
}

impl MicroBatch {
    /// `None` sets no limit.
    pub fn new(most: Option<u32>, device: Device) -> Self {
        Self {
            device,
            most: Cell::new(most.map_or(usize::MAX, |most| most.max(1) as usize)),
            is_news: Cell::new(false),
            residents: OnceCell::new(),
        }
    }

    /// These features leave the graphics card before pictures become fewer; the first call counts.
    pub(super) fn relieve_by(&self, residents: &Arc<Residents>) {
        let _ = self.residents.set(residents.clone());
    }

    /// After work on `rows` pictures ran out of memory: what makes it worth another try, in the order of what it costs;
    /// `None` when nothing is left. `least`: pictures that can't be divided; 0 rows where the work has none.
    pub(super) fn remedy(
        &self,
        rows: usize,
        least: usize,
        tries: &mut Tries,
    ) -> Result<Option<MemoryRemedy>, TrainingError> {
        if let Some(residents) = self.residents.get()
            && residents.leave_card()?
        {
            return Ok(Some(MemoryRemedy::FeaturesMoved));
        }
        if let Some(fewer) = self.halve(rows, least) {
            return Ok(Some(MemoryRemedy::Fewer(fewer)));
        }
        if std::mem::replace(&mut tries.was_emptied, true) {
            return Ok(None);
        }
        give_back(self.device);
        Ok(Some(MemoryRemedy::Emptied))
    }

    /// `work`, which depends on no number of pictures and leaves nothing behind where it fails, again as long as there is
    /// a remedy.
    pub(super) fn again<T, E>(
        &self,
        mut work: impl FnMut() -> Result<T, E>,
    ) -> Result<T, TrainingError>
    where
        TrainingError: From<E>,
    {
        let mut tries = Tries::default();
        loop {
            let error = match work().map_err(TrainingError::from) {
                Err(error) => error,
                worked => return worked,
            };
            if out_of_memory(&error).is_none() || self.remedy(0, 1, &mut tries)?.is_none() {
                return Err(error);
            }
        }
    }

    /// No more than `most` from now on.
    pub fn limit(&self, most: Option<u32>) {
        if let Some(most) = most {
            self.most.set(self.most().min(most.max(1) as usize));
        }
    }

    pub fn most(&self) -> usize {
        self.most.get()
    }

    /// After `rows` at once were too many. Gives how many it is from now on; `None` when there is no less than `least`.
    pub fn halve(&self, rows: usize, least: usize) -> Option<usize> {
        let half = rows.min(self.most()) / 2;
        if half < least.max(1) {
            return None;
        }
        give_back(self.device);
        self.most.set(half);
        self.is_news.set(true);
        Some(half)
    }

    /// How many pictures it is at once, if it has become fewer since the last call.
    pub fn news(&self) -> Option<usize> {
        self.is_news.take().then(|| self.most())
    }

    /// `rows` in as few parts as the limit allows, as equal as can be; parts of at least `least` where there are
    /// that many.
    pub fn parts(&self, rows: usize, least: usize) -> Vec<usize> {
        let count = rows.div_ceil(self.most()).min(rows / least.max(1)).max(1);
        (0..count)
            .map(|part| rows / count + usize::from(part < rows % count))
            .collect()
    }

    /// `work` on the rows of `input` (its first dimension), all at once or in parts whose results are put together.
    /// Where memory runs out, the same rows are worked on again, fewer at once.
    ///
    /// `work` may change its input only where doing it twice does no harm, as for a ReLU in place. It gives as many rows as
    /// it takes, `[N, …]`.
    ///
    /// # Errors
    /// Those of `work`; that memory ran out where not even one row fits.
    pub fn forward(
        &self,
        input: &Tensor,
        work: &mut dyn FnMut(&Tensor) -> Result<Tensor, TrainingError>,
    ) -> Result<Tensor, TrainingError> {
        let rows = input.size().first().map_or(0, |&rows| rows as usize);
        let mut outputs = Vec::new();
        let mut tries = Tries::default();
        let mut done = 0;
        while done < rows || outputs.is_empty() {
            let count = self.most().min(rows - done);
            let part = if count == rows {
                input.shallow_clone()
            } else {
                input.f_narrow(0, done as i64, count as i64)?
            };
            match work(&part) {
                Ok(output) => {
                    outputs.push(output);
                    done += count;
                    tries = Tries::default();
                }
                Err(error) => {
                    let is_short = out_of_memory(&error).is_some();
                    if !is_short || self.remedy(count, 1, &mut tries)?.is_none() {
                        return Err(error);
                    }
                }
            }
        }
        match outputs.as_slice() {
            [one] => Ok(one.shallow_clone()),
            parts => self.again(|| Tensor::f_cat(parts, 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tch::{Kind, TchError};

    use super::*;
    use crate::libtorch::numbers::WithNumber;
    use crate::models::device::tests_card;
    use crate::training::out_of_memory::once_more;

    fn shortage() -> TrainingError {
        TchError::Torch(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes".into(),
        )
        .into()
    }

    #[test]
    fn rows_that_did_not_fit_are_worked_on_again_in_halves() {
        let input = Tensor::arange(10, (Kind::Float, Device::Cpu)).view([10, 1]);
        let micro_batch = MicroBatch::new(None, Device::Cpu);
        let mut seen = Vec::new();
        let mut work = |part: &Tensor| {
            let rows = part.size()[0];
            seen.push(rows);
            if rows > 3 {
                return Err(shortage());
            }
            Ok(part.f_mul_number(2.0)?)
        };
        let output = micro_batch.forward(&input, &mut work).unwrap();
        assert_eq!(output, &input * 2.0);
        assert_eq!(seen, [10, 5, 2, 2, 2, 2, 2]);
        assert_eq!((micro_batch.news(), micro_batch.news()), (Some(2), None));
        // One picture is the least, and gets one more try; what is no shortage is no reason to try again.
        let mut alone = 0;
        let refused = micro_batch.forward(&input, &mut |part| {
            alone += usize::from(part.size()[0] == 1);
            Err(shortage())
        });
        assert!(refused.is_err() && micro_batch.most() == 1 && alone == 2);
        let mut tries = 0;
        let failed = MicroBatch::new(None, Device::Cpu).forward(&input, &mut |_| {
            tries += 1;
            Err(TrainingError::Stopped)
        });
        assert!(failed.is_err() && tries == 1);
    }

    #[test]
    fn features_leave_a_card_before_pictures_become_fewer() {
        let Some(card) = tests_card() else { return };
        let residents = Arc::new(Residents::new(1 << 20));
        let kept = residents.keep(Tensor::ones([4, 4], (Kind::Float, card)));
        assert_eq!(kept.device(), card);
        let micro_batch = MicroBatch::new(None, card);
        micro_batch.relieve_by(&residents);
        let mut tries = Tries::default();
        let mut remedy = |rows| micro_batch.remedy(rows, 1, &mut tries).unwrap();
        assert_eq!(remedy(8), Some(MemoryRemedy::FeaturesMoved));
        assert_eq!(kept.device(), Device::Cpu);
        assert_eq!(remedy(8), Some(MemoryRemedy::Fewer(4)));
        assert_eq!(remedy(1), Some(MemoryRemedy::Emptied));
        assert_eq!(remedy(1), None);
    }

    #[test]
    fn work_without_pictures_gets_one_more_try() {
        let micro_batch = MicroBatch::new(None, Device::Cpu);
        for (failures, works) in [(0, true), (1, true), (2, false)] {
            let mut tries = 0;
            let worked = micro_batch.again(|| {
                tries += 1;
                if tries <= failures {
                    Err(shortage())
                } else {
                    Ok(())
                }
            });
            assert_eq!((worked.is_ok(), tries), (works, failures.min(1) + 1));
            let mut tries = 0;
            let worked = once_more(Device::Cpu, || {
                tries += 1;
                if tries <= failures {
                    Err(shortage())
                } else {
                    Ok(())
                }
            });
            assert_eq!((worked.is_ok(), tries), (works, failures.min(1) + 1));
        }
        assert_eq!(micro_batch.most(), usize::MAX);
    }

    proptest! {
        #[test]
        fn parts_are_all_rows_and_nearly_equal(rows in 1usize..400, most in 1u32..64, least in 1usize..3) {
            let parts = MicroBatch::new(Some(most), Device::Cpu).parts(rows, least);
            prop_assert_eq!(parts.iter().sum::<usize>(), rows);
            let (low, high) = (*parts.iter().min().unwrap(), *parts.iter().max().unwrap());
            prop_assert!(high - low <= 1);
            prop_assert!(low >= least || parts.len() == 1);
            prop_assert!(high <= (most as usize).max(2 * least - 1) || parts.len() == 1);
        }
    }
}
