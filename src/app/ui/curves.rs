//! Accuracy and loss of runs, epoch by epoch: what is drawn, and the plots.

mod legend;

use eframe::egui::{self, vec2};
use egui_plot::{LineStyle, Plot, Points, VLine};

use super::hidden_runs;
use crate::app::core::run_names;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::app::core::sweep::SweepRuns;
use crate::app::ui::axes;
use crate::app::ui::diagnosis::RunVerdict;
use crate::app::ui::tokens::{self, tokens};
use crate::format;
use crate::training::EpochMetrics;

/// Points of one line that are drawn, at most.
const MOST_POINTS: usize = 600;

/// Plain data of the curves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CurvesView {
    pub runs: Vec<RunCurves>,
    /// Runs that there are, shown or not.
    pub runs_known: usize,
    /// Tested runs that could be drawn, by their ids.
    pub hidden: Vec<String>,
    /// Whether an experiment is open that could be trained.
    pub can_train: bool,
    /// The run under way, when it has no epoch to show yet.
    pub beginning: Option<String>,
    /// What the curves of each run say.
    pub verdicts: Vec<RunVerdict>,
    /// The run that one looks at, by its id.
    pub looked_at: Option<String>,
    /// Runs of the open sweep's cells, which are not among those that are known before one is opened.
    pub of_sweep: Option<SweepRuns>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunCurves {
    pub name: String,
    pub color: usize,
    pub running: bool,
    /// Epoch of a later phase's start, and its name.
    pub phase_starts: Vec<(u32, String)>,
    pub accuracy: Pair,
    pub loss: Pair,
}

/// One metric on training and validation pictures: stretches of points without a gap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pair {
    pub train: Vec<Vec<[f64; 2]>>,
    pub validation: Vec<Vec<[f64; 2]>>,
}

impl CurvesView {
    pub fn build(state: &State) -> Self {
        let runs = state
            .runs
            .iter()
            .filter(|run| run.shown && !run.metrics.is_empty())
            .map(|run| RunCurves::build(run, state))
            .collect();
        let beginning = state.running().map(|run| run.called().to_owned());
        Self {
            runs,
            runs_known: state.runs.len(),
            hidden: hidden_runs::hidden(state),
            can_train: state.active_document().is_some(),
            beginning,
            verdicts: RunVerdict::of_drawn(state),
            looked_at: RunVerdict::looked_at(state),
            of_sweep: state.sweep.cells_with_runs(),
        }
    }

