//! L-BFGS with a line search for the strong Wolfe conditions: Nocedal & Wright, Numerical Optimization (2nd ed., 2006),
//! algorithms 7.4 (two-loop recursion), 7.5, 3.5 (bracketing) and 3.6 (zoom).
//!
//! The minimiser asks for the function at one point after the other and is told of it, so that whoever computes the function
//! may compute that of many minimisers at once. Its vectors are libtorch's, in double precision: with hundreds of classes they
//! hold as many numbers as thousands of rows.

use tch::{Device, Kind, Tensor};

use crate::libtorch::numbers::WithNumber;
use crate::training::error::TrainingError;

/// Sufficient decrease.
const C1: f64 = 1e-4;
/// Curvature: loose, as quasi-Newton directions want it.
const C2: f64 = 0.9;
/// Pairs of steps and changes of the gradient that stand for the curvature, as SciPy keeps.
const MEMORY: usize = 10;
/// Evaluations of one line search.
const MOST_TRIALS: u32 = 25;

/// The inverse of the curvature, roughly, times a gradient.
pub(super) type Precondition<'p> = dyn Fn(&Tensor) -> Result<Tensor, TrainingError> + 'p;

/// Minimises a smooth function of many variables, `[variables]` in double precision.
pub(super) struct Lbfgs {
    tolerance: f64,
    most_iterations: u32,
    /// Values that differ by this share of themselves may be equal but for rounding.
    rounding: f64,
    /// Where it stands.
    point: Tensor,
    value: f64,
    gradient: Option<Gradient>,
    /// Where the function is asked for.
    trial: Tensor,
    pairs: Pairs,
    search: Option<Search>,
    iterations: u32,
    state: State,
}

/// A gradient, and its largest entry.
struct Gradient {
    values: Tensor,
    largest: f64,
}

/// How a minimisation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The function is asked for at [`Lbfgs::trial`].
    Asking,
    /// No entry of the gradient is larger than the tolerance.
    Converged,
    /// As many iterations as allowed were made.
    Exhausted,
    /// No smaller value is found along the direction: rounding hides what is left.
    Stuck,
    /// The function is no number where it began.
    NoNumber,
}

/// Steps and changes of the gradient that stand for the curvature.
struct Pairs {
    /// `[MEMORY, variables]`, one pair a row, in places that are taken in turn.
    steps: Tensor,
    changes: Tensor,
    /// The places in use, the oldest first.
    order: Vec<usize>,
    /// Of each place, step · change.
    curvatures: [f64; MEMORY],
    /// What the curvature that is begun with must be divided by, to be right along the last step.
    scale: f64,
    /// Step (row) · change (column) of all places.
    products: [[f64; MEMORY]; MEMORY],
}

impl Pairs {
    fn new(variables: i64) -> Result<Self, TrainingError> {
        let blank = || Tensor::f_zeros([MEMORY as i64, variables], (Kind::Double, Device::Cpu));
        Ok(Self {
            steps: blank()?,
            changes: blank()?,
            order: Vec::with_capacity(MEMORY),
            curvatures: [0.0; MEMORY],
            scale: 1.0,
            products: [[0.0; MEMORY]; MEMORY],
        })
    }

    /// The last pair; the oldest makes room for it.
    fn push(
        &mut self,
        step: &Tensor,
        change: &Tensor,
        curvature: f64,
        scale: f64,
    ) -> Result<(), TrainingError> {
        let place = match self.order.len() {
            MEMORY => self.order.remove(0),
            taken => taken,
        };
        self.order.push(place);
        self.steps.f_select(0, place as i64)?.f_copy_(step)?;
        self.changes.f_select(0, place as i64)?.f_copy_(change)?;
        (self.curvatures[place], self.scale) = (curvature, scale);
        let with_change = Vec::<f64>::try_from(self.steps.f_mv(change)?)?;
        let with_step = Vec::<f64>::try_from(self.changes.f_mv(step)?)?;
        for other in 0..MEMORY {
            self.products[other][place] = with_change[other];
            self.products[place][other] = with_step[other];
        }
        Ok(())
    }

