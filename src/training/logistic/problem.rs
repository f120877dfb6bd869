//! Logistic regressions on parts of the same rows, whose losses and gradients are computed together: one pass over the
//! features serves all of them, which takes a third of the time that one pass for each takes.

use tch::{Kind, Tensor};

use super::classifier::LinearClassifier;
use super::lbfgs::{Lbfgs, Precondition, State};
use super::one_thread::OneThread;
use super::precondition::Preconditioner;
use super::rows::Prepared;
use super::settings::{Iteration, Settings, Watch};
use crate::libtorch::numbers::WithNumber;
use crate::training::error::TrainingError;

/// Numbers that stand in memory at once: of probabilities …
const MOST_PROBABILITIES: usize = 4 << 20;
/// … and of weights.
const MOST_WEIGHTS: usize = 4 << 20;
/// The logit of a class without rows: its probability is 0 to the last digit.
const NEVER: f64 = -1e30;
/// Products are of single precision, so that losses are known to about this share.
const ROUNDING: f64 = 1e-7;

/// Logistic regression on the rows of all folds but those that are left out.
pub(super) struct Problem {
    /// Of the rows that are learned from, of features that are standardised over all rows.
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// The share of each row in the mean loss; 0 for those left out.
    shares: Vec<f64>,
    /// The sum of the rows' weights.
    total: f64,
    rows: usize,
    /// Which classes have no rows.
    absent: Vec<bool>,
    /// `[features, outputs]`, then `[outputs]` intercepts; of features that are standardised over its rows.
    pub point: Vec<f64>,
    pub end: End,
}

/// How a solution came to its end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    pub converged: bool,
    pub iterations: u32,
    /// Mean loss and penalty.
    pub objective: f64,
}

/// Probabilities of all rows by several problems.
pub(super) struct Answers {
    /// `[rows, problems, classes]`, natural logarithms.
    log_probabilities: Tensor,
}

/// A sum of losses of rows and of their weights.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LossSum {
    loss: f64,
    weight: f64,
}

impl LossSum {
    /// Not a number where no row counts.
    pub fn mean(self) -> f64 {
        self.loss / self.weight
    }

    pub fn add(&mut self, other: Self) {
        self.loss += other.loss;
        self.weight += other.weight;
    }
}

impl Problem {
    pub fn new(prepared: &Prepared, left_out: &[usize]) -> Self {
        let is_left_out = |fold: usize| left_out.contains(&fold);
        let features = prepared.features;
        let (mut rows, mut mean, mut deviation) = (0, vec![0.0; features], vec![0.0; features]);
        for (_, fold) in
            (prepared.moments.iter().enumerate()).filter(|(index, _)| !is_left_out(*index))
        {
            rows += fold.rows;
            add(&mut mean, &fold.sum);
            add(&mut deviation, &fold.squares);
        }
        let count = rows.max(1) as f64;
        for (mean, deviation) in mean.iter_mut().zip(&mut deviation) {
            *mean /= count;
            let square = *deviation / count;
            let variance = square - *mean * *mean;
            // What is left of single precision would be blown up.
            *deviation = if variance > 1e-10 * square && variance > 0.0 {
                variance.sqrt()
            } else {
                1.0
            };
        }
        let mut absent = vec![true; prepared.classes];
        let mut shares = prepared.weights.clone();
        for (row, share) in shares.iter_mut().enumerate() {
            if is_left_out(prepared.folds[row]) {
                *share = 0.0;
            } else if *share > 0.0 {
                absent[prepared.classes_of_rows[row] as usize] = false;
            }
        }
        let total: f64 = shares.iter().sum();
        let whole = if total > 0.0 { total } else { 1.0 };
        shares.iter_mut().for_each(|share| *share /= whole);
        Self {
            mean,
            deviation,
            shares,
            total: whole,
            rows,
            absent,
            point: vec![0.0; (features + 1) * prepared.outputs()],
            end: End::default(),
        }
    }

    /// What the squares of the weights cost, halved: 1 / (C times the sum of the rows' weights).
    fn penalty(&self, c: f64) -> f64 {
        1.0 / (c * self.total)
    }

