use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage, RgbaImage};

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

#[test]
fn a_picture_whose_alpha_hides_all_of_it_is_opaque() {
    let colors = noisy(16);
    let with = |alpha: u8| {
        RgbaImage::from_fn(16, 16, |x, y| {
            let [red, green, blue] = colors.get_pixel(x, y).0;
            // One pixel differs.
            let alpha = if (x, y) == (7, 7) { alpha } else { 0 };
            image::Rgba([red, green, blue, alpha])
        })
    };
    let decoded = |picture: DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        decode_contents(&bytes.into_inner(), &mut Room::default())
            .unwrap()
            .0
    };
    for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Bmp] {
        let hidden = DynamicImage::ImageRgba8(with(0));
        assert_eq!(decoded(hidden.clone(), format).rgb, *colors, "{format:?}");
        let shown = decoded(DynamicImage::ImageRgba8(with(255)), format);
        let white = shown.rgb.iter().filter(|&&value| value == 255).count();
        assert!(white >= 3 * 255, "{format:?}");
        if format != ImageFormat::Bmp {
            let deep = DynamicImage::ImageRgba16(hidden.to_rgba16());
            assert_eq!(decoded(deep, format).rgb, *colors, "{format:?}");
        }
    }
    let hidden = DynamicImage::ImageRgba8(with(0));
    let expected = DynamicImage::ImageLuma8(hidden.to_luma8()).into_rgb8();
    let grey = DynamicImage::ImageLumaA8(hidden.to_luma_alpha8());
    assert_eq!(decoded(grey, ImageFormat::Png).rgb, *expected);
}

#[test]
fn an_iphone_s_png_is_named() {
    let mut bytes = encoded(ImageFormat::Png);
    let mut chunk = vec![0, 0, 0, 4];
    chunk.extend(b"CgBI\x50\0\x20\x06");
    chunk.extend([0; 4]);
    drop(bytes.splice(8..8, chunk));
    let error = decode_contents(&bytes, &mut Room::default()).unwrap_err();
    assert!(
        error.contains("CgBI") && error.contains("convert"),
        "{error}"
    );
}

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

#[derive(serde::Deserialize)]
struct Odd {
    file: String,
    width: u32,
    height: u32,
    tolerance: u8,
}

/// Recorded by `tests/odd_pictures.py`: Pillow's pixels, or those that were drawn where nothing is lost.
#[test]
fn a_hundred_odd_pictures_of_each_format_have_the_pixels_that_they_should() {
    for format in ["jpg", "png", "gif", "bmp", "webp", "tif"] {
        let file = std::fs::File::open(pictures().join(format!("odd_{format}.zip"))).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let mut read = |name: &str| {
            let mut bytes = Vec::new();
            archive
                .by_name(name)
                .unwrap()
                .read_to_end(&mut bytes)
                .unwrap();
            bytes
        };
        let cases: Vec<Odd> = serde_json::from_slice(&read("expected.json")).unwrap();
        assert_eq!(cases.len(), 100);
        let mut equal = 0;
        for case in cases {
            let (picture, _) = decode_bytes(&read(&case.file), Path::new(&case.file)).unwrap();
            let size = (picture.width, picture.height);
            assert_eq!(size, (case.width, case.height), "{}", case.file);
            let expected = read(&format!("{}.rgb", case.file));
            assert_eq!(picture.rgb.len(), expected.len(), "{}", case.file);
            let pairs = picture.rgb.iter().zip(&expected);
            let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(worst <= case.tolerance, "{}: differs by {worst}", case.file);
            equal += usize::from(worst == 0);
        }
        println!("{format}: {equal} of 100 equal");
        assert!(equal >= 80, "{format}: {equal} of 100 are equal");
    }
}

