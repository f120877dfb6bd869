//! Figures for files: one plain description of each, drawn to SVG, and from that to PNG.

pub mod confusion;
pub mod curves;
pub mod render;