    /// The last values of every run as lines of text.
    pub fn text(&self) -> String {
        let last = |stretches: &[Vec<[f64; 2]>]| {
            stretches
                .last()
                .and_then(|points| points.last())
                .map_or_else(|| "–".into(), |point| format!("{:.3}", point[1]))
        };
        let line = |run: &RunCurves| {
            format!(
                "{}: accuracy {} / {}, loss {} / {}",
                run.name,
                last(&run.accuracy.train),
                last(&run.accuracy.validation),
                last(&run.loss.train),
                last(&run.loss.validation)
            )
        };
        self.runs.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl RunCurves {
    fn build(run: &RunRecord, state: &State) -> Self {
        Self::new(
            run_names::told_apart(run, state),
            run.color,
            run.state == RecordState::Running,
            &run.metrics,
            &run.phase_starts,
        )
    }

    pub fn new(
        name: String,
        color: usize,
        running: bool,
        metrics: &[EpochMetrics],
        phase_starts: &[(u32, String)],
    ) -> Self {
        let series = |value: fn(&EpochMetrics) -> Option<f64>| {
            let points = metrics
                .iter()
                .map(|epoch| [f64::from(epoch.epoch), value(epoch).unwrap_or(f64::NAN)]);
            stretches(&points.collect::<Vec<_>>())
        };
        Self {
            name,
            color,
            running,
            phase_starts: phase_starts.to_vec(),
            accuracy: Pair {
                train: series(|epoch| Some(epoch.train_accuracy)),
                validation: series(|epoch| epoch.validation_accuracy),
            },
            loss: Pair {
                train: series(|epoch| Some(epoch.train_loss)),
                validation: series(|epoch| epoch.validation_loss),
            },
        }
    }
}

/// Cuts a series wherever a value is not a number, and thins out what is longer than a screen shows.
fn stretches(points: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
    points
        .split(|point| !point[1].is_finite())
        .filter(|stretch| !stretch.is_empty())
        .map(|stretch| decimate(stretch, MOST_POINTS))
        .collect()
}

/// Keeps the first and the last point, and of every bucket between them the lowest and the highest,
/// so that no spike is lost.
fn decimate(points: &[[f64; 2]], most: usize) -> Vec<[f64; 2]> {
    if points.len() <= most.max(4) {
        return points.to_vec();
    }
    let buckets = (most - 2) / 2;
    let inner = &points[1..points.len() - 1];
    let mut kept = vec![points[0]];
    for bucket in 0..buckets {
        let part = &inner[bucket * inner.len() / buckets..(bucket + 1) * inner.len() / buckets];
        let low = part.iter().min_by(|a, b| a[1].total_cmp(&b[1]));
        let high = part.iter().max_by(|a, b| a[1].total_cmp(&b[1]));
        if let (Some(low), Some(high)) = (low, high) {
            let (first, second) = if low[0] <= high[0] {
                (low, high)
            } else {
                (high, low)
            };
            kept.push(*first);
            if second != first {
                kept.push(*second);
            }
        }
    }
    kept.push(points[points.len() - 1]);
    kept
}

/// What the curves remember between frames.
#[derive(Debug, Clone, Default)]
pub struct CurvesLocal {
    hide_train: bool,
    hide_validation: bool,
    logarithmic_loss: bool,
    /// The run that the pointer is at in the legend, by its index in this frame.
    pointed: Option<usize>,
    /// The run that was clicked in the legend, by its name.
    pinned: Option<String>,
}

impl CurvesLocal {
    /// The run whose curves stand out of the others.
    fn lifted(&self, view: &CurvesView) -> Option<usize> {
        let is_pinned = |run: &RunCurves| self.pinned.as_ref() == Some(&run.name);
        self.pointed
            .or_else(|| view.runs.iter().position(is_pinned))
    }
}

/// How strong the curves of the others are while one run's stand out.
const BEHIND: f32 = 0.18;
/// Phases of more runs than these are named only for the run that stands out.
const NAMED_PHASES: usize = 3;

/// Legend and both plots of runs that have epochs; the plots are `height` points high, or as high as
/// there is room.
pub fn overlay_ui(
    ui: &mut egui::Ui,
    view: &CurvesView,
    local: &mut CurvesLocal,
    height: Option<f32>,
) {
    local.pointed = None;
    let beside = legend::is_beside(view, ui.available_width());
    legend::above_ui(ui, view, local, beside);
    let gap = tokens::SPACE_M;
    let list = if beside { legend::LIST + gap } else { 0.0 };
    let width = ui.available_width() - list;
    let is_wide = width >= 540.0;
    let height = match height {
        // One below the other, each is as high as it would be side by side.
        Some(height) if !is_wide => 2.0 * height + gap,
        Some(height) => height,
        None => ui.available_height(),
    };
    let size = if is_wide {
        vec2((width - gap) / 2.0, height)
    } else {
        vec2(width, (height - gap) / 2.0)
    };
    let size = size.max(vec2(120.0, 140.0));
    let down = egui::Layout::top_down(egui::Align::Min);
    let across = egui::Layout::left_to_right(egui::Align::Min);
    let link = ui.make_persistent_id("epochs of the curves");
    let whole = vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(whole, across, |ui| {
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        // The list first: what it points at is lifted out in the same frame.
        if beside {
            let mut right = ui.available_rect_before_wrap();
            right.min.x += width + gap;
            right.max.y = right.min.y + height;
            let list = egui::UiBuilder::new().max_rect(right).layout(down);
            legend::list_ui(&mut ui.new_child(list), view, local, height);
        }
        let plots = if is_wide { across } else { down };
        ui.allocate_ui_with_layout(vec2(width, height), plots, |ui| {
            ui.spacing_mut().item_spacing = vec2(gap, gap);
            plot_ui(ui, view, local, Metric::Accuracy, size, link);
            plot_ui(ui, view, local, Metric::Loss, size, link);
        });
    });
}

#[derive(Clone, Copy, PartialEq)]
enum Metric {
    Accuracy,
    Loss,
}

fn plot_ui(
    ui: &mut egui::Ui,
    view: &CurvesView,
    local: &CurvesLocal,
    metric: Metric,
    size: egui::Vec2,
    link: egui::Id,
) {
    let colors = tokens(ui);
    let logarithmic = metric == Metric::Loss && local.logarithmic_loss;
    let scale = move |value: f64| {
        if logarithmic {
            value.max(1e-12).log10()
        } else {
            value
        }
    };
    let show_value = move |value: f64| match metric {
        Metric::Accuracy => format::percent(value),
        Metric::Loss if logarithmic => crate::format::rate(10f64.powf(value)),
        Metric::Loss => format!("{value:.3}"),
    };
    let title = match metric {
        Metric::Accuracy => "Accuracy",
        Metric::Loss => "Loss (cross-entropy)",
    };
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_size(size);
        ui.label(tokens::semibold(title));
        let last_epoch = last_epoch(view);
        let plot = Plot::new(title)
            .height((ui.available_height() - 2.0).max(80.0))
            .width(size.x)
            .link_axis(link, [true, false])
            .include_x(1.0)
            .include_x(last_epoch.max(2.0))
            .x_grid_spacer(egui_plot::uniform_grid_spacer(move |input| {
                let step = axes::step(input.bounds.1 - input.bounds.0, size.x, 84.0).max(1.0);
                [step, step * 10.0, step * 100.0]
            }))
            .custom_x_axes(axes::across("Epoch", |mark, _| {
                if mark.value.fract().abs() < 1e-6 && mark.value > 0.0 {
                    format!("{:.0}", mark.value)
                } else {
                    String::new()
                }
            }))
            .y_axis_min_width(axes::UPWARD)
            .y_grid_spacer(egui_plot::uniform_grid_spacer(move |input| {
                let step = axes::step(input.bounds.1 - input.bounds.0, size.y - 60.0, 34.0);
                [step, step * 10.0, step * 100.0]
            }))
            .y_axis_formatter(move |mark, _| match metric {
                // There is room above the highest point, but no accuracy above 100 %.
                Metric::Accuracy if mark.value > 1.0 + 1e-6 => String::new(),
                Metric::Accuracy => format::whole_percent(mark.value),
                Metric::Loss => {
                    if logarithmic {
                        crate::format::rate(10f64.powf(mark.value))
                    } else {
                        crate::format::rate(mark.value)
                    }
                }
            })
            .grid_color(colors.grid)
            .set_margin_fraction(vec2(0.03, 0.08))
            .allow_scroll(false)
            .label_formatter(axes::near_point(move |name, at| {
                format!("{name}\nEpoch {:.0}: {}", at.x, show_value(at.y))
            }));
        let drawn = plot.show(ui, |plot| {
            let lifted = local.lifted(view);
            // What stands out is drawn last, over the others.
            let mut order: Vec<usize> = (0..view.runs.len()).collect();
            order.sort_by_key(|&index| lifted == Some(index));
            for index in order {
                let run = &view.runs[index];
                let (strength, width) = match lifted {
                    Some(lifted) if lifted != index => (BEHIND, 1.0),
                    Some(_) => (1.0, tokens::STROKE_PLOT + 1.0),
                    None => (1.0, tokens::STROKE_PLOT),
                };
                let color = tokens::run_color(run.color).gamma_multiply(strength);
                for (epoch, _) in &run.phase_starts {
                    // Between the last epoch of the one phase and the first of the other.
                    let x = f64::from(*epoch) - 0.5;
                    let line = VLine::new("", x)
                        .color(color.gamma_multiply(0.6))
                        .style(LineStyle::dotted_dense());
                    plot.vline(line.width(1.5).allow_hover(false));
                }
                let pair = if metric == Metric::Accuracy {
                    &run.accuracy
                } else {
                    &run.loss
                };
                let both = [
                    (&pair.train, "training", LineStyle::Solid, local.hide_train),
                    (
                        &pair.validation,
                        "validation",
                        LineStyle::dashed_dense(),
                        local.hide_validation,
                    ),
                ];
                for (stretches, part, style, hidden) in both {
                    if hidden {
                        continue;
                    }
                    let name = format!("{}, {part}", run.name);
                    for stretch in stretches {
                        let points: Vec<[f64; 2]> = stretch
                            .iter()
                            .map(|point| [point[0], scale(point[1])])
                            .collect();
                        if points.len() == 1 {
                            // One epoch makes no line.
                            plot.points(Points::new(name.clone(), points).color(color).radius(3.5));
                            continue;
                        }
                        let line = axes::line(name.clone(), &points);
                        plot.line(line.color(color).width(width).style(style));
                    }
                }
            }
        });
        phase_names_ui(ui, view, local.lifted(view), &drawn.transform);
    });
}

