use super::*;

/// Answers on `asked` pictures of two classes, of which about `right(pictures)` are right, drawn anew for each of `draws`.
fn answers(sizes: &[f64], asked: usize, draws: usize, right: impl Fn(f64) -> f64) -> CurveAnswers {
    let mut generator = ChaCha8Rng::seed_from_u64(7);
    let truth: Vec<u32> = (0..asked as u32).map(|index| index % 2).collect();
    // How hard each picture is, which all classifiers agree on but for some chance.
    let hard: Vec<f64> = (0..asked)
        .map(|index| (index as f64 * 0.618_034).fract())
        .collect();
    let most = sizes.iter().copied().fold(0.0, f64::max);
    let sizes = sizes
        .iter()
        .map(|&pictures| {
            let is_all = pictures == most;
            let mut draw = || {
                let shift = 0.1 / pictures.sqrt() * normal(&mut generator);
                let share = right(pictures) + shift;
                let each = truth.iter().zip(&hard);
                each.map(|(&truth, &hard)| if hard < share { truth } else { 1 - truth })
                    .collect()
            };
            AnswersOfSize {
                pictures,
                share: pictures / most,
                draws: (0..if is_all { 1 } else { draws })
                    .map(|_| draw())
                    .collect(),
            }
        })
        .collect();
    CurveAnswers {
        classes: 2,
        truth,
        sizes,
    }
}

const SIZES: [f64; 7] = [100.0, 150.0, 200.0, 300.0, 450.0, 700.0, 1000.0];

#[test]
fn a_known_curve_is_extrapolated_within_its_band() {
    let known = |pictures: f64| 0.95 - 2.0 * pictures.powf(-0.5);
    let curve = LearningCurve::new(&answers(&SIZES, 2_000, 5, known), CurveScore::Accuracy);
    let fit = curve.fit.as_ref().unwrap();
    let (later, now) = (known(2_000.0), known(1_000.0));
    assert_eq!(curve.verdict, CurveVerdict::Helps, "{fit:?}");
    let within = |interval: Interval, value: f64| interval.low <= value && value <= interval.high;
    assert!(within(fit.forecast_interval, later), "{fit:?}");
    assert!(within(fit.gain_interval, later - now), "{fit:?}");
    assert!(
        (fit.forecast - later).abs() < 0.015,
        "{} {later}",
        fit.forecast
    );
    assert!(fit.forecast_interval.high - fit.forecast_interval.low < 0.1);
    assert!(fit.forecast <= 1.0 && fit.gain >= 0.0);
    assert_eq!(curve.now, 1_000.0);
    assert_eq!(fit.band.first().unwrap().pictures, 100.0);
    assert_eq!(fit.band.last().unwrap().pictures, 2_000.0);
    for at in &fit.band {
        assert!(within(at.interval, at.value));
    }
    for point in &curve.points {
        assert!(within(point.interval, point.mean));
    }
    assert_eq!(
        curve,
        LearningCurve::new(&answers(&SIZES, 2_000, 5, known), CurveScore::Accuracy)
    );
}

#[test]
fn a_flat_curve_is_told_from_one_that_is_not_known() {
    let flat = |asked, draws| {
        let answers = answers(&SIZES, asked, draws, |_| 0.9);
        LearningCurve::new(&answers, CurveScore::MacroF1)
    };
    let many = flat(4_000, 8);
    assert_eq!(many.verdict, CurveVerdict::Flat, "{:?}", many.fit);
    // Few pictures that jump from draw to draw.
    let sizes = [10.0, 15.0, 20.0, 30.0, 45.0];
    let jumping = answers(&sizes, 40, 3, |pictures| 0.9 - 1.0 / pictures);
    let unclear = LearningCurve::new(&jumping, CurveScore::Accuracy);
    assert_eq!(unclear.verdict, CurveVerdict::Unclear, "{:?}", unclear.fit);
}

#[test]
fn answers_that_are_all_right_leave_the_mistakes_that_few_pictures_hide() {
    let right = |asked| {
        let answers = answers(&SIZES, asked, 2, |_| 2.0);
        LearningCurve::new(&answers, CurveScore::Accuracy)
    };
    let few = right(48);
    let last = few.points.last().unwrap();
    // Wilson's interval of 48 of 48.
    assert_eq!(last.mean, 1.0);
    assert!((last.interval.low - 0.9259).abs() < 1e-4, "{last:?}");
    assert_eq!(few.verdict, CurveVerdict::Unclear, "{:?}", few.fit);
    let gain = few.fit.unwrap().gain_interval;
    assert!((gain.high - (1.0 - 0.9259)).abs() < 1e-4, "{gain:?}");
    assert_eq!(right(1_000).verdict, CurveVerdict::Flat);
}

#[test]
fn too_few_sizes_or_pictures_give_points_and_no_curve() {
    let known = |pictures: f64| 0.95 - 2.0 * pictures.powf(-0.5);
    let few_sizes = answers(&SIZES[..3], 500, 3, known);
    let few_asked = answers(&SIZES, 12, 3, known);
    for (answers, sizes) in [(few_sizes, 3), (few_asked, 7)] {
        let curve = LearningCurve::new(&answers, CurveScore::Accuracy);
        assert_eq!((curve.points.len(), curve.fit), (sizes, None));
        assert_eq!(curve.verdict, CurveVerdict::TooFew);
    }
    let none = LearningCurve::new(&CurveAnswers::default(), CurveScore::Accuracy);
    assert!(none.points.is_empty() && none.fit.is_none());
}

#[test]
fn macro_f1_and_accuracy_differ_where_classes_do() {
    let answers = CurveAnswers {
        classes: 2,
        truth: (0..40).map(|index| u32::from(index >= 30)).collect(),
        sizes: vec![AnswersOfSize {
            pictures: 10.0,
            share: 1.0,
            draws: vec![vec![0; 40]],
        }],
    };
    let mean = |score| LearningCurve::new(&answers, score).points[0].mean;
    assert!((mean(CurveScore::Accuracy) - 0.75).abs() < 1e-12);
    let of_first = 2.0 * 30.0 / (2.0 * 30.0 + 10.0);
    assert!((mean(CurveScore::MacroF1) - of_first / 2.0).abs() < 1e-12);
}
