//! JPEG: what its segments say, and what libjpeg-turbo makes of it.

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat};

use super::super::{MAX_SIDE, Pixels};
use super::budget::Room;
use super::depth::{Depth, scaled};
use super::flatten::Layout;
use super::turbo::{self, Colors, Failure, Samples};
use super::{Decoded, MAX_DECODER_BYTES, Notes, check_size, cut_off, damaged};

const NAME: &str = "JPEG";

/// The header of a picture, of whatever kind: SOF 0 to 15, and JPEG-LS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    marker: u8,
    pub width: u32,
    pub height: u32,
    components: u8,
}

/// What the segments of a JPEG say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Segments<'a> {
    frame: Option<Frame>,
    /// Behind its name.
    exif: Option<&'a [u8]>,
    scans: usize,
    has_end: bool,
}

impl<'a> Segments<'a> {
    /// Walks through all segments, because a JPEG thumbnail within the EXIF segment has markers of its own. (ITU-T T.81,
    /// annex B.)
    fn of(bytes: &'a [u8]) -> Self {
        let mut found = Self::default();
        // Behind the start-of-image marker.
        let mut at = 2;
        while let Some(offset) = bytes
            .get(at..)
            .and_then(|rest| rest.iter().position(|&byte| byte == 0xFF))
        {
            at += offset + 1;
            // Any number of fill bytes may stand before a marker.
            while bytes.get(at) == Some(&0xFF) {
                at += 1;
            }
            let Some(&marker) = bytes.get(at) else {
                break;
            };
            at += 1;
            match marker {
                END_OF_IMAGE => {
                    found.has_end = true;
                    break;
                }
                // A stuffed 0xFF of the compressed data, a restart, or a marker without a segment. After
                // a scan's header the compressed data follows, in which the next 0xFF is looked for.
                0x00 | 0x01 | 0xD0..=0xD8 => {}
                _ => {
                    let Some(length) = bytes.get(at..at + 2) else {
                        break;
                    };
                    let length = usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
                    let segment = bytes.get(at + 2..at + length).unwrap_or_default();
                    found.note(marker, segment);
                    at += length;
                }
            }
        }
        found
    }

    fn note(&mut self, marker: u8, segment: &'a [u8]) {
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | JPEG_LS => {
                if let (None, [_, h1, h0, w1, w0, components, ..]) = (self.frame, segment) {
                    self.frame = Some(Frame {
                        marker,
                        width: u32::from(u16::from_be_bytes([*w1, *w0])),
                        height: u32::from(u16::from_be_bytes([*h1, *h0])),
                        components: *components,
                    });
                }
            }
            START_OF_SCAN => self.scans += 1,
            APP1 => {
                if let (None, Some(exif)) = (self.exif, segment.strip_prefix(b"Exif\0\0")) {
                    self.exif = Some(exif);
                }
            }
            _ => {}
        }
    }
}

const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const APP1: u8 = 0xE1;
const JPEG_LS: u8 = 0xF7;

impl Frame {
    /// The name of a kind that libjpeg-turbo does not read.
    fn unreadable(self) -> Option<&'static str> {
        match self.marker {
            0xC5..=0xC7 | 0xCD..=0xCF => Some("hierarchical JPEG"),
            0xCB => Some("lossless JPEG with arithmetic coding"),
            JPEG_LS => Some("JPEG-LS, as medical devices write it"),
            _ if !matches!(self.components, 1 | 3 | 4) => {
                Some("JPEG that has neither one (grey), three (colours) nor four (CMYK) components")
            }
            _ => None,
        }
    }

    fn is_lossless(self) -> bool {
        matches!(self.marker, 0xC3)
    }

    /// Bytes that decoding takes: RGB, what four inks need beside it, and the coefficients where they come in several scans.
    fn bytes(self, has_several_scans: bool) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let components = u64::from(self.components);
        let samples = if components == 3 { 3 } else { 3 + components };
        let coefficients = if has_several_scans { 2 * components } else { 0 };
        pixels * (samples + coefficients)
    }
}

