//! Numbers as a person reads them: thousands separated, units shown, digits that carry information
//! only. The command line, the log, the figures and the window all write numbers this way.

mod short;
pub mod table;

use jiff::Timestamp;

pub use short::{ago, ordinal, parse_bytes, percent_of, plural, shape, unit};
pub use table::{Align, table};

/// `12,345,678`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits and a unit: `950`, `12.3 k`, `3.37 M`, `138 M`, `4.11 G`.
pub fn magnitude(number: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e3, " k"), (1e6, " M"), (1e9, " G"), (1e12, " T")];
    let value = number as f64;
    // 999.5 thousand would round to "1000 k": it is 1.00 M.
    match UNITS.iter().find(|(unit, _)| value / unit < 999.5) {
        Some((unit, name)) if number >= 1000 => format!("{}{name}", three_digits(value / unit)),
        Some(_) => number.to_string(),
        None => thousands(number),
    }
}

/// Bytes in decimal units: `512 B`, `17.4 MB`.
pub fn bytes(number: u64) -> String {
    let text = magnitude(number);
    match text.split_once(' ') {
        Some((value, "k")) => format!("{value} kB"),
        Some((value, unit)) => format!("{value} {unit}B"),
        None => format!("{text} B"),
    }
}

/// A number of 1 to 999 with three digits, whole from 100 on.
fn three_digits(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A share of 1 as `90.4 %`.
pub fn percent(share: f64) -> String {
    if share.is_finite() {
        format!("{:.1} %", share * 100.0)
    } else {
        "–".to_owned()
    }
}

/// A share of 1 as `90 %`.
pub fn whole_percent(share: f64) -> String {
    if share.is_finite() {
        format!("{:.0} %", share * 100.0)
    } else {
        "–".to_owned()
    }
}

/// From one share of 1 to another: `79.0 to 85.5 %`.
pub fn percent_interval(low: f64, high: f64) -> String {
    format!("{:.1} to {:.1} %", low * 100.0, high * 100.0)
}

/// The same where room is short: `79.0 – 85.5 %`.
pub fn percent_range(low: f64, high: f64) -> String {
    format!("{:.1} – {:.1} %", low * 100.0, high * 100.0)
}

/// A share of 1 with its standard deviation: `88.3 ± 0.6 %`.
pub fn percent_spread(mean: f64, standard_deviation: f64) -> String {
    format!("{:.1} ± {:.1} %", mean * 100.0, standard_deviation * 100.0)
}

/// `0.8 s`, `42 s`, `3 min 20 s`, `1 h 05 min`, `2 days 3 h`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{whole} s"),
        (0, 0, _) => format!("{minutes} min {:02} s", whole % 60),
        (0, _, _) => format!("{hours} h {minutes:02} min"),
        (1, _, _) => format!("1 day {hours} h"),
        _ => format!("{days} days {hours} h"),
    }
}

/// What is left, which is never known to the second: `40 s`, `3 min`, `1 h 05 min`.
pub fn remaining(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        "–".to_owned()
    } else if seconds < 60.0 {
        format!("{} s", seconds.ceil() as u64)
    } else if seconds < 3570.0 {
        format!("{} min", (seconds / 60.0).round() as u64)
    } else {
        duration((seconds / 60.0).round() * 60.0)
    }
}

/// What something will take, as far as it can be told beforehand: `less than 1 s`, `about 40 s`, `about 3 min`.
pub fn estimate(seconds: f64) -> String {
    if (0.0..1.0).contains(&seconds) {
        "less than 1 s".to_owned()
    } else if seconds.is_finite() && seconds >= 0.0 {
        format!("about {}", remaining(seconds))
    } else {
        "–".to_owned()
    }
}

