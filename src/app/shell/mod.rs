//! The application: what it holds between frames, and the order of a frame.

pub(in crate::app) mod actions;
pub(in crate::app) mod answers;
pub(in crate::app) mod carry_out;
pub(in crate::app) mod comparing;
pub mod dialogs;
pub(in crate::app) mod drawing;
pub(in crate::app) mod dropped;
pub(in crate::app) mod evaluating;
pub(in crate::app) mod experiments;
pub(in crate::app) mod export_dialog;
pub(in crate::app) mod feature_cache;
pub(in crate::app) mod figures;
pub(in crate::app) mod file_browser;
pub(in crate::app) mod follow;
pub(in crate::app) mod frame;
pub mod frame_times;
pub(in crate::app) mod gallery;
pub(in crate::app) mod logic;
pub(in crate::app) mod logo;
pub(in crate::app) mod middle;
pub(in crate::app) mod notices;
pub(in crate::app) mod palette;
pub(in crate::app) mod previews;
pub(in crate::app) mod queue;
pub(in crate::app) mod resume;
pub(in crate::app) mod run_bar;
pub(in crate::app) mod side;
pub(in crate::app) mod speeds;
pub(in crate::app) mod top_bar;
pub(in crate::app) mod welcome;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::documents::file_title;
use crate::app::core::gallery::gather_wants;
use crate::app::core::settings::{self, Saver, Settings};
use crate::app::core::state::{Cause, Document, DocumentId, NoticeKind, Scan, State};
use crate::app::core::view_id::ViewId;
use crate::app::core::workers::Workers;
use crate::app::features;
use crate::app::shell::dialogs::{Confirmation, Files};
use crate::app::shell::dropped::Dropped;
use crate::app::shell::evaluating::Background;
use crate::app::shell::feature_cache::FeatureQuestions;
use crate::app::shell::figures::Exports;
use crate::app::shell::frame_times::FrameTimes;
use crate::app::shell::palette::Palette;
use crate::app::shell::speeds::Repeats;
use crate::app::ui::panel_state::PanelState;
use crate::app::ui::theme;
use crate::app::ui::view::ViewContext;
use crate::data::{Dataset, PictureSource};
use crate::experiment::{Augmentation, BackboneConfig, DataConfig, DataSource, Fit, WeightsSource};
use crate::models::tree::LayerTree;
use crate::worker::messages::{Question, RunId};

/// Where the window finds and puts files; tests put temporary folders here.
#[derive(Debug, Clone)]
pub struct AppPaths {
    pub runs: PathBuf,
    pub presets: PathBuf,
    pub settings: PathBuf,
}

impl AppPaths {
    /// The person's own.
    pub fn of_user() -> Self {
        Self {
            runs: crate::paths::runs(),
            presets: crate::paths::presets(),
            settings: crate::paths::settings(),
        }
    }
}

