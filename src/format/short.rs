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
