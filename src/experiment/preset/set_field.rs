//! One field set by its path, for `graft run --set`.

use super::explain::{read, shown, suggest};
use super::layout::{one_line, to_text};
use super::reader::parse;
use super::syntax::{Kind, Node, Step, parse_path, path_text};
use super::{FieldProblem, without_version};
use crate::experiment::{DataSource, Experiment, Preprocessing};

/// Which are only written where they are not as usual.
const PREPROCESSING: &str = "backbone.preprocessing";
const FOLDS: &str = "data.split.folds";
const FOLD: &str = "data.split.fold";
const TOGETHER: &str = "data.split.together";

/// Sets one field by its path, as `graft run --set phases[0].learning_rate=1e-4` does.
///
/// The value is RON, as in a preset: `1e-4`, `true`, `Cached(4)`, `[Dropout(0.5)]`, `None`. Text
/// needs no quotes, and neither do names in a list: `data.classes=[cat, dog]`.
///
/// # Errors
/// A sentence that names the field and what is allowed; the experiment is then unchanged. Only
/// problems that the new value brings are errors, so that several fields can be set in turn.
pub fn set_field(experiment: &mut Experiment, assignment: &str) -> Result<(), String> {
    let changed = assigned(experiment, assignment)?;
    if let Some(problem) = new_problems(experiment, &changed).first() {
        return Err(sentence(problem));
    }
    *experiment = changed;
    Ok(())
}

/// What is wrong with one of several assignments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFault {
    /// The assignment, by its place.
    pub index: usize,
    /// A sentence that names the field and what is allowed.
    pub reason: String,
}

/// Sets several fields, each as [`set_field`] does, and only then looks whether they fit: their order counts where one lies in
/// another, and nowhere else. Gives what is wrong with them; what can be set is, so that more can be said of it.
pub fn set_fields(experiment: &mut Experiment, assignments: &[String]) -> Vec<SetFault> {
    let mut faults = Vec::new();
    let mut steps = vec![experiment.clone()];
    for (index, assignment) in assignments.iter().enumerate() {
        match assigned(experiment, assignment) {
            Ok(changed) => *experiment = changed,
            Err(reason) => faults.push(SetFault { index, reason }),
        }
        steps.push(experiment.clone());
    }
    for problem in new_problems(&steps[0], experiment) {
        // The one that brings it.
        let brings = |step: &Experiment| step.check().contains(&problem);
        let index = steps[1..].iter().position(brings);
        faults.extend(index.map(|index| SetFault {
            index,
            reason: sentence(&problem),
        }));
    }
    faults
}

/// The experiment with `FIELD=VALUE`, ranges unchecked.
fn assigned(experiment: &Experiment, assignment: &str) -> Result<Experiment, String> {
    let (path, value) = assignment
        .split_once('=')
        .ok_or_else(|| format!("“{assignment}” sets nothing: write FIELD=VALUE, such as seed=7"))?;
    assign(experiment, path, value)
}

