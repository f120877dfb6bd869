//! Fonts and widget looks of both themes, made from the tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::style::{ScrollStyle, Selection, WidgetVisuals, Widgets};
use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow,
    Stroke, TextStyle, Theme, Vec2, Visuals, vec2,
};

use super::missing_letters;
use super::reading_order::ReadingOrder;
use super::tokens::{self, Tokens, icon};

/// The opacity of what is disabled: paler, yet still to be read.
const DISABLED: f32 = 0.7;

/// Installs fonts and both themes; call once per context.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.add_glyph_rasterizer(missing_letters::rasterizer());
    ctx.add_plugin(ReadingOrder::default());
    for (theme, tokens) in [(Theme::Dark, &tokens::DARK), (Theme::Light, &tokens::LIGHT)] {
        ctx.set_style_of(theme, style(tokens));
    }
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let files: [(&str, &'static [u8]); 5] = [
        (
            "Inter",
            include_bytes!("../../../assets/fonts/Inter-Regular.otf"),
        ),
        (
            "Inter Medium",
            include_bytes!("../../../assets/fonts/Inter-Medium.otf"),
        ),
        (
            "Inter SemiBold",
            include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"),
        ),
        (
            "Phosphor",
            include_bytes!("../../../assets/fonts/Phosphor.ttf"),
        ),
        (
            "Phosphor Fill",
            include_bytes!("../../../assets/fonts/Phosphor-Fill.ttf"),
        ),
    ];
    for (name, bytes) in files {
        let mut data = FontData::from_static(bytes);
        if name.starts_with("Phosphor") {
            // Icons are drawn from the baseline up; beside text they should sit on its middle.
            data.tweak.y_offset_factor = 0.1;
        }
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let mut family = |family: FontFamily, fonts_in_order: &[&str]| {
        fonts.families.insert(
            family,
            fonts_in_order.iter().map(|&name| name.to_owned()).collect(),
        );
    };
    family(FontFamily::Proportional, &["Inter", "Phosphor"]);
    family(FontFamily::Monospace, &["Inter", "Phosphor"]);
    family(
        FontFamily::Name(tokens::MEDIUM.into()),
        &["Inter Medium", "Phosphor"],
    );
    family(
        FontFamily::Name(tokens::SEMIBOLD.into()),
        &["Inter SemiBold", "Phosphor"],
    );
    family(
        FontFamily::Name(tokens::ICONS_FILLED.into()),
        &["Phosphor Fill", "Inter"],
    );
    fonts
}

pub(super) fn style(t: &Tokens) -> egui::Style {
    let mut style = egui::Style {
        visuals: visuals(t),
        ..egui::Style::default()
    };
    style.text_styles = BTreeMap::from([
        (TextStyle::Small, FontId::proportional(tokens::TEXT_SMALL)),
        (TextStyle::Body, FontId::proportional(tokens::TEXT_BODY)),
        (TextStyle::Button, FontId::proportional(tokens::TEXT_BODY)),
        (TextStyle::Monospace, FontId::monospace(tokens::TEXT_BODY)),
        (
            TextStyle::Heading,
            tokens::semibold_font(tokens::TEXT_TITLE),
        ),
    ]);
    style.drag_value_text_style = TextStyle::Body;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(tokens::SPACE_S, 6.0);
    spacing.button_padding = vec2(10.0, 4.0);
    spacing.interact_size = vec2(36.0, tokens::CONTROL_HEIGHT);
    spacing.window_margin = Margin::same(16);
    spacing.menu_margin = Margin::same(6);
    spacing.menu_spacing = 4.0;
    spacing.indent = 14.0;
    spacing.slider_width = 120.0;
    spacing.slider_rail_height = 5.0;
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 9.0;
    spacing.icon_spacing = 6.0;
    spacing.combo_width = 110.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = ScrollStyle {
        bar_width: 8.0,
        floating_allocated_width: 8.0,
        ..ScrollStyle::floating()
    };
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.1;
    style
}

fn visuals(t: &Tokens) -> Visuals {
    let mut visuals = if t.dark {
        Visuals::dark()
    } else {
        Visuals::light()
    };
    let radius = CornerRadius::same(tokens::RADIUS_M);
    let widget = |fill: Color32, stroke: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(tokens::STROKE_THIN, stroke),
        corner_radius: radius,
        fg_stroke: Stroke::new(tokens::STROKE_THIN, text),
        expansion: 0.0,
    };
    visuals.widgets = Widgets {
        noninteractive: widget(t.surface, t.outline, t.text),
        inactive: widget(t.raised, t.control, t.text),
        hovered: widget(t.raised_hover, t.outline_strong, t.text),
        active: widget(t.raised_active, t.accent, t.text),
        open: widget(t.raised_hover, t.outline_strong, t.text),
    };
    visuals.widgets.hovered.fg_stroke.width = 1.5;
    visuals.widgets.active.fg_stroke.width = 1.5;
    visuals.selection = Selection {
        bg_fill: t.accent_faint,
        stroke: Stroke::new(tokens::STROKE_THIN, t.accent),
    };
    visuals.weak_text_color = Some(t.text_muted);
    visuals.disabled_alpha = DISABLED;
    visuals.hyperlink_color = t.accent;
    visuals.faint_bg_color = t.faint;
    visuals.extreme_bg_color = t.sunken;
    visuals.text_edit_bg_color = Some(t.sunken);
    visuals.code_bg_color = t.sunken;
    visuals.warn_fg_color = t.warning;
    visuals.error_fg_color = t.danger;
    visuals.window_fill = t.surface;
    visuals.window_stroke = t.outline_stroke();
    visuals.window_corner_radius = CornerRadius::same(tokens::RADIUS_L);
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.panel_fill = t.background;
    let shadow = Shadow {
        offset: [0, 6],
        blur: 20,
        spread: 0,
        color: t.shadow,
    };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.collapsing_header_frame = false;
    visuals.indent_has_left_vline = false;
    visuals.slider_trailing_fill = true;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
    visuals
}

