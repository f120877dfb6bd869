//! Which of the catalogue's weights an experiment means.

use std::path::Path;

use crate::experiment::WeightsSource;
use crate::models::{ArchitectureInfo, ModelError, WeightsInfo};

/// The catalogue's entry whose preprocessing belongs to `source`. A person's own file takes that of
/// the default weights, unless it is called as a published one.
///
/// # Errors
/// When `source` names weights that this backbone does not have; the text lists those it has.
pub fn chosen(
    info: &'static ArchitectureInfo,
    source: &WeightsSource,
) -> Result<&'static WeightsInfo, ModelError> {
    match source {
        WeightsSource::Pretrained | WeightsSource::Random => Ok(info.default_weights()),
        WeightsSource::Named(name) => info
            .weights
            .iter()
            .find(|weights| weights.name == name)
            .ok_or_else(|| unknown(info, name)),
        WeightsSource::File(path) | WeightsSource::Part { path, .. } => Ok(info
            .weights
            .iter()
            .find(|weights| is_called_like(path, weights))
            .unwrap_or(info.default_weights())),
    }
}

fn is_called_like(path: &Path, weights: &WeightsInfo) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name == weights.file_name)
}

fn unknown(info: &ArchitectureInfo, name: &str) -> ModelError {
    let known: Vec<&str> = info.weights.iter().map(|weights| weights.name).collect();
    ModelError::UnknownWeights {
        name: name.into(),
        backbone: info.name.into(),
        known: known.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::catalogue;

    #[test]
    fn every_entry_of_the_catalogue_is_found_by_its_name_and_its_file() {
        for info in catalogue::architectures() {
            for weights in info.weights {
                let named = WeightsSource::Named(weights.name.into());
                assert!(std::ptr::eq(chosen(info, &named).unwrap(), weights));
                let file = WeightsSource::File(Path::new("/x").join(weights.file_name));
                assert!(std::ptr::eq(chosen(info, &file).unwrap(), weights));
            }
        }
    }

    #[test]
    fn what_is_not_published_is_refused_with_what_is() {
        let info = catalogue::find("resnet18").unwrap();
        let named = WeightsSource::Named("IMAGENET1K_V9".into());
        let message = chosen(info, &named).unwrap_err().to_string();
        assert!(
            message.contains("IMAGENET1K_V9") && message.contains("resnet18 has IMAGENET1K_V1"),
            "{message}"
        );
        let own = WeightsSource::File("/x/mine.pth".into());
        assert!(std::ptr::eq(
            chosen(info, &own).unwrap(),
            info.default_weights()
        ));
    }
}
