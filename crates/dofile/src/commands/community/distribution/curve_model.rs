//! Estimates of `lorenz` and `pshare`: curves of outcomes or of groups, their covariance, and what is stored.

use super::curves::{Kind, Sample, between};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::grouped;
use crate::results::Estimation;
use crate::session::{Session, Weights};
use crate::syntax::{ParsedCommand, WeightKind};

/// Which command with which results.
pub(super) struct Curve {
    pub(super) name: &'static str,
    /// Shares of groups instead of ordinates.
    pub(super) shares: bool,
    pub(super) kind: Kind,
    pub(super) type_name: &'static str,
    pub(super) title: &'static str,
}

/// What was asked for.
pub(super) struct Choice {
    pub(super) percentages: Vec<f64>,
    pub(super) scale: f64,
    pub(super) cluster: Option<String>,
}

/// The rows of a curve: the name of its equation, its outcome, its rows.
struct Part {
    name: String,
    variable: usize,
    rows: Vec<usize>,
}

fn parts(s: &Session, cmd: &ParsedCommand, vars: &[usize], over: Option<usize>, rows: &[usize]) -> Vec<Part> {
    let Some(over) = over else {
        let part = |v: &usize| Part { name: s.frame.var(*v).name.clone(), variable: *v, rows: rows.to_vec() };
        return vars.iter().map(part).collect();
    };
    let mut out: Vec<Part> = grouped(s, &[over], rows.to_vec())
        .into_iter()
        .map(|rows| Part {
            name: format::bare("%9.0g", s.frame.num_at(over, rows[0])).trim().to_string(),
            variable: vars[0],
            rows,
        })
        .collect();
    if cmd.has("total") {
        out.push(Part { name: "total".to_string(), variable: vars[0], rows: rows.to_vec() });
    }
    out
}

/// Names of the parameters of a curve with the bounds of their groups.
fn names(choice: &Choice, shares: bool) -> Vec<(String, f64, f64)> {
    let text = |p: f64| format::bare("%9.0g", p).trim().to_string();
    let p = &choice.percentages;
    match shares {
        true => p
            .windows(2)
            .map(|w| (format!("{}-{}", text(w[0]), text(w[1])), w[0] / 100.0, w[1] / 100.0))
            .collect(),
        false => p.iter().map(|p| (text(*p), 0.0, p / 100.0)).collect(),
    }
}

/// Estimates and posts.
pub(super) fn fit(s: &mut Session, cmd: &ParsedCommand, curve: &Curve, choice: &Choice) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let numeric = |o: &str| cmd.options.text(o).map(|v| s.numeric_variable(v.trim())).transpose();
    let (pvar, over) = (numeric("pvar")?, numeric("over")?);
    let cluster = choice.cluster.as_deref().map(|v| s.variable(v.trim())).transpose()?;
    if over.is_some() && vars.len() > 1 {
        return Err(StataError::new(103, "only one outcome is allowed with over()"));
    }
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Probability, &mut touse)?;
    let mut used = vars.clone();
    used.extend([pvar, over].into_iter().flatten());
    s.markout(&used, &mut touse, false)?;
    s.markout(cluster.as_slice(), &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let parts = parts(s, cmd, &vars, over, &rows);
    let names = names(choice, curve.shares);
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let (mut b, mut stripe, mut influences, mut gini) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for part in &parts {
        let of = |r: &usize| {
            let y = s.frame.num_at(part.variable, *r);
            (*r, y, pvar.map_or(y, |v| s.frame.num_at(v, *r)), weight(*r))
        };
        let sample = Sample::new(part.rows.iter().map(of).collect());
        gini.push(sample.gini());
        for (name, from, to) in &names {
            let estimate = between(&sample, curve.kind, *from, *to, cmd.has("step"), choice.scale);
            b.push(estimate.value);
            stripe.push(Stripe::with_eq(part.name.as_str(), name.as_str()));
            influences.push(estimate.influence);
        }
    }
    let clusters = cluster.map(|v| (s.frame.var(v).name.clone(), number_groups(&s.frame, v, &rows)));
    let totals = Totals { rows: &rows, weights: weights.as_ref(), clusters: clusters.as_ref().map(|c| &c.1) };
    let v =
        (!cmd.has("nose")).then(|| Matrix::square(totals.covariance(&influences, b.len()), stripe.clone()));
    let outcomes: Vec<&str> = vars.iter().map(|v| s.frame.var(*v).name.as_str()).collect();
    let mut est = begin(cmd, curve, choice, &outcomes.join(" "));
    est.results.matrix("b", Matrix::row_vector(b, stripe));
    if let Some(v) = v {
        est.results.matrix("V", v);
    }
    let (units, n) = totals.sizes();
    est.results.scalar("N", n).scalar("k_eq", parts.len() as f64).scalar("df_r", units - 1.0);
    if let Some((name, (_, count))) = &clusters {
        let results = est.results.scalar("N_clust", *count as f64);
        results.text("clustvar", name).text("vce", "cluster").text("vcetype", "Robust");
    }
    if let Some(over) = over {
        est.results.scalar("N_over", parts.len() as f64 - f64::from(u8::from(cmd.has("total"))));
        est.results.text("over", &s.frame.var(over).name);
    }
    if let Some(v) = pvar {
        est.results.text("pvar", &s.frame.var(v).name);
    }
    if cmd.has("gini") {
        let equations = parts.iter().map(|p| Stripe::term(p.name.as_str())).collect();
        est.results.text("gini", "gini").matrix("G", Matrix::row_vector(gini, equations));
    }
    s.post_estimation(est, touse);
    Ok(())
}

