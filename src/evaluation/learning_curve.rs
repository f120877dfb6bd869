//! A score against the number of training pictures, the curve through it, and what twice as many pictures would bring.
//!
//! The curve is a power law that ends at a limit, `limit - scale * n^-exponent`: what Hestness et al., “Deep Learning Scaling is
//! Predictable, Empirically”, 2017 (arXiv 1712.00409) find over many tasks, and what Viering and Loog, “The Shape of Learning
//! Curves: a Review”, 2021 (arXiv 2103.10948) find to extrapolate best among the forms with few parameters. A curve says what it
//! saw: the band holds chance in the pictures that were drawn and in those that were asked, not other pictures than these.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::Serialize;

use super::bootstrap::{percentiles, resample, resample_within};
use super::{Interval, Tally, wilson};

mod power_law;

use power_law::Observation;
pub use power_law::PowerLaw;

/// Samples that the band rests on.
const RESAMPLES: u32 = 500;
/// Draws all of them.
const SEED: u64 = 0x6c63_7572_7665;
/// Fewer sizes leave nothing to judge three parameters by.
pub const FEWEST_SIZES: usize = 4;
/// Fewer pictures that are asked say too little.
const FEWEST_ASKED: usize = 20;
/// So far a curve is drawn, in numbers of pictures that there are.
pub const MULTIPLE: f64 = 2.0;
/// Where the band is drawn, from the fewest pictures to the most.
const BAND_STEPS: usize = 48;
/// A gain below this share is none.
const LEAST_GAIN: f64 = 0.002;
/// One that surely is below this one is small.
const SMALL_GAIN: f64 = 0.01;
/// One that is known no better than this is not known.
const WIDEST: f64 = 0.12;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurveScore {
    #[default]
    Accuracy,
    /// Every class counts the same.
    MacroF1,
}

impl CurveScore {
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "Accuracy",
            Self::MacroF1 => "Macro-F1",
        }
    }

    fn of(self, tally: &Tally) -> f64 {
        match self {
            Self::Accuracy => tally.accuracy(),
            Self::MacroF1 => tally.macro_f1(),
        }
    }
}

/// Answers of classifiers that have learned from ever more pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CurveAnswers {
    pub classes: usize,
    /// Of each picture that was asked.
    pub truth: Vec<u32>,
    /// From the fewest pictures to the most; the last are all that there are.
    pub sizes: Vec<AnswersOfSize>,
}

/// The answers after learning from one number of pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswersOfSize {
    /// On the average, where folds differ.
    pub pictures: f64,
    /// Of all pictures.
    pub share: f64,
    /// One for each draw of pictures: a class for each picture that was asked.
    pub draws: Vec<Vec<u32>>,
}

/// A learning curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearningCurve {
    pub score: CurveScore,
    /// From the fewest pictures to the most.
    pub points: Vec<LearningPoint>,
    /// Pictures that there are.
    pub now: f64,
    /// Pictures that were asked.
    pub asked: usize,
    /// Nothing where no curve can be told.
    pub fit: Option<CurveFit>,
    pub verdict: CurveVerdict,
}

/// The scores after learning from one number of pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearningPoint {
    pub pictures: f64,
    pub share: f64,
    /// One for each draw.
    pub scores: Vec<f64>,
    pub mean: f64,
    /// On other pictures to ask, and with other draws.
    pub interval: Interval,
}

/// The curve through the points.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurveFit {
    pub law: PowerLaw,
    pub band: Vec<BandPoint>,
    /// With [`MULTIPLE`] times as many pictures.
    pub forecast: f64,
    pub forecast_interval: Interval,
    /// How much more that is than the curve has now.
    pub gain: f64,
    pub gain_interval: Interval,
}

/// The curve and its 95 % band at one number of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BandPoint {
    pub pictures: f64,
    pub value: f64,
    pub interval: Interval,
}

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurveVerdict {
    /// More pictures help, by about the gain.
    Helps,
    /// They help by less than a hundredth, if at all.
    Flat,
    /// Neither can be excluded.
    Unclear,
    /// There are too few pictures to learn from, or to ask.
    TooFew,
}

