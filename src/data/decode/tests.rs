#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use super::*;

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures")
}

fn noisy(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)) >> 13;
        image::Rgb([noise as u8, (noise >> 8) as u8, (x * 3 + y) as u8])
    })
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    noisy(40).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

const FORMATS: [ImageFormat; 6] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::Gif,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
    ImageFormat::WebP,
];

#[derive(serde::Deserialize)]
struct Expected {
    file: String,
    width: u32,
    height: u32,
    /// How far a lossy decoder may differ from Pillow's.
    tolerance: u8,
    /// Lower-case hexadecimal.
    rgb: String,
}

#[test]
fn unusual_pictures_decode_as_pillow_decodes_them() {
    let expected: Vec<Expected> =
        serde_json::from_str(&std::fs::read_to_string(pictures().join("expected.json")).unwrap())
            .unwrap();
    assert!(expected.len() >= 15);
    for case in expected {
        let picture = decode(&PictureSource::File(pictures().join(&case.file))).unwrap();
        assert_eq!(
            (picture.width, picture.height),
            (case.width, case.height),
            "{}",
            case.file
        );
        let rgb: Vec<u8> = (0..case.rgb.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&case.rgb[at..at + 2], 16).unwrap())
            .collect();
        let worst = picture
            .rgb
            .iter()
            .zip(&rgb)
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap();
        assert_eq!(picture.rgb.len(), rgb.len(), "{}", case.file);
        assert!(worst <= case.tolerance, "{}: differs by {worst}", case.file);
    }
}

#[test]
fn the_contents_decide_the_format() {
    for format in FORMATS {
        let picture = decode_bytes(&encoded(format), Path::new("named.wrongly.png")).unwrap();
        assert_eq!((picture.width, picture.height), (40, 40), "{format:?}");
    }
}

#[test]
fn half_a_file_is_no_picture() {
    for format in FORMATS {
        let bytes = encoded(format);
        for length in [bytes.len() / 2, bytes.len() * 3 / 4, 20, 3] {
            let error = decode_bytes(&bytes[..length], Path::new("half"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(": "), "{format:?}, {length} bytes: {error}");
        }
    }
}

#[test]
fn each_unusable_file_says_what_to_do() {
    let mut jpeg = encoded(ImageFormat::Jpeg);
    let length = jpeg.len() - 2;
    jpeg.truncate(length);
    let mut wide = Vec::new();
    JpegEncoder::new(&mut wide)
        .write_image(&vec![0; 16_385], 16_385, 1, ExtendedColorType::L8)
        .unwrap();
    for (bytes, expect) in [
        (Vec::new(), "is empty (0 bytes): copy the picture again"),
        (
            b"hello, I am a text".to_vec(),
            "is no JPEG, PNG, GIF, BMP, TIFF or WebP picture",
        ),
        (
            jpeg,
            "is cut off (the JPEG has no end marker): copy or download the picture again",
        ),
        (
            wide,
            "is too large (16385 x 1 pixels; at most 16384 a side and 100 million in all)",
        ),
    ] {
        let error = decode_bytes(&bytes, Path::new("some.jpg"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expect), "{error}");
        assert!(error.ends_with(": some.jpg"), "{error}");
    }
}

#[test]
fn a_huge_declared_size_is_refused_before_memory_is_taken() {
    // A PNG whose header promises 60,000 x 60,000 pixels.
    let mut png = encoded(ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let error = decode_bytes(&png, Path::new("bomb.png"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("is too large (60000 x 60000"), "{error}");
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_thumbnail_keeps_proportions_and_never_enlarges() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.png");
    RgbImage::from_pixel(300, 100, image::Rgb([1, 2, 3]))
        .save(&path)
        .unwrap();
    let source = PictureSource::File(path);
    assert_eq!(
        thumbnail(&source, 96).unwrap(),
        Pixels::filled(96, 32, [1, 2, 3])
    );
    assert_eq!(
        thumbnail(&source, 400).unwrap(),
        Pixels::filled(300, 100, [1, 2, 3])
    );
}
