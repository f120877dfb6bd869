//! A graph of ONNX's operators, and how it is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use half::f16;
use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
pub(super) use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

/// Bytes of the largest message that protobuf's readers take.
pub(super) const MOST_BYTES: u64 = i32::MAX as u64;

/// An entry of `metadata_props`, to be written behind a whole file: a list's entries may stand apart.
pub(super) fn metadata_bytes(key: &str, value: &str) -> Vec<u8> {
    let entry = ModelProto {
        metadata_props: vec![StringStringEntryProto {
            key: key.to_owned(),
            value: value.to_owned(),
        }],
        ..ModelProto::default()
    };
    entry.encode_to_vec()
}

/// Numbers that stand in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constant {
    pub shape: Vec<i64>,
    /// Row by row.
    pub data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Float(Vec<f32>),
    Double(Vec<f64>),
    Half(Vec<f16>),
    Int64(Vec<i64>),
    Int8(Vec<i8>),
}

impl Constant {
    pub fn new(shape: &[i64], data: Data) -> Self {
        Self {
            shape: shape.to_vec(),
            data,
        }
    }

    /// The numbers of single precision.
    pub fn floats(&self) -> Option<&[f32]> {
        match &self.data {
            Data::Float(values) => Some(values),
            _ => None,
        }
    }

    fn into_proto(self, name: String) -> TensorProto {
        fn bytes<T: Copy, const N: usize>(values: &[T], each: impl Fn(T) -> [u8; N]) -> Vec<u8> {
            let mut bytes = Vec::with_capacity(values.len() * N);
            for value in values {
                bytes.extend_from_slice(&each(*value));
            }
            bytes
        }
        let (kind, raw_data) = match &self.data {
            Data::Float(values) => (DataType::Float, bytes(values, f32::to_le_bytes)),
            Data::Double(values) => (DataType::Double, bytes(values, f64::to_le_bytes)),
            Data::Half(values) => (DataType::Float16, bytes(values, f16::to_le_bytes)),
            Data::Int64(values) => (DataType::Int64, bytes(values, i64::to_le_bytes)),
            Data::Int8(values) => (DataType::Int8, bytes(values, i8::to_le_bytes)),
        };
        TensorProto {
            dims: self.shape,
            data_type: kind as i32,
            name,
            raw_data,
            ..TensorProto::default()
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Attribute {
    Int(i64),
    Ints(Vec<i64>),
    Float(f32),
}

impl Attribute {
    fn into_proto(self, name: &str) -> AttributeProto {
        let mut proto = AttributeProto {
            name: name.to_owned(),
            ..AttributeProto::default()
        };
        let kind = match self {
            Self::Int(value) => {
                proto.i = value;
                AttributeType::Int
            }
            Self::Ints(values) => {
                proto.ints = values;
                AttributeType::Ints
            }
            Self::Float(value) => {
                proto.f = value;
                AttributeType::Float
            }
        };
        proto.r#type = kind as i32;
        proto
    }
}

/// One operator. An input without a name is left out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub operator: &'static str,
    pub inputs: Vec<String>,
    pub output: String,
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Node {
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attributes.iter().find_map(|(own, value)| match value {
            Attribute::Ints(values) if *own == name => Some(values.as_slice()),
            _ => None,
        })
    }

    pub fn float(&self, name: &str) -> Option<f32> {
        self.attributes.iter().find_map(|(own, value)| match value {
            Attribute::Float(value) if *own == name => Some(*value),
            _ => None,
        })
    }

    pub fn set(&mut self, name: &'static str, value: Attribute) {
        self.attributes.retain(|(own, _)| *own != name);
        self.attributes.push((name, value));
    }
}

/// A side that stands fast, or one that whoever uses the file chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Side {
    Fixed(i64),
    Free(&'static str),
}

/// What goes in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    name: String,
    kind: DataType,
    shape: Vec<Side>,
}

impl Port {
    /// Decoded RGB pictures of any size, uint8 `[N, H, W, 3]`.
    pub fn pictures(name: &str) -> Self {
        let mut shape = ["N", "H", "W"].map(Side::Free).to_vec();
        shape.push(Side::Fixed(3));
        Self {
            name: name.to_owned(),
            kind: DataType::Uint8,
            shape,
        }
    }

    /// Of each picture an array with these sides, float32 `[N, …]`.
    pub fn floats(name: &str, sides: &[i64]) -> Self {
        let mut shape = vec![Side::Free("N")];
        shape.extend(sides.iter().map(|&side| Side::Fixed(side)));
        Self {
            name: name.to_owned(),
            kind: DataType::Float,
            shape,
        }
    }

    fn into_proto(self) -> ValueInfoProto {
        let dim = self
            .shape
            .into_iter()
            .map(|side| Dimension {
                denotation: String::new(),
                value: Some(match side {
                    Side::Fixed(side) => dimension::Value::DimValue(side),
                    Side::Free(name) => dimension::Value::DimParam(name.to_owned()),
                }),
            })
            .collect();
        ValueInfoProto {
            name: self.name,
            r#type: Some(TypeProto {
                denotation: String::new(),
                value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                    elem_type: self.kind as i32,
                    shape: Some(TensorShapeProto { dim }),
                })),
            }),
            doc_string: String::new(),
        }
    }
}

/// Operators in an order in which they can be computed. Every value has one name.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub nodes: Vec<Node>,
    pub constants: BTreeMap<String, Constant>,
    taken: HashSet<String>,
    /// How many names began with this.
    counts: HashMap<String, usize>,
    /// Small lists of numbers, by what they hold.
    lists: HashMap<(Vec<i64>, Vec<i64>), String>,
}

