//! Teaching sets and groups, by the built program.

use std::path::Path;

use super::cli::{Home, json};

/// `count` dark (0) and bright (1) squares in MNIST's format.
fn write_idx(folder: &Path, part: &str, count: u8) {
    let big_endian = |number: u32| number.to_be_bytes();
    let (mut images, mut labels) = (vec![0, 0, 8, 3], vec![0, 0, 8, 1]);
    images.extend([u32::from(count), 36, 40].map(big_endian).concat());
    labels.extend(big_endian(count.into()));
    for index in 0..count {
        labels.push(index % 2);
        images.extend(
            (0..36 * 40u32).map(|at| 180 * (index % 2) + 3 * (index / 2) + (at % 40 / 8) as u8),
        );
    }
    std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
    std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
}

#[test]
fn pictures_of_a_set_are_pictures_everywhere() {
    let home = Home::new();
    let folder = home.path().join("squares");
    std::fs::create_dir(&folder).unwrap();
    write_idx(&folder, "train", 24);
    write_idx(&folder, "t10k", 8);
    let text = home.printed(&["data", "squares"]);
    assert!(
        text.starts_with(
            "squares: a set in MNIST's format\n32 pictures in 2 classes, all of 40 x 36 pixels\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("Split: the test as the data set says; validation drawn at random, evenly over the classes: 20 % of the other pictures, seed 42."),
        "{text}"
    );
    home.preset("Squares");
    let arguments = [
        "run",
        "tiny.ron",
        "--data",
        "squares",
        "--set",
        "data.exclude=[\"train/00003\"]",
        "--out",
        "runs",
        "--device",
        "cpu",
        "--json",
    ];
    let run = json(&home.printed(&arguments));
    assert_eq!(run["test"]["n"], 8);
    let run = run["run"].as_str().unwrap();
    let read = |name: &str| std::fs::read_to_string(Path::new(run).join(name)).unwrap();
    let split = read("split.csv");
    assert!(split.contains("test/00007,1,test") && !split.contains("train/00003"));
    assert!(read("predictions.csv").contains("test/00000,"));
    assert!(
        read("log.txt")
            .contains("Validation has only 6 pictures: each of them is 17 % of the accuracy")
    );

    let found = json(&home.printed(&[
        "explain",
        run,
        "test/00001",
        "--out",
        "map.png",
        "--device",
        "cpu",
        "--json",
    ]));
    assert!(found["map"].is_array());
    let found = json(&home.printed(&["predict", run, "train/00003", "--device", "cpu", "--json"]));
    assert_eq!(found[0]["predictions"].as_array().unwrap().len(), 2);
    let message = home.refused(&["predict", run, "train/99999", "--device", "cpu"], 1);
    assert!(
        message.contains("none of the run's pictures is called so"),
        "{message}"
    );
    home.printed(&["suspects", run, "--duplicates"]);
    home.printed(&["evaluate", run, "--split", "validation", "--device", "cpu"]);
}

#[test]
fn groups_stay_together_and_the_proof_is_printed() {
    let home = Home::new();
    let folder = home.path().join("patients");
    let mut table = String::from("file,class,patient\n");
    for (class, base) in [("bright", 180u8), ("dark", 30)] {
        std::fs::create_dir_all(folder.join(class)).unwrap();
        for patient in 0..8u8 {
            for picture in 0..3u8 {
                let value = base + 3 * patient + picture;
                let name = format!("{class}/{class}{patient}_{picture}.png");
                image::RgbImage::from_fn(40, 36, |x, _| image::Rgb([value, x as u8, value]))
                    .save(folder.join(&name))
                    .unwrap();
                table += &format!("{name},{class},{class} {patient}\n");
            }
        }
    }
    std::fs::write(folder.join("labels.csv"), table).unwrap();

    // Without a setting the names tell what is likely.
    let text = home.printed(&["data", "patients"]);
    assert!(
        text.contains("Warning: By their file names, there are several pictures each of 16 things")
            && text.contains("(In a preset: data.split.group=Pattern(r\"^([A-Za-z]*\\d+)[_-]\").)"),
        "{text}"
    );
    let text = home.printed(&["data", "patients", "--group", r"pattern:^(\w+)_"]);
    assert!(
        text.contains("0 of 16 groups stand in two parts of the split: training has ")
            && text.contains(
                r"Split: drawn at random by group (pattern:^(\w+)_), and evenly over the classes"
            ),
        "{text}"
    );
    let refused = home.refused(&["data", "patients", "--group", "pattern:xyz"], 1);
    assert!(
        refused.contains("no picture has a group by pattern:xyz"),
        "{refused}"
    );
    let refused = home.refused(&["data", "patients", "--group", "pattern:("], 1);
    assert!(
        refused.contains("data.split.group is no regular expression"),
        "{refused}"
    );
    let refused = home.refused(&["data", "patients", "--group", "column:patient"], 1);
    assert!(refused.contains("come from no table"), "{refused}");

    home.preset("Patients");
    let run = json(&home.printed(&[
        "run",
        "tiny.ron",
        "--data",
        "patients/labels.csv",
        "--group",
        "column:patient",
        "--out",
        "runs",
        "--device",
        "cpu",
        "--json",
    ]));
    let run = Path::new(run["run"].as_str().unwrap());
    let log = std::fs::read_to_string(run.join("log.txt")).unwrap();
    assert!(
        log.contains("0 of 16 groups stand in two parts of the split: training has "),
        "{log}"
    );
    let split = std::fs::read_to_string(run.join("split.csv")).unwrap();
    let mut places = std::collections::BTreeMap::new();
    for line in split.lines().skip(1) {
        let (patient, rest) = line.split_once('_').unwrap();
        let part = rest.rsplit_once(',').unwrap().1.to_owned();
        assert_eq!(
            places.entry(patient.to_owned()).or_insert(part.clone()),
            &part
        );
    }
    assert_eq!(places.len(), 16);
    // A run that goes on, or whose pictures are looked up again, draws the same split.
    home.printed(&[
        "evaluate",
        run.to_str().unwrap(),
        "--split",
        "validation",
        "--device",
        "cpu",
    ]);
}
