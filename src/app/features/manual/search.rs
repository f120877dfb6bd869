//! Full text of the manual: sections by their headings first, then by what stands in them.

use std::ops::Range;
use std::sync::LazyLock;

use super::blocks::{Kind, blocks};
use super::pages::PAGES;
use crate::app::core::command::ManualPlace;
use crate::app::ui::text_search::{Closeness, Fit, Sought, folded};

/// A section that has the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What is shown and marked when it is opened.
    pub place: ManualPlace,
    /// The page's number, from 1.
    pub page: usize,
    pub heading: String,
    /// Where the words stand, or what the section begins with.
    pub sentence: String,
    /// Where in the sentence the words are, in bytes.
    pub words: Vec<Range<usize>>,
}

/// What was found last: looked for anew only where something else is typed.
#[derive(Debug, Clone, Default)]
pub struct LastSearch {
    typed: String,
    hits: Vec<Hit>,
}

impl LastSearch {
    /// [`search`], in every frame.
    pub fn hits(&mut self, typed: &str) -> &[Hit] {
        if self.typed != typed {
            self.hits = search(typed);
            typed.clone_into(&mut self.typed);
        }
        &self.hits
    }
}

/// In which part of a section the words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Heading,
    /// In one paragraph, item or table.
    Block,
    /// Here and there.
    Section,
}

/// Of two hits, the less comes first.
type Rank = (Fit, Part, Closeness);

/// From a heading to the next; a page's title is the heading of what stands before the others.
struct Section {
    page: usize,
    heading: Text,
    heading_block: usize,
    blocks: Vec<IndexedBlock>,
    all: String,
}

struct IndexedBlock {
    index: usize,
    folded: String,
    sentences: Vec<Text>,
}

/// A text, and how it is compared.
struct Text {
    shown: String,
    folded: String,
}

impl From<String> for Text {
    fn from(shown: String) -> Self {
        let folded = folded(&shown);
        Self { shown, folded }
    }
}

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    let mut sections = Vec::new();
    for (page, text) in PAGES.iter().map(|page| page.text).enumerate() {
        let blocks = blocks(text);
        // The last one leads to the next page, whose title is found there.
        let own = &blocks[..blocks.len().saturating_sub(1)];
        for (index, block) in own.iter().enumerate() {
            let sentences: Vec<Text> = block.sentences().into_iter().map(Text::from).collect();
            if block.kind == Kind::Heading {
                sections.extend(sentences.into_iter().map(|heading| Section {
                    page,
                    all: heading.folded.clone(),
                    heading,
                    heading_block: index,
                    blocks: Vec::new(),
                }));
            } else if let Some(section) = sections.last_mut() {
                let folded: Vec<&str> = sentences.iter().map(|text| &*text.folded).collect();
                let folded = folded.join(" ");
                section.all.push(' ');
                section.all.push_str(&folded);
                section.blocks.push(IndexedBlock {
                    index,
                    folded,
                    sentences,
                });
            }
        }
    }
    sections
});

/// Sections that have all of the words, the best first; none where nothing is looked for.
pub fn search(typed: &str) -> Vec<Hit> {
    let sought = Sought::new(typed);
    if sought.is_empty() {
        return Vec::new();
    }
    let mut hits: Vec<(Rank, Hit)> = (SECTIONS.iter())
        .filter_map(|section| section.hit(&sought))
        .collect();
    if let Some(best) = hits.iter().map(|((fit, ..), _)| *fit).min() {
        hits.retain(|((fit, ..), _)| *fit == best);
    }
    hits.sort_by_key(|(rank, _)| *rank);
    hits.into_iter().map(|(_, hit)| hit).collect()
}

impl Section {
    fn hit(&self, sought: &Sought) -> Option<(Rank, Hit)> {
        let of_blocks = self.blocks.iter().enumerate();
        let best_block = of_blocks
            .filter_map(|(number, block)| {
                let fit = sought.fit_folded(&block.folded)?;
                Some((fit, sought.closeness(&block.folded), number))
            })
            .min();
        let heading = &self.heading.folded;
        let in_heading =
            (sought.fit_folded(heading)).map(|fit| (fit, Part::Heading, sought.closeness(heading)));
        let in_block = best_block.map(|(fit, closeness, _)| (fit, Part::Block, closeness));
        let in_section =
            (sought.fit_folded(&self.all)).map(|fit| (fit, Part::Section, Closeness::Words));
        let rank = (in_heading.into_iter().chain(in_block).chain(in_section)).min()?;
        let blocks = match (rank.1, best_block) {
            (Part::Block, Some((_, _, number))) => &self.blocks[number..=number],
            _ => &self.blocks[..],
        };
        let sentence = best_sentence(blocks, sought);
        let block = match (rank.1, sentence) {
            (Part::Block | Part::Section, Some((block, _))) => block,
            _ => self.heading_block,
        };
        let shown = sentence.map_or_else(String::new, |(_, text)| text.shown.clone());
        let hit = Hit {
            words: sought.places_in(&shown),
            place: ManualPlace {
                file: PAGES[self.page].file,
                block,
            },
            page: self.page + 1,
            heading: self.heading.shown.clone(),
            sentence: shown,
        };
        Some((rank, hit))
    }
}