impl Graph {
    /// `wanted`, or with a number where that name is taken.
    pub fn fresh(&mut self, wanted: &str) -> String {
        if self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let count = self.counts.entry(wanted.to_owned()).or_insert(1);
        loop {
            *count += 1;
            let name = format!("{wanted}_{count}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// The constant's name: `wanted`, where nothing else has it.
    pub fn constant(&mut self, wanted: &str, constant: Constant) -> String {
        let name = self.fresh(wanted);
        self.constants.insert(name.clone(), constant);
        name
    }

    /// A list of integers, `[values.len()]`.
    pub fn ints(&mut self, values: &[i64]) -> String {
        self.listed(vec![values.len() as i64], values)
    }

    /// An integer without axes.
    pub fn int(&mut self, value: i64) -> String {
        self.listed(Vec::new(), &[value])
    }

    fn listed(&mut self, shape: Vec<i64>, values: &[i64]) -> String {
        let key = (shape, values.to_vec());
        if let Some(name) = self.lists.get(&key) {
            return name.clone();
        }
        let wanted = if key.0.is_empty() { "int" } else { "ints" };
        let data = Data::Int64(values.to_vec());
        let name = self.constant(wanted, Constant::new(&key.0, data));
        self.lists.insert(key, name.clone());
        name
    }

    /// A number of single precision without axes.
    pub fn float(&mut self, wanted: &str, value: f32) -> String {
        self.constant(wanted, Constant::new(&[], Data::Float(vec![value])))
    }

    /// Adds an operator; gives the name of its result.
    pub fn add(&mut self, operator: &'static str, inputs: &[&str]) -> String {
        self.add_with(operator, inputs, Vec::new())
    }

    pub fn add_with(
        &mut self,
        operator: &'static str,
        inputs: &[&str],
        attributes: Vec<(&'static str, Attribute)>,
    ) -> String {
        let output = self.fresh(&operator.to_lowercase());
        self.add_as(operator, inputs, attributes, &output);
        output
    }

    /// Adds what turns numbers into those of another kind.
    pub fn cast(&mut self, value: &str, kind: DataType) -> String {
        self.add_with("Cast", &[value], vec![("to", Attribute::Int(kind as i64))])
    }

    /// Adds an operator whose result is called `output`, a name that must be nobody else's.
    pub fn add_as(
        &mut self,
        operator: &'static str,
        inputs: &[&str],
        attributes: Vec<(&'static str, Attribute)>,
        output: &str,
    ) {
        self.taken.insert(output.to_owned());
        self.nodes.push(Node {
            operator,
            inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: output.to_owned(),
            attributes,
        });
    }

    /// Calls the result of the last operator, which nothing reads yet, by a name that must be nobody else's.
    pub fn name_last(&mut self, name: &str) {
        if let Some(node) = self.nodes.last_mut() {
            self.taken.remove(&node.output);
            name.clone_into(&mut node.output);
            self.taken.insert(name.to_owned());
        }
    }

    /// How often each value is read, `outputs` once more.
    pub fn uses(&self, outputs: &[&str]) -> HashMap<String, usize> {
        let mut uses = HashMap::new();
        let inputs = self.nodes.iter().flat_map(|node| &node.inputs);
        for name in inputs.map(String::as_str).chain(outputs.iter().copied()) {
            *uses.entry(name.to_owned()).or_insert(0) += 1;
        }
        uses
    }

    /// Drops what `outputs` do not need.
    pub fn prune(&mut self, outputs: &[&str]) {
        let mut needed: HashSet<String> = outputs.iter().map(|&name| name.to_owned()).collect();
        let mut kept = Vec::with_capacity(self.nodes.len());
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if needed.contains(&node.output) {
                needed.extend(node.inputs.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
        self.constants.retain(|name, _| needed.contains(name));
        self.lists
            .retain(|_, name| self.constants.contains_key(name));
    }

    /// The least version of ONNX's operators that has all of these.
    pub fn opset(&self) -> i64 {
        let has_gelu = self.nodes.iter().any(|node| node.operator == "Gelu");
        if has_gelu { 20 } else { 18 }
    }

    /// The whole file.
    pub fn into_bytes(
        self,
        inputs: Vec<Port>,
        outputs: Vec<Port>,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, super::ExportError> {
        let opset = self.opset();
        let node = self
            .nodes
            .into_iter()
            .map(|node| NodeProto {
                name: format!("{}:{}", node.operator, node.output),
                op_type: node.operator.to_owned(),
                input: node.inputs,
                output: vec![node.output],
                attribute: node
                    .attributes
                    .into_iter()
                    .map(|(name, value)| value.into_proto(name))
                    .collect(),
                ..NodeProto::default()
            })
            .collect();
        let initializer = self
            .constants
            .into_iter()
            .map(|(name, constant)| constant.into_proto(name))
            .collect();
        let model = ModelProto {
            // The version of the format that came with these operators.
            ir_version: if opset > 18 { 9 } else { 8 },
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: opset,
            }],
            producer_name: "graft".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(GraphProto {
                node,
                name: "graft".into(),
                initializer,
                input: inputs.into_iter().map(Port::into_proto).collect(),
                output: outputs.into_iter().map(Port::into_proto).collect(),
                ..GraphProto::default()
            }),
            metadata_props: metadata
                .iter()
                .map(|(key, value)| StringStringEntryProto {
                    key: key.clone(),
                    value: value.clone(),
                })
                .collect(),
            ..ModelProto::default()
        };
        let bytes = model.encoded_len() as u64;
        if bytes > MOST_BYTES {
            return Err(super::ExportError::Refused(format!(
                "the network takes {} as ONNX, and one file holds 2 GB: export it in half precision or with 8-bit weights",
                crate::format::bytes(bytes)
            )));
        }
        Ok(model.encode_to_vec())
    }
}
