//! Middle: all runs as a spreadsheet, with every setting in which they differ and what came of them.

mod columns;
mod ui;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use eframe::egui;

use super::RunsLocal;
use super::editing::Editing;
use super::filter::Filter;
use crate::app::core::command::Command;
use crate::app::core::state::{RunRecord, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::tokens::icon;
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use columns::{Column, Kind, Sorted};

/// All runs as a table.
pub struct RunsTab;

impl View for RunsTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::RUNS,
            title: "Runs",
            icon: icon::CLOCK_COUNTER_CLOCKWISE,
            action: "Show all runs as a table",
            tooltip: "All runs as a spreadsheet: every setting that differs, and all results",
            figure: None,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        // What is searched and filtered at the right holds here too.
        let filter = context.panels.of_window::<RunsLocal>().filter.clone();
        let local = context.panels.of_window::<TableLocal>();
        let view = TableView::build(context.state, &filter, context.now, local);
        ui::table_view_ui(ui, &view, local, out);
    }
}

/// What the table remembers between frames.
#[derive(Default)]
pub struct TableLocal {
    sorted: Sorted,
    /// From where a selection with the shift key reaches.
    anchor: Option<String>,
    /// The run of the row that the pointer is at, by its id.
    hovered: Option<String>,
    editing: Option<Editing>,
    /// Tags that are typed for the selected rows.
    tags: Option<String>,
    /// The columns of settings, and what they were made of.
    settings: Option<(u64, Arc<Vec<Column>>)>,
}

/// The table's plain data: rows as they stand in the state, in their order here.
pub struct TableView<'a> {
    state: &'a State,
    now: u64,
    rows: Vec<&'a RunRecord>,
    /// Runs that there are, shown or not.
    known: usize,
    /// All columns, hidden ones too.
    columns: Vec<Column>,
}

impl<'a> TableView<'a> {
    fn build(state: &'a State, filter: &Filter, now: u64, local: &mut TableLocal) -> Self {
        let mut rows = filter.apply(state);
        let settings = local.setting_columns(&rows);
        let columns = columns::all(&settings);
        if let Some(column) = columns
            .iter()
            .find(|column| column.title == local.sorted.by)
        {
            column.sort(&mut rows, state, local.sorted.descending);
        }
        Self {
            state,
            now,
            rows,
            known: state.runs.len(),
            columns,
        }
    }

    /// The columns that are shown.
    fn shown(&self) -> Vec<&Column> {
        (self.columns.iter())
            .filter(|column| self.is_shown(column))
            .collect()
    }

    fn is_shown(&self, column: &Column) -> bool {
        column.kind == Kind::Name || !self.state.hidden_columns.contains(&column.title)
    }

