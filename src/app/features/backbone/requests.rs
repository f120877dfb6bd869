//! What is asked about backbones: layers, published weights, a person's own file, what the untouched network sees.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::speeds::Speeds;
use crate::app::core::request::{Request, RequestStep};
use crate::app::core::session::Session;
use crate::app::core::state::{NoticeKind, Seen, Tree};
use crate::data::PictureSource;
use crate::experiment::{BackboneConfig, WeightsSource};
use crate::models::tree::LayerTree;
use crate::models::weights::Examined;
use crate::models::{catalogue, weights};
use crate::training::pretrained::RankedClass;
use crate::worker::messages::{Failure, Question};

/// What was asked about backbones.
#[derive(Default)]
pub struct BackboneRequests {
    tree: Request<(String, u32), Arc<LayerTree>>,
    /// The picture that the untouched network was shown, and the network.
    seen: Request<SeenKey, Vec<RankedClass>>,
    /// The file of weights that was looked into, for which backbone.
    examined: Request<(BackboneConfig, Option<PathBuf>), Arc<Examined>>,
    pub speeds: Speeds,
}

#[derive(Debug, Clone, PartialEq)]
struct SeenKey {
    pictures_version: u64,
    source: PictureSource,
    backbone: String,
    weights: WeightsSource,
}

impl BackboneRequests {
    /// Asks for the layers of the active experiment's backbone and what is in its file of weights.
    pub fn follow(&mut self, session: &mut Session) {
        let Some(document) = session.state.active_document() else {
            self.tree.forget();
            self.seen.forget();
            self.examined.forget();
            session.state.tree = Tree::None;
            return;
        };
        let backbone = document.experiment.backbone.clone();
        let base = document.base();
        self.follow_tree(session, &backbone);
        self.examine_weights(session, backbone, base);
    }

    fn follow_tree(&mut self, session: &mut Session, backbone: &BackboneConfig) {
        let known = catalogue::find(&backbone.name);
        let size = backbone
            .input_size
            .or_else(|| known.map(|info| weights::input_size(info, backbone)));
        let Some(size) = size else {
            self.tree.forget();
            session.state.tree = Tree::Failed(format!(
                "There is no backbone named “{}”. Choose one in the list.",
                backbone.name
            ));
            return;
        };
        let key = (backbone.name.clone(), size);
        if self.tree.next_step(&key, Instant::now()) != RequestStep::Ask {
            return;
        }
        // The old tree stays while only the size changes: the layers are the same.
        let is_known = self.tree.key().is_some_and(|(name, _)| *name == key.0);
        if !is_known || !matches!(session.state.tree, Tree::Ready(_)) {
            session.state.tree = Tree::Loading;
        }
        session.ask(Question::LayerTree {
            backbone: key.0.clone(),
            input_size: key.1,
        });
        self.tree.ask(key);
    }

    pub fn take_tree(
        &mut self,
        session: &mut Session,
        backbone: &str,
        input_size: u32,
        tree: Result<Arc<LayerTree>, Failure>,
    ) {
        let is_it = |(name, size): &(String, u32)| (name.as_str(), *size) == (backbone, input_size);
        if let Some(tree) = self.tree.answer(is_it, tree) {
            session.state.tree = match tree {
                Ok(tree) => Tree::Ready(tree),
                Err(failure) => Tree::Failed(failure.to_string()),
            };
        }
    }

    /// Looks into a person's own file of weights, once for each choice of it.
    fn examine_weights(
        &mut self,
        session: &mut Session,
        backbone: BackboneConfig,
        base: Option<PathBuf>,
    ) {
        if backbone.weights.file().is_none() {
            return;
        }
        let key = (backbone, base);
        if self.examined.next_step(&key, Instant::now()) == RequestStep::Ask {
            session.ask(Question::ExamineWeights {
                backbone: Box::new(key.0.clone()),
                base: key.1.clone(),
            });
            self.examined.ask(key);
        }
    }

    pub fn weights_examined(
        &mut self,
        session: &mut Session,
        backbone: BackboneConfig,
        result: Result<Arc<Examined>, Failure>,
    ) {
        match self
            .examined
            .answer(|(asked, _)| *asked == backbone, result)
        {
            None => {}
            Some(Ok(examined)) => session.state.examined_weights = Some((backbone, examined)),
            Some(Err(failure)) => session.log(
                NoticeKind::Warning,
                format!("the file of weights can't be looked into: {failure}"),
            ),
        }
    }

    pub fn request_seen(&mut self, session: &mut Session, source: PictureSource) {
        let Some(document) = session.state.active_document() else {
            return;
        };
        let backbone = &document.experiment.backbone;
        let key = SeenKey {
            pictures_version: session.pictures_version,
            source,
            backbone: backbone.name.clone(),
            weights: backbone.weights.clone(),
        };
        if self.seen.next_step(&key, Instant::now()) == RequestStep::Ask {
            let base = document.base();
            session.ask(Question::Classify {
                source: key.source.clone(),
                backbone: key.backbone.clone(),
                weights: key.weights.clone(),
                base,
            });
            self.seen.ask(key);
        }
    }

    pub fn classified(
        &mut self,
        session: &mut Session,
        source: PictureSource,
        backbone: String,
        result: Result<Vec<RankedClass>, Failure>,
    ) {
        let is_it = |key: &SeenKey| key.source == source && key.backbone == backbone;
        let answer = self.seen.answer(is_it, result);
        if let (Some(result), Some(key)) = (answer, self.seen.key()) {
            session.state.seen = Some(Seen {
                weights: key.weights.clone(),
                backbone,
                source,
                result: result.map_err(|failure| failure.to_string()),
            });
        }
    }

    pub fn take_stored_weights(
        &mut self,
        session: &mut Session,
        stored: Result<Vec<(String, String)>, Failure>,
    ) {
        match stored {
            Ok(stored) => session.state.stored_weights = stored.into_iter().collect(),
            Err(failure) => session.log(
                NoticeKind::Warning,
                format!("which weights are on this machine is not known: {failure}"),
            ),
        }
        // Why the network could not be asked may have been a file that is there now.
        let failed = |seen: &Seen| seen.result.is_err();
        if session.state.seen.as_ref().is_some_and(failed) {
            session.state.seen = None;
            self.seen.forget();
        }
    }
}
