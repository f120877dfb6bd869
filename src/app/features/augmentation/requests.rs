//! The previewed picture: asked for once, however often the view requests it.

use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::app::core::request::{Request, RequestStep};
use crate::app::core::session::Session;
use crate::app::core::state::{NoticeKind, Preview, Scan};
use crate::data::{Dataset, Pixels, augment};
use crate::experiment::{Augmentation, Experiment, Fit};
use crate::worker::messages::{AugmentedVersion, Failure, Question};

/// The side of a previewed square, in pixels.
const PREVIEW: u32 = 224;

/// What was asked for the augmentation view.
#[derive(Default)]
pub struct AugmentationRequests {
    preview: Request<PreviewKey, Versions>,
}

/// Pictures that the versions are mixed with in turn.
const PARTNERS: u32 = 5;

/// The picture as it is, and its versions.
type Versions = (Pixels, Vec<AugmentedVersion>);

/// What a preview depends on.
#[derive(Debug, Clone)]
struct PreviewKey {
    pictures_version: u64,
    dataset: Weak<Dataset>,
    index: usize,
    partners: Vec<usize>,
    seed: u64,
    count: u32,
    augmentation: Augmentation,
    fit: Fit,
}

impl PartialEq for PreviewKey {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |key: &Self| {
            (
                key.pictures_version,
                key.index,
                key.seed,
                key.count,
                key.fit,
            )
        };
        self.dataset.ptr_eq(&other.dataset)
            && numbers(self) == numbers(other)
            && self.partners == other.partners
            && self.augmentation == other.augmentation
    }
}

/// Some training pictures other than `index`, drawn anew with `seed`; none where the experiment mixes none.
fn partners(scan: &Scan, experiment: &Experiment, index: usize, seed: u64) -> Vec<usize> {
    let Scan::Done { split, .. } = scan else {
        return Vec::new();
    };
    let train = &split.train;
    if !experiment.augmentation.is_mixing() || train.is_empty() {
        return Vec::new();
    }
    (0..PARTNERS)
        .filter_map(|number| {
            let drawn = augment::seed_for(seed, number, index) % train.len() as u64;
            let partner = train.get(drawn as usize).copied()?;
            (partner != index).then_some(partner)
        })
        .collect()
}

impl AugmentationRequests {
    pub fn request_preview(&mut self, session: &mut Session, index: usize, seed: u64, count: u32) {
        let (Some(document), Some(dataset)) = (
            session.state.active_document(),
            session.state.scan.dataset(),
        ) else {
            return;
        };
        let key = PreviewKey {
            pictures_version: session.pictures_version,
            dataset: Arc::downgrade(dataset),
            index,
            partners: partners(&session.state.scan, &document.experiment, index, seed),
            seed,
            count,
            augmentation: document.experiment.augmentation.clone(),
            fit: document.experiment.data.fit,
        };
        if self.preview.next_step(&key, Instant::now()) != RequestStep::Ask {
            return;
        }
        session.workers.ask(Question::Augment {
            dataset: dataset.clone(),
            index,
            partners: key.partners.clone(),
            augmentation: Box::new(key.augmentation.clone()),
            fit: key.fit,
            side: PREVIEW,
            seed,
            count,
        });
        self.preview.ask(key);
    }

    pub fn augmented(
        &mut self,
        session: &mut Session,
        index: usize,
        augmentation: Augmentation,
        result: Result<Versions, Failure>,
    ) {
        let is_it = |key: &PreviewKey| key.index == index && key.augmentation == augmentation;
        match self.preview.answer(is_it, result) {
            None => {}
            Some(Ok((original, versions))) => {
                session.state.preview = Some(Arc::new(Preview {
                    index,
                    augmentation,
                    original,
                    versions,
                }));
            }
            Some(Err(failure)) => session.log(
                NoticeKind::Warning,
                format!("the augmentation can't be previewed: {failure}"),
            ),
        }
    }
}
