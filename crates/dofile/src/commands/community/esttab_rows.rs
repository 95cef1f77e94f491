//! The lines of a table of `esttab`: coefficients, indicators and statistics of several models.

use super::esttab::Wanted;
use super::esttab_elements::{Element, of_model, width};
use super::esttab_options::texts;
use super::esttab_statistics as statistics;
use super::esttab_transform::Scale;
use crate::estimation::table::parse_term;
use crate::matrix::Stripe;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::front_and_options;
use crate::value::is_missing;
use estimators::wald;

/// A cell: a number and its stars.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// Text.
    pub text: String,
    /// Stars behind it.
    pub stars: String,
}

/// A part of the body.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A line with its label and its cells.
    Line(String, Vec<Cell>),
    /// A heading of an equation.
    Heading(String),
    /// Space between coefficients.
    Gap,
    /// A rule.
    Rule,
    /// Text at the beginning of the next line.
    Before(String),
    /// Text at the end of the last line.
    After(String),
    /// A line of the user.
    Own(String),
}

/// A model in a column.
pub(super) struct Model {
    /// Name under which it is stored.
    pub name: String,
    /// Results.
    pub e: Estimation,
}

/// Whether a name, or an equation and a name, fits a pattern with `*` and `?`.
pub(super) fn matches(pattern: &str, stripe: &Stripe) -> bool {
    let (eq, name) = pattern.split_once(':').map_or((None, pattern), |(e, n)| (Some(e), n));
    let wild = |pattern: &str, text: &str| wildcard(pattern.as_bytes(), text.as_bytes());
    eq.is_none_or(|eq| wild(eq, &stripe.eq)) && (name.is_empty() || wild(name, &stripe.name))
}

fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            wildcard(&pattern[1..], text) || (!text.is_empty() && wildcard(pattern, &text[1..]))
        }
        (Some(b'?'), Some(_)) => wildcard(&pattern[1..], &text[1..]),
        (Some(p), Some(t)) => p == t && wildcard(&pattern[1..], &text[1..]),
        _ => false,
    }
}

/// Whether a model has one equation besides ancillary parameters: its name is not shown then.
fn single_equation(stripes: &[Stripe]) -> bool {
    let mut names = stripes.iter().map(|s| s.eq.as_str()).filter(|eq| !eq.starts_with('/'));
    let first = names.next();
    names.all(|n| Some(n) == first)
}

/// Names of the columns of a model, and the place of each.
fn columns(model: &Model, wanted: &Wanted) -> Vec<(Stripe, usize)> {
    let first = wanted.cells.iter().flatten().next().map_or("b", |e| e.name.as_str());
    let matrix = model.e.b().or_else(|| model.e.results.matrices.get(first));
    let Some(matrix) = matrix else { return Vec::new() };
    let single = single_equation(&matrix.col_names);
    let renamed = |name: &str| {
        wanted.renamed.iter().find(|(old, _)| old == name).map_or(name.to_string(), |(_, new)| new.clone())
    };
    matrix
        .col_names
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let eq = if single && !s.eq.starts_with('/') { String::new() } else { s.eq.clone() };
            (Stripe::with_eq(eq, renamed(&s.name)), i)
        })
        .collect()
}

/// Coefficients of all models in the order in which they are shown, and those behind each indicator.
pub(super) fn coefficients(models: &[Model], wanted: &Wanted) -> Vec<Stripe> {
    let mut all: Vec<Stripe> = Vec::new();
    for model in models {
        for (stripe, _) in columns(model, wanted) {
            if !all.contains(&stripe) {
                // a new parameter of a known equation follows that equation
                let last = all.iter().rposition(|s| s.eq == stripe.eq);
                all.insert(last.map_or(all.len(), |i| i + 1), stripe);
            }
        }
    }
    let equations: Vec<String> = all.iter().map(|s| s.eq.clone()).collect();
    all.sort_by_key(|s| (equations.iter().position(|e| *e == s.eq), s.name == "_cons"));
    let indicated =
        |s: &Stripe| wanted.indicate.list.iter().any(|(_, list)| list.iter().any(|p| matches(p, s)));
    all.retain(|s| {
        let kept = wanted.keep.as_ref().is_none_or(|list| list.iter().any(|p| matches(p, s)));
        let dropped = wanted.drop.iter().any(|p| matches(p, s));
        let term = parse_term(&s.name);
        let base = wanted.no_base && term.as_ref().is_some_and(|t| t.is_base());
        let omitted = wanted.no_omitted && term.is_some_and(|t| t.is_omitted());
        kept && !dropped && !indicated(s) && !base && !omitted
    });
    let mut ordered = Vec::new();
    for pattern in &wanted.order {
        let (found, rest): (Vec<Stripe>, Vec<Stripe>) = all.into_iter().partition(|s| matches(pattern, s));
        ordered.extend(found);
        all = rest;
    }
    ordered.extend(all);
    ordered
}

/// Whether a number is shown with a coefficient.
fn shown_with(element: &Element, stripe: &Stripe) -> bool {
    let among = |list: &[String]| list.iter().any(|p| matches(p, stripe));
    element.keep.as_ref().is_none_or(|list| among(list)) && !among(&element.drop)
}

