//! What a person looks for is found in the help, by the palette and in the manual, and opened where it stands.

use egui_kittest::kittest::NodeT as _;

use super::*;
use crate::app::shell::dialog::Dialog;

fn type_into(window: &mut Window, label: &str, text: &str) {
    window.harness.get_by_label(label).type_text(text);
    window.steps();
}

fn is_manual(window: &Window) -> bool {
    matches!(window.harness.state().dialog, Some(Dialog::Manual(_)))
}

/// Whether a text is drawn within the window.
fn is_in_sight(window: &Window, text: &str) -> bool {
    let size = window.harness.ctx.content_rect();
    let mut found = window.harness.query_all_by_label_contains(text);
    found.any(|node| size.contains_rect(node.rect()))
}

#[test]
fn the_help_finds_places_of_the_manual_and_opens_them_there() {
    for typed in ["unsure", "none of these", "folder"] {
        let mut window = Window::with_presets(&[]);
        window.harness.key_press(Key::F1);
        window.steps();
        type_into(&mut window, "Search the help", typed);
        assert!(window.shows("In the manual"), "{typed}");
        let first = {
            let mut hits = window
                .harness
                .query_all_by_label_contains("of the manual: ");
            let label = hits.next().unwrap().accesskit_node().label();
            label.unwrap()
        };
        // It may stand below the answers.
        window.harness.get_by_label(&first).click_accesskit();
        window.steps();
        assert!(is_manual(&window), "{typed}");
    }
}

#[test]
fn a_place_below_pictures_that_are_read_yet_is_brought_into_sight() {
    let mut window = Window::with_presets(&[]);
    window.harness.key_press(Key::F1);
    window.steps();
    type_into(&mut window, "Search the help", "none of these");
    let heading = "None of these, page 9 of the manual";
    window.harness.get_by_label_contains(heading).click();
    window.wait_until(|window| is_in_sight(window, "Beyond a threshold the answer is"));
}

#[test]
fn what_nothing_has_is_said() {
    let mut window = Window::with_presets(&[]);
    window.harness.key_press(Key::F1);
    window.steps();
    type_into(&mut window, "Search the help", "xyzzy");
    assert!(window.shows("Nothing in the help or the manual has these words"));
    assert!(!window.shows("How do I …"));
}

#[test]
fn the_palette_opens_the_manual_at_the_sentence() {
    let mut window = Window::with_presets(&[]);
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps();
    // No command is called so.
    type_into(&mut window, "Find a command", "reliability diagram");
    assert!(window.shows("In the manual"));
    window.harness.key_press(Key::Enter);
    window.steps();
    assert!(is_manual(&window));
    window.wait_until(|window| is_in_sight(window, "Reliability diagram"));
}
