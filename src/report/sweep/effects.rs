//! What each setting does to the goal, on its own and together with each other one.

use super::words::{SettingTexts, field_titles, goal_title};
use crate::figures::{
    EffectPair, EffectSetting, EffectValue, EffectsFigure, ParallelAxis, ParallelScale,
};
use crate::format;
use crate::sweep::{Plan, Results};
use crate::training::metrics::Unit;

/// Fields with more numbers than this are divided into ranges.
const MOST_VALUES: usize = 8;
const RANGES: usize = 5;
/// Fields beyond these, by how much they explain, are left out.
const MOST_FIELDS: usize = 6;

/// The matrix of effects over all settings that have a result, the field that explains most first.
pub fn effects(plan: &Plan, results: &Results) -> EffectsFigure {
    let texts = SettingTexts::of(plan);
    let measured: Vec<(&[String], f64)> = (results.rows.iter().zip(&results.compared))
        .filter_map(|(row, compared)| Some((texts.of_group(row.group), (*compared)?)))
        .collect();
    let goal = plan.sweep.goal;
    let mut fields: Vec<Field> = (field_titles(plan).into_iter().enumerate())
        .map(|(index, name)| Field::new(index, name, &measured))
        // What has one value so far has no effect that could be seen.
        .filter(|field| field.setting.values.len() > 1)
        .collect();
    fields.sort_by(|a, b| {
        let explained = |field: &Field| field.setting.explained.unwrap_or(0.0);
        explained(b).total_cmp(&explained(a))
    });
    let left_out = fields.len().saturating_sub(MOST_FIELDS);
    fields.truncate(MOST_FIELDS);
    let mut pairs = Vec::new();
    for first in 0..fields.len() {
        for second in first + 1..fields.len() {
            pairs.push(EffectPair {
                first,
                second,
                means: means(&fields[first], &fields[second], &measured),
            });
        }
    }
    let mut remark = results.effects_basis.clone();
    if left_out > 0 {
        let left_out = format::count(
            left_out,
            "field that explains less",
            "fields that explain less",
        );
        remark += &format!(" Left out: {left_out}.");
    }
    EffectsFigure {
        title: format!("Effects on {}", goal_title(goal).to_lowercase()),
        remark,
        result: goal_title(goal).to_owned(),
        is_share: goal.info().unit == Unit::Share,
        higher_is_better: goal.info().higher_is_better,
        settings: fields.into_iter().map(|field| field.setting).collect(),
        pairs,
    }
}

/// A field with the value, or range, that each measured setting falls into.
struct Field {
    setting: EffectSetting,
    /// By measured setting: the index of its value.
    of: Vec<Option<usize>>,
}

impl Field {
    fn new(index: usize, name: String, measured: &[(&[String], f64)]) -> Self {
        let texts: Vec<&str> = (measured.iter())
            .map(|(texts, _)| texts.get(index).map_or("", String::as_str))
            .collect();
        let axis = ParallelAxis::of_texts(name.clone(), texts.iter().copied());
        let (values, of) = match axis.scale {
            ParallelScale::Names(_) => by_value(&axis, &texts),
            _ if distinct(&axis, &texts) <= MOST_VALUES => by_value(&axis, &texts),
            _ => by_range(&axis, &texts),
        };
        let mut values: Vec<EffectValue> = (values.into_iter())
            .map(|text| EffectValue {
                text,
                results: Vec::new(),
            })
            .collect();
        for (value, (_, result)) in of.iter().zip(measured) {
            if let Some(value) = value.and_then(|value| values.get_mut(value)) {
                value.results.push(*result);
            }
        }
        Self {
            setting: EffectSetting {
                name,
                explained: explained(&values),
                values,
            },
            of,
        }
    }
}

/// How many places on the axis the texts have.
fn distinct(axis: &ParallelAxis, texts: &[&str]) -> usize {
    let mut shares: Vec<f64> = texts
        .iter()
        .filter_map(|text| axis.scale.share(text))
        .collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    shares.len()
}

/// Values by their places on the axis.
fn by_value(axis: &ParallelAxis, texts: &[&str]) -> (Vec<String>, Vec<Option<usize>>) {
    let mut places: Vec<(f64, &str)> = (texts.iter())
        .filter_map(|text| Some((axis.scale.share(text)?, *text)))
        .collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places.dedup_by(|a, b| a.0 == b.0);
    let of = (texts.iter())
        .map(|text| {
            let share = axis.scale.share(text)?;
            places.iter().position(|(place, _)| *place == share)
        })
        .collect();
    let names = places.iter().map(|(_, text)| (*text).to_owned()).collect();
    (names, of)
}

