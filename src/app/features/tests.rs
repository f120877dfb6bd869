//! Panels driven by their accessible labels, as a person who does not see them would.

use eframe::egui::{self, accesskit};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

mod compare;
mod curves;
mod evaluation;
mod freeze_tree;
mod gallery_wall;
mod panels;
mod predict;
mod shootout;
mod sweep;
mod table_columns;

use super::augmentation::augmentation_view::AugmentationPreviewLocal;
use super::data::data_view;
use super::*;
use crate::app::core::command::Command;
use crate::app::core::state::{Scan, State, Tree};
use crate::app::ui::layer_plan::LayerPlans;
use crate::app::ui::panel_state::PanelState;
use crate::app::ui::view::ViewContext;
use crate::app::ui::{theme, tokens};
use crate::experiment::{
    ClassWeights, Column, DataSource, Experiment, FreezePlan, GroupBy, HeadLayer,
};

/// A state, what every panel remembers, and what was asked for.
#[derive(Default)]
struct Driven {
    state: State,
    out: Vec<Command>,
    panels: PanelState,
}

/// A panel of the registry by its title: a view of the middle, a section of the left side, or the list of runs.
#[derive(Debug, Clone, Copy)]
enum Panel {
    View(&'static str),
    Section(&'static str),
    Runs,
}
use Panel::{Runs, Section, View};

/// Every panel that there is.
fn every_panel() -> Vec<Panel> {
    let views = VIEWS.iter().map(|view| View(view.info().title));
    let sections = SECTIONS.iter().map(|section| Section(section.info().title));
    views.chain(sections).chain([Runs]).collect()
}

impl Driven {
    fn new(state: State) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    fn draw(&mut self, panel: Panel, ui: &mut egui::Ui) {
        let Self { state, out, panels } = self;
        let context = &mut ViewContext {
            state,
            now: fakes::NOW,
            panels,
        };
        match panel {
            View(title) => {
                let mut views = VIEWS.iter();
                let view = views.find(|view| view.info().title == title);
                view.expect("there is such a view").ui(ui, context, out);
            }
            Section(title) => {
                let mut sections = SECTIONS.iter();
                let section = sections.find(|section| section.info().title == title);
                let section = section.expect("there is such a section");
                section.ui(ui, context, out);
                if let Some(document) = state.active_document() {
                    section.summary(document, context);
                }
            }
            Runs => runs::runs_panel_ui(ui, context, out),
        }
    }

    /// What a view remembers for the window.
    fn of_window<T: Default + 'static>(&mut self) -> &mut T {
        self.panels.of_window()
    }

    /// What the layers remember of the open experiment.
    fn layers(&mut self) -> &mut layers::LayersLocal {
        self.panels.of_document(self.state.documents[0].id)
    }

    /// What the layers show.
    fn layers_view(&mut self) -> std::sync::Arc<layers::LayersView> {
        let plans = LayerPlans::build(&self.state).expect("an experiment is open");
        std::sync::Arc::new(layers::LayersView::build(&self.state, plans.into()))
    }

    /// The experiment of the last edit that was asked for.
    fn edited(&self) -> Experiment {
        let edit = self.out.iter().rev().find_map(|command| match command {
            Command::Edit { experiment, .. } => Some((**experiment).clone()),
            _ => None,
        });
        edit.unwrap_or_else(|| panic!("no edit was asked for: {:?}", self.out))
    }
}

fn harness(panel: Panel, size: egui::Vec2, dark: bool, driven: Driven) -> Harness<'static, Driven> {
    Harness::builder()
        .with_size(size)
        .with_max_steps(12)
        .with_theme(if dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        })
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui_state(
            move |ui, driven: &mut Driven| {
                let margin = tokens::SPACE_M;
                let rect = ui.max_rect();
                ui.painter()
                    .rect_filled(rect.expand(64.0), 0.0, tokens::tokens(ui).background);
                let builder = egui::UiBuilder::new().max_rect(rect.shrink(margin));
                ui.scope_builder(builder, |ui| driven.draw(panel, ui));
            },
            driven,
        )
}

