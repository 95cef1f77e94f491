//! `ciplot`: means with confidence intervals of variables or groups.

use super::request::{Request, axis, parts, used};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, show};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use figure::{Range, Series, Shape, Style, Ticks};

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "ciplot",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "ciplot varlist [if] [in] [, by(groupvar) level(#) horizontal twoway_options]",
    notes: "intervals of means by the t distribution; Cox, SSC",
    examples: &[Example {
        // the mean of 1 2 3 is 2, its standard error 1/sqrt(3)
        run: "set obs 3\ngenerate x = _n\nciplot x\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nscalar half = invttail(2, .025)/sqrt(3)\nerase `f'.csv",
        expect: &[("reldif(low[1], 2 - half) < 1e-6", 1.0), ("reldif(high[1], 2 + half) < 1e-6", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let refused = [
        "INCLusive",
        "BINomial",
        "Poisson",
        "EXposure",
        "TOTAL",
        "RCAPopts",
        "RECast",
        "EXAct",
        "WAld",
        "AGresti",
        "Wilson",
        "Jeffreys",
        "MISSing",
        "INCLude",
        "CIOPts",
        "POINTopts",
    ];
    let request = Request::read("ciplot", cmd, &["BY", "Level", "HORizontal"], &refused)?;
    let level = crate::estimation::display::checked_level(
        "level()",
        request.number("Level")?.unwrap_or(s.settings.level),
    )?;
    if request.cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let parts = parts(s, &request.cmd, request.text("BY"))?;
    let horizontal = request.has("HORizontal");
    let (mut ranges, mut points) = (Vec::new(), Vec::new());
    for (i, part) in parts.iter().enumerate() {
        let n = part.values.len() as f64;
        let mean = part.values.iter().map(|v| v.0).sum::<f64>() / n;
        let squares: f64 = part.values.iter().map(|v| (v.0 - mean).powi(2)).sum();
        let at = i as f64 + 1.0;
        points.push(if horizontal { (mean, at) } else { (at, mean) });
        if n > 1.0 {
            let se = (squares / (n - 1.0) / n).sqrt();
            let half = estimators::wald::critical(level, Some(n - 1.0)) * se;
            ranges.push(Range { at, low: mean - half, high: mean + half });
        }
    }
    let plot = |shape: Shape| Series { label: String::new(), number: 0, shape, style: Style::default() };
    let series = vec![plot(Shape::Ranges { ranges, caps: true, horizontal }), plot(Shape::Points { points })];
    let values = axis(s, &request.cmd)?;
    let names: Vec<String> = parts.iter().map(|p| p.name.clone()).collect();
    let groups = request.text("BY").unwrap_or("").trim().to_string();
    let mut plain = Plain {
        series,
        used: Some(used(&parts)),
        note: format!("{}% confidence intervals", crate::format::bare("%9.0g", level).trim()),
        ..Plain::default()
    };
    if horizontal {
        (plain.x_title, plain.y_title) = (values, groups);
        return show(s, plain, &with_names(&request.rest, "ylabel", &names));
    }
    plain.x_ticks = Some(Ticks::Categories(names));
    (plain.x_title, plain.y_title) = (groups, values);
    show(s, plain, &request.rest)
}

/// The options of a graph with an axis labelled 1, 2, 3 ... by names, unless the user labels it.
pub(super) fn with_names(
    rest: &[(String, Option<String>)],
    axis: &str,
    names: &[String],
) -> Vec<(String, Option<String>)> {
    let mut out = rest.to_vec();
    let letters = |text: &str| text.starts_with(&axis[..1]) && axis.starts_with(text) && text.len() >= 4;
    if rest.iter().any(|o| letters(&o.0)) {
        return out;
    }
    if names.iter().all(String::is_empty) {
        out.push((axis.to_string(), Some("none".to_string())));
    } else {
        let labels: Vec<String> =
            names.iter().enumerate().map(|(i, n)| format!("{} \"{}\"", i + 1, n.replace('"', "'"))).collect();
        out.push((axis.to_string(), Some(format!("{}, angle(0)", labels.join(" ")))));
    }
    out
}
