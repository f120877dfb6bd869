//! The range of every number in an experiment, stated once: the check refuses what lies outside,
//! and the window's sliders end here.

use std::ops::RangeInclusive;

/// Characters in the experiment's name: it becomes part of a folder's name.
pub const NAME_CHARACTERS: RangeInclusive<usize> = 1..=120;

pub const VALIDATION_SHARE: RangeInclusive<f64> = 0.0..=0.9;
pub const TEST_SHARE: RangeInclusive<f64> = 0.0..=0.9;
/// What validation and test together must leave to train on, as a share of all pictures.
pub const LEAST_TRAIN_SHARE: f64 = 0.05;
/// Of a cross-validation.
pub const FOLDS: RangeInclusive<u32> = 2..=20;
/// Folders above a picture, for groups.
pub const FOLDER_LEVEL: RangeInclusive<usize> = 1..=16;
pub const LIMIT: RangeInclusive<usize> = 1..=100_000_000;

/// The side of the input square in pixels; a backbone may narrow it further.
pub const INPUT_SIZE: RangeInclusive<u32> = 32..=1024;
/// Of a channel's values from 0 to 1.
pub const CHANNEL_MEAN: RangeInclusive<f64> = 0.0..=1.0;
pub const CHANNEL_STD: RangeInclusive<f64> = 0.001..=10.0;
pub const FREE_LAYERS: RangeInclusive<usize> = 0..=100_000;

/// Stages of the backbone whose features the head takes.
pub const HEAD_STAGES: RangeInclusive<u32> = 1..=16;
pub const HEAD_LAYERS: RangeInclusive<usize> = 0..=16;
pub const UNITS: RangeInclusive<u32> = 1..=16_384;
pub const DROPOUT: RangeInclusive<f64> = 0.0..=0.95;

pub const CACHED_VIEWS: RangeInclusive<u32> = 1..=64;
/// Degrees either way.
pub const ROTATION: RangeInclusive<f64> = 0.0..=180.0;
pub const ZOOM: RangeInclusive<f64> = 0.0..=0.9;
pub const TRANSLATION: RangeInclusive<f64> = 0.0..=0.9;
pub const CROP: RangeInclusive<f64> = 0.0..=0.95;
pub const CONTRAST: RangeInclusive<f64> = 0.0..=1.0;
pub const BRIGHTNESS: RangeInclusive<f64> = 0.0..=1.0;
pub const COLOR_JITTER: RangeInclusive<f64> = 0.0..=1.0;
pub const CUTOUT: RangeInclusive<f64> = 0.0..=0.9;
/// Alpha of mixup and of CutMix; 0 mixes nothing.
pub const MIXING_ALPHA: RangeInclusive<f64> = 0.0..=4.0;

pub const BATCH_SIZE: RangeInclusive<u32> = 1..=4096;
pub const LABEL_SMOOTHING: RangeInclusive<f64> = 0.0..=0.5;
pub const CLASS_WEIGHT: RangeInclusive<f64> = 0.001..=1000.0;
pub const PATIENCE: RangeInclusive<u32> = 1..=10_000;
pub const MIN_DELTA: RangeInclusive<f64> = 0.0..=1.0;
pub const WEIGHT_AVERAGING: RangeInclusive<f64> = 0.9..=0.9999;

pub const PHASES: RangeInclusive<usize> = 1..=20;
pub const EPOCHS: RangeInclusive<u32> = 1..=10_000;
/// More than 0: a rate of 0 trains nothing and is better said by freezing.
pub const LEARNING_RATE: RangeInclusive<f64> = 1e-12..=10.0;
/// A layer's share of the phase's rate.
pub const LAYER_RATE: RangeInclusive<f64> = 0.0..=100.0;
pub const LOWEST_LAYER_RATE: RangeInclusive<f64> = 1e-6..=1.0;

pub const MOMENTUM: RangeInclusive<f64> = 0.0..=0.9999;
/// Adam's two decay rates and RMSprop's alpha: 1 would never forget, and divide by zero.
pub const DECAY_RATE: RangeInclusive<f64> = 0.0..=0.999_999;
pub const EPSILON: RangeInclusive<f64> = 1e-16..=1.0;
pub const WEIGHT_DECAY: RangeInclusive<f64> = 0.0..=1.0;
/// Of logistic regression, scikit-learn's C.
pub const INVERSE_PENALTY: RangeInclusive<f64> = 1e-8..=1e8;

pub const STEP_EPOCHS: RangeInclusive<u32> = 1..=10_000;
pub const STEP_FACTOR: RangeInclusive<f64> = 1e-6..=1.0;
pub const FINAL_FACTOR: RangeInclusive<f64> = 0.0..=1.0;
/// A share of the steps, more than none and less than all.
pub const RISE: RangeInclusive<f64> = 0.001..=0.999;
pub const START_DIVISOR: RangeInclusive<f64> = 1.0..=1e9;
pub const FINAL_DIVISOR: RangeInclusive<f64> = 1.0..=1e12;