fn settled(panel: Panel, size: egui::Vec2, dark: bool, driven: Driven) -> Harness<'static, Driven> {
    let mut harness = harness(panel, size, dark, driven);
    // A spinner never comes to rest.
    harness.run_steps(4);
    harness
}

fn open(state: State) -> Harness<'static, Driven> {
    settled(
        Section("Head"),
        egui::vec2(320.0, 900.0),
        true,
        Driven::new(state),
    )
}

/// Whether everything that a person can operate stands within the window's width and has a name.
#[test]
fn every_panel_fits_its_width_and_names_its_controls() {
    let pictures = std::env::var_os("GRAFT_PANEL_PICTURES").map(std::path::PathBuf::from);
    let mut faults = Vec::new();
    for panel in every_panel() {
        for width in [300.0, 900.0] {
            for dark in [true, false] {
                let tall = match panel {
                    Section(_) => 1300.0,
                    View(_) | Runs => 760.0,
                };
                let size = egui::vec2(width, tall);
                let state = State {
                    sweep: crate::app::core::sweep::fakes::state_with_long_names(30, 20),
                    ..fakes::state()
                };
                let mut harness = settled(panel, size, dark, Driven::new(state));
                faults.extend(faults_of(&harness, panel, width));
                let mut commands = harness.state().out.clone();
                // Requests are said every frame.
                commands.retain(|command| !command.is_request());
                if !commands.is_empty() {
                    faults.push(format!(
                        "{panel:?} asks for {commands:?} without being touched"
                    ));
                }
                if let Some(folder) = &pictures {
                    let theme = if dark { "dark" } else { "light" };
                    let name = format!("{}-{width}-{theme}.png", file_name(panel));
                    let picture = harness.render().expect("lavapipe draws");
                    picture
                        .save(folder.join(name))
                        .expect("the folder can be written");
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `view-data`, `section-feature-cache`.
fn file_name(panel: Panel) -> String {
    let (kind, title) = match panel {
        View(title) => ("view", title),
        Section(title) => ("section", title),
        Runs => ("side", "runs"),
    };
    format!("{kind}-{}", title.to_lowercase().replace(' ', "-"))
}

#[test]
fn every_view_and_section_is_told_from_the_others() {
    let views: Vec<_> = VIEWS.iter().map(|view| view.info()).collect();
    let sections: Vec<_> = SECTIONS.iter().map(|section| section.info()).collect();
    fn alike<T>(infos: &[T], of: impl Fn(&T) -> String) -> Vec<String> {
        let mut texts: Vec<String> = infos.iter().map(of).collect();
        texts.sort();
        let pairs = texts.windows(2).filter(|pair| pair[0] == pair[1]);
        pairs.map(|pair| pair[0].clone()).collect()
    }
    let none: Vec<String> = Vec::new();
    assert_eq!(alike(&views, |info| info.id.to_string()), none);
    assert_eq!(alike(&views, |info| info.title.into()), none);
    assert_eq!(alike(&views, |info| info.icon.into()), none);
    assert_eq!(alike(&sections, |info| info.title.into()), none);
    assert_eq!(alike(&sections, |info| info.icon.into()), none);
    for info in views {
        assert!(view(info.id).is_some_and(|view| view.info() == info));
        // The settings keep it as a bare word.
        let word = info.id.to_string();
        assert!(word.chars().all(|c| c.is_ascii_alphanumeric()), "{word}");
    }
}

#[test]
fn every_panel_draws_without_an_experiment_and_unfolded() {
    let size = egui::vec2(500.0, 500.0);
    for panel in every_panel() {
        settled(panel, size, true, Driven::new(State::default()));
        let mut driven = Driven::new(fakes::state());
        for view in VIEWS {
            view.unfold(&mut ViewContext {
                state: &driven.state,
                now: fakes::NOW,
                panels: &mut driven.panels,
            });
        }
        settled(panel, size, true, driven);
    }
}

fn faults_of(harness: &Harness<'_, Driven>, panel: Panel, width: f32) -> Vec<String> {
    let mut faults = Vec::new();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let role = node.role();
        let operable = matches!(
            role,
            accesskit::Role::Button
                | accesskit::Role::CheckBox
                | accesskit::Role::Slider
                | accesskit::Role::SpinButton
                | accesskit::Role::TextInput
                | accesskit::Role::ComboBox
        );
        if !operable {
            continue;
        }
        let name = node.label().unwrap_or_default();
        if name.trim().is_empty() && node.placeholder().is_none() {
            faults.push(format!("{panel:?} at {width}: a {role:?} has no name"));
        }
        // The tables of runs, of a sweep and of networks scroll sideways, with their heads.
        let scrolls =
            matches!(panel, View("Backbones" | "Runs" | "Sweep")) && name.starts_with("Sort by ");
        if let Some(bounds) = node.bounding_box()
            && bounds.x1 > f64::from(width)
            && !scrolls
        {
            faults.push(format!(
                "{panel:?} at {width}: “{name}” ends at {:.0}",
                bounds.x1
            ));
        }
    }
    faults
}

/// The one button whose name holds `text`.
fn button_named<'a>(harness: &'a Harness<'_, Driven>, text: &str) -> egui_kittest::Node<'a> {
    let mut found = harness
        .get_all_by_role(accesskit::Role::Button)
        .filter(|node| {
            node.accesskit_node()
                .label()
                .is_some_and(|label| label.contains(text))
        });
    let button = found
        .next()
        .unwrap_or_else(|| panic!("there is no button “{text}”"));
    assert!(found.next().is_none(), "there are several buttons “{text}”");
    button
}

#[test]
fn empty_states_say_what_to_do_next() {
    let mut state = State {
        documents: vec![fakes::document(Experiment::default())],
        ..State::default()
    };
    for (panel, button, expected) in [
        (View("Data"), "Open pictures…", Command::OpenPicturesDialog),
        (
            View("Augmentation"),
            "Open pictures…",
            Command::OpenPicturesDialog,
        ),
        (View("Curves"), "Train", Command::Train),
        (
            View("Results"),
            "Compare feature extraction with fine-tuning",
            Command::CompareBothWays,
        ),
        (
            Runs,
            "Compare extraction with fine-tuning",
            Command::CompareBothWays,
        ),
    ] {
        let mut harness = settled(
            panel,
            egui::vec2(500.0, 500.0),
            true,
            Driven::new(state.clone()),
        );
        button_named(&harness, button).click();
        harness.run_steps(2);
        assert_eq!(harness.state().out, [expected], "{panel:?}");
    }
    state.scan = Scan::Failed("no folder of pictures: pictures".into());
    let mut harness = settled(
        View("Data"),
        egui::vec2(500.0, 500.0),
        true,
        Driven::new(state.clone()),
    );
    harness.get_by_label_contains("no folder of pictures");
    harness.get_by_label("Try again").click();
    harness.run_steps(2);
    assert_eq!(harness.state().out, [Command::Rescan]);
    state.scan = Scan::Running {
        done: 120,
        total: 2_624,
    };
    let mut harness = settled(
        View("Data"),
        egui::vec2(500.0, 500.0),
        true,
        Driven::new(state.clone()),
    );
    harness.get_by_label_contains("120 of 2,624 checked");
    button_named(&harness, "Stop").click();
    harness.run_steps(2);
    assert_eq!(harness.state().out, [Command::StopScan]);
    state.tree = Tree::Failed("there is no backbone named “resnet17”".into());
    let harness = settled(
        View("Layers"),
        egui::vec2(500.0, 500.0),
        true,
        Driven::new(state),
    );
    harness.get_by_label_contains("resnet17");
}

fn layers_harness() -> Harness<'static, Driven> {
    let mut driven = Driven::new(fakes::state());
    driven.layers().phase = 1;
    settled(View("Layers"), egui::vec2(900.0, 800.0), true, driven)
}

#[test]
fn a_click_on_a_lock_changes_the_plan() {
    let mut harness = layers_harness();
    // The plan is `Below("layer4")`: freeing layer3 moves the border down …
    harness.get_by_label("layer3 frozen").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().edited().phases[1].freeze,
        FreezePlan::Below("layer3".into())
    );
    // … and without that, freezing layer4 freezes everything.
    let mut harness = layers_harness();
    harness.get_by_label("layer4 trainable").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().edited().phases[1].freeze,
        FreezePlan::Backbone
    );
    // A hole in the frozen part has to be named.
    let mut harness = layers_harness();
    harness.get_by_label("Stage layer1").click();
    harness.run_steps(2);
    let plan = harness.state().edited().phases[1].freeze.clone();
    let frozen = ["conv1", "bn1", "relu", "maxpool", "layer2", "layer3"];
    assert_eq!(plan, FreezePlan::Custom(frozen.map(str::to_owned).to_vec()));
}

#[test]
fn a_shift_click_reaches_every_layer_since_the_last_click() {
    let mut harness = layers_harness();
    harness.get_by_label("layer2 frozen").click();
    harness.run_steps(2);
    // Carry out the edit as the shell would.
    let edited = harness.state().edited();
    harness.state_mut().state.documents[0].experiment = edited;
    harness.state_mut().out.clear();
    harness.run_steps(2);
    harness
        .get_by_label("layer3 frozen")
        .click_modifiers(egui::Modifiers::SHIFT);
    harness.run_steps(2);
    assert_eq!(
        harness.state().edited().phases[1].freeze,
        FreezePlan::Below("layer2".into())
    );
}

#[test]
fn folders_of_layers_open_and_a_search_finds_what_is_folded() {
    let mut harness = layers_harness();
    assert!(harness.query_by_label_contains("layer2.1.bn2").is_none());
    harness.get_by_label("Expand layer2").click();
    harness.run_steps(2);
    harness.get_by_label("Expand layer2.1").click();
    harness.run_steps(2);
    harness.get_by_label("layer2.1.bn2 frozen");
    let view = harness.state_mut().layers_view();
    let found = view.rows(1, &Default::default(), "layer4.1.bn");
    let text: Vec<String> = found
        .iter()
        .map(|row| format!("{} {} {}", row.name, row.lock.title(), row.note))
        .collect();
    assert_eq!(
        text,
        [
            "layer4.1.bn1 trainable batch statistics",
            "layer4.1.bn2 trainable batch statistics"
        ]
    );
}

#[test]
fn the_totals_of_a_plan_include_the_head() {
    let view = LayerPlans::build(&fakes::state()).expect("an experiment is open");
    let tree = fakes::tree();
    // 512 features, Dense 128, two classes.
    let head = 512 * 128 + 128 + 128 * 2 + 2;
    assert_eq!(
        view.phases[0].totals.map(|totals| totals.trainable),
        Some(head)
    );
    assert_eq!(
        view.phases[0].totals.map(|totals| totals.frozen),
        Some(tree.root.parameters)
    );
    let stage4 = tree.stages[4].parameters;
    assert_eq!(
        view.phases[1].totals.map(|totals| totals.trainable),
        Some(head + stage4)
    );
}

#[test]
fn the_dropout_slider_changes_the_head() {
    let mut harness = open(fakes::state());
    let sliders: Vec<_> = harness.get_all_by_role(accesskit::Role::Slider).collect();
    assert_eq!(sliders.len(), 1);
    sliders[0].set_value_accesskit(30.0);
    harness.run_steps(2);
    assert_eq!(
        harness.state().edited().head.layers[1],
        HeadLayer::Dropout(0.3)
    );
    assert!(matches!(
        harness.state().out.last(),
        Some(Command::Edit {
            merge: "dropout 1",
            ..
        })
    ));
}

#[test]
fn layers_of_the_head_are_added_moved_and_removed() {
    let mut harness = open(fakes::state());
    harness.get_by_label("Move layer 2 up").click();
    harness.run_steps(2);
    assert!(matches!(
        harness.state().edited().head.layers[..],
        [HeadLayer::Dropout(_), HeadLayer::Dense { .. }]
    ));
    harness.get_by_label("Remove layer 1, Dense").click();
    harness.run_steps(2);
    assert!(matches!(
        harness.state().edited().head.layers[..],
        [HeadLayer::Dropout(_)]
    ));
}

#[test]
fn the_learning_rate_is_chosen_on_a_logarithmic_scale() {
    let mut harness = settled(
        Section("Phases"),
        egui::vec2(320.0, 1400.0),
        true,
        Driven::new(fakes::state()),
    );
    let nodes: Vec<_> = harness
        .get_all_by_role(accesskit::Role::Slider)
        .filter(|node| {
            node.accesskit_node()
                .label()
                .is_some_and(|label| label == "Learning rate")
        })
        .collect();
    assert_eq!(nodes.len(), 2, "one for each phase");
    nodes[1].set_value_accesskit(3e-5);
    harness.run_steps(2);
    let edited = harness.state().edited();
    assert!(
        (edited.phases[1].learning_rate - 3e-5).abs() < 1e-9,
        "{}",
        edited.phases[1].learning_rate
    );
    assert_eq!(edited.phases[0].learning_rate, 1e-3);
}

#[test]
fn a_problem_stands_beside_its_control() {
    let mut state = fakes::state();
    state.documents[0].problems = vec![crate::experiment::FieldProblem {
        field: "phases[1].learning_rate".into(),
        message: "is 3, allowed is above 0 and at most 1".into(),
    }];
    let harness = settled(
        Section("Phases"),
        egui::vec2(320.0, 1400.0),
        true,
        Driven::new(state),
    );
    let problem = harness
        .get_by_label_contains("is 3, allowed is above 0")
        .rect();
    let sliders: Vec<egui::Rect> = harness
        .get_all_by_role(accesskit::Role::Slider)
        .filter(|node| {
            node.accesskit_node()
                .label()
                .is_some_and(|label| label == "Learning rate")
        })
        .map(|node| node.rect())
        .collect();
    let gap = problem.top() - sliders[1].bottom();
    assert!((-1.0..20.0).contains(&gap), "{gap} points below its slider");
}

#[test]
fn weights_that_are_not_published_are_named_with_those_that_are() {
    let mut state = fakes::state();
    let backbone = &mut state.documents[0].experiment.backbone;
    backbone.name = "resnet18".into();
    backbone.weights = crate::experiment::WeightsSource::Named("IMAGENET1K_V9".into());
    let size = egui::vec2(320.0, 1400.0);
    let harness = settled(Section("Backbone"), size, true, Driven::new(state));
    harness.get_by_label_contains("“IMAGENET1K_V9” is not published; there are IMAGENET1K_V1");

    // Those that are say what belongs to them.
    let mut state = fakes::state();
    let backbone = &mut state.documents[0].experiment.backbone;
    backbone.name = "resnet18".into();
    backbone.weights = crate::experiment::WeightsSource::Named("IMAGENET1K_V1".into());
    let harness = settled(Section("Backbone"), size, true, Driven::new(state));
    harness.get_by_label_contains("IMAGENET1K_V1: 69.8 % on ImageNet, 224 pixels cropped from 256");
}

#[test]
fn thumbnails_that_are_missing_are_asked_for() {
    let mut harness = settled(
        View("Data"),
        egui::vec2(900.0, 900.0),
        true,
        Driven::new(fakes::state()),
    );
    // The fake's tenth picture of every eleven is missing; one of them is a visible sample of the first class.
    let local: &mut data_view::DataViewLocal = harness.state_mut().of_window();
    assert_eq!(local.wanted, [10, 21]);
}

#[test]
fn the_preview_asks_for_versions_of_a_training_picture() {
    let mut harness = settled(
        View("Augmentation"),
        egui::vec2(900.0, 900.0),
        true,
        Driven::new(fakes::state()),
    );
    let wanted = |harness: &mut Harness<'_, Driven>| {
        let local: &mut AugmentationPreviewLocal = harness.state_mut().of_window();
        local.wanted.expect("a picture is wanted")
    };
    let first = wanted(&mut harness);
    harness.get_by_label_contains("New versions").click();
    harness.run_steps(2);
    let again = wanted(&mut harness);
    assert_eq!((first.0, first.1 + 1), (again.0, again.1));
    harness.get_by_label("Next picture").click();
    harness.run_steps(2);
    assert_ne!(wanted(&mut harness).0, first.0);
}

