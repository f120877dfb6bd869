//! Each of libtorch's operations in ONNX's words. The places of arguments are those of libtorch's schemas
//! (`native_functions.yaml`).

use super::graph::Attribute::{Float, Int, Ints};
use super::translate::{Call, Size, Translator, from_first};
use crate::export::ExportError;

/// Adds what `call` computes; gives the name of its result, which is the recording's value `output`.
pub(super) fn write(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    output: usize,
) -> Result<String, ExportError> {
    if to.kind(output) != "Float" {
        return Err(call.refused(&format!("it gives numbers of the kind {}", to.kind(output))));
    }
    let name = &call.operation.name;
    let name = name.strip_prefix("aten::").unwrap_or(name);
    // The same in place.
    let name = name.strip_suffix('_').unwrap_or(name);
    match name {
        "conv2d" => convolution(to, call),
        "batch_norm" => batch_norm(to, call),
        "layer_norm" => layer_norm(to, call),
        "linear" => linear(to, call),
        "matmul" | "bmm" => products(to, call),
        "scaled_dot_product_attention" => attention(to, call),
        "relu" => unary(to, call, "Relu"),
        "sigmoid" => unary(to, call, "Sigmoid"),
        "tanh" => unary(to, call, "Tanh"),
        "hardswish" => unary(to, call, "HardSwish"),
        "neg" => unary(to, call, "Neg"),
        "exp" => unary(to, call, "Exp"),
        "sqrt" => unary(to, call, "Sqrt"),
        "gelu" if call.text(1)? == "none" => unary(to, call, "Gelu"),
        "silu" => {
            let x = argument(to, call, 0)?;
            let gate = to.graph.add("Sigmoid", &[&x]);
            Ok(to.graph.add("Mul", &[&x, &gate]))
        }
        "hardsigmoid" => {
            let x = argument(to, call, 0)?;
            let settings = vec![("alpha", Float(1.0 / 6.0)), ("beta", Float(0.5))];
            Ok(to.graph.add_with("HardSigmoid", &[&x], settings))
        }
        "relu6" => clip(to, call, Some(0.0), Some(6.0)),
        "hardtanh" => clip(to, call, Some(call.float(1)?), Some(call.float(2)?)),
        "clamp" => {
            let bound = |at| match call.is_none(at)? {
                true => Ok(None),
                false => call.float(at).map(Some),
            };
            clip(to, call, bound(1)?, bound(2)?)
        }
        "add" => sum(to, call, "Add"),
        "sub" => sum(to, call, "Sub"),
        "mul" => binary(to, call, "Mul"),
        "div" if call.operation.arguments.len() == 2 => binary(to, call, "Div"),
        "cat" => {
            let axis = call.axis(1, to.rank(output))?;
            let parts = call.tensors(0)?;
            let parts: Vec<String> = parts
                .into_iter()
                .map(|index| to.value(index))
                .collect::<Result<_, _>>()?;
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            Ok(to
                .graph
                .add_with("Concat", &parts, vec![("axis", Int(axis))]))
        }
        "permute" => {
            let rank = to.rank(output);
            let axes = call.ints(1)?;
            let axes = axes.into_iter().map(|axis| from_first(axis, rank));
            let axes = axes.collect();
            transpose(to, call, axes)
        }
        "transpose" => {
            let rank = to.rank(output);
            let mut axes: Vec<i64> = (0..rank as i64).collect();
            axes.swap(call.axis(1, rank)? as usize, call.axis(2, rank)? as usize);
            transpose(to, call, axes)
        }
        "select" => {
            let input = call.tensor(0)?;
            let axis = call.axis(1, to.rank(input))?;
            let index = call.int(2)?;
            let x = to.value(input)?;
            let index = to.graph.int(index);
            Ok(to
                .graph
                .add_with("Gather", &[&x, &index], vec![("axis", Int(axis))]))
        }
        "narrow" | "slice" => narrow(to, call, output, name),
        "view" | "reshape" | "flatten" | "unsqueeze" | "squeeze" | "_unsafe_view" => {
            reshape(to, call, output)
        }
        "expand" => expand(to, call, output),
        "constant_pad_nd" => pad(to, call),
        "max_pool2d" => max_pool(to, call, output),
        "avg_pool2d" => average_pool(to, call),
        "adaptive_avg_pool2d" => adaptive_average_pool(to, call, output),
        "mean" if call.operation.overload == "dim" => reduce(to, call, "ReduceMean"),
        "sum" if call.operation.overload == "dim_IntList" => reduce(to, call, "ReduceSum"),
        "amax" => reduce(to, call, "ReduceMax"),
        "softmax" => {
            let input = call.tensor(0)?;
            let axis = call.axis(1, to.rank(input))?;
            let x = to.value(input)?;
            Ok(to
                .graph
                .add_with("Softmax", &[&x], vec![("axis", Int(axis))]))
        }
        "dropout" if !call.is_true(2)? => argument(to, call, 0),
        "contiguous" | "clone" | "alias" | "detach" | "to" => {
            let input = call.tensor(0)?;
            if to.kind(input) != to.kind(output) {
                return Err(call.refused("it gives numbers of another kind"));
            }
            to.value(input)
        }
        _ => Err(call.refused("this version of Graft does not know its operator")),
    }
}

