//! Memory runs out: the kernel kills the task by its control group, or Slurm does that itself, which counts now and then.

use std::path::Path;

use super::Lab;
use super::cluster::{Cluster, Memory, wait_until};
use crate::sweep::{assert_same, cells, epochs};

/// What a task gets, and what is enough.
const LITTLE: &str = "--mem=700M";
const ENOUGH: &str = "3G";

/// In the task, beside Graft, something begins to take memory once the file is there; the kernel ends Graft rather than that.
fn with_something_that_takes_memory(script: &str, begin: &Path) -> String {
    let eater = format!(
        "\n(until [ -e '{}' ]; do sleep 0.1; done; exec tail /dev/zero) &\necho 1000 > /proc/$$/oom_score_adj\nexec ",
        begin.display()
    );
    assert!(script.contains("\nexec "));
    script.replacen("\nexec ", &eater, 1)
}

/// A cell in a task whose memory runs out after some epochs, which is then submitted with more.
fn memory_runs_out(memory: Memory) {
    let Some(cluster) = Cluster::start(1, 1001, memory) else {
        return;
    };
    let rate = r#"(field: "phases[1].learning_rate", values: List([0.01]))"#;
    let lab = Lab::on(cluster, rate, "set: [\"phases[1].epochs=100\"]");
    let written = lab.submit(&["--dry-run"]);
    let script = written["jobs"][0]["script"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(&script).unwrap();
    let begin = lab.out().join("begin");
    std::fs::write(&script, with_something_that_takes_memory(&text, &begin)).unwrap();
    lab.cluster.ask("sbatch", &[LITTLE, &script]);
    let state = |document: &serde_json::Value| document["cells"][0]["state"].clone();
    wait_until("some epochs are trained", || {
        let status = lab.document("status", &[]);
        assert_ne!(state(&status), "failed", "{status}");
        status["cells"][0]["epochs_done"].as_u64().unwrap() > 2
    });
    std::fs::write(&begin, "").unwrap();
    wait_until("the task has ended", || {
        lab.document("status", &[])["slurm"][0]["state"] == "ended"
    });

    let status = lab.document("status", &[]);
    assert_eq!(
        status["slurm"][0]["reason"], "ran out of memory",
        "{status}"
    );
    assert_eq!(state(&status), "interrupted", "{status}");
    // It does not come back by itself: it would run out of memory again.
    let alive = ["PENDING", "RUNNING"].map(|state| lab.cluster.in_state(state).len());
    assert_eq!(alive, [0, 0], "{:?}", lab.cluster.queue());
    let text = lab.output("status", &[]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("Submit again with more memory (--mem)"),
        "{text}"
    );
    let cell = cells(&lab.out()).remove(0);
    let kept = epochs(&lab.out().join(&cell)).len();
    let again = lab.submit(&["--mem", ENOUGH]);
    assert_eq!(again["cells"], 1, "{again}");
    wait_until("the cell is trained", || {
        state(&lab.document("status", &[])) == "finished"
    });
    let log = lab.document("logs", &[&cell, "--lines", "1000"]);
    let log = log["text"].as_str().unwrap();
    assert!(log.contains("going on after"), "{log}");
    assert!(kept > 2, "{kept}");
    let whole = super::disturbed::train_undisturbed(&lab);
    assert_same(&whole, &lab.out());
}

#[test]
fn a_task_in_slurm_that_the_kernel_kills_for_memory_goes_on_with_more() {
    memory_runs_out(Memory::Groups);
}

#[test]
fn a_task_that_slurm_ends_for_memory_goes_on_with_more() {
    memory_runs_out(Memory::Counting);
}
