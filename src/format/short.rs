//! Numbers where room is short: in lists, on cards, beside sliders.

use super::thousands;

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
