//! How often each answer was given: one count for the command line and the window.

use super::answer::Assigned;

/// How often each answer was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// In the order of the classes.
    pub classes: Vec<usize>,
    pub none_of_these: usize,
    pub undecided: usize,
}

impl Tally {
    /// Of so many classes, nothing yet.
    pub fn new(classes: usize) -> Self {
        Self {
            classes: vec![0; classes],
            ..Self::default()
        }
    }

    /// How often it was given.
    pub fn count_mut(&mut self, assigned: Assigned) -> &mut usize {
        match assigned {
            Assigned::NoneOfThese => &mut self.none_of_these,
            Assigned::Undecided => &mut self.undecided,
            Assigned::Class(class) => {
                let class = class as usize;
                if self.classes.len() <= class {
                    self.classes.resize(class + 1, 0);
                }
                &mut self.classes[class]
            }
        }
    }
}
