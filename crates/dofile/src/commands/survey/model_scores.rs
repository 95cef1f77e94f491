//! Scores of the models behind `svy`: derivatives of the log likelihood of each row in each parameter, without weights.
//! Formulas: [R] ologit, [R] oprobit, [R] mlogit, [R] nbreg, [R] glm, methods and formulas.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters, predict as linear_prediction};
use crate::ops::glm;
use crate::ops::predict;
use crate::ops::scores::{offset, score};
use crate::session::Session;
use estimators::distributions::{digamma, normal, normal_density};
use estimators::jet::Jet;
use estimators::ml_binary::logistic;

/// Whether `svy` takes a command here.
pub(super) fn supported(name: &str) -> bool {
    matches!(
        name,
        "regress"
            | "logit"
            | "logistic"
            | "probit"
            | "cloglog"
            | "poisson"
            | "nbreg"
            | "glm"
            | "ologit"
            | "oprobit"
            | "mlogit"
    )
}

/// Derivatives in the estimated parameters at `places`, one vector over `rows` for each.
pub(super) fn contributions(
    s: &Session,
    name: &str,
    parameters: &Parameters,
    places: &[usize],
    rows: &[usize],
) -> Result<Vec<Vec<f64>>> {
    let y = predict::outcome(s, rows)?;
    let shift = offset(s, rows)?;
    let index = |equation: &str| -> Result<Vec<f64>> {
        let xb = linear_prediction(&s.frame, parameters, equation, rows)?;
        Ok(xb.iter().zip(&shift).map(|(a, b)| a + b).collect())
    };
    let mut grid = Grid::new(&s.frame, rows.to_vec());
    grid.load(places.iter().filter_map(|p| parameters.terms[*p].as_ref()))?;
    let design = grid.design(parameters, places);
    let first = parameters.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    // the score of the index of each parameter's equation, or of the parameter itself
    let mut of_equation: Vec<(String, Vec<f64>)> = Vec::new();
    match name {
        "ologit" | "oprobit" => of_equation = ordered(s, name, &first, &y, &index(&first)?, parameters)?,
        "mlogit" => {
            let names: Vec<String> = equations(parameters);
            let indices: Vec<Vec<f64>> = names.iter().map(|e| index(e)).collect::<Result<_>>()?;
            of_equation = multinomial(s, &names, &y, &indices)?;
        }
        "nbreg" => of_equation = negative_binomial(&first, &y, &index(&first)?, parameters)?,
        "glm" => of_equation.push((first.clone(), generalised(s, &y, &index(&first)?, rows)?)),
        _ => {
            let xb = index(&first)?;
            let scores = y.iter().zip(&xb).map(|(y, xb)| score(name, *y, *xb)).collect();
            of_equation.push((first.clone(), scores));
        }
    }
    let missing = || StataError::new(498, "scores of an equation are not known");
    places
        .iter()
        .zip(design)
        .map(|(p, column)| {
            let stripe = &parameters.stripe[*p];
            let own = if stripe.eq == "/" { format!("/{}", stripe.name) } else { stripe.eq.clone() };
            let (_, scores) = of_equation.iter().find(|(e, _)| *e == own).ok_or_else(missing)?;
            if stripe.eq == "/" {
                return Ok(scores.clone());
            }
            Ok(column.iter().zip(scores).map(|(x, u)| x * u).collect())
        })
        .collect()
}

/// Names of the equations in their order, without ancillary parameters.
fn equations(parameters: &Parameters) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for stripe in parameters.stripe.iter().filter(|p| p.eq != "/") {
        if out.last() != Some(&stripe.eq) {
            out.push(stripe.eq.clone());
        }
    }
    out
}

/// A matrix of the active results as a list.
fn listed(s: &Session, name: &str) -> Result<Vec<f64>> {
    let found = s.e.results.matrices.get(name);
    found.map(|m| m.values().to_vec()).ok_or_else(|| StataError::not_found(&format!("e({name})")))
}

