//! Reads a RON text into [`Node`]s: brackets, names, quotes and comments, but no types.

use super::syntax::{Field, Kind, Node, SyntaxError};

/// Deep enough for any experiment, far from the end of the stack.
const DEEPEST: usize = 48;

/// Reads one value that fills the whole text.
pub(crate) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_attributes()?;
    let node = reader.value(0)?;
    reader.skip_blanks()?;
    match reader.peek() {
        None => Ok(node),
        Some(found) => Err(reader.error(format!(
            "{found:?} stands after the end of the preset: one parenthesis too many?"
        ))),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            at: self.at,
            message: message.into(),
        }
    }

    /// White space and comments.
    fn skip_blanks(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            // The two direction marks count as white space in RON, but not in Rust.
            let blank = |c: char| c.is_whitespace() || matches!(c, '\u{200E}' | '\u{200F}');
            let trimmed = rest.trim_start_matches(blank);
            let start = self.text.len() - trimmed.len();
            self.at = start;
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at = self.block_comment_end(start)?;
            } else {
                return Ok(());
            }
        }
    }

    /// Block comments nest, as in Rust.
    fn block_comment_end(&self, start: usize) -> Result<usize, SyntaxError> {
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(next) = self.text[at..].chars().next() {
            if self.text[at..].starts_with("/*") {
                depth += 1;
                at += 2;
            } else if self.text[at..].starts_with("*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok(at);
                }
            } else {
                at += next.len_utf8();
            }
        }
        Err(SyntaxError {
            at: start,
            message: "this comment has no closing “*/”".into(),
        })
    }

    /// `#![enable(implicit_some)]`, which RON allows before the value.
    fn skip_attributes(&mut self) -> Result<(), SyntaxError> {
        self.skip_blanks()?;
        while self.rest().starts_with("#!") {
            match self.rest().find(']') {
                Some(end) => self.at += end + 1,
                None => return Err(self.error("this attribute has no closing “]”")),
            }
            self.skip_blanks()?;
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        self.skip_blanks()?;
        let start = self.at;
        if depth > DEEPEST {
            return Err(self.error("too many parentheses inside each other"));
        }
        let kind = match self.peek() {
            None => return Err(self.error("the preset ends where a value is expected")),
            Some('(') => self.parentheses(String::new(), depth)?,
            Some('[') => Kind::List {
                items: self.items('[', ']', depth)?,
            },
            Some('{') => self.map(depth)?,
            Some('"') => self.string()?,
            Some('\'') => self.character()?,
            Some(_) if self.raw_string_hashes().is_some() => self.raw_string()?,
            Some('b') if self.rest().starts_with("b\"") => {
                self.at += 1;
                self.string()?
            }
            Some(_) => self.word_or_variant(depth)?,
        };
        Ok(Node {
            start,
            end: self.at,
            kind,
        })
    }

    fn word_or_variant(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        let word = self.word()?;
        let after_word = self.at;
        self.skip_blanks()?;
        if self.peek() == Some('(') && word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return self.parentheses(word, depth);
        }
        self.at = after_word;
        Ok(Kind::Scalar)
    }

    /// A number, a name, or what a person wrote in their place.
    fn word(&mut self) -> Result<String, SyntaxError> {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|&(at, c)| {
                c.is_whitespace()
                    || "()[]{},:\"'".contains(c)
                    || rest[at..].starts_with("//")
                    || rest[at..].starts_with("/*")
            })
            .map_or(rest.len(), |(at, _)| at);
        if end == 0 {
            let found = self.peek().unwrap_or(' ');
            return Err(self.error(format!("{found:?} stands where a value is expected")));
        }
        let word = rest[..end].to_owned();
        self.at += end;
        Ok(word)
    }

    fn parentheses(&mut self, name: String, depth: usize) -> Result<Kind, SyntaxError> {
        let open = self.at;
        self.at += 1;
        self.skip_blanks()?;
        if !self.starts_with_field()? {
            self.at = open;
            let items = self.items('(', ')', depth)?;
            return Ok(Kind::Tuple { name, items });
        }
        let mut fields = Vec::new();
        loop {
            self.skip_blanks()?;
            if self.take(')') {
                return Ok(Kind::Struct { name, fields });
            }
            let start = self.at;
            if self.peek().is_none() {
                return Err(SyntaxError {
                    at: open,
                    message: "this “(” has no closing “)”".into(),
                });
            }
            let field = self.word()?;
            self.skip_blanks()?;
            if !self.take(':') {
                return Err(self.error(format!(
                    "a colon is expected after the field's name “{field}”"
                )));
            }
            let value = self.value(depth + 1)?;
            fields.push(Field {
                name: field,
                start,
                value,
            });
            self.separator(open, '(', ')')?;
        }
    }

    /// Whether a name and a colon come next. Moves nothing.
    fn starts_with_field(&mut self) -> Result<bool, SyntaxError> {
        let start = self.at;
        let named = self.peek().is_some_and(|c| c.is_alphabetic() || c == '_')
            && self.word().is_ok()
            && self.skip_blanks().is_ok()
            && self.peek() == Some(':');
        self.at = start;
        Ok(named)
    }

    fn items(&mut self, open: char, close: char, depth: usize) -> Result<Vec<Node>, SyntaxError> {
        let opened = self.at;
        self.at += open.len_utf8();
        let mut items = Vec::new();
        loop {
            self.skip_blanks()?;
            if self.take(close) {
                return Ok(items);
            }
            if self.peek().is_none() {
                return Err(unclosed(opened, open, close));
            }
            items.push(self.value(depth + 1)?);
            self.separator(opened, open, close)?;
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        let opened = self.at;
        self.at += 1;
        loop {
            self.skip_blanks()?;
            if self.take('}') {
                return Ok(Kind::Map);
            }
            if self.peek().is_none() {
                return Err(unclosed(opened, '{', '}'));
            }
            self.value(depth + 1)?;
            self.skip_blanks()?;
            if !self.take(':') {
                return Err(self.error("a colon is expected here"));
            }
            self.value(depth + 1)?;
            self.separator(opened, '{', '}')?;
        }
    }

    /// A comma, or the closing bracket that the caller takes.
    fn separator(&mut self, opened: usize, open: char, close: char) -> Result<(), SyntaxError> {
        let end = self.at;
        self.skip_blanks()?;
        if self.take(',') || self.peek() == Some(close) {
            return Ok(());
        }
        if self.peek().is_none() {
            return Err(unclosed(opened, open, close));
        }
        // The comma belongs right after the value, not where the next line goes on.
        Err(SyntaxError {
            at: end,
            message: format!("a comma or “{close}” is expected here"),
        })
    }

    fn string(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.at;
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => {
                    characters.next();
                }
                '"' => {
                    self.at = start + at + 1;
                    return Ok(Kind::Scalar);
                }
                _ => {}
            }
        }
        Err(self.error("this text has no closing quote"))
    }

    fn character(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.at;
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => {
                    characters.next();
                }
                '\'' if at > 1 => {
                    self.at = start + at + 1;
                    return Ok(Kind::Scalar);
                }
                '\n' => break,
                _ => {}
            }
        }
        Err(self.error("text is written in double quotes"))
    }

    /// The number of `#` of `r##"`, if a raw string comes next.
    fn raw_string_hashes(&self) -> Option<usize> {
        let after = self
            .rest()
            .strip_prefix("br")
            .or_else(|| self.rest().strip_prefix('r'))?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        after[hashes..].starts_with('"').then_some(hashes)
    }

    fn raw_string(&mut self) -> Result<Kind, SyntaxError> {
        let hashes = self.raw_string_hashes().unwrap_or_default();
        let open = self.rest().find('"').unwrap_or_default() + 1;
        let closing = format!("\"{}", "#".repeat(hashes));
        match self.rest()[open..].find(&closing) {
            Some(end) => {
                self.at += open + end + closing.len();
                Ok(Kind::Scalar)
            }
            None => Err(self.error(format!("this raw text has no closing “{closing}”"))),
        }
    }
}

fn unclosed(opened: usize, open: char, close: char) -> SyntaxError {
    SyntaxError {
        at: opened,
        message: format!("this “{open}” has no closing “{close}”"),
    }
}
