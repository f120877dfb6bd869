//! What a sweep's fields and their values are called.

use std::collections::HashMap;

use crate::experiment::Monitor;
use crate::format;
use crate::runs::settings::label;
use crate::runs::short_settings::settings_of;
use crate::sweep::{Goal, Plan};

/// Titles of what varies: “Phase 2, learning rate”, or “Learning rate” where there is one phase alone.
pub fn field_titles(plan: &Plan) -> Vec<String> {
    let title = |field: &String| {
        let whole = label(field);
        let own = whole.strip_prefix("Phase 1, ");
        match own.filter(|_| plan.base.phases.len() == 1) {
            Some(own) => {
                let mut letters = own.chars();
                let first = letters.next().map(|first| first.to_uppercase().to_string());
                first.unwrap_or_default() + letters.as_str()
            }
            None => whole,
        }
    };
    plan.fields.iter().map(title).collect()
}

/// “Validation accuracy”
pub fn goal_title(goal: Goal) -> &'static str {
    match goal.metric {
        Monitor::ValidationLoss => "Validation loss",
        Monitor::ValidationAccuracy => "Validation accuracy",
        Monitor::ValidationMacroF1 => "Validation macro-F1",
    }
}

/// The values of every setting as people read them: numbers as they are, everything else in the panels' words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SettingTexts {
    /// By group, then by field.
    groups: Vec<Vec<String>>,
}

impl SettingTexts {
    pub fn of(plan: &Plan) -> Self {
        // The same value of the same field is said the same way, and thousands of cells have few of them.
        let mut known: HashMap<(usize, &str), String> = HashMap::new();
        let mut groups: Vec<Vec<String>> = vec![Vec::new(); plan.groups()];
        for cell in &plan.cells {
            let Some(texts) = groups.get_mut(cell.group).filter(|texts| texts.is_empty()) else {
                continue;
            };
            for (field, value) in cell.settings.iter().enumerate() {
                let text = known.entry((field, value.as_str())).or_insert_with(|| {
                    let path = plan.fields.get(field).map_or("", String::as_str);
                    worded(cell, path, value)
                });
                texts.push(text.clone());
            }
        }
        Self { groups }
    }

    /// One text for each field.
    pub fn of_group(&self, group: usize) -> &[String] {
        self.groups.get(group).map_or(&[], Vec::as_slice)
    }
}

fn worded(cell: &crate::sweep::Cell, path: &str, value: &str) -> String {
    if let Ok(number) = value.parse::<f64>() {
        let short = format::rate(number);
        // With all digits where three don't say it.
        return match short.parse::<f64>() {
            Ok(read) if read == number => short,
            _ => value.to_owned(),
        };
    }
    let said = settings_of(&cell.experiment).into_iter();
    let said = said
        .filter(|setting| setting.field == path)
        .map(|setting| setting.value)
        .next();
    said.unwrap_or_else(|| value.trim_matches('"').to_owned())
}
