//! What was copied or undone, in words.

use crate::format;
use crate::prediction::placement::{Placed, Undone};

/// "12 pictures stand in their folders, 1 does not; stopped"
pub fn placed_text(placed: &Placed) -> String {
    let stand = format::count(
        placed.placed,
        "picture stands in its folder",
        "pictures stand in their folders",
    );
    let mut text = stand;
    if !placed.failed.is_empty() {
        let not = format::count(placed.failed.len(), "does not", "do not");
        text = format!("{text}, {not}");
    }
    if placed.is_stopped {
        text = format!("{text}; stopped before the others");
    }
    text
}

/// "2 copies or links are removed; 1 that was changed since stays"
pub fn undone_text(undone: &Undone) -> String {
    let mut text = format::count(
        undone.removed,
        "copy or link is removed",
        "copies or links are removed",
    );
    if !undone.changed.is_empty() {
        let stay = format::count(
            undone.changed.len(),
            "that was changed since stays",
            "that were changed since stay",
        );
        text = format!("{text}; {stay}");
    }
    if undone.is_stopped {
        text = format!("{text}; stopped before the others, which can be undone later");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Problem;

    #[test]
    fn what_was_done_is_said_with_the_right_verbs() {
        let problem = |name: &str| Problem {
            path: name.into(),
            reason: "can't be copied".into(),
        };
        let placed = Placed {
            placed: 1,
            failed: vec![problem("a")],
            is_stopped: true,
            ..Placed::default()
        };
        assert_eq!(
            placed_text(&placed),
            "1 picture stands in its folder, 1 does not; stopped before the others"
        );
        let mut undone = Undone {
            removed: 1_200,
            changed: vec![problem("a")],
            ..Undone::default()
        };
        assert_eq!(
            undone_text(&undone),
            "1,200 copies or links are removed; 1 that was changed since stays"
        );
        undone.removed = 1;
        undone.changed.push(problem("b"));
        assert_eq!(
            undone_text(&undone),
            "1 copy or link is removed; 2 that were changed since stay"
        );
    }
}