/// The cell of one number.
fn cell(model: &Model, place: Option<usize>, element: &Element, wanted: &Wanted, scale: Scale<'_>) -> Cell {
    let Some(i) = place else { return Cell { text: element.vacant.clone(), ..Cell::default() } };
    let df_r = model.e.results.get_scalar("df_r").filter(|x| !is_missing(*x));
    let b = model.e.b().map_or(f64::NAN, |b| b.get(0, i));
    let se = model.e.v().map_or(f64::NAN, |v| v.get(i, i).max(0.0).sqrt());
    let fixed = se.is_nan() || se <= 0.0;
    let half = if fixed { f64::NAN } else { se * wald::critical(wanted.level, df_r) };
    // estpost posts its own numbers instead of a covariance matrix
    let posted = |name: &str| {
        let vector = model.e.results.matrices.get(name).filter(|m| model.e.v().is_none() && i < m.cols());
        vector.map_or(f64::NAN, |m| m.get(0, i))
    };
    let p = if fixed { posted("p") } else { wald::p_value(b / se, df_r) };
    let vector =
        |name: &str| model.e.results.matrices.get(name).filter(|m| i < m.cols()).map(|m| m.get(0, i));
    let shown = |x: f64| scale.value(x);
    let value = match element.name.as_str() {
        "b" => shown(b),
        "se" if fixed && matches!(scale, Scale::Plain) => posted("se"),
        "se" => scale.slope(b) * se,
        "t" | "z" if fixed => posted("t"),
        "t" | "z" => b / se,
        "p" => p,
        "ci_l" => shown(b - half),
        "ci_u" => shown(b + half),
        "ci" => f64::NAN,
        name => vector(name).unwrap_or(f64::NAN),
    };
    let value = if element.absolute && !is_missing(value) { value.abs() } else { value };
    let number = |x: f64| wanted.look.number(&element.fmt, x);
    let text = if element.name == "ci" && !fixed {
        format!("{},{}", number(shown(b - half)), number(shown(b + half)))
    } else if value.is_nan() || is_missing(value) {
        ".".to_string()
    } else {
        number(value)
    };
    let p = element.p_values.as_ref().map_or(p, |name| vector(name).unwrap_or(f64::NAN));
    let mark = wanted.stars.iter().rfind(|(_, level, _)| element.star && p < *level);
    let stars = mark.map_or(String::new(), |(mark, ..)| mark.clone());
    let (open, close) = element.brackets.clone().unwrap_or_default();
    Cell { text: format!("{open}{text}{close}"), stars }
}

/// Label of a coefficient.
fn label(s: &Session, name: &str, wanted: &Wanted) -> String {
    let own = wanted.labels.pairs.iter().find(|(n, _)| n == name);
    let label = own.map_or_else(|| usual_label(s, name, wanted), |(_, label)| label.clone());
    wanted.labels.framed(&label)
}

fn usual_label(s: &Session, name: &str, wanted: &Wanted) -> String {
    if !wanted.label {
        return name.to_string();
    }
    if name == "_cons" {
        return "Constant".to_string();
    }
    let variable = |name: &str| match s.frame.find(name).map(|v| s.frame.var(v).label.clone()) {
        Some(label) if !label.is_empty() => label,
        _ => name.to_string(),
    };
    let part = |part: &str| {
        let Some((operator, of)) = part.split_once('.') else { return variable(part) };
        let digits: String = operator.chars().take_while(char::is_ascii_digit).collect();
        match digits.parse::<f64>() {
            Ok(level) => {
                let labels = s.frame.find(of).and_then(|v| s.frame.labels_of(v));
                labels
                    .and_then(|l| l.get(level))
                    .map_or_else(|| format!("{}={digits}", variable(of)), str::to_string)
            }
            Err(_) if operator == "c" => variable(of),
            Err(_) => part.to_string(),
        }
    };
    name.split('#').map(part).collect::<Vec<_>>().join(&wanted.labels.operator)
}

/// The body of the table: coefficients, indicators, a rule and the statistics.
pub(super) fn body(s: &Session, models: &[Model], wanted: &Wanted) -> Vec<Part> {
    let mut parts = Vec::new();
    let widths: Vec<usize> = (0..models.len()).map(|m| width(&wanted.cells, m)).collect();
    let stacked = wanted.gaps && wanted.cells.len() > 1;
    of_coefficients(s, models, wanted, &widths, &mut parts);
    let line = |label: String, texts: Vec<(String, String)>| {
        let cells = texts.into_iter().zip(&widths).flat_map(|((text, stars), width)| {
            let mut own = vec![Cell::default(); *width];
            own[0] = Cell { text, stars };
            own
        });
        Part::Line(label, cells.collect())
    };
    if stacked && !wanted.indicate.list.is_empty() {
        parts.push(Part::Gap);
    }
    for (label, list) in &wanted.indicate.list {
        let has = |m: &Model| columns(m, wanted).iter().any(|(s, _)| list.iter().any(|p| matches(p, s)));
        let [yes, no] = &wanted.indicate.texts;
        let texts = models.iter().map(|m| (if has(m) { yes } else { no }.clone(), String::new())).collect();
        parts.push(line(label.clone(), texts));
    }
    if !wanted.statistics.is_empty() {
        parts.push(Part::Rule);
    }
    for statistic in &wanted.statistics {
        let shown = |fmt: &str, x: f64| wanted.look.number(fmt, x);
        let texts = models.iter().map(|m| statistics::text(&m.e, statistic, &wanted.stars, shown));
        let label = statistic
            .label
            .clone()
            .unwrap_or_else(|| wanted.format.statistic(&statistic.parts[0].name, wanted.label));
        parts.push(line(label, texts.collect()));
    }
    parts
}

