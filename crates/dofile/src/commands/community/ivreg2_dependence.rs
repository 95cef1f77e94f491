//! Rows of `ivreg2` that are not independent: clusters of two variables, correlation over time (`bw()`, `kernel()`) and
//! sums within periods (`dkraay()`); and regressors that are partialled out. Conventions: Baum, Schaffer and Stillman
//! (2007), Stata Journal 7(4); Cameron, Gelbach and Miller (2011); Driscoll and Kraay (1998).

use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::display::fit_error;
use crate::estimation::instruments::{Dependence, IvState, Lags};
use crate::estimation::model::{VceSpec, number_groups};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::is_missing;
use estimators::hac::Kernel;
use estimators::ols::{self, Request};

/// What the options ask for.
#[derive(Default)]
pub(super) struct Wanted {
    /// Two cluster variables.
    two: Option<[usize; 2]>,
    /// Correlation over time.
    lags: Option<Lags>,
    /// Sums within periods.
    periods: bool,
    /// The covariance in the place of the one that the other options name.
    pub(super) vce: Option<VceSpec>,
    /// Variables whose missing values leave the sample.
    pub(super) further: Vec<usize>,
}

/// Reads the options and takes them out of `cmd`, so that its other options are those of one covariance.
pub(super) fn take(s: &Session, cmd: &mut ParsedCommand) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    let clusters = cmd.options.text("cluster").unwrap_or("").to_string();
    let names: Vec<&str> = clusters.split_whitespace().collect();
    let kernel = cmd.options.text("kernel").map(kernel).transpose()?;
    let bandwidth = match (cmd.options.text("bw"), cmd.options.text("dkraay")) {
        (Some(_), Some(_)) => {
            return Err(StataError::invalid("options bw() and dkraay() may not be combined"));
        }
        (bw, dkraay) => bw.or(dkraay).map(width).transpose()?,
    };
    match names.as_slice() {
        [first, second] => {
            let two = [s.variable(first)?, s.variable(second)?];
            wanted.further.extend(two);
            wanted.two = Some(two);
            cmd.options.set_text("cluster", first);
        }
        [] | [_] => {}
        _ => return Err(StataError::unsupported_option("ivreg2", "cluster() with three variables")),
    }
    let Some(bandwidth) = bandwidth else {
        return match kernel {
            None => Ok(wanted),
            Some(_) => Err(StataError::invalid("option kernel() requires option bw()")),
        };
    };
    let kernel = kernel.unwrap_or(Kernel::Bartlett);
    wanted.lags = Some(Lags { kernel, lags: Some(bandwidth - 1.0) });
    wanted.periods = cmd.has("dkraay") || names.len() == 1;
    if wanted.two.is_some() {
        return Err(StataError::unsupported_option("ivreg2", "bw() with several cluster variables"));
    }
    if !wanted.periods && !cmd.has("robust") && !cmd.has("gmm2s") {
        return Err(StataError::unsupported_option("ivreg2", "bw() without robust"));
    }
    let declared = Panel::of(&s.frame)?;
    let time = declared.series()?;
    if wanted.periods {
        if kernel != Kernel::Bartlett || bandwidth.fract() != 0.0 {
            return Err(StataError::unsupported_option("ivreg2", "dkraay() with another kernel"));
        }
        if names.first().is_some_and(|n| s.variable(n).ok() != Some(time)) {
            return Err(StataError::unsupported_option("ivreg2", "bw() with clusters that are not periods"));
        }
        wanted.vce = Some(VceSpec::Cluster(s.frame.var(time).name.clone()));
    } else {
        wanted.vce = Some(VceSpec::Robust);
    }
    wanted.further.push(time);
    wanted.further.extend(declared.panel);
    Ok(wanted)
}

fn width(text: &str) -> Result<f64> {
    if text.trim() == "auto" {
        return Err(StataError::unsupported_option("ivreg2", "bw(auto)"));
    }
    parse_number(text.trim())
        .filter(|b| *b >= 1.0)
        .ok_or_else(|| StataError::invalid(format!("bw({text}) invalid: a number of at least one expected")))
}

fn kernel(text: &str) -> Result<Kernel> {
    let name = text.trim().to_ascii_lowercase();
    let is = |full: &str, least: usize| name.len() >= least && full.starts_with(&name);
    if is("bartlett", 3) || is("newey-west", 3) || name == "nwest" {
        Ok(Kernel::Bartlett)
    } else if is("parzen", 3) || is("gallant", 3) {
        Ok(Kernel::Parzen)
    } else if is("quadraticspectral", 3) || is("quadratic-spectral", 3) || is("andrews", 3) || name == "qs" {
        Ok(Kernel::QuadraticSpectral)
    } else {
        Err(StataError::unsupported_option("ivreg2", &format!("kernel({})", text.trim())))
    }
}

