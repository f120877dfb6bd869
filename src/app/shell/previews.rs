//! Pictures that views show: asked for once, however often a view says that it wants them.

use crate::app::core::state::Scan;
use crate::app::shell::{Graft, PreviewKey};
use crate::data::PictureSource;
use crate::worker::messages::Question;

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 192;
/// The side of a previewed square, in pixels.
const PREVIEW: u32 = 224;

impl Graft {
    pub(in crate::app) fn want_thumbnails(&mut self, indices: &[usize]) {
        let Scan::Done { dataset, .. } = &self.state.scan else {
            return;
        };
        for &index in indices {
            if index < dataset.pictures.len()
                && !self.state.thumbnails.contains_key(&index)
                && self.asked.thumbnails.insert(index)
            {
                self.workers.ask(Question::Thumbnail {
                    dataset: dataset.clone(),
                    index,
                    side: THUMBNAIL,
                });
            }
        }
    }

    pub(in crate::app) fn want_seen(&mut self, source: PictureSource) {
        let Some(document) = self.state.active_document() else {
            return;
        };
        let backbone = &document.experiment.backbone;
        let wanted = (source, backbone.name.clone(), backbone.weights.clone());
        if self.asked.seen.as_ref() == Some(&wanted) {
            return;
        }
        self.workers.ask(Question::Classify {
            source: wanted.0.clone(),
            backbone: backbone.name.clone(),
            weights: backbone.weights.clone(),
            base: document.base(),
        });
        self.asked.seen = Some(wanted);
    }

    pub(in crate::app) fn want_preview(&mut self, index: usize, seed: u64, count: u32) {
        let Scan::Done { dataset, .. } = &self.state.scan else {
            return;
        };
        let Some(document) = self.state.active_document() else {
            return;
        };
        let key = PreviewKey {
            dataset: std::sync::Arc::downgrade(dataset),
            index,
            seed,
            count,
            augmentation: document.experiment.augmentation.clone(),
            fit: document.experiment.data.fit,
        };
        if self
            .asked
            .preview
            .as_ref()
            .is_some_and(|asked| asked.is(&key))
        {
            return;
        }
        self.workers.ask(Question::Augment {
            dataset: dataset.clone(),
            index,
            augmentation: Box::new(key.augmentation.clone()),
            fit: key.fit,
            side: PREVIEW,
            seed,
            count,
        });
        self.asked.preview = Some(key);
    }
}

impl PreviewKey {
    fn is(&self, other: &Self) -> bool {
        self.dataset.ptr_eq(&other.dataset)
            && (self.index, self.seed, self.count, self.fit)
                == (other.index, other.seed, other.count, other.fit)
            && self.augmentation == other.augmentation
    }
}
