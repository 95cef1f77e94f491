//! Pictures of meta-analyses: `meta forestplot`, `meta funnelplot` and `meta galbraithplot` ([META] meta forestplot, [META]
//! meta funnelplot, [META] meta galbraithplot). The numbers are those of `meta summarize`.

use super::groups::{members, name_of};
use super::settings::{Declared, Model, Pooling};
use super::show::{self, shown};
use super::summarize::{Summary, heading};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::numlist;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::meta_analysis::critical;
use figure::{Range, RefLine, Series, Shape, Style};

/// Half the height of the diamond of a pool.
const DIAMOND: f64 = 0.3;

const FOREST: &[OptSpec] = &[
    OptSpec::flag_or_text("random"),
    OptSpec::flag_or_text("common"),
    OptSpec::flag_or_text("fixed"),
    OptSpec::real("Level"),
    OptSpec::text("se"),
    OptSpec::flag("TDISTribution"),
    OptSpec::flag("EForm"),
    OptSpec::flag("or"),
    OptSpec::flag("rr"),
    OptSpec::text("SUBGRoup"),
    OptSpec::flag("nullrefline"),
    OptSpec::flag("esrefline"),
    OptSpec::flag("noMETASHOW"),
];

const FUNNEL: &[OptSpec] = &[
    OptSpec::flag_or_text("random"),
    OptSpec::flag_or_text("common"),
    OptSpec::flag_or_text("fixed"),
    OptSpec::real("Level"),
    OptSpec::text("CONTours"),
    OptSpec::text("METRic"),
    OptSpec::flag("noMETASHOW"),
];

/// Options of the command that the tables of statistics have; the others are left for the graph.
fn parts(
    name: &str,
    rest: &str,
    own: &'static [OptSpec],
    refused: &[&str],
) -> Result<(ParsedCommand, Vec<RawOption>)> {
    let mut cmd = ParsedCommand::split(name, rest, false)?;
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for option in split_options(&cmd.option_text)? {
        if own.iter().any(|o| abbreviates(&option.0, o.name)) {
            mine.push(option.1.as_ref().map_or(option.0.clone(), |a| format!("{}({a})", option.0)));
        } else if let Some(found) = refused.iter().find(|o| abbreviates(&option.0, o)) {
            return Err(StataError::unsupported_option(name, &found.to_lowercase()));
        } else {
            others.push(option);
        }
    }
    cmd.option_text = mine.join(" ");
    cmd.check_options(own, &[])?;
    Ok((cmd, others))
}

/// A line of a forest plot, from top to bottom: its text and what is drawn.
struct Line {
    text: String,
    values: Option<[f64; 3]>,
    pool: bool,
}