fn argument(to: &mut Translator<'_>, call: &Call<'_>, at: usize) -> Result<String, ExportError> {
    to.value(call.tensor(at)?)
}

fn unary(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    operator: &'static str,
) -> Result<String, ExportError> {
    let x = argument(to, call, 0)?;
    Ok(to.graph.add(operator, &[&x]))
}

fn clip(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    least: Option<f64>,
    most: Option<f64>,
) -> Result<String, ExportError> {
    let x = argument(to, call, 0)?;
    let mut bound = |name: &str, value: Option<f64>| {
        value.map_or_else(String::new, |value| to.graph.float(name, value as f32))
    };
    let (least, most) = (bound("least", least), bound("most", most));
    Ok(to.graph.add("Clip", &[&x, &least, &most]))
}

/// A tensor, or a number as a constant.
fn operand(to: &mut Translator<'_>, call: &Call<'_>, at: usize) -> Result<String, ExportError> {
    match call.tensor(at) {
        Ok(index) => to.value(index),
        Err(_) => {
            let value = call.float(at)?;
            Ok(to.graph.float("number", value as f32))
        }
    }
}

fn binary(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    operator: &'static str,
) -> Result<String, ExportError> {
    let (left, right) = (argument(to, call, 0)?, operand(to, call, 1)?);
    Ok(to.graph.add(operator, &[&left, &right]))
}

/// `self ± alpha * other`.
fn sum(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    operator: &'static str,
) -> Result<String, ExportError> {
    let (left, mut right) = (argument(to, call, 0)?, operand(to, call, 1)?);
    let alpha = call.float(2)?;
    if alpha != 1.0 {
        let alpha = to.graph.float("alpha", alpha as f32);
        right = to.graph.add("Mul", &[&right, &alpha]);
    }
    Ok(to.graph.add(operator, &[&left, &right]))
}

