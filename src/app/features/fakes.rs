//! A window's state as it may look in the middle of an afternoon, for tests and pictures of panels.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::analysis::gallery::RunPictures;
use crate::app::core::gallery::{GalleryState, Opened};
use crate::app::core::prediction::PredictionState;
use crate::app::core::state::{
    Document, DocumentId, LogLine, NoticeKind, Preview, RecordState, RunRecord, Scan, State, Tree,
};
use crate::app::core::sweep;
use crate::data::{Dataset, Picture, PictureSource, Pixels, Problem, Split, SplitIndices};
use crate::evaluation::gallery::Predicted;
use crate::evaluation::{Prediction, Predictions};
use crate::experiment::{
    Augmentation, DataSource, Experiment, FreezePlan, Optimizer, Phase, Schedule,
};
use crate::models::catalogue;
use crate::models::speed::Measured;
use crate::models::tree::{LayerNode, LayerTree, StageSummary};
use crate::prediction::{self, AnsweredPicture, Novelty, PictureOutcome, Totals};
use crate::runs::{RunState, RunSummary};
use crate::training::EpochMetrics;
use crate::training::events::{Activity, Progress, TestMetrics};
use crate::worker::messages::{AugmentedVersion, PredictionAnswer, RunId};

/// The moment of the fake afternoon, in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;

pub fn experiment() -> Experiment {
    let mut experiment = Experiment {
        name: "Solar cells, fine-tuning".into(),
        ..Experiment::default()
    };
    experiment.data.source = DataSource::table("$GRAFT_DATA/elpv/labels.csv");
    experiment.augmentation = Augmentation {
        horizontal_flip: true,
        vertical_flip: true,
        rotation: 12.0,
        zoom: 0.1,
        contrast: 0.2,
        ..Augmentation::default()
    };
    experiment.phases = vec![
        Phase {
            name: "Warm-up".into(),
            epochs: 5,
            ..Phase::default()
        },
        Phase {
            name: "Fine-tuning".into(),
            epochs: 10,
            freeze: FreezePlan::Below("layer4".into()),
            optimizer: Optimizer::adam_w(),
            learning_rate: 1e-4,
            schedule: Schedule::one_cycle(),
            ..Phase::default()
        },
    ];
    experiment
}

pub fn document(experiment: Experiment) -> Document {
    Document {
        id: DocumentId::unused(),
        saved: experiment.clone(),
        experiment,
        file: None,
        origin: None,
        included: true,
        undo: Vec::new(),
        redo: Vec::new(),
        last_edit: None,
        problems: Vec::new(),
    }
}

fn node(
    path: &str,
    kind: &str,
    detail: &str,
    shape: &[i64],
    parameters: u64,
    children: Vec<LayerNode>,
) -> LayerNode {
    LayerNode {
        path: path.into(),
        name: path.rsplit('.').next().unwrap_or_default().into(),
        kind: kind.into(),
        detail: detail.into(),
        output_shape: shape.into(),
        parameters: parameters + children.iter().map(|child| child.parameters).sum::<u64>(),
        multiply_adds: parameters * 49,
        children,
    }
}

