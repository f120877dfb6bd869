//! What people call the parts of a split, as folders and cells of tables name them: `train`, `Training Data`,
//! `seg_test`, `val2017`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::Split;

/// Which part a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SplitWord {
    Train,
    Validation,
    Test,
    /// `eval`, `holdout`: the test, unless something else is called the test.
    Evaluation,
    /// `pred`, `unlabeled`: pictures whose class nobody tells.
    Unlabelled,
}

impl SplitWord {
    /// What a folder for it is best called.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test | Self::Evaluation => "test",
            Self::Unlabelled => "unlabelled",
        }
    }
}

/// A name with the word for a part of a split in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitName {
    pub word: SplitWord,
    /// The other words of the name that say more than "pictures" or "set": empty, or what it is a part of
    /// (`flowers` of `flowers_train`).
    pub rest: String,
    /// Two letters alone (`tr`), which may be an abbreviation of anything.
    pub is_weak: bool,
    /// Two letters, whatever stands beside them.
    pub is_abbreviated: bool,
}

/// Without accents: names are compared so.
const TRAIN: &[&str] = &[
    "train",
    "training",
    "trainings",
    "trn",
    "tr",
    "entrenamiento",
    "entrainement",
    "apprentissage",
    "treino",
    "treinamento",
    "addestramento",
    "allenamento",
    "lernen",
    "ausbildung",
    "trening",
    "traning",
    "egitim",
    "latih",
    "تدريب",
    "обучение",
    "обучающая",
    "тренировка",
    "训练",
    "訓練",
    "学習",
    "학습",
    "훈련",
];
const VALIDATION: &[&str] = &[
    "valid",
    "validation",
    "validate",
    "validating",
    "val",
    "vali",
    "vld",
    "dev",
    "development",
    "validacion",
    "validacao",
    "validierung",
    "validierungs",
    "validazione",
    "validatie",
    "walidacja",
    "dogrulama",
    "validasi",
    "валидация",
    "验证",
    "驗證",
    "検証",
    "검증",
];
const TEST: &[&str] = &[
    "test",
    "tests",
    "testing",
    "tst",
    "te",
    "ts",
    "prueba",
    "pruebas",
    "teste",
    "testes",
    "prufung",
    "uji",
    "اختبار",
    "тест",
    "тестовая",
    "测试",
    "測試",
    "テスト",
    "테스트",
];
const EVALUATION: &[&str] = &[
    "eval",
    "evaluation",
    "evaluate",
    "holdout",
    "heldout",
    "evaluacion",
    "avaliacao",
    "evaluierung",
    "评估",
    "評価",
];
const UNLABELLED: &[&str] = &[
    "pred",
    "predict",
    "prediction",
    "predictions",
    "unlabelled",
    "unlabeled",
    "unsupervised",
];
const WEAK: &[&str] = &["tr", "te", "ts"];

/// Words that say nothing of what the pictures show. None of them begins like a word above and goes on.
const FILLERS: &[&str] = &[
    "set",
    "sets",
    "data",
    "dataset",
    "datasets",
    "ds",
    "image",
    "images",
    "img",
    "imgs",
    "im",
    "ims",
    "picture",
    "pictures",
    "pic",
    "pics",
    "photo",
    "photos",
    "jpeg",
    "jpegs",
    "jpg",
    "png",
    "seg",
    "split",
    "splits",
    "part",
    "parts",
    "subset",
    "folder",
    "folders",
    "dir",
    "directory",
    "file",
    "files",
    "sample",
    "samples",
    "example",
    "examples",
    "the",
    "my",
    "all",
    "full",
    "final",
    "new",
    "raw",
    "original",
    "orig",
    "processed",
    "preprocessed",
    "cropped",
    "resized",
    "small",
    "batch",
    "classification",
    "class",
    "classes",
    "labelled",
    "labeled",
    "of",
    "for",
    "copy",
    "augmented",
    "aug",
    "clean",
    "cleaned",
    "daten",
    "datensatz",
    "satz",
    "menge",
    "bilder",
    "fotos",
    "datos",
    "dados",
    "dati",
    "donnees",
    "conjunto",
    "ensemble",
    "imagenes",
    "imagens",
    "immagini",
    "данные",
    "выборка",
    "集",
    "数据",
    "数据集",
    "图片",
    "图像",
    "画像",
    "データ",
    "데이터",
    "이미지",
];

/// Words between others, in names of several words.
const LINKS: &[&str] = &["de", "des", "du", "di", "da", "do"];

