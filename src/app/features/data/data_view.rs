//! Middle: the classes with their counts, the split, samples, and what was skipped.

use std::sync::{Arc, Weak};

use eframe::egui::{self, Align2, RichText, Sense, vec2};

use super::table_preview::{TableView, table_preview_ui};
use crate::app::core::command::Command;
use crate::app::core::state::{Scan, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::editor::EditorView;
use crate::app::ui::names::shown_name;
use crate::app::ui::textures::{TextureCache, TextureKey};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::data::{Dataset, Pixels, Remark, RemarkKind, SplitIndices, problems, split};
use crate::experiment::{DataSource, preset};
use crate::format;
use crate::report::FigureKind;

/// Samples of one class that are offered, at most.
const SAMPLES: usize = 24;
/// The side of a sample, in points.
const SAMPLE_SIDE: f32 = 84.0;
/// Pictures that are asked for at once, at most: those on screen.
const WANTED: usize = 96;

/// What the data set holds.
pub struct DataTab;

impl View for DataTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::DATA,
            title: "Data",
            icon: icon::IMAGES,
            action: "Show data",
            tooltip: "Classes, split, samples and problems of the pictures",
            figure: Some(FigureKind::ClassCounts),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let cache = context.panels.of_window::<DataViewCache>();
        let view = cache.view(context.state);
        let table = TableView::build(context.state);
        let local = context.panels.of_window::<DataViewLocal>();
        data_view_ui(ui, &view, table.as_ref(), local, out);
        if !local.wanted.is_empty() {
            out.push(Command::RequestThumbnails(local.wanted.clone()));
        }
        if let Some(assignment) = local.keep_together.take() {
            keep_together(context.state, &assignment, out);
        }
    }
}

/// Sets what a remark proposes to keep pictures of one thing together.
fn keep_together(state: &State, assignment: &str, out: &mut Vec<Command>) {
    let Some(editor) = EditorView::build(state) else {
        return;
    };
    let mut draft = editor.draft();
    if let Err(reason) = preset::set_field(&mut draft.experiment, assignment) {
        log::warn!("{assignment} is not set: {reason}");
        return;
    }
    draft.finish(out);
}

/// Plain data of the data view.
#[derive(Debug, Clone)]
pub enum DataView {
    /// No source is chosen.
    Empty,
    /// A source is chosen, and not yet looked through.
    Waiting,
    Scanning {
        done: usize,
        total: usize,
    },
    Failed(String),
    Ready(Box<ReadyView>),
}

#[derive(Debug, Clone)]
pub struct ReadyView {
    pub classes: Vec<ClassRow>,
    /// Train, validation and test.
    pub totals: [usize; 3],
    /// Of a cross-validation, of which fold these are.
    pub fold: Option<String>,
    /// Reason and path.
    pub problems: Vec<(String, String)>,
    /// What was taken where there was a choice, and what deserves a look.
    pub remarks: Vec<Remark>,
    /// Names this data set among others, for the texture cache.
    pub generation: u64,
}

#[derive(Debug, Clone)]
pub struct ClassRow {
    pub name: String,
    /// Train, validation and test.
    pub counts: [usize; 3],
    pub samples: Vec<Sample>,
}

#[derive(Debug, Clone)]
pub struct Sample {
    pub index: usize,
    pub name: String,
    pub size: (u32, u32),
    /// Nothing until the assistant answered.
    pub pixels: Option<Result<Arc<Pixels>, String>>,
}

impl ClassRow {
    pub fn pictures(&self) -> usize {
        self.counts.iter().sum()
    }
}

impl DataView {
    pub fn build(state: &State) -> Self {
        match &state.scan {
            Scan::Running { done, total } => Self::Scanning {
                done: *done,
                total: *total,
            },
            Scan::Failed(message) => Self::Failed(message.clone()),
            Scan::Done { dataset, split, .. } => {
                let remarks = ReadyView::remarks(state, dataset, split);
                Self::Ready(Box::new(ReadyView::build(state, dataset, split, remarks)))
            }
            Scan::None => match state.active_document() {
                Some(document) if document.experiment.data.source != DataSource::Unset => {
                    Self::Waiting
                }
                _ => Self::Empty,
            },
        }
    }
}

