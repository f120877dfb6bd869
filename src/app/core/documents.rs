//! Open experiments as documents: edits, undo, saving, and what a new one starts from.

use std::path::{Path, PathBuf};

use super::state::{Document, DocumentId};
use crate::experiment::advice::Strategy;
use crate::experiment::{Experiment, FreezePlan, WeightsSource, preset};
use crate::paths;
use crate::runs::atomic;

/// Steps of undo that a document keeps.
const UNDO: usize = 200;

impl Document {
    /// A document that counts as unchanged.
    pub fn new(experiment: Experiment, file: Option<PathBuf>) -> Self {
        let problems = experiment.check();
        Self {
            id: DocumentId::unused(),
            saved: experiment.clone(),
            experiment,
            file,
            origin: None,
            included: true,
            undo: Vec::new(),
            redo: Vec::new(),
            last_edit: None,
            problems,
        }
    }

    /// Reads a preset.
    ///
    /// # Errors
    /// The preset's own error: file, line, field and what is allowed.
    pub fn load(path: &Path) -> Result<Self, preset::PresetError> {
        Ok(Self::new(preset::load(path)?, Some(path.to_path_buf())))
    }

    /// The folder that relative paths of this experiment start from.
    pub fn base(&self) -> Option<PathBuf> {
        match self.file.as_deref() {
            Some(file) => file.parent().map(Path::to_path_buf),
            None => self.origin.clone(),
        }
    }

    /// Takes relative paths to mean what they mean in `other`, which this was copied from.
    pub fn adopt_base(&mut self, other: &Self) {
        self.origin = other.base();
    }

    /// One step of undo, merged with the last one when both come from the control `merge`.
    pub fn edit(&mut self, experiment: Experiment, merge: &'static str) {
        if experiment == self.experiment {
            return;
        }
        if merge.is_empty() || self.last_edit != Some(merge) {
            self.undo
                .push(std::mem::replace(&mut self.experiment, experiment));
            if self.undo.len() > UNDO {
                self.undo.remove(0);
            }
        } else {
            self.experiment = experiment;
        }
        self.redo.clear();
        self.last_edit = Some(merge);
        self.problems = self.experiment.check();
    }

    /// An edit that a panel drew upon `before`: what it changed is changed here, whatever else has changed meanwhile.
    pub fn apply(&mut self, before: &Experiment, edited: Experiment, merge: &'static str) {
        let experiment = merged(&self.experiment, before, edited);
        self.edit(experiment, merge);
    }

    /// Back by one step; whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.undo.pop() else {
            return false;
        };
        self.redo
            .push(std::mem::replace(&mut self.experiment, before));
        self.settle();
        true
    }

    /// Forward again by one step; whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.redo.pop() else {
            return false;
        };
        self.undo
            .push(std::mem::replace(&mut self.experiment, after));
        self.settle();
        true
    }

    /// Back to what was last saved or loaded; itself a step that can be undone.
    pub fn reset(&mut self) {
        let saved = self.saved.clone();
        self.edit(saved, "");
    }

    fn settle(&mut self) {
        self.last_edit = None;
        self.problems = self.experiment.check();
    }

    /// Writes the preset to `path`, which becomes the document's file. Paths relative to the old
    /// folder are made to work from the new one.
    ///
    /// # Errors
    /// A sentence with the path when the file can't be written; the document is as it was.
    pub fn save_to(&mut self, path: &Path) -> Result<(), String> {
        let mut experiment = self.experiment.clone();
        let base = self.base();
        if base.as_deref() != path.parent() {
            make_absolute(&mut experiment, base.as_deref());
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("{error}: {}", folder.display()))?;
        }
        atomic::write(path, preset::to_text(&experiment).as_bytes())
            .map_err(|error| format!("{error}: {}", path.display()))?;
        self.experiment = experiment.clone();
        self.saved = experiment;
        self.file = Some(path.to_path_buf());
        self.last_edit = None;
        Ok(())
    }
}

/// `current` with those parts of `edited` that differ from `before`. Two controls of two panels may change one experiment
/// in one frame (a text that loses the focus to the switch that is pressed), and a thread's answer may come between.
fn merged(current: &Experiment, before: &Experiment, edited: Experiment) -> Experiment {
    if current == before {
        return edited;
    }
    fn part<T: Clone + PartialEq>(current: &T, before: &T, edited: T) -> T {
        if edited == *before {
            current.clone()
        } else {
            edited
        }
    }
    let Experiment {
        name,
        notes,
        seed,
        data,
        backbone,
        head,
        augmentation,
        training,
        phases,
    } = edited;
    Experiment {
        name: part(&current.name, &before.name, name),
        notes: part(&current.notes, &before.notes, notes),
        seed: part(&current.seed, &before.seed, seed),
        data: part(&current.data, &before.data, data),
        backbone: part(&current.backbone, &before.backbone, backbone),
        head: part(&current.head, &before.head, head),
        augmentation: part(&current.augmentation, &before.augmentation, augmentation),
        training: part(&current.training, &before.training, training),
        phases: part(&current.phases, &before.phases, phases),
    }
}