#[test]
fn mixed_versions_say_both_classes_and_mixing_needs_two_pictures() {
    let mut state = fakes::state();
    let experiment = &mut state.documents[0].experiment;
    experiment.augmentation.mixup = 0.4;
    let augmentation = experiment.augmentation.clone();
    let mut preview = (**state.preview.as_ref().unwrap()).clone();
    let dataset = state.scan.dataset().unwrap().clone();
    let class = |index: usize| dataset.pictures[index].label as usize;
    let other = (0..dataset.pictures.len())
        .find(|&index| class(index) != class(preview.index))
        .unwrap();
    preview.augmentation = augmentation;
    preview.versions[0].mixed_with = Some((other, 0.7));
    let said = format!(
        "Version 1: 70 % {}, 30 % {}",
        dataset.classes[class(preview.index)],
        dataset.classes[class(other)]
    );
    state.preview = Some(std::sync::Arc::new(preview));
    let size = egui::vec2(900.0, 900.0);
    let harness = settled(View("Augmentation"), size, true, Driven::new(state.clone()));
    harness.get_by_label(&said);

    let size = egui::vec2(320.0, 1400.0);
    let section = Section("Augmentation");
    let harness = settled(section, size, true, Driven::new(state.clone()));
    harness.get_by_label_contains("counts both classes of a picture by their shares");
    harness.get_by_label_contains("so nothing is cached");
    state.documents[0].experiment.training.batch_size = 1;
    let harness = settled(Section("Augmentation"), size, true, Driven::new(state));
    harness.get_by_label_contains("a batch of one picture has no other");
}

