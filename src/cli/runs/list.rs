//! `graft runs list`.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::output;
use crate::app::core::clock;
use crate::format::{self, Align, table};
use crate::runs::names::without_number;
use crate::runs::{RunState, RunSummary, listing, store};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Archived ones too
    #[arg(long)]
    all: bool,
    /// What they are sorted by; pinned ones stand first
    #[arg(long, value_enum, default_value_t = Sort::Started)]
    sort: Sort,
    /// Only runs with this tag; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Only runs with these words in their name, experiment, backbone, note or tags
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    /// The latest first
    Started,
    /// The highest number first
    Number,
    Name,
    /// The most test pictures right first
    Accuracy,
    /// The lowest first
    Loss,
    /// The quickest first
    Seconds,
    /// The largest first
    Size,
}

pub fn list(runs: &Path, arguments: &Arguments, json: bool) -> anyhow::Result<()> {
    let all = store::list(runs);
    let names = listing::names_of(&all);
    let bytes: u64 = all.iter().map(|run| run.listed.bytes).sum();
    let mut rows: Vec<(RunSummary, String)> = all.into_iter().zip(names).collect();
    let archived = rows
        .iter()
        .filter(|(run, _)| run.listed.annotations.archived)
        .count();
    rows.retain(|(run, name)| is_wanted(run, name, arguments));
    sort(&mut rows, arguments.sort);
    for (run, _) in &rows {
        if let Some(problem) = &run.listed.problem {
            output::warn(problem);
        }
    }
    if json {
        let rows: Vec<_> = rows.iter().map(|(run, name)| document(run, name)).collect();
        return output::print_json(&json!({
            "runs_folder": shown::path(runs),
            "bytes": bytes,
            "runs": rows,
        }));
    }
    let hidden = if arguments.all { 0 } else { archived };
    let mut text = String::new();
    if rows.is_empty() {
        text += "No runs\n";
    } else {
        let header = [
            ("Run", Align::Left),
            ("Accuracy", Align::Right),
            ("Loss", Align::Right),
            ("Time", Align::Right),
            ("Size", Align::Right),
            ("Started", Align::Left),
            ("State", Align::Left),
            ("Tags", Align::Left),
        ];
        let rows: Vec<Vec<String>> = rows.iter().map(|(run, name)| cells(run, name)).collect();
        text += &table(&header, &rows);
    }
    text += &format!(
        "\n{} in {}",
        format::bytes(bytes),
        shown::line(&runs.display().to_string())
    );
    if hidden > 0 {
        text += &format!(
            "; {} left out (--all lists them)",
            format::count(hidden, "archived run is", "archived runs are")
        );
    }
    output::print(&(text + "\n"))
}

fn is_wanted(run: &RunSummary, name: &str, wanted: &Arguments) -> bool {
    let said = &run.listed.annotations;
    let words = format!(
        "{name} {} {} {} {}",
        run.experiment,
        run.backbone,
        said.note,
        said.tags.join(" ")
    )
    .to_lowercase();
    let search = wanted.search.as_deref().unwrap_or_default().to_lowercase();
    (wanted.all || !said.archived)
        && wanted.tag.iter().all(|tag| said.tags.contains(tag))
        && search.split_whitespace().all(|word| words.contains(word))
}

fn sort(rows: &mut [(RunSummary, String)], by: Sort) {
    let accuracy = |run: &RunSummary| run.test.as_ref().map_or(-1.0, |test| test.accuracy);
    let loss = |run: &RunSummary| run.test.as_ref().map_or(f64::INFINITY, |test| test.loss);
    match by {
        // As they are listed.
        Sort::Started => {}
        Sort::Number => {
            rows.sort_by_key(|(run, _)| std::cmp::Reverse(run.listed.annotations.number));
        }
        Sort::Name => rows.sort_by_key(|(_, name)| without_number(name).to_lowercase()),
        Sort::Accuracy => rows.sort_by(|(a, _), (b, _)| accuracy(b).total_cmp(&accuracy(a))),
        Sort::Loss => rows.sort_by(|(a, _), (b, _)| loss(a).total_cmp(&loss(b))),
        Sort::Seconds => rows.sort_by(|(a, _), (b, _)| a.seconds_total.total_cmp(&b.seconds_total)),
        Sort::Size => rows.sort_by_key(|(run, _)| std::cmp::Reverse(run.listed.bytes)),
    }
    rows.sort_by_key(|(run, _)| !run.listed.annotations.pinned);
}

fn cells(run: &RunSummary, name: &str) -> Vec<String> {
    let said = &run.listed.annotations;
    let test = run.test.as_ref();
    let mut tags = said.tags.clone();
    tags.extend(said.pinned.then(|| "(pinned)".to_owned()));
    tags.extend(said.archived.then(|| "(archived)".to_owned()));
    vec![
        name.to_owned(),
        test.map_or_else(|| "–".to_owned(), |test| format::percent(test.accuracy)),
        test.map_or_else(|| "–".to_owned(), |test| format::loss(test.loss)),
        format::duration(run.seconds_total),
        format::bytes(run.listed.bytes),
        format::ago(run.started, clock::now()),
        match run.folds {
            Some(folds) => format!("{}, {folds} folds", state(&run.state)),
            None => state(&run.state).to_owned(),
        },
        tags.join(", "),
    ]
}

fn state(state: &RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Finished => "finished",
        RunState::Stopped => "stopped",
        RunState::Failed(_) => "failed",
        RunState::Interrupted => "interrupted",
    }
}

fn document(run: &RunSummary, name: &str) -> serde_json::Value {
    let said = &run.listed.annotations;
    let reason = match &run.state {
        RunState::Failed(reason) => Some(reason),
        _ => None,
    };
    json!({
        "run": shown::path(&run.listed.folder),
        "id": run.id,
        "number": said.number,
        "name": name,
        "given_name": said.name,
        "experiment": run.experiment,
        "backbone": run.backbone,
        "seed": run.seed,
        "folds": run.folds,
        "state": state(&run.state),
        "reason": reason,
        "started": run.started,
        "seconds": run.seconds_total,
        "test": run.test,
        "bytes": run.listed.bytes,
        "note": said.note,
        "tags": said.tags,
        "pinned": said.pinned,
        "archived": said.archived,
    })
}
