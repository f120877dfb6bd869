use super::*;
use crate::experiment::FreezePlan;
use crate::models;

/// The curve of a loss that is a function of step and rate.
fn curve(loss: impl Fn(f64, f64) -> f64) -> RateCurve {
    let mut test = RangeTest::default();
    while !test.is_over() {
        let step = test.steps();
        test.add(loss(step as f64, RangeTest::rate(step)));
    }
    test.into_curve()
}

fn close(one: f64, other: f64) -> bool {
    (one / other - 1.0).abs() < 1e-9
}

/// Recorded with a reimplementation in Python of what fastai 2.8 does with these losses.
#[test]
fn suggestions_are_those_of_fastai() {
    let noisy = curve(|step, rate| {
        let fall = 1.3 / (1.0 + (rate / 1e-3).powf(1.2));
        0.3 + fall + (rate / 0.5).powi(2) + 0.05 * (12.9898 * step).sin()
    });
    let low = curve(|step, rate| {
        0.05 + 0.9 / (1.0 + rate / 3e-5) + (rate / 0.02).powi(2) + 0.02 * (7.1 * step).cos()
    });
    let no_number = curve(|step, rate| match step >= 70.0 {
        true => f64::NAN,
        false => 1.0 / (1.0 + rate / 1e-4) + 0.1 * (3.7 * step).sin(),
    });
    let infinite = curve(|step, rate| match step >= 82.0 {
        true => f64::INFINITY,
        false => 2.0 / (1.0 + (rate / 1e-2).powf(0.7)) + 0.1 * (1.7 * step).sin(),
    });
    for (name, curve, steps, considered, valley, steepest) in [
        (
            "noisy",
            noisy,
            95,
            80,
            0.001737800828749376,
            0.0030199517204020187,
        ),
        (
            "low",
            low,
            75,
            60,
            7.585775750291836e-05,
            0.00019054607179632462,
        ),
        (
            "NaN",
            no_number,
            70,
            60,
            0.00022908676527677726,
            0.0004786300923226385,
        ),
        (
            "infinite",
            infinite,
            82,
            68,
            0.0008317637711026709,
            0.05754399373371566,
        ),
    ] {
        assert_eq!(curve.points.len(), steps, "{name}");
        assert_eq!(curve.considered().len(), considered, "{name}");
        assert_eq!(curve.end, RangeEnd::Diverged, "{name}");
        let suggestion = curve.suggestion().unwrap();
        assert!(close(suggestion.valley, valley), "{name}: {suggestion:?}");
        assert!(
            close(suggestion.steepest, steepest),
            "{name}: {suggestion:?}"
        );
    }
}

#[test]
fn rates_grow_evenly_from_the_first_on() {
    assert!(close(RangeTest::rate(0), 1e-7));
    assert!(close(RangeTest::rate(50), 1e-3));
    assert!(RangeTest::rate(STEPS - 1) < LAST_RATE);
    let steady = curve(|_, _| 0.5);
    assert_eq!(
        (steady.points.len(), steady.end),
        (STEPS, RangeEnd::AllSteps)
    );
}

#[test]
fn a_curve_that_tells_nothing_suggests_nothing() {
    let says = |curve: RateCurve| curve.suggestion().unwrap_err();
    let noise = curve(|step, _| 0.5 + 0.2 * (12.9898 * step).sin());
    assert!(says(noise).contains("from batch to batch"));
    let rising = curve(|_, rate| 1.0 + rate);
    assert!(says(rising).contains("at no rate"));
    let early = curve(|step, _| 1.0 + (step * 0.9).exp());
    assert!(says(early).contains("after a few steps"));
    let at_once = curve(|_, _| f64::NAN);
    assert!(at_once.points.is_empty());
    assert!(says(at_once).contains("after a few steps"));
}

#[test]
fn nothing_is_heard_after_the_end() {
    let mut test = RangeTest::default();
    assert!(!test.add(1.0));
    assert!(test.add(f64::NAN));
    assert!(test.add(1.0));
    let curve = test.into_curve();
    assert_eq!(curve.points.len(), 1);
    assert_eq!(curve.end, RangeEnd::Diverged);
}

#[test]
fn only_where_a_transformer_learns_the_test_is_refused() {
    let asked = |backbone: &str, freeze: FreezePlan| {
        let tree = models::outline(backbone, 224).unwrap();
        let phase = Phase {
            freeze,
            ..Phase::default()
        };
        why_not(&phase, &tree).unwrap()
    };
    let reason = asked("vit_b_16", FreezePlan::AllButLast(20)).unwrap();
    assert!(reason.contains("transformer") && reason.contains("1e-5"));
    for (backbone, freeze) in [
        ("vit_b_16", FreezePlan::Backbone),
        ("resnet18", FreezePlan::Nothing),
        ("convnext_tiny", FreezePlan::Nothing),
    ] {
        assert_eq!(asked(backbone, freeze), None, "{backbone}");
    }
}
