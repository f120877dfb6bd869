//! What each number may be: the one place that checks, sliders and messages read.

use std::ops::RangeInclusive;

pub const EPOCHS: RangeInclusive<u32> = 1..=10_000;
pub const BATCH_SIZE: RangeInclusive<u32> = 1..=4096;
pub const INPUT_SIZE: RangeInclusive<u32> = 32..=512;
pub const DENSE_UNITS: RangeInclusive<u32> = 1..=16_384;
pub const VIEWS: RangeInclusive<u32> = 1..=64;
pub const LEARNING_RATE: RangeInclusive<f64> = 1e-8..=10.0;
pub const SHARE: RangeInclusive<f64> = 0.0..=0.9;
pub const DROPOUT: RangeInclusive<f64> = 0.0..=0.95;
pub const LABEL_SMOOTHING: RangeInclusive<f64> = 0.0..=0.5;
pub const ROTATION: RangeInclusive<f64> = 0.0..=180.0;
pub const CROP: RangeInclusive<f64> = 0.0..=0.95;
pub const UNIT: RangeInclusive<f64> = 0.0..=1.0;
pub const MOMENTUM: RangeInclusive<f64> = 0.0..=0.9999;
pub const EPSILON: RangeInclusive<f64> = 1e-12..=1.0;
pub const WEIGHT_DECAY: RangeInclusive<f64> = 0.0..=10.0;
pub const WEIGHT_AVERAGING: RangeInclusive<f64> = 0.9..=0.9999;
pub const PATIENCE: RangeInclusive<u32> = 1..=1000;
