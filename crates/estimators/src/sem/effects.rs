//! Direct, indirect and total effects and their derivatives. Formulas: Bollen (1987, Sociological Methodology 17); Sobel
//! (1987, Sociological Methods and Research 16).

use super::implied::Implied;
use super::{Cell, Means, Model, Value};
use crate::matrix::Mat;

/// Which effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Path coefficients.
    Direct,
    /// Through other variables.
    Indirect,
    /// Their sum.
    Total,
}

/// Effects of `pairs.1` on `pairs.0`.
pub struct Effects {
    /// One for each pair.
    pub b: Vec<f64>,
    /// Their covariance by the delta method.
    pub v: Mat,
}

/// Pairs `(to, from)` with a chain of paths between them, in the order of the variables.
pub fn reachable(model: &Model) -> Vec<(usize, usize)> {
    let n = model.variables;
    let mut reach = vec![vec![false; n]; n];
    for (cell, _) in &model.cells {
        if let Cell::Path { to, from } = cell {
            reach[*to][*from] = true;
        }
    }
    for via in 0..n {
        let onward = reach[via].clone();
        for row in reach.iter_mut().filter(|row| row[via]) {
            row.iter_mut().zip(&onward).for_each(|(r, o)| *r |= o);
        }
    }
    (0..n).flat_map(|to| (0..n).map(move |from| (to, from))).filter(|(to, from)| reach[*to][*from]).collect()
}

/// Pairs with a chain of at least two paths.
pub fn has_indirect(model: &Model, pair: (usize, usize)) -> bool {
    let reached = reachable(model);
    model.cells.iter().any(|(cell, _)| match cell {
        Cell::Path { to, from } => *from == pair.1 && reached.contains(&(pair.0, *to)),
        _ => false,
    })
}

/// Effects at the parameters `b` with covariance `v`; nothing where `I - B` is singular.
pub fn effects(model: &Model, b: &[f64], v: &Mat, pairs: &[(usize, usize)], kind: Kind) -> Option<Effects> {
    let implied = Implied::at(model, Means::Absent, b)?;
    let (direct, total) = (&implied.b, &implied.total);
    let one = |a: bool| f64::from(u8::from(a));
    let mut out = Vec::new();
    let mut slope = Mat::zeros(pairs.len(), b.len());
    for (row, (i, j)) in pairs.iter().enumerate() {
        let whole = total[(*i, *j)] - one(i == j);
        out.push(match kind {
            Kind::Direct => direct[(*i, *j)],
            Kind::Indirect => whole - direct[(*i, *j)],
            Kind::Total => whole,
        });
        for (cell, value) in &model.cells {
            let (Cell::Path { to, from }, Value::Free(k)) = (cell, value) else { continue };
            let own = one(to == i && from == j);
            let chain = total[(*i, *to)] * total[(*from, *j)];
            slope[(row, *k)] += match kind {
                Kind::Direct => own,
                Kind::Indirect => chain - own,
                Kind::Total => chain,
            };
        }
    }
    Some(Effects { b: out, v: slope.sandwich(v) })
}

/// Largest modulus of an eigenvalue of `B`: effects of a model with feedback are finite sums only below one (Bollen 1987).
pub fn stability(model: &Model, b: &[f64]) -> Option<f64> {
    let implied = Implied::at(model, Means::Absent, b)?;
    let mut power = implied.b;
    let mut log = 0.0;
    // the norm of B^(2^k) to the power 2^-k tends to the spectral radius (Gelfand)
    for k in 0..40 {
        let size = power.data().iter().map(|x| x * x).sum::<f64>().sqrt();
        if size == 0.0 {
            return Some(0.0);
        }
        log += size.ln() / 2.0_f64.powi(k);
        power = power.scaled(1.0 / size);
        power = power.times(&power);
    }
    Some(log.exp())
}
