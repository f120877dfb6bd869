//! Results as a table for other programs.

use std::io;

use super::Results;
use crate::spreadsheet::guarded;
use crate::sweep::plan::Plan;

impl Results {
    /// One line for each setting, in the plan's order: what varies, the goal's mean and interval, and what it took.
    ///
    /// # Errors
    /// None that writing into memory gives.
    pub fn to_csv(&self, plan: &Plan) -> io::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut header: Vec<String> = plan.fields.clone();
        header.extend(
            [
                plan.sweep.goal.column(),
                "low",
                "high",
                "interval",
                "seeds",
                "complete",
                "epochs",
                "seconds",
                "best",
                "not_distinguishable_from_best",
                "folders",
            ]
            .map(str::to_owned),
        );
        writer.write_record(&header)?;
        for (index, row) in self.rows.iter().enumerate() {
            let mut record: Vec<String> = (row.settings.iter())
                .map(|value| guarded(value.trim_matches('"')).into_owned())
                .collect();
            let interval = row.score.and_then(|score| score.interval);
            let number =
                |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
            record.push(number(row.score.map(|score| score.value)));
            record.push(number(interval.map(|interval| interval.low)));
            record.push(number(interval.map(|interval| interval.high)));
            let method = (row.score).filter(|score| score.interval.is_some());
            record.push(method.map_or(String::new(), |score| score.method.title()));
            record.push(row.seeds.to_string());
            record.push(row.is_complete.to_string());
            record.push(row.epochs.to_string());
            record.push(format!("{:.3}", row.seconds));
            record.push((self.best == Some(index)).to_string());
            record.push(self.not_distinguishable.contains(&index).to_string());
            let folders: Vec<&str> = (row.cells.iter())
                .map(|&cell| plan.cells[cell].name.as_str())
                .collect();
            record.push(folders.join(" "));
            writer.write_record(&record)?;
        }
        writer.into_inner().map_err(|error| error.into_error())
    }
}
