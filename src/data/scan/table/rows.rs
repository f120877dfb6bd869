//! The rows of a table to pictures with their classes.

mod classes;
mod conflicts;
mod ragged;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::super::{DataError, PictureSource, Split, StopFlag};
use super::super::{Candidate, FoundPictures, relative_name, source_error};
use super::columns::Sheet;
use super::names::is_side_name;
use super::one_hot::Marking;
use super::pictures::{How, Meaning, Pictures, part_of_name, tidy_name};
use super::remarks::{self, Told};
use super::splits::{Parts, split_of};
use super::{Source, column_index};
use crate::experiment::SplitPart;

use classes::{Class, Classes, class_of};
use conflicts::without_conflicts;
use ragged::{is_header_again, no_path_or_label, ragged, well_formed_labels};

/// One table and where its columns stand.
pub struct Part<'a> {
    pub file: PathBuf,
    /// What all of its pictures belong to.
    pub assigned: Option<Split>,
    pub sheet: Sheet,
    pub pictures: Pictures<'a>,
    pub path: usize,
    /// Nothing for one column for each class.
    pub label: Option<usize>,
    pub one_hot: Vec<usize>,
    pub marking: Marking,
    pub split: Option<usize>,
    pub parts: Parts,
    group: Option<usize>,
}

/// A row whose picture is there.
struct Listed {
    candidate: Candidate,
    class: String,
    /// The table among several, and the line in it.
    table: usize,
    line: u64,
}

pub fn find(
    source: &Source<'_>,
    wanted: &[String],
    stop: &StopFlag,
) -> Result<FoundPictures, DataError> {
    let tables = source.tables();
    let root = common_folder(&tables);
    let folders: Vec<PathBuf> = tables
        .iter()
        .map(|(file, _)| file.parent().unwrap_or(Path::new("")).to_path_buf())
        .collect();
    let mut parts = Vec::with_capacity(tables.len());
    for ((file, assigned), folder) in tables.into_iter().zip(&folders) {
        parts.push(Part::new(
            source,
            file,
            assigned,
            Pictures::new(folder, stop),
        )?);
    }
    let mut found = FoundPictures {
        root: source.file.clone(),
        ..FoundPictures::default()
    };
    let mut told = Told::default();
    let classes = Classes::of(&parts, source, wanted)?;
    let mut listed = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        read_rows(
            part,
            index,
            source,
            &classes,
            &root,
            &mut found,
            &mut told,
            &mut listed,
        )?;
    }
    if told.missing > 0 && told.missing == told.rows {
        return Err(source_error(
            &source.file,
            format!(
                "none of the {} pictures that this table lists is there, nor is one of their names in a folder below it: {}",
                told.rows,
                if told.addresses == told.missing {
                    "its paths are addresses in the web, so fetch the pictures first"
                } else {
                    "put the table into the folder that its paths start from, or choose another column of paths"
                }
            ),
        ));
    }
    let listed = without_conflicts(listed, &parts, source, &mut found, &mut told)?;
    found.remarks = remarks::remarks(source, &parts, &told, &listed_files(&listed));
    found.remarks.extend(classes.remarks);
    let mut by_class: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for row in listed {
        by_class.entry(row.class).or_default().push(row.candidate);
    }
    for (label, (class, candidates)) in (0u32..).zip(by_class) {
        found.classes.push(class);
        found.candidates.extend(
            candidates
                .into_iter()
                .map(|candidate| Candidate { label, ..candidate }),
        );
    }
    Ok(found)
}

/// The lowest folder that holds all tables.
fn common_folder(tables: &[(PathBuf, Option<Split>)]) -> PathBuf {
    let mut folders = tables
        .iter()
        .map(|(file, _)| file.parent().unwrap_or(Path::new("")));
    let mut common = folders.next().unwrap_or(Path::new("")).to_path_buf();
    for folder in folders {
        while !folder.starts_with(&common) && common.pop() {}
    }
    common
}

fn listed_files(listed: &[Listed]) -> Vec<&Path> {
    listed
        .iter()
        .map(|row| row.candidate.source.path())
        .collect()
}

impl<'a> Part<'a> {
    fn new(
        source: &Source<'_>,
        file: PathBuf,
        assigned: Option<Split>,
        mut pictures: Pictures<'a>,
    ) -> Result<Self, DataError> {
        let sheet = source.read(&file, &pictures)?;
        let index_of = |column| column_index(column, &sheet, &file);
        let path = index_of(source.path)?;
        pictures.know_cells(sheet.values(path));
        let one_hot: Vec<usize> = source
            .one_hot
            .iter()
            .map(index_of)
            .collect::<Result<_, _>>()?;
        let label = if one_hot.is_empty() {
            Some(index_of(source.label)?)
        } else {
            None
        };
        let marking = Marking::of(&sheet, &one_hot);
        let split = source.split.map(index_of).transpose()?;
        let group = source.group.map(index_of).transpose()?;
        let name = split.and_then(|column| sheet.name(column).map(str::to_owned));
        let values = split.map(|column| sheet.counts(column)).unwrap_or_default();
        let parts = Parts::new(name.as_deref(), values.into_keys(), source.split_values);
        Ok(Self {
            file,
            assigned,
            sheet,
            pictures,
            path,
            label,
            one_hot,
            marking,
            split,
            parts,
            group,
        })
    }

