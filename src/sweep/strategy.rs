//! Which cells there are, and how far each is trained.

/// Which settings are trained, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// Every combination, to its end.
    Grid,
    /// So many combinations that are drawn by the seed, to their end.
    Random { cells: u32, seed: u64 },
    /// Few epochs for many, more for the best (Jamieson and Talwalkar 2016).
    ///
    /// A rung's epochs are the first ones of the full schedule, so that a cell that goes on is the very run that it would
    /// have been without rungs.
    SuccessiveHalving {
        /// So many combinations that are drawn; `None`: all.
        cells: Option<u32>,
        seed: u64,
        /// The first rung: epochs of each.
        first_epochs: u32,
        /// One in so many goes on to the next rung, which has so many times the epochs. At least 2.
        keep: u32,
        /// Whether a rung is decided when all of it have come there (then the result does not depend on who computes), or a
        /// setting goes on as soon as it is among the best of those that have (asynchronous: Li et al. 2020).
        waits: bool,
    },
}

impl Strategy {
    /// Whether whoever works may take any cell, because which cells there are to train is known only when others are done.
    pub(crate) fn takes_any_cell(&self) -> bool {
        matches!(self, Self::SuccessiveHalving { .. })
    }
}

/// What is known of a setting, all its seeds together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    /// That the seed with the fewest has done; all of them of one that came to its end early.
    pub epochs: u32,
    /// Of the full schedule.
    pub planned: u32,
    /// A seed of it can't be trained.
    pub has_failed: bool,
    /// The goal at the end of each rung, mean over the seeds, higher is better; `None` for rungs that it has not come to, or
    /// where nothing was measured.
    pub scores: Vec<Option<f64>>,
}

/// The epochs after which successive halving decides, each below `longest`; none for other strategies.
pub(super) fn rungs(strategy: &Strategy, longest: u32) -> Vec<u32> {
    let Strategy::SuccessiveHalving {
        first_epochs, keep, ..
    } = strategy
    else {
        return Vec::new();
    };
    let mut rungs = Vec::new();
    let mut epochs = (*first_epochs).max(1);
    while epochs < longest {
        rungs.push(epochs);
        epochs = epochs.saturating_mul((*keep).max(2));
    }
    rungs
}

/// Epochs of all settings together, each of which has so many in its full schedule, where none fails; of successive halving,
/// as if those with the most epochs went on.
pub(super) fn epochs(strategy: &Strategy, longest: u32, planned: &[u32]) -> u64 {
    let mut planned = planned.to_vec();
    planned.sort_unstable_by(|a, b| b.cmp(a));
    let Strategy::SuccessiveHalving { keep, .. } = strategy else {
        return planned.iter().map(|&epochs| u64::from(epochs)).sum();
    };
    let mut alive = planned.len();
    let (mut done, mut sum) = (0, 0);
    for epochs in rungs(strategy, longest).into_iter().chain([longest]) {
        let added = |&planned: &u32| epochs.min(planned).saturating_sub(done);
        sum += (planned.iter().take(alive))
            .map(|planned| u64::from(added(planned)))
            .sum::<u64>();
        done = epochs;
        alive = (alive / (*keep).max(2) as usize).max(1);
    }
    sum
}

/// How many epochs of each setting are wanted, as far as is known now.
pub(super) fn wanted(strategy: &Strategy, rungs: &[u32], standings: &[Standing]) -> Vec<u32> {
    match strategy {
        Strategy::Grid | Strategy::Random { .. } => (standings.iter())
            .map(|standing| standing.planned)
            .collect(),
        Strategy::SuccessiveHalving { keep, waits, .. } => {
            let keep = (*keep).max(2) as usize;
            match waits {
                true => wanted_together(rungs, keep, standings),
                false => wanted_at_once(rungs, keep, standings),
            }
        }
    }
}

/// Each rung is decided once all that are in it have come to it.
fn wanted_together(rungs: &[u32], keep: usize, standings: &[Standing]) -> Vec<u32> {
    let mut wanted: Vec<u32> = vec![0; standings.len()];
    let mut alive: Vec<usize> = (0..standings.len()).collect();
    for (rung, &epochs) in rungs.iter().enumerate() {
        for &index in &alive {
            wanted[index] = epochs.min(standings[index].planned);
        }
        if !alive
            .iter()
            .all(|&index| has_reached(&standings[index], epochs))
        {
            return wanted;
        }
        let promoted = (alive.len() / keep).max(1);
        alive = best(standings, rung, alive);
        alive.truncate(promoted);
    }
    for index in alive {
        wanted[index] = standings[index].planned;
    }
    wanted
}

/// A setting goes on when it is in the best part of those that have come to its rung so far.
fn wanted_at_once(rungs: &[u32], keep: usize, standings: &[Standing]) -> Vec<u32> {
    let mut wanted: Vec<u32> = (standings.iter())
        .map(|standing| {
            rungs
                .first()
                .map_or(standing.planned, |&rung| rung.min(standing.planned))
        })
        .collect();
    // Those that may be in a rung: all of them in the first.
    let mut entered: Vec<usize> = (0..standings.len()).collect();
    // Whether nobody can come to it any more.
    let mut is_whole = true;
    for (rung, &epochs) in rungs.iter().enumerate() {
        let reached: Vec<usize> = (entered.iter().copied())
            .filter(|&index| has_reached(&standings[index], epochs))
            .collect();
        is_whole &= reached.len() == entered.len();
        // Of few, the best goes on once there is nothing to wait for.
        let promoted = (reached.len() / keep).max(usize::from(is_whole));
        let mut next = best(standings, rung, reached);
        next.truncate(promoted);
        // Who went on when fewer were known is in the next rung all the same.
        for &index in &entered {
            let standing = &standings[index];
            if standing.epochs > epochs && !standing.has_failed && !next.contains(&index) {
                next.push(index);
            }
        }
        let to = rungs.get(rung + 1).copied();
        for &index in &next {
            let planned = standings[index].planned;
            wanted[index] = to.map_or(planned, |to| to.min(planned));
        }
        entered = next;
    }
    wanted
}

