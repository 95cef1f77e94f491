//! Fisher's exact test of an r × c table: the probability of all tables with
//! the same margins that are at most as probable as the observed one.

use crate::error::{Result, StataError};
use statrs::function::gamma::ln_gamma;
use std::collections::HashMap;

/// States that the column-by-column recursion may hold before the table counts as too large.
const MAX_STATES: usize = 2_000_000;

fn ln_factorial(x: f64) -> f64 {
    ln_gamma(x + 1.0)
}

/// Two-sided p-value, and the one-sided one for 2 × 2 tables; r(910) for tables that are too large.
pub(crate) fn exact(nr: usize, nc: usize, cells: &[f64]) -> Result<(f64, Option<f64>)> {
    let rows: Vec<f64> = (0..nr).map(|i| cells[i * nc..(i + 1) * nc].iter().sum()).collect();
    let cols: Vec<f64> = (0..nc).map(|j| (0..nr).map(|i| cells[i * nc + j]).sum()).collect();
    let n: f64 = rows.iter().sum();
    let constant: f64 = rows.iter().chain(&cols).map(|x| ln_factorial(*x)).sum::<f64>() - ln_factorial(n);
    let observed = constant - cells.iter().map(|x| ln_factorial(*x)).sum::<f64>();
    if nr == 2 && nc == 2 {
        return Ok(two_by_two(&rows, &cols, cells[0], constant));
    }
    // states: remaining row totals after the columns so far, with the log-probability parts seen;
    // tables are enumerated column by column
    let mut states: HashMap<Vec<u32>, Vec<f64>> = HashMap::new();
    states.insert(rows.iter().map(|x| *x as u32).collect(), vec![0.0]);
    for c in &cols[..nc - 1] {
        let mut next: HashMap<Vec<u32>, Vec<f64>> = HashMap::new();
        let mut size = 0;
        for (left, parts) in &states {
            let mut column = vec![0; left.len()];
            let mut fillings = Vec::new();
            fill(left, *c as u32, 0, &mut column, &mut fillings);
            for filling in fillings {
                let cost: f64 = filling.iter().map(|x| ln_factorial(f64::from(*x))).sum();
                let rest: Vec<u32> = left.iter().zip(&filling).map(|(a, b)| a - b).collect();
                let slot = next.entry(rest).or_default();
                slot.extend(parts.iter().map(|p| p + cost));
                size += parts.len();
                if size > MAX_STATES {
                    return Err(StataError::new(910, "exact test: table too large"));
                }
            }
        }
        states = next;
    }
    let mut p = 0.0;
    for (left, parts) in states {
        let last: f64 = left.iter().map(|x| ln_factorial(f64::from(*x))).sum();
        for part in parts {
            let ln_p = constant - part - last;
            if ln_p <= observed + 1e-7 {
                p += ln_p.exp();
            }
        }
    }
    Ok((p.min(1.0), None))
}

fn fill(left: &[u32], need: u32, at: usize, column: &mut Vec<u32>, out: &mut Vec<Vec<u32>>) {
    if at + 1 == left.len() {
        if need <= left[at] {
            column[at] = need;
            out.push(column.clone());
        }
        return;
    }
    for k in 0..=need.min(left[at]) {
        column[at] = k;
        fill(left, need - k, at + 1, column, out);
    }
}

fn two_by_two(rows: &[f64], cols: &[f64], a: f64, constant: f64) -> (f64, Option<f64>) {
    let lo = (rows[0] - cols[1]).max(0.0);
    let hi = rows[0].min(cols[0]);
    let ln_p = |x: f64| {
        constant
            - ln_factorial(x)
            - ln_factorial(rows[0] - x)
            - ln_factorial(cols[0] - x)
            - ln_factorial(cols[1] - rows[0] + x)
    };
    let observed = ln_p(a);
    let (mut two, mut below, mut above) = (0.0, 0.0, 0.0);
    let mut x = lo;
    while x <= hi {
        let l = ln_p(x);
        let p = l.exp();
        if l <= observed + 1e-7 {
            two += p;
        }
        if x <= a {
            below += p;
        }
        if x >= a {
            above += p;
        }
        x += 1.0;
    }
    (two.min(1.0), Some(f64::min(below, above).min(1.0)))
}

/// Two-sided and one-sided p-value of Fisher's exact test of a 2x2 table given row by row.
pub(crate) fn exact_two_by_two(cells: [f64; 4]) -> Result<(f64, f64)> {
    let (two, one) = exact(2, 2, &cells)?;
    Ok((two, one.unwrap_or(f64::NAN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fisher_against_scipy_and_r() {
        // scipy.stats.fisher_exact([[8,2],[1,5]]): two-sided 0.03496503496503495, greater 0.024475524475524476
        let (p, one) = exact(2, 2, &[8.0, 2.0, 1.0, 5.0]).expect("small");
        assert!((p - 0.034_965_034_965_034_95).abs() < 1e-12);
        assert!((one.expect("2 x 2") - 0.024_475_524_475_524_476).abs() < 1e-12);
        // the most probable table has every other table below it
        let all = exact(3, 3, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]).expect("small").0;
        assert!((all - 1.0).abs() < 1e-12);
    }
}
