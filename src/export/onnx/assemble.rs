//! Preprocessing, network and probabilities as one graph.

use tch::Tensor;

use super::answers::{self, Answers};
use super::graph::{Graph, Port};
use super::preprocessing::{self, Preprocessing, SQUARES};
use super::simplify::{fold_norms, simplify};
use super::translate::{self, WeightNames};
use super::{IMAGES, INPUT, NORMALISED, Numbers, PROBABILITIES, numbers};
use crate::export::ExportError;
use crate::training::TrainingError;

/// A network and what stands around it.
pub(super) struct Whole<'a> {
    /// Of the network's squares.
    pub side: u32,
    pub names: WeightNames,
    /// Normalised squares, `[N, 3, side, side]`, to logits, as inference on the processor.
    pub forward: &'a dyn Fn(&Tensor) -> Result<Tensor, TrainingError>,
    /// `None` where the file takes squares.
    pub preprocessing: Option<Preprocessing>,
    pub answers: Answers,
    pub numbers: Numbers,
    pub keep_batch_norm: bool,
}

/// The graph with what goes in and out.
///
/// # Errors
/// Those of `forward`, and what ONNX has no words for.
pub(super) fn assemble(whole: &Whole<'_>) -> Result<(Graph, Port, Port), ExportError> {
    let mut graph = Graph::default();
    let squares = match whole.preprocessing {
        Some(_) => NORMALISED,
        None => INPUT,
    };
    for name in [IMAGES, SQUARES, squares, PROBABILITIES] {
        graph.fresh(name);
    }
    let side = whole.side;
    // What the network sees: the squares, or all their views.
    let seen = match whole.answers.views.len() {
        1 => squares.to_owned(),
        _ => graph.fresh("views"),
    };
    let mut logits = translate::network(&mut graph, &seen, side, &whole.names, whole.forward)?;
    simplify(&mut graph, &logits);
    if !whole.keep_batch_norm {
        fold_norms(&mut graph, &logits);
    }
    match whole.numbers {
        Numbers::Float32 => {}
        Numbers::Float16 => logits = numbers::to_half(&mut graph, &seen, &logits)?,
        Numbers::Int8Weights => numbers::to_int8_weights(&mut graph),
    }
    let network = std::mem::take(&mut graph.nodes);
    if let Some(what) = &whole.preprocessing {
        preprocessing::write(&mut graph, what, IMAGES, squares)?;
    }
    if seen != squares {
        answers::write_views(&mut graph, &whole.answers, squares, side);
        graph.name_last(&seen);
    }
    graph.nodes.extend(network);
    answers::write_probabilities(&mut graph, &whole.answers, &logits, PROBABILITIES);
    graph.prune(&[PROBABILITIES]);
    let input = match whole.preprocessing {
        Some(_) => Port::pictures(IMAGES),
        None => Port::floats(INPUT, &[3, side.into(), side.into()]),
    };
    let output = Port::floats(PROBABILITIES, &[whole.answers.classes as i64]);
    Ok((graph, input, output))
}
