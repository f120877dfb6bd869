//! The application: what it holds between frames, and the order of a frame.

pub(in crate::app) mod about;
pub(in crate::app) mod actions;
pub(in crate::app) mod answers;
pub(in crate::app) mod carry_out;
mod desktop_opener;
pub(in crate::app) mod dialog;
pub mod dialogs;
pub(in crate::app) mod drawing;
pub(in crate::app) mod dropped;
pub(in crate::app) mod experiment_details;
pub(in crate::app) mod experiments;
pub(in crate::app) mod file_browser;
pub(in crate::app) mod frame;
pub mod frame_times;
pub(in crate::app) mod help;
mod help_topics;
pub(in crate::app) mod logo;
pub(in crate::app) mod middle;
pub(in crate::app) mod notices;
pub(in crate::app) mod notifications;
mod opening;
pub(in crate::app) mod palette;
pub(in crate::app) mod picture_choice;
pub(in crate::app) mod popups;
mod predicting;
pub(in crate::app) mod run_bar;
pub(in crate::app) mod settings_dialog;
mod shootout;
pub(in crate::app) mod shortcuts;
pub(in crate::app) mod side;
mod sweeping;
pub(in crate::app) mod top_bar;
pub(in crate::app) mod trailing;
pub(in crate::app) mod use_network;
pub(in crate::app) mod welcome;
pub(in crate::app) mod window_size;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use eframe::egui;

use crate::app::core::command::{Command, Side};
use crate::app::core::documents::file_title;
use crate::app::core::gallery::gather_requests;
use crate::app::core::request::Request;
use crate::app::core::run_names::keep_titles;
use crate::app::core::session::{AppPaths, Session};
use crate::app::core::settings::{self, Saver, Settings};
use crate::app::core::sources::{self, DroppedKind};
use crate::app::core::state::{Cause, Document, NoticeKind, Scan};
use crate::app::core::view_id::ViewId;
use crate::app::core::workers::Workers;
use crate::app::features;
use crate::app::features::augmentation::requests::AugmentationRequests;
use crate::app::features::backbone::requests::BackboneRequests;
use crate::app::features::compare::requests::CompareRequests;
use crate::app::features::data::requests::DataRequests;
use crate::app::features::evaluation::requests::EvaluationRequests;
use crate::app::features::export::requests::Exports;
use crate::app::features::feature_cache::requests::FeatureCacheRequests;
use crate::app::features::graphics_card::requests::CudaInstallation;
use crate::app::features::learning_curve::requests::LearningCurves;
use crate::app::features::network_export::requests::NetworkExports;
use crate::app::features::predict::placing::Placing;
use crate::app::features::predict::requests::PredictRequests;
use crate::app::features::rate_finder::requests::RateFinder;
use crate::app::features::runs::requests::RunRequests;
use crate::app::features::shootout::requests::ShootoutRequests;
use crate::app::features::sweep::requests::SweepRequests;
use crate::app::features::sweep::slurm::SlurmLocal;
use crate::app::shell::dialog::Dialog;
use crate::app::shell::dialogs::{Confirmation, Files};
use crate::app::shell::dropped::Dropped;
use crate::app::shell::frame_times::FrameTimes;
use crate::app::shell::notices::Toasts;
use crate::app::shell::notifications::{Notifications, RealDesktop};
use crate::app::shell::opening::Opening;
use crate::app::shell::palette::Palette;
use crate::app::shell::window_size::FirstSize;
use crate::app::ui::number_field;
use crate::app::ui::panel_state::PanelState;
use crate::app::ui::theme;
use crate::app::ui::view::ViewContext;
use crate::experiment::preset;
use crate::worker::messages::Question;