/// Keeps the view while pictures, split and thumbnails stay: a data set has thousands of pictures,
/// and a frame has a few milliseconds.
#[derive(Debug, Default)]
pub struct DataViewCache {
    key: Option<(Weak<Dataset>, Weak<SplitIndices>, usize)>,
    view: Option<Arc<DataView>>,
}

impl DataViewCache {
    /// What [`DataView::build`] gives for `state`.
    pub fn view(&mut self, state: &State) -> Arc<DataView> {
        let Scan::Done { dataset, split, .. } = &state.scan else {
            // Cheap, and different in every frame of a scan.
            self.key = None;
            return Arc::new(DataView::build(state));
        };
        // Thumbnails are added, or all forgotten.
        let thumbnails = state.thumbnails.len();
        let is_current = self.key.as_ref().is_some_and(|key| {
            std::ptr::eq(key.0.as_ptr(), Arc::as_ptr(dataset))
                && std::ptr::eq(key.1.as_ptr(), Arc::as_ptr(split))
                && key.2 == thumbnails
        });
        match &self.view {
            Some(view) if is_current => view.clone(),
            _ => {
                // Thumbnails come one by one, and change nothing of what is remarked.
                let is_same_split = self.key.as_ref().is_some_and(|key| {
                    std::ptr::eq(key.0.as_ptr(), Arc::as_ptr(dataset))
                        && std::ptr::eq(key.1.as_ptr(), Arc::as_ptr(split))
                });
                let known = match self.view.as_deref() {
                    Some(DataView::Ready(view)) if is_same_split => Some(view.remarks.clone()),
                    _ => None,
                };
                let remarks = known.unwrap_or_else(|| ReadyView::remarks(state, dataset, split));
                self.key = Some((Arc::downgrade(dataset), Arc::downgrade(split), thumbnails));
                let view = ReadyView::build(state, dataset, split, remarks);
                let view = Arc::new(DataView::Ready(Box::new(view)));
                self.view = Some(view.clone());
                view
            }
        }
    }
}

impl ReadyView {
    /// What was taken, by which rule it was split, and what deserves a look.
    fn remarks(state: &State, dataset: &Dataset, split: &SplitIndices) -> Vec<Remark> {
        let mut remarks = dataset.remarks.clone();
        if let Some(document) = state.active_document() {
            remarks.push(split::rule(dataset, &document.experiment));
            remarks.extend(split::remarks(dataset, split, &document.experiment));
        }
        remarks
    }

    fn build(
        state: &State,
        dataset: &Arc<Dataset>,
        split: &SplitIndices,
        remarks: Vec<Remark>,
    ) -> Self {
        let mut classes: Vec<ClassRow> = dataset
            .classes
            .iter()
            .map(|name| ClassRow {
                name: name.clone(),
                counts: [0; 3],
                samples: Vec::new(),
            })
            .collect();
        for (part, indices) in [&split.train, &split.validation, &split.test]
            .into_iter()
            .enumerate()
        {
            for &index in indices {
                let label = dataset
                    .pictures
                    .get(index)
                    .map(|picture| picture.label as usize);
                if let Some(class) = label.and_then(|label| classes.get_mut(label)) {
                    class.counts[part] += 1;
                }
            }
        }
        for (index, picture) in dataset.pictures.iter().enumerate() {
            if let Some(class) = classes.get_mut(picture.label as usize)
                && class.samples.len() < SAMPLES
            {
                class.samples.push(Sample {
                    index,
                    name: picture.name.clone(),
                    size: picture.size,
                    pixels: state.thumbnails.get(&index).cloned(),
                });
            }
        }
        Self {
            classes,
            totals: [split.train.len(), split.validation.len(), split.test.len()],
            fold: fold_text(state),
            problems: dataset
                .problems
                .iter()
                .map(|problem| (problem.reason.clone(), problem.path.display().to_string()))
                .collect(),
            remarks,
            generation: Arc::as_ptr(dataset) as usize as u64,
        }
    }

