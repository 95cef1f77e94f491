//! Derivatives of a function that is known by its values only: differences of fourth order (Abramowitz and Stegun
//! 1964, 25.3) with a step for each coordinate at which the second difference is a fixed share of the function.

use super::matrix::Mat;
use super::real::stable_sum;

/// A function of several parameters with one or more values, whose sum is the value of interest.
pub trait Function {
    /// Why an evaluation stopped everything.
    type Error;

    /// The values at a point; nothing where they cannot be computed.
    fn at(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Self::Error>;
}

/// Wanted second difference as a share of the value; values beyond one count as one.
const TARGET: f64 = 1e-4;

/// Rounds of the search for a step.
const ROUNDS: usize = 14;

fn moved<F: Function>(f: &mut F, p: &[f64], moves: &[(usize, f64)]) -> Result<Option<Vec<f64>>, F::Error> {
    let mut at = p.to_vec();
    moves.iter().for_each(|(k, h)| at[*k] += h);
    Ok(f.at(&at)?.filter(|values| values.iter().all(|v| v.is_finite())))
}

fn total(values: &[f64]) -> f64 {
    stable_sum(values.iter().copied())
}

/// The step of each coordinate; nothing where the function cannot be computed around the point.
///
/// # Errors
/// Those of the function.
pub fn steps<F: Function>(f: &mut F, p: &[f64]) -> Result<Option<Vec<f64>>, F::Error> {
    let Some(centre) = moved(f, p, &[])? else { return Ok(None) };
    let value = total(&centre);
    let target = TARGET * value.abs().clamp(1e-3, 1.0);
    let mut out = Vec::with_capacity(p.len());
    for k in 0..p.len() {
        let start = 1e-3 * p[k].abs().max(1e-1);
        let (mut h, mut chosen) = (start, None);
        for _ in 0..ROUNDS {
            let (up, down) = (moved(f, p, &[(k, 2.0 * h)])?, moved(f, p, &[(k, -2.0 * h)])?);
            let (Some(up), Some(down)) = (up, down) else {
                h /= 16.0;
                continue;
            };
            chosen = Some(h);
            let found = (total(&up) - 2.0 * value + total(&down)).abs() / 4.0;
            if found > target / 10.0 && found < target * 10.0 {
                break;
            }
            let factor = if found > 0.0 { (target / found).sqrt().clamp(1e-3, 30.0) } else { 30.0 };
            // a function that is flat or linear along the coordinate has no better step than a moderate one
            if factor > 1.0 && h * factor > 1e2 * start {
                break;
            }
            if h * factor < 1e-9 * start {
                break;
            }
            h *= factor;
        }
        match chosen {
            Some(h) => out.push(h),
            None => return Ok(None),
        }
    }
    Ok(Some(out))
}

/// First derivatives of all values: one row for each value, one column for each parameter.
///
/// # Errors
/// Those of the function.
pub fn jacobian<F: Function>(f: &mut F, p: &[f64], steps: &[f64]) -> Result<Option<Mat>, F::Error> {
    let mut columns: Vec<Vec<f64>> = Vec::with_capacity(p.len());
    for (k, h) in steps.iter().enumerate() {
        let mut values = Vec::with_capacity(4);
        for shift in [-2.0, -1.0, 1.0, 2.0] {
            match moved(f, p, &[(k, shift * h)])? {
                Some(v) => values.push(v),
                None => return Ok(None),
            }
        }
        let length = values.iter().map(Vec::len).min().unwrap_or(0);
        let slope =
            |i: usize| (values[0][i] - values[3][i] + 8.0 * (values[2][i] - values[1][i])) / (12.0 * h);
        columns.push((0..length).map(slope).collect());
    }
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    Ok(Some(Mat::from_fn(rows, p.len(), |i, j| columns[j][i])))
}

/// Second derivatives of the sum of the values.
///
/// # Errors
/// Those of the function.
pub fn hessian<F: Function>(f: &mut F, p: &[f64], steps: &[f64]) -> Result<Option<Mat>, F::Error> {
    let n = p.len();
    let mut out = Mat::zeros(n, n);
    let Some(centre) = moved(f, p, &[])? else { return Ok(None) };
    let centre = total(&centre);
    for a in 0..n {
        let mut own = Vec::with_capacity(4);
        for shift in [-2.0, -1.0, 1.0, 2.0] {
            match moved(f, p, &[(a, shift * steps[a])])? {
                Some(v) => own.push(total(&v)),
                None => return Ok(None),
            }
        }
        out[(a, a)] =
            (16.0 * (own[1] + own[2]) - own[0] - own[3] - 30.0 * centre) / (12.0 * steps[a] * steps[a]);
        for b in 0..a {
            let mut estimates = [0.0; 2];
            for (estimate, scale) in estimates.iter_mut().zip([1.0, 2.0]) {
                let (h, k) = (scale * steps[a], scale * steps[b]);
                let mut sum = 0.0;
                for (s, t) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
                    match moved(f, p, &[(a, s * h), (b, t * k)])? {
                        Some(v) => sum += s * t * total(&v),
                        None => return Ok(None),
                    }
                }
                *estimate = sum / (4.0 * h * k);
            }
            out[(a, b)] = (4.0 * estimates[0] - estimates[1]) / 3.0;
            out[(b, a)] = out[(a, b)];
        }
    }
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    struct Known;

    impl Function for Known {
        type Error = Infallible;
        fn at(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
            Ok((p[0] > 0.0).then(|| vec![p[0].ln() * p[1], (p[0] * p[1]).exp()]))
        }
    }

    #[test]
    fn derivatives_of_a_known_function() {
        let p = [1.5, -0.7];
        let h = steps(&mut Known, &p).expect("no error").expect("steps");
        let first = jacobian(&mut Known, &p, &h).expect("no error").expect("finite");
        let e = (p[0] * p[1]).exp();
        let want = [p[1] / p[0], p[0].ln(), p[1] * e, p[0] * e];
        for (got, want) in first.data().iter().zip(want) {
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
        let second = hessian(&mut Known, &p, &h).expect("no error").expect("finite");
        let cross = 1.0 / p[0] + e * (1.0 + p[0] * p[1]);
        let want = [-p[1] / (p[0] * p[0]) + p[1] * p[1] * e, cross, cross, p[0] * p[0] * e];
        for (got, want) in second.data().iter().zip(want) {
            assert!((got - want).abs() < 1e-6, "{got} {want}");
        }
        assert!(steps(&mut Known, &[-1.0, 0.0]).expect("no error").is_none());
    }
}
