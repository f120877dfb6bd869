//! What is typed, dragged and asked in one experiment stays with it, whichever is shown when it takes effect.

use std::path::{Path, PathBuf};

use eframe::egui::accesskit;
use egui_kittest::kittest::NodeT as _;

use super::*;
use crate::experiment::{Column, FreezePlan, WeightsSource};

fn name(window: &Window, index: usize) -> String {
    window.state().documents[index].experiment.name.clone()
}

fn show(window: &mut Window, index: usize) {
    let label = format!("Experiment {}", name(window, index));
    window.harness.get_by_label(&label).click();
}

fn weights(window: &Window, index: usize) -> WeightsSource {
    let document = &window.state().documents[index];
    document.experiment.backbone.weights.clone()
}

/// The Backbone section open, a weight file wanted, and the beginning of its path typed.
fn half_typed(path: &str) -> Window {
    let mut window = Window::with_pair();
    // The sections in front of it would push it out of sight.
    for section in ["Data", "Layers", "Backbone"] {
        // A view's tab may have the same name.
        let of_side = window
            .harness
            .get_all_by_label(section)
            .find(|node| node.rect().left() < 100.0);
        of_side.unwrap().click();
        window.steps();
    }
    let file = window
        .harness
        .get_all_by_label("File")
        .find(|node| node.accesskit_node().role() == accesskit::Role::Button);
    file.unwrap().click();
    window.steps();
    window.harness.get_by_label("Weight file").focus();
    window.steps();
    window.harness.get_by_label("Weight file").type_text(path);
    window.steps();
    assert_eq!(
        weights(&window, 0),
        WeightsSource::Pretrained,
        "half a name starts nothing"
    );
    window
}

#[test]
fn a_half_typed_weight_file_belongs_to_the_experiment_that_it_was_typed_in() {
    let mut window = half_typed("mine.pth");
    show(&mut window, 1);
    window.steps();
    assert_eq!(window.state().active, 1);
    assert_eq!(
        weights(&window, 0),
        WeightsSource::File("mine.pth".into()),
        "what was typed counts when the field is left"
    );
    assert_eq!(weights(&window, 1), WeightsSource::Pretrained);
    assert!(
        window.harness.query_by_label("Weight file").is_none(),
        "the other experiment wants no file"
    );
    window.steps();
    show(&mut window, 0);
    window.steps();
    let field = window.harness.get_by_label("Weight file");
    assert_eq!(field.accesskit_node().value().as_deref(), Some("mine.pth"));
    assert_eq!(weights(&window, 1), WeightsSource::Pretrained);
}

#[test]
fn a_shortcut_takes_over_what_was_typed_before_it_is_carried_out() {
    for (key, documents) in [(Key::N, 3), (Key::D, 3)] {
        let mut window = half_typed("mine.pth");
        window.harness.key_press_modifiers(Modifiers::COMMAND, key);
        window.steps();
        assert_eq!(window.state().documents.len(), documents, "{key:?}");
        assert_eq!(weights(&window, 0), WeightsSource::File("mine.pth".into()));
        assert_eq!(weights(&window, 1), WeightsSource::Pretrained);
        let copied = match key {
            // A copy of what is seen.
            Key::D => WeightsSource::File("mine.pth".into()),
            _ => WeightsSource::Pretrained,
        };
        assert_eq!(weights(&window, 2), copied, "{key:?}");
    }
}

#[test]
fn saving_and_training_see_what_is_being_typed() {
    let mut window = half_typed("mine.pth");
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.steps();
    let file = window.folder.path().join("preset-0.ron");
    let saved = crate::experiment::preset::load(&file).unwrap();
    assert_eq!(
        saved.backbone.weights,
        WeightsSource::File("mine.pth".into())
    );
    let mut window = half_typed("mine.pth");
    window.harness.get_by_label("Train 2 experiments").click();
    window.steps();
    let record = window.record.borrow();
    let started = record.started();
    assert_eq!(
        started[0].experiment.backbone.weights,
        WeightsSource::File("mine.pth".into())
    );
    assert_eq!(
        started[1].experiment.backbone.weights,
        WeightsSource::Pretrained
    );
}

