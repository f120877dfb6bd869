//! Multinomial logistic regression to convergence: a linear head without a learning rate.
//!
//! The objective is scikit-learn's `LogisticRegression`: the sum of the rows' losses times their weights, and the squares of the
//! weights divided by 2 C; intercepts cost nothing. Two classes have one output and the binary form of it, as scikit-learn has.
//! Features are standardised over the rows that are learned from (`StandardScaler`), and the solution is folded back, so that it
//! is an ordinary linear layer.
//!
//! Everything is computed on the calling thread, on the processor.

mod classifier;
mod cross_validation;
mod fit;
mod lbfgs;
mod one_thread;
mod precondition;
mod problem;
mod rows;
mod settings;

pub use classifier::LinearClassifier;
pub use cross_validation::{CrossValidated, GRID, cross_validated, fit_on_folds};
pub use fit::{Solved, fit};
pub use rows::{MOST_FEATURES_TOGETHER, Rows, row_weights};
pub use settings::{Iteration, Settings, Watch};

#[cfg(test)]
mod tests;
