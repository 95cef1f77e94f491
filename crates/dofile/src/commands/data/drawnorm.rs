//! `drawnorm`: variables drawn from a multivariate normal distribution ([D] drawnorm); `corr2data`: variables that have the
//! means and the covariance exactly ([D] corr2data). Draws are not Stata's stream.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, varlist};
use crate::value::is_missing;
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("CLEAR"),
    OptSpec::flag("Double"),
    OptSpec::int("n"),
    OptSpec::text("SDs"),
    OptSpec::text("CORr"),
    OptSpec::text("COV"),
    OptSpec::text("CStorage"),
    OptSpec::flag("FORCEPSD"),
    OptSpec::text("Means"),
    OptSpec::text("SEED"),
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "drawnorm",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "drawnorm newvarlist [, n(#) clear double means(vector) sds(vector) corr(matrix) | cov(matrix) cstorage(full|lower|upper) forcepsd seed(#)]",
    notes: "means, standard deviations and triangles are vectors, a matrix may be full or a triangle; no results; the draws are those of rnormal() of this engine",
    examples: &[Example {
        run: "matrix C = (1, .5 \\ .5, 1)\nmatrix m = (10, -1)\nmatrix s = (2, 3)\ndrawnorm x y, n(20000) corr(C) means(m) sds(s) seed(1) double\nquietly correlate x y\nscalar r = abs(r(rho) - .5) < .02\nquietly summarize y",
        expect: &[("_N", 20000.0), ("r", 1.0), ("abs(r(mean) + 1) < .1", 1.0), ("abs(r(sd) - 3) < .1", 1.0)],
    }],
};

/// `corr2data`.
pub(super) const CORR2DATA: CommandSpec = CommandSpec {
    name: "corr2data",
    min: 9,
    run: |s, cmd| make(s, cmd, true),
    syntax: "corr2data newvarlist [, n(#) clear double means(vector) sds(vector) corr(matrix) | cov(matrix) cstorage(full|lower|upper) forcepsd seed(#)]",
    notes: "as drawnorm; the variables have the means and the covariance exactly; n must be greater than the number of variables; no results",
    examples: &[Example {
        run: "corr2data x y, n(50) corr(1 .3 \\ .3 1) means(2 5) sds(1 4) double\nquietly correlate x y\nscalar r = r(rho)\nquietly summarize y",
        expect: &[("_N", 50.0), ("r", 0.3), ("r(mean)", 5.0), ("r(sd)", 4.0)],
    }],
    ..SPEC
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    make(s, cmd, false)
}

/// Standard normal draws whose means are zero and whose covariance is the identity, exactly.
fn standardised(columns: &mut [Vec<f64>]) -> Result<()> {
    let (k, n) = (columns.len(), columns.first().map_or(0, Vec::len));
    for column in columns.iter_mut() {
        let mean = column.iter().sum::<f64>() / n as f64;
        column.iter_mut().for_each(|x| *x -= mean);
    }
    let cross = |i: usize, j: usize| columns[i].iter().zip(&columns[j]).map(|(a, b)| a * b).sum::<f64>();
    let covariance = Mat::from_fn(k, k, |i, j| cross(i, j) / (n as f64 - 1.0));
    let lower = covariance.cholesky().filter(|_| n > k).ok_or_else(StataError::insufficient_observations)?;
    for i in 0..k {
        let (before, rest) = columns.split_at_mut(i);
        let own = &mut rest[0];
        for (j, other) in before.iter().enumerate() {
            own.iter_mut().zip(other).for_each(|(x, z)| *x -= lower[(i, j)] * z);
        }
        own.iter_mut().for_each(|x| *x /= lower[(i, i)]);
    }
    Ok(())
}

fn make(s: &mut Session, cmd: &ParsedCommand, exact: bool) -> Result<()> {
    let clear = cmd.has("clear");
    let mut words: Vec<&str> = cmd.list.split_whitespace().collect();
    let mut kind = if cmd.has("double") { StorageType::Double } else { s.settings.default_type };
    if let Some(ty) = words.first().and_then(|w| StorageType::parse(w)).filter(|t| !t.is_string()) {
        kind = ty;
        words.remove(0);
    }
    let list = words.join(" ");
    let empty = Frame::new();
    let names = varlist::new_names(if clear { &empty } else { &s.frame }, &list)?;
    if names.is_empty() {
        return Err(StataError::standard(100));
    }
    let rows = match cmd.options.int("n") {
        Some(n) if n < 1 => return Err(StataError::invalid("option n() incorrectly specified")),
        Some(n) if clear || s.frame.n_vars() == 0 => n as usize,
        Some(_) if s.frame.changed => return Err(StataError::new(4, "no; data in memory would be lost")),
        Some(n) => n as usize,
        None if s.frame.n_rows() == 0 => {
            return Err(StataError::new(198, "option n() required when there are no observations"));
        }
        None => s.frame.n_rows(),
    };
    let k = names.len();
    s.room_for(k as f64, 8.0 * k as f64)?;
    let factor = factor(&covariance(s, cmd, k)?, cmd.has("forcepsd"))?;
    let means = vector(s, cmd.options.text("means"), k)?.unwrap_or_else(|| vec![0.0; k]);
    if let Some(seed) = cmd.options.text("seed") {
        let x = s.eval_num(seed)?;
        *s.rng.borrow_mut() = crate::rng::Mt64::new(x.max(0.0) as u64);
    }
    s.room_for(rows as f64, 8.0 * k as f64)?;
    if clear || cmd.options.has("n") {
        s.frame = Frame::new();
    }
    s.frame.set_n_rows(rows);
    let mut columns = vec![vec![0.0; rows]; k];
    for row in 0..rows {
        columns.iter_mut().for_each(|column| column[row] = s.rng.borrow_mut().normal());
    }
    if exact {
        standardised(&mut columns)?;
    }
    for row in 0..rows {
        let z: Vec<f64> = columns.iter().map(|column| column[row]).collect();
        for (j, column) in columns.iter_mut().enumerate() {
            column[row] = means[j] + (0..k).map(|l| factor[(j, l)] * z[l]).sum::<f64>();
        }
    }
    for (name, values) in names.iter().zip(&columns) {
        s.frame.add(Variable::new(name, Column::from_f64(kind, values)))?;
    }
    s.frame.changed = true;
    Ok(())
}

