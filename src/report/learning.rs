//! What of a run's network learned, and how far it moved.

use crate::experiment::Experiment;
use crate::figures::{
    FreezeFigure, FreezePhase, FreezeStage, MovementFigure, MovementStage, Parameters,
};
use crate::models::freeze::frozen_leaves;
use crate::models::head::head_parameters;
use crate::models::tree::{LayerTree, is_inside};
use crate::models::{self, ModelError, catalogue, weights};

use super::comparison::ComparedRun;

/// The layer tree of an experiment's backbone at its own input size.
pub(super) fn tree(experiment: &Experiment) -> Result<LayerTree, ModelError> {
    let backbone = &experiment.backbone;
    let size = backbone
        .input_size
        .or_else(|| {
            let info = catalogue::find(&backbone.name)?;
            Some(weights::input_size(info, backbone))
        })
        .unwrap_or(224);
    models::outline(&backbone.name, size)
}

/// The stages of `tree` and the head, with what of them learns in each phase. `classes` is their
/// number, which the head's parameters follow.
///
/// # Errors
/// When a freeze plan names a layer that the tree does not have.
pub fn freeze_figure(
    tree: &LayerTree,
    experiment: &Experiment,
    classes: usize,
) -> Result<FreezeFigure, ModelError> {
    let leaves = tree.leaves();
    let mut stages: Vec<FreezeStage> = tree
        .stages
        .iter()
        .map(|stage| FreezeStage {
            title: stage.title.clone(),
            detail: shape(&stage.output_shape),
        })
        .collect();
    stages.push(FreezeStage {
        title: "Head".to_owned(),
        detail: crate::format::count(classes, "class", "classes"),
    });
    let head = head_parameters(
        &experiment.head,
        tree.head_features(experiment.head.stages),
        classes as i64,
    );
    let mut phases = Vec::new();
    for phase in &experiment.phases {
        let frozen = frozen_leaves(&phase.freeze, tree)?;
        let mut counts: Vec<Parameters> = tree
            .stages
            .iter()
            .map(|stage| {
                let mut counts = Parameters::default();
                for (leaf, frozen) in leaves.iter().zip(&frozen) {
                    if !stage.paths.iter().any(|path| is_inside(&leaf.path, path)) {
                        continue;
                    }
                    if *frozen {
                        counts.frozen += leaf.parameters;
                    } else {
                        counts.trainable += leaf.parameters;
                    }
                }
                counts
            })
            .collect();
        counts.push(Parameters {
            trainable: head,
            frozen: 0,
        });
        phases.push(FreezePhase {
            name: phase.name.clone(),
            counts,
        });
    }
    let title = catalogue::title(&tree.backbone);
    Ok(FreezeFigure {
        title: format!("What learns: {}", experiment.name),
        remark: format!("{title} at {0} × {0} pixels", tree.input_size),
        stages,
        phases,
    })
}

/// `112 × 112 × 32`: height, width, channels, as a picture's size is read; or a vector's length.
fn shape(shape: &[i64]) -> String {
    match shape {
        [channels, height, width] => format!("{height} × {width} × {channels}"),
        other => {
            let sides: Vec<String> = other.iter().map(i64::to_string).collect();
            sides.join(" × ")
        }
    }
}

/// How far each layer of a run moved; nothing for a run that did not measure it.
pub(super) fn movement_figure(
    run: &ComparedRun,
    tree: Option<&LayerTree>,
) -> Option<MovementFigure> {
    let layers = &run.run.movement;
    if layers.is_empty() {
        return None;
    }
    let mut stages: Vec<MovementStage> = Vec::new();
    for layer in layers {
        let title = tree
            .and_then(|tree| {
                tree.stages
                    .iter()
                    .find(|stage| stage.paths.iter().any(|path| is_inside(&layer.path, path)))
            })
            .map_or("", |stage| stage.title.as_str());
        match stages.last_mut() {
            Some(stage) if stage.title == title => stage.layers.push(layer.relative_l2()),
            _ => stages.push(MovementStage {
                title: title.to_owned(),
                layers: vec![layer.relative_l2()],
            }),
        }
    }
    let still = layers
        .iter()
        .filter(|layer| layer.distance_l2 == 0.0)
        .count();
    Some(MovementFigure {
        title: format!("How far layers moved: {}", run.name),
        remark: format!(
            "|after − before| / |before| of {}; {still} stayed exactly as they were",
            crate::format::count(layers.len(), "layer with weights", "layers with weights")
        ),
        color: run.color,
        stages,
    })
}
