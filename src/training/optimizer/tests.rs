//! Every rule against PyTorch's recorded steps, and state that survives an export.

use tch::{Device, Kind, Tensor};

use super::{Optimizer, Parameter};
use crate::experiment;
use crate::training::golden;

fn parameters(initial: &serde_json::Value, factors: &[f64]) -> Vec<Parameter> {
    initial
        .as_array()
        .unwrap()
        .iter()
        .zip(factors)
        .enumerate()
        .map(|(place, (values, &rate_factor))| Parameter {
            name: format!("layer.{place}"),
            tensor: golden::tensor(values).set_requires_grad(true),
            rate_factor,
        })
        .collect()
}

/// The function that the recorder minimises too: all parameters matter, none alike, and the
/// gradient changes from step to step.
fn objective(optimizer: &Optimizer, step: usize) -> Tensor {
    let mut sum = Tensor::from(0.0);
    for (place, parameter) in optimizer.parameters().enumerate() {
        let x = &parameter.tensor;
        let target = 0.3 * (place as f64 + 1.0);
        let wave: Tensor = (x * (1.0 + step as f64)).sin();
        let bowl: Tensor = (x - target).square() * (1.0 + place as f64);
        sum += (wave + bowl).sum(Kind::Float);
    }
    sum
}

#[test]
fn every_rule_takes_the_steps_that_torch_takes() {
    let cases = golden::cases("optimizers");
    assert!(cases.len() >= 12, "{} recorded optimizers", cases.len());
    for case in cases {
        let text = case["optimizer"].as_str().unwrap();
        let rule: experiment::Optimizer = ron::from_str(text).unwrap();
        let factors = golden::numbers(&case["rate_factors"]);
        for has_kernels in [true, false] {
            let mut optimizer = Optimizer::new(&rule, parameters(&case["initial"], &factors));
            assert!(optimizer.has_kernels, "this build has no C++ part");
            optimizer.has_kernels = has_kernels;
            let rates = golden::numbers(&case["rates"]);
            for (step, &rate) in rates.iter().enumerate() {
                let gradients = optimizer.gradients(&objective(&optimizer, step)).unwrap();
                optimizer.step(&gradients, rate).unwrap();
            }
            let ends = case["final"].as_array().unwrap();
            for (parameter, end) in optimizer.parameters().zip(ends) {
                let what = format!("{text} {}, {has_kernels}", parameter.name);
                golden::assert_close(&parameter.tensor, &golden::numbers(end), &what);
            }
        }
    }
}

/// A convolution's gradient may lie in memory in another order than its weights.
#[test]
fn gradients_in_another_order_of_memory_are_the_same_gradients() {
    let _generator = crate::models::init::seeded(9);
    let weight = Tensor::randn([4, 3, 3, 3], (Kind::Float, Device::Cpu));
    let gradient = Tensor::randn([4, 3, 3, 3], (Kind::Float, Device::Cpu));
    let turned = crate::models::fold::channels_last(&gradient).unwrap();
    assert_ne!(turned.stride(), gradient.stride());
    for rule in [
        experiment::Optimizer::sgd(),
        experiment::Optimizer::adam_w(),
    ] {
        let after = |gradient: &Tensor| {
            let parameter = Parameter {
                name: "a".into(),
                tensor: weight.copy().set_requires_grad(true),
                rate_factor: 1.0,
            };
            let tensor = parameter.tensor.shallow_clone();
            let mut optimizer = Optimizer::new(&rule, vec![parameter]);
            for _ in 0..3 {
                optimizer.step(&[gradient.shallow_clone()], 0.1).unwrap();
            }
            tensor
        };
        assert_eq!(after(&gradient), after(&turned), "{rule:?}");
    }
}

#[test]
fn an_exported_state_continues_exactly() {
    for case in golden::cases("optimizers") {
        let rule: experiment::Optimizer =
            ron::from_str(case["optimizer"].as_str().unwrap()).unwrap();
        let factors = golden::numbers(&case["rate_factors"]);
        let mut whole = Optimizer::new(&rule, parameters(&case["initial"], &factors));
        for step in 0..4 {
            let gradients = whole.gradients(&objective(&whole, step)).unwrap();
            whole.step(&gradients, 0.01).unwrap();
        }
        let copies = whole
            .parameters()
            .map(|parameter| Parameter {
                name: parameter.name.clone(),
                tensor: parameter.tensor.detach().copy().set_requires_grad(true),
                rate_factor: parameter.rate_factor,
            })
            .collect();
        let mut resumed = Optimizer::new(&rule, copies);
        resumed
            .import_state(&whole.export_state().unwrap())
            .unwrap();
        for step in 4..8 {
            for optimizer in [&mut whole, &mut resumed] {
                let gradients = optimizer.gradients(&objective(optimizer, step)).unwrap();
                optimizer.step(&gradients, 0.01).unwrap();
            }
        }
        for (whole, resumed) in whole.parameters().zip(resumed.parameters()) {
            assert_eq!(whole.tensor, resumed.tensor, "{}", case["optimizer"]);
        }
    }
}

#[test]
fn a_state_of_another_network_is_refused_and_changes_nothing() {
    let rule = experiment::Optimizer::sgd();
    let parameter = |name: &str| Parameter {
        name: name.into(),
        tensor: Tensor::from_slice(&[1.0f32, 2.0]).set_requires_grad(true),
        rate_factor: 1.0,
    };
    let mut optimizer = Optimizer::new(&rule, vec![parameter("a")]);
    let state = vec![
        ("a/momentum".to_string(), Tensor::from_slice(&[1.0f32, 1.0])),
        ("b/momentum".to_string(), Tensor::from_slice(&[1.0f32, 1.0])),
    ];
    assert!(optimizer.import_state(&state).is_err());
    let narrow = vec![("a/momentum".to_string(), Tensor::from_slice(&[1.0f32]))];
    assert!(optimizer.import_state(&narrow).is_err());
    assert_eq!(
        optimizer.export_state().unwrap().len(),
        1,
        "only the step count"
    );
}

#[test]
fn a_parameter_without_influence_stays_as_it_is() {
    let tensor = |value: f32| Tensor::from_slice(&[value]).set_requires_grad(true);
    let parameters = vec![
        Parameter {
            name: "used".into(),
            tensor: tensor(1.0),
            rate_factor: 1.0,
        },
        Parameter {
            name: "idle".into(),
            tensor: tensor(5.0),
            rate_factor: 1.0,
        },
    ];
    let rule = experiment::Optimizer::AdamW {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.5,
    };
    let mut optimizer = Optimizer::new(&rule, parameters);
    let used = optimizer
        .parameters()
        .next()
        .unwrap()
        .tensor
        .shallow_clone();
    let gradients = optimizer
        .gradients(&used.square().sum(Kind::Float))
        .unwrap();
    optimizer.step(&gradients, 0.1).unwrap();
    let values: Vec<f64> = optimizer
        .parameters()
        .map(|p| p.tensor.double_value(&[0]))
        .collect();
    assert!(values[0] < 1.0 && values[1] == 5.0, "{values:?}");
}
