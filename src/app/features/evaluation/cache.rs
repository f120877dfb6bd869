//! Keeps what the evaluation shows while nothing that it is made of changes, and makes it anew away from
//! the frame where that takes longer than a frame may.

use std::sync::Arc;
use std::time::Instant;

use eframe::egui;

use super::body;
use super::view::EvaluationBody;
use crate::app::core::prepared_answers::{Choices, IntervalsKey, PreparedAnswers};
use crate::app::core::request::{Request, RequestStep};
use crate::evaluation::Evaluation;
use crate::worker::messages::Failure;

/// Up to so many pictures times classes a body is made within the frame: the wait is not felt, and
/// nothing flickers.
const AT_ONCE: usize = 4_000;

/// What a body is made of.
#[derive(Clone)]
struct Recipe {
    source: Arc<PreparedAnswers>,
    choices: Choices,
    intervals: Option<Arc<Evaluation>>,
    stamp: u64,
}

impl PartialEq for Recipe {
    /// Whether both make the same body; a stamp only names it.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
            && self.choices == other.choices
            && self.intervals.is_some() == other.intervals.is_some()
    }
}

impl Recipe {
    fn build(&self) -> EvaluationBody {
        body::build(
            &self.source,
            &self.choices,
            self.intervals.as_deref(),
            self.stamp,
        )
    }

    fn is_quick(&self) -> bool {
        let predictions = self.source.predictions();
        predictions.rows.len() * predictions.classes.len() <= AT_ONCE
    }
}

#[derive(Default)]
pub struct EvaluationCache {
    shown: Option<(Recipe, Arc<EvaluationBody>)>,
    building: Request<Recipe, EvaluationBody>,
    /// Of the body that was begun last.
    stamp: u64,
}

impl EvaluationCache {
    /// The body under `choices`, and what intervals it still lacks. Of many pictures it is that of
    /// earlier choices, or none, until the new one is there; then a frame is asked for.
    pub fn body(
        &mut self,
        source: &Arc<PreparedAnswers>,
        choices: &Choices,
        intervals: Option<(&IntervalsKey, &Arc<Evaluation>)>,
        ctx: &egui::Context,
    ) -> (Option<Arc<EvaluationBody>>, Option<IntervalsKey>) {
        let key = IntervalsKey {
            predictions: source.probabilities(choices).clone(),
            decision: source.decision(choices),
        };
        let found = intervals
            .filter(|(known, _)| **known == key)
            .map(|(_, evaluation)| evaluation.clone());
        let wanted = (found.is_none() && !source.is_plain(choices)).then_some(key);
        let recipe = Recipe {
            source: source.clone(),
            choices: *choices,
            intervals: found,
            stamp: self.stamp + 1,
        };
        self.take_built();
        let is_shown = |(shown, _): &(Recipe, _)| *shown == recipe;
        if !self.shown.as_ref().is_some_and(is_shown) {
            if recipe.is_quick() {
                self.build_at_once(recipe);
            } else if self.building.next_step(&recipe, Instant::now()) == RequestStep::Ask {
                // While one is made the next waits: only the latest choices matter.
                self.build_apart(recipe, ctx);
            }
        }
        let body = self.shown.as_ref();
        let body = body.filter(|(shown, _)| Arc::ptr_eq(&shown.source, source));
        (body.map(|(_, body)| body.clone()), wanted)
    }

    /// Whether a newer body is being made.
    pub fn is_building(&self) -> bool {
        self.building.is_pending()
    }

    fn build_at_once(&mut self, recipe: Recipe) {
        self.stamp = recipe.stamp;
        let body = Arc::new(recipe.build());
        self.shown = Some((recipe, body));
    }

    fn build_apart(&mut self, recipe: Recipe, ctx: &egui::Context) {
        self.stamp = recipe.stamp;
        let (work, ctx) = (recipe.clone(), ctx.clone());
        self.building.start(
            "graft-evaluation",
            recipe,
            move || ctx.request_repaint(),
            move || Ok(work.build()),
        );
    }

    fn take_built(&mut self) {
        let Some(outcome) = self.building.poll() else {
            return;
        };
        let Some(recipe) = self.building.key().cloned() else {
            return;
        };
        match outcome {
            Ok(body) => {
                self.shown = Some((recipe, Arc::new(body)));
                // Choices may come back to it when others have been shown.
                self.building.forget();
            }
            // The next choices begin anew.
            Err(Failure::Crashed(_)) => {}
            Err(failure) => {
                log::warn!("{failure}: the window evaluates and waits instead");
                self.build_at_once(recipe);
                self.building.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Prediction;
    use crate::evaluation::{Decision, Predictions};

    fn source(pictures: usize) -> Arc<PreparedAnswers> {
        let rows = (0..pictures)
            .map(|index| {
                let sure = 0.5 + 0.5 * (index % 97) as f32 / 97.0;
                Prediction {
                    file: format!("{index}.png"),
                    truth: u32::from(index % 5 == 0),
                    probabilities: vec![sure, 1.0 - sure],
                }
            })
            .collect();
        let predictions = Arc::new(Predictions {
            classes: vec!["a".into(), "b".into()],
            rows,
            ..Predictions::default()
        });
        let evaluation = Evaluation::without_bootstrap(&predictions, &Decision::default());
        Arc::new(PreparedAnswers::new(
            predictions,
            Arc::new(evaluation),
            None,
        ))
    }

    /// The body of the newest choices, however long that takes.
    fn settled(
        cache: &mut EvaluationCache,
        source: &Arc<PreparedAnswers>,
        choices: &Choices,
    ) -> Arc<EvaluationBody> {
        let ctx = egui::Context::default();
        for _ in 0..10_000 {
            let (body, _) = cache.body(source, choices, None, &ctx);
            if let Some(body) = body.filter(|_| !cache.is_building()) {
                return body;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("the body never came");
    }

    #[test]
    fn many_pictures_are_evaluated_apart_and_end_with_the_latest_choices() {
        let (many, ctx) = (source(AT_ONCE), egui::Context::default());
        let mut cache = EvaluationCache::default();
        let mut choices = Choices::default();
        // Nothing yet: the frame did not wait.
        assert!(cache.body(&many, &choices, None, &ctx).0.is_none());
        let all = settled(&mut cache, &many, &choices);
        assert_eq!(all.kept, AT_ONCE);
        for percent in 50..90 {
            choices.reject_below = f64::from(percent) / 100.0;
            let (body, wanted) = cache.body(&many, &choices, None, &ctx);
            assert!(body.is_some(), "what was shown stays meanwhile");
            assert!(wanted.is_some());
        }
        let last = settled(&mut cache, &many, &choices);
        let direct = body::build(&many, &choices, None, 0);
        assert_eq!(last.text(), direct.text());
        assert!(last.kept < AT_ONCE && cache.stamp <= 42);
    }

    #[test]
    fn few_pictures_are_evaluated_at_once_and_only_when_something_changes() {
        let (few, ctx) = (source(500), egui::Context::default());
        let mut cache = EvaluationCache::default();
        let choices = Choices::default();
        let first = cache.body(&few, &choices, None, &ctx).0.unwrap();
        for _ in 0..5 {
            let again = cache.body(&few, &choices, None, &ctx).0.unwrap();
            assert!(Arc::ptr_eq(&first, &again));
        }
        let other = source(600);
        assert_eq!(
            cache.body(&other, &choices, None, &ctx).0.map(|b| b.total),
            Some(600)
        );
    }
}
