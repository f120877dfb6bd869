//! The dialog that exports figures and the report.

pub mod requests;

use std::collections::BTreeSet;
use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::run_names::told_apart;
use crate::app::core::state::State;
use crate::app::ui::number_field::NumberField;
use crate::app::ui::theme::dialog;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::figures::{DEFAULT_DPI, DPI_RANGE, Size};
use crate::format;
use crate::report::{FigureKind, Format, Options, Parts};

/// Plain data of the dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportView {
    /// Name and colour of the runs that are exported: the shown ones.
    pub runs: Vec<(String, usize)>,
    /// Why they can't be laid side by side.
    pub obstacle: Option<String>,
    pub stage: Stage,
    /// Whether the chosen folder holds an earlier export.
    pub is_filled: bool,
}

/// How far an export is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Choosing,
    Working {
        done: usize,
        total: usize,
    },
    Done {
        folder: PathBuf,
        files: usize,
        /// The report, where one was written.
        report: Option<PathBuf>,
        notes: Vec<String>,
    },
    /// The folder lies among pictures that an experiment reads: nothing is written there unasked.
    Among {
        folder: PathBuf,
        pictures: PathBuf,
    },
    /// A person ended it after this many files.
    Stopped {
        folder: PathBuf,
        files: usize,
    },
    Failed(String),
}

impl Stage {
    /// What a stopped export left.
    fn stopped_text(&self) -> Option<String> {
        match self {
            Self::Stopped { files: 0, .. } => {
                Some("The export was stopped before a file was written.".to_owned())
            }
            Self::Stopped { folder, files } => Some(format!(
                "The export was stopped. {} written in {}.",
                format::plural(*files as u64, "file is", "files are"),
                folder.display()
            )),
            _ => None,
        }
    }
}

impl ExportView {
    pub fn build(state: &State, stage: &Stage, is_filled: bool) -> Self {
        let shown: Vec<_> = state
            .runs
            .iter()
            .filter(|run| run.shown && run.folder.is_some())
            .collect();
        let mut splits: Vec<&str> = shown
            .iter()
            .filter_map(|run| run.summary.as_ref())
            .map(|summary| summary.test_split.as_str())
            .collect();
        splits.sort_unstable();
        splits.dedup();
        let obstacle = (splits.len() > 1).then(|| {
            "They were tested on different pictures: each gets its own figures, but there is no comparison and no \
             report. Show only runs on the same data and split for those."
                .to_owned()
        });
        Self {
            runs: shown
                .iter()
                .map(|run| (told_apart(run, state), run.color))
                .collect(),
            obstacle,
            stage: stage.clone(),
            is_filled,
        }
    }
}

/// What the dialog remembers, also when it is opened again.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportLocal {
    kinds: BTreeSet<FigureKind>,
    size: Size,
    dpi: u32,
    dark: bool,
    format: Format,
    parts: Parts,
    /// As typed.
    pub folder: String,
}

impl Default for ExportLocal {
    fn default() -> Self {
        let options = Options::default();
        Self {
            kinds: options.kinds.into_iter().collect(),
            size: options.size,
            dpi: DEFAULT_DPI,
            dark: false,
            format: options.format,
            parts: options.parts,
            folder: String::new(),
        }
    }
}

impl ExportLocal {
    pub fn options(&self) -> Options {
        Options {
            size: self.size,
            dpi: self.dpi,
            dark: self.dark,
            format: self.format,
            kinds: self.kinds.iter().copied().collect(),
            parts: self.parts,
        }
    }

    /// Whether anything would be written.
    fn is_something(&self) -> bool {
        let Parts {
            html,
            tables,
            tensorboard,
        } = self.parts;
        !self.kinds.is_empty() || html || tables || tensorboard
    }
}

/// Sizes that people ask for.
const SIZES: [(Size, &str, &str); 4] = [
    (
        Size {
            width: 1600,
            height: 1000,
        },
        "Report",
        "1600 × 1000: half a slide, a column of a paper",
    ),
    (
        Size {
            width: 1920,
            height: 1080,
        },
        "Slide",
        "1920 × 1080: a whole slide",
    ),
    (
        Size {
            width: 1200,
            height: 1200,
        },
        "Square",
        "1200 × 1200",
    ),
    (
        Size {
            width: 4800,
            height: 3000,
        },
        "Poster",
        "4800 × 3000: sharp in large print",
    ),
];

