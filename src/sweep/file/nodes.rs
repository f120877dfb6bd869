//! The values of a sweep's text, one by one, and what is said of those that are wrong.

use crate::experiment::preset::explain::{shown, suggest};
use crate::experiment::preset::syntax::{Kind, Node};

/// One reason why a text is no sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// In bytes from the start of the text.
    pub at: usize,
    /// A whole sentence.
    pub message: String,
}

pub(super) type Read<T> = Result<T, Fault>;

pub(super) fn fault<T>(node: &Node, message: impl Into<String>) -> Read<T> {
    Err(Fault {
        at: node.start,
        message: message.into(),
    })
}

/// The fields of one struct of the text.
pub(super) struct Fields<'n> {
    /// `vary[0]`; empty for the whole.
    path: String,
    node: &'n Node,
    named: Vec<(&'n str, &'n Node)>,
}

impl<'n> Fields<'n> {
    pub fn find(&self, name: &str) -> Option<&'n Node> {
        (self.named.iter())
            .find(|(found, _)| *found == name)
            .map(|(_, node)| *node)
    }

    pub fn required(&self, name: &str) -> Read<&'n Node> {
        match self.find(name) {
            Some(node) => Ok(node),
            None if self.path.is_empty() => {
                fault(self.node, format!("the sweep lacks the field “{name}”"))
            }
            None => fault(
                self.node,
                format!("“{}” lacks the field “{name}”", self.path),
            ),
        }
    }
}

/// The text that nodes are of.
pub(super) struct Source<'t>(pub &'t str);

impl Source<'_> {
    pub fn shown(&self, node: &Node) -> String {
        shown(node.source(self.0))
    }

    pub fn wrong<T>(&self, node: &Node, path: &str, allowed: &str) -> Read<T> {
        let value = self.shown(node);
        fault(node, format!("“{path}” is {value}, allowed is {allowed}"))
    }

    /// The fields of a struct, all of them among the `allowed`.
    pub fn fields<'n>(&self, node: &'n Node, path: &str, allowed: &[&str]) -> Read<Fields<'n>> {
        let found: &[_] = match &node.kind {
            Kind::Struct { fields, .. } => fields,
            Kind::Tuple { items, .. } if items.is_empty() => &[],
            _ if path.is_empty() => {
                return fault(
                    node,
                    "is no sweep: allowed are fields in parentheses, such as (version: 1, base: \"preset.ron\")",
                );
            }
            _ => return self.wrong(node, path, "fields in parentheses, such as (name: value)"),
        };
        let mut named: Vec<(&str, &Node)> = Vec::with_capacity(found.len());
        for field in found {
            let full = match path {
                "" => field.name.clone(),
                path => format!("{path}.{}", field.name),
            };
            let message = if !allowed.contains(&field.name.as_str()) {
                format!("“{full}” is not a field: {}", suggest(&field.name, allowed))
            } else if named.iter().any(|(name, _)| *name == field.name) {
                format!("“{full}” stands here for the second time: remove one of them")
            } else {
                named.push((&field.name, &field.value));
                continue;
            };
            return Err(Fault {
                at: field.start,
                message,
            });
        }
        Ok(Fields {
            path: path.to_owned(),
            node,
            named,
        })
    }

    pub fn string(&self, node: &Node, path: &str) -> Read<String> {
        match ron::from_str::<String>(node.source(self.0)) {
            Ok(text) => Ok(text),
            Err(_) => self.wrong(node, path, "a text in double quotes"),
        }
    }

    pub fn number(&self, node: &Node, path: &str) -> Read<f64> {
        match ron::from_str::<f64>(node.source(self.0)) {
            Ok(number) if number.is_finite() => Ok(number),
            _ => self.wrong(node, path, "a number"),
        }
    }

    pub fn whole(&self, node: &Node, path: &str, least: u32, most: u32) -> Read<u32> {
        match ron::from_str::<u32>(node.source(self.0)) {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => self.wrong(node, path, &format!("a whole number, {least} to {most}")),
        }
    }

    pub fn seed(&self, node: &Node, path: &str) -> Read<u64> {
        match ron::from_str::<u64>(node.source(self.0)) {
            Ok(number) => Ok(number),
            Err(_) => self.wrong(node, path, "a whole number, 0 or more"),
        }
    }

    pub fn boolean(&self, node: &Node, path: &str) -> Read<bool> {
        match node.source(self.0) {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => self.wrong(node, path, "true or false"),
        }
    }

    /// The items of a list, read one by one.
    pub fn each<T>(
        &self,
        node: &Node,
        path: &str,
        read: impl Fn(&Node) -> Read<T>,
    ) -> Read<Vec<T>> {
        match &node.kind {
            Kind::List { items } => items.iter().map(read).collect(),
            _ => self.wrong(node, path, "a list in square brackets"),
        }
    }

    /// The name before parentheses, or the word that stands alone.
    pub fn variant<'n>(&'n self, node: &'n Node) -> &'n str {
        match &node.kind {
            Kind::Struct { name, .. } | Kind::Tuple { name, .. } => name,
            _ => node.source(self.0),
        }
    }
}