/// The window.
pub struct Graft {
    pub session: Session,
    pub(in crate::app) requests: Requests,
    saver: Saver,
    pub(in crate::app) views: egui_tiles::Tree<ViewId>,
    pub(in crate::app) locals: PanelState,
    /// A question that must be answered before anything else.
    pub(in crate::app) question: Option<Confirmation>,
    /// What was agreed to and waits for a file name: closing or quitting goes on after the save.
    pub(in crate::app) after_saving: Option<Confirmation>,
    pub(in crate::app) files: Files,
    pub(in crate::app) palette: Option<Palette>,
    pub(in crate::app) dialog: Option<Dialog>,
    pub(in crate::app) toasts: Toasts,
    pub(in crate::app) notifications: Notifications,
    /// The side that a person wants, or none, where there is room for one at most.
    pub(in crate::app) narrow_side: Option<Option<Side>>,
    /// A folder that the desktop is asked to show; whether it did.
    pub(in crate::app) shown_folder: Request<PathBuf, bool>,
    first_size: FirstSize,
    /// Whether a control had the focus when the last frame was drawn.
    had_focus: bool,
    pub(in crate::app) exports: Exports,
    pub(in crate::app) networks: NetworkExports,
    pub(in crate::app) rates: RateFinder,
    pub(in crate::app) learning_curves: LearningCurves,
    pub(in crate::app) cuda: CudaInstallation,
    /// Pictures on their way into a folder for each class.
    pub(in crate::app) placing: Placing,
    /// What was typed into the dialog of Slurm.
    pub(in crate::app) slurm: SlurmLocal,
    /// What is being opened.
    pub(in crate::app) opening: Opening,
    /// A picture that was dropped on the window, while it is looked at.
    pub(in crate::app) dropped: Option<Dropped>,
    pub(in crate::app) warnings_open: bool,
    /// Whether the pictures that set-up fetches are on this machine.
    pub(in crate::app) demo_is_there: bool,
    /// Pictures to try the program with, where a package or set-up brought some.
    pub(in crate::app) example: Option<PathBuf>,
    pub(in crate::app) closing: Closing,
    /// Documents that wait for an answer, because they were trained before.
    pub(in crate::app) repeating: Vec<usize>,
    /// Of how many that were to be trained together.
    pub(in crate::app) repeating_among: usize,
    /// Only while frames are measured.
    pub(in crate::app) frame_times: Option<FrameTimes>,
    /// Collected while drawing, carried out in the next `logic`.
    pub(in crate::app) commands: Vec<Command>,
    /// What waits for a field to hand over what was typed.
    held: Vec<Command>,
}

/// How far quitting has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    No,
    /// Agreed to; waiting for the training to end.
    Stopping,
    Now,
}

/// What each feature has asked the threads for.
#[derive(Default)]
pub(in crate::app) struct Requests {
    pub augmentation: AugmentationRequests,
    pub backbone: BackboneRequests,
    pub compare: CompareRequests,
    pub data: DataRequests,
    pub evaluation: EvaluationRequests,
    pub feature_cache: FeatureCacheRequests,
    pub predict: PredictRequests,
    pub runs: RunRequests,
    pub shootout: ShootoutRequests,
    pub sweep: SweepRequests,
}

