//! `dotplot`: the values of variables or groups as stacks of dots beside each other ([R] dotplot).

use super::request::{Request, axis, parts, used};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, show};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use figure::{Series, Shape, Style, Ticks};

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "dotplot",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "dotplot varlist [if] [in] [, over(groupvar) ny(#) nogroup center mean median twoway_options]",
    notes: "values are rounded to steps of (max - min)/(ny - 1) from the minimum, ny 35 by default, with nogroup they stay as they are; one variable: dots against their number, several variables or groups: a stack each; mean and median draw a line for each stack; no results; [R] dotplot",
    examples: &[Example {
        run: "input x\n1\n1\n3\nend\ndotplot x, nogroup\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nerase `f'.csv",
        expect: &[("x[1]", 1.0), ("y[1]", 1.0), ("x[2]", 2.0), ("y[2]", 1.0), ("x[3]", 1.0), ("y[3]", 3.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let known = ["OVER", "NY", "noGRoup", "CEnter", "CEntre", "MEAN", "MEDian"];
    let refused = ["BY", "NX", "INcr", "BOunded", "BAR", "AVerage"];
    let request = Request::read("dotplot", cmd, &known, &refused)?;
    if request.cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let steps = request.number("NY")?.unwrap_or(35.0);
    if steps < 2.0 {
        return Err(StataError::invalid("ny() must be at least 2"));
    }
    if request.has("MEAN") && request.has("MEDian") {
        return Err(StataError::invalid("options mean and median may not be combined"));
    }
    let parts = parts(s, &request.cmd, request.text("OVER"))?;
    let all = || parts.iter().flat_map(|p| &p.values).map(|v| v.0);
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let step = (high - low) / (steps - 1.0);
    let binned = |x: f64| {
        if request.has("noGRoup") || step == 0.0 { x } else { low + ((x - low) / step).round() * step }
    };
    let stacks: Vec<Vec<(f64, usize)>> =
        parts.iter().map(|p| super::strip::runs(&p.values, &binned)).collect();
    let most = stacks.iter().flatten().map(|r| r.1).max().unwrap_or(1) as f64;
    let single = request.text("OVER").is_none() && parts.len() == 1;
    let centred = request.has("CEnter") || request.has("CEntre");
    let (mut points, mut lines) = (Vec::new(), Vec::new());
    for (i, stack) in stacks.iter().enumerate() {
        // the dots of one variable are counted, those of several share the distance between stacks
        let (base, width) = if single { (1.0, 1.0) } else { (i as f64 + 1.0, 0.8 / most) };
        for (x, count) in stack {
            let shift = if centred { (*count as f64 - 1.0) / 2.0 } else { 0.0 };
            points.extend((0..*count).map(|k| (base + (k as f64 - shift) * width, *x)));
        }
        if let Some(at) = middle(&request, &parts[i].values) {
            let (from, to) = if centred { (-0.4, 0.4) } else { (0.0, 0.8) };
            let scale = if single { most } else { 1.0 };
            lines.extend([(base + from * scale, at), (base + to * scale, at), (f64::NAN, f64::NAN)]);
        }
    }
    let plot =
        |shape: Shape, number: usize| Series { label: String::new(), number, shape, style: Style::default() };
    let mut series = vec![plot(Shape::Points { points }, 0)];
    if !lines.is_empty() {
        series.push(plot(Shape::Line { points: lines, step: false }, 1));
    }
    let mut plain = Plain { series, used: Some(used(&parts)), ..Plain::default() };
    plain.y_title = axis(s, &request.cmd)?;
    if single {
        plain.x_title = "Frequency".to_string();
    } else {
        plain.x_ticks = Some(Ticks::Categories(parts.iter().map(|p| p.name.clone()).collect()));
        plain.x_title = request.text("OVER").unwrap_or("").trim().to_string();
    }
    show(s, plain, &request.rest)
}

/// Mean or median of a stack, as asked for.
fn middle(request: &Request, values: &[(f64, f64)]) -> Option<f64> {
    let n = values.len();
    if request.has("MEAN") {
        return Some(values.iter().map(|v| v.0).sum::<f64>() / n as f64);
    }
    request.has("MEDian").then(|| (values[(n - 1) / 2].0 + values[n / 2].0) / 2.0)
}
