//! Left side: the new layers on top of the backbone.

mod head_stages;

use eframe::egui::{self, RichText};

use crate::app::core::command::Command;
use crate::app::core::head_steps::{Step, activation_title, steps};
use crate::app::core::state::{Document, State, Tree};
use crate::app::ui::editor::{Draft, EditorView};
use crate::app::ui::effect::Control;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::experiment::{Activation, HeadLayer, OutputLayer, Pooling};
use crate::format;
use head_stages::StageChoice;

/// The new layers.
pub struct HeadSection;

impl Section for HeadSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Head",
            icon: icon::GRAPH,
            tooltip: "The new layers on top of the backbone",
            fields: &["head"],
            starts_open: false,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        if let Some(view) = HeadView::build(context.state) {
            head_ui(ui, &view, out);
        }
    }

    fn summary(&self, document: &Document, _context: &mut ViewContext<'_>) -> String {
        let layers = document.experiment.head.layers.len() as u64 + 1;
        format::plural(layers, "layer", "layers")
    }
}

/// Plain data of the head editor.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadView {
    pub editor: EditorView,
    /// From the backbone to the probabilities.
    pub steps: Vec<Step>,
    /// Nothing while the backbone's features are not known.
    pub parameters: Option<u64>,
    pub classes: Option<usize>,
    /// Of the backbone's stages; none while they are not known.
    pub stages: Vec<StageChoice>,
}

impl HeadView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let tree = match &state.tree {
            Tree::Ready(tree) => Some(tree.as_ref()),
            _ => None,
        };
        let taken = editor.experiment.head.stages;
        let features = tree.map(|tree| tree.head_features(taken).unsigned_abs());
        let stages = tree.map(head_stages::choices).unwrap_or_default();
        let classes = state.scan.dataset().map(|dataset| dataset.classes.len());
        let steps = steps(&editor.experiment.head, features, classes);
        let known = features.is_some()
            && (classes.is_some() || editor.experiment.head.output == OutputLayer::Sigmoid);
        let parameters = known.then(|| steps.iter().map(|step| step.parameters).sum());
        Some(Self {
            editor,
            steps,
            parameters,
            classes,
            stages,
        })
    }
}

const POOLINGS: [(Pooling, &str, &str); 3] = [
    (
        Pooling::Average,
        "Average",
        "The mean over all places of the feature grid",
    ),
    (
        Pooling::Max,
        "Max",
        "The largest value over all places: for small things in a large picture",
    ),
    (
        Pooling::AverageMax,
        "Both",
        "Maximum and mean, one after the other: twice the features, as fastai's head has it",
    ),
];

const OUTPUTS: [(OutputLayer, &str, &str); 2] = [
    (
        OutputLayer::Softmax,
        "Softmax",
        "One output per class, categorical cross-entropy",
    ),
    (
        OutputLayer::Sigmoid,
        "Sigmoid",
        "One output for two classes, binary cross-entropy",
    ),
];

const ACTIVATIONS: [(Activation, &str); 5] = [
    (Activation::Relu, "ReLU"),
    (Activation::Gelu, "GELU"),
    (Activation::Silu, "SiLU"),
    (Activation::Tanh, "tanh"),
    (Activation::Linear, "linear"),
];

pub fn head_ui(ui: &mut egui::Ui, view: &HeadView, out: &mut Vec<Command>) {
    let mut draft = view.editor.draft();
    let tooltip = "How the backbone's grid of features becomes one vector";
    let idle = draft.why_idle(Control::Pooling);
    let pooling = &mut draft.experiment.head.pooling;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::segmented_row(ui, "Pooling", tooltip, pooling, &POOLINGS)
    });
    draft.touched(changed, "");
    let changed = head_stages::stages_ui(ui, &view.stages, &mut draft.experiment.head.stages);
    draft.touched(changed, "stages");
    widgets::problem(ui, draft.problem("head.stages"));
    ui.add_space(tokens::SPACE_S);
    layers_ui(ui, &mut draft);
    add_ui(ui, &mut draft);
    ui.add_space(tokens::SPACE_S);
    let tooltip = "The last layer, which gives the probabilities, and the loss that goes with it";
    let changed = widgets::segmented_row(
        ui,
        "Output",
        tooltip,
        &mut draft.experiment.head.output,
        &OUTPUTS,
    );
    draft.touched(changed, "");
    widgets::problem(ui, draft.problem("head.output"));
    if draft.experiment.head.output == OutputLayer::Sigmoid
        && view.classes.is_some_and(|classes| classes != 2)
    {
        let message = format!(
            "has one output for two classes, and there are {}",
            view.classes.unwrap_or_default()
        );
        widgets::problem(ui, Some(&message));
    }
    diagram_ui(ui, view);
    draft.finish(out);
}

