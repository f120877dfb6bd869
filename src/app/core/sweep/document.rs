//! A sweep's file as it is edited: steps of undo, what is not saved, and where its base stands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::core::documents::{file_name, make_absolute};
use crate::experiment::{Experiment, preset};
use crate::sweep::{ENDING, Sweep};

/// Steps of undo that are kept.
const UNDO: usize = 200;

/// What is edited.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub sweep: Sweep,
    /// The base, where it stands in no file yet: it is written beside the sweep when that is saved.
    pub base: Option<Arc<UnsavedBase>>,
}

/// An experiment that is to be the base and is not as its file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct UnsavedBase {
    pub experiment: Experiment,
    /// Where its relative paths start.
    pub folder: Option<PathBuf>,
}

/// A sweep's file.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepDocument {
    pub draft: Draft,
    /// As last saved or loaded; nothing for one that was never saved.
    pub saved: Option<Draft>,
    pub file: Option<PathBuf>,
    undo: Vec<Draft>,
    redo: Vec<Draft>,
    /// The control that made the last edit.
    last_edit: Option<String>,
}

impl SweepDocument {
    /// One that stands in no file.
    pub fn new(draft: Draft) -> Self {
        Self {
            draft,
            saved: None,
            file: None,
            undo: Vec::new(),
            redo: Vec::new(),
            last_edit: None,
        }
    }

    /// One as it was read.
    pub fn loaded(sweep: Sweep, file: PathBuf) -> Self {
        let draft = Draft { sweep, base: None };
        Self {
            saved: Some(draft.clone()),
            file: Some(file),
            ..Self::new(draft)
        }
    }

    pub fn is_changed(&self) -> bool {
        self.saved.as_ref() != Some(&self.draft)
    }

    /// Whether closing it would lose anything: a new one that nobody has changed yet is made again in a moment.
    pub fn needs_saving(&self) -> bool {
        match &self.saved {
            Some(saved) => *saved != self.draft,
            None => self.can_undo(),
        }
    }

    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// One step of undo, merged with the last one when both come from the control `merge`.
    pub fn edit(&mut self, draft: Draft, merge: &str) {
        if draft == self.draft {
            return;
        }
        let before = std::mem::replace(&mut self.draft, draft);
        if merge.is_empty() || self.last_edit.as_deref() != Some(merge) {
            self.undo.push(before);
            if self.undo.len() > UNDO {
                self.undo.remove(0);
            }
        }
        self.redo.clear();
        self.last_edit = Some(merge.to_owned());
    }

    /// Back by one step.
    pub fn undo(&mut self) {
        if let Some(before) = self.undo.pop() {
            self.redo.push(std::mem::replace(&mut self.draft, before));
            self.last_edit = None;
        }
    }

    /// Forward again by one step.
    pub fn redo(&mut self) {
        if let Some(after) = self.redo.pop() {
            self.undo.push(std::mem::replace(&mut self.draft, after));
            self.last_edit = None;
        }
    }

    /// What its file is called, unless a person says otherwise.
    pub fn proposed_name(&self) -> String {
        match self.file.as_deref().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => {
                let name = file_name(&self.draft.sweep.name);
                format!("{}{ENDING}", name.trim_end_matches(".ron"))
            }
        }
    }

    /// Writes the sweep to `path`, which becomes its file, and its base beside it where that stands in no file.
    ///
    /// # Errors
    /// A sentence with the path when a file can't be written; the document is as it was.
    pub fn save_to(&mut self, path: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error, path: &Path| {
            format!("can't be written ({error}): {}", path.display())
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() {
            std::fs::create_dir_all(folder).map_err(|error| failed(error, folder))?;
        }
        let mut draft = self.draft.clone();
        if let Some(base) = draft.base.take() {
            let mut experiment = base.experiment.clone();
            if base.folder.as_deref() != Some(folder) {
                make_absolute(&mut experiment, base.folder.as_deref());
            }
            let name = base_name(path, &experiment);
            let file = folder.join(&name);
            preset::save(&experiment, &file).map_err(|error| failed(error, &file))?;
            draft.sweep.base = name;
        } else {
            draft.sweep.base = moved_base(&draft.sweep.base, self.file.as_deref(), folder);
        }
        (draft.sweep.save(path)).map_err(|error| failed(error, path))?;
        self.draft = draft.clone();
        self.saved = Some(draft);
        self.file = Some(path.to_path_buf());
        self.last_edit = None;
        Ok(())
    }
}

/// `path` with the ending that tells a sweep from a preset.
pub fn with_ending(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(ENDING) {
        return path.to_path_buf();
    }
    let stem = name.strip_suffix(".ron").unwrap_or(&name);
    path.with_file_name(format!("{stem}{ENDING}"))
}

