//! Our own fonts, and those of this machine for letters that ours lack: class names come in any script.
//!
//! A text that our fonts can write looks the same on every machine; the machine's fonts are looked
//! through only when a text needs them.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use resvg::usvg::fontdb;
use skrifa::MetadataProvider as _;

/// The family of the fonts below.
pub(super) const FONT: &str = "Inter";

const FONTS: [&[u8]; 3] = [
    include_bytes!("../../assets/fonts/Inter-Regular.otf"),
    include_bytes!("../../assets/fonts/Inter-Medium.otf"),
    include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
];

/// A font of this machine.
#[derive(Debug, Clone)]
pub struct Fallback {
    pub name: String,
    pub data: Vec<u8>,
    /// Which of the fonts of its file.
    pub index: u32,
}

/// Letters that our fonts lack. Signs that draw nothing are no letters.
pub fn lacking(text: &str) -> BTreeSet<char> {
    if text.is_ascii() {
        return BTreeSet::new();
    }
    let own = skrifa::FontRef::new(FONTS[0]).map(|font| font.charmap());
    text.chars()
        .filter(|letter| is_visible(*letter))
        .filter(|letter| (own.as_ref()).is_ok_and(|own| own.map(*letter).is_none()))
        .collect()
}

/// Letters that neither our fonts nor those of this machine have.
pub fn unwritable(text: &str) -> BTreeSet<char> {
    let mut letters = lacking(text);
    if !letters.is_empty() {
        covering(&mut letters);
    }
    letters
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

/// Fonts of this machine that together write as many of `letters` as can be written, each read from
/// its file. Looks through all fonts that are installed: not for the interface thread.
pub fn fallbacks(letters: &BTreeSet<char>) -> Vec<Fallback> {
    let mut left = letters.clone();
    let (found, database) = (covering(&mut left), of_machine());
    (found.into_iter())
        .filter_map(|id| {
            let name = database.face(id)?.post_script_name.clone();
            let (data, index) =
                database.with_face_data(id, |data, index| (data.to_vec(), index))?;
            Some(Fallback { name, data, index })
        })
        .collect()
}

/// The faces that write some of `letters`, which keeps those that none has. The first that has most
/// comes first: one script stays one font.
fn covering(letters: &mut BTreeSet<char>) -> Vec<fontdb::ID> {
    let database = of_machine();
    let mut chosen = Vec::new();
    while !letters.is_empty() {
        let best = (database.faces())
            .filter(|face| face.style == fontdb::Style::Normal)
            .filter_map(|face| {
                let known = written(database, face.id, letters);
                // Of equals an upright text font: not bold, not of fixed width.
                let plain = face.weight.0.abs_diff(400) + u16::from(face.monospaced) * 1000;
                Some((known.len(), std::cmp::Reverse(plain), face.id, known))
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

/// The fonts that `text` needs.
pub(super) fn database(text: &str) -> Arc<fontdb::Database> {
    if lacking(text).is_empty() {
        own().clone()
    } else {
        of_machine().clone()
    }
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
        // A place for private use, that no font gives a letter.
        let nowhere = "\u{10FFFD}";
        assert_eq!(unwritable(nowhere).len(), 1);
        let complaint = complaint(nowhere).unwrap_or_default();
        assert!(
            complaint.contains("No font of this machine has"),
            "{complaint}"
        );
        assert!(fallbacks(&lacking(nowhere)).is_empty());
        assert_eq!(super::complaint("defective"), None);
    }

    #[test]
    fn a_font_of_the_machine_writes_what_it_says_it_has() {
        // Which fonts there are is the machine's business; what is found must have the letters.
        let letters = lacking("ℵ 猫 ♞ ツ");
        let left = unwritable("ℵ 猫 ♞ ツ");
        for font in fallbacks(&letters) {
            let read = skrifa::FontRef::from_index(&font.data, font.index);
            let map = read.expect("a font that was found can be read").charmap();
            assert!(
                letters
                    .difference(&left)
                    .any(|letter| map.map(*letter).is_some())
            );
        }
        assert_eq!(fallbacks(&left).len(), 0);
    }
}
