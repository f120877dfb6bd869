//! The devices of this machine, and why CUDA is not usable where it is not.

#![allow(
    unsafe_code,
    reason = "opening a shared library runs its initialisers; only libtorch's own are opened here"
)]

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use tch::{Cuda, Device};

use super::ModelError;

/// The libtorch that this binary was built for; another's CUDA part would not fit.
const LIBTORCH_VERSION: &str = "2.11.0";

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
/// environment's torch) and asks libtorch what there is. Call once, at start, before any tensor
/// work; later calls repeat the first answer.
pub fn discover() -> &'static Devices {
    static DEVICES: OnceLock<Devices> = OnceLock::new();
    DEVICES.get_or_init(|| {
        let (cuda, why_no_cuda) = match open_cuda() {
            Ok(names) => (names, None),
            Err(reason) => (Vec::new(), Some(format!("No CUDA: {reason}."))),
        };
        Devices {
            cpu: describe_cpu(),
            cuda,
            why_no_cuda,
        }
    })
}

/// CUDA where it is usable.
pub fn best() -> Device {
    if discover().cuda.is_empty() {
        Device::Cpu
    } else {
        Device::Cuda(0)
    }
}

/// `cpu`, `cuda` or `cuda:1`.
///
/// # Errors
/// [`ModelError::Device`] for another text, or a device that this machine does not have.
pub fn parse(text: &str) -> Result<Device, ModelError> {
    resolve(text, discover())
}

fn resolve(text: &str, devices: &Devices) -> Result<Device, ModelError> {
    let index = match text.trim() {
        "cpu" => return Ok(Device::Cpu),
        "cuda" => 0,
        other => other
            .strip_prefix("cuda:")
            .and_then(|index| index.parse().ok())
            .ok_or_else(|| {
                ModelError::Device(format!("“{other}” is no device: write cpu, cuda or cuda:0"))
            })?,
    };
    if index < devices.cuda.len() {
        return Ok(Device::Cuda(index));
    }
    let why = devices.why_no_cuda.clone();
    let why =
        why.unwrap_or_else(|| format!("This machine has {} CUDA devices.", devices.cuda.len()));
    Err(ModelError::Device(format!(
        "“{}” is not usable here. {why}",
        text.trim()
    )))
}

/// Whether this processor has instructions for bf16. Those with AMX have these, too.
pub fn bf16_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx512bf16")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Whether `device` has units for matrices of bf16, with which training is about twice as fast: AMX in processors, tensor
/// cores since compute capability 8.0 in graphics cards.
pub fn bf16_units(device: Device) -> bool {
    static PROCESSOR: OnceLock<bool> = OnceLock::new();
    match device {
        Device::Cuda(index) => driver()
            .get(index)
            .is_some_and(|device| device.capability.0 >= 8),
        _ => *PROCESSOR.get_or_init(|| {
            let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
            bf16_instructions() && has_flag(&info, "amx_bf16")
        }),
    }
}

/// Rust has no stable word for AMX yet.
fn has_flag(cpuinfo: &str, flag: &str) -> bool {
    cpuinfo
        .lines()
        .find(|line| line.starts_with("flags"))
        .is_some_and(|flags| flags.split_whitespace().any(|word| word == flag))
}

fn describe_cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    cpu_text(&info, threads)
}

fn cpu_text(cpuinfo: &str, threads: usize) -> String {
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = model.map_or("CPU", |(_, name)| name.trim());
    let unit = if threads == 1 { "thread" } else { "threads" };
    format!("{name}, {threads} {unit}")
}

/// Names of the usable devices, or why there is none (a clause without a full stop).
fn open_cuda() -> Result<Vec<String>, String> {
    if open(Path::new("libcuda.so.1")).is_err() {
        return Err("the NVIDIA driver (libcuda.so.1) is not installed".into());
    }
    if !Cuda::is_available() {
        let folders = candidate_folders();
        let folder = folders
            .iter()
            .find(|folder| folder.join("libtorch_cuda.so").is_file());
        let folder = folder.ok_or("libtorch’s CUDA part (libtorch_cuda.so) was not found; “cargo xtask setup --cuda” fetches it")?;
        check_version(folder)?;
        open_with_companions(folder)?;
    }
    let count = usize::try_from(Cuda::device_count()).unwrap_or(0);
    if !Cuda::is_available() || count == 0 {
        return Err("the NVIDIA driver reports no device that libtorch can use".into());
    }
    Ok(device_names(count))
}