/// `meta forestplot`.
pub(super) fn forest(s: &mut Session, rest: &str) -> Result<()> {
    let refused = [
        "CUMULative",
        "LEAVEONEout",
        "PREDINTerval",
        "TRANSForm",
        "SORT",
        "COLOPts",
        "ITEMOPts",
        "INSIDEMARKer",
    ];
    let (cmd, others) = parts("meta forestplot", rest, FOREST, &refused)?;
    let columns: Vec<String> = cmd.list.split_whitespace().map(str::to_string).collect();
    let known = ["_id", "_plot", "_esci", "_weight"];
    if let Some(other) = columns.iter().find(|c| !known.contains(&c.as_str())) {
        return Err(StataError::unsupported_option("meta forestplot", &format!("column {other}")));
    }
    let wanted = |column: &str| columns.is_empty() || columns.iter().any(|c| c == column);
    let cmd = ParsedCommand { list: String::new(), ..cmd };
    let data = Declared::read(s, &cmd)?;
    let eform = ["eform", "or", "rr"].iter().any(|o| cmd.has(o));
    if !cmd.has("nometashow") {
        show::before(s, true);
        s.print(format!("              Model: {}", data.model.title()));
        s.print(format!("             Method: {}", data.model.method_title()));
    }
    let all: Vec<usize> = (0..data.y.len()).collect();
    let whole = Summary::of(&cmd, &data, &all)?;
    let total: f64 = whole.pooled.weights.iter().sum();
    let z = critical(data.level, None);
    let two = |x: f64| format::bare("%9.2f", x);
    let effect = |v: [f64; 3]| format!("   {} [{}, {}]", two(v[0]), two(v[1]), two(v[2]));
    let describe = |name: &str, v: [f64; 3], weight: Option<f64>| {
        let mut text = name.to_string();
        if wanted("_esci") {
            text.push_str(&effect(v));
        }
        if let Some(w) = weight.filter(|_| wanted("_weight")) {
            text.push_str(&format!("   {}", two(w)));
        }
        text
    };
    let study = |i: usize| {
        let half = z * data.v[i].sqrt();
        let values = shown([data.y[i], data.y[i] - half, data.y[i] + half], eform);
        let weight = 100.0 * whole.pooled.weights[i] / total;
        Line { text: describe(&data.labels[i], values, Some(weight)), values: Some(values), pool: false }
    };
    let pool = |name: &str, of: &Summary| {
        let values = shown(of.interval(data.level), eform);
        Line { text: describe(name, values, None), values: Some(values), pool: true }
    };
    let mut lines: Vec<Line> = Vec::new();
    match cmd.options.text("subgroup") {
        None => lines.extend(all.iter().map(|i| study(*i))),
        Some(variable) => {
            let [v] = s.varlist(variable)?[..] else {
                return Err(StataError::unsupported_option(
                    "meta forestplot",
                    "subgroup() of several variables",
                ));
            };
            for group in members(s, &data, v)? {
                lines.push(Line { text: name_of(s, v, data.rows[group[0]]), values: None, pool: false });
                lines.extend(group.iter().map(|i| study(*i)));
                lines.push(pool("Subgroup", &Summary::of(&cmd, &data, &group)?));
            }
        }
    }
    lines.push(pool("Overall", &whole));
    let mut at = Vec::new();
    if cmd.has("nullrefline") {
        at.push(if eform { 1.0 } else { 0.0 });
    }
    if cmd.has("esrefline") {
        at.push(shown(whole.interval(data.level), eform)[0]);
    }
    let title = heading(s, eform);
    draw_forest(s, &lines, &at, title, eform, others)
}

/// Draws the lines of a forest plot: intervals of studies, diamonds of pools.
fn draw_forest(
    s: &mut Session,
    lines: &[Line],
    at: &[f64],
    title: String,
    eform: bool,
    others: Vec<RawOption>,
) -> Result<()> {
    let (mut ranges, mut points, mut diamonds, mut ticks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, line) in lines.iter().enumerate() {
        let height = (lines.len() - place) as f64;
        ticks.push(format!("{height} `\"{}\"'", line.text.replace(['"', '`', '\''], " ")));
        match line.values {
            None => {}
            Some([y, low, high]) if line.pool => {
                let corners = [(low, 0.0), (y, DIAMOND), (high, 0.0), (y, -DIAMOND), (low, 0.0)];
                diamonds.extend(corners.map(|(x, up)| (x, height + up)));
                diamonds.push((f64::NAN, f64::NAN));
            }
            Some([y, low, high]) => {
                ranges.push(Range { at: height, low, high });
                points.push((y, height));
            }
        }
    }
    let used = points.len();
    let series =
        |shape: Shape, number: usize| Series { label: String::new(), number, shape, style: Style::default() };
    let figure = Plain {
        series: vec![
            series(Shape::Ranges { ranges, caps: false, horizontal: true }, 0),
            series(Shape::Points { points }, 0),
            series(Shape::Line { points: diamonds, step: false }, 1),
        ],
        x_title: title,
        x_lines: at.iter().map(|at| RefLine { at: *at, style: Style::default() }).collect(),
        used: Some(used),
        ..Plain::default()
    };
    let mut all: Vec<RawOption> = vec![
        ("ylabel".into(), Some(format!("{}, angle(0) nogrid", ticks.join(" ")))),
        ("legend".into(), Some("off".into())),
    ];
    if eform {
        all.push(("xscale".into(), Some("log".into())));
    }
    all.extend(others);
    show(s, figure, &all)
}

/// The data with a common effect by inverse variances, which these plots have where no model is asked for.
fn common(s: &Session, cmd: &ParsedCommand) -> Result<Declared> {
    let mut data = Declared::read(s, cmd)?;
    if !["random", "common", "fixed"].iter().any(|o| cmd.has(o)) {
        data.model = Model { name: "common", pooling: Pooling::Inverse };
    }
    Ok(data)
}

