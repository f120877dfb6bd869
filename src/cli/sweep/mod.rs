//! `graft sweep`: many runs that differ in a few fields.

mod best;
mod cancel;
mod chosen;
mod devices;
mod logs;
mod results;
mod run;
mod slurm_task;
mod status;
mod submit;
mod tasks;
mod which;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train what is missing of a sweep; go on with it after a stop or a crash; share it with other processes
    Run(run::Arguments),
    /// How the cells of a sweep stand
    Status(status::Arguments),
    /// What a sweep has found so far
    Results(results::Arguments),
    /// The best setting, and what it can't be told from
    Best(best::Arguments),
    /// Submit what is unfinished to Slurm, as an array whose tasks train the cells; returns at once
    Submit(submit::Arguments),
    /// End tasks of Slurm; what they have trained is kept
    Cancel(cancel::Arguments),
    /// The end of what a task of Slurm has said
    Logs(logs::Arguments),
}

pub fn sweep(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Run(arguments) if arguments.task.is_some() => {
            slurm_task::carry_out(&arguments.which.out(), || run::run(&arguments))
        }
        Command::Run(arguments) => run::run(&arguments),
        Command::Status(arguments) => status::status(&arguments),
        Command::Results(arguments) => results::results(&arguments),
        Command::Best(arguments) => best::best(&arguments),
        Command::Submit(arguments) => submit::submit(arguments),
        Command::Cancel(arguments) => cancel::cancel(&arguments),
        Command::Logs(arguments) => logs::logs(&arguments),
    }
}