    /// Minus `gradient` times the inverse curvature that is remembered: algorithm 7.4, whose inner products come from those of
    /// the pairs with each other, so that all vectors are gone through four times, whatever their number.
    fn descent(
        &self,
        gradient: &Tensor,
        precondition: Option<&Precondition<'_>>,
    ) -> Result<Tensor, TrainingError> {
        let mut direction = gradient.f_neg()?;
        let along = Vec::<f64>::try_from(self.steps.f_mv(&direction)?)?;
        let mut shares = [0.0; MEMORY];
        for (index, &place) in self.order.iter().enumerate().rev() {
            let newer = self.order[index + 1..].iter();
            let taken: f64 = newer
                .map(|&other| shares[other] * self.products[place][other])
                .sum();
            shares[place] = (along[place] - taken) / self.curvatures[place];
        }
        let combined = |rows: &Tensor, shares: &[f64]| -> Result<Tensor, TrainingError> {
            Ok(rows
                .f_transpose(0, 1)?
                .f_mv(&Tensor::f_from_slice(shares)?)?)
        };
        direction = direction.f_sub(&combined(&self.changes, &shares)?)?;
        if let Some(precondition) = precondition {
            direction = precondition(&direction)?;
        }
        let _ = direction.f_mul_number_(self.scale)?;
        let along = Vec::<f64>::try_from(self.changes.f_mv(&direction)?)?;
        for (index, &place) in self.order.iter().enumerate() {
            let older = self.order[..index].iter();
            let given: f64 = older
                .map(|&other| shares[other] * self.products[other][place])
                .sum();
            shares[place] -= (along[place] + given) / self.curvatures[place];
        }
        Ok(direction.f_add(&combined(&self.steps, &shares)?)?)
    }

    fn clear(&mut self) {
        (self.order, self.scale) = (Vec::new(), 1.0);
    }
}

/// A point on the line: its distance in steps of the direction, the value there and the slope.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: f64,
    value: f64,
    slope: f64,
}

struct Search {
    direction: Tensor,
    start: Mark,
    /// The last one while bracketing.
    previous: Mark,
    /// Once there is an interval that holds a step: its end with the least value, and the other.
    interval: Option<(Mark, Mark)>,
    /// The distance that is tried.
    at: f64,
    trials: u32,
}

enum Verdict {
    Accepted,
    Try(f64),
    Failed,
}

