//! What the curvature of the loss is like, from how features go together: L-BFGS that begins with it needs a fraction of the
//! iterations, because the features of a network are far from independent.

use tch::{Device, Kind, Tensor};

use super::rows::Prepared;
use crate::libtorch::numbers::WithNumber;
use crate::training::error::TrainingError;

/// Of the curvature, what is added to directions that features hardly take: the first that leaves a matrix with a factor. Where
/// features nearly all say the same, their products, of single precision, are rounded to less than nothing along the others.
const SHARES: [f64; 3] = [1e-6, 1e-4, 1e-2];

/// The inverse of a curvature: that of the squared error on the same features, which the loss's is like, and the penalty's.
pub(super) struct Preconditioner {
    /// `[features, features]`, single precision.
    inverse: Tensor,
    intercept: f64,
    features: i64,
    outputs: i64,
}

impl Preconditioner {
    /// `curvature`: the mean of p (1 - p) over rows and classes; `penalty`: half of what the squares of weights cost. Nothing
    /// with very many features, and with such as have no factor.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(
        prepared: &Prepared,
        curvature: f64,
        penalty: f64,
    ) -> Result<Option<Self>, TrainingError> {
        let Some(together) = &prepared.together else {
            return Ok(None);
        };
        let features = prepared.features as i64;
        let curvature = curvature.max(1e-4);
        let together = together.f_mul_number(curvature)?;
        let diagonal = Tensor::f_eye(features, (Kind::Double, Device::Cpu))?;
        for share in SHARES {
            let own = diagonal.f_mul_number(penalty + share * curvature)?;
            let (factor, failed) = together.f_add(&own)?.f_linalg_cholesky_ex(false, false)?;
            if failed.f_int64_value(&[])? != 0 {
                continue;
            }
            return Ok(Some(Self {
                inverse: factor.f_cholesky_inverse(false)?.f_to_kind(Kind::Float)?,
                intercept: 1.0 / curvature,
                features,
                outputs: prepared.outputs() as i64,
            }));
        }
        Ok(None)
    }

    /// The inverse times `gradient`, `[features · outputs + outputs]` with the intercepts last, in double precision.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn apply(&self, gradient: &Tensor) -> Result<Tensor, TrainingError> {
        let split = self.features * self.outputs;
        let weights = gradient
            .f_narrow(0, 0, split)?
            .f_reshape([self.features, self.outputs])?
            .f_to_kind(Kind::Float)?;
        let moved = self.inverse.f_mm(&weights)?.f_to_kind(Kind::Double)?;
        let intercepts = gradient
            .f_narrow(0, split, self.outputs)?
            .f_mul_number(self.intercept)?;
        Ok(Tensor::f_cat(&[moved.f_reshape([split])?, intercepts], 0)?)
    }
}
