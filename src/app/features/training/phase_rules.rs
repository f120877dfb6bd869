//! Of one phase: the optimizer, how the learning rate changes, and each layer's share of it.

use eframe::egui;

use crate::app::ui::disclosure::disclosure;
use crate::app::ui::editor::Draft;
use crate::app::ui::effect::Control;
use crate::app::ui::widgets;
use crate::experiment::{LayerRates, Optimizer, Phase, Schedule, bounds};
use crate::format;

const DECAY_TEXT: &str = "Pulls weights towards 0 at every step: guards against overfitting";
const EPSILON_TEXT: &str =
    "A small number in the denominator, for numerical stability where gradients are tiny";

/// A drop-down of kinds that carry their own settings: the settings of a kind are its defaults when
/// another one was chosen, and stay when the same is.
fn choose_kind<T: Clone>(
    ui: &mut egui::Ui,
    (label, tooltip): (&str, &str),
    value: &mut T,
    title: fn(&T) -> &'static str,
    kinds: &[(T, &str)],
) {
    let options: Vec<(&str, &str)> = kinds
        .iter()
        .map(|(kind, sentence)| (title(kind), *sentence))
        .collect();
    let shown = title(value);
    let selected = options.iter().position(|(title, _)| *title == shown);
    if let Some(chosen) = widgets::choose(ui, label, tooltip, shown, selected, &options) {
        *value = kinds[chosen].0.clone();
    }
}

fn momentum_slider(ui: &mut egui::Ui, momentum: &mut f64) -> bool {
    let tooltip = "How much of the step before goes into the next one";
    widgets::slider(
        ui,
        "Momentum",
        tooltip,
        momentum,
        bounds::MOMENTUM,
        0.001,
        "",
    )
}

fn weight_decay_slider(ui: &mut egui::Ui, weight_decay: &mut f64) -> bool {
    let range = bounds::WEIGHT_DECAY;
    widgets::log_slider(ui, "Weight decay", DECAY_TEXT, weight_decay, range)
}

/// A decay rate of the optimizer's running means: near 1 it forgets slowly.
fn decay_rate_slider(ui: &mut egui::Ui, label: &str, of: &str, rate: &mut f64) -> bool {
    let tooltip =
        format!("Decay rate of the running mean of the {of}: nearer to 1 averages over more steps");
    let range = 0.0..=0.9999;
    widgets::slider(ui, label, &tooltip, rate, range, 0.0001, "")
}

/// Settings that few people touch, folded away.
fn more(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui)) {
    let tooltip = "Settings of the optimizer that seldom need a change";
    disclosure(ui, "more", "More optimizer settings", tooltip, add);
}

pub(in crate::app) fn optimizer_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>, index: usize) {
    let optimizer = &mut draft.experiment.phases[index].optimizer;
    let kinds = [
        (
            Optimizer::default(),
            "Adapts the step size of every weight; a safe choice",
        ),
        (
            Optimizer::adam_w(),
            "Adam with decoupled weight decay; a good choice for fine-tuning",
        ),
        (
            Optimizer::sgd(),
            "Stochastic gradient descent with momentum; needs a higher learning rate",
        ),
        (
            Optimizer::rms_prop(),
            "Adapts the step size of every weight by its recent gradients",
        ),
        (
            Optimizer::LogisticRegression { c: None },
            "Solves a linear head on frozen features at once, by L-BFGS to convergence: seconds, and no learning rate",
        ),
    ];
    let label = (
        "Optimizer",
        "The rule by which gradients change the weights",
    );
    let was_solver = optimizer.is_solver();
    choose_kind(ui, label, optimizer, Optimizer::title, &kinds);
    let phase = &mut draft.experiment.phases[index];
    if phase.optimizer.is_solver() != was_solver {
        // It ends at the solution; others take more than one epoch to come near it.
        phase.epochs = if was_solver {
            Phase::default().epochs
        } else {
            1
        };
    }
    let optimizer = &mut phase.optimizer;
    let mut changed = false;
    match optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov,
            weight_decay,
        } => {
            changed |= momentum_slider(ui, momentum);
            let tooltip =
                "Nesterov momentum: takes the gradient at the place that the momentum leads to";
            changed |= widgets::toggle(ui, "Nesterov", tooltip, nesterov);
            changed |= weight_decay_slider(ui, weight_decay);
        }
        Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        }
        | Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            changed |= weight_decay_slider(ui, weight_decay);
            more(ui, |ui| {
                changed |= decay_rate_slider(ui, "Beta 1", "gradients", beta1);
                changed |= decay_rate_slider(ui, "Beta 2", "gradients' squares", beta2);
                changed |= widgets::log_slider(ui, "Epsilon", EPSILON_TEXT, epsilon, 1e-12..=0.1);
            });
        }
        Optimizer::RmsProp {
            alpha,
            epsilon,
            momentum,
            weight_decay,
        } => {
            changed |= momentum_slider(ui, momentum);
            changed |= weight_decay_slider(ui, weight_decay);
            more(ui, |ui| {
                changed |= decay_rate_slider(ui, "Alpha", "gradients' squares", alpha);
                changed |= widgets::log_slider(ui, "Epsilon", EPSILON_TEXT, epsilon, 1e-12..=0.1);
            });
        }
        Optimizer::LogisticRegression { c } => changed |= strength_ui(ui, c),
    }
    draft.touched_at(changed, "optimizer", index);
}

/// Where a phase can't be solved as things are, what changes that.
pub(in crate::app) fn fit_to_solver_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>, index: usize) {
    if draft.experiment.solver_needs(index).is_empty() {
        return;
    }
    let tooltip = "Changes what logistic regression needs: one epoch on the frozen backbone, a head of the output layer alone, versions of pictures that are kept, and plain labels";
    if ui
        .button("Fit the experiment to it")
        .on_hover_text(tooltip)
        .clicked()
    {
        draft.experiment.fit_to_solver(index);
        draft.touched(true, "");
    }
}

