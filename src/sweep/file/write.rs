//! A sweep as text that a person likes to read and edit.

use super::{Sweep, VERSION, Values, Varied};
use crate::experiment::Monitor;
use crate::sweep::strategy::Strategy;

/// Longer lists are broken into lines.
const WIDTH: usize = 90;

pub(super) fn text(sweep: &Sweep) -> String {
    let mut text = format!(
        "// A sweep, written by Graft {}: a base preset and what varies.\n(\n    version: {VERSION},\n",
        env!("CARGO_PKG_VERSION"),
    );
    let mut field = |name: &str, value: &str| text.push_str(&format!("    {name}: {value},\n"));
    field("name", &quoted(&sweep.name));
    field("base", &quoted(&sweep.base));
    if !sweep.set.is_empty() {
        field("set", &list(sweep.set.iter().map(|set| quoted(set))));
    }
    field("vary", &list(sweep.vary.iter().map(varied)));
    field("strategy", &strategy(&sweep.strategy));
    field("seeds", &sweep.seeds.to_string());
    let metric = metric_name(sweep.goal.metric);
    field("goal", &format!("(metric: {metric})"));
    text.push_str(")\n");
    text
}

/// As a sweep’s file has it.
pub(super) fn metric_name(metric: Monitor) -> &'static str {
    match metric {
        Monitor::ValidationAccuracy => "ValidationAccuracy",
        Monitor::ValidationMacroF1 => "ValidationMacroF1",
        Monitor::ValidationLoss => "ValidationLoss",
    }
}

/// A list with an item to a line.
fn list(items: impl Iterator<Item = String>) -> String {
    let lines: String = items.map(|item| format!("        {item},\n")).collect();
    match lines.is_empty() {
        true => "[]".into(),
        false => format!("[\n{lines}    ]"),
    }
}

/// As a RON text; its escapes are Rust's.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|sign| match sign {
            '"' | '\\' => vec!['\\', sign],
            sign if sign.is_control() => sign.escape_default().collect(),
            sign => vec![sign],
        })
        .collect();
    format!("\"{escaped}\"")
}

fn varied(varied: &Varied) -> String {
    let values = values(&varied.values);
    match varied.fields.as_slice() {
        [field] => format!("(field: {}, values: {values})", quoted(field)),
        fields => {
            let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
            format!("(fields: [{}], values: {values})", fields.join(", "))
        }
    }
}

fn values(values: &Values) -> String {
    let number = |value: &f64| format!("{value:?}");
    match values {
        Values::List(items) => bracketed("List", items),
        Values::Together(rows) => {
            let rows: Vec<String> = (rows.iter())
                .map(|row| format!("[{}]", row.join(", ")))
                .collect();
            bracketed("Together", &rows)
        }
        Values::Linear { from, to, steps } => format!(
            "Linear(from: {}, to: {}, steps: {steps})",
            number(from),
            number(to)
        ),
        Values::Logarithmic { from, to, steps } => format!(
            "Logarithmic(from: {}, to: {}, steps: {steps})",
            number(from),
            number(to)
        ),
        Values::Uniform { from, to } => {
            format!("Uniform(from: {}, to: {})", number(from), number(to))
        }
        Values::LogUniform { from, to } => {
            format!("LogUniform(from: {}, to: {})", number(from), number(to))
        }
    }
}

fn bracketed(name: &str, items: &[String]) -> String {
    let line = format!("{name}([{}])", items.join(", "));
    if line.chars().count() <= WIDTH {
        return line;
    }
    let lines: String = (items.iter())
        .map(|item| format!("            {item},\n"))
        .collect();
    format!("{name}([\n{lines}        ])")
}

fn strategy(strategy: &Strategy) -> String {
    match strategy {
        Strategy::Grid => "Grid".into(),
        Strategy::Random { cells, seed } => format!("Random(cells: {cells}, seed: {seed})"),
        Strategy::SuccessiveHalving {
            cells,
            seed,
            first_epochs,
            keep,
            waits,
        } => {
            let cells = match cells {
                Some(cells) => cells.to_string(),
                None => "None".into(),
            };
            format!(
                "SuccessiveHalving(cells: {cells}, seed: {seed}, first_epochs: {first_epochs}, keep: {keep}, waits: {waits})"
            )
        }
    }
}