    /// The view as lines of text: what a reader of the window would tell someone else.
    pub fn text(&self) -> String {
        let mut lines = vec![format!(
            "train {}, validation {}, test {}",
            format::thousands(self.totals[0] as u64),
            format::thousands(self.totals[1] as u64),
            format::thousands(self.totals[2] as u64)
        )];
        for class in &self.classes {
            let [train, validation, test] = class.counts;
            lines.push(format!("{}: {train} + {validation} + {test}", class.name));
        }
        lines.extend(self.remarks.iter().map(|remark| remark.text.clone()));
        for (reason, path) in &self.problems {
            lines.push(format!("skipped: {reason}: {path}"));
        }
        lines.join("\n")
    }
}

/// What the numbers of training, validation and test are of, where there are several.
fn fold_text(state: &State) -> Option<String> {
    let folds = state
        .active_document()?
        .experiment
        .data
        .split
        .cross_validation()?;
    Some(format!(
        "Training, validation and test as in the first of {folds} folds; each fold is the test once."
    ))
}

/// What the data view remembers between frames.
#[derive(Default)]
pub struct DataViewLocal {
    /// Pictures on screen whose thumbnails are missing: the shell asks the assistant for them.
    pub wanted: Vec<usize>,
    /// What was clicked to keep pictures of one thing together: a field of the preset and its value.
    pub keep_together: Option<String>,
    selected_class: usize,
    textures: TextureCache,
}

pub fn data_view_ui(
    ui: &mut egui::Ui,
    view: &DataView,
    table: Option<&TableView>,
    local: &mut DataViewLocal,
    out: &mut Vec<Command>,
) {
    local.wanted.clear();
    match view {
        DataView::Empty => widgets::empty_state(
            ui,
            icon::IMAGES,
            "No pictures yet",
            "Open a folder that holds one folder of pictures per class, a folder with train and test folders, \
             a table of picture files and classes, or a benchmark data set (CIFAR, MNIST, MedMNIST). You can also drop it on this window.",
            |ui| open_button(ui, out),
        ),
        DataView::Waiting => widgets::empty_state(
            ui,
            icon::IMAGES,
            "Not scanned yet",
            "The experiment names its pictures, but they have not been read yet.",
            |ui| {
                let tooltip = "Find the pictures, check that each can be read, and split them";
                if widgets::primary_button(ui, "Scan the pictures", tooltip).clicked() {
                    out.push(Command::Rescan);
                }
            },
        ),
        DataView::Scanning { done, total } => scanning_ui(ui, *done, *total, out),
        DataView::Failed(message) => {
            egui::ScrollArea::vertical()
                .id_salt("failed")
                .auto_shrink(false)
                .show(ui, |ui| {
                    if let Some(table) = table {
                        table_preview_ui(ui, table, out);
                    }
                    widgets::empty_state(
                        ui,
                        icon::WARNING_CIRCLE,
                        "These pictures can't be used",
                        message,
                        |ui| {
                            ui.horizontal(|ui| {
                                ui.add_space((ui.available_width() - 240.0).max(0.0) / 2.0);
                                open_button(ui, out);
                                if ui
                                    .button("Try again")
                                    .on_hover_text("Scan the same source again")
                                    .clicked()
                                {
                                    out.push(Command::Rescan);
                                }
                            });
                        },
                    );
                })
                .inner
        }
        DataView::Ready(view) => ready_ui(ui, view, table, local, out),
    }
}

fn open_button(ui: &mut egui::Ui, out: &mut Vec<Command>) {
    let text = format!("{} Open pictures…", icon::FOLDER_OPEN);
    if widgets::primary_button(
        ui,
        &text,
        "Choose the folder or table of pictures to train on",
    )
    .clicked()
    {
        out.push(Command::OpenPicturesDialog);
    }
}

