//! What columns of tables are called: words for labels, and words for what is no label.

use unicode_normalization::UnicodeNormalization;

use super::super::super::split_names;
use super::columns::Sheet;

/// How much a column's name says that it holds the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelName {
    /// It names something else: an age, a score, a size.
    Other,
    /// It says nothing.
    Silent,
    /// It may: `type`, `level`.
    Maybe,
    /// It holds a word for a label among others: `image_label`.
    Contains,
    /// It is a word for a label.
    Label,
    /// It is a word for a label's name: `label_name`.
    LabelsName,
}

const LABELS: &str = "label|labels|class|classes|category|categories|target|targets|y|lbl|cls|diagnosis|diagnoses|dx|\
    species|breed|breeds|tag|tags|finding|findings|truth|gt|groundtruth|disease|pathology|genus|variety|\
    emotion|expression|digit|defect|answer|classification|subclass|superclass|classname|labelname|\
    annotation|cultivar|klasse|klassen|etikett|kategorie|diagnose|art|rasse|sorte|classe|etiquette|\
    categorie|espece|diagnostic|maladie|clase|etiqueta|categoria|especie|raza|diagnostico|rotulo|raca|\
    etichetta|specie|razza|diagnosi|soort|ras|klas|gatunek|klasa|etykieta|класс|метка|категория|вид|\
    порода|диагноз|标签|类别|分类|種類|标记|ラベル|クラス|分類|라벨|클래스|분류|sinif|etiket|kategori|lop|nhan";

const MAYBE: &str = "type|kind|level|grade|status|result|outcome|group|family|name|description|state|condition|quality|\
    style|brand|make|model|typ|tipo|stage|severity|order|pred|prediction|subject|title|topic|object|item";

/// What tables of pictures hold beside the label.
const OTHERS: &str = "age|sex|gender|id|ids|uid|uuid|index|idx|date|time|datetime|timestamp|year|month|day|width|height|\
    size|area|score|scores|probability|probabilities|prob|proba|confidence|conf|weight|weights|url|link|\
    uri|license|licence|author|copyright|patient|count|number|num|no|nr|x|lat|lon|lng|latitude|longitude|\
    location|site|localization|camera|device|comment|comments|remark|remarks|note|notes|path|file|\
    filename|filepath|image|img|picture|photo|format|mode|channels|depth|bbox|xmin|ymin|xmax|ymax|roi|\
    view|position|split|fold|folds|kfold|md|sha|hash|source|dataset|alter|geschlecht|sexe|sexo|edad|\
    idade|datum|fecha|data|ethnicity|height|angle|duration|price|rating|valid|usage|subset|partition|set|\
    phase|approx|method|source|user|session|frame|video|slide";

/// Numbers that say how sure a label is, whatever else their name holds.
const SCORES: &str = "score|scores|probability|prob|proba|confidence|conf|weight|count";

/// Names of columns of paths and identifiers.
const PATHS: &str = "path|paths|file|files|filename|filenames|filepath|filepaths|image|images|img|imgs|picture|pictures|\
    photo|photos|id|imageid|imgid|imagename|imagepath|name|fname|fn|bild|datei|fichier|imagen|archivo|\
    imagem|immagine|uid|uuid|basename|jpg|png|文件|图片|图像|画像|файл";

fn is_listed(list: &str, word: &str) -> bool {
    list.split('|').any(|listed| listed == word)
}

/// Lowercase words without accents; digits stand apart.
fn words(name: &str) -> Vec<String> {
    // Accents only: marks of other scripts make other letters.
    let plain: String = name
        .nfd()
        .filter(|letter| !('\u{300}'..='\u{36f}').contains(letter))
        .nfc()
        .collect();
    split_names::tokens(&plain)
}

pub fn label_name(name: &str) -> LabelName {
    let words = words(name);
    let has = |list: &str| words.iter().any(|word| is_listed(list, word));
    let all: String = words.concat();
    let is_name = words
        .iter()
        .any(|word| matches!(word.as_str(), "name" | "names" | "text" | "str" | "string"));
    let is_label = |word: &str| is_listed(LABELS, word);
    match words.as_slice() {
        [] => LabelName::Silent,
        [only] if matches!(only.as_str(), "classname" | "labelname") => LabelName::LabelsName,
        [only] if is_label(only) => LabelName::Label,
        [first, .., last] if is_name && (is_label(first) || is_label(last)) => {
            LabelName::LabelsName
        }
        _ if is_label(&all) => LabelName::Label,
        // The label's number, for whoever has no name of it.
        [first, last]
            if is_label(first)
                && matches!(
                    last.as_str(),
                    "id" | "idx" | "index" | "code" | "no" | "num"
                ) =>
        {
            LabelName::Contains
        }
        _ if has(SCORES) => LabelName::Other,
        _ if has(LABELS) => LabelName::Contains,
        _ if has(OTHERS) => LabelName::Other,
        _ if has(MAYBE) => LabelName::Maybe,
        _ => LabelName::Silent,
    }
}

