//! What is submitted, what is refused, and what is said of it. No task begins: all are held.

use super::Lab;
use super::cluster::wait_until;

const RATES: &str = r#"(field: "phases[1].learning_rate", values: List([0.001, 0.01, 0.1])), (field: "training.batch_size", values: List([4, 8]))"#;

/// Keeps tasks from beginning.
const HELD: &str = "--sbatch=--hold";

fn lab() -> Option<Lab> {
    Lab::new(RATES, "seeds: 2", 2, 5)
}

#[test]
fn a_sweep_becomes_slurm_arrays_and_is_not_submitted_twice() {
    let Some(lab) = lab() else { return };
    let submitted = lab.submit(&[HELD, "--at-once", "3"]);
    // Twelve cells, five tasks in an array at most.
    let jobs = submitted["jobs"].as_array().unwrap();
    let tasks: Vec<u64> = jobs
        .iter()
        .map(|job| job["tasks"].as_u64().unwrap())
        .collect();
    assert_eq!(tasks, [5, 5, 2], "{submitted}");
    assert!(
        submitted["remarks"][0]
            .as_str()
            .unwrap()
            .contains("5 tasks in an array"),
        "{submitted}"
    );
    let script = std::fs::read_to_string(lab.out().join(".sweep/slurm/job-3.sh")).unwrap();
    for line in [
        "#SBATCH --array=0-1%3",
        "#SBATCH --requeue",
        "#SBATCH --hold",
        "#SBATCH --cpus-per-task=1",
    ] {
        assert!(
            script.lines().any(|there| there == line),
            "{line}: {script}"
        );
    }
    assert!(
        script.contains("--task \"$((SLURM_ARRAY_TASK_ID + 11))\" --of 12"),
        "{script}"
    );
    assert_eq!(lab.cluster.in_state("PENDING").len(), 12);

    let again = lab.submit(&[HELD]);
    assert_eq!(again["jobs"].as_array().unwrap().len(), 0, "{again}");
    assert_eq!(again["under_way"], 12);

    // The status tells why they wait.
    let status = lab.document("status", &[]);
    let slurm = status["slurm"].as_array().unwrap();
    assert_eq!(slurm.len(), 12, "{status}");
    assert!(
        slurm[0]["reason"].as_str().unwrap().contains("on hold"),
        "{status}"
    );

    // Two tasks are cancelled, by a cell and by name, and these alone are submitted again.
    let cell = slurm[7]["cells"][0].as_str().unwrap();
    let task = slurm[1]["task"].as_str().unwrap();
    let cancelled = lab.document("cancel", &[cell, task]);
    assert_eq!(
        cancelled["tasks"].as_array().unwrap().len(),
        2,
        "{cancelled}"
    );
    wait_until("two tasks are cancelled", || {
        lab.cluster.in_state("PENDING").len() == 10
    });
    let said = lab.refused("cancel", &[cell]);
    assert!(said.contains("no task that waits or runs"), "{said}");
    let again = lab.submit(&[HELD]);
    assert_eq!(
        (&again["cells"], &again["under_way"]),
        (&2.into(), &10.into()),
        "{again}"
    );
    assert_eq!(lab.cluster.in_state("PENDING").len(), 12);

    // All of it.
    let cancelled = lab.document("cancel", &["--all"]);
    assert_eq!(
        cancelled["tasks"].as_array().unwrap().len(),
        12,
        "{cancelled}"
    );
    wait_until("all tasks are cancelled", || {
        lab.cluster.in_state("PENDING").is_empty()
    });
    let text = lab.output("status", &[]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("was cancelled") && text.contains("Submit again"),
        "{text}"
    );
}

#[test]
fn a_person_s_own_variables_mislead_nobody_about_slurm() {
    let Some(lab) = lab() else { return };
    // As site modules and shells set them: Slurm believes them rather than a script, and shows less.
    let document = |what: &str, arguments: &[&str]| {
        let output = lab
            .command(what, arguments)
            .arg("--json")
            .env("SBATCH_PARTITION", "nowhere")
            .env("SBATCH_WAIT", "yes")
            .env("SQUEUE_PARTITION", "high")
            .env("SQUEUE_STATES", "RUNNING")
            .env("SCANCEL_INTERACTIVE", "true")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "graft sweep {what}: {errors}");
        crate::cli::json(&String::from_utf8(output.stdout).unwrap())
    };
    let submit = ["--partition", "low", "--cpus", "1", HELD];
    assert_eq!(document("submit", &submit)["cells"], 12);
    assert_eq!(lab.cluster.in_state("PENDING").len(), 12);
    assert_eq!(document("submit", &submit)["under_way"], 12);
    let cancelled = document("cancel", &["--all"]);
    assert_eq!(cancelled["tasks"].as_array().unwrap().len(), 12);
    wait_until("all tasks are cancelled", || {
        lab.cluster.in_state("PENDING").is_empty()
    });
}

