//! Left side: where the pictures come from and how they are split.

mod data_folds;
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
use crate::app::ui::disclosure::disclosure;
use crate::app::ui::editor::{Draft, EditorView};
use crate::app::ui::effect::Control;
use crate::app::ui::number_field::NumberField;
use crate::app::ui::rows_in_sight::rows_in_sight;
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
            tooltip: "Which pictures, how they are resized and split into training, validation and test",
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
    /// "Table of picture files and classes"; nothing while no source is chosen.
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
            DataSource::Table { file, .. } => {
                (Some("Table of picture files and classes"), show(file))
            }
            DataSource::Cifar10 { path } => (Some("CIFAR-10"), show(path)),
            DataSource::Cifar100 { path, .. } => (Some("CIFAR-100"), show(path)),
            DataSource::Idx { path } => (Some("MNIST format (IDX files)"), show(path)),
            DataSource::Arrays { path } => (Some("NumPy arrays"), show(path)),
        };
        let mut found = Vec::new();
        let mut train_pictures = 0;
        let summary = match &state.scan {
            Scan::None => String::new(),
            Scan::Running { done, total: 0 } => format!(
                "Looking for pictures: {} found so far",
                format::thousands(*done as u64)
            ),
            Scan::Running { done, total } => {
                format!(
                    "Checking pictures: {} of {}",
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
        "Resize the shorter side and crop the centre, as the pre-trained weights were evaluated. The ends of the longer side are lost.",
    ),
    (
        Fit::Squash,
        "Stretch",
        "The whole picture, stretched to a square: proportions change, nothing is lost.",
    ),
    (
        Fit::Pad,
        "Pad",
        "The whole picture in its proportions, padded to a square with the mean colour.",
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
    let columns = view
        .table
        .as_ref()
        .map_or(&[][..], |table| table.columns.as_slice());
    data_table::table_ui(ui, &mut draft, columns);
    if let Some(table) = &view.table {
        table_preview::other_tables_ui(ui, table, &mut draft);
    }

    ui.add_space(tokens::SPACE_S);
    let tooltip = "How a picture is resized to the square that the network takes";
    let fit = &mut draft.experiment.data.fit;
    let changed = widgets::segmented_row(ui, "Resize", tooltip, fit, &FITS);
    draft.touched(changed, "fit");

    widgets::heading(ui, "Split");
    data_folds::folds_ui(ui, &mut draft);
    let idle = draft.why_idle(Control::ValidationShare);
    let share = &mut draft.experiment.data.split.validation;
    let tooltip = "Share of the pictures outside the test set that are not trained on, but used to choose the best epoch";
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::share_slider(ui, "Validation", tooltip, share, 0.9)
    });
    draft.touched(changed, "validation share");
    widgets::problem(ui, draft.problem("data.split.validation"));
    let idle = draft.why_idle(Control::TestShare);
    let share = &mut draft.experiment.data.split.test;
    let tooltip =
        "Share of all pictures that take no part in training; the results are measured on them";
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::share_slider(ui, "Test", tooltip, share, 0.9)
    });
    draft.touched(changed, "test share");
    widgets::problem(ui, draft.problem("data.split.test"));
    data_group::group_ui(ui, &mut draft, columns);

    let mut limited = draft.experiment.data.limit.is_some();
    let tooltip = "Train on at most this many pictures, with the same share of every class; validation and test keep all of theirs";
    let everything = view.train_pictures.max(1);
    let mut changed = false;
    widgets::row(ui, "Training pictures", tooltip, |ui| {
        let toggled = ui
            .checkbox(&mut limited, "Limit")
            .accessible_name("Limit the training pictures")
            .on_hover_text(tooltip);
        if toggled.changed() {
            draft.experiment.data.limit = limited.then_some((everything / 4).max(1));
            changed = true;
        }
        match &mut draft.experiment.data.limit {
            Some(limit) => {
                let name = "Training pictures at most";
                let unit = format::unit(*limit as u64, " picture", " pictures");
                let field = NumberField::new(name, limit, 1..=10_000_000)
                    .speed(1.0)
                    .unit(unit)
                    .tooltip(tooltip);
                changed |= ui.add(field).changed();
            }
            None => {
                let text = tokens(ui).muted("all are used");
                ui.add(egui::Label::new(text).truncate());
            }
        }
    });
    draft.touched(changed, "limit");
    if let Some(idle) = draft.why_idle(Control::Limit) {
        widgets::note(ui, &idle);
    }
    widgets::problem(ui, draft.problem("data.limit"));
    excluded_ui(ui, &mut draft);
    together_ui(ui, &mut draft);

    classes_ui(ui, view, local, &mut draft);
    draft.finish(out);
}

