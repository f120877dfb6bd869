//! Words that a person looks for, in the texts of help and manual: case, accents and endings don't count.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Words of a question that tell nothing of what is looked for.
const FILLERS: [&str; 24] = [
    "a", "an", "and", "are", "can", "do", "does", "for", "how", "i", "in", "is", "it", "me", "my",
    "of", "on", "or", "the", "to", "what", "where", "which", "with",
];

/// What people call by other words than the texts do.
const SYNONYMS: [(&str, &str); 8] = [
    ("delete", "trash"),
    ("image", "picture"),
    ("inference", "predict"),
    ("model", "network"),
    ("photo", "picture"),
    ("photograph", "picture"),
    ("remove", "trash"),
    ("vram", "memory"),
];

/// The longest ending that makes no other word: “calibration” beside “calibrate”.
const LONGEST_ENDING: usize = 3;

/// How well a text has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Each is a word of the text, or the beginning of one.
    Words,
    /// Each is a word with another ending, or has another name there.
    Forms,
}

/// How a text has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// It is what was typed.
    Same,
    /// It has what was typed, word after word.
    Phrase,
    Words,
}

/// The words that are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    words: Vec<String>,
    /// All of them, as they follow each other.
    phrase: String,
}

impl Sought {
    pub fn new(typed: &str) -> Self {
        let typed = folded(typed);
        let all: Vec<&str> = words(&typed).collect();
        let telling: Vec<&str> = (all.iter().copied())
            .filter(|word| !FILLERS.contains(word))
            .collect();
        let chosen = if telling.is_empty() { &all } else { &telling };
        Self {
            words: chosen.iter().map(|word| (*word).to_owned()).collect(),
            phrase: all.join(" "),
        }
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How well `text` has all of the words; nothing where it lacks one.
    pub fn fit(&self, text: &str) -> Option<Fit> {
        self.fit_folded(&folded(text))
    }

    /// [`Sought::fit`] for a text that is [`folded`] already.
    pub fn fit_folded(&self, text: &str) -> Option<Fit> {
        if self.words.iter().all(|word| has_beginning(text, word)) {
            Some(Fit::Words)
        } else if self.words.iter().all(|word| has_form(text, word)) {
            Some(Fit::Forms)
        } else {
            None
        }
    }

    /// How many of the words a [`folded`] text has, in whatever form.
    pub fn number_in(&self, text: &str) -> usize {
        (self.words.iter())
            .filter(|word| has_form(text, word))
            .count()
    }

    /// How close a [`folded`] text that has the words is to what was typed.
    pub fn closeness(&self, text: &str) -> Closeness {
        let text = words(text).collect::<Vec<_>>().join(" ");
        if text == self.phrase {
            Closeness::Same
        } else if format!(" {text}").contains(&format!(" {}", self.phrase)) {
            Closeness::Phrase
        } else {
            Closeness::Words
        }
    }

    /// Where the words stand in a text, in whatever form; in bytes.
    pub fn places_in(&self, text: &str) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        let mut at = 0;
        for piece in text.split_inclusive(|letter: char| !letter.is_alphanumeric()) {
            let word = piece.trim_end_matches(|letter: char| !letter.is_alphanumeric());
            let has_it = |sought: &String| has_form(&folded(word), sought);
            if !word.is_empty() && self.words.iter().any(has_it) {
                places.push(at..at + word.len());
            }
            at += piece.len();
        }
        places
    }
}

/// Those of `all` whose text has the words: word for word where any has them so, else in other forms.
pub fn filtered<T>(
    all: impl IntoIterator<Item = T>,
    sought: &Sought,
    text: impl Fn(&T) -> String,
) -> Vec<T> {
    let mut found: Vec<(Fit, T)> = (all.into_iter())
        .filter_map(|item| Some((sought.fit(&text(&item))?, item)))
        .collect();
    if let Some(best) = found.iter().map(|(fit, _)| *fit).min() {
        found.retain(|(fit, _)| *fit == best);
    }
    found.into_iter().map(|(_, item)| item).collect()
}

