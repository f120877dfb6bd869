//! One case: which input, damaged how, given to which command, and whether the answer is one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::corpus::{Corpus, SECRET};
use super::mutate::{mutate, named_numbers, replace_file};

/// What the case printed.
pub const SAID: &str = "said";
/// What is wrong with that.
pub const VERDICT: &str = "verdict";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Run,
    Resume,
    Preset,
    Table,
    Weights,
    Picture,
    Layout,
    Cache,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Run,
        Self::Resume,
        Self::Preset,
        Self::Table,
        Self::Weights,
        Self::Picture,
        Self::Layout,
        Self::Cache,
    ];

    pub fn of(seed: u64, case: u64) -> Self {
        match random(seed, case).random_range(0..100) {
            0..36 => Self::Run,
            36..39 => Self::Resume,
            39..52 => Self::Preset,
            52..64 => Self::Table,
            64..78 => Self::Weights,
            78..90 => Self::Picture,
            90..95 => Self::Layout,
            _ => Self::Cache,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run folder",
            Self::Resume => "resume",
            Self::Preset => "preset",
            Self::Table => "table",
            Self::Weights => "weight file",
            Self::Picture => "picture",
            Self::Layout => "layout",
            Self::Cache => "cache",
        }
    }

    /// Whether the files have fixed names in a stranger's folder, so that nothing may be read through a link.
    fn is_folder_of_ours(self) -> bool {
        matches!(self, Self::Run | Self::Resume | Self::Cache)
    }

    fn seeds(self, corpus: &Corpus) -> Vec<PathBuf> {
        match self {
            Self::Preset => corpus.seeds("presets"),
            Self::Table => corpus.seeds("tables"),
            Self::Weights => corpus.seeds("weights"),
            Self::Picture => corpus.seeds("formats"),
            Self::Layout => corpus.layouts(),
            Self::Run | Self::Cache => vec![corpus.finished()],
            Self::Resume => vec![corpus.interrupted()],
        }
    }

    pub fn inputs(self, corpus: &Corpus) -> usize {
        self.seeds(corpus).len()
    }

    /// A copy of seed `number` in `work`: the files that may be damaged, and the commands that are given it.
    fn prepare(
        self,
        corpus: &Corpus,
        work: &Path,
        number: usize,
    ) -> (Vec<PathBuf>, Vec<Vec<String>>) {
        let seed = self.seeds(corpus).swap_remove(number);
        let name = seed.file_name().unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let command = |words: &[&str]| {
            words
                .iter()
                .map(|word| word.to_string())
                .collect::<Vec<_>>()
        };
        let (picture, out) = (text(&corpus.picture()), text(&work.join("out")));
        match self {
            Self::Run => {
                let run = work.join("run");
                let files = link_all(&seed, &run);
                let run = text(&run);
                let commands = vec![
                    command(&["evaluate", &run]),
                    command(&["evaluate", &run, "--split", "train", "--json"]),
                    command(&["evaluate", &run, "--split", "validation"]),
                    command(&["compare", &run, "--out", &out, "--format", "svg"]),
                    command(&[
                        "compare",
                        &text(&corpus.other()),
                        &run,
                        "--out",
                        &out,
                        "--format",
                        "svg",
                    ]),
                    command(&["predict", &run, &picture]),
                    command(&["suspects", &run]),
                    command(&[
                        "explain",
                        &run,
                        &picture,
                        "--out",
                        &text(&work.join("map.png")),
                    ]),
                    command(&["data", &format!("{run}/preset.ron")]),
                ];
                (files, commands)
            }
            Self::Resume => {
                let run = work.join("run");
                let files = link_all(&seed, &run);
                (
                    files,
                    vec![command(&[
                        "run",
                        "--resume",
                        &text(&run),
                        "--device",
                        "cpu",
                    ])],
                )
            }
            Self::Cache => {
                let cache = work.join("cache");
                let files = link_all(&corpus.cache(), &cache);
                (
                    files,
                    vec![
                        command(&["data", &text(&corpus.pictures())]),
                        command(&["cache"]),
                        command(&["cache", "--limit", "1MB", "--json"]),
                    ],
                )
            }
            Self::Layout => {
                let folder = work.join(name);
                let files = link_all(&seed, &folder);
                (
                    files,
                    vec![
                        command(&["data", &text(&folder)]),
                        command(&["data", &text(&folder), "--json"]),
                    ],
                )
            }
            Self::Picture => {
                // Beside good ones: only this picture is skipped.
                let folder = work.join("pictures");
                link_all(&corpus.pictures(), &folder);
                let file = folder.join("dark").join(name);
                std::fs::copy(&seed, &file).unwrap();
                let data = text(&folder);
                (
                    vec![file],
                    vec![
                        command(&["data", &data]),
                        command(&["data", &data, "--json", "--duplicates"]),
                    ],
                )
            }
            Self::Preset | Self::Table | Self::Weights => {
                // Beside what it names by relative paths.
                let folder = work.join("input");
                std::fs::create_dir_all(&folder).unwrap();
                let beside = if self == Self::Preset {
                    folder.join("pictures")
                } else {
                    work.join("pictures")
                };
                link_all(&corpus.pictures(), &beside);
                let file = folder.join(name);
                std::fs::copy(&seed, &file).unwrap();
                let given = text(&file);
                let commands = match self {
                    Self::Weights => vec![
                        command(&[
                            "list-tensors",
                            "--memory",
                            "536870912",
                            "--seconds",
                            "30",
                            &given,
                        ]),
                        command(&["weights", "check", "efficientnet_lite0", &given]),
                    ],
                    _ => vec![
                        command(&["data", &given]),
                        command(&["data", &given, "--json"]),
                    ],
                };
                (vec![file], commands)
            }
        }
    }
}

