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
        2_592_000..31_536_000 => {
            format!("{} ago", plural(seconds / 2_592_000, "month", "months"))
        }
        _ => format!("{} ago", plural(seconds / 31_536_000, "year", "years")),
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

/// `1st`, `2nd`, `53rd`, `112th`.
pub fn ordinal(number: u64) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{}{ending}", thousands(number))
}

/// The noun that goes with a number which stands elsewhere, as in a field for numbers.
pub fn unit<'a>(number: u64, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

/// `1 epoch`, `2 epochs`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), unit(number, one, many))
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
            (ago(0, 3_000_000), "1 month ago"),
            (ago(0, 70_000_000), "2 years ago"),
            (ordinal(1), "1st"),
            (ordinal(12), "12th"),
            (ordinal(53), "53rd"),
            (ordinal(111), "111th"),
            (ordinal(1_022), "1,022nd"),
            (shape(&[1_280, 7, 7]), "1,280 × 7 × 7"),
            (plural(1, "epoch", "epochs"), "1 epoch"),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }
}
