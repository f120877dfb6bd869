//! The devices of this machine, and why CUDA is not usable where it is not.

/// What a person can choose to train on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices {
    /// "CPU, 2 threads".
    pub cpu: String,
    /// Names of usable CUDA devices, by index.
    pub cuda: Vec<String>,
    /// One sentence when there is none: "No CUDA: the NVIDIA driver (libcuda.so.1) is not installed."
    pub why_no_cuda: Option<String>,
}

/// Opens `libtorch_cuda.so` where it is found (beside libtorch, in the set-up's CUDA folder, in a Python
/// environment's torch) and asks libtorch what there is. Call once, at start, before any tensor work; later calls repeat the first answer.
pub fn discover() -> &'static Devices {
    unimplemented!()
}
