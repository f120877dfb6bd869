//! What the number of pictures and their likeness to ImageNet's say about how to train: the usual
//! table of transfer learning (Stanford's course notes CS231n, “Transfer Learning”, and the Keras guide),
//! each sentence with its reason and the change that follows it.

use super::{Experiment, FreezePlan, HeadLayer, LayerRates, Phase, Schedule};

/// Up to here, only a new head learns.
pub const FEW_PICTURES: usize = 10_000;
/// Up to here, the top of the backbone learns too; above, all of it.
pub const MANY_PICTURES: usize = 100_000;

const HEAD_RATE: f64 = 1e-3;
const TOP_RATE: f64 = 1e-4;
const ALL_RATE: f64 = 1e-5;
/// Layers that learn at the top of the backbone when it is fine-tuned, counted as Keras does.
pub const TOP_LAYERS: usize = 20;

/// Whether the pictures are of the kind that the backbone was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Similarity {
    /// Photographs of things, as in ImageNet.
    #[default]
    Photographs,
    /// X-rays, microscopy, drawings, satellite pictures: what ImageNet does not show.
    Other,
}

/// What learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    FeatureExtraction,
    TopLayers,
    AllLayers,
}

/// One piece of advice that an experiment does not follow yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// What to do, in a few words.
    pub title: String,
    /// Why, in a sentence.
    pub reason: String,
    change: Change,
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    Strategy(Strategy),
    /// Of a phase: its new rate.
    Rate(usize, f64),
    /// Of a layer of the head: its new share.
    Dropout(usize, f64),
    /// Before the output.
    AddDropout(f64),
}

impl Strategy {
    /// What the table says for `pictures` to train on.
    ///
    /// Pictures unlike ImageNet's are served one row earlier by learning more of the backbone: its last
    /// layers know things that such pictures do not show.
    pub fn for_pictures(pictures: usize, similarity: Similarity) -> Self {
        let few = match similarity {
            Similarity::Photographs => FEW_PICTURES,
            Similarity::Other => FEW_PICTURES / 10,
        };
        match pictures {
            pictures if pictures < few => Self::FeatureExtraction,
            pictures if pictures < MANY_PICTURES => Self::TopLayers,
            _ => Self::AllLayers,
        }
    }

    /// What the last phase of `experiment` lets learn.
    pub fn of(experiment: &Experiment) -> Self {
        let frees = |plan: &FreezePlan| match plan {
            FreezePlan::Backbone | FreezePlan::AllButLast(0) => Self::FeatureExtraction,
            FreezePlan::Nothing => Self::AllLayers,
            _ => Self::TopLayers,
        };
        experiment
            .phases
            .last()
            .map_or(Self::FeatureExtraction, |phase| frees(&phase.freeze))
    }

    fn title(self) -> &'static str {
        match self {
            Self::FeatureExtraction => "Train only a new head, with a learning rate of 0.001",
            Self::TopLayers => "Train the last layers too, with a learning rate of 0.0001",
            Self::AllLayers => "Train all layers, with a learning rate of 0.00001",
        }
    }

    /// The lesson's recipe: a new head alone for ten epochs, or for five and then ten epochs in which
    /// the top of the backbone, or all of it, learns at a lower rate.
    pub fn phases(self) -> Vec<Phase> {
        let head = |epochs, name: &str| Phase {
            name: name.into(),
            epochs,
            learning_rate: HEAD_RATE,
            ..Phase::default()
        };
        let fine = |freeze, learning_rate| Phase {
            name: "Fine-tuning".into(),
            epochs: 10,
            freeze,
            learning_rate,
            ..Phase::default()
        };
        match self {
            Self::FeatureExtraction => vec![head(10, "Feature extraction")],
            Self::TopLayers => vec![
                head(5, "Head only"),
                fine(FreezePlan::AllButLast(TOP_LAYERS), TOP_RATE),
            ],
            Self::AllLayers => vec![head(5, "Head only"), fine(FreezePlan::Nothing, ALL_RATE)],
        }
    }
}

impl Advice {
    /// The experiment that follows this advice.
    pub fn apply(&self, experiment: &Experiment) -> Experiment {
        let mut experiment = experiment.clone();
        match self.change {
            Change::Strategy(strategy) => experiment.phases = strategy.phases(),
            Change::Rate(index, rate) => {
                if let Some(phase) = experiment.phases.get_mut(index) {
                    phase.learning_rate = rate;
                }
            }
            Change::Dropout(index, share) => {
                if let Some(HeadLayer::Dropout(before)) = experiment.head.layers.get_mut(index) {
                    *before = share;
                }
            }
            Change::AddDropout(share) => experiment.head.layers.push(HeadLayer::Dropout(share)),
        }
        experiment
    }
}

/// What `experiment` could do better with `pictures` to train on; empty when it follows the table.
pub fn advise(experiment: &Experiment, pictures: usize, similarity: Similarity) -> Vec<Advice> {
    let mut advice = Vec::new();
    let wanted = Strategy::for_pictures(pictures, similarity);
    if Strategy::of(experiment) != wanted {
        advice.push(Advice {
            title: wanted.title().into(),
            reason: reason(wanted, similarity),
            change: Change::Strategy(wanted),
        });
    }
    advice.extend(rates(experiment));
    advice.extend(dropout(experiment, pictures));
    advice
}