enum Change {
    Up(usize),
    Down(usize),
    Remove(usize),
}

fn layers_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let mut change = None;
    let number = draft.experiment.head.layers.len();
    for index in 0..number {
        let problem = draft
            .problem(&format!("head.layers[{index}]"))
            .map(str::to_owned);
        let layer = &mut draft.experiment.head.layers[index];
        let mut touched = None;
        egui::Frame::new()
            .fill(tokens(ui).faint)
            .corner_radius(tokens::RADIUS_M)
            .inner_margin(egui::Margin::symmetric(
                tokens::SPACE_S as i8,
                tokens::SPACE_XS as i8,
            ))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 2.0;
                let title = match layer {
                    HeadLayer::Dense { .. } => "Dense",
                    HeadLayer::BatchNorm => "BatchNorm",
                    HeadLayer::Dropout(_) => "Dropout",
                };
                let ordinal = index + 1;
                egui::Sides::new().shrink_left().show(
                    ui,
                    |ui| {
                        ui.label(RichText::new(format!("{ordinal}")).color(tokens(ui).text_faint));
                        let name = ui.label(tokens::medium(title));
                        if matches!(layer, HeadLayer::BatchNorm) {
                            name.on_hover_text("Normalises the features");
                        }
                    },
                    |ui| {
                        ui.spacing_mut().item_spacing.x = 0.0;
                        let name = format!("Remove layer {ordinal}, {title}");
                        if widgets::icon_button(
                            ui,
                            icon::TRASH,
                            &name,
                            "Take this layer out of the head",
                        )
                        .clicked()
                        {
                            change = Some(Change::Remove(index));
                        }
                        ui.add_enabled_ui(index + 1 < number, |ui| {
                            let name = format!("Move layer {ordinal} down");
                            if widgets::icon_button(
                                ui,
                                icon::ARROW_DOWN,
                                &name,
                                "Closer to the output",
                            )
                            .clicked()
                            {
                                change = Some(Change::Down(index));
                            }
                        });
                        ui.add_enabled_ui(index > 0, |ui| {
                            let name = format!("Move layer {ordinal} up");
                            if widgets::icon_button(
                                ui,
                                icon::ARROW_UP,
                                &name,
                                "Closer to the backbone",
                            )
                            .clicked()
                            {
                                change = Some(Change::Up(index));
                            }
                        });
                    },
                );
                ui.push_id(index, |ui| touched = layer_ui(ui, layer));
                widgets::problem(ui, problem.as_deref());
            });
        draft.touched_at(touched.is_some(), touched.unwrap_or_default(), index);
        ui.add_space(2.0);
    }
    let layers = &mut draft.experiment.head.layers;
    match change {
        Some(Change::Up(index)) => layers.swap(index - 1, index),
        Some(Change::Down(index)) => layers.swap(index, index + 1),
        Some(Change::Remove(index)) => {
            layers.remove(index);
        }
        None => return,
    }
    draft.touched(true, "");
}

