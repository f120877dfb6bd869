//! A network's tensors beside those of a file that begin alike: what goes where, and what does not fit.

use std::collections::{HashMap, HashSet};

use super::dialect::{self, Dialect};
use super::leftover::is_dispensable;
use super::outline::{ExpectedTensor, Outline, Part};
use super::pickle::ElementType;
use super::resolve::{Group, Reading};
use super::{is_count, is_position_embedding};

/// One reading of a file for one network.
#[derive(Debug)]
pub(super) struct Fit {
    /// What stands before the names in the file: `state_dict.module.encoder_q`; empty for nothing.
    pub key: String,
    pub dialect: Dialect,
    /// Entries of the network and the file's tensors that belong there.
    pub copies: Vec<(usize, usize)>,
    /// Entries without a tensor that is read.
    pub missing: Vec<Missing>,
    /// Entries and the tensors that are of another shape.
    pub mismatched: Vec<(usize, usize)>,
    /// Entries of the base and whole numbers that stand for them.
    pub whole_numbers: Vec<(usize, usize)>,
    /// Entries of classifiers half-way that the file has.
    pub auxiliary: Vec<usize>,
    /// Members of the group that no entry takes.
    left: Vec<usize>,
    /// Names of heads, losses and counters, among them and beside the network.
    pub unused: Vec<String>,
    /// Names of all else that stands elsewhere in the file: other networks and their parts.
    pub elsewhere: Vec<String>,
    /// Names of layers among them: the network lacks these.
    pub surplus: Vec<String>,
    /// Entries of the base and of the classifier in all.
    in_base: HashSet<usize>,
}

/// An entry that the file has nothing for.
#[derive(Debug)]
pub(super) struct Missing {
    pub entry: usize,
    /// What stands in its place: how a sentence goes on.
    pub instead: Option<String>,
}

impl Fit {
    pub fn new(outline: &Outline, reading: &Reading<'_>, group: &Group, key: String) -> Self {
        let suffixes: Vec<&str> = group
            .members
            .iter()
            .map(|&member| reading.name(group, member))
            .collect();
        let own = outline.names();
        let are_features = group.is_called("features");
        let (dialect, names) = dialect::translate(outline.info.name, &own, &suffixes, are_features);
        let found = reading.found;
        let tensors = found.tensors.len();
        let mut left = Vec::new();
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for (name, &member) in names.iter().zip(&group.members) {
            // Of two that would get one name, the second is a layer that nobody has a place for.
            if member >= tensors && by_name.contains_key(name.as_str()) {
                continue;
            }
            if let Some(before) = by_name.insert(name, member)
                && before < tensors
            {
                left.push(before);
            }
        }
        let mut fit = Self {
            key,
            dialect,
            copies: Vec::new(),
            missing: Vec::new(),
            mismatched: Vec::new(),
            whole_numbers: Vec::new(),
            auxiliary: Vec::new(),
            left,
            unused: Vec::new(),
            elsewhere: Vec::new(),
            surplus: Vec::new(),
            in_base: HashSet::new(),
        };
        for (index, entry) in outline.entries.iter().enumerate() {
            if entry.part == Part::Base {
                fit.in_base.insert(index);
            }
            let member = by_name
                .remove(entry.name.as_str())
                .or_else(|| beside(entry, reading, group));
            fit.assign(index, entry, member, reading);
        }
        fit.left.extend(by_name.into_values());
        fit.left.sort_unstable();
        fit
    }

    /// What becomes of one entry of the network.
    fn assign(
        &mut self,
        index: usize,
        entry: &ExpectedTensor,
        member: Option<usize>,
        reading: &Reading<'_>,
    ) {
        let found = reading.found;
        let unread = |member: usize| found.unread.get(member.checked_sub(found.tensors.len())?);
        let Some(tensor) = member.filter(|member| *member < found.tensors.len()) else {
            // Files from before torch 0.4.1 do not count batches, and nothing here asks for the count, nor for what
            // only helped the training on ImageNet.
            if !is_count(&entry.name) && entry.part != Part::Auxiliary {
                self.missing.push(Missing {
                    entry: index,
                    instead: member.and_then(unread).map(|unread| unread.why.clone()),
                });
            }
            return;
        };
        if entry.part == Part::Auxiliary {
            self.auxiliary.push(index);
            return;
        }
        let other = &found.tensors[tensor];
        let is_other_grid =
            is_position_embedding(&entry.name) && is_grid_of_positions(&entry.shape, &other.shape);
        if !fits(&entry.shape, &other.shape, self.dialect) && !is_other_grid {
            // A count that NumPy has made a list of one is none that anybody asks for.
            if !is_count(&entry.name) {
                self.mismatched.push((index, tensor));
            }
        } else if entry.is_float && is_whole(other.numbers.element) {
            self.whole_numbers.push((index, tensor));
        } else {
            self.copies.push((index, tensor));
        }
    }

