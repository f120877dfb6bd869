//! What a page of the manual is put together from, each piece drawn, marked and found by itself.

use std::collections::VecDeque;

/// A heading, a paragraph, an item of a list, a table, or a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// As the page has it, with mark-up.
    pub text: &'static str,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Heading,
    Paragraph,
    Item,
    Table,
    Picture,
}

impl Block {
    fn new(text: &'static str) -> Self {
        let kind = match text {
            _ if text.starts_with('#') => Kind::Heading,
            _ if text.starts_with('|') => Kind::Table,
            _ if text.starts_with("![") => Kind::Picture,
            _ if is_item(text) => Kind::Item,
            _ => Kind::Paragraph,
        };
        Self { text, kind }
    }

    /// What it says, without mark-up: a sentence each, of a table a row each.
    pub fn sentences(&self) -> Vec<String> {
        match self.kind {
            Kind::Picture => Vec::new(),
            Kind::Table => (self.text.lines().skip(2)).map(row).collect(),
            Kind::Heading => vec![plain(self.text.trim_start_matches('#'))],
            Kind::Paragraph | Kind::Item => {
                let text = self.text.trim_start_matches("- ");
                split_sentences(&plain(text))
            }
        }
    }
}

/// The pieces of a page, in their order.
pub fn blocks(page: &'static str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut begin = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let is_blank = line.trim().is_empty();
        if (is_blank || is_item(line))
            && let Some(begin) = begin.take()
        {
            blocks.push(Block::new(page[begin..at].trim_end()));
        }
        if !is_blank {
            begin.get_or_insert(at);
        }
        at += line.len();
    }
    if let Some(begin) = begin {
        blocks.push(Block::new(page[begin..].trim_end()));
    }
    blocks
}

fn is_item(line: &str) -> bool {
    let after_number = line.trim_start_matches(|sign: char| sign.is_ascii_digit());
    line.starts_with("- ") || after_number.len() < line.len() && after_number.starts_with(". ")
}

/// A line of a table: what it is about, then what is said of it.
fn row(line: &str) -> String {
    let cells = line.trim_matches('|').split('|');
    let mut cells: VecDeque<String> = cells.map(plain).collect();
    let first = cells.pop_front().unwrap_or_default();
    let rest = Vec::from(cells).join(", ");
    format!("{first}: {rest}")
}

/// A text without mark-up, in one line.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.retain(|sign| !matches!(sign, '*' | '`' | '['));
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn split_sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut sentence = String::new();
    for word in text.split(' ') {
        sentence.push_str(word);
        let ends = word.ends_with(['.', '!', '?']) && word != "vs.";
        // The number of an item.
        if ends && !word.starts_with(|sign: char| sign.is_ascii_digit()) {
            sentences.push(std::mem::take(&mut sentence));
        } else {
            sentence.push(' ');
        }
    }
    let rest = sentence.trim_end();
    if !rest.is_empty() {
        sentences.push(rest.to_owned());
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::super::pages::PAGES;
    use super::*;

    #[test]
    fn a_page_is_taken_apart_at_blank_lines_and_items() {
        let page = "# A\n\nOne *two*\nthree. **Four** vs. five? `six`\r\n\r\n1. Seven, [see](b.md)!\n2. Eight\n   goes on\n\n| a | b |\n| --- | --- |\n| `c` | d | \n\n![A picture](c.png)\n- Nine";
        let blocks = blocks(page);
        let kinds: Vec<Kind> = blocks.iter().map(|block| block.kind).collect();
        let expected = [
            Kind::Heading,
            Kind::Paragraph,
            Kind::Item,
            Kind::Item,
            Kind::Table,
            Kind::Picture,
            Kind::Item,
        ];
        assert_eq!(kinds, expected);
        let sentences: Vec<Vec<String>> = blocks.iter().map(Block::sentences).collect();
        let expected: [&[&str]; 7] = [
            &["A"],
            &["One two three.", "Four vs. five?", "six"],
            &["1. Seven, see!"],
            &["2. Eight goes on"],
            &["c: d"],
            &[],
            &["Nine"],
        ];
        assert_eq!(sentences, expected);
    }

    #[test]
    fn nothing_of_a_page_is_left_out() {
        for page in PAGES {
            let blocks = blocks(page.text);
            let together: usize = (blocks.iter())
                .map(|block| block.text.split_whitespace().count())
                .sum();
            assert_eq!(together, page.text.split_whitespace().count());
            assert_eq!(blocks[0].kind, Kind::Heading, "{}", page.file);
        }
    }
}
