//! Which experiments were open, so that the next start can offer them again; and what was not saved, should the window
//! end without asking.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::session::Session;
use super::state::{Document, NoticeKind};
use crate::experiment::{Experiment, preset};

/// An experiment that was open, as the settings keep it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenExperiment {
    pub name: String,
    pub file: Option<PathBuf>,
    /// Where its relative paths start while it has no file.
    pub origin: Option<PathBuf>,
    pub included: bool,
    /// Whether it was the one that was shown.
    pub active: bool,
    /// What its file does not hold: all of it where there is none.
    #[serde(with = "as_preset")]
    pub unsaved: Option<Arc<Experiment>>,
}

impl OpenExperiment {
    /// Whether its paths can be written into a text.
    pub fn is_text(&self) -> bool {
        let is_text = |path: &Option<PathBuf>| path.as_deref().is_none_or(|p| p.to_str().is_some());
        is_text(&self.file) && is_text(&self.origin)
    }

    fn of(document: &Document, active: bool, kept: Option<&Self>, declined: bool) -> Self {
        let experiment = if declined {
            &document.saved
        } else {
            &document.experiment
        };
        let is_in_the_file = document.file.is_some() && *experiment == document.saved;
        // The same again, as long as it did not change: this is asked every frame.
        let kept = kept.and_then(|kept| kept.unsaved.clone());
        let unsaved = (!is_in_the_file).then(|| {
            kept.filter(|kept| **kept == *experiment)
                .unwrap_or_else(|| Arc::new(experiment.clone()))
        });
        Self {
            name: experiment.name.clone(),
            file: document.file.clone(),
            origin: document.origin.clone(),
            included: document.included,
            active,
            unsaved,
        }
    }

    /// The document as it was.
    ///
    /// # Errors
    /// A sentence about the file that can't be read.
    fn open(&self) -> Result<Option<Document>, String> {
        let mut document = match (&self.file, &self.unsaved) {
            (None, None) => return Ok(None),
            (None, Some(unsaved)) => {
                let mut document = Document::new((**unsaved).clone(), None);
                document.origin.clone_from(&self.origin);
                document
            }
            (Some(file), unsaved) => match (Document::load(file), unsaved) {
                (Ok(mut document), unsaved) => {
                    if let Some(unsaved) = unsaved {
                        document.edit((**unsaved).clone(), "");
                    }
                    document
                }
                // The file has gone: what was not saved is all that there is.
                (Err(_), Some(unsaved)) => {
                    let mut document = Document::new((**unsaved).clone(), None);
                    document.origin = file.parent().map(Path::to_path_buf);
                    document
                }
                (Err(problem), None) => return Err(problem.to_string()),
            },
        };
        document.included = self.included;
        Ok(Some(document))
    }
}

impl Session {
    /// What is open now; what was open last, while nothing is. `declined`: a person has said that changes are not to be
    /// saved.
    pub fn open_experiments(&self, declined: bool) -> Vec<OpenExperiment> {
        let kept = &self.settings.last_session;
        if self.state.documents.is_empty() {
            return kept.clone();
        }
        (self.state.documents.iter().enumerate())
            .map(|(index, document)| {
                let active = index == self.state.active;
                OpenExperiment::of(document, active, kept.get(index), declined)
            })
            .collect()
    }

    /// Opens the experiments that were open last.
    pub fn continue_last_session(&mut self) {
        let mut active = None;
        for kept in self.settings.last_session.clone() {
            match kept.open() {
                Ok(Some(document)) => {
                    let id = document.id;
                    self.add(document);
                    if kept.active {
                        active = Some(id);
                    }
                }
                Ok(None) => self.log(
                    NoticeKind::Warning,
                    format!("“{}” was not kept and can't be opened again", kept.name),
                ),
                Err(problem) => self.error(format!("“{}” can't be opened", kept.name), problem),
            }
        }
        if let Some(index) = active.and_then(|id| self.state.position(id)) {
            self.state.active = index;
        }
    }
}

/// An experiment as the text of its preset: presets of earlier versions are understood, whatever else changes.
mod as_preset {
    use super::*;

    pub fn serialize<S: Serializer>(
        experiment: &Option<Arc<Experiment>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = (experiment.as_ref()).map(|experiment| preset::to_text(experiment));
        text.serialize(serializer)
    }

    /// What is not understood counts as absent: it must not cost the other settings.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<Experiment>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.and_then(|text| {
            preset::parse(&text, Path::new("settings.ron"))
                .map(Arc::new)
                .map_err(|error| log::warn!("an experiment of the last session is lost: {error}"))
                .ok()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(kept: &OpenExperiment) -> OpenExperiment {
        let text = ron::ser::to_string_pretty(kept, ron::ser::PrettyConfig::default()).unwrap();
        ron::from_str(&text).unwrap()
    }

    #[test]
    fn an_experiment_without_a_file_survives_whole_and_one_with_a_file_by_its_name() {
        let experiment = Experiment {
            name: "Wings".into(),
            notes: "a \"quoted\" note\nin two lines".into(),
            seed: 7,
            ..Experiment::default()
        };
        let new = Document::new(experiment.clone(), None);
        let kept = round_trip(&OpenExperiment::of(&new, true, None, false));
        let back = kept.open().unwrap().unwrap();
        assert_eq!((back.experiment, back.file), (experiment.clone(), None));

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wings.ron");
        preset::save(&experiment, &file).unwrap();
        let mut saved = Document::load(&file).unwrap();
        let kept = OpenExperiment::of(&saved, true, None, false);
        assert_eq!(kept.unsaved, None);
        assert_eq!(round_trip(&kept), kept);

        // What was not saved comes back as a change that is not saved …
        let changed = Experiment {
            seed: 8,
            ..experiment.clone()
        };
        saved.edit(changed.clone(), "");
        let kept = round_trip(&OpenExperiment::of(&saved, true, Some(&kept), false));
        let back = kept.open().unwrap().unwrap();
        assert!(back.is_changed());
        assert_eq!(back.experiment, changed);
        // … unless a person has said that it is not to be.
        let declined = OpenExperiment::of(&saved, true, None, true);
        assert!(!declined.open().unwrap().unwrap().is_changed());

        std::fs::remove_file(&file).unwrap();
        let back = kept.open().unwrap().unwrap();
        assert_eq!((back.experiment, back.file), (changed, None));
        let error = declined.open().unwrap_err();
        assert!(error.contains("wings.ron"), "{error}");
    }

    #[test]
    fn what_is_damaged_costs_that_experiment_alone() {
        let text = "(name: \"A\", unsaved: Some(\"(version: 99\"))";
        let kept: OpenExperiment = ron::from_str(text).unwrap();
        assert_eq!((kept.name.as_str(), &kept.unsaved), ("A", &None));
        assert!(kept.open().unwrap().is_none());
    }
}