/// A small network shaped like ResNet-18.
pub fn tree() -> LayerTree {
    let mut children = vec![
        node(
            "conv1",
            "Conv2d",
            "7 × 7, 3 → 64, stride 2",
            &[64, 112, 112],
            9_408,
            Vec::new(),
        ),
        node("bn1", "BatchNorm2d", "64", &[64, 112, 112], 128, Vec::new()),
        node("relu", "ReLU", "", &[64, 112, 112], 0, Vec::new()),
        node(
            "maxpool",
            "MaxPool2d",
            "3 × 3, stride 2",
            &[64, 56, 56],
            0,
            Vec::new(),
        ),
    ];
    for (stage, width) in [(1, 64_i64), (2, 128), (3, 256), (4, 512)] {
        let side = 112 >> stage;
        let shape = [width, side, side];
        let blocks = (0..2)
            .map(|block| {
                let path = format!("layer{stage}.{block}");
                let input = if block == 0 && stage > 1 {
                    width / 2
                } else {
                    width
                };
                let conv = |name: &str, input: i64| {
                    let detail = format!("3 × 3, {input} → {width}");
                    node(
                        &format!("{path}.{name}"),
                        "Conv2d",
                        &detail,
                        &shape,
                        (input * width * 9) as u64,
                        Vec::new(),
                    )
                };
                let norm = |name: &str| {
                    let path = format!("{path}.{name}");
                    node(
                        &path,
                        "BatchNorm2d",
                        &width.to_string(),
                        &shape,
                        2 * width as u64,
                        Vec::new(),
                    )
                };
                let relu = node(&format!("{path}.relu"), "ReLU", "", &shape, 0, Vec::new());
                let leaves = vec![
                    conv("conv1", input),
                    norm("bn1"),
                    relu,
                    conv("conv2", width),
                    norm("bn2"),
                ];
                node(&path, "BasicBlock", "", &shape, 0, leaves)
            })
            .collect();
        children.push(node(
            &format!("layer{stage}"),
            "Sequential",
            "",
            &shape,
            0,
            blocks,
        ));
    }
    let stage = |title: &str, paths: &[&str]| {
        let inside: Vec<&LayerNode> = children
            .iter()
            .filter(|node| paths.contains(&node.path.as_str()))
            .collect();
        StageSummary {
            title: title.into(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            output_shape: inside
                .last()
                .map(|node| node.output_shape.clone())
                .unwrap_or_default(),
            parameters: inside.iter().map(|node| node.parameters).sum(),
        }
    };
    let stages = vec![
        stage("Stem", &["conv1", "bn1", "relu", "maxpool"]),
        stage("layer1", &["layer1"]),
        stage("layer2", &["layer2"]),
        stage("layer3", &["layer3"]),
        stage("layer4", &["layer4"]),
    ];
    LayerTree {
        backbone: "resnet18".into(),
        input_size: 224,
        root: node("", "ResNet", "", &[512, 7, 7], 0, children),
        stages,
        classifier_parameters: 513_000,
        features: 512,
    }
}

/// A picture that can be told from others: bars on a tinted ground.
pub fn pixels(side: u32, seed: u32) -> Pixels {
    let mut rgb = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let bar = (x + seed * 7) % 28 < 3 || (y + seed * 5) % 62 < 2;
            let shade = ((x * y / 9 + seed * 31) % 60) as u8;
            let base = if bar { 60 } else { 150 + shade };
            let crack = (x as i64 - y as i64 + i64::from(seed * 13 % 40)).unsigned_abs() < 2
                && seed.is_multiple_of(3);
            let value = if crack { 20 } else { base };
            rgb.extend([value, value, value.saturating_add(12)]);
        }
    }
    Pixels {
        width: side,
        height: side,
        rgb,
    }
}

pub fn dataset() -> (Dataset, SplitIndices) {
    let classes = ["defective", "functional"];
    let mut pictures = Vec::new();
    let mut split = SplitIndices::default();
    for index in 0..2_624_usize {
        pictures.push(Picture {
            source: PictureSource::File(PathBuf::from(format!("elpv/images/cell{index:04}.png"))),
            name: format!("images/cell{index:04}.png"),
            label: u32::from(index % 100 >= 41),
            size: (300, 300),
            split: None,
            group: None,
        });
        match index % 20 {
            0..5 => split.test.push(index),
            5..8 => split.validation.push(index),
            _ => split.train.push(index),
        }
    }
    let problem = |path: &str, reason: &str| Problem {
        path: PathBuf::from(path),
        reason: reason.into(),
    };
    let dataset = Dataset {
        classes: classes.map(str::to_owned).to_vec(),
        pictures,
        problems: vec![
            problem(
                "elpv/images/cell2001.png",
                "cut off: the PNG ends in the middle",
            ),
            problem("elpv/images/notes.txt", "not a picture"),
        ],
        excluded: Vec::new(),
        remarks: Vec::new(),
    };
    (dataset, split)
}

