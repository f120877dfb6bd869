//! The devices of this machine, and why a graphics card is not usable where it is not.

mod cuda_folder;
pub mod cuda_install;
mod cuda_library;
mod cuda_packages;
mod driver;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use tch::{Cuda, Device};

use super::ModelError;
use crate::cores::Cores;
use cuda_install::CudaPart;
pub use cuda_library::open as open_cuda;
pub use cuda_packages::NEEDED_DRIVER;
#[cfg(test)]
pub(crate) use testing::{card as tests_card, skipped as tests_skipped};

/// What a person can choose to train on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devices {
    /// "CPU, 2 threads".
    pub cpu: String,
    /// Names of graphics cards, by index; none where none is usable.
    pub cuda: Vec<String>,
    /// Those of them that are not usable, and why: a sentence.
    pub refused: BTreeMap<usize, String>,
    /// The index of the most capable card.
    pub best: usize,
    /// Names of the cards that the NVIDIA driver has and libtorch has kernels for, whether or not they are usable.
    pub driver_cards: Vec<String>,
    /// What `CUDA_VISIBLE_DEVICES` is, where it is set: this process sees no other cards of the machine.
    pub visible: Option<String>,
    /// The version of the NVIDIA driver, where it says so: "580.95.05".
    pub driver: Option<String>,
    /// How far libtorch's CUDA part is installed by Graft.
    pub cuda_part: CudaPart,
    /// What there is to say where there is none: "No CUDA: the NVIDIA driver (libcuda.so.1) is not installed; …"
    pub why_no_cuda: Option<String>,
}

impl Devices {
    /// Why “cuda:1” can't be chosen although it is there: a sentence.
    pub fn why_refused(&self, device: &str) -> Option<&str> {
        let index = device.strip_prefix("cuda:")?.parse().ok()?;
        self.refused.get(&index).map(String::as_str)
    }

    /// The card's name, with its index where another one has the same name: "NVIDIA A100 (cuda:1)".
    pub fn card_title(&self, index: usize) -> Option<String> {
        let name = self.cuda.get(index)?;
        let is_one_of_several = self.cuda.iter().filter(|other| *other == name).count() > 1;
        Some(match is_one_of_several {
            true => format!("{name} (cuda:{index})"),
            false => name.clone(),
        })
    }

    /// The indices of the cards that are usable, the most capable first.
    pub fn usable(&self) -> Vec<usize> {
        let mut cards: Vec<usize> = (0..self.cuda.len())
            .filter(|&index| self.check(index).is_ok())
            .collect();
        cards.sort_by_key(|&index| (index != self.best, index));
        cards
    }

    /// Whether a graphics card is usable.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub fn check(&self, index: usize) -> Result<(), String> {
        if let Some(reason) = self.refused.get(&index).or(self.why_no_cuda.as_ref()) {
            return Err(reason.clone());
        }
        if index < self.cuda.len() {
            return Ok(());
        }
        let count = self.cuda.len();
        let unit = if count == 1 { "device" } else { "devices" };
        Err(format!("this machine has {count} CUDA {unit}"))
    }
}

/// Opens libtorch's CUDA part if that has not happened yet, and asks driver and libtorch what there is; later calls repeat
/// the first answer.
pub fn discover() -> &'static Devices {
    static DEVICES: OnceLock<Devices> = OnceLock::new();
    DEVICES.get_or_init(|| {
        let found = usable_cards().map(sort_out);
        let (mut devices, reason) = match found {
            Ok(devices) if devices.cuda.is_empty() => {
                let reasons: Vec<&str> = devices.refused.values().map(String::as_str).collect();
                (Devices::default(), Some(reasons.join(" ")))
            }
            Ok(devices) => (devices, None),
            Err(reason) => (Devices::default(), Some(format!("{reason}."))),
        };
        devices.cpu = describe_cpu();
        let served = (driver::cards().unwrap_or_default().iter()).filter(|card| card.has_kernels());
        devices.driver_cards = served.map(|card| card.name.clone()).collect();
        devices.visible = driver::visible();
        devices.driver = driver::version();
        devices.cuda_part = cuda_install::found();
        devices.why_no_cuda = reason.map(|reason| format!("No CUDA: {reason}"));
        devices
    })
}

