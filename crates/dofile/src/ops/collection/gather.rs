//! Results of a command as items ([TABLES] collect get): scalars, macros and matrices, and the results of its coefficient table
//! as `_r_b`, `_r_se` and so on.

use super::factor_levels::{level_of, mark_of};
use super::items::{Collection, Content, Mark, Tags};
use crate::error::{Result, StataError};
use crate::estimation::table::{Row, row};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::{MISSING, is_missing};

/// Matrices with more elements are not collected.
const MOST_ELEMENTS: usize = 250_000;

/// Where results come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `e()`.
    Estimates,
    /// `r()`.
    Returned,
}

fn results(s: &Session, source: Source) -> &Results {
    match source {
        Source::Estimates => &s.e.results,
        Source::Returned => &s.r,
    }
}

/// Results of the coefficient table, with the row of `r(table)` that each is in.
const TABLE_ROWS: &[(&str, &[&str])] = &[
    ("_r_b", &["b"]),
    ("_r_se", &["se"]),
    ("_r_z", &["z", "t"]),
    ("_r_p", &["pvalue"]),
    ("_r_lb", &["ll"]),
    ("_r_ub", &["ul"]),
    ("_r_df", &["df"]),
];

struct Gathering<'a> {
    s: &'a Session,
    c: &'a mut Collection,
    /// Tags of every item.
    tags: &'a Tags,
}

impl Gathering<'_> {
    fn add(&mut self, result: &str, more: &[(&str, String)], content: Content, mark: Option<Mark>) {
        let mut tags = self.tags.clone();
        tags.insert("result".into(), result.to_string());
        for (dim, level) in more {
            tags.entry((*dim).to_string()).or_insert_with(|| level.clone());
        }
        self.c.add(tags, content, mark);
    }

    /// Tags of a name of a matrix.
    fn stripe(&mut self, [name, eq]: [&'static str; 2], stripe: &Stripe) -> Vec<(&'static str, String)> {
        let level = level_of(&stripe.name);
        label_variables(self.s, self.c, name, &level);
        let equation = if stripe.eq.is_empty() { "_" } else { &stripe.eq };
        vec![(name, level), (eq, equation.to_string())]
    }

    fn matrix(&mut self, name: &str, m: &Matrix) {
        for i in 0..m.rows() {
            let row = self.stripe(["rowname", "roweq"], &m.row_names[i]);
            for j in 0..m.cols() {
                let mut more = self.stripe(["colname", "coleq"], &m.col_names[j]);
                more.extend(row.iter().cloned());
                more.push(("result_type", "matrix".into()));
                self.add(name, &more, Content::Number(m.get(i, j)), mark_of(&m.col_names[j].name));
            }
        }
    }

    /// `_r_b` and its companions from `r(table)`.
    fn table(&mut self, m: &Matrix) {
        let line = |names: &[&str]| (0..m.rows()).find(|i| names.contains(&m.row_names[*i].name.as_str()));
        let at = |names: &[&str], j: usize| line(names).map_or(MISSING, |i| m.get(i, j));
        for j in 0..m.cols() {
            let stripe = &m.col_names[j];
            let mark = mark_of(&stripe.name);
            let more = self.stripe(["colname", "coleq"], stripe);
            for (result, names) in TABLE_ROWS {
                let x = at(names, j);
                match *result {
                    // a coefficient that is not estimated has a standard error of zero
                    "_r_se" if is_missing(x) && mark.is_some() => {
                        self.add(result, &more, Content::Number(0.0), mark);
                    }
                    _ if is_missing(x) => {}
                    _ => self.add(result, &more, Content::Number(x), mark),
                }
            }
            let z = at(&["z", "t"], j);
            if !is_missing(z) {
                self.add("_r_z_abs", &more, Content::Number(z.abs()), mark);
            }
            let (low, high) = (at(&["ll"], j), at(&["ul"], j));
            if !is_missing(low) && !is_missing(high) {
                self.add("_r_ci", &more, Content::Interval(low, high), mark);
            }
        }
        if line(&["t"]).is_some() {
            self.c.labels.offer_level("result", "_r_z", "t");
            self.c.labels.offer_level("result", "_r_z_abs", "|t|");
        }
    }
}

/// Labels of a level that names variables: those of the variables, and of the values of factor variables.
pub(crate) fn label_variables(s: &Session, c: &mut Collection, dim: &str, level: &str) {
    for part in level.split('#') {
        let (operator, variable) = part.split_once('.').unwrap_or(("", part));
        let Some(at) = s.frame.find(variable) else { continue };
        let label = s.frame.var(at).label.clone();
        match operator.parse::<f64>() {
            Ok(value) => {
                if !label.is_empty() {
                    c.labels.dims.entry(variable.to_string()).or_insert(label);
                }
                if let Some(text) = s.frame.labels_of(at).and_then(|l| l.get(value)) {
                    c.labels.offer_level(variable, operator, text);
                }
            }
            Err(_) if !label.is_empty() => c.labels.offer_level(dim, variable, &label),
            Err(_) => {}
        }
    }
}

/// Replaces the limits in the labels of intervals by the level of confidence.
fn intervals(c: &mut Collection, level: f64) {
    if level == 95.0 || is_missing(level) {
        return;
    }
    let level = format::bare("%9.0g", level);
    for (result, text) in [("_r_ci", "CI"), ("_r_lb", "lower bound"), ("_r_ub", "upper bound")] {
        c.labels.offer_level("result", result, &format!("{}% {text}", level.trim()));
    }
}