impl Lbfgs {
    /// Begins at `start`; the function is asked for there first.
    ///
    /// # Errors
    /// libtorch's own, here and below.
    pub fn new(
        start: Tensor,
        tolerance: f64,
        most_iterations: u32,
        rounding: f64,
    ) -> Result<Self, TrainingError> {
        Ok(Self {
            tolerance,
            most_iterations,
            rounding,
            pairs: Pairs::new(start.numel() as i64)?,
            trial: start.shallow_clone(),
            point: start,
            value: f64::NAN,
            gradient: None,
            search: None,
            iterations: 0,
            state: State::Asking,
        })
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Where the function is asked for next.
    pub fn trial(&self) -> &Tensor {
        &self.trial
    }

    /// The best point so far.
    pub fn point(&self) -> &Tensor {
        &self.point
    }

    /// The function there.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The largest entry of the gradient there.
    pub fn gradient_norm(&self) -> f64 {
        self.gradient
            .as_ref()
            .map_or(0.0, |gradient| gradient.largest)
    }

    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Takes the function's `value` and `gradient` at [`Self::trial`].
    ///
    /// # Errors
    /// Those of `precondition`.
    pub fn tell(
        &mut self,
        value: f64,
        gradient: Tensor,
        precondition: Option<&Precondition<'_>>,
    ) -> Result<(), TrainingError> {
        if self.state != State::Asking {
            return Ok(());
        }
        let Some(mut search) = self.search.take() else {
            let gradient = Gradient::new(gradient)?;
            if !value.is_finite() || !gradient.largest.is_finite() {
                self.state = State::NoNumber;
                return Ok(());
            }
            self.value = value;
            return self.next_direction(gradient, precondition);
        };
        let mark = Mark {
            at: search.at,
            value: if value.is_finite() {
                value
            } else {
                f64::INFINITY
            },
            slope: dot(&gradient, &search.direction)?,
        };
        match search.judge(mark, self.rounding) {
            Verdict::Accepted => self.accept(value, gradient, precondition)?,
            Verdict::Try(at) => {
                search.at = at;
                self.trial = along(&self.point, &search.direction, at)?;
                self.search = Some(search);
            }
            // The curvature that is remembered may be what misleads: the steepest descent is tried before giving up.
            Verdict::Failed if self.pairs.order.is_empty() => self.state = State::Stuck,
            Verdict::Failed => {
                self.pairs.clear();
                if let Some(gradient) = self.gradient.take() {
                    self.next_direction(gradient, precondition)?;
                }
            }
        }
        Ok(())
    }

    fn accept(
        &mut self,
        value: f64,
        gradient: Tensor,
        precondition: Option<&Precondition<'_>>,
    ) -> Result<(), TrainingError> {
        if let Some(before) = &self.gradient {
            let step = self.trial.f_sub(&self.point)?;
            let change = gradient.f_sub(&before.values)?;
            let curvature = dot(&step, &change)?;
            let square = dot(&change, &change)?;
            if curvature > f64::EPSILON * square {
                let moved = match precondition {
                    Some(precondition) => dot(&change, &precondition(&change)?)?,
                    None => square,
                };
                self.pairs
                    .push(&step, &change, curvature, curvature / moved)?;
            }
        }
        self.point = self.trial.shallow_clone();
        self.value = value;
        self.iterations += 1;
        self.next_direction(Gradient::new(gradient)?, precondition)
    }

    /// From the point, whose gradient is given.
    fn next_direction(
        &mut self,
        gradient: Gradient,
        precondition: Option<&Precondition<'_>>,
    ) -> Result<(), TrainingError> {
        let values = gradient.values.shallow_clone();
        self.gradient = Some(gradient);
        if self.gradient_norm() <= self.tolerance {
            self.state = State::Converged;
            return Ok(());
        }
        if self.iterations >= self.most_iterations {
            self.state = State::Exhausted;
            return Ok(());
        }
        let mut direction = self.pairs.descent(&values, precondition)?;
        let mut slope = dot(&values, &direction)?;
        if slope >= 0.0 {
            self.pairs.clear();
            direction = values.f_neg()?;
            slope = dot(&values, &direction)?;
        }
        let start = Mark {
            at: 0.0,
            value: self.value,
            slope,
        };
        // Once curvature is known, a whole step is nearly always right.
        let at = match self.pairs.order.is_empty() && precondition.is_none() {
            true => 1.0 / dot(&values, &values)?.sqrt().max(1.0),
            false => 1.0,
        };
        self.trial = along(&self.point, &direction, at)?;
        self.search = Some(Search {
            direction,
            start,
            previous: start,
            interval: None,
            at,
            trials: 0,
        });
        Ok(())
    }
}

impl Gradient {
    fn new(values: Tensor) -> Result<Self, TrainingError> {
        // Not a number where any of them is none.
        let largest = values.f_abs()?.f_max()?.f_double_value(&[])?;
        Ok(Self { values, largest })
    }
}

impl Search {
    /// What comes of the function at the distance that was tried.
    fn judge(&mut self, mark: Mark, rounding: f64) -> Verdict {
        self.trials += 1;
        let allowed = rounding * self.start.value.abs();
        let start = self.start;
        let is_low = mark.value <= start.value + C1 * mark.at * start.slope;
        let is_flat = mark.slope.abs() <= -C2 * start.slope;
        // Where the values differ by rounding alone, the slopes decide (Hager & Zhang 2005, the approximate Wolfe
        // conditions).
        let is_lower_by_slope = mark.value <= start.value + allowed
            && mark.slope <= (2.0 * C1 - 1.0) * start.slope
            && mark.slope >= C2 * start.slope;
        if (is_low && is_flat) || is_lower_by_slope {
            return Verdict::Accepted;
        }
        if self.trials >= MOST_TRIALS {
            return Verdict::Failed;
        }
        match self.interval {
            None => {
                let is_past = !is_low || (self.trials > 1 && mark.value >= self.previous.value);
                if is_past {
                    self.interval = Some((self.previous, mark));
                } else if mark.slope >= 0.0 {
                    self.interval = Some((mark, self.previous));
                } else {
                    self.previous = mark;
                    return Verdict::Try(2.0 * mark.at);
                }
            }
            Some((low, high)) => {
                self.interval = Some(if !is_low || mark.value >= low.value {
                    (low, mark)
                } else if mark.slope * (high.at - low.at) >= 0.0 {
                    (mark, low)
                } else {
                    (mark, high)
                });
            }
        }
        match self.interval {
            Some((low, high)) if low.at != high.at => Verdict::Try(between(low, high)),
            _ => Verdict::Failed,
        }
    }
}

/// Where the cubic through two marks has its minimum (equation 3.59), kept away from both ends.
fn between(low: Mark, high: Mark) -> f64 {
    let width = high.at - low.at;
    let first = low.slope + high.slope - 3.0 * (high.value - low.value) / width;
    let second = (first * first - low.slope * high.slope).sqrt() * width.signum();
    let cubic =
        high.at - width * (high.slope + second - first) / (high.slope - low.slope + 2.0 * second);
    let share = (cubic - low.at) / width;
    // Not a number where the function is not, or has no minimum there.
    let share = if share.is_finite() { share } else { 0.5 };
    low.at + share.clamp(0.1, 0.9) * width
}

fn dot(left: &Tensor, right: &Tensor) -> Result<f64, TrainingError> {
    Ok(left.f_dot(right)?.f_double_value(&[])?)
}

/// The point at this distance from `point`.
fn along(point: &Tensor, direction: &Tensor, at: f64) -> Result<Tensor, TrainingError> {
    Ok(point.f_add(&direction.f_mul_number(at)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minimise(
        start: Vec<f64>,
        tolerance: f64,
        function: impl Fn(&[f64]) -> (f64, Vec<f64>),
    ) -> Lbfgs {
        let mut minimiser = Lbfgs::new(Tensor::from_slice(&start), tolerance, 1000, 1e-15).unwrap();
        while minimiser.state() == State::Asking {
            let (value, gradient) = function(&entries(minimiser.trial()));
            let gradient = Tensor::from_slice(&gradient);
            minimiser.tell(value, gradient, None).unwrap();
        }
        minimiser
    }

    fn entries(of: &Tensor) -> Vec<f64> {
        Vec::try_from(of).unwrap()
    }

    /// Algorithm 7.4 as the book has it, on pairs of which more were given than are kept.
    #[test]
    fn the_direction_is_that_of_the_two_loops() {
        let vector = |seed: u32| -> Vec<f64> {
            (0..20u32)
                .map(|index| f64::from((index * 37 + seed * 101) % 97) / 97.0 - 0.45)
                .collect()
        };
        let inner = |left: &[f64], right: &[f64]| -> f64 {
            left.iter()
                .zip(right)
                .map(|(left, right)| left * right)
                .sum()
        };
        let precondition = |gradient: &Tensor| -> Result<Tensor, TrainingError> {
            Ok(gradient.f_mul(&Tensor::from_slice(&vector(9)).abs())?)
        };
        let mut pairs = Pairs::new(20).unwrap();
        let mut kept = std::collections::VecDeque::new();
        for seed in 0..13 {
            let (step, change) = (vector(seed), vector(seed + 50));
            let curvature = inner(&step, &change);
            let tensors = [&step, &change].map(|values| Tensor::from_slice(values));
            pairs
                .push(&tensors[0], &tensors[1], curvature, 0.5)
                .unwrap();
            kept.push_back((step, change, curvature));
        }
        kept.drain(..3);
        let gradient = vector(99);
        let found = pairs
            .descent(&Tensor::from_slice(&gradient), Some(&precondition))
            .unwrap();

        let mut expected: Vec<f64> = gradient.iter().map(|value| -value).collect();
        let add = |sum: &mut Vec<f64>, scale: f64, addend: &[f64]| {
            sum.iter_mut()
                .zip(addend)
                .for_each(|(sum, addend)| *sum += scale * addend);
        };
        let mut shares = Vec::new();
        for (step, change, curvature) in kept.iter().rev() {
            let share = inner(step, &expected) / curvature;
            add(&mut expected, -share, change);
            shares.push(share);
        }
        let moved = precondition(&Tensor::from_slice(&expected)).unwrap();
        expected = entries(&moved).iter().map(|value| value * 0.5).collect();
        for ((step, change, curvature), share) in kept.iter().zip(shares.iter().rev()) {
            let back = inner(change, &expected) / curvature;
            add(&mut expected, share - back, step);
        }
        let size = inner(&expected, &expected).sqrt();
        for (found, expected) in entries(&found).iter().zip(&expected) {
            assert!(
                (found - expected).abs() < 1e-9 * size,
                "{found}, not {expected}"
            );
        }
    }

    /// Nocedal & Wright's exercise 2.1; its minimum is 0 at (1, 1).
    fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
        let (a, b) = (x[0], x[1]);
        let value = 100.0 * (b - a * a).powi(2) + (1.0 - a).powi(2);
        let gradient = vec![
            -400.0 * a * (b - a * a) - 2.0 * (1.0 - a),
            200.0 * (b - a * a),
        ];
        (value, gradient)
    }

    #[test]
    fn finds_the_minimum_of_a_bent_valley() {
        for start in [[-1.2, 1.0], [1.2, 1.2], [-30.0, 500.0]] {
            let found = minimise(start.to_vec(), 1e-8, rosenbrock);
            assert_eq!(found.state(), State::Converged, "{start:?}");
            assert!(
                found.iterations() < 200,
                "{start:?}: {}",
                found.iterations()
            );
            let far = |value: &f64| (value - 1.0).abs() > 1e-6;
            let point = entries(found.point());
            assert!(!point.iter().any(far), "{point:?}");
        }
    }

    #[test]
    fn badly_scaled_quadratics_are_solved() {
        let scales: Vec<f64> = (0..50)
            .map(|index| 10f64.powf(index as f64 / 25.0))
            .collect();
        let found = minimise(vec![1.0; 50], 1e-6, |x| {
            let value = x
                .iter()
                .zip(&scales)
                .map(|(x, scale)| scale * x * x / 2.0)
                .sum();
            (
                value,
                x.iter().zip(&scales).map(|(x, scale)| scale * x).collect(),
            )
        });
        assert_eq!(found.state(), State::Converged);
        assert!(found.value() < 1e-10, "{}", found.value());
    }

    #[test]
    fn a_wall_of_no_numbers_is_stepped_back_from() {
        // Its minimum at 1 lies beside numbers that it is not defined for.
        let found = minimise(vec![1e-3], 1e-9, |x| {
            (x[0] - x[0].ln(), vec![1.0 - 1.0 / x[0]])
        });
        assert_eq!(found.state(), State::Converged);
        let point = entries(found.point());
        assert!((point[0] - 1.0).abs() < 1e-6, "{point:?}");
    }

    #[test]
    fn what_has_no_minimum_or_is_no_number_ends() {
        let endless = minimise(vec![0.0], 1e-12, |x| (-x[0], vec![-1.0]));
        assert!(matches!(endless.state(), State::Stuck | State::Exhausted));
        let nothing = minimise(vec![0.0], 1e-12, |_| (f64::NAN, vec![1.0]));
        assert_eq!(nothing.state(), State::NoNumber);
        let at_once = minimise(vec![1.0, 1.0], 1e-9, rosenbrock);
        assert_eq!(
            (at_once.state(), at_once.iterations()),
            (State::Converged, 0)
        );
    }
}
