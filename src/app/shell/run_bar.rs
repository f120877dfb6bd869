//! The bar at the bottom: what is being trained or worked on otherwise, how far it is, and on which device.

use eframe::egui;

use super::actions::Action;
use super::trailing::{trailing_ui, trailing_width};
use crate::app::core::background::Work;
use crate::app::core::command::Command;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::app::features::graphics_card::install_button_ui;
use crate::app::ui::theme::icon_button_enabled;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::models::device::Devices;
use crate::training::events::{Activity, Progress};

/// Plain data of the bar.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunBarView {
    pub headline: String,
    pub detail: String,
    /// The longest that `detail` becomes in this run: so much room is kept for it.
    pub longest_detail: String,
    /// 0 to 1 over the whole run, or nothing while it can't be told.
    pub share: Option<f32>,
    pub running: bool,
    pub live: bool,
    /// What is worked on beside training, what a person waits for first.
    pub works: Vec<Work>,
    pub paused: bool,
    pub color: usize,
    pub queued: usize,
    /// So many graphics cards train a run each.
    pub cards: usize,
    pub remaining: Option<String>,
    pub speed: Option<String>,
    pub warnings: usize,
    pub device: Option<String>,
    pub devices: Option<Devices>,
}

impl RunBarView {
    pub fn build(state: &State, mut works: Vec<Work>) -> Self {
        let others = other_runs(state);
        works.splice(0..0, others);
        let mut view = Self {
            headline: "Ready".into(),
            works,
            live: state.is_training(),
            paused: state.is_all_held(),
            queued: state.queued(),
            cards: state.cards_at_once(),
            warnings: state.runs.iter().map(|run| run.warnings.len()).sum(),
            device: state.device.clone(),
            devices: state.devices.clone(),
            ..Self::default()
        };
        let Some(run) = state.running() else {
            if view.live {
                view.headline = "Starting…".into();
            } else if let Some(work) = view.works.first() {
                view.headline.clone_from(&work.text);
                view.detail.clone_from(&work.detail);
                view.share = work.share;
            } else if let Some(last) = state.runs.iter().rev().find(|run| run.run.is_some()) {
                view.headline = match &last.state {
                    RecordState::Finished => format!("{} finished", last.called()),
                    RecordState::Stopped => format!("{} stopped", last.called()),
                    RecordState::Failed(_) => format!("{} failed", last.called()),
                    _ => view.headline,
                };
            }
            return view;
        };
        view.running = true;
        view.color = run.color;
        view.headline = if state.is_held(run) {
            format!("{} (paused)", run.called())
        } else {
            run.called().to_owned()
        };
        view.detail = detail(run);
        let Some(progress) = &run.progress else {
            view.longest_detail.clone_from(&view.detail);
            return view;
        };
        let epochs = "8".repeat(progress.epochs.to_string().len());
        view.longest_detail = in_place(run, format!("epoch {epochs} of {epochs}, validating"));
        view.share = Some(share(progress));
        view.remaining = progress
            .remaining_seconds
            .filter(|seconds| seconds.is_finite())
            .map(remaining);
        let speed = progress.pictures_per_second;
        view.speed = (speed.is_finite() && speed > 0.0).then(|| {
            if speed < 10.0 {
                format!("{speed:.1} pictures/s")
            } else {
                format!("{} pictures/s", format::thousands(speed.round() as u64))
            }
        });
        view
    }

    fn why_no_cuda(&self) -> Option<&str> {
        self.devices.as_ref()?.why_no_cuda.as_deref()
    }

    /// The work that the bar shows, where nothing trains or waits.
    fn shown_work(&self) -> Option<&Work> {
        self.works.first().filter(|_| !self.live)
    }

    /// What is worked on beside what the bar shows.
    fn other_works(&self) -> &[Work] {
        &self.works[usize::from(self.shown_work().is_some())..]
    }

    /// What trains, in words: the device that is chosen, or the best there is.
    pub fn device_text(&self) -> String {
        let Some(devices) = &self.devices else {
            return "Looking for devices…".into();
        };
        let cuda = |index: usize| devices.card_title(index);
        match self.device.as_deref() {
            Some("cpu") => devices.cpu.clone(),
            Some(device) => device
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .and_then(cuda)
                .unwrap_or_else(|| device.to_owned()),
            None if self.cards > 1 => format!("{} graphics cards", self.cards),
            None => cuda(devices.best).unwrap_or_else(|| devices.cpu.clone()),
        }
    }
}