/// Ranges of equal length on the axis.
fn by_range(axis: &ParallelAxis, texts: &[&str]) -> (Vec<String>, Vec<Option<usize>>) {
    let end = |index: usize| {
        let number = axis.scale.number_at(index as f64 / RANGES as f64);
        number.map_or_else(String::new, format::rate)
    };
    let names = (0..RANGES).map(|index| format!("{} to {}", end(index), end(index + 1)));
    let of = (texts.iter())
        .map(|text| {
            let share = axis.scale.share(text)?;
            Some(((share * RANGES as f64) as usize).min(RANGES - 1))
        })
        .collect();
    (names.collect(), of)
}

/// The share of the differences between results that the values explain, corrected for how many values there are (epsilon
/// squared, Kelley 1935); nothing where there are too few results to tell.
fn explained(values: &[EffectValue]) -> Option<f64> {
    let groups: Vec<&EffectValue> = values
        .iter()
        .filter(|value| !value.results.is_empty())
        .collect();
    let count: usize = groups.iter().map(|value| value.results.len()).sum();
    if groups.len() < 2 || count <= groups.len() {
        return None;
    }
    let all = groups.iter().flat_map(|value| &value.results);
    let mean = all.clone().sum::<f64>() / count as f64;
    let total: f64 = all.map(|result| (result - mean).powi(2)).sum();
    let within: f64 = (groups.iter())
        .map(|value| {
            let mean = value.mean().unwrap_or(mean);
            let squares = value.results.iter().map(|result| (result - mean).powi(2));
            squares.sum::<f64>()
        })
        .sum();
    if total <= 0.0 || !total.is_finite() {
        return None;
    }
    let chance = (groups.len() - 1) as f64 * within / (count - groups.len()) as f64;
    Some(((total - within - chance) / total).clamp(0.0, 1.0))
}

fn means(first: &Field, second: &Field, measured: &[(&[String], f64)]) -> Vec<Vec<Option<f64>>> {
    let (columns, rows) = (first.setting.values.len(), second.setting.values.len());
    let mut sums = vec![vec![(0.0, 0_usize); columns]; rows];
    for (index, (_, result)) in measured.iter().enumerate() {
        if let (Some(Some(column)), Some(Some(row))) = (first.of.get(index), second.of.get(index)) {
            let (sum, count) = &mut sums[*row][*column];
            *sum += result;
            *count += 1;
        }
    }
    let mean = |(sum, count): (f64, usize)| (count > 0).then(|| sum / count as f64);
    sums.into_iter()
        .map(|row| row.into_iter().map(mean).collect())
        .collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    fn value(results: &[f64]) -> EffectValue {
        EffectValue {
            text: String::new(),
            results: results.to_vec(),
        }
    }

    #[test]
    fn what_decides_everything_explains_everything_and_chance_nothing() {
        let all = explained(&[value(&[0.5, 0.5]), value(&[0.9, 0.9])]);
        assert_eq!(all, Some(1.0));
        let nothing = explained(&[value(&[0.5, 0.9]), value(&[0.9, 0.5])]);
        assert_eq!(nothing, Some(0.0));
        let some = explained(&[value(&[0.5, 0.6, 0.55]), value(&[0.6, 0.7, 0.65])]);
        assert!(
            some.is_some_and(|some| (0.3..0.8).contains(&some)),
            "{some:?}"
        );
        // As many values as results say nothing, and neither do equal results.
        assert_eq!(explained(&[value(&[0.5]), value(&[0.9])]), None);
        assert_eq!(explained(&[value(&[0.5, 0.5]), value(&[0.5])]), None);
        assert_eq!(explained(&[value(&[])]), None);
    }

    #[test]
    fn many_numbers_are_divided_into_ranges() {
        let texts: Vec<Vec<String>> = (0..20)
            .map(|step| vec![format!("{}", f64::from(step))])
            .collect();
        let measured: Vec<(&[String], f64)> = (texts.iter().enumerate())
            .map(|(index, texts)| (texts.as_slice(), index as f64))
            .collect();
        let field = Field::new(0, "Units".into(), &measured);
        let names: Vec<&str> = field
            .setting
            .values
            .iter()
            .map(|value| value.text.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "0 to 3.8",
                "3.8 to 7.6",
                "7.6 to 11.4",
                "11.4 to 15.2",
                "15.2 to 19"
            ]
        );
        let counts: Vec<usize> = field
            .setting
            .values
            .iter()
            .map(|value| value.results.len())
            .collect();
        assert_eq!(counts.iter().sum::<usize>(), 20);
        assert!(field.setting.explained.is_some_and(|share| share > 0.9));
    }
}
