//! Pictures made ready one by one on rayon's pool, ahead of the network: a slow picture at the end of a batch leaves no core
//! idle, because those of the next batches are under way.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::sync_channel;

use super::error::TrainingError;

/// Pictures under way for each core.
const UNDER_WAY: usize = 3;

/// Batches that wait for the computing thread at most.
pub(super) const AHEAD: usize = 2;

/// Where batches come from: positions of all batches, one after the other.
pub(super) trait Source: Sync {
    /// What becomes of one position.
    type Item: Send;

    /// Positions that one piece of work makes together, in ascending order without gaps; none where nothing is to be made
    /// of them beforehand.
    fn works(&self) -> Vec<Range<usize>>;

    /// One item for each of these positions.
    fn make(&self, positions: Range<usize>) -> Vec<Self::Item>;
}

/// Positions of batches of these lengths, one batch after the other.
pub(super) fn consecutive(lengths: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut end = 0;
    let range = |length| {
        end += length;
        end - length..end
    };
    lengths.into_iter().map(range).collect()
}

/// Batches of `size` positions, the last one of the rest.
pub(super) fn ranges(count: usize, size: usize) -> Vec<Range<usize>> {
    (0..count)
        .step_by(size)
        .map(|start| start..(start + size).min(count))
        .collect()
}

/// Hands what `deliver` makes of each of `batches`, in order, to `consume` as its index and that, until it breaks off.
/// `deliver` is called on another thread, as [`fill`] says.
///
/// # Errors
/// Those of `consume`; [`TrainingError::Experiment`] when the system gives no thread, or the other one panics.
pub(super) fn prefetch<S: Source, T: Send>(
    source: &S,
    batches: &[Range<usize>],
    mut deliver: impl FnMut(Range<usize>, Vec<Option<S::Item>>) -> Option<T> + Send,
    mut consume: impl FnMut(usize, T) -> Result<ControlFlow<()>, TrainingError>,
) -> Result<(), TrainingError> {
    // Moved in, so that what a caller holds is let go before the other thread is waited for.
    std::thread::scope(move |scope| {
        let (ready, coming) = sync_channel(AHEAD);
        let prepare = move || {
            fill(source, batches, |batch, made| {
                let delivered = deliver(batch, made);
                delivered.is_some_and(|batch| ready.send(batch).is_ok())
            });
        };
        std::thread::Builder::new()
            .name("graft-pictures".into())
            .spawn_scoped(scope, prepare)
            .map_err(|error| TrainingError::Experiment(format!("can't start a thread: {error}")))?;
        for index in 0..batches.len() {
            let Ok(batch) = coming.recv() else {
                return Err(TrainingError::Experiment(
                    "preparing the pictures ended unexpectedly".into(),
                ));
            };
            if consume(index, batch)?.is_break() {
                break;
            }
        }
        Ok(())
    })
}

