//! The engine behind the tables: patterns of names with numbers in them.

use std::collections::{BTreeSet, HashSet};

/// From a beginning of a name to another. `{a}` and `{b}` stand for numbers; on the right side also
/// `{a+1}`, `{2a}` and `{2a+1}`.
pub(super) type Rule = (&'static str, &'static str);

/// How one dialect's names become the network's.
#[derive(Debug, Clone)]
pub(super) enum Table {
    Rules(Vec<Rule>),
    Mobile(&'static Mobile),
}

/// timm's inverted residual blocks, `blocks.STAGE.BLOCK.LAYER`. In the names they become, `{n}` is
/// the block's running number through all stages, `{a}` its stage, `{b}` its number in it and `{p}`
/// the index of the projection: one further on in a block that has squeeze-and-excitation.
#[derive(Debug)]
pub(super) struct Mobile {
    /// Layers outside the blocks.
    pub outside: &'static [Rule],
    /// What stands before a block's layers.
    pub block: &'static str,
    /// Layers of a block with an expansion, and the index of a projection without excitation.
    pub expanded: (&'static [Rule], usize),
    /// Layers of a block without.
    pub plain: (&'static [Rule], usize),
    /// Layers of a block that is one convolution; whole names.
    pub single: &'static [Rule],
}

/// All names of a file.
pub(super) struct Names<'a> {
    names: &'a [&'a str],
    /// Stages and numbers of timm's blocks, in order.
    blocks: Vec<(usize, usize)>,
    /// Blocks with an expansion, with excitation, of one convolution only.
    expanded: HashSet<(usize, usize)>,
    excited: HashSet<(usize, usize)>,
    single: HashSet<(usize, usize)>,
}

impl<'a> Names<'a> {
    pub fn new(names: &'a [&'a str]) -> Self {
        let layers = || names.iter().filter_map(|name| block_of(name));
        let with = |layer: &str| {
            layers()
                .filter(|(_, rest)| rest.starts_with(layer))
                .map(|(block, _)| block)
                .collect()
        };
        let blocks: BTreeSet<(usize, usize)> = layers().map(|(block, _)| block).collect();
        Self {
            names,
            blocks: blocks.into_iter().collect(),
            expanded: with("conv_pwl."),
            excited: with("se."),
            single: with("conv."),
        }
    }

    /// Every name as `table` says; those that it does not know stay as they are.
    pub fn translate(&self, table: &Table) -> Vec<String> {
        self.names
            .iter()
            .map(|name| {
                let renamed = match table {
                    Table::Rules(rules) => apply(rules, name, &[]),
                    Table::Mobile(mobile) => self.mobile(mobile, name),
                };
                renamed.unwrap_or_else(|| (*name).to_string())
            })
            .collect()
    }

    fn mobile(&self, mobile: &Mobile, name: &str) -> Option<String> {
        let Some((block, rest)) = block_of(name) else {
            return apply(mobile.outside, name, &[]);
        };
        let (rules, projection) = if self.expanded.contains(&block) {
            mobile.expanded
        } else {
            mobile.plain
        };
        let numbers = [
            ('n', self.blocks.binary_search(&block).ok()?),
            ('a', block.0),
            ('b', block.1),
            ('p', projection + usize::from(self.excited.contains(&block))),
        ];
        if self.single.contains(&block) {
            return apply(mobile.single, rest, &numbers);
        }
        let inside = apply(rules, rest, &numbers)?;
        Some(format!("{}{inside}", fill(mobile.block, &numbers)))
    }
}

/// `blocks.2.1.conv_dw.weight`: block (2, 1) and `conv_dw.weight`.
fn block_of(name: &str) -> Option<((usize, usize), &str)> {
    let mut parts = name.strip_prefix("blocks.")?.splitn(3, '.');
    let block = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((block, parts.next()?))
}

/// The first rule whose left side `name` begins with, carried out.
fn apply(rules: &[Rule], name: &str, numbers: &[(char, usize)]) -> Option<String> {
    rules.iter().find_map(|(from, to)| {
        let mut numbers = numbers.to_vec();
        let rest = strip(from, name, &mut numbers)?;
        // `fc1` is no beginning of `fc10`.
        (rest.is_empty() || rest.starts_with('.') || from.ends_with(['.', '_']))
            .then(|| format!("{}{rest}", fill(to, &numbers)))
    })
}

/// Takes `pattern` from the beginning of `name`; the numbers that its braces stand for are added.
fn strip<'a>(pattern: &str, name: &'a str, numbers: &mut Vec<(char, usize)>) -> Option<&'a str> {
    let Some((literal, rest)) = pattern.split_once('{') else {
        return name.strip_prefix(pattern);
    };
    let (variable, pattern) = rest.split_once('}')?;
    let name = name.strip_prefix(literal)?;
    let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    numbers.push((variable.chars().next()?, name[..digits].parse().ok()?));
    strip(pattern, &name[digits..], numbers)
}

/// Puts numbers in the place of `{a}`, `{a+1}`, `{2a}` and `{2a+1}`.
fn fill(template: &str, numbers: &[(char, usize)]) -> String {
    let mut text = template.to_string();
    for (variable, number) in numbers {
        // The largest number of a real file is far below this; a hostile one can't overflow it.
        let number = (*number).min(1 << 20);
        for (pattern, value) in [
            (format!("{{{variable}}}"), number),
            (format!("{{{variable}+1}}"), number + 1),
            (format!("{{2{variable}}}"), 2 * number),
            (format!("{{2{variable}+1}}"), 2 * number + 1),
        ] {
            text = text.replace(&pattern, &value.to_string());
        }
    }
    text
}
