//! What other libraries call the layers. Checked in Python by carrying random weights of timm's
//! models over to torchvision's: the logits agree. Here, `tests/golden/dialects.json` holds the names.

use super::Dialect;
use super::rename::{Mobile, Rule, Table};

/// MobileNetV3's epsilon is 1e-3 in torchvision and 1e-5 in timm.
const MOBILENET_V3_SHIFT: f64 = 1e-5 - 1e-3;

/// The dialect that the network's own names are of.
pub(super) fn native(backbone: &str) -> Dialect {
    let name = if backbone.starts_with("efficientnet_lite") {
        "efficientnet-lite"
    } else if is_timm_vit(backbone)
        || is_only_timms(backbone)
        || TIMM_CONVOLUTIONAL.contains(&backbone)
    {
        "timm"
    } else {
        "torchvision"
    };
    Dialect {
        name,
        foreign: false,
        variance_shift: 0.0,
    }
}

/// Tables to try on a file for `backbone`. timm's ResNet, DenseNet and Inception have torchvision's names.
pub(super) fn foreign(backbone: &str) -> Vec<(Dialect, Table)> {
    let named = |name, table| {
        let dialect = Dialect {
            name,
            foreign: true,
            variance_shift: 0.0,
        };
        (dialect, table)
    };
    let rules = |rules: &[Rule]| Table::Rules(rules.to_vec());
    match backbone {
        "mobilenet_v2" => vec![named("timm", Table::Mobile(&MOBILENET_V2))],
        name if name.starts_with("mobilenet_v3") => {
            let (mut dialect, table) = named("timm", Table::Mobile(&MOBILENET_V3));
            dialect.variance_shift = MOBILENET_V3_SHIFT;
            vec![(dialect, table)]
        }
        name if name.starts_with("efficientnet_lite") => {
            vec![named("timm", Table::Mobile(&EFFICIENTNET_LITE))]
        }
        name if name.starts_with("efficientnet_b") => {
            vec![named("timm", Table::Mobile(&EFFICIENTNET))]
        }
        name if name.starts_with("vgg") => vec![named("timm", rules(VGG))],
        "convnext_tiny" => vec![named("timm", rules(CONVNEXT))],
        name if name.starts_with("resnet") => {
            let dialect = Dialect {
                name: "nn.Sequential",
                foreign: false,
                variance_shift: 0.0,
            };
            vec![(dialect, rules(RESNET_IN_ORDER))]
        }
        name if name.starts_with("densenet") => {
            vec![named("torchvision of 2017", rules(OLD_DENSENET))]
        }
        name if is_only_timms(name) => Vec::new(),
        name if is_timm_vit(name) => {
            let back = VIT.iter().map(|(timm, torchvision)| (*torchvision, *timm));
            let back: Vec<Rule> = OLD_VIT_TO_TIMM.iter().copied().chain(back).collect();
            vec![named("torchvision", Table::Rules(back))]
        }
        name if name.starts_with("vit_") => vec![
            named("timm", rules(VIT)),
            named("torchvision of 2022", rules(OLD_VIT)),
        ],
        _ => Vec::new(),
    }
}

/// Convolutional networks with timm's names.
const TIMM_CONVOLUTIONAL: [&str; 4] = [
    "convnext_nano",
    "mobilenetv4_conv_small",
    "mobilenetv4_conv_medium",
    "regnety_016",
];

/// Transformers with parts that no other library's names here have: registers, scales, rotary embeddings, no class token.
fn is_only_timms(backbone: &str) -> bool {
    let words = ["dinov2", "dinov3", "siglip", "eva02"];
    words.iter().any(|word| backbone.contains(word))
}

/// timm's names end with patch and picture size, `vit_small_patch16_224`.
fn is_timm_vit(backbone: &str) -> bool {
    backbone.starts_with("vit_") && backbone.contains("_patch")
}

