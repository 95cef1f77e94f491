//! Maximum likelihood of the linear random-intercept model (`xtreg, mle`).
//!
//! Formulas: [XT] xtreg, Methods and formulas ("xtreg, mle"): with `S1`, `S2` the sum and the sum of squares of a
//! unit's residuals, `l = -1/2 [S2/se^2 - a S1^2/se^2 + ln(1 + T su^2/se^2) + T ln(2 pi se^2)]`,
//! `a = su^2/(T su^2 + se^2)`.

use super::jet::Jet;
use super::matrix::Mat;
use super::panel::Units;

/// A maximised likelihood. Parameters: regressors (with the constant), `sigma_u`, `sigma_e`.
pub struct RandomMl {
    /// Parameters.
    pub b: Vec<f64>,
    /// Inverse of the observed information.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Log likelihood at the start of each iteration.
    pub log: Vec<f64>,
    /// Whether the search converged.
    pub converged: bool,
}

struct Point {
    ll: f64,
    gradient: Vec<f64>,
    information: Mat,
}

/// Log likelihood of a unit in `S1, S2, sigma_u, sigma_e`.
fn unit(s1: f64, s2: f64, size: f64, su: f64, se: f64) -> Jet<4> {
    let [s1, s2, su, se] = Jet::<4>::variables(&[s1, s2, su, se]);
    let (vu, ve) = (su.square(), se.square());
    let a = vu / (vu * size + ve);
    let inside = (s2 - a * s1.square()) / ve
        + (vu * size / ve).ln_1p()
        + ((ve * (2.0 * std::f64::consts::PI)).ln()) * size;
    inside * -0.5
}

fn evaluate(y: &[f64], columns: &[&[f64]], units: &Units, b: &[f64]) -> Point {
    let k = columns.len();
    let (su, se) = (b[k], b[k + 1]);
    let count = units.count();
    let mut s1 = vec![0.0; count];
    let mut s2 = vec![0.0; count];
    let mut x1 = vec![vec![0.0; k]; count];
    let mut xz = vec![vec![0.0; k]; count];
    for i in 0..y.len() {
        let u = units.of_row[i] as usize;
        let z = y[i] - columns.iter().zip(b).map(|(c, b)| c[i] * b).sum::<f64>();
        s1[u] += z;
        s2[u] += z * z;
        for j in 0..k {
            x1[u][j] += columns[j][i];
            xz[u][j] += columns[j][i] * z;
        }
    }
    let mut out = Point { ll: 0.0, gradient: vec![0.0; k + 2], information: Mat::zeros(k + 2, k + 2) };
    // The second derivative of S2 is 2 x'x with a weight that is the same for all units.
    let cross = Mat::from_fn(k, k, |a, c| columns[a].iter().zip(columns[c]).map(|(x, z)| x * z).sum());
    for u in 0..count {
        let jet = unit(s1[u], s2[u], units.sizes[u] as f64, su, se);
        out.ll += jet.v;
        // First derivatives of S1, S2, sigma_u, sigma_e in the parameters.
        let first = |p: usize| -> [f64; 4] {
            if p < k {
                [-x1[u][p], -2.0 * xz[u][p], 0.0, 0.0]
            } else if p == k {
                [0.0, 0.0, 1.0, 0.0]
            } else {
                [0.0, 0.0, 0.0, 1.0]
            }
        };
        let firsts: Vec<[f64; 4]> = (0..k + 2).map(first).collect();
        for p in 0..k + 2 {
            out.gradient[p] += (0..4).map(|a| jet.g[a] * firsts[p][a]).sum::<f64>();
            for q in 0..=p {
                let mut value = 0.0;
                for a in 0..4 {
                    for c in 0..4 {
                        value += jet.h[a][c] * firsts[p][a] * firsts[q][c];
                    }
                }
                out.information[(p, q)] -= value;
                if p != q {
                    out.information[(q, p)] -= value;
                }
            }
        }
    }
    for p in 0..k {
        for q in 0..k {
            out.information[(p, q)] += cross[(p, q)] / (se * se);
        }
    }
    out
}

/// Maximises from a start by Newton's method with step halving; nothing without a maximum inside.
pub fn fit(y: &[f64], columns: &[&[f64]], units: &Units, start: &[f64]) -> Option<RandomMl> {
    let k = columns.len();
    let mut b = start.to_vec();
    let mut point = evaluate(y, columns, units, &b);
    let (mut log, mut converged) = (vec![point.ll], false);
    for _ in 0..200 {
        let step = match point.information.inverse_definite() {
            Some(inverse) => inverse.times_vector(&point.gradient),
            None => {
                let (values, vectors) = point.information.symmetric_eigen();
                let top = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
                let along = vectors.transpose().times_vector(&point.gradient);
                let short: Vec<f64> =
                    along.iter().zip(&values).map(|(g, v)| g / v.abs().max(1e-6 * top)).collect();
                vectors.times_vector(&short)
            }
        };
        let decrement: f64 = step.iter().zip(&point.gradient).map(|(s, g)| s * g).sum();
        if decrement.abs() < 1e-18 * (1.0 + point.ll.abs()) {
            converged = true;
            break;
        }
        let mut length = 1.0;
        let mut moved = false;
        for _ in 0..50 {
            let next: Vec<f64> = b.iter().zip(&step).map(|(b, s)| b + length * s).collect();
            if next[k] > 0.0 && next[k + 1] > 0.0 {
                let at = evaluate(y, columns, units, &next);
                if at.ll.is_finite() && at.ll >= point.ll - 1e-13 * point.ll.abs() {
                    (b, point, moved) = (next, at, true);
                    break;
                }
            }
            length *= 0.5;
        }
        if !moved {
            converged = decrement.abs() < 1e-8;
            break;
        }
        log.push(point.ll);
    }
    let v = point.information.inverse_definite()?;
    Some(RandomMl { b, v, ll: point.ll, log, converged })
}
