//! A network in smaller numbers than it was trained in.

use std::collections::HashMap;

use half::f16;

use super::graph::{Attribute, Constant, Data, DataType, Graph, Node};
use super::translate::refused;
use crate::export::ExportError;

/// Weights with fewer numbers stay as they are: their scales would take as much as is saved.
const LEAST_WEIGHTS: usize = 1024;

/// Weights and computation of the whole graph in half precision, from `input`, which stays in single precision, to `output`;
/// gives the name of the result in single precision.
///
/// # Errors
/// Naming a weight that half precision has no number for.
pub(super) fn to_half(graph: &mut Graph, input: &str, output: &str) -> Result<String, ExportError> {
    for (name, constant) in &mut graph.constants {
        let Some(values) = constant.floats() else {
            continue;
        };
        let halves: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
        if halves.iter().any(|value| !value.is_finite()) {
            return Err(refused(
                &format!("“{name}” in half precision"),
                "it has a value beyond 65,504; export the run in single precision",
            ));
        }
        constant.data = Data::Half(halves);
    }
    let begins = graph.fresh(&format!("{input}.half"));
    for name in graph.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
        if name == input {
            name.clone_from(&begins);
        }
    }
    let first = Node {
        operator: "Cast",
        inputs: vec![input.to_owned()],
        output: begins,
        attributes: vec![("to", Attribute::Int(DataType::Float16 as i64))],
    };
    graph.nodes.insert(0, first);
    Ok(graph.cast(output, DataType::Float))
}

/// Weights of convolutions and fully connected layers as 8-bit integers, `w ≈ scale q` with q from -127 to 127 and a scale for
/// each output channel, chosen so that its largest weight fits. What computes with them gets them back in single precision.
pub(super) fn to_int8_weights(graph: &mut Graph) {
    let mut done: HashMap<String, String> = HashMap::new();
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for mut node in std::mem::take(&mut graph.nodes) {
        let axis = match node.operator {
            "Conv" => 0,
            // Fully connected layers are written transposed.
            "MatMul" => 1,
            _ => {
                nodes.push(node);
                continue;
            }
        };
        let weight = node.inputs[1].clone();
        let constant = graph.constants.get(&weight);
        if let Some(name) = done.get(&weight) {
            node.inputs[1].clone_from(name);
        } else if let Some((whole, scales)) = constant.and_then(|weight| quantised(weight, axis)) {
            let whole = graph.constant(&format!("{weight}.int8"), whole);
            let scales = graph.constant(&format!("{weight}.scale"), scales);
            let name = graph.fresh(&format!("{weight}.restored"));
            nodes.push(Node {
                operator: "DequantizeLinear",
                inputs: vec![whole, scales],
                output: name.clone(),
                attributes: vec![("axis", Attribute::Int(axis as i64))],
            });
            node.inputs[1].clone_from(&name);
            done.insert(weight, name);
        }
        nodes.push(node);
    }
    graph.nodes = nodes;
}

/// Integers and scales of a weight whose output channels are `axis`.
fn quantised(weight: &Constant, axis: usize) -> Option<(Constant, Constant)> {
    let values = weight.floats()?;
    if values.len() < LEAST_WEIGHTS || weight.shape.len() <= axis {
        return None;
    }
    let channels = usize::try_from(weight.shape[axis]).ok()?.max(1);
    let inner: i64 = weight.shape[axis + 1..].iter().product();
    let inner = usize::try_from(inner).ok()?.max(1);
    let channel = |at: usize| at / inner % channels;
    let mut largest = vec![0f32; channels];
    for (at, value) in values.iter().enumerate() {
        let most = &mut largest[channel(at)];
        *most = most.max(value.abs());
    }
    let scales: Vec<f32> = largest
        .iter()
        .map(|&most| if most > 0.0 { most / 127.0 } else { 1.0 })
        .collect();
    let whole = values
        .iter()
        .enumerate()
        .map(|(at, value)| (value / scales[channel(at)]).round().clamp(-127.0, 127.0) as i8)
        .collect();
    Some((
        Constant::new(&weight.shape, Data::Int8(whole)),
        Constant::new(&[channels as i64], Data::Float(scales)),
    ))
}