/// `nn.Sequential(*network.children())`, as fastai and many scripts cut a network: layers by their indices. Two of them have
/// no weights before the four stages, and one or two before the classifier.
const RESNET_IN_ORDER: &[Rule] = &[
    ("0", "conv1"),
    ("1", "bn1"),
    ("4", "layer1"),
    ("5", "layer2"),
    ("6", "layer3"),
    ("7", "layer4"),
    ("9", "fc"),
    ("10", "fc"),
];

/// timm holds the two hidden layers as convolutions, of 7 x 7 and 1 x 1.
const VGG: &[Rule] = &[
    ("pre_logits.fc1", "classifier.0"),
    ("pre_logits.fc2", "classifier.3"),
    ("head.fc", "classifier.6"),
];

const CONVNEXT: &[Rule] = &[
    ("stem.{a}", "features.0.{a}"),
    ("stages.{a}.downsample.{b}", "features.{2a}.{b}"),
    (
        "stages.{a}.blocks.{b}.conv_dw",
        "features.{2a+1}.{b}.block.0",
    ),
    ("stages.{a}.blocks.{b}.norm", "features.{2a+1}.{b}.block.2"),
    (
        "stages.{a}.blocks.{b}.mlp.fc1",
        "features.{2a+1}.{b}.block.3",
    ),
    (
        "stages.{a}.blocks.{b}.mlp.fc2",
        "features.{2a+1}.{b}.block.5",
    ),
    (
        "stages.{a}.blocks.{b}.gamma",
        "features.{2a+1}.{b}.layer_scale",
    ),
    ("head.norm", "classifier.0"),
    ("head.fc", "classifier.2"),
];

/// From timm to torchvision; read backwards for the backbones that have timm's names.
const VIT: &[Rule] = &[
    ("cls_token", "class_token"),
    ("pos_embed", "encoder.pos_embedding"),
    ("patch_embed.proj", "conv_proj"),
    ("blocks.{a}.norm1", "encoder.layers.encoder_layer_{a}.ln_1"),
    (
        "blocks.{a}.attn.qkv.",
        "encoder.layers.encoder_layer_{a}.self_attention.in_proj_",
    ),
    (
        "blocks.{a}.attn.proj",
        "encoder.layers.encoder_layer_{a}.self_attention.out_proj",
    ),
    ("blocks.{a}.norm2", "encoder.layers.encoder_layer_{a}.ln_2"),
    (
        "blocks.{a}.mlp.fc1",
        "encoder.layers.encoder_layer_{a}.mlp.0",
    ),
    (
        "blocks.{a}.mlp.fc2",
        "encoder.layers.encoder_layer_{a}.mlp.3",
    ),
    ("norm", "encoder.ln"),
    ("head", "heads.head"),
];

/// torchvision's first ViT weights named the linear layers.
const OLD_VIT: &[Rule] = &[
    (
        "encoder.layers.encoder_layer_{a}.mlp.linear_1",
        "encoder.layers.encoder_layer_{a}.mlp.0",
    ),
    (
        "encoder.layers.encoder_layer_{a}.mlp.linear_2",
        "encoder.layers.encoder_layer_{a}.mlp.3",
    ),
];

const OLD_VIT_TO_TIMM: &[Rule] = &[
    (
        "encoder.layers.encoder_layer_{a}.mlp.linear_1",
        "blocks.{a}.mlp.fc1",
    ),
    (
        "encoder.layers.encoder_layer_{a}.mlp.linear_2",
        "blocks.{a}.mlp.fc2",
    ),
];

/// torchvision's own files of DenseNet date from when a module's name could hold a point; its
/// `_load_state_dict` renames them as this does.
const OLD_DENSENET: &[Rule] = &[
    (
        "features.denseblock{a}.denselayer{b}.norm.1",
        "features.denseblock{a}.denselayer{b}.norm1",
    ),
    (
        "features.denseblock{a}.denselayer{b}.norm.2",
        "features.denseblock{a}.denselayer{b}.norm2",
    ),
    (
        "features.denseblock{a}.denselayer{b}.conv.1",
        "features.denseblock{a}.denselayer{b}.conv1",
    ),
    (
        "features.denseblock{a}.denselayer{b}.conv.2",
        "features.denseblock{a}.denselayer{b}.conv2",
    ),
];

