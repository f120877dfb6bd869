//! Which rows are shown: by the parts of axes that are marked in the chart, or chosen in the menu of an axis.

use std::collections::BTreeSet;

use eframe::egui;

use super::ResultsLocal;
use super::data::{ResultsView, SweepRow};
use crate::app::ui::tokens::{icon, tokens};
use crate::figures::ParallelAxis;

/// Two places on an axis that are nearer than this are one.
const SAME_PLACE: f64 = 1e-6;

/// What passes, for each axis; the axes that there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    axes: Vec<String>,
    passing: Vec<Option<Passing>>,
    /// Another number after every change.
    pub version: u64,
}

/// What of an axis passes.
#[derive(Debug, Clone, PartialEq)]
pub enum Passing {
    /// From one share of its height to another.
    Between(f64, f64),
    /// Those of its marks, by their indices.
    Marks(BTreeSet<usize>),
}

impl Passing {
    fn passes(&self, axis: &ParallelAxis, share: Option<f64>) -> bool {
        let Some(share) = share else { return false };
        match self {
            Self::Between(from, to) => (from - SAME_PLACE..=to + SAME_PLACE).contains(&share),
            Self::Marks(marks) => (marks.iter())
                .filter_map(|&mark| axis.ticks.get(mark))
                .any(|(place, _)| (place - share).abs() < SAME_PLACE),
        }
    }
}

impl Filter {
    /// Forgets what was marked on axes that there are no more.
    pub fn follow(&mut self, view: &ResultsView) {
        let titles = view.axes.iter().map(|axis| &axis.title);
        if !titles.clone().eq(self.axes.iter()) {
            self.axes = titles.cloned().collect();
            self.passing = vec![None; view.axes.len()];
            self.version += 1;
        }
    }

    pub fn of_axis(&self, axis: usize) -> Option<&Passing> {
        self.passing.get(axis)?.as_ref()
    }

    pub fn set(&mut self, axis: usize, passing: Option<Passing>) {
        if let Some(place) = self.passing.get_mut(axis)
            && *place != passing
        {
            *place = passing;
            self.version += 1;
        }
    }

    pub fn is_active(&self) -> bool {
        self.passing.iter().any(Option::is_some)
    }

    pub fn clear(&mut self) {
        for axis in 0..self.passing.len() {
            self.set(axis, None);
        }
    }

    pub fn passes(&self, view: &ResultsView, row: &SweepRow) -> bool {
        (self.passing.iter().enumerate()).all(|(axis, passing)| {
            let Some(passing) = passing else { return true };
            let share = row.shares.get(axis).copied().flatten();
            passing.passes(&view.axes[axis], share)
        })
    }
}

/// Whether an axis has few enough values that each has a mark of its own.
pub fn has_own_marks(view: &ResultsView, axis: usize) -> bool {
    axis + 1 < view.axes.len() && view.axes[axis].ticks.len() <= 12
}

/// The menu of an axis, below its title: what passes, for those who don't drag.
pub fn axis_menu_ui(ui: &mut egui::Ui, view: &ResultsView, axis: usize, filter: &mut Filter) {
    let shown = &view.axes[axis];
    let name = &shown.title;
    if has_own_marks(view, axis) {
        let all: BTreeSet<usize> = (0..shown.ticks.len()).collect();
        let mut chosen = match filter.of_axis(axis) {
            Some(Passing::Marks(marks)) => marks.clone(),
            Some(between) => (all.iter().copied())
                .filter(|&mark| between.passes(shown, Some(shown.ticks[mark].0)))
                .collect(),
            None => all.clone(),
        };
        // The largest at the top, as on the axis.
        for (mark, (_, text)) in shown.ticks.iter().enumerate().rev() {
            let mut is_chosen = chosen.contains(&mark);
            let response = ui.checkbox(&mut is_chosen, text.as_str());
            let response = response.accessible_name(format!("{name} {text}"));
            if response.changed() {
                if is_chosen {
                    chosen.insert(mark);
                } else {
                    chosen.remove(&mark);
                }
                let passing = (chosen != all).then(|| Passing::Marks(chosen.clone()));
                filter.set(axis, passing);
            }
        }
    } else {
        let (mut from, mut to) = match filter.of_axis(axis) {
            Some(Passing::Between(from, to)) => (*from, *to),
            _ => (0.0, 1.0),
        };
        let text = |share: f64| {
            let number = shown.scale.number_at(share);
            number.map_or_else(String::new, |number| match axis + 1 == view.axes.len() {
                true => view.goal_text(number),
                false => crate::format::rate(number),
            })
        };
        ui.set_min_width(230.0);
        let slider = |ui: &mut egui::Ui, what: &str, value: &mut f64| {
            ui.label(tokens(ui).muted(format!("{what} {}", text(*value))));
            let slider = egui::Slider::new(value, 0.0..=1.0).show_value(false);
            ui.add(slider)
                .accessible_name(format!("{name}, {what}"))
                .changed()
        };
        let is_changed = slider(ui, "from", &mut from) | slider(ui, "to", &mut to);
        if is_changed {
            let (from, to) = (from.min(to), to.max(from));
            let is_all = from <= 0.0 && to >= 1.0;
            filter.set(axis, (!is_all).then_some(Passing::Between(from, to)));
        }
    }
    ui.separator();
    let is_set = filter.of_axis(axis).is_some();
    let button = egui::Button::new("Show all of this axis");
    if ui.add_enabled(is_set, button).clicked() {
        filter.set(axis, None);
    }
}

/// The way back to all rows.
pub(super) fn summary_ui(ui: &mut egui::Ui, local: &mut ResultsLocal) {
    if !local.filter.is_active() {
        return;
    }
    let tooltip = "Show every row again";
    let button = ui.button(format!("{} Clear the filter", icon::FUNNEL));
    if button.on_hover_text(tooltip).clicked() {
        local.filter.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::ResultsCache;
    use super::*;
    use crate::app::core::sweep::fakes;

    #[test]
    fn rows_pass_every_axis_that_is_marked() {
        let open = fakes::open(30, 30);
        let view = ResultsCache::default().view(&open, true).unwrap();
        let mut filter = Filter::default();
        filter.follow(&view);
        let passing = |filter: &Filter| {
            view.rows
                .iter()
                .filter(|row| filter.passes(&view, row))
                .count()
        };
        assert_eq!(passing(&filter), 30);
        // One of five rates.
        filter.set(0, Some(Passing::Between(0.9, 1.0)));
        assert_eq!(passing(&filter), 6);
        // Of three freeze plans, two.
        filter.set(1, Some(Passing::Marks([0, 2].into())));
        assert_eq!(passing(&filter), 4);
        let version = filter.version;
        filter.set(1, Some(Passing::Marks([0, 2].into())));
        assert_eq!(filter.version, version, "nothing has changed");
        filter.clear();
        assert!(!filter.is_active());
        assert_eq!(passing(&filter), 30);
    }

    #[test]
    fn what_has_no_result_passes_no_part_of_the_goal() {
        let open = fakes::open(30, 10);
        let view = ResultsCache::default().view(&open, true).unwrap();
        let mut filter = Filter::default();
        filter.follow(&view);
        filter.set(3, Some(Passing::Between(0.0, 1.0)));
        let passing = view.rows.iter().filter(|row| filter.passes(&view, row));
        assert_eq!(passing.count(), 11);
    }
}
