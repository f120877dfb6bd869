//! What is asked of sweeps.

use eframe::egui;

use super::dialogs::{Confirmation, Purpose};
use crate::app::core::command::{Command, GalleryFilter};
use crate::app::core::sweep::{OpenSweep, SlurmAction, SweepAction, SweepPurpose, Testing};
use crate::app::core::view_id::ViewId;
use crate::app::features::gallery;
use crate::app::features::sweep::requests::AfterSaving;
use crate::app::features::sweep::slurm::modal_ui;
use crate::app::shell::Graft;
use crate::data::Split;
use crate::report::sweep::{SettingTexts, setting_name};
use crate::sweep::CellState;

impl Graft {
    pub(in crate::app) fn sweep(&mut self, action: SweepAction, ctx: &egui::Context) {
        let (session, sweep) = (&mut self.session, &mut self.requests.sweep);
        match action {
            SweepAction::New => self.replace_sweep(AfterSweep::New),
            SweepAction::Open(path) => self.replace_sweep(AfterSweep::Open(path)),
            SweepAction::OpenShipped(name) => self.replace_sweep(AfterSweep::OpenShipped(name)),
            SweepAction::Close => self.replace_sweep(AfterSweep::Close),
            SweepAction::CloseSurely => sweep.close(session),
            SweepAction::OpenDialog => self.ask_of_sweep(SweepPurpose::Open, ctx),
            SweepAction::Edit { draft, merge } => sweep.edit(session, *draft, &merge),
            SweepAction::Rename(name) => sweep.rename(session, name),
            SweepAction::Undo => sweep.undo(session),
            SweepAction::Redo => sweep.redo(session),
            SweepAction::Save => {
                if sweep.has_file(session) {
                    sweep.save(session);
                } else {
                    self.ask_of_sweep(SweepPurpose::Save, ctx);
                }
            }
            SweepAction::SaveAsDialog => self.ask_of_sweep(SweepPurpose::Save, ctx),
            SweepAction::SaveAs(path) => {
                if sweep.save_as(session, &path) {
                    self.go_on_after_saving_sweep(ctx);
                }
            }
            SweepAction::BaseDialog => self.ask_of_sweep(SweepPurpose::Base, ctx),
            SweepAction::UseBase(path) => sweep.use_base(session, &path),
            SweepAction::UseActiveAsBase => sweep.use_active_as_base(session),
            SweepAction::UseShippedBase(name) => sweep.use_shipped_base(session, name),
            SweepAction::DataDialog { is_table } => {
                self.ask_of_sweep(SweepPurpose::Data { is_table }, ctx);
            }
            SweepAction::UseData(data) => sweep.change_places(session, |places| places.data = data),
            SweepAction::OutDialog => self.ask_of_sweep(SweepPurpose::Out, ctx),
            SweepAction::UseOut(out) => sweep.change_places(session, |places| places.out = out),
            SweepAction::UseAllCards(all) => {
                sweep.change_places(session, |places| places.all_cards = all);
            }
            SweepAction::Follow => sweep.view_is_shown(),
            SweepAction::Start { again } => {
                if !sweep.start(session, again) {
                    sweep.after_saving = Some(AfterSaving::Start { again });
                    self.ask_of_sweep(SweepPurpose::Save, ctx);
                }
            }
            SweepAction::Stop => sweep.stop(session),
            SweepAction::OpenCell { folder, view } => {
                self.requests
                    .runs
                    .show_elsewhere(session, vec![folder], view);
            }
            SweepAction::ShowCurves(folders) => {
                let runs = &mut self.requests.runs;
                runs.show_elsewhere(session, folders, ViewId::CURVES);
            }
            SweepAction::ExperimentOfCell(cell) => sweep.experiment_of_cell(session, cell),
            SweepAction::TestBest => {
                let open = session.state.sweep.open.as_deref();
                let cell = open.and_then(best_cell);
                self.question = cell.map(|cell| Confirmation::TestSweep { cell });
            }
            SweepAction::ExportDialog => self.ask_of_sweep(SweepPurpose::Export, ctx),
            SweepAction::Export(folder) => sweep.export(session, folder, ctx),
            SweepAction::Slurm(action) => {
                if !sweep.slurm(session, action) {
                    sweep.after_saving = Some(AfterSaving::Slurm);
                    self.ask_of_sweep(SweepPurpose::Save, ctx);
                }
            }
        }
    }

