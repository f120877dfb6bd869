//! How long training will take, before anything is trained: from the measured speed of the frozen network and the work
//! that is repeated every epoch.

use super::cache_coverage::{CacheCoverage, RowCounts};
use super::estimate::{Estimate, PictureCounts};
use super::sample::{kept_views, test_views};
use crate::experiment::advice::Strategy;
use crate::experiment::{Experiment, FreezePlan, Optimizer};
use crate::models::ArchitectureInfo;
use crate::models::head::pooled_width;
use crate::models::speed::Measured;

/// A step forward and two back.
const TRAINING_WORK: f64 = 3.0;
/// Of it, what is left where layers that train compute in bf16: measured with EfficientNet-Lite0's last 20 layers and a
/// whole ResNet-18.
const MIXED_SHARE: f64 = 0.5;
/// Of a head's step on one picture's cached features, in seconds: measured with Dense 128.
const HEAD_SECONDS: f64 = 4e-5;
/// Of a linear head's solution on one row of cached features, in seconds, with its penalty chosen on folds, and as it is given:
/// measured with 1280 features and 10 classes.
const SOLVED_ON_FOLDS_SECONDS: f64 = 5e-4;
const SOLVED_SECONDS: f64 = 1e-4;

/// The two usual ways with one backbone, on the pictures and with the settings of an experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeEstimate {
    /// In seconds: the recipe of feature extraction, its test included.
    pub feature_extraction: f64,
    /// In seconds: the recipe of fine-tuning, from the new head to the test.
    pub fine_tuning: f64,
    /// Of the features that are kept.
    pub cached_bytes: u64,
    /// Whether they are there already, all of them.
    pub is_warm: bool,
}

/// What [`TimeEstimate`] is told from.
#[derive(Debug, Clone, Copy)]
pub struct Ways<'a> {
    pub experiment: &'a Experiment,
    pub measured: &'a Measured,
    pub pictures: PictureCounts,
    /// Seconds that one picture takes through the frozen network.
    pub picture_seconds: f64,
    /// Which of the pooled features of all pictures stand on disk, where that is known.
    pub kept: Option<RowCounts>,
    /// Whether what trains computes in bf16.
    pub is_mixed: bool,
}

impl TimeEstimate {
    pub fn new(ways: &Ways<'_>) -> Self {
        let extraction = ways.recipe(Strategy::FeatureExtraction);
        let tuning = ways.recipe(Strategy::TopLayers);
        let head = &ways.experiment.head;
        let width = pooled_width(head, i64::from(ways.measured.features_of(head.stages)));
        Self {
            feature_extraction: extraction.seconds(),
            fine_tuning: tuning.seconds(),
            cached_bytes: ways.pictures.all() as u64 * width.unsigned_abs() * 4,
            is_warm: ways
                .kept
                .is_some_and(|rows| rows.all > 0 && rows.missing == 0),
        }
    }
}

impl Ways<'_> {
    /// The experiment with the phases of a recipe: the same [`RunEstimate`] as for any other experiment.
    fn recipe(&self, strategy: Strategy) -> RunEstimate {
        let experiment = Experiment {
            phases: strategy.phases(),
            ..self.experiment.clone()
        };
        let keeps = kept_views(&experiment.augmentation).is_some();
        let phases: Vec<Estimate> = experiment
            .phases
            .iter()
            .map(|phase| {
                let frozen_share = match phase.freeze {
                    FreezePlan::Backbone => 1.0,
                    FreezePlan::Nothing => 0.0,
                    _ => 1.0 - self.measured.top_share,
                };
                // Of an epoch in which everything learns: what is frozen passes once, unless it is kept.
                let passed = if keeps {
                    0.0
                } else {
                    frozen_share / TRAINING_WORK
                };
                Estimate {
                    frozen_share,
                    epoch_cost: 1.0 - frozen_share + passed,
                    keeps_features: keeps && frozen_share > 0.0,
                    is_mixed: self.is_mixed,
                    ..Estimate::default()
                }
            })
            .collect();
        // What is kept of all pictures together counts for the pass over training and validation; test pictures are
        // among them.
        let cache_coverage = self.kept.filter(|_| keeps).map(|rows| CacheCoverage {
            phases: vec![rows; phases.len()],
            test: RowCounts::default(),
            backbone: rows,
        });
        RunEstimate::new(&Planned {
            experiment: &experiment,
            phases: &phases,
            pictures: self.pictures,
            picture_seconds: self.picture_seconds,
            cache_coverage: cache_coverage.as_ref(),
        })
    }
}

fn training_work(is_mixed: bool) -> f64 {
    if is_mixed {
        TRAINING_WORK * MIXED_SHARE
    } else {
        TRAINING_WORK
    }
}

