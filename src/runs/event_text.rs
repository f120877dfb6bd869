//! What the events of a training say: in the log of the run's folder, on a terminal, and in the window's log.

use crate::format;
use crate::training::estimate::Estimate;
use crate::training::events::TestMetrics;
use crate::training::{EpochMetrics, FrozenPrecision, TrainingEvent};

/// Lines for the log of a run of so many epochs, whose answers are computed in `precision`.
pub fn log_lines(
    event: &TrainingEvent,
    epochs_planned: u32,
    precision: FrozenPrecision,
) -> Vec<String> {
    match event {
        TrainingEvent::Prepared { weights, .. } => prepared(event)
            .into_iter()
            .chain([weights.clone()])
            .collect(),
        TrainingEvent::MemoryForecast(needed) => vec![memory_line(needed)],
        TrainingEvent::PhaseStarted {
            name,
            epochs,
            trainable_parameters,
            frozen_parameters,
            plan,
            ..
        } => vec![format!(
            "Phase “{name}”: {}, {} parameters learn, {} are frozen; {plan}",
            format::count(*epochs as usize, "epoch", "epochs"),
            format::thousands(*trainable_parameters),
            format::thousands(*frozen_parameters),
        )],
        TrainingEvent::EpochFinished(epoch) => vec![epoch_line(epoch, epochs_planned)],
        TrainingEvent::PhaseFinished { name, seconds, .. } => vec![format!(
            "Phase “{name}” took {}",
            format::duration(*seconds)
        )],
        TrainingEvent::Warning(text) => vec![format!("Warning: {text}")],
        TrainingEvent::Note(text) => vec![text.clone()],
        TrainingEvent::Tested(test) => [test_line(test)]
            .into_iter()
            .chain(precision_line(precision))
            .collect(),
        TrainingEvent::Precision(_)
        | TrainingEvent::Speed { .. }
        | TrainingEvent::CardMemory(_)
        | TrainingEvent::Progress(_) => Vec::new(),
    }
}

/// Lines for the terminal that trains so many epochs.
pub fn terminal_lines(event: &TrainingEvent, epochs_planned: u32) -> Vec<String> {
    match event {
        TrainingEvent::Prepared { weights, .. } => prepared(event)
            .into_iter()
            .chain([weights.clone()])
            .collect(),
        TrainingEvent::MemoryForecast(needed) => vec![format!(
            "Memory, forecast: {}",
            format::bytes(needed.memory())
        )],
        TrainingEvent::CardMemory(peak) => vec![format!(
            "Memory of the graphics card, at most: {}",
            format::bytes(*peak)
        )],
        TrainingEvent::PhaseStarted {
            name,
            epochs,
            trainable_parameters,
            frozen_parameters,
            plan,
            ..
        } => {
            let all = (trainable_parameters + frozen_parameters).max(1);
            vec![format!(
                "{name}: {}, {} of {} parameters learn ({}){}{plan}",
                format::count(*epochs as usize, "epoch", "epochs"),
                format::thousands(*trainable_parameters),
                format::thousands(all),
                format::percent(*trainable_parameters as f64 / all as f64),
                if plan.is_empty() { "" } else { "; " },
            )]
        }
        TrainingEvent::EpochFinished(epoch) => vec![epoch_line(epoch, epochs_planned)],
        TrainingEvent::Warning(text) => vec![format!("warning: {text}")],
        TrainingEvent::Note(text) => vec![text.clone()],
        // The bar shows progress, and the result says how long phases took and how the test went; what the backbone's
        // speed is needed for is the window's forecast.
        TrainingEvent::Precision(_)
        | TrainingEvent::Speed { .. }
        | TrainingEvent::Progress(_)
        | TrainingEvent::PhaseFinished { .. }
        | TrainingEvent::Tested(_) => Vec::new(),
    }
}

/// A line for the window's log, which stands behind the run's name.
pub fn window_line(event: &TrainingEvent) -> Option<String> {
    Some(match event {
        TrainingEvent::Prepared { weights, .. } => format!("{}. {weights}", prepared(event)?),
        TrainingEvent::MemoryForecast(needed) => {
            format!("memory, forecast: {}", format::bytes(needed.memory()))
        }
        TrainingEvent::CardMemory(peak) => format!(
            "memory of the graphics card, at most: {}",
            format::bytes(*peak)
        ),
        TrainingEvent::PhaseStarted {
            name, epochs, plan, ..
        } => format!(
            "{name}, {}; {plan}",
            format::count(*epochs as usize, "epoch", "epochs")
        ),
        TrainingEvent::EpochFinished(epoch) => {
            let validation = epoch
                .validation_accuracy
                .map(|accuracy| format!(", validation {}", format::percent(accuracy)));
            format!(
                "epoch {}, loss {}, accuracy {}{}",
                epoch.epoch,
                format::loss(epoch.train_loss),
                format::percent(epoch.train_accuracy),
                validation.unwrap_or_default()
            )
        }
        TrainingEvent::PhaseFinished {
            name,
            epochs,
            seconds,
            ..
        } => format!(
            "{name} done, {} in {}",
            format::plural(u64::from(*epochs), "epoch", "epochs"),
            format::duration(*seconds)
        ),
        TrainingEvent::Warning(text) | TrainingEvent::Note(text) => text.clone(),
        TrainingEvent::Tested(test) => format!(
            "{} of {} test pictures right",
            format::percent(test.accuracy),
            test.n
        ),
        // A line of the log says more about the precision, and the run bar shows progress.
        TrainingEvent::Precision(_) | TrainingEvent::Speed { .. } | TrainingEvent::Progress(_) => {
            return None;
        }
    })
}

