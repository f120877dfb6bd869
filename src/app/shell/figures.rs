//! Figures and reports of the shown runs, drawn away from the frame: into a folder, or to the
//! clipboard.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui;

use super::export_dialog::{ExportLocal, ExportView, Stage, modal_ui};
use crate::app::core::state::{Cause, NoticeKind, Scan, State, Tree};
use crate::app::shell::Graft;
use crate::app::ui::tokens;
use crate::data::StopFlag;
use crate::data::below::pictures_around;
use crate::experiment::DataSource;
use crate::figures::{
    ClassCount, ClassCountsFigure, Figure, Raster, Rgb, Size, Theme, palette, to_raster, to_svg,
};
use crate::report::{self, Comparison, Kind, Options, Written};

/// The export dialog, and what is drawn at the moment.
#[derive(Default)]
pub struct Exports {
    pub open: bool,
    pub local: ExportLocal,
    pub stage: Stage,
    writing: Option<Writing>,
    copying: Option<Receiver<Result<Copied, String>>>,
}

/// An export under way.
struct Writing {
    folder: PathBuf,
    said: Receiver<Said>,
    stop: StopFlag,
}

enum Said {
    Progress {
        done: usize,
        total: usize,
    },
    /// The folder lies among these pictures: nothing was written.
    Among(PathBuf),
    Ended(Result<Written, String>),
}

/// A figure on its way to the clipboard.
struct Copied {
    title: String,
    raster: Raster,
}

impl Graft {
    pub(in crate::app) fn open_export(&mut self) {
        let exports = &mut self.exports;
        exports.open = true;
        if exports.writing.is_none() {
            exports.stage = Stage::Choosing;
        }
        if exports.local.folder.is_empty() {
            // Beside the runs: what lies among pictures is taken for pictures.
            let folder = self.paths.runs.join("figures");
            exports.local.folder = folder.display().to_string();
        }
    }

    pub(in crate::app) fn export_ui(
        &mut self,
        ctx: &egui::Context,
        out: &mut Vec<crate::app::core::command::Command>,
    ) {
        if !self.exports.open {
            return;
        }
        let view = ExportView::build(&self.state, &self.exports.stage);
        let backdrop = tokens::of_theme(self.settings.dark).backdrop;
        self.exports.open = modal_ui(ctx, &view, &mut self.exports.local, backdrop, out);
    }

    /// Writes the figures of the shown runs on a thread of its own.
    /// `among_pictures`: also where it lies among the pictures of a shown run or an open experiment.
    pub(in crate::app) fn export(
        &mut self,
        folder: PathBuf,
        options: Options,
        among_pictures: bool,
        ctx: &egui::Context,
    ) {
        if self.exports.writing.is_some() {
            return;
        }
        let runs = shown_folders(&self.state);
        if runs.is_empty() {
            self.exports.stage = Stage::Failed(
                "Switch on the runs to export in the list at the right first.".into(),
            );
            return;
        }
        if folder.is_relative() {
            self.exports.stage = Stage::Failed(
                "Write the folder from the root of the disk on, or choose it with Browse.".into(),
            );
            return;
        }
        self.settings.last_figures = folder.parent().map(Path::to_path_buf);
        let open: Vec<(DataSource, Option<PathBuf>)> = self
            .state
            .documents
            .iter()
            .map(|document| (document.experiment.data.source.clone(), document.base()))
            .collect();
        // Progress is a few words; the last one must not be lost, so there is room for all.
        let (sender, said) = bounded(4096);
        let stop = StopFlag::default();
        let spawned = std::thread::Builder::new()
            .name("graft-figures".into())
            .spawn({
                let (folder, stop, ctx) = (folder.clone(), stop.clone(), ctx.clone());
                move || {
                    let progress = |done, total| {
                        drop(sender.try_send(Said::Progress { done, total }));
                        ctx.request_repaint();
                    };
                    let comparison = Comparison::load(&runs);
                    let of_runs = comparison.iter().flat_map(|comparison| &comparison.runs);
                    let of_runs = of_runs.map(|run| (run.experiment.data.source.clone(), None));
                    let mut sources = open.into_iter().chain(of_runs);
                    let pictures = sources
                        .find_map(|(source, base)| {
                            pictures_around(&folder, &source, base.as_deref())
                        })
                        .filter(|_| !among_pictures);
                    if let Some(pictures) = pictures {
                        drop(sender.send(Said::Among(pictures)));
                        ctx.request_repaint();
                        return;
                    }
                    let written = comparison
                        .map_err(report::ReportError::from)
                        .and_then(|comparison| {
                            report::write(&comparison, &options, &folder, &progress, &stop)
                        })
                        .map_err(|error| error.to_string());
                    drop(sender.send(Said::Ended(written)));
                    ctx.request_repaint();
                }
            });
        match spawned {
            Ok(_) => {
                self.exports.stage = Stage::Working { done: 0, total: 1 };
                self.exports.writing = Some(Writing { folder, said, stop });
            }
            Err(error) => self.exports.stage = Stage::Failed(error.to_string()),
        }
    }

