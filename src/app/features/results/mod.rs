//! Middle: what the shown runs achieved on their test pictures, best first.

mod results_verdict;

use std::collections::BTreeMap;

use eframe::egui::{self, Align2, Sense, vec2};

use crate::app::core::command::Command;
use crate::app::core::run_names;
use crate::app::core::state::{RunRecord, State};
use crate::app::core::view_id::ViewId;
use crate::app::features::results::results_verdict::verdict;
use crate::app::ui::callout::verdict_ui;
use crate::app::ui::hidden_runs::{self, HiddenRun};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::evaluation::{self, Spread};
use crate::format;
use crate::report::FigureKind;
use crate::runs::{RunSummary, seeds, store};
use crate::training::events::TestMetrics;

/// What the runs achieved.
pub struct ResultsTab;

impl View for ResultsTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::RESULTS,
            title: "Results",
            icon: icon::TROPHY,
            action: "Show results",
            tooltip: "Test results of the runs side by side",
            figure: Some(FigureKind::Results),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        results_ui(ui, &ResultsView::build(context.state), out);
    }
}

/// Plain data of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultsView {
    /// Best first; runs on other test pictures come last.
    pub rows: Vec<ResultRow>,
    /// Which of two is ahead, and by how much.
    pub verdict: Option<String>,
    /// Experiments that were trained with several seeds on these pictures, best mean first.
    pub groups: Vec<GroupRow>,
    pub runs_known: usize,
    /// Tested runs that could be shown.
    pub hidden: Vec<HiddenRun>,
    pub can_train: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    pub id: String,
    pub name: String,
    pub backbone: String,
    pub color: usize,
    pub accuracy: f64,
    /// 95 % Wilson interval of the accuracy.
    pub interval: (f64, f64),
    pub macro_f1: f64,
    pub loss: f64,
    pub seconds: f64,
    /// Held at most.
    pub memory: Option<String>,
    /// The former with the latter, for whoever asks.
    pub memory_details: Option<String>,
    pub trainable: u64,
    pub n: usize,
    /// Whether it was tested on the same pictures as the others.
    pub comparable: bool,
}

/// One experiment, with all its seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    pub name: String,
    pub backbone: String,
    /// Test pictures.
    pub n: usize,
    pub accuracy: Spread,
    pub macro_f1: Spread,
    /// Further runs with a seed that counts already.
    pub repeats: usize,
}

