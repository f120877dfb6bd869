//! The shape of a RON text with the place of every value: what serde's errors lack is a field's
//! path, what a range error lacks is its line, and both are found here.

/// One value and where it stands, in bytes from the start of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A number, a quoted text, `true`, `None`, or a variant without fields.
    Scalar,
    /// `(epochs: 10)` or `Dense(units: 128)`.
    Struct { name: String, fields: Vec<Field> },
    /// `("cat", 2.0)` or `Dropout(0.5)`.
    Tuple { name: String, items: Vec<Node> },
    /// `[1, 2]`.
    List { items: Vec<Node> },
    /// `{ "a": 1 }`, which no field of an experiment takes.
    Map,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub name: String,
    /// Where the name begins.
    pub start: usize,
    pub value: Node,
}

/// What is wrong with the punctuation, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub at: usize,
    pub message: String,
}

/// One step of a path such as `phases[0].epochs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    Index(usize),
}

/// Deep enough for any experiment, far from the end of the stack.
const DEEPEST: usize = 48;

/// Reads one value that fills the whole text.
pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
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

/// Line and column, both from 1, of a place in bytes; columns count characters.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// `phases[0].epochs` as steps; `None` when it is not written so.
pub(super) fn parse_path(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let mut pieces = part.trim().split('[');
        let name = pieces.next()?.trim();
        if name.is_empty() {
            return None;
        }
        steps.push(Step::Name(name.into()));
        for piece in pieces {
            steps.push(Step::Index(piece.strip_suffix(']')?.trim().parse().ok()?));
        }
    }
    Some(steps)
}

