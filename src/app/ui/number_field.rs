//! A number in a box: dragged, stepped by the arrow keys, or typed. What was typed counts when the field is left; what is no
//! number stays in the field, outlined in red and with the reason, until it is mended or taken back with Escape.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use eframe::egui::{self, Stroke};

use super::numbers::{self, Accepted, Percent};
use super::tokens::{self, tokens};

/// A field that is being set up.
#[must_use = "a field is there once show or ui.add has drawn it"]
pub struct NumberField<'a> {
    get_set: Box<dyn FnMut(Option<f64>) -> f64 + 'a>,
    accepted: Accepted<'a>,
    name: String,
    /// The slider that the number belongs to, whose name it shares.
    slider: Option<egui::Id>,
    tooltip: String,
    prefix: &'a str,
    decimals: usize,
    speed: f64,
    text: Option<fn(f64) -> String>,
}

/// What became of a field in this frame.
pub struct NumberResponse {
    pub response: egui::Response,
    /// Why what stands in the field is not taken.
    pub refused: Option<String>,
}

/// A text that was not taken.
#[derive(Debug, Clone)]
struct Refused {
    text: String,
    /// The number that it would have replaced: another one comes from elsewhere, and what was typed is about the past.
    value: f64,
}

impl<'a> NumberField<'a> {
    /// `name`: what assistive technology reads and tests look for.
    pub fn new<N: egui::emath::Numeric>(
        name: impl Into<String>,
        value: &'a mut N,
        range: RangeInclusive<N>,
    ) -> Self {
        let (least, most) = (range.start().to_f64(), range.end().to_f64());
        Self {
            get_set: Box::new(move |new| {
                if let Some(new) = new {
                    *value = N::from_f64(new);
                }
                value.to_f64()
            }),
            accepted: Accepted {
                range: least..=most,
                is_whole: N::INTEGRAL,
                percent: Percent::Refused,
                unit: "",
                word: None,
            },
            name: name.into(),
            slider: None,
            tooltip: String::new(),
            prefix: "",
            decimals: if N::INTEGRAL { 0 } else { 4 },
            speed: if N::INTEGRAL { 0.2 } else { 0.01 },
            text: None,
        }
    }

    /// The number stands beside this slider, and is named by it.
    pub fn beside(mut self, slider: &egui::Response) -> Self {
        self.slider = Some(slider.id);
        self
    }

    pub fn tooltip(mut self, tooltip: impl Into<String>) -> Self {
        self.tooltip = tooltip.into();
        self
    }

    /// What stands behind the number. ` %` makes it a number in per cent.
    pub fn unit(mut self, unit: &'a str) -> Self {
        self.accepted.unit = unit;
        if unit.trim() == "%" {
            self.accepted.percent = Percent::Shown;
        }
        self
    }

    /// What stands in front of the number.
    pub fn prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// The number is a share of 1, and may be typed in per cent too.
    pub fn share(mut self) -> Self {
        self.accepted.percent = Percent::OfOne;
        self
    }

