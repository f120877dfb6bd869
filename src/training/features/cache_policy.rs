//! Whether rows are worth room on the disk: where reading one is dearer than computing it again, it is computed.
//!
//! Rows are largest and cheapest near the pictures, so where reading the deepest ones does not pay, no others do.

use std::time::Duration;

use crate::format;

/// Bytes per second that rows come back with at least, from a drive that is not the newest.
pub(in crate::training) const READING_BYTES_PER_SECOND: f64 = 500e6;

/// One row, read or computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Costs {
    pub bytes: u64,
    pub reading_seconds: f64,
    pub computing_seconds: f64,
}

impl Costs {
    /// Of rows of `bytes` that cost `share` of a pass, 0 to 1, which took `took` for `rows` rows; `reading`: bytes per
    /// second.
    pub fn measured(bytes: u64, share: f64, rows: usize, took: Duration, reading: f64) -> Self {
        Self {
            bytes,
            reading_seconds: bytes as f64 / reading,
            computing_seconds: share * took.as_secs_f64() / rows.max(1) as f64,
        }
    }

    pub fn is_worth_keeping(&self) -> bool {
        self.reading_seconds < self.computing_seconds
    }

    /// For the log.
    pub fn line(&self) -> String {
        let millis = |seconds: f64| format!("{:.2} ms", seconds * 1e3);
        format!(
            "The frozen part’s output, {} a picture, {}: reading one takes about {}, computing it {}",
            format::bytes(self.bytes),
            if self.is_worth_keeping() {
                "is kept on disk"
            } else {
                "is not kept on disk"
            },
            millis(self.reading_seconds),
            millis(self.computing_seconds),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dearer_to_read_than_to_compute_is_computed() {
        // 32 pictures in 0.8 s, 25 ms each: pooled features are read in 10 µs.
        let batch = Duration::from_millis(800);
        let pooled = Costs::measured(5_120, 1.0, 32, batch, READING_BYTES_PER_SECOND);
        assert!(pooled.is_worth_keeping());
        assert_eq!(
            pooled.line(),
            "The frozen part’s output, 5.12 kB a picture, is kept on disk: reading one takes about 0.01 ms, computing it 25.00 ms"
        );
        // The stem's grid, 64 x 112 x 112: 6.4 ms to read; a fortieth of the work, 0.6 ms, to compute.
        let stem = Costs::measured(
            64 * 112 * 112 * 4,
            0.025,
            32,
            batch,
            READING_BYTES_PER_SECOND,
        );
        assert!(!stem.is_worth_keeping());
        assert!(
            stem.line().contains("is not kept on disk"),
            "{}",
            stem.line()
        );
        // The same grid on a machine ten times as slow.
        let slow = Costs::measured(
            64 * 112 * 112 * 4,
            0.025,
            32,
            20 * batch,
            READING_BYTES_PER_SECOND,
        );
        assert!(slow.is_worth_keeping());
    }
}