pub fn make_absolute(experiment: &mut Experiment, base: Option<&Path>) {
    let mend = |path: &mut PathBuf| {
        if path.is_relative() && !path.starts_with("$GRAFT_DATA") {
            *path = paths::expand(path, base);
        }
    };
    if let Some(path) = experiment.data.source.path_mut() {
        mend(path);
    }
    if let Some(file) = experiment.backbone.weights.file_mut() {
        mend(file);
    }
}

/// A file name for an experiment that has none: `solar-cells-fine-tuning.ron`.
pub fn file_name(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_alphanumeric() {
            text.extend(character.to_lowercase());
        } else if !text.ends_with('-') && !text.is_empty() {
            text.push('-');
        }
    }
    let text = text.trim_end_matches('-');
    format!("{}.ron", if text.is_empty() { "experiment" } else { text })
}

/// A file's name without its folders.
pub fn file_title(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// `name`, or `name 2`, `name 3` … where it is taken.
pub fn unused_name(name: &str, documents: &[Document]) -> String {
    let taken = |name: &str| {
        documents
            .iter()
            .any(|document| document.experiment.name == name)
    };
    if !taken(name) {
        return name.to_owned();
    }
    let stem = name
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end();
    (2..)
        .map(|number| format!("{stem} {number}"))
        .find(|name| !taken(name))
        .unwrap_or_default()
}

/// Feature extraction and fine-tuning on the data, backbone, head and augmentation of `experiment`:
/// the head alone for ten epochs; the head for five, then the last 20 layers at a tenth of the rate.
pub fn both_ways(experiment: &Experiment) -> [Experiment; 2] {
    let mut extraction = experiment.clone();
    extraction.name = "Feature extraction".into();
    extraction.phases = Strategy::FeatureExtraction.phases();
    let mut tuning = experiment.clone();
    tuning.name = "Fine-tuning".into();
    tuning.phases = Strategy::TopLayers.phases();
    for experiment in [&mut extraction, &mut tuning] {
        if experiment.backbone.weights == WeightsSource::Random {
            experiment.backbone.weights = WeightsSource::Pretrained;
        }
    }
    [extraction, tuning]
}

/// Whether the backbone of `experiment` stays frozen throughout.
pub fn is_feature_extraction(experiment: &Experiment) -> bool {
    experiment
        .phases
        .iter()
        .all(|phase| phase.freeze == FreezePlan::Backbone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::DataSource;

    fn document() -> Document {
        crate::app::features::fakes::document(Experiment::default())
    }

    fn with_seed(seed: u64) -> Experiment {
        Experiment {
            seed,
            ..Experiment::default()
        }
    }

    #[test]
    fn edits_of_one_control_are_one_step_of_undo() {
        let mut document = document();
        for seed in 1..=5 {
            document.edit(with_seed(seed), "seed");
        }
        document.edit(
            Experiment {
                notes: "n".into(),
                ..with_seed(5)
            },
            "notes",
        );
        assert!(document.is_changed());
        assert!(document.undo());
        assert_eq!(document.experiment, with_seed(5));
        assert!(document.undo());
        assert!(!document.is_changed());
        assert!(!document.undo());
        assert!(document.redo() && document.redo() && !document.redo());
        assert_eq!(document.experiment.notes, "n");
    }

    #[test]
    fn an_edit_after_undo_forgets_the_way_forward_and_reset_can_be_undone() {
        let mut document = document();
        document.edit(with_seed(1), "seed");
        document.undo();
        document.edit(with_seed(2), "seed");
        assert!(!document.redo());
        document.reset();
        assert!(!document.is_changed());
        assert!(document.undo());
        assert_eq!(document.experiment.seed, 2);
    }

    #[test]
    fn names_of_files_and_copies() {
        let cases = [
            ("Solar cells, fine-tuning", "solar-cells-fine-tuning.ron"),
            ("  ", "experiment.ron"),
            ("Äpfel/../etc", "äpfel-etc.ron"),
        ];
        for (name, expected) in cases {
            assert_eq!(file_name(name), expected);
        }
        let mut documents = vec![document()];
        let second = unused_name("Feature extraction", &documents);
        assert_eq!(second, "Feature extraction 2");
        documents[0].experiment.name = second;
        assert_eq!(
            unused_name("Feature extraction 2", &documents),
            "Feature extraction 3"
        );
    }

    #[test]
    fn both_ways_differ_in_their_phases_alone() {
        let [extraction, tuning] = both_ways(&Experiment {
            seed: 9,
            ..Experiment::default()
        });
        assert!(is_feature_extraction(&extraction) && !is_feature_extraction(&tuning));
        let same = Experiment {
            name: tuning.name.clone(),
            phases: tuning.phases.clone(),
            ..extraction
        };
        assert_eq!(same, tuning);
    }

    #[test]
    fn relative_paths_keep_their_meaning_in_another_folder() {
        let mut experiment = Experiment::default();
        experiment.data.source = DataSource::ClassFolders {
            path: "pictures".into(),
        };
        experiment.backbone.weights = WeightsSource::File("$GRAFT_DATA/w.pth".into());
        make_absolute(&mut experiment, Some(Path::new("/presets")));
        assert_eq!(
            experiment.data.source,
            DataSource::ClassFolders {
                path: "/presets/pictures".into()
            }
        );
        assert_eq!(
            experiment.backbone.weights,
            WeightsSource::File("$GRAFT_DATA/w.pth".into())
        );
    }
}
