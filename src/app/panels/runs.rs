//! Right side: the runs, the current one first.

use std::path::PathBuf;

use eframe::egui::{self, Align2, Sense, vec2};

use super::{format, widgets};
use crate::app::command::{Command, View};
use crate::app::state::{RecordState, RunRecord, State};
use crate::app::tokens::{self, icon, tokens};
use crate::training::events::Activity;
use crate::worker::messages::RunId;

/// Plain data of the run list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunsView {
    /// Running, then waiting in the order of the queue, then past ones, latest first.
    pub rows: Vec<RunRow>,
    pub can_train: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    pub id: String,
    pub run: Option<RunId>,
    pub folder: Option<PathBuf>,
    pub name: String,
    pub state: RecordState,
    pub color: usize,
    pub shown: bool,
    /// "90.4 %" of the test pictures; nothing before the test.
    pub accuracy: Option<String>,
    /// The second line: when, or how far.
    pub detail: String,
    /// Share of the whole run.
    pub progress: Option<f32>,
    /// Whether its curves have been read from its folder.
    pub loaded: bool,
    /// Whether it ended too early and can go on.
    pub can_resume: bool,
    pub warnings: Vec<String>,
}

impl RunsView {
    /// `now` is in seconds since 1970.
    pub fn build(state: &State, now: u64) -> Self {
        let mut records: Vec<(usize, &RunRecord)> = state.runs.iter().enumerate().collect();
        records.sort_by_key(|(place, run)| {
            let started = run.summary.as_ref().map_or(0, |summary| summary.started);
            match run.state {
                RecordState::Running => (0, 0, *place),
                RecordState::Queued => (1, 0, *place),
                _ => (2, u64::MAX - started, *place),
            }
        });
        let rows = records
            .into_iter()
            .map(|(_, run)| RunRow::build(run, state.paused, now))
            .collect();
        Self {
            rows,
            can_train: state.active_document().is_some(),
        }
    }

