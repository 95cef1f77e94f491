//! Maximisation of a function of several parameters: Newton-Raphson, the updates of Davidon, Fletcher and Powell and of
//! Broyden, Fletcher, Goldfarb and Shanno, outer products of scores (Berndt, Hall, Hall and Hausman), and the simplex
//! of Nelder and Mead ([M-5] optimize(); Nocedal and Wright, Numerical Optimization, 3 and 6; Nelder and Mead 1965).

use super::matrix::Mat;
use super::simplex::simplex;

/// The function with its derivatives.
pub trait Objective {
    /// Why an evaluation stopped everything.
    type Error;

    /// The value at a point; nothing where it cannot be computed.
    fn value(&mut self, p: &[f64]) -> Result<Option<f64>, Self::Error>;
    /// The gradient.
    fn gradient(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Self::Error>;
    /// The matrix of second derivatives.
    fn hessian(&mut self, p: &[f64]) -> Result<Option<Mat>, Self::Error>;
    /// The sum of outer products of the scores; nothing where the function has none.
    fn outer_products(&mut self, p: &[f64]) -> Result<Option<Mat>, Self::Error>;
    /// Is called before each step with the value and what the last step was like.
    fn report(&mut self, iteration: usize, p: &[f64], value: f64, remark: &'static str);
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Technique {
    /// Newton-Raphson.
    Newton,
    /// Davidon, Fletcher, Powell.
    Dfp,
    /// Broyden, Fletcher, Goldfarb, Shanno.
    Bfgs,
    /// Berndt, Hall, Hall, Hausman.
    Bhhh,
    /// Nelder, Mead.
    Simplex,
}

/// When the search ends.
#[derive(Debug, Clone, Copy)]
pub struct Tolerances {
    /// Relative change of the parameters.
    pub parameters: f64,
    /// Relative change of the value.
    pub value: f64,
    /// Size of `g inv(-H) g'`; not a number to leave it out.
    pub newton: f64,
    /// Most steps.
    pub iterations: usize,
}

/// Why a search ended without a result.
#[derive(Debug)]
pub enum Failure<E> {
    /// The function cannot be computed at the start.
    Start,
    /// Derivatives cannot be computed.
    Derivatives,
    /// Scores are needed and there are none.
    Scores,
    /// An evaluation stopped everything.
    Evaluation(E),
}

/// A result.
#[derive(Debug, Clone)]
pub struct Optimum {
    /// The parameters.
    pub p: Vec<f64>,
    /// The value.
    pub value: f64,
    /// The value at the start.
    pub first: f64,
    /// Steps.
    pub iterations: usize,
    /// Whether the tolerances are met.
    pub converged: bool,
}

pub(super) type Found<T, E> = Result<T, Failure<E>>;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Newton's step for a matrix that takes the place of `-H`; eigenvalues that are not positive change their sign.
fn newton(minus_h: &Mat, gradient: &[f64]) -> Option<(Vec<f64>, bool)> {
    if let Some(inverse) = minus_h.inverse_definite() {
        return Some((inverse.times_vector(gradient), true));
    }
    let (values, vectors) = minus_h.symmetric_eigen();
    let top = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !top.is_finite() {
        return None;
    }
    if top == 0.0 {
        return Some((gradient.to_vec(), false));
    }
    let along = vectors.transpose().times_vector(gradient);
    let short: Vec<f64> = along.iter().zip(&values).map(|(g, v)| g / v.abs().max(1e-7 * top)).collect();
    Some((vectors.times_vector(&short), false))
}

/// A point after a step, its value, and whether the step was made shorter.
type Stepped = (Vec<f64>, f64, bool);

/// Halves, or doubles, a step until the value rises.
fn search<O: Objective>(f: &mut O, p: &[f64], value: f64, step: &[f64]) -> Found<Option<Stepped>, O::Error> {
    let at = |length: f64| -> Vec<f64> { p.iter().zip(step).map(|(p, s)| p + length * s).collect() };
    let mut length = 1.0;
    for attempt in 0..60 {
        let next = at(length);
        let found = f.value(&next).map_err(Failure::Evaluation)?.filter(|v| v.is_finite());
        if let Some(found) = found
            && found >= value - 1e-13 * value.abs()
        {
            let (mut best, mut top) = (next, found);
            // a step that can be longer is made longer, as long as that pays
            while attempt == 0 && length < 64.0 {
                let longer = at(2.0 * length);
                match f.value(&longer).map_err(Failure::Evaluation)?.filter(|v| v.is_finite()) {
                    Some(v) if v > top + 1e-9 * top.abs().max(1e-300) => {
                        (best, top, length) = (longer, v, 2.0 * length)
                    }
                    _ => break,
                }
            }
            return Ok(Some((best, top, attempt > 0)));
        }
        length *= 0.5;
    }
    Ok(None)
}

/// The approximation of `inv(-H)` of the updating methods.
fn updated(inverse: &Mat, step: &[f64], fall: &[f64], bfgs: bool) -> Option<Mat> {
    // `fall` is the decrease of the gradient: -H times the step
    let curvature = dot(step, fall);
    if curvature <= 1e-300 {
        return None;
    }
    let n = step.len();
    let by = inverse.times_vector(fall);
    let size = dot(fall, &by);
    Some(if bfgs {
        Mat::from_fn(n, n, |i, j| {
            inverse[(i, j)] + (1.0 + size / curvature) * step[i] * step[j] / curvature
                - (step[i] * by[j] + by[i] * step[j]) / curvature
        })
    } else {
        Mat::from_fn(n, n, |i, j| inverse[(i, j)] + step[i] * step[j] / curvature - by[i] * by[j] / size)
    })
}

/// Maximises from a start. Several techniques take turns; a count of zero means until the end.
///
/// # Errors
/// [`Failure`].
pub fn maximise<O: Objective>(
    f: &mut O,
    start: &[f64],
    techniques: &[(Technique, usize)],
    limits: Tolerances,
    deltas: &[f64],
) -> Found<Optimum, O::Error> {
    let first =
        f.value(start).map_err(Failure::Evaluation)?.filter(|v| v.is_finite()).ok_or(Failure::Start)?;
    if techniques.first().is_some_and(|t| t.0 == Technique::Simplex) {
        return simplex(f, start, first, limits, deltas);
    }
    let mut state = Ascent { p: start.to_vec(), value: first, gradient: None, inverse: None, remark: "" };
    let turns: usize = techniques.iter().map(|t| t.1.max(1)).sum();
    for iteration in 0..=limits.iterations {
        f.report(iteration, &state.p, state.value, state.remark);
        if iteration == limits.iterations {
            break;
        }
        let mut turn = if techniques.len() > 1 { iteration % turns } else { 0 };
        let technique = techniques.iter().find(|t| {
            let here = turn < t.1.max(1);
            turn = turn.saturating_sub(t.1.max(1));
            here
        });
        let technique = technique.map_or(Technique::Newton, |t| t.0);
        if state.step(f, technique, limits)? {
            f.report(iteration + 1, &state.p, state.value, state.remark);
            if !limits.newton.is_nan() {
                state.polish(f, technique)?;
            }
            let Ascent { p, value, .. } = state;
            return Ok(Optimum { p, value, first, iterations: iteration + 1, converged: true });
        }
        if state.remark == STUCK {
            let Ascent { p, value, .. } = state;
            return Ok(Optimum { p, value, first, iterations: iteration, converged: false });
        }
    }
    let Ascent { p, value, .. } = state;
    Ok(Optimum { p, value, first, iterations: limits.iterations, converged: false })
}

/// A remark on a step that could not be made.
const STUCK: &str = "stuck";

struct Ascent {
    p: Vec<f64>,
    value: f64,
    /// The gradient at the point, where it was computed.
    gradient: Option<Vec<f64>>,
    /// The approximation of `inv(-H)` of the updating methods.
    inverse: Option<Mat>,
    remark: &'static str,
}

impl Ascent {
    fn gradient<O: Objective>(&mut self, f: &mut O) -> Found<Vec<f64>, O::Error> {
        if let Some(known) = &self.gradient {
            return Ok(known.clone());
        }
        let found = f.gradient(&self.p).map_err(Failure::Evaluation)?.ok_or(Failure::Derivatives)?;
        self.gradient = Some(found.clone());
        Ok(found)
    }

    /// What takes the place of `-H` for a technique.
    fn curvature<O: Objective>(&self, f: &mut O, technique: Technique) -> Found<Mat, O::Error> {
        match technique {
            Technique::Bhhh => f.outer_products(&self.p).map_err(Failure::Evaluation)?.ok_or(Failure::Scores),
            _ => {
                let h = f.hessian(&self.p).map_err(Failure::Evaluation)?.ok_or(Failure::Derivatives)?;
                Ok(h.scaled(-1.0))
            }
        }
    }

    /// Makes a step and says whether the tolerances are met.
    fn step<O: Objective>(
        &mut self,
        f: &mut O,
        technique: Technique,
        limits: Tolerances,
    ) -> Found<bool, O::Error> {
        let gradient = self.gradient(f)?;
        let (step, concave) = self.direction(f, technique, &gradient)?;
        let Some((next, value, backed)) = search(f, &self.p, self.value, &step)? else {
            // no point on the way up: at an optimum the step is as small as rounding
            let small = limits.newton.is_nan() || dot(&step, &gradient).abs() <= limits.newton;
            self.remark = if concave && small { "" } else { STUCK };
            return Ok(concave && small);
        };
        let change = |(old, new): (&f64, &f64)| (new - old).abs() / (old.abs() + 1.0);
        let moved = self.p.iter().zip(&next).map(change).fold(0.0, f64::max);
        let gained = (value - self.value).abs() / (self.value.abs() + 1.0);
        let made: Vec<f64> = next.iter().zip(&self.p).map(|(n, p)| n - p).collect();
        self.remark = match (concave, backed) {
            (false, _) => "not concave",
            (true, true) => "backed up",
            _ => "",
        };
        self.p = next;
        self.value = value;
        self.gradient = None;
        if matches!(technique, Technique::Dfp | Technique::Bfgs) {
            let fall: Vec<f64> = gradient.iter().zip(&self.gradient(f)?).map(|(g, a)| g - a).collect();
            let inverse = self.inverse.take().unwrap_or_else(|| Mat::identity(made.len()));
            self.inverse = updated(&inverse, &made, &fall, technique == Technique::Bfgs);
        }
        if moved > limits.parameters && gained > limits.value {
            return Ok(false);
        }
        if limits.newton.is_nan() {
            return Ok(true);
        }
        let gradient = self.gradient(f)?;
        let Some((step, concave)) = newton(&self.curvature(f, technique)?, &gradient) else {
            return Ok(false);
        };
        Ok(concave && dot(&step, &gradient).abs() <= limits.newton)
    }

    fn direction<O: Objective>(
        &mut self,
        f: &mut O,
        technique: Technique,
        gradient: &[f64],
    ) -> Found<(Vec<f64>, bool), O::Error> {
        if !matches!(technique, Technique::Dfp | Technique::Bfgs) {
            return newton(&self.curvature(f, technique)?, gradient).ok_or(Failure::Derivatives);
        }
        let n = gradient.len();
        if let Some(inverse) = &self.inverse {
            let step = inverse.times_vector(gradient);
            if dot(&step, gradient) > 0.0 {
                return Ok((step, true));
            }
        }
        let scale = dot(gradient, gradient).sqrt().max(1.0);
        let inverse = Mat::identity(n).scaled(1.0 / scale);
        let step = inverse.times_vector(gradient);
        self.inverse = Some(inverse);
        Ok((step, true))
    }

    /// Newton's steps from a converged point, as long as they raise the value: they cost little and give the last
    /// digits.
    fn polish<O: Objective>(&mut self, f: &mut O, technique: Technique) -> Found<(), O::Error> {
        for _ in 0..2 {
            let gradient = self.gradient(f)?;
            let Some((step, true)) = newton(&self.curvature(f, technique)?, &gradient) else { return Ok(()) };
            let next: Vec<f64> = self.p.iter().zip(&step).map(|(p, s)| p + s).collect();
            match f.value(&next).map_err(Failure::Evaluation)?.filter(|v| v.is_finite()) {
                Some(v) if v >= self.value => (self.p, self.value, self.gradient) = (next, v, None),
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// Minus Rosenbrock's function: its maximum is zero at (1, 1).
    struct Valley;

    impl Objective for Valley {
        type Error = Infallible;
        fn value(&mut self, p: &[f64]) -> Result<Option<f64>, Infallible> {
            Ok(Some(-(100.0 * (p[1] - p[0] * p[0]).powi(2) + (1.0 - p[0]).powi(2))))
        }
        fn gradient(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
            let lift = p[1] - p[0] * p[0];
            Ok(Some(vec![400.0 * p[0] * lift + 2.0 * (1.0 - p[0]), -200.0 * lift]))
        }
        fn hessian(&mut self, p: &[f64]) -> Result<Option<Mat>, Infallible> {
            let top = 400.0 * p[1] - 1200.0 * p[0] * p[0] - 2.0;
            Ok(Some(Mat::from_rows(2, 2, vec![top, 400.0 * p[0], 400.0 * p[0], -200.0])))
        }
        fn outer_products(&mut self, _: &[f64]) -> Result<Option<Mat>, Infallible> {
            Ok(None)
        }
        fn report(&mut self, _: usize, _: &[f64], _: f64, _: &'static str) {}
    }

    #[test]
    fn every_technique_finds_the_end_of_the_valley() {
        let limits = Tolerances { parameters: 1e-6, value: 1e-7, newton: 1e-5, iterations: 5000 };
        for techniques in [
            vec![(Technique::Newton, 0)],
            vec![(Technique::Dfp, 0)],
            vec![(Technique::Bfgs, 0)],
            vec![(Technique::Bfgs, 5), (Technique::Newton, 5)],
            vec![(Technique::Simplex, 0)],
        ] {
            let found =
                maximise(&mut Valley, &[-1.2, 1.0], &techniques, limits, &[0.1, 0.1]).expect("it ends");
            let gap = (found.p[0] - 1.0).abs().max((found.p[1] - 1.0).abs());
            assert!(found.converged && gap < 1e-3, "{techniques:?} {found:?}");
        }
        let scores = maximise(&mut Valley, &[0.0, 0.0], &[(Technique::Bhhh, 0)], limits, &[]);
        assert!(matches!(scores, Err(Failure::Scores)));
    }
}
