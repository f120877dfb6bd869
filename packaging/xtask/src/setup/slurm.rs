//! Slurm, for the tests that start a cluster of their own: only where root may install it, and skipped elsewhere.

use std::process::Command;

use super::system;
use crate::steps;

/// Slurm's daemons and commands, and what they trust each other by.
const PACKAGES: &[(&str, &str)] = &[
    ("munge", "testing sweeps on a cluster"),
    ("slurm-wlm", "testing sweeps on a cluster"),
];

/// Installs what is missing where that can be done; says where it can't.
pub fn install() {
    let is_root = steps::output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if !is_root || !steps::exists("apt-get") || !steps::exists("dpkg-query") {
        steps::doing(
            "Slurm’s daemons are started as root on Debian or Ubuntu: tests that need them are skipped",
        );
        return;
    }
    if let Err(error) = system::install_these(PACKAGES) {
        steps::doing(&format!(
            "without Slurm: tests that need it are skipped ({error:#})"
        ));
    }
}