    /// The columns without which a row is none.
    fn needed(&self) -> impl Iterator<Item = usize> {
        [Some(self.path), self.label].into_iter().flatten()
    }

    /// What pictures of this table are for, where nothing else tells: by the table's name.
    fn part_of_name(&self) -> Option<Split> {
        let stem = self.file.file_stem()?.to_string_lossy();
        self.assigned.or_else(|| Split::from_name(&stem))
    }
}

#[allow(
    clippy::too_many_arguments,
    reason = "one step of one function, split by length"
)]
fn read_rows(
    part: &Part<'_>,
    table: usize,
    source: &Source<'_>,
    classes: &Classes,
    root: &Path,
    found: &mut FoundPictures,
    told: &mut Told,
    listed: &mut Vec<Listed>,
) -> Result<(), DataError> {
    let file = &part.file;
    for (line, reason) in &part.sheet.table.problems {
        found.problem(file, format!("line {line} {reason}"));
    }
    let known = well_formed_labels(part);
    for row in part.sheet.rows() {
        part.pictures.check_stop()?;
        if is_header_again(&part.sheet, row) {
            told.headers += 1;
            continue;
        }
        told.rows += 1;
        let line = row.line;
        if let Some(reason) = ragged(part, row, &known) {
            told.ragged += 1;
            found.problem(file, reason);
            continue;
        }
        let cell = |column: usize| {
            row.cells
                .get(column)
                .map(|cell| cell.trim())
                .filter(|cell| !cell.is_empty())
        };
        let Some(path) = cell(part.path) else {
            found.problem(file, no_path_or_label(line));
            continue;
        };
        let picture = || part.pictures.folder.join(path.replace('\\', "/"));
        let class = match class_of(part, row, classes) {
            Class::Is(class) => class,
            Class::Missing => {
                told.unlabelled += 1;
                found.problem(file, no_path_or_label(line));
                continue;
            }
            Class::Problem(reason) => {
                told.unclear += usize::from(part.label.is_none());
                found.problem(picture(), format!("{reason} (line {line})"));
                continue;
            }
        };
        let split = match part.split.map(cell) {
            None => part.assigned,
            Some(None) => {
                told.without_part += 1;
                part.assigned
            }
            Some(Some(value)) => match part.parts.part(value) {
                Some(SplitPart::Unused) => {
                    told.unused += 1;
                    found.problem(
                        picture(),
                        format!("is not used: the experiment leaves out pictures of {value} (line {line})"),
                    );
                    continue;
                }
                Some(known) => part.assigned.or(split_of(known)),
                None => {
                    *told.unknown_parts.entry(value.to_owned()).or_default() += 1;
                    found.problem(
                        picture(),
                        format!("has the split {value} in line {line}: write train, validation or test, or say what it means"),
                    );
                    continue;
                }
            },
        };
        let (path_on_disk, how) = match part
            .pictures
            .find(path, split.or_else(|| part.part_of_name()))
        {
            Meaning::File(path, how) => (path, how),
            Meaning::Several(names) => {
                told.ambiguous += 1;
                found.problem(
                    picture(),
                    format!(
                        "could be {} (line {line}): write the path with its folder",
                        names.join(" or ")
                    ),
                );
                continue;
            }
            Meaning::Missing => {
                told.missing += 1;
                told.addresses += usize::from(path.contains("://"));
                found.problem(picture(), format!("is named in line {line} but is not there: put the picture there, or delete the line"));
                continue;
            }
        };
        let name = name_of(path, &path_on_disk, how, part, root);
        let of_folder = part_of_name(&name);
        if let Some(part) = of_folder {
            told.in_folders[part as usize] += 1;
        }
        if let (Some(by_table), Some(by_folder)) =
            (split.or_else(|| part.part_of_name()), of_folder)
            && by_table != by_folder
        {
            told.in_other_part(by_table, by_folder, &name);
        }
        if how != How::Written && name.split('/').any(is_side_name) {
            told.beside.get_or_insert((0, name.clone())).0 += 1;
        }
        let split = split.or_else(|| of_folder.filter(|_| source.split_from_folders));
        told.found(how, path, &name);
        listed.push(Listed {
            candidate: Candidate {
                source: PictureSource::File(path_on_disk),
                name,
                label: 0,
                split,
                group: part.group.and_then(cell).map(Arc::from),
            },
            class,
            table,
            line,
        });
    }
    Ok(())
}

/// As predictions and splits call it: below the folder that holds the tables.
fn name_of(cell: &str, path: &Path, how: How, part: &Part<'_>, root: &Path) -> String {
    if part.pictures.folder == root {
        if how == How::Written {
            tidy_name(cell)
        } else {
            relative_name(path, root)
        }
    } else {
        relative_name(&super::lexically_normal(path), root)
    }
}
