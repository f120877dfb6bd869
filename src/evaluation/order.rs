//! Orders of classes for a confusion matrix or a report.

use serde::{Deserialize, Serialize};

use super::ConfusionMatrix;
use super::confusion::ratio;

/// What classes are sorted by. Equals keep the order of their labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ClassOrder {
    /// That of their labels.
    #[default]
    Label,
    /// Alphabetical, numbers by their value.
    Name,
    /// Most pictures first.
    Support,
    /// Worst recall first; classes without pictures last.
    Recall,
    /// Worst precision first; classes that were never named last.
    Precision,
    /// Worst F1 first; classes that do not occur last.
    F1,
    /// Classes that are taken for each other stand side by side.
    Confusion,
}

impl ConfusionMatrix {
    /// Indices of the classes in this order.
    pub fn order(&self, order: ClassOrder) -> Vec<usize> {
        let mut classes: Vec<usize> = (0..self.classes.len()).collect();
        let worst_first = |classes: &mut Vec<usize>, value: &dyn Fn(usize) -> (u64, u64)| {
            // A class that has no value goes last.
            let key = |class: usize| {
                let (right, of) = value(class);
                if of == 0 { 2.0 } else { ratio(right, of) }
            };
            let keys: Vec<f64> = (0..self.classes.len()).map(key).collect();
            classes.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
        };
        match order {
            ClassOrder::Label => {}
            ClassOrder::Name => classes.sort_by(|&a, &b| {
                natural(&self.classes[a])
                    .cmp(&natural(&self.classes[b]))
                    .then_with(|| self.classes[a].cmp(&self.classes[b]))
            }),
            ClassOrder::Support => {
                classes.sort_by_key(|&class| std::cmp::Reverse(self.truths(class)));
            }
            ClassOrder::Recall => worst_first(&mut classes, &|class| {
                (self.counts[class][class], self.truths(class))
            }),
            ClassOrder::Precision => worst_first(&mut classes, &|class| {
                (self.counts[class][class], self.predictions(class))
            }),
            ClassOrder::F1 => worst_first(&mut classes, &|class| {
                (
                    2 * self.counts[class][class],
                    self.truths(class) + self.predictions(class),
                )
            }),
            ClassOrder::Confusion => return self.neighbours(),
        }
        classes
    }

    /// A chain through all classes: begins with the pair that is confused most, and goes on at
    /// either end with the class that is confused most with it, as a share of both classes'
    /// pictures. Classes that are confused with none follow in the order of their labels.
    fn neighbours(&self) -> Vec<usize> {
        let count = self.classes.len();
        let supports: Vec<u64> = (0..count).map(|class| self.truths(class)).collect();
        let affinity = |a: usize, b: usize| {
            ratio(
                self.counts[a][b] + self.counts[b][a],
                supports[a] + supports[b],
            )
        };
        let mut left: Vec<usize> = (0..count).collect();
        let mut order = std::collections::VecDeque::with_capacity(count);
        while !left.is_empty() {
            let ends = order.front().copied().zip(order.back().copied());
            // Strictly greater: of equals the earlier class.
            let mut best: Option<(f64, usize, bool)> = None;
            if let Some((front, back)) = ends {
                for &class in &left {
                    for (value, at_front) in [
                        (affinity(back, class), false),
                        (affinity(front, class), true),
                    ] {
                        if value > best.map_or(0.0, |best| best.0) {
                            best = Some((value, class, at_front));
                        }
                    }
                }
            }
            let (class, at_front) = match best {
                Some((_, class, at_front)) => (class, at_front),
                // The chain ends here, or has not begun: the most confused pair of what is left.
                None => {
                    let mut pair: Option<(f64, usize)> = None;
                    for (place, &a) in left.iter().enumerate() {
                        for &b in &left[place + 1..] {
                            let value = affinity(a, b);
                            if value > pair.map_or(0.0, |pair| pair.0) {
                                pair = Some((value, a));
                            }
                        }
                    }
                    match pair {
                        Some((_, class)) => (class, false),
                        None => {
                            order.extend(left.drain(..));
                            break;
                        }
                    }
                }
            };
            left.retain(|&other| other != class);
            if at_front {
                order.push_front(class);
            } else {
                order.push_back(class);
            }
        }
        order.into()
    }
}

/// A name cut into text and numbers, so that `class 10` comes after `class 9`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = Vec::new();
    let mut text = String::new();
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(digit) = letter.to_digit(10) else {
            text.extend(letter.to_lowercase());
            continue;
        };
        let mut number = u64::from(digit);
        while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(u64::from(digit));
            letters.next();
        }
        parts.push((std::mem::take(&mut text), number));
    }
    parts.push((text, 0));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(classes: &[&str], counts: &[&[u64]]) -> ConfusionMatrix {
        ConfusionMatrix {
            classes: classes.iter().map(ToString::to_string).collect(),
            counts: counts.iter().map(|row| row.to_vec()).collect(),
        }
    }

    #[test]
    fn classes_are_sorted_by_what_is_asked() {
        let matrix = matrix(
            &["class 10", "class 9", "b", "never"],
            &[&[5, 0, 5, 0], &[1, 3, 0, 0], &[4, 0, 16, 0], &[0; 4]],
        );
        for (order, expected) in [
            (ClassOrder::Label, [0, 1, 2, 3]),
            (ClassOrder::Name, [2, 1, 0, 3]),
            (ClassOrder::Support, [2, 0, 1, 3]),
            (ClassOrder::Recall, [0, 1, 2, 3]),
            (ClassOrder::Precision, [0, 2, 1, 3]),
            (ClassOrder::F1, [0, 2, 1, 3]),
            // 9 of 30 pictures are swapped between classes 0 and 2, 1 of 14 between 0 and 1.
            (ClassOrder::Confusion, [1, 0, 2, 3]),
        ] {
            assert_eq!(matrix.order(order), expected, "{order:?}");
        }
        let turned = matrix.reordered(&[3, 2, 1, 0]);
        assert_eq!(turned.classes[1], "b");
        assert_eq!(turned.counts[1], [0, 16, 0, 4]);
        assert_eq!(turned.correct(), matrix.correct());
    }

    #[test]
    fn two_groups_of_confused_classes_stay_together() {
        let matrix = matrix(
            &["a", "b", "c", "d", "e"],
            &[
                &[5, 0, 0, 3, 0],
                &[0, 5, 0, 0, 2],
                &[0, 0, 9, 0, 0],
                &[4, 0, 0, 5, 0],
                &[0, 3, 0, 0, 5],
            ],
        );
        assert_eq!(matrix.order(ClassOrder::Confusion), [0, 3, 1, 4, 2]);
    }

    #[test]
    fn the_most_frequent_confusions_come_first() {
        let matrix = matrix(&["a", "b", "c"], &[&[5, 2, 0], &[2, 1, 1], &[0, 7, 3]]);
        let top: Vec<(u32, u32, u64)> = matrix
            .top_confusions(3)
            .iter()
            .map(|confusion| (confusion.truth, confusion.predicted, confusion.count))
            .collect();
        assert_eq!(top, [(2, 1, 7), (1, 0, 2), (0, 1, 2)]);
        assert_eq!(matrix.top_confusions(99).len(), 4);
    }
}