/// What the driver calls its devices, by index; plain words where it does not say.
fn device_names(count: usize) -> Vec<String> {
    let mut names: Vec<String> = driver()
        .iter()
        .map(|device| device.name.clone())
        .take(count)
        .collect();
    names.resize_with(count, || "NVIDIA GPU".to_string());
    names
}

/// A device as the NVIDIA driver knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DriverDevice {
    name: String,
    /// Compute capability, major and minor.
    capability: (i32, i32),
}

/// The devices that CUDA_VISIBLE_DEVICES leaves, in libtorch's order; none without a driver.
fn driver() -> &'static [DriverDevice] {
    static DEVICES: OnceLock<Vec<DriverDevice>> = OnceLock::new();
    DEVICES.get_or_init(|| ask_driver().unwrap_or_default())
}

/// By the driver's own interface (`cuda.h`), which stays the same over its versions and which libtorch's headers without
/// CUDA lack.
fn ask_driver() -> Option<Vec<DriverDevice>> {
    type Init = unsafe extern "C" fn(c_uint) -> c_int;
    type Count = unsafe extern "C" fn(*mut c_int) -> c_int;
    type Get = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
    type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
    type Attribute = unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int;
    const CAPABILITY_MAJOR: c_int = 75;
    const CAPABILITY_MINOR: c_int = 76;
    const NAME_BYTES: c_int = 256;

    // SAFETY: the driver's library, opened as in `open`; signatures and numbers are those of cuda.h. Every call gets
    // pointers to values of the kind that it fills in, and what it has not filled in is not used.
    unsafe {
        let library = Library::open(Some("libcuda.so.1"), RTLD_NOW | RTLD_GLOBAL).ok()?;
        let init = library.get::<Init>(b"cuInit\0").ok()?;
        let count = library.get::<Count>(b"cuDeviceGetCount\0").ok()?;
        let get = library.get::<Get>(b"cuDeviceGet\0").ok()?;
        let name = library.get::<Name>(b"cuDeviceGetName\0").ok()?;
        let attribute = library.get::<Attribute>(b"cuDeviceGetAttribute\0").ok()?;
        let mut devices = 0;
        if init(0) != 0 || count(&raw mut devices) != 0 {
            return None;
        }
        let mut found = Vec::new();
        for index in 0..devices {
            let (mut device, mut major, mut minor) = (0, 0, 0);
            let mut text = [0 as c_char; NAME_BYTES as usize];
            let is_told = get(&raw mut device, index) == 0
                && name(text.as_mut_ptr(), NAME_BYTES - 1, device) == 0
                && attribute(&raw mut major, CAPABILITY_MAJOR, device) == 0
                && attribute(&raw mut minor, CAPABILITY_MINOR, device) == 0;
            if !is_told {
                return None;
            }
            let name = CStr::from_ptr(text.as_ptr());
            found.push(DriverDevice {
                name: name.to_string_lossy().into_owned(),
                capability: (major, minor),
            });
        }
        std::mem::forget(library);
        Some(found)
    }
}

/// Folders that may hold `libtorch_cuda.so`, best first.
fn candidate_folders() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let mut folders: Vec<PathBuf> = variable("GRAFT_CUDA").into_iter().collect();
    if let Some(own) = libtorch_folder() {
        folders.extend(own.parent().map(|parent| parent.join("cuda")));
        folders.insert(folders.len().min(1), own);
    }
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"]
        .into_iter()
        .filter_map(variable);
    let user = directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".local"));
    let system = [PathBuf::from("/usr/local"), PathBuf::from("/usr")];
    for prefix in environments.chain(user).chain(system) {
        folders.extend(
            python_packages(&prefix)
                .into_iter()
                .map(|packages| packages.join("torch/lib")),
        );
    }
    folders
}

/// `lib/python3*/site-packages` and Debian's `dist-packages` under `prefix`.
fn python_packages(prefix: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(prefix.join("lib")) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"))
        .flat_map(|entry| ["site-packages", "dist-packages"].map(|name| entry.path().join(name)))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    folders
}

/// The folder that this process has `libtorch_cpu.so` from.
fn libtorch_folder() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps
        .lines()
        .find(|line| line.ends_with("/libtorch_cpu.so"))?;
    Path::new(&line[line.find('/')?..])
        .parent()
        .map(Path::to_path_buf)
}