    /// The logit of classes without rows, which the loss would send to minus infinity: no row is given a larger share of them
    /// than one among all rows and one more (as in Laplace's rule of succession). The penalty makes the other classes' weights
    /// add up to 0, so that the mean of their logits is that of their intercepts, and the largest is no less.
    fn absent_logit(&self, prepared: &Prepared) -> f64 {
        let outputs = prepared.outputs();
        let intercepts = &self.point[prepared.features * outputs..];
        let present = intercepts
            .iter()
            .zip(&self.absent)
            .filter(|(_, absent)| !**absent);
        let (sum, count) = present.fold((0.0, 0), |(sum, count), (value, _)| {
            (sum + value, count + 1)
        });
        let mean = if outputs > 1 && count > 0 {
            sum / f64::from(count)
        } else {
            0.0
        };
        mean - ((self.rows + 1) as f64).ln()
    }

    /// The solution for features as they came.
    pub fn classifier(&self, prepared: &Prepared) -> LinearClassifier {
        let (features, classes, outputs) =
            (prepared.features, prepared.classes, prepared.outputs());
        let (mut weights, mut intercepts) = (vec![0.0; classes * features], vec![0.0; classes]);
        let mut put = |class: usize, output: usize, share: f64| {
            let mut intercept = self.point[features * outputs + output];
            for feature in 0..features {
                let weight = self.point[feature * outputs + output] / self.deviation[feature];
                intercept -= weight * self.mean[feature];
                let weight = weight / prepared.deviation[feature];
                intercept -= weight * prepared.mean[feature];
                weights[class * features + feature] = share * weight;
            }
            intercepts[class] = share * intercept;
        };
        if classes == 2 {
            put(0, 0, -0.5);
            put(1, 0, 0.5);
        } else {
            for class in 0..classes {
                if self.absent[class] {
                    continue;
                }
                put(class, class, 1.0);
            }
            for class in (0..classes).filter(|&class| self.absent[class]) {
                intercepts[class] = self.absent_logit(prepared);
            }
        }
        LinearClassifier {
            features,
            classes,
            weights,
            intercepts,
        }
    }
}

fn add(sums: &mut [f64], addends: &[f64]) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        *sum += addend;
    }
}

/// Solves `problems` with strength `c`, from where each of them stands.
///
/// # Errors
/// Those of `watch`, which is asked before every iteration, and libtorch's own.
pub(super) fn solve(
    prepared: &Prepared,
    problems: &mut [Problem],
    c: f64,
    settings: &Settings,
    watch: &mut Watch<'_>,
    about: Iteration,
) -> Result<(), TrainingError> {
    let _one = one_thread(prepared, problems.len());
    for problems in problems.chunks_mut(together(prepared)) {
        solve_together(prepared, problems, c, settings, watch, about)?;
    }
    Ok(())
}

fn one_thread(prepared: &Prepared, problems: usize) -> Option<OneThread> {
    let columns = prepared.outputs().saturating_mul(problems);
    let pass = prepared.rows.saturating_mul(prepared.features);
    OneThread::where_few(pass.saturating_mul(columns))
}

/// How many problems there is memory for at once.
fn together(prepared: &Prepared) -> usize {
    let weights = (prepared.features + 1).saturating_mul(prepared.outputs());
    let probabilities = prepared.rows.saturating_mul(prepared.classes);
    let most = (MOST_WEIGHTS / weights.max(1)).min(MOST_PROBABILITIES / probabilities.max(1));
    most.max(1)
}

