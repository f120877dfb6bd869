//! Where a run looked, the same picture twice, and pictures that are left out, by the built program.

use crate::cli::{Home, json};

#[test]
fn a_run_shows_where_it_looked_and_a_wrong_class_is_refused() {
    let home = Home::new();
    let folder = home.pictures(8);
    let preset = home.preset("Tiny");
    let run = json(&home.printed(&[
        "run",
        preset.to_str().unwrap(),
        "--out",
        "runs",
        "--device",
        "cpu",
        "--json",
    ]));
    let run = run["run"].as_str().unwrap();
    let image = folder.join("dark/0.png");
    let image = image.to_str().unwrap();
    let found = json(&home.printed(&[
        "explain", run, image, "--out", "map.png", "--class", "dark", "--device", "cpu", "--json",
    ]));
    assert_eq!(found["class"], "dark");
    let rows = found["map"].as_array().unwrap();
    let values: Vec<f64> = rows
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|value| value.as_f64().unwrap())
        .collect();
    assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
    let sum: f64 = ["dark", "bright"]
        .iter()
        .map(|class| found["probabilities"][class].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-5);
    let picture = image::open(home.path().join("map.png")).unwrap();
    assert_eq!((picture.width(), picture.height()), (32, 32));

    let message = home.refused(
        &["explain", run, image, "--out", "x.png", "--class", "cat"],
        1,
    );
    assert!(
        message.contains("no class “cat”") && message.contains("bright, dark"),
        "{message}"
    );
    assert!(!home.path().join("x.png").exists());
}

#[test]
fn the_same_picture_twice_is_found_and_can_be_left_out() {
    let home = Home::new();
    let folder = home.pictures(8);
    // Noise, which nothing else resembles.
    let noise = |seed: u32| {
        image::RgbImage::from_fn(48, 48, |x, y| {
            let value = (x / 6 * 2_654_435 + y / 6 * 40_503 + seed * 97) % 251;
            image::Rgb([value as u8; 3])
        })
    };
    noise(1).save(folder.join("bright/same.png")).unwrap();
    noise(1).save(folder.join("dark/same.png")).unwrap();
    let found = json(&home.printed(&["data", "pictures", "--duplicates", "--json"]));
    let duplicates = found["duplicates"].as_array().unwrap();
    let exact: Vec<_> = duplicates
        .iter()
        .filter(|duplicate| duplicate["exact"] == true)
        .collect();
    assert_eq!(exact.len(), 1, "{duplicates:?}");
    assert!(exact[0]["reason"].as_str().unwrap().contains("same.png"));
    assert_ne!(exact[0]["picture"]["class"], exact[0]["other"]["class"]);
    let text = home.printed(&["data", "pictures", "--duplicates"]);
    assert!(text.contains("the same pixels as"), "{text}");

    // One command keeps what looks alike in one part of the split, by a preset of its own.
    let keep = [
        "data",
        "pictures",
        "--duplicates",
        "--keep-together",
        "together.ron",
    ];
    let text = home.printed(&keep);
    assert!(
        text.contains("Wrote together.ron: ") && text.contains("graft run \"together.ron\""),
        "{text}"
    );
    let together = std::fs::read_to_string(home.path().join("together.ron")).unwrap();
    assert!(together.contains("together: ["), "{together}");
    let text = home.printed(&["data", "together.ron"]);
    assert!(
        text.contains("at random by pictures that are kept together")
            && text.contains("stand in two parts of the split: training has"),
        "{text}"
    );
    let message = home.refused(&keep, 1);
    assert!(message.contains("replaces no file"), "{message}");

    // The preset leaves one of them out; nothing on disk changes.
    let preset = home.preset("Tiny");
    let with = std::fs::read_to_string(&preset).unwrap().replace(
        "split: (validation",
        "exclude: [\"dark/same.png\"], split: (validation",
    );
    std::fs::write(&preset, with).unwrap();
    let preset = preset.to_str().unwrap();
    let text = home.printed(&["data", preset]);
    assert!(
        text.contains("left out by the experiment, which excludes dark/same.png"),
        "{text}"
    );
    let run = json(&home.printed(&["run", preset, "--out", "runs", "--device", "cpu", "--json"]));
    let split = home
        .path()
        .join(run["run"].as_str().unwrap())
        .join("split.csv");
    let split = std::fs::read_to_string(split).unwrap();
    assert!(split.contains("bright/same.png") && !split.contains("dark/same.png"));
    assert!(folder.join("dark/same.png").is_file());
}