/// Of the window's height, what title, problems, buttons and margins take.
const AROUND_CHOICES: f32 = 220.0;
/// What the choices take.
const CHOICES: f32 = 540.0;

/// The dialog over the window; false when it was closed.
pub fn modal_ui(
    ctx: &egui::Context,
    view: &ExportView,
    local: &mut ExportLocal,
    out: &mut Vec<Command>,
) -> bool {
    let title = "Export figures and report";
    let (is_open, is_closed) = dialog(ctx, "export", title, 600.0, |ui| match &view.stage {
        Stage::Choosing | Stage::Failed(_) | Stage::Stopped { .. } | Stage::Among { .. } => {
            export_ui(ui, view, local, out)
        }
        Stage::Working { done, total } => {
            working_ui(ui, *done, *total, out);
            true
        }
        Stage::Done {
            folder,
            files,
            report,
            notes,
        } => done_ui(ui, folder, *files, report.as_ref(), notes, out),
    });
    // What is being written goes on behind a dialog that was closed.
    is_open && !is_closed
}

/// The choices; false when it was cancelled.
pub fn export_ui(
    ui: &mut egui::Ui,
    view: &ExportView,
    local: &mut ExportLocal,
    out: &mut Vec<Command>,
) -> bool {
    // In a low window the choices scroll, so that the buttons stay in sight.
    let room = ui.ctx().content_rect().height() - AROUND_CHOICES;
    if room < CHOICES {
        egui::ScrollArea::vertical()
            .max_height(room.max(120.0))
            .show(ui, |ui| choices_ui(ui, view, local, out));
    } else {
        choices_ui(ui, view, local, out);
    }
    if let Stage::Failed(reason) = &view.stage {
        ui.add_space(tokens::SPACE_S);
        widgets::problem(ui, Some(reason));
    }
    if let Some(text) = view.stage.stopped_text() {
        ui.add_space(tokens::SPACE_S);
        widgets::note(ui, &text);
    }
    if view.is_filled {
        ui.add_space(tokens::SPACE_S);
        widgets::note(
            ui,
            "This folder holds an earlier export. Files of the same names there are replaced.",
        );
    }
    let folder = PathBuf::from(local.folder.trim());
    // Another folder is another question.
    let among = match &view.stage {
        Stage::Among {
            folder: asked,
            pictures,
        } if *asked == folder => Some(pictures),
        _ => None,
    };
    if let Some(pictures) = among {
        ui.add_space(tokens::SPACE_S);
        let message = format!(
            "This folder lies below the pictures of {}: figures there would be taken for pictures, and their folder for \
             a class. Choose another folder, or write there all the same.",
            pictures.display()
        );
        widgets::problem(ui, Some(&message));
    }
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    buttons_ui(ui, |ui| {
        let ready =
            !view.runs.is_empty() && local.is_something() && !local.folder.trim().is_empty();
        let (text, hint) = match among {
            None => ("Export", "Draw and write the chosen files"),
            Some(_) => (
                "Write there anyway",
                "Draw and write the chosen files although they will lie among pictures",
            ),
        };
        let button = crate::app::ui::theme::primary_button(ui, text, ready, egui::Vec2::ZERO);
        let why = "Show at least one run, choose something to write, and give a folder";
        if button
            .on_hover_text(hint)
            .on_disabled_hover_text(why)
            .clicked()
        {
            out.push(Command::Export {
                folder,
                options: Box::new(local.options()),
                among_pictures: among.is_some(),
            });
        }
        if ui
            .button("Cancel")
            .on_hover_text("Write nothing (Esc)")
            .clicked()
        {
            is_open = false;
        }
    });
    is_open
}

