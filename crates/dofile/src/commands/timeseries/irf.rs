//! `irf create`, `irf set`, `irf table` and `irf graph` after `var`, `vec`, `svar` and `arima`: responses to impulses, kept in a file that is a
//! data set. Formulas: [TS] irf create; standard errors by the delta method; numbers: `estimators::var`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::irf_file::{Entry, IrfFile, STATISTICS};
use super::irf_show;
use super::var::{State, held};
use crate::error::{Result, StataError};
use crate::estimation::model::first_word;
use crate::ops::graphs::text::suboptions;
use crate::session::{Extension, Session};
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::var::{Multipliers, Tables, multipliers, standard_errors, structural, tables};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "irf",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "irf set filename [, replace clear] | irf create name [, step(#) order(vars) set(filename [, replace]) replace] | irf table [stats] [, irf(names) impulse(vars) response(vars) individual noci std title(text) level(#)] | irf graph stats [, irf(names) impulse(vars) response(vars) noci level(#) lstep(#) ustep(#) byopts() twoway_options] | irf {cgraph|ograph|ctable} (irfname impulse response stats [, options]) ... [, options]",
    notes: "stats are irf oirf dm cirf coirf cdm fevd sirf sfevd; after var and arima, and after vec and svar without standard errors; after arima of a series without differences, irf oirf cirf coirf; the file is a data set with irfname, impulse, response, step, the statistics and their standard errors std...; sirf and sfevd are missing but after svar, dm and cdm but for regressors of exog(); [TS] irf create, [TS] irf table, [TS] irf graph",
    examples: &[Example {
        // After one step the response is the coefficient.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nscalar b = [y]_b[L.x]\ntempfile f\nirf create m, step(1) set(`f'.irf)\nuse `f'.irf, clear\nkeep if impulse == \"x\" & response == \"y\" & step == 1\nerase `f'.irf",
        expect: &[("irf[1]/b", 1.0)],
    }],
};

/// The file that `irf set` made active.
#[derive(Debug)]
struct Active(String);

impl Extension for Active {}

fn file_name(text: &str) -> String {
    let name = unquote(text).trim().to_string();
    let last = name.rsplit('/').next().unwrap_or("");
    if last.contains('.') { name } else { format!("{name}.irf") }
}

/// Makes a file active; a new one, or one that is replaced, is written empty.
fn set(session: &mut Session, argument: &str) -> Result<()> {
    let (name, options) = suboptions(argument)?;
    let mut replace = false;
    for (option, _) in options {
        match option.as_str() {
            "replace" => replace = true,
            "clear" => {}
            _ => return Err(StataError::option_not_allowed(&option)),
        }
    }
    if name.trim().is_empty() {
        return Err(StataError::standard(100));
    }
    let file = file_name(name);
    let path = session.path(&file);
    if replace || !path.exists() {
        IrfFile::default().write(&path)?;
        session.print(format!("(file {file} created)"));
    }
    session.print(format!("(file {file} now active)"));
    session.extensions.set(Active(file));
    Ok(())
}

/// The name of the active file.
pub(super) fn current(session: &Session) -> Result<String> {
    session
        .extensions
        .get::<Active>()
        .map(|active| active.0.clone())
        .ok_or_else(|| StataError::new(111, "no irf file active; use irf set or option set()"))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let whole = cmd.raw.trim();
    let (word, rest) = first_word(whole);
    let is = |declared: &str| abbreviates(word, declared);
    match word {
        "set" => set(session, rest),
        _ if is("CReate") => create(session, &ParsedCommand::whole("irf", rest)?),
        _ if is("Table") => irf_show::table(session, &ParsedCommand::whole("irf", rest)?),
        _ if is("Graph") => irf_show::graph(session, &ParsedCommand::whole("irf", rest)?),
        _ if is("CTable") => irf_show::combined(session, rest, irf_show::Combined::Tables),
        _ if is("CGraph") => irf_show::combined(session, rest, irf_show::Combined::Panels),
        _ if is("OGraph") => irf_show::combined(session, rest, irf_show::Combined::OnePlot),
        other => Err(StataError::unsupported_option("irf", other)),
    }
}

