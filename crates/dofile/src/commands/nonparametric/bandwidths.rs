//! Bandwidths of `npregress kernel`: those that the command gives, and the search for the others.

use crate::error::{Result, StataError};
use crate::estimation::kernel_model::Regressor;
use crate::format;
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use estimators::kernel_bandwidth::{Chosen, Criterion, choose as search};
use estimators::kernel_regression::{DiscreteKernel, KernelRegression, Widths};

/// The bandwidths of a command.
pub(super) struct Bandwidths {
    /// Of means.
    pub mean: Widths,
    /// Of derivatives.
    pub effect: Option<Widths>,
    /// `e(bselector)`.
    pub selector: &'static str,
    /// Whether the searches met their tolerances.
    pub converged: (bool, bool),
    /// Criteria during the searches; empty without one.
    pub logs: (Vec<f64>, Vec<f64>),
    /// Which criterion chose the bandwidths of the mean; nothing for given ones.
    pub criterion: Option<Criterion>,
    /// Whether the bandwidths of derivatives were searched.
    pub effect_searched: bool,
}

/// Bandwidths in the order of the regressors.
pub(super) fn in_order(regressors: &[Regressor], widths: &Widths) -> Vec<f64> {
    let (mut x, mut z) = (widths.continuous.iter(), widths.discrete.iter());
    regressors
        .iter()
        .map(|r| if r.is_continuous() { x.next() } else { z.next() })
        .map(|w| w.copied().unwrap_or(f64::NAN))
        .collect()
}

fn apart(regressors: &[Regressor], values: &[f64]) -> Widths {
    let pick = |continuous: bool| {
        regressors
            .iter()
            .zip(values)
            .filter(|(r, _)| r.is_continuous() == continuous)
            .map(|(_, v)| *v)
            .collect()
    };
    Widths { continuous: pick(true), discrete: pick(false) }
}

/// Reads or searches the bandwidths.
///
/// # Errors
/// r(198) for bandwidths that do not fit the regressors, r(459) where none identifies the model.
pub(super) fn choose(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &KernelRegression,
    regressors: &[Regressor],
) -> Result<Bandwidths> {
    let derivatives = !cmd.has("noderivatives");
    let given = |s: &Session, option: &str| -> Result<Option<Widths>> {
        cmd.options.text(option).map(|text| specified(s, option, text, data, regressors)).transpose()
    };
    let all = given(s, "bwidth")?;
    let (mean, effect) = (given(s, "meanbwidth")?, given(s, "derivbwidth")?);
    if all.is_some() && (mean.is_some() || effect.is_some()) {
        return Err(StataError::invalid("bwidth() may not be combined with meanbwidth() or derivbwidth()"));
    }
    if effect.is_some() && !derivatives {
        return Err(StataError::invalid("options derivbwidth() and noderivatives may not be combined"));
    }
    let (mean, effect) = (mean.or_else(|| all.clone()), effect.or(all));
    let criterion = if cmd.has("imaic") { Criterion::ImprovedAkaike } else { Criterion::CrossValidation };
    let selector = if cmd.has("imaic") { "improved AIC" } else { "cross validation" };
    let mut out = Bandwidths {
        mean: Widths { continuous: Vec::new(), discrete: Vec::new() },
        effect: None,
        selector: if mean.is_some() { "user specified" } else { selector },
        converged: (true, true),
        logs: (Vec::new(), Vec::new()),
        criterion: mean.is_none().then_some(criterion),
        effect_searched: false,
    };
    match mean {
        Some(widths) => out.mean = widths,
        None => {
            let what = if cmd.has("imaic") { "AIC" } else { "cross-validation" };
            let title = format!("Computing mean function\n\nMinimizing {what} function:");
            let found = searched(s, cmd, data, criterion, None, &title)?;
            (out.mean, out.converged.0, out.logs.0) = (found.widths, found.converged, found.log);
        }
    }
    if !derivatives {
        return Ok(out);
    }
    out.effect = match effect {
        Some(widths) => Some(widths),
        // contrasts of factors have the bandwidths of the mean
        None if data.continuous.is_empty() => Some(out.mean.clone()),
        None => {
            let fixed = Some(out.mean.discrete.clone());
            let title = "Computing optimal derivative bandwidth";
            let found = searched(s, cmd, data, Criterion::Gradient, fixed, title)?;
            out.effect_searched = true;
            (out.converged.1, out.logs.1) = (found.converged, found.log);
            Some(found.widths)
        }
    };
    Ok(out)
}

