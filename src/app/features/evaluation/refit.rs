//! A cross-validation's one network for use, trained on all its folds.

use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{RecordState, RunRecord};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::format;

/// How far the network of all folds is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefitView {
    /// There is none; what training one does, and the folder of the run.
    Missing { sentence: String, folder: PathBuf },
    /// It waits or is trained.
    Training,
    /// It stands in this folder; what is known of it.
    There { sentence: String, folder: PathBuf },
}

impl RefitView {
    /// Nothing for a run that is no cross-validation, or has not come to its end.
    pub fn build(run: &RunRecord) -> Option<Self> {
        let summary = run.summary.as_ref()?;
        let folds = summary.folds?;
        if run.is_live() {
            return Some(Self::Training);
        }
        if let Some(folder) = run.listed.refit.clone() {
            let sentence = format!(
                "It learned from the pictures of all {folds} folds. It was not tested itself: what is known of it are the figures \
                 above, of {folds} networks that were trained alike. List it among the runs to predict with it or to export it."
            );
            return Some(Self::There { sentence, folder });
        }
        if run.state != RecordState::Finished {
            return None;
        }
        let seconds = summary.seconds_total / f64::from(folds.max(1));
        let sentence = format!(
            "Each of the {folds} networks was trained without one fold. This trains one more with the same settings on the \
             pictures of all folds ({}), but for those that validate it. That takes about as long as one fold did ({}). It can't \
             be tested, as no picture is left: what is known of it are the figures above. It is kept in the run's own folder, and \
             the folds stay as they are.",
            format::plural(summary.test_pictures as u64, "picture", "pictures"),
            format::duration(seconds)
        );
        let folder = run.folder.clone()?;
        Some(Self::Missing { sentence, folder })
    }
}

pub(super) fn refit_ui(ui: &mut egui::Ui, view: &RefitView, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = tokens::SPACE_S;
    ui.label(tokens::semibold("One network for use").size(tokens::TEXT_LARGE));
    let muted = |ui: &mut egui::Ui, text: &str| {
        let color = tokens(ui).text_muted;
        ui.label(egui::RichText::new(text).color(color));
    };
    match view {
        RefitView::Missing { sentence, folder } => {
            muted(ui, sentence);
            let text = format!("{} Train on all folds", icon::STACK);
            let tooltip = "Queue one more training, on the pictures of all folds; how far it is stands in the list of runs";
            if ui.button(text).on_hover_text(tooltip).clicked() {
                out.push(Command::RefitRun(folder.clone()));
            }
        }
        RefitView::Training => muted(
            ui,
            "This run waits or is trained; how far it is stands in the list of runs.",
        ),
        RefitView::There { sentence, folder } => {
            muted(ui, sentence);
            ui.horizontal_wrapped(|ui| {
                let text = format!("{} List it among the runs", icon::LIST_BULLETS);
                let tooltip = "List the network of all folds as a run of its own";
                if ui.button(text).on_hover_text(tooltip).clicked() {
                    out.push(Command::ListRun(folder.clone()));
                }
                let text = format!("{} Show its folder", icon::FOLDER_OPEN);
                let tooltip = "Weights, preset and curves, in the file manager";
                if ui.button(text).on_hover_text(tooltip).clicked() {
                    out.push(Command::OpenFolder(folder.clone()));
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;

    #[test]
    fn only_a_cross_validation_that_ended_offers_the_network_of_all_folds() {
        let mut run = fakes::state()
            .runs
            .into_iter()
            .find(|run| run.state == RecordState::Finished)
            .unwrap();
        run.folder = Some("/runs/solar".into());
        assert_eq!(RefitView::build(&run), None);
        let summary = run.summary.as_mut().unwrap();
        (summary.folds, summary.seconds_total, summary.test_pictures) = (Some(5), 600.0, 2624);
        assert!(run.can_refit());
        let Some(RefitView::Missing { sentence, folder }) = RefitView::build(&run) else {
            panic!("{:?}", RefitView::build(&run));
        };
        assert!(
            sentence.contains("2,624 pictures") && sentence.contains("2 min"),
            "{sentence}"
        );
        assert_eq!(folder, PathBuf::from("/runs/solar"));
        run.listed.refit = Some("/runs/solar/refit".into());
        assert!(!run.can_refit());
        assert!(matches!(
            RefitView::build(&run),
            Some(RefitView::There { .. })
        ));
        run.listed.refit = None;
        run.state = RecordState::Queued;
        assert_eq!(RefitView::build(&run), Some(RefitView::Training));
        run.state = RecordState::Stopped;
        assert_eq!(RefitView::build(&run), None);
    }
}
