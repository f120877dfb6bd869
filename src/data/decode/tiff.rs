//! TIFF: which page, and its samples to RGB8 on white, a row at a time.

mod chunks;
mod colors;
mod directory;
mod page;
mod rows;
mod values;

use image::metadata::Orientation;

use super::super::Pixels;
use super::budget::Room;
use super::depth::{Depth, scaled};
use super::{Decoded, Notes, check_size, damaged};
use colors::ToRgb;
use directory::{Directory, File, tag};
use page::Page;
use rows::Row;
use values::Range;

/// Decodes the first page that is no small version of another one.
pub(super) fn decode(bytes: &[u8], room: &mut Room) -> Result<Decoded, String> {
    let (file, first) =
        File::open(bytes).ok_or_else(|| damaged("the TIFF's first bytes lead nowhere"))?;
    let directories = file.pages(first);
    let chosen = choose(&file, &directories)?;
    let page = Page::new(&file, chosen)?;
    check_size(page.width, page.height)?;
    let to_rgb = ToRgb::new(&file, chosen, &page)?;
    room.take(bytes.len() as u64 + page.bytes());
    let read = |to_rgb: &ToRgb| {
        if page.is_wide() {
            Ok((wide(&file, &page, to_rgb)?, None))
        } else {
            narrow(&file, &page, to_rgb)
        }
    };
    let (mut rgb, mut greatest) = read(&to_rgb)?;
    if to_rgb.hides_all() {
        (rgb, greatest) = read(&to_rgb.without_alpha())?;
    }
    let orientation = file.first(chosen, tag::ORIENTATION).unwrap_or(1);
    Ok(Decoded {
        pixels: Pixels {
            width: page.width,
            height: page.height,
            rgb,
        },
        orientation: u8::try_from(orientation)
            .ok()
            .and_then(Orientation::from_exif)
            .unwrap_or(Orientation::NoTransforms),
        notes: Notes {
            greatest,
            pages: u32::try_from(directories.len()).unwrap_or(u32::MAX),
        },
    })
}

/// A page that is a smaller version of another one (a thumbnail), or its mask, is not the picture.
fn choose<'a>(file: &File<'_>, pages: &'a [Directory]) -> Result<&'a Directory, String> {
    let Some(first) = pages.first() else {
        return Err(damaged("the TIFF's directory is missing"));
    };
    let is_raw = |page: &Directory| {
        let photometric = file.first(page, tag::PHOTOMETRIC);
        page.contains(tag::DNG_VERSION) || matches!(photometric, Some(32_803 | 34_892))
    };
    let is_picture = |page: &&Directory| {
        let kind = file.first(page, tag::NEW_SUBFILE_TYPE).unwrap_or(0);
        kind & 0b101 == 0 && file.first(page, tag::SUBFILE_TYPE) != Some(2)
    };
    let full = pages.iter().find(is_picture);
    let has_only_previews = full.is_none() && first.contains(tag::SUB_DIRECTORIES);
    if file.bytes.get(8..10) == Some(b"CR") || has_only_previews || pages.iter().any(is_raw) {
        return Err(
            "is a camera's raw picture (DNG, NEF, CR2, ARW …), which holds a sensor's values and no colours yet: develop it \
             with the camera's program and save it as JPEG or PNG"
                .into(),
        );
    }
    Ok(full.unwrap_or(first))
}

/// Whole numbers of up to 16 bits have a scale: their bits.
fn narrow(
    file: &File<'_>,
    page: &Page<'_>,
    to_rgb: &ToRgb,
) -> Result<(Vec<u8>, Option<u16>), String> {
    let stride = 3 * page.width as usize;
    let mut rgb = vec![0; stride * page.height as usize];
    let (mut depth, mut levels, mut line) = (Depth::default(), Vec::new(), Vec::new());
    let (bits, channels) = (page.bits, page.samples);
    rows::read(file, page, &mut |x, y, row: Row<'_>| {
        line.clear();
        levels.clear();
        match row {
            Row::Bytes(bytes) => to_rgb.append(bytes, &mut line),
            Row::Words(words) if to_rgb.takes_values() => to_rgb.append_values(words, &mut line),
            Row::Words(words) if bits == 16 => {
                let words = words.iter().copied();
                depth.reduce(
                    words,
                    channels,
                    to_rgb.ends_with_alpha(channels),
                    &mut levels,
                );
                to_rgb.append(&levels, &mut line);
            }
            Row::Words(words) => {
                levels.extend(words.iter().map(|&word| scaled(word, bits)));
                to_rgb.append(&levels, &mut line);
            }
            Row::Wide(_) => {}
        }
        let at = stride * y + 3 * x;
        rgb[at..at + line.len()].copy_from_slice(&line);
    })?;
    Ok((rgb, depth.greatest()))
}

/// Floating-point numbers and whole numbers of 32 bits have the scale that their range tells.
fn wide(file: &File<'_>, page: &Page<'_>, to_rgb: &ToRgb) -> Result<Vec<u8>, String> {
    let (width, channels) = (page.width as usize, page.samples);
    let mut values = vec![0f32; width * page.height as usize * channels];
    let mut range = Range::default();
    rows::read(file, page, &mut |x, y, row: Row<'_>| {
        if let Row::Wide(row) = row {
            let at = (y * width + x) * channels;
            values[at..at + row.len()].copy_from_slice(row);
            range.include(row, channels, to_rgb.colors());
        }
    })?;
    let scale = range.scale(page.is_float())?;
    let mut rgb = Vec::with_capacity(3 * width * page.height as usize);
    let mut levels = Vec::new();
    for row in values.chunks_exact((width * channels).max(1)) {
        levels.clear();
        levels.extend(
            row.iter()
                .map(|&value| (value * scale).round().clamp(0.0, 255.0) as u8),
        );
        to_rgb.append(&levels, &mut rgb);
    }
    Ok(rgb)
}