/// A matrix by name, or lists of numbers as its rows, with a backslash between them.
fn matrix(s: &Session, text: &str) -> Result<Matrix> {
    if let Some(found) = s.matrix(text.trim()) {
        return Ok((*found).clone());
    }
    let row = |text: &str| -> Result<Vec<f64>> {
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty());
        words.map(|w| s.eval_num(w)).collect()
    };
    let rows: Result<Vec<Vec<f64>>> = text.split('\\').map(row).collect();
    match rows {
        Ok(rows) if !rows[0].is_empty() && rows.iter().all(|r| r.len() == rows[0].len()) => {
            Ok(Matrix::new(rows.len(), rows[0].len(), rows.concat()))
        }
        _ => Err(StataError::new(111, format!("matrix {} not found", text.trim()))),
    }
}

fn vector(s: &Session, text: Option<&str>, k: usize) -> Result<Option<Vec<f64>>> {
    let Some(text) = text else { return Ok(None) };
    let m = matrix(s, text)?;
    if m.values().len() != k || (m.rows() != 1 && m.cols() != 1) {
        return Err(StataError::standard(503));
    }
    if m.values().iter().any(|x| is_missing(*x)) {
        return Err(StataError::standard(504));
    }
    Ok(Some(m.values().to_vec()))
}

/// A symmetric matrix, given in full or as the lower or upper triangle row by row.
fn symmetric(s: &Session, cmd: &ParsedCommand, text: &str, k: usize) -> Result<Mat> {
    let m = matrix(s, text)?;
    let is_vector = m.rows() == 1 || m.cols() == 1;
    let storage = match cmd.options.text("cstorage").map(str::trim) {
        Some(kind) if ["full", "lower", "upper"].contains(&kind) => kind,
        Some(_) => return Err(StataError::invalid("option cstorage() incorrectly specified")),
        None if is_vector && k > 1 => {
            return Err(StataError::invalid("option cstorage() required for a vector"));
        }
        None => "full",
    };
    let values = m.values();
    let size = if storage == "full" { k * k } else { k * (k + 1) / 2 };
    if values.len() != size || (storage == "full" && m.rows() != k) {
        return Err(StataError::standard(503));
    }
    let at = |i: usize, j: usize| {
        let (low, high) = (i.min(j), i.max(j));
        match storage {
            "full" => values[i * k + j],
            "lower" => values[high * (high + 1) / 2 + low],
            _ => values[low * k - low * low.saturating_sub(1) / 2 + high - low],
        }
    };
    let out = Mat::from_fn(k, k, at);
    if out.data().iter().any(|x| is_missing(*x)) {
        return Err(StataError::standard(504));
    }
    if (0..k).any(|i| (0..i).any(|j| (out[(i, j)] - out[(j, i)]).abs() > 1e-8 * out[(i, j)].abs().max(1.0))) {
        return Err(StataError::standard(505));
    }
    Ok(out)
}

fn covariance(s: &Session, cmd: &ParsedCommand, k: usize) -> Result<Mat> {
    let sds = vector(s, cmd.options.text("sds"), k)?;
    match (cmd.options.text("corr"), cmd.options.text("cov")) {
        (Some(_), Some(_)) => Err(StataError::invalid("only one of corr() and cov() is allowed")),
        (None, Some(_)) if sds.is_some() => Err(StataError::invalid("sds() is not allowed with cov()")),
        (None, Some(text)) => symmetric(s, cmd, text, k),
        (corr, None) => {
            let r = match corr {
                Some(text) => symmetric(s, cmd, text, k)?,
                None => Mat::identity(k),
            };
            if (0..k).any(|i| (r[(i, i)] - 1.0).abs() > 1e-8) {
                return Err(StataError::new(198, "corr() must have ones on its diagonal"));
            }
            let sd = sds.unwrap_or_else(|| vec![1.0; k]);
            Ok(Mat::from_fn(k, k, |i, j| sd[i] * sd[j] * r[(i, j)]))
        }
    }
}

/// A matrix whose product with its transpose is the covariance: the Cholesky factor, or that of the spectral
/// decomposition for a singular matrix; negative eigenvalues are zero with `forcepsd` and r(506) without.
fn factor(v: &Mat, force: bool) -> Result<Mat> {
    if let Some(lower) = v.cholesky() {
        return Ok(lower);
    }
    let (values, vectors) = v.symmetric_eigen();
    let largest = values.iter().copied().fold(0.0, f64::max);
    if !force && values.iter().any(|x| *x < -1e-10 * largest) {
        return Err(StataError::standard(506));
    }
    let k = values.len();
    Ok(Mat::from_fn(k, k, |i, j| vectors[(i, j)] * values[j].max(0.0).sqrt()))
}
