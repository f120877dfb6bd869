//! `weights.safetensors`.

use safetensors::tensor::{Dtype, TensorView};
use tch::{Device, Kind, Tensor};

use super::WEIGHTS;
use crate::training::TrainingError;

/// `weights.safetensors`: named tensors of kind float or int64, on the CPU or not.
///
/// # Errors
/// When libtorch refuses to copy a tensor.
pub fn weights(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, TrainingError> {
    let mut buffers = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let tensor = tensor
            .f_detach()?
            .f_to_device(Device::Cpu)?
            .f_contiguous()?;
        let kind = tensor.f_kind()?;
        let dtype = match kind {
            Kind::Float => Dtype::F32,
            Kind::Int64 => Dtype::I64,
            other => {
                let reason = format!("{name} is of kind {other:?}, which {WEIGHTS} does not hold");
                return Err(TrainingError::Listener(reason));
            }
        };
        let shape: Vec<usize> = tensor.size().iter().map(|&side| side as usize).collect();
        let mut bytes = vec![0; tensor.numel() * dtype.bitsize() / 8];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        buffers.push((name.as_str(), dtype, shape, bytes));
    }
    let mut views = Vec::with_capacity(buffers.len());
    for (name, dtype, shape, bytes) in &buffers {
        let view = TensorView::new(*dtype, shape.clone(), bytes)
            .map_err(|error| TrainingError::Listener(format!("{name}: {error}")))?;
        views.push((*name, view));
    }
    safetensors::serialize(views, None)
        .map_err(|error| TrainingError::Listener(format!("{WEIGHTS}: {error}")))
}
