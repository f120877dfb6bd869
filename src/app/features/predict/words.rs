//! What came of the pictures, and how far it is, in words.

use std::time::Instant;

use crate::app::core::prediction::PredictionState;
use crate::app::ui::tokens::icon;
use crate::prediction::Counts;
use crate::{format, shown};

/// "1,204 pictures answered · 3 could not be read · 2 files passed over": as `graft predict` counts them.
pub fn headline(state: &PredictionState) -> String {
    let (answered, unreadable) = (state.answers.len(), state.unread.len());
    let counts = Counts {
        found: answered + unreadable + state.left,
        answered,
        unreadable,
        passed_over: state.passed_over.len(),
    };
    counts.parts().join(" · ")
}

/// How far the work is, in words: "1,204 of 100,000 pictures, 85 a second, 19 min left".
pub fn progress(state: &PredictionState, now: Instant) -> Option<(String, f32)> {
    let work = state.work.as_ref()?;
    let number = |number: usize| format::thousands(number as u64);
    if let Some((done, total)) = work.comparing {
        let total_text = format::count(total, "picture", "pictures");
        let text = format!(
            "Once for this run, its own pictures are looked at: {} of {total_text}",
            number(done)
        );
        return Some((text, done as f32 / total.max(1) as f32));
    }
    let Some(total) = work.total else {
        return Some(("Looking for the pictures…".to_owned(), 0.0));
    };
    let mut text = format!(
        "{} of {}",
        number(work.done),
        format::count(total, "picture", "pictures")
    );
    if let Some((pace, left)) = work.pace(now) {
        text = format!(
            "{text}, {} a second, {} left",
            rate(pace),
            format::estimate(left)
        );
    }
    Some((text, work.done as f32 / total.max(1) as f32))
}

/// What holds while nothing is answered: the folder that is watched, or else what the last pictures took.
pub fn at_rest(state: &PredictionState) -> String {
    let Some(watched) = &state.watched else {
        return took(state).unwrap_or_default();
    };
    let path = shown::path(&watched.folder);
    let folder = shown::line(&path);
    match watched.is_ready {
        true => format!("{} Watching {folder}", icon::BINOCULARS),
        false => format!("Looking for the pictures of {folder}…"),
    }
}

/// "Answered in 14 s, 85 pictures per second". How many they were stands above.
fn took(state: &PredictionState) -> Option<String> {
    let took = state.took?;
    let seconds = took.time.as_secs_f64();
    (took.pictures > 0).then(|| {
        format!(
            "{} {}, {} pictures per second",
            if took.was_stopped {
                "Stopped after"
            } else {
                "Answered in"
            },
            format::duration(seconds),
            rate(took.pictures as f64 / seconds.max(1e-3))
        )
    })
}

/// Pictures a second.
fn rate(pace: f64) -> String {
    if pace < 10.0 {
        format!("{pace:.1}")
    } else {
        format::thousands(pace.round() as u64)
    }
}
