//! Whether everything can be told from what it stands on, in both themes, by WCAG 2: 4.5 to 1 for text, 3 to 1 for the edges
//! of controls and for what is plotted.

use eframe::egui::{Color32, Visuals};

use super::theme;
use super::tokens::{self, Tokens};
use crate::figures::palette;

const TEXT: f64 = 4.5;
const SHAPE: f64 = 3.0;

type Named = (&'static str, Color32);

fn themes() -> [(&'static Tokens, Visuals); 2] {
    [&tokens::DARK, &tokens::LIGHT].map(|tokens| (tokens, theme::style(tokens).visuals))
}

fn contrast(one: Color32, other: Color32) -> f64 {
    let rgb = |color: Color32| (color.r(), color.g(), color.b());
    palette::contrast(rgb(one), rgb(other))
}

/// Fails with all that is too weak, not with the first.
fn check(tokens: &Tokens, least: f64, fronts: &[Named], grounds: &[Named]) {
    let theme = if tokens.dark { "dark" } else { "light" };
    let weak: Vec<String> = fronts
        .iter()
        .flat_map(|front| grounds.iter().map(move |ground| (front, ground)))
        .filter_map(|((name, color), (ground_name, ground))| {
            let ratio = contrast(*color, *ground);
            (ratio < least).then(|| format!("{theme}: {name} on {ground_name} is {ratio:.2}:1"))
        })
        .collect();
    assert!(weak.is_empty(), "less than {least}:1: {weak:#?}");
}

/// What views, menus, fields, hovered and selected rows are filled with.
fn grounds(t: &Tokens) -> [Named; 6] {
    [
        ("background", t.background),
        ("surface", t.surface),
        ("raised", t.raised),
        ("sunken", t.sunken),
        ("faint", t.faint),
        ("selected", t.accent_faint),
    ]
}

fn texts(t: &Tokens) -> [Named; 9] {
    [
        ("text", t.text),
        ("muted text", t.text_muted),
        ("faint text", t.text_faint),
        ("accent", t.accent),
        ("success", t.success),
        ("warning", t.warning),
        ("danger", t.danger),
        ("frozen", t.frozen),
        ("trainable", t.trainable),
    ]
}

#[test]
fn text_can_be_read_wherever_it_stands() {
    for (t, visuals) in themes() {
        check(t, TEXT, &texts(t), &grounds(t));
        // A button that is hovered or held.
        let held = [("hovered", t.raised_hover), ("pressed", t.raised_active)];
        check(t, TEXT, &texts(t)[..2], &held);
        for (name, color, ground) in [
            ("success", t.success, t.success_faint),
            ("warning", t.warning, t.warning_faint),
            ("danger", t.danger, t.danger_faint),
            ("frozen", t.frozen, t.frozen_faint),
            ("trainable", t.trainable, t.trainable_faint),
        ] {
            let fronts = [
                (name, color),
                ("text", t.text),
                ("muted text", t.text_muted),
            ];
            check(t, TEXT, &fronts, &[("its tint", ground)]);
        }
        let primary = [
            ("primary", t.accent_fill),
            ("primary, hovered", t.accent_fill_hover),
        ];
        check(t, TEXT, &[("its text", t.on_accent)], &primary);
        for (name, state) in states(&visuals) {
            let text = [(name, state.fg_stroke.color)];
            check(
                t,
                TEXT,
                &text,
                &[("button", state.weak_bg_fill), ("box", state.bg_fill)],
            );
        }
        let selected = [("selected text", visuals.selection.stroke.color)];
        check(
            t,
            TEXT,
            &selected,
            &[("selection", visuals.selection.bg_fill)],
        );
    }
}

fn states(visuals: &Visuals) -> [(&'static str, eframe::egui::style::WidgetVisuals); 4] {
    [
        ("control", visuals.widgets.inactive),
        ("hovered control", visuals.widgets.hovered),
        ("pressed control", visuals.widgets.active),
        ("open control", visuals.widgets.open),
    ]
}

#[test]
fn every_control_shows_where_it_is() {
    for (t, visuals) in themes() {
        for (name, state) in states(&visuals) {
            let edge = [(name, state.bg_stroke.color)];
            check(t, SHAPE, &edge, &grounds(t));
            // The edge is seen from inside too: an empty box is told from a filled one.
            check(t, SHAPE, &edge, &[("its fill", state.bg_fill)]);
        }
        // Text fields, rails of sliders and their filled part, and the field that has the focus.
        let others = [
            ("rail", t.control),
            ("filled rail", t.accent),
            ("focus", visuals.selection.stroke.color),
            ("refused number", t.danger),
        ];
        check(t, SHAPE, &others, &grounds(t));
        let primary = [
            ("primary", t.accent_fill),
            ("primary, hovered", t.accent_fill_hover),
        ];
        check(t, SHAPE, &primary, &grounds(t)[..2]);
    }
}

#[test]
fn what_is_disabled_can_still_be_read() {
    for (t, visuals) in themes() {
        let alpha = visuals.disabled_alpha;
        for ground in grounds(t) {
            let faded = |color: Color32| ground.1.lerp_to_gamma(color, alpha);
            check(t, TEXT, &[("disabled text", faded(t.text))], &[ground]);
            check(
                t,
                2.5,
                &[("disabled muted text", faded(t.text_muted))],
                &[ground],
            );
        }
    }
}

#[test]
fn what_is_plotted_stands_out_of_its_ground() {
    for (t, _) in themes() {
        let plots = [
            ("surface", t.surface),
            ("sunken", t.sunken),
            ("background", t.background),
        ];
        let splits = [
            ("training pictures", t.split_train),
            ("validation pictures", t.split_validation),
            ("test pictures", t.split_test),
        ];
        check(t, SHAPE, &splits, &plots);
        check(
            t,
            SHAPE,
            &tokens::RUN_COLORS.map(|color| ("run", color)),
            &plots,
        );
    }
}

#[test]
fn a_run_has_one_colour_in_the_window_and_in_figures() {
    for (index, color) in tokens::RUN_COLORS.into_iter().enumerate() {
        let figure = palette::run_color(index);
        assert_eq!((color.r(), color.g(), color.b()), figure);
        for theme in [palette::Theme::LIGHT, palette::Theme::DARK] {
            assert!(
                palette::contrast(figure, theme.background) >= SHAPE,
                "{index}"
            );
        }
    }
}
