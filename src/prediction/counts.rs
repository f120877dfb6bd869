//! How many pictures were found and what became of them: one count, in one wording, for the command line and the window.

use crate::format;

/// Of the paths that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Pictures: those that were answered, those that could not be read, and those that were not looked at yet.
    pub found: usize,
    /// Also those that are undecided, and those of no class.
    pub answered: usize,
    /// Of kinds that are not read, damaged, or not there.
    pub unreadable: usize,
    /// Files that are no pictures, and what is hidden; not among those that were found.
    pub passed_over: usize,
}

impl Counts {
    /// Pictures that were not looked at yet.
    pub fn waiting(&self) -> usize {
        self.found.saturating_sub(self.answered + self.unreadable)
    }

    /// "45 pictures answered", "4 could not be read", "3 files passed over": what is nothing is left out.
    pub fn parts(&self) -> Vec<String> {
        let number = |number: usize| format::thousands(number as u64);
        let answered = match self.answered {
            0 => "No picture answered".to_owned(),
            answered => format::count(answered, "picture answered", "pictures answered"),
        };
        let others = [
            (
                self.unreadable,
                format!("{} could not be read", number(self.unreadable)),
            ),
            (
                self.waiting(),
                format!("{} not looked at", number(self.waiting())),
            ),
            (
                self.passed_over,
                format::count(self.passed_over, "file passed over", "files passed over"),
            ),
        ];
        let others = others.into_iter().filter(|(count, _)| *count > 0);
        std::iter::once(answered)
            .chain(others.map(|(_, text)| text))
            .collect()
    }

    /// "45 pictures answered, 4 could not be read, 3 files passed over".
    pub fn sentence(&self) -> String {
        self.parts().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_count_add_up_and_what_is_nothing_is_not_said() {
        let mut counts = Counts {
            found: 49,
            answered: 45,
            unreadable: 4,
            passed_over: 3,
        };
        assert_eq!(
            counts.sentence(),
            "45 pictures answered, 4 could not be read, 3 files passed over"
        );
        counts.answered = 20;
        counts.passed_over = 0;
        assert_eq!(counts.waiting(), 25);
        assert_eq!(
            counts.sentence(),
            "20 pictures answered, 4 could not be read, 25 not looked at"
        );
        let one = Counts {
            found: 1,
            answered: 1,
            ..Counts::default()
        };
        assert_eq!(one.sentence(), "1 picture answered");
        assert_eq!(Counts::default().sentence(), "No picture answered");
    }
}
