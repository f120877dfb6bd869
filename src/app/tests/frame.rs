//! The window around the views: dialogs, sides, messages, sizes, and what it remembers between two starts.

use eframe::egui::accesskit::Role;
use eframe::egui::{self, Event};
use egui_kittest::kittest::NodeT as _;

use super::*;
use crate::app::core::command::Side;
use crate::app::core::settings::{SettingChange, Settings, ThemeChoice};
use crate::app::shell::Closing;
use crate::experiment::preset;

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.harness.key_press_modifiers(modifiers, key);
    window.steps();
}

fn settings(window: &Window) -> Settings {
    window.harness.state().session.settings.clone()
}

fn is_there(window: &Window, label: &str) -> bool {
    window.harness.query_by_label(label).is_some()
}

/// Of the first one of this name: those of the bars come before those of panels.
fn rect(window: &Window, label: &str) -> egui::Rect {
    let mut named = window.harness.get_all_by_label(label);
    named.next().unwrap().rect()
}

#[test]
fn help_is_opened_by_its_key_searched_and_opens_what_it_tells_of() {
    let mut window = Window::with_pair();
    press(&mut window, Modifiers::NONE, Key::F1);
    window.harness.get_by_label("Keyboard shortcuts");
    let question = "How do I see whether my pictures were read rightly?";
    assert!(is_there(&window, question));
    let search = window.harness.get_by_label("Search the help");
    search.type_text("paper figures");
    window.steps();
    assert!(!is_there(&window, question));
    window
        .harness
        .get_by_label("How do I take figures and tables to a paper?");

    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!is_there(&window, "Search the help"));
    press(&mut window, Modifiers::NONE, Key::F1);
    let search = window.harness.get_by_label("Search the help");
    search.type_text("copy change one");
    window.steps();
    let duplicate = window.harness.get_all_by_label("Duplicate experiment");
    let before = window.state().documents.len();
    duplicate.last().unwrap().click();
    window.steps();
    assert_eq!(window.state().documents.len(), before + 1);
    assert!(!is_there(&window, "Search the help"));
}

#[test]
fn a_tab_of_an_icon_alone_has_its_name_for_ears_and_in_its_tooltip() {
    let mut window = Window::with_pair();
    window.harness.set_size(egui::vec2(900.0, 700.0));
    window.steps();
    let tab = |window: &Window, name: &str| {
        let tabs = window
            .harness
            .get_all_by_role_and_label(egui::accesskit::Role::Button, name);
        tabs.map(|tab| tab.rect())
            .min_by(|a, b| a.width().total_cmp(&b.width()))
            .unwrap()
    };
    let rect = tab(&window, "Gallery");
    assert!(rect.width() < 50.0, "{rect:?}");
    let tooltip = "Gallery\n";
    assert!(!window.shows(tooltip));
    window.harness.hover_at(rect.center());
    window.harness.run_steps(30);
    assert!(window.shows(tooltip));
}

#[test]
fn about_says_the_version_and_where_things_are_kept() {
    let mut window = Window::with_pair();
    push(&mut window, Command::ShowAbout);
    let version = format!("Graft {}", env!("CARGO_PKG_VERSION"));
    assert!(is_there(&window, &version));
    for name in ["Runs", "Presets", "Weights", "Settings"] {
        assert!(
            is_there(&window, &format!("Show folder of {name}")),
            "{name}"
        );
    }
    // A folder that is not there yet is said to be empty, and opens nothing.
    window.harness.get_by_label("Show folder of Runs").click();
    window.steps();
    assert_eq!(window.state().notices[0].title, "Nothing is kept there yet");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!is_there(&window, &version));
}

