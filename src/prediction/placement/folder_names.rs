//! What the folders of classes are called.

use std::collections::HashSet;

use super::super::answer::Assigned;

/// Bytes of a folder's name; file systems allow 255, and a number may follow.
const LONGEST: usize = 200;
const UNDECIDED: &str = "undecided";
const NONE_OF_THESE: &str = "none of these";

/// Names that mean a device on Windows, with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A folder for each class, for what was undecided and for what is none of them; no two have one name, also where capitals
/// don't count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderNames {
    classes: Vec<String>,
    undecided: String,
    none_of_these: String,
}

impl FolderNames {
    pub fn new(classes: &[String]) -> Self {
        let mut taken = HashSet::new();
        let mut unique = |name: &str| {
            let plain = fit(name);
            let mut candidate = plain.clone();
            let mut number = 2;
            while !taken.insert(candidate.to_lowercase()) {
                candidate = format!("{plain} ({number})");
                number += 1;
            }
            candidate
        };
        Self {
            classes: classes.iter().map(|class| unique(class)).collect(),
            undecided: unique(UNDECIDED),
            none_of_these: unique(NONE_OF_THESE),
        }
    }

    /// Where a picture belongs.
    pub fn of(&self, assigned: Assigned) -> &str {
        match assigned {
            Assigned::Class(class) => self
                .classes
                .get(class as usize)
                .map_or(self.undecided.as_str(), String::as_str),
            Assigned::Undecided => &self.undecided,
            Assigned::NoneOfThese => &self.none_of_these,
        }
    }

    /// All, in the order in which they are told: classes by label, then the others.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let others = [&self.undecided, &self.none_of_these];
        self.classes.iter().chain(others).map(String::as_str)
    }
}

/// `name` as one that every file system takes for a folder in sight.
fn fit(name: &str) -> String {
    let is_unfit = |letter: char| {
        letter.is_control()
            || matches!(letter, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    };
    let mut fit: String = name
        .chars()
        .map(|letter| if is_unfit(letter) { '_' } else { letter })
        .collect();
    while fit.len() > LONGEST {
        fit.pop();
    }
    let mut fit = fit.trim().trim_end_matches(['.', ' ']).to_owned();
    let stem = fit.split('.').next().unwrap_or_default().to_lowercase();
    let numbered = |kind: &str| {
        let number = stem.strip_prefix(kind);
        number.is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit())
    };
    if DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt") {
        fit.insert(0, '_');
    }
    if fit.is_empty() || fit.starts_with('.') {
        fit.insert(0, '_');
    }
    fit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_kept_where_they_can_be_and_never_meet() {
        for (name, expected) in [
            ("cat", "cat"),
            ("Käfer, alt", "Käfer, alt"),
            ("a/b", "a_b"),
            ("..", "_"),
            ("../../etc", "_.._.._etc"),
            (".hidden", "_.hidden"),
            ("dot. ", "dot"),
            ("", "_"),
            ("nul.txt", "_nul.txt"),
            ("COM1", "_COM1"),
            ("comb", "comb"),
            ("a\nb\u{1b}", "a_b_"),
        ] {
            assert_eq!(fit(name), expected, "{name:?}");
        }
        let classes = ["a/b", "A_B", "undecided", "a_b"].map(str::to_owned);
        let names = FolderNames::new(&classes);
        let all: Vec<&str> = names.all().collect();
        assert_eq!(
            all,
            [
                "a_b",
                "A_B (2)",
                "undecided",
                "a_b (3)",
                "undecided (2)",
                "none of these"
            ]
        );
        assert_eq!(names.of(Assigned::Class(1)), "A_B (2)");
        assert_eq!(names.of(Assigned::Undecided), "undecided (2)");
        assert_eq!(names.of(Assigned::NoneOfThese), "none of these");
    }

    proptest! {
        #[test]
        fn every_name_is_one_folder_of_its_own(classes in prop::collection::vec(any::<String>(), 1..12)) {
            let names = FolderNames::new(&classes);
            let all: Vec<&str> = names.all().collect();
            let distinct: HashSet<String> = all.iter().map(|name| name.to_lowercase()).collect();
            prop_assert_eq!(distinct.len(), classes.len() + 2);
            for name in all {
                let parts: Vec<_> = std::path::Path::new(name).components().collect();
                prop_assert!(matches!(parts[..], [std::path::Component::Normal(_)]), "{:?}", name);
                prop_assert!(!name.starts_with('.') && name.len() < 255);
            }
        }
    }
}
