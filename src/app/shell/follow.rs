//! What the active experiment, and runs that train elsewhere, need is asked for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::state::{RecordState, Scan, Tree};
use crate::app::shell::{Asked, Graft, ScanKey};
use crate::experiment::{BackboneConfig, DataSource};
use crate::models::{catalogue, weights};
use crate::worker::messages::Question;

/// A split slider rests for this long before the pictures are split anew.
const REST: Duration = Duration::from_millis(350);
/// How often a run that trains elsewhere is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Graft {
    /// Looks after runs that train elsewhere now and then: nobody tells of them.
    pub(in crate::app) fn follow_other_processes(&mut self, ctx: &egui::Context) {
        let any = self
            .state
            .runs
            .iter()
            .any(|record| record.state == RecordState::Elsewhere);
        if !any {
            return;
        }
        let is_due = self
            .asked
            .listed
            .is_none_or(|listed| listed.elapsed() >= LOOK_AGAIN);
        if is_due {
            self.asked.listed = Some(Instant::now());
            self.workers.ask(Question::ListRuns {
                runs: self.paths.runs.clone(),
            });
        }
        ctx.request_repaint_after(LOOK_AGAIN);
    }

    /// Asks for what the active experiment needs and is not there: a scan, the layer tree.
    pub(in crate::app) fn follow_active_document(&mut self, ctx: &egui::Context) {
        let Some(document) = self.state.active_document() else {
            if self.asked.scan.is_some() {
                self.workers.ask(Question::StopScan);
                self.forget_pictures();
            }
            self.asked = Asked {
                runs: std::mem::take(&mut self.asked.runs),
                pictures: std::mem::take(&mut self.asked.pictures),
                listed: self.asked.listed,
                speed: self.asked.speed.take(),
                repeats: std::mem::take(&mut self.asked.repeats),
                unmeasurable: std::mem::take(&mut self.asked.unmeasurable),
                ..Asked::default()
            };
            self.state.scan = Scan::None;
            self.state.tree = Tree::None;
            return;
        };
        let key = ScanKey::of(document);
        let source = &key.data.source;
        let table =
            matches!(source, DataSource::Table { .. }).then(|| (source.clone(), key.base.clone()));
        let backbone = document.experiment.backbone.clone();
        let base = document.base();
        if self.asked.scan.as_ref() == Some(&key) {
            self.asked.waiting = None;
        } else {
            self.ask_scan(key, ctx);
        }
        self.ask_table(table);
        self.examine_weights(&backbone, base);
        let known = catalogue::find(&backbone.name);
        let size = backbone
            .input_size
            .or_else(|| known.map(|info| weights::input_size(info, &backbone)));
        match size {
            Some(size) => {
                let wanted = (backbone.name, size);
                if self.asked.tree.as_ref() != Some(&wanted) {
                    // The old tree stays while only the size changes: the layers are the same.
                    if self
                        .asked
                        .tree
                        .as_ref()
                        .is_none_or(|(name, _)| *name != wanted.0)
                        || self.tree().is_none()
                    {
                        self.state.tree = Tree::Loading;
                    }
                    self.workers.ask(Question::LayerTree {
                        backbone: wanted.0.clone(),
                        input_size: wanted.1,
                    });
                    self.asked.tree = Some(wanted);
                }
            }
            None => {
                self.asked.tree = None;
                self.state.tree = Tree::Failed(format!(
                    "There is no backbone named “{}”. Choose one in the list.",
                    backbone.name
                ));
            }
        }
    }

    /// Asks for the first rows of the table that the active experiment names.
    fn ask_table(&mut self, table: Option<(DataSource, Option<PathBuf>)>) {
        if self.asked.table == table {
            return;
        }
        match &table {
            Some((source, base)) => self.workers.ask(Question::PreviewTable {
                source: source.clone(),
                base: base.clone(),
            }),
            None => self.state.table = None,
        }
        self.asked.table = table;
    }

    pub(in crate::app) fn ask_scan(&mut self, key: ScanKey, ctx: &egui::Context) {
        if key.data.source == DataSource::Unset {
            self.workers.ask(Question::StopScan);
            self.forget_pictures();
            self.state.scan = Scan::None;
            self.asked.scan = Some(key);
            return;
        }
        let same_pictures = matches!(self.state.scan, Scan::Done { .. })
            && self
                .asked
                .scan
                .as_ref()
                .is_some_and(|asked| asked.same_pictures(&key));
        if same_pictures {
            match &self.asked.waiting {
                Some((waiting, since)) if *waiting == key => {
                    if since.elapsed() < REST {
                        ctx.request_repaint_after(REST);
                        return;
                    }
                }
                _ => {
                    self.asked.waiting = Some((key, Instant::now()));
                    ctx.request_repaint_after(REST);
                    return;
                }
            }
        } else {
            self.state.scan = Scan::Running { done: 0, total: 0 };
        }
        self.asked.waiting = None;
        self.workers.ask(Question::Scan {
            data: Box::new(key.data.clone()),
            seed: key.seed,
            base: key.base.clone(),
        });
        self.asked.scan = Some(key);
    }

    /// Looks into a person's own file of weights, once for each choice of it.
    fn examine_weights(&mut self, backbone: &BackboneConfig, base: Option<PathBuf>) {
        let wanted = Some((backbone.clone(), base.clone()));
        if backbone.weights.file().is_none() || self.asked.examined == wanted {
            return;
        }
        self.asked.examined = wanted;
        self.workers.ask(Question::ExamineWeights {
            backbone: Box::new(backbone.clone()),
            base,
        });
    }

    /// Opens a run's metrics when they are needed for the first time.
    pub(in crate::app) fn load_run(&mut self, folder: &Path) {
        if self.asked.runs.insert(folder.to_path_buf()) {
            self.workers.ask(Question::OpenRun {
                folder: folder.to_path_buf(),
            });
        }
    }
}
