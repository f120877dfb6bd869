//! Figures and reports of the shown runs, drawn away from the frame: into a folder, or to the
//! clipboard.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use eframe::egui;

use super::{ExportLocal, ExportView, Stage, modal_ui};
use crate::app::core::background::Work;
use crate::app::core::command::Command;
use crate::app::core::request::{Request, RequestStep};
use crate::app::core::session::Session;
use crate::app::core::state::{Cause, NoticeKind, Scan, State, Tree};
use crate::data::StopFlag;
use crate::data::below::pictures_around;
use crate::experiment::DataSource;
use crate::figures::{
    ClassCount, ClassCountsFigure, Figure, Raster, Rgb, Size, Theme, palette, to_raster, to_svg,
};
use crate::report::{self, Comparison, FigureKind, Options, ReportError, Written};
use crate::worker::messages::Failure;

/// The export dialog, and what is drawn at the moment.
#[derive(Default)]
pub struct Exports {
    pub open: bool,
    pub local: ExportLocal,
    pub stage: Stage,
    writing: Request<PathBuf, Exported>,
    progress: Arc<Mutex<(usize, usize)>>,
    stop: StopFlag,
    copying: Request<(), Copied>,
    looking: Request<PathBuf, Look>,
    /// The folder that was proposed last.
    proposed: String,
    /// Whether a free one is to be proposed in its place.
    is_proposing: bool,
    /// The folder that holds an earlier export.
    filled: Option<PathBuf>,
}

/// What the disk says of a folder for figures.
struct Look {
    /// The same, or one beside it that holds nothing.
    free: PathBuf,
    /// Whether it holds an earlier export.
    is_filled: bool,
}

/// How an export ends.
enum Exported {
    /// The folder lies among these pictures: nothing was written.
    Among(PathBuf),
    Written(Written),
    /// After this many files.
    Stopped(usize),
}

/// A figure on its way to the clipboard.
struct Copied {
    title: String,
    raster: Raster,
}

impl Exports {
    pub fn open(&mut self, session: &Session) {
        self.open = true;
        if !self.writing.is_pending() {
            self.stage = Stage::Choosing;
        }
        // A person's own folder stays.
        if self.local.folder.is_empty() || self.local.folder == self.proposed {
            // Beside the runs: what lies among pictures is taken for pictures.
            let folder = session.paths.runs.join("figures");
            self.proposed = folder.display().to_string();
            self.local.folder.clone_from(&self.proposed);
            self.is_proposing = true;
        }
        self.looking.forget();
    }

    /// Has the disk asked what the chosen folder holds.
    fn look(&mut self, ctx: &egui::Context) {
        if let Some(Ok(look)) = self.looking.poll()
            && let Some(folder) = self.looking.key()
        {
            let is_proposed = self.is_proposing && self.local.folder == self.proposed;
            self.is_proposing = false;
            if is_proposed && look.free != *folder {
                self.proposed = look.free.display().to_string();
                self.local.folder.clone_from(&self.proposed);
                ctx.request_repaint();
            }
            self.filled = look.is_filled.then(|| folder.clone());
        }
        let folder = PathBuf::from(self.local.folder.trim());
        let is_choosing = !matches!(self.stage, Stage::Working { .. } | Stage::Done { .. });
        if self.open
            && is_choosing
            && folder.is_absolute()
            && self.looking.next_step(&folder, Instant::now()) == RequestStep::Ask
        {
            let notify = {
                let ctx = ctx.clone();
                move || ctx.request_repaint()
            };
            (self.looking).start("graft-figures-look", folder.clone(), notify, move || {
                Ok(Look {
                    free: report::free_folder(&folder),
                    is_filled: report::is_filled(&folder),
                })
            });
        }
    }

    pub fn ui(&mut self, session: &Session, ctx: &egui::Context, out: &mut Vec<Command>) {
        if !self.open {
            return;
        }
        let folder = Path::new(self.local.folder.trim());
        let is_filled = self.filled.as_deref() == Some(folder);
        let view = ExportView::build(&session.state, &self.stage, is_filled);
        self.open = modal_ui(ctx, &view, &mut self.local, out);
    }

