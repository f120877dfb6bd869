//! One picture's bytes to upright RGB pixels.

use super::{DataError, PictureSource, Pixels};

/// Decodes to RGB8: EXIF rotation applied, alpha laid on white, 16 bits to 8, CMYK converted.
pub fn decode(source: &PictureSource) -> Result<Pixels, DataError> {
    let _ = source;
    unimplemented!()
}