impl Graft {
    pub fn new(
        ctx: &egui::Context,
        workers: Box<dyn Workers>,
        paths: AppPaths,
        paths_to_open: &[PathBuf],
    ) -> Self {
        let views = features::view_ids();
        let session = Session::new(workers, paths, &views);
        let settings = &session.settings;
        theme::install(ctx);
        ctx.add_plugin(popups::ClicksBesideMenus::default());
        show_theme(ctx, settings);
        ctx.set_zoom_factor(settings.interface_size);
        // The table of actions has these keys.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        let mut app = Self {
            saver: Saver::new(session.paths.settings.clone(), settings.clone()),
            views: settings
                .views
                .clone()
                .unwrap_or_else(|| settings::default_views(&views)),
            session,
            requests: Requests::default(),
            locals: PanelState::default(),
            question: None,
            after_saving: None,
            files: Files::default(),
            palette: None,
            dialog: None,
            toasts: Toasts::default(),
            notifications: Notifications::new(Arc::new(RealDesktop)),
            narrow_side: None,
            shown_folder: Request::default(),
            first_size: FirstSize::default(),
            had_focus: false,
            exports: Exports::default(),
            networks: NetworkExports::default(),
            rates: RateFinder::default(),
            learning_curves: LearningCurves::default(),
            cuda: CudaInstallation::default(),
            placing: Placing::default(),
            dropped: None,
            slurm: SlurmLocal::default(),
            opening: Opening::default(),
            warnings_open: false,
            example: crate::paths::example(),
            demo_is_there: crate::paths::data()
                .join("elpv")
                .join("labels.csv")
                .is_file(),
            closing: Closing::No,
            repeating: Vec::new(),
            repeating_among: 0,
            frame_times: None,
            commands: Vec::new(),
            held: Vec::new(),
        };
        app.session.ask(Question::Devices);
        app.session.ask(Question::StoredWeights);
        app.session.list_runs();
        for path in paths_to_open {
            match sources::kind(path) {
                // There is no window yet that would wait.
                DroppedKind::Preset => app.session.take_preset(path, preset::load(path)),
                // As if it were dropped on the window.
                _ => app.commands.push(Command::Dropped(path.clone())),
            }
        }
        app.session.state.active = 0;
        if !paths_to_open.is_empty() {
            app.session.show_view(ViewId::DATA);
        }
        app
    }

    /// Pictures that were not there may be when a person comes back to the window.
    fn look_again(&mut self, ctx: &egui::Context) {
        let came_back = ctx.input(|input| input.events.contains(&egui::Event::WindowFocused(true)));
        if came_back && matches!(self.session.state.scan, Scan::Failed(_)) {
            self.carry_out(Command::Rescan, ctx);
        }
    }

    /// What panels are drawn from in this frame.
    pub(in crate::app) fn view_context(&mut self) -> ViewContext<'_> {
        ViewContext::new(&self.session.state, &mut self.locals)
    }

    /// Whether something waits for an answer in front of everything else.
    pub(in crate::app) fn is_modal(&self) -> bool {
        self.question.is_some()
            || self.files.is_open()
            || self.exports.open
            || self.networks.open
            || self.rates.open
            || self.cuda.open
            || self.placing.is_open()
            || self.requests.sweep.slurm_is_open
            || self.dropped.is_some()
            || !self.requests.data.choices.is_empty()
            || self.dialog.is_some()
    }

    /// Whether nothing is open or being typed that Escape is for.
    fn is_escape_free(&self, ctx: &egui::Context) -> bool {
        !self.is_modal()
            && self.palette.is_none()
            && !self.had_focus
            && !egui::Popup::is_any_open(ctx)
    }

    /// What Escape closes where nothing in front is there for it: the list of warnings, then the latest notice.
    fn after_escape(&self, ctx: &egui::Context, out: &mut Vec<Command>) {
        if !ctx.input(|input| input.key_pressed(egui::Key::Escape)) {
            return;
        }
        if self.warnings_open {
            out.push(Command::ToggleWarnings);
        } else if let Some(notice) = self.session.state.notices.last() {
            out.push(Command::DismissNotice(notice.id));
        }
    }

    /// Tells the desktop what has ended, and takes its colours where they are wanted.
    fn follow_desktop(&mut self, ctx: &egui::Context) {
        let settings = &mut self.session.settings;
        if settings.follows_system_theme
            && let Some(theme) = ctx.system_theme()
            && settings.dark != (theme == egui::Theme::Dark)
        {
            settings.dark = theme == egui::Theme::Dark;
            show_theme(ctx, settings);
        }
        let is_in_front = ctx.input(|input| input.viewport().focused.unwrap_or(input.focused));
        let now = Instant::now();
        let ended = (self.notifications).follow(&self.session.state, is_in_front, now);
        if let Some(notification) = ended
            && self.session.settings.notifications
        {
            self.notifications.tell(notification, now);
            if !is_in_front {
                let attention = egui::UserAttentionType::Informational;
                ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(attention));
            }
        }
        self.notifications.poll(now);
        if let Some(outcome) = self.shown_folder.poll()
            && outcome != Ok(true)
            && let Some(folder) = self.shown_folder.key()
        {
            let text = folder.display().to_string();
            self.session.notice(
                NoticeKind::Info,
                "No program of this desktop opens it",
                text,
            );
        }
    }

    /// Brings the views to the front that were asked for.
    fn show_views(&mut self) {
        for view in std::mem::take(&mut self.session.views_to_show) {
            let is_it = |tile: &_| matches!(tile, egui_tiles::Tile::Pane(pane) if *pane == view);
            self.views.make_active(|_, tile| is_it(tile));
        }
    }

    /// Settings as they are now, for the file. `declined`: changes of experiments are not to be kept.
    fn current_settings(&mut self, declined: bool) -> Settings {
        self.session.settings.last_session = self.session.open_experiments(declined);
        Settings {
            recent_presets: self.session.state.recent_presets.clone(),
            recent_pictures: self.session.state.recent_pictures.clone(),
            recent_sweeps: self.session.state.sweep.recent.clone(),
            device: self.session.state.device.clone(),
            hidden_columns: self.session.state.hidden_columns.clone(),
            views: Some(self.views.clone()),
            speeds: self.session.state.speeds.clone(),
            ..self.session.settings.clone()
        }
    }

    fn note_window(&mut self, ctx: &egui::Context) {
        let (size, maximized) = ctx.input(|input| {
            (
                input.viewport().inner_rect.map(|rect| rect.size()),
                input.viewport().maximized,
            )
        });
        self.session.settings.maximized = maximized.unwrap_or(false);
        if let Some(size) = size
            && !self.session.settings.maximized
        {
            let size = size * ctx.zoom_factor();
            self.session.settings.window = [size.x.round(), size.y.round()];
        }
    }

    /// While something trains, how far it is: a desktop shows it where the window is out of sight.
    fn title(&self) -> String {
        if let Some(run) = self.session.state.running() {
            let progress = run.progress.as_ref().filter(|progress| progress.epoch > 0);
            let done = progress.map_or_else(String::new, |progress| {
                format!("{:.0} % · ", 100.0 * run_bar::share(progress))
            });
            let more = match self.session.state.all_running().count() {
                0 | 1 => String::new(),
                runs => format!(" and {} more", runs - 1),
            };
            return format!("{done}{}{more} – Graft", run.called());
        }
        match self.session.state.active_document() {
            Some(document) => {
                let mark = if document.is_changed() { "• " } else { "" };
                let file = document
                    .file
                    .as_deref()
                    .map(|file| format!(" ({})", file_title(file)));
                format!(
                    "{mark}{}{} – Graft",
                    document.experiment.name,
                    file.unwrap_or_default()
                )
            }
            None => "Graft".into(),
        }
    }

    /// Asks for what is needed now and not there.
    fn follow(&mut self, ctx: &egui::Context) {
        self.follow_opening(ctx);
        let (session, requests) = (&mut self.session, &mut self.requests);
        session.follow_scan(ctx);
        requests.data.follow_table(session);
        requests.backbone.follow(session);
        requests.runs.follow_folder(session, ctx);
        requests.runs.drawn.keep_colors_apart(&mut session.state);
        keep_titles(&mut session.state);
        requests.compare.follow_pair(session);
        requests.evaluation.follow(session);
        requests.feature_cache.follow(session, ctx);
        requests.backbone.speeds.measure_next(session, ctx);
        requests.shootout.follow(session, ctx);
        requests.sweep.follow(session, ctx);
        self.show_arrived_runs(ctx);
    }

    /// Lets quitting through, or asks first.
    fn watch_closing(&mut self, ctx: &egui::Context) {
        if ctx.input(|input| input.viewport().close_requested()) && self.closing != Closing::Now {
            if self.must_ask_before_closing() {
                ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
                self.dialog = None;
                self.palette = None;
                if self.closing == Closing::No {
                    self.question = Some(self.quit_confirmation());
                }
            } else {
                self.closing = Closing::Now;
            }
        }
        if self.closing == Closing::Stopping && !self.is_working() {
            self.closing = Closing::Now;
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    /// Whether something is under way that closing has to end first.
    pub(in crate::app) fn is_working(&self) -> bool {
        self.session.state.is_training()
            || self.exports.is_writing()
            || self.networks.is_writing()
            || self.rates.is_working()
            || self.learning_curves.is_working()
            || self.cuda.is_installing()
            || self.placing.is_working()
            || self.requests.predict.is_saving()
            || self.requests.shootout.is_writing()
            || self.requests.sweep.is_writing()
            || self.is_testing_sweep()
    }

    pub(in crate::app) fn must_ask_before_closing(&self) -> bool {
        self.is_working()
            || self.trains_sweep()
            || self.sweep_needs_saving()
            || self
                .session
                .state
                .documents
                .iter()
                .any(Document::is_changed)
    }
}

/// Gives the window the colours of the settings.
pub(in crate::app) fn show_theme(ctx: &egui::Context, settings: &Settings) {
    // What follows the desktop is looked at anew every frame; until the desktop says something, it is what it was.
    ctx.set_theme(if settings.dark {
        egui::Theme::Dark
    } else {
        egui::Theme::Light
    });
}

/// Takes the focus from a field, so that it hands over what was typed when it is drawn next.
fn end_typing(ctx: &egui::Context) {
    ctx.memory_mut(|memory| {
        if let Some(field) = memory.focused() {
            memory.surrender_focus(field);
        }
    });
}

impl eframe::App for Graft {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        if let Some(times) = &mut self.frame_times {
            times.begin();
        }
        self.drain_workers(ctx);
        if let Some(command) = self
            .files
            .poll(ctx, self.session.settings.last_folder.as_deref())
        {
            self.commands.push(command);
        }
        self.exports.poll(&mut self.session, ctx);
        self.networks.poll(&mut self.session, ctx);
        self.rates.poll(&mut self.session);
        self.learning_curves.poll(&mut self.session, ctx);
        self.cuda.poll(&mut self.session);
        self.placing.poll(&mut self.session);
        self.requests.predict.poll(&mut self.session, ctx);
        self.requests.shootout.poll(&mut self.session);
        self.requests.sweep.poll(&mut self.session);
        self.follow_desktop(ctx);
        let commands = std::mem::take(&mut self.commands);
        for command in commands {
            self.carry_out(command, ctx);
        }
        self.forget_abandoned_saving();
        self.session.forget_mended();
        if number_field::refused(ctx).is_none() {
            self.session.has_gone(&Cause::RefusedNumber);
        }
        self.look_again(ctx);
        self.follow(ctx);
        self.show_views();
        self.watch_closing(ctx);
        self.first_size.follow(ctx);
        self.note_window(ctx);
        // A window that closes has been told what is to be saved.
        let settings = self.current_settings(self.closing != Closing::No);
        self.saver.update(settings, ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let mut out = Vec::new();
        if !self.is_modal() {
            for action in shortcuts::pressed(&ctx) {
                if action.is_enabled(&self.session.state) {
                    out.push(action.command());
                }
            }
        }
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        let dropped = dropped.iter().map(|file| file.path().to_path_buf());
        self.take_drops(dropped.collect(), &mut out);
        let is_escape_free = self.is_escape_free(&ctx);
        self.frame_ui(ui, &mut out);
        if is_escape_free {
            self.after_escape(&ctx, &mut out);
        }
        self.had_focus = ctx.memory(|memory| memory.focused().is_some());
        popups::close_after_enter(&ctx);
        let title = self.title();
        if ctx.data_mut(|data| {
            let shown = data.get_temp_mut_or_default::<String>(egui::Id::unique("window title"));
            let changed = *shown != title;
            if changed {
                shown.clone_from(&title);
            }
            changed
        }) {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title));
        }
        self.count_frame(&ctx, &mut out);
        // Requests repeat every frame and need no frame of their own: they are answered at once.
        let (requests, actions): (Vec<_>, Vec<_>) = out.into_iter().partition(Command::is_request);
        for request in gather_requests(requests) {
            self.carry_out(request, &ctx);
        }
        if !actions.is_empty() {
            ctx.request_repaint();
        }
        let (edits, others): (Vec<_>, Vec<_>) = actions.into_iter().partition(Command::is_edit);
        self.commands.extend(edits);
        self.commands.append(&mut self.held);
        // What is being typed is handed over first, in the next frame, so that every action sees it.
        if ctx.text_edit_focused() && others.iter().any(Command::ends_typing) {
            end_typing(&ctx);
            self.held = others;
        } else {
            self.commands.extend(others);
        }
    }

    fn raw_input_hook(&mut self, _ctx: &egui::Context, input: &mut egui::RawInput) {
        if let Some(times) = &self.frame_times {
            times.scroll(input);
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        let settings = self.current_settings(true);
        self.saver.finish(&settings);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
