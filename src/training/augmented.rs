//! Augmentation as operations on whole batches, for graphics cards, where it costs next to nothing: what
//! [`crate::data::augment`] does to one picture after the other on the processor, within a grey level.

use tch::{Device, Kind, TchError, Tensor};

use crate::data::augment::Change;
use crate::libtorch::cuda;
use crate::libtorch::numbers::{WithNumber, arange};

/// Carries out `changes`, one for each picture, on grey levels `[N, H, W, 3]` of any kind; gives them in single precision,
/// whole numbers `[N, H, W, 3]`.
pub(super) fn augmented(pictures: &Tensor, changes: &[Change]) -> Result<Tensor, TchError> {
    let mut x = pictures.f_to_kind(Kind::Float)?;
    let batch = Batch {
        changes,
        device: x.device(),
    };
    // Channels first, as a view: the memory stays as it is.
    x = x.f_permute([0i64, 3, 1, 2])?;
    if changes.iter().any(|change| change.affine.is_some()) {
        x = batch.moved(&x)?;
    }
    if changes
        .iter()
        .any(|change| change.brightness != 0.0 || change.contrast != 1.0)
    {
        x = batch.levelled(&x)?;
    }
    if changes.iter().any(|change| change.color.is_some()) {
        x = batch.colored(&x)?;
    }
    if changes.iter().any(|change| change.cutout.is_some()) {
        x = batch.cut_out(&x)?;
    }
    // Some operations leave the channels first in memory.
    x.f_permute([0i64, 2, 3, 1])?.f_contiguous()
}

struct Batch<'a> {
    changes: &'a [Change],
    device: Device,
}