/// The experiment with one field set as [`set_field`] does, ranges unchecked: what is set in turn may fit only in the end.
///
/// # Errors
/// A sentence that names the field and what is allowed.
pub fn assign(experiment: &Experiment, path: &str, value: &str) -> Result<Experiment, String> {
    let (path, value) = (path.trim(), value.trim());
    let (text, node) = field(experiment, path)?;
    let mut first_error = None;
    for value in readings(value) {
        let edited = format!("{}{value}{}", &text[..node.start], &text[node.end..]);
        let result = parse(&edited)
            .map_err(|error| format!("“{path}” is {}: {}", shown(&value), error.message))
            .and_then(|tree| read(&edited, &tree).map_err(|fault| fault.message));
        match result {
            Ok(mut changed) => {
                if path == "data.source.threshold.at_least"
                    && let Some(limit) = limit_of(experiment)
                {
                    changed.follow_threshold(limit);
                }
                return Ok(changed);
            }
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or_else(|| format!("“{path}” has no value")))
}

/// One field's value as a preset that Graft writes has it, on one line.
///
/// # Errors
/// A sentence that names the field, where the experiment has none of that path.
pub fn field_text(experiment: &Experiment, path: &str) -> Result<String, String> {
    let path = path.trim();
    let (text, node) = field(experiment, path)?;
    let split = &experiment.data.split;
    match path {
        PREPROCESSING if experiment.backbone.preprocessing == Preprocessing::Auto => {
            return Ok("Auto".into());
        }
        FOLDS if split.folds.is_none() => return Ok("None".into()),
        FOLD if split.fold.is_none() => return Ok("None".into()),
        TOGETHER if split.together.is_empty() => return Ok("[]".into()),
        _ => {}
    }
    Ok(one_line(&text, &node))
}

/// The experiment's text without its version, and the value at `path` in it.
fn field(experiment: &Experiment, path: &str) -> Result<(String, Node), String> {
    let Some(steps) = parse_path(path) else {
        return Err(format!(
            "“{path}” is no field's path: write it like phases[0].epochs"
        ));
    };
    let text = without_version(&to_text(&with_field(experiment, path)));
    let tree = parse(&text).map_err(|error| error.message)?;
    let node = locate(&text, &tree, &steps)?.clone();
    Ok((text, node))
}

/// An experiment of which many are made that differ in a few fields: its text is read once.
#[derive(Debug, Clone)]
pub struct Template {
    experiment: Experiment,
    text: String,
    tree: Node,
}

impl Template {
    /// # Errors
    /// None that a written experiment gives.
    pub fn new(experiment: &Experiment) -> Result<Self, String> {
        let text = without_version(&to_text(experiment));
        let tree = parse(&text).map_err(|error| error.message)?;
        Ok(Self {
            experiment: experiment.clone(),
            text,
            tree,
        })
    }

    /// The experiment with all these fields set, path and value each, as [`assign`] sets them one after the other.
    ///
    /// # Errors
    /// Those of [`assign`].
    pub fn with(&self, fields: &[(&str, &str)]) -> Result<Experiment, String> {
        if let Some(edited) = self.edited(fields)
            && let Ok(tree) = parse(&edited)
            && let Ok(experiment) = read(&edited, &tree)
        {
            return Ok(experiment);
        }
        let mut experiment = self.experiment.clone();
        for (path, value) in fields {
            experiment = assign(&experiment, path, value)?;
        }
        Ok(experiment)
    }

    /// The text with the values in their places; nothing where they must be set in turn: a field that is not written, one
    /// that lies in another, a value that is not RON.
    fn edited(&self, fields: &[(&str, &str)]) -> Option<String> {
        let mut edits: Vec<(&Node, &str)> = Vec::with_capacity(fields.len());
        for (path, value) in fields {
            if path.starts_with("data.source") {
                return None;
            }
            let steps = parse_path(path)?;
            let (node, taken) = self.tree.find(&steps);
            let is_value = parse(value).is_ok_and(|found| found.source(value) == *value);
            if taken != steps.len() || !is_value {
                return None;
            }
            edits.push((node, value));
        }
        edits.sort_by_key(|(node, _)| node.start);
        let mut text = String::with_capacity(self.text.len());
        let mut done = 0;
        for (node, value) in edits {
            text.push_str(self.text.get(done..node.start)?);
            text.push_str(value);
            done = node.end;
        }
        text.push_str(self.text.get(done..)?);
        Some(text)
    }
}

/// Of the threshold that makes two classes of a table's numbers.
fn limit_of(experiment: &Experiment) -> Option<f64> {
    match &experiment.data.source {
        DataSource::Table { threshold, .. } => {
            threshold.as_ref().map(|threshold| threshold.at_least)
        }
        _ => None,
    }
}

/// The experiment with the field at `path` in its text, even one that is only written when it is not as usual.
fn with_field(experiment: &Experiment, path: &str) -> Experiment {
    let mut experiment = experiment.clone();
    if path == PREPROCESSING && experiment.backbone.preprocessing == Preprocessing::Auto {
        experiment.backbone.preprocessing = Preprocessing::Published;
    }
    let split = &mut experiment.data.split;
    match path {
        FOLDS => split.folds = split.folds.or(Some(2)),
        FOLD => split.fold = split.fold.or(Some(1)),
        TOGETHER if split.together.is_empty() => split.together.push(Vec::new()),
        _ => {}
    }
    experiment
}

fn new_problems(before: &Experiment, after: &Experiment) -> Vec<FieldProblem> {
    let known = before.check();
    let mut problems = after.check();
    problems.retain(|problem| !known.contains(problem));
    problems
}

fn sentence(problem: &FieldProblem) -> String {
    format!("“{}” {}", problem.field, problem.message)
}

/// The value at the path, or which names there are instead.
fn locate<'a>(text: &str, tree: &'a Node, steps: &[Step]) -> Result<&'a Node, String> {
    let (node, taken) = tree.find(steps);
    let Some(missing) = steps.get(taken) else {
        return Ok(node);
    };
    let parent = path_text(&steps[..taken]);
    let path = path_text(&steps[..=taken]);
    let value = shown(node.source(text));
    Err(match (missing, &node.unwrapped().kind) {
        (Step::Name(name), Kind::Struct { fields, .. }) => {
            let allowed: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            format!("“{path}” is not a field: {}", suggest(name, &allowed))
        }
        (Step::Index(_), Kind::List { items } | Kind::Tuple { items, .. }) if !items.is_empty() => {
            format!(
                "“{path}” does not exist: “{parent}” goes from 0 to {}",
                items.len() - 1
            )
        }
        (Step::Index(_), Kind::List { .. } | Kind::Tuple { .. }) => {
            format!("“{path}” does not exist: “{parent}” is empty; set the whole list")
        }
        (Step::Index(_), _) => format!("“{parent}” is {value}, which is no list"),
        (Step::Name(name), _) => format!(
            "“{parent}” is {value}, which has no field “{name}”: set “{parent}” as a whole first"
        ),
    })
}

/// What a person may have meant, most literal first. A text that is not one RON value is never
/// put in as it is: it could close a parenthesis and set other fields.
fn readings(value: &str) -> Vec<String> {
    let mut readings = Vec::new();
    if let Ok(node) = parse(value) {
        readings.push(node.source(value).to_owned());
        if let Kind::List { items } = &node.kind {
            let quoted: Vec<String> = items
                .iter()
                .map(|item| match item.source(value) {
                    text if item.kind == Kind::Scalar && !text.starts_with('"') => quote(text),
                    text => text.to_owned(),
                })
                .collect();
            readings.push(format!("[{}]", quoted.join(", ")));
        }
    }
    readings.push(quote(value));
    readings
}

/// As a RON text; its escapes are Rust's.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}
