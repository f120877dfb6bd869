//! The assistant thread.
