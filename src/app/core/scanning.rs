//! The scan of the active experiment's pictures: asked for when what it depends on has changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;

use super::request::RequestStep;
use super::session::Session;
use super::state::{Document, NoticeKind, Scan};
use crate::data::{Dataset, SplitIndices};
use crate::experiment::{DataConfig, DataSource, Fit};
use crate::worker::messages::{Failure, Question};

/// A split slider rests for this long before the pictures are split anew.
pub(super) const REST: Duration = Duration::from_millis(350);

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
            && self.data.split.together == other.data.split.together
            && self.base == other.base
    }
}

impl Session {
    /// Asks for the scan of the active experiment's pictures when it is not there.
    pub fn follow_scan(&mut self, ctx: &egui::Context) {
        let Some(document) = self.state.active_document() else {
            if self.scan.key().is_some() {
                self.ask(Question::StopScan);
                self.forget_pictures();
            }
            self.scan.forget();
            self.state.scan = Scan::None;
            return;
        };
        let key = ScanKey::of(document);
        let next_step = self.scan.next_step(&key, Instant::now());
        if next_step == RequestStep::Wait {
            return;
        }
        if key.data.source == DataSource::Unset {
            self.ask(Question::StopScan);
            self.forget_pictures();
            self.state.scan = Scan::None;
            self.scan.ask(key);
            return;
        }
        if self.has_scanned_pictures_of(&key) {
            if let RequestStep::Rest(left) = next_step {
                ctx.request_repaint_after(left);
                return;
            }
        } else {
            self.state.scan = Scan::Running { done: 0, total: 0 };
        }
        self.ask(Question::Scan {
            data: Box::new(key.data.clone()),
            seed: key.seed,
            base: key.base.clone(),
        });
        self.scan.ask(key);
    }

    /// Whether the pictures that are known are those of `key`, however they are split.
    pub fn has_scanned_pictures_of(&self, key: &ScanKey) -> bool {
        let asked = self.scan.key();
        matches!(self.state.scan, Scan::Done { .. })
            && asked.is_some_and(|asked| asked.same_pictures(key))
    }

    /// Files may have been mended: what could not be shown is asked for again.
    pub fn rescan(&mut self) {
        self.state.thumbnails.retain(|_, pixels| pixels.is_ok());
        self.state.preview = None;
        self.pictures_version += 1;
        self.scan.forget();
        self.state.scan = Scan::None;
    }

    pub fn stop_scan(&mut self) {
        self.scan.stop();
        self.ask(Question::StopScan);
    }

    pub fn scan_progress(&mut self, done: usize, total: usize) {
        if matches!(self.state.scan, Scan::Running { .. }) {
            self.state.scan = Scan::Running { done, total };
        }
    }

    pub fn scanned(
        &mut self,
        data: Box<DataConfig>,
        seed: u64,
        result: Result<(Arc<Dataset>, SplitIndices), Failure>,
    ) {
        let is_it = |key: &ScanKey| key.data == *data && key.seed == seed;
        match self.scan.answer(is_it, result) {
            None => {}
            Some(Ok((dataset, split))) => self.take_pictures(data, seed, dataset, split),
            Some(Err(Failure::Stopped)) => {
                self.state.scan = Scan::Failed(
                    "The scan was stopped. Scan again to see classes, samples and problems.".into(),
                );
            }
            Some(Err(failure)) => {
                let reason = failure
                    .text("an error inside Graft ended the scan; the pictures are untouched");
                self.log(NoticeKind::Error, reason.clone());
                self.state.scan = Scan::Failed(reason);
            }
        }
    }

    fn take_pictures(
        &mut self,
        data: Box<DataConfig>,
        seed: u64,
        dataset: Arc<Dataset>,
        split: SplitIndices,
    ) {
        let dataset = match &self.state.scan {
            Scan::Done {
                dataset: before, ..
            } if **before == *dataset => before.clone(),
            _ => {
                self.forget_pictures();
                dataset
            }
        };
        self.state.scan = Scan::Done {
            data,
            seed,
            dataset,
            split: Arc::new(split),
        };
    }

    fn forget_pictures(&mut self) {
        self.state.thumbnails.clear();
        self.state.preview = None;
        self.state.seen = None;
        self.pictures_version += 1;
    }
}
