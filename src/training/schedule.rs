//! The learning rate of every step.
