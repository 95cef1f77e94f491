//! `xcorr`: cross-correlations of two series ([TS] xcorr; Box, Jenkins and Reinsel 2008, Time Series Analysis, 12.1).

use super::super::{ByRule, CommandSpec, Example, Form};
use super::series;
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Variable, is_valid_name};
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::timeseries::cross_correlations;
use figure::{Range, Series as Drawn, Shape, Style};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xcorr",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "xcorr varname1 varname2 [if] [in] [, lags(#) table noplot generate(newvar) twoway_options]",
    notes: "correlations of the first series with the second one lag periods later, for -lags() to lags(), min(N/2 - 2, 20) by default; generate() has them in this order; no results; [TS] xcorr",
    examples: &[Example {
        // The second series follows the first by one period: the largest correlation is at lag 1.
        run: "input t x y\n1 1 0\n2 -1 1\n3 0 -1\n4 0 0\nend\ntsset t\nxcorr x y, lags(1) generate(r)",
        expect: &[("r[1]", 0.0), ("r[2]", -0.5), ("r[3]", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("xcorr", &cmd.raw, false)?;
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let (mut lags, mut table, mut plot, mut generate) = (None, false, true, None);
    let mut rest: Vec<RawOption> = Vec::new();
    for option in split_options(&cmd.option_text)? {
        match &option {
            (name, Some(text)) if abbreviates(name, "LAGs") => {
                let number = parse_number(text).filter(|l| *l >= 1.0 && l.fract() == 0.0);
                lags = Some(number.ok_or_else(|| StataError::new(198, "lags() must be a positive integer"))?);
            }
            (name, Some(text)) if abbreviates(name, "GENerate") => generate = Some(text.trim().to_string()),
            (name, None) if abbreviates(name, "TABle") => table = true,
            (name, None) if abbreviates(name, "noPlot") => plot = false,
            _ => rest.push(option),
        }
    }
    let all = series::several(session, &cmd, &cmd.list)?;
    let [first, second] = &all[..] else {
        return Err(StataError::standard(if all.len() < 2 { 102 } else { 103 }));
    };
    let n = first.values.len();
    let lags = lags.map_or((n / 2).saturating_sub(2).min(20), |l| l as usize);
    if lags == 0 || lags >= n {
        return Err(StataError::insufficient_observations());
    }
    let found = cross_correlations(&first.values, &second.values, lags);
    if found.iter().any(|r| !r.is_finite()) {
        return Err(StataError::new(459, "a series does not vary"));
    }
    let names = (first.name.clone(), second.name.clone());
    if table || !plot {
        print(session, &found, lags, plot);
    }
    if let Some(name) = &generate {
        store(session, name, &found)?;
    }
    if table || !plot {
        return match rest.first() {
            Some(option) => Err(StataError::option_not_allowed(&option.0)),
            None => Ok(()),
        };
    }
    draw(session, &found, lags, &names, n, &rest)
}

fn print(session: &mut Session, found: &[f64], lags: usize, plot: bool) {
    session.print("");
    if plot {
        session.print(format!("{:17}-1       0       1", ""));
    }
    session.print(format!("{:>5}{:>10}{}", "LAG", "CORR", if plot { " [Cross-correlation]" } else { "" }));
    session.print("-".repeat(if plot { 35 } else { 15 }));
    for (at, r) in found.iter().enumerate() {
        let lag = at as i64 - lags as i64;
        let bar = if plot { format!("  {}", super::corrgram::bar(*r)) } else { String::new() };
        session.print(format!("{lag:<5}{:>10}{bar}", format::bare("%7.4f", *r)).trim_end());
    }
}

fn store(session: &mut Session, name: &str, found: &[f64]) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let rows = session.frame.n_rows();
    if rows < found.len() {
        return Err(StataError::new(2001, "there are fewer observations than correlations"));
    }
    let mut column = found.to_vec();
    column.resize(rows, MISSING);
    session.frame.add(Variable::new(name, Column::Double(column)))?;
    Ok(())
}

fn draw(
    session: &mut Session,
    found: &[f64],
    lags: usize,
    names: &(String, String),
    n: usize,
    rest: &[RawOption],
) -> Result<()> {
    let at = |i: usize| i as f64 - lags as f64;
    let spikes = (0..found.len())
        .map(|i| Range { at: at(i), low: found[i].min(0.0), high: found[i].max(0.0) })
        .collect();
    let points = (0..found.len()).map(|i| (at(i), found[i])).collect();
    let drawn = |shape: Shape| Drawn { label: String::new(), number: 0, shape, style: Style::default() };
    let figure = Plain {
        series: vec![
            drawn(Shape::Ranges { ranges: spikes, caps: false, horizontal: false }),
            drawn(Shape::Points { points }),
        ],
        title: "Cross-correlogram".to_string(),
        x_title: "Lag".to_string(),
        y_title: format!("Cross-correlations of {} and {}", names.0, names.1),
        used: Some(n),
        ..Plain::default()
    };
    show(session, figure, rest)
}
