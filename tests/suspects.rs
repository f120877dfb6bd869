//! Suspicious pictures of a run, from the command line.

use super::cli::{Home, json};

#[test]
fn a_wrong_label_among_the_training_pictures_is_found() {
    let home = Home::new();
    let folder = home.pictures(16);
    // A dark picture among the bright ones.
    std::fs::copy(folder.join("dark/3.png"), folder.join("bright/wrong.png")).unwrap();
    let preset = home.preset("Squares");
    let text = std::fs::read_to_string(&preset).unwrap();
    let text = text
        .replace(
            "validation: 0.25, test: 0.25",
            "validation: 0.1, test: 0.1, seed: Some(3)",
        )
        // Of random weights, ResNet's pass on what they see.
        .replace("efficientnet_lite0", "resnet18")
        .replace("layers: []", "layers: [BatchNorm]")
        .replace(
            "epochs: 1, freeze: Backbone",
            "epochs: 20, freeze: Backbone, learning_rate: 0.05",
        );
    std::fs::write(&preset, text).unwrap();
    let run = json(&home.printed(&["run", "tiny.ron", "--out", "runs", "--json"]));
    let run = run["run"].as_str().unwrap();
    let split = std::fs::read_to_string(std::path::Path::new(run).join("split.csv")).unwrap();
    assert!(split.contains("bright/wrong.png,bright,train"), "{split}");

    // Its own answers say nothing of what it was trained on.
    let before = json(&home.printed(&["suspects", run, "--json"]));
    let names = |found: &serde_json::Value| -> Vec<String> {
        let list = found.as_array().unwrap().iter();
        list.map(|line| line["file"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(!names(&before).contains(&"bright/wrong.png".to_owned()));
    let found = json(&home.printed(&["suspects", run, "--folds", "4", "--json"]));
    let line = found
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["file"] == "bright/wrong.png")
        .unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (
            line["split"].as_str(),
            line["suggested"].as_str(),
            line["kind"].as_str()
        ),
        (Some("train"), Some("dark"), Some("wrong label"))
    );
    // The answers stand in the run's folder: they are not worked out again.
    assert_eq!(json(&home.printed(&["suspects", run, "--json"])), found);
    let refused = home.refused(&["suspects", run, "--folds", "30"], 1);
    assert!(refused.contains("too few for 30 folds"), "{refused}");

    // What looks alike stays in one part of the split from now on, by a preset of its own.
    let keep = [
        "suspects",
        run,
        "--duplicates",
        "--keep-together",
        "together.ron",
    ];
    let text = home.printed(&keep);
    assert!(text.contains("Wrote together.ron: "), "{text}");
    let together = std::fs::read_to_string(home.path().join("together.ron")).unwrap();
    assert!(
        together.contains("\"bright/wrong.png\"") && together.contains("\"dark/3.png\""),
        "{together}"
    );
    let text = home.printed(&["data", "together.ron"]);
    assert!(
        text.contains("at random by pictures that are kept together"),
        "{text}"
    );
    let refused = home.refused(&keep, 1);
    assert!(refused.contains("replaces no file"), "{refused}");
}
