//! How many cores this process may compute with, and who says so: a batch system gives a job a part of a machine, and a
//! process with more threads than that waits for itself.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::control_group::{Version, folders, number};
use crate::format::count;

/// Names how many threads decode pictures.
const POOL: &str = "RAYON_NUM_THREADS";
/// Set by this program for its own processes.
const SHARED_BY: &str = "GRAFT_SHARED_BY";

/// The cores that this process may compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cores {
    pub count: NonZeroUsize,
    pub reason: Reason,
    /// Those that the machine has.
    pub machine: usize,
}

/// What sets the least number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The machine has no more.
    Machine,
    /// The process may run on these alone: a batch system, `taskset` or `numactl`.
    Affinity,
    /// A control group allows the time of so many: a batch system, a container or systemd.
    ControlGroup,
    /// This variable of Slurm says so.
    Slurm(&'static str),
    /// OpenMP's variable says so, which people set on machines that they share.
    OpenMp,
}

/// What Slurm gives a task, and, for jobs that ask for no cores by the task, what it gives a job of this machine.
const SLURM: [&str; 2] = ["SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"];

/// Threads of each level of nested work, the outermost first: "4" or "4,2".
const OPEN_MP: &str = "OMP_NUM_THREADS";

impl Cores {
    /// The least of what affinity, control groups, Slurm and OpenMP's variable allow; the first answer holds as long as the process lives.
    pub fn of_process() -> Self {
        static CORES: OnceLock<Cores> = OnceLock::new();
        *CORES.get_or_init(|| Self::in_system(Path::new("/"), &|name| std::env::var(name).ok()))
    }

    /// On a system whose files stand below `root`, with these variables.
    fn in_system(root: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let standard = std::thread::available_parallelism().map_or(1, usize::from);
        let status = std::fs::read_to_string(root.join("proc/self/status")).unwrap_or_default();
        let allowed = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
            .and_then(length_of_list);
        let online = std::fs::read_to_string(root.join("sys/devices/system/cpu/online"));
        let machine = online.ok().as_deref().and_then(length_of_list);
        let machine = machine.or(allowed).unwrap_or(standard);
        let slurm = SLURM.iter().find_map(|name| {
            let number = variable(name)?.trim().parse().ok()?;
            (number > 0).then_some((number, Reason::Slurm(name)))
        });
        let open_mp = variable(OPEN_MP).and_then(|threads| {
            let number = threads.split(',').next()?.trim().parse().ok()?;
            (number > 0).then_some((number, Reason::OpenMp))
        });
        let limits = [
            allowed.map(|count| (count, Reason::Affinity)),
            time_share(root).map(|count| (count, Reason::ControlGroup)),
            slurm,
            open_mp,
        ];
        let (count, reason) =
            limits
                .into_iter()
                .flatten()
                .fold((machine, Reason::Machine), |least, limit| {
                    if limit.0 < least.0 { limit } else { least }
                });
        Self {
            count: NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN),
            reason,
            machine,
        }
    }

    /// "SLURM_CPUS_PER_TASK gives this task 4 of the machine's 64 cores"
    pub fn text(&self) -> String {
        let of = format!(
            "{} of the machine’s {}",
            self.count,
            count(self.machine, "core", "cores")
        );
        match self.reason {
            Reason::Machine => format!("the machine has {}", count(self.machine, "core", "cores")),
            Reason::Affinity => format!(
                "this process may run on {of} (its affinity, which a batch system, taskset or numactl sets)"
            ),
            Reason::ControlGroup => format!(
                "this process’s control group (a batch system, a container or systemd) allows it the time of {of}"
            ),
            Reason::Slurm(name) => format!("Slurm gives {of} ({name})"),
            Reason::OpenMp => format!("{OPEN_MP} allows {of}"),
        }
    }

    /// For the log: "Computing with 4 threads: …". `most`: what a person allows.
    pub fn line(&self, most: Option<NonZeroUsize>) -> String {
        let (threads, why) = match most {
            Some(most) if most < self.count => (most, "the settings say so".to_owned()),
            _ => (self.count, self.text()),
        };
        let threads = count(threads.get(), "thread", "threads");
        format!("Computing with {threads}: {why}")
    }
}

/// Has the pool that decodes pictures take no more threads than there are cores; before anything else asks for it. What the
/// system itself says, the pool knows.
pub fn limit_pool() {
    let count = Cores::of_process().count;
    let is_known = std::thread::available_parallelism().is_ok_and(|known| known <= count);
    // Whoever names a number means it.
    if is_known || std::env::var_os(POOL).is_some() {
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count.get());
    if let Err(error) = pool.build_global() {
        log::info!("the pool of threads stays as it is: {error}");
    }
}

/// Has `command`, one of `of` processes that compute on a card each, decode pictures with its share of the cores, and keep
/// them in its share of the memory. Neither changes a number.
pub fn share_machine(command: &mut Command, of: usize) {
    let of = of.max(1);
    command.env(SHARED_BY, of.to_string());
    if std::env::var_os(POOL).is_none() {
        let share = (Cores::of_process().count.get() / of).max(1);
        command.env(POOL, share.to_string());
    }
}

