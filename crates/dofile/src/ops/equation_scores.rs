//! Scores of the equations of a model: derivatives of the log likelihood of each row in each linear index and in each free
//! parameter, without weights. Formulas: methods and formulas of [R] ologit, oprobit, mlogit, nbreg, glm, heckman,
//! heckprobit, biprobit, zip. Those of outcomes with a scale are in `censored_scores`.

use super::scores::{offset, score};
use super::{censored_scores, glm, predict};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::top_level_comma;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{digamma, normal, normal_density};
use estimators::jet::Jet;
use estimators::ml_binary::logistic;
use estimators::{ml_censored, ml_pairs, ml_zero};

/// The scores over `rows`, one vector for each equation in the order of `e(b)`; free parameters have a slash before their
/// name. Missing where the outcome or an index is.
///
/// # Errors
/// r(199) for a variant of a model whose scores are not known here.
pub(crate) fn of_equations(
    s: &Session,
    name: &str,
    parameters: &Parameters,
    rows: &[usize],
) -> Result<Vec<(String, Vec<f64>)>> {
    let shift = offset(s, rows)?;
    let plain = |equation: &str| linear_prediction(&s.frame, parameters, equation, rows);
    let names = equations(parameters);
    let first = names.first().cloned().unwrap_or_default();
    let xb: Vec<f64> =
        plain(&first)?.iter().zip(&shift).map(|(a, b)| predict::combine(*a, *b, |a, b| a + b)).collect();
    if censored_scores::knows(name) {
        return censored_scores::of_scaled(s, name, parameters, (&first, &xb), rows);
    }
    let pair = PAIRS.iter().find(|p| p.0 == name);
    if let Some((pair, second)) = pair.zip(names.get(1)) {
        return of_pair(s, *pair, parameters, [(&first, xb), (second, plain(second)?)], rows);
    }
    let y = predict::outcome(s, rows)?;
    let mut out = match name {
        "ologit" | "oprobit" => ordered(s, name, &first, &y, &xb, parameters)?,
        "mlogit" => {
            let indices: Vec<Vec<f64>> = names.iter().map(|e| plain(e)).collect::<Result<_>>()?;
            multinomial(s, &names, &y, &indices)?
        }
        "nbreg" => negative_binomial(&first, &y, &xb, parameters)?,
        "glm" => vec![(first, generalised(s, &y, &xb, rows)?)],
        _ => vec![(first, y.iter().zip(&xb).map(|(y, xb)| score(name, *y, *xb)).collect())],
    };
    let known = |i: usize| !is_missing(y[i]) && !is_missing(xb[i]);
    for (_, scores) in &mut out {
        (0..rows.len()).filter(|i| !known(*i)).for_each(|i| scores[i] = MISSING);
    }
    Ok(out)
}

/// Models of two linear indices with their free parameters.
const PAIRS: [(&str, &[&str]); 5] = [
    ("heckman", &["athrho", "lnsigma"]),
    ("heckprobit", &["athrho"]),
    ("biprobit", &["athrho"]),
    ("zip", &[]),
    ("zinb", &["lnalpha"]),
];

/// What a row of a model of two indices holds.
struct PairRow {
    y: f64,
    /// The second outcome of two, or whether the row is selected.
    other: f64,
    indices: [f64; 2],
}

impl PairRow {
    /// Whether the row has a likelihood; one that is not selected has no outcome.
    fn is_known(&self, selecting: bool) -> bool {
        let outside = selecting && self.other == 0.0;
        let [a, b] = self.indices;
        !is_missing(self.other) && !is_missing(b) && (outside || !is_missing(self.y) && !is_missing(a))
    }