/// The window.
pub struct Graft {
    pub state: State,
    pub(in crate::app) workers: Box<dyn Workers>,
    pub(in crate::app) paths: AppPaths,
    pub(in crate::app) settings: Settings,
    saver: Saver,
    pub(in crate::app) views: egui_tiles::Tree<ViewId>,
    pub(in crate::app) locals: PanelState,
    pub(in crate::app) asked: Asked,
    /// A question that must be answered before anything else.
    pub(in crate::app) question: Option<Confirmation>,
    /// What was agreed to and waits for a file name: closing or quitting goes on after the save.
    pub(in crate::app) after_saving: Option<Confirmation>,
    pub(in crate::app) files: Files,
    pub(in crate::app) palette: Option<Palette>,
    pub(in crate::app) exports: Exports,
    /// A picture that was dropped on the window, while it is looked at.
    pub(in crate::app) dropped: Option<Dropped>,
    pub(in crate::app) warnings_open: bool,
    /// Whether the pictures that set-up fetches are on this machine.
    pub(in crate::app) demo_is_there: bool,
    pub(in crate::app) closing: Closing,
    /// Runs that `Compare both ways` queued: the comparison opens when the last has ended.
    pub(in crate::app) pending_pair: Vec<RunId>,
    /// Runs that it found trained already.
    pub(in crate::app) known_pair: Vec<String>,
    /// Documents that wait for an answer, because they were trained before.
    pub(in crate::app) repeating: Vec<usize>,
    pub(in crate::app) evaluating: Background,
    pub(in crate::app) feature_questions: FeatureQuestions,
    pub(in crate::app) next_run: u64,
    pub(in crate::app) next_notice: u64,
    pub(in crate::app) next_color: usize,
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

/// What the assistant was asked last, so that it is asked once.
#[derive(Default)]
pub struct Asked {
    pub scan: Option<ScanKey>,
    /// A changed split waits here until the slider rests.
    pub waiting: Option<(ScanKey, Instant)>,
    pub tree: Option<(String, u32)>,
    /// Pictures that are being recognised, and the experiment that they are for; none for a new one.
    pub pictures: BTreeMap<PathBuf, Option<DocumentId>>,
    /// The table whose first rows are shown, and the preset's folder.
    pub table: Option<(DataSource, Option<PathBuf>)>,
    pub thumbnails: BTreeSet<usize>,
    pub preview: Option<PreviewKey>,
    pub runs: BTreeSet<PathBuf>,
    /// The backbone whose speed is being measured.
    pub speed: Option<String>,
    /// When doubtful speeds may be measured again: not while other programs keep the machine busy.
    pub repeats: Repeats,
    /// Backbones that can't be measured here: they are not asked for again.
    pub unmeasurable: BTreeSet<String>,
    /// The picture that the untouched network was shown, and the network.
    pub seen: Option<(PictureSource, String, WeightsSource)>,
    /// The file of weights that was looked into, and for which backbone.
    pub examined: Option<(BackboneConfig, Option<PathBuf>)>,
    /// When the runs were listed last because of those that train elsewhere.
    pub listed: Option<Instant>,
}

/// What a scan depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanKey {
    pub data: DataConfig,
    pub seed: u64,
    pub base: Option<PathBuf>,
}

impl ScanKey {
    pub fn of(document: &Document) -> Self {
        let mut data = document.experiment.data.clone();
        // How a picture becomes a square changes nothing that a scan finds.
        data.fit = Fit::default();
        Self {
            seed: data.split.seed.unwrap_or(document.experiment.seed),
            data,
            base: document.base(),
        }
    }

    /// Whether both find the same pictures, however they split them.
    pub fn same_pictures(&self, other: &Self) -> bool {
        self.data.source == other.data.source
            && self.data.classes == other.data.classes
            && self.data.exclude == other.data.exclude
            && self.data.split.group == other.data.split.group
            && self.base == other.base
    }
}

/// What a preview depends on.
#[derive(Debug, Clone)]
pub struct PreviewKey {
    pub dataset: std::sync::Weak<Dataset>,
    pub index: usize,
    pub seed: u64,
    pub count: u32,
    pub augmentation: Augmentation,
    pub fit: Fit,
}

