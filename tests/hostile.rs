//! Surroundings that mean harm, or are tight: a stranger's run folder, pipes and devices, names that steer a terminal or a
//! spreadsheet, paths that are no text, files that may not grow, a working folder that is gone, secrets in addresses.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::cli::{Home, json};
use crate::weights::server::{Answer, Server};

const SECRET: &str = "nobody may read or empty this";

/// A finished run in `home`, with a class and a file whose names need care.
fn trained(home: &Home) -> PathBuf {
    home.pictures(6);
    let preset = home.preset("Tiny");
    let said = home.printed(&["run", preset.to_str().unwrap(), "--out", "runs", "--json"]);
    PathBuf::from(json(&said)["run"].as_str().unwrap())
}

/// The output of a command that must end, whatever blocks: within minutes, so that a busy machine is no hang.
fn in_time(mut command: Command) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(240) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it hangs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A refusal of one sentence.
fn refusal(output: &Output) -> String {
    let errors = errors(output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("error: "), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    errors
}

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// A run's folder with `name` in place of one of its files.
fn with(run: &Path, copy: &Path, name: &str, place: impl FnOnce(&Path)) {
    drop(std::fs::remove_dir_all(copy));
    std::fs::create_dir(copy).unwrap();
    for entry in std::fs::read_dir(run).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
    }
    drop(std::fs::remove_file(copy.join(name)));
    place(&copy.join(name));
}

#[test]
fn no_file_of_a_strangers_run_folder_is_followed_emptied_or_waited_for() {
    let home = Home::new();
    let run = trained(&home);
    let secret = home.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let copy = home.path().join("copy");
    let folder = copy.to_str().unwrap();
    let picture = "pictures/dark/0.png";
    // The lock: whoever writes answers takes it. The links leads to a file that is not empty.
    with(&run, &copy, "lock", |lock| symlink(&secret, lock).unwrap());
    let output = in_time(home.command(&["evaluate", folder, "--split", "validation"]));
    assert!(output.status.success(), "{}", errors(&output));
    assert!(
        errors(&output).contains("the answers are not kept for next time: the run's lock can't be taken (it is a link to another place, which is not followed here: put the file itself there)"),
        "{}",
        errors(&output)
    );
    let compare = ["compare", folder, "--out", "out", "--format", "svg"];
    let predict = ["predict", folder, picture];
    let evaluate = ["evaluate", folder, "--split", "validation"];
    for (name, commands) in [
        ("summary.json", &[&compare[..], &predict, &evaluate][..]),
        ("preset.ron", &[&compare, &predict]),
        ("metrics.csv", &[&compare, &predict]),
        ("movement.csv", &[&compare]),
        ("predictions.csv", &[&compare]),
        ("split.csv", &[&evaluate]),
        ("weights.safetensors", &[&predict, &evaluate]),
    ] {
        for command in commands {
            with(&run, &copy, name, |path| symlink(&secret, path).unwrap());
            let output = in_time(home.command(command));
            let said = refusal(&output);
            assert!(
                said.contains("link to another place") && said.contains(name),
                "{name}, {command:?}: {said}"
            );
            assert!(!said.contains(SECRET));
            with(&run, &copy, name, make_pipe);
            let said = refusal(&in_time(home.command(command)));
            assert!(
                said.contains("named pipe") || name == "summary.json",
                "{name}, {command:?}: {said}"
            );
            with(&run, &copy, name, |path| {
                let file = std::fs::File::create(path).unwrap();
                file.set_len(1 << 42).unwrap();
            });
            refusal(&in_time(home.command(command)));
        }
    }
    // To go on with it: neither its lock nor what it goes on from.
    for name in ["lock", "resume.safetensors", "log.txt"] {
        with(&run, &copy, name, |path| symlink(&secret, path).unwrap());
        let summary = copy.join("summary.json");
        let text = std::fs::read_to_string(&summary).unwrap();
        std::fs::write(&summary, text.replace("\"Finished\"", "\"Stopped\"")).unwrap();
        let output = in_time(home.command(&["run", "--resume", folder]));
        if name == "log.txt" {
            // Which is written anew, in place of the link.
            assert!(output.status.success(), "{}", errors(&output));
            assert!(copy.join(name).symlink_metadata().unwrap().is_file());
        } else {
            let said = refusal(&output);
            assert!(said.contains("link to another place"), "{name}: {said}");
        }
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), SECRET);
    // A run's folder that is itself a link is a run's folder.
    symlink(&run, home.path().join("link")).unwrap();
    home.printed(&["evaluate", "link"]);
}

