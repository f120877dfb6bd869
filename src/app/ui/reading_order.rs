//! Text of scripts that run from right to left, in the order in which it is read. The layout shapes each word rightly, but
//! sets word after word from left to right; here the words of a row get their places by Unicode's bidirectional algorithm, in
//! a line that begins at the left, as figures have it. It works on what is drawn alone: text that is copied, edited or read
//! aloud stays as it is.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{self, Galley, Shape, epaint::text::Glyph, epaint::text::Row};
use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

/// Puts every text of a frame into its reading order, after the frame was drawn.
#[derive(Default)]
pub struct ReadingOrder {
    frame: u64,
    /// By the address of the galley, which is kept so that no other gets it.
    ordered: HashMap<usize, Ordered>,
}

struct Ordered {
    before: Arc<Galley>,
    after: Arc<Galley>,
    used: u64,
}

impl egui::Plugin for ReadingOrder {
    fn debug_name(&self) -> &'static str {
        "reading order"
    }

    fn output_hook(&mut self, _ctx: &egui::Context, output: &mut egui::FullOutput) {
        self.frame += 1;
        for clipped in &mut output.shapes {
            self.order(&mut clipped.shape);
        }
        let frame = self.frame;
        self.ordered.retain(|_, galley| galley.used == frame);
    }
}

impl ReadingOrder {
    fn order(&mut self, shape: &mut Shape) {
        match shape {
            Shape::Vec(shapes) => shapes.iter_mut().for_each(|shape| self.order(shape)),
            Shape::Text(text) if runs_right_to_left(&text.galley.job.text) => {
                let key = Arc::as_ptr(&text.galley) as usize;
                let kept = self.ordered.entry(key).or_insert_with(|| Ordered {
                    after: Arc::new(ordered(&text.galley)),
                    before: Arc::clone(&text.galley),
                    used: 0,
                });
                kept.used = self.frame;
                debug_assert!(Arc::ptr_eq(&kept.before, &text.galley));
                text.galley = Arc::clone(&kept.after);
            }
            _ => {}
        }
    }
}

/// Whether some of it does.
fn runs_right_to_left(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(is_right_to_left)
}

fn is_right_to_left(letter: char) -> bool {
    // All of these lie in a few blocks: most letters need no search.
    matches!(letter, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
        && matches!(bidi_class(letter), BidiClass::R | BidiClass::AL)
}

/// Letters, marks, digits and signs of such scripts, which stand in one font.
fn is_of_such_a_script(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8FF}') || is_right_to_left(letter)
}

fn ordered(galley: &Galley) -> Galley {
    let mut galley = galley.clone();
    for placed in &mut galley.rows {
        if placed
            .row
            .glyphs
            .iter()
            .any(|glyph| is_right_to_left(glyph.chr))
        {
            order_row(Arc::make_mut(&mut placed.row));
        }
    }
    galley
}

/// What keeps its look when it moves: a sign, or the letters of one word that runs from right to left.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    glyphs: Range<usize>,
    left: f32,
    width: f32,
    /// What stands for it in the bidirectional algorithm.
    sign: char,
}

fn order_row(row: &mut Row) {
    let pieces = pieces(&row.glyphs);
    let Some(first) = pieces.first() else {
        return;
    };
    let mut left = first.left;
    let signs: Vec<char> = pieces.iter().map(|piece| piece.sign).collect();
    for (index, is_reversed) in visual_order(&signs) {
        let piece = &pieces[index];
        let is_word = is_right_to_left(piece.sign);
        for at in piece.glyphs.clone() {
            let glyph = row.glyphs[at];
            row.glyphs[at].pos.x += left - piece.left;
            if glyph.uv_rect.is_nothing() {
                continue;
            }
            let first = glyph.first_vertex as usize;
            let Some(corners) = row.visuals.mesh.vertices.get_mut(first..first + 4) else {
                continue;
            };
            for corner in corners {
                let offset = corner.pos.x - piece.left;
                corner.pos.x = left
                    + match is_reversed && !is_word && is_mirrored(piece.sign) {
                        true => piece.width - offset,
                        false => offset,
                    };
            }
        }
        // These digits count as letters of their script where the layout asks for its direction.
        if is_word || matches!(piece.sign, '\u{6F0}'..='\u{6F9}') {
            turn_digits(row, piece.glyphs.clone());
        }
        left += piece.width;
    }
}

/// A bracket opens towards the text that it encloses.
fn is_mirrored(sign: char) -> bool {
    "()[]{}<>«»‹›≤≥".contains(sign)
}

fn pieces(glyphs: &[Glyph]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (at, glyph) in glyphs.iter().enumerate() {
        let is_word = is_of_such_a_script(glyph.chr);
        let right = glyph.max_x();
        match pieces.last_mut() {
            // A mark, and what stands for a letter that melted into another, goes with its letter.
            Some(last)
                if (is_word && is_of_such_a_script(last.sign))
                    || (glyph.advance_width == 0.0 && glyph.uv_rect.is_nothing()) =>
            {
                last.glyphs.end = at + 1;
                last.width = last.width.max(right - last.left);
                if is_word && !is_right_to_left(last.sign) {
                    last.sign = glyph.chr;
                }
            }
            _ => pieces.push(Piece {
                glyphs: at..at + 1,
                left: glyph.pos.x,
                width: glyph.advance_width,
                sign: glyph.chr,
            }),
        }
    }
    // Where letters are spaced, the space belongs to the piece before it.
    for index in 1..pieces.len() {
        pieces[index - 1].width = pieces[index].left - pieces[index - 1].left;
    }
    pieces
}

