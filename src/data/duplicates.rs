//! The same picture twice: exactly, by a hash of the decoded pixels, or nearly, by a perceptual hash
//! whose finds are confirmed on small grey copies.
//!
//! The perceptual hash is that of the DCT's low frequencies against their median (“pHash”, Zauner 2010)
//! with 64 bits. Pictures of one kind (solar cells, X-rays) are all alike to it, which is why a find
//! counts only when the small copies also correlate.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};

use image_hasher::{HashAlg, HasherConfig};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::disjoint::DisjointSets;
use super::{DataError, PictureSource, Pixels, StopFlag, decode};

/// Bits of 64 in which near duplicates may differ (Hamming distance).
pub const NEAR_BITS: u32 = 10;
/// Least correlation of the small grey copies of near duplicates: what is saved again, resized or brightened
/// stays above it. Among the 2,624 solar cells, which all look alike, two different ones reach 0.9984, and a
/// thousand pairs 0.985. A picture that was cut or turned is not found.
pub const NEAR_CORRELATION: f32 = 0.999;

/// The side of the perceptual hash, in bits.
const HASH_SIDE: u32 = 8;
/// The side of the small grey copy, in pixels.
const SMALL: u32 = 32;
/// The side of the copy that the perceptual hash is taken from: large pictures need not be resized twice.
const HASHED: u32 = 128;
/// Deviation of grey below which a picture is blank: all blank pictures are alike.
const BLANK: f32 = 2.0;
/// Pictures whose pairs are held at a time.
const PAIRED_AT_ONCE: usize = 256;
/// Pictures between two reports of progress.
const REPORT_EVERY: usize = 50;

/// What is kept of a picture to find it again.
#[derive(Clone, PartialEq)]
pub struct Fingerprint {
    /// SHA-256 of size and pixels.
    exact: [u8; 32],
    perceptual: u64,
    /// Grey of a small copy, less its mean and over its length; empty for a blank picture.
    small: Vec<f32>,
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprint({:016x})", self.perceptual)
    }
}

/// How two pictures are alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Likeness {
    /// The same pixels.
    Exact,
    /// Bits of 64 that differ, and how the small copies correlate.
    Near { bits: u32, correlation: f32 },
}

/// Two pictures that are alike, as indices into what was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duplicate {
    pub index: usize,
    pub other: usize,
    pub likeness: Likeness,
}

/// The fingerprint of one picture.
pub fn fingerprint(pixels: &Pixels) -> Fingerprint {
    let mut exact = Sha256::new();
    exact.update(pixels.width.to_le_bytes());
    exact.update(pixels.height.to_le_bytes());
    exact.update(&pixels.rgb);
    Fingerprint {
        exact: exact.finalize().into(),
        perceptual: perceptual(decode::small_copy(pixels, HASHED)),
        small: centred(&grey(&decode::small_copy(pixels, SMALL))),
    }
}

/// ITU-R 601-2's luma, as Pillow's `L`.
fn grey(pixels: &Pixels) -> Vec<u8> {
    let luma = |rgb: &[u8]| {
        let sum = 299 * u32::from(rgb[0]) + 587 * u32::from(rgb[1]) + 114 * u32::from(rgb[2]);
        (sum / 1000) as u8
    };
    pixels.rgb.chunks_exact(3).map(luma).collect()
}

fn perceptual(pixels: Pixels) -> u64 {
    let Some(picture) = image::RgbImage::from_raw(pixels.width, pixels.height, pixels.rgb) else {
        return 0;
    };
    let hasher = HasherConfig::new()
        .hash_size(HASH_SIDE, HASH_SIDE)
        .hash_alg(HashAlg::Median)
        .preproc_dct()
        .to_hasher();
    let hash = hasher.hash_image(&picture);
    hash.as_bytes()
        .iter()
        .take(8)
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Less its mean, over its length, so that a product of two is their correlation; nothing for a blank one.
fn centred(grey: &[u8]) -> Vec<f32> {
    let count = grey.len().max(1) as f32;
    let mean = grey.iter().map(|&value| f32::from(value)).sum::<f32>() / count;
    let centred: Vec<f32> = grey.iter().map(|&value| f32::from(value) - mean).collect();
    let length = centred
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt();
    if length / count.sqrt() < BLANK {
        return Vec::new();
    }
    centred.into_iter().map(|value| value / length).collect()
}

impl Fingerprint {
    /// Bits of 64 in which the perceptual hashes differ.
    pub fn distance(&self, other: &Self) -> u32 {
        (self.perceptual ^ other.perceptual).count_ones()
    }

    /// Correlation of the small copies; nothing when one is blank.
    pub fn correlation(&self, other: &Self) -> Option<f32> {
        if self.small.is_empty() || other.small.is_empty() {
            return None;
        }
        Some(
            self.small
                .iter()
                .zip(&other.small)
                .map(|(a, b)| a * b)
                .sum(),
        )
    }

    /// Whether the two are the same picture, and how.
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        if self.exact == other.exact {
            return Some(Likeness::Exact);
        }
        let bits = self.distance(other);
        if bits > NEAR_BITS {
            return None;
        }
        let correlation = self.correlation(other)?;
        (correlation >= NEAR_CORRELATION).then_some(Likeness::Near { bits, correlation })
    }
}