    /// The rows that are selected.
    fn selected(&self) -> Vec<&'a RunRecord> {
        (self.rows.iter().copied())
            .filter(|run| self.state.is_selected(&run.id))
            .collect()
    }

    /// The shown columns of `rows` as CSV, numbers as a spreadsheet reads them.
    fn csv(&self, rows: &[&RunRecord]) -> String {
        let columns = self.shown();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = columns.iter().map(|column| column.title.as_str());
        let mut written = writer.write_record(header);
        for run in rows {
            let cells = columns.iter().map(|column| column.plain(run, self.state));
            let cells: Vec<String> = cells
                .map(|cell| crate::spreadsheet::guarded(&cell).into_owned())
                .collect();
            written = written.and_then(|()| writer.write_record(cells));
        }
        // Memory takes everything.
        let bytes = written.ok().and_then(|()| writer.into_inner().ok());
        bytes.map_or_else(String::new, |bytes| {
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }
}

impl TableLocal {
    /// A column for every setting that is not the same in all of `rows`.
    fn setting_columns(&mut self, rows: &[&RunRecord]) -> Arc<Vec<Column>> {
        let mut hasher = DefaultHasher::new();
        for run in rows {
            Arc::as_ptr(&run.listed.settings).hash(&mut hasher);
        }
        let now = hasher.finish();
        match &self.settings {
            Some((then, columns)) if *then == now => columns.clone(),
            _ => {
                let columns = Arc::new(columns::varying(rows));
                self.settings = Some((now, columns.clone()));
                columns
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fakes;
    use super::*;
    use crate::experiment::{Experiment, FreezePlan, Phase};
    use crate::runs::short_settings::settings_of;

    /// Tested runs that differ in what is frozen and in their seed.
    pub fn state() -> State {
        let mut state = fakes::state();
        for (index, run) in state.runs.iter_mut().enumerate() {
            let mut experiment = Experiment {
                seed: index as u64,
                ..Experiment::default()
            };
            experiment.phases.push(Phase {
                freeze: FreezePlan::AllButLast(10 * (index % 2)),
                ..Phase::default()
            });
            run.listed.settings = Arc::new(settings_of(&experiment));
            run.listed.annotations.number = Some(index as u32 + 1);
            run.listed.annotations.tags = vec!["=SUM(A1)".into()];
        }
        state
    }

    fn titles(view: &TableView<'_>) -> Vec<String> {
        view.columns
            .iter()
            .map(|column| column.title.clone())
            .collect()
    }

    #[test]
    fn there_is_a_column_for_every_setting_that_varies_and_for_no_other() {
        let state = state();
        let mut local = TableLocal::default();
        let view = TableView::build(&state, &Filter::default(), fakes::NOW, &mut local);
        let all = titles(&view);
        assert!(all.contains(&"Phase 2, frozen".to_owned()), "{all:?}");
        assert!(all.contains(&"Seed".to_owned()), "{all:?}");
        assert!(
            !all.iter().any(|title| title.starts_with("Batch size")),
            "{all:?}"
        );
        // Of one run alone, nothing varies.
        let filter = Filter {
            search: "#2".into(),
            ..Filter::default()
        };
        let view = TableView::build(&state, &filter, fakes::NOW, &mut local);
        assert_eq!(view.rows.len(), 1);
        assert!(!titles(&view).contains(&"Seed".to_owned()));
    }

    #[test]
    fn rows_are_sorted_by_any_head_and_what_is_unknown_stands_last() {
        let state = state();
        let mut local = TableLocal::default();
        let mut sorted = |by: &str, descending| {
            local.sorted = Sorted {
                by: by.to_owned(),
                descending,
            };
            let view = TableView::build(&state, &Filter::default(), fakes::NOW, &mut local);
            view.rows
                .iter()
                .map(|run| run.id.as_str())
                .collect::<Vec<_>>()
                .join("")
        };
        assert!(sorted("Accuracy", true).starts_with("bdac"));
        assert!(sorted("Accuracy", false).starts_with("cadb"));
        assert_eq!(sorted("Seed", true), "gfedcba");
        assert_eq!(sorted("Run", false), "abcdefg");
        let mut titles: Vec<String> = Vec::new();
        {
            let view = TableView::build(&state, &Filter::default(), fakes::NOW, &mut local);
            titles.extend(view.columns.iter().map(|column| column.title.clone()));
        }
        let mut sorted = |by: &str, descending| {
            local.sorted = Sorted {
                by: by.to_owned(),
                descending,
            };
            let view = TableView::build(&state, &Filter::default(), fakes::NOW, &mut local);
            view.rows.len()
        };
        for title in titles {
            assert_eq!(sorted(&title, true), 7, "{title}");
        }
    }

    #[test]
    fn copied_cells_are_numbers_and_no_formulas() {
        let mut state = state();
        let mut local = TableLocal::default();
        state.hidden_columns.insert("Started".into());
        let view = TableView::build(&state, &Filter::default(), fakes::NOW, &mut local);
        let rows: Vec<&RunRecord> = view
            .rows
            .iter()
            .copied()
            .filter(|run| run.id == "b")
            .collect();
        let text = view.csv(&rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with("Run,Accuracy,"), "{text}");
        assert!(!lines[0].contains("Started"), "{text}");
        assert!(lines[1].contains(",0.912,"), "{text}");
        assert!(!lines[1].contains(",=SUM"), "{text}");
    }
}
