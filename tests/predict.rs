//! A run answers folders, lists of names and pictures that come in, by the built program.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::cli::{Home, json};
use serde_json::Value;

/// Longer than anything here takes, on a machine that does something else too.
const PATIENCE: Duration = Duration::from_secs(300);

/// A home with a finished run, and a folder with pictures of which some are broken.
struct Fixture {
    home: Home,
    run: String,
}

const GOOD: usize = 12;
const BROKEN: usize = 3;

impl Fixture {
    fn new() -> Self {
        let home = Home::new();
        let pictures = home.pictures(8);
        let preset = home.preset("Tiny");
        let preset = preset.to_str().unwrap();
        let run =
            json(&home.printed(&["run", preset, "--out", "runs", "--device", "cpu", "--json"]));
        let run = run["run"].as_str().unwrap().to_owned();
        // Names twice, deep folders, a name that could be a formula, and what is no picture.
        for class in ["bright", "dark"] {
            for index in 0..GOOD / 2 {
                let name = match index {
                    0 => "=1+1.png".to_owned(),
                    index => format!("deep/{index}.png"),
                };
                let to = home.path().join("new").join(class).join(name);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(pictures.join(class).join(format!("{index}.png")), to).unwrap();
            }
        }
        let new = home.path().join("new");
        let whole = fs::read(pictures.join("dark/0.png")).unwrap();
        fs::write(new.join("dark/cut.png"), &whole[..whole.len() / 2]).unwrap();
        fs::write(new.join("empty.jpg"), "").unwrap();
        fs::write(new.join("text.png"), "no picture").unwrap();
        fs::write(new.join("notes.txt"), "a note").unwrap();
        fs::write(new.join(".hidden.png"), &whole).unwrap();
        Self { home, run }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn predict(&self, arguments: &[&str]) -> Output {
        let all = [&["predict", &self.run, "--device", "cpu"][..], arguments].concat();
        self.home.graft(&all)
    }

    /// With text on standard input.
    fn predict_piped(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.start(arguments, Stdio::piped());
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    fn start(&self, arguments: &[&str], input: Stdio) -> Child {
        let all = [&["predict", &self.run, "--device", "cpu"][..], arguments].concat();
        let mut command = self.home.command(&all);
        let command = command.stdin(input).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).spawn().unwrap()
    }
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Name and probability of every class, of every picture.
type Answers = BTreeMap<String, BTreeMap<String, String>>;

fn of_json(rows: &[Value]) -> Answers {
    rows.iter()
        .filter(|row| row["error"].is_null())
        .map(|row| {
            let guesses = row["predictions"].as_array().unwrap().iter();
            let guesses = guesses.map(|guess| {
                let class = guess["class"].as_str().unwrap().to_owned();
                (class, guess["probability"].to_string())
            });
            (row["image"].as_str().unwrap().to_owned(), guesses.collect())
        })
        .collect()
}

/// What a CSV says, and the errors in it.
fn of_csv(file: &Path) -> (Answers, BTreeMap<String, String>) {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (mut answers, mut errors) = (Answers::new(), BTreeMap::new());
    for record in reader.records() {
        let record = record.unwrap();
        let image = record[at("image")].to_owned();
        let image = image.strip_prefix('\'').unwrap_or(&image).to_owned();
        let outcome = &record[at("outcome")];
        if outcome != "class" {
            assert_eq!(&record[at("class")], "", "{outcome}");
        }
        if !record[at("error")].is_empty() {
            assert_eq!((outcome, &record[at("most_probable")]), ("unreadable", ""));
            errors.insert(image, record[at("error")].to_owned());
            continue;
        }
        let of = |class: &str| record[at(&format!("probability_{class}"))].to_owned();
        let probabilities: BTreeMap<String, String> = ["bright", "dark"]
            .map(|class| (class.to_owned(), of(class)))
            .into();
        let best = probabilities
            .iter()
            .max_by(|a, b| a.1.parse::<f64>().unwrap().total_cmp(&b.1.parse().unwrap()))
            .unwrap();
        assert_eq!(&record[at("most_probable")], best.0);
        if outcome == "class" {
            assert_eq!(&record[at("class")], best.0);
        }
        assert_eq!(&record[at("confidence")], best.1);
        answers.insert(image, probabilities);
    }
    (answers, errors)
}

#[test]
fn a_folder_with_broken_files_is_answered_to_its_end() {
    let fixture = Fixture::new();
    // As one document, as lines, and as a table: the same numbers.
    let output = fixture.predict(&["new", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let message = said(&output);
    assert!(
        message.contains("3 pictures could not be read, of 15")
            && message.contains("not read, ")
            && message.contains("empty.jpg")
            && message.contains("passed over, is no picture: new/notes.txt")
            && !message.contains("skipped"),
        "{message}"
    );
    assert!(!message.contains(".hidden.png: "), "{message}");
    let list = json(&printed(&output));
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), GOOD + BROKEN);
    let answers = of_json(list);
    assert_eq!(answers.len(), GOOD);
    let errors: Vec<&str> = list
        .iter()
        .filter(|row| !row["error"].is_null())
        .map(|row| row["image"].as_str().unwrap())
        .collect();
    assert_eq!(
        errors,
        ["new/dark/cut.png", "new/empty.jpg", "new/text.png"]
    );

    let output = fixture.predict(&["new", "--out", "answers.csv"]);
    assert_eq!(output.status.code(), Some(1));
    let text = printed(&output);
    assert!(
        text.contains("12 pictures answered, 3 could not be read, 2 files passed over")
            && text.contains("The answers are in answers.csv"),
        "{text}"
    );
    let (table, wrong) = of_csv(&fixture.path("answers.csv"));
    assert_eq!(table, answers);
    assert_eq!(wrong.keys().collect::<Vec<_>>(), errors);
    assert!(wrong["new/empty.jpg"].contains("empty"));

    let output = fixture.predict(&["new", "--format", "jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = printed(&output).lines().map(json).collect();
    assert_eq!(of_json(&lines), answers);
    assert_eq!(lines.len(), GOOD + BROKEN);

    // What is written may be written anew, but nothing else, and nothing that is read.
    let document = fixture.predict(&["new/bright", "--out", "answers.csv", "--json"]);
    let document = json(&printed(&document));
    assert_eq!(
        (
            &document["found"],
            &document["answered"],
            &document["unreadable"]
        ),
        (&6.into(), &6.into(), &0.into())
    );
    let classes = &document["classes"];
    let counted: u64 = ["bright", "dark"]
        .map(|class| classes[class].as_u64().unwrap())
        .iter()
        .sum();
    let none = document["none_of_these"].as_u64().unwrap();
    assert_eq!(counted + none, 6);
    assert_eq!(of_csv(&fixture.path("answers.csv")).0.len(), 6);
    for (arguments, expected) in [
        (
            &["new", "--out", "tiny.ron", "--format", "csv"][..],
            "no file of answers",
        ),
        (&["new", "--out", "answers.txt"], "--format"),
        (
            &["new", "--out", "answers.png", "--format", "csv"],
            "not called as pictures are",
        ),
        (&["new", "--out", "nowhere/answers.csv"], "no such folder"),
        (&["absent.png", "--out", "x.csv"], "no such file"),
        (&["new", "--json", "--format", "csv"], "choose one"),
        (&["new/bright/=1+1.png", "--watch"], "name a folder"),
        (&["runs", "--out", "x.jsonl"], "no pictures below"),
        (&["new", "--threshold", "cat=0.4"], "no class “cat”"),
    ] {
        let output = fixture.predict(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(
            said(&output).contains(expected),
            "{arguments:?}: {}",
            said(&output)
        );
        assert!(output.stdout.is_empty());
    }
    for name in ["x.csv", "x.jsonl"] {
        assert!(!fixture.path(name).exists(), "{name}");
    }
    for arguments in [
        &["new", "--into", "sorted"][..],
        &["new", "--copy"],
        &["new", "--into", "sorted", "--copy", "--link"],
        &["new", "--json", "--watch"],
        &["new", "--dry-run"],
        &["new", "--undo", "sorted"],
        &["new", "--reject-below", "2"],
    ] {
        assert_eq!(
            fixture.predict(arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn names_on_standard_input_are_answered_and_a_wrong_one_is_told() {
    let fixture = Fixture::new();
    let list = "new/bright/=1+1.png\r\n\nnew/absent.png\nnew/dark\ntest/none\n";
    let output = fixture.predict_piped(&["-", "--out", "a.jsonl"], list.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let text = fs::read_to_string(fixture.path("a.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(json).collect();
    assert_eq!(lines.len(), 1 + 1 + 6 + 1 + 1);
    let mut wrong: Vec<&str> = lines
        .iter()
        .filter(|line| !line["error"].is_null())
        .map(|line| line["image"].as_str().unwrap())
        .collect();
    wrong.sort_unstable();
    assert_eq!(wrong, ["new/absent.png", "new/dark/cut.png", "test/none"]);

    let nul = b"new/bright/deep/1.png\0new/bright/deep/2.png\0";
    let output = fixture.predict_piped(&["new/dark/deep", "-", "-0", "--json"], nul);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(json(&printed(&output)).as_array().unwrap().len(), 5 + 2);
    let output = fixture.predict_piped(&["-"], nul);
    assert!(said(&output).contains("--null"), "{}", said(&output));
    // A reader that has heard enough is no failure.
    let mut child = fixture.start(&["new/bright", "--format", "csv"], Stdio::null());
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_run_that_was_moved_answers_and_one_without_weights_says_so() {
    let fixture = Fixture::new();
    let before = printed(&fixture.predict(&["new/bright", "--json"]));
    fs::rename(fixture.path("pictures"), fixture.path("gone")).unwrap();
    fs::create_dir(fixture.path("elsewhere")).unwrap();
    fs::rename(
        fixture.home.path().join(&fixture.run),
        fixture.path("elsewhere/mine"),
    )
    .unwrap();
    let arguments = [
        "predict",
        "elsewhere/mine",
        "new/bright",
        "--device",
        "cpu",
        "--json",
    ];
    assert_eq!(fixture.home.printed(&arguments), before);
    // A number for two classes, and what is less sure than anything.
    let list = fixture.home.printed(
        &[
            &arguments[..],
            &["--reject-below", "1", "--threshold", "dark=0"],
        ]
        .concat(),
    );
    for row in json(&list).as_array().unwrap() {
        assert!(row["class"].is_null(), "{row}");
        let dark = row["predictions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|guess| guess["class"] == "dark");
        assert_eq!(row["confidence"], dark.unwrap()["probability"]);
    }
    fs::remove_file(fixture.path("elsewhere/mine/weights.safetensors")).unwrap();
    let message = fixture.home.refused(&arguments, 1);
    assert!(message.contains("has no weights.safetensors"), "{message}");
    for (run, expected) in [
        ("new", "is no run's folder (it has no summary.json)"),
        (
            "elsewhere",
            "holds 1 run: name one of them, such as elsewhere/mine",
        ),
        ("new/dark/cut.png", "is a file, and no run's folder"),
        ("mien", "there is no run of this number or name"),
    ] {
        let message = fixture.home.refused(&["predict", run, "new/bright"], 1);
        assert!(message.contains(expected), "{run}: {message}");
    }
}

#[test]
fn a_file_of_answers_is_replaced_aloud_and_by_a_plan_not_at_all() {
    let fixture = Fixture::new();
    let answer = |more: &[&str]| {
        let all = [&["new/bright", "--out", "a.jsonl"][..], more].concat();
        fixture.predict(&all)
    };
    let output = answer(&[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains("replaced"), "{}", said(&output));
    let before = fs::read(fixture.path("a.jsonl")).unwrap();
    // A plan writes nothing, and says what would be.
    let plan = ["--into", "sorted", "--link", "--dry-run"];
    let text = printed(&answer(&[&plan[..], &["--reject-below", "1"]].concat()));
    assert!(
        text.contains("6 pictures would be linked in ")
            && text
                .contains("would be written to a.jsonl, in the place of those of an earlier call"),
        "{text}"
    );
    assert_eq!(fs::read(fixture.path("a.jsonl")).unwrap(), before);
    assert!(!fixture.path("sorted").exists());
    let arguments = [&["new", "--out", "b.csv", "--json"][..], &plan].concat();
    let output = fixture.predict(&arguments);
    assert!(!fixture.path("b.csv").exists());
    let document = json(&printed(&output));
    assert_eq!(document["is_dry_run"], true);
    let into = &document["into"];
    assert_eq!((&into["planned"], &into["placed"]), (&12.into(), &0.into()));
    let text = said(&output);
    assert!(
        text.contains("3 pictures could not be read, and go to no folder"),
        "{text}"
    );
    // Answers that are printed are not mixed with the plan.
    let output = fixture.predict(&[&["new/bright", "--format", "csv"][..], &plan].concat());
    let lines = printed(&output);
    assert!(
        lines.lines().count() == 7 && !lines.contains("would"),
        "{lines}"
    );
    assert!(said(&output).contains("would be linked in"));

    let output = answer(&[]);
    assert!(
        said(&output).contains("an earlier call that stood there are replaced: a.jsonl"),
        "{}",
        said(&output)
    );
    // What another program wrote stays, also where it looks alike.
    let other = "{\"image\":\"a.png\",\"text\":\"a cat\"}\n";
    fs::write(fixture.path("a.jsonl"), other).unwrap();
    let output = answer(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no file of answers"));
    assert_eq!(fs::read_to_string(fixture.path("a.jsonl")).unwrap(), other);
}

/// A full disk takes the beginning of a line. As here, where a file may not become longer.
#[test]
#[cfg(unix)]
fn a_file_that_can_not_grow_ends_with_a_whole_line() {
    let fixture = Fixture::new();
    // Blocks of 512 bytes, or of 1,024: some lines, and not all.
    let lines = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let program = fixture.home.command(&[]);
    for name in ["answers.csv", "answers.jsonl"] {
        let program = Path::new(program.get_program()).to_str().unwrap();
        let output = Command::new("sh")
            .args(["-c", lines, program, "predict", &fixture.run, "new"])
            .args(["--out", name, "--device", "cpu"])
            .current_dir(fixture.home.path())
            .env("GRAFT_HOME", fixture.path("home"))
            .env("XDG_CACHE_HOME", fixture.path("cache"))
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = said(&output);
        assert!(said.contains(&format!("{name} can't be written")), "{said}");
        let written = fs::read_to_string(fixture.path(name)).unwrap();
        assert!(written.ends_with('\n'), "{written}");
        let lines = written.lines().count();
        assert!((1..GOOD + BROKEN).contains(&lines), "{lines}");
        if name.ends_with("jsonl") {
            for line in written.lines() {
                serde_json::from_str::<Value>(line).unwrap();
            }
        }
    }
}

#[test]
fn a_picture_is_answered_once_and_the_runs_own_are_told() {
    let fixture = Fixture::new();
    let split = fs::read_to_string(fixture.home.path().join(&fixture.run).join("split.csv"));
    let split = split.unwrap();
    let part_of = |name: &str| {
        let line = split.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(',').next().unwrap().to_owned()
    };
    // Copies by the names of the originals, one of them replaced, and a copy by another name.
    let new = fixture.path("new/bright/deep");
    fs::copy(fixture.path("pictures/dark/7.png"), new.join("4.png")).unwrap();
    let trained = (0..8)
        .map(|index| format!("dark/{index}.png"))
        .find(|name| part_of(name) == "train")
        .unwrap();
    fs::copy(
        fixture.path("pictures").join(&trained),
        new.join("renamed.png"),
    )
    .unwrap();
    let blank = image::RgbImage::from_pixel(40, 36, image::Rgb([1, 200, 3]));
    blank.save(new.join("5.png")).unwrap();
    let arguments = [
        "new/bright",
        "./new/bright/deep",
        "new/bright",
        "--out",
        "a.jsonl",
    ];
    let output = fixture.predict(&arguments);
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("13 pictures are given more than once, and are answered once"),
        "{}",
        said(&output)
    );
    let text = fs::read_to_string(fixture.path("a.jsonl")).unwrap();
    let parts: BTreeMap<String, Value> = text
        .lines()
        .map(json)
        .map(|line| {
            (
                line["image"].as_str().unwrap().to_owned(),
                line["part"].clone(),
            )
        })
        .collect();
    assert_eq!(parts.len(), 7);
    for (name, expected) in [
        ("1", Some(part_of("bright/1.png"))),
        ("2", Some(part_of("bright/2.png"))),
        ("4", Some(part_of("dark/7.png"))),
        ("5", None),
        ("renamed", Some("train".to_owned())),
    ] {
        let part = &parts[&format!("new/bright/deep/{name}.png")];
        assert_eq!(part.as_str(), expected.as_deref(), "{name}");
    }
    let trained = parts.values().filter(|part| *part == "train").count();
    let text = printed(&output);
    assert!(
        text.contains(&format!(
            "{trained} of these pictures are ones that the run was trained on"
        )),
        "{text}"
    );
    // By the run's own name, and in words for one.
    let name = split.lines().last().unwrap().split(',').next().unwrap();
    let text = printed(&fixture.predict(&[name]));
    assert!(
        text.contains("one of the pictures that the run was tested on"),
        "{text}"
    );

    // Standard input answers each line, and says so where it has none.
    let list = "new/bright/deep/1.png\nnew/bright/deep/1.png\n";
    let arguments = ["-", "--into", "sorted", "--copy", "--format", "csv"];
    let output = fixture.predict_piped(&arguments, list.as_bytes());
    assert_eq!(printed(&output).lines().count(), 3);
    assert_eq!(below(&fixture.path("sorted")).len(), 1 + 1);
    let output = fixture.predict_piped(&["-", "--out", "a.jsonl"], b"\r\n\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("standard input names no pictures"));
    assert_eq!(
        fs::read_to_string(fixture.path("a.jsonl"))
            .unwrap()
            .lines()
            .count(),
        7
    );
}

/// Every file below a folder, with what it holds; a link with where it leads.
fn below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn pictures_are_placed_by_class_and_taken_away_again() {
    let fixture = Fixture::new();
    let originals = below(&fixture.path("new"));
    let place = |way: &str, more: &[&str]| {
        let arguments = [
            &["new/bright", "new/dark/deep", "--into", "sorted", way][..],
            more,
        ]
        .concat();
        let output = fixture.predict(&arguments);
        assert!(output.status.success(), "{}", said(&output));
        output
    };
    let plan = printed(&place("--copy", &["--dry-run"]));
    assert!(
        plan.contains("11 pictures would be copied into ")
            && plan.contains("sorted:")
            && plan.contains("Pictures")
            && !plan.contains("placed in"),
        "{plan}"
    );
    assert!(!fixture.path("sorted").exists());

    for way in ["--copy", "--link"] {
        // What is a person's own, with the name of a picture that comes.
        for class in ["bright", "dark", "none of these"] {
            fs::create_dir_all(fixture.path("sorted").join(class)).unwrap();
            fs::write(fixture.path("sorted").join(class).join("1.png"), "mine").unwrap();
        }
        let mine = below(&fixture.path("sorted"));
        let output = place(way, &["--json"]);
        let said = said(&output);
        assert!(
            said.contains("11 pictures to be ") && said.contains("sorted:"),
            "the plan comes first: {said}"
        );
        let document = json(&printed(&output));
        assert_eq!(document["into"]["placed"], 11);
        let folders = document["into"]["folders"].as_object().unwrap();
        let sum: u64 = folders.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(sum, 11);
        let placed = below(&fixture.path("sorted"));
        assert_eq!(
            placed.len(),
            mine.len() + 11 + 1,
            "with the record: {placed:?}"
        );
        for (name, holds) in &mine {
            assert_eq!(&placed[name], holds, "{name}");
        }
        // Each of them is the picture that it is called after.
        let held: Vec<&Vec<u8>> = placed.values().collect();
        for name in ["bright/=1+1.png", "bright/deep/1.png", "dark/deep/5.png"] {
            assert!(held.contains(&&originals[name]), "{name}");
        }
        let again = json(&printed(&place(way, &["--json"])));
        assert_eq!(
            (&again["into"]["placed"], &again["into"]["stays"]),
            (&0.into(), &11.into())
        );
        // Each picture goes where the answers send it now.
        place(way, &["--reject-below", "1", "--none-of-these", "0"]);
        assert_eq!(below(&fixture.path("sorted/undecided")).len(), 11);
        fs::write(fixture.path("sorted/undecided/later.png"), "mine too").unwrap();
        let text = fixture
            .home
            .printed(&["predict", "--undo", "sorted", "--dry-run"]);
        assert!(text.contains("11 pictures would be removed"), "{text}");
        let text = fixture.home.printed(&["predict", "--undo", "sorted"]);
        assert!(text.contains("11 pictures removed from sorted"), "{text}");
        fs::remove_file(fixture.path("sorted/undecided/later.png")).unwrap();
        assert_eq!(below(&fixture.path("sorted")), mine);
        let message = fixture.home.refused(&["predict", "--undo", "sorted"], 1);
        assert!(message.contains("nothing was placed"), "{message}");
        fs::remove_dir_all(fixture.path("sorted")).unwrap();
    }
    assert_eq!(below(&fixture.path("new")), originals);
    for (into, expected) in [
        ("new/dark/sorted", "would be read again"),
        (".", "would be read again"),
        ("pictures/sorted", "that the run learned from"),
        ("tiny.ron", "no folder"),
    ] {
        let output = fixture.predict(&["new/dark", "--into", into, "--copy"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said(&output).contains(expected),
            "{into}: {}",
            said(&output)
        );
    }
}

/// A process that is ended with the test.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Watching {
    fn interrupt(&self) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(sent.success());
    }
}

#[test]
fn pictures_that_come_into_a_folder_are_answered_and_placed() {
    let fixture = Fixture::new();
    let whole = fs::read(fixture.path("pictures/dark/7.png")).unwrap();
    let other = fs::read(fixture.path("pictures/bright/7.png")).unwrap();
    for poll in [&[][..], &["--poll", "0.2"]] {
        let inbox = fixture.path("inbox");
        fs::create_dir_all(inbox.join("sub")).unwrap();
        fs::write(inbox.join("first.png"), &whole).unwrap();
        let arguments = [
            &[
                "inbox", "--watch", "--out", "w.jsonl", "--into", "sorted", "--link",
            ][..],
            poll,
        ]
        .concat();
        let mut watching = Watching(fixture.start(&arguments, Stdio::null()));
        let lines = || -> Vec<Value> {
            let text = fs::read_to_string(fixture.path("w.jsonl")).unwrap_or_default();
            assert!(
                text.is_empty() || text.ends_with('\n'),
                "half a line: {text}"
            );
            text.lines().map(json).collect()
        };
        let begun = Instant::now();
        let mut wait_for = |count: usize| {
            while lines().len() < count {
                assert!(begun.elapsed() < PATIENCE, "{:?}", lines());
                assert!(watching.0.try_wait().unwrap().is_none(), "it ended");
                std::thread::sleep(Duration::from_millis(50));
            }
            lines()
        };
        wait_for(1);
        // Written slowly, and never answered by half.
        let mut slow = fs::File::create(inbox.join("sub/slow.png")).unwrap();
        for part in whole.chunks(whole.len() / 4 + 1) {
            slow.write_all(part).unwrap();
            std::thread::sleep(Duration::from_millis(400));
        }
        drop(slow);
        assert_eq!(wait_for(2)[1]["image"], "inbox/sub/slow.png");
        // Moved there whole, into a folder that is new.
        fs::write(fixture.path("outside.png"), &other).unwrap();
        fs::create_dir(inbox.join("later")).unwrap();
        fs::rename(fixture.path("outside.png"), inbox.join("later/moved.png")).unwrap();
        assert_eq!(wait_for(3)[2]["image"], "inbox/later/moved.png");
        // Broken, replaced, and gone.
        fs::write(inbox.join("broken.png"), "x").unwrap();
        let told = wait_for(4);
        assert_eq!(told[3]["image"], "inbox/broken.png");
        assert!(told[3]["error"].is_string());
        fs::remove_file(inbox.join("first.png")).unwrap();
        fs::write(inbox.join("broken.png"), &other).unwrap();
        let told = wait_for(5);
        assert_eq!(told[4]["image"], "inbox/broken.png");
        assert!(told[4]["error"].is_null());
        assert!(told.iter().all(|line| {
            let name = line["image"].as_str().unwrap();
            line["error"].is_null() || name == "inbox/broken.png"
        }));
        // What is answered is placed at once; then the watch ends in order.
        let placed = || below_links(&fixture.path("sorted"));
        while placed() < 4 {
            assert!(begun.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(50));
        }
        watching.interrupt();
        while watching.0.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(Duration::from_millis(50));
        }
        let status = watching.0.wait().unwrap();
        assert_eq!(status.code(), Some(1), "one could not be read");
        let mut text = String::new();
        let mut printed = watching.0.stdout.take().unwrap();
        std::io::Read::read_to_string(&mut printed, &mut text).unwrap();
        assert!(
            text.contains("4 pictures answered, 1 could not be read")
                && text.contains("The answers are in w.jsonl"),
            "{text}"
        );
        fixture.home.printed(&["predict", "--undo", "sorted"]);
        assert!(!fixture.path("sorted").exists());
        fs::remove_dir_all(&inbox).unwrap();
        fs::remove_file(fixture.path("w.jsonl")).unwrap();
    }
}

/// Links in the folders of a folder.
fn below_links(root: &Path) -> usize {
    let folders = fs::read_dir(root).into_iter().flatten().flatten();
    let files =
        folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
    files.filter(|file| file.path().is_symlink()).count()
}

/// The most memory that a command takes, in megabytes, and its answers.
fn memory_of(fixture: &Fixture, folder: &str) -> (u64, usize) {
    let mut child = fixture.start(&[folder, "--out", "m.csv"], Stdio::null());
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(kilobytes.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let text = fs::read_to_string(fixture.path("m.csv")).unwrap();
    (most / 1024, text.lines().count() - 1)
}

#[test]
fn memory_does_not_grow_with_the_pictures() {
    let fixture = Fixture::new();
    // Three megabytes each, decoded.
    for (folder, count) in [("few", 60), ("many", 600)] {
        fs::create_dir(fixture.path(folder)).unwrap();
        let first = fixture.path(folder).join("0.png");
        let picture = image::RgbImage::from_fn(1000, 1000, |x, _| image::Rgb([x as u8; 3]));
        picture.save(&first).unwrap();
        for number in 1..count {
            fs::hard_link(&first, fixture.path(folder).join(format!("{number}.png"))).unwrap();
        }
    }
    let (few, answered) = memory_of(&fixture, "few");
    assert_eq!(answered, 60);
    let (many, answered) = memory_of(&fixture, "many");
    assert_eq!(answered, 600);
    // All pixels of the second are 1,800 MB.
    assert!(
        many < few + 150,
        "{few} MB for 60 pictures, {many} MB for 600"
    );
}
