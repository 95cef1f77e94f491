//! `irf create`, `irf set`, `irf table` and `irf graph` after `var`, `vec` and `svar`: responses to impulses, kept in a file that is a
//! data set. Formulas: [TS] irf create; standard errors by the delta method; numbers: `estimators::var`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::var::{State, held};
use crate::error::{Result, StataError};
use crate::estimation::model::first_word;
use crate::format;
use crate::frame::{Column, Frame, Variable};
use crate::ops::data_files::{read_dta, write_dta};
use crate::ops::graphs::plain::{Plain, show};
use crate::session::{Extension, Session};
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::var::{Tables, standard_errors, structural, tables};
use estimators::wald;
use figure::{Color, Range, Series, Shape, Style};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "irf",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "irf set filename [, replace clear] | irf create name [, step(#) set(filename [, replace]) replace] | irf table {irf|oirf|cirf|coirf|fevd|sirf|sfevd} [, irf(names) impulse(vars) response(vars) level(#)] | irf graph stat, impulse(var) response(var) [irf(name) level(#) twoway_options]",
    notes: "after var, and after vec and svar without standard errors; the file is a data set with irfname, impulse, response, step, irf oirf cirf coirf fevd sirf sfevd and std...; sirf and sfevd are missing but after svar; [TS] irf create",
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
const STATISTICS: [&str; 7] = ["irf", "oirf", "cirf", "coirf", "fevd", "sirf", "sfevd"];

fn file_name(text: &str) -> String {
    let name = unquote(text).trim().to_string();
    let last = name.rsplit('/').next().unwrap_or("");
    if last.contains('.') { name } else { format!("{name}.irf") }
}

fn set(session: &mut Session, text: &str) {
    session.extensions.set(Active(file_name(text)));
}

fn current(session: &Session) -> Result<String> {
    session
        .extensions
        .get::<Active>()
        .map(|active| active.0.clone())
        .ok_or_else(|| StataError::new(111, "no irf file active; use irf set or option set()"))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("irf", &cmd.raw, false)?;
    let (word, rest) = first_word(&cmd.list);
    let rest = rest.trim().to_string();
    match word {
        "set" => {
            for (name, _) in split_options(&cmd.option_text)? {
                if !matches!(name.as_str(), "replace" | "clear") {
                    return Err(StataError::option_not_allowed(&name));
                }
            }
            if rest.is_empty() {
                return Err(StataError::standard(100));
            }
            set(session, &rest);
            let name = current(session)?;
            session.print(format!("(file {name} now active)"));
            Ok(())
        }
        w if abbreviates(w, "CReate") => create(session, &cmd, &rest),
        w if abbreviates(w, "Table") => table(session, &cmd, &rest),
        w if abbreviates(w, "Graph") => graph(session, &cmd, &rest),
        other => Err(StataError::unsupported_option("irf", other)),
    }
}

/// The tables of the active system.
struct System {
    names: Vec<String>,
    values: Tables,
    /// Standard errors; nothing after `vec` and `svar`.
    errors: Option<Tables>,
    /// Responses to structural shocks and their shares, after `svar`.
    structural: Option<[Vec<Mat>; 2]>,
}

impl System {
    fn of(session: &Session, steps: usize) -> Result<Self> {
        let singular = || StataError::new(459, "the error covariance is not positive definite");
        if session.e.cmd() == "vec" {
            let held = super::vec::held(session)?;
            let state = held.downcast_ref::<super::vec::State>().ok_or_else(|| StataError::standard(301))?;
            let fit = &state.fit;
            let values = tables(&fit.lags, &fit.system.sigma_ml, steps).ok_or_else(singular)?;
            return Ok(Self { names: state.names.clone(), values, errors: None, structural: None });
        }
        if session.e.cmd() == "svar" {
            let extra = session.e.extra.clone();
            let own = extra.as_ref().and_then(|e| e.downcast_ref::<super::svar::Structural>());
            let own = own.ok_or_else(|| StataError::standard(301))?;
            let values = tables(&own.lags, &own.sigma, steps).ok_or_else(singular)?;
            let structural = Some(structural(&own.lags, &own.impact, steps));
            return Ok(Self { names: own.names.clone(), values, errors: None, structural });
        }
        let held = held(session)?;
        let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::standard(301)) };
        let m = state.names.len();
        let a = state.fit.lag_matrices(&state.lags);
        let index: Vec<(usize, usize, usize)> = (0..m)
            .flat_map(|eq| (0..m).flat_map(move |j| state.lags.iter().map(move |l| (eq, j, *l))))
            .collect();
        let place = |i: &(usize, usize, usize)| {
            let lag = state.lags.iter().position(|l| *l == i.2).unwrap_or(0);
            i.0 * state.fit.k + i.1 * state.lags.len() + lag
        };
        let positions: Vec<usize> = index.iter().map(place).collect();
        let v = crate::estimation::post::kernel(session.e.v().ok_or_else(|| StataError::standard(301))?);
        let v = v.select(&positions, &positions);
        let values = tables(&a, &state.sigma, steps).ok_or_else(singular)?;
        let errors =
            standard_errors(&a, &state.sigma, &v, &index, state.fit.n as f64, steps).ok_or_else(singular)?;
        Ok(Self { names: state.names.clone(), values, errors: Some(errors), structural: None })
    }
}

