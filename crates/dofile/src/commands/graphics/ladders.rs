//! `gladder` and `qladder`: histograms and quantile-normal plots of the powers of a variable ([R] ladder).

use super::numbers;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, RawOption, show_panels};
use crate::ops::powers::LADDER;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::value::is_missing;
use estimators::distributions::{normal_density, normal_quantile};
use figure::{Bar, Series, Shape, Style};

/// `gladder`.
pub(super) const SPEC_GLADDER: CommandSpec = CommandSpec {
    name: "gladder",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, cmd| run(s, cmd, histogram),
    syntax: "gladder varname [if] [in] [, bin(#) twoway_options]",
    notes: "a panel for each power that is defined for all values; no results; [R] ladder",
    examples: &[Example {
        run: "set obs 20\ngenerate x = _n\ngladder x\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

/// `qladder`.
pub(super) const SPEC_QLADDER: CommandSpec = CommandSpec {
    name: "qladder",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, cmd| run(s, cmd, quantiles),
    syntax: "qladder varname [if] [in] [, twoway_options]",
    notes: "a panel for each power that is defined for all values; no results; [R] ladder",
    examples: &[Example {
        run: "set obs 20\ngenerate x = _n\nqladder x\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

/// Draws sorted values with their mean and standard deviation, in so many bins.
type Draw = fn(&[f64], f64, f64, usize) -> Vec<Series>;

fn run(s: &mut Session, cmd: &ParsedCommand, draw: Draw) -> Result<()> {
    let own = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    let variable = s.numeric_variable(own.list.trim())?;
    let touse = s.rows(&own)?;
    let values: Vec<f64> = (0..touse.len())
        .filter(|i| touse[*i])
        .map(|i| s.frame.num_at(variable, i))
        .filter(|x| !is_missing(*x))
        .collect();
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut bins = numbers::bins(values.len() as f64);
    let mut rest: Vec<RawOption> = Vec::new();
    for option in split_options(&own.option_text)? {
        match &option {
            (name, Some(text)) if cmd.name == "gladder" && name == "bin" => {
                bins = parse_number(text)
                    .filter(|b| (1.0..=1000.0).contains(b) && b.fract() == 0.0)
                    .ok_or_else(|| StataError::invalid("bin() must be a whole number from 1 to 1,000"))?
                    as usize;
            }
            (name, _)
                if ["NONORMal", "FRACtion", "FREQuency", "PERcent"].iter().any(|o| abbreviates(name, o)) =>
            {
                return Err(StataError::unsupported_option(&cmd.name, name));
            }
            _ => rest.push(option),
        }
    }
    let name = s.frame.var(variable).name.clone();
    let mut panels = Vec::new();
    for power in &LADDER {
        let Some(mut values) = power.apply(&values) else { continue };
        values.sort_by(f64::total_cmp);
        let weighted: Vec<(f64, f64)> = values.iter().map(|v| (*v, 1.0)).collect();
        let (mean, sd) = numbers::moments(&weighted);
        if sd > 0.0 {
            let used = Some(values.len());
            let series = draw(&values, mean, sd, bins);
            panels.push((power.name.to_string(), Plain { series, used, ..Plain::default() }));
        }
    }
    if panels.is_empty() {
        return Err(StataError::new(459, format!("{name} does not vary")));
    }
    let label = s.frame.var(variable).label.clone();
    let label = if label.is_empty() { name } else { label };
    panels[0].1.title = label;
    panels[0].1.note = match cmd.name.as_str() {
        "gladder" => "Histograms by transformation".to_string(),
        _ => "Quantile–normal plots by transformation".to_string(),
    };
    show_panels(s, panels, &rest)
}

fn series(number: usize, shape: Shape) -> Series {
    Series { label: String::new(), number, shape, style: Style::default() }
}

fn histogram(values: &[f64], mean: f64, sd: f64, bins: usize) -> Vec<Series> {
    const STEPS: usize = 60;
    let (low, high) = (values[0], values[values.len() - 1]);
    let width = (high - low) / bins as f64;
    let mut counts = vec![0.0; bins];
    for value in values {
        counts[(((value - low) / width * (1.0 + 1e-12)) as usize).min(bins - 1)] += 1.0;
    }
    let bars = counts
        .iter()
        .enumerate()
        .map(|(i, count)| Bar {
            at: low + (i as f64 + 0.5) * width,
            from: 0.0,
            to: count / (values.len() as f64 * width),
            width,
        })
        .collect();
    let points = (0..=STEPS)
        .map(|i| low + (high - low) * i as f64 / STEPS as f64)
        .map(|x| (x, normal_density((x - mean) / sd) / sd))
        .collect();
    vec![series(0, Shape::Bars { bars, horizontal: false }), series(1, Shape::Line { points, step: false })]
}

fn quantiles(values: &[f64], mean: f64, sd: f64, _: usize) -> Vec<Series> {
    let n = values.len() as f64;
    let points: Vec<(f64, f64)> = values
        .iter()
        .enumerate()
        .map(|(i, x)| (mean + sd * normal_quantile((i + 1) as f64 / (n + 1.0)), *x))
        .collect();
    let ends = [points[0].0, points[points.len() - 1].0];
    let line = ends.map(|x| (x, x)).to_vec();
    vec![series(0, Shape::Points { points }), series(1, Shape::Line { points: line, step: false })]
}
