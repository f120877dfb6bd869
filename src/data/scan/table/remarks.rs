//! What a person should know of how a table was read: a screen of sentences at most.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::super::{Remark, Split, split_names};
use super::super::folders::{is_picture_name, list};
use super::super::{count, relative_name};
use super::Source;
use super::beside;
use super::columns::Sheet;
use super::lexically_normal;
use super::names::is_side_name;
use super::pictures::How;
use super::propose::{self, Label, Proposal};
use super::rows::Part;
use super::splits::Rule;
use super::text::HeaderShift;
use super::things;

/// Where the window says what the values of a split column mean.
const VALUES: &str = "below the table in the Data view";

fn values_remark(text: String) -> Remark {
    Remark::warning(text).field("data.source.split_values")
}

/// Values of a split column whose meanings are told.
const MOST_MEANINGS: usize = 12;

/// What was counted while the rows were read.
#[derive(Debug, Default)]
pub struct Told {
    pub rows: usize,
    pub headers: usize,
    pub missing: usize,
    /// Of these, addresses in the web.
    pub addresses: usize,
    pub ambiguous: usize,
    pub unlabelled: usize,
    pub ragged: usize,
    pub without_part: usize,
    /// Pictures in folders that are named for training, validation and test.
    pub in_folders: [usize; 3],
    pub unused: usize,
    pub unknown_parts: BTreeMap<String, usize>,
    pub two_labels: usize,
    pub two_parts: usize,
    pub twice: usize,
    /// Rows whose marks say no one class.
    pub unclear: usize,
    /// Pictures that stand in the folder of another part of the split than the table says, with the first of them.
    other_parts: Option<(usize, Split, Split, String)>,
    /// Pictures found in folders of masks and the like, with the first of them.
    pub beside: Option<(usize, String)>,
    /// How many cells were understood otherwise than as they stand, each with the first of them.
    hows: BTreeMap<How, (usize, String, String)>,
}

impl Told {
    /// The picture called `name` stands in a folder for another part than the table says.
    pub fn in_other_part(&mut self, by_table: Split, by_folder: Split, name: &str) {
        self.other_parts
            .get_or_insert_with(|| (0, by_table, by_folder, name.to_owned()))
            .0 += 1;
    }

    /// A cell means the picture called `name`.
    pub fn found(&mut self, how: How, cell: &str, name: &str) {
        if how != How::Written {
            self.hows
                .entry(how)
                .or_insert_with(|| (0, cell.to_owned(), name.to_owned()))
                .0 += 1;
        }
    }
}