/// Names of later phases at the top of their lines; those of several runs below each other. Painted over
/// the plot, because a text in it would stretch its bounds.
fn phase_names_ui(
    ui: &egui::Ui,
    view: &CurvesView,
    lifted: Option<usize>,
    transform: &egui_plot::PlotTransform,
) {
    let frame = *transform.frame();
    let painter = ui.painter_at(frame);
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let mut line = 0;
    let are_few = view.runs.len() <= NAMED_PHASES;
    for (index, run) in view.runs.iter().enumerate() {
        if lifted.map_or(!are_few, |lifted| lifted != index) {
            continue;
        }
        for (epoch, name) in &run.phase_starts {
            let x = transform.position_from_point_x(f64::from(*epoch) - 0.5);
            let position = egui::pos2(x + 5.0, frame.top() + 5.0 + 14.0 * line as f32);
            let color = tokens::run_color(run.color);
            painter.text(position, egui::Align2::LEFT_TOP, name, font.clone(), color);
        }
        line += usize::from(!run.phase_starts.is_empty());
    }
}

fn last_epoch(view: &CurvesView) -> f64 {
    view.runs
        .iter()
        .flat_map(|run| &run.accuracy.train)
        .filter_map(|points| points.last())
        .map(|point| point[0])
        .fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_breaks_the_line() {
        let points = [[1.0, 0.5], [2.0, f64::NAN], [3.0, 0.4], [4.0, 0.3]];
        assert_eq!(
            stretches(&points),
            vec![vec![[1.0, 0.5]], vec![[3.0, 0.4], [4.0, 0.3]]]
        );
    }

    #[test]
    fn a_long_history_keeps_its_ends_and_spikes() {
        let mut points: Vec<[f64; 2]> = (0..10_000).map(|index| [f64::from(index), 1.0]).collect();
        points[5_432][1] = 9.0;
        let kept = decimate(&points, 600);
        assert!(kept.len() <= 600, "{}", kept.len());
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[9_999]));
        assert!(kept.contains(&[5_432.0, 9.0]));
        assert!(kept.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }

    fn many(count: usize) -> CurvesView {
        let run = |index: usize| RunCurves {
            name: format!("run {index}"),
            color: index,
            running: false,
            phase_starts: Vec::new(),
            accuracy: Pair {
                train: vec![vec![[1.0, 0.5], [2.0, 0.6]]],
                validation: Vec::new(),
            },
            loss: Pair::default(),
        };
        CurvesView {
            runs: (0..count).map(run).collect(),
            ..CurvesView::default()
        }
    }

    #[test]
    fn the_legend_of_many_runs_is_a_list_whose_entries_lift_their_curves() {
        use egui_kittest::Harness;
        use egui_kittest::kittest::Queryable as _;

        use crate::app::ui::theme;

        for width in [1000.0, 400.0] {
            let mut harness = Harness::builder()
                .with_size(vec2(width, 500.0))
                .with_context_setup(theme::install)
                .build_ui_state(
                    |ui, (view, local): &mut (CurvesView, CurvesLocal)| {
                        overlay_ui(ui, view, local, None);
                    },
                    (many(26), CurvesLocal::default()),
                );
            harness.run_steps(3);
            assert_eq!(harness.state().1.lifted(&harness.state().0), None);
            harness.get_by_label("run 2").hover();
            harness.run_steps(3);
            assert_eq!(harness.state().1.lifted(&harness.state().0), Some(2));
            harness.get_by_label("run 1").click();
            harness.run_steps(3);
            assert_eq!(harness.state().1.pinned.as_deref(), Some("run 1"));
            // What is not in sight of the list is not drawn.
            assert!(width > 500.0 || harness.query_by_label("run 25").is_none());
        }
    }
}
