//! The values of a field as a person types them, and as they follow from a range.

use crate::app::ui::numbers;
use crate::sweep::Values;

/// As many values are shown one by one.
const MOST_SHOWN: usize = 12;

/// The ways to say which values a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    List,
    Linear,
    Logarithmic,
    Uniform,
    LogUniform,
    Together,
}

impl Kind {
    pub fn of(values: &Values) -> Self {
        match values {
            Values::List(_) => Self::List,
            Values::Together(_) => Self::Together,
            Values::Linear { .. } => Self::Linear,
            Values::Logarithmic { .. } => Self::Logarithmic,
            Values::Uniform { .. } => Self::Uniform,
            Values::LogUniform { .. } => Self::LogUniform,
        }
    }

    /// Title and a sentence.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::List => ("List", "These values, whatever they are"),
            Self::Linear => ("Range", "Numbers at equal distances"),
            Self::Logarithmic => (
                "Logarithmic range",
                "Numbers at equal ratios, as learning rates are varied",
            ),
            Self::Uniform => (
                "Any number between",
                "Drawn anew for each setting, every number as likely; for random strategies",
            ),
            Self::LogUniform => (
                "Any magnitude between",
                "Drawn anew for each setting, every order of magnitude as likely; for random strategies",
            ),
            Self::Together => ("Together", "Several fields that change together"),
        }
    }

    /// The same field in this way, from how it was said before; `now` is the base's own value.
    pub fn converted(self, values: &Values, now: &str) -> Values {
        let (from, to) = ends(values, now);
        let (low, high) = if from <= to { (from, to) } else { (to, from) };
        // A range by ratios begins above 0.
        let above = |low: f64, high: f64| {
            let high = if high > 0.0 { high } else { 1e-2 };
            let low = if low > 0.0 { low } else { high / 100.0 };
            (low, high)
        };
        let steps = listed(values).map_or(3, |all| all.len().clamp(2, 1_000) as u32);
        match self {
            Self::List => match listed(values) {
                Some(all) if !all.is_empty() && all.len() <= 1_000 => Values::List(all),
                _ => Values::List(vec![now.to_owned()]),
            },
            Self::Linear => Values::Linear {
                from: low,
                to: high,
                steps,
            },
            Self::Logarithmic => {
                let (from, to) = above(low, high);
                Values::Logarithmic { from, to, steps }
            }
            Self::Uniform => Values::Uniform {
                from: low,
                to: high,
            },
            Self::LogUniform => {
                let (from, to) = above(low, high);
                Values::LogUniform { from, to }
            }
            Self::Together => values.clone(),
        }
    }
}

/// The smallest and the largest number among values, or two around the base's own.
fn ends(values: &Values, now: &str) -> (f64, f64) {
    let around = || match now.parse::<f64>() {
        Ok(now) if now > 0.0 => (rounded(now / 3.0), rounded(now * 3.0)),
        _ => (0.0, 0.5),
    };
    match values {
        &Values::Linear { from, to, .. }
        | &Values::Logarithmic { from, to, .. }
        | &Values::Uniform { from, to }
        | &Values::LogUniform { from, to } => (from, to),
        Values::List(items) => {
            let numbers: Option<Vec<f64>> = items.iter().map(|item| item.parse().ok()).collect();
            match numbers {
                Some(numbers) if numbers.len() > 1 => numbers.iter().fold(
                    (f64::INFINITY, f64::NEG_INFINITY),
                    |(low, high), &number| (low.min(number), high.max(number)),
                ),
                _ => around(),
            }
        }
        Values::Together(_) => around(),
    }
}

/// What a new line of a field begins with.
pub fn beginning(path: &str, now: &str) -> Values {
    let number: Option<f64> = now.parse().ok();
    let own = path.rsplit('.').next().unwrap_or(path);
    match number {
        Some(now) if now > 0.0 && matches!(own, "learning_rate" | "weight_decay" | "epsilon") => {
            Values::Logarithmic {
                from: rounded(now / 10.0),
                to: rounded(now * 10.0),
                steps: 3,
            }
        }
        _ => Values::List(vec![now.to_owned()]),
    }
}

/// The values that a list or a range gives; nothing for what is drawn.
pub fn listed(values: &Values) -> Option<Vec<String>> {
    match values {
        Values::Together(rows) => Some(rows.iter().map(|row| row.join(", ")).collect()),
        _ => values.listed(),
    }
}

/// To four digits, as sweeps have them.
fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

/// What a person is told that a field takes: its values, the first and last of many, or what is drawn from.
pub fn told(values: &Values) -> String {
    if let &(Values::Uniform { from, to } | Values::LogUniform { from, to }) = values {
        let (from, to) = (numbers::rate(from), numbers::rate(to));
        return match Kind::of(values) {
            Kind::LogUniform => format!("any magnitude from {from} to {to}"),
            _ => format!("any number from {from} to {to}"),
        };
    }
    let Some(all) = listed(values) else {
        return "no values".into();
    };
    let text = |value: &String| match value.parse::<f64>() {
        Ok(number) => numbers::rate(number),
        Err(_) => value.clone(),
    };
    let texts: Vec<String> = all.iter().map(text).collect();
    if texts.len() <= MOST_SHOWN {
        return texts.join("  ·  ");
    }
    let (first, last) = (&texts[..MOST_SHOWN - 3], &texts[texts.len() - 1]);
    let left = crate::format::thousands((texts.len() - MOST_SHOWN + 2) as u64);
    format!("{}  ·  … {left} more …  ·  {last}", first.join("  ·  "))
}

