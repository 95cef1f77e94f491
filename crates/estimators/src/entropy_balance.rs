//! Entropy balancing (Hainmueller 2012, Political Analysis 20): weights of the controls that are closest to base weights in
//! relative entropy and whose moments are those of the treated.

use super::matrix::Mat;

/// Weights, and how far the moments are from their targets.
pub struct Balanced {
    /// One weight for each row, their sum is `total`.
    pub weights: Vec<f64>,
    /// The largest distance of a moment from its target, in the units of the columns.
    pub distance: f64,
    /// Steps.
    pub iterations: usize,
    /// Whether the distance is within the tolerance.
    pub converged: bool,
}

/// Columns that are not combinations of the columns before them and a constant, by Gram-Schmidt.
fn independent(columns: &[Vec<f64>]) -> Vec<usize> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut kept = Vec::new();
    for (k, column) in columns.iter().enumerate() {
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let mut rest: Vec<f64> = column.iter().map(|x| x - mean).collect();
        let before = rest.iter().map(|x| x * x).sum::<f64>().sqrt();
        // twice is enough
        for _ in 0..2 {
            for b in &basis {
                let along: f64 = b.iter().zip(&rest).map(|(a, r)| a * r).sum();
                rest.iter_mut().zip(b).for_each(|(r, b)| *r -= along * b);
            }
        }
        let length = rest.iter().map(|x| x * x).sum::<f64>().sqrt();
        if before > 0.0 && length > 1e-8 * before {
            rest.iter_mut().for_each(|r| *r /= length);
            basis.push(rest);
            kept.push(k);
        }
    }
    kept
}

/// Finds the weights by Newton's method with halved steps on the dual problem. `columns` are the moments of the controls by
/// row, `targets` their means among the treated, `base` the base weights.
pub fn balance(
    columns: &[Vec<f64>],
    targets: &[f64],
    base: &[f64],
    total: f64,
    tolerance: f64,
    most: usize,
) -> Balanced {
    let n = base.len();
    let kept = independent(columns);
    // in units of spread around the targets, so that the Hessian is well scaled
    let scaled: Vec<(Vec<f64>, f64)> = kept
        .iter()
        .map(|&k| {
            let mean = columns[k].iter().sum::<f64>() / n as f64;
            let spread = (columns[k].iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
            (columns[k].iter().map(|x| (x - targets[k]) / spread).collect(), spread)
        })
        .collect();
    let size = kept.len();
    let mut lambda = vec![0.0; size];
    let shares = |lambda: &[f64]| -> (Vec<f64>, f64) {
        let index: Vec<f64> =
            (0..n).map(|i| scaled.iter().zip(lambda).map(|((c, _), l)| c[i] * l).sum::<f64>()).collect();
        let top = index.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let raw: Vec<f64> = index.iter().zip(base).map(|(x, q)| q * (x - top).exp()).collect();
        let sum: f64 = raw.iter().sum();
        (raw.iter().map(|r| r / sum).collect(), top + sum.ln())
    };
    let (mut weights, mut value) = shares(&lambda);
    let mut iterations = 0;
    let gaps = |w: &[f64]| -> Vec<f64> {
        scaled.iter().map(|(c, _)| c.iter().zip(w).map(|(x, w)| x * w).sum()).collect()
    };
    while iterations < most {
        let gap = gaps(&weights);
        if gap.iter().all(|g| g.abs() < 1e-12) {
            break;
        }
        iterations += 1;
        let hessian = Mat::from_fn(size, size, |a, b| {
            let cross: f64 = (0..n).map(|i| weights[i] * scaled[a].0[i] * scaled[b].0[i]).sum();
            cross - gap[a] * gap[b] + if a == b { 1e-14 } else { 0.0 }
        });
        let Some(inverse) = hessian.inverse_definite() else { break };
        let step = inverse.times_vector(&gap);
        let mut length = 1.0;
        let moved = loop {
            let trial: Vec<f64> = lambda.iter().zip(&step).map(|(l, s)| l - length * s).collect();
            let (w, v) = shares(&trial);
            if v.is_finite() && v <= value {
                break Some((trial, w, v));
            }
            length /= 2.0;
            if length < 1e-12 {
                break None;
            }
        };
        let Some((trial, w, v)) = moved else { break };
        let small = value - v <= 1e-15 * value.abs() && length == 1.0 && gap.iter().all(|g| g.abs() < 1e-10);
        (lambda, weights, value) = (trial, w, v);
        if small {
            break;
        }
    }
    let distance = columns
        .iter()
        .zip(targets)
        .map(|(c, t)| (c.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() - t).abs())
        .fold(0.0, f64::max);
    weights.iter_mut().for_each(|w| *w *= total);
    Balanced { weights, distance, iterations, converged: distance <= tolerance }
}
