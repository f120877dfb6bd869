//! None of these: pictures of other kinds, told by a run that was really trained.

use std::path::PathBuf;

use crate::cli::{Home, json};

/// Pictures that are nothing like the dark and bright squares of [`Home::pictures`].
fn strange(home: &Home, count: u32) {
    let folder = home.path().join("strange");
    std::fs::create_dir_all(&folder).unwrap();
    for index in 0..count {
        let picture = image::RgbImage::from_fn(40, 36, |x, y| {
            let stripe = (x / 3 + y / (2 + index % 3)) % 2 == 0;
            image::Rgb(match stripe {
                true => [255, (index * 40) as u8, 0],
                false => [0, 90, 255],
            })
        });
        picture.save(folder.join(format!("{index}.png"))).unwrap();
    }
}

/// A frozen backbone of random weights, whose features differ as the pictures do.
fn preset(home: &Home) {
    let text = r#"(
    version: 1,
    name: "Tiny",
    data: (
        source: ClassFolders(path: "pictures"),
        split: (validation: 0.25, test: 0.25),
    ),
    backbone: (name: "efficientnet_lite0", weights: Random, input_size: Some(32)),
    head: (layers: []),
    phases: [(name: "Feature extraction", epochs: 1, freeze: Backbone)],
)
"#;
    std::fs::write(home.path().join("tiny.ron"), text).unwrap();
}

/// A run on so many pictures of each class, and pictures that are nothing like them.
fn trained(per_class: u8, others: u32) -> (Home, PathBuf) {
    let home = Home::new();
    home.pictures(per_class);
    preset(&home);
    strange(&home, others);
    home.printed(&["run", "tiny.ron", "--out", "runs"]);
    let run = home.only_run("runs");
    (home, run)
}

#[test]
fn evaluate_tells_how_well_pictures_of_other_kinds_are_noticed() {
    let (home, run) = trained(40, 8);
    let run = run.to_str().unwrap();
    assert!(home.path().join(run).join("novelty.safetensors").is_file());

    let found = json(&home.printed(&["evaluate", run, "--json"]));
    let novelty = &found["novelty"];
    // By 15 validation pictures, 1 in 16 is the least.
    assert_eq!(novelty["validation_pictures"], 15);
    assert_eq!(novelty["asked"], 0.01);
    assert!((novelty["rate"].as_f64().unwrap() - 1.0 / 16.0).abs() < 1e-9);
    assert_eq!(novelty["training_pictures"], 45);
    assert!(
        novelty["refused"]["value"].as_f64().unwrap() <= 0.25,
        "{novelty}"
    );

    let found = json(&home.printed(&[
        "evaluate",
        run,
        "--other",
        "strange",
        "--none-of-these",
        "0.1",
        "--json",
    ]));
    let novelty = &found["novelty"];
    assert_eq!(novelty["rate"], 0.1);
    let other = &novelty["other"][0];
    assert_eq!(other["pictures"], 8);
    assert_eq!(other["refused"]["value"], 1.0, "{other}");
    assert_eq!(other["distance_auroc"]["value"], 1.0, "{other}");
    assert!(other["confidence_auroc"]["value"].is_f64());
    let text = home.printed(&["evaluate", run, "--other", "strange"]);
    assert!(
        text.contains("None of these: further than") && text.contains("ROC AUC of the distance"),
        "{text}"
    );

    let error = home.refused(&["evaluate", run, "--none-of-these", "2"], 2);
    assert!(error.contains("1 in 100"), "{error}");
    let error = home.refused(&["evaluate", run, "--other", "nowhere"], 1);
    assert!(error.contains("nowhere"), "{error}");
}

