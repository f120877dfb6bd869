//! What runs are called wherever several stand together: "#12 Fine-tuning, last 20, seed 2". The number is a run's own
//! for good; behind the experiment's name stands what differs from the other runs of that name, or the whole is a name
//! that a person gave.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::annotations::one_line;
use super::seeds::base_name;
use super::short_settings::Setting;

/// Settings in a name, beside the seed.
const MOST_SETTINGS: usize = 3;

/// What a run's name is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nameable<'a> {
    pub number: Option<u32>,
    /// The name that a person gave.
    pub given: Option<&'a str>,
    pub experiment: &'a str,
    pub seed: Option<u64>,
    /// Seconds since 1970.
    pub started: u64,
    pub settings: &'a [Setting],
}

/// "#12 Fine-tuning" as "Fine-tuning".
pub fn without_number(name: &str) -> &str {
    let words = name.strip_prefix('#').and_then(|rest| rest.split_once(' '));
    words.map_or(name, |(_, words)| words)
}

/// A name for each of `runs`, no two alike.
pub fn names(runs: &[Nameable<'_>]) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        groups
            .entry(base_name(run.experiment))
            .or_default()
            .push(index);
    }
    let mut names = vec![String::new(); runs.len()];
    for (base, group) in groups {
        for (&index, differing) in group.iter().zip(differing(runs, &group)) {
            let run = &runs[index];
            let experiment = if group.len() > 1 {
                base
            } else {
                run.experiment
            };
            names[index] = name(run, experiment, &differing);
        }
    }
    // A number from another folder of runs, or none: the later one says that it is another.
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&index| (runs[index].started, index));
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for index in order {
        let name = &mut names[index];
        if taken.contains(name) {
            let mut other = (2u32..).map(|count| format!("{name} ({count})"));
            let free = other.find(|other| !taken.contains(other));
            *name = free.unwrap_or_default();
        }
        taken.insert(name.clone());
    }
    names
}

fn name(run: &Nameable<'_>, experiment: &str, differing: &[String]) -> String {
    let mut name = match run.given.map(one_line).filter(|name| !name.is_empty()) {
        Some(given) => given,
        None => {
            let experiment = Some(one_line(experiment)).filter(|name| !name.is_empty());
            let mut parts = vec![experiment.unwrap_or_else(|| "Unnamed".to_owned())];
            parts.extend_from_slice(differing);
            parts.join(", ")
        }
    };
    if let Some(number) = run.number {
        name = format!("#{number} {name}");
    }
    name
}

