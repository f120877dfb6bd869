//! Names of other libraries to those of the backbones here. A dialect is recognised by what its
//! table makes of a file's names: the one that gives most of the network's names is the file's.

mod rename;
mod tables;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

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

/// Renames `names` to the names of `backbone`, which are `own`, and says which dialect they were in. `are_features` says that
/// they stand in something that is called `features` already.
pub(super) fn translate(
    backbone: &str,
    own: &HashSet<&str>,
    names: &[&str],
    are_features: bool,
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
    // What stands in the network's `features`, saved without it, or as the first part of an nn.Sequential.
    let inside: Vec<String> = bare
        .iter()
        .map(|name| format!("features.{name}"))
        .map(|whole| match own.contains(whole.as_str()) {
            true => whole,
            false => whole["features.".len()..].to_owned(),
        })
        .collect();
    let found = hits(&inside);
    if found > most && !are_features {
        most = found;
        best.1 = inside;
    }
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

/// Libraries whose files of the network `backbone` are read here.
pub(super) fn libraries(backbone: &str) -> &'static str {
    let from_torchvision = tables::foreign(backbone)
        .iter()
        .any(|(dialect, _)| dialect.name == "torchvision");
    match tables::native(backbone).name {
        // timm's own EfficientNetV2 pads otherwise, and it has no GoogLeNet.
        "torchvision" if ["efficientnet_v2_s", "googlenet"].contains(&backbone) => "torchvision",
        "timm" | "efficientnet-lite" if !from_torchvision => "timm",
        _ => "torchvision or timm",
    }
}

/// Whether `name` belongs to a head that only helps training.
pub(super) fn is_auxiliary(name: &str) -> bool {
    AUXILIARY.iter().any(|prefix| name.starts_with(prefix))
}