#[test]
fn escape_takes_back_what_was_typed_and_closing_takes_it_along() {
    let mut window = half_typed("mine.pth");
    window.harness.key_press(Key::Escape);
    window.steps();
    assert_eq!(weights(&window, 0), WeightsSource::Pretrained);
    // An answer that shows another experiment does not wait for the field.
    let mut window = half_typed("mine.pth");
    window.state_mut().active = 1;
    window.steps();
    assert_eq!(weights(&window, 0), WeightsSource::Pretrained);
    assert_eq!(weights(&window, 1), WeightsSource::Pretrained);
    window.state_mut().active = 0;
    window.steps();
    let field = window.harness.get_by_label("Weight file");
    assert_eq!(
        field.accesskit_node().value().as_deref().unwrap_or(""),
        "",
        "nothing is shown as if it held"
    );
}

#[test]
fn undo_takes_back_what_was_typed_and_not_what_stood_before() {
    let mut window = half_typed("mine.pth");
    let edit = edit(&window, 0, "seed", |experiment| experiment.seed += 1);
    push(&mut window, edit);
    window.harness.get_by_label("Undo").click();
    window.steps();
    window.steps();
    let document = &window.state().documents[0];
    assert_eq!(
        document.experiment.backbone.weights,
        WeightsSource::Pretrained
    );
    assert_eq!(
        document.experiment.seed,
        document.saved.seed + 1,
        "the seed was changed before the path was typed"
    );
}

#[test]
fn a_half_typed_column_belongs_to_the_experiment_that_it_was_typed_in() {
    let mut window = Window::with_pair();
    let label = |window: &Window, index: usize| {
        let document = &window.state().documents[index];
        match &document.experiment.data.source {
            DataSource::Table { label_column, .. } => label_column.clone(),
            other => panic!("{other:?}"),
        }
    };
    let before = [label(&window, 0), label(&window, 1)];
    let field = |window: &Window| {
        window
            .harness
            .get_all_by_label("Class column")
            .find(|node| node.accesskit_node().role() == accesskit::Role::TextInput)
            .map(|node| node.focus())
    };
    assert!(field(&window).is_some());
    window.steps();
    let typed = window
        .harness
        .get_all_by_label("Class column")
        .find(|node| node.accesskit_node().role() == accesskit::Role::TextInput);
    typed.unwrap().type_text("9");
    window.steps();
    show(&mut window, 1);
    window.steps();
    assert_ne!(label(&window, 0), before[0]);
    assert_eq!(label(&window, 1), before[1]);
    assert!(matches!(
        label(&window, 0),
        Column::Name(_) | Column::Index(_)
    ));
}

#[test]
fn an_edit_goes_to_its_own_experiment_and_leaves_other_changes_alone() {
    let mut window = Window::with_pair();
    let of_second = edit(&window, 1, "", |experiment| experiment.seed = 77);
    let flips = edit(&window, 0, "", |experiment| {
        experiment.augmentation.horizontal_flip ^= true;
    });
    let notes = edit(&window, 0, "", |experiment| {
        experiment.notes = "kept".into()
    });
    let flipped = !window.state().documents[0]
        .experiment
        .augmentation
        .horizontal_flip;
    for edit in [of_second, flips, notes] {
        window.harness.state_mut().commands.push(edit);
    }
    window.steps();
    let documents = &window.state().documents;
    assert_eq!(documents[1].experiment.seed, 77);
    assert_ne!(documents[0].experiment.seed, 77);
    // Both were drawn upon the same experiment.
    let first = &documents[0].experiment;
    assert_eq!(first.augmentation.horizontal_flip, flipped);
    assert_eq!(first.notes, "kept");
    // Closed meanwhile: nobody else gets it.
    let late = edit(&window, 0, "", |experiment| experiment.seed = 5);
    let surely = window.harness.state_mut();
    surely.close(0, true);
    surely.commands.push(late);
    window.steps();
    let documents = &window.state().documents;
    assert_eq!((documents.len(), documents[0].experiment.seed), (1, 77));
}

