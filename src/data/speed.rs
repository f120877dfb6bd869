//! How quick pictures become squares on one core of this machine.

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::decode::decode_bytes;
use super::square::{SquareSpec, to_square};
use super::{DataError, Pixels};

/// As the photographs of ImageNet are on average.
pub const WIDTH: u32 = 500;
pub const HEIGHT: u32 = 375;
const QUALITY: u8 = 90;

/// Of one picture, the median of many.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Decoding {
    pub decode_seconds: f64,
    /// Resizing and cropping.
    pub square_seconds: f64,
}

impl Decoding {
    pub fn pictures_per_second(&self) -> f64 {
        1.0 / (self.decode_seconds + self.square_seconds)
    }
}

/// Decodes a JPEG of [`WIDTH`] × [`HEIGHT`] again and again for about `time`, and makes a square of it as `spec` says.
///
/// # Errors
/// When the JPEG could not be written or read.
pub fn measure(spec: &SquareSpec, time: Duration) -> Result<Decoding, DataError> {
    let bytes = jpeg()?;
    let (mut decoding, mut squaring) = (Vec::new(), Vec::new());
    let began = Instant::now();
    while began.elapsed() < time || decoding.is_empty() {
        let start = Instant::now();
        let (picture, _) = decode_bytes(&bytes, Path::new("made up"))?;
        let decoded = Instant::now();
        let square = to_square(&picture, spec);
        squaring.push(decoded.elapsed());
        decoding.push(decoded - start);
        debug_assert_eq!(square.width, spec.side);
    }
    let middle = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    Ok(Decoding {
        decode_seconds: middle(decoding),
        square_seconds: middle(squaring),
    })
}

/// About as hard to decode as a photograph: half a bit to a bit and a half for each value.
pub fn jpeg() -> Result<Vec<u8>, DataError> {
    let picture = photograph();
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .write_image(&picture.rgb, WIDTH, HEIGHT, ExtendedColorType::Rgb8)
        .map_err(|error| DataError::Picture {
            reason: format!("could not be written ({error})"),
            path: "made up".into(),
        })?;
    Ok(bytes.into_inner())
}

/// Soft shapes, a texture in one half and a little noise.
fn photograph() -> Pixels {
    let mut rgb = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let (across, down) = (f64::from(x), f64::from(y));
            let soft = (across / 61.0).sin() + (down / 47.0).cos() + ((across + down) / 29.0).sin();
            let texture = if x < WIDTH / 2 {
                (across * 1.3 + (down / 5.0).sin() * 3.0).sin()
            } else {
                0.0
            };
            let noise = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519);
            let noise = f64::from((noise.wrapping_mul(3_266_489_917)) >> 28) - 7.5;
            for shift in [0.0, 20.0, -25.0] {
                rgb.push((128.0 + shift + 30.0 * soft + 25.0 * texture + noise) as u8);
            }
        }
    }
    Pixels {
        width: WIDTH,
        height: HEIGHT,
        rgb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::square::Interpolation;
    use crate::experiment::Fit;

    #[test]
    fn a_photograph_is_measured() {
        let size = jpeg().unwrap().len();
        assert!((40_000..120_000).contains(&size), "{size} bytes");
        let spec = SquareSpec {
            side: 224,
            resize: 256,
            interpolation: Interpolation::Bilinear,
            fit: Fit::CenterCrop,
            background: [0; 3],
        };
        let measured = measure(&spec, Duration::ZERO).unwrap();
        assert!(measured.pictures_per_second() > 0.0);
    }
}
