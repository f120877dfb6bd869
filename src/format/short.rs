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

/// Bytes of `500MB`, `1.5 GB` or `20000000`, in decimal units; `None` for what is no size.
pub fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let text = text.trim();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| {
            let at = text.len().checked_sub(name.len())?;
            let end = text.get(at..)?;
            end.eq_ignore_ascii_case(name).then(|| (&text[..at], *unit))
        })
        .unwrap_or((text, 1.0));
    let number: f64 = number.trim().parse().ok()?;
    (number >= 0.0 && number * unit < 1e18).then_some((number * unit) as u64)
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

    #[test]
    fn sizes_have_decimal_units() {
        for (text, expected) in [
            ("0", 0),
            ("1234", 1234),
            ("20GB", 20_000_000_000),
            (" 1.5 gb ", 1_500_000_000),
            ("7kB", 7000),
        ] {
            assert_eq!(parse_bytes(text), Some(expected), "{text}");
        }
        for text in ["", "GB", "-1MB", "lots", "NaN", "1e30", "5 GiB"] {
            assert!(parse_bytes(text).is_none(), "{text}");
        }
    }
}
