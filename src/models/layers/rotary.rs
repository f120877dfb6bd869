//! Rotary position embedding: Su et al., “RoFormer: Enhanced Transformer with Rotary Position Embedding”, 2021 (arXiv
//! 2104.09864), of places in a picture. Pairs of a query's and a key's numbers are turned by angles that grow with the place
//! of their patch, so that their product depends on how far apart they are.

use std::f64::consts::TAU;
use std::sync::{Mutex, PoisonError};

use tch::{Device, TchError, Tensor};

use super::super::ModelError;

/// By which angles, and which numbers are a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum RotaryKind {
    /// Siméoni et al., “DINOv3”, 2025 (arXiv 2508.10104): places from -1 to 1 across the picture whatever its grid, periods
    /// up to 100. A number's partner stands half a head away.
    Dinov3,
    /// Fang et al., “EVA-02: A Visual Representation for Neon Genesis”, 2023 (arXiv 2303.11331): places as on the grid of
    /// this side that was seen first, frequencies down to 1 / 10000. Neighbours are a pair.
    Eva02 { reference: f64 },
}

/// Turns queries and keys. The blocks of a network share one.
#[derive(Debug)]
pub(in super::super) struct Rotary {
    kind: RotaryKind,
    /// Width of a head; a multiple of 4.
    depth: i64,
    /// Tokens before the patches, which have no place and are not turned.
    own_tokens: i64,
    /// Of the grid that was asked last.
    kept: Mutex<Option<Table>>,
}

/// Cosines and sines `[T, depth]`, in single precision.
#[derive(Debug)]
struct Table {
    side: i64,
    device: Device,
    cosines: Tensor,
    sines: Tensor,
}

impl Rotary {
    pub fn new(kind: RotaryKind, depth: i64, own_tokens: i64) -> Self {
        Self {
            kind,
            depth,
            own_tokens,
            kept: Mutex::new(None),
        }
    }

    /// Queries or keys `[…, T, depth]` of a square grid of patches to the same shape and kind.
    ///
    /// # Errors
    /// When the patches are no square; libtorch's own.
    pub fn turn(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let tokens = x.size().into_iter().rev().nth(1).unwrap_or_default();
        let (cosines, sines) = self.table(tokens, x.device())?;
        let half = self.depth / 2;
        let partners = match self.kind {
            RotaryKind::Dinov3 => {
                let second = x.f_narrow(-1, half, half)?.f_neg()?;
                Tensor::f_cat(&[second, x.f_narrow(-1, 0, half)?], -1)?
            }
            RotaryKind::Eva02 { .. } => {
                let mut shape = x.size();
                shape.pop();
                shape.extend([half, 2]);
                let pairs = x.f_reshape(shape)?;
                let second = pairs.f_narrow(-1, 1, 1)?.f_neg()?;
                Tensor::f_cat(&[second, pairs.f_narrow(-1, 0, 1)?], -1)?.f_flatten(-2, -1)?
            }
        };
        // Sums are made in single precision, whatever `x` is in.
        let turned = x.f_mul(&cosines)?.f_add(&partners.f_mul(&sines)?)?;
        Ok(turned.f_to_kind(x.kind())?)
    }

