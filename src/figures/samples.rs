//! Every figure on data as it really comes, in both themes. With `GRAFT_FIGURES` set to a folder the
//! pictures are written there, to be looked at.

use super::*;
use crate::data::Pixels;
use crate::evaluation::ConfusionMatrix;
use crate::training::EpochMetrics;

/// Curves that look like a training: a fall, a bump where layers are unfrozen, some noise.
fn metrics(epochs: u32, unfrozen: u32, best: f64, seed: u32) -> Vec<EpochMetrics> {
    let noise = |epoch: u32, salt: u32| {
        f64::from(
            (epoch * 7919 + salt * 104_729 + seed * 1299).wrapping_mul(2_654_435_761) >> 16 & 0xFF,
        ) / 255.0
            - 0.5
    };
    (1..=epochs)
        .map(|epoch| {
            let progress = 1.0 - (-f64::from(epoch) / 4.0).exp();
            let bump = if epoch == unfrozen { 0.03 } else { 0.0 };
            let train_accuracy = 0.62 + (best - 0.58) * progress - bump + 0.01 * noise(epoch, 1);
            let validation_accuracy = 0.6 + (best - 0.6) * progress - bump + 0.03 * noise(epoch, 2);
            EpochMetrics {
                epoch,
                phase: usize::from(unfrozen > 0 && epoch >= unfrozen),
                learning_rate: 1e-3,
                train_loss: 0.16 + 0.5 * (1.0 - progress) + bump + 0.01 * noise(epoch, 3),
                train_accuracy,
                validation_loss: Some(
                    0.29 + 0.4 * (1.0 - progress) + bump + 0.03 * noise(epoch, 4),
                ),
                validation_accuracy: Some(validation_accuracy),
                validation_macro_f1: Some(validation_accuracy - 0.02),
                seconds: 3.0,
            }
        })
        .collect()
}

fn series(name: &str, color: usize, epochs: u32, unfrozen: u32, best: f64) -> CurveSeries {
    CurveSeries {
        name: name.into(),
        color: palette::run_color(color),
        metrics: metrics(epochs, unfrozen, best, color as u32),
        phase_starts: if unfrozen > 0 {
            vec![(unfrozen, "Fine-tuning".into())]
        } else {
            Vec::new()
        },
    }
}

fn confusion(classes: &[&str], wrong: u64) -> ConfusionFigure {
    let n = classes.len();
    let counts = (0..n)
        .map(|truth| {
            let cell = |predicted| {
                if truth == predicted {
                    60 + 13 * (truth as u64 % 5)
                } else {
                    (truth * 3 + predicted * 5) as u64 % wrong
                }
            };
            (0..n).map(cell).collect()
        })
        .collect();
    let matrix = ConfusionMatrix {
        classes: classes.iter().map(|&name| name.to_owned()).collect(),
        counts,
    };
    ConfusionFigure {
        title: "Solar cells, fine-tuning".into(),
        remark: "656 test pictures".into(),
        matrix,
        shown: Shown::Counts,
    }
}

fn shown(figure: ConfusionFigure, shown: Shown) -> Box<dyn Figure> {
    Box::new(ConfusionFigure { shown, ..figure })
}

/// A picture that can be told from others: a disc on a gradient.
fn photograph(seed: u32, width: u32, height: u32) -> Pixels {
    let (cx, cy) = (
        f64::from(width) * (0.3 + 0.07 * f64::from(seed % 7)),
        f64::from(height) * (0.3 + 0.08 * f64::from(seed % 5)),
    );
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let away = (f64::from(x) - cx).hypot(f64::from(y) - cy);
            let inside = away < f64::from(width.min(height)) * 0.24;
            let shade = (x * 160 / width + y * 60 / height) as u8;
            rgb.extend(if inside {
                [220, 150 + (seed * 37 % 90) as u8, (seed * 53 % 200) as u8]
            } else {
                [shade / 2, shade, shade.saturating_add(30)]
            });
        }
    }
    Pixels { width, height, rgb }
}

