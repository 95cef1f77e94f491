//! `tssmooth shwinters`: seasonal Holt–Winters smoothing with forecasts. Numbers: `estimators::seasonal_smoothing`.

use super::series::{self, Grid};
use super::smooth::{numbers, target};
use super::smooth_grids::{append, source, store, trimmed};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::seasonal_smoothing::{Season, Smoothed, State, forecasts, least_on_cube, smooth, start};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("Parms"),
    OptSpec::int("SAMp0"),
    OptSpec::text("s0_0"),
    OptSpec::text("sn0_0"),
    OptSpec::int("Forecast"),
    OptSpec::int("PERiod"),
    OptSpec::flag("ADDitive"),
    OptSpec::flag("Normalize"),
    OptSpec::flag("replace"),
];
const UNSUPPORTED: &[&str] = &["ALTstarts", "FROM", "sn0_v", "snt_v", "DIFficult", "ITERate", "TOLerance"];

/// What the options ask for.
struct Request {
    parms: Option<[f64; 3]>,
    /// Level and slope before the first value, and the variable of the seasonal terms.
    start: Option<(f64, f64, usize)>,
    first: Option<usize>,
    ahead: usize,
    period: usize,
    kind: Season,
    normalize: bool,
}

/// Periods in a year by the unit of time.
fn period(s: &Session, cmd: &ParsedCommand) -> Result<usize> {
    if let Some(period) = cmd.options.int("period") {
        return usize::try_from(period)
            .ok()
            .filter(|p| (2..=1_000).contains(p))
            .ok_or_else(|| StataError::invalid("period() must be an integer from 2 on"));
    }
    let (_, time) = series::declared(s)?;
    let unit = s.frame.var(time).format.trim_start_matches('%').trim_start_matches('-').chars().take(2);
    match unit.collect::<String>().as_str() {
        "th" => Ok(2),
        "tq" => Ok(4),
        "tm" => Ok(12),
        "tw" => Ok(52),
        _ => Err(StataError::invalid(
            "option period() required: the unit of time has no known number of seasons",
        )),
    }
}

fn request(s: &Session, cmd: &ParsedCommand) -> Result<Request> {
    let list = |name: &str, count: usize| -> Result<Option<Vec<f64>>> {
        let Some(text) = cmd.options.text(name) else { return Ok(None) };
        let given = numbers(text)?;
        if given.len() != count {
            return Err(StataError::invalid(format!("{name}() must hold {count} numbers")));
        }
        Ok(Some(given))
    };
    let parms = list("parms", 3)?.map(|p| [p[0], p[1], p[2]]);
    if parms.is_some_and(|p| !p.iter().all(|x| (0.0..=1.0).contains(x))) {
        return Err(StataError::invalid("parms() must lie between 0 and 1"));
    }
    let start = match (list("s0_0", 2)?, cmd.options.text("sn0_0")) {
        (Some(line), Some(name)) => Some((line[0], line[1], s.numeric_variable(name.trim())?)),
        (None, None) => None,
        _ => return Err(StataError::invalid("s0_0() and sn0_0() must be specified together")),
    };
    let first = match cmd.options.int("samp0") {
        Some(_) if start.is_some() => {
            return Err(StataError::invalid("samp0() may not be combined with s0_0() and sn0_0()"));
        }
        Some(n) if n < 1 => return Err(StataError::invalid("samp0() must be positive")),
        n => n.map(|n| n as usize),
    };
    let ahead = cmd.options.int("forecast").unwrap_or(0);
    if !(0..=1_000_000).contains(&ahead) {
        return Err(StataError::invalid("forecast() must be a nonnegative integer"));
    }
    let kind = if cmd.has("additive") { Season::Additive } else { Season::Multiplicative };
    Ok(Request {
        parms,
        start,
        first,
        ahead: ahead as usize,
        period: period(s, cmd)?,
        kind,
        normalize: cmd.has("normalize"),
    })
}