/// One experiment, and what it needs.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    pub experiment: &'a Experiment,
    /// One for each phase.
    pub phases: &'a [Estimate],
    pub pictures: PictureCounts,
    /// Seconds that one picture takes through the frozen network, at the experiment's own input size.
    pub picture_seconds: f64,
    /// What stands on disk already; nothing, as long as nobody has looked.
    pub cache_coverage: Option<&'a CacheCoverage>,
}

/// A whole run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunEstimate {
    /// Computing the frozen part, once.
    pub once_seconds: f64,
    /// All epochs and the test.
    pub epochs_seconds: f64,
    /// Of the epochs alone, the mean.
    pub epoch_seconds: f64,
    /// Features that are kept, of all phases together.
    pub features: u64,
    /// Their rows.
    pub rows: RowCounts,
}

impl RunEstimate {
    pub fn new(planned: &Planned<'_>) -> Self {
        let Planned {
            experiment,
            phases,
            pictures,
            picture_seconds,
            cache_coverage,
        } = planned;
        let views = kept_views(&experiment.augmentation);
        let kept_rows = pictures.train * views.unwrap_or(0) as usize + pictures.validation;
        let mut estimate = Self {
            once_seconds: 0.0,
            epochs_seconds: 0.0,
            epoch_seconds: 0.0,
            features: 0,
            rows: RowCounts::default(),
        };
        let mut computed: Vec<f64> = Vec::new();
        for (index, (phase, needs)) in experiment.phases.iter().zip(*phases).enumerate() {
            let share = needs.frozen_share;
            // A pass records the output at every depth that a later phase needs.
            let is_new = !computed.iter().any(|&deeper| deeper >= share);
            if share > 0.0 && is_new {
                let rows = cache_coverage
                    .and_then(|cache_coverage| cache_coverage.phases.get(index).copied())
                    .unwrap_or(RowCounts {
                        all: kept_rows,
                        missing: kept_rows,
                    });
                estimate.once_seconds += rows.missing as f64 * share * picture_seconds;
                estimate.rows.all += rows.all;
                estimate.rows.missing += rows.missing;
                estimate.features += needs.features;
                computed.push(share);
            }
            let training = match phase.optimizer {
                // Every version that is kept is a row.
                Optimizer::LogisticRegression { c } => {
                    let row = if c.is_none() {
                        SOLVED_ON_FOLDS_SECONDS
                    } else {
                        SOLVED_SECONDS
                    };
                    f64::from(views.unwrap_or(1)) * row
                }
                _ => {
                    needs.epoch_cost * training_work(needs.is_mixed) * picture_seconds
                        + HEAD_SECONDS
                }
            };
            let validating = (1.0 - share) * picture_seconds;
            estimate.epochs_seconds += f64::from(phase.epochs)
                * (pictures.train as f64 * training + pictures.validation as f64 * validating);
        }
        estimate.epoch_seconds = estimate.epochs_seconds / f64::from(experiment.epochs().max(1));
        let tested = pictures.test * test_views(experiment) as usize;
        let unchanged = phases
            .iter()
            .map(|needs| needs.frozen_share)
            .fold(1.0, f64::min);
        let missing = cache_coverage.map_or(tested, |cache_coverage| cache_coverage.test.missing);
        estimate.once_seconds += missing as f64 * unchanged * picture_seconds;
        estimate.epochs_seconds += tested as f64 * (1.0 - unchanged) * picture_seconds;
        estimate
    }

    pub fn seconds(&self) -> f64 {
        self.once_seconds + self.epochs_seconds
    }

    /// Whether all features that are kept stand on disk already.
    pub fn is_warm(&self) -> bool {
        self.rows.all > 0 && self.rows.missing == 0
    }
}

/// Of a picture's time at its usual side, the share that does not shrink with its area: weights are read and layers begun
/// however small it is. Measured on one thread at sides of 32 to 160 pixels: 0.22 with MobileNetV3 small, 0.04 to 0.05 with
/// EfficientNet-Lite0, ResNet-18 and -50; by the area alone, pictures of 32 pixels were told three to twelve times as quick.
fn fixed_share(info: &ArchitectureInfo) -> f64 {
    (0.04 + 0.0105 / info.gflops.max(1e-3)).min(1.0)
}

