//! How memory that ran out is told from other errors, and what gives some back.

use tch::{Device, TchError};

use super::error::TrainingError;
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
pub(super) fn give_back(device: Device) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
