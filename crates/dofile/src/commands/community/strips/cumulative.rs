//! `cdfplot`, `distplot` and `qplot`: cumulative distributions and quantiles.

use super::request::{Part, Request, axis, parts, used};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, show};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use estimators::distributions::normal;
use figure::{Series, Shape, Style};

/// `cdfplot`.
pub(in super::super) const CDFPLOT: CommandSpec = CommandSpec {
    name: "cdfplot",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: run_cdf,
    syntax: "cdfplot varname [if] [in] [weight] [, by(groupvar) normal twoway_options]",
    notes: "stairs of the cumulative distribution; normal adds that of a normal variable with the same mean and standard deviation; by() draws groups in one figure; Clayton and Wiggins, SSC",
    examples: &[Example {
        run: "set obs 4\ngenerate x = 10*_n\ncdfplot x\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nerase `f'.csv",
        expect: &[("x[1]", 10.0), ("y[1]", 0.25), ("x[4]", 40.0), ("y[4]", 1.0)],
    }],
};

/// `distplot`.
pub(in super::super) const DISTPLOT: CommandSpec = CommandSpec {
    name: "distplot",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run: run_dist,
    syntax: "distplot varlist [if] [in] [weight] [, over(groupvar) frequency reverse midpoint twoway_options]",
    notes: "cumulative probabilities against values; reverse: the probability of a greater value, midpoint: of a smaller one and half of an equal one, frequency: the number instead; Cox (1999, 2004)",
    examples: &[Example {
        run: "set obs 4\ngenerate x = 10*_n\ndistplot x, frequency midpoint\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nerase `f'.csv",
        expect: &[("x[1]", 10.0), ("y[1]", 0.5), ("y[4]", 3.5)],
    }],
};

/// `qplot`.
pub(in super::super) const QPLOT: CommandSpec = CommandSpec {
    name: "qplot",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: run_quantiles,
    syntax: "qplot varlist [if] [in] [, over(groupvar) a(#) reverse rank twoway_options]",
    notes: "values against (i - a)/(n - 2a + 1), a = 0.5 by default; rank: against the rank i; reverse: from the greatest value; Cox (2005)",
    examples: &[Example {
        run: "set obs 4\ngenerate x = 10*_n\nqplot x\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nerase `f'.csv",
        expect: &[("x[1]", 0.125), ("y[1]", 10.0), ("x[4]", 0.875), ("y[4]", 40.0)],
    }],
};

fn series(label: &str, number: usize, shape: Shape) -> Series {
    Series { label: label.to_string(), number, shape, style: Style::default() }
}

/// A value with the sums of weights below it and up to it.
fn steps(part: &Part) -> (Vec<(f64, f64, f64)>, f64) {
    let mut out: Vec<(f64, f64, f64)> = Vec::new();
    let mut sum = 0.0;
    for (x, w) in &part.values {
        let below = sum;
        sum += w;
        match out.last_mut().filter(|last| last.0 == *x) {
            Some(last) => last.2 = sum,
            None => out.push((*x, below, sum)),
        }
    }
    (out, sum)
}

fn run_cdf(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let request = Request::read("cdfplot", cmd, &["BY", "NORMal"], &["SAMEaxes", "OPT1", "OPT2"])?;
    s.numeric_variable(request.cmd.list.trim())?;
    let parts = parts(s, &request.cmd, request.text("BY"))?;
    let several = parts.len() > 1;
    let mut all = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let (steps, total) = steps(part);
        let points = steps.iter().map(|(x, _, up)| (*x, up / total)).collect();
        let label = if several { part.name.as_str() } else { "" };
        all.push(series(label, i, Shape::Line { points, step: true }));
        if request.has("NORMal") {
            let mean = part.values.iter().map(|(x, w)| x * w).sum::<f64>() / total;
            let squares = part.values.iter().map(|(x, w)| w * (x - mean).powi(2)).sum::<f64>();
            let sd = (squares / (total - 1.0)).sqrt();
            let (low, high) = (steps[0].0, steps[steps.len() - 1].0);
            let at = |k: i32| low + (high - low) * f64::from(k) / 100.0;
            let points = (0..=100).map(|k| (at(k), normal((at(k) - mean) / sd))).collect();
            all.push(series("", i, Shape::Line { points, step: false }));
        }
    }
    let plain = Plain {
        series: all,
        x_title: axis(s, &request.cmd)?,
        y_title: "Cumulative Probability".into(),
        used: Some(used(&parts)),
        ..Plain::default()
    };
    show(s, plain, &request.rest)
}

fn run_dist(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let refused = ["TRscale", "RIDit", "RECast", "BY", "MISSing", "GENerate"];
    let request = Request::read("distplot", cmd, &["OVER", "FREQuency", "REVerse", "MIDpoint"], &refused)?;
    let parts = parts(s, &request.cmd, request.text("OVER"))?;
    let several = parts.len() > 1;
    let mut all = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let (steps, total) = steps(part);
        let scale = if request.has("FREQuency") { 1.0 } else { total };
        let height = |below: f64, up: f64| {
            let at = if request.has("MIDpoint") { (below + up) / 2.0 } else { up };
            if request.has("REVerse") { total - at } else { at }
        };
        let points = steps.iter().map(|(x, below, up)| (*x, height(*below, *up) / scale)).collect();
        let label = if several { part.name.as_str() } else { "" };
        all.push(series(label, i, Shape::Line { points, step: false }));
    }
    let what = if request.has("FREQuency") { "frequency" } else { "probability" };
    let kind = if request.has("REVerse") { "Reverse cumulative" } else { "Cumulative" };
    let plain = Plain {
        series: all,
        x_title: axis(s, &request.cmd)?,
        y_title: format!("{kind} {what}"),
        used: Some(used(&parts)),
        ..Plain::default()
    };
    show(s, plain, &request.rest)
}

fn run_quantiles(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let refused = ["TRscale", "XVARiable", "RECast", "BY", "MISSing", "MIDpoint"];
    let request = Request::read("qplot", cmd, &["OVER", "A", "REVerse", "RANK"], &refused)?;
    if request.cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let parts = parts(s, &request.cmd, request.text("OVER"))?;
    let a = request.number("A")?.unwrap_or(0.5);
    let several = parts.len() > 1;
    let mut all = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let n = part.values.len() as f64;
        let place = |k: usize| {
            let rank = k as f64 + 1.0;
            if request.has("RANK") { rank } else { (rank - a) / (n - 2.0 * a + 1.0) }
        };
        let mut values: Vec<f64> = part.values.iter().map(|v| v.0).collect();
        if request.has("REVerse") {
            values.reverse();
        }
        let points = values.into_iter().enumerate().map(|(k, x)| (place(k), x)).collect();
        let label = if several { part.name.as_str() } else { "" };
        all.push(series(label, i, Shape::Points { points }));
    }
    let x_title = if request.has("RANK") { "Rank" } else { "Fraction of the data" };
    let plain = Plain {
        series: all,
        x_title: x_title.into(),
        y_title: format!("quantiles of {}", axis(s, &request.cmd)?).trim_end_matches(" of ").to_string(),
        used: Some(used(&parts)),
        ..Plain::default()
    };
    show(s, plain, &request.rest)
}
