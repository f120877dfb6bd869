//! The CUDA half of libtorch, for machines with an NVIDIA GPU. It stands in a folder of its own, which
//! the program opens at start, so that one binary serves machines with and without a GPU.

#[path = "../../../../src/models/device/cuda_folder.rs"]
mod cuda_folder;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::libtorch::TORCH;
use super::pip::Wheel;
use super::{archive, libtorch};
use crate::steps;

const PLATFORMS: &[&str] = &[
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_18_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
];

const fn nvidia(package: &'static str, version: &'static str, sha256: &'static str) -> Wheel {
    Wheel {
        package,
        version,
        sha256,
        platforms: PLATFORMS,
    }
}

/// NVIDIA's libraries that torch's wheel requires. (Its other requirements are for Python.)
#[rustfmt::skip]
const LIBRARIES: &[Wheel] = &[
    nvidia("nvidia-cublas", "13.1.0.3", "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171"),
    nvidia("nvidia-cuda-cupti", "13.0.85", "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8"),
    nvidia("nvidia-cuda-nvrtc", "13.0.88", "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575"),
    nvidia("nvidia-cuda-runtime", "13.0.96", "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548"),
    nvidia("nvidia-cudnn-cu13", "9.19.0.56", "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf"),
    nvidia("nvidia-cufft", "12.0.0.61", "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3"),
    nvidia("nvidia-cufile", "1.15.1.6", "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44"),
    nvidia("nvidia-curand", "10.4.0.35", "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc"),
    nvidia("nvidia-cusolver", "12.0.4.66", "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112"),
    nvidia("nvidia-cusparse", "12.6.3.3", "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b"),
    nvidia("nvidia-cusparselt-cu13", "0.8.0", "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd"),
    nvidia("nvidia-nccl-cu13", "2.28.9", "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42"),
    nvidia("nvidia-nvjitlink", "13.0.88", "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b"),
    nvidia("nvidia-nvshmem-cu13", "3.4.5", "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80"),
    nvidia("nvidia-nvtx", "13.0.85", "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4"),
];

pub fn install(home: &Path) -> Result<()> {
    install_with(home, &|wheel, folder| wheel.download(folder))
}

/// `download`: brings a wheel into a folder; gives the file.
fn install_with(home: &Path, download: &dyn Fn(&Wheel, &Path) -> Result<PathBuf>) -> Result<()> {
    let packages = cuda_folder::packages(home);
    let has_library = |packages: &Path| {
        cuda_folder::library_folder(packages)
            .join(cuda_folder::LIBRARY)
            .is_file()
    };
    if !has_library(&packages) {
        if packages.exists() {
            bail!(
                "libtorch’s CUDA part is missing in a folder of that name: remove it, and call again: {}",
                packages.display()
            );
        }
        steps::doing(&format!(
            "fetching the CUDA libraries of libtorch {} (2.6 GB, once)",
            libtorch::VERSION
        ));
        archive::whole(&packages, |content| {
            for wheel in std::iter::once(&TORCH).chain(LIBRARIES) {
                // Removed before the next one comes.
                let folder = archive::work_folder(home)?;
                let file = download(wheel, folder.path())?;
                steps::doing(&format!("unpacking {}", wheel.package));
                archive::extract(&file, content, is_needed)?;
            }
            if !has_library(content) {
                bail!(
                    "the torch wheel is not as expected: it holds no {}",
                    cuda_folder::LIBRARY
                );
            }
            Ok(())
        })?;
    }
    steps::ready(&format!("CUDA libraries in {}", packages.display()));
    Ok(())
}

/// Libraries in the folders where they look for each other, but those that stand in libtorch's own folder already, and the
/// file that says torch's version.
fn is_needed(name: &str) -> Option<PathBuf> {
    let (folder, file) = name.rsplit_once('/')?;
    let is_library =
        file.contains(".so") && (folder == "torch/lib" || folder.starts_with("nvidia/"));
    let is_there = folder == "torch/lib" && libtorch::LIBRARIES.contains(&file);
    let is_python = matches!(
        file,
        "libtorch_python.so" | "libshm.so" | "libtorch_global_deps.so"
    );
    ((is_library && !is_there && !is_python) || name == "torch/version.py").then(|| name.into())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Write as _;

    use super::*;

    /// A wheel that holds the files of these names.
    fn wheel(file: &Path, names: &[String]) {
        let mut writer = zip::ZipWriter::new(std::fs::File::create(file).unwrap());
        for name in names {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(name, options).unwrap();
            writer.write_all(name.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn libraries_grow_beside_where_the_program_looks_for_them_and_come_whole() {
        let home = tempfile::tempdir().unwrap();
        let packages = cuda_folder::packages(home.path());
        let seen = RefCell::new(Vec::new());
        let download = |wanted: &Wheel, folder: &Path| {
            assert_eq!(wanted.sha256.len(), 64, "{}", wanted.package);
            assert_eq!(folder.parent(), Some(home.path()));
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
            // What was downloaded before is gone; what was unpacked has no name yet.
            let entries = std::fs::read_dir(home.path()).unwrap();
            let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            let is_hidden = names
                .iter()
                .all(|name| name.to_string_lossy().starts_with('.'));
            assert!(is_hidden && names.len() == 2, "{names:?}");
            seen.borrow_mut().push(wanted.package);
            let file = folder.join("a.whl");
            let names = match wanted.package {
                "torch" => ["libtorch_cuda.so", "libtorch_cpu.so"]
                    .map(|name| format!("torch/lib/{name}"))
                    .to_vec(),
                package => vec![format!("nvidia/cu13/lib/{package}.so.13")],
            };
            wheel(&file, &names);
            Ok(file)
        };
        install_with(home.path(), &download).unwrap();
        assert_eq!(seen.borrow().len(), 1 + LIBRARIES.len());
        let torch = cuda_folder::library_folder(&packages);
        assert!(torch.join(cuda_folder::LIBRARY).is_file());
        assert!(!torch.join("libtorch_cpu.so").exists());
        assert!(
            packages
                .join("nvidia/cu13/lib/nvidia-cublas.so.13")
                .is_file()
        );
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        // A second call needs nothing.
        install_with(home.path(), &|_, _| bail!("it is there")).unwrap();

        // A download that fails leaves nothing that would be taken for the libraries.
        std::fs::remove_dir_all(&packages).unwrap();
        install_with(home.path(), &|_, _| bail!("no network")).unwrap_err();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_libraries_for_cards_are_kept() {
        for (name, is_kept) in [
            ("torch/lib/libtorch_cuda.so", true),
            ("torch/lib/libc10_cuda.so", true),
            ("torch/version.py", true),
            ("nvidia/cudnn/lib/libcudnn.so.9", true),
            ("nvidia/cu13/lib/libcublas.so.13", true),
            ("torch/lib/libtorch_cpu.so", false),
            ("torch/lib/libtorch_python.so", false),
            ("torch/_C.cpython-311-x86_64-linux-gnu.so", false),
            ("nvidia/cu13/include/cuda.h", false),
        ] {
            assert_eq!(is_needed(name).is_some(), is_kept, "{name}");
        }
    }
}
