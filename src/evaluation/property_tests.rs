//! What holds for any answers at all.

use proptest::prelude::*;

use super::paired::{least_detectable, mcnemar_exact, newcombe};
use super::*;

/// Up to `rows` pictures of 2 to 5 classes, with ties and zeros among the probabilities.
fn some_predictions(rows: usize) -> impl Strategy<Value = Predictions> {
    (2usize..6).prop_flat_map(move |classes| {
        let row = (0..classes as u32, prop::collection::vec(0u32..8, classes));
        prop::collection::vec(row, 1..rows).prop_map(move |rows| Predictions {
            classes: (0..classes).map(|class| format!("class {class}")).collect(),
            rows: rows
                .into_iter()
                .enumerate()
                .map(|(index, (truth, weights))| {
                    let sum: u32 = weights.iter().sum();
                    let share = |weight: u32| match sum {
                        0 => 1.0 / classes as f32,
                        sum => weight as f32 / sum as f32,
                    };
                    Prediction {
                        file: format!("{index}.png"),
                        truth,
                        probabilities: weights.into_iter().map(share).collect(),
                    }
                })
                .collect(),
            ..Predictions::default()
        })
    })
}

/// As [`some_predictions`], of so many classes that most are rare: none, one, two pictures or a few of each, answers that
/// are mostly right, mostly wrong or neither.
fn of_many_classes() -> impl Strategy<Value = Predictions> {
    let classes = prop_oneof![2usize..5, 5usize..40, 290usize..301];
    let most = prop_oneof![Just(2usize), Just(4), Just(9)];
    (classes, most, 0.0f64..1.0, any::<u64>()).prop_map(|(classes, most, skill, seed)| {
        let mut state = seed | 1;
        let mut random = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        let mut rows = Vec::new();
        for truth in 0..classes as u32 {
            for _ in 0..(random() * (most + 1) as f64) as usize {
                let mut weights: Vec<f64> = (0..classes).map(|_| random()).collect();
                weights[truth as usize] += if random() < skill { 1.5 } else { 0.0 };
                let sum: f64 = weights.iter().sum();
                rows.push(Prediction {
                    file: format!("{}.png", rows.len()),
                    truth,
                    probabilities: weights.iter().map(|weight| (weight / sum) as f32).collect(),
                });
            }
        }
        Predictions {
            classes: (0..classes).map(|class| format!("class {class}")).collect(),
            rows,
            ..Predictions::default()
        }
    })
}

fn every_interval_holds_its_score_or_says_why(found: &Evaluation) -> Result<(), TestCaseError> {
    let (answers, probabilities, ranking) = (&found.answers, &found.probabilities, &found.ranking);
    let scores = [
        ("accuracy", Some(answers.accuracy)),
        ("balanced accuracy", Some(answers.balanced_accuracy)),
        ("macro F1", Some(answers.macro_f1)),
        ("weighted F1", Some(answers.weighted_f1)),
        ("kappa", Some(answers.cohen_kappa)),
        ("Matthews", Some(answers.matthews_correlation)),
        ("log loss", Some(probabilities.log_loss)),
        ("Brier", Some(probabilities.brier_score)),
        ("ROC area", ranking.roc_auc),
        ("average precision", ranking.average_precision),
    ];
    for (name, score) in scores
        .into_iter()
        .filter_map(|(name, score)| Some((name, score?)))
    {
        match (score.interval, score.why_no_interval()) {
            (Some(interval), None) => {
                prop_assert!(interval.contains(score.value), "{name}: {score:?}");
                prop_assert!(interval.high - interval.low > 1e-9, "{name}: {score:?}");
            }
            (None, Some(reason)) => {
                prop_assert!(reason.starts_with("No interval is given, because "))
            }
            (interval, reason) => prop_assert!(false, "{name}: {interval:?}, {reason:?}"),
        }
        // Never some of the samples without saying so.
        if let IntervalMethod::Bootstrap { resamples } = score.method {
            let ranked = Ranking::resamples(found.pictures as usize, found.classes.len());
            prop_assert!(
                resamples == bootstrap::RESAMPLES || resamples == ranked,
                "{name}: {score:?}"
            );
        }
    }
    Ok(())
}