    fn ask_of_sweep(&mut self, purpose: SweepPurpose, ctx: &egui::Context) {
        let session = &self.session;
        let open = session.state.sweep.open.as_deref();
        let file = open.and_then(|open| open.document.file.as_deref());
        let beside = file.and_then(|file| file.parent()).map(ToOwned::to_owned);
        let folder = match purpose {
            SweepPurpose::Data { .. } => session.pictures_folder(),
            SweepPurpose::Out => open.map(|open| open.out(&session.state.runs_folder)),
            SweepPurpose::Export => session.settings.last_figures.clone().or(beside),
            _ => beside.or_else(|| session.preset_folder()),
        };
        let name = open.map_or_else(String::new, |open| open.document.proposed_name());
        self.files
            .ask(Purpose::Sweep { purpose, name }, folder, ctx);
    }

    /// Does something after which the open sweep is not open any more; asks first where it is not saved.
    fn replace_sweep(&mut self, then: AfterSweep) {
        let open = self.session.state.sweep.open.as_deref();
        if open.is_some_and(|open| open.document.needs_saving()) {
            self.question = Some(Confirmation::CloseSweep(then));
            return;
        }
        self.after_sweep(then);
    }

    /// Goes on without the sweep that was open.
    pub(in crate::app) fn after_sweep(&mut self, then: AfterSweep) {
        let (session, sweep) = (&mut self.session, &mut self.requests.sweep);
        match then {
            AfterSweep::Close => sweep.close(session),
            AfterSweep::New => {
                sweep.close(session);
                sweep.new_sweep(session);
            }
            // It closes when the other one has been read.
            AfterSweep::Open(path) => sweep.open(session, path),
            AfterSweep::OpenShipped(name) => {
                sweep.close(session);
                sweep.open_shipped(session, name);
            }
        }
    }

    /// What waited for the sweep to have a file.
    fn go_on_after_saving_sweep(&mut self, ctx: &egui::Context) {
        if let Some(question) = self.after_saving.take() {
            self.go_on_saving(question, ctx);
        }
        match self.requests.sweep.after_saving.take() {
            Some(AfterSaving::Start { again }) => {
                self.sweep(SweepAction::Start { again }, ctx);
            }
            Some(AfterSaving::Slurm) => {
                self.sweep(SweepAction::Slurm(SlurmAction::Show), ctx);
            }
            None => {}
        }
    }

    /// Runs of the sweep that are listed now are shown where that was asked for.
    pub(in crate::app) fn show_arrived_runs(&mut self, ctx: &egui::Context) {
        for (id, view) in self.requests.runs.arrived(&mut self.session) {
            let state = &mut self.session.state;
            let run = state.runs.iter().find(|run| run.id == id);
            let summary = run.and_then(|run| run.summary.as_ref());
            let is_withheld = summary.is_some_and(|summary| summary.test_is_withheld);
            if is_withheld && view != ViewId::CURVES {
                state.shown_split = Some(Split::Validation);
            }
            if view == ViewId::GALLERY {
                let filter = GalleryFilter {
                    run: Some(id),
                    split: is_withheld.then_some(Split::Validation),
                    ..GalleryFilter::default()
                };
                gallery::requests::show(&mut self.session, filter);
            } else {
                self.session.show_view(view);
            }
            ctx.request_repaint();
        }
    }

    /// What is asked before a sweep is closed or tested, or the window is closed that trains it: title, lines, and what the two
    /// buttons say.
    pub(in crate::app) fn sweep_question(
        &self,
        question: &Confirmation,
    ) -> (
        &'static str,
        Vec<String>,
        Option<&'static str>,
        &'static str,
    ) {
        let open = self.session.state.sweep.open.as_deref();
        let name = open.map_or("", |open| open.document.draft.sweep.name.as_str());
        match question {
            Confirmation::TestSweep { cell } => {
                let was_tested = open
                    .and_then(|open| open.current_status())
                    .is_some_and(|status| !status.tested.is_empty());
                let mut lines: Vec<String> =
                    open.map_or_else(Vec::new, |open| chosen_setting(open, cell));
                lines.push(
                    "Its runs are tested on the test pictures, which nothing of the sweep has looked at so far. Their results say how good it is, as long as they decide nothing: test it only where it is the setting that you mean to keep."
                        .to_owned(),
                );
                if was_tested {
                    lines.push(
                        "The test pictures were looked at before for this sweep. Choosing between settings by their test results makes the better one look better than it is."
                            .to_owned(),
                    );
                }
                ("Look at the test pictures?", lines, None, "Test it")
            }
            Confirmation::QuitWithSweep => (
                "The sweep is being trained",
                vec![format!(
                    "“{name}” is trained by a process of its own. It can go on without this window; open the sweep again to watch it. Or it stops within one batch, and goes on from there later."
                )],
                Some("Let it go on"),
                "Stop it",
            ),
            _ => (
                "Close this sweep?",
                vec![format!("“{name}” has changes that are not saved.")],
                Some("Save"),
                "Close without saving",
            ),
        }
    }

    /// What is asked first when the window is to be closed.
    pub(in crate::app) fn quit_confirmation(&self) -> Confirmation {
        match self.trains_sweep() {
            true => Confirmation::QuitWithSweep,
            false => Confirmation::Quit,
        }
    }

