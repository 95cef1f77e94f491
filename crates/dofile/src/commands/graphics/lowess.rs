//! `lowess`: locally weighted regression of one variable on another, drawn or stored ([R] lowess). Numbers:
//! `estimators::smoothing`.

use super::plots::Plot;
use super::smoother_look::SmootherLooks;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::ops::graphs::no_effect;
use crate::ops::graphs::plain::{Plain, show};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::varlist::check_new;
use crate::value::MISSING;
use estimators::smoothing::lowess;
use figure::{Series, Shape, Style};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lowess",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "lowess yvar xvar [if] [in] [, mean noweight bwidth(#) generate(newvar) nograph marker_options lineopts(line_options) twoway_options]",
    notes: "bandwidth .8 unless bwidth(); no results; [R] lowess",
    examples: &[Example {
        // points on a line stay on it
        run: "set obs 20\ngenerate x = _n\ngenerate y = 3 + 2*_n\nlowess y x, generate(s) nograph",
        expect: &[("round(s[7], .0001)", 17.0), ("round(s[20], .0001)", 43.0)],
    }],
};

/// Options that are not those of the figure.
struct Own {
    /// Running means instead of lines.
    mean: bool,
    unweighted: bool,
    nograph: bool,
    /// Share of the points of each fit.
    bandwidth: f64,
    /// Name of a new variable.
    generate: Option<String>,
    looks: SmootherLooks,
    /// Options of the figure.
    rest: Vec<(String, Option<String>)>,
}

fn read_options(s: &Session, text: &str) -> Result<Own> {
    let mut own = Own {
        mean: false,
        unweighted: false,
        nograph: false,
        bandwidth: 0.8,
        generate: None,
        looks: SmootherLooks::default(),
        rest: Vec::new(),
    };
    for option in split_options(text)? {
        match &option {
            (name, None) if abbreviates(name, "Mean") => own.mean = true,
            (name, None) if abbreviates(name, "noWeight") => own.unweighted = true,
            (name, None) if abbreviates(name, "noGraph") => own.nograph = true,
            (name, Some(text)) if abbreviates(name, "BWidth") => {
                let wrong = || StataError::invalid("bwidth() must be between 0 and 1");
                own.bandwidth = parse_number(text).filter(|b| *b > 0.0 && *b < 1.0).ok_or_else(wrong)?;
            }
            (name, Some(text)) if abbreviates(name, "GENerate") => {
                own.generate = Some(text.trim().to_string());
            }
            (name, _) if ["LOgit", "ADjust"].iter().any(|known| abbreviates(name, known)) => {
                return Err(StataError::unsupported_option("lowess", name));
            }
            _ if own.looks.take(s, &option)? => {}
            (name, Some(_)) if no_effect::of_added(name) => {}
            _ => own.rest.push(option),
        }
    }
    Ok(own)
}

/// Outcome and explaining variable, both numbers.
fn pair(s: &Session, list: &str) -> Result<(usize, usize)> {
    let variables = s.varlist(list)?;
    let [y, x] = variables[..] else {
        return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
    };
    if s.frame.var(y).is_string() || s.frame.var(x).is_string() {
        return Err(StataError::type_mismatch());
    }
    Ok((y, x))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("lowess", &cmd.raw, false)?;
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let own = read_options(s, &cmd.option_text)?;
    let (y, x) = pair(s, &cmd.list)?;
    if let Some(name) = &own.generate {
        check_new(&s.frame, name)?;
    }
    let mut touse = s.rows(&cmd)?;
    s.markout(&[y, x], &mut touse, false)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    if rows.len() < 3 {
        return Err(StataError::insufficient_observations());
    }
    let at = |r: &usize| (s.frame.num_at(x, *r), s.frame.num_at(y, *r));
    rows.sort_by(|a, b| at(a).0.total_cmp(&at(b).0));
    let points: Vec<(f64, f64)> = rows.iter().map(at).collect();
    let smooth = lowess(&points, own.bandwidth, own.mean, own.unweighted);
    if let Some(name) = &own.generate {
        let mut column = vec![MISSING; s.frame.n_rows()];
        rows.iter().zip(&smooth).for_each(|(r, p)| column[*r] = p.1);
        let mut variable = Variable::new(name, Column::from_f64(StorageType::Float, &column));
        variable.label = format!("lowess: {}", s.frame.var(y).name);
        s.frame.add(variable)?;
    }
    if own.nograph {
        return Ok(());
    }
    let series =
        |number: usize, shape: Shape, style: Style| Series { label: String::new(), number, shape, style };
    let (points_look, line_look) = (own.looks.points(), own.looks.line());
    let kind = if own.mean { "Running-mean smoother" } else { "Lowess smoother" };
    let figure = Plain {
        series: vec![
            series(points_look.1, Shape::Points { points }, points_look.0),
            series(line_look.1, Shape::Line { points: smooth, step: false }, line_look.0),
        ],
        title: kind.to_string(),
        note: format!("bandwidth = {}", own.bandwidth),
        x_title: Plot::label(s, x),
        y_title: Plot::label(s, y),
        used: Some(rows.len()),
        ..Plain::default()
    };
    show(s, figure, &own.rest)
}
