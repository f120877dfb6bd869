//! Heads, views, temperature, batches, and smaller numbers.

use tch::Tensor;

use super::{CLASSES, Made, Numbers, Orientation, difference, floats, plain_head, run_whole};
use crate::evaluation::decision::temper;
use crate::experiment::{Activation, HeadConfig, HeadLayer, OutputLayer, Pooling};

const BACKBONE: &str = "mobilenet_v3_small";

fn dense(activation: Activation) -> HeadLayer {
    HeadLayer::Dense {
        units: 48,
        activation,
    }
}

/// Of a file on the network's own input, beside the network's own answers.
fn apart(made: &Made, file: &[u8], count: usize) -> f64 {
    let input = made.pictures(count as i64);
    let found = run_whole(file, &made.shape(count), &floats(&input)).unwrap();
    difference(&found, &made.probabilities(&input))
}

#[test]
fn heads_of_every_kind() {
    let all = [
        Activation::Relu,
        Activation::Gelu,
        Activation::Silu,
        Activation::Tanh,
        Activation::Linear,
    ];
    for (index, activation) in all.into_iter().enumerate() {
        let poolings = [Pooling::Average, Pooling::Max, Pooling::AverageMax];
        let config = HeadConfig {
            pooling: poolings[index % 3],
            layers: vec![
                HeadLayer::BatchNorm,
                dense(activation),
                HeadLayer::BatchNorm,
                HeadLayer::Dropout(0.5),
                dense(Activation::Linear),
                HeadLayer::BatchNorm,
            ],
            output: match index % 2 {
                0 => OutputLayer::Softmax,
                _ => OutputLayer::Sigmoid,
            },
            ..plain_head()
        };
        let made = Made::new(BACKBONE, &config, 64);
        let file = made.file(Numbers::Float32, None);
        let found = apart(&made, &file, 2);
        assert!(found < 1e-5, "{config:?}: {found}");
    }
}

#[test]
fn any_number_of_pictures() {
    for name in [BACKBONE, "vit_tiny_patch16_224"] {
        let made = Made::new(name, &plain_head(), 64);
        let file = made.file(Numbers::Float32, None);
        for count in [1, 2, 5] {
            let found = apart(&made, &file, count);
            assert!(found < 1e-5, "{name}, {count}: {found}");
        }
    }
}

#[test]
fn views_are_averaged_and_the_temperature_comes_last() {
    let seen = |transposed, horizontally, vertically| Orientation {
        transposed,
        horizontally,
        vertically,
    };
    let views = [
        seen(false, false, false),
        seen(false, true, false),
        seen(false, false, true),
        seen(false, true, true),
        seen(true, true, false),
        seen(true, false, true),
    ];
    for output in [OutputLayer::Softmax, OutputLayer::Sigmoid] {
        let config = HeadConfig {
            output,
            ..plain_head()
        };
        let made = Made::new(BACKBONE, &config, 64);
        let input = made.pictures(3);
        for (views, temperature) in [(&views[..1], 1.7), (&views[..2], 1.0), (&views[..], 0.6)] {
            let file = made.file_with(Numbers::Float32, None, views, temperature);
            let found = run_whole(&file, &made.shape(3), &floats(&input)).unwrap();
            let seen = views.iter().map(|view| {
                let axes: Vec<i64> = [(view.horizontally, 3), (view.vertically, 2)]
                    .into_iter()
                    .filter_map(|(is_so, axis)| is_so.then_some(axis))
                    .collect();
                let turned = match view.transposed {
                    true => input.transpose(2, 3),
                    false => input.shallow_clone(),
                };
                made.probabilities(&turned.flip(axes))
            });
            let mut mean = vec![0f32; 3 * made.classes()];
            for view in seen {
                for (sum, value) in mean.iter_mut().zip(view) {
                    *sum += value / views.len() as f32;
                }
            }
            let rows = mean.chunks(made.classes());
            let expected: Vec<f32> = rows.flat_map(|row| temper(row, temperature)).collect();
            let apart = difference(&found, &expected);
            assert!(apart < 1e-5, "{output:?}, {temperature}: {apart}");
        }
    }
}

#[test]
fn half_precision_and_8_bit_weights_are_smaller_and_close() {
    for name in [BACKBONE, "vit_tiny_patch16_224"] {
        let made = Made::new(name, &plain_head(), 64);
        let whole = made.file(Numbers::Float32, None);
        for (numbers, share, most) in [
            (Numbers::Float16, 0.55, 0.02),
            (Numbers::Int8Weights, 0.35, 0.3),
        ] {
            let file = made.file(numbers, None);
            let size = file.len() as f64 / whole.len() as f64;
            assert!(size < share, "{name}, {numbers:?}: {size}");
            let apart = apart(&made, &file, 2);
            // Rounded, and not the same numbers again.
            assert!(apart < most && apart > 1e-7, "{name}, {numbers:?}: {apart}");
        }
    }
}

/// Of a network that computes something else for another number of pictures, or with what ONNX has no words for here.
#[test]
fn what_has_no_words_is_named() {
    use super::super::graph::Graph;
    use super::super::translate::{self, WeightNames};
    let message = |forward: &dyn Fn(&Tensor) -> Tensor| {
        let mut graph = Graph::default();
        graph.fresh("x");
        let forward = |input: &Tensor| Ok(forward(input));
        let names = WeightNames::default();
        translate::network(&mut graph, "x", 8, &names, &forward)
            .unwrap_err()
            .to_string()
    };
    let message_of = message(&|x| x.erfinv());
    assert!(message_of.contains("aten::erfinv"), "{message_of}");
    let message_of = message(&|x| if x.size()[0] == 2 { x.relu() } else { x.tanh() });
    assert!(message_of.contains("otherwise than three"), "{message_of}");
    // A view of a value sees what happens to it.
    let message_of = message(&|x| {
        let y = x.relu();
        let view = y.view([-1i64]);
        let _ = y.shallow_clone().tanh_();
        view.relu()
    });
    assert!(message_of.contains("in place"), "{message_of}");
    assert_eq!(CLASSES, 5);
}
