//! What the NVIDIA driver says: its graphics cards, or why it has none.
//!
//! By the driver's own interface (`cuda.h`), which stays the same over its versions, and which libtorch's headers without
//! CUDA lack.

#![allow(unsafe_code, reason = "asks the NVIDIA driver by its C interface")]

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

use super::cuda_packages::NEEDED_DRIVER;

/// CUDA's version that the libtorch of this program is made for, as the driver writes it: 13.0.
const NEEDED: c_int = 13_000;

/// Cards below this compute capability find no kernels in libtorch 2.11.0 for CUDA 13.
pub(super) const LEAST_CAPABILITY: (i32, i32) = (7, 5);

/// A graphics card as the driver knows it. CUDA_VISIBLE_DEVICES has been followed, and libtorch counts the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub name: String,
    /// Compute capability, major and minor.
    pub capability: (i32, i32),
    pub bytes: u64,
    /// Multiprocessors times their clock in kHz: how much it computes, among cards of one kind.
    pub speed: u64,
}

impl Card {
    /// Whether libtorch has kernels for it.
    pub fn has_kernels(&self) -> bool {
        self.capability >= LEAST_CAPABILITY
    }
}

/// What the driver said, once and for all: its cards, of which there is at least one, or why there is none (a clause without
/// a full stop).
pub(super) fn cards() -> Result<&'static [Card], &'static str> {
    static ANSWER: OnceLock<Result<Vec<Card>, String>> = OnceLock::new();
    match ANSWER.get_or_init(ask) {
        Ok(cards) => Ok(cards),
        Err(reason) => Err(reason),
    }
}

/// What limits the cards of this process to some of the machine's, where something does.
pub(super) fn visible() -> Option<String> {
    let value = std::env::var_os(VISIBLE)?;
    Some(value.to_string_lossy().into_owned())
}

/// The version of the driver's kernel module, where the system says so.
pub(super) fn version() -> Option<String> {
    let text = std::fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    version_in(&text)
}

/// `580.95.05` of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Wed Sep 10 …`.
fn version_in(text: &str) -> Option<String> {
    let is_version =
        |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let line = text.lines().find(|line| line.starts_with("NVRM"))?;
    line.split_whitespace().find(is_version).map(str::to_owned)
}

type Init = unsafe extern "C" fn(c_uint) -> c_int;
type Number = unsafe extern "C" fn(*mut c_int) -> c_int;
type Get = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
type Attribute = unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int;
type Bytes = unsafe extern "C" fn(*mut usize, c_int) -> c_int;

const MULTIPROCESSORS: c_int = 16;
const CLOCK_KHZ: c_int = 13;
const CAPABILITY_MAJOR: c_int = 75;
const CAPABILITY_MINOR: c_int = 76;

fn ask() -> Result<Vec<Card>, String> {
    // SAFETY: the driver's library, whose initialisers are made to run at any time; it is never closed.
    let library = unsafe { Library::open(Some("libcuda.so.1"), RTLD_NOW | RTLD_GLOBAL) }
        .map_err(|error| why_not_opened(&loader_reason(&error)))?;
    let answer = ask_library(&library);
    std::mem::forget(library);
    answer
}