/// What trains beside the run that the bar shows, where several cards train.
fn other_runs(state: &State) -> Vec<Work> {
    let shown = state.running().map(|run| &run.id);
    let others = state.all_running().filter(|run| Some(&run.id) != shown);
    others
        .map(|run| {
            let work = Work {
                detail: match state.is_held(run) {
                    true => "paused".into(),
                    false => detail(run),
                },
                share: run.progress.as_ref().map(share),
                ..Work::new(format!("Training {}", run.called()))
            };
            match run.run {
                Some(run) => work.stopped_by(Command::StopRun(run)),
                None => work,
            }
        })
        .collect()
}

/// How far a run is.
fn detail(run: &RunRecord) -> String {
    let Some(progress) = &run.progress else {
        return in_place(run, "preparing".into());
    };
    let activity = progress.activity.text();
    let text = match progress.activity {
        Activity::Training | Activity::Validating => format!(
            "epoch {} of {}, {activity}",
            progress.epoch, progress.epochs
        ),
        _ => activity.to_owned(),
    };
    in_place(run, text)
}

/// With the card that trains it, and of a cross-validation the fold.
fn in_place(run: &RunRecord, text: String) -> String {
    let card = run.card.map(|card| format!("cuda:{card}"));
    let parts = card.into_iter().chain(run.fold_text()).chain([text]);
    parts.collect::<Vec<_>>().join(", ")
}

/// How much of the run is done, 0 to 1; of what comes before and after the epochs, how much of that.
pub fn share(progress: &Progress) -> f32 {
    let inside = progress.done as f32 / progress.total.max(1) as f32;
    let epochs = progress.epochs.max(1) as f32;
    match progress.activity {
        Activity::Training => {
            ((progress.epoch.saturating_sub(1) as f32 + inside) / epochs).clamp(0.0, 1.0)
        }
        Activity::Validating => (progress.epoch as f32 / epochs).clamp(0.0, 1.0),
        _ => inside,
    }
}

/// `3 min left`, as the list of runs says it.
fn remaining(seconds: f64) -> String {
    format!("{} left", format::remaining(seconds))
}

pub fn run_bar_ui(
    ui: &mut egui::Ui,
    view: &RunBarView,
    warnings_open: bool,
    out: &mut Vec<Command>,
) {
    let is_narrow = ui.available_width() < 1000.0;
    ui.horizontal_centered(|ui| {
        controls_ui(ui, view, out);
        ui.add_space(tokens::SPACE_XS);
        // It ends before what stands at the right, which keeps its place.
        let width = ui.available_width() - trailing_width(ui, STATE) - tokens::SPACE_M;
        ui.allocate_ui_with_layout(
            egui::vec2(width.max(0.0), tokens::CONTROL_HEIGHT),
            egui::Layout::left_to_right(egui::Align::Center),
            |ui| {
                ui.set_min_width(width.max(0.0));
                progress_ui(ui, view);
            },
        );
        trailing_ui(ui, STATE, |ui| {
            ui.spacing_mut().item_spacing.x = tokens::SPACE_M;
            others_ui(ui, view);
            queue_ui(ui, view);
            warnings_ui(ui, view, warnings_open, out);
            device_ui(ui, view, is_narrow, out);
        });
    });
}

/// Names the right end of the bar.
const STATE: &str = "state of the run bar";

fn controls_ui(ui: &mut egui::Ui, view: &RunBarView, out: &mut Vec<Command>) {
    let (icon, label) = if view.paused {
        (icon::PLAY, "Resume")
    } else {
        (icon::PAUSE, "Pause")
    };
    ui.spacing_mut().item_spacing.x = 2.0;
    let pause =
        icon_button_enabled(ui, icon, label, view.live).on_hover_text(Action::Pause.hint(ui.ctx()));
    if pause
        .on_disabled_hover_text("Nothing is training")
        .clicked()
    {
        out.push(Command::TogglePause);
    }
    let stop = view.shown_work().and_then(|work| work.stop.clone());
    let hint = match &stop {
        Some(Command::StopMeasuring) => {
            "Measure no more until you ask for it in the view Backbones".to_owned()
        }
        Some(_) => "Stop this".to_owned(),
        None => Action::StopAll.hint(ui.ctx()),
    };
    let can_stop = view.live || stop.is_some();
    let button = icon_button_enabled(ui, icon::STOP, "Stop", can_stop).on_hover_text(hint);
    let why_not = match view.shown_work() {
        Some(_) => "This can't be stopped; it ends soon",
        None => "Nothing is training",
    };
    if button.on_disabled_hover_text(why_not).clicked() {
        out.push(stop.unwrap_or(Command::StopAll));
    }
}

