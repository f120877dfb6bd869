//! When memory runs out: kept features leave a graphics card, then fewer pictures are computed at once, and the result is the
//! same.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use tch::{Device, TchError, Tensor};

use super::TrainingError;
use super::features::Residents;
use crate::libtorch::cuda;
use crate::models::ModelError;

/// How libtorch, on the host and on a graphics card, and the libraries under it say that there is no memory. Some may mean
/// something else as well (oneDNN's “primitive”, cuBLAS' and cuDNN's “not initialized”, cuDNN's “engine”): then fewer
/// pictures fail the same way, and the run ends with what was said.
const SIGNS: [&str; 13] = [
    "could not create a primitive",
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "Cannot allocate memory",
    // The allocator wants to say how much the card has left, and in containers, on slices of a card (MIG) and in WSL2 the
    // driver's management library does not answer.
    "NVML_SUCCESS == r INTERNAL ASSERT",
    // cuBLAS and cuDNN allocate beside libtorch, when they are used first and for each product's workspace.
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    // No algorithm's workspace was to be had.
    "unable to find an engine",
];

/// What libtorch said, if it had no memory.
pub(super) fn out_of_memory(error: &TrainingError) -> Option<String> {
    let (TrainingError::Torch(torch) | TrainingError::Model(ModelError::Torch(torch))) = error
    else {
        return None;
    };
    let text = match torch {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    SIGNS
        .iter()
        .any(|sign| text.contains(sign))
        .then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Gives what is kept of the device's memory and not in use back.
fn give_back(device: Device) {
    if device == Device::Cpu {
        crate::allocator::give_back();
    }
    cuda::empty_cache(device);
}

/// Does `work` once more where there was no memory for it, with what libtorch kept for later given back: what cuBLAS and
/// cuDNN allocate is not taken from that. For work before there are features that could leave.
pub(super) fn once_more<T, E>(
    device: Device,
    mut work: impl FnMut() -> Result<T, E>,
) -> Result<T, TrainingError>
where
    TrainingError: From<E>,
{
    match work().map_err(TrainingError::from) {
        Err(error) if out_of_memory(&error).is_some() => {
            give_back(device);
            Ok(work()?)
        }
        worked => worked,
    }
}

/// What was done so that work may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
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
pub struct AtOnce {
    /// Whose memory it is about.
    device: Device,
    most: Cell<usize>,
    is_news: Cell<bool>,
    /// Features that leave the graphics card before pictures become fewer.
    residents: OnceCell<Arc<Residents>>,
}

impl AtOnce {
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
    ) -> Result<Option<Remedy>, TrainingError> {
        if let Some(residents) = self.residents.get()
            && residents.leave_card()?
        {
            return Ok(Some(Remedy::FeaturesMoved));
        }
        if let Some(fewer) = self.halve(rows, least) {
            return Ok(Some(Remedy::Fewer(fewer)));
        }
        if std::mem::replace(&mut tries.was_emptied, true) {
            return Ok(None);
        }
        give_back(self.device);
        Ok(Some(Remedy::Emptied))
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
    /// `work` may change its input only where doing it twice does no harm, as for a ReLU in place.
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
    use tch::Kind;

    use super::*;
    use crate::models::device::tests_card;

    fn shortage() -> TrainingError {
        TchError::Torch(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes".into(),
        )
        .into()
    }

    #[test]
    fn libtorch_s_words_for_it_are_known() {
        for text in [
            "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to \
             allocate 411041792 bytes. Error code 12 (Cannot allocate memory)\nframe #0: …",
            "CUDA out of memory. Tried to allocate 20.00 MiB.",
            "std::bad_alloc",
            // As containers, slices of a card and WSL2 have it; cuBLAS, cuDNN.
            "NVML_SUCCESS == r INTERNAL ASSERT FAILED at \"/pytorch/c10/cuda/CUDACachingAllocator.cpp\":1090, please report \
             a bug to PyTorch. ",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
            "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
            "GET was unable to find an engine to execute this computation",
            "FIND was unable to find an engine to execute this computation",
            "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
            "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
            "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
            // oneDNN, macOS and Windows, the system.
            "could not create a primitive descriptor for the convolution forward propagation primitive",
            "DefaultCPUAllocator: not enough memory: you tried to allocate 9437184 bytes.",
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9437184 bytes.",
            "unable to mmap 9437184 bytes: Cannot allocate memory (12)",
        ] {
            let error = TrainingError::Torch(TchError::Torch(text.into()));
            assert_eq!(
                out_of_memory(&error).as_deref(),
                text.lines().next(),
                "{text}"
            );
        }
        let other = TrainingError::Torch(TchError::Torch("size mismatch".into()));
        assert!(out_of_memory(&other).is_none());
        assert!(out_of_memory(&TrainingError::Stopped).is_none());
    }

    #[test]
    fn rows_that_did_not_fit_are_worked_on_again_in_halves() {
        let input = Tensor::arange(10, (Kind::Float, Device::Cpu)).view([10, 1]);
        let at_once = AtOnce::new(None, Device::Cpu);
        let mut seen = Vec::new();
        let mut work = |part: &Tensor| {
            let rows = part.size()[0];
            seen.push(rows);
            if rows > 3 {
                return Err(shortage());
            }
            Ok(part.f_mul_scalar(2.0)?)
        };
        let output = at_once.forward(&input, &mut work).unwrap();
        assert_eq!(output, &input * 2.0);
        assert_eq!(seen, [10, 5, 2, 2, 2, 2, 2]);
        assert_eq!((at_once.news(), at_once.news()), (Some(2), None));
        // One picture is the least, and gets one more try; what is no shortage is no reason to try again.
        let mut alone = 0;
        let refused = at_once.forward(&input, &mut |part| {
            alone += usize::from(part.size()[0] == 1);
            Err(shortage())
        });
        assert!(refused.is_err() && at_once.most() == 1 && alone == 2);
        let mut tries = 0;
        let failed = AtOnce::new(None, Device::Cpu).forward(&input, &mut |_| {
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
        let at_once = AtOnce::new(None, card);
        at_once.relieve_by(&residents);
        let mut tries = Tries::default();
        let mut remedy = |rows| at_once.remedy(rows, 1, &mut tries).unwrap();
        assert_eq!(remedy(8), Some(Remedy::FeaturesMoved));
        assert_eq!(kept.device(), Device::Cpu);
        assert_eq!(remedy(8), Some(Remedy::Fewer(4)));
        assert_eq!(remedy(1), Some(Remedy::Emptied));
        assert_eq!(remedy(1), None);
    }

    #[test]
    fn work_without_pictures_gets_one_more_try() {
        let at_once = AtOnce::new(None, Device::Cpu);
        for (failures, works) in [(0, true), (1, true), (2, false)] {
            let mut tries = 0;
            let worked = at_once.again(|| {
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
        assert_eq!(at_once.most(), usize::MAX);
    }

    proptest! {
        #[test]
        fn parts_are_all_rows_and_nearly_equal(rows in 1usize..400, most in 1u32..64, least in 1usize..3) {
            let parts = AtOnce::new(Some(most), Device::Cpu).parts(rows, least);
            prop_assert_eq!(parts.iter().sum::<usize>(), rows);
            let (low, high) = (*parts.iter().min().unwrap(), *parts.iter().max().unwrap());
            prop_assert!(high - low <= 1);
            prop_assert!(low >= least || parts.len() == 1);
            prop_assert!(high <= (most as usize).max(2 * least - 1) || parts.len() == 1);
        }
    }
}
