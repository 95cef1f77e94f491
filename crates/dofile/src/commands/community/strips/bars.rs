//! `cibar`: bars of means by up to three variables with confidence intervals. Written from the help file of Staudt.

use super::request::{Request, axis, title};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::ops::groups::{grouped, level_name};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::split_options;
use figure::{Bar, Range, Series, Shape, Style, TextMark, Ticks};

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "cibar",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "cibar varname [if] [in], over1(varname) [over2(varname) over3(varname)] [level(#) bargap(#) gap(#) barlabel(on | off) graphopts(twoway_options)], or over(varlist)",
    notes: "intervals of means by the t distribution; gaps in percent of a bar: 0 between bars, 67 between groups of over2(), 134 between those of over3(); Staudt, SSC",
    examples: &[Example {
        // the mean of 1 2 3 is 2, its standard error 1/sqrt(3)
        run: "set obs 6\ngenerate x = cond(_n < 4, _n, 10*_n)\ngenerate g = _n > 3\ncibar x, over1(g)\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nscalar half = invttail(2, .025)/sqrt(3)\nerase `f'.csv\nsummarize high",
        expect: &[("reldif(r(min), 2 + half) < 1e-6", 1.0)],
    }],
};

const REFUSED: &[&str] =
    &["BAROPts", "CIOPts", "BARCOLor", "BLSize", "BLPosition", "BLFMT", "BLColor", "vce", "BLGap"];

/// A bar: its place, the number of its level of the first variable, its values.
struct Group {
    at: f64,
    level: usize,
    values: Vec<f64>,
}

/// The bars in their order, and the middles of the groups of the outer variables with their names.
struct Layout {
    bars: Vec<Group>,
    ticks: Vec<(f64, String)>,
    /// Names of the levels of the first variable.
    levels: Vec<String>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let known = ["OVER", "OVER1", "OVER2", "OVER3", "Level", "BARGap", "GAP", "BARLabel", "GRAPHOPts"];
    let mut request = Request::read("cibar", cmd, &known, REFUSED)?;
    let level = crate::estimation::display::checked_level(
        "level()",
        request.number("Level")?.unwrap_or(s.settings.level),
    )?;
    if request.cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let mut over = match request.text("OVER") {
        Some(list) => s.varlist(list)?,
        None => Vec::new(),
    };
    for option in ["OVER1", "OVER2", "OVER3"] {
        if let Some(name) = request.text(option) {
            over.push(s.variable(name.trim())?);
        }
    }
    if over.is_empty() || over.len() > 3 {
        return Err(StataError::invalid("over1() must name a variable, and there are at most three"));
    }
    let outcome = s.numeric_variable(&request.cmd.list)?;
    let between = request.number("BARGap")?.unwrap_or(0.0) / 100.0;
    let apart = request.number("GAP")?.unwrap_or(67.0) / 100.0;
    let layout = arrange(s, &request.cmd, outcome, &over, (between, apart))?;
    let mut rest: Vec<RawOption> = std::mem::take(&mut request.rest);
    if let Some(text) = request.text("GRAPHOPts") {
        rest.extend(split_options(text)?);
    }
    let labelled = request.text("BARLabel").is_some_and(|t| t.trim() == "on");
    let plain = picture(&layout, level, labelled, &axis(s, &request.cmd)?, &over_title(s, &over));
    show(s, plain, &rest)
}

fn over_title(s: &Session, over: &[usize]) -> String {
    if over.len() == 1 { title(s, over[0]) } else { String::new() }
}

