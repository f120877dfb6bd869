//! The tensors of a run under torchvision's or timm's names, as they are written for other programs.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use tch::{Device, Kind, Tensor};

use super::ExportError;
use super::described::Described;
use super::names::TimmNames;
use crate::analysis::evaluate::open_classifier;
use crate::models::{self, ModelError, tree::LayerTree};
use crate::runs::files;
use crate::sorted_metadata;
use crate::training::TrainingError;

/// Every tensor of backbone and head, buffers included, under the names of the library that has the backbone.
pub(super) struct Weights {
    pub tree: LayerTree,
    /// Name, kind, shape, numbers of the lowest byte first.
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
}

impl Weights {
    /// Reads those that the run kept, after they were found to fit its network.
    ///
    /// # Errors
    /// When the run kept none, or they do not fit.
    pub fn read(described: &Described) -> Result<Self, ExportError> {
        let folder = &described.run.folder;
        // Whatever is missing, too much or of another shape is told there.
        drop(open_classifier(folder, Device::Cpu)?);
        let path = folder.join(files::WEIGHTS);
        let bytes = files::read(&path)?;
        let broken = |error| files::problem(&path, format!("can't be read ({error})"));
        let file = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let side = described.square.side;
        let name = &described.experiment.backbone.name;
        let tree = models::outline(name, side).map_err(TrainingError::from)?;
        let timm = TimmNames::new(&tree);
        let mut tensors = Vec::new();
        for (name, view) in file.tensors() {
            let renamed = timm
                .as_ref()
                .map_or_else(|| name.clone(), |names| names.of(&name));
            let (shape, data) = match is_position_embedding(&name) {
                true => positions(&view, &described.experiment.backbone.name, side)?,
                false => (view.shape().to_vec(), view.data().to_vec()),
            };
            tensors.push((renamed, view.dtype(), shape, data));
        }
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self { tree, tensors })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.iter().map(|(name, ..)| name.as_str())
    }

    /// Numbers that are learned or counted, all of them.
    pub fn numbers(&self) -> usize {
        let counts = self
            .tensors
            .iter()
            .map(|(_, _, shape, _)| shape.iter().product::<usize>());
        counts.sum()
    }

    /// As a safetensors file with these pairs of texts, read back and found to be the same.
    ///
    /// # Errors
    /// When it is not the same.
    pub fn to_safetensors(
        &self,
        mut metadata: BTreeMap<String, String>,
    ) -> Result<Vec<u8>, ExportError> {
        // What other programs look for to know whose conventions the names follow.
        metadata.insert("format".to_owned(), "pt".to_owned());
        let refused =
            |error| ExportError::Refused(format!("the weights can't be written ({error})"));
        let mut views = Vec::with_capacity(self.tensors.len());
        for (name, dtype, shape, data) in &self.tensors {
            let view = TensorView::new(*dtype, shape.clone(), data).map_err(refused)?;
            views.push((name.as_str(), view));
        }
        let bytes = sorted_metadata::serialize(views, metadata).map_err(refused)?;
        let back = SafeTensors::deserialize(&bytes).map_err(refused)?;
        let is_same = self.tensors.iter().all(|(name, dtype, shape, data)| {
            back.tensor(name).is_ok_and(|view| {
                (view.dtype(), view.shape(), view.data()) == (*dtype, shape.as_slice(), data)
            })
        });
        match is_same && back.len() == self.tensors.len() {
            true => Ok(bytes),
            false => Err(ExportError::Refused(
                "the file, read back, does not hold the run's weights: report this as a mistake of Graft".to_owned(),
            )),
        }
    }
}

/// Vision transformers learn one for a picture size, and other libraries want that of theirs.
fn is_position_embedding(name: &str) -> bool {
    name == "pos_embed" || name == "encoder.pos_embedding"
}

/// The position embedding as the network sees it at its own size, so that others need not bring it there.
fn positions(
    view: &TensorView<'_>,
    backbone: &str,
    side: u32,
) -> Result<(Vec<usize>, Vec<u8>), ExportError> {
    let shape: Vec<i64> = view.shape().iter().map(|&side| side as i64).collect();
    let brought = || -> Result<Tensor, ModelError> {
        let stored = Tensor::f_from_data_size(view.data(), &shape, Kind::Float)?;
        models::position_embedding(backbone, &stored, side)
    };
    let brought = brought().map_err(TrainingError::from)?;
    let shape = brought.size().iter().map(|&side| side as usize).collect();
    let mut data = vec![0; brought.numel() * 4];
    let torch = |error: tch::TchError| TrainingError::from(ModelError::from(error));
    let contiguous = brought.f_contiguous().map_err(torch)?;
    contiguous
        .f_copy_data_u8(&mut data, brought.numel())
        .map_err(torch)?;
    Ok((shape, data))
}
