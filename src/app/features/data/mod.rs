//! Left side: where the pictures come from and how they are split.

pub mod data_group;
pub mod data_table;
pub mod data_view;
pub mod requests;
pub mod table_preview;

use std::path::Path;
use std::sync::Arc;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{Document, Scan, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::editor::EditorView;
use crate::app::ui::effect::Control;
use crate::app::ui::number_field::NumberField;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::data::scan::TablePreview;
use crate::experiment::{DataSource, Fit};
use crate::format;

/// Where the pictures come from.
pub struct DataSection;

impl Section for DataSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Data",
            icon: icon::IMAGES,
            tooltip: "Which pictures, how they are split, how one becomes a square",
            fields: &["data"],
            starts_open: true,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        if let Some(view) = DataEditorView::build(context.state) {
            let local = context.panels.of_document(view.editor.document);
            data_editor_ui(ui, &view, local, out);
        }
    }

    fn summary(&self, _document: &Document, context: &mut ViewContext<'_>) -> String {
        match &context.state.scan {
            Scan::Done { dataset, .. } => {
                format::plural(dataset.pictures.len() as u64, "picture", "pictures")
            }
            _ => String::new(),
        }
    }
}

/// Plain data of the data editor.
#[derive(Debug, Clone, PartialEq)]
pub struct DataEditorView {
    pub editor: EditorView,
    /// "Table of paths and labels"; nothing while no source is chosen.
    pub kind: Option<&'static str>,
    pub path: String,
    /// "2,624 pictures, 2 classes", or how far the scan is.
    pub summary: String,
    pub scanning: bool,
    pub failed: bool,
    /// Classes found by the scan, with their numbers of pictures.
    pub found: Vec<(String, usize)>,
    /// The table that is looked at, with those beside it.
    pub table: Option<Arc<TablePreview>>,
    /// Training pictures that there are, for the limit.
    pub train_pictures: usize,
}

