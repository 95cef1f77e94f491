//! The simplex of Nelder and Mead (1965).

use super::optimise::{Failure, Found, Objective, Optimum, Tolerances};

/// Nelder and Mead's simplex with reflection 1, expansion 2, contraction and shrinkage 1/2.
pub(super) fn simplex<O: Objective>(
    f: &mut O,
    start: &[f64],
    first: f64,
    limits: Tolerances,
    deltas: &[f64],
) -> Found<Optimum, O::Error> {
    let n = start.len();
    let at = |f: &mut O, p: &[f64]| -> Found<f64, O::Error> {
        Ok(f.value(p).map_err(Failure::Evaluation)?.filter(|v| v.is_finite()).unwrap_or(f64::NEG_INFINITY))
    };
    let mut corners = vec![(start.to_vec(), first)];
    for k in 0..n {
        let mut p = start.to_vec();
        p[k] += deltas.get(k).copied().unwrap_or(0.1);
        let value = at(f, &p)?;
        corners.push((p, value));
    }
    let mut iterations = 0;
    let mut converged = false;
    loop {
        corners.sort_by(|a, b| b.1.total_cmp(&a.1));
        if iterations % (n.max(1) * 5) == 0 || iterations == limits.iterations {
            f.report(iterations, &corners[0].0, corners[0].1, "");
        }
        let (best, worst) = (corners[0].1, corners[n].1);
        let spread = (best - worst).abs() / (best.abs() + 1.0);
        let size = corners[1..]
            .iter()
            .flat_map(|c| c.0.iter().zip(&corners[0].0))
            .map(|(x, y)| (x - y).abs() / (y.abs() + 1.0));
        if spread <= limits.value * 1e-3 && size.fold(0.0, f64::max) <= limits.parameters {
            converged = true;
            break;
        }
        if iterations == limits.iterations {
            break;
        }
        iterations += 1;
        let centre: Vec<f64> =
            (0..n).map(|k| corners[..n].iter().map(|c| c.0[k]).sum::<f64>() / n as f64).collect();
        let toward = |t: f64, from: &[f64]| -> Vec<f64> {
            centre.iter().zip(from).map(|(c, x)| c + t * (c - x)).collect()
        };
        let reflected = toward(1.0, &corners[n].0);
        let value = at(f, &reflected)?;
        if value > best {
            let expanded = toward(2.0, &corners[n].0);
            let further = at(f, &expanded)?;
            corners[n] = if further > value { (expanded, further) } else { (reflected, value) };
        } else if value > corners[n - 1].1 {
            corners[n] = (reflected, value);
        } else {
            let outside = value > worst;
            let contracted = if outside { toward(0.5, &corners[n].0) } else { toward(-0.5, &corners[n].0) };
            let inner = at(f, &contracted)?;
            if inner > worst.max(value) || (outside && inner >= value) {
                corners[n] = (contracted, inner);
            } else {
                let anchor = corners[0].0.clone();
                for corner in corners.iter_mut().skip(1) {
                    corner.0.iter_mut().zip(&anchor).for_each(|(x, a)| *x = a + 0.5 * (*x - a));
                    corner.1 = at(f, &corner.0)?;
                }
            }
        }
    }
    let (p, value) = corners.swap_remove(0);
    Ok(Optimum { p, value, first, iterations, converged })
}
