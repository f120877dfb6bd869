//! The rows of a TIFF's strips and tiles, decompressed one after the other.

use std::io::{self, Cursor, Read};

use fax::decoder::Group4Decoder;
use fax::{BitReader, ByteReader, maps};

use super::super::turbo::{self, Colors, Samples};
use super::super::{MAX_DECODER_BYTES, damaged};

/// What is known of all chunks of a page.
pub(super) struct Coding<'a> {
    pub compression: u64,
    /// Of one sample.
    pub bits: u8,
    /// Samples of a pixel in a chunk.
    pub samples: usize,
    /// Bits of a byte stand in reverse.
    pub is_reversed: bool,
    pub t4_options: u64,
    pub jpeg_tables: Option<&'a [u8]>,
    /// What JPEG data within is to be taken for that does not say it itself.
    pub is_ycbcr: bool,
}

pub(super) const NONE: u64 = 1;
pub(super) const HUFFMAN_RUNS: u64 = 2;
pub(super) const GROUP_3: u64 = 3;
pub(super) const GROUP_4: u64 = 4;
pub(super) const LZW: u64 = 5;
pub(super) const JPEG: u64 = 7;
pub(super) const DEFLATE: u64 = 8;
pub(super) const PACK_BITS: u64 = 32_773;
pub(super) const OLD_DEFLATE: u64 = 32_946;
pub(super) const ZSTD: u64 = 50_000;
pub(super) const WEBP: u64 = 50_001;

/// Decompresses, and says how many bytes a row has (JPEG data says so itself).
pub(super) fn open<'a>(
    coding: &Coding<'_>,
    data: &'a [u8],
    width: usize,
    rows: usize,
) -> Result<Box<dyn Read + 'a>, String> {
    let is_reversed = coding.is_reversed && !matches!(coding.compression, JPEG | WEBP);
    let reversed: Option<Vec<u8>> =
        is_reversed.then(|| data.iter().map(|byte| byte.reverse_bits()).collect());
    let bytes: Box<dyn Read + 'a> = match reversed {
        Some(bytes) => Box::new(Cursor::new(bytes)),
        None => Box::new(data),
    };
    let fault = |error: &dyn std::fmt::Display| damaged(&error.to_string());
    Ok(match coding.compression {
        NONE => bytes,
        LZW => Box::new(Lzw::new(bytes)),
        DEFLATE | OLD_DEFLATE => Box::new(flate2::read::ZlibDecoder::new(bytes)),
        PACK_BITS => Box::new(PackBits::new(bytes)),
        ZSTD => Box::new(zstd::Decoder::new(bytes).map_err(|e| fault(&e))?),
        HUFFMAN_RUNS | GROUP_3 | GROUP_4 => {
            Box::new(Cursor::new(fax_rows(coding, bytes, width, rows)?))
        }
        JPEG => Box::new(Cursor::new(jpeg_rows(coding, data, width, rows)?)),
        WEBP => Box::new(Cursor::new(webp_rows(coding, data, width, rows)?)),
        other => return Err(unsupported(other)),
    })
}

/// Whether [`open`] knows it.
pub(super) fn is_known(compression: u64) -> bool {
    matches!(
        compression,
        NONE | HUFFMAN_RUNS
            | GROUP_3
            | GROUP_4
            | LZW
            | JPEG
            | DEFLATE
            | OLD_DEFLATE
            | PACK_BITS
            | ZSTD
            | WEBP
    )
}

/// Names a compression that is not read.
pub(super) fn unsupported(compression: u64) -> String {
    let name = match compression {
        6 => "old-style JPEG",
        9 | 10 | 34_661 => "JBIG",
        32_766 => "NeXT's run lengths",
        32_771 => "CCITT run lengths in words",
        32_809 => "ThunderScan",
        32_895..=32_898 => "an IT8 code",
        32_908 | 32_909 => "PixarLog",
        33_003 | 33_005 | 34_712 => "JPEG 2000",
        34_676 | 34_677 => "SGI's LogLuv",
        34_887 => "LERC",
        34_892 => "lossy JPEG of a DNG",
        34_925 => "LZMA",
        34_933 => "PNG",
        34_934 => "JPEG XR",
        50_002 | 52_546 => "JPEG XL",
        _ => {
            return format!(
                "is a TIFF compressed in an unknown way (number {compression}): save the picture as an ordinary PNG or JPEG"
            );
        }
    };
    format!(
        "is a TIFF compressed with {name}, which can't be read: save the picture as an ordinary PNG or JPEG"
    )
}

/// LZW as TIFF has it.
struct Lzw<'a> {
    input: io::BufReader<Box<dyn Read + 'a>>,
    decoder: weezl::decode::Decoder,
}