/// The first sentence that has most of the words, with the number of its block.
fn best_sentence<'a>(blocks: &'a [IndexedBlock], sought: &Sought) -> Option<(usize, &'a Text)> {
    let sentences = blocks.iter().flat_map(|block| {
        let index = block.index;
        block.sentences.iter().map(move |text| (index, text))
    });
    // Of equals, the first.
    sentences.min_by_key(|(_, text)| {
        let number = sought.number_in(&text.folded);
        (sought.closeness(&text.folded), std::cmp::Reverse(number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(typed: &str) -> Hit {
        let hits = search(typed);
        assert!(!hits.is_empty(), "{typed}: nothing is found");
        hits.into_iter().next().unwrap()
    }

    #[test]
    fn a_heading_comes_before_what_is_said_elsewhere() {
        for (typed, file, heading) in [
            ("none of these", "09-evaluate.md", "None of these"),
            ("NONE THESE", "09-evaluate.md", "None of these"),
            ("learning rate", "05-head-and-training.md", "Learning rate"),
            ("freeze layers", "04-freeze-layers.md", "Freeze layers"),
        ] {
            let hit = first(typed);
            assert_eq!(
                (hit.place.file, hit.heading.as_str()),
                (file, heading),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_stands_in_a_text_is_found_with_its_sentence_and_its_place() {
        for (typed, word) in [
            ("unsure", "sure"),
            ("folder", "folder"),
            ("macro f1", "macro-f1"),
            ("fôldér", "folder"),
        ] {
            for hit in search(typed) {
                let page = PAGES
                    .iter()
                    .find(|page| page.file == hit.place.file)
                    .unwrap();
                let block = blocks(page.text)[hit.place.block];
                let said = format!("{} {}", hit.heading, hit.sentence).to_lowercase();
                assert!(said.contains(word), "{typed}: {hit:?}");
                let marked: Vec<&str> = (hit.words.iter().cloned())
                    .map(|word| &hit.sentence[word])
                    .collect();
                assert!(!marked.is_empty() || hit.heading.to_lowercase().contains(word));
                let is_there = block.sentences().contains(&hit.sentence);
                assert!(is_there || block.kind == Kind::Heading, "{hit:?}");
            }
            first(typed);
        }
    }

    #[test]
    fn where_nothing_is_typed_or_nothing_has_the_words_nothing_is_found() {
        assert_eq!(search(""), []);
        assert_eq!(search("  "), []);
        assert_eq!(search("xyzzy"), []);
        assert_eq!(search("learning xyzzy"), []);
    }

    /// Words of the field that a person looks for, each with a page that says something of it.
    #[test]
    fn what_people_look_for_is_found() {
        let mut missing = Vec::new();
        for (typed, file) in WORDS {
            let hits = search(typed);
            if !hits.iter().take(5).any(|hit| hit.place.file == file) {
                let hits = hits.iter().map(|hit| (hit.place.file, &*hit.heading));
                missing.push(format!("{typed}: {:?}", hits.collect::<Vec<_>>()));
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }

    const WORDS: [(&str, &str); 55] = [
        ("overfitting", "07-train.md"),
        ("underfitting", "07-train.md"),
        ("class imbalance", "11-questions.md"),
        ("learning rate", "05-head-and-training.md"),
        ("GPU", "11-questions.md"),
        ("CUDA", "11-questions.md"),
        ("csv", "10-use.md"),
        ("dark mode", "11-questions.md"),
        ("crash", "11-questions.md"),
        ("resume", "07-train.md"),
        ("licence", "11-questions.md"),
        ("ONNX", "10-use.md"),
        ("PyTorch", "10-use.md"),
        ("batch size", "11-questions.md"),
        ("optimizer", "11-questions.md"),
        ("weight decay", "11-questions.md"),
        ("out of memory", "11-questions.md"),
        ("slow", "11-questions.md"),
        ("object detection", "11-questions.md"),
        ("segmentation", "11-questions.md"),
        ("multi-label", "11-questions.md"),
        ("video", "11-questions.md"),
        ("cross-validation", "02-your-pictures.md"),
        ("privacy", "11-questions.md"),
        ("offline", "11-questions.md"),
        ("disk space", "11-questions.md"),
        ("confusion matrix", "09-evaluate.md"),
        ("recall", "09-evaluate.md"),
        ("AUC", "09-evaluate.md"),
        ("Grad-CAM", "09-evaluate.md"),
        ("calibration", "09-evaluate.md"),
        ("duplicates", "09-evaluate.md"),
        ("wrong labels", "09-evaluate.md"),
        ("early stopping", "05-head-and-training.md"),
        ("dropout", "05-head-and-training.md"),
        ("seed", "08-compare.md"),
        ("epoch", "05-head-and-training.md"),
        ("train test split", "02-your-pictures.md"),
        ("unsure", "10-use.md"),
        ("threshold", "09-evaluate.md"),
        ("unknown", "10-use.md"),
        ("trash", "10-use.md"),
        ("delete a run", "10-use.md"),
        ("tensorboard", "10-use.md"),
        ("command line", "10-use.md"),
        ("preset", "10-use.md"),
        ("grey", "11-questions.md"),
        ("few pictures", "11-questions.md"),
        ("image size", "03-backbone.md"),
        ("transfer learning", "01-start.md"),
        ("imagenet", "03-backbone.md"),
        ("patient", "02-your-pictures.md"),
        ("report a bug", "11-questions.md"),
        ("python", "10-use.md"),
        ("model card", "10-use.md"),
    ];
}