/// Declares the dependence in the model.
pub(super) fn declare(s: &Session, state: &mut IvState, wanted: &Wanted) -> Result<()> {
    let rows = &state.model.design.rows;
    if let Some(two) = wanted.two {
        let sets = two.map(|v| ClusterRows::of(&s.frame, v, rows));
        let both = intersections(&sets[0], &sets[1]);
        let smaller = if sets[1].count < sets[0].count { &sets[1] } else { &sets[0] };
        let name = format!("{} {}", sets[0].name, sets[1].name);
        state.model.clusters = Some(ClusterRows::numbered(name, smaller.of_row.clone(), smaller.count));
        let [first, second] = sets;
        state.dependence = Some(Dependence::TwoWay([first, second, both]));
        return Ok(());
    }
    let Some(lags) = wanted.lags else { return Ok(()) };
    if state.model.weights.is_some() {
        return Err(StataError::unsupported_option("ivreg2", "bw() with weights"));
    }
    let declared = Panel::of(&s.frame)?;
    let time = declared.time.unwrap_or_default();
    let at: Vec<f64> = rows.iter().map(|r| s.frame.num_at(time, *r) / declared.delta).collect();
    if at.iter().any(|t| is_missing(*t)) {
        return Err(StataError::new(459, "the time variable is missing in the sample"));
    }
    let first = at.iter().copied().fold(f64::INFINITY, f64::min);
    let period: Vec<usize> = at.iter().map(|t| (t - first).round() as usize).collect();
    if wanted.periods {
        let mut seen = period.clone();
        seen.sort_unstable();
        seen.dedup();
        let lags = lags.lags.unwrap_or(0.0) as usize;
        state.dependence = Some(Dependence::Periods { of_row: period, count: seen.len(), lags });
        return Ok(());
    }
    let span = period.iter().max().map_or(1, |t| t + 1);
    let (unit, units) = match declared.panel {
        Some(panel) => number_groups(&s.frame, panel, rows),
        None => (vec![0; rows.len()], 1),
    };
    // Units stand one behind the other, with as many empty periods between them as lags can reach.
    let stride = if units > 1 { 2 * span } else { span };
    let mut periods = vec![None; stride * units];
    for (i, (unit, t)) in unit.iter().zip(&period).enumerate() {
        periods[*unit as usize * stride + t] = Some(i);
    }
    if units > 1 && lags.kernel == Kernel::QuadraticSpectral {
        return Err(StataError::unsupported_option("ivreg2", "kernel(quadraticspectral) with panels"));
    }
    if lags.lags.is_some_and(|l| l.ceil() as usize >= span) {
        return Err(StataError::new(198, "bandwidth in bw() exceeds the timespan of the data"));
    }
    state.periods = periods;
    state.dependence = Some(Dependence::Series(lags));
    Ok(())
}

/// Numbers the pairs of two sets of clusters.
fn intersections(first: &ClusterRows, second: &ClusterRows) -> ClusterRows {
    let mut seen = std::collections::HashMap::new();
    let of_row = first
        .of_row
        .iter()
        .zip(&second.of_row)
        .map(|pair| {
            let next = seen.len() as u32;
            *seen.entry(pair).or_insert(next)
        })
        .collect();
    ClusterRows::numbered(String::new(), of_row, seen.len())
}

/// Takes the regressors of `partial()`, and the constant, out of all columns (Frisch and Waugh 1933; Lovell 1963).
/// Returns their names; nothing without the option.
pub(super) fn partial_out(
    s: &Session,
    cmd: &ParsedCommand,
    state: &mut IvState,
) -> Result<Option<Vec<String>>> {
    let Some(text) = cmd.options.text("partial").or(cmd.options.text("fwl")) else { return Ok(None) };
    let words: Vec<&str> = text.split_whitespace().filter(|w| *w != "_cons").collect();
    let asked = FvList::parse(&s.frame, &words.join(" "), s.settings.varabbrev)?;
    let mut names: Vec<String> =
        asked.expand(&s.frame, &state.model.touse)?.iter().map(crate::syntax::Term::name).collect();
    let own: Vec<String> = state.model.design.terms.iter().map(crate::syntax::Term::name).collect();
    if let Some(absent) = names.iter().find(|n| !own.contains(n)) {
        let text =
            format!("{absent} in partial() does not appear in the list of included exogenous regressors");
        return Err(StataError::invalid(text));
    }
    let taken: Vec<Vec<f64>> =
        state.exogenous.iter().filter(|c| names.contains(&c.0)).map(|c| c.1.clone()).collect();
    state.exogenous.retain(|c| !names.contains(&c.0));
    state.model.design =
        state.model.design.without(&own.iter().map(|n| names.contains(n)).collect::<Vec<_>>());
    let columns: Vec<&[f64]> = taken.iter().map(Vec::as_slice).collect();
    let constant = state.model.constant;
    let weights = state.model.weights.as_ref();
    let left = |y: &[f64]| {
        let request = Request { constant, weights, ..Request::new(y, &columns) };
        ols::fit(&request).map(|fit| fit.residuals).map_err(fit_error)
    };
    let constant_taken = usize::from(constant);
    for list in [&mut state.endogenous, &mut state.exogenous, &mut state.instruments] {
        for column in list.iter_mut() {
            column.1 = left(&column.1)?;
        }
    }
    state.y = left(&state.y)?;
    state.absorbed = columns.len() + constant_taken;
    state.model.constant = false;
    if constant {
        names.push("_cons".to_string());
    }
    Ok(Some(names))
}
