//! `pergram` and `cumsp`: the periodogram of a series and its cumulative form.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::series::{self, Series};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::spectrum::{cumulative, periodogram};
use figure::{Series as Drawn, Shape, Style};

/// `pergram`.
pub(super) const SPEC_PERGRAM: CommandSpec = CommandSpec {
    name: "pergram",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: pergram,
    syntax: "pergram varname [if] [in] [, generate(newvar) nograph twoway_options]",
    notes: "the graph shows the logarithm of the density over the variance, cut at -6 and 6; generate() has the squared size of the sums at the frequencies 0, 1/n ... 1/2, n times the density; [TS] pergram",
    examples: &[Example {
        // 1 -1 1 -1: all of the variance is at the frequency one half, where the sum is 4
        run: "set obs 4\ngenerate t = _n\ngenerate x = cond(mod(_n, 2), 1, -1)\ntsset t\npergram x, generate(f)",
        expect: &[("f[1]", 0.0), ("f[3]", 16.0)],
    }],
};

/// `cumsp`.
pub(super) const SPEC_CUMSP: CommandSpec = CommandSpec {
    name: "cumsp",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: cumsp,
    syntax: "cumsp varname [if] [in] [, generate(newvar) twoway_options]",
    notes: "generate() has the cumulative spectral distribution at the frequencies 0, 1/n ... 1/2; [TS] cumsp",
    examples: &[Example {
        run: "set obs 4\ngenerate t = _n\ngenerate x = cond(mod(_n, 2), 1, -1)\ntsset t\ncumsp x, generate(f)",
        expect: &[("f[2]", 0.0), ("f[3]", 1.0)],
    }],
};

/// A series with the options of the command.
pub(super) struct Read {
    pub(super) series: Series,
    pub(super) density: Vec<f64>,
    generate: Option<String>,
    pub(super) rest: Vec<RawOption>,
}

impl Read {
    pub(super) fn of(session: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let cmd = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
        if cmd.weight.is_some() {
            return Err(StataError::new(101, "weights not allowed"));
        }
        let (mut generate, mut rest) = (None, Vec::new());
        for option in split_options(&cmd.option_text)? {
            match &option {
                (name, Some(text)) if abbreviates(name, "GENerate") && cmd.name != "wntestb" => {
                    generate = Some(text.trim().to_string());
                }
                (name, Some(_)) if abbreviates(name, "ADDPLOT") => {
                    return Err(StataError::unsupported_option(&cmd.name, "addplot()"));
                }
                _ => rest.push(option),
            }
        }
        if let Some(name) = &generate {
            if !is_valid_name(name) {
                return Err(StataError::invalid(format!("{name} invalid name")));
            }
            if session.frame.find(name).is_some() {
                return Err(StataError::already_defined(name));
            }
        }
        let series = series::one(session, &cmd)?;
        if series.values.len() < 2 {
            return Err(StataError::insufficient_observations());
        }
        if series.values.iter().all(|v| *v == series.values[0]) {
            return Err(StataError::new(459, format!("{} does not vary", series.name)));
        }
        let density = periodogram(&series.values);
        Ok(Self { series, density, generate, rest })
    }

    /// Natural frequencies with values.
    pub(super) fn points(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let n = self.series.values.len() as f64;
        values.iter().enumerate().map(|(k, v)| (k as f64 / n, *v)).collect()
    }

    /// Stores values in the first rows of the sample.
    fn store(&self, session: &mut Session, values: &[f64], label: &str) -> Result<()> {
        let Some(name) = &self.generate else { return Ok(()) };
        let mut column = vec![MISSING; session.frame.n_rows()];
        self.series.rows.iter().zip(values).for_each(|(row, v)| column[*row] = *v);
        let mut variable = Variable::new(name, Column::Double(column));
        variable.label = label.to_string();
        session.frame.add(variable).map(|_| ())
    }

    pub(super) fn draw(&self, session: &mut Session, series: Vec<Drawn>, texts: [&str; 3]) -> Result<()> {
        let [title, y_title, note] = texts.map(str::to_string);
        let figure = Plain {
            series,
            title,
            y_title,
            note,
            x_title: "Frequency".to_string(),
            used: Some(self.series.values.len()),
            ..Plain::default()
        };
        show(session, figure, &self.rest)
    }
}

pub(super) fn drawn(number: usize, shape: Shape, style: Style) -> Drawn {
    Drawn { label: String::new(), number, shape, style }
}

const NATURAL: &str = "Evaluated at the natural frequencies";

fn pergram(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut read = Read::of(session, cmd)?;
    let count = read.rest.len();
    read.rest.retain(|(name, text)| text.is_some() || !abbreviates(name, "NOGRaph"));
    if read.rest.len() < count {
        return store_raw(session, &read);
    }
    let n = read.series.values.len() as f64;
    let mean = read.series.values.iter().sum::<f64>() / n;
    let variance = read.series.values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let logs: Vec<f64> = read.density.iter().map(|f| (f / variance).ln().clamp(-6.0, 6.0)).collect();
    let points = read.points(&logs);
    let series = vec![drawn(0, Shape::Connected { points }, Style::default())];
    let y = format!("Log periodogram of {}", read.series.name);
    read.draw(session, series, ["Sample spectral density function", &y, NATURAL])?;
    store_raw(session, &read)
}

/// Stores the raw periodogram: Stata's variable has the squared sums themselves, without the division by the number of
/// values that the manual's formula has.
fn store_raw(session: &mut Session, read: &Read) -> Result<()> {
    let n = read.series.values.len() as f64;
    let raw: Vec<f64> = read.density.iter().map(|f| f * n).collect();
    read.store(session, &raw, &format!("Periodogram of {}", read.series.name))
}

fn cumsp(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let read = Read::of(session, cmd)?;
    let shares = cumulative(&read.density);
    let series = vec![drawn(0, Shape::Connected { points: read.points(&shares) }, Style::default())];
    let y = format!("Cumulative spectral distribution of {}", read.series.name);
    read.draw(session, series, ["Sample spectral distribution function", &y, NATURAL])?;
    read.store(session, &shares, &format!("Cumulative spectral distribution of {}", read.series.name))
}