impl Graft {
    pub fn new(
        ctx: &egui::Context,
        workers: Box<dyn Workers>,
        paths: AppPaths,
        presets: &[PathBuf],
    ) -> Self {
        let views = features::view_ids();
        let settings = Settings::load(&paths.settings, &views);
        theme::install(ctx);
        ctx.set_theme(if settings.dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        });
        let state = State {
            device: settings.device.clone(),
            recent_presets: settings.recent_presets.clone(),
            recent_pictures: settings.recent_pictures.clone(),
            ..State::default()
        };
        let mut app = Self {
            state,
            workers,
            saver: Saver::new(paths.settings.clone(), settings.clone()),
            views: settings
                .views
                .clone()
                .unwrap_or_else(|| settings::default_views(&views)),
            settings,
            paths,
            locals: PanelState::default(),
            asked: Asked::default(),
            question: None,
            after_saving: None,
            files: Files::default(),
            palette: None,
            exports: Exports::default(),
            dropped: None,
            warnings_open: false,
            demo_is_there: crate::paths::data()
                .join("elpv")
                .join("labels.csv")
                .is_file(),
            closing: Closing::No,
            pending_pair: Vec::new(),
            repeating: Vec::new(),
            known_pair: Vec::new(),
            evaluating: Background::default(),
            feature_questions: FeatureQuestions::default(),
            next_run: 1,
            next_notice: 1,
            next_color: 0,
            frame_times: None,
            commands: Vec::new(),
            held: Vec::new(),
        };
        app.workers.ask(Question::Devices);
        app.workers.ask(Question::StoredWeights);
        app.workers.ask(Question::ListRuns {
            runs: app.paths.runs.clone(),
        });
        for preset in presets {
            app.open_preset(preset);
        }
        app.state.active = 0;
        if !presets.is_empty() {
            app.show_view(ViewId::DATA);
        }
        app
    }

    /// A notice that stays until it is dismissed; the same one stands once.
    pub(in crate::app) fn notice(
        &mut self,
        kind: NoticeKind,
        title: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.notice_about(kind, None, title.into(), text.into());
    }

    /// One that stays until it is dismissed or what it is about has gone.
    pub(in crate::app) fn notice_about(
        &mut self,
        kind: NoticeKind,
        cause: Option<Cause>,
        title: String,
        text: String,
    ) {
        self.log(kind, format!("{title}: {text}"));
        self.state.notices.retain(|notice| {
            let is_about_the_same = cause.is_some() && notice.cause == cause;
            !is_about_the_same && (notice.title != title || notice.text != text)
        });
        let id = self.next_notice;
        self.next_notice += 1;
        self.state.notices.push(crate::app::core::state::Notice {
            id,
            kind,
            title,
            text,
            cause,
        });
    }

    pub(in crate::app) fn error_about(
        &mut self,
        cause: Cause,
        title: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.notice_about(NoticeKind::Error, Some(cause), title.into(), text.into());
    }

    /// What went wrong goes well now, or is no more: an error does not outlive its cause. The log keeps it.
    pub(in crate::app) fn has_gone(&mut self, cause: &Cause) {
        let notices = &mut self.state.notices;
        notices.retain(|notice| notice.cause.as_ref() != Some(cause));
    }

    /// Takes away notices about what the state itself says is mended.
    fn forget_mended(&mut self) {
        let documents = &self.state.documents;
        let mended = |cause: &Cause| match cause {
            Cause::NoDocument => !documents.is_empty(),
            Cause::Saving(id) => !documents.iter().any(|document| document.id == *id),
            Cause::Training(id) => documents
                .iter()
                .find(|document| document.id == *id)
                .is_none_or(|document| {
                    document.problems.is_empty()
                        && document.experiment.data.source != DataSource::Unset
                }),
            _ => false,
        };
        self.state
            .notices
            .retain(|notice| !notice.cause.as_ref().is_some_and(mended));
    }

    /// Pictures that were not there may be when a person comes back to the window.
    fn look_again(&mut self, ctx: &egui::Context) {
        let came_back = ctx.input(|input| input.events.contains(&egui::Event::WindowFocused(true)));
        if came_back && matches!(self.state.scan, Scan::Failed(_)) {
            self.carry_out(Command::Rescan, ctx);
        }
    }

    pub(in crate::app) fn error(&mut self, title: impl Into<String>, text: impl Into<String>) {
        self.notice(NoticeKind::Error, title, text);
    }

    pub(in crate::app) fn show_view(&mut self, view: ViewId) {
        self.views
            .make_active(|_, tile| matches!(tile, egui_tiles::Tile::Pane(pane) if *pane == view));
    }

    /// What panels are drawn from in this frame.
    pub(in crate::app) fn view_context(&mut self) -> ViewContext<'_> {
        ViewContext::new(&self.state, &mut self.locals)
    }

    pub(in crate::app) fn tree(&self) -> Option<&LayerTree> {
        match &self.state.tree {
            crate::app::core::state::Tree::Ready(tree) => Some(tree),
            _ => None,
        }
    }

    /// Settings as they are now, for the file.
    fn current_settings(&self) -> Settings {
        Settings {
            recent_presets: self.state.recent_presets.clone(),
            recent_pictures: self.state.recent_pictures.clone(),
            device: self.state.device.clone(),
            views: Some(self.views.clone()),
            speeds: self.state.speeds.clone(),
            ..self.settings.clone()
        }
    }

    fn note_window(&mut self, ctx: &egui::Context) {
        let (size, maximized) = ctx.input(|input| {
            (
                input.viewport().inner_rect.map(|rect| rect.size()),
                input.viewport().maximized,
            )
        });
        self.settings.maximized = maximized.unwrap_or(false);
        if let Some(size) = size
            && !self.settings.maximized
        {
            self.settings.window = [size.x.round(), size.y.round()];
        }
    }

    fn title(&self) -> String {
        match self.state.active_document() {
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

    /// Lets quitting through, or asks first.
    fn watch_closing(&mut self, ctx: &egui::Context) {
        if ctx.input(|input| input.viewport().close_requested()) && self.closing != Closing::Now {
            if self.must_ask_before_closing() {
                ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
                if self.closing == Closing::No {
                    self.question = Some(Confirmation::Quit);
                }
            } else {
                self.closing = Closing::Now;
            }
        }
        if self.closing == Closing::Stopping && !self.state.is_training() {
            self.closing = Closing::Now;
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    pub(in crate::app) fn must_ask_before_closing(&self) -> bool {
        self.state.is_training() || self.state.documents.iter().any(Document::is_changed)
    }
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
        if let Some(command) = self.files.poll(ctx, self.settings.last_folder.as_deref()) {
            self.commands.push(command);
        }
        self.poll_exports(ctx);
        let commands = std::mem::take(&mut self.commands);
        for command in commands {
            self.carry_out(command, ctx);
        }
        self.forget_abandoned_saving();
        self.forget_mended();
        self.look_again(ctx);
        self.follow_active_document(ctx);
        self.follow_other_processes(ctx);
        self.follow_pair();
        self.follow_evaluation(ctx);
        self.follow_features(ctx);
        self.measure_next_backbone(ctx);
        self.watch_closing(ctx);
        self.note_window(ctx);
        let settings = self.current_settings();
        self.saver.update(settings, ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let mut out = Vec::new();
        let is_modal = self.question.is_some()
            || self.files.is_open()
            || self.exports.open
            || self.dropped.is_some();
        if !is_modal {
            for action in actions::pressed(&ctx) {
                if action.is_enabled(&self.state) {
                    out.push(action.command(&self.state));
                }
            }
        }
        for file in ctx.input(|input| input.raw.dropped_files.clone()) {
            out.push(Command::Dropped(file.path().to_path_buf()));
        }
        self.frame_ui(ui, &mut out);
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
        // Wants repeat every frame and need no frame of their own: they are answered at once.
        let (wants, deeds): (Vec<_>, Vec<_>) = out.into_iter().partition(Command::is_want);
        for want in gather_wants(wants) {
            self.carry_out(want, &ctx);
        }
        if !deeds.is_empty() {
            ctx.request_repaint();
        }
        let (edits, others): (Vec<_>, Vec<_>) = deeds.into_iter().partition(Command::is_edit);
        self.commands.extend(edits);
        self.commands.append(&mut self.held);
        // What is being typed is handed over first, in the next frame, so that every deed sees it.
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
        let settings = self.current_settings();
        self.saver.finish(&settings);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
