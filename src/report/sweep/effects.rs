//! What each setting does to the goal, on its own and together with each other one.

use super::words::{SettingTexts, field_titles, goal_title};
use crate::figures::{EffectPair, EffectSetting, EffectValue, EffectsFigure};
use crate::format;
use crate::sweep::{EffectValues, Plan, Results};
use crate::training::metrics::Unit;

/// Fields beyond these, by how much they explain, are left out.
const MOST_FIELDS: usize = 6;

/// The matrix of effects over all settings that have a result, the field that explains most first.
pub fn effects(plan: &Plan, texts: &SettingTexts, results: &Results) -> EffectsFigure {
    let all: Vec<&[String]> = (0..plan.groups())
        .map(|group| texts.of_group(group))
        .collect();
    let measured: Vec<(&[String], f64)> = (results.rows.iter().zip(&results.compared))
        .filter_map(|(row, compared)| Some((texts.of_group(row.group), (*compared)?)))
        .collect();
    let goal = plan.sweep.goal;
    let mut fields: Vec<Field> = (field_titles(plan).into_iter().enumerate())
        .map(|(index, name)| Field::new(index, name, &all, &measured))
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
    /// `all`: the texts of every setting of the plan; `measured`: those of the settings that have a result, with it.
    fn new(index: usize, name: String, all: &[&[String]], measured: &[(&[String], f64)]) -> Self {
        let text = |texts: &'_ [String]| texts.get(index).cloned().unwrap_or_default();
        let all: Vec<String> = all.iter().map(|texts| text(texts)).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let known = EffectValues::new(&all);
        let mut values: Vec<EffectValue> = (known.names().iter())
            .map(|text| EffectValue {
                text: text.clone(),
                results: Vec::new(),
            })
            .collect();
        let of: Vec<usize> = (measured.iter())
            .map(|(texts, _)| known.index(&text(texts)))
            .collect();
        for (value, (_, result)) in of.iter().zip(measured) {
            if let Some(value) = values.get_mut(*value) {
                value.results.push(*result);
            }
        }
        // Values that nothing was measured for have no column, and numbers stand in their order.
        let mut order: Vec<usize> = (0..values.len())
            .filter(|&value| !values[value].results.is_empty())
            .collect();
        let number = |value: usize| values[value].text.parse::<f64>().ok();
        if order.iter().all(|&value| number(value).is_some()) {
            order.sort_by(|&a, &b| {
                let of = |value| number(value).unwrap_or_default();
                of(a).total_cmp(&of(b))
            });
        }
        let place = |value: usize| order.iter().position(|&kept| kept == value);
        let of = of.into_iter().map(place).collect();
        let values: Vec<EffectValue> = order.iter().map(|&value| values[value].clone()).collect();
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
        let all: Vec<&[String]> = texts.iter().map(Vec::as_slice).collect();
        let field = Field::new(0, "Units".into(), &all, &measured);
        let names: Vec<&str> = field
            .setting
            .values
            .iter()
            .map(|value| value.text.as_str())
            .collect();
        assert_eq!(
            names,
            ["0 to 3", "4 to 7", "8 to 11", "12 to 15", "16 to 19"]
        );
        let counts: Vec<usize> = field
            .setting
            .values
            .iter()
            .map(|value| value.results.len())
            .collect();
        assert_eq!(counts, [4; 5]);
        assert!(field.setting.explained.is_some_and(|share| share > 0.9));
    }
}
