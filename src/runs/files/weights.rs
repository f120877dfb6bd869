//! `weights.safetensors`.

use std::io::{self, Write};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

use super::WEIGHTS;
use crate::training::TrainingError;

/// Of a tensor, what stands in memory on its way to the file.
const PIECE_BYTES: usize = 16 << 20;
/// Tensors begin at a multiple of this, by the format.
const ALIGNMENT: usize = 8;

/// What was written.
#[derive(Debug)]
pub struct WrittenWeights {
    /// SHA-256 of the file, in lower-case hexadecimal, whether all of it came there or not.
    pub sha256: String,
    /// What kept the file from being written.
    pub written: io::Result<()>,
}

/// Writes `weights.safetensors` to `out`: named tensors of kind float or int64, on the CPU or not, some megabytes of them in
/// memory at a time.
///
/// # Errors
/// When a tensor is of another kind, or libtorch refuses to copy one.
pub fn write_weights(
    tensors: &[(String, Tensor)],
    out: &mut dyn Write,
) -> Result<WrittenWeights, TrainingError> {
    let mut out = Hashed {
        hash: Sha256::new(),
        out,
        written: Ok(()),
    };
    let mut ordered = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let dtype = match tensor.f_kind()? {
            Kind::Float => Dtype::F32,
            Kind::Int64 => Dtype::I64,
            other => {
                let reason = format!("{name} is of kind {other:?}, which {WEIGHTS} does not hold");
                return Err(TrainingError::Listener(reason));
            }
        };
        ordered.push((name, tensor, dtype));
    }
    // As the safetensors crate orders them: what needs the widest alignment first.
    ordered.sort_by(|(name, _, dtype), (other, _, wider)| wider.cmp(dtype).then(name.cmp(other)));
    let mut end = 0;
    let infos = ordered.iter().map(|(name, tensor, dtype)| {
        let begin = end;
        end += tensor.numel() * (dtype.bitsize() / 8);
        let info = TensorInfo {
            dtype: *dtype,
            shape: tensor.size().iter().map(|&side| side as usize).collect(),
            data_offsets: (begin, end),
        };
        ((*name).clone(), info)
    });
    let failed = |error: String| TrainingError::Listener(format!("{WEIGHTS}: {error}"));
    let metadata =
        Metadata::new(None, infos.collect()).map_err(|error| failed(error.to_string()))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| failed(error.to_string()))?;
    header.resize(header.len().next_multiple_of(ALIGNMENT), b' ');
    out.put(&(header.len() as u64).to_le_bytes());
    out.put(&header);
    for (_, tensor, dtype) in ordered {
        put_tensor(tensor, dtype.bitsize() / 8, &mut out)?;
    }
    Ok(WrittenWeights {
        sha256: hex::encode(out.hash.finalize()),
        written: out.written,
    })
}

/// Row by row, whatever the strides are, each number in `width` bytes.
fn put_tensor(tensor: &Tensor, width: usize, out: &mut Hashed<'_>) -> Result<(), TrainingError> {
    let _guard = tch::no_grad_guard();
    let flat = tensor
        .f_detach()?
        .f_to_device(Device::Cpu)?
        .f_contiguous()?
        .f_view([-1i64])?;
    let numbers = flat.numel();
    let most = PIECE_BYTES / width;
    let mut bytes = vec![0; numbers.min(most) * width];
    for begin in (0..numbers).step_by(most) {
        let count = most.min(numbers - begin);
        let bytes = &mut bytes[..count * width];
        flat.f_narrow(0, begin as i64, count as i64)?
            .f_copy_data_u8(bytes, count)?;
        out.put(bytes);
    }
    Ok(())
}

/// Takes bytes to a file, and their hash also where the file can't be written.
struct Hashed<'a> {
    hash: Sha256,
    out: &'a mut dyn Write,
    written: io::Result<()>,
}

impl Hashed<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        if self.written.is_ok() {
            self.written = self.out.write_all(bytes);
        }
    }
}