#[test]
fn the_data_view_says_classes_split_and_problems() {
    let data_view::DataView::Ready(view) = data_view::DataView::build(&fakes::state()) else {
        panic!("pictures are there")
    };
    let text = view.text();
    assert!(
        text.starts_with("train 1,572, validation 393, test 659"),
        "{text}"
    );
    assert!(text.contains("defective: 636 + 159 + 295"), "{text}");
    assert!(
        text.ends_with("skipped: not a picture: elpv/images/notes.txt"),
        "{text}"
    );
}

#[test]
fn pictures_are_walked_through_when_something_has_changed() {
    let mut state = fakes::state();
    let mut cache = data_view::DataViewCache::default();
    let text = |view: &data_view::DataView| match view {
        data_view::DataView::Ready(view) => view.text(),
        other => format!("{other:?}"),
    };
    let built = cache.view(&state);
    let first = text(&built);
    for _ in 0..10 {
        assert!(std::sync::Arc::ptr_eq(&built, &cache.view(&state)));
    }
    state.thumbnails.insert(2_000, Err("cut off".into()));
    let with_thumbnail = cache.view(&state);
    assert!(
        !std::sync::Arc::ptr_eq(&built, &with_thumbnail),
        "a thumbnail has come"
    );
    assert!(std::sync::Arc::ptr_eq(&with_thumbnail, &cache.view(&state)));
    if let Scan::Done { split, .. } = &mut state.scan {
        let mut other = (**split).clone();
        other.test.pop();
        *split = std::sync::Arc::new(other);
    }
    assert_ne!(text(&cache.view(&state)), first, "another split");
    state.scan = Scan::Running { done: 1, total: 2 };
    assert!(matches!(
        *cache.view(&state),
        data_view::DataView::Scanning { done: 1, total: 2 }
    ));
}

