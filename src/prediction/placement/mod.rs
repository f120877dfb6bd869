//! Pictures in a folder for each class, as copies or links: planned first, then carried out, and undone.
//!
//! Nothing is moved, nothing of a person's is replaced or deleted. What was placed stands in a record in the folder
//! (`record.rs`); only what stands there as it was placed is ever removed again.

mod carry_out;
mod folder_names;
mod plan;
mod record;
#[cfg(test)]
mod tests;
mod undo;

use serde::{Deserialize, Serialize};

pub use carry_out::Placed;
pub use folder_names::FolderNames;
pub use plan::{Placer, Plan, Step, learned_from};
pub use record::RECORD;
pub use undo::{Undone, undo, undoable};

/// How a picture comes into a class's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// With the date of the original.
    Copy,
    /// A symbolic link with the original's absolute path: it holds as long as the original stays where it is.
    Link,
}
