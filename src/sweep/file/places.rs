//! Where something stands in a sweep's text.

use crate::experiment::preset::reader::parse;
use crate::experiment::preset::syntax::{Kind, Step};

/// Where the path of the field at `field` of the entry `varied` stands in a sweep's text.
pub(in crate::sweep) fn place_of_field(text: &str, varied: usize, field: usize) -> Option<usize> {
    let tree = parse(text).ok()?;
    let (fields, taken) = tree.find(&steps(varied, "fields"));
    match (taken, &fields.kind) {
        (3, Kind::List { items }) => Some(items.get(field)?.start),
        _ => Some(tree.find(&steps(varied, "field")).0.start),
    }
}

/// Where the value at `value` of the entry `varied` stands; of a range, where the range stands.
pub(in crate::sweep) fn place_of_value(text: &str, varied: usize, value: usize) -> Option<usize> {
    let tree = parse(text).ok()?;
    let values = tree.find(&steps(varied, "values")).0;
    match &values.unwrapped().kind {
        Kind::List { items } => Some(items.get(value)?.start),
        _ => Some(values.start),
    }
}

/// The way to a part of an entry of `vary`.
pub(super) fn steps(varied: usize, name: &str) -> [Step; 3] {
    [
        Step::Name("vary".into()),
        Step::Index(varied),
        Step::Name(name.into()),
    ]
}