/// What the base beside the sweep in `path` is called: a name that is free, or that holds this very experiment.
fn base_name(path: &Path, experiment: &Experiment) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(ENDING).unwrap_or(&name).to_owned();
    let names = std::iter::once(format!("{stem}-base.ron"));
    let mut names = names.chain((2..1000).map(|number| format!("{stem}-base-{number}.ron")));
    let folder = path.parent().unwrap_or(Path::new(""));
    let is_usable = |name: &String| {
        let file = folder.join(name);
        !file.exists() || preset::load(&file).is_ok_and(|found| found == *experiment)
    };
    names
        .find(is_usable)
        .unwrap_or_else(|| format!("{stem}-base.ron"))
}

/// The base as a sweep in `folder` names it, which a sweep in `before` (or none yet) has named so far.
fn moved_base(base: &str, before: Option<&Path>, folder: &Path) -> String {
    let is_shipped = (preset::shipped().iter()).any(|(name, _)| *name == base);
    let stood = before.and_then(Path::parent);
    let file = match stood {
        Some(stood) => stood.join(base),
        None => PathBuf::from(base),
    };
    // The name of one that comes with Graft means that one, unless such a file stands beside the sweep.
    if is_shipped && !(stood.is_some() && file.is_file()) {
        return base.to_owned();
    }
    let path = match file.strip_prefix(folder) {
        Ok(below) => below.to_path_buf(),
        Err(_) => std::path::absolute(&file).unwrap_or(file),
    };
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Monitor;
    use crate::sweep::{Goal, Strategy, Values, Varied};

    fn sweep(name: &str) -> Sweep {
        Sweep {
            name: name.into(),
            base: "base.ron".into(),
            set: Vec::new(),
            vary: vec![Varied {
                fields: vec!["training.batch_size".into()],
                values: Values::List(vec!["16".into(), "32".into()]),
            }],
            strategy: Strategy::Grid,
            seeds: 1,
            goal: Goal {
                metric: Monitor::ValidationAccuracy,
            },
        }
    }

    fn draft(name: &str) -> Draft {
        Draft {
            sweep: sweep(name),
            base: None,
        }
    }

    #[test]
    fn edits_of_one_control_are_one_step_and_can_be_taken_back() {
        let mut document = SweepDocument::loaded(sweep("a"), "a.sweep.ron".into());
        assert!(!document.is_changed() && !document.can_undo());
        for name in ["ab", "abc"] {
            document.edit(draft(name), "name");
        }
        let mut seeds = draft("abc");
        seeds.sweep.seeds = 3;
        document.edit(seeds, "seeds");
        assert!(document.is_changed());
        document.undo();
        assert_eq!(document.draft, draft("abc"));
        document.undo();
        assert_eq!(document.draft, draft("a"));
        assert!(!document.is_changed() && !document.can_undo());
        document.redo();
        assert_eq!(document.draft, draft("abc"));
        document.edit(draft("other"), "");
        assert!(!document.can_redo());
    }

    #[test]
    fn a_base_that_stands_in_no_file_is_written_beside_the_sweep() {
        let folder = tempfile::tempdir().unwrap();
        let experiment = Experiment {
            seed: 7,
            ..Experiment::default()
        };
        let base = UnsavedBase {
            experiment: experiment.clone(),
            folder: None,
        };
        let mut document = SweepDocument::new(Draft {
            sweep: sweep("Rates and sizes"),
            base: Some(Arc::new(base)),
        });
        assert_eq!(document.proposed_name(), "rates-and-sizes.sweep.ron");
        // Another one's base is not replaced.
        std::fs::write(folder.path().join("x-base.ron"), "other").unwrap();
        let path = folder.path().join("x.sweep.ron");
        assert_eq!(document.save_to(&path), Ok(()));
        assert!(!document.is_changed());
        assert_eq!(document.draft.sweep.base, "x-base-2.ron");
        assert_eq!(document.draft.base, None);
        let kept = preset::load(&folder.path().join("x-base-2.ron"));
        assert_eq!(kept, Ok(experiment));
        assert_eq!(document.file.as_deref(), Some(path.as_path()));
    }

    #[test]
    fn a_base_keeps_its_meaning_where_the_sweep_moves() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let file = old.join("a.sweep.ron");
        assert_eq!(moved_base("base.ron", Some(&file), &old), "base.ron");
        let moved = moved_base("base.ron", Some(&file), &new);
        assert_eq!(Path::new(&moved), old.join("base.ron"));
        let shipped = preset::shipped()[0].0;
        assert_eq!(moved_base(shipped, Some(&file), &new), shipped);
        let absolute = old.join("b.ron");
        assert_eq!(moved_base(&absolute.to_string_lossy(), None, &old), "b.ron");
    }

    #[test]
    fn a_sweep_s_file_has_its_ending_once() {
        for (given, expected) in [
            ("/a/b", "/a/b.sweep.ron"),
            ("/a/b.ron", "/a/b.sweep.ron"),
            ("/a/b.sweep.ron", "/a/b.sweep.ron"),
        ] {
            assert_eq!(with_ending(Path::new(given)), Path::new(expected));
        }
    }
}
