//! The coefficients of a model, or of a matrix, with their names, intervals and texts.

use super::choice::{At, Choice, MarkerLabels};
use super::vectors::Source;
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::Term;
use crate::syntax::varlist::wildcard;
use crate::value::{Value, is_missing};
use estimators::wald;

/// What is plotted: the results of a model, or a matrix.
#[derive(Debug, Clone)]
pub(super) enum Model {
    /// Name of stored results, `.` for the active ones.
    Results(String),
    /// A matrix with the place of its elements, as written.
    Matrix(String),
}

impl Model {
    /// Its name in the legend; the active results have none.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Results(name) if name == "." => "",
            Self::Results(name) => name,
            Self::Matrix(text) => text.split('[').next().unwrap_or(text),
        }
    }
}

/// A coefficient with one interval for each level.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) equation: String,
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) intervals: Vec<(f64, f64)>,
    /// Its position with `at()`.
    pub(super) at: Option<f64>,
    /// The text at its marker, with its place as on a clock where that was given.
    pub(super) label: Option<(Option<u8>, String)>,
}

impl Point {
    /// The name with its equation, where it has one.
    pub(super) fn key(&self) -> String {
        key(&self.equation, &self.name)
    }
}

/// A name with its equation, where it has one.
pub(super) fn key(equation: &str, name: &str) -> String {
    if equation.is_empty() { name.to_string() } else { format!("{equation}:{name}") }
}

/// Whether a name fits a pattern of `*` and `?`, with or without an equation.
pub(super) fn fits(pattern: &str, equation: &str, name: &str) -> bool {
    let (wanted, pattern) = pattern.split_once(':').map_or((None, pattern), |(e, p)| (Some(e), p));
    let pattern = if pattern.is_empty() { "*" } else { pattern };
    wanted.is_none_or(|e| wildcard(e, equation))
        && (wildcard(pattern, name) || wildcard(&shown(pattern), name))
}

/// A name without the marks of bases and omitted columns: `1.a` for `1b.a`, `x` for `o.x`.
fn shown(name: &str) -> String {
    let part = |part: &str| match part.split_once('.') {
        Some((marks, variable)) if marks.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{}.{variable}", marks.trim_end_matches(|c: char| c.is_ascii_alphabetic()))
        }
        Some(("o", variable)) => variable.to_string(),
        Some(("co", variable)) => format!("c.{variable}"),
        _ => part.to_string(),
    };
    name.split('#').map(part).collect::<Vec<_>>().join("#")
}

/// Numbers of one coefficient before any option changes them.
struct Raw {
    stripe: Stripe,
    value: f64,
    se: f64,
    df: Option<f64>,
    intervals: Vec<(f64, f64)>,
    at: Option<f64>,
}

/// The coefficients that the options choose.
pub(super) fn points(s: &Session, model: &Model, choice: &Choice, levels: &[f64]) -> Result<Vec<Point>> {
    let all = raw(s, model, choice, levels)?;
    let several = all.iter().any(|r| r.stripe.eq != all[0].stripe.eq);
    let mut out = Vec::new();
    for mut raw in all {
        if dropped(&raw, choice) {
            continue;
        }
        let (own_equation, own_name) = (raw.stripe.eq.clone(), shown(&raw.stripe.name));
        change(s, &mut raw, choice, &own_name)?;
        if let Some(condition) = &choice.condition
            && s.eval_num(&filled(condition, &raw, &own_name))? == 0.0
        {
            continue;
        }
        let label = label(s, &raw, choice, &own_name)?;
        let renamed = |list: &[(String, String)], name: &str, equation: &str| {
            list.iter().find_map(|(old, new)| new_name(old, new, equation, name))
        };
        let mut name = renamed(&choice.renamed, &own_name, &own_equation).unwrap_or_else(|| own_name.clone());
        let mut equation = match &choice.as_equation {
            Some(text) => text.clone().unwrap_or_else(|| model.name().to_string()),
            None if several => {
                renamed(&choice.renamed_equations, &own_equation, "").unwrap_or_else(|| own_equation.clone())
            }
            None => String::new(),
        };
        if choice.swap_names {
            std::mem::swap(&mut name, &mut equation);
        }
        out.push(Point { equation, name, value: raw.value, intervals: raw.intervals, at: raw.at, label });
    }
    Ok(out)
}

/// Coefficients that `keep()` and `drop()` leave out, omitted ones and bases unless asked for.
fn dropped(raw: &Raw, choice: &Choice) -> bool {
    let name = shown(&raw.stripe.name);
    let any = |list: &[String]| list.iter().any(|p| fits(p, &raw.stripe.eq, &name));
    let (base, omitted) =
        Term::parse(&raw.stripe.name).map_or((false, false), |t| (t.is_base(), t.is_omitted()));
    let left_out = if base { !choice.base } else { (omitted || raw.se == 0.0) && !choice.omitted };
    left_out || any(&choice.drop) || !choice.keep.is_empty() && !any(&choice.keep)
}

