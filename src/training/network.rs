//! Backbone and head as one network that can be entered at any segment.

use std::ops::Range;
use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::error::TrainingError;
use super::events::Activity;
use super::micro_batch::MicroBatch;
use super::out_of_memory::once_more;
use super::phase_plan::{Anatomy, PhasePlan};
use super::preprocessing::input_side;
use super::reporter::Reporter;
use super::stages::Stages;
use crate::data::contents::Stamp;
use crate::experiment::{Experiment, OutputLayer, Phase, Preprocessing, WeightsSource};
use crate::libtorch::autocast::Autocast;
use crate::libtorch::numbers::WithNumber;
use crate::models::cam::Activations;
use crate::models::fold::{FrozenPrefix, filled_up, in_pieces, piece};
use crate::models::head::Head;
use crate::models::layers::Pass;
use crate::models::parameters::{ParameterEntry, Role};
use crate::models::tree::LayerTree;
use crate::models::weights::{self, Obtaining};
use crate::models::{self, Backbone, ModelError, WeightsInfo, freeze};

/// [`build_backbone`]; tests take counting ones instead.
pub(super) type BuildBackbone<'a> =
    &'a dyn Fn(&str, Option<u64>, Device) -> Result<Box<dyn Backbone>, ModelError>;

/// The backbone of that name: with random weights by `seed`, or blank for weights that are loaded next.
pub(super) fn build_backbone(
    name: &str,
    seed: Option<u64>,
    device: Device,
) -> Result<Box<dyn Backbone>, ModelError> {
    match seed {
        Some(seed) => models::build(name, seed, device),
        None => models::build_blank(name, device),
    }
}

/// A depth in the network is a number of segments passed: 0 are pictures, and the number of
/// segments stands for the pooled features.
pub struct Network {
    pub backbone: Box<dyn Backbone>,
    pub head: Head,
    pub tree: LayerTree,
    pub device: Device,
    pub output: OutputLayer,
    /// The side of the input square.
    pub side: u32,
    /// What layers compute in that no phase changes.
    pub(super) frozen_kind: Kind,
    /// What trains computes in these 16 bits, where that is safe.
    pub(super) mixed: Option<Kind>,
    /// Whose preprocessing the pictures get.
    pub pretrained: WeightsInfo,
    /// Pictures that pass without gradients.
    pub micro_batch: MicroBatch,
    /// Whose features the head takes beside the last stage's.
    pub(super) stages: Stages,
    segments: Vec<Range<usize>>,
    /// Multiply-adds of one picture in every segment.
    costs: Vec<f64>,
    /// Of the file that the backbone's weights came from.
    pub(super) weights_stamp: Option<Stamp>,
}

impl Network {
    /// Random backbone and head, drawn from the experiment's seed.
    pub(super) fn new(
        experiment: &Experiment,
        classes: usize,
        device: Device,
        build: BuildBackbone<'_>,
    ) -> Result<Self, TrainingError> {
        let seed = experiment.seed;
        let config = &experiment.backbone;
        let is_random = config.weights == WeightsSource::Random;
        let backbone = build(&config.name, is_random.then_some(seed), device)?;
        Self::join(experiment, backbone, device, &|features| {
            Head::new(&experiment.head, features, classes as i64, seed, device)
        })
    }

    /// The same network of zeros, for weights that are loaded next. It draws no random numbers.
    pub(super) fn blank(
        experiment: &Experiment,
        classes: usize,
        device: Device,
    ) -> Result<Self, TrainingError> {
        let backbone = models::build_blank(&experiment.backbone.name, device)?;
        Self::join(experiment, backbone, device, &|features| {
            Head::blank(&experiment.head, features, classes as i64, device)
        })
    }

    /// `head` makes one for that many features.
    fn join(
        experiment: &Experiment,
        backbone: Box<dyn Backbone>,
        device: Device,
        head: &dyn Fn(i64) -> Result<Head, ModelError>,
    ) -> Result<Self, TrainingError> {
        let pretrained = weights::preprocessing(backbone.info(), &experiment.backbone)?;
        let side = input_side(experiment, &pretrained);
        let tree = backbone.tree(side)?;
        let segments: Vec<_> = (0..backbone.segments())
            .map(|index| backbone.segment_leaves(index))
            .collect();
        let count = experiment.head.stages;
        let head = head(tree.head_features(count))?;
        let stages = Stages::new(count, backbone.as_ref(), &tree, &segments, side, device)?;
        let leaves = tree.leaves();
        let cost = |segment: &Range<usize>| -> f64 {
            leaves[segment.clone()]
                .iter()
                .map(|leaf| leaf.multiply_adds as f64)
                .sum()
        };
        let costs = segments.iter().map(cost).collect();
        let output = experiment.head.output;
        Ok(Self {
            backbone,
            head,
            tree,
            device,
            output,
            side,
            frozen_kind: Kind::Float,
            mixed: None,
            pretrained,
            micro_batch: MicroBatch::new(None, device),
            stages,
            segments,
            costs,
            weights_stamp: None,
        })
    }

