//! `groups.csv`: which pictures of a run belong together, by their names: `file,group`. Runs whose pictures have no groups have no
//! such file, and runs of versions that kept none are taken as theirs.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{RunError, files};
use crate::data::{Dataset, SplitIndices};
use crate::evaluation::{Groups, Predictions, Score};
use crate::ordinary_file;
use crate::spreadsheet::{guarded, unguarded};

/// The file in a run's folder.
pub const FILE: &str = "groups.csv";
const COLUMNS: [&str; 2] = ["file", "group"];
const REMEDY: &str = "put back the file that Graft wrote, or take it away: intervals and tests then count picture by picture";

/// What a run's summary says of the groups of its test pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestGroups {
    /// With its interval over groups.
    pub accuracy: Score,
    /// The group of each test picture as a number, in the order of the pictures' names, with how often it follows: `0x3,1x12,0`.
    /// Empty where it is not known.
    pub numbers: String,
}

impl TestGroups {
    /// Nothing where no picture has a group.
    pub fn new(predictions: &Predictions) -> Option<Self> {
        let mut files: Vec<&str> = (predictions.rows.iter())
            .map(|row| row.file.as_str())
            .collect();
        files.sort_unstable();
        let numbers = predictions.groups.numbers(files)?;
        let runs: Vec<String> = numbers
            .chunk_by(|a, b| a == b)
            .map(|run| match run {
                [alone] => alone.to_string(),
                run => format!("{}x{}", run[0], run.len()),
            })
            .collect();
        Some(Self {
            accuracy: predictions.accuracy(),
            numbers: runs.join(","),
        })
    }

    /// The group of each of so many test pictures, in the order of their names; nothing where it is not known.
    pub fn numbers(&self, pictures: usize) -> Option<Vec<u32>> {
        let mut numbers = Vec::new();
        for run in self.numbers.split(',') {
            let (number, times) = run.split_once('x').unwrap_or((run, "1"));
            let times: usize = times.parse().ok()?;
            if times > pictures.checked_sub(numbers.len())? {
                return None;
            }
            let number: u32 = number.parse().ok()?;
            // There are no more groups than pictures.
            if number as usize >= pictures {
                return None;
            }
            numbers.resize(numbers.len() + times, number);
        }
        (numbers.len() == pictures).then_some(numbers)
    }
}

/// The file's bytes; nothing where no picture of the split has a group.
///
/// # Errors
/// When a line can't be written, which memory always can.
pub(super) fn bytes(dataset: &Dataset, split: &SplitIndices) -> Result<Option<Vec<u8>>, RunError> {
    let pictures = || {
        split
            .all()
            .into_iter()
            .map(|index| &dataset.pictures[index])
    };
    if pictures().all(|picture| picture.group.is_none()) {
        return Ok(None);
    }
    let bytes = files::table(FILE, |writer| {
        writer.write_record(COLUMNS)?;
        for picture in pictures() {
            if let Some(group) = &picture.group {
                writer
                    .write_record([guarded(&picture.name).as_bytes(), guarded(group).as_bytes()])?;
            }
        }
        Ok(())
    })?;
    Ok(Some(bytes))
}

/// Which pictures of the run in `folder` belong together, as far as it says.
///
/// # Errors
/// Naming the file, where it is there and is none.
pub fn read(folder: &Path) -> Result<Groups, RunError> {
    let path = folder.join(FILE);
    if !ordinary_file::is_there(&path) {
        return Ok(Groups::default());
    }
    let bytes = files::read(&path)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let failed = |reason: String| files::problem(&path, format!("{reason}; {REMEDY}"));
    let header = reader
        .headers()
        .map_err(|error| failed(error.to_string()))?;
    if !header.iter().eq(COLUMNS) {
        return Err(failed("does not have the columns file, group".into()));
    }
    let named = reader
        .records()
        .map(|record| {
            let record = record.map_err(|error| failed(error.to_string()))?;
            let group: Arc<str> = unguarded(&record[1]).into();
            Ok((unguarded(&record[0]).to_owned(), group))
        })
        .collect::<Result<Vec<_>, RunError>>()?;
    Ok(Groups::new(named))
}

/// What a reader of the intervals must know of the run in `folder`, if its split kept groups together and it does not say
/// which pictures these are of.
pub fn not_kept(folder: &Path) -> Option<String> {
    let experiment = super::store::experiment(folder).ok()?;
    let group = experiment.data.split.group?;
    (!ordinary_file::is_there(&folder.join(FILE))).then(|| {
        format!(
            "This run kept groups together ({group}), and comes from a version of Graft that did not write down which picture is \
             of which: intervals and tests count picture by picture, and are too narrow where pictures of one group are alike. \
             Trained anew, they are by group."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Prediction;

    #[test]
    fn a_summary_gives_the_groups_back_in_the_order_of_names() {
        let row = |file: &str| Prediction {
            file: file.into(),
            truth: 0,
            probabilities: vec![0.9, 0.1],
        };
        let named = [("a", "q"), ("b", "q"), ("d", "p"), ("e", "q")];
        let predictions = Predictions {
            classes: vec!["cat".into(), "dog".into()],
            rows: ["e", "d", "c", "b", "a"].map(row).to_vec(),
            groups: Groups::new(named.map(|(file, group)| (file.into(), group.into()))),
        };
        let groups = TestGroups::new(&predictions).unwrap();
        assert_eq!(groups.numbers, "2x2,0,1,2");
        assert_eq!(groups.numbers(5), Some(vec![2, 2, 0, 1, 2]));
        assert_eq!(groups.numbers(6), None);
        for wrong in [
            "",
            "0x99999999999",
            "7,0x4",
            "x",
            "0x5,",
            "0x18446744073709551615",
        ] {
            let broken = TestGroups {
                numbers: wrong.into(),
                ..groups.clone()
            };
            assert_eq!(broken.numbers(5), None, "{wrong}");
        }
    }

    #[test]
    fn a_run_that_kept_groups_together_without_naming_them_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut experiment = crate::runs::tests::experiment();
        let text = |experiment: &_| crate::experiment::preset::to_text(experiment);
        std::fs::write(folder.join(files::PRESET), text(&experiment)).unwrap();
        assert_eq!(not_kept(folder), None);
        experiment.data.split.group = Some(crate::experiment::GroupBy::Folder(1));
        std::fs::write(folder.join(files::PRESET), text(&experiment)).unwrap();
        let said = not_kept(folder).unwrap();
        assert!(
            said.contains("(folder:1)") && said.contains("too narrow"),
            "{said}"
        );
        assert!(read(folder).unwrap().is_empty());

        std::fs::write(folder.join(FILE), "file,group\n\"a, b.png\",p1\nc.png,p1\n").unwrap();
        assert_eq!(not_kept(folder), None);
        assert_eq!(read(folder).unwrap().of("a, b.png"), Some("p1"));
        for wrong in ["group,file\n", "file,group\nc.png\n"] {
            std::fs::write(folder.join(FILE), wrong).unwrap();
            let error = read(folder).unwrap_err().to_string();
            assert!(
                error.contains("groups.csv") && error.contains("take it away"),
                "{error}"
            );
        }
    }
}
