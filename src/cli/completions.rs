//! `graft completions`: what a shell needs to complete command lines, and the manual pages that packages ship.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

use super::output;

/// The program's name in scripts and manuals, whatever its file is called.
const NAME: &str = "graft";

#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell that is to complete
    #[arg(value_enum)]
    shell: SupportedShell,
}

/// Shells that packages bring files for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SupportedShell {
    Bash,
    Fish,
    Zsh,
}

#[derive(Debug, Args)]
pub struct ManualArguments {
    /// The folder that they are written into
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Prints the script of a shell for `command`, the whole command line.
pub fn completions(arguments: &Arguments, mut command: Command) -> anyhow::Result<()> {
    let shell = match arguments.shell {
        SupportedShell::Bash => Shell::Bash,
        SupportedShell::Fish => Shell::Fish,
        SupportedShell::Zsh => Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

/// Writes a manual page for the program and for each of its commands that people call.
pub fn manual_pages(arguments: &ManualArguments, command: Command) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    clap_mangen::generate_to(command, folder)
        .with_context(|| format!("the manual pages can't be written: {}", folder.display()))
}