fn roc(runs: usize) -> Box<dyn Figure> {
    let series = (0..runs)
        .map(|run| {
            let skill = 2.0 + run as f64;
            let points = 400;
            let roc = (0..=points)
                .map(|i| f64::from(i) / f64::from(points))
                .map(|x| (x, 1.0 - (1.0 - x).powf(skill)))
                .collect();
            let precision_recall = (0..=points)
                .map(|i| f64::from(i) / f64::from(points))
                .map(|x| (x, 1.0 - 0.67 * x.powf(skill)))
                .collect();
            RocSeries {
                name: format!("Solar cells, run {run}"),
                color: palette::run_color(run),
                roc,
                roc_area: 1.0 - 1.0 / (skill + 1.0),
                precision_recall,
                average_precision: 1.0 - 0.67 / (skill + 1.0),
            }
        })
        .collect();
    Box::new(RocFigure {
        title: "ROC, and precision against recall".into(),
        remark: "positive: defective (213 of 656 test pictures)".into(),
        series,
        positive_share: Some(213.0 / 656.0),
    })
}

fn reliability(runs: usize) -> Box<dyn Figure> {
    let series = (0..runs)
        .map(|run| ReliabilitySeries {
            name: format!("Solar cells, run {run}"),
            color: palette::run_color(run),
            bins: (0..15)
                .map(|bin| {
                    let (low, high) = (f64::from(bin) / 15.0, f64::from(bin + 1) / 15.0);
                    let confidence = (low + high) / 2.0;
                    ReliabilityBin {
                        low,
                        high,
                        pictures: if low < 0.45 { 0 } else { (bin * bin) as u64 },
                        confidence,
                        interval: crate::evaluation::wilson(
                            (bin * bin) as u64 / 2,
                            (bin * bin) as u64,
                        ),
                        accuracy: (confidence - 0.08 + 0.03 * run as f64).min(1.0),
                    }
                })
                .collect(),
            error: 0.062,
            facts: vec![
                ("Accuracy".into(), "90.4 %".into()),
                ("Mean confidence".into(), "94.1 %".into()),
                ("Best temperature".into(), "1.52".into()),
                ("Calibration error with it".into(), "2.1 %".into()),
            ],
        })
        .collect();
    Box::new(ReliabilityFigure {
        title: "Reliability".into(),
        remark: "656 test pictures".into(),
        series,
    })
}

fn freeze(stages: usize, phases: usize) -> Box<dyn Figure> {
    Box::new(FreezeFigure {
        title: "What learns: Solar cells, fine-tuning".into(),
        remark: "EfficientNet-Lite0 at 224 x 224 pixels".into(),
        stages: (0..stages)
            .map(|stage| FreezeStage {
                title: if stage + 1 == stages {
                    "Head".into()
                } else {
                    format!("Stage {stage}")
                },
                detail: format!("{0} × {0} × {1}", 112 >> stage.min(4), 32 << stage.min(5)),
            })
            .collect(),
        phases: (0..phases)
            .map(|phase| FreezePhase {
                name: format!("Phase with a name {phase}"),
                counts: (0..stages)
                    .map(|stage| {
                        let all = 1200u64 << stage.min(10);
                        let trainable = if stage + 1 == stages {
                            all
                        } else if stage + 2 == stages && phase > 0 {
                            all / 3
                        } else {
                            0
                        };
                        Parameters {
                            trainable,
                            frozen: all - trainable,
                        }
                    })
                    .collect(),
            })
            .collect(),
    })
}

fn gallery() -> Box<dyn Figure> {
    let row = |title: &str, count: u32, is_right: bool, confidence: f64| GalleryRow {
        title: title.into(),
        remark: format!("{count} of 656 pictures"),
        pictures: (0..count.min(12))
            .map(|seed| GalleryPicture {
                pixels: (seed != 3).then(|| photograph(seed, 150, 150 - seed * 6)),
                truth: "functional".into(),
                predicted: if is_right {
                    "functional"
                } else {
                    "defective, or so"
                }
                .into(),
                confidence,
                is_right,
            })
            .collect(),
    };
    Box::new(GalleryFigure {
        title: "Predictions: Solar cells, fine-tuning".into(),
        remark: "confidence over 90 %: 512 pictures, under 60 %: 14 pictures".into(),
        rows: vec![
            row("Right and confident", 500, true, 0.998),
            row("Right and uncertain", 3, true, 0.512),
            row("Wrong", 63, false, 0.871),
        ],
    })
}

fn sheet(count: u32, captions: bool, columns: Option<usize>) -> Box<dyn Figure> {
    Box::new(SheetFigure {
        title: "A sheet of pictures".into(),
        remark: "as training sees them".into(),
        cells: (0..count)
            .map(|seed| SheetCell {
                pixels: photograph(seed, if seed % 4 == 1 { 32 } else { 160 }, 120),
                caption: if captions {
                    format!("picture {seed}")
                } else {
                    String::new()
                },
                marked: seed == 0,
            })
            .collect(),
        columns,
    })
}

