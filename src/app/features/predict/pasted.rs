//! Pictures and paths that are pasted onto the view.

use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::prediction::PredictAction;
use crate::escapes;

/// Takes what is pasted while no text is typed and nothing is open in front.
pub fn follow(ui: &egui::Ui, out: &mut Vec<Command>) {
    let is_behind = ui.memory(|memory| memory.top_modal_layer().is_some());
    if is_behind || ui.ctx().text_edit_focused() {
        return;
    }
    let pasted = ui.input(|input| {
        let events = input.events.iter();
        let actions = events.filter_map(|event| match event {
            egui::Event::Paste(text) => Some(PredictAction::PasteText(text.clone())),
            egui::Event::PasteImage(image) => Some(PredictAction::PasteImage(image.clone())),
            _ => None,
        });
        actions.collect::<Vec<_>>()
    });
    out.extend(pasted.into_iter().map(Command::Predict));
}

/// The paths in a text, as file managers and terminals copy them: one on a line, as it is, quoted, or as an address that begins
/// with `file://`. Other lines are no paths.
pub fn paths_in(text: &str) -> Vec<PathBuf> {
    text.lines()
        .filter_map(|line| path_of(line.trim()))
        .collect()
}

fn path_of(line: &str) -> Option<PathBuf> {
    let quoted = |quote: char| line.strip_prefix(quote)?.strip_suffix(quote);
    let line = quoted('"').or_else(|| quoted('\'')).unwrap_or(line);
    if let Some(address) = line.strip_prefix("file://") {
        // A host's name may stand before the path; this machine's is left out or called localhost.
        let path = address.strip_prefix("localhost").unwrap_or(address);
        return path
            .starts_with('/')
            .then(|| path_from(escapes::decoded(path, b'%', 2, 16)));
    }
    let path = PathBuf::from(line);
    path.is_absolute().then_some(path)
}

#[cfg(unix)]
fn path_from(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(bytes).into()
}

/// `/C:/pictures` is `C:/pictures` there.
#[cfg(not(unix))]
fn path_from(bytes: Vec<u8>) -> PathBuf {
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('/').unwrap_or(&text);
    PathBuf::from(text)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_programs_copy_them() {
        for (text, expected) in [
            ("/a/cat 1.png", &["/a/cat 1.png"][..]),
            ("/a/1.png\r\n/a/2.png\n", &["/a/1.png", "/a/2.png"]),
            ("file:///a/caf%C3%A9%201.png", &["/a/café 1.png"]),
            ("file://localhost/a/100%.png", &["/a/100%.png"]),
            (
                "x-special/nautilus-clipboard\ncopy\nfile:///a/1.png",
                &["/a/1.png"],
            ),
            ("'/a/quoted one.png'", &["/a/quoted one.png"]),
            ("\"/a/two.png\"", &["/a/two.png"]),
            ("cat.png", &[]),
            ("file://server/share/1.png", &[]),
            ("https://example.org/1.png", &[]),
            ("", &[]),
        ] {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(paths_in(text), expected, "{text:?}");
        }
    }
}
