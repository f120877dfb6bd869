//! Pictures, requests and listeners for the tests.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tch::{Device, Tensor};

use crate::data::{Dataset, Picture, PictureSource, SplitIndices};
use crate::experiment::{
    BackboneConfig, Experiment, HeadConfig, HeadLayer, Keep, MixedPrecision, Optimizer, Phase,
    Precision, WeightsSource,
};
use crate::memory::{MemoryLimit, Reason};
use crate::models::catalogue::ArchitectureInfo;
use crate::models::fold::FoldedWeights;
use crate::models::layers::Pass;
use crate::models::parameters::ParameterStore;
use crate::models::tree::LayerTree;
use crate::models::{Backbone, ModelError};
use crate::training::events::{EpochMetrics, TrainingEvent, TrainingListener};
use crate::training::network::build_backbone;
use crate::training::trainer::environment::Environment;
use crate::training::trainer::run::train_with;
use crate::training::{FrozenPrecision, Outcome, ResumePoint, TrainingError, TrainingRequest};

/// The side of the synthetic pictures and of the networks' input.
pub const SIDE: u32 = 64;

/// Pictures in a temporary folder: reddish with rows, bluish with columns, greenish with both.
pub struct Pictures {
    _folder: tempfile::TempDir,
    pub dataset: Arc<Dataset>,
    pub split: SplitIndices,
}

/// `counts`: training, validation and test pictures, classes taking turns.
pub fn pictures(classes: usize, counts: [usize; 3]) -> Pictures {
    let folder = tempfile::tempdir().unwrap();
    let total: usize = counts.iter().sum();
    let pictures = (0..total)
        .map(|index| {
            let label = index % classes;
            let path = folder.path().join(format!("{index}.png"));
            image::RgbImage::from_fn(SIDE, SIDE, |x, y| pixel(label, index as u32, x, y))
                .save(&path)
                .unwrap();
            Picture {
                source: PictureSource::File(path),
                name: format!("{index}.png"),
                label: label as u32,
                size: (SIDE, SIDE),
                split: None,
                group: None,
            }
        })
        .collect();
    let names = ["red", "blue", "green"][..classes]
        .iter()
        .map(ToString::to_string)
        .collect();
    let dataset = Dataset {
        classes: names,
        pictures,
        problems: vec![],
        excluded: Vec::new(),
        remarks: Vec::new(),
    };
    let (validation, test) = (counts[0] + counts[1], total);
    let split = SplitIndices {
        train: (0..counts[0]).collect(),
        validation: (counts[0]..validation).collect(),
        test: (validation..test).collect(),
    };
    Pictures {
        _folder: folder,
        dataset: Arc::new(dataset),
        split,
    }
}

fn pixel(label: usize, index: u32, x: u32, y: u32) -> image::Rgb<u8> {
    let noise = (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729) ^ index.wrapping_mul(31)) % 60;
    let mut rgb = [40 + noise as u8; 3];
    rgb[[0, 2, 1][label]] += 110;
    let stripe = match label {
        0 => y / 8 % 2,
        1 => x / 8 % 2,
        _ => (x + y) / 8 % 2,
    };
    rgb.iter_mut().for_each(|value| *value += 20 * stripe as u8);
    image::Rgb(rgb)
}

/// Quick and deterministic: random ResNet-18, a linear head, no dropout (libtorch's generator is
/// shared with whatever other tests run beside), the last weights.
pub fn experiment(phases: Vec<Phase>) -> Experiment {
    let mut experiment = Experiment {
        backbone: BackboneConfig {
            name: "resnet18".into(),
            weights: WeightsSource::Random,
            input_size: Some(SIDE),
            ..BackboneConfig::default()
        },
        head: HeadConfig {
            layers: vec![],
            ..HeadConfig::default()
        },
        phases,
        ..Experiment::default()
    };
    experiment.training.batch_size = 4;
    experiment.training.keep = Keep::Last;
    // The same on every machine.
    experiment.training.precision = Precision::Fp32;
    experiment.training.mixed_precision = MixedPrecision::Off;
    experiment
}

pub fn phase(freeze: crate::experiment::FreezePlan, epochs: u32) -> Phase {
    Phase {
        freeze,
        epochs,
        learning_rate: 0.01,
        optimizer: Optimizer::sgd(),
        ..Phase::default()
    }
}

