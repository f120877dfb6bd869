//! How much memory this machine has.

/// Taken where the system does not say.
const ASSUMED: u64 = 8 << 30;

/// The machine's memory in bytes.
pub fn total_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    parse_total(&text).unwrap_or(ASSUMED)
}

/// `MemTotal:       24576000 kB` of `/proc/meminfo`.
fn parse_total(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_in_kilobytes() {
        assert_eq!(
            parse_total("MemTotal:   2048 kB\nMemFree: 1 kB\n"),
            Some(2 << 20)
        );
        assert_eq!(parse_total("nothing"), None);
        assert!(total_bytes() > 1 << 20);
    }
}