fn movement(layers: usize) -> Box<dyn Figure> {
    Box::new(MovementFigure {
        title: "How far layers moved".into(),
        remark: String::new(),
        color: palette::run_color(1),
        stages: (0..10)
            .map(|stage| MovementStage {
                title: format!("blocks.{stage}"),
                layers: (0..layers)
                    .map(|layer| {
                        if stage < 6 {
                            0.0
                        } else {
                            0.003 * (1 + (layer * 7 + stage * 3) % 29) as f64
                        }
                    })
                    .collect(),
            })
            .collect(),
    })
}

fn samples() -> Vec<(&'static str, Box<dyn Figure>)> {
    let pair = vec![
        series("Solar cells, feature extraction", 0, 15, 0, 0.866),
        series("Solar cells, fine-tuning", 1, 15, 6, 0.913),
    ];
    let mut many: Vec<CurveSeries> = (0..8)
        .map(|index| {
            series(
                &format!("Run number {index} of eight with a name"),
                index,
                60,
                10 + index as u32 % 3,
                0.7 + 0.03 * index as f64,
            )
        })
        .collect();
    many[3].metrics[20].train_loss = f64::NAN;
    let hundred: Vec<String> = (0..100).map(|index| format!("class {index}")).collect();
    let hundred: Vec<&str> = hundred.iter().map(String::as_str).collect();
    let mut two = confusion(&["defective", "functional"], 3);
    two.matrix.counts = vec![vec![171, 42], vec![21, 422]];
    let bars = vec![
        ResultBar::from_counts("Feature extraction".into(), palette::run_color(0), 568, 656),
        ResultBar::from_counts("Fine-tuning".into(), palette::run_color(1), 593, 656),
        ResultBar::from_counts("From scratch".into(), palette::run_color(2), 467, 656),
    ];
    let curves = |series| {
        Box::new(CurvesFigure {
            title: "Feature extraction against fine-tuning".into(),
            remark: "EfficientNet-Lite0, 1,574 training and 394 validation pictures".into(),
            series,
        })
    };
    let counts = |names: &[&str]| {
        Box::new(ClassCountsFigure {
            title: "Pictures per class".into(),
            remark: "2,624 pictures, 2 passed over".into(),
            color: palette::run_color(0),
            classes: names
                .iter()
                .enumerate()
                .map(|(index, name)| ClassCount {
                    name: (*name).into(),
                    train: 1000 / (index + 1),
                    validation: 250 / (index + 1),
                    test: 312 / (index + 1),
                })
                .collect(),
        })
    };
    let twenty_six: Vec<CurveSeries> = (0..26)
        .map(|index| {
            let name = format!("#{index} fine-tuning, last 20, seed {index}");
            series(
                &name,
                index,
                25,
                5 + index as u32 % 2,
                0.6 + 0.01 * index as f64,
            )
        })
        .collect();
    let many_bars = (0..26)
        .map(|index| {
            let name = format!("#{index} fine-tuning, last 20, seed {index}");
            ResultBar::from_counts(name, palette::run_color(index), 400 + 7 * index as u64, 656)
        })
        .collect();
    let odd = [
        "cat",
        "",
        " ",
        "  ",
        "cat ",
        "a\nb",
        "猫",
        "\u{12000}\u{12001}",
        "\u{12002}",
        "שלום",
    ];
    let mut before = two.clone();
    before.matrix.counts = vec![vec![160, 53], vec![24, 419]];
    let difference = |from: &ConfusionFigure, to: &ConfusionFigure| {
        Box::new(ConfusionDifferenceFigure {
            title: "From feature extraction to fine-tuning".into(),
            remark: "656 test pictures".into(),
            from: from.matrix.clone(),
            to: to.matrix.clone(),
        })
    };
    let three_hundred: Vec<String> = (0..300).map(|index| format!("class {index}")).collect();
    let three_hundred: Vec<&str> = three_hundred.iter().map(String::as_str).collect();
    vec![
        ("roc", roc(2)),
        ("roc-8", roc(8)),
        ("roc-0", roc(0)),
        ("reliability", reliability(1)),
        ("reliability-2", reliability(2)),
        ("reliability-0", reliability(0)),
        ("freeze", freeze(10, 2)),
        ("freeze-many", freeze(26, 4)),
        ("freeze-0", freeze(0, 0)),
        ("gallery", gallery()),
        ("sheet", sheet(16, true, None)),
        ("sheet-columns", sheet(20, true, Some(10))),
        ("sheet-plain", sheet(60, false, None)),
        ("sheet-0", sheet(0, false, None)),
        ("movement", movement(12)),
        ("movement-0", movement(0)),
        ("confusion-2-rows", shown(two.clone(), Shown::ByRow)),
        ("confusion-2-columns", shown(two.clone(), Shown::ByColumn)),
        ("difference-2", difference(&before, &two)),
        (
            "difference-100",
            difference(&confusion(&hundred, 7), &confusion(&hundred, 9)),
        ),
        ("confusion-300", Box::new(confusion(&three_hundred, 9))),
        ("curves", curves(pair.clone())),
        (
            "curves-one-epoch",
            curves(vec![series("One epoch <&>", 4, 1, 0, 0.5)]),
        ),
        (
            "curves-none",
            curves(vec![CurveSeries {
                metrics: Vec::new(),
                ..pair[0].clone()
            }]),
        ),
        ("curves-many", curves(many)),
        ("confusion-2", Box::new(two)),
        (
            "confusion-10",
            Box::new(confusion(
                &[
                    "airplane",
                    "automobile",
                    "bird",
                    "cat",
                    "deer",
                    "dog",
                    "frog",
                    "horse",
                    "ship",
                    "truck",
                ],
                12,
            )),
        ),
        ("confusion-100", Box::new(confusion(&hundred, 9))),
        ("confusion-0", Box::new(confusion(&[], 9))),
        (
            "results",
            Box::new(ResultsFigure {
                title: "Test accuracy".into(),
                remark: "656 test pictures, the same for every run".into(),
                bars,
            }),
        ),
        ("curves-26", curves(twenty_six)),
        ("roc-26", roc(26)),
        ("reliability-26", reliability(26)),
        (
            "results-26",
            Box::new(ResultsFigure {
                title: "Test accuracy".into(),
                remark: "656 test pictures, the same for every run".into(),
                bars: many_bars,
            }),
        ),
        ("counts-odd", counts(&odd)),
        ("confusion-odd", Box::new(confusion(&odd, 4))),
        (
            "difference-19",
            difference(&confusion(&hundred[..19], 7), &confusion(&hundred[..19], 9)),
        ),
        (
            "difference-300",
            difference(&confusion(&three_hundred, 7), &confusion(&three_hundred, 9)),
        ),
        (
            "confusion-300-rows",
            shown(confusion(&three_hundred, 9), Shown::ByRow),
        ),
        ("counts-300", counts(&three_hundred)),
        ("counts", counts(&["functional", "defective"])),
        ("counts-many", counts(&hundred[..40])),
        ("parallel", parallel(27)),
        ("parallel-1000", parallel(1_000)),
        ("parallel-none", parallel(0)),
        ("effects", effects(3, 3)),
        ("effects-one", effects(1, 4)),
        ("effects-six", effects(6, 8)),
        ("effects-none", effects(0, 0)),
        ("frontier", frontier(9)),
        ("frontier-many", frontier(40)),
        ("frontier-one", frontier(1)),
        ("frontier-none", frontier(0)),
        ("rates", rates(96, true)),
        ("rates-no-suggestion", rates(40, false)),
        ("rates-none", rates(0, false)),
        ("learning-curve", learning_curve(10, true)),
        ("learning-curve-unfitted", learning_curve(3, false)),
        ("learning-curve-none", learning_curve(0, false)),
    ]
}

