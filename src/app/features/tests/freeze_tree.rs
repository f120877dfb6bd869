//! The freeze tree, control by control.

use std::sync::Arc;

use super::*;
use crate::app::core::state::Document;
use crate::app::ui::layer_plan::LayerPlansCache;
use crate::experiment::{LayerRates, NormPolicy, WeightsSource};
use crate::models::tree::LayerTree;
use crate::training::movement::Movement;

/// The width of the middle in a window of 1280 points.
const MIDDLE: f32 = 560.0;

fn tree_harness(state: State, width: f32) -> Harness<'static, Driven> {
    let mut driven = Driven::new(state);
    driven.layers().phase = 1;
    settled(View("Layers"), egui::vec2(width, 900.0), true, driven)
}

/// Carries out the edits that were asked for, as the shell does between frames.
fn carry_out(harness: &mut Harness<'_, Driven>) {
    let out = std::mem::take(&mut harness.state_mut().out);
    for command in out {
        if let Command::Edit {
            experiment, merge, ..
        } = command
        {
            harness.state_mut().state.documents[0].edit(*experiment, merge);
        }
    }
    harness.run_steps(2);
}

fn document<'a>(harness: &'a Harness<'_, Driven>) -> &'a Document {
    &harness.state().state.documents[0]
}

fn has(harness: &Harness<'_, Driven>, label: &str) -> bool {
    harness.query_by_label(label).is_some()
}

#[test]
fn the_slider_frees_the_last_layers_and_a_drag_is_one_step() {
    let mut harness = tree_harness(fakes::state(), MIDDLE);
    let slider =
        |harness: &Harness<'_, Driven>| harness.get_by_label("Trainable layers").rect().center();
    assert!(slider(&harness).x < MIDDLE);
    for number in [3.0, 7.0, 10.0] {
        harness
            .get_by_role_and_label(accesskit::Role::Slider, "Trainable layers")
            .set_value_accesskit(number);
        harness.run_steps(2);
        carry_out(&mut harness);
        assert_eq!(
            document(&harness).experiment.phases[1].freeze,
            FreezePlan::AllButLast(number as usize)
        );
        // The lines follow at once.
        assert!(has(&harness, "layer3 frozen"));
    }
    assert!(has(&harness, "layer4 trainable"));
    assert_eq!(document(&harness).undo.len(), 1);
    assert!(harness.state_mut().state.documents[0].undo());
    assert_eq!(document(&harness).experiment, fakes::experiment());
}

#[test]
fn everything_from_a_layer_up_can_learn() {
    let mut harness = tree_harness(fakes::state(), MIDDLE);
    harness.get_by_label("Train from layer2 on").click();
    harness.run_steps(2);
    carry_out(&mut harness);
    let freeze =
        |harness: &Harness<'_, Driven>| document(harness).experiment.phases[1].freeze.clone();
    assert_eq!(freeze(&harness), FreezePlan::Below("layer2".into()));
    // Nothing stands before the first layer.
    harness.get_by_label("Train from conv1 on").click();
    harness.run_steps(2);
    carry_out(&mut harness);
    assert_eq!(freeze(&harness), FreezePlan::Nothing);
    // The same from a box of the diagram.
    harness
        .get_by_label("Stage layer3")
        .click_modifiers(egui::Modifiers::SHIFT);
    harness.run_steps(2);
    carry_out(&mut harness);
    assert_eq!(freeze(&harness), FreezePlan::Below("layer3".into()));
    let document = &mut harness.state_mut().state.documents[0];
    assert!(document.undo() && document.undo() && document.undo());
    assert_eq!(document.experiment, fakes::experiment());
    assert!(document.redo());
    assert_eq!(
        document.experiment.phases[1].freeze,
        FreezePlan::Below("layer2".into())
    );
}

#[test]
fn the_switch_says_and_sets_which_of_the_three_pictures_it_is() {
    use layers::Approach;
    let mut harness = tree_harness(fakes::state(), MIDDLE);
    let approach = |harness: &mut Harness<'_, Driven>| harness.state_mut().layers_view().approach;
    assert_eq!(approach(&mut harness), Some(Approach::FineTuning));
    for (button, expected) in [
        ("From scratch", Approach::FromScratch),
        ("Feature extraction", Approach::FeatureExtraction),
        ("Fine-tuning", Approach::FineTuning),
    ] {
        let steps = document(&harness).undo.len();
        harness
            .get_by_role_and_label(accesskit::Role::Button, button)
            .click();
        harness.run_steps(2);
        carry_out(&mut harness);
        assert_eq!(approach(&mut harness), Some(expected));
        let document = document(&harness);
        assert_eq!(document.undo.len(), steps + 1);
        assert_eq!(document.problems, []);
        let experiment = &document.experiment;
        let is_random = experiment.backbone.weights == WeightsSource::Random;
        assert_eq!(is_random, expected == Approach::FromScratch);
        assert_eq!(experiment.head, fakes::experiment().head);
    }
    // Random weights that stay as they are, are none of the three.
    let state = &mut harness.state_mut().state;
    state.documents[0].experiment.backbone.weights = WeightsSource::Random;
    harness.run_steps(2);
    assert_eq!(approach(&mut harness), None);
    harness.get_by_label("Mixed");
}