fn convolution(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    if !call.operation.overload.is_empty() {
        return Err(call.refused("its padding is given by a word"));
    }
    let weight = call.tensor(1)?;
    let kernel = to.fixed_sides(weight, 2)?;
    let (stride, padding, dilation) = (call.pair(3)?, call.pair(4)?, call.pair(5)?);
    let settings = vec![
        ("kernel_shape", Ints(kernel)),
        ("strides", Ints(stride.to_vec())),
        ("pads", Ints([padding, padding].concat())),
        ("dilations", Ints(dilation.to_vec())),
        ("group", Int(call.int(6)?)),
    ];
    let mut inputs = vec![argument(to, call, 0)?, to.value(weight)?];
    if let Some(bias) = call.tensor_or_none(2)? {
        inputs.push(to.value(bias)?);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    Ok(to.graph.add_with("Conv", &inputs, settings))
}

fn batch_norm(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    if call.is_true(5)? {
        return Err(call.refused("it normalises by the batch"));
    }
    let inputs = (0..5)
        .map(|at| argument(to, call, at))
        .collect::<Result<Vec<_>, _>>()?;
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let epsilon = call.float(7)? as f32;
    let settings = vec![("epsilon", Float(epsilon))];
    Ok(to.graph.add_with("BatchNormalization", &inputs, settings))
}

fn layer_norm(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    let axes = call.ints(1)?.len() as i64;
    let epsilon = call.float(4)? as f32;
    let inputs = [
        argument(to, call, 0)?,
        argument(to, call, 2)?,
        argument(to, call, 3)?,
    ];
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let settings = vec![("axis", Int(-axes)), ("epsilon", Float(epsilon))];
    Ok(to.graph.add_with("LayerNormalization", &inputs, settings))
}

/// Not as Gemm, which tract has no half precision for; onnxruntime makes one of it.
fn linear(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    let (input, weight) = (call.tensor(0)?, call.tensor(1)?);
    if !to.is_constant(weight) {
        return Err(call.refused("its weights depend on the picture"));
    }
    let x = to.value(input)?;
    let weight = to.transposed(weight)?;
    let product = to.graph.add("MatMul", &[&x, &weight]);
    let Some(bias) = call.tensor_or_none(2)? else {
        return Ok(product);
    };
    let bias = to.value(bias)?;
    Ok(to.graph.add("Add", &[&product, &bias]))
}

fn products(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    let (left, right) = (argument(to, call, 0)?, argument(to, call, 1)?);
    Ok(to.graph.add("MatMul", &[&left, &right]))
}

/// softmax(Q Kᵀ scale) V.
fn attention(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    let is_plain = call.is_none(3)? && !call.is_true(5)? && !call.is_true(7)?;
    if !is_plain || call.float(4)? != 0.0 {
        return Err(call.refused("it has a mask or a dropout, or shares keys"));
    }
    let query = call.tensor(0)?;
    let rank = to.rank(query);
    let depth = to.fixed_sides(query, rank - 1)?;
    let scale = match call.is_none(6)? {
        true => 1.0 / (depth.iter().product::<i64>() as f64).sqrt(),
        false => call.float(6)?,
    };
    let [query, key, value] = [
        to.value(query)?,
        argument(to, call, 1)?,
        argument(to, call, 2)?,
    ];
    let mut axes: Vec<i64> = (0..rank as i64).collect();
    axes.swap(rank - 1, rank - 2);
    let graph = &mut *to.graph;
    let scale = graph.float("scale", scale as f32);
    // Before the product, as libtorch does, so that half precision has room.
    let query = graph.add("Mul", &[&query, &scale]);
    let key = graph.add_with("Transpose", &[&key], vec![("perm", Ints(axes))]);
    let scores = graph.add("MatMul", &[&query, &key]);
    let shares = graph.add_with("Softmax", &[&scores], vec![("axis", Int(-1))]);
    Ok(graph.add("MatMul", &[&shares, &value]))
}

fn transpose(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    axes: Vec<i64>,
) -> Result<String, ExportError> {
    let x = argument(to, call, 0)?;
    if axes.is_sorted() {
        return Ok(x);
    }
    Ok(to
        .graph
        .add_with("Transpose", &[&x], vec![("perm", Ints(axes))]))
}

fn narrow(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    output: usize,
    name: &str,
) -> Result<String, ExportError> {
    let input = call.tensor(0)?;
    let x = to.value(input)?;
    if to.shape(input)? == to.shape(output)? {
        return Ok(x);
    }
    let axis = call.axis(1, to.rank(input))?;
    let Some(Size::Fixed(side)) = to.shape(input)?.get(axis as usize).copied() else {
        return Err(call.refused("it takes some of the pictures"));
    };
    let start = match call.is_none(2)? {
        true => 0,
        false => call.int(2)?,
    };
    let (end, step) = match name {
        "narrow" => (start + call.int(3)?, 1),
        _ if call.is_none(3)? => (side, call.int(4)?),
        _ => (call.int(3)?, call.int(4)?),
    };
    let graph = &mut *to.graph;
    let (start, end) = (graph.ints(&[start]), graph.ints(&[end.min(side)]));
    let (axis, step) = (graph.ints(&[axis]), graph.ints(&[step]));
    Ok(graph.add("Slice", &[&x, &start, &end, &axis, &step]))
}

/// By the shape that the result was found to have: at most one side may depend on how many pictures there are.
fn reshape(to: &mut Translator<'_>, call: &Call<'_>, output: usize) -> Result<String, ExportError> {
    let input = call.tensor(0)?;
    let x = to.value(input)?;
    let shape = to.shape(output)?;
    if to.shape(input)? == shape {
        return Ok(x);
    }
    let free = shape
        .iter()
        .filter(|side| matches!(side, Size::Pictures(_)));
    if free.count() > 1 {
        return Err(call.refused("two sides of it depend on how many pictures there are"));
    }
    let sides: Vec<i64> = shape
        .iter()
        .map(|side| match side {
            Size::Fixed(side) => *side,
            Size::Pictures(_) => -1,
        })
        .collect();
    let sides = to.graph.ints(&sides);
    Ok(to.graph.add("Reshape", &[&x, &sides]))
}

fn expand(to: &mut Translator<'_>, call: &Call<'_>, output: usize) -> Result<String, ExportError> {
    let input = call.tensor(0)?;
    let x = to.value(input)?;
    let shape = to.shape(output)?;
    if to.shape(input)? == shape {
        return Ok(x);
    }
    let source = to.input.clone();
    let graph = &mut *to.graph;
    let mut parts = Vec::new();
    for side in shape {
        parts.push(match side {
            Size::Fixed(side) => graph.ints(&[side]),
            Size::Pictures(1) => {
                let first = vec![("start", Int(0)), ("end", Int(1))];
                graph.add_with("Shape", &[&source], first)
            }
            Size::Pictures(_) => {
                return Err(call.refused("it repeats more than once for a picture"));
            }
        });
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let shape = graph.add_with("Concat", &parts, vec![("axis", Int(0))]);
    Ok(graph.add("Expand", &[&x, &shape]))
}

/// libtorch counts from the last axis, before and after in turn; ONNX from the first, all before and then all after.
fn pad(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    let input = call.tensor(0)?;
    let rank = to.rank(input);
    let sides = call.ints(1)?;
    let mut pads = vec![0; 2 * rank];
    for (from_last, pair) in sides.chunks_exact(2).enumerate() {
        let axis = rank - 1 - from_last;
        (pads[axis], pads[rank + axis]) = (pair[0], pair[1]);
    }
    let x = to.value(input)?;
    let value = call.float(2)?;
    let pads = to.graph.ints(&pads);
    let mut inputs = vec![x, pads];
    if value != 0.0 {
        inputs.push(to.graph.float("padding", value as f32));
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    Ok(to.graph.add("Pad", &inputs))
}

/// Windows stand side by side where none is named.
fn pooling_stride(call: &Call<'_>, kernel: [i64; 2]) -> Result<[i64; 2], ExportError> {
    match call.ints(2)?.is_empty() {
        true => Ok(kernel),
        false => call.pair(2),
    }
}

/// Padding at the end is what the found size needs: libtorch's and ONNX's rules for the last, cut window differ.
fn max_pool(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    output: usize,
) -> Result<String, ExportError> {
    let input = call.tensor(0)?;
    let kernel = call.pair(1)?;
    let stride = pooling_stride(call, kernel)?;
    let (padding, dilation) = (call.pair(3)?, call.pair(4)?);
    let (before, after) = (to.fixed_sides(input, 2)?, to.fixed_sides(output, 2)?);
    let mut end = [0; 2];
    for axis in 0..2 {
        let window = dilation[axis] * (kernel[axis] - 1) + 1;
        let reach = (after[axis] - 1) * stride[axis] + window;
        end[axis] = (reach - before[axis] - padding[axis]).max(0);
    }
    let settings = vec![
        ("kernel_shape", Ints(kernel.to_vec())),
        ("strides", Ints(stride.to_vec())),
        ("pads", Ints([padding, end].concat())),
        ("dilations", Ints(dilation.to_vec())),
    ];
    let x = to.value(input)?;
    Ok(to.graph.add_with("MaxPool", &[&x], settings))
}

fn average_pool(to: &mut Translator<'_>, call: &Call<'_>) -> Result<String, ExportError> {
    if call.is_true(4)? || !call.is_none(6)? {
        return Err(call.refused("it cuts its last window, or divides by a given number"));
    }
    let kernel = call.pair(1)?;
    let stride = pooling_stride(call, kernel)?;
    let padding = call.pair(3)?;
    let settings = vec![
        ("kernel_shape", Ints(kernel.to_vec())),
        ("strides", Ints(stride.to_vec())),
        ("pads", Ints([padding, padding].concat())),
        ("count_include_pad", Int(i64::from(call.is_true(5)?))),
    ];
    let x = argument(to, call, 0)?;
    Ok(to.graph.add_with("AveragePool", &[&x], settings))
}

fn adaptive_average_pool(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    output: usize,
) -> Result<String, ExportError> {
    let input = call.tensor(0)?;
    let (before, after) = (to.fixed_sides(input, 2)?, to.fixed_sides(output, 2)?);
    let x = to.value(input)?;
    if after == [1, 1] {
        return Ok(to.graph.add("GlobalAveragePool", &[&x]));
    }
    let sides = before.iter().zip(&after);
    if sides.clone().any(|(before, after)| before % after != 0) {
        return Err(call.refused("its windows differ in size"));
    }
    let window: Vec<i64> = sides.map(|(before, after)| before / after).collect();
    let settings = vec![
        ("kernel_shape", Ints(window.clone())),
        ("strides", Ints(window)),
    ];
    Ok(to.graph.add_with("AveragePool", &[&x], settings))
}

fn reduce(
    to: &mut Translator<'_>,
    call: &Call<'_>,
    operator: &'static str,
) -> Result<String, ExportError> {
    let input = call.tensor(0)?;
    let rank = to.rank(input);
    let axes = call.ints(1)?;
    let axes: Vec<i64> = axes
        .into_iter()
        .map(|axis| from_first(axis, rank))
        .collect();
    if axes.is_empty() {
        return Err(call.refused("it names no axes"));
    }
    let keep = call.is_true(2)?;
    let x = to.value(input)?;
    let axes = to.graph.ints(&axes);
    let settings = vec![("keepdims", Int(i64::from(keep)))];
    Ok(to.graph.add_with(operator, &[&x, &axes], settings))
}
