//! The setting that is chosen, and the one look at the test pictures.

use std::path::Path;

use super::{RATES, TinySweep, cells, on_one_thread};
use crate::cli::json;

fn summary(cell: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(cell.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn the_test_pictures_are_looked_at_once_for_the_setting_that_is_chosen() {
    let sweep = TinySweep::new(RATES, "seeds: 2");
    sweep.run("out");
    let out = sweep.folder("out");
    for cell in cells(&out) {
        let summary = summary(&out.join(&cell));
        assert_eq!(summary["test"], serde_json::Value::Null);
        assert_eq!(summary["test_is_withheld"], true);
        assert_eq!(summary["test_pictures"], 6);
        assert!(!out.join(&cell).join("predictions.csv").exists());
        let split = std::fs::read_to_string(out.join(&cell).join("split.csv")).unwrap();
        assert_eq!(split.matches(",test").count(), 6, "{split}");
    }
    // Nobody is given them by the way.
    let first = out.join(&cells(&out)[0]);
    let refused = sweep
        .home
        .refused(&["evaluate", first.to_str().unwrap()], 1);
    assert!(refused.contains("cell of a sweep"), "{refused}");
    let validated = [
        "evaluate",
        first.to_str().unwrap(),
        "--split",
        "validation",
        "--json",
    ];
    sweep.home.printed(&validated);

    let before = sweep.document("best", "out", &[]);
    assert_eq!(
        (&before["tested"], &before["settings_tested"]),
        (&serde_json::Value::Null, &0.into())
    );
    assert_eq!(before["is_best"], true);
    assert_eq!(before["chosen"]["seeds"], 2);
    let tested = sweep.document("best", "out", &["--test", "--device", "cpu"]);
    assert_eq!(tested["tested"]["metrics"].as_array().unwrap().len(), 2);
    assert_eq!(tested["settings_tested"], 1);
    let chosen: Vec<String> = tested["chosen"]["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell.as_str().unwrap().to_owned())
        .collect();
    for cell in cells(&out) {
        let is_chosen = chosen.contains(&cell);
        let summary = summary(&out.join(&cell));
        assert_eq!(summary["test"].is_object(), is_chosen, "{cell}");
        assert_eq!(summary.get("test_is_withheld").is_none(), is_chosen);
        assert_eq!(out.join(&cell).join("predictions.csv").exists(), is_chosen);
    }
    // The chosen runs are ordinary ones now: their answers are those of the same preset trained by itself.
    sweep.document("best", "out", &["--preset", "best.ron"]);
    let mut alone = sweep.home.command(&[
        "run", "best.ron", "--out", "alone", "--device", "cpu", "--json",
    ]);
    let trained = on_one_thread(&mut alone).output().unwrap();
    let trained = json(&String::from_utf8(trained.stdout).unwrap());
    let alone = Path::new(trained["run"].as_str().unwrap()).to_path_buf();
    let cell = out.join(&chosen[0]);
    let bytes = |folder: &Path, name: &str| std::fs::read(folder.join(name)).unwrap();
    assert!(bytes(&alone, "weights.safetensors") == bytes(&cell, "weights.safetensors"));
    assert_eq!(
        bytes(&alone, "predictions.csv"),
        bytes(&cell, "predictions.csv")
    );
    assert_eq!(trained["test"], summary(&cell)["test"]);
    let compared = sweep.home.printed(&[
        "compare",
        alone.to_str().unwrap(),
        cell.to_str().unwrap(),
        "--out",
        "compared",
    ]);
    assert!(!compared.is_empty());

    // Asked once more, the same is shown; another setting is warned about.
    let said = |arguments: &[&str]| {
        let output = sweep.output("best", "out", arguments);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout)
    };
    assert!(said(&["--test", "--device", "cpu"]).contains("was tested before"));
    let cells_of_out = cells(&out);
    let other = cells_of_out
        .iter()
        .find(|cell| !chosen.contains(cell))
        .unwrap();
    let told = said(&["--cell", other, "--test", "--device", "cpu"]);
    assert!(
        told.contains("looked at before, for 1 other setting") && told.contains("Test accuracy"),
        "{told}"
    );
    let after = sweep.document("best", "out", &[]);
    assert_eq!(after["settings_tested"], 2);
}

#[test]
fn results_are_said_and_written() {
    let sweep = TinySweep::new(RATES, "");
    let nothing = sweep.output("results", "out", &[]);
    assert!(String::from_utf8_lossy(&nothing.stdout).contains("Nothing is measured yet"));
    let nothing = sweep.output("best", "out", &[]);
    assert_eq!(nothing.status.code(), Some(1));
    sweep.run("out");
    let output = sweep.output("results", "out", &["--write", "table.csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("learning_rate") && text.contains("Wilson"),
        "{text}"
    );
    let table = std::fs::read_to_string(sweep.folder("table.csv")).unwrap();
    assert_eq!(table.lines().count(), 4);
    // No file is replaced by the way.
    let again = sweep.output("results", "out", &["--write", "table.csv"]);
    assert_eq!(again.status.code(), Some(1));
    let forced = sweep.output("results", "out", &["--write", "table.csv", "--force"]);
    assert!(forced.status.success());
    let best = sweep.output("best", "out", &["--preset", "best.ron"]);
    let text = String::from_utf8(best.stdout).unwrap();
    assert!(best.status.success(), "{text}");
    assert!(
        text.contains("phases[1].learning_rate = ") && text.contains("--test"),
        "{text}"
    );
    let preset = std::fs::read_to_string(sweep.folder("best.ron")).unwrap();
    assert!(preset.contains("Chosen by the sweep"), "{preset}");
    let again = sweep.output("best", "out", &["--preset", "best.ron"]);
    assert_eq!(again.status.code(), Some(1));
    let status = sweep.output("status", "out", &[]);
    let text = String::from_utf8(status.stdout).unwrap();
    assert!(text.contains("3 cells of 3 settings: 3 finished"), "{text}");
}
