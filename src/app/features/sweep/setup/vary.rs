//! The fields that vary, each with its values.

use eframe::egui;

use super::Editing;
use crate::app::features::sweep::fields::{FieldChoice, Suggestion};
use crate::app::features::sweep::values::{self, Kind};
use crate::app::features::sweep::view::VariedRow;
use crate::app::ui::arrange::{self, Arrange, arrange_buttons};
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::number_field::NumberField;
use crate::app::ui::numbers;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::sweep::{Values, Varied};

/// What moving a field does.
const ORDER: &str =
    "The order in which fields stand here is that of the columns; the last one changes first";

pub(super) fn vary_ui(ui: &mut egui::Ui, editing: &mut Editing<'_>) {
    let view = editing.view;
    if view.rows.is_empty() {
        widgets::note(
            ui,
            "Nothing varies yet: one cell is trained, the base itself. Add the fields whose best values you look for.",
        );
    }
    let mut arranged = None;
    for (index, row) in view.rows.iter().enumerate() {
        if index > 0 {
            ui.add_space(tokens::SPACE_XS);
            ui.separator();
        }
        ui.push_id(("varied", index), |ui| {
            arranged = row_ui(ui, editing, index, row).or(arranged.take());
        });
    }
    if let Some((index, arrange)) = arranged {
        arrange.apply(&mut editing.draft.sweep.vary, index);
        editing.touched(true, "");
    }
    ui.add_space(tokens::SPACE_S);
    add_ui(ui, editing);
}

/// What stands at the end of the list: another field.
fn add_ui(ui: &mut egui::Ui, editing: &mut Editing<'_>) {
    let view = editing.view;
    let shown = Item::new(format!("{} Add a field", icon::PLUS));
    let labels = (
        "Add a field",
        "Another field of the base that takes several values; search it by its name",
    );
    let items = || view.choices().iter().map(item).collect();
    let chosen = ui.add_enabled_ui(view.fields.is_some(), |ui| {
        drop_down(ui, labels, 240.0, None, &shown, items)
    });
    chosen
        .response
        .on_disabled_hover_text("The fields are known as soon as the base has been read");
    let chosen = chosen
        .inner
        .and_then(|index| view.choices().into_iter().nth(index));
    if let Some(choice) = chosen {
        editing.draft.sweep.vary.push(Varied {
            fields: vec![choice.path.clone()],
            values: values::beginning(&choice.path, &choice.value),
        });
        editing.touched(true, "");
    }
}

/// A field in a list to choose from, which is found by what the panels call it, too.
pub(super) fn item(choice: &FieldChoice) -> Item {
    let text = match choice.panel {
        Some(panel) => format!("{} ({panel})", choice.label),
        None => choice.label.clone(),
    };
    Item::new(text)
        .detail(short(&choice.value))
        .tooltip(format!("{}: the base has {}", choice.path, choice.value))
}

/// As much of a value as stands at the end of a line.
fn short(value: &str) -> String {
    const LETTERS: usize = 18;
    if value.chars().count() <= LETTERS {
        return value.to_owned();
    }
    let start: String = value.chars().take(LETTERS - 1).collect();
    format!("{start}…")
}

fn row_ui(
    ui: &mut egui::Ui,
    editing: &mut Editing<'_>,
    index: usize,
    row: &VariedRow,
) -> Option<(usize, Arrange)> {
    let number = editing.view.rows.len();
    let mut arranged = None;
    let size = egui::vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
    let from_the_right = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(size, from_the_right, |ui| {
        // The buttons keep their places at the end of the line; the name takes what is left.
        let buttons = egui::vec2(
            arrange::WIDTH + 2.0 * ui.spacing().item_spacing.x,
            tokens::CONTROL_HEIGHT,
        );
        let across = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(buttons, across, |ui| {
            let names = (row.label.as_str(), row.label.as_str());
            let tooltips = [
                ORDER,
                ORDER,
                "This field has the base's value again in every cell",
            ];
            let pressed = arrange_buttons(ui, names, (index, number), true, tooltips);
            arranged = pressed.map(|arrange| (index, arrange));
        });
        ui.with_layout(across, |ui| {
            let name = egui::Label::new(tokens::medium(&row.label)).truncate();
            ui.add(name).on_hover_text(&row.path);
            let now = tokens(ui).small(format!("base: {}", row.now));
            ui.add(egui::Label::new(now).truncate())
                .on_hover_text(format!("{}: {} in the base", row.path, row.now));
        });
    });
    let Some(varied) = editing.draft.sweep.vary.get(index).cloned() else {
        return arranged;
    };
    if let Some(values) = values_ui(ui, row, &varied.values) {
        let merge = format!("values of {index}");
        if let Some(varied) = editing.draft.sweep.vary.get_mut(index) {
            varied.values = values;
        }
        editing.touched(true, merge);
    }
    widgets::problem(ui, row.problem.as_deref());
    arranged
}