/// How many processes share this machine with [`share_machine`], this one among them.
pub fn shared_by() -> NonZeroUsize {
    let told = std::env::var(SHARED_BY).ok();
    told.and_then(|told| told.parse().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// How many numbers a list of the kernel's has: `0-3,8` has 5.
fn length_of_list(list: &str) -> Option<usize> {
    list.trim().split(',').try_fold(0usize, |sum, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

/// Whole cores whose time the control groups allow, at least one; `None` where they set no limit.
fn time_share(root: &Path) -> Option<usize> {
    let quota = |(version, folder): (Version, std::path::PathBuf)| -> Option<usize> {
        let (quota, period) = match version {
            // "max 100000" where there is no limit.
            Version::Two => {
                let text = std::fs::read_to_string(folder.join("cpu.max")).ok()?;
                let (quota, period) = text.trim().split_once(' ')?;
                (quota.parse::<u64>().ok()?, period.parse::<u64>().ok()?)
            }
            // "-1" where there is no limit.
            Version::One => (
                number(&folder, "cpu.cfs_quota_us")?,
                number(&folder, "cpu.cfs_period_us")?,
            ),
        };
        let cores = quota.checked_div(period)?.max(1);
        usize::try_from(cores).ok()
    };
    folders(root, "cpu").into_iter().filter_map(quota).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_group::system;

    const TWO: [(&str, &str); 4] = [
        ("proc/self/cgroup", "0::/job.slice/job-7.scope\n"),
        (
            "proc/self/mountinfo",
            "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        ),
        (
            "proc/self/status",
            "Name:\tx\nCpus_allowed_list:\t0-7,32-39\n",
        ),
        ("sys/devices/system/cpu/online", "0-63\n"),
    ];

    fn cores(files: &[(&str, &str)], variables: &[(&str, &str)]) -> (usize, Reason) {
        let root = system(files);
        let variable = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let cores = Cores::in_system(root.path(), &variable);
        (cores.count.get(), cores.reason)
    }

    #[test]
    fn the_least_of_what_is_allowed_counts() {
        let with = |more: &[(&'static str, &'static str)]| [&TWO[..], more].concat();
        let scope = "sys/fs/cgroup/job.slice/job-7.scope/cpu.max";
        let slice = "sys/fs/cgroup/job.slice/cpu.max";
        let task = "SLURM_CPUS_PER_TASK";
        let node = "SLURM_CPUS_ON_NODE";
        assert_eq!(cores(&TWO, &[]), (16, Reason::Affinity));
        assert_eq!(
            cores(
                &with(&[(scope, "max 100000\n"), (slice, "650000 100000\n")]),
                &[]
            ),
            (6, Reason::ControlGroup)
        );
        // Less than one core is one thread.
        assert_eq!(
            cores(&with(&[(scope, "50000 100000\n")]), &[]),
            (1, Reason::ControlGroup)
        );
        assert_eq!(cores(&TWO, &[(task, "4")]), (4, Reason::Slurm(task)));
        assert_eq!(
            cores(&TWO, &[(task, "4"), (node, "12")]),
            (4, Reason::Slurm(task))
        );
        assert_eq!(cores(&TWO, &[(node, "12")]), (12, Reason::Slurm(node)));
        // What is more than there is, is not there; what is no number says nothing.
        for name in [task, OPEN_MP] {
            for value in ["64", "0", "-3", "many", ""] {
                assert_eq!(
                    cores(&TWO, &[(name, value)]),
                    (16, Reason::Affinity),
                    "{name}={value}"
                );
            }
        }
        for value in ["2", " 2", "2,1"] {
            let variables = [(task, "4"), (OPEN_MP, value)];
            assert_eq!(cores(&TWO, &variables), (2, Reason::OpenMp));
        }
        let whole = [("sys/devices/system/cpu/online", "0-3\n")];
        assert_eq!(cores(&whole, &[]), (4, Reason::Machine));
    }

    #[test]
    fn time_is_told_by_the_older_control_groups_too() {
        let quota = "sys/fs/cgroup/cpu/slurm/job_7/cpu.cfs_quota_us";
        let files = |text| {
            [
                ("proc/self/cgroup", "4:cpu,cpuacct:/slurm/job_7\n"),
                (
                    "proc/self/mountinfo",
                    "34 31 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
                ),
                ("sys/devices/system/cpu/online", "0-63\n"),
                (quota, text),
                (
                    "sys/fs/cgroup/cpu/slurm/job_7/cpu.cfs_period_us",
                    "100000\n",
                ),
            ]
        };
        assert_eq!(cores(&files("300000\n"), &[]), (3, Reason::ControlGroup));
        assert_eq!(cores(&files("-1\n"), &[]), (64, Reason::Machine));
    }

    #[test]
    fn a_system_that_says_nothing_has_what_the_standard_library_finds() {
        let found = std::thread::available_parallelism().unwrap().get();
        assert_eq!(cores(&[], &[]), (found, Reason::Machine));
        assert!((1..=found).contains(&Cores::of_process().count.get()));
    }

    #[test]
    fn lists_are_counted() {
        for (list, expected) in [
            ("0", Some(1)),
            ("0-3,8\n", Some(5)),
            ("\t2-2", Some(1)),
            ("3-1", None),
            ("0-18446744073709551615", None),
            ("", None),
            ("a-b", None),
        ] {
            assert_eq!(length_of_list(list), expected, "{list}");
        }
    }

    #[test]
    fn the_log_says_how_many_and_why() {
        let cores = Cores {
            count: NonZeroUsize::new(4).unwrap(),
            reason: Reason::Slurm("SLURM_CPUS_PER_TASK"),
            machine: 64,
        };
        assert_eq!(
            cores.line(None),
            "Computing with 4 threads: Slurm gives 4 of the machine’s 64 cores (SLURM_CPUS_PER_TASK)"
        );
        assert_eq!(
            cores.line(NonZeroUsize::new(1)),
            "Computing with 1 thread: the settings say so"
        );
        assert_eq!(cores.line(NonZeroUsize::new(9)), cores.line(None));
    }
}
