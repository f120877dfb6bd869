//! Where a run's weights began, and under which licence.

use std::path::Path;

use crate::experiment::{BackboneConfig, WeightsSource};
use crate::models::{ModelError, backbone_info, catalogue, weights};

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
        let published = weights::chosen(backbone_info(&config.name)?, &config.weights)?;
        match config.weights.file().and_then(Path::file_name) {
            Some(name) if name != published.file_name => Ok(Self {
                weights: format!("the file {}", name.to_string_lossy()),
                licence: "not known to Graft: whoever gave you the file says which".to_owned(),
                restriction: None,
            }),
            _ => Ok(Self {
                weights: format!("{} of {}", published.name, catalogue::title(&config.name)),
                licence: published.licence.to_owned(),
                restriction: published.restriction(),
            }),
        }
    }
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
        // A published file that a person put somewhere is under its licence still.
        let moved = WeightsSource::File("/x/vit_b_16_swag-9ac1b537.pth".into());
        assert!(origin("vit_b_16", moved).restriction.is_some());
        let own = origin("vit_b_16", WeightsSource::File("/x/mine.pth".into()));
        assert_eq!(own.weights, "the file mine.pth");
        assert!(own.licence.starts_with("not known"));
        let random = origin("vit_b_16", WeightsSource::Random);
        assert_eq!(random.weights, "random numbers");
    }
}