/// The parts of a list as it is typed: `16, Below("layer4"), Dense(units: 64, activation: Relu)`. Commas within brackets and
/// quotes divide nothing.
pub fn split_list(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for letter in text.chars() {
        let is_comma = letter == ',' && depth == 0 && !is_quoted;
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '(' | '[' | '{' if !is_quoted => depth += 1,
            ')' | ']' | '}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if is_comma {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
        .into_iter()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// The values of a list that was typed, as a preset has them: texts in quotes where `now`, the base's value, is one, and numbers
/// as `Dropout(0.2)` where it is `Dropout(0.5)`.
pub fn typed_list(text: &str, now: &str) -> Vec<String> {
    let is_text = now.starts_with('"');
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let around = (now.strip_suffix(')'))
        .and_then(|now| now.split_once('('))
        .and_then(|(name, inside)| (!name.is_empty() && is_number(inside)).then_some(name));
    let mut values: Vec<String> = Vec::new();
    for part in split_list(text) {
        let value = if is_text && !part.starts_with('"') && part != "None" {
            format!("\"{}\"", part.escape_default())
        } else if let Some(name) = around.filter(|_| is_number(&part)) {
            format!("{name}({part})")
        } else {
            part
        };
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_divided_at_its_own_commas() {
        let text =
            r#"16, Below("layer,4"), Dense(units: 64, activation: Relu), [1, 2], "a\"b, c",, "#;
        let expected = [
            "16",
            r#"Below("layer,4")"#,
            "Dense(units: 64, activation: Relu)",
            "[1, 2]",
            r#""a\"b, c""#,
        ];
        assert_eq!(split_list(text), expected);
        assert!(split_list(" , ").is_empty());
        // What is half typed divides nothing, and ends nothing else.
        assert_eq!(split_list("Below(\"a, 3"), ["Below(\"a, 3"]);
        assert_eq!(split_list(")), 4"), ["))", "4"]);
    }

    #[test]
    fn names_get_their_quotes_where_the_field_holds_a_name() {
        let typed = typed_list("resnet18, \"resnet50\", resnet18", "\"efficientnet_lite0\"");
        assert_eq!(typed, ["\"resnet18\"", "\"resnet50\""]);
        assert_eq!(typed_list("16, 32", "32"), ["16", "32"]);
        assert_eq!(
            typed_list("0.2, Dropout(0.5), BatchNorm", "Dropout(0.3)"),
            ["Dropout(0.2)", "Dropout(0.5)", "BatchNorm"]
        );
        assert_eq!(
            typed_list("Backbone, Nothing", "Backbone"),
            ["Backbone", "Nothing"]
        );
    }

    #[test]
    fn ranges_say_the_values_that_a_person_would_write() {
        let values = Values::Logarithmic {
            from: 1e-5,
            to: 1e-3,
            steps: 3,
        };
        assert_eq!(told(&values), "1e-5  ·  0.0001  ·  0.001");
        let values = Values::Linear {
            from: 0.0,
            to: 0.5,
            steps: 3,
        };
        assert_eq!(told(&values), "0  ·  0.25  ·  0.5");
        let many = Values::Linear {
            from: 1.0,
            to: 100.0,
            steps: 100,
        };
        assert!(
            told(&many).ends_with("… 90 more …  ·  100"),
            "{}",
            told(&many)
        );
        let drawn = Values::LogUniform {
            from: 1e-5,
            to: 1e-2,
        };
        assert_eq!(told(&drawn), "any magnitude from 1e-5 to 0.01");
        // What is no range is refused when it is planned, and shown as nothing.
        for odd in [
            Values::Logarithmic {
                from: 0.0,
                to: 1.0,
                steps: 3,
            },
            Values::Linear {
                from: f64::NAN,
                to: 1.0,
                steps: u32::MAX,
            },
            Values::Linear {
                from: 1.0,
                to: 1.0,
                steps: 0,
            },
        ] {
            drop(told(&odd));
        }
    }

    #[test]
    fn another_way_to_say_it_keeps_what_was_said() {
        let list = Values::List(vec!["16".into(), "64".into(), "32".into()]);
        let range = Kind::Linear.converted(&list, "32");
        assert_eq!(
            range,
            Values::Linear {
                from: 16.0,
                to: 64.0,
                steps: 3
            }
        );
        let back = Kind::List.converted(&range, "32");
        assert_eq!(
            back,
            Values::List(vec!["16".into(), "40".into(), "64".into()])
        );
        // By ratios, a range begins above 0.
        let log = Kind::Logarithmic.converted(
            &Kind::Linear.converted(&Values::List(vec!["0.0".into()]), "0.0"),
            "0.0",
        );
        assert!(matches!(log, Values::Logarithmic { from, to, .. } if from > 0.0 && to > from));
        let drawn = Kind::Uniform.converted(&log, "0.0");
        assert_eq!(
            Kind::List.converted(&drawn, "0.1"),
            Values::List(vec!["0.1".into()])
        );
    }

    #[test]
    fn a_rate_begins_as_a_range_around_it() {
        assert_eq!(
            beginning("phases[1].learning_rate", "0.001"),
            Values::Logarithmic {
                from: 1e-4,
                to: 1e-2,
                steps: 3
            }
        );
        assert_eq!(
            beginning("training.batch_size", "32"),
            Values::List(vec!["32".into()])
        );
    }
}
