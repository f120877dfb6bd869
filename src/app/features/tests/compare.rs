//! The comparison, driven by its accessible labels.

use super::*;
use crate::analysis::Comparison;
use crate::analysis::comparison::{ComparedRun, Refused};
use crate::app::core::command::GalleryFilter;
use crate::app::features::compare::view::{CompareBody, CompareView};
use crate::app::features::compare::{CompareCache, CompareLocal, compare_ui};
use crate::evaluation::{ClassificationReport, ConfusionMatrix, Score};
use crate::runs::seeds;
use crate::runs::settings::differences;

#[derive(Default)]
struct Compared {
    state: State,
    local: CompareLocal,
    cache: CompareCache,
    out: Vec<Command>,
    /// How far the view reaches to the right, in points.
    right: f32,
}

impl Compared {
    fn body(&mut self) -> std::sync::Arc<CompareBody> {
        self.cache
            .body(&self.state, self.local.pair, self.local.clustered)
            .expect("there is a comparison")
    }
}

/// Runs of the fake afternoon laid side by side: `answers[i]` are the predicted classes of run `ids[i]`.
fn comparison(
    state: &State,
    ids: &[&str],
    classes: &[String],
    truths: &[u32],
    answers: &[Vec<u32>],
) -> Comparison {
    let runs: Vec<ComparedRun> = ids
        .iter()
        .zip(answers)
        .enumerate()
        .map(|(index, (id, predicted))| {
            let record = state
                .runs
                .iter()
                .find(|run| run.id == *id)
                .expect("the run is known");
            let mut experiment = fakes::experiment();
            experiment.training.batch_size = 16 << index.min(1);
            experiment.seed = index as u64;
            experiment.data.split.seed = Some(1);
            let pairs = truths.iter().copied().zip(predicted.iter().copied());
            let confusion = ConfusionMatrix::from_pairs(classes.to_vec(), pairs);
            ComparedRun {
                folder: record.folder.clone().expect("it has a folder"),
                summary: record.summary.clone().expect("it has ended"),
                experiment,
                metrics: record.metrics.clone(),
                phase_starts: record.phase_starts.clone(),
                predicted: predicted.clone(),
                confidence: vec![0.75; truths.len()],
                report: ClassificationReport::new(&confusion),
                log_loss: 0.5,
                accuracy: Score::share(confusion.correct(), confusion.total()),
                confusion,
            }
        })
        .collect();
    let experiments: Vec<Experiment> = runs.iter().map(|run| run.experiment.clone()).collect();
    let recipes: Vec<Option<String>> = experiments
        .iter()
        .map(|experiment| Some(seeds::recipe(experiment)))
        .collect();
    Comparison {
        classes: classes.to_vec(),
        files: (0..truths.len())
            .map(|picture| format!("{picture}.png"))
            .collect(),
        truths: truths.to_vec(),
        settings: differences(&experiments),
        groups: seeds::groups(&recipes),
        refused: Vec::new(),
        picture_groups: None,
        runs,
    }
}

fn two_classes() -> Vec<String> {
    ["defective", "functional"].map(str::to_owned).to_vec()
}

/// Feature extraction (a), fine-tuning (b) and another seed of it (c).
fn compared() -> Compared {
    let mut state = fakes::state();
    let comparison = comparison(
        &state,
        &["a", "b", "c"],
        &two_classes(),
        &[0, 0, 1, 1],
        &[vec![0, 1, 1, 0], vec![0, 0, 1, 0], vec![1, 0, 0, 1]],
    );
    choose(&mut state, &["a", "b", "c"], Ok(comparison));
    Compared {
        state,
        ..Compared::default()
    }
}

fn choose(state: &mut State, ids: &[&str], result: Result<Comparison, String>) {
    state.comparison.chosen = ids.iter().map(|id| (*id).to_owned()).collect();
    state.comparison.folders = ids
        .iter()
        .map(|id| std::path::Path::new("runs").join(id))
        .collect();
    state.comparison.result = Some(result.map(std::sync::Arc::new));
}

