//! `graft cuda`: whether graphics cards can be used, and the libraries that this takes.

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{interrupt, output, progress};
use crate::format;
use crate::models::device::cuda_install::{
    self, InstallActivity, InstallError, InstallProgress, folder, index_url, is_installed, sizes,
};
use crate::models::device::{self, Devices, NEEDED_DRIVER};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Download what libtorch needs for NVIDIA cards into this person's folder; what an earlier attempt fetched is used
    #[arg(long)]
    install: bool,
    /// Install on a machine without a usable card, too
    #[arg(long, requires = "install")]
    without_card: bool,
    /// Ask this package index in place of the public one: http://mirror.example/simple
    #[arg(long, value_name = "URL", requires = "install")]
    mirror: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn cuda(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.install {
        return install(arguments);
    }
    let devices = device::discover();
    if arguments.json {
        return output::print_json(&document(devices));
    }
    output::print(&status(devices))
}

fn document(devices: &Devices) -> serde_json::Value {
    let (download_bytes, installed_bytes) = sizes();
    json!({
        "cards": devices.cuda,
        "reason": devices.why_no_cuda,
        "visible_devices": devices.visible,
        "installed": is_installed(),
        "folder": shown::path(&folder()),
        "download_bytes": download_bytes,
        "installed_bytes": installed_bytes,
        "driver": NEEDED_DRIVER,
    })
}

fn status(devices: &Devices) -> String {
    let mut text = match &devices.why_no_cuda {
        Some(reason) => format!("{reason}\n"),
        None => devices
            .cuda
            .iter()
            .enumerate()
            .map(|(index, name)| format!("cuda:{index}: {name}\n"))
            .chain(devices.visible.as_deref().map(visible_line))
            .collect(),
    };
    text += &if is_installed() {
        format!("Libraries: installed in {}\n", folder().display())
    } else {
        format!(
            "Libraries: not installed; “graft cuda --install” {}\n",
            needs()
        )
    };
    text
}

/// Where this process sees some of the machine's cards alone.
fn visible_line(visible: &str) -> String {
    format!("CUDA_VISIBLE_DEVICES is “{visible}”: other cards of this machine are not seen\n")
}

/// What an installation takes.
fn needs() -> String {
    let (download, disk) = sizes();
    format!(
        "downloads {} and takes {} in {}; it serves NVIDIA cards of compute capability 7.5 and later (RTX 20, T4 and newer) with driver {NEEDED_DRIVER} or later",
        format::bytes(download),
        format::bytes(disk),
        folder().display()
    )
}

fn install(arguments: &Arguments) -> anyhow::Result<()> {
    if is_installed() {
        return done(arguments, false);
    }
    // Where the libraries are missing, asking would open them: the driver alone says whether there is a card.
    if let Some(reason) = device::why_no_card()
        && !arguments.without_card
    {
        bail!("{reason}. With --without-card the libraries are installed all the same");
    }
    // Before anything is said: an address that is none is refused.
    index_url(arguments.mirror.as_deref())?;
    output::warn(&format!("This {}.", needs()));
    let stop =
        interrupt::stop_flag_saying("Stopping; what was fetched is kept. Once more ends at once.")?;
    let bar = progress::bar();
    let mut told = 0;
    let mut notify = |now: InstallProgress| match &bar {
        Some(bar) => {
            bar.set_prefix(match now.activity {
                InstallActivity::Downloading => format!("Downloading {}", now.name),
                InstallActivity::Unpacking => format!("Unpacking {}", now.name),
            });
            bar.set_length(now.total);
            bar.set_position(now.done);
            bar.set_message(progress::amount(now.done, Some(now.total)));
        }
        // A line a package where nobody watches a bar.
        None if now.package > told => {
            told = now.package;
            output::warn(&format!(
                "Downloading {} ({} of {} packages)",
                now.name, now.package, now.packages
            ));
        }
        None => {}
    };
    let outcome = cuda_install::install(arguments.mirror.as_deref(), &mut notify, &stop);
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    match outcome {
        Ok(()) => done(arguments, true),
        Err(error @ InstallError::Stopped) => bail!("{error}: “graft cuda --install”"),
        Err(error) => Err(error.into()),
    }
}

fn done(arguments: &Arguments, is_new: bool) -> anyhow::Result<()> {
    if arguments.json {
        return output::print_json(&json!({
            "installed": true,
            "new": is_new,
            "folder": shown::path(&folder()),
        }));
    }
    let text = if is_new {
        "The libraries for NVIDIA cards are installed. Start Graft again to use them; “graft cuda” says whether it does"
    } else {
        "The libraries for NVIDIA cards were installed before"
    };
    output::print(&format!("{text}: {}\n", folder().display()))
}
