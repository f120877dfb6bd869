//! A run's pictures: where they are, and the sheets that are made of them.

use std::collections::HashMap;

use crate::data::square::{SquareSpec, to_square};
use crate::data::{DataError, PictureSource, Pixels, Split, StopFlag, augment, decode, scan};
use crate::experiment::Experiment;
use crate::figures::{
    ClassCount, ClassCountsFigure, GalleryFigure, GalleryPicture, GalleryRow, SheetCell,
    SheetFigure, Size,
};
use crate::format;
use crate::runs::members::{self, Member};

use super::comparison::{ComparedRun, Tested};

/// The longer side of a picture of a gallery on a figure of usual size, in pixels: sharp also where
/// the figure is enlarged a little.
const THUMBNAIL: f64 = 240.0;
/// The side of an augmented square, in pixels: as the window previews it.
const SQUARE: u32 = 224;
/// Versions of a picture beside the original.
const VERSIONS: u32 = 15;
/// Pictures that they are mixed with in turn.
const PARTNERS: usize = 5;
/// Pictures of a row of the gallery.
const ROW: usize = 9;
/// Classes that the data set's grid shows one below the other.
const ROWS: usize = 10;
/// Classes that it shows at all.
const MOST_CLASSES: usize = 60;

/// The pictures that runs were trained and tested on.
#[derive(Debug, Clone)]
pub struct Material {
    pub classes: Vec<String>,
    /// Every picture of the first run with its class and split.
    pub split: Vec<Member>,
    /// Where each is, by its name; empty where the source is gone.
    sources: HashMap<String, PictureSource>,
    /// Why pictures can't be shown.
    pub problem: Option<String>,
    /// How much larger than usual figures will be.
    scale: f64,
}

impl Material {
    /// Finds the pictures of `run`, for figures of `size`. Pictures that are gone are no error: their names and numbers
    /// still say what was trained on.
    ///
    /// # Errors
    /// When the run's own split can't be read, or when stopped.
    pub fn find(
        run: &ComparedRun,
        size: Size,
        stop: &StopFlag,
    ) -> Result<Self, super::ReportError> {
        let folder = &run.run.folder;
        let split = members::read(folder)?;
        let (sources, problem) = match scan::sources(&run.experiment.data, Some(folder), stop) {
            Ok(sources) => (sources, None),
            Err(DataError::Stopped) => return Err(super::ReportError::Stopped { files: 0 }),
            Err(error) => (HashMap::new(), Some(error.to_string())),
        };
        let is_there = |line: &Member| sources.contains_key(&line.file);
        let problem = problem.or_else(|| {
            let missing = split.iter().filter(|line| !is_there(line)).count();
            (missing > 0).then(|| {
                format!(
                    "{} of the run are not there any more",
                    format::count(missing, "picture", "pictures")
                )
            })
        });
        Ok(Self {
            classes: run.run.summary.classes.clone(),
            split,
            sources,
            problem,
            scale: (f64::from(size.width) / 1600.0)
                .min(f64::from(size.height) / 1000.0)
                .clamp(0.5, 8.0),
        })
    }

    /// The pictures of a split, in the order of the run's file.
    fn part(&self, split: Split) -> impl Iterator<Item = &Member> {
        self.split.iter().filter(move |line| line.split == split)
    }

    /// `share` of a gallery picture's side.
    fn thumbnail(&self, file: &str, share: f64) -> Option<Pixels> {
        let side = (THUMBNAIL * self.scale * share).round().max(48.0) as u32;
        decode::thumbnail(self.sources.get(file)?, side).ok()
    }
}

/// How many pictures each class has, and in which split.
pub fn class_counts(material: &Material) -> ClassCountsFigure {
    let count = |class: &str, split: Split| {
        material
            .part(split)
            .filter(|line| line.class == class)
            .count()
    };
    let classes = material
        .classes
        .iter()
        .map(|class| ClassCount {
            name: class.clone(),
            train: count(class, Split::Train),
            validation: count(class, Split::Validation),
            test: count(class, Split::Test),
        })
        .collect();
    ClassCountsFigure::new(classes)
}

