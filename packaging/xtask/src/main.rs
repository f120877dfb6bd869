//! `cargo xtask`: what a fresh machine needs to build, try and test Graft.

mod bench;
mod card_check;
mod demo;
mod limits;
mod package;
mod paths;
mod setup;
mod steps;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup [--cuda]   system packages, libtorch, weights and demo pictures: whatever is still missing
  demo             set-up, then the window with the pair of solar-cell experiments ready to train
                   (without a display: trains both and writes the figures)
  bench            set-up, then the same work in Graft and in the Python scripts of tests/peers (hours, on a machine that
                   does nothing else): [--rounds N] [--pictures FOLDER] [--python PROGRAM] [--work NAME]...
                   [--program FILE]; --work precision: heads on features in bf16 and in single precision [--seeds N]
  limits           ResNet-50 under twenty limits of memory, by control group and by ulimit -v (half an hour): [--by group|ulimit]
                   [--from GB] [--to GB] [--count N] [--program FILE]
  card-check       rehearses tests/card_check.py, which checks a machine with a graphics card; [--pack FOLDER] makes what it needs there
  package          set-up, then a Debian package, an RPM package and a portable archive in target/package: [--check] (also uses
                   them in a system of their own) [--site URL] [--maintainer TEXT] [--program FILE] [--quick]
  test             set-up, then formatting, lints, documentation and tests

Everything is kept in $GRAFT_HOME (the user's data folder, unless it is set), never in the checkout.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["setup"] => setup::run(setup::Wanted {
            cuda: false,
            demo: true,
        }),
        ["setup", "--cuda"] => setup::run(setup::Wanted {
            cuda: true,
            demo: true,
        }),
        ["demo"] => demo::run(),
        ["bench", ref arguments @ ..] => bench::run(arguments),
        ["limits", ref arguments @ ..] => limits::run(arguments),
        ["card-check", ref arguments @ ..] => card_check::run(arguments),
        ["package", ref arguments @ ..] => package::run(arguments),
        ["test"] => test::run(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
