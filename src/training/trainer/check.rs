//! What keeps an experiment from being run, before anything takes long.

use crate::experiment::{Experiment, HeadLayer, OutputLayer};
use crate::training::error::TrainingError;
use crate::training::network::Network;
use crate::training::phase_plan::{PhasePlan, unknown_paths};
use crate::training::request::TrainingRequest;

/// What can be told before anything is built.
pub(super) fn check(request: &TrainingRequest) -> Result<(), TrainingError> {
    let experiment = &request.experiment;
    let problems = experiment.check();
    if !problems.is_empty() {
        let lines: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.field, problem.message))
            .collect();
        return Err(TrainingError::Experiment(lines.join("; ")));
    }
    let classes = request.dataset.classes.len();
    let refuse = |text: String| Err(TrainingError::Experiment(text));
    if experiment.phases.is_empty() || experiment.epochs() == 0 {
        return refuse("there is no epoch to train: add a phase".into());
    }
    if classes < 2 {
        return refuse(format!(
            "the data has {}, and at least two classes are needed",
            crate::format::count(classes, "class", "classes")
        ));
    }
    if experiment.head.output == OutputLayer::Sigmoid && classes != 2 {
        return refuse(format!(
            "head.output is Sigmoid, which is for two classes, but the data has {classes}: choose Softmax"
        ));
    }
    if request.split.train.is_empty() {
        return refuse("there are no training pictures: lower the shares in data.split".into());
    }
    let count = request.dataset.pictures.len();
    let split = &request.split;
    if split
        .train
        .iter()
        .chain(&split.validation)
        .chain(&split.test)
        .any(|&index| index >= count)
    {
        return refuse("the split does not belong to these pictures: split them again".into());
    }
    Ok(())
}

/// What every phase means for `network`.
///
/// # Errors
/// [`TrainingError::Experiment`] where a phase can't be trained.
pub(super) fn plan_phases(
    experiment: &Experiment,
    network: &Network,
) -> Result<Vec<PhasePlan>, TrainingError> {
    let head_by_batch = experiment.head.layers.contains(&HeadLayer::BatchNorm);
    let mut plans = Vec::new();
    for (index, phase) in experiment.phases.iter().enumerate() {
        let mut plan = network.plan(phase, experiment)?;
        plan.normalizes_by_batch |= head_by_batch;
        let training = &experiment.training;
        if plan.normalizes_by_batch && training.micro_batch == Some(1) && training.batch_size > 1 {
            return Err(TrainingError::Experiment(
                "training.micro_batch is 1, but a BatchNorm that learns needs at least 2 pictures to normalise by"
                    .into(),
            ));
        }
        if plan.normalizes_by_batch && training.batch_size < 2 {
            return Err(TrainingError::Experiment(
                "training.batch_size is 1, but a BatchNorm that learns needs at least 2 pictures to \
                 normalise by"
                    .into(),
            ));
        }
        if let Some(path) = unknown_paths(&phase.layer_rates, &network.tree).first() {
            return Err(TrainingError::Experiment(format!(
                "phases[{index}].layer_rates names “{path}”, which is no layer of {}",
                experiment.backbone.name
            )));
        }
        plans.push(plan);
    }
    Ok(plans)
}