/// The tables of the active system.
struct System {
    names: Vec<String>,
    /// Regressors of `exog()`, with their multipliers.
    exogenous: Vec<String>,
    multipliers: Option<Multipliers>,
    values: Tables,
    /// Standard errors; nothing after `vec` and `svar`.
    errors: Option<Tables>,
    /// Responses to structural shocks and their shares, after `svar`.
    structural: Option<[Vec<Mat>; 2]>,
}

fn singular() -> StataError {
    StataError::new(459, "the error covariance is not positive definite")
}

/// Positions of the series in the order of `order()`.
fn ordered(names: &[String], order: Option<&str>) -> Result<Vec<usize>> {
    let Some(text) = order else { return Ok((0..names.len()).collect()) };
    let words: Vec<&str> = text.split_whitespace().collect();
    let find = |w: &&str| names.iter().position(|n| n == w);
    let places: Option<Vec<usize>> = words.iter().map(find).collect();
    places
        .filter(|p| (0..names.len()).all(|i| p.contains(&i)) && p.len() == names.len())
        .ok_or_else(|| StataError::new(198, "order() must name each endogenous variable once"))
}

impl System {
    fn of(session: &Session, steps: usize, order: Option<&str>) -> Result<Self> {
        match session.e.cmd() {
            "vec" => {
                let held = super::vec::held(session)?;
                let state = held.downcast_ref::<super::vec::State>().ok_or_else(StataError::no_estimates)?;
                let (fit, places) = (&state.fit, ordered(&state.names, order)?);
                let lags: Vec<Mat> = fit.lags.iter().map(|a| a.select(&places, &places)).collect();
                let sigma = fit.system.sigma_ml.select(&places, &places);
                let values = tables(&lags, &sigma, steps).ok_or_else(singular)?;
                let names = places.iter().map(|p| state.names[*p].clone()).collect();
                Ok(Self::without_errors(names, values, None))
            }
            "svar" => {
                if order.is_some() {
                    return Err(StataError::new(198, "order() may not be specified after svar"));
                }
                let extra = session.e.extra.clone();
                let own = extra.as_ref().and_then(|e| e.downcast_ref::<super::svar::Structural>());
                let own = own.ok_or_else(StataError::no_estimates)?;
                let values = tables(&own.lags, &own.sigma, steps).ok_or_else(singular)?;
                let structural = Some(structural(&own.lags, &own.impact, steps));
                Ok(Self::without_errors(own.names.clone(), values, structural))
            }
            "arima" => {
                if order.is_some() {
                    return Err(StataError::new(198, "order() may not be specified after arima"));
                }
                let (name, values, errors) = super::irf_arima::responses(session, steps)?;
                Ok(Self { errors: Some(errors), ..Self::without_errors(vec![name], values, None) })
            }
            _ => Self::of_var(session, steps, order),
        }
    }

    fn without_errors(names: Vec<String>, values: Tables, structural: Option<[Vec<Mat>; 2]>) -> Self {
        Self { names, exogenous: Vec::new(), multipliers: None, values, errors: None, structural }
    }

    fn of_var(session: &Session, steps: usize, order: Option<&str>) -> Result<Self> {
        let held = held(session)?;
        let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
        let (m, p, k) = (state.names.len(), state.lags.len(), state.fit.k);
        let places = ordered(&state.names, order)?;
        let a: Vec<Mat> =
            state.fit.lag_matrices(&state.lags).iter().map(|a| a.select(&places, &places)).collect();
        let sigma = state.sigma.select(&places, &places);
        let index: Vec<(usize, usize, usize)> = (0..m)
            .flat_map(|eq| (0..m).flat_map(move |j| state.lags.iter().map(move |l| (eq, j, *l))))
            .collect();
        let place = |i: &(usize, usize, usize)| {
            let lag = state.lags.iter().position(|l| *l == i.2).unwrap_or(0);
            places[i.0] * k + places[i.1] * p + lag
        };
        let mut positions: Vec<usize> = index.iter().map(place).collect();
        let all = crate::estimation::post::kernel(session.e.v().ok_or_else(StataError::no_estimates)?);
        let v = all.select(&positions, &positions);
        let values = tables(&a, &sigma, steps).ok_or_else(singular)?;
        let errors =
            standard_errors(&a, &sigma, &v, &index, state.fit.n as f64, steps).ok_or_else(singular)?;
        let own = |eq: usize, x: usize| places[eq] * k + m * p + x;
        let count = state.exogenous.len();
        let found = (count > 0).then(|| {
            positions.extend((0..m).flat_map(|eq| (0..count).map(move |x| own(eq, x))));
            let effects = Mat::from_fn(m, count, |eq, x| state.fit.b[(places[eq], m * p + x)]);
            multipliers(&a, &effects, &all.select(&positions, &positions), &index, steps)
        });
        Ok(Self {
            names: places.iter().map(|p| state.names[*p].clone()).collect(),
            exogenous: state.exogenous.clone(),
            multipliers: found,
            values,
            errors: Some(errors),
            structural: None,
        })
    }

