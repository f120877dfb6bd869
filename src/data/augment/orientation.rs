//! The eight ways in which a square can lie: mirrors and quarter turns, exact to the pixel.

use super::super::Pixels;
use super::mirror::mirrored;
use super::{flip_views, flips};
use crate::experiment::{Augmentation, TestViews};

/// Rows and columns exchanged or not, then mirrored. Exchanged and mirrored left to right is a quarter turn with the clock,
/// exchanged and mirrored top to bottom one against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Orientation {
    pub transposed: bool,
    /// Mirrored left and right.
    pub horizontally: bool,
    /// Mirrored top and bottom.
    pub vertically: bool,
}

impl Orientation {
    /// The picture as it is.
    pub const PLAIN: Self = Self {
        transposed: false,
        horizontally: false,
        vertically: false,
    };
}

/// In which orientations a test sees a picture; the first is the picture itself.
pub fn test_orientations(augmentation: &Augmentation, views: TestViews) -> Vec<Orientation> {
    let flipped = (0..flip_views(augmentation)).map(|view| {
        let (horizontally, vertically) = flips(augmentation, view);
        Orientation {
            transposed: false,
            horizontally,
            vertically,
        }
    });
    match views {
        TestViews::Single => vec![Orientation::PLAIN],
        TestViews::FlipsAndTurns if augmentation.turns_all_round() => {
            let turned = |transposed, horizontally, vertically| Orientation {
                transposed,
                horizontally,
                vertically,
            };
            let turns = [
                turned(false, true, true),
                turned(true, true, false),
                turned(true, false, true),
            ];
            let mut all: Vec<Orientation> = flipped.collect();
            // Every flip, turned by a half: the other flips.
            if augmentation.horizontal_flip || augmentation.vertical_flip {
                all.extend([
                    turned(false, true, false),
                    turned(false, false, true),
                    turned(true, false, false),
                    turned(true, true, true),
                ]);
            }
            all.extend(turns);
            let mut seen = std::collections::HashSet::new();
            all.retain(|orientation| seen.insert(*orientation));
            all
        }
        TestViews::Flips | TestViews::FlipsAndTurns => flipped.collect(),
    }
}

/// A copy of a square that lies so. No value changes, only its position.
pub fn oriented(square: &Pixels, orientation: Orientation) -> Pixels {
    let Orientation {
        transposed,
        horizontally,
        vertically,
    } = orientation;
    // What is no square keeps its size and is only mirrored; the network sees squares alone.
    if !transposed || square.width != square.height {
        return mirrored(square, horizontally, vertically);
    }
    let side = square.width as usize;
    let mut rgb = Vec::with_capacity(square.rgb.len());
    for y in 0..side {
        for x in 0..side {
            let at = (x * side + y) * 3;
            rgb.extend_from_slice(&square.rgb[at..at + 3]);
        }
    }
    let turned = Pixels {
        width: square.width,
        height: square.height,
        rgb,
    };
    mirrored(&turned, horizontally, vertically)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn augmentation(horizontal_flip: bool, vertical_flip: bool, rotation: f64) -> Augmentation {
        Augmentation {
            horizontal_flip,
            vertical_flip,
            rotation,
            ..Augmentation::default()
        }
    }

    /// Its pixels are numbered row by row.
    fn square() -> Pixels {
        Pixels {
            width: 3,
            height: 3,
            rgb: (0..9u8).flat_map(|number| [number; 3]).collect(),
        }
    }

    fn numbers(pixels: &Pixels) -> Vec<u8> {
        pixels.rgb.chunks_exact(3).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn quarter_turns_are_quarter_turns() {
        let turn = |transposed, horizontally, vertically| {
            numbers(&oriented(
                &square(),
                Orientation {
                    transposed,
                    horizontally,
                    vertically,
                },
            ))
        };
        // NumPy's rot90(k=-1), rot90(k=1), rot90(k=2) and T of arange(9).reshape(3, 3).
        assert_eq!(turn(true, true, false), [6, 3, 0, 7, 4, 1, 8, 5, 2]);
        assert_eq!(turn(true, false, true), [2, 5, 8, 1, 4, 7, 0, 3, 6]);
        assert_eq!(turn(false, true, true), [8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(turn(true, false, false), [0, 3, 6, 1, 4, 7, 2, 5, 8]);
    }

    #[test]
    fn views_are_all_that_flips_and_turns_make_and_none_twice() {
        use TestViews::{Flips, FlipsAndTurns, Single};
        for (augmentation, views, count) in [
            (augmentation(true, true, 180.0), Single, 1),
            (augmentation(true, true, 180.0), Flips, 4),
            (augmentation(true, true, 180.0), FlipsAndTurns, 8),
            (augmentation(true, false, 180.0), FlipsAndTurns, 8),
            (augmentation(false, true, 180.0), FlipsAndTurns, 8),
            (augmentation(false, false, 180.0), FlipsAndTurns, 4),
            (augmentation(true, false, 90.0), FlipsAndTurns, 2),
            (augmentation(false, false, 0.0), FlipsAndTurns, 1),
        ] {
            let found = test_orientations(&augmentation, views);
            assert_eq!(found.len(), count, "{augmentation:?} {views:?}");
            assert_eq!(found[0], Orientation::PLAIN);
            let flips = test_orientations(&augmentation, Flips);
            assert!(found.starts_with(&flips) || views == Single);
            let mut pictures: Vec<Vec<u8>> = (found.iter())
                .map(|&orientation| numbers(&oriented(&square(), orientation)))
                .collect();
            // With a view, all that a turn makes of it is among them.
            if count >= 4 && augmentation.turns_all_round() && views == FlipsAndTurns {
                for picture in &pictures {
                    let turned: Vec<u8> = (0..9)
                        .map(|at| picture[(2 - at % 3) * 3 + at / 3])
                        .collect();
                    assert!(pictures.contains(&turned));
                }
            }
            pictures.sort();
            pictures.dedup();
            assert_eq!(pictures.len(), count);
        }
    }
}
