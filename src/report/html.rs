//! The report: one HTML file that holds everything it shows, for a browser or a printer.

use std::fmt::Write;
use std::path::Path;

use crate::evaluation::{ClassReport, ClassificationReport, Decision};
use crate::export::described::Described;
use crate::figures::Size;
use crate::format::{self, Align};
use crate::runs::{RunState, files};
use crate::shown;

use super::ReportError;
use super::comparison::{ComparedRun, Comparison};
use super::figures::{FigureKind, Named};
use super::model_card::{Exported, ModelCard};
use super::scores::{interval_remarks, score_lines};
use super::text::{
    RESULT_COLUMNS, columns_remark, result_lines, results_title, setting_differences,
};
use super::themed::{Palette, inline};

pub(super) const STYLE: &str = include_str!("report.css");

/// Writes the document. Its figures are light or dark as the reader's screen is.
/// `notes` are sentences about what is missing. `progress` hears after each figure; false stops.
pub(super) fn html(
    comparison: &Comparison,
    figures: &[Named],
    notes: &[String],
    size: Size,
    progress: &mut dyn FnMut() -> bool,
) -> Result<String, ReportError> {
    let mut page = Page {
        comparison,
        figures,
        size,
        progress,
        palette: Palette::default(),
        body: String::new(),
    };
    page.head();
    page.results()?;
    page.settings();
    for (run_index, run) in comparison.runs.iter().enumerate() {
        page.run(run_index, run)?;
    }
    page.data()?;
    page.foot(notes);
    let title = escape(&comparison.title());
    let (light, dark) = (page.palette.light(), page.palette.dark());
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"Graft {}\">\n<title>{title}</title>\n\
         <style>\n:root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        page.body
    ))
}

struct Page<'a> {
    comparison: &'a Comparison,
    figures: &'a [Named],
    size: Size,
    progress: &'a mut dyn FnMut() -> bool,
    palette: Palette,
    body: String,
}

