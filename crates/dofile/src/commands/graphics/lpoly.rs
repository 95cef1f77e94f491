//! `lpoly`: local polynomial regression of one variable on another, drawn or stored ([R] lpoly). Numbers:
//! `estimators::local_polynomial`.

use super::numbers::Kernel;
use super::plots;
use super::smoother_look::SmootherLooks;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::ops::graphs::no_effect;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::varlist::new_names;
use crate::syntax::{ParsedCommand, split};
use crate::value::{MISSING, is_missing};
use estimators::local_polynomial::fit;
use estimators::wald;
use figure::{Color, Range, Series, Shape, Style};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lpoly",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "lpoly yvar xvar [if] [in], bwidth(#) [kernel(name) degree(#) n(#) at(varname) generate([newvar_x] newvar_s) se(newvar) ci pwidth(#) var(#) level(#) nograph noscatter marker_options lineopts(line_options) twoway_options]",
    notes: "bwidth() is needed: the rule of thumb is not there; the variance of the errors at a point is that of a polynomial two degrees higher with the width pwidth(), 1.5 times bwidth() by default; stores r(degree) r(ngrid) r(N) r(bwidth) r(pwidth) r(kernel); [R] lpoly",
    examples: &[Example {
        // A polynomial of the degree of the data fits them.
        run: "set obs 30\ngenerate x = _n/3\ngenerate double y = 2 - x + x^2\nlpoly y x, bwidth(2) degree(2) generate(g s) n(5) nograph",
        expect: &[("round(s[3] - (2 - g[3] + g[3]^2), 1e-8)", 0.0), ("r(ngrid)", 5.0), ("g[5]", 10.0)],
    }],
};

/// The options.
struct Asked {
    width: f64,
    kernel: Kernel,
    degree: usize,
    points: Option<usize>,
    at: Option<usize>,
    names: Vec<String>,
    error: Option<String>,
    pilot: Option<f64>,
    variance: Option<f64>,
    level: f64,
    interval: bool,
    graph: bool,
    scatter: bool,
    looks: SmootherLooks,
    rest: Vec<RawOption>,
}

fn asked(s: &Session, text: &str) -> Result<Asked> {
    let mut out = Asked {
        width: f64::NAN,
        kernel: Kernel::Epanechnikov,
        degree: 0,
        points: None,
        at: None,
        names: Vec::new(),
        error: None,
        pilot: None,
        variance: None,
        level: s.settings.level,
        interval: false,
        graph: true,
        scatter: true,
        looks: SmootherLooks::default(),
        rest: Vec::new(),
    };
    let positive = |name: &str, text: &str| {
        parse_number(text)
            .filter(|x| *x > 0.0)
            .ok_or_else(|| StataError::invalid(format!("option {name}() must be a positive number")))
    };
    let count = |name: &str, text: &str, most: f64| {
        parse_number(text)
            .filter(|x| (0.0..=most).contains(x) && x.fract() == 0.0)
            .map(|x| x as usize)
            .ok_or_else(|| StataError::invalid(format!("option {name}() incorrectly specified")))
    };
    for option in split_options(text)? {
        match &option {
            (name, Some(a)) if abbreviates(name, "BWidth") => out.width = positive("bwidth", a)?,
            (name, Some(a)) if abbreviates(name, "Kernel") => out.kernel = plots::kernel(Some(a.trim()))?,
            (name, Some(a)) if abbreviates(name, "Degree") => out.degree = count("degree", a, 20.0)?,
            (name, Some(a)) if name == "n" => out.points = Some(count("n", a, 1e6)?.max(1)),
            (name, Some(a)) if name == "at" => out.at = Some(s.numeric_variable(a)?),
            (name, Some(a)) if abbreviates(name, "GENerate") => out.names = new_names(&s.frame, a)?,
            (name, Some(a)) if name == "se" => {
                out.error = new_names(&s.frame, a)?.into_iter().next();
            }
            (name, Some(a)) if abbreviates(name, "PWidth") => out.pilot = Some(positive("pwidth", a)?),
            (name, Some(a)) if name == "var" => out.variance = Some(positive("var", a)?),
            (name, Some(a)) if abbreviates(name, "Level") => {
                out.level = parse_number(a)
                    .filter(|l| (10.0..=99.99).contains(l))
                    .ok_or_else(|| StataError::new(198, "level() must be between 10 and 99.99 inclusive"))?;
            }
            (name, None) if name == "ci" => out.interval = true,
            (name, None) if abbreviates(name, "noGRaph") => out.graph = false,
            (name, None) if abbreviates(name, "noSCatter") => out.scatter = false,
            _ if out.looks.take(s, &option)? => {}
            (name, Some(_)) if no_effect::of_added(name) => {}
            (name, _) if abbreviates(name, "ADDplot") => {
                return Err(StataError::unsupported_option("lpoly", name));
            }
            _ => out.rest.push(option),
        }
    }
    if out.width.is_nan() {
        return Err(StataError::unsupported_option("lpoly", "the rule-of-thumb bandwidth; add bwidth(#)"));
    }
    Ok(out)
}