/// A page's tags and what follows them, in a file with one strip.
fn tiff(tags: &[(u16, u32)], strip: &[u8]) -> Vec<u8> {
    let mut bytes = b"II\x2A\0".to_vec();
    bytes.extend((8 + strip.len() as u32).to_le_bytes());
    bytes.extend(strip);
    let standard = [(273, 8), (279, strip.len() as u32)];
    let mut tags: Vec<(u16, u32)> = tags.iter().chain(&standard).copied().collect();
    tags.sort_unstable();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([4, 0, 1, 0, 0, 0]);
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

#[test]
fn what_a_tiff_holds_is_named_where_it_is_not_read() {
    let page = |changed: &[(u16, u32)]| {
        let mut tags = vec![(256, 2), (257, 1), (258, 8), (259, 1), (262, 2), (277, 3)];
        tags.retain(|(tag, _)| changed.iter().all(|(other, _)| other != tag));
        tags.extend(changed);
        tiff(&tags, &[10, 20, 30, 40, 50, 60, 70, 80])
    };
    let decoded = decode_bytes(&page(&[]), Path::new("a.tif")).unwrap().0;
    assert_eq!(decoded.rgb, [10, 20, 30, 40, 50, 60]);
    for (changed, expect) in [
        (
            (259, 6),
            "is a TIFF compressed with old-style JPEG, which can't be read: save",
        ),
        (
            (259, 33_003),
            "is a TIFF compressed with JPEG 2000, which can't be read: save",
        ),
        ((259, 34_925), "is a TIFF compressed with LZMA, which"),
        (
            (259, 12_345),
            "is a TIFF compressed in an unknown way (number 12345): save",
        ),
        (
            (262, 8),
            "is a TIFF in CIE Lab colours, which can't be read: save",
        ),
        (
            (262, 32_803),
            "is a camera's raw picture (DNG, NEF, CR2, ARW",
        ),
        (
            (262, 1),
            "is a TIFF with 3 channels and no word on which of them are red",
        ),
        ((258, 17), "is a TIFF with 17 bits a sample, which"),
        ((257, 500), "is cut off (the TIFF ends too early): copy"),
        ((257, 20_000), "is too large (2 x 20000 pixels"),
        (
            (273, 9999),
            "is damaged or cut off (a part of the TIFF stands beyond its end)",
        ),
    ] {
        let mut bytes = page(&[changed]);
        if changed.0 == 273 {
            // Beside the strip's own offset.
            bytes = tiff(
                &[(256, 2), (257, 1), (258, 8), (259, 1), (262, 2), (277, 3)],
                &[0; 6],
            );
            let at = bytes
                .windows(4)
                .position(|part| part == [0x11, 1, 4, 0])
                .unwrap();
            bytes[at + 8..at + 12].copy_from_slice(&9999u32.to_le_bytes());
        }
        let error = decode_bytes(&bytes, Path::new("a.tif"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expect), "{changed:?}: {error}");
    }
}

#[test]
fn twelve_bits_in_sixteen_are_refused_alone_and_told_of_in_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, most: u16| {
        let path = folder.path().join(name);
        image::ImageBuffer::from_fn(8, 8, |x, y| {
            image::Luma([most / 64 * (x * 8 + y + 1) as u16])
        })
        .save(&path)
        .unwrap();
        PictureSource::File(path)
    };
    let twelve = save("twelve.png", 4032);
    let error = decode_alone(&twelve).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "has 16 bits a sample, and none is above 4032 of 65535, as cameras of 12 bits write it"
        ),
        "{error}"
    );
    assert_eq!(
        decode_then(&twelve, |_, notes| notes.greatest).unwrap(),
        Some(4032)
    );
    let sixteen = save("sixteen.png", 60_000);
    assert!(decode_alone(&sixteen).is_ok());
    let black = save("black.png", 0);
    assert!(
        decode_alone(&black).is_ok(),
        "black is black in any number of bits"
    );
}

#[test]
fn the_contents_decide_the_format() {
    for format in FORMATS {
        let picture = decode_bytes(&encoded(format), Path::new("named.wrongly.png"))
            .unwrap()
            .0;
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