impl DataEditorView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let (kind, path) = match &editor.experiment.data.source {
            DataSource::Unset => (None, String::new()),
            DataSource::ClassFolders { path } => (Some("One folder per class"), show(path)),
            DataSource::SplitFolders { path } => {
                (Some("Train, validation and test folders"), show(path))
            }
            DataSource::Table { file, .. } => (Some("Table of paths and labels"), show(file)),
            DataSource::Cifar10 { path } => (Some("CIFAR-10"), show(path)),
            DataSource::Cifar100 { path, .. } => (Some("CIFAR-100"), show(path)),
            DataSource::Idx { path } => (Some("A set in MNIST's format"), show(path)),
            DataSource::Arrays { path } => (Some("NumPy's arrays"), show(path)),
        };
        let mut found = Vec::new();
        let mut train_pictures = 0;
        let summary = match &state.scan {
            Scan::None => String::new(),
            Scan::Running { done, total: 0 } => format!(
                "Looking for pictures: {} so far",
                format::thousands(*done as u64)
            ),
            Scan::Running { done, total } => {
                format!(
                    "Checking {} of {} pictures",
                    format::thousands(*done as u64),
                    format::thousands(*total as u64)
                )
            }
            Scan::Failed(message) => message.clone(),
            Scan::Done { dataset, split, .. } => {
                let mut counts = vec![0; dataset.classes.len()];
                for picture in &dataset.pictures {
                    if let Some(count) = counts.get_mut(picture.label as usize) {
                        *count += 1;
                    }
                }
                found = dataset.classes.iter().cloned().zip(counts).collect();
                train_pictures = split.train.len();
                format!(
                    "{}, {}",
                    format::plural(dataset.pictures.len() as u64, "picture", "pictures"),
                    format::plural(dataset.classes.len() as u64, "class", "classes")
                )
            }
        };
        Some(Self {
            kind,
            path,
            summary,
            scanning: matches!(state.scan, Scan::Running { .. }),
            failed: matches!(state.scan, Scan::Failed(_)),
            found,
            table: table_preview::preview_of(state).and_then(Result::ok),
            train_pictures,
            editor,
        })
    }

    /// The classes to choose among: those found and those that the experiment keeps.
    fn offered(&self) -> Vec<String> {
        let mut names: Vec<String> = self.found.iter().map(|(name, _)| name.clone()).collect();
        for name in &self.editor.experiment.data.classes {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

/// What the data editor remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct DataEditorLocal {
    class_search: String,
    /// Every class that a scan of the current path has ever found: keeping a few must not hide the others.
    known_classes: Vec<String>,
    /// Whatever of it changes (a table's column, say) makes other classes.
    known_source: Option<DataSource>,
}

const FITS: [(Fit, &str, &str); 3] = [
    (
        Fit::CenterCrop,
        "Crop",
        "Resize the shorter side and cut the middle: as the weights were evaluated. What stands at the long ends is lost.",
    ),
    (
        Fit::Squash,
        "Squash",
        "The whole picture, its sides stretched to a square: for what sits at borders.",
    ),
    (
        Fit::Pad,
        "Pad",
        "The whole picture with its proportions, on a background of the mean colour.",
    ),
];

pub fn data_editor_ui(
    ui: &mut egui::Ui,
    view: &DataEditorView,
    local: &mut DataEditorLocal,
    out: &mut Vec<Command>,
) {
    source_ui(ui, view, out);
    let mut draft = view.editor.draft();
    data_table::table_ui(ui, &mut draft);
    if let Some(table) = &view.table {
        table_preview::other_tables_ui(ui, table, &mut draft);
    }

    widgets::heading(ui, "Square");
    let tooltip = "How a picture becomes the square that the network sees";
    let changed = widgets::segmented_row(ui, "Fit", tooltip, &mut draft.experiment.data.fit, &FITS);
    draft.touched(changed, "fit");

    widgets::heading(ui, "Split");
    let idle = draft.why_idle(Control::ValidationShare);
    let share = &mut draft.experiment.data.split.validation;
    let tooltip =
        "Share of the pictures that are not test, held back from training to choose the best epoch";
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::share_slider(ui, "Validation", tooltip, share, 0.9)
    });
    draft.touched(changed, "validation share");
    widgets::problem(ui, draft.problem("data.split.validation"));
    let idle = draft.why_idle(Control::TestShare);
    let share = &mut draft.experiment.data.split.test;
    let tooltip =
        "Share of all pictures that training never sees; the results are measured on them, once";
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::share_slider(ui, "Test", tooltip, share, 0.9)
    });
    draft.touched(changed, "test share");
    widgets::problem(ui, draft.problem("data.split.test"));
    let columns = view
        .table
        .as_ref()
        .map_or(&[][..], |table| table.columns.as_slice());
    data_group::group_ui(ui, &mut draft, columns);

    let mut limited = draft.experiment.data.limit.is_some();
    let tooltip = "Train on at most this many pictures, drawn evenly over the classes; validation and test stay whole";
    let everything = view.train_pictures.max(1);
    let mut changed = false;
    widgets::row(ui, "Limit", tooltip, |ui| {
        let toggled = ui
            .checkbox(&mut limited, "")
            .accessible_name("Limit training pictures")
            .on_hover_text(tooltip);
        if toggled.changed() {
            draft.experiment.data.limit = limited.then_some((everything / 4).max(1));
            changed = true;
        }
        match &mut draft.experiment.data.limit {
            Some(limit) => {
                let name = "Training pictures at most";
                let field = NumberField::new(name, limit, 1..=10_000_000)
                    .speed(1.0)
                    .unit(" pictures")
                    .tooltip(tooltip);
                changed |= ui.add(field).changed();
            }
            None => {
                ui.label(tokens(ui).muted("All training pictures"));
            }
        }
    });
    draft.touched(changed, "limit");
    if let Some(idle) = draft.why_idle(Control::Limit) {
        widgets::note(ui, &idle);
    }
    widgets::problem(ui, draft.problem("data.limit"));
    excluded_ui(ui, &mut draft);

    classes_ui(ui, view, local, &mut draft);
    draft.finish(out);
}

/// How many pictures are left out, and the way back.
fn excluded_ui(ui: &mut egui::Ui, draft: &mut crate::app::ui::editor::Draft<'_>) {
    let count = draft.experiment.data.exclude.len();
    if count == 0 {
        return;
    }
    let tooltip = "Pictures that the next run does without; their files are untouched, and the others stay in the split \
                   where they were";
    widgets::row(ui, "Left out", tooltip, |ui| {
        let text = crate::format::plural(count as u64, "picture", "pictures");
        let names = draft.experiment.data.exclude.join("\n");
        ui.label(text).on_hover_text(format!("{tooltip}\n{names}"));
        if ui
            .button("Take back in")
            .on_hover_text("Empty the list of pictures to leave out")
            .clicked()
        {
            draft.experiment.data.exclude.clear();
        }
    });
    widgets::problem(ui, draft.problem("data.exclude"));
}