/// Fingerprints of pictures, decoded on all cores; nothing for one that can't be read. `progress` hears
/// how many are done, and of how many.
///
/// # Errors
/// [`DataError::Stopped`].
pub fn fingerprints(
    sources: &[PictureSource],
    progress: &(dyn Fn(usize, usize) + Sync),
    stop: &StopFlag,
) -> Result<Vec<Option<Fingerprint>>, DataError> {
    let done = AtomicUsize::new(0);
    progress(0, sources.len());
    sources
        .par_iter()
        .map(|source| {
            if stop.is_stopped() {
                return Err(DataError::Stopped);
            }
            let found = decode::decode(source)
                .ok()
                .map(|pixels| fingerprint(&pixels));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(REPORT_EVERY) || done == sources.len() {
                progress(done, sources.len());
            }
            Ok(found)
        })
        .collect()
}

/// For each of `wanted`, the picture most alike to it among those that `matters` lets through (index and
/// other), where there is one that counts as the same. Exact ones come first, then by correlation; each
/// pair stands once.
///
/// # Errors
/// [`DataError::Stopped`].
pub fn find(
    prints: &[Option<Fingerprint>],
    wanted: &[usize],
    matters: &(dyn Fn(usize, usize) -> bool + Sync),
    stop: &StopFlag,
) -> Result<Vec<Duplicate>, DataError> {
    let mut by_pixels: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
    for (index, print) in prints.iter().enumerate() {
        if let Some(print) = print {
            by_pixels.entry(print.exact).or_default().push(index);
        }
    }
    let found: Vec<Option<Duplicate>> = wanted
        .par_iter()
        .map(|&index| {
            if stop.is_stopped() {
                return Err(DataError::Stopped);
            }
            let Some(print) = prints.get(index).and_then(Option::as_ref) else {
                return Ok(None);
            };
            let exact = by_pixels.get(&print.exact).and_then(|same| {
                same.iter()
                    .copied()
                    .find(|&other| other != index && matters(index, other))
            });
            if let Some(other) = exact {
                return Ok(Some(Duplicate {
                    index,
                    other,
                    likeness: Likeness::Exact,
                }));
            }
            Ok(nearest(prints, index, print, matters))
        })
        .collect::<Result<_, _>>()?;
    let mut pairs: Vec<Duplicate> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for duplicate in found.into_iter().flatten() {
        let pair = (
            duplicate.index.min(duplicate.other),
            duplicate.index.max(duplicate.other),
        );
        if known.insert(pair) {
            pairs.push(duplicate);
        }
    }
    let rank = |duplicate: &Duplicate| match duplicate.likeness {
        Likeness::Exact => 2.0,
        Likeness::Near { correlation, .. } => correlation,
    };
    pairs.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.index.cmp(&b.index)));
    Ok(pairs)
}

/// Pictures that are alike, in sets of two and more, by their indices. Whoever is like one of a set belongs to it.
///
/// # Errors
/// [`DataError::Stopped`].
pub fn sets(prints: &[Option<Fingerprint>], stop: &StopFlag) -> Result<Vec<Vec<usize>>, DataError> {
    let mut sets = DisjointSets::new(prints.len());
    // Of the same pixels, one is enough to find what is nearly the same.
    let mut by_pixels: HashMap<[u8; 32], usize> = HashMap::new();
    let mut different: Vec<(usize, &Fingerprint)> = Vec::new();
    for (index, print) in prints.iter().enumerate() {
        let Some(print) = print else { continue };
        match by_pixels.entry(print.exact) {
            Entry::Occupied(first) => sets.join(*first.get(), index),
            Entry::Vacant(free) => {
                free.insert(index);
                different.push((index, print));
            }
        }
    }
    // Some at a time: of pictures that are all alike there are as many pairs as squares.
    let places: Vec<usize> = (0..different.len()).collect();
    for some in places.chunks(PAIRED_AT_ONCE) {
        if stop.is_stopped() {
            return Err(DataError::Stopped);
        }
        let alike = |&place: &usize| -> Vec<usize> {
            let (_, print) = different[place];
            let before = different[..place].iter();
            let like = before.filter(|(_, other)| print.likeness(other).is_some());
            like.map(|(index, _)| *index).collect()
        };
        let found: Vec<Vec<usize>> = some.par_iter().map(alike).collect();
        for (&place, others) in some.iter().zip(found) {
            for other in others {
                sets.join(different[place].0, other);
            }
        }
    }
    Ok(sets.several())
}