const MOBILENET_V2: Mobile = Mobile {
    outside: &[
        ("conv_stem", "features.0.0"),
        ("bn1", "features.0.1"),
        ("conv_head", "features.18.0"),
        ("bn2", "features.18.1"),
        ("classifier", "classifier.1"),
    ],
    block: "features.{n+1}.conv.",
    expanded: (
        &[
            ("conv_pw", "0.0"),
            ("bn1", "0.1"),
            ("conv_dw", "1.0"),
            ("bn2", "1.1"),
            ("conv_pwl", "2"),
            ("bn3", "3"),
        ],
        0,
    ),
    plain: (
        &[
            ("conv_dw", "0.0"),
            ("bn1", "0.1"),
            ("conv_pw", "1"),
            ("bn2", "2"),
        ],
        0,
    ),
    single: &[],
};

/// Layers of torchvision's inverted residual blocks with squeeze-and-excitation in some of them.
const EXPANDED: (&[Rule], usize) = (
    &[
        ("conv_pw", "0.0"),
        ("bn1", "0.1"),
        ("conv_dw", "1.0"),
        ("bn2", "1.1"),
        ("se.conv_reduce", "2.fc1"),
        ("se.conv_expand", "2.fc2"),
        ("conv_pwl", "{p}.0"),
        ("bn3", "{p}.1"),
    ],
    2,
);

const PLAIN: (&[Rule], usize) = (
    &[
        ("conv_dw", "0.0"),
        ("bn1", "0.1"),
        ("se.conv_reduce", "1.fc1"),
        ("se.conv_expand", "1.fc2"),
        ("conv_pw", "{p}.0"),
        ("bn2", "{p}.1"),
    ],
    1,
);

/// timm's last block is torchvision's last convolution, and its 1 x 1 convolution after the pooling
/// torchvision's first linear layer.
const MOBILENET_V3: Mobile = Mobile {
    outside: &[
        ("conv_stem", "features.0.0"),
        ("bn1", "features.0.1"),
        ("conv_head", "classifier.0"),
        ("classifier", "classifier.3"),
    ],
    block: "features.{n+1}.block.",
    expanded: EXPANDED,
    plain: PLAIN,
    single: &[("conv", "features.{n+1}.0"), ("bn1", "features.{n+1}.1")],
};

const EFFICIENTNET: Mobile = Mobile {
    outside: &[
        ("conv_stem", "features.0.0"),
        ("bn1", "features.0.1"),
        ("conv_head", "features.8.0"),
        ("bn2", "features.8.1"),
        ("classifier", "classifier.1"),
    ],
    block: "features.{a+1}.{b}.block.",
    expanded: EXPANDED,
    plain: PLAIN,
    single: &[],
};

const EFFICIENTNET_LITE: Mobile = Mobile {
    outside: &[
        ("conv_stem", "_conv_stem"),
        ("bn1", "_bn0"),
        ("conv_head", "_conv_head"),
        ("bn2", "_bn1"),
        ("classifier", "_fc"),
    ],
    block: "_blocks.{n}.",
    expanded: (
        &[
            ("conv_pw", "_expand_conv"),
            ("bn1", "_bn0"),
            ("conv_dw", "_depthwise_conv"),
            ("bn2", "_bn1"),
            ("conv_pwl", "_project_conv"),
            ("bn3", "_bn2"),
        ],
        0,
    ),
    plain: (
        &[
            ("conv_dw", "_depthwise_conv"),
            ("bn1", "_bn1"),
            ("conv_pw", "_project_conv"),
            ("bn2", "_bn2"),
        ],
        0,
    ),
    single: &[],
};