fn progress_ui(ui: &mut egui::Ui, view: &RunBarView) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.x = tokens::SPACE_S;
    let dot = if view.running {
        tokens::run_color(view.color)
    } else {
        t.text_faint
    };
    let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.5, dot);
    let spare = ui.available_width();
    // A run has a bar and numbers beside its name; a sentence about other work stands nearly alone.
    let room = if view.running {
        (spare * 0.3).clamp(60.0, 260.0)
    } else {
        spare * 0.6
    };
    let headline = |ui: &mut egui::Ui| {
        ui.add(egui::Label::new(tokens::medium(&view.headline)).truncate())
            .on_hover_text(&view.headline)
    };
    let across = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(egui::vec2(room, 20.0), across, headline);
    if !view.running {
        if let Some(share) = view.share
            && ui.available_width() > 200.0
        {
            let bar = egui::ProgressBar::new(share)
                .desired_width(100.0)
                .desired_height(8.0);
            ui.add(bar);
        }
        ui.add(egui::Label::new(t.muted(&view.detail)).truncate());
        return;
    }
    // Each part keeps its room, so that nothing moves while numbers change.
    let least = ui.available_width();
    if least > 260.0 {
        let font = egui::TextStyle::Body.resolve(ui.style());
        let width = widgets::text_width(ui, &view.longest_detail, font);
        let size = egui::vec2(width, tokens::CONTROL_HEIGHT);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_width(size.x);
            ui.add(egui::Label::new(t.muted(&view.detail)).truncate());
        });
    }
    let mut tail = Vec::new();
    tail.extend(view.remaining.clone());
    // How long it takes matters more than how quick it is.
    if least > 520.0 {
        tail.extend(view.speed.clone());
    }
    let tail = tail.join("  ·  ");
    let tail_width = match least {
        least if least > 520.0 => 200.0,
        least if least > 380.0 => 96.0,
        _ => 0.0,
    };
    let width = (ui.available_width() - tail_width).clamp(40.0, 420.0);
    let mut bar = egui::ProgressBar::new(view.share.unwrap_or(0.0))
        .desired_width(width)
        .desired_height(8.0)
        .fill(tokens::run_color(view.color));
    if view.share.is_none() {
        bar = bar.animate(true);
    }
    let percent = view.share.unwrap_or(0.0) * 100.0;
    let response = ui.add(bar);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::ProgressIndicator,
            true,
            format!("Progress {percent:.0} %"),
        )
    });
    response.on_hover_text(format!("{percent:.0} % of this run"));
    if !tail.is_empty() && tail_width > 0.0 {
        ui.add(egui::Label::new(t.muted(tail)).truncate());
    }
}

/// What is worked on beside what the bar shows, as a number that says it all in its tooltip.
fn others_ui(ui: &mut egui::Ui, view: &RunBarView) {
    let others = view.other_works();
    if others.is_empty() {
        return;
    }
    let line = |work: &Work| match work.detail.as_str() {
        "" => work.text.clone(),
        detail => format!("{}: {detail}", work.text),
    };
    let lines: Vec<String> = others.iter().map(line).collect();
    let text = format!("{} {} more", icon::HOURGLASS, others.len());
    let response = ui.label(tokens(ui).muted(text));
    let name = format!("Also under way: {}", lines.join("; "));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    response.on_hover_text(format!("Also under way\n{}", lines.join("\n")));
}

fn queue_ui(ui: &mut egui::Ui, view: &RunBarView) {
    if view.queued > 0 {
        let t = tokens(ui);
        ui.label(t.muted(format!("{} {} waiting", icon::QUEUE, view.queued)))
            .on_hover_text(match view.cards {
                0 | 1 => "Experiments in the queue; they are trained one after the other",
                _ => "Experiments in the queue; each graphics card takes the next one when it is free",
            });
    }
}

/// Where there is little room, a device's name ends after so many characters.
const NARROW_DEVICE: usize = 18;

