//! One picture's bytes to upright RGB pixels.

mod budget;
mod depth;
mod flatten;
mod foreign;
mod jpeg;
mod png;
mod tiff;
mod turbo;

use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::square::fit_within;
use super::{DataError, MAX_PIXELS, MAX_SIDE, PictureSource, Pixels};
use crate::cores::Cores;
use crate::ordinary_file::{self, Links};
use budget::Room;

/// A larger file is not read; no picture within the limits of size needs as much.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// A larger file takes memory worth counting.
const LARGE_FILE_BYTES: u64 = 32 << 20;

/// What a decoder may allocate: [`MAX_PIXELS`] with four channels of 16 bits, and as much again to
/// work with.
const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 16;

/// Raised whenever a picture's pixels may come out otherwise than before, so that nothing that was computed from others is
/// taken for them.
pub const DECODER_VERSION: u32 = 3;

/// What a decoder found beside the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Notes {
    /// The greatest sample of a picture with 16 bits a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greatest: Option<u16>,
    /// Pages or frames, of which one was taken.
    #[serde(default)]
    pub pages: u32,
}

impl Notes {
    /// Whether the picture is nearly black, because it has 16 bits a sample and holds values of at most 12.
    pub fn holds_fewer_bits(&self) -> bool {
        depth::holds_fewer_bits(self.greatest)
    }

    /// Why such a picture is refused.
    pub fn refusal(&self) -> Option<String> {
        let greatest = self.greatest.filter(|_| self.holds_fewer_bits());
        greatest.map(depth::refusal)
    }
}

/// A picture as its file holds it.
struct Decoded {
    pixels: Pixels,
    orientation: Orientation,
    notes: Notes,
}

/// Decodes to RGB8: EXIF rotation applied, alpha laid on white, 16 bits to 8, CMYK converted.
///
/// # Errors
/// [`DataError::Picture`] with what is wrong and what to do.
pub fn decode(source: &PictureSource) -> Result<Pixels, DataError> {
    decode_then(source, |pixels, _| pixels)
}

/// [`decode`] of a picture that no scan has seen: one of 16 bits that holds 12 is refused, because nothing here can tell, as
/// the other pictures of a source do, whether it is only dark.
///
/// # Errors
/// As [`decode`].
pub fn decode_alone(source: &PictureSource) -> Result<Pixels, DataError> {
    decode_then(source, |pixels, notes| match notes.refusal() {
        Some(reason) => Err(unusable(source.path(), reason)),
        None => Ok(pixels),
    })?
}

/// Decodes a picture and hands it to `work`. All pictures that are decoded and worked on at once share a budget of memory, so
/// that large ones come one after the other: `work` may not wait for other threads.
///
/// # Errors
/// As [`decode`].
pub fn decode_then<T>(
    source: &PictureSource,
    work: impl FnOnce(Pixels, Notes) -> T,
) -> Result<T, DataError> {
    match source {
        PictureSource::File(path) => decode_file(path, |_, pixels, notes| work(pixels, notes)),
        PictureSource::Record { file, index } => file
            .decode(*index)
            .map(|pixels| work(pixels, Notes::default()))
            .map_err(|reason| unusable(file.path(), reason)),
    }
}

/// [`decode_then`] of a file, with its bytes.
pub(super) fn decode_file<T>(
    path: &Path,
    work: impl FnOnce(&[u8], Pixels, Notes) -> T,
) -> Result<T, DataError> {
    let mut room = Room::default();
    let decoded = read_file_within(path, &mut room).and_then(|bytes| {
        let (pixels, notes) = decode_guarded(&bytes, &mut room)?;
        Ok((bytes, pixels, notes))
    });
    let (bytes, pixels, notes) = decoded.map_err(|reason| unusable(path, reason))?;
    room.keep((bytes.len() + pixels.rgb.len()) as u64);
    Ok(work(&bytes, pixels, notes))
}

/// Decodes the contents of a picture file, whatever its name; `path` is for messages.
pub fn decode_bytes(bytes: &[u8], path: &Path) -> Result<(Pixels, Notes), DataError> {
    decode_guarded(bytes, &mut Room::default()).map_err(|reason| unusable(path, reason))
}

fn unusable(path: &Path, reason: String) -> DataError {
    DataError::Picture {
        reason,
        path: path.to_path_buf(),
    }
}

