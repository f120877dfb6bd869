//! A page's rows: unpacked, without their predictor, planes put together.

use std::io::{ErrorKind, Read};

use super::super::{cut_off, damaged};
use super::chunks;
use super::directory::File;
use super::page::{Format, Page};

/// A part of a row, all samples of a pixel side by side.
pub(super) enum Row<'a> {
    /// 8 bits.
    Bytes(&'a [u8]),
    /// 1 to 16 bits, not scaled.
    Words(&'a [u16]),
    /// Anything else.
    Wide(&'a [f32]),
}

/// Where rows go: how far from the left, how far from the top, and the row.
pub(super) type Target<'a> = dyn FnMut(usize, usize, Row<'_>) + 'a;

/// Hands all rows of all chunks to `target`.
pub(super) fn read(
    file: &File<'_>,
    page: &Page<'_>,
    target: &mut Target<'_>,
) -> Result<(), String> {
    let (across, down) = page.chunks();
    let planes = if page.is_planar { page.samples } else { 1 };
    for chunk in 0..across * down {
        let (left, top) = (
            chunk % across * page.chunk_width,
            chunk / across * page.chunk_height,
        );
        let shown = (
            page.chunk_width.min(page.width as usize - left),
            page.chunk_height.min(page.height as usize - top),
        );
        // A strip ends with the picture, a tile does not.
        let rows = if page.is_tiled {
            page.chunk_height
        } else {
            shown.1
        };
        let mut readers = Vec::with_capacity(planes);
        for plane in 0..planes {
            let data = page.chunk(file, plane * across * down + chunk)?;
            readers.push(chunks::open(&page.coding, data, page.chunk_width, rows)?);
        }
        if page.subsampling == (1, 1) {
            plain_rows(file, page, &mut readers, (left, top), shown, target)?;
        } else if let Some(reader) = readers.first_mut() {
            shared_rows(page, reader, (left, top), shown, target)?;
        }
    }
    Ok(())
}

fn plain_rows(
    file: &File<'_>,
    page: &Page<'_>,
    readers: &mut [Box<dyn Read + '_>],
    (left, top): (usize, usize),
    (width, height): (usize, usize),
    target: &mut Target<'_>,
) -> Result<(), String> {
    let together = page.samples / readers.len().max(1);
    let count = page.chunk_width * together;
    let mut packed = vec![0; (count * usize::from(page.bits)).div_ceil(8)];
    let mut unpacked = Unpacked::new(page);
    let mut planes = Unpacked::new(page);
    for y in 0..height {
        planes.clear();
        for reader in &mut *readers {
            reader
                .read_exact(&mut packed)
                .map_err(|error| fault(&error))?;
            unpacked.clear();
            unpacked.fill(&mut packed, page, file.is_little, together);
            if readers_are_one(page) {
                target(left, top + y, unpacked.row(width * together));
            } else {
                planes.add(&unpacked, width);
            }
        }
        if !readers_are_one(page) {
            let merged = planes.interleaved(page.samples, width);
            target(left, top + y, merged.row(width * page.samples));
        }
    }
    Ok(())
}

fn readers_are_one(page: &Page<'_>) -> bool {
    !page.is_planar
}

/// Rows of YCbCr of which several pixels share their colours: for each block the brightness of all its pixels, then
/// both colours.
fn shared_rows(
    page: &Page<'_>,
    reader: &mut Box<dyn Read + '_>,
    (left, top): (usize, usize),
    (width, height): (usize, usize),
    target: &mut Target<'_>,
) -> Result<(), String> {
    let (across, down) = page.subsampling;
    let unit = across * down + 2;
    let mut packed = vec![0; page.chunk_width.div_ceil(across) * unit];
    let mut row = Vec::with_capacity(3 * page.chunk_width);
    for block_top in (0..height).step_by(down) {
        reader
            .read_exact(&mut packed)
            .map_err(|error| fault(&error))?;
        for y in 0..down.min(height - block_top) {
            row.clear();
            for block in packed.chunks_exact(unit) {
                let brightness = &block[y * across..][..across];
                row.extend(
                    brightness
                        .iter()
                        .flat_map(|&b| [b, block[unit - 2], block[unit - 1]]),
                );
            }
            target(left, top + block_top + y, Row::Bytes(&row[..3 * width]));
        }
    }
    Ok(())
}

fn fault(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof => cut_off("TIFF"),
        _ => damaged(&error.to_string()),
    }
}

/// The samples of a row, in what holds them.
enum Unpacked {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    Wide(Vec<f32>),
}

impl Unpacked {
    fn new(page: &Page<'_>) -> Self {
        if page.is_wide() {
            Self::Wide(Vec::new())
        } else if page.bits == 8 {
            Self::Bytes(Vec::new())
        } else {
            Self::Words(Vec::new())
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Bytes(values) => values.clear(),
            Self::Words(values) => values.clear(),
            Self::Wide(values) => values.clear(),
        }
    }

    fn row(&self, count: usize) -> Row<'_> {
        match self {
            Self::Bytes(values) => Row::Bytes(&values[..count.min(values.len())]),
            Self::Words(values) => Row::Words(&values[..count.min(values.len())]),
            Self::Wide(values) => Row::Wide(&values[..count.min(values.len())]),
        }
    }

    /// Appends the first `width` values of another row.
    fn add(&mut self, other: &Self, width: usize) {
        match (self, other) {
            (Self::Bytes(all), Self::Bytes(plane)) => all.extend(plane.iter().take(width)),
            (Self::Words(all), Self::Words(plane)) => all.extend(plane.iter().take(width)),
            (Self::Wide(all), Self::Wide(plane)) => all.extend(plane.iter().take(width)),
            _ => {}
        }
    }

    /// Planes of a row side by side to pixels.
    fn interleaved(&self, planes: usize, width: usize) -> Self {
        fn merge<T: Copy>(values: &[T], planes: usize, width: usize) -> Vec<T> {
            let at = |index: usize| values[index % planes * width + index / planes];
            (0..planes * width).map(at).collect()
        }
        match self {
            Self::Bytes(values) => Self::Bytes(merge(values, planes, width)),
            Self::Words(values) => Self::Words(merge(values, planes, width)),
            Self::Wide(values) => Self::Wide(merge(values, planes, width)),
        }
    }

    /// Unpacks a row; `step` samples stand between one and that from which it is predicted.
    fn fill(&mut self, packed: &mut [u8], page: &Page<'_>, is_little: bool, step: usize) {
        let is_predicted = page.predictor == 2;
        match self {
            Self::Bytes(values) => {
                values.extend_from_slice(packed);
                if is_predicted {
                    add_up(values, step, u8::wrapping_add);
                }
            }
            Self::Words(values) if page.bits == 16 => {
                values.extend(words(packed, is_little));
                if is_predicted {
                    add_up(values, step, u16::wrapping_add);
                }
            }
            Self::Words(values) => unpack_bits(packed, page.bits, values),
            Self::Wide(values) => wide_values(packed, page, is_little, step, values),
        }
    }
}

