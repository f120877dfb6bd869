//! `graft data`: what is in a folder or table of pictures.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::table::{Align, table};
use super::{keep_together, output, progress};
use crate::analysis::gallery::SplitPicture;
use crate::analysis::suspects::{self, FoundDuplicates, Suspect};
use crate::data::{
    DataError, Dataset, Remark, RemarkKind, Split, SplitIndices, StopFlag, problems, scan, split,
};
use crate::experiment::{DataConfig, DataSource, Experiment, GroupBy, preset};
use crate::format;
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A folder of class folders, of train and test folders, or of a teaching set (CIFAR, MNIST); or a table, or an .npz
    /// file; or a preset, for its pictures without those that it excludes
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Look for the same picture twice: under two classes, or in two parts of the split
    #[arg(long)]
    duplicates: bool,
    /// Write a preset whose split has pictures that look alike in one part: with --duplicates
    #[arg(long, value_name = "PRESET", requires = "duplicates")]
    keep_together: Option<PathBuf>,
    /// Keep together in the split what has this in common: folder:1 (the folder that holds a picture), column:NAME of a
    /// table, or pattern:REGEX in the file's name
    #[arg(long, value_name = "GROUP")]
    group: Option<GroupBy>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn data(arguments: &Arguments) -> anyhow::Result<()> {
    let is_preset = arguments
        .path
        .extension()
        .is_some_and(|extension| extension == "ron");
    let (mut experiment, base) = if is_preset {
        let folder = arguments.path.parent().map(Path::to_path_buf);
        (preset::load(&arguments.path)?, folder)
    } else {
        let mut experiment = Experiment::default();
        experiment.data.source = scan::recognise(&arguments.path)?;
        (experiment, None)
    };
    if let Some(group) = &arguments.group {
        experiment.data.split.group = Some(group.clone());
    }
    for problem in experiment.check() {
        if problem.field.starts_with("data.split") {
            bail!("{} {}", problem.field, problem.message);
        }
    }
    keep_together::check(
        arguments.keep_together.as_ref(),
        &experiment,
        base.as_deref(),
    )?;
    let config = &experiment.data;
    let mut dataset = scan_with_progress(config, base.as_deref(), &StopFlag::default())?;
    if !is_preset {
        let (problems, remarks) = scan::outside(&arguments.path, &config.source);
        dataset.problems.extend(problems);
        dataset.remarks.extend(remarks);
    }
    let split = split_of(&mut dataset, &experiment);
    let found = arguments
        .duplicates
        .then(|| duplicates(&dataset, split.as_ref()))
        .transpose()?;
    let written = match (&arguments.keep_together, &found) {
        (Some(out), Some(found)) => {
            let written = keep_together::write(out, &experiment, base.as_deref(), &found.alike);
            Some(written?)
        }
        _ => None,
    };
    if arguments.json {
        let mut document = as_json(&config.source, &dataset);
        document["split"] = split.as_ref().map_or(serde_json::Value::Null, |split| {
            json!({
                "train": split.train.len(),
                "validation": split.validation.len(),
                "test": split.test.len(),
            })
        });
        if let Some(found) = &found {
            document["duplicates"] = found.pairs.iter().map(duplicate_json).collect();
            document["likely_groups"] = json!(found.likely_groups);
            document["alike"] = json!(found.alike);
        }
        return output::print_json(&document);
    }
    let mut text = as_text(&arguments.path, &config.source, &dataset);
    if let Some(found) = &found {
        text.push_str(&duplicates_text(&found.pairs));
        if let Some(groups) = &found.likely_groups {
            let _ = writeln!(text, "{groups}");
        }
        match written {
            Some(written) => text.push_str(&written),
            None if found.crosses_split() => text.push_str(
                "--keep-together NEW.ron writes a preset whose split has what looks alike in one part\n",
            ),
            None => {}
        }
    }
    output::print(&text)
}

