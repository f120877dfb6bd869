//! How a page's samples are laid out.

use super::super::{damaged, too_large};
use super::chunks::{self, Coding};
use super::directory::{Directory, File, tag};

/// What the tags of a page say about its samples.
pub(super) struct Page<'a> {
    pub width: u32,
    pub height: u32,
    /// Of a sample.
    pub bits: u8,
    /// Of a pixel.
    pub samples: usize,
    pub format: Format,
    pub photometric: u64,
    pub extra: Vec<u64>,
    pub has_extra: bool,
    pub predictor: u64,
    pub is_planar: bool,
    /// How many pixels share their colour across and down; 1 and 1 where the decoder takes care of it.
    pub subsampling: (usize, usize),
    pub coding: Coding<'a>,
    pub chunk_width: usize,
    pub chunk_height: usize,
    pub is_tiled: bool,
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Unsigned,
    Signed,
    Float,
}

impl<'a> Page<'a> {
    pub fn new(file: &File<'a>, directory: &Directory) -> Result<Self, String> {
        let number = |tag: u16, otherwise: u64| file.first(directory, tag).unwrap_or(otherwise);
        let side = |tag: u16| u32::try_from(number(tag, 0)).map_err(|_| too_large());
        let (width, height) = (side(tag::WIDTH)?, side(tag::HEIGHT)?);
        let all_bits = file
            .numbers(directory, tag::BITS)
            .unwrap_or_else(|| vec![1]);
        let first_bits = all_bits.first().copied().unwrap_or(1);
        if all_bits.iter().any(|&bits| bits != first_bits) {
            return Err(odd("with samples of different sizes"));
        }
        let samples = number(tag::SAMPLES, 1);
        let Some(samples) = usize::try_from(samples)
            .ok()
            .filter(|n| (1..=64).contains(n))
        else {
            return Err(odd(&format!("with {samples} samples a pixel")));
        };
        let compression = number(tag::COMPRESSION, chunks::NONE);
        if !chunks::is_known(compression) {
            return Err(chunks::unsupported(compression));
        }
        let format = match number(tag::SAMPLE_FORMAT, 1) {
            2 => Format::Signed,
            3 => Format::Float,
            5 | 6 => return Err(odd("of complex numbers")),
            _ => Format::Unsigned,
        };
        let bits = match (format, first_bits) {
            (Format::Float, 16 | 32 | 64) | (Format::Signed, 8 | 16 | 32) => first_bits as u8,
            (Format::Unsigned, 1..=16 | 32) => first_bits as u8,
            (_, bits) => return Err(odd(&format!("with {bits} bits a sample"))),
        };
        let Some(photometric) = file.first(directory, tag::PHOTOMETRIC) else {
            return Err(odd(
                "that does not say whether its samples are grey or colours",
            ));
        };
        let is_planar = samples > 1 && number(tag::PLANAR, 1) == 2;
        let subsampling = match (photometric, compression) {
            (6, compression) if compression != chunks::JPEG => {
                let parts = file.numbers(directory, tag::YCBCR_SUBSAMPLING);
                match parts.as_deref() {
                    Some(&[across @ (1 | 2 | 4), down @ (1 | 2 | 4)]) => {
                        (across as usize, down as usize)
                    }
                    None => (2, 2),
                    _ => return Err(odd("with an odd sharing of colours between pixels")),
                }
            }
            _ => (1, 1),
        };
        let predictor = match compression {
            chunks::LZW | chunks::DEFLATE | chunks::OLD_DEFLATE | chunks::ZSTD => {
                number(tag::PREDICTOR, 1)
            }
            _ => 1,
        };
        let is_predictable = match predictor {
            1 => true,
            2 => matches!(bits, 8 | 16 | 32 | 64) && subsampling == (1, 1),
            3 => format == Format::Float,
            _ => false,
        };
        let is_shared = subsampling != (1, 1);
        if !is_predictable || is_shared && (is_planar || bits != 8 || samples != 3) {
            return Err(odd("with an odd way of keeping samples"));
        }
        let is_tiled = directory.contains(tag::TILE_OFFSETS);
        let (offsets, lengths) = if is_tiled {
            (tag::TILE_OFFSETS, tag::TILE_BYTES)
        } else {
            (tag::STRIP_OFFSETS, tag::STRIP_BYTES)
        };
        let (chunk_width, chunk_height) = if is_tiled {
            (number(tag::TILE_WIDTH, 0), number(tag::TILE_HEIGHT, 0))
        } else {
            let rows = number(tag::ROWS_PER_STRIP, u64::MAX);
            (u64::from(width), rows.min(u64::from(height)))
        };
        // A tile is at most as large as a picture may be.
        let chunk_side = |side: u64| {
            let side = usize::try_from(side).ok();
            side.filter(|side| (1..=1 << 15).contains(side))
        };
        let (Some(chunk_width), Some(chunk_height)) =
            (chunk_side(chunk_width), chunk_side(chunk_height))
        else {
            // Of a page without pixels, which the size tells.
            if width == 0 || height == 0 || width > 1 << 15 || height > 1 << 15 {
                super::check_size(width, height)?;
            }
            return Err(damaged("its tiles have no legal size"));
        };
        let extra = file.numbers(directory, tag::EXTRA_SAMPLES);
        let page = Self {
            width,
            height,
            bits,
            samples,
            format,
            photometric,
            has_extra: extra.is_some(),
            extra: extra.unwrap_or_default(),
            predictor,
            is_planar,
            subsampling,
            coding: Coding {
                compression,
                bits,
                samples: if is_planar { 1 } else { samples },
                is_reversed: number(tag::FILL_ORDER, 1) == 2,
                t4_options: number(tag::T4_OPTIONS, 0),
                jpeg_tables: file.raw(directory, tag::JPEG_TABLES),
                is_ycbcr: photometric == 6,
            },
            chunk_width,
            chunk_height,
            is_tiled,
            offsets: file.numbers(directory, offsets).unwrap_or_default(),
            lengths: file.numbers(directory, lengths).unwrap_or_default(),
        };
        let planes = if is_planar { samples } else { 1 };
        let (across, down) = page.chunks();
        if page.offsets.len() < across * down * planes {
            return Err(damaged("the TIFF does not say where all its parts are"));
        }
        Ok(page)
    }

