//! What all views are drawn with: colours and sizes, widgets, plots, textures, and how numbers are written.

pub mod axes;
pub mod callout;
pub mod editor;
pub mod effect;
pub mod format;
pub mod matrix;
pub mod textures;
pub mod theme;
pub mod tokens;
pub mod widgets;