fn scanning_ui(ui: &mut egui::Ui, done: usize, total: usize, out: &mut Vec<Command>) {
    let text = if total == 0 {
        format!(
            "{} found so far",
            format::plural(done as u64, "picture", "pictures")
        )
    } else {
        format!(
            "{} of {} checked",
            format::thousands(done as u64),
            format::thousands(total as u64)
        )
    };
    widgets::empty_state(
        ui,
        icon::MAGNIFYING_GLASS,
        "Scanning the pictures",
        &text,
        |ui| {
            ui.scope(|ui| {
                ui.set_max_width(320.0);
                let share = if total == 0 {
                    0.0
                } else {
                    done as f32 / total as f32
                };
                widgets::bar(ui, share, tokens(ui).accent_fill, "Scanning the pictures");
            });
            ui.add_space(tokens::SPACE_M);
            let tooltip = "Stop scanning; you can scan the pictures again later";
            if ui
                .button(format!("{} Stop", icon::STOP))
                .on_hover_text(tooltip)
                .clicked()
            {
                out.push(Command::StopScan);
            }
        },
    );
}

fn ready_ui(
    ui: &mut egui::Ui,
    view: &ReadyView,
    table: Option<&TableView>,
    local: &mut DataViewLocal,
    out: &mut Vec<Command>,
) {
    let height = ui.available_height();
    egui::ScrollArea::vertical()
        .id_salt("data view")
        .auto_shrink(false)
        .show(ui, |ui| {
            let top = ui.cursor().top();
            totals_ui(ui, view);
            remarks_ui(ui, &view.remarks, &mut local.keep_together);
            if let Some(table) = table {
                table_preview_ui(ui, table, out);
            }
            ui.add_space(tokens::SPACE_M);
            let room = height - (ui.cursor().top() - top);
            classes_ui(ui, view, local, room);
            ui.add_space(tokens::SPACE_M);
            samples_ui(ui, view, local);
            problems_ui(ui, view);
        });
}

fn totals_ui(ui: &mut egui::Ui, view: &ReadyView) {
    let colors = tokens(ui);
    let split = [
        (colors.split_train, "Train", view.totals[0]),
        (colors.split_validation, "Validation", view.totals[1]),
        (colors.split_test, "Test", view.totals[2]),
    ];
    let all: usize = view.totals.iter().sum();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_XL;
        let classes = view.classes.len() as u64;
        let pictures = format::unit(all as u64, "picture", "pictures");
        widgets::figure(ui, &format::thousands(all as u64), pictures);
        let unit = format::unit(classes, "class", "classes");
        widgets::figure(ui, &format::thousands(classes), unit);
        for (_, title, number) in split {
            widgets::figure(ui, &format::thousands(number as u64), &title.to_lowercase());
        }
        if !view.problems.is_empty() {
            widgets::figure(
                ui,
                &format::thousands(view.problems.len() as u64),
                "skipped",
            );
        }
    });
    ui.add_space(tokens::SPACE_S);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    let parts = split.map(|(color, _, number)| (number as f64, color));
    widgets::stacked_bar(ui.painter(), rect, &parts, all as f64);
    response.on_hover_text("Pictures in each part of the split");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = tokens::SPACE_L;
        for (color, title, number) in split {
            let share = if all == 0 {
                0.0
            } else {
                number as f64 / all as f64
            };
            widgets::swatch(ui, color, &format!("{title} {}", format::percent(share)));
        }
    });
    if let Some(fold) = &view.fold {
        widgets::note(ui, fold);
    }
}

/// What was taken where the source left a choice, warnings first.
fn remarks_ui(ui: &mut egui::Ui, remarks: &[Remark], keep_together: &mut Option<String>) {
    if remarks.is_empty() {
        return;
    }
    let colors = tokens(ui);
    ui.add_space(tokens::SPACE_M);
    for kind in [RemarkKind::Warning, RemarkKind::Taken] {
        for remark in remarks.iter().filter(|remark| remark.kind == kind) {
            let (symbol, color) = match kind {
                RemarkKind::Warning => (icon::WARNING, colors.warning),
                RemarkKind::Taken => (icon::INFO, colors.text_muted),
            };
            ui.horizontal_top(|ui| {
                ui.label(RichText::new(symbol).color(color));
                ui.add(egui::Label::new(&remark.text).wrap());
            });
            if let Some(assignment) = remark.proposed_group() {
                ui.horizontal(|ui| {
                    // Below the text, not below its symbol.
                    ui.add_space(tokens::SPACE_L);
                    let tooltip = "Sets “Group by” in the Data panel, so that pictures of one such thing stay in one part of \
                                   the split";
                    let button = ui.button("Keep these together");
                    if button.on_hover_text(tooltip).clicked() {
                        *keep_together = Some(assignment.to_owned());
                    }
                });
            }
        }
    }
}

