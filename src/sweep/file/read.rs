//! From a text to a [`Sweep`], and from what is wrong with it to a sentence and its place.

use super::nodes::{Fault, Fields, Read, Source, fault};
use super::places::steps;
use super::write::metric_name;
use super::{Sweep, VERSION, Values, Varied};
use crate::experiment::Monitor;
use crate::experiment::preset::explain::{shown, suggest};
use crate::experiment::preset::reader::parse;
use crate::experiment::preset::syntax::{Kind, Node, Step};
use crate::sweep::goal::Goal;
use crate::sweep::strategy::Strategy;

/// More than anybody waits for, and few enough to be listed.
const MOST: u32 = 100_000;
/// As `graft run --seeds`.
const MOST_SEEDS: u32 = 100;

/// Reads a sweep.
pub(super) fn read(text: &str) -> Read<Sweep> {
    let tree = tree(text)?;
    let source = Source(text);
    let top = source.fields(
        &tree,
        "",
        &[
            "version", "name", "base", "set", "vary", "strategy", "seeds", "goal",
        ],
    )?;
    source.check_version(&tree, &top)?;
    let base = source.string(top.required("base")?, "base")?;
    if base.trim().is_empty() {
        return fault(
            top.required("base")?,
            "“base” is empty: it names a preset’s file, or one of the presets that come with Graft",
        );
    }
    let sweep = Sweep {
        name: match top.find("name") {
            Some(node) => source.string(node, "name")?,
            None => "Sweep".into(),
        },
        base,
        set: match top.find("set") {
            Some(node) => source.each(node, "set", |node| source.string(node, "set"))?,
            None => Vec::new(),
        },
        vary: match top.find("vary") {
            Some(node) => source.each(node, "vary", |node| source.varied(node))?,
            None => Vec::new(),
        },
        strategy: match top.find("strategy") {
            Some(node) => source.strategy(node)?,
            None => Strategy::Grid,
        },
        seeds: match top.find("seeds") {
            Some(node) => source.whole(node, "seeds", 1, MOST_SEEDS)?,
            None => 1,
        },
        goal: match top.find("goal") {
            Some(node) => source.goal(node)?,
            None => Goal::default(),
        },
    };
    check_together(&sweep, &tree)?;
    Ok(sweep)
}

fn tree(text: &str) -> Read<Node> {
    parse(text).map_err(|error| Fault {
        at: error.at,
        message: error.message.replace("the preset", "the sweep"),
    })
}

/// What fits only in company: distributions and how many are drawn, and a field that varies twice.
fn check_together(sweep: &Sweep, tree: &Node) -> Read<()> {
    let draws = match sweep.strategy {
        Strategy::Grid => false,
        Strategy::Random { .. } => true,
        Strategy::SuccessiveHalving { cells, .. } => cells.is_some(),
    };
    let mut seen: Vec<&str> = Vec::new();
    for (index, varied) in sweep.vary.iter().enumerate() {
        if varied.values.is_distribution() && !draws {
            return fault(
                tree.find(&steps(index, "values")).0,
                "a distribution has no end of values: say how many cells are drawn, with strategy: Random(cells: 24) or \
                 SuccessiveHalving(cells: 24, …), or write a range with steps",
            );
        }
        for field in &varied.fields {
            let field = field.trim();
            if seen.contains(&field) {
                let node = tree
                    .find(&[Step::Name("vary".into()), Step::Index(index)])
                    .0;
                return fault(
                    node,
                    format!("“{field}” varies twice: put all its values into one entry"),
                );
            }
            seen.push(field);
        }
    }
    Ok(())
}

