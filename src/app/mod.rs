//! The window: state, commands, tokens, one panel a file.
//!
//! Panels are functions of plain data: `xxx_ui(ui, &XxxView, &mut XxxLocal, &mut Vec<Command>)`. They never
//! train, read files or block; what they want done they say in [`command::Command`]s, which
//! `shell.rs` carries out between frames.

pub mod command;
pub mod panels;
pub mod state;
pub mod tokens;

/// Opens the window with these presets (a place-holder until the window's branch is merged).
pub fn run(presets: Vec<std::path::PathBuf>) -> anyhow::Result<()> {
    anyhow::bail!("this build has no window; it was to open {} presets", presets.len())
}
