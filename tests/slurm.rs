//! Sweeps in a real Slurm: a cluster of this machine alone, which a test starts and ends. Without Slurm, or where these tests
//! do not run as root, they are skipped, and that is said.

mod cluster;
mod disturbed;
mod memory;
mod submitting;

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use super::cli::json;
use super::sweep::TinySweep;
use cluster::{Cluster, Memory};

/// A sweep, and a cluster that it runs on.
struct Lab {
    sweep: TinySweep,
    cluster: Cluster,
    /// A program that stays the same while the test runs.
    program: PathBuf,
}

impl Lab {
    /// `cores`: so many tasks run at once. `None` where there is no Slurm.
    fn new(vary: &str, further: &str, cores: u32, array_size: u32) -> Option<Self> {
        let cluster = Cluster::start(cores, array_size, Memory::Nobody)?;
        Some(Self::on(cluster, vary, further))
    }

    fn on(cluster: Cluster, vary: &str, further: &str) -> Self {
        let sweep = TinySweep::new(vary, further);
        let built = PathBuf::from(env!("CARGO_BIN_EXE_graft"));
        let program = sweep.home.path().join("graft");
        if std::fs::hard_link(&built, &program).is_err() {
            std::fs::copy(&built, &program).unwrap();
        }
        Self {
            sweep,
            cluster,
            program,
        }
    }

    /// The folder of the sweep that runs on the cluster.
    fn out(&self) -> PathBuf {
        self.sweep.folder("out")
    }

    /// `graft sweep WHAT tiny.sweep.ron --out out …`, on the cluster.
    fn command(&self, what: &str, further: &[&str]) -> Command {
        let described = self.sweep.command(what, "out", further);
        let mut command = Command::new(&self.program);
        command
            .args(described.get_args())
            .current_dir(self.sweep.home.path());
        for (name, value) in described.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("SLURM_CONF", self.cluster.configuration());
        command
    }

    fn output(&self, what: &str, further: &[&str]) -> Output {
        self.command(what, further).output().unwrap()
    }

    /// The document that a command prints which must succeed.
    fn document(&self, what: &str, further: &[&str]) -> Value {
        let mut further = further.to_vec();
        further.push("--json");
        let output = self.output(what, &further);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "graft sweep {what}: {errors}");
        json(&String::from_utf8(output.stdout).unwrap())
    }

    /// Submits what is left, one core a task.
    fn submit(&self, further: &[&str]) -> Value {
        let mut arguments = vec!["--cpus", "1"];
        arguments.extend(further);
        self.document("submit", &arguments)
    }

    /// What a command says that must fail.
    fn refused(&self, what: &str, further: &[&str]) -> String {
        let output = self.output(what, further);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            output.status.code(),
            Some(1),
            "graft sweep {what} {further:?}: {errors}"
        );
        errors
    }
}