#[test]
fn the_tree_opens_to_a_depth() {
    let mut harness = tree_harness(fakes::state(), MIDDLE);
    assert!(!has(&harness, "layer1.0 frozen"));
    harness.get_by_label("Expand to depth 2").click();
    harness.run_steps(2);
    assert!(has(&harness, "layer1.0 frozen") && !has(&harness, "layer1.0.conv1 frozen"));
    harness.get_by_label("Expand all layers").click();
    harness.run_steps(2);
    assert!(has(&harness, "layer1.0.conv1 frozen"));
    harness.get_by_label("Expand to depth 1").click();
    harness.run_steps(2);
    assert!(!has(&harness, "layer1.0 frozen"));
}

#[test]
fn a_layer_gets_its_own_share_of_the_rate() {
    let mut harness = tree_harness(fakes::state(), MIDDLE);
    // A frozen layer has none.
    assert!(!has(&harness, "layer3 rate factor"));
    for factor in [0.5, 0.2] {
        harness
            .get_by_label("layer4 rate factor")
            .set_value_accesskit(factor);
        harness.run_steps(2);
        carry_out(&mut harness);
    }
    let expected = LayerRates::Custom(vec![("layer4".into(), 0.2)]);
    assert_eq!(
        document(&harness).experiment.phases[1].layer_rates,
        expected
    );
    assert_eq!(document(&harness).undo.len(), 1, "one control, one step");
    harness.get_by_label("Expand layer4").click();
    harness.run_steps(2);
    let view = harness.state_mut().layers_view();
    let open = ["layer4".to_owned()].into();
    let rate = |path: &str| {
        let rows = view.rows(1, &open, "");
        let row = rows.into_iter().find(|row| row.path == path);
        row.and_then(|row| row.rate)
    };
    let (own, inherited) = (rate("layer4"), rate("layer4.1"));
    assert!(own.is_some_and(|rate| rate.highest == 0.2 && !rate.inherited));
    assert!(inherited.is_some_and(|rate| rate.highest == 0.2 && rate.inherited));
    harness
        .get_by_label("layer4 rate factor")
        .set_value_accesskit(1.0);
    harness.run_steps(2);
    carry_out(&mut harness);
    assert_eq!(
        document(&harness).experiment.phases[1].layer_rates,
        LayerRates::Uniform
    );
}

/// Every layer with weights moved by a tenth, but those before `layer4` not at all.
fn with_moved_run() -> State {
    let mut state = fakes::state();
    let movement = fakes::tree()
        .leaves()
        .into_iter()
        .filter(|leaf| leaf.parameters > 0)
        .map(|leaf| Movement {
            path: leaf.path.clone(),
            initial_l2: 4.0,
            distance_l2: if leaf.path.starts_with("layer4") {
                0.4
            } else {
                0.0
            },
        })
        .collect();
    let run = &mut state.runs[1];
    run.movement = Arc::new(movement);
    run.summary.as_mut().expect("it is finished").backbone = "resnet18".into();
    state.selected_run = Some(run.id.clone());
    state
}

#[test]
fn a_finished_run_says_how_far_each_layer_moved() {
    let mut harness = tree_harness(with_moved_run(), MIDDLE);
    for label in [
        "conv1 changed by 0",
        "layer3 changed by 0",
        "layer4 changed by 10 %",
    ] {
        assert!(has(&harness, label), "{label}");
    }
    assert!(!has(&harness, "relu changed by 0"), "it has no weights");
    // Another run, of another network: nothing is said.
    harness.state_mut().state.selected_run = Some("a".into());
    harness.run_steps(2);
    assert!(!has(&harness, "conv1 changed by 0"));
}

