//! One picture's bytes to upright RGB pixels.

mod flatten;
mod jpeg;

use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::square::fit_within;
use super::{DataError, MAX_PIXELS, MAX_SIDE, PictureSource, Pixels};
use crate::ordinary_file::{self, Links};

/// A larger file is not read; no picture within the limits of size needs as much.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// What a decoder may allocate: [`MAX_PIXELS`] with four channels of 16 bits, and as much again to
/// work with.
const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 16;

/// Decodes to RGB8: EXIF rotation applied, alpha laid on white, 16 bits to 8, CMYK converted.
///
/// # Errors
/// [`DataError::Picture`] with what is wrong and what to do.
pub fn decode(source: &PictureSource) -> Result<Pixels, DataError> {
    let decoded = match source {
        PictureSource::File(path) => read_file(path).and_then(|bytes| decode_guarded(&bytes)),
        PictureSource::Record { file, index } => file.decode(*index),
    };
    decoded.map_err(|reason| DataError::Picture {
        reason,
        path: source.path().to_path_buf(),
    })
}

/// Decodes the contents of a picture file, whatever its name; `path` is for messages.
pub fn decode_bytes(bytes: &[u8], path: &Path) -> Result<Pixels, DataError> {
    decode_guarded(bytes).map_err(|reason| DataError::Picture {
        reason,
        path: path.to_path_buf(),
    })
}

/// A small, antialiased version: its longer side is at most `side`; nothing is enlarged.
pub fn thumbnail(source: &PictureSource, side: u32) -> Result<Pixels, DataError> {
    let picture = decode(source)?;
    if picture.width.max(picture.height) <= side {
        return Ok(picture);
    }
    let (width, height) = fit_within(picture.width, picture.height, side.max(1));
    Ok(shrink(&picture, width, height))
}

/// [`decode`] of several pictures, on all cores.
pub fn decode_all(sources: &[PictureSource]) -> Vec<Result<Pixels, DataError>> {
    aside(sources, decode)
}

/// [`thumbnail`] of several pictures, on all cores.
pub fn thumbnails(sources: &[PictureSource], side: u32) -> Vec<Result<Pixels, DataError>> {
    aside(sources, |source| thumbnail(source, side))
}

/// `work` on each of a few pictures, on a few threads of their own: rayon's may be busy with a scan of
/// thousands, behind which whoever looks at a picture would wait.
fn aside<T: Send>(sources: &[PictureSource], work: impl Fn(&PictureSource) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    let share = sources.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = sources
            .chunks(share)
            .map(|part| scope.spawn(|| part.iter().map(&work).collect::<Vec<T>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| match part.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// For people: quicker than what a network's pictures are resized with, and not equal to Pillow's.
fn shrink(picture: &Pixels, width: u32, height: u32) -> Pixels {
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .use_alpha(false);
    let mut shrunk = Image::new(width, height, PixelType::U8x3);
    let outcome = ImageRef::new(picture.width, picture.height, &picture.rgb, PixelType::U8x3)
        .map_err(|error| error.to_string())
        .and_then(|source| {
            Resizer::new()
                .resize(&source, &mut shrunk, &options)
                .map_err(|error| error.to_string())
        });
    debug_assert_eq!(outcome, Ok(()), "a picture's bytes match its size");
    Pixels {
        width,
        height,
        rgb: shrunk.into_vec(),
    }
}

/// A copy of `side` × `side` pixels, its sides stretched; for comparing pictures.
pub(super) fn small_copy(picture: &Pixels, side: u32) -> Pixels {
    shrink(picture, side, side)
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "may not be read: give yourself permission to read it".to_owned()
        }
        io::ErrorKind::InvalidInput => {
            "is no ordinary file: put the picture itself here".to_owned()
        }
        io::ErrorKind::NotFound => "is not there any more: put it back, or scan again".to_owned(),
        _ => format!("can't be read ({error}): check the disk, or copy the picture again"),
    };
    let file = ordinary_file::open(path, Links::Followed).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.len() > MAX_FILE_BYTES {
        return Err("is larger than 1 GiB: save the picture at a smaller size".into());
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // The file may grow while it is read.
    file.take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

/// A decoder that panics on a crafted file must cost one picture, not the application.
fn decode_guarded(bytes: &[u8]) -> Result<Pixels, String> {
    catch_unwind(AssertUnwindSafe(|| decode_contents(bytes))).unwrap_or_else(|_| {
        Err("is damaged in a way that no decoder expects: save the picture anew".into())
    })
}

fn decode_contents(bytes: &[u8]) -> Result<Pixels, String> {
    if bytes.is_empty() {
        return Err("is empty (0 bytes): copy the picture again".into());
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| format!("can't be read ({error}): copy the picture again"))?;
    reader.limits(limits.clone());
    let format = match reader.format() {
        Some(format) if format.reading_enabled() => format,
        _ => {
            return Err(
                "is no JPEG, PNG, GIF, BMP, TIFF or WebP picture: convert it to one of these"
                    .into(),
            );
        }
    };
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| describe(&error, format))?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    if format == ImageFormat::Jpeg && !jpeg::has_end_marker(bytes) {
        return Err(
            "is cut off (the JPEG has no end marker): copy or download the picture again".into(),
        );
    }
    let orientation = decoder
        .orientation()
        .map_err(|error| describe(&error, format))?;
    let mut picture =
        DynamicImage::from_decoder(decoder).map_err(|error| describe(&error, format))?;
    picture.apply_orientation(orientation);
    Ok(flatten::onto_white(picture))
}

fn check_size(width: u32, height: u32) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err("has no pixels: save the picture anew".into());
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!(
            "is too large ({width} x {height} pixels; at most {MAX_SIDE} a side and {} million in all): \
             save it at a smaller size",
            MAX_PIXELS / 1_000_000
        ));
    }
    Ok(())
}

/// What a decoder's error means to the person who owns the file.
fn describe(error: &ImageError, format: ImageFormat) -> String {
    let name = format!("{format:?}").to_uppercase();
    match error {
        ImageError::Limits(_) => {
            format!("is too large (at most {MAX_SIDE} pixels a side): save it at a smaller size")
        }
        ImageError::Unsupported(what) => {
            format!(
                "uses a kind of {name} that can't be read ({what}): save the picture as an ordinary PNG or JPEG"
            )
        }
        ImageError::IoError(io) if io.kind() == io::ErrorKind::UnexpectedEof => {
            format!("is cut off (the {name} ends too early): copy or download the picture again")
        }
        other => {
            // Decoders wrap their causes several deep, some over several lines.
            let text = other
                .to_string()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            format!("is damaged or cut off ({text}): copy or download the picture again")
        }
    }
}

#[cfg(test)]
mod tests;
