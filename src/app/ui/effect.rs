//! Controls that change nothing as things are, and why: they are shown, but disabled, with the reason below them. What the
//! trainer ignores is said here, and nowhere else.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use crate::app::core::state::{Scan, State, Tree};
use crate::data::{Dataset, Split};
use crate::experiment::{Experiment, FreezePlan, NormPolicy, Phase, Pooling, Schedule};
use crate::models::tree::LayerTree;

/// What surrounds an experiment and decides whether a control does anything. What is not known is absent, and then
/// nothing is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Situation {
    /// Pictures that the source itself assigns to validation and to test.
    pub assigned_validation: usize,
    pub assigned_test: usize,
    /// Pictures of each split.
    pub train: Option<usize>,
    pub validation: Option<usize>,
    pub test: Option<usize>,
    /// Whether training is on the processor.
    pub on_processor: Option<bool>,
    /// Whether the backbone has a BatchNorm.
    pub has_batch_norm: Option<bool>,
    /// Whether it gives one vector instead of a grid.
    pub gives_vector: Option<bool>,
}

/// A control of the panels that edit an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    ValidationShare,
    TestShare,
    Limit,
    MicroBatch,
    Monitor,
    Keep,
    EarlyStopping,
    Patience,
    FrozenPrecision,
    MixedPrecision,
    Tf32,
    TestViews,
    FrozenNorm,
    TrainedNorm,
    Pooling,
    Versions,
    Mixing,
    /// Of the phase at this index.
    LayerRates(usize),
    StepSchedule(usize),
    Epochs(usize),
    /// Learning rate, schedule and warm-up.
    Steps(usize),
    BatchSize,
    WeightAveraging,
}

impl Situation {
    pub fn build(state: &State) -> Self {
        let (mut situation, device) = (Self::default(), state.device.as_deref());
        if let Scan::Done { dataset, split, .. } = &state.scan {
            let assigned = ASSIGNED.with_borrow_mut(|known| known.of(dataset, assigned));
            (situation.assigned_validation, situation.assigned_test) = assigned;
            situation.train = Some(split.train.len());
            situation.validation = Some(split.validation.len());
            situation.test = Some(split.test.len());
        }
        situation.on_processor = match (device, &state.devices) {
            (Some(device), _) => Some(!device.starts_with("cuda")),
            (None, Some(devices)) => Some(devices.cuda.is_empty()),
            (None, None) => None,
        };
        if let Tree::Ready(tree) = &state.tree {
            let has_norm = NORMS.with_borrow_mut(|known| known.of(tree, has_batch_norm));
            situation.has_batch_norm = Some(has_norm);
            situation.gives_vector = Some(tree.root.output_shape.len() == 1);
        }
        situation
    }

