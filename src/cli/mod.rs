//! The command line: the same library as the window, without one.
//!
//! Human text goes to standard output, or one JSON document with `--json`; progress and errors go
//! to standard error. Exit status 1 is a failure, 2 a wrong use, 75 a sweep, a shoot-out, or computing of features, that was
//! stopped and goes on when it is called again.
// What stands above arguments is the help that a terminal shows: brackets and addresses in it are meant as they are.
#![allow(rustdoc::broken_intra_doc_links, rustdoc::bare_urls)]

mod backbones;
mod cache;
mod classify;
mod common_options;
mod compare;
mod completions;
mod cuda;
mod data;
mod desktop_entry;
mod devices;
mod embed;
mod evaluate;
mod explain;
mod export;
mod find_rate;
mod interrupt;
mod keep_together;
mod layers;
mod learning_curve;
mod list_tensors;
mod open;
mod output;
mod outputs;
mod predict;
mod progress;
mod resume;
mod run;
mod run_for_window;
mod runs;
mod selftest;
mod shootout;
mod stopped;
mod suspects;
mod sweep;
mod weights;

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::shell::frame_times::Request;
use crate::cores;
use crate::evaluation::novelty::check_rate;
use crate::format::table;
use crate::models::device::open_cuda;
use crate::models::weights::read_apart;
use crate::paths;
use crate::shown;

/// A desktop workbench for transfer learning on images. Without a command it opens the window.
#[derive(Debug, Parser)]
#[command(
    name = "graft",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "An illustrated manual is in the window: press F1 there, then Manual."
)]
struct Arguments {
    /// Open the window with this preset; may be given several times
    #[arg(long, value_name = "PRESET")]
    open: Vec<PathBuf>,

    /// Put Graft into this person's menu, with its icon and its type for presets: for a program that was unpacked and
    /// not installed
    #[arg(long, conflicts_with_all = ["open", "remove_desktop_entry"])]
    install_desktop_entry: bool,

    /// Take out of the menu what --install-desktop-entry has put there
    #[arg(long, conflicts_with = "open")]
    remove_desktop_entry: bool,

    /// Have the window train what is open, scroll through all views, and write how long its own
    /// work took per frame
    #[arg(long, value_name = "FILE", hide = true)]
    frame_times: Option<PathBuf>,

    /// Measure frames without a training
    #[arg(long, requires = "frame_times", hide = true)]
    idle: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the window with presets, folders of pictures or pictures
    Open(open::Arguments),
    /// Train what a preset says, without a window
    Run(run::Arguments),
    /// Started by the window for a run on one of several graphics cards
    #[command(hide = true)]
    RunForWindow,
    /// Many runs that differ in a few fields: trained, looked at, and the best of them chosen
    Sweep(sweep::Arguments),
    /// Figures and a report of several runs on the same test pictures
    Compare(compare::Arguments),
    /// What a finished run gets right: every score, on any of its splits or on other pictures
    Evaluate(evaluate::Arguments),
    /// Likely wrong labels of a finished run's pictures, training pictures included, and duplicates
    Suspects(suspects::Arguments),
    /// What a finished run sees in pictures: the probability of each of its classes
    Predict(predict::Arguments),
    /// What the untouched pre-trained network sees: its own 1000 classes
    Classify(classify::Arguments),
    /// Where a run's network looks in a picture: a class activation map (Grad-CAM)
    Explain(explain::Arguments),
    /// Which pre-trained network serves these pictures best, by linear heads on frozen features: before anything is trained
    Shootout(shootout::Arguments),
    /// A learning rate for a phase of a preset, by a short training at ever higher rates
    FindRate(find_rate::Arguments),
    /// What twice as many pictures would bring: a score against their number, from frozen features
    LearningCurve(learning_curve::Arguments),
    /// Write a run's network for other programs, with its model card: ONNX, safetensors, or a script for PyTorch
    Export(export::Arguments),
    /// Pooled features of every picture below a folder, for use elsewhere
    Embed(embed::Arguments),
    /// List, download or check pre-trained weights
    Weights(weights::Arguments),
    /// List the networks to start from
    Backbones(backbones::Arguments),
    /// Show a backbone's layer tree
    Layers(layers::Arguments),
    /// Check every backbone against its reference on this machine, and measure it
    Selftest(selftest::Arguments),
    /// Started by Graft itself for every weight file that others wrote
    #[command(hide = true)]
    ListTensors(list_tensors::Arguments),
    /// Show what is in a folder or table of pictures: classes, counts, sizes, problems
    Data(data::Arguments),
    /// List, name, tag, archive or trash runs
    Runs(runs::Arguments),
    /// Show or clear the features of frozen layers that are kept for the next run
    Cache(cache::Arguments),
    /// Say whether NVIDIA graphics cards can be used, and fetch the libraries that this takes
    Cuda(cuda::Arguments),
    /// Print a script with which a shell completes Graft's commands
    Completions(completions::Arguments),
    /// Write the manual pages that packages ship
    #[command(hide = true)]
    ManualPages(completions::ManualArguments),
}