/// Training pictures of every class, a row or more of each.
pub fn dataset_grid(material: &Material) -> Option<SheetFigure> {
    let classes = &material.classes;
    if classes.is_empty() {
        return None;
    }
    // Of few classes several pictures: two rows each of one or two, else a row each, about as wide as the
    // sheet; of many classes one picture each.
    let number = classes.len();
    let (each, columns) = match number {
        0..=2 => (14, Some(7)),
        number if number <= ROWS => {
            let columns = (number * 9).div_ceil(5).clamp(7, 14);
            (columns, Some(columns))
        }
        _ => (1, None),
    };
    let shown = number.min(MOST_CLASSES);
    let share = match columns {
        Some(columns) => (7.0 / columns as f64).min(1.0),
        None => 0.6,
    };
    let mut cells = Vec::new();
    for class in &classes[..shown] {
        let files: Vec<&Member> = material
            .part(Split::Train)
            .filter(|line| line.class == *class)
            .collect();
        let mut found = 0;
        for index in spread(files.len(), each) {
            if let Some(pixels) = material.thumbnail(&files[index].file, share) {
                found += 1;
                cells.push(SheetCell {
                    pixels,
                    caption: class.clone(),
                    marked: false,
                });
            }
        }
        // A row stays a row: a class of fewer pictures leaves room behind them.
        if each > 1 && found > 0 {
            for _ in found..each {
                cells.push(SheetCell {
                    pixels: Pixels::filled(0, 0, [0; 3]),
                    caption: String::new(),
                    marked: false,
                });
            }
        }
    }
    if cells.iter().all(|cell| cell.pixels.width == 0) {
        return None;
    }
    let mut remark = format!(
        "training pictures, {} of each of {}",
        each,
        format::count(shown, "class", "classes")
    );
    if shown < classes.len() {
        remark.push_str(&format!(" ({} in all)", classes.len()));
    }
    Some(SheetFigure {
        title: "Samples of the data set".to_owned(),
        remark,
        cells,
        columns,
    })
}

/// `count` indices spread evenly over `length`.
fn spread(length: usize, count: usize) -> Vec<usize> {
    let count = count.min(length);
    (0..count).map(|index| index * length / count).collect()
}

/// A training picture and what the experiment's augmentation makes of it, drawn anew each time.
pub fn augmentation_sheet(material: &Material, experiment: &Experiment) -> Option<SheetFigure> {
    let sources: Vec<&PictureSource> = material
        .part(Split::Train)
        .filter_map(|line| material.sources.get(&line.file))
        .collect();
    let square = |source: &PictureSource| {
        let decoded = decode::decode(source).ok()?;
        let spec = SquareSpec::preview(SQUARE, experiment.data.fit);
        Some(to_square(&decoded, &spec))
    };
    let original = square(sources.first()?)?;
    let augmentation = &experiment.augmentation;
    let partners: Vec<(usize, Pixels)> = match augmentation.is_mixing() {
        true => spread(sources.len(), 1 + PARTNERS)
            .into_iter()
            .filter(|&index| index > 0)
            .filter_map(|index| Some((index, square(sources[index])?)))
            .collect(),
        false => Vec::new(),
    };
    let versions = (0..VERSIONS)
        .map(|view| {
            let partner = partners.get(view as usize % partners.len().max(1));
            let partner = partner.map(|(index, pixels)| (*index, pixels));
            augment::version((0, &original), partner, augmentation, experiment.seed, view).0
        })
        .collect();
    Some(augmented(original, versions, experiment))
}

/// The sheet of an original and its versions.
pub fn augmented(original: Pixels, versions: Vec<Pixels>, experiment: &Experiment) -> SheetFigure {
    let mut cells = vec![SheetCell {
        pixels: original,
        caption: "original".to_owned(),
        marked: true,
    }];
    cells.extend(
        versions
            .into_iter()
            .enumerate()
            .map(|(index, pixels)| SheetCell {
                pixels,
                caption: format!("version {}", index + 1),
                marked: false,
            }),
    );
    SheetFigure {
        title: format!("Augmentation: {}", experiment.name),
        remark: changes(experiment),
        cells,
        columns: None,
    }
}

/// The changes that are switched on, in words.
fn changes(experiment: &Experiment) -> String {
    let augmentation = &experiment.augmentation;
    let mut said = Vec::new();
    match (augmentation.horizontal_flip, augmentation.vertical_flip) {
        (true, true) => said.push("horizontal and vertical flip".to_owned()),
        (true, false) => said.push("horizontal flip".to_owned()),
        (false, true) => said.push("vertical flip".to_owned()),
        (false, false) => {}
    }
    if augmentation.rotation > 0.0 {
        said.push(format!("rotation up to {}°", augmentation.rotation));
    }
    for (name, strength) in [
        ("zoom", augmentation.zoom),
        ("translation", augmentation.translation),
        ("crop", augmentation.crop),
        ("brightness", augmentation.brightness),
        ("contrast", augmentation.contrast),
        ("colour jitter", augmentation.color_jitter),
        ("cutout", augmentation.cutout),
    ] {
        if strength > 0.0 {
            said.push(format!(
                "{name} up to {} %",
                (strength * 1000.0).round() / 10.0
            ));
        }
    }
    if augmentation.trivial_augment {
        said.push("TrivialAugment".to_owned());
    }
    for (name, alpha) in [
        ("mixup", augmentation.mixup),
        ("CutMix", augmentation.cutmix),
    ] {
        if alpha > 0.0 {
            said.push(format!("{name} with alpha {alpha}"));
        }
    }
    if said.is_empty() {
        "none: every version is the picture itself".to_owned()
    } else {
        said.join(", ")
    }
}

