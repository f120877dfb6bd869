//! The most memory that a run took: what this process held at most while it trained, less what it held before for
//! something else, such as pictures in the window or an earlier run. The program itself counts, as it does in the
//! forecast, so that the two can be compared.
//!
//! Linux counts the peak by itself (`VmHWM` of `/proc/self/status`, the peak of the resident set) and sets
//! it back on request (`5` written to `/proc/self/clear_refs`, proc(5)), so that the second run in
//! one process does not show the peak of the first. Elsewhere nothing is measured.

use crate::allocator;
use crate::training::estimate::PROGRAM;

/// A measurement that began when it was made.
#[derive(Debug, Clone)]
pub struct PeakMemory {
    /// Whether the system's own count was set back; otherwise the resident set is sampled.
    counted: bool,
    sampled: u64,
    /// Held at the beginning, for something else than this run.
    others: u64,
}

impl PeakMemory {
    /// Begins to measure.
    pub fn begin() -> Self {
        // What an earlier run has freed would be taken for this one's otherwise, and taken again without being seen.
        allocator::trim();
        let counted = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        let others = status("VmRSS:").map_or(0, |held| held.saturating_sub(PROGRAM));
        let mut peak = Self {
            counted,
            sampled: 0,
            others,
        };
        peak.sample();
        peak
    }

    /// Looks at the resident set now. Called at every event, for systems that can't set their count
    /// back.
    pub fn sample(&mut self) {
        if !self.counted
            && let Some(now) = status("VmRSS:")
        {
            self.sampled = self.sampled.max(now);
        }
    }

    /// Bytes; `None` where the system does not say.
    pub fn bytes(&self) -> Option<u64> {
        let peak = if self.counted {
            status("VmHWM:")
        } else {
            (self.sampled > 0).then_some(self.sampled)
        };
        peak.map(|peak| peak.saturating_sub(self.others))
    }
}

fn status(field: &str) -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?, field)
}

/// `VmHWM:    123456 kB` in bytes.
fn parse(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(field))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_in_kilobytes() {
        let text = "Name:\tgraft\nVmHWM:\t  2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(parse(text, "VmHWM:"), Some(2 << 20));
        assert_eq!(parse(text, "VmRSS:"), Some(1 << 20));
        assert_eq!(parse(text, "VmSwap:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_was_held_and_given_back_counts() {
        let mut peak = PeakMemory::begin();
        let before = peak.bytes().unwrap_or_default();
        let held = std::hint::black_box(vec![1u8; 64 << 20]);
        peak.sample();
        let with = peak.bytes().unwrap_or_default();
        drop(held);
        assert!(before > 0);
        // Another test may have set the count back between the two readings, never below what is held.
        assert!(with >= 64 << 20, "{with}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_was_held_before_is_not_the_runs() {
        let held = std::hint::black_box(vec![1u8; 1 << 30]);
        let peak = PeakMemory::begin();
        let bytes = peak.bytes().unwrap_or_default();
        drop(held);
        // Other tests of this process hold something too, for a while: less than this one did.
        assert!(bytes < 1 << 30, "{bytes}");
    }
}
