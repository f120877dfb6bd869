//! The time of day, for the log.

use std::time::{SystemTime, UNIX_EPOCH};

/// `10:15:03`, local time; UTC where the system does not say what local is.
pub fn time_of_day() -> String {
    jiff::ZonedDateTime::now().strftime("%H:%M:%S").to_string()
}

/// Seconds since 1970, UTC.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
