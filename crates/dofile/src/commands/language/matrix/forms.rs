//! Matrix forms that need more than algebra: cross products, decompositions, scores.

use super::evaluate;
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{FvList, OptSpec, ParsedCommand, Term, WeightKind};
use crate::value::{MISSING, is_missing};
use std::sync::Arc;

/// Upper-left corner of a subscripted assignment (0-based).
pub(super) fn corner(s: &Session, m: &Matrix, inner: &str) -> Result<(usize, usize)> {
    let (i, j) = match crate::syntax::split::top_level_comma(inner) {
        Some(k) => (&inner[..k], &inner[k + 1..]),
        None => ("1", inner),
    };
    let (r, _) = super::algebra::range(s, i.trim(), m.rows(), &m.row_names)?;
    let (c, _) = super::algebra::range(s, j.trim(), m.cols(), &m.col_names)?;
    Ok((r, c))
}

/// `matrix accum A = varlist [if] [in] [weight] [, noconstant deviations means(m)]`: X'X.
pub(super) fn accum(s: &mut Session, vector: bool, rest: &str) -> Result<()> {
    let (name, list) = rest.split_once('=').ok_or_else(StataError::syntax)?;
    let name = name.trim().to_string();
    let mut cmd = ParsedCommand::split("matrix accum", list, false)?;
    cmd.check_weighted_options(
        &[OptSpec::flag("noConstant"), OptSpec::flag("Deviations"), OptSpec::text("Means")],
        &["Absorb"],
    )?;
    let list = FvList::parse(&s.frame, &cmd.list, s.settings.varabbrev)?;
    let mut touse = s.rows(&cmd)?;
    list.markout(&s.frame, &mut touse)?;
    let weights = s.weights(&cmd, WeightKind::Frequency, &mut touse)?;
    let terms = list.expand(&s.frame, &touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut names: Vec<Stripe> = Vec::new();
    for t in &terms {
        columns.push(if t.is_omitted() { vec![0.0; rows.len()] } else { t.values(&s.frame, &rows)? });
        names.push(Stripe::term(t.name()));
    }
    let w: Vec<f64> = weights.map_or(vec![1.0; rows.len()], |w| rows.iter().map(|&r| w.values[r]).collect());
    let total: f64 = w.iter().sum();
    let means: Vec<f64> =
        columns.iter().map(|c| c.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>() / total).collect();
    if cmd.has("deviations") {
        for (c, m) in columns.iter_mut().zip(&means) {
            c.iter_mut().for_each(|x| *x -= m);
        }
    }
    if !cmd.has("noconstant") && !cmd.has("deviations") {
        columns.push(vec![1.0; rows.len()]);
        names.push(Stripe::term("_cons"));
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).zip(&w).map(|((x, y), w)| x * y * w).sum::<f64>();
    let m = if vector {
        let (y, xs) = columns.split_first().ok_or_else(StataError::syntax)?;
        let values: Vec<f64> = xs.iter().map(|x| dot(y, x)).collect();
        let mut m = Matrix::row_vector(values, names[1..].to_vec());
        m.row_names = vec![names[0].clone()];
        m
    } else {
        let k = columns.len();
        let mut values = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                let x = dot(&columns[i], &columns[j]);
                values[i * k + j] = x;
                values[j * k + i] = x;
            }
        }
        Matrix::square(values, names.clone())
    };
    if let Some(target) = cmd.options.text("means") {
        let m = Matrix::row_vector(means, names[..terms.len()].to_vec());
        s.matrices.insert(target.trim().to_string(), Arc::new(m));
    }
    let mut r = Results::default();
    r.scalar("N", if cmd.weight.is_some() { total } else { rows.len() as f64 });
    s.r = r;
    s.matrices.insert(name, Arc::new(m));
    Ok(())
}

/// Lower-triangular square root; r(506) when not positive definite.
pub(super) fn cholesky(a: &Matrix) -> Result<Matrix> {
    if !a.is_symmetric() {
        return Err(StataError::standard(505));
    }
    if a.values().iter().any(|x| is_missing(*x)) {
        return Err(StataError::standard(504));
    }
    let n = a.rows();
    let mut l = a.map(|_| 0.0);
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l.get(i, k) * l.get(j, k)).sum();
            let x = a.get(i, j) - sum;
            if i == j {
                if x <= 0.0 || is_missing(x) {
                    return Err(StataError::standard(506));
                }
                l.set(i, i, x.sqrt());
            } else {
                l.set(i, j, x / l.get(j, j));
            }
        }
    }
    Ok(l)
}

