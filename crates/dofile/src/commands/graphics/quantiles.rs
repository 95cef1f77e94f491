//! `qnorm` and `pnorm`: a variable's quantiles or probabilities against those of the normal distribution.

use super::plot_options::PlotOptions;
use super::plots::{Kind, Plot};
use super::{numbers, twoway};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::text::Words;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::split_options;
use estimators::distributions::{normal, normal_quantile};
use figure::TextMark;

/// `qnorm`.
pub(super) const SPEC_QNORM: CommandSpec = CommandSpec {
    name: "qnorm",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, cmd| run(s, cmd, "qnorm"),
    syntax: "qnorm varname [if] [in] [, twoway_options]",
    notes: "plots sorted values against mean + sd * invnormal(i/(N+1)); [R] diagnostic plots",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\nqnorm y\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

/// `pnorm`.
pub(super) const SPEC_PNORM: CommandSpec = CommandSpec {
    name: "pnorm",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, cmd| run(s, cmd, "pnorm"),
    syntax: "pnorm varname [if] [in] [, twoway_options]",
    notes: "plots normal((x - mean)/sd) against i/(N+1); [R] diagnostic plots",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\npnorm y\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand, command: &'static str) -> Result<()> {
    let cmd = ParsedCommand::split(command, &cmd.raw, false)?;
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let variable = session.numeric_variable(&cmd.list)?;
    let mut options = FigureOptions::default();
    let mut points = Plot {
        kind: Kind::ScatterI,
        vars: vec![variable],
        curve: Vec::new(),
        immediate: Vec::new(),
        rows: session.rows(&cmd)?,
        weights: None,
        options: PlotOptions::default(),
    };
    for option in split_options(&cmd.option_text)? {
        if !points.options.take(session, &option)? && !options.take(session, &option)? {
            return Err(StataError::option_not_allowed(&option.0));
        }
    }
    if options.by.is_some() {
        return Err(StataError::option_not_allowed("by()"));
    }
    let values = points.sorted_values(session, &vec![true; points.rows.len()])?;
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    let (mean, sd) = numbers::moments(&values);
    if values.len() < 2 || sd <= 0.0 || sd.is_nan() {
        return Err(StataError::new(459, format!("{} does not vary", session.frame.var(variable).name)));
    }
    let n = values.len() as f64;
    let place = |i: usize| (i + 1) as f64 / (n + 1.0);
    let at = |(i, x): (usize, f64)| match command {
        "qnorm" => (mean + sd * normal_quantile(place(i)), x),
        _ => (place(i), normal((x - mean) / sd)),
    };
    let marks: Vec<(f64, f64)> = values.iter().map(|v| v.0).enumerate().map(at).collect();
    let ends = match command {
        "qnorm" => (marks[0].0, marks[marks.len() - 1].0),
        _ => (0.0, 1.0),
    };
    points.immediate = marks.iter().map(|(x, y)| mark(*x, *y)).collect();
    let line = Plot {
        kind: Kind::Function,
        vars: Vec::new(),
        curve: vec![(ends.0, ends.0), (ends.1, ends.1)],
        immediate: Vec::new(),
        options: PlotOptions::default(),
        ..points.clone()
    };
    points.vars.clear();
    options.used = Some(values.len());
    let label = Plot::label(session, variable);
    let titles = match command {
        "qnorm" => ("Inverse normal".to_owned(), label),
        _ => ("Empirical P[i] = i/(N+1)".to_owned(), format!("Normal F[({label} - mean)/sd]")),
    };
    for (slot, text) in [(&mut options.x.title, titles.0), (&mut options.y.title, titles.1)] {
        slot.get_or_insert(Words { text, size: None });
    }
    options.legend.show.get_or_insert(false);
    twoway::draw(session, &[points, line], &options)
}

fn mark(x: f64, y: f64) -> TextMark {
    TextMark { x, y, text: String::new(), clock: 0, color: None, size: None }
}