/// `room`: the height of the view below what stands above the classes.
fn classes_ui(ui: &mut egui::Ui, view: &ReadyView, local: &mut DataViewLocal, room: f32) {
    widgets::heading(ui, "Classes");
    let colors = tokens(ui);
    let parts_colors = [
        colors.split_train,
        colors.split_validation,
        colors.split_test,
    ];
    let most = view
        .classes
        .iter()
        .map(ClassRow::pictures)
        .max()
        .unwrap_or(1)
        .max(1) as f64;
    let row_height = tokens::ROW_HEIGHT;
    let name_width = (ui.available_width() * 0.28).clamp(80.0, 220.0);
    local.selected_class = local
        .selected_class
        .min(view.classes.len().saturating_sub(1));
    let selected_class = &mut local.selected_class;
    // Hundreds of classes scroll in their own area, so that the samples stay in reach.
    let for_samples = SAMPLE_SIDE + 3.0 * row_height;
    let least = 12.0 * (row_height + 2.0);
    egui::ScrollArea::vertical()
        .id_salt("classes")
        .max_height((room - for_samples).max(least))
        .auto_shrink([false, true])
        .show_rows(ui, row_height, view.classes.len(), |ui, rows| {
            for index in rows {
                let class = &view.classes[index];
                let (rect, response) =
                    ui.allocate_exact_size(vec2(ui.available_width(), row_height), Sense::click());
                let selected = *selected_class == index;
                if selected || response.hovered() {
                    let fill = if selected {
                        colors.accent_faint
                    } else {
                        colors.faint
                    };
                    ui.painter().rect_filled(rect, tokens::RADIUS_S, fill);
                }
                let inner = rect.shrink2(vec2(tokens::SPACE_S, 0.0));
                let font = egui::FontId::proportional(tokens::TEXT_BODY);
                let name_rect = egui::Rect::from_min_size(inner.min, vec2(name_width, row_height));
                let name = shown_name(&class.name);
                widgets::elided(ui, name_rect, &name, font.clone(), colors.text);
                let number = format::thousands(class.pictures() as u64);
                ui.painter().text(
                    inner.right_center(),
                    Align2::RIGHT_CENTER,
                    &number,
                    font,
                    colors.text_muted,
                );
                let mut bar = inner;
                bar.min.x = name_rect.right() + tokens::SPACE_S;
                bar.max.x = (inner.right() - 56.0).max(bar.min.x);
                let bar = bar.shrink2(vec2(0.0, 6.0));
                let parts: [(f64, egui::Color32); 3] =
                    std::array::from_fn(|part| (class.counts[part] as f64, parts_colors[part]));
                widgets::stacked_bar(ui.painter(), bar, &parts, most);
                let [train, validation, test] =
                    class.counts.map(|number| format::thousands(number as u64));
                let spoken = format!(
                    "{}, {}",
                    class.name,
                    format::plural(class.pictures() as u64, "picture", "pictures")
                );
                response.widget_info(|| {
                    egui::WidgetInfo::selected(
                        egui::accesskit::Role::ListBoxOption,
                        true,
                        selected,
                        &spoken,
                    )
                });
                let text = format!(
                    "{}\nTrain {train}, validation {validation}, test {test}\nClick to see samples",
                    shown_name(&class.name)
                );
                if response.on_hover_text(text).clicked() {
                    *selected_class = index;
                }
            }
        });
}

