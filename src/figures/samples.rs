//! Every figure on data as it really comes, in both themes. With `GRAFT_FIGURES` set to a folder the
//! pictures are written there, to be looked at.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
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
    }
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
    vec![
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
        ("counts", counts(&["functional", "defective"])),
        ("counts-many", counts(&hundred[..40])),
    ]
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
                assert!(
                    !svg.contains("NaN") && !svg.contains("inf\""),
                    "{name}: a place that is no number"
                );
                let png = to_png(&svg, 1.0).unwrap();
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
