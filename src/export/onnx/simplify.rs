//! The same network with fewer operators.

use std::collections::HashMap;

use super::graph::{Attribute, Constant, Data, Graph, Node};

/// Writes zeros beside a picture into the convolution after them, and turns no axes only to sum over them.
pub(super) fn simplify(graph: &mut Graph, output: &str) {
    let uses = graph.uses(&[output]);
    let makers = makers(graph);
    for at in 0..graph.nodes.len() {
        let Some(before) = graph.nodes[at]
            .inputs
            .first()
            .and_then(|input| makers.get(input))
            .map(|&index| graph.nodes[index].clone())
            .filter(|before| uses.get(&before.output) == Some(&1))
        else {
            continue;
        };
        let changed = match (before.operator, graph.nodes[at].operator) {
            ("Pad", "Conv") => padded(graph, &before, &graph.nodes[at]),
            ("Transpose", "ReduceMean" | "ReduceMax" | "ReduceSum") => reduced(graph, &before, at),
            _ => None,
        };
        if let Some(changed) = changed {
            graph.nodes[at] = changed;
        }
    }
    graph.prune(&[output]);
}

/// The index of the operator that makes each value.
fn makers(graph: &Graph) -> HashMap<String, usize> {
    let nodes = graph.nodes.iter().enumerate();
    nodes
        .map(|(index, node)| (node.output.clone(), index))
        .collect()
}

fn listed<'a>(graph: &'a Graph, name: &str) -> Option<&'a [i64]> {
    match &graph.constants.get(name)?.data {
        Data::Int64(values) => Some(values),
        _ => None,
    }
}

/// The convolution with the zeros of `pad`.
fn padded(graph: &Graph, pad: &Node, convolution: &Node) -> Option<Node> {
    let [input, sides] = pad.inputs.as_slice() else {
        return None;
    };
    // Of a picture: N, C, H, W, before and after.
    let [0, 0, top, left, 0, 0, bottom, right] = *listed(graph, sides)? else {
        return None;
    };
    let own = convolution.ints("pads")?;
    let pads = own.iter().zip([top, left, bottom, right]);
    let pads: Vec<i64> = pads.map(|(own, more)| own + more).collect();
    let mut merged = convolution.clone();
    merged.inputs[0].clone_from(input);
    merged.set("pads", Attribute::Ints(pads));
    Some(merged)
}

/// The reduction at `at` over the axes as they were before `turn`, where those that are left keep their order.
fn reduced(graph: &mut Graph, turn: &Node, at: usize) -> Option<Node> {
    let node = graph.nodes[at].clone();
    let axes_before = turn.ints("perm")?;
    let axes = listed(graph, node.inputs.get(1)?)?;
    let keeps = node.attributes.contains(&("keepdims", Attribute::Int(1)));
    let left = (0i64..).zip(axes_before);
    let left = left.filter(|(axis, _)| !axes.contains(axis));
    if keeps || !left.map(|(_, before)| before).is_sorted() {
        return None;
    }
    let mut axes = axes
        .iter()
        .map(|&axis| axes_before.get(usize::try_from(axis).ok()?).copied())
        .collect::<Option<Vec<i64>>>()?;
    axes.sort_unstable();
    let mut merged = node;
    merged.inputs = vec![turn.inputs.first()?.clone(), graph.ints(&axes)];
    Some(merged)
}

/// Writes every normalisation that follows a convolution, where nothing else does, into its weights.
pub(super) fn fold_norms(graph: &mut Graph, output: &str) {
    let uses = graph.uses(&[output]);
    let makers = makers(graph);
    // What is read in place of a normalisation's result.
    let mut instead: HashMap<String, String> = HashMap::new();
    for at in 0..graph.nodes.len() {
        let norm = graph.nodes[at].clone();
        if norm.operator != "BatchNormalization" {
            continue;
        }
        let Some(&layer) = norm.inputs.first().and_then(|input| makers.get(input)) else {
            continue;
        };
        let is_alone = uses.get(&graph.nodes[layer].output) == Some(&1);
        if !is_alone || graph.nodes[layer].operator != "Conv" {
            continue;
        }
        let Some((weight, bias)) = folded(graph, &graph.nodes[layer], &norm) else {
            continue;
        };
        let name = graph.nodes[layer].inputs[1].clone();
        let weight = graph.constant(&format!("{name}.folded"), weight);
        let stem = name.strip_suffix(".weight").unwrap_or(&name);
        let bias = graph.constant(&format!("{stem}.bias.folded"), bias);
        let node = &mut graph.nodes[layer];
        node.inputs.truncate(1);
        node.inputs.extend([weight, bias]);
        instead.insert(norm.output, node.output.clone());
    }
    for input in graph.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
        if let Some(name) = instead.get(input) {
            input.clone_from(name);
        }
    }
    // The network's own result keeps its name.
    if let Some(name) = instead.get(output) {
        let name = name.clone();
        graph.nodes.retain(|node| node.output != output);
        for node in &mut graph.nodes {
            if node.output == name {
                output.clone_into(&mut node.output);
            }
        }
    }
    graph.prune(&[output]);
}

/// Weights and bias of `layer` and then `norm`, whose outputs are the first axis:
/// `w' = w g / √(v + ε)`, `b' = (b - m) g / √(v + ε) + β`.
fn folded(graph: &Graph, layer: &Node, norm: &Node) -> Option<(Constant, Constant)> {
    let floats = |name: &String| graph.constants.get(name)?.floats();
    let weight = graph.constants.get(layer.inputs.get(1)?)?;
    let [_, gain, offset, mean, variance] = norm.inputs.as_slice() else {
        return None;
    };
    let (gain, offset) = (floats(gain)?, floats(offset)?);
    let (mean, variance) = (floats(mean)?, floats(variance)?);
    let epsilon = f64::from(norm.float("epsilon")?);
    let outputs = usize::try_from(*weight.shape.first()?).ok()?;
    let bias = match layer.inputs.get(2) {
        Some(name) => floats(name)?.to_vec(),
        None => vec![0.0; outputs],
    };
    if [gain, offset, mean, variance, &bias]
        .iter()
        .any(|values| values.len() != outputs)
    {
        return None;
    }
    let scale: Vec<f64> = gain
        .iter()
        .zip(variance)
        .map(|(gain, variance)| f64::from(*gain) / (f64::from(*variance) + epsilon).sqrt())
        .collect();
    let values = weight.floats()?;
    let each = (values.len() / outputs.max(1)).max(1);
    let scaled = values
        .chunks(each)
        .zip(&scale)
        .flat_map(|(row, scale)| {
            row.iter()
                .map(move |value| (f64::from(*value) * scale) as f32)
        })
        .collect();
    let moved = (0..outputs)
        .map(|at| {
            let centred = f64::from(bias[at]) - f64::from(mean[at]);
            (centred * scale[at] + f64::from(offset[at])) as f32
        })
        .collect();
    let bias = Constant::new(&[outputs as i64], Data::Float(moved));
    Some((Constant::new(&weight.shape, Data::Float(scaled)), bias))
}
