//! Untouched pre-trained networks, used: their own 1000 classes, and the features that heads learn from.

use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use super::answering::{for_each_batch, square_alone};
use super::cores::use_all_cores;
use super::error::TrainingError;
use super::micro_batch::CPU_FORWARD_BATCH;
use super::pictures::Normalizer;
use super::preprocessing::square_spec;
use super::probabilities::rows_of;
use crate::data::square::{SquareSpec, to_square};
use crate::data::{DataError, PictureSource, Pixels, StopFlag};
use crate::experiment::{Experiment, Fit, Preprocessing, WeightsSource};
use crate::models::fold::FrozenPrefix;
use crate::models::layers::Pass;
use crate::models::weights::{self, LoadReport};
use crate::models::{self, ArchitectureInfo, Backbone, WeightsInfo, catalogue};

/// The features of a picture, or why it can't be read.
pub type Embedded = Result<Vec<f32>, DataError>;

/// A backbone with published or a person's own weights, and the preprocessing that belongs to them.
pub struct PretrainedNetwork {
    backbone: Box<dyn Backbone>,
    whole: FrozenPrefix,
    spec: SquareSpec,
    normalizer: Normalizer,
    preprocessing: WeightsInfo,
    report: LoadReport,
}

/// One of the classes that a pre-trained network finds most probable.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RankedClass {
    /// ImageNet's index, 0 to 999.
    pub index: usize,
    pub class: String,
    pub probability: f64,
}

impl PretrainedNetwork {
    /// Backbone `name` with the weights of `source`, which stand on this machine.
    ///
    /// # Errors
    /// When the weights are missing or do not fit, or `source` is random.
    pub fn open(
        name: &str,
        source: &WeightsSource,
        base: Option<&Path>,
        device: Device,
    ) -> Result<Self, TrainingError> {
        // Before a network is built for nothing.
        let file = weights::locate(source, name, base)?.ok_or_else(|| {
            TrainingError::Experiment(
                "random weights recognise nothing: choose a weights file".into(),
            )
        })?;
        use_all_cores();
        let mut backbone = models::build_blank(name, device)?;
        let mut report = weights::load_part(backbone.as_mut(), &file, source.key())?;
        let mut experiment = Experiment::default();
        experiment.backbone.name = name.into();
        experiment.backbone.weights = source.clone();
        weights::settle(&mut experiment.backbone, base);
        let preprocessing = weights::preprocessing(backbone.info(), &experiment.backbone)?;
        if experiment.backbone.preprocessing != Preprocessing::Auto {
            let line = weights::preprocessing_line(&experiment.backbone, &preprocessing);
            report.remarks.push(line);
        }
        experiment.data.fit = Fit::CenterCrop;
        let spec = square_spec(&experiment, &preprocessing, preprocessing.input_size);
        let normalizer = Normalizer::new(&preprocessing, device)?;
        let whole = FrozenPrefix::new(backbone.as_ref(), 0..backbone.segments())?;
        Ok(Self {
            backbone,
            whole,
            spec,
            normalizer,
            preprocessing,
            report,
        })
    }

    /// Whose resize, crop, mean and deviation the pictures get.
    pub fn preprocessing(&self) -> &WeightsInfo {
        &self.preprocessing
    }

    /// What loading the weights did.
    pub fn report(&self) -> &LoadReport {
        &self.report
    }

    /// The `top` most probable of ImageNet's classes for every picture, the most probable first.
    ///
    /// # Errors
    /// When the network has no classifier, or the weights came without the 1000-class one; the text says why.
    pub fn classify(
        &self,
        pictures: &[Pixels],
        top: usize,
    ) -> Result<Vec<Vec<RankedClass>>, TrainingError> {
        if let Some(reason) = why_no_classes(self.backbone.info()) {
            return Err(TrainingError::Experiment(reason));
        }
        if let Some(reason) = self.report.why_no_classes() {
            return Err(TrainingError::Experiment(reason));
        }
        let _guard = tch::no_grad_guard();
        let mut ranked = Vec::new();
        for batch in pictures.chunks(CPU_FORWARD_BATCH) {
            let grid = self.forward(batch)?;
            let logits = self.backbone.classify(&grid, &Pass::inference())?;
            let probabilities = logits.f_softmax(-1, Kind::Double)?;
            for row in rows_of(&probabilities)? {
                ranked.push(rank(&row, top));
            }
        }
        Ok(ranked)
    }

