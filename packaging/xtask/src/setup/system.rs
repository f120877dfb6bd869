//! Packages of Debian and Ubuntu that building, the window and its tests need.

use std::process::Command;

use anyhow::{Result, bail};

use crate::steps;

/// Package, and what it is for.
const PACKAGES: &[(&str, &str)] = &[
    ("ca-certificates", "downloads"),
    ("appstream", "checking the packages' description"),
    ("cmake", "building libjpeg-turbo"),
    ("curl", "downloads"),
    ("desktop-file-utils", "checking the desktop entry"),
    ("g++", "building torch-sys"),
    ("libegl1", "the window"),
    ("libgl1", "the window"),
    ("libvulkan1", "the window"),
    ("libwayland-client0", "the window"),
    ("libwayland-egl1", "the window"),
    ("libx11-xcb1", "the window"),
    ("libxcursor1", "the window"),
    ("libxi6", "the window"),
    ("libxkbcommon-x11-0", "the window"),
    ("libxrandr2", "the window"),
    (
        "mesa-vulkan-drivers",
        "the window without a GPU, and its tests",
    ),
    ("libgl1-mesa-dri", "the window without a GPU"),
    (
        "nasm",
        "building libjpeg-turbo with the processor's vectors",
    ),
    ("python3-pip", "fetching libtorch"),
    ("xauth", "testing the window"),
    ("xvfb", "testing the window"),
];

/// What making packages needs beside [`PACKAGES`].
pub const FOR_PACKAGES: &[(&str, &str)] = &[
    ("binutils", "stripping libraries"),
    ("dpkg-dev", "making packages"),
    ("librsvg2-bin", "drawing icons"),
    ("zstd", "packing the portable archive"),
];

/// What checking packages needs.
pub const FOR_CHECKS: &[(&str, &str)] = &[
    ("lintian", "checking the Debian package"),
    ("mmdebstrap", "trying packages in a system of their own"),
    ("rpm", "checking the RPM package"),
];

pub fn install() -> Result<()> {
    install_these(PACKAGES)
}

/// Installs what of `packages` is missing, or says what is to be installed.
pub fn install_these(packages: &[(&'static str, &str)]) -> Result<()> {
    if !steps::exists("dpkg-query") || !steps::exists("apt-get") {
        let packages: Vec<_> = packages.iter().map(|(name, _)| *name).collect();
        steps::doing(&format!(
            "this is no Debian or Ubuntu: install what corresponds to {} if something is missing",
            packages.join(" ")
        ));
        return Ok(());
    }
    let missing = missing(packages);
    if missing.is_empty() {
        steps::ready("system packages");
        return Ok(());
    }
    steps::doing(&format!(
        "installing system packages: {}",
        missing.join(" ")
    ));
    let Some(prefix) = privileges() else {
        bail!(
            "system packages are missing and this user may not install them. Type this, then call again:\n\n    \
             sudo apt-get install --no-install-recommends {}\n",
            missing.join(" ")
        );
    };
    apt(&prefix, &["update", "-q"])?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(&missing);
    apt(&prefix, &arguments)?;
    steps::ready("system packages");
    Ok(())
}

/// The packages that are not installed. A pip that came otherwise (pyenv, an image) serves too.
fn missing(packages: &[(&'static str, &str)]) -> Vec<&'static str> {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${Package} ${db:Status-Status}\n"]);
    let installed = steps::output(&mut query).unwrap_or_default();
    packages
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| {
            !installed
                .lines()
                .any(|line| line == format!("{name} installed"))
        })
        .filter(|name| *name != "python3-pip" || super::pip::find().is_none())
        .collect()
}

/// What must stand before `apt-get`: nothing for root, `sudo` where it can be used, else `None`.
fn privileges() -> Option<Vec<&'static str>> {
    let is_root = steps::output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if is_root {
        return Some(Vec::new());
    }
    // Interactive sudo may ask for the password on the terminal itself.
    let can_ask = std::io::IsTerminal::is_terminal(&std::io::stdin());
    let without_password = steps::output(Command::new("sudo").args(["-n", "true"])).is_some();
    (steps::exists("sudo") && (without_password || can_ask)).then(|| vec!["sudo"])
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Result<()> {
    let mut words: Vec<&str> = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    // A system that updates itself in the background holds dpkg's lock for a while, most of all when it has just been started.
    words.extend(["-o", "DPkg::Lock::Timeout=300"]);
    words.extend(arguments);
    steps::run(Command::new(words[0]).args(&words[1..]))
}