/// Makes each of `batches` (positions) in order and delivers it, until `deliver` says that nobody takes any more. A position
/// that no work makes is delivered as `None`.
fn fill<S: Source>(
    source: &S,
    batches: &[Range<usize>],
    mut deliver: impl FnMut(Range<usize>, Vec<Option<S::Item>>) -> bool,
) {
    let works = source.works();
    let most = UNDER_WAY * rayon::current_num_threads().max(1);
    rayon::in_place_scope(|scope| {
        // As much room as there are pictures under way: nobody on the pool waits for this thread.
        let (done, made) = sync_channel::<(usize, Option<Vec<S::Item>>)>(most);
        let mut waiting: HashMap<usize, S::Item> = HashMap::new();
        let mut is_made = vec![false; works.len()];
        // All works before it are made.
        let mut complete = 0;
        let (mut begun, mut under_way) = (0, 0);
        for batch in batches {
            // The works that this batch needs; some of the next ones are begun while it is waited for.
            let needed = works.partition_point(|positions| positions.start < batch.end);
            loop {
                while under_way < most && begun < works.len().min(needed + most) {
                    let (work, positions, done) = (begun, works[begun].clone(), done.clone());
                    scope.spawn(move |_| {
                        let made = catch_unwind(AssertUnwindSafe(|| source.make(positions)));
                        // A closed channel means that nobody wants them any more.
                        drop(done.send((work, made.ok())));
                    });
                    begun += 1;
                    under_way += 1;
                }
                while complete < works.len() && is_made[complete] {
                    complete += 1;
                }
                if complete >= needed {
                    break;
                }
                let Ok((work, made)) = made.recv() else {
                    return;
                };
                under_way -= 1;
                is_made[work] = true;
                // An error inside Graft: without the batch, whoever waits for it ends the run.
                let Some(made) = made else { return };
                waiting.extend(works[work].clone().zip(made));
            }
            let items = batch.clone().map(|position| waiting.remove(&position));
            if !deliver(batch.clone(), items.collect()) {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};
    use std::time::Duration;

    use super::*;

    /// Every position holds its number; every third is made by no work, the others two by two where they are neighbours.
    struct Numbers {
        count: usize,
        made: AtomicUsize,
        fails_at: Option<usize>,
    }

    impl Source for Numbers {
        type Item = Vec<u8>;

        fn works(&self) -> Vec<Range<usize>> {
            let starts = (1..self.count).step_by(3);
            starts
                .map(|start| start..(start + 2).min(self.count))
                .collect()
        }

        fn make(&self, positions: Range<usize>) -> Vec<Vec<u8>> {
            assert!(
                self.fails_at
                    .is_none_or(|position| !positions.contains(&position))
            );
            self.made.fetch_add(positions.len(), Ordering::Relaxed);
            // The first ones come last.
            if positions.start < 4 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            positions.map(|position| vec![position as u8; 4]).collect()
        }
    }

    /// What arrives, batch by batch; `take` batches are taken.
    fn run(numbers: &Numbers, size: usize, take: usize) -> Vec<Vec<u8>> {
        let batches: Vec<Range<usize>> = (0..numbers.count)
            .step_by(size)
            .map(|start| start..(start + size).min(numbers.count))
            .collect();
        let deliver = |batch: Range<usize>, made: Vec<Option<Vec<u8>>>| {
            let item = |(position, made): (usize, Option<Vec<u8>>)| {
                assert_eq!(made.is_none(), position % 3 == 0);
                made.unwrap_or_else(|| vec![position as u8; 4])
            };
            Some(batch.zip(made).flat_map(item).collect::<Vec<u8>>())
        };
        let mut taken = Vec::new();
        let ended = prefetch(numbers, &batches, deliver, |index, batch| {
            assert_eq!(index, taken.len());
            taken.push(batch);
            Ok(if taken.len() == take {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        });
        assert_eq!(ended.is_err(), numbers.fails_at.is_some());
        taken
    }

    #[test]
    fn batches_come_whole_and_in_order_whoever_is_slow() {
        for size in [1, 4, 7, 100] {
            let numbers = Numbers {
                count: 200,
                made: AtomicUsize::new(0),
                fails_at: None,
            };
            let all: Vec<u8> = run(&numbers, size, usize::MAX).concat();
            let expected: Vec<u8> = (0..200u8).flat_map(|number| [number; 4]).collect();
            assert_eq!(all, expected, "{size}");
        }
    }

    #[test]
    fn who_takes_no_more_ends_it_and_so_does_an_error() {
        let mut numbers = Numbers {
            count: 250,
            made: AtomicUsize::new(0),
            fails_at: None,
        };
        assert_eq!(run(&numbers, 5, 3).len(), 3);
        let most = UNDER_WAY * rayon::current_num_threads();
        // Those of the batches that were taken or wait, and what was under way.
        assert!(numbers.made.load(Ordering::Relaxed) <= 5 * 7 + 4 * most + 10);
        numbers.fails_at = Some(31);
        assert_eq!(run(&numbers, 10, usize::MAX).len(), 3);
    }

    /// The first picture is ready once one of the second batch is.
    struct Slow {
        is_begun: Mutex<bool>,
        changed: Condvar,
    }

    impl Source for Slow {
        type Item = Vec<u8>;

        fn works(&self) -> Vec<Range<usize>> {
            (0..4).map(|position| position..position + 1).collect()
        }

        fn make(&self, positions: Range<usize>) -> Vec<Vec<u8>> {
            let mut is_begun = self.is_begun.lock().unwrap();
            if positions.start >= 2 {
                *is_begun = true;
                self.changed.notify_all();
            } else if positions.start == 0 {
                let most = Duration::from_secs(20);
                let waited = self
                    .changed
                    .wait_timeout_while(is_begun, most, |begun| !*begun);
                let was_begun = *waited.unwrap().0;
                return vec![vec![u8::from(was_begun)]];
            }
            vec![vec![1]]
        }
    }

    #[test]
    fn pictures_of_the_next_batch_are_made_while_one_is_waited_for() {
        // One of them only waits, one makes the first picture.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3);
        let slow = Slow {
            is_begun: Mutex::new(false),
            changed: Condvar::new(),
        };
        let (ready, coming) = sync_channel(2);
        let deliver = move |_: Range<usize>, made: Vec<Option<Vec<u8>>>| {
            let made = made.into_iter().flatten().flatten().collect::<Vec<u8>>();
            ready.send(made).is_ok()
        };
        let fill = move || fill(&slow, &[0..2, 2..4], deliver);
        pool.build().unwrap().install(fill);
        assert_eq!(coming.try_iter().collect::<Vec<_>>(), [[1, 1], [1, 1]]);
    }
}