impl LearningCurve {
    pub fn new(answers: &CurveAnswers, score: CurveScore) -> Self {
        let exact = scores(answers, score, None);
        let samples = sampled(answers, score);
        let mut points = Vec::new();
        for (index, size) in answers.sizes.iter().enumerate() {
            let own = &exact[index];
            let mean = mean(own);
            let mut drawn: Vec<f64> = samples.iter().map(|sample| sample[index]).collect();
            points.push(LearningPoint {
                pictures: size.pictures,
                share: size.share,
                scores: own.clone(),
                mean,
                interval: with_unseen(
                    holding(percentiles(&mut drawn), mean),
                    mean,
                    answers.truth.len(),
                ),
            });
        }
        let now = points.last().map_or(0.0, |point| point.pictures);
        let mut curve = Self {
            score,
            now,
            asked: answers.truth.len(),
            fit: None,
            verdict: CurveVerdict::TooFew,
            points,
        };
        if curve.points.len() >= FEWEST_SIZES && curve.asked >= FEWEST_ASKED {
            curve.fit = curve.fitted(&samples);
            curve.verdict = curve.fit.as_ref().map_or(CurveVerdict::TooFew, verdict);
        }
        curve
    }

    /// The curve through the points, with those through all `samples`.
    fn fitted(&self, samples: &[Vec<f64>]) -> Option<CurveFit> {
        let errors = errors(&self.points);
        let observations = |values: &[f64]| -> Vec<Observation> {
            let all = self.points.iter().zip(values).zip(&errors);
            all.map(|((point, &value), &error)| Observation {
                pictures: point.pictures,
                value,
                error,
            })
            .collect()
        };
        let means: Vec<f64> = self.points.iter().map(|point| point.mean).collect();
        let law = PowerLaw::fit(&observations(&means))?;
        let others: Vec<PowerLaw> = (samples.iter())
            .filter_map(|sample| PowerLaw::fit(&observations(sample)))
            .collect();
        let interval = |value: f64, of: &dyn Fn(&PowerLaw) -> f64| {
            let mut all: Vec<f64> = others.iter().map(of).collect();
            holding(percentiles(&mut all), value)
        };
        let (first, later) = (self.points[0].pictures, MULTIPLE * self.now);
        // The pictures that there are stand in the middle.
        let half = BAND_STEPS / 2;
        let band = (0..=BAND_STEPS).map(|step| {
            let pictures = match step <= half {
                true => first + (self.now - first) * step as f64 / half as f64,
                false => self.now + (later - self.now) * (step - half) as f64 / half as f64,
            };
            let value = law.at(pictures);
            BandPoint {
                pictures,
                value,
                interval: interval(value, &|law| law.at(pictures)),
            }
        });
        let gain_of = |law: &PowerLaw| law.at(later) - law.at(self.now);
        let (forecast, gain) = (law.at(later), gain_of(&law));
        let mut gain_interval = interval(gain, &gain_of);
        // Where all is right now, mistakes may be left that too few pictures were asked to show.
        let last = self.points.last().filter(|last| last.mean >= 1.0);
        if let Some(last) = last {
            gain_interval.high = gain_interval.high.max(1.0 - last.interval.low);
        }
        Some(CurveFit {
            band: band.collect(),
            forecast,
            forecast_interval: interval(forecast, &|law| law.at(later)),
            gain,
            gain_interval,
            law,
        })
    }
}

fn verdict(fit: &CurveFit) -> CurveVerdict {
    let gain = fit.gain_interval;
    match gain {
        _ if gain.high < SMALL_GAIN => CurveVerdict::Flat,
        _ if gain.low >= LEAST_GAIN && gain.high - gain.low <= WIDEST => CurveVerdict::Helps,
        _ => CurveVerdict::Unclear,
    }
}

/// How far each mean can be off by the draw of the pictures that were learned from. Draws from few pictures overlap the more,
/// the larger they are: there are as many different ones as the share goes into all.
fn errors(points: &[LearningPoint]) -> Vec<f64> {
    /// A score of thousands of pictures is not known better than this.
    const LEAST: f64 = 0.002;
    let several = points.iter().filter(|point| point.scores.len() > 1);
    // The variance falls with the number of pictures.
    let scaled: Vec<f64> = several
        .map(|point| {
            let squares = point
                .scores
                .iter()
                .map(|score| (score - point.mean).powi(2));
            squares.sum::<f64>() / (point.scores.len() - 1) as f64 * point.pictures
        })
        .collect();
    let scaled = mean(&scaled);
    let scaled = if scaled.is_finite() { scaled } else { 0.0 };
    let error = |point: &LearningPoint| {
        let different = (1.0 / point.share.max(1e-9)).clamp(1.0, point.scores.len().max(1) as f64);
        let variance = scaled / point.pictures.max(1.0) / different;
        (variance + LEAST * LEAST).sqrt()
    };
    points.iter().map(error).collect()
}