/// The same of a column among others: what differs from another by `y` for `x` is a coordinate.
pub fn of_column(sheet: &Sheet, column: usize) -> LabelName {
    let name = sheet.name(column).unwrap_or_default().to_lowercase();
    let is_there = |wanted: &str| {
        (0..sheet.width()).any(|other| {
            sheet
                .name(other)
                .is_some_and(|name| name.to_lowercase() == wanted)
        })
    };
    // `Roi.Y1` beside `Roi.X1`, `ymin` beside `xmin`.
    let is_coordinate = name
        .match_indices('y')
        .any(|(at, _)| is_there(&format!("{}x{}", &name[..at], &name[at + 1..])));
    if is_coordinate {
        return LabelName::Other;
    }
    sheet.name(column).map_or(LabelName::Silent, label_name)
}

/// Whether a column's name asks for a yes or no: `is_male`.
pub fn is_question(name: &str) -> bool {
    let words = words(name);
    words.len() > 1 && matches!(words[0].as_str(), "is" | "has" | "was")
}

/// Whether a column's name announces several words in a cell.
pub fn is_tags_name(name: &str) -> bool {
    words(name).last().is_some_and(|word| {
        matches!(
            word.as_str(),
            "tags" | "findings" | "keywords" | "attributes" | "genres" | "categories"
        )
    })
}

/// Whether a column's name is that of numbers of which nobody makes classes.
pub fn is_measure_name(name: &str) -> bool {
    const MEASURES: &str = "age|alter|edad|idade|years|width|height|depth|area|score|scores|probability|prob|proba|\
        confidence|conf|weight|lat|lon|lng|latitude|longitude|angle|duration|price|count|temperature|\
        speed|distance|length|volume|steering|throttle|brake|x|y|timestamp|time";
    words(name).iter().any(|word| is_listed(MEASURES, word))
}

/// Whether a column's name is that of boxes, of object detection.
pub fn is_box_name(name: &str) -> bool {
    let words = words(name);
    let all = words.concat();
    const BOXES: &str = "bbox|bboxes|bndbox|xmin|ymin|xmax|ymax|predictionstring|encodedpixels|rle";
    const ALONE: &str =
        "box|boxes|boundingbox|boundingboxes|minx|miny|maxx|maxy|polygon|segmentation";
    is_listed(ALONE, &all)
        || is_listed(BOXES, &all)
        || words.iter().any(|word| is_listed(BOXES, word))
}

/// Whether a column or folder is named for masks, thumbnails and the like: pictures that are not learnt from.
pub fn is_side_name(name: &str) -> bool {
    const SIDES: &str = "mask|masks|segmentation|segmentations|annotation|annotations|thumbnails|thumbnail|thumb|thumbs|\
        groundtruth";
    // Faces with masks and without.
    const WORN: &str = "with|without|no|non|face|worn|wearing";
    let tokens = split_names::tokens(name);
    if tokens.iter().any(|word| is_listed(WORN, word)) {
        return false;
    }
    tokens.iter().any(|word| is_listed(SIDES, word))
        || tokens
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == "ground" && b == "truth"))
}

/// Whether a name is that of a column of paths or identifiers.
pub fn is_path_name(name: &str) -> bool {
    let words = words(name);
    let all = words.concat();
    is_listed(PATHS, &all) || words.iter().any(|word| is_listed(PATHS, word))
}

/// Whether a name is that of a column of labels, paths or parts of a split: what a header has.
pub fn is_header_name(name: &str) -> bool {
    !name.chars().any(|letter| letter.is_ascii_digit())
        && (is_path_name(name) || label_name(name) >= LabelName::Label)
}

/// Whether a column is named for parts of a split.
pub fn is_split_name(name: &str) -> bool {
    let words = words(name);
    const WORDS: &[&str] = &[
        "split",
        "splits",
        "subset",
        "usage",
        "partition",
        "set",
        "phase",
        "fold",
        "folds",
        "kfold",
    ];
    words.iter().any(|word| WORDS.contains(&word.as_str())) || is_flag_of_split(name).is_some()
}

/// Whether a column is named for folds.
pub fn is_fold_name(name: &str) -> bool {
    let words = words(name);
    words
        .iter()
        .any(|word| matches!(word.as_str(), "fold" | "folds" | "kfold" | "cv" | "kf"))
}

/// The part of a split that pictures with a yes in a column of this name belong to: `is_valid`, `is_test`.
pub fn is_flag_of_split(name: &str) -> Option<split_names::SplitWord> {
    let mut words = words(name);
    let is_asked = words
        .first()
        .is_some_and(|word| word == "is" || word == "in");
    words.retain(|word| !matches!(word.as_str(), "is" | "in" | "image" | "img" | "set"));
    let [only] = words.as_slice() else {
        return None;
    };
    let word = split_names::split_word(only)?;
    // Alone, `valid` may say that the picture is.
    (is_asked || only != "valid").then_some(word)
}

#[cfg(test)]
mod tests;
