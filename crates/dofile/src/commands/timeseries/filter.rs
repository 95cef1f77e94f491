//! `tsfilter`: cyclical components by the filters of Hodrick and Prescott, Baxter and King, Christiano and
//! Fitzgerald, and Butterworth. Numbers: `estimators::filters`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::series::{self, Grid};
use crate::error::{Result, StataError};
use crate::frame::StorageType;
use crate::ops::predict::{Prediction, add, new_names};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::varlist::check_new;
use crate::value::{MISSING, is_missing};
use estimators::filters::{
    baxter_king, butterworth, christiano_fitzgerald, christiano_fitzgerald_fixed, hodrick_prescott,
};

/// `tsfilter`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tsfilter",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "tsfilter {hp|bk|bw|cf} [type] {newvar = varname | stub* = varlist} [if] [in] [, smooth(#) minperiod(#) maxperiod(#) smaorder(#) order(#) stationary drift trend(newvar | stub*)]",
    notes: "cycles, with trend() also the rest; smooth() is 1600 for quarters, times the fourth power of the periods per quarter for other units (Ravn and Uhlig 2002); periods of 6 to 32 quarters in the unit of time; smaorder() three years for bk; stores r(smooth) or r(minperiod) r(maxperiod) r(order), r(varlist) r(filterlist) r(trendlist) r(method); [TS] tsfilter",
    examples: &[Example {
        run: "set obs 40\ngenerate t = _n\ngenerate x = 3 + 2*_n\ntsset t\ntsfilter hp c = x, trend(g)",
        expect: &[("abs(c[20]) < 1e-4", 1.0), ("round(g[20], .001)", 43.0), ("r(smooth)", 1600.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("SMooth"),
    OptSpec::real("MINPeriod"),
    OptSpec::real("MAXPeriod"),
    OptSpec::int("SMAorder"),
    OptSpec::int("ORDer"),
    OptSpec::flag("STATionary"),
    OptSpec::flag("drift"),
    OptSpec::text("Trend"),
];
const REFUSED: &[&str] = &["Gain"];

/// A filter with its settings.
enum Filter {
    Hp(f64),
    Bk { shortest: f64, longest: f64, order: usize, stationary: bool },
    Bw { longest: f64, order: usize },
    Cf { shortest: f64, longest: f64, order: Option<usize>, drift: bool },
}

/// Observations in a quarter by the format of the time variable.
fn per_quarter(fmt: &str) -> Option<f64> {
    let unit = fmt.trim_start_matches("%t").chars().next();
    Some(match unit {
        _ if !fmt.starts_with("%t") => 1.0,
        Some('q') => 1.0,
        Some('y') => 0.25,
        Some('h') => 0.5,
        Some('m') => 3.0,
        _ => return None,
    })
}

fn read(s: &Session, method: &str, cmd: &ParsedCommand) -> Result<Filter> {
    let allowed: &[&str] = match method {
        "hp" => &["smooth", "trend"],
        "bk" => &["minperiod", "maxperiod", "smaorder", "stationary", "trend"],
        "bw" => &["maxperiod", "order", "trend"],
        _ => &["minperiod", "maxperiod", "smaorder", "stationary", "drift", "trend"],
    };
    if let Some((wrong, _)) = cmd.options.iter().find(|o| !allowed.contains(&o.0)) {
        return Err(StataError::option_not_allowed(wrong));
    }
    let (panel, time) = series::declared(s)?;
    let unit = per_quarter(&s.frame.var(time).format).map(|q| q / panel.delta);
    let usual = |value: Option<f64>, name: &str| {
        value.ok_or_else(|| {
            StataError::invalid(format!("option {name}() required with this unit of the time variable"))
        })
    };
    if method == "hp" {
        let lambda = usual(cmd.options.real("smooth").or(unit.map(|q| 1600.0 * q.powi(4))), "smooth")?;
        if !(lambda > 0.0 && lambda < MISSING) {
            return Err(StataError::invalid("smooth() must be positive"));
        }
        return Ok(Filter::Hp(lambda));
    }
    if method == "bw" {
        let longest = usual(cmd.options.real("maxperiod").or(unit.map(|q| 32.0 * q)), "maxperiod")?;
        let order = cmd.options.int("order").unwrap_or(2);
        if !(longest > 2.0 && longest < MISSING) {
            return Err(StataError::invalid("maxperiod() must be greater than 2"));
        }
        if !(1..=50).contains(&order) {
            return Err(StataError::invalid("order() must be a positive integer"));
        }
        return Ok(Filter::Bw { longest, order: order as usize });
    }
    // a cycle is at least two periods long
    let shortest = usual(cmd.options.real("minperiod").or(unit.map(|q| (6.0 * q).max(2.0))), "minperiod")?;
    let longest = usual(cmd.options.real("maxperiod").or(unit.map(|q| 32.0 * q)), "maxperiod")?;
    if !(shortest >= 2.0 && longest > shortest && longest < MISSING) {
        return Err(StataError::invalid("minperiod() must be at least 2 and less than maxperiod()"));
    }
    if method == "bk" {
        let order =
            usual(cmd.options.int("smaorder").map(|k| k as f64).or(unit.map(|q| 12.0 * q)), "smaorder")?;
        if !(1.0..=100_000.0).contains(&order) {
            return Err(StataError::invalid("smaorder() must be a positive integer"));
        }
        let stationary = cmd.has("stationary");
        return Ok(Filter::Bk { shortest, longest, order: order as usize, stationary });
    }
    if cmd.has("stationary") {
        return Err(StataError::unsupported_option("tsfilter cf", "stationary"));
    }
    let order = match cmd.options.int("smaorder") {
        None => None,
        Some(order) if (1..=100_000).contains(&order) => Some(order as usize),
        Some(_) => return Err(StataError::invalid("smaorder() must be a positive integer")),
    };
    Ok(Filter::Cf { shortest, longest, order, drift: cmd.has("drift") })
}

/// Names for the results of `count` variables: one name, or a stub with the numbers from 1.
fn names(s: &Session, text: &str, count: usize) -> Result<(StorageType, Vec<String>)> {
    let list = ParsedCommand { list: text.to_string(), ..ParsedCommand::default() };
    let (kind, words) = new_names(s, &list)?;
    let names: Vec<String> = match &words[..] {
        [(stub, true)] => (1..=count).map(|k| format!("{stub}{k}")).collect(),
        all => all.iter().map(|w| w.0.clone()).collect(),
    };
    if names.len() != count {
        return Err(StataError::standard(if names.len() < count { 102 } else { 103 }));
    }
    names.iter().try_for_each(|name| check_new(&s.frame, name))?;
    Ok((kind, names))
}

fn cycle(filter: &Filter, x: &[f64]) -> Result<Vec<f64>> {
    Ok(match filter {
        Filter::Hp(lambda) => x.iter().zip(hodrick_prescott(x, *lambda)).map(|(x, t)| x - t).collect(),
        Filter::Bk { shortest, longest, order, stationary } => {
            baxter_king(x, *shortest, *longest, *order, *stationary)
        }
        Filter::Bw { longest, order } => butterworth(x, *longest, *order)
            .ok_or_else(|| StataError::new(498, "the filter cannot be computed for this order"))?,
        Filter::Cf { shortest, longest, order: Some(order), drift } => {
            christiano_fitzgerald_fixed(x, *shortest, *longest, *order, *drift)
        }
        Filter::Cf { shortest, longest, order: None, drift } => {
            christiano_fitzgerald(x, *shortest, *longest, *drift)
        }
    })
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (method, rest) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    match method {
        "hp" | "bk" | "bw" | "cf" => {}
        _ => return Err(StataError::invalid(format!("tsfilter {method} is unrecognized"))),
    }
    let mut own = ParsedCommand::split("tsfilter", rest, true)?;
    own.refuse_weight()?;
    own.check_options(OPTIONS, REFUSED)?;
    let filter = read(s, method, &own)?;
    let list = own.exp.clone().ok_or_else(StataError::syntax)?;
    let list = FvList::parse(&s.frame, &list, s.settings.varabbrev)?;
    if list.is_empty() || !list.factors().is_empty() {
        return Err(StataError::syntax());
    }
    let mut touse = series::timed_rows(s, &own)?;
    if let Some(panel) = series::declared(s)?.0.panel {
        s.markout(&[panel], &mut touse, false)?;
    }
    let terms = list.expand(&s.frame, &touse)?;
    let (kind, cycles) = names(s, &own.list, terms.len())?;
    let trends = own.options.text("trend").map(|t| names(s, t, terms.len())).transpose()?;
    if let Some((_, trends)) = &trends
        && let Some(twice) = trends.iter().find(|t| cycles.contains(t))
    {
        return Err(StataError::already_defined(twice));
    }
    let all: Vec<usize> = (0..touse.len()).collect();
    let mut filtered = 0;
    for (k, term) in terms.iter().enumerate() {
        let values = term.values(&s.frame, &all)?;
        let known: Vec<bool> = all.iter().map(|r| touse[*r] && !is_missing(values[*r])).collect();
        let grids = series::grids(s, &known, &values)?;
        if grids.is_empty() {
            return Err(StataError::no_observations());
        }
        let (rows, cyclical) = apply(&filter, &grids)?;
        filtered = rows.len();
        let trend: Vec<f64> = rows
            .iter()
            .zip(&cyclical)
            .map(|(r, c)| if is_missing(*c) { MISSING } else { values[*r] - c })
            .collect();
        let label = format!("{} cyclical component from {method} filter", term.name());
        add(s, &cycles[k], kind, &rows, Prediction { values: cyclical, label })?;
        if let Some((_, names)) = &trends {
            let label = format!("{} trend component from {method} filter", term.name());
            add(s, &names[k], kind, &rows, Prediction { values: trend, label })?;
        }
    }
    let mut r = Results::default();
    match filter {
        Filter::Hp(lambda) => r.scalar("smooth", lambda),
        Filter::Bk { shortest, longest, order, .. } => {
            r.scalar("minperiod", shortest).scalar("maxperiod", longest).scalar("order", order as f64)
        }
        Filter::Bw { longest, order } => r.scalar("maxperiod", longest).scalar("order", order as f64),
        Filter::Cf { shortest, longest, .. } => r.scalar("minperiod", shortest).scalar("maxperiod", longest),
    };
    r.scalar("N", filtered as f64).text("method", method).text("filterlist", cycles.join(" "));
    r.text("varlist", terms.iter().map(|t| t.name()).collect::<Vec<_>>().join(" "));
    if let Some((_, trends)) = trends {
        r.text("trendlist", trends.join(" "));
    }
    s.r = r;
    Ok(())
}

/// Rows and cycles of all panels; r(498) for gaps.
fn apply(filter: &Filter, grids: &[Grid]) -> Result<(Vec<usize>, Vec<f64>)> {
    let (mut rows, mut cycles) = (Vec::new(), Vec::new());
    for grid in grids {
        let own: Vec<usize> = grid.rows.iter().flatten().copied().collect();
        if own.len() != grid.rows.len() {
            return Err(StataError::new(498, "sample may not contain gaps"));
        }
        if own.len() < 3 {
            return Err(StataError::insufficient_observations());
        }
        cycles.extend(cycle(filter, &grid.values)?);
        rows.extend(own);
    }
    Ok((rows, cycles))
}
