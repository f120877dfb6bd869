//! What can be said of runs that have been trained: their networks asked again, their answers looked at, compared and
//! searched for mistakes. What is worked out for a run is kept in its folder, which `runs` knows.

pub mod better;
pub mod comparison;
pub mod diagnose;
pub mod evaluate;
pub mod gallery;
pub mod novelty;
pub mod out_of_fold;
pub mod precision;
pub mod suspects;
#[cfg(test)]
mod suspects_tests;

pub use comparison::Comparison;
pub use diagnose::diagnose;
pub use evaluate::{EvaluateRequest, EvaluatedRun, evaluate_run};