#[test]
fn a_script_is_written_and_submitted_to_slurm_by_hand() {
    let Some(lab) = lab() else { return };
    let written = lab.submit(&["--dry-run", "--cells-per-task", "4", HELD]);
    let script = written["jobs"][0]["script"].as_str().unwrap().to_owned();
    assert_eq!(written["jobs"][0]["job"], serde_json::Value::Null);
    assert_eq!(written["jobs"][0]["tasks"], 3);
    assert!(lab.cluster.queue().is_empty());
    // Edited, and submitted by hand: its tasks are known all the same.
    let text = std::fs::read_to_string(&script).unwrap();
    std::fs::write(&script, text + "# mine\n").unwrap();
    lab.cluster.ask("sbatch", &[&script]);
    assert_eq!(lab.cluster.in_state("PENDING").len(), 3);
    let again = lab.submit(&["--cells-per-task", "4", HELD]);
    assert_eq!(again["under_way"], 12, "{again}");
    assert!(
        std::fs::read_to_string(&script)
            .unwrap()
            .ends_with("# mine\n")
    );
    assert_eq!(
        lab.document("status", &[])["slurm"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    lab.document("cancel", &["--all"]);
}

#[test]
fn tasks_of_successive_halving_in_slurm_take_any_cell() {
    let halving = "strategy: SuccessiveHalving(seed: 1, first_epochs: 1, keep: 3, waits: true)";
    let Some(lab) = Lab::new(RATES, halving, 2, 1001) else {
        return;
    };
    let submitted = lab.submit(&[HELD, "--at-once", "2"]);
    assert_eq!(submitted["jobs"][0]["tasks"], 2, "{submitted}");
    let again = lab.submit(&[HELD, "--at-once", "3"]);
    assert_eq!(again["jobs"][0]["tasks"], 1, "{again}");
    assert!(
        again["remarks"][0]
            .as_str()
            .unwrap()
            .contains("2 tasks of this sweep"),
        "{again}"
    );
    let again = lab.submit(&[HELD, "--at-once", "3"]);
    assert_eq!(again["jobs"].as_array().unwrap().len(), 0, "{again}");
    let status = lab.document("status", &[]);
    assert_eq!(status["slurm"].as_array().unwrap().len(), 3, "{status}");
}

#[test]
fn what_slurm_refuses_is_said_in_its_words_with_what_to_do() {
    let Some(lab) = lab() else { return };
    for (arguments, words, remedy) in [
        (
            &["--partition", "nowhere"][..],
            "invalid partition specified: nowhere",
            "--partition",
        ),
        (&["--gpus", "1"], "Invalid generic resource", "leave --gpus"),
        (&["--mem", "3x"], "Invalid --mem specification", "16G"),
        (&["--constraint", "x"], "Invalid feature", "--constraint"),
        (
            &["--time", "soon"],
            "Invalid --time specification",
            "minutes",
        ),
        (
            &["--sbatch=--nonsense"],
            "unrecognized option",
            "sbatch --help",
        ),
        (&["--time", "2"], "--time is too short", "5 minutes"),
        (
            &["--sbatch=nonsense"],
            "no option of sbatch",
            "--sbatch=--exclude",
        ),
    ] {
        let said = lab.refused("submit", arguments);
        assert!(
            said.contains(words) && said.contains(remedy),
            "{arguments:?}: {said}"
        );
    }
    assert!(lab.cluster.queue().is_empty());
    // What is refused leaves nothing that would be taken for a job.
    let scripts = std::fs::read_dir(lab.out().join(".sweep/slurm")).unwrap();
    let scripts = scripts.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".sh")
    });
    assert_eq!(scripts.count(), 0);
    let said = lab.refused("cancel", &["--all"]);
    assert!(
        said.contains("nothing of this sweep was submitted"),
        "{said}"
    );
    let said = lab.refused("logs", &[]);
    assert!(
        said.contains("no task of Slurm has said anything"),
        "{said}"
    );
}
