//! What a person should know of a sweep although it can be carried out.

use super::Plan;
use crate::experiment::Keep;
use crate::format;
use crate::sweep::strategy::Strategy;
use crate::training::metrics::monitored;

/// Whole sentences.
pub(super) fn of(plan: &Plan) -> Vec<String> {
    let mut remarks = Vec::new();
    let of_data: Vec<&str> = (plan.fields.iter().map(String::as_str))
        .filter(|field| {
            field.starts_with("data.source")
                || field.starts_with("data.split")
                || field.starts_with("data.classes")
                || field.starts_with("data.exclude")
        })
        .collect();
    if !of_data.is_empty() {
        remarks.push(format!(
            "{} varies, so that cells are validated on different pictures: part of their differences is the pictures’.",
            of_data.join(", ")
        ));
    }
    kept_by_another(plan, &mut remarks);
    match plan.sweep.strategy {
        Strategy::Grid => {}
        Strategy::Random { cells, .. } => fewer(plan, cells, &mut remarks),
        Strategy::SuccessiveHalving {
            cells,
            first_epochs,
            ..
        } => {
            if let Some(cells) = cells {
                fewer(plan, cells, &mut remarks);
            }
            halving(plan, first_epochs, &mut remarks);
        }
    }
    remarks
}

/// Cells that keep the best epoch by another measure than they are compared by.
fn kept_by_another(plan: &Plan, remarks: &mut Vec<String>) {
    let training = &plan.base.training;
    let goal = plan.sweep.goal.info();
    let varies = |field: &String| field == "training.monitor" || field == "training.keep";
    if training.keep == Keep::Best
        && training.monitor != plan.sweep.goal.metric
        && !plan.fields.iter().any(varies)
    {
        let kept = monitored(training.monitor);
        remarks.push(format!(
            "Each cell keeps the epoch with the best validation {}, and what is compared is its validation {}, which may have been better in another \
             epoch: with training.monitor={:?}, the epoch that is best by the goal is kept.",
            kept.name.to_lowercase(),
            goal.name.to_lowercase(),
            plan.sweep.goal.metric,
        ));
    }
}

/// Fewer settings than were to be drawn.
fn fewer(plan: &Plan, wanted: u32, remarks: &mut Vec<String>) {
    let groups = plan.groups();
    if groups < wanted as usize {
        remarks.push(format!(
            "There are {} of these values, fewer than the {wanted} that were to be drawn: all of them are trained.",
            format::count(groups, "setting", "settings")
        ));
    }
}

fn halving(plan: &Plan, first_epochs: u32, remarks: &mut Vec<String>) {
    if first_epochs >= plan.longest() {
        remarks.push(format!(
            "Successive halving decides nothing here: no setting has more than the {first_epochs} epochs of the first rung."
        ));
        return;
    }
    // What acts later than the first rung is not seen there.
    let mut begins = 0;
    for (index, phase) in plan.base.phases.iter().enumerate() {
        if begins >= first_epochs {
            let prefix = format!("phases[{index}]");
            let late: Vec<&str> = (plan.fields.iter().map(String::as_str))
                .filter(|field| field.starts_with(&prefix))
                .collect();
            if !late.is_empty() {
                remarks.push(format!(
                    "{} acts from epoch {} on, and the first rung is decided after epoch {first_epochs}: cells that differ in \
                     nothing else are equal there, and luck decides which goes on. Make first_epochs at least {}.",
                    late.join(", "),
                    begins + 1,
                    begins + 1,
                ));
            }
        }
        begins += phase.epochs;
    }
}
