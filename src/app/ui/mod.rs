//! What all views are drawn with: colours and sizes, widgets, plots, textures, and how numbers are written.

pub mod arrange;
pub mod axes;
pub mod callout;
pub mod closeup;
pub mod curves;
pub mod diagnosis;
pub mod disclosure;
pub mod drop_down;
pub mod editor;
pub mod effect;
pub mod forecast;
pub mod hidden_runs;
pub mod layer_plan;
pub mod matrix;
pub mod missing_letters;
pub mod names;
pub mod number_field;
pub mod numbers;
pub mod panel_state;
pub mod picture_grid;
pub mod reading_order;
pub mod rows_in_sight;
pub mod run_choice;
pub mod scatter;
pub mod sort_head;
pub mod sweep_runs;
pub mod table;
pub mod text_search;
pub mod textures;
pub mod theme;
pub mod tokens;
pub mod view;
pub mod widgets;

#[cfg(test)]
mod contrast_tests;