/// What the system's loader says, which the error itself leaves to its source.
pub(super) fn loader_reason(error: &libloading::Error) -> String {
    use std::error::Error as _;

    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn why_not_opened(error: &str) -> String {
    if error.contains("No such file") {
        return format!(
            "the NVIDIA driver (libcuda.so.1) is not installed; if this machine has an NVIDIA card, install the driver, version {NEEDED_DRIVER} or later"
        );
    }
    format!("the NVIDIA driver can't be opened ({error}); install it anew")
}

fn ask_library(library: &Library) -> Result<Vec<Card>, String> {
    let strange = |error: libloading::Error| {
        let reason = loader_reason(&error);
        format!("the NVIDIA driver lacks a function of cuda.h ({reason}); install it anew")
    };
    // SAFETY: signatures and numbers are those of cuda.h. Every call gets pointers to values of the kind that it fills in,
    // and what it has not filled in is not used.
    unsafe {
        let init = library.get::<Init>(b"cuInit\0").map_err(strange)?;
        let version = library
            .get::<Number>(b"cuDriverGetVersion\0")
            .map_err(strange)?;
        let (mut known, mut count) = (0, 0);
        let answered = init(0);
        if answered != 0 {
            return Err(why_none(answered));
        }
        if version(&raw mut known) == 0 && known < NEEDED {
            return Err(too_old(known));
        }
        let counted = library
            .get::<Number>(b"cuDeviceGetCount\0")
            .map_err(strange)?(&raw mut count);
        if counted != 0 || count == 0 {
            let code = if counted == 0 { NO_DEVICE } else { counted };
            return Err(why_none(code));
        }
        (0..count)
            .map(|index| {
                card(library, index).map_err(strange)?.ok_or_else(|| {
                    format!("the NVIDIA driver says nothing of its card {index}; nvidia-smi may tell why")
                })
            })
            .collect()
    }
}

/// # Safety
/// The library is the driver's, and has been initialised.
unsafe fn card(library: &Library, index: c_int) -> Result<Option<Card>, libloading::Error> {
    const NAME_BYTES: c_int = 256;
    // SAFETY: as in `ask_library`; the name is one byte shorter than its room, which was all zeros.
    unsafe {
        let get = library.get::<Get>(b"cuDeviceGet\0")?;
        let name = library.get::<Name>(b"cuDeviceGetName\0")?;
        let attribute = library.get::<Attribute>(b"cuDeviceGetAttribute\0")?;
        let total = library.get::<Bytes>(b"cuDeviceTotalMem_v2\0")?;
        let (mut device, mut bytes) = (0, 0);
        let mut text = [0 as c_char; NAME_BYTES as usize];
        let is_told = get(&raw mut device, index) == 0
            && name(text.as_mut_ptr(), NAME_BYTES - 1, device) == 0
            && total(&raw mut bytes, device) == 0;
        let number = |which: c_int| {
            let mut value = 0;
            (attribute(&raw mut value, which, device) == 0).then_some(value)
        };
        let capability = number(CAPABILITY_MAJOR).zip(number(CAPABILITY_MINOR));
        let (true, Some(capability)) = (is_told, capability) else {
            return Ok(None);
        };
        let natural = |which| u64::try_from(number(which).unwrap_or(0)).unwrap_or(0);
        Ok(Some(Card {
            name: CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned(),
            capability,
            bytes: bytes as u64,
            speed: natural(MULTIPROCESSORS) * natural(CLOCK_KHZ),
        }))
    }
}

fn too_old(known: c_int) -> String {
    format!(
        "the NVIDIA driver is too old: it knows CUDA {}.{} and this needs CUDA 13; install driver {NEEDED_DRIVER} or later, and restart the machine",
        known / 1000,
        known % 1000 / 10
    )
}

// CUresult, as cuda.h numbers it.
const OUT_OF_MEMORY: c_int = 2;
const STUB: c_int = 34;
const NO_DEVICE: c_int = 100;
const OPERATING_SYSTEM: c_int = 304;
const NOT_PERMITTED: c_int = 800;
const NOT_READY: c_int = 802;
const DRIVER_MISMATCH: c_int = 803;
const COMPATIBILITY: c_int = 804;
const UNKNOWN: c_int = 999;

/// Why there is no card, by what the driver answered.
fn why_none(code: c_int) -> String {
    let hidden = || {
        let is_slurm_job = std::env::var_os("SLURM_JOB_ID").is_some();
        why_hidden(visible().as_deref(), is_slurm_job)
    };
    let hidden = (code == NO_DEVICE).then(hidden).flatten();
    hidden.unwrap_or_else(|| why_not_started(code, denied_file().as_deref()))
}

/// Which cards a process may see, as the driver reads it: numbers, or the names that `nvidia-smi -L` lists.
const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";

/// Why the driver shows this process no card although there may be some: what `CUDA_VISIBLE_DEVICES` is, and whether this is a
/// job of Slurm, which gives no card that was not asked for.
fn why_hidden(visible: Option<&str>, is_slurm_job: bool) -> Option<String> {
    const ASK: &str = "ask for one with --gpus=1 or --gres=gpu:1 (sbatch, srun)";
    match visible {
        // As Slurm says it.
        Some("NoDevFiles") => Some(format!(
            "Slurm gave this job no graphics card ({VISIBLE} is “NoDevFiles”); {ASK}"
        )),
        Some("") if is_slurm_job => Some(format!(
            "{VISIBLE} is empty in this job of Slurm, which hides every graphics card; {ASK}"
        )),
        Some("") => Some(format!(
            "{VISIBLE} is empty, which hides every graphics card; unset it, or set it to 0"
        )),
        Some(names) => Some(format!(
            "{VISIBLE} is “{names}”, which leaves the NVIDIA driver no graphics card; unset it, or set it to numbers from 0 on or to names that nvidia-smi -L lists"
        )),
        None if is_slurm_job => Some(format!("Slurm gave this job no graphics card; {ASK}")),
        None => None,
    }
}

/// What cuInit's answer means and what to do. `denied`: a file of the driver's that this user may not open; then the answer
/// may be any of several.
fn why_not_started(code: c_int, denied: Option<&Path>) -> String {
    const PERMISSION: &str = "add the user to the group that owns it (often “video” or “render”), or give the container or job access to it";
    match (code, denied) {
        (NO_DEVICE | OPERATING_SYSTEM | NOT_PERMITTED | UNKNOWN, Some(file)) => format!(
            "this user may not open {}, through which the NVIDIA driver is reached; {PERMISSION}",
            file.display()
        ),
        (NOT_PERMITTED | OPERATING_SYSTEM, None) => format!(
            "the NVIDIA driver may not be used by this process (its cuInit answers {code}); look who owns /dev/nvidia*: {PERMISSION}"
        ),
        (NO_DEVICE, None) => "the NVIDIA driver finds no graphics card; nvidia-smi should list one, and a container must be started with access to it (docker run --gpus all)".into(),
        (DRIVER_MISMATCH, _) => "the NVIDIA driver was updated and its old kernel module still runs; restart the machine".into(),
        (COMPATIBILITY, _) => format!(
            "the NVIDIA driver’s forward compatibility (the package cuda-compat) does not serve this card; remove that package, and install driver {NEEDED_DRIVER} or later"
        ),
        (NOT_READY, _) => "the NVIDIA driver is not ready; start nvidia-fabricmanager, which machines with NVSwitch need, or wait until the machine has started".into(),
        (STUB, _) => "the libcuda.so.1 that was found is the CUDA toolkit’s stub and not the driver; take its folder (“stubs”) out of LD_LIBRARY_PATH".into(),
        (OUT_OF_MEMORY, _) => "the NVIDIA driver has not enough memory to start; raise the limit of this process (ulimit -v)".into(),
        (UNKNOWN, None) => "the NVIDIA driver fails with an unknown error (999); load its kernel module (sudo modprobe nvidia_uvm), or restart the machine".into(),
        (other, _) => format!(
            "the NVIDIA driver can’t be used (its cuInit answers {other}); nvidia-smi may tell why"
        ),
    }
}

/// A file through which the driver is reached and which this user may not open.
fn denied_file() -> Option<PathBuf> {
    let entries = std::fs::read_dir("/dev").ok()?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().starts_with("/dev/nvidia") && !path.is_dir())
        .collect();
    files.sort();
    files.into_iter().find(|file| {
        let opened = OpenOptions::new().read(true).write(true).open(file);
        opened.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_among_the_words_of_the_kernel_module() {
        for module in [
            "Kernel Module  580.95.05  Wed Sep 10",
            "Open Kernel Module for x86_64  580.95.05  Release Build",
        ] {
            let text = format!("NVRM version: NVIDIA UNIX {module}\nGCC version: gcc 13.3.0\n");
            assert_eq!(version_in(&text).as_deref(), Some("580.95.05"));
        }
        assert_eq!(version_in("GCC version: 13.3.0"), None);
    }

    #[test]
    fn an_answer_of_the_driver_has_a_reason_and_a_remedy() {
        let file = Path::new("/dev/nvidia0");
        for (code, denied, expected) in [
            (NO_DEVICE, Some(file), "may not open /dev/nvidia0"),
            (UNKNOWN, Some(file), "may not open /dev/nvidia0"),
            (DRIVER_MISMATCH, Some(file), "restart the machine"),
            (NOT_PERMITTED, None, "may not be used by this process"),
            (OPERATING_SYSTEM, None, "may not be used by this process"),
            (COMPATIBILITY, None, "cuda-compat"),
            (NOT_READY, None, "fabricmanager"),
            (STUB, None, "stub"),
            (OUT_OF_MEMORY, None, "ulimit"),
            (46, None, "cuInit answers 46"),
        ] {
            let reason = why_not_started(code, denied);
            assert!(reason.contains(expected), "{code}: {reason}");
            assert!(reason.contains(';') && !reason.ends_with('.'), "{reason}");
        }
        for (visible, is_slurm_job, expected) in [
            (Some("7"), false, "CUDA_VISIBLE_DEVICES is “7”"),
            (Some("GPU-12"), true, "nvidia-smi -L"),
            (Some(""), false, "is empty"),
            (Some(""), true, "--gpus=1"),
            (
                Some("NoDevFiles"),
                false,
                "Slurm gave this job no graphics card",
            ),
            (None, true, "--gpus=1"),
        ] {
            let reason = why_hidden(visible, is_slurm_job).unwrap();
            assert!(reason.contains(expected), "{visible:?}: {reason}");
            assert!(reason.contains(';') && !reason.ends_with('.'), "{reason}");
        }
        assert_eq!(why_hidden(None, false), None);
        assert!(too_old(12_080).contains("CUDA 12.8"));
        let missing = "libcuda.so.1: cannot open shared object file: No such file or directory";
        assert!(why_not_opened(missing).contains("not installed"));
        assert!(why_not_opened("libcuda.so.1: invalid ELF header").contains("invalid ELF header"));
    }
}