/// Why this machine has no graphics card that libtorch's CUDA part would serve, as far as the driver knows; a sentence
/// without a full stop. Nothing is opened but the driver.
pub fn why_no_card() -> Option<String> {
    match driver::cards() {
        Err(reason) => Some(format!("No CUDA: {reason}")),
        Ok(cards) if !cards.iter().any(driver::Card::has_kernels) => {
            let (major, minor) = driver::LEAST_CAPABILITY;
            Some(format!(
                "No CUDA: the graphics cards of this machine have a compute capability below {major}.{minor}"
            ))
        }
        Ok(_) => None,
    }
}

/// The driver's cards, if libtorch works with them; else why not, a clause without a full stop.
fn usable_cards() -> Result<&'static [driver::Card], String> {
    let cards = driver::cards()?;
    // A card that libtorch has no kernels for is no reason to open it.
    if cards.iter().any(driver::Card::has_kernels) {
        open_cuda()?;
        let count = usize::try_from(Cuda::device_count()).unwrap_or(0);
        if count != cards.len() {
            return Err(format!(
                "of the graphics cards that the NVIDIA driver has ({}), libtorch finds {count}; nvidia-smi may tell why",
                cards.len()
            ));
        }
    }
    Ok(cards)
}

/// Which cards are usable, and which of them is the best.
fn sort_out(cards: &[driver::Card]) -> Devices {
    let refused = cards
        .iter()
        .enumerate()
        .filter(|(_, card)| !card.has_kernels());
    let refused: BTreeMap<usize, String> = refused
        .map(|(index, card)| {
            let ((major, minor), (least, least_minor)) = (card.capability, driver::LEAST_CAPABILITY);
            let text = format!(
                "The graphics card cuda:{index} ({}) has compute capability {major}.{minor}, and libtorch has no kernels below {least}.{least_minor}: train on another card or on the CPU.",
                card.name
            );
            (index, text)
        })
        .collect();
    if refused.len() == cards.len() {
        return Devices {
            refused,
            ..Devices::default()
        };
    }
    // Tensor cores for bf16 come before everything; of equals the first, which CUDA has sorted, too.
    let rank = |card: &driver::Card| {
        let has_bf16 = card.capability.0 >= 8;
        (has_bf16, card.speed, card.capability, card.bytes)
    };
    let usable = cards
        .iter()
        .enumerate()
        .filter(|(_, card)| card.has_kernels());
    let best = usable.rev().max_by_key(|(_, card)| rank(card));
    Devices {
        cuda: cards.iter().map(|card| card.name.clone()).collect(),
        refused,
        best: best.map_or(0, |(index, _)| index),
        ..Devices::default()
    }
}

/// The most capable graphics card, where one is usable; else the processor.
pub fn best() -> Device {
    let devices = discover();
    if devices.cuda.is_empty() {
        Device::Cpu
    } else {
        Device::Cuda(devices.best)
    }
}

/// `cpu`, `cuda` (the most capable card) or `cuda:1`.
///
/// # Errors
/// [`ModelError::Device`] for another text, or a device that this machine does not have.
pub fn parse(text: &str) -> Result<Device, ModelError> {
    resolve(text, discover())
}

/// [`parse`] for given devices.
///
/// # Errors
/// As [`parse`].
pub fn resolve(text: &str, devices: &Devices) -> Result<Device, ModelError> {
    let text = text.trim();
    let index = match text {
        "cpu" => return Ok(Device::Cpu),
        "cuda" => devices.best,
        other => other
            .strip_prefix("cuda:")
            .and_then(|index| index.parse().ok())
            .ok_or_else(|| {
                ModelError::Device(if other.contains(',') || other == "all" {
                    format!(
                        "“{other}” is no device: a training computes on one, so write cpu, cuda or cuda:0; --devices gives each of several runs, or of a sweep’s cells, a device of its own"
                    )
                } else {
                    format!("“{other}” is no device: write cpu, cuda or cuda:0")
                })
            })?,
    };
    devices
        .check(index)
        .map(|()| Device::Cuda(index))
        .map_err(|reason| ModelError::Device(format!("“{text}” can’t be used here: {reason}")))
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
        Device::Cuda(index) => driver::cards()
            .ok()
            .and_then(|cards| cards.get(index))
            .is_some_and(|card| card.capability.0 >= 8),
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
    cpu_text(&info, Cores::of_process().count.get())
}

