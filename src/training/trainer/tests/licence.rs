//! What a run says of the licence of its weights.

use tch::{Device, Tensor};

use super::fixture::{experiment, phase, pictures, request, run};
use crate::experiment::{FreezePlan, WeightsSource};
use crate::models;

/// Whoever trains on weights that were fetched years ago, or by somebody else, has heard nothing before their download.
#[test]
fn what_a_licence_restricts_is_said_by_every_run_on_its_weights() {
    let pictures = pictures(2, [6, 2, 2]);
    let said = |backbone: &str| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.safetensors");
        let network = models::build(backbone, 1, Device::Cpu).unwrap();
        let named: Vec<(&str, &Tensor)> = (network.parameters().entries.iter())
            .map(|entry| (entry.name.as_str(), &entry.tensor))
            .collect();
        Tensor::write_safetensors(&named, &file).unwrap();
        let mut experiment = experiment(vec![phase(FreezePlan::Backbone, 1)]);
        experiment.backbone.name = backbone.into();
        experiment.backbone.weights = WeightsSource::File(file);
        let run = run(&request(&pictures, experiment));
        run.result.unwrap();
        let warnings = run.witness.warnings().into_iter();
        warnings
            .filter(|warning| warning.contains("LICENCE"))
            .collect()
    };
    let warnings = said("vit_small_patch16_dinov3");
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}");
    };
    assert!(
        warning.starts_with("RESTRICTED LICENCE") && warning.contains("a copy of it"),
        "{warning}"
    );
    assert!(said("mobilenet_v3_small").is_empty());
}
