//! Our own fonts, and those of this machine for letters that ours lack: class names come in any script.
//!
//! A text that our fonts can write looks the same on every machine; the machine's fonts are looked
//! through only when a text needs them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use resvg::usvg::fontdb;
use skrifa::MetadataProvider as _;

/// The family of the fonts below.
pub(super) const FONT: &str = "Inter";

const FONTS: [&[u8]; 3] = [
    include_bytes!("../../assets/fonts/Inter-Regular.otf"),
    include_bytes!("../../assets/fonts/Inter-Medium.otf"),
    include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
];

/// Letters that our fonts lack. Signs that draw nothing are no letters.
pub fn lacking(text: &str) -> BTreeSet<char> {
    let mut letters = beyond_ascii(text);
    if letters.is_empty() {
        return letters;
    }
    if let Ok(font) = skrifa::FontRef::new(FONTS[0]) {
        let own = font.charmap();
        letters.retain(|letter| own.map(*letter).is_none());
    }
    letters
}

/// Letters that neither our fonts nor those of this machine have.
pub fn unwritable(text: &str) -> BTreeSet<char> {
    let letters = lacking(text);
    if letters.is_empty() {
        return letters;
    }
    with_needed(&letters, |needed| &letters & &needed.nowhere)
}

/// A sentence about letters that no font of this machine has; nothing when there are none.
pub fn complaint(text: &str) -> Option<String> {
    let letters = unwritable(text);
    if letters.is_empty() {
        return None;
    }
    let shown: String = letters.iter().take(8).collect();
    let more = if letters.len() > 8 { " and others" } else { "" };
    Some(format!(
        "No font of this machine has {shown}{more}: boxes stand in their place. A font such as Noto Sans CJK or Noto \
         Emoji has them, once it is installed"
    ))
}

/// The faces that write some of `letters`, which keeps those that none has. The first that has most
/// comes first: one script stays one font.
fn covering(letters: &mut BTreeSet<char>) -> Vec<fontdb::ID> {
    let database = of_machine();
    let mut chosen = Vec::new();
    while !letters.is_empty() {
        let best = (database.faces())
            .filter(|face| face.style == fontdb::Style::Normal)
            .map(|face| {
                let known = written(database, face.id, letters);
                // Of equals an upright text font: not bold, not of fixed width.
                let plain = face.weight.0.abs_diff(400) + u16::from(face.monospaced) * 1000;
                (known.len(), std::cmp::Reverse(plain), face.id, known)
            })
            .filter(|(number, ..)| *number > 0)
            .max_by_key(|(number, plain, ..)| (*number, *plain));
        let Some((_, _, id, known)) = best else {
            break;
        };
        letters.retain(|letter| !known.contains(letter));
        chosen.push(id);
    }
    chosen
}

/// Which of `letters` a face has.
fn written(
    database: &fontdb::Database,
    id: fontdb::ID,
    letters: &BTreeSet<char>,
) -> BTreeSet<char> {
    let known = database.with_face_data(id, |data, index| {
        let Ok(font) = skrifa::FontRef::from_index(data, index) else {
            return BTreeSet::new();
        };
        let map = font.charmap();
        let has = |letter: &&char| map.map(**letter).is_some();
        letters.iter().filter(has).copied().collect()
    });
    known.unwrap_or_default()
}

fn is_visible(letter: char) -> bool {
    let draws_nothing = matches!(letter, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}');
    !letter.is_control() && !letter.is_whitespace() && !draws_nothing
}

/// Visible letters that ASCII has not. Documents hold pictures, which are ASCII by the megabyte.
fn beyond_ascii(text: &str) -> BTreeSet<char> {
    let mut letters = BTreeSet::new();
    let mut from = 0;
    while from < text.len() {
        let mut to = text.floor_char_boundary(from + 4096);
        if to <= from {
            to = text.len();
        }
        let part = &text[from..to];
        if !part.is_ascii() {
            let others = part.chars().filter(|letter| !letter.is_ascii());
            letters.extend(others.filter(|letter| is_visible(*letter)));
        }
        from = to;
    }
    letters
}

