//! Processes that share one sweep.

use super::{RATES, TinySweep, assert_same, cells, start, tries};

#[test]
fn processes_at_once_share_the_cells_and_none_is_trained_twice() {
    let sweep = TinySweep::new(RATES, "seeds: 3");
    sweep.run("whole");
    let workers: Vec<_> = (0..3)
        .map(|_| start(sweep.command("run", "shared", &["--device", "cpu"])))
        .collect();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    assert_same(&sweep.folder("whole"), &sweep.folder("shared"));
    for cell in cells(&sweep.folder("shared")) {
        assert_eq!(tries(&sweep.folder("shared"), &cell), 1, "{cell}");
    }
}

#[test]
fn what_a_killed_process_leaves_the_other_takes_over() {
    let sweep = TinySweep::new(RATES, "seeds: 2");
    sweep.run("whole");
    let mut first = start(sweep.command("run", "shared", &["--device", "cpu"]));
    let mut second = start(sweep.command("run", "shared", &["--device", "cpu"]));
    std::thread::sleep(std::time::Duration::from_millis(1200));
    first.kill().unwrap();
    first.wait().unwrap();
    // It waits for what the other has begun, and takes it over.
    assert!(second.wait().unwrap().success());
    assert_same(&sweep.folder("whole"), &sweep.folder("shared"));
}

#[test]
fn tasks_do_their_parts_and_together_all() {
    let sweep = TinySweep::new(RATES, "seeds: 2");
    sweep.run("whole");
    for (task, trained) in [(3, 2), (1, 4), (2, 6)] {
        let task = task.to_string();
        let part = ["--device", "cpu", "--task", &task, "--of", "3"];
        let report = sweep.document("run", "parts", &part);
        assert_eq!(
            (&report["finished"], &report["left"]),
            (&2.into(), &0.into())
        );
        assert_eq!(cells(&sweep.folder("parts")).len(), trained);
    }
    assert_same(&sweep.folder("whole"), &sweep.folder("parts"));
    let wrong = sweep.output("run", "parts", &["--task", "4", "--of", "3"]);
    assert_eq!(wrong.status.code(), Some(1));
}

#[test]
fn names_of_cells_are_pinned() {
    let sweep = TinySweep::new(
        r#"(field: "phases[1].freeze", values: List([AllButLast(4), Below("blocks.6"), Nothing])),
           (field: "phases[1].learning_rate", values: Logarithmic(from: 1e-5, to: 1e-3, steps: 3)),
           (field: "head.layers", values: List([[Dropout(0.5)]]))"#,
        "",
    );
    let status = sweep.document("status", "out", &[]);
    let names: Vec<&str> = status["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["cell"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "freeze=AllButLast-4,learning_rate=1e-5,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=AllButLast-4,learning_rate=0.0001,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=AllButLast-4,learning_rate=0.001,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=Below-blocks.6,learning_rate=1e-5,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=Below-blocks.6,learning_rate=0.0001,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=Below-blocks.6,learning_rate=0.001,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=Nothing,learning_rate=1e-5,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=Nothing,learning_rate=0.0001,layers=Dropout-0.5~ff9c91e6,seed=42",
            "freeze=Nothing,learning_rate=0.001,layers=Dropout-0.5~ff9c91e6,seed=42",
        ]
    );
    // Looking makes nothing.
    assert!(!sweep.folder("out").exists());
}
