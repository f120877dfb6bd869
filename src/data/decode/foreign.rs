//! What a file is that is no picture of a kind that is read.

/// Begins with, what it is, what to do.
type Kind = (&'static [u8], &'static str, &'static str);

const CONVERT: &str = "convert it to JPEG or PNG";
const DEVELOP: &str = "develop it with the camera's program and save it as JPEG or PNG";
const EXPORT: &str = "export its pictures as PNG";
const UNPACK: &str = "unpack it";
const DOWNLOAD: &str = "download the picture itself";

/// By first bytes.
const BY_START: &[Kind] = &[
    (b"\0\0\0\x0CjP  ", "a JPEG 2000 picture", CONVERT),
    (b"\xFF\x4F\xFF\x51", "a JPEG 2000 picture", CONVERT),
    (b"\0\0\0\x0CJXL ", "a JPEG XL picture", CONVERT),
    (b"\xFF\x0A", "a JPEG XL picture", CONVERT),
    (b"II\xBC\x01", "a JPEG XR picture", CONVERT),
    (b"8BPS", "a Photoshop document", EXPORT),
    (b"gimp xcf", "a GIMP document", EXPORT),
    (b"%PDF", "a PDF document", EXPORT),
    (b"%!PS", "a PostScript document", EXPORT),
    (b"\x76\x2F\x31\x01", "an OpenEXR picture", CONVERT),
    (b"#?RADIANCE", "a Radiance HDR picture", CONVERT),
    (b"qoif", "a QOI picture", CONVERT),
    (b"DDS ", "a DirectX texture", CONVERT),
    (b"\0\0\x01\0", "an icon", CONVERT),
    (b"\x8AMNG", "an MNG animation", CONVERT),
    (b"\x8BJNG", "a JNG picture", CONVERT),
    (b"SIMPLE  =", "a FITS file of astronomy", CONVERT),
    (b"\x93NUMPY", "a NumPy array", "save its pictures as PNG"),
    (b"\x89HDF", "an HDF5 file", EXPORT),
    (b"FUJIFILMCCD-RAW", "a camera's raw picture", DEVELOP),
    (b"IIRO", "a camera's raw picture", DEVELOP),
    (b"IIU\0", "a camera's raw picture", DEVELOP),
    (b"\0MRM", "a camera's raw picture", DEVELOP),
    (b"FOVb", "a camera's raw picture", DEVELOP),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
    (b"\x1F\x8B", "a gzip archive", UNPACK),
    (b"7z\xBC\xAF", "a 7z archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (
        b"\0\x05\x16\x07",
        "what macOS notes beside a file (“._” before its name), not the picture",
        "leave it away",
    ),
    (
        b"\xD0\xCF\x11\xE0",
        "a Windows document or its list of thumbnails",
        "leave it away",
    ),
    (
        b"L\0\0\0\x01\x14\x02\0",
        "a Windows shortcut",
        "copy the picture itself",
    ),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the picture",
        "fetch the pictures with “git lfs pull”",
    ),
    (b"\x1A\x45\xDF\xA3", "a video", EXPORT),
];

/// By the brand that follows `ftyp`.
const BY_BRAND: &[Kind] = &[
    (b"avi", "an AVIF picture", CONVERT),
    (b"he", "a HEIC picture, as iPhones take them", CONVERT),
    (b"mif1", "a HEIF picture", CONVERT),
    (b"msf1", "a HEIF picture", CONVERT),
    (b"crx", "a camera's raw picture", DEVELOP),
    (b"", "a video", EXPORT),
];

/// By what a text begins with, in lower case.
const BY_TEXT: &[Kind] = &[
    (
        b"<!doctype html",
        "a web page (an error message, perhaps)",
        DOWNLOAD,
    ),
    (b"<html", "a web page (an error message, perhaps)", DOWNLOAD),
    (b"<svg", "an SVG drawing", CONVERT),
    (b"{", "a text (JSON)", DOWNLOAD),
    (b"<", "a text (XML)", DOWNLOAD),
    (b"", "a text", DOWNLOAD),
];

/// Looked at to tell a text from other bytes.
const HEAD: usize = 2048;

/// Why `bytes` can't be decoded: what they are, and the remedy.
pub(super) fn refusal(bytes: &[u8]) -> String {
    const NONE: &str = "is no JPEG, PNG, GIF, BMP, TIFF or WebP picture";
    match name(bytes) {
        Some((what, remedy)) => format!("{NONE} but {what}: {remedy}"),
        None => format!("{NONE}: convert it to one of these"),
    }
}

fn name(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let by = |kinds: &[Kind], bytes: &[u8]| {
        let kind = kinds.iter().find(|(start, ..)| bytes.starts_with(start));
        kind.map(|&(_, what, remedy)| (what, remedy))
    };
    if let Some(found) = by(BY_START, bytes) {
        return Some(found);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return by(BY_BRAND, bytes.get(8..).unwrap_or_default());
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return Some((
            "a DICOM file of a medical device",
            "export its pictures as PNG, all with the same window",
        ));
    }
    if bytes.get(..4) == Some(b"RIFF") && bytes.get(8..11) == Some(b"AVI") {
        return Some(("a video", EXPORT));
    }
    if matches!(bytes, [b'P', b'1'..=b'7', b' ' | b'\n' | b'\r' | b'\t', ..]) {
        return Some(("a PNM picture", CONVERT));
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return Some((
            "nothing but zeros, as a copy or download leaves it that never ended",
            "copy or download the picture again",
        ));
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let is_text = head
        .iter()
        .all(|&byte| byte >= b' ' || byte.is_ascii_whitespace());
    if !is_text {
        return None;
    }
    let text = head.trim_ascii_start().to_ascii_lowercase();
    if text.windows(4).any(|part| part == b"<svg") {
        return Some(("an SVG drawing", CONVERT));
    }
    by(BY_TEXT, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_named_with_its_remedy() {
        let dicom = [&[0; 128], b"DICM".as_slice()].concat();
        for (bytes, expect) in [
            (
                b"\0\0\0\x18ftypheic\0\0".as_slice(),
                "a HEIC picture, as iPhones take them: convert",
            ),
            (b"\0\0\0\x18ftypavif\0\0", "an AVIF picture: convert"),
            (b"\0\0\0\x18ftypisom\0\0", "a video: "),
            (b"\0\0\0\x0CjP  \r\n", "a JPEG 2000 picture: convert"),
            (b"8BPS\0\x01", "a Photoshop document: "),
            (b"%PDF-1.7", "a PDF document: "),
            (&dicom, "a DICOM file of a medical device: "),
            (
                b"\n<!DOCTYPE html><title>404</title>",
                "a web page (an error",
            ),
            (
                b"<?xml version=\"1.0\"?>\n<svg width=\"1\"/>",
                "an SVG drawing: ",
            ),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "a pointer of Git LFS",
            ),
            (b"hello", "a text: "),
            (&[0; 700], "nothing but zeros"),
            (b"P6\n2 2\n255\n", "a PNM picture: "),
        ] {
            let text = refusal(bytes);
            let start = "is no JPEG, PNG, GIF, BMP, TIFF or WebP picture but ";
            assert!(
                text.strip_prefix(start)
                    .is_some_and(|rest| rest.starts_with(expect)),
                "{text}"
            );
        }
        assert!(refusal(b"\x01\x02\x03\x04").ends_with("picture: convert it to one of these"));
    }
}