/// `used` are the files of the pictures that the tables list.
pub fn remarks(
    source: &Source<'_>,
    parts: &[Part<'_>],
    told: &Told,
    used: &[&Path],
) -> Vec<Remark> {
    let Some(first) = parts.first() else {
        return Vec::new();
    };
    let proposal = Proposal::new(&first.sheet, first.path).ok();
    let mut remarks = which_tables(parts);
    remarks.extend(beside::remarks(source, parts));
    remarks.extend(encoding(parts));
    remarks.extend(columns(source, first, proposal.as_ref()));
    remarks.extend(split(source, parts, told, proposal.as_ref()));
    remarks.extend(paths(told));
    if let Some((number, name)) = &told.beside {
        remarks.push(Remark::warning(format!(
            "{} found only in folders of masks, annotations or thumbnails, such as {name}: these are probably not the pictures to \
             train on.",
            count(*number, "picture was", "pictures were")
        )));
    }
    remarks.extend(oddities(parts, told));
    if !source.is_grouped {
        remarks.extend(things::remark(parts));
    }
    remarks.extend(unlisted(parts, used));
    remarks
}

fn file_name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// With its folder, where several tables have the same name.
fn called(file: &Path, parts: &[Part<'_>]) -> String {
    let name = file_name(file);
    let alike = parts
        .iter()
        .filter(|part| file_name(&part.file) == name)
        .count();
    match file.parent().and_then(Path::file_name) {
        Some(folder) if alike > 1 => format!("{}/{name}", folder.to_string_lossy()),
        _ => name,
    }
}

fn which_tables(parts: &[Part<'_>]) -> Vec<Remark> {
    let written = |part: &Part<'_>| {
        let written = &part.sheet.table.written;
        format!(
            "{}, separated by {}, {}",
            count(part.sheet.rows().len(), "row", "rows"),
            written.separator.name(),
            written.encoding
        )
    };
    if let [only] = parts {
        return vec![Remark::taken(format!(
            "The table is {} ({}).",
            file_name(&only.file),
            written(only)
        ))];
    }
    let tables: Vec<String> = parts
        .iter()
        .map(|part| {
            let split = part.assigned.map_or("", Split::name);
            format!(
                "{} for {split} ({})",
                called(&part.file, parts),
                written(part)
            )
        })
        .collect();
    vec![Remark::taken(format!(
        "The tables are {}; the pictures are split as they say.",
        tables.join(", ")
    ))]
}

fn encoding(parts: &[Part<'_>]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for part in parts {
        let written = &part.sheet.table.written;
        if written.encoding_is_guessed {
            let example = written
                .example
                .as_ref()
                .map_or_else(String::new, |word| format!(" (“{word}”)"));
            let text = format!(
                "The text encoding of {} is a guess: {}{example}. If names look wrong, choose another as “Encoding” in the \
                 Data view, or save the table as UTF-8.",
                called(&part.file, parts),
                written.encoding
            );
            remarks.push(Remark::warning(text).field("data.source.encoding"));
        }
        if part
            .sheet
            .rows()
            .iter()
            .any(|row| row.cells.iter().any(|cell| cell.contains('\u{fffd}')))
        {
            remarks.push(Remark::warning(format!(
                "{} holds the character \u{fffd}, which stands for letters that were lost when it was saved: different names may \
                 have become one.",
                called(&part.file, parts)
            )));
        }
    }
    remarks
}

/// Which columns are read, and why, as far as it is not the experiment that says so.
fn columns(source: &Source<'_>, part: &Part<'_>, proposal: Option<&Proposal>) -> Vec<Remark> {
    let sheet = &part.sheet;
    let mut remarks = Vec::new();
    let header = if sheet.header.is_some() {
        ""
    } else {
        "; the table has no header, columns are counted from 1"
    };
    let text = format!(
        "The names of the picture files are in column {}{header}.",
        sheet.called(part.path)
    );
    remarks.push(if sheet.name(part.path).is_some_and(is_side_name) {
        Remark::warning(format!(
            "{text} By its name, these are masks or the like: choose another as “Picture column” in the Data panel, if there is one."
        ))
        .field("data.source.path_column")
    } else {
        Remark::taken(text)
    });
    match sheet.table.written.header_shift {
        HeaderShift::None => {}
        HeaderShift::RowNames => remarks.push(Remark::taken(
            "The header has one name fewer than the rows have cells, as R writes tables: its names belong to the columns \
             from the second one on."
        )),
        HeaderShift::LastUnnamed => remarks.push(Remark::warning(
            "The header has fewer names than the rows have cells: the last columns are taken to be those without a name. \
             If others have none, complete the header in the table.",
        )),
    }
    let chosen = match (part.label, proposal.map(|proposal| &proposal.label)) {
        (Some(label), Some(Label::Column(proposed, _))) => label == *proposed,
        (None, Some(Label::OneHot(columns))) => part.one_hot == *columns,
        _ => false,
    };
    match proposal {
        Some(proposal) if chosen => remarks.extend(propose::remarks(sheet, proposal)),
        _ => {
            let label = match part.label {
                Some(label) => format!("column {}", sheet.called(label)),
                None => format!("{} columns, one for each class", part.one_hot.len()),
            };
            remarks.push(Remark::taken(format!(
                "The classes are in {label}, as the experiment says."
            )));
        }
    }
    if let Some(threshold) = source.threshold {
        remarks.push(Remark::taken(format!(
            "Two classes are made of its numbers: “{}” for {} and more, “{}” for less.",
            threshold.above, threshold.at_least, threshold.below
        )));
    }
    remarks
}

fn split(
    source: &Source<'_>,
    parts: &[Part<'_>],
    told: &Told,
    proposal: Option<&Proposal>,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let Some(part) = parts.first() else {
        return remarks;
    };
    let sheet = &part.sheet;
    if let Some(column) = part.split {
        let called = sheet.called(column);
        let meanings = meanings(sheet, part, column);
        match part.parts.rule {
            Rule::TwoNumbers => remarks.push(values_remark(format!(
                "The split is in column {called}: {meanings}. Which of the two numbers is which is a guess: if it is the \
                 other way round, change it {VALUES}."
            ))),
            Rule::None => remarks.push(values_remark(format!(
                "The split is in column {called}, but what its values mean can't be told: choose it {VALUES}."
            ))),
            _ => remarks.push(Remark::taken(format!(
                "The split is in column {called}: {meanings}."
            ))),
        }
    } else if parts.len() == 1 {
        remarks.push(folders_split(source, told));
    }
    if !told.unknown_parts.is_empty() {
        let values: Vec<String> = told
            .unknown_parts
            .iter()
            .take(8)
            .map(|(value, rows)| format!("“{value}” ({})", count(*rows, "row", "rows")))
            .collect();
        remarks.push(values_remark(format!(
            "The split column holds {}, and what that means can't be told: these pictures are skipped. Choose what it means \
             {VALUES}.",
            values.join(", ")
        )));
    }
    if told.unused > 0 {
        let text = format!(
            "{} left out, because the experiment says that their value in the split column is not used.",
            count(told.unused, "picture is", "pictures are")
        );
        remarks.push(Remark::taken(text).field("data.source.split_values"));
    }
    if told.without_part > 0 {
        remarks.push(Remark::warning(format!(
            "{} an empty cell in the split column: these pictures are used for training, or for a part of the split that the \
             column does not name.",
            count(told.without_part, "row has", "rows have")
        )));
    }
    if let Some((number, by_table, by_folder, name)) = &told.other_parts {
        remarks.push(Remark::warning(format!(
            "{} in the folder of another part of the split than the table says, such as {name}, which the table has for \
             {} and its folder for {}: correct one of the two.",
            count(*number, "picture stands", "pictures stand"),
            by_table.name(),
            by_folder.name()
        )));
    }
    if let Some(proposal) = proposal {
        remarks.extend(propose::unused_splits(sheet, proposal, part.split));
    }
    remarks
}

/// What the folders say that the pictures stand in, where no column tells the split.
fn folders_split(source: &Source<'_>, told: &Told) -> Remark {
    let [train, validation, test] = told.in_folders;
    let folders = format!("train ({train}), validation ({validation}), test ({test})");
    if source.split_from_folders {
        return Remark::taken(format!(
            "The pictures are split by the folders that they stand in: {folders}."
        ));
    }
    if train > 0 && validation + test > 0 {
        return Remark::warning(format!(
            "No column tells the split, so the pictures are split at random, although they stand in folders for its parts: \
             {folders}. To split them by these folders, write the folder's name into a column of the table."
        ))
        .field("data.source.split_from_folders");
    }
    Remark::taken("No column tells the split: the pictures are split at random.")
}

/// "“train” is train (10), “holdout” is test (2)", or only the numbers where the words say it.
fn meanings(sheet: &Sheet, part: &Part<'_>, column: usize) -> String {
    let mut told: Vec<(String, usize)> = Vec::new();
    let counts: BTreeMap<&str, usize> = sheet.counts(column).into_iter().collect();
    let is_long = counts.len() > MOST_MEANINGS;
    // Of many values, those that differ in numbers only are told together.
    let mut alike: BTreeMap<(Vec<String>, String), usize> = BTreeMap::new();
    for (value, rows) in counts {
        if let Some(meaning) = part.parts.part(value) {
            let meaning = format!("{meaning:?}").to_lowercase();
            if is_long {
                let kind = (split_names::tokens(value), meaning.clone());
                let index = *alike.entry(kind).or_insert(told.len());
                if let Some((_, others)) = told.get_mut(index) {
                    *others += rows;
                    continue;
                }
            }
            let text = if meaning == value {
                meaning
            } else if is_long {
                format!("“{value}” and the like are {meaning}")
            } else {
                format!("“{value}” is {meaning}")
            };
            told.push((text, rows));
        }
    }
    let told: Vec<String> = told
        .into_iter()
        .take(MOST_MEANINGS)
        .map(|(text, rows)| format!("{text} ({rows})"))
        .collect();
    told.join(", ")
}

fn paths(told: &Told) -> Vec<Remark> {
    told.hows
        .iter()
        .map(|(how, (number, cell, name))| {
            let number = count(*number, "picture file was", "picture files were");
            let (text, warns) = match how {
                How::Written => return Remark::taken(String::new()),
                How::OtherFolder => (
                    "found by their file names, in other folders than the table says",
                    false,
                ),
                How::Case => ("found in other upper and lower case", false),
                How::Unicode => ("found with accents written in another way", false),
                How::Percent => (
                    "found after codes such as %20 were read as characters",
                    false,
                ),
                How::WithoutExtension => {
                    ("found by names without their ending (.jpg, .png …)", false)
                }
                How::OtherExtension => ("found with another ending than the table says", true),
                How::Number => ("found by their numbers", true),
            };
            let text = format!("{number} {text}: “{cell}” is {name}.");
            if warns {
                Remark::warning(text)
            } else {
                Remark::taken(text)
            }
        })
        .filter(|remark| !remark.text.is_empty())
        .collect()
}

fn oddities(parts: &[Part<'_>], told: &Told) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut warn = |number: usize, one: &str, many: &str, rest: &str| {
        if number > 0 {
            remarks.push(Remark::warning(format!(
                "{} {rest}",
                count(number, one, many)
            )));
        }
    };
    warn(
        told.missing,
        "row names a picture",
        "rows name pictures",
        "that can't be found.",
    );
    warn(
        told.ambiguous,
        "row names a picture",
        "rows name pictures",
        "that could be one of several files and can't be used.",
    );
    warn(told.unlabelled, "row has", "rows have", "no class.");
    warn(
        told.unclear,
        "row marks",
        "rows mark",
        "no single class (several classes, or one as uncertain by -1) and can't be used.",
    );
    warn(
        told.two_labels,
        "picture stands",
        "pictures stand",
        "in the table with two different classes and can't be used.",
    );
    warn(
        told.two_parts,
        "picture belongs",
        "pictures belong",
        "to two parts of the split by the table and can't be used.",
    );
    warn(
        told.twice,
        "row lists",
        "rows list",
        "a picture that was listed before; each picture counts once.",
    );
    warn(
        told.ragged,
        "row has",
        "rows have",
        "more or fewer cells than the others and can't be read.",
    );
    warn(
        told.headers,
        "row repeats",
        "rows repeat",
        "the header and can't be used.",
    );
    for part in parts {
        let written = &part.sheet.table.written;
        let name = called(&part.file, parts);
        if !written.unclosed_quotes.is_empty() {
            let lines: Vec<String> = written
                .unclosed_quotes
                .iter()
                .take(10)
                .map(u64::to_string)
                .collect();
            let more = written.unclosed_quotes.len() - lines.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            remarks.push(Remark::warning(format!(
                "{name} opens a quotation mark that is never closed in line {}{more}: the line is read as it stands.",
                lines.join(", ")
            )));
        }
        if written.comments > 0 {
            remarks.push(Remark::taken(format!(
                "In {name}, {} with # and {} not read.",
                count(written.comments, "line begins", "lines begin"),
                if written.comments == 1 { "is" } else { "are" }
            )));
        }
        if written.divided_once {
            remarks.push(Remark::warning(format!(
                "Rows of {name} have different numbers of words: everything after the file's name is the class."
            )));
        }
    }
    remarks
}

/// Pictures beside and below the table that no row names.
fn unlisted(parts: &[Part<'_>], used: &[&Path]) -> Option<Remark> {
    let listed: BTreeSet<PathBuf> = used.iter().map(|path| lexically_normal(path)).collect();
    let mut others: BTreeMap<PathBuf, String> = BTreeMap::new();
    for part in parts {
        // A folder that no cell made look through is not looked through for this: it may be a home.
        if !part.pictures.is_indexed() {
            continue;
        }
        let (pictures, are_all) = part.pictures.all();
        if !are_all {
            return None;
        }
        for (path, name) in pictures {
            let path = lexically_normal(path);
            if !listed.contains(&path) {
                others.entry(path).or_insert_with(|| name.to_owned());
            }
        }
    }
    if !parts.iter().any(|part| part.pictures.is_indexed()) {
        let folders: BTreeSet<&Path> = used.iter().filter_map(|path| path.parent()).collect();
        for folder in folders {
            for entry in list(folder).unwrap_or_default() {
                let path = lexically_normal(&entry.path);
                if !entry.is_folder && is_picture_name(&entry.name) && !listed.contains(&path) {
                    let root = parts.first().map_or(folder, |part| part.pictures.folder);
                    let name = relative_name(&entry.path, root);
                    others.entry(path).or_insert(name);
                }
            }
        }
    }
    let first = others.values().next()?;
    let others = count(
        others.len(),
        "picture of the folder stands in no usable row of the table and is",
        "pictures of the folder stand in no usable row of the table and are",
    );
    Some(Remark::warning(format!(
        "{others} not used, such as {first}."
    )))
}
