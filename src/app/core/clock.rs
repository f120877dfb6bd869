//! The local time of day, for the log.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// `10:15:03`, local time; UTC where the system does not say what local is.
pub fn time_of_day() -> String {
    let local = (i64::try_from(now()).unwrap_or(0) + offset()).rem_euclid(DAY);
    format!(
        "{:02}:{:02}:{:02}",
        local / 3600,
        local / 60 % 60,
        local % 60
    )
}

/// Seconds since 1970, UTC.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

/// Seconds that local time is ahead of UTC, asked of the system once: the standard library can't say.
fn offset() -> i64 {
    static OFFSET: OnceLock<i64> = OnceLock::new();
    *OFFSET.get_or_init(|| {
        std::process::Command::new("date")
            .arg("+%z")
            .output()
            .ok()
            .and_then(|output| parse(String::from_utf8_lossy(&output.stdout).trim()))
            .unwrap_or(0)
    })
}

/// `+0130` in seconds.
fn parse(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (text.len() == 5).then_some((number / 100) * 3600 + (number % 100) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_in_both_directions() {
        let cases = [
            ("+0000", Some(0)),
            ("+0130", Some(5400)),
            ("-0330", Some(-12_600)),
            ("", None),
            ("UTC", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