#[test]
fn a_table_says_which_columns_hold_what() {
    let mut state = fakes::state();
    state.documents[0].experiment.data.source = DataSource::table("/pictures/labels.csv");
    let mut harness = settled(
        Section("Data"),
        egui::vec2(320.0, 900.0),
        true,
        Driven::new(state),
    );
    let field = harness.get_by_role_and_label(accesskit::Role::TextInput, "Class column");
    field.focus();
    harness.run_steps(2);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness
        .get_by_role_and_label(accesskit::Role::TextInput, "Class column")
        .type_text("kind");
    harness.run_steps(2);
    assert!(harness.state().out.is_empty(), "half a name starts no scan");
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    let DataSource::Table { label_column, .. } = &harness.state().edited().data.source else {
        panic!("the source is a table");
    };
    assert_eq!(*label_column, Column::Name("kind".into()));
}

#[test]
fn every_class_can_have_its_weight() {
    let mut state = fakes::state();
    state.documents[0].experiment.training.class_weights = ClassWeights::Custom(Vec::new());
    let harness = &mut settled(
        Section("Training"),
        egui::vec2(320.0, 900.0),
        true,
        Driven::new(state),
    );
    let Scan::Done { dataset, .. } = &harness.state().state.scan else {
        panic!("the fake has pictures");
    };
    let class = dataset.classes[0].clone();
    harness
        .get_by_role_and_label(accesskit::Role::Slider, &class)
        .set_value_accesskit(3.0);
    harness.run_steps(2);
    let ClassWeights::Custom(weights) = harness.state().edited().training.class_weights.clone()
    else {
        panic!("weights by name");
    };
    assert_eq!(weights[0].0, class);
    assert!((weights[0].1 - 3.0).abs() < 1e-6);
}

