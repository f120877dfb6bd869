//! A network in half precision, as processors run it: most of them have no arithmetic of 16 bits, so runtimes for ONNX compute each
//! operator in single precision and round its result to half. tract computes such numbers one by one instead, which takes minutes where this
//! takes seconds, and joins conversions with the operators between them.

use std::collections::HashSet;

use half::f16;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

/// Rounds to the 11 bits of half precision what has 24: `c = (2^13 + 1) x`, then `c - (c - x)` (Veltkamp's splitting; Dekker 1971).
const SPLIT: (&str, f32) = ("half.split", 8193.0);
/// Makes what half precision has no number for infinite as well: 2^112 times 65,536 is beyond single precision.
const UP: (&str, f32) = ("half.up", f32::from_bits(239 << 23));
const DOWN: (&str, f32) = ("half.down", f32::from_bits(15 << 23));
/// What is beyond rounds to infinity as these do; splitting what is infinite already would give no number.
const LEAST: (&str, f32) = ("half.least", -65_536.0);
const MOST: (&str, f32) = ("half.most", 65_536.0);

/// Operators that give whole numbers, or what is true.
const NOT_NUMBERS: [&str; 7] = [
    "Shape",
    "ArgMax",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
];

/// Has every operator of `graph` on half precision compute in single precision and round its result to half, down to where half
/// precision has fewer digits (6e-5). Leaves a graph without such operators as it is.
pub(super) fn compute_in_single_precision(graph: &mut GraphProto) {
    let mut half: HashSet<String> = HashSet::new();
    for tensor in &mut graph.initializer {
        if tensor.data_type == DataType::Float16 as i32 {
            half.insert(tensor.name.clone());
            widen(tensor);
        }
    }
    let mut nodes = Vec::with_capacity(graph.node.len());
    let mut rounds = false;
    for mut node in std::mem::take(&mut graph.node) {
        let is_cast = node.op_type == "Cast";
        let mut to = (node.attribute.iter_mut()).filter(|known| is_cast && known.name == "to");
        let to_half = to.find(|to| to.i == DataType::Float16 as i64);
        let is_to_half = to_half.is_some();
        if let Some(to) = to_half {
            to.i = DataType::Float as i64;
        }
        let reads_half = node.input.iter().any(|name| half.contains(name));
        let is_number = !is_cast && !NOT_NUMBERS.contains(&node.op_type.as_str());
        if !(is_to_half || reads_half && is_number) {
            nodes.push(node);
            continue;
        }
        rounds = true;
        let mut after = Vec::new();
        for name in node.output.iter_mut().filter(|name| !name.is_empty()) {
            half.insert(name.clone());
            let exact = format!("{name}.exact");
            round(&exact, name, &mut after);
            *name = exact;
        }
        nodes.push(node);
        nodes.extend(after);
    }
    graph.node = nodes;
    if rounds {
        let constants = [SPLIT, UP, DOWN, LEAST, MOST].map(|(name, value)| TensorProto {
            name: name.into(),
            data_type: DataType::Float as i32,
            raw_data: value.to_le_bytes().to_vec(),
            ..TensorProto::default()
        });
        graph.initializer.extend(constants);
    }
}

fn widen(tensor: &mut TensorProto) {
    let (pairs, _) = tensor.raw_data.as_chunks::<2>();
    let single = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32());
    tensor.raw_data = single.flat_map(f32::to_le_bytes).collect();
    tensor.data_type = DataType::Float as i32;
}