/// The new name of `rename()`: a star keeps what the star of the old one stood for.
fn new_name(old: &str, new: &str, equation: &str, name: &str) -> Option<String> {
    if !fits(old, equation, name) {
        return None;
    }
    let bare = old.rsplit(':').next().unwrap_or(old);
    match (bare.split_once('*'), new.split_once('*')) {
        (Some((before, after)), Some((first, last))) => {
            let middle = name.strip_prefix(before)?.strip_suffix(after)?;
            Some(format!("{first}{middle}{last}"))
        }
        _ => Some(new.to_string()),
    }
}

fn raw(s: &Session, model: &Model, choice: &Choice, levels: &[f64]) -> Result<Vec<Raw>> {
    let no_results = StataError::no_estimates;
    let estimation: Option<&Estimation> = match model {
        Model::Results(name) if name == "." => Some(&s.e),
        Model::Results(name) => Some(
            s.stored
                .get(name)
                .ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))?,
        ),
        Model::Matrix(_) => None,
    };
    let plotted = match model {
        Model::Matrix(text) => Some(text.as_str()),
        Model::Results(_) => None,
    };
    let source = Source { session: s, model: estimation, plotted };
    let b = source
        .vector(choice.b.as_deref().or(plotted).unwrap_or("b"))
        .map_err(|error| if estimation.is_some() && choice.b.is_none() { no_results() } else { error })?;
    if b.values.is_empty() {
        return Err(no_results());
    }
    let count = b.values.len();
    let of_length = |values: Vec<f64>| {
        if values.len() == count {
            Ok(values)
        } else {
            Err(StataError::new(503, "coefplot: conformability error"))
        }
    };
    let errors = errors(&source, choice, count)?.map(of_length).transpose()?;
    let df = degrees(&source, choice, count)?;
    let given = choice.ci.as_deref().map(|text| source.limits(text)).transpose()?;
    let at = positions(&source, choice, &b.names)?;
    let mut out = Vec::new();
    for (i, stripe) in b.names.into_iter().enumerate() {
        let (value, se, df) = (b.values[i], errors.as_ref().map_or(f64::NAN, |e| e[i]), df[i]);
        let interval = |level: &f64| {
            let half = wald::critical(*level, df) * se;
            (value - half, value + half)
        };
        let intervals = match &given {
            Some(limits) => limits
                .iter()
                .map(|(low, high)| Some((*low.get(i)?, *high.get(i)?)))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| StataError::new(503, "coefplot: conformability error"))?,
            None if errors.is_some() => levels.iter().map(interval).collect(),
            None => Vec::new(),
        };
        if !is_missing(value) {
            out.push(Raw { stripe, value, se, df, intervals, at: at.as_ref().map(|a| a[i]) });
        }
    }
    Ok(out)
}

/// Standard errors; a matrix has none unless they are given.
fn errors(source: &Source<'_>, choice: &Choice, count: usize) -> Result<Option<Vec<f64>>> {
    if let Some(text) = &choice.se {
        return source.vector(text).map(|v| Some(v.values));
    }
    let variances = match (&choice.v, source.model.and_then(Estimation::v)) {
        (Some(text), _) => {
            source.session.matrix(text).ok_or_else(|| StataError::not_found(text))?.as_ref().clone()
        }
        (None, Some(v)) if source.plotted.is_none() => v.clone(),
        _ => return Ok(None),
    };
    if variances.rows() == variances.cols() && variances.rows() == count {
        return Ok(Some((0..count).map(|i| variances.get(i, i).max(0.0).sqrt()).collect()));
    }
    Err(StataError::new(503, "coefplot: conformability error"))
}

/// Residual degrees of freedom of each coefficient.
fn degrees(source: &Source<'_>, choice: &Choice, count: usize) -> Result<Vec<Option<f64>>> {
    let Some(text) = &choice.df else {
        let df = source.model.and_then(|m| m.results.get_scalar("df_r"));
        return Ok(vec![df.filter(|d| !is_missing(*d)); count]);
    };
    if let Some(df) = crate::syntax::options::parse_number(text) {
        return Ok(vec![Some(df); count]);
    }
    let values = source.vector(text)?.values;
    if values.len() == count {
        return Ok(values.into_iter().map(|d| Some(d).filter(|d| !is_missing(*d))).collect());
    }
    Err(StataError::new(503, "coefplot: conformability error"))
}

