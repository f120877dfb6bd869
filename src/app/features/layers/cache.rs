//! What the layer view keeps from frame to frame, so that idle frames build nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::view::{LayerRow, LayersView};
use crate::app::core::state::State;
use crate::app::ui::layer_plan::LayerPlans;

/// Keeps the view's data while nothing that it is made of changes.
#[derive(Debug, Default)]
pub struct LayersCache {
    view: Option<Arc<LayersView>>,
}

impl LayersCache {
    /// What [`LayersView::build`] gives.
    pub fn view(&mut self, state: &State, plans: Arc<LayerPlans>) -> Arc<LayersView> {
        match &self.view {
            Some(view) if view.is_current(state, &plans) => view.clone(),
            _ => {
                let view = Arc::new(LayersView::build(state, plans));
                self.view.insert(view).clone()
            }
        }
    }
}

/// Keeps the lines of the tree while view, phase, folding and search stay.
#[derive(Debug, Clone, Default)]
pub struct RowsCache {
    key: Option<(u64, usize, BTreeSet<String>, String)>,
    rows: Arc<Vec<LayerRow>>,
}

impl RowsCache {
    /// What [`LayersView::rows`] gives.
    pub fn rows(
        &mut self,
        view: &LayersView,
        phase: usize,
        expanded: &BTreeSet<String>,
        search: &str,
    ) -> Arc<Vec<LayerRow>> {
        let is_current = self.key.as_ref().is_some_and(|key| {
            key.0 == view.stamp && key.1 == phase && key.2 == *expanded && key.3 == search
        });
        if !is_current {
            self.key = Some((view.stamp, phase, expanded.clone(), search.to_owned()));
            self.rows = Arc::new(view.rows(phase, expanded, search));
        }
        self.rows.clone()
    }
}