/// A head with a BatchNorm, to be trained by batch.
pub fn norm_head() -> HeadConfig {
    HeadConfig {
        layers: vec![HeadLayer::BatchNorm],
        ..HeadConfig::default()
    }
}

pub fn request(pictures: &Pictures, experiment: Experiment) -> TrainingRequest {
    TrainingRequest {
        device: Some(Device::Cpu),
        ..TrainingRequest::new(experiment, pictures.dataset.clone(), pictures.split.clone())
    }
}

/// Acts on events while a run goes on.
type OnEvent<'a> = Box<dyn FnMut(&TrainingEvent) + 'a>;

/// Remembers everything; `on_event` may act.
#[derive(Default)]
pub struct Witness<'a> {
    pub events: Vec<TrainingEvent>,
    /// Every hand-over of weights.
    pub weights: Vec<Vec<(String, Tensor)>>,
    pub on_event: Option<OnEvent<'a>>,
    /// Where the run stood after each epoch.
    pub points: Vec<ResumePoint>,
}

impl TrainingListener for Witness<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        if let Some(act) = &mut self.on_event {
            act(event);
        }
        self.events.push(event.clone());
        Ok(())
    }

    fn weights(&mut self, weights: &[(String, Tensor)]) -> Result<(), TrainingError> {
        self.weights.push(
            weights
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.copy()))
                .collect(),
        );
        Ok(())
    }

    fn resume_point(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        self.points.push(ResumePoint {
            standing: point.standing.clone(),
            tensors: point
                .tensors
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.copy()))
                .collect(),
        });
        Ok(())
    }
}

impl Witness<'_> {
    /// Of every epoch, without the seconds, which differ from run to run.
    pub fn epochs(&self) -> Vec<EpochMetrics> {
        let epoch = |event: &TrainingEvent| match event {
            TrainingEvent::EpochFinished(metrics) => Some(EpochMetrics {
                seconds: 0.0,
                ..metrics.clone()
            }),
            _ => None,
        };
        self.events.iter().filter_map(epoch).collect()
    }

    /// What the run said that its answers are computed in.
    pub fn precision(&self) -> Option<FrozenPrecision> {
        self.events.iter().find_map(|event| match event {
            TrainingEvent::Precision(precision) => Some(*precision),
            _ => None,
        })
    }

    pub fn notes(&self) -> Vec<String> {
        let text = |event: &'_ TrainingEvent| match event {
            TrainingEvent::Note(text) => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }

    /// But for what is said of the split, whose parts are small in tests.
    pub fn warnings(&self) -> Vec<String> {
        let text = |event: &'_ TrainingEvent| match event {
            TrainingEvent::Warning(text) if !text.starts_with("Validation has only ") => {
                Some(text.clone())
            }
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }
}

/// One training at a time: libtorch's generator belongs to the process.
pub fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs `request`, counting the pictures that enter the backbone.
pub struct Run<'a> {
    pub witness: Witness<'a>,
    pub result: Result<Outcome, TrainingError>,
    pub entered: usize,
}

pub fn run(request: &TrainingRequest) -> Run<'static> {
    run_with(request, Witness::default(), Arc::default(), 1 << 34)
}

pub fn run_with<'a>(
    request: &TrainingRequest,
    witness: Witness<'a>,
    entered: Arc<AtomicUsize>,
    memory_bytes: u64,
) -> Run<'a> {
    run_in(request, witness, entered, memory_bytes, None)
}

/// The same with features kept in `cache` for other runs.
pub fn run_in<'a>(
    request: &TrainingRequest,
    witness: Witness<'a>,
    entered: Arc<AtomicUsize>,
    memory_bytes: u64,
    cache: Option<&std::path::Path>,
) -> Run<'a> {
    run_limited(request, witness, entered, memory_bytes, cache, Limits::NONE)
}

/// Pictures at once beyond which the backbone says that there is no memory.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub learning: i64,
    pub inference: i64,
    /// What the process may take, as the forecast is told.
    pub memory: MemoryLimit,
    /// That the first pictures take, as a card's kernels do.
    pub pause: Duration,
}

impl Limits {
    pub const NONE: Self = Self {
        learning: i64::MAX,
        inference: i64::MAX,
        memory: MemoryLimit {
            bytes: 1 << 40,
            reason: Reason::Machine,
        },
        pause: Duration::ZERO,
    };