/// A run of an earlier version, and one that was moved from its pictures.
#[test]
fn a_run_without_the_file_is_asked_for_its_pictures_once() {
    let (home, run) = trained(12, 6);
    let file = run.join("novelty.safetensors");
    std::fs::remove_file(&file).unwrap();
    let run = run.to_str().unwrap();
    let found = json(&home.printed(&["evaluate", run, "--json"]));
    assert!(found["novelty"].is_null());
    let other = ["evaluate", run, "--other", "strange", "--json"];
    let before = json(&home.printed(&other))["novelty"].clone();
    assert!(file.is_file(), "it is kept");
    // Damage is noticed, and mended while the pictures are there.
    std::fs::write(&file, "damaged").unwrap();
    assert_eq!(json(&home.printed(&other))["novelty"], before);
    assert!(std::fs::metadata(&file).unwrap().len() > 100);

    std::fs::rename(home.path().join("pictures"), home.path().join("elsewhere")).unwrap();
    assert_eq!(json(&home.printed(&other))["novelty"], before);
    std::fs::remove_file(&file).unwrap();
    let error = home.refused(&other, 1);
    assert!(error.contains("none of its classes"), "{error}");
}

#[test]
fn predict_answers_none_of_these_for_pictures_of_another_kind_and_not_for_the_runs_own() {
    let (home, run) = trained(40, 8);
    let run = run.to_str().unwrap();
    // The run is moved from its pictures first: what it takes goes with it.
    std::fs::rename(home.path().join("pictures"), home.path().join("elsewhere")).unwrap();
    let answered = |folder: &str| {
        let list = json(&home.printed(&["predict", run, folder, "--json"]));
        let answers = list.as_array().unwrap().clone();
        let refused = answers
            .iter()
            .filter(|answer| answer["none_of_these"] == true)
            .count();
        assert!(answers.iter().all(|answer| answer["distance"].is_f64()));
        for answer in &answers {
            // What was refused has no class, and still says what it looks like most.
            let is_refused = answer["none_of_these"] == true;
            assert_eq!(answer["class"].is_null(), is_refused, "{answer}");
            let outcome = if is_refused { "none of these" } else { "class" };
            assert_eq!(answer["outcome"], outcome);
            assert_eq!(answer["most_probable"], answer["predictions"][0]["class"]);
        }
        (answers.len(), refused)
    };
    assert_eq!(answered("strange"), (8, 8));
    let (own, refused) = answered("elsewhere");
    // 15 validation pictures promise 1 in 16 of new ones; those of the training are their own neighbours.
    assert!(own == 80 && refused <= 8, "{refused} of {own}");
    // How often that is wrong is said behind the answers, once, in plain words.
    let output = home.graft(&["predict", run, "strange", "--out", "a.csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("none of these  8\n")
            && text.contains(
                "About 1 in 16 of your own pictures may wrongly be called none of these. To hold it to 1 in 100, the run would \
                 need 99 validation pictures; it has 15.\n"
            ),
        "{text}"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("validation pictures"), "{said}");
    let table = std::fs::read_to_string(home.path().join("a.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    for record in reader.records() {
        let record = record.unwrap();
        assert_eq!((&record[1], &record[2]), ("", "none of these"));
        assert!(["bright", "dark"].contains(&&record[3]), "{record:?}");
    }
}

#[test]
fn a_run_without_validation_pictures_answers_and_says_what_it_can_not_tell() {
    let home = Home::new();
    home.pictures(8);
    preset(&home);
    let arguments = ["run", "tiny.ron", "--out", "runs"];
    home.printed(&[&arguments[..], &["--set", "data.split.validation=0.0"]].concat());
    let run = home.only_run("runs");
    let run = run.to_str().unwrap();
    let predict = ["predict", run, "pictures/dark", "--json"];
    let output = home.graft(&predict);
    assert!(output.status.success());
    let list = json(&String::from_utf8(output.stdout).unwrap());
    let answers = list.as_array().unwrap();
    assert_eq!(answers.len(), 8);
    assert!(answers.iter().all(|answer| answer["distance"].is_null()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("has no validation pictures"), "{said}");
    // What is asked for and can't be had is an error.
    let asked = [&predict[..], &["--none-of-these", "0.1"]].concat();
    let error = home.refused(&asked, 1);
    assert!(error.contains("has no validation pictures"), "{error}");
}
