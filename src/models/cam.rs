//! Class activation maps: Selvaraju et al., “Grad-CAM: Visual Explanations from Deep Networks via
//! Gradient-based Localization”, 2017 (arXiv 1610.02391).
//!
//! With A the activations `[C, H, W]` of the last convolutional stage (the grid before pooling) and y
//! a class's score before softmax, every channel is weighted by the mean of dy/dA over its positions:
//! L = ReLU(Σ_c mean(dy/dA_c) A_c). A vision transformer has no such grid: there the same is done with
//! the patch tokens that enter its last block, the last place where they still reach the class token
//! (as the authors of `pytorch-grad-cam` advise); also where the features are the mean of the patches.

use tch::{Tensor, no_grad_guard};

use super::layers::Pass;
use super::tokens::TokenLayout;
use super::{Backbone, ModelError};

/// What a map is made from.
pub enum Activations {
    /// `[N, C, H, W]`: the output of the last convolutional stage.
    Grid(Tensor),
    /// `[N, P + H W, C]`: the network's own tokens, then the patches, as they enter the last block.
    Tokens {
        tokens: Tensor,
        layout: TokenLayout,
        /// Patches from top to bottom and from left to right.
        grid: (i64, i64),
    },
}

/// Segments that follow the tokens of [`Activations::Tokens`]: the last block and the normalisation.
const AFTER_TOKENS: usize = 2;

impl Activations {
    /// Runs `backbone` over normalised pictures `[N, 3, S, S]` as inference, without gradients.
    ///
    /// # Errors
    /// libtorch's own, and when the network ends in something that is neither a grid nor tokens.
    pub fn of(backbone: &dyn Backbone, input: &Tensor) -> Result<Self, ModelError> {
        let _guard = no_grad_guard();
        let pass = Pass::inference();
        let mut x = input.shallow_clone();
        let mut entering = None;
        for segment in 0..backbone.segments() {
            if segment + AFTER_TOKENS == backbone.segments() && x.dim() == 3 {
                entering = Some(x.f_detach_copy()?);
            }
            x = backbone.forward_segment(segment, &x, &pass)?;
        }
        if x.dim() == 4 {
            return Ok(Self::Grid(x));
        }
        let (Some(tokens), Some(layout)) = (entering, TokenLayout::of(backbone.info().name)) else {
            return Err(no_grid(backbone));
        };
        let patches = (tokens.size()[1] - layout.own_tokens).max(0);
        // Pictures are square, and so is what they are cut into.
        let side = patches.isqrt();
        if side * side != patches {
            return Err(no_grid(backbone));
        }
        let grid = (side, side);
        Ok(Self::Tokens {
            tokens,
            layout,
            grid,
        })
    }

    /// The maps `[N, H, W]` of the class whose scores `[N]` `score` gives for the backbone's features
    /// (`[N, C, H, W]`, or `[N, C]` of a transformer). 0 and above, not scaled.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn map(
        &self,
        backbone: &dyn Backbone,
        score: &dyn Fn(&Tensor) -> Result<Tensor, ModelError>,
    ) -> Result<Tensor, ModelError> {
        let given = match self {
            Self::Grid(grid) => grid,
            Self::Tokens { tokens, .. } => tokens,
        };
        let leaf = given.f_detach()?.f_set_requires_grad(true)?;
        let scores = tch::with_grad(|| {
            let mut x = leaf.shallow_clone();
            if matches!(self, Self::Tokens { .. }) {
                let last = backbone.segments();
                for segment in last - AFTER_TOKENS..last {
                    x = backbone.forward_segment(segment, &x, &Pass::inference())?;
                }
            }
            // Pictures do not depend on each other, so the gradient of the sum is that of each.
            score(&x)?.f_sum(given.kind()).map_err(ModelError::from)
        })?;
        let gradients = Tensor::f_run_backward(&[scores], &[&leaf], false, false)?;
        let [gradient] = &gradients[..] else {
            return Err(no_grid(backbone));
        };
        let _guard = no_grad_guard();
        let activations = self.as_grid(&leaf.f_detach()?)?;
        let weights = self
            .as_grid(gradient)?
            .f_mean_dim([2i64, 3].as_slice(), true, None)?;
        let sum = activations
            .f_mul(&weights)?
            .f_sum_dim_intlist([1i64].as_slice(), false, None)?;
        Ok(sum.f_relu()?)
    }

    /// Tokens without the network's own laid out as `[N, C, H, W]`; a grid as it is.
    fn as_grid(&self, tensor: &Tensor) -> Result<Tensor, ModelError> {
        let Self::Tokens { layout, grid, .. } = self else {
            return Ok(tensor.shallow_clone());
        };
        let (pictures, _, features) = tensor.size3()?;
        Ok(layout
            .patches(tensor)?
            .f_transpose(1, 2)?
            .f_reshape([pictures, features, grid.0, grid.1])?)
    }
}

fn no_grid(backbone: &dyn Backbone) -> ModelError {
    ModelError::NoMap(backbone.info().title.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use tch::Device;

    use super::super::parity;
    use super::*;

    /// The map of one class, row by row.
    #[derive(Deserialize)]
    struct Map {
        class: i64,
        map: Vec<Vec<f64>>,
    }

    #[derive(Deserialize)]
    struct Golden {
        side: i64,
        maps: Vec<Map>,
    }

    #[test]
    fn maps_are_those_of_hooks_on_the_reference() {
        let golden: BTreeMap<String, Golden> =
            serde_json::from_str(include_str!("../../tests/golden/cam.json")).unwrap();
        assert!(golden.len() >= 12);
        for (name, expected) in &golden {
            let network = parity::filled(name, Device::Cpu).unwrap();
            let network = network.as_ref();
            let input = parity::pictures(1, expected.side).unwrap();
            let activations = Activations::of(network, &input).unwrap();
            for Map { class, map } in &expected.maps {
                let score = |features: &Tensor| {
                    let logits = parity::answers(network, features, &Pass::inference())?;
                    Ok(logits.f_select(1, *class)?)
                };
                let found = activations.map(network, &score).unwrap();
                assert_eq!(
                    found.size(),
                    [1, map.len() as i64, map[0].len() as i64],
                    "{name}"
                );
                let largest = map.iter().flatten().copied().fold(0.0, f64::max);
                assert!(largest > 0.0, "{name}: the recorded map says nothing");
                for (y, row) in (0i64..).zip(map) {
                    for (x, value) in (0i64..).zip(row) {
                        let error = (found.double_value(&[0, y, x]) - value).abs() / largest;
                        assert!(error < 1e-3, "{name}, class {class} at {x}, {y}: {error}");
                    }
                }
            }
        }
    }
}