/// A text as it is compared: small letters without accents.
pub fn folded(text: &str) -> String {
    text.nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Words with a hyphen, written as one: “finetuning”.
fn joined(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .filter(|word| word.contains('-'))
        .map(|word| word.replace('-', ""))
}

fn has_beginning(text: &str, sought: &str) -> bool {
    words(text).any(|word| word.starts_with(sought))
        || joined(text).any(|word| word.starts_with(sought))
}

fn has_form(text: &str, sought: &str) -> bool {
    let other = SYNONYMS.iter().filter(|(name, _)| is_form(name, sought));
    has_beginning(text, sought)
        || words(text).any(|word| is_form(word, sought))
        || joined(text).any(|word| is_form(&word, sought))
        || other.into_iter().any(|(_, word)| has_beginning(text, word))
}

/// Whether two words differ in their endings alone.
fn is_form(word: &str, sought: &str) -> bool {
    let shared: usize = (word.chars().zip(sought.chars()))
        .take_while(|(one, other)| one == other)
        .count();
    let ending = word.chars().count().max(sought.chars().count()) - shared;
    // “state” is no form of “station”.
    ending <= LONGEST_ENDING && shared >= ending + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(typed: &str, text: &str) -> Option<Fit> {
        Sought::new(typed).fit(text)
    }

    #[test]
    fn case_accents_and_the_order_of_words_do_not_count() {
        assert_eq!(
            fit("CAFÉ begin", "How do I begin in the café?"),
            Some(Fit::Words)
        );
        assert_eq!(fit("cafe", "How do I begin in the CAFÉ?"), Some(Fit::Words));
        assert_eq!(fit("tuning", "fine-tuning"), Some(Fit::Words));
        assert_eq!(fit("finetuning", "fine-tuning"), Some(Fit::Words));
        assert_eq!(
            fit("none of these", "“None of these” is no class"),
            Some(Fit::Words)
        );
        // In the middle of a word it is another word.
        assert_eq!(fit("end", "the backend"), None);
        assert_eq!(fit("train loss", "the loss falls"), None);
        assert!(Sought::new("  … ").is_empty());
    }

    #[test]
    fn words_that_tell_nothing_need_not_be_there() {
        assert_eq!(
            fit("how do i export", "Export the network"),
            Some(Fit::Words)
        );
        // Unless nothing else was typed.
        assert_eq!(fit("how", "Export the network"), None);
    }

    #[test]
    fn other_endings_and_other_names_are_found_where_nothing_has_the_word_itself() {
        assert_eq!(
            fit("calibration", "Calibrate the confidence"),
            Some(Fit::Forms)
        );
        assert_eq!(fit("images", "Drop pictures"), Some(Fit::Forms));
        assert_eq!(fit("station", "the state"), None);
        let all = ["train", "trained networks", "drained"];
        let found = |typed: &str| filtered(all, &Sought::new(typed), |text| (*text).to_owned());
        assert_eq!(found("trained"), ["trained networks"]);
        assert_eq!(found("training"), ["train", "trained networks"]);
        assert_eq!(found("nothing"), [""; 0]);
    }

    #[test]
    fn a_phrase_is_told_from_its_words() {
        let sought = Sought::new("None of these");
        assert_eq!(sought.closeness("none of these"), Closeness::Same);
        assert_eq!(
            sought.closeness("it is “none of these”."),
            Closeness::Phrase
        );
        assert_eq!(sought.closeness("these are none of them"), Closeness::Words);
        let text = "None – of “these”";
        let places = sought.places_in(text);
        let words: Vec<&str> = places.into_iter().map(|place| &text[place]).collect();
        assert_eq!(words, ["None", "these"]);
        assert_eq!(sought.number_in("these are many"), 1);
    }
}