/// For each run of a group, what tells it from the others, in the same settings for all of them.
fn differing(runs: &[Nameable<'_>], group: &[usize]) -> Vec<Vec<String>> {
    let mut texts = vec![Vec::new(); group.len()];
    if group.len() < 2 {
        return texts;
    }
    // Which runs can't be told apart yet: those with one number here.
    let mut classes = vec![0usize; group.len()];
    let columns = varying(runs, group);
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < MOST_SETTINGS {
        let before = count(&classes);
        let best = (0..columns.len())
            .filter(|index| !chosen.contains(index))
            .map(|index| (count(&split(&classes, &columns[index])), index))
            // Of equals, the first.
            .max_by_key(|&(number, index)| (number, usize::MAX - index));
        match best {
            Some((number, index)) if number > before => {
                classes = split(&classes, &columns[index]);
                chosen.push(index);
            }
            _ => break,
        }
    }
    chosen.sort_unstable();
    for index in chosen {
        for (texts, text) in texts.iter_mut().zip(&columns[index]) {
            texts.extend((!text.is_empty()).then(|| (*text).to_owned()));
        }
    }
    let seeds: Vec<String> = group
        .iter()
        .map(|&index| {
            runs[index]
                .seed
                .map_or_else(String::new, |seed| format!("seed {seed}"))
        })
        .collect();
    let seed_texts: Vec<&str> = seeds.iter().map(String::as_str).collect();
    if count(&split(&classes, &seed_texts)) > count(&classes) {
        for (texts, seed) in texts.iter_mut().zip(seeds) {
            texts.extend((!seed.is_empty()).then_some(seed));
        }
    }
    texts
}

/// The settings that are not the same for all runs of a group, what matters most first: each with a text per run, empty
/// where a run has no such setting.
fn varying<'a>(runs: &[Nameable<'a>], group: &[usize]) -> Vec<Vec<&'a str>> {
    let maps: Vec<HashMap<&str, &'a Setting>> = group
        .iter()
        .map(|&index| {
            let settings = runs[index].settings.iter();
            settings
                .map(|setting| (setting.field.as_str(), setting))
                .collect()
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut columns: Vec<(usize, Vec<&'a str>)> = Vec::new();
    for setting in group.iter().flat_map(|&index| runs[index].settings) {
        let field = setting.field.as_str();
        // The seed has the last word.
        if !seen.insert(field) || matches!(field, "seed" | "data.split.seed") {
            continue;
        }
        let texts: Vec<&str> = maps
            .iter()
            .map(|map| map.get(field).map_or("", |setting| setting.short.as_str()))
            .collect();
        if texts.iter().any(|text| *text != texts[0]) {
            columns.push((rank(field), texts));
        }
    }
    columns.sort_by_key(|(rank, _)| *rank);
    columns.into_iter().map(|(_, texts)| texts).collect()
}

/// What people speak of first.
fn rank(field: &str) -> usize {
    const ORDER: [&str; 11] = [
        "].freeze",
        "backbone.name",
        "backbone.weights",
        "].learning_rate",
        "].optimizer",
        "].epochs",
        "training.batch_size",
        "head.",
        "augmentation.",
        "phases[",
        "backbone.",
    ];
    ORDER
        .iter()
        .position(|part| field.contains(part))
        .unwrap_or(ORDER.len())
}

/// `classes` divided by a further text.
fn split(classes: &[usize], texts: &[&str]) -> Vec<usize> {
    let mut known: HashMap<(usize, &str), usize> = HashMap::new();
    classes
        .iter()
        .zip(texts)
        .map(|(&class, &text)| {
            let next = known.len();
            *known.entry((class, text)).or_insert(next)
        })
        .collect()
}

fn count(classes: &[usize]) -> usize {
    classes.iter().collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, FreezePlan};
    use crate::runs::short_settings::settings_of;

    fn experiment(name: &str, last: usize, seed: u64) -> Experiment {
        let mut experiment = Experiment {
            name: name.into(),
            seed,
            ..Experiment::default()
        };
        experiment.phases[0].freeze = FreezePlan::AllButLast(last);
        experiment
    }

    fn named(experiments: &[Experiment], said: &[(Option<u32>, Option<&str>)]) -> Vec<String> {
        let settings: Vec<Vec<Setting>> = experiments.iter().map(settings_of).collect();
        let runs: Vec<Nameable<'_>> = experiments
            .iter()
            .zip(&settings)
            .zip(said)
            .map(|((experiment, settings), &(number, given))| Nameable {
                number,
                given,
                experiment: &experiment.name,
                seed: Some(experiment.seed),
                started: 0,
                settings,
            })
            .collect();
        names(&runs)
    }

    #[test]
    fn a_name_says_what_differs_from_the_runs_of_that_name_and_no_more() {
        let said: Vec<(Option<u32>, Option<&str>)> =
            (1..=5).map(|number| (Some(number), None)).collect();
        let runs = [
            experiment("Fine-tuning", 20, 1),
            experiment("Fine-tuning, seed 2", 20, 2),
            experiment("Fine-tuning", 40, 1),
            experiment("Fine-tuning, seed 2", 40, 2),
            experiment("Feature extraction", 0, 1),
        ];
        assert_eq!(
            named(&runs, &said),
            [
                "#1 Fine-tuning, last 20, seed 1",
                "#2 Fine-tuning, last 20, seed 2",
                "#3 Fine-tuning, last 40, seed 1",
                "#4 Fine-tuning, last 40, seed 2",
                "#5 Feature extraction"
            ]
        );
        // Without the second seed, the first says nothing.
        let pair = [runs[0].clone(), runs[2].clone()];
        assert_eq!(
            named(&pair, &said),
            ["#1 Fine-tuning, last 20", "#2 Fine-tuning, last 40"]
        );
        // One alone is called as its experiment is.
        assert_eq!(named(&runs[1..2], &said), ["#1 Fine-tuning, seed 2"]);
    }

    #[test]
    fn a_name_that_was_given_wins_and_its_number_keeps_it_unique() {
        let runs = [
            experiment("A", 20, 1),
            experiment("A", 20, 1),
            experiment("A", 20, 1),
            experiment(" \n ", 20, 1),
        ];
        let given = [
            (Some(1), Some("the\nbest")),
            (Some(2), Some("the best")),
            (Some(2), Some("the best")),
            (None, None),
        ];
        assert_eq!(
            named(&runs, &given),
            ["#1 the best", "#2 the best", "#2 the best (2)", "Unnamed"]
        );
    }

    #[test]
    fn no_two_runs_of_any_set_have_one_name() {
        let mut state = 7u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for _ in 0..300 {
            let count = 1 + random(14) as usize;
            let names_there = ["A", "A, seed 2", "A (2)", "", "#1 A", "B\n"];
            let mut experiments = Vec::new();
            let mut said = Vec::new();
            for _ in 0..count {
                let name = names_there[random(6) as usize];
                let mut new = experiment(name, random(3) as usize, random(3).into());
                new.training.batch_size = 8 + random(2);
                experiments.push(new);
                let given = (random(3) == 0).then(|| names_there[random(6) as usize]);
                said.push(((random(2) == 0).then(|| random(4)), given));
            }
            let names = named(&experiments, &said);
            let unique: BTreeSet<&String> = names.iter().collect();
            assert_eq!(unique.len(), count, "{names:?}");
            assert!(
                names
                    .iter()
                    .all(|name| !name.trim().is_empty() && !name.contains('\n'))
            );
        }
    }
}
