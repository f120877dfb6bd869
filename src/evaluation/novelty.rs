//! How unlike a picture is to those that a network learned from, and from where on it is none of their classes.
//!
//! A softmax gives every picture a class, and is often sure of pictures of no class at all. Their features tell more: the
//! distance of a picture is 1 minus the cosine similarity of its features (what the head takes) to those of the nearest
//! training picture, after Sun et al., “Out-of-Distribution Detection with Deep Nearest
//! Neighbors”, ICML 2022 (arXiv 2204.06507), whose Euclidean distance of vectors of length 1 sorts alike.
//!
//! It was chosen among these, by the area under the ROC curve of own test pictures beside others, on features of
//! EfficientNet-Lite0. Own: the example drawings (6 classes, 157 training pictures), drawings of 12 kinds (952), solar cells
//! (1,679). Others: each class left out of training in turn; and pictures of other kinds (photos, symbols, wallpapers, the other
//! sets', noise, plain colours; for the cells also blurred and rotated ones), the mean over them.
//!
//! | score | class left out, of 6 | of 12 | other kinds: drawings | of 12 kinds | cells |
//! | --- | --- | --- | --- | --- | --- |
//! | nearest neighbour (k = 1) | 0.803 | 0.725 | 0.945 | 0.752 | 1.000 |
//! | k = 3 | 0.755 | 0.689 | 0.949 | 0.727 | 1.000 |
//! | k = 10 | 0.639 | 0.644 | 0.946 | 0.726 | 1.000 |
//! | k = 50 | 0.571 | 0.595 | 0.938 | 0.788 | 0.999 |
//! | mean of the 3 nearest | 0.795 | 0.722 | 0.950 | 0.740 | 1.000 |
//! | Mahalanobis (Lee et al. 2018; covariance shrunk by Ledoit and Wolf 2004) | 0.753 | 0.682 | 0.722 | 0.654 | 0.995 |
//! | the same on features of length 1 | 0.775 | 0.697 | 0.953 | 0.770 | 1.000 |
//! | relative Mahalanobis (Ren et al. 2021) | 0.608 | 0.330 | 0.477 | 0.338 | 0.993 |
//! | maximum softmax probability (Hendrycks and Gimpel 2017) | 0.741 | 0.684 | 0.713 | 0.593 | 0.066 |
//!
//! With as few pictures as people have, a covariance of 1,280 features is mostly its shrinkage, and a class is too varied for
//! one mean. `graft evaluate RUN --other DIR` measures the first row and the last for any run.

mod file;
mod known;
mod limit;
mod reference;
#[cfg(test)]
mod tests;

pub use file::NoveltyFile;
pub use known::KnownNovelty;
pub use limit::{
    Novelty, NoveltyLimit, USUAL_RATE, check_rate, distance_text, false_alarms_reason,
    false_alarms_sentence, held_rate, rate_text,
};
pub use reference::{Distances, MOST_PICTURES, NoveltyReference, drawn, most_pictures};

use super::resampled::of_ranking;
use super::{Prediction, Predictions, Ranking, Score};

/// Which of the nearest training pictures a distance is measured to: k. As files and descriptions say it; `training/novelty.rs`
/// looks for the nearest one.
pub const NEIGHBOURS: usize = 1;

/// The area under the ROC curve of scores that shall be higher for `other` pictures than for a run's `own`: how often one
/// of the others has the higher score of the two, a tie counting half (Hanley and McNeil 1982). `None` where there are
/// none of either.
pub fn roc_area(own: &[f32], other: &[f32]) -> Option<Score> {
    let row = |truth: u32| {
        move |&score: &f32| Prediction {
            file: String::new(),
            truth,
            // Sorting is all that is done with them.
            probabilities: vec![-score, score],
        }
    };
    let rows = own.iter().map(row(0)).chain(other.iter().map(row(1)));
    let predictions = Predictions {
        classes: vec!["own".to_owned(), "other".to_owned()],
        rows: rows.collect(),
        ..Predictions::default()
    };
    let mut ranking = Ranking::new(&predictions);
    of_ranking(&mut ranking, &predictions);
    ranking.roc_auc
}
