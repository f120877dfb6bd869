//! Numbers as people type them: `0,002`, `1 000`, `1e-3`, `.5`, `5 %`. What can mean two numbers is refused, never guessed.

use std::ops::RangeInclusive;

/// What a field takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted<'a> {
    pub range: RangeInclusive<f64>,
    /// Whole numbers alone.
    pub is_whole: bool,
    pub percent: Percent,
    /// What stands behind the number in the field, and may be typed with it.
    pub unit: &'a str,
    /// A number that is written as a word, and that word.
    pub word: Option<(f64, &'a str)>,
}

/// What a per cent sign means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percent {
    /// It has no meaning here.
    Refused,
    /// The number is a share of 1: `5 %` is 0.05.
    OfOne,
    /// The number is in per cent already.
    Shown,
}

/// Why a text is not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NumberError {
    #[error("Type a number.")]
    Empty,
    #[error("“{0}” is not a number. Write it as 1000, 0.002 or 1e-3.")]
    NotANumber(String),
    #[error("“{text}” can mean {thousands} or {decimal}. Write one of them.")]
    Ambiguous {
        text: String,
        thousands: String,
        decimal: String,
    },
    #[error("Only whole numbers are possible here.")]
    NotWhole,
    #[error("Per cent has no meaning here. Write the number itself.")]
    PercentRefused,
    #[error("Write a number from {least} to {most}.")]
    OutOfRange { least: String, most: String },
    #[error("Write a number that is at least {0}.")]
    TooSmall(String),
    #[error("Write a number that is at most {0}.")]
    TooLarge(String),
}

impl Accepted<'_> {
    /// The number that `text` says.
    ///
    /// # Errors
    ///
    /// A sentence for the person who typed it, where it says none, more than one, or one that the field does not take.
    pub fn read(&self, text: &str) -> Result<f64, NumberError> {
        if let Some((value, word)) = self.word
            && text.trim().to_lowercase() == word.to_lowercase()
        {
            return Ok(value);
        }
        let bare = without_unit(text.trim(), self.unit.trim());
        let without = bare.strip_suffix(['%', '٪', '％']).map(str::trim_end);
        let mut value = parse(without.unwrap_or(bare), self.is_whole)?;
        if without.is_some() {
            match self.percent {
                Percent::Refused => return Err(NumberError::PercentRefused),
                Percent::OfOne => value = divided(value, 100.0),
                Percent::Shown => {}
            }
        }
        if self.is_whole && value.fract() != 0.0 {
            return Err(NumberError::NotWhole);
        }
        self.in_range(value)
    }

    fn in_range(&self, value: f64) -> Result<f64, NumberError> {
        let (least, most) = (*self.range.start(), *self.range.end());
        if self.range.contains(&value) {
            return Ok(value);
        }
        Err(match (least.is_finite(), most.is_finite()) {
            (true, true) => NumberError::OutOfRange {
                least: plain(least),
                most: plain(most),
            },
            (true, false) => NumberError::TooSmall(plain(least)),
            _ => NumberError::TooLarge(plain(most)),
        })
    }
}

/// `text` without the unit of its field, in the singular or the plural.
fn without_unit<'a>(text: &'a str, unit: &str) -> &'a str {
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    for unit in [unit.to_owned(), singular.to_owned(), format!("{singular}s")] {
        if let Some(start) = text.len().checked_sub(unit.len())
            && !singular.is_empty()
            && unit != "%"
            && text.is_char_boundary(start)
            && text[start..].to_lowercase() == unit.to_lowercase()
        {
            return text[..start].trim_end();
        }
    }
    text
}

/// Divides as a person would: 0.3 % is 0.003, not 0.0029999999999999996.
fn divided(value: f64, divisor: f64) -> f64 {
    let exact = value / divisor;
    format!("{exact:.12e}").parse().unwrap_or(exact)
}

