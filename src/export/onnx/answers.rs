//! What stands around a network that sees squares and gives logits: the views of a picture, and probabilities.

use super::graph::Attribute::{Int, Ints};
use super::graph::Graph;
use crate::data::augment::Orientation;
use crate::experiment::OutputLayer;

/// How a run turns logits into probabilities.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answers {
    pub output: OutputLayer,
    /// Over which the mean is taken; the first is the picture itself.
    pub views: Vec<Orientation>,
    /// Divides the logits.
    pub temperature: f64,
    pub classes: usize,
}

/// Adds all views of `squares`, `[N, 3, side, side]`, one after the other, `[views N, 3, side, side]`, as the last operator.
pub(super) fn write_views(graph: &mut Graph, answers: &Answers, squares: &str, side: u32) {
    let backwards: Vec<i64> = (0..i64::from(side)).rev().collect();
    let backwards = graph.ints(&backwards);
    let mirror = |graph: &mut Graph, squares: &str, axis| {
        graph.add_with("Gather", &[squares, &backwards], vec![("axis", Int(axis))])
    };
    let views: Vec<String> = answers
        .views
        .iter()
        .map(|view| {
            let mut seen = squares.to_owned();
            if view.transposed {
                let order = vec![("perm", Ints(vec![0, 1, 3, 2]))];
                seen = graph.add_with("Transpose", &[&seen], order);
            }
            if view.horizontally {
                seen = mirror(graph, &seen, 3);
            }
            if view.vertically {
                seen = mirror(graph, &seen, 2);
            }
            seen
        })
        .collect();
    let views: Vec<&str> = views.iter().map(String::as_str).collect();
    graph.add_with("Concat", &views, vec![("axis", Int(0))]);
}

/// Adds what makes `probabilities`, float32 `[N, classes]`, of the logits of all views, `[views N, classes]`, or `[views N, 1]`
/// for a sigmoid.
pub(super) fn write_probabilities(
    graph: &mut Graph,
    answers: &Answers,
    logits: &str,
    probabilities: &str,
) {
    let is_single = answers.views.len() == 1;
    let mut logits = logits.to_owned();
    // The same as for probabilities, with one logarithm less.
    if is_single && answers.temperature != 1.0 {
        let temperature = graph.float("temperature", answers.temperature as f32);
        logits = graph.add("Div", &[&logits, &temperature]);
    }
    let mut last = match answers.output {
        OutputLayer::Softmax => graph.add_with("Softmax", &[&logits], vec![("axis", Int(-1))]),
        OutputLayer::Sigmoid => {
            // sigmoid(-x), and not 1 - sigmoid(x), keeps the digits of a small probability.
            let negative = graph.add("Neg", &[&logits]);
            let first = graph.add("Sigmoid", &[&negative]);
            let second = graph.add("Sigmoid", &[&logits]);
            graph.add_with("Concat", &[&first, &second], vec![("axis", Int(1))])
        }
    };
    if !is_single {
        last = mean(graph, answers, &last);
    }
    if !is_single && answers.temperature != 1.0 {
        // As `evaluation::decision::temper`: logarithms of probabilities are logits.
        let least = graph.float("least", f32::MIN_POSITIVE);
        let bounded = graph.add("Max", &[&last, &least]);
        let logarithms = graph.add("Log", &[&bounded]);
        let temperature = graph.float("temperature", answers.temperature as f32);
        let logits = graph.add("Div", &[&logarithms, &temperature]);
        graph.add_with("Softmax", &[&logits], vec![("axis", Int(-1))]);
    }
    graph.name_last(probabilities);
}

/// Of all views, `[views N, classes]` to `[N, classes]`.
fn mean(graph: &mut Graph, answers: &Answers, all: &str) -> String {
    let shape = [answers.views.len() as i64, -1, answers.classes as i64];
    let shape = graph.ints(&shape);
    let apart = graph.add("Reshape", &[all, &shape]);
    let axis = graph.ints(&[0]);
    graph.add_with("ReduceMean", &[&apart, &axis], vec![("keepdims", Int(0))])
}
