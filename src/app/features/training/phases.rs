//! Left side: the phases, in order, each with what learns, how fast and for how long.

use std::collections::BTreeSet;

use eframe::egui::{self, Sense, vec2};

use crate::app::core::command::Command;
use crate::app::core::rate_finder::RateAction;
use crate::app::core::state::{Document, Scan, State};
use crate::app::core::view_id::ViewId;
use crate::app::features::training::phase_rules;
use crate::app::ui::arrange::{self, Arrange, arrange_buttons};
use crate::app::ui::editor::{Draft, EditorView};
use crate::app::ui::effect::Control;
use crate::app::ui::layer_plan;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::experiment::advice::TOP_LAYERS;
use crate::experiment::{FreezePlan, Phase, bounds};
use crate::format;
use crate::training::schedule::learning_rate;

/// The phases in order.
pub struct PhasesSection;

impl Section for PhasesSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Phases",
            icon: icon::LIST_BULLETS,
            tooltip: "Epochs, learning rates and optimizers, phase by phase",
            fields: &["phases"],
            starts_open: false,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        if let Some(view) = PhasesView::build(context.state) {
            let local = context.panels.of_document(view.editor.document);
            phases_ui(ui, &view, local, out);
        }
    }

    fn summary(&self, document: &Document, _context: &mut ViewContext<'_>) -> String {
        let epochs = document.experiment.epochs();
        format::plural(u64::from(epochs), "epoch", "epochs")
    }
}

/// Plain data of the phase editor.
#[derive(Debug, Clone, PartialEq)]
pub struct PhasesView {
    pub editor: EditorView,
    /// Batches per epoch; a guess while the pictures are not known.
    pub steps_per_epoch: u64,
    pub lines: Vec<String>,
}

impl PhasesView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let pictures = match &state.scan {
            Scan::Done { split, .. } => split.train.len(),
            _ => 1_000,
        };
        let steps_per_epoch = editor.experiment.training.steps_per_epoch(pictures) as u64;
        let lines = editor.experiment.phases.iter().map(line).collect();
        Some(Self {
            editor,
            steps_per_epoch,
            lines,
        })
    }
}

/// A phase in one line: "10 epochs, Adam, 0.001, whole backbone frozen".
fn line(phase: &Phase) -> String {
    let rate = match phase.optimizer.is_solver() {
        true => String::new(),
        false => format!(" {}", format::rate(phase.learning_rate)),
    };
    format!(
        "{} · {}{rate} · {}",
        format::plural(phase.epochs.into(), "epoch", "epochs"),
        phase.optimizer.title(),
        lower_first(&layer_plan::describe(&phase.freeze))
    )
}

/// A sentence's beginning in the middle of a line: names of layers keep their capitals.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// What the phase editor remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct PhasesLocal {
    folded: BTreeSet<usize>,
}

pub fn phases_ui(
    ui: &mut egui::Ui,
    view: &PhasesView,
    local: &mut PhasesLocal,
    out: &mut Vec<Command>,
) {
    let mut draft = view.editor.draft();
    let number = draft.experiment.phases.len();
    let mut change = None;
    for index in 0..number {
        ui.push_id(("phase", index), |ui| {
            widgets::card(ui, |ui| {
                head_ui(ui, view, local, &mut draft, index, &mut change);
                if !local.folded.contains(&index) {
                    body_ui(ui, view, &mut draft, index, out);
                }
            });
        });
        ui.add_space(tokens::SPACE_XS);
    }
    let tooltip = "Add a phase after the others, in which the last layers of the backbone train at a tenth of the learning rate";
    if ui
        .button(format!("{} Add phase", icon::PLUS))
        .on_hover_text(tooltip)
        .clicked()
    {
        change = Some(Change::Add);
    }
    widgets::problem(ui, draft.problem("phases"));
    if let Some(change) = change {
        apply(&mut draft.experiment.phases, change);
        draft.touched(true, "");
        local.folded.clear();
    }
    draft.finish(out);
}

enum Change {
    Arrange(usize, Arrange),
    Add,
}

fn apply(phases: &mut Vec<Phase>, change: Change) {
    match change {
        Change::Arrange(index, arrange) => arrange.apply(phases, index),
        Change::Add => {
            let mut last = phases.last().cloned().unwrap_or_default();
            if last.optimizer.is_solver() {
                // What solves a linear head fine-tunes nothing.
                let usual = Phase::default();
                (last.optimizer, last.epochs) = (usual.optimizer, usual.epochs);
            }
            phases.push(Phase {
                name: "Fine-tuning".into(),
                freeze: FreezePlan::AllButLast(TOP_LAYERS),
                learning_rate: last.learning_rate / 10.0,
                ..last
            });
        }
    }
}

