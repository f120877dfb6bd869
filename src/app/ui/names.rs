//! Names from outside (classes, files, folders, runs), as a person is shown them: none is invisible, none looks like
//! another, none takes more than its line.

use std::borrow::Cow;

use crate::shown;

/// `name` for one line. Ends of lines and control characters stand there as their numbers; spaces that can't be seen, at the
/// ends of a name or in place of one, as `␣`, in quotes. Ordinary names, of any script, are as they were. For drawing alone:
/// what is looked for, copied or written keeps the name itself.
pub fn shown_name(name: &str) -> Cow<'_, str> {
    let inner = name.trim();
    if inner.len() == name.len() && !name.is_empty() {
        return shown::line(name);
    }
    let start = &name[..name.len() - name.trim_start().len()];
    let end = if inner.is_empty() {
        ""
    } else {
        &name[name.trim_end().len()..]
    };
    let mut text = String::from("“");
    text.extend(start.chars().map(shown_space));
    text.push_str(&shown::line(inner));
    text.extend(end.chars().map(shown_space));
    text.push('”');
    Cow::Owned(text)
}

/// A space that can be seen; spaces of other kinds by their numbers.
fn shown_space(space: char) -> String {
    match space {
        ' ' => "␣".to_owned(),
        other => other.escape_default().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_can_not_be_seen_is_shown() {
        for (name, shown) in [
            ("cat", "cat"),
            ("black cat", "black cat"),
            ("שלום עולם", "שלום עולם"),
            ("a\nb", "a\\nb"),
            (" ", "“␣”"),
            ("  ", "“␣␣”"),
            ("", "“”"),
            ("cat ", "“cat␣”"),
            (" a\tb", "“␣a\\tb”"),
            ("\u{a0}", "“\\u{a0}”"),
            ("\n", "“\\n”"),
        ] {
            assert_eq!(shown_name(name), shown, "{name:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn two_names_of_spaces_never_look_the_same(one in "[ \t\n\u{a0}a]{0,4}", other in "[ \t\n\u{a0}a]{0,4}") {
            prop_assert_eq!(shown_name(&one) == shown_name(&other), one == other);
            prop_assert!(!shown_name(&one).contains('\n'));
        }
    }
}
