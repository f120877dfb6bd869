//! What a finished run's network looks at, and which pictures it finds alike.

use tch::{Device, Kind, Tensor, no_grad_guard};

use super::error::TrainingError;
use super::inference::Classifier;
use super::micro_batch::forward_batch;
use super::probabilities::rows_of;
use crate::data::Pixels;
use crate::data::square::to_square;
use crate::libtorch::numbers::WithNumber;
use crate::models::cam::Activations;

/// The class activation map of one picture.
#[derive(Clone, PartialEq)]
pub struct Explanation {
    /// The square that the network sees of the picture.
    pub square: Pixels,
    /// How much each of its pixels speaks for the class, 0 to 255, row by row; the strongest is 255. All
    /// 0 when nothing speaks for it.
    pub heat: Vec<u8>,
    /// The map before it was enlarged: values from 0 to 1, and its width.
    pub map: Vec<f32>,
    pub map_width: usize,
    pub class: u32,
    /// Of every class, as the square alone is seen.
    pub probabilities: Vec<f32>,
    pub method: Method,
}

impl std::fmt::Debug for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Explanation(class {}, {:?})", self.class, self.method)
    }
}

/// What a map was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Grad-CAM on the last convolutional stage.
    GradCam,
    /// Grad-CAM's weighting of the patch tokens that enter a transformer's last block.
    Tokens,
}

impl Method {
    /// For people: what it shows.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::GradCam => "Grad-CAM on the last convolutional stage",
            Self::Tokens => {
                "Grad-CAM on the patch tokens that enter the last block: a transformer has no convolutional stage"
            }
        }
    }
}

impl Classifier {
    /// Where in `picture` the network finds what speaks for `class`; for its own answer when absent.
    ///
    /// # Errors
    /// libtorch's own, an unknown class, and a network that has no map.
    pub fn explain(
        &self,
        picture: &Pixels,
        class: Option<u32>,
    ) -> Result<Explanation, TrainingError> {
        let square = to_square(picture, &self.spec);
        let side = self.spec.side;
        let input = self.normalizer.tensor(&square.rgb, 1, side)?;
        let (pooled, logits, probabilities) = {
            let _guard = no_grad_guard();
            let pooled = self.whole.advance(&self.network, &input)?;
            let logits = self.network.head.forward(&pooled, false)?;
            let rows = rows_of(&self.network.head.probabilities(&logits)?)?.pop();
            (pooled, logits, rows.unwrap_or_default())
        };
        let class = match class {
            Some(class) => class,
            None => self
                .network
                .predicted(&logits)?
                .first()
                .copied()
                .unwrap_or(0),
        };
        if class as usize >= self.classes().len() {
            return Err(TrainingError::Experiment(format!(
                "there is no class number {class}; the run knows {}",
                self.classes().join(", ")
            )));
        }
        let activations = self.network.activations(&input)?;
        let method = match activations {
            Activations::Grid(_) => Method::GradCam,
            Activations::Tokens { .. } => Method::Tokens,
        };
        let map = self.network.class_map(&activations, &pooled, class)?;
        let _guard = no_grad_guard();
        let scaled = scaled(&map)?;
        // Patches of a transformer reach beyond a side that is no multiple of theirs.
        let covered = match method {
            Method::GradCam => i64::from(side),
            Method::Tokens => map.size()[2] * PATCH,
        };
        let large = scaled
            .f_unsqueeze(0)?
            .f_upsample_bilinear2d([covered, covered], false, None, None)?
            .f_narrow(2, 0, i64::from(side))?
            .f_narrow(3, 0, i64::from(side))?
            .f_mul_number(255.0)?
            .f_round()?
            .f_clamp_numbers(0.0, 255.0)?;
        Ok(Explanation {
            square,
            heat: numbers(&large)?
                .into_iter()
                .map(|value| value as u8)
                .collect(),
            map: numbers(&scaled)?,
            map_width: map.size()[2] as usize,
            class,
            probabilities: probabilities
                .into_iter()
                .map(|value| value as f32)
                .collect(),
            method,
        })
    }

    /// The pooled features of pictures of any size, a row each.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn features(&self, pictures: &[Pixels]) -> Result<Vec<Vec<f32>>, TrainingError> {
        let _guard = no_grad_guard();
        let mut rows = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(forward_batch(self.network.device)) {
            let mut rgb = Vec::new();
            for picture in batch {
                rgb.extend(to_square(picture, &self.spec).rgb);
            }
            let input = self.normalizer.tensor(&rgb, batch.len(), self.spec.side)?;
            let pooled = self.whole.advance(&self.network, &input)?;
            for row in rows_of(&pooled)? {
                rows.push(row.into_iter().map(|value| value as f32).collect());
            }
        }
        Ok(rows)
    }
}

