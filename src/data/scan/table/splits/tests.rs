use super::*;

/// `value part` of each value.
fn parts(name: &str, values: &str) -> (Rule, String) {
    let parts = Parts::new(Some(name), values.split('|'), &[]);
    let told: Vec<String> = values
        .split('|')
        .map(|value| match parts.part(value) {
            None => format!("{value} ?"),
            Some(part) => format!("{value} {part:?}"),
        })
        .collect();
    (parts.rule, told.join(", "))
}

#[test]
fn parts_are_told_by_words_flags_and_numbers() {
    for (name, values, rule, expect) in [
        (
            "split",
            "train|VAL|Test",
            Rule::Words,
            "train Train, VAL Validation, Test Test",
        ),
        (
            "split",
            "trn|dev|holdout|unused",
            Rule::Words,
            "trn Train, dev Validation, holdout Test, unused ?",
        ),
        (
            "Usage",
            "Training|PublicTest|PrivateTest",
            Rule::Words,
            "Training Train, PublicTest Test, PrivateTest Test",
        ),
        (
            "",
            "train|eval|test",
            Rule::Words,
            "train Train, eval Validation, test Test",
        ),
        ("set", "训练|测试", Rule::Words, "训练 Train, 测试 Test"),
        (
            "is_valid",
            "True|False",
            Rule::Flag,
            "True Validation, False Train",
        ),
        ("is_test", "0|1", Rule::Flag, "0 Train, 1 Test"),
        ("is_training_image", "1|0", Rule::Flag, "1 Train, 0 Test"),
        ("valid", "yes|no", Rule::None, "yes ?, no ?"),
        (
            "partition",
            "0|1|2",
            Rule::Numbers,
            "0 Train, 1 Validation, 2 Test",
        ),
        ("split", "1|0", Rule::TwoNumbers, "1 Test, 0 Train"),
        ("train_test_split", "1|0", Rule::None, "1 ?, 0 ?"),
        ("fold", "0|1|2", Rule::None, "0 ?, 1 ?, 2 ?"),
        ("label", "0|1|2", Rule::None, "0 ?, 1 ?, 2 ?"),
    ] {
        assert_eq!(parts(name, values), (rule, expect.to_owned()), "{name}");
    }
    let chosen = [
        ("3".to_owned(), SplitPart::Test),
        ("1".to_owned(), SplitPart::Train),
    ];
    let parts = Parts::new(Some("fold"), ["1", "2", "3"].into_iter(), &chosen);
    assert_eq!(parts.part("3"), Some(SplitPart::Test));
    assert_eq!(parts.part("2"), None);
}