/// A shoot-out of so many networks.
fn frontier(networks: u32) -> Box<dyn Figure> {
    let names = [
        "EfficientNet-Lite0",
        "ResNet-18",
        "ResNet-50",
        "ViT-B/16",
        "ConvNeXt-Tiny",
    ];
    let point = |index: u32| {
        let cost = 11.0 * 1.13f64.powi(index as i32);
        let noise = f64::from(index * 7919 % 13) / 260.0;
        let score = 0.93 - 0.2 * (-f64::from(index) / 5.0).exp() - noise;
        FrontierPoint {
            name: format!("{} {index}", names[index as usize % names.len()]),
            cost,
            score,
            interval: Some((score - 0.02, score + 0.016)),
            is_on_frontier: index.is_multiple_of(3),
            is_worse: score < 0.86,
        }
    };
    Box::new(FrontierFigure {
        title: "Accuracy against time of one picture".into(),
        remark: "Linear heads on 1969 pictures, 5 folds".into(),
        cost_title: "Time of one picture (ms)".into(),
        score_title: "Accuracy (%), with its 95 % interval".into(),
        points: (0..networks).map(point).collect(),
    })
}

/// A range test of so many steps.
fn rates(steps: u32, tells: bool) -> Box<dyn Figure> {
    let points: Vec<RateCurvePoint> = (0..steps)
        .map(|step| {
            let rate = 1e-7 * 10f64.powf(f64::from(step) * 0.08);
            let smoothed = 0.3 + 1.2 / (1.0 + rate / 2e-3) + (rate / 0.6).powi(2);
            RateCurvePoint {
                rate,
                loss: smoothed + 0.2 * (f64::from(step) * 12.9898).sin(),
                smoothed,
            }
        })
        .collect();
    Box::new(RateCurveFigure {
        title: "Learning rates of phase 1, Feature extraction".into(),
        remark: "EfficientNet-Lite0, 1,574 training pictures in batches of 32".into(),
        color: palette::run_color(0),
        points,
        suggested: tells.then_some((1.7e-3, 0.95)),
    })
}

