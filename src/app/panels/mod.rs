//! One panel a file.