/// The state before the first value, and the number of values that it is from.
fn first_state(s: &Session, asked: &Request, grid: &Grid) -> Result<(State, Option<usize>)> {
    let x = &grid.values;
    if let Some((level, slope, variable)) = asked.start {
        let rows = grid.rows.iter().flatten().take(asked.period);
        let season: Vec<f64> = rows.map(|row| s.frame.num_at(variable, *row)).collect();
        if season.len() < asked.period || season.iter().any(|v| is_missing(*v)) {
            return Err(StataError::new(498, "sn0_0() has missing values in the first periods"));
        }
        return Ok((State { level, slope, season }, None));
    }
    // at least two years
    let n = asked.first.unwrap_or_else(|| (x.len() / 2).max(2 * asked.period));
    if n > x.len() {
        return Err(StataError::insufficient_observations());
    }
    let state = start(x, n, asked.period, asked.kind).ok_or_else(StataError::insufficient_observations)?;
    Ok((state, Some(n)))
}

fn report(s: &mut Session, asked: &Request, fit: &Smoothed, parms: [f64; 3], grid: &Grid) -> Results {
    let x = &grid.values;
    let rss = fit.rss(x);
    let rmse = (rss / x.len() as f64).sqrt();
    s.print("");
    s.print(if asked.parms.is_some() { "Specified weights:" } else { "Optimal weights:" });
    s.print("");
    let mut line = |label: &str, value: String| s.print(format!("{label:>34} = {}", value.trim()));
    for (name, value) in ["alpha", "beta", "gamma"].iter().zip(parms) {
        line(name, format::bare("%9.4f", value));
    }
    line("sum-of-squared residuals", format::bare("%9.0g", rss));
    line("root mean squared error", format::bare("%9.0g", rmse));
    let mut r = Results::default();
    r.scalar("N", x.len() as f64).scalar("alpha", parms[0]).scalar("beta", parms[1]);
    r.scalar("gamma", parms[2]).scalar("rss", rss).scalar("prss", rss).scalar("rmse", rmse);
    r.scalar("period", asked.period as f64).scalar("constant", fit.last.level);
    r.scalar("linear", fit.last.slope);
    r.text("method", if asked.kind == Season::Additive { "shwinters, additive" } else { "shwinters" });
    r
}

/// `tssmooth shwinters`.
pub(super) fn run(s: &mut Session, mut cmd: ParsedCommand) -> Result<()> {
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    let cmd = &cmd;
    let asked = request(s, cmd)?;
    if asked.ahead > 0 && series::declared(s)?.0.panel.is_some() {
        return Err(StataError::unsupported_option("tssmooth", "forecast() of panels"));
    }
    let grids = trimmed(source(s, cmd)?)?;
    let positive = grids.iter().flat_map(|g| &g.values).all(|x| *x > 0.0);
    if asked.kind == Season::Multiplicative && !positive {
        return Err(StataError::new(411, "nonpositive values encountered; option additive takes them"));
    }
    let target = target(s, cmd)?;
    let mut r = Results::default();
    let mut found = Vec::new();
    let mut last = None;
    for grid in grids {
        let (state, first) = first_state(s, &asked, &grid)?;
        let run = |p: [f64; 3]| smooth(&grid.values, p, &state, asked.kind, asked.normalize);
        let rss = |p: [f64; 3]| Some(run(p).rss(&grid.values)).filter(|x| x.is_finite()).unwrap_or(f64::MAX);
        let parms = asked.parms.unwrap_or_else(|| least_on_cube(rss));
        let fit = run(parms);
        r = report(s, &asked, &fit, parms, &grid);
        if let Some(n) = first {
            r.scalar("N_pre", n as f64);
        }
        let values = fit.predicted.clone();
        last = Some(fit.last);
        found.push((grid, values));
    }
    let parms = ["alpha", "beta", "gamma"].map(|n| format::bare("%5.3f", r.get_scalar(n).unwrap_or(0.0)));
    let label = format!("shw parms({}) = {}", parms.join(" "), cmd.exp.as_deref().unwrap_or("").trim());
    if let (Some(last), true, Some((grid, values))) = (last, asked.ahead > 0, found.last_mut()) {
        append(s, grid, asked.ahead)?;
        values.extend(forecasts(&last, asked.ahead, asked.kind));
    }
    store(s, (target.0, &target.1), label, &found)?;
    s.r = r;
    Ok(())
}
