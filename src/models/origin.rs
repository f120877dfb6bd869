//! Where a run's weights began, and under which licence.

use std::path::Path;

use super::{ArchitectureInfo, ModelError, backbone_info, catalogue, weights};
use crate::experiment::{BackboneConfig, WeightsSource};

/// What a network's weights were before the run trained them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `IMAGENET1K_V1 of ResNet-18`, `random numbers`, `the file mine.pth`.
    pub weights: String,
    /// `BSD-3-Clause (torchvision)`; for a person's own file, that it is not known.
    pub licence: String,
    /// What forbids some uses, said loudly; nothing where there is no such thing, or none is known.
    pub restriction: Option<String>,
}

impl Origin {
    /// Of an experiment's backbone.
    ///
    /// # Errors
    /// When the experiment names a backbone or weights that there are not.
    pub fn of(config: &BackboneConfig) -> Result<Self, ModelError> {
        if config.weights == WeightsSource::Random {
            return Ok(Self {
                weights: "random numbers".to_owned(),
                licence: "none: they are your own".to_owned(),
                restriction: None,
            });
        }
        let info = backbone_info(&config.name)?;
        let published = weights::chosen(info, &config.weights)?;
        match config.weights.file().and_then(Path::file_name) {
            Some(name) if name != published.file_name => Ok(Self {
                weights: format!("the file {}", name.to_string_lossy()),
                licence: "not known to Graft: whoever gave you the file says which".to_owned(),
                restriction: likely_restriction(info, config.weights.file()),
            }),
            _ => Ok(Self {
                weights: format!("{} of {}", published.name, catalogue::title(&config.name)),
                licence: published.licence.to_owned(),
                restriction: published.restriction(),
            }),
        }
    }
}

/// Of a file whose own licence is not known: what forbids some uses of the published weights that it most likely holds. A
/// network that is published under such a licence alone is hardly had from elsewhere, and hubs name a folder after the weights.
fn likely_restriction(info: &ArchitectureInfo, file: Option<&Path>) -> Option<String> {
    let restricted = || {
        info.weights
            .iter()
            .filter(|one| one.restriction().is_some())
    };
    let path = file.map(|path| path.to_string_lossy().to_ascii_lowercase());
    let is_all = restricted().count() == info.weights.len();
    let is_said = |name: &str| {
        let path = path.as_deref().unwrap_or_default();
        path.contains(&name.to_ascii_lowercase())
    };
    let weights = restricted().find(|one| is_all || is_said(one.name))?;
    let restriction = weights.restriction()?;
    Some(format!(
        "{restriction}. This holds if the file has these weights, or any that were trained from them"
    ))
}

impl Origin {
    /// What a network began as and under which licence, in a whole sentence.
    pub fn beginning(&self) -> String {
        format!(
            "The network began as {}; licence of those weights: {}.",
            self.weights, self.licence
        )
    }

    /// What is to be said loudly, in a whole sentence.
    pub fn warning(&self) -> Option<String> {
        let restriction = self.restriction.as_ref()?;
        Some(format!("{restriction}."))
    }

    /// What must be known of the licence, in whole sentences; the second one, if any, is [`Self::warning`].
    pub fn sentences(&self) -> (String, Option<String>) {
        let licence = format!(
            "Licence of the weights that it began with ({}): {}.",
            self.weights, self.licence
        );
        (licence, self.warning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licence_follows_the_weights_that_a_run_began_with() {
        let origin = |backbone: &str, weights| {
            Origin::of(&BackboneConfig {
                name: backbone.into(),
                weights,
                ..BackboneConfig::default()
            })
            .unwrap()
        };
        let usual = origin("resnet18", WeightsSource::Pretrained);
        assert_eq!(usual.weights, "IMAGENET1K_V1 of ResNet-18");
        assert!(usual.licence.starts_with("BSD") && usual.restriction.is_none());
        let swag = WeightsSource::Named("IMAGENET1K_SWAG_E2E_V1".into());
        let swag = origin("vit_b_16", swag);
        let restriction = swag.restriction.unwrap();
        assert!(
            restriction.contains("NOT FOR COMMERCIAL USE"),
            "{restriction}"
        );
        // Meta's licence binds what is trained from its weights.
        let meta = origin("vit_small_patch16_dinov3", WeightsSource::Pretrained);
        let said = meta.sentences();
        assert!(said.0.contains("DINOv3 License (Meta)"), "{}", said.0);
        assert!(said.1.is_some_and(|said| {
            said.starts_with("RESTRICTED LICENCE") && said.ends_with("dinov3-license).")
        }));
        // A published file that a person put somewhere is under its licence still.
        let moved = WeightsSource::File("/x/vit_b_16_swag-9ac1b537.pth".into());
        assert!(origin("vit_b_16", moved).restriction.is_some());
        let own = origin("vit_b_16", WeightsSource::File("/x/mine.pth".into()));
        assert_eq!(own.weights, "the file mine.pth");
        assert!(own.licence.starts_with("not known") && own.restriction.is_none());
        // Nobody but Meta publishes this network, whatever the file is called; of others, the folder tells.
        for (backbone, path) in [
            ("vit_small_patch16_dinov3", "/x/model.safetensors"),
            (
                "convnext_tiny",
                "/x/models--timm--convnext_tiny.dinov3_lvd1689m/snapshots/1/model.safetensors",
            ),
        ] {
            let own = origin(backbone, WeightsSource::File(path.into()));
            let said = own.restriction.unwrap_or_default();
            assert!(said.starts_with("RESTRICTED LICENCE") && said.contains("if the file"));
        }
        let other = WeightsSource::File("/x/convnext_tiny/model.safetensors".into());
        assert!(origin("convnext_tiny", other).restriction.is_none());
        let random = origin("vit_b_16", WeightsSource::Random);
        assert_eq!(random.weights, "random numbers");
    }
}
