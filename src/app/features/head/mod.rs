//! Left side: the new layers on top of the backbone.

mod head_stages;

use eframe::egui::{self, RichText};

use crate::app::core::command::Command;
use crate::app::core::head_steps::{Step, activation_title, steps};
use crate::app::core::state::{Document, State, Tree};
use crate::app::ui::arrange::{self, arrange_buttons};
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
        "Global average pooling: the mean over all positions of the feature map",
    ),
    (
        Pooling::Max,
        "Max",
        "Global max pooling: the largest value over all positions, for small objects in large pictures",
    ),
    (
        Pooling::AverageMax,
        "Both",
        "Maximum and mean side by side: twice as many features, as in fastai's head",
    ),
];

const OUTPUTS: [(OutputLayer, &str, &str); 2] = [
    (
        OutputLayer::Softmax,
        "Softmax",
        "One output per class, with categorical cross-entropy as loss",
    ),
    (
        OutputLayer::Sigmoid,
        "Sigmoid",
        "One output for two classes, with binary cross-entropy as loss",
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
    let tooltip = "How the backbone's feature map becomes one vector";
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
    let tooltip = "The last layer, which gives the probabilities, and the loss that belongs to it";
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
            "Sigmoid is for two classes, and the data has {}: choose Softmax.",
            format::thousands(view.classes.unwrap_or_default() as u64)
        );
        widgets::problem(ui, Some(&message));
    }
    diagram_ui(ui, view);
    draft.finish(out);
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
                ui.horizontal(|ui| {
                    ui.label(RichText::new(format!("{ordinal}")).color(tokens(ui).text_faint));
                    let name = ui.label(tokens::medium(title));
                    if matches!(layer, HeadLayer::BatchNorm) {
                        name.on_hover_text("Batch normalisation of the features");
                    }
                    ui.add_space(
                        ui.available_width() - arrange::WIDTH - ui.spacing().item_spacing.x,
                    );
                    ui.spacing_mut().item_spacing.x = 0.0;
                    let what = format!("layer {ordinal}");
                    let removed = format!("{what}, {title}");
                    let tooltips = [
                        "Move closer to the backbone",
                        "Move closer to the output",
                        "Remove this layer from the head; undo brings it back",
                    ];
                    let names = (what.as_str(), removed.as_str());
                    if let Some(arrange) =
                        arrange_buttons(ui, names, (index, number), true, tooltips)
                    {
                        change = Some((arrange, index));
                    }
                });
                ui.push_id(index, |ui| touched = layer_ui(ui, layer));
                widgets::problem(ui, problem.as_deref());
            });
        draft.touched_at(touched.is_some(), touched.unwrap_or_default(), index);
        ui.add_space(2.0);
    }
    let layers = &mut draft.experiment.head.layers;
    if let Some((arrange, index)) = change {
        arrange.apply(layers, index);
        draft.touched(true, "");
    }
}

/// The controls of one layer; the name of the one that was changed.
fn layer_ui(ui: &mut egui::Ui, layer: &mut HeadLayer) -> Option<&'static str> {
    match layer {
        HeadLayer::Dense { units, activation } => {
            let mut touched = None;
            let tooltip =
                "Number of neurons: more can tell finer differences apart, and overfit sooner";
            if widgets::number(ui, "Units", tooltip, units, 1..=8192, "") {
                touched = Some("units");
            }
            let tooltip = "The activation function after the layer; linear is none";
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
            let tooltip = "Share of the values that are set to zero at random while training: more guards against overfitting";
            widgets::share_slider(ui, "Rate", tooltip, share, 0.95).then_some("dropout")
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
                "Add a batch normalisation layer",
            ),
            (
                "Dropout",
                HeadLayer::Dropout(0.3),
                "Add a layer that sets a share of the values to zero at random while training",
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
                            .on_hover_text("Number of values that this layer gives");
                        if step.parameters > 0 {
                            ui.label(colors.small(format!(
                                "parameters: {}",
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
                "{}, all trainable.",
                format::plural(parameters, "parameter", "parameters")
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
