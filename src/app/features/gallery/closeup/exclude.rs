//! Leaving a picture out of the experiments, or taking it back in.

use eframe::egui;

use super::super::view::ReadyView;
use crate::app::core::command::Command;
use crate::app::core::gallery::GalleryAction;
use crate::app::core::state::State;

/// Why the experiment is not changed.
pub const ON_OTHERS: &str =
    "The experiment at the left is about other pictures: open the experiment of this run first";

/// Whether the active experiment is about the pictures of the run.
pub fn is_on_them(ready: &ReadyView, state: &State) -> bool {
    let root = state.active_document().and_then(|document| {
        let source = &document.experiment.data.source;
        crate::analysis::gallery::root(source, document.base().as_deref())
    });
    root.is_some() && root == ready.run.root
}

/// Leaves the picture called `file` out of the active experiment, or takes it back in, when that is
/// about the same pictures.
pub fn exclude_button(
    ui: &mut egui::Ui,
    file: &str,
    ready: &ReadyView,
    state: &State,
    out: &mut Vec<Command>,
) {
    let Some(document) = state.active_document() else {
        return;
    };
    let excluded = document
        .experiment
        .data
        .exclude
        .iter()
        .any(|name| name == file);
    let (text, tooltip) = if excluded {
        (
            "Include again",
            "The experiments on these pictures exclude this one; let their next runs use it again",
        )
    } else {
        (
            "Exclude",
            "The next runs of the open experiments on these pictures do not use this one; its file is not touched",
        )
    };
    let button = ui.add_enabled(is_on_them(ready, state), egui::Button::new(text));
    let button = button
        .on_hover_text(tooltip)
        .on_disabled_hover_text(ON_OTHERS);
    if button.clicked() {
        out.push(Command::Gallery(GalleryAction::Exclude {
            files: vec![file.to_owned()],
            excluded: !excluded,
        }));
    }
}
