//! The built `graft` as a person or a script calls it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A home of its own, so that no test sees this machine's runs, weights or settings.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The folder of the only run below `runs`, which holds the file that numbers runs too.
    pub fn only_run(&self, runs: &str) -> PathBuf {
        only_folder(&self.path().join(runs))
    }

    pub fn graft(&self, arguments: &[&str]) -> Output {
        self.graft_with(arguments, &[])
    }

    /// With further variables of the environment.
    pub fn graft_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied()).output().unwrap()
    }

    /// A command that has not been started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graft"));
        // Where torch and the hub keep their files, and how the network is reached.
        for name in [
            "TORCH_HOME",
            "HF_HOME",
            "HF_HUB_CACHE",
            "HUGGINGFACE_HUB_CACHE",
            "HF_ENDPOINT",
            "HF_HUB_OFFLINE",
            "GRAFT_WEIGHTS_MIRROR",
            "ALL_PROXY",
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "all_proxy",
            "https_proxy",
            "http_proxy",
        ] {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("GRAFT_HOME", self.path().join("home"))
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .current_dir(self.path());
        command
    }

    /// Runs a command that must succeed; gives what it printed.
    pub fn printed(&self, arguments: &[&str]) -> String {
        let output = self.graft(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "graft {}: {errors}",
            arguments.join(" ")
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail with `status`; gives what it said.
    pub fn refused(&self, arguments: &[&str], status: i32) -> String {
        let output = self.graft(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(status),
            "graft {}: {errors}",
            arguments.join(" ")
        );
        assert!(
            output.stdout.is_empty(),
            "a failure prints nothing on standard output"
        );
        errors
    }

    /// Class folders of plain squares, dark for one class and bright for the other, with a little
    /// variation so that no two pictures are the same.
    pub fn pictures(&self, per_class: u8) -> PathBuf {
        let folder = self.path().join("pictures");
        for (class, base) in [("bright", 180), ("dark", 30)] {
            std::fs::create_dir_all(folder.join(class)).unwrap();
            for index in 0..per_class {
                let picture = image::RgbImage::from_fn(40, 36, |x, y| {
                    let value = base + (x as u8 ^ y as u8) % 16 + index;
                    image::Rgb([value, value / 2, value])
                });
                picture
                    .save(folder.join(class).join(format!("{index}.png")))
                    .unwrap();
            }
        }
        folder
    }

    /// A preset that trains in a moment, on random weights.
    pub fn preset(&self, name: &str) -> PathBuf {
        let path = self.path().join("tiny.ron");
        let text = format!(
            r#"(
    version: 1,
    name: "{name}",
    data: (
        source: ClassFolders(path: "pictures"),
        split: (validation: 0.25, test: 0.25),
    ),
    backbone: (name: "efficientnet_lite0", weights: Random, input_size: Some(32)),
    head: (layers: []),
    training: (batch_size: 8),
    phases: [
        (name: "Warm-up", epochs: 1, freeze: Backbone),
        (name: "Fine-tuning", epochs: 2, freeze: AllButLast(4), learning_rate: 0.0001),
    ],
)
"#
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// The only folder in `folder`, which may hold files too.
pub fn only_folder(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut folders = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let only = folders.next().unwrap();
    assert_eq!(folders.next(), None);
    only
}

/// `12,345,678`.
fn thousands(number: u64) -> String {
    let digits: Vec<char> = number.to_string().chars().collect();
    let mut text = String::new();
    for (place, digit) in digits.iter().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(*digit);
    }
    text
}

/// A browser without a window paints the page: its ground, letters and figures, light and dark.
fn chromium_shows(page: &Path) {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.iter().find(|name| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    });
    let Some(browser) = found else {
        eprintln!("SKIPPED: no chromium is installed, so the report is not opened in a browser");
        return;
    };
    let profile = tempfile::tempdir().unwrap();
    let picture = profile.path().join("page.png");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1200,3000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let shown = image::open(&picture)
        .unwrap_or_else(|error| panic!("{error}: {said}"))
        .to_rgb8();
    assert_eq!(shown.dimensions(), (1200, 3000));
    // The first figure, the test accuracies, stands on the first screens: bars in the runs' colours.
    let run_colors = [[0x00, 0x75, 0xC6], [0xCF, 0x75, 0x51]];
    for color in run_colors {
        let pixels = shown.pixels().filter(|pixel| pixel.0 == color).count();
        assert!(
            pixels > 2_000,
            "{pixels} pixels of {color:?}: are figures missing?"
        );
    }
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap()
}

#[test]
fn help_names_every_command() {
    let help = Home::new().printed(&["--help"]);
    for command in [
        "run",
        "compare",
        "evaluate",
        "suspects",
        "predict",
        "classify",
        "embed",
        "weights",
        "backbones",
        "selftest",
        "layers",
        "explain",
        "data",
        "--open",
    ] {
        assert!(help.contains(command), "{command}: {help}");
    }
}

#[test]
fn wrong_use_ends_with_status_2() {
    let home = Home::new();
    for arguments in [
        &["tain"][..],
        &["run"],
        &["compare", "--out", "x"],
        &["layers"],
        &["layers", "efficientnet_lite0", "--freeze", "Everything"],
        &["classify", "a.png"],
        &["evaluate"],
        &["evaluate", "run", "--split", "exam"],
        &["predict", "run"],
        &["predict", "run", "a.png", "--top", "0"],
        &[
            "classify",
            "--backbone",
            "efficientnet_lite0",
            "--top",
            "0",
            "a.png",
        ],
    ] {
        assert!(
            home.refused(arguments, 2).contains("error:"),
            "{arguments:?}"
        );
    }
}

#[test]
fn what_is_not_there_is_said_in_one_sentence() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["run", "absent.ron"][..], "absent.ron"),
        (&["compare", "absent", "--out", "figures"], "absent"),
        (
            &["evaluate", "absent"],
            "there is no run of this number or name",
        ),
        (
            &["predict", "absent", "a.png"],
            "there is no run of this number or name",
        ),
        (&["predict", "99", "a.png"], "graft runs list"),
        (&["layers", "resnet5"], "no backbone named “resnet5”"),
        (&["layers", "efficientnet_lite0", "--size", "7"], "not 7"),
        (
            &["classify", "--backbone", "vgg", "a.png"],
            "no backbone named “vgg”",
        ),
        (&["data", "absent"], "absent"),
    ] {
        let message = home.refused(arguments, 1);
        assert!(
            message.starts_with("error: ") && message.contains(expected),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn backbones_are_listed_for_scripts() {
    let list = json(&Home::new().printed(&["backbones", "--json"]));
    let list = list.as_array().unwrap();
    let lite = list
        .iter()
        .find(|entry| entry["name"] == "efficientnet_lite0")
        .unwrap();
    assert_eq!(lite["parameters"], 4_652_008);
    assert_eq!(lite["input_size"], 224);
    for entry in list {
        assert!(entry["gflops"].as_f64().unwrap() > 0.0, "{entry}");
        // Nothing where none is published, or the network has no classes.
        let top1 = &entry["imagenet_top1"];
        assert!(
            top1.is_null() || (50.0..95.0).contains(&top1.as_f64().unwrap()),
            "{entry}"
        );
    }
    for without in ["vit_small_patch14_reg4_dinov2", "vit_small_patch16_dinov3"] {
        let entry = list.iter().find(|entry| entry["name"] == without).unwrap();
        assert!(entry["imagenet_top1"].is_null() && entry["has_classifier"] == false);
    }
}

#[test]
fn one_backbone_tests_itself() {
    let home = Home::new();
    let name = "mobilenet_v3_small";
    let list = json(&home.printed(&["selftest", name, "--device", "cpu", "--json"]));
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["backbone"], name);
    assert_eq!(list[0]["passed"], true);
    assert!(list[0]["error"].as_f64().unwrap() < 1e-4);
    assert!(list[0]["pictures_per_second"].as_f64().unwrap() > 0.0);
    let message = home.refused(&["selftest", "resnet5"], 1);
    assert!(message.contains("no backbone named “resnet5”"), "{message}");
}

#[test]
fn layers_add_up() {
    let home = Home::new();
    let tree = json(&home.printed(&[
        "layers",
        "resnet18",
        "--size",
        "64",
        "--freeze",
        "Below(layer4)",
        "--json",
    ]));
    let parameters = tree["parameters"].as_u64().unwrap();
    assert_eq!(
        parameters + tree["classifier_parameters"].as_u64().unwrap(),
        11_689_512
    );
    let (learn, stay) = (
        tree["trainable_parameters"].as_u64().unwrap(),
        tree["frozen_parameters"].as_u64().unwrap(),
    );
    assert_eq!(learn + stay, parameters);
    // layer4 of ResNet-18: four 3 x 3 convolutions, one 1 x 1, five normalisations.
    assert_eq!(
        learn,
        256 * 512 * 9 + 3 * 512 * 512 * 9 + 256 * 512 + 5 * 2 * 512
    );
    let text = home.printed(&["layers", "resnet18", "--freeze", "Below(layer4)"]);
    assert!(text.contains("8,393,728 parameters learn"), "{text}");
}

#[test]
fn a_folder_of_pictures_is_told() {
    let home = Home::new();
    let folder = home.pictures(3);
    std::fs::write(folder.join("dark/broken.png"), b"no picture").unwrap();
    let found = json(&home.printed(&["data", "pictures", "--json"]));
    assert_eq!(found["pictures"], 6);
    assert_eq!(found["classes"][0]["name"], "bright");
    assert_eq!(found["classes"][0]["count"], 3);
    assert_eq!(found["problems"].as_array().unwrap().len(), 1);
    let text = home.printed(&["data", "pictures"]);
    assert!(
        text.contains("6 pictures in 2 classes, all of 40 x 36 pixels"),
        "{text}"
    );
    assert!(
        text.contains("1 file skipped") && text.contains("broken.png"),
        "{text}"
    );
}

#[test]
fn two_runs_from_preset_to_comparison() {
    let home = Home::new();
    home.pictures(16);
    let preset = home.preset("Tiny");
    let preset = preset.to_str().unwrap();
    let first = json(&home.printed(&["run", preset, "--out", "runs", "--device", "cpu", "--json"]));
    assert_eq!(first["test"]["n"], 8);
    let accuracy = first["test"]["accuracy"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&accuracy));
    assert!(first["test"]["loss"].as_f64().unwrap() > 0.0 && first["test"]["macro_f1"].is_f64());
    let phases: Vec<(&str, u64)> = first["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| {
            (
                phase["name"].as_str().unwrap(),
                phase["epochs"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(phases, [("Warm-up", 1), ("Fine-tuning", 2)]);
    assert!(first["seconds_total"].as_f64().unwrap() > 0.0);
    let folder = home.path().join(first["run"].as_str().unwrap());
    for file in [
        "preset.ron",
        "split.csv",
        "metrics.csv",
        "weights.safetensors",
        "predictions.csv",
        "summary.json",
        "log.txt",
    ] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let lines = |file: &str| {
        std::fs::read_to_string(folder.join(file))
            .unwrap()
            .lines()
            .count()
    };
    assert_eq!(
        (
            lines("metrics.csv"),
            lines("split.csv"),
            lines("predictions.csv")
        ),
        (4, 33, 9)
    );

    // The run's own preset, carried out again from where it stands, gives the same numbers.
    let again = folder.join("preset.ron");
    let again = json(&home.printed(&[
        "run",
        again.to_str().unwrap(),
        "--out",
        "runs",
        "--device",
        "cpu",
        "--json",
    ]));
    assert_eq!(again["test"], first["test"]);

    let rate = "phases[1].learning_rate=0.01";
    let other = json(&home.printed(&[
        "run", preset, "--out", "runs", "--device", "cpu", "--set", rate, "--json",
    ]));
    let (one, two) = (
        first["run"].as_str().unwrap(),
        other["run"].as_str().unwrap(),
    );
    let compared = json(&home.printed(&["compare", one, two, "--out", "figures", "--json"]));
    let files: Vec<PathBuf> = compared["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| home.path().join(file.as_str().unwrap()))
        .collect();
    let written: Vec<&str> = files
        .iter()
        .filter_map(|file| file.file_name()?.to_str())
        .collect();
    for name in [
        "curves.png",
        "curves.svg",
        "curves-1-tiny.png",
        "curves-2-tiny.png",
        "results.png",
        "confusion-1-tiny.png",
        "confusion-normalised-2-tiny.png",
        "confusion-difference.png",
        "gallery-1-tiny.png",
        "freeze-1-tiny.png",
        "movement-1-tiny.png",
        "class-counts.png",
        "dataset.png",
        "augmentation.png",
        "report.html",
        "report.txt",
        "classification-report-1-tiny.txt",
        "comparison.csv",
        "metrics.csv",
        "predictions.csv",
        "settings.csv",
    ] {
        assert!(written.contains(&name), "{name} is not among {written:?}");
    }
    assert_eq!(compared["notes"], Value::Array(Vec::new()));
    for file in &files {
        assert!(
            std::fs::metadata(file).unwrap().len() > 40,
            "{}",
            file.display()
        );
        if file.extension().is_some_and(|ending| ending == "png") {
            assert_eq!(
                image::open(file).unwrap().to_rgb8().dimensions(),
                (1600, 1000)
            );
        }
    }
    // What learned in each phase is what the run itself counted.
    let counted = std::fs::read_to_string(folder.join("summary.json")).unwrap();
    let counted: Value = serde_json::from_str(&counted).unwrap();
    let freeze = std::fs::read_to_string(home.path().join("figures/freeze-1-tiny.svg")).unwrap();
    for (field, word) in [
        ("trainable_parameters", "trainable"),
        ("frozen_parameters", "frozen"),
    ] {
        let number = thousands(counted[field].as_u64().unwrap());
        let text = format!(">{number} {word} (");
        assert!(freeze.contains(&text), "{text}");
    }
    chromium_shows(&home.path().join("figures/report.html"));

    // A single run, at another size.
    let alone = json(&home.printed(&[
        "compare", one, "--out", "alone", "--size", "800x500", "--dpi", "300", "--format", "png",
        "--dark", "--json",
    ]));
    let files = alone["files"].as_array().unwrap();
    let endings = |ending: &str| {
        let with = files
            .iter()
            .filter(|file| file.as_str().unwrap().ends_with(ending));
        with.count()
    };
    assert!(endings(".png") > 8 && endings(".svg") == 0);
    let bytes = std::fs::read(home.path().join("alone/curves.png")).unwrap();
    let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (800, 500));
    assert!(
        picture.get_pixel(0, 0).0.iter().all(|value| *value < 40),
        "dark"
    );
    let at = bytes.windows(4).position(|four| four == b"pHYs").unwrap();
    assert_eq!(bytes[at + 4..at + 8], 11_811u32.to_be_bytes());

    let report = std::fs::read_to_string(home.path().join("figures/report.txt")).unwrap();
    assert!(
        report.contains("Phase 2, learning rate") && report.contains("weighted avg"),
        "{report}"
    );
    assert!(
        !report.to_lowercase().contains("batch size"),
        "what is the same is not listed: {report}"
    );

    let moved = json(&home.printed(&["run", preset, "--out", "runs", "--set", "seed=7", "--json"]));
    let message = home.refused(
        &[
            "compare",
            one,
            moved["run"].as_str().unwrap(),
            "--out",
            "refused",
        ],
        1,
    );
    assert!(
        message.contains("can't be compared: they were tested on different pictures"),
        "{message}"
    );
    assert!(!home.path().join("refused").exists());
}

#[test]
fn a_run_is_evaluated_and_used() {
    let home = Home::new();
    let pictures = home.pictures(16);
    let preset = home.preset("Tiny");
    let arguments = [
        "run",
        preset.to_str().unwrap(),
        "--out",
        "runs",
        "--device",
        "cpu",
        "--json",
    ];
    let trained = json(&home.printed(&arguments));
    let run = trained["run"].as_str().unwrap();
    let evaluate = |more: &[&str]| {
        json(&home.printed(&[&["evaluate", run, "--device", "cpu", "--json"], more].concat()))
    };
    let number = |value: &Value| value.as_f64().unwrap();

    let test = evaluate(&[]);
    assert_eq!(
        (&test["split"], &test["pictures"]),
        (&"test".into(), &8.into())
    );
    assert_eq!(
        test["answers"]["accuracy"]["value"],
        trained["test"]["accuracy"]
    );
    assert_eq!(test["answers"]["accuracy"]["method"], "wilson");
    let loss = &test["probabilities"]["log_loss"];
    assert!((number(&loss["value"]) - number(&trained["test"]["loss"])).abs() < 1e-4);
    assert!(number(&loss["interval"]["low"]) <= number(&loss["value"]));
    assert_eq!(loss["method"]["bootstrap"]["resamples"], 1000);

    let validation = evaluate(&["--split", "validation", "--calibrate"]);
    assert_eq!(validation["pictures"], 6);
    let fit = &validation["calibrated"]["fit"];
    assert!(number(&fit["log_loss_after"]) <= number(&fit["log_loss_before"]));
    let kept = Path::new(run).join("predictions_validation.csv");
    let written = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(written.lines().count(), 7);
    assert_eq!(
        evaluate(&["--split", "validation"])["answers"],
        validation["answers"]
    );
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), written);
    assert_eq!(evaluate(&["--split", "train"])["pictures"], 18);
    assert_eq!(evaluate(&["--data", "pictures"])["pictures"], 32);

    let text = home.printed(&["evaluate", run, "--calibrate"]);
    for expected in [
        "8 test pictures of the run",
        "weighted avg",
        "Cohen's kappa",
        "; Wilson)",
        "Temperature",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }

    // The same picture, alone and in the table.
    let line = written.lines().nth(1).unwrap();
    let fields: Vec<&str> = line.split(',').collect();
    let picture = pictures.join(fields[0]);
    let picture = picture.to_str().unwrap();
    let seen = json(&home.printed(&["predict", run, picture, "--device", "cpu", "--json"]));
    let guesses = seen[0]["predictions"].as_array().unwrap();
    assert_eq!(guesses.len(), 2);
    assert_eq!(guesses[0]["class"], fields[2]);
    let bright = guesses
        .iter()
        .find(|guess| guess["class"] == "bright")
        .unwrap();
    assert!((number(&bright["probability"]) - fields[3].parse::<f64>().unwrap()).abs() < 1e-5);
    // Its name, that the run knows it, and the one class that was asked for.
    let text = home.printed(&["predict", run, picture, "--top", "1"]);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("the run was validated on"), "{text}");
    let message = home.refused(&["predict", run, "tiny.ron"], 1);
    assert!(message.contains("tiny.ron"), "{message}");

    // Pictures that were moved are an error with its remedy, and are found where they are now.
    std::fs::rename(&pictures, home.path().join("moved")).unwrap();
    std::fs::remove_file(&kept).unwrap();
    let arguments = ["evaluate", run, "--split", "validation"];
    let message = home.refused(&arguments, 1);
    assert!(
        message.contains("--data") && message.contains("pictures"),
        "{message}"
    );
    let found = evaluate(&["--split", "validation", "--data", "moved"]);
    assert_eq!(found["answers"], validation["answers"]);
    assert!(
        !kept.exists(),
        "answers on pictures from elsewhere are not kept"
    );
}