fn open(size: egui::Vec2, compared: Compared) -> Harness<'static, Compared> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(12)
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui_state(
            |ui, compared: &mut Compared| {
                let local = &mut compared.local;
                let body = compared
                    .cache
                    .body(&compared.state, local.pair, local.clustered);
                let view = CompareView::build(&compared.state, body);
                compare_ui(
                    ui,
                    &view,
                    &compared.state.gallery.thumbnails,
                    local,
                    &mut compared.out,
                );
                compared.right = ui.min_rect().right();
            },
            compared,
        );
    harness.run_steps(4);
    harness
}

#[test]
fn two_ways_rather_than_two_seeds_are_looked_at_closely() {
    let mut compared = compared();
    let body = compared.body();
    // b and c differ in their seed alone, and so form a group.
    assert_eq!(body.pair, Some((0, 1)));
    let text = body.text();
    for expected in [
        "Feature extraction: 50.0 % | 15.0 – 85.0 %",
        "2 seeds: 62.5 ± 17.7 % | 50.0 – 75.0 %",
        "Batch size: 16 | 32 | 32",
        "fixed 1, broken 0, both right 2, both wrong 1",
        "defective: +1 −1",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert_eq!(
        body.fixed.pictures[0].sentence,
        "1.png, defective: functional (75.0 %) before, defective (75.0 %) after"
    );
    // Nothing has changed: nothing is built again.
    assert!(std::sync::Arc::ptr_eq(&body, &compared.body()));
    compared.local.pair = (1, 0);
    assert_eq!(compared.body().broken.total, 1);
}

#[test]
fn the_pair_is_swapped_and_a_cell_opens_the_gallery() {
    let mut harness = open(egui::vec2(1000.0, 2000.0), compared());
    harness.get_by_label("1 fixed: wrong in Feature extraction, correct in Fine-tuning");
    harness.get_by_label("Swap the two runs").click();
    harness.run_steps(3);
    assert_eq!(harness.state().local.pair, (1, 0));
    harness.get_by_label("1 broken: correct in Fine-tuning, wrong in Feature extraction");
    let cell = "1 picture of defective predicted as functional: 50.0 % of 2 of class defective, 50.0 % of 2 predicted as functional";
    harness.get_by_label(cell).click();
    harness.run_steps(2);
    let asked = harness
        .state()
        .out
        .iter()
        .find_map(|command| match command {
            Command::ShowGallery(filter) => Some(filter.clone()),
            _ => None,
        });
    let filter = asked.expect("the gallery was asked for");
    assert_eq!(filter.against, None);
    assert_eq!(filter.run.as_deref(), Some("a"));
    assert_eq!(filter.true_class.as_deref(), Some("defective"));
    assert_eq!(filter.predicted_class.as_deref(), Some("functional"));
}

#[test]
fn the_gallery_is_asked_for_exactly_the_pictures_that_changed_sides() {
    let mut harness = open(egui::vec2(1000.0, 2000.0), compared());
    let name = "Show the fixed pictures in the gallery";
    harness.get_by_label(name).click();
    harness.run_steps(2);
    let expected = Command::ShowGallery(GalleryFilter {
        run: Some("b".into()),
        right: Some(true),
        against: Some(("a".into(), false)),
        split: Some(crate::data::Split::Test),
        ..GalleryFilter::default()
    });
    assert!(harness.state().out.contains(&expected));
}

#[test]
fn runs_are_added_taken_out_and_refused_with_the_reason() {
    let mut compared = compared();
    let mut harness = open(
        egui::vec2(900.0, 700.0),
        Compared {
            state: compared.state.clone(),
            ..Compared::default()
        },
    );
    harness.get_by_label("Remove From scratch").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().out,
        [Command::CompareRuns(vec!["a".into(), "b".into()])]
    );
    harness.get_by_label("Add a run").click();
    harness.run_steps(2);
    // The only other tested run was tested on other pictures.
    let other = harness.get_by_label("Solar cells, all views");
    assert!(other.accesskit_node().is_disabled());

    let Some(Ok(comparison)) = compared.state.comparison.result.clone() else {
        panic!("there is a comparison");
    };
    let mut comparison = (*comparison).clone();
    comparison.runs.truncate(1);
    comparison.groups.truncate(1);
    comparison.refused.push(Refused {
        folder: "runs/d".into(),
        reason: "they were tested on different pictures".into(),
    });
    choose(&mut compared.state, &["a", "d"], Ok(comparison));
    let harness = open(egui::vec2(900.0, 700.0), compared);
    harness.get_by_label_contains("is left out: they were tested on different pictures");
    harness.get_by_label_contains("One run alone");
}