/// Ordered models: `P(y = j) = F(c_j - xb) - F(c_(j-1) - xb)`.
fn ordered(
    s: &Session,
    name: &str,
    equation: &str,
    y: &[f64],
    xb: &[f64],
    parameters: &Parameters,
) -> Result<Vec<(String, Vec<f64>)>> {
    let categories = listed(s, "cat")?;
    let cuts: Vec<f64> =
        parameters.stripe.iter().zip(&parameters.b).filter(|(p, _)| p.eq == "/").map(|(_, b)| *b).collect();
    let logit = name == "ologit";
    let probability = |x: f64| if logit { logistic(x) } else { normal(x) };
    let density = |x: f64| if logit { logistic(x) * logistic(-x) } else { normal_density(x) };
    let mut main = vec![0.0; y.len()];
    let mut at_cut = vec![vec![0.0; y.len()]; cuts.len()];
    for i in 0..y.len() {
        let j = categories.iter().position(|c| *c == y[i]).unwrap_or(0);
        let upper = cuts.get(j).map(|c| c - xb[i]);
        let lower = j.checked_sub(1).map(|k| cuts[k] - xb[i]);
        let p = upper.map_or(1.0, probability) - lower.map_or(0.0, probability);
        let (high, low) = (upper.map_or(0.0, density) / p, lower.map_or(0.0, density) / p);
        main[i] = low - high;
        if j < cuts.len() {
            at_cut[j][i] = high;
        }
        if j > 0 {
            at_cut[j - 1][i] = -low;
        }
    }
    let mut out = vec![(equation.to_string(), main)];
    out.extend(at_cut.into_iter().enumerate().map(|(j, u)| (format!("/cut{}", j + 1), u)));
    Ok(out)
}

/// Multinomial logit: `1(y = j) - P(y = j)`.
fn multinomial(
    s: &Session,
    names: &[String],
    y: &[f64],
    indices: &[Vec<f64>],
) -> Result<Vec<(String, Vec<f64>)>> {
    let outcomes = listed(s, "out")?;
    let mut out: Vec<(String, Vec<f64>)> = names.iter().map(|n| (n.clone(), vec![0.0; y.len()])).collect();
    for i in 0..y.len() {
        let largest = indices.iter().map(|x| x[i]).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = indices.iter().map(|x| (x[i] - largest).exp()).sum();
        for (j, (_, scores)) in out.iter_mut().enumerate() {
            let here = f64::from(u8::from(outcomes.get(j) == Some(&y[i])));
            scores[i] = here - (indices[j][i] - largest).exp() / total;
        }
    }
    Ok(out)
}

/// Negative binomial with variance `mu (1 + alpha mu)`, in the index and in the log of alpha.
fn negative_binomial(
    equation: &str,
    y: &[f64],
    xb: &[f64],
    parameters: &Parameters,
) -> Result<Vec<(String, Vec<f64>)>> {
    let at = parameters.stripe.iter().position(|p| p.eq == "/" && p.name == "lnalpha");
    let at = at.ok_or_else(|| StataError::unsupported_option("svy: nbreg", "dispersion(constant)"))?;
    let alpha = parameters.b[at].exp();
    let m = 1.0 / alpha;
    let main = y.iter().zip(xb).map(|(y, xb)| (y - xb.exp()) / (1.0 + alpha * xb.exp())).collect();
    let dispersion = |y: &f64, xb: &f64| {
        let mu = xb.exp();
        -m * (digamma(m + y) - digamma(m) + (m / (m + mu)).ln() + 1.0 - (m + y) / (m + mu))
    };
    let ancillary = y.iter().zip(xb).map(|(y, xb)| dispersion(y, xb)).collect();
    Ok(vec![(equation.to_string(), main), ("/lnalpha".into(), ancillary)])
}

/// A generalised linear model: the derivative of the likelihood at dispersion one over the dispersion.
fn generalised(s: &Session, y: &[f64], eta: &[f64], rows: &[usize]) -> Result<Vec<f64>> {
    let e = &s.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("");
    let (family, _) = glm::family(text("family"))?;
    let link = glm::link(family, Some(text("link")))?;
    let phi = e.get_scalar("phi").unwrap_or(1.0);
    let trials = match e.get_text("m") {
        None => vec![1.0; y.len()],
        Some(m) => match m.trim().parse::<f64>() {
            Ok(fixed) => vec![fixed; y.len()],
            Err(_) => predict::column(&s.frame, m.trim(), rows)?,
        },
    };
    let own = |i: usize| {
        let outcome = match e.get_text("m") {
            None if text("family") == "binomial" && !(0.0..=1.0).contains(&y[i]) => 1.0,
            _ => y[i],
        };
        family.likelihood(link, outcome, trials[i], Jet::<1>::variable(eta[i], 0)).g[0] / phi
    };
    Ok((0..y.len()).map(own).collect())
}