/// A diagonal matrix from a vector.
pub(super) fn diag(v: &Matrix) -> Result<Matrix> {
    let row = if v.rows() == 1 { v.clone() } else { v.transpose() };
    if row.rows() != 1 {
        return Err(StataError::standard(503));
    }
    let n = row.cols();
    let mut m = Matrix::square(vec![0.0; n * n], row.col_names.clone());
    (0..n).for_each(|i| m.set(i, i, row.get(0, i)));
    Ok(m)
}

/// The diagonal as a row vector.
pub(super) fn vecdiag(m: &Matrix) -> Result<Matrix> {
    if m.rows() != m.cols() {
        return Err(StataError::standard(503));
    }
    let mut v = Matrix::row_vector((0..m.rows()).map(|i| m.get(i, i)).collect(), m.col_names.clone());
    v.row_names = vec![Stripe::term("r1")];
    Ok(v)
}

/// Correlations from covariances.
pub(super) fn corr(m: &Matrix) -> Result<Matrix> {
    if !m.is_symmetric() {
        return Err(StataError::standard(505));
    }
    let mut out = m.clone();
    for i in 0..m.rows() {
        for j in 0..m.cols() {
            let d = (m.get(i, i) * m.get(j, j)).sqrt();
            out.set(i, j, if d > 0.0 { m.get(i, j) / d } else { 0.0 });
        }
    }
    Ok(out)
}

/// Eigenvalues (descending) and vectors of a symmetric matrix by Jacobi rotations
/// (Golub and Van Loan, Matrix Computations, 8.5).
fn jacobi(a: &Matrix) -> (Vec<f64>, Matrix) {
    let n = a.rows();
    let mut a = a.clone();
    let mut v = Matrix::identity(n);
    for _ in 0..100 {
        let off: f64 =
            (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a.get(i, j).powi(2)).sum();
        let scale: f64 = a.values().iter().map(|x| x * x).sum();
        if off <= 1e-32 * scale || off == 0.0 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a.get(j, j).total_cmp(&a.get(i, i)));
    let values = order.iter().map(|&i| a.get(i, i)).collect();
    let mut vectors = Matrix::filled(n, n, 0.0);
    for (k, &c) in order.iter().enumerate() {
        for i in 0..n {
            vectors.set(i, k, v.get(i, c));
        }
    }
    (values, vectors)
}

fn rotate(a: &mut Matrix, v: &mut Matrix, p: usize, q: usize) {
    let n = a.rows();
    let apq = a.get(p, q);
    if apq == 0.0 {
        return;
    }
    let theta = (a.get(q, q) - a.get(p, p)) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let t = if theta == 0.0 { 1.0 } else { t };
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a.get(k, p), a.get(k, q));
        a.set(k, p, c * x - s * y);
        a.set(k, q, s * x + c * y);
    }
    for k in 0..n {
        let (x, y) = (a.get(p, k), a.get(q, k));
        a.set(p, k, c * x - s * y);
        a.set(q, k, s * x + c * y);
    }
    for k in 0..n {
        let (x, y) = (v.get(k, p), v.get(k, q));
        v.set(k, p, c * x - s * y);
        v.set(k, q, s * x + c * y);
    }
}

/// `matrix symeigen X v = A`.
pub(super) fn symeigen(s: &mut Session, rest: &str) -> Result<()> {
    let (targets, exp) = rest.split_once('=').ok_or_else(StataError::syntax)?;
    let targets: Vec<String> = targets.split_whitespace().map(String::from).collect();
    let [x, v] = &targets[..] else { return Err(StataError::syntax()) };
    let a = evaluate(s, exp)?;
    if !a.is_symmetric() {
        return Err(StataError::standard(505));
    }
    let (values, mut vectors) = jacobi(&a);
    let names: Vec<Stripe> = (1..=a.rows()).map(|k| Stripe::term(format!("e{k}"))).collect();
    vectors.row_names = a.row_names.clone();
    vectors.col_names = names.clone();
    let mut row = Matrix::row_vector(values, names);
    row.row_names = vec![Stripe::term("r1")];
    s.matrices.insert(x.clone(), Arc::new(vectors));
    s.matrices.insert(v.clone(), Arc::new(row));
    Ok(())
}