#[test]
fn settings_take_effect_at_once_and_are_kept() {
    let mut window = Window::with_pair();
    press(&mut window, Modifiers::COMMAND, Key::Comma);
    window.harness.get_by_label("Light").click();
    window.steps();
    assert_eq!(settings(&window).theme(), ThemeChoice::Light);
    assert!(!window.harness.ctx.global_style().visuals.dark_mode);
    window.harness.get_by_label("As the system").click();
    window.steps();
    assert_eq!(settings(&window).theme(), ThemeChoice::System);
    // A desktop that says nothing leaves them as they are, and that is said.
    assert!(!settings(&window).dark);
    assert!(
        window
            .harness
            .query_by_label_contains("does not say whether it is dark or light")
            .is_some()
    );
    assert!(settings(&window).notifications);
    window
        .harness
        .get_by_role_and_label(Role::CheckBox, "When training ends")
        .click();
    window.steps();
    assert!(!settings(&window).notifications);

    assert_eq!(window.record.borrow().threads, None);
    push(
        &mut window,
        Command::ChangeSetting(SettingChange::Threads(Some(1))),
    );
    assert_eq!(window.record.borrow().threads, Some(1));

    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::COMMAND, Key::Plus);
    assert_eq!(window.harness.ctx.zoom_factor(), 1.1);
    press(&mut window, Modifiers::COMMAND, Key::Minus);
    press(&mut window, Modifiers::COMMAND, Key::Minus);
    assert_eq!(window.harness.ctx.zoom_factor(), 0.9);

    // The next start has them.
    let kept = settings(&window);
    eframe::App::on_exit(window.harness.state_mut(), None);
    let again = Window::in_folder(window.folder, &[], [1280.0, 800.0]);
    assert_eq!(again.record.borrow().threads, Some(1));
    let now = settings(&again);
    assert_eq!(now.theme(), ThemeChoice::System);
    assert_eq!(
        (now.notifications, now.interface_size),
        (false, kept.interface_size)
    );
    assert_eq!(again.harness.ctx.zoom_factor(), 0.9);
}

#[test]
fn an_experiment_is_renamed_and_described_and_undo_takes_it_back() {
    let mut window = Window::with_pair();
    window.state_mut().active = 1;
    window.steps();
    let before = window.state().documents[1].experiment.clone();
    press(&mut window, Modifiers::NONE, Key::F2);
    press(&mut window, Modifiers::COMMAND, Key::A);
    let name = window
        .harness
        .get_by_role_and_label(Role::TextInput, "Name");
    name.type_text("Wings");
    window.steps();
    let notes = window
        .harness
        .get_by_role_and_label(Role::MultilineTextInput, "Notes");
    notes.focus();
    window.steps();
    let notes = window
        .harness
        .get_by_role_and_label(Role::MultilineTextInput, "Notes");
    notes.type_text("Second batch of the wings");
    window.steps();
    window.harness.get_by_label("Apply").click();
    window.steps();
    let experiment = &window.state().documents[1].experiment;
    assert_eq!(experiment.name, "Wings");
    assert!(experiment.notes.contains("Second batch of the wings"));
    assert!(is_there(&window, "Experiment Wings"));
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(window.state().documents[1].experiment, before);

    // A name that is none is not taken.
    press(&mut window, Modifiers::NONE, Key::F2);
    press(&mut window, Modifiers::COMMAND, Key::A);
    press(&mut window, Modifiers::NONE, Key::Backspace);
    let problem = window
        .harness
        .query_by_label_contains("An experiment needs a name.");
    assert!(problem.is_some());
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(window.state().documents[1].experiment, before);
    window.harness.get_by_label("Cancel").click();
    window.steps();
    assert_eq!(window.state().documents[1].experiment, before);
}

#[test]
fn the_last_session_is_offered_and_opened_with_what_was_not_saved() {
    let mut window = Window::with_pair();
    let edit = edit(&window, 1, "seed", |experiment| experiment.seed = 77);
    push(&mut window, edit);
    push(&mut window, Command::OpenShippedPreset("from-scratch.ron"));
    assert_eq!(window.state().documents.len(), 3);
    let names: Vec<String> = (window.state().documents.iter())
        .map(|document| document.experiment.name.clone())
        .collect();
    // As the file is a second later, should the window end without asking.
    let mut settings = settings(&window);
    settings.last_session = window.harness.state().session.open_experiments(false);
    let text = ron::to_string(&settings).unwrap();
    std::fs::write(window.folder.path().join("settings.ron"), text).unwrap();

    let mut again = Window::in_folder(window.folder, &[], [1280.0, 800.0]);
    assert!(again.state().documents.is_empty());
    again
        .harness
        .get_by_role_and_label(Role::Button, "Continue where you stopped")
        .click();
    again.steps();
    let documents = &again.state().documents;
    let opened: Vec<&str> = (documents.iter())
        .map(|document| document.experiment.name.as_str())
        .collect();
    assert_eq!(opened, names);
    assert_eq!(again.state().active, 2);
    assert_eq!(documents[1].experiment.seed, 77);
    assert!(documents[1].is_changed() && !documents[0].is_changed());
    let file = again.folder.path().join("preset-1.ron");
    assert_ne!(preset::load(&file).unwrap().seed, 77);
}

