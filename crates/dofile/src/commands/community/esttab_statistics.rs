//! The statistics of the models below the coefficients in tables of `esttab` and `estout`.

use super::esttab_options::{Given, texts};
use crate::error::{Result, StataError};
use crate::results::Estimation;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, words};
use crate::value::is_missing;
use estimators::distributions::{chi2_tail, f_tail};

/// A statistic of a model under the coefficients.
#[derive(Debug, Clone)]
pub(super) struct Statistic {
    /// Name in `e()`, or `aic`, `bic`.
    pub name: String,
    /// Format.
    pub fmt: String,
    /// Whether stars tell the significance of the model.
    pub star: bool,
}

/// A line of statistics: they take the places of `@` in its text.
#[derive(Debug, Clone)]
pub(super) struct StatisticLine {
    /// Statistics in the order of the places.
    pub parts: Vec<Statistic>,
    /// Label, when it is set.
    pub label: Option<String>,
    /// Text with `@` for each statistic.
    pub layout: String,
}

impl StatisticLine {
    fn plain(name: &str, fmt: &str, label: Option<String>) -> Self {
        let part = Statistic { name: name.into(), fmt: fmt.into(), star: false };
        Self { parts: vec![part], label, layout: "@".into() }
    }
}

/// Statistics from `r2`, `scalars()`, `stats()` and the number of observations.
pub(super) fn statistics(options: &Given, estout: bool) -> Result<Vec<StatisticLine>> {
    let mut out = Vec::new();
    if let Some(text) = options.text("stats") {
        return named(text);
    }
    if estout {
        return Ok(out);
    }
    let fmt = |name: &str| options.text(name).filter(|t| !t.is_empty()).unwrap_or("3").to_string();
    for (option, name) in [("r2", "r2"), ("ar2", "r2_a"), ("pr2", "r2_p"), ("aic", "aic"), ("bic", "bic")] {
        if options.has(option) {
            out.push(StatisticLine::plain(name, &fmt(option), None));
        }
    }
    let formats = texts(options.text("sfmt").unwrap_or("3"));
    for (i, text) in texts(options.text("scalars").unwrap_or("")).iter().enumerate() {
        let (name, label) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let fmt = formats.get(i).or(formats.last()).cloned().unwrap_or_else(|| "3".into());
        let label = (!label.trim().is_empty()).then(|| label.trim().to_string());
        out.push(StatisticLine::plain(name, &fmt, label));
    }
    if !options.has("noobs") {
        let at = if options.has("obslast") { out.len() } else { 0 };
        out.insert(at, StatisticLine::plain("N", "0", None));
    }
    Ok(out)
}

/// `stats(names, fmt() labels() layout() star)`.
fn named(text: &str) -> Result<Vec<StatisticLine>> {
    let (names, options) = front_and_options(text);
    let names: Vec<&str> = names.split_whitespace().collect();
    let (mut formats, mut labels, mut layout) = (Vec::new(), Vec::new(), Vec::new());
    let mut starred: Option<Vec<String>> = None;
    for (option, value) in split_options(options)? {
        let is = |full: &str, least: usize| option.len() >= least && full.starts_with(option.as_str());
        match value {
            Some(list) if is("fmt", 1) => formats = texts(&list),
            Some(list) if is("labels", 1) => {
                let (front, _) = front_and_options(&list);
                labels = texts(front);
            }
            Some(list) if is("layout", 2) => layout = texts(&list),
            Some(list) if is("star", 4) => {
                starred = Some(words(&list).into_iter().map(str::to_string).collect());
            }
            None if is("star", 4) => {
                starred = Some(names.first().map(|n| (*n).to_string()).into_iter().collect())
            }
            _ => return Err(StataError::unsupported_option("esttab", &format!("stats(, {option})"))),
        }
    }
    let parts = names.iter().enumerate().map(|(i, name)| Statistic {
        name: (*name).to_string(),
        fmt: formats.get(i).or(formats.last()).cloned().unwrap_or_else(|| "%9.0g".into()),
        star: starred.as_ref().is_some_and(|list| list.iter().any(|s| s == name)),
    });
    let (mut parts, mut out) = (parts.collect::<Vec<_>>().into_iter(), Vec::new());
    let mut layout = layout.into_iter();
    while parts.len() > 0 {
        let layout = layout.next().unwrap_or_else(|| "@".to_string());
        if layout.contains('"') {
            return Err(StataError::unsupported_option(
                "esttab",
                "several cells in a row of stats(, layout())",
            ));
        }
        let own: Vec<Statistic> = parts.by_ref().take(layout.matches('@').count().max(1)).collect();
        out.push(StatisticLine { parts: own, label: labels.get(out.len()).cloned(), layout });
    }
    Ok(out)
}

/// The text of a line for a model and its stars.
pub(super) fn text(
    e: &Estimation,
    line: &StatisticLine,
    stars: &[(String, f64, String)],
    shown: impl Fn(&str, f64) -> String,
) -> (String, String) {
    let one = |statistic: &Statistic| match value(e, &statistic.name) {
        Some(x) if !is_missing(x) => shown(&statistic.fmt, x),
        _ => e.results.get_text(&statistic.name).unwrap_or("").to_string(),
    };
    let mut pieces = line.layout.split('@');
    let mut text = pieces.next().unwrap_or("").to_string();
    for (piece, part) in pieces.zip(&line.parts) {
        text.push_str(&one(part));
        text.push_str(piece);
    }
    let p = value(e, "p").filter(|_| line.parts.iter().any(|s| s.star));
    let mark = stars.iter().rfind(|(_, level, _)| p.is_some_and(|p| p < *level));
    (text, mark.map_or(String::new(), |(mark, ..)| mark.clone()))
}

/// A scalar of `e()`, or a criterion that follows from them.
fn value(e: &Estimation, name: &str) -> Option<f64> {
    let scalar = |n: &str| e.results.get_scalar(n).filter(|x| !is_missing(*x));
    match (name, scalar("ll"), scalar("rank"), scalar("N")) {
        ("aic", Some(ll), Some(k), _) => Some(-2.0 * ll + 2.0 * k),
        ("bic", Some(ll), Some(k), Some(n)) => Some(-2.0 * ll + n.ln() * k),
        ("p", ..) if scalar("p").is_none() => match (scalar("F"), scalar("chi2"), scalar("df_m")?) {
            (Some(f), _, df_m) => Some(f_tail(df_m, scalar("df_r")?, f)),
            (None, chi2, df_m) => Some(chi2_tail(df_m, chi2?)),
        },
        _ => scalar(name),
    }
}