/// The most memory that all pictures together take while they are decoded, of which the largest has `pixels` pixels, and
/// which `threads` threads decode.
pub fn decoding_bytes(pixels: u64, threads: usize) -> u64 {
    // RGB, and about as much again for what is between the file and it.
    let one = pixels.saturating_mul(6);
    one.max(budget::limit_bytes().min(one.saturating_mul(threads as u64)))
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

/// [`decode_alone`] of several pictures, on all cores.
pub fn decode_all_alone(sources: &[PictureSource]) -> Vec<Result<Pixels, DataError>> {
    aside(sources, decode_alone)
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
    let threads = Cores::of_process().count.get().min(4);
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
    read_file_within(path, &mut Room::default())
}

/// Of a large file, memory is taken before it is read, for its pixels too.
fn read_file_within(path: &Path, room: &mut Room) -> Result<Vec<u8>, String> {
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
    if metadata.len() > LARGE_FILE_BYTES {
        // RGB and as much again, if the header tells the size; as much as a photograph unpacks to, if not.
        let pixels = imagesize::size(path).map_or(metadata.len() * 2, |size| {
            size.width as u64 * size.height as u64
        });
        room.take(metadata.len() + 6 * pixels.min(MAX_PIXELS));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // The file may grow while it is read.
    file.take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

/// A decoder that panics on a crafted file must cost one picture, not the application.
fn decode_guarded(bytes: &[u8], room: &mut Room) -> Result<(Pixels, Notes), String> {
    let decode = AssertUnwindSafe(|| decode_contents(bytes, room));
    catch_unwind(decode).unwrap_or_else(|_| {
        Err("is damaged in a way that no decoder expects: save the picture anew".into())
    })
}

fn decode_contents(bytes: &[u8], room: &mut Room) -> Result<(Pixels, Notes), String> {
    if bytes.is_empty() {
        return Err("is empty (0 bytes): copy the picture again".into());
    }
    let format = image::guess_format(bytes).ok();
    let decoded = match format {
        Some(ImageFormat::Jpeg) => jpeg::decode(bytes, room),
        Some(ImageFormat::Png) if bytes.get(12..16) == Some(b"CgBI") => Err(
            "is a PNG of Apple's own kind (CgBI), as apps for iPhones hold it: convert it to an ordinary PNG or JPEG on a Mac"
                .into(),
        ),
        Some(ImageFormat::Png) => png::decode(bytes, room),
        Some(ImageFormat::Tiff) => tiff::decode(bytes, room),
        Some(format @ (ImageFormat::Gif | ImageFormat::Bmp | ImageFormat::WebP)) => {
            decode_other(bytes, format, room)
        }
        // `image` does not know the TIFF for more than 4 GB.
        _ if matches!(bytes, [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..]) => {
            tiff::decode(bytes, room)
        }
        _ => Err(foreign::refusal(bytes)),
    }?;
    let Decoded {
        pixels,
        orientation,
        notes,
    } = decoded;
    Ok((upright(pixels, orientation), notes))
}

/// By `image`'s own decoders.
fn decode_other(bytes: &[u8], format: ImageFormat, room: &mut Room) -> Result<Decoded, String> {
    let failed = |error: ImageError| describe(&error, format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    room.take(bytes.len() as u64 + 3 * pixels + 2 * decoder.total_bytes());
    let orientation = decoder.orientation().map_err(failed)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    // A GIF's transparent pixels have no colour of their own.
    if format != ImageFormat::Gif {
        picture = without_empty_alpha(picture);
    }
    Ok(Decoded {
        pixels: flatten::onto_white(picture),
        orientation,
        notes: Notes {
            greatest: None,
            pages: 1,
        },
    })
}

/// See [`flatten::Layout::shows`].
fn without_empty_alpha(picture: DynamicImage) -> DynamicImage {
    match picture {
        DynamicImage::ImageRgba8(pixels) if pixels.pixels().all(|pixel| pixel.0[3] == 0) => {
            DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(pixels).into_rgb8())
        }
        other => other,
    }
}

fn upright(pixels: Pixels, orientation: Orientation) -> Pixels {
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let Pixels { width, height, rgb } = pixels;
    let Some(picture) = RgbImage::from_raw(width, height, rgb) else {
        return Pixels::filled(width, height, [0; 3]);
    };
    let mut picture = DynamicImage::ImageRgb8(picture);
    picture.apply_orientation(orientation);
    Pixels {
        width: picture.width(),
        height: picture.height(),
        rgb: picture.into_rgb8().into_raw(),
    }
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
        ImageError::Limits(_) => too_large(),
        ImageError::Unsupported(what) => {
            format!(
                "uses a kind of {name} that can't be read ({what}): save the picture as an ordinary PNG or JPEG"
            )
        }
        ImageError::IoError(io) if io.kind() == io::ErrorKind::UnexpectedEof => cut_off(&name),
        other => damaged(&other.to_string()),
    }
}

fn too_large() -> String {
    format!("is too large (at most {MAX_SIDE} pixels a side): save it at a smaller size")
}

fn cut_off(name: &str) -> String {
    format!("is cut off (the {name} ends too early): copy or download the picture again")
}

/// `text` is the decoder's. Decoders wrap their causes several deep, some over several lines.
fn damaged(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("is damaged or cut off ({text}): copy or download the picture again")
}

#[cfg(test)]
mod tests;
