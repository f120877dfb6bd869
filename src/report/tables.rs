//! Numbers as tables for other programs: comma-separated, exact.

use crate::evaluation::Interval;
use crate::runs::files::METRICS_COLUMNS;
use crate::spreadsheet::guarded;

use super::comparison::Comparison;

/// Collects a table in memory, where nothing but a mistake of ours can fail.
pub(super) fn table(
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer).map_err(|error| error.to_string())?;
    writer
        .into_inner()
        .map_err(|error| error.error().to_string())
}

/// One line; names are no formulas, whatever they begin with.
pub(super) fn record<T: AsRef<str>>(
    writer: &mut csv::Writer<Vec<u8>>,
    cells: impl IntoIterator<Item = T>,
) -> Result<(), csv::Error> {
    for cell in cells {
        writer.write_field(guarded(cell.as_ref()).as_bytes())?;
    }
    writer.write_record(None::<&[u8]>)
}

/// `comparison.csv`: a line per tested run.
pub(super) fn comparison(comparison: &Comparison) -> Result<Vec<u8>, String> {
    table(|writer| {
        record(
            writer,
            [
                "run",
                "experiment",
                "backbone",
                "accuracy",
                "accuracy_low",
                "accuracy_high",
                "macro_f1",
                "loss",
                "n",
                "trainable_parameters",
                "frozen_parameters",
                "epochs",
                "best_epoch",
                "seconds_total",
                "peak_memory_bytes",
                "peak_card_memory_bytes",
                "seed",
            ],
        )?;
        for (run, tested) in comparison.tested() {
            let (summary, confusion) = (&run.run.summary, &tested.confusion);
            let interval = tested.evaluation.answers.accuracy.interval;
            let end = |end: fn(&Interval) -> f64| {
                (interval.as_ref()).map_or_else(String::new, |interval| end(interval).to_string())
            };
            let whole =
                |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
            record(
                writer,
                [
                    summary.id.clone(),
                    summary.experiment.clone(),
                    summary.backbone.clone(),
                    confusion.accuracy().to_string(),
                    end(|interval| interval.low),
                    end(|interval| interval.high),
                    confusion.macro_f1().to_string(),
                    tested.metrics().loss.to_string(),
                    confusion.total().to_string(),
                    summary.trainable_parameters.to_string(),
                    summary.frozen_parameters.to_string(),
                    run.run.metrics.len().to_string(),
                    whole(summary.kept_epoch().map(u64::from)),
                    summary.seconds_total.to_string(),
                    whole(summary.peak_memory_bytes),
                    whole(summary.peak_card_memory_bytes),
                    whole(summary.seed),
                ],
            )?;
        }
        Ok(())
    })
}

/// `scores.csv`: a line per tested run and score, with its interval where it has one.
pub(super) fn scores(comparison: &Comparison) -> Result<Vec<u8>, String> {
    table(|writer| {
        record(
            writer,
            [
                "run",
                "experiment",
                "score",
                "value",
                "low",
                "high",
                "interval",
            ],
        )?;
        let tested = comparison.tested();
        for line in super::scores::score_lines(comparison) {
            for ((run, _), score) in tested.iter().zip(&line.scores) {
                let Some(score) = score else {
                    continue;
                };
                let bound = |bound: Option<f64>| bound.map(|bound| bound.to_string());
                let interval = score.interval;
                record(
                    writer,
                    [
                        run.run.summary.id.clone(),
                        run.name.clone(),
                        line.key.to_owned(),
                        score.value.to_string(),
                        bound(interval.map(|interval| interval.low)).unwrap_or_default(),
                        bound(interval.map(|interval| interval.high)).unwrap_or_default(),
                        interval.map(|_| score.method.title()).unwrap_or_default(),
                    ],
                )?;
            }
        }
        Ok(())
    })
}

/// `metrics.csv`: a line per run and epoch.
pub(super) fn metrics(comparison: &Comparison) -> Result<Vec<u8>, String> {
    table(|writer| {
        record(
            writer,
            ["run", "experiment"].into_iter().chain(METRICS_COLUMNS),
        )?;
        let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for run in &comparison.runs {
            for epoch in &run.run.metrics {
                record(
                    writer,
                    [
                        run.run.summary.id.clone(),
                        run.name.clone(),
                        epoch.epoch.to_string(),
                        epoch.phase.to_string(),
                        epoch.learning_rate.to_string(),
                        epoch.train_loss.to_string(),
                        epoch.train_accuracy.to_string(),
                        text(epoch.validation_loss),
                        text(epoch.validation_accuracy),
                        text(epoch.validation_macro_f1),
                        epoch.seconds.to_string(),
                    ],
                )?;
            }
        }
        Ok(())
    })
}

/// `predictions.csv`: a line per run and test picture.
pub(super) fn predictions(comparison: &Comparison) -> Result<Vec<u8>, String> {
    table(|writer| {
        let tested = comparison.tested();
        let Some((_, first)) = tested.first() else {
            return record(writer, ["run", "file", "true_class", "predicted_class"]);
        };
        let mut header: Vec<String> = [
            "run",
            "experiment",
            "file",
            "true_class",
            "predicted_class",
            "confidence",
            "right",
        ]
        .map(str::to_owned)
        .to_vec();
        let classes = first.predictions.classes.iter();
        header.extend(classes.map(|class| format!("probability_{class}")));
        record(writer, header)?;
        for (run, tested) in &tested {
            let predictions = &tested.predictions;
            for row in &predictions.rows {
                let predicted = row.predicted();
                let class = |index: u32| &predictions.classes[index as usize];
                let mut record = vec![
                    run.run.summary.id.clone(),
                    run.name.clone(),
                    row.file.clone(),
                    class(row.truth).clone(),
                    class(predicted).clone(),
                    row.probabilities[predicted as usize].to_string(),
                    (predicted == row.truth).to_string(),
                ];
                record.extend(row.probabilities.iter().map(f32::to_string));
                self::record(writer, record)?;
            }
        }
        Ok(())
    })
}

/// `settings.csv`: a line per setting that differs, a column per run.
pub(super) fn settings(comparison: &Comparison) -> Result<Vec<u8>, String> {
    table(|writer| {
        let names = comparison.runs.iter().map(|run| run.name.clone());
        record(writer, std::iter::once("setting".to_owned()).chain(names))?;
        for difference in super::text::setting_differences(comparison) {
            record(
                writer,
                std::iter::once(difference.field).chain(difference.preset_values),
            )?;
        }
        Ok(())
    })
}
