//! The shape of a RON text with the place of every value: what serde's errors lack is a field's
//! path, what a range error lacks is its line, and both are found here.

/// One value and where it stands, in bytes from the start of the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
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
pub(crate) struct Field {
    pub name: String,
    /// Where the name begins.
    pub start: usize,
    pub value: Node,
}

/// What is wrong with the punctuation, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub at: usize,
    pub message: String,
}

/// One step of a path such as `phases[0].epochs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
}

/// Line and column, both from 1, of a place in bytes; columns count characters.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
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
pub(crate) fn parse_path(path: &str) -> Option<Vec<Step>> {
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

pub(crate) fn path_text(steps: &[Step]) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::reader::parse;
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
            ("(a: 1", "1:1 this “(” has no closing “)”"),
            ("(a: 1\n b: 2)", "1:6 a comma or “)” is expected here"),
            ("(a: [1, 2)", "1:10 a comma or “]” is expected here"),
            (
                "(a: 1, b 2)",
                "1:10 a colon is expected after the field's name “b”",
            ),
            ("(a: \"x)", "1:5 this text has no closing quote"),
            ("(a: r#\"x\")", "1:5 this raw text has no closing “\"#”"),
            ("(a: 1) /* x", "1:8 this comment has no closing “*/”"),
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
