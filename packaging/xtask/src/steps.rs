//! Saying what is done, and running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// One line per step, so that a person sees what happens and what was there already.
pub fn doing(text: &str) {
    eprintln!("• {text}");
}

pub fn ready(text: &str) {
    eprintln!("✓ {text}");
}

/// Runs a program to its end, its output on ours.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start {shown}"))?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    Ok(())
}

/// Runs a program quietly; its standard output when it succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be started.
pub fn exists(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// Cargo, in the checkout.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(crate::paths::checkout());
    command
}

/// Builds the program, with the dependencies that the tests use as well; where it is then.
pub fn graft() -> Result<PathBuf> {
    doing("building Graft (about ten minutes the first time)");
    run(&mut cargo(&["build", "--workspace", "--bin", "graft"]))?;
    Ok(crate::paths::target().join("debug/graft"))
}

/// SHA-256 of a file, in lower-case hexadecimal.
pub fn sha256(file: &Path) -> Result<String> {
    use sha2::Digest as _;
    use std::io::Read as _;

    let mut reader =
        std::fs::File::open(file).with_context(|| format!("could not open {}", file.display()))?;
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = reader
            .read(&mut buffer)
            .with_context(|| format!("could not read {}", file.display()))?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn show(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