/// The side of a vision transformer's patches, in pixels.
const PATCH: i64 = 16;

/// The largest value becomes 1; a map of zeros stays one.
fn scaled(map: &Tensor) -> Result<Tensor, TrainingError> {
    let map = map.f_to(Device::Cpu)?.f_to_kind(Kind::Float)?;
    let largest = map.f_max()?.f_double_value(&[])?;
    Ok(if largest > 0.0 {
        map.f_div_number(largest)?
    } else {
        map
    })
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>, TrainingError> {
    let flat = tensor
        .f_to(Device::Cpu)?
        .f_to_kind(Kind::Float)?
        .f_contiguous()?
        .f_reshape([-1i64])?;
    Ok(Vec::try_from(flat)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, OutputLayer, WeightsSource};
    use crate::training::Use;
    use crate::training::network::{Network, build_backbone};

    /// A run of `backbone` that was never trained, as its weights' file.
    fn classifier(
        backbone: &str,
        output: OutputLayer,
        size: u32,
    ) -> (Classifier, tempfile::TempDir) {
        with_stages(backbone, output, size, 1)
    }

    /// The same with a head over so many stages.
    fn with_stages(
        backbone: &str,
        output: OutputLayer,
        size: u32,
        stages: u32,
    ) -> (Classifier, tempfile::TempDir) {
        let mut experiment = Experiment::default();
        experiment.backbone.name = backbone.into();
        experiment.backbone.weights = WeightsSource::Random;
        experiment.backbone.input_size = Some(size);
        experiment.head.output = output;
        experiment.head.stages = stages;
        let network = Network::new(&experiment, 2, Device::Cpu, &build_backbone).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.safetensors");
        Tensor::write_safetensors(&network.weights().unwrap(), &file).unwrap();
        let classes = ["cat".to_owned(), "dog".to_owned()];
        let classifier =
            Classifier::open(&experiment, &classes, &file, Device::Cpu, Use::default()).unwrap();
        (classifier, folder)
    }

    fn picture() -> Pixels {
        let rgb = (0..90 * 70 * 3).map(|at| (at * 7 % 251) as u8).collect();
        Pixels {
            width: 90,
            height: 70,
            rgb,
        }
    }

    #[test]
    fn a_map_covers_the_square_and_the_answer_is_that_of_predict() {
        let vit = "vit_tiny_patch16_224";
        for (backbone, size, width, stages) in [
            ("resnet18", 64, 2, 1),
            (vit, 60, 4, 1),
            ("resnet18", 64, 2, 3),
            (vit, 60, 4, 2),
        ] {
            let softmax = OutputLayer::Softmax;
            let (classifier, _folder) = with_stages(backbone, softmax, size, stages);
            let found = classifier.explain(&picture(), None).unwrap();
            assert_eq!((found.square.width, found.square.height), (size, size));
            assert_eq!(found.heat.len(), (size * size) as usize);
            assert_eq!((found.map.len(), found.map_width), (width * width, width));
            let expected = &classifier.predict(&[picture()]).unwrap()[0];
            for (found, expected) in found.probabilities.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-5);
            }
            let best = usize::from(expected[1] > expected[0]);
            assert_eq!(found.class as usize, best);
            let other = classifier
                .explain(&picture(), Some(1 - best as u32))
                .unwrap();
            assert_ne!(other.map, found.map);
            for map in [&found.map, &other.map] {
                let largest = map.iter().copied().fold(0.0, f32::max);
                assert!(largest == 1.0 || largest == 0.0, "{largest}");
            }
            assert!(classifier.explain(&picture(), Some(2)).is_err());
        }
    }

    #[test]
    fn both_classes_of_a_sigmoid_have_their_map() {
        let (classifier, _folder) = classifier("resnet18", OutputLayer::Sigmoid, 64);
        let maps = [0, 1].map(|class| classifier.explain(&picture(), Some(class)).unwrap().map);
        assert_ne!(maps[0], maps[1]);
    }

    #[test]
    fn features_are_one_row_a_picture() {
        let (classifier, _folder) = classifier("resnet18", OutputLayer::Softmax, 64);
        let rows = classifier.features(&vec![picture(); 3]).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].len(), 512);
        assert!(
            rows[0]
                .iter()
                .zip(&rows[2])
                .all(|(a, b)| (a - b).abs() < 1e-4)
        );
    }
}