    /// Digits behind the point, as far as they say the number.
    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = decimals;
        self
    }

    /// `value` is written as this word, which can be typed as well as the number.
    pub fn word(mut self, value: f64, word: &'a str) -> Self {
        self.accepted.word = Some((value, word));
        self
    }

    /// The change for each point that it is dragged by, and for an arrow key.
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// How the number is written.
    pub fn text(mut self, text: fn(f64) -> String) -> Self {
        self.text = Some(text);
        self
    }

    /// Draws the field. The caller says why it refuses what stands in it.
    pub fn show(mut self, ui: &mut egui::Ui) -> NumberResponse {
        let key = ui.make_persistent_id((&self.name, "refused number"));
        let value = (self.get_set)(None);
        let kept = ui
            .data(|data| data.get_temp::<Refused>(key))
            .filter(|refused| refused.value == value);
        let (response, text) = match kept {
            Some(refused) => self.mend_ui(ui, refused.text, key),
            None => self.drag_ui(ui, value, key),
        };
        let Some(text) = text else {
            ui.data_mut(|data| data.remove::<Refused>(key));
            let response = self.named(response);
            let response = if self.tooltip.is_empty() {
                response
            } else {
                response.on_hover_text(&self.tooltip)
            };
            return NumberResponse {
                response,
                refused: None,
            };
        };
        let reason = self.accepted.read(&text).err().map(|why| why.to_string());
        ui.data_mut(|data| data.insert_temp(key, Refused { text, value }));
        let response = self.named(response);
        if let Some(reason) = &reason {
            note_refused(ui.ctx(), key, &self.name);
            ui.ctx().accesskit_node_builder(response.id, |node| {
                node.set_invalid(egui::accesskit::Invalid::True);
                node.set_description(reason.as_str());
            });
        }
        NumberResponse {
            response,
            refused: reason,
        }
    }

    fn named(&self, response: egui::Response) -> egui::Response {
        match self.slider {
            Some(slider) => response.labelled_by(slider),
            None => response.accessible_name(&self.name),
        }
    }

    fn shown(&self, value: f64) -> String {
        shown(value, self.accepted.word, self.text, self.decimals)
    }

    /// The number, which can be dragged and typed into; and what was typed and is none.
    fn drag_ui(
        &mut self,
        ui: &mut egui::Ui,
        value: f64,
        key: egui::Id,
    ) -> (egui::Response, Option<String>) {
        let is_taken_back = is_taken_back(ui, key);
        let before = self.shown(value);
        let refused = RefCell::new(None);
        let Self {
            get_set,
            accepted,
            prefix,
            decimals,
            speed,
            text,
            ..
        } = self;
        let (word, text, decimals) = (accepted.word, *text, *decimals);
        let drag = egui::DragValue::from_get_set(get_set)
            .range(accepted.range.clone())
            .clamp_existing_to_range(false)
            .update_while_editing(false)
            .speed(*speed)
            .max_decimals(if accepted.is_whole { 0 } else { decimals })
            .prefix(*prefix)
            .suffix(accepted.unit)
            .custom_formatter(|value, _| shown(value, word, text, decimals))
            .custom_parser(|text| {
                // Who only looked into the field keeps the number to its last digit.
                if text == before || is_taken_back {
                    return None;
                }
                let bare = text.trim_start();
                let bare = bare.strip_prefix(prefix.trim()).unwrap_or(bare);
                match accepted.read(bare) {
                    Ok(value) => Some(value),
                    Err(_) => {
                        refused.replace(Some(text.to_owned()));
                        None
                    }
                }
            });
        let response = ui.add(drag);
        (response, refused.into_inner())
    }

    /// What was typed and not taken, to be mended; what still stands there after this frame.
    fn mend_ui(
        &mut self,
        ui: &mut egui::Ui,
        mut text: String,
        key: egui::Id,
    ) -> (egui::Response, Option<String>) {
        let is_taken_back = is_taken_back(ui, key);
        // The field keeps its identifier, and with it the focus.
        let id = ui.next_auto_id();
        let colors = tokens(ui);
        let edge = Stroke::new(tokens::STROKE_PLOT, colors.danger);
        let style = ui.style().clone();
        if self.accepted.read(&text).is_err() {
            let visuals = ui.visuals_mut();
            for state in [
                &mut visuals.widgets.inactive,
                &mut visuals.widgets.hovered,
                &mut visuals.widgets.active,
            ] {
                state.bg_stroke = edge;
            }
            visuals.selection.stroke = edge;
        }
        let mut response = ui.add(
            egui::TextEdit::singleline(&mut text)
                .id(id)
                .min_size(ui.spacing().interact_size)
                .desired_width(ui.spacing().interact_size.x - 2.0 * ui.spacing().button_padding.x)
                .font(style.drag_value_text_style.clone()),
        );
        ui.set_style(style);
        response.flags.remove(egui::response::Flags::CHANGED);
        if is_taken_back && !response.has_focus() {
            return (response, None);
        }
        match self.accepted.read(&text) {
            Ok(value) if !response.has_focus() => {
                (self.get_set)(Some(value));
                response.mark_changed();
                (response, None)
            }
            _ => (response, Some(text)),
        }
    }
}

/// The number as it stands in its field: as the word that it has, else as the field writes numbers.
fn shown(
    value: f64,
    word: Option<(f64, &str)>,
    text: Option<fn(f64) -> String>,
    decimals: usize,
) -> String {
    match (word, text) {
        (Some((of, word)), _) if of == value => word.to_owned(),
        (_, Some(text)) => text(value),
        (_, None) => numbers::shown(value, decimals),
    }
}