/// What is written, and where to.
fn choices_ui(
    ui: &mut egui::Ui,
    view: &ExportView,
    local: &mut ExportLocal,
    out: &mut Vec<Command>,
) {
    let t = tokens(ui);
    if view.runs.is_empty() {
        ui.label(t.muted(
            "No run is shown. Click the dots before the runs to export, in the list of runs.",
        ));
    } else {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = tokens::SPACE_M;
            for (name, color) in &view.runs {
                widgets::run_mark(ui, tokens::run_color(*color), name);
            }
        });
    }
    if let Some(obstacle) = &view.obstacle {
        ui.add_space(tokens::SPACE_XS);
        widgets::note(ui, obstacle);
    }
    kinds_ui(ui, local);
    widgets::heading(ui, "Other files");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_L;
        let can_report = view.obstacle.is_none();
        ui.add_enabled_ui(can_report, |ui| {
            ui.checkbox(&mut local.parts.html, "Report (HTML)")
                .on_hover_text("One file with verdict, tables and every figure, for a browser or a printer");
        });
        ui.checkbox(&mut local.parts.tables, "Tables (CSV, text)")
            .on_hover_text("Metrics per epoch, predictions, settings that differ, classification reports");
        ui.checkbox(&mut local.parts.tensorboard, "TensorBoard")
            .on_hover_text("Accuracy, loss and learning rate of every epoch as event files that TensorBoard reads");
    });
    widgets::heading(ui, "Format");
    how_ui(ui, local);
    folder_ui(ui, local, out);
}

fn kinds_ui(ui: &mut egui::Ui, local: &mut ExportLocal) {
    ui.add_space(tokens::SPACE_S);
    ui.horizontal(|ui| {
        ui.label(tokens::semibold("Figures"));
        buttons_ui(ui, |ui| {
            if ui
                .small_button("None")
                .on_hover_text("No separate figures")
                .clicked()
            {
                local.kinds.clear();
            }
            if ui
                .small_button("All")
                .on_hover_text("Every figure there are numbers for")
                .clicked()
            {
                local.kinds = FigureKind::ALL.into_iter().collect();
            }
        });
    });
    let columns = 2;
    let rows = FigureKind::ALL.len().div_ceil(columns);
    ui.columns(columns, |sides| {
        for (index, kind) in FigureKind::ALL.into_iter().enumerate() {
            let ui = &mut sides[index / rows];
            let mut is_on = local.kinds.contains(&kind);
            if ui
                .checkbox(&mut is_on, kind.title())
                .on_hover_text(kind.sentence())
                .changed()
            {
                if is_on {
                    local.kinds.insert(kind);
                } else {
                    local.kinds.remove(&kind);
                }
            }
        }
    });
}

fn how_ui(ui: &mut egui::Ui, local: &mut ExportLocal) {
    widgets::segmented_row(
        ui,
        "Files",
        "PNG is pixels, for slides and messages; SVG is shapes, sharp at any size",
        &mut local.format,
        &[
            (Format::Both, "PNG and SVG", "Two files for each figure"),
            (Format::Png, "PNG", "Pixels"),
            (Format::Svg, "SVG", "Shapes that can be edited"),
        ],
    );
    widgets::segmented_row(
        ui,
        "Colours",
        "Light for paper and bright slides, dark for dark slides; the report follows its reader's screen",
        &mut local.dark,
        &[
            (false, "Light", "On white"),
            (true, "Dark", "On near black"),
        ],
    );
    widgets::row(
        ui,
        "Size",
        "Width and height in pixels; letters and lines grow with it",
        |ui| {
            let range = *Size::RANGE.start()..=*Size::RANGE.end();
            for (value, name) in [
                (&mut local.size.width, "Width"),
                (&mut local.size.height, "Height"),
            ] {
                let field = NumberField::new(name, value, range.clone())
                    .speed(10.0)
                    .unit(" px")
                    .tooltip(format!("{name} of a figure in pixels"));
                ui.add(field);
            }
            for (size, title, sentence) in SIZES {
                if ui
                    .add(egui::Button::selectable(local.size == size, title))
                    .on_hover_text(sentence)
                    .clicked()
                {
                    local.size = size;
                }
            }
        },
    );
    let idle = (local.format == Format::Svg)
        .then(|| "SVG is vector graphics and has no resolution.".to_owned());
    let tooltip =
        "How large a document prints the PNG file, in dots per inch. The pixels stay the same";
    widgets::idle_if(ui, idle, |ui| {
        widgets::row(ui, "Resolution", tooltip, |ui| {
            let range = *DPI_RANGE.start()..=*DPI_RANGE.end();
            let field = NumberField::new("Resolution", &mut local.dpi, range);
            ui.add(field.unit(" dpi").tooltip(tooltip));
            let inches = |pixels: u32| f64::from(pixels) / f64::from(local.dpi) * 2.54;
            let text = format!(
                "{:.1} × {:.1} cm in print",
                inches(local.size.width),
                inches(local.size.height)
            );
            ui.label(tokens(ui).small(text));
        });
    });
}