/// Seconds of one picture through the frozen network `info`, whose speed was `measured` at its default side, at `side`.
pub fn picture_seconds(measured: &Measured, info: &ArchitectureInfo, side: u32) -> f64 {
    let scale = f64::from(side) / f64::from(info.default_weights().input_size.max(1));
    let area = scale * scale;
    let time = if area < 1.0 {
        let fixed = fixed_share(info);
        fixed + (1.0 - fixed) * area
    } else {
        area
    };
    time / measured.pictures_per_second.max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::super::estimate::EstimateInput;
    use super::*;
    use crate::experiment::{Phase, Pooling, Views};
    use crate::models::freeze::frozen_leaves;

    fn measured() -> Measured {
        Measured {
            pictures_per_second: 50.0,
            stage_features: vec![1280, 1600],
            top_share: 0.25,
            taken: None,
        }
    }

    fn counts(train: usize, validation: usize, test: usize) -> PictureCounts {
        PictureCounts {
            train,
            validation,
            test,
            largest_pixels: 0,
        }
    }

    fn ways(
        experiment: &Experiment,
        pictures: PictureCounts,
        kept: Option<RowCounts>,
    ) -> TimeEstimate {
        TimeEstimate::new(&Ways {
            experiment,
            measured: &measured(),
            pictures,
            picture_seconds: 0.02,
            kept,
            is_mixed: false,
        })
    }

    #[test]
    fn twice_the_pictures_take_twice_the_time() {
        let experiment = Experiment::default();
        let one = ways(&experiment, counts(1_000, 300, 200), None);
        let two = ways(&experiment, counts(2_000, 600, 400), None);
        assert!((two.feature_extraction / one.feature_extraction - 2.0).abs() < 1e-9);
        assert!((two.fine_tuning / one.fine_tuning - 2.0).abs() < 1e-9);
        // 30 s through the network, and 10 epochs of a head.
        assert!((one.feature_extraction - 30.4).abs() < 1e-9);
        assert!(one.fine_tuning > one.feature_extraction && !one.is_warm);
    }

    #[test]
    fn the_list_s_numbers_are_those_of_the_experiment_with_that_recipe() {
        let tree = crate::models::outline("resnet18", 224).unwrap();
        let leaves = tree.leaves();
        let all: u64 = leaves.iter().map(|leaf| leaf.multiply_adds).sum();
        let top = leaves[leaves.len() - crate::experiment::advice::TOP_LAYERS..].iter();
        let measured = Measured {
            top_share: top.map(|leaf| leaf.multiply_adds).sum::<u64>() as f64 / all as f64,
            ..measured()
        };
        let pictures = counts(1_000, 300, 200);
        for views in [Views::Fresh, Views::Cached(4)] {
            for strategy in [Strategy::FeatureExtraction, Strategy::TopLayers] {
                let mut experiment = Experiment {
                    phases: strategy.phases(),
                    ..Experiment::default()
                };
                experiment.backbone.name = "resnet18".into();
                experiment.augmentation.rotation = 10.0;
                experiment.augmentation.views = views;
                let phases: Vec<Estimate> = experiment
                    .phases
                    .iter()
                    .map(|phase| {
                        Estimate::new(&EstimateInput {
                            experiment: &experiment,
                            phase,
                            tree: &tree,
                            frozen: &frozen_leaves(&phase.freeze, &tree).unwrap(),
                            head_parameters: 0,
                            is_mixed: false,
                            pictures: Some(pictures),
                        })
                    })
                    .collect();
                let run = RunEstimate::new(&Planned {
                    experiment: &experiment,
                    phases: &phases,
                    pictures,
                    picture_seconds: 0.02,
                    cache_coverage: None,
                });
                let list = TimeEstimate::new(&Ways {
                    experiment: &experiment,
                    measured: &measured,
                    pictures,
                    picture_seconds: 0.02,
                    kept: None,
                    is_mixed: false,
                });
                let said = match strategy {
                    Strategy::FeatureExtraction => list.feature_extraction,
                    _ => list.fine_tuning,
                };
                let off = (said / run.seconds() - 1.0).abs();
                assert!(
                    off < 1e-6,
                    "{strategy:?}, {views:?}: {said} and {}",
                    run.seconds()
                );
            }
        }
    }

    #[test]
    fn features_of_more_stages_are_longer_and_kept_ones_cost_nothing() {
        let mut experiment = Experiment::default();
        experiment.head.pooling = Pooling::Average;
        experiment.head.stages = 1;
        let pictures = counts(1_000, 300, 200);
        let bytes = |experiment: &Experiment| ways(experiment, pictures, None).cached_bytes;
        assert_eq!(bytes(&experiment), 1_500 * 1280 * 4);
        experiment.head.stages = 2;
        assert_eq!(bytes(&experiment), 1_500 * 1600 * 4);
        experiment.head.stages = 9;
        experiment.head.pooling = Pooling::AverageMax;
        assert_eq!(bytes(&experiment), 2 * 1_500 * 1600 * 4);
        let kept = |missing| {
            let rows = RowCounts {
                all: 1_500,
                missing,
            };
            ways(&experiment, pictures, Some(rows))
        };
        assert!((kept(0).feature_extraction - 0.4).abs() < 1e-9 && kept(0).is_warm);
        assert!((kept(50).feature_extraction - 1.4).abs() < 1e-9 && !kept(50).is_warm);
    }

    fn needs(frozen_share: f64, features: u64) -> Estimate {
        Estimate {
            frozen_share,
            features,
            epoch_cost: 1.0 - frozen_share,
            keeps_features: frozen_share > 0.0,
            ..Estimate::default()
        }
    }

    #[test]
    fn a_run_computes_its_frozen_part_once_and_less_where_it_is_kept() {
        let phase = |epochs| Phase {
            epochs,
            ..Phase::default()
        };
        let experiment = Experiment {
            phases: vec![phase(2), phase(3)],
            ..Experiment::default()
        };
        // The head alone, then the last quarter of the network.
        let phases = [needs(1.0, 700), needs(0.75, 900)];
        let planned = Planned {
            experiment: &experiment,
            phases: &phases,
            pictures: counts(100, 20, 10),
            picture_seconds: 1.0,
            cache_coverage: None,
        };
        let cold = RunEstimate::new(&planned);
        // The second depth is recorded on the way; the test passes what no phase changes.
        assert!((cold.once_seconds - (120.0 + 10.0 * 0.75)).abs() < 1e-9);
        let epochs = 3.0 * (100.0 * 3.0 * 0.25 + 20.0 * 0.25) + 10.0 * 0.25;
        assert!((cold.epochs_seconds - epochs - 5.0 * 100.0 * HEAD_SECONDS).abs() < 1e-9);
        assert!(!cold.is_warm());
        let mean = (cold.epochs_seconds - 10.0 * 0.25) / 5.0;
        assert!((cold.epoch_seconds - mean).abs() < 1e-9);
        let rows = |missing| RowCounts { all: 120, missing };
        let cache_coverage = CacheCoverage {
            phases: vec![rows(0), rows(120)],
            test: RowCounts {
                all: 10,
                missing: 0,
            },
            backbone: RowCounts::default(),
        };
        let warm = RunEstimate::new(&Planned {
            cache_coverage: Some(&cache_coverage),
            ..planned
        });
        assert_eq!((warm.once_seconds, warm.is_warm()), (0.0, true));
        assert_eq!(warm.epochs_seconds, cold.epochs_seconds);
        assert_eq!(warm.features, 700);
        // In bf16 the epochs of the second phase take half the time, but for head and validation.
        let mixed = phases.map(|needs| Estimate {
            is_mixed: true,
            ..needs
        });
        let mixed = RunEstimate::new(&Planned {
            phases: &mixed,
            ..planned
        });
        let saved = cold.epochs_seconds - mixed.epochs_seconds;
        assert!((saved - 3.0 * 100.0 * 3.0 * 0.25 * 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_head_that_is_solved_takes_time_by_its_rows() {
        let mut experiment = Experiment::default();
        experiment.phases[0].epochs = 1;
        experiment.augmentation.rotation = 5.0;
        experiment.augmentation.views = Views::Cached(4);
        let phases = [needs(1.0, 700)];
        let seconds = |optimizer: Optimizer| {
            let mut experiment = experiment.clone();
            experiment.phases[0].optimizer = optimizer;
            RunEstimate::new(&Planned {
                experiment: &experiment,
                phases: &phases,
                pictures: counts(100, 20, 10),
                picture_seconds: 1.0,
                cache_coverage: None,
            })
            .epochs_seconds
        };
        let given = seconds(Optimizer::LogisticRegression { c: Some(1.0) });
        assert!((given - 400.0 * SOLVED_SECONDS).abs() < 1e-9, "{given}");
        assert!(seconds(Optimizer::LogisticRegression { c: None }) > given);
    }

    #[test]
    fn a_larger_square_costs_its_area_and_a_small_one_more_than_that() {
        let of = |name: &str, side: u32| {
            let info = crate::models::catalogue::find(name).unwrap();
            let usual = picture_seconds(&measured(), info, info.default_weights().input_size);
            assert!((usual - 1.0 / 50.0).abs() < 1e-12);
            picture_seconds(&measured(), info, side) / usual
        };
        assert!((of("resnet18", 448) - 4.0).abs() < 1e-9);
        // Measured, as shares of the time at 224 pixels: MobileNetV3 small 0.24 at 32 and 0.28 at 64 pixels, ResNet-50
        // 0.070 and 0.12, where the areas are 0.020 and 0.082.
        for (name, side, share) in [
            ("mobilenet_v3_small", 32, 0.24),
            ("mobilenet_v3_small", 64, 0.28),
            ("resnet50", 32, 0.070),
            ("resnet50", 64, 0.12),
        ] {
            let told = of(name, side);
            assert!(
                (told / share - 1.0).abs() < 0.25,
                "{name} at {side}: {told}"
            );
        }
        let sides = [32, 64, 96, 128, 160, 192, 224, 256];
        let times = sides.map(|side| of("efficientnet_lite0", side));
        assert!(times.is_sorted(), "{times:?}");
    }
}
