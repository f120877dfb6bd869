//! The window: state, commands, tokens, one panel a file.
//!
//! Panels are functions of plain data: `xxx_ui(ui, &XxxView, &mut XxxLocal, &mut Vec<Command>)`. They never
//! train, read files or block; what they want done they say in [`command::Command`]s, which
//! `shell.rs` carries out between frames.

pub mod command;
pub mod panels;
pub mod state;
pub mod tokens;
