use std::path::Path;

use proptest::prelude::{
    BoxedStrategy, Just, ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_oneof,
    proptest,
};
use proptest::strategy::Strategy as Drawn;

use super::*;
use crate::experiment::Monitor;

fn parse(text: &str) -> Sweep {
    Sweep::parse(text, Path::new("s.sweep.ron")).unwrap_or_else(|error| panic!("{error}"))
}

/// What parsing `text` answers, without the file's name.
fn error(text: &str) -> String {
    let error = Sweep::parse(text, Path::new("s.sweep.ron"))
        .expect_err(text)
        .to_string();
    error.strip_prefix("s.sweep.ron:").unwrap().to_owned()
}

#[test]
fn a_sweep_is_read_with_its_defaults() {
    let sweep = parse(r#"(version: 1, base: "p.ron")"#);
    assert_eq!(
        sweep,
        Sweep {
            name: "Sweep".into(),
            base: "p.ron".into(),
            set: vec![],
            vary: vec![],
            strategy: Strategy::Grid,
            seeds: 1,
            goal: Goal {
                metric: Monitor::ValidationAccuracy
            },
        }
    );
}

#[test]
fn everything_that_a_file_can_say_is_read() {
    let sweep = parse(
        r#"// A comment.
(
    version: 1,
    name: "All",
    base: "p.ron",
    set: ["seed=7", "phases[0].epochs=3"],
    vary: [
        (field: "phases[0].learning_rate", values: Logarithmic(from: 1e-5, to: 1e-3, steps: 3)),
        (field: "training.batch_size", values: List([16, 32])),
        (field: "phases[0].freeze", values: List([Backbone, Below("layer4"), /* all */ Nothing])),
        (field: "head.layers", values: List([[], [Dropout( 0.5 )]])),
        (fields: ["backbone.name", "backbone.input_size"], values: Together([["resnet18", 224], ("resnet50", 160)])),
        (field: "training.label_smoothing", values: Uniform(from: 0, to: 0.2)),
        (field: "augmentation.zoom", values: Linear(from: 0.0, to: 0.4, steps: 3)),
        (field: "phases[1].learning_rate", values: LogUniform(from: 1e-5, to: 1)),
    ],
    strategy: SuccessiveHalving(cells: 27, seed: 3, first_epochs: 2, keep: 4, waits: false),
    seeds: 3,
    goal: (metric: ValidationLoss),
)"#,
    );
    assert_eq!(sweep.set, ["seed=7", "phases[0].epochs=3"]);
    assert_eq!(sweep.seeds, 3);
    assert_eq!(sweep.goal.metric, Monitor::ValidationLoss);
    assert_eq!(
        sweep.strategy,
        Strategy::SuccessiveHalving {
            cells: Some(27),
            seed: 3,
            first_epochs: 2,
            keep: 4,
            waits: false
        }
    );
    let list = |items: &[&str]| Values::List(items.iter().map(|item| (*item).into()).collect());
    let values: Vec<Values> = sweep
        .vary
        .iter()
        .map(|varied| varied.values.clone())
        .collect();
    assert_eq!(
        values,
        [
            Values::Logarithmic {
                from: 1e-5,
                to: 1e-3,
                steps: 3
            },
            list(&["16", "32"]),
            list(&["Backbone", "Below(\"layer4\")", "Nothing"]),
            list(&["[]", "[Dropout(0.5)]"]),
            Values::Together(vec![
                vec!["\"resnet18\"".into(), "224".into()],
                vec!["\"resnet50\"".into(), "160".into()],
            ]),
            Values::Uniform { from: 0.0, to: 0.2 },
            Values::Linear {
                from: 0.0,
                to: 0.4,
                steps: 3
            },
            Values::LogUniform {
                from: 1e-5,
                to: 1.0
            },
        ]
    );
    assert_eq!(
        sweep.vary[4].fields,
        ["backbone.name", "backbone.input_size"]
    );
    assert_eq!(parse(&sweep.to_text()), sweep);
    let Strategy::SuccessiveHalving { cells, .. } = parse(
        "(version: 1, base: \"p\", strategy: SuccessiveHalving(first_epochs: 1, cells: None))",
    )
    .strategy
    else {
        panic!("halving");
    };
    assert_eq!(cells, None);
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, expect) in [
        ("", "1:1: the sweep ends where a value is expected"),
        (
            "[]",
            "1:1: is no sweep: allowed are fields in parentheses, such as (version: 1, base: \"preset.ron\")",
        ),
        (
            "(base: \"p\")",
            "1:1: the version is missing: write “version: 1,” as the first field",
        ),
        (
            "(version: 2, base: \"p\")",
            "1:11: “version” is 2, written by a newer Graft: this one reads up to version 1. Update Graft",
        ),
        (
            "(version: x, base: \"p\")",
            "1:11: “version” is x, allowed is 1",
        ),
        ("(version: 1)", "1:1: the sweep lacks the field “base”"),
        (
            "(version: 1, base: p)",
            "1:20: “base” is p, allowed is a text in double quotes",
        ),
        (
            "(version: 1, base: \" \")",
            "1:20: “base” is empty: it names a preset’s file, or one of the presets that come with Graft",
        ),
        (
            "(version: 1, base: \"p\",\n  stratgy: Grid)",
            "2:3: “stratgy” is not a field: did you mean “strategy”? (allowed are version, name, base, set, vary, strategy, seeds and goal)",
        ),
        (
            "(version: 1, base: \"p\", base: \"q\")",
            "1:25: “base” stands here for the second time: remove one of them",
        ),
        (
            "(version: 1, base: \"p\", strategy: grid)",
            "1:35: “strategy” is grid: did you mean “Grid”? (allowed are Grid, Random and SuccessiveHalving)",
        ),
        (
            "(version: 1, base: \"p\", strategy: Random)",
            "1:35: “strategy” is Random, allowed is fields in parentheses, such as (name: value)",
        ),
        (
            "(version: 1, base: \"p\", strategy: Random(seed: 1))",
            "1:35: “strategy” lacks the field “cells”",
        ),
        (
            "(version: 1, base: \"p\", strategy: Random(cells: 0))",
            "1:49: “strategy.cells” is 0, allowed is a whole number, 1 to 100000",
        ),
        (
            "(version: 1, base: \"p\", seeds: 0)",
            "1:32: “seeds” is 0, allowed is a whole number, 1 to 100",
        ),
        (
            "(version: 1, base: \"p\", goal: (metric: Accuracy))",
            "1:40: “goal.metric” is Accuracy: allowed are ValidationAccuracy, ValidationMacroF1 and ValidationLoss",
        ),
        (
            "(version: 1, base: \"p\", vary: [(values: List([1]))])",
            "1:32: “vary” lacks the field “field”",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"seed\")])",
            "1:32: “vary” lacks the field “values”",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: Logaritmic(from: 1, to: 2, steps: 3))])",
            "1:53: “values” is Logaritmic(from: 1, to: 2, steps: 3): did you mean “Logarithmic”? (allowed are List, Together, Linear, Logarithmic, Uniform and LogUniform)",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: Linear(from: 1, to: 2))])",
            "1:53: “values” lacks the field “steps”",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: Linear(from: 2, to: 2, steps: 3))])",
            "1:53: “values” goes from 2 to 2: the first number must be the smaller",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: Logarithmic(from: 0, to: 2, steps: 3))])",
            "1:71: “values.from” is 0, allowed is a number above 0, because a ratio has no 0",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: List([]))])",
            "1:53: “values” is List([]), allowed is at least one value",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: [1, 2])])",
            "1:53: “values” is [1, 2]: allowed are List, Together, Linear, Logarithmic, Uniform and LogUniform",
        ),
        (
            "(version: 1, base: \"p\", vary: [(fields: [\"a\", \"b\"], values: Together([[1, 2], [3]]))])",
            "1:79: these are 1 values for 2 fields: each field needs one",
        ),
        (
            "(version: 1, base: \"p\", vary: [(fields: [\"a\", \"b\"], values: List([1]))])",
            "1:61: “values” is List([1]), allowed is Together([[…], […]]) for several fields: in each list one value for every field",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: Uniform(from: 0, to: 1))])",
            "1:53: a distribution has no end of values: say how many cells are drawn, with strategy: Random(cells: 24) or SuccessiveHalving(cells: 24, …), or write a range with steps",
        ),
        (
            "(version: 1, base: \"p\", vary: [(field: \"a\", values: List([1])), (field: \"a\", values: List([2]))])",
            "1:65: “a” varies twice: put all its values into one entry",
        ),
    ] {
        assert_eq!(error(text), expect, "{text}");
    }
}

