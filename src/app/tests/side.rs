//! The left side: what is opened there is seen.

use eframe::egui::{self, accesskit::Role};
use egui_kittest::kittest::Queryable;

use super::fake::Window;
use crate::app::ui::tokens;

/// Where the node of this role and name is drawn.
fn place(window: &Window, role: Role, label: &str) -> egui::Rect {
    window.harness.get_by_role_and_label(role, label).rect()
}

#[test]
fn a_section_that_is_opened_scrolls_into_view() {
    let mut window = Window::with_pair();
    for (section, control) in [
        ("Training", (Role::SpinButton, "Batch size")),
        ("Phases", (Role::SpinButton, "Epochs")),
    ] {
        let head = window.harness.get_by_role_and_label(Role::Button, section);
        head.click_accesskit();
        window.harness.run_steps(12);
        let head = place(&window, Role::Button, section);
        let control = place(&window, control.0, control.1);
        let side = 60.0..=700.0;
        assert!(side.contains(&head.top()), "{section} stands at {head:?}");
        assert!(side.contains(&control.bottom()), "{section}: {control:?}");
    }
}

#[test]
fn the_left_side_is_as_wide_as_it_was_meant_to_be() {
    let mut window = Window::with_pair();
    window.harness.run_steps(8);
    let button = window.harness.get_by_label_contains("Duplicate");
    let right = button.rect().right();
    assert!(right <= tokens::LEFT_WIDTH, "{right}");
}

#[test]
fn the_foot_keeps_its_height_when_layers_become_known() {
    let mut window = Window::with_pair();
    let bar = |window: &Window| {
        let name = "Share of trainable parameters";
        let mut bars = window.harness.query_all_by_label_contains(name);
        bars.next().map(|bar| bar.rect())
    };
    let before = bar(&window);
    assert!(before.is_some());
    window.answer_layer_tree();
    window.steps();
    assert_eq!(bar(&window), before);
}