    /// Loads the backbone's weights as the experiment says, after downloading them if they are missing;
    /// gives a line for the log.
    pub(super) fn load_pretrained(
        &mut self,
        experiment: &Experiment,
        base: Option<&Path>,
        reporter: &mut Reporter<'_>,
    ) -> Result<String, TrainingError> {
        let config = &experiment.backbone;
        let stop = reporter.stop_flag().clone();
        let mut heard = Ok(());
        let mut notify = |obtaining| {
            if heard.is_ok() {
                heard = report_obtaining(reporter, obtaining);
            }
            // A listener that fails ends the run.
            if heard.is_err() {
                stop.stop();
            }
        };
        let file = weights::obtain(&config.weights, &config.name, base, &mut notify, &stop);
        heard?;
        let Some(file) = file? else {
            return Ok(format!("Random weights, seed {}", experiment.seed));
        };
        let key = config.weights.key();
        let backbone = self.backbone.as_mut();
        let report = once_more(self.device, || weights::load_part(backbone, &file, key))?;
        self.weights_stamp = report.stamp;
        let name = file
            .file_name()
            .unwrap_or(file.as_os_str())
            .to_string_lossy();
        let mut line = report.line(&name);
        // Published weights come with theirs, which nobody has guessed.
        if config.weights.file().is_some() || config.preprocessing != Preprocessing::Auto {
            line.push_str("; ");
            line.push_str(&weights::preprocessing_line(config, &self.pretrained));
        }
        Ok(line)
    }

    /// The number of segments: the depth of the pooled features.
    pub fn depth(&self) -> usize {
        self.segments.len()
    }

    /// Multiply-adds of one picture between two depths.
    pub fn cost(&self, depths: Range<usize>) -> f64 {
        self.costs[depths].iter().sum()
    }

    /// The leaf layers of segment `index`, as a range into the tree's leaves.
    pub fn segment_leaves(&self, index: usize) -> Range<usize> {
        self.segments[index].clone()
    }

    /// Lays `phase` over the backbone.
    ///
    /// # Errors
    /// [`ModelError::UnknownLayer`] where the phase's freeze plan names a layer that the network does not have.
    pub fn plan(&self, phase: &Phase, experiment: &Experiment) -> Result<PhasePlan, TrainingError> {
        let frozen = freeze::frozen_leaves(&phase.freeze, &self.tree)?;
        let anatomy = Anatomy {
            tree: &self.tree,
            store: self.backbone.parameters(),
            segments: &self.segments,
        };
        Ok(PhasePlan::new(
            &frozen,
            &experiment.backbone,
            &phase.layer_rates,
            &anatomy,
        ))
    }