/// Carries out what the process was called for.
pub fn main() -> u8 {
    output::show_panics();
    // Before anything else: libtorch keeps its first answer to whether there are graphics cards. Why there is none is said
    // where one is asked for. (A reader of weight files has little memory and time, and needs none.)
    if std::env::args_os()
        .nth(1)
        .is_none_or(|first| first != "list-tensors")
    {
        let _ = open_cuda();
        cores::limit_pool();
    }
    crate::exit::keep_on_at_file_limit();
    if let Ok(program) = std::env::current_exe() {
        read_apart(program);
    }
    // No path that is not absolute leads anywhere. (Where libtorch has oneMKL, that has ended the process before.)
    if let Err(error) = std::env::current_dir() {
        output::fail(&anyhow::anyhow!(
            "the folder that this was started in is not there any more, or may not be read ({error}): change to another one, and start again"
        ));
        return 1;
    }
    answer(std::env::args_os())
}

/// Carries out a command line, the program's name first; gives the status that the process ends with.
pub fn answer(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    paths::share_cache();
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let outcome = match arguments.command {
        None if arguments.install_desktop_entry => desktop_entry::install(),
        None if arguments.remove_desktop_entry => desktop_entry::remove(),
        None => {
            let measure = arguments.frame_times.map(|file| Request {
                file,
                trains: !arguments.idle,
            });
            crate::app::run(arguments.open, measure.as_ref())
        }
        Some(Command::Open(arguments)) => crate::app::run(arguments.paths, None),
        Some(Command::Run(arguments)) => run::run(arguments),
        Some(Command::RunForWindow) => run_for_window::run(),
        Some(Command::Sweep(arguments)) => sweep::sweep(arguments),
        Some(Command::Compare(arguments)) => compare::compare(&arguments),
        Some(Command::Evaluate(arguments)) => evaluate::evaluate(&arguments),
        Some(Command::Suspects(arguments)) => suspects::suspects(&arguments),
        Some(Command::Predict(arguments)) => predict::predict(&arguments),
        Some(Command::Classify(arguments)) => classify::classify(&arguments),
        Some(Command::Explain(arguments)) => explain::explain(&arguments),
        Some(Command::Shootout(arguments)) => shootout::shootout(&arguments),
        Some(Command::FindRate(arguments)) => find_rate::find(&arguments),
        Some(Command::LearningCurve(arguments)) => learning_curve::learning_curve(&arguments),
        Some(Command::Export(arguments)) => export::export(&arguments),
        Some(Command::Embed(arguments)) => embed::embed(&arguments),
        Some(Command::Weights(arguments)) => weights::weights(&arguments),
        Some(Command::Backbones(arguments)) => backbones::backbones(&arguments),
        Some(Command::Layers(arguments)) => layers::layers(&arguments),
        Some(Command::Selftest(arguments)) => selftest::selftest(&arguments),
        Some(Command::ListTensors(arguments)) => list_tensors::list_tensors(&arguments),
        Some(Command::Data(arguments)) => data::data(&arguments),
        Some(Command::Runs(arguments)) => runs::runs(&arguments),
        Some(Command::Cache(arguments)) => cache::cache(&arguments),
        Some(Command::Cuda(arguments)) => cuda::cuda(&arguments),
        Some(Command::Completions(arguments)) => {
            completions::completions(&arguments, Arguments::command())
        }
        Some(Command::ManualPages(arguments)) => {
            completions::manual_pages(&arguments, Arguments::command())
        }
    };
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            output::fail(&error);
            stopped::exit_status(&error)
        }
    }
}

/// A share of a run's own pictures that may be refused as none of its classes.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse()
        .map_err(|_| "it is no number; write 0.01 for 1 in 100".to_owned())?;
    check_rate(rate).map(|()| rate)
}

/// Wrong use: a hint, and status 2. Asked for help or the version, that.
fn misused(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    // clap echoes what it was given, and knows colours; plain text is enough where those could be meant.
    let told = match shown::lines(&text) {
        Cow::Borrowed(_) => error.print(),
        Cow::Owned(text) => {
            output::warn_lines(text.trim_end());
            Ok(())
        }
    };
    // Nobody is left to tell.
    drop(told);
    u8::try_from(error.exit_code()).unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }
}