/// A curve with so many numbers of pictures.
fn learning_curve(shares: u32, is_fitted: bool) -> Box<dyn Figure> {
    let value = |pictures: f64| 0.95 - 1.4 * pictures.powf(-0.5);
    let points = (1..=shares)
        .map(|share| {
            let pictures = f64::from(share) * 157.0;
            let score = |draw: u32| value(pictures) + 0.02 * f64::from(draw * 7 % 5) - 0.04;
            let scores: Vec<f64> = (0..5).map(score).collect();
            LearningCurveDots {
                pictures,
                mean: scores.iter().sum::<f64>() / scores.len() as f64,
                scores,
            }
        })
        .collect();
    let band = (1..=40)
        .map(|step| {
            let pictures = 157.0 + f64::from(step) * 75.0;
            let half = 0.01 + 0.00001 * pictures;
            LearningCurveBand {
                pictures,
                value: value(pictures),
                low: value(pictures) - half,
                high: value(pictures) + half,
            }
        })
        .filter(|_| is_fitted)
        .collect();
    Box::new(LearningCurveFigure {
        title: "What twice as many pictures would bring".into(),
        remark: "EfficientNet-Lite0, linear heads on frozen features; 394 validation pictures"
            .into(),
        score: "Validation accuracy".into(),
        color: palette::run_color(0),
        points,
        band,
        now: 1_570.0,
    })
}

/// A sweep of so many settings.
fn parallel(count: usize) -> Box<dyn Figure> {
    let rates = ["1e-5", "1e-4", "1e-3"];
    let plans = [
        "Whole backbone frozen",
        "Frozen below layer4",
        "Nothing frozen",
    ];
    let sizes = ["16", "32", "64"];
    let goal = |index: usize| 0.7 + 0.25 * ((index * 7 % 23) as f64 / 23.0);
    let mut axes = vec![
        ParallelAxis::of_texts("Phase 2, learning rate", rates),
        ParallelAxis::of_texts("Phase 2, frozen", plans),
        ParallelAxis::of_texts("Batch size", sizes),
    ];
    let percent = |value: f64| format!("{:.0} %", value * 100.0);
    axes.push(ParallelAxis::of_results(
        "Validation accuracy",
        (0..count).map(goal),
        true,
        &percent,
    ));
    let lines = (0..count)
        .map(|index| {
            let texts = [rates[index % 3], plans[index / 3 % 3], sizes[index / 9 % 3]];
            let mut shares: Vec<Option<f64>> = (axes.iter().zip(texts))
                .map(|(axis, text)| axis.scale.share(text))
                .collect();
            shares.push(axes[3].scale.share_of_number(goal(index)));
            ParallelLine {
                shares,
                score: Some((goal(index) - 0.7) / 0.25),
                is_faded: index % 5 == 4,
            }
        })
        .collect();
    Box::new(ParallelFigure {
        title: "Learning rate and frozen layers".into(),
        remark: "27 of 27 settings trained, under 2 seeds; validation pictures".into(),
        axes,
        lines,
    })
}

