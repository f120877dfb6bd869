//! What the command line says, and how it survives a reader that has gone.

use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::Context;
use serde::Serialize;

use crate::shown;

/// Writes text to standard output. A reader that has heard enough (`graft layers resnet50 | head`)
/// is no failure.
pub fn print(text: &str) -> anyhow::Result<()> {
    print_exactly(&shown::lines(text))
}

fn print_exactly(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("standard output can't be written")
        }
        _ => Ok(()),
    }
}

/// Writes one JSON document and a line end to standard output.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_exactly(&shown::json(&(serde_json::to_string(value)? + "\n")))
}

/// Writes a line to standard error; when even that fails there is nobody left to tell.
pub fn warn(line: &str) {
    let _ = writeln!(stderr().lock(), "{}", shown::line(line));
}

/// Writes lines of our own to standard error.
pub fn warn_lines(text: &str) {
    let _ = writeln!(stderr().lock(), "{}", shown::lines(text));
}

/// Several lines of our own, as an error: everything else that is said of an error is one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Lines(pub String);

/// Says why a command failed.
pub fn fail(error: &anyhow::Error) {
    let sentence = sentence(error);
    let text = if error.is::<Lines>() {
        shown::lines(&sentence)
    } else {
        shown::line(&sentence)
    };
    let _ = writeln!(stderr().lock(), "error: {text}");
}

/// What a panic says goes the same way.
pub fn show_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.to_string();
        match shown::lines(&text) {
            std::borrow::Cow::Borrowed(_) => usual(panic),
            std::borrow::Cow::Owned(text) => {
                let _ = writeln!(stderr().lock(), "\n{text}");
            }
        }
    }));
}

/// An error and its causes as one sentence. A cause that the text above it already tells is not
/// told again.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if sentence.contains(&text) {
            continue;
        }
        if !sentence.is_empty() {
            sentence.push_str(": ");
        }
        sentence.push_str(&text);
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_causes_is_one_sentence_without_echo() {
        let error = anyhow::anyhow!("no such file")
            .context("libtorch: no such file")
            .context("the weights can't be read");
        assert_eq!(
            sentence(&error),
            "the weights can't be read: libtorch: no such file"
        );
    }
}