impl Batch<'_> {
    /// As many numbers of every change as there are in `shape` beside the batch.
    fn numbers<const COUNT: usize>(
        &self,
        shape: &[i64],
        of: impl Fn(&Change) -> [f64; COUNT],
    ) -> Result<Tensor, TchError> {
        let numbers: Vec<f32> = self
            .changes
            .iter()
            .flat_map(|change| of(change).map(|number| number as f32))
            .collect();
        let shape = [&[self.changes.len() as i64], shape].concat();
        let numbers = Tensor::f_from_slice(&numbers)?.f_reshape(shape)?;
        cuda::tensor_to(&numbers, self.device)
    }

    /// Mixed bilinearly, mirrored beyond the borders.
    fn moved(&self, x: &Tensor) -> Result<Tensor, TchError> {
        const BILINEAR: i64 = 0;
        const REFLECTION: i64 = 2;
        let (_, _, height, width) = x.size4()?;
        const STILL: [f64; 6] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let middles = |length: i64, shape: [i64; 3]| {
            arange(length, (Kind::Float, self.device))?
                .f_add_number(0.5)?
                .f_reshape(shape)
        };
        let across = middles(width, [1, 1, width])?;
        let down = middles(height, [1, height, 1])?;
        // By sums of products, because a matrix product may be rounded to TF32. libtorch counts coordinates from -1 to 1, from
        // border to border.
        let along = |first: usize, length: i64| -> Result<Tensor, TchError> {
            let factor = |index: usize| {
                self.numbers(&[1, 1], |change| [change.affine.unwrap_or(STILL)[index]])
            };
            let coordinate = factor(first)?
                .f_mul(&across)?
                .f_add(&factor(first + 1)?.f_mul(&down)?)?
                .f_add(&factor(first + 2)?)?;
            coordinate
                .f_mul_number(2.0 / length as f64)?
                .f_sub_number(1.0)
        };
        let grid = Tensor::f_stack(&[along(0, width)?, along(3, height)?], -1)?;
        x.f_grid_sampler(&grid, BILINEAR, REFLECTION, false)?
            .f_round()
    }

    fn levelled(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let brightness = self.numbers(&[1, 1, 1], |change| [change.brightness])?;
        let contrast = self.numbers(&[1, 1, 1], |change| [change.contrast])?;
        let brightened = x.f_add(&brightness)?.f_clamp_numbers(0.0, 255.0)?;
        let mean = brightened.f_mean_dim([2i64, 3].as_slice(), true, Kind::Float)?;
        brightened
            .f_sub(&mean)?
            .f_mul(&contrast)?
            .f_add(&mean)?
            .f_round()?
            .f_clamp_numbers(0.0, 255.0)
    }

    /// As sums of products, because a matrix product may be rounded to TF32.
    fn colored(&self, x: &Tensor) -> Result<Tensor, TchError> {
        const SAME: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let part = |channel: usize| {
            let column = self.numbers(&[3, 1, 1], |change| {
                change.color.unwrap_or(SAME).map(|row| row[channel])
            })?;
            x.f_narrow(1, channel as i64, 1)?.f_mul(&column)
        };
        part(0)?
            .f_add(&part(1)?)?
            .f_add(&part(2)?)?
            .f_add_number(0.5)?
            .f_floor()?
            .f_clamp_numbers(0.0, 255.0)
    }

    fn cut_out(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let (_, _, height, width) = x.size4()?;
        let square = |index: usize| {
            self.numbers(&[1, 1, 1], |change| {
                [change.cutout.map_or(0.0, |square| square[index] as f64)]
            })
        };
        let (left, top, side) = (square(0)?, square(1)?, square(2)?);
        let along = |length: i64, shape: [i64; 4], begin: &Tensor| {
            let positions = arange(length, (Kind::Float, self.device))?.f_reshape(shape)?;
            positions
                .f_ge_tensor(begin)?
                .f_logical_and(&positions.f_lt_tensor(&begin.f_add(&side)?)?)
        };
        let inside = along(width, [1, 1, 1, width], &left)?.f_logical_and(&along(
            height,
            [1, 1, height, 1],
            &top,
        )?)?;
        let mean = x
            .f_mean_dim([1i64, 2, 3].as_slice(), true, Kind::Float)?
            .f_round()?;
        mean.f_where_self(&inside, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pixels;
    use crate::data::augment::{augment, oriented, test_orientations};
    use crate::experiment::{Augmentation, TestViews, Views};
    use crate::models::device::tests_card;

    const SIDE: u32 = 48;

    /// Smooth, with colours, and brighter towards one corner.
    fn picture(number: u32) -> Pixels {
        let mut rgb = Vec::new();
        for y in 0..SIDE {
            for x in 0..SIDE {
                let wave = |width: f64| {
                    let along = f64::from(x + number * 5) / width + f64::from(y) / 9.0;
                    (110.0 + 90.0 * along.sin() + f64::from(x)) as u8
                };
                rgb.extend([wave(5.0), wave(8.0), wave(13.0)]);
            }
        }
        Pixels {
            width: SIDE,
            height: SIDE,
            rgb,
        }
    }

    fn devices() -> Vec<Device> {
        [Device::Cpu].into_iter().chain(tests_card()).collect()
    }

    /// Of all values, how far they are from the processor's at most, and the share of those that differ at all.
    fn differences(
        pictures: &[Pixels],
        expected: &[Pixels],
        changes: &[Change],
        device: Device,
    ) -> (f64, f64) {
        let tensor = |pictures: &[Pixels]| {
            let bytes: Vec<u8> = pictures
                .iter()
                .flat_map(|picture| picture.rgb.clone())
                .collect();
            let side = i64::from(SIDE);
            Tensor::from_slice(&bytes)
                .view([pictures.len() as i64, side, side, 3])
                .to(device)
        };
        let got = augmented(&tensor(pictures), changes).unwrap();
        assert_eq!(got.device(), device);
        let difference = (got - tensor(expected)).abs();
        let share = difference.gt(0.0).to_kind(Kind::Float).mean(Kind::Float);
        (difference.max().double_value(&[]), share.double_value(&[]))
    }

    /// Each change alone and all together are what the processor does to the bytes.
    #[test]
    fn batches_are_changed_as_pictures_are() {
        let all = Augmentation {
            horizontal_flip: true,
            vertical_flip: true,
            rotation: 30.0,
            zoom: 0.3,
            translation: 0.2,
            crop: 0.4,
            contrast: 0.4,
            brightness: 0.2,
            color_jitter: 0.5,
            cutout: 0.5,
            views: Views::Fresh,
            ..Augmentation::default()
        };
        let none = Augmentation {
            views: Views::Fresh,
            ..Augmentation::default()
        };
        // The largest difference in grey levels, and the share that may differ: coordinates are rounded to 256ths of a pixel
        // there and not here, and contrast and colour enlarge what differs.
        let cases = [
            (none.clone(), 0.0, 0.0),
            (
                Augmentation {
                    horizontal_flip: true,
                    vertical_flip: true,
                    ..none.clone()
                },
                0.0,
                0.0,
            ),
            (
                Augmentation {
                    rotation: 30.0,
                    ..none.clone()
                },
                1.0,
                0.2,
            ),
            (
                Augmentation {
                    zoom: 0.3,
                    ..none.clone()
                },
                1.0,
                0.2,
            ),
            (
                Augmentation {
                    translation: 0.2,
                    ..none.clone()
                },
                1.0,
                0.2,
            ),
            (
                Augmentation {
                    crop: 0.4,
                    ..none.clone()
                },
                1.0,
                0.2,
            ),
            (
                Augmentation {
                    brightness: 0.2,
                    ..none.clone()
                },
                1.0,
                0.01,
            ),
            (
                Augmentation {
                    contrast: 0.4,
                    ..none.clone()
                },
                1.0,
                0.01,
            ),
            (
                Augmentation {
                    color_jitter: 0.5,
                    ..none.clone()
                },
                1.0,
                0.01,
            ),
            (
                Augmentation {
                    cutout: 0.5,
                    ..none
                },
                0.0,
                0.0,
            ),
            (all, 4.0, 0.3),
        ];
        let pictures: Vec<Pixels> = (0..12).map(picture).collect();
        for device in devices() {
            for (augmentation, largest, share) in &cases {
                let seeds = 0..pictures.len() as u64;
                let expected: Vec<Pixels> = pictures
                    .iter()
                    .zip(seeds.clone())
                    .map(|(picture, seed)| augment(picture, augmentation, seed, 3))
                    .collect();
                let changes: Vec<Change> = seeds
                    .map(|seed| Change::drawn(augmentation, seed, 3, (SIDE, SIDE)))
                    .collect();
                let (found, differ) = differences(&pictures, &expected, &changes, device);
                assert!(
                    found <= *largest && differ <= *share,
                    "{augmentation:?}: {found} at most, {differ} differ"
                );
                let is_changed = expected != pictures;
                assert_eq!(is_changed, augmentation.is_active(), "{augmentation:?}");
            }
        }
    }

    #[test]
    fn flips_and_turns_of_tests_are_exact() {
        let augmentation = Augmentation {
            horizontal_flip: true,
            rotation: 180.0,
            ..Augmentation::default()
        };
        let views = test_orientations(&augmentation, TestViews::FlipsAndTurns);
        assert_eq!(views.len(), 8);
        let pictures: Vec<Pixels> = (0..8).map(picture).collect();
        let expected: Vec<Pixels> = pictures
            .iter()
            .zip(&views)
            .map(|(picture, view)| oriented(picture, *view))
            .collect();
        let changes: Vec<Change> = (views.iter())
            .map(|view| Change::oriented(*view, (SIDE, SIDE)))
            .collect();
        for device in devices() {
            assert_eq!(
                differences(&pictures, &expected, &changes, device),
                (0.0, 0.0)
            );
        }
    }
}
