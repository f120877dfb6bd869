//! Which files are pictures: told by their name, and where that tells nothing, by their first bytes.

use std::io::{self, Read};
use std::path::Path;

use crate::ordinary_file::{self, Links};

/// What Graft reads.
const PICTURES: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "dib", "tif", "tiff", "webp",
];

/// Pictures that Graft can't read.
const OTHER_PICTURES: &[&str] = &[
    "heic", "heif", "avif", "jxl", "jp2", "j2k", "psd", "cr2", "cr3", "crw", "nef", "nrw", "arw",
    "srf", "sr2", "orf", "rw2", "raf", "pef", "srw", "dng", "dcm", "dicom", "svg", "ppm", "pgm",
    "pbm", "pnm", "exr", "hdr", "tga", "ico", "xcf", "eps", "pdf", "nii",
];

const ARCHIVES: &[&str] = &["zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar"];

const VIDEOS: &[&str] = &[
    "mp4", "avi", "mov", "mkv", "webm", "mpg", "mpeg", "wmv", "m4v", "flv",
];

const TABLES: &[&str] = &["csv", "tsv", "xls", "xlsx", "ods"];

/// Not worth a look: what lies beside pictures in data sets, thousands of times.
const OTHERS: &[&str] = &[
    "txt",
    "json",
    "jsonl",
    "xml",
    "yaml",
    "yml",
    "md",
    "html",
    "htm",
    "ini",
    "log",
    "py",
    "ipynb",
    "pyc",
    "m",
    "sh",
    "db",
    "pkl",
    "pt",
    "pth",
    "safetensors",
    "ron",
    "toml",
    "lst",
    "names",
    "cfg",
    "url",
    "lnk",
    "doc",
    "docx",
    "tex",
    "bib",
    "rtf",
    "css",
    "js",
    "h5",
    "hdf5",
    "tfrecord",
    "tfrecords",
    "parquet",
    "mat",
    "npz",
    "npy",
    "mdb",
    "wav",
    "mp3",
    "obj",
    "ply",
    "pcd",
    "xmp",
    "aae",
    "sha256",
    "md5",
];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Picture,
    /// A picture, as its first bytes say, though its name does not.
    PictureByContent,
    /// A picture of a format that is not read.
    OtherPicture,
    Archive,
    Video,
    Table,
    Other,
}

impl FileKind {
    /// Why it is passed over; `None` for pictures.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Picture | Self::PictureByContent => None,
            Self::OtherPicture => {
                Some("is of a kind that can't be read: convert it to JPEG or PNG")
            }
            Self::Archive => {
                Some("is an archive, which is not opened: unpack it if its pictures belong here")
            }
            Self::Video => Some("is a video: save its frames as pictures if they belong here"),
            Self::Table => Some("is a table, which is not read where folders name the classes"),
            Self::Other => Some(NO_PICTURE),
        }
    }
}

pub(super) const NO_PICTURE: &str = "is no picture";
pub(super) const HIDDEN: &str = "is hidden, and is not read";
pub(super) const HIDDEN_FOLDER: &str = "is a hidden folder, and nothing in it is read";

/// Whether a file or folder that is passed over for this reason is nothing to look after.
pub(super) fn is_harmless(reason: &str) -> bool {
    [NO_PICTURE, HIDDEN, HIDDEN_FOLDER].contains(&reason)
}

/// What the name tells; `None` where it tells nothing.
pub(super) fn by_name(name: &str) -> Option<FileKind> {
    let (_, extension) = name.rsplit_once('.')?;
    let extension = extension.to_lowercase();
    [
        (PICTURES, FileKind::Picture),
        (OTHER_PICTURES, FileKind::OtherPicture),
        (ARCHIVES, FileKind::Archive),
        (VIDEOS, FileKind::Video),
        (TABLES, FileKind::Table),
        (OTHERS, FileKind::Other),
    ]
    .into_iter()
    .find_map(|(extensions, kind)| extensions.contains(&extension.as_str()).then_some(kind))
}

/// What an ordinary file is. Its first bytes are read only where its name tells nothing.
pub(super) fn of_file(path: &Path, name: &str) -> io::Result<FileKind> {
    match by_name(name) {
        Some(kind) => Ok(kind),
        None => Ok(by_content(&first_bytes(path, 32)?)),
    }
}

/// The first bytes of an ordinary file; anything else is not opened.
pub(super) fn first_bytes(path: &Path, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ordinary_file::open(path, Links::Followed)?
        .take(count)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn by_content(bytes: &[u8]) -> FileKind {
    let begins =
        |at: usize, with: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(with));
    // Two letters are too few to tell a bitmap: its second header has one of these lengths.
    let is_bitmap = begins(0, b"BM")
        && bytes.get(14..18).is_some_and(|length| {
            matches!(length, [12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0])
        });
    let is_picture = begins(0, b"\xff\xd8\xff")
        || begins(0, b"\x89PNG\r\n\x1a\n")
        || begins(0, b"GIF87a")
        || begins(0, b"GIF89a")
        || is_bitmap
        || [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"]
            .iter()
            .any(|magic| begins(0, magic))
        || begins(0, b"RIFF") && begins(8, b"WEBP");
    let is_other_picture = begins(4, b"ftyp")
        && [&b"heic"[..], b"heix", b"hevc", b"mif1", b"msf1", b"avif"]
            .iter()
            .any(|brand| begins(8, brand))
        || begins(0, b"8BPS")
        || begins(0, b"\0\0\0\x0cjP  ")
        || begins(0, b"\0\0\0\x0cJXL ");
    if is_picture {
        FileKind::PictureByContent
    } else if is_other_picture {
        FileKind::OtherPicture
    } else if begins(0, b"PK\x03\x04") || begins(0, b"\x1f\x8b") || begins(0, b"Rar!") {
        FileKind::Archive
    } else {
        FileKind::Other
    }
}