fn metrics(epochs: u32, top: f64, fine_tuned_from: u32) -> Vec<EpochMetrics> {
    (1..=epochs)
        .map(|epoch| {
            let time = f64::from(epoch);
            let lift = if epoch > fine_tuned_from {
                0.05 * (1.0 - (-(time - f64::from(fine_tuned_from)) / 2.0).exp())
            } else {
                0.0
            };
            let accuracy = top - 0.3 * (-time / 2.5).exp() + lift;
            let wobble = 0.008 * (time * 2.1).sin();
            EpochMetrics {
                epoch,
                phase: usize::from(epoch > fine_tuned_from),
                learning_rate: 1e-3,
                train_loss: 1.6 * (1.0 - accuracy) + 0.02,
                train_accuracy: accuracy + 0.015,
                validation_loss: Some(1.7 * (1.0 - accuracy) + 0.05 - wobble),
                validation_accuracy: Some(accuracy - 0.01 + wobble),
                validation_macro_f1: Some(accuracy - 0.02),
                seconds: 12.0,
            }
        })
        .collect()
}

fn run(
    id: &str,
    name: &str,
    color: usize,
    seconds_ago: u64,
    accuracy: f64,
    split: &str,
) -> RunRecord {
    let fine = name == "Fine-tuning";
    let epochs = if fine { 15 } else { 12 };
    RunRecord {
        id: id.into(),
        run: None,
        folder: Some(PathBuf::from("runs").join(id)),
        name: name.into(),
        state: RecordState::Finished,
        metrics: metrics(
            epochs,
            accuracy - if fine { 0.045 } else { 0.0 },
            if fine { 5 } else { 99 },
        ),
        phase_starts: if fine {
            vec![(6, "Fine-tuning".into())]
        } else {
            Vec::new()
        },
        epochs_planned: epochs,
        progress: None,
        card: None,
        paused: false,
        fold: None,
        summary: Some(RunSummary {
            id: id.into(),
            experiment: name.into(),
            backbone: "efficientnet_lite0".into(),
            started: NOW - seconds_ago,
            state: RunState::Finished,
            classes: vec!["defective".into(), "functional".into()],
            train_pictures: 1_574,
            validation_pictures: 394,
            test_pictures: 656,
            test_split: split.into(),
            trainable_parameters: if fine { 3_371_024 } else { 164_226 },
            frozen_parameters: if fine { 0 } else { 3_371_024 },
            best_epoch: epochs - 2,
            epochs_planned: epochs,
            seconds_total: if fine { 712.0 } else { 48.0 },
            test: Some(TestMetrics {
                loss: (1.0 - accuracy) * 2.4,
                accuracy,
                macro_f1: accuracy - 0.012,
                n: 656,
            }),
            device: "CPU, 2 threads".into(),
            graft_version: "0.1.0".into(),
            right: Some(rightness(accuracy)),
            ..RunSummary::default()
        }),
        color,
        shown: true,
        warnings: Vec::new(),
        movement: Arc::default(),
        listed: Default::default(),
        title: String::new(),
    }
}

/// The first of 656 test pictures right, the rest wrong.
fn rightness(accuracy: f64) -> String {
    let right = (accuracy * 656.0).round() as usize;
    let rows = (0..656)
        .map(|index| Prediction {
            file: format!("{index:04}"),
            truth: 0,
            probabilities: if index < right {
                vec![1.0, 0.0]
            } else {
                vec![0.0, 1.0]
            },
        })
        .collect();
    crate::runs::rightness::encode(&Predictions {
        classes: vec!["defective".into(), "functional".into()],
        rows,
        ..Predictions::default()
    })
}

/// Gives a run another test result.
pub fn set_right(summary: &mut RunSummary, accuracy: f64) {
    summary.right = Some(rightness(accuracy));
    if let Some(test) = &mut summary.test {
        test.accuracy = accuracy;
    }
}

