//! A run as whoever uses its network elsewhere must know it: classes, pictures, decision, licence, figures.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::ExportError;
use crate::data::square::SquareSpec;
use crate::evaluation::novelty::{NoveltyLimit, USUAL_RATE};
use crate::evaluation::{Decision, Score};
use crate::experiment::Experiment;
use crate::models::WeightsInfo;
use crate::models::origin::Origin;
use crate::runs::novelty::{self, Kept};
use crate::runs::{StoredRun, answers, listing, store};
use crate::training;

/// What is said of a run in every file that it is exported to.
#[derive(Debug, Clone)]
pub struct Described {
    /// What the run is called beside others.
    pub name: String,
    pub run: StoredRun,
    /// SHA-256 of its weights, where they can be read.
    pub checkpoint: Option<String>,
    pub experiment: Experiment,
    /// Whose mean and deviation pictures are normalised with.
    pub pretrained: WeightsInfo,
    /// How a picture becomes the network's square.
    pub square: SquareSpec,
    pub origin: Origin,
    pub decision: Decision,
    /// What tells pictures that are none of the classes; nothing where the run's folder does not hold it.
    pub novelty: Option<NoneOfThese>,
}

/// From when on a picture is none of a run's classes.
#[derive(Debug, Clone)]
pub struct NoneOfThese {
    pub limit: NoveltyLimit,
    /// The share of the run's own test pictures that is refused.
    pub refused: Option<Score>,
    /// For files that hold pairs of texts.
    pub pairs: BTreeMap<String, String>,
}

impl NoneOfThese {
    /// As it stands in the run's folder, at the usual rate of false alarms.
    fn stored(folder: &Path, checkpoint: Option<&str>) -> Option<Self> {
        let checkpoint = || Ok(checkpoint.map(str::to_owned));
        let Ok(Kept::Current(known)) = novelty::read_known(folder, checkpoint) else {
            return None;
        };
        let limit = known.limit(USUAL_RATE)?;
        Some(Self {
            refused: known.refused(&limit),
            pairs: known.description(&limit),
            limit,
        })
    }
}

impl Described {
    /// Reads the run in `folder`.
    ///
    /// # Errors
    /// Naming the file that is missing or broken.
    pub fn open(folder: &Path, decision: Decision) -> Result<Self, ExportError> {
        let run = store::open(folder)?;
        let experiment = store::experiment(folder)?;
        let names = listing::names_among_all(std::slice::from_ref(&run.folder));
        let name = names
            .into_iter()
            .next()
            .unwrap_or_else(|| run.summary.experiment.clone());
        Self::of(name, run, experiment, decision)
    }

    /// A run that has been read, and what it is called beside others.
    ///
    /// # Errors
    /// When the experiment names a backbone or weights that there are not.
    pub fn of(
        name: String,
        run: StoredRun,
        experiment: Experiment,
        decision: Decision,
    ) -> Result<Self, ExportError> {
        let (pretrained, square) = training::preparation(&experiment)?;
        let origin = Origin::of(&experiment.backbone).map_err(training::TrainingError::from)?;
        // Nothing is said of weights that can't be read, nor of what goes with them.
        let checkpoint = answers::checkpoint(&run.folder);
        let novelty = checkpoint
            .as_ref()
            .ok()
            .and_then(|checkpoint| NoneOfThese::stored(&run.folder, checkpoint.as_deref()));
        Ok(Self {
            name,
            run,
            checkpoint: checkpoint.ok().flatten(),
            experiment,
            pretrained,
            square,
            origin,
            decision,
            novelty,
        })
    }

    /// What an exported network does not tell, in whole sentences.
    pub fn without_novelty(&self) -> String {
        let begins = "The exported network gives one of its classes to every picture, also to one that is like none of them.";
        match &self.novelty {
            Some(_) => format!(
                "{begins} Only Graft answers “none of these”: another program needs the training pictures’ features, which \
                 stand in {} in the run’s folder, and the rule, which stands in the metadata of what was exported.",
                novelty::FILE
            ),
            None => format!("{begins} This run holds nothing that tells such pictures."),
        }
    }

    pub fn classes(&self) -> &[String] {
        &self.run.summary.classes
    }

    /// For files that hold pairs of texts. Whatever has parts is JSON.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let summary = &self.run.summary;
        let square = &self.square;
        let mut pairs = BTreeMap::from(
            [
                ("producer", format!("Graft {}", env!("CARGO_PKG_VERSION"))),
                ("run", summary.id.clone()),
                ("name", self.name.clone()),
                ("classes", text(&self.classes())),
                ("backbone", self.experiment.backbone.name.clone()),
                ("head", text(&self.experiment.head)),
                (
                    "preprocessing",
                    text(&json!({
                        "fit": self.experiment.data.fit,
                        "resize": square.resize,
                        "side": square.side,
                        "interpolation": format!("{:?}", square.interpolation).to_lowercase(),
                        "background": square.background,
                        "mean": self.pretrained.mean,
                        "std": self.pretrained.std,
                    })),
                ),
                ("decision", text(&self.decision)),
                ("weights", self.origin.weights.clone()),
                ("licence", self.origin.licence.clone()),
                ("none_of_these", self.without_novelty()),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        let more = [
            ("licence_restriction", self.origin.restriction.clone()),
            ("test", summary.test.as_ref().map(text)),
        ];
        for (key, value) in more {
            if let Some(value) = value {
                pairs.insert(key.to_owned(), value);
            }
        }
        pairs.extend(
            self.novelty
                .iter()
                .flat_map(|novelty| novelty.pairs.clone()),
        );
        pairs
    }
}

/// As JSON, which plain data always has.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
