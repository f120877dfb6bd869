//! A card as Markdown.

use crate::format::Align;
use crate::shown;

use super::Block;

/// How a card's first line begins, which tells whose file it is.
pub(super) const MARK: &str = "<!-- Written by Graft";

pub(super) fn document(title: &str, blocks: &[Block]) -> String {
    let mut text = format!(
        "{MARK} {} -->\n\n# {}\n",
        env!("CARGO_PKG_VERSION"),
        escape(title)
    );
    for block in blocks {
        text.push('\n');
        match block {
            Block::Heading(heading) => text.push_str(&format!("## {heading}\n")),
            Block::Text(sentences) => text.push_str(&format!("{}\n", escape(sentences))),
            Block::Warning(sentences) => text.push_str(&format!("> **{}**\n", escape(sentences))),
            Block::Table { header, rows } => table(&mut text, header, rows),
            Block::Code {
                language,
                text: code,
            } => {
                let fence = fence(code);
                text.push_str(&format!(
                    "{fence}{language}\n{}\n{fence}\n",
                    code.trim_end()
                ));
            }
        }
    }
    text
}

fn table(text: &mut String, header: &[(&'static str, Align)], rows: &[Vec<String>]) {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let names = header.iter().map(|(name, _)| escape(name));
    text.push_str(&line(names.collect()));
    let rule = header.iter().map(|(_, align)| match align {
        Align::Left => "---".to_owned(),
        Align::Right => "---:".to_owned(),
    });
    text.push_str(&line(rule.collect()));
    for row in rows {
        text.push_str(&line(row.iter().map(|cell| escape(cell)).collect()));
    }
}

/// Longer than any that stands in the code.
fn fence(code: &str) -> String {
    let longest = code
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    std::iter::repeat_n('`', (longest + 1).max(3)).collect()
}

/// Text for Markdown, on one line: nothing in it is mark-up, and no HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in shown::line(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text_and_code_stays_code() {
        let blocks = [
            Block::Text("a|b *c* <script>".into()),
            Block::Table {
                header: vec![("class", Align::Left), ("pictures", Align::Right)],
                rows: vec![vec!["x|y\nz".into(), "3".into()]],
            },
            Block::Code {
                language: "python",
                text: "print(\"```\")\n".into(),
            },
        ];
        let text = document("_one_", &blocks);
        assert!(text.starts_with(MARK), "{text}");
        for expected in [
            "# \\_one\\_\n",
            "a\\|b \\*c\\* &lt;script&gt;\n",
            "| class | pictures |\n| --- | ---: |\n| x\\|y",
            "````python\nprint(\"```\")\n````\n",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        // A row is one line.
        let row = text.lines().find(|line| line.starts_with("| x")).unwrap();
        assert!(row.ends_with("| 3 |"), "{row}");
    }
}