    fn check(most: i64, input: &Tensor) -> Result<(), ModelError> {
        if input.size()[0] <= most {
            return Ok(());
        }
        let text = "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: \
                    you tried to allocate 1 bytes. Error code 12 (Cannot allocate memory)";
        Err(tch::TchError::Torch(text.into()).into())
    }
}

pub fn run_limited<'a>(
    request: &TrainingRequest,
    mut witness: Witness<'a>,
    entered: Arc<AtomicUsize>,
    memory_bytes: u64,
    cache: Option<&std::path::Path>,
    limits: Limits,
) -> Run<'a> {
    let result = in_environment(&entered, memory_bytes, cache, limits, |environment| {
        train_with(request, &mut witness, environment)
    });
    Run {
        witness,
        result,
        entered: entered.load(Ordering::Relaxed),
    }
}

/// `work` with what a run takes from its surroundings, counting the pictures that enter the backbone.
pub fn in_environment<T>(
    entered: &Arc<AtomicUsize>,
    memory_bytes: u64,
    cache: Option<&std::path::Path>,
    limits: Limits,
    work: impl FnOnce(&Environment<'_>) -> T,
) -> T {
    let _alone = alone();
    let counter = entered.clone();
    let build = move |name: &str, seed, device| -> Result<Box<dyn Backbone>, ModelError> {
        let inner = build_backbone(name, seed, device)?;
        Ok(Box::new(Counting {
            inner,
            entered: counter.clone(),
            limits,
        }))
    };
    work(&Environment {
        build: &build,
        memory_bytes,
        limit: limits.memory,
        // Every epoch is saved, however long that takes.
        rest: 0,
        cache: cache.map(std::path::Path::to_path_buf),
        scratch: Ok(None),
        // Whether keeping pays is measured, and no test may depend on how quick a machine is.
        reading_bytes_per_second: f64::INFINITY,
    })
}

/// A backbone that counts the pictures that enter its first segment.
struct Counting {
    inner: Box<dyn Backbone>,
    entered: Arc<AtomicUsize>,
    limits: Limits,
}

impl Counting {
    fn count(&self, segment: usize, input: &Tensor) {
        if segment == 0 {
            self.entered
                .fetch_add(input.size()[0] as usize, Ordering::Relaxed);
        }
    }
}

impl Backbone for Counting {
    fn info(&self) -> &'static ArchitectureInfo {
        self.inner.info()
    }
    fn segments(&self) -> usize {
        self.inner.segments()
    }
    fn segment_leaves(&self, index: usize) -> Range<usize> {
        self.inner.segment_leaves(index)
    }
    fn forward_segment(
        &self,
        index: usize,
        input: &Tensor,
        pass: &Pass,
    ) -> Result<Tensor, ModelError> {
        self.count(index, input);
        // Late, so that half a network's work was in vain.
        if index + 2 == self.segments() {
            Limits::check(self.limits.learning, input)?;
        }
        self.inner.forward_segment(index, input, pass)
    }
    fn classify(&self, features: &Tensor, pass: &Pass) -> Result<Tensor, ModelError> {
        self.inner.classify(features, pass)
    }
    fn parameters(&self) -> &ParameterStore {
        self.inner.parameters()
    }
    fn parameters_mut(&mut self) -> &mut ParameterStore {
        self.inner.parameters_mut()
    }
    fn tree(&self, input_size: u32) -> Result<LayerTree, ModelError> {
        self.inner.tree(input_size)
    }
    fn features(&self) -> i64 {
        self.inner.features()
    }
    fn fold(&self, segments: Range<usize>) -> Result<FoldedWeights, ModelError> {
        self.inner.fold(segments)
    }
    fn forward_folded(
        &self,
        index: usize,
        input: &Tensor,
        folded: &FoldedWeights,
    ) -> Result<Tensor, ModelError> {
        if index == 0 && self.entered.load(Ordering::Relaxed) == 0 {
            std::thread::sleep(self.limits.pause);
        }
        self.count(index, input);
        if index + 2 == self.segments() {
            Limits::check(self.limits.inference, input)?;
        }
        self.inner.forward_folded(index, input, folded)
    }
}