fn searched(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &KernelRegression,
    criterion: Criterion,
    fixed: Option<Vec<f64>>,
    title: &str,
) -> Result<Chosen> {
    let iterations = cmd.options.int("iterate").map_or(300, |i| i.max(0) as usize);
    let fixed = fixed.or_else(|| fixed_discrete(data));
    let found = search(data, criterion, fixed, iterations)
        .ok_or_else(|| StataError::new(459, "no bandwidth identifies the regression at the observations"))?;
    if s.shows_log(|o| cmd.has(o)) {
        let label = if criterion == Criterion::ImprovedAkaike {
            "AIC criterion"
        } else {
            "Cross-validation criterion"
        };
        s.print("");
        title.lines().for_each(|line| s.print(line));
        s.print("");
        for (i, value) in found.log.iter().enumerate() {
            let gap = if i < 10 { "  " } else { " " };
            s.print(format!("Iteration {i}:{gap} {label} = {}", format::number("%10.0g", *value)));
        }
        if !found.converged {
            s.print("convergence not achieved");
        }
    }
    Ok(found)
}

/// The bandwidths of discrete regressors that their kernel does not use.
pub(super) fn fixed_discrete(data: &KernelRegression) -> Option<Vec<f64>> {
    (data.discrete_kernel == DiscreteKernel::CellProbability).then(|| vec![0.0; data.discrete.len()])
}

/// Bandwidths of an option: a matrix, numbers with `copy`, or `name=#` for each regressor.
fn specified(
    s: &Session,
    option: &str,
    text: &str,
    data: &KernelRegression,
    regressors: &[Regressor],
) -> Result<Widths> {
    let wrong = |what: &str| StataError::invalid(format!("option {option}() {what}"));
    let (list, suboptions) = text.split_once(',').unwrap_or((text, ""));
    let (mut copy, mut skip) = (false, false);
    for word in suboptions.split_whitespace() {
        match word {
            "copy" => copy = true,
            "skip" => skip = true,
            other => return Err(wrong(&format!("does not allow {other}"))),
        }
    }
    let words: Vec<&str> = list.split_whitespace().collect();
    let named: Vec<(String, f64)> = if let [name] = words[..]
        && let Some(matrix) = s.matrix(name)
    {
        if matrix.rows() != 1 {
            return Err(StataError::new(503, "bandwidths must be a row vector"));
        }
        matrix.col_names.iter().map(|n| n.name.clone()).zip(matrix.values().iter().copied()).collect()
    } else if copy {
        let numbers: Option<Vec<f64>> = words.iter().map(|w| parse_number(w)).collect();
        numbers.ok_or_else(|| wrong("must have numbers"))?.into_iter().map(|v| (String::new(), v)).collect()
    } else {
        pairs(list).ok_or_else(|| wrong("must be a matrix, numbers with copy, or name=# ..."))?
    };
    let values = if copy {
        if named.len() != regressors.len() {
            return Err(StataError::new(
                503,
                format!("option {option}() needs {} bandwidths", regressors.len()),
            ));
        }
        named.into_iter().map(|n| n.1).collect()
    } else {
        let known: Vec<String> = regressors.iter().map(Regressor::name).collect();
        let bare =
            |name: &str| name.rsplit_once(':').map_or(name, |n| n.1).trim_start_matches("i.").to_string();
        if let Some((name, _)) = named.iter().find(|(n, _)| !skip && !known.contains(&bare(n))) {
            return Err(StataError::new(111, format!("{name} is not a regressor of the model")));
        }
        let of = |name: &String| named.iter().find(|(n, _)| bare(n) == *name).map(|n| n.1);
        known
            .iter()
            .map(|name| of(name).ok_or_else(|| wrong(&format!("has no bandwidth of {name}"))))
            .collect::<Result<Vec<f64>>>()?
    };
    let widths = apart(regressors, &values);
    if widths.continuous.iter().any(|h| !(*h > 0.0 && crate::value::clean(*h) < crate::value::MISSING)) {
        return Err(wrong("must have positive bandwidths of continuous regressors"));
    }
    let outside = |l: &f64| !(0.0..=1.0).contains(l);
    if data.discrete_kernel == DiscreteKernel::LiRacine && widths.discrete.iter().any(outside) {
        return Err(wrong("must have bandwidths of factors between 0 and 1"));
    }
    Ok(widths)
}

/// Reads `name=# name = # ...`.
fn pairs(list: &str) -> Option<Vec<(String, f64)>> {
    let spaced = list.replace('=', " = ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(3) {
        return None;
    }
    words
        .chunks(3)
        .map(|c| (c[1] == "=").then_some(()).and_then(|()| parse_number(c[2])).map(|v| (c[0].to_string(), v)))
        .collect()
}
