//! The dialog that writes a run's network for other programs.

mod card;
mod choices;
mod outcome;
pub mod requests;

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::ui::theme::dialog;
use crate::app::ui::tokens;
use crate::app::ui::widgets;
use crate::models::origin::Origin;
use crate::report::{ModelCard, NetworkFormat, NetworkOptions};

/// Plain data of the dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkExportView {
    /// Name and colour of the run.
    pub run: (String, usize),
    /// What is known of the licence of the weights that the run began with; nothing before its folder has been read.
    pub licence: Option<Licence>,
    pub stage: Stage,
}

/// What must be known of a licence, in whole sentences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Licence {
    pub sentence: String,
    /// Said loudly.
    pub restriction: Option<String>,
}

impl Licence {
    fn of(origin: &Origin) -> Self {
        let (sentence, restriction) = origin.sentences();
        Self {
            sentence,
            restriction,
        }
    }
}

/// How far an export is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Stage {
    #[default]
    Choosing,
    Working {
        /// What is being done.
        doing: String,
        done: usize,
        /// 0 where that is not known.
        total: usize,
    },
    Stopping,
    Done(Done),
    Stopped,
    Failed(String),
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub format: NetworkFormat,
    pub out: PathBuf,
    pub card: PathBuf,
    pub model_card: Arc<ModelCard>,
    pub bytes: u64,
    /// What was found when it was read back.
    pub sentences: Vec<String>,
    pub licence: Licence,
    pub remarks: Vec<String>,
}

/// What the dialog remembers, also when it is opened again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NetworkExportLocal {
    pub options: NetworkOptions,
    /// Of the file or folder, as typed.
    pub out: String,
    /// Whether the model card of what was written is being read.
    pub reads_card: bool,
}

impl NetworkExportLocal {
    /// Gives the path the ending that goes with the format.
    fn follow_format(&mut self) {
        let path = PathBuf::from(self.out.trim());
        let is_known = NetworkFormat::of_file(&path).is_some();
        let ending = self.options.format.ending();
        let changed = match ending {
            Some(ending) if is_known || path.extension().is_none() => path.with_extension(ending),
            None if is_known => path.with_extension(""),
            _ => return,
        };
        if !self.out.trim().is_empty() {
            self.out = changed.display().to_string();
        }
    }
}

/// The dialog over the window; false when it was closed.
fn modal_ui(
    ctx: &egui::Context,
    view: &NetworkExportView,
    local: &mut NetworkExportLocal,
    out: &mut Vec<Command>,
) -> bool {
    let (title, width) = match (&view.stage, local.reads_card) {
        (Stage::Done(_), true) => ("Model card", card::WIDTH),
        _ => ("Export the network", 600.0),
    };
    let (is_open, is_closed) = dialog(ctx, "network export", title, width, |ui| {
        network_export_ui(ui, view, local, out)
    });
    // What is being written goes on behind a dialog that was closed.
    is_open && !is_closed
}

/// What stands in the dialog; false when it was closed by a button.
pub fn network_export_ui(
    ui: &mut egui::Ui,
    view: &NetworkExportView,
    local: &mut NetworkExportLocal,
    out: &mut Vec<Command>,
) -> bool {
    let (name, color) = &view.run;
    widgets::run_mark(ui, tokens::run_color(*color), name);
    ui.add_space(tokens::SPACE_XS);
    match &view.stage {
        Stage::Choosing | Stage::Stopped | Stage::Failed(_) => {
            choices::choices_ui(ui, view, local, out)
        }
        Stage::Working { .. } | Stage::Stopping => outcome::working_ui(ui, &view.stage, out),
        Stage::Done(done) if local.reads_card => {
            card::reading_ui(ui, done, &mut local.reads_card, out)
        }
        Stage::Done(done) => outcome::done_ui(ui, done, &mut local.reads_card, out),
    }
}

/// What must be known of a licence; loudly, what forbids some uses.
fn licence_ui(ui: &mut egui::Ui, licence: &Licence) {
    widgets::note(ui, &licence.sentence);
    widgets::problem(ui, licence.restriction.as_deref());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_format() {
        let mut local = NetworkExportLocal {
            out: "/x/cells.v2.onnx".into(),
            ..NetworkExportLocal::default()
        };
        let mut to = |format| {
            local.options.format = format;
            local.follow_format();
            local.out.clone()
        };
        assert_eq!(to(NetworkFormat::Safetensors), "/x/cells.v2.safetensors");
        assert_eq!(to(NetworkFormat::PyTorch), "/x/cells.v2");
        // A folder may have a point in its name, and a person's own ending stays.
        assert_eq!(to(NetworkFormat::Onnx), "/x/cells.v2");
        local.out = "/x/cells".into();
        local.follow_format();
        assert_eq!(local.out, "/x/cells.onnx");
        local.out = " ".into();
        local.follow_format();
        assert_eq!(local.out, " ");
    }
}