pub fn runs() -> Vec<RunRecord> {
    let finished =
        |id, name, color, ago, accuracy, split| run(id, name, color, ago, accuracy, split);
    let mut running = finished("e", "AdamW, everything free", 4, 0, 0.9, "a");
    running.state = RecordState::Running;
    running.run = Some(RunId(7));
    running.summary = None;
    running.metrics.truncate(3);
    running.epochs_planned = 10;
    running.progress = Some(Progress {
        activity: Activity::Training,
        phase: 0,
        epoch: 4,
        epochs: 10,
        done: 640,
        total: 1_574,
        pictures_per_second: 38.0,
        remaining_seconds: Some(180.0),
        train_loss: Some(0.34),
    });
    let mut queued = running.clone();
    (queued.id, queued.name) = ("f".into(), "Waiting one".into());
    queued.state = RecordState::Queued;
    queued.run = Some(RunId(8));
    queued.metrics.clear();
    queued.progress = None;
    queued.color = 5;
    let mut failed = finished("g", "Diverged", 6, 300_000, 0.5, "a");
    failed.state =
        RecordState::Failed("the loss became NaN in epoch 2: lower the learning rate".into());
    failed.summary = None;
    failed.shown = false;
    failed.metrics.truncate(2);
    let mut scratch = finished("c", "From scratch", 2, 7_200, 0.712, "a");
    scratch.warnings = vec!["2 pictures were skipped".into()];
    vec![
        finished("a", "Feature extraction", 0, 600, 0.861, "a"),
        finished("b", "Fine-tuning", 1, 300, 0.912, "a"),
        scratch,
        finished("d", "Solar cells, all views", 3, 90_000, 0.9, "b"),
        running,
        queued,
        failed,
    ]
}

/// As if measured: the more work, the slower; the last one is still to be measured.
fn speeds() -> BTreeMap<String, Measured> {
    let all = catalogue::architectures();
    all[..all.len() - 1]
        .iter()
        .map(|info| {
            let measured = Measured {
                pictures_per_second: 30.0 / info.gflops,
                stage_features: vec![1280],
                top_share: 0.2,
                taken: None,
            };
            (info.name.to_owned(), measured)
        })
        .collect()
}

/// What a run answered on the first `count` pictures of [`dataset`]: mostly right, some in doubt.
pub fn run_pictures(folder: PathBuf, count: usize, seed: usize) -> RunPictures {
    let (dataset, _) = dataset();
    let rows = (0..count)
        .map(|index| {
            let doubt = ((index * 37 + seed * 11) % 100) as f32 / 100.0;
            let truth = u32::from(index % 100 >= 41);
            let right = 0.3 + 0.7 * doubt;
            let mut probabilities = vec![1.0 - right; 2];
            probabilities[truth as usize] = right;
            Prediction {
                file: format!("images/cell{index:04}.png"),
                truth,
                probabilities,
            }
        })
        .collect();
    let predictions = Predictions {
        classes: dataset.classes.clone(),
        rows,
        ..Predictions::default()
    };
    let predicted = Predicted::new(vec![(Split::Test, predictions)]);
    let sources = (0..count)
        .map(|index| {
            Some(PictureSource::File(
                format!("elpv/images/cell{index:04}.png").into(),
            ))
        })
        .collect();
    RunPictures::new(folder, predicted, sources)
}

/// What run `b` answered on the first `count` pictures of a folder, of which every twentieth is none of its classes and two
/// could not be read.
pub fn prediction(count: usize) -> PredictionState {
    let mut state = PredictionState::default();
    state.run = Some("b".into());
    let run = Path::new("runs/b");
    let now = Instant::now();
    state.predict(run, 0.01, vec!["inbox".into()]);
    let (dataset, _) = dataset();
    state.take(
        PredictionAnswer::Opened {
            number: 1,
            classes: Arc::new(dataset.classes),
            remarks: Vec::new(),
            // With 1 in 100 false alarms, the furthest of them is the limit.
            validation_distances: (1..=99).map(|place| 0.43 * place as f32 / 99.0).collect(),
        },
        None,
        now,
    );
    state.take(
        PredictionAnswer::Found {
            number: 1,
            pictures: count + 1,
            lost: vec![Problem {
                path: "inbox/scan.jp2".into(),
                reason: "pictures of this kind are not read: convert it to PNG".into(),
            }],
            passed_over: ["notes.txt", "list.csv", "Thumbs.db"]
                .map(|name| Problem {
                    path: Path::new("inbox").join(name),
                    reason: "is no picture".into(),
                })
                .into(),
        },
        None,
        now,
    );
    let mut outcomes: Vec<PictureOutcome> = (0..count).map(predicted).collect();
    outcomes.push(PictureOutcome::Unreadable {
        picture: prediction::Picture::file("inbox/broken.jpg"),
        reason: "is cut off: the JPEG ends in the middle".into(),
    });
    let some = PredictionAnswer::Some {
        number: 1,
        outcomes,
    };
    state.take(some, None, now);
    let ended = PredictionAnswer::Ended {
        number: 1,
        result: Ok(Totals::default()),
    };
    state.take(ended, None, now + Duration::from_secs(4));
    state
}