fn head_ui(
    ui: &mut egui::Ui,
    view: &PhasesView,
    local: &mut PhasesLocal,
    draft: &mut Draft<'_>,
    index: usize,
    change: &mut Option<Change>,
) {
    let number = draft.experiment.phases.len();
    let folded = local.folded.contains(&index);
    let ordinal = index + 1;
    ui.horizontal(|ui| {
        let symbol = if folded {
            icon::CARET_RIGHT
        } else {
            icon::CARET_DOWN
        };
        let name = format!(
            "{} phase {ordinal}",
            if folded { "Expand" } else { "Collapse" }
        );
        if widgets::icon_button(ui, symbol, &name, "Show or hide the settings of this phase")
            .clicked()
            && !local.folded.remove(&index)
        {
            local.folded.insert(index);
        }
        ui.spacing_mut().item_spacing.x = 0.0;
        let field = egui::TextEdit::singleline(&mut draft.experiment.phases[index].name)
            .frame(egui::Frame::NONE)
            .font(tokens::semibold_font(tokens::TEXT_BODY))
            .align(egui::Align2::LEFT_CENTER)
            .min_size(vec2(0.0, ui.spacing().interact_size.y))
            .desired_width(ui.available_width() - arrange::WIDTH);
        let response = ui
            .add(field)
            .accessible_name(format!("Name of phase {ordinal}"));
        let changed = response
            .on_hover_text("The name of this phase in curves and log")
            .changed();
        draft.touched_at(changed, "phase name", index);
        let what = format!("phase {ordinal}");
        let tooltips = [
            "Train this phase earlier",
            "Train this phase later",
            "Remove this phase; undo brings it back",
        ];
        let names = (what.as_str(), what.as_str());
        let arranged = arrange_buttons(ui, names, (index, number), number > 1, tooltips);
        *change = arranged
            .map(|arrange| Change::Arrange(index, arrange))
            .or(change.take());
    });
    if folded && let Some(line) = view.lines.get(index) {
        ui.add(egui::Label::new(tokens(ui).small(line)).truncate())
            .on_hover_text(line);
    }
}

fn body_ui(
    ui: &mut egui::Ui,
    view: &PhasesView,
    draft: &mut Draft<'_>,
    index: usize,
    out: &mut Vec<Command>,
) {
    let field = |name: &str| format!("phases[{index}].{name}");
    let tooltip = "How many times this phase goes through all training pictures";
    let idle = draft.why_idle(Control::Epochs(index));
    let epochs = &mut draft.experiment.phases[index].epochs;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::number(ui, "Epochs", tooltip, epochs, bounds::EPOCHS, "")
    });
    draft.touched_at(changed, "epochs", index);
    widgets::problem(ui, draft.problem(&field("epochs")));

    freeze_ui(ui, draft, index, out);
    widgets::problem(ui, draft.problem(&field("freeze")));

    let tooltip = "How far the weights move after each batch: for the head, and for layers whose rate factor is 1. Fine-tuning usually takes a tenth to a hundredth of the head's rate";
    let idle = draft.why_idle(Control::Steps(index));
    let rate = &mut draft.experiment.phases[index].learning_rate;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::log_slider(ui, "Learning rate", tooltip, rate, 1e-6..=1.0)
    });
    draft.touched_at(changed, "learning rate", index);
    widgets::problem(ui, draft.problem(&field("learning_rate")));
    // Why not stands above it already.
    let has_effect = draft.why_idle(Control::Steps(index)).is_none();
    ui.add_enabled_ui(has_effect, |ui| find_rate_ui(ui, view, index, out));

    phase_rules::optimizer_ui(ui, draft, index);
    widgets::problem(ui, draft.problem(&field("optimizer")));
    phase_rules::fit_to_solver_ui(ui, draft, index);
    let idle = draft.why_idle(Control::Steps(index));
    widgets::idle_if(ui, idle, |ui| rate_over_time_ui(ui, view, draft, index));
    phase_rules::rates_ui(ui, draft, index);
    widgets::problem(ui, draft.problem(&field("layer_rates")));
}