#[test]
fn places_in_the_file_are_found_again() {
    let text = "(version: 1, base: \"p\", vary: [\n (field: \"a\", values: List([1, 22])),\n (fields: [\"b\", \"c\"], values: Together([[1, 2], [3, 4]])),\n (field: \"d\", values: Linear(from: 1, to: 2, steps: 3)),\n])";
    let at = |place: Option<usize>| line_and_column(text, place.unwrap());
    assert_eq!(at(place_of_field(text, 0, 0)), (2, 10));
    assert_eq!(at(place_of_field(text, 1, 1)), (3, 17));
    assert_eq!(at(place_of_value(text, 0, 1)), (2, 32));
    assert_eq!(at(place_of_value(text, 1, 1)), (3, 49));
    assert_eq!(at(place_of_value(text, 2, 1)), (4, 23));
}

#[test]
fn a_file_is_saved_whole_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sweep.ron");
    let sweep = parse("(version: 1, base: \"p.ron\", vary: [(field: \"a\", values: List([1]))])");
    sweep.save(&path).unwrap();
    assert_eq!(Sweep::load(&path).unwrap(), sweep);
    let missing = Sweep::load(&folder.path().join("none.sweep.ron")).unwrap_err();
    assert!(missing.to_string().contains("can't be read"), "{missing}");
    std::fs::write(&path, [0xff, 0xfe, 0]).unwrap();
    let no_text = Sweep::load(&path).unwrap_err().to_string();
    assert!(no_text.contains("is no sweep: it is not text"), "{no_text}");
}