/// The kind and its numbers, or the list, and below them the values that follow. What they became, where they were changed.
fn values_ui(ui: &mut egui::Ui, row: &VariedRow, now: &Values) -> Option<Values> {
    let mut changed = None;
    ui.horizontal_wrapped(|ui| {
        let kind = Kind::of(now);
        if let Some(kind) = kind_ui(ui, row, kind) {
            changed = Some(kind.converted(now, &row.now));
        }
        let typed = match now {
            Values::List(items) => list_ui(ui, row, items),
            Values::Together(_) => {
                widgets::note(ui, "These combinations are changed in the file.");
                None
            }
            _ => range_ui(ui, row, now),
        };
        changed = typed.or(changed.take());
    });
    let told = values::told(now);
    ui.add(egui::Label::new(tokens(ui).small(&told)).wrap());
    changed
}

fn kind_ui(ui: &mut egui::Ui, row: &VariedRow, kind: Kind) -> Option<Kind> {
    let all: &[Kind] = match (kind, row.is_number) {
        (Kind::Together, _) => return None,
        // Nothing but a list can be had of names.
        (Kind::List, false) => return None,
        _ => &[
            Kind::List,
            Kind::Linear,
            Kind::Logarithmic,
            Kind::Uniform,
            Kind::LogUniform,
        ],
    };
    let name = format!("Values of {}", row.label);
    let labels = (name.as_str(), "How the values of this field are said");
    let item = |kind: &Kind| Item::new(kind.words().0).tooltip(kind.words().1);
    let selected = all.iter().position(|other| *other == kind);
    let items = || all.iter().map(item).collect();
    let chosen = drop_down(ui, labels, 150.0, selected, &item(&kind), items)?;
    all.get(chosen).copied()
}

fn list_ui(ui: &mut egui::Ui, row: &VariedRow, items: &[String]) -> Option<Values> {
    let text = items.join(", ");
    let name = format!("List of {}", row.label);
    let suggested = !row.suggestions.is_empty();
    let taken = if suggested { 130.0 } else { 0.0 };
    let width = (ui.available_width() - taken - tokens::SPACE_S).clamp(120.0, 460.0);
    let typed = widgets::typed(ui, &name, &text, |ui, text| {
        ui.add(egui::TextEdit::singleline(text).desired_width(width))
            .accessible_name(&name)
            .on_hover_text("Values with commas between them, as a preset has them")
    });
    let mut values = typed.map(|typed| values::typed_list(&typed, &row.now));
    if suggested {
        let labels = (
            &*format!("Add a value of {}", row.label),
            "Add one of the values that this field can take",
        );
        let shown = Item::new(format!("{} Value", icon::PLUS));
        let item = |suggestion: &Suggestion| {
            Item {
                misfit: items
                    .contains(&suggestion.value)
                    .then(|| "It is in the list already".to_owned()),
                ..Item::new(match suggestion.title.as_str() {
                    "" => suggestion.value.trim_matches('"'),
                    title => title,
                })
            }
            .tooltip(suggestion.value.clone())
        };
        let all = || row.suggestions.iter().map(item).collect();
        if let Some(index) = drop_down(ui, labels, 110.0, None, &shown, all)
            && let Some(suggestion) = row.suggestions.get(index)
        {
            let mut more = items.to_vec();
            more.push(suggestion.value.clone());
            values = Some(more);
        }
    }
    values.map(Values::List)
}

/// The numbers of a range or of a distribution.
fn range_ui(ui: &mut egui::Ui, row: &VariedRow, now: &Values) -> Option<Values> {
    let mut values = now.clone();
    let mut refused = Vec::new();
    let mut changed = false;
    let mut number = |ui: &mut egui::Ui, what: &str, value: &mut f64| {
        ui.label(tokens(ui).muted(what));
        let speed = (value.abs() * 0.02).max(1e-8);
        let field = NumberField::new(format!("{}, {what}", row.label), value, f64::MIN..=f64::MAX)
            .text(numbers::rate)
            .speed(speed)
            .tooltip(format!("{what}: a value of {}", row.label));
        let response = field.show(ui);
        refused.extend(response.refused);
        changed |= response.response.changed();
    };
    match &mut values {
        Values::Linear { from, to, .. }
        | Values::Logarithmic { from, to, .. }
        | Values::Uniform { from, to }
        | Values::LogUniform { from, to } => {
            number(ui, "from", from);
            number(ui, "to", to);
        }
        Values::List(_) | Values::Together(_) => {}
    }
    if let Values::Linear { steps, .. } | Values::Logarithmic { steps, .. } = &mut values {
        ui.label(tokens(ui).muted("in"));
        let field = NumberField::new(format!("{}, steps", row.label), steps, 2..=1_000)
            .unit(" values")
            .tooltip("How many values, both ends among them");
        let response = field.show(ui);
        refused.extend(response.refused);
        changed |= response.response.changed();
    }
    for reason in &refused {
        widgets::problem(ui, Some(reason));
    }
    changed.then_some(values)
}
