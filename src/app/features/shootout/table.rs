//! The table of networks: those that are compared are ticked, and what was found of each. Rows in sight alone are laid out.

use std::collections::BTreeSet;

use eframe::egui::{self, Sense};

use super::columns::{Column, Sorted};
use super::controls::STOP_FIRST;
use super::view::{NetworkRow, RowState, ShootoutView, Standing};
use super::{ShootoutLocal, actions, standing_color};
use crate::app::core::command::Command;
use crate::app::core::shootout::{ShootoutAction, ShootoutChoice};
use crate::app::ui::sort_head::{MARGIN, first_width, sort_head};
use crate::app::ui::table::{focus_ring, next_order, row_ground};
use crate::app::ui::tokens::{self, icon, tokens};

/// No column begins wider, in points.
const WIDEST: f32 = 230.0;
/// A column gets no more than this of the room that is left.
const MOST_MORE: f32 = 60.0;
/// At the right of the rows.
const SCROLL_BAR: f32 = 16.0;
/// Of the box that is ticked, and of the mark of the best.
const TICK: f32 = 26.0;
const MARK: f32 = 18.0;
/// Of a room that is this narrow, in points, no column stays in sight while the others are scrolled.
const NARROW: f32 = 420.0;

/// The rows, while they are drawn. The heads stay in sight.
struct Rows<'a> {
    view: &'a ShootoutView,
    order: &'a [usize],
    /// The width that each column takes at first, in points.
    natural: Vec<f32>,
    local: &'a mut ShootoutLocal,
    hovered: Option<String>,
    /// The network whose tick was changed.
    ticked: Option<(String, bool)>,
    out: &'a mut Vec<Command>,
}

pub fn table_ui(
    ui: &mut egui::Ui,
    view: &ShootoutView,
    order: &[usize],
    local: &mut ShootoutLocal,
    out: &mut Vec<Command>,
) {
    if order.is_empty() {
        ui.label(
            tokens(ui)
                .muted("No network has this in its name, or none is chosen: show all networks."),
        );
        return;
    }
    let natural: Vec<f32> = (Column::ALL.iter())
        .map(|column| natural_width(ui, view, *column))
        .collect();
    // What is left of the room is shared out, within reason.
    let spare = ui.available_width() - natural.iter().sum::<f32>() - SCROLL_BAR;
    let more = (spare / natural.len() as f32).clamp(0.0, MOST_MORE);
    let natural: Vec<f32> = natural.into_iter().map(|width| width + more).collect();
    let widths: Vec<egui_table::Column> = (Column::ALL.iter().zip(&natural))
        .map(|(column, width)| {
            egui_table::Column::new(*width)
                .id(egui::Id::unique((
                    "column of the shoot-out",
                    column.title(view.metric),
                )))
                .range(44.0..=600.0)
        })
        .collect();
    let sticky = usize::from(ui.available_width() >= NARROW);
    let mut rows = Rows {
        view,
        order,
        natural,
        local,
        hovered: None,
        ticked: None,
        out,
    };
    egui_table::Table::new()
        .id_salt("shoot-out table")
        .headers([egui_table::HeaderRow::new(tokens::ROW_HEIGHT)])
        .columns(widths)
        .num_sticky_cols(sticky)
        .num_rows(order.len() as u64)
        .show(ui, &mut rows);
    let Rows {
        hovered, ticked, ..
    } = rows;
    if hovered.is_some() {
        local.next_hovered = hovered;
    }
    if let Some((network, is_ticked)) = ticked {
        let mut networks: BTreeSet<String> = view.chosen();
        match is_ticked {
            true => networks.insert(network),
            false => networks.remove(&network),
        };
        out.push(Command::Shootout(ShootoutAction::Choose(Box::new(
            ShootoutChoice {
                networks: Some(networks),
                ..view.choice.clone()
            },
        ))));
    }
}

/// What a column takes at first.
fn natural_width(ui: &egui::Ui, view: &ShootoutView, column: Column) -> f32 {
    let title = column.title(view.metric);
    let id = egui::Id::unique(("width of a column of the shoot-out", title));
    first_width(ui, id, (title, view.rows.len()), WIDEST, |width| {
        let widest = match column.widest() {
            Some(text) => width(text),
            None => (view.rows.iter())
                .map(|row| column.text(row))
                .max_by_key(|text| text.chars().count())
                .map_or(0.0, |text| width(&text)),
        };
        let more = match column {
            Column::Network => TICK,
            Column::Score => MARK,
            _ => 0.0,
        };
        widest + more
    })
}