#[test]
fn the_diagram_and_the_lines_fit_the_middle_of_a_small_window() {
    for width in [MIDDLE, 340.0] {
        let mut state = with_moved_run();
        // As many stages as EfficientNet has.
        let mut tree = fakes::tree();
        let stage = tree.stages[1].clone();
        for number in 5..=9 {
            tree.stages.push(crate::models::tree::StageSummary {
                title: format!("Stage {number}"),
                ..stage.clone()
            });
        }
        state.tree = Tree::Ready(Arc::new(tree));
        let harness = tree_harness(state, width);
        let faults = faults_of(&harness, View("Layers"), width);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        for title in ["Stage Stem", "Stage layer4", "Stage Stage 9"] {
            let rect = harness.get_by_label(title).rect();
            assert!(
                rect.right() <= width && rect.width() > 40.0,
                "{title}: {rect:?}"
            );
        }
    }
}

/// As many lines as the largest networks have.
fn large_tree() -> LayerTree {
    let mut tree = fakes::tree();
    let block = tree.root.children[4].clone();
    for number in 5..70 {
        let mut block = block.clone();
        let path = format!("layer{number}");
        rename(&mut block, "layer1", &path);
        tree.root.children.push(block);
    }
    tree
}

fn rename(node: &mut crate::models::tree::LayerNode, from: &str, to: &str) {
    node.path = node.path.replacen(from, to, 1);
    if node.path == to {
        node.name = to.into();
    }
    for child in &mut node.children {
        rename(child, from, to);
    }
}

#[test]
fn idle_frames_and_scrolling_build_nothing() {
    let mut state = fakes::state();
    state.tree = Tree::Ready(Arc::new(large_tree()));
    let mut harness = tree_harness(state, MIDDLE);
    harness.get_by_label("Expand all layers").click();
    harness.run_steps(2);
    let built = |harness: &mut Harness<'_, Driven>| {
        let Driven { state, panels, .. } = harness.state_mut();
        let plans = panels.of_window::<LayerPlansCache>().plans(state);
        let plans = plans.expect("an experiment is open");
        let document = plans.editor.document;
        let view = panels.of_window::<layers::LayersCache>().view(state, plans);
        let local: &mut layers::LayersLocal = panels.of_document(document);
        let rows = local
            .rows
            .rows(&view, local.phase, &local.expanded, &local.search);
        (view, rows)
    };
    let is_same = |(view, rows): &(Arc<_>, Arc<_>), (other, other_rows): &(Arc<_>, Arc<_>)| {
        (Arc::ptr_eq(view, other), Arc::ptr_eq(rows, other_rows))
    };
    let before = built(&mut harness);
    for _ in 0..30 {
        harness.hover_at(egui::pos2(200.0, 700.0));
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -120.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: egui::Modifiers::NONE,
        });
        harness.run_steps(1);
    }
    assert_eq!(is_same(&built(&mut harness), &before), (true, true));
    // Of some 800 lines only those exist that can be seen.
    let lines = harness
        .get_all_by_role(accesskit::Role::CheckBox)
        .filter(|node| {
            let label = node.accesskit_node().label().unwrap_or_default();
            label.ends_with(" frozen") || label.ends_with(" trainable")
        });
    let labels: Vec<String> = lines
        .filter_map(|node| node.accesskit_node().label())
        .collect();
    assert!((10..60).contains(&labels.len()), "{labels:?}");
    assert!(
        !labels.iter().any(|label| label.starts_with("conv1 ")),
        "it has scrolled: {labels:?}"
    );
    // A change is one build, not one a frame.
    let state = &mut harness.state_mut().state;
    state.documents[0].experiment.backbone.frozen_norm = NormPolicy::Train;
    harness.run_steps(1);
    let changed = built(&mut harness);
    assert_eq!(is_same(&changed, &before), (false, false));
    harness.run_steps(4);
    assert_eq!(is_same(&built(&mut harness), &changed), (true, true));
}

#[test]
fn memory_and_cost_are_said_to_be_estimates() {
    let harness = tree_harness(fakes::state(), MIDDLE);
    harness.get_by_label_contains("memory, estimated");
    harness.get_by_label_contains("of an epoch of full fine-tuning");
}

#[test]
fn another_device_tells_other_reasons_for_controls_without_effect() {
    let mut state = fakes::state();
    let mut cache = crate::app::ui::layer_plan::LayerPlansCache::default();
    for (device, on_processor) in [("cpu", true), ("cuda:0", false)] {
        state.device = Some(device.into());
        let plans = cache.plans(&state).unwrap();
        assert_eq!(plans.editor.situation.on_processor, Some(on_processor));
    }
}