fn cpu_text(cpuinfo: &str, threads: usize) -> String {
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = model.map_or("CPU", |(_, name)| name.trim());
    let unit = if threads == 1 { "thread" } else { "threads" };
    format!("{name}, {threads} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_answers_and_explains() {
        let devices = discover();
        assert!(devices.cpu.contains("thread"));
        assert_eq!(devices.cuda.is_empty(), devices.why_no_cuda.is_some());
        assert_eq!(devices, discover());
    }

    fn card(name: &str, capability: (i32, i32), speed: u64) -> driver::Card {
        driver::Card {
            name: name.into(),
            capability,
            bytes: 1 << 30,
            speed,
        }
    }

    #[test]
    fn texts_to_devices() {
        let old = card("Old", (6, 1), 900);
        let slow = card("Slow", (8, 0), 100);
        let fast = card("Fast", (8, 9), 300);
        let devices = sort_out(&[old.clone(), slow, fast]);
        for (text, expected) in [
            ("cpu", Ok(Device::Cpu)),
            ("cuda", Ok(Device::Cuda(2))),
            (" cuda:1 ", Ok(Device::Cuda(1))),
            ("cuda:0", Err("cuda:0 (Old) has compute capability 6.1")),
            ("cuda:3", Err("this machine has 3 CUDA devices")),
            ("cuda:x", Err("is no device")),
            ("cuda:1,cuda:2", Err("--devices gives each of several runs")),
            ("all", Err("a training computes on one")),
            ("gpu", Err("is no device")),
            ("", Err("is no device")),
        ] {
            match (resolve(text, &devices), expected) {
                (Ok(device), Ok(expected)) => assert_eq!(device, expected, "{text}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, expected) => panic!("{text}: {found:?}, expected {expected:?}"),
            }
        }
        assert_eq!(devices.usable(), [2, 1]);
        // Nothing is left of a machine whose only card is too old but the reason.
        let devices = sort_out(&[old]);
        assert!(devices.cuda.is_empty() && devices.refused.len() == 1);
    }

    #[test]
    fn cards_of_one_name_are_told_apart() {
        let names = ["NVIDIA A100", "Tesla T4", "NVIDIA A100"];
        let devices = Devices {
            cuda: names.map(str::to_owned).to_vec(),
            ..Devices::default()
        };
        let titles: Vec<Option<String>> = (0..4).map(|index| devices.card_title(index)).collect();
        let expected = [
            Some("NVIDIA A100 (cuda:0)"),
            Some("Tesla T4"),
            Some("NVIDIA A100 (cuda:2)"),
            None,
        ];
        assert_eq!(titles, expected.map(|title| title.map(str::to_owned)));
    }

    #[test]
    fn the_most_capable_card_is_the_best() {
        let turing = card("Turing", (7, 5), 900);
        let ampere = card("Ampere", (8, 0), 300);
        let hopper = card("Hopper", (9, 0), 300);
        for (cards, best) in [
            // Tensor cores for bf16 are worth more than a clock.
            (vec![&turing, &ampere], 1),
            (vec![&ampere, &hopper], 1),
            // Of equals the first.
            (vec![&hopper, &turing, &hopper], 0),
        ] {
            let cards: Vec<driver::Card> = cards.into_iter().cloned().collect();
            assert_eq!(sort_out(&cards).best, best, "{cards:?}");
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
    fn a_card_has_the_driver_s_name() {
        if tests_card().is_none() {
            return;
        }
        let names: Vec<&String> = driver::cards()
            .unwrap()
            .iter()
            .map(|card| &card.name)
            .collect();
        assert_eq!(names, discover().cuda.iter().collect::<Vec<_>>());
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