    /// Values that have no scale of their own.
    pub fn is_wide(&self) -> bool {
        self.format != Format::Unsigned || self.bits > 16
    }

    pub fn is_float(&self) -> bool {
        self.format == Format::Float
    }

    /// How many chunks stand side by side and one above the other.
    pub fn chunks(&self) -> (usize, usize) {
        (
            (self.width as usize).div_ceil(self.chunk_width),
            (self.height as usize).div_ceil(self.chunk_height),
        )
    }

    /// The bytes of a chunk. Of one that is not compressed, the length is known better than some writers do.
    pub fn chunk<'b>(&self, file: &File<'b>, index: usize) -> Result<&'b [u8], String> {
        let missing = || damaged("a part of the TIFF stands beyond its end");
        let start = self.offsets.get(index).copied().ok_or_else(missing)?;
        let start = usize::try_from(start).map_err(|_| missing())?;
        let rest = file.bytes.get(start..).ok_or_else(missing)?;
        let length = match self.lengths.get(index) {
            Some(&length) if length > 0 && self.coding.compression != chunks::NONE => length,
            _ => u64::MAX,
        };
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(rest.len());
        Ok(&rest[..length])
    }

    /// What decoding takes: RGB, the values where they have to be seen whole, and a chunk where its rows do not come
    /// one after the other.
    pub fn bytes(&self) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let values = if self.is_wide() {
            4 * self.samples as u64
        } else {
            0
        };
        let is_whole = matches!(self.coding.compression, chunks::JPEG | chunks::WEBP);
        let chunk = (self.chunk_width as u64 * self.chunk_height as u64).min(pixels);
        pixels * (3 + values)
            + if is_whole {
                2 * chunk * self.samples as u64
            } else {
                0
            }
    }
}

/// Refuses a page by what it is.
pub(super) fn odd(what: &str) -> String {
    format!("is a TIFF {what}, which can't be read: save the picture as an ordinary PNG or JPEG")
}