/// The part of a split that `name` is for, if it has the word for one, in any case and whatever stands
/// between the words.
pub fn split_name(name: &str) -> Option<SplitName> {
    let mut words = Vec::new();
    let mut rest: Vec<String> = Vec::new();
    let mut fillers = 0;
    let mut weak = false;
    let tokens = join_held_out(tokens(&without_accents(name)));
    for token in &tokens {
        if let Some(word) = word(token) {
            weak |= WEAK.contains(&token.as_str());
            words.push(word);
        } else if FILLERS.contains(&token.as_str()) {
            fillers += 1;
        } else if let Some(word) = glued(token) {
            fillers += 1;
            words.push(word);
        } else if tokens.len() == 1 || !LINKS.contains(&token.as_str()) {
            rest.push(token.clone());
        }
    }
    Some(SplitName {
        word: one_word(&words)?,
        is_weak: weak && fillers == 0 && rest.is_empty(),
        is_abbreviated: weak,
        rest: rest.join(" "),
    })
}

/// The word of a name that says nothing else.
pub fn split_word(name: &str) -> Option<SplitWord> {
    split_name(name)
        .filter(|name| name.rest.is_empty())
        .map(|name| name.word)
}

/// What is in the name besides digits, punctuation and words such as "images": nothing in `images_part_1`.
pub fn is_uninformative(name: &str) -> bool {
    let tokens = tokens(name);
    !tokens.is_empty() && tokens.iter().all(|token| FILLERS.contains(&token.as_str()))
}

/// The parts that words stand for beside each other; `None` for unlabelled pictures.
pub fn assign(words: &[SplitWord]) -> Vec<Option<Split>> {
    let has_test = words.contains(&SplitWord::Test);
    words
        .iter()
        .map(|word| match word {
            SplitWord::Train => Some(Split::Train),
            SplitWord::Validation => Some(Split::Validation),
            SplitWord::Test => Some(Split::Test),
            SplitWord::Evaluation if has_test => Some(Split::Validation),
            SplitWord::Evaluation => Some(Split::Test),
            SplitWord::Unlabelled => None,
        })
        .collect()
}

/// Marks of other scripts make other letters, and stay.
pub fn without_accents(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    name.nfd()
        .filter(|letter| !('\u{300}'..='\u{36f}').contains(letter))
        .nfc()
        .collect::<String>()
        .into()
}

/// The letters of a name in groups, lowercase: `trainImages-2` is train, images.
pub fn tokens(name: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        if !letter.is_alphabetic() || after_small && letter.is_uppercase() {
            tokens.push(String::new());
        }
        if let Some(token) = tokens.last_mut().filter(|_| letter.is_alphabetic()) {
            token.extend(letter.to_lowercase());
        }
        after_small = letter.is_lowercase();
    }
    tokens.retain(|token| !token.is_empty());
    tokens
}

/// `hold-out` is one word.
fn join_held_out(tokens: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(tokens.len());
    for token in tokens {
        match joined.last_mut() {
            Some(last) if token == "out" && (last == "hold" || last == "held") => {
                last.push_str("out")
            }
            _ => joined.push(token),
        }
    }
    joined
}

fn word(token: &str) -> Option<SplitWord> {
    [
        (TRAIN, SplitWord::Train),
        (VALIDATION, SplitWord::Validation),
        (TEST, SplitWord::Test),
        (EVALUATION, SplitWord::Evaluation),
        (UNLABELLED, SplitWord::Unlabelled),
    ]
    .into_iter()
    .find_map(|(words, word)| words.contains(&token).then_some(word))
    // VOC's training and validation pictures together.
    .or_else(|| (token == "trainval").then_some(SplitWord::Train))
}

/// `trainset`, `imgtest`: the word for a part with one of the others, without anything between.
fn glued(token: &str) -> Option<SplitWord> {
    (1..token.len())
        .filter_map(|at| token.split_at_checked(at))
        .find_map(|(first, second)| {
            let strong = |text: &str| word(text).filter(|_| !WEAK.contains(&text));
            strong(first)
                .filter(|_| FILLERS.contains(&second))
                .or_else(|| strong(second).filter(|_| FILLERS.contains(&first)))
        })
}

/// The same word again and again, or one of the pairs that mean one part.
fn one_word(words: &[SplitWord]) -> Option<SplitWord> {
    let has = |word| words.contains(&word);
    let first = *words.first()?;
    if words.iter().all(|word| *word == first) {
        return Some(first);
    }
    let others = |pair: [SplitWord; 2]| words.iter().any(|word| !pair.contains(word));
    use SplitWord::{Evaluation, Test, Train, Unlabelled, Validation};
    if has(Train) && has(Validation) && !others([Train, Validation]) {
        return Some(Train);
    }
    // COCO's test-dev, and pictures whose test labels are kept back.
    [Validation, Evaluation, Unlabelled]
        .into_iter()
        .any(|other| has(Test) && has(other) && !others([Test, other]))
        .then_some(Test)
}

#[cfg(test)]
mod tests;