#[test]
fn advice_is_followed_by_its_button() {
    let mut state = fakes::state();
    state.documents[0].experiment.head.layers.clear();
    let mut harness = settled(
        Section("Advice"),
        egui::vec2(320.0, 900.0),
        true,
        Driven::new(state),
    );
    harness.get_by_label("Apply: Add dropout of 0.5").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().edited().head.layers,
        [HeadLayer::Dropout(0.5)]
    );
}

#[test]
fn a_backbone_is_chosen_in_the_table_that_compares_them() {
    let mut harness = settled(
        View("Backbones"),
        egui::vec2(900.0, 760.0),
        true,
        Driven::new(fakes::state()),
    );
    harness.get_by_label("Use MobileNetV2").click();
    harness.run_steps(2);
    assert_eq!(harness.state().edited().backbone.name, "mobilenet_v2");
    // The sample is asked about until its answer is there.
    assert!(
        harness
            .state()
            .out
            .iter()
            .any(|command| matches!(command, Command::RequestSeen(_)))
    );
}

#[test]
fn what_the_split_keeps_together_is_chosen_in_the_data_panel() {
    let size = egui::vec2(320.0, 1200.0);
    let mut harness = settled(Section("Data"), size, true, Driven::new(fakes::state()));
    harness
        .get_by_role_and_label(accesskit::Role::ComboBox, "Group by")
        .click();
    harness.run_steps(3);
    harness.get_by_label("Folder").click();
    harness.run_steps(3);
    assert_eq!(
        harness.state().edited().data.split.group,
        Some(GroupBy::Folder(1))
    );

    let mut state = fakes::state();
    state.documents[0].experiment.data.split.group = Some(GroupBy::Pattern("^(p".into()));
    state.documents[0].problems = state.documents[0].experiment.check();
    let harness = settled(Section("Data"), size, true, Driven::new(state));
    let field = harness.get_by_role_and_label(accesskit::Role::TextInput, "Pattern");
    assert_eq!(field.value().as_deref(), Some("^(p"));
    harness.get_by_label_contains("is no regular expression");
}

