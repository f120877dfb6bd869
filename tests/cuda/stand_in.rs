//! A stand-in for a graphics card: `libtorch_cuda.so` whose cards are the machine's memory and the processor's kernels, and
//! the driver's `libcuda.so.1`. Built from the C++ files beside this one by the first test that asks, once per change.
//!
//! It shows which device each tensor is on, in which order libraries are opened, memory that runs out, several cards and ones
//! that can't be used, and counts launches, copies and waits. What it can't show: speed, cuDNN's and cuBLAS's own behaviour, and
//! anything that depends on a card's work being done later than it was asked for.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const LIBRARY_FOLDERS: &str = "LD_LIBRARY_PATH";
const CARD: [&str; 4] = ["counts.cpp", "memory.cpp", "card.cpp", "kernels.cpp"];
const DRIVER: [&str; 1] = ["driver.cpp"];
const HEADERS: [&str; 4] = ["settings.h", "counts.h", "memory.h", "card.h"];

/// Where the two libraries stand.
#[derive(Debug)]
pub struct StandIn {
    /// The folder of `libtorch_cuda.so`: `torch/lib`, as in Python's packages.
    pub torch: PathBuf,
    /// The folder of `libcuda.so.1`.
    pub driver: PathBuf,
}

impl StandIn {
    /// Builds what is not built yet.
    pub fn get() -> &'static Self {
        static BUILT: OnceLock<StandIn> = OnceLock::new();
        BUILT.get_or_init(build)
    }

    /// Has `command` find the driver, but no card.
    pub fn with_driver<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        add_library_folder(command, self.driver.clone())
    }

    /// Has `command` find the driver and, by `GRAFT_CUDA`, the card.
    pub fn with_card<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.with_driver(command).env("GRAFT_CUDA", &self.torch)
    }

    /// As [`with_card`](Self::with_card), the card open before anything else: for test programs, whose tests may ask libtorch
    /// about cards in any order.
    #[allow(dead_code, reason = "only one of the test programs needs it")]
    pub fn preloaded<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let library = self.torch.join("libtorch_cuda.so");
        self.with_card(command).env("LD_PRELOAD", library);
        // Whatever a test starts opens the card, too, and only Graft's own programs know where libtorch stands.
        add_library_folder(command, libtorch().join("lib"))
    }
}

/// The libtorch that is built for.
fn libtorch() -> PathBuf {
    let libtorch = std::env::var_os("LIBTORCH")
        .or_else(|| option_env!("LIBTORCH").map(Into::into))
        .expect("LIBTORCH names the libtorch to build for");
    // Cargo runs tests in the package's folder, which a path in its configuration need not be relative to.
    Path::new(env!("CARGO_MANIFEST_DIR")).join(libtorch)
}

/// Has `command` look for libraries in `folder` before those that it was to look in.
fn add_library_folder(command: &mut Command, folder: PathBuf) -> &mut Command {
    let set = command
        .get_envs()
        .find(|(name, _)| *name == LIBRARY_FOLDERS);
    let set = set.map_or_else(
        || std::env::var_os(LIBRARY_FOLDERS),
        |(_, value)| value.map(Into::into),
    );
    let mut folders = vec![folder];
    folders.extend(set.iter().flat_map(std::env::split_paths));
    command.env(LIBRARY_FOLDERS, std::env::join_paths(folders).unwrap())
}

fn build() -> StandIn {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cuda");
    let libtorch = libtorch();
    let mut hasher = DefaultHasher::new();
    libtorch.canonicalize().unwrap().hash(&mut hasher);
    for name in CARD.iter().chain(&DRIVER).chain(&HEADERS) {
        std::fs::read(sources.join(name)).unwrap().hash(&mut hasher);
    }
    let parent = temporary();
    std::fs::create_dir_all(&parent).unwrap();
    // Several test programs may ask at once: one builds, the others wait.
    let lock = std::fs::File::create(parent.join("stand-in.lock")).unwrap();
    lock.lock().unwrap();
    let folder = parent.join(format!("stand-in-{:016x}", hasher.finish()));
    let stand_in = StandIn {
        torch: folder.join("torch/lib"),
        driver: folder.join("driver"),
    };
    if !folder.is_dir() {
        let work = tempfile::tempdir_in(&parent).unwrap();
        let include = libtorch.join("include");
        let api = include.join("torch/csrc/api/include");
        let card: Vec<_> = std::thread::scope(|scope| {
            let compile = |name: &'static str| {
                let object = work.path().join(name).with_extension("o");
                let mut compiler = compiler();
                compiler.args(["-c", "-std=c++17", "-fPIC"]);
                compiler
                    .arg("-isystem")
                    .arg(&include)
                    .arg("-isystem")
                    .arg(&api);
                succeed(compiler.arg(sources.join(name)).arg("-o").arg(&object));
                object
            };
            let all = CARD.map(|name| scope.spawn(move || compile(name)));
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let content = work.path().join("content");
        let [torch, driver] = ["torch/lib", "driver"].map(|name| content.join(name));
        std::fs::create_dir_all(&torch).unwrap();
        std::fs::create_dir_all(&driver).unwrap();
        let shared = |name: &str| {
            let mut compiler = compiler();
            compiler.args(["-shared", "-fPIC", "-std=c++17"]);
            compiler.arg(format!("-Wl,-soname,{name}"));
            compiler
        };
        let mut link = shared("libtorch_cuda.so");
        link.args(card).arg("-L").arg(libtorch.join("lib"));
        link.args(["-ltorch_cpu", "-lc10", "-Wl,--allow-shlib-undefined"]);
        succeed(link.arg("-o").arg(torch.join("libtorch_cuda.so")));
        let mut link = shared("libcuda.so.1");
        link.args(DRIVER.map(|name| sources.join(name)));
        succeed(link.arg("-o").arg(driver.join("libcuda.so.1")));
        std::fs::rename(content, &folder).unwrap();
    }
    stand_in
}

/// Cargo's folder for what integration tests make; unit tests, to which Cargo names none, use the same.
fn temporary() -> PathBuf {
    match option_env!("CARGO_TARGET_TMPDIR") {
        Some(folder) => folder.into(),
        None => {
            let program = std::env::current_exe().unwrap();
            program.ancestors().nth(3).unwrap().join("tmp")
        }
    }
}

fn compiler() -> Command {
    Command::new(std::env::var_os("CXX").unwrap_or_else(|| "c++".into()))
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

/// What a program did to its cards: the file named by `STAND_IN_REPORT`, as counts.h describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(dead_code, reason = "not every test program counts")]
pub struct Counts(BTreeMap<String, i64>);

#[allow(dead_code, reason = "not every test program counts")]
impl Counts {
    pub fn read(file: &Path) -> Self {
        const NAME: usize = 120;
        let bytes = std::fs::read(file).unwrap();
        let record = |bytes: &[u8]| {
            let (name, number) = bytes.split_at(NAME);
            let name = String::from_utf8_lossy(name);
            let name = name.trim_end_matches('\0').to_owned();
            (name, i64::from_ne_bytes(number.try_into().unwrap()))
        };
        let all = bytes.chunks_exact(NAME + 8).map(record);
        Self(all.filter(|(name, _)| !name.is_empty()).collect())
    }

    /// 0 for what never happened.
    pub fn of(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}
