//! What a folder or file that a person points at is: pictures of which kind, a preset, weights.

use std::io::Read;
use std::path::Path;

use crate::experiment::{Column, DataSource, Threshold};

/// What was dropped on the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Preset,
    Weights,
    Pictures,
}

/// Decides by name and kind of entry alone.
pub fn kind(path: &Path) -> Kind {
    if path.is_dir() {
        return Kind::Pictures;
    }
    match extension(path).as_str() {
        "ron" => Kind::Preset,
        "safetensors" | "pth" | "pt" => Kind::Weights,
        _ => Kind::Pictures,
    }
}

/// Extensions of tables and of pictures.
pub const TABLES: [&str; 3] = ["csv", "tsv", "txt"];
const PICTURES: [&str; 9] = [
    "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "jpe",
];

/// The data source that a folder, a table or a single picture stands for.
///
/// # Errors
/// A sentence that says what to choose instead.
pub fn recognise(path: &Path) -> Result<DataSource, String> {
    if path.is_dir() {
        return Ok(folder(path));
    }
    if !path.exists() {
        return Err(format!("there is nothing there: {}", path.display()));
    }
    let extension = extension(path);
    if TABLES.contains(&extension.as_str()) {
        return Ok(table(path));
    }
    if extension == "bin"
        && let Some(parent) = path.parent()
        && parent.join("data_batch_1.bin").is_file()
    {
        return Ok(DataSource::Cifar10 {
            path: parent.to_path_buf(),
        });
    }
    if PICTURES.contains(&extension.as_str())
        && let Some(data) = path.parent().and_then(Path::parent)
    {
        // One picture stands for the folder of its class's folder.
        return Ok(folder(data));
    }
    Err(format!(
        "choose a folder that holds one folder per class, or a table (.csv, .tsv, .txt) of picture paths and labels: {}",
        path.display()
    ))
}

fn folder(path: &Path) -> DataSource {
    let path_buf = path.to_path_buf();
    if path.join("data_batch_1.bin").is_file() {
        return DataSource::Cifar10 { path: path_buf };
    }
    let has = |names: &[&str]| names.iter().any(|name| path.join(name).is_dir());
    if has(&["train"]) && has(&["validation", "val", "valid", "test"]) {
        return DataSource::SplitFolders { path: path_buf };
    }
    for name in ["labels.csv", "labels.tsv", "labels.txt"] {
        let file = path.join(name);
        if file.is_file() {
            return table(&file);
        }
    }
    DataSource::ClassFolders { path: path_buf }
}

/// Columns by their header's names where there is one; a label column of fractions becomes two classes.
fn table(file: &Path) -> DataSource {
    let rows = first_rows(file);
    let mut path_column = Column::Index(0);
    let mut label_column = Column::Index(1);
    let mut split_column = None;
    let mut label_index = 1;
    if let Some(header) = rows.first() {
        let find = |names: &[&str]| {
            header
                .iter()
                .position(|cell| names.contains(&cell.to_lowercase().as_str()))
        };
        let path = find(&[
            "path",
            "file",
            "filename",
            "file_name",
            "image",
            "picture",
            "img",
        ]);
        let label = find(&["label", "class", "target", "category", "defect_probability"]);
        if let (Some(path), Some(label)) = (path, label) {
            path_column = Column::Name(header[path].clone());
            label_column = Column::Name(header[label].clone());
            label_index = label;
            split_column = find(&["split", "set", "subset", "fold"])
                .map(|index| Column::Name(header[index].clone()));
        }
    }
    let labels = rows.iter().skip(1).filter_map(|row| row.get(label_index));
    let fractions = labels
        .clone()
        .filter_map(|label| label.parse::<f64>().ok())
        .filter(|value| value.fract() != 0.0);
    let numeric =
        labels.clone().count() > 0 && labels.clone().all(|label| label.parse::<f64>().is_ok());
    let threshold = (numeric && fractions.count() > 0).then(|| Threshold {
        at_least: 0.5,
        above: "defective".into(),
        below: "functional".into(),
    });
    DataSource::Table {
        file: file.to_path_buf(),
        path_column,
        label_column,
        split_column,
        threshold,
    }
}

/// Cells of the first rows, cut as the scan cuts them: at tabs, semicolons, commas or runs of spaces.
fn first_rows(file: &Path) -> Vec<Vec<String>> {
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(file).and_then(|file| file.take(64 * 1024).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let Some(first) = text.lines().find(|line| !line.trim().is_empty()) else {
        return Vec::new();
    };
    let separator = ['\t', ';', ',']
        .into_iter()
        .find(|separator| first.contains(*separator));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match separator {
            Some(separator) => line
                .split(separator)
                .map(|cell| cell.trim().trim_matches('"').to_owned())
                .collect(),
            None => line.split_whitespace().map(str::to_owned).collect(),
        })
        .collect()
}

fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn folders_are_told_apart_by_what_is_in_them() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str, inside: &[&str]| {
            for entry in inside {
                let entry = root.path().join(name).join(entry);
                if entry.extension().is_some() {
                    std::fs::write(entry, "").unwrap();
                } else {
                    std::fs::create_dir_all(entry).unwrap();
                }
            }
            root.path().join(name)
        };
        let classes = make("classes", &["cat", "dog"]);
        assert_eq!(
            recognise(&classes),
            Ok(DataSource::ClassFolders {
                path: classes.clone()
            })
        );
        let split = make("split", &["train", "val"]);
        assert_eq!(
            recognise(&split),
            Ok(DataSource::SplitFolders {
                path: split.clone()
            })
        );
        let cifar = make("cifar", &["x", "data_batch_1.bin"]);
        assert_eq!(
            recognise(&cifar),
            Ok(DataSource::Cifar10 {
                path: cifar.clone()
            })
        );
        assert!(recognise(&root.path().join("absent")).is_err());
        let picture = make("classes", &["cat", "cat/1.jpg"]).join("cat/1.jpg");
        assert_eq!(
            recognise(&picture),
            Ok(DataSource::ClassFolders { path: classes })
        );
    }

    #[test]
    fn a_table_without_header_and_with_probabilities_becomes_two_classes() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("labels.csv");
        std::fs::write(
            &file,
            "images/cell0001.png  1.0 mono\nimages/cell0002.png 0.3333 poly\n",
        )
        .unwrap();
        let DataSource::Table {
            label_column,
            threshold,
            ..
        } = recognise(root.path()).unwrap()
        else {
            panic!()
        };
        assert_eq!(label_column, Column::Index(1));
        assert_eq!(threshold.unwrap().at_least, 0.5);
    }

    #[test]
    fn a_header_names_the_columns() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("pictures.csv");
        std::fs::write(&file, "split,label,filename\ntrain,cat,a.png\n").unwrap();
        let source = recognise(&file).unwrap();
        assert_eq!(
            source,
            DataSource::Table {
                file,
                path_column: Column::Name("filename".into()),
                label_column: Column::Name("label".into()),
                split_column: Some(Column::Name("split".into())),
                threshold: None,
            }
        );
    }
}
