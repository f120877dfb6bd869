//! A card as part of an HTML document.

use crate::format::Align;

use super::super::html::{escape, html_table};
use super::Block;

pub(super) fn section(blocks: &[Block]) -> String {
    let parts: Vec<String> = blocks.iter().map(part).collect();
    parts.join("\n")
}

fn part(block: &Block) -> String {
    match block {
        Block::Heading(heading) => format!("<h4>{}</h4>", escape(heading)),
        Block::Text(sentences) => format!("<p>{}</p>", escape(sentences)),
        Block::Warning(sentences) => format!("<p><strong>{}</strong></p>", escape(sentences)),
        Block::Table { header, rows } => {
            let header: Vec<(&str, Align)> =
                header.iter().map(|(name, align)| (*name, *align)).collect();
            let rows: Vec<Vec<String>> = rows
                .iter()
                .map(|row| row.iter().map(|cell| escape(cell)).collect())
                .collect();
            html_table(&header, &rows).replace("<td>", "<td class=\"wrap\">")
        }
        Block::Code { text, .. } => format!("<pre>{}</pre>", escape(text.trim_end())),
    }
}