/// Smooth and its standard error at a point; missing where too few points are near.
fn smooth(points: &[(f64, f64)], x0: f64, asked: &Asked, pilot: f64) -> (f64, f64) {
    let weights = |width: f64| -> Vec<f64> {
        points.iter().map(|(x, _)| asked.kernel.weight((x - x0) / width)).collect()
    };
    let Some(own) = fit(points, &weights(asked.width), x0, asked.width, asked.degree) else {
        return (MISSING, MISSING);
    };
    let variance = match asked.variance {
        Some(v) => Some(v),
        None => fit(points, &weights(pilot), x0, pilot, asked.degree + 2).map(|f| f.residual_variance),
    };
    let error = variance.map_or(MISSING, |v| (v * own.variance).sqrt());
    (own.value, if error.is_finite() { error } else { MISSING })
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let own = ParsedCommand::split("lpoly", &cmd.raw, false)?;
    if own.weight.is_some() {
        return Err(StataError::unsupported_option("lpoly", "weights"));
    }
    let asked = asked(s, &own.option_text)?;
    let variables =
        split::words(&own.list).iter().map(|v| s.numeric_variable(v)).collect::<Result<Vec<_>>>()?;
    let [y, x] = variables[..] else {
        return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
    };
    let mut touse = s.rows(&own)?;
    s.markout(&[y, x], &mut touse, false)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let points: Vec<(f64, f64)> =
        rows.iter().map(|r| (s.frame.num_at(x, *r), s.frame.num_at(y, *r))).collect();
    let grid: Vec<f64> = match asked.at {
        Some(at) => s.frame.numeric(at)?.to_vec(),
        None => {
            let low = points.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
            let high = points.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
            let n = asked.points.unwrap_or(points.len().min(50));
            let step = if n > 1 { (high - low) / (n - 1) as f64 } else { 0.0 };
            (0..n).map(|i| if i + 1 == n && n > 1 { high } else { low + step * i as f64 }).collect()
        }
    };
    let pilot = asked.pilot.unwrap_or(1.5 * asked.width);
    let found: Vec<(f64, f64)> = grid
        .iter()
        .map(|x0| if is_missing(*x0) { (MISSING, MISSING) } else { smooth(&points, *x0, &asked, pilot) })
        .collect();
    store(s, &asked, &grid, &found)?;
    let mut r = Results::default();
    let fitted = found.iter().filter(|f| !is_missing(f.0)).count();
    r.scalar("degree", asked.degree as f64).scalar("ngrid", fitted as f64).scalar("N", points.len() as f64);
    r.scalar("bwidth", asked.width).scalar("pwidth", pilot).text("kernel", asked.kernel.name());
    s.r = r;
    if !asked.graph {
        return Ok(());
    }
    draw(s, (y, x), &asked, points, &grid, &found)
}

/// Adds the new variables; the data grow where the grid is longer.
fn store(s: &mut Session, asked: &Asked, grid: &[f64], found: &[(f64, f64)]) -> Result<()> {
    let expected = if asked.at.is_some() { 1 } else { 2 };
    if !asked.names.is_empty() && asked.names.len() != expected {
        return Err(StataError::invalid("option generate() incorrectly specified"));
    }
    if asked.names.is_empty() && asked.error.is_none() {
        return Ok(());
    }
    if asked.error.is_some() && asked.names.is_empty() && asked.at.is_none() {
        return Err(StataError::invalid("option se() requires generate() or at()"));
    }
    if grid.len() > s.frame.n_rows() {
        s.frame.set_n_rows(grid.len());
    }
    let n = s.frame.n_rows();
    let column = |values: Vec<f64>| {
        let mut values = values;
        values.resize(n, MISSING);
        Column::Double(values)
    };
    let mut added = vec![(asked.names.last(), found.iter().map(|f| f.0).collect::<Vec<f64>>())];
    if expected == 2 {
        added.insert(0, (asked.names.first(), grid.to_vec()));
    }
    added.push((asked.error.as_ref(), found.iter().map(|f| f.1).collect()));
    for (name, values) in added {
        if let Some(name) = name {
            s.frame.add(Variable::new(name, column(values)))?;
        }
    }
    Ok(())
}

fn draw(
    s: &mut Session,
    (y, x): (usize, usize),
    asked: &Asked,
    points: Vec<(f64, f64)>,
    grid: &[f64],
    found: &[(f64, f64)],
) -> Result<()> {
    let title = |v: usize| {
        let var = s.frame.var(v);
        if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
    };
    let series =
        |number: usize, shape: Shape, style: Style| Series { label: String::new(), number, shape, style };
    let mut curve: Vec<(f64, f64, f64)> =
        grid.iter().zip(found).filter(|(_, f)| !is_missing(f.0)).map(|(x, f)| (*x, f.0, f.1)).collect();
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut drawn = Vec::new();
    if asked.interval {
        let z = wald::critical(asked.level, None);
        let known = curve.iter().filter(|p| !is_missing(p.2));
        let ranges = known.map(|p| Range { at: p.0, low: p.1 - z * p.2, high: p.1 + z * p.2 }).collect();
        let grey = Style { fill: Color::parse("gs13"), ..Style::default() };
        drawn.push(series(2, Shape::Band { ranges }, grey));
    }
    let used = points.len();
    if asked.scatter {
        let (look, number) = asked.looks.points();
        drawn.push(series(number, Shape::Points { points }, look));
    }
    let line = curve.iter().map(|p| (p.0, p.1)).collect();
    let (look, number) = asked.looks.line();
    drawn.push(series(number, Shape::Line { points: line, step: false }, look));
    let figure = Plain {
        series: drawn,
        title: "Local polynomial smooth".to_string(),
        note: format!(
            "kernel = {}, degree = {}, bandwidth = {}",
            asked.kernel.name(),
            asked.degree,
            asked.width
        ),
        x_title: title(x),
        y_title: title(y),
        used: Some(used),
        ..Plain::default()
    };
    show(s, figure, &asked.rest)
}