fn nearest(
    prints: &[Option<Fingerprint>],
    index: usize,
    print: &Fingerprint,
    matters: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Option<Duplicate> {
    let mut best: Option<Duplicate> = None;
    for (other, candidate) in prints.iter().enumerate() {
        let Some(candidate) = candidate.as_ref().filter(|_| other != index) else {
            continue;
        };
        // The hash is quick, and lets few pass.
        if print.distance(candidate) > NEAR_BITS || !matters(index, other) {
            continue;
        }
        let Some(likeness @ Likeness::Near { correlation, .. }) = print.likeness(candidate) else {
            continue;
        };
        let is_better = match best.as_ref().map(|best| best.likeness) {
            Some(Likeness::Near {
                correlation: before,
                ..
            }) => correlation > before,
            _ => true,
        };
        if is_better {
            best = Some(Duplicate {
                index,
                other,
                likeness,
            });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::random::RandomSource;
    use super::*;

    /// Soft blobs at positions that `seed` draws.
    fn picture(width: u32, height: u32, seed: u64) -> Pixels {
        let mut random = RandomSource::new(seed);
        let blobs: Vec<[f64; 4]> = (0..12)
            .map(|_| [random.unit(), random.unit(), random.unit(), random.unit()])
            .collect();
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (
                    (f64::from(x) + 0.5) / f64::from(width),
                    (f64::from(y) + 0.5) / f64::from(height),
                );
                let value: f64 = blobs
                    .iter()
                    .map(|[cx, cy, size, strength]| {
                        let distance = (x - cx).powi(2) + (y - cy).powi(2);
                        (strength - 0.5) * (-distance / (0.004 + 0.02 * size)).exp()
                    })
                    .sum();
                let value = (128.0 + 200.0 * value).clamp(0.0, 255.0) as u8;
                rgb.extend([value, value, value / 2]);
            }
        }
        Pixels { width, height, rgb }
    }

    fn brighter(pixels: &Pixels) -> Pixels {
        Pixels {
            rgb: pixels
                .rgb
                .iter()
                .map(|&value| (f32::from(value) * 0.9 + 12.0) as u8)
                .collect(),
            ..pixels.clone()
        }
    }

    #[test]
    fn the_same_picture_smaller_or_brighter_is_a_near_duplicate() {
        let original = fingerprint(&picture(240, 180, 1));
        assert_eq!(
            original.likeness(&fingerprint(&picture(240, 180, 1))),
            Some(Likeness::Exact)
        );
        for changed in [picture(120, 90, 1), brighter(&picture(240, 180, 1))] {
            let likeness = original.likeness(&fingerprint(&changed));
            assert!(
                matches!(likeness, Some(Likeness::Near { .. })),
                "{likeness:?}"
            );
        }
        for seed in 2..40 {
            let other = fingerprint(&picture(240, 180, seed));
            assert_eq!(original.likeness(&other), None, "seed {seed}");
        }
    }

    #[test]
    fn blank_pictures_are_the_same_only_when_they_are() {
        let black = fingerprint(&Pixels::filled(40, 40, [0; 3]));
        let grey = fingerprint(&Pixels::filled(40, 40, [90; 3]));
        assert_eq!(black.likeness(&grey), None);
        assert_eq!(
            grey.likeness(&fingerprint(&Pixels::filled(40, 40, [90; 3]))),
            Some(Likeness::Exact)
        );
    }

    #[test]
    fn each_wanted_picture_finds_its_best_match_and_pairs_stand_once() {
        let pictures = [
            picture(120, 120, 1),
            picture(120, 120, 2),
            brighter(&picture(120, 120, 1)),
            picture(120, 120, 1),
            picture(60, 60, 2),
        ];
        let mut prints: Vec<_> = pictures
            .iter()
            .map(|pixels| Some(fingerprint(pixels)))
            .collect();
        prints.push(None);
        let stop = StopFlag::default();
        let all: Vec<usize> = (0..6).collect();
        let found = find(&prints, &all, &|_, _| true, &stop).unwrap();
        let pairs: Vec<(usize, usize)> = found
            .iter()
            .map(|found| (found.index, found.other))
            .collect();
        assert_eq!(pairs[0], (0, 3));
        assert_eq!(found[0].likeness, Likeness::Exact);
        assert!(pairs.contains(&(1, 4)) && pairs.iter().any(|pair| pair.0 == 2));
        assert_eq!(pairs.len(), 3);
        // Only what crosses a border.
        let crossing = |a: usize, b: usize| (a < 3) != (b < 3);
        let found = find(&prints, &[3, 4], &crossing, &stop).unwrap();
        let pairs: Vec<(usize, usize)> = found
            .iter()
            .map(|found| (found.index, found.other))
            .collect();
        assert_eq!(pairs, [(3, 0), (4, 1)]);
        stop.stop();
        assert!(matches!(
            find(&prints, &all, &|_, _| true, &stop),
            Err(DataError::Stopped)
        ));
    }
}