    /// The training goes on without the window, or stops; then the window is closed as if nothing of it were trained.
    pub(in crate::app) fn quit_with_sweep(&mut self, stay: bool) {
        let (session, sweep) = (&mut self.session, &mut self.requests.sweep);
        match stay {
            true => sweep.let_go(session),
            false => sweep.stop_for_good(session),
        }
        self.commands.push(Command::Quit);
    }

    /// The sweep's name, where closing the window would lose changes of it.
    pub(in crate::app) fn unsaved_sweep(&self) -> Option<String> {
        let open = self.session.state.sweep.open.as_deref()?;
        let name = format!("“{}”", open.document.draft.sweep.name);
        open.document.needs_saving().then_some(name)
    }

    /// Saves the sweep, where it has changes; whether whoever waits can go on. One without a file is asked for its name first.
    pub(in crate::app) fn save_changed_sweep(
        &mut self,
        question: &Confirmation,
        ctx: &egui::Context,
    ) -> bool {
        if !self.sweep_needs_saving() {
            return true;
        }
        if self.requests.sweep.has_file(&self.session) {
            return self.requests.sweep.save(&mut self.session);
        }
        self.after_saving = Some(question.clone());
        self.commands
            .push(Command::Sweep(SweepAction::SaveAsDialog));
        ctx.request_repaint();
        false
    }

    /// The dialog of Slurm.
    pub(in crate::app) fn slurm_ui(&mut self, ctx: &egui::Context, out: &mut Vec<Command>) {
        let open = self.session.state.sweep.open.as_deref();
        let Some(open) = open.filter(|_| self.requests.sweep.slurm_is_open) else {
            return;
        };
        let has_failed = open.current_status().is_some_and(|status| {
            let mut cells = status.cells.iter();
            cells.any(|cell| matches!(cell.state, CellState::Failed(_)))
        });
        if !modal_ui(ctx, &open.slurm, has_failed, &mut self.slurm, out) {
            self.requests.sweep.slurm_is_open = false;
        }
    }

    /// Whether a sweep is tested now, which closing would cut short.
    pub(in crate::app) fn is_testing_sweep(&self) -> bool {
        let open = self.session.state.sweep.open.as_deref();
        open.is_some_and(|open| open.testing == Testing::Running)
    }

    /// Whether this window trains a sweep.
    pub(in crate::app) fn trains_sweep(&self) -> bool {
        let open = self.session.state.sweep.open.as_deref();
        open.is_some_and(|open| open.training.is_live())
    }

    /// Whether the sweep has changes that its file does not hold.
    pub(in crate::app) fn sweep_needs_saving(&self) -> bool {
        let open = self.session.state.sweep.open.as_deref();
        open.is_some_and(|open| open.document.needs_saving())
    }
}

/// Runs that are named one by one.
const MOST_NAMED: usize = 3;

/// The name of the first cell of the setting that is the best one now.
fn best_cell(open: &OpenSweep) -> Option<String> {
    let status = open.current_status()?;
    let index = status.plan.of_group(status.results.best?).next()?;
    Some(status.plan.cells.get(index)?.name.clone())
}

/// The values of the setting that a cell belongs to, and what its runs are called; that another one has become the best, where
/// cells came to their end while a person was asked.
fn chosen_setting(open: &OpenSweep, cell: &str) -> Vec<String> {
    let Some(status) = open.current_status() else {
        return Vec::new();
    };
    let plan = &status.plan;
    let Some(chosen) = plan.cells.iter().find(|known| known.name == cell) else {
        return Vec::new();
    };
    let texts = SettingTexts::of(plan);
    let setting = setting_name(plan, &texts, chosen.group);
    let runs = (plan.of_group(chosen.group)).filter_map(|index| plan.cells.get(index));
    let runs: Vec<String> = runs.map(|cell| format!("“{}”", cell.name)).collect();
    let named = runs.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>();
    let more = match runs.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = if runs.len() == 1 {
        "Its run"
    } else {
        "Its runs"
    };
    let now = status.results.best.filter(|best| *best != chosen.group);
    let title = match now {
        None => "The best setting",
        Some(_) => "The setting that was the best one",
    };
    let mut lines = vec![format!(
        "{title}: {setting}. {what}: {}{more}.",
        named.join(", ")
    )];
    if let Some(best) = now {
        lines.push(format!(
            "Cells have come to their end meanwhile, and another setting is the best one now: {}. It is not the one that is tested here; cancel to choose again.",
            setting_name(plan, &texts, best)
        ));
    }
    lines
}

/// What follows when a sweep is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterSweep {
    Close,
    New,
    Open(std::path::PathBuf),
    OpenShipped(&'static str),
}