#[test]
fn folds_are_chosen_in_the_data_panel() {
    let size = egui::vec2(320.0, 1200.0);
    let mut harness = settled(Section("Data"), size, true, Driven::new(fakes::state()));
    harness.get_by_label("Folds").click();
    harness.run_steps(3);
    let split = harness.state().edited().data.split;
    assert_eq!((split.folds, split.fold), (Some(5), None));

    let mut state = fakes::state();
    state.documents[0].experiment.data.split.folds = Some(5);
    state.documents[0].experiment.data.split.fold = Some(2);
    let mut harness = settled(Section("Data"), size, true, Driven::new(state));
    harness.get_by_label_contains("Each fold of the cross-validation is the test once");
    harness.get_by_label_contains("trains and tests fold 2 of 5 alone");
    harness.get_by_label("Train all folds").click();
    harness.run_steps(3);
    let split = harness.state().edited().data.split;
    assert_eq!((split.folds, split.fold), (Some(5), None));
}

#[test]
fn pictures_of_one_thing_are_kept_together_with_one_click() {
    let mut state = fakes::state();
    if let Scan::Done { dataset, .. } = &mut state.scan {
        let mut remarked = (**dataset).clone();
        remarked.remarks = vec![
            crate::data::Remark::warning("There are several pictures of each patient.")
                .field(r#"data.split.group=Pattern("^(p\\d+)_")"#),
        ];
        *dataset = std::sync::Arc::new(remarked);
    }
    let size = egui::vec2(900.0, 900.0);
    let mut harness = settled(View("Data"), size, true, Driven::new(state));
    harness.get_by_label("Keep these together").click();
    harness.run_steps(3);
    assert_eq!(
        harness.state().edited().data.split.group,
        Some(GroupBy::Pattern(r"^(p\d+)_".into()))
    );
}

#[test]
fn controls_without_effect_are_disabled_and_say_why() {
    let mut state = fakes::state();
    state.device = Some("cpu".into());
    if let Scan::Done { dataset, .. } = &mut state.scan {
        let mut assigned = (**dataset).clone();
        assigned.pictures[0].split = Some(crate::data::Split::Test);
        *dataset = std::sync::Arc::new(assigned);
    }
    let size = egui::vec2(320.0, 1300.0);
    let is_disabled = |harness: &Harness<'static, Driven>, label: &str| {
        let mut controls = harness
            .get_all_by_label(label)
            .filter(|node| node.accesskit_node().role() != accesskit::Role::Label);
        controls.any(|node| node.accesskit_node().is_disabled())
    };
    let harness = settled(Section("Training"), size, true, Driven::new(state.clone()));
    assert!(is_disabled(&harness, "TF32"));
    assert!(
        harness
            .query_by_label_contains("Only graphics cards have TF32")
            .is_some()
    );
    let harness = settled(Section("Data"), size, true, Driven::new(state.clone()));
    assert!(is_disabled(&harness, "Test") && !is_disabled(&harness, "Validation"));
    assert!(
        harness
            .query_by_label_contains("By the data set itself")
            .is_some()
    );
    // On a card it is a choice like any other.
    state.device = Some("cuda:0".into());
    let harness = settled(Section("Training"), size, true, Driven::new(state));
    assert!(!is_disabled(&harness, "TF32"));
}
