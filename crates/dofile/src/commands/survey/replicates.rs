//! Variances from replicates: balanced repeated replication, the bootstrap and the jackknife, from weights of the data or by leaving out
//! one sampling unit after the other ([SVY] Variance estimation).

use super::design::{Declaration, SurveyRows};
use super::svy::Call;
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::post::stata;
use crate::frame::{Column, Variable};
use crate::matrix::Matrix;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::value::is_missing;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::matrix::Mat;
use estimators::survey::adjusted_wald;
use estimators::wald;
use std::collections::BTreeMap;

/// Name of the variable that carries the weights of a replicate; no user's name begins like this.
const WEIGHT: &str = "__svy_replicate";

/// How replicates are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Balanced repeated replication.
    Brr,
    /// The bootstrap, with weights of the data.
    Bootstrap,
    /// The jackknife.
    Jackknife,
}

impl Method {
    /// The method that a word names; nothing for linearisation.
    pub(super) fn of(command: &str, word: &str) -> Result<Option<Self>> {
        match word {
            "" => Ok(None),
            w if w.len() >= 3 && ("linearized".starts_with(w) || "linearised".starts_with(w)) => Ok(None),
            "brr" => Ok(Some(Self::Brr)),
            w if w.len() >= 4 && "bootstrap".starts_with(w) => Ok(Some(Self::Bootstrap)),
            w if w.len() >= 4 && "jackknife".starts_with(w) => Ok(Some(Self::Jackknife)),
            _ => Err(StataError::unsupported_option(command, &format!("vce({word})"))),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brr => "brr",
            Self::Bootstrap => "bootstrap",
            Self::Jackknife => "jackknife",
        }
    }
}

/// One replicate: its weights, the group whose mean it is compared with, and the factor of its square.
struct Replicate {
    weights: Vec<f64>,
    group: usize,
    factor: f64,
}

/// Replaces the linearised covariance of the active estimates when the prefix or the declaration wants replicates.
pub(super) fn apply(s: &mut Session, call: &Call<'_>, rows: &SurveyRows) -> Result<()> {
    let Some(method) = call.method else { return Ok(()) };
    let d = rows.declared.clone();
    if rows.poststratum.is_some() {
        return Err(StataError::unsupported_option("svy", "replicates with poststrata()"));
    }
    let (replicates, own) = match method {
        Method::Brr => {
            let fay: f64 = d.fay.parse().unwrap_or(0.0);
            (from_variables(s, "brr", &d.brr, |count| 1.0 / (count * (1.0 - fay).powi(2)))?, true)
        }
        Method::Bootstrap => {
            let means: f64 = call.prefix.options.real("bsn").or(d.bsn.parse().ok()).unwrap_or(1.0);
            (from_variables(s, "bootstrap", &d.bootstrap, |count| means / count)?, true)
        }
        Method::Jackknife if !d.jackknife.is_empty() => {
            let factor: f64 = d.multiplier.parse().map_err(|_| StataError::syntax())?;
            (from_variables(s, "jackknife", &d.jackknife, |_| factor)?, true)
        }
        Method::Jackknife => (units(s, &d, rows)?, false),
    };
    let saved = s.hold_estimates();
    let fitted = run_all(s, call, &d, &replicates);
    s.restore_estimates(saved);
    let fitted = fitted?;
    let Some(b) = s.e.b().cloned() else { return Err(StataError::no_estimates()) };
    let mse = call.prefix.has("mse") || !d.mse.is_empty();
    let v = covariance(&replicates, &fitted, mse.then_some(b.values()));
    let count = replicates.len() as f64;
    // Weights of the data say nothing about strata and units: one degree of freedom less than replicates.
    let df = match rows.dof {
        // large-sample statistics unless dof() is specified ([SVY] svy bootstrap)
        None if method == Method::Bootstrap => None,
        None if own && d.unit == "_n" && d.strata.is_empty() => Some(count - 1.0),
        _ => Some(rows.df()),
    };
    store(s, &v, df)?;
    let r = &mut s.e.results;
    let label = match (method, mse) {
        (Method::Brr, false) => "BRR",
        (Method::Brr, true) => "BRR *",
        (Method::Bootstrap, false) => "Bootstrap",
        (Method::Bootstrap, true) => "Bstrap *",
        (Method::Jackknife, false) => "Jackknife",
        (Method::Jackknife, true) => "Jknife *",
    };
    r.text("vce", method.name()).text("vcetype", label).scalar("N_reps", count);
    if mse {
        r.text("mse", "mse");
    }
    Ok(())
}

/// Replicates whose weights are variables; the factor of a square follows from their number.
fn from_variables(
    s: &Session,
    method: &str,
    list: &str,
    factor: impl Fn(f64) -> f64,
) -> Result<Vec<Replicate>> {
    if list.is_empty() {
        let what = format!("{method} without its weights in svyset");
        return Err(StataError::unsupported_option("svy", &what));
    }
    let variables = s.varlist(list)?;
    let factor = factor(variables.len() as f64);
    let weights = |v: &usize| (0..s.frame.n_rows()).map(|i| s.frame.num_at(*v, i)).collect();
    Ok(variables.iter().map(|v| Replicate { weights: weights(v), group: 0, factor }).collect())
}