/// The effects of so many settings, each with so many values.
fn effects(count: usize, values: usize) -> Box<dyn Figure> {
    let settings: Vec<EffectSetting> = (0..count)
        .map(|setting| EffectSetting {
            name: format!("Phase 2, setting number {setting}"),
            values: (0..values)
                .map(|value| EffectValue {
                    text: format!("{}", 8 << value),
                    results: (0..6)
                        .map(|index| 0.8 + 0.02 * value as f64 + 0.003 * f64::from(index))
                        .collect(),
                })
                .collect(),
            explained: (setting != 1).then_some(0.6 / (setting + 1) as f64),
        })
        .collect();
    let pairs = (0..count)
        .flat_map(|first| (first + 1..count).map(move |second| (first, second)))
        .map(|(first, second)| EffectPair {
            first,
            second,
            means: (0..values)
                .map(|row| {
                    let mean = move |column: usize| {
                        (row + column != 3).then_some(0.8 + 0.02 * (row + column) as f64)
                    };
                    (0..values).map(mean).collect()
                })
                .collect(),
        })
        .collect();
    Box::new(EffectsFigure {
        title: "Effects on validation accuracy".into(),
        remark: "Mean over 27 settings".into(),
        result: "Validation accuracy".into(),
        is_share: true,
        higher_is_better: true,
        settings,
        pairs,
    })
}

#[test]
fn every_figure_is_drawn_in_every_size_and_theme() {
    let folder = std::env::var_os("GRAFT_FIGURES").map(std::path::PathBuf::from);
    let sizes = [
        Size::default(),
        Size {
            width: 480,
            height: 300,
        },
        Size {
            width: 900,
            height: 1600,
        },
    ];
    for (name, figure) in samples() {
        for (theme_name, theme) in [("light", Theme::LIGHT), ("dark", Theme::DARK)] {
            for size in sizes {
                let svg = to_svg(figure.as_ref(), size, theme);
                // Not within a picture's bytes, where these letters may stand for others.
                let has = |text: &str| svg.contains(text);
                assert!(
                    !(has("\"NaN") || has(" NaN") || has("LNaN") || has("inf\"")),
                    "{name}: a place that is no number"
                );
                let png = to_png(&svg, 1.0, DEFAULT_DPI).unwrap();
                let pixels = image::load_from_memory(&png).unwrap().to_rgb8();
                assert_eq!(pixels.dimensions(), (size.width, size.height), "{name}");
                let background = [theme.background.0, theme.background.1, theme.background.2];
                let edge = pixels.enumerate_pixels().filter(|(x, y, _)| {
                    *x == 0 || *y == 0 || *x == size.width - 1 || *y == size.height - 1
                });
                assert!(
                    edge.into_iter().all(|(_, _, pixel)| pixel.0 == background),
                    "{name}: drawn over the edge"
                );
                if let Some(folder) = &folder {
                    let file = format!("{name}-{theme_name}-{}x{}", size.width, size.height);
                    std::fs::write(folder.join(file.clone() + ".png"), png).unwrap();
                    std::fs::write(folder.join(file + ".svg"), svg).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_later_phase_is_marked_and_validation_dashed() {
    let with = |unfrozen| {
        let figure = CurvesFigure {
            title: "t".into(),
            remark: String::new(),
            series: vec![series("run", 0, 9, unfrozen, 0.9)],
        };
        to_svg(&figure, Size::default(), Theme::LIGHT)
    };
    assert!(with(4).contains(">Fine-tuning<") && with(4).contains("layers unfrozen"));
    assert!(!with(0).contains("layers unfrozen"));
    assert!(with(0).contains(r#"stroke-dasharray="11 7""#));
}

/// How long each figure takes from its description to the bytes of a PNG file of 1600 x 1000.
#[test]
#[ignore = "a measurement"]
fn speed() {
    for (name, figure) in samples() {
        let began = std::time::Instant::now();
        let svg = to_svg(figure.as_ref(), Size::default(), Theme::LIGHT);
        let drawn = began.elapsed();
        let png = to_png(&svg, 1.0, DEFAULT_DPI).unwrap();
        let all = began.elapsed();
        println!(
            "{name:24} {:4} ms, of which {:4} ms to SVG; {} kB",
            all.as_millis(),
            drawn.as_millis(),
            png.len() / 1000
        );
    }
}
