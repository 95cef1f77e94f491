//! The sample and the settings of `rdrobust` and `rdbwselect`, and bandwidths by a selector.

use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::post::note_omitted;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::qr::{Design as Columns, choose_columns};
use estimators::rd::{Kernel, Settings, Side, Variance};
use estimators::rd_bandwidth::{Bandwidths, Target, bandwidths};

/// The sample on both sides of the cutoff, and the settings.
pub(super) struct Design {
    pub(super) sides: [Side; 2],
    pub(super) settings: Settings,
    pub(super) spread: f64,
    pub(super) cutoff: f64,
    pub(super) depvar: String,
    pub(super) running: String,
    pub(super) treatment: Option<String>,
    /// Whether bandwidths are those of the effect on the outcome.
    pub(super) sharp_bandwidth: bool,
    pub(super) touse: Vec<bool>,
    pub(super) kernel: &'static str,
    pub(super) vce: String,
}

/// Kernel of `kernel()`, triangular by default, with its name.
///
/// # Errors
/// r(198) for another word.
pub(super) fn kernel(cmd: &ParsedCommand) -> Result<(Kernel, &'static str)> {
    let asked = cmd.options.text("kernel").map_or("triangular", str::trim);
    for (kernel, name) in [
        (Kernel::Triangular, "Triangular"),
        (Kernel::Epanechnikov, "Epanechnikov"),
        (Kernel::Uniform, "Uniform"),
    ] {
        if asked.len() >= 3 && name.to_lowercase().starts_with(asked) {
            return Ok((kernel, name));
        }
    }
    Err(StataError::invalid(format!("kernel({asked}) invalid")))
}

/// The variance, the cluster variable, and the words of the header.
fn variance(session: &Session, cmd: &ParsedCommand) -> Result<(Variance, Option<usize>, String)> {
    let text = cmd.options.text("vce").map_or("nn", str::trim);
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["nn"] => Ok((Variance::Neighbours(3), None, "NN".to_string())),
        ["nn", matches] => {
            let matches = matches.parse().ok().filter(|m| *m >= 1);
            let matches = matches.ok_or_else(|| StataError::invalid("vce(nn #) needs a whole number"))?;
            Ok((Variance::Neighbours(matches), None, "NN".to_string()))
        }
        ["hc0"] => Ok((Variance::Residuals { adjusted: false }, None, "HC0".to_string())),
        ["hc1"] => Ok((Variance::Residuals { adjusted: true }, None, "HC1".to_string())),
        ["cluster", name] => {
            let variable = session.variable(name)?;
            Ok((Variance::Residuals { adjusted: false }, Some(variable), "Cluster".to_string()))
        }
        _ => Err(StataError::unsupported_option(&cmd.name, &format!("vce({text})"))),
    }
}

/// Order of a polynomial.
///
/// # Errors
/// r(198) outside of 0 to 8.
pub(super) fn order(cmd: &ParsedCommand, option: &str, default: i64) -> Result<usize> {
    let found = cmd.options.int(option).unwrap_or(default);
    if (0..=8).contains(&found) {
        Ok(found as usize)
    } else {
        Err(StataError::invalid(format!("{option}() must be between 0 and 8")))
    }
}

/// Standard deviation and interquartile range over 1.349, the smaller one.
fn spread(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    // the percentile rule of [R] summarize
    let quantile = |p: f64| {
        let at = p * n;
        let i = at.floor() as usize;
        if at.fract() == 0.0 && i >= 1 {
            0.5 * (sorted[i - 1] + sorted[i])
        } else {
            sorted[i.min(x.len() - 1)]
        }
    };
    sd.min((quantile(0.75) - quantile(0.25)) / 1.349)
}

