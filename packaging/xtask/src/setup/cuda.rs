//! The CUDA half of libtorch, for machines with an NVIDIA GPU. It stands in a folder of its own, which
//! the program opens at start, so that one binary serves machines with and without a GPU.

#[path = "../../../../src/models/device/cuda_folder.rs"]
mod cuda_folder;
#[path = "../../../../src/models/device/cuda_packages.rs"]
#[allow(dead_code, reason = "the program shows more of them")]
mod cuda_packages;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use self::cuda_packages::{CudaPackage, PACKAGES, needed_path};
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

/// As a package that pip fetches.
fn wheel(package: &CudaPackage) -> Wheel {
    Wheel {
        package: package.name,
        version: package.version,
        sha256: package.sha256,
        platforms: PLATFORMS,
    }
}

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
            "fetching the CUDA libraries of libtorch {} ({:.1} GB, once)",
            libtorch::VERSION,
            PACKAGES.iter().map(|package| package.bytes).sum::<u64>() as f64 / 1e9
        ));
        archive::whole(&packages, |content| {
            for package in &PACKAGES {
                // Removed before the next one comes.
                let folder = archive::work_folder(home)?;
                let file = download(&wheel(package), folder.path())?;
                steps::doing(&format!("unpacking {}", package.name));
                archive::extract(&file, content, needed_path)?;
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_program_and_set_up_take_the_same_torch() {
        assert_eq!(PACKAGES[0].sha256, libtorch::TORCH.sha256);
        assert_eq!(PACKAGES[0].version, libtorch::VERSION);
    }

    /// A wheel that holds the files of these names.
    fn write_wheel(file: &Path, names: &[String]) {
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
            write_wheel(&file, &names);
            Ok(file)
        };
        install_with(home.path(), &download).unwrap();
        assert_eq!(seen.borrow().len(), PACKAGES.len());
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
            assert_eq!(needed_path(name).is_some(), is_kept, "{name}");
        }
    }
}