fn has_reached(standing: &Standing, epochs: u32) -> bool {
    standing.has_failed || standing.epochs >= epochs.min(standing.planned)
}

/// By their scores at a rung, the best first, of equals the first; without those that can't go on.
fn best(standings: &[Standing], rung: usize, mut indices: Vec<usize>) -> Vec<usize> {
    indices.retain(|&index| !standings[index].has_failed);
    let score = |index: usize| {
        let score = standings[index].scores.get(rung).copied().flatten();
        score.unwrap_or(f64::NEG_INFINITY)
    };
    indices.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A setting that has a score at each rung that it has come to.
    fn standing(epochs: u32, scores: &[f64]) -> Standing {
        Standing {
            epochs,
            planned: 9,
            has_failed: false,
            scores: scores.iter().map(|&score| Some(score)).collect(),
        }
    }

    fn halving(waits: bool) -> Strategy {
        Strategy::SuccessiveHalving {
            cells: None,
            seed: 1,
            first_epochs: 1,
            keep: 3,
            waits,
        }
    }

    #[test]
    fn rungs_grow_up_to_the_whole_schedule() {
        assert_eq!(rungs(&halving(true), 9), [1, 3]);
        assert_eq!(rungs(&halving(true), 10), [1, 3, 9]);
        assert_eq!(rungs(&halving(true), 1), [0_u32; 0]);
        assert_eq!(rungs(&Strategy::Grid, 9), [0_u32; 0]);
    }

    #[test]
    fn epochs_are_counted_over_the_rungs() {
        assert_eq!(epochs(&Strategy::Grid, 9, &[9; 9]), 81);
        // Nine for one epoch, three for two more, one for six more.
        assert_eq!(epochs(&halving(true), 9, &[9; 9]), 9 + 6 + 6);
        assert_eq!(epochs(&halving(true), 9, &[]), 0);
    }

    #[test]
    fn grid_wants_everything() {
        let standings = [standing(0, &[]), standing(9, &[])];
        assert_eq!(wanted(&Strategy::Grid, &[], &standings), [9, 9]);
    }

    /// Trains in turn whatever is wanted, scores being fixed; gives the epochs of each at the end, and of all.
    fn carried_out(waits: bool, scores: &[f64], planned: u32) -> Vec<u32> {
        let strategy = halving(waits);
        let rungs = rungs(&strategy, planned);
        let mut standings: Vec<Standing> = scores
            .iter()
            .map(|_| Standing {
                planned,
                ..standing(0, &[])
            })
            .collect();
        for _ in 0..1000 {
            let wanted = wanted(&strategy, &rungs, &standings);
            let Some(next) =
                (0..scores.len()).find(|&index| standings[index].epochs < wanted[index])
            else {
                break;
            };
            standings[next].epochs = wanted[next];
            standings[next].scores = (rungs.iter())
                .map(|&rung| (rung <= wanted[next]).then_some(scores[next]))
                .collect();
        }
        standings.iter().map(|standing| standing.epochs).collect()
    }

    #[test]
    fn the_best_goes_to_the_end_and_few_epochs_are_spent_on_the_rest() {
        let scores: Vec<f64> = (0..9).map(|index| f64::from(index * 7 % 9)).collect();
        let epochs = carried_out(true, &scores, 9);
        let best = (0..9).find(|&index| scores[index] == 8.0).unwrap();
        assert_eq!(epochs[best], 9);
        // Nine at one epoch, two more for three of them, six more for one.
        assert_eq!(epochs.iter().sum::<u32>(), 9 + 3 * 2 + 6);
        assert_eq!(epochs.iter().filter(|&&epochs| epochs == 1).count(), 6);
    }

    #[test]
    fn without_waiting_the_best_goes_to_the_end_too() {
        for count in [1_usize, 2, 3, 4, 9, 20] {
            let scores: Vec<f64> = (0..count).map(|index| ((index * 7) % 23) as f64).collect();
            let epochs = carried_out(false, &scores, 9);
            let best = scores.iter().copied().fold(f64::MIN, f64::max);
            let best = scores.iter().position(|&score| score == best).unwrap();
            assert_eq!(epochs[best], 9, "{count}: {epochs:?}");
            assert!(epochs.iter().all(|&epochs| epochs >= 1));
        }
    }

    #[test]
    fn what_failed_is_not_waited_for_and_goes_nowhere() {
        let mut standings = vec![standing(1, &[0.9]), standing(1, &[0.5]), standing(0, &[])];
        standings[2].has_failed = true;
        assert_eq!(wanted(&halving(true), &[1, 3], &standings), [3, 1, 1]);
        standings[0].has_failed = true;
        assert_eq!(wanted(&halving(true), &[1, 3], &standings), [1, 3, 1]);
    }

    #[test]
    fn a_run_that_ended_early_has_come_to_every_rung() {
        let mut standings = vec![standing(2, &[0.9, 0.9]), standing(1, &[0.5])];
        standings[0].planned = 2;
        assert_eq!(wanted(&halving(true), &[1, 3], &standings), [2, 1]);
    }

    #[test]
    fn equals_go_on_in_their_order() {
        let standings = vec![
            standing(1, &[0.5]),
            standing(1, &[0.5]),
            standing(1, &[0.5]),
        ];
        assert_eq!(wanted(&halving(true), &[1, 3], &standings), [3, 1, 1]);
    }
}
