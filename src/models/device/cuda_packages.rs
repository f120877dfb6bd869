//! Of which Python packages libtorch's CUDA part consists, pinned by version and checksum, and which of their files it
//! needs. This file is part of the program, whose `graft cuda --install` fetches them, and of `cargo xtask setup --cuda`.

use std::path::PathBuf;

/// One wheel: exactly this file, or nothing.
#[derive(Debug, Clone, Copy)]
pub struct CudaPackage {
    /// As the Python package index calls it.
    pub name: &'static str,
    pub version: &'static str,
    /// Of the wheel, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// The wheel's size.
    pub bytes: u64,
    /// What its needed files take once they are unpacked.
    pub unpacked_bytes: u64,
}

const fn package(
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
    bytes: u64,
    unpacked_bytes: u64,
) -> CudaPackage {
    CudaPackage {
        name,
        version,
        sha256,
        bytes,
        unpacked_bytes,
    }
}

/// The first NVIDIA driver that has CUDA 13.
pub const NEEDED_DRIVER: &str = "580";

/// torch itself, then NVIDIA's libraries that its wheel requires. (Its other requirements are for Python.)
#[rustfmt::skip]
pub const PACKAGES: [CudaPackage; 16] = [
    package("torch", "2.11.0", "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a", 530_604_548, 514_335_261),
    package("nvidia-cublas", "13.1.0.3", "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171", 423_133_236, 596_511_080),
    package("nvidia-cuda-cupti", "13.0.85", "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8", 10_715_597, 43_948_952),
    package("nvidia-cuda-nvrtc", "13.0.88", "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575", 90_215_200, 227_912_592),
    package("nvidia-cuda-runtime", "13.0.96", "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548", 2_243_632, 704_288),
    package("nvidia-cudnn-cu13", "9.19.0.56", "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf", 366_066_321, 493_410_224),
    package("nvidia-cufft", "12.0.0.61", "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3", 214_085_489, 287_534_056),
    package("nvidia-cufile", "1.15.1.6", "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44", 1_223_672, 3_214_120),
    package("nvidia-curand", "10.4.0.35", "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc", 59_544_258, 132_698_328),
    package("nvidia-cusolver", "12.0.4.66", "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112", 200_941_980, 245_109_712),
    package("nvidia-cusparse", "12.6.3.3", "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b", 145_942_937, 162_565_256),
    package("nvidia-cusparselt-cu13", "0.8.0", "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd", 169_884_119, 233_613_145),
    package("nvidia-nccl-cu13", "2.28.9", "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42", 196_493_177, 217_995_896),
    package("nvidia-nvjitlink", "13.0.88", "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b", 40_713_933, 98_806_736),
    package("nvidia-nvshmem-cu13", "3.4.5", "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80", 60_412_546, 45_753_096),
    package("nvidia-nvtx", "13.0.85", "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4", 148_047, 40_160),
];

/// Libraries that every libtorch has, and those that are for Python.
const NOT_OF_CUDA: [&str; 7] = [
    "libc10.so",
    "libgomp.so.1",
    "libtorch.so",
    "libtorch_cpu.so",
    "libtorch_python.so",
    "libshm.so",
    "libtorch_global_deps.so",
];

/// Where a wheel's entry belongs: libraries in the folders where they look for each other, and the file that says torch's
/// version. `None` for what is not needed.
pub fn needed_path(entry: &str) -> Option<PathBuf> {
    let (folder, file) = entry.rsplit_once('/')?;
    let is_library =
        file.contains(".so") && (folder == "torch/lib" || folder.starts_with("nvidia/"));
    let is_of_cuda = folder != "torch/lib" || !NOT_OF_CUDA.contains(&file);
    ((is_library && is_of_cuda) || entry == "torch/version.py").then(|| entry.into())
}
