//! `graft run` with a head that is solved by logistic regression.

use super::cli::{Home, json};

#[test]
fn a_preset_with_logistic_regression_is_trained_told_and_used() {
    let home = Home::new();
    home.pictures(16);
    let preset = home.preset("Solved");
    let preset = preset.to_str().unwrap();
    let solver = "phases[0].optimizer=LogisticRegression()";
    let whole = [
        "run", preset, "--out", "runs", "--device", "cpu", "--json", "--set", solver,
    ];
    let run = json(&home.printed(&whole));
    assert_eq!(run["phases"][0]["epochs"], 1);
    let folder = home.path().join(run["run"].as_str().unwrap());
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    assert!(read("preset.ron").contains("LogisticRegression(c: None)"));
    assert!(read("log.txt").contains("Logistic regression: C "));
    // The network beneath is random, and the classes are bright and dark.
    let metrics = read("metrics.csv");
    let solved = metrics.lines().nth(1).unwrap();
    assert!(solved.starts_with("1,0,"), "{metrics}");
    let evaluated = json(&home.printed(&["evaluate", run["run"].as_str().unwrap(), "--json"]));
    assert!(evaluated.is_object());

    // The solution is the least loss of its kind: no steps of Adam come below it.
    let steps = [
        "phases=[(name: \"Steps\", epochs: 10, freeze: Backbone)]",
        "seed=42",
    ];
    let solved = [
        "phases=[(name: \"Solved\", epochs: 1, freeze: Backbone, optimizer: LogisticRegression(c: 100.0))]",
        "seed=42",
    ];
    let last_loss = |settings: [&str; 2]| {
        let mut arguments = vec![
            "run", preset, "--out", "others", "--device", "cpu", "--json",
        ];
        settings
            .iter()
            .for_each(|setting| arguments.extend(["--set", setting]));
        let run = json(&home.printed(&arguments));
        let metrics = home
            .path()
            .join(run["run"].as_str().unwrap())
            .join("metrics.csv");
        let metrics = std::fs::read_to_string(metrics).unwrap();
        let at = metrics
            .lines()
            .next()
            .unwrap()
            .split(',')
            .position(|name| name == "train_loss");
        let last = metrics.lines().last().unwrap();
        last.split(',')
            .nth(at.unwrap())
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    let (steps, solved) = (last_loss(steps), last_loss(solved));
    assert!(solved <= steps, "{solved}, and {steps} after steps");
}

#[test]
fn what_does_not_go_with_it_is_named_before_anything_is_left() {
    let home = Home::new();
    home.pictures(4);
    let preset = home.preset("Wrong");
    let preset = preset.to_str().unwrap();
    let solver = "phases[1].optimizer=LogisticRegression(c: 1)";
    let message = home.refused(&["run", preset, "--out", "runs", "--set", solver], 1);
    for expected in [
        "phases[1].optimizer",
        "phases[1].epochs to be 1",
        "phases[1].freeze to be Backbone",
    ] {
        assert!(message.contains(expected), "{message}");
    }
    assert!(!home.path().join("runs").exists());
}