pub(super) fn decode(bytes: &[u8], room: &mut Room) -> Result<Decoded, String> {
    let segments = Segments::of(bytes);
    let Some(frame) = segments.frame else {
        return Err(if segments.has_end {
            damaged("the JPEG holds no picture")
        } else {
            cut_off(NAME)
        });
    };
    if let Some(kind) = frame.unreadable() {
        return Err(format!(
            "is a {kind}, which can't be read: save the picture as an ordinary PNG or JPEG"
        ));
    }
    if frame.width > 0 && frame.height > 0 {
        check_size(frame.width, frame.height)?;
    }
    if !segments.has_end {
        return Err(
            "is cut off (the JPEG has no end marker): copy or download the picture again".into(),
        );
    }
    room.take(bytes.len() as u64 + frame.bytes(segments.scans > 1));
    let decoded = turbo::decode(bytes, MAX_DECODER_BYTES, |width, height, _| {
        check_size(width, height)
    });
    let image = decoded.map_err(|failure| match failure {
        Failure::Refused(reason) => reason,
        Failure::Decoder(text) => describe(&text, frame),
    })?;
    if let Some(warning) = &image.warning {
        judge(warning, bytes)?;
    }
    let (width, height) = (image.width, image.height);
    let (pixels, greatest) = to_rgb(image);
    Ok(Decoded {
        pixels: Pixels {
            width,
            height,
            rgb: pixels,
        },
        orientation: segments
            .exif
            .and_then(Orientation::from_exif_chunk)
            .unwrap_or(Orientation::NoTransforms),
        notes: Notes { greatest, pages: 1 },
    })
}

/// RGB8, and the greatest sample where they had 16 bits.
fn to_rgb(image: turbo::Image) -> (Vec<u8>, Option<u16>) {
    let layout = match image.colors {
        Colors::Grey => Layout::Grey,
        Colors::Rgb => Layout::Rgb,
        Colors::Cmyk => Layout::InvertedCmyk,
    };
    let precision = image.precision;
    let mut depth = Depth::default();
    let bytes = match image.samples {
        Samples::Bytes(bytes) if precision == 8 => bytes,
        Samples::Bytes(bytes) => bytes
            .iter()
            .map(|&value| scaled(u16::from(value), precision))
            .collect(),
        Samples::Words(words) if precision == 16 => {
            let mut bytes = Vec::with_capacity(words.len());
            depth.reduce(words.into_iter(), layout.channels(), false, &mut bytes);
            bytes
        }
        Samples::Words(words) => words.iter().map(|&word| scaled(word, precision)).collect(),
    };
    if layout == Layout::Rgb {
        return (bytes, depth.greatest());
    }
    let mut rgb = Vec::with_capacity(bytes.len() / layout.channels() * 3);
    layout.append(&bytes, &mut rgb);
    (rgb, depth.greatest())
}

/// Whether a picture is whole although libjpeg-turbo warned about it. Bytes between the data and the next marker, an odd
/// version or colour code are found in pictures that are fine; all else says that pixels are missing.
fn judge(warning: &str, bytes: &[u8]) -> Result<(), String> {
    let is_padding = warning
        .split_once("extraneous bytes before marker 0x")
        // In front of a restart, they were to be pixels.
        .is_some_and(|(_, marker)| !marker.starts_with('d') || marker.starts_with("d9"));
    let is_harmless = is_padding
        || [
            "unknown JFIF revision",
            "Unknown Adobe color transform",
            "Invalid SOS parameters",
            "Inconsistent progression sequence",
        ]
        .iter()
        .any(|harmless| warning.contains(harmless));
    if !is_harmless {
        return Err(damaged(warning));
    }
    // Only the first warning is told. Behind a harmless one, another decoder has to find nothing either.
    let second = image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(bytes));
    let outcome = second.and_then(|decoder| {
        let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(0)];
        decoder.read_image(&mut pixels)
    });
    outcome.map_err(|error| super::describe(&error, ImageFormat::Jpeg))
}

/// What libjpeg-turbo's error means to the person who owns the file.
fn describe(text: &str, frame: Frame) -> String {
    if text.contains("Unsupported") || text.contains("not supported") || text.contains("colours") {
        let kind = if frame.is_lossless() {
            "lossless JPEG"
        } else {
            "JPEG"
        };
        return format!(
            "is a {kind} of a kind that can't be read ({text}): save the picture as an ordinary PNG or JPEG"
        );
    }
    if text.contains("Maximum supported image dimension") {
        return format!(
            "is too large (at most {MAX_SIDE} pixels a side): save it at a smaller size"
        );
    }
    damaged(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_marker_of_the_picture_itself_counts() {
        let start = [0xFF, 0xD8].as_slice();
        // An application segment of 6 bytes that holds an end marker.
        let thumbnail = [0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 1, 2].as_slice();
        let scan = [0xFF, 0xDA, 0, 3, 7, 10, 0xFF, 0x00, 20, 0xFF, 0xD3, 30].as_slice();
        let end = [0xFF, 0xFF, 0xD9].as_slice();
        let junk = [0, 1, 2].as_slice();
        for (parts, whole) in [
            (vec![start, scan, end], true),
            (vec![start, thumbnail, scan, end, junk], true),
            (vec![start, thumbnail, scan], false),
            (vec![start, thumbnail, scan, &end[..2]], false),
            (vec![start, &thumbnail[..3]], false),
            (vec![start], false),
            (vec![], false),
        ] {
            assert_eq!(Segments::of(&parts.concat()).has_end, whole, "{parts:?}");
        }
    }
}
