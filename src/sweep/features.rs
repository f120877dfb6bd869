//! Which cells begin with the same features.

use sha2::{Digest, Sha256};

use crate::experiment::{Experiment, FreezePlan, Views};

/// A name that cells share whose first phase computes the same features of the frozen part. It may be the same where they
/// differ after all: one of both then waits in vain for a moment. `None` where there is nothing to share: nothing is frozen,
/// or every epoch sees other pictures, as it does where they are mixed.
pub(super) fn shared_features(experiment: &Experiment) -> Option<String> {
    let first = experiment.phases.first()?;
    let augmentation = &experiment.augmentation;
    let is_fresh = augmentation.is_active() && augmentation.views == Views::Fresh;
    if first.freeze == FreezePlan::Nothing || is_fresh || augmentation.is_mixing() {
        return None;
    }
    let data = &experiment.data;
    // Views are drawn by the seed.
    let views = augmentation
        .is_active()
        .then_some((augmentation, experiment.seed));
    let parts = format!(
        "{:?}",
        (
            (&data.source, &data.fit),
            &experiment.backbone,
            &first.freeze,
            views,
            (experiment.head.pooling, experiment.head.stages),
            experiment.training.precision,
        )
    );
    let mut hash = hex::encode(Sha256::digest(parts.as_bytes()));
    hash.truncate(24);
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_no_feature_shares_them() {
        let base = Experiment::default();
        let key = shared_features(&base);
        assert!(key.is_some());
        let mut other = base.clone();
        other.seed += 1;
        other.training.batch_size *= 2;
        other.phases[0].learning_rate *= 2.0;
        assert_eq!(shared_features(&other), key);

        let mut other = base.clone();
        other.backbone.name = "resnet18".into();
        assert_ne!(shared_features(&other), key);

        let mut other = base.clone();
        other.augmentation.horizontal_flip = true;
        assert_eq!(shared_features(&other), None);
        other.augmentation.views = Views::Cached(2);
        let views = shared_features(&other);
        assert!(views.is_some() && views != key);
        other.seed += 1;
        assert_ne!(shared_features(&other), views);

        let mut other = base.clone();
        other.augmentation.mixup = 0.2;
        assert_eq!(shared_features(&other), None);

        let mut other = base;
        other.phases[0].freeze = FreezePlan::Nothing;
        assert_eq!(shared_features(&other), None);
    }
}
