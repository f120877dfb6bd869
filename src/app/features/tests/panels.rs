//! Panels of the left side, and the tables that belong to them.

use egui_kittest::kittest::Queryable as _;

use super::*;
use accesskit::Role;

/// The names of the buttons and choices that begin with `prefix`, from top to bottom.
fn names_by_height(harness: &Harness<'_, Driven>, role: Role, prefix: &str) -> Vec<String> {
    let mut found: Vec<(f32, String)> = harness
        .get_all_by_role(role)
        .filter_map(|node| {
            let label = node.accesskit_node().label()?;
            let name = label.strip_prefix(prefix)?.to_owned();
            Some((node.rect().top(), name))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn the_table_of_backbones_sorts_by_its_heads() {
    let mut harness = settled(
        View("Backbones"),
        egui::vec2(1000.0, 1400.0),
        true,
        Driven::new(fakes::state()),
    );
    let names = |harness: &Harness<'_, Driven>| names_by_height(harness, Role::RadioButton, "Use ");
    let recommended = names(&harness);
    assert_eq!(recommended[0], "EfficientNet-Lite0");
    let click = |harness: &mut Harness<'_, Driven>, head: &str| {
        harness.get_by_label(head).click();
        harness.run_steps(3);
    };
    click(&mut harness, "Sort by Parameters");
    let fewest_first = names(&harness);
    assert_eq!(fewest_first[0], "MobileNetV3 small");
    click(&mut harness, "Sort by Parameters");
    assert!(
        names(&harness)[0].starts_with("DINOv2 ViT-B/14"),
        "{:?}",
        names(&harness)
    );
    click(&mut harness, "Sort by Parameters");
    assert_eq!(names(&harness), recommended);
    // What has no accuracy stands last, whichever way the others stand.
    let learned_without_classes =
        |title: &String| title.starts_with("DINO") || title.starts_with("SigLIP");
    for best_first in [true, false] {
        click(&mut harness, "Sort by ImageNet");
        let by_accuracy = names(&harness);
        let accurate = by_accuracy
            .iter()
            .take_while(|title| !learned_without_classes(title));
        let accurate: Vec<&String> = accurate.collect();
        assert!(
            by_accuracy[accurate.len()..]
                .iter()
                .all(learned_without_classes),
            "{by_accuracy:?}"
        );
        let first = if best_first {
            "EVA-02-S/14"
        } else {
            "MobileNetV3 small"
        };
        assert_eq!(accurate[0], first);
    }
    click(&mut harness, "Sort by ImageNet");
    click(&mut harness, "Sort by Backbone");
    let mut sorted = names(&harness);
    sorted.sort();
    assert_eq!(names(&harness), sorted);
}

#[test]
fn parameters_are_the_same_in_every_panel() {
    let mut state = fakes::state();
    state.documents[0].experiment.backbone.name = "efficientnet_lite0".into();
    let harness = settled(
        View("Backbones"),
        egui::vec2(1000.0, 1400.0),
        true,
        Driven::new(state),
    );
    let tree = crate::models::outline("efficientnet_lite0", 224).expect("it has an outline");
    let without_classifier = crate::format::magnitude(tree.root.parameters);
    assert!(
        harness
            .query_all_by_label(&without_classifier)
            .next()
            .is_some()
    );
}

#[test]
fn sliders_are_long_enough_to_hit_a_value() {
    for panel in ["Data", "Head", "Augmentation", "Phases", "Training"] {
        let size = egui::vec2(276.0, 2400.0);
        let mut state = fakes::state();
        let training = &mut state.documents[0].experiment.training;
        training.early_stopping = Some(crate::experiment::EarlyStopping::default());
        training.weight_averaging = Some(0.99);
        let harness = settled(Section(panel), size, true, Driven::new(state));
        let mut sliders = 0;
        for slider in harness.get_all_by_role(Role::Slider) {
            let name = slider.accesskit_node().label().unwrap_or_default();
            assert!(
                slider.rect().width() >= 130.0,
                "{panel}, {name}: {:?}",
                slider.rect()
            );
            assert!(
                slider.rect().right() <= size.x,
                "{panel}, {name}: {:?}",
                slider.rect()
            );
            sliders += 1;
        }
        assert!(sliders > 0, "{panel}");
    }
}

/// The names of what can be operated, in the order that the Tab key goes through it.
fn tab_order(harness: &mut Harness<'_, Driven>, steps: usize) -> Vec<String> {
    let mut order = Vec::new();
    for _ in 0..steps {
        harness.key_press(egui::Key::Tab);
        harness.run_steps(2);
        let focused = harness
            .root()
            .children_recursive()
            .find(|node| node.accesskit_node().is_focused())
            .and_then(|node| node.accesskit_node().label());
        order.extend(focused);
    }
    order
}

#[test]
fn the_tab_key_goes_through_a_phase_as_it_is_read() {
    let mut harness = settled(
        Section("Phases"),
        egui::vec2(320.0, 1400.0),
        true,
        Driven::new(fakes::state()),
    );
    let order = tab_order(&mut harness, 6);
    assert_eq!(
        order,
        [
            "Collapse phase 1",
            "Name of phase 1",
            "Move phase 1 down",
            "Remove phase 1",
            "Epochs",
            "Frozen",
        ]
    );
}

#[test]
fn hundreds_of_classes_are_listed_without_a_scroll_area_of_their_own() {
    let mut state = fakes::state();
    let Scan::Done { dataset, .. } = &mut state.scan else {
        panic!("the fake is scanned");
    };
    let mut many = (**dataset).clone();
    many.classes = (0..300).map(|index| format!("class {index}")).collect();
    *dataset = std::sync::Arc::new(many);
    let mut harness = settled(
        Section("Data"),
        egui::vec2(320.0, 1400.0),
        true,
        Driven::new(state),
    );
    harness.get_by_label("Classes: 300 of 300").click();
    harness.run_steps(6);
    let first = harness.get_by_label("class 0").rect();
    let boxes = harness
        .get_all_by_role(Role::CheckBox)
        .filter(|node| {
            node.accesskit_node()
                .label()
                .is_some_and(|label| label.starts_with("class "))
        })
        .count();
    // As many as there is room for, and no more are drawn.
    assert!((10..60).contains(&boxes), "{boxes} of 300");
    harness.get_by_label("class 3").click();
    harness.run_steps(3);
    let kept = harness.state().edited().data.classes;
    assert_eq!(kept.len(), 299);
    assert!(!kept.contains(&"class 3".to_owned()));
    assert!(first.height() < 40.0);
}

#[test]
fn other_backbones_unfold_below_the_first() {
    let mut harness = settled(
        Section("Backbone"),
        egui::vec2(320.0, 2400.0),
        true,
        Driven::new(fakes::state()),
    );
    let cards = |harness: &Harness<'_, Driven>| {
        harness
            .get_all_by_role(Role::RadioButton)
            .filter(|node| node.rect().height() > 40.0)
            .count()
    };
    let all = crate::models::catalogue::architectures().len();
    let first = cards(&harness);
    assert!((5..=6).contains(&first), "{first}");
    let others = format!("{} backbones more", all - first);
    harness.get_by_label(&others).click();
    harness.run_steps(6);
    assert_eq!(cards(&harness), all);
}

#[test]
fn a_head_that_is_solved_has_no_learning_rate() {
    let mut state = fakes::state();
    let experiment = &mut state.documents[0].experiment;
    experiment.phases[0].optimizer = crate::experiment::Optimizer::LogisticRegression { c: None };
    experiment.phases[0].epochs = 1;
    assert!(!experiment.head.layers.is_empty());
    let size = egui::vec2(320.0, 2000.0);
    let mut harness = settled(Section("Phases"), size, true, Driven::new(state));
    let are_disabled = |harness: &Harness<'_, Driven>, name: &str| -> Vec<bool> {
        let nodes = harness.get_all_by_role(Role::Slider);
        let nodes = nodes.filter(|node| node.accesskit_node().label().as_deref() == Some(name));
        nodes
            .map(|node| node.accesskit_node().is_disabled())
            .collect()
    };
    assert_eq!(are_disabled(&harness, "Learning rate"), [true, false]);
    assert_eq!(are_disabled(&harness, "Warm-up epochs"), [true, false]);
    harness.get_by_label_contains("it ends at the solution");

    harness
        .get_by_role_and_label(Role::CheckBox, "Choose C")
        .click();
    harness.run_steps(3);
    let edited = harness.state().edited();
    assert_eq!(
        edited.phases[0].optimizer,
        crate::experiment::Optimizer::LogisticRegression { c: Some(1.0) }
    );

    harness.get_by_label("Fit the experiment to it").click();
    harness.run_steps(3);
    let edited = harness.state().edited();
    assert!(edited.head.layers.is_empty() && edited.solver_needs(0).is_empty());
    assert_eq!(edited.phases[1].epochs, 10);
}
