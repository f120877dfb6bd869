//! scikit-learn's `classification_report`.

use serde::{Deserialize, Serialize};

use super::ConfusionMatrix;
use super::confusion::ratio;
use crate::shown;

/// Precision, recall and F1 per class, with averages. A ratio without a denominator is 0, as in
/// scikit-learn. Classes that occur neither as truth nor as prediction are left out, as there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    pub classes: Vec<ClassReport>,
    pub accuracy: f64,
    pub macro_average: ClassReport,
    pub weighted_average: ClassReport,
}

/// One line of the report. The support is a number of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    pub name: String,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub support: u64,
}

impl ClassificationReport {
    /// Works the report out from counts.
    pub fn new(confusion: &ConfusionMatrix) -> Self {
        let classes: Vec<ClassReport> = confusion
            .classes
            .iter()
            .enumerate()
            .map(|(class, name)| {
                let (correct, support, predicted) = (
                    confusion.counts[class][class],
                    confusion.truths(class),
                    confusion.predictions(class),
                );
                let line = ClassReport {
                    name: name.clone(),
                    precision: ratio(correct, predicted),
                    recall: ratio(correct, support),
                    f1: ratio(2 * correct, support + predicted),
                    support,
                };
                (line, predicted)
            })
            .filter(|(line, predicted)| line.support + predicted > 0)
            .map(|(line, _)| line)
            .collect();
        let macro_average = average("macro avg", &classes, |_| 1.0);
        let weighted_average = average("weighted avg", &classes, |class| class.support as f64);
        Self {
            classes,
            accuracy: confusion.accuracy(),
            macro_average,
            weighted_average,
        }
    }

    /// The table as scikit-learn prints it, with `digits` behind the point.
    pub fn to_text(&self, digits: usize) -> String {
        let names = self.classes.iter();
        let names = names.map(|class| shown::line(&class.name).chars().count());
        let width = names
            .chain(["weighted avg".len(), digits])
            .max()
            .unwrap_or(0)
            // A width beyond 65,535 is none that can be asked for.
            .min(10_000);
        // Without one right answer scikit-learn counts in floating point, and prints it so.
        let all_wrong = self.accuracy == 0.0;
        let support = |support: u64| {
            if all_wrong {
                format!("{support}.0")
            } else {
                support.to_string()
            }
        };
        let line = |class: &ClassReport| {
            format!(
                "{:>width$}  {:>9.digits$} {:>9.digits$} {:>9.digits$} {:>9}\n",
                shown::line(&class.name),
                class.precision,
                class.recall,
                class.f1,
                support(class.support),
            )
        };
        let mut text = format!(
            "{:>width$}  {:>9} {:>9} {:>9} {:>9}\n\n",
            "", "precision", "recall", "f1-score", "support"
        );
        text.extend(self.classes.iter().map(line));
        text.push('\n');
        text.push_str(&format!(
            "{:>width$}  {:>9} {:>9} {:>9.digits$} {:>9}\n",
            "accuracy",
            "",
            "",
            self.accuracy,
            support(self.macro_average.support)
        ));
        text.push_str(&line(&self.macro_average));
        text.push_str(&line(&self.weighted_average));
        text
    }
}

/// The weighted mean of every column; 0 without weight.
fn average(
    name: &str,
    classes: &[ClassReport],
    weight: impl Fn(&ClassReport) -> f64,
) -> ClassReport {
    let total: f64 = classes.iter().map(&weight).sum();
    let mean = |value: fn(&ClassReport) -> f64| {
        if total == 0.0 {
            return 0.0;
        }
        classes
            .iter()
            .map(|class| value(class) * weight(class))
            .sum::<f64>()
            / total
    };
    ClassReport {
        name: name.to_owned(),
        precision: mean(|class| class.precision),
        recall: mean(|class| class.recall),
        f1: mean(|class| class.f1),
        support: classes.iter().map(|class| class.support).sum(),
    }
}