/// The split of a preset, or the one that a new experiment would have; by which rule, and what deserves a look, is added
/// to the remarks.
fn split_of(dataset: &mut Dataset, experiment: &Experiment) -> Option<SplitIndices> {
    match split::split(dataset, experiment) {
        Ok(split) => {
            let mut rule = split::rule(dataset, experiment);
            let whole = experiment.data.split.cross_validation();
            let _ = write!(
                rule.text,
                " {} {}, validation {}, test {}.",
                match whole {
                    Some(_) => "In the first fold, training has",
                    None => "Training has",
                },
                format::count(split.train.len(), "picture", "pictures"),
                format::thousands(split.validation.len() as u64),
                format::thousands(split.test.len() as u64)
            );
            let remarks = split::remarks(dataset, &split, experiment);
            dataset.remarks.push(rule);
            dataset.remarks.extend(remarks);
            Some(split)
        }
        Err(error) => {
            let text = format!("The pictures can't be split: {error}.");
            dataset.remarks.push(Remark::warning(text));
            None
        }
    }
}

/// The same picture in two parts of the split, or under two classes; and how to keep such pictures together, if their
/// names tell it. Where there is no split, what the source leaves open is told as one part.
fn duplicates(dataset: &Dataset, split: Option<&SplitIndices>) -> anyhow::Result<FoundDuplicates> {
    let mut parts: Vec<Split> = dataset
        .pictures
        .iter()
        .map(|picture| picture.split.unwrap_or(Split::Train))
        .collect();
    if let Some(split) = split {
        for (indices, part) in [
            (&split.train, Split::Train),
            (&split.validation, Split::Validation),
            (&split.test, Split::Test),
        ] {
            for &index in indices {
                parts[index] = part;
            }
        }
    }
    let pictures: Vec<SplitPicture> = dataset
        .pictures
        .iter()
        .zip(parts)
        .map(|(picture, split)| SplitPicture {
            name: picture.name.clone(),
            class: dataset.classes[picture.label as usize].clone(),
            split,
            source: picture.source.clone(),
        })
        .collect();
    let bar = progress::bar();
    if let Some(bar) = &bar {
        bar.set_prefix("Looking for duplicates");
    }
    let report = |done: usize, total: usize| {
        if let Some(bar) = &bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    };
    let found = suspects::duplicates(&pictures, &report, &StopFlag::default());
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    Ok(found?)
}

fn duplicate_json(suspect: &Suspect) -> serde_json::Value {
    let picture = |picture: &SplitPicture| json!({"file": picture.name, "class": picture.class, "split": picture.split.name()});
    json!({
        "picture": picture(&suspect.picture),
        "other": suspect.other().map(picture),
        "exact": suspect.is_exact(),
        "reason": suspect.sentence(),
    })
}

fn duplicates_text(found: &[Suspect]) -> String {
    if found.is_empty() {
        return "\nNo picture stands in two parts of the split or under two classes\n".to_owned();
    }
    let mut text = format!(
        "\n{}:\n",
        format::count(found.len(), "duplicate", "duplicates")
    );
    for suspect in found {
        let line = format!("{}: {}", suspect.picture.name, suspect.sentence());
        let _ = writeln!(text, "  {}", shown::line(&line));
    }
    text
}

/// Scans with a bar on the terminal.
pub fn scan_with_progress(
    config: &DataConfig,
    base: Option<&Path>,
    stop: &StopFlag,
) -> Result<Dataset, DataError> {
    let bar = progress::bar();
    if let Some(bar) = &bar {
        bar.set_prefix("Looking at the pictures");
    }
    let report = |done: usize, total: usize| {
        if let Some(bar) = &bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    };
    let dataset = scan::scan(config, base, &report, stop);
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    dataset
}

/// Reasons for passing files over that are shown: what a person reads on one screen.
const REASONS_SHOWN: usize = 12;

/// Counts of one class: all, and those that the source assigns to training, validation and test.
fn counts(dataset: &Dataset, label: usize) -> [usize; 4] {
    let mut counts = [0; 4];
    for picture in dataset
        .pictures
        .iter()
        .filter(|picture| picture.label as usize == label)
    {
        counts[0] += 1;
        match picture.split {
            Some(Split::Train) => counts[1] += 1,
            Some(Split::Validation) => counts[2] += 1,
            Some(Split::Test) => counts[3] += 1,
            None => {}
        }
    }
    counts
}

