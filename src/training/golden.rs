//! Values recorded from PyTorch by `tests/record_training.py`, for this folder's tests.

use serde_json::Value;
use tch::{Kind, Tensor};

/// The recorded cases of `section`.
pub fn cases(section: &str) -> Vec<Value> {
    let text = include_str!("../../tests/golden/training.json");
    let recorded: Value = serde_json::from_str(text).unwrap();
    recorded[section].as_array().unwrap().clone()
}

/// A list of numbers, nested or not, in order.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

/// A float32 tensor from a list of numbers or of rows.
pub fn tensor(value: &Value) -> Tensor {
    let mut shape = vec![value.as_array().unwrap().len() as i64];
    if let Some(row) = value[0].as_array() {
        shape.push(row.len() as i64);
    }
    Tensor::from_slice(&numbers(value))
        .to_kind(Kind::Float)
        .reshape(shape)
}

/// Every element within 1e-6 of what was recorded, relative to the largest.
pub fn assert_close(got: &Tensor, expected: &[f64], what: &str) {
    let got: Vec<f64> = Vec::try_from(
        got.detach()
            .contiguous()
            .reshape([-1])
            .to_kind(Kind::Double),
    )
    .unwrap();
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(1e-3_f64, |scale, value| scale.max(value.abs()));
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= 1e-6 * scale,
            "{what}[{index}]: {got}, recorded {expected}"
        );
    }
}