/// Reads the sample and the settings.
///
/// # Errors
/// r(2000) and r(2001) with too few observations, r(125) for a cutoff outside of the data.
pub(super) fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<Design> {
    let names: Vec<&str> = cmd.list.split_whitespace().collect();
    let [y, x] = names.as_slice() else {
        return Err(if names.len() < 2 { StataError::standard(102) } else { StataError::standard(103) });
    };
    let (y, x) = (session.numeric_variable(y)?, session.numeric_variable(x)?);
    let (variance, cluster, vce) = variance(session, cmd)?;
    let (treatment, sharp_bandwidth) = fuzzy(session, cmd)?;
    let covariates = match cmd.options.text("covs") {
        Some(list) => session.varlist(list)?,
        None => Vec::new(),
    };
    let mut touse = session.rows(cmd)?;
    session.markout(&[y, x], &mut touse, false)?;
    session.markout(treatment.as_slice(), &mut touse, false)?;
    session.markout(&covariates, &mut touse, false)?;
    session.markout(cluster.as_slice(), &mut touse, true)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let cutoff = cmd.options.real("c").unwrap_or(0.0);
    let covariates = independent(session, covariates, &rows);
    let value = |variable: usize, row: usize| session.frame.num_at(variable, row);
    rows.sort_by(|a, b| value(x, *a).total_cmp(&value(x, *b)));
    let all: Vec<f64> = rows.iter().map(|r| value(x, *r)).collect();
    if cutoff <= all[0] || cutoff >= all[all.len() - 1] {
        return Err(StataError::new(125, "c() should be set within the range of the running variable"));
    }
    let groups = cluster.map(|v| number_groups(&session.frame, v, &rows).0);
    let side = |right: bool| {
        let mine: Vec<usize> = (0..rows.len()).filter(|i| (all[*i] >= cutoff) == right).collect();
        Side {
            x: mine.iter().map(|i| all[*i] - cutoff).collect(),
            y: mine.iter().map(|i| value(y, rows[*i])).collect(),
            treatment: treatment.map(|t| mine.iter().map(|i| value(t, rows[*i])).collect()),
            covariates: covariates
                .iter()
                .map(|z| mine.iter().map(|i| value(*z, rows[*i])).collect())
                .collect(),
            clusters: groups.as_ref().map(|g| mine.iter().map(|i| g[*i] as usize).collect()),
        }
    };
    let sides = [side(false), side(true)];
    let constant = |values: &[f64]| values.windows(2).all(|pair| pair[0] == pair[1]);
    let received: Vec<f64> = sides.iter().flat_map(|side| side.treatment.iter().flatten().copied()).collect();
    if !received.is_empty() && constant(&received) {
        return Err(StataError::new(459, "fuzzy(): the treatment does not vary, so that it has no effect"));
    }
    // With everybody treated alike on a side, the effect on the treatment there has no bandwidth.
    let alike = |side: &Side| side.treatment.as_deref().is_some_and(constant);
    let sharp_bandwidth = sharp_bandwidth || sides.iter().any(alike);
    if sides.iter().any(|s| s.x.len() < 20) {
        return Err(StataError::new(2001, "not enough observations to perform calculations"));
    }
    let (kernel, kernel_name) = kernel(cmd)?;
    let p = order(cmd, "p", 1)?;
    let deriv = order(cmd, "deriv", 0)?;
    let q = order(cmd, "q", p as i64 + 1)?;
    if deriv > p || q <= p {
        return Err(StataError::new(125, "p() must be at least deriv(), and q() larger than p()"));
    }
    let regularisation = cmd.options.real("scaleregul").unwrap_or(1.0);
    Ok(Design {
        sides,
        settings: Settings { p, q, deriv, kernel, variance, regularisation },
        spread: spread(&all),
        cutoff,
        depvar: session.frame.var(y).name.clone(),
        running: session.frame.var(x).name.clone(),
        treatment: treatment.map(|t| session.frame.var(t).name.clone()),
        sharp_bandwidth,
        touse,
        kernel: kernel_name,
        vce,
    })
}

