use super::*;
use crate::experiment::{BackboneConfig, HeadLayer};

fn experiment() -> Experiment {
    Experiment {
        phases: vec![
            Phase {
                epochs: 3,
                learning_rate: 0.02,
                ..Phase::default()
            },
            Phase {
                freeze: FreezePlan::Nothing,
                epochs: 7,
                ..Phase::default()
            },
        ],
        ..Experiment::default()
    }
}

#[test]
fn folds_train_the_head_alone_as_the_run_did() {
    let mut run = experiment();
    run.augmentation.rotation = 10.0;
    run.training.keep = Keep::Best;
    run.head.layers = vec![HeadLayer::Dropout(0.3)];
    let plan = super::plan(&run);
    assert_eq!(plan.phases, run.phases[..1]);
    assert_eq!(plan.head, run.head);
    assert!(!plan.augmentation.is_active() && plan.training.keep == Keep::Last);

    // Fine-tuned at once: its backbone has seen every picture, so the pre-trained one is taken.
    run.phases.remove(0);
    let plan = super::plan(&run);
    assert_eq!(plan.phases, [Phase::default()]);
    assert_eq!(plan.backbone, run.backbone);

    // From scratch: there is no other backbone.
    run.backbone = BackboneConfig {
        weights: WeightsSource::Random,
        ..run.backbone
    };
    assert_eq!(super::plan(&run).phases, run.phases);
}

#[test]
fn too_few_pictures_are_refused() {
    let request = |folds| OutOfFoldRequest {
        folder: Path::new("run"),
        folds,
        device: None,
    };
    let labels = [0, 1, 0, 1, 0, 1, 0, 1];
    assert!(check(&request(4), &labels).is_ok());
    for (folds, labels) in [
        (1, &labels[..]),
        (5, &labels[..]),
        (2, &[1, 1, 1, 1, 1][..]),
    ] {
        assert!(check(&request(folds), labels).is_err(), "{folds}");
    }
}
