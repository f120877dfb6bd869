//! The evaluation, driven by its accessible labels.

use std::sync::Arc;

use super::*;
use crate::app::core::command::GalleryFilter;
use crate::app::core::prepared_answers::PreparedAnswers;
use crate::app::core::settings::SettingChange;
use crate::app::features::evaluation::cache::EvaluationCache;
use crate::app::features::evaluation::view::{
    EvaluationBody, EvaluationView, NoveltyView, RunChoice, Status,
};
use crate::app::features::evaluation::{EvaluationLocal, evaluation_ui};
use crate::data::Split;
use crate::evaluation::novelty::{Distances, NoveltyReference, rate_text};
use crate::evaluation::{Decision, Evaluation, Prediction, Predictions, TemperatureFit};

struct Evaluated {
    view: EvaluationView,
    source: Option<Arc<PreparedAnswers>>,
    cache: EvaluationCache,
    local: EvaluationLocal,
    out: Vec<Command>,
}

impl Evaluated {
    fn new(source: Option<PreparedAnswers>, status: Status) -> Self {
        let run = RunChoice {
            id: "b".into(),
            name: "Fine-tuning".into(),
            color: 1,
            detail: "91.2 %".into(),
        };
        Self {
            view: EvaluationView {
                runs: vec![run.clone()],
                run: Some(run),
                split: Split::Test,
                pictures: [100, 20, 40],
                status,
                test_is_withheld: false,
                body: None,
                diagnosis: None,
                remark: None,
                temperature: Status::Idle,
                novelty: Some(NoveltyView {
                    rate: 0.01,
                    rates: vec![0.1, 0.05, 0.02, 0.01],
                    sentence: "None of these: beyond a distance of 0.431, as 1 in 100 of your own pictures may be; of the \
                               test pictures, 0.9 % are (0.3 – 2.1 %)"
                        .into(),
                }),
                can_train: true,
                refit: None,
            },
            source: source.map(Arc::new),
            cache: EvaluationCache::default(),
            local: EvaluationLocal::default(),
            out: Vec::new(),
        }
    }