#[test]
fn numbers_at_the_end_of_their_range_are_numbers() {
    let home = Home::new();
    let run = trained(&home);
    let copy = home.path().join("copy");
    let folder = copy.to_str().unwrap();
    let change = |name: &str, from: &str, to: &str| {
        with(&run, &copy, name, |path| {
            let text = std::fs::read_to_string(run.join(name)).unwrap();
            assert!(text.contains(from), "{name} lacks {from}");
            std::fs::write(path, text.replacen(from, to, 1)).unwrap();
        });
    };
    let most = u64::MAX.to_string();
    let summary = std::fs::read_to_string(run.join("summary.json")).unwrap();
    let line = summary
        .lines()
        .find(|line| line.contains("\"started\""))
        .unwrap();
    change("summary.json", line, &format!("  \"started\": {most},"));
    home.printed(&["evaluate", folder, "--split", "validation"]);
    home.printed(&["compare", folder, "--out", "out", "--format", "svg"]);
    change("metrics.csv", "\n2,1,", &format!("\n2,{most},"));
    home.printed(&["compare", folder, "--out", "out", "--format", "svg"]);
    home.printed(&["evaluate", folder]);
    change("metrics.csv", "\n2,1,", "\n4294967295,1,");
    home.printed(&["compare", folder, "--out", "out", "--format", "svg"]);
}