fn any_text() -> impl Drawn<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        Just("\"quote\\ \n tab\t ü №\u{7}".to_owned()),
        "\\PC{0,12}"
    ]
}

fn any_value() -> impl Drawn<Value = String> {
    prop_oneof![
        Just("16".to_owned()),
        Just("0.001".to_owned()),
        Just("Below(\"layer4\")".to_owned()),
        Just("[Dense(units: 8, activation: Relu), Dropout(0.5)]".to_owned()),
        Just("\"a ) quote\"".to_owned()),
        Just("None".to_owned()),
    ]
}

fn any_values(fields: usize) -> BoxedStrategy<Values> {
    if fields > 1 {
        let row = proptest::collection::vec(any_value(), fields);
        return proptest::collection::vec(row, 1..8)
            .prop_map(Values::Together)
            .boxed();
    }
    let ends = (1e-6..1.0_f64, 1.5..1e6_f64, 2..50_u32);
    prop_oneof![
        proptest::collection::vec(any_value(), 1..12).prop_map(Values::List),
        ends.clone()
            .prop_map(|(from, to, steps)| Values::Linear { from, to, steps }),
        ends.clone()
            .prop_map(|(from, to, steps)| Values::Logarithmic { from, to, steps }),
        ends.clone()
            .prop_map(|(from, to, _)| Values::Uniform { from: -from, to }),
        ends.prop_map(|(from, to, _)| Values::LogUniform { from, to }),
    ]
    .boxed()
}

fn any_sweep() -> impl Drawn<Value = Sweep> {
    let varied = (1..4_usize).prop_flat_map(any_values);
    (
        any_text(),
        proptest::collection::vec(any_text(), 0..3),
        proptest::collection::vec(varied, 0..5),
        (
            1..1000_u32,
            any::<u64>(),
            1..50_u32,
            2..20_u32,
            any::<bool>(),
        ),
        1..=100_u32,
        any::<bool>(),
    )
        .prop_map(
            |(name, set, values, (cells, seed, first_epochs, keep, waits), seeds, halves)| {
                let vary = (values.into_iter().enumerate())
                    .map(|(index, values)| {
                        let count = match &values {
                            Values::Together(rows) => rows[0].len(),
                            _ => 1,
                        };
                        Varied {
                            fields: (0..count)
                                .map(|field| format!("phases[{index}].{field}"))
                                .collect(),
                            values,
                        }
                    })
                    .collect();
                Sweep {
                    name,
                    base: "p.ron".into(),
                    set,
                    vary,
                    strategy: match halves {
                        true => Strategy::SuccessiveHalving {
                            cells: Some(cells),
                            seed,
                            first_epochs,
                            keep,
                            waits,
                        },
                        false => Strategy::Random { cells, seed },
                    },
                    seeds,
                    goal: Goal::default(),
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(sweep in any_sweep()) {
        let text = sweep.to_text();
        prop_assert_eq!(parse(&text), sweep, "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = Sweep::parse(&text, Path::new("s.sweep.ron"));
        let _ = Sweep::parse(&format!("(version: 1, base: \"p\", vary: [(field: \"a\", values: {text})])"), Path::new("s"));
        let _ = Sweep::parse(&format!("(version: 1, base: \"p\", strategy: {text})"), Path::new("s"));
    }

    #[test]
    fn no_damage_makes_it_panic(sweep in any_sweep(), at in any::<prop::sample::Index>(), put in "[()\\[\\]{}\",:a-z0-9./*]{0,3}") {
        let text: Vec<char> = sweep.to_text().chars().collect();
        let at = at.index(text.len());
        let damaged: String = text[..at].iter().copied().chain(put.chars()).chain(text[at + 1..].iter().copied()).collect();
        if let Err(error) = Sweep::parse(&damaged, Path::new("s.sweep.ron")) {
            let text = error.to_string();
            prop_assert!(text.starts_with("s.sweep.ron:"), "{}", text);
        }
    }
}
