//! One experiment under several seeds: how it is repeated, and how repetitions are recognised.

use sha2::{Digest, Sha256};

use crate::experiment::Experiment;

/// What stands between an experiment's name and its seed.
const SEED: &str = ", seed ";

/// `experiment` under `count` seeds, beginning with its own. The split is drawn by one seed for all,
/// so that every repetition is trained and tested on the same pictures; what varies is the head's
/// first weights, the order, augmentation and dropout. One seed leaves the experiment as it is.
pub fn repeated(experiment: &Experiment, count: u32) -> Vec<Experiment> {
    if count <= 1 {
        return vec![experiment.clone()];
    }
    (0..u64::from(count))
        .map(|step| {
            let mut copy = experiment.clone();
            copy.data.split.seed = Some(split_seed(experiment));
            copy.seed = experiment.seed.wrapping_add(step);
            copy.name = format!("{}{SEED}{}", base_name(&experiment.name), copy.seed);
            copy
        })
        .collect()
}

/// The seed that draws the split.
pub fn split_seed(experiment: &Experiment) -> u64 {
    experiment.data.split.seed.unwrap_or(experiment.seed)
}

/// The name that repetitions share: without the seed at its end.
pub fn base_name(name: &str) -> &str {
    match name.rsplit_once(SEED) {
        Some((base, seed)) if seed.parse::<u64>().is_ok() => base,
        _ => name,
    }
}

/// The same for experiments that differ in their seed, name and notes alone: SHA-256 of the rest,
/// the split's seed included.
pub fn recipe(experiment: &Experiment) -> String {
    let mut rest = experiment.clone();
    rest.data.split.seed = Some(split_seed(experiment));
    rest.seed = 0;
    rest.name = String::new();
    rest.notes = String::new();
    Sha256::digest(recipe_text(&rest).as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// As versions before wrote it, without what was added later and is off: their runs are repetitions of the same.
fn recipe_text(experiment: &Experiment) -> String {
    let text = serde_json::to_string(experiment).unwrap_or_default();
    text.replace(r#""micro_batch":null,"#, "")
        .replace(r#","trivial_augment":false,"mixup":0.0,"cutmix":0.0"#, "")
}

/// Of runs of one experiment, those that count: one of each seed, the newest. Another with the same seed is a repeat,
/// which gives the same numbers again and says nothing of how much is luck. In the order of their first; a run whose seed
/// is not known counts by itself. `run`: the seed and the start of the run at an index.
pub fn one_per_seed(group: &[usize], run: impl Fn(usize) -> (Option<u64>, u64)) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for &index in group {
        let (seed, started) = run(index);
        let twin = kept
            .iter_mut()
            .find(|other| seed.is_some() && run(**other).0 == seed);
        match twin {
            Some(twin) if started >= run(*twin).1 => *twin = index,
            Some(_) => {}
            None => kept.push(index),
        }
    }
    kept
}

/// Indices that belong together, each group in the order of its first member: by `key`, where an index
/// without a key stands alone.
pub fn groups<K: PartialEq>(keys: &[Option<K>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let group = key
            .as_ref()
            .and_then(|_| groups.iter_mut().find(|group| keys[group[0]] == *key));
        match group {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_share_the_split_and_differ_in_their_seed() {
        let experiment = Experiment {
            name: "Fine-tuning".into(),
            seed: 7,
            ..Experiment::default()
        };
        let all = repeated(&experiment, 3);
        let seeds: Vec<u64> = all.iter().map(|copy| copy.seed).collect();
        assert_eq!(seeds, [7, 8, 9]);
        assert!(all.iter().all(|copy| copy.data.split.seed == Some(7)));
        assert_eq!(all[1].name, "Fine-tuning, seed 8");
        assert_eq!(base_name(&all[1].name), "Fine-tuning");
        assert_eq!(
            base_name("Fine-tuning, seed of doubt"),
            "Fine-tuning, seed of doubt"
        );
        // The first repetition is the experiment itself, whatever it is called.
        assert!(all.iter().all(|copy| recipe(copy) == recipe(&experiment)));
        assert_eq!(repeated(&experiment, 1), std::slice::from_ref(&experiment));
        // Repeated again, a repetition is not called twice after its seed.
        assert_eq!(repeated(&all[1], 3)[0].name, "Fine-tuning, seed 8");

        let mut other = experiment.clone();
        other.training.batch_size += 1;
        assert_ne!(recipe(&other), recipe(&experiment));
        // Without a split seed of its own, another seed draws another split.
        let other = Experiment {
            seed: 8,
            ..experiment.clone()
        };
        assert_ne!(recipe(&other), recipe(&experiment));
    }

    #[test]
    fn what_was_added_later_and_is_off_changes_no_recipe() {
        let experiment = Experiment::default();
        let text = recipe_text(&experiment);
        assert!(
            text.contains(r#""color_jitter":0.0,"cutout":0.0},"#),
            "{text}"
        );
        assert!(!text.contains("micro_batch"), "{text}");
        let differs = |change: fn(&mut Experiment)| {
            let mut other = experiment.clone();
            change(&mut other);
            recipe(&other) != recipe(&experiment)
        };
        assert!(differs(|other| other.augmentation.mixup = 0.2));
        assert!(differs(|other| other.augmentation.cutmix = 1.0));
        assert!(differs(|other| other.augmentation.trivial_augment = true));
    }

    #[test]
    fn repeats_of_a_seed_count_once() {
        let runs = [
            (Some(7), 1),
            (Some(7), 3),
            (Some(8), 2),
            (Some(7), 2),
            (None, 1),
            (None, 1),
        ];
        assert_eq!(
            one_per_seed(&[0, 1, 2, 3, 4, 5], |index| runs[index]),
            [1, 2, 4, 5]
        );
        assert_eq!(one_per_seed(&[0, 1, 3], |index| runs[index]), [1]);
    }

    #[test]
    fn groups_keep_the_order_and_what_has_no_key_stands_alone() {
        let keys = [Some("a"), None, Some("b"), Some("a"), None];
        assert_eq!(groups(&keys), vec![vec![0, 3], vec![1], vec![2], vec![4]]);
    }
}