/// A number in the fewest digits that say it, with an exponent where it has many zeros. Never `-0`.
pub fn plain(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if (1e-4..1e15).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// At most `decimals` digits behind the point where that says the number, else as many as it takes: what was typed is
/// what stands there. Never `-0.00`.
pub fn shown(value: f64, decimals: usize) -> String {
    let rounded = format!("{value:.decimals$}");
    let says_it = rounded.parse().is_ok_and(|rounded: f64| {
        (rounded - value).abs() <= 1e-9 * value.abs().max(f64::MIN_POSITIVE)
    });
    if !says_it {
        return plain(value);
    }
    let short = if rounded.contains('.') {
        rounded.trim_end_matches('0').trim_end_matches('.')
    } else {
        &rounded
    };
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

/// A learning rate or another number that spans decades: as everywhere, with all digits where three don't say it.
pub fn rate(value: f64) -> String {
    let short = crate::format::rate(value);
    if short.parse().is_ok_and(|read: f64| read == value) {
        short
    } else {
        plain(value)
    }
}

/// The number that `text` says, without unit and sign of per cent. Where only whole numbers are possible, three digits
/// behind one comma or point are thousands.
pub fn parse(text: &str, is_whole: bool) -> Result<f64, NumberError> {
    let not_a_number = || NumberError::NotANumber(crate::shown::line(text.trim()).into_owned());
    let signs: String = text.trim().chars().map(plain_sign).collect();
    if signs.is_empty() {
        return Err(NumberError::Empty);
    }
    let (sign, unsigned) = match signs.strip_prefix(['-', '+']) {
        Some(rest) if signs.starts_with('-') => ("-", rest),
        Some(rest) => ("", rest),
        None => ("", signs.as_str()),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(exponent) = exponent
        && !is_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))
    {
        return Err(not_a_number());
    }
    let (whole, fraction) = divide(mantissa.trim(), is_whole && exponent.is_none())
        .ok_or_else(not_a_number)?
        .map_err(|[thousands, decimal]| NumberError::Ambiguous {
            text: text.trim().to_owned(),
            thousands: format!("{sign}{thousands}"),
            decimal: format!("{sign}{decimal}"),
        })?;
    let exponent = exponent.map_or_else(String::new, |exponent| format!("e{exponent}"));
    let value: f64 = format!("{sign}{whole}.{fraction}{exponent}")
        .parse()
        .map_err(|_| not_a_number())?;
    if value.is_finite() {
        // Nobody means minus nothing.
        Ok(if value == 0.0 { 0.0 } else { value })
    } else {
        Err(not_a_number())
    }
}

/// Signs that look like one of ASCII's, and digits of other scripts.
fn plain_sign(sign: char) -> char {
    let digit = |first: u32| char::from_digit(u32::from(sign) - first, 10).unwrap_or(sign);
    match sign {
        '−' | '–' | '－' => '-',
        '＋' => '+',
        '٫' | '，' => ',',
        '．' => '.',
        // Apostrophes, low lines and spaces of every width stand between thousands.
        '\'' | '’' | '_' | '٬' => ' ',
        _ if sign.is_whitespace() => ' ',
        '\u{660}'..='\u{669}' => digit(0x660),
        '\u{6F0}'..='\u{6F9}' => digit(0x6F0),
        '\u{966}'..='\u{96F}' => digit(0x966),
        '\u{FF10}'..='\u{FF19}' => digit(0xFF10),
        _ => sign,
    }
}

/// Digits before and behind the point.
type Halves = (String, String);

/// Divides a number without sign and exponent into its halves; its two meanings where it has two, and nothing where it is
/// none.
fn divide(text: &str, is_whole: bool) -> Option<Result<Halves, [String; 2]>> {
    let marks: Vec<char> = text
        .chars()
        .filter(|sign| matches!(sign, ',' | '.'))
        .collect();
    let halves = |at: usize| (&text[..at], &text[at + 1..]);
    let found = match marks.as_slice() {
        [] => (ungrouped(text, ' ')?, String::new()),
        [mark] => {
            let (whole, fraction) = halves(text.find(*mark)?);
            let thousands = ungrouped(text, *mark).filter(|_| !text.contains(' '));
            match thousands {
                Some(thousands) if is_whole => (thousands, String::new()),
                // The point is what the window itself writes; a comma may be either.
                Some(thousands) if *mark == ',' => {
                    return Some(Err([thousands, format!("{whole}.{fraction}")]));
                }
                _ => decimal(whole, fraction, ' ')?,
            }
        }
        // Several of one kind stand between thousands.
        [first, .., last] if marks.iter().all(|mark| mark == first) && first == last => {
            (ungrouped(text, *first)?, String::new())
        }
        // 1.234,5 or 1,234.5: the last one is the decimal sign.
        [first, .., last] => {
            let (whole, fraction) = halves(text.rfind(*last)?);
            decimal(whole, fraction, *first)?
        }
    };
    Some(Ok(found))
}

fn decimal(whole: &str, fraction: &str, separator: char) -> Option<Halves> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() {
        "0".to_owned()
    } else {
        ungrouped(whole, separator)?
    };
    Some((whole, fraction.to_owned()))
}