fn two_classes(predictions: Predictions) -> Predictions {
    Predictions {
        classes: predictions.classes[..2].to_vec(),
        rows: predictions
            .rows
            .into_iter()
            .map(|row| Prediction {
                truth: row.truth % 2,
                probabilities: vec![row.probabilities[0], 1.0 - row.probabilities[0]],
                ..row
            })
            .collect(),
        ..Predictions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scores_stay_in_their_ranges_and_intervals_are_ordered(predictions in some_predictions(40)) {
        let found = Evaluation::new(&predictions, &Decision::default());
        let answers = &found.answers;
        for (score, low, high) in [
            (answers.accuracy, 0.0, 1.0),
            (answers.balanced_accuracy, 0.0, 1.0),
            (answers.macro_f1, 0.0, 1.0),
            (answers.weighted_f1, 0.0, 1.0),
            (answers.cohen_kappa, -1.0, 1.0),
            (answers.matthews_correlation, -1.0, 1.0),
            (found.probabilities.brier_score, 0.0, 2.0),
            (found.probabilities.log_loss, 0.0, 17.0),
        ] {
            prop_assert!((low - 1e-9..=high + 1e-9).contains(&score.value), "{score:?}");
            if let Some(interval) = score.interval {
                prop_assert!(interval.low >= low - 1e-9 && interval.high <= high + 1e-9);
            }
        }
        every_interval_holds_its_score_or_says_why(&found)?;
        prop_assert!(answers.accuracy.interval.unwrap().contains(answers.accuracy.value));
        let mut last = answers.accuracy.value;
        for top in &found.probabilities.top_k {
            prop_assert!(top.accuracy.value >= last);
            last = top.accuracy.value;
        }
        for class in &found.ranking.classes {
            prop_assert!(class.roc.area.is_none_or(|area| (0.0..=1.0).contains(&area)));
            prop_assert!(class.roc.true_positive_rate.is_sorted());
            prop_assert!(class.roc.false_positive_rate.is_sorted());
        }
    }

    #[test]
    fn thinned_curves_keep_their_ends_and_their_areas(predictions in some_predictions(60), points in 2usize..12) {
        let whole = Ranking::new(&predictions);
        let thinned = whole.thinned(points);
        prop_assert_eq!(thinned.roc_auc, whole.roc_auc);
        for (thin, full) in thinned.classes.iter().zip(&whole.classes) {
            let (roc, curve) = (&thin.roc, &thin.precision_recall);
            prop_assert_eq!(roc.area, full.roc.area);
            prop_assert_eq!(roc.true_positive_rate.len(), full.roc.true_positive_rate.len().min(points));
            prop_assert_eq!(roc.true_positive_rate.last(), full.roc.true_positive_rate.last());
            prop_assert_eq!(curve.recall.first(), full.precision_recall.recall.first());
            prop_assert_eq!(curve.thresholds.len(), curve.recall.len().saturating_sub(1));
        }
    }

    /// The area is the chance that a picture of the class gets the higher probability.
    #[test]
    fn the_roc_area_counts_pairs(predictions in some_predictions(40)) {
        for class in &Ranking::new(&predictions).classes {
            let (mut pairs, mut won) = (0.0, 0.0);
            for of_class in predictions.rows.iter().filter(|row| row.truth == class.class) {
                for other in predictions.rows.iter().filter(|row| row.truth != class.class) {
                    let at = class.class as usize;
                    pairs += 1.0;
                    won += match of_class.probabilities[at].total_cmp(&other.probabilities[at]) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Less => 0.0,
                    };
                }
            }
            match class.roc.area {
                Some(area) => prop_assert!((area - won / pairs).abs() < 1e-9),
                None => prop_assert!(pairs == 0.0),
            }
        }
    }

    #[test]
    fn a_sorted_threshold_counts_as_a_pass_over_the_pictures(
        predictions in some_predictions(40).prop_map(two_classes),
        at_least in 0.0f64..1.0,
        temperature in 0.5f64..3.0,
    ) {
        let curve = ThresholdCurve::new(&predictions, 0, temperature).unwrap();
        let decision = Decision {
            temperature,
            threshold: Some(Threshold { positive: 0, at_least }),
            reject_below: 0.0,
        };
        let confusion = decision.confusion(&predictions);
        let at = curve.at(at_least);
        prop_assert_eq!(
            vec![vec![at.true_positives, at.false_negatives], vec![at.false_positives, at.true_negatives]],
            confusion.counts
        );
        for goal in [ThresholdGoal::F1, ThresholdGoal::Youden, ThresholdGoal::Accuracy] {
            if let Some(best) = curve.best(goal) {
                prop_assert!(best.value(goal) >= at.value(goal) || at.true_positives + at.false_positives == 0);
                prop_assert_eq!(curve.at(best.threshold), best);
            }
        }
    }

    #[test]
    fn a_sorted_rejection_counts_as_a_pass_over_the_pictures(
        predictions in some_predictions(40),
        reject_below in 0.0f64..1.0,
    ) {
        let plain = Decision::default();
        let curve = RejectionCurve::new(&predictions, &plain);
        let found = curve.at(reject_below);
        let answers = AnswerScores::new(&predictions, &Decision { reject_below, ..plain });
        prop_assert_eq!(found.accuracy, answers.accuracy);
        prop_assert!((found.coverage - answers.coverage).abs() < 1e-12);
        let wrong = predictions.rows.iter().filter(|row| !row.is_correct()).count() as u64;
        prop_assert_eq!(found.errors_kept + found.errors_rejected, wrong);
        if let Some(reached) = curve.for_accuracy(0.9) {
            prop_assert!(reached.accuracy.value >= 0.9);
        }
        prop_assert!(curve.points(7).windows(2).all(|pair| pair[1].coverage < pair[0].coverage));
        prop_assert!(curve.at_coverage(0.5).unwrap().coverage >= 0.5 - 1e-12);
    }

    /// The fitted temperature is no worse than any other, and leaves the answers alone.
    #[test]
    fn no_temperature_beats_the_fitted_one(predictions in some_predictions(40), other in 0.1f64..10.0) {
        let fit = TemperatureFit::new(&predictions).unwrap();
        prop_assert!(fit.log_loss_after <= fit.log_loss_before + 1e-12);
        // With probabilities of 0 the two losses clamp at different places.
        if predictions.rows.iter().all(|row| row.probabilities.iter().all(|&p| p > 0.01)) {
            prop_assert!(loss::log_loss_at(&predictions, fit.temperature) <= loss::log_loss_at(&predictions, other) + 1e-6);
        }
        let tempered = predictions.at_temperature(fit.temperature);
        for (row, before) in tempered.rows.iter().zip(&predictions.rows) {
            let sum: f32 = row.probabilities.iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-5);
            let most = before.probabilities[before.predicted() as usize];
            prop_assert_eq!(before.probabilities[row.predicted() as usize], most);
        }
    }

    #[test]
    fn comparing_backwards_turns_everything_round(
        predictions in some_predictions(40),
        turned in some_predictions(40),
        turn in 1usize..40,
    ) {
        let first = predictions;
        // The same pictures with other answers, in another order.
        let mut second = first.clone();
        for (row, other) in second.rows.iter_mut().zip(turned.rows.iter().cycle()) {
            let classes = row.probabilities.len();
            row.probabilities = (0..classes).map(|c| other.probabilities.get(c).copied().unwrap_or(0.1)).collect();
        }
        let count = second.rows.len();
        second.rows.rotate_left(turn % count);
        let forth = PairedComparison::new(&first, &second).unwrap();
        let back = PairedComparison::new(&second, &first).unwrap();
        prop_assert_eq!(forth.difference.value, -back.difference.value);
        let (one, two) = (forth.difference.interval.unwrap(), back.difference.interval.unwrap());
        prop_assert!((one.low + two.high).abs() < 1e-12 && (one.high + two.low).abs() < 1e-12);
        prop_assert!(one.contains(forth.difference.value));
        prop_assert_eq!(forth.p_value, back.p_value);
        prop_assert_eq!(forth.fixed.len() as u64, forth.only_second_right);
        prop_assert_eq!(forth.broken.len() as u64, forth.only_first_right);
        let mut fixed_back = back.broken.clone();
        let mut fixed = forth.fixed.clone();
        fixed.sort();
        fixed_back.sort();
        prop_assert_eq!(fixed, fixed_back);
        let gained = forth.second_accuracy.value - forth.first_accuracy.value;
        prop_assert!((gained - forth.difference.value).abs() < 1e-12);
    }

    #[test]
    fn the_exact_test_is_a_probability_and_even_splits_prove_nothing(first in 0u64..300, second in 0u64..300) {
        let p = mcnemar_exact(first, second);
        prop_assert!((0.0..=1.0).contains(&p));
        prop_assert!(mcnemar_exact(first + 1, second) <= p || first < second);
        prop_assert!((mcnemar_exact(first, first) - 1.0).abs() < 1e-9);
        let interval = newcombe(50, first, second, 20);
        prop_assert!(-1.0 <= interval.low && interval.low <= interval.high && interval.high <= 1.0);
    }

    #[test]
    fn every_order_holds_every_class_once(predictions in some_predictions(60)) {
        let confusion = ConfusionMatrix::new(&predictions);
        for order in [
            ClassOrder::Label, ClassOrder::Name, ClassOrder::Support, ClassOrder::Recall,
            ClassOrder::Precision, ClassOrder::F1, ClassOrder::Confusion,
        ] {
            let mut classes = confusion.order(order);
            prop_assert_eq!(confusion.reordered(&classes).total(), confusion.total());
            classes.sort_unstable();
            prop_assert_eq!(classes, (0..confusion.classes.len()).collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rare_classes_leave_every_score_in_its_interval(predictions in of_many_classes(), reject_below in prop_oneof![Just(0.0), 0.0f64..0.6]) {
        let found = Evaluation::new(&predictions, &Decision { reject_below, ..Decision::default() });
        every_interval_holds_its_score_or_says_why(&found)?;
    }
}

/// Answers of two classes: so many pictures of each, of which so many right.
fn answers_of_two(pictures: [u32; 2], right: [u32; 2]) -> Evaluation {
    let rows = (0..2).flat_map(|truth| {
        (0..pictures[truth]).map(move |index| {
            let is_right = index < right[truth];
            // No two alike, and the wrong ones less sure.
            let sure = if is_right {
                0.9 - 0.001 * index as f32
            } else {
                0.6 - 0.001 * index as f32
            };
            let given = if is_right { truth } else { 1 - truth };
            let mut probabilities = vec![1.0 - sure; 2];
            probabilities[given] = sure;
            Prediction {
                file: format!("{truth}/{index}"),
                truth: truth as u32,
                probabilities,
            }
        })
    });
    let predictions = Predictions {
        classes: vec!["usual".into(), "rare".into()],
        rows: rows.collect(),
        ..Predictions::default()
    };
    Evaluation::new(&predictions, &Decision::default())
}

#[test]
fn one_rare_picture_is_too_little_for_what_rests_on_it() {
    let found = answers_of_two([60, 1], [55, 0]);
    for score in [
        found.answers.balanced_accuracy,
        found.answers.macro_f1,
        found.answers.cohen_kappa,
        found.ranking.roc_auc.unwrap(),
    ] {
        assert_eq!(
            score.method,
            IntervalMethod::TooFewOfClasses { few: 1, classes: 2 }
        );
        assert_eq!(score.interval, None);
    }
    // What counts pictures alike has its interval.
    assert!(
        found.answers.accuracy.interval.is_some()
            && found.probabilities.log_loss.interval.is_some()
    );
    let one = answers_of_two([1, 0], [0, 0]);
    assert_eq!(
        one.probabilities.log_loss.method,
        IntervalMethod::TooFewPictures
    );
    assert_eq!(
        one.answers.weighted_f1.method,
        IntervalMethod::TooFewPictures
    );
}

#[test]
fn every_resample_of_a_class_of_six_counts() {
    let found = answers_of_two([60, 6], [50, 3]);
    for score in [
        found.answers.balanced_accuracy,
        found.ranking.roc_auc.unwrap(),
        found.ranking.average_precision.unwrap(),
    ] {
        assert_eq!(score.method, IntervalMethod::Bootstrap { resamples: 1000 });
        assert!(score.interval.unwrap().contains(score.value), "{score:?}");
    }
    // Of balanced accuracy 0.667: by the two recalls' binomial errors, 0.5 * sqrt(0.139 / 60 + 0.25 / 6) = 0.105.
    let interval = found.answers.balanced_accuracy.interval.unwrap();
    assert!(
        (interval.high - interval.low - 4.0 * 0.105).abs() < 0.08,
        "{interval:?}"
    );
}

#[test]
fn runs_on_other_pictures_are_refused_with_the_reason() {
    let row = |file: &str, truth| Prediction {
        file: file.into(),
        truth,
        probabilities: vec![0.25, 0.75],
    };
    let of = |classes: [&str; 2], rows: Vec<Prediction>| Predictions {
        classes: classes.map(String::from).to_vec(),
        rows,
        ..Predictions::default()
    };
    let first = of(["cat", "dog"], vec![row("a", 0), row("b", 1)]);
    let reason = |second: &Predictions| {
        PairedComparison::new(&first, second)
            .unwrap_err()
            .to_string()
    };
    assert!(reason(&of(["cat", "wolf"], vec![])).contains("their classes differ"));
    assert!(
        reason(&of(["cat", "dog"], vec![row("a", 0)])).contains("on 2 pictures, the other on 1")
    );
    let other = of(["cat", "dog"], vec![row("a", 0), row("c", 1)]);
    assert!(reason(&other).contains("different pictures (b is in one only)"));
    let relabelled = of(["cat", "dog"], vec![row("a", 0), row("b", 0)]);
    assert_eq!(
        reason(&relabelled),
        "the picture b is dog in one and cat in the other"
    );
    let twice = of(["cat", "dog"], vec![row("a", 0), row("a", 0)]);
    assert!(reason(&twice).contains("listed twice"));
    assert!(PairedComparison::new(&twice, &first).is_err());
    // The order of classes is only a matter of writing.
    let turned = of(["dog", "cat"], vec![row("a", 1), row("b", 0)]);
    let comparison = PairedComparison::new(&first, &turned).unwrap();
    assert_eq!(
        (comparison.fixed, comparison.broken),
        (vec!["a".into()], vec!["b".into()])
    );
}

/// `right[0]` pictures right in both, then in the first only, in the second only, in none.
fn compared(right: [usize; 4]) -> PairedComparison {
    let answers = [(true, true), (true, false), (false, true), (false, false)];
    let pairs: Vec<(bool, bool)> = std::iter::zip(right, answers)
        .flat_map(|(count, pair)| std::iter::repeat_n(pair, count))
        .collect();
    let of = |is_right: &dyn Fn(&(bool, bool)) -> bool| Predictions {
        classes: vec!["cat".into(), "dog".into()],
        rows: pairs
            .iter()
            .enumerate()
            .map(|(index, pair)| Prediction {
                file: index.to_string(),
                truth: 0,
                probabilities: if is_right(pair) {
                    vec![0.9, 0.1]
                } else {
                    vec![0.1, 0.9]
                },
            })
            .collect(),
        ..Predictions::default()
    };
    PairedComparison::new(&of(&|pair| pair.0), &of(&|pair| pair.1)).unwrap()
}

#[test]
fn verdicts_say_which_and_how_sure() {
    let clear = compared([560, 5, 33, 58]);
    let verdict = Verdict::new("Feature extraction", "Fine-tuning", &clear);
    assert_eq!(verdict.better, Better::Second);
    assert_eq!(
        verdict.text(),
        "Fine-tuning is better than Feature extraction: 90.4 % against 86.1 %, +4.3 points (2.5 to 6.2), p < 0.0001"
    );
    // Told from the other side, the leader still stands first.
    let back = compared([560, 33, 5, 58]);
    let verdict = Verdict::new("Fine-tuning", "Feature extraction", &back);
    assert_eq!(verdict.better, Better::First);
    assert!(
        verdict
            .text()
            .ends_with("+4.3 points (2.5 to 6.2), p < 0.0001"),
        "{}",
        verdict.text()
    );

    let unclear = compared([120, 6, 9, 15]);
    let verdict = Verdict::new("A", "B", &unclear);
    assert_eq!(
        (verdict.better, verdict.headline.as_str()),
        (
            Better::Neither,
            "No difference between B and A that 150 pictures could show"
        )
    );
    assert_eq!(
        verdict.evidence,
        "86.0 % against 84.0 %, +2.0 points (−3.4 to 7.5), p = 0.61"
    );
    // Five pictures that only one has right: the interval leaves 0 out, the test does not reach 5 %.
    let borderline = Verdict::new("A", "B", &compared([37, 5, 0, 7]));
    assert_eq!(borderline.better, Better::Neither);
    assert_eq!(
        borderline.text(),
        "A may be better than B, but 49 pictures are too few to be sure: 85.7 % against 75.5 %, +10.2 points (0.6 to 20.7), \
         p = 0.062"
    );
    let level = Verdict::new("A", "B", &compared([10, 0, 0, 2]));
    assert!(
        level.evidence.contains(", 0.0 points ("),
        "{}",
        level.evidence
    );

    let seeds = SeedComparison::new(&[(0.861, 0.904), (0.872, 0.899), (0.866, 0.911)]).unwrap();
    let verdict = Verdict::new("Feature extraction", "Fine-tuning", &clear).with_seeds(
        "Feature extraction",
        "Fine-tuning",
        &seeds,
    );
    assert_eq!(
        verdict.seeds.as_deref(),
        Some(
            "Over 3 seeds 90.5 ± 0.6 % against 86.6 ± 0.6 % (mean ± standard deviation): Fine-tuning is ahead with every one"
        )
    );
}

#[test]
fn fewer_than_six_pictures_can_show_nothing() {
    assert_eq!(least_detectable(5), None);
    assert_eq!(least_detectable(150), Some(6.0 / 150.0));
    assert!(mcnemar_exact(0, 6) < 0.05 && mcnemar_exact(0, 5) > 0.05);
}

#[test]
fn a_slider_changes_the_answers_and_nothing_else() {
    let predictions = two_classes(Predictions {
        classes: vec!["sound".into(), "defective".into()],
        rows: (0..20u32)
            .map(|index| Prediction {
                file: index.to_string(),
                truth: u32::from(index % 3 == 0),
                probabilities: vec![index as f32 / 20.0, 1.0 - index as f32 / 20.0],
            })
            .collect(),
        ..Predictions::default()
    });
    let mut evaluation = Evaluation::new(&predictions, &Decision::default());
    let before = evaluation.clone();
    let decision = Decision {
        temperature: 2.0,
        threshold: Some(Threshold {
            positive: 1,
            at_least: 0.3,
        }),
        reject_below: 0.6,
    };
    evaluation.set_decision(&predictions, &decision);
    assert_ne!(evaluation.answers, before.answers);
    assert_ne!(evaluation.reliability, before.reliability);
    assert_eq!(evaluation.probabilities, before.probabilities);
    assert_eq!(evaluation.ranking, before.ranking);
    assert!(evaluation.answers.coverage < 1.0);
    evaluation.set_decision(&predictions, &Decision::default());
    assert_eq!(evaluation.answers.confusion, before.answers.confusion);
    assert_eq!(evaluation.reliability, before.reliability);
}

#[test]
fn confidence_is_counted_as_the_lesson_does() {
    let of = |truth, first: f32| Prediction {
        file: String::new(),
        truth,
        probabilities: vec![first, 1.0 - first],
    };
    let predictions = Predictions {
        classes: vec!["a".into(), "b".into()],
        rows: vec![of(0, 0.95), of(1, 0.92), of(0, 0.55), of(1, 0.25)],
        ..Predictions::default()
    };
    let counts = ConfidenceCounts::new(&predictions, &Decision::default());
    assert_eq!((counts.pictures, counts.correct), (4, 3));
    assert_eq!((counts.over_90, counts.over_90_correct), (2, 1));
    assert_eq!((counts.under_60, counts.under_60_correct), (1, 1));
    assert!((counts.mean_when_correct - 0.75).abs() < 1e-6);
    assert!((counts.mean_when_wrong - 0.92).abs() < 1e-6);
}
