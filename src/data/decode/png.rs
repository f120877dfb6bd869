//! PNG, a row at a time: in memory stands RGB8 alone, whatever the file's samples are.

use std::io::{Cursor, ErrorKind};

use image::metadata::Orientation;
use png::{BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Transformations};

use super::super::Pixels;
use super::budget::Room;
use super::depth::Depth;
use super::flatten::Layout;
use super::{Decoded, MAX_DECODER_BYTES, Notes, check_size, cut_off, damaged, too_large};

const NAME: &str = "PNG";

/// The first picture of the file; an animation's others are not looked at.
pub(super) fn decode(bytes: &[u8], room: &mut Room) -> Result<Decoded, String> {
    let (decoded, shows) = decode_with(bytes, room, true)?;
    if shows {
        return Ok(decoded);
    }
    Ok(decode_with(bytes, room, false)?.0)
}

/// Says as well whether anything of the picture is to be seen, as its alpha has it.
fn decode_with(bytes: &[u8], room: &mut Room, has_alpha: bool) -> Result<(Decoded, bool), String> {
    let limits = Limits {
        bytes: MAX_DECODER_BYTES as usize,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(|e| describe(&e))?;
    let (width, height) = (info.width, info.height);
    check_size(width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    room.take(bytes.len() as u64 + 3 * pixels);
    // Palettes and few bits to 8, transparent colours to alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|e| describe(&e))?;
    let (color, bits) = reader.output_color_type();
    let layout = match color {
        ColorType::Grayscale => Layout::Grey,
        ColorType::GrayscaleAlpha => Layout::GreyAlpha,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
        ColorType::Indexed => return Err(damaged("its palette is missing")),
    };
    let stride = 3 * width as usize;
    let is_interlaced = reader.info().interlaced;
    let mut rgb = if is_interlaced {
        vec![0; stride * height as usize]
    } else {
        Vec::with_capacity(stride * height as usize)
    };
    let (mut depth, mut reduced, mut row_rgb) = (Depth::default(), Vec::new(), Vec::new());
    let mut shows = false;
    let mut append = |samples: &[u8], rgb: &mut Vec<u8>| {
        shows |= layout.shows(samples);
        if has_alpha || !layout.has_alpha() {
            return layout.append(samples, rgb);
        }
        let pixels = samples.chunks_exact(layout.channels());
        let colors: Vec<u8> = pixels
            .flat_map(|pixel| &pixel[..pixel.len() - 1])
            .copied()
            .collect();
        layout.without_alpha().append(&colors, rgb);
    };
    while let Some(row) = reader.next_interlaced_row().map_err(|e| describe(&e))? {
        let target = if is_interlaced {
            &mut row_rgb
        } else {
            &mut rgb
        };
        if bits == BitDepth::Sixteen {
            reduced.clear();
            let (words, _) = row.data().as_chunks::<2>();
            let words = words.iter().map(|&word| u16::from_be_bytes(word));
            depth.reduce(words, layout.channels(), layout.has_alpha(), &mut reduced);
            append(&reduced, target);
        } else {
            append(row.data(), target);
        }
        if let InterlaceInfo::Adam7(pass) = row.interlace() {
            png::expand_interlaced_row(&mut rgb, stride, &row_rgb, pass, 24);
            row_rgb.clear();
        }
    }
    if rgb.len() != stride * height as usize {
        return Err(cut_off(NAME));
    }
    let info = reader.info();
    let exif = info.exif_metadata.as_deref();
    let decoded = Decoded {
        pixels: Pixels { width, height, rgb },
        orientation: exif
            .and_then(Orientation::from_exif_chunk)
            .unwrap_or(Orientation::NoTransforms),
        notes: Notes {
            greatest: depth.greatest(),
            pages: info
                .animation_control
                .map_or(1, |control| control.num_frames),
        },
    };
    Ok((decoded, shows))
}

fn describe(error: &DecodingError) -> String {
    match error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => cut_off(NAME),
        DecodingError::LimitsExceeded => too_large(),
        other => damaged(&other.to_string()),
    }
}