    /// Cosines and sines for so many tokens.
    fn table(&self, tokens: i64, device: Device) -> Result<(Tensor, Tensor), ModelError> {
        let patches = tokens - self.own_tokens;
        let side = patches.max(0).isqrt();
        if side * side != patches || side == 0 {
            let reason = format!(
                "{tokens} tokens are no square of patches after {} others",
                self.own_tokens
            );
            return Err(TchError::Shape(reason).into());
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let table = match kept.take() {
            Some(table) if (table.side, table.device) == (side, device) => table,
            _ => {
                let tensor = |values: Vec<f32>| {
                    Tensor::f_from_slice(&values)?
                        .f_view([tokens, self.depth])?
                        .f_to(device)
                };
                let angles = self.angles(side);
                Table {
                    side,
                    device,
                    cosines: tensor(angles.iter().map(|angle| angle.cos() as f32).collect())?,
                    sines: tensor(angles.iter().map(|angle| angle.sin() as f32).collect())?,
                }
            }
        };
        let found = (table.cosines.shallow_clone(), table.sines.shallow_clone());
        *kept = Some(table);
        Ok(found)
    }

    /// The angle of every number of every token, row by row; 0 for the network's own tokens.
    fn angles(&self, side: i64) -> Vec<f64> {
        // A quarter of a head's numbers turns with the row and a quarter with the column; partners share an angle.
        let bands = self.depth / 4;
        let share = |band: i64| band as f64 / bands as f64;
        let angle = |place: i64, band: i64| match self.kind {
            RotaryKind::Dinov3 => {
                let coordinate = 2.0 * (place as f64 + 0.5) / side as f64 - 1.0;
                TAU * coordinate / 100f64.powf(share(band))
            }
            RotaryKind::Eva02 { reference } => {
                let coordinate = place as f64 / side as f64 * reference;
                coordinate / 10_000f64.powf(share(band))
            }
        };
        let mut all = vec![0.0; (self.own_tokens * self.depth) as usize];
        for row in 0..side {
            for column in 0..side {
                let places = [row, column];
                let of_patch = places
                    .iter()
                    .flat_map(|&place| (0..bands).map(move |band| angle(place, band)));
                match self.kind {
                    RotaryKind::Dinov3 => {
                        all.extend(of_patch.clone());
                        all.extend(of_patch);
                    }
                    RotaryKind::Eva02 { .. } => {
                        all.extend(of_patch.flat_map(|angle| [angle, angle]));
                    }
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    const KINDS: [RotaryKind; 2] = [RotaryKind::Dinov3, RotaryKind::Eva02 { reference: 16.0 }];

    /// The product of a query and a key depends on how far their patches are apart, and on nothing else; the network's own
    /// tokens stay as they are.
    #[test]
    fn products_depend_on_the_distance_of_patches() {
        let (own, side, depth) = (3, 5, 16);
        for kind in KINDS {
            let rotary = Rotary::new(kind, depth, own);
            let options = (Kind::Double, Device::Cpu);
            let one = |seed: f64| (Tensor::arange(depth, options) * seed).sin();
            let tokens = own + side * side;
            let alike = |row: Tensor| rotary.turn(&row.expand([tokens, depth], false)).unwrap();
            let (query, key) = (alike(one(1.3)), alike(one(0.7)));
            assert!(query.get(own - 1).equal(&one(1.3)));
            let product =
                |a: i64, b: i64| (query.get(own + a) * key.get(own + b)).sum(Kind::Double);
            let at = |row: i64, column: i64| row * side + column;
            let near = product(at(0, 0), at(1, 2)).double_value(&[]);
            let moved = product(at(3, 1), at(4, 3)).double_value(&[]);
            let other = product(at(0, 0), at(2, 1)).double_value(&[]);
            assert!((near - moved).abs() < 1e-5, "{kind:?}: {near}, {moved}");
            assert!((near - other).abs() > 1e-3, "{kind:?}: {near}, {other}");
        }
    }

    #[test]
    fn another_grid_asks_for_other_angles_and_no_square_is_refused() {
        for kind in KINDS {
            let rotary = Rotary::new(kind, 8, 1);
            let turned = |tokens: i64| {
                let x = Tensor::ones([2, 1, tokens, 8], (Kind::Float, Device::Cpu));
                rotary.turn(&x)
            };
            let small = turned(1 + 4).unwrap();
            assert_eq!(turned(1 + 9).unwrap().size(), [2, 1, 10, 8]);
            assert!(turned(1 + 4).unwrap().equal(&small), "{kind:?}");
            assert!(turned(1 + 5).is_err() && turned(1).is_err(), "{kind:?}");
        }
    }
}