fn solve_together(
    prepared: &Prepared,
    problems: &mut [Problem],
    c: f64,
    settings: &Settings,
    watch: &mut Watch<'_>,
    about: Iteration,
) -> Result<(), TrainingError> {
    let mut minimisers: Vec<Lbfgs> = problems
        .iter()
        .map(|problem| {
            Lbfgs::new(
                Tensor::f_from_slice(&problem.point)?,
                settings.tolerance,
                settings.most_iterations,
                ROUNDING,
            )
        })
        .collect::<Result<_, TrainingError>>()?;
    let mut fixed: Option<(Vec<usize>, Fixed)> = None;
    let curvature = curvature(prepared, &problems[0])?;
    let preconditioner = Preconditioner::new(prepared, curvature, problems[0].penalty(c))?;
    let precondition = preconditioner
        .as_ref()
        .map(|preconditioner| move |gradient: &Tensor| preconditioner.apply(gradient));
    let precondition = precondition
        .as_ref()
        .map(|apply| apply as &Precondition<'_>);
    loop {
        let asking: Vec<usize> = (0..problems.len())
            .filter(|&index| minimisers[index].state() == State::Asking)
            .collect();
        if asking.is_empty() {
            break;
        }
        let first = &minimisers[asking[0]];
        watch(&Iteration {
            iteration: first.iterations(),
            objective: first.value(),
            gradient: first.gradient_norm(),
            ..about
        })?;
        let those: Vec<&Problem> = asking.iter().map(|&index| &problems[index]).collect();
        // Put together anew when one of them has ended.
        let (_, fixed) = match fixed.take().filter(|(of, _)| *of == asking) {
            Some(same) => fixed.insert(same),
            None => fixed.insert((asking.clone(), Fixed::new(prepared, &those)?)),
        };
        let points: Vec<&Tensor> = asking
            .iter()
            .map(|&index| minimisers[index].trial())
            .collect();
        let found =
            losses_and_gradients(prepared, &those, &Tensor::f_stack(&points, 0)?, fixed, c)?;
        for (&index, (value, gradient)) in asking.iter().zip(found) {
            minimisers[index].tell(value, gradient, precondition)?;
        }
    }
    for (problem, minimiser) in problems.iter_mut().zip(minimisers) {
        if minimiser.state() == State::NoNumber {
            return Err(TrainingError::Experiment(
                "logistic regression comes to a loss that is no number: the features are too large or too far apart"
                    .into(),
            ));
        }
        problem.end = End {
            // Where rounding ends the search, the gradient is as small as it gets.
            converged: match minimiser.state() {
                State::Converged => true,
                State::Stuck => minimiser.gradient_norm() <= 10.0 * settings.tolerance,
                _ => false,
            },
            iterations: minimiser.iterations(),
            objective: minimiser.value(),
        };
        problem.point = Vec::try_from(minimiser.point())?;
    }
    Ok(())
}

/// What does not change while problems are solved.
struct Fixed {
    /// `[rows, problems]`, double.
    shares: Tensor,
    /// `[problems, classes]`, double: 0, or [`NEVER`] for a class without rows.
    barred: Tensor,
    /// `[problems, features, 1]`, double: how each problem standardises features.
    mean: Tensor,
    deviation: Tensor,
}

impl Fixed {
    fn new(prepared: &Prepared, problems: &[&Problem]) -> Result<Self, TrainingError> {
        let (rows, count) = (prepared.rows as i64, problems.len() as i64);
        let shares: Vec<f64> = (problems.iter())
            .flat_map(|problem| problem.shares.iter().copied())
            .collect();
        let barred: Vec<f64> = (problems.iter())
            .flat_map(|problem| {
                problem
                    .absent
                    .iter()
                    .map(|&absent| if absent { NEVER } else { 0.0 })
            })
            .collect();
        Ok(Self {
            shares: Tensor::f_from_slice(&shares)?
                .f_reshape([count, rows])?
                .f_transpose(0, 1)?
                .f_contiguous()?,
            barred: Tensor::f_from_slice(&barred)?.f_reshape([count, prepared.classes as i64])?,
            mean: of_features(prepared, problems, |problem| &problem.mean)?,
            deviation: of_features(prepared, problems, |problem| &problem.deviation)?,
        })
    }
}

/// One number for each feature, `[problems, features, 1]`.
fn of_features(
    prepared: &Prepared,
    problems: &[&Problem],
    numbers: impl Fn(&Problem) -> &[f64],
) -> Result<Tensor, TrainingError> {
    let all: Vec<f64> = (problems.iter())
        .flat_map(|problem| numbers(problem).iter().copied())
        .collect();
    let shape = [problems.len() as i64, prepared.features as i64, 1];
    Ok(Tensor::f_from_slice(&all)?.f_reshape(shape)?)
}

/// Of `points`, `[problems, variables]`: weights `[problems, features, outputs]` and intercepts `[problems, outputs]`.
fn taken_apart(prepared: &Prepared, points: &Tensor) -> Result<(Tensor, Tensor), TrainingError> {
    let (features, outputs) = (prepared.features as i64, prepared.outputs() as i64);
    let weights = points.f_narrow(1, 0, features * outputs)?;
    Ok((
        weights.f_reshape([-1, features, outputs])?,
        points.f_narrow(1, features * outputs, outputs)?,
    ))
}

/// Logits of all rows at `points`, `[problems, variables]`: `[rows, problems, classes]` in double precision; of two classes the
/// first one's are 0, and those of classes without rows [`NEVER`].
fn logits(prepared: &Prepared, points: &Tensor, fixed: &Fixed) -> Result<Tensor, TrainingError> {
    let (rows, features) = (prepared.rows as i64, prepared.features as i64);
    let (weights, intercepts) = taken_apart(prepared, points)?;
    let (count, _, outputs) = weights.size3()?;
    // The problem's own standardising is done by its weights: the features stay as they are for all problems.
    let weights = weights.f_div(&fixed.deviation)?;
    let moved = weights
        .f_mul(&fixed.mean)?
        .f_sum_dim_intlist(1i64, false, Kind::Double)?;
    let offsets = intercepts.f_sub(&moved)?;
    let weights = weights
        .f_to_kind(Kind::Float)?
        .f_transpose(0, 1)?
        .f_reshape([features, count * outputs])?;
    let logits = prepared.standard.f_mm(&weights)?.f_to_kind(Kind::Double)?;
    let logits = logits.f_reshape([rows, count, outputs])?.f_add(&offsets)?;
    let logits = match prepared.classes {
        2 => Tensor::f_cat(&[logits.f_zeros_like()?, logits], 2)?,
        _ => logits,
    };
    Ok(logits.f_add(&fixed.barred)?)
}

/// The mean of p (1 - p) over rows and classes, where a problem stands.
fn curvature(prepared: &Prepared, problem: &Problem) -> Result<f64, TrainingError> {
    let _guard = tch::no_grad_guard();
    let fixed = Fixed::new(prepared, &[problem])?;
    let logits = logits(prepared, &points_of(&[problem])?, &fixed)?;
    let probabilities = logits.f_softmax(2, Kind::Double)?;
    let spread = probabilities.f_sub(&probabilities.f_square()?)?;
    Ok(spread.f_mean(Kind::Double)?.f_double_value(&[])?)
}

/// The value of each problem at its row of `points`, `[problems, variables]`, and its gradient.
fn losses_and_gradients(
    prepared: &Prepared,
    problems: &[&Problem],
    points: &Tensor,
    fixed: &Fixed,
    c: f64,
) -> Result<Vec<(f64, Tensor)>, TrainingError> {
    let _guard = tch::no_grad_guard();
    let (features, outputs) = (prepared.features as i64, prepared.outputs() as i64);
    let (rows, count) = (prepared.rows as i64, problems.len() as i64);
    let log_probabilities = logits(prepared, points, fixed)?.f_log_softmax(2, Kind::Double)?;
    let labels = prepared.labels.f_expand([rows, count, 1], false)?;
    let of_rows = log_probabilities
        .f_gather(2, &labels, false)?
        .f_squeeze_dim(2)?;
    let losses = of_rows
        .f_mul(&fixed.shares)?
        .f_sum_dim_intlist(0i64, false, Kind::Double)?
        .f_neg()?;

    let shares = fixed.shares.f_unsqueeze(2)?;
    let mut residuals = log_probabilities.f_exp()?.f_mul(&shares)?;
    let owed = shares.f_neg()?;
    let _ = residuals.f_scatter_add_(2, &labels, &owed)?;
    if prepared.classes == 2 {
        residuals = residuals.f_narrow(2, 1, 1)?;
    }
    let sums = residuals.f_sum_dim_intlist(0i64, false, Kind::Double)?;
    let residuals = residuals.f_reshape([rows, count * outputs])?;
    // `[columns, features]`: the other way round, few columns take several times as long.
    let residuals = residuals.f_to_kind(Kind::Float)?.f_transpose(0, 1)?;
    let raw = residuals
        .f_mm(&prepared.standard)?
        .f_to_kind(Kind::Double)?
        .f_reshape([count, outputs, features])?
        .f_transpose(1, 2)?;

    let (weights, _) = taken_apart(prepared, points)?;
    let penalties: Vec<f64> = problems.iter().map(|problem| problem.penalty(c)).collect();
    let penalties = Tensor::f_from_slice(&penalties)?.f_reshape([count, 1, 1])?;
    let shifted = raw.f_sub(&fixed.mean.f_mul(&sums.f_unsqueeze(1)?)?)?;
    let penalised = weights.f_mul(&penalties)?;
    let of_weights = shifted.f_div(&fixed.deviation)?.f_add(&penalised)?;
    let gradients = Tensor::f_cat(
        &[of_weights.f_reshape([count, features * outputs])?, sums],
        1,
    )?;
    let squares =
        weights
            .f_mul(&penalised)?
            .f_sum_dim_intlist([1i64, 2].as_slice(), false, Kind::Double)?;
    let values = losses.f_add(&squares.f_mul_number(0.5)?)?;
    let values = Vec::<f64>::try_from(values)?;
    // Copies: whoever keeps its own row would keep all of them, and each round has others.
    Ok(values
        .into_iter()
        .zip(gradients.f_unbind_copy(0)?)
        .collect())
}

/// Where they stand, `[problems, variables]`.
fn points_of(problems: &[&Problem]) -> Result<Tensor, TrainingError> {
    let points: Vec<f64> = (problems.iter())
        .flat_map(|problem| problem.point.iter().copied())
        .collect();
    Ok(Tensor::f_from_slice(&points)?.f_reshape([problems.len() as i64, -1])?)
}

/// What the solutions of `problems` say of all rows.
///
/// # Errors
/// libtorch's own.
pub(super) fn answers(
    prepared: &Prepared,
    problems: &[&Problem],
) -> Result<Answers, TrainingError> {
    let _guard = tch::no_grad_guard();
    let _one = one_thread(prepared, problems.len());
    let fixed = Fixed::new(prepared, problems)?;
    let logits = logits(prepared, &points_of(problems)?, &fixed)?;
    let raised: Vec<f64> = (problems.iter())
        .flat_map(|problem| {
            let logit = problem.absent_logit(prepared);
            let of = move |&absent: &bool| if absent { logit } else { f64::NEG_INFINITY };
            problem.absent.iter().map(of)
        })
        .collect();
    let shape = [problems.len() as i64, prepared.classes as i64];
    let raised = Tensor::f_from_slice(&raised)?.f_reshape(shape)?;
    let logits = logits.f_maximum(&raised)?;
    Ok(Answers {
        log_probabilities: logits.f_log_softmax(2, Kind::Double)?,
    })
}

impl Answers {
    /// The loss of the rows that are `counted`, by the problem at `number` of those that were asked.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn loss(
        &self,
        prepared: &Prepared,
        number: i64,
        counted: impl Fn(usize) -> bool,
    ) -> Result<LossSum, TrainingError> {
        let labels = prepared.labels.f_squeeze_dim(2)?;
        let of_problem = self.log_probabilities.f_select(1, number)?;
        let of_rows = of_problem.f_gather(1, &labels, false)?.f_reshape([-1i64])?;
        let mut sum = LossSum::default();
        for (row, log_probability) in Vec::<f64>::try_from(of_rows)?.into_iter().enumerate() {
            let weight = prepared.weights[row];
            if counted(row) && weight > 0.0 {
                sum.loss -= weight * log_probability;
                sum.weight += weight;
            }
        }
        Ok(sum)
    }

    /// Puts the probabilities of the rows that are `wanted`, by the problem at `number`, into `probabilities`, `[rows, classes]`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn put(
        &self,
        prepared: &Prepared,
        number: i64,
        probabilities: &mut [f32],
        wanted: impl Fn(usize) -> bool,
    ) -> Result<(), TrainingError> {
        let all = self.log_probabilities.f_select(1, number)?.f_exp()?;
        let all = Vec::<f32>::try_from(all.f_to_kind(Kind::Float)?.f_reshape([-1i64])?)?;
        let classes = prepared.classes;
        let rows = probabilities
            .chunks_exact_mut(classes)
            .zip(all.chunks_exact(classes));
        for (_, (to, from)) in rows.enumerate().filter(|(row, _)| wanted(*row)) {
            to.copy_from_slice(from);
        }
        Ok(())
    }
}
