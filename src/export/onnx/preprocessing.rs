//! Decoded pictures of any size to the network's normalised squares, as operators: the same bytes as `data::square` makes.
//!
//! Each of the two passes of Pillow's resizing is a product with a matrix of its weights, which the graph works out from the
//! picture's size: whole numbers of 2⁻²², as Pillow has them. Products are taken in single precision, which runtimes have on
//! every device: a weight is written as two numbers of 11 bits, so that sums are whole numbers which single precision holds
//! (below 2²⁴; of a picture that shrinks to a tenth or less, but for its last digit).
//!
//! ONNX's own `Resize` with antialias is not taken: it works in floating point, and of its values up to seven in a thousand
//! fall on the other side of a rounding (`pixels.rs` of the tests), which moves probabilities. The products cost two to four
//! times as much as `Resize`, in which a network takes longer still.

use super::graph::Attribute::{Int, Ints};
use super::graph::{Constant, Data, DataType, Graph};
use crate::data::square::{Interpolation, SquareSpec};
use crate::experiment::Fit;
use crate::export::ExportError;

/// Pillow's weights are whole numbers of 1 / 2²² …
const UNIT: f64 = 4_194_304.0;
/// … and are split at 2¹¹.
const HALF_WAY: f64 = 2048.0;

/// How squares are made and normalised.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Preprocessing {
    pub spec: SquareSpec,
    /// On a scale of 0 to 1.
    pub mean: [f64; 3],
    pub deviation: [f64; 3],
}

/// One side of the resizing.
struct Along {
    /// Of the picture, and of the whole picture when it is resized.
    length: String,
    resized: String,
    /// Which places of the resized picture the square shows, int64 `[side]`.
    places: String,
    /// Which of them there are, bool `[side]`; `None` for all.
    inside: Option<String>,
}

/// What resizing gives on the way, as whole numbers in single precision, `[N, 3, S, S]`.
pub(super) const SQUARES: &str = "squares";

/// Adds what makes `output`, float32 `[N, 3, S, S]`, of `images`, uint8 `[N, H, W, 3]`.
///
/// # Errors
/// Where a square would show more than the resized picture has, which no weights of the catalogue ask for.
pub(super) fn write(
    graph: &mut Graph,
    what: &Preprocessing,
    images: &str,
    output: &str,
) -> Result<(), ExportError> {
    let spec = &what.spec;
    if spec.fit == Fit::CenterCrop && spec.resize < spec.side {
        return Err(ExportError::Refused(format!(
            "pictures are resized to {} and cut to {}: write the network without preprocessing",
            spec.resize, spec.side
        )));
    }
    let shape = graph.add("Shape", &[images]);
    let [height, width] = [1, 2].map(|axis| {
        let axis = graph.int(axis);
        graph.add_with("Gather", &[&shape, &axis], vec![("axis", Int(0))])
    });
    let [across, down] = sides(graph, spec, [&width, &height]);
    // Bytes are turned as long as they are bytes.
    let channels = vec![("perm", Ints(vec![0, 3, 1, 2]))];
    let turned = graph.add_with("Transpose", &[images], channels);
    let picture = graph.cast(&turned, DataType::Float);
    let [high, low] = weights(graph, &across, spec.interpolation, true);
    let narrowed = [high, low].map(|part| graph.add("MatMul", &[&picture, &part]));
    let narrowed = rounded(graph, narrowed, spec.interpolation);
    let [high, low] = weights(graph, &down, spec.interpolation, false);
    let shortened = [high, low].map(|part| graph.add("MatMul", &[&part, &narrowed]));
    let square = rounded(graph, shortened, spec.interpolation);
    if let (Some(across), Some(down)) = (&across.inside, &down.inside) {
        let last = graph.ints(&[1]);
        let down = graph.add("Unsqueeze", &[down, &last]);
        let shown = graph.add("And", &[across, &down]);
        let background = spec.background.map(f32::from);
        let background = per_channel(graph, "background", background);
        graph.add("Where", &[&shown, &square, &background]);
    }
    graph.name_last(SQUARES);
    // As `Normalizer` has them, to the bit.
    let [mean, deviation] =
        [("mean", what.mean), ("deviation", what.deviation)].map(|(name, values)| {
            let values = values.map(|value| (value * 255.0) as f32);
            per_channel(graph, name, values)
        });
    let centred = graph.add("Sub", &[SQUARES, &mean]);
    graph.add_as("Div", &[&centred, &deviation], Vec::new(), output);
    Ok(())
}

fn per_channel(graph: &mut Graph, name: &str, values: [f32; 3]) -> String {
    graph.constant(
        name,
        Constant::new(&[3, 1, 1], Data::Float(values.to_vec())),
    )
}