/// Whether Escape was pressed in the field that is drawn next. A field tells a frame later that it lost the focus, when the
/// key may be up again: the press counts for that frame too.
fn is_taken_back(ui: &egui::Ui, key: egui::Id) -> bool {
    let id = ui.next_auto_id();
    let frame = ui.ctx().cumulative_frame_nr();
    let (focused, escaped) = (key.with("focused"), key.with("escaped"));
    let is_recent = |name| {
        let noted = ui.data(|data| data.get_temp::<u64>(name));
        noted.is_some_and(|noted| noted + 1 >= frame)
    };
    let has_focus = ui.memory(|memory| memory.has_focus(id));
    let is_pressed = ui.input(|input| input.key_pressed(egui::Key::Escape));
    if is_pressed && (has_focus || is_recent(focused)) {
        ui.data_mut(|data| data.insert_temp(escaped, frame));
    }
    if has_focus {
        ui.data_mut(|data| data.insert_temp(focused, frame));
    }
    is_recent(escaped)
}

/// A field among others, where there is no room below it: the reason is in a tooltip, which is open while one types.
impl egui::Widget for NumberField<'_> {
    fn ui(self, ui: &mut egui::Ui) -> egui::Response {
        let NumberResponse { response, refused } = self.show(ui);
        let Some(reason) = refused else {
            return response;
        };
        if response.has_focus() {
            let anchor = response.rect;
            let layer = ui.layer_id();
            egui::Tooltip::always_open(ui.ctx().clone(), layer, response.id, anchor)
                .show(|ui| ui.label(&reason));
            return response;
        }
        response.on_hover_text(reason)
    }
}

/// The fields that refuse what stands in them, and when they were drawn last.
type RefusedFields = Vec<(egui::Id, String, u64)>;

fn refused_fields() -> egui::Id {
    egui::Id::unique("refused numbers")
}

fn note_refused(ctx: &egui::Context, key: egui::Id, name: &str) {
    let frame = ctx.cumulative_frame_nr();
    ctx.data_mut(|data| {
        let fields = data.get_temp_mut_or_default::<RefusedFields>(refused_fields());
        fields.retain(|(field, _, drawn)| *drawn + 1 >= frame && *field != key);
        fields.push((key, name.to_owned(), frame));
    });
}