    /// Derivatives in both indices and the free parameters.
    fn gradient(&self, name: &str, free: &[f64], probit: bool) -> Vec<f64> {
        let ([a, b], y, yes) = (self.indices, self.y, self.other != 0.0);
        let a = if is_missing(a) { 0.0 } else { a };
        match name {
            "heckman" => {
                let at = Jet::<4>::variables(&[a, b, free[0], free[1]]);
                ml_censored::selection(yes.then_some(y), at).g.to_vec()
            }
            "heckprobit" => {
                let at = Jet::<3>::variables(&[a, b, free[0]]);
                ml_pairs::selected_sign(yes.then_some(y != 0.0), at).g.to_vec()
            }
            "biprobit" => {
                ml_pairs::both_signs(y != 0.0, yes, Jet::<3>::variables(&[a, b, free[0]])).g.to_vec()
            }
            "zinb" => {
                let [eta, z, alpha] = Jet::<3>::variables(&[a, b, free[0]]);
                let (inflate, rest) = ml_zero::shares(z, probit);
                ml_zero::inflated(y, inflate, rest, ml_zero::negative_binomial(y, eta, alpha)).g.to_vec()
            }
            _ => {
                let [eta, z] = Jet::<2>::variables(&[a, b]);
                let (inflate, rest) = ml_zero::shares(z, probit);
                ml_zero::inflated(y, inflate, rest, ml_zero::poisson(y, eta)).g.to_vec()
            }
        }
    }
}

/// Scores of a model of two linear indices, followed by those of its free parameters.
fn of_pair(
    s: &Session,
    (name, free): (&str, &[&str]),
    parameters: &Parameters,
    indices: [(&String, Vec<f64>); 2],
    rows: &[usize],
) -> Result<Vec<(String, Vec<f64>)>> {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("");
    let line = text("cmdline");
    if text("method") == "two-step" {
        return Err(StataError::invalid("scores not allowed after two-step estimation"));
    }
    if name == "biprobit" && (option_of(line, "PARtial").is_some() || mentions_offset(line)) {
        return Err(StataError::unsupported_option(
            "predict",
            "scores after biprobit with partial or offsets",
        ));
    }
    let value = |name: &&str| -> Result<f64> {
        let at = parameters.find(&format!("/{name}"));
        at.map(|i| parameters.b[i]).ok_or_else(|| StataError::not_found(&format!("/{name}")))
    };
    let at: Vec<f64> = free.iter().map(value).collect::<Result<_>>()?;
    let depvar =
        |k: usize| predict::column(&s.frame, text("depvar").split_whitespace().nth(k).unwrap_or(""), rows);
    let [(first, a), (second, b)] = indices;
    let y = depvar(0)?;
    let selecting = matches!(name, "heckman" | "heckprobit");
    let other = match name {
        _ if selecting && selects_by_variable(line) => predict::column(&s.frame, second, rows)?,
        _ if selecting => y.iter().map(|y| f64::from(u8::from(!is_missing(*y)))).collect(),
        "biprobit" => depvar(1)?,
        _ => vec![1.0; rows.len()],
    };
    let heads = [first.clone(), second.clone()].into_iter().chain(free.iter().map(|n| format!("/{n}")));
    let mut out: Vec<(String, Vec<f64>)> = heads.map(|name| (name, vec![MISSING; rows.len()])).collect();
    for i in 0..rows.len() {
        let row = PairRow { y: y[i], other: other[i], indices: [a[i], b[i]] };
        if row.is_known(selecting) {
            let gradient = row.gradient(name, &at, text("inflate") == "probit");
            out.iter_mut().zip(gradient).for_each(|((_, scores), g)| scores[i] = g);
        }
    }
    Ok(out)
}

/// An option of a command line, declared with its shortest abbreviation in capitals, and its argument.
fn option_of(line: &str, declared: &str) -> Option<Option<String>> {
    let options = &line[top_level_comma(line)? + 1..];
    let found = split_options(options).ok()?;
    found.into_iter().find(|(name, _)| crate::syntax::options::abbreviates(name, declared)).map(|o| o.1)
}

/// Whether `select()` names the variable that selects, `select(s = x)`; without one rows with an outcome are selected.
fn selects_by_variable(line: &str) -> bool {
    option_of(line, "SELect").flatten().is_some_and(|text| text.contains('='))
}

/// Whether an equation or the model has an offset.
fn mentions_offset(line: &str) -> bool {
    let word =
        |head: &str| head.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("").starts_with("off");
    line.split('(').any(word)
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
        // both distributions are symmetric; far above, a difference of probabilities near one has no digits
        let p = match lower {
            Some(lower) if lower > 0.0 => {
                probability(-lower) - upper.map_or(0.0, |upper| probability(-upper))
            }
            _ => upper.map_or(1.0, probability) - lower.map_or(0.0, probability),
        };
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
    let at = at.ok_or_else(|| StataError::unsupported_option("nbreg", "scores of dispersion(constant)"))?;
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