#[test]
fn a_copy_is_edited_in_the_layer_view_although_it_equals_its_original() {
    let mut window = Window::with_pair();
    window.answer_layer_tree();
    push(
        &mut window,
        Command::ShowView(crate::app::core::view_id::ViewId::LAYERS),
    );
    push(&mut window, Command::DuplicateExperiment);
    let plans = |window: &Window, index: usize| -> Vec<FreezePlan> {
        let document = &window.state().documents[index];
        let phases = document.experiment.phases.iter();
        phases.map(|phase| phase.freeze.clone()).collect()
    };
    let before = plans(&window, 0);
    // Everything but its name is the same.
    let name = name(&window, 0);
    window.state_mut().documents[2].experiment.name = name;
    window.steps();
    let button = window
        .harness
        .get_all_by_label_contains("Fine-tuning")
        .find(|node| node.accesskit_node().role() == accesskit::Role::Button);
    button.unwrap().click();
    window.steps();
    assert_eq!(plans(&window, 0), before, "the original is not shown");
    assert_ne!(plans(&window, 2), before, "the copy is");
}

#[test]
fn a_dialog_answers_the_experiment_that_asked() {
    let mut window = Window::with_pair();
    let ids: Vec<_> = (window.state().documents.iter())
        .map(|document| document.id)
        .collect();
    // Asked in the first, answered while the second is shown.
    window.state_mut().active = 1;
    push(
        &mut window,
        Command::UseWeights(ids[0], "chosen.pth".into()),
    );
    assert_eq!(
        weights(&window, 0),
        WeightsSource::File("chosen.pth".into())
    );
    assert_eq!(weights(&window, 1), WeightsSource::Pretrained);
    let file = window.folder.path().join("first.ron");
    push(&mut window, Command::SaveAs(ids[0], file.clone()));
    let documents = &window.state().documents;
    assert_eq!(documents[0].file.as_deref(), Some(&*file));
    assert_ne!(documents[1].file.as_deref(), Some(&*file));
    // Pictures that take a moment to be recognised.
    let pictures = PathBuf::from("/pictures");
    push(
        &mut window,
        Command::OpenPicturesFor(Some(ids[0]), pictures.clone()),
    );
    let table = window.state().documents[1].experiment.data.source.clone();
    // The second has other pictures by now.
    let other = edit(&window, 1, "", |experiment| {
        experiment.data.source = DataSource::ClassFolders {
            path: "/others".into(),
        };
    });
    push(&mut window, other);
    let source = DataSource::ClassFolders {
        path: pictures.clone(),
    };
    window.answer(Answer::Recognised {
        path: pictures,
        source: Ok(source.clone()),
    });
    let documents = &window.state().documents;
    assert_ne!(documents[0].experiment.data.source, table);
    assert_eq!(documents[0].experiment.data.source, source);
    assert_eq!(
        documents[1].experiment.data.source.folder(),
        Some(Path::new("/others"))
    );
}

#[test]
fn a_question_about_closing_is_about_one_experiment_wherever_it_stands() {
    let mut window = Window::with_pair();
    let second = window.state().documents[1].id;
    let edit = edit(&window, 1, "", |experiment| experiment.seed = 9);
    push(&mut window, edit);
    push(&mut window, Command::CloseExperiment(1));
    // The first goes while the question stands.
    window.harness.state_mut().close(0, true);
    window.steps();
    window.harness.get_by_label("Close without saving").click();
    window.steps();
    let documents = &window.state().documents;
    assert!(documents.iter().all(|document| document.id != second));
    assert!(documents.is_empty());
}
