//! Numbers where room is short: in lists, on cards, beside sliders.

use super::thousands;

/// `11_689_512` as `11.7 M`, `164_096` as `164 k`.
pub fn compact(value: u64) -> String {
    match value {
        0..1_000 => value.to_string(),
        1_000..10_000 => format!("{:.1} k", value as f64 / 1e3),
        10_000..999_500 => format!("{:.0} k", value as f64 / 1e3),
        999_500..10_000_000 => format!("{:.2} M", value as f64 / 1e6),
        10_000_000..999_500_000 => format!("{:.1} M", value as f64 / 1e6),
        _ => format!("{:.1} G", value as f64 / 1e9),
    }
}

/// A share of parameters: small ones keep a digit, `12 %`, `0.4 %`, `0 %`.
pub fn percent_of(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0 %".into();
    }
    if part == whole {
        return "100 %".into();
    }
    let share = part as f64 / whole as f64 * 100.0;
    match share {
        _ if share < 0.1 => "< 0.1 %".into(),
        _ if share < 10.0 => format!("{share:.1} %"),
        _ if share > 99.0 => "> 99 %".into(),
        _ => format!("{share:.0} %"),
    }
}

/// A probability as a person compares it: `96 %`, `6.2 %`, `0.42 %`, `< 0.01 %`. Among hundreds of classes all are small.
pub fn confidence(share: f64) -> String {
    if !share.is_finite() {
        return "–".into();
    }
    let percent = share * 100.0;
    // Rounded down, so that only certainty is 100 %; single precision is a little below what it stands for.
    let floor = |steps: f64| ((percent + 1e-5) * steps).floor() / steps;
    match percent {
        _ if percent <= 0.0 => "0 %".into(),
        _ if percent < 0.01 => "< 0.01 %".into(),
        _ if share < 1.0 && percent >= 10.0 => format!("{:.0} %", floor(1.0).min(99.0)),
        _ if percent >= 10.0 => format!("{percent:.0} %"),
        _ if percent >= 1.0 => format!("{:.1} %", floor(10.0)),
        _ => format!("{:.2} %", floor(100.0)),
    }
}

/// The same with a digit more: `96.2 %`, `6.2 %`, `0.42 %`.
pub fn probability(share: f64) -> String {
    if (0.1..1.0).contains(&share) {
        let tenths = ((share * 100.0 + 1e-5) * 10.0).floor() / 10.0;
        return format!("{:.1} %", tenths.min(99.9));
    }
    if share >= 1.0 {
        return "100 %".into();
    }
    confidence(share)
}

/// Seconds as `42 s`, `3 min 20 s`, `2 h 5 min`.
pub fn short_duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".into();
    }
    let whole = seconds.round() as u64;
    match whole {
        0 if seconds > 0.0 => "< 1 s".into(),
        0..60 => format!("{whole} s"),
        60..600 if !whole.is_multiple_of(60) => format!("{} min {} s", whole / 60, whole % 60),
        60..3_600 => format!("{} min", (seconds / 60.0).round() as u64),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

/// A learning rate or another number that spans decades: `0.001`, `3e-5`.
pub fn short_rate(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value.abs() >= 1e-3 && value.abs() < 1e4 {
        return trim(&format!("{value:.4}"));
    }
    let text = format!("{value:.2e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", trim(mantissa)),
        None => text,
    }
}

/// Drops the zeros that a fixed number of decimals leaves behind: `90` for `90.0`.
pub fn trim(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// How long ago a moment is, both in seconds since 1970.
pub fn ago(moment: u64, now: u64) -> String {
    let seconds = now.saturating_sub(moment);
    match seconds {
        0..60 => "just now".into(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "yesterday".into(),
        172_800..2_592_000 => format!("{} days ago", seconds / 86_400),
        2_592_000..31_536_000 => format!("{} months ago", seconds / 2_592_000),
        _ => format!("{} years ago", seconds / 31_536_000),
    }
}

/// A shape as `1,280 × 7 × 7`.
pub fn shape(sizes: &[i64]) -> String {
    sizes
        .iter()
        .map(|&size| thousands(size.unsigned_abs()))
        .collect::<Vec<_>>()
        .join(" × ")
}

/// `1 epoch`, `2 epochs`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { many }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_only_what_they_say() {
        let cases = [
            (thousands(0), "0"),
            (thousands(999), "999"),
            (thousands(1_968), "1,968"),
            (thousands(11_689_512), "11,689,512"),
            (compact(42), "42"),
            (compact(1_280), "1.3 k"),
            (compact(164_096), "164 k"),
            (compact(999_600), "1.00 M"),
            (compact(25_557_032), "25.6 M"),
            (percent_of(0, 10), "0 %"),
            (percent_of(10, 10), "100 %"),
            (percent_of(1, 10_000), "< 0.1 %"),
            (percent_of(9_999, 10_000), "> 99 %"),
            (percent_of(12, 100), "12 %"),
            (confidence(1.0), "100 %"),
            (confidence(0.999), "99 %"),
            (confidence(f64::from(0.9_f32)), "90 %"),
            (confidence(0.0625), "6.2 %"),
            (confidence(0.004_25), "0.42 %"),
            (confidence(1e-6), "< 0.01 %"),
            (confidence(0.0), "0 %"),
            (confidence(f64::NAN), "–"),
            (probability(0.9625), "96.2 %"),
            (probability(0.99999), "99.9 %"),
            (probability(1.0), "100 %"),
            (probability(0.004_25), "0.42 %"),
            (short_duration(0.3), "< 1 s"),
            (short_duration(42.4), "42 s"),
            (short_duration(200.0), "3 min 20 s"),
            (short_duration(1_800.0), "30 min"),
            (short_duration(7_500.0), "2 h 5 min"),
            (short_rate(1e-3), "0.001"),
            (short_rate(3e-5), "3e-5"),
            (short_rate(0.0), "0"),
            (ago(1_000, 1_030), "just now"),
            (ago(0, 7_300), "2 h ago"),
            (shape(&[1_280, 7, 7]), "1,280 × 7 × 7"),
            (plural(1, "epoch", "epochs"), "1 epoch"),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }
}