    /// The list as lines of text.
    pub fn text(&self) -> String {
        let line = |row: &RunRow| {
            format!(
                "{} | {} | {}",
                row.name,
                row.accuracy.as_deref().unwrap_or("–"),
                row.detail
            )
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl RunRow {
    fn build(run: &RunRecord, paused: bool, now: u64) -> Self {
        let when = run
            .summary
            .as_ref()
            .map(|summary| format::ago(summary.started, now));
        let epochs = run.metrics.len();
        let detail = match &run.state {
            RecordState::Queued => "waiting".into(),
            RecordState::Running => running_text(run, paused),
            RecordState::Finished => when.unwrap_or_else(|| "finished".into()),
            RecordState::Stopped => {
                let epochs = format::plural(epochs as u64, "epoch", "epochs");
                when.map_or_else(
                    || format!("stopped after {epochs}"),
                    |when| format!("stopped, {when}"),
                )
            }
            RecordState::Failed(reason) => reason.clone(),
            RecordState::Elsewhere => "training in another window or command".into(),
            RecordState::Interrupted => {
                let how = if run.can_resume() {
                    "interrupted"
                } else {
                    "interrupted in its first epoch"
                };
                when.map_or_else(|| how.into(), |when| format!("{how}, {when}"))
            }
        };
        let accuracy = run
            .summary
            .as_ref()
            .and_then(|summary| summary.test.as_ref())
            .map(|test| format::percent(test.accuracy));
        Self {
            id: run.id.clone(),
            run: run.run,
            folder: run.folder.clone(),
            name: run.name.clone(),
            state: run.state.clone(),
            color: run.color,
            shown: run.shown,
            accuracy,
            detail,
            progress: (run.state == RecordState::Running).then(|| share(run)),
            loaded: !run.metrics.is_empty(),
            can_resume: run.can_resume(),
            warnings: run.warnings.clone(),
        }
    }

    /// Whether it can still be stopped.
    fn is_pending(&self) -> bool {
        matches!(self.state, RecordState::Running | RecordState::Queued)
    }
}

/// Finished epochs and the part of the current one, of all that are planned.
fn share(run: &RunRecord) -> f32 {
    let mut done = run.metrics.len() as f32;
    if let Some(progress) = &run.progress {
        if progress.activity == Activity::Training && progress.total > 0 {
            done += progress.done as f32 / progress.total as f32;
        }
        if progress.activity == Activity::Testing {
            return 1.0;
        }
    }
    (done / run.epochs_planned.max(1) as f32).clamp(0.0, 1.0)
}

fn running_text(run: &RunRecord, paused: bool) -> String {
    let Some(progress) = &run.progress else {
        return "starting".into();
    };
    let activity = match progress.activity {
        _ if paused => "paused".to_owned(),
        Activity::DownloadingWeights => "downloading weights".into(),
        Activity::ReadingPictures => "reading pictures".into(),
        Activity::ComputingFeatures => "computing features".into(),
        Activity::Testing => "testing".into(),
        Activity::Training | Activity::Validating => {
            format!(
                "epoch {}/{}",
                progress.epoch,
                run.epochs_planned.max(progress.epochs)
            )
        }
    };
    match progress.remaining_seconds {
        Some(seconds) if !paused => {
            format!("{activity}, {} left", crate::format::remaining(seconds))
        }
        _ => activity,
    }
}

/// Of the button that goes on with a run, in points.
const RESUME_WIDTH: f32 = 72.0;

/// What the run list remembers between frames: nothing so far.
#[derive(Debug, Clone, Default)]
pub struct RunsLocal {}

pub fn runs_ui(ui: &mut egui::Ui, view: &RunsView, _local: &mut RunsLocal, out: &mut Vec<Command>) {
    if view.rows.is_empty() {
        widgets::empty_state(
            ui,
            icon::CLOCK_COUNTER_CLOCKWISE,
            "No runs yet",
            "What you train is kept here, with its curves and results.",
            |ui| {
                let tooltip =
                    "Make feature extraction and fine-tuning from these pictures and train both";
                if view.can_train
                    && widgets::primary_button(ui, "Compare both ways", tooltip).clicked()
                {
                    out.push(Command::CompareBothWays);
                }
            },
        );
        return;
    }
    let height = 44.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    egui::ScrollArea::vertical()
        .id_salt("runs")
        .auto_shrink(false)
        .show_rows(ui, height, view.rows.len(), |ui, rows| {
            for row in &view.rows[rows] {
                ui.push_id(&row.id, |ui| row_ui(ui, row, height, out));
            }
        });
}

fn row_ui(ui: &mut egui::Ui, row: &RunRow, height: f32, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let fill = match (response.hovered(), row.progress.is_some()) {
        (true, _) => colors.raised,
        (false, true) => colors.accent_faint,
        (false, false) => colors.surface,
    };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, tokens::RADIUS_M, fill);
    let inner = rect.shrink2(vec2(tokens::SPACE_S, 5.0));

    // The colour shows whether the curves are drawn; it is also the switch.
    let eye_rect =
        egui::Rect::from_min_size(inner.min, vec2(20.0, 20.0)).translate(vec2(-3.0, -2.0));
    let eye = ui.interact(eye_rect, ui.scope_id().with("shown"), Sense::click());
    let color = tokens::run_color(row.color);
    if row.shown {
        painter.circle_filled(eye_rect.center(), 5.5, color);
    } else {
        painter.circle_stroke(
            eye_rect.center(),
            5.0,
            egui::Stroke::new(1.5, colors.text_faint),
        );
    }
    if eye.hovered() || eye.has_focus() {
        painter.circle_stroke(
            eye_rect.center(),
            8.5,
            egui::Stroke::new(1.0, colors.outline_strong),
        );
    }
    let name = format!("Show {}", row.name);
    eye.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::CheckBox, true, row.shown, &name)
    });
    if eye
        .on_hover_text("Draw this run in the curves and results")
        .clicked()
    {
        show(row, !row.shown, out);
    }

    let left = inner.left() + 22.0;
    let (symbol, symbol_color) = match &row.state {
        RecordState::Queued => (icon::HOURGLASS, colors.text_faint),
        RecordState::Running => (icon::PLAY, colors.accent),
        RecordState::Finished => (icon::CHECK_CIRCLE, colors.success),
        RecordState::Stopped => (icon::STOP, colors.text_faint),
        RecordState::Failed(_) => (icon::X_CIRCLE, colors.danger),
        RecordState::Elsewhere => (icon::PLAY, colors.text_faint),
        RecordState::Interrupted => (icon::WARNING_CIRCLE, colors.warning),
    };
    let accuracy = row.accuracy.clone().unwrap_or_default();
    let font = tokens::semibold_font(tokens::TEXT_BODY);
    let accuracy_rect = painter.text(
        inner.right_top(),
        Align2::RIGHT_TOP,
        accuracy,
        font,
        colors.text,
    );
    let name_rect = egui::Rect::from_min_max(
        egui::pos2(left, inner.top()),
        egui::pos2(accuracy_rect.left() - tokens::SPACE_XS, inner.top() + 18.0),
    );
    let text_color = if row.shown {
        colors.text
    } else {
        colors.text_muted
    };
    let font = tokens::medium_font(tokens::TEXT_BODY);
    widgets::elided(ui, name_rect, &row.name, font, text_color);
    let detail_rect = egui::Rect::from_min_max(
        egui::pos2(left, inner.bottom() - 15.0),
        egui::pos2(inner.right(), inner.bottom()),
    );
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let symbol_font = egui::FontId::proportional(tokens::TEXT_BODY);
    painter.text(
        detail_rect.left_center(),
        Align2::LEFT_CENTER,
        symbol,
        symbol_font,
        symbol_color,
    );
    let mut text_rect = detail_rect;
    text_rect.min.x += 18.0;
    if row.can_resume
        && let Some(folder) = &row.folder
    {
        let button = resume_ui(ui, row, detail_rect);
        text_rect.max.x = button.rect.left() - tokens::SPACE_XS;
        if button.clicked() {
            out.push(Command::ResumeRun(folder.clone()));
        }
    }
    let failed = matches!(row.state, RecordState::Failed(_));
    let detail_color = if failed {
        colors.danger
    } else {
        colors.text_muted
    };
    widgets::elided(ui, text_rect, &row.detail, small.clone(), detail_color);
    if !row.warnings.is_empty() {
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        painter.text(
            detail_rect.right_center(),
            Align2::RIGHT_CENTER,
            icon::WARNING,
            font,
            colors.warning,
        );
    }
    if let Some(progress) = row.progress {
        let track =
            egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 3.0), rect.max);
        painter.rect_filled(track, 1.0, colors.sunken);
        let mut done = track;
        done.set_width(track.width() * progress);
        painter.rect_filled(done, 1.0, color);
    }

    let spoken = format!(
        "{}, {}, {}",
        row.name,
        row.accuracy.as_deref().unwrap_or("not tested"),
        row.detail
    );
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &spoken));
    let mut text = format!("{}\n{}", row.name, row.detail);
    if let Some(accuracy) = &row.accuracy {
        text.push_str(&format!("\n{accuracy} of the test pictures right"));
    }
    for warning in &row.warnings {
        text.push_str(&format!("\n{} {warning}", icon::WARNING));
    }
    text.push_str("\nClick to show or hide it; right-click for more");
    response.context_menu(|ui| menu_ui(ui, row, out));
    if response.on_hover_text(text).clicked() {
        show(row, !row.shown, out);
    }
}