    /// Value and standard error of one statistic.
    fn cell(&self, statistic: &str, step: usize, at: (usize, usize)) -> (f64, f64) {
        let number = ["irf", "oirf", "cirf", "coirf", "fevd"].iter().position(|s| *s == statistic);
        let own = |all: &Tables| number.map_or(MISSING, |s| all.values[s][step][at]);
        let shock = |all: &[Vec<Mat>; 2]| match statistic {
            "sirf" => all[0][step][at],
            "sfevd" => all[1][step][at],
            _ => MISSING,
        };
        match number {
            Some(_) => (own(&self.values), self.errors.as_ref().map_or(MISSING, own)),
            None => (self.structural.as_ref().map_or(MISSING, shock), MISSING),
        }
    }

    /// The rows of the file under a name.
    fn entries(&self, name: &str, steps: usize) -> Vec<Entry> {
        let mut out = Vec::new();
        let entry = |impulse: &str, response: usize, step: usize, cells: Vec<(f64, f64)>| Entry {
            set: name.to_string(),
            impulse: impulse.to_string(),
            response: self.names[response].clone(),
            step: step as f64,
            cells,
        };
        for (impulse, own) in self.names.iter().enumerate() {
            for (response, step) in (0..self.names.len()).flat_map(|r| (0..=steps).map(move |s| (r, s))) {
                let cells = STATISTICS.iter().map(|s| self.cell(s, step, (response, impulse))).collect();
                out.push(entry(own, response, step, cells));
            }
        }
        let Some(found) = &self.multipliers else { return out };
        for (x, own) in self.exogenous.iter().enumerate() {
            for (response, step) in (0..self.names.len()).flat_map(|r| (0..=steps).map(move |s| (r, s))) {
                let cell = |statistic: &&str| match *statistic {
                    "dm" => (found.values[step][(response, x)], found.errors[step][(response, x)]),
                    "cdm" => (found.sums[step][(response, x)], found.sum_errors[step][(response, x)]),
                    _ => (MISSING, MISSING),
                };
                out.push(entry(own, response, step, STATISTICS.iter().map(cell).collect()));
            }
        }
        out
    }
}

fn create(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = cmd.list.trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(StataError::new(198, "a name for the results is needed"));
    }
    let (mut steps, mut replace, mut order) = (8, false, None);
    for (option, argument) in split_options(&cmd.option_text)? {
        match (option.as_str(), argument) {
            (o, Some(text)) if abbreviates(o, "STep") => {
                steps = parse_number(&text)
                    .filter(|s| (1.0..=500.0).contains(s) && s.fract() == 0.0)
                    .ok_or_else(|| StataError::new(198, "step() must be an integer from 1 to 500"))?
                    as usize;
            }
            ("set", Some(text)) => set(session, &text)?,
            (o, None) if abbreviates(o, "replace") => replace = true,
            (o, Some(text)) if abbreviates(o, "Order") => order = Some(text),
            (o, _) if matches!(o, "bs" | "bsp" | "nose") || abbreviates(o, "ESTimates") => {
                return Err(StataError::unsupported_option("irf create", o));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    let file = current(session)?;
    let system = System::of(session, steps, order.as_deref())?;
    let path = session.path(&file);
    let mut held = if path.exists() { IrfFile::read(&path, &file)? } else { IrfFile::default() };
    if held.remove(name) {
        if !replace {
            return Err(StataError::new(
                110,
                format!("irfname {name} already exists in {file}; use option replace"),
            ));
        }
    } else if replace {
        session.print(format!("irfname {name} not found in {file}"));
    }
    held.entries.extend(system.entries(name, steps));
    held.write(&path)?;
    session.print(format!("(file {file} updated)"));
    Ok(())
}