fn add_up<T: Copy>(values: &mut [T], step: usize, add: impl Fn(T, T) -> T) {
    for index in step..values.len() {
        values[index] = add(values[index], values[index - step]);
    }
}

fn words(packed: &[u8], is_little: bool) -> impl Iterator<Item = u16> {
    let (words, _) = packed.as_chunks::<2>();
    words.iter().map(move |&word| match is_little {
        true => u16::from_le_bytes(word),
        false => u16::from_be_bytes(word),
    })
}

/// Samples of any number of bits, the highest bit first.
fn unpack_bits(packed: &[u8], bits: u8, values: &mut Vec<u16>) {
    let (mut window, mut held) = (0u32, 0u8);
    for &byte in packed {
        window = window << 8 | u32::from(byte);
        held += 8;
        while held >= bits {
            held -= bits;
            values.push((window >> held & ((1 << bits) - 1)) as u16);
        }
        window &= (1 << held) - 1;
    }
}

fn wide_values(
    packed: &mut [u8],
    page: &Page<'_>,
    is_little: bool,
    step: usize,
    values: &mut Vec<f32>,
) {
    let size = usize::from(page.bits / 8);
    let mut is_little = is_little;
    if page.predictor == 3 {
        // Bytes are predicted from bytes; then all highest bytes stand first, and so on.
        add_up(packed, step, u8::wrapping_add);
        let count = packed.len() / size;
        let bytes: Vec<u8> = (0..packed.len())
            .map(|index| packed[index % size * count + index / size])
            .collect();
        packed.copy_from_slice(&bytes);
        is_little = false;
    }
    let mut numbers: Vec<u64> = packed
        .chunks_exact(size)
        .map(|bytes| {
            let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
            if is_little {
                bytes.iter().rev().fold(0, add)
            } else {
                bytes.iter().fold(0, add)
            }
        })
        .collect();
    if page.predictor == 2 {
        // What overflows a number's own size is cut off below.
        add_up(&mut numbers, step, u64::wrapping_add);
    }
    values.extend(
        numbers
            .into_iter()
            .map(|number| match (page.format, page.bits) {
                (Format::Float, 16) => half::f16::from_bits(number as u16).to_f32(),
                (Format::Float, 32) => f32::from_bits(number as u32),
                (Format::Float, _) => f64::from_bits(number) as f32,
                (Format::Signed, 8) => f32::from(number as u8 as i8),
                (Format::Signed, 16) => f32::from(number as u16 as i16),
                (Format::Signed, _) => number as u32 as i32 as f32,
                (Format::Unsigned, _) => number as u32 as f32,
            }),
    );
}
