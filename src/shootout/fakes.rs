//! What tests of shoot-outs begin with: a report without networks, and what was found of one.

use super::report::{EntryOutcome, ShootoutReport};
use crate::evaluation::{Interval, IntervalMethod, Score};

/// Under way, with nothing found.
pub fn report() -> ShootoutReport {
    const EMPTY: &str = r#"{"version": 1, "data": "/pictures/flowers", "pictures": 2099, "classes": ["ill", "well"],
        "withheld_test": 525, "unreadable": 0, "folds": 5, "metric": "accuracy", "stages": 1, "seed": 42,
        "budget_seconds": 600.0, "used_seconds": 142.0, "device": "cpu", "state": "running", "entries": [], "remarks": []}"#;
    serde_json::from_str(EMPTY).unwrap()
}

pub fn score(value: f64, half: f64) -> Score {
    Score {
        value,
        interval: Some(Interval {
            low: value - half,
            high: value + half,
        }),
        method: IntervalMethod::Wilson,
    }
}

/// `memory`: in bytes.
pub fn outcome(accuracy: f64, pictures_per_second: f64, memory: f64) -> EntryOutcome {
    EntryOutcome {
        accuracy: score(accuracy, 0.014),
        macro_f1: score(accuracy - 0.05, 0.02),
        pictures: 2_099,
        features: 1_280,
        feature_seconds: 2_099.0 / pictures_per_second,
        computed: 2_099,
        from_disk: 0,
        head_seconds: 3.2,
        pictures_per_second: Some(pictures_per_second),
        peak_memory_bytes: Some(memory as u64),
        strengths: vec![0.01; 5],
        strength: 0.01,
        remarks: Vec::new(),
    }
}
