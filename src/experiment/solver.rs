//! What a phase needs that is solved at once: logistic regression trains a linear head, on features that stay as they are and
//! on the plain loss.

use super::{Experiment, FreezePlan, NormPolicy, Views};

/// Versions of each picture that take the place of those that are drawn anew.
const VERSIONS: u32 = 4;

impl Experiment {
    /// What keeps phase `index` from being solved, as "`field` to be `value`"; nothing where its optimizer takes steps.
    pub fn solver_needs(&self, index: usize) -> Vec<String> {
        let Some(phase) = (self.phases.get(index)).filter(|phase| phase.optimizer.is_solver())
        else {
            return Vec::new();
        };
        let augmentation = &self.augmentation;
        let is_fresh = augmentation.is_active() && augmentation.views == Views::Fresh;
        let needs = [
            (
                phase.epochs != 1,
                format!("phases[{index}].epochs to be 1, because it ends at the solution"),
            ),
            (
                phase.freeze != FreezePlan::Backbone,
                format!("phases[{index}].freeze to be Backbone"),
            ),
            (
                self.backbone.frozen_norm != NormPolicy::Inference,
                "backbone.frozen_norm to be Inference".into(),
            ),
            (
                !self.head.layers.is_empty(),
                "head.layers to be empty, because it trains the output layer alone".into(),
            ),
            (
                is_fresh,
                format!(
                    "augmentation.views to be Cached({VERSIONS}) or another number, because it sees all versions at once"
                ),
            ),
            (
                augmentation.is_mixing(),
                "augmentation.mixup and augmentation.cutmix to be 0".into(),
            ),
            (
                self.training.label_smoothing != 0.0,
                "training.label_smoothing to be 0".into(),
            ),
        ];
        let missing = needs.into_iter().filter(|(is_missing, _)| *is_missing);
        missing.map(|(_, need)| need).collect()
    }

    /// Changes what [`Self::solver_needs`] names, and nothing else.
    pub fn fit_to_solver(&mut self, index: usize) {
        let Some(phase) = self.phases.get_mut(index) else {
            return;
        };
        phase.epochs = 1;
        phase.freeze = FreezePlan::Backbone;
        self.backbone.frozen_norm = NormPolicy::Inference;
        self.head.layers.clear();
        if self.augmentation.is_active() && self.augmentation.views == Views::Fresh {
            self.augmentation.views = Views::Cached(VERSIONS);
        }
        self.augmentation.mixup = 0.0;
        self.augmentation.cutmix = 0.0;
        self.training.label_smoothing = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Optimizer;
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_can_be_changed_at_once() {
        let mut experiment = Experiment::default();
        experiment.phases[0].freeze = FreezePlan::Nothing;
        experiment.backbone.frozen_norm = NormPolicy::Train;
        experiment.augmentation.horizontal_flip = true;
        experiment.augmentation.cutmix = 1.0;
        experiment.training.label_smoothing = 0.1;
        assert!(experiment.solver_needs(0).is_empty() && experiment.check().is_empty());
        experiment.phases[0].optimizer = Optimizer::LogisticRegression { c: None };
        assert_eq!(experiment.solver_needs(0).len(), 7);
        let problems = experiment.check();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].field, "phases[0].optimizer");
        for field in [
            "epochs",
            "freeze",
            "frozen_norm",
            "head.layers",
            "Cached",
            "mixup",
            "label_smoothing",
        ] {
            assert!(
                problems[0].message.contains(field),
                "{field}: {}",
                problems[0].message
            );
        }
        experiment.fit_to_solver(0);
        assert_eq!(experiment.check(), []);
        experiment.phases[0].optimizer = Optimizer::LogisticRegression { c: Some(0.0) };
        assert_eq!(experiment.check()[0].field, "phases[0].optimizer.c");
    }
}