/// Mean scores of all sizes on other pictures to ask and with other draws, sample by sample.
fn sampled(answers: &CurveAnswers, score: CurveScore) -> Vec<Vec<f64>> {
    let asked = answers.truth.len();
    if asked < FEWEST_ASKED {
        return Vec::new();
    }
    let exact: Vec<LearningPoint> = (answers.sizes.iter())
        .zip(scores(answers, score, None))
        .map(|(size, scores)| LearningPoint {
            pictures: size.pictures,
            share: size.share,
            mean: mean(&scores),
            interval: Interval {
                low: 0.0,
                high: 1.0,
            },
            scores,
        })
        .collect();
    let errors = errors(&exact);
    let mut generator = ChaCha8Rng::seed_from_u64(SEED);
    let mut samples = Vec::new();
    let mut sample = |counts: &[u32]| {
        let all = scores(answers, score, Some(counts));
        // A few draws are no sample of all: how far they lie apart at all sizes says how far others would be.
        let of_size = all
            .iter()
            .zip(&errors)
            .map(|(scores, error)| (mean(scores) + error * normal(&mut generator)).clamp(0.0, 1.0));
        samples.push(of_size.collect());
    };
    match score {
        CurveScore::Accuracy => resample(asked, RESAMPLES, SEED, |_, counts| sample(counts)),
        CurveScore::MacroF1 => {
            let mut groups = vec![Vec::new(); answers.classes];
            for (index, &truth) in answers.truth.iter().enumerate() {
                if let Some(group) = groups.get_mut(truth as usize) {
                    group.push(index as u32);
                }
            }
            resample_within(&groups, asked, RESAMPLES, SEED, |_, counts| sample(counts));
        }
    }
    samples
}

/// The score of every draw of every size; `counts`: how often each picture that was asked counts.
fn scores(answers: &CurveAnswers, score: CurveScore, counts: Option<&[u32]>) -> Vec<Vec<f64>> {
    let mut tally = Tally::empty(answers.classes);
    let mut of_draw = |draw: &Vec<u32>| {
        tally.clear();
        for (index, (&truth, &class)) in answers.truth.iter().zip(draw).enumerate() {
            let count = counts.map_or(1, |counts| counts[index]);
            if count > 0 {
                tally.add(truth, class, count.into());
            }
        }
        score.of(&tally)
    };
    let sizes = answers.sizes.iter();
    sizes
        .map(|size| size.draws.iter().map(&mut of_draw).collect())
        .collect()
}

/// No number of none.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// An interval that holds the value itself.
fn holding(interval: Option<Interval>, value: f64) -> Interval {
    let interval = interval.unwrap_or(Interval {
        low: value,
        high: value,
    });
    Interval {
        low: interval.low.min(value),
        high: interval.high.max(value),
    }
}

/// `interval`, and where all of the `asked` answers are right or none is, Wilson's: samples of them never differ, however few
/// they are.
fn with_unseen(interval: Interval, value: f64, asked: usize) -> Interval {
    if value > 0.0 && value < 1.0 {
        return interval;
    }
    let asked = asked as u64;
    let unseen = wilson(if value >= 1.0 { asked } else { 0 }, asked);
    Interval {
        low: interval.low.min(unseen.low),
        high: interval.high.max(unseen.high),
    }
}

/// Standard normal (Box and Muller 1958).
fn normal(generator: &mut ChaCha8Rng) -> f64 {
    let mut unit = || (f64::from(generator.next_u32()) + 0.5) / (f64::from(u32::MAX) + 1.0);
    (-2.0 * unit().ln()).sqrt() * (std::f64::consts::TAU * unit()).cos()
}

#[cfg(test)]
mod tests;