/// Means and spreads of experiments with the runs that they are of, one of each seed; best first. Most have been trained
/// once.
fn groups<'a>(
    tested: &[(&'a RunRecord, &'a RunSummary, &'a TestMetrics)],
) -> Vec<(GroupRow, Vec<&'a RunSummary>)> {
    let recipes: Vec<Option<&String>> = tested
        .iter()
        .map(|(_, summary, _)| summary.recipe.as_ref())
        .collect();
    let mut rows: Vec<(GroupRow, Vec<&RunSummary>)> = seeds::groups(&recipes)
        .into_iter()
        .filter_map(|group| {
            let once = seeds::one_per_seed(&group, |index| {
                let summary = tested[index].1;
                (summary.seed, summary.started)
            });
            let values = |value: fn(&TestMetrics) -> f64| {
                let values: Vec<f64> = once.iter().map(|&index| value(tested[index].2)).collect();
                Spread::new(&values)
            };
            let (run, summary, test) = tested[group[0]];
            let row = GroupRow {
                name: match once.len() {
                    1 => run.name.clone(),
                    _ => seeds::base_name(&run.name).to_owned(),
                },
                backbone: summary.backbone.clone(),
                n: test.n,
                accuracy: values(|test| test.accuracy)?,
                macro_f1: values(|test| test.macro_f1)?,
                repeats: group.len() - once.len(),
            };
            Some((row, once.into_iter().map(|index| tested[index].1).collect()))
        })
        .collect();
    rows.sort_by(|a, b| b.0.accuracy.mean.value.total_cmp(&a.0.accuracy.mean.value));
    rows
}

/// The 95 % Wilson score interval of an accuracy on `n` pictures.
pub fn accuracy_interval(accuracy: f64, n: usize) -> (f64, f64) {
    let right = (accuracy * n as f64).round() as u64;
    let interval = evaluation::wilson(right, n as u64);
    (interval.low, interval.high)
}

impl ResultsView {
    pub fn build(state: &State) -> Self {
        let tested: Vec<_> = state
            .runs
            .iter()
            .filter(|run| run.shown)
            .filter_map(|run| {
                let summary = run.summary.as_ref()?;
                Some((run, summary, summary.test.as_ref()?))
            })
            .collect();
        // The split that most runs share; of equals, the one used last.
        let mut splits: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for (_, summary, _) in &tested {
            let entry = splits.entry(&summary.test_split).or_default();
            *entry = (entry.0 + 1, entry.1.max(summary.started));
        }
        let split = splits
            .iter()
            .max_by_key(|(_, rank)| **rank)
            .map(|(split, _)| *split);
        // Equal names are not enough: pictures may have been changed between two runs.
        let reference = tested
            .iter()
            .map(|(_, summary, _)| *summary)
            .filter(|summary| Some(summary.test_split.as_str()) == split)
            .max_by_key(|summary| summary.started);
        let is_comparable = |summary: &RunSummary| {
            reference.is_some_and(|reference| store::same_test(reference, summary).is_ok())
        };
        let mut rows: Vec<ResultRow> = tested
            .iter()
            .map(|(run, summary, test)| ResultRow {
                id: run.id.clone(),
                name: run_names::told_apart(run, state),
                backbone: summary.backbone.clone(),
                color: run.color,
                accuracy: test.accuracy,
                interval: accuracy_interval(test.accuracy, test.n),
                macro_f1: test.macro_f1,
                loss: test.loss,
                seconds: summary.seconds_total,
                memory: summary.peak_memory_bytes.map(crate::format::bytes),
                memory_details: summary.memory(),
                trainable: summary.trainable_parameters,
                n: test.n,
                comparable: is_comparable(summary),
            })
            .collect();
        rows.sort_by(|a, b| {
            (b.comparable.cmp(&a.comparable))
                .then(b.accuracy.total_cmp(&a.accuracy))
                .then(a.loss.total_cmp(&b.loss))
                .then_with(|| a.id.cmp(&b.id))
        });
        let comparable: Vec<_> = tested
            .into_iter()
            .filter(|(_, summary, _)| is_comparable(summary))
            .collect();
        let groups = groups(&comparable);
        let verdict = verdict(&groups);
        let groups = groups
            .into_iter()
            .map(|(row, _)| row)
            .filter(|row| row.accuracy.seeds > 1)
            .collect();
        Self {
            rows,
            verdict,
            groups,
            runs_known: state.runs.len(),
            hidden: hidden_runs::hidden(state),
            can_train: state.active_document().is_some(),
        }
    }
}

pub fn results_ui(ui: &mut egui::Ui, view: &ResultsView, out: &mut Vec<Command>) {
    if view.rows.is_empty() {
        let title = if view.hidden.is_empty() {
            "No results yet"
        } else {
            "No results shown"
        };
        let text = if !view.hidden.is_empty() {
            "No tested run is switched on at the right."
        } else if view.runs_known > 0 {
            "Runs appear here once they have been tested."
        } else {
            "Compare feature extraction with fine-tuning on your pictures: both are trained, tested on the same \
             pictures and laid side by side here."
        };
        widgets::empty_state(ui, icon::TROPHY, title, text, |ui| {
            let tooltip = "Make the pair of experiments from these pictures and train both";
            hidden_runs::show_hidden_ui(ui, &view.hidden, out);
            let after = !view.hidden.is_empty();
            if view.can_train && widgets::next_button(ui, "Compare both ways", tooltip, after) {
                out.push(Command::CompareBothWays);
            }
        });
        return;
    }
    egui::ScrollArea::vertical().id_salt("results").auto_shrink(false).show(ui, |ui| {
        let sentence = view.verdict.as_deref().unwrap_or(
            "One tested run so far. Train another on the same pictures to see which is better.",
        );
        verdict_ui(ui, icon::TROPHY, sentence, &[]);
        next_steps_ui(ui, view, out);
        ui.add_space(tokens::SPACE_M);
        chart_ui(ui, view);
        ui.add_space(tokens::SPACE_M);
        groups_ui(ui, view);
        table_ui(ui, view);
        if view.rows.iter().any(|row| !row.comparable) {
            ui.add_space(tokens::SPACE_S);
            widgets::note(ui, "Faded runs were tested on other pictures: their numbers can't be compared with the rest.");
        }
    });
}

/// What to do with the results.
fn next_steps_ui(ui: &mut egui::Ui, view: &ResultsView, out: &mut Vec<Command>) {
    ui.add_space(tokens::SPACE_XS);
    ui.horizontal_wrapped(|ui| {
        if view.verdict.is_none() && view.can_train {
            let tooltip = "Make the pair of experiments from these pictures and train both";
            if ui
                .button("Compare both ways")
                .on_hover_text(tooltip)
                .clicked()
            {
                out.push(Command::CompareBothWays);
            }
        }
        let comparable: Vec<String> = view
            .rows
            .iter()
            .filter(|row| row.comparable)
            .map(|row| row.id.clone())
            .collect();
        if comparable.len() >= 2 {
            let button = ui.button(format!("{} Side by side", icon::GIT_DIFF));
            if button
                .on_hover_text("Compare these runs: settings, curves, confusion matrices, and which pictures change sides")
                .clicked()
            {
                out.push(Command::CompareRuns(comparable));
            }
        }
        let button = ui.button(format!("{} Export figures and report…", icon::EXPORT));
        if button
            .on_hover_text("Write figures, report and tables of the shown runs")
            .clicked()
        {
            out.push(Command::ExportFiguresDialog);
        }
    });
}

/// Accuracies as bars with their intervals, on a scale that begins where the differences are.
fn chart_ui(ui: &mut egui::Ui, view: &ResultsView) {
    let colors = tokens(ui);
    let lowest = view
        .rows
        .iter()
        .map(|row| row.interval.0)
        .fold(1.0, f64::min);
    let from = if lowest > 0.6 { 0.5 } else { 0.0 };
    let name_width = (ui.available_width() * 0.36).clamp(90.0, 280.0);
    let font = egui::FontId::proportional(tokens::TEXT_BODY);
    let row_height = 28.0;
    let value_width = 62.0;
    for row in &view.rows {
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), row_height), Sense::hover());
        let fade = if row.comparable { 1.0 } else { 0.4 };
        let name =
            egui::Rect::from_min_size(rect.min, vec2(name_width - tokens::SPACE_S, row_height));
        let text_color = colors.text.gamma_multiply(fade);
        widgets::elided(ui, name, &row.name, font.clone(), text_color);
        let track = egui::Rect::from_min_max(
            egui::pos2(rect.left() + name_width, rect.top() + 6.0),
            egui::pos2(rect.right() - value_width, rect.bottom() - 6.0),
        );
        let at = |share: f64| {
            track.left() + track.width() * ((share - from) / (1.0 - from)).clamp(0.0, 1.0) as f32
        };
        ui.painter()
            .rect_filled(track, tokens::RADIUS_S, colors.sunken);
        let mut bar = track;
        bar.set_right(at(row.accuracy));
        let color = tokens::run_color(row.color);
        ui.painter()
            .rect_filled(bar, tokens::RADIUS_S, color.gamma_multiply(fade));
        let stroke = egui::Stroke::new(1.5, colors.text.gamma_multiply(fade));
        let (low, high) = (at(row.interval.0), at(row.interval.1));
        ui.painter().hline(low..=high, track.center().y, stroke);
        for end in [low, high] {
            ui.painter()
                .vline(end, track.center().y - 4.0..=track.center().y + 4.0, stroke);
        }
        let value = format::percent(row.accuracy);
        let position = rect.right_center();
        ui.painter().text(
            position,
            Align2::RIGHT_CENTER,
            &value,
            tokens::medium_font(tokens::TEXT_BODY),
            text_color,
        );
        let text = format!(
            "{}: {value} of {} test pictures right, {}",
            row.name,
            row.n,
            interval_text(row)
        );
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &text));
        response.on_hover_text(&text);
    }
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 14.0), Sense::hover());
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let left = rect.left() + name_width;
    let right = rect.right() - value_width;
    for part in 0..=2 {
        let share = from + (1.0 - from) * f64::from(part) / 2.0;
        let x = left + (right - left) * part as f32 / 2.0;
        let text = format::whole_percent(share);
        ui.painter().text(
            egui::pos2(x, rect.top()),
            Align2::CENTER_TOP,
            text,
            small.clone(),
            colors.text_faint,
        );
    }
    widgets::note(
        ui,
        "Test accuracy with its 95 % interval (Wilson): where the true accuracy may lie.",
    );
}

