//! Whatever the data, a figure is a document that can be drawn.

use proptest::prelude::*;

use super::*;
use crate::evaluation::ConfusionMatrix;
use crate::training::EpochMetrics;

/// Names as people and machines make them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,30}",
        Just(String::new()),
        Just("<b>&\"quoted\"</b> 'a' ]]>".to_owned()),
        Just("😀 Katze 猫 🏳️‍🌈 \u{202E}rtl\u{0}\u{1F}\u{FFFE}".to_owned()),
        Just("a very long class name that goes on and on ".repeat(9)),
        any::<String>(),
    ]
}

/// Numbers, those that are none among them.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        0.0..1.0f64,
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(0.0),
        any::<f64>(),
    ]
}

fn epoch() -> impl Strategy<Value = EpochMetrics> {
    (
        0..500u32,
        number(),
        number(),
        proptest::option::of(number()),
        proptest::option::of(number()),
    )
        .prop_map(
            |(epoch, train_loss, train_accuracy, validation_loss, validation_accuracy)| {
                EpochMetrics {
                    epoch,
                    phase: 0,
                    learning_rate: 1e-3,
                    train_loss,
                    train_accuracy,
                    validation_loss,
                    validation_accuracy,
                    validation_macro_f1: None,
                    seconds: 1.0,
                }
            },
        )
}

fn series() -> impl Strategy<Value = CurveSeries> {
    (
        name(),
        proptest::collection::vec(epoch(), 0..20),
        proptest::collection::vec((0..500u32, name()), 0..3),
    )
        .prop_map(|(name, metrics, phase_starts)| CurveSeries {
            name,
            color: palette::run_color(0),
            metrics,
            phase_starts,
        })
}

fn matrix() -> impl Strategy<Value = ConfusionMatrix> {
    (0..7usize).prop_flat_map(|classes| {
        let counts = prop_oneof![Just(0), 0..100u64, Just(u64::from(u32::MAX))];
        (
            proptest::collection::vec(name(), classes),
            proptest::collection::vec(proptest::collection::vec(counts, classes), classes),
        )
            .prop_map(|(classes, counts)| ConfusionMatrix { classes, counts })
    })
}

fn pixels() -> impl Strategy<Value = crate::data::Pixels> {
    (0..90u32, 0..90u32, any::<[u8; 3]>())
        .prop_map(|(width, height, color)| crate::data::Pixels::filled(width, height, color))
}