/// The lines of the coefficients, with the headings of their equations.
fn of_coefficients(s: &Session, models: &[Model], wanted: &Wanted, widths: &[usize], parts: &mut Vec<Part>) {
    let places: Vec<Vec<(Stripe, usize)>> = models.iter().map(|m| columns(m, wanted)).collect();
    let stacked = wanted.gaps && wanted.cells.len() > 1 && !wanted.labels.spaced();
    let (mut equation, mut headings) = (String::new(), 0);
    let all = coefficients(models, wanted);
    for (at, stripe) in all.iter().enumerate() {
        if !parts.is_empty() && stacked {
            parts.push(Part::Gap);
        }
        if stripe.eq != equation {
            equation.clone_from(&stripe.eq);
            if let Some(own) = &wanted.equations {
                parts.push(Part::Heading(own.get(headings).cloned().unwrap_or_else(|| equation.clone())));
            }
            headings += 1;
        }
        if let Some((_, text)) = wanted.references.iter().find(|(name, _)| *name == stripe.name) {
            let cells = places.iter().zip(widths).flat_map(|(places, width)| {
                let mut own = vec![Cell::default(); *width];
                if places.iter().any(|(own, _)| own == stripe) {
                    own[0].text.clone_from(&wanted.reference_label);
                }
                own
            });
            parts.push(Part::Line(text.clone(), cells.collect()));
        }
        let (lines, text) = wanted.labels.above(&stripe.name, at == 0);
        parts.extend(lines.into_iter().map(Part::Own));
        if !text.is_empty() {
            parts.push(Part::Before(text));
        }
        let name = label(s, &stripe.name, wanted);
        for k in 0..wanted.cells.len() {
            let cells = row(s, models, wanted, &places, widths, stripe, k);
            parts.push(Part::Line(if k == 0 { name.clone() } else { String::new() }, cells));
        }
        let (text, lines) = wanted.labels.below(&stripe.name, at + 1 == all.len());
        if !text.is_empty() {
            parts.push(Part::After(text));
        }
        parts.extend(lines.into_iter().map(Part::Own));
    }
}

/// The cells of a row of numbers of one coefficient.
fn row(
    s: &Session,
    models: &[Model],
    wanted: &Wanted,
    places: &[Vec<(Stripe, usize)>],
    widths: &[usize],
    stripe: &Stripe,
    k: usize,
) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (m, model) in models.iter().enumerate() {
        let eform = wanted.eform.get(m).or(wanted.eform.last()).copied().unwrap_or(false);
        let scale = wanted.transforms.scale(s, m, stripe, eform);
        let place = places[m].iter().find(|(own, _)| own == stripe).map(|(_, i)| *i);
        let elements = &of_model(&wanted.cells, m)[k];
        for j in 0..widths[m] {
            let shown = elements.get(j).filter(|e| shown_with(e, stripe));
            cells.push(shown.map_or_else(Cell::default, |e| cell(model, place, e, wanted, scale)));
        }
    }
    cells
}

/// Lines that tell whether models have coefficients of a group.
#[derive(Debug, Clone)]
pub(super) struct Indicators {
    /// Label and patterns of names of each line.
    pub list: Vec<(String, Vec<String>)>,
    /// Texts for models with and without them.
    pub texts: [String; 2],
}

/// Reads `indicate("label = names" ... [, labels(yes no)])`.
pub(super) fn indicators(text: &str) -> crate::error::Result<Indicators> {
    let (text, options) = front_and_options(text);
    let mut shown = ["Yes".to_string(), "No".to_string()];
    for (name, value) in split_options(options)? {
        match value {
            Some(list) if !name.is_empty() && "labels".starts_with(name.as_str()) => {
                let own = texts(&list);
                shown = [0, 1].map(|k| own.get(k).cloned().unwrap_or_default());
            }
            _ => {
                return Err(crate::error::StataError::unsupported_option(
                    "esttab",
                    &format!("indicate(, {name})"),
                ));
            }
        }
    }
    let items = if text.contains('"') { texts(text) } else { vec![text.to_string()] };
    let split = |item: &String| {
        let (label, list) = item.split_once('=').unwrap_or((item, item));
        (label.trim().to_string(), list.split_whitespace().map(str::to_string).collect())
    };
    let list = items.iter().filter(|item| !item.trim().is_empty()).map(split).collect();
    Ok(Indicators { list, texts: shown })
}