impl Source<'_> {
    fn check_version(&self, tree: &Node, top: &Fields<'_>) -> Read<()> {
        let Some(node) = top.find("version") else {
            return fault(
                tree,
                format!("the version is missing: write “version: {VERSION},” as the first field"),
            );
        };
        match node.source(self.0).parse::<u32>() {
            Ok(VERSION) => Ok(()),
            Ok(newer) if newer > VERSION => fault(
                node,
                format!(
                    "“version” is {newer}, written by a newer Graft: this one reads up to version {VERSION}. Update Graft"
                ),
            ),
            _ => self.wrong(node, "version", &VERSION.to_string()),
        }
    }

    fn goal(&self, node: &Node) -> Read<Goal> {
        let fields = self.fields(node, "goal", &["metric"])?;
        let metric = fields.required("metric")?;
        let known = [
            Monitor::ValidationAccuracy,
            Monitor::ValidationMacroF1,
            Monitor::ValidationLoss,
        ]
        .map(|metric| (metric_name(metric), metric));
        let written = metric.source(self.0);
        match known.iter().find(|(name, _)| *name == written) {
            Some((_, metric)) => Ok(Goal { metric: *metric }),
            None => fault(
                metric,
                format!(
                    "“goal.metric” is {}: {}",
                    shown(written),
                    suggest(written, &known.map(|(name, _)| name))
                ),
            ),
        }
    }

    fn strategy(&self, node: &Node) -> Read<Strategy> {
        let path = |name: &str| format!("strategy.{name}");
        let seed = |fields: &Fields<'_>| match fields.find("seed") {
            Some(node) => self.seed(node, &path("seed")),
            None => Ok(1),
        };
        match self.variant(node) {
            "Grid" if matches!(node.kind, Kind::Scalar) => Ok(Strategy::Grid),
            "Random" => {
                let fields = self.fields(node, "strategy", &["cells", "seed"])?;
                Ok(Strategy::Random {
                    cells: self.whole(fields.required("cells")?, &path("cells"), 1, MOST)?,
                    seed: seed(&fields)?,
                })
            }
            "SuccessiveHalving" => {
                let fields = self.fields(
                    node,
                    "strategy",
                    &["cells", "seed", "first_epochs", "keep", "waits"],
                )?;
                Ok(Strategy::SuccessiveHalving {
                    cells: match fields.find("cells") {
                        Some(node) if node.source(self.0) != "None" => {
                            Some(self.whole(node.unwrapped(), &path("cells"), 1, MOST)?)
                        }
                        _ => None,
                    },
                    seed: seed(&fields)?,
                    first_epochs: self.whole(
                        fields.required("first_epochs")?,
                        &path("first_epochs"),
                        1,
                        MOST,
                    )?,
                    keep: match fields.find("keep") {
                        Some(node) => self.whole(node, &path("keep"), 2, 100)?,
                        None => 3,
                    },
                    waits: match fields.find("waits") {
                        Some(node) => self.boolean(node, &path("waits"))?,
                        None => true,
                    },
                })
            }
            other => fault(
                node,
                format!(
                    "“strategy” is {}: {}",
                    self.shown(node),
                    suggest(other, &["Grid", "Random", "SuccessiveHalving"])
                ),
            ),
        }
    }

    fn varied(&self, node: &Node) -> Read<Varied> {
        let entry = self.fields(node, "vary", &["field", "fields", "values"])?;
        let fields = match (entry.find("field"), entry.find("fields")) {
            (Some(node), None) => vec![self.string(node, "field")?],
            (None, Some(node)) => {
                let fields = self.each(node, "fields", |node| self.string(node, "fields"))?;
                if fields.is_empty() {
                    return self.wrong(node, "fields", "at least one field’s path");
                }
                fields
            }
            (Some(_), Some(node)) => {
                return fault(
                    node,
                    "“field” and “fields” stand here both: remove one of them",
                );
            }
            (None, None) => return fault(node, "“vary” lacks the field “field”"),
        };
        let node = entry.required("values")?;
        let values = self.values(node)?;
        let several = fields.len();
        match &values {
            Values::Together(rows) => {
                if let Some(wrong) = rows.iter().position(|row| row.len() != several) {
                    let place = match &node.unwrapped().kind {
                        Kind::List { items } => items.get(wrong).unwrap_or(node),
                        _ => node,
                    };
                    return fault(
                        place,
                        format!(
                            "these are {} values for {several} fields: each field needs one",
                            rows[wrong].len()
                        ),
                    );
                }
            }
            _ if several > 1 => {
                return self.wrong(
                    node,
                    "values",
                    "Together([[…], […]]) for several fields: in each list one value for every field",
                );
            }
            _ => {}
        }
        Ok(Varied { fields, values })
    }
}