/// Each sampling unit left out, the others of its stratum in its place.
fn units(s: &Session, d: &Declaration, rows: &SurveyRows) -> Result<Vec<Replicate>> {
    let n = s.frame.n_rows();
    let mut full = vec![0.0; n];
    rows.rows.iter().zip(&rows.weights).for_each(|(row, w)| full[*row] = *w);
    let number = |name: &str| -> Result<(Vec<u32>, usize)> {
        Ok(number_groups(&s.frame, s.variable(name)?, &rows.rows))
    };
    let (strata, count) = match d.strata.as_str() {
        "" => (vec![0; rows.rows.len()], 1),
        name => number(name)?,
    };
    let unit: Vec<u32> = match d.unit.as_str() {
        "_n" => (0..).take(rows.rows.len()).collect(),
        name => number(name)?.0,
    };
    let mut members: Vec<BTreeMap<u32, Vec<usize>>> = vec![BTreeMap::new(); count];
    for i in 0..rows.rows.len() {
        members[strata[i] as usize].entry(unit[i]).or_default().push(rows.rows[i]);
    }
    if !d.fpc.is_empty() || members.iter().any(|m| m.len() < 2) {
        let what = "jackknife with a finite population or a stratum with one unit";
        return Err(StataError::unsupported_option("svy", what));
    }
    let mut out = Vec::new();
    for (h, units) in members.iter().enumerate() {
        let size = units.len() as f64;
        for left in units.values() {
            let mut weights = full.clone();
            units.values().flatten().for_each(|row| weights[*row] *= size / (size - 1.0));
            left.iter().for_each(|row| weights[*row] = 0.0);
            out.push(Replicate { weights, group: h, factor: (size - 1.0) / size });
        }
    }
    Ok(out)
}

/// Estimates of every replicate, in the order of the active ones.
fn run_all(s: &mut Session, call: &Call<'_>, d: &Declaration, all: &[Replicate]) -> Result<Vec<Vec<f64>>> {
    let names = s.e.b().map(|b| b.col_names.clone()).unwrap_or_default();
    let subpop = call.prefix.options.text("subpop").map_or(String::new(), |t| format!(", subpop({t})"));
    let command = format!("svy linearized{subpop}: {}", call.text);
    let mut changed = d.clone();
    changed.weight_kind = "pweight".into();
    changed.weight = WEIGHT.into();
    // The covariance of a replicate is not used: units and strata of the full sample may lose their last row.
    (changed.unit, changed.strata, changed.fpc) = ("_n".into(), String::new(), String::new());
    let mut out = Vec::with_capacity(all.len());
    for replicate in all {
        s.frame.add(Variable::new(WEIGHT, Column::Double(replicate.weights.clone())))?;
        changed.clone().declare(&mut s.frame);
        let result = quietly(s, &command);
        let position = s.frame.find(WEIGHT);
        s.frame.drop_vars(position.as_slice());
        d.clone().declare(&mut s.frame);
        result?;
        let Some(b) = s.e.b() else { return Err(StataError::no_estimates()) };
        let values = names.iter().map(|name| {
            let at = b.col_names.iter().position(|c| c == name);
            at.map(|i| b.get(0, i)).filter(|x| !is_missing(*x)).ok_or_else(|| {
                StataError::new(498, format!("a replicate has no estimate of {}", name.full()))
            })
        });
        out.push(values.collect::<Result<Vec<f64>>>()?);
    }
    Ok(out)
}

/// Weighted squares about the means of the groups, or about the estimates of the full sample.
fn covariance(replicates: &[Replicate], fitted: &[Vec<f64>], about: Option<&[f64]>) -> Mat {
    let k = fitted.first().map_or(0, Vec::len);
    let groups = replicates.iter().map(|r| r.group + 1).max().unwrap_or(0);
    let mut means = vec![vec![0.0; k]; groups];
    let mut sizes = vec![0.0; groups];
    for (r, b) in replicates.iter().zip(fitted) {
        sizes[r.group] += 1.0;
        means[r.group].iter_mut().zip(b).for_each(|(m, b)| *m += b);
    }
    for (mean, size) in means.iter_mut().zip(&sizes) {
        mean.iter_mut().for_each(|m| *m /= size);
    }
    Mat::from_fn(k, k, |i, j| {
        let term = |(r, b): (&Replicate, &Vec<f64>)| {
            let centre = about.unwrap_or(&means[r.group]);
            r.factor * (b[i] - centre[i]) * (b[j] - centre[j])
        };
        replicates.iter().zip(fitted).map(term).sum()
    })
}

/// Puts the covariance into the active estimates with what follows from it.
fn store(s: &mut Session, v: &Mat, df: Option<f64>) -> Result<()> {
    let (b, old) = s.e.b_and_v()?;
    let r = &mut s.e.results;
    for name in ["deff", "deft"] {
        if let Some(m) = r.matrices.get(name).cloned() {
            let value = |i: usize| {
                let ratio = v[(i, i)] / old.get(i, i);
                stata(m.get(0, i) * if name == "deff" { ratio } else { ratio.sqrt() })
            };
            r.matrix(name, Matrix::row_vector((0..m.cols()).map(value).collect(), m.col_names.clone()));
        }
    }
    r.matrix("V", Matrix::square(v.data().to_vec(), b.col_names.clone()));
    if let Some(df) = df {
        r.scalar("df_r", df);
    } else {
        r.scalars.remove("df_r");
    }
    if r.get_scalar("F").is_some() {
        let names = &b.col_names;
        let is_slope = |i: &usize| names[*i].name != "_cons" && names[*i].eq != "/" && v[(*i, *i)] > 0.0;
        let slopes: Vec<usize> = (0..b.cols()).filter(is_slope).collect();
        let test = wald::test_zero(b.values(), v, &slopes);
        let Some(df) = df else {
            r.scalars.remove("F");
            let p = if test.df > 0 { chi2_tail(test.df as f64, test.chi2) } else { f64::NAN };
            r.scalar("chi2", stata(test.chi2)).scalar("p", stata(p)).text("chi2type", "Wald");
            return Ok(());
        };
        let (f, df2) = adjusted_wald(test.chi2, test.df, df);
        r.scalar("F", stata(f)).scalar("p", stata(f_tail(test.df as f64, df2, f)));
    }
    Ok(())
}