fn line(points: Vec<(f64, f64)>, number: usize) -> Series {
    Series {
        label: String::new(),
        number,
        shape: Shape::Line { points, step: false },
        style: Style::default(),
    }
}

fn markers(points: Vec<(f64, f64)>) -> Series {
    Series { label: String::new(), number: 0, shape: Shape::Points { points }, style: Style::default() }
}

/// `meta funnelplot`: effects against standard errors, with pseudo confidence limits or contours of significance.
pub(super) fn funnel(s: &mut Session, rest: &str) -> Result<()> {
    let (cmd, others) = parts("meta funnelplot", rest, FUNNEL, &["by", "n", "ADDPlot"])?;
    if cmd.options.text("metric").is_some_and(|m| m.trim() != "se") {
        return Err(StataError::unsupported_option("meta funnelplot", "metric()"));
    }
    let data = common(s, &cmd)?;
    let all: Vec<usize> = (0..data.y.len()).collect();
    let theta = Summary::of(&cmd, &data, &all)?.pooled.theta;
    if !cmd.has("nometashow") {
        show::before(s, false);
        s.print(format!("              Model: {}", data.model.title()));
        s.print(format!("             Method: {}", data.model.method_title()));
    }
    let points: Vec<(f64, f64)> = data.y.iter().zip(&data.v).map(|(y, v)| (*y, v.sqrt())).collect();
    let top = points.iter().map(|p| p.1).fold(0.0, f64::max);
    let used = points.len();
    let mut series = vec![markers(points)];
    match cmd.options.text("contours") {
        Some(text) => {
            let levels = numlist::expand(text.split(',').next().unwrap_or(""))?;
            if levels.is_empty() || levels.iter().any(|l| !(*l > 0.0 && *l < 100.0)) {
                return Err(StataError::invalid("contours() must be percentages of significance"));
            }
            for (k, percent) in levels.iter().enumerate() {
                let half = critical(100.0 - percent, None) * top;
                series.push(line(vec![(-half, top), (0.0, 0.0), (half, top)], k + 1));
            }
        }
        None => {
            let half = critical(data.level, None) * top;
            series.push(line(vec![(theta - half, top), (theta, 0.0), (theta + half, top)], 1));
        }
    }
    series.push(line(vec![(theta, 0.0), (theta, top)], 0));
    let figure = Plain {
        series,
        title: "Funnel plot".to_string(),
        x_title: heading(s, false),
        y_title: "Standard error".to_string(),
        used: Some(used),
        ..Plain::default()
    };
    let mut options: Vec<RawOption> =
        vec![("legend".into(), Some("off".into())), ("yscale".into(), Some("reverse".into()))];
    options.extend(others);
    show(s, figure, &options)
}

/// `meta galbraithplot`: standardised effects against precisions, with the line of the effect and its limits.
pub(super) fn galbraith(s: &mut Session, rest: &str) -> Result<()> {
    let (cmd, others) = parts("meta galbraithplot", rest, &FUNNEL[..4], &["ADDPlot"])?;
    let data = common(s, &cmd)?;
    let all: Vec<usize> = (0..data.y.len()).collect();
    let theta = Summary::of(&cmd, &data, &all)?.pooled.theta;
    let points: Vec<(f64, f64)> =
        data.y.iter().zip(&data.v).map(|(y, v)| (1.0 / v.sqrt(), y / v.sqrt())).collect();
    let most = points.iter().map(|p| p.0).fold(0.0, f64::max);
    let used = points.len();
    let z = critical(data.level, None);
    let mut series = vec![markers(points)];
    for (number, shift) in [(0, 0.0), (1, z), (1, -z)] {
        series.push(line(vec![(0.0, shift), (most, theta * most + shift)], number));
    }
    let figure = Plain {
        series,
        title: "Galbraith plot".to_string(),
        x_title: "Precision (1/se)".to_string(),
        y_title: "Standardized effect size".to_string(),
        used: Some(used),
        ..Plain::default()
    };
    let mut options: Vec<RawOption> = vec![("legend".into(), Some("off".into()))];
    options.extend(others);
    show(s, figure, &options)
}