impl Page<'_> {
    fn say(&mut self, html: &str) {
        self.body.push_str(html);
        self.body.push('\n');
    }

    fn head(&mut self) {
        let comparison = self.comparison;
        let title = escape(&comparison.title());
        self.say(&format!("<h1>{title}</h1>"));
        if let Some(first) = comparison.runs.first() {
            let summary = &first.run.summary;
            let line = format!(
                "{} to train on, {} to validate with, {} to test on; {}",
                format::count(summary.train_pictures, "picture", "pictures"),
                format::thousands(summary.validation_pictures as u64),
                format::thousands(summary.test_pictures as u64),
                format::count(summary.classes.len(), "class", "classes"),
            );
            self.say(&format!("<p class=\"muted\">{}</p>", escape(&line)));
        }
        let verdict = super::verdict::sentences(comparison);
        if !verdict.is_empty() {
            let sentences: String = verdict
                .iter()
                .map(|sentence| format!("<p>{}</p>", escape(sentence)))
                .collect();
            self.say(&format!("<div class=\"verdict\">{sentences}</div>"));
        }
        let mut links = vec![("results".to_owned(), "Results".to_owned())];
        if comparison.is_several() {
            links.push(("settings".to_owned(), "Settings that differ".to_owned()));
        }
        for (run_index, run) in comparison.runs.iter().enumerate() {
            links.push((format!("run-{}", run_index + 1), run.name.clone()));
        }
        links.push(("data".to_owned(), "Data".to_owned()));
        let links: String = links
            .iter()
            .map(|(id, name)| format!("<a href=\"#{id}\">{}</a>", escape(name)))
            .collect::<Vec<_>>()
            .join("\n");
        self.say(&format!("<nav>\n{links}\n</nav>"));
    }

    fn results(&mut self) -> Result<(), ReportError> {
        let title = escape(&results_title(self.comparison));
        self.say(&format!("<h2 id=\"results\">{title}</h2>"));
        let rows: Vec<Vec<String>> = result_lines(self.comparison)
            .iter()
            .map(|line| {
                std::iter::once(run_name(line.run))
                    .chain(line.values.iter().map(|value| escape(value)))
                    .collect()
            })
            .collect();
        let table = html_table(&RESULT_COLUMNS, &rows);
        self.say(&table);
        let remark = columns_remark(self.comparison);
        self.say(&format!("<p class=\"muted\">{}</p>", escape(&remark)));
        self.scores();
        for kind in FigureKind::ALL
            .into_iter()
            .filter(|kind| !kind.is_about_data())
        {
            self.figures_of(kind, None)?;
        }
        Ok(())
    }

    fn scores(&mut self) {
        let tested = self.comparison.tested();
        let header: Vec<(&str, Align)> = std::iter::once(("score", Align::Left))
            .chain(
                tested
                    .iter()
                    .map(|(run, _)| (run.name.as_str(), Align::Right)),
            )
            .collect();
        let rows: Vec<Vec<String>> = score_lines(self.comparison)
            .iter()
            .map(|line| {
                std::iter::once(line.name.to_owned())
                    .chain(line.texts().iter().map(|text| escape(text)))
                    .collect()
            })
            .collect();
        let table = html_table(&header, &rows);
        self.say("<h3>Scores</h3>");
        self.say(&table);
        for remark in interval_remarks(self.comparison) {
            self.say(&format!("<p class=\"muted\">{}</p>", escape(&remark)));
        }
    }

    fn settings(&mut self) {
        if !self.comparison.is_several() {
            return;
        }
        self.say("<h2 id=\"settings\">Settings that differ</h2>");
        let differences = setting_differences(self.comparison);
        if differences.is_empty() {
            self.say("<p>None: the runs carried out the same experiment.</p>");
            return;
        }
        let header: Vec<(&str, Align)> = std::iter::once(("setting", Align::Left))
            .chain(
                self.comparison
                    .runs
                    .iter()
                    .map(|run| (run.name.as_str(), Align::Left)),
            )
            .collect();
        let rows: Vec<Vec<String>> = differences
            .into_iter()
            .map(|difference| {
                std::iter::once(format!(
                    "<span title=\"{}\">{}</span>",
                    escape(&difference.field),
                    escape(&difference.label)
                ))
                .chain(difference.values.iter().map(|value| escape(value)))
                .collect()
            })
            .collect();
        let table = html_table(&header, &rows).replace("<td>", "<td class=\"wrap\">");
        self.say(&table);
    }

    fn run(&mut self, run_index: usize, run: &ComparedRun) -> Result<(), ReportError> {
        let heading = format!("<h2 id=\"run-{}\">{}</h2>", run_index + 1, run_name(run));
        self.say(&heading);
        let summary = &run.run.summary;
        let state = match &summary.state {
            RunState::Finished => String::new(),
            RunState::Running => ", still training".to_owned(),
            RunState::Stopped => ", stopped before its end".to_owned(),
            RunState::Interrupted => ", interrupted".to_owned(),
            RunState::Failed(reason) => format!(", failed: {reason}"),
        };
        let line = format!(
            "{}, {}, begun {}, {} on {}, Graft {}{state}",
            summary.backbone,
            format::count(run.run.metrics.len(), "epoch", "epochs"),
            format::utc_time(summary.started),
            format::duration(summary.seconds_total),
            summary.device,
            summary.graft_version,
        );
        self.say(&format!("<p class=\"muted\">{}</p>", escape(&line)));
        if let Some(finding) = super::text::finding(run) {
            self.say(&format!("<p>{}</p>", escape(&finding)));
        }
        self.figures_of(FigureKind::Curves, Some(run_index))?;
        if let Some(tested) = &run.tested {
            self.say("<h3>Classification report</h3>");
            let table = report_table(&ClassificationReport::new(&tested.confusion));
            self.say(&table);
        }
        self.say("<div class=\"pair\">");
        self.figures_of(FigureKind::Confusion, Some(run_index))?;
        self.figures_of(FigureKind::ConfusionShares, Some(run_index))?;
        self.say("</div>");
        for kind in [
            FigureKind::Gallery,
            FigureKind::Freeze,
            FigureKind::Movement,
        ] {
            self.figures_of(kind, Some(run_index))?;
        }
        if let Some(card) = model_card(run) {
            self.say(&format!(
                "<details><summary>Model card</summary>\n{card}\n</details>"
            ));
        }
        let folder = escape(&run.run.folder.display().to_string());
        self.say(&format!(
            "<p class=\"muted\">Its folder: <code>{folder}</code></p>"
        ));
        if let Some(preset) = preset_text(&run.run.folder) {
            self.say(&format!(
                "<details><summary>The exact experiment</summary>\n<pre>{}</pre>\n</details>",
                escape(&preset)
            ));
        }
        Ok(())
    }

    fn data(&mut self) -> Result<(), ReportError> {
        let any = self.figures.iter().any(|named| named.kind.is_about_data());
        if !any {
            return Ok(());
        }
        self.say("<h2 id=\"data\">Data</h2>");
        for kind in FigureKind::ALL
            .into_iter()
            .filter(|kind| kind.is_about_data())
        {
            self.figures_of(kind, None)?;
        }
        Ok(())
    }

    fn foot(&mut self, notes: &[String]) {
        for note in notes {
            self.say(&format!("<p class=\"muted\">{}</p>", escape(note)));
        }
        self.say(&format!(
            "<p class=\"muted\">Written by Graft {}.</p>",
            env!("CARGO_PKG_VERSION")
        ));
    }

    fn figures_of(&mut self, kind: FigureKind, run: Option<usize>) -> Result<(), ReportError> {
        let figures = self.figures;
        for named in figures
            .iter()
            .filter(|named| named.kind == kind && named.run == run)
        {
            let svg = inline(named.figure.as_ref(), self.size, &mut self.palette)?;
            self.say(&format!("<figure>\n{svg}\n</figure>"));
            if !(self.progress)() {
                return Err(ReportError::Stopped { files: 0 });
            }
        }
        Ok(())
    }
}

