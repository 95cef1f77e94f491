//! `fcast compute` and `fcast graph` after `var` and `vec`: dynamic forecasts, after `var` with asymptotic standard errors. Formulas: [TS]
//! fcast compute; Luetkepohl (2005), New Introduction to Multiple Time Series Analysis, section 3.5; numbers:
//! `estimators::var_forecast`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::series;
use super::tsappend::append;
use super::var::{State, held};
use super::vec;
use crate::error::{Result, StataError};
use crate::estimation::model::first_word;
use crate::frame::{Column, Variable};
use crate::ops::graphs::figure_options::line_look;
use crate::ops::graphs::plain::{Plain, RawOption, show_panels};
use crate::ops::predict::column;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::wald;
use figure::{Color, Range, Series, Shape, Style};
use std::any::Any;
use std::sync::Arc;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "fcast",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "fcast compute prefix [, step(#) dynamic(time) nose replace level(#)] | fcast graph prefix_variables [if] [in] [, noci observed twoway_options]",
    notes: "after var without exog(), and after vec with nose; adds prefix_x, prefix_x_SE, prefix_x_LB, prefix_x_UB for each series x, and periods where they are missing; [TS] fcast compute",
    examples: &[Example {
        // The first forecast is the prediction of the equation.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nfcast compute f_, step(2)\nscalar p = [y]_b[L.y]*y[20] + [y]_b[L.x]*x[20] + [y]_b[_cons]",
        expect: &[
            ("f_y[21]/p", 1.0),
            ("_N", 22.0),
            ("(f_y_UB[22] - f_y_LB[22])/(2*invnormal(.975)*f_y_SE[22])", 1.0),
        ],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("fcast", &cmd.raw, false)?;
    cmd.refuse_weight()?;
    cmd.refuse_selection()?;
    let (word, rest) = first_word(&cmd.list);
    let rest = rest.trim().to_string();
    match word {
        w if abbreviates(w, "Compute") => compute(session, &cmd, &rest),
        w if abbreviates(w, "Graph") => graph(session, &cmd, &rest),
        "" => Err(StataError::syntax()),
        other => Err(StataError::unsupported_option("fcast", other)),
    }
}

/// Options of `fcast compute`.
struct Asked {
    steps: usize,
    start: Option<f64>,
    errors: bool,
    replace: bool,
    level: f64,
}

fn asked(session: &mut Session, cmd: &ParsedCommand) -> Result<Asked> {
    let mut out =
        Asked { steps: 1, start: None, errors: true, replace: false, level: session.settings.level };
    for (option, argument) in split_options(&cmd.option_text)? {
        match (option.as_str(), argument) {
            (o, Some(text)) if abbreviates(o, "STep") => {
                out.steps = parse_number(&text)
                    .filter(|s| (1.0..=10_000.0).contains(s) && s.fract() == 0.0)
                    .ok_or_else(|| {
                    StataError::new(198, "step() must be an integer from 1 to 10000")
                })? as usize;
            }
            (o, Some(text)) if abbreviates(o, "Dynamic") => out.start = Some(session.eval_num(&text)?),
            (o, Some(text)) if abbreviates(o, "Level") => {
                out.level = parse_number(&text)
                    .filter(|l| (10.0..=99.99).contains(l))
                    .ok_or_else(|| StataError::new(198, "level() must be between 10 and 99.99 inclusive"))?;
            }
            ("nose", None) => out.errors = false,
            (o, None) if abbreviates(o, "REPlace") => out.replace = true,
            (o, _) if DOCUMENTED.iter().any(|d| abbreviates(o, d)) => {
                return Err(StataError::unsupported_option("fcast compute", o));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    Ok(out)
}

/// Documented options that are not here.
const DOCUMENTED: &[&str] =
    &["ESTimates", "BS", "BSP", "BSCentile", "REPs", "noDOts", "SAving", "DIFferences"];

/// The model whose series are forecast.
enum Model {
    Var(Arc<dyn Any + Send + Sync>),
    Vec(Arc<dyn Any + Send + Sync>),
}

impl Model {
    fn of(session: &Session) -> Result<Self> {
        if session.e.cmd() == "vec" {
            Ok(Self::Vec(vec::held(session)?))
        } else {
            Ok(Self::Var(held(session)?))
        }
    }

    fn names(&self) -> Result<Vec<String>> {
        let names = match self {
            Self::Var(held) => held.downcast_ref::<State>().map(|s| &s.names),
            Self::Vec(held) => held.downcast_ref::<vec::State>().map(|s| &s.names),
        };
        names.cloned().ok_or_else(StataError::no_estimates)
    }

    /// The longest lag; r(199) where the model has other regressors.
    fn most_lags(&self) -> Result<usize> {
        match self {
            Self::Vec(held) => {
                held.downcast_ref::<vec::State>().map(|s| s.lags).ok_or_else(StataError::no_estimates)
            }
            Self::Var(held) => {
                let state = held.downcast_ref::<State>().ok_or_else(StataError::no_estimates)?;
                if state.fit.regressors.len() != state.names.len() * state.lags.len() {
                    return Err(StataError::new(
                        199,
                        "fcast compute after exog() is not supported by the open engine",
                    ));
                }
                Ok(state.lags.iter().copied().max().unwrap_or(1))
            }
        }
    }

    /// Forecasts by step and series, and the covariances of their errors where they are asked for.
    fn forecasts(
        &self,
        session: &Session,
        history: &[Vec<f64>],
        number: f64,
        asked: &Asked,
    ) -> Result<(Vec<Vec<f64>>, Vec<Mat>)> {
        let lost = StataError::no_estimates;
        match self {
            Self::Vec(held) => {
                let state = held.downcast_ref::<vec::State>().ok_or_else(lost)?;
                Ok((state.fit.forecast(history, state.trend, number, asked.steps), Vec::new()))
            }
            Self::Var(held) => {
                let state = held.downcast_ref::<State>().ok_or_else(lost)?;
                let path = state.fit.forecast(history, &state.lags, asked.steps);
                if !asked.errors {
                    return Ok((path, Vec::new()));
                }
                let v = crate::estimation::post::kernel(session.e.v().ok_or_else(lost)?);
                let errors =
                    state.fit.forecast_covariances(&state.y, &state.lags, &state.sigma, &v, asked.steps);
                Ok((path, errors))
            }
        }
    }
}

fn compute(session: &mut Session, cmd: &ParsedCommand, prefix: &str) -> Result<()> {
    if prefix.is_empty() || prefix.contains(char::is_whitespace) {
        return Err(StataError::new(198, "one prefix for the names of the forecasts is needed"));
    }
    let asked = asked(session, cmd)?;
    let model = Model::of(session)?;
    if asked.errors && matches!(model, Model::Vec(_)) {
        return Err(StataError::new(
            199,
            "standard errors of fcast compute after vec are not supported by the open engine; add nose",
        ));
    }
    let names = model.names()?;
    let m = names.len();
    let (panel, time) = series::declared(session)?;
    let last = session.e.results.get_scalar("tmax").ok_or_else(StataError::no_estimates)?;
    let start = asked.start.unwrap_or(last + panel.delta);
    let suffixes: &[&str] = if asked.errors { &["", "_SE", "_LB", "_UB"] } else { &[""] };
    let own = |series: &str, suffix: &str| format!("{prefix}{}{suffix}", series.replace('.', "_"));
    for name in names.iter().flat_map(|n| suffixes.iter().map(|s| own(n, s))) {
        match session.frame.find(&name) {
            Some(at) if asked.replace => session.frame.drop_vars(&[at]),
            Some(_) => return Err(StataError::new(110, format!("variable {name} already defined"))),
            None => {}
        }
    }
    let most = model.most_lags()?;
    let times = session.frame.numeric(time)?;
    let latest = times.iter().copied().filter(|t| !is_missing(*t)).fold(f64::NEG_INFINITY, f64::max);
    let end = start + (asked.steps - 1) as f64 * panel.delta;
    if end > latest {
        append(session, ((end - latest) / panel.delta).round() as usize)?;
    }
    let row_of = |session: &Session, at: f64| {
        (0..session.frame.n_rows()).find(|r| session.frame.num_at(time, *r) == at)
    };
    let mut history: Vec<Vec<f64>> = vec![Vec::new(); m];
    for back in (1..=most).rev() {
        let row = row_of(session, start - back as f64 * panel.delta);
        let row = row.ok_or_else(|| StataError::new(459, "the periods before the forecasts are missing"))?;
        for (series, name) in history.iter_mut().zip(&names) {
            series.extend(column(&session.frame, name, &[row])?);
        }
    }
    if history.iter().flatten().any(|v| is_missing(*v)) {
        return Err(StataError::new(459, "the series have missing values before the forecasts"));
    }
    let first = session.e.results.get_scalar("tmin").ok_or_else(StataError::no_estimates)?;
    let number = ((start - first) / panel.delta).round() + 1.0;
    let (path, errors) = model.forecasts(session, &history, number, &asked)?;
    let rows: Vec<Option<usize>> =
        (0..asked.steps).map(|h| row_of(session, start + h as f64 * panel.delta)).collect();
    let z = wald::critical(asked.level, None);
    for (j, series) in names.iter().enumerate() {
        for suffix in suffixes {
            let mut values = vec![MISSING; session.frame.n_rows()];
            for (h, row) in rows.iter().enumerate() {
                let Some(row) = row else { continue };
                let error = errors.get(h).map_or(MISSING, |e| e[(j, j)].max(0.0).sqrt());
                values[*row] = match *suffix {
                    "_SE" => error,
                    "_LB" => path[h][j] - z * error,
                    "_UB" => path[h][j] + z * error,
                    _ => path[h][j],
                };
            }
            session.frame.add(Variable::new(&own(series, suffix), Column::Double(values)))?;
        }
    }
    Ok(())
}

/// How `fcast graph` draws.
struct Look {
    interval: bool,
    observed: bool,
    line: Style,
    rest: Vec<RawOption>,
}

impl Look {
    fn of(option_text: &str) -> Result<Self> {
        let mut out = Self { interval: true, observed: false, line: Style::default(), rest: Vec::new() };
        for option in split_options(option_text)? {
            match (option.0.as_str(), &option.1) {
                ("noci", None) => out.interval = false,
                ("ci", None) => out.interval = true,
                (o, None) if abbreviates(o, "Observed") => out.observed = true,
                (o, None) if abbreviates(o, "DIFferences") => {
                    return Err(StataError::unsupported_option("fcast graph", o));
                }
                _ if line_look(&mut out.line, &option)? => {}
                (o, Some(_)) if abbreviates(o, "CIOPts") => {}
                _ => out.rest.push(option),
            }
        }
        Ok(out)
    }
}

fn graph(session: &mut Session, cmd: &ParsedCommand, list: &str) -> Result<()> {
    let look = Look::of(&cmd.option_text)?;
    let forecasts = session.varlist(list)?;
    if forecasts.is_empty() {
        return Err(StataError::standard(100));
    }
    let names = Model::of(session)?.names()?;
    let touse = session.rows(cmd)?;
    let rows = series::order(session, &touse, true)?;
    let mut panels = Vec::new();
    for position in forecasts {
        let drawn = curves(session, position, &names, &rows, &look)?;
        panels.push((format!("Forecast for {}", session.frame.var(position).name), drawn));
    }
    if let [(title, plain)] = &mut panels[..] {
        plain.title = std::mem::take(title);
    }
    show_panels(session, panels, &look.rest)
}

/// The plots of one forecast.
fn curves(
    session: &Session,
    position: usize,
    names: &[String],
    rows: &[usize],
    look: &Look,
) -> Result<Plain> {
    let name = session.frame.var(position).name.clone();
    let (_, time) = series::declared(session)?;
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        let each = rows.iter().map(|r| (session.frame.num_at(time, *r), values[*r]));
        each.filter(|p| !is_missing(p.0) && !is_missing(p.1)).collect()
    };
    let read = |name: &str| -> Result<Vec<f64>> {
        Ok(session.frame.numeric(session.frame.position(name)?)?.to_vec())
    };
    let forecast = points(&read(&name)?);
    if forecast.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut drawn = Vec::new();
    let mut draw = |shape: Shape, style: Style, label: &str| {
        let number = drawn.len();
        drawn.push(Series { label: label.to_string(), number, shape, style });
    };
    if look.interval {
        let (low, high) = (points(&read(&format!("{name}_LB"))?), points(&read(&format!("{name}_UB"))?));
        let ranges = low.iter().zip(&high).map(|(l, h)| Range { at: l.0, low: l.1, high: h.1 }).collect();
        let grey = Style { fill: Color::parse("gs13"), ..Style::default() };
        draw(Shape::Band { ranges }, grey, "interval");
    }
    draw(Shape::Line { points: forecast, step: false }, look.line.clone(), "forecast");
    if look.observed {
        let series = names.iter().find(|n| name.ends_with(&n.replace('.', "_")));
        let series = series.ok_or_else(|| StataError::new(111, format!("{name} is no forecast of var")))?;
        let every: Vec<usize> = (0..session.frame.n_rows()).collect();
        let values = points(&column(&session.frame, series, &every)?);
        draw(Shape::Line { points: values, step: false }, Style::default(), "observed");
    }
    Ok(Plain { series: drawn, x_title: session.frame.var(time).name.clone(), ..Plain::default() })
}