fn folder_ui(ui: &mut egui::Ui, local: &mut ExportLocal, out: &mut Vec<Command>) {
    widgets::row(
        ui,
        "Folder",
        "Where the files go; it is created if it does not exist",
        |ui| {
            let width = (ui.available_width() - 96.0).max(80.0);
            ui.add(
                egui::TextEdit::singleline(&mut local.folder)
                    .desired_width(width)
                    .hint_text("Path of a folder"),
            )
            .accessible_name("Folder");
            if ui
                .button("Browse…")
                .on_hover_text("Choose the folder")
                .clicked()
            {
                out.push(Command::ExportFolderDialog);
            }
        },
    );
}

/// The buttons that end a dialog, at its right; no taller than they are.
fn buttons_ui(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui)) {
    let size = egui::vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(size, layout, add);
}

fn working_ui(ui: &mut egui::Ui, done: usize, total: usize, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let share = done as f32 / total.max(1) as f32;
    ui.label(t.muted(if done == 0 {
        "Reading the runs…".to_owned()
    } else {
        format!(
            "Drawing: {} of {}",
            format::thousands(done as u64),
            format::plural(total as u64, "step", "steps")
        )
    }));
    ui.add_space(tokens::SPACE_XS);
    widgets::bar(ui, share, t.accent, "Figures drawn so far");
    ui.add_space(tokens::SPACE_M);
    buttons_ui(ui, |ui| {
        if ui
            .button("Stop")
            .on_hover_text("End the export after this figure; files that are written stay")
            .clicked()
        {
            out.push(Command::StopExport);
        }
    });
}

/// What has been written; false when the dialog was closed.
fn done_ui(
    ui: &mut egui::Ui,
    folder: &std::path::Path,
    files: usize,
    report: Option<&PathBuf>,
    notes: &[String],
    out: &mut Vec<Command>,
) -> bool {
    let t = tokens(ui);
    ui.horizontal(|ui| {
        ui.label(tokens::icon_filled(icon::CHECK_CIRCLE).color(t.success));
        ui.label(format!(
            "{} written",
            format::plural(files as u64, "file is", "files are")
        ));
    });
    ui.add(egui::Label::new(t.small(folder.display().to_string())).truncate());
    for note in notes {
        widgets::note(ui, note);
    }
    ui.add_space(tokens::SPACE_M);
    let mut is_open = true;
    buttons_ui(ui, |ui| {
        if crate::app::ui::theme::primary_button(ui, "Close", true, egui::Vec2::ZERO).clicked() {
            is_open = false;
        }
        if ui
            .button("Open the folder")
            .on_hover_text("Show the files in the file manager")
            .clicked()
        {
            out.push(Command::OpenFolder(folder.to_path_buf()));
        }
        if let Some(report) = report
            && ui
                .button("Open the report")
                .on_hover_text("Show report.html in the browser")
                .clicked()
        {
            out.push(Command::OpenFolder(report.clone()));
        }
    });
    is_open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;

    #[test]
    fn the_view_says_which_runs_and_why_they_cant_be_compared() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            run.shown = run.folder.is_some();
        }
        let view = ExportView::build(&state, &Stage::Choosing, false);
        assert!(view.runs.len() > 1 && view.runs.iter().any(|(name, _)| name == "Fine-tuning"));
        // One of the fake afternoon's runs was tested on other pictures.
        assert!(
            view.obstacle
                .is_some_and(|text| text.contains("different pictures"))
        );
        for run in &mut state.runs {
            run.shown = run.name == "Fine-tuning" && run.folder.is_some();
        }
        assert_eq!(
            ExportView::build(&state, &Stage::Choosing, false).obstacle,
            None
        );
    }

    #[test]
    fn what_is_chosen_is_what_is_asked_for() {
        let mut local = ExportLocal::default();
        assert_eq!(local.options(), {
            let mut options = Options::default();
            options.kinds.sort();
            options
        });
        local.kinds.clear();
        local.parts = Parts {
            html: false,
            tables: false,
            tensorboard: false,
        };
        assert!(!local.is_something());
        local.kinds.insert(FigureKind::Curves);
        assert!(local.is_something());
    }
}