/// Logistic regression's C, or that it is chosen.
fn strength_ui(ui: &mut egui::Ui, c: &mut Option<f64>) -> bool {
    let mut is_chosen = c.is_none();
    let tooltip = "Tries ten strengths of the penalty on folds of the training pictures, and takes the one with the least loss on pictures that were left out";
    let mut changed = widgets::toggle(ui, "Choose C", tooltip, &mut is_chosen);
    match (is_chosen, &mut *c) {
        (true, Some(_)) => *c = None,
        (false, None) => *c = Some(1.0),
        _ => {}
    }
    if let Some(c) = c {
        let tooltip = "The inverse of the penalty on large weights, as in scikit-learn: smaller guards more against overfitting";
        changed |= widgets::log_slider(ui, "C", tooltip, c, 1e-4..=1e4);
    }
    changed
}

pub(in crate::app) fn schedule_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>, index: usize) {
    let schedule = &mut draft.experiment.phases[index].schedule;
    let kinds = [
        (Schedule::Constant, "The same learning rate throughout"),
        (
            Schedule::Cosine { final_factor: 0.0 },
            "Cosine annealing: falls along half a cosine until the end of the phase",
        ),
        (
            Schedule::one_cycle(),
            "1cycle policy: rises, then falls to almost 0; often best in few epochs",
        ),
        (
            Schedule::Step {
                every_epochs: 3,
                factor: 0.1,
            },
            "Step decay: multiplied by a factor every few epochs",
        ),
    ];
    let label = ("Schedule", "How the learning rate changes over the phase");
    choose_kind(ui, label, schedule, Schedule::title, &kinds);
    let mut changed = false;
    match schedule {
        Schedule::Constant => {}
        Schedule::Step {
            every_epochs,
            factor,
        } => {
            let tooltip = "Epochs between two steps of the decay";
            let range = bounds::STEP_EPOCHS;
            let unit = format::unit((*every_epochs).into(), " epoch", " epochs");
            changed |= widgets::number(ui, "Decay every", tooltip, every_epochs, range, unit);
            let tooltip = "What the learning rate is multiplied by at every step (gamma)";
            changed |= widgets::slider(ui, "Decay factor", tooltip, factor, 0.01..=1.0, 0.01, "");
        }
        Schedule::Cosine { final_factor } => {
            let tooltip =
                "The learning rate at the end of the phase, as a share of the one at the beginning";
            changed |= widgets::share_slider(ui, "Final share", tooltip, final_factor, 1.0);
        }
        Schedule::OneCycle {
            rise,
            start_divisor,
            final_divisor,
        } => {
            let tooltip = "Share of the phase over which the learning rate rises (pct_start)";
            changed |= widgets::share_slider(ui, "Rising share", tooltip, rise, 0.9);
            let tooltip =
                "The learning rate begins at its highest value divided by this (div_factor)";
            changed |=
                widgets::log_slider(ui, "Start divisor", tooltip, start_divisor, 1.0..=1000.0);
            let tooltip =
                "The learning rate ends at its first value divided by this (final_div_factor)";
            changed |= widgets::log_slider(ui, "Final divisor", tooltip, final_divisor, 1.0..=1e6);
        }
    }
    draft.touched_at(changed, "schedule", index);
    if let Some(idle) = draft.why_idle(Control::StepSchedule(index)) {
        widgets::note(ui, &idle);
    }
}

pub(in crate::app) fn rates_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>, index: usize) {
    let idle = draft.why_idle(Control::LayerRates(index));
    widgets::idle_if(ui, idle, |ui| layer_rates_ui(ui, draft, index));
}

fn layer_rates_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>, index: usize) {
    let rates = &mut draft.experiment.phases[index].layer_rates;
    let options = [
        (
            "Uniform",
            "The same learning rate for every trainable layer",
        ),
        (
            "By depth",
            "Lower for early layers, which hold features common to all pictures: discriminative learning rates, as in fastai",
        ),
        (
            "Backbone factor",
            "One factor for the whole backbone; the head keeps the full learning rate",
        ),
    ];
    let selected = match rates {
        LayerRates::Uniform => Some(0),
        LayerRates::ByDepth { .. } => Some(1),
        LayerRates::Backbone(_) => Some(2),
        LayerRates::Custom(_) => None,
    };
    let title = selected.map_or("Custom", |selected| options[selected].0);
    let tooltip = "A factor for each layer's learning rate; the head always has the full rate";
    match widgets::choose(ui, "Layer rates", tooltip, title, selected, &options) {
        Some(0) => *rates = LayerRates::Uniform,
        Some(1) => *rates = LayerRates::ByDepth { lowest: 0.01 },
        Some(2) => *rates = LayerRates::Backbone(0.1),
        _ => {}
    }
    let mut changed = false;
    match rates {
        LayerRates::Uniform => {}
        LayerRates::ByDepth { lowest } => {
            let tooltip = "Factor of the first trainable stage; it rises to 1 at the last stage";
            changed = widgets::log_slider(ui, "Lowest factor", tooltip, lowest, 1e-4..=1.0);
        }
        LayerRates::Backbone(factor) => {
            let tooltip = "The backbone's learning rate, as a share of the head's";
            changed = widgets::log_slider(ui, "Factor", tooltip, factor, 1e-4..=1.0);
        }
        LayerRates::Custom(factors) => {
            let text = format::plural(factors.len() as u64, "factor", "factors");
            widgets::note(
                ui,
                &format!("{text} for single layers: set them in the Layers view."),
            );
        }
    }
    draft.touched_at(changed, "layer rates", index);
}