    /// The frozen leading segments of every phase.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn frozen_depths(&self, experiment: &Experiment) -> Result<Vec<usize>, TrainingError> {
        let phases = experiment.phases.iter();
        phases
            .map(|phase| Ok(self.plan(phase, experiment)?.cut))
            .collect()
    }

    /// From one depth to another. Pictures are `[N, 3, side, side]`; between segments `[N, C, H, W]`, `[N, tokens, C]` in a
    /// transformer, or what [`Stages`] makes of it; behind the last one pooled features, `[N, F]`.
    ///
    /// # Errors
    /// libtorch's own, memory that ran out among them.
    pub fn advance(
        &self,
        input: &Tensor,
        depths: Range<usize>,
        pass: &Pass,
    ) -> Result<Tensor, TrainingError> {
        if depths.is_empty() {
            return Ok(input.shallow_clone());
        }
        let mut flow = self.stages.enter(input, depths.start)?;
        for segment in depths.clone() {
            flow.x = self.backbone.forward_segment(segment, &flow.x, pass)?;
            self.stages.pass(segment, &mut flow, &self.head)?;
        }
        self.stages
            .leave(flow, depths.end == self.depth(), &self.head)
    }

    /// A part of the backbone as inference in single precision, with the weights of this moment.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn frozen(&self, depths: Range<usize>) -> Result<FrozenPart, TrainingError> {
        self.frozen_as(depths, Kind::Float)
    }

    /// A part that is frozen, as quick as the experiment allows.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn prefix(&self, depths: Range<usize>) -> Result<FrozenPart, TrainingError> {
        self.frozen_as(depths, self.frozen_kind)
    }

    /// A part whose segments before `unchanged` are frozen, and compute as all that is frozen does; the others in
    /// single precision.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn partly_frozen(
        &self,
        depths: Range<usize>,
        unchanged: usize,
    ) -> Result<FrozenPart, TrainingError> {
        let middle = unchanged.clamp(depths.start, depths.end);
        if self.frozen_kind == Kind::Float {
            return self.frozen(depths);
        }
        let mut part = self.prefix(depths.start..middle)?;
        part.prefixes
            .extend(self.frozen(middle..depths.end)?.prefixes);
        part.depths = depths;
        Ok(part)
    }

    pub(super) fn frozen_as(
        &self,
        depths: Range<usize>,
        kind: Kind,
    ) -> Result<FrozenPart, TrainingError> {
        let backbone = self.backbone.as_ref();
        let prefix = FrozenPrefix::of_kind(backbone, depths.clone(), kind)?;
        let prefixes = vec![prefix];
        Ok(FrozenPart { depths, prefixes })
    }

    /// From `depth`, in the shape of [`Self::advance`], to logits `[N, classes]` (`[N, 1]` for a sigmoid), training. The head
    /// computes in single precision in any case.
    ///
    /// # Errors
    /// libtorch's own, memory that ran out among them.
    pub fn train_logits(
        &self,
        input: &Tensor,
        depth: usize,
        pass: &Pass,
    ) -> Result<Tensor, TrainingError> {
        let pooled = {
            let learns = depth < self.depth();
            let kind = self.mixed.filter(|_| learns);
            let _mixed = kind
                .map(|kind| Autocast::begin(self.device, kind))
                .transpose()?;
            self.advance(input, depth..self.depth(), pass)?
        };
        let pooled = pooled.f_to_kind(Kind::Float)?;
        Ok(self.head.forward(&pooled, true)?)
    }

    /// From where `rest` begins, which reaches to the end, to logits `[N, classes]` (`[N, 1]` for a sigmoid), in inference
    /// mode and without gradients.
    ///
    /// # Errors
    /// libtorch's own, memory that ran out among them.
    pub fn logits(&self, input: &Tensor, rest: &FrozenPart) -> Result<Tensor, TrainingError> {
        self.answers(&rest.advance(self, input)?)
    }

    /// From pooled features, `[N, F]`, to the logits of [`Self::logits`].
    ///
    /// # Errors
    /// libtorch's own.
    pub fn answers(&self, pooled: &Tensor) -> Result<Tensor, TrainingError> {
        let _guard = tch::no_grad_guard();
        Ok(self.head.forward(pooled, false)?)
    }

    /// The classes that `logits`, `[N, classes]` or `[N, 1]`, find most probable. Waits for the device.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn predicted(&self, logits: &Tensor) -> Result<Vec<u32>, TrainingError> {
        classes_of(&self.most_probable(logits)?)
    }

    /// The same, `[N]`, int64, where the logits are: nobody waits for a graphics card.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn most_probable(&self, logits: &Tensor) -> Result<Tensor, TrainingError> {
        let classes = match self.output {
            OutputLayer::Softmax => logits.f_argmax(-1, false)?,
            OutputLayer::Sigmoid => logits.f_reshape([-1i64])?.f_gt_number(0.0)?,
        };
        Ok(classes.f_to_kind(Kind::Int64)?)
    }

    /// Switches gradients on for what `plan` trains, and off for all else.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn set_trained(&self, plan: &PhasePlan) -> Result<(), TrainingError> {
        for entry in &self.backbone.parameters().entries {
            let _ = entry.tensor.f_set_requires_grad(false)?;
        }
        for (index, _) in &plan.trained {
            let entry = &self.backbone.parameters().entries[*index];
            let _ = entry.tensor.f_set_requires_grad(true)?;
        }
        for entry in &self.head.parameters().entries {
            let _ = entry
                .tensor
                .f_set_requires_grad(entry.role == Role::Parameter)?;
        }
        Ok(())
    }

    /// The backbone's entries, without the classifier that the head replaces.
    pub fn base_entries(&self) -> impl Iterator<Item = &ParameterEntry> {
        let leaves = self.segments.last().map_or(0, |segment| segment.end);
        self.backbone
            .parameters()
            .entries
            .iter()
            .filter(move |entry| entry.leaf < leaves)
    }

    /// Learned numbers of the head.
    pub fn head_parameters(&self) -> u64 {
        let entries = self.head.parameters().entries.iter();
        entries
            .filter(|entry| entry.role == Role::Parameter)
            .map(|entry| entry.tensor.numel() as u64)
            .sum()
    }

    /// Name and tensor of backbone and head, on the CPU and without gradients, in whatever order their numbers stand.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn weights(&self) -> Result<Vec<(String, Tensor)>, TrainingError> {
        let _guard = tch::no_grad_guard();
        self.base_entries()
            .chain(&self.head.parameters().entries)
            .map(|entry| {
                let tensor = entry.tensor.f_detach()?.f_to(Device::Cpu)?;
                Ok((entry.name.clone(), tensor))
            })
            .collect()
    }
}