fn source_ui(ui: &mut egui::Ui, view: &DataEditorView, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    match view.kind {
        None => {
            ui.label(
                colors
                    .muted("No pictures chosen yet. A folder with one folder per class is enough."),
            );
        }
        Some(kind) => {
            ui.horizontal(|ui| {
                ui.label(tokens::icon_text(icon::IMAGES).color(colors.accent));
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let name = Path::new(&view.path).file_name().map_or_else(
                        || view.path.clone(),
                        |name| name.to_string_lossy().into_owned(),
                    );
                    ui.add(egui::Label::new(tokens::medium(name)).truncate())
                        .on_hover_text(&view.path);
                    ui.add(egui::Label::new(colors.small(kind)).truncate());
                });
            });
        }
    }
    ui.add_space(tokens::SPACE_XS);
    if !view.summary.is_empty() {
        let color = if view.failed {
            colors.danger
        } else {
            colors.text_muted
        };
        ui.horizontal_wrapped(|ui| {
            if view.scanning {
                ui.spinner();
            }
            ui.label(egui::RichText::new(&view.summary).color(color));
        });
    }
    ui.horizontal_wrapped(|ui| {
        let open = ui.button(format!("{} Open pictures…", icon::FOLDER_OPEN));
        if open
            .on_hover_text("Choose the folder or table of pictures that this experiment trains on, and every other that has the same")
            .clicked()
        {
            out.push(Command::OpenPicturesDialog);
        }
        if view.scanning {
            if ui
                .button(format!("{} Stop", icon::STOP))
                .on_hover_text("Stop looking through the pictures")
                .clicked()
            {
                out.push(Command::StopScan);
            }
        } else if view.kind.is_some() {
            let rescan = widgets::icon_button(
                ui,
                icon::ARROWS_CLOCKWISE,
                "Look through the pictures again",
                "Look through the pictures again, after files were added, removed or repaired",
            );
            if rescan.clicked() {
                out.push(Command::Rescan);
            }
            let show = widgets::icon_button(
                ui,
                icon::CHART_BAR,
                "Show the data view",
                "Show classes, split and samples",
            );
            if show.clicked() {
                out.push(Command::ShowView(ViewId::DATA));
            }
        }
    });
}

fn classes_ui(
    ui: &mut egui::Ui,
    view: &DataEditorView,
    local: &mut DataEditorLocal,
    draft: &mut crate::app::ui::editor::Draft<'_>,
) {
    let source = &view.editor.experiment.data.source;
    if local.known_source.as_ref() != Some(source) {
        local.known_source = Some(source.clone());
        local.known_classes.clear();
        local.class_search.clear();
    }
    for name in view.offered() {
        if !local.known_classes.contains(&name) {
            local.known_classes.push(name);
        }
    }
    // Two classes leave nothing to choose.
    if local.known_classes.len() <= 2 {
        return;
    }
    let kept = &mut draft.experiment.data.classes;
    let number = if kept.is_empty() {
        local.known_classes.len()
    } else {
        kept.len()
    };
    widgets::heading(ui, "Classes");
    let title = format!("{} of {} kept", number, local.known_classes.len());
    let mut changed = false;
    egui::CollapsingHeader::new(title).id_salt("classes").show(ui, |ui| {
        ui.add(
            egui::TextEdit::singleline(&mut local.class_search)
                .hint_text(format!("{} Search classes", icon::MAGNIFYING_GLASS))
                .desired_width(f32::INFINITY),
        );
        if ui.small_button("Keep all").on_hover_text("Train on every class that the source has").clicked() {
            changed = !kept.is_empty();
            kept.clear();
        }
        let search = local.class_search.to_lowercase();
        let matching: Vec<&String> =
            local.known_classes.iter().filter(|name| name.to_lowercase().contains(&search)).collect();
        let height = ui.spacing().interact_size.y;
        egui::ScrollArea::vertical().id_salt("class list").max_height(220.0).show_rows(
            ui,
            height,
            matching.len(),
            |ui, rows| {
                for name in &matching[rows] {
                    let mut keep = kept.is_empty() || kept.contains(name);
                    let tooltip = "Train on this class; without it, its pictures are left out of every split";
                    if ui.checkbox(&mut keep, name.as_str()).on_hover_text(tooltip).changed() {
                        if kept.is_empty() {
                            *kept = local.known_classes.clone();
                        }
                        if keep {
                            kept.push((*name).clone());
                        } else {
                            kept.retain(|kept| kept != *name);
                        }
                        if kept.len() == local.known_classes.len() {
                            kept.clear();
                        }
                        changed = true;
                    }
                }
            },
        );
    });
    draft.touched(changed, "");
    widgets::problem(ui, draft.problem("data.classes"));
}