/// Width and height, in whole numbers, as `data::square` works them out.
fn sides(graph: &mut Graph, spec: &SquareSpec, lengths: [&str; 2]) -> [Along; 2] {
    let side = i64::from(spec.side);
    let all = graph.ints(&(0..side).collect::<Vec<_>>());
    let two = graph.int(2);
    match spec.fit {
        Fit::Squash => lengths.map(|length| Along {
            length: length.to_owned(),
            resized: graph.int(side),
            places: all.clone(),
            inside: None,
        }),
        Fit::CenterCrop => {
            let short = graph.add("Min", &lengths);
            lengths.map(|length| {
                let to = graph.int(i64::from(spec.resize.max(1)));
                let product = graph.add("Mul", &[length, &to]);
                let resized = graph.add("Div", &[&product, &short]);
                let cut = graph.int(side);
                let beside = graph.add("Sub", &[&resized, &cut]);
                // Half of it, a half to the even number: h + (d mod 2) (h mod 2) with h = d / 2, rounded down.
                let half = graph.add("Div", &[&beside, &two]);
                let odd = odd(graph, &beside, &half);
                let quarter = graph.add("Div", &[&half, &two]);
                let half_is_odd = self::odd(graph, &half, &quarter);
                let more = graph.add("Mul", &[&odd, &half_is_odd]);
                let from = graph.add("Add", &[&half, &more]);
                Along {
                    length: length.to_owned(),
                    resized,
                    places: graph.add("Add", &[&all, &from]),
                    inside: None,
                }
            })
        }
        Fit::Pad => {
            let longer = graph.add("Max", &lengths);
            let twice = graph.add("Mul", &[&longer, &two]);
            lengths.map(|length| {
                // length side / longer, rounded, at least 1: (2 length side + longer) / (2 longer), rounded down.
                let to = graph.int(2 * side);
                let product = graph.add("Mul", &[length, &to]);
                let sum = graph.add("Add", &[&product, &longer]);
                let rounded = graph.add("Div", &[&sum, &twice]);
                let one = graph.int(1);
                let resized = graph.add("Max", &[&rounded, &one]);
                let whole = graph.int(side);
                let beside = graph.add("Sub", &[&whole, &resized]);
                let at = graph.add("Div", &[&beside, &two]);
                let places = graph.add("Sub", &[&all, &at]);
                let zero = graph.int(0);
                let begun = graph.add("GreaterOrEqual", &[&places, &zero]);
                let ended = graph.add("Less", &[&places, &resized]);
                Along {
                    length: length.to_owned(),
                    resized,
                    places,
                    inside: Some(graph.add("And", &[&begun, &ended])),
                }
            })
        }
    }
}

/// `value` - 2 `half`, with `half` = `value` / 2 rounded down: 1 for odd numbers.
fn odd(graph: &mut Graph, value: &str, half: &str) -> String {
    let two = graph.int(2);
    let even = graph.add("Mul", &[half, &two]);
    graph.add("Sub", &[value, &even])
}

/// Pillow's weights in two parts, `2048 high + low`, float32: `[length, side]` for the pass across, `[side, length]` for the one
/// down.
fn weights(
    graph: &mut Graph,
    along: &Along,
    interpolation: Interpolation,
    is_across: bool,
) -> [String; 2] {
    let Along {
        length, resized, ..
    } = along;
    let (zero, one, two) = (graph.int(0), graph.int(1), graph.int(2));
    let read = graph.add("Range", &[&zero, length, &one]);
    // Middles of pixels, in half pixels, brought to one scale: 2 length resized is the picture's length.
    let middle = |graph: &mut Graph, places: &str, scale: &str| {
        let twice = graph.add("Mul", &[places, &two]);
        let middle = graph.add("Add", &[&twice, &one]);
        graph.add("Mul", &[&middle, scale])
    };
    let mut read = middle(graph, &read, resized);
    let mut made = middle(graph, &along.places, length);
    let last = graph.ints(&[1]);
    let column = if is_across { &mut read } else { &mut made };
    *column = graph.add("Unsqueeze", &[column, &last]);
    let apart = graph.add("Sub", &[&read, &made]);
    let apart = graph.add("Abs", &[&apart]);
    // The filter widens where the picture shrinks.
    let coarser = graph.add("Max", &[length, resized]);
    let unit = graph.add("Mul", &[&coarser, &two]);
    let [apart, unit] = [apart, unit].map(|name| graph.cast(&name, DataType::Double));
    let x = graph.add("Div", &[&apart, &unit]);
    let weight = filter(graph, &x, interpolation);
    // Beyond a picture that does not fill the square, nothing is read, and 0 / 0 must not spoil the product.
    let axis = graph.ints(&[if is_across { 0 } else { 1 }]);
    let sum = graph.add_with("ReduceSum", &[&weight, &axis], vec![("keepdims", Int(1))]);
    let sum = match &along.inside {
        None => sum,
        Some(_) => {
            let least = double(graph, f64::MIN_POSITIVE);
            let is_there = graph.add("Greater", &[&sum, &least]);
            let one = double(graph, 1.0);
            graph.add("Where", &[&is_there, &sum, &one])
        }
    };
    let share = graph.add("Div", &[&weight, &sum]);
    let units = double(graph, UNIT);
    let scaled = graph.add("Mul", &[&share, &units]);
    let whole = whole(graph, &scaled, interpolation);
    let (half, up) = (double(graph, HALF_WAY), double(graph, HALF_WAY / 2.0));
    let raised = graph.add("Add", &[&whole, &up]);
    let divided = graph.add("Div", &[&raised, &half]);
    let high = graph.add("Floor", &[&divided]);
    let taken = graph.add("Mul", &[&high, &half]);
    let low = graph.add("Sub", &[&whole, &taken]);
    [high, low].map(|part| graph.cast(&part, DataType::Float))
}