#[test]
fn recent_files_are_offered_on_the_welcome_page() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.ron");
    std::fs::write(&file, shipped("from-scratch")).unwrap();
    let settings = Settings {
        recent_presets: vec![file.clone()],
        ..Settings::default()
    };
    let text = ron::to_string(&settings).unwrap();
    std::fs::write(folder.path().join("settings.ron"), text).unwrap();
    let mut window = Window::in_folder(folder, &[], [680.0, 560.0]);
    window
        .harness
        .get_by_label(&format!("Open {}", file.display()))
        .click();
    window.steps();
    assert_eq!(window.state().documents[0].file.as_ref(), Some(&file));
}

#[test]
fn messages_float_and_nothing_moves_when_one_comes() {
    let mut window = Window::with_pair();
    let before = ["Curves", "Train 2 experiments", "Device: CPU, 2 threads"]
        .map(|label| rect(&window, label));
    let session = &mut window.harness.state_mut().session;
    session.error("The preset is not saved", "no room on the disk");
    window.steps();
    let after = ["Curves", "Train 2 experiments", "Device: CPU, 2 threads"]
        .map(|label| rect(&window, label));
    assert_eq!(after, before);
    let message = rect(&window, "The preset is not saved");
    assert!(
        message.left() > 560.0 && message.top() > 400.0,
        "{message:?}"
    );
    // An error is not in a hurry; Escape is the shorter way to its button.
    window.harness.run_steps(400);
    assert!(is_there(&window, "The preset is not saved"));
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(window.state().notices.is_empty());

    // What asks for nothing leaves by itself.
    let session = &mut window.harness.state_mut().session;
    session.notice(NoticeKind::Info, "Copied as an image", "Curves");
    window.steps();
    assert!(is_there(&window, "Copied as an image"));
    window.harness.run_steps(400);
    assert!(!is_there(&window, "Copied as an image"));
    let log = &window.state().log;
    assert!(
        log.iter()
            .any(|line| line.text.contains("Copied as an image"))
    );
}

#[test]
fn buttons_of_the_top_bar_keep_their_places_while_experiments_are_ticked() {
    let mut window = Window::with_pair();
    let labels = [
        "Undo",
        "Open pictures…",
        "Presets",
        "Extraction vs. fine-tuning",
    ];
    let two = labels.map(|label| rect(&window, label));
    let train = rect(&window, "Train 2 experiments");
    push(&mut window, Command::IncludeExperiment(1, false));
    assert_eq!(labels.map(|label| rect(&window, label)), two);
    assert_eq!(rect(&window, "Train"), train);
}

#[test]
fn every_bar_fits_small_windows_and_one_side_gives_way() {
    for size in [
        [900.0, 600.0],
        [700.0, 1200.0],
        [680.0, 560.0],
        [853.0, 640.0],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let presets = [
            shipped("solar-feature-extraction"),
            shipped("solar-fine-tuning"),
        ];
        let mut window = Window::in_folder(folder, &[&presets[0], &presets[1]], size);
        push(&mut window, Command::Train);
        let folder = window.folder.path().join("a");
        window.event(RunId(1), RunEvent::Started { folder });
        let cases = [
            "Undo",
            "Settings…",
            "Open pictures…",
            "Presets",
            "Number of seeds",
            "Train 2 experiments",
            "Show or hide the runs",
            "Pause",
            "Stop",
            "Device: CPU, 2 threads",
        ];
        let mut right = 0.0;
        for label in cases {
            let rect = rect(&window, label);
            let room = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
            assert!(room.contains_rect(rect), "{size:?}: {label} at {rect:?}");
            // They stand one after the other.
            if rect.top() < 50.0 {
                assert!(rect.left() >= right, "{size:?}: {label} at {rect:?}");
                right = rect.right();
            }
        }
        let shown = |window: &Window| {
            let app = window.harness.state();
            [Side::Experiment, Side::Runs].map(|side| app.is_shown(side, &window.harness.ctx))
        };
        // The narrowest windows are the views' until a side is asked for.
        assert_eq!(shown(&window), [size[0] >= 860.0, false]);
        window.harness.get_by_label("Show or hide the runs").click();
        window.steps();
        assert_eq!(shown(&window), [false, true]);
        window.harness.get_by_label("Show or hide the runs").click();
        window.steps();
        assert_eq!(shown(&window), [false, false]);
        press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::E);
        assert_eq!(shown(&window), [true, false]);
    }
}