/// A score without a unit, three digits behind the point: `0.904`, `−0.012`. What rounds to nothing has no sign.
pub fn score(score: f64) -> String {
    if !score.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{score:.3}");
    match text.strip_prefix('-') {
        Some("0.000") => "0.000".to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// A loss, with as many digits as a score.
pub fn loss(loss: f64) -> String {
    score(loss)
}

/// How sure an answer is, a share of 1 as `90.4 %`. Of hundreds of classes the most probable one may have less than a
/// per cent: small shares keep two digits that count, `0.42 %`, `0.031 %`.
pub fn confidence(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        "–".to_owned()
    } else if percent >= 0.995 || percent <= 0.0 {
        self::percent(share)
    } else if percent < 1e-4 {
        "< 0.0001 %".to_owned()
    } else {
        let places = (1 - percent.log10().floor() as i32).max(2) as usize;
        format!("{percent:.places$} %")
    }
}

/// A learning rate as people write it: `0.001`, `0.00035`, `1e-5`.
pub fn rate(rate: f64) -> String {
    if rate == 0.0 {
        "0".to_owned()
    } else if rate.abs() < 1e-4 {
        let text = format!("{rate:.2e}");
        match text.split_once('e') {
            Some((digits, exponent)) if digits.contains('.') => {
                format!(
                    "{}e{exponent}",
                    digits.trim_end_matches('0').trim_end_matches('.')
                )
            }
            _ => text,
        }
    } else {
        // Three digits that count, without zeros behind them.
        let places = (2 - rate.abs().log10().floor() as i32).max(0) as usize;
        let text = format!("{rate:.places$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    }
}

/// `1 picture`, `2 pictures`: the count with its noun.
pub fn count(number: usize, one: &str, many: &str) -> String {
    plural(number as u64, one, many)
}

/// "3 files and 9 lines".
pub fn files_and_lines((files, lines): (usize, usize)) -> String {
    let files = (files > 0).then(|| count(files, "file", "files"));
    let lines = (lines > 0).then(|| count(lines, "line", "lines"));
    let parts: Vec<String> = files.into_iter().chain(lines).collect();
    parts.join(" and ")
}

/// `2026-11-24T10-15-03` (UTC) from seconds since 1970: sorts by time and is a file name anywhere.
pub fn utc_file_stamp(seconds: u64) -> String {
    utc(seconds).strftime("%Y-%m-%dT%H-%M-%S").to_string()
}

/// `2026-11-24 10:15 UTC` from seconds since 1970.
pub fn utc_time(seconds: u64) -> String {
    utc(seconds).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What is later than the year 9999 can't be written in four digits, and becomes its last moment.
fn utc(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).ok();
    seconds
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (number, separated, short, size) in [
            (0, "0", "0", "0 B"),
            (999, "999", "999", "999 B"),
            (1000, "1,000", "1.00 k", "1.00 kB"),
            (12_345, "12,345", "12.3 k", "12.3 kB"),
            (999_499, "999,499", "999 k", "999 kB"),
            (999_600, "999,600", "1.00 M", "1.00 MB"),
            (3_371_024, "3,371,024", "3.37 M", "3.37 MB"),
            (12_345_678, "12,345,678", "12.3 M", "12.3 MB"),
            (138_357_544, "138,357,544", "138 M", "138 MB"),
            (4_100_000_000, "4,100,000,000", "4.10 G", "4.10 GB"),
        ] {
            assert_eq!(thousands(number), separated);
            assert_eq!(magnitude(number), short);
            assert_eq!(bytes(number), size);
        }
    }

    #[test]
    fn shares_and_times() {
        assert_eq!(percent(0.9042), "90.4 %");
        assert_eq!(percent(f64::NAN), "–");
        assert_eq!(whole_percent(0.9042), "90 %");
        assert_eq!(whole_percent(f64::INFINITY), "–");
        assert_eq!(percent_interval(0.79, 0.8549), "79.0 to 85.5 %");
        assert_eq!(percent_range(0.79, 0.8549), "79.0 – 85.5 %");
        assert_eq!(percent_spread(0.883, 0.006), "88.3 ± 0.6 %");
        for (seconds, exact, left) in [
            (0.04, "0.0 s", "1 s"),
            (9.949, "9.9 s", "10 s"),
            (42.4, "42 s", "43 s"),
            (200.0, "3 min 20 s", "3 min"),
            (3600.0, "1 h 00 min", "1 h 00 min"),
            (3900.0, "1 h 05 min", "1 h 05 min"),
            (3590.0, "59 min 50 s", "1 h 00 min"),
            (100_000.0, "1 day 3 h", "1 day 3 h"),
            (f64::INFINITY, "–", "–"),
        ] {
            assert_eq!(duration(seconds), exact);
            assert_eq!(remaining(seconds), left);
        }
        assert_eq!(estimate(0.3), "less than 1 s");
        assert_eq!(estimate(39.2), "about 40 s");
        assert_eq!(estimate(200.0), "about 3 min");
        assert_eq!(estimate(f64::NAN), "–");
    }

    #[test]
    fn scores_have_no_sign_before_nothing_and_confidences_their_digits() {
        assert_eq!(score(0.90449), "0.904");
        assert_eq!(score(-0.0001), "0.000");
        assert_eq!(score(-0.0126), "−0.013");
        assert_eq!(loss(f64::NAN), "–");
        for (share, expected) in [
            (0.9042, "90.4 %"),
            (1.0, "100.0 %"),
            (0.06, "6.0 %"),
            (0.0099, "0.99 %"),
            (0.00997, "1.0 %"),
            (0.0042, "0.42 %"),
            (0.000_312, "0.031 %"),
            (1e-7, "< 0.0001 %"),
            (0.0, "0.0 %"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(confidence(share), expected);
        }
    }

    #[test]
    fn rates() {
        for (value, expected) in [
            (0.0, "0"),
            (0.001, "0.001"),
            (0.00035, "0.00035"),
            (1e-4, "0.0001"),
            (1e-5, "1e-5"),
            (2.55e-6, "2.55e-6"),
            (0.1, "0.1"),
            (10.0, "10"),
            (0.012_345, "0.0123"),
        ] {
            assert_eq!(rate(value), expected);
        }
    }

    #[test]
    fn dates() {
        // As `date -u -d @SECONDS` has them.
        for (seconds, expected) in [
            (0, "1970-01-01T00-00-00"),
            (951_782_400, "2000-02-29T00-00-00"),
            (1_700_000_000, "2023-11-14T22-13-20"),
            (4_107_542_399, "2100-02-28T23-59-59"),
            (4_107_542_400, "2100-03-01T00-00-00"),
        ] {
            assert_eq!(utc_file_stamp(seconds), expected);
        }
        assert_eq!(utc_time(1_700_000_000), "2023-11-14 22:13 UTC");
        // A number from a foreign run folder.
        assert!(utc_time(u64::MAX).starts_with("9999-12-3"));
    }
}