/// `matrix svd U w V = A`: A = U diag(w) V'.
pub(super) fn svd(s: &mut Session, rest: &str) -> Result<()> {
    let (targets, exp) = rest.split_once('=').ok_or_else(StataError::syntax)?;
    let targets: Vec<String> = targets.split_whitespace().map(String::from).collect();
    let [u, w, v] = &targets[..] else { return Err(StataError::syntax()) };
    let a = evaluate(s, exp)?;
    if a.rows() < a.cols() {
        return Err(StataError::standard(503));
    }
    // one-sided Jacobi: rotate columns of A until they are orthogonal
    let (m, n) = (a.rows(), a.cols());
    let mut b = a.clone();
    let mut vv = Matrix::identity(n);
    for _ in 0..60 {
        let mut changed = false;
        for p in 0..n {
            for q in p + 1..n {
                let (mut alpha, mut beta, mut gamma) = (0.0, 0.0, 0.0);
                for i in 0..m {
                    alpha += b.get(i, p) * b.get(i, p);
                    beta += b.get(i, q) * b.get(i, q);
                    gamma += b.get(i, p) * b.get(i, q);
                }
                if gamma.abs() <= 1e-15 * (alpha * beta).sqrt() || gamma == 0.0 {
                    continue;
                }
                changed = true;
                let zeta = (beta - alpha) / (2.0 * gamma);
                let t =
                    if zeta == 0.0 { 1.0 } else { zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt()) };
                let c = 1.0 / (1.0 + t * t).sqrt();
                turn(&mut b, m, p, q, c, c * t);
                turn(&mut vv, n, p, q, c, c * t);
            }
        }
        if !changed {
            break;
        }
    }
    let mut values = vec![0.0; n];
    for (j, value) in values.iter_mut().enumerate() {
        *value = (0..m).map(|i| b.get(i, j).powi(2)).sum::<f64>().sqrt();
        if *value > 0.0 {
            (0..m).for_each(|i| b.set(i, j, b.get(i, j) / *value));
        }
    }
    let names: Vec<Stripe> = (1..=n).map(|k| Stripe::term(format!("c{k}"))).collect();
    b.col_names = names.clone();
    vv.row_names = a.col_names.clone();
    let mut row = Matrix::row_vector(values, names);
    row.row_names = vec![Stripe::term("r1")];
    s.matrices.insert(u.clone(), Arc::new(b));
    s.matrices.insert(w.clone(), Arc::new(row));
    s.matrices.insert(v.clone(), Arc::new(vv));
    Ok(())
}

fn turn(m: &mut Matrix, rows: usize, p: usize, q: usize, c: f64, s: f64) {
    for i in 0..rows {
        let (x, y) = (m.get(i, p), m.get(i, q));
        m.set(i, p, c * x - s * y);
        m.set(i, q, s * x + c * y);
    }
}

/// `matrix score newvar = b [if] [in]`: the linear combination of variables by column names.
pub(super) fn score(s: &mut Session, rest: &str) -> Result<()> {
    let (front, back) = rest.split_once('=').ok_or_else(StataError::syntax)?;
    let mut words = front.split_whitespace();
    let (ty, name) = match (words.next(), words.next()) {
        (Some(name), None) => (s.settings.default_type, name.to_string()),
        (Some(t), Some(name)) => (StorageType::parse(t).ok_or_else(StataError::syntax)?, name.to_string()),
        _ => return Err(StataError::syntax()),
    };
    let cmd = ParsedCommand::split("matrix score", back, false)?;
    let b = s.matrix(&cmd.list).ok_or_else(|| StataError::not_found(&cmd.list))?;
    let touse = s.rows(&cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    let mut sum = vec![0.0; rows.len()];
    for (j, stripe) in b.col_names.iter().enumerate() {
        if stripe.name == "_cons" {
            sum.iter_mut().for_each(|x| *x += b.get(0, j));
            continue;
        }
        let x = Term::parse(&stripe.name)?.values(&s.frame, &rows)?;
        for (t, x) in sum.iter_mut().zip(x) {
            *t = if is_missing(x) || is_missing(*t) { MISSING } else { *t + b.get(0, j) * x };
        }
    }
    let mut values = vec![MISSING; touse.len()];
    rows.iter().zip(sum).for_each(|(&r, x)| values[r] = x);
    s.frame.add(Variable::new(&name, Column::from_f64(ty, &values)))?;
    Ok(())
}