fn samples_ui(ui: &mut egui::Ui, view: &ReadyView, local: &mut DataViewLocal) {
    let Some(class) = view.classes.get(local.selected_class) else {
        return;
    };
    ui.horizontal(|ui| {
        ui.label(tokens::semibold(format!(
            "Samples of {}",
            shown_name(&class.name)
        )));
        let last = view.classes.len().saturating_sub(1);
        ui.add_enabled_ui(local.selected_class > 0, |ui| {
            if widgets::icon_button(
                ui,
                icon::CARET_LEFT,
                "Previous class",
                "Samples of the class before",
            )
            .clicked()
            {
                local.selected_class -= 1;
            }
        });
        ui.add_enabled_ui(local.selected_class < last, |ui| {
            if widgets::icon_button(
                ui,
                icon::CARET_RIGHT,
                "Next class",
                "Samples of the next class",
            )
            .clicked()
            {
                local.selected_class += 1;
            }
        });
    });
    ui.add_space(tokens::SPACE_XS);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_S);
        for sample in &class.samples {
            sample_ui(ui, view.generation, sample, local);
        }
    });
}

fn sample_ui(ui: &mut egui::Ui, generation: u64, sample: &Sample, local: &mut DataViewLocal) {
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(egui::Vec2::splat(SAMPLE_SIDE), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return;
    }
    ui.painter()
        .rect_filled(rect, tokens::RADIUS_S, colors.sunken);
    let mut text = format!(
        "{}\n{} × {} pixels",
        sample.name, sample.size.0, sample.size.1
    );
    match &sample.pixels {
        Some(Ok(pixels)) => {
            let key = TextureKey {
                generation,
                index: sample.index,
            };
            if let Some(texture) = local.textures.get(ui.ctx(), key, pixels) {
                let size = texture.size_vec2();
                let scale = (SAMPLE_SIDE / size.x.max(size.y)).min(8.0);
                egui::Image::new(&texture)
                    .corner_radius(tokens::RADIUS_S)
                    .paint_at(
                        ui,
                        egui::Rect::from_center_size(rect.center(), size * scale),
                    );
            }
        }
        Some(Err(reason)) => {
            text = format!("{text}\n{reason}");
            let font = egui::FontId::proportional(tokens::TEXT_TITLE);
            ui.painter().text(
                rect.center(),
                Align2::CENTER_CENTER,
                icon::WARNING,
                font,
                colors.danger,
            );
        }
        None => {
            let font = egui::FontId::proportional(tokens::TEXT_TITLE);
            ui.painter().text(
                rect.center(),
                Align2::CENTER_CENTER,
                icon::IMAGE,
                font,
                colors.outline_strong,
            );
            if local.wanted.len() < WANTED {
                local.wanted.push(sample.index);
            }
        }
    }
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &sample.name)
    });
    response.on_hover_text(text);
}

fn problems_ui(ui: &mut egui::Ui, view: &ReadyView) {
    if view.problems.is_empty() {
        return;
    }
    let colors = tokens(ui);
    ui.add_space(tokens::SPACE_M);
    let reasons = view.problems.iter().map(|(reason, _)| reason.as_str());
    let number = format::files_and_lines(problems::files_and_lines(reasons));
    ui.label(tokens::semibold(format!("{number} skipped")));
    widgets::note(
        ui,
        "They can't be used. Nothing was deleted or changed: repair or remove them, then scan again.",
    );
    ui.add_space(tokens::SPACE_XS);
    let height = 2.0 * ui.text_style_height(&egui::TextStyle::Body);
    egui::ScrollArea::vertical()
        .id_salt("problems")
        .max_height(220.0)
        .auto_shrink([false, true])
        .show_rows(ui, height, view.problems.len(), |ui, rows| {
            for (reason, path) in &view.problems[rows] {
                ui.horizontal(|ui| {
                    ui.set_height(height);
                    ui.label(RichText::new(icon::WARNING).color(colors.warning));
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.y = 0.0;
                        ui.add(egui::Label::new(reason).truncate());
                        ui.add(egui::Label::new(colors.small(path)).truncate())
                            .on_hover_text(path);
                    });
                });
            }
        });
}
