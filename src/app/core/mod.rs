//! What the window knows and can be asked to do, as plain data: nothing here draws.

pub mod background;
pub mod clock;
pub mod command;
pub mod documents;
pub mod evaluation;
pub mod experiments;
pub mod feature_cache;
pub mod gallery;
pub mod head_steps;
pub mod last_session;
pub mod power;
pub mod prediction;
pub mod prepared_answers;
pub mod queue;
pub mod request;
pub mod run_colors;
pub mod run_names;
pub mod scanning;
pub mod session;
pub mod settings;
pub mod sources;
pub mod state;
pub mod sweep;
pub mod view_id;
pub mod workers;