    /// Writes the figures of the shown runs on a thread of its own.
    /// `among_pictures`: also where it lies among the pictures of a shown run or an open experiment.
    pub fn export(
        &mut self,
        session: &mut Session,
        folder: PathBuf,
        options: Options,
        among_pictures: bool,
        ctx: &egui::Context,
    ) {
        if self.writing.is_pending() {
            return;
        }
        let runs = shown_folders(&session.state);
        if runs.is_empty() {
            self.stage = Stage::Failed(
                "No run is shown. Click the dots before the runs to export, in the list of runs."
                    .into(),
            );
            return;
        }
        if folder.is_relative() {
            self.stage = Stage::Failed(
                "This is no whole path. Write one that begins with /, or choose the folder with Browse.".into(),
            );
            return;
        }
        session.settings.last_figures = folder.parent().map(Path::to_path_buf);
        let open: Vec<(DataSource, Option<PathBuf>)> = session
            .state
            .documents
            .iter()
            .map(|document| (document.experiment.data.source.clone(), document.base()))
            .collect();
        let stop = StopFlag::default();
        let progress = Arc::new(Mutex::new((0, 1)));
        self.stop = stop.clone();
        self.progress = progress.clone();
        self.stage = Stage::Working { done: 0, total: 1 };
        let notify = {
            let ctx = ctx.clone();
            move || ctx.request_repaint()
        };
        let report_progress = {
            let notify = notify.clone();
            move |done, total| {
                *lock(&progress) = (done, total);
                notify();
            }
        };
        (self.writing).start("graft-figures", folder.clone(), notify, move || {
            let comparison = Comparison::load(&runs);
            let of_runs = comparison.iter().flat_map(|comparison| &comparison.runs);
            let of_runs = of_runs.map(|run| (run.experiment.data.source.clone(), None));
            let mut sources = open.into_iter().chain(of_runs);
            let pictures = sources
                .find_map(|(source, base)| pictures_around(&folder, &source, base.as_deref()))
                .filter(|_| !among_pictures);
            if let Some(pictures) = pictures {
                return Ok(Exported::Among(pictures));
            }
            match report::write(&comparison?, &options, &folder, &report_progress, &stop) {
                Ok(written) => Ok(Exported::Written(written)),
                Err(ReportError::Stopped { files }) => Ok(Exported::Stopped(files)),
                Err(ReportError::Run(error)) => Err(error.into()),
                Err(ReportError::Data(error)) => Err(error.into()),
                Err(other) => Err(Failure::failed(other)),
            }
        });
    }

    /// Whether figures are on their way to a folder.
    pub fn is_writing(&self) -> bool {
        self.writing.is_pending()
    }

    /// What is written now, for the foot of the window.
    pub fn work(&self) -> Option<Work> {
        let Stage::Working { done, total } = self.stage else {
            return None;
        };
        let work = Work::new("Writing figures and report").at(done, total);
        Some(work.stopped_by(Command::StopExport))
    }

    pub fn stop(&mut self) {
        self.writing.stop();
        self.stop.stop();
    }

    /// Draws what a view shows and puts it on the clipboard.
    pub fn copy_figure(
        &mut self,
        session: &mut Session,
        kind: FigureKind,
        run: Option<String>,
        ctx: &egui::Context,
    ) {
        if self.copying.is_pending() {
            return;
        }
        let size = self.local.options().size;
        let draw = match figure_of(&session.state, kind, run, size) {
            Ok(draw) => draw,
            Err(reason) => {
                let title = "There is no figure to copy".to_owned();
                session.notice_about(NoticeKind::Info, Some(Cause::Copying), title, reason);
                return;
            }
        };
        let theme = if session.settings.dark {
            Theme::DARK
        } else {
            Theme::LIGHT
        };
        let ctx = ctx.clone();
        (self.copying).start(
            "graft-figure",
            (),
            move || ctx.request_repaint(),
            move || {
                let figure = draw()?;
                let svg = to_svg(figure.as_ref(), size, theme);
                Ok(Copied {
                    title: figure.title(),
                    raster: to_raster(&svg, 1.0).map_err(Failure::failed)?,
                })
            },
        );
    }