fn interval_text(row: &ResultRow) -> String {
    format!(
        "95 % between {:.1} and {:.1} %",
        row.interval.0 * 100.0,
        row.interval.1 * 100.0
    )
}

/// Mean and spread over seeds: what is luck and what is not.
fn groups_ui(ui: &mut egui::Ui, view: &ResultsView) {
    if view.groups.is_empty() {
        return;
    }
    widgets::heading(ui, "Several seeds");
    let colors = tokens(ui);
    egui::Grid::new("groups")
        .striped(true)
        .spacing(vec2(tokens::SPACE_L, tokens::SPACE_XS))
        .show(ui, |ui| {
            let headings = [
                ("Experiment", "The runs' common name"),
                ("Seeds", "Runs that differ in their seed alone; of repeats with one seed the newest counts"),
                ("Accuracy", "Mean and standard deviation over the seeds"),
                (
                    "Lowest to highest",
                    "The accuracies of the worst and of the best seed",
                ),
                ("Macro-F1", "Mean and standard deviation over the seeds"),
            ];
            for (title, tooltip) in headings {
                ui.label(colors.small(title)).on_hover_text(tooltip);
            }
            ui.end_row();
            for row in &view.groups {
                let accuracy = &row.accuracy;
                ui.label(tokens::medium(&row.name));
                ui.label(match row.repeats {
                    0 => accuracy.seeds.to_string(),
                    repeats => format!("{} ({repeats} repeated)", accuracy.seeds),
                });
                ui.label(tokens::semibold(format::percent_spread(accuracy.mean.value, accuracy.standard_deviation)));
                ui.label(format::percent_range(accuracy.lowest, accuracy.highest));
                ui.label(format!(
                    "{:.3} ± {:.3}",
                    row.macro_f1.mean.value, row.macro_f1.standard_deviation
                ));
                ui.end_row();
            }
        });
    ui.add_space(tokens::SPACE_M);
}