/// The least, middle and largest of the pictures' sizes, by area.
fn sizes(dataset: &Dataset) -> Option<[(u32, u32); 3]> {
    let mut sizes: Vec<(u32, u32)> = dataset
        .pictures
        .iter()
        .map(|picture| picture.size)
        .collect();
    sizes.sort_unstable_by_key(|&(width, height)| (u64::from(width) * u64::from(height), width));
    Some([
        *sizes.first()?,
        *sizes.get(sizes.len() / 2)?,
        *sizes.last()?,
    ])
}

fn title(source: &DataSource) -> &'static str {
    match source {
        DataSource::Unset => "nothing",
        DataSource::ClassFolders { .. } => "one folder per class",
        DataSource::SplitFolders { .. } => "train, validation and test folders",
        DataSource::Table { .. } => "a table of paths and labels",
        DataSource::Cifar10 { .. } => "CIFAR-10",
        DataSource::Cifar100 { .. } => "CIFAR-100",
        DataSource::Idx { .. } => "a set in MNIST's format",
        DataSource::Arrays { .. } => "NumPy's arrays",
    }
}

/// The title, of those parts of a split that there are.
fn title_of(source: &DataSource, dataset: &Dataset) -> String {
    if !matches!(source, DataSource::SplitFolders { .. }) {
        return title(source).to_owned();
    }
    let parts: Vec<&str> = [Split::Train, Split::Validation, Split::Test]
        .into_iter()
        .filter(|&part| {
            let mut pictures = dataset.pictures.iter();
            pictures.any(|picture| picture.split == Some(part))
        })
        .map(Split::name)
        .collect();
    match parts.as_slice() {
        [] => "folders of a split".to_owned(),
        [only] => format!("{only} folder"),
        [most @ .., last] => format!("{} and {last} folders", most.join(", ")),
    }
}

/// Where the pictures are, if not in the folder itself that was asked about.
fn below(path: &Path, source: &DataSource) -> Option<String> {
    if matches!(source, DataSource::Table { .. }) {
        return None;
    }
    let below = source.folder()?.strip_prefix(path).ok()?;
    (!below.as_os_str().is_empty()).then(|| below.display().to_string())
}

fn as_json(source: &DataSource, dataset: &Dataset) -> serde_json::Value {
    let classes: Vec<serde_json::Value> = dataset
        .classes
        .iter()
        .enumerate()
        .map(|(label, name)| {
            let [all, train, validation, test] = counts(dataset, label);
            json!({"name": name, "count": all, "train": train, "validation": validation, "test": test})
        })
        .collect();
    json!({
        "kind": title(source),
        "pictures": dataset.pictures.len(),
        "classes": classes,
        "sizes": sizes(dataset).map(|[least, median, largest]| json!({
            "smallest": least, "median": median, "largest": largest,
        })),
        "problems": dataset.problems,
        "remarks": dataset.remarks,
    })
}