    /// Takes what has been drawn since the last call. Never waits.
    pub fn poll(&mut self, session: &mut Session, ctx: &egui::Context) {
        if self.writing.is_pending() {
            let (done, total) = *lock(&self.progress);
            self.stage = Stage::Working { done, total };
        }
        if let (Some(outcome), Some(folder)) = (self.writing.poll(), self.writing.key()) {
            let folder = folder.clone();
            self.ended(session, folder, outcome);
        }
        self.look(ctx);
        match self.copying.poll() {
            None => {}
            Some(Ok(Copied { title, raster })) => {
                let size = [raster.width as usize, raster.height as usize];
                ctx.copy_image(egui::ColorImage::from_rgb(size, &raster.rgb));
                let text = format!("{title}, {} × {} pixels", raster.width, raster.height);
                let title = "Copied as an image".to_owned();
                let (kind, cause) = (NoticeKind::Info, Some(Cause::Copying));
                session.notice_about(kind, cause, title, text);
            }
            Some(Err(failure)) => session.error_about(
                Cause::Copying,
                "The figure is not copied",
                failure.text("drawing it ended early"),
            ),
        }
    }

    fn ended(
        &mut self,
        session: &mut Session,
        folder: PathBuf,
        outcome: Result<Exported, Failure>,
    ) {
        let is_open = self.open;
        // What it holds now is another question.
        self.looking.forget();
        match outcome {
            Ok(Exported::Stopped(files)) => {
                let stage = Stage::Stopped { folder, files };
                let text = stage.stopped_text().unwrap_or_default();
                if is_open {
                    session.log(NoticeKind::Info, format!("figures: {text}"));
                } else {
                    session.notice(NoticeKind::Info, "The export is stopped", text);
                }
                self.stage = stage;
            }
            Ok(Exported::Among(pictures)) => {
                self.open = true;
                self.stage = Stage::Among { folder, pictures };
            }
            Ok(Exported::Written(written)) => {
                session.has_gone(&Cause::Export);
                let files = crate::format::count(written.files.len(), "file", "files");
                let text = format!("{files} in {}", folder.display());
                if is_open {
                    session.log(NoticeKind::Info, format!("figures are written: {text}"));
                } else {
                    session.notice(NoticeKind::Info, "Figures are written", text);
                }
                let is_report = |file: &&PathBuf| file.ends_with("report.html");
                self.stage = Stage::Done {
                    folder,
                    files: written.files.len(),
                    report: written.files.iter().find(is_report).cloned(),
                    notes: written.notes,
                };
            }
            Err(Failure::Stopped) => self.stage = Stage::Choosing,
            Err(failure) => {
                let reason = failure.text("drawing them ended early; the runs are untouched");
                if !is_open {
                    session.error_about(Cause::Export, "Figures are not written", reason.clone());
                }
                self.stage = Stage::Failed(reason);
            }
        }
    }
}

fn lock(progress: &Mutex<(usize, usize)>) -> MutexGuard<'_, (usize, usize)> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
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
fn figure_of(
    state: &State,
    kind: FigureKind,
    run: Option<String>,
    size: Size,
) -> Result<Draw, String> {
    match kind {
        FigureKind::ClassCounts => scanned_counts(state),
        FigureKind::Augmentation => {
            let missing = "The augmentation view has not drawn a picture yet.";
            let preview = state.preview.clone().ok_or(missing)?;
            let document = state.active_document().ok_or(missing)?;
            let experiment = document.experiment.clone();
            Ok(Box::new(move || {
                let versions = preview.versions.iter();
                let figure = report::augmented(
                    preview.original.clone(),
                    versions.map(|version| version.pixels.clone()).collect(),
                    &experiment,
                );
                Ok(Box::new(figure) as Box<dyn Figure>)
            }))
        }
        FigureKind::Freeze if run.is_none() => {
            let Tree::Ready(tree) = &state.tree else {
                return Err("The layers of this backbone are not known yet.".into());
            };
            let document = state.active_document().ok_or("No experiment is open.")?;
            let (tree, experiment) = (Arc::clone(tree), document.experiment.clone());
            // Before the pictures are known, two classes: what most data sets have at least.
            let dataset = state.scan.dataset();
            let classes = dataset.map_or(2, |dataset| dataset.classes.len());
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
    kind: FigureKind,
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
        None if kind == FigureKind::ConfusionDifference && state.comparison.folders.len() > 1 => {
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
        return Err(
            "No run is shown. Click the dots before the runs to draw, in the list of runs.".into(),
        );
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
