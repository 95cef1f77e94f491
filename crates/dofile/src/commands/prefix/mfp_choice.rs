//! The closed test of `mfp`: the function of one regressor while the functions of the others stand ([R] mfp, Methods and
//! formulas; Royston and Sauerbrei 2008, 4.10 and 6.3).

use super::fp_search::{Candidate, Scaled, best_of, combinations, terms};
use super::terms::TermModel;
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, f_tail};

/// A regressor with its settings and its present function.
pub(super) struct Covariate {
    /// Its name.
    pub name: String,
    /// Degrees of freedom of its largest function: one, or two for each power.
    pub df: usize,
    /// Level of the test that it has a part in the model.
    pub select: f64,
    /// Level of the tests of simpler functions.
    pub alpha: f64,
    /// Powers to choose from.
    pub choices: Vec<f64>,
    /// Its values, scaled and centered.
    pub scaled: Scaled,
    /// Powers of the present function; nothing when it is left out.
    pub powers: Option<Vec<f64>>,
}

impl Covariate {
    /// Columns of a function, centered, in the sample.
    pub(super) fn columns(&self, powers: &[f64]) -> Vec<Vec<f64>> {
        self.made(powers, false)
    }

    /// The same in all rows.
    pub(super) fn columns_everywhere(&self, powers: &[f64]) -> Vec<Vec<f64>> {
        self.made(powers, true)
    }

    fn made(&self, powers: &[f64], all: bool) -> Vec<Vec<f64>> {
        if powers != [1.0] {
            return terms(&self.scaled, powers, all);
        }
        // a line needs no positive values
        let own = &self.scaled;
        let of = |x: f64| (x + own.shift) / own.factor;
        let centre = own.center.map_or(0.0, of);
        let value = |(x, inside): (&f64, &bool)| {
            if (all || *inside) && !is_missing(*x) { of(*x) - centre } else { MISSING }
        };
        vec![own.x.iter().zip(&own.sample).map(value).collect()]
    }

    /// Degrees of freedom of the present function.
    pub(super) fn final_df(&self) -> usize {
        match self.powers.as_deref() {
            None => 0,
            Some([p]) if *p == 1.0 => 1,
            Some(powers) => 2 * powers.len(),
        }
    }
}

/// One comparison: the simpler function, its deviance, and the p-value against the largest function.
pub(super) struct Line {
    /// `null`, `lin.` or `FP1`.
    pub label: String,
    pub fitted: Candidate,
    pub p: f64,
    /// Mark of a significant test: `*` of the test of inclusion, `+` of the tests of functions.
    pub mark: &'static str,
}

/// The comparisons of one regressor and what they lead to.
pub(super) struct Choice {
    pub lines: Vec<Line>,
    /// Name of the largest function, `FP2`.
    pub against: String,
    pub largest: Candidate,
    /// Nothing for the null function.
    chosen: Option<Candidate>,
    left_out: f64,
}

impl Choice {
    /// Powers of the chosen function.
    pub(super) fn powers(&self) -> Option<&[f64]> {
        self.chosen.as_ref().map(|c| c.powers.as_slice())
    }

    /// Deviance of the chosen model.
    pub(super) fn deviance(&self) -> f64 {
        self.chosen.as_ref().map_or(self.left_out, |c| c.deviance)
    }
}

/// Fits the model with functions of all regressors; each needs its powers.
pub(super) fn fitted(s: &mut Session, model: &TermModel, parts: &[(&Covariate, &[f64])]) -> Result<()> {
    let mut names = Vec::new();
    for (j, (covariate, powers)) in parts.iter().enumerate() {
        for (i, values) in covariate.columns(powers).into_iter().enumerate() {
            let name = format!("__mfp_{j}_{i}");
            s.frame.add(Variable::new(&name, Column::Double(values)))?;
            names.push(name);
        }
    }
    let done = quietly(s, &model.with_list(&names.join(" ")));
    let positions: Vec<usize> = names.iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&positions);
    done
}

/// The p-value of a simpler model against the largest one, `n1` degrees of freedom apart. Each power counts as a
/// parameter where residual degrees of freedom matter.
pub(super) fn p_value(small: &Candidate, large: &Candidate, n1: usize, powers: usize) -> f64 {
    let (gap, n1) = (small.deviance - large.deviance, n1 as f64);
    match large.df_r.filter(|_| large.rmse.is_some()) {
        Some(df) => {
            let n2 = df - powers as f64;
            f_tail(n1, n2, n2 / n1 * f64::exp_m1(gap / large.n))
        }
        None => chi2_tail(n1, gap),
    }
}

/// Chooses the function of regressor `j`.
pub(super) fn choose(s: &mut Session, model: &TermModel, all: &[Covariate], j: usize) -> Result<Choice> {
    let own = &all[j];
    let others: Vec<(&Covariate, &[f64])> = all
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != j)
        .filter_map(|(_, c)| c.powers.as_deref().map(|p| (c, p)))
        .collect();
    // each power of a function with powers is a parameter
    let counted: usize =
        others.iter().filter(|(c, _)| c.final_df() > 1).map(|(_, powers)| powers.len()).sum();
    let at = |s: &mut Session, powers: Option<&[f64]>| -> Result<Candidate> {
        let mut parts = others.clone();
        parts.extend(powers.map(|p| (own, p)));
        fitted(s, model, &parts)?;
        Candidate::of(s, powers.map(<[f64]>::to_vec).unwrap_or_default())
    };
    let null = at(s, None)?;
    let linear = at(s, Some(&[1.0]))?;
    let mut best = Vec::new();
    for size in 1..=own.df / 2 {
        let mut tried = Vec::new();
        for powers in combinations(&own.choices, size) {
            if let Ok(candidate) = at(s, Some(&powers)) {
                tried.push(candidate);
            }
        }
        best.push(best_of(tried).ok_or_else(|| StataError::new(430, "no model could be fitted"))?);
    }
    let largest = best.last().unwrap_or(&linear).clone();
    let powers = counted + if own.df > 1 { own.df / 2 } else { 0 };
    let mut steps = vec![("null".to_string(), null, 0)];
    if own.df > 1 {
        steps.push(("lin.".to_string(), linear, 1));
    }
    let simpler = best.len().saturating_sub(1);
    steps.extend(
        best.into_iter().take(simpler).enumerate().map(|(i, c)| (format!("FP{}", i + 1), c, 2 * (i + 1))),
    );
    Ok(closed(own, steps, largest, powers))
}

/// The tests in their order, until one is not significant.
fn closed(
    own: &Covariate,
    steps: Vec<(String, Candidate, usize)>,
    largest: Candidate,
    powers: usize,
) -> Choice {
    let left_out = steps[0].1.deviance;
    let against = if own.df == 1 { "lin.".to_string() } else { format!("FP{}", own.df / 2) };
    let mut out = Choice { lines: Vec::new(), against, chosen: Some(largest.clone()), largest, left_out };
    for (label, fitted, df) in steps {
        let p = p_value(&fitted, &out.largest, own.df - df, powers);
        let inclusion = label == "null";
        let level = if inclusion { own.select } else { own.alpha };
        // at level one the larger function is kept whatever the test says
        let kept = level < 1.0 && p > level;
        let mark = match (p <= level && level < 1.0, inclusion) {
            (true, true) => "*",
            (true, false) => "+",
            _ => "",
        };
        let simpler = fitted.clone();
        out.lines.push(Line { label, fitted, p, mark });
        if kept {
            out.chosen = (!inclusion).then_some(simpler);
            break;
        }
    }
    out
}
