//! `marginsplot`: draws the results of the `margins` before it.

mod draw;
mod options;

use self::options::read_options;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::at_spec;
use crate::matrix::Stripe;
use crate::ops::graphs::store;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, split_options};
use crate::value::is_missing;

/// `marginsplot`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "marginsplot",
    min: 11,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "marginsplot [, xdimension(name) plotdimension(names) bydimension(names) noci recast(connected|line|scatter) recastci(rcap|rarea|rspike) horizontal twoway_options]",
    notes: "draws r(table) of the margins before it; the x dimension is the first variable with several values in the order of at(), else the first factor; the other dimensions are plots, or panels with bydimension(); plots are numbered as in Stata, intervals before margins; separate figures by graphdimension() are not drawn",
    examples: &[Example {
        run: "set obs 40\ngenerate x = _n\ngenerate g = mod(_n, 2)\ngenerate y = x + g + sin(_n)\nregress y c.x##i.g\nmargins g, at(x = (10 20 30))\nmarginsplot\nscalar n = _N",
        expect: &[("n", 40.0)],
    }],
};

/// The value of one dimension for one result.
#[derive(Debug, Clone, PartialEq)]
struct Coordinate {
    dimension: String,
    value: f64,
    text: String,
}

/// One margin with its place.
#[derive(Debug, Clone)]
struct Point {
    coordinates: Vec<Coordinate>,
    estimate: f64,
    low: f64,
    high: f64,
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let options = read_options(session, cmd.raw.trim().trim_start_matches(','))?;
    if !session.r.get_text("cmd").is_some_and(|cmd| cmd == "margins" || cmd.starts_with("margins,")) {
        return Err(StataError::new(301, "previous command was not margins"));
    }
    let points = points(session)?;
    name_dimensions(session, &points);
    let figure = draw::figure(session, &options, &points)?;
    store::show(session, figure, &options.figure)
}

/// Prints the variables whose values tell the margins apart; margins of several outcomes have none of their own.
fn name_dimensions(session: &mut Session, points: &[Point]) {
    let Some(first) = points.first() else { return };
    let mut names: Vec<&str> = Vec::new();
    for c in &first.coordinates {
        match c.dimension.as_str() {
            "_equation" => return,
            "_term" if points.iter().all(|p| p.coordinates.contains(c)) => {}
            "_term" => names.push("_deriv"),
            name => names.push(name),
        }
    }
    if names.is_empty() {
        return;
    }
    let line = format!("Variables that uniquely identify margins: {}", names.join(" "));
    session.print("");
    session.print(line);
}

/// The columns of r(table) with the dimensions that their names and r(at) tell.
fn points(session: &Session) -> Result<Vec<Point>> {
    let matrices = &session.r.matrices;
    let table = matrices
        .get("table_vs")
        .or_else(|| matrices.get("table"))
        .ok_or_else(|| StataError::new(301, "r(table) of margins not found"))?;
    let row = |name: &str| {
        table
            .row_names
            .iter()
            .position(|s| s.name == name)
            .ok_or_else(|| StataError::new(301, "r(table) is incomplete"))
    };
    let (b, low, high) = (row("b")?, row("ll")?, row("ul")?);
    let many_equations = table.col_names.iter().any(|s| s.eq != table.col_names[0].eq);
    let mut points = Vec::new();
    for (at, stripe) in table.col_names.iter().enumerate() {
        let estimate = table.get(b, at);
        if is_missing(estimate) || is_base(stripe) {
            continue;
        }
        let mut coordinates = Vec::new();
        if many_equations {
            coordinates.push(Coordinate {
                dimension: "_equation".into(),
                value: 0.0,
                text: stripe.eq.clone(),
            });
        }
        stripe.name.split('#').for_each(|part| coordinate(session, part, &mut coordinates));
        points.push(Point { coordinates, estimate, low: table.get(low, at), high: table.get(high, at) });
    }
    // equations, comparisons of levels, and terms without a level get places 1, 2, 3 …
    let all = points.iter().flat_map(|p| &p.coordinates);
    let mut placed: Vec<String> =
        all.filter(|c| c.value == 0.0 && c.text.contains(" vs ")).map(|c| c.dimension.clone()).collect();
    placed.sort();
    placed.dedup();
    for dimension in placed.into_iter().chain(["_equation", "_term"].map(str::to_string)) {
        let mut seen: Vec<String> = Vec::new();
        for c in points.iter_mut().flat_map(|p| p.coordinates.iter_mut()).filter(|c| c.dimension == dimension)
        {
            let place = seen.iter().position(|t| *t == c.text).unwrap_or_else(|| {
                seen.push(c.text.clone());
                seen.len() - 1
            });
            c.value = place as f64 + 1.0;
        }
    }
    if points.is_empty() { Err(StataError::no_observations()) } else { Ok(points) }
}

