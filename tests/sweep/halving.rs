//! Successive halving: few epochs for many, and what goes on is the run that it would have been.

use super::{TinySweep, cells, epochs, found, start};

const VARY: &str =
    r#"(field: "phases[1].learning_rate", values: List([0.0001, 0.001, 0.01, 0.1]))"#;
/// One epoch on the frozen network and seven of fine-tuning, eight in all.
const SET: &str = "set: [\"phases[1].epochs=7\"]";

fn halving(waits: bool) -> String {
    format!(
        "{SET}, goal: (metric: ValidationLoss),\n  strategy: SuccessiveHalving(first_epochs: 2, keep: 2, waits: {waits})"
    )
}

#[test]
fn few_epochs_are_spent_and_what_goes_on_is_the_full_run() {
    let sweep = TinySweep::new(VARY, SET);
    sweep.run("grid");
    sweep.write(VARY, &halving(true));
    let report = sweep.run("halved");
    assert_eq!(report["finished"], 4, "{report}");
    let out = sweep.folder("halved");
    let mut spent: Vec<usize> = cells(&out)
        .iter()
        .map(|cell| epochs(&out.join(cell)).len())
        .collect();
    spent.sort_unstable();
    // Four after two epochs, two of them after four, one to the end.
    assert_eq!(spent, [2, 2, 4, 8]);
    for cell in cells(&out) {
        let (one, whole) = (
            epochs(&out.join(&cell)),
            epochs(&sweep.folder("grid").join(&cell)),
        );
        assert_eq!(one, whole[..one.len()], "{cell}");
        if one.len() == 8 {
            assert!(found(&out.join(&cell)) == found(&sweep.folder("grid").join(&cell)));
        }
    }
    let status = sweep.document("status", "halved", &[]);
    assert_eq!(status["counts"]["pruned"], 3);
    assert_eq!(status["seconds_left"], 0.0);
    let results = sweep.document("results", "halved", &[]);
    let best = &results["rows"][results["best"].as_u64().unwrap() as usize];
    assert_eq!(best["epochs"], 8);
    // Again, there is nothing to do.
    let report = sweep.run("halved");
    assert_eq!(
        (&report["finished"], &report["left"]),
        (&4.into(), &0.into())
    );
}

#[test]
fn who_computes_does_not_matter_where_rungs_are_waited_for() {
    let sweep = TinySweep::new(VARY, &halving(true));
    sweep.run("one");
    let mut killed = start(sweep.command("run", "many", &["--device", "cpu"]));
    let workers: Vec<_> = (0..2)
        .map(|_| start(sweep.command("run", "many", &["--device", "cpu"])))
        .collect();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    killed.kill().unwrap();
    killed.wait().unwrap();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    let (one, many) = (sweep.folder("one"), sweep.folder("many"));
    assert_eq!(cells(&one), cells(&many));
    for cell in cells(&one) {
        assert_eq!(
            epochs(&one.join(&cell)),
            epochs(&many.join(&cell)),
            "{cell}"
        );
    }
}

#[test]
fn without_waiting_one_goes_to_the_end_and_not_all_do() {
    let sweep = TinySweep::new(VARY, &halving(false));
    let report = sweep.run("out");
    assert_eq!(
        (&report["finished"], &report["left"]),
        (&4.into(), &0.into()),
        "{report}"
    );
    let out = sweep.folder("out");
    let spent: Vec<usize> = cells(&out)
        .iter()
        .map(|cell| epochs(&out.join(cell)).len())
        .collect();
    assert!(spent.contains(&8), "{spent:?}");
    assert!(
        spent.iter().sum::<usize>() < 4 * 8 && spent.iter().all(|&epochs| epochs >= 2),
        "{spent:?}"
    );
}
