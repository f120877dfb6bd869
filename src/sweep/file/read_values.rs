//! What a field takes, as a sweep's file says it.

use super::Values;
use super::nodes::{Read, Source, fault};
use crate::experiment::preset::explain::suggest;
use crate::experiment::preset::layout;
use crate::experiment::preset::reader::parse;
use crate::experiment::preset::syntax::{Kind, Node};

/// More than anybody waits for.
const MOST_STEPS: u32 = 10_000;

impl Source<'_> {
    pub fn values(&self, node: &Node) -> Read<Values> {
        let text = |node: &Node| Ok(one_line(node.source(self.0)));
        let items = |node: &Node| match &node.kind {
            Kind::Tuple { items, .. } if items.len() == 1 => {
                let read = self.each(&items[0], "values", |node| Ok(node.clone()))?;
                match read.is_empty() {
                    true => self.wrong(node, "values", "at least one value"),
                    false => Ok(read),
                }
            }
            _ => self.wrong(
                node,
                "values",
                "a list in parentheses, such as List([16, 32])",
            ),
        };
        match self.variant(node) {
            "List" => Ok(Values::List(
                items(node)?.iter().map(text).collect::<Read<_>>()?,
            )),
            "Together" => {
                let row = |node: &Node| match &node.kind {
                    Kind::List { items } => items.iter().map(text).collect::<Read<Vec<_>>>(),
                    Kind::Tuple { name, items } if name.is_empty() => {
                        items.iter().map(text).collect()
                    }
                    _ => self.wrong(node, "values", "a list with one value for every field"),
                };
                Ok(Values::Together(
                    items(node)?.iter().map(row).collect::<Read<_>>()?,
                ))
            }
            "Linear" => {
                let (from, to, steps) = self.range(node, true, false)?;
                Ok(Values::Linear { from, to, steps })
            }
            "Logarithmic" => {
                let (from, to, steps) = self.range(node, true, true)?;
                Ok(Values::Logarithmic { from, to, steps })
            }
            "Uniform" => {
                let (from, to, _) = self.range(node, false, false)?;
                Ok(Values::Uniform { from, to })
            }
            "LogUniform" => {
                let (from, to, _) = self.range(node, false, true)?;
                Ok(Values::LogUniform { from, to })
            }
            other => fault(
                node,
                format!(
                    "“values” is {}: {}",
                    self.shown(node),
                    suggest(
                        other,
                        &[
                            "List",
                            "Together",
                            "Linear",
                            "Logarithmic",
                            "Uniform",
                            "LogUniform"
                        ]
                    )
                ),
            ),
        }
    }

    /// From, to and steps, which a distribution has not.
    fn range(&self, node: &Node, has_steps: bool, is_logarithmic: bool) -> Read<(f64, f64, u32)> {
        let allowed: &[&str] = match has_steps {
            true => &["from", "to", "steps"],
            false => &["from", "to"],
        };
        let fields = self.fields(node, "values", allowed)?;
        let end = |name: &str| {
            let node = fields.required(name)?;
            let path = format!("values.{name}");
            let value = self.number(node, &path)?;
            match is_logarithmic && value <= 0.0 {
                true => self.wrong(node, &path, "a number above 0, because a ratio has no 0"),
                false => Ok(value),
            }
        };
        let (from, to) = (end("from")?, end("to")?);
        if from >= to {
            return fault(
                node,
                format!("“values” goes from {from} to {to}: the first number must be the smaller"),
            );
        }
        let steps = match has_steps {
            true => self.whole(fields.required("steps")?, "values.steps", 2, MOST_STEPS)?,
            false => 0,
        };
        Ok((from, to, steps))
    }
}

/// A value as a preset has it on one line.
fn one_line(source: &str) -> String {
    match parse(source) {
        Ok(node) => layout::one_line(source, &node),
        Err(_) => source.to_owned(),
    }
}