/// True for the base level of a factor, whose effect is zero by definition.
fn is_base(stripe: &Stripe) -> bool {
    [&stripe.eq, &stripe.name].into_iter().any(|name| {
        name.split('#').any(|part| {
            part.split_once('.').is_some_and(|(level, _)| {
                level.ends_with('b')
                    && level.len() > 1
                    && level[..level.len() - 1].bytes().all(|c| c.is_ascii_digit())
            })
        })
    })
}

/// Reads one part of a column name: `2._at`, `1.group`, `x`, `_cons`.
fn coordinate(session: &Session, part: &str, out: &mut Vec<Coordinate>) {
    let level = part.split_once('.').and_then(|(digits, name)| {
        let digits = digits.trim_end_matches(|c: char| c.is_ascii_lowercase());
        Some((digits.parse::<i64>().ok()?, name))
    });
    if let Some((name, text)) = compared(session, part) {
        return out.push(Coordinate { dimension: name, value: 0.0, text });
    }
    match level {
        Some((row, "_at")) => {
            let Some(settings) = session.r.matrices.get("at") else { return };
            for (column, stripe) in settings.col_names.iter().enumerate() {
                let values: Vec<f64> = (0..settings.rows()).map(|r| settings.get(r, column)).collect();
                if values.iter().any(|v| *v != values[0]) {
                    let value = settings.get((row as usize - 1).min(settings.rows() - 1), column);
                    let dimension = stripe.name.rsplit('.').next().unwrap_or(&stripe.name).to_owned();
                    out.push(Coordinate { text: level_text(session, &dimension, value), dimension, value });
                }
            }
        }
        Some((value, name)) => {
            let value = value as f64;
            out.push(Coordinate {
                dimension: name.to_owned(),
                value,
                text: level_text(session, name, value),
            });
        }
        None if part == "_cons" => {}
        None => out.push(Coordinate { dimension: "_term".into(), value: 0.0, text: label(session, part) }),
    }
}

/// The factor and the text of a comparison of two of its levels, `r2vs1.group` or `2vs1.group`.
fn compared(session: &Session, part: &str) -> Option<(String, String)> {
    let (levels, name) = part.split_once('.')?;
    let (one, other) = levels.trim_start_matches(|c: char| c.is_ascii_lowercase()).split_once("vs")?;
    let text = |level: &str| {
        let digits = level.trim_end_matches(|c: char| c.is_ascii_lowercase());
        digits.parse::<f64>().map_or_else(|_| level.to_string(), |value| level_text(session, name, value))
    };
    Some((name.to_string(), format!("{} vs {}", text(one), text(other))))
}

fn label(session: &Session, name: &str) -> String {
    session.frame.find(name).map_or(name.to_owned(), |v| super::plots::Plot::label(session, v))
}

/// A level as its value label, or as a number.
fn level_text(session: &Session, name: &str, value: f64) -> String {
    let labelled =
        session.frame.find(name).and_then(|v| session.frame.labels_of(v)).and_then(|set| set.get(value));
    labelled.map_or_else(|| figure::ticks::texts(&[value]).remove(0), str::to_owned)
}

/// Variables of the `at()` options in the order in which they are written.
fn written(session: &Session) -> Vec<String> {
    let line = session.r.get_text("cmdline").unwrap_or("");
    let options = line.split_once(',').map_or("", |(_, options)| options);
    let mut out = Vec::new();
    for (name, argument) in split_options(options).unwrap_or_default() {
        let settings =
            argument.filter(|_| abbreviates(&name, "at")).and_then(|text| at_spec::parse(&text).ok());
        for (variable, _) in settings.into_iter().flatten().flatten() {
            let name = variable.rsplit('.').next().unwrap_or(&variable).to_string();
            if !out.contains(&name) {
                out.push(name);
            }
        }
    }
    out
}

/// The dimensions that vary: equations and `at()` variables first, the latter in the order in which they are written.
fn dimensions(session: &Session, points: &[Point]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for c in points.iter().flat_map(|p| &p.coordinates) {
        let differs =
            points.iter().any(|p| p.coordinates.iter().any(|o| o.dimension == c.dimension && o != c));
        if differs && !names.contains(&c.dimension) {
            names.push(c.dimension.clone());
        }
    }
    let settings = session.r.matrices.get("at");
    let is_at = |name: &String| {
        settings.is_some_and(|m| m.col_names.iter().any(|s| s.name.rsplit('.').next() == Some(name.as_str())))
    };
    let written = written(session);
    let place = |name: &String| {
        let at = written.iter().position(|w| w == name);
        at.or_else(|| written.iter().position(|w| name.starts_with(w.as_str()))).unwrap_or(written.len())
    };
    names.sort_by_key(|name| if is_at(name) { (0, place(name)) } else { (1, 0) });
    names
}