/// The box of every dialog.
pub fn dialog_frame(ctx: &egui::Context) -> egui::Frame {
    egui::Frame::window(&ctx.global_style()).inner_margin(20)
}

/// A dialog over the window: a box of `width` points, less where the window is narrower, with its title and a button that
/// closes it. Gives what `content` gives, and whether the dialog was closed: by the button, by Escape or by a click beside it.
pub fn dialog<R>(
    ctx: &egui::Context,
    id: &'static str,
    title: &str,
    width: f32,
    content: impl FnOnce(&mut egui::Ui) -> R,
) -> (R, bool) {
    let dark = ctx.global_style().visuals.dark_mode;
    let modal = egui::Modal::new(egui::Id::unique(id))
        .backdrop_color(tokens::of_theme(dark).backdrop)
        .frame(dialog_frame(ctx));
    let response = modal.show(ctx, |ui| {
        ui.set_width(width.min(ctx.content_rect().width() - AROUND_DIALOG));
        let size = vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
        let layout = egui::Layout::right_to_left(egui::Align::Center);
        let is_closed = ui.allocate_ui_with_layout(size, layout, |ui| {
            let close = icon_button(ui, icon::X, "Close this dialog");
            let title = tokens::semibold(title).size(tokens::TEXT_TITLE);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(egui::Label::new(title).truncate());
            });
            close.on_hover_text("Close (Esc)").clicked()
        });
        ui.add_space(tokens::SPACE_S);
        (content(ui), is_closed.inner)
    });
    let is_left = response.should_close();
    let (inner, is_closed) = response.inner;
    (inner, is_closed || is_left)
}

/// The buttons that end a dialog, the first at its right. No higher than a button: centred in all the room, they would keep the
/// dialog as high as the one before it.
pub fn dialog_buttons<R>(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui) -> R) -> R {
    let size = vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(size, layout, add).inner
}

/// What a dialog leaves of the window's width at least: its margins and a strip at either side.
const AROUND_DIALOG: f32 = 72.0;

/// The primary button of a view: what a person most likely wants to do next.
pub fn primary_button(ui: &mut egui::Ui, text: &str, enabled: bool, least: Vec2) -> egui::Response {
    let t = tokens::tokens(ui);
    ui.scope(|ui| {
        // What can't be pressed yet does not ask to be pressed.
        if enabled {
            let widgets = &mut ui.style_mut().visuals.widgets;
            widgets.inactive.weak_bg_fill = t.accent_fill;
            widgets.inactive.bg_stroke = Stroke::NONE;
            widgets.inactive.fg_stroke.color = t.on_accent;
            for visuals in [&mut widgets.hovered, &mut widgets.active] {
                visuals.weak_bg_fill = t.accent_fill_hover;
                visuals.bg_stroke = Stroke::new(tokens::STROKE_THIN, t.accent);
                visuals.fg_stroke.color = t.on_accent;
            }
        }
        ui.spacing_mut().button_padding.x = 14.0;
        ui.add_enabled(
            enabled,
            egui::Button::new(tokens::semibold(text)).min_size(least),
        )
    })
    .inner
}

/// A small button that is only an icon, with the label that assistive technology reads.
pub fn icon_button(ui: &mut egui::Ui, icon: &str, label: &str) -> egui::Response {
    icon_button_enabled(ui, icon, label, true)
}

/// Like [`icon_button`], greyed out unless `enabled`.
pub fn icon_button_enabled(
    ui: &mut egui::Ui,
    icon: &str,
    label: &str,
    enabled: bool,
) -> egui::Response {
    let button = egui::Button::new(tokens::icon_text(icon))
        .frame_when_inactive(false)
        .min_size(Vec2::splat(tokens::CONTROL_HEIGHT));
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 4.0;
        ui.add_enabled(enabled, button)
    });
    name(&response.inner, enabled, label);
    response.inner
}

/// Gives a widget the name that assistive technology reads and tests look for.
pub fn name(response: &egui::Response, enabled: bool, label: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, label));
}