fn table_ui(ui: &mut egui::Ui, view: &ResultsView) {
    let colors = tokens(ui);
    egui::ScrollArea::horizontal().id_salt("table").auto_shrink([false, true]).show(ui, |ui| {
        egui::Grid::new("results").striped(true).spacing(vec2(tokens::SPACE_L, tokens::SPACE_S)).show(ui, |ui| {
            let headings = [
                ("Run", "The experiment's name"),
                ("Accuracy", "Share of test pictures whose most probable class is right"),
                ("95 % interval", "Wilson's interval: where the true accuracy lies, as far as this many pictures can tell"),
                ("Macro-F1", "F1 averaged over classes, each counting the same"),
                ("Loss", "Mean cross-entropy per test picture, in nats; lower is better"),
                ("Time", "For the whole run"),
                ("Memory", "The most that the process held while it trained, and what was forecast before"),
                ("Trainable", "Parameters that learned in the last phase"),
                ("Pictures", "Number of test pictures"),
                ("Backbone", "The pre-trained network"),
            ];
            for (title, tooltip) in headings {
                ui.label(colors.small(title)).on_hover_text(tooltip);
            }
            ui.end_row();
            for row in &view.rows {
                if !row.comparable {
                    ui.multiply_opacity(0.55);
                }
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = tokens::SPACE_XS;
                    widgets::dot(ui, tokens::run_color(row.color));
                    ui.label(tokens::medium(&row.name));
                    if !row.comparable {
                        ui.label(colors.small("other test pictures"));
                    }
                });
                ui.label(tokens::semibold(format::percent(row.accuracy)));
                ui.label(format::percent_range(row.interval.0, row.interval.1));
                ui.label(format!("{:.3}", row.macro_f1));
                ui.label(format!("{:.3}", row.loss));
                ui.label(format::duration(row.seconds));
                let memory = ui.label(row.memory.as_deref().unwrap_or("–"));
                if let Some(details) = &row.memory_details {
                    memory.on_hover_text(details);
                }
                ui.label(format::magnitude(row.trainable));
                ui.label(format::thousands(row.n as u64));
                ui.label(colors.muted(&row.backbone));
                ui.end_row();
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::super::fakes;
    use super::*;

    #[test]
    fn intervals_count_the_right_pictures() {
        // Wilson's formula in Python, with z = 1.959963984540054.
        let (low, high) = accuracy_interval(593.0 / 656.0, 656);
        assert!((low - 0.879_008).abs() < 1e-4 && (high - 0.924_216).abs() < 1e-4);
        assert_eq!(accuracy_interval(0.5, 0), (0.0, 1.0));
    }

    #[test]
    fn the_best_comparable_run_stands_first() {
        let view = ResultsView::build(&fakes::state());
        let names: Vec<(&str, bool)> = view
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row.comparable))
            .collect();
        assert_eq!(
            names,
            [
                ("Fine-tuning", true),
                ("Feature extraction", true),
                ("From scratch", true),
                ("Solar cells, all views", false)
            ]
        );
        assert_eq!(
            view.verdict.as_deref(),
            Some(
                "Fine-tuning is better: 91.2 % against 86.1 %, +5.0 points (3.4 to 6.9), p < 0.0001"
            )
        );
    }

    #[test]
    fn seeds_of_one_experiment_stand_together() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if let Some(summary) = run.summary.as_mut()
                && ["a", "b", "d"].contains(&run.id.as_str())
            {
                summary.recipe = Some("same".into());
            }
        }
        let view = ResultsView::build(&state);
        // The third was tested on other pictures.
        assert_eq!(view.groups.len(), 1);
        let spread = view.groups[0].accuracy;
        assert_eq!(spread.seeds, 2);
        assert!((spread.mean.value - 0.8865).abs() < 1e-9, "{spread:?}");
        assert!(ResultsView::build(&fakes::state()).groups.is_empty());
    }

    #[test]
    fn a_difference_that_chance_explains_is_none() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if run.name == "Fine-tuning"
                && let Some(summary) = run.summary.as_mut()
            {
                fakes::set_right(summary, 0.868);
            }
        }
        let verdict = ResultsView::build(&state).verdict.unwrap_or_default();
        assert!(
            verdict
                .starts_with("No difference that 656 pictures could show: 86.7 % against 86.1 %"),
            "{verdict}"
        );
    }

    #[test]
    fn repeats_of_one_seed_are_no_spread() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if let Some(summary) = run.summary.as_mut() {
                summary.recipe = Some("same".into());
                summary.seed = Some(7);
            }
        }
        let view = ResultsView::build(&state);
        assert!(view.groups.is_empty());
        let verdict = view.verdict.unwrap_or_default();
        assert!(
            verdict.contains("times with one seed") && !verdict.contains("± 0.0"),
            "{verdict}"
        );
    }

    #[test]
    fn test_pictures_that_hold_something_else_are_not_comparable() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if let Some(summary) = run.summary.as_mut() {
                let contents = if run.name == "Fine-tuning" {
                    "new"
                } else {
                    "old"
                };
                summary.test_contents = Some(contents.into());
            }
        }
        let view = ResultsView::build(&state);
        let row = |name: &str| {
            view.rows
                .iter()
                .find(|row| row.name == name)
                .map(|row| row.comparable)
        };
        assert_ne!(row("Fine-tuning"), row("Feature extraction"));
    }
}