/// Digits in groups of three, or not in groups.
fn ungrouped(text: &str, separator: char) -> Option<String> {
    let groups: Vec<&str> = text.split(separator).collect();
    let is_digits =
        |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    if !groups.iter().all(is_digits) {
        return None;
    }
    if let [first, rest @ ..] = groups.as_slice()
        && !rest.is_empty()
        && (first.len() > 3 || first.starts_with('0') || rest.iter().any(|group| group.len() != 3))
    {
        return None;
    }
    Some(groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any(percent: Percent, unit: &str) -> Accepted<'_> {
        Accepted {
            range: f64::NEG_INFINITY..=f64::INFINITY,
            is_whole: false,
            percent,
            unit,
            word: None,
        }
    }

    #[test]
    fn numbers_are_taken_as_people_write_them() {
        for (text, value) in [
            ("0,002", 0.002),
            ("0.002", 0.002),
            (" 1 000 ", 1000.0),
            ("1\u{a0}000", 1000.0),
            ("1\u{202f}000\u{2009}000", 1e6),
            ("1'000", 1000.0),
            ("1’000,5", 1000.5),
            ("1_000", 1000.0),
            ("1e-3", 0.001),
            ("1E−3", 0.001),
            ("2,5e3", 2500.0),
            (".5", 0.5),
            (",5", 0.5),
            ("5.", 5.0),
            ("1.234,5", 1234.5),
            ("1,234.5", 1234.5),
            ("1,234,567", 1_234_567.0),
            ("1.234.567", 1_234_567.0),
            ("1.000", 1.0),
            ("1234,567", 1234.567),
            ("0,125", 0.125),
            ("−3", -3.0),
            ("+3", 3.0),
            ("-0", 0.0),
            ("٣٫٥", 3.5),
            ("１２", 12.0),
        ] {
            assert_eq!(parse(text, false), Ok(value), "{text}");
        }
        // Nobody counts in thousandths.
        for text in ["1,000", "1.000", "1 000", "1000", "1e3"] {
            assert_eq!(parse(text, true), Ok(1000.0), "{text}");
        }
        assert!(parse("-0", false).is_ok_and(|zero| zero.is_sign_positive()));
    }

    #[test]
    fn what_is_no_number_or_two_is_refused_with_a_sentence() {
        for text in [
            "abc",
            "1 2",
            "1 00",
            "0 100",
            "1..2",
            "1,2,3",
            "1,2.3.4",
            ".",
            ",",
            "-",
            "e3",
            "1e",
            "1e2.5",
            "inf",
            "NaN",
            "0x10",
            "1e999",
            "--1",
            "1 000.0 0",
            "1/2",
        ] {
            assert_eq!(
                parse(text, false),
                Err(NumberError::NotANumber(text.into())),
                "{text}"
            );
        }
        assert_eq!(parse(" \u{a0}", false), Err(NumberError::Empty));
        let doubtful = parse("1,000", false).unwrap_err();
        assert_eq!(
            doubtful.to_string(),
            "“1,000” can mean 1000 or 1.000. Write one of them."
        );
        let whole = Accepted {
            range: 1.0..=1000.0,
            is_whole: true,
            percent: Percent::Refused,
            unit: " epochs",
            word: None,
        };
        assert_eq!(whole.read("12 Epochs"), Ok(12.0));
        assert_eq!(whole.read("1 epoch"), Ok(1.0));
        assert_eq!(whole.read("1,5"), Err(NumberError::NotWhole));
        assert_eq!(whole.read("5 %"), Err(NumberError::PercentRefused));
        assert_eq!(
            whole.read("2 000").unwrap_err().to_string(),
            "Write a number from 1 to 1000."
        );
    }

    #[test]
    fn per_cent_means_what_the_field_shows() {
        for (text, of_one, shown) in [
            ("5 %", 0.05, 5.0),
            ("0,3%", 0.003, 0.3),
            ("7 ％", 0.07, 7.0),
        ] {
            assert_eq!(any(Percent::OfOne, "").read(text), Ok(of_one));
            assert_eq!(any(Percent::Shown, " %").read(text), Ok(shown));
        }
        assert_eq!(any(Percent::OfOne, "").read("0.05"), Ok(0.05));
        assert_eq!(any(Percent::Shown, " %").read("5"), Ok(5.0));
    }

    #[test]
    fn a_number_is_shown_in_full_and_never_as_minus_nothing() {
        for (value, decimals, text) in [
            (0.5, 3, "0.5"),
            (0.1234, 2, "0.1234"),
            (-0.0, 3, "0"),
            (1e-9, 3, "1e-9"),
            (-1e-9, 3, "-1e-9"),
            (100.0, 0, "100"),
            (0.1 + 0.2, 2, "0.3"),
            (1000.0, 2, "1000"),
        ] {
            assert_eq!(shown(value, decimals), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_that_is_typed_panics(text in "\\PC{0,12}", number in "[-+0-9eE.,' _%\u{a0}]{0,12}") {
            for text in [text, number] {
                for percent in [Percent::Refused, Percent::OfOne, Percent::Shown] {
                    if let Ok(value) = any(percent, " px").read(&text) {
                        prop_assert!(value.is_finite());
                    }
                }
            }
        }

        #[test]
        fn what_is_shown_is_read_back(value in prop::num::f64::NORMAL | prop::num::f64::ZERO, decimals in 0usize..8) {
            let text = shown(value, decimals);
            let back = parse(&text, false).unwrap();
            prop_assert!((back - value).abs() <= 1e-9 * value.abs(), "{text}");
            prop_assert_eq!(parse(&plain(value), false).unwrap(), value);
        }

        #[test]
        fn every_way_to_write_a_whole_number_says_the_same(value in 0u32..2_000_000_000) {
            let grouped = crate::format::thousands(value.into());
            for separator in [" ", "\u{a0}", "\u{202f}", "\u{2009}", ",", ".", "'", "’", "_"] {
                let text = grouped.replace(',', separator);
                prop_assert_eq!(parse(&text, true), Ok(f64::from(value)), "{}", text);
            }
        }

        #[test]
        fn a_decimal_comma_is_a_decimal_point(whole in 0u32..100_000, fraction in "[0-9]{1,9}") {
            let point: f64 = format!("{whole}.{fraction}").parse().unwrap();
            match parse(&format!("{whole},{fraction}"), false) {
                Ok(value) => prop_assert_eq!(value, point),
                // Only what also reads as thousands is asked about.
                Err(NumberError::Ambiguous { .. }) => {
                    prop_assert!(fraction.len() == 3 && (1..1000).contains(&whole));
                }
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }
}
