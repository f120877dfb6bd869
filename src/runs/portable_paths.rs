//! Paths as a run's files hold them: text that means the same wherever its preset stands.

use std::path::{Path, PathBuf};

use super::{RunError, files};
use crate::experiment::Experiment;

/// Refuses paths that the files of a run in `runs` could not hold, before anything is done.
///
/// # Errors
/// Naming the path that is no text in UTF-8.
pub fn check_paths(
    runs: &Path,
    experiment: &Experiment,
    base: Option<&Path>,
) -> Result<(), RunError> {
    check_absolute(runs, &with_absolute_paths(experiment, base))
}

/// # Errors
/// Those of [`check_paths`].
pub(super) fn check_absolute(runs: &Path, experiment: &Experiment) -> Result<(), RunError> {
    let pictures = experiment.data.source.path();
    let weights = experiment.backbone.weights.file();
    for path in [Some(runs), pictures, weights].into_iter().flatten() {
        if path.to_str().is_none() {
            return Err(files::problem(
                path,
                "a run's files hold paths as text in UTF-8, and this one is none: rename it, or make a link to it with a plain name",
            ));
        }
    }
    Ok(())
}

/// The experiment with paths that hold wherever its preset stands; `$GRAFT_DATA` stays as it is.
pub fn with_absolute_paths(experiment: &Experiment, base: Option<&Path>) -> Experiment {
    let fix = |path: &mut PathBuf| *path = absolute(path, base);
    let mut experiment = experiment.clone();
    if let Some(path) = experiment.data.source.path_mut() {
        fix(path);
    }
    if let Some(path) = experiment.backbone.weights.file_mut() {
        fix(path);
    }
    experiment
}

/// One path of an experiment as [`with_absolute_paths`] writes it.
pub fn absolute(path: &Path, base: Option<&Path>) -> PathBuf {
    if path.is_absolute() || path.starts_with("$GRAFT_DATA") {
        return path.to_path_buf();
    }
    let joined = base.map_or_else(|| path.to_path_buf(), |base| base.join(path));
    std::path::absolute(&joined).unwrap_or(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{DataSource, WeightsSource};

    #[test]
    fn paths_hold_wherever_the_preset_stands() {
        let mut experiment = Experiment::default();
        experiment.data.source = DataSource::ClassFolders {
            path: "pictures".into(),
        };
        experiment.backbone.weights = WeightsSource::File("w.pth".into());
        let fixed = with_absolute_paths(&experiment, Some(Path::new("/presets")));
        assert_eq!(
            fixed.data.source,
            DataSource::ClassFolders {
                path: "/presets/pictures".into()
            }
        );
        assert_eq!(
            fixed.backbone.weights,
            WeightsSource::File("/presets/w.pth".into())
        );
        let own = DataSource::Cifar10 {
            path: "$GRAFT_DATA/cifar".into(),
        };
        experiment.data.source = own.clone();
        assert_eq!(
            with_absolute_paths(&experiment, Some(Path::new("/presets")))
                .data
                .source,
            own
        );
    }
}