/// The nearest whole number, halves away from 0.
fn whole(graph: &mut Graph, value: &str, interpolation: Interpolation) -> String {
    let half = double(graph, 0.5);
    // Only the bicubic filter has weights below 0.
    if interpolation == Interpolation::Bilinear {
        let raised = graph.add("Add", &[value, &half]);
        return graph.add("Floor", &[&raised]);
    }
    let size = graph.add("Abs", &[value]);
    let raised = graph.add("Add", &[&size, &half]);
    let whole = graph.add("Floor", &[&raised]);
    let sign = graph.add("Sign", &[value]);
    graph.add("Mul", &[&sign, &whole])
}

/// Pillow's filters at `x` ≥ 0, which is float64; the bicubic one is Keys' (1981) with a = -0.5.
fn filter(graph: &mut Graph, x: &str, interpolation: Interpolation) -> String {
    let one = double(graph, 1.0);
    if interpolation == Interpolation::Bilinear {
        let zero = double(graph, 0.0);
        let rest = graph.add("Sub", &[&one, x]);
        return graph.add("Max", &[&rest, &zero]);
    }
    // Polynomials by Horner's rule. The outer one is 0 at 2, where it ends.
    let two = double(graph, 2.0);
    let x = &graph.add("Min", &[x, &two]);
    let step = |graph: &mut Graph, value: &str, plus: f64| {
        let plus = double(graph, plus);
        let sum = graph.add("Add", &[value, &plus]);
        graph.add("Mul", &[&sum, x])
    };
    let first = double(graph, 1.5);
    let inner = graph.add("Mul", &[x, &first]);
    let inner = step(graph, &inner, -2.5);
    let inner = graph.add("Mul", &[&inner, x]);
    let inner = graph.add("Add", &[&inner, &one]);
    let outer = step(graph, x, -5.0);
    let outer = step(graph, &outer, 8.0);
    let four = double(graph, -4.0);
    let outer = graph.add("Add", &[&outer, &four]);
    let half = double(graph, -0.5);
    let outer = graph.add("Mul", &[&outer, &half]);
    let is_inner = graph.add("Less", &[x, &one]);
    graph.add("Where", &[&is_inner, &inner, &outer])
}

/// Levels of 0 to 255 of the two parts of their sums: (2048 high + low + 2²¹) / 2²², rounded down, in steps that single
/// precision holds.
fn rounded(graph: &mut Graph, sums: [String; 2], interpolation: Interpolation) -> String {
    let [high, low] = sums;
    let split = graph.float("split", HALF_WAY as f32);
    let divided = graph.add("Div", &[&high, &split]);
    let level = graph.add("Floor", &[&divided]);
    let taken = graph.add("Mul", &[&level, &split]);
    let rest = graph.add("Sub", &[&high, &taken]);
    let rest = graph.add("Mul", &[&rest, &split]);
    let rest = graph.add("Add", &[&rest, &low]);
    let half = graph.float("half", (UNIT / 2.0) as f32);
    let rest = graph.add("Add", &[&rest, &half]);
    let unit = graph.float("unit", UNIT as f32);
    let rest = graph.add("Div", &[&rest, &unit]);
    let carry = graph.add("Floor", &[&rest]);
    let sum = graph.add("Add", &[&level, &carry]);
    // A mean leaves no bounds.
    if interpolation == Interpolation::Bilinear {
        return sum;
    }
    let (least, most) = (graph.float("least", 0.0), graph.float("most", 255.0));
    graph.add("Clip", &[&sum, &least, &most])
}

fn double(graph: &mut Graph, value: f64) -> String {
    graph.constant("number", Constant::new(&[], Data::Double(vec![value])))
}
