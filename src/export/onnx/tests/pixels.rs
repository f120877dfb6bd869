//! Squares as the file makes them, beside Graft's own.

use crate::data::Pixels;
use crate::data::square::{Interpolation, SquareSpec, to_square};
use crate::experiment::Fit;
use crate::export::onnx::graph::{Graph, Port};
use crate::export::onnx::parity::planes;
use crate::export::onnx::preprocessing::{self, Preprocessing, SQUARES};
use crate::export::onnx::{IMAGES, NORMALISED};

use super::{difference, run_whole};

/// Steps, waves and noise: what differs at a rounding shows in some pixel.
fn drawn(width: u32, height: u32) -> Pixels {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519))
                .wrapping_mul(3_266_489_917)
                >> 24;
            let step = if (x / 5 + y / 3) % 2 == 0 { 255 } else { 0 };
            rgb.extend([noise as u8, ((3 * step + noise) / 4) as u8, step as u8]);
        }
    }
    Pixels { width, height, rgb }
}

fn file(what: &Preprocessing, output: &str) -> Vec<u8> {
    let mut graph = Graph::default();
    for name in [IMAGES, SQUARES, NORMALISED] {
        graph.fresh(name);
    }
    preprocessing::write(&mut graph, what, IMAGES, NORMALISED).unwrap();
    graph.prune(&[output]);
    let side = i64::from(what.spec.side);
    let input = Port::pictures(IMAGES);
    let output = Port::floats(output, &[3, side, side]);
    let none = std::collections::BTreeMap::new();
    graph.into_bytes(vec![input], vec![output], &none).unwrap()
}

fn square(side: u32, resize: u32, fit: Fit, interpolation: Interpolation) -> Preprocessing {
    Preprocessing {
        spec: SquareSpec {
            side,
            resize,
            interpolation,
            fit,
            background: [124, 116, 104],
        },
        mean: [0.485, 0.456, 0.406],
        deviation: [0.229, 0.224, 0.225],
    }
}

const FITS: [Fit; 3] = [Fit::CenterCrop, Fit::Squash, Fit::Pad];
const FILTERS: [Interpolation; 2] = [Interpolation::Bilinear, Interpolation::Bicubic];

/// Not a pixel of any square differs.
#[test]
fn squares_are_graft_s_to_the_byte() {
    let sizes = [
        (1, 300),
        (300, 1),
        (1, 1),
        (300, 300),
        (224, 224),
        (640, 480),
        (333, 517),
        (37, 53),
        (100, 99),
        (1500, 1000),
    ];
    for fit in FITS {
        for interpolation in FILTERS {
            for (side, resize) in [(64, 73), (31, 31)] {
                let what = square(side, resize, fit, interpolation);
                let file = file(&what, SQUARES);
                for (width, height) in sizes {
                    let picture = drawn(width, height);
                    let shape = [1, height as usize, width as usize, 3];
                    let found = run_whole(&file, &shape, &picture.rgb).unwrap();
                    let expected = to_square(&picture, &what.spec);
                    let levels = planes(&expected).zip(&found);
                    let different = levels.filter(|(own, other)| own != *other);
                    let different = different.count();
                    let name = format!("{fit:?}, {interpolation:?}, {width} x {height} to {side}");
                    assert_eq!(found.len(), expected.rgb.len(), "{name}");
                    assert_eq!(
                        different,
                        0,
                        "{name}: {different} of {} differ",
                        found.len()
                    );
                }
            }
        }
    }
}

/// Several pictures of one size at once, normalised as the network's are.
#[test]
fn pictures_come_together_and_are_normalised() {
    let what = square(48, 55, Fit::CenterCrop, Interpolation::Bicubic);
    let file = file(&what, NORMALISED);
    let pictures = [drawn(80, 60), Pixels::filled(80, 60, [3, 130, 255])];
    let all: Vec<u8> = pictures.iter().flat_map(|one| one.rgb.clone()).collect();
    let found = run_whole(&file, &[2, 60, 80, 3], &all).unwrap();
    let mut expected = Vec::new();
    for picture in &pictures {
        let square = to_square(picture, &what.spec);
        for channel in 0..3 {
            let [mean, deviation] =
                [what.mean, what.deviation].map(|values| (values[channel] * 255.0) as f32);
            let values = square.rgb.iter().skip(channel).step_by(3);
            expected.extend(values.map(|&value| (f32::from(value) - mean) / deviation));
        }
    }
    let apart = difference(&found, &expected);
    assert!(apart < 1e-6, "{apart}");
}

/// A crop that would show more than there is.
#[test]
fn a_crop_beyond_the_picture_is_refused() {
    let what = square(64, 60, Fit::CenterCrop, Interpolation::Bicubic);
    let mut graph = Graph::default();
    let error = preprocessing::write(&mut graph, &what, IMAGES, NORMALISED).unwrap_err();
    assert!(
        error.to_string().contains("without preprocessing"),
        "{error}"
    );
}
