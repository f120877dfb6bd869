//! From a sweep to its cells.

mod base;
mod fault;
mod names;
mod remarks;
mod settings;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::cell::Cell;
use super::error::SweepError;
use super::file::Sweep;
use super::strategy;
use crate::data::scan;
use crate::experiment::preset::{Template, set_fields};
use crate::experiment::{BackboneConfig, Experiment, FieldProblem};
use crate::models::{catalogue, weights};
use crate::runs::{portable_paths, seeds};

use fault::{Fault, Place, located};
use names::{cell_name, labels};
use settings::{Choices, Setting};

/// More cells than this are nobody's intention.
const MOST_CELLS: usize = 100_000;

/// A sweep with all its cells, each of them checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub sweep: Sweep,
    /// The base preset with the sweep's `set`, and other pictures where they were named.
    pub base: Experiment,
    /// What the base's paths are relative to. (Those of the cells are absolute.)
    pub base_folder: Option<PathBuf>,
    /// Group by group, each in the order of its seeds.
    pub cells: Vec<Cell>,
    /// Paths of all that varies, in the order of the file.
    pub fields: Vec<String>,
    /// What each is called in the names of cells.
    pub labels: Vec<String>,
    /// What a person should know although the sweep can be carried out, as whole sentences.
    pub remarks: Vec<String>,
}

impl Plan {
    /// Makes the cells of `sweep`, which stands in `file`. `data`: pictures that are taken instead of the base's.
    ///
    /// # Errors
    /// When the base can't be read, and naming cell and value when one can't be trained; with the place in the file, where
    /// that holds this sweep.
    pub fn new(sweep: &Sweep, file: &Path, data: Option<&Path>) -> Result<Self, SweepError> {
        let (base, base_folder) = base(sweep, file, data)?;
        let made = Self::of_base(sweep, base, base_folder);
        made.map_err(|fault| located(fault, sweep, file))
    }

    /// The same for a base that stands in no file, and whose paths are relative to `base_folder`.
    ///
    /// # Errors
    /// Those of [`Plan::new`], without a place.
    pub fn of(
        sweep: &Sweep,
        base: Experiment,
        base_folder: Option<&Path>,
        data: Option<&Path>,
    ) -> Result<Self, SweepError> {
        let base = changed(sweep, base, data)?;
        Self::of_base(sweep, base, base_folder.map(Path::to_path_buf))
            .map_err(|fault| SweepError::Plan(fault.message))
    }

    fn of_base(
        sweep: &Sweep,
        base: Experiment,
        base_folder: Option<PathBuf>,
    ) -> Result<Self, Fault> {
        let fields: Vec<String> = (sweep.vary.iter())
            .flat_map(|varied| varied.fields.iter().map(|field| field.trim().to_owned()))
            .collect();
        let choices = Choices::new(sweep, &base)?;
        let settings = choices.settings(&sweep.strategy, sweep.seeds)?;
        let labels = labels(&fields);
        let template = Template::new(&base).map_err(Fault::whole)?;
        let mut settled = Settled::default();
        let mut cells = Vec::with_capacity(settings.len() * sweep.seeds as usize);
        for (group, setting) in settings.iter().enumerate() {
            let name = |seed| cell_name(&labels, &setting.texts, seed);
            let experiment = experiment(&template, &fields, setting)
                .and_then(|experiment| settled.settle(experiment, base_folder.as_deref(), setting))
                .map_err(|fault| fault.of_cell(&name(base.seed)))?;
            for experiment in under_seeds(&experiment, sweep.seeds) {
                cells.push(Cell {
                    name: name(experiment.seed),
                    settings: setting.texts.clone(),
                    seed: experiment.seed,
                    group,
                    experiment,
                });
            }
        }
        names::check_distinct(&cells).map_err(Fault::whole)?;
        let mut plan = Self {
            sweep: sweep.clone(),
            base,
            base_folder,
            cells,
            fields,
            labels,
            remarks: Vec::new(),
        };
        plan.remarks = remarks::of(&plan);
        Ok(plan)
    }

    /// How many settings there are, each under every seed.
    pub fn groups(&self) -> usize {
        self.cells.last().map_or(0, |cell| cell.group + 1)
    }

    /// The cells of a group.
    pub fn of_group(&self, group: usize) -> std::ops::Range<usize> {
        let seeds = self.sweep.seeds as usize;
        group * seeds..(group + 1) * seeds
    }

    /// The cells of part `index` of `of`, counted from 0: all parts together are all cells, and as even as possible.
    pub fn part(&self, index: usize, of: usize) -> Vec<usize> {
        let (count, of) = (self.cells.len(), of.max(1));
        (index * count / of..(index + 1) * count / of)
            .filter(|_| index < of)
            .collect()
    }

