//! Both ways with one button, and what opens when they are done.

use super::*;
use crate::app::core::view_id::ViewId;
use crate::experiment::Experiment;
use crate::runs::portable_paths::with_absolute_paths;
use crate::runs::seeds;

fn trained(window: &Window) -> Vec<Experiment> {
    let record = window.record.borrow();
    record
        .started()
        .iter()
        .map(|start| start.experiment.clone())
        .collect()
}

#[test]
fn both_ways_share_split_seed_and_order() {
    let mut window = Window::with_presets(&[&shipped("solar-fine-tuning")]);
    let seed = edit(&window, 0, "seed", |experiment| experiment.seed = 77);
    push(&mut window, seed);
    push(&mut window, Command::CompareBothWays);
    let runs = trained(&window);
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.seed == 77));
    assert_eq!(runs[0].data, runs[1].data);
    // The pair stands open and is used again; a seed that was changed in one counts for both.
    let documents = &window.state().documents;
    assert_eq!(documents.len(), 2);
    let seed = edit(&window, 0, "seed", |experiment| experiment.seed = 78);
    push(&mut window, seed);
    push(&mut window, Command::CompareBothWays);
    assert_eq!(window.state().documents.len(), 2);
    assert!(trained(&window)[2..].iter().all(|run| run.seed == 78));
}

#[test]
fn several_seeds_are_trained_on_one_split_and_the_comparison_opens_by_itself() {
    let mut window = Window::with_pair();
    window.harness.get_by_label("Number of seeds").click();
    window.steps();
    window.harness.get_by_label("3 seeds: 6 runs").click();
    window.steps();
    push(&mut window, Command::CompareBothWays);
    let runs = trained(&window);
    let seed = runs[0].seed;
    let seeds: Vec<u64> = runs.iter().map(|run| run.seed).collect();
    assert_eq!(seeds, [seed, seed, seed + 1, seed + 1, seed + 2, seed + 2]);
    assert!(runs.iter().all(|run| run.data == runs[0].data));
    assert!(runs[2].name.ends_with(&format!(", seed {}", seed + 1)));

    // All but one end well.
    for number in 1..=6 {
        assert!(window.state().comparison.chosen.is_empty());
        let run = RunId(number);
        let folder = format!("/runs/{number}");
        window.event(
            run,
            RunEvent::Started {
                folder: folder.into(),
            },
        );
        window.event(
            run,
            if number == 3 {
                RunEvent::Failed {
                    message: "the disk is full".into(),
                }
            } else {
                RunEvent::Finished(Box::new(summary(&number.to_string(), 0.9)))
            },
        );
    }
    let state = window.state();
    assert_eq!(state.comparison.chosen, ["1", "2", "4", "5", "6"]);
    assert!(state.comparison.waiting);
    let asked =
        window.record.borrow().questions.iter().any(
            |question| matches!(question, Question::Compare { folders } if folders.len() == 5),
        );
    assert!(asked);
    let shown = window.harness.state().views.active_tiles();
    let compare = window
        .harness
        .state()
        .views
        .tiles
        .find_pane(&ViewId::COMPARE)
        .unwrap();
    assert!(shown.contains(&compare), "the comparison is in front");
}

#[test]
fn what_was_trained_before_is_compared_and_not_trained_again() {
    let mut window = Window::with_pair();
    push(&mut window, Command::CompareBothWays);
    assert_eq!(trained(&window).len(), 2);
    for (index, experiment) in trained(&window).into_iter().enumerate() {
        let (run, folder) = (RunId(index as u64 + 1), format!("/runs/{index}"));
        let folder = folder.into();
        window.event(run, RunEvent::Started { folder });
        let mut summary = summary(&index.to_string(), 0.9);
        summary.seed = Some(experiment.seed);
        let base = window.state().documents[index].base();
        let portable = with_absolute_paths(&experiment, base.as_deref());
        summary.recipe = Some(seeds::recipe(&portable));
        window.event(run, RunEvent::Finished(Box::new(summary)));
    }
    assert_eq!(window.state().comparison.chosen.len(), 2);
    push(&mut window, Command::CompareRuns(Vec::new()));
    push(&mut window, Command::CompareBothWays);
    assert_eq!(trained(&window).len(), 2);
    assert_eq!(window.state().comparison.chosen.len(), 2);
    // Another setting in one of them, and that one is trained.
    let rate = edit(&window, 1, "rate", |experiment| {
        experiment.phases[0].learning_rate *= 2.0;
    });
    push(&mut window, rate);
    push(&mut window, Command::CompareBothWays);
    assert_eq!(trained(&window).len(), 3);
}

#[test]
fn an_answer_to_an_earlier_question_is_dropped() {
    let mut window = Window::with_pair();
    window.answer(Answer::Runs(Ok(vec![summary("a", 0.9), summary("b", 0.8)])));
    push(
        &mut window,
        Command::CompareRuns(vec!["a".into(), "b".into()]),
    );
    let folders = window.state().comparison.folders.clone();
    assert_eq!(folders.len(), 2);
    window.answer(Answer::Compared {
        folders: vec!["/elsewhere".into()],
        result: Err("no".into()),
    });
    assert!(window.state().comparison.waiting);
    window.answer(Answer::Compared {
        folders,
        result: Err("a has no predictions".into()),
    });
    assert!(!window.state().comparison.waiting);
    assert!(
        window
            .harness
            .query_by_label_contains("a has no predictions")
            .is_some()
    );
    // Taken out to the last, nothing is asked and nothing is shown.
    push(&mut window, Command::CompareRuns(Vec::new()));
    assert!(window.state().comparison.result.is_none());
}

#[test]
fn of_twelve_shown_runs_ten_are_compared_the_two_left_out_are_named_and_the_best_stays() {
    let mut window = Window::with_pair();
    let id = |index: u64| format!("run-{index:02}");
    // The best is the oldest: nothing but its accuracy keeps it.
    let runs = (0..12).map(|index| {
        let mut summary = summary(&id(index), 0.95 - 0.01 * index as f64);
        summary.started = 1_000 + index;
        summary
    });
    window.answer(Answer::Runs(Ok(runs.collect())));
    for index in 0..12 {
        push(&mut window, Command::ShowRun(id(index), true));
    }
    push(&mut window, Command::ShowView(ViewId::COMPARE));
    window
        .harness
        .get_by_label_contains("Left out: run-10 (fewer test pictures right");
    window
        .harness
        .get_by_label_contains("; run-11 (fewer test pictures right");
    window
        .harness
        .get_by_label("Compare 10 of the 12 shown runs")
        .click();
    window.steps();
    let compared = &window.state().comparison.chosen;
    assert_eq!(compared.len(), 10);
    assert!(compared.contains(&id(0)), "{compared:?}");
    assert!(!compared.contains(&id(10)) && !compared.contains(&id(11)));

    // Whoever asks for all of them is told in the comparison.
    push(&mut window, Command::CompareRuns((0..12).map(id).collect()));
    assert_eq!(window.state().comparison.chosen.len(), 10);
    assert_eq!(window.state().comparison.left_out, [id(10), id(11)]);
    window
        .harness
        .get_by_label_contains("A comparison takes 10 at most. Left out, with the fewest test pictures right: run-10; run-11.");
}