fn random(seed: u64, case: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ case)
}

/// Every file below `from` at the same place below `to`, as another name of the same file; gives the new names.
fn link_all(from: &Path, to: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    std::fs::create_dir_all(to).unwrap();
    let Ok(entries) = std::fs::read_dir(from) else {
        return files;
    };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let new = to.join(path.file_name().unwrap());
        if path.is_dir() {
            files.extend(link_all(&path, &new));
        } else {
            std::fs::hard_link(&path, &new).unwrap();
            files.push(new);
        }
    }
    files
}

/// Whether the undamaged input is accepted by every command: what is refused there would hide everything behind it.
pub fn accept(corpus: &Corpus, kind: Kind, number: usize, work: &Path) -> bool {
    let (_, commands) = kind.prepare(corpus, work, number);
    let seeds = kind.seeds(corpus);
    commands.into_iter().all(|command| {
        println!("graft {}", command.join(" "));
        let status = graft::cli::answer(
            std::iter::once("graft".to_owned())
                .chain(command.clone())
                .map(Into::into),
        );
        // The pictures of the shipped presets are not here, and no golden file fits a network, which is an answer, too.
        let may_fail =
            kind == Kind::Preset && !seeds[number].ends_with("tiny.ron") || command[0] == "weights";
        status == 0 || may_fail && status == 1
    })
}

/// A number in a file of a run folder.
pub struct Site {
    file: PathBuf,
    start: usize,
    end: usize,
}

/// One or two numbers under every name in every text of a run folder.
pub fn sites(corpus: &Corpus) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus.finished())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let ending = file.extension().and_then(|ending| ending.to_str());
        let is_table = ending == Some("csv");
        if is_table || ending == Some("json") || ending == Some("ron") {
            let text = std::fs::read_to_string(&file).unwrap();
            let found = named_numbers(&text, is_table);
            sites.extend(found.into_iter().map(|(start, end)| Site {
                file: file.clone(),
                start,
                end,
            }));
        }
    }
    sites
}

/// Every other case takes one of them, until all had their turn.
pub fn site_of(sites: &[Site], case: u64) -> Option<&Site> {
    let number = usize::try_from(case / 2).ok()?;
    sites.get(number).filter(|_| case.is_multiple_of(2))
}