#[test]
fn an_experiment_that_cant_run_is_refused_before_it_leaves_a_trace() {
    let home = Home::new();
    home.pictures(4);
    let preset = home.preset("Wrong");
    let preset = preset.to_str().unwrap();
    for (setting, expected) in [
        ("phases[0].learning_rat=1", "learning_rat"),
        ("training.batch_size=0", "batch_size"),
        ("data.source=ClassFolders(path: \"absent\")", "absent"),
    ] {
        let message = home.refused(&["run", preset, "--out", "runs", "--set", setting], 1);
        assert!(message.contains(expected), "{message}");
    }
    assert!(!home.path().join("runs").exists());
}

#[test]
fn a_table_is_told_on_one_screen() {
    let home = Home::new();
    let folder = home.path().join("beetles");
    let mut rows = "image_id,age,dx,split\n".to_owned();
    for number in 0..12_u8 {
        let name = format!("images/{number}.png");
        let path = folder.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::RgbImage::from_pixel(8, 8, image::Rgb([number, 0, 0]))
            .save(path)
            .unwrap();
        let kind = ["red", "green"][usize::from(number % 2)];
        let split = ["train", "train", "test", "unused"][usize::from(number / 3)];
        rows += &format!("{number},{},{kind},{split}\n", 40 + number % 3);
    }
    std::fs::write(folder.join("train.csv"), rows).unwrap();
    std::fs::write(
        folder.join("sample_submission.csv"),
        "image_id,dx\n0,red\n1,red\n",
    )
    .unwrap();
    let text = home.printed(&["data", "beetles"]);
    for said in [
        "beetles: a table of paths and labels",
        "9 pictures in 2 classes",
        "The table is train.csv (12 rows, separated by commas, UTF-8).",
        "Other tables in this folder are not read: sample_submission.csv (its name says that it is an example of what to submit).",
        "The classes are in column “dx”, because of its name; other columns that look like classes: “age”.",
        "The split is in column “split”: test (3), train (6).",
        "Warning: The split column holds “unused” (3 rows), and what that means can't be told",
        "9 picture files were found by names without their ending (.jpg, .png …): “0” is images/0.png.",
    ] {
        assert!(text.contains(said), "no “{said}”: {text}");
    }
    assert!(text.lines().count() < 24, "{text}");
    let found = json(&home.printed(&["data", "beetles", "--json"]));
    assert_eq!(found["classes"][0]["test"], 1);
    assert!(found["remarks"].as_array().unwrap().len() >= 6);
}
