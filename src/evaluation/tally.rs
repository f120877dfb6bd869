//! Scores that need only how many pictures each class has, was given, and has right.

use super::ConfusionMatrix;
use super::confusion::ratio;

/// A confusion matrix's diagonal and margins, one number per class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Pictures of the class that were recognised.
    pub right: Vec<u64>,
    /// Pictures of the class.
    pub truths: Vec<u64>,
    /// Pictures taken for the class.
    pub predictions: Vec<u64>,
}

impl Tally {
    pub fn empty(classes: usize) -> Self {
        Self {
            right: vec![0; classes],
            truths: vec![0; classes],
            predictions: vec![0; classes],
        }
    }

    pub fn clear(&mut self) {
        for counts in [&mut self.right, &mut self.truths, &mut self.predictions] {
            counts.fill(0);
        }
    }

    /// Counts `weight` pictures of class `truth` that were taken for `predicted`.
    pub fn add(&mut self, truth: u32, predicted: u32, weight: u64) {
        self.truths[truth as usize] += weight;
        self.predictions[predicted as usize] += weight;
        if truth == predicted {
            self.right[truth as usize] += weight;
        }
    }

    pub fn total(&self) -> u64 {
        self.truths.iter().sum()
    }

    pub fn correct(&self) -> u64 {
        self.right.iter().sum()
    }

    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.total())
    }

    /// scikit-learn's `balanced_accuracy_score`: the mean recall of the classes that have pictures;
    /// 0 without any.
    pub fn balanced_accuracy(&self) -> f64 {
        mean(self.classes().filter(|class| class.truths > 0), |class| {
            ratio(class.right, class.truths)
        })
    }

    /// scikit-learn's `f1_score(average="macro")`: the mean F1 of every class that occurs, as truth
    /// or as prediction.
    pub fn macro_f1(&self) -> f64 {
        mean(self.classes().filter(Counts::occurs), |class| class.f1())
    }

    /// scikit-learn's `f1_score(average="weighted")`: F1 weighted by the number of pictures.
    pub fn weighted_f1(&self) -> f64 {
        let sum: f64 = self
            .classes()
            .map(|class| class.f1() * class.truths as f64)
            .sum();
        match self.total() {
            0 => 0.0,
            total => sum / total as f64,
        }
    }

    /// Cohen's kappa (1960): agreement beyond what the classes' shares give by chance, -1 to 1. 0
    /// where chance alone explains all (scikit-learn's `cohen_kappa_score` then has no number).
    pub fn cohen_kappa(&self) -> f64 {
        let total = self.total() as f64;
        let expected: f64 = self
            .classes()
            .map(|class| class.truths as f64 * class.predictions as f64)
            .sum();
        let beyond = total * total - expected;
        if beyond <= 0.0 {
            return 0.0;
        }
        (self.correct() as f64 * total - expected) / beyond
    }

    /// The correlation of Matthews (1975) for any number of classes (Gorodkin 2004), -1 to 1;
    /// scikit-learn's `matthews_corrcoef`, 0 where either side names one class only.
    pub fn matthews_correlation(&self) -> f64 {
        let total = self.total() as f64;
        let sum = |value: fn(&Counts) -> f64| -> f64 { self.classes().map(|c| value(&c)).sum() };
        let both = sum(|class| class.truths as f64 * class.predictions as f64);
        let truths = total * total - sum(|class| (class.truths as f64).powi(2));
        let predictions = total * total - sum(|class| (class.predictions as f64).powi(2));
        if truths <= 0.0 || predictions <= 0.0 {
            return 0.0;
        }
        (self.correct() as f64 * total - both) / (truths * predictions).sqrt()
    }

    fn classes(&self) -> impl Iterator<Item = Counts> + '_ {
        (0..self.truths.len()).map(|class| Counts {
            right: self.right[class],
            truths: self.truths[class],
            predictions: self.predictions[class],
        })
    }
}

impl From<&ConfusionMatrix> for Tally {
    fn from(confusion: &ConfusionMatrix) -> Self {
        let mut tally = Self::empty(confusion.classes.len());
        for (truth, row) in confusion.counts.iter().enumerate() {
            for (predicted, &count) in row.iter().enumerate() {
                tally.add(truth as u32, predicted as u32, count);
            }
        }
        tally
    }
}

struct Counts {
    right: u64,
    truths: u64,
    predictions: u64,
}

impl Counts {
    fn occurs(&self) -> bool {
        self.truths + self.predictions > 0
    }

    fn f1(&self) -> f64 {
        ratio(2 * self.right, self.truths + self.predictions)
    }
}

fn mean(classes: impl Iterator<Item = Counts>, value: impl Fn(&Counts) -> f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0u32);
    for class in classes {
        sum += value(&class);
        count += 1;
    }
    if count == 0 {
        0.0
    } else {
        sum / f64::from(count)
    }
}
