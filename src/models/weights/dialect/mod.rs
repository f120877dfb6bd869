//! Names of other libraries to those of the backbones here. A dialect is recognised by what its
//! table makes of a file's names: the one that gives most of the network's names is the file's.

mod rename;
mod tables;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::Path;

use self::rename::Names;

/// Heads that only help to train GoogLeNet and Inception v3.
const AUXILIARY: [&str; 3] = ["aux1.", "aux2.", "AuxLogits."];

/// In which names a file was written, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dialect {
    /// `torchvision`, `timm`, `efficientnet-lite`, …
    pub name: &'static str,
    /// The names are not the network's own: 1 x 1 convolutions may stand for linear layers.
    pub foreign: bool,
    /// To be added to every running variance, so that a BatchNorm of another epsilon gives the same
    /// numbers: sqrt(v + shift + own epsilon) = sqrt(v + the file's epsilon).
    pub variance_shift: f64,
}

/// Renames `names` to the names of `backbone`, which are `own`, and says which dialect they were in.
pub(super) fn translate(
    backbone: &str,
    own: &HashSet<&str>,
    names: &[&str],
) -> (Dialect, Vec<String>) {
    let bare: Vec<String> = names.iter().map(ToString::to_string).collect();
    let hits = |candidate: &[String]| {
        let known: HashSet<&str> = candidate
            .iter()
            .map(String::as_str)
            .filter(|name| own.contains(name))
            .collect();
        known.len()
    };
    let mut best = (tables::native(backbone), bare.clone());
    let mut most = hits(&bare);
    for (dialect, table) in tables::foreign(backbone) {
        let candidate = Names::new(names).translate(&table);
        let found = hits(&candidate);
        if found > most {
            most = found;
            best = (dialect, candidate);
        }
    }
    best
}

/// The dialect that the names of `backbone` itself are of.
pub(super) fn native(backbone: &str) -> Dialect {
    tables::native(backbone)
}

/// Whether `name` belongs to a head that only helps training.
pub(super) fn is_auxiliary(name: &str) -> bool {
    AUXILIARY.iter().any(|prefix| name.starts_with(prefix))
}

/// timm has two networks of the same names and shapes: its own, and `tf_…`, which pads as TensorFlow
/// does. What the file's path says of that: an error when it is the other one, a remark when nobody
/// can tell.
pub(super) fn same_names_other_network(
    backbone: &str,
    dialect: Dialect,
    path: &Path,
) -> Result<Option<String>, String> {
    let is_lite = backbone.starts_with("efficientnet_lite");
    let has_twin =
        is_lite || backbone.starts_with("efficientnet_b") || backbone.starts_with("mobilenet_v3");
    if dialect.name != "timm" || !has_twin {
        return Ok(None);
    }
    let path = path.to_string_lossy();
    let is_tf = path.contains("tf_efficientnet") || path.contains("tf_mobilenet");
    // A person may well call a file after the backbone; the hub's folders say what timm calls it.
    let is_plain = path.contains("timm--efficientnet_") || path.contains("timm--mobilenetv3_");
    let wanted = if is_lite { "tf_" } else { "plain" };
    match (is_lite, is_tf, is_plain) {
        (true, true, _) | (false, _, true) => Ok(None),
        (false, true, _) => Err(
            "this is a tf_ network of timm, which pads its pictures as TensorFlow does; its names are \
             the same but this backbone would compute something else: take timm's file without tf_"
                .into(),
        ),
        (true, _, true) => Err(
            "this is timm's own network, but EfficientNet-Lite here pads as TensorFlow does; its names \
             are the same but it would compute something else: take timm's file that begins with tf_"
                .into(),
        ),
        _ => Ok(Some(format!(
            "timm's tf_ networks have the same names and shapes but other padding, which nothing in a \
             file tells: be sure that these weights are of the {wanted} one"
        ))),
    }
}
