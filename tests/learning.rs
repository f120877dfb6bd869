//! Learning rates and learning curves by the built program, on small pictures.

use crate::cli::{Home, json};

const PRESET: &str = r#"(
    version: 1,
    name: "Tiny",
    data: (
        source: ClassFolders(path: "pictures"),
        split: (validation: 0.2, test: 0.1),
    ),
    backbone: (name: "resnet18", weights: Random, input_size: Some(32)),
    head: (layers: []),
    training: (batch_size: 8),
    phases: [
        (name: "Head", epochs: 1, freeze: Backbone, learning_rate: 0.1),
        (name: "Top", epochs: 2, freeze: AllButLast(4), learning_rate: 0.0001),
    ],
)
"#;

fn home() -> Home {
    let home = Home::new();
    home.pictures(30);
    std::fs::write(home.path().join("tiny.ron"), PRESET).unwrap();
    home
}

#[test]
fn a_rate_is_found_for_a_phase_and_drawn_and_nothing_is_left_behind() {
    let home = home();
    let arguments = [
        "find-rate",
        "tiny.ron",
        "--device",
        "cpu",
        "--figure",
        "rates.svg",
        "--json",
    ];
    let found = json(&home.printed(&arguments));
    assert_eq!(found["phase"], 1);
    assert_eq!(found["learning_rate"], 0.1);
    let points = found["points"].as_array().unwrap();
    assert!(points.len() > 20, "{}", points.len());
    let rate = found["suggested_learning_rate"].as_f64().unwrap();
    let first = points[10]["rate"].as_f64().unwrap();
    let last = points.last().unwrap()["rate"].as_f64().unwrap();
    assert!(first < rate && rate < last, "{rate}");
    let svg = std::fs::read_to_string(home.path().join("rates.svg")).unwrap();
    assert!(svg.contains("Suggested: "), "{svg}");
    // Once more, it is the same, and replaces its own figure.
    assert_eq!(json(&home.printed(&arguments))["points"], found["points"]);
    assert!(!home.path().join("home/runs").exists());
    // Of the second phase, the first is trained before.
    let second = home.printed(&["find-rate", "tiny.ron", "--phase", "2", "--device", "cpu"]);
    assert!(
        second.starts_with("Phase 2, Top: ") && second.contains("It began where 1 epoch"),
        "{second}"
    );
}

#[test]
fn a_rate_is_refused_with_the_reason() {
    let home = home();
    for (more, status, said) in [
        (&["--phase", "3"][..], 1, "there is no phase 3"),
        (
            &[
                "--phase",
                "2",
                "--set",
                "backbone.name=vit_b_16",
                "--set",
                "backbone.input_size=None",
            ],
            1,
            "layers of a transformer",
        ),
        (&["--figure", "rates.pdf"], 1, ".svg or .png"),
        (&["--figure", "tiny.ron.svg/x.svg"], 1, "tiny.ron.svg"),
        (&["--phase", "0"], 2, "--phase"),
    ] {
        let arguments = [&["find-rate", "tiny.ron", "--device", "cpu"][..], more].concat();
        let message = home.refused(&arguments, status);
        assert!(message.contains(said), "{more:?}: {message}");
    }
    // A file that Graft did not draw stays.
    std::fs::write(home.path().join("mine.svg"), "<svg/>").unwrap();
    let arguments = ["find-rate", "tiny.ron", "--figure", "mine.svg"];
    let message = home.refused(&arguments, 1);
    assert!(message.contains("it is no figure of Graft"), "{message}");
}

#[test]
fn a_learning_curve_says_what_twice_as_many_pictures_would_bring() {
    let home = home();
    let arguments = [
        "learning-curve",
        "tiny.ron",
        "--device",
        "cpu",
        "--figure",
        "curve.png",
        "--json",
    ];
    let found = json(&home.printed(&arguments));
    // Twelve validation pictures are too few to ask: all but the test pictures are, in folds.
    assert_eq!(
        (&found["asked"], &found["folds"]),
        (&"folds".into(), &5.into())
    );
    assert_eq!(found["asked_pictures"], 54);
    let points = found["points"].as_array().unwrap();
    assert!(points.len() >= 4, "{points:?}");
    let last = points.last().unwrap();
    assert_eq!(last["share"], 1.0);
    assert!(last["mean"].as_f64().unwrap() > 0.8, "{last}");
    let fit = &found["fit"];
    let band = fit["band"].as_array().unwrap();
    let later = band.last().unwrap()["pictures"].as_f64().unwrap();
    assert!((later - 2.0 * found["pictures"].as_f64().unwrap()).abs() < 1e-6);
    assert!(fit["forecast"].as_f64().unwrap() <= 1.0);
    assert!(home.path().join("curve.png").is_file());
    assert_eq!(found["features_from_disk"], 0);
    // The features are kept, and the text says the same.
    let again = json(&home.printed(&arguments));
    assert_eq!(again["features_computed"], 0);
    assert_eq!(again["points"], found["points"]);
    let text = home.printed(&[
        "learning-curve",
        "tiny.ron",
        "--device",
        "cpu",
        "--metric",
        "macro-f1",
    ]);
    assert!(
        text.contains("Macro-F1") && text.contains("Draws"),
        "{text}"
    );
}

#[test]
fn too_few_pictures_have_no_learning_curve() {
    let home = Home::new();
    home.pictures(8);
    std::fs::write(home.path().join("tiny.ron"), PRESET).unwrap();
    let message = home.refused(&["learning-curve", "tiny.ron", "--device", "cpu"], 1);
    assert!(
        message.contains("too few for a learning curve") && message.contains("or more"),
        "{message}"
    );
    let message = home.refused(&["learning-curve", "absent.ron"], 1);
    assert!(message.contains("absent.ron"), "{message}");
}