fn reason(strategy: Strategy, similarity: Similarity) -> String {
    let unlike = match similarity {
        Similarity::Photographs => "",
        Similarity::Other => " Pictures unlike those of ImageNet need more layers to be trained.",
    };
    match strategy {
        Strategy::FeatureExtraction => {
            "With so few pictures, a network whose millions of weights are all trained would overfit.".into()
        }
        Strategy::TopLayers => format!(
            "The last layers are specific to ImageNet's classes, and there are enough pictures to train them for yours.{unlike}"
        ),
        Strategy::AllLayers => format!(
            "There are enough pictures for the whole network; a very low learning rate keeps what it has already learned.{unlike}"
        ),
    }
}

/// A pre-trained layer learns 10 to 100 times slower than the new head did.
fn rates(experiment: &Experiment) -> Option<Advice> {
    let head_rate = experiment
        .phases
        .iter()
        .find(|phase| phase.freeze == FreezePlan::Backbone)?
        .learning_rate;
    let (index, phase) = experiment
        .phases
        .iter()
        .enumerate()
        .find(|(_, phase)| phase.freeze != FreezePlan::Backbone)?;
    let factor = match phase.layer_rates {
        LayerRates::Backbone(factor) => factor,
        // Other kinds give single layers their own rates: whoever set them knows.
        LayerRates::Uniform => 1.0,
        LayerRates::ByDepth { .. } | LayerRates::Custom(_) => return None,
    };
    let rate = phase.learning_rate * factor;
    // The schedules of one cycle begin far lower, and are meant to be run high.
    if matches!(phase.schedule, Schedule::OneCycle { .. }) || rate <= head_rate / 10.0 * 1.001 {
        return None;
    }
    let lower = head_rate / 10.0 / factor;
    Some(Advice {
        title: format!(
            "Lower the learning rate of “{}” to {}",
            phase.name,
            crate::format::rate(lower)
        ),
        reason: "Pre-trained layers should be trained with a learning rate 10 to 100 times lower than the new head, or they lose what they have learned.".into(),
        change: Change::Rate(index, lower),
    })
}

/// With few pictures, a head without 0.3 to 0.5 of dropout overfits.
fn dropout(experiment: &Experiment, pictures: usize) -> Option<Advice> {
    let layers = &experiment.head.layers;
    if pictures >= MANY_PICTURES {
        return None;
    }
    let strongest = layers
        .iter()
        .enumerate()
        .filter_map(|(index, layer)| match layer {
            HeadLayer::Dropout(share) => Some((index, *share)),
            _ => None,
        })
        .max_by(|left, right| left.1.total_cmp(&right.1));
    let reason = "Dropout of 0.3 to 0.5 before the output guards the head against overfitting.";
    match strongest {
        None => Some(Advice {
            title: "Add dropout of 0.5".into(),
            reason: reason.into(),
            change: Change::AddDropout(0.5),
        }),
        Some((index, share)) if !(0.3..=0.5).contains(&share) => {
            let share = share.clamp(0.3, 0.5);
            Some(Advice {
                title: format!("Set dropout to {share}"),
                reason: reason.into(),
                change: Change::Dropout(index, share),
            })
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_lesson() {
        use Similarity::{Other, Photographs};
        for (pictures, similarity, strategy) in [
            (500, Photographs, Strategy::FeatureExtraction),
            (9_999, Photographs, Strategy::FeatureExtraction),
            (10_000, Photographs, Strategy::TopLayers),
            (100_000, Photographs, Strategy::AllLayers),
            (500, Other, Strategy::FeatureExtraction),
            (2_000, Other, Strategy::TopLayers),
            (500_000, Other, Strategy::AllLayers),
        ] {
            assert_eq!(Strategy::for_pictures(pictures, similarity), strategy);
        }
        let rate = |strategy: Strategy| strategy.phases().last().unwrap().learning_rate;
        assert_eq!(
            [
                rate(Strategy::FeatureExtraction),
                rate(Strategy::TopLayers),
                rate(Strategy::AllLayers)
            ],
            [1e-3, 1e-4, 1e-5]
        );
    }

    #[test]
    fn advice_that_was_followed_is_not_given_again() {
        let mut experiment = Experiment::default();
        experiment.head.layers = vec![HeadLayer::Dropout(0.9)];
        experiment.phases = Strategy::AllLayers.phases();
        experiment.phases[1].learning_rate = 0.1;
        for (pictures, similarity) in [
            (100, Similarity::Photographs),
            (5_000, Similarity::Other),
            (50_000, Similarity::Photographs),
            (1_000_000, Similarity::Other),
        ] {
            let mut experiment = experiment.clone();
            let mut rounds = 0;
            while let Some(advice) = advise(&experiment, pictures, similarity).first() {
                let followed = advice.apply(&experiment);
                assert_ne!(followed, experiment, "{advice:?} changes something");
                assert!(followed.check().is_empty(), "{advice:?}");
                experiment = followed;
                rounds += 1;
                assert!(rounds < 5, "advice that goes in circles: {advice:?}");
            }
            assert_eq!(
                Strategy::of(&experiment),
                Strategy::for_pictures(pictures, similarity)
            );
        }
    }

    #[test]
    fn a_missing_dropout_is_added_before_the_output() {
        let mut experiment = Experiment::default();
        experiment.head.layers.clear();
        let advice = advise(&experiment, 1_000, Similarity::Photographs);
        assert_eq!(
            advice[0].apply(&experiment).head.layers,
            [HeadLayer::Dropout(0.5)]
        );
    }
}