/// Whether a run folder whose number at `site` is as large as numbers get is answered as it must be.
fn carry_out_site(corpus: &Corpus, site: &Site, work: &Path) -> bool {
    let kind = Kind::Run;
    let (files, commands) = kind.prepare(corpus, work, 0);
    let name = site.file.file_name();
    let file = files.iter().find(|file| file.file_name() == name).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let (before, after) = (&text[..site.start], &text[site.end..]);
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, format!("{before}{}{after}", u64::MAX)).unwrap();
    let answer = |name: &str| {
        let command = commands.iter().find(|command| command[0] == name).unwrap();
        is_answered(kind, corpus, command, work)
    };
    // Where there are neither answers nor digests, the network answers, and the dates of the pictures are compared.
    let is_summary = name == Some(OsStr::new("summary.json"));
    let gone = ["predictions.csv", "digests.json"].map(|name| work.join("run").join(name));
    let answers_anew =
        || gone.iter().all(|file| std::fs::remove_file(file).is_ok()) && answer("evaluate");
    answer("evaluate") && answer("compare") && (!is_summary || answers_anew())
}

/// Whether the case is answered as it must be; else [`VERDICT`] says what is wrong.
pub fn carry_out(corpus: &Corpus, sites: &[Site], seed: u64, case: u64, work: &Path) -> bool {
    if let Some(site) = site_of(sites, case) {
        return carry_out_site(corpus, site, work);
    }
    let kind = Kind::of(seed, case);
    let mut rng = random(seed, case);
    let number = rng.random_range(0..kind.inputs(corpus));
    let (mut files, commands) = kind.prepare(corpus, work, number);
    files.shuffle(&mut rng);
    let damaged = rng.random_range(1..=2);
    for file in files.iter().take(damaged) {
        if rng.random_bool(0.2) {
            replace_file(file, &corpus.secret(), &mut rng);
        } else {
            let mut bytes = std::fs::read(file).unwrap();
            mutate(&mut bytes, &mut rng);
            // The corpus has the same file under another name.
            std::fs::remove_file(file).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }
    let command = commands.choose(&mut rng).unwrap();
    if kind == Kind::Cache {
        use_cache(&work.join("cache"));
    }
    is_answered(kind, corpus, command, work)
}

fn is_answered(kind: Kind, corpus: &Corpus, command: &[String], work: &Path) -> bool {
    println!("graft {}", command.join(" "));
    let panics = super::fork::count_panics();
    let program = "graft".to_owned();
    let status = graft::cli::answer(std::iter::once(&program).chain(command).map(Into::into));
    let wrong = judge(kind, corpus, work, status, panics());
    if let Some(wrong) = &wrong {
        std::fs::write(work.join(VERDICT), wrong).unwrap();
    }
    wrong.is_none()
}

#[allow(unsafe_code, reason = "the process has one thread here")]
fn use_cache(folder: &Path) {
    // SAFETY: no other thread reads the environment.
    unsafe { std::env::set_var("GRAFT_CACHE", folder) };
}

fn judge(kind: Kind, corpus: &Corpus, work: &Path, status: u8, panics: usize) -> Option<String> {
    let said = std::fs::read(work.join(SAID)).unwrap();
    if panics > 0 {
        return Some(format!("{panics} panics inside of Graft"));
    }
    let Ok(said) = String::from_utf8(said) else {
        return Some("what is printed is not UTF-8".into());
    };
    if status > 2 {
        return Some(format!("the status is {status}"));
    }
    let mut answer = said.lines().skip(1);
    if status > 0 && !answer.any(|line| line.trim_start().starts_with("error: ") && line.len() > 20)
    {
        return Some("no sentence says why it is refused".into());
    }
    let steers = |letter: &char| {
        letter.is_control() && !matches!(letter, '\n' | '\t')
            || ('\u{202a}'..='\u{202e}').contains(letter)
    };
    if let Some(letter) = said.chars().find(steers) {
        return Some(format!("the terminal is sent {letter:?}"));
    }
    if std::fs::read_to_string(corpus.secret()).ok().as_deref() != Some(SECRET) {
        return Some("a file outside was changed through a link".into());
    }
    if kind.is_folder_of_ours() && (said.contains(SECRET) || is_below(&work.join("out"))) {
        return Some("a file outside was read through a link".into());
    }
    None
}

/// Whether a written file shows the secret.
fn is_below(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return is_below(&path);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes
            .windows(SECRET.len())
            .any(|window| window == SECRET.as_bytes())
    })
}