fn prepared(event: &TrainingEvent) -> Option<String> {
    let TrainingEvent::Prepared {
        train,
        validation,
        test,
        device,
        ..
    } = event
    else {
        return None;
    };
    Some(format!(
        "{} to train, {} to validate, {} to test, on {device}",
        format::count(*train, "picture", "pictures"),
        format::thousands(*validation as u64),
        format::thousands(*test as u64),
    ))
}

/// `Memory, forecast: 700 MB (weights and their copies 40 MB, …)`
fn memory_line(needed: &Estimate) -> String {
    let parts: Vec<String> = needed
        .parts()
        .iter()
        .filter(|(_, bytes)| *bytes > 0)
        .map(|(name, bytes)| format!("{} {}", name.to_lowercase(), format::bytes(*bytes)))
        .collect();
    format!(
        "Memory, forecast: {} ({})",
        format::bytes(needed.memory()),
        parts.join(", ")
    )
}

fn test_line(test: &TestMetrics) -> String {
    format!(
        "Test: accuracy {}, macro-F1 {}, loss {}, {}",
        format::percent(test.accuracy),
        format::score(test.macro_f1),
        format::loss(test.loss),
        format::count(test.n, "picture", "pictures"),
    )
}

/// Where single precision answers in its place: the weights alone may be used anywhere.
fn precision_line(own: FrozenPrecision) -> Option<String> {
    (own != FrozenPrecision::Fp32).then(|| {
        format!(
            "These answers were computed in {}. How many of them single precision changes, graft evaluate --precision fp32 says",
            own.name()
        )
    })
}

/// One epoch in a line of text, for the log and a terminal that can't show a bar.
fn epoch_line(epoch: &EpochMetrics, epochs_planned: u32) -> String {
    let mut line = format!(
        "Epoch {}/{epochs_planned}: loss {}, accuracy {}",
        epoch.epoch,
        format::loss(epoch.train_loss),
        format::percent(epoch.train_accuracy),
    );
    if let (Some(validation_loss), Some(accuracy)) =
        (epoch.validation_loss, epoch.validation_accuracy)
    {
        line.push_str(&format!(
            "; validation loss {}, accuracy {}",
            format::loss(validation_loss),
            format::percent(accuracy)
        ));
    }
    line.push_str(&format!("; {}", format::duration(epoch.seconds)));
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an event says in the folder's log, on a terminal and in the window's log.
    fn all(event: &TrainingEvent) -> (String, String, String) {
        (
            log_lines(event, 20, FrozenPrecision::Bf16).join("\n"),
            terminal_lines(event, 20).join("\n"),
            window_line(event).unwrap_or_default(),
        )
    }

    #[track_caller]
    fn check(event: &TrainingEvent, log: &str, terminal: &str, window: &str) {
        assert_eq!(all(event), (log.into(), terminal.into(), window.into()));
    }

    #[test]
    fn each_reader_has_its_words() {
        check(
            &TrainingEvent::Prepared {
                train: 1200,
                validation: 1000,
                test: 20,
                device: "CPU".into(),
                weights: "Loaded 244 tensors of x.pth".into(),
            },
            "1,200 pictures to train, 1,000 to validate, 20 to test, on CPU\nLoaded 244 tensors of x.pth",
            "1,200 pictures to train, 1,000 to validate, 20 to test, on CPU\nLoaded 244 tensors of x.pth",
            "1,200 pictures to train, 1,000 to validate, 20 to test, on CPU. Loaded 244 tensors of x.pth",
        );
        check(
            &TrainingEvent::PhaseStarted {
                phase: 0,
                name: "Warm-up".into(),
                epochs: 1,
                first_epoch: 1,
                trainable_parameters: 1000,
                frozen_parameters: 3000,
                plan: "as it is".into(),
            },
            "Phase “Warm-up”: 1 epoch, 1,000 parameters learn, 3,000 are frozen; as it is",
            "Warm-up: 1 epoch, 1,000 of 4,000 parameters learn (25.0 %); as it is",
            "Warm-up, 1 epoch; as it is",
        );
        check(
            &TrainingEvent::PhaseFinished {
                phase: 0,
                name: "Warm-up".into(),
                epochs: 5,
                seconds: 3.0,
            },
            "Phase “Warm-up” took 3.0 s",
            "",
            "Warm-up done, 5 epochs in 3.0 s",
        );
        check(
            &TrainingEvent::Tested(TestMetrics {
                loss: 0.5,
                accuracy: 0.75,
                macro_f1: 0.7,
                n: 1200,
            }),
            "Test: accuracy 75.0 %, macro-F1 0.700, loss 0.500, 1,200 pictures\nThese answers were computed in bf16. How many of \
             them single precision changes, graft evaluate --precision fp32 says",
            "",
            "75.0 % of 1200 test pictures right",
        );
        check(
            &TrainingEvent::Warning("the disk is full".into()),
            "Warning: the disk is full",
            "warning: the disk is full",
            "the disk is full",
        );
        let memory = TrainingEvent::CardMemory(2_000_000_000);
        check(
            &memory,
            "",
            "Memory of the graphics card, at most: 2.00 GB",
            "memory of the graphics card, at most: 2.00 GB",
        );
    }
}