/// The button that goes on with a run that ended too early, at the right of its second line.
fn resume_ui(ui: &mut egui::Ui, row: &RunRow, line: egui::Rect) -> egui::Response {
    let mut place = line.expand2(vec2(0.0, 2.0));
    place.min.x = (place.max.x - RESUME_WIDTH).max(place.min.x);
    if !row.warnings.is_empty() {
        place = place.translate(vec2(-tokens::TEXT_BODY - tokens::SPACE_XS, 0.0));
    }
    let text = egui::RichText::new(format!("{} Resume", icon::PLAY)).size(tokens::TEXT_SMALL);
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(4.0, 0.0);
        ui.spacing_mut().interact_size.y = place.height();
        ui.put(place, egui::Button::new(text).min_size(place.size()))
    })
    .inner
    .accessible_name(format!("Resume {}", row.name))
    .on_hover_text(
        "Go on from the last epoch that was saved, with the numbers of a run that was never interrupted",
    )
}

/// Shows or hides a run; one that was never read is read first.
fn show(row: &RunRow, shown: bool, out: &mut Vec<Command>) {
    if shown
        && !row.loaded
        && !row.is_pending()
        && let Some(folder) = &row.folder
    {
        out.push(Command::OpenRun(folder.clone()));
    }
    out.push(Command::ShowRun(row.id.clone(), shown));
}

