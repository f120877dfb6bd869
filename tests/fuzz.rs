//! Foreign inputs, damaged and malicious: run folders, presets, tables, weight files, pictures, the cache. Whatever a case
//! holds, the program answers with a value or a sentence: no panic, no signal, no hang, no memory without a limit, nothing
//! read or written through a link, no control sent to the terminal.
//!
//! A server of one thread, with libtorch loaded, forks a process for each case: random ones, and between them one for every
//! named number of a run folder, which becomes as large as numbers get. `GRAFT_FUZZ_SECONDS` says for how long (a
//! minute unless given; every number has its turn, however long that takes), `GRAFT_FUZZ_SEED` begins another sequence, `GRAFT_FUZZ_CASE` repeats one case of it. What fails is
//! kept in `fuzz-failures` below the target folder's `tmp`.

mod case;
mod corpus;
mod fork;
mod mutate;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::cli::Home;
use case::Kind;
use corpus::Corpus;
use fork::{Done, Ended, Limits};

/// Where the server finds its corpus; set for the server alone.
const CORPUS: &str = "GRAFT_FUZZ_CORPUS";
const DEFAULT_SECONDS: u64 = 60;
const DEFAULT_SEED: u64 = 13;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn foreign_inputs_are_answered_with_a_value_or_a_sentence() {
    let home = Home::new();
    corpus::write(&home);
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "fuzz::server",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CORPUS, home.path())
        .env("GRAFT_HOME", home.path().join("home"))
        .env("XDG_CACHE_HOME", home.path().join("cache"))
        .env("HF_HUB_OFFLINE", "1")
        // Weights that a mutated preset asks for are not there.
        .env("GRAFT_WEIGHTS_MIRROR", "http://127.0.0.1:9")
        .env("OMP_NUM_THREADS", "1")
        // Whoever waits leaves the core to other cases.
        .env("OMP_WAIT_POLICY", "passive")
        .env("RUST_BACKTRACE", "0")
        .current_dir(home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success() && said.contains("cases in"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "started by the fuzzer, as a process of its own"]
fn server() {
    let Some(folder) = std::env::var_os(CORPUS).map(PathBuf::from) else {
        return;
    };
    let corpus = Corpus::open(&folder);
    let seed = number("GRAFT_FUZZ_SEED", DEFAULT_SEED);
    let one = std::env::var("GRAFT_FUZZ_CASE").is_ok();
    let first = number("GRAFT_FUZZ_CASE", 0);
    let time = Duration::from_secs(number("GRAFT_FUZZ_SECONDS", DEFAULT_SECONDS));
    // A fork takes one thread along: the others must not exist, or hold a lock for ever.
    // The harness has one more, which waits for this one and holds none.
    assert!(fork::threads() <= 2, "the server has threads");
    let sites = case::sites(&corpus);
    let kind_of = |case: u64| {
        if case::site_of(&sites, case).is_some() {
            Kind::Run
        } else {
            Kind::of(seed, case)
        }
    };
    let mut found = Vec::new();
    let mut counts = vec![0u32; Kind::ALL.len()];
    let mut times = vec![Duration::ZERO; Kind::ALL.len()];
    let mut next = first;
    let mut children = fork::Children::new(Limits::default());
    accept_all(&corpus, &folder, &mut children);
    let began = Instant::now();
    loop {
        let may_start = if one {
            next == first
        } else {
            next < 2 * sites.len() as u64 || began.elapsed() < time
        };
        if may_start && children.have_room() {
            let work = folder.join(format!("case-{next}"));
            let case = next;
            children.start(case, work.clone(), || {
                case::carry_out(&corpus, &sites, seed, case, &work)
            });
            next += 1;
            continue;
        }
        let Some(Done {
            case,
            work,
            ended,
            took,
        }) = children.wait_for_one()
        else {
            break;
        };
        let kind = kind_of(case);
        counts[kind as usize] += 1;
        times[kind as usize] += took;
        if ended != Ended::Well {
            let text = format!(
                "case {case} of seed {seed}, {}: {}",
                kind.name(),
                describe(&ended, &work)
            );
            println!("FAILED {text}");
            keep(&work, seed, case);
            found.push(text);
        }
        if !one {
            fork::remove(&work);
        }
    }
    let cases = next - first;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{cases} cases in {seconds:.1} s, {:.0} a second, seed {seed}; every other one of the first {} has one of a run folder's numbers changed",
        cases as f64 / seconds,
        2 * sites.len()
    );
    for (kind, (&count, time)) in Kind::ALL.iter().zip(counts.iter().zip(&times)) {
        let mean = time.as_millis() / u128::from(count.max(1));
        println!("  {:<12} {count}, {mean} ms each", kind.name());
    }
    assert!(found.is_empty(), "{} cases failed", found.len());
}

/// The seeds themselves are good.
fn accept_all(corpus: &Corpus, folder: &Path, children: &mut fork::Children) {
    let mut inputs = Kind::ALL
        .into_iter()
        .flat_map(|kind| (0..kind.inputs(corpus)).map(move |number| (kind, number)));
    loop {
        if children.have_room()
            && let Some((kind, number)) = inputs.next()
        {
            let work = folder.join(format!("seed-{}-{number}", kind as usize));
            let place = work.clone();
            children.start(0, work, || case::accept(corpus, kind, number, &place));
            continue;
        }
        let Some(Done { work, ended, .. }) = children.wait_for_one() else {
            break;
        };
        assert_eq!(ended, Ended::Well, "{}", describe(&ended, &work));
        fork::remove(&work);
    }
}

fn describe(ended: &Ended, work: &Path) -> String {
    let said = std::fs::read(work.join(case::SAID)).unwrap_or_default();
    let verdict = std::fs::read_to_string(work.join(case::VERDICT)).unwrap_or_default();
    let start = said.len().saturating_sub(2000);
    format!(
        "{ended:?} {verdict}\n{}",
        String::from_utf8_lossy(&said[start..])
    )
}

/// The input of a failed case, with a name that says how to repeat it.
fn keep(work: &Path, seed: u64, case: u64) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-failures");
    std::fs::create_dir_all(&folder).unwrap();
    let kept = folder.join(format!("seed-{seed}-case-{case}"));
    fork::remove(&kept);
    // Links, pipes and holes as they are.
    let copied = Command::new("cp")
        .args(["-a", "--sparse=always"])
        .args([work, &kept])
        .status();
    println!("  kept in {} ({copied:?})", kept.display());
}
