//! Opens a folder or a file with the desktop's own program: the one place that knows how each system is asked.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::worker::messages::Failure;

const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

/// Asks the desktop to open `path`.
pub fn start(path: &Path) -> io::Result<Child> {
    Command::new(OPENER)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// Whether it was opened. Its end is awaited, or it would stay behind as a zombie; Windows' always says that it failed.
pub fn wait(opener: io::Result<Child>) -> Result<bool, Failure> {
    let mut child = opener.map_err(Failure::failed)?;
    let status = child.wait().map_err(Failure::failed)?;
    Ok(status.success() || cfg!(windows))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_the_desktop_says_is_handed_on() {
        let opener = |program: &str| Command::new(program).spawn();
        assert_eq!(wait(opener("true")), Ok(true));
        assert_eq!(wait(opener("false")), Ok(false));
        let missing = wait(opener("no such program")).unwrap_err();
        assert!(matches!(missing, Failure::Failed(_)), "{missing:?}");
    }
}