    /// Tells the layers that the network lacks from what it need not have. `others` are beginnings of names at which the
    /// whole network stands once more.
    pub fn judge_leftovers(
        &mut self,
        outline: &Outline,
        reading: &Reading<'_>,
        group: &Group,
        others: &[&str],
    ) {
        let found = reading.found;
        let base: HashSet<&str> = outline
            .entries
            .iter()
            .filter(|entry| entry.part == Part::Base)
            .map(|entry| entry.name.split('.').next().unwrap_or_default())
            .collect();
        // Layers stand in the dictionaries that the network's tensors stand in; the optimizer's does not.
        let dictionaries: HashSet<usize> = self
            .copies
            .iter()
            .chain(&self.mismatched)
            .chain(&self.whole_numbers)
            .map(|(_, tensor)| found.tensors[*tensor].dictionary)
            .collect();
        for &member in &self.left {
            let name = reading.name(group, member);
            let is_layer = match found.tensors.get(member) {
                Some(tensor) => dictionaries.contains(&tensor.dictionary),
                None => member
                    .checked_sub(found.tensors.len())
                    .and_then(|index| found.unread.get(index))
                    .is_some_and(|unread| unread.is_tensor),
            };
            let is_elsewhere = others
                .iter()
                .any(|other| reading.name_of(member).starts_with(other));
            let name = name.to_owned();
            let is_dispensable = is_dispensable(&name, &|first| base.contains(first));
            if is_layer && !is_elsewhere && !is_dispensable {
                self.surplus.push(name);
            } else if member < found.tensors.len() {
                if is_dispensable && !is_elsewhere {
                    self.unused.push(name);
                } else {
                    self.elsewhere.push(name);
                }
            }
        }
        let inside: HashSet<usize> = group.members.iter().copied().collect();
        let used: HashSet<usize> = self.copies.iter().map(|(_, tensor)| *tensor).collect();
        let outside = (0..found.tensors.len()).filter(|tensor| {
            !inside.contains(tensor)
                && !used.contains(tensor)
                && dictionaries.contains(&found.tensors[*tensor].dictionary)
        });
        let above = Reading::above(group);
        for tensor in outside {
            // `model.fc.weight` is a head of `model.backbone`.
            let name = reading.name_of(tensor);
            let beside = above.iter().find_map(|above| name.strip_prefix(above));
            let is_beside = beside.is_some_and(|name| is_dispensable(name, &|_| false));
            let is_in_another = others.iter().any(|other| name.starts_with(other));
            let list = match is_beside && !is_in_another {
                true => &mut self.unused,
                false => &mut self.elsewhere,
            };
            list.push(found.tensors[tensor].name.clone());
        }
        self.unused.sort_unstable();
        self.elsewhere.sort_unstable();
        self.surplus.sort_unstable();
    }

    /// Whether every tensor of the base is there, of its shape.
    pub fn is_complete(&self) -> bool {
        self.whole_numbers
            .iter()
            .all(|(entry, _)| !self.in_base.contains(entry))
            && self
                .mismatched
                .iter()
                .all(|(entry, _)| !self.in_base.contains(entry))
            && self
                .missing
                .iter()
                .all(|missing| !self.in_base.contains(&missing.entry))
    }

    /// Whether it is complete and no layer is too many.
    pub fn is_fit(&self) -> bool {
        self.is_complete() && self.surplus.is_empty()
    }

    /// How many of the network's names the file has.
    pub fn hits(&self) -> usize {
        self.copies.len() + self.mismatched.len() + self.whole_numbers.len()
    }
}

/// A classifier that stands beside the base and not in it: `backbone.conv1.weight`, and `fc.weight`.
fn beside(entry: &ExpectedTensor, reading: &Reading<'_>, group: &Group) -> Option<usize> {
    if entry.part != Part::Classifier {
        return None;
    }
    Reading::above(group)
        .into_iter()
        .find_map(|above| reading.position(&format!("{above}{}", entry.name)))
}

/// Other libraries hold a linear layer as a convolution, or a scale without the picture's two axes:
/// the same numbers in the same order.
pub(super) fn fits(own: &[i64], other: &[i64], dialect: Dialect) -> bool {
    let count = |shape: &[i64]| shape.iter().try_fold(1i64, |n, side| n.checked_mul(*side));
    let flattened =
        || own.len() != other.len() && own.first() == other.first() && count(own) == count(other);
    own == other || (dialect.foreign && flattened())
}

/// Whether both are `[1, P + G², C]`, of one C, any G, and P as the network has it: 0 or 1.
pub(super) fn is_grid_of_positions(own: &[i64], other: &[i64]) -> bool {
    let is_square = |patches: i64| patches > 0 && patches.isqrt().pow(2) == patches;
    match (own, other) {
        ([1, own_tokens, own], [1, tokens, other]) => {
            let others = i64::from(!is_square(*own_tokens));
            own == other && is_square(tokens.saturating_sub(others))
        }
        _ => false,
    }
}

fn is_whole(element: ElementType) -> bool {
    matches!(
        element,
        ElementType::Long
            | ElementType::Int
            | ElementType::Short
            | ElementType::Char
            | ElementType::Byte
            | ElementType::Bool
    )
}