    fn body(&mut self) -> Arc<EvaluationBody> {
        let source = self.source.as_ref().expect("there are predictions");
        let ctx = egui::Context::default();
        loop {
            let (body, _) = self.cache.body(source, &self.local.choices, None, &ctx);
            if let Some(body) = body.filter(|_| !self.cache.is_building()) {
                return body;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

fn source(classes: &[&str], rows: &[(u32, Vec<f32>)]) -> PreparedAnswers {
    let predictions = Arc::new(Predictions {
        classes: classes.iter().map(|name| (*name).to_owned()).collect(),
        rows: rows
            .iter()
            .enumerate()
            .map(|(index, (truth, probabilities))| Prediction {
                file: format!("{index}.png"),
                truth: *truth,
                probabilities: probabilities.clone(),
            })
            .collect(),
        ..Predictions::default()
    });
    let evaluation = Evaluation::new(&predictions, &Decision::default());
    let fit = TemperatureFit::new(&predictions);
    PreparedAnswers::new(predictions, Arc::new(evaluation), fit)
}

/// Ten pictures of two classes, two of them answered wrong.
fn two_classes() -> PreparedAnswers {
    let row = |truth: u32, second: f32| (truth, vec![1.0 - second, second]);
    source(
        &["functional", "defective"],
        &[
            row(0, 0.05),
            row(0, 0.10),
            row(0, 0.20),
            row(0, 0.35),
            row(0, 0.70),
            row(1, 0.95),
            row(1, 0.90),
            row(1, 0.80),
            row(1, 0.60),
            row(1, 0.40),
        ],
    )
}

fn open(size: egui::Vec2, evaluated: Evaluated) -> Harness<'static, Evaluated> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(12)
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui_state(
            |ui, evaluated: &mut Evaluated| {
                if evaluated.source.is_some() {
                    evaluated.view.body = Some(evaluated.body());
                }
                evaluation_ui(
                    ui,
                    &evaluated.view,
                    &mut evaluated.local,
                    &mut evaluated.out,
                );
            },
            evaluated,
        );
    harness.run_steps(4);
    harness
}

/// Of a cell of a sweep, nothing looks at the test pictures before a setting is chosen.
#[test]
fn withheld_test_pictures_are_not_offered() {
    for status in [Status::Idle, Status::Failed("they are withheld".into())] {
        let mut evaluated = Evaluated::new(None, status);
        evaluated.view.test_is_withheld = true;
        let mut harness = open(egui::vec2(600.0, 500.0), evaluated);
        assert!(
            harness
                .query_by_label("The test pictures are withheld")
                .is_some()
        );
        assert!(harness.query_by_label_contains("Evaluate on").is_none());
        assert!(harness.query_by_label("Try again").is_none());
        harness.get_by_label("Show the validation pictures").click();
        harness.run_steps(2);
        assert_eq!(harness.state().out, [Command::ShowSplit(Split::Validation)]);
    }
}

#[test]
fn every_number_follows_threshold_and_rejection() {
    let mut evaluated = Evaluated::new(Some(two_classes()), Status::Ready);
    let text = evaluated.body().text();
    for expected in [
        "10 of 10 classified",
        "Accuracy: 80.0 % (49.0 – 94.3 %)",
        "functional: 4 1",
        "defective: 0.800 0.800 0.800 5",
        "1 picture of functional predicted as defective: 20.0 % of the class",
        "All 10 pictures classified, 80.0 % of them correctly; defective: 4 of 5 found, 1 false positive",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    evaluated.local.choices.threshold = 0.375;
    let body = evaluated.body();
    // 0.40 is found now, and 0.35 still is none.
    assert_eq!(body.matrix.lines(), "functional: 4 1\ndefective: 0 5");
    assert!(
        body.text()
            .contains("defective: 5 of 5 found, 1 false positive")
    );
    assert_eq!(body.roc.at, Some([0.2, 1.0]));
    evaluated.local.choices.threshold = 0.5;
    evaluated.local.choices.reject_below = 0.75;
    let body = evaluated.body();
    assert_eq!((body.kept, body.total), (6, 10));
    assert_eq!(body.matrix.lines(), "functional: 3 0\ndefective: 0 3");
    assert_eq!(body.coverage.at, [0.6, 1.0]);
    let counted: u64 = body.reliability.bins.iter().map(|bin| bin.count).sum();
    assert_eq!(counted, 6, "the reliability diagram follows");
    assert!(
        body.roc.area.contains("1.000"),
        "the curves follow: {}",
        body.roc.area
    );
    assert!(
        Arc::ptr_eq(&body, &evaluated.body()),
        "idle frames build nothing"
    );
}

#[test]
fn a_temperature_changes_confidences_and_not_answers() {
    let mut evaluated = Evaluated::new(Some(two_classes()), Status::Ready);
    let before = evaluated.body();
    evaluated.local.choices.use_temperature = true;
    let after = evaluated.body();
    assert_eq!(before.matrix.lines(), after.matrix.lines());
    assert_ne!(before.reliability.error, after.reliability.error);
    assert!(after.reliability.before.is_some());
    assert!(after.decision.sentence.contains("calibration error"));
}

#[test]
fn a_cell_opens_the_gallery_and_orders_change_the_matrix() {
    let mut harness = open(
        egui::vec2(1000.0, 1600.0),
        Evaluated::new(Some(two_classes()), Status::Ready),
    );
    let cell = "1 picture of functional predicted as defective: 20.0 % of 5 of class functional, 20.0 % of 5 predicted as defective";
    harness.get_by_label(cell).click();
    harness.run_steps(2);
    let expected = Command::ShowGallery(GalleryFilter {
        run: Some("b".into()),
        true_class: Some("functional".into()),
        predicted_class: Some("defective".into()),
        split: Some(Split::Test),
        ..GalleryFilter::default()
    });
    assert_eq!(harness.state().out, [expected]);
    harness.get_by_label("By row").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state_mut().body().matrix.lines(),
        "functional: 80 % 20 %\ndefective: 20 % 80 %"
    );
    harness.get_by_label("Reject below confidence");
    harness.get_by_label("Threshold");
    harness.get_by_label("Apply the temperature").click();
    harness.run_steps(2);
    assert!(harness.state().local.choices.use_temperature);
    harness.get_by_label("Reset the decision").click();
    harness.run_steps(2);
    assert!(!harness.state().local.choices.use_temperature);
    harness.get_by_label_contains("Validation 20").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().out.last(),
        Some(&Command::ShowSplit(Split::Validation))
    );
}

#[test]
fn what_is_not_there_yet_is_asked_for_stopped_and_tried_again() {
    let size = egui::vec2(700.0, 500.0);
    for (status, button, expected) in [
        (
            Status::Idle,
            "Evaluate on test pictures",
            Command::EvaluateRun("b".into(), Split::Test),
        ),
        (
            Status::Working { done: 8, total: 40 },
            "Stop",
            Command::StopEvaluation,
        ),
        (
            Status::Failed("its weights are gone".into()),
            "Try again",
            Command::EvaluateRun("b".into(), Split::Test),
        ),
    ] {
        let mut harness = open(size, Evaluated::new(None, status));
        let button = harness
            .get_all_by_role(accesskit::Role::Button)
            .find(|node| {
                node.accesskit_node()
                    .label()
                    .is_some_and(|label| label.contains(button))
            })
            .unwrap_or_else(|| panic!("there is no button {button}"));
        button.click();
        harness.run_steps(2);
        assert_eq!(harness.state().out, [expected]);
    }
    let harness = open(
        size,
        Evaluated::new(None, Status::Working { done: 8, total: 40 }),
    );
    harness.get_by_label_contains("8 of 40");
    let harness = open(
        size,
        Evaluated::new(None, Status::Failed("its weights are gone".into())),
    );
    harness.get_by_label_contains("its weights are gone");
    let mut nothing = Evaluated::new(None, Status::Idle);
    nothing.view.run = None;
    let mut harness = open(size, nothing);
    harness
        .get_all_by_role(accesskit::Role::Button)
        .find(|node| {
            node.accesskit_node()
                .label()
                .is_some_and(|label| label.ends_with("Train"))
        })
        .expect("there is a button")
        .click();
    harness.run_steps(2);
    assert_eq!(harness.state().out, [Command::Train]);
}

#[test]
fn three_hundred_classes_are_readable_and_follow_the_slider() {
    let names: Vec<String> = (0..300).map(|class| format!("class {class}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<(u32, Vec<f32>)> = (0..1_500u32)
        .map(|picture| {
            let truth = picture % 300;
            let mut probabilities = vec![0.1 / 299.0; 300];
            let answered = if picture % 7 == 0 {
                (truth + 1) % 300
            } else {
                truth
            };
            probabilities[answered as usize] = 0.9;
            (truth, probabilities)
        })
        .collect();
    let mut harness = open(
        egui::vec2(1200.0, 1700.0),
        Evaluated::new(Some(source(&names, &rows)), Status::Ready),
    );
    // Cells of two points can't be read out one by one: the matrix is one thing that arrows move in.
    harness.get_by_label_contains("Confusion matrix, 300 classes");
    let spoken = harness.get_all_by_label_contains("of class 0 predicted as class 1");
    assert!(spoken.count() >= 1);
    assert!(harness.query_by_label("Threshold").is_none());
    harness.state_mut().local.choices.reject_below = 0.95;
    harness.run_steps(3);
    harness.get_by_label_contains("None of 1,500 pictures classified");
}

#[test]
fn fifty_thousand_pictures_follow_the_slider() {
    // Confidences of 0.5 to 1 in even steps; every tenth answer is wrong.
    let rows = (0..50_000u32)
        .map(|picture| {
            let second = 0.5 + f64::from(picture) / 100_000.0;
            Prediction {
                file: String::new(),
                truth: u32::from(picture % 10 != 0),
                probabilities: vec![(1.0 - second) as f32, second as f32],
            }
        })
        .collect();
    let predictions = Arc::new(Predictions {
        classes: vec!["no".into(), "yes".into()],
        rows,
        ..Predictions::default()
    });
    let evaluation = Evaluation::without_bootstrap(&predictions, &Decision::default());
    let source = PreparedAnswers::new(predictions, Arc::new(evaluation), None);
    let mut evaluated = Evaluated::new(Some(source), Status::Ready);
    evaluated.body();
    for (reject_below, kept) in [(0.6, 40_000), (0.75, 25_000), (0.9, 10_000)] {
        evaluated.local.choices.reject_below = reject_below;
        let began = std::time::Instant::now();
        let body = evaluated.body();
        eprintln!(
            "50,000 pictures followed the slider in {:?}",
            began.elapsed()
        );
        assert!(body.kept.abs_diff(kept) <= 1, "{} of {kept}", body.kept);
        assert!((body.coverage.at[1] - 0.9).abs() < 1e-3);
    }
}

/// As few pictures as a first try has: probabilities of `classes` classes that are often tied, often wrong and sometimes
/// certain.
fn few(classes: usize, pictures: usize) -> PreparedAnswers {
    let names: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<(u32, Vec<f32>)> = (0..pictures)
        .map(|picture| {
            let truth = (picture % classes) as u32;
            // One in three is answered wrong, one in four with certainty.
            let answer = (picture + usize::from(picture % 3 == 0)) % classes;
            let sure = if picture % 4 == 0 { 1.0 } else { 0.9 };
            let rest = (1.0 - sure) / (classes - 1) as f32;
            let mut probabilities = vec![rest; classes];
            probabilities[answer] = sure;
            (truth, probabilities)
        })
        .collect();
    source(&names, &rows)
}

/// What is drawn that is no shape: corners that are nowhere, and lines as thick as areas.
fn spoiled(harness: &Harness<'static, Evaluated>, line: egui::Color32) -> Vec<String> {
    let shapes = harness.output().shapes.clone();
    let mut found = Vec::new();
    for clipped in harness
        .ctx
        .tessellate(shapes, harness.ctx.pixels_per_point())
    {
        let egui::epaint::Primitive::Mesh(mesh) = clipped.primitive else {
            continue;
        };
        for corners in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|index| mesh.vertices[corners[index] as usize]);
            if !corners.iter().all(|corner| corner.pos.is_finite()) {
                found.push(format!("{corners:?} in {:?}", clipped.clip_rect));
            }
            let [a, b, c] = corners.map(|corner| corner.pos);
            let longest = (b - a).length().max((c - b).length()).max((a - c).length());
            let area = ((b - a).x * (c - a).y - (b - a).y * (c - a).x).abs();
            // Buttons and bars have the line's colour too, but no clip of their own.
            let is_plot = clipped.clip_rect.height() < 300.0 && clipped.clip_rect.width() < 500.0;
            let is_line = is_plot && corners.iter().all(|corner| corner.color == line);
            if is_line && area / longest.max(1.0) > 6.0 {
                found.push(format!(
                    "a wedge {a:?} {b:?} {c:?} in {:?}",
                    clipped.clip_rect
                ));
            }
        }
    }
    found
}

#[test]
fn curves_of_few_pictures_are_lines_wherever_they_are_scrolled_to() {
    for dark in [true, false] {
        for (classes, pictures) in [(2, 5), (2, 12), (2, 24), (19, 24), (300, 24)] {
            let evaluated = Evaluated::new(Some(few(classes, pictures)), Status::Ready);
            let mut harness = open(egui::vec2(900.0, 700.0), evaluated);
            harness.ctx.set_theme(if dark {
                egui::Theme::Dark
            } else {
                egui::Theme::Light
            });
            harness.run_steps(2);
            let line = tokens::of_theme(dark).accent;
            for step in 0..40 {
                harness.event(egui::Event::PointerMoved(egui::pos2(450.0, 400.0)));
                harness.event(egui::Event::MouseWheel {
                    unit: egui::MouseWheelUnit::Point,
                    delta: egui::vec2(0.0, -37.0),
                    phase: egui::TouchPhase::Move,
                    source: egui::MouseWheelSource::Wheel,
                    modifiers: egui::Modifiers::NONE,
                });
                harness.step();
                let found = spoiled(&harness, line);
                assert!(
                    found.is_empty(),
                    "{classes} classes, {pictures} pictures, step {step}: {} such as {}",
                    found.len(),
                    found[0]
                );
            }
        }
    }
}

#[test]
fn red_is_overconfident() {
    use crate::app::features::evaluation::view::{Bin, Leaning};
    let bin = |confidence, accuracy| Bin {
        low: 0.8,
        high: 0.87,
        confidence,
        accuracy,
        count: 10,
    };
    assert_eq!(bin(0.85, 0.5).leaning(), Leaning::Overconfident);
    assert_eq!(bin(0.85, 0.95).leaning(), Leaning::Underconfident);
    let evaluated = Evaluated::new(Some(two_classes()), Status::Ready);
    let harness = open(egui::vec2(900.0, 1900.0), evaluated);
    let caption = "Below the diagonal (red): overconfident. Above it (green): underconfident";
    assert!(harness.query_by_label(caption).is_some());
}

#[test]
fn the_answer_stands_first_and_further_scores_unfold() {
    let mut harness = open(
        egui::vec2(900.0, 900.0),
        Evaluated::new(Some(two_classes()), Status::Ready),
    );
    harness.get_by_label("Accuracy 80.0 %, 49.0 – 94.3 %");
    harness.get_by_label_contains("8 of 10 test pictures are classified correctly.");
    harness.get_by_label_contains("expect 49.0 to 94.3 % (95 % interval)");
    harness.get_by_label_contains("Macro-F1 0.800");
    assert!(harness.query_by_label_contains("Cohen's kappa").is_none());
    harness.get_by_label("More scores").click();
    harness.run_steps(2);
    for score in ["Cohen's kappa", "Matthews correlation", "Brier score"] {
        harness.get_by_label_contains(score);
    }
    harness
        .get_by_label_contains("and 1 other: F1 0.800, 4 of 5 pictures recognised")
        .click();
    harness.run_steps(2);
    let asked = harness.state().out.last();
    assert!(
        matches!(asked, Some(Command::ShowGallery(filter)) if filter.right == Some(false)),
        "{asked:?}"
    );
    harness
        .get_by_label_contains("Most frequent confusion: 1 picture of")
        .click();
    harness.run_steps(2);
    let asked = harness.state().out.last();
    assert!(
        matches!(asked, Some(Command::ShowGallery(filter)) if filter.predicted_class.is_some()),
        "{asked:?}"
    );
}

#[test]
fn a_perfect_test_and_one_of_nothing_have_no_worst_class() {
    let perfect = source(&["a", "b"], &[(0, vec![0.9, 0.1]), (1, vec![0.2, 0.8])]);
    let mut harness = open(
        egui::vec2(900.0, 900.0),
        Evaluated::new(Some(perfect), Status::Ready),
    );
    harness.get_by_label("Worst class: none");
    harness.get_by_label("Most frequent confusion: none");
    harness.state_mut().local.choices.reject_below = 1.0;
    harness.run_steps(3);
    harness.get_by_label_contains("No test picture is classified: every prediction is below");
}

#[test]
fn everything_that_can_be_operated_fits_small_windows() {
    let names: Vec<String> = (0..300).map(|class| format!("class {class}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<(u32, Vec<f32>)> = (0..600u32)
        .map(|picture| {
            let mut probabilities = vec![0.1 / 299.0; 300];
            probabilities[(picture * 7) as usize % 300] = 0.9;
            (picture % 300, probabilities)
        })
        .collect();
    for width in [296.0, 344.0, 460.0, 620.0, 900.0] {
        for many in [false, true] {
            let answers = if many {
                source(&names, &rows)
            } else {
                two_classes()
            };
            let mut evaluated = Evaluated::new(Some(answers), Status::Ready);
            let name = "#12 Fine-tuning of the last twenty layers, learning rate 0.0001, seed 2";
            for run in evaluated
                .view
                .runs
                .iter_mut()
                .chain(&mut evaluated.view.run)
            {
                run.name = name.into();
            }
            let mut harness = open(egui::vec2(width, 600.0), evaluated);
            // In low windows the foot stands over it.
            harness.get_by_label("More scores").click_accesskit();
            harness.run_steps(3);
            if harness
                .query_by_role_and_label(accesskit::Role::Slider, "Reject below confidence")
                .is_none()
            {
                harness
                    .get_by_label("Threshold, rejection and calibration")
                    .click_accesskit();
                harness.run_steps(3);
            }
            for node in harness.root().children_recursive() {
                let node = node.accesskit_node();
                let Some(bounds) = node.bounding_box() else {
                    continue;
                };
                let label = node.label().unwrap_or_default();
                assert!(
                    bounds.x1 <= f64::from(width) + 0.5 || label.starts_with("class "),
                    "“{label}” ({:?}) ends at {:.0} of {width}",
                    node.role(),
                    bounds.x1
                );
            }
        }
    }
}

#[test]
fn the_list_names_the_rates_that_the_validation_pictures_can_tell() {
    let known = |count: usize| {
        let values: Vec<f32> = (0..count).map(|index| index as f32 / 100.0).collect();
        let reference = NoveltyReference {
            validation: Distances {
                names: values.iter().map(ToString::to_string).collect(),
                values,
            },
            ..NoveltyReference::default()
        };
        reference.known()
    };
    let texts = |count: usize, asked: f64| {
        let view = NoveltyView::build(&known(count), asked).unwrap();
        let sentence = format!("as {} of your own pictures may be", rate_text(view.rate));
        assert!(view.sentence.contains(&sentence), "{view:?}");
        assert!(view.rates.contains(&view.rate), "{view:?}");
        let rates = view.rates.iter();
        rates.map(|rate| rate_text(*rate)).collect::<Vec<_>>()
    };
    // Of 39 pictures, 1 in 40 is the least, whatever is asked for.
    assert_eq!(texts(39, 0.01), ["1 in 10", "1 in 20", "1 in 40"]);
    assert_eq!(texts(39, 0.025), ["1 in 10", "1 in 20", "1 in 40"]);
    assert_eq!(
        texts(99, 0.001),
        ["1 in 10", "1 in 20", "1 in 50", "1 in 100"]
    );
    assert_eq!(texts(3, 0.01), ["1 in 4"]);
    let all = [
        "1 in 10",
        "1 in 20",
        "1 in 50",
        "1 in 100",
        "1 in 200",
        "1 in 1,000",
    ];
    assert_eq!(texts(5_000, 0.01), all);
    assert_eq!(NoveltyView::build(&known(0), 0.01), None);
}

#[test]
fn the_rate_of_false_alarms_is_chosen_from_a_list() {
    let evaluated = Evaluated::new(Some(two_classes()), Status::Ready);
    let mut harness = open(egui::vec2(900.0, 700.0), evaluated);
    assert!(
        harness
            .query_by_label_contains("of the test pictures, 0.9 %")
            .is_some()
    );
    harness
        .get_by_role_and_label(accesskit::Role::ComboBox, "None of these")
        .click();
    harness.run_steps(3);
    harness.get_by_label("1 in 20").click();
    harness.run_steps(3);
    let rate = harness
        .state()
        .out
        .iter()
        .find_map(|command| match command {
            Command::ChangeSetting(SettingChange::NoveltyRate(rate)) => Some(*rate),
            _ => None,
        });
    assert_eq!(rate, Some(0.05));
}
