//! The rows that logistic regression learns from, checked and standardised.

use tch::{Kind, Tensor};

use crate::libtorch::numbers::WithNumber;
use crate::training::error::TrainingError;

/// Features with their classes, as they come from a network.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// `[rows, features]`, row by row.
    pub values: &'a [f32],
    pub features: usize,
    /// The class of each row.
    pub labels: &'a [u32],
    /// How many classes there are, also where some have no rows.
    pub classes: usize,
    /// What the loss of each row counts, 1 when absent; see [`row_weights`].
    pub weights: Option<&'a [f64]>,
}

/// The weight of each row, where each class has one.
pub fn row_weights(labels: &[u32], class_weights: &[f64]) -> Vec<f64> {
    let weight = |&label: &u32| class_weights.get(label as usize).copied().unwrap_or(1.0);
    labels.iter().map(weight).collect()
}

/// What is made of the features' products takes time by their third power, and saves about half of the passes over the rows.
/// With more features it takes longer than it saves …
pub const MOST_FEATURES_TOGETHER: usize = 4096;
/// … and where the square of their number is more than this times what one pass computes for each of them.
const MOST_SQUARES: usize = 8;

/// Rows as the solver takes them.
pub(super) struct Prepared {
    /// `[rows, features]`, in single precision; each feature has mean 0 and deviation 1 over all rows.
    pub standard: Tensor,
    pub rows: usize,
    pub features: usize,
    pub classes: usize,
    /// `[rows, 1, 1]`, int64.
    pub labels: Tensor,
    pub classes_of_rows: Vec<u32>,
    pub weights: Vec<f64>,
    /// The fold of each row.
    pub folds: Vec<usize>,
    /// Of the features as they came.
    pub mean: Vec<f64>,
    pub deviation: Vec<f64>,
    /// One for each fold.
    pub moments: Vec<Moments>,
    /// How features go together, `[features, features]` in double precision: the mean of their products. Absent where there
    /// are very many.
    pub together: Option<Tensor>,
}

/// Sums over the rows of a fold, of standardised features.
pub(super) struct Moments {
    pub rows: usize,
    pub sum: Vec<f64>,
    pub squares: Vec<f64>,
}

impl Prepared {
    /// # Errors
    /// [`TrainingError::Experiment`] where there is nothing to learn from, or numbers are none; libtorch's own.
    pub fn new(rows: &Rows<'_>, folds: &[usize], fold_count: usize) -> Result<Self, TrainingError> {
        check(rows, folds, fold_count)?;
        let Rows {
            values,
            features,
            labels,
            classes,
            weights,
        } = *rows;
        let count = labels.len();
        let mut mean = vec![0.0; features];
        for row in values.chunks_exact(features) {
            add(&mut mean, row.iter().map(|&value| f64::from(value)));
        }
        mean.iter_mut().for_each(|sum| *sum /= count as f64);
        let mut deviation = vec![0.0; features];
        for row in values.chunks_exact(features) {
            let apart = row.iter().zip(&mean).map(|(&value, mean)| {
                let apart = f64::from(value) - mean;
                apart * apart
            });
            add(&mut deviation, apart);
        }
        for (sum, mean) in deviation.iter_mut().zip(&mean) {
            let variance = *sum / count as f64;
            // A feature that is the same everywhere says nothing, and is left as it is (scikit-learn's StandardScaler).
            *sum = match variance > 1e-20 * mean * mean && variance > 0.0 {
                true => variance.sqrt(),
                false => 1.0,
            };
        }
        let mut standard = Vec::with_capacity(values.len());
        let mut moments: Vec<Moments> = (0..fold_count)
            .map(|_| Moments {
                rows: 0,
                sum: vec![0.0; features],
                squares: vec![0.0; features],
            })
            .collect();
        for (row, &fold) in values.chunks_exact(features).zip(folds) {
            let own = &mut moments[fold];
            own.rows += 1;
            for (index, &value) in row.iter().enumerate() {
                let value = ((f64::from(value) - mean[index]) / deviation[index]) as f32;
                standard.push(value);
                let value = f64::from(value);
                own.sum[index] += value;
                own.squares[index] += value * value;
            }
        }
        let numbers: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
        let shape = [count as i64, features as i64];
        let tensor = Tensor::f_from_slice(&standard)?.f_reshape(shape)?;
        drop(standard);
        Ok(Self {
            together: match is_worth(features, count, outputs(classes) * fold_count) {
                true => Some(products(&tensor)?),
                false => None,
            },
            standard: tensor,
            rows: count,
            features,
            classes,
            labels: Tensor::f_from_slice(&numbers)?.f_reshape([-1i64, 1, 1])?,
            classes_of_rows: labels.to_vec(),
            weights: weights.map_or_else(|| vec![1.0; count], <[f64]>::to_vec),
            folds: folds.to_vec(),
            mean,
            deviation,
            moments,
        })
    }

    /// Outputs that are solved for: two classes differ by one (scikit-learn's binary form).
    pub fn outputs(&self) -> usize {
        outputs(self.classes)
    }
}

fn outputs(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// Whether products of features pay: `columns` are solved for at once.
fn is_worth(features: usize, rows: usize, columns: usize) -> bool {
    let pass = rows.saturating_mul(columns);
    features <= MOST_FEATURES_TOGETHER
        && features.saturating_mul(features) <= MOST_SQUARES.saturating_mul(pass)
}

/// The mean products of features, of `[rows, features]`.
fn products(rows: &Tensor) -> Result<Tensor, TrainingError> {
    let sums = rows.f_transpose(0, 1)?.f_mm(rows)?;
    let count = rows.size()[0].max(1) as f64;
    Ok(sums.f_to_kind(Kind::Double)?.f_div_number(count)?)
}

fn add(sums: &mut [f64], values: impl Iterator<Item = f64>) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

fn check(rows: &Rows<'_>, folds: &[usize], fold_count: usize) -> Result<(), TrainingError> {
    let refuse = |text: String| Err(TrainingError::Experiment(text));
    let count = rows.labels.len();
    let fits = count.checked_mul(rows.features) == Some(rows.values.len())
        && rows.features > 0
        && folds.len() == count
        && folds.iter().all(|fold| *fold < fold_count)
        && (rows.weights).is_none_or(|weights| weights.len() == count)
        && (rows.labels.iter()).all(|label| (*label as usize) < rows.classes);
    if !fits {
        return refuse(format!(
            "logistic regression was given {} numbers as {count} rows of {} features, which do not fit together",
            rows.values.len(),
            rows.features
        ));
    }
    let is_bad = |weight: &f64| !weight.is_finite() || *weight < 0.0;
    if rows
        .weights
        .is_some_and(|weights| weights.iter().any(is_bad))
    {
        return refuse(
            "logistic regression was given a weight that is negative or no number".into(),
        );
    }
    if let Some(at) = rows.values.iter().position(|value| !value.is_finite()) {
        return refuse(format!(
            "the features of row {} of {count} hold a value that is no number, from which nothing can be learned",
            at / rows.features + 1
        ));
    }
    let counts = |row: usize| rows.weights.is_none_or(|weights| weights[row] > 0.0);
    let mut learned = (0..count)
        .filter(|&row| counts(row))
        .map(|row| rows.labels[row]);
    let first = learned.next();
    if !learned.any(|label| Some(label) != first) {
        return refuse(
            "logistic regression needs training pictures of at least two classes".into(),
        );
    }
    Ok(())
}
