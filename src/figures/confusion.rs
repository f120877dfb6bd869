//! The confusion matrix as a figure.
