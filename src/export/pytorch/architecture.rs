//! How torchvision or timm builds each backbone, and what its modules are called.

use crate::models::tokens::TokenLayout;
use crate::models::tree::LayerTree;

use super::super::names::TimmNames;

/// The same network in another library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Architecture {
    pub library: Library,
    /// Builds it without weights.
    pub constructor: String,
    /// What has to be done with `self.backbone` before a head of ours can follow, line by line: its classifier is taken off, and
    /// pooling to one place put on where it has another.
    pub prepared: Vec<String>,
    /// A further line where features are taken by hooks: makes a module of what the library calls as a function.
    pub hooked: Option<String>,
    /// The modules whose output is that of a stage, the last one included, in order.
    pub stages: Vec<String>,
    /// What a transformer's tokens are.
    pub tokens: Option<TokenLayout>,
    /// Pixels that are filled up at the right and the bottom so that patches fit.
    pub filled_up: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Library {
    Torchvision,
    Timm,
}

impl Library {
    pub fn name(self) -> &'static str {
        match self {
            Self::Torchvision => "torchvision",
            Self::Timm => "timm",
        }
    }
}

/// How the names of convolutional networks begin that timm makes by their names alone.
const TIMM: [&str; 3] = ["convnext_nano", "mobilenetv4_", "regnety_"];

impl Architecture {
    /// For the backbone of `tree`, at the size that `tree` was made for.
    pub fn of(tree: &LayerTree) -> Self {
        let name = tree.backbone.as_str();
        let tokens = TokenLayout::of(name);
        let is_transformer = tokens.is_some();
        let side = match tokens {
            Some(tokens) => tree.input_size.next_multiple_of(tokens.patch),
            None => tree.input_size,
        };
        let (library, constructor) = match name {
            _ if name.starts_with("efficientnet_lite") => (
                Library::Timm,
                format!("timm.create_model(\"tf_{name}\", num_classes=0)"),
            ),
            _ if is_transformer && name.contains("_patch") => (
                Library::Timm,
                format!("timm.create_model(\"{name}\", num_classes=0, img_size={side})"),
            ),
            _ if TIMM.iter().any(|family| name.starts_with(family)) => (
                Library::Timm,
                format!("timm.create_model(\"{name}\", num_classes=0)"),
            ),
            "googlenet" | "inception_v3" => (
                Library::Torchvision,
                format!(
                    "torchvision.models.{name}(weights=None, aux_logits=False, init_weights=False, transform_input=False)"
                ),
            ),
            _ if is_transformer => (
                Library::Torchvision,
                format!("torchvision.models.{name}(image_size={side})"),
            ),
            _ => (Library::Torchvision, format!("torchvision.models.{name}()")),
        };
        Self {
            library,
            constructor,
            prepared: prepared(name, library),
            // Of its last normalisation and the ReLU after it, only the former is a module there.
            hooked: (name == "densenet121")
                .then(|| "self.backbone.features.add_module(\"relu5\", nn.ReLU())".to_owned()),
            stages: stages(tree),
            tokens,
            filled_up: side - tree.input_size,
        }
    }

    /// The hooks of a head over the last `count` stages.
    pub fn hooks(&self, count: u32) -> &[String] {
        let taken = (count.max(1) as usize).min(self.stages.len());
        &self.stages[self.stages.len() - taken..]
    }
}

fn prepared(name: &str, library: Library) -> Vec<String> {
    let without = |module: &str| format!("self.backbone.{module} = nn.Identity()");
    if library == Library::Timm {
        // `num_classes=0` leaves what stands between the pooling and the last layer.
        return match name {
            _ if name.starts_with("convnext") => vec![without("head.norm")],
            _ if name.starts_with("mobilenetv4_") => {
                vec![without("conv_head"), without("norm_head")]
            }
            _ => Vec::new(),
        };
    }
    match name {
        "googlenet" | "inception_v3" => vec![without("fc")],
        _ if name.starts_with("resnet") => vec![without("fc")],
        _ if name.starts_with("vit_") => vec![without("heads")],
        // Its classifier begins with a normalisation that our heads do not have.
        _ if name.starts_with("convnext") => {
            vec!["self.backbone.classifier = nn.Flatten(1)".to_owned()]
        }
        _ if name.starts_with("vgg") => vec![
            "self.backbone.avgpool = nn.AdaptiveAvgPool2d(1)".to_owned(),
            without("classifier"),
        ],
        _ => vec![without("classifier")],
    }
}

/// What stands last in each stage.
fn stages(tree: &LayerTree) -> Vec<String> {
    let timm = TimmNames::new(tree);
    let last = tree.stages.iter().filter_map(|stage| stage.paths.last());
    last.map(|path| match (&timm, path.as_str()) {
        (Some(names), path) => names.of(path),
        (None, "features.norm5") => "features.relu5".to_owned(),
        (None, path) => path.to_owned(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;
    use crate::models::catalogue;

    fn architecture(name: &str, side: u32) -> Architecture {
        Architecture::of(&models::outline(name, side).unwrap())
    }

    #[test]
    fn every_backbone_is_built_by_one_of_the_libraries() {
        for info in catalogue::architectures() {
            let side = info.default_weights().input_size;
            let architecture = architecture(info.name, side);
            assert!(
                architecture.constructor.contains(info.name),
                "{architecture:?}"
            );
            assert!(architecture.stages.len() > 3, "{architecture:?}");
            assert_eq!(architecture.filled_up, 0, "{}", info.name);
            let is_timm = architecture.library == Library::Timm;
            let has_hidden_layers = ["convnext_nano", "mobilenetv4_"]
                .iter()
                .any(|family| info.name.starts_with(family));
            assert_eq!(
                architecture.prepared.is_empty(),
                is_timm && !has_hidden_layers,
                "{}",
                info.name
            );
        }
    }

    #[test]
    fn stages_are_modules_of_the_library() {
        let stages = |name| architecture(name, 224).stages;
        assert_eq!(
            stages("resnet18"),
            ["maxpool", "layer1", "layer2", "layer3", "layer4"]
        );
        let lite = stages("efficientnet_lite0");
        assert_eq!(lite.first().unwrap(), "bn1");
        assert_eq!(lite[1..3], ["blocks.0.0", "blocks.1.1"]);
        assert_eq!(lite.last().unwrap(), "bn2");
        assert_eq!(
            architecture("densenet121", 224).hooks(2),
            ["features.transition3", "features.relu5"]
        );
        assert_eq!(architecture("resnet18", 224).hooks(99).len(), 5);
    }

    #[test]
    fn patches_are_filled_up_as_the_network_does() {
        let odd = architecture("vit_b_16", 230);
        assert_eq!(odd.filled_up, 10);
        assert!(odd.constructor.ends_with("(image_size=240)"));
    }
}