    /// The most epochs that a cell has in its full schedule.
    pub fn longest(&self) -> u32 {
        (self.cells.iter())
            .map(|cell| cell.experiment.epochs())
            .max()
            .unwrap_or(0)
    }

    /// Epochs that are trained in all if no cell fails and none ends early; of successive halving that does not wait about so
    /// many.
    pub fn epochs(&self) -> u64 {
        let groups = self.groups();
        let planned = |group: usize| {
            let cell = self.of_group(group).next();
            cell.and_then(|index| self.cells.get(index))
                .map_or(0, |cell| cell.experiment.epochs())
        };
        let epochs = strategy::epochs(
            &self.sweep.strategy,
            self.longest(),
            &(0..groups).map(planned).collect::<Vec<_>>(),
        );
        epochs * u64::from(self.sweep.seeds)
    }

    /// `learning_rate 0.001, batch_size 16`, for people; the name of the base where nothing varies.
    pub fn setting_text(&self, settings: &[String]) -> String {
        if settings.is_empty() {
            return self.base.name.clone();
        }
        let parts: Vec<String> = std::iter::zip(&self.labels, settings)
            .map(|(label, value)| format!("{label} {value}"))
            .collect();
        parts.join(", ")
    }
}

/// The base of a sweep that stands in `file`, with its `set` and other pictures, and the folder that its paths are relative
/// to. What varies is not looked at.
///
/// # Errors
/// When the base can't be read, or something of `set` is wrong.
pub fn base(
    sweep: &Sweep,
    file: &Path,
    data: Option<&Path>,
) -> Result<(Experiment, Option<PathBuf>), SweepError> {
    let (base, folder) = base::load(sweep, file)?;
    Ok((changed(sweep, base, data)?, folder))
}

/// With the sweep's `set`, and other pictures.
fn changed(
    sweep: &Sweep,
    mut base: Experiment,
    data: Option<&Path>,
) -> Result<Experiment, SweepError> {
    if let Some(fault) = set_fields(&mut base, &sweep.set).first() {
        let assignment = &sweep.set[fault.index];
        let reason = &fault.reason;
        return Err(SweepError::Plan(format!("“set”, {assignment}: {reason}")));
    }
    if let Some(path) = data {
        // Absolute, because the preset's own paths are relative to its folder.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        base.data.source = scan::recognise(&path).map_err(SweepError::Data)?;
    }
    Ok(base)
}

/// The experiment of a setting, its ranges unchecked.
fn experiment(
    template: &Template,
    fields: &[String],
    setting: &Setting,
) -> Result<Experiment, Fault> {
    let values: Vec<(&str, &str)> = std::iter::zip(fields, &setting.texts)
        .map(|(field, text)| (field.as_str(), text.as_str()))
        .collect();
    template.with(&values).map_err(Fault::whole)
}

/// The same under every seed, all on one split, whatever the number of seeds: more of them leave what there is as it is.
fn under_seeds(experiment: &Experiment, seeds: u32) -> Vec<Experiment> {
    let mut all = seeds::repeated(experiment, seeds.max(2));
    all.truncate(seeds as usize);
    all
}

/// What weight files say of their pictures' preprocessing, each asked once.
#[derive(Default)]
struct Settled(HashMap<String, BackboneConfig>);

impl Settled {
    /// The experiment as a run of it is begun: checked, its weights' preprocessing found out, its paths absolute.
    fn settle(
        &mut self,
        experiment: Experiment,
        base: Option<&Path>,
        setting: &Setting,
    ) -> Result<Experiment, Fault> {
        if let Some(FieldProblem { field, message }) = experiment.check().into_iter().next() {
            return Err(Fault {
                place: setting.place_of(&field),
                message: format!("“{field}” {message}"),
            });
        }
        if experiment.data.split.cross_validation().is_some() {
            let field = "data.split.folds";
            return Err(Fault {
                place: setting.place_of(field),
                message: format!(
                    "“{field}” makes each cell a cross-validation, which a sweep can’t be judged by: leave it out, and \
                     cross-validate the chosen setting with graft run"
                ),
            });
        }
        let mut experiment = experiment;
        if let Some(info) = catalogue::find(&experiment.backbone.name) {
            weights::preprocessing(info, &experiment.backbone)
                .map_err(|error| Fault::whole(error.to_string()))?;
            let key = format!("{:?}", experiment.backbone);
            let settled = self.0.entry(key).or_insert_with(|| {
                let mut backbone = experiment.backbone.clone();
                weights::settle(&mut backbone, base);
                backbone
            });
            experiment.backbone = settled.clone();
        }
        Ok(portable_paths::with_absolute_paths(&experiment, base))
    }
}

#[cfg(test)]
mod tests;
