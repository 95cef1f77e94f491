//! `metafunnel`: effects of studies against their standard errors, with the limits expected without bias.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::checked_level;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::meta_analysis::{critical, pool};
use figure::{Series, Shape, Style};

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "metafunnel",
    min: 10,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "metafunnel theta se [if] [in] [, nolines forcenull reverse level(#) graph_options]",
    notes: "the vertical line is the pool by inverse variances (0 with forcenull), the limits are those of an effect with that mean; reverse has standard errors rise upwards; confidence limits instead of se, eform, by() and egger are refused; Sterne and Harbord (2004)",
    examples: &[Example {
        run: "input theta se\n5 1\n4 .5\n7 2\n3.5 .25\nend\nmetafunnel theta se, title(\"Funnel\")\nscalar n = _N",
        expect: &[("n", 4.0)],
    }],
};

/// What the options ask for.
#[derive(Default)]
struct Choice {
    no_lines: bool,
    null: bool,
    reverse: bool,
    level: f64,
    rest: Vec<RawOption>,
}

fn choice(s: &Session, cmd: &ParsedCommand) -> Result<Choice> {
    let mut out = Choice { level: s.settings.level, ..Choice::default() };
    for option in split_options(&cmd.option_text)? {
        let is = |declared: &str| abbreviates(&option.0, declared);
        match &option.1 {
            None if is("NOLines") => out.no_lines = true,
            None if is("FORCenull") => out.null = true,
            None if is("REVerse") => out.reverse = true,
            Some(text) if is("LEVel") => {
                out.level = parse_number(text).ok_or_else(|| StataError::invalid("number expected"))?;
            }
            _ if is("EFORM") || is("BY") || is("EGGer") || is("LABtitle") => {
                return Err(StataError::unsupported_option("metafunnel", &option.0));
            }
            _ => out.rest.push(option),
        }
    }
    checked_level("level", out.level)?;
    Ok(out)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    let choice = choice(s, &cmd)?;
    let variables = s.varlist(&cmd.list)?;
    let [theta, se] = variables[..] else {
        return Err(match variables.len() {
            3 | 4 => StataError::unsupported_option("metafunnel", "confidence limits"),
            _ => StataError::syntax(),
        });
    };
    for v in [theta, se] {
        s.numeric_variable(&s.frame.var(v).name)?;
    }
    let mut touse = s.rows(&cmd)?;
    s.markout(&variables, &mut touse, false)?;
    let points: Vec<(f64, f64)> = (0..touse.len())
        .filter(|r| touse[*r])
        .map(|r| (s.frame.num_at(theta, r), s.frame.num_at(se, r)))
        .collect();
    if points.is_empty() {
        return Err(StataError::no_observations());
    }
    if points.iter().any(|p| p.1 <= 0.0) {
        return Err(StataError::new(459, "standard errors must be positive"));
    }
    let y: Vec<f64> = points.iter().map(|p| p.0).collect();
    let v: Vec<f64> = points.iter().map(|p| p.1.powi(2)).collect();
    let centre = if choice.null { 0.0 } else { pool(&y, &v, None).map_or(f64::NAN, |p| p.theta) };
    let top = points.iter().map(|p| p.1).fold(0.0, f64::max);
    let half = critical(choice.level, None) * top;
    let line = |points: Vec<(f64, f64)>, number: usize| Series {
        label: String::new(),
        number,
        shape: Shape::Line { points, step: false },
        style: Style::default(),
    };
    let used = points.len();
    let markers =
        Series { label: String::new(), number: 0, shape: Shape::Points { points }, style: Style::default() };
    let mut series = vec![markers];
    if !choice.no_lines {
        series.push(line(vec![(centre - half, top), (centre, 0.0), (centre + half, top)], 1));
        series.push(line(vec![(centre, 0.0), (centre, top)], 1));
    }
    let level = crate::format::bare("%5.0g", choice.level);
    let figure = Plain {
        series,
        title: format!("Funnel plot with pseudo {level}% confidence limits"),
        x_title: s.frame.var(theta).name.clone(),
        y_title: format!("s.e. of {}", s.frame.var(theta).name),
        used: Some(used),
        ..Plain::default()
    };
    let mut options: Vec<RawOption> = vec![("legend".into(), Some("off".into()))];
    if !choice.reverse {
        options.push(("yscale".into(), Some("reverse".into())));
    }
    options.extend(choice.rest);
    show(s, figure, &options)
}
