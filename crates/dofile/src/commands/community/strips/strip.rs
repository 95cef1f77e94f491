//! `stripplot`: the values of variables or groups as dots along lines.

use super::intervals::with_names;
use super::request::{Request, axis, parts, used};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, show};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use figure::{Series, Shape, Style};

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "stripplot",
    min: 9,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stripplot varlist [if] [in] [, over(groupvar) vertical width(#) stack center height(#) twoway_options]",
    notes: "values, or with width(#) multiples of #, along a line for each variable or group; stack puts equal values on each other, over height() 0.8 of the distance of the lines; Cox, SSC",
    examples: &[Example {
        run: "input x\n1\n1\n3\nend\nstripplot x, stack height(0.5)\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nerase `f'.csv",
        expect: &[("x[1]", 1.0), ("y[1]", 1.0), ("y[2]", 1.25), ("x[3]", 3.0), ("y[3]", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let refused = [
        "BAR",
        "BOX",
        "BOXBar",
        "IQR",
        "PCTile",
        "WHIskers",
        "OUTside",
        "CUMULate",
        "CUMPRob",
        "SEParate",
        "REFline",
        "JITTer",
        "FLoor",
        "CEILing",
        "TUFte",
        "BY",
        "VARiables",
        "HOFfset",
        "VOFfset",
    ];
    let known = ["OVER", "VERTical", "Width", "STack", "CEntre", "CEnter", "Height"];
    let request = Request::read("stripplot", cmd, &known, &refused)?;
    if request.cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let parts = parts(s, &request.cmd, request.text("OVER"))?;
    let width = request.number("Width")?;
    if width.is_some_and(|w| w <= 0.0) {
        return Err(StataError::invalid("width() must be positive"));
    }
    let height = request.number("Height")?.unwrap_or(0.8);
    let stacked = request.has("STack");
    let centred = request.has("CEntre") || request.has("CEnter");
    let binned = |x: f64| width.map_or(x, |w| (x / w).round() * w);
    let most = parts.iter().flat_map(|p| runs(&p.values, &binned)).map(|r| r.1).max().unwrap_or(1);
    let vertical = request.has("VERTical");
    let mut points = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        for (x, count) in runs(&part.values, &binned) {
            for k in 0..count {
                let shift = match (stacked, centred) {
                    (false, _) => 0.0,
                    (true, false) => k as f64,
                    (true, true) => k as f64 - (count - 1) as f64 / 2.0,
                };
                let at = i as f64 + 1.0 + shift * height / most as f64;
                points.push(if vertical { (at, x) } else { (x, at) });
            }
        }
    }
    let shape = Shape::Points { points };
    let series = vec![Series { label: String::new(), number: 0, shape, style: Style::default() }];
    let values = axis(s, &request.cmd)?;
    let groups = request.text("OVER").unwrap_or("").trim().to_string();
    let names: Vec<String> = match request.text("OVER") {
        None if parts.len() == 1 => vec![String::new()],
        _ => parts.iter().map(|p| p.name.clone()).collect(),
    };
    let mut plain = Plain { series, used: Some(used(&parts)), ..Plain::default() };
    let labelled = if vertical { "xlabel" } else { "ylabel" };
    (plain.x_title, plain.y_title) = if vertical { (groups, values) } else { (values, groups) };
    show(s, plain, &with_names(&request.rest, labelled, &names))
}

/// Values of the grid with the number of observations at each.
pub(super) fn runs(values: &[(f64, f64)], binned: &dyn Fn(f64) -> f64) -> Vec<(f64, usize)> {
    let mut out: Vec<(f64, usize)> = Vec::new();
    for (x, _) in values {
        let x = binned(*x);
        match out.last_mut().filter(|last| last.0 == x) {
            Some(last) => last.1 += 1,
            None => out.push((x, 1)),
        }
    }
    out
}
