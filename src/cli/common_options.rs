//! What commands share that find something out about a preset, or about pictures, before anything is trained.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use tch::Device;

use super::outputs::{refuse_among_pictures_with, refuse_to_replace_with};
use super::{output, run};
use crate::experiment::{Experiment, GroupBy};
use crate::figures::Figure;
use crate::report;

/// How the names of presets end.
const PRESET: &str = "ron";

#[derive(Debug, Args)]
pub(super) struct CommonOptions {
    /// Change one field of the preset, such as training.batch_size=16; may be given several times, in any order
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Keep together, in the split and in folds, what has this in common: folder:1 (the folder that holds a picture),
    /// column:NAME of a table, or pattern:REGEX in the file's name
    #[arg(long, value_name = "GROUP")]
    group: Option<GroupBy>,
    /// Draw what was found into this file, which ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    pub figure: Option<PathBuf>,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON document, with everything that was found
    #[arg(long)]
    pub json: bool,
}

impl CommonOptions {
    /// That was named. Opens CUDA, so that it is there.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub fn device(&self) -> anyhow::Result<Option<Device>> {
        run::device(self.device.as_deref())
    }

    /// The preset with everything that these options and `--data` change, and the folder it is relative to. The figure is
    /// refused before anything takes long.
    ///
    /// # Errors
    /// When the preset can't be read or its experiment can't run, and where the figure would replace what is no figure.
    pub fn preset(
        &self,
        preset: &Path,
        data: Option<&Path>,
    ) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
        let (experiment, base) = run::changed(preset, &self.changes(data))?;
        self.check_figure(preset, &experiment, base.as_deref())?;
        Ok((experiment, base))
    }

    /// As [`Self::preset`], where pictures may stand in the preset's place: a folder or a table, which are seen as usual.
    ///
    /// # Errors
    /// As [`Self::preset`], and where `source` is neither.
    pub fn preset_or_pictures(
        &self,
        source: &Path,
        data: Option<&Path>,
    ) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
        let is_preset = source.extension().is_some_and(|ending| ending == PRESET);
        if (is_preset && !source.is_dir()) || run::shipped(source).is_some() {
            return self.preset(source, data);
        }
        if !source.exists() {
            bail!(
                "there are no pictures here, and no preset that comes with Graft is called so: {}",
                source.display()
            );
        }
        if data.is_some() {
            bail!(
                "--data is for a preset, and this is no preset: {}",
                source.display()
            );
        }
        let experiment = run::of_pictures(source, &self.changes(None))?;
        self.check_figure(source, &experiment, None)?;
        Ok((experiment, None))
    }

    /// Draws what was found, where that was asked for, and prints it; both ways of printing are told the figure's file.
    ///
    /// # Errors
    /// When the figure can't be written, or nothing printed.
    pub fn tell(
        &self,
        found: &dyn Figure,
        as_json: impl FnOnce(Option<&Path>) -> serde_json::Value,
        as_text: impl FnOnce(Option<&Path>) -> String,
    ) -> anyhow::Result<()> {
        let figure = self.figure.as_deref();
        if let Some(path) = figure {
            report::write_figure(found, path)?;
        }
        match self.json {
            true => output::print_json(&as_json(figure)),
            false => output::print(&as_text(figure)),
        }
    }

    fn changes<'a>(&'a self, data: Option<&'a Path>) -> run::Changes<'a> {
        run::Changes {
            data,
            group: self.group.as_ref(),
            set: &self.set,
        }
    }

    /// Whether the figure may be written where it is to stand.
    fn check_figure(
        &self,
        source: &Path,
        experiment: &Experiment,
        base: Option<&Path>,
    ) -> anyhow::Result<()> {
        const OPTION: &str = "--figure";
        let Some(figure) = &self.figure else {
            return Ok(());
        };
        if let Err(reason) = report::is_png(figure) {
            bail!("{reason}: {}", figure.display());
        }
        refuse_among_pictures_with(OPTION, figure, &experiment.data.source, base)?;
        refuse_to_replace_with(
            OPTION,
            figure,
            &[source],
            "figure of Graft",
            &report::is_figure,
        )
    }
}