/// Starts the results: texts and the percentages.
fn begin(cmd: &ParsedCommand, curve: &Curve, choice: &Choice, outcomes: &str) -> Estimation {
    let mut est = Estimation::default();
    let results = &mut est.results;
    results.text("cmd", curve.name).text("cmdline", format!("{} {}", curve.name, cmd.raw));
    results.text("depvar", outcomes).text("type", curve.type_name).text("title", curve.title);
    let text = |p: &f64| format::bare("%9.0g", *p).trim().to_string();
    let list: Vec<String> = choice.percentages.iter().map(text).collect();
    results.text("percentiles", list.join(" "));
    let names = names(choice, curve.shares);
    let plain: Vec<Stripe> = names.iter().map(|n| Stripe::term(n.0.as_str())).collect();
    if curve.shares {
        let (low, high) = names.iter().map(|n| (100.0 * n.1, 100.0 * n.2)).unzip();
        results.scalar("bins", names.len() as f64);
        results.matrix("ll", Matrix::row_vector(low, plain.clone()));
        results.matrix("ul", Matrix::row_vector(high, plain));
    } else {
        results.scalar("ngrid", names.len() as f64);
        results.matrix("p", Matrix::row_vector(choice.percentages.clone(), plain));
    }
    est
}

/// The units over which influences are summed.
struct Totals<'a> {
    rows: &'a [usize],
    weights: Option<&'a Weights>,
    clusters: Option<&'a (Vec<u32>, usize)>,
}

impl Totals<'_> {
    fn frequency(&self) -> Option<&Weights> {
        self.weights.filter(|w| w.kind == WeightKind::Frequency)
    }

    /// Number of independent units and of observations.
    fn sizes(&self) -> (f64, f64) {
        let n = match self.frequency() {
            Some(w) => self.rows.iter().map(|r| w.values[*r]).sum(),
            None => self.rows.len() as f64,
        };
        (self.clusters.map_or(n, |c| c.1 as f64), n)
    }

    /// `n/(n - 1)` times the sum of products of the deviations from the mean of the units.
    fn covariance(&self, influences: &[Vec<(usize, f64)>], k: usize) -> Vec<f64> {
        let (units, _) = self.sizes();
        let mut place = vec![usize::MAX; self.rows.iter().max().map_or(0, |m| m + 1)];
        self.rows.iter().enumerate().for_each(|(i, r)| place[*r] = i);
        let count = self.clusters.map_or(self.rows.len(), |c| c.1);
        // a row that stands for several has as many equal deviations
        let times: Vec<f64> = match (self.frequency(), self.clusters) {
            (Some(w), None) => self.rows.iter().map(|r| w.values[*r]).collect(),
            _ => vec![1.0; count],
        };
        let mut sums = vec![vec![0.0; count]; k];
        for (sum, influence) in sums.iter_mut().zip(influences) {
            for (row, z) in influence {
                let i = place[*row];
                let unit = self.clusters.map_or(i, |c| c.0[i] as usize);
                sum[unit] += if self.clusters.is_none() { z / times[i] } else { *z };
            }
            let mean = sum.iter().zip(&times).map(|(z, t)| z * t).sum::<f64>() / units;
            sum.iter_mut().for_each(|z| *z -= mean);
        }
        let factor = units / (units - 1.0);
        let mut out = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                let v: f64 = (0..count).map(|u| times[u] * sums[i][u] * sums[j][u]).sum();
                (out[i * k + j], out[j * k + i]) = (factor * v, factor * v);
            }
        }
        out
    }
}