    /// Why `control` changes nothing in a run of `experiment`; nothing where it does, or may.
    pub fn why_idle(&self, control: Control, experiment: &Experiment) -> Option<String> {
        let training = &experiment.training;
        let phases = &experiment.phases;
        let has_no_validation = self.validation == Some(0);
        let said = |text: &str| Some(text.to_owned());
        match control {
            Control::ValidationShare | Control::TestShare
                if experiment.data.split.folds.is_some() =>
            {
                (control == Control::TestShare)
                    .then(|| "Each fold of the cross-validation is the test once.".into())
            }
            Control::ValidationShare if self.assigned_validation > 0 => Some(format!(
                "By the data set itself, {} for validation: none are drawn at random.",
                are(self.assigned_validation)
            )),
            Control::TestShare if self.assigned_test > 0 => Some(format!(
                "By the data set itself, {} for the test: none are drawn at random.",
                are(self.assigned_test)
            )),
            Control::Limit => {
                let (limit, train) = (experiment.data.limit?, self.train?);
                // A limit that holds leaves just as many.
                (limit > train).then(|| {
                    let there_are = crate::format::unit(train as u64, "is", "are");
                    let pictures = crate::format::plural(
                        train as u64,
                        "training picture",
                        "training pictures",
                    );
                    format!("No effect: there {there_are} only {pictures}.")
                })
            }
            Control::MicroBatch => (training.micro_batch? >= training.batch_size)
                .then(|| "No effect: the batch size is not larger than that.".into()),
            Control::Monitor if has_no_validation => {
                said("There are no validation pictures to measure it on.")
            }
            Control::Keep if has_no_validation => said(
                "Without validation pictures there is no best epoch: the weights of the last one are kept.",
            ),
            Control::EarlyStopping if has_no_validation => {
                said("Without validation pictures, training can't stop early.")
            }
            Control::Patience => {
                let patience = training.early_stopping.as_ref()?.patience;
                let longest = phases.iter().map(|phase| phase.epochs).max()?;
                (patience >= longest).then(|| {
                    let longest = crate::format::plural(longest.into(), "epoch", "epochs");
                    format!("No effect: no phase has more than {longest}, so none stops early.")
                })
            }
            Control::FrozenPrecision if phases.iter().all(learns_everything) => {
                said("No layer is frozen in any phase.")
            }
            Control::MixedPrecision if is_all_frozen(experiment) => {
                said("No layer of the backbone is trained in any phase.")
            }
            Control::Tf32 if self.on_processor == Some(true) => said(
                "Only graphics cards have TF32, and training is on the processor here. The setting is kept for machines with a card.",
            ),
            Control::TestViews if self.test == Some(0) => said("There are no test pictures."),
            Control::TestViews => {
                let used = &experiment.augmentation;
                let has_flips = used.horizontal_flip || used.vertical_flip;
                (!has_flips && !used.turns_all_round()).then(|| {
                    "The augmentation uses no flips and no rotation of 180°, so there is nothing to average over.".into()
                })
            }
            Control::FrozenNorm | Control::TrainedNorm if self.has_batch_norm == Some(false) => {
                // Without BatchNorm, the other choice still rests the backbone's own dropout.
                (control == Control::FrozenNorm || is_all_frozen(experiment))
                    .then(|| "This backbone has no BatchNorm.".into())
            }
            Control::FrozenNorm if phases.iter().all(learns_everything) => {
                said("No layer is frozen in any phase.")
            }
            Control::TrainedNorm if is_all_frozen(experiment) => {
                said("No layer of the backbone is trained in any phase.")
            }
            Control::Pooling
                if self.gives_vector == Some(true)
                    && experiment.head.pooling != Pooling::AverageMax =>
            {
                said("This backbone gives one vector, its class token: there is nothing to pool.")
            }
            Control::Versions if !experiment.augmentation.is_active() => {
                said("No augmentation is switched on: there is one version of every picture.")
            }
            Control::Mixing if training.batch_size < 2 => {
                said("No effect: a batch of one picture has no other to mix it with.")
            }
            Control::LayerRates(index) => {
                let phase = phases.get(index)?;
                let is_head_alone = phase.freeze == FreezePlan::Backbone
                    && experiment.backbone.frozen_norm != NormPolicy::Train;
                is_head_alone.then(|| {
                    "Only the head is trained in this phase, at the full learning rate.".into()
                })
            }
            Control::StepSchedule(index) => {
                let phase = phases.get(index)?;
                let Schedule::Step { every_epochs, .. } = phase.schedule else {
                    return None;
                };
                (every_epochs >= phase.epochs).then(|| {
                    let epochs = crate::format::plural(phase.epochs.into(), "epoch", "epochs");
                    format!("No effect: the phase ends after {epochs}, before the first step.")
                })
            }
            Control::Epochs(index) => {
                let phase = phases.get(index)?;
                (phase.optimizer.is_solver() && phase.epochs == 1)
                    .then(|| "Logistic regression takes one epoch: it ends at the solution.".into())
            }
            Control::Steps(index) => (phases.get(index)?.optimizer.is_solver())
                .then(|| "No effect: logistic regression solves the head without steps.".into()),
            Control::BatchSize | Control::WeightAveraging if are_all_solved(phases) => {
                said("No effect: logistic regression solves the head without steps.")
            }
            _ => None,
        }
    }
}

/// What was found out of a shared thing last: panels ask in every frame, of as many pictures as there are.
struct Known<T, F> {
    of: Weak<T>,
    found: F,
}

impl<T, F: Copy> Known<T, F> {
    const fn new(found: F) -> Self {
        Self {
            of: Weak::new(),
            found,
        }
    }

    fn of(&mut self, thing: &Arc<T>, find: fn(&T) -> F) -> F {
        if !std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(thing)) {
            self.of = Arc::downgrade(thing);
            self.found = find(thing);
        }
        self.found
    }
}

thread_local! {
    static ASSIGNED: RefCell<Known<Dataset, (usize, usize)>> =
        const { RefCell::new(Known::new((0, 0))) };
    static NORMS: RefCell<Known<LayerTree, bool>> = const { RefCell::new(Known::new(false)) };
}

/// How many pictures the source itself assigns to validation and to the test. Those that are left out count: what the
/// source assigns, it assigns with them.
fn assigned(dataset: &Dataset) -> (usize, usize) {
    let left_out = dataset.excluded.iter().map(|excluded| &excluded.picture);
    let (mut validation, mut test) = (0, 0);
    for picture in dataset.pictures.iter().chain(left_out) {
        match picture.split {
            Some(Split::Validation) => validation += 1,
            Some(Split::Test) => test += 1,
            _ => {}
        }
    }
    (validation, test)
}

fn has_batch_norm(tree: &LayerTree) -> bool {
    let leaves = tree.leaves();
    leaves.iter().any(|leaf| leaf.kind.starts_with("BatchNorm"))
}

/// "40 pictures are", "1 picture is".
fn are(pictures: usize) -> String {
    crate::format::count(pictures, "picture is", "pictures are")
}

fn are_all_solved(phases: &[Phase]) -> bool {
    phases.iter().all(|phase| phase.optimizer.is_solver())
}

fn learns_everything(phase: &Phase) -> bool {
    phase.freeze == FreezePlan::Nothing
}

/// Whether nothing of the backbone ever changes.
fn is_all_frozen(experiment: &Experiment) -> bool {
    experiment.backbone.frozen_norm == NormPolicy::Inference
        && (experiment.phases.iter()).all(|phase| phase.freeze == FreezePlan::Backbone)
}

#[cfg(test)]
#[path = "effect_tests.rs"]
mod tests;