/// Positions of `at()`.
fn positions(source: &Source<'_>, choice: &Choice, names: &[Stripe]) -> Result<Option<Vec<f64>>> {
    let number_in = |text: &str| {
        let digits: String =
            text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(|c| c.is_ascii_digit()).collect();
        digits.parse::<f64>().map_err(|_| StataError::new(498, format!("coefplot: {text} holds no position")))
    };
    match &choice.at {
        None => Ok(None),
        Some(At::Names { equations }) => {
            let name = |n: &Stripe| number_in(if *equations { &n.eq } else { &n.name });
            names.iter().map(name).collect::<Result<_>>().map(Some)
        }
        Some(At::Matrix(text)) => {
            let values = source.vector(text)?.values;
            if values.len() == names.len() {
                Ok(Some(values))
            } else {
                Err(StataError::new(503, "coefplot: conformability error"))
            }
        }
        Some(At::Margins(column)) => {
            let missing =
                || StataError::new(498, "coefplot: at() needs the positions of margins, e(at) or r(at)");
            let own = source.model.and_then(|m| m.results.matrices.get("at"));
            let places = own.ok_or_else(missing)?;
            let varies = |j: &usize| (1..places.rows()).any(|i| places.get(i, *j) != places.get(0, *j));
            let column = match column {
                Some(number) => Some(number - 1).filter(|j| *j < places.cols()),
                None => (0..places.cols()).find(varies).or((places.cols() == 1).then_some(0)),
            };
            let column = column.ok_or_else(missing)?;
            // each margin names the row of its values: 2._at
            let row = |n: &Stripe| {
                let part = n.name.split('#').find(|p| p.ends_with("._at"));
                let row = part.map_or(Ok(1.0), number_in)? as usize;
                if row == 0 || row > places.rows() {
                    return Err(missing());
                }
                Ok(places.get(row - 1, column))
            };
            names.iter().map(row).collect::<Result<_>>().map(Some)
        }
    }
}

/// `eform()`, `rescale()` and `transform()`.
fn change(s: &Session, raw: &mut Raw, choice: &Choice, name: &str) -> Result<()> {
    let equation = raw.stripe.eq.clone();
    let fitting = |pattern: &str| fits(pattern, &equation, name);
    let mut each = |f: &dyn Fn(f64) -> Result<f64>| -> Result<()> {
        raw.value = f(raw.value)?;
        for (low, high) in &mut raw.intervals {
            (*low, *high) = (f(*low)?, f(*high)?);
        }
        Ok(())
    };
    if let Some((_, factor)) = choice.rescaled.iter().find(|(pattern, _)| fitting(pattern)) {
        each(&|x| Ok(x * factor))?;
    }
    if choice.eform.as_ref().is_some_and(|list| list.is_empty() || list.iter().any(|p| fitting(p))) {
        each(&|x| Ok(x.exp()))?;
    }
    if let Some((_, expression)) = choice.transformed.iter().find(|(pattern, _)| fitting(pattern)) {
        each(&|x| s.eval_num(&expression.replace('@', &number(x))))?;
    }
    Ok(())
}

/// The text at a marker.
fn label(s: &Session, raw: &Raw, choice: &Choice, name: &str) -> Result<Option<(Option<u8>, String)>> {
    Ok(match &choice.marker_labels {
        None => None,
        Some(MarkerLabels::Values(fmt)) => {
            Some((None, crate::format::bare(fmt, raw.value).trim().to_string()))
        }
        Some(MarkerLabels::Listed(list)) => list
            .iter()
            .find(|(pattern, _, _)| fits(pattern, &raw.stripe.eq, name))
            .map(|(_, clock, text)| (Some(*clock), text.clone())),
        Some(MarkerLabels::Expression(text)) => Some(match s.eval(&filled(text, raw, name))? {
            Value::Str(text) => (None, text),
            value => (
                None,
                value.as_num().map_or(String::new(), |x| crate::format::bare("%9.0g", x).trim().to_string()),
            ),
        }),
    })
}

fn number(x: f64) -> String {
    if is_missing(x) || !x.is_finite() { ".".to_string() } else { format!("({x:?})") }
}

/// An expression with the numbers of a coefficient in the place of `@b`, `@ll` and the like.
fn filled(expression: &str, raw: &Raw, name: &str) -> String {
    let ratio = raw.value / raw.se;
    let (low, high) = raw.intervals.first().copied().unwrap_or((f64::NAN, f64::NAN));
    let p = if raw.se > 0.0 { wald::p_value(ratio, raw.df) } else { f64::NAN };
    let mut out = String::new();
    let mut rest = expression;
    while let Some(i) = rest.find('@') {
        out.push_str(&rest[..i]);
        let after = &rest[i + 1..];
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        match &after[..end] {
            "b" => out.push_str(&number(raw.value)),
            "se" => out.push_str(&number(raw.se)),
            "t" => out.push_str(&number(ratio)),
            "df" => out.push_str(&number(raw.df.unwrap_or(f64::NAN))),
            "pval" => out.push_str(&number(p)),
            "ll" | "ll1" => out.push_str(&number(low)),
            "ul" | "ul1" => out.push_str(&number(high)),
            "at" => out.push_str(&number(raw.at.unwrap_or(f64::NAN))),
            "coefname" | "coef" => out.push_str(&format!("\"{name}\"")),
            "eqname" | "eq" => out.push_str(&format!("\"{}\"", raw.stripe.eq)),
            other => {
                out.push('@');
                out.push_str(other);
            }
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}
