//! What the command line says, and how it survives a reader that has gone.

use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::Context;
use serde::Serialize;

/// Writes text to standard output. A reader that has heard enough (`graft layers resnet50 | head`)
/// is no failure.
pub fn print(text: &str) -> anyhow::Result<()> {
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
    print(&(serde_json::to_string(value)? + "\n"))
}

/// Writes a line to standard error; when even that fails there is nobody left to tell.
pub fn warn(line: &str) {
    let _ = writeln!(stderr().lock(), "{line}");
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
