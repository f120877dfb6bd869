//! Runs laid side by side: everything of them that is drawn or written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::evaluation::{ConfusionMatrix, Decision, Evaluation, Predictions};
use crate::experiment::Experiment;
use crate::figures::Rgb;
use crate::runs::{RunError, StoredRun, listing, store};
use crate::training::events::TestMetrics;

/// One or more runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub runs: Vec<ComparedRun>,
    /// Why the runs' tests can't be laid side by side; nothing where they can.
    pub obstacle: Option<String>,
}

/// One run with everything that is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedRun {
    /// The experiment's name, and the run's where two have the same.
    pub name: String,
    /// Begins the names of its files: its position and its experiment's name, `1-solar-cells`.
    pub slug: String,
    pub color: Rgb,
    pub run: StoredRun,
    pub experiment: Experiment,
    /// On its test pictures; nothing while it has not been tested.
    pub tested: Option<Tested>,
}

/// A run's answers on its test pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    pub predictions: Predictions,
    pub confusion: ConfusionMatrix,
    pub evaluation: Evaluation,
}

impl Comparison {
    /// Reads the runs in `folders`, each with the colour that it is drawn in.
    ///
    /// # Errors
    /// Naming the file that is missing or broken. A run without predictions is none.
    pub fn load(folders: &[(PathBuf, Rgb)]) -> Result<Self, RunError> {
        let runs = folders
            .iter()
            .map(|(folder, _)| store::open(folder))
            .collect::<Result<Vec<_>, _>>()?;
        let obstacle = store::check_comparable(&runs)
            .err()
            .map(|error| error.to_string());
        let places: Vec<PathBuf> = runs.iter().map(|run| run.folder.clone()).collect();
        let names = listing::names_among_all(&places);
        let mut compared = Vec::with_capacity(runs.len());
        for (index, ((run, name), (_, color))) in
            runs.into_iter().zip(names).zip(folders).enumerate()
        {
            let experiment = store::experiment(&run.folder)?;
            let tested = Tested::of(&run)?;
            compared.push(ComparedRun {
                slug: format!(
                    "{}-{}",
                    index + 1,
                    crate::runs::slug(&run.summary.experiment)
                ),
                name,
                color: *color,
                run,
                experiment,
                tested,
            });
        }
        Ok(Self {
            runs: compared,
            obstacle,
        })
    }

    /// Refuses runs that were not tested, or not on the same pictures.
    ///
    /// # Errors
    /// With the reason.
    pub fn check_tested(&self) -> Result<(), RunError> {
        if let Some(run) = self.runs.iter().find(|run| run.tested.is_none()) {
            return match store::predictions(&run.run.folder) {
                Err(error) => Err(error),
                Ok(_) => Err(RunError::Comparison(format!(
                    "{} has not been tested",
                    run.name
                ))),
            };
        }
        match &self.obstacle {
            Some(reason) => Err(RunError::Comparison(reason.clone())),
            None => Ok(()),
        }
    }

    /// What a reader must know of runs that did not come to their end, and of those that say the same twice, in whole
    /// sentences.
    pub fn remarks(&self) -> Vec<String> {
        let tested = self.tested();
        let mut remarks: Vec<String> = tested
            .iter()
            .filter_map(|(run, _)| Some(format!("{}: {}", run.name, run.run.shortfall()?)))
            .collect();
        for (index, (run, _)) in tested.iter().enumerate() {
            let twice = tested[..index]
                .iter()
                .find_map(|(other, _)| same(other, run));
            remarks.extend(twice);
        }
        remarks
    }

    /// The runs whose answers can be laid side by side.
    pub fn tested(&self) -> Vec<(&ComparedRun, &Tested)> {
        self.runs
            .iter()
            .filter_map(|run| Some((run, run.tested.as_ref()?)))
            .collect()
    }

    /// Whether there is something beside the first run to compare it with.
    pub fn is_several(&self) -> bool {
        self.runs.len() > 1
    }

    /// What the whole is called: the run's name, or the runs'.
    pub fn title(&self) -> String {
        let names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        match names.as_slice() {
            [] => "No runs".to_owned(),
            [one] => (*one).to_owned(),
            [one, other] => format!("{one} and {other}"),
            many => format!("{} runs", many.len()),
        }
    }
}

/// Whether `other` can say nothing that `one` has not said, in a whole sentence.
fn same(one: &ComparedRun, other: &ComparedRun) -> Option<String> {
    let folder = |run: &ComparedRun| fs::canonicalize(&run.run.folder).ok();
    if folder(one).is_some_and(|one| Some(one) == folder(other)) {
        return Some(format!(
            "{} and {} are one run: {}.",
            one.name,
            other.name,
            one.run.folder.display()
        ));
    }
    let (a, b) = (&one.run.summary, &other.run.summary);
    let is_repeat =
        a.seed.is_some() && a.seed == b.seed && a.recipe.is_some() && a.recipe == b.recipe;
    is_repeat.then(|| {
        format!(
            "{} and {} are repeats, with the same settings and the same seed: a difference between them says nothing of \
             either.",
            one.name, other.name
        )
    })
}

impl Tested {
    /// The same numbers as a training's own test has them.
    pub fn metrics(&self) -> TestMetrics {
        TestMetrics {
            loss: self.evaluation.probabilities.log_loss.value,
            accuracy: self.confusion.accuracy(),
            macro_f1: self.confusion.macro_f1(),
            n: self.predictions.rows.len(),
        }
    }

    /// Nothing while a run has not been tested.
    ///
    /// # Errors
    /// Naming the file that is missing or broken.
    pub(super) fn of(run: &StoredRun) -> Result<Option<Self>, RunError> {
        match run.summary.test {
            Some(_) => Self::load(&run.folder).map(Some),
            // A run that has not come to its end may have been evaluated.
            None => Ok(Self::load(&run.folder).ok()),
        }
    }

    fn load(folder: &Path) -> Result<Self, RunError> {
        let predictions = store::predictions(folder)?;
        Ok(Self {
            confusion: ConfusionMatrix::new(&predictions),
            evaluation: Evaluation::new(&predictions, &Decision::default()),
            predictions,
        })
    }
}