#[test]
fn long_names_of_runs_make_nothing_wider_than_the_view() {
    let long = "run of the long name ".repeat(6);
    for name in [long[..120].to_owned(), "n".repeat(120)] {
        for width in [700.0, 500.0] {
            let mut compared = compared();
            for run in &mut compared.state.runs {
                if ["a", "b"].contains(&run.id.as_str()) {
                    run.title = format!("{name} {}", run.id);
                }
            }
            let harness = open(egui::vec2(width, 3000.0), compared);
            let mut faults = Vec::new();
            for node in harness.root().children_recursive() {
                let node = node.accesskit_node();
                // Cells of numbers scroll sideways in their table.
                let scrolls = node.role() == accesskit::Role::Label
                    && !node.label().is_some_and(|label| label.contains(&name));
                if let Some(bounds) = node.bounding_box()
                    && bounds.x1 > f64::from(width)
                    && !scrolls
                {
                    let text = node.label().or(node.value()).unwrap_or_default();
                    faults.push(format!(
                        "{:?} “{text}” ends at {:.0}",
                        node.role(),
                        bounds.x1
                    ));
                }
            }
            let right = harness.state().right;
            assert!(right <= width, "at {width} the view ends at {right}");
            assert!(faults.is_empty(), "at {width}:\n{}", faults.join("\n"));
        }
    }
}

#[test]
fn an_empty_comparison_says_what_to_do() {
    let mut state = fakes::state();
    let mut harness = open(
        egui::vec2(800.0, 600.0),
        Compared {
            state: state.clone(),
            ..Compared::default()
        },
    );
    // The run that trains, the one that failed and the one that was tested on other pictures are named.
    harness.get_by_label_contains("Left out: ");
    harness.get_by_label_contains("Solar cells, all views (tested on other pictures)");
    harness.get_by_label_contains("Compare 3 of the ").click();
    harness.run_steps(2);
    let expected = ["c", "a", "b"].map(str::to_owned).to_vec();
    assert_eq!(
        harness.state().out,
        [Command::CompareRuns(expected.clone())]
    );
    for run in &mut state.runs {
        run.shown = false;
    }
    let mut harness = open(
        egui::vec2(800.0, 600.0),
        Compared {
            state: state.clone(),
            ..Compared::default()
        },
    );
    harness.get_by_label("Compare the latest 3").click();
    harness.run_steps(2);
    assert_eq!(harness.state().out, [Command::CompareRuns(expected)]);
    state.runs.clear();
    let mut harness = open(
        egui::vec2(800.0, 600.0),
        Compared {
            state: state.clone(),
            ..Compared::default()
        },
    );
    harness
        .get_by_label("Compare feature extraction with fine-tuning")
        .click();
    harness.run_steps(2);
    assert_eq!(harness.state().out, [Command::CompareBothWays]);
    let mut state = fakes::state();
    choose(
        &mut state,
        &["g"],
        Err("the run did not come to its end".into()),
    );
    let harness = open(
        egui::vec2(800.0, 600.0),
        Compared {
            state,
            ..Compared::default()
        },
    );
    harness.get_by_label_contains("did not come to its end");
}

#[test]
fn three_hundred_classes_are_compared() {
    let mut state = fakes::state();
    let classes: Vec<String> = (0..300).map(|class| format!("class {class}")).collect();
    let truths: Vec<u32> = (0..3_000).map(|picture| picture % 300).collect();
    let right = truths.clone();
    let wrong = truths.iter().map(|class| (class + 1) % 300).collect();
    let comparison = comparison(&state, &["a", "b"], &classes, &truths, &[wrong, right]);
    choose(&mut state, &["a", "b"], Ok(comparison));
    let mut harness = open(
        egui::vec2(1000.0, 2400.0),
        Compared {
            state,
            ..Compared::default()
        },
    );
    harness.get_by_label_contains("3,000 fixed");
    let built = harness.state_mut().body();
    harness.get_by_label("Zoom in").click();
    harness.run_steps(3);
    let zoomed = harness.state_mut().body();
    assert!(
        std::sync::Arc::ptr_eq(&built, &zoomed),
        "zooming builds nothing"
    );
}