#[test]
fn pipes_and_devices_are_refused_where_a_file_is_asked_for() {
    let home = Home::new();
    home.pictures(3);
    let run = trained(&home);
    let run = run.to_str().unwrap();
    let pipe = home.path().join("pipe");
    make_pipe(&pipe);
    for name in ["x.ron", "x.csv", "x.png", "x.safetensors", "x.pth"] {
        make_pipe(&home.path().join(name));
        symlink("/dev/zero", home.path().join(format!("zero-{name}"))).unwrap();
    }
    for prefix in ["", "zero-"] {
        let word = if prefix.is_empty() {
            "named pipe"
        } else {
            "device"
        };
        for (arguments, expected) in [
            (vec!["run", "x.ron"], word),
            (vec!["data", "x.ron"], word),
            (vec!["data", "x.csv"], ""),
            (vec!["predict", run, "x.png"], "no ordinary file"),
            (
                vec![
                    "classify",
                    "--backbone",
                    "efficientnet_lite0",
                    "--weights",
                    "x.pth",
                    "pictures/dark/0.png",
                ],
                "",
            ),
            (
                vec!["weights", "check", "efficientnet_lite0", "x.safetensors"],
                "",
            ),
            (vec!["evaluate", "x.ron"], ""),
        ] {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|word| {
                    if word.starts_with("x.") {
                        format!("{prefix}{word}")
                    } else {
                        word.to_string()
                    }
                })
                .collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let said = refusal(&in_time(home.command(&arguments)));
            assert!(said.contains(expected), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn paths_that_are_no_text_work_or_are_refused_before_the_work() {
    let home = Home::new();
    let run = trained(&home);
    let odd = home.path().join(OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&odd).unwrap();
    std::fs::copy(home.path().join("pictures/dark/0.png"), odd.join("a.png")).unwrap();
    let classes = odd.join("data");
    for class in ["dark", "bright"] {
        std::fs::create_dir_all(classes.join(class)).unwrap();
        for name in ["0.png", "1.png", "2.png", "3.png"] {
            let picture = home.path().join("pictures").join(class).join(name);
            std::fs::copy(picture, classes.join(class).join(name)).unwrap();
        }
    }
    // What a run's files have to hold is refused before a picture is looked at.
    for option in ["--out", "--data"] {
        let mut command = home.command(&["run", "tiny.ron", "--json"]);
        command.arg(option).arg(&classes);
        let said = refusal(&in_time(command));
        assert!(
            said.contains("text in UTF-8") && said.contains("caf"),
            "{said}"
        );
        assert!(!said.contains("Epoch"), "{said}");
    }
    let renamed = odd.join("run");
    std::fs::rename(&run, &renamed).unwrap();
    // What is asked is answered, with the bytes that are no text shown.
    let mut command = home.command(&["predict", "--json"]);
    command.arg(&renamed).arg(odd.join("a.png"));
    let output = in_time(command);
    assert!(output.status.success(), "{}", errors(&output));
    let said = json(std::str::from_utf8(&output.stdout).unwrap());
    assert!(
        said[0]["image"]
            .as_str()
            .unwrap()
            .ends_with("caf\\xE9/a.png"),
        "{said}"
    );
    for arguments in [
        &["evaluate", "--json"][..],
        &["compare", "--json", "--format", "svg", "--out", "out"],
        &["suspects", "--json"],
        &["evaluate"],
    ] {
        let mut command = home.command(arguments);
        command.arg(&renamed);
        let output = in_time(command);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            errors(&output)
        );
        assert!(!output.stdout.is_empty());
    }
    let mut command = home.command(&["compare", "finished", "--json", "--out"]);
    command.arg(&odd);
    refusal(&in_time(command));
}

#[test]
fn names_are_shown_and_not_sent_to_the_terminal_or_a_spreadsheet() {
    let home = Home::new();
    home.pictures(6);
    let classes = [
        "\u{1b}[2J\u{1b}]0;x\u{7}",
        "=HYPERLINK(\"http://x\")\nTest accuracy 100 %",
        "</script>\u{9b}31m",
    ];
    let pictures = home.path().join("pictures");
    for (class, name) in ["dark", "bright"].iter().zip(classes) {
        std::fs::rename(
            pictures.join(class).join("0.png"),
            pictures.join(class).join("-1+cmd|'x'.png"),
        )
        .unwrap();
        // A folder's name can't hold the slash.
        std::fs::rename(pictures.join(class), pictures.join(name.replace('/', "∕"))).unwrap();
    }
    let preset = home.preset("Tiny \u{1b}[31m");
    let preset = preset.to_str().unwrap();
    let sends = |output: &Output| {
        let said = [output.stdout.clone(), output.stderr.clone()].concat();
        let said = String::from_utf8(said).unwrap();
        let steers = |letter: char| letter.is_control() && letter != '\n';
        assert!(!said.contains(steers), "{said:?}");
        assert!(!said.contains("\nTest accuracy 100 %"), "{said}");
        said
    };
    let output = home.graft(&["run", preset, "--out", "runs"]);
    let said = sends(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("\\u{1b}[2J\\u{1b}]0;x\\u{7}"), "{said}");
    let run = home.only_run("runs");
    let folder = run.to_str().unwrap();
    for arguments in [
        &["data", "pictures"][..],
        &["data", "pictures", "--json"],
        &["evaluate", folder],
        &["evaluate", folder, "--json"],
        &["compare", folder, "--out", "out"],
        &["predict", folder, "pictures/missing\u{1b}[2J.png"],
        &["suspects", folder],
        &["layers", "\u{1b}[31m"],
        &["\u{1b}[31mrun"],
        &["run", "--seeds", "\u{1b}[31m", preset],
    ] {
        sends(&home.graft(arguments));
    }
    let text = std::fs::read_to_string(home.path().join("out/report.txt")).unwrap();
    assert!(!text.contains('\u{1b}'), "{text:?}");
    // No cell of a table begins like a formula, and every name comes back.
    let mut formulas = 0;
    for table in [
        run.join("predictions.csv"),
        run.join("split.csv"),
        home.path().join("out/predictions.csv"),
    ] {
        let mut reader = csv::Reader::from_path(&table).unwrap();
        for record in reader.records() {
            for cell in &record.unwrap() {
                formulas += usize::from(cell.starts_with("'="));
                assert!(!cell.starts_with(['=', '+', '@']), "{table:?}: {cell}");
                assert!(
                    !cell.starts_with('-') || cell.parse::<f64>().is_ok(),
                    "{table:?}: {cell}"
                );
            }
        }
    }
    assert!(formulas > 3);
    let answers = graft::runs::store::predictions(&run).unwrap();
    assert!(
        answers.classes.contains(&classes[1].replace('/', "∕")),
        "{:?}",
        answers.classes
    );
    // The page is text alone.
    let page = std::fs::read_to_string(home.path().join("out/report.html")).unwrap();
    assert!(page.contains("=HYPERLINK(&quot;") && !page.contains('\u{1b}'));
}

/// An older run, whose tables guard nothing.
#[test]
fn tables_of_older_versions_read_as_before() {
    let home = Home::new();
    let run = trained(&home);
    for name in ["predictions.csv", "split.csv", "summary.json"] {
        let text = std::fs::read_to_string(run.join(name)).unwrap();
        std::fs::write(run.join(name), text.replace("bright", "-bright")).unwrap();
    }
    let said = json(&home.printed(&["evaluate", run.to_str().unwrap(), "--json"]));
    assert_eq!(said["classes"][0], "-bright");
}

#[test]
fn a_file_that_may_not_grow_and_a_folder_that_is_gone_are_said() {
    let home = Home::new();
    home.pictures(6);
    let preset = home.preset("Tiny");
    let graft = env!("CARGO_BIN_EXE_graft");
    // Blocks of 512 or 1,024 bytes: too little for weights of 14 MB.
    let shell = |script: &str| {
        let plain = home.command(&[]);
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", graft, preset.to_str().unwrap()]);
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(home.path());
        in_time(command)
    };
    let said = refusal(&shell("ulimit -f 1000; exec \"$1\" run \"$2\" --out runs"));
    assert!(said.contains("can't be written"), "{said}");
    for command in ["data ../pictures", "run tiny.ron --out runs", "backbones"] {
        let script = format!("mkdir gone && cd gone && rmdir ../gone && exec \"$1\" {command}");
        let output = shell(&script);
        let said = errors(&output);
        // libtorch's linear algebra may end the process while it is loaded, before anything of ours.
        assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
        assert!(
            said.contains("is not there any more") || said.contains("oneMKL"),
            "{said}"
        );
    }
}

#[test]
fn a_mirrors_password_stands_in_no_message() {
    let home = Home::new();
    let secret = "pass:w/ord@x";
    let server = Server::new(|_| Answer::new(404, b""));
    let address = server.url().replace("://", &format!("://user:{secret}@"));
    let plain = server.url().replace("://", "://user:secret-pw@");
    let refused = "http://user:secret-pw@127.0.0.1:9";
    home.pictures(4);
    let preset = home.preset("Tiny");
    let text = std::fs::read_to_string(&preset).unwrap();
    std::fs::write(
        &preset,
        text.replace("efficientnet_lite0", "resnet18")
            .replace("weights: Random", "weights: Pretrained"),
    )
    .unwrap();
    for mirror in [
        address.as_str(),
        &plain,
        refused,
        "user:secret-pw@no-scheme",
    ] {
        for (arguments, variables) in [
            (
                vec!["weights", "fetch", "resnet18", "--mirror", mirror],
                vec![],
            ),
            (
                vec!["weights", "fetch", "resnet18", "--json"],
                vec![("GRAFT_WEIGHTS_MIRROR", mirror)],
            ),
            (
                vec!["weights", "fetch", "vit_small_patch16_224"],
                vec![("HF_ENDPOINT", mirror)],
            ),
            (
                vec![
                    "weights",
                    "fetch",
                    "resnet18",
                    "--mirror",
                    "http://mirror.invalid",
                ],
                vec![("HTTP_PROXY", mirror), ("ALL_PROXY", mirror)],
            ),
            (
                vec!["run", "tiny.ron", "--out", "runs"],
                vec![("GRAFT_WEIGHTS_MIRROR", mirror)],
            ),
        ] {
            let output = home.graft_with(&arguments, &variables);
            let said = format!("{output:?}");
            assert!(!output.status.success(), "{said}");
            for part in ["w/ord", "pass:w", "secret-pw"] {
                assert!(!said.contains(part), "{arguments:?}: {said}");
            }
        }
    }
    // Nor on the disk: in a run's log, or beside a part of a file.
    let found = Command::new("grep")
        .args(["-rlE", "w/ord|pass:w|secret-pw"])
        .args([
            home.path().join("runs"),
            home.path().join("cache"),
            home.path().join("home"),
        ])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
}
