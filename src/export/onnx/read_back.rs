//! A written file, read back and computed by tract: another reader than the one that wrote it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost::Message;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use tract_onnx::prelude::{
    Datum, Framework, InferenceFact, InferenceModelExt, IntoRunnable, Tensor, TractResult,
    TypedRunnableModel, tvec,
};

use super::half::compute_in_single_precision;
use super::preprocessing::SQUARES;
use super::{IMAGES, NORMALISED};
use crate::data::Pixels;
use crate::export::ExportError;

/// The file in two parts, which meet at the normalised squares: pictures come in many sizes, and tract prepares a graph for one.
pub(super) struct ReadBack {
    /// `None` where the file takes squares.
    preprocessing: Option<ModelProto>,
    network: Plan,
    side: usize,
    /// By width and height.
    prepared: HashMap<(u32, u32), Plan>,
}

/// A picture as the file sees it.
pub(super) struct Seen {
    /// What the network gets, `[3, side, side]`.
    pub normalised: Vec<f32>,
    /// Whole levels, `[3, side, side]`.
    pub squares: Vec<f32>,
}

type Plan = Arc<TypedRunnableModel>;

/// Sizes of pictures whose preparation is kept.
const SIZES_KEPT: usize = 8;

impl ReadBack {
    /// `bytes`: of the whole file. `side`: of its squares.
    ///
    /// # Errors
    /// Saying what tract says.
    pub fn new(bytes: &[u8], side: u32) -> Result<Self, ExportError> {
        let model = ModelProto::decode(bytes).map_err(unreadable)?;
        let (preprocessing, mut network) = divided(model)?;
        if let Some(graph) = &mut network.graph {
            compute_in_single_precision(graph);
        }
        let side = side as usize;
        let network = plan::<f32>(&network, &[1, 3, side, side]).map_err(unreadable)?;
        Ok(Self {
            preprocessing,
            network,
            side,
            prepared: HashMap::new(),
        })
    }

    /// What the file's own preprocessing makes of a picture; `None` where it has none.
    ///
    /// # Errors
    /// Saying what tract says.
    pub fn see(&mut self, picture: &Pixels) -> Result<Option<Seen>, ExportError> {
        let Some(model) = &self.preprocessing else {
            return Ok(None);
        };
        let size = (picture.width, picture.height);
        let shape = [1, size.1 as usize, size.0 as usize, 3];
        if !self.prepared.contains_key(&size) {
            if self.prepared.len() >= SIZES_KEPT {
                self.prepared.clear();
            }
            let made = plan::<u8>(model, &shape).map_err(unreadable)?;
            self.prepared.insert(size, made);
        }
        let made = run(&self.prepared[&size], &shape, &picture.rgb)?;
        match made.as_slice() {
            [normalised, squares] => Ok(Some(Seen {
                normalised: normalised.clone(),
                squares: squares.clone(),
            })),
            _ => Err(unreadable(
                "the preprocessing gives something else than squares",
            )),
        }
    }

    /// The probabilities of one normalised square, `[3, side, side]`.
    ///
    /// # Errors
    /// Saying what tract says.
    pub fn answer(&self, normalised: &[f32]) -> Result<Vec<f32>, ExportError> {
        probabilities(&self.network, &[1, 3, self.side, self.side], normalised)
    }
}

/// The whole file on pictures of one size, `[N, height, width, 3]`, or on normalised squares, `[N, 3, side, side]`, in one go;
/// `[N, classes]`, row by row.
///
/// # Errors
/// Saying what tract says.
#[cfg(test)]
pub(super) fn run_whole<T: Datum + Copy>(
    bytes: &[u8],
    shape: &[usize],
    values: &[T],
) -> Result<Vec<f32>, ExportError> {
    let model = ModelProto::decode(bytes).map_err(unreadable)?;
    let plan = plan::<T>(&model, shape).map_err(unreadable)?;
    probabilities(&plan, shape, values)
}

