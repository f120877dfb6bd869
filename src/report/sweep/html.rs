//! The report of a sweep: one HTML file that holds everything it shows, for a browser or a printer.

use super::words::{SettingTexts, field_titles, goal_title};
use super::{SweepReport, goal_text, interval_text, remark, setting_name};
use crate::figures::{Figure, Size};
use crate::format::{self, Align};
use crate::report::ReportError;
use crate::report::html::{STYLE, escape, html_table};
use crate::report::themed::{Palette, inline};
use crate::sweep::CellState;

/// Tells the page from others.
pub(super) const GENERATOR: &str = "Graft’s report of a sweep";

/// Settings that a table of the page holds, at most; the comma-separated table has them all.
const MOST_ROWS: usize = 200;

pub(super) fn page(
    report: &SweepReport<'_>,
    texts: &SettingTexts,
    figures: &[&dyn Figure],
) -> Result<String, ReportError> {
    let mut palette = Palette::default();
    let mut body = format!(
        "<h1>{}</h1>\n<p class=\"muted\">{}</p>\n",
        escape(&report.plan.sweep.name),
        escape(&remark(report))
    );
    body += &verdict(report, texts);
    for figure in figures {
        let svg = inline(*figure, Size::default(), &mut palette)?;
        body += &format!("<figure>\n{svg}\n</figure>\n");
    }
    body += &settings(report, texts);
    body += &failures(report);
    let sweep = report.plan.sweep.to_text();
    body += &format!(
        "<details><summary>The sweep's file</summary>\n<pre>{}</pre>\n</details>\n<p class=\"muted\">Written by Graft {}.</p>\n",
        escape(&sweep),
        env!("CARGO_PKG_VERSION")
    );
    let title = escape(&report.plan.sweep.name);
    let (light, dark) = (palette.light(), palette.dark());
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"{GENERATOR}, {}\">\n<title>{title}</title>\n\
         <style>\n:root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    ))
}

/// The best setting, and what it can't be told from.
fn verdict(report: &SweepReport<'_>, texts: &SettingTexts) -> String {
    let results = report.results;
    let goal = report.plan.sweep.goal;
    let Some(row) = results.best.and_then(|best| results.rows.get(best)) else {
        return "<p>Nothing has been measured yet.</p>\n".to_owned();
    };
    let setting = setting_name(report.plan, texts, row.group);
    let score = row.score.map_or_else(String::new, |score| {
        let interval = score.interval.map_or_else(String::new, |interval| {
            format!(
                " (95 % interval {})",
                interval_text(goal, interval.low, interval.high)
            )
        });
        format!("{}{interval}", goal_text(goal, score.value))
    });
    let others = match results.not_distinguishable.len() {
        0 => String::new(),
        many => format!(
            "<p>{} can't be told from it beyond luck.</p>",
            format::count(many, "other setting", "other settings")
        ),
    };
    format!(
        "<div class=\"verdict\"><p>Best so far: {}, {} {}</p>{others}<p>{}</p></div>\n\
         <p class=\"muted\">Settings are compared on validation pictures. The test pictures are looked at once, for the setting \
         that is chosen.</p>\n",
        escape(&setting),
        goal_title(goal).to_lowercase(),
        escape(&score),
        escape(&results.method),
    )
}

fn settings(report: &SweepReport<'_>, texts: &SettingTexts) -> String {
    let (plan, results) = (report.plan, report.results);
    let goal = plan.sweep.goal;
    let titles = field_titles(plan);
    let mut header: Vec<(&str, Align)> = titles
        .iter()
        .map(|title| (title.as_str(), Align::Left))
        .collect();
    header.extend([
        (goal_title(goal), Align::Right),
        ("95 % interval", Align::Right),
        ("seeds", Align::Right),
        ("epochs", Align::Right),
        ("time", Align::Right),
        ("", Align::Left),
    ]);
    let mut order: Vec<usize> = (results.ranked(goal).into_iter())
        .filter(|&index| results.rows[index].score.is_some())
        .collect();
    let left_out = order.len().saturating_sub(MOST_ROWS);
    order.truncate(MOST_ROWS);
    let rows: Vec<Vec<String>> = (order.iter())
        .map(|&index| {
            let row = &results.rows[index];
            let interval = row.score.and_then(|score| score.interval);
            let mark = if results.best == Some(index) {
                "best"
            } else if results.not_distinguishable.contains(&index) {
                "not distinguishable from the best"
            } else {
                ""
            };
            let values = texts.of_group(row.group).iter().map(|value| escape(value));
            let numbers = [
                row.score
                    .map(|score| goal_text(goal, score.value))
                    .unwrap_or_default(),
                interval
                    .map(|interval| interval_text(goal, interval.low, interval.high))
                    .unwrap_or_default(),
                row.seeds.to_string(),
                row.epochs.to_string(),
                format::duration(row.seconds),
                mark.to_owned(),
            ];
            values.chain(numbers).collect()
        })
        .collect();
    let table = html_table(&header, &rows);
    let note = match left_out {
        0 => String::new(),
        many => format!(
            "<p class=\"muted\">{} further down in settings.csv.</p>\n",
            format::count(many, "setting stands", "settings stand")
        ),
    };
    format!("<h2>Settings</h2>\n{table}\n{note}")
}

fn failures(report: &SweepReport<'_>) -> String {
    let failed = report.plan.cells.iter().zip(report.cells);
    let rows: Vec<Vec<String>> = failed
        .filter_map(|(cell, status)| match &status.state {
            CellState::Failed(reason) => Some(vec![escape(&cell.name), escape(reason)]),
            _ => None,
        })
        .take(MOST_ROWS)
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = [("cell", Align::Left), ("why it failed", Align::Left)];
    let table = html_table(&header, &rows).replace("<td>", "<td class=\"wrap\">");
    format!("<h2>Failed</h2>\n{table}\n")
}