/// Confidences above and below which the lesson counts predictions.
const CONFIDENT: f64 = 0.9;
const UNCERTAIN: f64 = 0.6;

/// Three rows: right and confident, right and uncertain, wrong.
pub fn gallery(run: &ComparedRun, tested: &Tested, material: Option<&Material>) -> GalleryFigure {
    let predictions = &tested.predictions;
    // Index, confidence and whether it is right.
    let mut right = Vec::new();
    let mut wrong = Vec::new();
    for (index, row) in predictions.rows.iter().enumerate() {
        let predicted = row.predicted();
        let confidence = row.probabilities.get(predicted as usize).copied();
        let entry = (index, f64::from(confidence.unwrap_or(0.0)));
        if predicted == row.truth {
            right.push(entry);
        } else {
            wrong.push(entry);
        }
    }
    let confident = |entry: &&(usize, f64)| entry.1 > CONFIDENT;
    let uncertain = |entry: &&(usize, f64)| entry.1 < UNCERTAIN;
    let number = |entries: &[(usize, f64)], which: &dyn Fn(&&(usize, f64)) -> bool| {
        entries.iter().filter(which).count()
    };
    let counts = &tested.evaluation.confidence;
    let summary = format!(
        "{}: over 90 % confident on {} ({} wrong), under 60 % on {}",
        format::count(predictions.rows.len(), "test picture", "test pictures"),
        format::thousands(counts.over_90),
        format::thousands(counts.over_90 - counts.over_90_correct),
        format::thousands(counts.under_60),
    );
    let highest_first =
        |a: &(usize, f64), b: &(usize, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let mut by_confidence = right.clone();
    by_confidence.sort_by(highest_first);
    let mut by_doubt = right.clone();
    by_doubt.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    wrong.sort_by(highest_first);
    let pictures = |entries: &[(usize, f64)]| {
        entries
            .iter()
            .take(ROW)
            .filter_map(|&(row_index, confidence)| {
                let row = predictions.rows.get(row_index)?;
                let class = |index: u32| predictions.classes.get(index as usize).cloned();
                Some(GalleryPicture {
                    pixels: material.and_then(|material| material.thumbnail(&row.file, 1.0)),
                    truth: class(row.truth)?,
                    predicted: class(row.predicted())?,
                    confidence,
                    is_right: row.predicted() == row.truth,
                })
            })
            .collect()
    };
    // A row's title holds for its pictures: of a network that is never confident, the most confident ones are only that.
    let row = |titles: [&str; 2],
               none: &str,
               of: &[(usize, f64)],
               shown: &[(usize, f64)],
               which: &dyn Fn(&&(usize, f64)) -> bool| {
        let found = number(of, which);
        let all = format::thousands(of.len() as u64);
        let (title, remark) = match found {
            0 if of.is_empty() => (titles[0], String::new()),
            0 => (titles[1], format!("{none} of {all}")),
            _ => (
                titles[0],
                format!("{} of {all}", format::thousands(found as u64)),
            ),
        };
        GalleryRow {
            title: title.to_owned(),
            remark,
            pictures: match found {
                0 => pictures(shown),
                _ => pictures(&shown.iter().filter(which).copied().collect::<Vec<_>>()),
            },
        }
    };
    let rows = vec![
        row(
            [
                "Right and confident (over 90 %)",
                "Right, the most confident",
            ],
            "none is over 90 % confident",
            &right,
            &by_confidence,
            &confident,
        ),
        row(
            [
                "Right and uncertain (under 60 %)",
                "Right, the least confident",
            ],
            "none is under 60 % confident",
            &right,
            &by_doubt,
            &uncertain,
        ),
        GalleryRow {
            title: "Wrong".to_owned(),
            remark: format!(
                "the most confident of {}; {} over 90 % confident",
                format::thousands(wrong.len() as u64),
                match number(&wrong, &confident) {
                    0 => "none".to_owned(),
                    some => format::thousands(some as u64),
                }
            ),
            pictures: pictures(&wrong),
        },
    ];
    GalleryFigure {
        title: format!("Predictions: {}", run.name),
        remark: summary,
        rows,
    }
}
