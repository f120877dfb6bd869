//! A sweep's results as tables for other programs: comma-separated, exact.

use super::SweepReport;
use crate::report::tables::{record, table};
use crate::sweep::CellState;

/// `cells.csv`: a line per cell.
///
/// # Errors
/// What the writer says; memory takes everything.
pub fn cells_table(report: &SweepReport<'_>) -> Result<Vec<u8>, String> {
    let plan = report.plan;
    table(|writer| {
        let columns = [
            "seed",
            "state",
            plan.sweep.goal.column(),
            "best_epoch",
            "epochs",
            "epochs_planned",
            "seconds",
            "tries",
            "reason",
        ];
        let fields = plan.fields.iter().map(String::as_str);
        record(writer, ["cell"].into_iter().chain(fields).chain(columns))?;
        for (cell, status) in plan.cells.iter().zip(report.cells) {
            let reason = match &status.state {
                CellState::Failed(reason) => reason.clone(),
                _ => String::new(),
            };
            let cells = [
                cell.seed.to_string(),
                status.state.name().to_owned(),
                status.goal.map(|goal| goal.to_string()).unwrap_or_default(),
                status
                    .best_epoch
                    .map(|epoch| epoch.to_string())
                    .unwrap_or_default(),
                status.epochs_done.to_string(),
                status.epochs_planned.to_string(),
                status.seconds.to_string(),
                status.tries.to_string(),
                reason,
            ];
            let line = std::iter::once(cell.name.clone());
            record(
                writer,
                line.chain(cell.settings.iter().cloned()).chain(cells),
            )?;
        }
        Ok(())
    })
}
