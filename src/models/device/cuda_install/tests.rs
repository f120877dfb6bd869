//! From a server on this machine: fetched, stopped, gone on with, refused.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use super::*;
use crate::models::download::server::{Answer, Ask, Server};

/// A wheel with these files, each holding its own name.
fn wheel(names: &[&str]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for name in names {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(name.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn package(name: &'static str, wheel: &[u8]) -> CudaPackage {
    CudaPackage {
        name,
        version: "1.0",
        sha256: hex::encode(Sha256::digest(wheel)).leak(),
        bytes: wheel.len() as u64,
        unpacked_bytes: 0,
    }
}

/// An index with two packages, and how often each path was asked for.
pub(crate) struct Fixture {
    pub(crate) home: tempfile::TempDir,
    pub(crate) packages: Vec<CudaPackage>,
    pub(crate) server: Server,
    asked: Arc<Mutex<Vec<String>>>,
    /// How many bytes of a wheel are sent before the connection ends; 0 for all.
    pub(crate) cut: Arc<AtomicUsize>,
    /// Whether the last byte of a wheel is another one.
    pub(crate) damaged: Arc<AtomicBool>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let torch = wheel(&[
            "torch/lib/libtorch_cuda.so",
            "torch/lib/libtorch_cpu.so",
            "torch/version.py",
            "torch/__init__.py",
            "../../outside.so",
        ]);
        let cudnn = wheel(&[
            "nvidia/cudnn/lib/libcudnn.so.9",
            "nvidia/cudnn/include/cudnn.h",
        ]);
        let packages = vec![
            package("torch", &torch),
            package("nvidia-cudnn-cu13", &cudnn),
        ];
        let (asked, cut) = (
            Arc::<Mutex<Vec<String>>>::default(),
            Arc::<AtomicUsize>::default(),
        );
        let files = [("torch", torch), ("nvidia-cudnn-cu13", cudnn)];
        let damaged = Arc::<AtomicBool>::default();
        let (noted, limit, damages, hashes) = (
            asked.clone(),
            cut.clone(),
            damaged.clone(),
            packages
                .iter()
                .map(|package| package.sha256)
                .collect::<Vec<_>>(),
        );
        let server = Server::new(move |ask: &Ask| {
            noted.lock().unwrap().push(ask.path.clone());
            for ((name, file), hash) in files.iter().zip(&hashes) {
                if ask.path == format!("/simple/{name}/") {
                    let page =
                        format!("<a href=\"../../files/{name}.whl#sha256={hash}\">{name}</a>");
                    return Answer::new(200, page.as_bytes()).with("Content-Type", "text/html");
                }
                if ask.path == format!("/files/{name}.whl") {
                    let mut whole = Answer::file(ask, file, "\"1\"");
                    if damages.load(Ordering::Relaxed)
                        && let Some(last) = whole.body.last_mut()
                    {
                        *last ^= 1;
                    }
                    let most = limit.load(Ordering::Relaxed);
                    if most == 0 {
                        return whole;
                    }
                    let length = whole.body.len() as u64;
                    let mut part = whole.claiming(length);
                    part.body.truncate(most);
                    return part;
                }
            }
            Answer::new(404, b"")
        });
        Self {
            home: tempfile::tempdir().unwrap(),
            packages,
            server,
            asked,
            cut,
            damaged,
        }
    }

    pub(crate) fn install(
        &self,
        stop: &StopFlag,
        notify: &mut dyn FnMut(InstallProgress),
    ) -> Result<(), InstallError> {
        Installation {
            home: self.home.path(),
            packages: &self.packages,
            index: &format!("{}/simple/", self.server.url()),
            limits: Limits::default(),
            stop,
        }
        .carry_out(notify)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

#[test]
fn what_cards_need_is_fetched_and_nothing_else_is_left() {
    let fixture = Fixture::new();
    let mut seen = Vec::new();
    fixture
        .install(&StopFlag::default(), &mut |progress| seen.push(progress))
        .unwrap();
    assert_eq!(fixture.names(), ["cuda"]);
    let cuda = fixture.home.path().join("cuda");
    for (name, is_there) in [
        ("torch/lib/libtorch_cuda.so", true),
        ("torch/version.py", true),
        ("nvidia/cudnn/lib/libcudnn.so.9", true),
        ("torch/lib/libtorch_cpu.so", false),
        ("torch/__init__.py", false),
        ("nvidia/cudnn/include/cudnn.h", false),
        ("outside.so", false),
    ] {
        assert_eq!(cuda.join(name).exists(), is_there, "{name}");
    }
    assert!(
        seen.windows(2).all(|pair| pair[0].done <= pair[1].done),
        "{seen:?}"
    );
    let last = seen.last().unwrap();
    assert_eq!((last.done, last.package, last.packages), (last.total, 2, 2));
    assert_eq!(last.activity, InstallActivity::Unpacking);
    // A second call asks nobody.
    let asked = fixture.asked.lock().unwrap().len();
    fixture.install(&StopFlag::default(), &mut |_| {}).unwrap();
    assert_eq!(fixture.asked.lock().unwrap().len(), asked);
}

#[test]
fn what_was_cut_off_or_stopped_goes_on_where_it_was() {
    let fixture = Fixture::new();
    fixture.cut.store(40, Ordering::Relaxed);
    let error = fixture
        .install(&StopFlag::default(), &mut |_| {})
        .unwrap_err();
    assert!(error.to_string().contains("try again"), "{error}");
    assert_eq!(fixture.names(), [UNFINISHED]);
    // Stopped when the first package is whole.
    fixture.cut.store(0, Ordering::Relaxed);
    let stop = StopFlag::default();
    let stopping = stop.clone();
    let error = fixture.install(&stop, &mut |progress| {
        if progress.package == 2 {
            stopping.stop();
        }
    });
    assert!(matches!(error, Err(InstallError::Stopped)), "{error:?}");
    let resumed = fixture.server.asked();
    assert!(
        resumed.iter().any(|ask| ask.range_start() == Some(40)),
        "{resumed:?}"
    );
    fixture.asked.lock().unwrap().clear();
    fixture.install(&StopFlag::default(), &mut |_| {}).unwrap();
    let asked = fixture.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|path| path.contains("cudnn")), "{asked:?}");
    assert_eq!(fixture.names(), ["cuda"]);
}

#[test]
fn a_disk_or_a_server_that_fails_is_told_what_is_of_use_for_this_and_not_for_weights() {
    let mut fixture = Fixture::new();
    fixture.packages[1].name = "nvidia-nothing";
    let error = fixture.install(&StopFlag::default(), &mut |_| {});
    let text = error.unwrap_err().to_string();
    assert!(text.contains("PIP_INDEX_URL"), "{text}");
    assert!(!text.contains("TORCH_HOME"), "{text}");
    assert!(matches!(
        index_url(Some("mirror.example")),
        Err(InstallError::Index(_))
    ));
}

#[test]
fn another_file_than_the_pinned_one_is_not_kept() {
    let mut fixture = Fixture::new();
    // The index says so, and lies.
    fixture.packages[1].bytes += 1;
    let error = fixture
        .install(&StopFlag::default(), &mut |_| {})
        .unwrap_err();
    assert!(error.to_string().contains("bytes where"), "{error}");
    fixture.packages[1].bytes -= 1;
    fixture.packages[1].sha256 = "00";
    let error = fixture
        .install(&StopFlag::default(), &mut |_| {})
        .unwrap_err();
    assert!(error.to_string().contains("expected checksum"), "{error}");
    assert_eq!(fixture.names(), [UNFINISHED]);
}

#[test]
fn one_process_at_a_time_and_no_folder_of_others_is_touched() {
    let fixture = Fixture::new();
    let work = fixture.home.path().join(UNFINISHED);
    fs::create_dir_all(&work).unwrap();
    let lock = LockFile::open(&work.join("lock")).unwrap();
    lock.try_lock().unwrap();
    let error = fixture.install(&StopFlag::default(), &mut |_| {});
    assert!(matches!(error, Err(InstallError::Busy(_))), "{error:?}");
    drop(lock);
    let cuda = fixture.home.path().join("cuda");
    fs::create_dir(&cuda).unwrap();
    fs::write(cuda.join("mine"), "").unwrap();
    let error = fixture.install(&StopFlag::default(), &mut |_| {});
    assert!(matches!(error, Err(InstallError::InTheWay(_))), "{error:?}");
    assert!(cuda.join("mine").exists());
}

#[test]
fn packages_without_the_library_are_no_installation() {
    let mut fixture = Fixture::new();
    fixture.packages.remove(0);
    let error = fixture.install(&StopFlag::default(), &mut |_| {});
    assert!(matches!(error, Err(InstallError::NoLibrary)), "{error:?}");
    assert!(fixture.names().is_empty());
}

#[test]
fn the_table_is_of_the_libtorch_that_this_program_has() {
    assert_eq!(PACKAGES[0].name, "torch");
    assert!(
        PACKAGES
            .iter()
            .all(|package| package.sha256.len() == 64 && package.bytes > 0)
    );
    let (download, disk) = sizes();
    assert!(download > 2_000_000_000 && disk > download);
}