/// How many pictures are left out, and the way back.
fn excluded_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let count = draft.experiment.data.exclude.len();
    if count == 0 {
        return;
    }
    let tooltip = "Pictures that are left out of the next run. Their files are not changed, and the other pictures keep their \
                   part of the split";
    widgets::row(ui, "Excluded", tooltip, |ui| {
        let text = crate::format::plural(count as u64, "picture", "pictures");
        let names = draft.experiment.data.exclude.join("\n");
        ui.label(text).on_hover_text(format!("{tooltip}\n{names}"));
    });
    // On a line of its own: beside the count, a narrow panel would cut it off.
    if ui
        .button("Include again")
        .on_hover_text("Use these pictures again: empties the list of excluded pictures")
        .clicked()
    {
        draft.experiment.data.exclude.clear();
    }
    widgets::problem(ui, draft.problem("data.exclude"));
}

/// How many pictures are kept together by their names, and the way back.
fn together_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let sets = &draft.experiment.data.split.together;
    if sets.is_empty() {
        return;
    }
    let tooltip = "Pictures that stay in one part of the split and in one fold, each set for itself: those that look alike, as a \
                   rule (Gallery, Label issues, Find duplicates)";
    let names: Vec<String> = sets.iter().take(20).map(|set| set.join(", ")).collect();
    let text = format!(
        "{} in {}",
        crate::format::plural(
            sets.iter().map(Vec::len).sum::<usize>() as u64,
            "picture",
            "pictures"
        ),
        crate::format::plural(sets.len() as u64, "set", "sets")
    );
    widgets::row(ui, "Kept together", tooltip, |ui| {
        ui.label(text)
            .on_hover_text(format!("{tooltip}\n{}", names.join("\n")));
    });
    if ui
        .button("Keep together no more")
        .on_hover_text("Empties the list of pictures that are kept together")
        .clicked()
    {
        draft.experiment.data.split.together.clear();
    }
    widgets::problem(ui, draft.problem("data.split.together"));
}

fn source_ui(ui: &mut egui::Ui, view: &DataEditorView, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    match view.kind {
        None => {
            ui.label(
                colors
                    .muted("No pictures chosen yet. Open a folder that holds one folder per class, or a table."),
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
            .on_hover_text("Choose the folder or table of pictures for this experiment")
            .clicked()
        {
            out.push(Command::OpenPicturesDialog);
        }
        if view.scanning {
            if ui
                .button(format!("{} Stop", icon::STOP))
                .on_hover_text("Stop scanning the pictures")
                .clicked()
            {
                out.push(Command::StopScan);
            }
        } else if view.kind.is_some() {
            let rescan = widgets::icon_button(
                ui,
                icon::ARROWS_CLOCKWISE,
                "Scan the pictures again",
                "Scan the pictures again, after files were added, removed or repaired",
            );
            if rescan.clicked() {
                out.push(Command::Rescan);
            }
            let show = widgets::icon_button(
                ui,
                icon::CHART_BAR,
                "Show the Data view",
                "Show classes, split and samples in the Data view",
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
    draft: &mut Draft<'_>,
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
    let title = format!(
        "Classes: {} of {}",
        format::thousands(number as u64),
        format::thousands(local.known_classes.len() as u64)
    );
    let tooltip = "The classes that the network learns to tell apart";
    let changed = disclosure(ui, "classes", &title, tooltip, |ui| {
        class_list_ui(ui, local, kept)
    });
    draft.touched(changed == Some(true), "");
    widgets::problem(ui, draft.problem("data.classes"));
}

/// The classes with a check box each, and a search among them. Whether another choice was made.
fn class_list_ui(ui: &mut egui::Ui, local: &mut DataEditorLocal, kept: &mut Vec<String>) -> bool {
    let mut changed = false;
    ui.horizontal(|ui| {
        let all = ui.button("All");
        if all
            .accessible_name("Use all classes")
            .on_hover_text("Train on every class of the data set")
            .clicked()
        {
            changed = !kept.is_empty();
            kept.clear();
        }
        ui.add(
            egui::TextEdit::singleline(&mut local.class_search)
                .hint_text(format!("{} Search classes", icon::MAGNIFYING_GLASS))
                .desired_width(ui.available_width()),
        )
        .accessible_name("Search classes")
        .on_hover_text("Show only the classes whose name holds this");
    });
    let search = local.class_search.to_lowercase();
    let matching: Vec<&String> = (local.known_classes.iter())
        .filter(|name| name.to_lowercase().contains(&search))
        .collect();
    if matching.is_empty() {
        widgets::note(ui, "No class matches the search.");
    }
    let height = ui.spacing().interact_size.y;
    rows_in_sight(ui, height, matching.len(), |ui, index| {
        let name = matching[index];
        let mut keep = kept.is_empty() || kept.contains(name);
        let tooltip = "Train on this class; without it, its pictures take part in no split";
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
        let check_box = egui::Checkbox::new(&mut keep, name.as_str());
        if ui.add(check_box).on_hover_text(tooltip).changed() {
            if kept.is_empty() {
                *kept = local.known_classes.clone();
            }
            if keep {
                kept.push(name.clone());
            } else {
                kept.retain(|kept| kept != name);
            }
            if kept.len() == local.known_classes.len() {
                kept.clear();
            }
            changed = true;
        }
    });
    changed
}