impl<'a> Lzw<'a> {
    fn new(input: Box<dyn Read + 'a>) -> Self {
        Self {
            input: io::BufReader::new(input),
            decoder: weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8),
        }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        use std::io::BufRead;
        loop {
            let input = self.input.fill_buf()?;
            let is_end = input.is_empty();
            let done = self.decoder.decode_bytes(input, target);
            self.input.consume(done.consumed_in);
            match done.status {
                Ok(weezl::LzwStatus::Ok) if done.consumed_out == 0 && !target.is_empty() => {
                    if is_end {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Ok(weezl::LzwStatus::NoProgress) if done.consumed_out == 0 && !is_end => {}
                Ok(_) => return Ok(done.consumed_out),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }
}

/// PackBits: runs of one byte, and bytes as they are. (TIFF 6.0, section 9.)
struct PackBits<'a> {
    input: io::Bytes<io::BufReader<Box<dyn Read + 'a>>>,
    state: Run,
}

enum Run {
    Ended,
    /// So many bytes of this value.
    Of(u8, usize),
    /// So many bytes as they are.
    Plain(usize),
}

impl<'a> PackBits<'a> {
    fn new(input: Box<dyn Read + 'a>) -> Self {
        Self {
            input: io::BufReader::new(input).bytes(),
            state: Run::Ended,
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        self.input.next().transpose()
    }
}

impl Read for PackBits<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < target.len() {
            match self.state {
                Run::Ended => {
                    let Some(header) = self.byte()? else {
                        break;
                    };
                    self.state = match header as i8 {
                        -128 => Run::Ended,
                        length @ 0.. => Run::Plain(length as usize + 1),
                        length => match self.byte()? {
                            Some(value) => Run::Of(value, 1 + usize::from(length.unsigned_abs())),
                            None => break,
                        },
                    };
                }
                Run::Of(value, count) => {
                    let now = count.min(target.len() - filled);
                    target[filled..filled + now].fill(value);
                    filled += now;
                    self.state = if now == count {
                        Run::Ended
                    } else {
                        Run::Of(value, count - now)
                    };
                }
                Run::Plain(count) => {
                    let Some(value) = self.byte()? else {
                        break;
                    };
                    target[filled] = value;
                    filled += 1;
                    self.state = if count == 1 {
                        Run::Ended
                    } else {
                        Run::Plain(count - 1)
                    };
                }
            }
        }
        Ok(filled)
    }
}

/// Rows of a facsimile, a bit for each pixel, black 1. (ITU-T T.4 and T.6.)
fn fax_rows(
    coding: &Coding<'_>,
    data: Box<dyn Read + '_>,
    width: usize,
    rows: usize,
) -> Result<Vec<u8>, String> {
    if coding.bits != 1 || coding.samples != 1 {
        return Err(damaged("facsimile data with more than one bit for a pixel"));
    }
    let (Ok(columns), broken) = (u16::try_from(width), || {
        damaged("its facsimile data breaks off")
    }) else {
        return Err(damaged("its facsimile rows are too long"));
    };
    let stride = width.div_ceil(8);
    let mut packed = vec![0u8; stride * rows];
    // Codes are looked up by more bits than the last one has.
    let input = io::BufReader::new(data.chain(Cursor::new([0; 3]))).bytes();
    let lines = packed.chunks_exact_mut(stride.max(1));
    if coding.compression == GROUP_4 {
        let mut decoder = Group4Decoder::new(input, columns).map_err(|_| broken())?;
        for line in lines {
            match decoder.advance() {
                Ok(fax::decoder::DecodeStatus::Incomplete) => {
                    blacken(line, decoder.transition(), columns)
                }
                // What is left is white.
                Ok(fax::decoder::DecodeStatus::End) => break,
                Err(_) => return Err(broken()),
            }
        }
        return Ok(packed);
    }
    if coding.compression == GROUP_3 && coding.t4_options & 1 == 1 {
        return Err(
            "is a TIFF compressed with two-dimensional CCITT Group 3, which can't be read: save the picture as an ordinary PNG"
                .into(),
        );
    }
    let mut reader = ByteReader::new(input).map_err(|_| broken())?;
    let mut transitions = Vec::new();
    for line in lines {
        if coding.compression == GROUP_3 {
            skip_end_of_line(&mut reader);
        }
        transitions.clear();
        let (mut at, mut is_black) = (0u16, false);
        while at < columns {
            let mut length = 0u16;
            loop {
                let part = if is_black {
                    maps::black::decode(&mut reader)
                } else {
                    maps::white::decode(&mut reader)
                };
                let part = part.ok_or_else(broken)?;
                length = length.checked_add(part).ok_or_else(broken)?;
                if part < 64 {
                    break;
                }
            }
            at = at.checked_add(length).ok_or_else(broken)?;
            transitions.push(at);
            is_black = !is_black;
        }
        blacken(line, &transitions, columns);
        if coding.compression == HUFFMAN_RUNS {
            let rest = reader.bits_to_byte_boundary();
            let _ = reader.consume(rest);
        }
    }
    Ok(packed)
}

/// Zeros and a one, if they come next.
fn skip_end_of_line(reader: &mut impl BitReader) {
    if reader.peek(11) == Some(0) {
        while reader.peek(1) == Some(0) {
            if reader.consume(1).is_err() {
                return;
            }
        }
        let _ = reader.consume(1);
    }
}

/// Sets the bits of a row between every second transition and the next.
fn blacken(line: &mut [u8], transitions: &[u16], columns: u16) {
    for run in transitions.chunks(2) {
        // The first transition of a row is to black.
        let start = run[0].min(columns);
        let end = run.get(1).copied().unwrap_or(columns).min(columns);
        for column in start..end {
            line[usize::from(column / 8)] |= 0x80 >> (column % 8);
        }
    }
}

/// Rows of JPEG data; YCbCr becomes RGB.
fn jpeg_rows(
    coding: &Coding<'_>,
    data: &[u8],
    width: usize,
    rows: usize,
) -> Result<Vec<u8>, String> {
    let whole = whole_jpeg(coding, data);
    let decoded = turbo::decode(
        &whole,
        MAX_DECODER_BYTES,
        |jpeg_width, jpeg_height, precision| {
            let fits = jpeg_width as usize == width && jpeg_height as usize >= rows;
            match (fits, precision) {
            (true, 8) => Ok(()),
            (true, _) => Err("is a TIFF with JPEG data of more than 8 bits, which can't be read: save the picture as an ordinary PNG".into()),
            (false, _) => Err(damaged("its JPEG data is of another size")),
        }
        },
    );
    let image = decoded.map_err(|failure| match failure {
        turbo::Failure::Refused(reason) => reason,
        turbo::Failure::Decoder(text) => damaged(&text),
    })?;
    if let Some(warning) = image.warning {
        return Err(damaged(&warning));
    }
    let samples = match image.colors {
        Colors::Grey => 1,
        Colors::Rgb => 3,
        Colors::Cmyk => 4,
    };
    match image.samples {
        Samples::Bytes(bytes) if samples == coding.samples => Ok(bytes),
        _ => Err(damaged("its JPEG data has another number of colours")),
    }
}

/// With the tables that all chunks share. Data that does not say whether it is RGB or YCbCr is told what the page says, in
/// a segment of Adobe's.
fn whole_jpeg(coding: &Coding<'_>, data: &[u8]) -> Vec<u8> {
    let mut whole = vec![0xFF, 0xD8];
    let says_itself = data.get(2..4).is_some_and(|marker| {
        let is_jfif = marker == [0xFF, 0xE0];
        let is_adobe = marker == [0xFF, 0xEE];
        is_jfif || is_adobe
    });
    if coding.samples == 3 && !says_itself {
        whole.extend([0xFF, 0xEE, 0, 14]);
        whole.extend(b"Adobe");
        whole.extend([0, 100, 0, 0, 0, 0, u8::from(coding.is_ycbcr)]);
    }
    if let Some(tables) = coding.jpeg_tables {
        // Without start and end.
        let end = tables.len().saturating_sub(2);
        whole.extend(tables.get(2..end).unwrap_or_default());
    }
    whole.extend(data.get(2..).unwrap_or_default());
    whole
}

fn webp_rows(
    coding: &Coding<'_>,
    data: &[u8],
    width: usize,
    rows: usize,
) -> Result<Vec<u8>, String> {
    let fault = |error: image_webp::DecodingError| damaged(&error.to_string());
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(data)).map_err(fault)?;
    let (webp_width, webp_height) = decoder.dimensions();
    if webp_width as usize != width || (webp_height as usize) < rows {
        return Err(damaged("its WebP data is of another size"));
    }
    let size = decoder.output_buffer_size().unwrap_or(0);
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(fault)?;
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    match (samples, coding.samples) {
        (3, 3) | (4, 4) => Ok(pixels),
        (3, 4) => Ok(pixels
            .chunks_exact(3)
            .flat_map(|p| [p[0], p[1], p[2], 255])
            .collect()),
        _ => Err(damaged("its WebP data has another number of colours")),
    }
}