/// The coefficient table of the active estimates, as `r(table)` has it.
fn computed(s: &Session, b: &Matrix) -> Matrix {
    let df = s.e.results.get_scalar("df_r").filter(|x| !is_missing(*x));
    let se = |j: usize| s.e.v().map_or(MISSING, |v| v.get(j, j).max(0.0).sqrt());
    let rows: Vec<_> = (0..b.cols()).map(|j| row(b.get(0, j), se(j), df, s.settings.level, false)).collect();
    let picks: [fn(&Row) -> f64; 6] = [|r| r.b, |r| r.se, |r| r.ratio, |r| r.p, |r| r.low, |r| r.high];
    let mut data: Vec<f64> = picks.iter().flat_map(|pick| rows.iter().map(pick)).collect();
    data.extend(rows.iter().map(|_| df.unwrap_or(MISSING)));
    let mut m = Matrix::new(7, rows.len(), data);
    let ratio = if df.is_some() { "t" } else { "z" };
    m.row_names = ["b", "se", ratio, "pvalue", "ll", "ul", "df"].map(Stripe::term).to_vec();
    m.col_names.clone_from(&b.col_names);
    m
}

/// Collects all results of a class. Returns the names of matrices that are too large.
pub(crate) fn gather(s: &Session, c: &mut Collection, source: Source, tags: &Tags) -> Vec<String> {
    let from = results(s, source);
    let mut tags = tags.clone();
    let class = if source == Source::Estimates { "eclass" } else { "rclass" };
    tags.entry("program_class".into()).or_insert_with(|| class.to_string());
    let mut to = Gathering { s, c, tags: &tags };
    if from.has("p") && (from.has("mu_1") || source == Source::Estimates) {
        // the tests of means, and the models
        let text = if from.has("mu_1") { "Two-sided p-value" } else { "Model test p-value" };
        to.c.labels.offer_level("result", "p", text);
    }
    let kind = |kind: &str| [("result_type", kind.to_string())];
    for (name, x) in from.scalars.iter() {
        to.add(name, &kind("scalar"), Content::Number(*x), None);
    }
    for (name, text) in from.macros.iter() {
        to.add(name, &kind("macro"), Content::Text(text.clone()), None);
    }
    let mut large = Vec::new();
    for (name, m) in from.matrices.iter() {
        if m.rows() * m.cols() > MOST_ELEMENTS {
            large.push(name.to_string());
        } else if name != "table" {
            to.matrix(name, m);
        }
    }
    let shown = s.r.matrices.get("table").cloned();
    let table = match (source, from.matrices.get("b")) {
        // r(table) may belong to another command than e()
        (Source::Estimates, Some(b)) => {
            shown.filter(|t| t.col_names == b.col_names).or_else(|| Some(computed(s, b)))
        }
        (Source::Estimates, None) => None,
        (Source::Returned, _) => shown,
    };
    if let Some(table) = table {
        to.table(&table);
    }
    if let Some(level) = s.r.get_scalar("level") {
        intervals(c, level);
    }
    large
}

/// Collects one result; a matrix gives an item for each element.
pub(crate) fn gather_named(
    s: &Session,
    c: &mut Collection,
    (source, name): (Source, &str),
    as_name: &str,
    tags: &Tags,
) -> Result<()> {
    let from = results(s, source);
    let class = if source == Source::Estimates { "e" } else { "r" };
    let mut tags = tags.clone();
    tags.entry("program_class".into()).or_insert_with(|| format!("{class}class"));
    let mut to = Gathering { s, c, tags: &tags };
    if let Some(x) = from.get_scalar(name) {
        to.add(as_name, &[("result_type", "scalar".into())], Content::Number(x), None);
    } else if let Some(text) = from.get_text(name) {
        to.add(as_name, &[("result_type", "macro".into())], Content::Text(text.to_string()), None);
    } else if let Some(m) = from.matrices.get(name) {
        to.matrix(as_name, m);
    } else {
        return Err(StataError::new(111, format!("result {class}({name}) not found")));
    }
    Ok(())
}

/// Collects the value of an expression.
pub(crate) fn evaluated(
    s: &Session,
    c: &mut Collection,
    name: &str,
    expression: &str,
    tags: &Tags,
) -> Result<()> {
    let trimmed = expression.trim();
    let class = |start: char, source: Source| {
        let inner = trimmed.strip_prefix(start)?.strip_prefix('(')?.strip_suffix(')')?;
        let plain = inner.chars().all(|c| c == '_' || c.is_alphanumeric());
        (plain && results(s, source).has(inner)).then(|| (source, inner.to_string()))
    };
    if let Some((source, inner)) = class('e', Source::Estimates).or_else(|| class('r', Source::Returned)) {
        return gather_named(s, c, (source, &inner), name, tags);
    }
    let content = match s.matrices.get(trimmed) {
        Some(m) => {
            let m = m.clone();
            Gathering { s, c, tags }.matrix(name, &m);
            return Ok(());
        }
        None => match s.eval(trimmed)? {
            crate::value::Value::Num(x) => Content::Number(x),
            crate::value::Value::Str(text) => Content::Text(text.to_string()),
        },
    };
    Gathering { s, c, tags }.add(name, &[], content, None);
    Ok(())
}
