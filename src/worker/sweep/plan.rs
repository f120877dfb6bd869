//! What follows from a sweep as it is edited: its cells, or what is wrong with which of its lines.

use std::path::Path;
use std::sync::Arc;

use crate::experiment::{Experiment, preset};
use crate::sweep::{self, Plan, Strategy, Sweep, SweepError};
use crate::worker::messages::{PlanAnswer, PlanBase, PlanInput};

/// A sweep that stands in no file is planned as if it were called so.
const UNSAVED: &str = "unsaved.sweep.ron";

pub(super) fn planned(input: &PlanInput) -> PlanAnswer {
    let planner = Planner(input);
    // The base must be there before anything can be said of what varies.
    let mut base = match planner.base() {
        Ok(base) => base,
        Err(error) => return PlanAnswer::failed(error.to_string(), input),
    };
    let mut problems_of_set: Vec<Option<String>> = vec![None; input.sweep.set.len()];
    for fault in preset::set_fields(&mut base, &input.sweep.set) {
        problems_of_set[fault.index].get_or_insert(fault.reason);
    }
    let plan = planner
        .plan(&input.sweep)
        .map_err(|error| error.to_string());
    let problems_of_vary = match &plan {
        Ok(_) => vec![None; input.sweep.vary.len()],
        Err(_) => planner.problems_of_vary(&problems_of_set),
    };
    PlanAnswer {
        plan: plan.map(Arc::new),
        base: Some(Arc::new(PlanBase {
            fields: preset::fields(&base),
            experiment: base,
        })),
        problems_of_set,
        problems_of_vary,
    }
}

impl PlanAnswer {
    /// Where nothing can be said of single lines.
    fn failed(reason: String, input: &PlanInput) -> Self {
        Self {
            plan: Err(reason),
            base: None,
            problems_of_set: vec![None; input.sweep.set.len()],
            problems_of_vary: vec![None; input.sweep.vary.len()],
        }
    }
}

/// Plans the sweep, or parts of it, on its base.
struct Planner<'a>(&'a PlanInput);

impl Planner<'_> {
    fn plan(&self, sweep: &Sweep) -> Result<Plan, SweepError> {
        let data = self.0.data.as_deref();
        match &self.0.base {
            Some((base, folder)) => Plan::of(sweep, base.clone(), folder.as_deref(), data),
            None => Plan::new(sweep, self.file(), data),
        }
    }

    /// The base without the changes of the sweep, on the pictures that it is trained on.
    fn base(&self) -> Result<Experiment, SweepError> {
        let bare = Sweep {
            set: Vec::new(),
            ..self.alone(&[])
        };
        match &self.0.base {
            Some(_) => self.plan(&bare).map(|plan| plan.base),
            None => sweep::base(&bare, self.file(), self.0.data.as_deref()).map(|(base, _)| base),
        }
    }

    fn file(&self) -> &Path {
        self.0.file.as_deref().unwrap_or(Path::new(UNSAVED))
    }

    /// The sweep with some of what varies alone, as few cells as that gives.
    fn alone(&self, vary: &[usize]) -> Sweep {
        let all = &self.0.sweep.vary;
        let vary: Vec<_> = vary
            .iter()
            .filter_map(|&index| all.get(index).cloned())
            .collect();
        let is_drawn = vary.iter().any(|varied| varied.values.is_distribution());
        Sweep {
            vary,
            strategy: match is_drawn {
                true => Strategy::Random { cells: 1, seed: 1 },
                false => Strategy::Grid,
            },
            seeds: 1,
            ..self.0.sweep.clone()
        }
    }

    /// What is wrong with each line of what varies, taken alone.
    fn problems_of_vary(&self, problems_of_set: &[Option<String>]) -> Vec<Option<String>> {
        let set: Vec<String> = (self.0.sweep.set.iter().zip(problems_of_set))
            .filter(|(_, problem)| problem.is_none())
            .map(|(line, _)| line.clone())
            .collect();
        (0..self.0.sweep.vary.len())
            .map(|index| {
                let alone = Sweep {
                    set: set.clone(),
                    ..self.alone(&[index])
                };
                self.plan(&alone).err().map(|error| error.to_string())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{Goal, Values, Varied};

    fn input(vary: Vec<Varied>, set: &[&str]) -> PlanInput {
        PlanInput {
            sweep: Sweep {
                name: "Sizes".into(),
                base: String::new(),
                set: set.iter().map(|&line| line.to_owned()).collect(),
                vary,
                strategy: Strategy::Grid,
                seeds: 2,
                goal: Goal::default(),
            },
            file: None,
            base: Some((Experiment::default(), None)),
            data: None,
        }
    }

    fn varied(field: &str, values: &[&str]) -> Varied {
        Varied {
            fields: vec![field.into()],
            values: Values::List(values.iter().map(|&value| value.to_owned()).collect()),
        }
    }

    #[test]
    fn a_base_that_stands_in_no_file_is_planned() {
        let vary = vec![
            varied("training.batch_size", &["16", "32"]),
            varied("phases[0].learning_rate", &["1e-3", "1e-4", "1e-5"]),
        ];
        let answer = planned(&input(vary, &["phases[0].epochs=3"]));
        let plan = answer.plan.unwrap();
        assert_eq!((plan.groups(), plan.cells.len()), (6, 12));
        assert!(plan.cells.iter().all(|cell| cell.experiment.epochs() == 3));
        assert_eq!(plan.sweep.base, "", "it is what the person edits");
        let base = answer.base.unwrap();
        assert!(
            base.fields
                .iter()
                .any(|field| field.path == "training.batch_size")
        );
    }

    #[test]
    fn what_is_wrong_is_said_of_its_line() {
        let vary = vec![
            varied("training.batch_size", &["16", "many"]),
            varied("phases[0].learning_rate", &["1e-3"]),
            varied("phases[0].speed", &["1"]),
        ];
        let answer = planned(&input(vary, &["seed=1", "head.pooling=Nowhere"]));
        assert!(answer.plan.is_err());
        let said: Vec<bool> = answer
            .problems_of_vary
            .iter()
            .map(Option::is_some)
            .collect();
        assert_eq!(said, [true, false, true], "{:?}", answer.problems_of_vary);
        let said: Vec<bool> = answer.problems_of_set.iter().map(Option::is_some).collect();
        assert_eq!(said, [false, true]);
        assert!(answer.base.is_some(), "fields can still be chosen");
    }

    #[test]
    fn a_base_that_is_not_there_is_said() {
        let mut input = input(vec![varied("seed", &["1"])], &[]);
        input.base = None;
        input.sweep.base = "nowhere.ron".into();
        let answer = planned(&input);
        let reason = answer.plan.unwrap_err();
        assert!(reason.contains("nowhere.ron"), "{reason}");
        assert!(answer.base.is_none());
    }
}
