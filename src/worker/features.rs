//! Questions about the features that are kept on disk, on a thread of their own: folders can be large, and what of an
//! experiment is kept takes its network to tell.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::lane::answer_in_turn;
use super::messages::{Answer, Failure, FeaturesAnswer, FeaturesQuestion, Question};
use super::pending::{Pending, Report};
use crate::models::device;
use crate::training::features::store::FeatureStore;
use crate::training::leave_cores;

/// Answers until the other side hangs up.
pub(super) fn answer_questions(questions: &Receiver<Pending>, cache: &Path, report: &Report) {
    let work = |question: &Question, _: &_, (): &mut ()| match question {
        Question::Features(question) => {
            let news = |news| report(Answer::Features(news));
            Some(Answer::Features(answer(question, cache, &news)))
        }
        _ => None,
    };
    answer_in_turn(questions, work, leave_cores);
}

/// `report` is for what is said beside the answer.
fn answer(
    question: &FeaturesQuestion,
    cache: &Path,
    report: &dyn Fn(FeaturesAnswer),
) -> FeaturesAnswer {
    let store = FeatureStore::new(cache);
    let usage = || FeaturesAnswer::Usage(store.usage());
    match question {
        FeaturesQuestion::Usage => usage(),
        FeaturesQuestion::SetLimit(bytes) => match store.set_limit(*bytes) {
            Ok(()) => usage(),
            Err(error) => {
                report(usage());
                let reason = format!("the limit can't be written ({error})");
                FeaturesAnswer::Failed(reason.into())
            }
        },
        FeaturesQuestion::Clear => {
            let progress = |done, total| report(FeaturesAnswer::Clearing { done, total });
            let result = store.clear(&progress).map_err(Failure::failed);
            report(usage());
            FeaturesAnswer::Cleared(result)
        }
        FeaturesQuestion::CacheCoverage {
            ticket,
            situation,
            device,
        } => {
            let device = match device.as_deref().map(device::parse) {
                Some(Ok(device)) => device,
                _ => device::best(),
            };
            let result = situation.cache_coverage(cache, device);
            FeaturesAnswer::CacheCoverage {
                ticket: *ticket,
                result: result.map(Arc::new).map_err(Failure::failed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::worker::lane::Lane;

    #[test]
    fn usage_follows_whatever_changes_it() {
        let folder = tempfile::tempdir();
        let Ok(folder) = folder else { return };
        let told: Arc<Mutex<Vec<FeaturesAnswer>>> = Arc::default();
        let heard = told.clone();
        let report: Report = Arc::new(move |answer| {
            if let Answer::Features(answer) = answer {
                heard.lock().unwrap().push(answer);
            }
        });
        let cache = folder.path().to_path_buf();
        let lane = Lane::spawn("features", 8, {
            let report = report.clone();
            move |questions| answer_questions(questions, &cache, &report)
        })
        .unwrap();
        for question in [
            FeaturesQuestion::Usage,
            FeaturesQuestion::SetLimit(7_000_000),
            FeaturesQuestion::Clear,
        ] {
            lane.ask(Pending::new(Question::Features(question), &report));
        }
        let is_cleared = |answer: &FeaturesAnswer| matches!(answer, FeaturesAnswer::Cleared(Ok(0)));
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !told.lock().unwrap().iter().any(is_cleared) {
            assert!(std::time::Instant::now() < patience, "it never came");
            std::thread::yield_now();
        }
        let limits: Vec<u64> = told
            .lock()
            .unwrap()
            .iter()
            .filter_map(|answer| match answer {
                FeaturesAnswer::Usage(usage) => Some(usage.limit_bytes),
                _ => None,
            })
            .collect();
        assert_eq!(limits, [10_000_000_000, 7_000_000, 7_000_000]);
    }
}