fn as_text(path: &Path, source: &DataSource, dataset: &Dataset) -> String {
    let location = below(path, source)
        .map_or_else(String::new, |below| format!(", in {}", shown::line(&below)));
    let mut text = format!(
        "{}: {}{location}\n{} in {}",
        shown::line(&path.display().to_string()),
        title_of(source, dataset),
        format::count(dataset.pictures.len(), "picture", "pictures"),
        format::count(dataset.classes.len(), "class", "classes"),
    );
    if let Some([least, median, largest]) = sizes(dataset) {
        let size = |(width, height): (u32, u32)| format!("{width} x {height}");
        if least == largest {
            let _ = write!(text, ", all of {} pixels", size(least));
        } else {
            let _ = write!(
                text,
                ", {} to {} pixels, half below {}",
                size(least),
                size(largest),
                size(median)
            );
        }
    }
    text.push_str("\n\n");
    let assigned = dataset
        .pictures
        .iter()
        .any(|picture| picture.split.is_some());
    let mut header = vec![
        ("class", Align::Left),
        ("pictures", Align::Right),
        ("share", Align::Right),
    ];
    if assigned {
        header.extend([
            ("train", Align::Right),
            ("validation", Align::Right),
            ("test", Align::Right),
        ]);
    }
    let rows: Vec<Vec<String>> = dataset
        .classes
        .iter()
        .enumerate()
        .map(|(label, name)| {
            let [all, rest @ ..] = counts(dataset, label);
            let share = all as f64 / dataset.pictures.len().max(1) as f64;
            let mut row = vec![
                name.clone(),
                format::thousands(all as u64),
                format::percent(share),
            ];
            if assigned {
                row.extend(rest.map(|count| format::thousands(count as u64)));
            }
            row
        })
        .collect();
    text.push_str(&table(&header, &rows));
    if !dataset.remarks.is_empty() {
        text.push('\n');
    }
    for remark in &dataset.remarks {
        let mark = match remark.kind {
            RemarkKind::Taken => "",
            RemarkKind::Warning => "Warning: ",
        };
        let _ = writeln!(text, "{mark}{}", shown::line(&remark.with_field()));
    }
    if !dataset.problems.is_empty() {
        let _ = writeln!(
            text,
            "\n{} skipped:",
            format::files_and_lines(problems::files_and_lines(
                dataset
                    .problems
                    .iter()
                    .map(|problem| problem.reason.as_str())
            ))
        );
        let root = source.folder().unwrap_or(path);
        let lines = problems::lines(&dataset.problems, root, REASONS_SHOWN);
        let is_cut = lines.len() > REASONS_SHOWN;
        for line in lines {
            let _ = writeln!(text, "  {}", shown::line(&line));
        }
        if is_cut
            || problems::grouped(&dataset.problems)
                .iter()
                .any(|group| group.problems.len() > 3)
        {
            text.push_str("  (--json names every one)\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Picture, PictureSource, Problem, Remark};

    fn dataset(split: Option<Split>) -> Dataset {
        let picture = |name: &str, label, size| Picture {
            source: PictureSource::File(name.into()),
            name: name.into(),
            label,
            size,
            split,
            group: None,
        };
        Dataset {
            classes: vec!["cat".into(), "dog".into()],
            pictures: vec![
                picture("a", 0, (10, 20)),
                picture("b", 1, (300, 200)),
                picture("c", 1, (30, 30)),
            ],
            problems: vec![Problem {
                path: "bad.jpg".into(),
                reason: "cut off".into(),
            }],
            excluded: Vec::new(),
            remarks: Vec::new(),
        }
    }

    #[test]
    fn a_folder_is_told_in_numbers() {
        let source = DataSource::ClassFolders {
            path: "pets".into(),
        };
        let text = as_text(Path::new("pets"), &source, &dataset(None));
        assert_eq!(
            text,
            "pets: one folder per class\n\
             3 pictures in 2 classes, 10 x 20 to 300 x 200 pixels, half below 30 x 30\n\n\
             class  pictures   share\n\
             cat           1  33.3 %\n\
             dog           2  66.7 %\n\n\
             1 file skipped:\n  cut off: bad.jpg\n"
        );
        let document = as_json(&source, &dataset(Some(Split::Test)));
        assert_eq!(
            document["classes"][1],
            json!({"name": "dog", "count": 2, "train": 0, "validation": 0, "test": 2})
        );
        assert_eq!(document["sizes"]["largest"], json!([300, 200]));
        assert_eq!(
            document["problems"][0],
            json!({"path": "bad.jpg", "reason": "cut off"})
        );
    }

    #[test]
    fn an_odd_folder_is_told_on_one_screen() {
        let source = DataSource::SplitFolders {
            path: "pets/unpacked".into(),
        };
        let mut odd = dataset(Some(Split::Train));
        odd.pictures[2].split = Some(Split::Test);
        odd.remarks = vec![Remark::taken("A."), Remark::warning("B.")];
        odd.problems = (0..5000)
            .map(|number| Problem {
                path: format!("pets/unpacked/{number}.txt").into(),
                reason: if number < 4900 {
                    "is no picture".into()
                } else {
                    format!("is damaged ({})", "x".repeat(number - 4899))
                },
            })
            .collect();
        let text = as_text(Path::new("pets"), &source, &odd);
        assert!(
            text.starts_with("pets: train and test folders, in unpacked\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "\nA.\nWarning: B.\n\n5,000 files skipped:\n  is no picture (4900 files): 0.txt, 1.txt, 2.txt and \
                 4897 more\n  is damaged (x): 4900.txt\n"
            ),
            "{text}"
        );
        assert!(
            text.ends_with("  and 89 more, for 89 other reasons\n  (--json names every one)\n"),
            "{text}"
        );
        assert!(text.lines().count() < 30);
    }
}