fn unreadable(reason: impl std::fmt::Display) -> ExportError {
    ExportError::Refused(format!(
        "the ONNX file can't be read back, so nothing was written ({reason:#})"
    ))
}

/// Makes `model` ready for an input of this shape.
fn plan<T: Datum>(model: &ModelProto, shape: &[usize]) -> TractResult<Plan> {
    let fact = InferenceFact::dt_shape(T::datum_type(), shape);
    tract_onnx::onnx()
        .model_for_proto_model(model)?
        .with_input_fact(0, fact)?
        .into_optimized()?
        .into_runnable()
}

/// What a plan that ends with probabilities gives.
fn probabilities<T: Datum + Copy>(
    plan: &Plan,
    shape: &[usize],
    values: &[T],
) -> Result<Vec<f32>, ExportError> {
    let mut made = run(plan, shape, values)?;
    made.pop()
        .ok_or_else(|| unreadable("the network gives nothing"))
}

/// All results of a plan on `values`, row by row.
fn run<T: Datum + Copy>(
    plan: &Plan,
    shape: &[usize],
    values: &[T],
) -> Result<Vec<Vec<f32>>, ExportError> {
    let input = Tensor::from_shape(shape, values).map_err(unreadable)?;
    let made = plan.run(tvec!(input.into())).map_err(unreadable)?;
    let floats = |value: &Tensor| -> Result<Vec<f32>, ExportError> {
        let view = value.to_plain_array_view::<f32>().map_err(unreadable)?;
        Ok(view.iter().copied().collect())
    };
    made.iter().map(|value| floats(value)).collect()
}

/// The operators up to the normalised squares, and those after them; the first is `None` where the file begins with squares.
fn divided(mut model: ModelProto) -> Result<(Option<ModelProto>, ModelProto), ExportError> {
    let graph = model.graph.take().unwrap_or_default();
    let is_of_pictures = graph.input.iter().any(|input| input.name == IMAGES);
    if !is_of_pictures {
        model.graph = Some(graph);
        return Ok((None, model));
    }
    let makes = |name: &str| {
        let mut nodes = graph.node.iter();
        nodes.position(|node| node.output.iter().any(|output| output == name))
    };
    let end = makes(NORMALISED).ok_or_else(|| unreadable("it has no normalised squares"))?;
    let mut first = graph.node;
    let last = first.split_off(end + 1);
    let read = |nodes: &[NodeProto]| -> HashSet<String> {
        let inputs = nodes.iter().flat_map(|node| &node.input);
        inputs.cloned().collect()
    };
    let (read_first, read_last) = (read(&first), read(&last));
    let mut initializers = graph.initializer;
    // The network's weights are many, and are not copied.
    let used: Vec<TensorProto> = initializers
        .iter()
        .filter(|tensor| read_first.contains(&tensor.name))
        .cloned()
        .collect();
    initializers.retain(|tensor| read_last.contains(&tensor.name));
    let part = |node, initializer, input, output| GraphProto {
        node,
        name: "part".into(),
        initializer,
        input,
        output,
        ..GraphProto::default()
    };
    let untyped = |name: &str| ValueInfoProto {
        name: name.into(),
        ..ValueInfoProto::default()
    };
    let mut square = graph.output.first().cloned().unwrap_or_default();
    square.name = NORMALISED.into();
    // Its shape is given when it is planned.
    if let Some(tract_onnx::pb::type_proto::Value::TensorType(tensor)) =
        square.r#type.as_mut().and_then(|kind| kind.value.as_mut())
    {
        tensor.shape = None;
    }
    let outputs = vec![untyped(NORMALISED), untyped(SQUARES)];
    let preprocessing = part(first, used, graph.input, outputs);
    let network = part(last, initializers, vec![square], graph.output);
    let with = |graph| ModelProto {
        graph: Some(graph),
        ..model.clone()
    };
    Ok((Some(with(preprocessing)), with(network)))
}
