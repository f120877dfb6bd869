//! A process for each case, from one that has everything loaded.
#![allow(unsafe_code, reason = "fork, waitpid and limits are the system's own")]

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a case may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of memory, beyond what the server has.
    pub bytes: u64,
    /// Of one core.
    pub processor_seconds: u64,
    /// By the clock: the machine may be busy with other things.
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 3 << 30,
            processor_seconds: 120,
            seconds: 300,
        }
    }
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Well,
    /// The case itself says what was wrong.
    Badly,
    Panicked,
    Signal(i32),
    /// Longer than it may take.
    Hung,
}

struct Child {
    process: libc::pid_t,
    case: u64,
    work: PathBuf,
    began: Instant,
}

/// A case that has ended.
pub struct Done {
    pub case: u64,
    pub work: PathBuf,
    pub ended: Ended,
    pub took: Duration,
}

/// The cases that run now.
pub struct Children {
    running: Vec<Child>,
    limits: Limits,
    at_once: usize,
}

impl Children {
    pub fn new(limits: Limits) -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self {
            running: Vec::new(),
            limits,
            at_once,
        }
    }

    pub fn have_room(&self) -> bool {
        self.running.len() < self.at_once
    }

    /// Forks; the child carries out `work` in a folder of its own, and ends.
    pub fn start(&mut self, case: u64, folder: PathBuf, work: impl FnOnce() -> bool) {
        std::fs::create_dir_all(&folder).unwrap();
        std::io::stdout().flush().unwrap();
        // SAFETY: no thread but this one and the harness's, which only waits, as `server` looks at: the child lacks nothing.
        let process = unsafe { libc::fork() };
        assert!(process >= 0, "no process can be made");
        if process == 0 {
            limit(self.limits);
            say_into(&folder.join(super::case::SAID));
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            let status = match outcome {
                Ok(true) => 0,
                Ok(false) => 3,
                Err(_) => 101,
            };
            // SAFETY: ends this process, without what the server has registered for its own end.
            unsafe { libc::_exit(status) };
        }
        self.running.push(Child {
            process,
            case,
            work: folder,
            began: Instant::now(),
        });
    }

    /// The next that ends; `None` when there is none.
    pub fn wait_for_one(&mut self) -> Option<Done> {
        if self.running.is_empty() {
            return None;
        }
        let most = Duration::from_secs(self.limits.seconds);
        let done = |child: Child, ended| Done {
            case: child.case,
            work: child.work,
            ended,
            took: child.began.elapsed(),
        };
        loop {
            for index in 0..self.running.len() {
                let mut status = 0;
                let child = &self.running[index];
                // SAFETY: `status` lives as long as the call.
                let waited =
                    unsafe { libc::waitpid(child.process, &raw mut status, libc::WNOHANG) };
                if waited == child.process {
                    let child = self.running.swap_remove(index);
                    let mut ended = ended(status);
                    if ended == Ended::Signal(libc::SIGXCPU) {
                        ended = Ended::Hung;
                    }
                    return Some(done(child, ended));
                }
                if child.began.elapsed() > most {
                    let child = self.running.swap_remove(index);
                    // SAFETY: a child of ours that has not been waited for.
                    unsafe {
                        libc::kill(child.process, libc::SIGKILL);
                        libc::waitpid(child.process, &raw mut status, 0);
                    }
                    return Some(done(child, Ended::Hung));
                }
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

fn ended(status: i32) -> Ended {
    if libc::WIFSIGNALED(status) {
        return Ended::Signal(libc::WTERMSIG(status));
    }
    match libc::WEXITSTATUS(status) {
        0 => Ended::Well,
        101 => Ended::Panicked,
        _ => Ended::Badly,
    }
}

fn limit(limits: Limits) {
    let set = |resource, value: u64| {
        let limit = libc::rlimit {
            rlim_cur: value,
            rlim_max: value,
        };
        // SAFETY: `limit` lives as long as the call.
        assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmSize:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    set(libc::RLIMIT_AS, kilobytes * 1024 + limits.bytes);
    set(libc::RLIMIT_CPU, limits.processor_seconds);
    set(libc::RLIMIT_CORE, 0);
}

/// Standard output and error of this process become the file.
fn say_into(path: &Path) {
    let file = std::fs::File::create(path).unwrap();
    for descriptor in [1, 2] {
        // SAFETY: both are open.
        assert!(unsafe { libc::dup2(file.as_raw_fd(), descriptor) } >= 0);
    }
}

/// How many threads this process has.
pub fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Removes a folder, whatever is in it.
pub fn remove(folder: &Path) {
    drop(std::fs::remove_dir_all(folder));
}

/// A named pipe, which nobody ever writes into.
pub fn make_pipe(path: &Path) {
    use std::os::unix::ffi::OsStrExt as _;
    let name = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: `name` ends with a zero and lives as long as the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
}

/// Counts the panics of our own code from now on, also those that something catches. Decoders of other crates may panic on
/// damaged pictures, which costs the picture.
pub fn count_panics() -> impl Fn() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("PANIC {}", panic.to_string().replace('\n', " "));
        let place = panic.location().map_or("", |location| location.file());
        if !place.contains("/registry/src/") {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
    }));
    || PANICS.load(Ordering::Relaxed)
}