    pub(in crate::app) fn stop_export(&mut self) {
        if let Some(writing) = &self.exports.writing {
            writing.stop.stop();
        }
    }

    /// Draws what a view shows and puts it on the clipboard.
    pub(in crate::app) fn copy_figure(
        &mut self,
        kind: Kind,
        run: Option<String>,
        ctx: &egui::Context,
    ) {
        if self.exports.copying.is_some() {
            return;
        }
        let size = self.exports.local.options().size;
        let draw = match figure_of(&self.state, kind, run, size) {
            Ok(draw) => draw,
            Err(reason) => {
                let title = "There is no figure to copy".to_owned();
                self.notice_about(NoticeKind::Info, Some(Cause::Copying), title, reason);
                return;
            }
        };
        let theme = if self.settings.dark {
            Theme::DARK
        } else {
            Theme::LIGHT
        };
        let (sender, receiver) = bounded(1);
        let ctx = ctx.clone();
        let spawned = std::thread::Builder::new()
            .name("graft-figure".into())
            .spawn(move || {
                let copied = draw().and_then(|figure| {
                    let svg = to_svg(figure.as_ref(), size, theme);
                    let raster = to_raster(&svg, 1.0).map_err(|error| error.to_string())?;
                    Ok(Copied {
                        title: figure.title(),
                        raster,
                    })
                });
                drop(sender.send(copied));
                ctx.request_repaint();
            });
        match spawned {
            Ok(_) => self.exports.copying = Some(receiver),
            Err(error) => self.error_about(
                Cause::Copying,
                "The figure is not copied",
                error.to_string(),
            ),
        }
    }

    /// Takes what has been drawn since the last call. Never waits.
    pub(in crate::app) fn poll_exports(&mut self, ctx: &egui::Context) {
        if let Some(writing) = self.exports.writing.take() {
            loop {
                match writing.said.try_recv() {
                    Ok(Said::Progress { done, total }) => {
                        self.exports.stage = Stage::Working { done, total };
                    }
                    Ok(Said::Among(pictures)) => {
                        self.exports.open = true;
                        self.exports.stage = Stage::Among {
                            folder: writing.folder.clone(),
                            pictures,
                        };
                        break;
                    }
                    Ok(Said::Ended(written)) => {
                        self.export_ended(&writing.folder, written);
                        break;
                    }
                    Err(TryRecvError::Empty) => {
                        self.exports.writing = Some(writing);
                        break;
                    }
                    Err(TryRecvError::Disconnected) => {
                        let reason = "drawing them ended early; the runs are untouched".to_owned();
                        self.export_ended(&writing.folder, Err(reason));
                        break;
                    }
                }
            }
        }
        let Some(copying) = self.exports.copying.take() else {
            return;
        };
        match copying.try_recv() {
            Ok(Ok(Copied { title, raster })) => {
                let size = [raster.width as usize, raster.height as usize];
                ctx.copy_image(egui::ColorImage::from_rgb(size, &raster.rgb));
                let text = format!("{title}, {} × {} pixels", raster.width, raster.height);
                let title = "Copied as an image".to_owned();
                self.notice_about(NoticeKind::Info, Some(Cause::Copying), title, text);
            }
            Ok(Err(reason)) => self.error_about(Cause::Copying, "The figure is not copied", reason),
            Err(TryRecvError::Empty) => self.exports.copying = Some(copying),
            Err(TryRecvError::Disconnected) => {
                self.error_about(
                    Cause::Copying,
                    "The figure is not copied",
                    "drawing it ended early",
                );
            }
        }
    }

    fn export_ended(&mut self, folder: &Path, written: Result<Written, String>) {
        let is_open = self.exports.open;
        match written {
            Ok(written) => {
                self.has_gone(&Cause::Export);
                let text = format!("{} files in {}", written.files.len(), folder.display());
                if is_open {
                    self.log(NoticeKind::Info, format!("figures are written: {text}"));
                } else {
                    self.notice(NoticeKind::Info, "Figures are written", text);
                }
                let is_report = |file: &&PathBuf| file.ends_with("report.html");
                self.exports.stage = Stage::Done {
                    folder: folder.to_path_buf(),
                    files: written.files.len(),
                    report: written.files.iter().find(is_report).cloned(),
                    notes: written.notes,
                };
            }
            Err(reason) if reason == "stopped" => self.exports.stage = Stage::Choosing,
            Err(reason) => {
                if !is_open {
                    self.error_about(Cause::Export, "Figures are not written", reason.clone());
                }
                self.exports.stage = Stage::Failed(reason);
            }
        }
    }
}