/// Which piece stands where, from left to right, and whether it is in text that runs from right to left.
fn visual_order(signs: &[char]) -> Vec<(usize, bool)> {
    let is_end = |sign: &char| bidi_class(*sign) == BidiClass::B;
    let text: String = signs
        .iter()
        .map(|sign| if is_end(sign) { ' ' } else { *sign })
        .collect();
    let bidi = BidiInfo::new(&text, Some(Level::ltr()));
    let Some(paragraph) = bidi.paragraphs.first() else {
        return Vec::new();
    };
    let levels = bidi.reordered_levels_per_char(paragraph, paragraph.range.clone());
    let order = BidiInfo::reorder_visual(&levels);
    let turned = |index: usize| (index, levels[index].is_rtl());
    order.into_iter().map(turned).collect()
}

/// Numbers run from left to right in every script; the layout turned those that touch a word round with it.
fn turn_digits(row: &mut Row, glyphs: Range<usize>) {
    let is_digit = |glyph: &Glyph| {
        matches!(bidi_class(glyph.chr), BidiClass::AN | BidiClass::EN) && glyph.chr.is_numeric()
    };
    let mut at = glyphs.start;
    while at < glyphs.end {
        let length = row.glyphs[at..glyphs.end]
            .iter()
            .take_while(|glyph| is_digit(glyph))
            .count();
        if length > 1 {
            let number = at..at + length;
            let (left, right) = (row.glyphs[at].pos.x, row.glyphs[at + length - 1].max_x());
            for digit in number {
                let glyph = &mut row.glyphs[digit];
                let shift = left + right - glyph.max_x() - glyph.pos.x;
                glyph.pos.x += shift;
                if glyph.uv_rect.is_nothing() {
                    continue;
                }
                let first = glyph.first_vertex as usize;
                if let Some(corners) = row.visuals.mesh.vertices.get_mut(first..first + 4) {
                    corners.iter_mut().for_each(|corner| corner.pos.x += shift);
                }
            }
        }
        at += length.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of `text` from left to right, where each of `words` is one.
    fn read(words: &[&str]) -> String {
        let signs: Vec<char> = words
            .iter()
            .map(|word| {
                let strong = word.chars().find(|letter| is_right_to_left(*letter));
                strong.unwrap_or_else(|| word.chars().next().unwrap())
            })
            .collect();
        visual_order(&signs)
            .into_iter()
            .map(|(index, _)| words[index])
            .collect()
    }

    #[test]
    fn words_of_a_name_are_read_from_right_to_left() {
        assert_eq!(read(&["שלום", " ", "עולם"]), "עולם שלום");
        assert_eq!(read(&["قطة", " ", "سوداء"]), "سوداء قطة");
        // A number is read from left to right, and stands where the reader comes to it.
        assert_eq!(read(&["שלום", " ", "1", "2"]), "12 שלום");
        // Latin letters and the end of a file's name keep their places.
        assert_eq!(
            read(&["a", " ", "שלום", " ", "עולם", ".", "j"]),
            "a עולם שלום.j"
        );
        assert_eq!(read(&["a", "b"]), "ab");
    }

    #[test]
    fn brackets_around_such_words_are_turned() {
        let turned: Vec<(usize, bool)> = visual_order(&['ש', ' ', '(', 'ע', ')']);
        // The last bracket stands at the end of a line that begins at the left.
        assert_eq!(turned.iter().map(|(index, _)| *index).max(), Some(4));
        let inside = visual_order(&['ש', '(', 'ע', ')', 'ל']);
        assert_eq!(
            inside,
            [(4, true), (3, true), (2, true), (1, true), (0, true)]
        );
    }

    #[test]
    fn text_without_such_scripts_is_left_alone() {
        for text in ["cat", "Prüfung", "猫", "\u{E036} Train", "π ≈ 3", "кот"] {
            assert!(!runs_right_to_left(text), "{text}");
        }
        for text in ["שלום", "a قطة", "ދިވެހި"] {
            assert!(runs_right_to_left(text), "{text}");
        }
    }

    /// A row as the layout makes it where every letter has a font, with Hebrew letters in place of `a` to `e`.
    fn laid_out(text: &str) -> Galley {
        let ctx = egui::Context::default();
        crate::app::ui::theme::install(&ctx);
        let mut galley = None;
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let (font, color) = (egui::FontId::proportional(13.0), egui::Color32::WHITE);
            galley = Some(ui.painter().layout_no_wrap(text.to_owned(), font, color));
        });
        output.textures_delta.clear();
        let mut galley = Galley::clone(&galley.unwrap());
        for glyph in &mut Arc::make_mut(&mut galley.rows[0].row).glyphs {
            if let Some(place) = "abcde".find(glyph.chr) {
                glyph.chr = ['א', 'ב', 'ג', 'ד', 'ה'][place];
            }
        }
        galley
    }

    #[test]
    fn words_change_places_and_the_row_keeps_its_width() {
        let before = laid_out("(ab cde) x");
        let after = ordered(&before);
        assert_eq!(before.rect, after.rect);
        let left = |galley: &Galley, at: usize| galley.rows[0].row.glyphs[at].pos.x;
        // Glyphs: ( א ב space ג ד ה ) space x
        assert!(
            left(&after, 4) < left(&after, 1),
            "the second word stands left of the first"
        );
        assert_eq!(left(&after, 0), left(&before, 0));
        assert_eq!(left(&after, 9), left(&before, 9));
        let corners = |galley: &Galley| {
            let mut places: Vec<i64> = (galley.rows[0].row.visuals.mesh.vertices.iter())
                .map(|corner| (corner.pos.x * 64.0).round() as i64)
                .collect();
            places.sort_unstable();
            (
                places.first().copied(),
                places.last().copied(),
                places.len(),
            )
        };
        assert_eq!(corners(&before), corners(&after));
        assert_eq!(before.job.text, after.job.text);
    }
}
