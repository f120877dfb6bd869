//! Pictures made ready one by one on rayon's pool, ahead of the network: a slow picture at the end of a batch leaves no core
//! idle, because those of the next batches are under way.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;

/// Pictures under way for each core.
const UNDER_WAY: usize = 3;

/// Where batches come from: places of all batches, one after the other.
pub(super) trait Source: Sync {
    /// Places that one piece of work makes together, in ascending order without gaps; none where nothing is to be made of
    /// them beforehand.
    fn works(&self) -> Vec<Range<usize>>;

    /// The bytes of these places.
    fn make(&self, places: Range<usize>) -> Vec<Vec<u8>>;

    /// Copies the bytes of a place that no work makes.
    fn copy(&self, place: usize, out: &mut [u8]);
}

/// Fills a target for each of `batches` (places) in order and hands it on, until nobody takes any more. Every place takes
/// `length` bytes.
pub(super) fn fill<T: AsMut<[u8]> + Send>(
    source: &dyn Source,
    batches: &[Range<usize>],
    length: usize,
    empty: &Receiver<T>,
    ready: &SyncSender<T>,
) {
    let works = source.works();
    let most = UNDER_WAY * rayon::current_num_threads().max(1);
    rayon::in_place_scope(|scope| {
        // As much room as there are pictures under way: nobody on the pool waits for this thread.
        let (done, made) = sync_channel::<(usize, Option<Vec<Vec<u8>>>)>(most);
        let mut waiting: HashMap<usize, Vec<u8>> = HashMap::new();
        let mut is_made = vec![false; works.len()];
        // All works before it are made.
        let mut complete = 0;
        let (mut begun, mut under_way) = (0, 0);
        for batch in batches {
            // The works that this batch needs; some of the next ones are begun while it is waited for.
            let needed = works.partition_point(|places| places.start < batch.end);
            loop {
                while under_way < most && begun < works.len().min(needed + most) {
                    let (work, places, done) = (begun, works[begun].clone(), done.clone());
                    scope.spawn(move |_| {
                        let made = catch_unwind(AssertUnwindSafe(|| source.make(places)));
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
            let Ok(mut target) = empty.recv() else {
                return;
            };
            let parts: Vec<(usize, Option<Vec<u8>>)> = batch
                .clone()
                .map(|place| (place, waiting.remove(&place)))
                .collect();
            target
                .as_mut()
                .par_chunks_mut(length.max(1))
                .zip(&parts)
                .for_each(|(out, (place, made))| match made {
                    Some(made) => out.copy_from_slice(made),
                    None => source.copy(*place, out),
                });
            if ready.send(target).is_err() {
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

    /// Every place holds its number; every third is copied, the others are made two by two where they are neighbours.
    struct Numbers {
        count: usize,
        made: AtomicUsize,
        fails_at: Option<usize>,
    }

    impl Source for Numbers {
        fn works(&self) -> Vec<Range<usize>> {
            let starts = (1..self.count).step_by(3);
            starts
                .map(|start| start..(start + 2).min(self.count))
                .collect()
        }

        fn make(&self, places: Range<usize>) -> Vec<Vec<u8>> {
            assert!(self.fails_at.is_none_or(|place| !places.contains(&place)));
            self.made.fetch_add(places.len(), Ordering::Relaxed);
            // The first ones come last.
            if places.start < 4 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            places.map(|place| vec![place as u8; 4]).collect()
        }

        fn copy(&self, place: usize, out: &mut [u8]) {
            assert_eq!(place % 3, 0);
            out.fill(place as u8);
        }
    }

    /// What arrives, batch by batch; `take` batches are taken.
    fn run(numbers: &Numbers, size: usize, take: usize) -> Vec<Vec<u8>> {
        let batches: Vec<Range<usize>> = (0..numbers.count)
            .step_by(size)
            .map(|start| start..(start + size).min(numbers.count))
            .collect();
        let (give, empty) = sync_channel::<Vec<u8>>(batches.len());
        let (ready, coming) = sync_channel(2);
        for batch in &batches {
            give.send(vec![0; batch.len() * 4]).unwrap();
        }
        std::thread::scope(|scope| {
            let batches = &batches;
            scope.spawn(move || fill(numbers, batches, 4, &empty, &ready));
            let taken = coming.iter().take(take).collect();
            drop(coming);
            taken
        })
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
            let expected: Vec<u8> = (0..200u8).flat_map(|place| [place; 4]).collect();
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
        fn works(&self) -> Vec<Range<usize>> {
            (0..4).map(|place| place..place + 1).collect()
        }

        fn make(&self, places: Range<usize>) -> Vec<Vec<u8>> {
            let mut is_begun = self.is_begun.lock().unwrap();
            if places.start >= 2 {
                *is_begun = true;
                self.changed.notify_all();
            } else if places.start == 0 {
                let most = Duration::from_secs(20);
                let waited = self
                    .changed
                    .wait_timeout_while(is_begun, most, |begun| !*begun);
                let was_begun = *waited.unwrap().0;
                return vec![vec![u8::from(was_begun)]];
            }
            vec![vec![1]]
        }

        fn copy(&self, _: usize, _: &mut [u8]) {}
    }

    #[test]
    fn pictures_of_the_next_batch_are_made_while_one_is_waited_for() {
        // One of them only waits, one makes the first picture.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3);
        let slow = Slow {
            is_begun: Mutex::new(false),
            changed: Condvar::new(),
        };
        let (give, empty) = sync_channel::<Vec<u8>>(2);
        let (ready, coming) = sync_channel(2);
        for _ in 0..2 {
            give.send(vec![0; 2]).unwrap();
        }
        let fill = move || fill(&slow, &[0..2, 2..4], 1, &empty, &ready);
        pool.build().unwrap().install(fill);
        assert_eq!(coming.try_iter().collect::<Vec<_>>(), [[1, 1], [1, 1]]);
    }
}