#[test]
fn the_keyboard_goes_through_the_window_as_it_is_read() {
    let mut window = Window::with_pair();
    let region = |response: &egui::Response| {
        let at = response.rect.center();
        // What is scrolled out of sight lies below the bar.
        let is_in_sight = response.interact_rect.is_positive();
        match (at.x, at.y) {
            (_, y) if y < 50.0 => "top bar",
            (_, y) if y > 758.0 && is_in_sight => "run bar",
            (x, _) if x < 324.0 => "experiment",
            (x, _) if x > 1024.0 => "runs",
            _ => "views",
        }
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut first = None;
    for _ in 0..300 {
        window.harness.key_press(Key::Tab);
        window.harness.run_steps(2);
        let focused = window.harness.ctx.memory(|memory| memory.focused());
        let Some(id) = focused else { continue };
        if first == Some(id) {
            break;
        }
        first.get_or_insert(id);
        // The edge by which a side is made wider is there as soon as it takes its room.
        let response = window.harness.ctx.read_response(id);
        let Some(response) = response.filter(|response| response.rect.width() > 16.0) else {
            continue;
        };
        let region = region(&response);
        let is_new = !seen.contains(&region);
        let is_back_in_bars = matches!(region, "top bar" | "runs" | "run bar");
        if is_new || is_back_in_bars && seen.last() != Some(&region) {
            seen.push(region);
        }
    }
    assert_eq!(seen, ["top bar", "experiment", "views", "runs", "run bar"]);
}

#[test]
fn a_list_of_choices_closes_when_one_is_chosen_by_the_keyboard() {
    let mut window = Window::with_pair();
    press(&mut window, Modifiers::COMMAND, Key::Comma);
    let choice = window
        .harness
        .get_by_role_and_label(Role::ComboBox, "Threads");
    choice.focus();
    window.steps();
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert!(egui::Popup::is_any_open(&window.harness.ctx));
    // Escape closes the list alone.
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!egui::Popup::is_any_open(&window.harness.ctx));
    assert!(is_there(&window, "Close this dialog"));

    let choice = window
        .harness
        .get_by_role_and_label(Role::ComboBox, "Threads");
    choice.focus();
    window.steps();
    press(&mut window, Modifiers::NONE, Key::Enter);
    let all = window.harness.get_all_by_role(Role::Button).find(|node| {
        let label = node.accesskit_node().label();
        label.is_some_and(|label| label.starts_with("One for each core"))
    });
    all.unwrap().focus();
    window.steps();
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert!(!egui::Popup::is_any_open(&window.harness.ctx));
    assert!(is_there(&window, "Close this dialog"));
}

#[test]
fn the_title_says_how_far_training_is_and_the_desktop_when_it_has_ended() {
    let mut window = Window::with_pair();
    let title = |window: &Window| {
        window.harness.ctx.data(|data| {
            data.get_temp::<String>(egui::Id::unique("window title"))
                .unwrap()
        })
    };
    push(&mut window, Command::TrainActive);
    let run = window.state().runs[0].run.unwrap();
    let folder = window.folder.path().join("a");
    window.event(run, RunEvent::Started { folder });
    window.event(run, quarter_done());
    let name = window.state().runs[0].name.clone();
    assert_eq!(title(&window), format!("25 % · {name} – Graft"));
    // Nobody is disturbed while the window is in front.
    window.harness.input_mut().focused = false;
    window
        .harness
        .input_mut()
        .events
        .push(Event::WindowFocused(false));
    window.event(run, RunEvent::Finished(Box::new(summary("a", 0.9))));
    for _ in 0..200 {
        if !window.desktop.0.lock().unwrap().is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let told = window.desktop.0.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].title, format!("{name} finished"));
    assert!(!title(&window).contains('%'));
}

#[test]
fn closing_while_figures_are_written_asks() {
    let mut window = Window::with_pair();
    push(&mut window, Command::TrainActive);
    let run = window.state().runs[0].run.unwrap();
    let folder = window.folder.path().join("a");
    window.event(run, RunEvent::Started { folder });
    window.event(run, RunEvent::Finished(Box::new(summary("a", 0.9))));
    // Begun and closed in one frame: it can't have ended.
    let export = Command::Export {
        folder: window.folder.path().join("figures"),
        options: Box::new(window.harness.state().exports.local.options()),
        among_pictures: false,
    };
    let commands = &mut window.harness.state_mut().commands;
    commands.extend([export, Command::Quit]);
    window.harness.step();
    let app = window.harness.state();
    assert_eq!(
        app.question,
        Some(crate::app::shell::dialogs::Confirmation::Quit)
    );
    assert_eq!(app.closing, Closing::No);
    window.steps();
    // The export may have ended by now.
    assert!(is_there(&window, "Stop the export and quit?") || is_there(&window, "Quit Graft?"));
    window.harness.get_by_label("Stop and quit").click();
    for _ in 0..500 {
        window.steps();
        if window.harness.state().closing == Closing::Now {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(window.harness.state().closing, Closing::Now);
}
