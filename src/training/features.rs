//! Outputs of the frozen leading part of the network, computed once per picture (or per cached
//! view of it) and kept for all epochs that they hold for.

use std::ops::ControlFlow;
use std::time::Instant;

use tch::{Kind, Tensor};

use super::TrainingError;
use super::forecast::Work;
use super::network::{FrozenPart, Network};
use super::pictures::{Pictures, Shot};
use super::reporter::Reporter;
use super::snapshot::copy_of;

/// Pictures per forward pass.
pub(super) const BATCH: usize = 32;

/// Whose features they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Train,
    Validation,
}

/// The features of one group of pictures at one depth.
struct Block {
    group: Group,
    depth: usize,
    /// `[rows, F]` for pooled features, `[rows, H, W, C]` for a grid: rows of channels-last grids
    /// lie together in memory, so that picking some of them is one copy.
    rows: Tensor,
}

impl Block {
    fn bytes(&self) -> u64 {
        self.rows.numel() as u64 * 4
    }
}

/// All features that are kept.
#[derive(Default)]
pub(super) struct FeatureCache {
    blocks: Vec<Block>,
    /// Bytes that the features may take.
    budget: u64,
}

/// What is asked of [`FeatureCache::compute`].
pub(super) struct Wanted<'a> {
    pub group: Group,
    /// One row of the result each.
    pub shots: &'a [Shot],
    /// Where the features are needed now.
    pub depth: usize,
    /// Depths that a later phase will need and that no phase until then changes; recorded on the
    /// way where memory allows.
    pub later: &'a [usize],
}

impl FeatureCache {
    pub fn new(budget: u64) -> Self {
        Self {
            blocks: Vec::new(),
            budget,
        }
    }

    pub fn holds(&self, group: Group, depth: usize) -> bool {
        self.find(group, depth).is_some()
    }

    /// Forgets features beyond `depth`, because what computes them has changed.
    pub fn forget_beyond(&mut self, depth: usize) {
        self.blocks.retain(|block| block.depth <= depth);
    }

    /// Rows of kept features, as the network's next segment (or the head) takes them.
    pub fn pick(&self, group: Group, depth: usize, rows: &[i64]) -> Result<Tensor, TrainingError> {
        let block = self.find(group, depth).ok_or_else(|| {
            TrainingError::Experiment(format!("no features are kept at depth {depth}"))
        })?;
        let rows = Tensor::f_from_slice(rows)?.f_to(block.rows.device())?;
        let picked = block.rows.f_index_select(0, &rows)?;
        Ok(if picked.dim() == 4 {
            picked.f_permute([0i64, 3, 1, 2])?
        } else {
            picked
        })
    }

    /// Computes what is wanted, from the deepest features that are kept, else from the pictures.
    /// Gives whether the features fit into memory; when they don't, nothing is kept.
    pub fn compute(
        &mut self,
        wanted: &Wanted<'_>,
        network: &Network,
        pictures: &Pictures,
        reporter: &mut Reporter<'_>,
    ) -> Result<bool, TrainingError> {
        let start = self
            .blocks
            .iter()
            .filter(|block| block.group == wanted.group && block.depth < wanted.depth)
            .map(|block| block.depth)
            .max()
            .unwrap_or(0);
        let mut depths: Vec<usize> = wanted.later.to_vec();
        depths.push(wanted.depth);
        depths.retain(|&depth| depth > start && depth <= wanted.depth);
        depths.sort_unstable();
        depths.dedup();

        let used: u64 = self.blocks.iter().map(Block::bytes).sum();
        let mut from = start;
        let mut parts = Vec::new();
        for depth in depths {
            parts.push((
                depth,
                network.frozen(std::mem::replace(&mut from, depth)..depth)?,
            ));
        }
        let mut recorder = Recorder {
            network,
            parts,
            rows: wanted.shots.len(),
            budget: self.budget.saturating_sub(used),
            recorded: Vec::new(),
            is_first: true,
        };
        let cost = network.cost(start..wanted.depth);
        let mut done = 0;
        let mut fits = true;
        let mut began = Instant::now();
        let mut step = |input: Tensor, count: usize| -> Result<bool, TrainingError> {
            reporter.checkpoint()?;
            if !recorder.record(input, done)? {
                return Ok(false);
            }
            done += count;
            reporter.advance(Work::Forward, count, cost, began.elapsed())?;
            began = Instant::now();
            Ok(true)
        };
        if start > 0 {
            let all: Vec<i64> = (0..wanted.shots.len() as i64).collect();
            for rows in all.chunks(BATCH) {
                if !step(self.pick(wanted.group, start, rows)?, rows.len())? {
                    fits = false;
                    break;
                }
            }
        } else {
            let batches: Vec<Vec<Shot>> =
                wanted.shots.chunks(BATCH).map(<[Shot]>::to_vec).collect();
            pictures.for_each(&batches, |place, input| {
                if fits {
                    fits = step(input, batches[place].len())?;
                }
                Ok(if fits {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            })?;
        }
        if fits {
            let group = wanted.group;
            let blocks = recorder.recorded.into_iter();
            self.blocks
                .extend(blocks.map(|(depth, rows)| Block { group, depth, rows }));
        }
        Ok(fits)
    }

    fn find(&self, group: Group, depth: usize) -> Option<&Block> {
        self.blocks
            .iter()
            .find(|block| block.group == group && block.depth == depth)
    }
}

/// Writes the outputs of one pass over all pictures.
struct Recorder<'a> {
    network: &'a Network,
    /// The parts that lead from depth to depth, ascending; the last depth is the one that must fit.
    parts: Vec<(usize, FrozenPart)>,
    rows: usize,
    budget: u64,
    recorded: Vec<(usize, Tensor)>,
    is_first: bool,
}

impl Recorder<'_> {
    /// Runs one batch, whose first row is `row`. Gives whether there is memory.
    fn record(&mut self, input: Tensor, row: usize) -> Result<bool, TrainingError> {
        let _guard = tch::no_grad_guard();
        let mut x = input;
        let mut outputs = Vec::new();
        for (place, (depth, part)) in self.parts.iter().enumerate() {
            x = part.advance(self.network, &x)?;
            // The next part may work in place.
            let output = if place + 1 < self.parts.len() {
                copy_of(&x)?
            } else {
                x.shallow_clone()
            };
            let rows = if output.dim() == 4 {
                output.f_permute([0i64, 2, 3, 1])?
            } else {
                output
            };
            outputs.push((*depth, rows));
        }
        if self.is_first {
            self.is_first = false;
            if !self.allocate(&outputs)? {
                return Ok(false);
            }
        }
        for (depth, target) in &self.recorded {
            if let Some((_, rows)) = outputs.iter().find(|(other, _)| other == depth) {
                target
                    .f_narrow(0, row as i64, rows.size()[0])?
                    .f_copy_(rows)?;
            }
        }
        Ok(true)
    }

    /// Room for all rows, once the first batch has told their shape: first for the depth that is
    /// needed now, then for those of later phases.
    fn allocate(&mut self, outputs: &[(usize, Tensor)]) -> Result<bool, TrainingError> {
        for (place, (depth, rows)) in outputs.iter().rev().enumerate() {
            let mut shape = rows.size();
            shape[0] = self.rows as i64;
            let bytes = shape.iter().product::<i64>() as u64 * 4;
            if bytes > self.budget {
                if place == 0 {
                    return Ok(false);
                }
                continue;
            }
            self.budget -= bytes;
            let target = Tensor::f_empty(&shape, (Kind::Float, rows.device()))?;
            self.recorded.push((*depth, target));
        }
        Ok(true)
    }
}