fn menu_ui(ui: &mut egui::Ui, row: &RunRow, out: &mut Vec<Command>) {
    let (symbol, text) = if row.shown {
        (icon::EYE_SLASH, "Hide")
    } else {
        (icon::EYE, "Show")
    };
    if ui
        .button(format!("{symbol} {text}"))
        .on_hover_text("Draw this run in the curves and results, or not")
        .clicked()
    {
        show(row, !row.shown, out);
    }
    if row.accuracy.is_some() {
        let button = ui.button(format!("{} Evaluate", icon::TARGET));
        if button
            .on_hover_text(
                "What this run gets right and wrong: confusion matrix, curves, calibration",
            )
            .clicked()
        {
            out.push(Command::SelectRun(row.id.clone()));
            out.push(Command::ShowView(View::Evaluation));
        }
        let button = ui.button(format!("{} Add to comparison", icon::GIT_DIFF));
        if button
            .on_hover_text("Lay this run beside those in the comparison")
            .clicked()
        {
            out.push(Command::AddToComparison(row.id.clone()));
        }
    }
    if let Some(folder) = &row.folder {
        let button = ui.button(format!("{} Use its experiment", icon::FILE_PLUS));
        if button
            .on_hover_text("Open the exact experiment of this run as a new one")
            .clicked()
        {
            out.push(Command::ExperimentOfRun(folder.clone()));
        }
        let button = ui.button(format!("{} Open its folder", icon::FOLDER_OPEN));
        if button
            .on_hover_text("Preset, split, metrics, weights and predictions of this run")
            .clicked()
        {
            out.push(Command::OpenFolder(folder.clone()));
        }
    }
    if row.can_resume
        && let Some(folder) = &row.folder
    {
        let button = ui.button(format!("{} Resume", icon::PLAY));
        if button
            .on_hover_text("Go on from the last epoch that was saved")
            .clicked()
        {
            out.push(Command::ResumeRun(folder.clone()));
        }
    }
    if let Some(run) = row.run
        && row.is_pending()
    {
        let button = ui.button(format!("{} Stop", icon::STOP));
        if button
            .on_hover_text("Stop within one batch; what was trained so far is kept")
            .clicked()
        {
            out.push(Command::StopRun(run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fakes;
    use super::*;

    #[test]
    fn the_running_one_stands_first_and_the_latest_follow() {
        let view = RunsView::build(&fakes::state(), fakes::NOW);
        let expected = "\
AdamW, everything free | – | epoch 4/10, 3 min left
Waiting one | – | waiting
Fine-tuning | 91.2 % | 5 min ago
Feature extraction | 86.1 % | 10 min ago
From scratch | 71.2 % | 2 h ago
Solar cells, all views | 90.0 % | yesterday
Diverged | – | the loss became NaN in epoch 2: lower the learning rate";
        assert_eq!(view.text(), expected);
    }

    #[test]
    fn only_what_ended_too_early_and_saved_an_epoch_can_be_resumed() {
        let mut state = fakes::state();
        let check = |state: &mut State, record_state: RecordState, saved: bool, expected| {
            let run = &mut state.runs[0];
            run.state = record_state.clone();
            run.folder = Some("runs/one".into());
            if let Some(summary) = &mut run.summary {
                summary.can_resume = saved;
            }
            let row = RunRow::build(&state.runs[0], false, fakes::NOW);
            assert_eq!(
                row.can_resume, expected,
                "{record_state:?} {saved}: {}",
                row.detail
            );
            row.detail
        };
        state.runs[0]
            .summary
            .get_or_insert_with(|| crate::app::tests::fake::summary("one", 0.5));
        check(&mut state, RecordState::Stopped, true, true);
        check(
            &mut state,
            RecordState::Failed("disk full".into()),
            true,
            true,
        );
        let detail = check(&mut state, RecordState::Interrupted, true, true);
        assert!(detail.starts_with("interrupted, "), "{detail}");
        let detail = check(&mut state, RecordState::Interrupted, false, false);
        assert!(
            detail.starts_with("interrupted in its first epoch, "),
            "{detail}"
        );
        check(&mut state, RecordState::Stopped, false, false);
        check(&mut state, RecordState::Finished, true, false);
        check(&mut state, RecordState::Elsewhere, true, false);
        check(&mut state, RecordState::Running, true, false);
    }

    #[test]
    fn showing_a_run_that_was_never_read_reads_it() {
        let view = RunsView::build(&fakes::state(), fakes::NOW);
        let mut row = view.rows[2].clone();
        row.loaded = false;
        let mut out = Vec::new();
        show(&row, true, &mut out);
        assert!(
            matches!(&out[..], [Command::OpenRun(_), Command::ShowRun(_, true)]),
            "{out:?}"
        );
    }
}