/// The treatment of `fuzzy(treatvar [sharpbw])`, and whether bandwidths are those of the sharp design.
fn fuzzy(session: &Session, cmd: &ParsedCommand) -> Result<(Option<usize>, bool)> {
    let Some(text) = cmd.options.text("fuzzy") else { return Ok((None, false)) };
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [name] => Ok((Some(session.numeric_variable(name)?), false)),
        [name, "sharpbw"] => Ok((Some(session.numeric_variable(name)?), true)),
        _ => Err(StataError::invalid(format!("fuzzy({text}): a variable expected, and sharpbw at most"))),
    }
}

/// Covariates that no constant and no earlier one explains, with notes on the others.
fn independent(session: &mut Session, covariates: Vec<usize>, rows: &[usize]) -> Vec<usize> {
    let values = |v: &usize| rows.iter().map(|r| session.frame.num_at(*v, *r)).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = covariates.iter().map(values).collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let (kept, omitted) = choose_columns(Columns { columns: &views, weights: None, constant: true });
    let names: Vec<String> = omitted.iter().map(|i| session.frame.var(covariates[*i]).name.clone()).collect();
    note_omitted(session, &names);
    kept.into_iter().map(|i| covariates[i]).collect()
}

/// Bandwidths by a selector: the name, whether one for both sides, and the factor of the coverage-error rule.
pub(super) fn selected(design: &Design, selector: &str) -> Result<Bandwidths> {
    let kind = selector.strip_prefix("mse").or(selector.strip_prefix("cer")).unwrap_or("");
    let sides =
        if design.sharp_bandwidth { &design.sides.each_ref().map(Side::sharp) } else { &design.sides };
    let [left, right] = sides;
    let by = |target: Target| {
        bandwidths([left, right], &design.settings, design.spread, target).ok_or_else(|| {
            let none = left.covariates.is_empty();
            let also = if none { "" } else { ", or covariates that the running variable explains" };
            StataError::new(2001, format!("the bandwidths cannot be computed: too few distinct values{also}"))
        })
    };
    let combine = |lists: &[Bandwidths], choose: fn(Vec<f64>) -> f64| {
        let pick = |of: fn(&Bandwidths) -> [f64; 2]| {
            [0, 1].map(|k| choose(lists.iter().map(|b| of(b)[k]).collect()))
        };
        Bandwidths { h: pick(|b| b.h), b: pick(|b| b.b) }
    };
    let smallest = |values: Vec<f64>| values.into_iter().fold(f64::INFINITY, f64::min);
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[1]
    };
    let mut found = match kind {
        "rd" => by(Target::Difference)?,
        "two" => by(Target::Each)?,
        "sum" => by(Target::Sum)?,
        "comb1" => combine(&[by(Target::Difference)?, by(Target::Sum)?], smallest),
        "comb2" => combine(&[by(Target::Difference)?, by(Target::Sum)?, by(Target::Each)?], middle),
        _ => return Err(StataError::unsupported_option("rdrobust", &format!("bwselect({selector})"))),
    };
    if selector.starts_with("cer") {
        let p = design.settings.p as f64;
        let n = (left.x.len() + right.x.len()) as f64;
        // Calonico, Cattaneo and Farrell (2020): the rate of the coverage error
        let factor = n.powf(-(p / ((3.0 + p) * (3.0 + 2.0 * p))));
        found.h = found.h.map(|h| h * factor);
    }
    Ok(found)
}

/// One or two numbers of an option.
///
/// # Errors
/// r(198) for anything but one or two positive numbers.
pub(super) fn pair(cmd: &ParsedCommand, option: &str) -> Result<Option<[f64; 2]>> {
    let Some(text) = cmd.options.text(option) else { return Ok(None) };
    let bad = || StataError::invalid(format!("{option}({text}) needs one or two positive numbers"));
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(|w| w.parse().ok().filter(|v: &f64| *v > 0.0).ok_or_else(bad))
        .collect::<Result<_>>()?;
    match numbers.as_slice() {
        [one] => Ok(Some([*one, *one])),
        [left, right] => Ok(Some([*left, *right])),
        _ => Err(bad()),
    }
}