impl egui_table::TableDelegate for Rows<'_> {
    fn header_cell_ui(&mut self, ui: &mut egui::Ui, cell: &egui_table::HeaderCellInfo) {
        let index = cell.col_range.start;
        if ui.is_sizing_pass() {
            ui.set_min_width(self.natural[index]);
            return;
        }
        let id = cell.table_id.with(("head", index));
        head_ui(
            ui,
            id,
            self.view,
            Column::ALL[index],
            &mut self.local.sorted,
        );
    }

    fn row_ui(&mut self, ui: &mut egui::Ui, row: u64) {
        let network = Some(&self.view.rows[self.order[row as usize]].network);
        let is_selected = self.local.selected.as_ref() == network;
        let is_hovered = self.local.hovered.as_ref() == network;
        row_ground(ui, row, is_selected, is_hovered);
    }

    fn cell_ui(&mut self, ui: &mut egui::Ui, cell: &egui_table::CellInfo) {
        if ui.is_sizing_pass() {
            ui.set_min_width(self.natural[cell.col_nr]);
            return;
        }
        let view = self.view;
        let row = &view.rows[self.order[cell.row_nr as usize]];
        let column = Column::ALL[cell.col_nr];
        // The keyboard stops at each row once, and at its tick.
        let is_first = cell.col_nr == 0;
        let sense = match is_first {
            true => Sense::click(),
            false => Sense::CLICK,
        };
        let id = cell.table_id.with((&row.network, cell.col_nr));
        let response = ui.interact(ui.max_rect(), id, sense);
        if response.hovered() {
            self.hovered = Some(row.network.clone());
        }
        let rect = ui.max_rect().shrink2(egui::vec2(MARGIN, 0.0));
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let builder = egui::UiBuilder::new().max_rect(rect).layout(layout);
        let mut inner = ui.new_child(builder);
        if is_first {
            if let Some(ticked) = tick_ui(&mut inner, view, row) {
                self.ticked = Some((row.network.clone(), ticked));
            }
            let spoken = format!("Row of {}", row.title);
            let is_selected = self.local.selected.as_ref() == Some(&row.network);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Row, true, is_selected, &spoken)
            });
        }
        cell_ui(&mut inner, row, column);
        response.context_menu(|ui| actions::menu_ui(ui, view, row, self.out));
        if response.has_focus() {
            focus_ring(ui);
        }
        if response.clicked() {
            self.local.selected = Some(row.network.clone());
        }
        let hint = hint(row, column);
        if !hint.is_empty() {
            response.on_hover_text(hint);
        }
    }

    fn default_row_height(&self) -> f32 {
        tokens::ROW_HEIGHT + 2.0
    }
}

/// The tick of a network that is compared; what it is from now on, where it was changed.
fn tick_ui(ui: &mut egui::Ui, view: &ShootoutView, row: &NetworkRow) -> Option<bool> {
    let mut is_ticked = row.is_chosen;
    let is_able = row.is_choosable && !view.progress.is_live;
    let why = match row.is_choosable {
        false => "Your own files of weights are compared on the command line",
        true => STOP_FIRST,
    };
    let response = ui
        .add_enabled(is_able, egui::Checkbox::without_text(&mut is_ticked))
        .accessible_name(format!("Compare {}", row.title))
        .on_hover_text("Whether this network is compared")
        .on_disabled_hover_text(why);
    response.changed().then_some(is_ticked)
}

/// What is said beside the pointer, where a cell has more to say than it shows.
fn hint(row: &NetworkRow, column: Column) -> String {
    match column {
        Column::Network => format!("{}, {}", row.title, row.weights),
        Column::State => row.reason.clone().unwrap_or_default(),
        Column::Score => match row.standing {
            Standing::Best => "The best network so far".into(),
            Standing::LikeBest => "Not distinguishable from the best network so far".into(),
            _ => String::new(),
        },
        Column::Difference => match row.difference.and_then(|difference| difference.interval) {
            Some(interval) => format!(
                "{} to {} points, 95 % interval, on the same pictures",
                super::view::points(interval.low),
                super::view::points(interval.high)
            ),
            None => String::new(),
        },
        Column::Licence => match &row.restriction {
            Some(restriction) => restriction.clone(),
            None => row.licence.clone(),
        },
        _ => String::new(),
    }
}

fn cell_ui(ui: &mut egui::Ui, row: &NetworkRow, column: Column) {
    let colors = tokens(ui);
    let text = column.text(row);
    let rich = match column {
        Column::State => {
            let color = match row.state {
                RowState::Failed => colors.danger,
                RowState::Working => colors.accent,
                RowState::Done => colors.success,
                RowState::LeftOut => colors.warning,
                _ => colors.text_muted,
            };
            let has_reason = row.reason.is_some() && row.state != RowState::Done;
            let mark = if has_reason { icon::WARNING } else { "" };
            egui::RichText::new(format!("{mark} {text}").trim().to_owned()).color(color)
        }
        Column::Score if row.standing == Standing::Best => {
            tokens::semibold(text).color(colors.text)
        }
        Column::Score => tokens::medium(text).color(colors.text),
        Column::Difference => {
            let color = match row.standing {
                Standing::Best | Standing::LikeBest => colors.text,
                Standing::Borderline => colors.warning,
                _ => colors.text_muted,
            };
            egui::RichText::new(text).color(color)
        }
        Column::Licence if row.restriction.is_some() => {
            egui::RichText::new(format!("{} {text}", icon::WARNING)).color(colors.danger)
        }
        Column::Seconds if row.is_estimate => egui::RichText::new(text).color(colors.text_muted),
        _ => egui::RichText::new(text).color(colors.text),
    };
    let label = egui::Label::new(rich).truncate().selectable(false);
    if !column.is_number() {
        ui.add(label);
        return;
    }
    let right = egui::Layout::right_to_left(egui::Align::Center);
    ui.with_layout(right, |ui| {
        ui.add(label);
        let mark = match (column, row.standing) {
            (Column::Score, Standing::Best) => icon::TROPHY,
            (Column::Score, Standing::LikeBest) => icon::EQUALS,
            _ => return,
        };
        let color = standing_color(colors, row.standing);
        ui.add(egui::Label::new(egui::RichText::new(mark).color(color)).selectable(false));
    });
}

fn head_ui(
    ui: &mut egui::Ui,
    id: egui::Id,
    view: &ShootoutView,
    column: Column,
    sorted: &mut Sorted,
) {
    let of_column = sorted.filter(|(by, _)| *by == column).map(|(_, down)| down);
    let words = (column.title(view.metric), column.tooltip());
    if sort_head(ui, id, words, of_column, column.is_number()) {
        *sorted = next_order(*sorted, column, column.begins_with_largest());
    }
}