fn figure() -> impl Strategy<Value = Box<dyn Figure>> {
    let points = || proptest::collection::vec((number(), number()), 0..12);
    let curves = (name(), name(), proptest::collection::vec(series(), 0..4)).prop_map(
        |(title, remark, series)| -> Box<dyn Figure> {
            Box::new(CurvesFigure {
                title,
                remark,
                series,
            })
        },
    );
    let confusion = (
        name(),
        matrix(),
        prop_oneof![
            Just(Shown::Counts),
            Just(Shown::ByRow),
            Just(Shown::ByColumn)
        ],
    )
        .prop_map(|(title, matrix, shown)| -> Box<dyn Figure> {
            Box::new(ConfusionFigure {
                remark: title.clone(),
                title,
                matrix,
                shown,
            })
        });
    let difference = (name(), matrix()).prop_map(|(title, from)| -> Box<dyn Figure> {
        let mut to = from.clone();
        to.counts.reverse();
        Box::new(ConfusionDifferenceFigure {
            title,
            remark: String::new(),
            from,
            to,
        })
    });
    let roc = (
        name(),
        proptest::collection::vec((name(), points(), points(), number(), number()), 0..4),
        proptest::option::of(number()),
    )
        .prop_map(|(title, series, positive_share)| -> Box<dyn Figure> {
            Box::new(RocFigure {
                remark: title.clone(),
                title,
                positive_share,
                series: series
                    .into_iter()
                    .map(
                        |(name, roc, precision_recall, roc_area, average_precision)| RocSeries {
                            name,
                            color: palette::run_color(1),
                            roc,
                            roc_area,
                            precision_recall,
                            average_precision,
                        },
                    )
                    .collect(),
            })
        });
    let bin = (0..10u32, 0..1000u64, number(), number()).prop_map(
        |(index, pictures, confidence, accuracy)| ReliabilityBin {
            low: f64::from(index) / 10.0,
            high: f64::from(index + 1) / 10.0,
            pictures,
            confidence,
            accuracy,
            interval: crate::evaluation::Interval {
                low: accuracy,
                high: confidence,
            },
        },
    );
    let reliability = (
        name(),
        proptest::collection::vec(
            (name(), proptest::collection::vec(bin, 0..10), number()),
            0..4,
        ),
    )
        .prop_map(|(title, series)| -> Box<dyn Figure> {
            Box::new(ReliabilityFigure {
                remark: title.clone(),
                title,
                series: series
                    .into_iter()
                    .map(|(name, bins, error)| ReliabilitySeries {
                        facts: vec![(name.clone(), name.clone())],
                        name,
                        color: palette::run_color(2),
                        bins,
                        error,
                    })
                    .collect(),
            })
        });
    let counts = (
        name(),
        proptest::collection::vec((name(), 0..100usize, 0..100usize, 0..100usize), 0..9),
    )
        .prop_map(|(title, classes)| -> Box<dyn Figure> {
            Box::new(ClassCountsFigure {
                remark: title.clone(),
                title,
                color: palette::run_color(3),
                classes: classes
                    .into_iter()
                    .map(|(name, train, validation, test)| ClassCount {
                        name,
                        train,
                        validation,
                        test,
                    })
                    .collect(),
            })
        });
    let gallery = (
        name(),
        proptest::collection::vec(
            (
                name(),
                proptest::collection::vec(
                    (
                        proptest::option::of(pixels()),
                        name(),
                        number(),
                        any::<bool>(),
                    ),
                    0..5,
                ),
            ),
            0..4,
        ),
    )
        .prop_map(|(title, rows)| -> Box<dyn Figure> {
            Box::new(GalleryFigure {
                remark: title.clone(),
                title,
                rows: rows
                    .into_iter()
                    .map(|(title, pictures)| GalleryRow {
                        remark: title.clone(),
                        title,
                        pictures: pictures
                            .into_iter()
                            .map(|(pixels, name, confidence, is_right)| GalleryPicture {
                                pixels,
                                truth: name.clone(),
                                predicted: name,
                                confidence,
                                is_right,
                            })
                            .collect(),
                    })
                    .collect(),
            })
        });
    let sheet = (
        name(),
        proptest::collection::vec((pixels(), name(), any::<bool>()), 0..9),
        proptest::option::of(0..20usize),
    )
        .prop_map(|(title, cells, columns)| -> Box<dyn Figure> {
            Box::new(SheetFigure {
                remark: title.clone(),
                title,
                cells: cells
                    .into_iter()
                    .map(|(pixels, caption, marked)| SheetCell {
                        pixels,
                        caption,
                        marked,
                    })
                    .collect(),
                columns,
            })
        });
    let freeze = (
        proptest::collection::vec((name(), name()), 0..6),
        proptest::collection::vec(
            (
                name(),
                proptest::collection::vec((0..1u64 << 40, 0..1u64 << 40), 0..8),
            ),
            0..4,
        ),
    )
        .prop_map(|(stages, phases)| -> Box<dyn Figure> {
            Box::new(FreezeFigure {
                title: "t".into(),
                remark: String::new(),
                stages: stages
                    .into_iter()
                    .map(|(title, detail)| FreezeStage { title, detail })
                    .collect(),
                phases: phases
                    .into_iter()
                    .map(|(name, counts)| FreezePhase {
                        name,
                        counts: counts
                            .into_iter()
                            .map(|(trainable, frozen)| Parameters { trainable, frozen })
                            .collect(),
                    })
                    .collect(),
            })
        });
    let movement =
        proptest::collection::vec((name(), proptest::collection::vec(number(), 0..9)), 0..5)
            .prop_map(|stages| -> Box<dyn Figure> {
                Box::new(MovementFigure {
                    title: "t".into(),
                    remark: String::new(),
                    color: palette::run_color(4),
                    stages: stages
                        .into_iter()
                        .map(|(title, layers)| MovementStage { title, layers })
                        .collect(),
                })
            });
    let parallel = (
        proptest::collection::vec((name(), proptest::collection::vec(name(), 0..12)), 0..6),
        proptest::collection::vec(
            (
                proptest::option::of(number()),
                proptest::option::of(number()),
            ),
            0..9,
        ),
    )
        .prop_map(|(fields, goals)| -> Box<dyn Figure> {
            let mut axes: Vec<ParallelAxis> = (fields.iter())
                .map(|(title, values)| {
                    ParallelAxis::of_texts(title.clone(), values.iter().map(String::as_str))
                })
                .collect();
            let known = goals.iter().filter_map(|(goal, _)| *goal);
            axes.push(ParallelAxis::of_results("goal", known, true, &|goal| {
                goal.to_string()
            }));
            Box::new(ParallelFigure {
                title: "t".into(),
                remark: String::new(),
                lines: (goals.iter())
                    .map(|(share, score)| ParallelLine {
                        shares: vec![*share; axes.len()],
                        score: *score,
                        is_faded: share.is_none(),
                    })
                    .collect(),
                axes,
            })
        });
    let effects = (
        proptest::collection::vec(
            (
                name(),
                proptest::collection::vec(
                    (name(), proptest::collection::vec(number(), 0..4)),
                    0..4,
                ),
            ),
            0..4,
        ),
        proptest::collection::vec(
            proptest::collection::vec(proptest::option::of(number()), 0..4),
            0..4,
        ),
        any::<bool>(),
    )
        .prop_map(|(settings, means, is_share)| -> Box<dyn Figure> {
            Box::new(EffectsFigure {
                title: "t".into(),
                remark: String::new(),
                result: "goal".into(),
                is_share,
                higher_is_better: !is_share,
                pairs: (settings.len() > 1)
                    .then_some(EffectPair {
                        first: 0,
                        second: 1,
                        means,
                    })
                    .into_iter()
                    .collect(),
                settings: settings
                    .into_iter()
                    .map(|(name, values)| EffectSetting {
                        name,
                        values: values
                            .into_iter()
                            .map(|(text, results)| EffectValue { text, results })
                            .collect(),
                        explained: None,
                    })
                    .collect(),
            })
        });
    let point = (
        name(),
        number(),
        number(),
        proptest::option::of((number(), number())),
        any::<(bool, bool)>(),
    );
    let frontier = (name(), proptest::collection::vec(point, 0..9)).prop_map(
        |(title, points)| -> Box<dyn Figure> {
            let points = points.into_iter().map(
                |(name, cost, score, interval, (is_on_frontier, is_worse))| FrontierPoint {
                    name,
                    cost,
                    score,
                    interval,
                    is_on_frontier,
                    is_worse,
                },
            );
            Box::new(FrontierFigure {
                remark: title.clone(),
                cost_title: title.clone(),
                score_title: title.clone(),
                title,
                points: points.collect(),
            })
        },
    );
    prop_oneof![
        parallel.boxed(),
        effects.boxed(),
        curves.boxed(),
        confusion.boxed(),
        difference.boxed(),
        roc.boxed(),
        reliability.boxed(),
        counts.boxed(),
        gallery.boxed(),
        sheet.boxed(),
        freeze.boxed(),
        movement.boxed(),
        frontier.boxed(),
    ]
}

impl std::fmt::Debug for dyn Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.title())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_data_gives_a_document_that_can_be_drawn(figure in figure(), dark in any::<bool>(), wide in any::<bool>()) {
        let theme = if dark { Theme::DARK } else { Theme::LIGHT };
        let size = if wide {
            Size { width: 800, height: 500 }
        } else {
            Size { width: 320, height: 600 }
        };
        let svg = to_svg(figure.as_ref(), size, theme);
        prop_assert!(!svg.contains("\"NaN") && !svg.contains("\"inf") && !svg.contains("\"-inf"));
        let raster = to_raster(&svg, 1.0).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!((raster.width, raster.height), (size.width, size.height));
        prop_assert!(outlined(&svg).is_ok());
    }
}