/// Adds what makes `to` of `from`.
fn round(from: &str, to: &str, nodes: &mut Vec<NodeProto>) {
    let part = |which: &str| format!("{to}.{which}");
    let [above, near, large] = ["above", "near", "large"].map(part);
    let [rest, rounded, up, kept] = ["rest", "rounded", "up", "kept"].map(part);
    let steps = [
        ("Max", from, LEAST.0, above.as_str()),
        ("Min", &above, MOST.0, &near),
        ("Mul", &near, SPLIT.0, &large),
        ("Sub", &large, &near, &rest),
        ("Sub", &large, &rest, &rounded),
        ("Mul", &rounded, UP.0, &up),
        // Too little to change `up`: what is no number stays none, which tract's `Max` and `Min` forget, and tract does not
        // multiply `UP` and `DOWN` with each other.
        ("Add", &up, from, &kept),
        ("Mul", &kept, DOWN.0, to),
    ];
    nodes.extend(steps.map(|(operator, one, other, made)| NodeProto {
        name: format!("{made}.node"),
        op_type: operator.into(),
        input: vec![one.into(), other.into()],
        output: vec![made.into()],
        ..NodeProto::default()
    }));
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use tract_onnx::pb::attribute_proto::AttributeType;
    use tract_onnx::pb::{
        AttributeProto, ModelProto, OperatorSetIdProto, TypeProto, ValueInfoProto, type_proto,
    };

    use super::*;
    use crate::export::onnx::read_back::run_whole;

    /// What tract makes of `x`, converted to half precision, negated there twice, and converted back.
    fn computed(x: &[f32]) -> Vec<f32> {
        let node = |operator: &str, from: &str, made: &str, to: Option<DataType>| NodeProto {
            name: format!("{operator} of {from}"),
            op_type: operator.into(),
            input: vec![from.into()],
            output: vec![made.into()],
            attribute: (to.into_iter())
                .map(|to| AttributeProto {
                    name: "to".into(),
                    i: to as i64,
                    r#type: AttributeType::Int as i32,
                    ..AttributeProto::default()
                })
                .collect(),
            ..NodeProto::default()
        };
        let value = |name: &str| ValueInfoProto {
            name: name.into(),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                    elem_type: DataType::Float as i32,
                    shape: None,
                })),
                ..TypeProto::default()
            }),
            ..ValueInfoProto::default()
        };
        let mut graph = GraphProto {
            name: "graph".into(),
            node: vec![
                node("Cast", "x", "begun", Some(DataType::Float16)),
                node("Neg", "begun", "once", None),
                node("Neg", "once", "twice", None),
                node("Cast", "twice", "y", Some(DataType::Float)),
            ],
            input: vec![value("x")],
            output: vec![value("y")],
            ..GraphProto::default()
        };
        compute_in_single_precision(&mut graph);
        let model = ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: 17,
            }],
            graph: Some(graph),
            ..ModelProto::default()
        };
        run_whole(&model.encode_to_vec(), &[x.len()], x).unwrap()
    }

    #[test]
    fn rounding_is_that_of_half_precision() {
        assert_eq!((UP.1, DOWN.1), (2f32.powi(112), 2f32.powi(-112)));
        let mut state = 1u32;
        let numbers: Vec<f32> = (0..100_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let size = 2f32.powi((state >> 8) as i32 % 30 - 13);
                (state as f32 / u32::MAX as f32 - 0.5) * size
            })
            // Below, half precision has fewer digits.
            .filter(|x| x.abs() >= 6.2e-5)
            .collect();
        assert!(numbers.len() > 50_000);
        for (&x, found) in numbers.iter().zip(computed(&numbers)) {
            let half = f16::from_f32(x).to_f32();
            // Ties may go the other way.
            let apart = (found - half).abs() / x.abs();
            let is_tie = (found + half - 2.0 * x).abs() <= x.abs() * 1e-7;
            assert!(
                found == half || is_tie && apart < 1e-3,
                "{x} {found} {half}"
            );
        }
    }

    /// What is beyond half precision stays so in every operator after it, and is never taken for a number again.
    #[test]
    fn what_half_precision_has_no_number_for_stays_none() {
        let numbers = [
            0.0,
            65_504.0,
            65_519.0,
            65_536.0,
            -1e6,
            1e30,
            f32::MAX,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
        ];
        for (x, found) in numbers.into_iter().zip(computed(&numbers)) {
            let half = f16::from_f32(x).to_f32();
            assert!(
                found == half || half.is_nan() && found.is_nan(),
                "{x} {found} {half}"
            );
        }
    }
}