fn create(session: &mut Session, cmd: &ParsedCommand, name: &str) -> Result<()> {
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(StataError::new(198, "a name for the results is needed"));
    }
    let mut steps = 8;
    for (option, argument) in split_options(&cmd.option_text)? {
        match (option.as_str(), argument) {
            (o, Some(text)) if abbreviates(o, "STep") => {
                steps = parse_number(&text)
                    .filter(|s| (1.0..=500.0).contains(s) && s.fract() == 0.0)
                    .ok_or_else(|| StataError::new(198, "step() must be an integer from 1 to 500"))?
                    as usize;
            }
            ("set", Some(text)) => set(session, text.split(',').next().unwrap_or("")),
            ("replace", None) => {}
            (o, _) if abbreviates(o, "ORder") || o == "bs" || o == "bsp" || o == "nose" => {
                return Err(StataError::unsupported_option("irf create", o));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    let file = current(session)?;
    let System { names: series, values, errors, structural } = System::of(session, steps)?;
    let m = series.len();
    let count = m * m * (steps + 1);
    let mut text: [Vec<Box<str>>; 3] = Default::default();
    let mut step_column = Vec::with_capacity(count);
    let mut numbers: Vec<Vec<f64>> = vec![Vec::new(); 2 * STATISTICS.len()];
    for impulse in 0..m {
        for response in 0..m {
            for step in 0..=steps {
                for (column, value) in text.iter_mut().zip([name, &series[impulse], &series[response]]) {
                    column.push(value.into());
                }
                step_column.push(step as f64);
                for s in 0..STATISTICS.len() {
                    let value = |all: &[Vec<Mat>]| all.get(s).map(|v| v[step][(response, impulse)]);
                    let shock = |all: &[Vec<Mat>; 2]| {
                        s.checked_sub(values.values.len()).map(|at| all[at][step][(response, impulse)])
                    };
                    let found = value(&values.values).or_else(|| structural.as_ref().and_then(shock));
                    let error = errors.as_ref().and_then(|e| value(&e.values));
                    numbers[s].push(found.unwrap_or(MISSING));
                    numbers[STATISTICS.len() + s].push(error.unwrap_or(MISSING));
                }
            }
        }
    }
    let mut frame = Frame::new();
    let [names, impulses, responses] = text;
    frame.add(Variable::new("irfname", Column::from_strings(names)))?;
    frame.add(Variable::new("impulse", Column::from_strings(impulses)))?;
    frame.add(Variable::new("response", Column::from_strings(responses)))?;
    frame.add(Variable::new("step", Column::Double(step_column)))?;
    let mut columns = numbers.into_iter();
    for prefix in ["", "std"] {
        for statistic in STATISTICS {
            if let Some(values) = columns.next() {
                frame.add(Variable::new(&format!("{prefix}{statistic}"), Column::Double(values)))?;
            }
        }
    }
    let path = session.path(&file);
    write_dta(&frame, &path)?;
    session.print(format!("(file {file} updated)"));
    Ok(())
}

/// Request of `irf table` and `irf graph`.
struct Asked {
    frame: Frame,
    statistic: String,
    sets: Vec<String>,
    impulse: Vec<String>,
    response: Vec<String>,
    level: f64,
    rest: Vec<(String, Option<String>)>,
}

fn asked(session: &Session, cmd: &ParsedCommand, statistic: &str) -> Result<Asked> {
    if !STATISTICS.contains(&statistic) {
        return Err(StataError::unsupported_option("irf", statistic));
    }
    let file = current(session)?;
    let mut out = Asked {
        frame: read_dta(&session.path(&file), &file, None, false)?,
        statistic: statistic.to_string(),
        sets: Vec::new(),
        impulse: Vec::new(),
        response: Vec::new(),
        level: session.settings.level,
        rest: Vec::new(),
    };
    for option in split_options(&cmd.option_text)? {
        let words = |text: &str| text.split_whitespace().map(str::to_string).collect();
        match &option {
            (o, Some(text)) if abbreviates(o, "irf") => out.sets = words(text),
            (o, Some(text)) if abbreviates(o, "Impulse") => out.impulse = words(text),
            (o, Some(text)) if abbreviates(o, "Response") => out.response = words(text),
            (o, Some(text)) if abbreviates(o, "Level") => {
                out.level = parse_number(text)
                    .filter(|l| (10.0..=99.99).contains(l))
                    .ok_or_else(|| StataError::new(198, "level() must be between 10 and 99.99 inclusive"))?;
            }
            _ => out.rest.push(option),
        }
    }
    Ok(out)
}

/// Step, value and standard error.
type Point = (f64, f64, f64);

impl Asked {
    /// Step, value and standard error of the chosen pairs.
    fn pairs(&self) -> Result<Vec<(String, Vec<Point>)>> {
        let at = |name: &str| self.frame.position(name);
        let (set, impulse, response, step) = (at("irfname")?, at("impulse")?, at("response")?, at("step")?);
        let (value, error) = (at(&self.statistic)?, at(&format!("std{}", self.statistic))?);
        let mut out: Vec<(String, Vec<Point>)> = Vec::new();
        for row in 0..self.frame.n_rows() {
            let text = |v: usize| self.frame.var(v).data.str(row).to_string();
            let (i, r) = (text(impulse), text(response));
            let chosen = |list: &[String], name: &String| list.is_empty() || list.contains(name);
            if !chosen(&self.sets, &text(set)) || !chosen(&self.impulse, &i) || !chosen(&self.response, &r) {
                continue;
            }
            let number = |v: usize| self.frame.num_at(v, row);
            let key = format!("{i} -> {r}");
            let point = (number(step), number(value), number(error));
            match out.last_mut().filter(|l| l.0 == key) {
                Some(last) => last.1.push(point),
                None => out.push((key, vec![point])),
            }
        }
        if out.is_empty() { Err(StataError::no_observations()) } else { Ok(out) }
    }
}

/// A limit of an interval; missing without a standard error.
fn bound(value: f64, error: f64, z: f64) -> f64 {
    if is_missing(error) { MISSING } else { value + z * error }
}

fn table(session: &mut Session, cmd: &ParsedCommand, statistic: &str) -> Result<()> {
    let asked = asked(session, cmd, statistic)?;
    if let Some(option) = asked.rest.first() {
        return Err(StataError::option_not_allowed(&option.0));
    }
    let z = wald::critical(asked.level, None);
    for (key, points) in asked.pairs()? {
        session.print("");
        session.print(format!("{statistic}: {key}"));
        session.print(format!("{:>6} |{:>12}{:>12}{:>12}", "Step", statistic, "Lower", "Upper"));
        session.print(format!("-------+{}", "-".repeat(36)));
        for (step, value, error) in points {
            let cell = |x: f64| format::right(&format::bare("%9.0g", x), 12);
            session.print(format!(
                "{step:>6} |{}{}{}",
                cell(value),
                cell(bound(value, error, -z)),
                cell(bound(value, error, z))
            ));
        }
    }
    Ok(())
}

fn graph(session: &mut Session, cmd: &ParsedCommand, statistic: &str) -> Result<()> {
    let asked = asked(session, cmd, statistic)?;
    let z = wald::critical(asked.level, None);
    let pairs = asked.pairs()?;
    let [(key, points)] = &pairs[..] else {
        return Err(StataError::new(
            199,
            "irf graph of several pairs is not supported by the open engine; name impulse() and response()",
        ));
    };
    let band: Vec<Range> = points
        .iter()
        .filter(|p| !is_missing(p.2))
        .map(|(s, v, e)| Range { at: *s, low: bound(*v, *e, -z), high: bound(*v, *e, z) })
        .collect();
    let line = points.iter().map(|(s, v, _)| (*s, *v)).collect();
    let drawn = |shape: Shape, style: Style, label: &str| Series {
        label: label.to_string(),
        number: 0,
        shape,
        style,
    };
    let grey = Style { fill: Color::parse("gs13"), ..Style::default() };
    let mut series = Vec::new();
    if !band.is_empty() {
        series.push(drawn(Shape::Band { ranges: band }, grey, &format!("{}% interval", asked.level)));
    }
    series.push(drawn(Shape::Line { points: line, step: false }, Style::default(), statistic));
    let figure = Plain {
        series,
        title: key.clone(),
        x_title: "Step".to_string(),
        y_title: statistic.to_string(),
        ..Plain::default()
    };
    show(session, figure, &asked.rest)
}
