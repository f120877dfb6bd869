//! What panels remember between frames.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;

use crate::app::core::state::DocumentId;

/// One value of each type for the window, and one for each open experiment, made when it is first asked for. A panel keeps
/// what it remembers in types of its own; panels of one feature share them.
#[derive(Default)]
pub struct PanelState {
    values: BTreeMap<(Option<DocumentId>, TypeId), Box<dyn Any>>,
}

impl PanelState {
    /// What is remembered for the window, whichever experiment is active.
    pub fn of_window<T: Default + 'static>(&mut self) -> &mut T {
        self.value(None)
    }

    /// What is remembered of one experiment: half-typed texts, what is searched, folded and selected. Nothing of it is
    /// shown or written in another.
    pub fn of_document<T: Default + 'static>(&mut self, document: DocumentId) -> &mut T {
        self.value(Some(document))
    }

    /// After a document was closed: what was typed there goes with it.
    pub fn forget(&mut self, document: DocumentId) {
        self.values.retain(|(of, _), _| *of != Some(document));
    }

    fn value<T: Default + 'static>(&mut self, document: Option<DocumentId>) -> &mut T {
        let value = self.values.entry((document, TypeId::of::<T>()));
        match value.or_insert_with(|| Box::<T>::default()).downcast_mut() {
            Some(value) => value,
            None => unreachable!("every value stands under its own type"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_an_experiment_is_its_own_and_goes_with_it() {
        let mut panels = PanelState::default();
        let (first, second) = (DocumentId::unused(), DocumentId::unused());
        *panels.of_window::<String>() = "window".into();
        *panels.of_document::<String>(first) = "first".into();
        *panels.of_document::<u32>(first) = 1;
        assert_eq!(panels.of_document::<String>(second), "");
        assert_eq!(panels.of_document::<String>(first), "first");
        panels.forget(first);
        assert_eq!(panels.of_document::<String>(first), "");
        assert_eq!(*panels.of_document::<u32>(first), 0);
        assert_eq!(panels.of_window::<String>(), "window");
    }
}