fn device_ui(ui: &mut egui::Ui, view: &RunBarView, is_narrow: bool, out: &mut Vec<Command>) {
    let text = view.device_text();
    let short = match text.char_indices().nth(NARROW_DEVICE) {
        Some((end, _)) if is_narrow => format!("{}…", text[..end].trim_end()),
        _ => text.clone(),
    };
    let on_cuda = view
        .devices
        .as_ref()
        .is_some_and(|devices| !devices.cuda.is_empty())
        && view.device.as_deref() != Some("cpu");
    let symbol = if on_cuda {
        icon::GRAPHICS_CARD
    } else {
        icon::CPU
    };
    let button = egui::Button::new(format!("{symbol}  {short}  {}", icon::CARET_UP));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button)
        .ui(ui, |ui| device_menu_ui(ui, view, out));
    crate::app::ui::theme::name(&response, true, &format!("Device: {text}"));
    let why_no_cuda = view.why_no_cuda();
    let reason = why_no_cuda.map_or_else(String::new, |reason| format!("\n{reason}"));
    response.on_hover_text(format!(
        "{text}\nWhich device trains; takes effect with the next run{reason}"
    ));
}

/// The devices that there are, and why no graphics card is among them.
fn device_menu_ui(ui: &mut egui::Ui, view: &RunBarView, out: &mut Vec<Command>) {
    ui.set_min_width(280.0);
    let t = tokens(ui);
    ui.label(t.small("Train on"));
    let Some(devices) = &view.devices else {
        ui.label("Looking for devices…");
        return;
    };
    let mut options = vec![
        (None, best_title(devices).to_owned()),
        (Some("cpu".to_owned()), devices.cpu.clone()),
    ];
    options.extend((0..devices.cuda.len()).filter_map(|index| {
        let title = devices.card_title(index)?;
        Some((Some(format!("cuda:{index}")), title))
    }));
    for (device, title) in options {
        let refused = device
            .as_deref()
            .and_then(|device| devices.why_refused(device));
        let label = egui::Button::selectable(view.device == device, title);
        let response = ui.add_enabled(refused.is_none(), label);
        if response.clicked() {
            out.push(Command::ChooseDevice(device));
            ui.close();
        }
        if let Some(reason) = refused {
            response.on_disabled_hover_text(reason);
        }
    }
    if let Some(reason) = view.why_no_cuda() {
        ui.add_space(tokens::SPACE_XS);
        ui.add(egui::Label::new(t.small(reason)).wrap());
    }
    install_button_ui(ui, devices, out);
}

/// What is chosen where no device is.
fn best_title(devices: &Devices) -> &'static str {
    match devices.usable().len() {
        0 | 1 => "The fastest there is",
        _ => "Every graphics card, a run on each",
    }
}

fn warnings_ui(ui: &mut egui::Ui, view: &RunBarView, open: bool, out: &mut Vec<Command>) {
    if view.warnings == 0 {
        return;
    }
    let t = tokens(ui);
    let text = format::count(view.warnings, "warning", "warnings");
    let caret = if open {
        icon::CARET_DOWN
    } else {
        icon::CARET_UP
    };
    let rich = egui::RichText::new(format!("{}  {text}  {caret}", icon::WARNING)).color(t.warning);
    let response = ui.add(egui::Button::new(rich).fill(t.warning_faint));
    crate::app::ui::theme::name(&response, true, &text);
    if response
        .on_hover_text("Show or hide the warnings of the runs")
        .clicked()
    {
        out.push(Command::ToggleWarnings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_that_will_train_is_named() {
        let devices = Devices {
            cpu: "CPU, 2 threads".into(),
            cuda: vec!["Tesla P100".into(), "NVIDIA A100".into()],
            best: 1,
            ..Devices::default()
        };
        let cases = [
            (None, "2 graphics cards"),
            (Some("cuda:1"), "NVIDIA A100"),
            (Some("cpu"), "CPU, 2 threads"),
            (Some("cuda:7"), "cuda:7"),
        ];
        for (device, expected) in cases {
            let view = RunBarView {
                device: device.map(str::to_owned),
                devices: Some(devices.clone()),
                cards: 2,
                ..RunBarView::default()
            };
            assert_eq!(view.device_text(), expected);
        }
        let alone = RunBarView {
            devices: Some(devices),
            cards: 1,
            ..RunBarView::default()
        };
        assert_eq!(alone.device_text(), "NVIDIA A100");
    }

    #[test]
    fn remaining_time_has_sensible_digits() {
        let cases = [
            (4.2, "5 s left"),
            (61.0, "1 min left"),
            (7_300.0, "2 h 02 min left"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(remaining(seconds), expected);
        }
    }
}