    /// Length of a picture's feature vector.
    pub fn features(&self) -> usize {
        usize::try_from(self.backbone.features()).unwrap_or(0)
    }

    /// The features of each of `pictures`, averaged over the grid: what a head without layers learns from. They are handed to
    /// `deliver` batch by batch and in order, with the pictures' positions, until it breaks off. Pictures are decoded beside
    /// the network, and none is kept.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`] within one batch of the stop flag; libtorch's own.
    pub fn embed_each(
        &self,
        pictures: &[PictureSource],
        stop: &StopFlag,
        deliver: &mut dyn FnMut(Range<usize>, Vec<Embedded>) -> ControlFlow<()>,
    ) -> Result<(), TrainingError> {
        let spec = &self.spec;
        let read = |position: usize| square_alone(&pictures[position], spec);
        let embed = |squares: &[Pixels]| self.embed_squares(squares);
        let count = pictures.len();
        for_each_batch(count, CPU_FORWARD_BATCH, &read, stop, embed, deliver)
    }

    fn embed_squares(&self, squares: &[Pixels]) -> Result<Vec<Vec<f32>>, TrainingError> {
        let _guard = tch::no_grad_guard();
        let grid = self.forward_squares(squares)?;
        let flat = models::mean_over_places(&grid)?
            .f_to(Device::Cpu)?
            .f_to_kind(Kind::Float)?
            .f_contiguous()?
            .f_view([-1])?;
        let flat: Vec<f32> = Vec::try_from(&flat)?;
        let rows = flat.chunks(self.features().max(1));
        Ok(rows.map(<[f32]>::to_vec).collect())
    }

    /// Pictures of any size to the last segment's output.
    fn forward(&self, pictures: &[Pixels]) -> Result<Tensor, TrainingError> {
        let squares: Vec<Pixels> = pictures
            .iter()
            .map(|picture| to_square(picture, &self.spec))
            .collect();
        self.forward_squares(&squares)
    }

    fn forward_squares(&self, squares: &[Pixels]) -> Result<Tensor, TrainingError> {
        let mut rgb = Vec::new();
        for square in squares {
            rgb.extend_from_slice(&square.rgb);
        }
        let input = self
            .normalizer
            .tensor(&rgb, squares.len(), self.spec.side)?;
        Ok(self.whole.forward(self.backbone.as_ref(), &input)?)
    }
}

/// Why the network `info` names no classes, whatever its weights, if it is one that has no classifier.
pub fn why_no_classes(info: &ArchitectureInfo) -> Option<String> {
    (!info.has_classifier()).then(|| models::no_classifier(info.title))
}

/// The `top` largest of `probabilities`, the largest first, of equals the first.
fn rank(probabilities: &[f64], top: usize) -> Vec<RankedClass> {
    let names = catalogue::imagenet_classes();
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    order
        .into_iter()
        .take(top)
        .map(|index| RankedClass {
            index,
            class: names
                .get(index)
                .map_or_else(|| format!("class {index}"), ToString::to_string),
            probability: probabilities[index],
        })
        .collect()
}

/// The weight file that a person gave, where it is there.
pub fn own_weight_file(experiment: &Experiment, base: Option<&Path>) -> Option<PathBuf> {
    let backbone = &experiment.backbone;
    if matches!(
        backbone.weights,
        WeightsSource::Random | WeightsSource::Pretrained | WeightsSource::Named(_)
    ) {
        return None;
    }
    weights::locate(&backbone.weights, &backbone.name, base).ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ranked_with_the_most_probable_first() {
        let order = |probabilities: &[f64], top| -> Vec<usize> {
            rank(probabilities, top)
                .iter()
                .map(|class| class.index)
                .collect()
        };
        assert_eq!(order(&[0.1, 0.4, 0.1, 0.4], 3), [1, 3, 0]);
        assert_eq!(order(&[1.0], 5), [0]);
    }
}
