//! Figures of the shown runs, written into a folder away from the frame.

use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, bounded};
use eframe::egui;

use super::documents::file_name;
use super::shell::Graft;
use super::state::{NoticeKind, RunRecord};
use crate::evaluation::ConfusionMatrix;
use crate::figures::{
    ConfusionFigure, CurveSeries, CurvesFigure, Figure, ResultBar, ResultsFigure, Size, Theme,
    palette, to_png, to_svg,
};
use crate::runs::{atomic, store};

/// What an export ended with: the names of the files, or why there are none.
pub type Exported = Result<Vec<String>, String>;

impl Graft {
    pub(super) fn export_figures(&mut self, folder: &Path, ctx: &egui::Context) {
        self.note_folder(folder);
        let shown: Vec<RunRecord> = self
            .state
            .runs
            .iter()
            .filter(|run| run.shown)
            .cloned()
            .collect();
        if shown.is_empty() {
            self.notice(
                NoticeKind::Info,
                "No figures are written",
                "tick the runs to draw in the list at the right first",
            );
            return;
        }
        let (sender, receiver) = bounded(1);
        let (folder, ctx) = (folder.to_path_buf(), ctx.clone());
        let spawned = std::thread::Builder::new()
            .name("graft-figures".into())
            .spawn({
                let folder = folder.clone();
                move || {
                    drop(sender.send(export(&shown, &folder)));
                    ctx.request_repaint();
                }
            });
        match spawned {
            Ok(_) => self.exports.push((folder, receiver)),
            Err(error) => self.error("No figures are written", error.to_string()),
        }
    }

    /// Says what has been written since the last call.
    pub(super) fn poll_exports(&mut self) {
        let exports = std::mem::take(&mut self.exports);
        for (folder, receiver) in exports {
            match receiver.try_recv() {
                Ok(Ok(files)) => {
                    let text = format!("{} in {}", files.join(", "), folder.display());
                    self.notice(NoticeKind::Info, "Figures are written", text);
                }
                Ok(Err(reason)) => self.error("Figures are not written", reason),
                Err(crossbeam_channel::TryRecvError::Empty) => {
                    self.exports.push((folder, receiver))
                }
                Err(crossbeam_channel::TryRecvError::Disconnected) => {
                    self.error(
                        "Figures are not written",
                        "drawing them ended early; the runs are untouched",
                    );
                }
            }
        }
    }
}

/// An export under way: its folder, and what will say how it ended.
pub type Export = (PathBuf, Receiver<Exported>);

fn export(runs: &[RunRecord], folder: &Path) -> Exported {
    std::fs::create_dir_all(folder).map_err(|error| format!("{error}: {}", folder.display()))?;
    let mut written = Vec::new();
    for (name, figure) in figures(runs)? {
        let svg = to_svg(&*figure, Size::default(), Theme::LIGHT);
        let png = to_png(&svg, 1.0).map_err(|error| error.to_string())?;
        for (extension, bytes) in [("svg", svg.as_bytes()), ("png", png.as_slice())] {
            let file = format!("{name}.{extension}");
            let path = folder.join(&file);
            atomic::write(&path, bytes).map_err(|error| format!("{error}: {}", path.display()))?;
            written.push(file);
        }
    }
    Ok(written)
}

/// A figure and the name of its file, without extension.
type NamedFigure = (String, Box<dyn Figure>);

fn figures(runs: &[RunRecord]) -> Result<Vec<NamedFigure>, String> {
    let mut figures: Vec<NamedFigure> = Vec::new();
    let series: Vec<CurveSeries> = runs
        .iter()
        .filter(|run| !run.metrics.is_empty())
        .map(|run| CurveSeries {
            name: run.name.clone(),
            color: palette::run_color(run.color),
            metrics: run.metrics.clone(),
            phase_starts: run.phase_starts.clone(),
        })
        .collect();
    if !series.is_empty() {
        let figure = CurvesFigure {
            title: "Accuracy and loss".into(),
            remark: String::new(),
            series,
        };
        figures.push(("curves".into(), Box::new(figure)));
    }
    let mut bars: Vec<ResultBar> = runs
        .iter()
        .filter_map(|run| {
            let test = run.summary.as_ref()?.test.as_ref()?;
            let right = (test.accuracy * test.n as f64).round() as u64;
            Some(ResultBar::from_counts(
                run.name.clone(),
                palette::run_color(run.color),
                right,
                test.n as u64,
            ))
        })
        .collect();
    bars.sort_by(|a, b| b.accuracy.total_cmp(&a.accuracy));
    if !bars.is_empty() {
        let figure = ResultsFigure {
            title: "Test accuracy".into(),
            remark: String::new(),
            bars,
        };
        figures.push(("results".into(), Box::new(figure)));
    }
    for (place, run) in runs.iter().enumerate() {
        let tested = run
            .summary
            .as_ref()
            .is_some_and(|summary| summary.test.is_some());
        let Some(folder) = run.folder.as_ref().filter(|_| tested) else {
            continue;
        };
        let predictions = store::predictions(folder).map_err(|error| error.to_string())?;
        let figure = ConfusionFigure {
            title: format!("Confusion matrix of {}", run.name),
            remark: String::new(),
            matrix: ConfusionMatrix::new(&predictions),
        };
        let name = file_name(&run.name);
        let name = name.trim_end_matches(".ron");
        figures.push((format!("confusion-{}-{name}", place + 1), Box::new(figure)));
    }
    if figures.is_empty() {
        return Err(
            "the shown runs have finished no epoch yet: wait for one, then export again".into(),
        );
    }
    Ok(figures)
}