pub(super) fn path_text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Name(name) if text.is_empty() => text.push_str(name),
            Step::Name(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

impl Node {
    /// The deepest value on the way along `steps`, and how many steps led there.
    pub fn find(&self, steps: &[Step]) -> (&Node, usize) {
        let mut node = self;
        for (taken, step) in steps.iter().enumerate() {
            match node.child(step) {
                Some(child) => node = child,
                None => return (node, taken),
            }
        }
        (node, steps.len())
    }

    fn child(&self, step: &Step) -> Option<&Node> {
        match (step, &self.kind) {
            (Step::Name(name), Kind::Struct { fields, .. }) => fields
                .iter()
                .find(|field| field.name == *name)
                .map(|field| &field.value),
            // `Custom([...])` and `Some(...)`: the parentheses are no step of their own.
            (_, Kind::Tuple { name, items }) if !name.is_empty() && items.len() == 1 => {
                items[0].child(step)
            }
            (Step::Index(index), Kind::List { items } | Kind::Tuple { items, .. }) => {
                items.get(*index)
            }
            _ => None,
        }
    }

    /// The value that a variant with one value wraps: the 0.5 of `Dropout(0.5)`.
    pub fn unwrapped(&self) -> &Node {
        match &self.kind {
            Kind::Tuple { name, items } if !name.is_empty() && items.len() == 1 => {
                items[0].unwrapped()
            }
            _ => self,
        }
    }

    /// The path to the innermost value that holds the place `at`, and that value.
    pub fn at(&self, at: usize) -> (Vec<Step>, &Node) {
        let mut steps = Vec::new();
        let mut node = self;
        loop {
            let holds = |child: &Node| child.start <= at && at <= child.end;
            let next = match &node.kind {
                Kind::Scalar | Kind::Map => None,
                Kind::Struct { fields, .. } => fields
                    .iter()
                    .find(|field| field.start <= at && at <= field.value.end)
                    .map(|field| (Some(Step::Name(field.name.clone())), &field.value)),
                Kind::Tuple { name, items } if !name.is_empty() && items.len() == 1 => items
                    .first()
                    .filter(|item| holds(item))
                    .map(|item| (None, item)),
                Kind::List { items } | Kind::Tuple { items, .. } => items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| holds(item))
                    .map(|(index, item)| (Some(Step::Index(index)), item)),
            };
            match next {
                Some((step, child)) => {
                    steps.extend(step);
                    node = child;
                }
                None => return (steps, node),
            }
        }
    }

    /// The text of the value.
    pub fn source<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
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
            message: "this comment has no closing `*/`".into(),
        })
    }

    /// `#![enable(implicit_some)]`, which RON allows before the value.
    fn skip_attributes(&mut self) -> Result<(), SyntaxError> {
        self.skip_blanks()?;
        while self.rest().starts_with("#!") {
            match self.rest().find(']') {
                Some(end) => self.at += end + 1,
                None => return Err(self.error("this attribute has no closing `]`")),
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
                    message: "this `(` has no closing `)`".into(),
                });
            }
            let field = self.word()?;
            self.skip_blanks()?;
            if !self.take(':') {
                return Err(self.error(format!(
                    "a colon is expected after the field's name `{field}`"
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
            message: format!("a comma or `{close}` is expected here"),
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
            None => Err(self.error(format!("this raw text has no closing `{closing}`"))),
        }
    }
}

fn unclosed(opened: usize, open: char, close: char) -> SyntaxError {
    SyntaxError {
        at: opened,
        message: format!("this `{open}` has no closing `{close}`"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const TEXT: &str = r##"// The first line: phases (not [this] one)
Experiment(
    name: "a \" ) quote", /* a /* nested */ comment, ( */
    notes: r#"raw " ( text"#,
    head: (layers: [Dense(units: 8, activation: Relu), Dropout (0.5)]),
    phases: [
        (epochs: 3, layer_rates: Custom([("layer4", 0.1)])),
    ],
)"##;

    #[test]
    fn every_value_is_found_by_its_path() {
        let tree = parse(TEXT).unwrap();
        for (path, expect) in [
            ("name", r#""a \" ) quote""#),
            ("notes", r##"r#"raw " ( text"#"##),
            ("head.layers[0]", "Dense(units: 8, activation: Relu)"),
            ("head.layers[0].activation", "Relu"),
            ("head.layers[1]", "Dropout (0.5)"),
            ("phases[0].epochs", "3"),
            ("phases[0].layer_rates[0][1]", "0.1"),
        ] {
            let steps = parse_path(path).unwrap();
            assert_eq!(path_text(&steps), path);
            let (node, taken) = tree.find(&steps);
            assert_eq!((node.source(TEXT), taken), (expect, steps.len()), "{path}");
            assert_eq!(path_text(&tree.at(node.unwrapped().start).0), path);
        }
        assert_eq!(
            tree.find(&parse_path("head.layers[1]").unwrap())
                .0
                .unwrapped()
                .source(TEXT),
            "0.5"
        );
    }

    #[test]
    fn a_path_that_leads_nowhere_stops_at_the_last_value() {
        let tree = parse(TEXT).unwrap();
        let (node, taken) = tree.find(&parse_path("phases[0].rate").unwrap());
        assert_eq!((line_and_column(TEXT, node.start), taken), ((7, 9), 2));
    }

    #[test]
    fn broken_punctuation_is_named_where_it_stands() {
        for (text, expect) in [
            ("", "1:1 the preset ends where a value is expected"),
            ("(a: 1", "1:1 this `(` has no closing `)`"),
            ("(a: 1\n b: 2)", "1:6 a comma or `)` is expected here"),
            ("(a: [1, 2)", "1:10 a comma or `]` is expected here"),
            (
                "(a: 1, b 2)",
                "1:10 a colon is expected after the field's name `b`",
            ),
            ("(a: \"x)", "1:5 this text has no closing quote"),
            ("(a: r#\"x\")", "1:5 this raw text has no closing `\"#`"),
            ("(a: 1) /* x", "1:8 this comment has no closing `*/`"),
            ("(ä: 'abc", "1:5 text is written in double quotes"),
            (
                "(a: 1))",
                "1:7 ')' stands after the end of the preset: one parenthesis too many?",
            ),
            ("(a: , b: 1)", "1:5 ',' stands where a value is expected"),
        ] {
            let error = parse(text).unwrap_err();
            let (line, column) = line_and_column(text, error.at);
            assert_eq!(
                format!("{line}:{column} {}", error.message),
                expect,
                "{text}"
            );
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