fn predicted(index: usize) -> PictureOutcome {
    let doubt = (index * 37 % 100) as f32 / 100.0;
    let class = usize::from(index.is_multiple_of(3));
    let confidence = 0.5 + doubt / 2.0;
    let mut probabilities = vec![1.0 - confidence; 2];
    probabilities[class] = confidence;
    PictureOutcome::Answered(AnsweredPicture {
        picture: prediction::Picture::file(format!("inbox/part {index:05}.png")),
        probabilities,
        class: Some(class as u32),
        confidence,
        novelty: Some(Novelty {
            distance: if index % 20 == 19 {
                0.71
            } else {
                0.1 + doubt / 4.0
            },
            threshold: 0.43,
            rate: 0.01,
        }),
        part: (index % 30 == 2).then_some(Split::Train),
    })
}

/// The gallery of three runs, with pictures.
fn gallery() -> GalleryState {
    let mut gallery = GalleryState::default();
    for (seed, id) in ["a", "b", "d"].into_iter().enumerate() {
        let folder = PathBuf::from("runs").join(id);
        let run = run_pictures(folder.clone(), 656, seed);
        for (index, source) in run.sources.iter().flatten().enumerate().take(100) {
            let picture = Arc::new(pixels(96, index as u32));
            gallery.thumbnails.insert(source.clone(), Ok(picture));
        }
        gallery.runs.insert(folder, Opened::Ready(Arc::new(run)));
    }
    gallery
}

/// Everything at once: pictures, layers, runs, a preview and a log.
pub fn state() -> State {
    let experiment = experiment();
    let (dataset, split) = dataset();
    let thumbnails: BTreeMap<_, _> = (0..80_usize)
        .filter(|index| index % 11 != 10)
        .map(|index| (index, Ok(Arc::new(pixels(96, index as u32)))))
        .collect();
    let preview = Preview {
        index: 8,
        augmentation: experiment.augmentation.clone(),
        original: pixels(224, 3),
        versions: (0..15)
            .map(|version| AugmentedVersion {
                pixels: pixels(224, 3 * version),
                mixed_with: None,
            })
            .collect(),
    };
    let line = |time: &str, kind, text: &str| LogLine {
        time: time.into(),
        kind,
        text: text.into(),
    };
    State {
        scan: Scan::Done {
            data: Box::new(experiment.data.clone()),
            seed: experiment.seed,
            dataset: Arc::new(dataset),
            split: Arc::new(split),
        },
        sweep: sweep::fakes::state(30, 20),
        documents: vec![document(experiment)],
        tree: Tree::Ready(Arc::new(tree())),
        thumbnails,
        speeds: speeds(),
        stored_weights: catalogue::architectures()
            .iter()
            .map(|info| (info.name.into(), info.default_weights().name.into()))
            .collect(),
        preview: Some(Arc::new(preview)),
        runs: runs(),
        gallery: gallery(),
        prediction: prediction(60),
        log: vec![
            line(
                "10:15:03",
                NoticeKind::Info,
                "Opened 2,624 pictures of 2 classes",
            ),
            line("10:15:07", NoticeKind::Warning, "2 pictures were skipped"),
            line(
                "10:16:12",
                NoticeKind::Info,
                "Loaded 244 tensors of efficientnet_lite0.pth (efficientnet-lite names)",
            ),
            line(
                "10:16:20",
                NoticeKind::Info,
                "Phase 1, Warm-up: features of the frozen backbone are computed once",
            ),
            line(
                "10:19:40",
                NoticeKind::Error,
                "the loss became NaN in epoch 2: lower the learning rate",
            ),
        ],
        ..State::default()
    }
}