/// The name with the run's colour before it.
fn run_name(run: &ComparedRun) -> String {
    let (red, green, blue) = run.color;
    format!(
        "<span class=\"chip\" style=\"background:#{red:02x}{green:02x}{blue:02x}\"></span>{}",
        escape(&run.name)
    )
}

/// A table of cells that are HTML already, under headers that are not.
pub(super) fn html_table(header: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let class = |align: &Align| match align {
        Align::Left => "",
        Align::Right => " class=\"number\"",
    };
    let mut html = String::from("<div class=\"table\"><table>\n<thead><tr>");
    for (name, align) in header {
        let _ = write!(
            html,
            "<th scope=\"col\"{}>{}</th>",
            class(align),
            escape(name)
        );
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (cell, (_, align)) in row.iter().zip(header) {
            let _ = write!(html, "<td{}>{cell}</td>", class(align));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>");
    html
}

/// scikit-learn's classification report as a table, with three digits.
fn report_table(report: &ClassificationReport) -> String {
    let line = |class: &ClassReport| {
        vec![
            escape(&class.name),
            format::score(class.precision),
            format::score(class.recall),
            format::score(class.f1),
            format::thousands(class.support),
        ]
    };
    let mut rows: Vec<Vec<String>> = report.classes.iter().map(line).collect();
    rows.push(vec![
        "accuracy".to_owned(),
        String::new(),
        String::new(),
        format::score(report.accuracy),
        format::thousands(report.macro_average.support),
    ]);
    rows.push(line(&report.macro_average));
    rows.push(line(&report.weighted_average));
    let header = [
        ("class", Align::Left),
        ("precision", Align::Right),
        ("recall", Align::Right),
        ("f1-score", Align::Right),
        ("support", Align::Right),
    ];
    html_table(&header, &rows)
}

/// Text for HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in shown::lines(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// What a run's network is, for whoever uses it. Where its preset names what there is not any more, there is none.
fn model_card(run: &ComparedRun) -> Option<String> {
    let (name, stored) = (run.name.clone(), run.run.clone());
    let described =
        Described::of(name, stored, run.experiment.clone(), Decision::default()).ok()?;
    Some(ModelCard::new(run.tested.as_ref(), &described, &Exported::default()).html())
}

/// The preset's text as it stands in a run's folder.
fn preset_text(run: &Path) -> Option<String> {
    let bytes = files::read(&run.join(files::PRESET)).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escape("<script>alert('x & \"y\"')</script>"),
            "&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;"
        );
    }

    #[test]
    fn the_style_names_nothing_outside() {
        for foreign in ["url(", "@import", "http:", "https:"] {
            assert!(!STYLE.contains(foreign), "{foreign}");
        }
    }
}
