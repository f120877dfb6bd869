//! A phase that came to its end.

/// Its name, its epochs and the seconds that it took.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PhaseSummary {
    pub name: String,
    pub epochs: u32,
    pub seconds: f64,
}