/// Opens the dialog that finds a learning rate.
fn find_rate_ui(ui: &mut egui::Ui, view: &PhasesView, index: usize, out: &mut Vec<Command>) {
    let tooltip =
        "Look for a good rate: a short training at ever higher rates shows where the loss falls";
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
        let name = format!("Find a rate for phase {}", index + 1);
        let button = ui.button("Find a rate…").on_hover_text(tooltip);
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        if button.clicked() {
            let document = view.editor.document;
            out.push(Command::Rates(RateAction::Open(document, index)));
        }
    });
}

/// How the learning rate changes over the phase.
fn rate_over_time_ui(ui: &mut egui::Ui, view: &PhasesView, draft: &mut Draft<'_>, index: usize) {
    let field = |name: &str| format!("phases[{index}].{name}");
    phase_rules::schedule_ui(ui, draft, index);
    widgets::problem(ui, draft.problem(&field("schedule")));
    let tooltip = "Epochs over which the learning rate rises from 0 before the schedule begins, so that the first steps don't destroy what was learned";
    let phase = &mut draft.experiment.phases[index];
    let most = f64::from(phase.epochs).clamp(1.0, 20.0);
    let changed = widgets::slider(
        ui,
        "Warm-up epochs",
        tooltip,
        &mut phase.warmup_epochs,
        0.0..=most,
        0.1,
        "",
    );
    draft.touched_at(changed, "warm-up", index);
    widgets::problem(ui, draft.problem(&field("warmup_epochs")));
    sparkline_ui(ui, &draft.experiment.phases[index], view.steps_per_epoch);
}

fn freeze_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>, index: usize, out: &mut Vec<Command>) {
    let plan = &mut draft.experiment.phases[index].freeze;
    let options = [
        ("Backbone", "Feature extraction: only the head is trained"),
        (
            "All but last",
            "Fine-tuning: the last layers of the backbone are trained too",
        ),
        ("Nothing", "Every layer is trained"),
        ("Layer by layer…", "Choose each layer in the Layers view"),
    ];
    let selected = match plan {
        FreezePlan::Backbone => 0,
        FreezePlan::AllButLast(_) => 1,
        FreezePlan::Nothing => 2,
        FreezePlan::Below(_) | FreezePlan::Custom(_) => 3,
    };
    let title = match plan {
        FreezePlan::Below(path) => format!("Before {path}"),
        FreezePlan::Custom(_) => "Custom".into(),
        _ => options[selected].0.to_owned(),
    };
    let tooltip =
        "Which layers of the backbone are frozen in this phase: their weights don't change";
    // A custom plan can be opened again: choosing the tree is always news.
    let current = (selected != 3).then_some(selected);
    match widgets::choose(ui, "Frozen", tooltip, &title, current, &options) {
        Some(0) => *plan = FreezePlan::Backbone,
        Some(1) => *plan = FreezePlan::AllButLast(TOP_LAYERS),
        Some(2) => *plan = FreezePlan::Nothing,
        Some(_) => out.push(Command::ShowView(ViewId::LAYERS)),
        None => {}
    }
    if let FreezePlan::AllButLast(number) = plan {
        let tooltip = "How many of the backbone's last layers are trained, counted as Keras does: activations and pooling included";
        let changed = widgets::number(
            ui,
            "Last layers",
            tooltip,
            number,
            bounds::FREE_LAYERS,
            " trainable",
        );
        draft.touched_at(changed, "last layers", index);
    }
}

/// The rate over the phase, as it will be.
fn sparkline_ui(ui: &mut egui::Ui, phase: &Phase, steps_per_epoch: u64) {
    const POINTS: u64 = 120;
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::hover());
    let steps = (u64::from(phase.epochs) * steps_per_epoch).max(1);
    let rates: Vec<f64> = (0..=POINTS)
        .map(|point| learning_rate(phase, (point * (steps - 1)) / POINTS, steps_per_epoch))
        .collect();
    let most = rates.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    ui.painter()
        .rect_filled(rect, tokens::RADIUS_S, colors.sunken);
    let inner = rect.shrink(5.0);
    let points: Vec<egui::Pos2> = rates
        .iter()
        .enumerate()
        .map(|(index, rate)| {
            let x = inner.left() + inner.width() * index as f32 / POINTS as f32;
            egui::pos2(x, inner.bottom() - inner.height() * (rate / most) as f32)
        })
        .collect();
    ui.painter()
        .line(points, egui::Stroke::new(1.5, colors.accent));
    let (first, last) = (rates[0], rates[rates.len() - 1]);
    let text = format!(
        "Learning rate over the phase: from {} to {}, at most {}",
        format::rate(first),
        format::rate(last),
        format::rate(most)
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &text));
    response.on_hover_text(&text);
}
