//! Which settings a sweep has: all combinations, or some that are drawn.

use std::collections::HashSet;

use super::{Fault, MOST_CELLS, Place};
use crate::experiment::Experiment;
use crate::experiment::preset::{Template, field_text};
use crate::sweep::file::{Sweep, Values, Varied, number_text, rounded};
use crate::sweep::strategy::Strategy;

/// One combination of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// The value of each field, as RON text.
    pub texts: Vec<String>,
    /// The path of each field, and where its value stands in the file.
    fields: Vec<(String, (usize, usize))>,
}

impl Setting {
    /// Where the value of a field stands, or of one that lies in it.
    pub fn place_of(&self, field: &str) -> Option<Place> {
        let is_in = |outer: &str| {
            field
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let (_, (varied, value)) = self.fields.iter().find(|(path, _)| is_in(path))?;
        Some(Place::Value(*varied, *value))
    }
}

/// What each entry of a sweep may be.
pub(super) struct Choices<'a> {
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    varied: &'a Varied,
    /// One text per field, as a preset that Graft writes has it; of a distribution none.
    rows: Vec<Vec<String>>,
    /// The field of a distribution takes whole numbers alone.
    is_whole: bool,
}

impl<'a> Choices<'a> {
    /// Looks at every value of `sweep` by itself.
    pub fn new(sweep: &'a Sweep, base: &Experiment) -> Result<Self, Fault> {
        let mut prototype = base.clone();
        let mut entries = Vec::with_capacity(sweep.vary.len());
        for (index, varied) in sweep.vary.iter().enumerate() {
            for (number, field) in varied.fields.iter().enumerate() {
                let fault = |message: String| Fault {
                    place: Some(Place::Field(index, number)),
                    message,
                };
                refuse_field(field.trim()).map_err(fault)?;
                if number == 0 {
                    field_text(&prototype, field).map_err(fault)?;
                }
            }
            let mut rows: Vec<Vec<String>> = Vec::new();
            let mut first = None;
            // The base, with the first value of everything before this entry.
            let template = Template::new(&prototype).map_err(Fault::whole)?;
            for (number, row) in varied.values.rows().into_iter().enumerate() {
                let fault = |message: String| Fault {
                    place: Some(Place::Value(index, number)),
                    message,
                };
                let (experiment, texts) = applied(&template, varied, &row).map_err(fault)?;
                if rows.contains(&texts) {
                    return Err(fault(format!(
                        "“{}” has the value {} twice",
                        varied.fields.join(", "),
                        texts.join(", ")
                    )));
                }
                first.get_or_insert(experiment);
                rows.push(texts);
            }
            let mut entry = Entry {
                varied,
                rows,
                is_whole: false,
            };
            if let Some(first) = first {
                prototype = first;
            } else {
                // One value of a distribution, to see that the field takes its numbers, and how a preset has them.
                let fault = |message: String| Fault {
                    place: Some(Place::Value(index, 0)),
                    message,
                };
                let row = vec![number_text(entry.number(0.5))];
                let (experiment, texts) = applied(&template, varied, &row).map_err(fault)?;
                entry.is_whole = texts.iter().all(|text| text.parse::<u64>().is_ok());
                prototype = experiment;
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// The settings that the strategy asks for, each of which is trained with so many seeds.
    pub fn settings(&self, strategy: &Strategy, seeds: u32) -> Result<Vec<Setting>, Fault> {
        let all = self.combinations();
        let most = MOST_CELLS / (seeds.max(1) as usize);
        let too_many = |count: String| {
            Fault::whole(format!(
                "the sweep has {count} settings under {seeds} seeds, and {MOST_CELLS} cells are the most: vary less, or draw \
                 some of them with strategy: Random(cells: …)"
            ))
        };
        let wanted = match strategy {
            Strategy::Grid | Strategy::SuccessiveHalving { cells: None, .. } => None,
            Strategy::Random { cells, seed }
            | Strategy::SuccessiveHalving {
                cells: Some(cells),
                seed,
                ..
            } => Some((*cells as usize, *seed)),
        };
        match wanted {
            Some((count, seed)) if all.is_none_or(|all| all > count) => {
                if count > most {
                    return Err(too_many(count.to_string()));
                }
                Ok(self.draw(count, seed))
            }
            _ => match all {
                Some(all) if all <= most => Ok((0..all).map(|index| self.at(index)).collect()),
                Some(all) => Err(too_many(all.to_string())),
                None => Err(too_many("endlessly many".into())),
            },
        }
    }

    /// How many combinations there are; `None`: endlessly many.
    fn combinations(&self) -> Option<usize> {
        (self.entries.iter()).try_fold(1_usize, |product, entry| match entry.rows.len() {
            0 => None,
            rows => Some(product.saturating_mul(rows)),
        })
    }

    /// The combination at an index, where the last entry changes fastest.
    fn at(&self, mut index: usize) -> Setting {
        let mut picks = vec![0; self.entries.len()];
        for (pick, entry) in picks.iter_mut().zip(&self.entries).rev() {
            let rows = entry.rows.len().max(1);
            *pick = index % rows;
            index /= rows;
        }
        self.setting(picks.iter().enumerate().map(|(entry, &pick)| {
            (
                self.entries[entry]
                    .rows
                    .get(pick)
                    .cloned()
                    .unwrap_or_default(),
                pick,
            )
        }))
    }

    fn setting(&self, rows: impl Iterator<Item = (Vec<String>, usize)>) -> Setting {
        let mut setting = Setting {
            texts: Vec::new(),
            fields: Vec::new(),
        };
        for (index, (entry, (row, pick))) in self.entries.iter().zip(rows).enumerate() {
            for field in &entry.varied.fields {
                setting
                    .fields
                    .push((field.trim().to_owned(), (index, pick)));
            }
            setting.texts.extend(row);
        }
        setting
    }

    /// So many different settings, or all that turn up. The first of them are the same for any larger number.
    fn draw(&self, count: usize, seed: u64) -> Vec<Setting> {
        let mut seen = HashSet::new();
        let mut drawn = Vec::with_capacity(count);
        // Where almost all of few combinations are wanted, the last ones turn up rarely.
        let most_tries = count.saturating_mul(200).saturating_add(10_000);
        for attempt in 0..most_tries {
            if drawn.len() == count {
                break;
            }
            let rows = self
                .entries
                .iter()
                .enumerate()
                .map(|(index, entry)| entry.pick(unit(seed, attempt as u64, index as u64)));
            let setting = self.setting(rows);
            if seen.insert(setting.texts.clone()) {
                drawn.push(setting);
            }
        }
        drawn
    }
}

impl Entry<'_> {
    /// The row at a share of 1 among all, and its index.
    fn pick(&self, share: f64) -> (Vec<String>, usize) {
        if self.rows.is_empty() {
            let number = self.number(share);
            // As a preset that Graft writes has it.
            let text = match self.is_whole {
                true => number_text(number.round()),
                false => format!("{number:?}"),
            };
            return (vec![text], 0);
        }
        let index = ((share * self.rows.len() as f64) as usize).min(self.rows.len() - 1);
        (self.rows[index].clone(), index)
    }

    /// The number of a distribution below which the share lies.
    fn number(&self, share: f64) -> f64 {
        rounded(match self.varied.values {
            Values::Uniform { from, to } => from + share * (to - from),
            Values::LogUniform { from, to } => from * (to / from).powf(share),
            _ => 0.0,
        })
    }
}

/// Fields that no sweep may vary.
fn refuse_field(field: &str) -> Result<(), String> {
    match field {
        "seed" => Err(
            "“seed” is not varied here: “seeds” says how many there are, so that their results are one setting’s".into(),
        ),
        "name" | "notes" => Err(format!("“{field}” changes nothing that is trained")),
        _ => Ok(()),
    }
}

/// The experiment of a template with an entry's fields set to `row`, and their values as a preset that Graft writes has them.
fn applied(
    template: &Template,
    varied: &Varied,
    row: &[String],
) -> Result<(Experiment, Vec<String>), String> {
    let is_range = !matches!(varied.values, Values::List(_) | Values::Together(_));
    let values: Vec<(&str, &str)> = std::iter::zip(&varied.fields, row)
        .map(|(field, text)| (field.trim(), text.as_str()))
        .collect();
    let experiment = match (template.with(&values), values.as_slice()) {
        // A field that takes whole numbers alone takes the nearest one.
        (Err(error), [(field, text)]) if is_range => {
            let whole = text
                .parse::<f64>()
                .map(|number| number_text(number.round()));
            let whole = whole.map_err(|_| error.clone())?;
            template.with(&[(field, &whole)]).map_err(|_| error)?
        }
        (set, _) => set?,
    };
    let texts = (varied.fields.iter())
        .map(|field| field_text(&experiment, field))
        .collect::<Result<_, _>>()?;
    Ok((experiment, texts))
}

/// A number from 0 to below 1 for the entry `index` of the draw `attempt`: SplitMix64 (Steele, Lea and Flood 2014), which is
/// the same on every machine and whatever else is drawn.
fn unit(seed: u64, attempt: u64, index: u64) -> f64 {
    let mixed = [attempt, index]
        .iter()
        .fold(splitmix(seed), |state, &part| {
            splitmix(state ^ splitmix(part))
        });
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

fn splitmix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