/// The controls of one layer; the name of the one that was changed.
fn layer_ui(ui: &mut egui::Ui, layer: &mut HeadLayer) -> Option<&'static str> {
    match layer {
        HeadLayer::Dense { units, activation } => {
            let mut touched = None;
            let tooltip = "Number of neurons: more can tell finer things apart and learn the training pictures by heart sooner";
            if widgets::number(ui, "Units", tooltip, units, 1..=8192, "") {
                touched = Some("units");
            }
            let tooltip =
                "What follows the sums, so that layers after each other say more than one";
            let options: Vec<(&str, &str)> = ACTIVATIONS
                .iter()
                .map(|(_, title)| (*title, tooltip))
                .collect();
            let selected = ACTIVATIONS
                .iter()
                .position(|(option, _)| option == activation);
            let title = activation_title(*activation);
            if let Some(chosen) =
                widgets::choose(ui, "Activation", tooltip, title, selected, &options)
            {
                *activation = ACTIVATIONS[chosen].0;
                touched = Some("activation");
            }
            touched
        }
        HeadLayer::BatchNorm => None,
        HeadLayer::Dropout(share) => {
            let tooltip = "Share of the values that is set to zero while training: more keeps the head from learning pictures by heart";
            widgets::share_slider(ui, "Dropout share", tooltip, share, 0.95).then_some("dropout")
        }
    }
}

fn add_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let layers = &mut draft.experiment.head.layers;
    let mut added = None;
    ui.horizontal_wrapped(|ui| {
        let dense = HeadLayer::Dense {
            units: 128,
            activation: Activation::Relu,
        };
        for (title, layer, tooltip) in [
            (
                "Dense",
                dense,
                "Add a fully connected layer before the output",
            ),
            (
                "BatchNorm",
                HeadLayer::BatchNorm,
                "Add a layer that normalises the features",
            ),
            (
                "Dropout",
                HeadLayer::Dropout(0.3),
                "Add a layer that sets a share of the values to zero while training",
            ),
        ] {
            let button = ui.button(format!("{} {title}", icon::PLUS));
            let button = button.on_hover_text(tooltip);
            if button.clicked() {
                added = Some(layer);
            }
        }
    });
    if let Some(layer) = added {
        layers.push(layer);
        draft.touched(true, "");
    }
}

/// The head from top to bottom with the length of every vector.
fn diagram_ui(ui: &mut egui::Ui, view: &HeadView) {
    let colors = tokens(ui);
    widgets::heading(ui, "From features to probabilities");
    egui::Frame::new()
        .fill(colors.sunken)
        .corner_radius(tokens::RADIUS_M)
        .inner_margin(tokens::SPACE_S as i8)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            for step in &view.steps {
                egui::Sides::new().shrink_left().truncate().show(
                    ui,
                    |ui| {
                        ui.label(&step.title);
                    },
                    |ui| {
                        let outputs = step.outputs.map_or_else(|| "?".into(), format::thousands);
                        ui.label(tokens::medium(outputs))
                            .on_hover_text("Length of what this layer gives");
                        if step.parameters > 0 {
                            ui.label(colors.small(format!(
                                "{} parameters",
                                format::magnitude(step.parameters)
                            )));
                        }
                    },
                );
            }
        });
    match view.parameters {
        Some(parameters) => widgets::note(
            ui,
            &format!(
                "{} parameters, all of which learn",
                format::thousands(parameters)
            ),
        ),
        None => widgets::note(
            ui,
            "The numbers appear once the backbone and the classes are known.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::core::head_steps::parameters;
    use crate::experiment::HeadConfig;
    use crate::models::outline;

    #[test]
    fn parameters_are_those_of_the_layers() {
        let tree = outline("efficientnet_lite0", 224).unwrap();
        let head = HeadConfig::default();
        // 1,280 features: 1,280 x 128 + 128, then 128 x 2 + 2.
        assert_eq!(parameters(&head, &tree, 2), 163_968 + 258);
        let both = HeadConfig {
            pooling: Pooling::AverageMax,
            stages: 1,
            layers: vec![HeadLayer::BatchNorm],
            output: OutputLayer::Sigmoid,
        };
        // 2,560 features: scale and offset each, then one output.
        assert_eq!(parameters(&both, &tree, 2), 5_120 + 2_561);
        let two_stages = HeadConfig { stages: 2, ..both };
        // The last stage but one has 320 channels more.
        assert_eq!(parameters(&two_stages, &tree, 2), 6_400 + 3_201);
    }
}