/// The fonts that `text` needs: ours, and of the machine's as few as will do.
pub(super) fn database(text: &str) -> Arc<fontdb::Database> {
    let letters = lacking(text);
    if letters.is_empty() {
        return own().clone();
    }
    with_needed(&letters, |needed| needed.database.clone())
}

/// What texts have needed so far beyond our fonts.
struct Needed {
    database: Arc<fontdb::Database>,
    /// Letters that have been looked for, and those of them that no font has.
    known: BTreeSet<char>,
    nowhere: BTreeSet<char>,
}

/// Hands over what is needed for `letters` too: the machine's fonts are looked through once for each
/// letter, not once for each text.
fn with_needed<T>(letters: &BTreeSet<char>, take: impl FnOnce(&Needed) -> T) -> T {
    static NEEDED: Mutex<Option<Needed>> = Mutex::new(None);
    let mut needed = NEEDED.lock().unwrap_or_else(PoisonError::into_inner);
    let needed = needed.get_or_insert_with(|| Needed {
        database: own().clone(),
        known: BTreeSet::new(),
        nowhere: BTreeSet::new(),
    });
    let mut new = letters - &needed.known;
    if !new.is_empty() {
        needed.known.extend(&new);
        let faces = covering(&mut new);
        needed.nowhere.append(&mut new);
        let mut database = fontdb::Database::clone(&needed.database);
        for id in faces {
            if let Some(face) = of_machine().face(id) {
                database.push_face_info(face.clone());
            }
        }
        needed.database = Arc::new(database);
    }
    take(needed)
}

/// Our fonts, read once.
fn own() -> &'static Arc<fontdb::Database> {
    static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let mut database = fontdb::Database::new();
        for font in FONTS {
            database.load_font_data(font.to_vec());
        }
        database.set_sans_serif_family(FONT);
        Arc::new(database)
    })
}

/// Ours, then those that are installed. Files are mapped, not read.
fn of_machine() -> &'static Arc<fontdb::Database> {
    static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let mut database = fontdb::Database::clone(own());
        database.load_system_fonts();
        database.set_sans_serif_family(FONT);
        Arc::new(database)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_fonts_write_latin_greek_and_cyrillic_and_lack_others() {
        for text in [
            "defective – 90 % ± 2",
            "Ελιά, Ёлка, łąka, ½ × →",
            "a\u{FE0F}\u{200D}b\n",
        ] {
            assert_eq!(lacking(text), BTreeSet::new(), "{text}");
        }
        let letters: String = lacking("猫 cat 犬 🐶").into_iter().collect();
        assert_eq!(letters, "犬猫🐶");
    }

    #[test]
    fn what_no_font_has_is_said() {
        // A code point for private use, that no font gives a letter.
        let nowhere = "\u{10FFFD}";
        assert_eq!(unwritable(nowhere).len(), 1);
        let complaint = complaint(nowhere).unwrap_or_default();
        assert!(
            complaint.contains("No font of this machine has"),
            "{complaint}"
        );
        assert_eq!(super::complaint("defective"), None);
    }

    #[test]
    fn a_font_of_the_machine_is_taken_for_letters_that_it_has() {
        // Which fonts there are is the machine's business; what is found must have the letters.
        let text = "ℵ 猫 ♞ ツ";
        let found: BTreeSet<char> = &lacking(text) - &unwritable(text);
        let needed = database(text);
        assert_eq!(found.is_empty(), needed.len() == own().len());
        for letter in found {
            let one = BTreeSet::from([letter]);
            assert!(
                needed
                    .faces()
                    .any(|face| !written(&needed, face.id, &one).is_empty())
            );
        }
    }

    #[test]
    fn letters_are_found_behind_megabytes_of_ascii() {
        let text = format!("{}é猫{}犬", "A".repeat(4095), "b".repeat(9000));
        let letters: String = beyond_ascii(&text).into_iter().collect();
        assert_eq!(letters, "é犬猫");
        assert!(beyond_ascii("").is_empty());
    }
}