/// Folder and colour of every shown run that has begun.
fn shown_folders(state: &State) -> Vec<(PathBuf, Rgb)> {
    state
        .runs
        .iter()
        .filter(|run| run.shown)
        .filter_map(|run| Some((run.folder.clone()?, palette::run_color(run.color))))
        .collect()
}

/// Draws on another thread than the window's.
type Draw = Box<dyn FnOnce() -> Result<Box<dyn Figure>, String> + Send>;

/// What draws the figure of this kind from what the window shows now: the shown runs, or `run`.
fn figure_of(state: &State, kind: Kind, run: Option<String>, size: Size) -> Result<Draw, String> {
    match kind {
        Kind::ClassCounts => scanned_counts(state),
        Kind::Augmentation => {
            let missing = "The augmentation view has not drawn a picture yet.";
            let preview = state.preview.clone().ok_or(missing)?;
            let document = state.active_document().ok_or(missing)?;
            let experiment = document.experiment.clone();
            Ok(Box::new(move || {
                let figure = report::augmented(
                    preview.original.clone(),
                    preview.versions.clone(),
                    &experiment,
                );
                Ok(Box::new(figure) as Box<dyn Figure>)
            }))
        }
        Kind::Freeze if run.is_none() => {
            let Tree::Ready(tree) = &state.tree else {
                return Err("The layers of this backbone are not known yet.".into());
            };
            let document = state.active_document().ok_or("No experiment is open.")?;
            let (tree, experiment) = (Arc::clone(tree), document.experiment.clone());
            // Before the pictures are known, two classes: what most data sets have at least.
            let classes = match &state.scan {
                Scan::Done { dataset, .. } => dataset.classes.len(),
                _ => 2,
            };
            Ok(Box::new(move || {
                report::freeze_figure(&tree, &experiment, classes)
                    .map(|figure| Box::new(figure) as Box<dyn Figure>)
                    .map_err(|error| error.to_string())
            }))
        }
        _ => figure_of_runs(state, kind, run, size),
    }
}

fn scanned_counts(state: &State) -> Result<Draw, String> {
    let Scan::Done { dataset, split, .. } = &state.scan else {
        return Err("The pictures have not been looked through yet.".into());
    };
    let (dataset, split) = (Arc::clone(dataset), Arc::clone(split));
    Ok(Box::new(move || {
        let mut classes: Vec<ClassCount> = dataset
            .classes
            .iter()
            .map(|name| ClassCount {
                name: name.clone(),
                train: 0,
                validation: 0,
                test: 0,
            })
            .collect();
        let count = |index: &usize| dataset.pictures.get(*index).map(|picture| picture.label);
        for label in split.train.iter().filter_map(count) {
            classes[label as usize].train += 1;
        }
        for label in split.validation.iter().filter_map(count) {
            classes[label as usize].validation += 1;
        }
        for label in split.test.iter().filter_map(count) {
            classes[label as usize].test += 1;
        }
        Ok(Box::new(ClassCountsFigure::new(classes)) as Box<dyn Figure>)
    }))
}

fn figure_of_runs(
    state: &State,
    kind: Kind,
    run: Option<String>,
    size: Size,
) -> Result<Draw, String> {
    let folders = match &run {
        Some(id) => state
            .runs
            .iter()
            .filter(|record| record.id == *id)
            .filter_map(|run| Some((run.folder.clone()?, palette::run_color(run.color))))
            .collect(),
        // The view of the comparison has runs of its own.
        None if kind == Kind::ConfusionDifference && state.comparison.folders.len() > 1 => {
            let color = |folder: &PathBuf| {
                let record = state
                    .runs
                    .iter()
                    .find(|run| run.folder.as_ref() == Some(folder));
                palette::run_color(record.map_or(0, |run| run.color))
            };
            let folders = state.comparison.folders.iter();
            folders
                .map(|folder| (folder.clone(), color(folder)))
                .collect()
        }
        None => shown_folders(state),
    };
    if folders.is_empty() {
        return Err("Switch on the runs to draw in the list at the right first.".into());
    }
    Ok(Box::new(move || {
        let comparison = Comparison::load(&folders).map_err(|error| error.to_string())?;
        let material = match comparison.runs.first() {
            Some(first) if kind.needs_material() => Some(
                report::Material::find(first, size, &StopFlag::default())
                    .map_err(|error| error.to_string())?,
            ),
            _ => None,
        };
        report::figures(&comparison, &[kind], material.as_ref())
            .into_iter()
            .next()
            .map(|named| named.figure)
            .ok_or_else(|| match comparison.obstacle {
                Some(reason) => reason,
                None => "The shown runs have no numbers for it yet.".to_owned(),
            })
    }))
}