/// A Python torch says its version in `torch/version.py`, an archive in `build-version`; a folder
/// that says nothing was put there by hand and is believed.
fn check_version(folder: &Path) -> Result<(), String> {
    let Some(package) = folder.parent() else {
        return Ok(());
    };
    let version = std::fs::read_to_string(package.join("version.py"))
        .ok()
        .and_then(|text| {
            Some(
                text.lines()
                    .find(|line| line.starts_with("__version__"))?
                    .split('\'')
                    .nth(1)?
                    .to_string(),
            )
        })
        .or_else(|| std::fs::read_to_string(package.join("build-version")).ok());
    let Some(version) = version.map(|version| version.trim().to_string()) else {
        return Ok(());
    };
    if version.split('+').next() == Some(LIBTORCH_VERSION) {
        return Ok(());
    }
    Err(format!(
        "the libtorch_cuda.so found belongs to libtorch {version} and Graft needs {LIBTORCH_VERSION}"
    ))
}

/// Opens what `libtorch_cuda.so` needs, in as many rounds as their order takes, and then itself.
fn open_with_companions(folder: &Path) -> Result<(), String> {
    let libraries = |folder: &Path| -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let is_library = |path: &PathBuf| path.to_string_lossy().contains(".so");
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(is_library)
            .collect()
    };
    // In a Python environment the companions are packages of their own: nvidia/cudnn/lib and others.
    let packages = folder
        .parent()
        .and_then(Path::parent)
        .map(|packages| packages.join("nvidia"));
    let mut waiting: Vec<PathBuf> = Vec::new();
    if let Some(entries) = packages.and_then(|packages| std::fs::read_dir(packages).ok()) {
        waiting.extend(
            entries
                .flatten()
                .flat_map(|entry| libraries(&entry.path().join("lib"))),
        );
    }
    let known = ["libcu", "libnv", "libnccl", "libc10_cuda", "libcudnn"];
    waiting.extend(libraries(folder).into_iter().filter(|path| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        known.iter().any(|start| name.starts_with(start))
    }));
    waiting.sort();
    loop {
        let before = waiting.len();
        waiting.retain(|path| open(path).is_err());
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    open(&folder.join("libtorch_cuda.so"))
        .map_err(|error| format!("libtorch_cuda.so can't be opened ({error})"))
}

/// Opens a library for the rest of the process.
fn open(path: &Path) -> Result<(), libloading::Error> {
    // SAFETY: only libtorch's CUDA part, its companions and the NVIDIA driver are opened, and never
    // closed; their initialisers register kernels and are made to run at any time before first use.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }?;
    std::mem::forget(library);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn discovery_answers_and_explains() {
        let devices = discover();
        assert!(devices.cpu.contains("thread"));
        assert_eq!(devices.cuda.is_empty(), devices.why_no_cuda.is_some());
        assert_eq!(devices, discover());
    }

    #[test]
    fn texts_to_devices() {
        let devices = Devices {
            cpu: "CPU".into(),
            cuda: vec!["NVIDIA GPU".into()],
            why_no_cuda: None,
        };
        for (text, expected) in [
            ("cpu", Some(Device::Cpu)),
            ("cuda", Some(Device::Cuda(0))),
            (" cuda:0 ", Some(Device::Cuda(0))),
            ("cuda:1", None),
            ("cuda:x", None),
            ("gpu", None),
            ("", None),
        ] {
            assert_eq!(resolve(text, &devices).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_version_of_torch_that_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("lib");
        for (version, fits) in [("2.11.0+cu130", true), ("2.10.0+cu128", false)] {
            std::fs::write(
                folder.path().join("version.py"),
                format!("__version__ = '{version}'\n"),
            )
            .unwrap();
            let checked = check_version(&library);
            assert_eq!(checked.is_ok(), fits);
            assert!(fits || checked.unwrap_err().contains(version));
        }
    }

    #[test]
    fn a_flag_is_a_whole_word() {
        let info = "model name\t: Fast\nflags\t\t: fpu amx_bf16_more avx2\n";
        assert!(has_flag(info, "avx2") && !has_flag(info, "amx_bf16"));
        assert!(!has_flag("", "avx2"));
        // A device that is not there has no units.
        assert!(!bf16_units(Device::Cuda(99)));
    }

    #[test]
    fn the_driver_lists_what_libtorch_uses() {
        let devices = discover();
        if devices.cuda.is_empty() {
            eprintln!("SKIPPED: {:?}", devices.why_no_cuda);
            return;
        }
        let names: Vec<&String> = driver().iter().map(|device| &device.name).collect();
        assert_eq!(names, devices.cuda.iter().collect::<Vec<_>>());
        assert!(driver().iter().all(|device| device.capability.0 > 0));
    }

    #[test]
    fn the_processor_by_name() {
        assert_eq!(
            cpu_text("model name\t: Fast One\nmodel name\t: Fast One\n", 2),
            "Fast One, 2 threads"
        );
        assert_eq!(cpu_text("", 1), "CPU, 1 thread");
    }
}