/// A field on the screen that holds what is no number: what is done now would be done without it.
pub fn refused(ctx: &egui::Context) -> Option<String> {
    let frame = ctx.cumulative_frame_nr();
    ctx.data(|data| {
        let fields = data.get_temp::<RefusedFields>(refused_fields())?;
        let is_drawn = |(_, _, drawn): &&(egui::Id, String, u64)| *drawn + 2 >= frame;
        fields
            .iter()
            .find(is_drawn)
            .map(|(_, name, _)| name.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    struct Fields {
        rate: f64,
        epochs: u32,
        at_once: u32,
        refused: Option<String>,
    }

    fn harness() -> Harness<'static, Fields> {
        let fields = Fields {
            rate: 0.001_234_567,
            epochs: 10,
            at_once: 0,
            refused: None,
        };
        let builder = Harness::builder().with_context_setup(crate::app::ui::theme::install);
        builder.build_ui_state(
            |ui, fields: &mut Fields| {
                let field = NumberField::new("Learning rate", &mut fields.rate, 0.0..=1.0)
                    .text(crate::format::rate);
                fields.refused = field.show(ui).refused;
                ui.add(NumberField::new("Epochs", &mut fields.epochs, 1..=1000).unit(" epochs"));
                ui.add(NumberField::new("At once", &mut fields.at_once, 0..=9).word(0.0, "all"));
            },
            fields,
        )
    }

    /// Types over what stands in a field.
    fn type_into(harness: &mut Harness<'static, Fields>, name: &str, text: &str) {
        harness.get_by_label(name).click();
        harness.run();
        harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        harness.event(egui::Event::Text(text.to_owned()));
        harness.run();
    }

    fn press(harness: &mut Harness<'static, Fields>, key: egui::Key) {
        harness.key_press(key);
        harness.run();
    }

    #[test]
    fn what_is_typed_counts_when_the_field_is_left() {
        let mut harness = harness();
        type_into(&mut harness, "Learning rate", "0,002");
        assert_eq!(
            harness.state().rate,
            0.001_234_567,
            "half a number starts nothing"
        );
        press(&mut harness, egui::Key::Enter);
        assert_eq!(harness.state().rate, 0.002);
        type_into(&mut harness, "Epochs", "1\u{a0}000 epochs");
        press(&mut harness, egui::Key::Tab);
        assert_eq!(harness.state().epochs, 1000);
        type_into(&mut harness, "Epochs", "7");
        press(&mut harness, egui::Key::Escape);
        assert_eq!(harness.state().epochs, 1000);
    }

    #[test]
    fn a_number_that_has_a_word_is_written_and_read_as_it() {
        let mut harness = harness();
        let value = |harness: &Harness<'static, Fields>| {
            let field = harness.get_by_label("At once");
            field.accesskit_node().value().unwrap_or_default()
        };
        harness.run();
        assert_eq!(value(&harness), "all");
        for (typed, number, shown) in [
            ("4", 4, "4"),
            ("ALL", 0, "all"),
            ("2", 2, "2"),
            ("0", 0, "all"),
        ] {
            type_into(&mut harness, "At once", typed);
            press(&mut harness, egui::Key::Enter);
            harness.run();
            assert_eq!(
                (harness.state().at_once, value(&harness).as_str()),
                (number, shown)
            );
        }
    }

    #[test]
    fn a_field_that_was_only_looked_into_keeps_every_digit() {
        let mut harness = harness();
        harness.get_by_label("Learning rate").click();
        harness.run();
        press(&mut harness, egui::Key::Enter);
        assert_eq!(harness.state().rate, 0.001_234_567);
    }

    #[test]
    fn what_is_no_number_stays_until_it_is_mended() {
        let mut harness = harness();
        type_into(&mut harness, "Learning rate", "fast");
        press(&mut harness, egui::Key::Enter);
        let reason = "“fast” is not a number. Write it as 1000, 0.002 or 1e-3.";
        assert_eq!(harness.state().refused.as_deref(), Some(reason));
        assert_eq!(refused(&harness.ctx).as_deref(), Some("Learning rate"));
        let value = |harness: &Harness<'static, Fields>| {
            harness
                .get_by_label("Learning rate")
                .accesskit_node()
                .value()
        };
        assert_eq!(value(&harness).as_deref(), Some("fast"));
        assert_eq!(harness.state().rate, 0.001_234_567);
        // Another field is worked in meanwhile.
        type_into(&mut harness, "Epochs", "20");
        press(&mut harness, egui::Key::Enter);
        assert_eq!(value(&harness).as_deref(), Some("fast"));
        type_into(&mut harness, "Learning rate", "2");
        press(&mut harness, egui::Key::Enter);
        let reason = "Write a number from 0 to 1.";
        assert_eq!(harness.state().refused.as_deref(), Some(reason));
        type_into(&mut harness, "Learning rate", ".5");
        press(&mut harness, egui::Key::Enter);
        assert_eq!(
            (harness.state().rate, &harness.state().refused),
            (0.5, &None)
        );
        harness.run_steps(3);
        assert_eq!(refused(&harness.ctx), None);
    }

    #[test]
    fn escape_takes_back_what_was_refused() {
        let mut harness = harness();
        type_into(&mut harness, "Epochs", "2,5");
        press(&mut harness, egui::Key::Enter);
        assert!(refused(&harness.ctx).is_some());
        harness.get_by_label("Epochs").click();
        harness.run();
        press(&mut harness, egui::Key::Escape);
        harness.run_steps(3);
        assert_eq!(refused(&harness.ctx), None);
        assert_eq!(harness.state().epochs, 10);
    }

    #[test]
    fn a_number_that_comes_from_elsewhere_takes_the_place_of_what_was_refused() {
        let mut harness = harness();
        type_into(&mut harness, "Epochs", "many");
        press(&mut harness, egui::Key::Enter);
        harness.state_mut().epochs = 30;
        harness.run_steps(3);
        assert_eq!(refused(&harness.ctx), None);
        assert_eq!(harness.state().epochs, 30);
    }
}