/// The classes of what [`Network::most_probable`] gives, `[N]`.
///
/// # Errors
/// libtorch's own.
pub fn classes_of(classes: &Tensor) -> Result<Vec<u32>, TrainingError> {
    let classes: Vec<i64> = Vec::try_from(classes.f_to(Device::Cpu)?)?;
    Ok(classes.into_iter().map(|class| class as u32).collect())
}

/// Consecutive segments in inference mode and without gradients, normalisations folded into their
/// convolutions. Holds a copy of the weights: make it anew when they have changed.
pub struct FrozenPart {
    depths: Range<usize>,
    /// One after the other.
    prefixes: Vec<FrozenPrefix>,
}

impl FrozenPart {
    /// From the depth where the part begins to the one where it ends. A part without segments
    /// gives its input back. What is pooled leaves in single precision, a grid in the precision that it was computed
    /// in; shapes are those of [`Network::advance`]. Where memory runs out, fewer pictures pass at once.
    ///
    /// # Errors
    /// libtorch's own; that memory ran out where not even one picture fits.
    pub fn advance(&self, network: &Network, input: &Tensor) -> Result<Tensor, TrainingError> {
        if self.depths.is_empty() {
            return Ok(input.shallow_clone());
        }
        let _guard = tch::no_grad_guard();
        let together = piece(network.side);
        // In bf16 the last bit is large: a picture must not have another answer alone than among others.
        let is_rounded = self.prefixes.iter().any(FrozenPrefix::is_rounded);
        if !is_rounded || input.device() != Device::Cpu {
            return in_pieces(input, together, |piece| self.advance_piece(network, piece));
        }
        let filled = filled_up(input, together)?;
        let output = in_pieces(&filled, together, |piece| {
            self.advance_piece(network, piece)
        })?;
        Ok(output.f_narrow(0, 0, input.size()[0])?)
    }

    fn advance_piece(&self, network: &Network, input: &Tensor) -> Result<Tensor, TrainingError> {
        let micro_batch = &network.micro_batch;
        micro_batch.forward(input, &mut |part| self.advance_all(network, part))
    }

    fn advance_all(&self, network: &Network, input: &Tensor) -> Result<Tensor, TrainingError> {
        let Network { head, stages, .. } = network;
        let mut flow = stages.enter(input, self.depths.start)?;
        for prefix in &self.prefixes {
            let input = flow.x.shallow_clone();
            let passed = &mut |segment, output: &Tensor| {
                flow.x = output.shallow_clone();
                stages.pass(segment, &mut flow, head)
            };
            flow.x = prefix.forward_each(network.backbone.as_ref(), &input, passed)?;
        }
        stages.leave(flow, self.depths.end == network.depth(), head)
    }
}

impl Network {
    /// What a class activation map of normalised pictures, `[N, 3, side, side]`, is made from.
    ///
    /// # Errors
    /// libtorch's own, and that the network has no map.
    pub fn activations(&self, input: &Tensor) -> Result<Activations, TrainingError> {
        Ok(Activations::of(self.backbone.as_ref(), input)?)
    }

    /// The maps `[N, H, W]` of `class`, by its score before softmax. A sigmoid's one logit speaks for
    /// class 1, and its negative for class 0. `pooled`: what the head takes of the
    /// pictures, `[N, F]`, for the features of earlier stages.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn class_map(
        &self,
        activations: &Activations,
        pooled: &Tensor,
        class: u32,
    ) -> Result<Tensor, TrainingError> {
        let score = |features: &Tensor| {
            let last = self.head.pool(features)?;
            let earlier = pooled.f_narrow(1, 0, pooled.size()[1] - last.size()[1])?;
            let taken = Tensor::f_cat(&[&earlier, &last], 1)?;
            let logits = self.head.forward(&taken, false)?;
            Ok(match self.output {
                OutputLayer::Softmax => logits.f_select(1, i64::from(class))?,
                OutputLayer::Sigmoid if class == 0 => logits.f_select(1, 0)?.f_neg()?,
                OutputLayer::Sigmoid => logits.f_select(1, 0)?,
            })
        };
        Ok(activations.map(self.backbone.as_ref(), &score)?)
    }
}

fn report_obtaining(
    reporter: &mut Reporter<'_>,
    obtaining: Obtaining,
) -> Result<(), TrainingError> {
    match obtaining {
        Obtaining::Begins(line) => {
            reporter.note(line)?;
            reporter.begin(Activity::DownloadingWeights, 0)
        }
        Obtaining::Progress(progress) => {
            let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
            reporter.set_total(bytes(progress.total.unwrap_or(0)));
            reporter.set_done(bytes(progress.done))
        }
    }
}