/// Places of the bars: those of the first variable next to each other, groups of the outer ones apart.
fn arrange(
    s: &Session,
    cmd: &ParsedCommand,
    outcome: usize,
    over: &[usize],
    (between, apart): (f64, f64),
) -> Result<Layout> {
    let mut touse = s.rows(cmd)?;
    s.markout(&[outcome], &mut touse, false)?;
    s.markout(over, &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let first = grouped(s, &over[..1], rows.clone());
    let levels: Vec<String> = first.iter().map(|g| level_name(s, over[0], g[0]).trim().to_string()).collect();
    // the outermost variable changes slowest
    let outer: Vec<usize> = over[1..].iter().rev().copied().collect();
    let blocks = if outer.is_empty() { vec![rows] } else { grouped(s, &outer, rows) };
    let mut out = Layout { bars: Vec::new(), ticks: Vec::new(), levels };
    let (mut at, mut last): (f64, Option<usize>) = (1.0, None);
    for block in blocks {
        if let Some(before) = last {
            let same = outer.len() < 2 || s.frame.rows_equal(&outer[..1], before, block[0]);
            at += if same { apart } else { 2.0 * apart };
        }
        last = Some(block[0]);
        let begin = at;
        for (level, own) in first.iter().enumerate() {
            let mine: Vec<f64> = block
                .iter()
                .filter(|r| s.frame.rows_equal(&over[..1], own[0], **r))
                .map(|r| s.frame.num_at(outcome, *r))
                .collect();
            if !mine.is_empty() {
                out.bars.push(Group { at, level, values: mine });
            }
            at += 1.0 + between;
        }
        let names: Vec<String> =
            over[1..].iter().map(|v| level_name(s, *v, block[0]).trim().to_string()).collect();
        out.ticks.push(((begin + at - 1.0 - between) / 2.0, names.join(" ")));
    }
    if outer.is_empty() {
        out.ticks = out.bars.iter().map(|b| (b.at, out.levels[b.level].clone())).collect();
    }
    Ok(out)
}

/// Bars of the means in the colour of their level, and their intervals.
fn picture(layout: &Layout, level: f64, labelled: bool, y_title: &str, x_title: &str) -> Plain {
    let mean = |g: &Group| g.values.iter().sum::<f64>() / g.values.len() as f64;
    let several = layout.ticks.iter().map(|t| &t.1).ne(layout.levels.iter());
    let mut series: Vec<Series> = (0..layout.levels.len())
        .map(|number| {
            let own = layout.bars.iter().filter(|g| g.level == number);
            let bars = own.map(|g| Bar { at: g.at, from: 0.0, to: mean(g), width: 1.0 }).collect();
            let label = if several { layout.levels[number].clone() } else { String::new() };
            Series { label, number, shape: Shape::Bars { bars, horizontal: false }, style: Style::default() }
        })
        .collect();
    let interval = |g: &Group| {
        let (n, m) = (g.values.len() as f64, mean(g));
        let squares: f64 = g.values.iter().map(|x| (x - m).powi(2)).sum();
        let half = estimators::wald::critical(level, Some(n - 1.0)) * (squares / (n - 1.0) / n).sqrt();
        Range { at: g.at, low: m - half, high: m + half }
    };
    let ranges = layout.bars.iter().filter(|g| g.values.len() > 1).map(interval).collect();
    let dark = Style { color: Some(figure::Color::rgb(40, 40, 40)), ..Style::default() };
    let shape = Shape::Ranges { ranges, caps: true, horizontal: false };
    series.push(Series { label: String::new(), number: layout.levels.len(), shape, style: dark });
    let text = |g: &Group| TextMark {
        x: g.at,
        y: 0.0,
        text: crate::format::bare("%9.4g", mean(g)).trim().to_string(),
        clock: 12,
        color: Some(figure::Color::rgb(255, 255, 255)),
        size: None,
    };
    Plain {
        series,
        x_ticks: Some(Ticks::Labelled(layout.ticks.clone())),
        x_title: x_title.to_string(),
        y_title: y_title.to_string(),
        note: format!("{}% confidence intervals", crate::format::bare("%9.0g", level).trim()),
        texts: if labelled { layout.bars.iter().map(text).collect() } else { Vec::new() },
        used: Some(layout.bars.iter().map(|g| g.values.len()).sum()),
        ..Plain::default()
    }
}
