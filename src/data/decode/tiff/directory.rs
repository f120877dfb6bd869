//! The directories of a TIFF: what is where. (TIFF 6.0, section 2; BigTIFF has wider counts and offsets.)

use std::collections::{BTreeMap, HashSet};

/// More pages than anybody keeps in one picture.
const MAX_PAGES: usize = 10_000;

/// More values of one tag than a picture of legal size has strips.
const MAX_VALUES: u64 = 1 << 22;

/// A TIFF's bytes with its order of bytes.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub bytes: &'a [u8],
    pub is_little: bool,
    is_big_tiff: bool,
}

/// One page.
#[derive(Debug, Default)]
pub(super) struct Directory {
    entries: BTreeMap<u16, TagEntry>,
}

/// The values of a tag.
#[derive(Debug, Clone, Copy)]
struct TagEntry {
    kind: u16,
    count: u64,
    /// Of the values, in the file.
    at: u64,
}

pub(super) mod tag {
    pub const NEW_SUBFILE_TYPE: u16 = 254;
    pub const SUBFILE_TYPE: u16 = 255;
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const FILL_ORDER: u16 = 266;
    pub const STRIP_OFFSETS: u16 = 273;
    pub const ORIENTATION: u16 = 274;
    pub const SAMPLES: u16 = 277;
    pub const ROWS_PER_STRIP: u16 = 278;
    pub const STRIP_BYTES: u16 = 279;
    pub const PLANAR: u16 = 284;
    pub const T4_OPTIONS: u16 = 292;
    pub const PREDICTOR: u16 = 317;
    pub const COLOR_MAP: u16 = 320;
    pub const TILE_WIDTH: u16 = 322;
    pub const TILE_HEIGHT: u16 = 323;
    pub const TILE_OFFSETS: u16 = 324;
    pub const TILE_BYTES: u16 = 325;
    pub const SUB_DIRECTORIES: u16 = 330;
    pub const INK_SET: u16 = 332;
    pub const EXTRA_SAMPLES: u16 = 338;
    pub const SAMPLE_FORMAT: u16 = 339;
    pub const JPEG_TABLES: u16 = 347;
    pub const YCBCR_COEFFICIENTS: u16 = 529;
    pub const YCBCR_SUBSAMPLING: u16 = 530;
    pub const REFERENCE_BLACK_WHITE: u16 = 532;
    pub const DNG_VERSION: u16 = 50_706;
}

impl<'a> File<'a> {
    /// The file and where its first directory is.
    pub fn open(bytes: &'a [u8]) -> Option<(Self, u64)> {
        let is_little = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let mut file = Self {
            bytes,
            is_little,
            is_big_tiff: false,
        };
        match file.number(2, 2)? {
            42 => {}
            43 if file.number(4, 2)? == 8 => file.is_big_tiff = true,
            _ => return None,
        }
        let first = if file.is_big_tiff {
            file.number(8, 8)?
        } else {
            file.number(4, 4)?
        };
        Some((file, first))
    }

    /// All pages of the chain that begins at `first`, as far as it can be followed.
    pub fn pages(&self, first: u64) -> Vec<Directory> {
        let (mut pages, mut seen, mut next) = (Vec::new(), HashSet::new(), first);
        while next != 0 && pages.len() < MAX_PAGES && seen.insert(next) {
            let Some((page, following)) = self.directory(next) else {
                break;
            };
            pages.push(page);
            next = following;
        }
        pages
    }

    /// A directory and where the next one is, 0 for none.
    fn directory(&self, at: u64) -> Option<(Directory, u64)> {
        let (count_bytes, entry_bytes, value_bytes) = if self.is_big_tiff {
            (8, 20, 8)
        } else {
            (2, 12, 4)
        };
        let count = self.number(at, count_bytes)?;
        let first = at.checked_add(count_bytes)?;
        let end = first.checked_add(count.checked_mul(entry_bytes)?)?;
        if end > self.bytes.len() as u64 {
            return None;
        }
        let mut entries = BTreeMap::new();
        for entry in (0..count).map(|index| first + index * entry_bytes) {
            let kind = self.number(entry + 2, 2)? as u16;
            let count = self.number(entry + 4, value_bytes)?;
            let inline = entry + 4 + value_bytes;
            let is_inline = size_of(kind)
                .checked_mul(count)
                .is_some_and(|size| size <= value_bytes);
            let at = if is_inline {
                inline
            } else {
                self.number(inline, value_bytes)?
            };
            entries.insert(self.number(entry, 2)? as u16, TagEntry { kind, count, at });
        }
        // Some writers leave the last pointer away.
        let next = self.number(end, value_bytes).unwrap_or(0);
        Some((Directory { entries }, next))
    }

    /// An unsigned number of `size` bytes at `at`.
    fn number(&self, at: u64, size: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size as usize)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.is_little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }

    /// The whole numbers of a tag; `None` without the tag, or where they are none.
    pub fn numbers(&self, page: &Directory, tag: u16) -> Option<Vec<u64>> {
        let entry = page.entries.get(&tag)?;
        let size = size_of(entry.kind);
        let is_whole = matches!(entry.kind, 1 | 3 | 4 | 6..=9 | 13 | 16..=18);
        if !is_whole || entry.count > MAX_VALUES {
            return None;
        }
        (0..entry.count)
            .map(|index| self.number(entry.at.checked_add(index * size)?, size))
            .collect()
    }

    /// The first number of a tag.
    pub fn first(&self, page: &Directory, tag: u16) -> Option<u64> {
        self.numbers(page, tag)?.first().copied()
    }

    /// The fractions of a tag.
    pub fn fractions(&self, page: &Directory, tag: u16) -> Option<Vec<f64>> {
        let entry = page.entries.get(&tag)?;
        if entry.kind != 5 || entry.count > MAX_VALUES {
            return None;
        }
        (0..entry.count)
            .map(|index| {
                let at = entry.at.checked_add(index * 8)?;
                let (over, under) = (self.number(at, 4)?, self.number(at.checked_add(4)?, 4)?);
                (under > 0).then(|| over as f64 / under as f64)
            })
            .collect()
    }

    /// The bytes of a tag as they stand in the file.
    pub fn raw(&self, page: &Directory, tag: u16) -> Option<&'a [u8]> {
        let entry = page.entries.get(&tag)?;
        let at = usize::try_from(entry.at).ok()?;
        let size = usize::try_from(size_of(entry.kind).checked_mul(entry.count)?).ok()?;
        self.bytes.get(at..at.checked_add(size)?)
    }
}

impl Directory {
    pub fn contains(&self, tag: u16) -> bool {
        self.entries.contains_key(&tag)
    }
}

/// Bytes of a value by its type's number; of an unknown one, one.
fn size_of(kind: u16) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 1,
    }
}
