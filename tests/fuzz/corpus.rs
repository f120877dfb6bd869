//! The good inputs that are damaged: small, made or copied here, nothing fetched.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::Home;

/// What stands in the file that no stranger's link may show or change.
pub const SECRET: &str = "ssh-ed25519 AAAA-nobody-may-read-this";

/// The folder that [`write`] filled.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
}

impl Corpus {
    pub fn open(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// A finished run, with answers on every split.
    pub fn finished(&self) -> PathBuf {
        self.root.join("finished")
    }

    /// Another one on the same test pictures.
    pub fn other(&self) -> PathBuf {
        self.root.join("other")
    }

    /// One that was killed after an epoch, with one more to go.
    pub fn interrupted(&self) -> PathBuf {
        self.root.join("interrupted")
    }

    /// Class folders of twelve small pictures.
    pub fn pictures(&self) -> PathBuf {
        self.root.join("pictures")
    }

    /// One of them.
    pub fn picture(&self) -> PathBuf {
        self.pictures().join("dark/0.png")
    }

    pub fn secret(&self) -> PathBuf {
        self.root.join("secret")
    }

    pub fn cache(&self) -> PathBuf {
        self.root.join("home/cache")
    }

    /// Files of one kind: `presets`, `weights`, `formats` (of pictures), `tables`.
    pub fn seeds(&self, kind: &str) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.root.join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{kind}");
        files
    }

    /// Folders that `graft data` reads as a whole, one for each layout: another layout needs a folder more in `write`.
    pub fn layouts(&self) -> Vec<PathBuf> {
        self.seeds("layouts")
    }
}

/// Fills a home with the corpus.
pub fn write(home: &Home) {
    let root = home.path();
    std::fs::write(root.join("secret"), SECRET).unwrap();
    home.pictures(6);
    runs(home);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = |from: &str, to: &str, endings: &[&str]| {
        std::fs::create_dir_all(root.join(to)).unwrap();
        for entry in std::fs::read_dir(here.join(from)).unwrap() {
            let path = entry.unwrap().path();
            let ending = path
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if endings.contains(&ending.as_str()) {
                std::fs::copy(&path, root.join(to).join(path.file_name().unwrap())).unwrap();
            }
        }
    };
    copy("presets", "presets", &["ron"]);
    std::fs::copy(root.join("tiny.ron"), root.join("presets/tiny.ron")).unwrap();
    copy("tests/golden", "weights", &["pth", "safetensors"]);
    copy(
        "tests/pictures",
        "formats",
        &["jpg", "png", "gif", "bmp", "tif", "webp"],
    );
    tables(root);
    layouts(root);
}

fn runs(home: &Home) {
    let root = home.path();
    let preset = home.preset("Tiny");
    let preset = preset.to_str().unwrap();
    for (name, seed) in [("finished", "1"), ("other", "2")] {
        let set = format!("seed={seed}");
        home.printed(&[
            "run",
            preset,
            "--out",
            name,
            "--set",
            &set,
            "--set",
            "data.split.seed=Some(7)",
        ]);
        only_folder(root, name);
    }
    let finished = root.join("finished");
    for split in ["train", "validation"] {
        home.printed(&["evaluate", finished.to_str().unwrap(), "--split", split]);
    }
    std::fs::copy(
        finished.join("predictions_train.csv"),
        finished.join("predictions_out_of_fold.csv"),
    )
    .unwrap();
    interrupted(home, preset);
}

/// The run's folder inside of `name` becomes `name` itself.
fn only_folder(root: &Path, name: &str) -> PathBuf {
    let outer = root.join(name);
    let inner = crate::cli::only_folder(&outer);
    let aside = root.join("aside");
    std::fs::rename(inner, &aside).unwrap();
    std::fs::remove_dir_all(&outer).unwrap();
    std::fs::rename(aside, &outer).unwrap();
    outer
}

fn interrupted(home: &Home, preset: &str) {
    let mut child = home
        .command(&[
            "run",
            preset,
            "--out",
            "interrupted",
            "--set",
            "phases[1].epochs=1000",
        ])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let saved = || {
        let folders = std::fs::read_dir(home.path().join("interrupted"))
            .into_iter()
            .flatten()
            .flatten();
        let mut folders = folders.map(|entry| entry.path());
        folders.any(|folder| folder.join("resume.safetensors").is_file())
    };
    while !saved() {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "no epoch was saved"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let folder = only_folder(home.path(), "interrupted");
    // What is left to train shall take a moment.
    let preset = folder.join("preset.ron");
    let text = std::fs::read_to_string(&preset).unwrap();
    assert!(text.contains("epochs: 1000"));
    let epochs = std::fs::read_to_string(folder.join("metrics.csv"))
        .unwrap()
        .lines()
        .count();
    std::fs::write(
        &preset,
        text.replace("epochs: 1000", &format!("epochs: {epochs}")),
    )
    .unwrap();
}

fn tables(root: &Path) {
    let folder = root.join("tables");
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines = vec!["file,label,split".to_owned()];
    for index in 0..6 {
        for class in ["dark", "bright"] {
            let split = ["train", "valid", "test"][index % 3];
            lines.push(format!("../pictures/{class}/{index}.png,{class},{split}"));
        }
    }
    std::fs::write(folder.join("labels.csv"), lines.join("\n")).unwrap();
    std::fs::write(
        folder.join("labels.tsv"),
        lines.join("\n").replace(',', "\t"),
    )
    .unwrap();
    std::fs::write(
        folder.join("quoted.csv"),
        lines
            .join("\"\n\"")
            .replace(',', "\";\"")
            .replacen("file", "\"file", 1)
            + "\"\n",
    )
    .unwrap();
}

/// Layouts of whole data sets.
fn layouts(root: &Path) {
    let cifar = root.join("layouts/cifar");
    std::fs::create_dir_all(&cifar).unwrap();
    for (name, shift) in [("data_batch_1.bin", 0u32), ("test_batch.bin", 7)] {
        let bytes: Vec<u8> = (0..4 * 3073u32)
            .map(|at| {
                if at % 3073 == 0 {
                    (at / 3073) as u8
                } else {
                    (at * 31 + shift) as u8
                }
            })
            .collect();
        std::fs::write(cifar.join(name), bytes).unwrap();
    }
    std::fs::write(
        cifar.join("batches.meta.txt"),
        "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n",
    )
    .unwrap();
    let splits = root.join("layouts/splits");
    for (split, index) in [("train", 0), ("val", 1), ("test", 2)] {
        for class in ["dark", "bright"] {
            let folder = splits.join(split).join(class);
            std::fs::create_dir_all(&folder).unwrap();
            let picture = root.join(format!("pictures/{class}/{index}.png"));
            std::fs::copy(picture, folder.join("one.png")).unwrap();
        }
    }
}
